"""A proxy in front of the console, which can lose it as a real one does."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

HANGS_UP = 0
ONE_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding"}


class Gate:
    """``status`` is what everything is answered while it isn't None; HANGS_UP: no answer at all."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self.status: int | None = None


@contextmanager
def gate_before(console_url: str) -> Iterator[Gate]:
    """Everything goes on to ``console_url``, one connection a request."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if gate.status == HANGS_UP:
                self.close_connection = True
                return
            if gate.status is not None:
                self.send_error(gate.status)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with httpx.Client(base_url=console_url, trust_env=False) as client:
                found = client.request(
                    self.command, self.path, headers=list(self.headers.items()), content=body
                )
            self.send_response(found.status_code)
            for name, value in found.headers.multi_items():
                if name.lower() not in ONE_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.content)))
            self.end_headers()
            self.wfile.write(found.content)

        do_GET = do_HEAD = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gate = Gate(server.server_port)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
