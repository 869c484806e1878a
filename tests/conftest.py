"""``--fail-on-skip``: a test that is skipped by accident fails the run (used by `.ci/run`).

And the marker ``once``, for tests that would only say the same again on a second database; PINs
are hashed cheaply but for ``real_pins``; and ``force_login`` leaves a session whose use was written
down a moment ago.
"""

import gc
import ssl
from collections.abc import Generator, Iterator
from functools import cache
from math import inf
from operator import itemgetter
from typing import Any
from unittest import mock

import bcrypt
import pytest
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from tests import migrated

USED_AT = "used_at"  # employees.console_sessions.USED_AT, which needs Django's apps to be loaded

CHEAP_COST = 4  # the least that bcrypt takes: 1 ms in the place of 50
CHEAP_NOBODYS = bcrypt.hashpw(b"no PIN", bcrypt.gensalt(CHEAP_COST)).decode()
WITHOUT_DATABASE = {"devtenant", "bench", "oidc_provider"}  # rooms that know the console's not
# A test may be for one database alone, since the other one is tested in the same run. The reason
# has to say so in one of these wordings, which no "the server doesn't answer" holds.
ALLOWED_REASONS = ("only on SQLite", "only on MariaDB", "SQLite's", "MariaDB's and MySQL's")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "once: would say the same on a second database, so it runs on SQLite alone"
    )
    config.addinivalue_line(
        "markers", "real_pins: what a PIN costs is the point, so it isn't hashed more cheaply"
    )


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The database of this process, copied in place of being migrated (``tests.migrated``)."""
    with django_db_blocker.unblock():
        place = connection.settings_dict
        connection.close()
        place["NAME"] = name = place["TEST"]["NAME"] or f"test_{place['NAME']}"
        with migrated.new_database(name) as database:
            migrated.fill(database)
            yield
            connection.close()


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """No test speaks TLS to the world, and each new HTTP client would take 20 ms to prepare it."""
    with mock.patch("ssl.create_default_context", cache(ssl.create_default_context)):
        yield


@pytest.fixture(autouse=True, scope="session")
def nobody_watches() -> None:
    """A page's queries are the same at whatever second it is asked: once a minute one of them looks
    whether the sweep runs (``test_watching`` lets it)."""
    from auth0sync import watch_web

    watch_web._next_look = inf


@pytest.fixture(autouse=True)
def cheap_pins(request: pytest.FixtureRequest) -> Iterator[None]:
    """PINs at bcrypt's least cost, as the settings for tests have it for passwords."""
    if request.node.get_closest_marker("real_pins"):
        yield
        return
    with mock.patch.multiple("employees.pins", COST=CHEAP_COST, NOBODYS=CHEAP_NOBODYS):
        yield


@receiver(user_logged_in, dispatch_uid="tests.conftest")
def note_use(sender: object, request: HttpRequest, **kwargs: Any) -> None:
    """So that a first request does no more than any other, where its queries are counted."""
    request.session[USED_AT] = int(timezone.now().timestamp())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fail-on-skip",
        action="store_true",
        help=f"A skipped test fails, unless its reason holds {' or '.join(ALLOWED_REASONS)}",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.path.parent.name in WITHOUT_DATABASE:
        item.add_marker("once")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread those that wait for processes among the others, which use the time.

    By the golden ratio, so that they stand evenly, but not at the same place in each worker's part.
    """
    waiting = [item for item in items if item.get_closest_marker("process")]
    others = [item for item in items if not item.get_closest_marker("process")]
    places = [(number * 0.618034 % 1 * len(others), item) for number, item in enumerate(waiting)]
    places += [(number + 0.5, item) for number, item in enumerate(others)]
    items[:] = [item for _place, item in sorted(places, key=itemgetter(0))]


def pytest_collection_finish() -> None:
    """Have the collector of garbage leave alone what stays to the end; a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of the run as a whole, which comes after those of the workers of xdist."""
    if migrated.SERVER and not hasattr(session.config, "workerinput"):
        migrated.forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):  # an expected failure is reported as skipped too
        refuse_skip(report, item.config)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_skip(report, collector.config)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport, config: pytest.Config) -> None:
    """Turn a skip without an allowed reason into a failure."""
    if not report.skipped or not config.getoption("--fail-on-skip"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(allowed in reason for allowed in ALLOWED_REASONS):
        report.outcome = "failed"
        report.longrepr = f"Skipped, but nothing may be skipped in this run: {reason}"
