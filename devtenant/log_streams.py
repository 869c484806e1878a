"""Log streams: where the log is sent (facts: log streams, HTTP)."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from devtenant.api import Answer, Call, endpoint
from devtenant.clock import random_id, settled_id
from devtenant.errors import ApiError, invalid_body
from devtenant.schemas import Anything, Many, Record, Shape, Text, object_body
from devtenant.state import Tenant
from devtenant.tenant_log import id_at

MOST = 2  # streams; how many there may be depends on the plan (believed)
MOST_HERE = 8  # streams by http on this machine: each has a thread
OWN = ("sent_to", "failing_since")  # what nobody is shown
HEADERS = Many(Record({"header": Text(1), "value": Text(1)}, required=("header", "value")))
SINK: dict[str, Shape] = {
    "httpEndpoint": Text(1, pattern=r"^https://"),
    "httpAuthorization": Text(),
    "httpContentType": Text(),
    "httpContentFormat": Text(choices=("JSONARRAY", "JSONLINES", "JSONOBJECT")),
    "httpCustomHeaders": HEADERS,
}
# Kinds of record by category: those that are written here and a few more (facts: log streams).
CATEGORIES = {
    "auth.login.fail": ("f", "fp", "fu"),
    "auth.login.notification": ("w",),
    "auth.login.success": ("s",),
    "auth.logout.fail": ("flo",),
    "auth.logout.success": ("slo",),
    "auth.signup.fail": ("fs",),
    "auth.signup.success": ("ss",),
    "auth.silent_auth.fail": (),
    "auth.silent_auth.success": (),
    "auth.token_exchange.fail": ("feacft", "feccft", "ferrt", "fertft"),
    "auth.token_exchange.success": ("seacft", "seccft", "sertft"),
    "management.fail": (),
    "management.success": ("sapi", "mgmt_api_read"),
    "scim.event": (),
    "system.notification": ("api_limit", "fui", "limit_mu", "limit_wc"),
    "user.fail": ("fce", "fcp", "fcpr", "fdu", "fn", "fv", "fvr"),
    "user.notification": (),
    "user.success": ("sce", "scp", "scpr", "sdu", "sui", "sv", "svr"),
    "actions": (),
}
OTHER = "other"  # the category of what is in none
CATEGORISED = frozenset(kind for kinds in CATEGORIES.values() for kind in kinds)
FILTERS = Many(
    Record(
        {"type": Text(choices=("category",)), "name": Text(choices=(*CATEGORIES, OTHER))},
        required=("type", "name"),
    )
)
CREATE = Record(
    {
        "name": Text(1, 255),
        "type": Text(choices=("http",)),
        "sink": Record(SINK, required=("httpEndpoint",)),
        "filters": FILTERS,
        "isPriority": Anything(nullable=True),
        "startFrom": Text(1),
        "pii_config": Anything(nullable=True),
    },
    required=("type", "sink"),
)
UPDATE = Record(
    {
        "name": Text(1, 255),
        "status": Text(choices=("active", "paused", "suspended")),
        "sink": Record(SINK, required=("httpEndpoint",)),
        "filters": FILTERS,
        "pii_config": Anything(nullable=True),
    }
)


@endpoint("GET", "/log-streams", "read:log_streams")
def list_streams(call: Call) -> Answer:
    """All of them, with their authorization in clear (recorded)."""
    return 200, [shown(row) for row in call.tenant.log_streams.rows.values()]


@endpoint("POST", "/log-streams", "create:log_streams")
def create_stream(call: Call) -> Answer:
    """Make one: 200, not 201 (recorded); 409 when there are as many as there may be."""
    body = object_body(call.body, CREATE)
    sinks = [row["sink"]["httpEndpoint"] for row in call.tenant.log_streams.rows.values()]
    if sum(sink.startswith("https:") for sink in sinks) >= MOST:
        raise ApiError(409, "You have reached the maximum number of log streams.")
    row = new_stream(call.tenant, body)
    return 200, shown(row)


@endpoint("GET", "/log-streams/{id}", "read:log_streams")
def get_stream(call: Call) -> Answer:
    """Read one."""
    return 200, shown(find_stream(call))


@endpoint("PATCH", "/log-streams/{id}", "update:log_streams")
def update_stream(call: Call) -> Answer:
    """Change one; what is sent of a sink replaces the whole sink (believed; the harsher)."""
    body = object_body(call.body, UPDATE)
    row = {**find_stream(call), **body}
    if body.get("status") == "active":
        row["failing_since"] = None
    put_stream(call.tenant, row)
    return 200, shown(row)


@endpoint("DELETE", "/log-streams/{id}", "delete:log_streams")
def delete_stream(call: Call) -> Answer:
    """Remove one: 204."""
    remove_stream(call.tenant, find_stream(call))
    return 204, None


def new_stream(tenant: Tenant, body: dict[str, Any], key: str = "") -> dict[str, Any]:
    """Store a stream; it begins with what is logged from now on, unless ``startFrom`` says when.

    Raises: ApiError 400, for a ``startFrom`` that is no time in ISO 8601.
    """
    last = next(reversed(tenant.logs.rows), "")
    if "startFrom" in body:
        last = id_at(moment_of(body["startFrom"]))
    row: dict[str, Any] = {
        "id": key or random_id("lst_"),
        "name": body.get("name", ""),
        "type": "http",
        "status": "active",
        "sink": body["sink"],
        "filters": body.get("filters", []),
        "isPriority": body.get("isPriority") or False,
        "sent_to": last,
        "failing_since": None,  # seconds since the epoch
    }
    put_stream(tenant, row)
    return row


def put_stream(tenant: Tenant, row: dict[str, Any]) -> None:
    """Store a stream and tell the threads that send."""
    tenant.log_streams.put(row["id"], row)
    tenant.log_grew.notify_all()


def remove_stream(tenant: Tenant, row: dict[str, Any]) -> None:
    """Remove a stream and tell its thread."""
    tenant.log_streams.remove(row["id"])
    tenant.log_grew.notify_all()


def moment_of(text: str) -> float:
    """A time in ISO 8601 in seconds since the epoch; without a zone it is UTC.

    Raises: ApiError 400.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid_body(
            "Object didn't pass validation for format date-time", "startFrom"
        ) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def find_stream(call: Call) -> dict[str, Any]:
    """The stored stream.

    Raises: ApiError 404.
    """
    row: dict[str, Any] | None = call.tenant.log_streams.rows.get(call.ids[0])
    if row is None:
        raise ApiError(404, "The log stream does not exist", "inexistent_log_stream")
    return row


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A stream as it is read."""
    return {key: value for key, value in row.items() if key not in OWN}


def wanted_by(row: dict[str, Any], record: dict[str, Any]) -> bool:
    """Whether the stream's filters let a record through; without filters, all."""
    kind = record["type"]
    names = [each["name"] for each in row["filters"]]
    return (
        not names
        or any(kind in CATEGORIES.get(name, ()) for name in names)
        or (OTHER in names and kind not in CATEGORISED)
    )


def is_loopback(url: object) -> bool:
    """Whether this is an http address of this machine, which an operator's stream may go to."""
    try:
        parts = urlsplit(str(url))
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        return parts.scheme == "http" and local and parts.port != 0
    except ValueError:
        return False


class TooManyStreams(ValueError):
    """One address more than there are threads for; the text is one sentence for a person."""


def operators_stream(tenant: Tenant, url: str, authorization: str, form: str) -> None:
    """Send the log to a program on this machine, by http, which the API itself refuses.

    One for each address; a second time, its authorization and format are replaced, and one that
    was paused goes on.
    Raises: TooManyStreams.
    """
    key = settled_id("lst_", url)
    rows = tenant.log_streams.rows
    sink = {"httpEndpoint": url, "httpAuthorization": authorization, "httpContentFormat": form}
    if key in rows:
        put_stream(tenant, {**rows[key], "sink": sink, "status": "active", "failing_since": None})
    elif sum(row["sink"]["httpEndpoint"].startswith("http:") for row in rows.values()) < MOST_HERE:
        new_stream(tenant, {"name": "Of the operator", "sink": sink}, key)
    else:
        raise TooManyStreams(f"There are {MOST_HERE} streams on this machine already.")
