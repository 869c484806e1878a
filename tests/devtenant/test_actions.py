"""Actions: made, built, deployed, bound; and what a log-in's tokens tell by them (facts: 2b)."""

from pathlib import Path
from typing import Any

import pytest

from devtenant import seed
from devtenant.post_login import ROLES_CLAIM, roles_claims, roles_code
from devtenant.state import Tenant
from tests.devtenant.builders import role_id
from tests.devtenant.running import RunningTenant

POST_LOGIN = [{"id": "post-login", "version": "v3"}]
FLOW = "/actions/triggers/post-login/bindings"


def make(tenant: RunningTenant, name: str = "Add department", code: str = "") -> str:
    """Make an Action and return its id."""
    body = {"name": name, "supported_triggers": POST_LOGIN, "code": code}
    answer = tenant.api("POST", "/actions/actions", body)
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["id"]
    return key


def deploy(tenant: RunningTenant, key: str) -> int:
    return tenant.api("POST", f"/actions/actions/{key}/deploy").status_code


def bind(tenant: RunningTenant, *keys: str) -> Any:
    bindings = [{"ref": {"type": "action_id", "value": key}} for key in keys]
    return tenant.api("PATCH", FLOW, {"bindings": bindings})


def bound(tenant: RunningTenant) -> list[str]:
    return [each["action"]["id"] for each in tenant.api("GET", FLOW).json()["bindings"]]


@pytest.fixture
def tenant(tenant: RunningTenant) -> RunningTenant:
    tenant.control(build_s=0)
    return tenant


def test_an_action_is_built_before_it_can_be_deployed(tenant: RunningTenant) -> None:
    tenant.control(build_s=60)
    key = make(tenant)

    assert tenant.api("GET", f"/actions/actions/{key}").json()["status"] == "pending"
    assert deploy(tenant, key) == 400


def test_an_action_is_deployed_and_bound_behind_the_others(tenant: RunningTenant) -> None:
    [first] = bound(tenant)
    key = make(tenant)

    not_deployed = bind(tenant, first, key)
    assert deploy(tenant, key) == 200
    answer = bind(tenant, first, key)

    assert (not_deployed.status_code, answer.status_code) == (400, 200)
    assert bound(tenant) == [first, key]


def test_bindings_replace_the_whole_flow_and_have_new_ids(tenant: RunningTenant) -> None:
    [before] = tenant.api("GET", FLOW).json()["bindings"]
    again = {"bindings": [{"ref": {"type": "binding_id", "value": before["id"]}}]}

    [after] = tenant.api("PATCH", FLOW, again).json()["bindings"]
    tenant.api("PATCH", FLOW, {"bindings": []})

    assert after["action"]["id"] == before["action"]["id"]
    assert after["id"] != before["id"]
    assert bound(tenant) == []


def test_an_action_is_bound_once(tenant: RunningTenant) -> None:
    [first] = bound(tenant)

    assert bind(tenant, first, first).status_code == 400


def test_a_changed_action_runs_as_it_was_deployed_until_it_is_again(tenant: RunningTenant) -> None:
    [key] = bound(tenant)
    path = f"/actions/actions/{key}"

    changed = tenant.api("PATCH", path, {"code": roles_code("https://a.example.com/r")}).json()
    before = tenant.state()["control"]["roles_claim"]
    deploy(tenant, key)

    assert changed["all_changes_deployed"] is False
    assert before == "https://identity-console.example.com/roles"
    assert tenant.state()["control"]["roles_claim"] == "https://a.example.com/r"


def test_a_claim_below_auth0s_own_domain_is_dropped_in_silence(tenant: RunningTenant) -> None:
    [key] = bound(tenant)
    tenant.api("PATCH", f"/actions/actions/{key}", {"code": roles_code("https://x.auth0.com/r")})
    deploy(tenant, key)

    assert tenant.state()["control"]["roles_claim"] == ""


def test_actions_are_found_by_name_and_trigger(tenant: RunningTenant) -> None:
    """Recorded: no match is an empty list, and numbers that are 0 are left out."""
    key = make(tenant, "Mine")

    def ask(query: str) -> Any:
        return tenant.api("GET", f"/actions/actions?per_page=50&page=0&{query}").json()

    assert ask("actionName=None+of+them") == {"actions": [], "per_page": 50}
    assert [row["id"] for row in ask("actionName=Mine")["actions"]] == [key]
    assert ask("triggerId=post-login")["total"] == 2
    assert ask("triggerId=pre-user-registration")["actions"] == []


@pytest.mark.parametrize(
    "ref",
    [
        {"type": "action_id", "value": "none"},
        {"type": "action_name", "value": "none"},
        {"type": "binding_id", "value": "none"},
    ],
)
def test_what_doesnt_exist_cant_be_bound(tenant: RunningTenant, ref: dict[str, str]) -> None:
    assert tenant.api("PATCH", FLOW, {"bindings": [{"ref": ref}]}).status_code == 404


def test_an_unknown_trigger_is_404(tenant: RunningTenant) -> None:
    assert tenant.api("GET", "/actions/triggers/lunch/bindings").status_code == 404


def test_a_new_tenant_has_nothing_set_up(tenant: RunningTenant) -> None:
    tenant.reset(empty=True)

    state = tenant.state()
    assert (state["roles"], state["resource_servers"], state["actions"]) == ([], [], [])
    assert state["connections"][0]["enabled_clients"] == []
    assert state["control"]["roles_claim"] == ""

    tenant.reset()
    assert role_id(tenant, "finance")


def test_a_state_file_of_before_gets_the_set_up_client_and_the_action(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite3"
    old = Tenant(path=path)
    seed.fill(old)
    with old.change():
        old.clients.remove("console-setup")
        old.bindings.remove("post-login")
        old.kept.put("settings", {"latency_s": 1.5, "roles_claim": "a setting of before"})
    old.store.close()

    new = Tenant(path=path)
    seed.fill(new)

    assert "console-setup" in new.clients.rows
    assert roles_claims(new, "idToken") == [ROLES_CLAIM]
    assert new.settings.latency_s == 1.5
    new.store.close()
