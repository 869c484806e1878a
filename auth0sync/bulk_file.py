"""The file of an import job: pure. Source: facts, "Import file"."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from employees.emails import normalise_email

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


@dataclass(frozen=True)
class Refusal:
    """One of the errors of a job. employee_id: None where it names no id that was sent.

    email: of the user that it is about, normalised; "" for none. code: Auth0's, "" for none.
    """

    employee_id: int | None
    email: str
    code: str


def refusals(errors: Iterable[Mapping[str, Any]], installation: str) -> list[Refusal]:
    """Whom each error is about. errors: as Auth0 lists them, with the user as it was sent."""
    ours = re.compile(rf"(?:auth0\|)?emp-{re.escape(installation)}-(\d+)-\d+")
    found = []
    for each in errors:
        user, said = each.get("user") or {}, each.get("errors") or [{}]
        match = ours.fullmatch(str(user.get("user_id")))
        found.append(
            Refusal(
                employee_id=int(match[1]) if match else None,
                email=normalise_email(user.get("email")),
                code=str(said[0].get("code") or ""),
            )
        )
    return found
