"""An import as a manager lives it: upload, preview, confirm, progress, result, undo."""

import re

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import OpenPage
from tests.browser.console import ConsoleWithPages
from tests.browser.importing import IMPORTS
from tests.browser.signing_in import sign_in_locally

pytestmark = pytest.mark.browser

A_WORKER_S = 30_000  # milliseconds; how long the worker may take on a busy machine
FILE = (
    "Full name;Mail;Dept;Site\n"
    "José Núñez;jose.nunez@example.com;Picking;TX\n"
    "Beth Winters;beth.winters@example.com;Packing;MS\n"
    "Cleo Ruiz;cleo.ruiz@example;Packing;MS\n"
)


def test_from_the_file_to_the_people_and_back(
    open_page: OpenPage, console: ConsoleWithPages
) -> None:
    page = open_page()
    sign_in_locally(page, console)
    page.goto("/admin/employees/employee/")
    page.get_by_role("link", name="Import", exact=True).click()

    # The file is read by the worker; the page goes on by itself.
    page.get_by_label("File", exact=True).set_input_files(
        FilePayload(name="joiners.csv", mimeType="text/csv", buffer=FILE.encode("cp1252"))
    )
    expect(page.get_by_label("Department")).to_have_value("")
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_text("Adds 2 people")).to_be_visible(timeout=A_WORKER_S)
    expect(page.get_by_role("row", name=re.compile("José Núñez"))).to_contain_text("Texas")
    expect(page.get_by_text("doesn't look like an e-mail")).to_be_visible()
    assert not console.sql("SELECT id FROM employees WHERE email = 'jose.nunez@example.com'")

    # What is wrong comes back as a file.
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    mended = saved.value.path().read_text(encoding="utf-8-sig")
    assert mended.splitlines()[0] == "Full name,Mail,Dept,Site,Problem"
    assert "Line 4, Mail: This doesn't look like an e-mail" in mended.splitlines()[1]

    # Confirmed, carried out, and two accounts are on their way.
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("2 added.")).to_be_visible(timeout=A_WORKER_S)
    (row,) = console.sql("SELECT id FROM employees WHERE email = 'jose.nunez@example.com'")
    page.get_by_role("link", name="José Núñez").click()
    status = page.locator(f"[data-standing='{row['id']}']").first
    expect(status).to_have_text("Created, e-mail not verified", timeout=A_WORKER_S)

    # Undone: archived and blocked, not deleted.
    page.goto(IMPORTS)
    page.get_by_role("link", name="joiners.csv").click()
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_text("2 people who were added")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 taken back.")).to_be_visible(timeout=A_WORKER_S)
    (gone,) = console.sql("SELECT is_active, archived_at FROM employees WHERE id = %s", row["id"])
    assert not gone["is_active"]
    assert gone["archived_at"]
