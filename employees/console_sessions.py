"""Where people are signed in to the console, and how that ends.

Django's session row decides whether a session goes on; ``ConsoleSession`` is a note beside it that
says whose it is. So a session is ended by deleting Django's row, and the browser is out at its next
request. When it was last used stands in the session itself, which every request reads anyway.
The session's key is as good as a password: no page, address, log or history line has it.
"""

from datetime import timedelta
from math import floor

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from employees.authority import Actor, why_not_administer
from employees.browsers import browser_of
from employees.errors import NotAllowed
from employees.history import record_event
from employees.models import AuthMethod, ConsoleSession

USED_AT = "used_at"  # in the session: when it was last used, in whole seconds since 1970
NOTED_EVERY_S = 60  # a use is written down at most once in this time
AT_ONCE = 500  # rows; a write transaction stays short

_PERSON = "user__employee_link__employee"


def is_unused(session: SessionBase) -> bool:
    """Whether nobody used this session for SESSION_IDLE_MINUTES.

    One without a time is from before the console wrote times down: its clock starts now.
    """
    used_at = session.get(USED_AT)
    return used_at is not None and timezone.now().timestamp() - used_at >= _idle().total_seconds()


def note_use(session: SessionBase, user_id: int, address: str, user_agent: str) -> None:
    """Write down that somebody signed in used the console; at most once in NOTED_EVERY_S.

    address: where the request came from. user_agent: the header of that name.
    """
    now = timezone.now()
    used_at = session.get(USED_AT)
    if used_at is not None and now.timestamp() - used_at < NOTED_EVERY_S:
        return
    session[USED_AT] = floor(now.timestamp())
    seen = {"seen_at": now, "address": address[:45], "browser": browser_of(user_agent)}
    key = session.session_key or ""  # somebody signed in has one
    if not ConsoleSession.objects.filter(session_key=key).update(**seen):
        note = ConsoleSession(session_key=key, user_id=user_id, started_at=now, **seen)
        # Two first requests at the same moment write one note.
        ConsoleSession.objects.bulk_create([note], ignore_conflicts=True)


def living() -> QuerySet[ConsoleSession]:
    """The sessions that go on."""
    now = timezone.now()
    kept = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    return ConsoleSession.objects.filter(Exists(kept), seen_at__gt=now - _idle())


def ended_session(session_key: str) -> ConsoleSession | None:
    """What is known of a session whose cookie came and which is no more; None for nothing."""
    return ConsoleSession.objects.filter(session_key=session_key).select_related(_PERSON).first()


def has_sessions(employee_id: int) -> bool:
    """Whether this person is signed in to the console anywhere."""
    return living().filter(**{_PERSON: employee_id}).exists()


def end_sessions_of(employee_id: int) -> int:
    """End every session of this person; return how many there were.

    Part of the caller's transaction, who has asked whether it may be done and writes it down.
    """
    return _end(ConsoleSession.objects.filter(**{_PERSON: employee_id}))


@transaction.atomic
def sign_out(session_id: int, actor: Actor) -> ConsoleSession | None:
    """End one session, of whomever it is; None when it is over already.

    session_id: ``ConsoleSession.pk``.
    Raises: NotAllowed, for all but administrators.
    """
    _refuse_all_but_administrators(actor)
    sessions = ConsoleSession.objects.filter(pk=session_id)
    session = sessions.select_related(_PERSON).first()
    if session is None or not _end(sessions):
        return None
    if (person := employee_id_of(session)) is not None:
        record_event(person, actor, "console session ended")
    return session


@transaction.atomic
def sign_out_person(employee_id: int, actor: Actor) -> int:
    """End every session of a person; return how many there were.

    Raises: NotAllowed, for all but administrators.
    """
    _refuse_all_but_administrators(actor)
    ended = end_sessions_of(employee_id)
    if ended:
        record_event(employee_id, actor, "all console sessions ended")
    return ended


@transaction.atomic
def sign_out_elsewhere(user_id: int, session_key: str | None, actor: Actor) -> int:
    """End all sessions of a user but this one; return how many there were.

    actor: the user, who may always do that.
    """
    ended = _end(ConsoleSession.objects.filter(user=user_id).exclude(session_key=session_key))
    if ended and actor.employee_id is not None:
        record_event(actor.employee_id, actor, "signed out everywhere else")
    return ended


def end_sessions_of_shut_out() -> int:
    """End the sessions of people whom the row doesn't let in any more; return how many.

    For those who were switched off by SQL. Reads only, when there is nothing to do; at most AT_ONCE
    rows a call.
    """
    shut_out = (
        Q(**{f"{_PERSON}__is_active": False})
        | Q(**{f"{_PERSON}__archived_at__isnull": False})
        | Q(**{f"{_PERSON}__auth_method": AuthMethod.PIN})
    )
    return _end(living().filter(shut_out)[:AT_ONCE])


def forget_ended() -> int:
    """Remove old notes of sessions that are over; return how many, at most AT_ONCE a call."""
    oldest = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    over = ConsoleSession.objects.filter(started_at__lt=oldest)
    ids = list(over.values_list("pk", flat=True)[:AT_ONCE])
    if ids:
        ConsoleSession.objects.filter(pk__in=ids).delete()
    return len(ids)


def employee_id_of(session: ConsoleSession) -> int | None:
    """Whose session it is; None for the local administrator, whom no row stands behind."""
    link = getattr(session.user, "employee_link", None)
    return link.employee_id if link else None


def _end(sessions: QuerySet[ConsoleSession]) -> int:
    keys = list(sessions.values_list("session_key", flat=True))
    return Session.objects.filter(session_key__in=keys).delete()[0] if keys else 0


def _idle() -> timedelta:
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def _refuse_all_but_administrators(actor: Actor) -> None:
    if reason := why_not_administer(actor, "end sessions of others"):
        raise NotAllowed(reason)
