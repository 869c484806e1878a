"""The people's side of the comparison: who there is, page by page, and who is just being changed.

Two clocks tick here: Auth0's list is of some time ago, and the console goes on working. So whoever
the console has written since, or is about to, is *moving*, and nothing is said of them.
Source: docs/architecture.md, "Comparison".
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from auth0sync.account import Facts, Seen
from auth0sync.models import Account, Attention
from auth0sync.reconcile_judge import Known
from auth0sync.rows import read_facts
from employees.models import Employee

PAGE = 500  # people
WAITS_FOR_A_PERSON = (Attention.LEAVER, Attention.FAILED)


@dataclass(frozen=True)
class Person:
    """One person as the console knows them. facts: None when the row is gone."""

    employee_id: int
    facts: Facts | None
    known: Known
    generation: int
    is_moving: bool


def pages(since: datetime) -> Iterator[list[Person]]:
    """Everybody who has a row or an account, in the order of their numbers.

    since: from when on a change that the console makes may be missing in Auth0's list.
    """
    last = 0
    while True:
        rows = Employee.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        kept = Account.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        ids = sorted({*rows[:PAGE], *kept[:PAGE]})[:PAGE]
        if not ids:
            return
        yield people(ids, since)
        last = ids[-1]


def people(ids: Sequence[int], since: datetime) -> list[Person]:
    """These people as they are now, in so many queries however many they are."""
    # The accounts first: a row that moves after it was read is not taken for one that was noted.
    accounts = Account.objects.in_bulk(ids)
    facts = read_facts(ids)
    return [_person(pk, facts.get(pk), accounts.get(pk), since) for pk in ids]


def holders(user_ids: Collection[str]) -> dict[int, str]:
    """Whose these accounts are: person → account, by their row or the console's own book."""
    plain = [user_id for user_id in user_ids if user_id.isascii()]  # others the column refuses
    named = Employee.objects.filter(auth0_user_id__in=plain).values_list("pk", "auth0_user_id")
    known = Account.objects.filter(user_id__in=user_ids).values_list("pk", "user_id")
    # Exactly: some databases find an id in any case.
    return {pk: user_id for pk, user_id in (*named, *known) if user_id and user_id in user_ids}


def _person(pk: int, facts: Facts | None, account: Account | None, since: datetime) -> Person:
    named = facts.auth0_user_id if facts else ""
    if account is None:
        known = Known(named, is_ours=False, seen=None)
        asks = facts is not None and facts.asks_for_account
        return Person(pk, facts, known, 1, is_moving=asks)  # the sweep hasn't come by yet
    waits = account.attention in WAITS_FOR_A_PERSON
    known = Known(
        account.user_id or named,
        is_ours=account.origin != "",
        seen=Seen.from_json(account.seen) if account.seen else None,
        error=account.error if waits else "",
    )
    return Person(pk, facts, known, account.generation, is_moving(account, facts, since))


def is_moving(account: Account, facts: Facts | None, since: datetime) -> bool:
    """Whether the console has written this account since, may be writing it, or is about to."""
    under_way = (
        not account.is_clean
        or account.lease != ""
        or account.doubt_until is not None
        or account.job_id is not None
        or account.removal
        or account.link_to != ""
    )
    written = account.seen_at is not None and account.seen_at >= since
    noted = account.fingerprint == (facts.fingerprint() if facts else "")
    return under_way or written or not noted
