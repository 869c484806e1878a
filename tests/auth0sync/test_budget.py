"""The live budget: what goes out, what waits, and when it is finished."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync import pace
from auth0sync.budget import budget, duration
from auth0sync.models import Account, Heartbeat, Pause, SyncLog, TenantState
from auth0sync.rate import Group, Limits
from tests.signed_in import signed_in, team_lead

HOME = reverse("admin:index")
BEGAN = 1_000.0

pytestmark = pytest.mark.usefixtures("state")


def waits(number: int, **over: Any) -> None:
    start = Account.objects.count() + 1
    for pk in range(start, start + number):
        Account.objects.create(pk=pk, **{"due_seq": 1, "due_at": Now(), **over})


def paused(capability: str) -> None:
    Pause.objects.create(pk=capability, code="insufficient_scope", error="x", probe_at=Now())


def told(size: int, left: int) -> dict[str, str]:
    return {"x-ratelimit-limit": str(size), "x-ratelimit-remaining": str(left)}


def seconds_to_go() -> float:
    found = budget()
    assert found.finished_at is not None
    return (found.finished_at - found.now).total_seconds()


def test_when_nothing_waits_there_is_nothing_to_finish(state: TenantState) -> None:
    Account.objects.create(pk=1)

    found = budget()

    assert (found.people, found.calls, found.finished_at) == (0, 0, None)
    assert found.left is None, "Auth0 hasn't told"


def test_somebody_new_costs_an_account_a_role_and_a_link(settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    waits(60)
    assert (budget().people, budget().calls) == (60, 180)

    settings.MAIL_CONFIGURED = False
    assert budget().calls == 120


@pytest.mark.parametrize(
    ("over", "calls"),
    [
        ({"origin": "created"}, 1),
        ({"origin": "created", "priority": 0}, 4),
        ({"origin": "created", "invitation": "wanted"}, 2),
        ({"origin": "created", "look_at": Now() - timedelta(seconds=1)}, 3),
    ],
)
def test_a_change_a_leaver_a_mail_and_a_look_cost_what_they_take(
    settings: Settings, over: dict[str, Any], calls: int
) -> None:
    settings.MAIL_CONFIGURED = True
    waits(1, **over)

    assert budget().calls == calls


def test_on_a_free_plan_it_is_finished_at_two_calls_a_second(settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    pace.learn(Group.USER_WRITES, told(2, 1))
    waits(60)

    assert seconds_to_go() == pytest.approx(90, rel=0.1)


def test_before_anything_is_known_the_ceiling_counts(settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    settings.AUTH0_RATE_LIMIT = 10
    waits(60)

    assert seconds_to_go() == pytest.approx(18, rel=0.1)


def test_one_group_tells_the_plan_of_the_others() -> None:
    limits = Limits().answered(Group.USER_WRITES, 20, 19, BEGAN)

    end = limits.finished({Group.USER_WRITES: 60, Group.REST: 120}, BEGAN, 10.0)

    assert end - BEGAN == pytest.approx(45, rel=0.1), "150 a minute for the rest"


def test_a_group_that_was_called_is_counted_as_it_is_known() -> None:
    limits = Limits().answered(Group.USER_WRITES, 20, 19, BEGAN).refused(Group.REST, 10, BEGAN, 5)

    end = limits.finished({Group.REST: 30}, BEGAN, 10.0)

    assert end - BEGAN == pytest.approx(5 + 30 / 1.25, rel=0.1)


def test_a_plan_that_nobody_published_says_nothing_of_the_other_groups() -> None:
    limits = Limits().answered(Group.USER_WRITES, 7, 6, BEGAN)

    assert limits.finished({Group.REST: 30}, BEGAN, 10.0) == BEGAN + 3


def test_what_goes_out_is_counted_over_ten_seconds() -> None:
    for http_status, age_s in ((201, 1), (204, 2), (None, 3), (200, 60)):
        SyncLog.objects.create(
            action="x",
            status="success",
            response_data={"http_status": http_status},
            created_at=Now() - timedelta(seconds=age_s),
        )

    assert budget().used == 0.2


def test_who_waits_for_a_pause_is_counted_apart_and_costs_no_time() -> None:
    paused("update")
    waits(2, origin="created")
    waits(38, origin="created", waits_for="update")

    found = budget()

    assert (found.people, found.calls, found.paused) == (2, 2, 38)
    assert seconds_to_go() < 1


def test_a_pause_that_is_over_holds_nobody_up() -> None:
    waits(3, origin="created", waits_for="update")

    assert (budget().people, budget().paused) == (3, 0)


def test_without_a_token_everybody_waits_for_it() -> None:
    paused("token")
    waits(3, origin="created")

    found = budget()

    assert (found.people, found.calls, found.finished_at, found.paused) == (0, 0, None, 3)


def test_a_refused_person_who_waits_for_nothing_is_not_counted() -> None:
    paused("update")
    waits(1, origin="created", waits_for="update", done_seq=1)

    assert (budget().people, budget().paused) == (0, 0)


def test_it_costs_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):
        budget()


def test_the_start_page_shows_it_to_whoever_sees_everybody(settings: Settings) -> None:
    settings.AUTH0_DOMAIN, settings.MAIL_CONFIGURED = "tenant.example.com", True
    settings.AUTH0_RATE_LIMIT = 10.0
    waits(3)
    manager, _ = signed_in("manager")
    lead, _ = team_lead()

    page = manager.get(HOME).content.decode()

    assert "3 people, about 9 calls" in page
    assert "0 of at most 10 a second" in page
    assert "not known yet" in page
    assert "Calls to Auth0" not in lead.get(HOME).content.decode()


@pytest.mark.parametrize(
    ("others", "waiting", "finished"),
    [
        (0, "2 people until a pause ends", "when the pause ends"),
        (1, "1 person, about 1 call; 2 people until a pause ends", r"about .+, without those"),
    ],
)
def test_the_start_page_says_who_waits_for_a_pause(
    settings: Settings, others: int, waiting: str, finished: str
) -> None:
    settings.AUTH0_DOMAIN = "tenant.example.com"
    paused("update")
    waits(others, origin="created")
    waits(2, origin="created", waits_for="update")
    Heartbeat.objects.create(name="w", beaten_at=Now())
    manager, _ = signed_in("manager")

    page = manager.get(HOME).content.decode()

    assert f"<dt>Waiting</dt><dd>{waiting}</dd>" in page
    assert re.search(f"<dt>Finished</dt><dd>{finished}</dd>", page)


def test_without_a_worker_the_page_says_so_and_promises_no_time(settings: Settings) -> None:
    settings.AUTH0_DOMAIN = "tenant.example.com"
    waits(1)
    manager, _ = signed_in("manager")

    page = manager.get(HOME).content.decode()

    assert "<dt>Stands still</dt><dd>No worker has shown a sign of life: " in page
    assert "<dt>Finished</dt>" not in page


def test_while_nothing_may_go_out_the_page_says_why(settings: Settings) -> None:
    settings.AUTH0_DOMAIN, settings.AUTH0_SYNC_ENABLED = "tenant.example.com", False
    waits(1)
    manager, _ = signed_in("manager")

    assert "switched off" in manager.get(HOME).content.decode()


@pytest.mark.parametrize(("has_mail", "calls"), [(True, 60 + 170), (False, 40 + 120)])
def test_so_many_accounts_more_are_done_after_what_waits(
    settings: Settings, has_mail: bool, calls: int
) -> None:
    settings.MAIL_CONFIGURED, settings.AUTH0_RATE_LIMIT = has_mail, 10.0
    waits(20)

    assert duration(made=60, mailed=50).total_seconds() == pytest.approx(calls / 10, abs=1)
