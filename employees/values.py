"""What each column of a person may hold. Pure rules; messages are for the person at the form."""

import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

from employees.emails import MAX_LENGTH, is_valid, normalise_email
from employees.errors import InvalidValue
from employees.models import Auth0Role, AuthMethod, RoleConfig, Workspace

SHOP_FLOOR = frozenset(
    {"heat press", "picking", "labeling", "film matching", "packing", "shipping"}
)


# They turn the text after them around, so that a page shows number 83 as 38. Arabic and Hebrew
# need none of them. Source: Unicode UAX 9, explicit embeddings, overrides and isolates.
TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
YEARS = range(1900, 2100)


def tidy(text: str | None) -> str:
    """Without outer space and in NFC, so that one name is written in one way; None is ''."""
    return unicodedata.normalize("NFC", (text or "").strip())


def proposed_auth_method(department: str | None, shop_floor: frozenset[str] = SHOP_FLOOR) -> str:
    """How a newcomer should sign in when nobody says: hybrid on the shop floor, else auth0.

    PodFactory wants everybody on the shop floor in Auth0 too, hence not only a PIN.
    shop_floor: the names of those departments in lower case.
    """
    on_the_floor = tidy(department).lower() in shop_floor
    return AuthMethod.HYBRID if on_the_floor else AuthMethod.AUTH0


def clean_email(field: str, value: str | None) -> str | None:
    """A normalised e-mail, or None when it is blank.

    Raises: InvalidValue, when it doesn't look like an e-mail.
    """
    email = normalise_email(value)
    if not email:
        return None
    if len(email) > MAX_LENGTH:
        raise InvalidValue(field, f"An e-mail has at most {MAX_LENGTH} characters.")
    if not is_valid(email):
        raise InvalidValue(field, "This doesn't look like an e-mail: write name@example.com.")
    return email


def clean_value(field: str, value: Any) -> Any:
    """``value`` as the column holds it: tidied, blank as NULL where the column allows it.

    field: a column that people may write; ``role`` takes a RoleConfig, ``role_id`` its number.
    Raises: InvalidValue, when the column must not hold this, or isn't one that people write.
    """
    cleaner = CLEANERS.get(field)
    if cleaner is None:
        raise InvalidValue(field, "This can't be changed here.")
    return cleaner(field, value)


def _text(label: str, longest: int, required: bool = False) -> Callable[[str, Any], str | None]:
    def clean(field: str, value: Any) -> str | None:
        text = tidy(value)
        if required and not text:
            raise InvalidValue(field, f"{label} must not be empty.")
        if len(text) > longest:
            raise InvalidValue(field, f"{label} has at most {longest} characters.")
        if any(unicodedata.category(character) == "Cc" for character in text):
            raise InvalidValue(field, f"{label} must be one line without control characters.")
        if not TURNS_TEXT.isdisjoint(text):
            raise InvalidValue(
                field, f"{label} holds an invisible character that turns text around: type it anew."
            )
        return text or None

    return clean


def _notes(field: str, value: Any) -> str | None:
    return tidy(value) or None


def _one_of(choices: list[str], default: str | None) -> Callable[[str, Any], str | None]:
    def clean(field: str, value: Any) -> str | None:
        if not value:
            return default
        if value not in choices:
            raise InvalidValue(field, f"Choose one of: {', '.join(choices)}.")
        return str(value)

    return clean


def _day(field: str, value: Any) -> date | None:
    if isinstance(value, str) and value:
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise InvalidValue(field, "Write the day as 2025-12-31.") from None
    # A browser makes the year 25 of "12/31/25".
    if value and value.year not in YEARS:
        raise InvalidValue(field, "Write the year with four digits, such as 2025.")
    return value or None


def _flag(field: str, value: Any) -> bool:
    return bool(value)


def _role_id(field: str, value: Any) -> int | None:
    number = value.pk if isinstance(value, RoleConfig) else value or None
    if number is not None and not RoleConfig.objects.filter(pk=number).exists():
        raise InvalidValue(field, "There is no such role any more.")
    return number


CLEANERS: dict[str, Callable[[str, Any], Any]] = {
    "name": _text("The name", 255, required=True),
    "email": clean_email,
    "personal_email": clean_email,
    "phone_number": _text("The phone number", 20),
    "department": _text("The department", 100),
    "workspace": _one_of(Workspace.values, None),
    "role": _role_id,
    "role_id": _role_id,
    "hire_date": _day,
    "grace_period_end": _day,
    "notes": _notes,
    "is_contractor": _flag,
    "is_new_employee": _flag,
    "auth_method": _one_of(AuthMethod.values, AuthMethod.PIN),
    "auth0_role": _one_of(Auth0Role.values, Auth0Role.PRODUCTION_ASSOCIATE),
}
