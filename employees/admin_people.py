"""Whom somebody sees on the pages of people, and whom they may change there (requirement L7)."""

from django.db.models import QuerySet
from django.http import HttpRequest

from employees.actors import actor_of, visible_to
from employees.admin_base import ForReaders
from employees.authority import Operation, why_not
from employees.models import Employee


class PeopleInSight(ForReaders[Employee]):
    """List, search, filters, autocomplete and page hold the same people: those in sight.

    Somebody out of sight is for these pages like somebody who doesn't exist. What may be changed
    of a person is ``services``' to say; here it is only decided whether there is anything.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Employee]:
        """The people whom this person may see, in the list's order."""
        return visible_to(actor_of(request)).order_by(*self.get_ordering(request))

    def has_view_permission(self, request: HttpRequest, obj: Employee | None = None) -> bool:
        """Whether the list, or this person's page, is open."""
        allowed = super().has_view_permission(request, obj)
        return allowed and (obj is None or not why_not(actor_of(request), Operation.VIEW, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether people may be added."""
        return super().has_add_permission(request) and not why_not(actor_of(request), Operation.ADD)

    def has_change_permission(self, request: HttpRequest, obj: Employee | None = None) -> bool:
        """Whether there is anything to change: of anybody, or of this person."""
        actor = actor_of(request)
        if not actor.may_write or not super().has_change_permission(request, obj):
            return False
        return obj is None or not why_not(actor, Operation.CHANGE, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Employee | None = None) -> bool:
        """Never: the Flask application still points to the row. Archive instead."""
        return False
