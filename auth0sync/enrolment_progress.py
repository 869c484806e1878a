"""How far an enrolment is: its rows, and then the accounts that they ask for."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count, F, Q

from auth0sync.enrolling import Tally
from auth0sync.models import Account
from auth0sync.moving import why_nothing_moves
from auth0sync.status import Weather
from employees.mass import changes
from employees.mass.models import MassChange, MassRow

State, RowState, Outcome = MassChange.State, MassRow.State, MassRow.Outcome


@dataclass(frozen=True)
class Progress:
    """Where it stands now.

    key: another one means that the page has to be built anew. said: a sentence. part, whole: of
    what it waits for, for a bar; whole is 0 where nobody knows. is_moving: whether it is worth to
    ask again. holdups: what is in the way of everybody, while something moves. refused, kept: rows
    that weren't carried out, or weren't taken back.
    """

    key: str
    said: str
    part: int = 0
    whole: int = 0
    is_moving: bool = False
    holdups: tuple[str, ...] = ()
    refused: int = 0
    kept: int = 0

    def as_json(self) -> dict[str, Any]:
        """For the script of the page."""
        return asdict(self)


def progress(change: MassChange) -> Progress:
    """As the rows and accounts say; four queries at most, besides what holds everybody up."""
    rows = changes.counts(change.pk).get(Outcome.CHANGE, {})
    done, undone = rows.get(RowState.DONE, 0), rows.get(RowState.UNDONE, 0)
    refused, kept = rows.get(RowState.REFUSED, 0), rows.get(RowState.KEPT, 0)
    said, part, whole, settled = "", 0, 0, 0
    if change.pruned_at and change.state != State.DISCARDED:
        said = f"It {change.get_state_display()}. Who they were was forgotten after a month."
    elif change.state == State.READING:
        said = f"Looking at everybody: {Tally.of(change.recognised).people:,} so far."
    elif change.state == State.PREVIEW:
        said = "Nothing is written before you press the button."
    elif change.state == State.WORKING:
        part, whole = done + refused, sum(rows.values())
        said = f"{part:,} of {whole:,} people are done; their accounts follow."
    elif change.state == State.DONE:
        (part, stuck, over), whole = _accounts(change), done
        settled = part + stuck + over
        said = f"{part:,} of {whole:,} accounts are there."
        if stuck:
            said += f" {stuck:,} can’t be made before somebody has looked: see Needs attention."
        if over:
            said += f" {over:,} {'is' if over == 1 else 'are'} no longer asked for."
    elif change.state in (State.UNDOING, State.UNDONE):
        part, whole = undone + kept, undone + kept + done
        said = f"{undone:,} of {whole:,} are back at the PIN."
    elif change.state == State.DISCARDED:
        said = "It was discarded; nothing was written."
    else:
        said = change.failure
    is_moving = change.state in changes.BUSY or (change.state == State.DONE and settled < whole)
    return Progress(
        key=f"{change.state}.{change.version}",
        said=said,
        part=part,
        whole=whole,
        is_moving=is_moving,
        holdups=tuple(why_nothing_moves(Weather.today())) if is_moving else (),
        refused=refused,
        kept=kept,
    )


def _accounts(change: MassChange) -> tuple[int, int, int]:
    """Of those it was carried out for, how many have an account, need a person, or are settled
    without one, since they have left or are back at the PIN."""
    people = change.rows.filter(outcome=Outcome.CHANGE, state=RowState.DONE).values("employee_id")
    none_yet, settled = Q(origin=""), Q(due_seq=F("done_seq"))
    found = Account.objects.filter(pk__in=people).aggregate(
        there=Count("pk", filter=~none_yet),
        stuck=Count("pk", filter=none_yet & Q(attention__isnull=False)),
        over=Count("pk", filter=none_yet & Q(attention=None) & settled),
    )
    return found["there"], found["stuck"], found["over"]
