"""Differences in the words of somebody who looks after people."""

from typing import Any

import pytest

from auth0sync.difference_words import (
    WORDS,
    group_of,
    happened,
    heading,
    parts_of,
    values,
    way_out,
    why,
)
from auth0sync.models import Difference

Kind, Decision = Difference.Kind, Difference.Decision
PHONE = "user_metadata.phone_number"


def difference(kind: str = Kind.FIELD, **over: Any) -> Difference:
    over = {"field": PHONE, **over} if kind == Kind.FIELD else over
    return Difference(kind=kind, employee_id=7, user_id="auth0|7", **over)


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_is_named_and_explained(kind: str) -> None:
    one = difference(kind)

    assert kind in WORDS
    assert "Ana" in happened(one, "Ana") or kind == Kind.UNKNOWN
    assert happened(one, "Ana").endswith(".")
    assert why(one, "Ana").endswith(".")
    assert heading(group_of(one))
    for text in (happened(one, "Ana"), why(one, "Ana"), way_out(one, Decision.FIX, "Ana")):
        assert "{" not in text


def test_a_field_is_called_as_the_form_calls_it() -> None:
    one = difference(auth0="2", wanted="1", seen="1")

    assert happened(one, "Ana") == "Auth0 has another phone number for Ana than the console."
    assert way_out(one, Decision.FIX, "Ana") == "Put the console’s phone number into Auth0"
    assert (
        way_out(one, Decision.TAKE_OVER, "Ana") == "Take Auth0’s phone number over into the console"
    )
    assert heading(group_of(one)) == "Another phone number"


def test_what_is_yes_or_no_is_called_a_mark() -> None:
    one = difference(field="user_metadata.is_shop_floor", auth0=False, wanted=True)

    assert heading(group_of(one)) == "Another mark “on the shop floor”"
    assert values(one)[:2] == [("Console", "yes"), ("Auth0", "no")]


def test_a_name_with_braces_is_only_a_name() -> None:
    assert "{field}" in happened(difference(), "{field}")


def test_both_sides_are_shown_and_what_was_seen_where_it_is_a_third() -> None:
    assert values(difference(auth0="2", wanted="1", seen="1")) == [("Console", "1"), ("Auth0", "2")]
    assert values(difference(auth0=None, wanted="1", seen="0")) == [
        ("Console", "1"),
        ("Auth0", "nothing"),
        ("Last seen in Auth0", "0"),
    ]
    assert values(difference(wanted="1", auth0="2"))[2] == ("Last seen in Auth0", "nothing")
    assert values(difference(Kind.UNKNOWN)) == []


def test_a_role_that_was_seen_as_it_is_wanted_is_no_third_value() -> None:
    one = difference(Kind.ROLE, field="roles", auth0=["admin"], wanted="manager", seen=["manager"])

    assert values(one) == [("Console", "Manager"), ("Auth0", "Administrator")]


def test_the_consoles_own_reason_comes_first() -> None:
    one = difference(Kind.NO_ACCOUNT, about={"error": "The e-mail is somebody else's."})

    assert why(one, "Ana").startswith("The e-mail is somebody else's. ")


def test_an_account_of_nobody_is_called_by_its_e_mail_or_its_id() -> None:
    one = difference(Kind.UNKNOWN, about={"email": "who@example.com"})

    assert happened(one, "").endswith("nobody here: who@example.com.")
    assert happened(difference(Kind.UNKNOWN), "").endswith("nobody here: auth0|7.")


def test_a_group_is_found_again_by_its_name() -> None:
    for one in (difference(), difference(Kind.ROLE)):
        kind, field = parts_of(group_of(one))
        assert (kind, field) == (one.kind, one.field)
    assert parts_of("nonsense") == ("", "")
