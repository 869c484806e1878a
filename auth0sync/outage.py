"""What people are told while Auth0 can't do something: since when, what works, who waits. Pure."""

from datetime import datetime

from auth0sync.status import clock

# What can't be done, in a manager's words; the capabilities are those of errors.Misconfigured.
CANT = {
    "create": "make new accounts",
    "update": "change accounts",
    "block": "block accounts",
    "delete": "delete accounts",
    "roles": "give roles",
    "tickets": "send invitations",
    "read": "read accounts",
    "import results": "see what became of import jobs",
}


MEANWHILE = (
    " Go on adding and changing people; the kiosk works as always. Whoever you deactivate is "
    "refused here and at the kiosk at once; other programs may let them in until Auth0 has been "
    "told."
)


def auth0_is_down(since: datetime, now: datetime) -> str:
    """The banner of an outage."""
    return (
        f"Auth0 hasn't answered since {clock(since, now)}. Go on adding and changing people; the "
        "kiosk works as always. Whoever you deactivate is refused here and at the kiosk at once, "
        "and their account is blocked first when Auth0 is back. Nothing is lost, and nobody has "
        "to do anything."
    )


def is_paused(capability: str, since: datetime, error: str, now: datetime, is_admin: bool) -> str:
    """The banner of a pause.

    error: what was refused and what has to be granted, for somebody who can.
    """
    can_not = CANT.get(capability, "do anything in Auth0")
    what = (
        f"Since {clock(since, now)} the console can't {can_not}: a setting in Auth0 is in the way."
    )
    if is_admin:
        return f"{what} {error} It is tried again every minute, and then all goes on by itself."
    return f"{what} An administrator has to mend it; everything else goes on."


def one_by_one(number: int, error: str, is_admin: bool) -> str:
    """The banner of many new accounts, where the tenant takes no import jobs.

    error: as for :func:`is_paused`.
    """
    why = error if is_admin else "Auth0 doesn't take them all at once."
    return f"{number} new accounts are made one by one, so it takes longer. {why}"


def who_waits(count: int, oldest: datetime | None, now: datetime) -> str:
    """How many wait, and since when the first of them does; '' for nobody."""
    if not count:
        return ""
    since = f", since {clock(oldest, now)}" if oldest else ""
    if count == 1:
        return f" 1 person waits{since}."
    return f" {count} people wait{since and ', the first' + since.removeprefix(',')}."
