"""Enrolment: Auth0 accounts for people who exist and have none (requirements P5, L6, A11).

Here it is decided who gets one and why another doesn't; nothing is written. An enrolment changes
how somebody signs in, and with it asks for the account: the engine does the rest, as for a
newcomer. Whose account was closed when they went back to the PIN gets that one opened again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet
from django.db.models import TextChoices as Choices

from auth0sync.account import Facts
from auth0sync.brake import foreseen_risk, installation
from auth0sync.invitations import SENT_BY_ITSELF
from auth0sync.models import Account
from auth0sync.plan import ROLE_CODES
from auth0sync.rows import read_facts
from employees.actors import visible_to
from employees.authority import Actor, Operation, why_not
from employees.emails import is_placeholder, is_usable
from employees.models import AuthMethod, Employee, Invitation, Review
from employees.readiness import no_usable_email
from employees.selectors import joining_days, shop_floor_departments
from employees.values import proposed_auth_method

METHODS = (AuthMethod.HYBRID, AuthMethod.AUTH0)


class WhyNot(Choices):
    """Why somebody gets no account, in a few words that many share."""

    OUT_OF_REACH = "reach", "out of your reach"
    ARCHIVED = "archived", "in the archive"
    JOINS = "joins", "start later"
    INACTIVE = "inactive", "deactivated"
    HAS_ONE = "has_one", "have one already"
    ASKED = "asked", "asked for already"
    FOREIGN = "foreign", "have an account of another system"
    NO_EMAIL = "no_email", "no usable e-mail"
    SHARED = "shared", "share an e-mail with somebody"
    ROLE = "role", "have an Auth0 role that is unknown here"
    REVIEW = "review", "to be reviewed first"


@dataclass(frozen=True)
class Choice:
    """What is chosen for everybody.

    method: one of METHODS; "" is for each what the form proposes: hybrid for a department of the
    shop floor, else auth0. invitation: one of ``Invitation``; "" leaves it as it stands for each.
    """

    method: str = ""
    invitation: str = ""


@dataclass(frozen=True)
class Outlook:
    """What an enrolment does for one person.

    why_not: one of WhyNot, and reason its sentence; both "" for somebody who gets an account.
    method, invitation: what they have afterwards. is_mailed: whether an invitation goes out by
    itself. is_reopened: the account of before is opened again. is_risky: the safety brake counts
    what would change in it.
    """

    person: Employee
    why_not: str = ""
    reason: str = ""
    method: str = ""
    invitation: str = ""
    is_mailed: bool = False
    is_reopened: bool = False
    is_risky: bool = False


def without_account(actor: Actor, department: str = "", workspace: str = "") -> QuerySet[Employee]:
    """Those in ``actor``'s sight who sign in with the PIN alone.

    department, workspace: as the row has them, all of them where blank.
    """
    places = {"department": department, "workspace": workspace}
    asked = {name: value for name, value in places.items() if value}
    return visible_to(actor).filter(auth_method=AuthMethod.PIN, **asked)


def working(people: QuerySet[Employee]) -> QuerySet[Employee]:
    """Those of them who work here."""
    return people.filter(is_active=True, archived_at__isnull=True)


def enrollable(actor: Actor) -> QuerySet[Employee]:
    """Those in sight who would get a first account, as far as a database can say it.

    Whose account was closed when they went back to the PIN has one. So an index finds them, also
    where nearly everybody has an account.
    """
    never_had_one = Q(auth0_user_id=None) | Q(auth0_user_id="")
    people = working(without_account(actor)).filter(never_had_one).exclude(no_usable_email())
    return people.exclude(pk__in=Review.objects.filter(state=Review.State.OPEN).values("pk"))


def outlooks(people: Sequence[Employee], choice: Choice, actor: Actor) -> list[Outlook]:
    """What it would do for each of ``people``, in their order; ten queries for any number.

    Whoever is out of ``actor``'s sight has to be left out before: a reason says that they exist.
    Left out here is whose row another program has deleted meanwhile.
    """
    ids = [person.pk for person in people]
    known = _Known(
        facts=read_facts(ids),
        accounts=Account.objects.in_bulk(ids),
        joins=joining_days(people),
        in_review=set(_in_review(ids)),
        shop_floor=shop_floor_departments(),
        installation=installation(),
    )
    return [_outlook(person, known, choice, actor) for person in people if person.pk in known.facts]


@dataclass(frozen=True)
class _Known:
    """What was read for a page of people, so that nobody costs a query of their own."""

    facts: dict[int, Facts]
    accounts: dict[int, Account]
    joins: dict[int, str]
    in_review: set[int]
    shop_floor: frozenset[str]
    installation: str


def _outlook(person: Employee, known: _Known, choice: Choice, actor: Actor) -> Outlook:
    facts, account = known.facts[person.pk], known.accounts.get(person.pk)
    has_one = account is not None and account.origin != ""
    found = (
        _out_of_reach(person, actor)
        or _away(person, known.joins.get(person.pk, ""))
        or _there_already(facts, has_one)
        or _unusable(facts, actor)
        or (_REVIEW if person.pk in known.in_review else None)
    )
    if found:
        return Outlook(person, *found)
    method = choice.method or proposed_auth_method(person.department, known.shop_floor)
    invitation = choice.invitation or facts.invitation
    after = replace(facts, auth_method=method, invitation=invitation)
    return Outlook(
        person,
        method=method,
        invitation=invitation,
        is_mailed=not has_one and _is_mailed(after),
        is_reopened=has_one,
        is_risky=account is not None
        and has_one
        and foreseen_risk(after, account, known.installation) is not None,
    )


_Reason = tuple[WhyNot, str] | None
_REVIEW = (
    WhyNot.REVIEW,
    "Another program added them, and they may be somebody who is here already: see “To be "
    "reviewed”.",
)


def _in_review(ids: Iterable[int]) -> Iterable[int]:
    waiting = Review.objects.filter(pk__in=list(ids), state=Review.State.OPEN)
    return waiting.values_list("pk", flat=True)


def _out_of_reach(person: Employee, actor: Actor) -> _Reason:
    refusal = why_not(actor, Operation.CHANGE_SIGN_IN, person)
    return (WhyNot.OUT_OF_REACH, refusal) if refusal else None


def _away(person: Employee, joins: str) -> _Reason:
    if person.archived_at is not None:
        return WhyNot.ARCHIVED, "In the archive."
    if person.is_active:
        return None
    if joins:
        return WhyNot.JOINS, f"They start on {joins}: choose on their page how they sign in then."
    return WhyNot.INACTIVE, "Deactivated."


def _there_already(facts: Facts, has_one: bool) -> _Reason:
    if facts.asks_for_account and has_one:
        return WhyNot.HAS_ONE, "Has an account already."
    if facts.asks_for_account:
        return WhyNot.ASKED, "An account is asked for already; their page says what it waits for."
    if facts.auth0_user_id and not has_one:
        return (
            WhyNot.FOREIGN,
            "Somebody else made an account for them; the console doesn’t touch it. Check who "
            "uses it, and choose on their page how they sign in.",
        )
    return None


def _unusable(facts: Facts, actor: Actor) -> _Reason:
    """What the engine would fail at; somebody out of sight isn't named."""
    if facts.shares_email_with:
        numbers = ", ".join(str(number) for number in facts.shares_email_with)
        others = "somebody else" if actor.is_bound_to_a_place else f"number {numbers}"
        return WhyNot.SHARED, f"Has the same e-mail as {others}: one of them has to change."
    if not facts.email:
        return WhyNot.NO_EMAIL, "There is no e-mail."
    if is_placeholder(facts.email):
        return WhyNot.NO_EMAIL, f"“{facts.email}” stands in for an e-mail that isn’t known."
    if not facts.email_usable:
        return WhyNot.NO_EMAIL, f"“{facts.email}” isn’t an e-mail that can be written to."
    if facts.auth0_role not in ROLE_CODES:
        return WhyNot.ROLE, f"The Auth0 role “{facts.auth0_role}” is none of the five."
    return None


def _is_mailed(facts: Facts) -> bool:
    """Whether a mail goes out as soon as there is the account."""
    if facts.invitation == Invitation.PERSONAL:
        return is_usable(facts.personal_email)
    return facts.invitation in SENT_BY_ITSELF
