"""The kiosk's pages: setting it up, number, PIN, who is signed in, a new PIN.

Every form is answered with a redirect, so that reloading or going back repeats no try. Number and
PIN are in no address. Whether a number exists is told nowhere: the PIN is asked for in any case.
"""

import logging

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from django.views.decorators.debug import sensitive_post_parameters

from employees.errors import InvalidValue
from employees.kiosk import cookies
from employees.kiosk.cookies import Note
from employees.kiosk.device import door_of, kiosk_on, remember_device
from employees.kiosk.help_views import helper_on
from employees.kiosk.pages import (
    error_page,
    kiosk_page,
    left,
    note_of_wait,
    over,
    session_on,
    show,
    to,
)
from employees.kiosk.texts import DEFAULT, LANGUAGES, NOTES_OF_WEAK, TEXTS
from employees.kiosks import TooManyCodes, WrongCode, enrol
from employees.models import Employee
from employees.pins import Weak
from employees.signing_in import (
    MustWait,
    NoSession,
    Refused,
    Session,
    change_pin,
    number_of,
    sign_in,
    sign_out,
)
from employees.zones import zone_of

logger = logging.getLogger(__name__)
LONGEST_NUMBER = 20  # digits; some badges fill the number up with zeros
PAGES = ("start", "pin", "me", "change-pin", "help", "enrol")  # where the language can be changed


@kiosk_page("GET", "HEAD", "POST")
def start(request: HttpRequest) -> HttpResponse:
    """Step 1: the employee number, typed or scanned."""
    if request.method == "POST":
        number = request.POST.get("number", "").strip()
        if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
            return to("start", request, Note("number"))
        token, before = (request.COOKIES.get(name) for name in (cookies.TOKEN, cookies.NUMBER))
        # A badge that is scanned on somebody's page: they have left without saying so.
        is_next = token or before not in (None, number)
        response = left(request, "pin") if is_next else to("pin")
        cookies.keep_while_used(request, response, cookies.NUMBER, number)
        return response
    if session_on(request):
        return to("me")
    in_default = cookies.language_of(request) == DEFAULT
    is_clean = in_default and cookies.NUMBER not in request.COOKIES
    response = show(request, "start", is_idle_page=not is_clean)
    if kiosk_on(request):  # for another 400 days
        remember_device(request, response, request.COOKIES[cookies.DEVICE])
    return response


@sensitive_post_parameters("code")
@kiosk_page("GET", "HEAD", "POST", for_any_browser=True)
def set_up(request: HttpRequest) -> HttpResponse:
    """Before step 1, once: the code that makes this browser a kiosk."""
    if kiosk_on(request):
        return to("start")
    if request.method != "POST":
        return show(request, "enrol", is_idle_page=False)
    try:
        kiosk, cookie = enrol(request.POST.get("code", "").strip(), door_of(request))
    except WrongCode:
        return to("enrol", request, Note("code"))
    except TooManyCodes as wait:
        return to("enrol", request, Note("wait_here", -(-wait.seconds // 60)))
    logger.info("A device was set up as kiosk %d.", kiosk.pk)
    response = to("start")
    remember_device(request, response, cookie)
    return response


@sensitive_post_parameters("pin")
@kiosk_page("GET", "HEAD", "POST")
def pin(request: HttpRequest) -> HttpResponse:
    """Step 2: the PIN."""
    number = request.COOKIES.get(cookies.NUMBER, "")
    if not number:
        return to("start")
    if request.method != "POST":
        texts = TEXTS[cookies.language_of(request)]
        for_number = texts["for_number"].format(number=number)
        return show(request, "pin", for_number=for_number, nobody_here=_nobody_here(request))
    typed = request.POST.get("pin", "")
    if not typed:
        return to("pin", request, Note("pin"))
    try:
        session = sign_in(number_of(number), typed, door_of(request))
    except MustWait as wait:
        return to("pin", request, note_of_wait(wait))
    except Refused:
        return to("pin", request, Note("wrong"))
    # Whoever was signed in here before has left without saying so.
    sign_out(request.COOKIES.get(cookies.TOKEN, ""))
    response = to("me")
    cookies.forget(response, cookies.NUMBER)
    cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    return response


@kiosk_page("GET", "HEAD")
def me(request: HttpRequest) -> HttpResponse:
    """Who is signed in."""
    session = session_on(request)
    if session is None:
        return over(request)
    employee = session.employee
    texts = TEXTS[cookies.language_of(request)]
    now = timezone.now().astimezone(zone_of(employee.workspace))
    with override(cookies.language_of(request)):
        date = date_format(now, texts["date_format"])
        time = date_format(now, texts["time_format"])
    hello = texts["hello"].format(name=_first_name(employee))
    can_help = helper_on(request, session) is not None
    response = show(
        request, "me", employee=employee, hello=hello, date=date, time=time, can_help=can_help
    )
    cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    return response


@sensitive_post_parameters("current", "new", "again")
@kiosk_page("GET", "HEAD", "POST")
def own_pin(request: HttpRequest) -> HttpResponse:
    """The PIN as it is, and twice the new one."""
    session = session_on(request)
    if session is None:
        return over(request)
    if request.method != "POST":
        response = show(request, "change-pin")
    else:
        note = _change(session, request)
        if note is None:
            return over(request)
        response = to("me" if note.key == "changed" else "change-pin", request, note)
    cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    return response


@kiosk_page("GET", "HEAD")
def stay(request: HttpRequest) -> HttpResponse:
    """Somebody touches the screen: the cookies last longer. 204, or 401 where nobody is there."""
    session = session_on(request)
    number = request.COOKIES.get(cookies.NUMBER, "")
    response = HttpResponse(status=204 if session or number else 401)
    if session:
        cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    elif number:
        cookies.keep_while_used(request, response, cookies.NUMBER, number[:LONGEST_NUMBER])
    return response


@kiosk_page("POST", for_any_browser=True)
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out, and leave nothing of this person behind."""
    return left(request)


@kiosk_page("GET", "HEAD", for_any_browser=True)
def idle(request: HttpRequest) -> HttpResponse:
    """Nobody has touched the screen: sign out.

    By GET, since a page without scripts gets here by itself. The worst that a link on another site
    can do with it is to have this browser forget who is signed in.
    """
    return left(request)


@kiosk_page("POST", for_any_browser=True)
def language(request: HttpRequest) -> HttpResponse:
    """Go on in another language, on the page where one was, or with the colleague one helps."""
    page, helped = request.POST.get("page", ""), request.POST.get("helped", "")
    if number := number_of(helped):
        response = to("help-person", employee_id=number)
    else:
        response = to(page if page in PAGES else "start")
    chosen = request.POST.get("language", "")
    if chosen in LANGUAGES:
        cookies.keep(request, response, cookies.LANGUAGE, chosen, seconds=3600)
    return response


@kiosk_page("GET", "HEAD", "POST", for_any_browser=True)
def missing(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below /kiosk/."""
    return error_page(request, 404, "page_missing_title", "")


def _change(session: Session, request: HttpRequest) -> Note | None:
    """Change the PIN as the form says; returns what to say, None when the session is over."""
    current, new, again = (request.POST.get(name, "") for name in ("current", "new", "again"))
    if new != again:
        return Note("differ")
    try:
        change_pin(session.token, current, new, door_of(request))
    except NoSession:
        return None
    except InvalidValue as error:
        is_weak = error.reason in set(Weak)
        return Note(NOTES_OF_WEAK[Weak(error.reason)] if is_weak else "same")
    except MustWait as wait:
        return note_of_wait(wait)
    except Refused:
        return Note("current")
    return Note("changed")


def _nobody_here(request: HttpRequest) -> str:
    """What to do where no supervisor is near."""
    texts = TEXTS[cookies.language_of(request)]
    kiosk = kiosk_on(request)
    if kiosk is None or not kiosk.helper:
        return texts["nobody_here"]
    return texts["nobody_here_but"].format(helper=kiosk.helper)


def _first_name(employee: Employee) -> str:
    return (employee.name.split() or [str(employee.pk)])[0]
