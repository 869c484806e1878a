"""Somebody is left who may do everything, whatever happens at the same moment (L7)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from django.db import connection, connections
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from employees import services
from employees.authority import Actor, program
from employees.errors import LastAdministrator
from employees.models import Employee
from employees.selectors import administrators
from tests.builders import CommittedTestCase, boss, make_employee

Removal = Callable[[int, Actor], Any]

REMOVALS: dict[str, Removal] = {
    "deactivated": services.deactivate,
    "archived": services.archive,
    "given a lower role": lambda pk, actor: services.change_employee(
        pk, {"auth0_role": "manager"}, actor
    ),
    "back to the PIN": lambda pk, actor: services.change_employee(
        pk, {"auth_method": "pin"}, actor
    ),
}


def make_admin(**over: Any) -> Employee:
    return make_employee(**{"auth0_role": "admin", "auth_method": "auth0", **over})


class LastAdministratorTests(TestCase):
    def test_the_last_one_stays(self) -> None:
        last = make_admin()
        for name, remove in REMOVALS.items():
            for actor in (boss(), program("import")):
                with self.subTest((name, actor.name)), self.assertRaises(LastAdministrator):
                    remove(last.pk, actor)

        self.assertEqual([row.pk for row in administrators()], [last.pk])

    def test_one_of_two_may_go(self) -> None:
        make_admin()
        for name, remove in REMOVALS.items():
            with self.subTest(name):
                other = make_admin()
                remove(other.pk, boss())
                self.assertNotIn(other, administrators())

    def test_the_table_is_not_searched_for_another_one_when_no_administrator_leaves(self) -> None:
        """For a thousand people at one click that made all the difference."""
        person = make_employee(pk=1_234_567)

        with CaptureQueriesContext(connection) as asked:
            services.deactivate(person.pk, boss())

        for_role = [query["sql"] for query in asked if "'admin'" in query["sql"]]
        self.assertEqual([sql for sql in for_role if "1234567" not in sql], [])

    def test_whoever_can_not_sign_in_with_auth0_is_no_second_one(self) -> None:
        last = make_admin()
        make_admin(auth_method="pin")
        make_admin(is_active=False)
        services.archive(make_admin().pk, boss())

        for name, remove in REMOVALS.items():
            with self.subTest(name), self.assertRaises(LastAdministrator):
                remove(last.pk, boss())

    def test_a_role_that_only_looks_like_it_is_no_second_one(self) -> None:
        last = make_admin()
        for role in ("Admin", "ADMIN", "admin ", "ádmin"):
            make_admin(auth0_role=role)

        for name, remove in REMOVALS.items():
            with self.subTest(name), self.assertRaises(LastAdministrator):
                remove(last.pk, boss())

    def test_the_refusal_names_the_field_where_there_is_one(self) -> None:
        last = make_admin()
        for column, value in (("auth0_role", "finance"), ("auth_method", "pin")):
            with self.subTest(column), self.assertRaises(LastAdministrator) as caught:
                services.change_employee(last.pk, {column: value}, boss())
            self.assertEqual(caught.exception.field, column)

    def test_everything_else_of_the_last_one_can_be_changed(self) -> None:
        last = make_admin()

        services.change_employee(last.pk, {"name": "New", "auth_method": "hybrid"}, boss())

        last.refresh_from_db()
        self.assertEqual((last.name, last.auth_method), ("New", "hybrid"))

    def test_one_who_is_switched_off_already_can_be_put_away(self) -> None:
        make_admin()
        off = make_admin(is_active=False)

        self.assertTrue(services.archive(off.pk, boss()))


class AtTheSameMomentTests(CommittedTestCase):
    def test_two_who_remove_each_other_leave_one(self) -> None:
        for first, second in (
            ("deactivated", "deactivated"),
            ("given a lower role", "given a lower role"),
            ("deactivated", "back to the PIN"),
            ("archived", "given a lower role"),
        ):
            with self.subTest((first, second)):
                Employee.objects.all().delete()
                ada, ben = make_admin(), make_admin()

                refused = at_once(
                    partial(REMOVALS[first], ben.pk, as_admin(ada)),
                    partial(REMOVALS[second], ada.pk, as_admin(ben)),
                )

                self.assertEqual(administrators().count(), 1)
                self.assertEqual(refused, 1)

    def test_of_many_removed_at_once_one_is_left(self) -> None:
        people = [make_admin() for _ in range(5)]

        refused = at_once(*(partial(services.deactivate, person.pk, boss()) for person in people))

        self.assertEqual((administrators().count(), refused), (1, 1))


def as_admin(person: Employee) -> Actor:
    return Actor(f"admin:{person.pk}", "admin", person.pk)


def at_once(*calls: Callable[[], Any]) -> int:
    """Run the calls at the same moment, a connection each; return how many were refused."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> bool:
        start.wait(30)
        try:
            call()
        except LastAdministrator:
            return True
        finally:
            connections.close_all()
        return False

    with ThreadPoolExecutor(len(calls)) as pool:
        return sum(pool.map(run, calls))
