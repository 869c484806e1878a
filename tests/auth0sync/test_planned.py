"""What was planned reaches Auth0 when its time has come: by the sweep, and not before."""

import pytest
from django.core.mail import EmailMessage
from django.urls import reverse
from pytest_django import Settings

from auth0sync import incidents
from auth0sync.engine import sync
from auth0sync.mending import last_change
from auth0sync.models import Account, BrakeCount, StagedBatch
from auth0sync.sweep import Sweeper
from employees import planning
from employees.authority import Actor, program
from employees.models import PlannedMove
from employees.zones import in_full, zone_of
from tests.auth0sync.people import add, row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant
from tests.employees.planned import in_days, time_comes
from tests.signed_in import signed_in

NEWCOMER = {"name": "Ada Quill", "email": "ada@example.com", "auth_method": "hybrid"}


def sweep() -> None:
    """A tick, with every plan's time just come."""
    PlannedMove.objects.filter(state="open").update(at=in_days(-0.001))
    assert Sweeper().tick()


def is_blocked(tenant: RunningTenant) -> bool:
    account = tenant.user_by_email("ana@example.com")
    return bool(account and account.get("blocked"))


@pytest.fixture
def planner(django_user_model: type) -> Actor:
    """An administrator at the form, who is still there when the time comes."""
    user = django_user_model.objects.create_superuser("planner")  # type: ignore[attr-defined]
    return boss(user.pk)


def test_a_newcomer_has_no_account_before_their_day_and_is_invited_then(
    tenant: RunningTenant, planner: Actor, mailoutbox: list[EmailMessage]
) -> None:
    ada = planning.add_joining(NEWCOMER, "work", planner, in_days(3))
    sync(ada.pk)
    assert tenant.user_by_email("ada@example.com") is None
    assert row_of(ada).auth0_sync_status is None

    sweep()
    assert row_of(ada).auth0_sync_status == "pending"
    sync(ada.pk)

    assert tenant.user_by_email("ada@example.com") is not None
    assert mailoutbox[0].to == ["ada@example.com"]


def test_until_then_list_page_and_steps_say_when_the_account_is_made(
    state: object, planner: Actor
) -> None:
    at = in_days(3)
    ada = planning.add_joining({**NEWCOMER, "workspace": "TX"}, "work", planner, at)
    browser, _ = signed_in("manager")
    said = f"It is made when they start, on {in_full(at, zone_of('TX'))}."

    for page, args in (("employee_changelist", []), ("employee_change", [ada.pk])):
        shown = browser.get(reverse(f"admin:employees_{page}", args=args)).content.decode()
        assert "No account yet" in shown
        assert said in shown
    steps = browser.get(reverse("admin:auth0sync_steps", args=[ada.pk])).content.decode()
    assert said in steps
    assert "No account is wanted. Deactivated. That changes when they start, on " in steps
    polled = browser.get(reverse("admin:auth0sync_statuses"), {"ids": ada.pk}).json()
    assert polled[str(ada.pk)]["detail"] == said


def test_without_a_plan_that_stands_nothing_is_promised(state: object, planner: Actor) -> None:
    ada = planning.add_joining(NEWCOMER, "work", planner, in_days(3))
    browser, _ = signed_in("manager")

    planning.cancel(PlannedMove.objects.get(employee=ada).pk, planner)

    shown = browser.get(reverse("admin:employees_employee_change", args=[ada.pk])).content.decode()
    assert "No account wanted" in shown
    assert "when they start" not in shown


def test_a_leaver_is_blocked_when_the_time_has_come(tenant: RunningTenant, planner: Actor) -> None:
    ana = add()
    sync(ana.pk)
    planning.plan_leaving(ana.pk, in_days(1), planner)
    sync(ana.pk)
    assert not is_blocked(tenant)

    sweep()
    sync(ana.pk)

    assert is_blocked(tenant)


def test_each_was_planned_by_hand_so_the_safety_brake_neither_holds_nor_counts_them(
    tenant: RunningTenant, planner: Actor, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    people = [add("none", email=f"p{number}@example.com") for number in range(3)]
    for person in people:
        sync(person.pk)
        planning.plan_leaving(person.pk, in_days(1), planner)

    sweep()
    for person in people:
        sync(person.pk)

    assert not StagedBatch.objects.exists()
    assert not BrakeCount.objects.exists()
    assert not Account.objects.filter(seen__blocked=False).exists()


def test_what_is_refused_is_told_until_somebody_has_decided(
    tenant: RunningTenant, planner: Actor, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]
    settings.AUTH0_SYNC_ENABLED = False  # whatever becomes of the accounts
    for person in [make_employee(auth0_role="admin", auth_method="auth0") for _ in "ab"]:
        planning.plan_leaving(person.pk, in_days(1), planner)
    time_comes()

    incidents.look()
    incidents.look()
    failed = PlannedMove.objects.get(state="failed")
    planning.cancel(failed.pk, planner)
    incidents.look()

    subject = "a planned joining or leaving wasn't carried out"
    assert [mail.subject for mail in mailoutbox] == [
        f"Identity console: {subject}",
        f"Identity console: Over: {subject}",
    ]
    assert f"planned for {failed.employee_id} was refused" in mailoutbox[0].body


def test_a_plan_is_no_change_of_the_row_that_could_be_taken_back(state: object) -> None:
    browser, _ = signed_in("manager")
    ada = planning.add_joining(NEWCOMER, "work", program("tests"), in_days(3))
    planning.plan_leaving(ada.pk, in_days(9), program("tests"))

    last = last_change(ada)
    page = browser.get(reverse("admin:auth0sync_undo_change", args=[ada.pk]))

    assert last is not None
    assert last.action == "added"
    assert page.status_code == 200
