"""What an import would do, in numbers and then in sentences, before it is confirmed."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from employees.emails import is_usable
from employees.forecast import place
from employees.mass.deeds import merged
from employees.mass.models import MassChange, MassRow
from employees.models import AuthMethod, Invitation
from employees.selectors import shop_floor_departments
from employees.values import proposed_auth_method

Outcome = MassRow.Outcome
PAGE = 500  # rows
MAILED = {Invitation.WORK, Invitation.PERSONAL, Invitation.AUTH0}


def summarise(change: MassChange) -> dict[str, Any]:
    """The numbers, from the rows; a page of them at a time."""
    found: Counter[str] = Counter()
    shop_floor, last = shop_floor_departments(), 0
    while True:
        rows = MassRow.objects.filter(change=change, line__gt=last).order_by("line")
        page = list(rows.defer("cells", "reason")[:PAGE])
        for row in page:
            found[row.outcome] += 1
            if row.outcome == Outcome.NEW:
                _count_newcomer(found, merged(row, change), shop_floor)
            elif row.outcome in (Outcome.CHANGE, Outcome.BACK):
                _count_change(found, row)
        if len(page) < PAGE:
            return dict(found)
        last = page[-1].line


def _count_newcomer(
    found: Counter[str], values: Mapping[str, Any], shop_floor: frozenset[str]
) -> None:
    found[f"in:{values.get('workspace') or ''}"] += 1
    department = values.get("department")
    method = values.get("auth_method") or proposed_auth_method(department, shop_floor)
    if values.get("starts_on"):
        found["later"] += 1
    if method == AuthMethod.PIN:
        found["pin"] += 1
    elif not is_usable(values.get("email")):
        found["no_email"] += 1
    else:
        found["accounts"] += 1
        found["mails"] += (values.get("invitation") or Invitation.WORK) in MAILED


def _count_change(found: Counter[str], row: MassRow) -> None:
    for name in ("email", "auth0_role", "auth_method"):
        if name in row.values and row.values[name] != row.before.get(name):
            found[f"changes:{name}"] += 1
    had = row.before.get("auth_method")
    closes = row.values.get("auth_method") == AuthMethod.PIN and had != AuthMethod.PIN
    found["blocks"] += closes


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """Such as "Adds 112 people: 80 in Mississippi and 32 in Texas." and what follows from it."""
    get = Counter(summary)
    return [said for said in (_who(get), *_accounts(get), _risky(get), _left_out(get)) if said]


def _who(get: Counter[str]) -> str:
    parts = []
    if get[Outcome.NEW]:
        places = {key[3:]: number for key, number in get.items() if key.startswith("in:")}
        where = and_([f"{number} {place(name)}" for name, number in places.items()])
        one = next(iter(places)) if len(places) == 1 else None
        said = f" {place(one)}" if one is not None else f" ({where})"
        parts.append(f"adds {people(get[Outcome.NEW])}{said}")
    if get[Outcome.CHANGE]:
        parts.append(f"changes {get[Outcome.CHANGE]}")
    if get[Outcome.BACK]:
        parts.append(f"brings {get[Outcome.BACK]} back")
    if not parts:
        return "Nobody would be added or changed."
    sentence = and_([*parts, f"blocks {get['blocks'] or 'nobody'}"])
    return f"{sentence[0].upper()}{sentence[1:]}."


def _accounts(get: Counter[str]) -> list[str]:
    if not get[Outcome.NEW]:
        return []
    said = []
    if get["accounts"]:
        verb = "gets" if get["accounts"] == 1 else "get"
        mails = get["mails"]
        mailed = f"{mails} invitation{'s are' if mails > 1 else ' is'} mailed" if mails else ""
        said.append(
            f"{get['accounts']} {verb} an Auth0 account; {mailed or 'no invitation is mailed'}."
        )
    if get["no_email"]:
        said.append(f"{get['no_email']} without a usable e-mail: no account until there is one.")
    if get["pin"]:
        said.append(f"{get['pin']} {'signs' if get['pin'] == 1 else 'sign'} in with a PIN alone.")
    if get["later"]:
        verb = "starts" if get["later"] == 1 else "start"
        said.append(f"{get['later']} {verb} on a later day; nobody can sign in as them before.")
    return said


def _risky(get: Counter[str]) -> str:
    words = {"email": "e-mail", "auth0_role": "Auth0 role", "auth_method": "way of signing in"}
    parts = []
    for name, word in words.items():
        if number := get[f"changes:{name}"]:
            plural = "ways of signing in" if name == "auth_method" else f"{word}s"
            parts.append(f"{number} {word if number == 1 else plural}")
    if not parts:
        return ""
    total = sum(get[f"changes:{name}"] for name in words)
    return f"{and_(parts)} {'changes' if total == 1 else 'change'}."


def _left_out(get: Counter[str]) -> str:
    parts = []
    if number := get[Outcome.QUESTION]:
        parts.append(f"{number} question{'s wait' if number > 1 else ' waits'} for an answer")
    if number := get[Outcome.PROBLEM]:
        parts.append(f"{number} row{'s have' if number > 1 else ' has'} a problem")
    return f"{and_(parts)}: left out." if parts else ""


def people(number: int) -> str:
    """Such as "1 person"."""
    return f"{number:,} {'person' if number == 1 else 'people'}"


def and_(parts: list[str]) -> str:
    """Such as "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
