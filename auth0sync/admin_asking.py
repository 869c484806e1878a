"""Asking for more: sync an account now, send an invitation again; from the list and from a page.

Whom somebody may ask this for is ``authority``'s to say, person by person.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.due import invite_again, mark_due
from auth0sync.models import Account
from auth0sync.origins import FROM, came_from, page_of, with_origin
from auth0sync.status import Weather, why_no_invitation, why_no_sync
from employees.actors import actor_of
from employees.admin_base import Pages, only_by_button
from employees.authority import Operation, why_not
from employees.models import Employee

MANY = 10  # people, invited again without being asked whether they are meant
AT_ONCE = 1_000  # people; more are refused
NAMES = 50  # shown on the page; the others are counted
SALT = "auth0sync.invitations"
GOOD_FOR_S = 3_600  # seconds from the page to its button
LIST = "admin:employees_employee_changelist"


class Asking(Pages[Employee]):
    """The two actions of the list, and the same as buttons on the employee's page."""

    admin_site: admin.AdminSite

    @admin.action(description="Sync now", permissions=["change"])
    def sync_now(self, request: HttpRequest, people: QuerySet[Employee]) -> None:
        """Have these accounts read and brought to what the rows want."""
        if (chosen := self._at_once(request, people)) is None:
            return
        accounts = Account.objects.in_bulk([person.pk for person in chosen])
        actor = actor_of(request)
        reasons = {
            person.pk: why_not(actor, Operation.SYNC, person)
            or why_no_sync(person, accounts.get(person.pk))
            for person in chosen
        }
        ids = [pk for pk, reason in reasons.items() if not reason]
        marked = mark_due(ids, actor=actor.name, look=True)
        self._report(request, "will be synced", marked, reasons.values())

    @admin.action(description="Send the invitation again", permissions=["change"])
    def send_invitation_again(
        self, request: HttpRequest, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        """Have the invitation sent, with a new link, to those who have an account.

        To more than MANY only after a page that says to whom: one click may choose the whole list.
        """
        if (chosen := self._at_once(request, people)) is None:
            return None
        if len(chosen) > MANY:
            return self._whom_it_would_invite(request, chosen)
        self._invite(request, chosen)
        return None

    def _at_once(self, request: HttpRequest, people: QuerySet[Employee]) -> list[Employee] | None:
        """The people who were chosen; None when they are too many for one click, which is said."""
        chosen = list(people.order_by("pk")[: AT_ONCE + 1])
        if len(chosen) <= AT_ONCE:
            return chosen
        text = f"That is more than {AT_ONCE} people at once: choose fewer, with the filters."
        self.message_user(request, text, messages.ERROR)
        return None

    def _whom_it_would_invite(
        self, request: HttpRequest, people: Sequence[Employee]
    ) -> HttpResponse:
        """The page before many are invited again."""
        reasons = _reasons(request, people, Account.objects.in_bulk([p.pk for p in people]))
        touched = [person for person in people if not reasons[person.pk]]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Send the invitation again: {len(people)} people",
            "count": len(touched),
            "touched": touched[:NAMES],
            "touched_more": len(touched[NAMES:]),
            "skipped": Counter(reason.rstrip(".") for reason in reasons.values() if reason).items(),
            "signed": signing.dumps([person.pk for person in touched], salt=SALT, compress=True),
            "back": reverse(LIST),
        }
        return TemplateResponse(request, "admin/auth0sync/invite_many.html", context)

    @only_by_button
    def invitations_view(self, request: HttpRequest) -> HttpResponse:
        """The button of that page; each is looked at again."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            ids = signing.loads(request.POST.get("people", ""), salt=SALT, max_age=GOOD_FOR_S)
        except signing.BadSignature:
            text = "That page is too old, or not from here: choose the people again."
            self.message_user(request, text, messages.ERROR)
        else:
            self._invite(request, list(self.get_queryset(request).filter(pk__in=ids)))
        return HttpResponseRedirect(reverse(LIST))

    def _invite(self, request: HttpRequest, people: Sequence[Employee]) -> None:
        with transaction.atomic():  # the lock keeps a double click from sending two
            locked = Account.objects.select_for_update().order_by("pk")
            accounts = locked.in_bulk([person.pk for person in people])
            reasons = _reasons(request, people, accounts)
            ids = [pk for pk, reason in reasons.items() if not reason]
            invited = invite_again(ids, actor=actor_of(request).name)
        self._report(request, "will be invited again", invited, reasons.values())

    def _report(self, request: HttpRequest, what: str, count: int, reasons: Iterable[str]) -> None:
        """Say for how many it was asked, why not for the others, and whether it has to wait."""
        skipped = Counter(reason for reason in reasons if reason)
        said = [f"{count} {'person' if count == 1 else 'people'} {what}."] if count else []
        said += [f"Skipped {number}: {reason.rstrip('.')}." for reason, number in skipped.items()]
        standstill = Weather.today().standstill() if count else ""
        level = messages.WARNING if skipped or standstill else messages.SUCCESS
        self.message_user(request, " ".join([*said, standstill]).strip(), level)

    def get_urls(self) -> list[URLPattern]:
        """The two buttons of the employee's page, beside what Django's admin has."""
        view = self.admin_site.admin_view
        return [
            path(
                "send-invitations-again/",
                view(self.invitations_view),
                name="auth0sync_send_invitations_again",
            ),
            path(
                "<int:employee_id>/sync-now/",
                view(self.sync_now_view),
                name="auth0sync_sync_now",
            ),
            path(
                "<int:employee_id>/send-invitation-again/",
                view(self.send_invitation_again_view),
                name="auth0sync_send_invitation_again",
            ),
            *super().get_urls(),
        ]

    @only_by_button
    def sync_now_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """The button on the page: the list's action for one person."""
        self.sync_now(request, self._one(request, employee_id))
        return self._back(request, employee_id)

    @only_by_button
    def send_invitation_again_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """The button on the page: the list's action for one person."""
        self._invite(request, list(self._one(request, employee_id)))
        return self._back(request, employee_id)

    def _one(self, request: HttpRequest, employee_id: int) -> QuerySet[Employee]:
        """This one person, as actions take people. Raises Http404 and PermissionDenied."""
        people = self.get_queryset(request).filter(pk=employee_id)
        employee = people.first()
        if employee is None:
            raise Http404
        if not self.has_change_permission(request, employee):
            raise PermissionDenied
        return people

    def _back(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """To the page that the button stands on, which goes on leading back to its list."""
        page = page_of(request.POST.get(FROM, ""), employee_id)
        return HttpResponseRedirect(with_origin(page, came_from(request)))


def _reasons(
    request: HttpRequest, people: Iterable[Employee], accounts: Mapping[int, Account]
) -> dict[int, str]:
    """Why each can't be invited again now; "" for those who can."""
    actor, now = actor_of(request), Weather.today().now
    return {
        person.pk: why_not(actor, Operation.INVITE, person)
        or why_no_invitation(person, accounts.get(person.pk), now)
        for person in people
    }
