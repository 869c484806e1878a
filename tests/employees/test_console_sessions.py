"""Where people are signed in to the console, and how that ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from employees import console_sessions, services
from employees.authority import Actor, program
from employees.browsers import browser_of
from employees.console_sessions import (
    USED_AT,
    end_sessions_of,
    end_sessions_of_shut_out,
    forget_ended,
    has_sessions,
    living,
    note_use,
    sign_out,
    sign_out_elsewhere,
    sign_out_person,
)
from employees.errors import NotAllowed
from employees.models import Change, ConsoleSession, Employee
from tests.signed_in import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PAGE = "/admin/employees/employee/"
JSON = {"Accept": "application/json"}
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
BY = program("test")


def browsing(role: str = "manager", **over: Any) -> tuple[Client, Employee]:
    """A browser that was just used, and who is signed in with it."""
    browser, person = signed_in(role, **over)
    use(browser)
    return browser, person


def use(browser: Client, minutes_ago: float | None = None, **more: Any) -> None:
    """Ask for a page in a session that was last used so long ago; None is the first time."""
    session = browser.session
    session.pop(USED_AT)
    if minutes_ago is not None:
        session[USED_AT] = int(timezone.now().timestamp() - minutes_ago * 60)
    session.save()
    browser.get(PAGE, **more)


def left_unused(browser: Client, minutes: float) -> None:
    """As if nobody had touched this browser for so long."""
    session = browser.session
    session[USED_AT] -= round(minutes * 60)
    session.save()
    ConsoleSession.objects.filter(session_key=session.session_key).update(
        seen_at=timezone.now() - timedelta(minutes=minutes)
    )


def noted(browser: Client) -> ConsoleSession:
    return ConsoleSession.objects.get(session_key=browser.session.session_key)


def is_in(browser: Client) -> bool:
    return bool(browser.get(PAGE).status_code == 200)


def said(browser: Client, page: str = PAGE) -> str:
    """The text of the page at which the browser ends up."""
    return " ".join(browser.get(page, follow=True).content.decode().split())


# --- What is noted ---


def test_a_use_says_who_when_from_where_and_with_what() -> None:
    browser, _ = signed_in("manager")
    use(browser, headers={"User-Agent": CHROME, "X-Forwarded-For": "203.0.113.7"})

    note = noted(browser)
    assert note.user_id == int(browser.session["_auth_user_id"])
    assert (note.address, note.browser) == ("203.0.113.7", "Chrome on Windows")
    assert timezone.now() - note.started_at < timedelta(minutes=1)
    assert note.seen_at == note.started_at


def test_a_use_is_written_down_at_most_once_a_minute() -> None:
    browser, _ = browsing()
    first = noted(browser).seen_at

    with CaptureQueriesContext(connection) as queries:
        browser.get(PAGE)
    assert not [q for q in queries if not q["sql"].lstrip().startswith("SELECT")]

    use(browser, minutes_ago=1.1)
    assert noted(browser).seen_at > first
    assert ConsoleSession.objects.count() == 1


def test_two_first_requests_at_once_write_one_note(monkeypatch: pytest.MonkeyPatch) -> None:
    browser, _ = browsing()
    session = browser.session
    del session[USED_AT]
    monkeypatch.setattr(QuerySet, "update", lambda *a, **columns: 0)  # the other isn't there yet

    note_use(session, int(session["_auth_user_id"]), "203.0.113.7", "")

    assert ConsoleSession.objects.count() == 1


def test_a_visitor_who_is_not_signed_in_is_not_noted(client: Client) -> None:
    client.get(PAGE)

    assert not ConsoleSession.objects.exists()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/1 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/142.0 Mobile Safari/537", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("Windows", "Windows"),
        ("<script>", ""),
        ("x" * 500, "x" * 60),
        ("", ""),
    ],
)
def test_a_browser_in_short_words(agent: str, words: str) -> None:
    assert browser_of(agent) == words


# --- Unused ---


def test_a_session_that_nobody_used_for_an_hour_ends_and_says_so_and_leads_back() -> None:
    browser, person = browsing()
    left_unused(browser, 60)
    assert not has_sessions(person.pk)

    answer = browser.get(f"{PAGE}?q=ana", follow=True)

    assert "wasn’t used for 60 minutes" in answer.content.decode()
    assert answer.redirect_chain[-1][0] == f"/login/?next={quote(f'{PAGE}?q=ana', safe='')}"
    assert not Session.objects.exists()


def test_one_that_was_used_within_the_hour_goes_on() -> None:
    browser, person = browsing()
    left_unused(browser, 59)

    assert has_sessions(person.pk)
    assert is_in(browser)
    assert timezone.now() - noted(browser).seen_at < timedelta(minutes=1)


def test_how_long_is_a_setting(settings: Settings) -> None:
    settings.SESSION_IDLE_MINUTES = 10
    browser, _ = browsing()
    left_unused(browser, 10)

    assert "wasn’t used for 10 minutes" in said(browser)


def test_a_script_that_only_looks_is_no_use() -> None:
    browser, _ = browsing()
    left_unused(browser, 30)

    assert browser.get(f"{PAGE}signed-in/", headers=JSON).status_code == 200

    assert timezone.now() - noted(browser).seen_at > timedelta(minutes=29)


def test_and_is_told_in_json_when_the_session_has_ended_and_the_person_later() -> None:
    browser, _ = browsing()
    left_unused(browser, 61)

    answer = browser.get(f"{PAGE}signed-in/", headers=JSON)

    assert answer.status_code == 401
    assert "wasn’t used for 60 minutes" in answer.json()["error"]
    assert "wasn’t used for 60 minutes" in said(browser)


def test_a_form_that_is_sent_is_a_use() -> None:
    browser, _ = browsing()
    left_unused(browser, 30)

    browser.post(f"{PAGE}rehire/", {"name": "Ana"}, headers=JSON)

    assert timezone.now() - noted(browser).seen_at < timedelta(minutes=1)


def test_a_page_that_fails_is_no_use_since_its_session_is_not_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser, _ = browsing()
    browser.raise_request_exception = False
    left_unused(browser, 30)
    before = noted(browser).seen_at
    monkeypatch.setattr("employees.admin_readiness.not_ready", Mock(side_effect=ValueError))

    assert browser.get(f"{PAGE}cannot-work/").status_code == 500

    assert noted(browser).seen_at == before


# --- Ended ---


def test_all_sessions_of_a_person_end_and_nobody_elses() -> None:
    first, ana = browsing()
    second = Client()
    second.force_login(User.objects.get())
    use(second)
    other, ben = browsing()

    assert end_sessions_of(ana.pk) == 2

    assert not has_sessions(ana.pk)
    assert has_sessions(ben.pk)
    assert "You were signed out, by an administrator" in said(first)
    assert not is_in(second)
    assert is_in(other)
    assert end_sessions_of(ana.pk) == 0


def test_a_session_whose_twelve_hours_are_over_is_none() -> None:
    browser, person = browsing()
    Session.objects.update(expire_date=timezone.now())

    assert not has_sessions(person.pk)


def test_whoever_was_signed_out_is_told_once() -> None:
    browser, ana = browsing()
    end_sessions_of(ana.pk)
    said(browser)

    assert "You were signed out" not in said(browser)


def test_a_cookie_that_means_nothing_is_not_commented() -> None:
    browser = Client()
    browser.cookies["sessionid"] = "a" * 32

    assert "You were signed out" not in said(browser)


@pytest.mark.parametrize(
    "shut_out",
    [
        lambda pk: services.deactivate(pk, BY),
        lambda pk: services.archive(pk, BY),
        lambda pk: services.change_employee(pk, {"auth_method": "pin"}, BY),
    ],
)
def test_whoever_is_shut_out_has_no_session_left_and_reads_why(
    shut_out: Callable[[int], object],
) -> None:
    browser, person = browsing("finance")

    shut_out(person.pk)

    assert not Session.objects.exists()
    answer = browser.get(PAGE)
    assert answer.status_code == 403
    title = "You sign in at the kiosk" if Employee.objects.get().is_active else "access has ended"
    assert title in answer.content.decode()


def test_a_change_that_leaves_the_way_in_ends_nothing() -> None:
    browser, person = browsing("finance")

    services.change_employee(person.pk, {"auth_method": "hybrid", "name": "Ana Two"}, BY)

    assert is_in(browser)


@pytest.mark.parametrize(
    "columns",
    [{"is_active": False}, {"archived_at": timezone.now()}, {"auth_method": "pin"}],
)
def test_sessions_of_people_who_were_shut_out_by_sql_are_found(columns: dict[str, Any]) -> None:
    _, ana = browsing()
    stays, _ = browsing()
    local = Client()
    local.force_login(User.objects.create_superuser("break-glass"))
    use(local)
    assert end_sessions_of_shut_out() == 0
    Employee.objects.filter(pk=ana.pk).update(**columns)

    assert end_sessions_of_shut_out() == 1

    assert is_in(stays)
    assert is_in(local)
    assert end_sessions_of_shut_out() == 0


def test_notes_are_kept_as_long_as_a_cookie_may_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_sessions, "AT_ONCE", 2)
    for hours in (11, 13, 14, 15):
        browser, _ = browsing()
        ConsoleSession.objects.filter(pk=noted(browser).pk).update(
            started_at=timezone.now() - timedelta(hours=hours)
        )

    assert [forget_ended() for _ in range(3)] == [2, 1, 0]
    assert ConsoleSession.objects.count() == 1


# --- By whom ---


def admin() -> Actor:
    return Actor(name="admin:1", role="admin")


def test_an_administrator_ends_one_session_and_it_stands_in_the_history() -> None:
    browser, ana = browsing()
    note = noted(browser)

    ended = sign_out(note.pk, admin())

    assert ended == note
    assert not living().exists()
    change = Change.objects.get(employee_id=ana.pk, action="console session ended")
    assert change.actor == "admin:1"
    assert str(browser.session.session_key) not in str(Change.objects.values())
    assert sign_out(note.pk, admin()) is None
    assert sign_out(0, admin()) is None


def test_or_all_of_a_person() -> None:
    browser, ana = browsing()

    assert sign_out_person(ana.pk, admin()) == 1

    assert not is_in(browser)
    assert sign_out_person(ana.pk, admin()) == 0
    assert Change.objects.filter(action="all console sessions ended").count() == 1


def test_the_local_administrators_session_has_no_history() -> None:
    local = Client()
    local.force_login(User.objects.create_superuser("break-glass"))
    use(local)

    assert sign_out(noted(local).pk, admin())

    assert not is_in(local)
    assert not Change.objects.filter(action="console session ended").exists()


@pytest.mark.parametrize("role", ["manager", "team_lead", "finance", "production_associate", ""])
def test_nobody_else_ends_sessions(role: str) -> None:
    browser, ana = browsing()
    actor = Actor(name="admin:9", role=role)

    with pytest.raises(NotAllowed):
        sign_out(noted(browser).pk, actor)
    with pytest.raises(NotAllowed):
        sign_out_person(ana.pk, actor)

    assert is_in(browser)


def test_everybody_ends_their_own_everywhere_else() -> None:
    here, ana = browsing("production_associate")
    there = Client()
    there.force_login(User.objects.get())
    use(there)
    other, _ = browsing()
    actor = Actor(name="admin:1", role="production_associate", employee_id=ana.pk)

    ended = sign_out_elsewhere(User.objects.first().pk, here.session.session_key, actor)  # type: ignore[union-attr]

    assert ended == 1
    assert not Session.objects.filter(pk=there.session.session_key).exists()
    assert Session.objects.filter(pk=here.session.session_key).exists()
    assert is_in(other)
    assert Change.objects.get(action="signed out everywhere else").employee_id == ana.pk
