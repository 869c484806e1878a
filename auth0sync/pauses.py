"""What the tenant doesn't let the console do at the moment, for all processes.

A pause is begun by a refusal that only an operator can mend, and ended by a probe: once a minute
the most urgent employee who waits for it makes her call all the same. Those who wait stand in
``Account.waits_for`` and stay due; nobody takes them before the probe's time, so a pause that ends
needs to tell nobody. Source: docs/architecture.md, "Pauses".
"""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from auth0sync.errors import Misconfigured, Paused, Rejected, SyncError
from auth0sync.models import Pause

PROBE_EVERY_S = 60
EVERYTHING = "token"  # without a token nothing goes out
ALIKE = "same_refusal"
# Nobody waits for these: there is another way.
QUIET = ("imports", "exports", "logs")
# What is missing in the tenant is looked for by a read: somebody else's step may need another role.
# "" stands for any call of the capability.
ENDED_BY = {"role_missing": "find role", "inexistent_connection": ""}


def begin(error: Misconfigured, action: str) -> Paused:
    """Pause what this error is about, or note that it still is refused; return what to raise.

    action: the call that was refused. Only a good answer to the same one ends the pause.
    """
    if error.capability == EVERYTHING:
        action = ""
    told = {
        "code": error.code[:50],
        "error": str(error)[:500],
        "missing": error.missing[:200],
        "action": ENDED_BY.get(error.code, action)[:50],
    }
    probe_at = Now() + timedelta(seconds=PROBE_EVERY_S)
    pause, _ = Pause.objects.update_or_create(
        pk=error.capability, defaults={**told, "probe_at": probe_at}
    )
    return _paused(pause, PROBE_EVERY_S)


def refuse(capability: str, action: str, probing: Collection[str] = ()) -> list[str]:
    """Refuse a call that is paused; return the pauses for which it may be the probe.

    A call whose answer can't end a pause is not its probe: when the probe's time has come it goes
    out beside it.
    capability: what the call needs. action: what it does. probing: pauses whose probe the caller is
    already. Raises Paused.
    """
    left = ExpressionWrapper(F("probe_at") - Now(), output_field=DurationField())
    found = Pause.objects.filter(pk__in={capability, EVERYTHING} - set(probing))
    due = []
    for pause in found.annotate(left=left):
        left_s = vars(pause)["left"].total_seconds()
        if left_s > 0:
            raise _paused(pause, left_s)
        if pause.action in {"", action}:
            due.append(pause.capability)
    return due


def take_probe(capabilities: list[str]) -> None:
    """Make the caller the one probe of these pauses. Raises Paused when another worker is it."""
    for capability in capabilities:
        pause = Pause.objects.filter(pk=capability)
        free = pause.filter(probe_at__lte=Now())
        if not free.update(probe_at=Now() + timedelta(seconds=PROBE_EVERY_S)):
            for other in pause:
                raise _paused(other, PROBE_EVERY_S)


def held() -> set[str]:
    """The pauses that nobody may probe yet: it is no use to take who waits for them."""
    return set(Pause.objects.filter(probe_at__gt=Now()).values_list("pk", flat=True))


def read_for(capability: str) -> Pause | None:
    """The pause of something missing in the tenant, when it is time to look for it there."""
    missing = Pause.objects.filter(pk=capability, code__in=ENDED_BY).exclude(missing="")
    return missing.filter(probe_at__lte=Now()).first()


def probed(probing: Collection[str], action: str, error: SyncError | None) -> None:
    """A call of a probe was answered: end the pauses that this answer disproves.

    Whatever Auth0 says of the person's data, it says after it has let the call in.
    error: nothing that says that the call may have got nowhere (gate.py).
    """
    over = Pause.objects.filter(pk__in=probing, action__in=["", action])
    if isinstance(error, Misconfigured):
        over = over.filter(pk=EVERYTHING).exclude(pk=error.capability)
    elif isinstance(error, Rejected):
        over = over.exclude(code=ALIKE, error=for_everybody(error))
    over.delete()


def for_everybody(error: Rejected) -> str:
    """The same refusal, said of everybody."""
    return f"Auth0 refuses everybody's data for the same reason: {error}"[:500]


def _paused(pause: Pause, left_s: float) -> Paused:
    return Paused(pause.error, capability=pause.capability, retry_after_s=left_s)
