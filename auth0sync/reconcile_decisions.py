"""What people decide about differences, one by one; for crowds there is reconcile_crowds.

Each function here is one transaction under locks, so that a double click, or two managers at once,
decide once; ``version`` is that of the difference as the person saw it. All raise NotAllowed, with
a sentence, where it has changed meanwhile, or isn't theirs to decide.
"""

from datetime import date

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync import reconcile_apply, reconcile_record
from auth0sync.due import link_to
from auth0sync.models import Account, Difference, Risk, SyncLog, TenantState
from auth0sync.plan import ROLE_CODES
from auth0sync.reconcile_apply import BUSY, CHANGED
from auth0sync.reconcile_policy import TAKEABLE, Rule, may_be, names, rule_of
from auth0sync.rows import read_facts
from employees.authority import Actor, Operation, operation_of, why_not_administer
from employees.authority import why_not as why_not_to
from employees.errors import NotAllowed
from employees.history import record_event
from employees.models import Employee

Kind, State, Decision = Difference.Kind, Difference.State, Difference.Decision
REASON_MOST = 300
NO_WISH = (
    "This person can't have an account as they are: it takes somebody active who signs in with "
    "Auth0 and has an e-mail of their own. Change that first."
)
COUNTED = (Risk.BLOCK, Risk.EMAIL, Risk.ROLE)
_TRY = (Kind.MISSING, Kind.NO_ACCOUNT, Kind.STUCK, Kind.NO_ROW, *reconcile_apply.OF_FIELDS)


def offers(row: Difference) -> list[Difference.Decision]:
    """What can be decided about it at all, the usual first."""
    if row.state == State.CLOSED:
        return []
    found = []
    is_stray = row.kind == Kind.DOUBLE and not row.about.get("has")
    if row.kind in _TRY or is_stray:
        found.append(Decision.FIX)
    if _is_takeable(row):
        found.append(Decision.TAKE_OVER)
    if row.kind == Kind.UNKNOWN and row.about.get("linkable"):
        found.append(Decision.LINK)
    if row.kind in (Kind.UNKNOWN, Kind.NO_ROW, Kind.DOUBLE):
        found.append(Decision.DELETE)
    return [*found, Decision.IGNORE]


def why_not(
    actor: Actor, row: Difference, decision: Difference.Decision | None, person: Employee | None
) -> str:
    """Why ``actor`` can't decide this; "" when they can.

    decision: None for any. person: whom it is about; None where there is no row.
    """
    if person is None:
        return why_not_administer(actor, "decide about accounts of nobody here")
    operation = Operation.SYNC
    if decision == Decision.TAKE_OVER and row.kind != Kind.VERIFIED:
        is_shut = row.kind == Kind.SHUT
        operation = Operation.DEACTIVATE if is_shut else operation_of(TAKEABLE[row.field])
    return why_not_to(actor, operation, person)


def fix(pk: int, actor: Actor, *, version: int) -> None:
    """Have Auth0 brought in line with the row, or what failed tried again."""
    with transaction.atomic():
        row = _deciding(pk, actor, version, Decision.FIX)
        employee_id = row.employee_id or 0  # whatever can be fixed is about somebody
        reconcile_apply.fix(employee_id, [row], actor.name, by_hand=True)
        if Employee.objects.filter(pk=employee_id).exists():
            record_event(employee_id, actor, "Auth0 brought in line")
        _decided(row, actor, Decision.FIX, state=State.FIXING, applied_at=Now())


def take_over(pk: int, actor: Actor, *, version: int) -> None:
    """Write Auth0's value into the row. Raises what ``services.change_employee`` does, too."""
    with transaction.atomic():
        row = _deciding(pk, actor, version, Decision.TAKE_OVER)
        reconcile_apply.take_over(row, actor)
        _decided(row, actor, Decision.TAKE_OVER)
        reconcile_record.close([row.pk], "taken over")


def ignore(pk: int, actor: Actor, *, version: int, reason: str, until: date | None) -> None:
    """Leave it as it is until a day, on which it comes back; None for as long as nothing moves."""
    more = left_until(reason, until)
    with transaction.atomic():
        row = _deciding(pk, actor, version, Decision.IGNORE)
        _decided(row, actor, Decision.IGNORE, **more)


def left_until(reason: str, until: date | None) -> dict[str, object]:
    """The columns of what is left as it is. Raises NotAllowed, with the field."""
    if not reason.strip():
        raise NotAllowed("Say why it is left as it is.", "reason")
    if until is not None and until <= timezone.localdate():
        raise NotAllowed("Choose a day in the future.", "until")
    return {"state": State.IGNORED, "until": until, "reason": reason.strip()[:REASON_MOST]}


def list_for_deletion(pk: int, actor: Actor, *, version: int, reason: str) -> None:
    """Put an account on the list of those to be deleted by hand: the console never deletes them."""
    with transaction.atomic():
        row = _deciding(pk, actor, version, Decision.DELETE)
        more = {"state": State.LISTED, "reason": reason.strip()[:REASON_MOST]}
        _decided(row, actor, Decision.DELETE, **more)


def reopen(pk: int, actor: Actor, *, version: int) -> None:
    """Take back that it is left as it is, or listed."""
    with transaction.atomic():
        row = _deciding(pk, actor, version, None)
        Difference.objects.filter(pk=row.pk).update(
            **reconcile_record.UNDECIDED, version=F("version") + 1
        )


def look_after(pk: int, actor: Actor, *, version: int) -> None:
    """Say that one sees to it."""
    with transaction.atomic():
        row = _deciding(pk, actor, version, None)
        Difference.objects.filter(pk=row.pk).update(
            owner=actor.name[:100], version=F("version") + 1
        )


def link(pk: int, employee_id: int, actor: Actor, *, version: int) -> None:
    """Say that an account of nobody's is this person's; the engine reads it before it links."""
    with transaction.atomic():
        person = Employee.objects.select_for_update().filter(pk=employee_id).first()
        if person is None:
            raise NotAllowed(f"There is no employee {employee_id}.", "employee")
        if reason := why_not_to(actor, Operation.CHANGE_SIGN_IN, person):
            raise NotAllowed(reason, "employee")
        row = _deciding(pk, actor, version, Decision.LINK)
        if not read_facts([employee_id])[employee_id].wants_account:
            raise NotAllowed(NO_WISH, "employee")
        account = Account.objects.select_for_update().filter(pk=employee_id).first()
        if account is None or account.origin or account.link_to or account.lease:
            raise NotAllowed("This person has an account already, or gets one just now.")
        record_event(employee_id, actor, "linked to an account")
        link_to(employee_id, row.user_id, actor=actor.name)
        more = {"state": State.FIXING, "applied_at": Now(), "employee_id": employee_id}
        _decided(row, actor, Decision.LINK, **more)


def rules() -> list[tuple[str, Rule, tuple[Rule, ...]]]:
    """Field or kind, the rule that holds for it, and those that can be chosen."""
    chosen = TenantState.objects.get(pk=1).compare_policy
    return [(name, rule_of(name, chosen), may_be(name)) for name in names()]


def set_rule(name: str, rule: Rule, actor: Actor) -> None:
    """Choose which side wins by itself, night by night, in a field or a kind of difference."""
    if reason := why_not_administer(actor, "choose which side wins"):
        raise NotAllowed(reason)
    if rule not in may_be(name):
        raise NotAllowed("That can't be chosen for this.")
    with transaction.atomic():
        state = TenantState.objects.select_for_update().get(pk=1)
        chosen = {**state.compare_policy, name: rule.value}
        TenantState.objects.filter(pk=1).update(compare_policy=chosen)
        SyncLog.objects.create(
            action="comparison rule set",
            status=SyncLog.Status.SUCCESS,
            actor=actor.name[:100],
            response_data={"rule": rule.value, "of": name},
        )


def _is_takeable(row: Difference) -> bool:
    if row.kind in (Kind.SHUT, Kind.VERIFIED):
        return True
    if row.kind == Kind.ROLE:
        held = row.auth0 or []
        return len(held) == 1 and held[0] in ROLE_CODES
    # Auth0 takes anything for a value, such as a number or a list; a column holds a text.
    is_text = isinstance(row.auth0, str) and row.auth0 != ""
    return row.kind == Kind.FIELD and row.field in TAKEABLE and is_text


def _deciding(
    pk: int, actor: Actor, version: int, decision: Difference.Decision | None
) -> Difference:
    """The difference under its lock, its person's row locked before; decision: None for any."""
    row = Difference.objects.filter(pk=pk).first()
    if row is None or row.state == State.CLOSED:
        raise NotAllowed("This difference is over: nothing has to be decided any more.")
    person = Employee.objects.select_for_update().filter(pk=row.employee_id or 0).first()
    if reason := why_not(actor, row, decision, person):
        raise NotAllowed(reason)
    same = Difference.objects.select_for_update().filter(pk=pk, version=version)
    found = same.exclude(state=State.CLOSED).first()
    if found is None:
        raise NotAllowed(CHANGED)
    if found.state == State.FIXING:
        raise NotAllowed(BUSY)
    if decision is not None and decision not in offers(found):
        raise NotAllowed(CHANGED)
    return found


def _decided(
    row: Difference, actor: Actor, decision: Difference.Decision, **columns: object
) -> None:
    Difference.objects.filter(pk=row.pk).update(
        decision=decision,
        decided_by=actor.name[:100],
        decided_at=Now(),
        owner=actor.name[:100],
        error="",
        version=F("version") + 1,
        **columns,
    )
