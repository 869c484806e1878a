"""What somebody reads when a page can't be had: plain words and a way on, and no stack trace."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.views.defaults import server_error

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PEOPLE = "/admin/employees/employee/"


def says(answer: Any, status: int, title: str) -> None:
    text = answer.content.decode()
    assert answer.status_code == status
    assert f"<h1>{title}</h1>" in text
    assert '<a class="button button-main" href="/">' in text
    assert "site.css" in text


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("break-glass"))
    return client


def test_an_address_that_nobody_knows(browser: Client) -> None:
    says(browser.get("/nowhere/"), 404, "There is nothing here")
    says(browser.get("/admin/nowhere/"), 404, "There is nothing here")


def test_an_address_with_a_filter_that_isnt_there(browser: Client) -> None:
    says(browser.get(f"{PEOPLE}?shoe=42"), 400, "This address can’t be understood")


def test_what_isnt_open_to_somebody(browser: Client) -> None:
    says(browser.get(f"{PEOPLE}1/delete/"), 403, "This isn’t open to you")


def test_a_form_from_before_the_sign_in() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_superuser("break-glass"))

    answer = browser.post(f"{PEOPLE}add/", {"name": "Ada Quill"})

    says(answer, 403, "Please try that again")


def test_a_fault_of_the_console() -> None:
    says(server_error(RequestFactory().get("/")), 500, "Something went wrong here")
