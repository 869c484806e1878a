"""The line of one joiner: which stations there are, and what each says. No database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auth0sync.joiners import Days, joiners
from auth0sync.models import Account
from auth0sync.stations import Known, Station, known_of, line
from employees.models import Employee, InvitationChoice
from tests.builders import make_auth, make_employee

NOW = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)
SAVED = datetime(2026, 3, 12, 14, 2, tzinfo=UTC)  # 09:02 in Chicago
MADE = SAVED + timedelta(minutes=1)
SAID = ("saved", "12 Mar 09:02 CDT", "done")


def stations(known: Known | None = None, saved: datetime = SAVED, **row: Any) -> list[Any]:
    employee = Employee(pk=1, **{"auth_method": "auth0", "workspace": "TX", **row})
    shown: list[Station] = line(employee, known or Known(), saved, NOW)
    return [(each.name, each.said, each.tone) for each in shown]


CREATED: dict[str, Any] = {"auth0_sync_status": "created", "auth0_account_created_at": MADE}


def test_whoever_was_just_saved_is_at_the_first_station() -> None:
    assert stations() == [
        SAID,
        ("account", "–", "open"),
        ("mail accepted", "–", "open"),
        ("verified", "–", "open"),
        ("first log-in", "–", "open"),
    ]


def test_the_day_stands_only_where_it_is_another_one() -> None:
    account = Account(
        invitation="sent",
        first_mail_at=MADE,
        ticket_until=NOW + timedelta(hours=1),
        first_login_at=SAVED + timedelta(days=1),
    )

    assert stations(Known(account), **CREATED) == [
        SAID,
        ("account", "09:03", "done"),
        ("mail accepted", "09:03", "done"),
        ("verified", "–", "open"),
        ("first log-in", "13 Mar 09:02 CDT", "done"),
    ]


def test_the_year_and_the_other_clock_of_winter_are_said() -> None:
    found = stations(saved=datetime(2024, 1, 5, 15, 0, tzinfo=UTC), **CREATED)

    assert [said for _, said, _ in found[:2]] == ["5 Jan 2024 09:00 CST", "12 Mar 09:03 CDT"]


def test_whoever_has_only_a_pin_needs_no_account() -> None:
    known = Known(has_pin=True, pin_set_at=MADE, kiosk_at=MADE)

    assert stations(known, auth_method="pin") == [
        SAID,
        ("PIN", "09:03", "done"),
        ("at the kiosk, last", "09:03", "done"),
    ]


def test_whoever_has_both_has_all_stations() -> None:
    found = stations(Known(has_pin=True), auth_method="hybrid")

    assert [name for name, _, _ in found] == [
        "saved",
        "account",
        "mail accepted",
        "verified",
        "first log-in",
        "PIN",
        "at the kiosk, last",
    ]
    assert found[5:] == [("PIN", "set", "done"), ("at the kiosk, last", "–", "open")]


@pytest.mark.parametrize(
    ("account", "choice", "said"),
    [
        ({"invitation": "failed"}, "work", ("failed", "wrong")),
        ({"mail_kind": "password", "invitation": "failed"}, "work", ("–", "open")),
        ({"mail_kind": "password", "invitation_sent_at": MADE}, "work", ("–", "open")),
        ({"invitation": "sent", "invitation_sent_at": MADE}, "work", ("09:03", "done")),
        ({"invitation": "waiting", "invitation_sent_at": MADE}, "work", ("–", "open")),
        (
            {"invitation": "sent", "first_mail_at": MADE, "ticket_until": NOW},
            "work",
            ("09:03, link expired", "wrong"),
        ),
        ({}, "verified", ("not needed", "done")),
        ({}, "none", ("not asked for", "open")),
        (None, "work", ("–", "open")),
    ],
)
def test_what_became_of_the_invitation(
    account: dict[str, Any] | None, choice: str, said: tuple[str, str]
) -> None:
    known = Known(None if account is None else Account(**account), choice)

    assert stations(known, **CREATED)[2] == ("mail accepted", *said)


def test_an_account_that_failed_and_one_that_is_verified() -> None:
    failed = stations(auth0_sync_status="failed")
    verified = stations(
        Known(Account(first_mail_at=MADE)),
        **{**CREATED, "auth0_sync_status": "verified", "auth0_email_verified_at": MADE},
    )

    assert failed[1] == ("account", "failed", "wrong")
    assert [said for _, said, _ in verified[1:4]] == ["09:03", "09:03", "09:03"]
    assert verified[3] == ("verified", "09:03", "done")


def test_a_row_of_before_the_console_has_no_time() -> None:
    assert line(Employee(pk=1), Known(), None, NOW)[0] == Station("saved", "–", "done")


@pytest.mark.django_db
def test_what_is_known_is_read_for_all_at_once() -> None:
    today = Days.now().today
    ana, ben = make_employee(hire_date=today), make_employee(hire_date=today)
    make_auth(ana, pin="$2b$", pin_set_at=MADE, last_login=SAVED)
    InvitationChoice.objects.create(pk=ben.pk, kind="none")
    account = Account.objects.create(pk=ben.pk)

    found = known_of(list(joiners(Employee.objects.all(), Days.now())), {ben.pk: account})

    assert found[ana.pk] == Known(None, "work", True, MADE, SAVED)
    assert found[ben.pk] == Known(account, "none", False, None, None)
