"""What the pages of the balance sheet show of a difference: its words, its sides, its ways out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from auth0sync import difference_words
from auth0sync.models import Difference
from auth0sync.reconcile_decisions import offers, why_not
from employees.actors import names_of, visible_to
from employees.authority import Actor
from employees.errors import NotAllowed
from employees.models import Employee
from employees.zones import moment

Decision, State, Kind = Difference.Decision, Difference.State, Difference.Kind
URGENT = (Kind.OPEN, Kind.FOREIGN, Kind.DOUBLE)
AT_ONCE = (Decision.FIX, Decision.TAKE_OVER)  # by one click; all else is said first


LEAVE_FOR = timedelta(days=30)  # proposed


@dataclass(frozen=True)
class Button:
    """A way out. posts: the address does it by POST; else it leads to where it is done."""

    label: str
    url: str
    decision: str = ""
    posts: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Case:
    """One difference in words. person: None where there is no row, or none in sight.

    who: the person in a sentence, or the account.
    """

    difference: Difference
    person: Employee | None
    who: str
    state_lines: list[str]
    buttons: list[Button]

    @property
    def is_urgent(self) -> bool:
        """Whether somebody may get in who shouldn't."""
        return self.difference.kind in URGENT

    @property
    def happened(self) -> str:
        """What is the matter."""
        return difference_words.happened(self.difference, self.who)

    @property
    def why(self) -> str:
        """How it can come to be."""
        return difference_words.why(self.difference, self.who)

    @property
    def values(self) -> list[tuple[str, str]]:
        """The sides beside each other."""
        return difference_words.values(self.difference)


def cases(found: Sequence[Difference], actor: Actor) -> list[Case]:
    """These differences in words; three queries for all."""
    ids = {each.employee_id for each in found if each.employee_id is not None}
    people = visible_to(actor).in_bulk(ids)
    names = names_of(_names_in(found))
    return [_case(each, people.get(each.employee_id or 0), actor, names) for each in found]


def _names_in(found: Iterable[Difference]) -> set[str]:
    return {name for each in found for name in (each.owner, each.decided_by) if name}


def _case(
    difference: Difference, person: Employee | None, actor: Actor, names: dict[str, str]
) -> Case:
    if person is not None:
        who = person.name
    elif difference.employee_id is not None:
        who = f"number {difference.employee_id}"
    else:
        who = difference.about.get("email") or difference.user_id
    return Case(
        difference=difference,
        person=person,
        who=who,
        state_lines=state_lines(difference, names),
        buttons=list(_buttons(difference, person, who, actor)),
    )


def state_lines(difference: Difference, names: dict[str, str]) -> list[str]:
    """How far it is: what was decided by whom, who looks after it, what went wrong."""
    by = names.get(difference.decided_by, difference.decided_by)
    when = moment(difference.decided_at)
    lines = []
    if difference.state == State.FIXING:
        lines.append(
            f"{by} decided to {difference.get_decision_display()}, {when}. It is on its way."
        )
    elif difference.state == State.IGNORED:
        until = f" until {date_format(difference.until, 'j M Y')}" if difference.until else ""
        lines.append(f"{by} left it as it is{until}, {when}: {difference.reason}")
    elif difference.state == State.LISTED:
        lines.append(f"{by} put it on the list of what is to be deleted in Auth0 by hand, {when}.")
    if difference.error:
        lines.append(difference.error)
    if difference.owner:
        lines.append(f"{names.get(difference.owner, difference.owner)} looks after it.")
    elif difference.state == State.OPEN:
        lines.append("Nobody looks after it yet.")
    return lines


def _buttons(
    difference: Difference, person: Employee | None, who: str, actor: Actor
) -> Iterable[Button]:
    page = reverse("admin:auth0sync_difference", args=[difference.pk])
    if difference.state == State.OPEN:
        for decision in offers(difference):
            deactivates = decision == Decision.TAKE_OVER and difference.kind == Kind.SHUT
            if decision in AT_ONCE and not deactivates:
                label = difference_words.way_out(difference, decision, who)
                refused = why_not(actor, difference, decision, person)
                yield Button(label, page, decision, posts=True, why_not=refused)
    yield Button("More", page)


def days_proposed(typed: Mapping[str, str]) -> dict[str, Any]:
    """For a page on which something is left as it is: until when, unless something was typed."""
    today = timezone.localdate()
    return {
        "typed": {"until": (today + LEAVE_FOR).isoformat(), **typed},
        "first_day": (today + timedelta(days=1)).isoformat(),
    }


def day_chosen(text: str) -> date:
    """The day until which something is left as it is. Raises NotAllowed."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAllowed("Choose until when it is left as it is, as 2027-01-31.") from None
