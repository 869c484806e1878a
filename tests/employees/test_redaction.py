"""What is written down holds nothing that nobody may read, however it is wrapped."""

import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from employees import redaction
from employees.redaction import HIDDEN, know, redact, redact_text, secrets_among

pytestmark = pytest.mark.once

bounded = settings(deadline=None, derandomize=True, max_examples=60, database=None)
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=9, max_size=30)
# Nothing of the texts around it holds such a secret by chance.
SECRETS = PRINTABLE.map(lambda text: f"Zq{text}9")
WORDS = st.text("abcdefgh .,\n", max_size=12)
NAMES = st.sampled_from(
    ["password", "pin", "new_pin", "loginPin", "PIN", "client_secret", "accessToken", "ticket"]
    + ["Authorization", "Set-Cookie", "csrfmiddlewaretoken", "login_token", "code", "state"]
)


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    before = redaction._known
    know([])
    yield
    redaction._known = before


def boxed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.one_of(st.none(), st.integers(), WORDS)
    return st.one_of(
        st.lists(st.one_of(plain, inner), min_size=1, max_size=3).map(lambda some: some),
        st.tuples(inner, plain),
        st.dictionaries(st.sampled_from(["employee", "body", "event"]), inner, min_size=1),
    )


@bounded
@given(st.data(), SECRETS, NAMES)
def test_a_value_under_a_sensitive_name_is_hidden_in_any_box(
    data: st.DataObject, secret: str, name: str
) -> None:
    box = data.draw(st.recursive(st.just({name: secret}), boxed, max_leaves=4))

    assert secret not in repr(redact(box))


@bounded
@given(WORDS, SECRETS, st.sampled_from(["password", "new_pin", "clientSecret", "token", "PIN"]))
def test_a_value_beside_its_name_is_hidden_in_any_text(text: str, secret: str, name: str) -> None:
    for written in (
        f"{text} {name}={secret} {text}",
        f"{text} {name}: {secret}",
        f"{text} { ({'id': 1, name: secret})!r} {text}",
    ):
        assert secret not in redact_text(written).replace("\\\\", "\\").replace("\\'", "'")


@bounded
@given(WORDS, SECRETS)
def test_a_secret_of_the_settings_is_hidden_wherever_it_stands(text: str, secret: str) -> None:
    know([secret])

    try:
        raise ValueError(f"{text}{secret}{text}")
    except ValueError as error:
        written = [redact(error), redact_text(traceback.format_exc()), redact_text(repr(error))]
    assert not [line for line in written if secret in line]
    assert secret not in repr(redact({secret: [secret.encode(), {"x": f"a{secret}b"}]}))


@bounded
@given(
    st.text("abcxyzöÄ0189._+-", min_size=2, max_size=20),
    st.sampled_from(["example.com", "mail.example.co.uk", "localhost"]),
    WORDS,
)
def test_an_email_keeps_its_first_letter_and_its_domain(local: str, domain: str, text: str) -> None:
    for sign in ("@", "%40"):
        written = redact_text(f"{text} {local}{sign}{domain} {text}")

        assert f"{local}{sign}" not in written
        assert f"{local[0]}…{sign}{domain}" in written


@bounded
@given(st.recursive(st.one_of(st.text(), st.binary(), st.floats(), st.none()), st.lists))
def test_nothing_makes_it_fail_and_numbers_stay(value: Any) -> None:
    redact({"event": value, "employee_id": 7})

    assert redact({"employee_id": 7, "duration_ms": 3}) == {"employee_id": 7, "duration_ms": 3}


SHAPES = {
    "Authorization: Basic dXNlcjpodW50ZXIy": "dXNlcjpodW50ZXIy",
    "headers {'Authorization': 'Bearer abc.def-123'}": "abc.def-123",
    "sent Bearer opaque-0123456789 to it": "opaque-0123456789",
    "an eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl came": "c2lnbmF0dXJl",
    "the row $2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234 is": "ABCDEFGHIJ",
    "pbkdf2_sha256$870000$salt$hash= of the user": "salt$hash",
    "mysql://console:hunter2@db.example.com:3306/people": "hunter2",
    "mysql://console:hun@ter2@db.example.com/people": "ter2",
    "mail https://tenant.example.com/lo/reset?ticket=kQ83hs#": "kQ83hs",
    "GET /complete/auth0?state=abc123&code=xyz789 HTTP/1.1": "xyz789",
    'GET "/admin/people/?q=Ada Quill"': "q=Ada",
    "Cookie: sessionid=abc; other=def": "def",
    "(1062, \"Duplicate entry 'tok3n' for key 'login'\")": "tok3n",
    "SET `login_token` = 'abc''d', pin_hash='x'": "abc",
    "-----BEGIN PRIVATE KEY-----\nMIIE\nabc\n-----END PRIVATE KEY----- x": "MIIE",
    "{'pin': 4711, 'employee_id': 3}": "4711",
    "'password': 'a\\'b c' x": "b c",
}


@pytest.mark.parametrize("text", SHAPES)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    assert SHAPES[text] not in redact_text(text)
    assert HIDDEN in redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Machine token renewed, good for 86400 s.",
        "Employee 7 is begun again: deadlock",
        "shipping: 3 parts at 10:20, spinning=yes",
        "error_code=insufficient_scope http_status=403 auth0|emp-1",
        "GET https://tenant.example.com/api/v2/users answered 200",
        "Who is it? a@ b",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


def test_an_object_that_cannot_be_shown_is_hidden() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    loop: list[Any] = []
    loop.append(loop)

    assert redact(Broken()) == redaction.UNREADABLE
    assert HIDDEN in repr(redact(loop))


def test_the_secrets_of_the_settings_are_known_by_their_names_and_addresses() -> None:
    found = secrets_among(
        {
            "SECRET_KEY": "one-secret",
            "METRICS_TOKEN": "two-secret",
            "AUTH0_WEBHOOK_TOKEN": ["new-secret", "old-secret"],
            "AUTH0_TOKEN_REFRESH_BUFFER": 300,
            "EMAIL_URL": "smtp+tls://mail:three-secret@example.com:587",
            "AUTH0_DOMAIN": "example.us.auth0.com",
        }
    )

    assert found == ["one-secret", "two-secret", "new-secret", "old-secret", "three-secret"]
