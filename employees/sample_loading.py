"""Writes the sample people's rows, as another program would, and says that they changed.

But for the legacy company: its people were there before the console, so that nothing is said.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time

import bcrypt
from django.conf import settings
from django.db import connection, transaction

from employees.authority import program
from employees.columns import has_unique_key
from employees.history import record_change, take_baseline, values_of
from employees.models import Employee, EmployeeAuth, PodFactoryMapping, RoleConfig
from employees.sample import MARK, SHOP_FLOOR, SamplePerson, sample_person
from employees.sample_legacy import legacy_people
from employees.signals import employee_changed

AT_ONCE = 50  # people in one transaction, which stays below 500 rows
ACTOR = program("load_sample_data")


def load_people(count: int, pin_cost: int) -> list[tuple[int, str]]:
    """Add those of the first ``count`` sample people who are missing, and their roles.

    pin_cost: bcrypt's, as a power of two; 10 takes some 60 ms a person.
    Returns the number and PIN of each who was added. Listeners of ``employee_changed`` hear of
    everybody, in the transaction that adds them.
    """
    domains = settings.PLACEHOLDER_EMAIL_DOMAINS or ["company.com"]
    people = [sample_person(number, domains[0]) for number in range(1, count + 1)]
    return _load(people, pin_cost, _tell)


def load_legacy(pin_cost: int) -> list[tuple[int, str]]:
    """Add those of the 83 people of the legacy company who are missing, as they were before.

    Where the console knows nobody yet it takes them for people who were always there, as it does
    with real ones when it is installed; else for people whom another program has added since.
    """
    added = _load(legacy_people(), pin_cost, _keep_plain_pin)
    take_baseline()
    return added


def _load(
    people: list[SamplePerson], pin_cost: int, then: Callable[[Employee, SamplePerson], None]
) -> list[tuple[int, str]]:
    known = Employee.objects.filter(connecteam_user_id__startswith=MARK)
    present = set(known.values_list("connecteam_user_id", flat=True))
    missing = [person for person in people if person.connecteam_user_id not in present]
    roles = _roles()
    two_rows_allowed = not has_unique_key(connection, "employee_auth", "employee_id")
    added = []
    for start in range(0, len(missing), AT_ONCE):
        together = missing[start : start + AT_ONCE]
        pins = [_hashed(person.pin, pin_cost) for person in together]  # slow: no transaction yet
        with transaction.atomic():
            for person, pin in zip(together, pins, strict=True):
                employee = _add(person, pin, roles.get(person.department), two_rows_allowed)
                then(employee, person)
                added.append((employee.pk, person.pin))
    return added


def _roles() -> dict[str, RoleConfig]:
    for name in SHOP_FLOOR:
        if not RoleConfig.objects.filter(role_name=name).exists():
            RoleConfig.objects.create(role_name=name, expected_per_hour=60)
    return {role.role_name: role for role in RoleConfig.objects.order_by("-pk")}


def row_of(person: SamplePerson, role: RoleConfig | None = None) -> Employee:
    """The row of a sample person, not saved yet."""
    return Employee(
        name=person.name,
        email=person.email,
        personal_email=person.personal_email,
        phone_number=person.phone,
        role=role,
        department=person.department,
        workspace=person.workspace,
        connecteam_user_id=person.connecteam_user_id,
        is_active=person.is_active,
        is_contractor=person.is_contractor,
        hire_date=person.hired_on,
        archived_at=datetime(2025, 8, 1, 12, tzinfo=UTC) if person.is_archived else None,
        auth_method=person.auth_method,
        auth0_role=person.auth0_role,
    )


def _add(
    person: SamplePerson, pin: str, role: RoleConfig | None, two_rows_allowed: bool
) -> Employee:
    hired_at = datetime.combine(person.hired_on, time(14), UTC)
    employee = row_of(person, role)
    employee.save(force_insert=True)
    rows = 2 if person.has_two_auth_rows and two_rows_allowed else 1
    for _ in range(rows):
        EmployeeAuth.objects.create(employee=employee, pin=pin, pin_set_at=hired_at)
    for mapping in person.mappings:
        PodFactoryMapping.objects.create(
            employee=employee,
            podfactory_email=mapping.email,
            podfactory_name=mapping.name,
            similarity_score=mapping.score,
            confidence_level=mapping.confidence,
            is_verified=mapping.is_verified,
            verified_at=hired_at if mapping.is_verified else None,
        )
    return employee


def _tell(employee: Employee, person: SamplePerson) -> None:
    added = Employee.objects.get(pk=employee.pk)
    record_change(added.pk, None, values_of(added), ACTOR, "added")
    employee_changed.send(sender=Employee, employee_id=employee.pk, actor=ACTOR.name)


def _keep_plain_pin(employee: Employee, person: SamplePerson) -> None:
    """As the Flask application does (docs/legacy-contract.md, "PIN log-in")."""
    EmployeeAuth.objects.filter(employee=employee).update(pin_plain=person.pin)


def _hashed(pin: str, cost: int) -> str:
    return bcrypt.hashpw(pin.encode(), bcrypt.gensalt(cost)).decode()
