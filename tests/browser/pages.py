"""Every page that ``make screenshots`` shows: a new page needs one more entry in ``PAGES``."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import (
    hire,
    open_mail_and_choose_password,
    sign_in_locally,
    sign_in_with_auth0,
)
from tests.processes import wait_for

EMPLOYEES = "/admin/employees/employee/"
NOBODY = "nobody"
ADMIN = "admin"
MANAGER = "manager"
MANAGERS_EMAIL = "plant.manager@example.com"


# How each of them gets a session; NOBODY has none.
def sign_in_as_manager(page: Page, console: ConsoleWithPages) -> None:
    """A sample manager with her Auth0 account; at the first time she has to be invited."""
    if not console.sql("SELECT id FROM employees WHERE email = %s", MANAGERS_EMAIL):
        hire(console, "Paula Plant", MANAGERS_EMAIL, auth0_role="manager")
        open_mail_and_choose_password(page, console, MANAGERS_EMAIL)
    sign_in_with_auth0(page, console, MANAGERS_EMAIL)


SIGN_IN: dict[str, Callable[[Page, ConsoleWithPages], None]] = {
    ADMIN: sign_in_locally,
    MANAGER: sign_in_as_manager,
}


def as_it_is(_page: Page) -> None:
    """Nothing has to be done to the page before the picture."""


@dataclass(frozen=True)
class Shown:
    """One page to be shown.

    name: of its pictures. address: below the console's root or a whole one; a function is asked
    when the sample people are there. who: whose session, a key of ``SIGN_IN`` or NOBODY.
    prepare: what is done to the page before the picture; it happens once a picture, so it may
    not change what the next one shows.
    """

    name: str
    address: str | Callable[[ConsoleWithPages], str]
    who: str = ADMIN
    prepare: Callable[[Page], None] = as_it_is

    def address_on(self, console: ConsoleWithPages) -> str:
        """Where it is on this console."""
        return self.address if isinstance(self.address, str) else self.address(console)


def the_held_batch(console: ConsoleWithPages) -> str:
    """The page of a batch: another program has switched off more people than may leave at once."""
    if not console.sql("SELECT id FROM auth0_staged_batches"):
        console.sql("UPDATE employees SET is_active = 0 WHERE auth0_sync_status = 'created'")
        held = "SELECT id FROM auth0_staged_batches"
        wait_for(lambda: console.sql(held), 60, "they are held")
    (row,) = console.sql("SELECT MIN(id) AS id FROM auth0_staged_batches")
    return f"/admin/auth0sync/stagedbatch/{row['id']}/change/"


def somebody_with(status: str) -> Callable[[ConsoleWithPages], str]:
    """The page of a sample person whose account has this status."""

    def address(console: ConsoleWithPages) -> str:
        (row,) = console.sql(
            "SELECT MIN(id) AS id FROM employees WHERE auth0_sync_status = %s", status
        )
        return f"/admin/employees/employee/{row['id']}/change/"

    return address


def somebody_without_account(console: ConsoleWithPages) -> str:
    """The page of a sample person who has only a PIN."""
    (row,) = console.sql("SELECT MIN(id) AS id FROM employees WHERE auth0_sync_status IS NULL")
    return f"/admin/employees/employee/{row['id']}/change/"


def page_below(part: str) -> Callable[[ConsoleWithPages], str]:
    """A page of the first active sample person, such as their history."""

    def address(console: ConsoleWithPages) -> str:
        (row,) = console.sql("SELECT MIN(id) AS id FROM employees WHERE is_active = 1")
        return f"{EMPLOYEES}{row['id']}/{part}/"

    return address


def choose_spanish(page: Page) -> None:
    """The kiosk in its other language."""
    page.get_by_role("button", name="Español").click()
    page.get_by_role("heading", name="Su número de empleado").wait_for()


def type_a_number(page: Page, number: str = "999999") -> None:
    """Go on to the kiosk's second step."""
    page.locator("#number").fill(number)
    page.keyboard.press("Enter")
    page.wait_for_url("**/kiosk/pin/")


def type_a_wrong_pin(page: Page) -> None:
    """Have the kiosk refuse somebody."""
    type_a_number(page)
    page.locator("#pin").fill("8452")
    page.keyboard.press("Enter")
    page.locator("[data-note]:not([hidden])").wait_for()


def sign_in_at_the_kiosk(page: Page) -> None:
    """As the first sample person, whose PIN follows from her number."""
    from employees.sample import sample_person  # when Django is set up

    type_a_number(page, "1")
    page.locator("#pin").fill(sample_person(1, "company.com").pin)
    page.keyboard.press("Enter")
    page.wait_for_url("**/kiosk/me/")


def go_and_change_the_pin(page: Page) -> None:
    """The page behind the greeting."""
    sign_in_at_the_kiosk(page)
    page.get_by_role("link", name="Change PIN").click()


def go_to_the_tenant(page: Page) -> None:
    """The stand-in's log-in page, by the console's button."""
    page.get_by_role("button", name="Sign in with Auth0").click()
    page.get_by_label("Password", exact=True).wait_for()


def save_with_a_wrong_address(page: Page) -> None:
    """Have the form say what it doesn't take; nobody is saved."""
    page.locator("[name=name]").fill("Ada Quill")
    page.locator("[name=email]").fill("ada.quill@example")
    page.locator("[name=_save]").first.click()
    page.locator("[name=email][aria-invalid=true]").wait_for()


def choose_somebody(page: Page) -> None:
    """Tick the first person in the list, so that what can be done with her shows."""
    page.locator("input.action-select").first.check()


def ask_to_invite_everybody(page: Page) -> None:
    """Go on to the page that says who would get a mail."""
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("send_invitation_again")
    page.locator("#changelist-form button[name=index]").first.click()
    page.get_by_role("heading", name="Send the invitation again").wait_for()


def save_when_signed_out(page: Page) -> None:
    """Have the form say that the session has ended."""
    page.locator("[name=name]").fill("Ada Quill")
    page.context.clear_cookies()
    page.locator("[name=_save]").first.click()
    page.get_by_text("You are signed out, so nothing was saved").wait_for()


PAGES = (
    Shown("sign-in", "/login/", NOBODY),
    Shown("sign-in-local", "/login/local/", NOBODY),
    Shown("sign-in-refused", "/complete/auth0/?error=unauthorized", NOBODY),
    Shown("own-page", "/", MANAGER),
    Shown("own-page-of-the-administrator", "/"),
    Shown("kiosk", "/kiosk/", NOBODY),
    Shown("kiosk-spanish", "/kiosk/", NOBODY, prepare=choose_spanish),
    Shown("kiosk-pin", "/kiosk/", NOBODY, prepare=type_a_number),
    Shown("kiosk-wrong", "/kiosk/", NOBODY, prepare=type_a_wrong_pin),
    Shown("kiosk-greeting", "/kiosk/", NOBODY, prepare=sign_in_at_the_kiosk),
    Shown("kiosk-change-pin", "/kiosk/", NOBODY, prepare=go_and_change_the_pin),
    Shown("tenant-log-in", "/login/", NOBODY, prepare=go_to_the_tenant),
    Shown("start", "/admin/"),
    Shown("employees", EMPLOYEES),
    Shown("employees-chosen", EMPLOYEES, prepare=choose_somebody),
    Shown("employees-invite-many", EMPLOYEES, prepare=ask_to_invite_everybody),
    Shown("employees-none-found", f"{EMPLOYEES}?q=nobody+is+called+this"),
    Shown("employee-add", f"{EMPLOYEES}add/"),
    Shown("employee-add-refused", f"{EMPLOYEES}add/", prepare=save_with_a_wrong_address),
    Shown("employee-add-signed-out", f"{EMPLOYEES}add/", prepare=save_when_signed_out),
    Shown("employee-with-account", somebody_with("created")),
    Shown("employee-without-account", somebody_without_account),
    Shown("employee-deactivate", page_below("deactivate")),
    Shown("employee-steps", page_below("steps")),
    Shown("employee-history", page_below("history")),
    Shown("employee-random-pin", page_below("random_pin")),
    Shown("employee-type-pin", page_below("type_pin")),
    Shown("attention", f"{EMPLOYEES}attention/"),
    Shown("employee-retry", page_below("retry")),
    Shown("cannot-work", f"{EMPLOYEES}cannot-work/"),
    Shown("sync-log", "/admin/auth0sync/synclog/"),
    Shown("podfactory-mappings", "/admin/employees/podfactorymapping/"),
    Shown("roles", "/admin/employees/roleconfig/"),
    Shown("users", "/admin/auth/user/"),
    Shown("tenant", lambda console: f"{console.tenant.base_url}/", NOBODY),
    Shown("tenant-outbox", lambda console: f"{console.tenant.base_url}/outbox", NOBODY),
    # Last, since every page has the banner from then on.
    Shown("held-changes", the_held_batch),
    Shown("held-changes-list", "/admin/auth0sync/stagedbatch/"),
)
