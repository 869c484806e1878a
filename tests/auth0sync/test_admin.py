"""The admin with accounts: list, employee's page, buttons, log and notices. Nothing calls Auth0."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from auth0sync.account import Seen
from auth0sync.context import auth0_notices, notices
from auth0sync.engine import sync
from auth0sync.models import Account, Bucket, SyncLog, TenantState
from employees.models import Employee
from tests.auth0sync.people import account_of, add
from tests.builders import make_employee
from tests.devtenant.running import RunningTenant
from tests.ports import free_port
from tests.signed_in import signed_in, team_lead

LIST = reverse("admin:employees_employee_changelist")
ADD = reverse("admin:employees_employee_add")
LOG = reverse("admin:auth0sync_synclog_changelist")
HOME = reverse("admin:index")
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
NEWCOMER = {
    "name": "Ada Quill",
    "email": "ada@example.com",
    "auth_method": "hybrid",
    "invitation": "work",
    "auth0_role": "production_associate",
    "workspace": "MS",
}
SEEN = Seen("auth0|emp-1", "ana@example.com", False, "Ana", None, None, blocked=False)
OURS = {"user_id": "auth0|emp-1", "origin": "created", "seen": SEEN.as_json()}


@pytest.fixture(autouse=True)
def static_files_need_not_be_collected() -> Iterator[None]:
    """WhiteNoise would warn before ``collectstatic`` ever ran."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture
def boss(state: TenantState) -> User:
    return User.objects.create_superuser("boss")


@pytest.fixture
def page(client: Client, boss: User, settings: Settings) -> Client:
    """A browser in which the administrator is signed in; Auth0 is configured, on a dead port."""
    settings.AUTH0_DOMAIN = f"127.0.0.1:{free_port()}"
    settings.AUTH0_BASE_URL = f"http://{settings.AUTH0_DOMAIN}"
    client.force_login(boss)
    return client


def page_of(employee: Employee) -> str:
    return reverse("admin:employees_employee_change", args=[employee.pk])


def button(name: str, employee: Employee) -> str:
    return reverse(f"admin:auth0sync_{name}", args=[employee.pk])


def act(page: Client, action: str, *people: Employee) -> str:
    data = {"action": action, "_selected_action": [person.pk for person in people]}
    return said(page.post(LIST, data))


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def reader() -> Client:
    """A browser of somebody in finance, who reads and changes nothing."""
    return signed_in("finance")[0]


# The list


@pytest.mark.parametrize("people", [5, 50])
def test_the_list_asks_as_often_for_many_people_as_for_few(
    page: Client, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(people):
        Account.objects.create(pk=make_employee(auth_method="hybrid").pk)

    # 2 of who asks, 5 of the list, 3 of the accounts, 3 of the notices, 2 of the menu's numbers
    with django_assert_num_queries(16):
        page.get(LIST)


def test_the_list_says_how_each_account_is(page: Client) -> None:
    add()

    text = text_of(page.get(LIST))

    assert 'class="standing standing-waiting" title="Stands in the queue.' in text
    assert "Waiting for Auth0</span>" in text


def test_a_filter_narrows_the_list(page: Client) -> None:
    foreign = make_employee(auth0_user_id="auth0|other")
    make_employee()

    assert list(page.get(f"{LIST}?account=review").context["cl"].result_list) == [foreign]
    assert len(page.get(LIST).context["cl"].result_list) == 2


# Sync now


def test_sync_now_has_the_account_read_and_names_who_asked(page: Client, boss: User) -> None:
    ana = make_employee(auth_method="hybrid")

    message = act(page, "sync_now", ana)

    account = account_of(ana)
    assert message == "1 person will be synced."
    assert account.look_at is not None
    assert account.due_at is not None
    assert account.due_by == f"admin:{boss.pk}"


def test_sync_now_skips_whom_no_account_is_wanted_for(page: Client) -> None:
    ana, ben, cy = make_employee(auth_method="auth0"), make_employee(), make_employee()

    message = act(page, "sync_now", ana, ben, cy)

    assert message == "1 person will be synced. Skipped 2: no account is wanted."
    assert not Account.objects.filter(pk__in=[ben.pk, cy.pk]).exists()


def test_sync_now_says_when_it_has_to_wait(page: Client, settings: Settings) -> None:
    settings.AUTH0_SYNC_ENABLED = False
    message = act(page, "sync_now", make_employee(auth_method="auth0"))
    assert "1 person will be synced. The link to Auth0 is switched off" in message


# The invitation


def test_the_invitation_is_sent_again_to_those_who_have_an_account(page: Client) -> None:
    ana, ben, cy = make_employee(auth_method="auth0"), make_employee(auth_method="auth0"), add()
    for person in (ana, ben):
        Account.objects.create(pk=person.pk, **OURS)

    message = act(page, "send_invitation_again", ana, ben, cy)

    assert message == "2 people will be invited again. Skipped 1: no account yet."
    assert account_of(ana).invitation == "wanted"
    assert account_of(cy).invitation == ""


def test_nobody_is_invited_who_must_not_sign_in(page: Client) -> None:
    gone = make_employee(auth_method="auth0", is_active=False)
    Account.objects.create(pk=gone.pk, **OURS)

    assert act(page, "send_invitation_again", gone) == "Skipped 1: no account is wanted."
    assert account_of(gone).invitation == ""


def test_a_second_click_sends_no_second_invitation(page: Client) -> None:
    ana = make_employee(auth_method="auth0")
    Account.objects.create(pk=ana.pk, **OURS)

    page.post(button("send_invitation_again", ana))
    marks = account_of(ana).due_seq
    second = page.post(button("send_invitation_again", ana), follow=True)

    assert "Skipped 1: on its way already." in text_of(second)
    assert account_of(ana).due_seq == marks


# The buttons


@pytest.mark.parametrize("name", ["sync_now", "send_invitation_again"])
def test_a_button_leads_back_to_the_page_with_a_message(page: Client, name: str) -> None:
    ana = make_employee(auth_method="auth0")
    Account.objects.create(pk=ana.pk, **OURS)

    response = page.post(button(name, ana), follow=True)

    assert response.redirect_chain == [(page_of(ana), 302)]
    assert "1 person will be" in text_of(response)
    assert account_of(ana).due_at is not None


@pytest.mark.parametrize("name", ["sync_now", "send_invitation_again"])
def test_reading_a_buttons_address_changes_nothing(page: Client, name: str) -> None:
    ana = make_employee(auth_method="auth0")
    answer = page.get(button(name, ana))
    assert (answer.status_code, answer.headers["Location"]) == (302, page_of(ana))
    assert not Account.objects.exists()


@pytest.mark.parametrize("name", ["sync_now", "send_invitation_again"])
def test_a_button_needs_the_permission_to_change(page: Client, name: str) -> None:
    ana = make_employee(auth_method="auth0")
    assert reader().post(button(name, ana)).status_code == 403
    assert not Account.objects.exists()


def test_a_button_takes_no_form_of_another_site(page: Client, boss: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(boss)
    assert browser.post(button("sync_now", make_employee())).status_code == 403


def test_a_button_for_nobody_is_not_found(page: Client) -> None:
    url = reverse("admin:auth0sync_sync_now", args=[999_999])
    assert page.post(url).status_code == 404


def test_strangers_have_to_sign_in_first(client: Client, state: TenantState) -> None:
    response = client.post(button("sync_now", make_employee()))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))


def test_buttons_are_shown_only_where_they_do_something(page: Client) -> None:
    with_pin, newcomer, ana = make_employee(), add(), make_employee(auth_method="auth0")
    Account.objects.create(pk=ana.pk, **OURS)
    onlooker = reader()

    def shown(browser: Client, person: Employee) -> list[str]:
        asking = r"sync-now|send-invitation-again"
        forms = rf'<form method="post" action="[^"]*(?:{asking})/">.*?<button[^>]*>(.*?)</button>'
        return re.findall(forms, text_of(browser.get(page_of(person))))

    assert shown(page, with_pin) == []
    assert shown(page, newcomer) == ["Sync now"]
    assert shown(page, ana) == ["Sync now", "Send the invitation again"]
    assert shown(onlooker, ana) == []


# The employee's page


def test_the_page_shows_the_account_and_its_log(page: Client, boss: User) -> None:
    ana = make_employee(auth_method="auth0", auth0_sync_status="verified")
    Account.objects.create(pk=ana.pk, seen_at="2026-03-12T09:02:00Z", **OURS)
    SyncLog.objects.create(
        employee_id=ana.pk,
        action="create account",
        status="success",
        actor=f"admin:{boss.pk}",
        duration_ms=96,
        response_data={"http_status": 201, "fields": ["email"]},
    )

    text = text_of(page.get(page_of(ana)))

    assert "Verified</span>" in text
    assert "<code>auth0|emp-1</code>" in text
    assert "12 March 2026, 04:02:00 CDT" in text
    assert "<td>Create account</td><td>done</td><td>boss</td>" in text
    assert '<td class="number">96 ms</td><td class="number">201</td>' in text
    assert f'href="{LOG}?q={ana.pk}"' in text


def test_the_log_is_linked_only_for_those_who_may_read_it(page: Client) -> None:
    ana = make_employee(department="Picking", workspace="MS")
    SyncLog.objects.create(employee_id=ana.pk, action="read account", status="success")
    lead, _ = team_lead()

    text = text_of(lead.get(page_of(ana)))

    assert "Read account" in text
    assert "The whole log" not in text


@pytest.mark.parametrize("people", [1, 30])
def test_the_page_asks_as_often_for_many_as_for_few(
    page: Client, boss: User, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ana = add()
    for _ in range(people):
        make_employee(department=f"Department {people}")
        SyncLog.objects.create(
            employee_id=ana.pk, action="x", status="success", actor=f"admin:{boss.pk}"
        )

    page.get(page_of(ana))  # what Django keeps in memory from then on

    with django_assert_num_queries(32):
        page.get(page_of(ana))


def test_an_error_leads_to_the_field_it_concerns(page: Client) -> None:
    ana = make_employee(auth_method="auth0", auth0_sync_status="failed")
    Account.objects.create(
        pk=ana.pk,
        error="Auth0 refuses the phone number.",
        error_code="invalid_body",
        error_field="phone_number",
        error_at="2026-03-12T09:02:00Z",
    )

    text = text_of(page.get(page_of(ana)))

    assert re.search(r"Needs attention</span> <span[^>]*>Auth0 refuses the phone number\.", text)
    assert 'See <a href="#id_phone_number">Phone</a>.' in text
    assert "Concerns: Phone." in text


def test_a_newcomers_page_has_no_account_yet(page: Client) -> None:
    assert "auth0-account" not in text_of(page.get(ADD))


def test_a_row_that_arrived_with_an_account_shows_whose_it_is(page: Client) -> None:
    text = text_of(page.get(page_of(make_employee(auth0_user_id="auth0|other"))))
    assert "Account of another system: left alone" in text
    assert "<code>auth0|other</code>" in text


# No request waits for Auth0


def test_no_page_save_action_or_button_calls_auth0(
    page: Client,
    tenant: RunningTenant,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True) as after_commit:
        page.post(ADD, NEWCOMER)
        ana = Employee.objects.get()
        page.post(page_of(ana), {**NEWCOMER, "auth_method": "auth0", "name": "Ana New"})
        Account.objects.filter(pk=ana.pk).update(**OURS)
        for action in ("sync_now", "send_invitation_again"):
            act(page, action, ana)
        preview = page.get(reverse("admin:employees_employee_deactivate", args=[ana.pk]))
        confirmed = reverse("admin:employees_employee_leaving")
        page.post(confirmed, {"people": preview.context["signed"]})
        for url in (button("sync_now", ana), button("send_invitation_again", ana)):
            page.post(url)
        for url in (HOME, LIST, page_of(ana), LOG):
            assert page.get(url).status_code == 200

    assert len(after_commit) == 7
    assert Employee.objects.get().name == "Ana New"
    assert tenant.calls() == []


def test_people_saved_while_auth0_is_gone_are_shown_as_waiting(page: Client) -> None:
    for number in range(5):
        somebody = {"name": f"Person {number}", "email": f"p{number}@example.com"}
        response = page.post(ADD, {**NEWCOMER, **somebody})
        assert response.status_code == 302
    for employee in Employee.objects.all():
        sync(employee.pk)

    text = text_of(page.get(LIST))

    assert text.count("Waiting for Auth0</span>") == 5
    assert "Auth0 hasn&#x27;t answered since" in text
    assert "5 people wait, the first since" in text


NEWCOMER = {
    "name": "Ana Ortiz",
    "email": "ana@example.com",
    "department": "Picking",
    "workspace": "MS",
    "auth_method": "",
    "invitation": "work",
    "auth0_role": "production_associate",
}


# The log


def test_the_log_lists_every_operation_newest_first(page: Client, boss: User) -> None:
    ana = make_employee()
    SyncLog.objects.create(employee_id=ana.pk, action="create account", status="failed")
    SyncLog.objects.create(action="get token", status="success", actor=f"admin:{boss.pk}")

    text = text_of(page.get(LOG))

    assert text.index("Get token") < text.index("Create account")
    assert f'<a href="{page_of(ana)}">{ana.pk}</a>' in text
    assert re.search(r'<td class="field-by [^"]*"[^>]*>boss</td>', text)


def test_the_log_is_searched_by_the_employees_number(page: Client) -> None:
    for number in (7, 77):
        SyncLog.objects.create(employee_id=number, action="read account", status="success")

    def found(query: str) -> list[int | None]:
        return [row.employee_id for row in page.get(f"{LOG}?{query}").context["cl"].result_list]

    assert found("q=7") == [7]
    assert found("q=ana") == []
    assert found("q=99999999999999999999") == []
    assert found(f"q={'9' * 5_000}") == []
    assert found("action=read+account&status__exact=success") == [77, 7]
    assert found("action=create+account") == []


def test_the_log_asks_as_often_for_many_rows_as_for_few(
    page: Client, boss: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for people in (1, 30):
        for number in range(people):
            SyncLog.objects.create(
                employee_id=number, action="x", status="success", actor=f"admin:{boss.pk}"
            )
        with django_assert_num_queries(13):
            page.get(LOG)


def test_an_entry_shows_names_and_codes(page: Client, boss: User) -> None:
    entry = SyncLog.objects.create(
        action="create account",
        status="failed",
        actor=f"admin:{boss.pk}",
        response_data={"http_status": 400, "fields": ["email", "name"]},
    )

    text = text_of(page.get(reverse("admin:auth0sync_synclog_change", args=[entry.pk])))

    assert "/history/" not in text
    for value in ("email, name", "400", "boss"):
        assert re.search(rf'<div class="readonly [^"]*">{value}</div>', text)


def test_an_entry_that_is_not_there_leads_home(page: Client) -> None:
    response = page.get(reverse("admin:auth0sync_synclog_change", args=[999_999]))
    assert response["Location"] == HOME


def test_nobody_writes_the_log_by_hand(page: Client) -> None:
    entry = SyncLog.objects.create(action="read account", status="success")
    change = reverse("admin:auth0sync_synclog_change", args=[entry.pk])
    delete = reverse("admin:auth0sync_synclog_delete", args=[entry.pk])

    assert page.post(reverse("admin:auth0sync_synclog_add"), {}).status_code == 403
    assert page.post(change, {"action": "x"}).status_code == 403
    assert page.post(delete, {"post": "yes"}).status_code == 403
    assert SyncLog.objects.get().action == "read account"


def test_what_the_engine_keeps_is_on_no_page_of_its_own() -> None:
    assert not any(admin.site.is_registered(model) for model in (Account, TenantState, Bucket))


def test_no_page_shows_a_token_or_a_link(page: Client, tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    TenantState.objects.update(token="encrypted-token")

    for url in (HOME, LIST, page_of(ana), LOG, f"{LOG}{SyncLog.objects.latest('pk').pk}/change/"):
        assert not re.search(r"encrypted-token|ticket=|not-a-secret", text_of(page.get(url)))


def test_what_is_ours_carries_no_inline_style_or_script() -> None:
    ours = [path for path in TEMPLATES.rglob("*.html") if path.is_file()]

    assert len(ours) > 5
    for path in ours:
        found = re.search(r"\sstyle=|\son\w+=|<style|<script>", path.read_text())
        assert not found, f"{path.name}: {found}"


# The notices


def test_a_healthy_console_has_nothing_to_say(page: Client) -> None:
    assert notices() == []
    assert "auth0-notices" not in text_of(page.get(HOME))


def test_the_dashboard_says_that_auth0_is_not_configured(page: Client, settings: Settings) -> None:
    settings.AUTH0_DOMAIN = ""
    text = text_of(page.get(HOME))
    assert "Auth0 isn&#x27;t configured (AUTH0_DOMAIN), so no accounts are made." in text
    assert "auth0sync/notices.css" in text


def test_the_switch_is_mentioned_and_how_many_wait(page: Client, settings: Settings) -> None:
    settings.AUTH0_SYNC_ENABLED = False
    add()
    (said,) = notices()
    assert said.startswith("The link to Auth0 is switched off (AUTH0_SYNC_ENABLED). Go on adding")
    assert "has been told. 1 person waits" in said


def test_a_missing_mail_server_is_mentioned(page: Client, settings: Settings) -> None:
    settings.MAIL_CONFIGURED = False
    assert notices() == ["No mail server is configured (EMAIL_URL), so no invitation is sent."]


def test_invitations_that_wait_for_a_mail_server_are_counted(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.MAIL_CONFIGURED = False
    sync(add().pk)
    assert notices() == [
        "No mail server is configured (EMAIL_URL), so no invitation is sent: 1 waiting."
    ]


@pytest.mark.parametrize(
    ("status", "code", "message", "sentence"),
    [
        (
            403,
            "insufficient_scope",
            "Insufficient scope, expected any of: create:users",
            "grant the scope create:users",
        ),
        (400, "inexistent_connection", "The connection does not exist.", "doesn't exist in Auth0"),
    ],
)
def test_a_fault_in_the_set_up_is_said_once(
    tenant: RunningTenant, status: int, code: str, message: str, sentence: str
) -> None:
    body = {"statusCode": status, "error": "x", "message": message, "errorCode": code}
    create = {"method": "POST", "path": "/api/v2/users"}
    tenant.fault(match=create, kind="status", status=status, body=body)
    for email in ("ana@example.com", "ben@example.com"):
        sync(add(email=email).pk)

    found = notices(is_admin=True)

    assert len(found) == 1
    assert sentence in found[0]


def test_the_notices_cost_two_queries(
    page: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        notices()


def asked_by(user: object, path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user  # type: ignore[assignment]
    return request


def test_only_staff_on_admin_pages_are_told(boss: User) -> None:
    assert "auth0_notices" in auth0_notices(asked_by(boss, HOME))
    assert auth0_notices(asked_by(boss, "/")) == {}
    assert auth0_notices(asked_by(User(username="worker"), HOME)) == {}
    assert auth0_notices(RequestFactory().get(HOME)) == {}


def test_the_log_in_page_says_nothing_of_it(client: Client, state: TenantState) -> None:
    text = text_of(client.get(reverse("admin:login"), follow=True))
    assert "Identity console" in text
    assert "auth0-notices" not in text


def test_nobody_can_have_the_queue_run_any_function_from_the_admin() -> None:
    from django.contrib import admin

    assert "django_q" not in {model._meta.app_label for model in admin.site._registry}


def test_nobody_moves_a_log_in_to_somebody_else_in_the_admin() -> None:
    from django.contrib import admin

    shown = {model._meta.app_label for model in admin.site._registry}
    assert shown & {"social_django", "axes"} == set()


@pytest.mark.parametrize(
    ("standstill", "soon"),
    [
        ({}, "within seconds"),
        ({"paused_at": "2026-01-01T00:00:00Z", "paused_by": "ops"}, "can be reached again"),
        ({"down_since": "2026-01-01T00:00:00Z"}, "can be reached again"),
    ],
)
def test_nobody_is_promised_an_account_while_nothing_moves(
    page: Client, standstill: dict[str, str], soon: str
) -> None:
    TenantState.objects.update(**standstill)

    answer = page.post(reverse("admin:employees_employee_add"), NEWCOMER)

    assert soon in said(answer)
