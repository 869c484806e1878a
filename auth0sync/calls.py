"""One call to Auth0: the only place that knows its SDK.

:class:`Caller` sends, tells who has to know, and either returns the answer's data or raises one of
:mod:`auth0sync.errors`. The SDK's own retries are off: they repeat POST, also on a 409 (facts:
section 0, 1). Which answer means what: facts, "Error bodies".
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpx
from auth0.management import Auth0
from auth0.management.core.api_error import ApiError
from auth0.management.core.pagination import SyncPager
from auth0.management.core.parse_error import ParsingError
from django.conf import settings

from auth0sync.answers import THROTTLED, Answer, meaning
from auth0sync.bounded import BoundedClient
from auth0sync.errors import SyncError
from auth0sync.rate import Group
from auth0sync.token import drop_token, get_token
from employees.counters import counted, record, timed


@dataclass(frozen=True)
class Outgoing:
    """A call that is about to go out.

    capability: what it needs, as in errors.Misconfigured.
    """

    action: str
    capability: str
    group: Group


@dataclass(frozen=True)
class Call:
    """What happened in one call, for the log: names and codes, never values.

    headers: the answer's, with names in lower case; empty when there was none.
    """

    outgoing: Outgoing
    http_status: int | None
    duration_ms: int
    error: SyncError | None
    fields: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """What was done, in words."""
        return self.outgoing.action


GET_TOKEN = Outgoing("get token", "token", Group.REST)
CREATE = "create account"
TOO_MANY = httpx.codes.TOO_MANY_REQUESTS


@dataclass
class Caller:
    """The tenant in the settings; :mod:`auth0sync.tenant` and its like say what to ask of it.

    before_call: called before every request goes out; raises to keep it from going out.
    after_call: told of every request that went out, before an error is raised.
    """

    before_call: Callable[[Outgoing], None]
    after_call: Callable[[Call], None]

    def call(
        self,
        outgoing: Outgoing,
        send: Callable[[], Any],
        *,
        writes: bool = False,
        fields: Sequence[str] = (),
        judge: Callable[[Any], SyncError | None] = lambda data: None,
    ) -> Any:
        """Send, tell ``after_call``, and return the answer's data or raise what it means.

        judge: what a good answer's data means, when it may be bad news all the same.
        A refused token (401), or one without a new scope (403), is replaced once.
        """
        replaced = False
        while True:
            self.before_call(outgoing)
            started = time.monotonic()
            token = _this.token = self._get_token(started)
            _this.headers = {}
            answer = _send(send)
            error = meaning(answer, outgoing.capability, writes=writes) or judge(answer.data)
            took_ms = _ms_since(started)
            _count(outgoing, answer.status, took_ms / 1000, error)
            self.after_call(Call(outgoing, answer.status, took_ms, error, fields, _this.headers))
            if error is None:
                return answer.data
            if replaced or error.code not in {"unauthorized", "insufficient_scope"}:
                raise error
            if not self._drop_token(token, for_scope=error.code == "insufficient_scope"):
                raise error
            replaced = True

    def _get_token(self, started: float) -> str:
        try:
            return get_token()
        except SyncError as error:
            self.after_call(Call(GET_TOKEN, None, _ms_since(started), error))
            raise

    def _drop_token(self, token: str, *, for_scope: bool) -> bool:
        """Forget a token that Auth0 refused; False when no other would be any better."""
        return drop_token(token, for_scope=for_scope)


_this = threading.local()  # this thread's call: the token it sends, the headers it is answered with


def sdk() -> Auth0:
    """The SDK's client for the tenant in the settings, to be used inside ``Caller.call``."""
    return _sdk_for(settings.AUTH0_BASE_URL, settings.AUTH0_TIMEOUT)


@lru_cache(maxsize=1)
def _sdk_for(base_url: str, timeout_s: int) -> Auth0:
    """One client and connection pool a process, made on first use: after the worker was forked."""
    return Auth0(
        base_url=f"{base_url}/api/v2",
        token=lambda: str(_this.token),
        max_retries=0,
        httpx_client=_Client(timeout=timeout_s),
    )


@dataclass(frozen=True)
class _Whole:
    """A list's answer, as the SDK gives all others."""

    data: Any
    status_code: int = int(httpx.codes.OK)


def whole(pager: SyncPager[Any, Any]) -> _Whole:
    """A page of a list with what stands beside it, such as what leads to the next page."""
    return _Whole(pager.response)


def get_json(path: str, **query: str | int) -> _Whole:
    """GET what the SDK can't, to be used inside ``Caller.call``; path: below ``/api/v2``.

    The SDK knows no checkpoints of the log (facts: section 5). Raises as the SDK does.
    """
    answer = _client_for(settings.AUTH0_TIMEOUT).get(
        f"{settings.AUTH0_BASE_URL}/api/v2{path}",
        params=query,
        headers={"Authorization": f"Bearer {_this.token}"},
    )
    body: Any = None
    with suppress(ValueError):
        body = answer.json()
    if not answer.is_success or body is None:
        raise ApiError(status_code=answer.status_code, headers=dict(answer.headers), body=body)
    return _Whole(body)


class _Client(BoundedClient):
    """Leaves no answer behind that refers to itself.

    httpx's do, through their stream, and would keep the request, with a password in it, in memory
    until the garbage collector comes by.
    """

    def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        response = super().send(request, stream=True, **options)
        try:
            response.read()
        finally:
            response.close()
            response.stream = httpx.ByteStream(b"")
        _this.headers = dict(response.headers)  # the SDK keeps those of a list to itself
        return response


@lru_cache(maxsize=1)
def _client_for(timeout_s: int) -> _Client:
    """As :func:`_sdk_for`."""
    return _Client(timeout=timeout_s)


def _send(send: Callable[[], Any]) -> Answer:
    """Send and bring back plain values only.

    The SDK's and httpx's errors hold the request, and with it a password: none of them, and no
    frame that saw one, leaves this function.
    """
    try:
        response = send()
        if isinstance(response, SyncPager):  # the SDK keeps the status of a list to itself
            failure = "unreadable_answer" if response.items is None else ""
            return Answer(int(httpx.codes.OK), data=_plain(response.items), failure=failure)
        return Answer(response.status_code, data=_plain(response.data))
    except ApiError as error:
        body = error.body if isinstance(error.body, dict) else {}
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        # The SDK also raises it for a good status with a body that is no JSON.
        failure = "unreadable_answer" if (error.status_code or 0) < 300 else ""
        return Answer(error.status_code, body=body, headers=headers, failure=failure)
    except ParsingError as error:
        return Answer(error.status_code, failure="unreadable_answer")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return Answer(failure=f"unreachable_{type(error).__name__}")
    except httpx.RequestError as error:
        return Answer(failure=f"lost_{type(error).__name__}")


def _plain(data: Any) -> Any:
    """The SDK's models as dictionaries."""
    if isinstance(data, list):
        return [_plain(item) for item in data]
    return data.dict() if hasattr(data, "dict") else data


def _count(outgoing: Outgoing, status: int | None, seconds: float, error: SyncError | None) -> None:
    """For /metrics, in one statement: it is done for every call."""
    capability, action = outgoing.capability, outgoing.action
    known_as = "429" if status == TOO_MANY else f"{status // 100}xx" if status else "none"
    is_throttled = error is not None and error.code == THROTTLED
    record(
        timed("auth0_api_response_time", seconds, capability=capability),
        counted("auth0_api_calls", action=action, status=known_as),
        counted("auth0_rate_limit_hits", capability=capability) if is_throttled else {},
        counted("auth0_user_creation_attempts") if action == CREATE else {},
    )


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
