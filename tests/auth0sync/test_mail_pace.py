"""Ten thousand invitations neither flood a mail server nor stand in the way of one that is asked
for by hand."""

from datetime import timedelta
from smtplib import (
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPServerDisconnected,
)

import pytest
from django.core.mail import EmailMessage
from django.db.models.functions import Now

from auth0sync import mail_pace
from auth0sync.due import invite_again, next_due
from auth0sync.engine import sync
from auth0sync.errors import NotNow
from auth0sync.mail_pace import Lane
from auth0sync.models import Account, Bucket, MailKind, Priority
from employees.models import Employee
from tests.auth0sync.crowd import newcomers
from tests.auth0sync.people import account_of, add
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

TICKETS = ("POST", "/api/v2/tickets/password-change")
GREYLISTED = SMTPRecipientsRefused({"a@example.com": (450, b"greylisted, try later")})
SENT_ENOUGH = (550, b"5.4.5 Daily user sending limit exceeded")
TOO_MANY_RECIPIENTS = SMTPRecipientsRefused({"a@example.com": (450, b"4.7.1 rate limit exceeded")})


def server_says(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(EmailMessage, "send", refuse)


def lane(which: Lane = Lane.SERVER) -> tuple[float, float, float]:
    """Seconds until the next turn, of the hold, and between two mails."""
    row = Bucket.objects.annotate(now=Now()).get(pk=which)
    left = (row.next_at - row.now).total_seconds()
    return left, row.limits.get("hold_s", 0.0), row.limits.get("apart_s", 0.0)


def its_time_comes() -> None:
    Bucket.objects.filter(pk__in=list(Lane)).update(next_at=Now() - timedelta(seconds=1))


def crowd_with_accounts(number: int, invitation: str = "work") -> list[Employee]:
    """People of a file; one sync each brings them to their mail."""
    return newcomers(number, invitation=invitation)


@pytest.mark.parametrize(
    ("error", "apart_s"),
    [
        (ConnectionRefusedError(), 0.0),
        (SMTPServerDisconnected("gone"), 0.0),
        (SMTPConnectError(421, b"too busy"), 0.5),
        (SMTPDataError(452, b"insufficient storage"), 0.5),
        (TOO_MANY_RECIPIENTS, 0.5),
        (SMTPRecipientsRefused({"a@example.com": SENT_ENOUGH}), 0.5),
        (SMTPDataError(*SENT_ENOUGH), 0.5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_meet_the_next_mail_too_holds_them_all(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, error: Exception, apart_s: float
) -> None:
    ana, ben = crowd_with_accounts(2)
    server_says(monkeypatch, error)

    sync(ana.pk)
    sync(ben.pk)

    assert len(tenant.calls(*TICKETS)) == 1
    assert lane()[1:] == (30.0, apart_s)
    for person in (ana, ben):
        account = account_of(person)
        assert (account.invitation, account.invitation_attempts) == ("waiting", 0)
        assert (account.is_clean, account.waits_for) == (True, "mail")
    assert next_due(10) == []


@pytest.mark.parametrize(
    "error", [GREYLISTED, SMTPDataError(554, b"looks like spam"), SMTPDataError(451, b"later")]
)
def test_what_only_one_address_meets_holds_nobody_else(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, error: SMTPException
) -> None:
    (ana,) = crowd_with_accounts(1)
    server_says(monkeypatch, error)

    sync(ana.pk)

    assert (account_of(ana).invitation, account_of(ana).invitation_attempts) == ("waiting", 1)
    assert account_of(ana).waits_for == ""
    assert mail_pace.held() == set()


def test_when_the_time_has_come_one_tries_and_the_others_follow_when_it_went_well(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
) -> None:
    crowd = crowd_with_accounts(3)
    with monkeypatch.context() as patched:
        server_says(patched, ConnectionRefusedError())
        for person in crowd:
            sync(person.pk)
    its_time_comes()
    mail_pace.take_turn(Lane.SERVER, at_once=False)
    assert next_due(10) == [], "one is on its way"

    mail_pace.taken(Lane.SERVER)
    for person in crowd:
        sync(person.pk)

    assert len(mailoutbox) == 3
    assert lane()[1:] == (0.0, 0.0)
    assert {account_of(person).invitation for person in crowd} == {"sent"}


def test_who_is_refused_again_holds_them_for_twice_as_long_up_to_five_minutes(
    state: object,
) -> None:
    for hold_s in (30, 60, 120, 240, 300, 300):
        its_time_comes()
        mail_pace.refused(Lane.SERVER, had_enough=False)
        assert lane()[0] == pytest.approx(hold_s, abs=2)


def test_mails_that_were_under_way_at_once_are_refused_as_one(state: object) -> None:
    mail_pace.refused(Lane.SERVER, had_enough=True)
    mail_pace.refused(Lane.SERVER, had_enough=True)

    assert lane()[1:] == (30.0, 0.5)


def test_a_server_that_had_enough_is_mailed_to_more_slowly_and_then_faster_again(
    state: object,
) -> None:
    mail_pace.refused(Lane.SERVER, had_enough=True)
    its_time_comes()

    mail_pace.taken(Lane.SERVER)
    mail_pace.take_turn(Lane.SERVER, at_once=False)
    left_s, hold_s, apart_s = lane()
    assert hold_s == 0.0
    assert apart_s == pytest.approx(0.49)
    assert left_s == pytest.approx(apart_s, abs=0.5)

    for _ in range(200):
        mail_pace.taken(Lane.SERVER)
    assert lane()[2] == 0.0


def test_a_turn_that_is_near_is_waited_for(state: object, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("auth0sync.mail_pace.time.sleep", slept.append)
    Bucket.objects.create(pk=Lane.SERVER, limits={"apart_s": 0.5})
    Bucket.objects.update(next_at=Now() + timedelta(seconds=1))

    mail_pace.take_turn(Lane.SERVER, at_once=False)

    assert slept == [pytest.approx(1.0, abs=0.5)]
    assert lane()[0] == pytest.approx(1.5, abs=0.5)


def test_auth0s_own_mails_go_out_ten_a_minute_and_those_by_hand_in_between(
    tenant: RunningTenant,
) -> None:
    ana, ben, cleo = crowd_with_accounts(3, invitation="auth0")
    Account.objects.filter(pk=cleo.pk).update(priority=Priority.INTERACTIVE)

    for person in (ana, ben, cleo):
        sync(person.pk)

    assert [mail["to"] for mail in tenant.outbox()] == [[cleo.email], [ana.email]]
    assert account_of(ben).waits_for == "mail by auth0"
    assert lane(Lane.AUTH0)[0] == pytest.approx(12, abs=4)


def test_whoever_asks_by_hand_is_mailed_before_the_crowd_that_waits(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
) -> None:
    crowd = crowd_with_accounts(2)
    ana = add()
    with monkeypatch.context() as patched:
        server_says(patched, ConnectionRefusedError())
        for person in (*crowd, ana):
            sync(person.pk)
        invite_again([crowd[1].pk], actor="admin:1", kind=MailKind.PASSWORD)
        sync(crowd[1].pk)
    its_time_comes()

    assert next_due(10) == [ana.pk, crowd[1].pk, crowd[0].pk]
    sync(ana.pk)
    assert [mail.to for mail in mailoutbox] == [[ana.email]]
    assert account_of(ana).priority == Priority.BULK


def test_while_the_server_takes_nothing_nobody_tries_by_hand_either(state: object) -> None:
    mail_pace.refused(Lane.SERVER, had_enough=False)

    with pytest.raises(NotNow, match="takes no more"):
        mail_pace.take_turn(Lane.SERVER, at_once=True)


def test_of_two_who_want_the_same_turn_one_has_the_next(
    state: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    Bucket.objects.create(pk=Lane.SERVER, limits={"apart_s": 5.0})
    Bucket.objects.update(next_at=Now())
    real, others = mail_pace._write, [1]

    def write(bucket: Bucket, **columns: object) -> bool:
        if others:
            others.pop()
            real(bucket, next_at=Now() + timedelta(seconds=5))
        return real(bucket, **columns)

    monkeypatch.setattr(mail_pace, "_write", write)

    with pytest.raises(NotNow):
        mail_pace.take_turn(Lane.SERVER, at_once=False)
    monkeypatch.setattr(mail_pace, "_write", write)
    others.append(1)
    mail_pace.taken(Lane.SERVER)
    assert lane()[2] == pytest.approx(4.9)
    others.append(1)
    mail_pace.refused(Lane.SERVER, had_enough=False)
    assert lane()[1] == 30.0
