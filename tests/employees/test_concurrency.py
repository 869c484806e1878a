from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.urls import reverse

from auth0sync.due import note
from employees import services
from employees.errors import EmailTaken
from employees.models import Change, Employee
from tests.builders import CommittedTestCase, boss, make_employee
from tests.employees.histories import known


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same moment, a connection each; an EmailTaken counts as a result."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(10)
        try:
            return call()
        except EmailTaken as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class AtTheSameMomentTests(CommittedTestCase):
    def test_two_managers_on_one_row_keep_each_others_columns(self) -> None:
        ada = make_employee(phone_number="1", department="Picking")

        at_once(
            lambda: services.change_employee(ada.pk, {"phone_number": "2"}, boss()),
            lambda: services.change_employee(ada.pk, {"department": "Packing"}, boss()),
        )

        ada.refresh_from_db()
        self.assertEqual((ada.phone_number, ada.department), ("2", "Packing"))

    def test_of_ten_who_add_one_email_nine_are_told_whose_it_is(self) -> None:
        def add(number: int) -> Callable[[], Any]:
            values = {"name": f"Ada {number}", "email": "ada@example.com"}
            return lambda: services.add_employee(values, "work", boss())

        results = at_once(*(add(number) for number in range(10)))

        ada = Employee.objects.get(email="ada@example.com")
        refused = [result for result in results if isinstance(result, EmailTaken)]
        self.assertEqual([error.other_id for error in refused], [ada.pk] * 9)

    def test_ten_people_added_at_once_are_ten_people(self) -> None:
        def add(number: int) -> Callable[[], Any]:
            values = {"name": f"Ada {number}", "email": f"ada{number}@example.com"}
            return lambda: services.add_employee(values, "personal", boss())

        added = at_once(*(add(number) for number in range(10)))

        self.assertEqual(len({employee.pk for employee in added}), 10)
        self.assertEqual(Employee.objects.count(), 10)

    def test_of_several_who_save_another_phone_at_once_one_wins_and_the_others_are_told(
        self,
    ) -> None:
        ada = known(phone_number="1")
        page = reverse("admin:employees_employee_change", args=[ada.pk])

        def save(number: int) -> Callable[[], Any]:
            browser = Client()
            user = get_user_model().objects.create_superuser(f"manager-{number}")
            browser.force_login(user)
            form = browser.get(page).context["adminform"].form
            sent = {}
            for bound in form:
                value = bound.value()
                sent[bound.html_name] = sent[bound.html_initial_name] = (
                    "" if value is None else value
                )
            return lambda: browser.post(page, {**sent, "phone_number": f"555 {number}"})

        answers = at_once(*(save(number) for number in range(4)))

        statuses = sorted(answer.status_code for answer in answers)
        self.assertEqual(statuses, [200, 200, 200, 302])
        for answer in answers:
            if answer.status_code == 200:
                self.assertContains(answer, "while you were here")
        ada.refresh_from_db()
        changes = Change.objects.filter(employee_id=ada.pk, changes__has_key="phone_number")
        self.assertEqual(
            [change.changes["phone_number"] for change in changes], [["1", ada.phone_number]]
        )

    def test_two_people_with_one_email_are_changed_at_once(self) -> None:
        people = [make_employee(auth_method="auth0") for _ in range(2)]
        for number, person in enumerate(people):  # two texts, one address: SQL may write that
            Employee.objects.filter(pk=person.pk).update(email=" " * number + "ada@example.com")
        note([person.pk for person in people], actor="sql")

        def move(person: Employee, department: str) -> Callable[[], Any]:
            return lambda: services.change_employee(person.pk, {"department": department}, boss())

        for number in range(20):
            at_once(*(move(person, f"Department {number}") for person in people))

        found = Employee.objects.values_list("department", flat=True)
        self.assertEqual(list(found), ["Department 19"] * 2)
