"""A supervisor helps a colleague at the kiosk: whom, their number, a new PIN, another try.

Only on a device that is set up as a kiosk. What changes something is done with her own PIN, typed
once more: the kiosk may have been left open.
"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters

from employees import helping
from employees.authority import Actor
from employees.errors import EmployeesError
from employees.kiosk import cookies
from employees.kiosk.cookies import Note
from employees.kiosk.device import door_of, kiosk_on
from employees.kiosk.pages import kiosk_page, note_of_wait, over, session_on, show, to
from employees.kiosk.texts import TEXTS
from employees.lockout import waiting
from employees.models import Employee
from employees.pin_services import markers, set_random_pin, unlock
from employees.signing_in import MustWait, Refused, Session, confirm

WHY_OWN_PIN = {"new-pin": "own_pin_new", "unlock": "own_pin_unlock"}


def helper_on(request: HttpRequest, session: Session) -> Actor | None:
    """The helper who is signed in here; None where the device, or the role, doesn't let them."""
    return helping.helper(session.employee) if kiosk_on(request) else None


@kiosk_page("GET", "HEAD")
def choose(request: HttpRequest) -> HttpResponse:
    """Whom to help, by the first letters of the name."""
    session = session_on(request)
    if session is None:
        return over(request)
    actor = helper_on(request, session)
    if actor is None:
        return to("me")
    start = request.GET.get("start", "")
    choice = helping.choose(helping.helped_by(actor, _workspace(request)), start)
    return _answer(request, session, show(request, "help", choice=choice, start=start))


@kiosk_page("GET", "HEAD")
def person(request: HttpRequest, employee_id: int) -> HttpResponse:
    """Somebody's number, and what can be done for them."""
    found = _helping(request, employee_id)
    if isinstance(found, HttpResponse):
        return found
    session, actor, employee = found
    helping.note_look_up(employee, actor)
    is_waiting = bool(waiting(employee.pk))
    page = show(
        request, "help-person", employee=employee, helped=employee.pk, is_waiting=is_waiting
    )
    return _answer(request, session, page)


@sensitive_post_parameters("pin")
@kiosk_page("GET", "HEAD", "POST")
def new_pin(request: HttpRequest, employee_id: int) -> HttpResponse:
    """Her own PIN; then the colleague's new one, this once."""
    return _with_own_pin(request, employee_id, "new-pin")


@sensitive_post_parameters("pin")
@kiosk_page("GET", "HEAD", "POST")
def let_try(request: HttpRequest, employee_id: int) -> HttpResponse:
    """Her own PIN; then the colleague needn't wait any more."""
    return _with_own_pin(request, employee_id, "unlock")


def _with_own_pin(request: HttpRequest, employee_id: int, what: str) -> HttpResponse:
    found = _helping(request, employee_id)
    if isinstance(found, HttpResponse):
        return found
    session, actor, employee = found
    if request.method != "POST":
        seen = markers([employee_id])[employee_id]
        why = _texts(request)[WHY_OWN_PIN[what]].format(name=employee.name)
        page = show(
            request, "help-own-pin", employee=employee, helped=employee.pk, why=why, seen=seen
        )
        return _answer(request, session, page)
    try:
        confirm(session, request.POST.get("pin", ""), door_of(request))
        response = _do(request, actor, employee, what)
    except MustWait as wait:
        response = to(f"help-{what}", request, note_of_wait(wait), employee_id=employee_id)
    except Refused:
        response = to(f"help-{what}", request, Note("own_wrong"), employee_id=employee_id)
    except EmployeesError:  # the row, or the PIN, isn't as it was when the page was made
        response = to("help-person", request, Note("meanwhile"), employee_id=employee_id)
    return _answer(request, session, response)


def _do(request: HttpRequest, actor: Actor, employee: Employee, what: str) -> HttpResponse:
    """Raises: as the services do."""
    if what == "unlock":
        unlock(employee.pk, actor)
        return to("help-person", request, Note("unlocked"), employee_id=employee.pk)
    made = set_random_pin(employee.pk, actor, request.POST.get("seen", ""))
    title = _texts(request)["new_pin_of"].format(name=employee.name)
    return show(request, "help-new-pin", employee=employee, title=title, pin=made.pin)


def _helping(
    request: HttpRequest, employee_id: int
) -> tuple[Session, Actor, Employee] | HttpResponse:
    """Who is signed in, as a helper, and whom she helps; where she can't, the answer to that."""
    session = session_on(request)
    if session is None:
        return over(request)
    actor = helper_on(request, session)
    employee = helping.find(employee_id, actor, _workspace(request)) if actor else None
    if actor is None or employee is None:
        return to("help", request, Note("not_yours"))
    return session, actor, employee


def _texts(request: HttpRequest) -> dict[str, str]:
    return TEXTS[cookies.language_of(request)]


def _workspace(request: HttpRequest) -> str:
    kiosk = kiosk_on(request)
    return kiosk.workspace if kiosk else ""


def _answer(request: HttpRequest, session: Session, response: HttpResponse) -> HttpResponse:
    cookies.keep_while_used(request, response, cookies.TOKEN, session.token)
    return response
