"""One employee's account in five steps: row, wanted, as last seen, difference, calls; and what
holds it up.

A dry run: it reads the database and nothing else, and never talks to Auth0. The page and the
command ``auth0_explain`` show the same. No token, link or password stands in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from auth0sync.account import DesiredAccount, Facts, Seen
from auth0sync.bulk import why_one_by_one
from auth0sync.bulk_words import jobs, progress
from auth0sync.errors import Conflict, Rejected
from auth0sync.field_words import in_words
from auth0sync.looking import giving_up
from auth0sync.mail_pace import Lane
from auth0sync.models import (
    Account,
    InvitationState,
    Priority,
    SyncLog,
    TenantState,
)
from auth0sync.moving import why_nothing_moves
from auth0sync.ownership import derived_id, stored_id
from auth0sync.plan import (
    AddRole,
    Block,
    Close,
    Create,
    Delete,
    GiveUp,
    RemoveRole,
    Step,
    Update,
    diff,
    wanted_of,
)
from auth0sync.rows import read_facts
from auth0sync.sides import as_text, flat
from auth0sync.status import Weather, clock, mail_name, moment_ahead
from employees.actors import names_of
from employees.models import Employee

CLOSING_CALLS = {
    "sessions": "DELETE /api/v2/users/{id}/sessions",
    "refresh_tokens": "DELETE /api/v2/users/{id}/refresh-tokens",
    "read_back": "GET /api/v2/users/{id}",
}
READ = "GET /api/v2/users/{id}"
ROW = {
    "name": "Name",
    "email": "E-mail",
    "personal_email": "Personal e-mail",
    "phone_number": "Phone number",
    "department": "Department",
    "workspace": "Workspace",
    "hire_date": "Hire date",
    "is_active": "Active",
    "is_archived": "In the archive",
    "auth_method": "Signs in with",
    "auth0_role": "Auth0 role",
    "auth0_user_id": "Auth0 user id",
    "connecteam_user_id": "Connecteam user id",
    "invitation": "Invitation",
}


@dataclass(frozen=True)
class Compared:
    """One field on both sides, as text; '' where there is nothing. name: as Auth0 calls it."""

    name: str
    wanted: str
    seen: str
    differs: bool

    @property
    def words(self) -> str:
        """What the form calls it."""
        return in_words(self.name)


@dataclass(frozen=True)
class Call:
    """One call that would go out: what it does, and the request."""

    does: str
    request: str


@dataclass(frozen=True)
class Explanation:
    """All five steps of one employee.

    row: [] when the row is gone. decision: what the row asks for. refused: why nothing can be
    planned until a person has changed something; '' when it can. read_at: when Auth0's side was
    last read or confirmed; read_by: by which call, as the log names it. holdups: why it isn't done
    yet, or that nothing is left to do.
    """

    employee_id: int
    user_id: str
    row: list[tuple[str, str]]
    decision: str
    refused: str
    fields: list[Compared]
    read_at: datetime | None
    read_by: str
    calls: list[Call]
    holdups: list[str]

    @property
    def differences(self) -> list[Compared]:
        """The fields that would change."""
        return [field for field in self.fields if field.differs]


def explain(employee_id: int) -> Explanation | None:
    """How the account of this employee stands; None when nobody ever had this number."""
    account = Account.objects.filter(pk=employee_id).first()
    # A number that no column holds is only refused by an exact look-up, such as these two.
    if account is None and not Employee.objects.filter(pk=employee_id).exists():
        return None
    facts = read_facts([employee_id]).get(employee_id)
    account = account or Account(pk=employee_id)
    seen = Seen.from_json(account.seen) if account.seen else None
    weather = Weather.today()
    installation = TenantState.objects.get(pk=1).installation
    refused, wanted = "", None
    try:
        wanted = wanted_of(
            facts,
            seen,
            has_account=account.origin != "",
            installation=installation,
            assign_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        )
    except (Conflict, Rejected) as error:
        refused = str(error)
    named = facts.auth0_user_id if facts and facts.asks_for_account else ""
    known_id = account.user_id or named
    derived = stored_id(derived_id(installation, employee_id, account.generation))
    # An account that isn't the console's own is never closed by it.
    steps = [] if refused or (wanted is None and not account.origin) else diff(wanted, seen)
    if not refused and account.origin:
        given_up = giving_up(employee_id, facts, seen, installation)
        steps = [*given_up, *steps] if wanted else [*steps, *given_up]
    if account.removal and seen:
        steps = [Delete()]
    return Explanation(
        employee_id=employee_id,
        user_id=account.user_id or (facts.auth0_user_id if facts else ""),
        row=_row(facts) if facts else [],
        decision=_decision(facts, account, wanted, refused),
        refused=refused,
        fields=_fields(wanted, seen, steps, is_closed=not refused and account.origin != ""),
        read_at=account.seen_at,
        read_by=_read_by(account),
        calls=list(_calls(account, known_id or derived, not known_id, wanted, steps, weather)),
        holdups=list(_holdups(account, weather)),
    )


def _read_by(account: Account) -> str:
    """The last call that Auth0 has answered for this person before the account was seen."""
    if account.seen_at is None:
        return ""
    calls = SyncLog.objects.filter(employee_id=account.pk, status=SyncLog.Status.SUCCESS)
    before = calls.filter(created_at__lte=account.seen_at).order_by("-pk")
    return before.values_list("action", flat=True).first() or ""


def _row(facts: Facts) -> list[tuple[str, str]]:
    found = [(label, as_text(getattr(facts, name))) for name, label in ROW.items()]
    mails = ", ".join(mapping.email for mapping in facts.podfactory if mapping.email)
    return [*found, ("PodFactory e-mails", mails)]


def _decision(
    facts: Facts | None, account: Account, wanted: DesiredAccount | None, refused: str
) -> str:
    if refused:
        return f"An account is asked for, but can't be as the row is. {refused}"
    if wanted is not None:
        return "An account should be open for this person."
    if account.removal:
        return "The addition was taken back: the account is deleted if nobody has ever used it."
    if facts is None:
        why = "The row is gone."
    elif facts.asks_for_account:
        return "An account is asked for, but there is no e-mail that one can be made for."
    elif facts.is_archived:
        why = "In the archive."
    else:
        why = "Signs in with the PIN." if facts.is_active else "Deactivated."
    if account.origin:
        return f"Nobody may use the account. {why}"
    if facts and facts.auth0_user_id:
        return f"No account is wanted. {why} The account in the row isn't the console's to touch."
    return f"No account is wanted. {why}"


def _fields(
    wanted: DesiredAccount | None, seen: Seen | None, steps: list[Step], *, is_closed: bool
) -> list[Compared]:
    """Both sides; of an account that nobody may use only what says whose it is.

    is_closed: whether it is to be blocked when nobody is to use it.
    """
    if wanted is None and seen is None:
        return []
    changed = _changed(steps)
    ours, theirs = flat(wanted), flat(seen)
    if wanted is None and is_closed:
        ours["blocked"] = True
    names = [name for name in theirs | ours if as_text(ours.get(name)) or as_text(theirs.get(name))]
    return [
        Compared(name, as_text(ours.get(name)), as_text(theirs.get(name)), name in changed)
        for name in names
        if wanted is not None or name in ("email", "name", "blocked")
    ]


def _changed(steps: list[Step]) -> set[str]:
    """The names of the fields that these steps write, as :func:`sides.flat` calls them."""
    changed = set()
    for step in steps:
        match step:
            case Create(body):
                changed |= _names(body) | {"roles"}
            case Update(changes):
                changed |= _names(changes)
            case Block():
                changed.add("blocked")
            case GiveUp():
                changed.add("email")
            case AddRole() | RemoveRole():
                changed.add("roles")
    return changed


def _names(body: dict[str, Any]) -> set[str]:
    return {
        f"{name}.{key}" if isinstance(value, dict) else name
        for name, value in body.items()
        for key in (value if isinstance(value, dict) else [name])
    }


def _calls(
    account: Account,
    user_id: str,
    is_new: bool,
    wanted: DesiredAccount | None,
    steps: list[Step],
    weather: Weather,
) -> Iterator[Call]:
    seen = Seen.from_json(account.seen) if account.seen else None
    is_doubtful = account.look_at is not None and account.look_at <= weather.now
    # Whose id is known already, from the row or from before, is read before anything is made.
    is_unread = wanted is not None and seen is None and not is_new
    if is_doubtful or is_unread:
        yield Call("read the account first; what follows may change by it", _put(READ, user_id))
        if is_unread:
            return
    if wanted and wanted.role and seen and seen.roles is None:
        yield Call("read the roles", _put("GET /api/v2/users/{id}/roles", user_id))
    if seen is None and wanted and wanted.role:
        steps = [*steps, AddRole(wanted.role)]
    for step in steps:
        yield Call(str(step), _put(request_of(step), user_id))
    if wanted and account.invitation in (InvitationState.WANTED, InvitationState.WAITING):
        what = mail_name(account).lower()
        yield Call(f"send the {what}", "POST /api/v2/tickets/password-change, then a mail")


def request_of(step: Step) -> str:
    """The call that a step makes."""
    match step:
        case Create():
            return "POST /api/v2/users"
        case Update() | Block() | GiveUp():
            return "PATCH /api/v2/users/{id}"
        case Close(what):
            return CLOSING_CALLS[what]
        case Delete():
            return "GET, then DELETE /api/v2/users/{id}"
        case AddRole():
            return "POST /api/v2/users/{id}/roles"
        case _:
            return "DELETE /api/v2/users/{id}/roles"


def _put(request: str, user_id: str) -> str:
    return request.replace("{id}", user_id)


def _holdups(account: Account, weather: Weather) -> Iterator[str]:
    """Why it isn't done yet, most fundamental first."""
    now = weather.now
    if account.error:
        at = f", {clock(account.error_at, now)}" if account.error_at else ""
        yield f"Last error: {account.error} (code {account.error_code}{at})"
    if account.is_clean and account.due_at is None:
        if account.error:
            yield "It waits for a person: it is tried again when the row changes, or on Sync now."
        else:
            yield "Nothing is due: the row was worked off."
        return
    if account.batch_id is not None:
        yield "The safety brake holds it until a second person has decided."
    if account.job_id and (job := jobs().filter(pk=account.job_id).first()):
        others = vars(job)["members"] - 1
        with_them = f"with {others} others" if others != 1 else "with 1 other"
        yield f"In {job} {with_them}: {progress(job, now)}."
    elif not account.origin and (why := why_one_by_one()):
        yield f"New accounts are made one by one, however many they are. {why}"
    yield from why_nothing_moves(weather)
    if account.lease and account.lease_until and account.lease_until > now:
        holder = account.lease.rpartition(":")[0]
        latest = moment_ahead(account.lease_until, now)
        yield f"A worker has it now ({holder}), and gives it back {latest} at the latest."
    if account.due_at is None:
        return
    if account.is_clean and account.waits_for in list(Lane):
        yield f"The mail waits for its turn. {account.invitation_error}"
        return
    by = names_of([account.due_by]).get(account.due_by, account.due_by)
    asked = f", asked for by {by}" if by else ""
    if account.due_at > now and account.is_clean and account.look_at:
        again = moment_ahead(account.due_at, now)
        yield f"Nothing is left to do; the account is read again {again}."
        return
    if account.due_at > now:
        tries = f" after {account.attempts} failed tries" if account.attempts else ""
        yield f"The next try is {moment_ahead(account.due_at, now)}{tries}{asked}."
        return
    if account.job_id:
        return
    since = clock(account.waiting_since or account.due_at, now)
    urgency = Priority(account.priority).label
    ahead = _ahead_of(account)
    yield f"Due since {since} as “{urgency}”{asked}; {ahead} before it in the queue."


def _ahead_of(account: Account) -> int:
    earlier = Q(priority__lt=account.priority) | Q(
        priority=account.priority, waiting_since__lt=account.waiting_since or account.due_at
    )
    return Account.objects.filter(earlier, due_at__lte=Now()).exclude(pk=account.pk).count()
