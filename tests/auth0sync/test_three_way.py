"""Who moved: last seen, row and Auth0 beside each other, field by field."""

from typing import Any

import pytest

from auth0sync.account import Seen
from auth0sync.sides import COLUMNS, as_text, flat
from auth0sync.three_way import Line, Verdict, three_way
from employees.history import TRACKED
from tests.auth0sync.test_plan import wanted

PHONE = "user_metadata.phone_number"


def line(row: Any, seen: Any, auth0: Any, name: str = PHONE) -> Line:
    """The one line of an account that has only this field."""
    (found,) = three_way({name: row}, {name: seen}, {name: auth0})
    return found


@pytest.mark.parametrize(
    ("row", "seen", "auth0", "verdict"),
    [
        ("1", "1", "1", Verdict.EQUAL),
        ("2", "1", "1", Verdict.HERE),
        ("1", "1", "2", Verdict.THERE),
        ("2", "1", "3", Verdict.BOTH),
        ("2", "1", "2", Verdict.EQUAL),  # both moved, to the same value
        (None, "1", "2", Verdict.BOTH),
        (None, "", "", Verdict.EQUAL),
    ],
)
def test_who_moved_follows_from_what_stands_where(
    row: Any, seen: Any, auth0: Any, verdict: Verdict
) -> None:
    found = three_way({PHONE: row, "name": "Ana"}, {PHONE: seen}, {PHONE: auth0})

    assert [each.verdict for each in found if each.name == PHONE] in ([verdict], [])
    assert found[-1].name == "name"


def test_what_is_nowhere_has_no_line() -> None:
    assert three_way({PHONE: ""}, {PHONE: None}, None) == []


def test_what_is_false_everywhere_has_one() -> None:
    assert not line(False, False, False, "blocked").differs


def test_what_nobody_has_read_since_is_as_last_seen() -> None:
    (found,) = three_way({PHONE: "2"}, {PHONE: "1"}, None)

    assert (found.auth0, found.verdict) == ("1", Verdict.HERE)


def test_an_account_that_was_never_seen_differs_from_the_beginning() -> None:
    (found,) = three_way({PHONE: "2"}, None, {PHONE: "1"})

    assert (found.seen, found.verdict) == (None, Verdict.NEVER_SEEN)


def test_roles_of_other_programs_are_no_difference() -> None:
    held = ("manager", "someone-elses")

    assert not line("manager", held, ["someone-elses", "manager"], "roles").differs
    assert line("manager", held, ["manager", "admin"], "roles").verdict == Verdict.THERE


def test_a_role_that_is_gone_in_auth0_is_a_difference() -> None:
    assert line("manager", ["manager"], None, "roles").verdict == Verdict.THERE


def test_both_sides_call_their_fields_alike() -> None:
    names = flat(wanted())
    profile = {"user_id": "auth0|1", "email": "ana@example.com", "user_metadata": {"x": 1}}
    seen = flat(Seen.of(profile))

    assert {"email", "blocked", "roles", PHONE} <= names.keys()
    assert seen.keys() <= names.keys()
    assert flat(None) == {}


def test_every_column_that_a_field_comes_from_is_in_the_history() -> None:
    names = flat(wanted())

    assert COLUMNS.keys() <= names.keys()
    assert {column for columns in COLUMNS.values() for column in columns} <= set(TRACKED)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("", ""), (False, "no"), (True, "yes"), (("a", "b"), "a, b"), (7, "7")],
)
def test_a_value_is_shown_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text
