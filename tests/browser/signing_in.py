"""How people get into the console; every browser test that needs a session begins here."""

from playwright.sync_api import Page, expect

from tests.browser.console import ConsoleWithPages


def sign_in_locally(page: Page, console: ConsoleWithPages) -> None:
    """The administrator of the installation, with the password that is kept outside Auth0."""
    page.goto("/admin/login/?next=/admin/")
    page.get_by_label("Username").fill(console.admin)
    page.get_by_label("Password").fill(console.password)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{console.base_url}/admin/")
