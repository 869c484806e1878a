"""Files of people for the browser tests and the pictures, and imports in any state."""

from collections.abc import Callable

from tests.browser.console import ConsoleWithPages
from tests.processes import wait_for

IMPORTS = "/admin/employees/masschange/"
PEOPLE = """Full name;Mail;Dept;Site;Hired;Note
José Núñez Ibáñez;jose.nunez@example.com;Picking;TX;03/04/2025;night shift
Beth Winters;beth.winters@example.com;Heat Press;MS;12/31/2025;
Cleo O'Neil-Featherstonehaugh;cleo.oneil@example;Picking;TX;12/01/2025;
Dan Fox;;Packing;MS;13/13/2025;
Eve Marsh;beth.winters@example.com;Packing;MS;;
{name};;Shipping;;;
{name};{email};Shipping;;;
"""
WORK_S = 60


def people_file(console: ConsoleWithPages) -> bytes:
    """As Excel on Windows saves it: newcomers, problems, a question, and somebody to change."""
    (row,) = console.sql(
        "SELECT name, email FROM employees WHERE is_active = 1 AND department <> 'Shipping' "
        "AND email IS NOT NULL ORDER BY id LIMIT 1"
    )
    return PEOPLE.format(name=row["name"], email=row["email"]).encode("cp1252")


def an_import(
    title: str, content: bytes | None = None, *, confirmed: bool = False, part: str
) -> Callable[[ConsoleWithPages], str]:
    """A page of an import of this title, which is made where there is none.

    content: of the file; None for :func:`people_file`.
    """

    def address(console: ConsoleWithPages) -> str:
        found = "SELECT id, state FROM employee_mass_changes WHERE title = %s"
        if not console.sql(found, title):
            _begin(console, title, people_file(console) if content is None else content)
            wait_for(lambda: _state(console, title) != "reading", WORK_S, "it is read")
            if confirmed:
                _confirm(console, title)
                wait_for(lambda: _state(console, title) == "done", WORK_S, "it is carried out")
        (row,) = console.sql(found, title)
        return f"{IMPORTS}{row['id']}/{part}/"

    return address


def one_that_is_being_carried_out(console: ConsoleWithPages) -> str:
    """The page of an import which somebody seems to work on; nobody does."""
    address = an_import("hires of may.csv", part="change")(console)
    console.sql(
        "UPDATE employee_mass_changes SET state = 'working', lease_until = '2099-01-01 00:00:00' "
        "WHERE title = 'hires of may.csv'"
    )
    console.sql("UPDATE employee_mass_rows SET state = 'done' WHERE line = 2 AND state = 'waiting'")
    return address


def _state(console: ConsoleWithPages, title: str) -> str:
    (row,) = console.sql("SELECT state FROM employee_mass_changes WHERE title = %s", title)
    return str(row["state"])


def _begin(console: ConsoleWithPages, title: str, content: bytes) -> None:
    _run(
        console,
        f"content = bytes.fromhex({content.hex()!r})",
        "options = {'defaults': {'workspace': 'MS'}}",
        f"changes.begin('import', {title!r}, actor, options, content)",
    )


def _confirm(console: ConsoleWithPages, title: str) -> None:
    _run(
        console,
        f"change = MassChange.objects.get(title={title!r})",
        "changes.confirm(change.pk, change.version, actor)",
    )


def _run(console: ConsoleWithPages, *lines: str) -> None:
    beginning = (
        "from django.contrib.auth.models import User",
        "from employees.authority import Actor",
        "from employees.mass import changes",
        "from employees.mass.models import MassChange",
        "user = User.objects.get(username='admin')",
        "actor = Actor(f'admin:{user.pk}', 'admin')",
    )
    console.manage("shell", "--no-imports", "-c", "\n".join((*beginning, *lines)))
