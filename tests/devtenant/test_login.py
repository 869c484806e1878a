"""OpenID Connect: what the facts (section 4) say of the log-in, over real HTTP."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import jwt
import pytest

from tests.devtenant.builders import PASSWORD, make_api, make_user, role_id
from tests.devtenant.logging_in import CALLBACK, CLIENT, CONSOLE, Person, sent_back
from tests.devtenant.running import RunningTenant

ROLES = "https://identity-console.example.com/roles"


@pytest.fixture
def person(tenant: RunningTenant) -> Iterator[Person]:
    with closing(Person(tenant)) as somebody:
        yield somebody


@pytest.fixture
def ada(tenant: RunningTenant) -> str:
    return make_user(tenant, name="Ada Quill", email_verified=True)


def discovered(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = person.browser.get("/.well-known/openid-configuration").json()
    return found


def checked(person: Person, id_token: str) -> dict[str, Any]:
    """The claims, checked by a library that knows nothing of the tenant but its discovery."""
    about = discovered(person)
    key = jwt.PyJWKClient(about["jwks_uri"]).get_signing_key_from_jwt(id_token)
    algorithms = about["id_token_signing_alg_values_supported"]
    return dict(
        jwt.decode(id_token, key, algorithms=algorithms, audience=CLIENT, issuer=about["issuer"])
    )


def test_the_issuer_has_a_trailing_slash_and_every_address_is_its_own(person: Person) -> None:
    about = discovered(person)

    root = f"{person.tenant.base_url}/"
    assert about["issuer"] == root
    assert all(value.startswith(root) for key, value in about.items() if key.endswith("endpoint"))


def test_a_log_in_gives_an_id_token_that_holds_what_was_asked(person: Person, ada: str) -> None:
    claims = checked(person, person.tokens()["id_token"])

    assert (claims["sub"], claims["nonce"]) == (ada, person.nonce)
    assert (claims["email"], claims["email_verified"]) == ("ada@example.com", True)
    assert claims["name"] == "Ada Quill"
    assert 35_000 < claims["exp"] - time.time() <= 36_000


def test_state_comes_back_as_it_was_sent(person: Person, ada: str) -> None:
    assert sent_back(person.submit(state="a b&c"))["state"] == "a b&c"


def test_the_action_tells_role_names(person: Person, ada: str) -> None:
    wanted = {"roles": [role_id(person.tenant, "manager"), role_id(person.tenant, "team_lead")]}
    person.tenant.api("POST", f"/users/{ada}/roles", wanted)

    claims = checked(person, person.tokens()["id_token"])

    assert claims[ROLES] == ["manager", "team_lead"]


def test_a_tenant_without_the_action_tells_no_roles(person: Person, ada: str) -> None:
    person.tenant.control(roles_claim="")

    assert ROLES not in checked(person, person.tokens()["id_token"])


def test_without_the_email_scope_no_email_is_told(person: Person, ada: str) -> None:
    claims = checked(person, person.tokens(scope="openid profile")["id_token"])

    assert "email" not in claims
    assert claims["name"] == "Ada Quill"


def test_a_code_works_once(person: Person, ada: str) -> None:
    code = sent_back(person.submit())["code"]
    assert person.redeem(code).status_code == 200

    again = person.redeem(code)

    assert again.status_code == 403
    assert again.json() == {
        "error": "invalid_grant",
        "error_description": "Invalid authorization code",
    }


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"code_verifier": "x" * 50}, 403, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_request"),
        ({"redirect_uri": f"{CONSOLE}/"}, 403, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "access_denied"),
        ({"code": "made-up"}, 403, "invalid_grant"),
    ],
)
def test_a_code_is_bound_to_verifier_call_back_and_client(
    person: Person, ada: str, wrong: dict[str, str | None], status: int, error: str
) -> None:
    code = sent_back(person.submit())["code"]

    answer = person.redeem(**{"code": code, **wrong})  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_plain_pkce_is_refused(person: Person, ada: str) -> None:
    answer = sent_back(person.arrive(code_challenge_method="plain"))

    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize(
    "wrong", [{"redirect_uri": "https://evil.example.com/"}, {"client_id": "nobody"}]
)
def test_a_call_back_that_is_not_listed_gets_a_page_and_no_redirect(
    person: Person, wrong: dict[str, str]
) -> None:
    answer = person.arrive(**wrong)

    assert answer.status_code == 403
    assert "Location" not in answer.headers


def test_another_response_type_is_refused(person: Person) -> None:
    assert sent_back(person.arrive(response_type="token"))["error"] == "unsupported_response_type"


def test_the_page_asks_for_email_and_password(person: Person) -> None:
    page = person.arrive(login_hint="ada@example.com")

    assert page.status_code == 200
    assert "not Auth0" in page.text
    assert 'value="ada@example.com"' in page.text
    assert re.search(r'<label for="password">', page.text)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_email_sound_the_same(
    person: Person, ada: str, email: str
) -> None:
    answer = person.submit(email, "Wrong-pass1")

    assert answer.status_code == 400
    assert "Wrong email or password." in answer.text


def test_an_imported_person_gets_in_only_with_a_password_of_a_ticket(person: Person) -> None:
    person.tenant.seed(1)  # as imported: without a password

    assert "Wrong email or password." in person.submit("person1@example.com").text
    asked = {"user_id": "auth0|crowd-1"}
    link = person.tenant.api("POST", "/tickets/password-change", asked).json()["ticket"]
    form = {"password": PASSWORD, "again": PASSWORD}
    assert person.browser.post(link.rstrip("#"), data=form).is_success
    assert sent_back(person.submit("person1@example.com"))["code"]


def test_ten_wrong_passwords_block_the_account_for_this_address(person: Person, ada: str) -> None:
    for _ in range(10):
        person.submit(password="Wrong-pass1")

    answer = person.submit()

    assert "blocked after multiple consecutive login attempts" in answer.text
    blocks = person.tenant.api("GET", f"/user-blocks/{ada}").json()["blocked_for"]
    assert [block["identifier"] for block in blocks] == ["ada@example.com"]

    person.tenant.api("DELETE", f"/user-blocks/{ada}")
    assert "code" in sent_back(person.submit())


def test_a_blocked_person_with_the_right_password_is_sent_back_with_auth0s_words(
    person: Person, ada: str
) -> None:
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": True})

    answer = sent_back(person.submit())

    assert answer == {
        "error": "unauthorized",
        "error_description": "user is blocked",
        "state": "some-state",
    }


def test_blocking_ends_the_session_at_the_next_visit(person: Person, ada: str) -> None:
    person.submit()
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": True})

    assert sent_back(person.arrive())["error"] == "unauthorized"


def test_cancel_goes_back_with_access_denied(person: Person) -> None:
    assert sent_back(person.cancel())["error"] == "access_denied"


def test_somebody_with_a_session_is_not_asked_again(person: Person, ada: str) -> None:
    person.submit()

    assert "code" in sent_back(person.arrive())


def test_prompt_login_asks_again(person: Person, ada: str) -> None:
    person.submit()

    assert person.arrive(prompt="login").status_code == 200


def test_prompt_none_without_a_session_asks_nobody(person: Person) -> None:
    assert sent_back(person.arrive(prompt="none"))["error"] == "login_required"


def test_a_log_in_shows_on_the_profile(person: Person, ada: str) -> None:
    person.submit()
    person.arrive()  # by the session: not a log-in with a password

    user = person.tenant.user_by_email("ada@example.com")

    assert user is not None
    assert (user["logins_count"], user["last_ip"]) == (1, "127.0.0.1")


def test_userinfo_knows_the_person_by_the_access_token(person: Person, ada: str) -> None:
    token = person.tokens()["access_token"]

    answer = person.browser.get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200
    assert (answer.json()["sub"], answer.json()["email"]) == (ada, "ada@example.com")


def test_userinfo_refuses_a_made_up_token_and_a_blocked_person(person: Person, ada: str) -> None:
    token = person.tokens()["access_token"]
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": True})

    for each in (token, "made-up"):
        answer = person.browser.get("/userinfo", headers={"Authorization": f"Bearer {each}"})
        assert answer.status_code == 401


def test_without_an_audience_the_access_token_is_opaque(person: Person, ada: str) -> None:
    assert person.tokens()["access_token"].count(".") == 0


def test_for_an_api_the_access_token_is_a_jwt_with_permissions(person: Person, ada: str) -> None:
    audience = "https://api.example.com/"
    api = make_api(person.tenant, audience, "read:reports", "read:dashboard")
    settings = {"enforce_policies": True, "token_dialect": "access_token_authz"}
    person.tenant.api("PATCH", f"/resource-servers/{api}", settings)
    granted = {"resource_server_identifier": audience, "permission_name": "read:reports"}
    manager = role_id(person.tenant, "manager")
    person.tenant.api("POST", f"/roles/{manager}/permissions", {"permissions": [granted]})
    person.tenant.api("POST", f"/users/{ada}/roles", {"roles": [manager]})

    token = person.tokens(audience=audience)["access_token"]

    about = discovered(person)
    key = jwt.PyJWKClient(about["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=audience)
    assert claims["aud"] == [audience, f"{about['issuer']}userinfo"]
    assert claims["permissions"] == ["read:reports"]


@pytest.mark.parametrize("path", ["/v2/logout", "/oidc/logout"])
def test_a_log_out_ends_the_session_and_goes_back_to_a_listed_address(
    person: Person, ada: str, path: str
) -> None:
    id_token = person.tokens()["id_token"]
    parameters = {
        "/v2/logout": {"client_id": CLIENT, "returnTo": f"{CONSOLE}/login/"},
        "/oidc/logout": {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": f"{CONSOLE}/login/",
        },
    }[path]

    answer = person.browser.get(path, params=parameters)

    assert answer.headers["Location"] == f"{CONSOLE}/login/"
    assert person.arrive().status_code == 200, "the person is asked for the password again"


def test_a_log_out_never_goes_to_an_address_that_is_not_listed(person: Person) -> None:
    parameters = {"client_id": CLIENT, "returnTo": "https://evil.example.com/"}

    answer = person.browser.get("/v2/logout", params=parameters)

    assert answer.status_code == 403
    assert "Location" not in answer.headers


def test_a_log_out_without_a_hint_asks_first(person: Person, ada: str) -> None:
    person.submit()
    parameters = {"client_id": CLIENT, "post_logout_redirect_uri": f"{CONSOLE}/login/"}

    page = person.browser.get("/oidc/logout", params=parameters)
    assert page.status_code == 200
    assert "code" in sent_back(person.arrive()), "still signed in"

    answer = person.browser.post("/oidc/logout", params=parameters)
    assert answer.headers["Location"] == f"{CONSOLE}/login/"


def test_a_client_of_another_console_is_allowed_by_its_settings(person: Person, ada: str) -> None:
    person.tenant.allow_console("http://127.0.0.1:9123")

    answer = person.submit(redirect_uri="http://127.0.0.1:9123/complete/auth0/")

    assert answer.headers["Location"].startswith("http://127.0.0.1:9123/complete/auth0/?code=")


def test_a_fault_stops_the_log_in(person: Person) -> None:
    person.tenant.fault(kind="status", status=503, match={"path": "/authorize"}, times=1)

    assert person.arrive().status_code == 503
    assert person.arrive().status_code == 200


# --- The link that sets a password ---


def ticket_for(tenant: RunningTenant, user_id: str, **more: Any) -> str:
    answer = tenant.api("POST", "/tickets/password-change", {"user_id": user_id, **more})
    assert answer.status_code == 201, answer.text
    link: str = answer.json()["ticket"]
    return link.removesuffix("#")


def choose(person: Person, link: str, password: str, again: str | None = None) -> httpx.Response:
    form = {"password": password, "again": password if again is None else again}
    return person.browser.post(link, data=form)


def test_the_page_says_for_whom_the_password_is(person: Person, ada: str) -> None:
    page = person.browser.get(ticket_for(person.tenant, ada))

    assert page.status_code == 200
    assert "ada@example.com" in page.text


def test_the_chosen_password_is_the_one_that_works(person: Person, ada: str) -> None:
    answer = choose(person, ticket_for(person.tenant, ada), "Another-1-horse")

    assert answer.status_code == 200
    assert "Wrong email or password." in person.submit().text
    assert "code" in sent_back(person.submit(password="Another-1-horse"))


def test_a_ticket_may_verify_the_email(person: Person) -> None:
    ben = make_user(person.tenant, "ben@example.com")

    choose(person, ticket_for(person.tenant, ben, mark_email_as_verified=True), "Another-1-horse")

    user = person.tenant.user_by_email("ben@example.com")
    assert user is not None
    assert user["email_verified"] is True


def test_without_the_mark_the_email_stays_unverified(person: Person) -> None:
    ben = make_user(person.tenant, "ben@example.com")

    choose(person, ticket_for(person.tenant, ben), "Another-1-horse")

    user = person.tenant.user_by_email("ben@example.com")
    assert user is not None
    assert user["email_verified"] is False


def test_a_ticket_works_once(person: Person, ada: str) -> None:
    link = ticket_for(person.tenant, ada)
    choose(person, link, "Another-1-horse")

    answer = choose(person, link, "Third-1-horse")

    assert answer.status_code == 410
    assert "Wrong email or password." in person.submit(password="Third-1-horse").text


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [("short", "short", "too weak"), ("Another-1-horse", "Another-2-horse", "not the same")],
)
def test_a_refused_password_leaves_the_ticket_good(
    person: Person, ada: str, password: str, again: str, said: str
) -> None:
    link = ticket_for(person.tenant, ada)

    answer = choose(person, link, password, again)

    assert (answer.status_code, said in answer.text) == (400, True)
    assert choose(person, link, "Another-1-horse").status_code == 200


def test_an_expired_ticket_sets_nothing(person: Person, ada: str) -> None:
    link = ticket_for(person.tenant, ada, ttl_sec=1)
    time.sleep(1.1)

    assert choose(person, link, "Another-1-horse").status_code == 410


def test_choosing_a_password_lifts_the_blocks_and_ends_sessions(person: Person, ada: str) -> None:
    person.submit()
    link = ticket_for(person.tenant, ada)
    person.tenant.api("PATCH", f"/users/{ada}", {"blocked": True})

    choose(person, link, "Another-1-horse")

    assert person.arrive().status_code == 200, "asked for the password again"
    assert "code" in sent_back(person.submit(password="Another-1-horse")), "fact 3"


def test_the_page_leads_back_to_the_application_of_the_ticket(person: Person, ada: str) -> None:
    answer = choose(person, ticket_for(person.tenant, ada, client_id=CLIENT), "Another-1-horse")

    assert f'href="{CONSOLE}/"' in answer.text


def test_a_forgotten_password_gets_a_mail_with_the_same_page(person: Person, ada: str) -> None:
    person.browser.post("/u/forgot-password", data={"email": "ada@example.com"})

    mail = person.tenant.outbox()[0]
    assert mail["to"] == ["ada@example.com"]
    assert choose(person, mail["links"][0].removesuffix("#"), "Another-1-horse").status_code == 200


def test_no_password_stands_in_the_state(person: Person, ada: str) -> None:
    person.submit()

    assert PASSWORD not in str(person.tenant.state())
    assert CALLBACK in str(person.tenant.api("GET", f"/clients/{CLIENT}").json()["callbacks"])
