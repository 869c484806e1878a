"""The doors of the console itself: how each is tried for somebody who left (``receipts``)."""

from collections.abc import Mapping

from django.http import HttpRequest
from django.urls import resolve

from employees.actors import may_sign_in
from employees.console_sessions import end_sessions_of, has_sessions
from employees.history import notice_changes
from employees.models import Employee, EmployeeAuth, EmployeeUser
from employees.receipts import Found, Leaver, Outcome, Side
from employees.signing_in import session_of, who_may_enter

VERIFY = "/api/employee/verify"
REFUSED = 401
TITLES = {
    "kiosk": "Session at the kiosk",
    "pin": "Log-in with the PIN",
    "verify": "Other programs that ask who a token is",
    "console": "Sessions at the console",
}
LET_IN = "The row lets this person in, though they left: deactivate them once more."


def look(leaver: Leaver) -> Mapping[str, Found]:
    """Try the four doors; nothing where another program has brought the person back."""
    person = Employee.objects.filter(pk=leaver.employee_id).first()
    if person is not None and person.is_active and person.archived_at is None:
        notice_changes([person.pk])  # which ends the receipt
        return {}
    is_let_in = who_may_enter(leaver.employee_id) is not None
    return {
        "kiosk": _kiosk(leaver),
        "pin": _pin(leaver, is_let_in),
        "verify": _verify(leaver, is_let_in),
        "console": _console(leaver, person),
    }


def _kiosk(leaver: Leaver) -> Found:
    rows = EmployeeAuth.objects.filter(employee_id=leaver.employee_id)
    # Another program may have written one since: it is cleared as well, and then tried.
    rows.exclude(login_token=None).update(login_token=None, token_expires=None)
    if any(session_of(token) for token in leaver.tokens):
        return Found(Outcome.OPEN, "The old session still works: deactivate them once more.")
    how = "Tried with the old session: refused." if leaver.tokens else "No session is left."
    return Found(Outcome.CLOSED, how, closed_at=leaver.began_at)


def _pin(leaver: Leaver, is_let_in: bool) -> Found:
    if is_let_in:
        return Found(Outcome.OPEN, LET_IN)
    return Found(Outcome.CLOSED, "The right PIN is refused.", closed_at=leaver.began_at)


def _verify(leaver: Leaver, is_let_in: bool) -> Found:
    """Ask as another program would, with what was the token."""
    answers = [_ask_who(token) for token in leaver.tokens]
    if is_let_in or any(status != REFUSED for status in answers):
        return Found(Outcome.OPEN, f"{VERIFY} still says who this is: deactivate them once more.")
    how = "Asked with the old session: refused." if answers else "There is no token to ask with."
    return Found(Outcome.CLOSED, how, closed_at=leaver.began_at)


def _ask_who(token: str) -> int:
    """The status with which the console answers this token."""
    request = HttpRequest()
    request.method, request.path = "POST", VERIFY
    request.META["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    view = resolve(VERIFY).func
    return int(view(request).status_code)


def _console(leaver: Leaver, person: Employee | None) -> Found:
    if not EmployeeUser.objects.filter(employee_id=leaver.employee_id).exists():
        return Found(Outcome.ABSENT, "This person has never signed in at the console.")
    end_sessions_of(leaver.employee_id)  # of somebody who was switched off by SQL
    if has_sessions(leaver.employee_id) or (person is not None and may_sign_in(person)):
        return Found(Outcome.OPEN, LET_IN)
    note = "No session is left, and the next click is refused."
    return Found(Outcome.CLOSED, note, closed_at=leaver.began_at)


SIDE = Side(TITLES, look)
