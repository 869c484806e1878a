"""POST /jobs/users-imports (facts: import file)."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from auth0.management import Auth0
from auth0.management.core.api_error import ApiError

from tests.devtenant.builders import CONNECTION, PASSWORD, make_user
from tests.devtenant.running import RunningTenant

HASH = "$2b$10$" + "a" * 53


def send(tenant: RunningTenant, users: Any, **parts: str) -> httpx.Response:
    """Ask for an import of ``users``, a list or the text of a file; None leaves a part out."""
    connection_id = tenant.api("GET", f"/connections?name={CONNECTION}").json()[0]["id"]
    text = users if isinstance(users, str) else json.dumps(users)
    form = {"connection_id": connection_id, "send_completion_email": "false", **parts}
    return tenant.client.post(
        f"{tenant.base_url}/api/v2/jobs/users-imports",
        headers={"Authorization": f"Bearer {tenant.token()}"},
        data={key: value for key, value in form.items() if value is not None},
        files={"users": ("users.json", text, "application/json")},
    )


def begin(tenant: RunningTenant, users: Any, **parts: str) -> str:
    """Begin an import and return the id of its job."""
    answer = send(tenant, users, **parts)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def job(tenant: RunningTenant, job_id: str, *statuses: str) -> dict[str, Any]:
    """The job as soon as it has one of these statuses; without any: as soon as it ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found: dict[str, Any] = tenant.api("GET", f"/jobs/{job_id}").json()
        if found["status"] in (statuses or ("completed", "failed")):
            return found
    raise AssertionError(found)


def errors(tenant: RunningTenant, users: list[Any], **parts: str) -> list[dict[str, Any]]:
    """Import a file and return the errors of its users."""
    job_id = begin(tenant, users, **parts)
    assert job(tenant, job_id)["status"] == "completed"
    answer = tenant.api("GET", f"/jobs/{job_id}/errors")
    found: list[dict[str, Any]] = answer.json() if answer.status_code == 200 else []
    return found


def people(count: int) -> list[dict[str, Any]]:
    """So many users of a file."""
    return [{"email": f"p{n}@example.com", "user_id": f"emp-{n}"} for n in range(count)]


def test_an_import_is_accepted_and_worked_off_later(tenant: RunningTenant) -> None:
    answer = send(tenant, people(2), external_id="batch 1")

    assert answer.status_code == 202
    sent = answer.json()
    assert sent["id"].startswith("job_")
    assert {key: sent[key] for key in sent if key not in ("id", "created_at", "connection_id")} == {
        "type": "users_import",
        "status": "pending",
        "connection": CONNECTION,
        "upsert": False,
        "external_id": "batch 1",
        "send_completion_email": False,
    }
    done = job(tenant, sent["id"])
    assert done["status"] == "completed"
    assert done["summary"] == {"failed": 0, "updated": 0, "inserted": 2, "total": 2}
    assert tenant.api("GET", f"/jobs/{sent['id']}/errors").status_code == 204


def test_an_imported_user_is_stored_like_any_other_but_has_no_password(
    tenant: RunningTenant,
) -> None:
    row = {
        "email": "Ada@Example.com",
        "user_id": "emp-1",
        "name": "Ada Quill",
        "given_name": "Ada",
        "app_metadata": {"employee_id": 1},
        "user_metadata": {"department": "Weaving"},
        "blocked": True,
    }

    job(tenant, begin(tenant, [row]))

    user = tenant.api("GET", "/users/auth0%7Cemp-1").json()
    assert {**user, **row, "email": "ada@example.com", "user_id": "auth0|emp-1"} == user
    assert user["email_verified"] is False
    assert user["identities"][0]["user_id"] == "emp-1"
    assert tenant.outbox() == []


def test_a_prefix_that_was_sent_is_doubled(tenant: RunningTenant) -> None:
    job(tenant, begin(tenant, [{"email": "a@example.com", "user_id": "auth0|emp-1"}]))

    assert tenant.users()[0]["user_id"] == "auth0|auth0|emp-1"


def test_without_an_id_the_tenant_makes_one(tenant: RunningTenant) -> None:
    job(tenant, begin(tenant, [{"email": "a@example.com", "email_verified": True}]))

    [user] = tenant.users()
    assert len(user["user_id"]) == len("auth0|") + 24
    assert user["email_verified"] is True


def test_a_user_who_is_there_already_is_an_error_as_recorded(tenant: RunningTenant) -> None:
    make_user(tenant, "ada@example.com")
    row = {"email": "ada@example.com", "email_verified": True}

    assert errors(tenant, [row, {"email": "bo@example.com"}]) == [
        {
            "user": row,
            "errors": [
                {
                    "code": "DUPLICATED_USER",
                    "message": "The user already exist and upsert parameter is false",
                }
            ],
        }
    ]
    assert len(tenant.users()) == 2


def test_an_id_that_is_there_already_is_an_error(tenant: RunningTenant) -> None:
    make_user(tenant, "ada@example.com", user_id="emp-1")

    [error] = errors(tenant, [{"email": "other@example.com", "user_id": "emp-1"}])

    assert error["errors"][0]["code"] == "DUPLICATED_USER"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"email": "ADA@example.com"}, "email"),
        ({"email": "bo@example.com", "user_id": "emp-1"}, "user_id"),
    ],
)
def test_a_row_that_repeats_an_earlier_one_is_an_error(
    tenant: RunningTenant, row: dict[str, Any], field: str
) -> None:
    first = {"email": "ada@example.com", "user_id": "emp-1"}

    [error] = errors(tenant, [first, row], upsert="true")

    assert error["errors"][0]["message"] == f"A user with this {field} was already provided."


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"email": "akshay144@"}, "INVALID_FORMAT", "email"),
        ({"email": None}, "OBJECT_REQUIRED", None),
        ({"password": PASSWORD}, "OBJECT_ADDITIONAL_PROPERTIES", None),
        ({"phone_number": "+15550100"}, "OBJECT_ADDITIONAL_PROPERTIES", None),
        ({"email_verified": "true"}, "INVALID_TYPE", "email_verified"),
        ({"given_name": ""}, "MIN_LENGTH", "given_name"),
        ({"given_name": "x" * 151}, "MAX_LENGTH", "given_name"),
        ({"user_id": "emp 1"}, "PATTERN", "user_id"),
        ({"app_metadata": {"created_at": "2026"}}, "NOT_PASSED", "app_metadata.created_at"),
        ({"user_metadata": {"text": "x" * 10_240}}, "NOT_PASSED", None),
        ({"username": "ada"}, "NOT_PASSED", None),
        ({"password_hash": HASH, "custom_password_hash": {}}, "NOT_PASSED", None),
        ({"mfa_factors": []}, "ARRAY_LENGTH_SHORT", "mfa_factors"),
    ],
)
def test_a_row_that_breaks_a_rule_is_an_error_and_the_rest_is_imported(
    tenant: RunningTenant, fields: dict[str, Any], code: str, path: str | None
) -> None:
    row = {"email": "ada@example.com", **fields}
    row = {key: value for key, value in row.items() if value is not None}

    [error] = errors(tenant, [row, {"email": "bo@example.com"}])

    assert error["errors"][0]["code"] == code
    assert error["errors"][0].get("path") == path
    assert [user["email"] for user in tenant.users()] == ["bo@example.com"]


def test_the_error_of_a_bad_email_reads_as_in_a_real_job(tenant: RunningTenant) -> None:
    [error] = errors(tenant, [{"email": "akshay144@"}])

    assert error["errors"][0]["message"] == (
        "Error in email property - Object didn't pass validation for format email: akshay144@"
    )


def test_a_row_that_is_no_object_is_an_error(tenant: RunningTenant) -> None:
    [error] = errors(tenant, ["ada@example.com"])

    assert error == {
        "user": "ada@example.com",
        "errors": [
            {"code": "INVALID_TYPE", "message": "Expected type object but found type string"}
        ],
    }


def test_errors_show_no_hash_of_a_password(tenant: RunningTenant) -> None:
    make_user(tenant, "ada@example.com")
    make_user(tenant, "bo@example.com")
    custom = {"algorithm": "sha256", "hash": {"value": "secret"}}

    found = errors(
        tenant,
        [
            {"email": "ada@example.com", "password_hash": HASH},
            {"email": "bo@example.com", "custom_password_hash": custom},
        ],
    )

    assert found[0]["user"]["password_hash"] == "*****"
    assert found[1]["user"]["custom_password_hash"]["hash"] == {"value": "*****"}


def test_an_upsert_overwrites_metadata_and_leaves_who_they_are(tenant: RunningTenant) -> None:
    make_user(
        tenant, "ada@example.com", user_id="emp-1", app_metadata={"a": 1}, user_metadata={"b": 2}
    )
    row = {
        "email": "Ada@example.com",
        "user_id": "emp-2",
        "blocked": True,
        "name": "Ada Quill",
        "app_metadata": {"c": 3},
        "user_metadata": {},
    }

    done = job(tenant, begin(tenant, [row], upsert="true"))

    assert done["summary"] == {"failed": 0, "updated": 1, "inserted": 0, "total": 1}
    [user] = tenant.users()
    assert (user["user_id"], user["name"], user.get("blocked")) == (
        "auth0|emp-1",
        "Ada Quill",
        None,
    )
    assert (user["app_metadata"], user["user_metadata"]) == ({"c": 3}, {})


def test_an_upsert_that_empties_app_metadata_leaves_none(tenant: RunningTenant) -> None:
    make_user(tenant, "ada@example.com", app_metadata={"a": 1})

    job(tenant, begin(tenant, [{"email": "ada@example.com", "app_metadata": {}}], upsert="true"))

    assert "app_metadata" not in tenant.users()[0]


def test_an_upsert_finds_nobody_by_their_id(tenant: RunningTenant) -> None:
    make_user(tenant, "ada@example.com", user_id="emp-1")

    [error] = errors(tenant, [{"email": "new@example.com", "user_id": "emp-1"}], upsert="true")

    assert error["errors"][0]["code"] == "CONFLICT"


def test_a_connection_that_wants_user_names_takes_users_without_one(
    tenant: RunningTenant,
) -> None:
    tenant.control(requires_username=True)
    rows = [
        {"email": "a@example.com"},
        {"email": "b@example.com", "username": "Bo"},
        {"email": "c@example.com", "username": "bO"},
    ]

    [error] = errors(tenant, rows)

    assert error["user"]["email"] == "c@example.com"
    assert tenant.users()[1]["username"] == "bo"


@pytest.mark.parametrize("text", ["", "{}", "[]", "not JSON", '"text"'])
def test_a_file_that_is_no_list_of_users_fails_the_job_without_a_word(
    tenant: RunningTenant, text: str
) -> None:
    done = job(tenant, begin(tenant, text))

    assert done["status"] == "failed"
    assert "summary" not in done
    assert tenant.api("GET", f"/jobs/{done['id']}/errors").status_code == 204


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"connection_id": "con_1"},
            "'String does not match pattern ^con_[A-Za-z0-9]{16}$' on property connection_id",
        ),
        ({"connection_id": None}, "'Missing required property: connection_id'"),
        ({"upsert": "yes"}, "'Expected type boolean but found type string' on property upsert"),
        ({"dry_run": "true"}, "'Additional properties not allowed: dry_run'"),
    ],
)
def test_a_form_that_breaks_the_schema_is_refused(
    tenant: RunningTenant, parts: dict[str, str], message: str
) -> None:
    answer = send(tenant, people(1), **parts)

    assert answer.status_code == 400
    assert answer.json()["message"] == f"Payload validation error: {message}"


def test_an_unknown_connection_is_refused(tenant: RunningTenant) -> None:
    answer = send(tenant, people(1), connection_id="con_0000000000000000")

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "inexistent_connection")


def test_a_file_in_the_place_of_a_text_is_refused(tenant: RunningTenant) -> None:
    answer = tenant.client.post(
        f"{tenant.base_url}/api/v2/jobs/users-imports",
        headers={"Authorization": f"Bearer {tenant.token()}"},
        files={"connection_id": ("x.txt", "con_0000000000000000", "text/plain")},
    )

    assert answer.status_code == 400


def test_a_body_that_is_no_form_is_refused(tenant: RunningTenant) -> None:
    answer = tenant.api("POST", "/jobs/users-imports", {"users": []})

    assert (answer.status_code, answer.json()["error"]) == (415, "Unsupported Media Type")


def test_half_a_megabyte_is_the_most(tenant: RunningTenant) -> None:
    answer = send(tenant, "x" * 512_000)

    assert answer.status_code == 413
    assert answer.json() == {
        "statusCode": 413,
        "error": "Request Entity Too Large",
        "message": "Payload content length greater than maximum allowed: 512000",
    }


def test_a_third_job_at_a_time_is_refused_in_auth0s_words(tenant: RunningTenant) -> None:
    tenant.control(import_users_per_second=0.01)
    ids = [begin(tenant, people(2)), begin(tenant, people(2))]

    answer = send(tenant, people(2))
    tenant.control(import_users_per_second=1000)
    for job_id in ids:
        job(tenant, job_id)

    assert answer.status_code == 429
    assert answer.json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "There are 2 active import users jobs, "
        "please wait until some of them are finished and try again",
    }
    begin(tenant, people(2))


def test_users_appear_one_by_one_while_the_job_runs(tenant: RunningTenant) -> None:
    tenant.control(import_users_per_second=20)
    job_id = begin(tenant, people(40))

    running = job(tenant, job_id, "processing")

    assert 0 <= running["percentage_done"] < 100
    assert running["time_left_seconds"] >= 0
    assert "summary" not in running
    assert 0 < tenant.count()["users"] < 40


def test_a_mail_to_the_owner_is_the_default(tenant: RunningTenant) -> None:
    job(tenant, begin(tenant, people(1), send_completion_email=None))  # type: ignore[arg-type]

    [mail] = tenant.outbox()
    assert mail["subject"] == "Users import completed"


def test_a_job_is_forgotten_after_a_day(tenant: RunningTenant) -> None:
    make_user(tenant, "p0@example.com")
    job_id = begin(tenant, people(1))
    job(tenant, job_id)

    tenant.control(age_jobs_s=86_401)

    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/errors", "/jobs/job_0000000000000000"):
        answer = tenant.api("GET", path)
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "inexistent_job")


def test_a_job_that_takes_two_hours_fails(tenant: RunningTenant) -> None:
    tenant.control(import_users_per_second=0.0001)
    job_id = begin(tenant, people(3))
    job(tenant, job_id, "processing")

    tenant.control(age_jobs_s=7_201)

    assert job(tenant, job_id)["status"] == "failed"
    assert len(tenant.users()) == 1


def test_a_job_can_die_half_way(tenant: RunningTenant) -> None:
    tenant.fault(kind="job_dies", after_users=2, times=1)

    done = job(tenant, begin(tenant, people(4)))

    assert (done["status"], "summary" in done) == ("failed", False)
    assert [user["user_id"] for user in tenant.users()] == ["auth0|emp-0", "auth0|emp-1"]
    assert job(tenant, begin(tenant, people(4)))["summary"]["inserted"] == 2


def test_a_job_can_lose_its_data_while_the_users_stay(tenant: RunningTenant) -> None:
    tenant.fault(kind="job_erased", match={"path": "/api/v2/jobs/users-imports"})
    job_id = begin(tenant, people(2))

    deadline = time.monotonic() + 5
    while tenant.api("GET", f"/jobs/{job_id}").status_code != 404:
        assert time.monotonic() < deadline

    assert len(tenant.users()) == 2


def test_a_job_can_be_stuck(tenant: RunningTenant) -> None:
    tenant.fault(kind="job_stuck", after_users=0)

    running = job(tenant, begin(tenant, people(2)), "processing")

    assert running["percentage_done"] == 0
    assert tenant.users() == []


def test_a_fault_after_the_write_leaves_a_job_nobody_knows_of(tenant: RunningTenant) -> None:
    tenant.fault(
        match={"path": "/api/v2/jobs/users-imports"}, kind="status", status=503, when="after"
    )

    assert send(tenant, people(1)).status_code == 503

    [left] = tenant.state()["jobs"]
    assert job(tenant, left["id"])["summary"]["inserted"] == 1


def test_without_the_scope_nothing_is_imported(tenant: RunningTenant) -> None:
    tenant.control(scopes={"other-m2m": ["read:users"]})

    answer = tenant.client.post(
        f"{tenant.base_url}/api/v2/jobs/users-imports",
        headers={"Authorization": f"Bearer {tenant.token()}"},
        files={"users": ("u.json", "[]")},
    )

    assert (answer.status_code, answer.json()["errorCode"]) == (403, "insufficient_scope")


def test_a_plan_without_jobs_says_so(tenant: RunningTenant) -> None:
    tenant.control(bulk_jobs=False)

    answer = send(tenant, people(1))

    assert (answer.status_code, answer.json()["errorCode"]) == (403, "insufficient_entitlement")


@pytest.mark.process
@pytest.mark.once
def test_a_killed_tenant_goes_on_with_the_job(tmp_path: Path) -> None:
    with RunningTenant(state=tmp_path / "tenant.sqlite3") as tenant:
        tenant.control(import_users_per_second=20, rate={"burst": 100_000, "per_second": 100_000})
        job_id = begin(tenant, people(30))
        job(tenant, job_id, "processing")

        tenant.kill()
        tenant.start()

        done = job(tenant, job_id)
        assert done["summary"] == {"failed": 0, "updated": 0, "inserted": 30, "total": 30}
        assert len(tenant.users()) == 30


@pytest.fixture
def sdk(tenant: RunningTenant) -> Iterator[Auth0]:
    """The SDK as the console makes it, with every scope."""
    with httpx.Client(timeout=5, trust_env=False) as http:
        yield Auth0(
            base_url=f"{tenant.base_url}/api/v2",
            token=tenant.token(),
            timeout=5,
            max_retries=0,
            httpx_client=http,
        )


def test_the_sdk_imports_and_reads_what_became_of_it(tenant: RunningTenant, sdk: Auth0) -> None:
    [connection] = list(sdk.connections.list(name=CONNECTION))
    data = json.dumps([*people(1), {"email": "no"}]).encode()

    made = sdk.jobs.users_imports.create(
        users=("u.json", data, "application/json"),
        connection_id=str(connection.id),
        upsert=False,
        external_id="batch 1",
        send_completion_email=False,
    )
    job(tenant, made.id)

    read = sdk.jobs.get(made.id)
    assert read.summary is not None
    assert (read.summary.inserted, read.summary.failed) == (1, 1)
    found: Any = sdk.jobs.errors.get(made.id)
    assert found[0].errors[0].code == "INVALID_FORMAT"
    assert tenant.state()["jobs"][0]["send_completion_email"] is False


def test_the_sdk_reads_no_errors_as_none(tenant: RunningTenant, sdk: Auth0) -> None:
    job_id = begin(tenant, people(1))
    job(tenant, job_id)

    assert sdk.jobs.errors.get(job_id) is None


def test_the_sdk_raises_what_a_full_tenant_answers(tenant: RunningTenant, sdk: Auth0) -> None:
    tenant.fault(kind="job_stuck")
    first = begin(tenant, people(1))
    begin(tenant, people(1))
    connection_id = tenant.api("GET", f"/jobs/{first}").json()["connection_id"]

    with pytest.raises(ApiError) as error:
        sdk.jobs.users_imports.create(users=b"[]", connection_id=connection_id)

    assert error.value.status_code == 429
