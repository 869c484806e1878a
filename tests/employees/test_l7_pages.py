"""Every address and every action, found by walking them, against the tables of ``l7_pages``."""

import logging
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth0sync.enrolling import Whom, begin
from auth0sync.enrolment import Choice
from auth0sync.models import Difference, ImportJob, StagedBatch, SyncLog, TenantEvent
from employees import services
from employees.authority import program
from employees.history import new_batch
from employees.mass.models import MassChange
from employees.models import Kiosk
from tests.builders import make_employee, make_mapping, make_role
from tests.employees import l7_walk
from tests.employees.l7_doors import admin_door
from tests.employees.l7_matrix import TABLE, WHAT, rows_of
from tests.employees.l7_pages import (
    GROUPS,
    PERSON,
    WHO,
    Page,
    actions,
    is_one_of,
    models,
    pages,
)
from tests.employees.l7_world import PLACE, World, undrawn, world_of

pytestmark = pytest.mark.django_db
SEEN = {(row.who, row.whom): row.cells["see"] == "yes" for row in rows_of(TABLE)}
REFUSED = {401, 403, 404, 405}
WRITES = ("INSERT", "UPDATE", "DELETE")
ASKED_WITH = {  # what an address needs to answer at all
    "admin/autocomplete/": "?app_label=employees&model_name=podfactorymapping&field_name=employee"
}


@dataclass(frozen=True)
class Answer:
    """What came back. wrote: whether a row of any table but that of sessions was written."""

    status: int
    location: str
    wrote: bool

    @property
    def is_let(self) -> bool:
        """Whether the view did its work, or said what is missing for that."""
        led_away = "next=" in self.location or self.location == reverse("admin:index")
        return self.status not in REFUSED and not led_away

    @property
    def is_shown(self) -> bool:
        """Whether there is a page."""
        return self.is_let and self.location == ""


class Visit:
    """Somebody's way through all addresses; whatever a request does is taken back after it."""

    def __init__(self, who: str) -> None:
        world = world_of("break_glass" if who == "anonymous" else who, False)
        self.world = replace(world, browser=Client()) if who == "anonymous" else world
        self.browser = self.world.browser
        self.browser.raise_request_exception = False
        self._cookies = deepcopy(self.browser.cookies)
        self._samples = samples_of(self.world)

    def ask(self, method: str, route: str, whom: str = "associate", data: Any = None) -> Answer:
        """GET or POST an address, about one of ``World.people``."""
        path = self.path_of(route, self.world.people[whom].pk)
        written: list[str] = []

        def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            done = execute(sql, params, many, context)
            is_write = sql.startswith(WRITES) and "django_session" not in sql
            if is_write and context["cursor"].rowcount > 0:
                written.append(sql)
            return done

        with transaction.atomic(), connection.execute_wrapper(watch), undrawn():
            answer: Any = getattr(self.browser, method)(path, data)
            transaction.set_rollback(True)
        self.browser.cookies = deepcopy(self._cookies)
        self.request = answer.wsgi_request
        return Answer(answer.status_code, answer.headers.get("Location", ""), bool(written))

    def path_of(self, route: str, person: int) -> str:
        """The address of this route, about this person or about a sample of the model."""
        path = "/" + route.replace("^", "").replace("$", "") + ASKED_WITH.get(route, "")
        for name in ("<int:employee_id>", "<path:object_id>" if route.startswith(PERSON) else ""):
            path = path.replace(name, str(person)) if name else path
        sample = next((key for start, key in self._samples.items() if route.startswith(start)), "1")
        path = path.replace("(?P<app_label>auth|employees|auth0sync)", "employees")
        return re.sub(r"<[^>]+>|\(\?P<url>\.\*\)", sample, path)


def samples_of(world: World) -> dict[str, str]:
    """Where an address begins → the key of something that is there, for its last part."""
    make_role("Picking")
    make_mapping(world.people["associate"])
    SyncLog.objects.create(action="create account", employee_id=world.people["associate"].pk)
    StagedBatch.objects.create()
    ImportJob.objects.create()
    TenantEvent.objects.create(log_id="9", type="s", at=timezone.now())
    Kiosk.objects.create(name="Line 3")
    MassChange.objects.create(kind="import", state="done", batch=new_batch())
    batch = new_batch()
    services.deactivate(make_employee(**PLACE).pk, program("l7_pages"), batch)
    enrolment = begin(Whom(), Choice(), world.actor, "Everybody")
    difference = Difference.objects.create(kind="stuck", employee_id=world.people["associate"].pk)
    found = {
        f"{PERSON}undo/": batch,
        f"{PERSON}enrolment/": str(enrolment.pk),
        f"{PERSON}balance/<": str(difference.pk),
    }
    for line in models():
        entry = apps.get_model(line["model"].replace("/", "."))._default_manager.first()
        if entry is not None:
            found[f"admin/{line['model']}/"] = str(entry.pk)
    return found


def wrong_about(page: Page, who: str, visit: Visit) -> Iterator[str]:
    """Where the console does otherwise than the rule says, as sentences."""
    whom_else = ["elsewhere"] if not SEEN.get((who, "elsewhere")) else []
    for whom in ["associate", *(whom_else if page.is_of_a_person else [])]:
        sees = not page.is_of_a_person or SEEN.get((who, whom), False)
        for method, word in (("get", page.get), ("post", page.post)):
            answer = visit.ask(method, page.route, whom)
            is_let = answer.is_shown if method == "get" else answer.is_let
            if is_let != (sees and is_one_of(who, word)):
                yield f"{method} {page.route} about {whom}: {answer}, but the rule says {word}"
            if not answer.is_let and answer.wrote:
                yield f"{method} {page.route} about {whom}: refused, and has written something"


@pytest.fixture(autouse=True)
def no_log_of_refusals(caplog: pytest.LogCaptureFixture) -> None:
    """Each refusal would be logged with a traceback, hundreds of them."""
    caplog.set_level(logging.CRITICAL, "django.request")


@pytest.mark.once
@pytest.mark.parametrize("who", WHO)
def test_every_page_is_open_to_whom_the_table_says_and_to_nobody_else(who: str) -> None:
    visit = Visit(who)
    rules = [page for page in pages() if "alike" not in (page.get, page.post)]

    wrong = [sentence for page in rules for sentence in wrong_about(page, who, visit)]

    assert not wrong, f"{who}:\n" + "\n".join(wrong)


@pytest.mark.once
def test_kiosk_and_programs_are_answered_alike_whoever_is_signed_in_at_the_console() -> None:
    rules = [page for page in pages() if "alike" in (page.get, page.post)]
    visit = Visit("break_glass")

    for page in rules:
        for method in ("get", "post"):
            signed_in = visit.ask(method, page.route)
            visit.browser.cookies.clear()
            assert visit.ask(method, page.route) == signed_in, f"{method} {page.route}"


def test_no_page_is_without_a_rule_and_no_rule_without_a_page() -> None:
    ruled = [page.route for page in pages()]

    assert not (missing := l7_walk.addresses() - set(ruled)), (
        f"Nobody has said who may reach {sorted(missing)}: add a line for each to PAGES (or "
        "MODELS) in tests/employees/l7_pages.py."
    )
    assert not (gone := set(ruled) - l7_walk.addresses()), (
        f"There is no such address any more: {sorted(gone)}: take out its line in "
        "tests/employees/l7_pages.py."
    )
    assert len(ruled) == len(set(ruled)), "An address has two rules."


def test_no_action_is_without_a_rule_and_no_rule_without_an_action() -> None:
    ruled = [(rule.model, rule.action) for rule in actions()]

    assert not (missing := l7_walk.actions() - set(ruled)), (
        f"Nobody has said who is offered {sorted(missing)}: add a line for each to ACTIONS in "
        "tests/employees/l7_pages.py."
    )
    assert not (gone := set(ruled) - l7_walk.actions()), f"There is no such action: {sorted(gone)}."
    assert {line["model"] for line in models()} == l7_walk.models()


@pytest.mark.once
@pytest.mark.parametrize("who", WHO)
def test_every_action_is_offered_to_whom_the_table_says_and_done_for_nobody_else(who: str) -> None:
    visit = Visit(who)
    somebody = visit.world.people["associate"].pk

    for model in sorted(l7_walk.models()):
        route = f"admin/{model}/"
        of_model = admin.site.get_model_admin(apps.get_model(model.replace("/", ".")))
        is_shown = visit.ask("get", route).is_shown
        offered = set(of_model.get_actions(visit.request)) if is_shown else set()
        for rule in (rule for rule in actions() if rule.model == model):
            assert (rule.action in offered) == is_one_of(who, rule.who), rule
            if rule.action not in offered:
                chosen = {"action": rule.action, "_selected_action": somebody}
                assert not visit.ask("post", route, data=chosen).wrote, rule


def test_the_words_of_the_tables_are_known() -> None:
    assert {page.whom for page in pages()} | {rule.whom for rule in actions()} <= {"-", *WHAT}
    words = {word for page in pages() for word in (page.get, page.post)}
    assert words | {rule.who for rule in actions()} <= set(GROUPS)


class Recording(Client):
    """A browser that remembers which addresses were posted to, and which actions were chosen."""

    posted: set[str]

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        if answer.wsgi_request.method == "POST":
            self.posted.add(answer.resolver_match.route)
            self.posted.add(answer.wsgi_request.POST.get("action", ""))
        return answer


@pytest.mark.once
def test_what_pages_and_actions_do_to_a_person_is_tried_at_the_door_of_the_matrix() -> None:
    world = world_of("break_glass", with_one_administrator=False)
    browser = Recording()
    browser.cookies = world.browser.cookies
    tried: dict[str, set[str]] = {}
    for what in WHAT:
        browser.posted = set()
        door = admin_door(replace(world, browser=browser), world.people["associate"], what)
        with undrawn():
            assert all(was_let for _attempt, was_let in door), what
        tried[what] = browser.posted

    for name, whom in [
        *((page.route, page.whom) for page in pages() if page.whom not in ("-", "see")),
        *((rule.action, rule.whom) for rule in actions() if rule.whom != "-"),
    ]:
        assert name in tried[whom], (
            f"{name} is said to do “{WHAT[whom]}”: have tests/employees/l7_doors.py try it there."
        )
