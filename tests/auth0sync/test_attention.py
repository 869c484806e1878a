"""Who needs attention: what puts somebody on the list and takes them off, and the page itself."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync.attention import count_needing_attention, needing_attention
from auth0sync.due import invite_again, mark_due, note
from auth0sync.engine import sync
from auth0sync.models import Account, Attention, Priority, TenantState
from employees.authority import Actor
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, by_sql
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in, team_lead

MIGRATIONS = Path(__file__).resolve().parents[2] / "auth0sync" / "migrations"
PAGE = reverse("admin:auth0sync_attention")


def why(employee: Employee) -> Attention | None:
    found = account_of(employee).attention
    return Attention(found) if found else None


def needs(employee: Employee, attention: Attention = Attention.FAILED, **over: Any) -> None:
    """An account as the engine leaves it when it needs a person."""
    values = {"attention": attention, "attention_at": Now(), "due_seq": 1, "done_seq": 1, **over}
    Account.objects.update_or_create(pk=employee.pk, defaults=values)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def refuse_changes(tenant: RunningTenant, status: int, times: int) -> None:
    body = {"statusCode": status, "error": "x", "message": "No.", "errorCode": "no_such_code"}
    match = {"method": "PATCH", "path": "/api/v2/users/.*"}
    tenant.fault(match=match, kind="status", status=status, body=body, times=times)


# On the list, and off it


def test_a_refusal_puts_somebody_on_the_list_and_a_correction_takes_them_off(
    tenant: RunningTenant,
) -> None:
    ana = add("none", auth0_role="production_associate")
    by_sql(ana, auth0_role="wizard")
    sync(ana.pk)
    assert why(ana) == Attention.FAILED
    assert account_of(ana).attention_at is not None

    by_sql(ana, auth0_role="team_lead")
    assert why(ana) is None, "it is the console's turn"
    sync(ana.pk)

    assert why(ana) is None
    assert account_of(ana).attention_at is None


def test_since_when_is_kept_while_tries_fail(tenant: RunningTenant) -> None:
    ana = add("none")
    by_sql(ana, auth0_role="wizard")
    sync(ana.pk)
    Account.objects.update(attention_at=Now() - timedelta(days=3))
    since = account_of(ana).attention_at

    mark_due([ana.pk], actor="test")
    sync(ana.pk)

    assert account_of(ana).attention_at == since


def test_a_mail_that_failed_puts_somebody_on_the_list_until_it_is_asked_for_again(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.MAIL_CONFIGURED = True
    ana = add("personal")
    sync(ana.pk)
    assert why(ana) == Attention.MAIL

    change_employee(ana.pk, {"personal_email": "ana@home.example.org"}, boss())
    invite_again([ana.pk], actor="test")
    sync(ana.pk)

    assert why(ana) is None


def test_a_missing_e_mail_is_on_the_list_at_once_and_after_the_engine_looked(
    tenant: RunningTenant,
) -> None:
    ana = add(email="")
    assert why(ana) == Attention.EMAIL
    sync(ana.pk)
    assert why(ana) == Attention.EMAIL

    change_employee(ana.pk, {"email": "ana@example.com"}, boss())

    assert why(ana) is None


def test_who_no_longer_asks_for_an_account_is_off_the_list(tenant: RunningTenant) -> None:
    ana = add(email="")
    sync(ana.pk)

    change_employee(ana.pk, {"auth_method": "pin"}, boss())

    assert (why(ana), account_of(ana).attention_at) == (None, None)


def test_a_leaver_whose_block_is_refused_comes_first_and_goes_first_again(
    tenant: RunningTenant,
) -> None:
    ana = add("none")
    sync(ana.pk)
    deactivate(ana.pk, boss())
    refuse_changes(tenant, 400, times=1)
    sync(ana.pk)
    assert why(ana) == Attention.LEAVER

    mark_due([ana.pk], actor="test")

    assert account_of(ana).priority == Priority.LEAVER
    sync(ana.pk)
    assert why(ana) is None


def test_a_leaver_who_is_still_open_after_the_quick_tries_is_on_the_list(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_MAX_RETRIES = 1
    ana = add("none")
    sync(ana.pk)
    deactivate(ana.pk, boss())
    refuse_changes(tenant, 500, times=9)
    sync(ana.pk)
    assert why(ana) is None, "the next try may do"

    time_passes(ana.pk)
    sync(ana.pk)

    assert why(ana) == Attention.LEAVER
    assert account_of(ana).due_at is not None


def test_a_leaver_whose_block_is_paused_is_on_the_list_at_once(tenant: RunningTenant) -> None:
    ana = add("none")
    sync(ana.pk)
    deactivate(ana.pk, boss())
    refuse_changes(tenant, 403, times=9)

    sync(ana.pk)

    assert why(ana) == Attention.LEAVER
    assert account_of(ana).error_code == "paused_block"


def test_a_fault_of_the_console_is_on_the_list(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    monkeypatch.setattr("auth0sync.engine.wanted_of", lambda *args, **kwargs: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        sync(ana.pk)

    assert why(ana) == Attention.FAILED


def test_a_deleted_row_is_on_the_list_once(tenant: RunningTenant) -> None:
    ana = add("none")
    sync(ana.pk)
    Employee.objects.filter(pk=ana.pk).delete()
    note([ana.pk], actor="sql")
    sync(ana.pk)
    assert why(ana) == Attention.ROW_GONE

    Account.objects.filter(pk=ana.pk).update(due_at=Now(), look_at=Now())
    sync(ana.pk)
    assert why(ana) == Attention.ROW_GONE, "a later look at the block keeps it"

    manager, _ = signed_in("manager")
    manager.post(reverse("admin:auth0sync_seen", args=[ana.pk]))
    Account.objects.filter(pk=ana.pk).update(due_at=Now(), look_at=Now())
    sync(ana.pk)
    assert why(ana) is None, "somebody has read it"


def test_those_who_were_there_before_the_column_are_found(state: TenantState) -> None:
    (name,) = (each.stem for each in MIGRATIONS.glob("*_who_needs_a_person.py"))
    migration = import_module(f"auth0sync.migrations.{name}")
    failed, uninvited, without = (
        make_employee(),
        make_employee(),
        make_employee(auth_method="auth0"),
    )
    fine, moving = make_employee(auth_method="auth0", auth0_sync_status="created"), make_employee()
    Account.objects.create(pk=failed.pk, error_code="x", error_at=Now())
    Account.objects.create(pk=uninvited.pk, origin="created", invitation="failed", seen_at=Now())
    Account.objects.create(pk=without.pk)
    Account.objects.create(pk=fine.pk, origin="created")
    Account.objects.create(pk=moving.pk, error_code="x", due_seq=2, done_seq=1)

    migration.fill(apps, connection.schema_editor())

    assert [why(one) for one in (failed, uninvited, without, fine, moving)] == [
        Attention.FAILED,
        Attention.MAIL,
        Attention.EMAIL,
        None,
        None,
    ]


# Whom somebody sees, and what it costs


def test_the_most_urgent_come_first_and_of_those_the_oldest(state: TenantState) -> None:
    new, old, leaver = make_employee(), make_employee(), make_employee()
    needs(new)
    needs(old, attention_at=Now() - timedelta(days=1))
    needs(leaver, Attention.LEAVER)

    found = needing_attention(boss())

    assert list(found.values_list("pk", flat=True)) == [leaver.pk, old.pk, new.pk]


def test_a_team_lead_sees_and_counts_her_own_people(state: TenantState) -> None:
    lead, _ = team_lead()
    mine = make_employee(name="Ana Mine", department="Picking", workspace="MS")
    other = make_employee(name="Ben Other", department="Packing", workspace="MS")
    needs(mine)
    needs(other)
    Account.objects.create(pk=987654, attention=Attention.ROW_GONE)

    page = text(lead.get(PAGE))

    assert "1 account needs a person" in page
    assert "Ana Mine" in page
    assert "Ben Other" not in page


def test_who_may_see_nobody_gets_neither_page_nor_number(state: TenantState) -> None:
    stray = User.objects.create_user("stray", is_staff=True)
    browser = Client()
    browser.force_login(stray)
    needs(make_employee())

    assert browser.get(PAGE).status_code == 403
    assert count_needing_attention(Actor(name="nobody")) == 0
    assert Client().get(PAGE).status_code == 302


@pytest.mark.parametrize("people", [3, 60])
def test_the_page_asks_as_often_for_many_as_for_few(
    state: TenantState, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    manager, _ = signed_in("manager")
    for _ in range(people):
        needs(make_employee(), error_code="not_linkable")

    # 5 of who asks, 2 of the list and its number, 1 of the people, 2 of the page's frame
    with django_assert_num_queries(11):
        page = manager.get(PAGE)

    assert len(page.context["cases"]) == min(people, 50)
    assert ("Page 1 of 2" in text(page)) is (people > 50)


def test_the_number_is_read_from_the_index(state: TenantState) -> None:
    assert count_needing_attention(boss()) == 0
    plan = str(needing_attention(boss()).explain())
    assert "auth0_account_attention" in plan


# The page


def test_the_page_says_what_happened_since_when_and_what_mends_it(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    ana = make_employee(name="Ana <i>O'Brien</i>", auth_method="auth0")
    needs(ana, error="An account with this e-mail exists.", error_code="not_linkable")

    page = text(manager.get(PAGE))

    assert "Ana &lt;i&gt;O&#x27;Brien&lt;/i&gt;" in page
    assert "The e-mail belongs to another account in Auth0." in page
    assert "An account with this e-mail exists." in page
    assert re.search(r"Since \d+ \w+ 20\d\d, \d\d:\d\d \w+\.", page)
    assert f'/{ana.pk}/change/#id_email"' in page
    assert reverse("admin:auth0sync_retry", args=[ana.pk]) in page


def test_the_persons_own_page_says_the_error_once_in_the_note(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    ana = make_employee(auth_method="auth0")
    needs(ana, error="An account with this e-mail exists.", error_code="not_linkable")

    page = text(manager.get(reverse("admin:employees_employee_change", args=[ana.pk])))

    begins = page.index('class="account-note')
    note = page[begins : page.index("</section>", begins)]
    assert "The e-mail belongs to another account in Auth0." in note
    assert note.count("An account with this e-mail exists.") == 1


def test_what_a_manager_may_not_do_is_said_in_place_of_the_button(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    equal = make_employee(auth_method="auth0", auth0_role="manager")
    needs(equal, error_code="shared_email")

    page = text(manager.get(PAGE))

    assert "Change the e-mail: You can&#x27;t change how this person signs in" in page


def test_a_mail_that_failed_is_sent_again_from_the_page(
    state: TenantState, settings: Settings
) -> None:
    manager, _ = signed_in("manager")
    ana = make_employee(auth_method="auth0", auth0_sync_status="created")
    needs(ana, Attention.MAIL, origin="created", user_id="x", invitation="failed")
    url = reverse("admin:auth0sync_send_invitation_again", args=[ana.pk])
    assert url in text(manager.get(PAGE))

    answer = manager.post(url, {"from": "attention"})

    assert answer["Location"] == PAGE
    assert account_of(ana).invitation == "wanted"


def test_a_set_up_fault_is_for_an_administrator(state: TenantState) -> None:
    manager, admin = signed_in("manager")[0], signed_in("admin")[0]
    ana = make_employee(auth_method="auth0")
    needs(ana, error_code="insufficient_scope")

    assert "Show to an administrator" in text(manager.get(PAGE))
    assert "Look step by step" in text(admin.get(PAGE))


def test_a_deleted_row_is_taken_off_by_who_has_read_it(state: TenantState) -> None:
    Account.objects.create(pk=987654, attention=Attention.ROW_GONE, attention_at=Now())
    manager, finance = signed_in("manager")[0], signed_in("finance")[0]
    url = reverse("admin:auth0sync_seen", args=[987654])
    assert "Number 987654" in text(manager.get(PAGE))
    assert "Take off the list: You can&#x27;t take this off the list" in text(finance.get(PAGE))
    assert finance.post(url).status_code == 403

    for _ in range(2):  # a double click
        assert manager.post(url)["Location"] == PAGE

    assert Account.objects.get(pk=987654).attention is None
    assert "needs you" in text(manager.get(PAGE))


def test_nobody_on_the_list_is_said_and_no_number_stands_in_the_menu(state: TenantState) -> None:
    manager, _ = signed_in("manager", auth0_sync_status="verified")

    page = manager.get(PAGE)

    assert "Nobody’s account needs you." in text(page)
    items = {item["title"]: item for item in page.context["sidebar_navigation"][0]["items"]}
    assert "badge" not in items["Needs attention"]


def test_the_start_page_and_the_menu_say_how_many(state: TenantState) -> None:
    manager, _ = signed_in("manager", auth0_sync_status="verified")
    needs(make_employee())

    page = manager.get(reverse("admin:index"))

    tile = {tile.what: tile for tile in page.context["tiles"]}["need attention"]
    assert (tile.count, tile.url) == (1, PAGE)
    items = {item["title"]: item for item in page.context["sidebar_navigation"][0]["items"]}
    assert items["Needs attention"]["badge"] == "1"


def test_the_persons_page_says_the_same(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    ana = make_employee(auth_method="auth0")
    needs(ana, error_code="not_kept", error="Auth0 didn't keep what was sent.")

    page = text(manager.get(reverse("admin:employees_employee_change", args=[ana.pk])))

    assert "Auth0 didn&#x27;t keep what was sent." in page
    assert reverse("admin:auth0sync_retry", args=[ana.pk]) in page


# Try again


def test_trying_again_says_first_what_it_does_and_then_does_it_once(
    tenant: RunningTenant,
) -> None:
    manager, _ = signed_in("manager")
    ana = add("none")
    sync(ana.pk)
    by_sql(ana, name="Ana Ortiz")
    refuse_changes(tenant, 400, times=1)
    sync(ana.pk)
    retry = reverse("admin:auth0sync_retry", args=[ana.pk])
    before = account_of(ana)

    page = text(manager.get(retry))
    assert "Update name, last name, full name" in page
    assert account_of(ana).due_seq == before.due_seq, "looking changes nothing"

    for _ in range(2):
        url = reverse("admin:auth0sync_sync_now", args=[ana.pk])
        assert manager.post(url, {"from": "attention"})["Location"] == PAGE
    assert "It is being tried already." in text(manager.get(retry))
    sync(ana.pk)

    assert why(ana) is None
    assert tenant.users()[0]["name"] == "Ana Ortiz"


def test_what_would_fail_again_is_said_beforehand(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana = add("none")
    by_sql(ana, auth0_role="wizard")
    sync(ana.pk)
    admin, _ = signed_in("admin")

    page = text(admin.get(reverse("admin:auth0sync_retry", args=[ana.pk])))

    assert "Nothing, until this has changed" in page


def test_trying_again_with_nothing_to_do_says_so(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana = add("none")
    sync(ana.pk)

    assert "Nothing differs, as last seen" in text(
        manager.get(reverse("admin:auth0sync_retry", args=[ana.pk]))
    )


def test_who_may_not_change_people_may_not_try_again(state: TenantState) -> None:
    ana = add(department="Packing", workspace="MS")
    retry = reverse("admin:auth0sync_retry", args=[ana.pk])

    assert signed_in("finance")[0].get(retry).status_code == 403
    assert team_lead()[0].get(retry).status_code == 404
