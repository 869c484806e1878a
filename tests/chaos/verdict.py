"""What came of it: every account in the tenant against its row, told independently of the plan.

What an account has to hold is written here once more, from the table in docs/architecture.md
("What goes into an account"), and not taken from the code under test.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import F, Q

from auth0sync.models import Account, TenantState
from employees.models import Employee, PodFactoryMapping

ROLE_CODES = {"production_associate": "associate"}
LEVELS = {"production_associate": "shop_floor"}
# A token, the end of a random password, a link with which to set one, a secret of the settings.
SECRETS = [
    ("a token", re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")),
    ("a password", re.compile(r"[\w-]{40,}aA1!")),
    ("a ticket", re.compile(r"[?&]ticket=[\w-]{8,}")),
]


@dataclass
class Verdict:
    """Sentences, by kind; all empty when everything is as it has to be.

    pending: who is still being worked on, which is no fault as long as it ends.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether something is not as it has to be."""
        return bool(self.lost or self.doubled or self.wrong or self.pending)


def judge(users: Iterable[Mapping[str, Any]]) -> Verdict:
    """Compare all users of the tenant with all rows."""
    verdict = Verdict()
    by_employee: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for user in users:
        by_employee[user.get("app_metadata", {}).get("employee_id")].append(user)
    rows = {row.pk: row for row in Employee.objects.all()}
    installation = TenantState.objects.get(pk=1).installation
    mappings = PodFactoryMapping.objects.order_by("is_verified", "similarity_score", "pk")
    best: dict[int, tuple[bool, str | None]] = {}
    for owner, email in mappings.values_list("employee_id", "podfactory_email"):
        is_matched = mappings.filter(employee_id=owner, is_verified=True).exists()
        best[owner] = (is_matched, email)
    for employee_id, held in by_employee.items():
        if len(held) > 1:
            verdict.doubled.append(f"{employee_id} has {len(held)} accounts")
        if employee_id not in rows and not all(user.get("blocked") for user in held):
            verdict.doubled.append(f"{employee_id} has an open account, but no row")
    for row in rows.values():
        held = by_employee.get(row.pk, [])
        wanted = row.is_active and row.archived_at is None and row.auth_method != "pin"
        if not wanted:
            if any(not user.get("blocked") for user in held):
                verdict.wrong.append(f"{row.pk} is off, but the account is open")
        elif not held:
            verdict.lost.append(f"{row.pk} has no account: {_why(row.pk)}")
        else:
            differences = _differences(row, held[0], installation, best.get(row.pk))
            if differences:
                verdict.wrong.append(f"{row.pk}: {'; '.join(differences)} {_why(row.pk)}")
    unclean = Account.objects.filter(
        ~Q(done_seq=F("due_seq")) | Q(lease__gt="") | Q(doubt_until__isnull=False)
    )
    verdict.pending += [f"{pk}: {_why(pk)}" for pk in unclean.values_list("pk", flat=True)]
    return verdict


def _differences(
    row: Employee,
    user: Mapping[str, Any],
    installation: str,
    mapping: tuple[bool, str | None] | None,
) -> list[str]:
    given, _, family = row.name.partition(" ")
    wanted: dict[str, Any] = {
        "user_id": row.auth0_user_id,
        "email": row.email,
        "name": row.name,
        "given_name": given,
        "family_name": family,
        "blocked": False,
        "roles": [row.auth0_role],
        "user_metadata.employee_id": row.pk,
        "user_metadata.full_name": row.name,
        "user_metadata.department": row.department,
        "user_metadata.phone_number": row.phone_number,
        "user_metadata.timezone": "America/Chicago",
        "user_metadata.is_shop_floor": row.auth_method == "hybrid",
        "user_metadata.podfactory_email": mapping[1] if mapping else None,
        "app_metadata.employee_id": row.pk,
        "app_metadata.internal_id": row.pk,
        "app_metadata.installation": installation,
        "app_metadata.created_by": "productivity_system",
        "app_metadata.podfactory_enabled": mapping is not None,
        "app_metadata.podfactory_sync_status": "matched" if mapping and mapping[0] else "pending",
        "app_metadata.department_code": "".join(w[0] for w in (row.department or "").split()),
        "app_metadata.role_code": ROLE_CODES.get(row.auth0_role, row.auth0_role),
        "app_metadata.access_level": LEVELS.get(row.auth0_role, row.auth0_role),
        "app_metadata.workspace": row.workspace,
    }
    found = []
    for name, value in wanted.items():
        outer, _, inner = name.partition(".")
        got = user.get(outer)
        if inner:
            got = (got or {}).get(inner)
        if (got or None) != (value or None):
            found.append(f"{name} is {got!r}, not {value!r}")
    if row.auth0_sync_status not in {"created", "verified"}:
        found.append(f"status is {row.auth0_sync_status}")
    return found


def _why(employee_id: int) -> str:
    """What the console itself says of this person."""
    account = Account.objects.filter(pk=employee_id).first()
    if account is None:
        return "(never looked at)"
    return (
        f"(due {account.due_seq}, done {account.done_seq}, due at {account.due_at}, "
        f"look at {account.look_at}, lease {account.lease!r}, attempts {account.attempts}, "
        f"{account.error_code or 'no error'} {account.error[:80]})"
    )


def secrets_in(texts: Mapping[str, str], known: Iterable[str], pins: Iterable[str]) -> list[str]:
    """What secret stands in which of the texts; the secrets themselves are not repeated.

    known: exact ones, such as the client's secret. pins: six digits, as a number of their own.
    """
    patterns = [*SECRETS, *(("a secret of the settings", re.compile(re.escape(k))) for k in known)]
    if digits := "|".join(sorted(set(pins))):
        patterns.append(("a PIN", re.compile(rf"(?<![\w.])(?:{digits})(?!\w)")))
    return [
        f"{place} holds {what}"
        for place, text in texts.items()
        for what, pattern in patterns
        if pattern.search(text)
    ]


def all_rows() -> dict[str, str]:
    """Every table of the database as text, less the times: their fractions look like PINs."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            values = [value for row in cursor.fetchall() for value in row]
            texts = [str(value) for value in values if not isinstance(value, datetime)]
            found[f"the table {table}"] = "\n".join(texts)
    return found


def all_logs(folder: Path) -> dict[str, str]:
    """What the console's own programs printed."""
    return {path.name: path.read_text(errors="replace") for path in folder.glob("*.out")}
