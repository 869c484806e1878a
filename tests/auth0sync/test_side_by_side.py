"""The three-way view of one person, and the page that shows it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync.engine import sync
from auth0sync.models import Account, Comparison, Difference, TenantState
from auth0sync.side_by_side import Field, SideBySide, side_by_side
from auth0sync.three_way import Verdict
from auth0sync.value_words import said
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.people import add, by_sql
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in, team_lead

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PHONE = "user_metadata.phone_number"
DEPARTMENT = ("user_metadata.department", "app_metadata.department_code")


def field(found: SideBySide, name: str) -> Field:
    return next(each for each in [*found.plain, *found.others] if each.name == name)


def page_of(employee: Employee) -> str:
    return reverse("admin:auth0sync_three_way", args=[employee.pk])


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# What is beside what


def test_an_account_that_was_just_made_agrees_with_the_row(tenant: RunningTenant) -> None:
    ana = add(phone_number="+1 662 555 0100")
    sync(ana.pk)

    found = side_by_side(ana.pk)

    assert found.differences == []
    assert field(found, PHONE).auth0 == "+1 662 555 0100"
    assert {each.name for each in found.others} >= {"given_name", "app_metadata.role_code"}


def test_a_change_that_has_not_gone_out_yet_was_made_here_and_says_by_whom(
    tenant: RunningTenant,
) -> None:
    ana = add()
    sync(ana.pk)
    admin, person = signed_in("admin")
    change_employee(ana.pk, {"phone_number": "+1 662 555 0100"}, boss(person.user_link.pk))

    found = field(side_by_side(ana.pk), PHONE)

    assert (found.line.verdict, found.row, found.auth0) == (Verdict.HERE, "+1 662 555 0100", "")
    assert found.writer is not None
    assert (found.writer.who, found.writer.door) == (person.name, "in the console")
    assert "goes to Auth0 by itself" in found.why


def test_sql_of_a_second_ago_is_another_program_s(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    Employee.objects.filter(pk=ana.pk).update(department="Packing")

    found = side_by_side(ana.pk)

    moved, code = (field(found, each) for each in DEPARTMENT)
    assert moved.line.verdict == code.line.verdict == Verdict.HERE
    assert moved.writer is not None
    assert (moved.writer.who, moved.writer.door) == ("", "outside the console")
    assert code in found.plain, "what differs is never hidden"


def test_an_account_that_was_never_seen_differs_from_the_beginning(state: TenantState) -> None:
    ana = make_employee(auth_method="auth0")
    Account.objects.create(pk=ana.pk)

    found = side_by_side(ana.pk)

    assert found.is_alone
    assert field(found, "email").line.verdict == Verdict.NEVER_SEEN


def test_of_somebody_who_left_only_the_block_is_compared(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    deactivate(ana.pk, boss())

    (found,) = side_by_side(ana.pk).plain

    assert (found.name, found.row, found.auth0) == ("blocked", "yes", "no")


def test_nothing_is_compared_of_somebody_with_a_pin_alone(state: TenantState) -> None:
    assert side_by_side(make_employee(auth_method="pin").pk).plain == []


def test_a_row_that_cant_be_done_is_shown_with_the_reason(tenant: RunningTenant) -> None:
    ana = add(auth0_role="team_lead")
    sync(ana.pk)
    by_sql(ana, auth0_role="wizard")

    found = side_by_side(ana.pk)

    assert "none of" in found.refused
    role = field(found, "roles")
    assert (role.row, role.auth0) == ("wizard", "Team lead")


def test_two_rows_with_one_e_mail_are_shown_with_the_reason(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    other = make_employee(name="Other", auth_method="auth0")
    by_sql(other, email=" ANA@example.com")  # MariaDB takes only this for another

    found = side_by_side(ana.pk)

    assert f"also that of employee {other.pk}" in found.refused
    assert field(found, "email").row == "ana@example.com"


def test_the_role_isnt_compared_where_the_console_gives_none(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_ENABLE_ROLE_ASSIGNMENT = False
    ana = add()
    sync(ana.pk)

    assert "roles" not in [each.name for each in side_by_side(ana.pk).plain]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("roles", "team_lead", "Team lead"),
        ("roles", ["manager", "someone-elses"], "Manager, someone-elses"),
        ("roles", None, ""),
        ("app_metadata.workspace", "TX", "Texas"),
        ("app_metadata.workspace", "ZZ", "ZZ"),
        ("user_metadata.hire_date", "2024-03-01", "1 Mar 2024"),
        ("user_metadata.hire_date", "soon", "soon"),
        ("user_metadata.hire_date", None, ""),
        ("blocked", False, "no"),
    ],
)
def test_values_are_said_as_the_form_says_them(name: str, value: Any, words: str) -> None:
    assert said(name, value) == words


# The page


def test_the_page_says_what_differs_in_plain_words(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana = add(name="Ana <i>O'Brien</i>")
    sync(ana.pk)
    by_sql(ana, phone_number="+1 662 555 0100")

    answer = manager.get(page_of(ana))
    page = text(answer)

    assert "1 detail differs between the console and Auth0." in page
    assert "Phone number Changed here" in page
    assert "Outside the console" in page
    assert "<i>O'Brien" not in answer.content.decode()
    assert reverse("admin:auth0sync_steps", args=[ana.pk]) in answer.content.decode()


def test_the_page_says_that_there_is_no_account(state: TenantState) -> None:
    manager, _ = signed_in("manager")

    page = text(manager.get(page_of(make_employee(name="Ben Ash", auth_method="pin"))))

    assert "The console has seen no account of Ben Ash in Auth0." in page
    assert "Sync now: no account is wanted" in page


def test_the_page_says_that_both_sides_agree(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana = add()
    sync(ana.pk)

    assert "The console and Auth0 agree, as far as is known." in text(manager.get(page_of(ana)))


def test_sync_now_leads_back_to_the_page(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana = add()
    sync(ana.pk)

    url = reverse("admin:auth0sync_sync_now", args=[ana.pk])
    answer = manager.post(url, {"from": "three-way"})

    assert answer["Location"] == page_of(ana)


def test_out_of_sight_is_like_not_there(state: TenantState) -> None:
    lead, _ = team_lead()
    mine, other = (
        make_employee(department=each, workspace="MS") for each in ("Picking", "Packing")
    )

    assert lead.get(page_of(mine)).status_code == 200
    assert lead.get(page_of(other)).status_code == 404
    assert Client().get(page_of(mine)).status_code == 302
    associate, _ = signed_in("production_associate")
    assert associate.get(page_of(mine)).status_code in (302, 403)


def test_the_page_costs_a_few_queries(
    tenant: RunningTenant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    manager, _ = signed_in("manager")
    ana = add()
    sync(ana.pk)
    for number in range(30):
        change_employee(ana.pk, {"phone_number": f"+1 662 555 01{number:02}"}, boss())

    with django_assert_max_num_queries(30):
        manager.get(page_of(ana))


# The step view says the same, and leads here


def test_the_step_view_says_by_which_call_auth0_was_read(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana = add("none")
    sync(ana.pk)

    answer = manager.get(reverse("admin:auth0sync_steps", args=[ana.pk]))

    assert "by the call “give role”" in text(answer)
    assert page_of(ana) in answer.content.decode()


@pytest.mark.parametrize("differs", [False, True])
def test_the_step_view_says_that_the_comparison_has_looked_since(
    tenant: RunningTenant, differs: bool
) -> None:
    manager, _ = signed_in("manager")
    ana = add("none")
    sync(ana.pk)
    done = {"export_at": Now() + timedelta(minutes=1), "finished_at": Now()}
    Comparison.objects.create(state=Comparison.State.DONE, **done)
    if differs:
        Difference.objects.create(kind=Difference.Kind.DOUBLE, employee_id=ana.pk)

    page = text(manager.get(reverse("admin:auth0sync_steps", args=[ana.pk])))

    assert "The comparison has looked since" in page
    assert ("found something else" in page) is differs
    assert side_by_side(ana.pk).read_at is not None
