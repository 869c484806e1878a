"""How an employee's account is, in the words of the person who looks after people.

:func:`standing` is pure. The conditions at the end say the same in SQL, for the list's filter;
the tests hold the two against each other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.db.models.lookups import Exact
from django.utils import timezone

from auth0sync import switch
from auth0sync.expiry import EXPIRED, has_expired
from auth0sync.models import (
    PLANNED,
    Account,
    Bucket,
    InvitationState,
    MailKind,
    SyncLog,
    TenantState,
)
from auth0sync.pace import BUCKET, WAIT_MOST_S, room_at
from employees.actors import names_of
from employees.emails import is_usable
from employees.models import AuthMethod, Employee, SyncStatus
from employees.selectors import joining_days

Tone = Literal["good", "waiting", "attention", "quiet"]

NO_MAIL_SERVER = "no mail server is configured (EMAIL_URL)"
HELD = "Held: waits for a second person"
LOG_ROWS = 20  # on the employee's page; the rest is behind a link
INVITED_JUST_NOW = timedelta(minutes=1)  # a second click within it is taken for the same wish
SIGNS_IN_WITH_AUTH0 = (AuthMethod.AUTH0, AuthMethod.HYBRID)


@dataclass(frozen=True)
class Standing:
    """How one account is: a few words, a sentence more, and how good that is."""

    label: str
    detail: str
    tone: Tone


@dataclass(frozen=True)
class Weather:
    """What holds everybody up at this moment. ``now`` is the database's clock.

    off: why nothing may be called (switch.Off); '' when it may.
    limited_until: when there is room again below Auth0's limit, if that takes a while.
    """

    now: datetime
    off: str = ""
    has_mail_server: bool = True
    down_since: datetime | None = None
    limited_until: datetime | None = None

    @classmethod
    def today(cls) -> "Weather":
        """As it is now, in two queries."""
        state = TenantState.objects.filter(pk=1).annotate(now=Now()).first()
        bucket = Bucket.objects.filter(pk=BUCKET).first()
        now = state.now if state else timezone.now()
        return cls.at(now, state, room_at(bucket) if bucket else None)

    @classmethod
    def at(cls, now: datetime, state: TenantState | None, room_at: datetime | None) -> "Weather":
        """From what the database holds; room_at: when a call may go out again."""
        waits = room_at is not None and room_at > now + timedelta(seconds=WAIT_MOST_S)
        return cls(
            now=now,
            off=why_off(state, now),
            has_mail_server=settings.MAIL_CONFIGURED,
            down_since=state.down_since if state else None,
            limited_until=room_at if waits else None,
        )

    def standstill(self) -> str:
        """Why nothing moves for anybody, in a sentence; '' when things move."""
        if self.off:
            return self.off
        if self.down_since:
            since = clock(self.down_since, self.now)
            return f"Auth0 hasn't answered since {since}; the console goes on by itself."
        return ""


def why_off(state: TenantState | None, now: datetime) -> str:
    """Why nothing may be called, with who said so and when; '' when it may. No query if it may."""
    off = switch.by_settings() or switch.by_state(state)
    if off is None:
        return ""
    if state is None or state.paused_at is None or off.code not in switch.PAUSES:
        return off.text
    return f"{off.text} By {switch.paused_by(state)}, {clock(state.paused_at, now)}."


def clock(moment: datetime, now: datetime) -> str:
    """A time as people say it, with its zone: 09:02 UTC today, else 3 March, 09:02 UTC."""
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    text = f"{local:%H:%M} {local.tzname()}"
    if local.date() == today:
        return text
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local.day} {local:%B}{year}, {text}"


def moment_ahead(moment: datetime, now: datetime) -> str:
    """A time that is mostly near, to the second: in 42 s, else at 09:20 UTC."""
    left_s = round((moment - now).total_seconds())
    return f"in {left_s} s" if 0 <= left_s < 600 else f"at {clock(moment, now)}"


def standing(
    employee: Employee, account: Account | None, weather: Weather, joins: str = ""
) -> Standing:
    """How this employee's account is; account is None for a row that nobody has noted yet.

    joins: when somebody who is switched off starts as planned (``selectors.joining_days``).
    """
    if account and account.batch_id:
        return Standing(HELD, _held_for(account), "attention")
    if not asks_for_account(employee):
        return _unwanted(employee, account, weather, joins)
    if account and _needs_a_person(account):
        return Standing("Needs attention", account.error, "attention")
    has_account = account is not None and account.origin != ""
    if not has_account and not is_usable(employee.email):
        return Standing("Needs an e-mail", _missing_email(employee), "attention")
    if account is None or not has_account:
        return Standing("Waiting for Auth0", why_waiting(account, weather), "waiting")
    if not account.is_clean:
        detail = f"The account exists; what changed waits. {why_waiting(account, weather)}"
        return Standing("Waiting for Auth0", detail, "waiting")
    if employee.auth0_sync_status == SyncStatus.VERIFIED:
        since = employee.auth0_email_verified_at
        detail = f"Noticed {clock(since, weather.now)}." if since else ""
        return Standing("Verified", detail, "good")
    if account.invitation == InvitationState.FAILED:
        label = f"Created, {mail_name(account).lower()} not sent"
        return Standing(label, account.invitation_error, "attention")
    if has_expired(employee, account, weather.now):
        return Standing("Created, invitation expired", _expired(account, weather), "attention")
    mail = invitation_text(account, weather)
    detail = f"{mail_name(account)} {mail}." if mail else "Nobody was invited."
    return Standing("Created, e-mail not verified", detail, "good")


def mail_name(account: Account) -> str:
    """What the last mail is called: whoever asks for a new password isn't invited by it."""
    return "Password mail" if account.mail_kind == MailKind.PASSWORD else "Invitation"


def invitation_text(account: Account, weather: Weather) -> str:
    """How far the last mail (``mail_name``) is; '' when none was ever asked for."""
    sent = account.invitation_sent_at
    last = f"sent {clock(sent, weather.now)}" if sent else ""
    if account.invitation == InvitationState.FAILED:
        return f"failed: {account.invitation_error}"
    if account.invitation not in (InvitationState.WANTED, InvitationState.WAITING):
        return last
    why = account.invitation_error.rstrip(".")
    if not weather.has_mail_server:
        why = NO_MAIL_SERVER
    elif not why and not account.origin:
        why = "the account comes first"
    elif not why:
        why = "it goes out in a moment"
    return f"waiting: {why} (before: {last})" if last else f"waiting: {why}"


def is_moving(found: Standing, account: Account | None) -> bool:
    """Whether a change may come at any moment, so that it is worth looking again soon."""
    on_its_way = (InvitationState.WANTED, InvitationState.WAITING)
    return found.tone == "waiting" or (account is not None and account.invitation in on_its_way)


def why_no_invitation(employee: Employee, account: Account | None, now: datetime) -> str:
    """Why the invitation can't be sent again now, in a few words; '' when it can."""
    if not asks_for_account(employee):
        return "no account is wanted"
    if account is None or not account.origin:
        return "no account yet"
    if account.invitation == InvitationState.WANTED:
        return "on its way already"
    sent = account.invitation_sent_at
    if sent and sent > now - INVITED_JUST_NOW:
        return "a mail was sent less than a minute ago"
    return ""


def why_no_sync(employee: Employee, account: Account | None) -> str:
    """Why there is nothing to sync, in a few words; '' when there is."""
    ours = account is not None and (account.origin != "" or not account.is_clean)
    return "" if ours or asks_for_account(employee) else "no account is wanted"


def asks_for_account(employee: Employee) -> bool:
    """Whether the row says that this person signs in with Auth0, as the plan reads it."""
    working = employee.is_active and employee.archived_at is None
    return working and employee.auth_method in SIGNS_IN_WITH_AUTH0


def account_block(employee: Employee) -> dict[str, Any]:
    """What the employee's page shows of the account: no token, link or secret is in it."""
    account = Account.objects.filter(pk=employee.pk).first()
    weather = Weather.today()
    rows = list(SyncLog.objects.filter(employee_id=employee.pk).order_by("-id")[:LOG_ROWS])
    names = names_of({row.actor for row in rows})
    joins = joining_days([employee]).get(employee.pk, "")
    found = standing(employee, account, weather, joins)
    return {
        "account": account,
        "now": weather.now,
        "user_id": (account and account.user_id) or employee.auth0_user_id or "",
        "standing": found,
        "is_moving": is_moving(found, account),
        "mail_name": mail_name(account) if account else "Invitation",
        "invitation": invitation_text(account, weather) if account else "",
        "can_sync": not why_no_sync(employee, account),
        "can_invite": not why_no_invitation(employee, account, weather.now),
        "log": [(row, names.get(row.actor, row.actor)) for row in rows],
    }


def _unwanted(
    employee: Employee, account: Account | None, weather: Weather, joins: str
) -> Standing:
    wanted_later = joins != "" and employee.auth_method in SIGNS_IN_WITH_AUTH0
    if account is None or not account.origin:
        if employee.auth0_user_id:
            detail = "Somebody else made it; the console doesn't touch it. Check who uses it."
            return Standing("Account of another system: left alone", detail, "attention")
        if wanted_later:
            return Standing("No account yet", _when_made(employee, joins), "quiet")
        return Standing("No account wanted", _why_unwanted(employee, joins), "quiet")
    if _needs_a_person(account):
        return Standing("Needs attention", account.error, "attention")
    if not account.is_clean:
        return Standing("Being blocked", why_waiting(account, weather), "waiting")
    if account.seen is None:
        return Standing("Account deleted in Auth0", _why_unwanted(employee, joins), "quiet")
    seen = f" Seen blocked {clock(account.seen_at, weather.now)}." if account.seen_at else ""
    opened = f"It is opened when they come back, on {joins}." if wanted_later else ""
    return Standing("Blocked", (opened or _why_unwanted(employee, joins)) + seen, "quiet")


def _when_made(employee: Employee, joins: str) -> str:
    needed = "" if is_usable(employee.email) else " A real e-mail is needed by then."
    return f"It is made when they start, on {joins}.{needed}"


def _why_unwanted(employee: Employee, joins: str) -> str:
    if joins:
        return f"They start on {joins}."
    if employee.archived_at is not None:
        return "In the archive."
    return "Signs in with the PIN." if employee.is_active else "Deactivated."


def _expired(account: Account, weather: Weather) -> str:
    sent = invitation_text(account, weather)
    ended = clock(account.ticket_until, weather.now) if account.ticket_until else ""
    return f"Invitation {sent}; its link ended {ended}, unused. Send it again for a new one."


def _missing_email(employee: Employee) -> str:
    found = f"“{employee.email}” can't be written to." if employee.email else "There is none."
    return f"{found} The account is made as soon as a real e-mail is saved."


def _held_for(account: Account) -> str:
    what = str(account.get_held_for_display())
    return f"One of many changes at once ({what}); it goes out when an administrator approves it."


def _needs_a_person(account: Account) -> bool:
    """The engine gave up on the row as it is; a new due mark makes it try again."""
    return account.error_code != "" and account.is_clean


def why_waiting(account: Account | None, weather: Weather) -> str:
    """What somebody who is due waits for, in a sentence or two."""
    now = weather.now
    due_at = account.due_at if account else None
    since = f" Waiting since {clock(due_at, now)}." if due_at and due_at <= now else ""
    if standstill := weather.standstill():
        return standstill + since
    if account is None:
        return "The console looks at this row in a moment."
    if account.job_id:
        return f"One of many new accounts that Auth0 makes at once (import job {account.job_id})."
    next_try = f" Next try {clock(due_at, now)}." if due_at and due_at > now else ""
    if account.attempts and account.error:  # without an attempt the error is an old one
        return account.error + next_try
    if account.lease_until and account.lease_until > now:
        return "Being done now."
    if weather.limited_until:
        return f"Auth0's limit is reached; it goes on {clock(weather.limited_until, now)}."
    if account.doubt_until and due_at and due_at > now:
        return f"An answer was lost: Auth0 is asked again {clock(due_at, now)}."
    return f"Stands in the queue.{since}{next_try}"


def _account(*conditions: Q, **columns: object) -> Q:
    return Q(Exists(Account.objects.filter(*conditions, pk=OuterRef("pk"), **columns)))


# In the order in which they are cheap: what the row says, then one look at the account. And what
# few accounts are is asked of these few, by their indexes: a list of very many people is walked
# through from the newest until a page is full, to its end where hardly anybody answers.
_ASKS = Q(is_active=True, archived_at__isnull=True, auth_method__in=SIGNS_IN_WITH_AUTH0)
_OURS = ~Q(origin="")
_MADE_ELSEWHERE = Q(auth0_user_id__isnull=False) & ~Q(auth0_user_id="")
_CLEAN = Q(due_seq=F("done_seq"), batch=None)
# Ranges, since SQLite takes no index for IS NOT NULL. Whoever isn't done is due some time, but for
# those who are held; whom the engine gave up on, or whose mail failed, needs attention as well, or
# is tried again.
_UNCLEAN = PLANNED & ~Q(due_seq=F("done_seq")) & Q(batch=None)
_NOTED = PLANNED | Q(attention__gt=0)
_REFUSED = _CLEAN & _NOTED & ~Q(error_code="")
_RESTLESS = Q(pk__in=Account.objects.filter(_NOTED | Q(batch__gt=0)).values("pk"))


def _at_rest(**columns: object) -> Q:
    """With an account of ours that is as the row wants it.

    Not as EXISTS: MariaDB would turn that round, and read all accounts before the first person.
    """
    found = Account.objects.filter(_CLEAN, _OURS, pk=OuterRef("pk"), error_code="", **columns)
    return Q(Exact(Subquery(found.values("pk")), F("pk")))


_HELD = Q(pk__in=Account.objects.filter(batch__gt=0).values("pk"))
_GIVEN_UP = (_ASKS & _account(_REFUSED)) | _account(_REFUSED, _OURS)
# The listener and the sweep write NULL for somebody who asks, but whose e-mail can't be used.
_WITHOUT_EMAIL = (
    _ASKS
    & Q(auth0_sync_status__isnull=True)
    & _account(_UNCLEAN | Q(error_code=""), origin="", batch=None)
)
_NOT_INVITED = (
    _ASKS
    & Q(auth0_sync_status=SyncStatus.CREATED)
    & _account(_CLEAN & _NOTED, error_code="", invitation=InvitationState.FAILED)
)
_ELSEWHERE = ~_ASKS & _MADE_ELSEWHERE & ~_account(_OURS)
_DELETED = ~_ASKS & _at_rest(seen__isnull=True)
_UNDONE = (_ASKS & Q(auth0_sync_status__isnull=False) & _account(_UNCLEAN)) | _account(
    _UNCLEAN, _OURS
)
_NOT_NOTED = _ASKS & ~_account()

STANDINGS: dict[str, tuple[str, Q]] = {
    "waiting": ("Waiting", _UNDONE | _NOT_NOTED),
    "attention": (
        "Needs attention",
        _RESTLESS & (_GIVEN_UP | _WITHOUT_EMAIL | _NOT_INVITED | _HELD),
    ),
    "held": ("Held", _HELD),
    "created": ("Created", _ASKS & Q(auth0_sync_status=SyncStatus.CREATED) & _at_rest()),
    "expired": ("Invitation expired", EXPIRED & _at_rest()),
    "verified": ("Verified", _ASKS & Q(auth0_sync_status=SyncStatus.VERIFIED) & _at_rest()),
    "blocked": ("Blocked", ~_ASKS & _at_rest(seen__isnull=False)),
    "none": ("No account", (~_ASKS & ~_MADE_ELSEWHERE & ~_account(_OURS)) | _DELETED),
    "review": ("To review", _GIVEN_UP | _NOT_INVITED | _ELSEWHERE),
}
"""The choices of the list's filter: name, title, and who is meant, as a condition on Employee."""
