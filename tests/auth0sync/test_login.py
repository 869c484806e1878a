"""Signing in with Auth0: who gets in, as whom, with which rights, and out again."""

import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from pytest_django import Settings
from social_django.models import Association, DjangoStorage, Nonce, UserSocialAuth
from social_django.strategy import DjangoStrategy

from auth0sync.engine import sync
from auth0sync.login import (
    Auth0,
    SignInRefused,
    associate,
    follow_role,
    match_employee,
    notice_verified,
    tenant_root,
)
from auth0sync.models import Account
from employees.console_users import user_for
from employees.groups import group_of
from employees.models import Change, Employee, EmployeeUser
from tests.auth0sync.people import account_of, add, by_sql, row_of
from tests.auth0sync.visiting import CONSOLE, Visitor, asked
from tests.builders import make_employee
from tests.devtenant.builders import make_user, role_id
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

LEAST = "production_associate"
ROLES = ["production_associate", "team_lead", "finance", "manager", "admin"]


def person(
    tenant: RunningTenant,
    role: str = "manager",
    claimed: str | None = None,
    email: str = "ana@example.com",
    **over: Any,
) -> Employee:
    """Somebody whose row names an account; ``claimed`` is the role there, by default the row's."""
    user_id = make_user(tenant, email, email_verified=True)
    given = role_id(tenant, role if claimed is None else claimed)
    assert tenant.api("POST", f"/users/{user_id}/roles", {"roles": [given]}).is_success
    columns = {"auth_method": "auth0", "auth0_user_id": user_id, "auth0_role": role, **over}
    return make_employee(email=email, **columns)


def user_of(employee: Employee) -> User:
    return EmployeeUser.objects.get(employee=employee).user


# --- Who gets in, and as what ---


@pytest.mark.parametrize("role", ROLES)
def test_people_of_every_role_sign_in_and_get_its_group(
    tenant: RunningTenant, visitor: Visitor, role: str
) -> None:
    ana = person(tenant, role)

    answer = visitor.sign_in()

    assert (answer.status_code, answer["Location"]) == (302, "/")
    user = user_of(ana)
    group = group_of(role)
    assert [each.name for each in user.groups.all()] == ([group] if group else [])
    assert user.is_staff is bool(group)
    assert not user.is_superuser
    assert not user.has_usable_password()
    assert user.get_username() == f"employee-{ana.pk}"
    assert visitor.is_signed_in


def test_one_person_has_one_user_over_many_log_ins(tenant: RunningTenant, visitor: Visitor) -> None:
    ana = person(tenant)

    for _ in range(2):
        visitor.sign_in()

    assert User.objects.count() == EmployeeUser.objects.count() == 1
    assert UserSocialAuth.objects.get().uid == ana.auth0_user_id


def test_the_users_name_and_email_are_the_rows(tenant: RunningTenant, visitor: Visitor) -> None:
    ana = person(tenant, name="Ana O'Brien Ortiz")

    visitor.sign_in()

    user = user_of(ana)
    assert (user.first_name, user.last_name) == ("Ana", "O'Brien Ortiz")
    assert user.email == "ana@example.com"


def test_a_claim_that_says_less_counts(tenant: RunningTenant, visitor: Visitor) -> None:
    ana = person(tenant, "admin", claimed="team_lead")

    visitor.sign_in()

    assert EmployeeUser.objects.get().role == "team_lead"
    assert [group.name for group in user_of(ana).groups.all()] == ["team_lead"]


def test_a_claim_that_says_more_does_not_count_and_the_worker_takes_it_away(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    ana = add(email="ana@example.com", auth0_role="team_lead")
    sync(ana.pk)
    user_id = str(row_of(ana).auth0_user_id)
    tenant.api("PATCH", f"/users/{user_id}", {"password": "Corr3ct-horse"})
    tenant.api("POST", f"/users/{user_id}/roles", {"roles": [role_id(tenant, "admin")]})

    visitor.sign_in()

    assert EmployeeUser.objects.get().role == "team_lead"
    assert Change.objects.filter(employee_id=ana.pk, action="Auth0 role above the row's").exists()
    sync(ana.pk)
    assert tenant.users()[0]["roles"] == ["team_lead"]


def test_a_claim_of_a_higher_role_alone_leaves_the_rows(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    person(tenant, "team_lead", claimed="admin")

    visitor.sign_in()

    assert EmployeeUser.objects.get().role == "team_lead"


def test_a_claim_without_any_role_counts_as_the_least(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    user_id = make_user(tenant, email_verified=True, email="ana@example.com")
    make_employee(auth_method="auth0", auth0_user_id=user_id, auth0_role="manager")

    visitor.sign_in()

    assert EmployeeUser.objects.get().role == "production_associate"


@pytest.mark.parametrize(
    ("claim", "role"),
    [("team_lead", "team_lead"), (["x", 1, None], LEAST), ({}, LEAST)],
)
def test_a_claim_may_be_one_word_and_what_is_no_role_gives_nothing(
    db: None, settings: Settings, claim: object, role: str
) -> None:
    ana = make_employee(auth_method="auth0", auth0_role="manager")
    backend = Auth0()
    backend.id_token = {settings.AUTH0_ROLES_CLAIM: claim}

    follow_role(backend, ana, user_for(ana))

    assert EmployeeUser.objects.get().role == role


def test_without_a_claim_the_rows_role_counts(tenant: RunningTenant, visitor: Visitor) -> None:
    tenant.control(roles_claim="")
    person(tenant, "finance", claimed="admin")

    visitor.sign_in()

    assert EmployeeUser.objects.get().role == "finance"


def test_an_unknown_role_in_the_row_gives_nothing(tenant: RunningTenant, visitor: Visitor) -> None:
    ana = person(tenant, "superhero", claimed="admin")

    visitor.sign_in()

    assert EmployeeUser.objects.get().role == "production_associate"
    assert not user_of(ana).is_staff


def test_the_old_group_goes_when_the_role_changes(tenant: RunningTenant, visitor: Visitor) -> None:
    tenant.control(roles_claim="")
    ana = person(tenant, "admin")
    visitor.sign_in()
    Employee.objects.filter(pk=ana.pk).update(auth0_role="production_associate")

    visitor.sign_in()

    assert not user_of(ana).groups.exists()
    assert not user_of(ana).is_staff


# --- Linking by e-mail ---


def test_a_verified_email_links_the_account_once_and_stands_in_the_history(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    user_id = make_user(tenant, email_verified=True, email="ana@example.com")
    ana = make_employee(email="Ana@Example.com", auth_method="hybrid")

    visitor.sign_in()

    assert row_of(ana).auth0_user_id == user_id
    change = Change.objects.get(employee_id=ana.pk, action="linked by verified e-mail")
    assert change.changes["auth0_user_id"] == [None, user_id]
    assert Account.objects.get(pk=ana.pk).look_at is not None
    visitor.sign_in()
    assert Change.objects.filter(action="linked by verified e-mail").count() == 1


def test_the_linked_account_becomes_the_consoles_own_by_the_worker(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    make_user(tenant, email_verified=True, email="ana@example.com")
    ana = make_employee(email="ana@example.com", auth_method="auth0")
    visitor.sign_in()

    sync(ana.pk)

    assert Account.objects.get(pk=ana.pk).origin == "linked"
    assert row_of(ana).auth0_sync_status == "verified"


def test_a_verified_email_is_read_by_the_worker_not_believed_at_the_log_in(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    ana = add(email="ana@example.com")
    sync(ana.pk)
    user_id = str(row_of(ana).auth0_user_id)
    tenant.api("PATCH", f"/users/{user_id}", {"password": "Corr3ct-horse"})
    tenant.verify(user_id)
    calls = len(tenant.calls(path_regex="/api/v2/.*"))

    visitor.sign_in()

    assert row_of(ana).auth0_sync_status == "created"
    assert len(tenant.calls(path_regex="/api/v2/.*")) == calls
    sync(ana.pk)
    assert row_of(ana).auth0_sync_status == "verified"


@pytest.mark.django_db
def test_an_email_that_the_row_calls_verified_makes_nobody_due() -> None:
    ana = add()
    Employee.objects.filter(pk=ana.pk).update(auth0_sync_status="verified")
    before = account_of(ana).due_seq

    notice_verified({"email_verified": True}, row_of(ana))

    assert account_of(ana).due_seq == before


@pytest.mark.django_db
def test_an_email_that_two_people_have_links_neither() -> None:
    make_employee(email="ana@example.com", auth_method="auth0")
    by_sql(make_employee(auth_method="auth0"), email=" Ana@Example.com")
    proven = {"email": "ana@example.com", "email_verified": True}

    with pytest.raises(SignInRefused) as refusal:
        match_employee(Auth0(DjangoStrategy(DjangoStorage)), "auth0|new", proven)

    assert refusal.value.reason == "unknown"
    assert not Employee.objects.exclude(auth0_user_id=None).exists()


@pytest.mark.parametrize(
    ("userinfo", "id_token", "believed"),
    [
        ({"email": "a@example.com", "email_verified": True}, {}, ("a@example.com", True)),
        ({}, {"email": "a@example.com", "email_verified": True}, ("a@example.com", True)),
        (
            {"email": "b@example.com"},
            {"email": "a@example.com", "email_verified": True},
            ("b@example.com", False),
        ),
        ({"email": "a@example.com", "email_verified": "true"}, {}, ("a@example.com", False)),
    ],
)
def test_an_email_is_proven_only_by_whom_it_is_from(
    userinfo: dict[str, Any], id_token: dict[str, Any], believed: tuple[str, bool]
) -> None:
    backend = Auth0(DjangoStrategy(DjangoStorage))
    backend.id_token = id_token

    details = backend.get_user_details(userinfo)

    assert (details["email"], details["email_verified"]) == believed


# --- Where to ---


@pytest.mark.parametrize(
    ("role", "next_url", "lands"),
    [
        ("manager", "/admin/employees/employee/", "/admin/employees/employee/"),
        ("manager", "https://evil.example.com/", "/"),
        ("manager", "//evil.example.com/", "/"),
        ("manager", "/\\evil.example.com/", "/"),
        ("manager", "javascript:alert(1)", "/"),
        ("manager", "no-address", "/"),
        ("manager", "?page=2", "/"),
        ("manager", "logout", "/"),
        ("production_associate", "/admin/employees/employee/", "/"),
    ],
)
def test_people_land_on_this_site_where_they_may(
    tenant: RunningTenant, visitor: Visitor, role: str, next_url: str, lands: str
) -> None:
    person(tenant, role)

    assert visitor.sign_in(next_url=next_url)["Location"] == lands


def test_the_admin_leads_to_the_log_in_and_back(tenant: RunningTenant, visitor: Visitor) -> None:
    person(tenant)

    page = visitor.console.get("/admin/", follow=True)

    assert page.redirect_chain[-1][0] == "/login/?next=%2Fadmin%2F"
    assert b'name="next" value="/admin/"' in page.content
    assert visitor.sign_in(next_url="/admin/")["Location"] == "/admin/"
    assert visitor.console.get("/admin/").status_code == 200


def test_an_associate_is_told_that_the_admin_is_not_for_them(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    person(tenant, "production_associate")
    visitor.sign_in()

    page = visitor.console.get("/admin/", follow=True)

    assert page.status_code == 403
    assert b"Only for people who manage others" in page.content


def test_whoever_is_signed_in_needs_no_log_in_page(tenant: RunningTenant, visitor: Visitor) -> None:
    person(tenant)
    visitor.sign_in()

    assert visitor.console.get("/login/?next=/admin/")["Location"] == "/admin/"
    assert visitor.console.get("/login/?next=https://evil.example.com")["Location"] == "/"
    assert visitor.console.get("/login/?next=no-address")["Location"] == "/"


# --- Sessions ---


def test_what_is_asked_of_the_tenant_is_bound_by_pkce_state_and_nonce(visitor: Visitor) -> None:
    query = asked(visitor.begin())

    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"{CONSOLE}/complete/auth0/"
    assert query["response_type"] == "code"
    assert all(query[name] for name in ("code_challenge", "state", "nonce"))
    assert "client_secret" not in query


def test_the_button_posts_and_an_address_alone_leads_back_to_it(visitor: Visitor) -> None:
    assert visitor.console.get("/login/auth0/")["Location"] == "/login/"
    assert not Association.objects.exists()


def test_a_log_in_gives_the_session_a_new_key(tenant: RunningTenant, visitor: Visitor) -> None:
    person(tenant)
    back = visitor.log_in(visitor.begin())
    before = visitor.console.session.session_key

    visitor.come_back(back)
    first = visitor.console.session.session_key
    second_back = visitor.log_in(visitor.begin())
    visitor.come_back(second_back)

    assert len({before, first, visitor.console.session.session_key}) == 3
    assert not Session.objects.filter(pk=before).exists()


def test_a_session_ends_twelve_hours_after_the_log_in(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    person(tenant)
    visitor.sign_in()

    assert 0 <= 12 * 3600 - visitor.console.session.get_expiry_age() < 60
    cookie = visitor.console.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_another_persons_log_in_ends_the_open_session_first(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    person(tenant)
    ben = person(tenant, "production_associate", email="ben@example.com")
    visitor.sign_in()
    anas = visitor.console.session.session_key
    visitor.elsewhere.cookies.clear()

    visitor.begin()
    assert not Session.objects.filter(pk=anas).exists()
    visitor.sign_in("ben@example.com")

    assert visitor.console.session["_auth_user_id"] == str(user_of(ben).pk)


def test_the_session_of_an_account_ends_when_the_row_names_another(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    ana = person(tenant)
    visitor.sign_in()
    assert visitor.is_signed_in

    Employee.objects.filter(pk=ana.pk).update(auth0_user_id="auth0|the-right-one")

    assert visitor.console.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert not visitor.is_signed_in


@pytest.mark.django_db
def test_an_account_that_was_moved_to_its_rightful_person_is_noted_as_theirs_alone() -> None:
    ana, ben = (user_for(make_employee(auth_method="auth0")) for _ in range(2))
    backend = Auth0(DjangoStrategy(DjangoStorage))

    for user in (ana, ben):
        associate(backend, "auth0|moved", user)

    assert UserSocialAuth.objects.get(uid="auth0|moved").user == ben


def test_no_token_is_left_in_session_database_or_log(
    tenant: RunningTenant, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    person(tenant)
    caplog.set_level(logging.DEBUG, logger="auth0sync")
    caplog.set_level(logging.DEBUG, logger="social")

    back = visitor.log_in(visitor.begin())
    visitor.come_back(back)

    kept = repr(dict(visitor.console.session.items()))
    kept += repr(list(UserSocialAuth.objects.values()))
    for secret in (asked(back)["code"], asked(back)["state"], "token", "eyJ", "verifier"):
        assert secret not in kept
        assert secret not in caplog.text
    assert UserSocialAuth.objects.get().extra_data == {}
    assert not Association.objects.exists()
    assert not Nonce.objects.exists()


def test_what_abandoned_log_ins_left_is_removed_by_a_later_one(visitor: Visitor) -> None:
    visitor.begin()
    Nonce.objects.update(timestamp=1)
    Association.objects.update(issued=1)

    visitor.begin()

    assert (Nonce.objects.count(), Association.objects.count()) == (1, 1)


# --- Signing out ---


def test_signing_out_ends_the_session_here_and_at_the_tenant(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    person(tenant)
    visitor.sign_in()

    away = visitor.console.post("/logout/")["Location"]

    assert not visitor.is_signed_in
    assert urlsplit(away).path == "/v2/logout"
    back = visitor.elsewhere.get(away)
    assert back.headers["Location"] == f"{CONSOLE}/login/"
    page = visitor.elsewhere.get(visitor.begin())
    assert page.status_code == 200, "the tenant asks for the password again"


def test_another_provider_is_signed_out_of_at_its_own_address(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    person(tenant)
    body = {**visitor.elsewhere.get("/.well-known/openid-configuration").json()}
    body["end_session_endpoint"] = f"{tenant.base_url}/end"
    tenant.fault(kind="wrong_body", body=body, match={"path": "/.well-known/openid-configuration"})
    visitor.sign_in()

    away = visitor.console.post("/logout/")["Location"]

    assert away.startswith(f"{tenant.base_url}/end?")
    assert asked(away) == {
        "client_id": "console-login",
        "post_logout_redirect_uri": f"{CONSOLE}/login/",
    }


def test_signing_out_works_while_the_tenant_is_away(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    person(tenant)
    visitor.sign_in()
    Auth0.get_openid_configuration.invalidate()
    tenant.fault(kind="status", status=503, match={"path": "/.well-known/openid-configuration"})

    page = visitor.console.post("/logout/", follow=True)

    assert not visitor.is_signed_in
    assert b"close the browser" in page.content


def test_an_address_alone_signs_nobody_out(tenant: RunningTenant, visitor: Visitor) -> None:
    person(tenant)
    visitor.sign_in()

    visitor.console.get("/logout/")

    assert visitor.is_signed_in


def test_the_admins_log_out_is_the_consoles(tenant: RunningTenant, visitor: Visitor) -> None:
    person(tenant)
    visitor.sign_in()

    away = visitor.console.post("/admin/logout/")["Location"]

    assert urlsplit(away).path == "/v2/logout"
    assert not visitor.is_signed_in


def test_a_custom_domain_is_where_people_log_in(settings: Settings) -> None:
    settings.AUTH0_DOMAIN, settings.AUTH0_BASE_URL = "t.us.auth0.com", "https://t.us.auth0.com"
    settings.AUTH0_CUSTOM_DOMAIN = "login.example.com"
    assert tenant_root() == "https://login.example.com"
    settings.AUTH0_BASE_URL = "http://127.0.0.1:8001"
    assert tenant_root() == "http://127.0.0.1:8001"
