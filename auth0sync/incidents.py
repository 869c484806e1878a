"""What stands in everybody's way at this moment, told to the operators when it begins and ends.

The sweep looks every few seconds, and whoever turns the switch looks at once. What is wrong with
calls and queue is found in watch_calls.py and watch_queue.py; that nobody sweeps, in watch_web.py.
Each incident's text ends with where the step that mends it is described (docs/alerts.md).
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Subquery
from django.db.models.functions import Now

from auth0sync import alerts, switch, watch_calls, watch_queue
from auth0sync.alert_kinds import is_looked_after
from auth0sync.models import Account, Comparison, Difference, Pause, StagedBatch, TenantState
from employees import receipts
from employees.models import PlannedMove
from employees.selectors import planned_moves

PEOPLE_NAMED = 20  # by their numbers, in one alert
DOWN_FOR = timedelta(minutes=5)  # shorter outages mend themselves before anybody has read of them
COMPARED_WITHIN = timedelta(hours=36)  # a night that was missed, and some hours

SUBJECTS = {
    "foreign_tenant": "AUTH0_DOMAIN isn't the tenant of the accounts, so nothing is called",
    "restored": "paused until the accounts are compared with Auth0",
    "paused": "the link to Auth0 is switched off",
}


def look() -> None:
    """Tell what began since the last look, and what is over."""
    now, told = current(), alerts.open_incidents()
    for key, (subject, text) in now.items():
        if key not in told:
            alerts.alert(key, subject, f"{text}\n\nWhat to do: docs/alerts.md.")
        elif told[key]:
            alerts.back(key)
    for key in told:
        if is_looked_after(key) and key not in now:
            alerts.gone(key)


def current() -> dict[str, tuple[str, str]]:
    """Key → subject and text of what is in the way; a link that the settings switch off isn't."""
    found = {**_plans(), **_open_doors(), **watch_queue.silent_workers()}
    if switch.by_settings():
        return found
    state = TenantState.objects.filter(pk=1).first()
    if state and (off := switch.by_state(state)):
        by = f" By {switch.paused_by(state)}." if off.code in switch.PAUSES else ""
        found[f"switch:{off.code}"] = (SUBJECTS[off.code], off.text + by)
    for pause in Pause.objects.order_by("pk"):
        missing = f" Missing: {pause.missing}." if pause.missing else ""
        found[f"pause:{pause.capability}"] = (
            f"Auth0 refuses the console: {pause.capability}",
            f"{pause.error}{missing} It is tried once a minute and goes on by itself.",
        )
    held = Account.objects.filter(batch__state=StagedBatch.State.OPEN).count()
    if held:
        found["held"] = (
            "changes wait for a second administrator",
            "The safety brake holds changes of so many people at once that somebody else has to "
            f"look at them first ({held} now). Decide in the admin, under Held changes.",
        )
    since = TenantState.objects.filter(pk=1, down_since__lt=Now() - DOWN_FOR)
    down = since.annotate(lasts=Now() - F("down_since")).first()
    if down:
        minutes = int(down.lasts.total_seconds() // 60)
        found["outage"] = (
            "Auth0 doesn't answer",
            f"{settings.AUTH0_DOMAIN} hasn't answered for {minutes} minutes. Everything else "
            "works, who is due waits, and the console goes on by itself. See https://status.auth0.com.",
        )
    return {**found, **_comparison(), **_unblocked(), **_watched()}


def _watched() -> dict[str, tuple[str, str]]:
    """What is wrong with calls and queue, though each of them may go out."""
    return {
        **watch_queue.failures(),
        **watch_queue.renewal(),
        **watch_queue.standstill(),
        **watch_calls.found_in(watch_calls.calls()),
        **watch_calls.warnings(),
    }


def _comparison() -> dict[str, tuple[str, str]]:
    """Nobody knows whether both sides agree: the last nights' comparisons failed."""
    late = TenantState.objects.filter(pk=1, compared_at__lt=Now() - COMPARED_WITHIN)
    since = Subquery(late.values("compared_at"))
    failed = Comparison.objects.filter(state=Comparison.State.FAILED, finished_at__gt=since)
    last = failed.order_by("-finished_at").first()
    if last is None:
        return {}
    text = f"The accounts in Auth0 weren't compared with the people here for 36 hours. {last.error}"
    return {"comparison": ("the accounts can't be compared with Auth0", text)}


def _unblocked() -> dict[str, tuple[str, str]]:
    """Somebody who left can sign in, since their account was unblocked in Auth0."""
    found = Difference.objects.filter(kind=Difference.Kind.OPEN, state=Difference.State.OPEN)
    # Sorted here: for the order alone SQLite would read all that differs.
    ids = found.order_by().values_list("employee_id", flat=True)
    numbers = sorted(pk for pk in ids if pk is not None)
    if not numbers:
        return {}
    people = ", ".join(map(str, numbers[:PEOPLE_NAMED]))
    text = (
        f"The accounts of employees {people} ({len(numbers)} in all) should be shut, but are open "
        "in Auth0. Decide on the balance sheet, or run “auth0_reconcile --fix”."
    )
    return {"unblocked": ("open in Auth0 to somebody who left", text)}


def _plans() -> dict[str, tuple[str, str]]:
    """Those who should have left, or joined, by now, and didn't."""
    refused = planned_moves().filter(state=PlannedMove.State.FAILED).order_by("employee_id")
    numbers = list(refused.values_list("employee_id", flat=True).distinct()[:PEOPLE_NAMED])
    if not numbers:
        return {}
    people = ", ".join(map(str, numbers))
    text = (
        f"What was planned for {people} was refused when its time had come. In the admin, under "
        "Joining and leaving, it says why; decide there, or on their pages."
    )
    return {"plans": ("a planned joining or leaving wasn't carried out", text)}


def _open_doors() -> dict[str, tuple[str, str]]:
    """What somebody who left can still use, a door each."""
    called = receipts.titles()
    return {
        f"door:{name}": (
            f"open to somebody who left: {called.get(name, name)}",
            f"The lock-out receipts of employees {', '.join(map(str, numbers[:PEOPLE_NAMED]))} "
            f"({len(numbers)} in all) show this door open. It is tried again until it is closed; "
            "the receipt on the person's page says what to do.",
        )
        for name, numbers in receipts.open_doors().items()
    }
