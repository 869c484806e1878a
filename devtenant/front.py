"""What happens to a request before and after the application: Host, latency, faults, counting."""

import io
import json
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from devtenant.api import headers_of, template_of
from devtenant.errors import error_body
from devtenant.export_jobs import FOLDER
from devtenant.faults import Fault
from devtenant.state import Tenant

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
API = "/api/v2"
COUNTED = (
    f"{API}/",
    "/oauth/token",
    "/dbconnections/",
    "/authorize",
    "/userinfo",
    "/oidc/logout",
    "/v2/logout",
    "/.well-known/",
    f"{FOLDER}/",
)
# A body that no model of a user, role or ticket can take.
WRONG_BODY = {"user_id": {"not": "text"}, "created_at": "yesterday", "id": [], "ticket": 0}


class Gone(ConnectionError):
    """The connection is to be closed on purpose: there is nobody to answer."""

    def __init__(self, close: "Callable[[WSGIEnvironment], None]") -> None:
        super().__init__()
        self.close = close


class Front:
    """WSGI middleware around the Flask application."""

    def __init__(self, app: "WSGIApplication", tenant: Tenant) -> None:
        self.app = app
        self.tenant = tenant

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        # Read now, once: an unread body would be taken for the next request of the connection.
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if not loopback(environ.get("HTTP_HOST", "")):
            text = "This stand-in for Auth0 answers loopback addresses only.\n"
            return Response(text, 403, mimetype="text/plain")(environ, start_response)
        if not request.path.startswith(COUNTED):
            return self.app(environ, start_response)
        try:
            return self.counted(request, environ)(environ, start_response)
        except Gone as gone:
            gone.close(environ)  # not before it was counted: the caller may ask about it at once
            raise

    def counted(self, request: Request, environ: "WSGIEnvironment") -> Response:
        """Answer a call of the tenant's interface and count it; status 0 = no answer."""
        at = time.time()
        path = sent_path(environ, request.path)
        with self.tenant.lock:
            fault = self.tenant.faults.pick(request.method, (path, unquote(path)))
            latency_s = self.tenant.settings.latency_s
        status = 0
        try:
            if latency_s:
                self.tenant.stopping.wait(latency_s)
            response = self.faulty(fault, request, environ, path)
            status = response.status_code
            return response
        finally:
            self.count(request.method, path, status, at, fault)

    def count(self, method: str, path: str, status: int, at: float, fault: Fault | None) -> None:
        """Note one call: at in seconds since the epoch."""
        template = path
        if path.startswith(f"{API}/"):
            template = API + template_of(method, path.removeprefix(API))
        note: dict[str, Any] = {"at": at, "method": method, "path": unquote(path)}
        note["status"] = status
        if fault is not None:
            note["fault"] = fault.kind
        with self.tenant.lock:
            self.tenant.traffic.calls[f"{method} {template}"] += 1
            self.tenant.traffic.requests.append(note)

    def faulty(
        self, fault: Fault | None, request: Request, environ: "WSGIEnvironment", path: str
    ) -> Response:
        """Answer with the fault applied.

        Raises: Gone, when the fault is to close the connection.
        """
        if fault is None:
            return self.plain(environ)
        done = self.plain(environ) if fault.when == "after" else None
        match fault.kind:
            case "reset":
                raise Gone(reset)
            case "hang":
                # Waiting on the event: a stopping server is not held up by hanging calls.
                before = self.tenant.traffic
                self.tenant.stopping.wait(fault.delay_s)
                # After a reset it is another tenant, in which nothing of this one may land.
                if done is None and fault.lands and self.tenant.traffic is before:
                    self.plain(environ)
                raise Gone(hang_up)
            case "slow":
                self.tenant.stopping.wait(fault.delay_s)
                return done or self.plain(environ)
            case "cut":
                whole = done or self.plain(environ)
                headers = Headers((k, v) for k, v in whole.headers if k.lower() != "content-length")
                parts = cut(whole.iter_encoded(), fault.after_bytes)
                return Response(parts, whole.status_code, headers)
            case "wrong_body":
                status = done.status_code if done else fault.status
                headers = done.headers if done else self.bucket_headers(request.method, path, 0)
                body = fault.body if fault.has_body else WRONG_BODY
                return made(status, body, headers)
            case _:
                headers = (
                    done.headers
                    if done
                    else self.bucket_headers(request.method, path, fault.status)
                )
                if fault.retry_after is not None:
                    headers["Retry-After"] = str(fault.retry_after)
                body = fault.body if fault.has_body else usual_body(fault.status)
                return made(fault.status, body, headers)

    def plain(self, environ: "WSGIEnvironment") -> Response:
        """The application's own answer."""
        # A file is not held in memory as a whole; what an answer says is ready when it is there.
        buffered = not environ["PATH_INFO"].startswith(FOLDER)
        return Response.from_app(self.app, environ, buffered=buffered)

    def bucket_headers(self, method: str, path: str, status: int) -> Headers:
        """A failing call counts too; a 429 says that nothing is left."""
        headers = Headers()
        if path.startswith(f"{API}/"):
            template = template_of(method, path.removeprefix(API))
            with self.tenant.lock:
                take = self.tenant.buckets.take(method, template, time.time())
                headers.extend(headers_of(self.tenant, take))
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                headers["x-ratelimit-remaining"] = "0"
        return headers


def loopback(host: str) -> bool:
    """True for a Host header that names this machine: a page elsewhere cannot rebind its name."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False


def sent_path(environ: "WSGIEnvironment", decoded: str) -> str:
    """The path as it was sent, without the query."""
    raw: str = environ.get("REQUEST_URI") or decoded
    return urlsplit(raw).path if raw.startswith("http") else raw.partition("?")[0]


def usual_body(status: int) -> Any:
    """What Auth0 sends with a failure: JSON, or HTML from a proxy in front for 502 and 504."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return error_body(status, "Global limit has been reached", "too_many_requests")
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Fault"
    if status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
        return f"<html><head><title>{status} {phrase}</title></head></html>\n"
    return {"statusCode": status, "error": phrase, "message": phrase}


def made(status: int, body: Any, headers: Headers) -> Response:
    """A response with another body: text goes out as HTML, all else as JSON."""
    as_text = isinstance(body, str)
    kind = "text/html; charset=utf-8" if as_text else "application/json; charset=utf-8"
    kept = [(k, v) for k, v in headers if k.lower() not in ("content-type", "content-length")]
    return Response(body if as_text else json.dumps(body), status, kept, content_type=kind)


def cut(parts: Iterable[bytes], after_bytes: int) -> Iterator[bytes]:
    """The beginning of a body, then the end of the connection.

    Raises: ConnectionAbortedError, always.
    """
    left = after_bytes
    for part in parts:
        if len(part) >= left:
            yield part[:left]
            break
        left -= len(part)
        yield part
    raise ConnectionAbortedError


def reset(environ: "WSGIEnvironment") -> None:
    """End the connection by a TCP reset."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Files made from the socket keep it open: only its descriptor can be closed at once.
    socket.close(connection.detach())


def hang_up(environ: "WSGIEnvironment") -> None:
    """End the connection without an answer."""
    connection: socket.socket = environ["werkzeug.socket"]
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the caller was quicker
