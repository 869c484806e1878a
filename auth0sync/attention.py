"""Whose accounts need a person, the most urgent first; an indexed column says so."""

from django.db.models import Exists, OuterRef, QuerySet

from auth0sync.models import Account
from employees.actors import visible_to
from employees.authority import Actor


def needing_attention(actor: Actor) -> QuerySet[Account]:
    """The accounts that need a person, those of people in sight; also of deleted rows."""
    found = Account.objects.filter(attention__isnull=False)
    if not actor.may_read:
        return found.none()
    if actor.is_bound_to_a_place:
        found = found.filter(Exists(visible_to(actor).filter(pk=OuterRef("pk"))))
    return found.order_by("attention", "attention_at", "pk")


def count_needing_attention(actor: Actor) -> int:
    """How many; read from the index."""
    return needing_attention(actor).order_by().count()
