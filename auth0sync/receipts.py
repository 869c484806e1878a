"""The doors that Auth0 opens, on the receipt of somebody who left (``employees.receipts``).

The engine shuts the account: block, sessions, refresh tokens, and the block read back. Here it is
only read what it has seen and when, and the console's own log-in is tried. Nothing here calls
Auth0, but an account that was shut before they left is due to be read once more.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from social_django.utils import load_strategy

from auth0sync.access_tokens import Refused, person_of
from auth0sync.account import Seen
from auth0sync.due import mark_due
from auth0sync.login import CLOCK_SKEW_S, Auth0, SignInRefused, match_employee
from auth0sync.models import Account, Attention, Priority, SyncLog
from auth0sync.status import Weather, clock, why_waiting
from employees.models import Employee
from employees.receipts import Found, Leaver, Outcome, Side
from employees.zones import zone_of

ACTOR = "lock-out receipt"
TITLES = {
    "login": "Log-in to the console with Auth0",
    "account": "Auth0 account",
    "sessions": "Auth0 sessions",
    "refresh": "Auth0 refresh tokens",
    "tokens": "Access tokens already issued",
}
# Name of the door → as in plan.CLOSING, and as in the sync log.
STEPS = {
    "sessions": ("sessions", "end sessions"),
    "refresh": ("refresh_tokens", "revoke refresh tokens"),
}
BLOCK = "block account"
ROWS = 50  # of the sync log; a leaver's calls are among the newest
NONE = "The console knows of no Auth0 account."
NOT_OURS = (
    "Somebody else made this account and the console doesn’t touch it: block it in Auth0 by hand."
)
ISSUED = (
    "The console’s verify was tried and refuses them; programs that check only the signature take "
    "them until then."
)
NOT_IN_PLAN = "The plan of the Auth0 tenant has no call for it; the block keeps new ones away."


def look(leaver: Leaver) -> Mapping[str, Found]:
    """How each door is, as the engine left the account."""
    account = Account.objects.filter(pk=leaver.employee_id).first() or Account()
    row = Employee.objects.filter(pk=leaver.employee_id).first()
    subject = account.user_id or (row.auth0_user_id if row else None) or ""
    with timezone.override(zone_of(row.workspace if row else None)):  # the notes name times
        if account.origin:
            found = _ours(leaver, account)
        else:
            found = dict.fromkeys(("account", *STEPS, "tokens"), _not_ours(account, subject))
    return {"login": _log_in(leaver, subject) if subject else found["account"], **found}


def _log_in(leaver: Leaver, subject: str) -> Found:
    """Try the console's own log-in, as if Auth0 had just said that it is this account."""
    unproven = {"email": None, "email_verified": False}  # the account alone has to let them in
    try:
        match_employee(Auth0(load_strategy()), subject, unproven)  # type: ignore[no-untyped-call]
    except SignInRefused:
        return Found(Outcome.CLOSED, "Tried with their account: refused.", leaver.began_at)
    return Found(Outcome.OPEN, "The log-in lets this account in: deactivate them once more.")


def _not_ours(account: Account, subject: str) -> Found:
    """The account, where there is none that the console has made, adopted or linked."""
    is_made = account.lease or account.job_id
    may_come = is_made or account.doubt_until or (account.look_at and not account.is_clean)
    if may_come:  # a worker or an import job may be making one, or the answer was lost
        return Found(Outcome.WAITING, why_waiting(account, Weather.today()))
    if subject:
        return Found(Outcome.LEFT_ALONE, NOT_OURS)
    return Found(Outcome.ABSENT, NONE)


def _ours(leaver: Leaver, account: Account) -> dict[str, Found]:
    """The doors of an account that the engine shuts."""
    seen = Seen.from_json(account.seen) if account.seen else None
    if seen is None and account.is_clean:
        gone = Found(Outcome.ABSENT, "The account was deleted in Auth0.")
        return dict.fromkeys(("account", *STEPS, "tokens"), gone)
    calls = _calls(leaver.employee_id)
    blocked_at, shut = _shut(leaver, account, seen, calls)
    doors = {
        "account": shut,
        **{name: _step(name, seen, calls) for name in STEPS},
        "tokens": _issued(account.user_id, blocked_at) if blocked_at else None,
    }
    if None not in doors.values():
        return {name: found for name, found in doors.items() if found}
    waits = _still_open(account, seen, is_shut=shut is not None)
    return {name: found or waits for name, found in doors.items()}


def _shut(
    leaver: Leaver, account: Account, seen: Seen | None, calls: Mapping[str, SyncLog]
) -> tuple[datetime | None, Found | None]:
    """When the account was blocked, at the latest, once Auth0 has shown it since they left."""
    read_at = account.seen_at
    is_fresh = read_at is not None and read_at >= leaver.began_at
    if not (is_fresh and seen and seen.blocked and "read_back" in seen.closed):
        return None, None
    block = calls.get(BLOCK)
    # Where the answer to the block was lost, or it was there before, the read is what is known.
    is_new = block is not None and block.created_at >= leaver.began_at
    closed_at = block.created_at if block and is_new else read_at
    note = "Read back: blocked."
    if account.doubt_until:
        again = clock(account.doubt_until, Weather.today().now)
        note = f"{note} An answer was lost: it is read once more {again}."
    return closed_at, Found(Outcome.CLOSED, note, closed_at, read_at)


def _still_open(account: Account, seen: Seen | None, *, is_shut: bool) -> Found:
    """What the account waits for, or why it is open; one that was shut before is read again."""
    if account.attention == Attention.LEAVER:
        return Found(Outcome.OPEN, f"{account.error} “Needs attention” says what to do.")
    if account.batch_id:
        return Found(
            Outcome.WAITING,
            "Many people left at once: an administrator has to approve it under Held changes.",
        )
    if seen and seen.blocked and account.is_clean and not is_shut:
        mark_due([account.pk], actor=ACTOR, look=True, priority=Priority.LEAVER)
        return Found(Outcome.WAITING, "It was blocked before; it is read once more.")
    return Found(Outcome.WAITING, why_waiting(account, Weather.today()))


def _step(name: str, seen: Seen | None, calls: Mapping[str, SyncLog]) -> Found | None:
    """What became of ending the sessions, or of the refresh tokens; None when it is to come."""
    step, action = STEPS[name]
    if seen is None or not seen.blocked or step not in seen.closed:
        return None
    call = calls.get(action)
    at = call.created_at if call else None
    if call and call.error_code:
        return Found(Outcome.NOT_IN_PLAN, NOT_IN_PLAN, None, at)
    return Found(Outcome.CLOSED, "Auth0 has confirmed it.", at, at)


def _issued(subject: str, blocked_at: datetime) -> Found:
    """Access tokens, which nobody can take back: the last one may have been issued at the block.

    Tried as verify does, with the claims of a token of this moment.
    """
    try:
        person_of({"sub": subject, "iat": blocked_at.timestamp() + 2 * CLOCK_SKEW_S})
    except Refused:
        lasts = timedelta(seconds=settings.AUTH0_API_TOKEN_SECONDS)
        return Found(Outcome.CLOSED, ISSUED, blocked_at, live_until=blocked_at + lasts)
    return Found(Outcome.OPEN, "verify takes their access tokens: deactivate them once more.")


def _calls(employee_id: int) -> dict[str, SyncLog]:
    """The last answered call of each kind; "not in this plan" is an answer too."""
    found: dict[str, SyncLog] = {}
    for row in SyncLog.objects.filter(employee_id=employee_id).order_by("-id")[:ROWS]:
        not_in_plan = row.error_code.startswith("insufficient_")
        if row.status == SyncLog.Status.SUCCESS or not_in_plan:
            found.setdefault(row.action, row)
    return found


SIDE = Side(TITLES, look)
