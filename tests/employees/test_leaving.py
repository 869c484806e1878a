"""Deactivate, reactivate, archive, restore: the forecast, the button, and the undo."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from employees import services
from employees.authority import Actor
from employees.forecast import WAYS, forecast
from employees.models import Change, Employee, EmployeeAuth
from employees.undo import undo
from tests.builders import boss, make_auth, make_employee
from tests.employees.histories import known
from tests.employees.test_admin import LIST, AdminTestCase, page_of
from tests.signed_in import team_lead

CONFIRMED = reverse("admin:employees_employee_leaving")


class LeavingTestCase(AdminTestCase):
    def preview(self, way: str, *people: Employee) -> Any:
        """The page that the list's action leads to."""
        chosen = [person.pk for person in people]
        data = {"action": f"{way}_selected", "_selected_action": chosen}
        return self.client.post(LIST, data)

    def press(self, preview: Any) -> Any:
        """The button on that page."""
        return self.client.post(CONFIRMED, {"people": preview.context["signed"]})

    def act(self, way: str, *people: Employee) -> str:
        """Both, and what is said then."""
        return self.said(self.press(self.preview(way, *people)))

    def states(self, *people: Employee) -> list[tuple[bool, bool]]:
        rows = Employee.objects.in_bulk([person.pk for person in people])
        return [
            (rows[person.pk].is_active, rows[person.pk].archived_at is not None)
            for person in people
        ]


class ForecastTests(LeavingTestCase):
    def test_it_counts_by_workspace_how_many_of_how_many(self) -> None:
        texans = [make_employee(workspace="TX") for _ in range(3)]
        other = make_employee(workspace="MS")

        found = forecast(WAYS["deactivate"], [*texans[:2], other], boss())

        self.assertEqual(
            found.sentence,
            "Deactivates 2 of 3 active people in Texas and 1 of 1 active people in Mississippi.",
        )

    def test_who_is_inactive_already_is_not_counted_among_the_active(self) -> None:
        make_employee(workspace="TX")
        texan, off = make_employee(workspace="TX"), make_employee(workspace="TX", is_active=False)

        alone = forecast(WAYS["archive"], [off], boss())
        both = forecast(WAYS["archive"], [texan, off], boss())

        self.assertEqual(alone.sentence, "Archives 1 inactive person in Texas.")
        self.assertEqual(
            both.sentence, "Archives 1 of 2 active people in Texas and 1 inactive person in Texas."
        )

    def test_it_tells_who_is_so_already_and_who_is_out_of_reach(self) -> None:
        manager = Actor(name="admin:1", role="manager", employee_id=10**6)
        one, off = make_employee(), make_employee(is_active=False)
        equal = make_employee(auth0_role="manager")

        found = forecast(WAYS["deactivate"], [one, off, equal], manager)

        self.assertEqual((found.touched, found.already), ([one], [off]))
        self.assertEqual([person for person, _ in found.refused], [equal])

    def test_it_spares_the_last_administrator(self) -> None:
        first, last = (make_employee(auth0_role="admin", auth_method="auth0") for _ in "ab")

        found = forecast(WAYS["archive"], [first, last], boss())

        self.assertEqual(found.touched, [first])
        self.assertIn("last administrator", found.refused[0][1])

    def test_whom_connecteam_may_bring_back_tonight_is_said(self) -> None:
        known = [make_employee(connecteam_user_id="7"), make_employee(connecteam_user_id="8")]
        other = make_employee()

        for people, words in (
            ([known[0]], "This person is known to Connecteam"),
            ([known[0], other], "1 of them is known to Connecteam"),
            ([*known, other], "2 of them are known to Connecteam"),
        ):
            with self.subTest(words):
                self.assertContains(self.preview("deactivate", *people), words)
        self.assertNotContains(self.preview("deactivate", other), "known to Connecteam")

    def test_it_asks_as_often_for_many_as_for_one(self) -> None:
        people = [make_employee() for _ in range(20)]
        with CaptureQueriesContext(connection) as for_one:
            forecast(WAYS["deactivate"], people[:1], boss())

        with self.assertNumQueries(len(for_one)):
            forecast(WAYS["deactivate"], people, boss())

    def test_coming_back_is_told_without_an_of(self) -> None:
        off = make_employee(is_active=False, workspace="TX")

        found = forecast(WAYS["reactivate"], [off], boss())

        self.assertEqual(found.sentence, "Reactivates 1 person in Texas.")


class ActionTests(LeavingTestCase):
    def test_the_page_changes_nothing(self) -> None:
        ada = make_employee(name="Ada Quill")

        page = self.preview("deactivate", ada)

        self.assertContains(page, "Ada Quill")
        self.assertContains(page, "Auth0 accounts they have are blocked")
        self.assertEqual(self.states(ada), [(True, False)])

    def test_the_button_does_it_and_says_how_many(self) -> None:
        ada, ben = make_employee(), make_employee()
        make_auth(ada, login_token="t" * 43)

        said = self.act("deactivate", ada, ben)

        self.assertIn("2 people deactivated.", said)
        self.assertEqual(self.states(ada, ben), [(False, False)] * 2)
        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())

    def test_whoever_comes_to_the_button_by_the_log_in_reads_that_nothing_was_done(self) -> None:
        page = self.client.get(CONFIRMED, follow=True)

        self.assertEqual(page.redirect_chain, [(LIST, 302)])
        self.assertContains(page, "Nothing was done: press the button again.")

    def test_every_way_works(self) -> None:
        ada = make_employee()

        for way, state in (
            ("archive", (False, True)),
            ("restore", (False, False)),
            ("reactivate", (True, False)),
            ("deactivate", (False, False)),
        ):
            with self.subTest(way):
                self.act(way, ada)
                self.assertEqual(self.states(ada), [state])

    def test_what_changed_between_page_and_button_is_looked_at_again(self) -> None:
        ada, ben = make_employee(), make_employee()
        page = self.preview("deactivate", ada, ben)
        services.deactivate(ada.pk, boss())

        said = self.said(self.press(page))

        self.assertIn("1 person deactivated. 1 was so already.", said)

    def test_people_that_nobody_signed_are_refused(self) -> None:
        ada = make_employee()

        said = self.said(self.client.post(CONFIRMED, {"people": f"deactivate:{ada.pk}"}))

        self.assertIn("choose the people again", said)
        self.assertEqual(self.states(ada), [(True, False)])

    def test_a_page_has_its_own_buttons(self) -> None:
        ada = make_employee()
        url = reverse("admin:employees_employee_deactivate", args=[ada.pk])
        self.assertContains(self.client.get(page_of(ada)), url)

        response = self.press(self.client.get(url))

        self.assertRedirects(response, page_of(ada))
        self.assertEqual(self.states(ada), [(False, False)])

    def test_a_name_cannot_bring_markup_along(self) -> None:
        ada = make_employee(name="<b>Ada</b> O'Quill")

        self.assertNotContains(self.preview("deactivate", ada), "<b>Ada</b>")


class UndoTests(LeavingTestCase):
    def url(self) -> str:
        batch = Change.objects.exclude(batch="").latest("pk").batch
        return reverse("admin:employees_employee_undo", args=[batch])

    def test_everybody_of_one_click_is_as_before(self) -> None:
        off = make_employee(is_active=False)
        ada = make_employee()
        self.act("archive", ada, off)
        self.assertEqual(self.states(ada, off), [(False, True), (False, True)])

        self.client.post(self.url())

        self.assertEqual(self.states(ada, off), [(True, False), (False, False)])

    def test_the_page_names_them_and_changes_nothing(self) -> None:
        ada = make_employee(name="Ada Quill")
        self.act("deactivate", ada)

        self.assertContains(self.client.get(self.url()), "Ada Quill")
        self.assertEqual(self.states(ada), [(False, False)])

    def test_it_is_offered_on_the_page_of_the_person_with_who_did_it(self) -> None:
        ada = make_employee()
        self.act("deactivate", ada)

        page = self.client.get(page_of(ada))

        self.assertContains(page, self.url())
        self.assertContains(page, "Deactivated by manager a moment ago.")

    def test_it_is_not_offered_any_more_after_somebody_was_restored(self) -> None:
        ada = make_employee()
        self.act("archive", ada)
        url = self.url()
        self.act("restore", ada)

        self.client.get(page_of(ada))  # what was said so far, with its link
        self.assertNotContains(self.client.get(page_of(ada)), url)

    def test_it_ends_after_ten_minutes(self) -> None:
        ada = make_employee()
        self.act("deactivate", ada)
        url = self.url()
        Change.objects.update(at=timezone.now() - timedelta(minutes=11))

        self.client.post(url)

        self.assertEqual(self.states(ada), [(False, False)])
        self.client.get(page_of(ada))  # what was said so far, with its link
        self.assertNotContains(self.client.get(page_of(ada)), url)

    def test_whoever_was_changed_since_is_left_alone(self) -> None:
        ada, ben = make_employee(), make_employee()
        self.act("deactivate", ada, ben)
        url = self.url()
        services.archive(ada.pk, boss())

        said = self.said(self.client.post(url))

        self.assertIn("1 person is as before.", said)
        self.assertIn("Changed since, and left alone: 1.", said)
        self.assertEqual(self.states(ada, ben), [(False, True), (True, False)])

    def test_a_second_click_is_harmless(self) -> None:
        ada = make_employee()
        self.act("deactivate", ada)
        url = self.url()
        self.client.post(url)
        services.deactivate(ada.pk, boss())

        self.client.post(url)

        self.assertEqual(self.states(ada), [(False, False)], "the later deactivation stays")

    def test_a_team_lead_takes_back_what_concerns_her_people_and_hears_of_nobody_else(self) -> None:
        browser, _lead = team_lead()
        mine = make_employee(department="Picking", workspace="MS")
        other = make_employee(department="Packing", workspace="MS")
        self.act("deactivate", mine, other)

        answer = browser.post(self.url(), follow=True)

        self.assertEqual(self.said(answer), "1 person is as before.")
        self.assertEqual(self.states(mine, other), [(True, False), (False, False)])

    def test_it_is_refused_to_those_who_may_not_reactivate(self) -> None:
        ada = make_employee(auth0_role="manager")
        self.act("deactivate", ada)
        batch = Change.objects.exclude(batch="").latest("pk").batch

        found = undo(batch, Actor(name="admin:9", role="team_lead", department="Picking"))

        self.assertEqual((found.restored, [pk for pk, _ in found.refused]), ([], [ada.pk]))

    def test_it_stands_in_the_history(self) -> None:
        ada = known()
        self.act("deactivate", ada)
        self.client.post(self.url())

        actions = Change.objects.filter(employee_id=ada.pk).values_list("action", flat=True)
        self.assertEqual(list(actions.order_by("id")), ["deactivated", "undone"])
