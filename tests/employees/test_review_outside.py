"""Which program it probably was, guessed from the columns (requirement M5)."""

from typing import Any

import pytest

from employees.models import Change
from employees.review_outside import probably, program_of, set_backs, who_added

pytestmark = pytest.mark.once


def line(action: str = "changed", source: str = "sql", **changes: Any) -> Change:
    return Change(employee_id=7, action=action, source=source, changes=changes)


@pytest.mark.parametrize(
    ("change", "connecteam", "is_mapped", "expected"),
    [
        (line("added", connecteam_user_id=[None, "7"]), "7", False, "probably Connecteam"),
        (line("added", name=[None, "Ana"]), None, True, "probably PodFactory"),
        (line("added", name=[None, "Ana"]), None, False, ""),
        (line("added", name=[None, "A"], department=[None, "Picking"]), None, True, ""),
        (line(name=["Ana", "Ann"]), "7", False, "probably Connecteam"),
        (line(name=["Ana", "Ann"]), None, False, ""),
        (line(connecteam_user_id=[None, "7"]), "7", False, "probably Connecteam"),
        (line(is_active=[True, False]), "7", False, "Connecteam or the Flask application"),
        (line(is_active=[True, False]), None, False, ""),
        (line(archived_at=[None, "2026-11-01"]), "7", False, "probably the Flask application"),
        (line(name=["Ana", "Ann"], phone_number=[None, "1"]), "7", False, ""),
        (line("deleted", name=["Ana", None]), "7", False, ""),
        (line(), "7", False, ""),
        (line(source="admin", name=["Ana", "Ann"]), "7", False, ""),
    ],
)
def test_the_columns_tell(
    change: Change, connecteam: str | None, is_mapped: bool, expected: str
) -> None:
    assert probably(change, connecteam, is_mapped) == expected


def test_who_added_somebody() -> None:
    assert who_added("7", True) == "probably by Connecteam"
    assert who_added(None, True) == "probably by PodFactory"
    assert who_added("", False) == "by another program"


def test_whose_a_field_is_that_was_set_back() -> None:
    assert program_of("name", "7") == "Probably Connecteam"
    assert program_of("name", None) == program_of("phone_number", "7") == "Another program"


def test_a_value_that_comes_back_is_counted_by_field_and_another_isnt() -> None:
    ours = line(source="admin", name=["Ana", "Ann"], phone_number=["1", "2"])
    theirs = line(name=["Ann", "Ana"])
    another = line(phone_number=["2", "3"])

    assert set_backs([ours, theirs, theirs, ours, theirs, another]) == {(7, "name"): 2}
