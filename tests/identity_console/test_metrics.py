"""/metrics: who may ask, what it tells, and that real Prometheus software can read it."""

from contextlib import AbstractContextManager
from ipaddress import ip_network
from typing import Any, cast
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from auth0sync.models import Account
from employees.models import Counter

read_openmetrics: Any = openmetrics.text_string_to_metric_families  # it has no types
TOKEN = "a-token-of-more-than-twenty-characters"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
STRANGER = "203.0.113.9"


def with_token(token: str = TOKEN) -> AbstractContextManager[None]:
    return cast(AbstractContextManager[None], override_settings(METRICS_TOKEN=token))


@override_settings(WHITENOISE_AUTOREFRESH=True)  # else it warns that collectstatic never ran
class AskingTests(TestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()

    def ask(self, address: str = "127.0.0.1", **headers: str) -> Any:
        return self.client.get("/metrics", headers=headers, REMOTE_ADDR=address)

    def families(self, accept: str = "") -> dict[str, Metric]:
        answer = self.ask(accept=accept)
        self.assertEqual(answer.status_code, 200)
        return {each.name: each for each in read_prometheus(answer.content.decode())}

    def value(self, name: str, **labels: str) -> float:
        """The one sample with this name and these labels."""
        found = [
            sample.value
            for family in self.families().values()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        self.assertEqual(len(found), 1, f"{name} {labels}: {found}")
        return found[0]


@pytest.mark.once
class WhoMayAskTests(AskingTests):
    def status(self, address: str, **headers: str) -> int:
        return int(self.ask(address, **headers).status_code)

    def test_without_any_setting_this_machine_alone(self) -> None:
        self.assertEqual(self.status("127.0.0.1"), 200)
        self.assertEqual(self.status("::1"), 200)
        self.assertEqual(self.status(STRANGER), 403)

    def test_who_brings_the_token_from_anywhere(self) -> None:
        with with_token():
            self.assertEqual(self.status(STRANGER, authorization=f"Bearer {TOKEN}"), 200)
            self.assertEqual(self.status(STRANGER, authorization=f"bearer {TOKEN} "), 200)

    def test_with_a_token_set_nobody_without_it_not_even_from_this_machine(self) -> None:
        with with_token():
            self.assertEqual(self.status("127.0.0.1"), 403)

    def test_a_wrong_token_opens_nothing(self) -> None:
        wrong = ["Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"]
        with with_token():
            for header in wrong:
                with self.subTest(header):
                    self.assertEqual(self.status("127.0.0.1", authorization=header), 403)

    def test_where_no_token_is_set_an_empty_one_opens_nothing(self) -> None:
        self.assertEqual(self.status(STRANGER, authorization="Bearer "), 403)

    def test_an_address_that_is_allowed_beside_the_token(self) -> None:
        with with_token(), override_settings(METRICS_ALLOWED_ADDRESSES=[ip_network("10.0.0.0/8")]):
            self.assertEqual(self.status("10.4.5.6"), 200)
            self.assertEqual(self.status("127.0.0.1"), 403)

    def test_through_a_proxy_it_is_the_caller_who_counts(self) -> None:
        self.assertEqual(
            self.status("127.0.0.1", **{"x-forwarded-for": STRANGER, "x-forwarded-proto": "https"}),
            403,
        )

    def test_a_proxy_that_does_not_say_for_whom_it_asks_is_not_let_in_by_its_own_address(
        self,
    ) -> None:
        self.assertEqual(self.status("127.0.0.1", **{"x-forwarded-proto": "https"}), 403)
        self.assertEqual(self.status("127.0.0.1", **{"x-forwarded-host": "console"}), 403)

    def test_nor_by_what_a_caller_claims_or_what_is_no_address(self) -> None:
        for headers in (
            {"x-forwarded-for": "127.0.0.1"},  # a proxy that lets it through
            {"x-forwarded-for": f"{STRANGER}:4711"},  # one that adds the port
            {"forwarded": f"for={STRANGER}"},
            {"via": "1.1 edge"},
        ):
            self.assertEqual(self.status("127.0.0.1", **headers), 403, headers)

    def test_a_socket_without_an_address_needs_the_token(self) -> None:
        self.assertEqual(self.status(""), 403)

    def test_whoever_is_refused_is_told_what_is_missing(self) -> None:
        answer = self.ask(STRANGER)

        self.assertIn(b"METRICS_TOKEN", answer.content)
        self.assertNotIn(b"auth0_", answer.content)

    def test_it_is_only_for_reading(self) -> None:
        self.assertEqual(self.client.post("/metrics").status_code, 405)

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_it_answers_over_plain_http_as_a_scrape_on_the_same_machine_asks(self) -> None:
        self.assertEqual(self.status("127.0.0.1"), 200)

    def test_it_is_kept_by_no_cache(self) -> None:
        self.assertIn("no-store", self.ask().headers["Cache-Control"])

    def test_a_database_that_does_not_answer_is_a_503_with_a_sentence(self) -> None:
        gone = mock.patch("identity_console.metrics.totals", side_effect=DatabaseError("password"))
        with gone:
            answer = self.ask()

        self.assertEqual(answer.status_code, 503)
        self.assertEqual(answer.content, b"The database doesn't answer, so nothing can be told.\n")


class TextTests(AskingTests):
    def test_prometheus_gets_its_text(self) -> None:
        answer = self.ask(accept="text/plain;version=0.0.4;q=0.5,*/*;q=0.1")

        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertIn("auth0_user_creation_attempts", self.families())

    def test_who_asks_for_openmetrics_gets_that(self) -> None:
        answer = self.ask(accept=OPENMETRICS)

        self.assertIn("application/openmetrics-text", answer.headers["Content-Type"])
        names = {each.name for each in read_openmetrics(answer.content.decode())}
        self.assertIn("auth0_user_creation_attempts", names)
        self.assertEqual(names, set(self.families()))

    def test_a_version_that_is_none_gets_the_plain_text(self) -> None:
        for accept in ("application/openmetrics-text; version=x.y", "text/plain; version=latest"):
            with self.subTest(accept):
                answer = self.ask(accept=accept)
                self.assertEqual(answer.status_code, 200)
                self.assertIn("text/plain", answer.headers["Content-Type"])

    def test_the_names_of_requirement_j3_are_there_before_anything_happened(self) -> None:
        for name in (
            "auth0_user_creation_attempts_total",
            "auth0_user_creation_success_total",
            "auth0_user_creation_failed_total",
            "auth0_token_refresh_count_total",
        ):
            self.assertEqual(self.value(name), 0, name)
        self.assertEqual(self.value("auth0_rate_limit_hits_total", capability="create"), 0)
        self.assertEqual(
            self.value("auth0_api_response_time_seconds_count", capability="create"), 0
        )

    def test_totals_are_those_of_the_database_whoever_counted_them(self) -> None:
        Counter.objects.create(series="auth0_api_calls{action=read_account,status=2xx}", total=7)

        found = self.value("auth0_api_calls_total", action="read_account", status="2xx")
        self.assertEqual(found, 7)

    def test_the_buckets_of_a_histogram_include_the_ones_below(self) -> None:
        series = "auth0_api_response_time{capability=read,%s}"
        for part, total in (("le=0.05", 3), ("le=5.0", 2), ("le=+Inf", 1), ("sum", 17.5)):
            Counter.objects.create(series=series % part, total=total)

        name = "auth0_api_response_time_seconds"
        of_read = {
            le: self.value(f"{name}_bucket", capability="read", le=le)
            for le in ("0.05", "2.5", "5.0", "10.0", "+Inf")
        }
        self.assertEqual(of_read, {"0.05": 3, "2.5": 3, "5.0": 5, "10.0": 5, "+Inf": 6})
        self.assertEqual(self.value(f"{name}_count", capability="read"), 6)
        self.assertEqual(self.value(f"{name}_sum", capability="read"), 17.5)


class QueriesTests(AskingTests):
    def test_a_scrape_asks_a_fixed_number_of_questions(self) -> None:
        with CaptureQueriesContext(
            connection,
        ) as few:
            self.ask()
        Account.objects.bulk_create(Account(employee_id=pk, attention=2) for pk in range(1, 60))
        with CaptureQueriesContext(connection) as many:
            self.ask()

        self.assertLessEqual(len(few), 22)
        self.assertEqual(len(many), len(few))
