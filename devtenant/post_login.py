"""The Actions of the flow "post-login", as far as they write roles into tokens (facts: the log-in).

No script is run here. Of a deployed Action's code, what writes the roles into a claim is
recognised as Auth0's documentation writes it, and nothing else has an effect.
"""

import json
import re
import time
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from devtenant.clock import timestamp
from devtenant.state import Tenant

TRIGGER = "post-login"
ROLES_ACTION = "Identity console: roles in tokens"
ROLES_CLAIM = "https://identity-console.example.com/roles"
SETS_ROLES = re.compile(
    r"api\.(idToken|accessToken)\.setCustomClaim\(\s*([\"'])(.+?)\2,\s*event\.authorization\.roles\s*\)"
)
# Auth0 drops a claim below its own domain in silence (facts: the log-in).
OWN_DOMAIN = re.compile(r"https?://([^/]*\.)?auth0\.com(/|$)")
RUNTIME = "node22"


def roles_code(claim: str) -> str:
    """The code of an Action that writes the roles into both tokens."""
    name = json.dumps(claim)
    return (
        "exports.onExecutePostLogin = async (event, api) => {\n"
        "  if (event.authorization) {\n"
        f"    api.idToken.setCustomClaim({name}, event.authorization.roles);\n"
        f"    api.accessToken.setCustomClaim({name}, event.authorization.roles);\n"
        "  }\n"
        "};\n"
    )


def new_action(name: str, code: str, ready_at: float, **about: Any) -> dict[str, Any]:
    """An Action as it is stored. ready_at: seconds since the epoch, when its build is done."""
    now = timestamp()
    return {
        "id": str(uuid4()),
        "name": name,
        "supported_triggers": [{"id": TRIGGER, "version": "v3"}],
        "created_at": now,
        "updated_at": now,
        "code": code,
        "dependencies": [],
        "runtime": RUNTIME,
        "secrets": [],
        "all_changes_deployed": False,
        "ready_at": ready_at,
        **about,
    }


def deploy(action: dict[str, Any]) -> dict[str, Any]:
    """The Action with its code as the deployed version."""
    now = timestamp()
    version = {
        "id": str(uuid4()),
        "action_id": action["id"],
        "code": action["code"],
        "dependencies": action["dependencies"],
        "runtime": action["runtime"],
        "deployed": True,
        "number": action.get("deployed_version", {}).get("number", 0) + 1,
        "status": "built",
        "built_at": now,
        "created_at": now,
        "updated_at": now,
    }
    return {**action, "deployed_version": version, "all_changes_deployed": True}


def bound(tenant: Tenant, trigger: str = TRIGGER) -> list[dict[str, Any]]:
    """The bindings of a flow, in their order. Callers hold the lock."""
    found: list[dict[str, Any]] = tenant.bindings.rows.get(trigger, [])
    return found


def binding(action: dict[str, Any], display_name: str) -> dict[str, Any]:
    """A binding as it is stored; its id is another one at every change of the flow (facts)."""
    now = timestamp()
    return {
        "id": str(uuid4()),
        "action_id": action["id"],
        "display_name": display_name,
        "created_at": now,
        "updated_at": now,
    }


def roles_claims(tenant: Tenant, token: str) -> list[str]:
    """The claims into which the flow writes the roles. token: idToken or accessToken."""
    names = []
    for each in bound(tenant):
        deployed = tenant.actions.rows.get(each["action_id"], {}).get("deployed_version", {})
        for kind, _quote, name in SETS_ROLES.findall(deployed.get("code", "")):
            if kind == token and not OWN_DOMAIN.match(name):
                names.append(name)
    return names


def write_roles_into(tenant: Tenant, claim: str) -> None:
    """Have the tenant's own Action write the roles into ``claim``; "" takes it out of the flow."""
    key = str(uuid5(NAMESPACE_URL, ROLES_ACTION))
    others = [each for each in bound(tenant) if each["action_id"] != key]
    if not claim:
        tenant.bindings.put(TRIGGER, others)
        return
    action = new_action(ROLES_ACTION, roles_code(claim), time.time(), id=key)
    tenant.actions.put(key, deploy(action))
    tenant.bindings.put(TRIGGER, [*others, binding(action, ROLES_ACTION)])
