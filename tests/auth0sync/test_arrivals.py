"""When somebody first signed in, and when the first invitation was taken: kept once, from afar."""

from datetime import UTC, datetime, timedelta
from smtplib import SMTPServerDisconnected
from unittest.mock import Mock

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone

from auth0sync.arrivals import note_login
from auth0sync.due import invite_again
from auth0sync.engine import sync
from auth0sync.models import Account
from auth0sync.stations import Known, line
from tests.auth0sync.people import account_of, add, by_sql, row_of
from tests.auth0sync.visiting import Visitor
from tests.builders import make_employee
from tests.devtenant.builders import make_user
from tests.devtenant.running import RunningTenant

NINE = datetime(2026, 3, 2, 9, 2, tzinfo=UTC)


@pytest.mark.django_db
def test_the_earliest_log_in_stays_in_whatever_order_they_are_told() -> None:
    Account.objects.create(pk=7)
    moments = [NINE, NINE + timedelta(hours=1), NINE - timedelta(hours=1)]

    was_news = [note_login(7, at) for at in moments]

    assert was_news == [True, False, True]
    account = Account.objects.get(pk=7)
    assert account.first_login_at == NINE - timedelta(hours=1)
    assert account.is_clean
    assert account.due_at is None


@pytest.mark.django_db
def test_of_somebody_who_was_never_looked_at_nothing_is_kept() -> None:
    assert not note_login(7, NINE)


@pytest.mark.once
def test_a_log_in_to_the_console_is_noted_once(tenant: RunningTenant, visitor: Visitor) -> None:
    user_id = make_user(tenant, "ana@example.com", email_verified=True)
    ana = make_employee(auth_method="auth0", auth0_user_id=user_id, auth0_role="manager")
    Account.objects.create(pk=ana.pk)

    visitor.sign_in()
    first = account_of(ana).first_login_at
    visitor.sign_in()

    assert first is not None
    assert account_of(ana).first_login_at == first


def test_the_first_invitation_keeps_its_time_when_another_is_sent(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    first = account_of(ana).first_mail_at

    invite_again([ana.pk], actor="test")
    sync(ana.pk)

    assert len(mail.outbox) == 2
    account = account_of(ana)
    assert first is not None
    assert account.first_mail_at == first
    assert account.invitation_sent_at is not None
    assert account.invitation_sent_at > first


def test_a_mail_to_another_address_is_none_to_the_one_that_was_corrected(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    sync(ana.pk)
    assert account_of(ana).first_mail_at is not None
    monkeypatch.setattr(EmailMessage, "send", Mock(side_effect=SMTPServerDisconnected))

    by_sql(ana, email="ana.corrected@example.com")
    sync(ana.pk)

    account = account_of(ana)
    assert account.invitation == "waiting"
    assert account.first_mail_at is None
    stations = line(row_of(ana), Known(account), None, timezone.now())
    assert (stations[2].name, stations[2].said) == ("mail accepted", "–")


@pytest.mark.parametrize(("invitation", "hours"), [("work", 72), ("auth0", 120)])
def test_how_long_the_link_works_is_noted_for_each_kind_of_mail(
    tenant: RunningTenant, invitation: str, hours: int
) -> None:
    ana = add(invitation)

    sync(ana.pk)

    account = account_of(ana)
    assert account.ticket_until is not None
    assert account.invitation_sent_at is not None
    open_for = account.ticket_until - account.invitation_sent_at
    assert abs(open_for - timedelta(hours=hours)) < timedelta(minutes=1)
