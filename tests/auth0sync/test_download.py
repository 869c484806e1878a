"""Reading the file of an export job: whole, or not at all."""

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from auth0sync import download
from auth0sync.download import exported
from auth0sync.errors import Transient

pytestmark = pytest.mark.once


class Files(HTTPServer):
    """One file, on a port of its own."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.body, self.status = b"", 200

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/export?Signature=hush"


class _Answer(BaseHTTPRequestHandler):
    server: Files

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def files() -> Iterator[Files]:
    server = Files()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def lines(*accounts: Any, end: str = "\n") -> bytes:
    return gzip.compress(("\n".join(json.dumps(each) for each in accounts) + end).encode())


def why(files: Files) -> str:
    with pytest.raises(Transient) as raised:
        list(exported(files.link))
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None
    return raised.value.code


@pytest.mark.parametrize("end", ["\n", ""])
def test_every_line_is_an_account_with_its_email_normalised(files: Files, end: str) -> None:
    files.body = lines(
        {"user_id": "auth0|1", "email": " Ana@Example.com"}, {"user_id": "2"}, end=end
    )

    assert list(exported(files.link)) == [
        {"user_id": "auth0|1", "email": "ana@example.com"},
        {"user_id": "2", "email": ""},
    ]


def test_a_file_that_was_packed_in_parts_is_read_to_its_end(files: Files) -> None:
    files.body = lines({"user_id": "1"}) + lines({"user_id": "2"})
    assert [each["user_id"] for each in exported(files.link)] == ["1", "2"]

    files.body = lines({"user_id": "1"}) + lines({"user_id": "2"})[:-9]
    assert why(files) == "export_cut_off"


def test_a_file_that_ends_in_the_middle_is_none(files: Files) -> None:
    files.body = lines({"user_id": "1"})[:-9]

    assert why(files) == "export_cut_off"


def test_a_file_that_isnt_packed_is_none(files: Files) -> None:
    files.body = b"<html>"

    assert why(files) == "lost_error"


def test_a_link_that_has_expired_gives_none(files: Files) -> None:
    files.status = 403

    assert why(files) == "http_403"


def test_nobody_there_gives_none(files: Files) -> None:
    files.shutdown()
    files.server_close()

    assert why(files) == "lost_ConnectError"


@pytest.mark.parametrize("line", [["auth0|1"], {"email": "ana@example.com"}])
def test_a_line_that_is_no_account_spoils_it(files: Files, line: Any) -> None:
    files.body = lines(line)

    assert why(files) == "export_line"


def test_a_line_that_is_no_json_spoils_it(files: Files) -> None:
    files.body = gzip.compress(b"user_id,email\n")

    assert why(files) == "export_line"


def test_a_line_without_an_end_is_given_up(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "LINE_BYTES_MOST", 10)
    files.body = lines({"user_id": "x" * 100}, end="")

    assert why(files) == "export_line"


def test_an_address_that_anybody_could_read_along_is_not_asked() -> None:
    with pytest.raises(Transient, match="isn't https"):
        list(exported("http://example.com/export"))
