"""People who were there before are given accounts, with real processes and a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import invitations, sign_in_locally
from tests.processes import wait_for

pytestmark = pytest.mark.browser
WORKER_MS = 30_000  # for the queue, which begins with the rest of the tests' people


def test_people_are_chosen_looked_at_enrolled_and_taken_back(
    page: Page, console: ConsoleWithPages
) -> None:
    place = {"department": "Engraving", "workspace": "MS", "auth_method": "pin"}
    email = "enid.engraver@example.com"
    console.insert(name="Enid Engraver", email=email, **place)
    console.insert(name="Edgar Engraver", **place)
    sign_in_locally(page, console)

    page.goto("/admin/")
    page.get_by_role("link", name="Give them one").click()
    page.locator("[name=department]").select_option("Engraving")
    page.get_by_role("button", name="Look who would get one").click()
    headline = page.get_by_text("Gives 1 person in Mississippi an Auth0 account.")
    expect(headline).to_be_visible(timeout=WORKER_MS)
    page.get_by_role("link", name="No usable e-mail 1").click()
    expect(page.get_by_role("row", name="Edgar Engraver")).to_contain_text("There is no e-mail.")
    assert console.tenant.user_by_email(email) is None

    page.get_by_role("button", name="Give 1 person an account").click()
    expect(page.get_by_text("1 of 1 accounts are there.")).to_be_visible(timeout=WORKER_MS)
    row = page.get_by_role("row", name="Enid Engraver")
    expect(row).to_contain_text("Created, e-mail not verified", timeout=WORKER_MS)
    wait_for(lambda: invitations(console, email), 30, "she is invited")

    page.get_by_text("Undo this enrolment").click()
    page.get_by_role("button", name="Back to the PIN for 1 person").click()
    expect(page.get_by_text("1 of 1 are back at the PIN.")).to_be_visible(timeout=WORKER_MS)
    wait_for(
        lambda: (console.tenant.user_by_email(email) or {}).get("blocked"),
        30,
        "her account is shut",
    )
