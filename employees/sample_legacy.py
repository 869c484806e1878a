"""The company as it was before the console: 83 invented people who sign in with a PIN alone.

As the Flask application, Connecteam and PodFactory had left their rows: everybody active, no column
of the console filled, and each known to PodFactory in one of the ways that really occur. PodFactory
finds every one of them (``podfactory.Directory``), and so it must when they have accounts. Pure,
and the same at every run.
"""

from datetime import timedelta
from decimal import Decimal

from employees.models import Auth0Role, AuthMethod, Workspace
from employees.sample import (
    DEPARTMENTS,
    FIRST,
    FIRST_DAY,
    LAST,
    MARK,
    SHOP_FLOOR,
    SampleMapping,
    SamplePerson,
    local_part,
)

LEGACY_PEOPLE = 83
FIRST_MAILBOX = 1900  # before their numbers in e-mails, which the other sample people don't have

# The name as it is in the row → as PodFactory has it; None where it knows an e-mail alone.
AWKWARD: dict[str, str | None] = {
    "Maeve O'Corrigan": "maeve o'corrigan",
    "Lenka Hartwig-Solis": "LENKA HARTWIG-SOLIS",
    "Renée Åkerlöv": "renée åkerlöv",
    "Tamsin": "Tamsin",
    "Maximiliana Theodora Evangeline Wintersgill-Featherby de la Peña y Monte": "maximiliana",
    "王小樱": "王小樱",
    "ليلى الصبّاغ": "ليلى الصبّاغ",
    "Nguyễn Thị Hoài Sương": "NGUYỄN THỊ HOÀI SƯƠNG",
    "  Odalys Fennimore ": "Odalys Fennimore",
    "D'Arcy St. Amand": "d'arcy_st._amand",
    "Bo Li": "Bo",
    "Zephyrine Quartermaine": "quartermaine",
    "Ignatius Ødegård": "ignatius.ødegård",
    "Isidro Valderrama": None,
    "Eulalia Brandvold": None,
}


def legacy_people() -> list[SamplePerson]:
    """All 83, from number 1."""
    return [_person(number) for number in range(1, LEGACY_PEOPLE + 1)]


def _person(number: int) -> SamplePerson:
    department = DEPARTMENTS[number % len(DEPARTMENTS)]
    name = _name(number)
    return SamplePerson(
        number=number,
        connecteam_user_id=f"{MARK}legacy-{number}",
        name=name,
        email=f"{_mailbox(number, name)}@example.com",
        personal_email=f"at.home.{number}@example.com" if number % 4 == 0 else None,
        phone=f"+1 601 555 {100 + number:04}",
        department=department,
        workspace=Workspace.TX if number % 3 == 0 else Workspace.MS,
        hired_on=FIRST_DAY + timedelta(days=31 * number),
        auth_method=AuthMethod.PIN,
        auth0_role=Auth0Role.PRODUCTION_ASSOCIATE,
        is_active=True,
        is_archived=False,
        is_contractor=number % 9 == 0,
        pin=f"{1357 + 89 * number}",
        has_two_auth_rows=number == 5,
        mappings=_mappings(number, name, department),
    )


def _name(number: int) -> str:
    if number <= len(AWKWARD):
        return list(AWKWARD)[number - 1]
    return f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"  # no two alike below 312


def _mappings(number: int, name: str, department: str) -> list[SampleMapping]:
    """Nothing for most of the office, and two e-mails for whoever helps in another department."""
    suffixes = [SHOP_FLOOR.get(department, "")]
    if number > len(AWKWARD) and not suffixes[0] and number % 4:
        return []
    if number % 6 == 0:
        suffixes.append("pick" if suffixes[0] != "pick" else "pack")
    known_as = AWKWARD[name] if name in AWKWARD else _known_as(number, name)
    return [
        SampleMapping(
            email=_podfactory_email(number, name, known_as, suffix),
            score=Decimal(700 + number * 3 % 300) / 1000,
            confidence="HIGH" if number % 2 else "provisional",
            is_verified=bool(number % 2) and place == 0,
            name=known_as,
        )
        for place, suffix in enumerate(suffixes)
    ]


def _known_as(number: int, name: str) -> str | None:
    """PodFactory's own way to write the name; None for every seventh, whom it knows by e-mail."""
    if number % 7 == 0:
        return None
    ways = (name, name.upper(), name.replace(" ", "."), f" {name.lower()}", name.replace(" ", "_"))
    return ways[number % len(ways)]


def _podfactory_email(number: int, name: str, known_as: str | None, suffix: str) -> str:
    """The mailbox of a production role. Whom only the e-mail tells it names without a number."""
    if known_as is not None:
        return f"{_mailbox(number, name)}{suffix}@example.com"
    return f"{name.lower().replace(' ', '.')}{suffix}@example.com"


def _mailbox(number: int, name: str) -> str:
    return local_part(FIRST_MAILBOX + number, name)
