"""The random password of an account is nowhere to be found once the call is over.

Auth0 asks for one, nobody needs it, and whoever reads it could sign in as somebody else: not from
the log, not from the database, and not from an error that a crash reporter picks apart.
"""

import gc
import io
import logging
import secrets
import sys
from collections.abc import Callable, Iterator
from itertools import compress
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from auth0sync.calls import Call
from auth0sync.errors import SyncError
from auth0sync.tenant import Tenant
from auth0sync.token import get_token
from tests.auth0sync.test_token import answering
from tests.devtenant.running import RunningTenant
from tests.ports import free_port

pytestmark = pytest.mark.once

ADA = "auth0|emp-1"
BODY = {"email": "ada@example.com", "name": "Ada", "verify_email": False}
# Another one for each test, and never whole, so that what is found comes from the call alone.
PARTS = ["Zq7-", "", "-n0where-kept!"]

AT_ONCE = 1_000  # objects

Search = Callable[[], list[str]]


def password() -> str:
    """The password that is looked for: joined anew each time, and let go at once."""
    return "".join(PARTS)


def places_of(needle: str) -> list[str]:
    """What in the memory of this process holds the text: the kinds of the holding objects.

    Everything that the garbage collector knows is asked for what it refers to, so also frames
    that an error keeps alive, closures, and objects that only refer to each other: nothing is
    collected beforehand.
    """
    found: list[str] = []
    own_frame = sys._getframe()
    holders = [holder for holder in gc.get_objects() if holder is not own_frame]
    for start in range(0, len(holders), AT_ONCE):
        some = holders[start : start + AT_ONCE]
        if _holds(needle, *some):
            for holder in some:
                if _holds(needle, holder):
                    found.append(type(holder).__name__)
    return found


class _Is(dict[type, bool]):
    """Whether objects of a type are of one of these kinds, asked once for each type.

    The type, not isinstance, which would wake lazy objects that ask for things that are gone.
    """

    def __init__(self, *kinds: type) -> None:
        super().__init__()
        self.kinds = kinds

    def __missing__(self, kind: type) -> bool:
        self[kind] = issubclass(kind, self.kinds)
        return self[kind]

    def among(self, parts: list[Any]) -> list[Any]:
        """Those of these kinds. There are millions, so without a line of Python for each."""
        return list(compress(parts, map(self.__getitem__, map(type, parts))))


TEXTS, BYTES, BUFFERS, BOXES = _Is(str), _Is(bytes, bytearray), _Is(io.BytesIO), _Is(tuple, dict)
ANY = _Is(str, bytes, bytearray, io.BytesIO, tuple, dict)


def _holds(needle: str, *holders: Any) -> bool:
    """Whether one of the objects refers to the text by itself; bytes are searched too."""
    parts = ANY.among(gc.get_referents(*holders))
    raw = [*BYTES.among(parts), *(b.getvalue() for b in BUFFERS.among(parts) if not b.closed)]
    # Plain tuples and dictionaries aren't known to the collector.
    boxes = [box for box in BOXES.among(parts) if not gc.is_tracked(box)]
    return (
        needle in "\0".join(TEXTS.among(parts))
        or needle.encode() in b"\0".join(raw)
        or (bool(boxes) and _holds(needle, *boxes))
    )


def rows_with(needle: str) -> list[str]:
    """The tables in which some column of some row holds the text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            if any(needle in str(value) for row in cursor.fetchall() for value in row):
                found.append(table)
    return found


@pytest.fixture
def left(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Search]:
    """Looks everywhere for the password of the calls in this test."""
    caplog.set_level(logging.DEBUG)
    PARTS[1] = secrets.token_hex(8)
    monkeypatch.setattr("auth0sync.tenant._random_password", password)
    get_token()
    gc.disable()  # what only refers to itself must be found, not tidied away

    def search() -> list[str]:
        needle = password()
        places = places_of(needle) + rows_with(needle)
        return [*places, "the log"] if needle in caplog.text else places

    yield search
    gc.enable()


def silent_tenant() -> Tenant:
    told: list[Call] = []
    return Tenant(lambda outgoing: None, told.append)


def create() -> None:
    silent_tenant().create_user("emp-1", BODY)


def replace() -> None:
    silent_tenant().replace_password(ADA)


def make_ada(tenant: RunningTenant) -> None:
    body = {
        **BODY,
        "connection": "Username-Password-Authentication",
        "user_id": "emp-1",
        "password": "An0ther-one!-which-nobody-looks-for",
    }
    assert tenant.api("POST", "/users", body).status_code == 201


FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 400},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 409},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "reset", "when": "before"},
    {"kind": "reset", "when": "after"},
    {"kind": "hang", "when": "before", "delay_s": 0.8},
    {"kind": "hang", "when": "after", "delay_s": 0.8},
    {"kind": "wrong_body"},
    {"kind": "wrong_body", "body": "<html>"},
    {"kind": "wrong_body", "body": {"user_id": "auth0|another"}},
]


def failures_of(call: Callable[[], None], tenant: RunningTenant, path: str) -> list[SyncError]:
    """The errors of a call in each of FAULTS; all are kept, for one search through the memory."""
    errors = []
    for fault in FAULTS:
        tenant.fault(match={"path": path}, **fault)
        with pytest.raises(SyncError) as failed:
            call()
        errors.append(failed.value)
        tenant.clear_faults()
        if call is create:  # some of the faults come after the account was made
            tenant.api("DELETE", f"/users/{ADA}")
    return errors


# The search itself


def test_the_search_finds_a_password_in_memory(left: Search) -> None:
    kept = {"password": password(), "other": []}

    assert left() == ["dict"]
    assert kept


def test_the_search_finds_a_password_within_bytes(left: Search) -> None:
    kept = [[b'{"password": "' + password().encode() + b'"}'], {io.BytesIO(password().encode())}]

    assert left() == ["list", "set"]
    assert kept


def test_the_search_finds_a_password_in_a_frame_that_an_error_keeps(left: Search) -> None:
    def fail() -> None:
        held = password()
        raise ValueError(len(held))

    with pytest.raises(ValueError, match=r"\d") as failed:
        fail()

    assert "frame" in left()
    assert failed.value.args


def test_the_search_finds_a_password_that_only_refers_to_itself(left: Search) -> None:
    def lose() -> None:
        loop: list[Any] = [password()]
        loop.append(loop)

    lose()

    assert left() == ["list"]


def test_the_search_finds_a_password_in_the_log(left: Search) -> None:
    logging.getLogger("test").debug("The password is %s.", password())

    assert "the log" in left()


def test_the_search_finds_a_password_in_any_table(left: Search) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth0_tenant_state SET token = %s", [f"x{password()}x"])

    assert "auth0_tenant_state" in left()


# The calls


def test_an_account_that_was_made_leaves_no_password(tenant: RunningTenant, left: Search) -> None:
    create()

    assert left() == []
    assert tenant.user_by_email("ada@example.com")


def test_an_account_that_exists_already_leaves_no_password(
    tenant: RunningTenant, left: Search
) -> None:
    make_ada(tenant)

    with pytest.raises(SyncError) as failed:
        create()

    assert left() == []
    assert failed.value.code


def test_creations_that_failed_leave_no_password(
    tenant: RunningTenant, settings: Settings, left: Search
) -> None:
    settings.AUTH0_TIMEOUT = 0.4

    errors = failures_of(create, tenant, "/api/v2/users")

    assert left() == []
    assert all(error.code for error in errors)  # they and their frames were there all the while


@pytest.mark.parametrize("status", [201, 400])
def test_a_creation_whose_answer_cannot_be_unpacked_leaves_no_password(
    settings: Settings, left: Search, status: int
) -> None:
    with answering(status, b"no gzip", Content_Encoding="gzip") as root:
        settings.AUTH0_BASE_URL = root
        with pytest.raises(SyncError) as failed:
            create()

    assert left() == []
    assert failed.value.code


def test_a_creation_that_never_left_leaves_no_password(
    tenant: RunningTenant, settings: Settings, left: Search
) -> None:
    settings.AUTH0_BASE_URL = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(SyncError) as failed:
        create()

    assert left() == []
    assert failed.value.code


def test_a_password_that_was_replaced_is_left_nowhere(tenant: RunningTenant, left: Search) -> None:
    make_ada(tenant)

    replace()

    assert left() == []


def test_replacements_that_failed_leave_no_password(
    tenant: RunningTenant, settings: Settings, left: Search
) -> None:
    settings.AUTH0_TIMEOUT = 0.4
    make_ada(tenant)

    errors = failures_of(replace, tenant, r"/api/v2/users/auth0\|emp-1")

    assert left() == []
    assert all(error.code for error in errors)
