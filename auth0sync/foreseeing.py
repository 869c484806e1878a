"""What fixing one difference would send to Auth0: a dry run, read from the database alone."""

from auth0sync import brake
from auth0sync.account import Seen
from auth0sync.explain import READ, Call, request_of
from auth0sync.field_words import in_words
from auth0sync.models import Account, Difference
from auth0sync.plan import Create
from auth0sync.reconcile_apply import OF_FIELDS, as_found
from auth0sync.reconcile_policy import TAKEABLE
from auth0sync.rows import read_facts
from auth0sync.side_by_side import living
from auth0sync.sides import COLUMNS

Kind = Difference.Kind


def calls_of_fixing(difference: Difference) -> list[Call]:
    """The calls that would go out, as far as it can be told without a look at Auth0.

    Also what else is due for this person at the moment, since it goes out with it.
    """
    look = Call("read the account first; what follows depends on what it shows", READ)
    account = Account.objects.filter(pk=difference.employee_id or 0).first()
    if difference.kind == Kind.MISSING and difference.is_read_again:
        return [Call(str(Create({})), request_of(Create({}))), Call("send an invitation", "a mail")]
    if account is None or not account.seen or difference.kind not in OF_FIELDS:
        return [look]
    account.seen = as_found(Seen.from_json(account.seen), difference).as_json()
    facts = read_facts([account.pk]).get(account.pk)
    steps = brake.steps_ahead(facts, account, brake.installation())
    return [Call(str(step), request_of(step).replace("{id}", account.user_id)) for step in steps]


def put_right_with_it(difference: Difference) -> list[Difference]:
    """What else differs in this account, also what was left as it is.

    Auth0's answer to a change shows the whole account, and the row counts.
    """
    if difference.kind not in OF_FIELDS:
        return []
    others = living(difference.employee_id or 0).filter(kind__in=OF_FIELDS)
    return list(others.exclude(pk=difference.pk))


def following(field: str) -> list[str]:
    """What else Auth0 gets when this field's value is taken over: what is computed from the same
    column, in words."""
    column = TAKEABLE.get(field)
    return [in_words(name) for name, of in COLUMNS.items() if column in of and name != field]
