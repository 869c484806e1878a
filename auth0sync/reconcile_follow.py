"""Carrying out what was decided for many, and noticing when a decision has had its effect.

The sweep does both, a slice a tick; so does ``auth0_reconcile --fix`` where no sweep runs.
"""

from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from auth0sync import brake, reconcile_apply, reconcile_record
from auth0sync.models import Account, Difference, TenantState
from auth0sync.reconcile_decisions import COUNTED, offers
from auth0sync.reconcile_people import WAITS_FOR_A_PERSON
from auth0sync.reconcile_policy import BY_KIND, Rule, rule_of
from employees.actors import actor_named
from employees.authority import program
from employees.contention import again_after_deadlock
from employees.errors import EmployeesError
from employees.models import Employee

Kind, State, Decision = Difference.Kind, Difference.State, Difference.Decision
PEOPLE_AT_ONCE = 10  # in one slice of the sweep; Auth0 takes no more calls a second
FIELDS_MOST = 30  # in which one person's account differs; those of the slice are never cut apart
LOOKED_AT_ONCE = 500  # differences: of a crowd that the brake holds nothing is over for hours
ACTOR = "auth0_reconcile"
BY_RULE = (ACTOR, "auth0_events")  # programs in whose name the rules are followed
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
        for field in found.filter(kind=Kind.FIELD).values_list("field", flat=True).distinct()
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


def decide_at_once(employee_id: int, actor: str) -> bool:
    """Decide what the rules decide about one person, whose account was just read, and do it.

    The account of somebody who may not use it is shut again too, unless that was chosen to be for
    people to decide: the engine does the same when it looks after a link that may have opened it.
    Returns whether something was decided and couldn't be done. actor: who carries the rules out.
    """
    chosen = TenantState.objects.get(pk=1).compare_policy
    decided = []
    for row in Difference.objects.filter(employee_id=employee_id, state=State.OPEN):
        name = row.field if row.kind == Kind.FIELD else row.kind
        rule = rule_of(name, {str(Kind.OPEN): Rule.ROW, **chosen})
        decision = {Rule.ROW: Decision.FIX, Rule.AUTH0: Decision.TAKE_OVER}.get(rule)
        if decision and decision in offers(row):
            same = Difference.objects.filter(pk=row.pk, version=row.version)
            decided += [row.pk] * same.update(**_as_decided(decision, actor))
    for pk in _fixed_together(employee_id, decided):
        _take(employee_id, pk)
    return Difference.objects.filter(pk__in=decided, state=State.OPEN).exists()


def carry_out() -> bool:
    """Apply what was decided for many to a slice of them; False when nothing is left."""
    some = _waiting().order_by("employee_id").values_list("employee_id", "pk")
    rows = list(some[: FIELDS_MOST * PEOPLE_AT_ONCE])
    for number, (employee_id, group) in enumerate(groupby(rows, lambda row: row[0])):
        if number >= PEOPLE_AT_ONCE:
            break
        for pk in _fixed_together(employee_id or 0, [pk for _, pk in group]):
            _take(employee_id or 0, pk)
    return bool(rows)


def follow(after: int = 0) -> int:
    """Close what was carried out where the account is clean again; what failed is open again.

    A slice of it: of people whose number is higher than ``after``. Returns after whom to go on; 0
    when it begins anew.
    """
    applied = Difference.objects.filter(state=State.FIXING, applied_at__isnull=False)
    some = applied.filter(employee_id__gt=after).order_by("employee_id")
    slice_of = some.values_list("pk", "employee_id")[:LOOKED_AT_ONCE]
    people = {pk: employee_id or 0 for pk, employee_id in slice_of}
    if not people:
        return 0
    clean = Account.objects.filter(done_seq=F("due_seq"), lease="", batch=None)
    accounts = clean.only("error", "attention").in_bulk(set(people.values()))
    settled = [pk for pk, employee_id in people.items() if employee_id in accounts]
    done: list[Difference] = []
    for row in applied.filter(pk__in=settled).order_by("pk"):
        account = accounts[row.employee_id or 0]
        if account.error and account.attention in WAITS_FOR_A_PERSON:
            _open_again(row, account.error)
        else:
            done.append(row)
    also = _overwritten({row.employee_id for row in done if row.kind in WRITES_ALL})
    reconcile_record.close([*(row.pk for row in done), *also], "brought in line")
    return max(people.values()) if len(people) == LOOKED_AT_ONCE else 0


def _overwritten(employee_ids: set[int | None]) -> list[int]:
    """What else stood open of these: with the answer to its call the engine saw the whole account,
    and brought it in line."""
    others = Difference.objects.filter(employee_id__in=employee_ids, kind__in=WRITES_ALL)
    return list(others.filter(state__in=reconcile_record.LIVING).values_list("pk", flat=True))


def _waiting() -> QuerySet[Difference]:
    """What was decided for many, and not carried out yet."""
    return Difference.objects.filter(state=State.FIXING, applied_at=None)


def _locked(employee_id: int, ids: list[int]) -> list[Difference]:
    """Those of them that still wait; the command carries out beside the sweep, and a comparison
    may have found other values meanwhile. In a transaction."""
    Employee.objects.select_for_update().filter(pk=employee_id).first()
    return list(_waiting().select_for_update().filter(pk__in=ids).order_by("pk"))


@again_after_deadlock  # a comparison, or somebody at a page, may write to the same rows
def _fixed_together(employee_id: int, ids: list[int]) -> list[int]:
    """Fix those of one person at once; returns the others, whose value is to be taken over."""
    rows: list[Difference] = []
    to_fix: list[Difference] = []
    try:
        with transaction.atomic():
            rows = _locked(employee_id, ids)
            to_fix = [row for row in rows if row.decision == Decision.FIX]
            if to_fix:
                reconcile_apply.fix(employee_id, to_fix, to_fix[0].decided_by, by_hand=False)
                _applied(to_fix)
    except EmployeesError as error:
        for row in to_fix:
            _open_again(row, str(error))
    return [row.pk for row in rows if row.decision == Decision.TAKE_OVER]


@again_after_deadlock
def _take(employee_id: int, pk: int) -> None:
    rows: list[Difference] = []
    try:
        with transaction.atomic():
            rows = _locked(employee_id, [pk])
            for row in rows:
                by_rule = row.decided_by in BY_RULE
                actor = program(row.decided_by) if by_rule else actor_named(row.decided_by)
                reconcile_apply.take_over(row, actor)
                reconcile_record.close([row.pk], "taken over")
    except EmployeesError as error:
        for row in rows:
            _open_again(row, str(error))


def _decide(comparison_id: int, those: Q, decision: Difference.Decision) -> int:
    """By pages, so that no transaction is long."""
    number = last = 0
    found = Difference.objects.filter(those, comparison_id=comparison_id, state=State.OPEN)
    while page := list(found.filter(pk__gt=last).order_by("pk")[:500]):
        last = page[-1].pk
        # A phone number that somebody has deleted in Auth0 isn't deleted here by any rule.
        ids = [row.pk for row in page if decision in offers(row)]
        open_still = Difference.objects.filter(pk__in=ids, state=State.OPEN)
        number += open_still.update(**_as_decided(decision, ACTOR))
    return number


def _as_decided(decision: Difference.Decision, actor: str) -> dict[str, Any]:
    return {
        "state": State.FIXING,
        "decision": decision,
        "decided_by": actor,
        "decided_at": Now(),
        "applied_at": None,
        "error": "",
        "version": F("version") + 1,
    }


def _applied(rows: list[Difference]) -> None:
    Difference.objects.filter(pk__in=[row.pk for row in rows]).update(applied_at=Now())


def _open_again(row: Difference, why: str) -> None:
    """It couldn't be done: somebody has to decide, who reads why."""
    columns = {**reconcile_record.UNDECIDED, "error": why[:300]}
    if row.kind == Kind.UNKNOWN:
        columns["employee_id"] = None
    same = Difference.objects.filter(pk=row.pk, version=row.version)
    same.update(**columns, version=F("version") + 1)
