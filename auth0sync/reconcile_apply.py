"""What a decision about a difference does: to what was seen, to the row, to the due mark.

A due mark alone never mends drift: what was found in Auth0 is written into ``Account.seen`` first,
and only the fields that were decided, so that nothing goes out about which nobody has said
anything. Each function works in the caller's transaction, and refuses (NotAllowed) what isn't as it
was when the difference was found. Locks: ``employees``, then the brake's, then ``auth0_accounts``.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings

from auth0sync import brake
from auth0sync.account import Facts, Seen
from auth0sync.due import mark_due
from auth0sync.errors import Conflict, Rejected
from auth0sync.models import Account, Difference, Origin, Priority
from auth0sync.plan import wanted_of
from auth0sync.reconcile_people import holders
from auth0sync.reconcile_policy import TAKEABLE
from auth0sync.rows import account_columns, read_facts, write_columns
from auth0sync.sides import flat
from auth0sync.three_way import is_same
from employees import services
from employees.authority import Actor
from employees.errors import NotAllowed
from employees.history import record_event
from employees.models import Employee, SyncStatus

Kind = Difference.Kind
CHANGED = "This has changed since it was shown: look at it again."
BUSY = "The account is being changed at this moment: try again when that is over."
HELD = "The safety brake holds this person: decide that first, under “Held changes”."
OF_FIELDS = (Kind.FIELD, Kind.ROLE, Kind.OPEN, Kind.SHUT)
TO_ADOPT = (Kind.NO_ROW, Kind.DOUBLE)  # accounts marked as ours that the console doesn't know


def fix(employee_id: int, rows: Sequence[Difference], actor: str, *, by_hand: bool) -> None:
    """Have the worker bring these differences of one person in line with their row.

    actor: who decided. by_hand: one person, by a click, which the safety brake lets through.
    """
    Employee.objects.select_for_update().filter(pk=employee_id).first()
    account = Account.objects.filter(pk=employee_id).first() or Account(pk=employee_id)
    if by_hand and account.batch_id is not None:
        raise NotAllowed(HELD)  # else one click here would let them through without a second person
    facts = read_facts([employee_id]).get(employee_id)
    columns: dict[str, Any] = {}
    look = False
    for row in rows:
        if row.kind in OF_FIELDS:
            _refuse_changed(row, account, facts)
            account.seen = as_found(Seen.from_json(account.seen or {}), row).as_json()
            columns["seen"] = account.seen
        elif row.kind in TO_ADOPT:
            columns |= _adopted(row, account, facts)
            look = True
        elif row.kind == Kind.MISSING and by_hand and row.is_read_again:
            columns |= _made_anew(row, account, facts)
        else:
            look = True
    braked = brake.renew({employee_id: (facts, account)}, actor=actor, by_hand=by_hand)
    columns |= brake.joined(braked.get(employee_id, {}))
    _write(account, columns)
    if columns.get("origin") == "" and facts is not None:
        write_columns(employee_id, **_NO_ACCOUNT)
    closes = facts is None or not facts.asks_for_account
    urgency = Priority.LEAVER if closes else Priority.INTERACTIVE if by_hand else Priority.BULK
    mark_due([employee_id], actor=actor, priority=urgency, look=look)


def take_over(row: Difference, actor: Actor) -> None:
    """Write Auth0's value into the row, and that it was seen; no call goes out for it.

    Raises, beside NotAllowed, what the services raise.
    """
    employee_id = row.employee_id or 0
    person = services.locked(employee_id, with_admins=row.kind in (Kind.ROLE, Kind.SHUT))
    account = Account.objects.filter(pk=employee_id).first() or Account(pk=employee_id)
    facts = read_facts([employee_id]).get(employee_id)
    _refuse_changed(row, account, facts)
    seen = as_found(Seen.from_json(account.seen or {}), row)
    _write(account, {"seen": seen.as_json()})
    if row.kind == Kind.VERIFIED:
        if person.auth0_sync_status in (SyncStatus.CREATED, SyncStatus.VERIFIED):
            write_columns(employee_id, **account_columns(employee_id, seen))
        return
    record_event(employee_id, actor, "taken over from Auth0")
    if row.kind == Kind.SHUT:
        services.deactivate(employee_id, actor)
        return
    column = TAKEABLE[row.field]
    value: Any = row.auth0
    if row.kind == Kind.ROLE:
        value = value[0]
    before = {column: getattr(person, column)}
    services.change_employee(employee_id, {column: value}, actor, seen=before)


def _refuse_changed(row: Difference, account: Account, facts: Facts | None) -> None:
    """The field has to be as last seen, and as wanted, as when the difference was found."""
    if account.origin == "" or account.user_id != row.user_id or not account.seen:
        raise NotAllowed(CHANGED)
    seen = Seen.from_json(account.seen)
    if row.kind == Kind.VERIFIED:
        if seen.email_verified != row.seen:
            raise NotAllowed(CHANGED)
        return
    same_seen = is_same(row.field, flat(seen).get(row.field), row.seen)
    if not (same_seen and is_same(row.field, _wanted(row, facts, seen), row.wanted)):
        raise NotAllowed(CHANGED)


def _wanted(row: Difference, facts: Facts | None, seen: Seen) -> Any:
    if facts is None or not facts.asks_for_account:
        return True if row.field == "blocked" else None
    try:
        wanted = wanted_of(
            facts,
            seen,
            has_account=True,
            installation=brake.installation(),
            assign_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        )
    except (Conflict, Rejected) as error:
        raise NotAllowed(str(error)) from error
    return flat(wanted).get(row.field)


def as_found(seen: Seen, row: Difference) -> Seen:
    """What was seen, with this field as it was found in Auth0."""
    if row.field == "roles":
        return seen.with_roles(tuple(row.auth0 or ()))
    if row.field == "blocked":
        return replace(seen, blocked=bool(row.auth0), closed=())
    group, _, key = row.field.rpartition(".")
    values: dict[str, Any] = {row.field: row.auth0}
    if group:
        inner = {**getattr(seen, group), key: row.auth0}
        values = {group: {name: value for name, value in inner.items() if value is not None}}
    if row.field == "email":
        values["email_verified"] = row.about["email_verified"]
    return replace(seen, **values)


def _adopted(row: Difference, account: Account, facts: Facts | None) -> dict[str, Any]:
    """The columns by which an account that is marked as this person's becomes theirs.

    What the row wants of it is done next; it is read first.
    """
    # Somebody new may have the number of a row that was deleted.
    is_anothers = row.kind == Kind.NO_ROW and facts is not None
    if account.origin or is_anothers or holders([row.user_id]).keys() - {account.pk}:
        raise NotAllowed(CHANGED)
    return {"user_id": row.user_id, "origin": Origin.ADOPTED}


def _made_anew(row: Difference, account: Account, facts: Facts | None) -> dict[str, Any]:
    """The columns by which an account that was deleted is forgotten, so that another is made.

    As looking.let_go does it where AUTH0_DELETED_POLICY says so; here a person says it.
    """
    if account.user_id != row.user_id:
        raise NotAllowed(CHANGED)  # there is another one by now, and it isn't gone
    fingerprint = replace(facts, auth0_user_id="").fingerprint() if facts else ""
    return {
        "user_id": "",
        "origin": "",
        "generation": account.generation + 1,
        "seen": None,
        "ticket_until": None,
        "first_mail_at": None,
        "first_login_at": None,
        "fingerprint": fingerprint,
    }


def _write(account: Account, columns: dict[str, Any]) -> None:
    """Write what was decided, unless somebody has the account, or wrote to it since it was read."""
    Account.objects.get_or_create(pk=account.pk)
    now = Account.objects.select_for_update().get(pk=account.pk)
    is_busy = now.lease != "" or now.job_id is not None or now.removal
    if is_busy or (now.due_seq, now.seen_at) != (account.due_seq, account.seen_at):
        raise NotAllowed(BUSY)
    if columns:
        Account.objects.filter(pk=account.pk).update(**columns)


_NO_ACCOUNT: dict[str, Any] = {
    "auth0_user_id": None,
    "auth0_account_created_at": None,
    "auth0_email_verified_at": None,
    "auth0_sync_status": SyncStatus.PENDING,
}
