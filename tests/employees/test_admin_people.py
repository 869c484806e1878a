"""Whom each role sees on the pages of people, and what is open to them there (L7)."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, TestCase
from django.urls import reverse

from employees.models import Employee, EmployeeUser
from tests.builders import make_employee, make_mapping, make_role
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.once

LIST = reverse("admin:employees_employee_changelist")
ADD = reverse("admin:employees_employee_add")
MAPPINGS = reverse("admin:employees_podfactorymapping_changelist")
AUTOCOMPLETE = reverse("admin:autocomplete")


def page_of(employee: Employee) -> str:
    return reverse("admin:employees_employee_change", args=[employee.pk])


def names(browser: Client, query: str = "") -> set[str]:
    rows = browser.get(f"{LIST}?{query}").context["cl"].result_list
    return {row.name for row in rows}


class TeamLeadTests(TestCase):
    def setUp(self) -> None:
        self.browser, self.lead = team_lead(name="Lea Lead")
        self.mine = make_employee(name="Ana Mine", department="Picking", workspace="MS")
        self.elsewhere = make_employee(name="Ana Texas", department="Picking", workspace="TX")
        self.other = make_employee(name="Ana Packing", department="Packing", workspace="MS")

    def test_the_list_holds_her_people_and_herself(self) -> None:
        self.assertEqual(names(self.browser), {"Lea Lead", "Ana Mine"})

    def test_search_by_name_and_by_number_finds_nobody_else(self) -> None:
        self.assertEqual(names(self.browser, "q=ana"), {"Ana Mine"})
        self.assertEqual(names(self.browser, f"q={self.other.pk}") & {"Ana Packing"}, set())

    def test_a_place_that_only_looks_like_hers_is_another_one(self) -> None:
        """MariaDB compares without case, accents and space at the end; the rules don't."""
        for place in (
            {"department": "picking", "workspace": "MS"},
            {"department": "Picking ", "workspace": "MS"},
            {"department": "Pícking", "workspace": "MS"},
            {"department": "Picking", "workspace": "ms"},
        ):
            person = make_employee(name="Ana Almost", **place)
            with self.subTest(place):
                self.assertEqual(names(self.browser), {"Lea Lead", "Ana Mine"})
                self.assertEqual(names(self.browser, "q=almost"), set())
                self.assertEqual(self.browser.get(page_of(person)).status_code, 302)

    def test_a_place_with_accents_is_hers_all_the_same(self) -> None:
        place = {"department": "Étiquetage ✓", "workspace": "MS"}
        browser, _lead = team_lead(name="Léa", **place)
        make_employee(name="Anaïs", **place)

        self.assertEqual(names(browser), {"Léa", "Anaïs"})

    def test_a_filter_for_another_place_finds_nobody(self) -> None:
        self.assertEqual(names(self.browser, "department=Packing"), set())
        self.assertEqual(names(self.browser, "workspace=TX"), set())

    def test_the_filters_offer_her_own_place_alone(self) -> None:
        specs = self.browser.get(LIST).context["cl"].filter_specs
        offered = {spec.title: spec.lookup_choices for spec in specs}

        self.assertEqual(offered["department"], [("Picking", "Picking")])
        self.assertEqual([value for value, _ in offered["workspace"]], ["MS"])

    def test_somebody_elses_page_is_like_nobodys(self) -> None:
        for person in (self.elsewhere.pk, self.other.pk, 2_000_000_000, 10**30):
            for name in ("change", "history"):
                url = reverse(f"admin:employees_employee_{name}", args=[person])
                with self.subTest(url):
                    self.assertRedirects(
                        self.browser.get(url), reverse("admin:index"), fetch_redirect_response=False
                    )

    def test_her_own_people_can_be_opened_and_changed(self) -> None:
        page = self.browser.get(page_of(self.mine))
        self.assertTrue(page.context["has_change_permission"])

    def test_her_own_page_is_only_to_be_read(self) -> None:
        page = self.browser.get(page_of(self.lead))
        self.assertFalse(page.context["has_change_permission"])
        self.assertEqual(self.browser.post(page_of(self.lead), {"name": "X"}).status_code, 403)

    def test_nobody_is_added(self) -> None:
        self.assertEqual(self.browser.get(ADD).status_code, 403)
        self.assertNotContains(self.browser.get(LIST), ADD)

    def test_autocomplete_offers_her_people_alone(self) -> None:
        user = User.objects.get(employee_link__employee=self.lead)
        for codename in ("add_podfactorymapping", "view_podfactorymapping"):
            user.user_permissions.add(Permission.objects.get(codename=codename))
        asked = {
            "app_label": "employees",
            "model_name": "podfactorymapping",
            "field_name": "employee",
            "term": "ana",
        }

        found = self.browser.get(AUTOCOMPLETE, asked).json()["results"]

        self.assertEqual([item["id"] for item in found], [str(self.mine.pk)])

    def test_mappings_of_others_stay_out_of_sight(self) -> None:
        user = User.objects.get(employee_link__employee=self.lead)
        user.user_permissions.add(Permission.objects.get(codename="view_podfactorymapping"))
        mine, _ = make_mapping(self.mine), make_mapping(self.other)

        rows = self.browser.get(MAPPINGS).context["cl"].result_list

        self.assertEqual(list(rows), [mine])

    def test_a_popup_shows_no_more_than_the_page(self) -> None:
        self.assertEqual(names(self.browser, "_popup=1"), {"Lea Lead", "Ana Mine"})
        self.assertEqual(self.browser.get(f"{LIST}?_popup=1&_to_field=notes").status_code, 400)


class ProbingTests(TestCase):
    def test_columns_can_not_be_spelled_out_by_lookups(self) -> None:
        make_employee(notes="private", department="Picking", workspace="MS")
        for browser in (team_lead()[0], signed_in("finance")[0], signed_in("manager")[0]):
            for lookup in (
                "notes__startswith=p",
                "email__startswith=p",
                "personal_email__contains=x",
                "user_link__user__password__startswith=m",
                "auth_rows__pin__startswith=s",
                "role__employees__email__startswith=p",
            ):
                with self.subTest(lookup):
                    self.assertEqual(browser.get(f"{LIST}?{lookup}").status_code, 400)

    def test_what_the_filters_ask_for_is_answered(self) -> None:
        browser, _ = signed_in("manager")
        for query in (
            "department=Picking&workspace=MS&state=active&auth0_role=manager",
            "auth_method__exact=pin",
            "department=&workspace=&state=&auth0_role=&auth_method__exact=&account=",
        ):
            with self.subTest(query):
                self.assertEqual(browser.get(f"{LIST}?{query}").status_code, 200)


class FinanceTests(TestCase):
    def setUp(self) -> None:
        self.browser, _ = signed_in("finance")
        self.ana = make_employee(department="Picking", workspace="TX")

    def test_everybody_is_seen_and_nothing_can_be_changed(self) -> None:
        self.assertIn(self.ana.name, names(self.browser))
        page = self.browser.get(page_of(self.ana))
        self.assertNotContains(page, 'name="_save"')
        self.assertNotContains(page, "<button class=")
        self.assertEqual(self.browser.post(page_of(self.ana), {"name": "X"}).status_code, 403)
        self.assertEqual(self.browser.get(ADD).status_code, 403)

    def test_no_action_is_offered_or_taken(self) -> None:
        self.assertNotContains(self.browser.get(LIST), 'name="action"')
        for action in ("deactivate_selected", "sync_now", "send_invitation_again"):
            self.browser.post(LIST, {"action": action, "_selected_action": [self.ana.pk]})
        self.ana.refresh_from_db()
        self.assertTrue(self.ana.is_active)


class ManagerTests(TestCase):
    def test_everybody_can_be_opened_and_people_can_be_added(self) -> None:
        browser, _ = signed_in("manager")
        boss = make_employee(auth0_role="admin", workspace="TX")

        self.assertTrue(browser.get(page_of(boss)).context["has_change_permission"])
        self.assertEqual(browser.get(ADD).status_code, 200)


class NobodyTests(TestCase):
    def assert_closed(self, browser: Client) -> None:
        ana = make_employee()
        for url in (LIST, ADD, page_of(ana), MAPPINGS):
            with self.subTest(url):
                self.assertIn(browser.get(url).status_code, (302, 403))

    def test_an_associate_has_no_way_in(self) -> None:
        self.assert_closed(signed_in("production_associate")[0])

    def test_permissions_without_a_person_open_nothing(self) -> None:
        user = User.objects.create_user("stray", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(content_type__app_label="employees"))
        browser = Client()
        browser.force_login(user)

        self.assert_closed(browser)

    def test_who_was_switched_off_is_out_with_the_next_page(self) -> None:
        browser, person = signed_in("manager")
        Employee.objects.filter(pk=person.pk).update(is_active=False)

        self.assert_closed(browser)

    def test_a_role_that_was_taken_away_counts_at_once(self) -> None:
        browser, person = signed_in("manager", department="Picking", workspace="MS")
        Employee.objects.filter(pk=person.pk).update(auth0_role="team_lead")
        other = make_employee(department="Packing", workspace="MS")

        self.assertIn(browser.get(page_of(other)).status_code, (302, 403))
        self.assertEqual(browser.get(ADD).status_code, 403)


class BreakGlassTests(TestCase):
    def test_a_superuser_without_a_person_may_everything(self) -> None:
        browser = Client()
        browser.force_login(User.objects.create_superuser("break-glass"))
        boss = make_employee(auth0_role="admin")
        make_role()

        self.assertFalse(EmployeeUser.objects.exists())
        self.assertTrue(browser.get(page_of(boss)).context["has_change_permission"])
        self.assertEqual(browser.get(ADD).status_code, 200)
