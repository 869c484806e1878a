"""Who may do what to whom (requirement L7), as a table that is written by hand.

``test_l7_matrix.py`` holds the services, the admin's pages and the kiosk's door against it. Nothing
here asks ``employees.authority``: a rule that is wrong there is not wrong here as well.

``python -m tests.employees.l7_matrix`` writes it to docs/who-may-do-what.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.employees import l7_pages

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "who-may-do-what.md"

WHO = {
    "associate": "Associate",
    "team_lead": "Team lead",
    "finance": "Finance",
    "manager": "Manager",
    "admin": "Administrator",
    "break_glass": "Break-glass administrator",
}
WHOM = {
    "self": "themselves",
    "associate": "an associate",
    "elsewhere": "an associate of another workspace",
    "inactive": "an associate who is switched off",
    "team_lead": "a team lead",
    "finance": "somebody of finance",
    "manager": "a manager",
    "admin": "an administrator, one of several",
    "last_admin": "the last administrator",
    "unknown": "somebody with a role that nobody knows",
}
WHAT = {
    "see": "see them",
    "change": "change name, phone, role, hire date; leave as they are on the review list",
    "move": "change department, workspace",
    "sign_in": "change e-mail, personal e-mail, invitation; choose Auth0",
    "pin_only": "let them sign in with a PIN alone",
    "role": "change the Auth0 role",
    "pin": "set, reset, remove the PIN",
    "invite": "send the invitation again",
    "sync": "sync the account now",
    "off": "deactivate, archive, plan leaving, merge into another row",
    "on": "reactivate, restore, undo, undo a merge, plan to bring back, cancel what is planned",
}

# yes and no; "own": on their own page and at the kiosk, not in the admin; "-": can't come up.
TABLE = """
who         whom        see change move sign_in pin_only role pin invite sync off on

associate   self        own no     no   no      no       no   no  no     no   no  -
associate   associate   no  no     no   no      no       no   no  no     no   no  no
associate   elsewhere   no  no     no   no      no       no   no  no     no   no  no
associate   inactive    no  no     no   no      no       no   no  -      no   no  no
associate   team_lead   no  no     no   no      no       no   no  no     no   no  no
associate   finance     no  no     no   no      no       no   no  no     no   no  no
associate   manager     no  no     no   no      no       no   no  no     no   no  no
associate   admin       no  no     no   no      no       no   no  no     no   no  no
associate   last_admin  no  no     no   no      no       no   no  no     no   no  no
associate   unknown     no  no     no   no      no       no   no  no     no   no  no

team_lead   self        yes no     no   no      no       no   no  no     no   no  -
team_lead   associate   yes yes    no   yes     yes      yes  yes yes    yes  yes yes
team_lead   elsewhere   no  no     no   no      no       no   no  no     no   no  no
team_lead   inactive    yes yes    no   yes     yes      yes  yes -      yes  yes yes
team_lead   team_lead   yes no     no   no      no       no   no  no     no   no  no
team_lead   finance     yes no     no   no      no       no   no  no     no   no  no
team_lead   manager     yes no     no   no      no       no   no  no     no   no  no
team_lead   admin       yes no     no   no      no       no   no  no     no   no  no
team_lead   last_admin  yes no     no   no      no       no   no  no     no   no  no
team_lead   unknown     yes no     no   no      no       no   no  no     no   no  no

finance     self        yes no     no   no      no       no   no  no     no   no  -
finance     associate   yes no     no   no      no       no   no  no     no   no  no
finance     elsewhere   yes no     no   no      no       no   no  no     no   no  no
finance     inactive    yes no     no   no      no       no   no  -      no   no  no
finance     team_lead   yes no     no   no      no       no   no  no     no   no  no
finance     finance     yes no     no   no      no       no   no  no     no   no  no
finance     manager     yes no     no   no      no       no   no  no     no   no  no
finance     admin       yes no     no   no      no       no   no  no     no   no  no
finance     last_admin  yes no     no   no      no       no   no  no     no   no  no
finance     unknown     yes no     no   no      no       no   no  no     no   no  no

manager     self        yes yes    yes  no      no       no   no  no     yes  no  -
manager     associate   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
manager     elsewhere   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
manager     inactive    yes yes    yes  yes     yes      yes  yes -      yes  yes yes
manager     team_lead   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
manager     finance     yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
manager     manager     yes yes    yes  no      no       no   no  no     yes  no  no
manager     admin       yes yes    yes  no      no       no   no  no     yes  no  no
manager     last_admin  yes yes    yes  no      no       no   no  no     yes  no  no
manager     unknown     yes yes    yes  no      no       no   no  no     yes  no  no

admin       self        yes yes    yes  yes     yes      no   yes yes    yes  no  -
admin       associate   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
admin       elsewhere   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
admin       inactive    yes yes    yes  yes     yes      yes  yes -      yes  yes yes
admin       team_lead   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
admin       finance     yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
admin       manager     yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
admin       admin       yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
admin       last_admin  yes yes    yes  yes     no       no   yes yes    yes  no  -
admin       unknown     yes yes    yes  yes     yes      yes  yes yes    yes  yes yes

break_glass associate   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
break_glass elsewhere   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
break_glass inactive    yes yes    yes  yes     yes      yes  yes -      yes  yes yes
break_glass team_lead   yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
break_glass finance     yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
break_glass manager     yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
break_glass admin       yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
break_glass last_admin  yes yes    yes  yes     no       no   yes yes    yes  no  yes
break_glass unknown     yes yes    yes  yes     yes      yes  yes yes    yes  yes yes
"""

# Which role may be given to somebody within reach, and whether people may be added at all.
GRANTS = """
who         add production_associate team_lead finance manager admin

associate   no  no                   no        no      no      no
team_lead   no  yes                  yes       no      no      no
finance     no  no                   no        no      no      no
manager     yes yes                  yes       yes     yes     no
admin       yes yes                  yes       yes     yes     yes
break_glass yes yes                  yes       yes     yes     yes
"""


@dataclass(frozen=True)
class Row:
    """One line of a table. whom: "" in the table of grants."""

    who: str
    whom: str
    cells: dict[str, str]


def rows_of(table: str) -> Iterator[Row]:
    """The lines of TABLE or GRANTS."""
    header, *lines = [line.split() for line in table.splitlines() if line]
    keys = header.index("whom") + 1 if "whom" in header else 1
    for words in lines:
        names = dict(zip(header, words, strict=True))
        cells = {name: names[name] for name in header[keys:]}
        yield Row(names["who"], names.get("whom", ""), cells)


def document() -> str:
    """The tables for people to read, as docs/who-may-do-what.md holds them."""
    return "\n".join([*_head(), *_people(), *_grants(), *l7_pages.section(WHAT), ""])


def _head() -> list[str]:
    return [
        "# Who may do what",
        "",
        "Written by `python -m tests.employees.l7_matrix`; change the table there, not here. Every",
        "cell is tried by `tests/employees/test_l7_matrix.py`, at three doors: the services, which",
        "every page, command and program goes through; the pages of the admin, by real requests,",
        "also such as no page offers; and the PIN services as the kiosk calls them.",
        "",
        "A team lead's own place is her department at her workspace; whoever isn't said to be of",
        "another workspace is of that place. An associate has no way into the admin: *own* means",
        "their own page and the kiosk. There everybody changes their own PIN, knowing the old one.",
        "– can't come up: whoever is switched off isn't signed in.",
        "",
        "An addition may be taken back, so that the row is deleted, by whoever may both add people",
        "and archive this person (`tests/auth0sync/test_undo_addition.py`). Whoever added somebody",
        "for a later day may cancel that, also where the newcomer's role is as high as their own.",
    ]


def _people() -> list[str]:
    lines: list[str] = []
    who = ""
    for row in rows_of(TABLE):
        if row.who != who:
            who = row.who
            lines += ["", f"## {WHO[who]}", ""]
            lines += _line(["", *WHAT.values()])
            lines += [_rule(len(WHAT))]
        lines += _line([WHOM[row.whom], *(_cell(row.cells[what]) for what in WHAT)])
    return lines


def _grants() -> list[str]:
    header, *_ = [line.split() for line in GRANTS.splitlines() if line]
    roles = [name.replace("_", " ") for name in header[2:]]
    lines = ["", "## Adding people, and the roles that may be given", ""]
    lines += _line(["", "add people", *roles])
    lines += [_rule(len(header) - 1)]
    for row in rows_of(GRANTS):
        lines += _line([WHO[row.who], *(_cell(cell) for cell in row.cells.values())])
    return lines


def _line(cells: list[str]) -> list[str]:
    return [f"| {' | '.join(cells)} |".replace("|  |", "| |")]


def _rule(columns: int) -> str:
    return "|---|" + ":-:|" * columns


def _cell(word: str) -> str:
    return {"yes": "yes", "no": "", "own": "*own*", "-": "–"}[word]


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
