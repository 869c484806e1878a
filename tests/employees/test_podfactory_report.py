import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from employees.models import Change, Employee
from employees.sample_loading import load_legacy
from tests.builders import make_employee, make_mapping

pytestmark = pytest.mark.django_db


def report(**options: Any) -> str:
    out = StringIO()
    call_command("podfactory_report", stdout=out, **options)
    return out.getvalue()


def failing_report(**options: Any) -> tuple[str, str]:
    """What was printed, and what it failed with."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("podfactory_report", stdout=out, **options)
    return out.getvalue(), str(caught.value)


def test_of_the_legacy_company_everybody_is_found() -> None:
    load_legacy(pin_cost=4)

    printed = report()

    assert printed.startswith(
        "PodFactory would find 83 of 83 active people.\n   by first name: 2\n"
    )


def test_it_fails_and_says_who_is_not_found_and_why() -> None:
    ana = make_employee(name="Ana Quill")
    make_mapping(ana, podfactory_name="Ann", podfactory_email=None)
    make_employee(name="Ben Hart")

    printed, failed = failing_report()

    assert printed == (
        f"{ana.pk} Ana Quill: Nobody active answers to “ann”.\n"
        "PodFactory would find 1 of 2 active people.\n   by name: 1\n"
    )
    assert failed == "Not found, or not told apart: 1 of 2."


def test_two_who_were_just_added_by_sql_are_noticed_first() -> None:
    make_employee(name="Ana Quill")
    report()
    make_employee(name="Ana Quill")

    _, failed = failing_report()

    assert failed == "Not found, or not told apart: 2 of 2."
    assert Change.objects.filter(action="added", source="sql").count() == 2


def test_people_who_left_are_counted_apart_and_are_no_failure() -> None:
    ana = make_employee(name="Ana Quill", is_active=False)
    make_mapping(ana, podfactory_name="Ana Quill")

    assert report() == (
        "PodFactory would find 0 of 0 active people.\nLeft, but in PodFactory's table: 1\n"
    )


def test_a_file_has_a_line_for_everybody_and_no_formula(tmp_path: Path) -> None:
    one, other = make_employee(name="=1+1"), make_employee(name="Ana Quill", is_active=True)
    file = tmp_path / "report.csv"

    report(csv=file)

    with file.open(encoding="utf-8-sig", newline="") as lines:
        assert list(csv.reader(lines)) == [
            ["number", "name", "outcome", "found by", "why"],
            [str(one.pk), "'=1+1", "Found", "name", "By name: “=1+1”."],
            [str(other.pk), "Ana Quill", "Found", "name", "By name: “ana quill”."],
        ]


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be written: No such file or directory"):
        report(csv=tmp_path / "missing" / "report.csv")


def test_a_name_moves_no_cursor_of_the_terminal() -> None:
    Employee.objects.bulk_create([Employee(name="Ana\x1b[2J Quill") for _ in range(2)])

    printed, _ = failing_report()

    assert "\x1b" not in printed
    assert "Ana?[2J Quill" in printed
