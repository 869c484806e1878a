"""The pages of an enrolment: choose, look, confirm, follow, undo; and who sees which."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync import admin_enrolment
from auth0sync.models import Account, Attention, Origin, StagedBatch
from employees import services
from employees.mass import changes
from employees.mass.models import MassChange, MassRow
from employees.models import Employee
from tests.auth0sync.enrolments import slice_of, sync_all
from tests.auth0sync.people import row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in, team_lead

CHOOSE = reverse("admin:auth0sync_enrolment")
LIST = reverse("admin:employees_employee_changelist")
State = MassChange.State

pytestmark = [pytest.mark.usefixtures("state"), pytest.mark.once]


def page_of(change: MassChange) -> str:
    return reverse("admin:auth0sync_enrolment_one", args=[change.pk])


def begun(browser: Client, **chosen: str) -> MassChange:
    """What the form begins, as the queue has looked at it."""
    answer = browser.post(CHOOSE, chosen)
    change = MassChange.objects.latest("pk")
    assert answer.headers["Location"] == page_of(change)
    return slice_of(change)


def decide(browser: Client, change: MassChange, decision: str, **more: str) -> MassChange:
    """Press a button, and have the queue do what it asks for."""
    url = reverse("admin:auth0sync_enrolment_decide", args=[change.pk])
    browser.post(url, {"decision": decision, "version": change.version, **more})
    return slice_of(change)


def text_of(browser: Client, change: MassChange, **query: str) -> str:
    return browser.get(page_of(change), query).content.decode()


def said(browser: Client, url: str) -> list[str]:
    return [str(message) for message in browser.get(url).context["messages"]]


def test_from_the_choice_to_the_accounts_and_back(tenant: RunningTenant) -> None:
    ana = make_employee(name="Ana Ruiz", department="Picking", workspace="TX")
    make_employee(name="Bo Quill", email="77@company.com", workspace="TX")
    make_employee(name="Cy Orr", workspace="MS")
    browser, _ = signed_in("manager")

    change = begun(browser, workspace="TX")
    preview = text_of(browser, change)
    assert "Gives 1 person in Texas an Auth0 account." in preview
    assert "Give 1 person an account" in preview
    assert "PIN and Auth0 account" in preview
    assert "Bo Quill" not in preview
    assert "stands in for an e-mail" in text_of(browser, change, show="no_email")
    assert row_of(ana).auth_method == "pin"

    change = decide(browser, change, "confirm")
    assert "0 of 1 accounts are there." in text_of(browser, change)
    sync_all()
    done = text_of(browser, change)
    assert "1 of 1 accounts are there." in done
    assert "Created, e-mail not verified" in done
    assert [user["email"] for user in tenant.users()] == [ana.email]

    change = decide(browser, change, "undo")
    assert "1 of 1 are back at the PIN." in text_of(browser, change)
    assert row_of(ana).auth_method == "pin"


def test_how_they_sign_in_can_be_chosen_before_and_on_the_preview() -> None:
    ana = make_employee(department="Picking")
    browser, _ = signed_in("manager")
    change = begun(browser, method="auth0", invitation="none")
    assert change.rows.get().values == {"auth_method": "auth0", "invitation": "none"}

    again = decide(browser, change, "again", method="hybrid", invitation="nonsense")

    assert (again.state, again.rows.get().values) == ("preview", {"auth_method": "hybrid"})
    decide(browser, again, "confirm")
    assert row_of(ana).auth_method == "hybrid"


def test_those_ticked_in_the_list_are_looked_at_whatever_they_are() -> None:
    ana, away = make_employee(name="Ana Ruiz"), make_employee(is_active=False)
    make_employee()
    browser, _ = signed_in("manager")

    chosen = {"action": "enrol_selected", "_selected_action": [ana.pk, away.pk]}
    answer = browser.post(LIST, chosen)

    change = slice_of(MassChange.objects.get())
    assert answer.headers["Location"] == page_of(change)
    assert change.title == "2 chosen people"
    assert dict(change.rows.values_list("employee_id", "key")) == {ana.pk: "", away.pk: "inactive"}


def test_everybody_who_matches_a_filter_can_be_chosen_in_the_list() -> None:
    for _ in range(3):
        make_employee(department="Picking")
    make_employee(department="Packing")
    browser, _ = signed_in("manager", department="Office")

    chosen = {"action": "enrol_selected", "select_across": "1", "_selected_action": [1]}
    browser.post(f"{LIST}?department=Picking", chosen)

    assert slice_of(MassChange.objects.get()).rows.count() == 3


def test_more_than_one_enrolment_takes_are_sent_to_the_filters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admin_enrolment, "IDS_MOST", 1)
    people = [make_employee() for _ in range(2)]
    browser, _ = signed_in("manager")

    chosen = {"action": "enrol_selected", "_selected_action": [each.pk for each in people]}
    answer = browser.post(LIST, chosen, follow=True)

    assert "That is more than 1 people: choose by department" in answer.content.decode()
    assert not MassChange.objects.exists()


def test_a_discarded_one_is_over_and_leads_back_to_the_choice() -> None:
    make_employee()
    browser, _ = signed_in("manager")
    change = begun(browser)

    decided = browser.post(
        reverse("admin:auth0sync_enrolment_decide", args=[change.pk]),
        {"decision": "discard", "version": change.version},
    )

    assert decided.headers["Location"] == CHOOSE
    assert "It was discarded; nothing was written." in text_of(browser, slice_of(change))


@pytest.mark.parametrize("decision", ["confirm", "discard", "again"])
def test_of_two_managers_the_second_is_told_that_it_has_changed(decision: str) -> None:
    make_employee()
    browser, _ = signed_in("manager")
    change = begun(browser)
    decide(browser, change, "confirm")

    decide(browser, change, decision)

    assert "it has changed since you looked" in said(browser, page_of(change))[0]


def test_whoever_comes_to_a_button_without_pressing_it_is_told_so() -> None:
    make_employee()
    browser, _ = signed_in("manager")
    change = begun(browser)

    answer = browser.get(reverse("admin:auth0sync_enrolment_decide", args=[change.pk]))

    assert answer.headers["Location"] == page_of(change)
    assert said(browser, page_of(change)) == ["Nothing was done: press the button again."]


def test_refused_rows_are_listed_with_their_reason_and_tried_again() -> None:
    ana = make_employee(name="Ana Ruiz")
    browser, _ = signed_in("manager")
    change = begun(browser)
    Employee.objects.filter(pk=ana.pk).update(email=None)
    change = decide(browser, change, "confirm")
    assert "There is no e-mail." in text_of(browser, change, show="refused")
    assert "Try the 1 refused again" in text_of(browser, change)

    Employee.objects.filter(pk=ana.pk).update(email="ana@example.com")
    decide(browser, change, "retry")

    assert row_of(ana).auth_method == "hybrid"


def test_somebody_deleted_meanwhile_still_stands_in_the_list() -> None:
    ana = make_employee(name="Ana Ruiz")
    browser, _ = signed_in("manager")
    change = begun(browser)
    Employee.objects.filter(pk=ana.pk).delete()

    assert "deleted by another program" in text_of(browser, change)


def test_the_undo_says_that_the_brake_would_hold_it(settings: Settings) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    for _ in range(2):
        make_employee()
    browser, _ = signed_in("manager")

    change = decide(browser, begun(browser), "confirm")

    assert "The safety brake holds the accounts" in text_of(browser, change)


def test_a_script_that_follows_it_is_told_in_json() -> None:
    make_employee()
    browser, _ = signed_in("manager")
    change = begun(browser)
    changes.confirm(change.pk, change.version, boss(1))

    found = browser.get(page_of(change), headers={"accept": "application/json"}).json()

    assert found["said"] == "0 of 1 people are done; their accounts follow."
    assert (found["key"], found["is_moving"]) == (f"working.{change.version + 1}", True)


def test_a_team_lead_sees_only_the_enrolments_that_she_began_and_only_her_own_people() -> None:
    ana = make_employee(name="Ana Ruiz", department="Picking", workspace="MS")
    moved = make_employee(name="Cy Orr", department="Picking", workspace="MS")
    lead, _ = team_lead()
    manager, _ = signed_in("manager")
    others, own = begun(manager), begun(lead)
    Employee.objects.filter(pk=moved.pk).update(workspace="TX")

    assert lead.get(page_of(others)).status_code == 404
    assert [row["row"].employee_id for row in lead.get(page_of(own)).context["rows"]] == [ana.pk]
    assert page_of(others) not in lead.get(CHOOSE).content.decode()
    assert page_of(own) in manager.get(CHOOSE).content.decode()


def test_who_may_change_nobody_enrols_nobody() -> None:
    manager, _ = signed_in("manager")
    change = begun(manager)
    finance, _ = signed_in("finance")

    assert finance.post(CHOOSE).status_code == 403
    assert finance.get(page_of(change)).status_code == 403
    decide(finance, change, "confirm")

    assert MassChange.objects.get().state == State.PREVIEW


@pytest.mark.parametrize(
    ("people", "most", "sentence"),
    [
        (0, 9, "Nobody with a usable e-mail is without an Auth0 account."),
        (1, 9, "1 person has a usable e-mail, but no Auth0 account."),
        (2, 9, "2 people have a usable e-mail, but no Auth0 account."),
        (3, 2, "More than 2 people have a usable e-mail, but no Auth0 account."),
    ],
)
def test_the_start_page_leads_to_it_where_somebody_could_get_one(
    monkeypatch: pytest.MonkeyPatch, people: int, most: int, sentence: str
) -> None:
    monkeypatch.setattr(admin_enrolment, "COUNTED_MOST", most)
    monkeypatch.setattr("identity_console.start.COUNTED_MOST", most)
    browser, _ = signed_in("manager")
    for _ in range(people):
        make_employee()

    assert (sentence in browser.get(reverse("admin:index")).content.decode()) is (people > 0)
    assert sentence in browser.get(CHOOSE).content.decode()


def test_who_may_give_none_is_not_led_to_it() -> None:
    browser, _ = signed_in("finance")
    make_employee()

    assert "no Auth0 account" not in browser.get(reverse("admin:index")).content.decode()


def test_a_page_costs_as_many_queries_for_many_people_as_for_one(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    browser, _ = signed_in("manager")
    for _ in range(60):
        make_employee()
    change = begun(browser)

    with django_assert_max_num_queries(40):
        assert len(browser.get(page_of(change)).context["rows"]) == admin_enrolment.ROWS


# What stands on the page of one enrolment in each state: columns of it → what is said.
IN_EACH_STATE: list[tuple[dict[str, Any], str]] = [
    ({"state": State.READING, "recognised": {"tally": {"people": 400}}}, "everybody: 400 so far"),
    ({"state": State.FAILED, "failure": "The table can’t be read."}, "The table can’t be read."),
    ({"state": State.DONE, "pruned_at": Now()}, "Who they were was forgotten after a month."),
    ({"state": State.DISCARDED, "pruned_at": Now()}, "It was discarded; nothing was written."),
    ({"state": State.DONE}, "0 of 0 accounts are there."),
]


@pytest.mark.parametrize(("columns", "sentence"), IN_EACH_STATE)
def test_every_state_is_said(columns: dict[str, Any], sentence: str) -> None:
    browser, _ = signed_in("manager")
    change = begun(browser)
    MassChange.objects.filter(pk=change.pk).update(**columns)

    assert sentence in text_of(browser, change)


def test_what_holds_everybody_up_is_said_while_something_moves() -> None:
    make_employee()
    browser, _ = signed_in("manager")

    change = decide(browser, begun(browser), "confirm")

    assert "Auth0 isn&#x27;t configured (AUTH0_DOMAIN)" in text_of(browser, change)


def test_an_account_that_was_there_before_counts_as_there() -> None:
    ana = make_employee()
    browser, _ = signed_in("manager")
    change = decide(browser, begun(browser), "confirm")
    Account.objects.filter(pk=ana.pk).update(origin=Origin.CREATED)

    assert "1 of 1 accounts are there." in text_of(browser, change)


def test_an_account_that_needs_a_person_is_said_and_no_longer_waited_for() -> None:
    ana = make_employee()
    browser, _ = signed_in("manager")
    change = decide(browser, begun(browser), "confirm")
    Account.objects.filter(pk=ana.pk).update(attention=Attention.FAILED)

    shown = text_of(browser, change)

    assert "0 of 1 accounts are there. 1 can’t be made before somebody has looked" in shown
    assert "data-follow=" not in shown


def test_who_leaves_before_there_is_an_account_is_no_longer_waited_for(
    tenant: RunningTenant,
) -> None:
    ana, _bo = make_employee(), make_employee()
    browser, _ = signed_in("manager")
    change = decide(browser, begun(browser), "confirm")
    services.deactivate(ana.pk, boss(1))
    sync_all()

    shown = text_of(browser, change)

    assert "1 of 2 accounts are there. 1 is no longer asked for." in shown
    assert "data-follow=" not in shown


def test_rows_that_were_kept_at_the_undo_are_listed() -> None:
    ana = make_employee(name="Ana Ruiz")
    browser, _ = signed_in("manager")
    change = decide(browser, begun(browser), "confirm")
    Employee.objects.filter(pk=ana.pk).update(auth_method="auth0")

    change = decide(browser, change, "undo")

    assert MassRow.objects.get().state == MassRow.State.KEPT
    assert "Ana Ruiz" in text_of(browser, change, show="kept")
    assert not StagedBatch.objects.exists()


def test_the_count_of_a_moment_ago_is_asked_for_once_a_request(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    browser, _ = signed_in("manager")
    make_employee()
    request = browser.get(CHOOSE).wsgi_request
    pages: Any = admin.site.get_model_admin(Employee)

    with django_assert_max_num_queries(0):
        assert pages.count_enrollable(request) == 1


def test_nothing_moves_any_more_when_all_accounts_are_there() -> None:
    ana = make_employee()
    browser, _ = signed_in("manager")
    change = decide(browser, begun(browser), "confirm")
    Account.objects.filter(pk=ana.pk).update(
        origin=Origin.CREATED, due_at=Now() + timedelta(days=1)
    )

    assert "data-follow=" not in text_of(browser, change)
