"""The doctor: one finding for each thing that has to be right, and how to mend it when it isn't.

It changes nothing in Auth0 and asks it for little: its public keys' address, a token, and, whatever
the switch says, how connection, roles and the log-in application are set up. Of the shop floor's
address it asks which program answers (`knock`). What can't be asked is said with a “?”, so that a
database or a tenant that is away leaves the other lines standing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from auth0sync import doctor_console as console
from auth0sync import doctor_database as here
from auth0sync import doctor_events
from auth0sync import doctor_login as login
from auth0sync import doctor_tenant as tenant
from auth0sync.doctor_visit import NoAnswer, NotGranted, Visit
from auth0sync.doctor_words import Finding as Finding
from auth0sync.doctor_words import NotLooked, State, unknown
from auth0sync.plan import ROLE_CODES

NO_TENANT = "Not looked at: AUTH0_DOMAIN isn't set."


@dataclass(frozen=True)
class Line:
    """One thing that is looked at.

    what: what its line is called when it can't be looked at. of_tenant: there has to be one in the
    settings. database: whether it needs one.
    """

    what: str
    look: Callable[[Visit], Finding | Iterable[Finding]]
    database: bool = True
    of_tenant: bool = False


LINES: Sequence[Line] = (  # most fundamental first
    Line("Database", here.database, database=False),
    Line("Columns", here.columns),
    Line("Secrets", here.secrets_and_debug, database=False),
    Line("Disk", here.disk, database=False),
    Line("Cache", here.cache, database=False),
    Line("Worker", console.worker),
    Line("Queue", console.queue),
    Line("Sweep", console.sweep),
    Line("Night", console.night),
    Line("Schedules", console.schedules),
    Line("Switch", console.link),
    Line("Tenant", tenant.tenant, database=False, of_tenant=True),
    Line("Clocks", here.clocks),
    Line("Token", tenant.token, of_tenant=True),
    Line("Scopes", tenant.scopes, of_tenant=True),
    Line("Connection", tenant.connection, of_tenant=True),
    Line("Roles", partial(tenant.roles, names=tuple(ROLE_CODES)), of_tenant=True),
    Line("Issuer and keys", tenant.signing_keys, database=False, of_tenant=True),
    Line("Log-in application", login.application, of_tenant=True),
    Line("Roles claim", tenant.roles_claim, database=False, of_tenant=True),
    Line("Events", doctor_events.events, of_tenant=True),
    Line("Access tokens", login.access_tokens, database=False),
    Line("Outage", console.outage),
    Line("Refusals", console.pauses),
    Line("Import jobs", console.import_jobs),
    Line("Waiting", console.waiting),
    Line("Mail", console.mail),
    Line("Alerts", console.alerts, database=False),
    Line("Shop floor", login.shop_floor, database=False),
    Line("Plain text", here.plain_text),
)


def findings(lines: Sequence[Line] = LINES) -> Iterator[Finding]:
    """Everything that has to be right for accounts to follow the people, one after the other.

    lines: all, or some of them. It takes half a minute at most, and some seconds more where a
    server hangs.
    """
    visit = Visit()
    for line in lines:
        yield from _looked_at(line, visit)


def _looked_at(line: Line, visit: Visit) -> list[Finding]:
    if line.of_tenant and not settings.AUTH0_DOMAIN:
        return [unknown(line.what, NO_TENANT)]
    if line.database and visit.why_no_database:
        return [unknown(line.what, visit.why_no_database)]
    try:
        found = line.look(visit)
        return [found] if isinstance(found, Finding) else list(found)
    except (NotLooked, NoAnswer) as why:
        return [unknown(line.what, str(why))]
    except NotGranted as missing:
        scope = f"the scope {missing}" if str(missing) else "it isn't in the tenant's plan"
        return [unknown(line.what, f"Auth0 doesn't let the console look: {scope}.")]
    except DatabaseError as error:
        text = f"Can't be looked at: the database refuses ({type(error).__name__})."
        return [unknown(line.what, text)]
    except Exception as error:  # noqa: BLE001  (one line that fails leaves the others standing)
        place = extract_tb(error.__traceback__)[-1]  # the error's own words may hold anything
        where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        return [unknown(line.what, f"Can't be looked at, by a fault of the console's: {where}.")]


def as_json(found: Sequence[Finding]) -> dict[str, Any]:
    """All of it for other programs: ``state`` is the worst of them, unknown being none."""
    is_faulty = any(each.state == State.FAULT for each in found)
    return {
        "state": State.FAULT if is_faulty else State.OK,
        "findings": [each.as_json() for each in found],
    }
