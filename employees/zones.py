"""In which time zone people read a time: that of a workspace, the company's where it is unknown."""

from datetime import datetime
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
