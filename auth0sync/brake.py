"""The safety brake: a crowd that is changed within one hour is held for a second person.

Blocks, e-mail changes and role changes are counted, from whatever source, by people: retries and
further changes of the same person count once. The change that would pass AUTH0_SAFETY_THRESHOLD,
and all later ones for an hour, are held in a batch (batches.py) before their first call. Not
counted is what belongs to a new account, and one person changed by hand in the form. New accounts
are counted apart, but for those that somebody was told of beforehand and confirmed.
:func:`renew` judges when a change is noted, so that of a crowd nothing goes out; :func:`allow`
judges just before a step, and has the last word. Source: docs/architecture.md, "Safety brake".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Now

from auth0sync.account import PLAN_VERSION, Facts, Seen
from auth0sync.errors import Conflict, Held, Rejected
from auth0sync.models import Account, Brake, BrakeCount, Risk, StagedBatch, TenantState
from auth0sync.plan import (
    AddRole,
    Block,
    Close,
    Create,
    Delete,
    GiveUp,
    RemoveRole,
    Step,
    Update,
    diff,
    wanted_of,
)
from employees.counters import count
from employees.counting import kept
from employees.models import Employee

Kind = StagedBatch.Kind
WITHIN = timedelta(hours=1)
CREATIONS = 10  # times the threshold
NEW = "new"  # in Account.let_through: whatever is done until the new account is complete
FREE: dict[str, Any] = {"batch": None, "held_for": "", "let_through": ""}
_GONE = "gone"  # in Account.let_through: the row was deleted
_AS_NOTED = Case(When(fingerprint="", then=Value(_GONE)), default=F("fingerprint"))


def limit(kind: Kind) -> int | None:
    """How many people may be changed within an hour; None when the brake is off."""
    people, per_cent = settings.AUTH0_SAFETY_THRESHOLD
    if not (people or per_cent):
        return None
    share = _active_people() * per_cent // 100 if per_cent else 0
    return max(people, share, 1) * (CREATIONS if kind == Kind.CREATIONS else 1)


def allow(account: Account, facts: Facts | None, step: Step) -> None:
    """Count this step, which is about to be done under the account's lease. Raises Held."""
    risk = _risk_of(step)
    if account.batch_id is None:
        if account.let_through in (NEW, _mark(facts)):
            return
        if _is_of_a_new_plan(account) and not isinstance(step, Block | Close | Delete):
            risk = Risk.PLAN
        if risk is None:
            return
        with transaction.atomic():
            batch = _weigh(_kind_of(risk), {account.pk: risk}, account.due_by)
            if batch is None:
                return
            mine = Account.objects.filter(pk=account.pk, lease=account.lease)
            held = mine.update(batch=batch, held_for=risk, let_through=_mark(facts))
            count("auth0_brake_holds", held, kind=batch.kind)
    raise Held("Held by the safety brake until a second person decides.", code="held")


def allow_creations(people: Mapping[int, tuple[Facts, Account]]) -> set[int]:
    """Count these new accounts, which an import job is about to make; return who isn't held.

    They are weighed as the crowd that they are. Whoever is held is in no job any more.
    """
    causes: dict[str, set[int]] = defaultdict(set)
    for pk, (facts, account) in people.items():
        if account.let_through not in (NEW, _mark(facts)):
            causes[account.due_by].add(pk)
    held: set[int] = set()
    for cause, ids in causes.items():
        with transaction.atomic():
            batch = _weigh(Kind.CREATIONS, dict.fromkeys(ids, Risk.CREATE), cause)
            if batch is not None:
                held |= ids
                Account.objects.filter(pk__in=ids).update(
                    batch=batch, held_for=Risk.CREATE, let_through=_AS_NOTED, job=None, due_at=None
                )
                count("auth0_brake_holds", len(ids), kind=batch.kind)
    return set(people) - held


def renew(
    moved: Mapping[int, tuple[Facts | None, Account | None]],
    *,
    actor: str,
    by_hand: bool,
    together: Iterable[int] = (),
    confirmed: bool = False,
) -> dict[int, dict[str, Any]]:
    """The brake's columns to be written with the due marks of people whose rows have moved.

    Whoever is held stays so, unless nothing is left that needs a decision. by_hand: one person
    was changed in the form, who is let through as the row is now.
    together: all whom the same click or file concerns.
    confirmed: somebody was told how many new accounts there will be, and wants them. Whoever has
    none yet is let through as the row is now; changes of accounts are weighed as ever.
    """
    if by_hand:
        return {pk: {**FREE, "let_through": _mark(facts)} for pk, (facts, _) in moved.items()}
    columns: dict[int, dict[str, Any]] = {}
    if confirmed:
        columns = {
            pk: {"let_through": _mark(facts)}
            for pk, (facts, account) in moved.items()
            if facts is not None
            and facts.asks_for_account
            and (account is None or not (account.origin or account.batch_id))
        }
    weighed: dict[Kind, dict[int, Risk]] = defaultdict(dict)
    known = [(pk, facts, account) for pk, (facts, account) in moved.items() if account is not None]
    name = installation() if any(account.origin for _, _, account in known) else ""
    for pk, facts, account in known:
        risk = foreseen_risk(facts, account, name)
        if account.batch_id is not None:
            if risk is not None and not (account.held_for == Risk.PLAN and risk == Risk.BLOCK):
                columns[pk] = _still_held(account.batch_id, risk, facts)
                continue
            columns[pk] = FREE
        if risk not in (None, Risk.CREATE):  # creations are counted when they are made
            weighed[_kind_of(risk)][pk] = risk
    for kind, risks in weighed.items():
        with transaction.atomic():
            batch = _weigh(kind, risks, actor, together)
        if batch is not None:
            count("auth0_brake_holds", len(risks), kind=batch.kind)
            for pk, risk in risks.items():
                held = {"batch": batch, "held_for": risk, "let_through": _mark(moved[pk][0])}
                columns[pk] = held
    return columns


def joined(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """The columns to be written now, in the transaction of the due mark.

    Whoever joins a batch is to be seen by whoever decides; when that has happened meanwhile, the
    engine judges her anew.
    """
    batch = columns.get("batch")
    if batch is None:
        return columns
    undecided = StagedBatch.objects.filter(pk=batch.pk, state=StagedBatch.State.OPEN)
    return columns if undecided.update(version=F("version") + 1) else {}


def hold_for_new_plan(found: Mapping[int, Facts | None]) -> None:
    """Hold these people, whose accounts a new version of the plan would change."""
    with transaction.atomic():
        batch = _weigh(Kind.PLAN, dict.fromkeys(found, Risk.PLAN), "")
        held = 0
        for pk, facts in found.items():
            # Due as well, so that it is said everywhere that something is left to do.
            held += Account.objects.filter(pk=pk, batch=None).update(
                batch=batch,
                held_for=Risk.PLAN,
                let_through=_mark(facts),
                due_seq=F("due_seq") + 1,
            )
        count("auth0_brake_holds", held, kind=Kind.PLAN)


def steps_ahead(facts: Facts | None, account: Account, installation: str) -> list[Step]:
    """What the engine would do for this row as far as it can be told without a look at Auth0."""
    seen = Seen.from_json(account.seen) if account.seen else None
    if not account.origin:
        creates = facts is not None and facts.wants_account and not facts.auth0_user_id
        return [Create({})] if creates else []
    if seen is None:
        return []
    try:
        wanted = wanted_of(
            facts,
            seen,
            has_account=True,
            installation=installation,
            assign_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        )
    except (Conflict, Rejected):
        return []
    if wanted and seen.roles is None:
        wanted = replace(wanted, role=None)
    return diff(wanted, seen)


def installation() -> str:
    """The name of this installation, which stands in every account; "" where it was lost."""
    state = TenantState.objects.filter(pk=1)
    return state.values_list("installation", flat=True).first() or ""


def foreseen_risk(facts: Facts | None, account: Account, installation: str) -> Risk | None:
    """The gravest of what the engine would do for this row; None for nothing that is counted."""
    if account.let_through == NEW:
        return None
    steps = steps_ahead(facts, account, installation)
    if any(isinstance(step, Block) for step in steps):
        return Risk.BLOCK
    if _is_of_a_new_plan(account) and any(not isinstance(step, Close) for step in steps):
        return Risk.PLAN
    return next((risk for risk in Risk if risk in map(_risk_of, steps)), None)


def would_hold(employee_ids: Iterable[int]) -> int:
    """How many of these open accounts would be held, if all were blocked by one click now."""
    most, crowd = limit(Kind.CHANGES), _with_open_accounts(employee_ids)
    if most is None or _is_passed(Kind.CHANGES) or crowd > most:
        return 0 if most is None else crowd
    counted = BrakeCount.objects.filter(kind=Kind.CHANGES, at__gt=Now() - WITHIN)
    return max(0, counted.exclude(employee_id__in=list(employee_ids)).count() + crowd - most)


def would_hold_so_many(people: int) -> int:
    """How many of so many people, changed at once in a way that is counted, would be held: all of
    a crowd that passes the threshold, or none."""
    most = limit(Kind.CHANGES)
    if most is None or not people:
        return 0
    counted = BrakeCount.objects.filter(kind=Kind.CHANGES, at__gt=Now() - WITHIN).count()
    return people if _is_passed(Kind.CHANGES) or counted + people > most else 0


def expect(held: int, cause: str) -> None:
    """A crowd is about to be changed that has to be held as a whole, not from the one on who passes
    the threshold: pass it now. held: as :func:`would_hold_so_many` says; 0 for a small crowd."""
    if held:
        with transaction.atomic():
            lock()
            _join(Kind.CHANGES, cause, renewed_at=Now())


def lock() -> None:
    """Wait for all others who count, hold or decide; until the transaction ends."""
    if Brake.objects.select_for_update().filter(pk=1).first() is None:
        # The migration makes it, since two who make it at once wait for each other.
        Brake.objects.get_or_create(pk=1)


def _weigh(
    kind: Kind, risks: Mapping[int, Risk], cause: str, together: Iterable[int] = ()
) -> StagedBatch | None:
    """Count these people, or name the batch in which they have to be held."""
    if kind == Kind.PLAN:
        lock()
        return _join(kind, cause)
    most = limit(kind)
    if most is None:
        return None
    lock()
    counts = BrakeCount.objects.filter(kind=kind, at__gt=Now() - WITHIN)
    fresh = set(risks) - set(
        counts.filter(employee_id__in=list(risks)).values_list("employee_id", flat=True)
    )
    if not fresh:
        return None
    if _is_passed(kind):
        return _join(kind, cause)
    crowd = list(together)
    is_crowd = len(crowd) > most and _with_open_accounts(crowd) > most  # rarely has to be asked
    if is_crowd or counts.count() + len(fresh) > most:
        batch = _join(kind, cause, renewed_at=Now())
        _pull_in(batch)
        return batch
    BrakeCount.objects.filter(kind=kind).filter(at__lte=Now() - WITHIN).delete()
    BrakeCount.objects.bulk_create(
        BrakeCount(kind=kind, employee_id=pk, risk=risks[pk]) for pk in sorted(fresh)
    )
    return None


def _is_passed(kind: Kind) -> bool:
    """Whether the threshold was passed within the hour, and nobody has decided yet."""
    batches = StagedBatch.objects.filter(kind=kind, state=StagedBatch.State.OPEN)
    return batches.filter(renewed_at__gt=Now() - WITHIN).exists()


def _join(kind: Kind, cause: str, **columns: Any) -> StagedBatch:
    batches = StagedBatch.objects.filter(kind=kind, state=StagedBatch.State.OPEN)
    batch = batches.first() or StagedBatch.objects.create(kind=kind)
    causes = sorted({*batch.causes, cause} - {""})
    batches.filter(pk=batch.pk).update(version=F("version") + 1, causes=causes, **columns)
    return batch


def _pull_in(batch: StagedBatch) -> None:
    """Hold those too who were counted on the way to the threshold and haven't had their turn."""
    counts = BrakeCount.objects.filter(kind=batch.kind)
    waiting = Account.objects.filter(
        pk__in=list(counts.values_list("employee_id", flat=True)),
        batch=None,
        job=None,
        lease="",
        let_through="",
    ).exclude(due_seq=F("done_seq"))
    pulled = waiting.update(
        batch=batch,
        held_for=Subquery(counts.filter(employee_id=OuterRef("pk")).values("risk")[:1]),
        let_through=_AS_NOTED,
    )
    count("auth0_brake_holds", pulled, kind=batch.kind)
    held = Account.objects.filter(batch=batch).values_list("pk", flat=True)
    counts.filter(employee_id__in=list(held)).delete()


def _still_held(batch_id: int, risk: Risk, facts: Facts | None) -> dict[str, Any]:
    """Whoever decides has to see the row as it is now; what is approved already isn't widened."""
    undecided = StagedBatch.objects.filter(pk=batch_id, state=StagedBatch.State.OPEN)
    if not undecided.update(version=F("version") + 1):
        return {}
    return {"held_for": risk, "let_through": _mark(facts)}


def _with_open_accounts(employee_ids: Iterable[int]) -> int:
    accounts = Account.objects.filter(pk__in=list(employee_ids), seen__blocked=False)
    return accounts.exclude(origin="").count()


def _active_people() -> int:
    """Who works here; of a large company half a minute old, since every change asks."""

    def ask() -> tuple[int, int]:
        people = Employee.objects.filter(is_active=True, archived_at__isnull=True).count()
        return people, people

    return kept("active people", ask)


def _is_of_a_new_plan(account: Account) -> bool:
    return account.origin != "" and account.plan_version != PLAN_VERSION


def _mark(facts: Facts | None) -> str:
    return facts.fingerprint() if facts else _GONE


def _risk_of(step: Step) -> Risk | None:
    match step:
        case Block() | Delete():
            return Risk.BLOCK
        case Update(changes) if "email" in changes:
            return Risk.EMAIL
        case GiveUp():
            return Risk.EMAIL
        case AddRole() | RemoveRole():
            return Risk.ROLE
        case Create():
            return Risk.CREATE
    return None


def _kind_of(risk: Risk | None) -> Kind:
    if risk == Risk.PLAN:
        return Kind.PLAN
    return Kind.CREATIONS if risk == Risk.CREATE else Kind.CHANGES
