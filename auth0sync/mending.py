"""What a person decides about an account that the console can't settle by itself.

Each is one transaction under a lock, so that a double click, or two managers at once, decide once.
The engine does what was decided, and refuses it all the same where the rules forbid it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from auth0sync.due import link_to
from auth0sync.models import Account, InvitationState, Origin
from employees import planning, services
from employees.authority import Actor, Operation, why_not
from employees.errors import NotAllowed, UnknownEmployee
from employees.history import notice_changes, record_event, values_of
from employees.models import Change, Employee
from employees.removal import why_not_remove
from employees.values import CLEANERS
from employees.zones import moment


@transaction.atomic
def link(employee_id: int, user_id: str, actor: Actor) -> bool:
    """Say that this account in Auth0 is the employee's; False when something is under way already.

    user_id: of a linkable one in ``Account.found``.
    Raises: UnknownEmployee, and NotAllowed, also when the account isn't one to be linked any more.
    """
    person = Employee.objects.select_for_update().filter(pk=employee_id).first()
    account = Account.objects.select_for_update().filter(pk=employee_id).first()
    if person is None or account is None:
        raise UnknownEmployee(employee_id)
    if reason := why_not(actor, Operation.CHANGE_SIGN_IN, person):
        raise NotAllowed(reason)
    if account.link_to or not account.is_clean:
        return False
    if user_id not in [each["user_id"] for each in account.found or [] if each["linkable"]]:
        raise NotAllowed("That account can't be linked any more: look again.")
    record_event(employee_id, actor, "linked to an account")
    link_to(employee_id, user_id, actor=actor.name)
    return True


def sides(person: Employee, found: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Row and account beside each other: label, in the row, in Auth0, after linking.

    found: one of ``Account.found``.
    """
    is_proven = found["email_verified"]
    never = "never" if not found["logins_count"] else "at a time that isn't known"
    signed_in = _moment(found["last_login"]) or never
    password = "stays"  # noqa: S105 (a word for the page)
    if not is_proven and not found["logins_count"] and not found["last_login"]:
        password = "replaced, since whoever made the account may know it"  # noqa: S105
    return [
        ("Name", person.name, found["name"], person.name),
        ("E-mail", person.email or "", found["email"], person.email or ""),
        ("E-mail verified", "", "yes" if is_proven else "no", "stays"),
        ("State", "active", "blocked" if found["blocked"] else "open", "open"),
        ("Password", "", "", password),
        ("Last sign-in", "", signed_in, "stays"),
        ("Made", "", _moment(found["created_at"]), "stays"),
    ]


def _moment(iso: str) -> str:
    return moment(datetime.fromisoformat(iso)) if iso else ""


@dataclass(frozen=True)
class Restoring:
    """The last change of a row, which can be taken back.

    columns: as they were before it. seen: as they are now. invitation: None where it wasn't chosen.
    """

    change: Change
    columns: Mapping[str, Any]
    seen: Mapping[str, Any]
    invitation: str | None


def last_change(employee: Employee) -> Change | None:
    """The newest line in the history of this person, also one that SQL wrote a moment ago."""
    notice_changes([employee.pk])
    lines = Change.objects.filter(employee_id=employee.pk).exclude(changes={})
    lines = lines.exclude(action__in=planning.LINES)  # the row is as it was
    return lines.order_by("-id").first()


def to_restore(employee: Employee, change: Change | None) -> Restoring | None:
    """How to take ``change`` back; None for one that isn't about columns that people write.

    Somebody switched off or on again has an undo of their own (``employees.undo``).
    """
    if change is None or change.action != "changed":
        return None
    names = set(change.changes) - {"invitation"}
    now = values_of(employee)
    is_as_left = all(now.get(name) == change.changes[name][1] for name in names)
    if not is_as_left or not names <= CLEANERS.keys():
        return None
    return Restoring(
        change=change,
        columns={name: change.changes[name][0] for name in names},
        seen={name: getattr(employee, name) for name in names},
        invitation=change.changes.get("invitation", [None])[0],
    )


@transaction.atomic
def restore(employee_id: int, change_id: int, actor: Actor) -> bool:
    """Put back what this change of the row replaced; False when it isn't the last one any more.

    Raises: UnknownEmployee, NotAllowed, and what ``services.change_employee`` does.
    """
    person = Employee.objects.select_for_update().filter(pk=employee_id).first()
    if person is None:
        raise UnknownEmployee(employee_id)
    change = last_change(person)
    found = to_restore(person, change) if change and change.pk == change_id else None
    if found is None:
        return False
    services.change_employee(employee_id, found.columns, actor, found.invitation, seen=found.seen)
    return True


def why_not_undo_addition(person: Employee, account: Account | None) -> str:
    """Why this person can't go again, row and account; "" when that can be."""
    if account is not None and account.origin == Origin.LINKED:
        return "The account was there before this person was added here."
    return why_not_remove(person)


def undoing_addition(account: Account | None) -> list[str]:
    """What becomes of the account and its mails when the addition is taken back, in sentences."""
    if account is None or account.is_clean and not account.origin:
        return ["There is no account in Auth0, and none will be made."]
    if not account.origin:
        return ["The account that was about to be made isn’t, or is deleted again."]
    lines = [
        "The account in Auth0 is deleted. If somebody has signed in with it after all, or Auth0 "
        "doesn’t let the console delete accounts, it is blocked instead."
    ]
    if account.invitation_sent_at is not None:
        lines.append(
            "The invitation was sent already: its link stops working, and nobody is told. "
            "Tell the person, if there is one."
        )
    elif account.invitation in (InvitationState.WANTED, InvitationState.WAITING):
        lines.append("The invitation isn’t sent.")
    return lines


@transaction.atomic
def undo_addition(employee_id: int, actor: Actor) -> None:
    """Take back that somebody was added: the row goes now, the account as soon as it can be.

    Raises: UnknownEmployee and NotAllowed; LastAdministrator.
    """
    person = Employee.objects.select_for_update().filter(pk=employee_id).first()
    if person is None:
        raise UnknownEmployee(employee_id)
    account = Account.objects.select_for_update().filter(pk=employee_id).first()
    if reason := why_not_undo_addition(person, account):
        raise NotAllowed(reason)
    if account is not None and (account.origin or account.look_at or not account.is_clean):
        Account.objects.filter(pk=employee_id).update(removal=True)
    services.remove_addition(employee_id, actor)
