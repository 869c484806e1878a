"""In which time zone people read a time: that of a workspace, the company's where it is unknown."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format


def zone_of(workspace: str | None) -> ZoneInfo:
    """The time zone of a workspace.

    workspace: ``employees.workspace``; None, "" and words that nobody set up stand for the company.
    """
    zones: dict[str, str] = settings.WORKSPACE_TIME_ZONES
    return ZoneInfo(zones.get(workspace or "", settings.DEFAULT_WORKSPACE_TIME_ZONE))


def moment(value: datetime | None) -> str:
    """A time on a page, with its zone, such as "25 Nov 2026, 20:48 CST"; "–" for none."""
    return date_format(timezone.localtime(value), "j M Y, H:i e") if value else "–"


def today_in(zone: ZoneInfo) -> date:
    """The day by the clock of a zone, which may be yesterday's when UTC has moved on."""
    return timezone.now().astimezone(zone).date()


def resolved(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, str]:
    """The moment at which the clocks of a zone show this, in UTC, and what has to be said of it.

    The sentence is "" but for the two hours of a year that don't exist, or come twice. They are
    read as calendars read them: the first of two; and by the clock before it goes forward.
    Source: RFC 5545, section 3.3.5.
    """
    meant = datetime.combine(day, clock, zone)
    at = meant.astimezone(UTC)
    shown = at.astimezone(zone)
    if shown.replace(tzinfo=None) != meant.replace(tzinfo=None):
        return at, (
            f"{clock:%H:%M} doesn’t exist on that day, since the clocks go forward: "
            f"{shown:%H:%M} is meant."
        )
    if meant.utcoffset() != meant.replace(fold=1).utcoffset():
        return at, (
            f"{clock:%H:%M} comes twice on that day, since the clocks go back: "
            f"the first one is meant, in {clock_of(at, zone)}."
        )
    return at, ""


def in_full(at: datetime, zone: ZoneInfo) -> str:
    """A moment by the clock of a zone, such as "Friday 4 December 2026 at 17:00 CST"."""
    return f"{at.astimezone(zone):%A %-d %B %Y at %H:%M} {clock_of(at, zone)}"


def clock_of(at: datetime, zone: ZoneInfo) -> str:
    """What a zone calls its clock at a moment, such as "CST"; a number where it has no name."""
    name = at.astimezone(zone).tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
