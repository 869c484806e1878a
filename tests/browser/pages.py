"""Every page that ``make screenshots`` shows: a new page needs one more entry in ``PAGES``."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import sign_in_locally

EMPLOYEES = "/admin/employees/employee/"
NOBODY = "nobody"
ADMIN = "admin"

# How each of them gets a session; NOBODY has none.
SIGN_IN: dict[str, Callable[[Page, ConsoleWithPages], None]] = {ADMIN: sign_in_locally}


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


def save_with_a_wrong_address(page: Page) -> None:
    """Have the form say what it doesn't take; nobody is saved."""
    page.locator("[name=name]").fill("Ada Quill")
    page.locator("[name=email]").fill("ada.quill@example")
    page.locator("[name=_save]").first.click()
    page.locator("[name=email][aria-invalid=true]").wait_for()


def choose_somebody(page: Page) -> None:
    """Tick the first person in the list, so that what can be done with her shows."""
    page.locator("input.action-select").first.check()


PAGES = (
    Shown("sign-in-local", "/admin/login/", NOBODY),
    Shown("start", "/admin/"),
    Shown("employees", EMPLOYEES),
    Shown("employees-chosen", EMPLOYEES, prepare=choose_somebody),
    Shown("employees-none-found", f"{EMPLOYEES}?q=nobody+is+called+this"),
    Shown("employee-add", f"{EMPLOYEES}add/"),
    Shown("employee-add-refused", f"{EMPLOYEES}add/", prepare=save_with_a_wrong_address),
    Shown("employee-with-account", somebody_with("created")),
    Shown("employee-without-account", somebody_without_account),
    Shown("employee-deactivate", page_below("deactivate")),
    Shown("employee-history", page_below("history")),
    Shown("cannot-work", f"{EMPLOYEES}cannot-work/"),
    Shown("sync-log", "/admin/auth0sync/synclog/"),
    Shown("podfactory-mappings", "/admin/employees/podfactorymapping/"),
    Shown("roles", "/admin/employees/roleconfig/"),
    Shown("users", "/admin/auth/user/"),
    Shown("password-change", "/admin/password_change/"),
    Shown("tenant", lambda console: f"{console.tenant.base_url}/", NOBODY),
    Shown("tenant-outbox", lambda console: f"{console.tenant.base_url}/outbox", NOBODY),
)
