"""Whose account is it: the markers, the rules for linking, and the derived ids."""

from typing import Any

import pytest

from auth0sync.ownership import (
    Link,
    Whose,
    derived_id,
    find_link,
    find_ours,
    generation_of,
    in_connection,
    marked_for,
    stored_id,
    whose,
)

pytestmark = pytest.mark.once

INSTALLATION = "0123456789"
CONNECTION = "Username-Password-Authentication"
EMAIL = "josé@example.com"


def profile(**over: Any) -> dict[str, Any]:
    """An unmarked, unverified account in our connection that nobody has signed in with."""
    return {
        "user_id": "auth0|x",
        "email": EMAIL,
        "email_verified": False,
        "identities": [{"connection": CONNECTION, "user_id": "x", "provider": "auth0"}],
        **over,
    }


def link(*found: dict[str, Any]) -> Link | str:
    return find_link(
        found, employee_id=42, installation=INSTALLATION, email=EMAIL, connection=CONNECTION
    )


@pytest.mark.parametrize(
    ("markers", "owner"),
    [
        (None, Whose.UNMARKED),
        ({}, Whose.UNMARKED),
        ([], Whose.UNMARKED),
        ({"theme": "dark"}, Whose.UNMARKED),
        ({"employee_id": ""}, Whose.UNMARKED),
        ({"employee_id": None}, Whose.UNMARKED),
        ({"installation": INSTALLATION}, Whose.UNMARKED),
        ({"created_by": "productivity_system"}, Whose.UNMARKED),
        ({"employee_id": 42}, Whose.OURS),
        ({"employee_id": "42"}, Whose.OURS),
        ({"employee_id": 42, "installation": ""}, Whose.OURS),
        ({"employee_id": 42, "installation": INSTALLATION}, Whose.OURS),
        ({"employee_id": "42", "installation": INSTALLATION}, Whose.OURS),
        ({"employee_id": 43}, Whose.FOREIGN),
        ({"employee_id": 0}, Whose.FOREIGN),
        ({"employee_id": "042"}, Whose.FOREIGN),
        ({"employee_id": 43, "installation": INSTALLATION}, Whose.FOREIGN),
        ({"employee_id": 42, "installation": "another"}, Whose.FOREIGN),
        ({"installation": "another"}, Whose.FOREIGN),
    ],
)
def test_the_markers_say_whose_an_account_is(markers: Any, owner: Whose) -> None:
    assert whose(profile(app_metadata=markers), 42, INSTALLATION) is owner


def test_an_account_without_metadata_is_unmarked() -> None:
    assert whose(profile(), 42, INSTALLATION) is Whose.UNMARKED


@pytest.mark.parametrize(
    ("marked", "employee_id"),
    [
        (42, 42),
        ("42", 42),
        (2**31 - 1, 2**31 - 1),
        (2**31, None),
        ("9" * 5000, None),
        ("0", None),
        (-1, None),
        (True, None),
    ],
)
def test_a_marker_that_no_row_can_have_is_nobodys(marked: Any, employee_id: int | None) -> None:
    found = profile(app_metadata={"employee_id": marked, "installation": INSTALLATION})

    assert marked_for(found, INSTALLATION) == employee_id


# Linking


def test_a_verified_email_links() -> None:
    found = profile(email_verified=True, logins_count=3, last_login="2026-01-01T00:00:00Z")

    assert link(found) == Link(found, new_password=False)


def test_an_account_that_the_console_made_links() -> None:
    found = profile(logins_count=3, app_metadata={"created_by": "productivity_system"})

    assert link(found) == Link(found, new_password=False)


@pytest.mark.parametrize("never", [{}, {"logins_count": 0, "last_login": None}])
def test_an_account_that_nobody_used_links_with_a_new_password(never: dict[str, Any]) -> None:
    found = profile(**never)

    assert link(found) == Link(found, new_password=True)


@pytest.mark.parametrize("used", [{"logins_count": 1}, {"last_login": "2026-01-01T00:00:00Z"}])
def test_an_account_that_was_used_but_never_verified_is_for_a_person_to_settle(
    used: dict[str, Any],
) -> None:
    reason = link(profile(**used))

    assert isinstance(reason, str)
    assert "never verified" in reason


def test_another_creator_is_no_reason_to_link() -> None:
    reason = link(profile(logins_count=1, app_metadata={"created_by": "somebody"}))

    assert isinstance(reason, str)


def test_two_accounts_with_the_email_are_not_linked() -> None:
    both = (profile(email_verified=True), profile(user_id="auth0|y"))

    assert link(*both) == "2 accounts in Auth0 have this e-mail."


def test_no_account_at_all_is_said() -> None:
    assert link() == "Auth0 has no account with exactly this e-mail in our connection."


@pytest.mark.parametrize(
    "markers",
    [{"employee_id": 43}, {"installation": "another"}, {"employee_id": 42, "installation": "b"}],
)
def test_a_foreign_account_is_never_linked(markers: dict[str, Any]) -> None:
    reason = link(profile(email_verified=True, app_metadata=markers))

    assert reason == "The account with this e-mail belongs to another employee or installation."


@pytest.mark.parametrize(
    "identities", [[], None, [{"connection": "google-oauth2"}], [{"provider": "auth0"}]]
)
def test_an_account_of_another_connection_is_not_linked(identities: Any) -> None:
    reason = link(profile(email_verified=True, identities=identities))

    assert reason == "Auth0 has no account with exactly this e-mail in our connection."


def test_accounts_of_other_connections_do_not_stand_in_the_way() -> None:
    ours = profile(email_verified=True)
    social = profile(user_id="google|1", identities=[{"connection": "google-oauth2"}])

    assert link(social, ours) == Link(ours, new_password=False)


def test_one_of_several_identities_in_our_connection_is_enough() -> None:
    both = [{"connection": "google-oauth2"}, {"connection": CONNECTION}]

    assert in_connection(profile(identities=both), CONNECTION)


@pytest.mark.parametrize("email", ["jose@example.com", "jose\u0301@example.com", "", None])
def test_an_email_that_differs_by_an_accent_is_another_one(email: str | None) -> None:
    reason = link(profile(email=email, email_verified=True))

    assert reason == "Auth0 has no account with exactly this e-mail in our connection."


# Ids


def test_the_id_names_installation_employee_and_generation() -> None:
    assert derived_id(INSTALLATION, 42, 1) == "emp-0123456789-42-1"


def test_auth0_stores_the_id_behind_its_own_prefix() -> None:
    assert stored_id("emp-0123456789-42-1") == "auth0|emp-0123456789-42-1"


def test_the_largest_id_has_at_most_a_hundred_characters() -> None:
    longest = stored_id(derived_id("x" * 20, 2**31 - 1, 2**31 - 1))

    assert len(longest) <= 100


@pytest.mark.parametrize(
    ("user_id", "generation"),
    [
        ("auth0|emp-0123456789-42-1", 1),
        ("auth0|emp-0123456789-42-12", 12),
        ("auth0|emp-0123456789-42-", 0),
        ("auth0|emp-0123456789-42-x", 0),
        ("auth0|emp-0123456789-42--1", 0),
        ("auth0|emp-0123456789-421-1", 0),
        ("auth0|emp-0123456789-42-9999999999", 0),
        ("auth0|emp-another-42-1", 0),
        ("emp-0123456789-42-1", 0),
        ("auth0|7", 0),
        ("7", 0),
        ("", 0),
    ],
)
def test_the_generation_is_read_only_from_an_id_that_we_derived(
    user_id: str, generation: int
) -> None:
    assert generation_of(user_id, INSTALLATION, 42) == generation


def ours(*found: dict[str, Any]) -> object:
    return find_ours(found, employee_id=42, installation=INSTALLATION, connection=CONNECTION)


def test_the_one_account_with_our_marker_is_ours_among_others() -> None:
    marked = profile(user_id="auth0|marked", app_metadata={"employee_id": 42})

    assert ours(profile(), marked) == marked


def test_a_marked_account_in_another_connection_is_not_taken() -> None:
    elsewhere = [{"connection": "google-oauth2", "user_id": "x", "provider": "google-oauth2"}]

    assert ours(profile(identities=elsewhere, app_metadata={"employee_id": 42})) is None


def test_two_accounts_with_our_marker_are_none_that_could_be_chosen() -> None:
    marked = profile(app_metadata={"employee_id": 42})

    assert ours(marked, {**marked, "user_id": "auth0|second"}) is None
