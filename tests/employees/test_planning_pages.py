"""The pages on which joining and leaving are planned, shown and cancelled."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from employees import planning, services
from employees.models import Employee, PlannedMove
from tests.builders import boss, make_employee
from tests.employees.planned import at_time, in_days, plan_of, time_comes, works
from tests.employees.test_admin import ADD, LIST, NEWCOMER, AdminTestCase, page_of
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.once
PLANNED = reverse("admin:employees_employee_planned")
REHIRE = reverse("admin:employees_employee_rehire")


def url_of(name: str, person: Employee) -> str:
    return reverse(f"admin:employees_employee_{name}", args=[person.pk])


class PlanningTestCase(AdminTestCase):
    def leave(self, person: Employee, day: str, clock: str = "17:00", **more: str) -> Any:
        data = {"day": day, "clock": clock, "reason": "", **more}
        return self.client.post(url_of("plan_leaving", person), data)

    def cancel(self, plan: PlannedMove, **more: Any) -> Any:
        person = plan.employee
        return self.client.post(url_of("cancel_plan", person), {"plan": plan.pk, **more})


class OnACertainDayTests(PlanningTestCase):
    """Monday 30 November 2026, 6 in the morning at the plant."""

    def setUp(self) -> None:
        frozen = at_time(2026, 11, 30, 12)
        frozen.__enter__()
        self.addCleanup(frozen.__exit__, None, None, None)
        super().setUp()
        self.ada = make_employee(name="Ada Quill", workspace="TX")

    def test_the_page_says_what_it_will_do_and_by_which_clock(self) -> None:
        page = self.client.get(url_of("plan_leaving", self.ada))

        self.assertContains(page, "Auth0 accounts they have are blocked")
        self.assertContains(page, "the plan can be cancelled")
        self.assertContains(page, "By the clock of America/Chicago, where it is Monday 30 November")
        self.assertContains(page, 'type="time" name="clock" value="17:00"')

    def test_it_is_planned_by_the_clock_of_the_workspace(self) -> None:
        answer = self.leave(self.ada, "2026-12-04", reason="End of  season")

        said = "Ada Quill leaves on Friday 4 December 2026 at 17:00 CST."
        self.assertEqual(self.said(answer), said)
        self.assertRedirects(answer, page_of(self.ada), fetch_redirect_response=False)
        page = self.client.get(page_of(self.ada))
        self.assertContains(page, said)
        self.assertContains(page, "Planned by manager: End of season")
        self.assertContains(page, ">Cancel</button>")
        self.assertNotContains(page, "Plan leaving")
        self.assertEqual(str(plan_of(self.ada).at), "2026-12-04 23:00:00+00:00")

    @override_settings(WORKSPACE_TIME_ZONES={"TX": "America/New_York"})
    def test_another_workspace_has_another_clock(self) -> None:
        answer = self.leave(self.ada, "2026-12-04")

        self.assertIn("at 17:00 EST", self.said(answer))
        self.assertEqual(str(plan_of(self.ada).at), "2026-12-04 22:00:00+00:00")

    def test_a_time_that_does_not_exist_is_resolved_and_said(self) -> None:
        said = self.said(self.leave(self.ada, "2027-03-14", "02:30"))

        self.assertIn("leaves on Sunday 14 March 2027 at 03:30 CDT.", said)
        self.assertIn("02:30 doesn’t exist on that day", said)

    def test_a_time_that_comes_twice_is_resolved_and_said(self) -> None:
        said = self.said(self.leave(self.ada, "2027-11-07", "01:30"))

        self.assertIn("leaves on Sunday 7 November 2027 at 01:30 CDT.", said)
        self.assertIn("comes twice on that day", said)

    def test_a_time_that_has_passed_is_refused_with_what_to_do(self) -> None:
        page = self.leave(self.ada, "2026-11-30", "05:59")

        self.assertContains(
            page,
            "That has passed: it is Monday 30 November 2026 at 06:00 CST. "
            "Deactivate them now instead.",
        )
        self.assertFalse(PlannedMove.objects.exists())

    def test_what_no_clock_shows_is_refused_beside_its_field(self) -> None:
        for day, clock, said in (
            ("", "17:00", "This field is required."),
            ("2026-12-04", "25:00", "Enter a valid time."),
            ("9999-12-31", "23:59", "look at the year again"),
            ("0001-01-01", "00:00", "look at the year again"),
        ):
            with self.subTest(day=day, clock=clock):
                self.assertContains(self.leave(self.ada, day, clock), said)

    def test_whoever_left_comes_back_at_the_beginning_of_a_day(self) -> None:
        ben = make_employee(name="Ben Ash", is_active=False)

        answer = self.client.post(url_of("plan_joining", ben), {"day": "2026-12-07"})

        self.assertEqual(
            self.said(answer), "Ben Ash comes back on Monday 7 December 2026 at 00:00 CST."
        )
        self.assertEqual(str(plan_of(ben, "join").at), "2026-12-07 06:00:00+00:00")

    def test_a_newcomer_for_a_later_day_is_hired_on_it(self) -> None:
        typed = {**NEWCOMER, "hire_date": "2026-11-30", "starts_on": "2026-12-07"}

        answer = self.client.post(ADD, typed)

        ada = Employee.objects.get(email="ada@example.com")
        self.assertIn(
            "Ada Quill starts on Monday 7 December 2026 at 00:00 CST; nobody can sign in as them "
            "before. Ada Quill gets an Auth0 account then; the invitation goes to ada@example.com.",
            self.said(answer),
        )
        self.assertEqual((works(ada), str(ada.hire_date)), (False, "2026-12-07"))
        self.assertContains(self.client.get(page_of(ada)), "Ada Quill starts on Monday 7 December")

    def test_a_hire_date_that_was_typed_stays(self) -> None:
        self.client.post(ADD, {**NEWCOMER, "hire_date": "2026-12-01", "starts_on": "2026-12-07"})

        self.assertEqual(str(Employee.objects.get(email="ada@example.com").hire_date), "2026-12-01")

    def test_today_and_nothing_mean_now(self) -> None:
        for number, day in enumerate(("", "2026-11-30")):
            email = f"now{number}@example.com"
            newcomer = {**NEWCOMER, "name": f"Ada{number}", "email": email, "starts_on": day}
            self.client.post(ADD, newcomer)
            self.assertTrue(works(Employee.objects.get(email=email)))
        self.assertFalse(PlannedMove.objects.exists())

    def test_a_day_that_has_passed_is_refused_beside_the_field(self) -> None:
        page = self.client.post(ADD, {**NEWCOMER, "starts_on": "2026-11-29"})

        errors = page.context["adminform"].form.errors
        self.assertEqual(set(errors), {"starts_on"})
        self.assertIn("That day has passed.", str(errors))

    def test_the_next_newcomer_starts_on_the_same_day(self) -> None:
        typed = {**NEWCOMER, "starts_on": "2026-12-07", "_addanother": "1"}

        self.assertIn("starts_on=2026-12-07", self.client.post(ADD, typed)["Location"])

    def test_who_is_here_already_is_found_with_the_day_on_which_they_join(self) -> None:
        self.client.post(ADD, {**NEWCOMER, "name": "Cleo Rust", "starts_on": "2026-12-07"})

        found = self.client.post(REHIRE, {"name": "Cleo Rust"}).json()["found"]

        self.assertEqual([one["do"] for one in found], ["Look"])
        self.assertIn("joins on Monday 7 December 2026 at 00:00 CST: the same name.", str(found))

    def test_bringing_back_from_the_form_keeps_the_later_day(self) -> None:
        ben = make_employee(name="Ben Ash", is_active=False)
        typed = {**NEWCOMER, "name": "Ben Ash", "starts_on": "2026-12-07"}
        url = url_of("bring_back", ben)

        page = self.client.post(url, typed)
        sent = dict(page.context["typed"])
        answer = self.client.post(url, {**sent, "confirmed": "yes"})

        self.assertContains(page, "Reactivates Ben Ash on Monday 7 December 2026 at 00:00 CST")
        self.assertIn("comes back on Monday 7 December 2026", self.said(answer))
        self.assertEqual((works(ben), plan_of(ben, "join").state), (False, "open"))

    def test_bringing_back_on_a_day_that_has_passed_is_refused(self) -> None:
        ben = make_employee(name="Ben Ash", is_active=False)
        typed = {**NEWCOMER, "name": "Ben Ash", "starts_on": "2026-11-02", "confirmed": "yes"}

        self.assertContains(self.client.post(url_of("bring_back", ben), typed), "has passed")

        self.assertFalse(works(ben))

    def test_the_list_shows_thirty_days_the_earliest_first(self) -> None:
        names = ("Cleo", "Dora", "Emil")
        cleo, dora, emil = (make_employee(name=name) for name in names)
        for person, day in ((emil, "2027-01-29"), (dora, "2026-12-24"), (cleo, "2026-12-04")):
            self.leave(person, day)

        page = self.client.get(PLANNED)

        self.assertEqual([one.employee.name for one in page.context["rows"]], ["Cleo", "Dora"])
        self.assertContains(page, "Friday 4 December 2026 at 17:00 CST")
        self.assertContains(page, "Show 1 more")
        everything = self.client.get(PLANNED, {"all": "1"})
        self.assertEqual([one.employee.name for one in everything.context["rows"]], list(names))


class WhatBecameOfItTests(PlanningTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ada = make_employee(name="Ada Quill")

    def planned(self) -> PlannedMove:
        return planning.plan_leaving(self.ada.pk, in_days(2), boss(self.manager.pk))

    def test_cancel_is_one_button_and_says_so(self) -> None:
        answer = self.cancel(self.planned())

        self.assertEqual(self.said(answer), "Cancelled: the leaving of Ada Quill.")
        self.assertRedirects(answer, page_of(self.ada), fetch_redirect_response=False)

    def test_pressed_twice_nothing_is_done_twice(self) -> None:
        plan = self.planned()
        self.cancel(plan)

        answer = self.cancel(plan, **{"from": "list"})

        self.assertIn("Nothing was done", self.said(answer))
        self.assertRedirects(answer, PLANNED)

    def test_a_plan_of_somebody_else_or_no_number_does_nothing(self) -> None:
        plan = self.planned()
        for sent in (plan.pk, "x", ""):
            other = url_of("cancel_plan", make_employee())
            self.assertIn("Nothing was done", self.said(self.client.post(other, {"plan": sent})))
        self.assertEqual(plan_of(self.ada).state, "open")

    def test_asked_without_the_button_nothing_is_cancelled(self) -> None:
        self.planned()

        page = self.client.get(url_of("cancel_plan", self.ada), follow=True)

        self.assertContains(page, "Nothing was done: press the button again.")

    def test_the_page_says_that_it_was_carried_out_and_offers_the_undo(self) -> None:
        self.planned()
        time_comes()

        page = self.client.get(page_of(self.ada))

        self.assertContains(page, "was carried out.")
        self.assertContains(page, "Deactivated by manager a moment ago.")
        self.assertNotContains(page, ">Cancel</button>")

    def test_late_it_says_when_it_happened(self) -> None:
        self.planned()
        time_comes(late=timedelta(hours=3))

        self.assertContains(self.client.get(page_of(self.ada)), "was carried out late, on ")
        self.assertContains(self.client.get(PLANNED), "was carried out late, on ")

    def test_overdue_it_says_what_it_waits_for(self) -> None:
        plan = self.planned()
        PlannedMove.objects.filter(pk=plan.pk).update(at=in_days(-1))

        self.assertContains(self.client.get(page_of(self.ada)), "as soon as the worker runs")

    def test_refused_it_stands_on_top_of_the_list_and_can_be_dismissed(self) -> None:
        last, other = (make_employee(auth0_role="admin", auth_method="auth0") for _ in "ab")
        for person in (last, other):
            planning.plan_leaving(person.pk, in_days(2), boss(self.manager.pk))
        time_comes()

        page = self.client.get(PLANNED)

        self.assertContains(page, "Not carried out: somebody has to decide")
        self.assertContains(page, "This is the last administrator")
        self.assertContains(self.client.get(page_of(other)), ">Dismiss</button>")
        self.cancel(plan_of(other))
        self.assertNotContains(self.client.get(PLANNED), "Not carried out")

    def test_who_has_left_by_hand_is_not_on_the_list(self) -> None:
        self.planned()
        services.deactivate(self.ada.pk, boss())

        self.assertContains(self.client.get(PLANNED), "Nobody is planned to join or leave")

    def test_the_history_says_for_when(self) -> None:
        self.cancel(self.planned())

        page = self.client.get(url_of("history", self.ada))

        self.assertContains(page, "Leaving planned")
        self.assertContains(page, "Planned leaving cancelled")
        self.assertContains(page, "<dt>Leaves</dt>")

    def test_the_filter_finds_who_joins_or_leaves(self) -> None:
        self.planned()
        make_employee(name="Ben Ash")

        page = self.client.get(LIST, {"state": "planned"})

        self.assertContains(page, "Ada Quill")
        self.assertNotContains(page, "Ben Ash")

    def test_whoever_joins_later_cant_work_today_by_nobodys_fault(self) -> None:
        planning.add_joining({"name": "Cleo Rust"}, "work", boss(), in_days(2))

        page = self.client.get(reverse("admin:employees_employee_cannot_work"))

        self.assertNotContains(page, "Cleo Rust")

    def test_many_are_shown_with_as_many_queries_as_one(self) -> None:
        self.planned()
        with CaptureQueriesContext(connection) as for_one:
            self.client.get(PLANNED)
        for _ in range(12):
            planning.plan_leaving(make_employee().pk, in_days(2), boss(self.manager.pk))

        with self.assertNumQueries(len(for_one)):
            self.client.get(PLANNED)


class WhoMaySeeTests(PlanningTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.hers = make_employee(department="Picking", workspace="MS", name="Ada Quill")
        self.others = make_employee(department="Packing", workspace="MS", name="Ben Ash")
        for person in (self.hers, self.others):
            planning.plan_leaving(person.pk, in_days(2), boss())

    def test_a_team_lead_sees_only_her_own_people(self) -> None:
        browser, _ = team_lead()

        page = browser.get(PLANNED)

        self.assertContains(page, "Ada Quill")
        self.assertNotContains(page, "Ben Ash")
        self.assertEqual(self.status(browser, self.others), 404)

    def test_finance_reads_and_finds_no_button(self) -> None:
        browser, _ = signed_in("finance")

        self.assertNotContains(browser.get(PLANNED), ">Cancel</button>")
        self.assertContains(browser.get(page_of(self.hers)), "leaves on")
        self.assertEqual(self.status(browser, self.hers), 403)

    def test_an_associate_sees_nothing(self) -> None:
        browser, _ = signed_in("production_associate")

        self.assertNotEqual(browser.get(PLANNED).status_code, 200)

    def test_equals_are_out_of_reach_and_it_is_said(self) -> None:
        browser, _ = signed_in("manager")
        equal = make_employee(auth0_role="manager")
        planning.plan_leaving(equal.pk, in_days(2), boss())

        page = browser.get(url_of("plan_leaving", equal), follow=True)
        answer = browser.post(url_of("cancel_plan", equal), {"plan": plan_of(equal).pk})

        self.assertContains(page, "their role is as high as yours")
        self.assertIn("their role is as high as yours", self.said(answer))
        self.assertEqual(plan_of(equal).state, "open")

    def status(self, browser: Client, person: Employee) -> int:
        return browser.get(url_of("plan_leaving", person)).status_code
