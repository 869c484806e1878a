"""The admin as a whole: menu, search and start page, each only with what somebody may open."""

import re
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from employees.authority import Actor
from employees.models import Employee
from employees.services import add_employee, change_employee, remove_addition
from tests.builders import make_employee
from tests.employees.histories import known
from tests.signed_in import signed_in, team_lead

HOME = reverse("admin:index")
SEARCH = reverse("admin:search")

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def menu(browser: Client) -> list[str]:
    groups = browser.get(HOME).context["sidebar_navigation"]
    return [item["title"] for group in groups for item in group["items"]]


def found(browser: Client, term: str) -> list[str]:
    answer = browser.get(SEARCH, {"s": term, "extended": "1"})
    return [result.title for result in answer.context["results"]]


PEOPLE = [
    "People",
    "Who can’t work today",
    "Ready by the first day",
    "To be reviewed",
    "Joining and leaving",
    "Needs attention",
]
OUTSIDE = "Changed outside the console"
CHANGING = [*PEOPLE[:5], "Give accounts", *PEOPLE[5:]]
ADDING = ["People", "Add a person", "Import people", *CHANGING[1:]]
POD = "Who PodFactory finds"
PROGRAMS = [OUTSIDE, "Jobs", POD, "PodFactory names"]
RECORDS = ["Sync log", *PROGRAMS]
SHEET = "Balance sheet"
OF_AUTH0 = ["Sync log", "Events in Auth0", "Health", "Link to Auth0"]
LINK = [SHEET, "Held changes", "Import jobs", *OF_AUTH0]
FOR_ADMINISTRATORS = [*LINK, *PROGRAMS, "Kiosks", "Who is signed in", "Alerts"]


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        ("team_lead", [*CHANGING, SHEET, OUTSIDE, POD]),
        ("finance", [*PEOPLE, SHEET, *RECORDS]),
        ("manager", [*ADDING, SHEET, *RECORDS]),
        ("admin", [*ADDING, *FOR_ADMINISTRATORS]),
    ],
)
def test_the_menu_holds_what_a_role_may_open(role: str, titles: list[str]) -> None:
    browser, _ = signed_in(role, department="Picking", workspace="MS")

    assert menu(browser) == titles
    for group in browser.get(HOME).context["sidebar_navigation"]:
        for item in group["items"]:
            assert browser.get(item["link"]).status_code == 200


def test_users_and_groups_are_for_the_break_glass_administrator(client: Client) -> None:
    client.force_login(User.objects.create_superuser("break-glass"))

    assert menu(client)[-2:] == ["Sign-ins", "Groups"]
    for name in ("user_changelist", "user_add", "group_changelist", "group_add"):
        assert client.get(reverse(f"admin:auth_{name}")).status_code == 200


def test_the_menu_marks_where_somebody_is(client: Client) -> None:
    browser, person = signed_in("manager")
    page = reverse("admin:employees_employee_change", args=[person.pk])

    def active(url: str) -> list[str]:
        groups = browser.get(url).context["sidebar_navigation"]
        return [item["title"] for group in groups for item in group["items"] if item["active"]]

    assert active(reverse("admin:employees_employee_cannot_work")) == ["Who can’t work today"]
    assert active(reverse("admin:employees_employee_add")) == ["Add a person"]
    assert active(page) == ["People"]


def test_the_menu_counts_who_can_not_work() -> None:
    browser, _ = signed_in("manager", auth0_sync_status="verified")
    make_employee(auth_method="pin")

    items = browser.get(HOME).context["sidebar_navigation"][0]["items"]

    (item,) = [each for each in items if each["title"] == "Who can’t work today"]
    assert item["badge"] == "1"


def test_search_finds_people_by_name_number_and_pages_by_title() -> None:
    browser, manager = signed_in("manager", name="Mia Manager")
    ana = make_employee(name="Ana Ortiz")

    assert found(browser, "ortiz") == [str(ana)]
    assert str(ana) in found(browser, str(ana.pk))
    assert found(browser, "SYNC") == ["Sync log"]
    assert found(browser, "zzz") == []
    assert browser.get(SEARCH).content == b""


def test_search_holds_only_who_is_in_sight_also_a_moment_later() -> None:
    lead, person = team_lead(name="Lea Lead")
    make_employee(name="Ana Mine", department="Picking", workspace="MS")
    make_employee(name="Ana Other", department="Packing", workspace="MS")

    assert [title.split(" (")[0] for title in found(lead, "ana")] == ["Ana Mine"]

    Employee.objects.filter(pk=person.pk).update(department="Packing")
    assert [title.split(" (")[0] for title in found(lead, "ana")] == ["Ana Other"]


def test_search_shows_the_newest_of_many() -> None:
    browser, _ = signed_in("manager", name="Mia Manager")
    people = [make_employee(name="Ana Many") for _ in range(25)]

    titles = found(browser, "many")

    assert titles == [str(person) for person in reversed(people[5:])]


def test_search_shows_whoever_has_the_number_however_many_e_mails_hold_it() -> None:
    browser, manager = signed_in("manager", name="Mia Manager")
    for number in range(25):
        make_employee(email=f"another.{manager.pk}.{number}@example.com")

    assert found(browser, str(manager.pk))[0] == str(manager)
    assert found(browser, "9" * 5_000) == []


def test_search_is_closed_to_strangers(client: Client) -> None:
    assert client.get(SEARCH, {"s": "ana"}).status_code == 302


@pytest.mark.parametrize("app", ["employees", "auth0sync"])
def test_the_way_back_above_a_page_leads_somewhere(app: str) -> None:
    browser, _ = signed_in("manager")
    assert browser.get(reverse("admin:app_list", args=[app])).status_code == 200


# The start page


def test_a_manager_starts_with_what_is_to_do() -> None:
    browser, _ = signed_in("manager", auth0_sync_status="verified")
    make_employee(auth_method="pin")

    page = browser.get(HOME)

    tiles = {tile.what: tile.count for tile in page.context["tiles"]}
    assert tiles["can’t work today"] == 1
    assert list(tiles) == [
        "can’t work today",
        "not ready to start",
        "wait for Auth0",
        "need attention",
        "to be reviewed",
    ]
    assert b"Add a person</a>" in page.content


def test_the_latest_changes_are_those_of_people_in_sight() -> None:
    lead, _ = team_lead()
    mine = known(name="Ana Mine", department="Picking", workspace="MS")
    other = known(name="Ana Other", department="Packing", workspace="MS")
    asker = Actor(name="console", is_program=True)
    for person in (mine, other):
        change_employee(person.pk, {"phone_number": "1"}, asker)

    lines: list[Any] = lead.get(HOME).context["lines"]

    assert [(line.person, line.action, line.by) for line in lines] == [
        (str(mine), "changed", "by a command")
    ]

    with mock.patch("identity_console.start.LOOKED_AT", 1):  # the last one is somebody else's
        assert lead.get(HOME).context["lines"] == []


def test_somebody_who_was_removed_again_stays_among_the_latest_changes() -> None:
    manager = signed_in("manager")[0]
    actor = Actor(name="admin:1", role="admin")
    ana = add_employee({"name": "Ana Ortiz", "auth_method": "pin"}, "work", actor)
    remove_addition(ana.pk, actor)

    removed: Any = manager.get(HOME).context["lines"][0]
    page = manager.get(removed.url).content.decode()

    assert (removed.person, removed.action) == (f"Number {ana.pk}", "removed")
    assert f"The row of number {ana.pk} is gone: removed by" in page


def test_who_may_not_add_people_is_not_asked_to() -> None:
    for role in ("finance", "team_lead"):
        browser, _ = signed_in(role, department="Picking", workspace="MS")
        assert b"Add a person" not in browser.get(HOME).content


def test_a_stray_user_finds_nothing_and_is_told_so(client: Client) -> None:
    client.force_login(User.objects.create_user("stray", is_staff=True))
    page = client.get(HOME)
    assert b"nothing here that you may see" in page.content
    assert menu(client) == []


def test_the_start_page_asks_as_often_for_many_people_as_for_few(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    browser, _ = signed_in("manager")
    for people in (1, 20):
        for _ in range(people):
            person = make_employee()
            change_employee(person.pk, {"phone_number": "2"}, Actor(name="x", is_program=True))
        with django_assert_num_queries(24):
            browser.get(HOME)


def test_the_way_out_is_a_form(client: Client) -> None:
    browser, _ = signed_in("manager")
    text = browser.get(HOME).content.decode()
    assert '<form id="logout-form" method="post"' in text
    assert 'href="/"' in text


@pytest.mark.parametrize("page", ["deactivate", "random_pin", "history", "undo-change", "steps"])
def test_a_page_about_somebody_has_one_first_heading_which_names_it(page: str) -> None:
    browser, _ = signed_in("admin")
    person = make_employee(name="Ada Quill")

    text = browser.get(f"/admin/employees/employee/{person.pk}/{page}/").content.decode()

    (heading,) = re.findall(r"<h1.*?</h1>", text, re.DOTALL)
    assert text[text.index("<title>") + 7 : text.index(" | ")].strip() in heading
