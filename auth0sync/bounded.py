"""An HTTP client for which a whole answer, not only each piece of it, has to come in time.

httpx's read timeout begins anew with every piece, so that an answer which comes drop by drop would
hold a worker, or whoever signs in, for as long as somebody likes.
"""

import time
from collections.abc import Iterator
from typing import Any, cast

import httpx


class BoundedClient(httpx.Client):
    """As httpx.Client; its read timeout, in seconds, is for the answer's whole body too."""

    def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        """As httpx.Client.send. Raises httpx.ReadTimeout, too, when the body takes too long."""
        within_s = request.extensions["timeout"]["read"]
        ends_at = time.monotonic() + within_s
        response = super().send(request, stream=True, **options)
        response.stream = _Bounded(cast(httpx.SyncByteStream, response.stream), ends_at)
        if not stream:
            try:
                response.read()
            finally:
                response.close()
        return response


class _Bounded(httpx.SyncByteStream):
    """A body that has to have come by ``ends_at``, on the clock of ``time.monotonic``."""

    def __init__(self, body: httpx.SyncByteStream, ends_at: float) -> None:
        self._body = body
        self._ends_at = ends_at

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            if time.monotonic() > self._ends_at:
                raise httpx.ReadTimeout("The answer takes too long.")
            yield piece

    def close(self) -> None:
        self._body.close()


def get(url: str, timeout_s: float) -> httpx.Response:
    """As httpx.get, with this client. Raises httpx.HTTPError."""
    with BoundedClient(timeout=timeout_s) as client:
        return client.get(url)
