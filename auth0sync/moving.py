"""Why nothing moves, in one line, and when what waits will be finished.

Reads the database and nothing else; the doctor, ``auth0_explain`` and the page of the console's
health say the same.
"""

from datetime import timedelta

from django.db.models import Max

from auth0sync.budget import Budget, budget
from auth0sync.models import PLANNED, Account, Heartbeat, Pause, StagedBatch
from auth0sync.pauses import QUIET
from auth0sync.status import Weather, clock, moment_ahead

SILENT_AFTER = timedelta(seconds=75)  # without an answered heartbeat (worker.DEAD_AFTER_S)


def why_nothing_moves(weather: Weather) -> list[str]:
    """What holds up everybody's account at this moment; [] when nothing does."""
    found = [standstill] if (standstill := weather.standstill()) else []
    found += [
        f"Paused since {clock(pause.since, weather.now)}: {pause.error}"
        for pause in Pause.objects.exclude(pk__in=QUIET).order_by("since")
    ]
    if weather.limited_until:
        at = moment_ahead(weather.limited_until, weather.now)
        found.append(f"Auth0's limit is reached; it goes on {at}.")
    return found + silence(weather)


def silence(weather: Weather) -> list[str]:
    """That no worker has shown a sign of life, which holds up all that is done by the queue."""
    beat = Heartbeat.objects.aggregate(last=Max("beaten_at"))["last"]
    if beat is not None and beat >= weather.now - SILENT_AFTER:
        return []
    since = f" since {clock(beat, weather.now)}" if beat else ""
    return [f"No worker has shown a sign of life{since}: is qcluster running?"]


def in_one_line(weather: Weather) -> str:
    """Why nothing moves, the most fundamental reason first; or that nothing is in the way."""
    found = why_nothing_moves(weather)
    held = Account.objects.filter(PLANNED, batch__state=StagedBatch.State.OPEN).count()
    if held:
        who = "1 person waits" if held == 1 else f"{held:,} people wait"
        found.append(f"{who} for a second administrator (Held changes).")
    if not weather.has_mail_server:
        found.append("No mail server is configured (EMAIL_URL), so invitations wait.")
    return " ".join(found) or "Nothing is in the way: whoever is due is done in turn."


def drain(weather: Weather) -> str:
    """How many wait, for how many calls, and when the last of them is done, as far as is known."""
    return drain_of(budget(), weather, is_held=bool(why_nothing_moves(weather)))


def drain_of(found: Budget, weather: Weather, *, is_held: bool) -> str:
    """The same from figures that are there. is_held: whether something is in everybody's way."""
    paused = f" {found.paused:,} more wait for a pause to end." if found.paused else ""
    if not found.people or found.finished_at is None:
        return (f"Nobody waits for a call.{paused}" if paused else "Nobody waits.").strip()
    people = "1 person waits" if found.people == 1 else f"{found.people:,} people wait"
    calls = "1 call" if found.calls == 1 else f"{found.calls:,} calls"
    at = moment_ahead(found.finished_at, weather.now)
    once = " once that is out of the way" if is_held else ""
    left_s = round((found.finished_at - found.now).total_seconds())
    when = f"it takes {_length(left_s)}{once}" if is_held else f"done {at} at the present pace"
    return f"{people} for {calls}; {when}.{paused}"


def _length(seconds: int) -> str:
    """A length of time in words; a rough one is enough for an estimate."""
    if seconds < 120:
        return f"about {max(seconds, 1)} s"
    return f"about {round(seconds / 60)} min" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
