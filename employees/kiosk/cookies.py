"""What a kiosk's browser keeps: small cookies below /kiosk/, which no script can read.

There is no Django session here: the kiosk neither uses nor touches that of the admin. None of them
is sent with a request that another site caused (SameSite=Strict).
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from employees.kiosk.texts import DEFAULT, LANGUAGES, TEXTS

PATH = "/kiosk/"
TOKEN = "kiosk_token"  # noqa: S105  (the name of a cookie)
NUMBER = "kiosk_number"
NOTE = "kiosk_note"
LANGUAGE = "kiosk_language"
DEVICE = "kiosk_device"
OF_A_PERSON = (TOKEN, NUMBER, NOTE, LANGUAGE)
GRACE_S = 15  # a page that has signed itself out by then needs no cookie any more
NOTE_S = 60


@dataclass(frozen=True)
class Note:
    """Something to say on the next page, once: the key of a text, and minutes where it has them."""

    key: str
    minutes: int = 0

    def in_language(self, language: str) -> str:
        """The sentence."""
        return TEXTS[language][f"note_{self.key}"].format(minutes=self.minutes)


def keep(request: HttpRequest, response: HttpResponse, name: str, value: str, seconds: int) -> None:
    """Set one of these cookies; it ends by itself after so many seconds."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Strict",
    )


def keep_while_used(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    """Set a cookie that ends when nobody has touched the kiosk for KIOSK_IDLE_SECONDS."""
    keep(request, response, name, value, settings.KIOSK_IDLE_SECONDS + GRACE_S)


def forget(response: HttpResponse, *names: str) -> None:
    """Take cookies away."""
    for name in names:
        response.delete_cookie(name, path=PATH, samesite="Strict")


def keep_note(request: HttpRequest, response: HttpResponse, note: Note) -> None:
    """Have the next page say this."""
    keep(request, response, NOTE, f"{note.key}.{note.minutes}", NOTE_S)


def note_of(request: HttpRequest) -> Note | None:
    """What this page has to say; what somebody made up is nothing."""
    key, _, minutes = request.COOKIES.get(NOTE, "").partition(".")
    is_known = f"note_{key}" in TEXTS[DEFAULT] and minutes.isascii() and minutes.isdigit()
    return Note(key, int(minutes[:4])) if is_known else None


def language_of(request: HttpRequest) -> str:
    """The chosen language, or the default."""
    chosen = request.COOKIES.get(LANGUAGE, "")
    return chosen if chosen in LANGUAGES else DEFAULT
