"""Who can't work today: the groups, in SQL, and the page that shows them (P8)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, TestCase, override_settings
from django.urls import reverse

from employees.models import Employee
from employees.readiness import Missing, count_not_ready, not_ready
from tests.builders import make_auth, make_employee
from tests.signed_in import signed_in, team_lead

PAGE = reverse("admin:employees_employee_cannot_work")


def person(pin: bool = False, **over: Any) -> Employee:
    employee = make_employee(**over)
    if pin:
        make_auth(employee, pin="$2b$10$hash")
    return employee


def missing() -> dict[int, str]:
    return {row.pk: vars(row)["missing"] for row in not_ready(Employee.objects.all())}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "pin", "expected"),
    [
        ({"auth_method": "pin"}, False, "pin"),
        ({"auth_method": "pin"}, True, None),
        ({"auth_method": "hybrid", "auth0_sync_status": "verified"}, False, "pin"),
        ({"auth_method": "hybrid", "auth0_sync_status": "verified"}, True, None),
        ({"auth_method": "auth0", "email": None}, False, "email"),
        ({"auth_method": "auth0", "email": ""}, False, "email"),
        ({"auth_method": "auth0", "email": "nobody"}, False, "email"),
        ({"auth_method": "auth0", "email": "7@company.com"}, False, "email"),
        ({"auth_method": "auth0", "email": "7@COMPANY.com"}, False, "email"),
        ({"auth_method": "auth0", "email": None, "auth0_sync_status": "created"}, False, "email"),
        ({"auth_method": "auth0", "email": None, "auth0_sync_status": "verified"}, False, None),
        ({"auth_method": "auth0"}, False, "account"),
        ({"auth_method": "auth0", "auth0_sync_status": ""}, False, "account"),
        ({"auth_method": "auth0", "auth0_sync_status": "pending"}, False, "account"),
        ({"auth_method": "auth0", "auth0_sync_status": "failed"}, False, "account"),
        ({"auth_method": "auth0", "auth0_sync_status": "created"}, False, "verified"),
        ({"auth_method": "auth0", "auth0_sync_status": "verified"}, False, None),
        ({"auth_method": "hybrid", "email": None}, False, "pin"),
        ({"auth_method": "pin", "email": None}, True, None),
        ({"auth_method": "pin", "is_active": False}, False, None),
        ({"auth_method": "pin", "archived_at": datetime(2026, 3, 1, tzinfo=UTC)}, False, None),
    ],
)
def test_each_stands_in_the_group_of_the_first_thing_missing(
    columns: dict[str, Any], pin: bool, expected: str | None
) -> None:
    employee = person(pin, **columns)
    assert missing() == ({employee.pk: expected} if expected else {})


class PinTests(TestCase):
    def test_a_row_with_an_empty_pin_is_none(self) -> None:
        ana = make_employee(auth_method="pin")
        make_auth(ana, pin="", pin_plain="")
        self.assertEqual(missing(), {ana.pk: "pin"})

    def test_a_plain_pin_that_flask_left_counts_but_a_copy_alone_opens_no_door(self) -> None:
        ana, ben = make_employee(auth_method="pin"), make_employee(auth_method="pin")
        make_auth(ana, pin="7391")
        make_auth(ben, pin_plain="7391")
        self.assertEqual(missing(), {ben.pk: "pin"})


class PageTests(TestCase):
    def setUp(self) -> None:
        self.browser, _ = self.manager()

    def manager(self) -> tuple[Client, Employee]:
        browser, manager = signed_in("manager", auth0_sync_status="verified")
        return browser, manager

    def test_everybody_able_to_work_is_said(self) -> None:
        self.assertContains(self.browser.get(PAGE), "Everybody can work today.")

    def test_each_person_has_one_step(self) -> None:
        ana = person(auth_method="pin", name="Ana Ortiz")
        ben = person(auth_method="auth0", email="7@company.com", name="Ben Ash")

        page = self.browser.get(PAGE)

        steps = {row.pk: (label, step) for row, label, step in page.context["rows"]}
        change = reverse("admin:employees_employee_change", args=[ben.pk])
        self.assertEqual(steps[ana.pk][0], "No PIN")
        self.assertEqual(steps[ana.pk][1].label, "Set a PIN")
        self.assertEqual(steps[ben.pk][0], "No usable e-mail")
        self.assertEqual(steps[ben.pk][1].url, f"{change}#id_email")
        self.assertContains(page, "Edit the e-mail: Ben Ash")

    def test_an_email_that_only_the_database_takes_for_one_is_to_be_edited(self) -> None:
        ana = person(auth_method="auth0", email="ana@", auth0_sync_status=None)

        ((row, label, step),) = self.browser.get(PAGE).context["rows"]

        self.assertEqual((row, label, step.label), (ana, "No usable e-mail", "Edit the e-mail"))

    def test_groups_and_places_narrow_it_and_the_counts_follow(self) -> None:
        ana = person(auth_method="pin", workspace="TX", department="Packing")
        ben = person(auth_method="auth0", workspace="TX", department="Picking")
        person(auth_method="pin", workspace="MS")

        def shown(query: str) -> list[Employee]:
            return [row for row, _, _ in self.browser.get(f"{PAGE}?{query}").context["rows"]]

        self.assertEqual(shown("workspace=TX"), [ana, ben])
        self.assertEqual(shown("workspace=TX&missing=pin"), [ana])
        self.assertEqual(shown("department=Picking&workspace=TX"), [ben])
        self.assertEqual(len(shown("missing=nonsense")), 3)
        self.assertEqual(self.browser.get(f"{PAGE}?workspace=TX").context["everybody"], 2)
        self.assertContains(self.browser.get(f"{PAGE}?department=Nowhere"), "Nobody here.")

    def test_a_team_lead_sees_her_own_people(self) -> None:
        lead, _ = team_lead(auth0_sync_status="verified")
        mine = person(auth_method="pin", department="Picking", workspace="MS")
        person(auth_method="pin", department="Packing", workspace="MS")

        page = lead.get(PAGE)

        self.assertEqual([row for row, _, _ in page.context["rows"]], [mine])
        self.assertEqual(page.context["departments"], ["Picking"])
        self.assertEqual(page.context["everybody"], 1)

    def test_finance_is_told_to_ask_somebody(self) -> None:
        finance, _ = signed_in("finance", auth0_sync_status="verified")
        person(auth_method="pin")

        page = finance.get(PAGE)

        self.assertContains(page, "ask a manager")
        self.assertNotContains(page, ">Set a PIN</a>")

    def test_it_is_closed_to_strangers_and_associates(self) -> None:
        self.assertEqual(Client().get(PAGE).status_code, 302)
        self.assertEqual(signed_in("production_associate")[0].get(PAGE).status_code, 302)
        stray = User.objects.create_user("stray", is_staff=True)
        browser = Client()
        browser.force_login(stray)
        self.assertEqual(browser.get(PAGE).status_code, 403)

    def test_it_comes_in_pages_and_asks_as_often_for_many_as_for_few(self) -> None:
        for _ in range(60):
            person(auth_method="pin")

        with self.assertNumQueries(15):
            first = self.browser.get(PAGE)
        last = self.browser.get(f"{PAGE}?p=2")

        self.assertEqual(len(first.context["rows"]), 50)
        self.assertEqual(len(last.context["rows"]), 10)
        self.assertContains(first, "Page 1 of 2")
        self.assertEqual(len(self.browser.get(f"{PAGE}?p=nonsense").context["rows"]), 50)


class CountTests(TestCase):
    def test_the_groups_are_counted_in_one_query(self) -> None:
        person(auth_method="pin")
        person(auth_method="pin")
        person(auth_method="auth0", auth0_sync_status="created")

        with self.assertNumQueries(1):
            counts = count_not_ready(Employee.objects.all(), whose="everybody")

        self.assertEqual(counts, {Missing.PIN: 2, Missing.VERIFIED: 1})

    @override_settings(PLACEHOLDER_EMAIL_DOMAINS=["nowhere.example"])
    def test_the_placeholders_are_those_of_the_settings(self) -> None:
        ana = person(auth_method="auth0", email="7@nowhere.example", auth0_sync_status=None)
        ben = person(auth_method="auth0", email="7@company.com", auth0_sync_status=None)
        self.assertEqual(missing(), {ana.pk: "email", ben.pk: "account"})
