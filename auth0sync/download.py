"""Reading what an export job has left for the console: gzipped JSON, one account a line.

The file lies outside the API, behind a signed address, so neither the token goes there nor the
limits of the API count. It is never whole in memory. Source: facts, POST /jobs/users-exports.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from auth0sync.errors import Transient
from employees.emails import normalise_email

GZIP = 31  # zlib's name for the format
LINE_BYTES_MOST = 1_000_000  # Auth0 allows 10 KB for an account
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def exported(location: str) -> Iterator[dict[str, Any]]:
    """Every account in the file, with its e-mail normalised.

    location: as in ``tenant_jobs.Job``; it is a credential, and in no error.
    Raises Transient when the file can't be had, or ends in the middle.
    """
    where = urlsplit(location)
    if where.scheme != "https" and where.hostname not in LOOPBACK:
        raise unusable("the address of the export isn't https", "export_address")
    rest = b""
    for piece in _unpacked(location):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_BYTES_MOST:
            raise unusable("a line of the export is too long", "export_line")
        yield from map(_account, filter(None, lines))
    if rest:
        yield _account(rest)


def _unpacked(location: str) -> Iterator[bytes]:
    """The file's text in pieces. A file that ends too early is no file."""
    unpack = zlib.decompressobj(GZIP)
    failure = ""
    # httpx's errors name the address: none is chained.
    try:
        with httpx.stream("GET", location, timeout=settings.AUTH0_TIMEOUT) as answer:
            if answer.status_code != httpx.codes.OK:
                failure = f"http_{answer.status_code}"
            else:
                for piece in answer.iter_raw():
                    while piece:
                        if unpack.eof:  # a packed file may be several, one behind the other
                            unpack = zlib.decompressobj(GZIP)
                        yield unpack.decompress(piece)
                        piece = unpack.unused_data
    except (httpx.HTTPError, zlib.error) as error:
        failure = f"lost_{type(error).__name__}"
    if failure or not unpack.eof:
        raise unusable("the export couldn't be read to its end", failure or "export_cut_off")


def _account(line: bytes) -> dict[str, Any]:
    account = None
    with suppress(ValueError):  # the error would hold the line
        account = json.loads(line)
    if not isinstance(account, dict) or not isinstance(account.get("user_id"), str):
        raise unusable("a line of the export is no account", "export_line")
    return {**account, "email": normalise_email(account.get("email"))}


def unusable(why: str, code: str) -> Transient:
    """What to raise when the list can't be had or believed; why: the end of a sentence."""
    return Transient(f"Auth0's list of accounts can't be used: {why}.", code=code)
