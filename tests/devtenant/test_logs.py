"""The tenant's log: what writes into it, and how it is read."""

import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.devtenant.builders import CONNECTION, PASSWORD, make_user, new_user
from tests.devtenant.logging_in import Person, sent_back
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once


def logged(tenant: RunningTenant, begin: str = "") -> list[dict[str, Any]]:
    """All records after ``begin``, in their order."""
    found: list[dict[str, Any]] = []
    while True:
        response = tenant.api("GET", f"/logs?take=100&from={begin}")
        assert response.status_code == 200, response.text
        rows = response.json()
        if not rows:
            return found
        found += rows
        begin = rows[-1]["log_id"]


def types(tenant: RunningTenant) -> list[str]:
    """The codes of all records but those of tokens, in their order."""
    return [row["type"] for row in logged(tenant) if row["type"] != "seccft"]


def one(tenant: RunningTenant, kind: str) -> dict[str, Any]:
    """The only record of a type."""
    (found,) = (row for row in logged(tenant) if row["type"] == kind)
    return found


def emit(tenant: RunningTenant, **wanted: Any) -> dict[str, Any]:
    made: dict[str, Any] = tenant.ask("POST", "/_logs", wanted).json()
    return made


def test_a_user_made_through_the_api_is_a_sign_up_and_an_operation(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, verify_email=False)

    signup, operation = (row for row in logged(tenant) if row["type"] != "seccft")
    assert (signup["type"], signup["user_id"]) == ("ss", user_id)
    assert (signup["user_name"], signup["connection"]) == ("ada@example.com", CONNECTION)
    assert operation["type"] == "sapi"
    assert operation["client_id"] == "other-m2m"
    request = operation["details"]["request"]
    assert (request["method"], request["path"]) == ("post", "/api/v2/users")
    assert request["body"] == new_user(password="*****", verify_email=False)
    assert PASSWORD not in str(logged(tenant))


def test_writes_are_operations_and_reads_and_refusals_are_none(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, email_verified=True)
    tenant.ask("DELETE", "/_logs")

    tenant.api("GET", f"/users/{user_id}")
    tenant.api("PATCH", f"/users/{user_id}", {"name": "Ada"})
    tenant.api("PATCH", f"/users/{user_id}", {"name": ""})
    tenant.api("POST", "/tickets/password-change", {"user_id": user_id})

    assert types(tenant) == ["sapi", "sapi"]
    assert "ticket=" not in str(logged(tenant))


def test_what_happens_to_an_account_is_logged_before_the_operation(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, email_verified=True)
    tenant.ask("DELETE", "/_logs")

    tenant.api("PATCH", f"/users/{user_id}", {"email": "countess@example.com"})
    tenant.api("PATCH", f"/users/{user_id}", {"password": "An0ther-horse"})
    tenant.api("DELETE", f"/users/{user_id}")
    tenant.api("DELETE", f"/users/{user_id}")

    assert types(tenant) == ["sce", "svr", "sapi", "scp", "sapi", "sdu", "sapi", "sapi"]


def test_a_verified_email_is_logged_with_its_ticket(tenant: RunningTenant) -> None:
    user_id = make_user(tenant)
    link = tenant.outbox()[0]["links"][0]

    tenant.client.get(link)
    tenant.client.get(link)

    found = one(tenant, "sv")
    assert found["user_id"] == user_id
    assert found["details"]["query"]["ticket"] in link
    assert one(tenant, "fv")["description"] == "This link was used before."


def test_a_forgotten_password_is_logged_until_it_is_changed(tenant: RunningTenant) -> None:
    make_user(tenant, email_verified=True)
    tenant.ask("DELETE", "/_logs")
    for email in ("ada@example.com", "nobody@example.com"):
        body = {"email": email, "connection": CONNECTION}
        tenant.client.post(f"{tenant.base_url}/dbconnections/change_password", json=body)
    link = tenant.outbox()[0]["links"][0]

    for password in ("weak", "An0ther-horse"):
        tenant.client.post(link, data={"password": password, "again": password})

    assert types(tenant) == ["scpr", "fcpr", "fcp", "scp"]


def test_a_mail_that_cannot_be_sent_is_logged(tenant: RunningTenant) -> None:
    tenant.fault(kind="mail_fails", match={"path": "ada@.*"})

    make_user(tenant)
    make_user(tenant, "grace@example.com")

    assert one(tenant, "fn")["user_name"] == "ada@example.com"
    assert [mail["to"] for mail in tenant.outbox()] == [["grace@example.com"]]


def test_an_import_is_one_record_however_many_it_holds(tenant: RunningTenant) -> None:
    tenant.control(import_users_per_second=10_000)
    connection = tenant.api("GET", "/connections").json()[0]["id"]
    tenant.ask("DELETE", "/_logs")
    form = {"connection_id": connection, "send_completion_email": "false"}
    people = '[{"email": "ada@example.com"}, {"email": "grace@example.com"}]'
    job = tenant.client.post(
        f"{tenant.base_url}/api/v2/jobs/users-imports",
        data=form,
        files={"users": ("users.json", people, "application/json")},
        headers={"Authorization": f"Bearer {tenant.token()}"},
    ).json()["id"]
    deadline = time.monotonic() + 30
    while tenant.api("GET", f"/jobs/{job}").json()["status"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert types(tenant) == ["sapi", "sui"]
    assert one(tenant, "sui")["details"]["summary"]["inserted"] == 2


def test_a_full_bucket_is_warned_of_and_an_empty_one_said_once(limited: RunningTenant) -> None:
    limited.control(rate={"burst": 5, "per_second": 0.001})
    for _ in range(8):
        limited.api("GET", "/roles")
    limited.unlimited()

    found = [row for row in logged(limited) if row["type"].startswith("api_limit")]

    assert [row["type"] for row in found] == ["api_limit_warning", "api_limit"]


def test_log_ins_and_the_log_out_are_logged(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, email_verified=True)
    tenant.ask("DELETE", "/_logs")
    person = Person(tenant)

    person.submit("nobody@example.com")
    person.submit(password="wr0ng-Horse")
    person.submit()
    person.browser.get("/v2/logout", params={"client_id": "console-login"})
    tenant.api("PATCH", f"/users/{user_id}", {"blocked": True})
    person.submit()
    person.close()

    assert types(tenant) == ["fu", "fp", "s", "slo", "sapi", "f"]
    assert one(tenant, "f")["description"] == "user is blocked"
    assert one(tenant, "s")["client_id"] == "console-login"


def test_a_sign_up_that_the_connection_refuses_is_logged(tenant: RunningTenant) -> None:
    make_user(tenant, email_verified=True)
    tenant.ask("DELETE", "/_logs")

    tenant.api("POST", "/users", new_user("grace@example.com", password="weak"))
    tenant.api("POST", "/users", new_user())
    tenant.api("POST", "/users", new_user("grace@example.com", nonsense=1))

    weak, exists = (row for row in logged(tenant) if row["type"] == "fs")
    assert (weak["description"], weak["user_name"]) == ("Password is too weak", "grace@example.com")
    assert (exists["description"], exists["user_id"]) == ("The user already exists.", "")
    assert (weak["connection"], weak["client_id"]) == (CONNECTION, "other-m2m")
    assert weak["details"]["body"]["password"] == "*****"
    assert types(tenant) == ["fs", "fs"]


def test_an_email_that_is_somebody_elses_is_logged(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, email_verified=True)
    make_user(tenant, "grace@example.com", email_verified=True)
    tenant.ask("DELETE", "/_logs")

    refused = tenant.api("PATCH", f"/users/{user_id}", {"email": "grace@example.com"})

    assert refused.status_code == 400
    assert types(tenant) == ["fce"]
    found = one(tenant, "fce")
    assert (found["user_id"], found["description"]) == (user_id, refused.json()["message"])
    body = found["details"]["body"]
    assert (body["email"], body["newEmail"]) == ("ada@example.com", "grace@example.com")


def test_a_code_that_is_redeemed_is_logged_and_one_that_is_not(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, email_verified=True)
    person = Person(tenant)
    code = sent_back(person.submit())["code"]
    tenant.ask("DELETE", "/_logs")

    person.redeem(code, client_secret="wrong")
    person.redeem(code)
    person.redeem(code)
    person.close()

    assert types(tenant) == ["feacft", "seacft", "feacft"]
    stranger, redeemed, again = logged(tenant)
    assert (redeemed["user_id"], redeemed["user_name"]) == (user_id, "ada@example.com")
    assert redeemed["details"]["code"] == "*" * 42 + code[-3:]
    assert (again["description"], again["user_id"]) == ("Invalid authorization code", "")
    assert (stranger["description"], stranger["client_id"]) == ("Unauthorized", "console-login")
    assert stranger["user_id"] == ""
    assert code not in str(logged(tenant))


def test_a_token_that_is_refused_is_logged(tenant: RunningTenant) -> None:
    tenant.ask("DELETE", "/_logs")
    asked = {
        "grant_type": "client_credentials",
        "client_id": "console-m2m",
        "client_secret": "wrong",
        "audience": f"https://{tenant.domain}/api/v2/",
    }
    url = f"{tenant.base_url}/oauth/token"

    tenant.client.post(url, json=asked)
    tenant.client.post(url, json={**asked, "grant_type": "password"})

    assert [row["type"] for row in logged(tenant) if row["type"] != "seccft"] == ["feccft"]
    found = one(tenant, "feccft")
    assert (found["description"], found["client_id"]) == ("Unauthorized", "console-m2m")
    assert (found["audience"], found["user_id"]) == (asked["audience"], "")
    assert "wrong" not in str(found)


def test_a_token_is_logged(tenant: RunningTenant) -> None:
    tenant.token("console-m2m")

    assert [row["client_id"] for row in logged(tenant) if row["type"] == "seccft"][-1:] == [
        "console-m2m"
    ]


# Reading


def test_a_checkpoint_leads_through_everything_and_ends_empty(tenant: RunningTenant) -> None:
    tenant.token()
    tenant.ask("DELETE", "/_logs")
    made = emit(tenant, types=["s", "f"], count=250, users=["auth0|gone"])
    url, sizes, ids = f"{tenant.base_url}/api/v2/logs?take=100", [], []
    headers = {"Authorization": f"Bearer {tenant.tokens['other-m2m']}"}
    while url:
        response = tenant.client.get(url, headers=headers)
        sizes.append(len(response.json()))
        ids += [row["log_id"] for row in response.json()]
        url = response.links.get("next", {}).get("url", "")

    assert sizes == [100, 100, 50, 0]
    assert ids == sorted(ids)
    assert (ids[0], ids[-1]) == (made["first"], made["last"])


def test_a_checkpoint_ignores_all_else_that_is_asked_for(tenant: RunningTenant) -> None:
    emit(tenant, types=["s", "f"], count=4)
    query = "take=2&q=type:f&sort=date:-1&fields=log_id&per_page=1&include_totals=true"

    rows = tenant.api("GET", f"/logs?{query}&from=0").json()

    assert len(rows) == 2
    assert "details" in rows[0]


@pytest.mark.parametrize("query", ["take=101", "take=x", "from=here", "per_page=101", "sort=a:1"])
def test_what_makes_no_sense_is_refused(tenant: RunningTenant, query: str) -> None:
    response = tenant.api("GET", f"/logs?{query}")

    assert (response.status_code, response.json()["errorCode"]) == (400, "invalid_query_string")


def test_pages_can_be_searched_and_come_newest_first(tenant: RunningTenant) -> None:
    emit(tenant, types=["s", "f"], count=6)

    found = tenant.api("GET", "/logs?q=type:f&per_page=2&include_totals=true").json()
    oldest = tenant.api("GET", "/logs?q=type:f&sort=date:1").json()

    assert (found["total"], found["length"]) == (3, 2)
    assert [row["log_id"] for row in reversed(oldest)][:2] == [
        row["log_id"] for row in found["logs"]
    ]


def test_pages_end_after_a_thousand(tenant: RunningTenant) -> None:
    emit(tenant, count=1_050)

    last = tenant.api("GET", "/logs?per_page=100&page=9")
    beyond = tenant.api("GET", "/logs?per_page=100&page=10")

    assert len(last.json()) == 100
    assert (beyond.status_code, beyond.json()["errorCode"]) == (400, "invalid_paging")


def test_the_records_of_one_user_are_read_apart(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, email_verified=True)
    emit(tenant, types=["s", "scp"], users=[user_id, "auth0|other"])

    rows = tenant.api("GET", f"/users/{user_id}/logs").json()

    assert [row["type"] for row in rows] == ["scp", "s", "ss"]


def test_one_record_is_read_by_its_id(tenant: RunningTenant) -> None:
    made = emit(tenant, types=["s"], count=1)

    assert tenant.api("GET", f"/logs/{made['last']}").json()["type"] == "s"
    assert tenant.api("GET", "/logs/900").status_code == 404


def test_another_scope_than_that_of_logs_reads_none(tenant: RunningTenant) -> None:
    tenant.control(scopes={"console-setup": ["read:logs_users"]})

    refused = tenant.api("GET", "/logs?take=1", client_id="console-setup")
    of_user = tenant.api("GET", "/users/auth0%7Cx/logs", client_id="console-setup")

    del tenant.tokens["console-setup"]  # tokens outlive a reset: the next test wants its own
    assert (refused.status_code, of_user.status_code) == (403, 200)


def test_what_is_older_than_the_plan_keeps_is_gone(tenant: RunningTenant) -> None:
    old = emit(tenant, types=["s"], count=3)["last"]
    tenant.control(log_retention_s=0)
    assert tenant.api("GET", f"/logs?take=100&from={old}").json() == []
    tenant.control(log_retention_s=None)

    new = emit(tenant, types=["f"], count=1)["last"]

    assert [row["log_id"] for row in logged(tenant, "1")] == [new]
    assert tenant.api("GET", f"/logs/{old}").status_code == 404


def test_ten_thousand_records_are_made_at_once(tenant: RunningTenant) -> None:
    made = emit(tenant, types=["s", "fp", "sv"], users=["auth0|a", "auth0|b"], count=10_000)

    assert made["logs"] == 10_000
    assert tenant.count()["logs"] >= 10_000


@pytest.mark.parametrize(
    "wanted",
    [
        {"what": 1},
        {"types": []},
        {"types": "s"},
        {"count": 0},
        {"users": 1},
        {"fields": {"type": 1}},
    ],
)
def test_records_that_make_no_sense_are_refused(
    tenant: RunningTenant, wanted: dict[str, Any]
) -> None:
    response = tenant.client.post(f"{tenant.base_url}/_logs", json=wanted)

    assert response.status_code == 400


def test_the_page_shows_the_log(tenant: RunningTenant) -> None:
    make_user(tenant, "log-reader@example.com")

    page = tenant.client.get(f"{tenant.base_url}/log")

    assert page.status_code == httpx.codes.OK
    assert re.search(r"<code>ss</code>.*log-reader@example\.com", page.text)


def test_a_restart_keeps_the_log_and_its_order(tmp_path: Path) -> None:
    with RunningTenant(state=tmp_path / "tenant.sqlite3") as tenant:
        before = emit(tenant, types=["s"], count=1, users=["auth0|a"])["last"]
        tenant.kill()
        tenant.start()

        after = emit(tenant, types=["f"], count=1, users=["auth0|a"])["last"]

        assert after > before
        assert [row["log_id"] for row in logged(tenant)][0] == before
