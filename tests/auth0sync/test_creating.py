"""An employee who should have an account gets exactly one."""

from datetime import date

from django.core.mail import EmailMessage

from auth0sync.engine import sync
from auth0sync.models import Account
from employees.models import Employee
from employees.services import add_employee
from tests.devtenant.running import RunningTenant


def add(**over: object) -> Employee:
    values = {"name": "Ana O'Brien Ortiz", "email": "ana@example.com", "auth_method": "hybrid"}
    return add_employee({**values, **over}, "work", "admin:1")


def test_the_account_the_role_and_the_invitation_exist_after_one_sync(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = add(department="Heat Press", auth0_role="team_lead", hire_date=date(2026, 11, 23))

    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["roles"] == ["team_lead"]
    assert account["name"] == "Ana O'Brien Ortiz"
    assert account["user_metadata"]["hire_date"] == "2026-11-23"
    assert account["app_metadata"]["department_code"] == "HP"
    assert mailoutbox[0].to == ["ana@example.com"]
    assert "/u/reset-password?ticket=" in str(mailoutbox[0].body)
    ana.refresh_from_db()
    assert ana.auth0_user_id == account["user_id"]
    assert ana.auth0_sync_status == "created"
    assert Account.objects.get(pk=ana.pk).is_clean
