"""``POST /webhooks/auth0``: who is let in, what is taken, and what is kept of it."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync import webhook
from auth0sync.events_models import TenantEvent
from tests.auth0sync.events import TOKEN, WEBHOOK, an_event, deliver, post

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def stream(settings: Settings) -> None:
    """A console that has been given the stream's token, and the one before it."""
    settings.AUTH0_WEBHOOK_TOKEN = [TOKEN, "the-old-token"]


def kept() -> int:
    return TenantEvent.objects.count()


def test_a_delivery_is_kept_and_answered(client: Client) -> None:
    answer = deliver(client, [an_event("s", "auth0|a"), an_event("fp", "auth0|b")])

    assert (answer.status_code, answer.json()["events"], kept()) == (200, 2, 2)
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        lambda items: json.dumps(items),
        lambda items: json.dumps(items, indent=2),
        lambda items: "\n\n".join(map(json.dumps, items)),
        lambda items: "\r\n".join(map(json.dumps, items)) + "\r\n",
        lambda items: json.dumps({"logs": items}),
        lambda items: "\ufeff" + json.dumps([item["data"] for item in items]),
    ],
    ids=["array", "indented", "lines", "windows", "object", "bare"],
)
def test_every_format_is_understood(client: Client, body: Any) -> None:
    answer = post(client, body([an_event("s", "auth0|a"), an_event("sv", "auth0|b")]))

    rows = TenantEvent.objects.order_by("pk").values_list("type", "user_id", "is_read")
    assert answer.json() == {"success": True, "events": 2, "unreadable": 0}
    assert list(rows) == [("s", "auth0|a", False), ("sv", "auth0|b", False)]


def test_one_object_is_one_event(client: Client) -> None:
    post(client, json.dumps(an_event("s", "auth0|a"), indent=1))

    assert kept() == 1


def test_an_event_counts_once_however_often_it_is_delivered(client: Client) -> None:
    event = an_event("s", "auth0|a")

    for _ in range(3):
        assert deliver(client, [event, event]).status_code == 200

    assert kept() == 1


def test_nothing_of_the_details_is_kept(client: Client) -> None:
    secret = {"request": {"path": "/api/v2/users/auth0%7Ca", "body": {"password": "hunter2"}}}

    deliver(client, [an_event("sapi", details=secret, ip="192.0.2.9", user_name="a@example.com")])

    row = TenantEvent.objects.values().get()
    assert row["user_id"] == "auth0|a"
    assert not [word for word in ("hunter2", "192.0.2.9", "a@example.com") if word in str(row)]


@pytest.mark.parametrize("token", ["", "wrong", "the-token-of-the-log-strea", "ünïcode", "Bearer "])
def test_nobody_without_the_token_is_let_in(
    client: Client, token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.cookies["sessionid"] = "made-up"

    with django_assert_num_queries(0):  # and it costs nothing
        answer = deliver(client, [an_event("s")], token)

    assert (answer.status_code, kept()) == (401, 0)


@pytest.mark.parametrize("given", [TOKEN, f"Bearer {TOKEN}", f"bearer {TOKEN}", "the-old-token"])
def test_either_token_is_taken_as_auth0_is_told_to_send_it(client: Client, given: str) -> None:
    answer = client.post(WEBHOOK, "[]", "application/json", headers={"Authorization": given})

    assert answer.status_code == 200


def test_without_a_token_in_the_settings_nothing_is_taken(
    client: Client, settings: Settings
) -> None:
    settings.AUTH0_WEBHOOK_TOKEN = []

    answer = deliver(client, [an_event("s")], "")

    assert answer.status_code == 404
    assert "AUTH0_WEBHOOK_TOKEN isn't set" in answer.json()["message"]


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_only_post_is_answered(client: Client, method: str) -> None:
    answer = getattr(client, method)(WEBHOOK, headers={"Authorization": TOKEN})

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_what_can_be_read_of_a_broken_delivery_is_kept(client: Client) -> None:
    lines = [json.dumps(an_event("s")), '{"log_id": "9', json.dumps({"log_id": "x"}), "7"]

    answer = post(client, "\n".join(lines))

    assert answer.json() == {
        "success": True,
        "events": 1,
        "unreadable": 3,
        "first_fault": "Line 2 is no event.",
    }
    assert kept() == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("secret rubbish", "Line 1 is no event."),
        ("\n\n{]", "Line 1 is no event."),
        ('[{"log_id": "9", "data": {}}]', "Item 1 is no event."),
        ('{"log_id": "9 9", "data": {"type": "s"}}', "Line 1 is no event."),
        ("[" * 100_000, "Line 1 is no event."),
        (b"\xff\xfe", "The body isn't UTF-8."),
        (" \n ", "The body is empty."),
    ],
)
def test_a_delivery_of_which_nothing_can_be_read_is_refused(
    client: Client, body: str | bytes, message: str
) -> None:
    answer = post(client, body)

    assert (answer.status_code, answer.json()["message"], kept()) == (400, message, 0)


@pytest.mark.parametrize(
    "date", ["", "yesterday", None, 7, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"]
)
def test_a_time_that_cant_be_is_the_present(client: Client, date: object) -> None:
    deliver(client, [an_event("s", date=date)])

    row = TenantEvent.objects.get()
    assert abs((row.at - row.received_at).total_seconds()) < 60


def test_ids_that_cant_be_stored_are_left_out(client: Client) -> None:
    odd = [an_event("s", name) for name in ("auth0|\ud800", "auth0|é", "x" * 256)]
    odd += [an_event("s", user_id=["a"]), an_event("sapi", details={"request": "x"})]

    assert deliver(client, odd).json()["events"] == 5
    assert not TenantEvent.objects.exclude(user_id="").exists()


def test_a_body_that_is_too_large_is_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "BODY_MOST", 100)

    answer = post(client, " " * 101)

    assert (answer.status_code, kept()) == (413, 0)


def in_pieces(body: bytes, **more: Any) -> WSGIRequest:
    """A request without a length, as a server hands it on."""
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "HTTP_AUTHORIZATION": TOKEN, **more}
    request = RequestFactory().generic("POST", WEBHOOK, **environ)
    request.META.pop("CONTENT_LENGTH", None)
    request.META["wsgi.input"] = BytesIO(body)
    return request


def test_a_body_in_pieces_is_read_to_its_end_and_no_further_than_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = json.dumps(an_event("s")).encode()
    monkeypatch.setattr(webhook, "BODY_MOST", len(whole))

    taken = webhook.receive(in_pieces(whole, **{"wsgi.input_terminated": True}))
    refused = webhook.receive(in_pieces(whole + b" ", **{"wsgi.input_terminated": True}))
    unknown = webhook.receive(in_pieces(whole))

    assert (taken.status_code, refused.status_code, unknown.status_code) == (200, 413, 411)
    assert kept() == 1
