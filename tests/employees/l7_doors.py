"""The doors that the L7 matrix tries: services, the admin's pages, the PIN services of the kiosk.

Each is a function of (world, person, what) that makes every attempt there is at this door and
yields its name with whether it was let through. ``trying`` takes each back afterwards.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from auth0sync.admin_asking import SALT as INVITATIONS
from auth0sync.enrolling import Whom, begin
from auth0sync.enrolment import Choice
from auth0sync.models import Account, Difference
from auth0sync.plan import ROLE_CODES
from auth0sync.reconcile_follow import carry_out
from auth0sync.reconcile_record import RANKS
from employees import lockout, pin_services, planning, reviews, services
from employees.actors import visible_to
from employees.admin_actions import SALT
from employees.authority import Actor, program
from employees.errors import NotAllowed
from employees.history import new_batch
from employees.mass.models import MassChange
from employees.mass.working import work
from employees.models import Change, Employee, PlannedMove, Review
from employees.review_merging import merge, undo_merge
from employees.review_preview import token_of
from employees.selectors import invitation_of
from tests.builders import make_employee
from tests.employees.l7_world import PLACE, World, state_of
from tests.employees.planned import in_days

Door = Callable[[World, Employee, str], Iterator[tuple[str, bool]]]

PIN = "7391"
LIST = reverse("admin:employees_employee_changelist")
FOUND = {"user_id": "auth0|found", "linkable": True}  # in Auth0, as the engine notes it


class Trying:
    """Takes back what was done within, and keeps whether the person was moved by it."""

    def __init__(self, person: Employee) -> None:
        self.person = person
        self.moved = False

    def __enter__(self) -> "Trying":
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        return self

    def begin(self) -> None:
        """From here on it counts."""
        self._before = state_of(self.person)

    def __exit__(self, *raised: Any) -> None:
        if raised[0] is None:
            self.moved = state_of(self.person) != self._before
        transaction.set_rollback(True)
        self._atomic.__exit__(*raised)


def column_changes(person: Employee) -> Mapping[str, list[dict[str, Any]]]:
    """What → the columns that it is about, each with a value that the person doesn't have."""
    is_associate = person.auth0_role == "production_associate"
    return {
        "change": [
            {"name": "Somebody Else"},
            {"phone_number": "662 555 0199"},
            {"hire_date": "2025-12-31"},
        ],
        "move": [
            {"department": "Packing"},
            {"workspace": "MS" if person.workspace == "TX" else "TX"},
        ],
        "sign_in": [
            {"email": "taken-over@example.com"},
            {"personal_email": "taken-over@example.com"},
            {"auth_method": "auth0"},
            {"invitation": "none"},
        ],
        "pin_only": [{"auth_method": "pin"}],
        "role": [{"auth0_role": "team_lead" if is_associate else "production_associate"}],
    }


def services_door(world: World, person: Employee, what: str) -> Iterator[tuple[str, bool]]:
    """Every service; there is none for what another app does with the account."""
    actor, pk = world.actor, person.pk
    if what == "see":
        yield "visible_to", visible_to(actor).filter(pk=pk).exists()
    for columns in column_changes(person).get(what, []):
        rest = {name: value for name, value in columns.items() if name != "invitation"}
        yield (
            f"change_employee {columns}",
            _is_let(person, services.change_employee, pk, rest, actor, columns.get("invitation")),
        )
    if what == "change":
        yield "leave", _is_let(person, reviews.leave, pk, "New here", actor, begin=put_on_the_list)
    if what == "pin":
        yield "set_pin", _is_let(person, pin_services.set_pin, pk, PIN, actor)
        yield "remove_pin", _is_let(person, pin_services.remove_pin, pk, actor)
        yield "unlock", _is_let(person, pin_services.unlock, pk, actor, begin=mistype)
    if what == "off":
        for leave in (services.deactivate, services.archive):
            yield leave.__name__, _is_let(person, leave, pk, actor, may_be_so=True)
        yield "merge", _is_let(person, merge_away, pk, actor, begin=put_on_the_list)
        if person.is_active:
            yield "plan_leaving", _is_let(person, planning.plan_leaving, pk, in_days(9), actor)
    if what == "on":
        for come_back in (services.reactivate, services.restore):
            yield come_back.__name__, _is_let(person, come_back, pk, actor, begin=switch_off)
        back = (planning.plan_joining, pk, in_days(9), actor)
        yield "plan_joining", _is_let(person, *back, begin=switch_off)
        for begin in (plan_to_join, plan_to_leave):
            yield "cancel", _is_let(person, cancel_planned, pk, actor, begin=begin)
        yield "undo_merge", _is_let(person, take_apart, pk, actor, begin=merged_already)
        undone = {"is_active": [True, False]}
        yield "put_back", _is_let(person, services.put_back, pk, undone, actor, begin=deactivate)


def kiosk_door(world: World, person: Employee, what: str) -> Iterator[tuple[str, bool]]:
    """What a supervisor may do at the kiosk, as who she is there: a new PIN, another try."""
    if what == "pin":
        yield "unlock", _is_let(person, pin_services.unlock, person.pk, world.kiosk, begin=mistype)
        yield "set_random_pin", _is_let(person, pin_services.set_random_pin, person.pk, world.kiosk)


def admin_door(world: World, person: Employee, what: str) -> Iterator[tuple[str, bool]]:
    """Real requests, also such as no page offers this person."""
    if what == "see":
        yield "page", world.browser.get(_page(person, "change")).status_code == 200
    columns_of = column_changes(person).get(what, [])
    for columns in columns_of[:1] if what == "change" else columns_of:
        yield f"form {columns}", _moves(world, person, _post_form, columns)
    if what == "change":
        url = _page(person, "review")
        yield "leave", _moves(world, person, _post, url, {"reason": "x"}, begin=put_on_the_list)
    if what == "sign_in":
        url = reverse("admin:auth0sync_link", args=[person.pk])
        account = {"account": FOUND["user_id"]}
        yield "link", _moves(world, person, _post, url, account, begin=conflict)
        yield "undo-change", _moves(world, person, _undo_change)
        # Nothing but the rules may stand in the way; and with a PIN alone one isn't signed in here.
        is_self = person.pk == world.actor.employee_id
        if person.is_active and person.auth0_role in ROLE_CODES and not is_self:
            yield "enrol", _moves(world, person, _enrol, begin=back_to_the_pin)
    if what == "pin":
        yield "random_pin", _moves(world, person, _post, _page(person, "random_pin"))
        yield "remove_pin", _moves(world, person, _post, _page(person, "remove_pin"))
        unlock = _page(person, "unlock_pin")
        yield "unlock_pin", _moves(world, person, _post, unlock, begin=mistype)
        typed = {"pin": PIN, "again": PIN}
        yield "type_pin", _moves(world, person, _post, _page(person, "type_pin"), typed)
        for_slips = {"action": "random_pins_with_slips", "_selected_action": person.pk}
        confirmed = {**for_slips, "confirmed": "yes", f"seen_{person.pk}": ""}
        yield "slips", _moves(world, person, _post, LIST, confirmed)
    for button, action in (("sync", "sync_now"), ("invite", "send_invitation_again")):
        if what == button:
            url = reverse(f"admin:auth0sync_{action}", args=[person.pk])
            yield "button", _moves(world, person, _post, url)
            chosen = {"action": action, "_selected_action": person.pk}
            yield "list", _moves(world, person, _post, LIST, chosen)
    if what == "sync":
        yield "difference", _moves(world, person, _fix_one)
        yield "differences", _moves(world, person, _fix_together)
    if what == "invite":
        signed = signing.dumps([person.pk], salt=INVITATIONS, compress=True)
        many = reverse("admin:auth0sync_send_invitations_again")
        yield "forgery", _moves(world, person, _post, many, {"people": signed})
        came_back = reverse("admin:auth0sync_mail_came_back", args=[person.pk])
        yield "came back", _moves(world, person, _post, came_back, begin=put_a_mail_out)
    if what == "off":
        ways = [(_by_list, "archive"), (_by_button, "archive"), (_by_forgery, "archive")]
        if person.is_active:
            ways += [(_by_list, "deactivate"), (_by_forgery, "deactivate")]
        for by, way in ways:
            yield f"{way} {by.__name__}", _moves(world, person, by, way)
        yield "merge", _moves(world, person, _merge, begin=put_on_the_list)
        if person.is_active:
            yield "plan", _moves(world, person, _plan, "plan_leaving")
    if what == "on":
        for by, way in (
            (_by_list, "reactivate"),
            (_by_list, "restore"),
            (_by_button, "restore"),
            (_by_forgery, "reactivate"),
        ):
            yield f"{way} {by.__name__}", _moves(world, person, by, way, begin=switch_off)
        yield "undo", _moves(world, person, _undo)
        yield "undo-merge", _moves(world, person, _undo_merge, begin=merged_already)
        yield "plan", _moves(world, person, _plan, "plan_joining", begin=switch_off)
        for begin in (plan_to_join, plan_to_leave):
            yield "cancel", _moves(world, person, _cancel, begin=begin)
        url = reverse("admin:employees_employee_bring_back", args=[person.pk])
        confirmed = {"confirmed": "1"}
        yield "bring-back", _moves(world, person, _post, url, confirmed, begin=switch_off)


def switch_off(person: Employee) -> None:
    """By SQL, so that there is something to come back from."""
    away = timezone.now().replace(microsecond=0)
    Employee.objects.filter(pk=person.pk).update(is_active=False, archived_at=away)


def mistype(person: Employee) -> None:
    """Somebody has typed a wrong PIN for this number."""
    lockout.charge(lockout.outside_door("192.0.2.1"), person.pk)


def conflict(person: Employee) -> None:
    """Another account was found in Auth0, which may be linked."""
    Account.objects.filter(pk=person.pk).update(found=[FOUND])


def back_to_the_pin(person: Employee) -> None:
    """By SQL, as those who have never had an account."""
    Employee.objects.filter(pk=person.pk).update(auth_method="pin")


def put_on_the_list(person: Employee) -> None:
    """As if another program had added them."""
    Review.objects.create(pk=person.pk)


def put_a_mail_out(person: Employee) -> None:
    """As if the mail server had taken their invitation."""
    Account.objects.filter(pk=person.pk).update(invitation="sent")


def merge_away(employee_id: int, actor: Actor) -> None:
    """Into the row of an associate of the same place."""
    other, kept = Employee.objects.get(pk=employee_id), make_employee(**PLACE)
    merge(employee_id, kept.pk, (), actor, token_of(other, kept))


def merged_already(person: Employee) -> None:
    """By a command; there is another administrator, else the last one could not go."""
    make_employee(auth0_role="admin", auth_method="auth0")
    put_on_the_list(person)
    merge_away(person.pk, program("l7_matrix"))


def take_apart(employee_id: int, actor: Actor) -> None:
    """The merge that there is."""
    undo_merge(employee_id, actor, Review.objects.get(pk=employee_id).batch)


def deactivate(person: Employee) -> None:
    """By SQL, as a deactivation leaves the row."""
    Employee.objects.filter(pk=person.pk).update(is_active=False)


def plan_to_leave(person: Employee) -> None:
    """As somebody else has planned it."""
    _plan_row(person, "leave")


def plan_to_join(person: Employee) -> None:
    """As somebody else has planned it, of somebody who is switched off."""
    switch_off(person)
    _plan_row(person, "join")


def _plan_row(person: Employee, kind: str) -> None:
    PlannedMove.objects.create(
        employee=person, kind=kind, at=in_days(9), zone="UTC", planned_by="l7_matrix"
    )


def cancel_planned(employee_id: int, actor: Actor) -> None:
    """Cancel the one plan that there is of this person."""
    planning.cancel(PlannedMove.objects.get(employee_id=employee_id).pk, actor)


def _is_let(
    person: Employee,
    service: Callable[..., Any],
    *args: Any,
    begin: Callable[[Employee], None] | None = None,
    may_be_so: bool = False,
) -> bool:
    """Whether the service did it; one that refuses must have moved nothing.

    may_be_so: somebody may be so already, and then it is let through but moves nothing.
    """
    refused = False
    with Trying(person) as trying:
        if begin is not None:
            begin(person)
        trying.begin()
        try:
            service(*args)
        except NotAllowed:
            refused = True
    if refused == trying.moved and not (may_be_so and not refused):
        raise AssertionError(f"{service.__name__}: refused {refused}, moved {trying.moved}")
    return not refused


def _moves(
    world: World,
    person: Employee,
    ask: Callable[..., Any],
    *args: Any,
    begin: Callable[[Employee], None] | None = None,
) -> bool:
    with Trying(person) as trying:
        if begin is not None:
            begin(person)
        trying.begin()
        ask(world, person, trying, *args)
    return trying.moved


def _post(world: World, person: Employee, trying: Trying, url: str, data: Any = None) -> None:
    world.browser.post(url, {"seen": "", "as": "page", **(data or {})})


def _post_form(world: World, person: Employee, trying: Trying, columns: dict[str, Any]) -> None:
    """The form of the page as a program posts it: it stands for what the page doesn't offer."""
    names = ("name", "email", "personal_email", "phone_number", "department", "workspace")
    kept = {name: getattr(person, name) or "" for name in (*names, "auth_method", "auth0_role")}
    more = {"role": "", "hire_date": str(person.hire_date), "invitation": invitation_of(person.pk)}
    world.browser.post(_page(person, "change"), {**kept, **more, **columns})


def _by_list(world: World, person: Employee, trying: Trying, way: str) -> None:
    chosen = {"action": f"{way}_selected", "_selected_action": person.pk}
    _confirm(world, world.browser.post(LIST, chosen))


def _by_button(world: World, person: Employee, trying: Trying, way: str) -> None:
    _confirm(world, world.browser.get(_page(person, way)))


def _by_forgery(world: World, person: Employee, trying: Trying, way: str) -> None:
    signed = signing.dumps({"way": way, "ids": [person.pk]}, salt=SALT, compress=True)
    world.browser.post(reverse("admin:employees_employee_leaving"), {"people": signed})


def _confirm(world: World, page: Any) -> None:
    """Press the button of the page that says whom it touches, where there is such a page."""
    shown = getattr(page, "context_data", None) or {}
    if "forecast" in shown and shown["forecast"].touched:
        signed = shown["signed"]
        world.browser.post(reverse("admin:employees_employee_leaving"), {"people": signed})


def _fix_one(world: World, person: Employee, trying: Trying) -> None:
    difference = _differ(person)
    trying.begin()
    url = reverse("admin:auth0sync_difference", args=[difference.pk])
    world.browser.post(url, {"decision": "fix", "version": 0})


def _fix_together(world: World, person: Employee, trying: Trying) -> None:
    """The page says whose would be fixed, the button asks for it, and the sweep does it."""
    _differ(person)
    trying.begin()
    asked = {"group": Difference.Kind.STUCK, "decision": "fix", "stamp": "1-0"}
    world.browser.post(reverse("admin:auth0sync_together"), asked)
    carry_out()


def _differ(person: Employee) -> Difference:
    """As the comparison writes down that something couldn't be done."""
    Difference.objects.all().delete()
    kind = Difference.Kind.STUCK
    return Difference.objects.create(kind=kind, rank=RANKS[kind], employee_id=person.pk)


def _undo(world: World, person: Employee, trying: Trying) -> None:
    batch = new_batch()
    make_employee(auth0_role="admin", auth_method="auth0")  # else the last one could not leave
    Employee.objects.filter(pk=person.pk).update(is_active=True)
    services.deactivate(person.pk, program("l7_matrix"), batch)
    trying.begin()
    world.browser.post(reverse("admin:employees_employee_undo", args=[batch]))


def _plan(world: World, person: Employee, trying: Trying, page: str) -> None:
    typed = {"day": f"{in_days(9):%Y-%m-%d}", "clock": "17:00", "reason": ""}
    world.browser.post(_page(person, page), typed)


def _cancel(world: World, person: Employee, trying: Trying) -> None:
    plan = PlannedMove.objects.get(employee=person)
    world.browser.post(_page(person, "cancel_plan"), {"plan": plan.pk})


def _merge(world: World, person: Employee, trying: Trying) -> None:
    other, kept = Employee.objects.get(pk=person.pk), make_employee(**PLACE)
    trying.begin()
    typed = {"with": kept.pk, "token": token_of(other, kept)}
    world.browser.post(_page(person, "merge"), typed)


def _undo_merge(world: World, person: Employee, trying: Trying) -> None:
    batch = Review.objects.get(pk=person.pk).batch
    world.browser.post(_page(person, "undo_merge"), {"batch": batch})


def _undo_change(world: World, person: Employee, trying: Trying) -> None:
    earlier = {"personal_email": "earlier@example.com"}
    services.change_employee(person.pk, earlier, program("l7_matrix"))
    trying.begin()
    last = Change.objects.filter(employee_id=person.pk).latest("pk")
    url = reverse("admin:auth0sync_undo_change", args=[person.pk])
    world.browser.post(url, {"change": last.pk})


def _enrol(world: World, person: Employee, trying: Trying) -> None:
    """From the list to the button, with what the queue does in between."""
    last = MassChange.objects.order_by("pk").last()
    world.browser.post(LIST, {"action": "enrol_selected", "_selected_action": person.pk})
    begun = MassChange.objects.filter(pk__gt=last.pk if last else 0).first()
    if begun is None:
        begun = begin(Whom(ids=(person.pk,)), Choice(), world.actor, "forged")
    for decision in ("confirm", ""):
        work(begun.pk, until=time.monotonic() + 5)
        begun.refresh_from_db()
        url = reverse("admin:auth0sync_enrolment_decide", args=[begun.pk])
        world.browser.post(url, {"decision": decision, "version": begun.version})


def _page(person: Employee, name: str) -> str:
    return reverse(f"admin:employees_employee_{name}", args=[person.pk])
