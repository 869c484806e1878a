from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext

from auth0sync.models import Account
from employees.admin_podfactory import LOOKED_AT, ROWS
from employees.history import notice_changes
from employees.models import Auth0Role, Employee
from tests.builders import make_employee, make_mapping
from tests.employees.test_admin import NEWCOMER
from tests.signed_in import signed_in

pytestmark = pytest.mark.once

PAGE = "/admin/employees/employee/podfactory/"


def person(name: str, **over: object) -> Employee:
    """Somebody whom the console has noticed."""
    employee = make_employee(name=name, **over)
    notice_changes([employee.pk])
    return employee


class PodFactoryPageTests(TestCase):
    def setUp(self) -> None:
        self.browser, _ = signed_in(Auth0Role.ADMIN)

    def shown(self, query: str = "") -> list[tuple[str, str]]:
        rows = self.browser.get(f"{PAGE}?{query}").context["rows"]
        return [(row.standing.name, row.standing.outcome) for row in rows]

    def test_it_shows_who_is_not_found_and_says_how_many_are(self) -> None:
        ana = person("Ana Quill")
        person("Ben Hart")
        make_mapping(ana, podfactory_name="Anita", podfactory_email="anita@example.com")

        page = self.browser.get(PAGE)

        self.assertEqual(self.shown(), [("Ana Quill", "nobody")])
        self.assertContains(page, "PodFactory finds 2 of 3 people.")  # the administrator is one
        self.assertContains(page, "Nobody active answers to “anita”.")
        self.assertContains(page, "Anita, anita@example.com")
        self.assertContains(page, "The same name here and in PodFactory.")

    def test_everybody_and_who_left_are_shown_on_request(self) -> None:
        person("Ana Quill", department="Packing")
        ben = person("Ben Hart", is_active=False)
        person("Eve Ross", is_active=False)
        make_mapping(ben)

        self.assertEqual(self.shown("show=all&department=Packing"), [("Ana Quill", "found")])
        self.assertEqual(self.shown("show=left"), [("Ben Hart", "left")])
        self.assertContains(self.browser.get(PAGE), "Everybody is found.")
        self.assertContains(self.browser.get(f"{PAGE}?department=Nowhere"), "Nobody works here.")
        self.assertContains(self.browser.get(f"{PAGE}?show=all&workspace=TX"), "Nobody here.")
        self.assertContains(self.browser.get(f"{PAGE}?show=left&workspace=TX"), "Nobody left")

    def test_it_goes_on_behind_the_last_one_that_was_looked_at(self) -> None:
        people = [person(f"Ana Quill{number}") for number in range(5)]
        make_mapping(people[4], podfactory_name="nobody", podfactory_email=None)

        with mock.patch("employees.admin_podfactory.LOOKED_AT", 4):
            first = self.browser.get(PAGE)
            after = first.context["look"].after
            rest = self.browser.get(f"{PAGE}?after={after}")

        self.assertContains(first, "Of the first 4 PodFactory finds 4.")
        self.assertContains(first, f"after={after}")
        self.assertEqual([row.standing.employee_id for row in rest.context["rows"]], [people[4].pk])
        self.assertIsNone(rest.context["look"].after)
        self.assertContains(rest, "Of the next 2 PodFactory finds 1.")

    def test_a_page_ends_when_it_is_full_and_when_nobody_follows(self) -> None:
        for number in range(4):
            person(f"Ana Quill{number}", department="Packing")

        with mock.patch("employees.admin_podfactory.ROWS", 2):
            first = self.browser.get(f"{PAGE}?show=all&department=Packing").context["look"]
            query = f"show=all&department=Packing&after={first.after}"
            last = self.browser.get(f"{PAGE}?{query}").context["look"]

        self.assertEqual((len(first.rows), len(last.rows), last.after), (2, 2, None))
        self.assertLess(ROWS, LOOKED_AT)
        self.assertEqual(len(self.browser.get(f"{PAGE}?show=all&after=x").context["rows"]), 5)

    def test_it_asks_as_often_for_many_as_for_few(self) -> None:
        def queries(query: str) -> int:
            with CaptureQueriesContext(connection) as captured:
                self.browser.get(f"{PAGE}?{query}")
            return len(captured)

        make_mapping(person("Ana Quill"), podfactory_name="Anita", podfactory_email=None)
        before = [queries(""), queries("show=all")]
        for number in range(20):
            make_mapping(person("Ana Quill"), podfactory_name=f"Ana {number}")

        self.assertEqual([queries(""), queries("show=all")], before)

    def test_it_says_whether_auth0_has_the_name_and_the_e_mail(self) -> None:
        ana, ben, eve = (
            person(name, department="Packing", email=f"{name[:3].lower()}@example.com")
            for name in ("Ana Quill", "Ben Hart", "Eve Ross")
        )
        seen = {"user_id": "auth0|1", "email_verified": True, "given_name": None}
        seen |= {"family_name": None, "blocked": False, "roles": None, "closed": []}
        names = {"app_metadata": {"previous_names": ["Ana Hart"]}}
        as_it_is = {**seen, **names, "name": "Ana Quill", "email": "ana@example.com"}
        another = {**seen, "name": "Benny", "email": "benny@example.com"}
        Account.objects.create(employee_id=ana.pk, seen=as_it_is)
        Account.objects.create(employee_id=ben.pk, seen=another)

        page = self.browser.get(f"{PAGE}?show=all&department=Packing")

        self.assertEqual(
            [(row.standing.employee_id, row.in_auth0) for row in page.context["rows"]],
            [
                (ana.pk, "It has this name and e-mail. Earlier names: Ana Hart."),
                (ben.pk, "It has the name “Benny” and the e-mail benny@example.com."),
                (eve.pk, "No account."),
            ],
        )

    def test_a_team_lead_sees_her_own_people_and_no_other_name(self) -> None:
        lead, _ = signed_in(
            Auth0Role.TEAM_LEAD, name="Lia Lead", department="Picking", workspace="MS"
        )
        mine = person("Ana Quill", department="Picking", workspace="MS")
        other = person("ana quill", department="Packing", workspace="MS")

        page = lead.get(PAGE)

        self.assertEqual([row.standing.employee_id for row in page.context["rows"]], [mine.pk])
        self.assertContains(page, "somebody else answers to “ana quill” as well")
        self.assertNotContains(page, f"({other.pk})")

    def test_it_is_closed_to_whoever_may_see_nobody(self) -> None:
        browser = Client()
        browser.force_login(User.objects.create_user("stray", is_staff=True))

        self.assertEqual(browser.get(PAGE).status_code, 403)


class PersonsPageTests(TestCase):
    def setUp(self) -> None:
        self.browser, self.admin = signed_in(Auth0Role.ADMIN)

    def page_of(self, employee: Employee) -> str:
        page = f"/admin/employees/employee/{employee.pk}/change/"
        return self.browser.get(page).content.decode()

    def test_it_says_by_what_somebody_is_found_and_what_would_break_it(self) -> None:
        ana = person("Ana Quill")
        make_mapping(ana, podfactory_name="ana.quill", is_verified=True)

        page = self.page_of(ana)

        self.assertIn("By name with dots: “ana.quill”.", page)
        self.assertIn("What would break it", page)
        self.assertIn("verified", page)

    def test_it_says_what_mends_it_where_nobody_is_found(self) -> None:
        ana = person("Ana Quill")
        make_mapping(ana, podfactory_name="Anita", podfactory_email=None)

        page = self.page_of(ana)

        self.assertIn("The same name here and in PodFactory.", page)
        self.assertNotIn("What would break it", page)

    def test_of_somebody_who_left_and_whom_it_never_knew_it_says_nothing(self) -> None:
        self.assertNotIn("podfactory-heading", self.page_of(person("Ana Quill", is_active=False)))


class RenamingTests(TestCase):
    def setUp(self) -> None:
        self.browser, _ = signed_in(Auth0Role.ADMIN)
        self.ana = person("Ana Quill", department="Packing")
        make_mapping(self.ana, podfactory_name="Ana Quill", podfactory_email=None)

    def save(self, name: str, **more: str) -> str:
        """Send the form with this name, and no other change; the page that comes back, or ""."""
        page = f"/admin/employees/employee/{self.ana.pk}/change/"
        form = self.browser.get(page).context["adminform"].form
        data = {
            form.add_prefix(field.name): "" if field.value() is None else str(field.value())
            for field in form
        }
        initial = {form.add_initial_prefix(name): value for name, value in data.items()}
        answer = self.browser.post(page, {**data, **initial, "name": name, **more})
        self.ana.refresh_from_db()
        return answer.content.decode() if answer.status_code == 200 else ""

    def test_a_name_that_breaks_a_match_is_asked_about_once(self) -> None:
        asked = self.save("Ana Hart")
        self.assertEqual(self.ana.name, "Ana Quill")
        self.assertIn("it would find nobody any more, and add them as somebody new", asked)
        self.assertIn('name="name_anyway" value="Ana Hart"', asked)

        self.assertEqual(self.save("Ana Hart", name_anyway="Ana Hart"), "")
        self.assertEqual(self.ana.name, "Ana Hart")

    def test_the_tick_for_one_name_counts_for_no_other(self) -> None:
        self.assertIn("PodFactory would miss", self.save("Anna Hart", name_anyway="Ana Hart"))
        self.assertEqual(self.ana.name, "Ana Quill")

    def test_a_name_that_breaks_nothing_is_saved_at_once(self) -> None:
        self.assertEqual(self.save("ANA QUILL"), "")
        self.assertEqual(self.ana.name, "ANA QUILL")

    def test_a_team_lead_is_not_told_whom_she_does_not_see(self) -> None:
        other = person("Ben Hart", department="Picking", workspace="MS")
        self.browser, _ = signed_in(
            Auth0Role.TEAM_LEAD, name="Lia Lead", department="Packing", workspace="MS"
        )

        asked = self.save("Ben Hart")

        self.assertIn("PodFactory would know somebody else by this name, or a part of it", asked)
        self.assertNotIn(f"({other.pk})", asked)

    def test_a_team_lead_reads_no_e_mail_of_whom_she_does_not_see(self) -> None:
        other = person("Ben Hart", department="Picking", workspace="MS")
        make_mapping(other, podfactory_email="ben.hartpick@example.com")
        self.browser, _ = signed_in(
            Auth0Role.TEAM_LEAD, name="Lia Lead", department="Packing", workspace="MS"
        )

        asked = self.save("Ben Hart")

        self.assertIn("PodFactory knows somebody else by this name", asked)
        self.assertNotIn("ben.hartpick", asked)

    def test_the_tick_stays_when_something_else_is_wrong(self) -> None:
        page = self.save("Ana Hart", name_anyway="Ana Hart", email="no e-mail")

        self.assertIn('<input type="hidden" name="name_anyway" value="Ana Hart">', page)


class JoiningTests(TestCase):
    """Somebody is added, or comes back, whose name breaks how PodFactory finds another."""

    def setUp(self) -> None:
        self.browser, _ = signed_in(Auth0Role.ADMIN)
        make_mapping(person("Ana Quill"), podfactory_name="ana", podfactory_email=None)
        self.back = person("Ana Hart", is_active=False)

    def page(self, way: str) -> str:
        address = f"/admin/employees/employee/{self.back.pk}/{way}/"
        return self.browser.get(address).content.decode()

    def test_a_newcomer_is_asked_about_once_together_with_who_is_alike(self) -> None:
        add, sent = "/admin/employees/employee/add/", {**NEWCOMER, "name": "Ana Hart"}

        asked = self.browser.post(add, sent).content.decode()
        self.assertIn("With the name “Ana Hart” PodFactory would miss somebody", asked)
        self.assertIn("tells them apart", asked)
        self.assertIn("the same name", asked)  # as somebody who left

        halfway = self.browser.post(add, {**sent, "anyway": "1"}).content.decode()
        self.assertIn('name="anyway" value="1" checked', halfway)
        self.assertEqual(Employee.objects.filter(name="Ana Hart").count(), 1)

        self.browser.post(add, {**sent, "anyway": "1", "name_anyway": "Ana Hart"})
        self.assertEqual(Employee.objects.filter(name="Ana Hart").count(), 2)

    def test_the_pages_that_bring_people_back_say_it(self) -> None:
        said = "it couldn’t tell them from “Ana Hart” any more"

        self.assertIn(said, self.page("reactivate"))
        self.assertIn(said, self.page("plan-joining"))
        self.assertNotIn(said, self.page("archive"))

    def test_the_page_that_brings_back_with_another_name_says_it_of_that_name(self) -> None:
        typed = {**NEWCOMER, "name": "Ana Ross"}

        page = self.browser.post(f"/admin/employees/employee/{self.back.pk}/bring-back/", typed)

        self.assertContains(page, "it couldn’t tell them from “Ana Ross” any more")
