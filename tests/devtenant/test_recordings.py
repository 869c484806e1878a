"""Real exchanges with Auth0, replayed: the stand-in must answer the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.devtenant.replay import RECORDINGS, Replay, compare
from tests.devtenant.running import RunningTenant

FILES = sorted(RECORDINGS.glob("*.jsonl"))
NAMES = [
    "TestAccResourceServerScope",
    "TestAccRole",
    "TestAccRolePermission",
    "TestAccUser",
    "TestAccUserRole",
]


def as_recorded(tenant: RunningTenant) -> None:
    """The recorded tenant's connection took user names of any length; a new one takes none."""
    connection = tenant.state()["connections"][0]
    active = {"username": {"identifier": {"active": True}}}
    options = {**connection["options"], "attributes": active}
    options["validation"] = {"username": {"min": 1, "max": 128}}
    response = tenant.api("PATCH", f"/connections/{connection['id']}", {"options": options})
    assert response.status_code == 200


@pytest.mark.recordings
@pytest.mark.parametrize("name", sorted({*NAMES, *(path.stem for path in FILES)}))
def test_a_recording_replays_without_a_difference(tenant: RunningTenant, name: str) -> None:
    path = RECORDINGS / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"the recordings of Auth0 are not beside this checkout: no {name}")
    as_recorded(tenant)

    differences = Replay(tenant).run(path)

    assert not differences, f"{len(differences)} differences:\n" + "\n".join(differences[:20])


def test_a_replay_says_what_differs(tenant: RunningTenant, tmp_path: Path) -> None:
    recorded = {
        "method": "GET",
        "path": "/api/v2/users-by-email?email=nobody@example.com",
        "request": None,
        "status": 200,
        "response": [{"user_id": "auth0|1"}],
    }
    path = tmp_path / "made-up.jsonl"
    path.write_text(json.dumps(recorded) + "\n")

    differences = Replay(tenant).run(path)

    assert differences == [
        "line 1, GET /api/v2/users-by-email?email=nobody@example.com: list has 0 items, recorded 1"
    ]


def test_a_replay_says_which_status_came_instead(tenant: RunningTenant, tmp_path: Path) -> None:
    recorded: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v2/roles/rol_0000000000000000",
        "request": None,
        "status": 200,
        "response": {},
    }
    path = tmp_path / "made-up.jsonl"
    path.write_text(json.dumps(recorded) + "\n")

    [difference] = Replay(tenant).run(path)

    assert "status 404 instead of 200" in difference


def test_a_missing_a_new_and_another_value_are_differences() -> None:
    found = list(compare({"a": 1, "b": 2}, {"b": 3, "c": 4}, "users", ""))

    assert found == [
        ".a is missing, recorded 1",
        ".c is 4, recorded without",
        ".b is 3, recorded 2",
    ]
