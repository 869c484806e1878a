"""How people get into the console; every browser test that needs a session begins here."""

import re

from playwright.sync_api import Page, expect

from tests.browser.console import ConsoleWithPages
from tests.processes import wait_for

PASSWORD = "Corr3ct-horse-battery"


def sign_in_locally(page: Page, console: ConsoleWithPages) -> None:
    """The administrator of the installation, with the password that is kept outside Auth0."""
    page.goto("/login/local/?next=/admin/")
    page.get_by_label("User name").fill(console.admin)
    page.get_by_label("Password").fill(console.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{console.base_url}/admin/")


def hire(console: ConsoleWithPages, name: str, email: str, **columns: str) -> int:
    """Somebody who is there already, written by another program; returns when they are invited."""
    columns = {"auth_method": "auth0", "department": "Office", "workspace": "MS", **columns}
    employee_id = console.insert(name=name, email=email, **columns)
    wait_for(lambda: invitations(console, email), 60, f"{email} is invited")
    return employee_id


def invitations(console: ConsoleWithPages, email: str) -> list[str]:
    """The links in the mails to this address, the newest first."""
    mails = [mail for mail in console.tenant.outbox() if email in mail["to"]]
    return [link for mail in mails for link in mail["links"]]


def open_mail_and_choose_password(page: Page, console: ConsoleWithPages, email: str) -> None:
    """As the person does it: the mail in the outbox, its link, a password typed twice."""
    page.goto(f"{console.tenant.base_url}/outbox")
    page.get_by_role("row", name=re.compile(email)).first.get_by_role("link", name="link 1").click()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_role("heading", name="Password saved")).to_be_visible()


def sign_in_with_auth0(page: Page, console: ConsoleWithPages, email: str) -> None:
    """From the console's page over Auth0's, and back to the person's own page."""
    page.goto("/login/")
    page.get_by_role("button", name="Sign in with Auth0").click()
    page.get_by_label("Email address", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{console.base_url}/")
