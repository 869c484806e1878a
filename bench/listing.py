"""What the pages of people cost a large company: ``python -m bench.listing [--database URL]``.

The same pages among a thousand people and a hundred thousand, ten lines of the sync log for each,
by real HTTP: how many queries, and the median. The list's goal is 1.5 times at most.
"""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bench.alone import show
from bench.figures import median, slowest
from bench.installation import Installation

if TYPE_CHECKING:
    from employees.sample import SamplePerson

FEW, MANY = 1_000, 100_000
EACH = 20  # requests of every page
WARM_UP = 3
GOAL = 1.5
LOG_EACH = 10
PLACEHOLDERS = "company.com"
OLD = datetime(2026, 1, 1, tzinfo=UTC)
PART, AT_ONCE = 20_000, 500  # people: in one program, in one transaction
LIST = "/admin/employees/employee/"
AUTOCOMPLETE = "/admin/autocomplete/?app_label=employees&model_name=podfactorymapping"
PAGES = {
    "the list": LIST,
    "search: a name": f"{LIST}?q=dalia+hollis",
    "search: a first name": f"{LIST}?q=dalia",
    "search: a number": f"{LIST}?q=471",
    "search: part of a word": f"{LIST}?q=ollis",
    "filter: a department": f"{LIST}?department=Picking",
    "filter: active": f"{LIST}?state=active",
    "filter: verified account": f"{LIST}?account=verified",
    "filter: created account": f"{LIST}?account=created",  # hardly anybody, as those below
    "filter: waiting account": f"{LIST}?account=waiting",
    "filter: needs attention": f"{LIST}?account=attention",
    "by name": f"{LIST}?o=2",
    "page 9": f"{LIST}?p=9",
    "start page": "/admin/",
    "who can't work": f"{LIST}cannot-work/",
    "somebody's page": f"{LIST}500/change/",
    "autocomplete": f"{AUTOCOMPLETE}&field_name=employee&term=dalia",
    "the menu's search": "/admin/search/?s=dalia",
    "sync log": "/admin/auth0sync/synclog/",
    "sync log: failed": "/admin/auth0sync/synclog/?status__exact=failed",
}
ADD = "from bench.listing import add_people; add_people({first}, {last})"
FORGET = """
from auth0sync.models import Account
from employees.models import SearchKey, Snapshot
for model in (Account, SearchKey, Snapshot):
    model.objects.all().delete()
"""
KNOW = "from bench.sweeping import know_everybody; know_everybody()"


def measure(installation: Installation, few: int = FEW, many: int = MANY) -> list[str]:
    """Ask for every page among few people, then among many; returns the lines."""
    _fill(installation, 1, few)
    before = _ask_all(installation)
    installation.ask(FORGET)
    _fill(installation, few + 1, many)
    after = _ask_all(installation)
    lines = [f"{'Pages':26}{f'{few:,} people':>24}{f'{many:,} people':>28}"]
    for name, address in PAGES.items():
        (asked, times), (asked_then, times_then) = before[name], after[name]
        ratio = median(times_then) / median(times)
        met = "met" if ratio <= GOAL else "MISSED"
        verdict = f"  goal {GOAL}: {met}" if address == LIST else ""
        lines.append(
            f"  {name:24}{asked:4} queries {median(times):6.0f} ms  {asked_then:4} queries"
            f" {median(times_then):6.0f} ms, p95 {slowest(times_then):6.0f} ms"
            f"  {ratio:4.1f} x{verdict}"
        )
    return lines


def _ask_all(installation: Installation) -> dict[str, tuple[int, list[float]]]:
    """Page → its queries, and how long each request took in milliseconds."""
    found: dict[str, tuple[int, list[float]]] = {}
    with installation.database.held_open():
        for name, address in PAGES.items():
            answers = [installation.browser.get(address) for _ in range(WARM_UP + EACH)]
            times = [answer.took_ms for answer in answers[WARM_UP:]]
            found[name] = max(answer.queries for answer in answers[WARM_UP:]), times
    return found


def _fill(installation: Installation, first: int, last: int) -> None:
    """Add the sample people with these numbers, and have the console know everybody."""
    for start in range(first, last + 1, PART):
        installation.ask(ADD.format(first=start, last=min(start + PART - 1, last)))
    installation.ask(KNOW)


def add_people(first: int, last: int) -> None:
    """Inside a process of the console: add people with all that belongs to them, as SQL would."""
    from django.db import transaction

    from auth0sync.models import SyncLog
    from employees.models import Employee, EmployeeAuth, PodFactoryMapping
    from employees.sample import sample_person

    for start in range(first, last + 1, AT_ONCE):
        people = [
            sample_person(n, PLACEHOLDERS) for n in range(start, min(start + AT_ONCE, last + 1))
        ]
        numbers = [person.number for person in people]
        with transaction.atomic():
            Employee.objects.bulk_create([_employee(person) for person in people])
            EmployeeAuth.objects.bulk_create(
                [EmployeeAuth(employee_id=n, pin="-", pin_set_at=OLD) for n in numbers if n % 100]
            )
            PodFactoryMapping.objects.bulk_create(
                [
                    PodFactoryMapping(
                        employee_id=person.number,
                        podfactory_email=mapping.email,
                        podfactory_name=mapping.name,
                        is_verified=mapping.is_verified,
                    )
                    for person in people
                    for mapping in person.mappings
                ]
            )
            SyncLog.objects.bulk_create(
                [
                    SyncLog(
                        employee_id=n,
                        action="update" if k else "create",
                        status="failed" if n % 20 == 0 else "success",
                        created_at=OLD,
                    )
                    for n in numbers
                    for k in range(LOG_EACH)
                ]
            )


def _employee(person: "SamplePerson") -> Any:
    from employees.emails import is_usable
    from employees.models import AuthMethod, SyncStatus
    from employees.sample_loading import row_of

    by_auth0 = person.auth_method != AuthMethod.PIN and person.is_active
    has_account = by_auth0 and is_usable(person.email)
    employee = row_of(person)
    employee.pk = person.number
    employee.auth0_user_id = f"auth0|emp-bench-{person.number}-1" if has_account else None
    employee.auth0_sync_status = SyncStatus.VERIFIED if has_account else None
    employee.created_at = employee.updated_at = OLD
    return employee


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
