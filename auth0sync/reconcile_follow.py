"""Carrying out what was decided for many, and noticing when a decision has had its effect.

The sweep does both, a slice a tick; so does ``auth0_reconcile --fix`` where no sweep runs.
"""

from itertools import groupby

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from auth0sync import brake, reconcile_apply, reconcile_record
from auth0sync.models import Account, Difference, TenantState
from auth0sync.reconcile_decisions import COUNTED
from auth0sync.reconcile_people import WAITS_FOR_A_PERSON
from auth0sync.reconcile_policy import BY_KIND, Rule, rule_of
from employees.actors import actor_named
from employees.authority import program
from employees.errors import EmployeesError

Kind, State, Decision = Difference.Kind, Difference.State, Difference.Decision
PEOPLE_AT_ONCE = 10  # in one slice of the sweep; Auth0 takes no more calls a second
CLOSED_AT_ONCE = 200
ACTOR = "auth0_reconcile"
WRITES_ALL = (Kind.FIELD, Kind.SHUT, Kind.OPEN)
FIXED_BY_COMMAND = (*(kind for kind in BY_KIND if kind != Kind.VERIFIED), Kind.FIELD, Kind.STUCK)


def decide_by_rule(comparison_id: int, *, fix: bool) -> int:
    """Decide what the rules decide; returns how many differences that are.

    fix: what is left to a person by them is brought in line with the rows, too; but nothing is
    done by itself about accounts of nobody here.
    """
    chosen = TenantState.objects.get(pk=1).compare_policy
    found = Difference.objects.filter(comparison_id=comparison_id, state=State.OPEN)
    names = {(kind, "") for kind in BY_KIND} | {
        (str(Kind.FIELD), field)
        for field in found.filter(kind=Kind.FIELD).order_by("field").values_list("field", flat=True)
    }
    names |= {(str(Kind.STUCK), "")} if fix else set()
    to_fix, to_take = Q(pk=None), Q(pk=None)
    for kind, field in names:
        rule = rule_of(field or kind, chosen)
        those = Q(kind=kind, field=field) if field else Q(kind=kind)
        if rule == Rule.AUTH0:
            to_take |= those
        elif rule == Rule.ROW or (fix and kind in FIXED_BY_COMMAND):
            to_fix |= those
    people = found.filter(to_fix, risk__in=COUNTED).values("employee_id").distinct().count()
    brake.expect(brake.would_hold_so_many(people), ACTOR)
    return _decide(comparison_id, to_fix, Decision.FIX) + _decide(
        comparison_id, to_take, Decision.TAKE_OVER
    )


def carry_out() -> bool:
    """Apply what was decided for many to a slice of them; False when nothing is left."""
    decided = Difference.objects.filter(state=State.FIXING, applied_at=None)
    rows = list(decided.order_by("employee_id", "pk")[: 10 * PEOPLE_AT_ONCE])
    for number, (employee_id, group) in enumerate(groupby(rows, lambda row: row.employee_id)):
        if number >= PEOPLE_AT_ONCE:
            break
        for row in _fixed_together(employee_id or 0, list(group)):
            _take(row)
    return bool(rows)


def follow() -> None:
    """Close what was carried out where the account is clean again; what failed is open again."""
    clean = Account.objects.filter(
        pk=OuterRef("employee_id"), done_seq=F("due_seq"), lease="", batch=None
    )
    settled = Difference.objects.filter(Exists(clean), state=State.FIXING, applied_at__isnull=False)
    rows = list(settled.order_by("pk")[:CLOSED_AT_ONCE])
    if not rows:
        return
    accounts = Account.objects.in_bulk([row.employee_id for row in rows])
    done: list[Difference] = []
    for row in rows:
        account = accounts[row.employee_id or 0]
        if account.error and account.attention in WAITS_FOR_A_PERSON:
            _open_again(row, account.error)
        else:
            done.append(row)
    also = _overwritten({row.employee_id for row in done if row.kind in WRITES_ALL})
    reconcile_record.close([*(row.pk for row in done), *also], "brought in line")


def _overwritten(employee_ids: set[int | None]) -> list[int]:
    """What else stood open of these: with the answer to its call the engine saw the whole account,
    and brought it in line."""
    others = Difference.objects.filter(employee_id__in=employee_ids, kind__in=WRITES_ALL)
    return list(others.filter(state__in=reconcile_record.LIVING).values_list("pk", flat=True))


def _fixed_together(employee_id: int, rows: list[Difference]) -> list[Difference]:
    """Fix those of one person at once; returns the others, whose value is to be taken over."""
    to_fix = [row for row in rows if row.decision == Decision.FIX]
    if to_fix:
        try:
            with transaction.atomic():
                reconcile_apply.fix(employee_id, to_fix, to_fix[0].decided_by, by_hand=False)
                _applied(to_fix)
        except EmployeesError as error:
            for row in to_fix:
                _open_again(row, str(error))
    return [row for row in rows if row.decision == Decision.TAKE_OVER]


def _take(row: Difference) -> None:
    try:
        with transaction.atomic():
            by_rule = row.decided_by == ACTOR
            actor = program(ACTOR) if by_rule else actor_named(row.decided_by)
            reconcile_apply.take_over(row, actor)
            reconcile_record.close([row.pk], "taken over")
    except EmployeesError as error:
        _open_again(row, str(error))


def _decide(comparison_id: int, those: Q, decision: Difference.Decision) -> int:
    """By pages, so that no transaction is long."""
    number = 0
    found = Difference.objects.filter(those, comparison_id=comparison_id, state=State.OPEN)
    while ids := list(found.order_by("pk").values_list("pk", flat=True)[:500]):
        number += Difference.objects.filter(pk__in=ids).update(
            state=State.FIXING,
            decision=decision,
            decided_by=ACTOR,
            decided_at=Now(),
            applied_at=None,
            error="",
            version=F("version") + 1,
        )
    return number


def _applied(rows: list[Difference]) -> None:
    Difference.objects.filter(pk__in=[row.pk for row in rows]).update(applied_at=Now())


def _open_again(row: Difference, why: str) -> None:
    """It couldn't be done: somebody has to decide, who reads why."""
    columns = {**reconcile_record.UNDECIDED, "error": why[:300]}
    if row.kind == Kind.UNKNOWN:
        columns["employee_id"] = None
    Difference.objects.filter(pk=row.pk).update(**columns, version=F("version") + 1)
