"""Invented people for trying the console out: pure, and the same for everybody who makes them.

Person number 7 is the same whether 10 or 1,000 are made. E-mails are at example.com, which
nobody owns; PINs follow from the number and so are no secret.
"""

import random
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from employees.models import Auth0Role, AuthMethod, Workspace

MARK = "sample-"  # how connecteam_user_id begins for everybody made here

SHOP_FLOOR = {  # department: suffix of its PodFactory e-mails
    "Heat Press": "hp",
    "Picking": "pick",
    "Labeling": "label",
    "Film Matching": "film",
    "Packing": "pack",
    "Shipping": "ship",
}
OFFICE = ("Accounts", "Customer Service", "Design", "Human Resources", "Management")
DEPARTMENTS = (*SHOP_FLOOR, *OFFICE)
OFFICE_ROLES = {"Accounts": Auth0Role.FINANCE, "Management": Auth0Role.MANAGER}

AWKWARD = (
    "Maeve O'Corrigan",
    "Lenka Hartwig-Solis",
    "Renée Åkerlöv",
    "Tamsin",
    "Maximiliana Theodora Evangeline Wintersgill-Featherby de la Peña y Montesclaros",
    "王小樱",
    "ليلى الصبّاغ",
    "Nguyễn Thị Hoài Sương",
)
FIRST = [
    "Abel",
    "Brisa",
    "Corwin",
    "Dalia",
    "Edda",
    "Fenton",
    "Gisela",
    "Harlan",
    "Imke",
    "Jorun",
    "Kestrel",
    "Linnea",
    "Marlo",
    "Nerida",
    "Orson",
    "Petra",
    "Quilla",
    "Rowan",
    "Sabine",
    "Tobin",
    "Ulla",
    "Verity",
    "Wendel",
    "Xenia",
    "Yorick",
    "Zelda",
]
LAST = [
    "Ashgrove",
    "Birkwell",
    "Calloway",
    "Dunmere",
    "Eastwick",
    "Farrowby",
    "Glenhart",
    "Hollis",
    "Ivers",
    "Jasperson",
    "Kettlewell",
    "Larkmoor",
    "Merriden",
    "Northcote",
    "Oakhurst",
    "Pemberly",
    "Quenby",
    "Ravensby",
    "Stonefield",
    "Thornbury",
    "Underhill",
    "Vickerstaff",
    "Wetherell",
    "Yarrow",
]
FIRST_DAY = date(2018, 1, 2)
DAYS = 2700  # over which people were hired


@dataclass(frozen=True)
class SampleMapping:
    """A PodFactory e-mail of a person."""

    email: str
    score: Decimal
    confidence: str
    is_verified: bool
    name: str | None  # as PodFactory writes it


@dataclass(frozen=True)
class SamplePerson:
    """A person as their rows will hold them."""

    number: int
    connecteam_user_id: str
    name: str
    email: str | None
    personal_email: str | None
    phone: str
    department: str
    workspace: str
    hired_on: date
    auth_method: str
    auth0_role: str
    is_active: bool
    is_archived: bool
    is_contractor: bool
    pin: str
    has_two_auth_rows: bool
    mappings: list[SampleMapping] = field(default_factory=list)


def sample_person(number: int, placeholder_domain: str) -> SamplePerson:
    """Person ``number``, from 1. placeholder_domain: where e-mails that aren't known end."""
    rng = random.Random(f"{MARK}{number}")  # noqa: S311  (sample data, no secret)
    department = DEPARTMENTS[number % len(DEPARTMENTS)]
    name = _name(number, rng)
    archived = number % 19 == 0
    return SamplePerson(
        number=number,
        connecteam_user_id=f"{MARK}{number}",
        name=name,
        email=_email(number, name, placeholder_domain),
        personal_email=f"home.{number}@example.com" if number % 4 == 0 else None,
        phone=f"+1 601 555 {rng.randrange(100, 200):04}",
        department=department,
        workspace=Workspace.TX if number % 3 == 0 else Workspace.MS,
        hired_on=FIRST_DAY + timedelta(days=rng.randrange(DAYS)),
        auth_method=_auth_method(number, department, rng),
        auth0_role=_auth0_role(number, department),
        is_active=not archived and number % 11 != 0,
        is_archived=archived,
        is_contractor=number % 9 == 0,
        pin=f"{rng.randrange(1000, 10_000)}",
        has_two_auth_rows=number == 5,
        mappings=_mappings(number, name, department, rng),
    )


def _name(number: int, rng: random.Random) -> str:
    if number <= len(AWKWARD):
        return AWKWARD[number - 1]
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def local_part(number: int, name: str) -> str:
    """The name in plain letters with the number behind it: one per person, valid everywhere."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z]+", plain.lower().replace("'", ""))
    return f"{'.'.join(words[:2]) or 'person'}{number}"


def _email(number: int, name: str, placeholder_domain: str) -> str | None:
    if number % 13 == 0:
        return f"{9000 + number}@{placeholder_domain}"
    if number % 17 == 0:
        return None
    return f"{local_part(number, name)}@example.com"


def _auth_method(number: int, department: str, rng: random.Random) -> str:
    if number <= len(AWKWARD):
        return AuthMethod.HYBRID
    if department in SHOP_FLOOR:
        return rng.choices([AuthMethod.PIN, AuthMethod.HYBRID], [85, 15])[0]
    return rng.choices([AuthMethod.AUTH0, AuthMethod.HYBRID, AuthMethod.PIN], [40, 20, 40])[0]


def _auth0_role(number: int, department: str) -> str:
    if number == len(AWKWARD) + 2:
        return Auth0Role.ADMIN
    if department in SHOP_FLOOR and number % 10 == 0:
        return Auth0Role.TEAM_LEAD
    return OFFICE_ROLES.get(department, Auth0Role.PRODUCTION_ASSOCIATE)


def _mappings(number: int, name: str, department: str, rng: random.Random) -> list[SampleMapping]:
    if department not in SHOP_FLOOR or number % 8 == 0:
        return []
    suffixes = [SHOP_FLOOR[department]]
    if number % 5 == 0:
        suffixes += [suffix for suffix in SHOP_FLOOR.values() if suffix != suffixes[0]][:2]
    verified = number % 2 == 0
    found = []
    for place, suffix in enumerate(suffixes):
        score = Decimal(rng.randrange(700, 1000)) / 1000
        found.append(
            SampleMapping(
                email=f"{local_part(number, name)}{suffix}@example.com",
                score=score,
                confidence="HIGH" if score >= Decimal("0.9") else "MEDIUM",
                is_verified=verified and place == 0,
                name=name,
            )
        )
    return found
