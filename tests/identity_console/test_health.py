"""/healthz and /readyz, and who may say that a request came over https."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from unittest import mock

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, SimpleTestCase, TestCase, override_settings

from identity_console.middleware import trust_only_known_proxies


@contextmanager
def silent_database() -> Iterator[None]:
    with mock.patch.object(connection, "cursor", side_effect=DatabaseError("gone: password x")):
        yield


@override_settings(WHITENOISE_AUTOREFRESH=True)  # else it warns that collectstatic never ran
class HealthTests(TestCase):
    def test_healthz_answers_while_the_database_does_not(self) -> None:
        with silent_database():
            answer = self.client.get("/healthz")

        self.assertEqual((answer.status_code, answer.content), (200, b"ok\n"))

    def test_readyz_answers_when_the_database_does(self) -> None:
        answer = self.client.get("/readyz")

        self.assertEqual((answer.status_code, answer.content), (200, b"ready\n"))

    def test_readyz_says_503_and_no_details_when_the_database_does_not_answer(self) -> None:
        with silent_database():
            answer = self.client.get("/readyz")

        self.assertEqual(answer.status_code, 503)
        self.assertEqual(answer.content, b"the database doesn't answer\n")

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_both_answer_over_plain_http(self) -> None:
        statuses = [self.client.get(path).status_code for path in ("/healthz", "/readyz")]

        self.assertEqual(statuses, [200, 200])

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_every_other_page_is_sent_to_https(self) -> None:
        answer = self.client.get("/admin/")

        self.assertEqual(answer.status_code, 301)
        self.assertEqual(answer.headers["Location"], "https://testserver/admin/")

    def test_neither_can_be_posted_to(self) -> None:
        self.assertEqual(self.client.post("/healthz").status_code, 405)

    def test_neither_is_kept_by_a_cache(self) -> None:
        self.assertIn("no-store", self.client.get("/healthz").headers["Cache-Control"])


@override_settings(
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    TRUSTED_PROXIES=[ip_network("127.0.0.1"), ip_network("10.1.0.0/16"), ip_network("::1")],
)
class TrustedProxyTests(SimpleTestCase):
    def caller(self, address: str, forwarded: str) -> str:
        """Whose address the pages behind it see."""
        request = RequestFactory().get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=forwarded)
        trust_only_known_proxies(lambda request: HttpResponse())(request)
        return str(request.META["REMOTE_ADDR"])

    def is_secure(self, address: str) -> bool:
        """Whether a request from ``address`` that claims https is taken for https."""
        seen: list[bool] = []

        def page(request: HttpRequest) -> HttpResponse:
            seen.append(request.is_secure())
            return HttpResponse()

        trust_only_known_proxies(page)(
            RequestFactory().get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_PROTO="https")
        )
        return seen[0]

    def test_a_listed_address_is_believed(self) -> None:
        self.assertTrue(self.is_secure("127.0.0.1"))

    def test_an_address_of_a_listed_network_is_believed(self) -> None:
        self.assertTrue(self.is_secure("10.1.200.3"))

    def test_a_listed_address_is_believed_in_its_ipv6_form(self) -> None:
        self.assertTrue(self.is_secure("::ffff:127.0.0.1"))

    def test_another_address_is_not_believed(self) -> None:
        self.assertFalse(self.is_secure("10.2.0.1"))

    def test_a_request_without_an_address_is_not_believed(self) -> None:
        self.assertFalse(self.is_secure(""))

    def test_the_caller_is_the_last_address_that_is_no_proxy_of_ours(self) -> None:
        self.assertEqual(
            self.caller("10.1.0.1", "192.0.2.1, 203.0.113.9, 127.0.0.1"), "203.0.113.9"
        )

    def test_a_stranger_is_who_they_are(self) -> None:
        self.assertEqual(self.caller("203.0.113.9", "192.0.2.1"), "203.0.113.9")

    def test_an_ipv4_address_in_its_ipv6_form_is_that_address(self) -> None:
        self.assertEqual(self.caller("127.0.0.1", "::ffff:203.0.113.9"), "203.0.113.9")
        self.assertEqual(self.caller("::ffff:203.0.113.9", ""), "203.0.113.9")

    def test_what_is_no_address_is_not_believed(self) -> None:
        for forwarded in ("203.0.113.9:4711", "unknown", "x" * 200):
            self.assertEqual(self.caller("10.1.0.1", forwarded), "10.1.0.1")
