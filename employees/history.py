"""The history of a person: who changed what, and when, also where another program wrote by SQL.

There is one writer, :func:`record_change`. A snapshot of every row is kept beside it, so that a
change made by SQL, which says nothing of itself, gets a before too: whoever looks next, a service
or the sweep, finds the row different from the snapshot and writes that down first. So this is also
where it becomes known that somebody has left, and where their lock-out receipt begins; or that
another program has added somebody, who then waits for a person (``reviews``).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from employees import receipts, reviews
from employees.actors import ADMIN_PREFIX, KIOSK_PREFIX
from employees.authority import Actor
from employees.models import Change, Employee, SearchKey, Snapshot
from employees.rehire import KEYED, add_keys, remember
from employees.selectors import among

# What people and programs write of a person. What auth0sync writes is in its own log; counters of
# the Flask application are left out, since they move all day.
TRACKED = (
    "name",
    "email",
    "personal_email",
    "phone_number",
    "role_id",
    "department",
    "workspace",
    "connecteam_user_id",
    "is_active",
    "is_new_employee",
    "is_contractor",
    "hire_date",
    "grace_period_end",
    "notes",
    "archived_at",
    "auth_method",
    "auth0_role",
)
ACCESS = ("is_active", "archived_at", "auth_method")  # whether and how somebody may sign in
PAGE = 500  # rows in one transaction
SQL_ACTOR = "sql"

Values = dict[str, Any]


def values_of(employee: Employee) -> Values:
    """The tracked columns as JSON holds them."""
    return {name: _plain(getattr(employee, name)) for name in TRACKED}


def new_batch() -> str:
    """A name for what is done at one click, so that it can be taken back together."""
    return uuid4().hex


def record_change(
    employee_id: int,
    before: Values | None,
    after: Values | None,
    actor: Actor,
    action: str,
    *,
    extra: Mapping[str, tuple[Any, Any]] | None = None,
    batch: str = "",
) -> None:
    """Write down what ``actor`` did to a person; part of the transaction that did it.

    before, after: :func:`values_of` under the row's lock; None where there was, or is, no row.
    extra: further pairs of before and after that no column holds, such as the invitation; never
    anything secret. Something that changed nothing is not written down.
    """
    snapshot = Snapshot.objects.filter(pk=employee_id).first()
    if before is not None:  # no snapshot: a row that SQL added since the baseline
        _write_sql_change(employee_id, snapshot.values if snapshot else None, before)
    changes = {**_differences(before, after), **{k: list(v) for k, v in (extra or {}).items()}}
    if changes:
        line = Change.objects.create(
            employee_id=employee_id,
            actor=actor.name[:100],
            source=_source_of(actor),
            action=action,
            changes=changes,
            batch=batch,
        )
        _follow(line, before, after)
    _keep(employee_id, snapshot, after, is_new=before is None)


def record_event(employee_id: int, actor: Actor, action: str) -> None:
    """Write down something that shows in no tracked column, such as a PIN that was set."""
    Change.objects.create(
        employee_id=employee_id, actor=actor.name[:100], source=_source_of(actor), action=action
    )


def notice_changes(employee_ids: Iterable[int]) -> list[int]:
    """Compare rows with their snapshots and write down what SQL changed; return whose rows moved.

    Also for ids whose row is gone, or is new. What differs is compared again under the row's lock,
    since a service may have written both a moment ago.
    """
    ids = list(employee_ids)
    columns = Employee.objects.filter(among(ids)).values("pk", *TRACKED)
    rows = {row.pop("pk"): {name: _plain(value) for name, value in row.items()} for row in columns}
    known = dict(Snapshot.objects.filter(among(ids)).values_list("pk", "values"))
    return [pk for pk in ids if rows.get(pk) != known.get(pk) and _notice(pk)]


def last_writer(employee_id: int, column: str) -> str:
    """The name of who changed this column of a person last; "" when it was another program.

    Looks at the row first, so that SQL of a second ago counts. column: one of TRACKED, or a name
    that ``record_change`` was given as ``extra``.
    """
    notice_changes([employee_id])
    changes = Change.objects.filter(employee_id=employee_id, changes__has_key=column)
    last = changes.order_by("-id").first()
    return last.actor if last is not None and last.actor != SQL_ACTOR else ""


def former_names(employee_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """What these people were called before, each name once, the newest first; one query.

    Whoever has always had one name is left out.
    """
    renamed = Change.objects.filter(employee_id__in=list(employee_ids), changes__has_key="name")
    names: dict[int, dict[str, None]] = {}
    for pk, changes in renamed.order_by("-id").values_list("employee_id", "changes"):
        before = changes["name"][0]
        if before is not None:
            names.setdefault(pk, {})[before] = None
    return {pk: tuple(found) for pk, found in names.items()}


def access_changed_at(employee_id: int) -> datetime | None:
    """When it last changed whether, or how, this person may sign in; None when nobody knows.

    What another program changed by SQL counts from when it was noticed.
    """
    changes = Change.objects.filter(employee_id=employee_id, changes__has_any_keys=ACCESS)
    return changes.order_by("-id").values_list("at", flat=True).first()


def known_between(first: int, last: int | None) -> Iterable[int]:
    """The ids with a snapshot from ``first`` to ``last``, both included; None is without end."""
    known = Snapshot.objects.filter(pk__gte=first)
    known = known if last is None else known.filter(pk__lte=last)
    return known.values_list("pk", flat=True)


@transaction.atomic
def take_baseline() -> None:
    """Take a first snapshot of everybody, where there is none of anybody yet.

    Who was there before the console was is not a newcomer. Called after every migrate. All of it
    or nothing: half a baseline would never be completed, and make newcomers of the others. The one
    long transaction writes only tables that nobody uses yet, and locks no row of ``employees``.
    """
    if Snapshot.objects.exists():
        return
    last = 0
    while True:
        rows = list(Employee.objects.filter(pk__gt=last).order_by("pk").only(*TRACKED)[:PAGE])
        if not rows:
            return
        Snapshot.objects.bulk_create(
            [Snapshot(employee_id=row.pk, values=values_of(row)) for row in rows],
            ignore_conflicts=True,
        )
        add_keys({row.pk: values_of(row) for row in rows})
        last = rows[-1].pk


@transaction.atomic
def _notice(employee_id: int) -> bool:
    row = Employee.objects.select_for_update().filter(pk=employee_id).first()
    # Locked as well: where the row is gone there is nothing else for a second one to wait for.
    snapshot = Snapshot.objects.select_for_update().filter(pk=employee_id).first()
    before = snapshot.values if snapshot else None
    after = values_of(row) if row else None
    moved = _write_sql_change(employee_id, before, after)
    _keep(employee_id, snapshot, after)
    return moved


def _write_sql_change(employee_id: int, before: Values | None, after: Values | None) -> bool:
    changes = _differences(before, after)
    if not changes:
        return False
    action = "added" if before is None else "deleted" if after is None else "changed"
    line = Change.objects.create(
        employee_id=employee_id,
        actor=SQL_ACTOR,
        source=Change.Source.SQL,
        action=action,
        changes=changes,
    )
    _follow(line, before, after)
    return True


def _follow(line: Change, before: Values | None, after: Values | None) -> None:
    receipts.follow(line, before, after)
    reviews.follow(line, before, after)


def _differences(before: Values | None, after: Values | None) -> dict[str, list[Any]]:
    """Column → [before, after] where they differ; a column that one side lacks counts as None."""
    old, new = before or {}, after or {}
    both = before is not None and after is not None
    # A column that a snapshot of an earlier release doesn't have is not a change.
    names = [name for name in TRACKED if not both or (name in old and name in new)]
    return {
        name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)
    }


def _keep(
    employee_id: int, snapshot: Snapshot | None, values: Values | None, *, is_new: bool = False
) -> None:
    """Bring snapshot and search keys up to date.

    is_new: the row is of this transaction, so that nobody else can be writing either.
    """
    if values is None:
        Snapshot.objects.filter(pk=employee_id).delete()
    elif snapshot is None and is_new:
        Snapshot.objects.create(pk=employee_id, values=values)
    elif snapshot is None:
        Snapshot.objects.update_or_create(pk=employee_id, defaults={"values": values})
    elif snapshot.values != values:
        Snapshot.objects.filter(pk=employee_id).update(values=values)
        if all(snapshot.values.get(name) == values.get(name) for name in KEYED):
            return
    else:
        return
    remember(employee_id, values, is_new=is_new)


def _source_of(actor: Actor) -> str:
    if actor.mass:
        return actor.mass
    if actor.is_program:
        by_somebody = actor.name.startswith(ADMIN_PREFIX)
        return Change.Source.PLAN if by_somebody else Change.Source.PROGRAM
    return Change.Source.KIOSK if actor.name.startswith(KIOSK_PREFIX) else Change.Source.ADMIN


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def on_post_migrate(**kwargs: Any) -> None:
    """Take the baseline as soon as there are tables for it."""
    needed = {Snapshot._meta.db_table, SearchKey._meta.db_table}
    if needed <= set(connection.introspection.table_names()):
        take_baseline()
