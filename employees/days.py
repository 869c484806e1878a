"""What was counted on each of the last days, for the charts of the start page.

Totals alone say nothing of yesterday, and logs are pruned: so a row a day keeps what the totals
were when the day began and when they were last looked at. A day is one by the company's clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from employees.counters import Labels, totals
from employees.models import Day
from employees.zones import today_in, zone_of

KEPT = timedelta(days=400)

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Sum:
    """A number of a day: all rows of these counters whose labels are right."""

    names: tuple[str, ...]
    counts: Callable[[Labels], bool] = lambda labels: True


SUMS: Mapping[str, Sum] = {
    "accounts": Sum(("auth0_user_creation_success",)),
    "accounts_refused": Sum(("auth0_user_creation_failed",)),
    "mails": Sum(("console_mails",), lambda labels: labels["outcome"] == "accepted"),
    "mails_refused": Sum(("console_mails",), lambda labels: labels["outcome"] != "accepted"),
    "log_ins": Sum(("console_logins", "kiosk_logins")),
    "log_ins_refused": Sum(("console_login_refusals", "kiosk_refusals")),
    "calls": Sum(("auth0_api_calls",), lambda labels: labels["status"] in ("2xx", "4xx")),
    "calls_failed": Sum(
        ("auth0_api_calls",), lambda labels: labels["status"] not in ("2xx", "4xx")
    ),
}


def note_day() -> None:
    """Write down how far the totals are today; two who do so at once say the same."""
    today, now = today_in(zone_of(None)), _numbers()
    if Day.objects.filter(pk=today).update(latest=now):
        return
    # What came between yesterday's last look and now belongs to today; nobody looked earlier.
    before = Day.objects.filter(pk__lt=today).order_by("-pk").values_list("latest", flat=True)
    began = before.first() or now
    Day.objects.bulk_create([Day(day=today, began=began, latest=now)], ignore_conflicts=True)
    Day.objects.filter(pk__lt=today - KEPT).delete()


def last_days(number: int) -> list[tuple[date, Numbers | None]]:
    """Each of the last days with what was counted on it, today last; None where nobody looked."""
    today = today_in(zone_of(None))
    first = today - timedelta(days=number - 1)
    rows = {row.day: _difference(row) for row in Day.objects.filter(pk__gte=first)}
    days = (first + timedelta(days=n) for n in range(number))
    return [(day, rows.get(day)) for day in days]


def _difference(row: Day) -> Numbers:
    """What a day added. A database that was restored has smaller totals than it once had."""
    return {name: max(0.0, row.latest.get(name, 0) - row.began.get(name, 0)) for name in SUMS}


def _numbers() -> dict[str, float]:
    found = totals()
    return {
        name: sum(
            total
            for counter in wanted.names
            for labels, total in found.get(counter, [])
            if wanted.counts(labels)
        )
        for name, wanted in SUMS.items()
    }
