"""Reads that more than one place needs."""

from collections.abc import Collection, Iterable
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from employees.counting import kept
from employees.emails import normalise_email
from employees.models import (
    Auth0Role,
    AuthMethod,
    Employee,
    Invitation,
    InvitationChoice,
    PlannedMove,
    RoleConfig,
    SentForm,
)
from employees.values import SHOP_FLOOR, tidy
from employees.zones import in_full


def among(ids: Collection[int], column: str = "pk") -> Q:
    """The rows with these ids; of close neighbours also those in between.

    A page of neighbours is asked for by its first and last: naming five hundred takes longer than
    finding them.
    """
    if len(ids) > 1 and max(ids) - min(ids) < 2 * len(ids):
        return Q(**{f"{column}__gte": min(ids), f"{column}__lte": max(ids)})
    return Q(**{f"{column}__in": list(ids)})


def invitation_of(employee_id: int) -> str:
    """How this person is invited, one of ``Invitation``; work where nobody chose."""
    choice = InvitationChoice.objects.filter(pk=employee_id).first()
    return choice.kind if choice else Invitation.WORK


def holder_of(email: str | None, except_id: int | None = None) -> Employee | None:
    """Who has this work e-mail, active or not; None when it is free or blank.

    The database only finds candidates, by its index and without case: its collation takes José
    for jose, so they are compared again, exactly.
    except_id: the person whose own e-mail doesn't count.
    """
    wanted = normalise_email(email)
    if not wanted:
        return None
    candidates = Employee.objects.filter(email=wanted).order_by("pk")
    for candidate in candidates.only("id", "name", "email"):
        if candidate.pk != except_id and normalise_email(candidate.email) == wanted:
            return candidate
    return None


def was_sent(form_key: str) -> bool:
    """Whether the form with this key has added somebody already."""
    return SentForm.objects.filter(pk=form_key).exists()


def administrators() -> QuerySet[Employee]:
    """Who can administer the console by Auth0: the last of them can't be removed.

    MariaDB takes Admin for admin, but no rule does, and whoever has it may do nothing: the role is
    compared again, exactly.
    """
    found = Employee.objects.filter(
        auth0_role=Auth0Role.ADMIN,
        auth_method__in=(AuthMethod.AUTH0, AuthMethod.HYBRID),
        is_active=True,
        archived_at__isnull=True,
    )
    roles = found.values_list("pk", "auth0_role")
    return found.filter(pk__in=[pk for pk, role in roles if role == Auth0Role.ADMIN])


def departments() -> list[str]:
    """The departments to choose from: those in use and the names of the roles, by alphabet."""

    def ask() -> tuple[list[str], int]:
        used = Employee.objects.exclude(department=None).order_by().values_list("department")
        counted = dict(used.annotate(people=Count("pk")))
        return list(counted), sum(counted.values())

    used = kept("departments", ask)
    roles = RoleConfig.objects.values_list("role_name", flat=True)
    by_name = {tidy(name).lower(): tidy(name) for name in [*roles, *used]}
    by_name.pop("", None)
    return sorted(by_name.values(), key=str.lower)


def shop_floor_departments() -> frozenset[str]:
    """In lower case: the departments that are jobs of the shop floor, which role_configs lists."""
    roles = RoleConfig.objects.values_list("role_name", flat=True)
    return SHOP_FLOOR | {tidy(name).lower() for name in roles}


def planned_moves() -> QuerySet[PlannedMove]:
    """The plans that still mean something: to come, or refused and to be decided by a person.

    Left out is the leaving of somebody who is switched off already, and the joining of somebody
    who works here: when its time comes, nothing is left to do.
    """
    works_here = Q(employee__is_active=True, employee__archived_at=None)
    joins_first = PlannedMove.objects.filter(
        employee=OuterRef("employee"), kind=PlannedMove.Kind.JOIN, state=PlannedMove.State.OPEN
    )
    leaves = Q(kind=PlannedMove.Kind.LEAVE) & (works_here | Exists(joins_first))
    joins = Q(kind=PlannedMove.Kind.JOIN) & ~works_here
    states = (PlannedMove.State.OPEN, PlannedMove.State.FAILED)
    return PlannedMove.objects.filter(leaves | joins, state__in=states)


def joining_days(people: Iterable[Employee]) -> dict[int, str]:
    """When those of them who don't work here now are to start, or come back: number -> in full.

    No query where all of them work here.
    """
    away = [each.pk for each in people if not each.is_active or each.archived_at is not None]
    if not away:
        return {}
    kind, state = PlannedMove.Kind.JOIN, PlannedMove.State.OPEN
    plans = PlannedMove.objects.filter(employee__in=away, kind=kind, state=state)
    found = plans.values_list("employee", "at", "zone")
    return {number: in_full(at, ZoneInfo(zone)) for number, at, zone in found}
