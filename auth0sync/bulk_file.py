"""The file of an import job: pure. Source: facts, "Import file"."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Auth0 takes 512,000 bytes, and what stands around the file in the request may count too.
BYTES_MOST = 500_000
PEOPLE_MOST = 500  # also what one transaction may change


def packed(entries: Sequence[Mapping[str, Any]]) -> tuple[bytes, int]:
    """The file with the first of these, as many as fit into it, and how many they are."""
    lines: list[bytes] = []
    size = 2  # the brackets
    for each in entries[:PEOPLE_MOST]:
        line = json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode()
        size += len(line) + 1
        if size > BYTES_MOST:
            break
        lines.append(line)
    return b"[" + b",".join(lines) + b"]", len(lines)


def refused(errors: Iterable[Mapping[str, Any]], installation: str) -> dict[int, str] | None:
    """Which employees were refused, and by which code; None when an error is about nobody of ours.

    errors: as Auth0 lists them, with the user as it was sent.
    """
    ours = re.compile(rf"(?:auth0\|)?emp-{re.escape(installation)}-(\d+)-\d+")
    found: dict[int, str] = {}
    for each in errors:
        match = ours.fullmatch(str((each.get("user") or {}).get("user_id")))
        if match is None:
            return None
        codes = [str(error.get("code")) for error in each.get("errors") or []]
        found[int(match[1])] = codes[0] if codes else ""
    return found
