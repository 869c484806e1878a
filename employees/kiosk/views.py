"""The kiosk's pages: number, PIN, who is signed in, a new PIN.

Every form is answered with a redirect, so that reloading or going back repeats no try. Number and
PIN are in no address. Whether a number exists is told nowhere: the PIN is asked for in any case.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from django.views.decorators.debug import sensitive_post_parameters

from employees.errors import InvalidValue
from employees.kiosk import cookies
from employees.kiosk.cookies import Note
from employees.kiosk.pages import error_page, kiosk_page, show
from employees.kiosk.texts import DEFAULT, LANGUAGES, NOTES_OF_WEAK, TEXTS
from employees.models import Employee
from employees.pins import Weak
from employees.signing_in import (
    MustWait,
    NoSession,
    Refused,
    Session,
    change_pin,
    number_of,
    session_of,
    sign_in,
    sign_out,
)
from employees.zones import zone_of

LONGEST_NUMBER = 20  # digits; some badges fill the number up with zeros
PAGES = ("start", "pin", "me", "change-pin")  # where the language can be changed


@kiosk_page("GET", "HEAD", "POST")
def start(request: HttpRequest) -> HttpResponse:
    """Step 1: the employee number, typed or scanned."""
    if request.method == "POST":
        number = request.POST.get("number", "").strip()
        if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
            return _to("start", request, Note("number"))
        response = _to("pin")
        cookies.keep_while_used(request, response, cookies.NUMBER, number)
        return response
    if _session(request):
        return _to("me")
    in_default = cookies.language_of(request) == DEFAULT
    is_clean = in_default and cookies.NUMBER not in request.COOKIES
    return show(request, "start", is_idle_page=not is_clean)


@sensitive_post_parameters("pin")
@kiosk_page("GET", "HEAD", "POST")
def pin(request: HttpRequest) -> HttpResponse:
    """Step 2: the PIN."""
    number = request.COOKIES.get(cookies.NUMBER, "")
    if not number:
        return _to("start")
    if request.method != "POST":
        texts = TEXTS[cookies.language_of(request)]
        return show(request, "pin", for_number=texts["for_number"].format(number=number))
    typed = request.POST.get("pin", "")
    if not typed:
        return _to("pin", request, Note("pin"))
    try:
        session = sign_in(number_of(number), typed)
    except MustWait as wait:
        return _to("pin", request, Note("wait", wait.minutes))
    except Refused:
        return _to("pin", request, Note("wrong"))
    # Whoever was signed in here before has left without saying so.
    sign_out(request.COOKIES.get(cookies.TOKEN, ""))
    response = _to("me")
    cookies.forget(response, cookies.NUMBER)
    cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    return response


@kiosk_page("GET", "HEAD")
def me(request: HttpRequest) -> HttpResponse:
    """Who is signed in."""
    session = _session(request)
    if session is None:
        return _over(request)
    employee = session.employee
    texts = TEXTS[cookies.language_of(request)]
    now = timezone.now().astimezone(zone_of(employee.workspace))
    with override(cookies.language_of(request)):
        date = date_format(now, texts["date_format"])
        time = date_format(now, texts["time_format"])
    hello = texts["hello"].format(name=_first_name(employee))
    response = show(request, "me", employee=employee, hello=hello, date=date, time=time)
    cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    return response


@sensitive_post_parameters("current", "new", "again")
@kiosk_page("GET", "HEAD", "POST")
def own_pin(request: HttpRequest) -> HttpResponse:
    """The PIN as it is, and twice the new one."""
    session = _session(request)
    if session is None:
        return _over(request)
    if request.method != "POST":
        response = show(request, "change-pin")
    else:
        note = _change(session, request)
        if note is None:
            return _over(request)
        response = _to("me" if note.key == "changed" else "change-pin", request, note)
    cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    return response


@kiosk_page("GET", "HEAD")
def stay(request: HttpRequest) -> HttpResponse:
    """Somebody touches the screen: the cookies last longer. 204, or 401 where nobody is there."""
    session = _session(request)
    number = request.COOKIES.get(cookies.NUMBER, "")
    response = HttpResponse(status=204 if session or number else 401)
    if session:
        cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    elif number:
        cookies.keep_while_used(request, response, cookies.NUMBER, number[:LONGEST_NUMBER])
    return response


@kiosk_page("POST")
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out, and leave nothing of this person behind."""
    return _left(request)


@kiosk_page("GET", "HEAD")
def idle(request: HttpRequest) -> HttpResponse:
    """Nobody has touched the screen: sign out.

    By GET, since a page without scripts gets here by itself. Another site can't make use of it:
    the token isn't sent along with its requests (SameSite=Strict).
    """
    return _left(request)


@kiosk_page("POST")
def language(request: HttpRequest) -> HttpResponse:
    """Go on in another language, on the page where one was."""
    page = request.POST.get("page", "")
    response = _to(page if page in PAGES else "start")
    chosen = request.POST.get("language", "")
    if chosen in LANGUAGES:
        cookies.keep(request, response, cookies.LANGUAGE, chosen, seconds=3600)
    return response


@kiosk_page("GET", "HEAD", "POST")
def missing(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below /kiosk/."""
    return error_page(request, 404, "page_missing_title", "")


def _change(session: Session, request: HttpRequest) -> Note | None:
    """Change the PIN as the form says; returns what to say, None when the session is over."""
    current, new, again = (request.POST.get(name, "") for name in ("current", "new", "again"))
    if new != again:
        return Note("differ")
    try:
        change_pin(session.token, current, new)
    except NoSession:
        return None
    except InvalidValue as error:
        is_weak = error.reason in set(Weak)
        return Note(NOTES_OF_WEAK[Weak(error.reason)] if is_weak else "same")
    except MustWait as wait:
        return Note("wait", wait.minutes)
    except Refused:
        return Note("current")
    return Note("changed")


def _session(request: HttpRequest) -> Session | None:
    token = request.COOKIES.get(cookies.TOKEN, "")
    return session_of(token) if token else None


def _left(request: HttpRequest) -> HttpResponse:
    """To the start page, with the session ended and every trace of the person gone."""
    sign_out(request.COOKIES.get(cookies.TOKEN, ""))
    response = _to("start")
    cookies.forget(response, *cookies.OF_A_PERSON)
    # Pages of a browser that keeps some in spite of no-store. Not "cookies": the admin's are here.
    response["Clear-Site-Data"] = '"cache"'
    return response


def _over(request: HttpRequest) -> HttpResponse:
    """As when leaving; whoever still thought to be signed in is told that they aren't."""
    response = _left(request)
    if request.COOKIES.get(cookies.TOKEN):
        cookies.keep_note(request, response, Note("over"))
    return response


def _to(page: str, request: HttpRequest | None = None, note: Note | None = None) -> HttpResponse:
    """On to another page, which says ``note``."""
    response = HttpResponseRedirect(reverse(f"kiosk-{page}"))
    response.status_code = 303
    if request is not None and note is not None:
        cookies.keep_note(request, response, note)
    return response


def _first_name(employee: Employee) -> str:
    return (employee.name.split() or [str(employee.pk)])[0]
