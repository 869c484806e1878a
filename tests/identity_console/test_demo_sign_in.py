"""The demo's sample manager gets a password in the stand-in tenant, once."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from employees.kiosks import enrol
from identity_console.demo_sign_in import give_password, kiosk_code, sample_manager
from tests.builders import DOOR, make_employee
from tests.devtenant.builders import make_user, role_id
from tests.devtenant.logging_in import Person, sent_back
from tests.devtenant.running import RunningTenant

ADA = "ada@example.com"


@pytest.fixture(scope="module")
def tenant() -> Iterator[RunningTenant]:
    with RunningTenant() as running:
        yield running


@pytest.fixture
def account(tenant: RunningTenant) -> str:
    tenant.reset()
    tenant.unlimited()
    return make_user(tenant, ADA)


def with_role(tenant: RunningTenant, user_id: str) -> None:
    tenant.api("POST", f"/users/{user_id}/roles", {"roles": [role_id(tenant, "manager")]})


def test_the_password_that_is_printed_signs_her_in(
    tenant: RunningTenant, account: str, tmp_path: Path
) -> None:
    with_role(tenant, account)
    tenant.allow_console("http://127.0.0.1:8000")

    password = give_password(tenant.base_url, ADA, tmp_path / "password")

    person = Person(tenant)
    assert "code" in sent_back(person.submit(ADA, password))
    person.close()
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600


def test_a_second_run_prints_it_again_and_changes_nothing(
    tenant: RunningTenant, account: str, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("the-first")
    before = len(tenant.calls())

    assert give_password(tenant.base_url, ADA, tmp_path / "password") == "the-first"
    assert len(tenant.calls()) == before


def test_without_her_account_or_its_role_there_is_none(
    tenant: RunningTenant, account: str, tmp_path: Path
) -> None:
    assert give_password(tenant.base_url, ADA, tmp_path / "password", wait_s=0.1) == ""
    assert not (tmp_path / "password").exists()


def test_a_tenant_at_its_limit_is_asked_again(
    tenant: RunningTenant, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("identity_console.demo_sign_in.LOOK_EVERY_S", 0.05)
    with_role(tenant, account)
    tenant.fault(kind="status", status=429, match={"method": "PATCH"}, times=1)

    assert give_password(tenant.base_url, ADA, tmp_path / "password") != ""
    assert httpx.get(f"{tenant.base_url}/_faults").json()["faults"][0]["fired"] == 1


@pytest.mark.django_db
def test_she_is_the_first_sample_person_who_may_manage_and_sign_in() -> None:
    manager = {"auth0_role": "manager", "auth_method": "auth0"}
    make_employee(**manager, email="real@example.com")
    make_employee(**manager, connecteam_user_id="sample-1", is_active=False)
    make_employee(**manager, connecteam_user_id="sample-2", email="7@company.com")
    assert sample_manager() == ""
    make_employee(**manager, connecteam_user_id="sample-3", email="Mia@example.com")

    assert sample_manager() == "mia@example.com"


@pytest.mark.django_db
def test_the_code_that_is_printed_makes_a_browser_the_demos_kiosk() -> None:
    first, _ = enrol(kiosk_code(), DOOR)
    again, _ = enrol(kiosk_code(), DOOR)

    assert (first.name, again) == ("Line 1", first)
