"""What the tenant doesn't let the console do at the moment, for all processes.

A pause is begun by a refusal that only an operator can mend, and ended by a probe: once a minute
one call of that kind goes out all the same. Source: docs/architecture.md, "Decision table".
"""

from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from auth0sync.errors import Misconfigured, Paused
from auth0sync.models import Pause

PROBE_EVERY_S = 60
EVERYTHING = "token"  # without a token nothing goes out


def begin(error: Misconfigured) -> None:
    """Pause what this error is about, or note that it still is refused."""
    told = {"code": error.code[:50], "error": str(error)[:500], "missing": error.missing[:200]}
    probe_at = Now() + timedelta(seconds=PROBE_EVERY_S)
    Pause.objects.update_or_create(pk=error.capability, defaults={**told, "probe_at": probe_at})


def refuse(capability: str) -> list[str]:
    """Refuse a call that is paused; return the pauses for which it may be the probe.

    capability: what the call needs. Raises Paused.
    """
    left = ExpressionWrapper(F("probe_at") - Now(), output_field=DurationField())
    found = list(Pause.objects.filter(pk__in={capability, EVERYTHING}).annotate(left=left))
    for pause in found:
        left_s = vars(pause)["left"].total_seconds()
        if left_s > 0:
            raise _paused(pause, left_s)
    return [pause.capability for pause in found]


def take_probe(capabilities: list[str]) -> None:
    """Make this call the one probe of these pauses. Raises Paused when another call is it."""
    for capability in capabilities:
        pause = Pause.objects.filter(pk=capability)
        free = pause.filter(probe_at__lte=Now())
        if not free.update(probe_at=Now() + timedelta(seconds=PROBE_EVERY_S)):
            for other in pause:
                raise _paused(other, PROBE_EVERY_S)


def end(capabilities: list[str]) -> None:
    """The probe got through: everybody goes on."""
    Pause.objects.filter(pk__in=capabilities).delete()


def _paused(pause: Pause, left_s: float) -> Paused:
    return Paused(pause.error, capability=pause.capability, retry_after_s=left_s)
