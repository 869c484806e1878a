"""Takes out of anything that is about to be written down what nobody may read there. Pure.

Secrets are known by the name they stand under, by their shape, or because they are in the settings
(:func:`know`). E-mails keep their first letter and their domain: ``a…@example.com``. What isn't
needed to understand a line is hidden rather than judged: addresses lose all behind ``?`` or ``#``.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
UNREADABLE = "[hidden: it can't be looked through]"
KNOWN_LEAST = 8  # characters: a shorter value of a setting would tear ordinary words apart
DEPTH_MOST = 8  # of boxes in boxes

# Words of names whose values are hidden, wherever in it they stand: login_token, clientSecret.
_WORDS = (
    r"password|passwd|passphrase|secret|token|authorization|cookie|csrf|credential|ticket|signature"
    r"|assertion|api[_-]?key|private[_-]?key|session[_-]?(?:id|key)|code[_-]?verifier|nonce"
)
# These are names by themselves only: a pin is none in "shipping". PIN2 and loginPin are.
_PIN = r"(?<![A-Za-z])pins?(?![A-Za-z])|(?-i:(?<=[a-z])(?:Pin|PIN)(?![a-z]))"
_SENSITIVE = re.compile(rf"{_WORDS}|{_PIN}|(?<![A-Za-z])(?:pwd|otp|sid)(?![A-Za-z])", re.I)
_WHOLE_NAMES = frozenset({"code", "state"})  # of an OAuth call-back

# Each part is bounded, or ends at a space: a long line must not hold its process up.
_QUOTED = r"""b?"(?:\\.|[^"\\])*"?|b?'(?:\\.|[^'\\])*'?"""
_HEADER = re.compile(
    r"\b((?:proxy-)?authorization|(?:set-)?cookie)([\"']?\s*[:=]\s*)[^\r\n]+", re.I
)
_NAMED = re.compile(
    rf"((?:{_SENSITIVE.pattern})[\w-]{{0,40}}[\"'`\]]{{0,2}}\s{{0,3}}(?:=>|==|[:=])\s{{0,3}})"
    rf"(?:{_QUOTED}|\d+(?=[,}})\]\s]|$)|\S+)",
    re.I | re.S,
)
_BEARER = re.compile(r"\b(bearer)\s+[^\s\"']{6,}", re.I)
_JWT = re.compile(r"eyJ[\w-]{6,600}(?:\.[\w-]*)+")
_HASH = re.compile(
    r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]+|(?:pbkdf2_\w{1,20}|argon2\w{0,9}|scrypt|bcrypt\w{0,9}|md5)\$\S+"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.S)
_USER_OF_URL = re.compile(r"(://)[^\s/]*@")
_QUERY = re.compile(r"((?:://|(?<![^\s\"'(=:])/)[^\s?#\"'<>]{0,400})[?#][^\s\"'<>]+")
# What a database says of a value that it refuses: it may be a token.
_REFUSED = re.compile(rf"(Duplicate entry|value:) (?:{_QUOTED})(?= for )", re.S)
_EMAIL = re.compile(r"([^\s@<>\"'(),:;=&\[\]\\…])[^\s@<>\"'(),:;=&\[\]\\]{0,64}(@|%40)(?=[\w-])")

_known: re.Pattern[str] | None = None  # the values of the settings' secrets, in all their spellings


def know(secrets: Iterable[str]) -> None:
    """Hide these values too, however they are spelt; they replace those that were known before."""
    global _known
    spelt = {way(secret) for secret in secrets if len(secret) >= KNOWN_LEAST for way in _SPELLINGS}
    longest_first = sorted(spelt, key=len, reverse=True)
    _known = re.compile("|".join(map(re.escape, longest_first))) if spelt else None


_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: quote(text, safe=""),
    quote_plus,
    escape,
    lambda text: json.dumps(text)[1:-1],
    lambda text: repr(text)[1:-1],
)


def secrets_among(settings: Mapping[str, Any]) -> list[str]:
    """The texts among settings that their names call secret, and passwords within addresses."""
    found = []
    for name, value in settings.items():
        if isinstance(value, list) and is_sensitive(name):  # an old one and a new one
            found += [each for each in value if isinstance(each, str)]
        if not isinstance(value, str):
            continue
        if is_sensitive(name):
            found.append(value)
        elif named := re.search(r"://[^/\s]*?:([^/\s]+)@", value):
            found.append(named.group(1))
    return found


@lru_cache(maxsize=1024)
def is_sensitive(name: str) -> bool:
    """Whether the value that stands under this name is hidden whatever it is."""
    return name.lower() in _WHOLE_NAMES or _SENSITIVE.search(name) is not None


def redact_text(text: str) -> str:
    """The text without secrets, whole e-mails and what stands behind ``?`` in addresses.

    Never raises. Redacting twice changes nothing more that matters.
    """
    if _known is not None:
        text = _known.sub(HIDDEN, text)
    if "-----BEGIN" in text:
        text = _PEM.sub(HIDDEN, text)
    if "/" in text:
        text = _QUERY.sub(rf"\1?{HIDDEN}", _USER_OF_URL.sub(rf"\1{HIDDEN}@", text))
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    if ":" in text or "=" in text:
        text = _HEADER.sub(rf"\1\2{HIDDEN}", text)
        text = _NAMED.sub(rf"\1{HIDDEN}", text)
    if "eyJ" in text:
        text = _JWT.sub(HIDDEN, text)
    if "$" in text:
        text = _HASH.sub(HIDDEN, text)
    if " for " in text:
        text = _REFUSED.sub(rf"\1 {HIDDEN}", text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(r"\1…\2", text)
    return text


def redact(value: Any) -> Any:
    """The value without what nobody may read: boxes within boxes, errors, and anything's repr.

    Numbers, booleans, None and times stay as they are, unless the name they stand under is
    sensitive. Never raises: what can't be looked through is hidden whole.
    """
    try:
        return _redacted(value, 0)
    except Exception:  # noqa: BLE001  (a repr may raise anything, and the line mustn't be lost)
        return UNREADABLE


def _redacted(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(str(value))
    if depth > DEPTH_MOST:  # or it holds itself
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            redact_text(str(name)): _under(str(name), each, depth) for name, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(each, depth + 1) for each in value]
    if isinstance(value, bytes | bytearray):
        return redact_text(bytes(value).decode("utf-8", "backslashreplace"))
    if isinstance(value, BaseException):
        return redact_text(f"{type(value).__name__}: {value}")
    return redact_text(repr(value))


def _under(name: str, value: Any, depth: int) -> Any:
    if is_sensitive(name):
        return value if value is None or isinstance(value, bool) else HIDDEN
    return _redacted(value, depth + 1)
