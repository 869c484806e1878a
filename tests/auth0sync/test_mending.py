"""What a person settles: linking an account that stands in the way, taking the last change back."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from auth0sync.engine import sync
from auth0sync.mending import link, restore
from auth0sync.models import Account, TenantState
from employees.authority import Actor
from employees.errors import NotAllowed, UnknownEmployee
from employees.models import Change, Employee
from employees.services import change_employee, reactivate
from tests.auth0sync.people import account_of, add, by_sql, row_of
from tests.auth0sync.test_existing_accounts import existing
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.once


def page(name: str, employee: Employee) -> str:
    return reverse(f"admin:auth0sync_{name}", args=[employee.pk])


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


@pytest.fixture
def manager() -> Client:
    return signed_in("manager")[0]


@pytest.fixture
def ana(tenant: RunningTenant) -> Employee:
    """Her e-mail belongs to an account with which somebody has signed in."""
    tenant.login(existing(tenant, name="M. Novak"))
    employee = add("none")
    sync(employee.pk)
    assert account_of(employee).error_code == "email_taken"
    return employee


# Linking


def test_both_sides_are_shown_before_anything_happens(ana: Employee, manager: Client) -> None:
    before = account_of(ana)

    shown = text(manager.get(page("link", ana)))

    assert "M. Novak" in shown
    assert "Ana O&#x27;Brien Ortiz’s: link it" in shown
    assert re.search(r"Auth0’s side was read \d+ \w+ 20\d\d", shown)
    assert "replaced, since" not in shown, "somebody uses that password"
    assert "Ask Ana O&#x27;Brien Ortiz first." in shown, "anybody may have signed in with it"
    assert account_of(ana).due_seq == before.due_seq


def test_the_button_links_once_however_often_it_is_pressed(
    ana: Employee, manager: Client, tenant: RunningTenant
) -> None:
    assert account_of(ana).found
    user_id = tenant.users()[0]["user_id"]

    first = manager.post(page("link", ana), {"account": user_id}, follow=True)
    again = manager.post(page("link", ana), {"account": user_id}, follow=True)
    waiting = text(manager.get(page("link", ana)))
    sync(ana.pk)

    assert said(first) == ["The account is being linked."]
    assert said(again) == ["It is being done already."]
    assert "reload the page in a moment" in waiting
    assert row_of(ana).auth0_user_id == user_id
    assert account_of(ana).origin == "linked"
    assert account_of(ana).attention is None
    assert Change.objects.filter(employee_id=ana.pk, action="linked to an account").count() == 1


def test_an_account_that_nobody_used_gets_a_new_password_which_is_said(
    state: TenantState, manager: Client
) -> None:
    ana = make_employee(auth_method="auth0")
    found = {
        "user_id": "auth0|x",
        "email": "x@example.com",
        "name": "",
        "email_verified": False,
        "blocked": True,
        "created_at": "2024-03-01T09:00:00+00:00",
        "last_login": "",
        "logins_count": 0,
        "employee_id": None,
        "linkable": True,
    }
    Account.objects.create(pk=ana.pk, found=[found], error_code="email_taken", attention=2)

    shown = text(manager.get(page("link", ana)))

    assert "replaced, since whoever made the account may know it" in shown
    assert "Ask " not in shown, "nobody can go on with a password that is replaced"
    assert "1 Mar 2024" in shown
    assert ">blocked</td>" in shown


@pytest.mark.parametrize("is_known", [True, False])
def test_whose_account_it_is_is_said_and_it_can_not_be_linked(
    state: TenantState, manager: Client, is_known: bool
) -> None:
    novak = make_employee(name="Maya Novak", email="x@example.com", is_active=False)
    holder = novak.pk if is_known else 987654
    ana = make_employee(auth_method="auth0")
    found = {
        "user_id": "auth0|x",
        "email": "x@example.com",
        "name": "Maya Novak",
        "email_verified": True,
        "blocked": False,
        "created_at": "",
        "last_login": "2025-03-01T09:00:00+00:00",
        "logins_count": 3,
        "employee_id": holder,
        "linkable": False,
    }
    Account.objects.create(pk=ana.pk, found=[found], error_code="email_taken", attention=2)

    shown = text(manager.get(page("link", ana)))

    assert ("deactivated" if is_known else "marked as the account of employee 987654") in shown
    assert ("empty it on that page" in shown) == is_known
    assert "It can’t be linked" in shown
    assert "link it</button>" not in shown
    with pytest.raises(NotAllowed, match="can't be linked any more"):
        link(ana.pk, "auth0|x", boss())


def test_nothing_known_yet_offers_to_look_again(state: TenantState, manager: Client) -> None:
    ana = make_employee(auth_method="auth0")

    shown = text(manager.get(page("link", ana)))
    answer = manager.post(reverse("admin:auth0sync_sync_now", args=[ana.pk]), {"from": "link"})

    assert "Nothing is known of an account that stands in the way." in shown
    assert "Look again" in shown
    assert answer["Location"] == page("link", ana)
    assert account_of(ana).look_at is not None


def test_an_account_that_was_never_shown_is_refused(ana: Employee, manager: Client) -> None:
    answer = manager.post(page("link", ana), {"account": "auth0|another"}, follow=True)

    assert said(answer) == ["That account can't be linked any more: look again."]
    assert account_of(ana).link_to == ""


def test_who_may_not_change_the_sign_in_may_not_link(ana: Employee) -> None:
    Employee.objects.filter(pk=ana.pk).update(auth0_role="manager")
    equal, _ = signed_in("manager")

    shown = text(equal.get(page("link", ana)))

    assert "You can&#x27;t change how this person signs in" in shown
    assert "link it</button>" not in shown
    with pytest.raises(NotAllowed):
        link(ana.pk, "auth0|x", Actor(name="admin:9", role="manager"))


def test_who_has_no_row_can_not_be_linked(state: TenantState) -> None:
    with pytest.raises(UnknownEmployee):
        link(987654, "auth0|x", boss())


@pytest.mark.parametrize("name", ["link", "undo_change", "retry"])
def test_the_pages_are_for_those_who_may_change_this_person(state: TenantState, name: str) -> None:
    ana = make_employee(auth_method="auth0", department="Packing", workspace="MS")

    assert signed_in("finance")[0].get(page(name, ana)).status_code == 403
    assert team_lead()[0].get(page(name, ana)).status_code == 404
    assert Client().get(page(name, ana)).status_code == 302


# The way back


PERSON, LIST = "admin:employees_employee_change", reverse("admin:auth0sync_attention")


@pytest.mark.parametrize("name", ["link", "undo_change", "retry"])
def test_they_lead_back_to_where_one_came_from(
    state: TenantState, manager: Client, name: str
) -> None:
    ana = make_employee(auth_method="auth0")
    person = reverse(PERSON, args=[ana.pk])

    for origin, back in {
        "": person,
        "?from=attention": LIST,
        "?from=https://evil.example/": person,
        "?from=//evil.example": person,
    }.items():
        shown = manager.get(page(name, ana) + origin).content.decode()
        assert f'<a href="{back}">' in shown
        assert "evil.example" not in shown


def test_the_list_leads_there_and_the_person_s_own_page_too(ana: Employee, manager: Client) -> None:
    by_list, by_person = manager.get(LIST), manager.get(reverse(PERSON, args=[ana.pk]))

    assert f'href="{page("link", ana)}?from=attention"' in text(by_list)
    assert f'href="{page("link", ana)}"' in text(by_person)


@pytest.mark.parametrize("origin", ["", "attention"])
def test_trying_again_ends_where_one_came_from(
    state: TenantState, manager: Client, origin: str
) -> None:
    ana = make_employee(auth_method="auth0")
    form = text(manager.get(f"{page('retry', ana)}?from={origin}"))
    assert f'<input type="hidden" name="from" value="{origin}">' in form

    answer = manager.post(reverse("admin:auth0sync_sync_now", args=[ana.pk]), {"from": origin})

    assert answer["Location"] == (LIST if origin else reverse(PERSON, args=[ana.pk]))


def test_looking_again_keeps_the_way_back_to_the_list(ana: Employee, manager: Client) -> None:
    shown = text(manager.get(page("link", ana) + "?from=attention"))
    look = reverse("admin:auth0sync_sync_now", args=[ana.pk]) + "?from=attention"
    assert f'action="{look}"' in shown

    answer = manager.post(look, {"from": "link"})

    assert answer["Location"] == page("link", ana) + "?from=attention"


def test_a_refused_link_keeps_it_too(ana: Employee, manager: Client) -> None:
    url = page("link", ana) + "?from=attention"

    assert manager.post(url, {"account": "auth0|another"})["Location"] == url


# Undo


def test_the_last_change_is_shown_and_taken_back_once(
    tenant: RunningTenant, manager: Client
) -> None:
    ana = add("none")
    sync(ana.pk)
    change_employee(ana.pk, {"email": "other@example.com", "hire_date": "2025-02-03"}, boss())
    change = Change.objects.filter(employee_id=ana.pk).order_by("-id")[0]

    shown = text(manager.get(page("undo_change", ana)))
    first = manager.post(page("undo_change", ana), {"change": change.pk}, follow=True)
    again = manager.post(page("undo_change", ana), {"change": change.pk}, follow=True)

    assert "<del>other@example.com</del>" in shown
    assert "<ins>ana@example.com</ins>" in shown
    assert said(first) == ["The row is as it was before."]
    assert said(again) == ["There is nothing to undo any more."]
    assert (row_of(ana).email, row_of(ana).hire_date) == ("ana@example.com", None)
    assert account_of(ana).due_at is not None, "the account follows"


def test_a_number_that_no_change_can_have_undoes_nothing(
    tenant: RunningTenant, manager: Client
) -> None:
    ana = add("none")
    sync(ana.pk)

    answer = manager.post(page("undo_change", ana), {"change": "9" * 5_000}, follow=True)

    assert said(answer) == ["There is nothing to undo any more."]


def test_what_another_program_wrote_is_taken_back_too(tenant: RunningTenant) -> None:
    ana = add("none")
    by_sql(ana, auth0_role="wizard")
    sync(ana.pk)
    admin, _ = signed_in("admin")
    text(admin.get(page("undo_change", ana)))
    change = Change.objects.filter(employee_id=ana.pk).order_by("-id")[0]

    admin.post(page("undo_change", ana), {"change": change.pk})
    sync(ana.pk)

    assert row_of(ana).auth0_role == "production_associate"
    assert account_of(ana).attention is None


def test_the_way_of_inviting_comes_back_as_well(state: TenantState) -> None:
    ana = add("work")
    change_employee(ana.pk, {}, boss(), "none")
    change = Change.objects.filter(employee_id=ana.pk).order_by("-id")[0]

    assert restore(ana.pk, change.pk, boss())
    last = Change.objects.filter(employee_id=ana.pk).order_by("-id")[0]
    assert last.changes == {"invitation": ["none", "work"]}


def test_somebody_whom_another_program_added_is_archived_instead(
    state: TenantState, manager: Client
) -> None:
    ana = make_employee()

    shown = text(manager.get(page("undo_change", ana)))

    assert "The row has to stay. This person wasn’t added in the console." in shown
    assert reverse("admin:employees_employee_archive", args=[ana.pk]) in shown


def test_what_is_no_change_of_the_form_has_no_undo_here(
    state: TenantState, manager: Client
) -> None:
    ana = add()
    by_sql(ana, is_active=False)
    switched_off = text(manager.get(page("undo_change", ana)))
    reactivate(ana.pk, boss())
    back_again = text(manager.get(page("undo_change", ana)))

    answer = manager.post(page("undo_change", ana), {"change": "x"}, follow=True)

    assert "There is nothing to undo" in switched_off
    assert "There is nothing to undo" in back_again
    assert 'name="change"' not in back_again
    assert said(answer) == ["There is nothing to undo any more."]


def test_an_undo_that_is_refused_says_why_before_and_after(state: TenantState) -> None:
    ana = add()
    change_employee(ana.pk, {"email": "other@example.com"}, boss())
    Employee.objects.filter(pk=ana.pk).update(auth0_role="manager")
    change_employee(ana.pk, {"email": "third@example.com"}, boss())
    equal, _ = signed_in("manager")
    change = Change.objects.filter(employee_id=ana.pk).order_by("-id")[0]

    shown = text(equal.get(page("undo_change", ana)))
    answer = equal.post(page("undo_change", ana), {"change": change.pk}, follow=True)

    assert "You can&#x27;t change how this person signs in" in shown
    assert "You can't change how this person signs in" in said(answer)[0]
    assert row_of(ana).email == "third@example.com"


def test_nobody_without_a_row_has_an_undo(state: TenantState) -> None:
    with pytest.raises(UnknownEmployee):
        restore(987654, 1, boss())
