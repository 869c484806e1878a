"""The numbers of the start page: who joins and leaves today, and the charts of the last 30 days."""

import re
from datetime import datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from employees import counters
from employees.authority import Actor
from employees.counted import Name
from employees.days import last_days, note_day
from employees.models import Change, Day, PlannedMove
from employees.services import add_employee, deactivate, reactivate
from identity_console.charts import DAYS, HEIGHT, charts
from identity_console.today import movers
from tests.builders import make_employee
from tests.signed_in import signed_in, team_lead

CHICAGO = ZoneInfo("America/Chicago")
ADMIN = Actor(name="admin:1", role="admin")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=CHICAGO)


def at(moment: datetime) -> Any:
    return mock.patch("django.utils.timezone.now", return_value=moment)


def count(name: Name, amount: float, **labels: str) -> None:
    """At once, not after the test's transaction."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        counters.count(name, amount, **labels)


class DayTests(TestCase):
    def test_a_day_has_what_was_counted_on_it(self) -> None:
        count("kiosk_logins", 3)
        with at(NOON):
            note_day()
            count("kiosk_logins", 2)
            note_day()
        with at(NOON + timedelta(days=1)):
            count("kiosk_logins", 7)
            note_day()
            days = dict(last_days(2))

        assert [each and each["log_ins"] for each in days.values()] == [2, 7]

    def test_a_day_on_which_nobody_looked_is_not_known(self) -> None:
        with at(NOON - timedelta(days=2)):
            note_day()
        with at(NOON):
            count("kiosk_logins", 4)
            note_day()
            known = [numbers for _, numbers in last_days(3)]

        assert known[1] is None
        assert known[2] is not None
        assert known[2]["log_ins"] == 4  # what came meanwhile isn't lost

    def test_the_day_changes_by_the_companys_clock(self) -> None:
        evening = datetime(2026, 11, 25, 19, 0, tzinfo=CHICAGO)  # the 26th in UTC
        with at(evening):
            note_day()

        assert Day.objects.get().day == evening.date()

    def test_a_restored_database_shows_no_negative_number(self) -> None:
        with at(NOON):
            Day.objects.create(day=NOON.date(), began={"accounts": 9}, latest={"accounts": 4})
            ((_, numbers),) = last_days(1)

        assert numbers is not None
        assert numbers["accounts"] == 0

    def test_mails_and_calls_are_told_from_those_that_failed(self) -> None:
        note_day()
        count("console_mails", 5, kind="invitation", outcome="accepted")
        count("console_mails", 2, kind="password", outcome="refused")
        count("auth0_api_calls", 6, action="read_account", status="2xx")
        count("auth0_api_calls", 1, action="read_account", status="429")
        note_day()
        ((_, numbers),) = last_days(1)

        assert numbers is not None
        found = {name: n for name, n in numbers.items() if n}
        assert found == {"mails": 5, "mails_refused": 2, "calls": 6, "calls_failed": 1}


class ChartTests(TestCase):
    def test_the_highest_bar_fills_the_drawing_and_one_beside_it_is_still_seen(self) -> None:
        yesterday = timezone.localdate() - timedelta(days=1)
        many = {"accounts": 5_000.0, "accounts_refused": 1.0}
        for day in (yesterday, yesterday + timedelta(days=1)):
            Day.objects.create(day=day, began={}, latest=many)
        with at(timezone.now()):
            chart = charts()[0]

        bar = chart.bars[-1]
        assert (bar.good, bar.bad) == (5_000, 1)
        assert bar.bad_height > 0
        assert bar.bad_y >= 0
        assert bar.good_y + bar.good_height == HEIGHT
        assert len(chart.bars) == DAYS

    def test_there_are_none_before_anything_was_noted(self) -> None:
        browser, _ = signed_in("admin")
        assert charts() == []
        assert b"The last 30 days" not in browser.get("/admin/").content

    def test_the_page_draws_them_and_says_the_numbers_as_a_table(self) -> None:
        browser, _ = signed_in("manager")
        note_day()
        count("kiosk_logins", 1_234)
        note_day()

        text = browser.get("/admin/").content.decode()

        assert "<strong>Signing in</strong> 1,234 let in" in text
        assert re.search(r"<td>1,234</td><td>0</td>", text)
        assert "style=" not in text[text.index("start-charts") : text.index("latest-heading")]

    def test_whoever_sees_one_place_alone_sees_no_numbers_of_all(self) -> None:
        note_day()
        lead, _ = team_lead()
        assert b"The last 30 days" not in lead.get("/admin/").content


class TodayTests(TestCase):
    def names(self, side: str, actor: Actor = ADMIN) -> list[str]:
        return [mover.name.split(" (")[0] for mover in movers(actor)[side].movers]

    def test_who_was_added_or_came_back_today_joins(self) -> None:
        ana = add_employee({"name": "Ana New", "auth_method": "pin"}, "work", ADMIN)
        ben = make_employee(name="Ben Back", is_active=False)
        reactivate(ben.pk, ADMIN)
        make_employee(name="Cy Ever")

        assert self.names("joining") == [str(ana).split(" (")[0], str(ben).split(" (")[0]]
        assert self.names("leaving") == []

    def test_who_was_deactivated_today_leaves_and_is_no_joiner_any_more(self) -> None:
        ana = add_employee({"name": "Ana New", "auth_method": "pin"}, "work", ADMIN)
        deactivate(ana.pk, ADMIN)

        assert self.names("joining") == []
        assert self.names("leaving") == [str(ana).split(" (")[0]]

    def test_who_was_brought_back_at_once_does_not_leave(self) -> None:
        ana = make_employee(name="Ana Ever")
        deactivate(ana.pk, ADMIN)
        reactivate(ana.pk, ADMIN)

        assert self.names("leaving") == []

    def test_yesterdays_are_not_todays(self) -> None:
        add_employee({"name": "Ana New", "auth_method": "pin"}, "work", ADMIN)
        Change.objects.update(at=timezone.now() - timedelta(days=1))

        assert self.names("joining") == []

    def test_what_is_planned_for_today_is_said_with_its_time(self) -> None:
        leaver = make_employee(name="Lee Planned")
        with at(NOON):
            PlannedMove.objects.create(
                employee=leaver,
                kind="leave",
                at=NOON + timedelta(hours=5),
                zone="America/Chicago",
                planned_by="x",
            )
            (mover,) = movers(ADMIN)["leaving"].movers
            tomorrow = movers(ADMIN)["joining"].movers

        assert mover.when == "planned for 17:00 CST"
        assert tomorrow == []

    def test_only_those_in_sight_are_shown(self) -> None:
        add_employee({"name": "Ana", "auth_method": "pin", "workspace": "TX"}, "work", ADMIN)
        lead, actor = team_lead()

        assert reverse("admin:index") == "/admin/"
        assert lead.get("/admin/").context["today"]["joining"].movers == []

    def test_a_crowd_is_cut_and_the_rest_counted(self) -> None:
        for number in range(8):
            add_employee({"name": f"Ana {number}", "auth_method": "pin"}, "work", ADMIN)

        side = movers(ADMIN)["joining"]

        assert len(side.movers) == 6
        assert side.more == 2


@pytest.mark.django_db
def test_old_days_go() -> None:
    with at(NOON - timedelta(days=500)):
        note_day()
    with at(NOON):
        note_day()

    assert [row.day for row in Day.objects.all()] == [NOON.date()]
