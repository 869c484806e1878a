"""States of the console that a picture needs and that end with it: an outage, a pause, a queue.

They are written into the console's own tables, with the next probe far away, so that a picture
shows the same every time and nobody has to wait until five calls have failed.
"""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.browser.console import ConsoleWithPages

REASON = "the tenant’s owner is moving it to another region, call Extension 4410 before noon"
SCOPE = "Auth0 doesn't allow this: grant the scope update:users."
WAIT = 38  # people


def ago(minutes: int) -> str:
    """A time as both databases take it, in UTC; a negative number is in the future."""
    return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"


@contextlib.contextmanager
def as_ever(_console: ConsoleWithPages) -> Iterator[None]:
    """Nothing special."""
    yield


@contextlib.contextmanager
def people_wait(console: ConsoleWithPages) -> Iterator[None]:
    """Some of the sample people wait for a call, which nobody makes before an hour is over."""
    ids = [
        row["id"]
        for row in console.sql(
            "SELECT employee_id AS id FROM auth0_accounts WHERE origin <> '' AND batch_id IS NULL "
            "AND due_seq = done_seq AND due_at IS NULL ORDER BY employee_id LIMIT %s",
            WAIT,
        )
    ]
    those = f"employee_id IN ({', '.join(map(str, ids))})"
    console.sql(
        "UPDATE auth0_accounts SET due_seq = due_seq + 1, due_at = %s, waiting_since = %s "
        f"WHERE {those}",
        ago(-60),
        ago(95),
    )
    yield
    console.sql(
        "UPDATE auth0_accounts SET done_seq = due_seq, due_at = NULL, waiting_since = NULL "
        f"WHERE {those}"
    )


@contextlib.contextmanager
def a_door_is_open(console: ConsoleWithPages) -> Iterator[None]:
    """On every receipt the account isn't shut, and one door waits for it; nobody tries again."""
    change = "UPDATE employee_receipt_doors SET outcome = %s, note = %s WHERE name = %s"
    error = "Auth0 doesn't allow this: grant the scope update:users."
    console.sql("UPDATE employee_receipts SET completed_at = NULL, try_at = %s", ago(-60))
    console.sql(change, "open", f"{error} “Needs attention” says what to do.", "account")
    console.sql(change, "waiting", "Waiting since 09:02 UTC.", "sessions")
    yield
    console.sql("UPDATE employee_receipts SET completed_at = began_at, try_at = NULL")
    console.sql(change, "closed", "Read back: blocked.", "account")
    console.sql(change, "not_in_plan", "", "sessions")


@contextlib.contextmanager
def switched_off(console: ConsoleWithPages) -> Iterator[None]:
    """Paused by hand, with a reason; people wait."""
    with people_wait(console):
        console.manage("auth0_pause", REASON)
        yield
        console.manage("auth0_resume")


@contextlib.contextmanager
def restored(console: ConsoleWithPages) -> Iterator[None]:
    """Paused by the console itself, which takes its database for an older copy."""
    console.sql(
        "UPDATE auth0_tenant_state SET paused_at = %s, paused_by = 'engine', until_reconciled = 1, "
        "paused_reason = 'an account in Auth0 is newer than what is known of it here.'",
        ago(20),
    )
    yield
    console.sql(
        "UPDATE auth0_tenant_state SET paused_at = NULL, paused_by = '', paused_reason = '', "
        "until_reconciled = 0"
    )


@contextlib.contextmanager
def tenant_down(console: ConsoleWithPages) -> Iterator[None]:
    """Auth0 hasn't answered for more than a day; people wait."""
    with people_wait(console):
        console.sql(
            "UPDATE auth0_tenant_state SET down_since = %s, probe_at = %s", ago(1500), ago(-60)
        )
        yield
        console.sql("UPDATE auth0_tenant_state SET down_since = NULL, probe_at = NULL")


@contextlib.contextmanager
def update_paused(console: ConsoleWithPages) -> Iterator[None]:
    """A scope is missing, so that accounts can't be changed; people wait for it."""
    with people_wait(console):
        console.sql(
            "INSERT INTO auth0_pauses (capability, since, code, error, missing, action, probe_at) "
            "VALUES ('update', %s, 'insufficient_scope', %s, 'update:users', '', %s)",
            ago(30),
            SCOPE,
            ago(-60),
        )
        console.sql("UPDATE auth0_accounts SET waits_for = 'update' WHERE due_seq <> done_seq")
        yield
        console.sql("UPDATE auth0_accounts SET waits_for = ''")
        console.sql("DELETE FROM auth0_pauses WHERE capability = 'update'")


@contextlib.contextmanager
def looked(console: ConsoleWithPages) -> Iterator[None]:
    """The doctor has found something of every kind a while ago."""
    found = [
        ("Database", "ok", "productivity is up to date (MariaDB 10.11.6, times in UTC).", ""),
        ("Worker", "ok", "2 clusters are at work.", ""),
        (
            "Scope create:user_tickets",
            "fault",
            "Missing: it makes the links of invitations and new passwords.",
            "In Auth0: Applications → APIs → Auth0 Management API → Machine to Machine "
            "Applications → the console's → tick create:user_tickets → Update. The console goes "
            "on by itself within a minute.",
        ),
        (
            "Roles claim",
            "unknown",
            "Whether an Action writes https://identity-console.example.com/roles can't be seen "
            "from here: look in Auth0 at Actions → Triggers → post-login.",
            "",
        ),
        ("Mail", "ok", "The mail server answers.", ""),
    ]
    rows = [dict(zip(("what", "state", "text", "mend"), each, strict=True)) for each in found]
    console.sql("DELETE FROM auth0_health")
    console.sql(
        "INSERT INTO auth0_health (id, asked_at, asked_by, began_at, finished_at, machine, "
        "findings) VALUES (1, %s, '', %s, %s, 'worker-1', %s)",
        *(ago(9), ago(9), ago(8), json.dumps(rows)),
    )
    yield
    console.sql("DELETE FROM auth0_health")


@contextlib.contextmanager
def a_month_has_passed(console: ConsoleWithPages) -> Iterator[None]:
    """Every day but one something was counted, as on a shop floor: quiet Sundays, one bad day."""
    console.sql("DELETE FROM console_days")
    today = datetime.now(ZoneInfo("America/Chicago")).date()
    for back in range(29, -1, -1):
        day = today - timedelta(days=back)
        busy = 0 if day.weekday() == 6 else 1
        numbers = {
            "accounts": busy * (back * 7 % 5),
            "accounts_refused": 3 if back == 12 else 0,
            "mails": busy * (2 + back * 7 % 5),
            "mails_refused": 1 if back in (4, 12) else 0,
            "log_ins": 8 + busy * (140 + back * 13 % 60),
            "log_ins_refused": busy * (back * 5 % 9),
            "calls": 300 + busy * (900 + back * 37 % 400),
            "calls_failed": 420 if back == 12 else 0,
        }
        if back != 20:  # the worker was off
            console.sql(
                "INSERT INTO console_days (day, began, latest) VALUES (%s, %s, %s)",
                str(day),
                "{}",
                json.dumps(numbers),
            )
    yield
    console.sql("DELETE FROM console_days")
