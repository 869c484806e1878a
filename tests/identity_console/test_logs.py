"""Every line has its fields and holds nothing secret, and one id follows a click."""

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import signals
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter
from django.views.defaults import server_error
from django_q.models import Task
from pytest_django import Settings

from auth0sync.due import mark_due
from auth0sync.models import Account
from employees import request_ids
from identity_console.error_reports import Reporter
from identity_console.logs import configuration, least_level
from tests.builders import make_employee

pytestmark = [pytest.mark.django_db, pytest.mark.once]

Lines = Callable[[], str]
TICKET = "https://tenant.example.com/lo/reset?ticket=kQ83hs"


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest) -> Iterator[tuple[logging.Logger, Lines]]:
    formatter = configuration(request.param)["formatters"]["line"]
    made = formatter.pop("()")(**formatter)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(made)
    logger = logging.getLogger(f"test.{request.param}")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, stream.getvalue
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    ("arguments", "is_terminal", "level"),
    [
        (["/srv/app/manage.py", "auth0_doctor"], True, "WARNING"),
        (["manage.py"], True, "WARNING"),
        (["manage.py", "auth0_doctor"], False, "INFO"),
        (["manage.py", "qcluster"], True, "INFO"),
        (["/srv/app/.venv/bin/gunicorn", "identity_console.wsgi"], True, "INFO"),
    ],
)
def test_only_what_is_wrong_is_shown_between_the_lines_of_a_command_at_a_terminal(
    arguments: list[str], is_terminal: bool, level: str
) -> None:
    assert least_level(arguments, is_terminal=is_terminal) == level


def test_a_line_has_its_fields_and_those_of_what_is_being_done(log: Any) -> None:
    logger, lines = log

    with request_ids.bound("r0123456789ab", employee_id=7):
        logger.info("call to Auth0", extra={"action": "read account", "request": object()})

    for text in ("call to Auth0", "r0123456789ab", "read account", "employee_id", "info"):
        assert text in lines()
    assert "object at" not in lines()  # what others put beside a line stays out of it
    if logger.name == "test.json":
        line = json.loads(lines())
        assert (line["employee_id"], line["logger"]) == (7, "test.json")


def test_a_traceback_holds_no_secret_and_stays_one_line_of_json(log: Any) -> None:
    logger, lines = log

    try:
        raise ValueError(f"{TICKET} for ada.quill@example.com, password=hunter2")
    except ValueError:
        logger.exception("A mail couldn't be sent to %s", "ada.quill@example.com")

    for secret in ("kQ83hs", "ada.quill", "hunter2"):
        assert secret not in lines()
    assert "a…@example.com" in lines().encode().decode(
        "unicode_escape" if "json" in logger.name else "utf-8"
    )
    assert "ValueError" in lines()
    if logger.name == "test.json":
        assert len(lines().splitlines()) == 1


def test_nobody_can_begin_a_line_or_colour_the_terminal(log: Any) -> None:
    logger, lines = log

    logger.warning("no user %s", "x\n2026-01-01 [error] forged\x1b[31m\r\u2028y")

    assert len(lines().splitlines()) == 1
    assert "\x1b" not in lines()


def test_a_broken_line_is_written_without_its_arguments(log: Any, capfd: Any) -> None:
    logger, lines = log

    logger.handlers[0].handle(logger.makeRecord("x", 40, "x", 1, "PIN %d of %s", ("4711",), None))

    assert "this line is broken" in lines()
    assert "4711" not in lines() + capfd.readouterr().err


def test_a_line_that_cant_even_be_named_is_not_lost(log: Any, capfd: Any) -> None:
    class Unwritable:
        def __str__(self) -> str:
            raise RuntimeError

    logger, lines = log

    logger.handlers[0].handle(logger.makeRecord("x", 40, "x", 1, Unwritable(), (), None))

    assert "Unwritable (this line is broken: RuntimeError)" in lines()
    assert not capfd.readouterr().err


# The id of a request


def test_a_trusted_proxys_id_is_taken_and_answered(client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "edge-0123456789"})

    assert answer["X-Request-ID"] == "edge-0123456789"


@pytest.mark.parametrize(
    ("given", "address"),
    [("edge-0123456789", "203.0.113.9"), ("x" * 65, "127.0.0.1"), ("a b\tcdefgh", "127.0.0.1")],
)
def test_any_other_id_is_replaced(client: Client, given: str, address: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given}, REMOTE_ADDR=address)

    assert answer["X-Request-ID"].startswith("r")
    assert len(answer["X-Request-ID"]) == 13


def test_a_request_is_one_line_without_what_stands_behind_the_question_mark(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(User.objects.create_superuser("break-glass"))
    with caplog.at_level("INFO", "identity_console.requests"):
        client.get("/nowhere/?code=s3cret")
        client.get("/healthz")

    lines = [each for each in caplog.records if each.name == "identity_console.requests"]
    assert [vars(each)["path"] for each in lines] == ["/nowhere/"]
    assert vars(lines[0])["status"] == 404
    assert "s3cret" not in repr([vars(each) for each in lines])


def test_the_page_of_a_fault_names_the_id() -> None:
    with request_ids.bound("r0123456789ab"):
        page = server_error(RequestFactory().get("/")).content.decode()

    assert "<strong>r0123456789ab</strong>" in page


def test_a_changed_employee_carries_the_id_of_the_request_that_changed_them() -> None:
    ada = make_employee(name="Ada Quill")
    with request_ids.bound("r0123456789ab"):
        mark_due([ada.pk], actor="test")
    with request_ids.bound("rba9876543210"):
        mark_due([ada.pk], actor="test")

    assert Account.objects.get(pk=ada.pk).request_id == "rba9876543210"


# What Django writes of faults


def report() -> Reporter:
    request = RequestFactory().post(
        "/kiosk/?code=c0de-s3cret",
        {"pin": "4711", "name": "Ada", "mail": "ada.quill@example.com"},
        headers={"Authorization": "Bearer h3ader-s3cret", "Cookie": "sessionid=c00kie-s3cret"},
    )
    pin, typed = "4711", {"note": TICKET, "new_pin": "4712"}
    try:
        try:
            raise KeyError("ada.quill@example.com")
        except KeyError as first:
            raise ValueError(f"token=t0ken-s3cret {len(pin) + len(typed)}") from first
    except ValueError as error:
        return Reporter(request, type(error), error, error.__traceback__)


@pytest.mark.parametrize("way", ["get_traceback_html", "get_traceback_text"])
@pytest.mark.parametrize("debug", [True, False])
def test_a_report_of_a_fault_holds_no_secret(settings: Settings, way: str, debug: bool) -> None:
    settings.DEBUG = debug
    made = report()
    if way.endswith("html"):  # the source is shown with DEBUG, and here the secrets stand in it
        made.get_traceback_frames = without_source(made)  # type: ignore[method-assign]

    text = getattr(made, way)()

    secrets = ["4711", "4712", "kQ83hs", "ada.quill", settings.SECRET_KEY]
    secrets += ["c0de-s3cret", "h3ader-s3cret", "c00kie-s3cret", "t0ken-s3cret"]
    assert [each for each in secrets if each in text] == []
    assert "ValueError" in text


def without_source(made: ExceptionReporter) -> Callable[[], list[dict[str, Any]]]:
    frames = made.get_traceback_frames()
    empty = {"pre_context": [], "context_line": "", "post_context": []}
    return lambda: [{**frame, **empty} for frame in frames]


def test_the_queue_keeps_no_secret_of_a_failed_task() -> None:
    task = Task(id="1", name="t", func="f", success=False, result=f"failed at {TICKET}")

    signals.pre_save.send(Task, instance=task)

    assert "kQ83hs" not in task.result
