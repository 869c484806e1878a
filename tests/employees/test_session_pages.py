"""The page on which an administrator sees who is signed in, and ends it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from employees.console_sessions import USED_AT
from employees.models import Change, ConsoleSession, Employee
from tests.signed_in import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PAGE = reverse("admin:employees_employee_sessions")
PEOPLE = reverse("admin:employees_employee_changelist")


def used(browser: Client) -> ConsoleSession:
    """The note of this browser's session, after a first request."""
    session = browser.session
    session.pop(USED_AT)
    session.save()
    browser.get("/healthz", headers={"User-Agent": "Firefox on Linux"})
    return ConsoleSession.objects.get(session_key=session.session_key)


def person(role: str = "manager", **over: Any) -> tuple[Client, Employee, ConsoleSession]:
    """Somebody who is signed in."""
    browser, who = signed_in(role, **over)
    return browser, who, used(browser)


@pytest.fixture
def boss() -> Client:
    return person("admin", name="Ana Admin")[0]


def text_of(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


def end(session: ConsoleSession) -> str:
    return reverse("admin:employees_employee_end_session", args=[session.pk])


def end_all(who: Employee) -> str:
    return reverse("admin:employees_employee_end_sessions", args=[who.pk])


def is_in(browser: Client) -> bool:
    return browser.get(PEOPLE).status_code == 200


def test_it_shows_who_from_where_and_with_what_and_which_is_ones_own(boss: Client) -> None:
    browser, _, _ = person(name="Ben Kettle")
    local = Client()
    local.force_login(User.objects.create_superuser("break-glass"))
    used(local)

    page = boss.get(PAGE)

    text = text_of(page)
    assert "Ben Kettle" in text
    assert "break-glassLocal administrator, by the emergency log-in" in text
    assert text.count("127.0.0.1 Firefox on Linux") == 3
    assert text.count("This browser: yours") == 1
    for each in (boss, browser, local):
        assert str(each.session.session_key) not in page.content.decode()


def test_a_button_ends_one_session_and_says_whose(boss: Client) -> None:
    browser, ben, note = person(name="Ben Kettle")

    answer = boss.post(end(note), follow=True)

    assert "Ben Kettle is signed out there." in text_of(answer)
    assert not is_in(browser)
    assert Change.objects.get(employee_id=ben.pk).action == "console session ended"
    assert "That was over already." in text_of(boss.post(end(note), follow=True))


def test_a_button_ends_all_sessions_of_a_person_who_has_several(boss: Client) -> None:
    browser, ben, _ = person(name="Ben Kettle")
    assert end_all(ben) not in boss.get(PAGE).content.decode()
    second = Client()
    second.force_login(User.objects.get(employee_link__employee=ben))
    used(second)
    assert "End all 2" in text_of(boss.get(PAGE))

    answer = boss.post(end_all(ben), follow=True)

    assert "signed out everywhere" in text_of(answer)
    assert not is_in(browser)
    assert not is_in(second)
    assert "signed out already" in text_of(boss.post(end_all(ben), follow=True))


def test_the_local_administrators_session_can_be_ended(boss: Client) -> None:
    local = Client()
    local.force_login(User.objects.create_superuser("break-glass"))

    assert "break-glass is signed out there." in text_of(boss.post(end(used(local)), follow=True))

    assert not is_in(local)


def test_an_address_alone_ends_nothing(boss: Client) -> None:
    browser, ben, note = person()

    for address in (end(note), end_all(ben)):
        assert "Nothing was done: press the button" in text_of(boss.get(address, follow=True))

    assert is_in(browser)


@pytest.mark.parametrize("role", ["manager", "finance", "team_lead"])
def test_it_is_closed_to_all_but_administrators(role: str) -> None:
    browser, _, _ = person(role, department="Picking", workspace="MS")
    victim, ben, note = person()

    assert browser.get(PAGE).status_code == 403
    for address in (end(note), end_all(ben)):
        assert browser.post(address).status_code == browser.get(address).status_code == 403

    assert is_in(victim)
    assert b"Who is signed in" not in browser.get("/admin/").content


def test_a_name_narrows_it(boss: Client) -> None:
    person(name="Ben Kettle")

    assert "Ben Kettle" in text_of(boss.get(f"{PAGE}?q=kett"))
    assert "Ana Admin" not in text_of(boss.get(f"{PAGE}?q=kett")).partition("Name")[2]
    assert "Nobody of that name is signed in." in text_of(boss.get(f"{PAGE}?q=nobody"))


def test_it_comes_in_pages_and_asks_as_often_for_many_as_for_few(
    boss: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(13):
        boss.get(PAGE)
    for _ in range(50):
        person()

    with django_assert_num_queries(13):
        page = boss.get(PAGE)

    assert "Page 1 of 2" in text_of(page)
    assert len(boss.get(f"{PAGE}?p=2").context["page"].object_list) == 1
