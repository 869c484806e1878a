"""The Django user behind an employee: made at the first log-in, and never more than the row says.

A user of this kind has no password and is no superuser. What the console lets them do is the
group of their role (``groups``) and, person by person, ``authority``.
"""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from employees.authority import lower_role
from employees.groups import PERMISSIONS, group_of
from employees.models import Employee, EmployeeUser


class UsernameTaken(Exception):
    """A user of the name kept for this employee exists already, and isn't theirs."""


def user_for(employee: Employee) -> User:
    """The one user of this employee, made when there is none.

    Raises: UsernameTaken, when somebody made ``employee-<number>`` by hand.
    """
    link = _link_of(employee)
    if link is None:
        try:
            with transaction.atomic():
                user = User.objects.create(
                    username=f"employee-{employee.pk}", password=make_password(None)
                )
                link = EmployeeUser.objects.create(user=user, employee=employee)
        except IntegrityError:  # a second first log-in, at the same moment
            link = _link_of(employee)
    if link is None:
        raise UsernameTaken(f"employee-{employee.pk}")
    return link.user


@transaction.atomic
def signed_in(user: User, employee: Employee, role: str) -> None:
    """Write down a log-in: the role to act with, name and e-mail as the row has them.

    role: the lower of the row's and the claim's, one of ``Auth0Role``.
    """
    EmployeeUser.objects.filter(pk=user.pk).update(role=role, signed_in_at=timezone.now())
    first, _, last = employee.name.partition(" ")
    user.first_name, user.last_name = first[:150], last.strip()[:150]
    user.email = (employee.email or "")[:254]
    user.save(update_fields=["first_name", "last_name", "email"])
    _put_into_group(user, role)


def follow_demotion(user: User, link: EmployeeUser) -> None:
    """Take away at once what the row's role no longer gives; a promotion waits for a log-in."""
    role = lower_role(link.employee.auth0_role, [link.role])
    if role == link.role:
        return
    with transaction.atomic():
        EmployeeUser.objects.filter(pk=link.pk).update(role=role)
        _put_into_group(user, role)
    link.role = role


def _put_into_group(user: User, role: str) -> None:
    """Exactly the group of this role, of those that roles have; other groups are left alone."""
    group = group_of(role)
    user.is_staff, user.is_superuser = bool(group), False
    user.save(update_fields=["is_staff", "is_superuser"])
    others = set(PERMISSIONS) - {group}
    user.groups.remove(*Group.objects.filter(name__in=others))
    user.groups.add(*Group.objects.filter(name=group))


def _link_of(employee: Employee) -> EmployeeUser | None:
    return EmployeeUser.objects.select_related("user").filter(employee=employee).first()
