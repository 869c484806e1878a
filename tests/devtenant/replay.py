"""Replay of recorded exchanges, and what differs in words a person can read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.devtenant.running import ROOT, RunningTenant

RECORDINGS = ROOT.parent / "shared" / "recordings"

# Auth0 answers with more than it did: keys that recent recordings have and older ones lack.
ADDED_LATER = {
    ("roles", "type"),  # absent until 2024, recorded in TestAccRole
    ("resource-servers", "subject_type_authorization"),  # absent in 2024, recorded in 2026
}
# Made by the tenant for each record: of the same shape, but another value.
MADE_BY_TENANT = {"id", "user_id", "created_at", "updated_at", "last_password_reset", "picture"}
SHAPES = {
    "created_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "updated_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
}
ID_SHAPES = (r"rol_[A-Za-z0-9]{16}", r"[0-9a-f]{24}", r"auth0\|.+")


@dataclass
class Replay:
    """One file against one tenant. ``ids``: the recorded tenant's id -> ours."""

    tenant: RunningTenant
    ids: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def run(self, path: Path) -> list[str]:
        """Make every recorded call in order; returns one sentence for each difference."""
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if line.strip():
                self.exchange(number, json.loads(line))
        return self.differences

    def exchange(self, number: int, recorded: dict[str, Any]) -> None:
        """Make one call and compare status and body."""
        path = self.translated(recorded["path"])
        request = json.loads(self.translated(json.dumps(recorded["request"])))
        response = self.tenant.api(recorded["method"], path, request)
        where = f"line {number}, {recorded['method']} {recorded['path']}"
        if response.status_code != recorded["status"]:
            self.differences.append(
                f"{where}: status {response.status_code} instead of {recorded['status']}: "
                f"{response.text[:200]}"
            )
            return
        ours = response.json() if response.content else None
        theirs = recorded["response"]
        self.learn(theirs, ours)
        expected = json.loads(self.translated(json.dumps(theirs)))
        kind = recorded["path"].removeprefix("/api/v2/").partition("/")[0].partition("?")[0]
        for difference in compare(expected, ours, kind, ""):
            self.differences.append(f"{where}: {difference}")

    def translated(self, text: str) -> str:
        """Recorded ids replaced by ours."""
        for theirs in sorted(self.ids, key=len, reverse=True):
            text = text.replace(theirs, self.ids[theirs])
        return text

    def learn(self, theirs: Any, ours: Any) -> None:
        """Remember which of our ids stands for which recorded one."""
        if not (isinstance(theirs, dict) and isinstance(ours, dict)):
            return
        for key in ("id", "user_id"):
            old, new = theirs.get(key), ours.get(key)
            if isinstance(old, str) and isinstance(new, str) and old not in self.ids:
                if key == "user_id":
                    old, new = old.removeprefix("auth0|"), new.removeprefix("auth0|")
                self.ids[old] = new


def compare(theirs: Any, ours: Any, kind: str, where: str) -> Iterator[str]:
    """What differs between a recorded body and ours. kind: the first word of the path."""
    name = where.rpartition(".")[2]
    if type(theirs) is not type(ours):
        yield f"{where or 'body'} is {brief(ours)}, recorded {brief(theirs)}"
    elif isinstance(theirs, dict):
        for key in theirs.keys() - ours.keys():
            yield f"{where}.{key} is missing, recorded {brief(theirs[key])}"
        for key in ours.keys() - theirs.keys():
            if where or (kind, key) not in ADDED_LATER:
                yield f"{where}.{key} is {brief(ours[key])}, recorded without"
        for key in sorted(theirs.keys() & ours.keys()):
            yield from compare(theirs[key], ours[key], kind, f"{where}.{key}")
    elif isinstance(theirs, list):
        if len(theirs) != len(ours):
            yield f"{where or 'list'} has {len(ours)} items, recorded {len(theirs)}"
        for position, (one, other) in enumerate(zip(theirs, ours, strict=False)):
            yield from compare(one, other, kind, f"{where}[{position}]")
    elif name in SHAPES:
        if not re.fullmatch(SHAPES[name], str(ours)):
            yield f"{where} is {brief(ours)}, recorded {brief(theirs)}"
    elif name in MADE_BY_TENANT and isinstance(theirs, str):
        for shape in ID_SHAPES:
            if bool(re.fullmatch(shape, theirs)) > bool(re.fullmatch(shape, ours)):
                yield f"{where} is {brief(ours)}, recorded {brief(theirs)}"
        if name == "picture" and theirs != ours:
            yield f"{where} is {brief(ours)}, recorded {brief(theirs)}"
    elif theirs != ours:
        yield f"{where} is {brief(ours)}, recorded {brief(theirs)}"


def brief(value: Any) -> str:
    """A value as JSON, cut."""
    text = json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
