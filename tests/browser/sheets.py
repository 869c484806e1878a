"""A balance sheet for pictures: one comparison with a difference of every kind, written as the
comparison would write it, so that a picture needs no tenant with that many faults in it.
"""

from collections.abc import Callable

from tests.browser.console import ConsoleWithPages

Address = Callable[[ConsoleWithPages], str]

SHEET = """
from datetime import timedelta
from django.utils import timezone
from auth0sync.models import Account, Comparison, Difference
from employees.models import Employee
now = timezone.now()
if not Difference.objects.exists():
    people = list(Employee.objects.filter(auth0_sync_status="created").order_by("pk")[:12])
    numbers = dict(rows_wanted=61, rows_shut=3, accounts=65, paired=62, alone=2,
        foreign=1, leftover=2)
    last = None
    for night in range(6, -1, -1):
        at = now - timedelta(days=night, hours=6)
        run = Comparison(state="done", asked_by="night", asked_at=at, began_at=at,
            export_at=at + timedelta(seconds=40), finished_at=at + timedelta(seconds=128),
            equal=52, moving=1, differing=9, kinds={"field": 2 + night}, ignored=1, **numbers)
        if night == 3:
            run = Comparison(state="failed", asked_by="night", asked_at=at, began_at=at,
                finished_at=at + timedelta(seconds=5), error_code="insufficient_scope",
                error="Auth0 doesn't allow this: grant the scope read:users.")
        run.save()
    phone, work = "user_metadata.phone_number", "user_metadata.department"
    rows = [
        dict(kind="open", field="blocked", auth0=False, wanted=True, seen=True),
        dict(kind="missing"),
        dict(kind="shut", field="blocked", auth0=True, wanted=False, seen=False),
        dict(kind="double", user_id="auth0|5f7c8ec7c33c6c004bbafe82"),
        dict(kind="role", field="roles", auth0=["manager"], wanted="production_associate",
            seen=["production_associate"]),
        dict(kind="field", field=phone, auth0="+1 662 555 0199", wanted="+1 601 555 0100",
            seen="+1 601 555 0100"),
        dict(kind="field", field=phone, auth0=None, wanted="+1 601 555 0101",
            seen="+1 601 555 0777"),
        dict(kind="field", field=work, auth0="Shipping", wanted="Picking", seen="Picking"),
        dict(kind="field", field=work, auth0="Packing", wanted="Picking", seen="Picking",
            state="ignored", reason="She is on loan until the season ends.", decided_by="admin:1",
            decision="ignore", decided_at=now, until=(now + timedelta(days=30)).date()),
    ]
    for number, (person, row) in enumerate(zip(people, rows)):
        row = {"user_id": person.auth0_user_id or "", **row}
        Difference.objects.create(employee_id=person.pk, rank=number, open_key=str(number),
            first_seen_at=now - timedelta(days=2), read_at=now + timedelta(minutes=1), **row)
    Difference.objects.create(kind="unknown", rank=90, open_key="unknown", read_at=now,
        user_id="auth0|64b6a9d1f3c2a1b0e8d7c6f5",
        about={"email": "old.contractor@example.org", "linkable": True})
"""


def with_a_sheet(address: str) -> Address:
    """An address of the console once the sheet is there."""

    def found(console: ConsoleWithPages) -> str:
        console.manage("shell", "-c", SHEET)
        return address

    return found


def the_difference(kind: str) -> Address:
    """The page of the first difference of this kind."""

    def found(console: ConsoleWithPages) -> str:
        console.manage("shell", "-c", SHEET)
        (row,) = console.sql(
            "SELECT MIN(id) AS id FROM auth0_differences WHERE kind = %s AND state = 'open'", kind
        )
        return f"/admin/employees/employee/balance/{row['id']}/"

    return found


def side_by_side_of(field: str) -> Address:
    """The three-way view of somebody who differs in this field."""

    def found(console: ConsoleWithPages) -> str:
        console.manage("shell", "-c", SHEET)
        (row,) = console.sql(
            "SELECT MIN(employee_id) AS id FROM auth0_differences WHERE field = %s", field
        )
        return f"/admin/employees/employee/{row['id']}/three-way/"

    return found
