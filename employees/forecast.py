"""What switching people off or on would do, said before it is done (requirement M1's beginning)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from employees import services
from employees.actors import visible_to
from employees.authority import Actor, Operation, why_not
from employees.errors import LastAdministrator
from employees.models import Employee, Workspace
from employees.selectors import administrators


@dataclass(frozen=True)
class Leaving:
    """One of the four ways in which people go or come back.

    name: the word in the address. effects: sentences about what happens to each.
    """

    name: str
    label: str
    verb: str
    done: str
    operation: Operation
    service: Callable[[int, Actor, str], bool]
    is_so: Callable[[Employee], bool]
    effects: tuple[str, ...]
    can_be_undone: bool = False


WAYS = {
    way.name: way
    for way in (
        Leaving(
            "deactivate",
            "Deactivate",
            "Deactivates",
            "deactivated",
            Operation.DEACTIVATE,
            services.deactivate,
            lambda person: not person.is_active,
            (
                "Auth0 accounts they have are blocked, before all else that waits, as soon as "
                "Auth0 answers, and their sessions there end.",
                "They are signed out of the kiosk and the console at once, and can't sign in.",
            ),
            can_be_undone=True,
        ),
        Leaving(
            "reactivate",
            "Reactivate",
            "Reactivates",
            "reactivated",
            Operation.REACTIVATE,
            services.reactivate,
            lambda person: person.is_active and person.archived_at is None,
            ("Their Auth0 accounts are unblocked, and their PINs work again.",),
        ),
        Leaving(
            "archive",
            "Archive",
            "Archives",
            "archived",
            Operation.ARCHIVE,
            services.archive,
            lambda person: not person.is_active and person.archived_at is not None,
            (
                "They are deactivated: kiosk and console are closed to them at once, their Auth0 "
                "accounts as soon as Auth0 answers.",
                "They leave the list of people who work here; nothing is deleted.",
            ),
            can_be_undone=True,
        ),
        Leaving(
            "restore",
            "Restore from the archive",
            "Takes out of the archive",
            "restored",
            Operation.RESTORE,
            services.restore,
            lambda person: person.archived_at is None,
            ("They stay inactive until somebody reactivates them.",),
        ),
    )
}


@dataclass
class Forecast:
    """Whom it would touch, who is so already, and whom it leaves alone and why."""

    way: Leaving
    touched: list[Employee] = field(default_factory=list)
    already: list[Employee] = field(default_factory=list)
    refused: list[tuple[Employee, str]] = field(default_factory=list)
    active_by_workspace: dict[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Such as "Deactivates 14 of 62 active people in Texas and 1 of 40 in Mississippi."."""
        if not self.touched:
            return "Nobody would be touched."
        if not self.way.can_be_undone:
            counts = Counter(_workspace(person) for person in self.touched)
            places = [f"{_people(number)} {place(name)}" for name, number in counts.items()]
            return f"{self.way.verb} {_and(places)}."
        working = Counter(_workspace(person) for person in self.touched if _works_here(person))
        others = Counter(_workspace(person) for person in self.touched if not _works_here(person))
        places = [
            f"{number} of {self.active_by_workspace.get(name, number)} active people {place(name)}"
            for name, number in working.items()
        ]
        places += [
            f"{_people(number, 'inactive ')} {place(name)}" for name, number in others.items()
        ]
        return f"{self.way.verb} {_and(places)}."

    @property
    def connecteam(self) -> str:
        """That Connecteam may undo this tonight, for how many; "" where it knows none of them."""
        known = sum(1 for person in self.touched if person.connecteam_user_id)
        if not known:
            return ""
        whom = f"{known} of them" if len(self.touched) > 1 else "This person"
        verb = "are" if known > 1 else "is"
        return (
            f"{whom} {verb} known to Connecteam, whose nightly sync writes who is active: change "
            "it there too, or it may come back."
        )


def forecast(way: Leaving, people: Sequence[Employee], actor: Actor) -> Forecast:
    """What ``way`` would do to ``people``; three queries, however many they are.

    The services decide again, person by person: between this and the button things may change.
    """
    found = Forecast(way)
    for person in people:
        reason = why_not(actor, way.operation, person)
        if reason:
            found.refused.append((person, reason))
        elif way.is_so(person):
            found.already.append(person)
        else:
            found.touched.append(person)
    if way.can_be_undone:
        _spare_the_last_administrator(found)
        counted = visible_to(actor).filter(is_active=True, archived_at__isnull=True)
        rows = counted.values_list("workspace").annotate(number=Count("pk")).order_by()
        found.active_by_workspace = {name or "": number for name, number in rows}
    return found


def _spare_the_last_administrator(found: Forecast) -> None:
    """The services go by number, so it is the last of them that they refuse."""
    left = set(administrators().values_list("pk", flat=True))
    leaving = [person for person in found.touched if person.pk in left]
    if leaving and len(leaving) == len(left):
        last = max(leaving, key=lambda person: person.pk)
        found.touched.remove(last)
        found.refused.append((last, str(LastAdministrator())))


def _works_here(person: Employee) -> bool:
    return person.is_active and person.archived_at is None


def _workspace(person: Employee) -> str:
    return person.workspace or ""


def _people(number: int, how: str = "") -> str:
    return f"{number} {how}{'person' if number == 1 else 'people'}"


def place(workspace: str) -> str:
    """Such as "in Texas"."""
    labels: dict[str, str] = {str(value): str(label) for value, label in Workspace.choices}
    return f"in {labels.get(workspace, workspace)}" if workspace else "without a workspace"


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
