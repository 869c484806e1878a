"""From a signed-in user to the person they are, and to the people they may see."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db.models import BinaryField, F, Func, Q, QuerySet
from django.db.models.lookups import Exact
from django.http import HttpRequest

from employees.authority import Actor, lower_role, program
from employees.models import Auth0Role, AuthMethod, Employee, EmployeeUser

ADMIN_PREFIX = "admin:"  # before a Django user's id; what a user did by hand begins with it
KIOSK_PREFIX = "kiosk:"  # before an employee's number
_KEPT = "_employees_link"


def actor_of(request: HttpRequest) -> Actor:
    """Who asks, as services and history name them; one indexed read a request.

    Without an employee behind the user only the break-glass administrator (a superuser) may do
    anything. Somebody inactive, archived or back to the PIN may do nothing, from the next request.
    """
    user: Any = getattr(request, "user", None) or AnonymousUser()
    if not user.is_authenticated:
        return Actor(name="nobody")
    return _acting(user, link_of(request))


def actor_named(name: str) -> Actor:
    """Who did something earlier, with what they may do today: nothing, once they have left.

    name: ``Actor.name``; one of a program stays a program.
    """
    if not name.startswith((ADMIN_PREFIX, KIOSK_PREFIX)):
        return program(name)
    numbers = _numbers([name], ADMIN_PREFIX).values()
    user = get_user_model().objects.filter(pk__in=numbers).first()
    if user is None:
        return Actor(name=name)
    return _acting(user, EmployeeUser.objects.select_related("employee").filter(pk=user.pk).first())


def _acting(user: Any, link: EmployeeUser | None) -> Actor:
    """A user of the console with what they may do now."""
    name = f"{ADMIN_PREFIX}{user.pk}"
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


def actor_at_kiosk(employee: Employee) -> Actor:
    """Somebody who is signed in with a PIN, with the role that the row gives them."""
    return Actor(
        name=f"{KIOSK_PREFIX}{employee.pk}",
        role=employee.auth0_role,
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


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The names of those in ``actors`` (``Actor.name``) that are people; two queries.

    A user of the console is called by the employee they are, or by the user's own name.
    """
    names = list(actors)
    users = _numbers(names, ADMIN_PREFIX)
    kiosk = _numbers(names, KIOSK_PREFIX)
    found_users = get_user_model().objects.filter(pk__in=users.values())
    user_names = {
        pk: employee_name or username
        for pk, username, employee_name in found_users.values_list(
            "pk", "username", "employee_link__employee__name"
        )
    }
    people = dict(Employee.objects.filter(pk__in=kiosk.values()).values_list("pk", "name"))
    return {
        **{name: user_names.get(pk, f"user {pk}") for name, pk in users.items()},
        **{name: people.get(pk, f"employee {pk}") for name, pk in kiosk.items()},
    }


def _numbers(names: list[str], prefix: str) -> dict[str, int]:
    """Name → the number behind the prefix, for those that have both."""
    found = {name: name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    return {name: int(number) for name, number in found.items() if number.isdecimal()}


def visible_to(actor: Actor) -> QuerySet[Employee]:
    """The people whom ``actor`` may see; the rule is ``authority.why_not`` with ``VIEW``."""
    people = Employee.objects.all()
    if actor.may_read and not actor.is_bound_to_a_place:
        return people
    seen = Q(pk=actor.employee_id)
    if actor.may_read and actor.department and actor.workspace:
        seen |= _exactly("department", actor.department) & _exactly("workspace", actor.workspace)
    return people.filter(seen)


def may_be_named(actor: Actor, numbers: set[int]) -> set[int] | None:
    """Whom of these ``actor`` sees; None for everybody, without asking."""
    if not actor.is_bound_to_a_place:
        return None
    return set(visible_to(actor).filter(pk__in=numbers).values_list("pk", flat=True))


class _Bytes(Func):
    """A text column as its UTF-8 bytes, which no collation takes for others."""

    output_field = BinaryField()
    template = "CAST(%(expressions)s AS BLOB)"

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """The column's own character set may be another one."""
        template = "CAST(CONVERT(%(expressions)s USING utf8mb4) AS BINARY)"
        return self.as_sql(compiler, connection, template=template, **context)


def _exactly(column: str, value: str) -> Q:
    """The column holds exactly this, as the rules compare it.

    MariaDB's collation takes "picking", "Pícking" and "Picking " for "Picking". The plain
    comparison stays beside the exact one: it needs no computing, and an index can answer it.
    """
    return Q(**{column: value}) & Q(Exact(_Bytes(F(column)), value.encode()))
