"""The log-in against a provider that knows nothing of Auth0: django-oauth-toolkit."""

import html
import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest
from django.test import Client
from pytest_django import Settings

from employees.models import EmployeeUser
from tests.auth0sync.visiting import CONSOLE, asked
from tests.builders import make_employee
from tests.oidc_provider.running import Person, RunningProvider

pytestmark = pytest.mark.once

ADA = Person("subject-of-ada", "ada@example.com", "Ada Quill", "Corr3ct-horse")


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    folder = tmp_path_factory.mktemp("provider")
    with RunningProvider(folder, CONSOLE, [ADA]) as running:
        yield running


@pytest.fixture(autouse=True)
def console(provider: RunningProvider, settings: Settings, db: None) -> None:
    for name, value in provider.console_settings.items():
        setattr(settings, name, value)
    settings.AUTH0_SYNC_ENABLED = False


def come_back(console: Client, provider: RunningProvider) -> str:
    """Through the provider's own log-in form; returns where it sends the browser."""
    url = console.post("/login/auth0/")["Location"]
    with httpx.Client(follow_redirects=False, trust_env=False, timeout=30) as browser:
        answer = browser.get(url)
        while not answer.headers.get("Location", "").startswith(CONSOLE):
            if answer.is_redirect:
                answer = browser.get(urljoin(str(answer.url), answer.headers["Location"]))
                continue
            hidden = dict(
                re.findall(r'name="(csrfmiddlewaretoken|next)"[^>]*value="([^"]*)"', answer.text)
            )
            form = {name: html.unescape(value) for name, value in hidden.items()}
            form |= {"username": ADA.email, "password": ADA.password}
            answer = browser.post(str(answer.url), data=form)
            assert answer.is_redirect, answer.text
    return str(answer.headers["Location"]).removeprefix(CONSOLE)


def test_somebody_known_by_the_subject_signs_in(provider: RunningProvider) -> None:
    ada = make_employee(auth_method="auth0", auth0_user_id=ADA.sub, auth0_role="manager")
    console = Client()

    answer = console.get(come_back(console, provider))

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert EmployeeUser.objects.get().employee == ada
    assert EmployeeUser.objects.get().role == "manager", "no claim: the row's role"


def test_a_verified_email_links_there_too(provider: RunningProvider) -> None:
    ada = make_employee(email="ada@example.com", auth_method="auth0")
    console = Client()

    console.get(come_back(console, provider))

    ada.refresh_from_db()
    assert ada.auth0_user_id == ADA.sub


def test_the_way_out_is_the_providers_own(provider: RunningProvider) -> None:
    make_employee(auth_method="auth0", auth0_user_id=ADA.sub)
    console = Client()
    console.get(come_back(console, provider))

    away = console.post("/logout/")["Location"]

    assert away.startswith(provider.base_url)
    assert asked(away)["client_id"] == provider.client_id
    assert console.get("/").status_code == 302
