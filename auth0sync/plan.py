"""What the account of an employee should look like, and what has to be done to get there.

Pure: no Django, no clock, no network. ``desired`` computes the account from the facts of the
row; ``diff`` compares it with what was last seen in Auth0 and names the steps, most urgent first.
Only fields that the console owns are compared; whatever else stands in the account is left alone.
E-mails arrive here normalised, from the row (rows.py) as from Auth0 (tenant.py).
Source of every field: docs/architecture.md, "What goes into an account".
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from auth0sync.account import DesiredAccount, Facts, PodFactory, Seen
from auth0sync.errors import Conflict, Rejected
from auth0sync.field_words import in_words

CREATED_BY = "productivity_system"
ROLE_CODES = {
    "production_associate": "associate",
    "team_lead": "team_lead",
    "manager": "manager",
    "admin": "admin",
    "finance": "finance",
}
CLOSING = ("sessions", "refresh_tokens", "read_back")  # after a block, in this order
PREVIOUS_NAMES_MOST = 10
GIVEN_NAME_MOST = 150  # facts: users, POST, "Lengths"
PROFILE_BYTES_MOST = 8_000  # Auth0 allows 10 KB (facts: metadata limits)


@dataclass(frozen=True)
class Create:
    """Make the account. ``body`` has all but the id, the password and the connection."""

    body: dict[str, Any]

    def __str__(self) -> str:
        return "create the account"


@dataclass(frozen=True)
class Update:
    """Change these fields of the account, in one call."""

    changes: dict[str, Any]

    def __str__(self) -> str:
        names = [
            f"{name}.{key}" if isinstance(value, dict) else name
            for name, value in self.changes.items()
            for key in (value if isinstance(value, dict) else [name])
        ]
        return "update " + ", ".join(dict.fromkeys(map(in_words, names)))


@dataclass(frozen=True)
class Block:
    """Shut the account."""

    def __str__(self) -> str:
        return "block the account"


@dataclass(frozen=True)
class Close:
    """One of the steps in CLOSING that follow a block."""

    what: str

    def __str__(self) -> str:
        return {
            "sessions": "end the Auth0 sessions",
            "refresh_tokens": "revoke the refresh tokens",
            "read_back": "read the block back",
        }[self.what]


@dataclass(frozen=True)
class GiveUp:
    """Let go of an e-mail that the row has given up and somebody else wants."""

    parked: str

    def __str__(self) -> str:
        return "give up the e-mail, which is somebody else's now"


@dataclass(frozen=True)
class Delete:
    """Delete the account of an addition that was taken back."""

    def __str__(self) -> str:
        return "delete the account"


@dataclass(frozen=True)
class RemoveRole:
    """Take a role away."""

    role: str

    def __str__(self) -> str:
        return f"take the role {self.role} away"


@dataclass(frozen=True)
class AddRole:
    """Give a role."""

    role: str

    def __str__(self) -> str:
        return f"give the role {self.role}"


Step = Create | Update | Block | Close | GiveUp | Delete | RemoveRole | AddRole


def desired(facts: Facts, *, installation: str, assign_roles: bool = True) -> DesiredAccount:
    """The account that this row wants.

    installation: the random name of this installation, written into the account as a marker.
    Raises Rejected when the row's Auth0 role is none of the five.
    """
    if facts.auth0_role not in ROLE_CODES:
        raise Rejected(
            f"The Auth0 role “{facts.auth0_role}” is none of {', '.join(ROLE_CODES)}.",
            code="unknown_role",
            field="auth0_role",
        )
    role_code = ROLE_CODES[facts.auth0_role]
    given, _, family = facts.name.strip().partition(" ")
    family = family.strip()
    mapping = _best_mapping(facts.podfactory)
    return DesiredAccount(
        email=facts.email,
        name=facts.name if facts.name.strip() else None,
        given_name=given if 0 < len(given) <= GIVEN_NAME_MOST else None,
        family_name=family if 0 < len(family) <= GIVEN_NAME_MOST else None,
        user_metadata={
            "employee_id": facts.employee_id,
            "full_name": facts.name or None,
            "department": facts.department or None,
            "hire_date": facts.hire_date or None,
            "phone_number": facts.phone_number or None,
            "personal_email": facts.personal_email or None,
            "timezone": facts.timezone,
            "is_shop_floor": facts.auth_method in {"pin", "hybrid"},
            "podfactory_email": mapping.email if mapping else None,
        },
        app_metadata={
            "employee_id": facts.employee_id,
            "internal_id": facts.employee_id,
            "installation": installation,
            "created_by": CREATED_BY,
            "podfactory_enabled": bool(facts.podfactory),
            "podfactory_sync_status": (
                "matched" if any(m.verified for m in facts.podfactory) else "pending"
            ),
            "connecteam_id": facts.connecteam_user_id or None,
            "department_code": facts.department_code or None,
            "role_code": role_code,
            "access_level": (
                "shop_floor" if facts.auth0_role == "production_associate" else role_code
            ),
            "workspace": facts.workspace or None,
        },
        role=facts.auth0_role if assign_roles else None,
        previous_names=facts.previous_names,
    )


def wanted_of(
    facts: Facts | None,
    seen: Seen | None,
    *,
    has_account: bool,
    installation: str,
    assign_roles: bool,
    email_refused: bool = False,
) -> DesiredAccount | None:
    """The account to aim at; None for nobody, or for want of an e-mail to make one for.

    facts: None when the row is gone. has_account: whether the console has one of this person's.
    email_refused: Auth0 doesn't take the row's e-mail, so the account keeps its own.
    Raises what only a person can mend: Conflict, and Rejected as :func:`desired` does.
    """
    if facts is None or not facts.asks_for_account:
        return None
    if facts.shares_email_with:
        others = ", ".join(str(pk) for pk in facts.shares_email_with)
        raise Conflict(
            f"This e-mail is also that of employee {others}: one of the two has to change.",
            code="shared_email",
        )
    if not facts.email_usable and not has_account:
        return None
    wanted = desired(facts, installation=installation, assign_roles=assign_roles)
    if seen and (email_refused or not facts.email_usable):
        return keep_email(wanted, seen)
    return wanted


def diff(wanted: DesiredAccount | None, seen: Seen | None) -> list[Step]:
    """The steps from what was seen to what is wanted; empty when nothing differs.

    wanted: None when nobody should be able to use the account.
    seen: None when there is no account.
    """
    if wanted is None:
        return _steps_to_close(seen) if seen else []
    if seen is None:
        return [Create(_creation_body(wanted))]
    steps: list[Step] = []
    changes = _changes(wanted, seen)
    if changes:
        steps.append(Update(changes))
    if wanted.role is not None:
        held = seen.roles or ()
        steps += [RemoveRole(role) for role in held if role in ROLE_CODES and role != wanted.role]
        if wanted.role not in held:
            steps.append(AddRole(wanted.role))
    return steps


def keep_email(wanted: DesiredAccount, seen: Seen) -> DesiredAccount:
    """The same account with the e-mail left as it is in Auth0."""
    return replace(wanted, email=seen.email)


def holds(profile: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether an answer or a read shows everything that was sent.

    Auth0 may pass over a field in silence (facts: users, PATCH), so a 200 alone is no success.
    """
    for name, value in sent.items():
        got = profile.get(name)
        if isinstance(value, dict):
            inner = got if isinstance(got, Mapping) else {}
            if any(not _same(inner.get(key), item) for key, item in value.items()):
                return False
        elif name in {"blocked", "email_verified"}:
            if bool(got) != bool(value):  # absent from an answer means false
                return False
        elif not _same(got, value):
            return False
    return True


def department_code(department: str, overrides: Mapping[str, str]) -> str:
    """The initials of the department (Heat Press: HP) unless ``overrides`` names another."""
    return overrides.get(department) or "".join(word[0] for word in department.split()).upper()


def _best_mapping(mappings: tuple[PodFactory, ...]) -> PodFactory | None:
    with_email = [mapping for mapping in mappings if mapping.email]
    return max(with_email, key=lambda m: (m.verified, m.score, m.mapping_id), default=None)


def _steps_to_close(seen: Seen) -> list[Step]:
    steps: list[Step] = [] if seen.blocked else [Block()]
    return steps + [Close(what) for what in CLOSING if what not in seen.closed]


def _creation_body(wanted: DesiredAccount) -> dict[str, Any]:
    body = _profile(wanted)
    names = _fitting(wanted.previous_names, wanted)
    return body | {
        "app_metadata": body["app_metadata"] | ({"previous_names": names} if names else {})
    }


def _profile(wanted: DesiredAccount) -> dict[str, Any]:
    body: dict[str, Any] = {
        "email": wanted.email,
        "name": wanted.name,
        "given_name": wanted.given_name,
        "family_name": wanted.family_name,
        "user_metadata": _without_none(wanted.user_metadata),
        "app_metadata": _without_none(wanted.app_metadata),
    }
    return _without_none(body)


def _changes(wanted: DesiredAccount, seen: Seen) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if seen.blocked:
        changes["blocked"] = False
    if wanted.email != seen.email:
        # Both, always: whether Auth0 resets the flag by itself is not known (facts: users, PATCH).
        changes |= {"email": wanted.email, "email_verified": False}
    # Without a name of its own Auth0 shows the e-mail, so "no name" can't be sent as a change.
    if wanted.name is not None and wanted.name != seen.name:
        changes["name"] = wanted.name
    for name in ("given_name", "family_name"):
        if not _same(getattr(wanted, name), getattr(seen, name)):
            changes[name] = getattr(wanted, name)
    user_metadata = _moved(wanted.user_metadata, seen.user_metadata)
    app_metadata = _moved(wanted.app_metadata, seen.app_metadata)
    if "name" in changes and seen.name and seen.name.lower() != seen.email:
        earlier = seen.app_metadata.get("previous_names") or []
        app_metadata["previous_names"] = _fitting([seen.name, *map(str, earlier)], wanted)
    # Never an empty object: PATCH with {} wipes all metadata (facts: users, PATCH).
    if user_metadata:
        changes["user_metadata"] = user_metadata
    if app_metadata:
        changes["app_metadata"] = app_metadata
    return changes


def _fitting(earlier: Iterable[str], wanted: DesiredAccount) -> list[str]:
    """The earlier names that an account keeps: the newest, each once, as many as there is room."""
    distinct = dict.fromkeys(name for name in earlier if name and name != wanted.name)
    names = list(distinct)[:PREVIOUS_NAMES_MOST]
    rest = len(json.dumps(_profile(wanted), ensure_ascii=False).encode())
    while names and rest + len(json.dumps(names, ensure_ascii=False).encode()) > PROFILE_BYTES_MOST:
        names.pop()
    return names


def _moved(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wanted.items() if not _same(value, seen.get(key))}


def _same(one: Any, other: Any) -> bool:
    return (None if one == "" else one) == (None if other == "" else other)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
