"""After a new version of the plan: whose account would change is held as one batch."""

from collections.abc import Iterator

from django.db.models import Q

from auth0sync import brake
from auth0sync.account import PLAN_VERSION
from auth0sync.models import Account, Risk
from auth0sync.rows import read_facts

PAGE = 200  # people a slice


def stage() -> Iterator[None]:
    """Look at all who were last done with another plan, a slice a step.

    Blocks go out at once, as does what somebody saved by hand. Where the new plan changes nothing
    its version is noted, without a call.
    """
    other = Q(plan_version__lt=PLAN_VERSION) | Q(plan_version__gt=PLAN_VERSION)
    if not Account.objects.filter(other).exists():  # by its index; the search below reads all
        return
    last, name = 0, brake.installation()
    while True:
        old = Account.objects.filter(other, pk__gt=last, batch=None)
        accounts = list(old.order_by("pk")[:PAGE])
        if not accounts:
            return
        last = accounts[-1].pk
        facts = read_facts([account.pk for account in accounts])
        risks = {
            account.pk: brake.foreseen_risk(facts.get(account.pk), account, name)
            for account in accounts
        }
        staged = {
            account.pk: facts.get(account.pk)
            for account in accounts
            if risks[account.pk] == Risk.PLAN and not account.let_through
        }
        if staged:
            brake.hold_for_new_plan(staged)
        same = [pk for pk, risk in risks.items() if risk not in (Risk.PLAN, Risk.BLOCK)]
        Account.objects.filter(pk__in=same).update(plan_version=PLAN_VERSION)
        yield
