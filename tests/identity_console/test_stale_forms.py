"""A form of before a log-in in another tab, or of a browser that keeps no cookies."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.auth0sync.visiting import heading

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PASSWORD = "a-long-enough-passphrase"


def form(browser: Client, **more: str) -> dict[str, str]:
    """The emergency log-in's form, with the token that its page holds."""
    page = browser.get("/login/local/").content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    return {"csrfmiddlewaretoken": token, **more}


@pytest.mark.parametrize("path", ["/login/auth0/", "/logout/", "/me/password/", "/admin/"])
def test_a_form_of_before_a_log_in_in_another_tab_is_told_in_plain_words(path: str) -> None:
    User.objects.create_superuser("boss", "", PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    old = form(browser)
    browser.post("/login/local/", form(browser, username="boss", password=PASSWORD))

    answer = browser.post(path, old)

    assert (answer.status_code, heading(answer)) == (403, "Please try that again")
    assert b"CSRF" not in answer.content
    assert browser.get("/").status_code == 200, "the session goes on"


def test_a_browser_without_cookies_is_told_so() -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/auth0/")

    assert answer.status_code == 403
    assert b"allow cookies for this site" in answer.content
