"""Sync now and Send the invitation again: who may ask them for whom (L7), in every way there is."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from auth0sync import admin_asking
from auth0sync.account import Seen
from auth0sync.models import Account, SyncLog
from employees.models import Employee
from tests.auth0sync.people import account_of
from tests.builders import make_auth, make_employee
from tests.signed_in import signed_in, team_lead

LIST = reverse("admin:employees_employee_changelist")
LOG = reverse("admin:auth0sync_synclog_changelist")
CANNOT_WORK = reverse("admin:employees_employee_cannot_work")
OURS = {"user_id": "auth0|emp-1", "origin": "created"}
MANY = reverse("admin:auth0sync_send_invitations_again")
BUTTONS = {"sync_now": "Sync now", "send_invitation_again": "Send the invitation again"}

pytestmark = [pytest.mark.usefixtures("state"), pytest.mark.once]


def somebody(**over: Any) -> Employee:
    """Somebody in Picking, Mississippi, with an account that isn't verified."""
    values = {"department": "Picking", "workspace": "MS", "auth0_sync_status": "created", **over}
    person = make_employee(auth_method="auth0", **values)
    seen = Seen.of({"user_id": OURS["user_id"]}).as_json()
    Account.objects.create(pk=person.pk, seen=seen, **OURS)
    return person


def act(browser: Client, action: str, *people: Employee) -> str:
    data = {"action": action, "_selected_action": [person.pk for person in people]}
    answer = browser.post(LIST, data)
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def press(browser: Client, name: str, person: Employee, **data: str) -> Any:
    return browser.post(reverse(f"admin:auth0sync_{name}", args=[person.pk]), data)


def was_asked(person: Employee) -> bool:
    return account_of(person).due_at is not None


@pytest.mark.parametrize("name", BUTTONS)
def test_a_team_lead_asks_for_her_own_people(name: str) -> None:
    lead, _ = team_lead()
    mine = somebody()

    assert press(lead, name, mine).status_code == 302
    assert was_asked(mine)


@pytest.mark.parametrize("name", BUTTONS)
def test_somebody_out_of_sight_is_not_found(name: str) -> None:
    lead, _ = team_lead()
    other = somebody(department="Packing")

    assert press(lead, name, other).status_code == 404
    assert act(lead, name, other) == ""
    assert not was_asked(other)


@pytest.mark.parametrize("name", BUTTONS)
def test_an_equal_is_out_of_a_team_leads_reach(name: str) -> None:
    lead, _ = team_lead()
    equal = somebody(auth0_role="team_lead")

    assert press(lead, name, equal).status_code == 403
    assert "Skipped 1: You can't" in act(lead, name, equal)
    assert not was_asked(equal)


@pytest.mark.parametrize("name", BUTTONS)
def test_finance_asks_for_nothing(name: str) -> None:
    finance, _ = signed_in("finance")
    ana = somebody()

    assert press(finance, name, ana).status_code == 403
    act(finance, name, ana)
    assert not was_asked(ana)
    assert 'name="action"' not in finance.get(LIST).content.decode()


def test_a_manager_syncs_another_manager_but_does_not_invite_her() -> None:
    manager, _ = signed_in("manager")
    equal, ana = somebody(auth0_role="manager"), somebody()

    said = act(manager, "send_invitation_again", equal, ana)
    press(manager, "send_invitation_again", equal)

    assert said.startswith(
        "1 person will be invited again. Skipped 1: You can't send this person an invitation: "
        "their role is as high as yours, or higher."
    )
    assert account_of(equal).invitation == ""
    assert account_of(ana).invitation == "wanted"
    press(manager, "sync_now", equal)
    assert was_asked(equal)


@pytest.mark.parametrize(
    ("role", "person_role", "shown"),
    [
        ("admin", "admin", ["Sync now", "Send the invitation again"]),
        ("manager", "team_lead", ["Sync now", "Send the invitation again"]),
        ("manager", "manager", ["Sync now"]),
        ("team_lead", "production_associate", ["Sync now", "Send the invitation again"]),
        ("team_lead", "team_lead", []),
        ("finance", "production_associate", []),
    ],
)
def test_a_page_shows_the_buttons_that_would_do_something(
    role: str, person_role: str, shown: list[str]
) -> None:
    browser, _ = signed_in(role, department="Picking", workspace="MS")
    person = somebody(auth0_role=person_role)

    page = browser.get(reverse("admin:employees_employee_change", args=[person.pk]))

    text = page.content.decode()
    assert [label for label in BUTTONS.values() if f">{label}</button>" in text] == shown


# The page "Who can't work today"


def test_an_account_that_is_missing_is_synced_and_one_unverified_is_invited() -> None:
    manager, _ = signed_in("manager", auth0_sync_status="verified")
    ana = somebody()
    ben = make_employee(auth_method="auth0", auth0_sync_status="pending")

    steps = {row.pk: step for row, _, step in manager.get(CANNOT_WORK).context["rows"]}

    assert (steps[ana.pk].label, steps[ana.pk].posts) == ("Send the invitation again", True)
    assert (steps[ben.pk].label, steps[ben.pk].posts) == ("Sync now", True)
    assert steps[ana.pk].detail == "Nobody was invited."


def test_its_buttons_lead_back_to_it() -> None:
    manager, _ = signed_in("manager", auth0_sync_status="verified")
    ana = somebody()

    answer = press(manager, "sync_now", ana, **{"from": "cannot-work"})

    assert answer["Location"] == CANNOT_WORK
    assert was_asked(ana)


def test_what_stands_in_the_way_is_said_in_place_of_the_button() -> None:
    manager, _ = signed_in("manager", auth0_sync_status="verified")
    ana, equal = somebody(), somebody(auth0_role="manager")
    press(manager, "send_invitation_again", ana)

    steps = {row.pk: step for row, _, step in manager.get(CANNOT_WORK).context["rows"]}

    assert steps[ana.pk].why_not == "on its way already"
    assert "as high as yours" in steps[equal.pk].why_not


def test_the_pin_stays_a_matter_of_the_employees_page() -> None:
    manager, _ = signed_in("manager", auth0_sync_status="verified")
    ana = make_employee(auth_method="hybrid", auth0_sync_status="created")
    make_auth(ana)

    ((row, label, step),) = manager.get(CANNOT_WORK).context["rows"]

    assert (row, label, step.label, step.posts) == (ana, "No PIN", "Set a PIN", False)


# The log


def test_the_log_holds_the_rows_of_people_in_sight() -> None:
    lead, person = team_lead()
    user = person.user_link.user
    user.user_permissions.add(permission("view_synclog"))
    mine, other = somebody(), somebody(department="Packing")
    for employee_id in (mine.pk, other.pk, None):
        SyncLog.objects.create(employee_id=employee_id, action="read account", status="success")
    hidden = SyncLog.objects.get(employee_id=other.pk)

    rows = lead.get(LOG).context["cl"].result_list

    assert [row.employee_id for row in rows] == [mine.pk]
    assert lead.get(reverse("admin:auth0sync_synclog_change", args=[hidden.pk])).status_code == 302
    assert lead.get(f"{LOG}?error_code__startswith=a").status_code == 400


def test_finance_reads_the_whole_log() -> None:
    finance, _ = signed_in("finance")
    SyncLog.objects.create(employee_id=None, action="get token", status="success")

    assert len(finance.get(LOG).context["cl"].result_list) == 1


def permission(codename: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.get(codename=codename)


def many_and_a_pin() -> tuple[list[Employee], Employee]:
    return [somebody() for _ in range(11)], make_employee(auth_method="pin")


def test_many_are_named_before_they_get_a_mail() -> None:
    manager, _ = signed_in("manager")
    people, pin = many_and_a_pin()
    data = {"action": "send_invitation_again", "_selected_action": [p.pk for p in [*people, pin]]}

    page = manager.post(LIST, data)

    text = page.content.decode()
    assert "11 people get a mail with a new link" in text
    assert all(person.name in text for person in people)
    assert "<li>1: no account is wanted</li>" in text
    assert not any(was_asked(person) for person in people)

    answer = manager.post(MANY, {"people": page.context["signed"]}, follow=True)

    assert "11 people will be invited again." in answer.content.decode()
    assert {account_of(person).invitation for person in people} == {"wanted"}


def test_more_than_can_be_asked_for_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_asking, "AT_ONCE", 1)
    manager, _ = signed_in("manager")
    people = [somebody(), somebody()]
    before = [account_of(person).due_seq for person in people]

    assert "choose fewer" in act(manager, "send_invitation_again", *people)
    assert "choose fewer" in act(manager, "sync_now", *people)
    assert not any(was_asked(person) for person in people)
    assert [account_of(person).due_seq for person in people] == before


@pytest.mark.parametrize("ticked", ["abc", "1;2", "-1", "", "9" * 40])
@pytest.mark.parametrize(
    "page", ["employees_employee", "auth0sync_synclog", "employees_podfactorymapping"]
)
def test_a_list_that_no_page_of_ours_sent_is_refused(page: str, ticked: str) -> None:
    manager, _ = signed_in("manager")
    ana = somebody()
    before = account_of(ana).due_seq
    data = {"action": "sync_now", "_selected_action": [ana.pk, ticked]}

    answer = manager.post(reverse(f"admin:{page}_changelist"), data, follow=True)

    assert answer.status_code == 200
    assert account_of(ana).due_seq == before


def test_what_is_wrong_with_such_a_list_is_said() -> None:
    manager, _ = signed_in("manager")

    data = {"action": "sync_now", "_selected_action": ["abc"]}
    answer = manager.post(f"{LIST}?department=Packing", data)

    assert answer["Location"] == f"{LIST}?department=Packing"
    assert "Tick them on this page again" in manager.get(LIST).content.decode()


def test_a_list_that_nobody_signed_invites_nobody() -> None:
    manager, _ = signed_in("manager")
    ana = somebody()

    answer = manager.post(MANY, {"people": str(ana.pk)}, follow=True)

    assert "choose the people again" in answer.content.decode()
    assert not was_asked(ana)


def test_many_are_looked_at_again_when_the_button_comes() -> None:
    manager, _ = signed_in("manager")
    people, _ = many_and_a_pin()
    data = {"action": "send_invitation_again", "_selected_action": [p.pk for p in people]}
    signed = manager.post(LIST, data).context["signed"]
    Employee.objects.filter(pk=people[0].pk).update(auth0_role="admin")
    lead, _ = team_lead(department="Packing")

    manager.post(MANY, {"people": signed})
    lead.post(MANY, {"people": signed})

    assert [was_asked(person) for person in people] == [False, *[True] * 10]
    assert signed_in("finance")[0].post(MANY, {"people": signed}).status_code == 403
