"""The addresses of the alerts' webhook and of the watcher outside hold keys: they stand nowhere."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from pytest_django import Settings

from auth0sync import alert_channels
from auth0sync.alerts import alert
from auth0sync.bundle import bundle
from auth0sync.doctor import findings
from employees import redaction
from identity_console.error_reports import Reporter
from identity_console.logs import configuration
from tests.auth0sync.test_admin_alerts import text_of
from tests.devtenant.running import RunningTenant
from tests.ports import free_port
from tests.signed_in import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]

ROOT = Path(__file__).parents[2]
WEBHOOK_KEY, WATCHER_KEY = "services/T024/B17/planted-k3y", "planted-9e1c"


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> Iterator[None]:
    """Nobody listens there, so that all that can be said of an error is said."""
    host = f"http://127.0.0.1:{free_port()}"
    settings.ALERT_WEBHOOK_URL = f"{host}/{WEBHOOK_KEY}"
    settings.ALERT_HEARTBEAT_URL = f"{host}/{WATCHER_KEY}"
    before = redaction._known
    redaction.know([WEBHOOK_KEY, WATCHER_KEY])
    yield
    redaction._known = before


def holds_a_key(text: str) -> bool:
    assert text
    return "planted" in text or "T024" in text


def test_nothing_is_written_into_the_log_as_it_is_nor_into_any_table(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """``caplog`` has the lines before the redaction."""
    with caplog.at_level(logging.INFO):
        alert("outage", "Auth0 doesn't answer", "…")
        alert_channels.ping()
    assert "couldn't be posted" in caplog.text and "couldn't be sent" in caplog.text

    rows = [
        json.dumps(list(each._base_manager.values()), default=str) for each in apps.get_models()
    ]

    assert not holds_a_key(caplog.text)
    assert not holds_a_key(" ".join(rows))


def test_a_line_of_anybody_elses_that_names_one_is_redacted(settings: Settings) -> None:
    out = StringIO()
    handler = logging.StreamHandler(out)
    formatter = dict(configuration("json")["formatters"]["line"])
    handler.setFormatter(formatter.pop("()")(**formatter))
    record = logging.LogRecord("httpx", logging.WARNING, "", 0, "GET %s, %s", (), None)
    record.args = (settings.ALERT_WEBHOOK_URL, f"target=b'/{WATCHER_KEY}'")

    handler.emit(record)

    assert not holds_a_key(out.getvalue())


def test_no_error_page_shows_one(settings: Settings) -> None:
    try:
        address = settings.ALERT_WEBHOOK_URL
        raise ValueError(f"{address} and {settings.ALERT_HEARTBEAT_URL}")
    except ValueError:
        reporter = Reporter(RequestFactory().get("/"), *sys.exc_info())

    assert "ALERT_WEBHOOK_URL" in reporter.get_traceback_html()
    assert not holds_a_key(reporter.get_traceback_html())
    assert not holds_a_key(reporter.get_traceback_text())


def test_neither_doctor_nor_bundle_nor_page_nor_command_shows_one(tenant: RunningTenant) -> None:
    alert("outage", "Auth0 doesn't answer", "…")
    said = StringIO()
    for name, arguments in (
        ("auth0_doctor", ["--json"]),
        ("auth0_alerts", []),
        ("auth0_alerts", ["--test"]),
    ):
        try:
            call_command(name, *arguments, stdout=said, stderr=said)
        except (CommandError, SystemExit) as end:
            said.write(str(end))
    with ZipFile(BytesIO(bundle(list(findings())))) as file:
        written = " ".join(file.read(name).decode() for name in file.namelist())

    assert "Alerts" in said.getvalue()
    assert "ALERT_HEARTBEAT_URL" in written
    for text in (said.getvalue(), written, text_of(signed_in("admin")[0])):
        assert not holds_a_key(text)


def test_the_settings_have_them_redacted_whole_and_without_their_host() -> None:
    """In a process of its own, which reads them from the environment."""
    code = (
        "import django; django.setup()\n"
        "from django.conf import settings as s\n"
        "from employees.redaction import redact_text\n"
        "for url in (s.ALERT_WEBHOOK_URL, s.ALERT_HEARTBEAT_URL):\n"
        "    print(redact_text(url + ' and ' + url.partition('.com')[2]))\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "identity_console.settings",
        "DEBUG": "true",
        "ALERT_WEBHOOK_URL": f"https://hooks-a.example.com/{WEBHOOK_KEY}",
        "ALERT_HEARTBEAT_URL": f"https://hooks-b.example.com/{WATCHER_KEY}",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.stdout.splitlines() == ["[hidden] and /[hidden]"] * 2, done.stderr
