"""The same 400 for five people in a row is no fault of theirs, but of the set-up.

The sync log remembers what came in a row, and each account its reason, so nothing is counted.
"""

from django.db.models import F
from django.db.models.functions import Now

from auth0sync.account import Seen
from auth0sync.calls import Outgoing
from auth0sync.errors import Misconfigured, Rejected
from auth0sync.models import Account, Pause, SyncLog
from auth0sync.pauses import ALIKE, for_everybody
from auth0sync.rows import account_columns, write_columns
from employees.models import SyncStatus

IN_A_ROW = 5
LOOK_BACK = 50  # calls; somebody may have been tried more than once


def fault_of_all(employee_id: int, outgoing: Outgoing, error: Rejected) -> Misconfigured | None:
    """The set-up fault that this refusal is a fifth sign of, or more; None for a personal one.

    Those who were refused before for the same reason are due again, and wait for the pause.
    """
    alike = _refused_alike(employee_id, outgoing.action, error)
    known = Pause.objects.filter(pk=outgoing.capability, code=ALIKE, error=for_everybody(error))
    if len(alike) + 1 < IN_A_ROW and not known.exists():
        return None
    for account in alike:
        _wait(account, outgoing.capability)
    return Misconfigured(for_everybody(error), code=ALIKE, capability=outgoing.capability)


def _refused_alike(employee_id: int, action: str, error: Rejected) -> list[Account]:
    """Who else was refused for this reason since the call last went well for anybody."""
    calls = SyncLog.objects.filter(action=action).order_by("-id")[:LOOK_BACK]
    refused: set[int] = set()
    for pk, code in calls.values_list("employee_id", "error_code"):
        if code != error.code[:50]:
            break
        refused.add(pk or 0)
    others = Account.objects.filter(pk__in=refused - {employee_id}, error=str(error)[:500])
    return list(others.filter(due_seq=F("done_seq")))


def _wait(account: Account, capability: str) -> None:
    """Nobody has to do anything about this person any more."""
    pk = account.employee_id
    seen = Seen.from_json(account.seen) if account.seen else None
    status = account_columns(pk, seen).get("auth0_sync_status") if seen else SyncStatus.PENDING
    write_columns(pk, auth0_sync_status=status)
    Account.objects.filter(pk=pk).update(
        waiting_since=Now(),
        due_seq=F("due_seq") + 1,
        due_at=Now(),
        waits_for=capability,
        attention=None,
    )
