"""Ready by the first day: who joins, how far they are, and who is on the red list (M3)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from auth0sync.advice import BY_CODE
from auth0sync.joiners import Days, count_red, in_order, joiner, joiners, not_ready, red, starts_of
from auth0sync.models import Account, Attention, StagedBatch, TenantState
from employees.authority import Actor
from employees.models import Change, Employee, InvitationChoice, PlannedMove, Receipt
from tests.builders import boss, make_employee
from tests.employees.planned import at_time, in_days
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:auth0sync_joiners")
VERIFIED = {"auth_method": "auth0", "auth0_sync_status": "verified"}
CREATED = {"auth_method": "auth0", "auth0_sync_status": "created"}
BARE = {"auth_method": "auth0"}


def day(days: float) -> Any:
    """A day so far from today."""
    return Days.now().today + timedelta(days=days)


def planned(employee: Employee, days: float, state: str = "open") -> None:
    PlannedMove.objects.create(
        employee=employee, kind="join", at=in_days(days), zone="UTC", planned_by="x", state=state
    )


def away(**columns: Any) -> Employee:
    """Somebody who doesn't work here yet."""
    return make_employee(is_active=False, hire_date=None, **columns)


def came_back(employee: Employee, *, gone_for: timedelta) -> None:
    change = Change.objects.create(employee_id=employee.pk, source="admin", action="deactivated")
    now = timezone.now()
    Receipt.objects.create(
        employee_id=employee.pk, change=change, began_at=now - gone_for, brought_back_at=now
    )


def joining() -> set[int]:
    """Who joins; each is told the same when asked about alone."""
    days = Days.now()
    found = {each.pk: vars(each) for each in joiners(Employee.objects.all(), days)}
    alone = {pk: joiner(pk, days) for pk in Employee.objects.values_list("pk", flat=True)}
    for pk, person in alone.items():
        assert (person and _without_state(vars(person))) == _without_state(found.get(pk))
    return set(found)


def _without_state(columns: Any) -> Any:
    return columns and {name: value for name, value in columns.items() if name != "_state"}


def late() -> list[int]:
    days = Days.now()
    found = red(joiners(Employee.objects.all(), days), days)
    return [each.pk for each in in_order(found, newest_first=False)]


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# Who joins


def test_whoever_was_hired_lately_or_will_be_soon_joins() -> None:
    new = [make_employee(hire_date=day(n)) for n in (-30, 0, 60)]
    for n in (-31, 61):
        make_employee(hire_date=day(n))

    assert joining() == {each.pk for each in new}


def test_without_a_day_in_the_row_it_is_the_one_on_which_they_were_added() -> None:
    new, old = make_employee(hire_date=None), make_employee(hire_date=None)
    Employee.objects.filter(pk=old.pk).update(created_at=in_days(-40))

    assert joining() == {new.pk}


def test_whoever_left_again_or_was_put_away_doesnt_join() -> None:
    make_employee(hire_date=day(0), is_active=False)
    make_employee(hire_date=day(0), archived_at=timezone.now())

    assert joining() == set()


@pytest.mark.parametrize(
    ("state", "joins"), [("open", True), ("failed", True), ("cancelled", False), ("done", False)]
)
def test_whoever_is_planned_joins_until_the_plan_is_over(state: str, joins: bool) -> None:
    planned(ana := away(), 3, state)

    assert joining() == ({ana.pk} if joins else set())


def test_whoever_started_as_planned_still_has_joined() -> None:
    ana = make_employee()
    planned(ana, -3, "done")

    assert joining() == {ana.pk}


@pytest.mark.parametrize(("gone_for", "joins"), [(30, True), (0.5, False)])
def test_whoever_was_brought_back_after_a_while_joins_again(gone_for: float, joins: bool) -> None:
    came_back(ana := make_employee(), gone_for=timedelta(days=gone_for))

    assert joining() == ({ana.pk} if joins else set())


# When they start


def test_the_plan_counts_before_the_return_and_this_before_the_row() -> None:
    both, back, row = (make_employee(hire_date=day(9)) for _ in range(3))
    came_back(both, gone_for=timedelta(days=9))
    came_back(back, gone_for=timedelta(days=9))
    planned(both, 5)
    added = make_employee(hire_date=None)

    found = joiners(Employee.objects.all(), Days.now())

    days = {each.pk: starts_of(each, ZoneInfo("UTC")) for each in found}
    today = timezone.now().date()
    assert days == {
        both.pk: in_days(5).date(),
        back.pk: today,
        row.pk: day(9),
        added.pk: today,
    }


@pytest.mark.once
@pytest.mark.parametrize(
    ("now", "until"),
    [
        ((2026, 3, 2, 12), (2026, 3, 4)),  # Monday: until Wednesday
        ((2026, 3, 5, 12), (2026, 3, 9)),  # Thursday: until Monday
        ((2026, 3, 7, 12), (2026, 3, 10)),  # Saturday: until Tuesday
    ],
)
def test_red_is_two_working_days_ahead(now: tuple[int, ...], until: tuple[int, ...]) -> None:
    with at_time(*now):
        assert Days.now().red.timetuple()[:3] == until


@pytest.mark.once
def test_the_day_is_that_of_the_workspace_where_it_is_latest(settings: Any) -> None:
    settings.WORKSPACE_TIME_ZONES = {"TX": "America/Chicago", "JP": "Asia/Tokyo"}

    with at_time(2026, 3, 2, 20):
        assert Days.now() == Days(datetime(2026, 3, 3, tzinfo=UTC).date(), ZoneInfo("Asia/Tokyo"))


# Who is on the red list


def test_who_isnt_ready_and_starts_soon_or_has_started_is_on_the_red_list() -> None:
    overdue = make_employee(hire_date=day(-20), **BARE)
    soon = make_employee(hire_date=day(2), **CREATED)
    make_employee(hire_date=day(20), **BARE)
    make_employee(hire_date=day(0), **VERIFIED)
    added = make_employee(hire_date=None, **BARE)

    assert late() == [overdue.pk, added.pk, soon.pk]
    assert count_red(boss()) == 3


def test_who_is_planned_needs_only_what_can_be_there_before() -> None:
    planned(away(**BARE), 1)
    planned(no_email := away(**BARE, email="7@company.com"), 1)
    planned(no_pin := away(auth_method="pin"), 1)
    planned(refused := away(**VERIFIED), 1, "failed")
    planned(away(auth_method="pin"), 20)

    assert set(late()) == {no_email.pk, no_pin.pk, refused.pk}


def test_not_ready_counts_whoever_starts_later_too() -> None:
    later = make_employee(hire_date=day(20), **BARE)

    found = not_ready(joiners(Employee.objects.all(), Days.now()))

    assert [each.pk for each in found] == [later.pk]


def test_somebody_bound_to_a_place_counts_her_own() -> None:
    make_employee(hire_date=day(0), department="Picking", workspace="MS", **BARE)
    make_employee(hire_date=day(0), department="Packing", workspace="MS", **BARE)
    lead = Actor("x", role="team_lead", employee_id=1, department="Picking", workspace="MS")

    assert (count_red(lead), count_red(Actor("nobody"))) == (1, 0)


# The page


@pytest.fixture
def manager(state: TenantState) -> Client:
    browser, _ = signed_in("manager", auth0_sync_status="verified")
    return browser


def shown(page: Any, rows: str = "rows") -> dict[str, tuple[str, str]]:
    """Name → what is missing, and the label of the step."""
    return {
        row.person.name: (row.missing, row.step.label if row.step else "")
        for row in page.context[rows]
    }


def test_the_red_list_stands_above_all_joiners(manager: Client) -> None:
    make_employee(name="Ana Ortiz", hire_date=day(0), **CREATED)
    Account.objects.create(pk=Employee.objects.get(name="Ana Ortiz").pk, origin="created")
    make_employee(name="Ben Ash", hire_date=day(30), **BARE)

    page = manager.get(PAGE)

    missing = ("E-mail not verified", "Send the invitation again")
    assert shown(page, "above") == {"Ana Ortiz": missing}
    assert list(shown(page)) == ["Ben Ash", "Ana Ortiz"]
    assert "Not ready in time <strong>1</strong>" in text(page)
    assert list(shown(manager.get(f"{PAGE}?show=red"))) == ["Ana Ortiz"]


def test_each_lack_has_its_step(manager: Client) -> None:
    planned(away(name="Planned", **BARE), 1)
    planned(away(name="Refused", **BARE), 1, "failed")
    held = make_employee(name="Held", hire_date=day(0), **BARE)
    Account.objects.create(pk=held.pk, batch=StagedBatch.objects.create(kind="creations"))
    stuck = make_employee(name="Stuck", hire_date=day(0), auth0_sync_status="failed", **BARE)
    Account.objects.create(
        pk=stuck.pk, attention=Attention.FAILED, error_code="email_taken", error="It is taken."
    )
    gone = make_employee(name="Gone", hire_date=day(0), auth0_sync_status="failed", **BARE)
    told = BY_CODE["deleted"].what_to_do
    Account.objects.create(
        pk=gone.pk, attention=Attention.FAILED, error_code="deleted", error=f"It is gone. {told}"
    )
    make_employee(name="Ready", hire_date=day(0), **VERIFIED)

    page = manager.get(PAGE)

    assert shown(page) == {
        "Planned": ("Nothing: the account is made when they start", ""),
        "Refused": ("The planned joining was refused", "See why"),
        "Held": ("No account yet", "Look at what is held"),
        "Stuck": ("No account yet", "Sync now"),
        "Gone": ("No account yet", "Sync now"),
        "Ready": ("", ""),
    }
    assert "Look at both: link the account if it is this person's" in text(page).replace(
        "&#x27;", "'"
    )
    assert text(page).count(told) == 2, "in each of the two lists once"
    assert "Look at what is held: ask an administrator." in text(page)


def test_places_narrow_it_and_a_lead_sees_her_own(manager: Client, state: TenantState) -> None:
    make_employee(name="Ana Ortiz", hire_date=day(0), department="Picking", workspace="MS", **BARE)
    make_employee(name="Ben Ash", hire_date=day(0), department="Packing", workspace="MS", **BARE)
    lead, _ = team_lead(auth0_sync_status="verified")

    assert list(shown(manager.get(f"{PAGE}?department=Packing"))) == ["Ben Ash"]
    assert "Nobody here." in text(manager.get(f"{PAGE}?workspace=TX"))
    assert list(shown(lead.get(PAGE))) == ["Ana Ortiz"]
    assert lead.get(PAGE).context["mails"] == []


def test_nobody_joining_is_said(manager: Client) -> None:
    assert "Nobody joins in the next 60 days" in text(manager.get(PAGE))


def test_a_user_who_is_nobody_is_shut_out(manager: Client) -> None:
    browser = Client()
    browser.force_login(User.objects.create_user("stray", is_staff=True))

    assert browser.get(PAGE).status_code == 403


@pytest.mark.parametrize("people", [3, 60])
def test_it_asks_as_often_for_many_as_for_few(
    manager: Client, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(people):
        Account.objects.create(pk=make_employee(hire_date=day(0), **CREATED).pk, origin="created")

    with django_assert_num_queries(27):
        page = manager.get(PAGE)

    assert len(page.context["rows"]) == min(people, 50)
    assert len(page.context["above"]) == min(people, 20)
    assert ("40 more who aren’t ready in time" in text(page)) is (people > 20)


def test_who_cant_work_today_leads_here(manager: Client) -> None:
    page = manager.get(reverse("admin:employees_employee_cannot_work"))

    assert f'<a href="{PAGE}">Ready by the first day</a>' in text(page)


def test_a_page_further_on_shows_the_others_alone(manager: Client) -> None:
    for _ in range(51):
        make_employee(hire_date=day(0), **BARE)

    page = manager.get(f"{PAGE}?p=2")

    assert (len(page.context["above"]), len(page.context["rows"])) == (0, 1)


def test_a_persons_page_has_the_line_as_long_as_they_join(manager: Client) -> None:
    new = make_employee(hire_date=day(1), **BARE)
    old = make_employee(**BARE)

    pages = [
        text(manager.get(reverse("admin:employees_employee_change", args=[each.pk])))
        for each in (new, old)
    ]

    assert [
        "Ready by the first day" in page.split("<main", 1)[-1] and "tomorrow" in page
        for page in pages
    ] == [True, False]


@pytest.mark.parametrize(
    ("days", "said"),
    [(-3, "3 days ago"), (-1, "yesterday"), (0, "today"), (1, "tomorrow"), (9, "in 9 days")],
)
def test_how_far_away_the_day_is_stands_in_words(manager: Client, days: int, said: str) -> None:
    settled = make_employee(hire_date=day(days), **VERIFIED)

    (row,) = manager.get(PAGE).context["rows"]

    assert (row.person, row.near) == (settled, said)


def test_a_planned_newcomer_was_saved_when_it_was_planned(manager: Client) -> None:
    planned(ana := away(**BARE), 3)
    InvitationChoice.objects.create(pk=ana.pk, kind="none")
    PlannedMove.objects.update(planned_at=Now() - timedelta(days=400))

    (row,) = manager.get(PAGE).context["rows"]

    year = str((timezone.now() - timedelta(days=400)).year)
    assert year in row.stations[0].said
