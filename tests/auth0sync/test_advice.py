"""Every failure that can stay with an account is explained, with what mends it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from auth0sync.advice import BY_BEGINNING, BY_CODE, REJECTED, Advice, Mending, advice
from auth0sync.answers import JOBS_BUSY
from auth0sync.models import Attention

pytestmark = pytest.mark.once

ROOM = Path(__file__).resolve().parents[2] / "auth0sync"
ERRORS = ("Transient", "NotNow", "Unknown", "Conflict", "Rejected", "Misconfigured", "Gone")
CARRIERS = {**dict.fromkeys(ERRORS, "code"), "Answer": "failure"}  # and their argument for it
BEGINS = "…"
# Told by auth0_setup alone.
OF_SET_UP = {"action_missing", "action_not_built", "http_409", "system_api"}
OF_A_JOB = {JOBS_BUSY}  # stays with an import job: those in it are made one by one in the end


def codes_in(source: str) -> set[str]:
    """The codes with which this module raises; one that only begins so ends with ``BEGINS``."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [
        keyword.value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in CARRIERS
        for keyword in call.keywords
        if keyword.arg == CARRIERS[call.func.id]
    ]
    return {code for value in given for code in _values(value, constants)}


def _values(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(code)) if code:
            yield code
        case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), *_]):
            yield beginning + BEGINS
        case ast.BoolOp(values=values):
            for value in values:
                yield from _values(value, constants)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _values(body, constants)
            yield from _values(orelse, constants)
        case ast.Name(id=name) if name in constants:
            yield from _values(constants[name], constants)


FOUND = {code for module in ROOM.rglob("*.py") for code in codes_in(module.read_text())}
ALL = FOUND - OF_A_JOB - OF_SET_UP


def test_the_codes_are_really_found() -> None:
    assert {"shared_email", "not_linkable", "deleted", "token_…", "http_…"} <= ALL


@pytest.mark.parametrize("code", sorted(ALL))
def test_every_code_has_an_entry(code: str) -> None:
    """A new one: say in auth0sync/advice.py what it means to a manager, and what mends it."""
    if code.endswith(BEGINS):
        assert code.removesuffix(BEGINS) in BY_BEGINNING
    else:
        assert code in BY_CODE


@pytest.mark.parametrize("told", [*BY_CODE.values(), *BY_BEGINNING.values()])
def test_every_entry_says_what_to_do_and_offers_a_way_out(told: Advice) -> None:
    assert told.happened
    assert not told.happened.endswith(".")
    assert told.what_to_do.endswith(".")
    assert told.mendings


def test_the_longest_beginning_counts_and_the_rest_is_auth0s_refusal() -> None:
    assert advice(Attention.FAILED, "http_503").happened == "Auth0 gave no usable answer"
    assert advice(Attention.FAILED, "http_400").happened == "Auth0 refuses this person's data"
    assert advice(Attention.FAILED, "invalid_body").mendings[0] == Mending.CHANGE


@pytest.mark.parametrize("code", ["not_kept", "insufficient_scope", "foreign_account", "held"])
def test_of_a_leaver_only_the_block_counts(code: str) -> None:
    told = advice(Attention.LEAVER, code)

    assert told.happened.startswith("Somebody who left isn't locked out yet. ")
    assert set(told.mendings) <= {Mending.RETRY, Mending.ADMINISTRATOR}
    assert Mending.RETRY in told.mendings


def test_of_a_leaver_whose_block_was_rejected_bringing_back_comes_first() -> None:
    told = advice(Attention.LEAVER, REJECTED)

    assert "A second person rejected the change" in told.happened
    assert told.what_to_do.startswith("If the person still works here, reactivate them.")
    assert told.mendings == (Mending.RETRY,)


def test_a_mail_and_a_missing_e_mail_are_told_whatever_the_code() -> None:
    assert advice(Attention.MAIL, "").mendings == (Mending.CHANGE, Mending.INVITE)
    assert advice(Attention.EMAIL, "x").field == "email"
