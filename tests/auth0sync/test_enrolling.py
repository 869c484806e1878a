"""An enrolment from the choice of people to their accounts, and back."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from auth0sync import enrolling
from auth0sync.enrolling import Tally, Whom
from auth0sync.enrolment import Choice
from auth0sync.models import Account, Origin, StagedBatch
from employees.authority import Actor, program
from employees.mass import changes
from employees.mass.models import MassChange, MassRow
from employees.mass.working import work
from employees.models import Auth0Role, Change, Employee, EmployeeUser, InvitationChoice
from employees.sample_loading import load_legacy
from employees.selectors import invitation_of
from tests.auth0sync.enrolments import (
    a_boss,
    carried_out,
    previewed,
    slice_of,
    sync_all,
    undone,
)
from tests.auth0sync.people import account_of, row_of
from tests.builders import make_auth, make_employee
from tests.devtenant.running import RunningTenant

State = MassChange.State

pytestmark = pytest.mark.usefixtures("state")


def tally(change: MassChange) -> Tally:
    return Tally.of(change.recognised)


def reasons(change: MassChange) -> dict[int | None, str]:
    return dict(change.rows.exclude(reason="").values_list("employee_id", "reason"))


def test_before_it_is_confirmed_nothing_is_written_to_anybody(tenant: RunningTenant) -> None:
    ana = make_employee()

    change = previewed(a_boss())
    sync_all()

    assert change.state == State.PREVIEW
    assert row_of(ana).auth_method == "pin"
    assert not Change.objects.filter(employee_id=ana.pk).exists()
    assert tenant.users() == []


def test_whom_it_gives_an_account_carries_its_number_as_the_id_of_the_request() -> None:
    ana = make_employee()

    who = a_boss()
    change = carried_out(previewed(who), who)

    assert account_of(ana).request_id == f"mass-{change.pk}"


def test_the_preview_counts_who_gets_one_where_and_why_others_get_none() -> None:
    make_employee(workspace="MS", department="Picking")
    make_employee(workspace="TX", department="Accounts")
    make_employee(workspace="TX", email=None)
    make_employee(workspace="TX", email="77@company.com")
    make_employee(auth_method="auth0")  # isn't one of those it is about

    change = previewed(a_boss())

    assert tally(change) == Tally(
        people=4,
        places={"MS": 1, "TX": 1},
        without={"no_email": 2},
        mails=2,
        no_pin=1,
        last=tally(change).last,
    )
    assert change.summary == change.recognised["tally"]
    assert changes.counts(change.pk) == {"change": {"waiting": 2}, "problem": {"waiting": 2}}


def test_confirmed_everybody_gets_account_and_invitation(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    people = [make_employee(department="Picking") for _ in range(11)]
    actor = a_boss()

    change = carried_out(previewed(actor), actor)
    sync_all()

    assert change.state == State.DONE
    assert {row_of(person).auth_method for person in people} == {"hybrid"}
    assert len(tenant.users()) == 11
    assert not StagedBatch.objects.exists()  # more than ten times the threshold
    line = Change.objects.filter(employee_id=people[0].pk).latest("pk")
    assert (line.source, line.actor, line.batch) == ("enrolment", actor.name, change.batch)


def test_what_is_chosen_for_all_is_what_each_gets() -> None:
    ana, bo = make_employee(department="Picking"), make_employee()
    InvitationChoice.objects.create(pk=bo.pk, kind="personal")
    actor = a_boss()

    carried_out(previewed(actor, choice=Choice("auth0", "none")), actor)

    assert {row_of(each).auth_method for each in (ana, bo)} == {"auth0"}
    assert {invitation_of(each.pk) for each in (ana, bo)} == {"none"}


def test_without_a_choice_the_invitation_stays_as_it_stands_for_each() -> None:
    ana = make_employee()
    InvitationChoice.objects.create(pk=ana.pk, kind="personal")
    actor = a_boss()

    carried_out(previewed(actor), actor)

    assert invitation_of(ana.pk) == "personal"


def test_it_is_about_the_chosen_place_or_the_named_people_only() -> None:
    ana = make_employee(department="Picking", workspace="MS")
    texan = make_employee(department="Picking", workspace="TX")
    gone = make_employee(department="Picking", workspace="TX", is_active=False)
    actor = a_boss()

    def whom(**chosen: Any) -> set[int | None]:
        rows = previewed(actor, Whom(**chosen)).rows
        return set(rows.values_list("employee_id", flat=True))

    assert whom() == {ana.pk, texan.pk}
    assert whom(department="Picking", workspace="TX") == {texan.pk}
    assert whom(workspace="TX", also_away=True) == {texan.pk, gone.pk}
    assert whom(ids=(gone.pk, ana.pk, 999_999)) == {ana.pk, gone.pk}


def test_a_team_lead_enrols_nobody_out_of_sight() -> None:
    ana = make_employee(department="Picking", workspace="MS")
    texan = make_employee(department="Picking", workspace="TX")
    lead = make_employee(
        department="Picking", workspace="MS", auth0_role=Auth0Role.TEAM_LEAD, auth_method="hybrid"
    )
    actor = a_boss()
    EmployeeUser.objects.create(
        user_id=int(actor.name.partition(":")[2]), employee=lead, role=Auth0Role.TEAM_LEAD
    )

    change = previewed(Actor(actor.name), Whom(ids=(ana.pk, texan.pk)))

    assert list(change.rows.values_list("employee_id", "outcome")) == [(ana.pk, "change")]


def test_a_preview_that_is_cut_off_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(enrolling, "PAGE", 2)
    people = [make_employee() for _ in range(5)]
    ids = tuple(person.pk for person in people)
    for whom in (Whom(), Whom(ids=ids)):
        change = enrolling.begin(whom, Choice(), program("auth0_enroll"), "Everybody")
        first_page_only = iter([True, False]).__next__

        assert enrolling.prepare(_held(change), first_page_only) is False
        change.refresh_from_db()
        assert (tally(change).people, change.rows.count()) == (2, 2)

        change = slice_of(_free(change))
        assert (change.state, tally(change).accounts, change.rows.count()) == ("preview", 5, 5)


def _held(change: MassChange) -> MassChange:
    change.lease = "mine"
    change.save(update_fields=["lease"])
    return change


def _free(change: MassChange) -> MassChange:
    change.lease, change.lease_until = "", None
    change.save(update_fields=["lease", "lease_until"])
    return change


def test_who_has_left_since_the_preview_gets_none_and_it_says_so(tenant: RunningTenant) -> None:
    ana, bo = make_employee(), make_employee()
    actor = a_boss()
    change = previewed(actor)

    Employee.objects.filter(pk=ana.pk).update(is_active=False)
    carried_out(change, actor)
    sync_all()

    assert reasons(change) == {ana.pk: "Deactivated."}
    assert row_of(ana).auth_method == "pin"
    assert [user["email"] for user in tenant.users()] == [bo.email]


def test_who_was_deleted_since_the_preview_is_said_to_be_gone() -> None:
    ana = make_employee()
    actor = a_boss()
    change = previewed(actor)
    Employee.objects.filter(pk=ana.pk).delete()

    carried_out(change, actor)

    assert reasons(change) == {ana.pk: f"There is no employee {ana.pk}."}


def test_a_second_enrolment_finds_nobody_left() -> None:
    make_employee()
    actor = a_boss()
    carried_out(previewed(actor), actor)

    assert tally(previewed(actor)).people == 0


def test_undone_they_are_back_at_the_pin_and_their_accounts_shut(tenant: RunningTenant) -> None:
    ana = make_employee()
    make_auth(ana, last_login="2099-01-01T00:00:00Z")  # at the kiosk, where they go on working
    actor = a_boss()
    change = carried_out(previewed(actor), actor)
    sync_all()

    undone(change, actor)
    sync_all()

    assert row_of(ana).auth_method == "pin"
    assert [user["blocked"] for user in tenant.users()] == [True]


def test_enrolled_again_the_account_of_before_is_opened_without_a_mail(
    tenant: RunningTenant,
) -> None:
    ana = make_employee()
    actor = a_boss()
    change = carried_out(previewed(actor), actor)
    sync_all()
    undone(change, actor)
    sync_all()

    again = previewed(actor)
    carried_out(again, actor)
    sync_all()

    assert (tally(again).reopened, tally(again).mails) == (1, 0)
    assert [user.get("blocked", False) for user in tenant.users()] == [False]
    assert account_of(ana).is_clean


def test_the_undo_of_many_waits_for_a_second_person(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (2, 0)
    for _ in range(3):
        make_employee()
    actor = a_boss()
    change = carried_out(previewed(actor), actor)
    sync_all()

    undone(change, actor)
    sync_all()

    assert Account.objects.exclude(batch=None).count() == 3
    assert not any(user.get("blocked") for user in tenant.users())


@pytest.mark.parametrize(
    ("invited", "proven", "is_left_alone"),
    [(0, 1, True), (None, 1, False), (0, -5, False), (-5, 1, False)],
    ids=["followed the link", "proven without a mail", "proven before", "invited before"],
)
def test_the_undo_leaves_alone_who_has_followed_the_link_of_the_invitation(
    invited: int | None, proven: int, is_left_alone: bool
) -> None:
    ana = make_employee()
    actor = a_boss()
    change = carried_out(previewed(actor), actor)
    now = timezone.now()
    Account.objects.filter(pk=ana.pk).update(
        origin=Origin.CREATED,
        invitation_sent_at=None if invited is None else now + timedelta(minutes=invited),
    )
    Employee.objects.filter(pk=ana.pk).update(
        auth0_email_verified_at=now + timedelta(minutes=proven)
    )

    undone(change, actor)

    assert (row_of(ana).auth_method != "pin") is is_left_alone
    said = {ana.pk: "They have followed the link in their invitation since."}
    assert reasons(change) == (said if is_left_alone else {})


def test_two_workers_at_once_do_it_once() -> None:
    make_employee()
    actor = a_boss()
    change = previewed(actor)
    changes.confirm(change.pk, change.version, actor)
    MassChange.objects.filter(pk=change.pk).update(lease="x", lease_until=Now() + timedelta(30))

    work(change.pk, until=time.monotonic() + 5)

    assert set(MassRow.objects.values_list("state", flat=True)) == {"waiting"}


def test_the_company_of_before_the_console_can_be_enrolled_as_a_whole() -> None:
    load_legacy(pin_cost=4)

    found = tally(previewed(a_boss()))

    assert (found.people, found.accounts, found.without) == (83, 83, {})
