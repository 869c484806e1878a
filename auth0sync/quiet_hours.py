"""Quiet hours: when only what is urgent is told at once (ALERT_QUIET_HOURS)."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

# From, until (not included), and whose clock; over midnight where the end is before the start.
Hours = tuple[time, time, ZoneInfo]


def is_quiet(hours: Hours | None, at: datetime) -> bool:
    """Whether ``at`` (aware) is within these hours, as the clock on the wall there shows it.

    So where the clock is put forward or back, the hours are an hour shorter or longer, and begin
    and end at the same hands of the clock as ever.
    """
    if hours is None:
        return False
    begin, end, zone = hours
    local = at.astimezone(zone).time()
    if begin < end:
        return begin <= local < end
    return local >= begin or local < end


def in_words(hours: Hours | None) -> str:
    """Such as ``22:00 to 06:00, America/Chicago``; '' for none."""
    return f"{hours[0]:%H:%M} to {hours[1]:%H:%M}, {hours[2]}" if hours else ""
