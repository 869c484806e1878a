"""Deliveries to ``POST /webhooks/auth0`` that no honest sender makes: each has a clear answer."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from auth0sync import events_parsing
from auth0sync.events_models import LogCheckpoint, TenantEvent
from auth0sync.events_parsing import read_item
from auth0sync.events_store import store
from tests.auth0sync.events import TOKEN, an_event, deliver, heed, post

pytestmark = pytest.mark.django_db
DEEP = '{"log_id": "9", "data": {"type": "s", "details": %s}}'


@pytest.fixture(autouse=True)
def stream(settings: Settings) -> None:
    settings.AUTH0_WEBHOOK_TOKEN = [TOKEN]


def kept() -> list[str]:
    return list(TenantEvent.objects.order_by("log_id").values_list("log_id", flat=True))


@pytest.mark.once
@pytest.mark.parametrize(
    "joined", ["[%s]", '{"logs": [%s]}', "%s"], ids=["array", "object", "lines"]
)
def test_more_events_than_auth0_ever_sends_are_refused_whole(
    client: Client, monkeypatch: pytest.MonkeyPatch, joined: str
) -> None:
    monkeypatch.setattr(events_parsing, "ITEMS_MOST", 3)
    LogCheckpoint.objects.create(log_id="5")
    between = "\n" if joined == "%s" else ","

    def body(number: int) -> str:
        return joined % between.join(json.dumps(an_event("s")) for _ in range(number))

    refused = post(client, body(4))
    before = kept()
    taken = post(client, body(3))

    assert (refused.status_code, before) == (413, [])
    assert refused.json()["message"] == "A delivery has at most 3 events."
    assert (taken.status_code, len(kept())) == (200, 3)
    assert LogCheckpoint.objects.get().log_id == "5"  # the poller goes on where it was


@pytest.mark.once
@pytest.mark.parametrize("line", ["7", "{", "[]", '""'])
def test_rubbish_counts_as_much(client: Client, line: str) -> None:
    assert post(client, "\n".join([line] * (events_parsing.ITEMS_MOST + 1))).status_code == 413


@pytest.mark.once
@pytest.mark.parametrize(
    "body",
    [
        DEEP % ("[" * 200_000 + "]" * 200_000),
        DEEP % ('{"a":' * 100_000 + "1" + "}" * 100_000),
        DEEP % ("9" * 5_000),  # more digits than Python reads
        '{"log_id": NaN, "data": {"type": "s"}}',
        '{"log_id": Infinity, "type": "s"}',
        '{"log_id": 1e999, "type": "s"}',
        '{"log_id": "9", "type": "s", "type": null}',
        '{"log_id": "9\\u0000", "type": "s"}',
        '{"log_id": "9", "type": "s\\u0000"}',
        '{"log_id": "\\ud800", "type": "s"}',
        '{"log_id": "9", "type": "\\udfff"}',
        b'{"log_id": "9", "type": "s\xff"}',
        b'{"log_id": "9", "type": "s", "user_id": "\xed\xa0\x80"}',  # a surrogate's bytes
        "\x00",
    ],
)
def test_what_is_no_event_is_refused(client: Client, body: str | bytes) -> None:
    assert (post(client, body).status_code, kept()) == (400, [])


TEXTS = ("\0", "\ud800", "\x7f", "\u202e", "\U0001f600")
VALUES: tuple[Any, ...] = (*TEXTS, "2026-01-01T00:00:00\ud800", float("nan"), 10**400, {}, True)
PATHS = ("users/auth0%7C%00a", "users/%ed%a0%80\ud800", "roles/r/users")
ODD: list[dict[str, Any]] = [
    *({"user_id": f"auth0|{text}a"} for text in TEXTS),
    *({name: value} for name in ("user_id", "client_id", "date") for value in VALUES),
    *(
        {"details": {"request": {"path": f"/api/v2/{path}", "body": {"users": TEXTS}}}}
        for path in PATHS
    ),
]


def test_what_is_odd_about_an_event_is_kept_or_left_out(client: Client) -> None:
    answer = deliver(client, [an_event("sapi", **odd) for odd in ODD])

    assert (answer.status_code, answer.json()["events"], len(kept())) == (200, len(ODD), len(ODD))
    assert heed() == 0
    assert not TenantEvent.objects.exclude(user_id="", others=None, state=1).exists()


@pytest.mark.once
def test_of_a_key_that_is_there_twice_the_last_counts(client: Client) -> None:
    post(client, '{"log_id": "1", "log_id": "2", "type": "s", "type": "f"}')

    assert list(TenantEvent.objects.values_list("log_id", "type")) == [("2", "f")]


@pytest.mark.once
def test_details_of_any_shape_dont_matter(client: Client) -> None:
    post(client, DEEP % ("[" * 500 + "NaN" + "]" * 500))

    assert kept() == ["9"]


def test_no_made_up_id_takes_the_place_of_a_real_one(client: Client) -> None:
    real = "90020211104002646275334544781046043980552751708637233250"  # digits, as all of Auth0's
    like = ("{} ", " {}", "{}.", "{}_", "{}:", "-{}", "0{}", "{}a", "{}A", "{}\0", "{}\u0301")
    ids = [each.format(real) for each in like] + [real.replace("9", "\uff19"), real[:-1]]

    deliver(client, [an_event("s", log_id=each) for each in ids])
    store(filter(None, [read_item(an_event("f", log_id=real))]), is_read=True)

    assert list(TenantEvent.objects.filter(is_read=True).values_list("log_id", "type")) == [
        (real, "f")
    ]
