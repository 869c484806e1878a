"""The safety brake: what it counts, what it holds, and what it never stands in the way of."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync import brake
from auth0sync.due import mark_due, next_due, note
from auth0sync.engine import sync
from auth0sync.errors import Held
from auth0sync.models import Account, Brake, BrakeCount, Risk, StagedBatch
from auth0sync.plan import Block, Update
from auth0sync.rows import read_facts
from employees.models import Employee
from employees.services import add_employee, change_employee, deactivate
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, by_sql
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

Kind = StagedBatch.Kind
BLOCKS = ("PATCH", "/api/v2/users/[^/]*")


@pytest.fixture
def of_three(settings: Settings) -> None:
    """Up to three people an hour."""
    settings.AUTH0_SAFETY_THRESHOLD = (3, 0)


def people_with_accounts(count: int) -> list[Employee]:
    people = [add("none", name=f"Ana {i}", email=f"ana{i}@example.com") for i in range(count)]
    for person in people:
        sync(person.pk)
    return people


def by_sql_all(people: Iterable[Employee], **columns: Any) -> None:
    """One statement over many rows, and the sweep that comes upon them."""
    ids = [person.pk for person in people]
    Employee.objects.filter(pk__in=ids).update(**columns)
    note(ids, actor="sql")


def sync_all() -> None:
    while ids := next_due(50):
        for pk in ids:
            sync(pk)


def blocked(tenant: RunningTenant) -> int:
    return sum(bool(user.get("blocked")) for user in tenant.users())


def held() -> int:
    return Account.objects.exclude(batch=None).count()


def an_hour_passes() -> None:
    BrakeCount.objects.update(at=Now() - timedelta(hours=1, seconds=1))
    StagedBatch.objects.update(renewed_at=Now() - timedelta(hours=1, seconds=1))


@pytest.mark.parametrize(
    ("setting", "active", "people"),
    [((5, 10), 62, 6), ((5, 10), 20, 5), ((0, 10), 5, 1), ((7, 0), 100, 7), ((0, 0), 62, None)],
)
def test_the_larger_of_people_and_per_cent_counts(
    db: None, settings: Settings, setting: tuple[int, int], active: int, people: int | None
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = setting
    Employee.objects.bulk_create(Employee(name=f"P{i}") for i in range(active))
    make_employee(is_active=False)

    assert brake.limit(Kind.CHANGES) == people
    assert brake.limit(Kind.CREATIONS) == (people and people * 10)


@pytest.mark.usefixtures("of_three")
def test_of_a_crowd_switched_off_by_sql_nobody_is_blocked(tenant: RunningTenant) -> None:
    people = people_with_accounts(5)

    by_sql_all(people, is_active=False)
    sync_all()

    assert blocked(tenant) == 0
    batch = StagedBatch.objects.get()
    assert (batch.kind, batch.state, batch.causes) == ("changes", "open", ["sql"])
    assert set(Account.objects.values_list("batch", "held_for")) == {(batch.pk, "block")}


@pytest.mark.usefixtures("of_three")
def test_as_many_as_the_threshold_go_out(tenant: RunningTenant) -> None:
    people = people_with_accounts(4)

    by_sql_all(people[:3], is_active=False)
    sync_all()

    assert blocked(tenant) == 3
    assert held() == 0


@pytest.mark.usefixtures("of_three")
def test_the_one_too_many_is_held_with_all_later_ones_and_those_who_still_wait(
    tenant: RunningTenant,
) -> None:
    people = people_with_accounts(6)
    by_sql(people[0], is_active=False)
    by_sql(people[1], is_active=False)
    sync_all()

    by_sql(people[2], is_active=False)  # within the threshold, but not done yet
    by_sql(people[3], is_active=False)
    by_sql(people[4], email="new@example.com")
    by_sql(people[5], department="Packing")  # isn't counted
    sync_all()

    assert blocked(tenant) == 2
    assert held() == 3
    assert set(Account.objects.exclude(batch=None).values_list("pk", "held_for")) == {
        (people[2].pk, "block"),
        (people[3].pk, "block"),
        (people[4].pk, "email"),
    }
    assert account_of(people[5]).is_clean


@pytest.mark.usefixtures("of_three")
def test_after_an_hour_it_counts_anew(tenant: RunningTenant) -> None:
    people = people_with_accounts(6)
    by_sql_all(people[:4], is_active=False)
    an_hour_passes()

    by_sql(people[4], is_active=False)
    sync_all()

    assert blocked(tenant) == 1
    assert held() == 4
    assert list(BrakeCount.objects.values_list("employee_id", flat=True)) == [people[4].pk]


@pytest.mark.usefixtures("of_three")
def test_roles_and_emails_count_with_blocks_and_one_person_counts_once(
    tenant: RunningTenant,
) -> None:
    people = people_with_accounts(4)
    by_sql(people[0], email="new@example.com", auth0_role="manager")
    by_sql(people[1], auth0_role="team_lead")
    by_sql(people[2], is_active=False)
    sync_all()
    by_sql(people[1], auth0_role="finance")  # the same person again
    sync_all()
    assert held() == 0

    by_sql(people[3], auth0_role="team_lead")
    sync_all()

    assert account_of(people[3]).held_for == "role"


@pytest.mark.usefixtures("of_three")
def test_what_is_tried_again_counts_once(tenant: RunningTenant) -> None:
    people = people_with_accounts(3)
    by_sql(people[0], is_active=False)
    tenant.fault(match={"method": "PATCH"}, kind="status", status=500, times=2)

    for _ in range(3):
        sync(people[0].pk)

    assert blocked(tenant) == 1
    assert BrakeCount.objects.count() == 1


@pytest.mark.usefixtures("of_three")
def test_one_person_changed_in_the_form_is_neither_held_nor_counted(tenant: RunningTenant) -> None:
    people = people_with_accounts(6)
    by_sql_all(people[:4], is_active=False)

    deactivate(people[4].pk, boss(1))
    change_employee(people[5].pk, {"email": "new@example.com", "auth0_role": "manager"}, boss(1))
    time_passes(people[5].pk)
    sync_all()

    assert blocked(tenant) == 1
    assert "new@example.com" in {user["email"] for user in tenant.users()}
    assert not BrakeCount.objects.exists()
    assert set(Account.objects.values_list("let_through", flat=True).filter(batch=None)) == {""}


@pytest.mark.usefixtures("of_three")
def test_a_click_for_many_at_once_is_held_as_a_whole(tenant: RunningTenant) -> None:
    people = people_with_accounts(5)
    clicked = replace(boss(1), together=tuple(person.pk for person in people[:4]))

    for person in people[:4]:
        deactivate(person.pk, clicked)
    sync_all()

    assert blocked(tenant) == 0
    assert held() == 4
    assert StagedBatch.objects.get().causes == ["admin:1"]


@pytest.mark.usefixtures("of_three")
def test_a_click_for_many_who_have_no_accounts_holds_nobody(tenant: RunningTenant) -> None:
    people = people_with_accounts(2)
    pins = [make_employee(name=f"Pin {i}") for i in range(4)]
    everybody = [*people, *pins]
    clicked = replace(boss(1), together=tuple(person.pk for person in everybody))

    for person in everybody:
        deactivate(person.pk, clicked)
    sync_all()

    assert blocked(tenant) == 2


@pytest.mark.usefixtures("of_three")
def test_held_by_the_form_and_then_changed_in_it_alone_goes_out(tenant: RunningTenant) -> None:
    people = people_with_accounts(4)
    by_sql_all(people, auth0_role="manager")

    deactivate(people[0].pk, boss(1))
    sync_all()

    assert blocked(tenant) == 1
    assert held() == 3


@pytest.mark.usefixtures("of_three")
def test_a_telephone_number_saved_in_the_form_lets_no_held_change_out(
    tenant: RunningTenant,
) -> None:
    people = people_with_accounts(4)
    by_sql_all(people, auth0_role="manager")
    before = StagedBatch.objects.get().version

    change_employee(people[0].pk, {"phone_number": "+1 662 555 0100"}, boss(1))
    time_passes(people[0].pk)
    sync_all()

    assert held() == 4
    assert StagedBatch.objects.get().version > before  # whoever decides has to look again
    now = read_facts([people[0].pk])[people[0].pk]
    assert account_of(people[0]).let_through == now.fingerprint()


@pytest.mark.usefixtures("of_three")
def test_who_is_put_back_as_before_is_held_no_longer(tenant: RunningTenant) -> None:
    people = people_with_accounts(4)
    by_sql_all(people, is_active=False)

    by_sql_all(people, is_active=True)
    sync_all()

    assert held() == 0
    assert all(account_of(person).is_clean for person in people)


@pytest.mark.usefixtures("of_three")
def test_a_row_that_moves_after_the_decision_is_not_covered_by_it(tenant: RunningTenant) -> None:
    people = people_with_accounts(4)
    by_sql_all(people, auth0_role="manager")
    approved = account_of(people[0]).let_through
    StagedBatch.objects.update(state=StagedBatch.State.APPROVED)

    by_sql(people[0], auth0_role="admin")

    assert account_of(people[0]).let_through == approved


@pytest.mark.usefixtures("of_three")
def test_new_accounts_with_their_first_roles_are_not_counted(tenant: RunningTenant) -> None:
    people = [add(name=f"Bo {i}", email=f"bo{i}@example.com") for i in range(5)]
    for person in people:
        by_sql(person, auth0_role="manager")
    sync_all()

    assert all(account_of(person).is_clean for person in people)
    assert not BrakeCount.objects.filter(kind=Kind.CHANGES).exists()


def test_creations_are_held_beyond_ten_times_the_threshold(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    wanting = {"auth_method": "auth0"}
    people = [make_employee(email=f"cy{i}@example.com", **wanting) for i in range(12)]
    note([person.pk for person in people], actor="sql")

    for person in people:
        sync(person.pk)

    assert len(tenant.users()) == 10
    assert held() == 2
    assert StagedBatch.objects.get().kind == "creations"
    by_sql(people[11], phone_number="1")
    assert held() == 2


def test_new_accounts_that_were_forecast_and_confirmed_are_neither_held_nor_counted(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    people = [make_employee(email=f"cy{i}@example.com") for i in range(11)]
    confirmed = replace(boss(1), mass="enrolment")

    for person in people:
        change_employee(person.pk, {"auth_method": "hybrid"}, confirmed)
    add_employee({"name": "Di Day", "email": "di@example.com"}, "none", confirmed)
    sync_all()

    assert len(tenant.users()) == 12
    assert not BrakeCount.objects.exists()


def test_a_confirmed_row_that_moves_before_its_account_is_made_is_counted(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    cy = make_employee(email="cy@example.com")
    change_employee(cy.pk, {"auth_method": "hybrid"}, replace(boss(1), mass="enrolment"))

    by_sql(cy, email="cyrus@example.com")
    sync_all()

    assert list(BrakeCount.objects.values_list("employee_id", flat=True)) == [cy.pk]


@pytest.mark.usefixtures("of_three")
def test_confirming_a_crowd_lets_no_change_of_its_accounts_through(tenant: RunningTenant) -> None:
    people = people_with_accounts(4)
    confirmed = replace(boss(1), mass="enrolment", together=tuple(person.pk for person in people))

    for person in people:
        change_employee(person.pk, {"auth0_role": "manager"}, confirmed)
    sync_all()

    assert held() == 4


def test_one_person_added_in_the_form_is_not_counted(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)

    sync(add().pk)

    assert not BrakeCount.objects.exists()


@pytest.mark.usefixtures("of_three")
def test_people_deleted_by_sql_are_held_too(tenant: RunningTenant) -> None:
    people = people_with_accounts(4)
    ids = [person.pk for person in people]

    Employee.objects.filter(pk__in=ids[:3]).delete()
    note(ids[:3], actor="sql")
    Employee.objects.filter(pk=ids[3]).delete()
    note(ids[3:], actor="sql")
    sync_all()

    assert blocked(tenant) == 0
    assert set(Account.objects.values_list("held_for", "let_through")) == {("block", "gone")}


def test_switched_off_it_counts_and_holds_nothing(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (0, 0)
    people = people_with_accounts(7)

    by_sql_all(people, is_active=False)
    sync_all()

    assert blocked(tenant) == 7
    assert not BrakeCount.objects.exists()


@pytest.mark.usefixtures("of_three")
def test_drift_that_is_mended_counts_when_it_is_done(tenant: RunningTenant) -> None:
    people = people_with_accounts(4)
    for user in tenant.users():
        tenant.api("PATCH", f"/users/{user['user_id']}", {"email": f"x{user['email']}"})

    mark_due([person.pk for person in people], actor="admin:1", look=True)
    sync_all()

    assert sum(user["email"].startswith("x") for user in tenant.users()) == 1
    assert held() == 1
    account = Account.objects.exclude(batch=None).get()
    assert (account.held_for, account.lease, account.due_at) == ("email", "", None)
    assert sync(account.pk) is False  # nobody takes who is held


@pytest.mark.usefixtures("of_three")
def test_who_is_held_while_a_worker_has_her_goes_no_further(tenant: RunningTenant) -> None:
    ana = people_with_accounts(1)[0]
    account = account_of(ana)
    account.batch = StagedBatch.objects.create(kind=Kind.CHANGES)

    with pytest.raises(Held):
        brake.allow(account, read_facts([ana.pk])[ana.pk], Update({"name": "Ana"}))


@pytest.mark.parametrize(
    ("columns", "risk"),
    [
        ({"auth0_role": "none such"}, None),
        ({"email": "", "auth0_role": "manager"}, Risk.ROLE),
        ({"email": " Other@Example.com"}, None),  # somebody else's: a conflict, no call
    ],
)
def test_what_the_engine_would_not_do_is_no_risk(
    tenant: RunningTenant, columns: dict[str, str], risk: Risk | None
) -> None:
    ana = people_with_accounts(1)[0]
    make_employee(email="other@example.com")
    Employee.objects.filter(pk=ana.pk).update(**columns)

    facts = read_facts([ana.pk])[ana.pk]

    assert brake.foreseen_risk(facts, account_of(ana), brake.installation()) == risk


def test_roles_that_nobody_has_read_are_no_risk(tenant: RunningTenant) -> None:
    ana = people_with_accounts(1)[0]
    account = account_of(ana)
    assert account.seen
    account.seen["roles"] = None

    assert brake.foreseen_risk(read_facts([ana.pk])[ana.pk], account, brake.installation()) is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_boundary_do_not_both_pass(state: object, settings: Settings) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    ids = [make_employee(name=f"P{i}").pk for i in range(4)]
    Account.objects.bulk_create(Account(pk=pk, lease="x", let_through="") for pk in ids)
    start, passed = Barrier(len(ids)), []

    def at_once(pk: int) -> None:
        account = Account.objects.get(pk=pk)
        start.wait(10)
        try:
            brake.allow(account, None, Block())
            passed.append(pk)
        except Held:
            pass
        finally:
            connection.close()

    threads = [Thread(target=at_once, args=[pk]) for pk in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == 1
    assert held() == 3
    assert StagedBatch.objects.count() == 1


@pytest.mark.usefixtures("state")
def test_nobody_joins_what_was_decided_meanwhile() -> None:
    batch = StagedBatch.objects.create(kind=Kind.CHANGES)
    held_there = {"batch": batch, "held_for": Risk.BLOCK, "let_through": "x"}

    assert brake.joined(held_there) == held_there
    batch.refresh_from_db()
    assert batch.version == 1  # whoever decides has to look again
    StagedBatch.objects.update(state=StagedBatch.State.APPROVED)

    assert brake.joined(held_there) == {}


@pytest.mark.usefixtures("of_three")
def test_a_row_that_moves_before_its_new_account_is_complete_is_no_risk(
    tenant: RunningTenant,
) -> None:
    ana = people_with_accounts(1)[0]
    Account.objects.update(let_through=brake.NEW)
    Employee.objects.update(auth0_role="manager")

    assert (
        brake.foreseen_risk(read_facts([ana.pk])[ana.pk], account_of(ana), brake.installation())
        is None
    )


@pytest.mark.usefixtures("state")
def test_the_lock_is_made_where_it_is_missing() -> None:
    Brake.objects.all().delete()

    with transaction.atomic():
        brake.lock()

    assert Brake.objects.count() == 1


@pytest.mark.usefixtures("of_three")
def test_it_says_how_many_of_so_many_people_more_would_be_held(tenant: RunningTenant) -> None:
    people = people_with_accounts(5)
    by_sql_all(people[:2], is_active=False)

    assert [brake.would_hold_so_many(number) for number in (0, 1, 2)] == [0, 0, 2]
    by_sql_all(people[2:], is_active=False)  # now all else is held
    assert [brake.would_hold_so_many(number) for number in (0, 1)] == [0, 1]


def test_a_brake_that_is_switched_off_would_hold_nobody(db: None, settings: Settings) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (0, 0)

    assert not brake.would_hold_so_many(1000)


def test_of_a_large_company_the_share_is_counted_once_in_half_a_minute(
    db: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 50)
    monkeypatch.setattr("employees.counting.LARGE", 4)
    request.addfinalizer(cache.clear)
    for _ in range(4):
        make_employee()

    with django_assert_num_queries(1):
        assert [brake.limit(Kind.CHANGES), brake.limit(Kind.CREATIONS)] == [2, 20]
