"""From a signed-in user to the person they are, and to the people they may see."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from employees.authority import Actor, lower_role
from employees.models import Auth0Role, AuthMethod, Employee, EmployeeUser

ADMIN_PREFIX = "admin:"  # before a Django user's id; what a user did by hand begins with it
_KEPT = "_employees_link"


def actor_of(request: HttpRequest) -> Actor:
    """Who asks, as services and history name them; one indexed read a request.

    Without an employee behind the user only the break-glass administrator (a superuser) may do
    anything. Somebody inactive, archived or back to the PIN may do nothing, from the next request.
    """
    user: Any = getattr(request, "user", None) or AnonymousUser()
    if not user.is_authenticated:
        return Actor(name="nobody")
    name = f"{ADMIN_PREFIX}{user.pk}"
    link = link_of(request)
    if link is None:
        is_break_glass = user.is_superuser and user.is_active
        return Actor(name=name, role=Auth0Role.ADMIN if is_break_glass else "")
    employee = link.employee
    return Actor(
        name=name,
        role=lower_role(employee.auth0_role, [link.role]) if may_sign_in(employee) else "",
        employee_id=employee.pk,
        department=employee.department or "",
        workspace=employee.workspace or "",
    )


def link_of(request: HttpRequest) -> EmployeeUser | None:
    """The employee behind this request's user; read once and kept for the request."""
    kept = vars(request)
    user_id = request.user.pk
    if _KEPT not in kept or kept[_KEPT][0] != user_id:
        links = EmployeeUser.objects.select_related("employee")
        kept[_KEPT] = (user_id, links.filter(pk=user_id).first())
    found: EmployeeUser | None = kept[_KEPT][1]
    return found


def may_sign_in(employee: Employee) -> bool:
    """Whether the row lets this person in by Auth0: active, not archived, not back to the PIN."""
    by_auth0 = employee.auth_method in (AuthMethod.AUTH0, AuthMethod.HYBRID)
    return employee.is_active and employee.archived_at is None and by_auth0


def visible_to(actor: Actor) -> QuerySet[Employee]:
    """The people whom ``actor`` may see; the rule is ``authority.why_not`` with ``VIEW``."""
    people = Employee.objects.all()
    if actor.may_read and not actor.is_bound_to_a_place:
        return people
    seen = Q(pk=actor.employee_id)
    if actor.may_read and actor.department and actor.workspace:
        seen |= Q(department=actor.department, workspace=actor.workspace)
    return people.filter(seen)
