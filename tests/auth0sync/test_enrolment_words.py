"""What an enrolment amounts to, in sentences."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from auth0sync.enrolling import Tally, Whom
from auth0sync.enrolment_words import about, forecast, headline, reasons, title_of
from auth0sync.models import TenantState
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.usefixtures("state")


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        ({}, "Nobody would get an account."),
        ({"TX": 1}, "Gives 1 person in Texas an Auth0 account."),
        ({"": 2}, "Gives 2 people without a workspace an Auth0 account."),
        (
            {"TX": 3, "MS": 1200, "": 1},
            "Gives 1,204 people an Auth0 account: 1 without a workspace, 1,200 in Mississippi and "
            "3 in Texas.",
        ),
    ],
)
def test_the_headline_names_people_and_places(places: dict[str, int], sentence: str) -> None:
    assert headline(Tally(places=places)) == sentence


@pytest.mark.parametrize(
    ("whom", "title"),
    [
        (Whom(), "Everybody with a PIN alone"),
        (Whom(department="Picking", workspace="TX"), "Picking, Texas"),
        (Whom(workspace="Mars"), "Mars"),
        (Whom(ids=(1,)), "1 chosen person"),
        (Whom(ids=(1, 2)), "2 chosen people"),
    ],
)
def test_it_is_called_after_its_people(whom: Whom, title: str) -> None:
    assert title_of(whom) == title


@pytest.mark.parametrize(
    ("tally", "sentence"),
    [
        ({"mails": 1}, "1 invitation goes out as soon as the account is there."),
        ({"mails": 2}, "2 invitations go out as soon as the accounts are there."),
        ({"mails": 1}, "1 of them is not mailed by this."),
        ({}, "2 of them are not mailed by this."),
        ({"no_pin": 1}, "1 of them signs in with Auth0 alone from then on: a PIN no longer opens "),
        ({"no_pin": 2}, "2 of them sign in with Auth0 alone from then on: a PIN no longer opens "),
        ({"reopened": 1}, "1 of them had an account before: it is opened again, without an invi"),
        ({"reopened": 2}, "2 of them had an account before: they are opened again, without an i"),
        ({"reopened": 2, "risky": 2}, "2 of those who had one have another e-mail or role by now"),
        ({}, "The safety brake holds none of the new accounts, since you confirm them here."),
        ({}, "At the present pace it takes less than a minute, what waits already included."),
    ],
)
def test_the_forecast_says(
    tenant: RunningTenant, settings: Settings, tally: dict[str, Any], sentence: str
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    settings.MAIL_CONFIGURED = True

    found = forecast(Tally(places={"MS": 2}, **tally))

    assert any(each.startswith(sentence) for each in found), found


@pytest.mark.parametrize(
    ("tally", "word"),
    [
        ({"mails": 2}, "not mailed"),
        ({"reopened": 2}, "safety brake"),
        ({"reopened": 2, "risky": 1}, "safety brake"),
        ({}, "invitation"),
        ({}, "PIN"),
    ],
)
def test_the_forecast_says_nothing_of_what_does_not_happen(
    tenant: RunningTenant, settings: Settings, tally: dict[str, Any], word: str
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)

    assert word not in " ".join(forecast(Tally(places={"MS": 2}, **tally)))


@pytest.mark.parametrize(
    ("by_auth0", "sentence"),
    [
        (False, "Auth0’s import jobs make them."),
        (True, "They are made one by one. An import job sends no verification mails"),
    ],
)
def test_of_a_crowd_it_says_whether_import_jobs_make_the_accounts(
    tenant: RunningTenant, settings: Settings, by_auth0: bool, sentence: str
) -> None:
    settings.AUTH0_BULK_MIN, settings.AUTH0_SEND_VERIFICATION_EMAIL = 2, by_auth0

    assert sentence in " ".join(forecast(Tally(places={"MS": 3})))
    assert "one by one" not in " ".join(forecast(Tally(places={"MS": 2})))
    assert "jobs" not in " ".join(forecast(Tally(places={"MS": 2})))


def test_of_nobody_nothing_is_forecast() -> None:
    assert forecast(Tally()) == []


def test_without_a_mail_server_the_invitations_wait(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.MAIL_CONFIGURED = False

    found = forecast(Tally(places={"MS": 2}, mails=2))

    assert found[0].endswith("are there, once a mail server is configured (EMAIL_URL).")


def test_while_nothing_may_be_called_it_says_that_the_accounts_follow(state: TenantState) -> None:
    assert forecast(Tally(places={"MS": 2}))[-1] == (
        "Auth0 isn't configured (AUTH0_DOMAIN), so no accounts are made. The accounts follow when "
        "that is over; nothing is lost until then."
    )


def test_the_reasons_stand_in_one_order_with_their_numbers() -> None:
    found = reasons(Tally(without={"no_email": 4, "reach": 1}))

    assert found == [("reach", "out of your reach", 1), ("no_email", "no usable e-mail", 4)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (10, "less than a minute"),
        (60, "about a minute"),
        (240, "some 4 minutes"),
        (7200, "some 2 hours"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: int, words: str) -> None:
    assert about(timedelta(seconds=seconds)) == words
