"""What an enrolment amounts to, in sentences; said on its page and by ``auth0_enroll``."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings

from auth0sync import brake
from auth0sync.budget import duration
from auth0sync.bulk import why_one_by_one
from auth0sync.enrolling import Tally, Whom
from auth0sync.enrolment import WhyNot
from auth0sync.status import Weather
from employees.forecast import place
from employees.models import Workspace


def title_of(whom: Whom) -> str:
    """What the enrolment of these people is called."""
    if whom.ids:
        return "1 chosen person" if len(whom.ids) == 1 else f"{len(whom.ids):,} chosen people"
    workspaces: dict[str, str] = {str(value): str(label) for value, label in Workspace.choices}
    parts = filter(None, [whom.department, workspaces.get(whom.workspace, whom.workspace)])
    return ", ".join(parts) or "Everybody with a PIN alone"


def without_accounts(count: int, most: int) -> str:
    """How many could get an account, in a sentence. count: above ``most`` nobody has counted on."""
    if not count:
        return "Nobody with a usable e-mail is without an Auth0 account."
    who = "1 person has" if count == 1 else f"{count:,} people have"
    who = f"More than {most:,} people have" if count > most else who
    return f"{who} a usable e-mail, but no Auth0 account."


def headline(tally: Tally) -> str:
    """Such as "Gives 83 people an Auth0 account: 60 in Mississippi and 23 in Texas."."""
    if not tally.accounts:
        return "Nobody would get an account."
    who = "1 person" if tally.accounts == 1 else f"{tally.accounts:,} people"
    places = [f"{number:,} {place(name)}" for name, number in sorted(tally.places.items())]
    if len(places) == 1:
        return f"Gives {who} {places[0].partition(' ')[2]} an Auth0 account."
    return f"Gives {who} an Auth0 account: {', '.join(places[:-1])} and {places[-1]}."


def forecast(tally: Tally) -> list[str]:
    """What confirming would bring, in the order in which a manager asks; six queries."""
    return list(_forecast(tally)) if tally.accounts else []


def reasons(tally: Tally) -> list[tuple[str, str, int]]:
    """Why others get none: ``WhyNot``, its words, and how many they are."""
    return [
        (why.value, str(why.label), tally.without[why])
        for why in WhyNot
        if why.value in tally.without
    ]


def about(length: timedelta) -> str:
    """A duration as people say it, such as "some 4 minutes"."""
    minutes = round(length.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return "about a minute" if minutes == 1 else f"some {minutes} minutes"
    return f"some {round(minutes / 60)} hours"


def _forecast(tally: Tally) -> Iterator[str]:
    yield from _mails(tally)
    if tally.reopened:
        one = tally.reopened == 1
        yield (
            f"{tally.reopened:,} of them had an account before: "
            f"{'it is' if one else 'they are'} opened again, without an invitation."
        )
    if tally.no_pin:
        yield (
            f"{tally.no_pin:,} of them {'signs' if tally.no_pin == 1 else 'sign'} in with Auth0 "
            "alone from then on: a PIN no longer opens the kiosk."
        )
    if brake.would_hold_so_many(tally.risky):
        yield (
            f"{tally.risky:,} of those who had one have another e-mail or role by now: the safety "
            "brake holds them until a second person agrees."
        )
    elif tally.accounts > tally.reopened:
        yield "The safety brake holds none of the new accounts, since you confirm them here."
    new = tally.accounts - tally.reopened
    if new > settings.AUTH0_BULK_MIN:
        why = why_one_by_one()
        yield f"They are made one by one. {why}" if why else "Auth0’s import jobs make them."
    standstill = Weather.today().standstill()
    if standstill:
        yield f"{standstill} The accounts follow when that is over; nothing is lost until then."
    else:
        length = about(duration(new, tally.mails))
        yield f"At the present pace it takes {length}, what waits already included."


def _mails(tally: Tally) -> Iterator[str]:
    new = tally.accounts - tally.reopened
    if tally.mails:
        mails = "1 invitation goes" if tally.mails == 1 else f"{tally.mails:,} invitations go"
        when = "account is" if tally.mails == 1 else "accounts are"
        waits = "" if settings.MAIL_CONFIGURED else ", once a mail server is configured (EMAIL_URL)"
        yield f"{mails} out as soon as the {when} there{waits}."
    if rest := new - tally.mails:
        yield f"{rest:,} of them {'is' if rest == 1 else 'are'} not mailed by this."
