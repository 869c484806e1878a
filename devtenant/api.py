"""The register of Management API calls and the one place that answers them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from devtenant.api_log import note_write
from devtenant.auth import Grant, Signer
from devtenant.buckets import Take
from devtenant.errors import ApiError, insufficient_scope, invalid_query, too_many_requests
from devtenant.state import Tenant
from devtenant.tenant_log import note_limit

Answer = tuple[int, Any]
Handler = Callable[["Call"], Answer]


@dataclass
class Call:
    """One call of the Management API, as a handler sees it. The lock is held."""

    tenant: Tenant
    grant: Grant
    ids: list[str]
    query: dict[str, str]
    host: str
    raw_body: bytes = b""
    content_type: str = ""
    ip: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)  # of the answer

    @property
    def base_url(self) -> str:
        """The root of this tenant as the caller addressed it."""
        return f"http://{self.host}"

    @cached_property
    def body(self) -> Any:
        """The decoded JSON of the request: for the handler, and for the log after it.

        Raises: ApiError 400 for a body that is no JSON.
        """
        try:
            return json.loads(self.raw_body)
        except ValueError as error:
            message = "Invalid request payload JSON format"
            raise ApiError(400, message, "invalid_body") from error

    def require(self, *scopes: str) -> None:
        """Refuse unless the token holds all of these scopes."""
        if not self.grant.scopes.issuperset(scopes):
            raise insufficient_scope(scopes)


@dataclass(frozen=True)
class Endpoint:
    """One call: all of ``scopes`` are needed, or one of them with ``any_of``."""

    method: str
    template: str
    scopes: tuple[str, ...]
    handler: Handler
    any_of: bool = False

    def admit(self, grant: Grant) -> None:
        """Check the scopes.

        Where the documents list two scopes they disagree on "any" or "all": all, the harsher.
        Raises: ApiError 403.
        Source: facts: other endpoints.
        """
        held = [scope in grant.scopes for scope in self.scopes]
        if not (any(held) if self.any_of else all(held)):
            raise insufficient_scope(self.scopes)


@dataclass
class Register:
    """Every endpoint, found by method and path. Ids are one segment each, as sent."""

    fixed: dict[tuple[str, str], Endpoint] = field(default_factory=dict)
    by_length: dict[tuple[str, int], list[tuple[list[str], Endpoint]]] = field(default_factory=dict)

    def add(self, endpoint: Endpoint) -> None:
        """Register one endpoint."""
        if "{id}" not in endpoint.template:
            self.fixed[endpoint.method, endpoint.template] = endpoint
            return
        segments = endpoint.template.strip("/").split("/")
        key = (endpoint.method, len(segments))
        self.by_length.setdefault(key, []).append((segments, endpoint))

    def find(self, method: str, path: str) -> tuple[Endpoint | None, list[str]]:
        """The endpoint for a path below /api/v2 as it was sent, and its decoded ids.

        The path is matched before it is decoded: an audience holds slashes of its own.
        """
        endpoint = self.fixed.get((method, path))
        if endpoint is not None:
            return endpoint, []
        sent = path.strip("/").split("/")
        for segments, candidate in self.by_length.get((method, len(sent)), []):
            pairs = list(zip(segments, sent, strict=True))
            if all(pattern in ("{id}", value) for pattern, value in pairs):
                return candidate, [unquote(v) for pattern, v in pairs if pattern == "{id}"]
        return None, []


REGISTER = Register()


def endpoint(
    method: str, template: str, *scopes: str, any_of: bool = False
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of one call."""

    def register(handler: Handler) -> Handler:
        REGISTER.add(Endpoint(method, template, scopes, handler, any_of))
        return handler

    return register


@dataclass(frozen=True)
class Reply:
    """What goes back: status, JSON or None for no body, headers."""

    status: int
    body: Any
    headers: dict[str, str]


def template_of(method: str, path: str) -> str:
    """The path with ``{id}`` for ids, below /api/v2; unknown paths as they are."""
    found, _ = REGISTER.find(method, path)
    return found.template if found else path


def answer(
    tenant: Tenant,
    signer: Signer,
    method: str,
    path: str,
    query: str,
    authorization: str | None,
    host: str,
    raw_body: bytes,
    content_type: str = "",
    ip: str = "127.0.0.1",
) -> Reply:
    """Answer one call of the Management API; path and query as they were sent.

    The bucket comes first: a call that is refused, even for its token, has been counted.
    """
    found, ids = REGISTER.find(method, path)
    with tenant.change():
        template = found.template if found else path
        take = tenant.buckets.take(method, template, time.time())
        left = take.remaining / take.limit
        group = tenant.buckets.group_of(method, template)
        note_limit(tenant, group, left, allowed=take.allowed, ip=ip)
        more: dict[str, str] = {}
        try:
            if not take.allowed:
                raise too_many_requests()
            grant = signer.check(authorization, host)
            if found is None:
                raise ApiError(404, "Not Found")
            found.admit(grant)
            fields = {key: values[-1] for key, values in parse_qs(query, True).items()}
            call = Call(tenant, grant, ids, fields, host, raw_body, content_type, ip)
            status, body = found.handler(call)
            more = call.headers
            if method != "GET":
                note_write(call, found, path, status, body)
        except ApiError as refusal:
            status, body = refusal.status, refusal.body
        # Encoded inside the lock: the body may be the stored record itself.
        text = None if status == 204 else json.dumps(body)
        return Reply(status, text, headers_of(tenant, take) | more)


def headers_of(tenant: Tenant, take: Take) -> dict[str, str]:
    """The rate-limit headers; Retry-After only when switched on (facts: headers, believed)."""
    headers = take.headers()
    if not take.allowed and tenant.settings.retry_after_header:
        headers["Retry-After"] = str(max(1, round(take.wait_s + 0.5)))
    return headers


def flag(call: Call, name: str) -> bool:
    """A boolean query parameter; absent is false.

    Raises: ApiError 400.
    """
    value = call.query.get(name, "false")
    if value not in ("true", "false"):
        raise invalid_query(f"Expected type boolean but found: {value}", name)
    return value == "true"
