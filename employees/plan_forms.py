"""When somebody joins or leaves, as it is typed: by the clock of their workspace."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from employees.admin_base import ThemedTextInput
from employees.errors import InvalidValue
from employees.planning import AT_MOST
from employees.widgets import ClockInput, DayInput
from employees.zones import resolved, today_in

MIDNIGHT = time(0)
END_OF_WORK = time(17)


class JoiningForm(forms.Form):
    """A day, at whose beginning somebody is switched on. ``zone``: that of their workspace.

    Once it is valid, ``at`` is the moment, and ``said`` what has to be said of it; "" for nothing.
    """

    day = forms.DateField(label="Day", widget=DayInput)
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=200,
        widget=ThemedTextInput,
        help_text="Stands on their page as long as this is planned. Nobody is told of it.",
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.at: datetime | None = None
        self.said = ""
        self.fields["day"].widget.attrs.update(autofocus=True, min=f"{today_in(zone):%Y-%m-%d}")

    def clean(self) -> dict[str, Any]:
        """Find the moment that is meant."""
        super().clean()
        day, clock = self.cleaned_data.get("day"), self.cleaned_data.get("clock", MIDNIGHT)
        if day and clock is not None:
            try:
                refuse_far_days(day, self.zone)
            except InvalidValue as error:
                self.add_error("day", error.reason)
            else:
                self.at, self.said = resolved(day, clock, self.zone)
        return self.cleaned_data


class LeavingForm(JoiningForm):
    """A day and a time, at which somebody's access ends."""

    clock = forms.TimeField(label="Time", widget=ClockInput, initial=END_OF_WORK)
    field_order = ("day", "clock", "reason")


def beginning_of(day: date, zone: ZoneInfo) -> datetime | None:
    """When a day begins there, in UTC; None for today, which has begun.

    Raises: InvalidValue, for a day that has passed, or is too far away.
    """
    if day == today_in(zone):
        return None
    if day < today_in(zone):
        reason = "That day has passed. Leave it empty for somebody who starts now."
        raise InvalidValue("starts_on", reason)
    refuse_far_days(day, zone)
    return resolved(day, MIDNIGHT, zone)[0]


def refuse_far_days(day: date, zone: ZoneInfo) -> None:
    """Raises: InvalidValue, for a day that no clock can be asked about, or that is a slip."""
    if abs(day - today_in(zone)) > AT_MOST:
        raise InvalidValue("day", "That is more than two years away: look at the year again.")
