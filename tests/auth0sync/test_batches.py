"""What is held: who decides, what becomes of it, and what the pages say."""

import re
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from unittest.mock import patch

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from auth0sync import batches, brake, new_plan
from auth0sync.account import Seen
from auth0sync.attention import needing_attention
from auth0sync.batches import NotDecided, decide, forecast
from auth0sync.context import notices
from auth0sync.due import mark_due, next_due
from auth0sync.models import Account, Attention, Risk, StagedBatch
from auth0sync.status import STANDINGS, Weather, standing
from employees.authority import Actor
from employees.models import Auth0Role, Employee
from tests.auth0sync.people import account_of, by_sql, row_of
from tests.auth0sync.test_brake import blocked, by_sql_all, held, people_with_accounts, sync_all
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

State = StagedBatch.State
SEEN = Seen("auth0|x", "x@example.com", True, None, None, None, blocked=False).as_json()
APPROVED, REJECTED = State.APPROVED, State.REJECTED


@pytest.fixture(autouse=True)
def of_three(settings: Settings) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (3, 0)


def batch_of(count: int = 4, cause: str = "admin:9", **columns: Any) -> StagedBatch:
    """People who are held, without a tenant: of one workspace, for their blocks."""
    batch = StagedBatch.objects.create(kind="changes", causes=[cause])
    for i in range(count):
        person = make_employee(name=f"P{i}", workspace="TX", is_active=False, **columns)
        Account.objects.create(
            pk=person.pk,
            origin="created",
            seen=SEEN,
            batch=batch,
            held_for=Risk.BLOCK,
            due_seq=1,
            fingerprint="f",
            let_through="f",
        )
    return batch


def carry_out_all() -> None:
    while StagedBatch.objects.filter(carried_out_at=None).exclude(state=State.OPEN).exists():
        batches.carry_out()


def test_what_is_approved_goes_out(tenant: RunningTenant) -> None:
    people = people_with_accounts(5)
    by_sql_all(people, is_active=False)
    batch = StagedBatch.objects.get()

    decide(batch.pk, APPROVED, boss(2), version=batch.version, reason="the plant closes")
    carry_out_all()
    sync_all()

    assert blocked(tenant) == 5
    batch.refresh_from_db()
    assert (batch.state, batch.people, batch.decided_by) == ("approved", 5, "admin:2")
    assert batch.forecast == "Blocks 5 of 5 open accounts in Mississippi."
    assert batch.reason == "the plant closes"
    assert set(Account.objects.values_list("let_through", "held_for")) == {("", "")}


def test_a_row_that_moved_after_the_approval_is_held_again(tenant: RunningTenant) -> None:
    people = people_with_accounts(5)
    by_sql_all(people, auth0_role="manager")
    first = StagedBatch.objects.get()
    decide(first.pk, APPROVED, boss(2), version=first.version)
    by_sql(people[0], auth0_role="admin")

    carry_out_all()
    by_sql_all(people[1:], auth0_role="admin")  # four more than were approved
    sync_all()

    assert "admin" not in {role for user in tenant.users() for role in user.get("roles", [])}
    assert held() >= 4


def test_what_is_rejected_is_left_to_a_person_until_the_row_changes(
    tenant: RunningTenant,
) -> None:
    people = people_with_accounts(5)
    by_sql_all(people, is_active=False)
    batch = StagedBatch.objects.get()

    decide(batch.pk, REJECTED, boss(2), version=batch.version)
    carry_out_all()
    sync_all()

    assert blocked(tenant) == 0
    assert all(not row_of(person).is_active for person in people)
    found = standing(row_of(people[0]), account_of(people[0]), Weather.today())
    assert (found.label, found.tone) == ("Needs attention", "attention")
    assert found.detail.startswith("Not done in Auth0: user 2 rejected it.")
    listed = needing_attention(boss(2))
    assert [account.pk for account in listed] == [person.pk for person in people]
    assert {account.attention for account in listed} == {Attention.LEAVER}, "they can still sign in"
    assert not any(account.waiting_since for account in listed)
    by_sql(people[0], is_active=True)
    sync_all()
    assert account_of(people[0]).error_code == ""
    mark_due([people[1].pk], actor="admin:1")
    sync_all()
    assert blocked(tenant) == 1


@pytest.mark.usefixtures("state")
def test_a_row_that_moved_after_the_rejection_is_judged_anew() -> None:
    batch = batch_of(2)
    moved, same = Account.objects.order_by("pk")
    decide(batch.pk, REJECTED, boss(2), version=0)
    Account.objects.filter(pk=moved.pk).update(fingerprint="other")

    carry_out_all()

    assert next_due(5) == [moved.pk]
    assert Account.objects.get(pk=same.pk).error_code == "rejected"
    assert Account.objects.get(pk=moved.pk).attention is None


@pytest.mark.usefixtures("state")
def test_two_thousand_are_carried_out_in_slices() -> None:
    batch = StagedBatch.objects.create(kind="changes", state=APPROVED)
    Account.objects.bulk_create(
        [Account(pk=i, batch=batch, due_seq=1) for i in range(1, 2001)], batch_size=500
    )

    batches.carry_out()

    assert held() == 2000 - batches.PAGE
    carry_out_all()
    assert held() == 0
    assert len(next_due(3000)) == 2000
    batches.carry_out()  # nothing is left


@pytest.mark.usefixtures("state")
def test_the_forecast_counts_by_workspace_and_says_who_is_the_last_administrator() -> None:
    batch = batch_of(3)
    Employee.objects.filter(name="P0").update(auth0_role=Auth0Role.ADMIN)
    Account.objects.create(pk=999, origin="created", seen=SEEN)  # no row any more
    Account.objects.create(pk=998, batch=batch, held_for=Risk.CREATE)

    assert forecast(batch) == [
        "Blocks 3 of 3 open accounts in Texas.",
        "New accounts: 1, beside the 1 open ones without a workspace.",
        "1 is the last administrator.",
    ]
    Employee.objects.filter(name="P1").update(auth0_role=Auth0Role.ADMIN)
    assert forecast(batch)[-1] == "2 are the last administrators."
    make_employee(auth0_role=Auth0Role.ADMIN, auth_method="auth0")
    assert forecast(batch)[-1] == "2 are administrators."


@pytest.mark.usefixtures("state")
def test_only_administrators_decide() -> None:
    batch = batch_of()

    with pytest.raises(NotDecided, match="Only administrators"):
        decide(batch.pk, APPROVED, Actor("admin:3", role=Auth0Role.MANAGER), version=0)


@pytest.mark.usefixtures("state")
def test_whoever_caused_it_does_not_decide() -> None:
    batch = batch_of(cause="admin:1")
    make_employee(auth0_role=Auth0Role.ADMIN, auth_method="auth0")

    with pytest.raises(NotDecided, match="another administrator has to decide"):
        decide(batch.pk, APPROVED, boss(1), version=0, reason="I know what I do")


@pytest.mark.usefixtures("state")
def test_a_lone_administrator_decides_after_ten_minutes_with_a_reason_and_it_is_said(
    settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ALERT_EMAILS = ["it@example.com"]
    batch = batch_of(cause="admin:1")

    with pytest.raises(NotDecided, match="ten minutes after"):
        decide(batch.pk, APPROVED, boss(1), version=0, reason="closing")
    StagedBatch.objects.update(began_at=Now() - timedelta(minutes=10, seconds=1))
    with pytest.raises(NotDecided, match="give a reason"):
        decide(batch.pk, APPROVED, boss(1), version=0, reason=" ")
    decided = decide(batch.pk, APPROVED, boss(1), version=0, reason="closing")

    assert decided.decided_alone
    assert mailoutbox[0].to == ["it@example.com"]
    assert "Reason: closing" in mailoutbox[0].body
    assert "Blocks 4 of 4 open accounts in Texas." in mailoutbox[0].body


@pytest.mark.usefixtures("state")
def test_an_alert_that_cannot_be_mailed_stops_nobody(settings: Settings) -> None:
    batch = batch_of(cause="admin:1")
    StagedBatch.objects.update(began_at=Now() - timedelta(minutes=11))
    settings.ALERT_EMAILS = ["it@example.com"]

    with patch("auth0sync.alert_channels.EmailMessage.send", side_effect=OSError):
        assert decide(batch.pk, REJECTED, boss(1), version=0, reason="no").decided_alone
    batch = batch_of(cause="admin:1")
    StagedBatch.objects.update(began_at=Now() - timedelta(minutes=11))
    settings.ALERT_EMAILS = []
    assert decide(batch.pk, REJECTED, boss(1), version=0, reason="no").decided_alone


@pytest.mark.usefixtures("state")
def test_the_second_to_decide_reads_who_did() -> None:
    batch = batch_of()
    decide(batch.pk, APPROVED, boss(2), version=0)

    with pytest.raises(NotDecided, match="user 2 has approved it already"):
        decide(batch.pk, REJECTED, boss(3), version=0)


@pytest.mark.usefixtures("state")
def test_nobody_decides_what_they_have_not_seen() -> None:
    batch = batch_of()
    StagedBatch.objects.update(version=1)

    with pytest.raises(NotDecided, match="changed since you looked"):
        decide(batch.pk, APPROVED, boss(2), version=0)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins(state: object) -> None:
    batch = batch_of()
    start, said = Barrier(2), []

    def at_once(number: int, state: StagedBatch.State) -> None:
        start.wait(10)
        try:
            said.append(decide(batch.pk, state, boss(number), version=0).state)
        except NotDecided as refusal:
            said.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=at_once, args=pair) for pair in ((2, APPROVED), (3, REJECTED))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    batch.refresh_from_db()
    assert sum("already" in text for text in said) == 1
    assert batch.state in said


@pytest.mark.usefixtures("state")
def test_a_batch_that_everybody_has_left_is_forgotten_after_its_hour() -> None:
    batch = batch_of(1)
    Account.objects.update(batch=None)
    batches.forget_empty()
    assert StagedBatch.objects.filter(pk=batch.pk).exists()

    StagedBatch.objects.update(renewed_at=Now() - timedelta(hours=1, seconds=1))
    batches.forget_empty()

    assert not StagedBatch.objects.exists()


def test_the_forecast_of_a_click_says_how_many_are_held(
    db: None, state: object, settings: Settings
) -> None:
    batch_of(4)
    Account.objects.update(batch=None)
    ids = list(Account.objects.values_list("pk", flat=True))
    assert brake.would_hold(ids[:2]) == 2  # the threshold was passed within the hour
    StagedBatch.objects.all().delete()

    assert brake.would_hold(ids) == 4
    assert brake.would_hold(ids[:3]) == 0
    settings.AUTH0_SAFETY_THRESHOLD = (0, 0)
    assert brake.would_hold(ids) == 0


# A new version of the plan


def test_a_new_plan_stages_whose_account_would_change_and_notes_the_others(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, same, leaver, pin = [*people_with_accounts(3), make_employee(name="Pin")]
    Account.objects.create(pk=pin.pk, plan_version=1)
    before = tenant.calls()
    account = account_of(changed)
    assert account.seen
    account.seen["app_metadata"]["created_by"] = "somebody_else"
    account.save()
    by_sql(leaver, is_active=False)
    as_of_plan(monkeypatch, 2)

    list(new_plan.stage())
    list(new_plan.stage())

    assert account_of(changed).held_for == "plan"
    assert not account_of(changed).is_clean
    assert account_of(same).plan_version == 2
    assert account_of(pin).plan_version == 2
    assert tenant.calls() == before
    sync_all()
    assert blocked(tenant) == 1
    assert account_of(leaver).plan_version == 2
    batch = StagedBatch.objects.get()
    assert (batch.kind, batch.causes) == ("plan", [])

    decide(batch.pk, APPROVED, boss(1), version=batch.version)
    carry_out_all()
    sync_all()

    assert account_of(changed).plan_version == 2
    assert account_of(changed).is_clean


def test_who_comes_due_before_the_staging_is_held_with_the_others(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted, read, by_hand = people_with_accounts(3)
    as_of_plan(monkeypatch, 2)

    by_sql(noted, department="Packing")
    for user in tenant.users():
        tenant.api("PATCH", f"/users/{user['user_id']}", {"name": "Somebody Else"})
    mark_due([read.pk], actor="admin:1", look=True)
    sync_all()

    assert {account_of(noted).held_for, account_of(read).held_for} == {"plan"}
    assert account_of(by_hand).batch is None


def test_a_leaver_who_was_held_for_a_new_plan_is_blocked_at_once(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = people_with_accounts(1)[0]
    as_of_plan(monkeypatch, 2)
    by_sql(ana, department="Packing")
    assert account_of(ana).held_for == "plan"

    by_sql(ana, is_active=False)
    sync_all()

    assert blocked(tenant) == 1


def as_of_plan(monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    for module in ("brake", "claim", "batches", "new_plan"):
        monkeypatch.setattr(f"auth0sync.{module}.PLAN_VERSION", version)


# What is said


@pytest.mark.usefixtures("state")
def test_the_employee_is_said_to_be_held() -> None:
    batch_of(1)
    person = Employee.objects.get()

    found = standing(person, account_of(person), Weather.today())

    assert (found.label, found.tone) == ("Held: waits for a second person", "attention")
    assert "blocks" in found.detail
    listed = {name for name, (_, q) in STANDINGS.items() if Employee.objects.filter(q).exists()}
    assert listed == {"held", "attention"}


@pytest.mark.usefixtures("state")
def test_administrators_read_on_every_page_how_many_wait_for_them() -> None:
    assert not any("held" in str(notice) for notice in notices(is_admin=True))
    batch = batch_of(1)
    (one,) = (notice for notice in notices(is_admin=True) if "1 person is held" in notice)
    batch_of(13)

    (both,) = (notice for notice in notices(is_admin=True) if "held" in notice)

    assert page_of(batch) in one and ">decide<" in one
    assert "14 people are held by the safety brake" in both
    assert reverse("admin:auth0sync_stagedbatch_changelist") in both
    assert "decide on 2 changes" in both
    assert not any("held" in str(notice) for notice in notices())


def page_of(batch: StagedBatch) -> str:
    return reverse("admin:auth0sync_stagedbatch_change", args=[batch.pk])


def button_of(batch: StagedBatch) -> str:
    return reverse("admin:auth0sync_stagedbatch_decide", args=[batch.pk])


@pytest.mark.usefixtures("state")
def test_the_page_shows_who_is_held_and_what_for(admin_client: Client) -> None:
    batch = batch_of(60, cause="sql")
    gone = Account.objects.order_by("pk")[0]
    Employee.objects.filter(pk=gone.pk).delete()

    page = admin_client.get(page_of(batch)).content.decode()

    assert "Blocks 59 of 59 open accounts in Texas." in page
    assert "Asked for by a change by SQL" in page
    assert "Page 1 of 2" in page
    assert "Deleted by another program" in page
    assert "Block the account" in page
    assert "Approve for 60 people" in page


@pytest.mark.usefixtures("state")
def test_the_button_decides_and_a_second_press_changes_nothing(admin_client: Client) -> None:
    batch = batch_of(1, cause="sql")
    form = {"decision": "approve", "version": "0", "reason": ""}

    first = admin_client.post(button_of(batch), form, follow=True).content.decode()
    second = admin_client.post(button_of(batch), form, follow=True).content.decode()

    assert "Approved for 1 person." in first
    assert "Being carried out: 1 to go." in first
    assert "admin has approved it already." in second
    batch.refresh_from_db()
    assert batch.state == "approved"
    listed = admin_client.get(reverse("admin:auth0sync_stagedbatch_changelist")).content.decode()
    assert "approved" in listed
    assert re.search(r">\d+ \w{3} 20\d\d, \d\d:\d\d CST<", listed), "as all pages say times"


@pytest.mark.usefixtures("state")
def test_after_a_rejection_the_page_says_who_and_does_not_promise_what_will_not_be_done(
    admin_client: Client,
) -> None:
    batch = batch_of(1, cause="sql")
    form = {"decision": "reject", "version": "0", "reason": ""}

    page = admin_client.post(button_of(batch), form, follow=True).content.decode()

    assert "Rejected by admin, " in page
    assert "Being listed under “Needs attention”: 1 to go." in page
    assert "Block the account" not in page


@pytest.mark.usefixtures("state")
def test_the_page_says_why_somebody_cannot_decide(admin_client: Client, admin_user: Any) -> None:
    batch = batch_of(cause=f"admin:{admin_user.pk}")

    page = admin_client.get(page_of(batch)).content.decode()

    assert "ten minutes after they were held" in page
    assert "Approve for" not in page


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"decision": "approve"},
        {"decision": "x", "version": "0"},
        {"decision": "approve", "version": "9" * 5_000},
    ],
    ids=["nothing", "no version", "no decision", "no version can be that"],
)
def test_a_button_that_was_not_pressed_does_nothing(
    admin_client: Client, form: dict[str, str]
) -> None:
    batch = batch_of(1)

    said = admin_client.post(button_of(batch), form, follow=True).content.decode()

    assert "Nothing was done" in said
    batch.refresh_from_db()
    assert batch.state == "open"


@pytest.mark.usefixtures("state")
def test_there_is_no_page_of_what_is_not_there(admin_client: Client) -> None:
    assert admin_client.get("/admin/auth0sync/stagedbatch/7/change/").status_code == 404
    for name in ("x", "9" * 5_000):
        assert admin_client.get(f"/admin/auth0sync/stagedbatch/{name}/change/").status_code == 404
    assert admin_client.post("/admin/auth0sync/stagedbatch/7/decide/").status_code == 404


@pytest.mark.usefixtures("state")
def test_whoever_is_no_administrator_sees_none_of_it(
    client: Client, django_user_model: Any
) -> None:
    batch = batch_of(1)
    client.force_login(django_user_model.objects.create_user("cy", is_staff=True))

    assert client.get(page_of(batch)).status_code == 403
    assert client.post(button_of(batch)).status_code == 403
    assert client.get(reverse("admin:auth0sync_stagedbatch_changelist")).status_code == 403


@pytest.mark.usefixtures("state")
def test_the_employees_page_leads_to_the_batch(admin_client: Client) -> None:
    batch = batch_of(1)
    person = Employee.objects.get()

    page = admin_client.get(reverse("admin:employees_employee_change", args=[person.pk]))

    assert page_of(batch) in page.content.decode()


@pytest.mark.usefixtures("state")
def test_the_page_before_the_button_says_what_the_brake_holds(admin_client: Client) -> None:
    people = [make_employee(name=f"P{i}", auth_method="auth0") for i in range(4)]
    for person in people:
        Account.objects.create(pk=person.pk, origin="created", seen=SEEN)

    def asked(chosen: list[Employee], action: str = "deactivate_selected") -> str:
        form = {"action": action, "_selected_action": [person.pk for person in chosen]}
        url = reverse("admin:employees_employee_changelist")
        return admin_client.post(url, form).content.decode()

    assert "The safety brake holds 4 of these accounts until a second person agrees." in asked(
        people
    )
    assert "safety brake holds" not in asked(people[:3])
    assert "safety brake holds" not in asked(people[:1])
    assert "safety brake holds" not in asked(people, "restore_selected")
