"""One connection: HTTP/1.1 with keep-alive, in front of a WSGI application.

werkzeug's own handler closes every connection, and reads whatever comes after an answer to
throw it away. Front reads each body to its end, so connections can be kept: a client that
pools connections, such as the SDK's, then behaves here as it does against Auth0.
"""

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from werkzeug.serving import WSGIRequestHandler

logger = logging.getLogger("devtenant")


class Handler(WSGIRequestHandler):
    """Keep-alive, without the delay that small answers suffer, and silent unless asked."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    verbose = False

    def run_wsgi(self) -> None:
        """Answer one request; a connection that was closed on purpose ends here."""
        environ = self.make_environ()
        try:
            answer = Answer()
            parts: Iterable[bytes] = self.server.app(environ, answer.start)
            try:
                if answer.is_streamed and self.command != "HEAD":
                    self.stream_answer(answer, parts)
                else:
                    self.send_answer(answer, b"".join(parts))
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            logger.exception("The stand-in failed to answer %s %s", self.command, self.path)
            self.close_connection = True
            self.send_answer(Answer.failed(), b"devtenant failed: see its terminal\n")

    def stream_answer(self, answer: "Answer", parts: Iterable[bytes]) -> None:
        """Send a body of unknown length in chunks as it is made."""
        self.send_head(answer, ("Transfer-Encoding", "chunked"))
        for part in parts:
            if part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def send_answer(self, answer: "Answer", body: bytes) -> None:
        """Send status, headers and body."""
        empty = answer.status == HTTPStatus.NO_CONTENT
        self.send_head(answer, None if empty else ("Content-Length", str(len(body))))
        if self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT:
            self.wfile.write(body)

    def send_head(self, answer: "Answer", length: tuple[str, str] | None) -> None:
        """Send status and headers with a Date always; length: the header that ends the body."""
        self.send_response(answer.status, answer.phrase)
        for name, value in answer.headers:
            if name.lower() not in ("connection", "content-length", "date", "server"):
                self.send_header(name, value)
        if length is not None:
            self.send_header(*length)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line per request with --verbose."""
        if self.verbose:
            super().log_request(code, size)


class Answer:
    """What the application passed to ``start_response``."""

    def __init__(self) -> None:
        self.status = 500
        self.phrase = ""
        self.headers: list[tuple[str, str]] = []

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """The application's ``start_response``."""
        code, _, self.phrase = status.partition(" ")
        self.status = int(code)
        self.headers = headers
        return refuse_write

    @property
    def is_streamed(self) -> bool:
        """True for a body whose length the application does not know yet."""
        return self.status == HTTPStatus.OK and not any(
            name.lower() == "content-length" for name, _ in self.headers
        )

    @classmethod
    def failed(cls) -> "Answer":
        """The answer to a request that broke the stand-in itself."""
        answer = cls()
        answer.start("500 Internal Server Error", [("Content-Type", "text/plain")])
        return answer


def refuse_write(data: bytes) -> object:
    """WSGI's old way to write: neither Flask nor werkzeug uses it."""
    raise TypeError("the stand-in answers by returning its body, never by write()")
