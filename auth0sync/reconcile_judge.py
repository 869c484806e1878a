"""What the comparison says of one person's account: in which of all the ways the two sides differ.

Pure. Whether a field differs is asked of the plan itself, so that the comparison can't call
something a difference that the engine would leave alone, nor the other way round.
Source: docs/architecture.md, "Comparison".
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auth0sync.account import DesiredAccount, Facts, Seen
from auth0sync.errors import Conflict, Rejected
from auth0sync.ownership import Whose, whose
from auth0sync.plan import ROLE_CODES, Update, diff, wanted_of
from auth0sync.sides import flat

# As in models.Difference.Kind and models.Risk, which know Django.
BLOCK, EMAIL, ROLE, CREATE = "block", "email", "role", "create"
# They stand in a step of the plan, and are no difference of their own.
NOT_COMPARED = {"email_verified", "app_metadata.previous_names"}


@dataclass(frozen=True)
class Known:
    """What the console knows of a person's account.

    user_id: the account that is theirs, by the console's own book or by their row; "" for none.
    is_ours: whether the console made, adopted or linked it. error: why it waits for a person.
    """

    user_id: str
    is_ours: bool
    seen: Seen | None
    error: str = ""


@dataclass(frozen=True)
class Found:
    """One difference; the fields are those of models.Difference."""

    kind: str
    user_id: str = ""
    field: str = ""
    auth0: Any = None
    wanted: Any = None
    seen: Any = None
    risk: str = ""
    about: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Sides:
    """All that is known of one person. facts: None when the row is gone.

    profile: of the account ``known.user_id``, None when Auth0 has none. roles: the names of those
    of our roles that it holds; None when nobody asked.
    """

    facts: Facts | None
    known: Known
    profile: Mapping[str, Any] | None
    roles: tuple[str, ...] | None


def place_of(facts: Facts | None, known: Known) -> str:
    """On which line of the sheet the person stands: wanted, shut, untouched, or "" for none.

    Who has no e-mail to make an account for stands on none: that isn't between console and Auth0.
    """
    if facts is not None and facts.asks_for_account:
        return "wanted" if facts.email_usable or known.user_id else ""
    if known.is_ours:
        return "shut"
    return "untouched" if known.user_id else ""


def judge(employee_id: int, sides: Sides, *, installation: str, assign_roles: bool) -> list[Found]:
    """Everything in which row and account differ; [] when nothing does."""
    place = place_of(sides.facts, sides.known)
    if not place:
        return []
    if place == "untouched":
        return _untouched(sides)
    if sides.profile is not None and whose(sides.profile, employee_id, installation) is (
        Whose.FOREIGN
    ):
        return [Found("foreign", sides.known.user_id, about=_marker(sides.profile))]
    if place == "shut":
        return _shut(sides)
    return _wanted(sides, installation, assign_roles)


def _untouched(sides: Sides) -> list[Found]:
    """The row names an account and signs in with the PIN: it arrived so, and is left alone."""
    return [Found("not_ours", sides.known.user_id, about={"exists": sides.profile is not None})]


def _shut(sides: Sides) -> list[Found]:
    """Only that it is shut counts; an account that is gone is shut for good."""
    if sides.profile is None or sides.profile.get("blocked"):
        return []
    seen = sides.known.seen.blocked if sides.known.seen else None
    return [
        Found("open", sides.known.user_id, "blocked", False, True, seen, risk=BLOCK),
    ]


def _wanted(sides: Sides, installation: str, assign_roles: bool) -> list[Found]:
    known, now = sides.known, None
    about = {"error": known.error} if known.error else {}
    if sides.profile is not None:
        now = Seen.of(sides.profile).with_roles(sides.roles or ())
    elif known.is_ours:
        return [Found("missing", known.user_id, seen=known.user_id, risk=CREATE, about=about)]
    try:
        wanted = wanted_of(
            sides.facts,
            now,
            has_account=known.is_ours,
            installation=installation,
            assign_roles=assign_roles and sides.roles is not None,
        )
    except (Conflict, Rejected) as error:
        return [Found("stuck", known.user_id, about={"error": str(error)})]
    if not known.is_ours:
        reason = known.error or "Nothing is under way for this person."
        return [Found("no_account", known.user_id, risk=CREATE, about={"error": reason})]
    assert wanted is not None and now is not None  # noqa: S101 (it is ours, and was read)
    found = [*_fields(known, wanted, now, about), *_flag(known, now)]
    if not found and known.error:
        return [Found("stuck", known.user_id, about=about)]
    return found


def _fields(known: Known, wanted: DesiredAccount, now: Seen, about: dict[str, Any]) -> list[Found]:
    """What the plan would change, field by field."""
    here, there = flat(wanted), flat(now)
    before = flat(known.seen)
    found = []
    for name in _changed(wanted, now):
        kind = {"blocked": "shut", "roles": "role"}.get(name, "field")
        risk = {"email": EMAIL, "roles": ROLE}.get(name, "")
        theirs, ours, last = (_plain(side.get(name)) for side in (there, here, before))
        more = about | ({"email_verified": now.email_verified} if name == "email" else {})
        found.append(Found(kind, known.user_id, name, theirs, ours, last, risk, more))
    return found


def _changed(wanted: DesiredAccount, now: Seen) -> list[str]:
    names: list[str] = []
    for step in diff(wanted, now):
        if isinstance(step, Update):
            names += [
                f"{name}.{key}" if isinstance(value, dict) else name
                for name, value in step.changes.items()
                for key in (value if isinstance(value, dict) else [name])
            ]
        else:  # of an open account only the roles are left
            names.append("roles")
    return [name for name in dict.fromkeys(names) if name not in NOT_COMPARED]


def _flag(known: Known, now: Seen) -> list[Found]:
    """Whether the e-mail was verified, or isn't any more, since the console last looked."""
    seen = known.seen
    if seen is None or seen.email != now.email or seen.email_verified == now.email_verified:
        return []
    values = (now.email_verified, seen.email_verified, seen.email_verified)
    return [Found("verified", known.user_id, "email_verified", *values)]


def _marker(profile: Mapping[str, Any]) -> dict[str, Any]:
    metadata = profile.get("app_metadata") or {}
    return {name: metadata.get(name) for name in ("employee_id", "installation")}


def _plain(value: Any) -> Any:
    """As JSON gives it back, so that what is stored and what is found can be compared."""
    if isinstance(value, tuple):
        return [role for role in value if role in ROLE_CODES]
    return value
