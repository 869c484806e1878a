"""The two sides of an account: what the row says, and what was last seen in Auth0. Pure data."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

PLAN_VERSION = 1  # raise it when the same facts lead to another account

# The keys of the metadata that the console owns; whatever else stands there is left alone.
USER_METADATA_KEYS = (
    "employee_id",
    "full_name",
    "department",
    "hire_date",
    "phone_number",
    "personal_email",
    "timezone",
    "is_shop_floor",
    "podfactory_email",
)
APP_METADATA_KEYS = (
    "employee_id",
    "internal_id",
    "installation",
    "created_by",
    "podfactory_enabled",
    "podfactory_sync_status",
    "connecteam_id",
    "department_code",
    "role_code",
    "access_level",
    "workspace",
    "previous_names",
)


@dataclass(frozen=True)
class PodFactory:
    """One row of the PodFactory mapping."""

    mapping_id: int
    email: str
    verified: bool
    score: float


@dataclass(frozen=True)
class Facts:
    """All that the plan may know of one employee: the row, its mappings, the settings used.

    email: normalised; '' when there is none. email_usable: a real address, no placeholder.
    shares_email_with: other active employees with the same normalised e-mail.
    auth0_user_id: what stands in the row; '' when nothing does.
    previous_names: what they were called before, the newest first; only for whom an account may
    have to be made, as an account that exists keeps them itself.
    """

    employee_id: int
    name: str
    email: str
    email_usable: bool
    personal_email: str
    phone_number: str
    department: str
    department_code: str
    workspace: str
    timezone: str
    connecteam_user_id: str
    hire_date: str
    is_active: bool
    is_archived: bool
    auth_method: str
    auth0_role: str
    auth0_user_id: str
    invitation: str
    shares_email_with: tuple[int, ...] = ()
    podfactory: tuple[PodFactory, ...] = ()
    previous_names: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """A hash that moves exactly when something that the plan reads has moved."""
        # Earlier names move with the name alone, and are left out once there is an account.
        facts = {name: value for name, value in vars(self).items() if name != "previous_names"}
        data = json.dumps(facts, sort_keys=True, default=vars)  # asdict is ten times slower
        return hashlib.sha256(data.encode()).hexdigest()

    @property
    def asks_for_account(self) -> bool:
        """Whether the row says that this person signs in with Auth0, e-mail aside."""
        return self.is_active and not self.is_archived and self.auth_method in {"auth0", "hybrid"}

    @property
    def wants_account(self) -> bool:
        """Whether an account should be open: asked for, with an e-mail that is hers alone."""
        return self.asks_for_account and self.email_usable and not self.shares_email_with


@dataclass(frozen=True)
class DesiredAccount:
    """The account as the row wants it; None in a field or key means: not there.

    previous_names: for a new account alone; one that exists adds its own name when that changes.
    """

    email: str
    name: str | None
    given_name: str | None
    family_name: str | None
    user_metadata: dict[str, Any]
    app_metadata: dict[str, Any]
    role: str | None
    previous_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """The fields that the console owns, as last read or confirmed in Auth0.

    roles: None as long as nobody has asked. closed: which steps after a block are done.
    """

    user_id: str
    email: str
    email_verified: bool
    name: str | None
    given_name: str | None
    family_name: str | None
    blocked: bool
    user_metadata: dict[str, Any] = field(default_factory=dict)
    app_metadata: dict[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] | None = None
    closed: tuple[str, ...] = ()

    @classmethod
    def of(cls, profile: Mapping[str, Any], before: "Seen | None" = None) -> "Seen":
        """What a profile from Auth0 shows; roles and closing steps are kept from ``before``."""
        blocked = bool(profile.get("blocked"))
        return cls(
            user_id=str(profile["user_id"]),
            email=str(profile.get("email") or ""),
            email_verified=bool(profile.get("email_verified")),
            name=profile.get("name") or None,
            given_name=profile.get("given_name") or None,
            family_name=profile.get("family_name") or None,
            blocked=blocked,
            user_metadata=_ours(profile.get("user_metadata"), USER_METADATA_KEYS),
            app_metadata=_ours(profile.get("app_metadata"), APP_METADATA_KEYS),
            roles=before.roles if before else None,
            closed=before.closed if before and blocked else (),
        )

    def with_roles(self, roles: tuple[str, ...]) -> "Seen":
        """The same account, holding these roles."""
        return replace(self, roles=roles)

    def as_json(self) -> dict[str, Any]:
        """For the column; :meth:`from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Seen":
        """What :meth:`as_json` wrote."""
        roles = data["roles"]
        return cls(
            **{
                **data,
                "roles": None if roles is None else tuple(roles),
                "closed": tuple(data["closed"]),
            }
        )


def _ours(metadata: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    found = dict(metadata) if isinstance(metadata, Mapping) else {}
    if not isinstance(found.get("previous_names"), list):  # somebody wrote something else there
        found["previous_names"] = None
    return {key: found[key] for key in keys if found.get(key) is not None}
