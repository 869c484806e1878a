"""Every page that ``make screenshots`` shows: a new page needs one more entry in ``PAGES``."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from playwright.sync_api import FilePayload, Page

from tests.browser.console import ConsoleWithPages
from tests.browser.importing import IMPORTS, an_import, one_that_is_being_carried_out
from tests.browser.kiosk import enter
from tests.browser.sheets import side_by_side_of, the_difference, with_a_sheet
from tests.browser.signing_in import (
    hire,
    invitations,
    open_mail_and_choose_password,
    sign_in_locally,
    sign_in_with_auth0,
)
from tests.browser.states import (
    a_door_is_open,
    a_month_has_passed,
    ago,
    as_ever,
    looked,
    people_wait,
    restored,
    switched_off,
    tenant_down,
    update_paused,
)
from tests.processes import wait_for

EMPLOYEES = "/admin/employees/employee/"
NOBODY = "nobody"
ADMIN = "admin"
MANAGER = "manager"
KIOSK = "kiosk"  # a browser that was set up as one
MANAGERS_EMAIL = "plant.manager@example.com"


# How each of them gets a session; NOBODY has none.
def sign_in_as_manager(page: Page, console: ConsoleWithPages) -> None:
    """A sample manager with her Auth0 account; at the first time she has to be invited."""
    if not console.sql("SELECT id FROM employees WHERE email = %s", MANAGERS_EMAIL):
        hire(console, "Paula Plant", MANAGERS_EMAIL, auth0_role="manager")
        open_mail_and_choose_password(page, console, MANAGERS_EMAIL)
    sign_in_with_auth0(page, console, MANAGERS_EMAIL)


def set_up_as_a_kiosk(page: Page, console: ConsoleWithPages) -> None:
    """Have the browser be the kiosk “Line 3”, with a code that an administrator made."""
    page.goto("/kiosk/enrol/")
    enter(page, console.kiosk_code("Line 3"), "/kiosk/")


SIGN_IN: dict[str, Callable[[Page, ConsoleWithPages], None]] = {
    ADMIN: sign_in_locally,
    MANAGER: sign_in_as_manager,
    KIOSK: set_up_as_a_kiosk,
}


def as_it_is(_page: Page) -> None:
    """Nothing has to be done to the page before the picture."""


@dataclass(frozen=True)
class Shown:
    """One page to be shown.

    name: of its pictures. address: below the console's root or a whole one; a function is asked
    when the sample people are there. who: whose session, a key of ``SIGN_IN`` or NOBODY.
    prepare: what is done to the page before the picture; it happens once a picture, so it may
    not change what the next one shows. during: a state that begins before the picture and ends
    after it.
    """

    name: str
    address: str | Callable[[ConsoleWithPages], str]
    who: str = ADMIN
    prepare: Callable[[Page], None] = as_it_is
    during: Callable[[ConsoleWithPages], AbstractContextManager[None]] = as_ever

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


def the_import_jobs(console: ConsoleWithPages) -> str:
    """The list of import jobs: one that is over, and one that waits for its turn."""
    if not console.sql("SELECT id FROM auth0_import_jobs"):
        console.sql(
            "INSERT INTO auth0_import_jobs (state, auth0_id, people, inserted, refused, doubtful,"
            " attempts, error, lease, next_at, made_at, sent_at, ended_at, over_at) VALUES"
            " ('over', 'job_sample', 500, 498, 2, 0, 0, '', '', %s, %s, %s, %s, %s),"
            " ('sent', 'job_other', 500, 0, 0, 0, 0, '', '', %s, %s, %s, NULL, NULL)",
            *["2026-11-27 09:00:00"] * 5,
            *["2036-11-27 09:00:00", "2026-11-27 09:00:00", "2026-11-27 09:00:00"],
        )
    return "/admin/auth0sync/importjob/"


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


def somebody_in_podfactory(console: ConsoleWithPages) -> str:
    """The page of a sample person whom PodFactory finds by the name in its table."""
    (row,) = console.sql(
        "SELECT MIN(e.id) AS id FROM employees e JOIN employee_podfactory_mapping_v2 m "
        "ON m.employee_id = e.id WHERE e.is_active = 1 AND m.podfactory_name = e.name"
    )
    return f"{EMPLOYEES}{row['id']}/change/"


def page_below(part: str) -> Callable[[ConsoleWithPages], str]:
    """A page of the first active sample person, such as their history."""

    def address(console: ConsoleWithPages) -> str:
        (row,) = console.sql("SELECT MIN(id) AS id FROM employees WHERE is_active = 1")
        return f"{EMPLOYEES}{row['id']}/{part}/"

    return address


# Long, with an apostrophe, and in another script: what a form and a list have to bear.
LONG_NAME = "Siobhán O'Connell-Featherstonehaugh de la Villa-Rodríguez"
OTHER_SCRIPT = "Олександра Шевченко-Мельниченко"


def number_of(console: ConsoleWithPages, email: str) -> int | None:
    """Whose e-mail this is, or None."""
    found = console.sql("SELECT id FROM employees WHERE email = %s", email)
    return int(found[0]["id"]) if found else None


def somebody_refused(part: str) -> Callable[[ConsoleWithPages], str]:
    """A page of somebody whose account can't be made: another one in Auth0 has the e-mail.

    That one has signed in and never proved the e-mail, so that a person has to decide.
    """
    email = "siobhan.oconnell-featherstonehaugh@villa-rodriguez.example.com"

    def address(console: ConsoleWithPages) -> str:
        number = number_of(console, email)
        if number is None:
            made = console.tenant.api("POST", "/users", other_account(email))
            console.tenant.login(made.json()["user_id"])
            who = {"auth_method": "auth0", "department": "Office", "workspace": "MS"}
            number = console.insert(name=LONG_NAME, email=email, **who)
            wait_for(lambda: status_of(console, number) == "failed", 60, "she is refused")
        return f"{EMPLOYEES}{number}/{part}/"

    return address


def other_account(email: str) -> dict[str, object]:
    """What another program tells Auth0 when it makes an account."""
    return {
        "connection": "Username-Password-Authentication",
        "email": email,
        "email_verified": False,
        "name": "S. O'Connell",
        "password": "Corr3ct-horse-battery",
    }


def status_of(console: ConsoleWithPages, number: int) -> str | None:
    """As it stands in the row."""
    status: str | None = console.employee(number)["auth0_sync_status"]
    return status


def somebody_added(console: ConsoleWithPages) -> str:
    """The page that takes back that somebody was added, who has an account and a mail by now."""
    email = "oleksandra@example.com"
    if number_of(console, email) is None:
        columns = {"name": OTHER_SCRIPT, "email": email, "auth_method": "auth0"}
        console.manage(
            "shell",
            "-c",
            "from employees import authority, services\n"
            "admin = authority.Actor(name='admin:1', role='admin')\n"
            f"services.add_employee({columns!r}, 'work', admin)",
        )
        wait_for(lambda: invitations(console, email), 60, "she is invited")
    return f"{EMPLOYEES}{number_of(console, email)}/undo-change/"


def somebody_who_has_to_stay(console: ConsoleWithPages) -> str:
    """The same page of somebody whom it can't take back: the account was there before."""
    email = "theo.quill@example.com"
    number = number_of(console, email)
    if number is None:
        console.tenant.api("POST", "/users", other_account(email) | {"email_verified": True})
        who = {"auth_method": "auth0", "department": "Office", "workspace": "MS"}
        number = console.insert(name="Theo Quill", email=email, **who)
        wait_for(lambda: status_of(console, number) == "verified", 60, "he is linked")
    return f"{EMPLOYEES}{number}/undo-change/"


LEAVES, JOINS = "lena.marsh@example.com", "ben.ash@example.com"


def somebody_planned(email: str, part: str) -> Callable[[ConsoleWithPages], str]:
    """A page of somebody who leaves, or joins, as planned; one more was refused to leave."""

    def address(console: ConsoleWithPages) -> str:
        if number_of(console, email) is None:
            console.manage("shell", "-c", PLANS.format(name=LONG_NAME, leaves=LEAVES, joins=JOINS))
        return f"{EMPLOYEES}{number_of(console, email)}/{part}/"

    return address


def joining_and_leaving(console: ConsoleWithPages) -> str:
    """The list of them."""
    somebody_planned(LEAVES, "change")(console)
    return f"{EMPLOYEES}joining-leaving/"


PLANS = """
from datetime import timedelta
from django.utils import timezone
from employees import authority, planning, services
from employees.models import PlannedMove
admin = authority.Actor(name="admin:1", role="admin")
now = timezone.now().replace(minute=0, second=0, microsecond=0)
lena = services.add_employee({{"name": "{name}", "email": "{leaves}"}}, "none", admin)
planning.plan_leaving(lena.pk, now + timedelta(days=7), admin, "End of the season")
for number, name in enumerate(("Ada Quill", "Ben Ash")):
    values = {{"name": name, "department": "Picking", "workspace": "TX"}}
    values["email"] = "{joins}" if number else None
    planning.add_joining(values, "none", admin, now + timedelta(days=3 + number))
kay = services.add_employee({{"name": "Kay Orr", "department": "Office"}}, "none", admin)
planning.plan_leaving(kay.pk, now + timedelta(days=1), admin)
PlannedMove.objects.filter(employee=kay).update(
    state="failed", at=now - timedelta(days=1), ended_at=now,
    note="This is the last administrator: make somebody else an administrator first.")
"""


JOINER = "wei.marsh@example.com"


def who_joins(page: str) -> Callable[[ConsoleWithPages], str]:
    """The page of joiners, some of whom aren't ready in time; "" for that of one of them."""

    def address(console: ConsoleWithPages) -> str:
        if number_of(console, JOINER) is None:
            they_join(console)
        return page or f"{EMPLOYEES}{number_of(console, JOINER)}/change/"

    return address


def they_join(console: ConsoleWithPages) -> None:
    """One whose invitation expired, one who has signed in, and two who lack something."""
    today = datetime.now(UTC).date()
    places = {"department": "Picking", "workspace": "TX"}
    for name, email, days in (("Wei Marsh", JOINER, 1), ("Ada Ash", "ada.ash@example.com", 9)):
        number = hire(console, name, email, hire_date=f"{today + timedelta(days=days)}", **places)
    out = "SELECT 1 FROM auth0_accounts WHERE employee_id = %s AND invitation = 'sent'"
    for email in (JOINER, "ada.ash@example.com"):
        pk = number_of(console, email)
        wait_for(partial(console.sql, out, pk), 60, "the mail is out")
    console.sql(
        "UPDATE auth0_accounts SET first_mail_at = %s, invitation_sent_at = %s, ticket_until = %s"
        " WHERE employee_id = %s",
        *(ago(4400), ago(4400), ago(60), number_of(console, JOINER)),
    )
    console.sql(
        "UPDATE auth0_accounts SET first_login_at = %s WHERE employee_id = %s", ago(-90), number
    )
    console.sql(
        "UPDATE employees SET auth0_sync_status = 'verified', auth0_email_verified_at = %s"
        " WHERE id = %s",
        *(ago(-60), number),
    )
    console.insert(name=LONG_NAME, auth_method="auth0", hire_date=f"{today}", **places)
    console.insert(name="Kay Quill", auth_method="pin", hire_date=f"{today}", **places)
    mails = ("success", "", 212), ("failed", "mail_refused", 4), ("failed", "mail_came_back", 2)
    for status, code, times in mails:
        for _ in range(times):
            console.sql(
                "INSERT INTO auth0_sync_logs (auth0_user_id, action, status, response_data,"
                " created_at, actor, duration_ms, attempt, error_code, request_id)"
                " VALUES ('', 'send invitation', %s, '{}', %s, '', 0, 0, %s, '')",
                *(status, ago(90), code),
            )


TO_REVIEW = "page.of.reviews@example.com"


def reviewed(part: str) -> Callable[[ConsoleWithPages], str]:
    """A page about whom other programs added: one may be two who are here, one is nobody yet.

    part: "review/", "outside/", or that of a row: "review", "merge", "change"; "undo-merge" is of
    one that was merged.
    """

    def address(console: ConsoleWithPages) -> str:
        if number_of(console, TO_REVIEW) is None:
            console.manage("shell", "-c", REVIEWS.format(name=LONG_NAME, email=TO_REVIEW))
        if part in ("review/", "outside/"):
            return f"{EMPLOYEES}{part}"
        state = "merged" if part == "undo-merge" else "open"
        (row,) = console.sql(
            "SELECT MIN(employee_id) AS id FROM employee_reviews WHERE state = %s", state
        )
        kept = number_of(console, TO_REVIEW)
        return f"{EMPLOYEES}{row['id']}/{part}/" + (f"?with={kept}" if part == "merge" else "")

    return address


REVIEWS = """
from employees import authority, history, services
from employees.models import Employee, PodFactoryMapping
from employees.review_merging import merge
from employees.review_preview import token_of
admin = authority.Actor(name="admin:1", role="admin")
values = {{"name": "Ana Ortiz", "department": "Picking", "email": "{email}"}}
ana = services.add_employee(values, "none", admin)
services.deactivate(services.add_employee({{"name": "Ana M. Ortiz"}}, "none", admin).pk, admin)
def by_sql(connecteam, **columns):
    row = Employee(connecteam_user_id=connecteam, auth_method="pin", **columns)
    row.save(force_insert=True)
    history.notice_changes([row.pk])
    return Employee.objects.get(pk=row.pk)
first = by_sql("7700101", name="ORTIZ VEGA, Ana", email="7700101@company.com",
               phone_number="+1 601 555 0142", hire_date="2026-11-02")
mapped = by_sql(None, name="ortiz.ana", email="ana.ortizhp@example.com", hire_date="2026-11-20")
PodFactoryMapping.objects.create(employee=mapped, podfactory_email=mapped.email)
by_sql("7700102", name="{name}", email="7700102@company.com")
again = by_sql("7700103", name="A. Ortiz", email="7700103@company.com")
kept = Employee.objects.get(pk=ana.pk)
merge(again.pk, kept.pk, [], admin, token_of(again, kept))
for _ in range(2):
    services.change_employee(first.pk, {{"name": "Ana Ortiz Vega"}}, admin)
    Employee.objects.filter(pk=first.pk).update(name="ORTIZ VEGA, Ana")
    history.notice_changes([first.pk])
"""


def somebody_who_left(part: str) -> Callable[[ConsoleWithPages], str]:
    """A page of somebody who was switched off by another program, and whose account is blocked."""

    def address(console: ConsoleWithPages) -> str:
        email = "ada.quill@example.com"
        number = number_of(console, email)
        if number is None:
            number = hire(console, "Ada Quill", email)
            console.sql("UPDATE employees SET is_active = 0 WHERE id = %s", number)
            blocked = (
                "SELECT 1 FROM auth0_sync_logs WHERE employee_id = %s AND action = 'block account'"
            )
            wait_for(lambda: console.sql(blocked, number), 60, "her account is blocked")
        return f"{EMPLOYEES}{number}/{part}/"

    return address


def an_enrolment(ends: str, show: str = "") -> Callable[[ConsoleWithPages], str]:
    """The page of an enrolment that waits to be confirmed ("preview"), or is carried out ("done").

    show: the tab. One for each state: it isn't begun again for the next picture.
    """

    def address(console: ConsoleWithPages) -> str:
        found = "SELECT id FROM employee_mass_changes WHERE kind = 'enrolment' AND state = %s"
        if not console.sql(found, ends):
            console.manage("shell", "-c", ENROL)
            wait_for(lambda: not console.sql(found, "reading"), 60, "everybody was looked at")
            if ends == "done":
                console.manage("shell", "-c", CONFIRM)
                wait_for(lambda: console.sql(found, ends), 60, "it is carried out")
        (row, *_) = console.sql(found, ends)
        return f"{EMPLOYEES}enrolment/{row['id']}/{show}"

    return address


ENROL = """
from auth0sync.enrolling import Whom, begin
from auth0sync.enrolment import Choice
from employees.authority import Actor
begin(Whom(), Choice(), Actor("admin:1", role="admin"), "Everybody with a PIN alone")
"""
CONFIRM = """
from employees.authority import Actor
from employees.mass import changes
from employees.mass.models import MassChange
change = MassChange.objects.filter(kind="enrolment", state="preview").latest("pk")
changes.confirm(change.pk, change.version, Actor("admin:1", role="admin"))
"""


def somebody_who_waits(console: ConsoleWithPages) -> str:
    """The step view of the first who waits; for a state in which somebody does."""
    (row,) = console.sql(
        "SELECT MIN(employee_id) AS id FROM auth0_accounts WHERE due_seq <> done_seq"
    )
    return f"{EMPLOYEES}{row['id']}/steps/"


def choose_pin_alone(page: Page) -> None:
    """On the form of a person: what it would do is said beside it."""
    page.locator("#id_auth_method").select_option("pin")


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


def sign_in_at_the_kiosk(page: Page, number: int = 1) -> None:
    """As a sample person, whose PIN follows from the number."""
    from employees.sample import sample_person  # when Django is set up

    type_a_number(page, str(number))
    page.locator("#pin").fill(sample_person(number, "company.com").pin)
    page.keyboard.press("Enter")
    page.wait_for_url("**/kiosk/me/")


def help_at_the_kiosk(page: Page) -> None:
    """As a team lead of the sample people who has a PIN: whom she can help."""
    from employees.sample import sample_person  # when Django is set up

    people = (sample_person(number, "company.com") for number in range(1, 80))
    lead = next(
        each
        for each in people
        if each.auth0_role == "team_lead" and each.is_active and each.auth_method != "auth0"
    )
    sign_in_at_the_kiosk(page, lead.number)
    page.get_by_role("link", name="Help a colleague").click()


def help_somebody(page: Page) -> None:
    """The first of her people, with their number."""
    help_at_the_kiosk(page)
    page.locator(".names a").first.click()


def ask_for_her_own_pin(page: Page) -> None:
    """Before the colleague gets a new PIN."""
    help_somebody(page)
    page.get_by_role("link", name="New PIN").click()


def make_a_code(page: Page) -> None:
    """The code of a kiosk, shown this once."""
    page.get_by_role("button", name="Make the code").click()
    page.locator("output").wait_for()


def send_a_test(page: Page) -> None:
    """The alerts after their test button."""
    page.get_by_role("button", name="Send a test").click()
    page.get_by_text("The test went out by e-mail.").wait_for()


def the_kiosk(part: str) -> Callable[[ConsoleWithPages], str]:
    """A page of a kiosk in the admin."""

    def address(console: ConsoleWithPages) -> str:
        console.kiosk_code("Texas, packing 12")
        (row,) = console.sql("SELECT MAX(id) AS id FROM kiosks")
        return f"/admin/employees/kiosk/{row['id']}/{part}/"

    return address


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


def rename(page: Page) -> None:
    """Have the form ask about a name under which PodFactory finds nobody; nothing is saved."""
    page.locator("[name=name]").fill("Ada Quill")
    page.locator("[name=_save]").first.click()
    page.get_by_text("PodFactory would miss somebody").first.wait_for()


def save_when_signed_out(page: Page) -> None:
    """Have the form say that the session has ended."""
    page.locator("[name=name]").fill("Ada Quill")
    page.context.clear_cookies()
    page.locator("[name=_save]").first.click()
    page.get_by_text("You are signed out, so nothing was saved").wait_for()


def upload_a_picture(page: Page) -> None:
    """Have the form say why this is no list of people."""
    picture = FilePayload(name="people.csv", mimeType="text/csv", buffer=b"\x89PNG" + bytes(50))
    page.get_by_label("File", exact=True).set_input_files(picture)
    page.get_by_role("button", name="Upload and preview").click()
    page.locator(".mass-error").wait_for()


def open_how_it_was_read(page: Page) -> None:
    """What the file was read as, and what can be corrected."""
    page.locator(".mass-reading summary").click()


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
    Shown("kiosk-no-network", "/kiosk/offline/", NOBODY),
    Shown("kiosk-greeting", "/kiosk/", NOBODY, prepare=sign_in_at_the_kiosk),
    Shown("kiosk-change-pin", "/kiosk/", NOBODY, prepare=go_and_change_the_pin),
    Shown("kiosk-enrol", "/kiosk/enrol/", NOBODY),
    Shown("kiosk-set-up", "/kiosk/", KIOSK),
    Shown("kiosk-set-up-pin", "/kiosk/", KIOSK, prepare=type_a_number),
    Shown("kiosk-help", "/kiosk/", KIOSK, prepare=help_at_the_kiosk),
    Shown("kiosk-help-person", "/kiosk/", KIOSK, prepare=help_somebody),
    Shown("kiosk-help-own-pin", "/kiosk/", KIOSK, prepare=ask_for_her_own_pin),
    Shown("tenant-log-in", "/login/", NOBODY, prepare=go_to_the_tenant),
    Shown("start", "/admin/"),
    Shown("balance-never", f"{EMPLOYEES}balance/"),
    Shown("employees", EMPLOYEES),
    Shown("employees-chosen", EMPLOYEES, prepare=choose_somebody),
    Shown("employees-invite-many", EMPLOYEES, prepare=ask_to_invite_everybody),
    Shown("employees-none-found", f"{EMPLOYEES}?q=nobody+is+called+this"),
    Shown("employee-add", f"{EMPLOYEES}add/"),
    Shown("employee-add-refused", f"{EMPLOYEES}add/", prepare=save_with_a_wrong_address),
    Shown("employee-add-signed-out", f"{EMPLOYEES}add/", prepare=save_when_signed_out),
    Shown("employee-with-account", somebody_with("created")),
    Shown("employee-pin-alone", somebody_with("created"), prepare=choose_pin_alone),
    Shown("employee-without-account", somebody_without_account),
    Shown("employee-deactivate", page_below("deactivate")),
    Shown("employee-steps", page_below("steps")),
    Shown("employee-three-way", page_below("three-way")),
    Shown("balance", with_a_sheet(f"{EMPLOYEES}balance/")),
    Shown("balance-manager", with_a_sheet(f"{EMPLOYEES}balance/"), MANAGER),
    Shown("balance-left", with_a_sheet(f"{EMPLOYEES}balance/?state=ignored")),
    Shown("balance-three-way", side_by_side_of("user_metadata.phone_number")),
    Shown("balance-role", the_difference("role")),
    Shown("balance-unknown", the_difference("unknown")),
    Shown(
        "balance-together",
        with_a_sheet(f"{EMPLOYEES}balance/together/?decision=ignore&group=role"),
    ),
    Shown("balance-rules", f"{EMPLOYEES}balance/rules/"),
    Shown("balance-start", with_a_sheet("/admin/")),
    Shown("employee-history", page_below("history")),
    Shown("employee-random-pin", page_below("random_pin")),
    Shown("employee-type-pin", page_below("type_pin")),
    Shown("attention", f"{EMPLOYEES}attention/"),
    Shown("employee-retry", page_below("retry")),
    Shown("cannot-work", f"{EMPLOYEES}cannot-work/"),
    Shown("joiners", who_joins(f"{EMPLOYEES}joiners/")),
    Shown("joiner", who_joins("")),
    Shown("enrolment-choose", f"{EMPLOYEES}enrolment/"),
    Shown("enrolment-preview", an_enrolment("preview")),
    Shown("enrolment-preview-why", an_enrolment("preview", "?show=no_email")),
    Shown("reviews", reviewed("review/")),
    Shown("review-one", reviewed("review")),
    Shown("review-merge", reviewed("merge")),
    Shown("review-undo", reviewed("undo-merge")),
    Shown("review-person", reviewed("change")),
    Shown("review-history", reviewed("history")),
    Shown("outside", reviewed("outside/")),
    Shown("sessions", f"{EMPLOYEES}sessions/"),
    Shown("import", f"{IMPORTS}import/"),
    Shown("import-refused", f"{IMPORTS}import/", prepare=upload_a_picture),
    Shown("import-failed", an_import("locked.csv", b"Name\n", part="change")),
    Shown("import-preview", an_import("new people.csv", part="change")),
    Shown(
        "import-reading",
        an_import("new people.csv", part="change"),
        prepare=open_how_it_was_read,
    ),
    Shown("import-done", an_import("joiners.csv", confirmed=True, part="change")),
    Shown("import-progress", one_that_is_being_carried_out),
    Shown("import-undo", an_import("joiners.csv", confirmed=True, part="undo")),
    Shown("imports", IMPORTS),
    Shown("employee-plan-leaving", somebody_planned(LEAVES, "plan-leaving")),
    Shown("employee-leaves", somebody_planned(LEAVES, "change")),
    Shown("employee-joins", somebody_planned(JOINS, "change")),
    Shown("joining-and-leaving", joining_and_leaving),
    Shown("employee-link", somebody_refused("link")),
    Shown("employee-refused", somebody_refused("change")),
    Shown("employee-retry-refused", somebody_refused("retry")),
    Shown("employee-steps-refused", somebody_refused("steps")),
    Shown("employee-three-way-refused", somebody_refused("three-way")),
    Shown("employee-steps-left", somebody_who_left("steps")),
    Shown("employee-left", somebody_who_left("change")),
    Shown("employee-left-door-open", somebody_who_left("change"), during=a_door_is_open),
    Shown("employee-left-history", somebody_who_left("history")),
    Shown("employee-steps-waiting", somebody_who_waits, during=switched_off),
    Shown("employee-undo-addition", somebody_added),
    Shown("employee-undo-addition-stays", somebody_who_has_to_stay),
    Shown("employee-undo-nothing", somebody_who_left("undo-change")),
    Shown("kiosks", "/admin/employees/kiosk/"),
    Shown("kiosk-add", "/admin/employees/kiosk/add/"),
    Shown("kiosk-in-the-admin", the_kiosk("change")),
    Shown("kiosk-make-code", the_kiosk("make_code"), prepare=make_a_code),
    Shown("kiosk-sign-out", the_kiosk("sign_out")),
    Shown("switch", "/admin/auth0/"),
    Shown("health", "/admin/auth0/health/", during=looked),
    Shown("switch-off", "/admin/auth0/", during=switched_off),
    Shown("switch-off-restored", "/admin/auth0/", during=restored),
    Shown("start-month", "/admin/", during=a_month_has_passed),
    Shown("alerts", "/admin/alerts/"),
    Shown("alerts-switched-off", "/admin/alerts/", during=switched_off),
    Shown("alerts-tested", "/admin/alerts/", prepare=send_a_test),
    Shown("start-waiting", "/admin/", during=people_wait),
    Shown("start-tenant-down", "/admin/", during=tenant_down),
    Shown("start-update-paused", "/admin/", during=update_paused),
    Shown("banner-switched-off", f"{EMPLOYEES}attention/", during=switched_off),
    Shown("banner-tenant-down", f"{EMPLOYEES}attention/", during=tenant_down),
    Shown("banner-update-paused", f"{EMPLOYEES}attention/", during=update_paused),
    Shown("banner-update-paused-manager", f"{EMPLOYEES}attention/", MANAGER, during=update_paused),
    Shown("enrolment-done", an_enrolment("done")),
    Shown("sync-log", "/admin/auth0sync/synclog/"),
    Shown("events", "/admin/auth0sync/tenantevent/?by=all"),
    Shown("podfactory", f"{EMPLOYEES}podfactory/"),
    Shown("podfactory-everybody", f"{EMPLOYEES}podfactory/?show=all"),
    Shown("employee-podfactory-rename", somebody_in_podfactory, prepare=rename),
    Shown("podfactory-mappings", "/admin/employees/podfactorymapping/"),
    Shown("roles", "/admin/employees/roleconfig/"),
    Shown("users", "/admin/auth/user/"),
    Shown("tenant", lambda console: f"{console.tenant.base_url}/", NOBODY),
    Shown("tenant-outbox", lambda console: f"{console.tenant.base_url}/outbox", NOBODY),
    # Last, since every page has the banner from then on.
    Shown("held-changes", the_held_batch),
    Shown("held-changes-list", "/admin/auth0sync/stagedbatch/"),
    Shown("import-jobs", the_import_jobs),
)
