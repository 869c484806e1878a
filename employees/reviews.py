"""Who waits for a person because another program added them, and how they leave that list.

The PodFactory and Connecteam syncs make rows of people whom they can't match, without a department
and often without an e-mail; some of them are somebody who is here already. :func:`follow` is told
of every line of the history in the transaction that writes it, so nobody has to look for them.
Source: docs/legacy-contract.md, "Rows that appear or change without Django".
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models import TextChoices as Choices
from django.db.models.functions import Now

from employees.actors import visible_to
from employees.authority import Actor, Operation, why_not
from employees.emails import is_usable
from employees.errors import AlreadyDecided, InvalidValue, NotAllowed, UnknownEmployee
from employees.models import Change, Employee, Review
from employees.values import tidy

State = Review.State
NOTE_MOST = 200  # characters
IDENTITY = {"name", "email", "phone_number", "connecteam_user_id"}  # who somebody is
WATCHED = {*IDENTITY, "department", "is_active", "archived_at"}
BROUGHT_BACK = "Brought back in the console."  # why a merged row is one of its own again


class Why(Choices):
    """What of somebody has to be looked at."""

    EMAIL = "email", "No usable e-mail"
    DEPARTMENT = "department", "No department"
    REVIVED = "revived", "Merged before, and brought back by another program"


def what_is_missing(values: Mapping[str, Any]) -> list[Why]:
    """What somebody whom another program added lacks. values: columns of ``employees``."""
    missing = [] if is_usable(values.get("email")) else [Why.EMAIL]
    return missing if tidy(values.get("department")) else [*missing, Why.DEPARTMENT]


def follow(
    change: Change, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    """Put somebody on the list, or take them off it, by what a line of the history says.

    before, after: as for ``history.record_change``; part of the transaction that made the change.
    One read at most, and none for most lines.
    """
    by_sql = change.source == Change.Source.SQL
    if before is None:
        if by_sql and after is not None and (missing := what_is_missing(after)):
            state = State.OPEN if _is_here(after) else State.AWAY
            Review.objects.update_or_create(
                pk=change.employee_id, defaults={"why": missing, "state": state}
            )
    elif after is None:
        Review.objects.filter(pk=change.employee_id).delete()
    elif WATCHED & change.changes.keys():
        review = Review.objects.filter(pk=change.employee_id).first()
        if review is not None:
            _go_on(review, change, after, by_sql)


def _go_on(review: Review, change: Change, after: Mapping[str, Any], by_sql: bool) -> None:
    missing = what_is_missing(after)
    state = State(review.state)
    if state == State.MERGED:
        if _is_revived(change):
            _go_on_merged(review, change, missing, by_sql)
    elif state == State.OPEN and Why.REVIVED in review.why and (by_sql or not _goes(change)):
        # A program that goes on writing a row that was merged once decides nothing.
        Review.objects.filter(pk=review.pk).update(why=[Why.REVIVED, *missing])
    elif state == State.OPEN and not _is_here(after):
        _close(review, State.AWAY, change.actor)
    elif state == State.OPEN and not missing:
        _close(review, State.COMPLETED, change.actor)
    elif state == State.OPEN:
        Review.objects.filter(pk=review.pk).update(why=missing)
    elif missing and _is_here(after):
        is_another = by_sql and IDENTITY & change.changes.keys()
        if state == State.AWAY or (state == State.LEFT and is_another):
            _open(review, missing)


def _go_on_merged(review: Review, change: Change, missing: list[Why], by_sql: bool) -> None:
    """The merged row is a person again: by a program, which has to be looked at, or by somebody."""
    if by_sql:
        _open(review, [Why.REVIVED, *missing])
    else:
        _close(review, State.LEFT, change.actor, BROUGHT_BACK)


def _is_here(values: Mapping[str, Any]) -> bool:
    return bool(values.get("is_active")) and not values.get("archived_at")


def _is_revived(change: Change) -> bool:
    """Whether this takes a row that was merged into another for a person again."""
    _, active = change.changes.get("is_active", (None, False))
    _, connecteam = change.changes.get("connecteam_user_id", (None, None))
    return bool(active or connecteam)


def _goes(change: Change) -> bool:
    """Whether this switches somebody off, or puts them away."""
    _, active = change.changes.get("is_active", (None, True))
    _, archived = change.changes.get("archived_at", (None, None))
    return not active or bool(archived)


def _open(review: Review, why: list[Why]) -> None:
    Review.objects.filter(pk=review.pk).update(why=why, state=State.OPEN, since=Now())


def _close(review: Review, state: State, decided_by: str, note: str = "") -> None:
    Review.objects.filter(pk=review.pk).update(
        state=state, decided_by=decided_by[:100], decided_at=Now(), note=note
    )


@transaction.atomic
def leave(employee_id: int, reason: str, actor: Actor) -> None:
    """Take somebody off the list as they are: new here, or known to be as they should.

    They come back when another program changes who they are (IDENTITY).
    Raises: UnknownEmployee, NotAllowed, AlreadyDecided, and InvalidValue for no, or a long, reason.
    """
    employee = Employee.objects.select_for_update().filter(pk=employee_id).first()
    if employee is None:
        raise UnknownEmployee(employee_id)
    if refused := why_not(actor, Operation.CHANGE, employee):
        raise NotAllowed(refused)
    review = waiting(employee_id)
    reason = " ".join(tidy(reason).split())
    if not reason:
        raise InvalidValue("reason", "Write why, so that others don't ask again.")
    if len(reason) > NOTE_MOST:
        raise InvalidValue("reason", f"The reason has at most {NOTE_MOST} characters.")
    _close(review, State.LEFT, actor.name, reason)


def waiting(employee_id: int) -> Review:
    """The open review of this person. Raises: AlreadyDecided, when there is none any more."""
    review = Review.objects.filter(pk=employee_id).first()
    if review is None or review.state != State.OPEN:
        raise AlreadyDecided(review.get_state_display() if review else "")
    return review


def in_review(actor: Actor) -> QuerySet[Review]:
    """Those on the list whom ``actor`` may see, who has waited longest first."""
    found = Review.objects.filter(state=State.OPEN)
    if not actor.may_read:
        return found.none()
    if actor.is_bound_to_a_place:
        found = found.filter(Exists(visible_to(actor).filter(pk=OuterRef("pk"))))
    return found.order_by("since", "pk")


def count_in_review(actor: Actor) -> int:
    """How many; read from the index."""
    return in_review(actor).order_by().count()
