"""What /authorize refuses, when it asks again, and whose forms it takes."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.devtenant.builders import PASSWORD, make_api, make_user, new_user, role_id
from tests.devtenant.logging_in import CALLBACK, CLIENT, Person, sent_back
from tests.devtenant.running import RunningTenant

API = "https://api.example.com/"


@pytest.fixture
def person(tenant: RunningTenant) -> Iterator[Person]:
    with closing(Person(tenant)) as somebody:
        yield somebody


@pytest.fixture
def ada(tenant: RunningTenant) -> str:
    return make_user(tenant, name="Ada Quill", email_verified=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": 'http://127.0.0.1:8000/"'},
        {"redirect_uri": "http://127.0.0.1:8000/ü"},
        {"response_type": 'co"de'},
        {"client_id": 'no"body'},
        {"client_id": None},
        {"client_id": "console-m2m"},
    ],
)
def test_a_request_that_nobody_can_be_sent_back_from_gets_a_page(
    person: Person, wrong: dict[str, str | None]
) -> None:
    answer = person.arrive(**wrong)

    assert answer.status_code == 403
    assert "This log-in can&#39;t go on" in answer.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"audience": "https://nobody.example.com/"}, "access_denied"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none", "scope": None}, "login_required"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_a_request_that_makes_no_sense_goes_back_with_an_error_and_its_state(
    person: Person, wrong: dict[str, str | None], error: str
) -> None:
    answer = sent_back(person.arrive(**wrong))

    assert (answer["error"], answer["state"]) == (error, "some-state")


def test_an_application_without_the_code_grant_is_refused(person: Person) -> None:
    person.tenant.api("PATCH", f"/clients/{CLIENT}", {"grant_types": ["client_credentials"]})

    assert sent_back(person.arrive())["error"] == "unauthorized_client"


def test_an_application_without_the_connection_lets_nobody_in(person: Person, ada: str) -> None:
    key = person.tenant.state()["connections"][0]["id"]
    off = [{"client_id": CLIENT, "status": False}]
    person.tenant.api("PATCH", f"/connections/{key}/clients", off)

    answer = sent_back(person.submit())

    assert answer["error_description"] == "no connections enabled for the client"


def test_somebody_who_logged_in_too_long_ago_is_asked_again(person: Person, ada: str) -> None:
    person.submit()
    assert "code" in sent_back(person.arrive(max_age="60"))
    time.sleep(2.1)

    assert person.arrive(max_age="1").status_code == 200
    assert sent_back(person.arrive(max_age="1", prompt="none"))["error"] == "login_required"


def test_a_session_answers_an_application_that_may_not_ask(person: Person, ada: str) -> None:
    person.submit()

    assert "code" in sent_back(person.arrive(prompt="none"))


def test_a_blocked_person_has_no_session_afterwards(person: Person, ada: str) -> None:
    person.submit()
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": True})
    person.arrive()
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": False})

    assert person.arrive().status_code == 200, "asked for the password"


def test_a_blocked_person_does_not_count_as_logged_in(person: Person, ada: str) -> None:
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": True})

    person.submit()

    user = person.tenant.user_by_email("ada@example.com")
    assert user is not None
    assert "logins_count" not in user


def test_a_person_who_was_blocked_in_between_gets_no_tokens(person: Person, ada: str) -> None:
    code = sent_back(person.submit())["code"]
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": True})

    assert person.redeem(code).status_code == 403


def test_a_new_account_of_the_same_name_inherits_no_session(person: Person) -> None:
    user_id = make_user(person.tenant, user_id="emp-1")
    token = person.tokens()["access_token"]
    person.tenant.api("DELETE", f"/users/{user_id}")
    person.tenant.api("POST", "/users", new_user("ben@example.com", user_id="emp-1"))

    assert person.arrive().status_code == 200, "asked for the password"
    bearer = {"Authorization": f"Bearer {token}"}
    assert person.browser.get("/userinfo", headers=bearer).status_code == 401


def test_a_password_from_the_management_api_ends_sessions_and_lifts_blocks(
    person: Person, ada: str
) -> None:
    person.submit()
    for _ in range(10):
        person.submit(password="Wrong-pass1")

    person.tenant.api("PATCH", f"/users/{ada}", {"password": "Another-1-horse"})

    assert person.arrive().status_code == 200, "asked for the password"
    assert "code" in sent_back(person.submit(password="Another-1-horse"))


def test_a_right_password_forgives_the_wrong_ones_before(person: Person, ada: str) -> None:
    for _ in range(2):
        for _ in range(9):
            person.submit(password="Wrong-pass1")

        assert "code" in sent_back(person.submit())


def test_a_connection_without_protection_blocks_nobody(person: Person, ada: str) -> None:
    connection = person.tenant.state()["connections"][0]
    options = {**connection["options"], "brute_force_protection": False}
    person.tenant.api("PATCH", f"/connections/{connection['id']}", {"options": options})
    for _ in range(11):
        person.submit(password="Wrong-pass1")

    assert "code" in sent_back(person.submit())


@pytest.mark.parametrize("path", ["/users/{}/sessions", "/users/{}/revoke-access"])
def test_an_enterprise_tenant_ends_sessions_on_request(person: Person, ada: str, path: str) -> None:
    person.tenant.control(plan="enterprise")
    person.submit()
    method = "POST" if path.endswith("access") else "DELETE"

    assert person.tenant.api(method, path.format(ada)).status_code == 202

    assert person.arrive().status_code == 200, "asked for the password"


@pytest.mark.parametrize("path", ["/authorize", "/u/forgot-password", "/oidc/logout"])
def test_a_form_of_another_page_is_refused(person: Person, ada: str, path: str) -> None:
    form = {"username": "ada@example.com", "password": PASSWORD, "email": "ada@example.com"}
    evil = {"Origin": "https://evil.example"}

    answer = person.browser.post(path, params=person.request(), data=form, headers=evil)

    assert answer.status_code == 403
    assert person.arrive().status_code == 200, "not signed in"


def test_a_browser_may_say_whose_page_a_form_is_on(person: Person) -> None:
    assert person.arrive().headers["Referrer-Policy"] == "same-origin"


def test_the_code_is_redeemed_with_json_as_well(person: Person, ada: str) -> None:
    body = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": "not-a-secret",
        "code": sent_back(person.submit())["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": person.verifier,
    }

    answer = person.browser.post("/oauth/token", json=body)

    assert answer.status_code == 200
    assert "id_token" in answer.json()


def test_an_application_set_to_basic_sends_its_secret_that_way_only(
    person: Person, ada: str
) -> None:
    way = {"token_endpoint_auth_method": "client_secret_basic"}
    person.tenant.api("PATCH", f"/clients/{CLIENT}", way)
    form = {
        "grant_type": "authorization_code",
        "code": sent_back(person.submit())["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": person.verifier,
    }

    assert person.redeem(form["code"]).status_code == 401
    answer = person.browser.post("/oauth/token", data=form, auth=(CLIENT, "not-a-secret"))
    assert answer.status_code == 200


def test_scopes_of_an_api_are_granted_as_far_as_the_person_may(person: Person, ada: str) -> None:
    key = make_api(person.tenant, API, "read:reports", "delete:reports")
    person.tenant.api("PATCH", f"/resource-servers/{key}", {"enforce_policies": True})
    manager = role_id(person.tenant, "manager")
    granted = {"resource_server_identifier": API, "permission_name": "read:reports"}
    person.tenant.api("POST", f"/roles/{manager}/permissions", {"permissions": [granted]})
    person.tenant.api("POST", f"/users/{ada}/roles", {"roles": [manager]})

    body = person.tokens(audience=API, scope="openid read:reports delete:reports made:up")

    assert body["scope"] == "openid read:reports"


def test_the_session_of_the_cookie_cannot_be_guessed_from_the_id_token(
    person: Person, ada: str
) -> None:
    import jwt

    claims = jwt.decode(person.tokens()["id_token"], options={"verify_signature": False})

    assert claims["sid"] not in str(person.browser.cookies["devtenant_session"])


def test_the_log_in_page_leads_to_the_forgotten_password_and_back(person: Person, ada: str) -> None:
    page = person.submit(password="Wrong-pass1").text
    href = page.partition('<a href="')[2].partition('"')[0].replace("&amp;", "&")
    forgotten = person.browser.get(href)
    sent = person.browser.post(href, data={"email": "ada@example.com"})

    assert 'value="ada@example.com"' in forgotten.text
    back = sent.text.rpartition('<a href="')[2].partition('"')[0].replace("&amp;", "&")
    assert person.browser.get(back).status_code == 200
    link = person.tenant.outbox()[0]["links"][0].removesuffix("#")
    form = {"password": "Another-1-horse", "again": "Another-1-horse"}
    assert 'href="http://127.0.0.1:8000/"' in person.browser.post(link, data=form).text


def test_an_unknown_email_is_not_told_apart_when_the_password_is_forgotten(
    person: Person, ada: str
) -> None:
    texts = [
        person.browser.post("/u/forgot-password", data={"email": email}).text.replace(email, "")
        for email in ("ada@example.com", "nobody@example.com")
    ]

    assert texts[0] == texts[1]


@pytest.mark.parametrize("path", ["/userinfo", "/.well-known/jwks.json", "/v2/logout"])
def test_a_fault_stops_the_other_calls_of_a_log_in_too(person: Person, path: str) -> None:
    person.tenant.fault(kind="status", status=503, match={"path": path})

    assert person.browser.get(path).status_code == 503


def test_an_id_token_of_another_application_ends_no_session_by_name(
    person: Person, ada: str
) -> None:
    parameters = {"id_token_hint": person.tokens()["id_token"], "client_id": "other-m2m"}

    answer = person.browser.get("/oidc/logout", params=parameters)

    assert answer.status_code == 403
    assert "code" in sent_back(person.arrive()), "still signed in"
