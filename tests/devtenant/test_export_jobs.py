"""POST /jobs/users-exports and the file behind its link (facts: exports)."""

import csv
import gzip
import json
import time
import zlib
from typing import Any

import httpx
import pytest
from auth0.management import Auth0

from tests.devtenant.builders import make_user
from tests.devtenant.running import RunningTenant


def export(tenant: RunningTenant, **body: Any) -> dict[str, Any]:
    """Ask for an export and return its job when it has ended."""
    answer = tenant.api("POST", "/jobs/users-exports", body)
    assert answer.status_code == 200, answer.text
    return ended(tenant, answer.json()["id"])


def ended(tenant: RunningTenant, job_id: str) -> dict[str, Any]:
    """The job as soon as it has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found: dict[str, Any] = tenant.api("GET", f"/jobs/{job_id}").json()
        if found["status"] in ("completed", "failed"):
            return found
    raise AssertionError(found)


def rows(tenant: RunningTenant, **body: Any) -> list[dict[str, Any]]:
    """Export as JSON and return what the file holds."""
    file = tenant.client.get(export(tenant, **body)["location"])
    assert file.status_code == 200
    return [json.loads(line) for line in gzip.decompress(file.content).splitlines()]


@pytest.fixture(autouse=True)
def quick(tenant: RunningTenant) -> None:
    tenant.control(export_s=0)


def test_an_export_is_a_job_with_a_link_at_its_end(tenant: RunningTenant) -> None:
    made = tenant.api("POST", "/jobs/users-exports", {"format": "json", "limit": 5}).json()

    assert made["id"].startswith("job_")
    assert {key: made[key] for key in made if key not in ("id", "created_at")} == {
        "type": "users_export",
        "status": "pending",
        "format": "json",
        "limit": 5,
    }
    done = ended(tenant, made["id"])
    root = f"{tenant.base_url}/user-exports/{made['id']}/devtenant.json.gz?Expires="
    assert done["location"].startswith(root)


def test_an_export_takes_its_time(tenant: RunningTenant) -> None:
    tenant.control(export_s=60)
    job_id = tenant.api("POST", "/jobs/users-exports", {}).json()["id"]
    tenant.control(age_jobs_s=31)

    running = tenant.api("GET", f"/jobs/{job_id}").json()

    assert (running["status"], running["percentage_done"]) == ("processing", 50)
    assert 0 < running["time_left_seconds"] <= 29
    assert "location" not in running


def test_without_fields_there_is_neither_metadata_nor_a_block(tenant: RunningTenant) -> None:
    make_user(tenant, blocked=True, app_metadata={"a": 1}, user_metadata={"b": 2})

    [row] = rows(tenant)

    assert row["email"] == "ada@example.com"
    assert not {"blocked", "app_metadata", "user_metadata", "identities"} & set(row)


def test_asked_fields_are_given_by_path_and_under_another_name(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", app_metadata={"employee_id": 1, "tags": ["x"]})

    names = ["user_id", "app_metadata", "app_metadata.employee_id", "app_metadata.tags[0]"]
    fields = [{"name": name} for name in names]
    fields += [{"name": "identities[0].connection", "export_as": "provider"}]
    [row] = rows(tenant, fields=fields)

    assert row == {
        "user_id": "auth0|emp-1",
        "app_metadata": {"employee_id": 1, "tags": ["x"]},
        "app_metadata.employee_id": 1,
        "app_metadata.tags[0]": "x",
        "provider": "Username-Password-Authentication",
    }


def test_what_a_user_has_not_got_is_left_out(tenant: RunningTenant) -> None:
    make_user(tenant)
    names = ["email", "blocked", "app_metadata.a.b", "identities[3].connection", "email.x"]

    assert rows(tenant, fields=[{"name": name} for name in names]) == [{"email": "ada@example.com"}]


def test_the_order_says_nothing(tenant: RunningTenant) -> None:
    tenant.seed(1200)

    found = [row["user_id"] for row in rows(tenant, fields=[{"name": "user_id"}])]

    assert found != sorted(found, key=lambda user_id: int(user_id.rpartition("-")[2]))
    assert set(found) == {f"auth0|crowd-{number}" for number in range(1, 1201)}


def test_a_limit_cuts_it_short(tenant: RunningTenant) -> None:
    tenant.seed(5)

    assert len(rows(tenant, limit=2)) == 2


def test_a_file_holds_what_was_there_when_the_job_was_made(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, name="Ada")
    location = export(tenant, fields=[{"name": "name"}])["location"]

    tenant.api("PATCH", f"/users/{user_id}", {"name": "Ada Quill"})

    text = gzip.decompress(tenant.client.get(location).content)
    assert json.loads(text) == {"name": "Ada"}


def test_an_old_file_is_made_anew(tenant: RunningTenant) -> None:
    first = export(tenant)["location"]
    for _ in range(4):
        export(tenant)
    make_user(tenant)

    assert b"ada@example.com" in gzip.decompress(tenant.client.get(first).content)


def test_a_connection_can_be_asked_for(tenant: RunningTenant) -> None:
    make_user(tenant)
    key = tenant.state()["connections"][0]["id"]

    assert len(rows(tenant, connection_id=key)) == 1


def test_in_csv_no_text_is_a_formula(tenant: RunningTenant) -> None:
    make_user(tenant, name='=1+1 "x"', app_metadata={"n": 7})
    names = ["name", "email_verified", "app_metadata.n", "blocked", "created_at"]

    done = export(tenant, format="csv", fields=[{"name": name} for name in names])

    text = gzip.decompress(tenant.client.get(done["location"]).content).decode()
    head, [name, verified, number, blocked, created] = csv.reader(text.splitlines())
    assert head == names
    assert (name, verified, number, blocked) == ('\'=1+1 "x"', "false", "7", "")
    assert created[:2] == "20"


@pytest.mark.parametrize(
    "body",
    [
        {"format": "xml"},
        {"limit": 0},
        {"fields": []},
        {"fields": [{"export_as": "x"}]},
        {"format": "csv", "fields": [{"name": "app_metadata"}]},
        {"format": "csv", "fields": [{"name": "email"}] * 31},
        {"connection_id": "con_1"},
        {"connection_id": "con_0000000000000000"},
        {"dry_run": True},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    tenant: RunningTenant, body: dict[str, Any]
) -> None:
    assert tenant.api("POST", "/jobs/users-exports", body).status_code == 400


def test_each_look_gives_a_new_link_and_an_old_one_dies_after_a_minute(
    tenant: RunningTenant,
) -> None:
    location = httpx.URL(export(tenant)["location"])
    late = str(int(location.params["Expires"]) - 61)

    assert 55 < int(location.params["Expires"]) - time.time() <= 60
    for changed in (
        location.copy_set_param("Expires", late),
        location.copy_set_param("Expires", "soon"),
        location.copy_set_param("Signature", "x"),
        location.copy_with(path="/user-exports/job_0000000000000000/devtenant.json.gz"),
    ):
        refused = tenant.client.get(changed)
        assert (refused.status_code, "AccessDenied" in refused.text) == (403, True)
    assert tenant.client.get(location).status_code == 200


def test_a_link_is_counted_apart_from_the_interface(limited: RunningTenant) -> None:
    limited.control(rate={"burst": 3, "per_second": 0.01}, export_s=0)
    made = limited.api("POST", "/jobs/users-exports", {}).json()
    time.sleep(0.05)
    location = limited.api("GET", f"/jobs/{made['id']}").json()["location"]

    answers = [limited.client.get(location).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert "x-ratelimit-limit" not in limited.client.get(location).headers
    assert len(limited.calls("GET", r"/user-exports/.*")) == 4


def test_a_plan_without_exports_says_so(tenant: RunningTenant) -> None:
    tenant.control(plan="free")
    free = tenant.api("POST", "/jobs/users-exports", {})
    tenant.control(plan="demo", bulk_jobs=False)
    switched_off = tenant.api("POST", "/jobs/users-exports", {})

    for answer in (free, switched_off):
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "insufficient_entitlement")


def test_a_file_is_streamed_and_the_connection_is_kept(tenant: RunningTenant) -> None:
    tenant.seed(2000)
    location = export(tenant)["location"]

    with tenant.client.stream("GET", location) as file:
        assert file.headers["transfer-encoding"] == "chunked"
        unpacker = zlib.decompressobj(wbits=31)
        parts = [unpacker.decompress(part) for part in file.iter_raw()]

    assert len(b"".join(parts).splitlines()) == 2000
    assert tenant.client.head(location).status_code == 200
    assert tenant.client.get(location).status_code == 200


def test_a_download_can_break_off(tenant: RunningTenant) -> None:
    tenant.seed(3000)
    location = export(tenant)["location"]
    path = {"path": "/user-exports/.*"}
    tenant.fault(kind="cut", match=path, after_bytes=5000, times=1)
    got = 0

    with pytest.raises(httpx.RemoteProtocolError), tenant.client.stream("GET", location) as file:
        for part in file.iter_raw():
            got += len(part)

    assert got == 5000
    assert tenant.client.get(location).status_code == 200


def test_an_answer_of_known_length_can_break_off_too(tenant: RunningTenant) -> None:
    tenant.fault(kind="cut", match={"path": "/api/v2/roles"}, after_bytes=100_000, times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        tenant.api("GET", "/roles")


def test_a_download_can_be_another_body_or_an_expired_link(tenant: RunningTenant) -> None:
    location = export(tenant)["location"]
    path = {"path": "/user-exports/.*"}
    tenant.fault(kind="wrong_body", match=path, body="<html>", times=1)
    tenant.fault(kind="status", match=path, status=403, times=1)

    assert tenant.client.get(location).text == "<html>"
    assert tenant.client.get(location).status_code == 403


def test_an_export_can_fail_lose_its_data_or_never_end(tenant: RunningTenant) -> None:
    for kind in ("job_dies", "job_erased", "job_stuck"):
        tenant.fault(kind=kind, times=1)

    made = [tenant.api("POST", "/jobs/users-exports", {}).json()["id"] for _ in range(3)]
    tenant.control(age_jobs_s=1)
    died, erased, stuck = (tenant.api("GET", f"/jobs/{job_id}") for job_id in made)

    assert (died.json()["status"], "location" in died.json()) == ("failed", False)
    assert erased.status_code == 404
    assert stuck.json()["status"] == "processing"


def test_the_sdk_reads_an_export(tenant: RunningTenant) -> None:
    make_user(tenant)
    with httpx.Client(timeout=5, trust_env=False) as http:
        sdk = Auth0(
            base_url=f"{tenant.base_url}/api/v2",
            token=tenant.token(),
            timeout=5,
            max_retries=0,
            httpx_client=http,
        )

        made = sdk.jobs.users_exports.create(format="json", fields=[{"name": "email"}])
        ended(tenant, made.id)
        location = sdk.jobs.get(made.id).location

        assert location is not None
        assert gzip.decompress(http.get(location).content) == b'{"email": "ada@example.com"}\n'
