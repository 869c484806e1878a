"""How many mails arrive: what the sync log, Auth0's events and people say, in per cent (T3)."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from auth0sync.delivery import Delivery, days_counted, deliveries, note_return, rate, together
from auth0sync.due import invite_again
from auth0sync.engine import sync
from auth0sync.models import Account, Attention, SyncLog, TenantEvent, TenantState
from employees.models import Employee
from tests.auth0sync.people import account_of, add
from tests.builders import boss
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in

JOINERS = reverse("admin:auth0sync_joiners")


def row(action: str, status: str = "success", code: str = "", times: int = 1) -> None:
    for _ in range(times):
        SyncLog.objects.create(employee_id=1, action=action, status=status, error_code=code)


def event(number: int, **over: object) -> None:
    values = {"log_id": f"{number}", "type": "fn", "at": timezone.now(), "employee_id": 1, **over}
    TenantEvent.objects.create(**values)


def refusing(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"


class Refusing(EmailBackend):
    """A server that knows nobody."""

    def send_messages(self, messages: list[mail.EmailMessage]) -> int:  # type: ignore[override]
        raise SMTPRecipientsRefused({"a": (550, b"5.1.1 unknown")})


@pytest.fixture
def invited(tenant: RunningTenant) -> Employee:
    ana = add()
    sync(ana.pk)
    return ana


def test_a_mail_that_the_server_took_has_arrived_as_far_as_known(invited: Employee) -> None:
    assert deliveries() == [Delivery("Invitations", accepted=1)]
    assert rate() == 100


def test_an_address_that_is_refused_is_a_mail_that_didnt(
    invited: Employee, settings: Settings
) -> None:
    refusing(settings)
    invite_again([invited.pk], actor="test")
    sync(invited.pk)

    assert deliveries() == [Delivery("Invitations", accepted=1, refused=1)]
    assert rate() == 50


@pytest.mark.django_db
def test_a_mail_that_was_never_tried_counts_for_nothing_and_one_put_off_is_said() -> None:
    row("send invitation", "failed", "no_personal_email")
    row("send password mail", "waiting", "mails_SMTPServerDisconnected", 3)
    row("tell old address")
    row("create account")

    assert deliveries() == [
        Delivery("New passwords", later=3),
        Delivery("Notices to an old address", accepted=1),
    ]


@pytest.mark.django_db
def test_only_the_last_days_count_and_no_more_than_are_kept(settings: Settings) -> None:
    row("send invitation")
    SyncLog._base_manager.update(created_at=Now() - timedelta(days=31))

    assert (deliveries(), rate()) == ([], None)
    settings.LOG_RETENTION_DAYS = 7
    assert days_counted() == 7
    settings.LOG_RETENTION_DAYS = 0
    assert days_counted() == 30


@pytest.mark.django_db
def test_of_auth0s_own_mails_what_auth0_says_for_sure_counts() -> None:
    row("send invitation", times=6)
    row("send verification mail", times=4)
    for action in ("send invitation", "send verification mail"):  # a person has said so
        row(action, "failed", "mail_came_back")
    event(1, is_read=True)
    event(2, state=TenantEvent.State.CONFIRMED)
    event(3)  # anybody could have said so
    event(4, is_read=True, employee_id=None)
    event(5, is_read=True, at=timezone.now() - timedelta(days=40))

    assert deliveries() == [
        Delivery("Invitations", accepted=2, returned=1),
        Delivery("Invitations that Auth0 mails itself", accepted=4, returned=3),
    ]
    assert together(deliveries()).rate == pytest.approx(100 / 3)


def test_a_rate_is_good_above_the_aim_and_without_mails() -> None:
    kinds = [Delivery("x", accepted=20), Delivery("x", accepted=20, returned=1), Delivery("x")]

    assert [each.is_good for each in kinds] == [True, False, True]
    assert Delivery("x", returned=2).delivered == 0, "it was sent before"


def test_a_mail_that_came_back_has_failed_and_needs_somebody(invited: Employee) -> None:
    assert note_return(invited.pk, boss())

    account = account_of(invited)
    assert (account.invitation, account.attention) == ("failed", Attention.MAIL)
    assert "came back" in account.invitation_error
    assert account.is_clean
    assert deliveries() == [Delivery("Invitations", accepted=1, returned=1)]
    entry = SyncLog.objects.latest("pk")
    assert (entry.actor, entry.error_code) == ("admin:1", "mail_came_back")
    assert not note_return(invited.pk, boss()), "once"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({}, "Invitations that Auth0 mails itself"),
        ({"mail_kind": "password"}, "New passwords"),
    ],
)
def test_it_is_counted_where_the_mail_was(columns: dict[str, str], kind: str) -> None:
    ana = add("auth0")
    Account.objects.filter(pk=ana.pk).update(invitation="sent", **columns)

    note_return(ana.pk, boss())

    assert deliveries() == [Delivery(kind, returned=1)]


@pytest.mark.django_db
@pytest.mark.parametrize("columns", [{"invitation": "waiting"}, {"lease": "w"}])
def test_nothing_comes_back_that_isnt_out_or_is_being_sent(columns: dict[str, str]) -> None:
    Account.objects.create(pk=1, **{"invitation": "sent", **columns})

    assert not note_return(1, boss())
    assert not SyncLog.objects.exists()


# The pages


@pytest.fixture
def manager(state: TenantState) -> Client:
    browser, _ = signed_in("manager", auth0_sync_status="verified")
    return browser


def test_the_button_on_the_persons_page_says_so(manager: Client) -> None:
    ana = add()
    columns = {"invitation": "sent", "origin": "created", "due_seq": 0, "invitation_sent_at": None}
    Account.objects.filter(pk=ana.pk).update(**columns)
    Employee.objects.filter(pk=ana.pk).update(auth0_sync_status="created")
    page = reverse("admin:employees_employee_change", args=[ana.pk])
    button = reverse("admin:auth0sync_mail_came_back", args=[ana.pk])
    assert button in manager.get(page).content.decode()

    first, second = (manager.post(button, follow=True) for _ in range(2))

    assert "Noted. Correct the e-mail" in first.content.decode()
    assert "No mail is out just now" in second.content.decode()
    assert account_of(ana).invitation == "failed"


def test_of_nobody_there_is_no_mail(manager: Client) -> None:
    assert manager.post(reverse("admin:auth0sync_mail_came_back", args=[9])).status_code == 404


def test_whoever_may_not_invite_may_not_say_it_either(state: TenantState) -> None:
    ana = add(auth0_role="admin")
    manager, _ = signed_in("manager")

    answer = manager.post(reverse("admin:auth0sync_mail_came_back", args=[ana.pk]))

    assert answer.status_code == 403


def test_the_rates_stand_on_the_page_against_the_aim(manager: Client) -> None:
    row("send invitation", times=3)
    row("send password mail")
    row("send password mail", "failed", "mail_refused")

    page = manager.get(JOINERS)

    shown = [(each.kind, each.tried, each.rate) for each in page.context["mails"]]
    assert shown == [("Invitations", 3, 100), ("New passwords", 2, 50), ("All", 5, 80)]
    assert "80.0 %</span> arrived" in page.content.decode()
    assert "more than 95 %" in page.content.decode()
