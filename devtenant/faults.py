"""Faults on request: what shall go wrong, when, and how often (POST /_faults)."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

KINDS = ("status", "reset", "hang", "slow", "wrong_body", "cut")
# What becomes of a job, decided when it is made: it ends early, never, or its data is gone.
JOB_KINDS = ("job_dies", "job_stuck", "job_erased")
# Mails of the tenant's own; match.path is then the recipient's address.
MAIL_KINDS = ("mail_fails",)
# One delivery of a log stream; match.path is then its endpoint.
STREAM_KINDS = ("stream_duplicate", "stream_shuffle", "stream_delay", "stream_lost_answer")
ALL_KINDS = KINDS + JOB_KINDS + MAIL_KINDS + STREAM_KINDS
KNOWN = {
    "match",
    "kind",
    "status",
    "when",
    "times",
    "rate",
    "seed",
    "delay_s",
    "lands",
    "retry_after",
    "body",
    "after_users",
    "after_bytes",
}


class BadFault(ValueError):
    """A fault that makes no sense; the text says why."""


@dataclass
class Fault:
    """One fault. ``delay_s`` in seconds; ``times`` None = until cleared; ``rate`` 0.0 to 1.0.

    ``after_users``: how many of an import are done before a fault of JOB_KINDS strikes; None =
    all. ``after_bytes``: how much of a body goes out before ``cut`` closes the connection.
    """

    number: int
    spec: dict[str, Any]
    kind: str
    when: str
    method: str | None
    path: re.Pattern[str] | None
    times: int | None
    rate: float | None
    status: int
    delay_s: float
    lands: bool
    retry_after: int | None
    body: Any
    has_body: bool
    after_users: int | None
    after_bytes: int
    fired: int = 0
    dice: random.Random = field(default_factory=random.Random)

    def hits(self, method: str, paths: tuple[str, ...]) -> bool:
        """True when the fault applies to this call; counts it as fired."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.method and self.method != method:
            return False
        if self.path and not any(self.path.fullmatch(path) for path in paths):
            return False
        if self.rate is not None and self.dice.random() >= self.rate:
            return False
        self.fired += 1
        return True

    def shown(self) -> dict[str, Any]:
        """The fault as it was asked for, and how often it fired."""
        left = None if self.times is None else self.times - self.fired
        return {**self.spec, "id": self.number, "fired": self.fired, "left": left}


class Faults:
    """The faults that are set. Callers hold the tenant's lock."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.numbers = 0

    def add(self, spec: Any) -> Fault:
        """Set one fault from its JSON.

        Raises: BadFault with a sentence for the person who wrote it.
        """
        self.numbers += 1
        fault = parse(spec, self.numbers)
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        """Remove every fault."""
        self.active.clear()

    def pick(self, method: str, paths: tuple[str, ...]) -> Fault | None:
        """The first fault that hits this call; paths: the path as sent and decoded."""
        plain = (fault for fault in self.active if fault.kind in KINDS)
        return next((fault for fault in plain if fault.hits(method, paths)), None)

    def pick_for_job(self, path: str) -> Fault | None:
        """The first fault that decides what becomes of a job made by POST to ``path``."""
        fates = (fault for fault in self.active if fault.kind in JOB_KINDS)
        return next((fault for fault in fates if fault.hits("POST", (path,))), None)

    def pick_for_stream(self, url: str) -> Fault | None:
        """The first fault that hits the next batch of the stream to ``url``."""
        streams = (fault for fault in self.active if fault.kind in STREAM_KINDS)
        return next((fault for fault in streams if fault.hits("POST", (url,))), None)

    def pick_for_mail(self, address: str) -> Fault | None:
        """The first fault that keeps a mail to ``address`` from going out."""
        mails = (fault for fault in self.active if fault.kind in MAIL_KINDS)
        return next((fault for fault in mails if fault.hits("POST", (address,))), None)


def parse(spec: Any, number: int) -> Fault:
    """Check one fault's JSON and make the fault.

    Raises: BadFault.
    """
    if not isinstance(spec, dict):
        raise BadFault("A fault is a JSON object.")
    unknown = sorted(set(spec) - KNOWN)
    if unknown:
        raise BadFault(f"Unknown keys: {', '.join(unknown)}.")
    kind = spec.get("kind")
    if kind not in ALL_KINDS:
        raise BadFault(f"kind must be one of {', '.join(ALL_KINDS)}.")
    match = spec.get("match") or {}
    if not isinstance(match, dict) or set(match) - {"method", "path"}:
        raise BadFault("match may hold method and path.")
    when = spec.get("when", "after" if kind == "wrong_body" else "before")
    if when not in ("before", "after"):
        raise BadFault("when must be before or after.")
    rate = spec.get("rate")
    if rate is not None and not 0 <= rate <= 1:
        raise BadFault("rate must be between 0.0 and 1.0.")
    status = int(spec.get("status", 503 if kind == "status" else 200))
    if not 200 <= status <= 599:
        raise BadFault("status must be between 200 and 599.")
    try:
        path = re.compile(match["path"]) if match.get("path") else None
    except re.error as error:
        raise BadFault(f"path is no regular expression: {error}.") from error
    method = match.get("method")
    return Fault(
        number=number,
        spec=spec,
        kind=kind,
        when=when,
        method=method.upper() if method else None,
        path=path,
        times=None if spec.get("times") is None else int(spec["times"]),
        rate=rate,
        status=status,
        delay_s=float(spec.get("delay_s", 60 if kind == "hang" else 1)),
        lands=bool(spec.get("lands", False)),
        retry_after=spec.get("retry_after"),
        body=spec.get("body"),
        has_body="body" in spec,
        after_users=None if spec.get("after_users") is None else int(spec["after_users"]),
        after_bytes=int(spec.get("after_bytes", 0)),
        dice=random.Random(spec.get("seed")),  # noqa: S311 - chance on request, no secret
    )
