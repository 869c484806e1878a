"""Who somebody on the review list probably is (requirement P6)."""

from importlib import import_module
from typing import Any
from unittest import mock

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations import RunPython
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from employees import history, services
from employees.authority import Actor
from employees.models import Employee, Review, SearchKey
from employees.rehire import plain_name
from employees.review_names import alike, names_in, pairs_alike, pairs_of
from employees.review_suggestions import Suggestion, suggestions
from tests.builders import boss
from tests.outside import connecteam_inserts, podfactory_inserts


@pytest.mark.once
@pytest.mark.parametrize(
    ("one", "other", "score", "how"),
    [
        ("Ana Ortiz", "ORTIZ, Aná", 100, "the same name"),
        ("Оля Іванова", "Іванова Оля", 100, "the same name"),
        ("Ana Cruz", "Ana de la Cruz", 100, "the same name"),
        ("A. Ortiz", "Ana Ortiz", 91, "nearly the same name: an initial"),
        ("Bob Smith", "Robert Smith", 95, "nearly the same name: Bob for Robert"),
        ("Alex Petrov", "Alexander Petrov", 95, "nearly the same name: Alex for Alexander"),
        ("Ana Ortiz", "Ana María Ortiz", 93, "nearly the same name: a further name"),
        ("Jon Smith", "John Smith", 86, "nearly the same name: another spelling"),
        (
            "Pepe Fernandes",
            "José Fernández",
            84,
            "nearly the same name: Pepe for Jose and another spelling",
        ),
    ],
)
def test_names_of_one_person(one: str, other: str, score: int, how: str) -> None:
    for first, second in ((one, other), (other, one)):
        assert alike(plain_name(first), plain_name(second)) == (score, how)
    assert pairs_alike(plain_name(one)) & pairs_of(plain_name(other))


@pytest.mark.once
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("María García", "Mario García"),
        ("Ana Ortiz", "Ana Reyes"),
        ("Ana", "Ana Ortiz"),
        ("A. O.", "Ana Ortiz"),
        ("B. Smith", "Robert Smith"),
        ("Anne Andersen", "Anna Anderson"),
        ("", ""),
    ],
)
def test_names_of_two_people(one: str, other: str) -> None:
    assert alike(plain_name(one), plain_name(other)) == (0, "")


@pytest.mark.once
def test_an_email_may_stand_for_a_name() -> None:
    assert names_in("john.smith") == {"john smith"}
    assert names_in("john_smith2") == {"john smith"}
    assert names_in("jsmith") == {"j smith", "h jsmit"}
    assert names_in("ana") == names_in("1234") == set()


class SuggestionTests(TestCase):
    def setUp(self) -> None:
        self.ana = self.known(name="Ana Ortiz", phone_number="662 555 0100")

    def known(self, **columns: Any) -> Employee:
        return services.add_employee({"department": "Picking", **columns}, "none", boss())

    def found(self, number: int, actor: Actor | None = None) -> list[Suggestion]:
        history.notice_changes([number])
        person = Employee.objects.get(pk=number)
        return suggestions([person], actor or boss())[number]

    def only(self, number: int) -> tuple[int, int, tuple[str, ...]]:
        (one,) = self.found(number)
        return one.employee.pk, one.score, one.reasons

    def test_the_same_name_is_found(self) -> None:
        number = connecteam_inserts("ORTIZ Ana")

        self.assertEqual(self.only(number), (self.ana.pk, 100, ("the same name",)))

    def test_nobody_is_found_where_nobody_is_alike(self) -> None:
        self.assertEqual(self.found(connecteam_inserts("Bo Ash")), [])

    def test_a_name_from_before_says_so(self) -> None:
        services.change_employee(self.ana.pk, {"name": "Ana Reyes"}, boss())

        number = connecteam_inserts("Ana Ortiz")

        reasons = ("the same name, which they had before",)
        self.assertEqual(self.only(number), (self.ana.pk, 100, reasons))

    def test_a_phone_and_a_name_count_more_than_either(self) -> None:
        number = connecteam_inserts("A Ortiz", phone_number="+1 (662) 555-0100")

        reasons = ("nearly the same name: an initial", "the same phone")
        self.assertEqual(self.only(number), (self.ana.pk, 94, reasons))

    def test_the_same_connecteam_id_is_nearly_proof(self) -> None:
        Employee.objects.filter(pk=self.ana.pk).update(connecteam_user_id="7")

        number = connecteam_inserts("Somebody Else", connecteam_user_id="7")

        self.assertEqual(self.only(number), (self.ana.pk, 99, ("the same Connecteam id",)))

    def test_an_old_email_is_found(self) -> None:
        services.change_employee(self.ana.pk, {"email": "worker7@example.com"}, boss())
        services.change_employee(self.ana.pk, {"email": "ana.new@example.com"}, boss())

        number = connecteam_inserts("Somebody Else", email="worker7@example.com")

        self.assertEqual(self.only(number), (self.ana.pk, 96, ("the same e-mail",)))

    def test_podfactorys_email_less_its_suffix_is_read_as_a_name(self) -> None:
        number = podfactory_inserts("aortiz", "ana.ortizheatpress@example.com")

        self.assertEqual(self.only(number), (self.ana.pk, 96, ("the same name (by the e-mail)",)))

    def test_podfactorys_name_and_an_initial_in_its_email_count(self) -> None:
        number = podfactory_inserts("Worker 7", "aortizshp@example.com")

        self.assertEqual(
            self.only(number),
            (self.ana.pk, 87, ("nearly the same name: an initial (by the e-mail)",)),
        )

    def test_three_at_most_and_the_likeliest_first(self) -> None:
        others = [self.known(name="Ana Maria Ortiz") for _ in range(3)]

        found = self.found(connecteam_inserts("Ana Ortiz"))

        expected = [self.ana.pk, others[0].pk, others[1].pk]
        self.assertEqual([one.employee.pk for one in found], expected)

    def test_a_row_that_was_merged_is_nobody(self) -> None:
        Review.objects.create(pk=self.ana.pk, state=Review.State.MERGED)

        self.assertEqual(self.found(connecteam_inserts("Ana Ortiz")), [])

    def test_nobody_out_of_sight_is_named(self) -> None:
        lead = Actor("admin:5", "team_lead", 5, "Packing", "MS")

        self.assertEqual(self.found(connecteam_inserts("Ana Ortiz"), lead), [])

    def test_accents_are_told_apart_in_emails(self) -> None:
        self.known(name="Some Body", personal_email="jose@example.com")

        self.assertEqual(self.found(connecteam_inserts("Jo", email="josé@example.com")), [])

    def test_many_with_alike_names_dont_crowd_out_who_has_the_same_phone(self) -> None:
        for number in range(4):
            self.known(name=f"Ana{number} Ortiz")
        number = connecteam_inserts("Ana Orozco Ortiz", phone_number="662-555-0100")
        history.notice_changes([number])

        with mock.patch("employees.review_suggestions.CANDIDATES_MOST", 3):
            found = self.found(number)

        self.assertEqual(found[0].employee.pk, self.ana.pk)

    def test_many_cost_as_many_queries_as_one(self) -> None:
        numbers = [connecteam_inserts("Ana Ortiz") for _ in range(20)]
        history.notice_changes(numbers)
        people = list(Employee.objects.filter(pk__in=numbers))

        with CaptureQueriesContext(connection) as queries:
            found = suggestions(people, boss())

        self.assertEqual(len(queries), 7)
        self.assertEqual(len(found), 20)
        self.assertTrue(all(found.values()))

    def test_an_update_finds_again_whose_name_has_other_keys_than_before(self) -> None:
        module = import_module("employees.migrations.0031_read_outside_changes_by_time")
        number = connecteam_inserts("Марʼяна Коваль")
        history.notice_changes([number])
        keys = SearchKey.objects.filter(employee_id=number)
        now = set(keys.values_list("key", flat=True))
        keys.delete()
        SearchKey.objects.create(employee_id=number, key="name:коваль мар яна")  # as it was before

        steps = module.Migration.operations
        forwards: list[Any] = [step.code for step in steps if isinstance(step, RunPython)]
        for forward in forwards:
            forward(apps, None)

        self.assertLessEqual({"name:коваль маряна", *now}, set(keys.values_list("key", flat=True)))

    def test_the_migration_adds_the_keys_of_those_who_were_known_and_takes_them_back(self) -> None:
        migration = import_module("employees.migrations.0029_pair_names")
        pairs = SearchKey.objects.filter(key__startswith="pair:")
        others = SearchKey.objects.exclude(key__startswith="pair:").count()

        migration.remove_pairs(apps, None)
        self.assertEqual((pairs.count(), SearchKey.objects.count()), (0, others))

        migration.add_pairs(apps, None)
        self.assertEqual(set(pairs.values_list("key", flat=True)), {"pair:ana o", "pair:ortiz a"})
