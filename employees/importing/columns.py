"""The columns that a file may bring, and the names by which they are recognised. Pure.

Names are compared without case, accents and punctuation: "E-Mail", "e_mail" and "EMAIL" are one.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a file. name: of ``employees``, or one of our own. label: as the form has it.

    also: other usual names, English and Spanish. hint: for the template and the page.
    """

    name: str
    label: str
    hint: str
    also: tuple[str, ...] = ()


COLUMNS = (
    Column(
        "id",
        "Number",
        "Of somebody who is here already; leave it empty for newcomers.",
        (
            "employee number",
            "employee no",
            "employee id",
            "emp id",
            "emp no",
            "id",
            "no",
            "numero",
            "numero de empleado",
            "no de empleado",
            "num empleado",
            "clave",
        ),
    ),
    Column(
        "name",
        "Name",
        "First and last name; or use the two columns First name and Last name.",
        (
            "full name",
            "employee",
            "employee name",
            "display name",
            "nombre completo",
            "nombre y apellidos",
            "nombre y apellido",
            "empleado",
            "nombre del empleado",
        ),
    ),
    Column(
        "first_name",
        "First name",
        "Instead of Name.",
        ("given name", "firstname", "first", "forename", "nombre", "nombres", "primer nombre"),
    ),
    Column(
        "last_name",
        "Last name",
        "Instead of Name.",
        ("surname", "family name", "lastname", "last", "apellido", "apellidos"),
    ),
    Column(
        "email",
        "E-mail",
        "Work e-mail, which the Auth0 account is made for.",
        (
            "email",
            "mail",
            "work email",
            "work e mail",
            "company email",
            "email address",
            "e mail address",
            "business email",
            "correo",
            "correo electronico",
            "correo de trabajo",
            "correo laboral",
        ),
    ),
    Column(
        "personal_email",
        "Personal e-mail",
        "For the invitation, where it goes there.",
        (
            "personal email",
            "private email",
            "private e mail",
            "home email",
            "personal mail",
            "correo personal",
        ),
    ),
    Column(
        "phone_number",
        "Phone",
        "At most 20 characters.",
        (
            "phone number",
            "telephone",
            "tel",
            "mobile",
            "mobile phone",
            "cell",
            "cell phone",
            "telefono",
            "celular",
            "movil",
        ),
    ),
    Column(
        "department",
        "Department",
        "Such as Picking.",
        ("dept", "dep", "team", "departamento", "depto", "area", "equipo"),
    ),
    Column(
        "role",
        "Role",
        "The job on the shop floor, by its name.",
        ("job", "job title", "title", "position", "job role", "puesto", "cargo", "rol", "posicion"),
    ),
    Column(
        "workspace",
        "Workspace",
        "MS or TX, or Mississippi or Texas.",
        (
            "site",
            "location",
            "plant",
            "state",
            "facility",
            "planta",
            "sede",
            "sucursal",
            "ubicacion",
            "estado",
        ),
    ),
    Column(
        "hire_date",
        "Hire date",
        "Such as 2026-12-01.",
        (
            "hired",
            "hired on",
            "date hired",
            "date of hire",
            "start date",
            "date started",
            "employment date",
            "fecha de contratacion",
            "fecha de ingreso",
            "fecha de alta",
            "fecha de inicio",
            "ingreso",
        ),
    ),
    Column(
        "starts_on",
        "Starts on",
        "For newcomers: a later day, until which nobody can sign in as them.",
        ("starts", "first day", "first day of work", "empieza", "empieza el", "primer dia"),
    ),
    Column(
        "auth_method",
        "Signs in with",
        "PIN, Auth0 or hybrid; empty: as usual for the department.",
        ("auth method", "sign in", "sign in method", "login", "metodo de acceso", "acceso con"),
    ),
    Column(
        "invitation",
        "Invited",
        "Work, personal, auth0, verified or none.",
        ("invitation", "invite", "invitacion"),
    ),
    Column(
        "auth0_role",
        "Auth0 role",
        "Production associate, team lead, finance, manager or administrator.",
        ("access role", "access level", "access", "permission", "permissions", "rol de acceso"),
    ),
)
BY_NAME = {column.name: column for column in COLUMNS}
PROBLEM = "Problem"  # the column that a result file has behind its own; left out when it comes back
LEAST_HEADERS = 2  # recognised ones, for a row to be taken for the headings
HEADINGS_WITHIN = 10  # rows


def plain(heading: str) -> str:
    """A heading without case, accents, punctuation and repeated spaces."""
    decomposed = unicodedata.normalize("NFKD", heading.casefold())
    kept = (
        character if character.isalnum() else " "
        for character in decomposed
        if not unicodedata.combining(character)
    )
    return " ".join("".join(kept).split())


_KNOWN = {
    plain(name): column.name
    for column in COLUMNS
    for name in (column.label, column.name, *column.also)
}


def recognise(headings: Sequence[str]) -> list[str]:
    """For each heading the column that it means; "" for one that is left out.

    A column is taken once, by the first heading that means it. "Nombre" alone is the whole name;
    beside "Apellidos" it is the first.
    """
    found: list[str] = []
    for heading in headings:
        name = _KNOWN.get(plain(heading), "")
        found.append("" if name in found else name)
    if "name" not in found and "first_name" in found and "last_name" not in found:
        found[found.index("first_name")] = "name"
    return found


def headings_among(rows: Iterable[Sequence[str]]) -> int:
    """Which of the first rows holds the headings, counted from 0; the first with something in it.

    Above the headings of a file from a payroll there may be a title and a date.
    """
    first = None
    for index, row in enumerate(rows):
        if index >= HEADINGS_WITHIN:
            break
        if first is None and any(cell.strip() for cell in row):
            first = index
        if len([name for name in recognise(row) if name]) >= LEAST_HEADERS:
            return index
    return first or 0
