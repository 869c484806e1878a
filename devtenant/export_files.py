"""The file of an export, outside the Management API: gzipped lines, streamed (facts: exports)."""

import csv
import io
import json
import random
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from flask import Blueprint, Response, request

from devtenant.export_jobs import DEFAULT_FIELDS, FOLDER, may_download, take_snapshot
from devtenant.state import Tenant

LINES_AT_ONCE = 500
GZIP = 31  # zlib's window bits for a gzip header
DENIED = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>"
)
STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MISSING = object()

User = dict[str, Any]


def export_downloads(tenant: Tenant) -> Blueprint:
    """The blueprint with the files: no token is asked for, the link is the key."""
    blueprint = Blueprint("exports", __name__)

    @blueprint.get(f"{FOLDER}/<job_id>/<name>")
    def download(job_id: str, name: str) -> Response:
        expires = request.args.get("Expires", "")
        signed = request.args.get("Signature", "")
        with tenant.lock:
            job = tenant.jobs.rows.get(job_id)
            if job is None or not may_download(tenant, request.path, expires, signed):
                return Response(DENIED, 403, content_type="application/xml")
            rows = tenant.snapshots.get(job_id) or take_snapshot(tenant, job)
        return Response(compressed(lines(job, rows)), content_type="application/x-gzip")

    return blueprint


def lines(job: dict[str, Any], rows: list[User]) -> Iterator[str]:
    """The lines of the file, in an order that says nothing and stays the same for a job."""
    rows = list(rows)
    random.Random(job["id"]).shuffle(rows)  # noqa: S311 - an order, no secret
    wanted = job.get("fields") or [{"name": name} for name in DEFAULT_FIELDS]
    names = [(field.get("export_as", field["name"]), path_of(field["name"])) for field in wanted]
    if job["format"] == "csv":
        yield from csv_lines(names, rows)
        return
    for row in rows:
        found = ((title, value_at(row, path)) for title, path in names)
        shown = {title: value for title, value in found if value is not MISSING}
        yield json.dumps(shown, ensure_ascii=False) + "\n"


def csv_lines(names: list[tuple[str, list[str | int]]], rows: list[User]) -> Iterator[str]:
    """The lines of a CSV file; a text begins with an apostrophe, so none is a formula.

    Source: facts: exports.
    """
    yield as_csv([title for title, _ in names])
    for row in rows:
        yield as_csv([cell(value_at(row, path)) for _, path in names])


def cell(value: Any) -> str:
    """A value as a CSV export writes it."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, str):
        return value if DATE.fullmatch(value) else f"'{value}"
    return json.dumps(value)


def as_csv(cells: list[str]) -> str:
    """One line of CSV."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return line.getvalue()


def path_of(name: str) -> list[str | int]:
    """The steps of a name such as ``identities[0].connection``."""
    return [int(number) if number else key for number, key in STEP.findall(name)]


def value_at(row: Any, path: list[str | int]) -> Any:
    """What a user has there, or MISSING."""
    for step in path:
        try:
            row = row[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return row


def compressed(texts: Iterator[str]) -> Iterator[bytes]:
    """Texts as one gzip file, some hundred lines at a time."""
    packer = zlib.compressobj(wbits=GZIP)
    while part := "".join(islice(texts, LINES_AT_ONCE)):
        yield packer.compress(part.encode())
    yield packer.flush()
