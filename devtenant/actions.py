"""Actions and the flows in which they are bound (facts: action order, bindings)."""

import time
from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.clock import timestamp
from devtenant.errors import ApiError
from devtenant.paging import LARGEST_PAGE, number
from devtenant.post_login import RUNTIME, TRIGGER, binding, bound, deploy, new_action
from devtenant.schemas import Anything, Many, Record, Shape, Text, object_body

TRIGGERS = Many(Record({"id": Text(1), "version": Text(1)}, required=("id",)), low=1, high=1)
CHANGEABLE: dict[str, Shape] = {
    "name": Text(1, 255),
    "supported_triggers": TRIGGERS,
    "code": Text(),
    "runtime": Text(choices=("node18", "node22")),
    "dependencies": Many(Anything()),
    "secrets": Many(Anything()),
    "modules": Many(Anything()),
}
CREATE = Record(CHANGEABLE, required=("name", "supported_triggers"))
UPDATE = Record(CHANGEABLE)
REF = Record(
    {"type": Text(choices=("action_id", "action_name", "binding_id")), "value": Text(1)},
    required=("type", "value"),
)
BINDINGS = Record(
    {"bindings": Many(Record({"ref": REF, "display_name": Text(1)}, required=("ref",)))},
    required=("bindings",),
)
FLOWS = (TRIGGER, "pre-user-registration", "post-user-registration", "post-change-password")


@endpoint("GET", "/actions/actions", "read:actions")
def list_actions(call: Call) -> Answer:
    """Actions by name and trigger; no match is an empty list (recorded)."""
    rows = list(call.tenant.actions.rows.values())
    if name := call.query.get("actionName"):
        rows = [row for row in rows if row["name"] == name]
    if trigger := call.query.get("triggerId"):
        rows = [row for row in rows if row["supported_triggers"][0]["id"] == trigger]
    return 200, page_of(call, "actions", [shown(row) for row in rows])


@endpoint("POST", "/actions/actions", "create:actions")
def create_action(call: Call) -> Answer:
    """Make an Action: 201, not built yet. A name may be there twice (believed)."""
    body = object_body(call.body, CREATE)
    rest = {key: value for key, value in body.items() if key not in ("name", "code")}
    action = new_action(body["name"], body.get("code", ""), built_at(call), **rest)
    call.tenant.actions.put(action["id"], action)
    return 201, shown(action)


@endpoint("GET", "/actions/actions/{id}", "read:actions")
def get_action(call: Call) -> Answer:
    """Read one."""
    return 200, shown(find_action(call, call.ids[0]))


@endpoint("PATCH", "/actions/actions/{id}", "update:actions")
def update_action(call: Call) -> Answer:
    """Change an Action: it is built anew, and log-ins run the deployed version meanwhile."""
    action = {**find_action(call, call.ids[0]), **object_body(call.body, UPDATE)}
    changed = {"updated_at": timestamp(), "ready_at": built_at(call), "all_changes_deployed": False}
    action |= changed
    call.tenant.actions.put(action["id"], action)
    return 200, shown(action)


@endpoint("POST", "/actions/actions/{id}/deploy", "create:actions")
def deploy_action(call: Call) -> Answer:
    """Deploy what is built: 200 (recorded; OAS says 202). Before that it is refused (believed)."""
    action = find_action(call, call.ids[0])
    if status_of(action) != "built":
        raise ApiError(400, "The action must be in the 'built' state", "invalid_request")
    action = deploy(action)
    call.tenant.actions.put(action["id"], action)
    return 200, action["deployed_version"]


@endpoint("GET", "/actions/triggers/{id}/bindings", "read:actions")
def list_bindings(call: Call) -> Answer:
    """The bound Actions in the order in which they run."""
    trigger = flow(call)
    rows = [shown_binding(call, trigger, each) for each in bound(call.tenant, trigger)]
    return 200, page_of(call, "bindings", rows)


@endpoint("PATCH", "/actions/triggers/{id}/bindings", "update:actions")
def update_bindings(call: Call) -> Answer:
    """Replace the whole flow in the order that is sent; ``[]`` unbinds all (recorded)."""
    trigger = flow(call)
    wanted = object_body(call.body, BINDINGS)["bindings"]
    new = []
    for item in wanted:
        action = referred(call, trigger, item["ref"])
        if "deployed_version" not in action:
            raise ApiError(400, "The action must be deployed before it is bound", "invalid_request")
        new.append(binding(action, item.get("display_name", action["name"])))
    if len({each["action_id"] for each in new}) < len(new):
        raise ApiError(400, "An action can be bound to a trigger only once", "invalid_request")
    call.tenant.bindings.put(trigger, new)
    return 200, {"bindings": [shown_binding(call, trigger, each) for each in new]}


def page_of(call: Call, name: str, rows: list[Any]) -> dict[str, Any]:
    """A page as Actions have it: always an object, without numbers that are 0 (recorded)."""
    per_page = number(call, "per_page", 20, LARGEST_PAGE)
    page = number(call, "page", 0, 10**6)
    numbers = {"total": len(rows), "page": page, "per_page": per_page}
    shown_rows = rows[page * per_page : (page + 1) * per_page]
    return {name: shown_rows, **{key: value for key, value in numbers.items() if value}}


def built_at(call: Call) -> float:
    """When an Action that is made or changed now will have been built."""
    return time.time() + call.tenant.settings.build_s


def status_of(action: dict[str, Any]) -> str:
    """How far its build is."""
    return "built" if time.time() >= action["ready_at"] else "pending"


def shown(action: dict[str, Any]) -> dict[str, Any]:
    """An Action as it is read."""
    row = {key: value for key, value in action.items() if key != "ready_at"}
    return {**row, "status": status_of(action), "runtime": action.get("runtime", RUNTIME)}


def shown_binding(call: Call, trigger: str, row: dict[str, Any]) -> dict[str, Any]:
    """A binding as it is read, with its Action."""
    rest = {key: value for key, value in row.items() if key != "action_id"}
    return {**rest, "trigger_id": trigger, "action": shown(find_action(call, row["action_id"]))}


def flow(call: Call) -> str:
    """The flow that the path names.

    Raises: ApiError 404.
    """
    if call.ids[0] not in FLOWS:
        raise ApiError(404, "The trigger does not exist", "inexistent_trigger")
    return call.ids[0]


def find_action(call: Call, key: str) -> dict[str, Any]:
    """The stored Action.

    Raises: ApiError 404.
    """
    action: dict[str, Any] | None = call.tenant.actions.rows.get(key)
    if action is None:
        raise ApiError(404, "The action does not exist", "inexistent_action")
    return action


def referred(call: Call, trigger: str, ref: dict[str, str]) -> dict[str, Any]:
    """The Action that a reference of a binding means.

    Raises: ApiError 404.
    """
    value = ref["value"]
    if ref["type"] == "action_name":
        named = [row["id"] for row in call.tenant.actions.rows.values() if row["name"] == value]
        value = named[0] if named else ""
    elif ref["type"] == "binding_id":
        ids = {each["id"]: each["action_id"] for each in bound(call.tenant, trigger)}
        value = ids.get(value, "")
    return find_action(call, value)
