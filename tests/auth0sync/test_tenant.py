"""What every kind of answer of Auth0 means to the console, over real HTTP."""

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import Settings

from auth0sync import token
from auth0sync.calls import Call, Outgoing
from auth0sync.errors import Conflict, Gone, Misconfigured, NotNow, Rejected, Transient, Unknown
from auth0sync.models import TenantState
from auth0sync.tenant import Tenant
from tests.auth0sync.test_token import answering
from tests.devtenant.running import RunningTenant
from tests.ports import free_port

pytestmark = pytest.mark.once

EMAIL = "ada@example.com"
ADA = "auth0|emp-1"
USER = r"/api/v2/users/auth0\|emp-1"
BODY = {"email": EMAIL, "email_verified": False, "verify_email": False, "name": "Ada"}


class Client:
    """The console's tenant, with what it has told its two callbacks."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.before = 0
        self.tenant = Tenant(self.before_call, self.calls.append)

    def before_call(self, outgoing: Outgoing) -> None:
        self.before += 1

    def create(self, **over: Any) -> dict[str, Any]:
        return self.tenant.create_user("emp-1", {**BODY, **over})


@pytest.fixture
def client(tenant: RunningTenant) -> Client:
    return Client()


def make_ada(tenant: RunningTenant, **over: Any) -> None:
    """An account in the tenant that the console didn't make."""
    body = {
        "connection": "Username-Password-Authentication",
        "user_id": "emp-1",
        "password": "Str0ng-and-l0ng-enough!",
        **BODY,
        **over,
    }
    assert tenant.api("POST", "/users", body).status_code == 201


def sent(tenant: RunningTenant, method: str, path: str) -> int:
    """How many requests went out, as the tenant counts them."""
    return len(tenant.calls(method, path))


def requests_hit(tenant: RunningTenant) -> int:
    """How many requests the fault has hit: known at once, also of those without an answer."""
    [fault] = tenant.faults()
    hit: int = fault["fired"]
    return hit


def fail_with(tenant: RunningTenant, status: int, **over: Any) -> None:
    tenant.fault(match={"path": "/api/v2/.*"}, kind="status", status=status, **over)


def refuse_with(tenant: RunningTenant, status: int, message: str, code: str | None = None) -> None:
    body = {"statusCode": status, "error": "x", "message": message}
    fail_with(tenant, status, body=body if code is None else {**body, "errorCode": code})


# Good answers


def test_an_account_is_made_under_the_id_and_connection_that_were_asked_for(
    tenant: RunningTenant, client: Client
) -> None:
    profile = client.create(user_metadata={"a": 1}, app_metadata={"b": [2]})

    assert profile["user_id"] == ADA
    assert profile["email"] == EMAIL
    stored = tenant.user_by_email(EMAIL)
    assert stored is not None
    assert stored["identities"][0]["connection"] == "Username-Password-Authentication"
    assert (stored["user_metadata"], stored["app_metadata"]) == ({"a": 1}, {"b": [2]})


def test_an_account_is_read(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant, app_metadata={"employee_id": 1, "nested": {"x": None, "y": "z"}})

    profile = client.tenant.read_user(ADA)

    assert (profile["user_id"], profile["name"]) == (ADA, "Ada")
    assert profile["app_metadata"]["employee_id"] == 1


def test_an_account_is_changed_and_null_unsets(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant, given_name="Ada", user_metadata={"a": 1, "b": 2})

    profile = client.tenant.update_user(ADA, {"given_name": None, "user_metadata": {"a": None}})

    assert "given_name" not in profile or profile["given_name"] is None
    stored = tenant.user_by_email(EMAIL)
    assert stored is not None
    assert "given_name" not in stored
    assert stored["user_metadata"] == {"b": 2}


def test_accounts_are_found_by_their_email(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)

    assert [profile["user_id"] for profile in client.tenant.find_by_email(EMAIL)] == [ADA]
    assert client.tenant.find_by_email("nobody@example.com") == []


def test_an_email_that_auth0_keeps_otherwise_is_read_as_it_is_compared(
    settings: Settings, client: Client
) -> None:
    social = {"user_id": "google|1", "email": " Jose\u0301@Example.com"}
    token._held = token._Held("x", time.monotonic() + 99, time.monotonic() + 99)
    with answering(200, json.dumps([social]).encode()) as root:
        settings.AUTH0_BASE_URL = root

        [profile] = client.tenant.find_by_email("x@example.com")

    assert profile["email"] == "jos\u00e9@example.com"


def test_a_password_is_replaced(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)

    client.tenant.replace_password(ADA)

    stored = tenant.user_by_email(EMAIL)
    assert stored is not None
    assert stored["last_password_reset"]


def test_roles_are_given_read_and_taken_away(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)
    role = client.tenant.role_id("manager")

    client.tenant.add_role(ADA, role)
    client.tenant.add_role(ADA, role)
    assert client.tenant.roles_of(ADA) == ("manager",)

    client.tenant.remove_role(ADA, role)
    client.tenant.remove_role(ADA, role)
    assert client.tenant.roles_of(ADA) == ()


def test_a_ticket_leads_to_the_page_of_the_tenant(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)

    link = client.tenant.password_ticket(ADA, verifies_email=True, hours=3)

    assert "/u/reset-password?ticket=" in link
    [ticket] = tenant.state()["tickets"]
    assert ticket["user_id"] == ADA


def test_a_ticket_names_the_log_in_application_where_there_is_one(
    settings: Settings, tenant: RunningTenant, client: Client
) -> None:
    make_ada(tenant)
    settings.AUTH0_LOGIN_CLIENT_ID = "console-login"

    client.tenant.password_ticket(ADA, verifies_email=False, hours=1)

    [ticket] = tenant.state()["tickets"]
    assert "console-login" in ticket.values()


def test_auth0_sends_its_own_verification_mail(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)

    client.tenant.send_verification_mail(ADA)

    [mail] = tenant.outbox()
    assert EMAIL in json.dumps(mail)


# 400


@pytest.mark.parametrize(
    ("field", "value", "form_field"),
    [
        ("name", "x" * 301, "name"),
        ("given_name", "x" * 151, "name"),
        ("family_name", "", "name"),
        ("nickname", "x" * 301, ""),
    ],
)
def test_a_refused_value_is_shown_at_the_field_of_the_form(
    client: Client, field: str, value: str, form_field: str
) -> None:
    with pytest.raises(Rejected) as refused:
        client.create(**{field: value})

    assert refused.value.field == form_field
    assert refused.value.code == "invalid_body"
    assert str(refused.value).startswith("Auth0 refuses the name: " if form_field else "Auth0 ref")
    assert "property" not in str(refused.value), "in the form's words, not Auth0's"


def test_a_refused_value_inside_the_metadata_has_its_field_too(
    tenant: RunningTenant, client: Client
) -> None:
    message = "Payload validation error: 'x' on property user_metadata.phone_number"
    refuse_with(tenant, 400, message, "invalid_body")

    with pytest.raises(Rejected) as refused:
        client.create()

    assert refused.value.field == "phone_number"


@pytest.mark.parametrize("email", ["ada@nowhere", "ada,quill@example.com", "a@b@example.com"])
def test_a_refused_email_is_not_in_the_message(client: Client, email: str) -> None:
    with pytest.raises(Rejected) as refused:
        client.create(email=email)

    assert refused.value.field == "email"
    assert email not in str(refused.value)
    assert "@" not in str(refused.value)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_without_code_or_reason_is_still_this_persons(
    tenant: RunningTenant, client: Client, status: int
) -> None:
    fail_with(tenant, status, body={})

    with pytest.raises(Rejected) as refused:
        client.create()

    assert (refused.value.code, refused.value.field) == (f"http_{status}", "")
    assert "it gives no reason" in str(refused.value)


def test_a_long_reason_is_cut(tenant: RunningTenant, client: Client) -> None:
    refuse_with(tenant, 400, "x" * 5000)

    with pytest.raises(Rejected) as refused:
        client.create()

    assert len(str(refused.value)) < 300


def test_a_refusal_that_is_no_json_says_nothing_of_its_body(
    tenant: RunningTenant, client: Client
) -> None:
    fail_with(tenant, 400, body="<html>secret</html>")

    with pytest.raises(Rejected) as refused:
        client.create()

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("status", [400, 404])
def test_a_missing_connection_is_a_fault_of_the_set_up(
    tenant: RunningTenant, client: Client, status: int
) -> None:
    refuse_with(tenant, status, "The connection does not exist.", "inexistent_connection")

    with pytest.raises(Misconfigured) as refused:
        client.create()

    assert refused.value.capability == "create"
    assert refused.value.missing == "Username-Password-Authentication"


# 401


def test_a_token_that_auth0_refuses_is_replaced_once(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)
    client.tenant.read_user(ADA)
    tenant.control(expire_tokens=True)

    assert client.tenant.read_user(ADA)["user_id"] == ADA

    assert [call.http_status for call in client.calls] == [200, 401, 200]
    assert client.before == 3


def test_a_second_refusal_of_the_token_is_a_fault_of_the_set_up(
    tenant: RunningTenant, client: Client
) -> None:
    fail_with(tenant, 401)

    with pytest.raises(Misconfigured) as refused:
        client.create()

    assert (refused.value.code, refused.value.capability) == ("unauthorized", "token")
    assert sent(tenant, "POST", "/api/v2/users") == 2


def test_a_token_that_cannot_be_had_is_told_and_no_call_goes_out(
    tenant: RunningTenant, client: Client, settings: Settings
) -> None:
    settings.AUTH0_CLIENT_SECRET = "wrong"

    with pytest.raises(Misconfigured) as refused:
        client.create()

    assert refused.value.capability == "token"
    assert [(call.action, call.http_status) for call in client.calls] == [("get token", None)]
    assert client.calls[0].error is refused.value
    assert sent(tenant, "POST", "/api/v2/users") == 0


# 403


def scopes_without(tenant: RunningTenant, *names: str) -> list[str]:
    scopes: list[str] = tenant.state()["control"]["scopes"]["console-m2m"]
    return [scope for scope in scopes if scope not in names]


def test_a_missing_scope_is_named_after_one_new_token(
    tenant: RunningTenant, client: Client
) -> None:
    tenant.control(scopes={"console-m2m": scopes_without(tenant, "create:users")})

    with pytest.raises(Misconfigured) as refused:
        client.create()

    assert refused.value.code == "insufficient_scope"
    assert (refused.value.capability, refused.value.missing) == ("create", "create:users")
    assert "grant the scope create:users" in str(refused.value)
    assert sent(tenant, "POST", "/api/v2/users") == 2
    assert sent(tenant, "POST", "/oauth/token") == 2


def test_a_scope_that_goes_on_missing_costs_no_second_new_token(
    tenant: RunningTenant, client: Client
) -> None:
    tenant.control(scopes={"console-m2m": scopes_without(tenant, "create:users")})

    for _ in range(3):
        with pytest.raises(Misconfigured, match="grant the scope create:users"):
            client.create()

    assert sent(tenant, "POST", "/oauth/token") == 2
    assert sent(tenant, "POST", "/api/v2/users") == 4


def test_a_scope_that_was_granted_meanwhile_works_with_the_new_token(
    tenant: RunningTenant, client: Client
) -> None:
    all_scopes = scopes_without(tenant)
    tenant.control(scopes={"console-m2m": scopes_without(tenant, "create:users")})
    token.get_token()
    tenant.control(scopes={"console-m2m": all_scopes})

    assert client.create()["user_id"] == ADA

    assert [call.http_status for call in client.calls] == [403, 201]


@pytest.mark.parametrize(
    ("call", "capability"),
    [
        (lambda tenant: tenant.read_user(ADA), "read"),
        (lambda tenant: tenant.find_by_email(EMAIL), "read"),
        (lambda tenant: tenant.create_user("emp-2", {**BODY, "email": "b@example.com"}), "create"),
        (lambda tenant: tenant.update_user(ADA, {"name": "Ada"}), "update"),
        (lambda tenant: tenant.replace_password(ADA), "update"),
        (lambda tenant: tenant.update_user(ADA, {"blocked": True}), "block"),
        (lambda tenant: tenant.update_user(ADA, {"blocked": False, "name": "Ada"}), "block"),
        (lambda tenant: tenant.roles_of(ADA), "roles"),
        (lambda tenant: tenant.role_id("manager"), "roles"),
        (lambda tenant: tenant.add_role(ADA, "rol_x"), "roles"),
        (lambda tenant: tenant.remove_role(ADA, "rol_x"), "roles"),
        (lambda tenant: tenant.password_ticket(ADA, verifies_email=True, hours=1), "tickets"),
        (lambda tenant: tenant.send_verification_mail(ADA), "tickets"),
    ],
)
def test_what_is_not_allowed_pauses_that_capability_alone(
    tenant: RunningTenant, client: Client, call: Callable[[Tenant], Any], capability: str
) -> None:
    tenant.control(scopes={"console-m2m": []})

    with pytest.raises(Misconfigured) as refused:
        call(client.tenant)

    assert refused.value.code == "insufficient_scope"
    assert refused.value.capability == capability
    assert refused.value.missing


def test_a_refusal_that_names_no_scope_says_what_it_may_be(
    tenant: RunningTenant, client: Client
) -> None:
    fail_with(tenant, 403, body={})

    with pytest.raises(Misconfigured) as refused:
        client.create()

    assert (refused.value.code, refused.value.missing) == ("insufficient_scope", "")
    assert "plan" in str(refused.value)


# Sessions and refresh tokens


@pytest.mark.parametrize(("plan", "done"), [("enterprise", True), ("essentials", False)])
def test_ending_sessions_says_whether_the_plan_has_it(
    tenant: RunningTenant, client: Client, plan: str, done: bool
) -> None:
    make_ada(tenant)
    tenant.control(plan=plan)

    assert client.tenant.end_sessions(ADA) is done
    assert client.tenant.revoke_refresh_tokens(ADA) is done


def test_sessions_without_the_scope_count_as_not_in_the_plan(
    tenant: RunningTenant, client: Client
) -> None:
    make_ada(tenant)
    tenant.control(plan="enterprise")
    tenant.control(scopes={"console-m2m": scopes_without(tenant, "delete:sessions")})

    assert client.tenant.end_sessions(ADA) is False


def test_another_fault_of_the_set_up_while_ending_sessions_is_raised(
    tenant: RunningTenant, client: Client
) -> None:
    fail_with(tenant, 418)

    with pytest.raises(Misconfigured) as refused:
        client.tenant.end_sessions(ADA)

    assert (refused.value.code, refused.value.capability) == ("http_418", "block")


def test_ending_the_sessions_of_an_account_that_is_gone_is_told(
    tenant: RunningTenant, client: Client
) -> None:
    refuse_with(tenant, 404, "The user does not exist.", "inexistent_user")

    with pytest.raises(Gone):
        client.tenant.end_sessions(ADA)


# 404


@pytest.mark.parametrize(
    "call",
    [
        lambda tenant: tenant.read_user(ADA),
        lambda tenant: tenant.update_user(ADA, {"name": "Ada"}),
        lambda tenant: tenant.replace_password(ADA),
        lambda tenant: tenant.roles_of(ADA),
        lambda tenant: tenant.password_ticket(ADA, verifies_email=True, hours=1),
        lambda tenant: tenant.send_verification_mail(ADA),
    ],
)
def test_an_account_that_does_not_exist_is_gone(
    client: Client, call: Callable[[Tenant], Any]
) -> None:
    with pytest.raises(Gone):
        call(client.tenant)


def test_a_role_that_is_gone_is_not_taken_for_a_person_who_is(
    tenant: RunningTenant, client: Client
) -> None:
    make_ada(tenant)

    with pytest.raises(Misconfigured) as refused:
        client.tenant.add_role(ADA, "rol_0123456789abcdef")

    assert (refused.value.code, refused.value.capability) == ("role_missing", "roles")


# 409


def test_an_id_or_email_that_is_taken_is_a_conflict(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant, user_id="another")

    with pytest.raises(Conflict) as refused:
        client.create()

    assert refused.value.code == "auth0_idp_error"
    assert EMAIL not in str(refused.value)


def test_some_tenants_say_so_with_a_400(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)
    make_ada(tenant, user_id="another", email="taken@example.com")

    with pytest.raises(Conflict):
        client.tenant.update_user(ADA, {"email": "taken@example.com", "email_verified": False})

    assert client.calls[-1].http_status == 400


def test_another_conflict_is_a_fault_of_the_set_up(tenant: RunningTenant, client: Client) -> None:
    message = "The tenant has multiple verified custom domains."
    refuse_with(tenant, 409, message, "custom_domain_conflict")

    with pytest.raises(Misconfigured) as refused:
        client.create()

    assert (refused.value.code, refused.value.capability) == ("custom_domain_conflict", "create")


# 429


def test_the_wait_is_the_one_that_auth0_names(tenant: RunningTenant, client: Client) -> None:
    fail_with(tenant, 429, retry_after=17)

    with pytest.raises(Transient) as refused:
        client.create()

    assert (refused.value.code, refused.value.retry_after_s) == ("too_many_requests", 17)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry_After": "17"}, 17),
        ({"Retry_After": "0"}, 1),
        ({"Retry_After": "900"}, 60),
        ({"x_ratelimit_reset": "+9"}, 9),
        ({"x_ratelimit_reset": "-9"}, 1),
        ({"x_ratelimit_reset": "+900"}, 60),
        ({"Retry_After": "Wed, 21 Oct 2099 07:28:00 GMT", "x_ratelimit_reset": "+9"}, 9),
        ({"x_ratelimit_reset": "soon"}, 1),
        ({}, 1),
    ],
)
def test_the_wait_is_retry_after_or_else_reset_less_the_answers_own_date(
    client: Client, settings: Settings, headers: dict[str, str], wait_s: float
) -> None:
    wrong_clock = 1_500_000_000  # years behind ours: only the difference may count
    reset = headers.get("x_ratelimit_reset", "")
    if reset[:1] in {"+", "-"}:
        headers = {**headers, "x_ratelimit_reset": str(wrong_clock + int(reset))}
    token._held = token._Held("x", time.monotonic() + 99, time.monotonic() + 99)

    with answering(429, b"{}", date=formatdate(wrong_clock, usegmt=True), **headers) as root:
        settings.AUTH0_BASE_URL = root
        with pytest.raises(Transient) as refused:
            client.create()

    assert refused.value.retry_after_s == wait_s


# No clear answer


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520])
def test_a_failing_tenant_leaves_a_write_unknown_and_a_read_to_be_done_again(
    tenant: RunningTenant, client: Client, status: int
) -> None:
    fail_with(tenant, status)

    with pytest.raises(Unknown) as lost:
        client.create()
    with pytest.raises(Transient) as failed:
        client.tenant.read_user(ADA)

    assert (lost.value.code, failed.value.code) == (f"http_{status}", f"http_{status}")


@pytest.mark.parametrize("kind", ["reset", "hang"])
@pytest.mark.parametrize(("when", "accounts"), [("before", 0), ("after", 1)])
def test_a_write_whose_answer_is_lost_is_unknown_whether_it_happened_or_not(
    tenant: RunningTenant,
    client: Client,
    settings: Settings,
    kind: str,
    when: str,
    accounts: int,
) -> None:
    token.get_token()
    settings.AUTH0_TIMEOUT = 0.5
    tenant.fault(match={"path": "/api/v2/users"}, kind=kind, when=when, delay_s=1)

    with pytest.raises(Unknown) as lost:
        client.create()

    assert lost.value.code.startswith("lost_")
    assert len(tenant.users()) == accounts
    assert requests_hit(tenant) == 1


def test_a_read_whose_answer_is_lost_is_to_be_done_again(
    tenant: RunningTenant, client: Client
) -> None:
    tenant.fault(match={"path": USER}, kind="reset")

    with pytest.raises(Transient):
        client.tenant.read_user(ADA)


def test_a_write_that_never_left_is_to_be_done_again(client: Client, settings: Settings) -> None:
    token.get_token()
    settings.AUTH0_BASE_URL = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(Transient) as failed:
        client.create()

    assert failed.value.code == "unreachable_ConnectError"
    assert client.calls[-1].http_status is None


WRONG = {"user_id": {"not": "text"}, "created_at": []}


@pytest.mark.parametrize("body", [WRONG, "<html>", "", [], None, 7], ids=str)
def test_an_unreadable_answer_to_a_write_is_unknown(
    tenant: RunningTenant, client: Client, body: Any
) -> None:
    tenant.fault(match={"path": "/api/v2/users"}, kind="wrong_body", body=body)

    with pytest.raises(Unknown) as lost:
        client.create()

    assert lost.value.code == "unreadable_answer"
    assert len(tenant.users()) == 1


@pytest.mark.parametrize("body", [WRONG, "<html>", "", [], None], ids=str)
def test_an_unreadable_answer_to_a_read_is_to_be_done_again(
    tenant: RunningTenant, client: Client, body: Any
) -> None:
    make_ada(tenant)
    tenant.fault(match={"path": USER}, kind="wrong_body", body=body)

    with pytest.raises(Transient) as failed:
        client.tenant.read_user(ADA)

    assert failed.value.code == "unreadable_answer"


@pytest.mark.parametrize(
    "call",
    [
        lambda tenant: tenant.find_by_email(EMAIL),
        lambda tenant: tenant.roles_of(ADA),
        lambda tenant: tenant.role_id("manager"),
    ],
)
@pytest.mark.parametrize("body", ["<html>", "", {"not": "a list"}, [7], None], ids=str)
def test_an_unreadable_list_is_to_be_done_again(
    tenant: RunningTenant, client: Client, call: Callable[[Tenant], Any], body: Any
) -> None:
    make_ada(tenant)
    tenant.fault(match={"path": "/api/v2/.*"}, kind="wrong_body", body=body)

    with pytest.raises(Transient):
        call(client.tenant)


@pytest.mark.parametrize("body", [{}, {"ticket": None}, {"ticket": 7}, "<html>"], ids=str)
def test_a_ticket_without_a_link_is_unknown(
    tenant: RunningTenant, client: Client, body: Any
) -> None:
    make_ada(tenant)
    tenant.fault(match={"path": "/api/v2/tickets/.*"}, kind="wrong_body", body=body)

    with pytest.raises(Unknown):
        client.tenant.password_ticket(ADA, verifies_email=True, hours=1)


def test_an_answer_that_cannot_be_unpacked_is_unknown(client: Client, settings: Settings) -> None:
    token.get_token()
    with answering(201, b"no gzip", Content_Encoding="gzip") as root:
        settings.AUTH0_BASE_URL = root

        with pytest.raises(Unknown):
            client.create()


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.create(),
        lambda client: client.tenant.read_user(ADA),
        lambda client: client.tenant.update_user(ADA, {"name": "Ada"}),
        lambda client: client.tenant.replace_password(ADA),
    ],
)
def test_an_answer_about_another_account_is_not_believed(
    tenant: RunningTenant, client: Client, call: Callable[[Client], Any]
) -> None:
    if call.__code__.co_names[0] != "create":
        make_ada(tenant)
    other = {"user_id": "auth0|emp-2", "email": "eve@example.com"}
    tenant.fault(match={"path": "/api/v2/.*"}, kind="wrong_body", body=other)

    with pytest.raises(Unknown) as doubted:
        call(client)

    assert doubted.value.code == "other_account"


def test_an_unexpected_status_pauses_what_was_asked_for(
    tenant: RunningTenant, client: Client
) -> None:
    fail_with(tenant, 418)

    with pytest.raises(Misconfigured) as refused:
        client.create()

    assert (refused.value.code, refused.value.capability) == ("http_418", "create")


# One request a call


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_failed_write_is_sent_once(tenant: RunningTenant, client: Client, status: int) -> None:
    fail_with(tenant, status)

    with pytest.raises((Conflict, Misconfigured, Transient, Unknown)):
        client.create()

    assert sent(tenant, "POST", "/api/v2/users") == 1


def test_a_write_whose_connection_broke_is_sent_once(tenant: RunningTenant, client: Client) -> None:
    tenant.fault(match={"path": "/api/v2/users"}, kind="reset")

    with pytest.raises(Unknown):
        client.create()

    assert requests_hit(tenant) == 1


# Roles


def test_a_role_is_found_by_its_exact_name(tenant: RunningTenant, client: Client) -> None:
    for name in ("admin of Texas", "Admin"):
        tenant.api("POST", "/roles", {"name": name})
    names = {role["id"]: role["name"] for role in tenant.state()["roles"]}

    assert names[client.tenant.role_id("admin")] == "admin"


def test_a_role_that_the_tenant_lacks_is_a_fault_of_the_set_up(
    tenant: RunningTenant, client: Client
) -> None:
    tenant.api("POST", "/roles", {"name": "manager of Texas"})
    [role] = [role for role in tenant.state()["roles"] if role["name"] == "manager"]
    tenant.api("DELETE", f"/roles/{quote(role['id'])}")

    with pytest.raises(Misconfigured) as refused:
        client.tenant.role_id("manager")

    assert (refused.value.code, refused.value.missing) == ("role_missing", "manager")


# What the callers are told


def test_every_request_is_told_with_its_duration_and_the_names_of_its_fields(
    tenant: RunningTenant, client: Client
) -> None:
    token.get_token()
    tenant.fault(match={"path": "/api/v2/users"}, kind="slow", delay_s=0.2)

    client.create()

    [call] = client.calls
    assert (call.action, call.http_status, call.error) == ("create account", 201, None)
    assert call.fields == ["email", "email_verified", "name", "verify_email"]
    assert 150 <= call.duration_ms < 5_000


def test_a_failed_request_is_told_with_its_error(tenant: RunningTenant, client: Client) -> None:
    with pytest.raises(Gone) as gone:
        client.tenant.read_user(ADA)

    [call] = client.calls
    assert (call.action, call.http_status) == ("read account", 404)
    assert call.error is gone.value


def test_blocking_is_told_as_such(tenant: RunningTenant, client: Client) -> None:
    make_ada(tenant)

    client.tenant.update_user(ADA, {"blocked": True})
    client.tenant.update_user(ADA, {"blocked": False})

    assert [call.action for call in client.calls] == ["block account", "update account"]


def test_no_request_goes_out_that_the_caller_holds_back(tenant: RunningTenant) -> None:
    told: list[Call] = []

    def not_now(outgoing: Outgoing) -> None:
        raise NotNow("Not now.", code="test", retry_after_s=1)

    held = Tenant(not_now, told.append)

    with pytest.raises(NotNow):
        held.read_user(ADA)

    assert told == []
    assert tenant.calls() == []
    assert TenantState.objects.get().token == ""
