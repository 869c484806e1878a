"""Several things to say at once, as one message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from django.conf import settings

from auth0sync.models import Telling

APART_MOST = 3  # more than these at once are one message
LATE_S = 300  # whoever reads what was written so long ago is told when it was


@dataclass(frozen=True)
class Message:
    """What goes out by a channel; ``rows`` are the primary keys of what it says."""

    subject: str
    text: str
    key: str
    state: str
    rows: list[int]


def messages(rows: Sequence[Telling], now: datetime) -> list[Message]:
    """What to send for these rows, which are in the order in which they were written.

    What waited for the end of the quiet hours is one message, and so is a backlog.
    """
    apart = [row for row in rows if not row.held]
    if len(apart) > APART_MOST:
        apart = []
    together = [row for row in rows if row not in apart]
    found = [_one(row, now) for row in apart]
    if len(together) == 1:
        return [*found, _one(together[0], now)]
    return [*found, _digest(together)] if together else found


def titled(subject: str) -> str:
    """The subject on one line, with which console it comes from."""
    where = f" ({settings.ENVIRONMENT_NAME})" if settings.ENVIRONMENT_NAME else ""
    return " ".join(f"Identity console{where}: {subject}".split())


def _one(row: Telling, now: datetime) -> Message:
    said = row.text
    if (now - row.written_at).total_seconds() > LATE_S:
        said += f"\n\nThis is of {_clock(row.written_at, with_day=True)}."
    return Message(row.subject, said, row.key, row.state, [row.pk])


def _digest(rows: Sequence[Telling]) -> Message:
    """An incident that began and ended among these is one line."""
    by_key: dict[str, list[Telling]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    lines = [line for theirs in by_key.values() for line in _lines(theirs)]
    since = _clock(rows[0].written_at, with_day=True)
    subject = titled(f"{len(lines)} notices since {since}")
    return Message(subject, "\n\n".join(lines), "digest", "digest", [row.pk for row in rows])


def _lines(rows: Sequence[Telling]) -> list[str]:
    first, last = rows[0], rows[-1]
    if first.state == Telling.State.BEGUN and last.state == Telling.State.OVER:
        begun = sum(row.state == Telling.State.BEGUN for row in rows)
        times = f", {begun} times" if begun > 1 else ""
        when = f"{_clock(first.written_at)} to {_clock(last.written_at)}"
        return [f"- {when}: {_bare(first.subject)}{times}. It is over."]
    return [
        f"- {_clock(row.written_at)}: {_bare(row.subject)}\n  " + row.text.replace("\n", "\n  ")
        for row in rows
    ]


def _bare(subject: str) -> str:
    return subject.removeprefix(titled("")).strip()


def _clock(at: datetime, *, with_day: bool = False) -> str:
    zone: tzinfo = settings.ALERT_QUIET_HOURS[2] if settings.ALERT_QUIET_HOURS else UTC
    return f"{at.astimezone(zone):{'%d %b, ' if with_day else ''}%H:%M %Z}"
