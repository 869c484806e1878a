"""The employee row as auth0sync reads it, and the few columns of it that auth0sync writes."""

from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from auth0sync.account import Facts, PodFactory, Seen
from auth0sync.models import Account
from auth0sync.plan import department_code
from employees.emails import is_usable, normalise_email
from employees.history import former_names
from employees.models import (
    AuthMethod,
    Employee,
    Invitation,
    InvitationChoice,
    PodFactoryMapping,
    SyncStatus,
)
from employees.selectors import among

_COLUMNS = (
    "id",
    "name",
    "email",
    "personal_email",
    "phone_number",
    "department",
    "workspace",
    "connecteam_user_id",
    "hire_date",
    "is_active",
    "archived_at",
    "auth_method",
    "auth0_role",
    "auth0_user_id",
)


def read_facts(employee_ids: Iterable[int]) -> dict[int, Facts]:
    """What the plan may know of these employees, by id; ids without a row are left out."""
    ids = set(employee_ids)
    found = Employee.objects.filter(among(ids)).values(*_COLUMNS)
    rows = [row for row in found if row["id"] in ids]
    invitations = dict(InvitationChoice.objects.filter(among(ids)).values_list("pk", "kind"))
    mappings = _mappings(ids)
    # Whoever has left shares an e-mail with nobody, and gets no account.
    here = [row for row in rows if row["is_active"] and row["archived_at"] is None]
    emails = {normalise_email(row["email"]) for row in here} - {""}
    holders = active_holders(emails) if emails else {}
    # Of whom an account may have to be made: one that exists keeps the earlier names itself.
    wanting = [each for each in here if each["auth_method"] != AuthMethod.PIN]
    without = [each["id"] for each in wanting if not each["auth0_user_id"]]
    names = former_names(without) if without else {}
    return {
        row["id"]: _facts(
            row,
            previous_names=names.get(row["id"], ()),
            invitation=invitations.get(row["id"], Invitation.WORK),
            podfactory=mappings.get(row["id"], ()),
            holders=holders,
        )
        for row in rows
    }


def write_columns(employee_id: int, **columns: Any) -> bool:
    """Write the console's own columns of one row where they differ; True when it changed.

    ``updated_at`` keeps its value: it tells other programs that *people's* columns changed.
    """
    differs = Q()
    for name, value in columns.items():
        if value is None:
            differs |= Q(**{f"{name}__isnull": False})
        else:
            differs |= Q(**{f"{name}__isnull": True}) | ~Q(**{name: value})
    return bool(
        Employee.objects.filter(differs, pk=employee_id).update(
            **columns, updated_at=F("updated_at")
        )
    )


def account_columns(employee_id: int, seen: Seen) -> dict[str, Any]:
    """What the employee's own columns say of an account that looks like ``seen``.

    Empty when the row is gone. The times are when the console learned of it, in whole seconds.
    """
    row = Employee.objects.filter(pk=employee_id).first()
    if row is None:
        return {}
    now = timezone.now().replace(microsecond=0)
    columns: dict[str, Any] = {
        "auth0_user_id": seen.user_id,
        "auth0_sync_status": SyncStatus.VERIFIED if seen.email_verified else SyncStatus.CREATED,
    }
    if row.auth0_account_created_at is None:
        columns["auth0_account_created_at"] = now
    if not seen.email_verified:
        columns["auth0_email_verified_at"] = None
    elif row.auth0_email_verified_at is None:
        columns["auth0_email_verified_at"] = now
    return columns


def holder_of(subject: str) -> Employee | None:
    """Whose row names this account, to the letter: some databases find it in any case.

    subject: ASCII, as OpenID Connect has it; nobody holds another, at which MariaDB would fail.
    """
    found = Employee.objects.filter(auth0_user_id=subject) if subject.isascii() else []
    return next((employee for employee in found if employee.auth0_user_id == subject), None)


def _facts(
    row: dict[str, Any],
    *,
    invitation: str,
    podfactory: tuple[PodFactory, ...],
    holders: dict[str, list[int]],
    previous_names: tuple[str, ...],
) -> Facts:
    email = normalise_email(row["email"])
    active = bool(row["is_active"]) and row["archived_at"] is None
    sharing = [pk for pk in holders.get(email, []) if pk != row["id"]] if active and email else []
    department = row["department"] or ""
    workspace = row["workspace"] or ""
    return Facts(
        employee_id=row["id"],
        name=row["name"] or "",
        email=email,
        email_usable=is_usable(email),
        personal_email=normalise_email(row["personal_email"]),
        phone_number=row["phone_number"] or "",
        department=department,
        department_code=department_code(department, settings.DEPARTMENT_CODES),
        workspace=workspace,
        timezone=settings.WORKSPACE_TIME_ZONES.get(workspace, settings.DEFAULT_WORKSPACE_TIME_ZONE),
        connecteam_user_id=row["connecteam_user_id"] or "",
        hire_date=row["hire_date"].isoformat() if row["hire_date"] else "",
        is_active=bool(row["is_active"]),
        is_archived=row["archived_at"] is not None,
        auth_method=row["auth_method"],
        auth0_role=row["auth0_role"],
        auth0_user_id=row["auth0_user_id"] or "",
        invitation=invitation,
        shares_email_with=tuple(sorted(sharing)),
        podfactory=podfactory,
        previous_names=previous_names,
    )


def _mappings(employee_ids: Collection[int]) -> dict[int, tuple[PodFactory, ...]]:
    found: dict[int, tuple[PodFactory, ...]] = {}
    rows = PodFactoryMapping.objects.filter(among(employee_ids, "employee_id")).order_by("pk")
    for pk, owner, email, verified, score in rows.values_list(
        "pk", "employee_id", "podfactory_email", "is_verified", "similarity_score"
    ):
        mapping = PodFactory(
            mapping_id=pk,
            email=normalise_email(email),
            verified=bool(verified),
            score=float(score or 0),
        )
        found[owner] = (*found.get(owner, ()), mapping)
    return found


def active_holders(emails: set[str]) -> dict[str, list[int]]:
    """Which active rows hold each of these e-mails, compared exactly after normalising.

    The database only finds candidates: its collation takes José for jose, and it may miss
    " Ana@Example.com", which the account's own key (from the last look at that row) finds.
    """
    noted = Account.objects.filter(email_key__in=emails).values_list("employee_id", flat=True)
    rows = Employee.objects.filter(
        Q(email__in=emails) | Q(pk__in=list(noted)), is_active=True, archived_at__isnull=True
    )
    holders: dict[str, list[int]] = {}
    for pk, email in rows.values_list("pk", "email"):
        holders.setdefault(normalise_email(email), []).append(pk)
    return holders
