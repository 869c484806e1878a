"""The list of scopes: the documents say the same, and nothing dangerous is on it."""

import re
from pathlib import Path

import pytest

from auth0sync.outage import CANT
from auth0sync.pauses import QUIET
from auth0sync.scopes import DANGEROUS, SCOPES, Need, beyond, is_needed

pytestmark = pytest.mark.once
DEPLOYMENT = Path(__file__).resolve().parents[2] / "docs" / "deployment.md"


def test_the_document_names_the_same_scopes_and_which_are_optional() -> None:
    chapter = DEPLOYMENT.read_text(encoding="utf-8").split("## 4. Auth0")[1].split("## 5.")[0]
    block = chapter.split("```")[1]
    optional = {"delete:users", "read:logs", "read:clients", "read:log_streams"}

    assert sorted(block.split()) == sorted({each.name for each in SCOPES} - optional)
    assert optional <= set(re.findall(r"`([a-z_]+:[a-z_]+)`", chapter))


def test_each_is_there_once_and_what_pauses_without_it_is_a_capability() -> None:
    names = [each.name for each in SCOPES]

    assert len(names) == len(set(names))
    assert {each.capability for each in SCOPES} - {"", *QUIET} <= CANT.keys()
    assert all(bool(each.without) == (each.need == Need.OPTIONAL) for each in SCOPES)
    assert not DANGEROUS & set(names)


def test_scopes_for_roles_are_needed_where_roles_are_given() -> None:
    gives = next(each for each in SCOPES if each.name == "create:role_members")

    assert is_needed(gives, with_roles=True)
    assert not is_needed(gives, with_roles=False)
    assert is_needed(SCOPES[0], with_roles=False)


def test_what_is_granted_beyond_is_told_by_how_bad_it_is() -> None:
    granted = frozenset({"read:users", "update:clients", "read:stats", "create:roles"})

    assert beyond(granted) == (["update:clients"], ["create:roles", "read:stats"])
