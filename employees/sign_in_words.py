"""What each way of signing in does to this very person, said on the form before it is saved."""

from collections.abc import Iterator, Mapping

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from employees.emails import is_usable
from employees.models import AuthMethod, Employee

FOR_NEWCOMERS: Mapping[str, str] = {
    "": "PIN and Auth0 account for a department of the shop floor, Auth0 account for any other.",
    AuthMethod.PIN: "No Auth0 account is made and nobody is invited. A PIN has to be set after "
    "saving.",
    AuthMethod.AUTH0: "An Auth0 account is made for the e-mail above, and the invitation goes out "
    "as chosen below. There is no PIN: the kiosk stays closed.",
    AuthMethod.HYBRID: "An Auth0 account is made for the e-mail above, and the invitation goes out "
    "as chosen below. A PIN, which has to be set after saving, opens the kiosk.",
}


def effects(person: Employee, has_pin: bool, is_self: bool) -> dict[str, str]:
    """Method → what choosing it does, from the row as it is.

    is_self: the person is the reader.
    """
    return {
        method: " ".join(
            [
                *_beginning(person, method),
                *_at_auth0(person, method, is_self),
                *_at_the_kiosk(person, method, has_pin),
            ]
        )
        for method in AuthMethod
    }


def as_help(words: Mapping[str, str]) -> SafeString:
    """All of them for the field's help; employee_form.js leaves the chosen one, and says it."""
    labels = {"": "As usual", **dict(AuthMethod.choices)}
    lines = format_html_join(
        "",
        '<span data-method="{}"><b>{}:</b> {}</span>',
        ((method, labels[method], text) for method, text in words.items()),
    )
    return format_html('<span class="method-words" aria-live="polite">{}</span>', lines)


def _beginning(person: Employee, method: AuthMethod) -> Iterator[str]:
    if method == person.auth_method:
        yield "As it is now."
    if not person.is_active or person.archived_at is not None:
        yield f"{person.name} is switched off, so this counts from the day of coming back."


def _at_auth0(person: Employee, method: AuthMethod, is_self: bool) -> Iterator[str]:
    was_open = person.auth_method != AuthMethod.PIN
    if method == AuthMethod.PIN:
        if was_open and person.auth0_user_id:
            yield f"{person.name}’s Auth0 account is blocked and its sessions end."
        else:
            yield "There is no Auth0 account to sign in with."
        if was_open:
            whom = "You are" if is_self else f"{person.name} is"
            yield f"{whom} signed out of this console at once."
    elif not is_usable(person.email):
        yield "There is no e-mail for an Auth0 account yet."
    elif not person.auth0_user_id:
        yield (
            f"An Auth0 account is made for {person.email}, and the invitation goes out as chosen "
            "below."
        )
    elif not was_open:
        yield f"{person.name}’s Auth0 account is opened again."
    else:
        yield "The Auth0 account stays open."


def _at_the_kiosk(person: Employee, method: AuthMethod, has_pin: bool) -> Iterator[str]:
    was_open = person.auth_method != AuthMethod.AUTH0
    if method != AuthMethod.AUTH0:
        if not has_pin:
            yield "There is no PIN yet: set one, or the kiosk stays closed."
        else:
            yield "The PIN goes on working at the kiosk." if was_open else "The PIN works again."
    elif not has_pin:
        yield "There is no PIN, and none is needed."
    elif was_open:
        yield (
            f"{person.name}’s PIN stops working at the kiosk at once, and a session there ends. "
            "The PIN is kept: it works again when this is changed back."
        )
    else:
        yield "The PIN of before is kept, and doesn’t work."
