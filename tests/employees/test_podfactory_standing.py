import re
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models.functions import Lower, Trim
from django.test.utils import CaptureQueriesContext

from employees.authority import program
from employees.history import notice_changes
from employees.models import Employee, SearchKey
from employees.podfactory import Directory, lowered
from employees.podfactory_losses import NEWCOMER, lost_by_joining, lost_by_renaming
from employees.podfactory_standing import (
    Outcome,
    Standing,
    all_standings,
    known_to_podfactory,
    standings,
)
from employees.podfactory_words import reasons, sentences
from employees.rehire import POD_KEY
from employees.services import add_employee, change_employee, deactivate
from tests.builders import make_employee, make_mapping

pytestmark = pytest.mark.django_db
PROGRAM = program("tests")


def person(name: str, **over: Any) -> Employee:
    """Somebody whom the console has noticed."""
    employee = make_employee(name=name, **over)
    notice_changes([employee.pk])
    return employee


def standing_of(employee: Employee) -> Standing:
    (found,) = standings([Employee.objects.get(pk=employee.pk)])
    return found


def said_of(employee: Employee) -> list[str]:
    return without_numbers(reasons(standing_of(employee)))


def broken(employee: Employee, new_name: str) -> list[str]:
    found = lost_by_renaming({employee.pk: new_name}).get(employee.pk, [])
    return without_numbers(sentences(found, employee.pk, new_name))


def without_numbers(said: list[str]) -> list[str]:
    """ "Ana Quill (7)" as "Ana Quill": numbers differ from run to run."""
    return [re.sub(r" \(\d+\)", "", sentence) for sentence in said]


def test_somebody_without_a_mapping_is_looked_for_as_the_row_says() -> None:
    ana = person("Ana Quill")

    standing = standing_of(ana)

    assert (standing.outcome, standing.is_mapped) == (Outcome.FOUND, False)
    assert said_of(ana) == ["By name: “ana quill”."]


def test_somebody_has_to_be_found_by_every_mapping() -> None:
    ana = person("Ana Quill")
    make_mapping(ana, podfactory_name="ANA.QUILL")
    assert standing_of(ana).outcome == Outcome.FOUND

    make_mapping(ana, podfactory_name="A. Quill", podfactory_email="aqhp@example.com")

    assert (standing_of(ana).outcome, standing_of(ana).is_mapped) == (Outcome.NOBODY, True)
    assert said_of(ana) == [
        "By name with dots: “ana.quill”.",
        "Nobody active answers to “a. quill” or “aq”.",
    ]


def test_two_of_one_name_are_not_told_apart() -> None:
    ana, other = person("Ana Quill"), person("ana quill")

    assert standing_of(ana).outcome == standing_of(other).outcome == Outcome.SEVERAL
    assert said_of(ana) == [
        "ana quill answers to “ana quill” as well (name): PodFactory takes one of them, and "
        "nothing says which."
    ]


def test_a_mapping_that_finds_somebody_else_is_the_worst() -> None:
    ana = person("Ana Quill")
    person("Ben Hart")
    make_mapping(ana, podfactory_name="Ben", podfactory_email=None)

    assert standing_of(ana).outcome == Outcome.OTHER
    assert said_of(ana) == ["“ben” is Ben Hart to PodFactory, by first name."]


def test_a_mapping_without_name_and_e_mail_finds_nobody() -> None:
    ana = person("Ana Quill")
    make_mapping(ana, podfactory_email=None)

    assert said_of(ana) == ["PodFactory has neither a name nor an e-mail of them."]


def test_it_says_who_is_missed_by_an_accent() -> None:
    jose = person("José Álvarez")
    make_mapping(jose, podfactory_name="jose alvarez", podfactory_email=None)

    assert said_of(jose) == [
        "Nobody active answers to “jose alvarez”. José Álvarez would, but for an accent, a space "
        "or a sign that doesn’t show."
    ]


def test_somebody_out_of_sight_is_not_named() -> None:
    ana, other = person("Ana Quill"), person("ana quill")

    assert str(other.pk) in reasons(standing_of(ana))[0]
    (said,) = reasons(standing_of(ana), seen={ana.pk})

    assert said.startswith("somebody else answers to “ana quill” as well")


def test_of_many_only_the_first_are_named() -> None:
    people = [person("Ana Quill") for _ in range(6)]

    assert said_of(people[0])[0].startswith("Ana Quill, Ana Quill, Ana Quill and 2 others answer")


def test_it_says_which_suffix_is_taken_away_by_mistake() -> None:
    jo = person("Jo Hollis")
    make_mapping(jo, podfactory_email="jo.hollishp@example.com")

    assert said_of(jo) == [
        "Nobody active answers to “jo.holli”. Of jo.hollishp it takes “shp” away, which leaves "
        "“jo.holli”."
    ]


def test_whoever_left_is_not_found_and_only_listed_where_podfactory_knows_them() -> None:
    ana, ben = person("Ana Quill"), person("Ben Hart")
    make_mapping(ana, podfactory_name="Ana Quill")
    for each in (ana, ben):
        deactivate(each.pk, PROGRAM)

    assert standing_of(ana).outcome == Outcome.LEFT
    assert list(known_to_podfactory(Employee.objects.all())) == [ana]


def test_a_newcomer_and_a_new_name_are_found_at_once() -> None:
    ana = add_employee({"name": "Ana Quill", "email": "ana@example.com"}, "", PROGRAM)
    make_mapping(ana, podfactory_name="ana.hart")
    assert standing_of(ana).outcome == Outcome.NOBODY

    change_employee(ana.pk, {"name": "Ana Hart"}, PROGRAM)

    assert standing_of(ana).outcome == Outcome.FOUND


def test_the_rows_as_they_are_decide_whatever_the_index_remembers() -> None:
    ana, other = person("Ana Quill"), person("Ben Hart")
    Employee.objects.filter(pk=other.pk).update(name="Ana Hart")  # SQL, not noticed yet
    make_mapping(other, podfactory_name="ben", podfactory_email=None)

    assert standing_of(ana).outcome == Outcome.FOUND
    assert standing_of(other).outcome == Outcome.NOBODY


def test_a_page_takes_two_queries_however_many_people_there_are() -> None:
    def queries() -> int:
        people = list(Employee.objects.all())
        with CaptureQueriesContext(
            connection,
        ) as captured:
            found = standings(people)
        assert len(found) == len(people)
        return len(captured)

    person("Ana Quill")
    few = queries()
    for number in range(12):
        make_mapping(person(f"Ana Quill {number}"), podfactory_name="ana")

    assert queries() == few == 2


def test_everybody_is_gone_through_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("employees.podfactory_standing.PAGE", 2)
    people = [person(f"Ana Quill{number}") for number in range(5)]

    numbers = [
        one.employee_id for one in all_standings(known_to_podfactory(Employee.objects.all()))
    ]
    behind = [
        one.employee_id
        for one in all_standings(known_to_podfactory(Employee.objects.all()), people[1].pk)
    ]

    assert numbers == [one.pk for one in people]
    assert behind == numbers[2:]


class TestRenaming:
    def test_a_name_that_podfactory_looks_for_is_missed(self) -> None:
        ana = person("Ana Quill")
        make_mapping(ana, podfactory_name="Ana Quill")

        assert broken(ana, "Ana Hart") == [
            "PodFactory knows them as “Ana Quill”: it would find nobody any more, and add them as "
            "somebody new."
        ]

    def test_nothing_is_lost_where_another_rule_still_finds_them(self) -> None:
        ana = person("Ana Quill")
        make_mapping(ana, podfactory_name="Ana", podfactory_email="ana@example.com")

        assert broken(ana, "Ana Hart") == []

    def test_whoever_was_not_found_before_loses_nothing(self) -> None:
        ana = person("Ana Quill")
        make_mapping(ana, podfactory_name="Anita", podfactory_email=None)

        assert broken(ana, "Ana Hart") == []
        assert broken(ana, "Anita Quill") == []

    def test_somebody_who_is_not_in_its_table_may_be_called_anything(self) -> None:
        assert broken(person("Ana Quill"), "Ana Hart") == []

    def test_a_second_person_of_that_name_is_said_for_both(self) -> None:
        ana, ben = person("Ana Quill"), person("Ben Hart")
        make_mapping(ana, podfactory_name="ana.quill")

        assert broken(ben, "Ana Quill") == [
            "PodFactory would know them as “Ana Quill”: it couldn’t tell them from Ana Quill any "
            "more.",
            "PodFactory knows Ana Quill as “ana.quill”: it couldn’t tell them from “Ana Quill” any "
            "more.",
        ]

    def test_a_first_name_that_told_somebody_apart_is_taken(self) -> None:
        ana, ben = person("Ana Quill"), person("Ben Hart")
        make_mapping(ana, podfactory_name="ana", podfactory_email=None)

        assert broken(ben, "Ana Hart") == [
            "PodFactory knows Ana Quill as “ana”: it couldn’t tell them from “Ana Hart” any more."
        ]
        assert broken(ben, "Ana") == [
            "PodFactory knows Ana Quill as “ana”: it would take them for “Ana”."
        ]

    def test_the_name_of_somebody_who_left_is_free(self) -> None:
        ana, ben = person("Ana Quill"), person("Ben Hart")
        deactivate(ana.pk, PROGRAM)

        assert broken(ben, "Ana Quill") == []
        assert broken(ana, "Ben Hart") == []

    def test_a_name_cut_down_to_that_of_somebody_else_is_said_for_both(self) -> None:
        ana, ben = person("Ana"), person("Ana Hart")
        make_mapping(ana, podfactory_name="ana", podfactory_email=None)

        assert broken(ben, "Ana") == [
            "PodFactory would know them as “Ana”: it couldn’t tell them from Ana any more.",
            "PodFactory knows Ana as “ana”: it couldn’t tell them from “Ana” any more.",
        ]

    def test_an_accent_that_told_two_apart_is_missed_by_both(self) -> None:
        jose, other = person("Jose Alvarez"), person("José Alvarez")
        make_mapping(jose, podfactory_name="jose alvarez", podfactory_email=None)

        assert len(broken(other, "Jose Alvarez")) == 2

    def test_each_of_many_is_looked_at_alone_and_in_the_same_number_of_queries(self) -> None:
        ana, ben, eve = person("Ana Quill"), person("Ben Hart"), person("Eve Ross")
        make_mapping(ana, podfactory_name="Ana Quill")
        with CaptureQueriesContext(connection) as one:
            lost_by_renaming({ana.pk: "Ana Hart"})
        with CaptureQueriesContext(connection) as many:
            found = lost_by_renaming({ana.pk: "Ana Hart", ben.pk: "Eve Ross", eve.pk: "Eve Rose"})

        assert set(found) == {ana.pk, ben.pk}
        assert len(many) == len(one) <= 7

    def test_a_first_name_of_hundreds_tells_nobody_apart_already(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("employees.podfactory_losses.TOO_COMMON", 2)
        people = [person(f"Maria Quill{number}") for number in range(3)]
        make_mapping(
            people[0], podfactory_name="maria", podfactory_email="maria.quill0@example.com"
        )

        ben = person("Ben Hart")
        with CaptureQueriesContext(connection) as captured:
            assert broken(ben, "Maria Hart") == []

        (mappings,) = [query["sql"] for query in captured if "podfactory_mapping" in query["sql"]]
        assert str(ben.pk) in mappings
        assert str(people[0].pk) not in mappings


def broken_by(employee: Employee | str) -> list[str]:
    """What is said of a newcomer, or of somebody who would come back."""
    row = (
        (NEWCOMER, employee, "new@example.com")
        if isinstance(employee, str)
        else (employee.pk, employee.name, employee.email)
    )
    found = lost_by_joining([row]).get(row[0], [])
    return without_numbers(sentences(found, row[0], row[1]))


class TestJoining:
    def test_a_newcomer_with_the_name_of_somebody_else_is_said_for_both(self) -> None:
        ana = person("Ana Quill")
        make_mapping(ana, podfactory_name="ana.quill")

        assert broken_by("ana quill") == [
            "PodFactory would know them as “ana quill”: it couldn’t tell them from Ana Quill.",
            "PodFactory knows Ana Quill as “ana.quill”: it couldn’t tell them from “ana quill” any "
            "more.",
        ]

    def test_a_newcomer_may_take_what_told_somebody_apart(self) -> None:
        make_mapping(person("Ana Quill"), podfactory_name="ana", podfactory_email=None)

        assert broken_by("Ana Hart") == [
            "PodFactory knows Ana Quill as “ana”: it couldn’t tell them from “Ana Hart” any more."
        ]

    def test_a_name_that_nobody_is_found_by_breaks_nothing(self) -> None:
        person("Ana Quill")

        assert broken_by("Ana Hart") == []

    def test_whoever_comes_back_is_looked_for_as_its_table_says(self) -> None:
        ben = person("Ben Hart", is_active=False)
        person("Ana Quill")
        make_mapping(ben, podfactory_name="Ana", podfactory_email=None)

        assert broken_by(ben) == [
            "PodFactory knows them as “Ana”: it would take them for Ana Quill."
        ]

    def test_whoever_would_be_found_by_nothing_breaks_nothing(self) -> None:
        ben = person("Ben Hart", is_active=False)
        make_mapping(ben, podfactory_name="Benny", podfactory_email=None)

        assert broken_by(ben) == []

    def test_many_are_looked_at_in_the_same_number_of_queries(self) -> None:
        people = [person(f"Ana Quill{n}", is_active=False) for n in range(6)]
        make_mapping(person("Eve Ross"), podfactory_name="ana")
        rows = [(each.pk, each.name, each.email) for each in people]
        with CaptureQueriesContext(connection) as one:
            lost_by_joining(rows[:1])
        with CaptureQueriesContext(connection) as many:
            lost_by_joining(rows)

        assert len(many) == len(one) <= 6


AWKWARD = [
    "Ana Quill", "  Ana Quill ", "ANA QUILL", "José Álvarez", "Jose Alvarez", "Ødegård", "Straße",
    "Strasse", "İpek", "ΟΔΟΣ", "οδος", "D'Arcy", "D’Arcy", "王小樱", "ليلى", "Nguyễn Thị", "ＡＮＡ",
    "Ana\u00a0Quill", "\tAna Quill", "Ana  Quill", "Jose\u0301 Alvarez",
]  # fmt: skip


class TestTheDatabase:
    """What the pure rules take for ``LOWER(TRIM(name))``, beside what a real database answers."""

    def lower_trim(self) -> dict[str, str]:
        for name in AWKWARD:
            make_employee(name=name)
        lower = Lower(Trim("name"))
        return dict(Employee.objects.annotate(lower=lower).values_list("name", "lower"))

    def test_it_lowers_and_trims_as_the_rules_do(self) -> None:
        answered = self.lower_trim()
        if connection.vendor == "sqlite":  # LOWER() leaves all but A to Z as it is there
            answered = {name: text for name, text in answered.items() if name.isascii()}

        assert answered == {name: lowered(name) for name in answered}
        assert len(answered) > 5

    def test_only_mariadb_would_take_accents_for_none_if_it_compared(self) -> None:
        self.lower_trim()
        directory = Directory(Employee.objects.values_list("pk", "name"))

        rows = Employee.objects.annotate(lower=Lower(Trim("name"))).filter(lower="jose alvarez")
        by_the_rules = directory.find("Jose Alvarez", None)

        names = set(rows.values_list("name", flat=True))
        assert "Jose Alvarez" in names
        assert len(by_the_rules.employee_ids) == 1
        assert ("José Álvarez" in names) == (connection.vendor == "mysql")


def test_people_who_were_here_before_the_update_get_their_keys_and_lose_them_again() -> None:
    migration = import_module("employees.migrations.0030_find_people_as_podfactory_does")
    people = [person("Ana Quill"), person("Bo")]
    keys = SearchKey.objects.filter(key__startswith=POD_KEY)
    before = set(keys.values_list("employee_id", "key"))
    editor = SimpleNamespace(connection=connection)

    migration.remove_keys(apps, editor)
    removed = keys.count()
    migration.add_keys(apps, editor)
    migration.add_keys(apps, editor)  # again, after it was cut off

    assert (removed, set(keys.values_list("employee_id", "key"))) == (0, before)
    assert {pk for pk, _key in before} == {each.pk for each in people}
