"""The page "Health": the doctor's last look, which a worker makes, and what is known at once."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from pytest_django import Settings
from redis import ConnectionError as RedisAway

from auth0sync import health
from auth0sync.models import Heartbeat, Look, TenantState
from employees.authority import Actor
from employees.errors import NotAllowed
from tests.builders import boss
from tests.signed_in import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PAGE, LOOK, PROGRESS = (
    reverse(name) for name in ("auth0_health", "auth0_health_look", "auth0_health_progress")
)


@pytest.fixture
def browser(state: TenantState, settings: Settings) -> Client:
    settings.AUTH0_DOMAIN = ""
    settings.ALERT_EMAILS = []
    Heartbeat.objects.create(name="one", beaten_at=Now())
    return signed_in("admin", name="Ana Admin")[0]


def text_of(browser: Client) -> str:
    return " ".join(browser.get(PAGE).content.decode().split())


def press(browser: Client) -> str:
    return " ".join(browser.post(LOOK, follow=True).content.decode().split())


def test_before_the_first_look_it_says_so_and_what_is_known_at_once(browser: Client) -> None:
    page = text_of(browser)

    assert "Never looked" in page
    assert "Auth0 isn&#x27;t configured (AUTH0_DOMAIN)" in page
    assert "Nobody waits." in page
    assert "No worker" not in page


def test_without_a_worker_the_page_says_so_by_itself(browser: Client) -> None:
    Heartbeat.objects.all().delete()

    page = text_of(browser)
    assert page.count("No worker has shown a sign of life: is qcluster running?") == 1
    assert "No worker</span>" in page


def test_the_button_asks_once_a_worker_looks_and_the_page_shows_it(browser: Client) -> None:
    assert "The doctor looks." in press(browser)
    assert "The doctor is looking already." in press(browser)
    assert OrmQ.objects.count() == 1
    assert browser.get(PROGRESS).json() == {
        "words": "Waiting for a worker to look.",
        "percent": None,
    }
    assert f'data-balance="{PROGRESS}"' in text_of(browser)

    health.look()

    assert browser.get(PROGRESS).json()["words"] == ""
    page = text_of(browser)
    assert "to mend</span>" in page
    assert "Set ALERT_EMAILS or ALERT_WEBHOOK_URL." in page
    assert "last asked for by Ana Admin" in page
    assert page.index("ALERT_EMAILS") < page.index("is up to date")  # what is to be mended first
    assert "Look now" in page


def test_a_task_that_comes_twice_looks_once(browser: Client) -> None:
    assert import_string(health.TASK) is health.look
    health.look()
    assert not Look.objects.exists()
    health.want(boss())
    health.look()
    finished_at = Look.objects.get().finished_at
    assert str(Look.objects.get()) == f"the doctor's last look, {finished_at}"

    health.look()

    assert Look.objects.get().finished_at == finished_at
    assert health.want(boss())  # and it can be asked anew


def test_while_a_worker_looks_the_page_says_so(browser: Client) -> None:
    health.want(boss())
    Look.objects.update(began_at=Now())

    assert browser.get(PROGRESS).json()["words"] == "The doctor is looking."


def test_a_look_that_no_worker_ended_is_said_and_can_be_asked_for_again(browser: Client) -> None:
    health.want(boss())
    Look.objects.update(asked_at=Now() - timedelta(minutes=3))

    page = text_of(browser)
    assert "no worker has answered" in page
    assert "Look now" in page

    assert health.want(boss())


def test_where_the_queue_is_away_it_says_what_to_do(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(task: str) -> None:
        raise RedisAway

    monkeypatch.setattr(health, "async_task", refuse)

    assert "The queue can&#x27;t be reached" in press(browser)
    assert "Look now" in text_of(browser)


def test_whoever_comes_to_the_button_without_pressing_it_does_nothing(browser: Client) -> None:
    answer = browser.get(LOOK, follow=True)

    assert "Nothing was done" in answer.content.decode()
    assert not Look.objects.exists()


def test_only_administrators_see_it_or_may_ask(state: TenantState) -> None:
    manager = signed_in("manager")[0]

    assert [manager.get(page).status_code for page in (PAGE, PROGRESS)] == [403, 403]
    assert manager.post(LOOK).status_code == 403
    with pytest.raises(NotAllowed):
        health.want(Actor(name="somebody"))
