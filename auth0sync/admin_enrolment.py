"""The pages on which many people who exist are given an account: choose, look, confirm, follow.

Nothing is written to anybody before the button, and the queue does the work (``enrolling``).
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.brake import would_hold_so_many
from auth0sync.enrolling import IDS_MOST, Tally, Whom, begin
from auth0sync.enrolment import METHODS, Choice, WhyNot, enrollable
from auth0sync.enrolment_progress import Progress, progress
from auth0sync.enrolment_words import forecast, headline, reasons, title_of, without_accounts
from auth0sync.models import Account
from auth0sync.status import Weather, is_moving, standing
from employees.actors import actor_of, names_of, visible_to
from employees.admin_base import Pages, number_in
from employees.authority import Actor
from employees.filters import departments_for, workspaces_for
from employees.mass import changes
from employees.mass.models import MassChange, MassRow
from employees.models import AuthMethod, Employee, Invitation

ROWS = 50  # on one page
EARLIER = 10  # enrolments, below the form
COUNTED_MOST = 1_000  # more are said to be more: nobody waits for a count of the world
LIST = "admin:employees_employee_changelist"
PAGE = "admin:auth0sync_enrolment_one"
State, RowState, Outcome = MassChange.State, MassRow.State, MassRow.Outcome
_KEPT = "_auth0sync_enrollable"

METHOD_CHOICES = [
    ("", "As usual for the department"),
    *((value.value, str(value.label)) for value in METHODS),
]
INVITATION_CHOICES = [("", "As it stands for each"), *Invitation.choices]


class EnrolmentPages(Pages[Employee]):
    """Adds the pages, and the action of the list that leads to them."""

    admin_site: admin.AdminSite

    @admin.action(description="Give an Auth0 account", permissions=["change"])
    def enrol_selected(
        self, request: HttpRequest, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        """Look at these people first; the page says who would get one."""
        ids = tuple(people.order_by("pk").values_list("pk", flat=True)[: IDS_MOST + 1])
        if len(ids) > IDS_MOST:
            text = (
                f"That is more than {IDS_MOST:,} people: choose by department and workspace on "
                "“Give accounts” instead."
            )
            self.message_user(request, text, messages.ERROR)
            return None
        return self._begin_enrolment(request, Whom(ids=ids), Choice())

    def get_urls(self) -> list[URLPattern]:
        """The pages, before those that would take their names for a number."""
        view = self.admin_site.admin_view
        one = "enrolment/<int:change_id>/"
        return [
            path("enrolment/", view(self.enrolment_view), name="auth0sync_enrolment"),
            path(one, view(self.enrolment_one_view), name="auth0sync_enrolment_one"),
            path(
                f"{one}decide/",
                view(self.enrolment_decide_view),
                name="auth0sync_enrolment_decide",
            ),
            *super().get_urls(),
        ]

    def count_enrollable(self, request: HttpRequest) -> int:
        """How many in sight would get an account, COUNTED_MOST + 1 for more; 0 for readers."""
        kept = vars(request)
        if _KEPT not in kept:
            found = enrollable(actor_of(request)).values("pk")[: COUNTED_MOST + 1]
            kept[_KEPT] = found.count() if self.has_change_permission(request) else 0
        count: int = kept[_KEPT]
        return count

    def enrolment_view(self, request: HttpRequest) -> HttpResponse:
        """Choose whom it is about, and see what was done before."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            whom = Whom(
                department=request.POST.get("department", "")[:100],
                workspace=request.POST.get("workspace", "")[:10],
                also_away=request.POST.get("state") == "all",
            )
            return self._begin_enrolment(request, whom, _choice_of(request))
        actor = actor_of(request)
        earlier = list(_in_sight(actor).order_by("-id")[:EARLIER])
        names = names_of({each.begun_by for each in earlier})
        count = self.count_enrollable(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Give people an Auth0 account",
            "sentence": without_accounts(count, COUNTED_MOST),
            "departments": departments_for(actor),
            "workspaces": workspaces_for(actor),
            "methods": METHOD_CHOICES,
            "invitations": INVITATION_CHOICES,
            "chosen": Choice(),
            "earlier": [
                (each, Tally.of(each.recognised), names.get(each.begun_by, each.begun_by))
                for each in earlier
            ],
        }
        return TemplateResponse(request, "admin/auth0sync/enrolment_choose.html", context)

    def enrolment_one_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """One enrolment, whatever its state; as JSON for the script that follows it."""
        change = self._enrolment(request, change_id)
        now = progress(change)
        if request.headers.get("Accept") == "application/json":
            return JsonResponse(now.as_json())
        tally, shown = Tally.of(change.recognised), request.GET.get("show", "")
        names = names_of([change.begun_by, change.confirmed_by, change.undone_by])
        page = Paginator(_rows(change, shown, actor_of(request)), ROWS).get_page(
            request.GET.get("p")
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"Accounts for: {change.title}",
            "change": change,
            "is_preview": change.state == State.PREVIEW,
            "headline": headline(tally) if change.state in (State.PREVIEW, State.WORKING) else "",
            "accounts": tally.accounts,
            "undo_held": change.state == State.DONE and bool(would_hold_so_many(now.whole)),
            "forecast": forecast(tally) if change.state == State.PREVIEW else [],
            "tabs": _tabs(tally, now),
            "shown": shown,
            "page": page,
            "rows": _people(list(page.object_list)),
            "now": now,
            "methods": METHOD_CHOICES,
            "invitations": INVITATION_CHOICES,
            "chosen": Choice(**change.options["choice"]),
            "begun_by": names.get(change.begun_by, change.begun_by),
            "confirmed_by": names.get(change.confirmed_by, change.confirmed_by),
            "undone_by": names.get(change.undone_by, change.undone_by),
        }
        return TemplateResponse(request, "admin/auth0sync/enrolment.html", context)

    def enrolment_decide_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """The buttons; whoever comes without pressing one lands on the page."""
        change = self._enrolment(request, change_id)
        decision = request.POST.get("decision", "")
        version = number_in(request.POST.get("version", "")) or 0
        actor, target = actor_of(request), reverse(PAGE, args=[change.pk])
        if decision == "again":
            choice = _choice_of(request)
            options = {**change.options, "choice": vars(choice)}
            taken = changes.begin_anew(change.pk, version, options)
        elif decision == "discard":
            taken = changes.discard(change.pk, version)
            target = reverse("admin:auth0sync_enrolment") if taken else target
        elif decision in _DECISIONS:
            taken = _DECISIONS[decision](change.pk, version, actor)
        else:
            messages.warning(request, "Nothing was done: press the button again.")
            return HttpResponseRedirect(target)
        if not taken:
            text = "Nothing was done: it has changed since you looked. Here it is as it is now."
            messages.warning(request, text)
        return HttpResponseRedirect(target)

    def _begin_enrolment(self, request: HttpRequest, whom: Whom, choice: Choice) -> HttpResponse:
        change = begin(whom, choice, actor_of(request), title_of(whom))
        return HttpResponseRedirect(reverse(PAGE, args=[change.pk]))

    def _enrolment(self, request: HttpRequest, change_id: int) -> MassChange:
        """The enrolment. Raises PermissionDenied and Http404."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        change = _in_sight(actor_of(request)).filter(pk=change_id).first()
        if change is None:
            raise Http404
        return change


_DECISIONS = {"confirm": changes.confirm, "retry": changes.retry, "undo": changes.undo}


def _in_sight(actor: Actor) -> QuerySet[MassChange]:
    """The enrolments that ``actor`` may look at: a team lead those that she began."""
    found = MassChange.objects.filter(kind=MassChange.Kind.ENROLMENT)
    return found.filter(begun_by=actor.name) if actor.is_bound_to_a_place else found


def _choice_of(request: HttpRequest) -> Choice:
    """What was chosen for all; anything else than the form's choices counts as none."""
    method, invitation = request.POST.get("method", ""), request.POST.get("invitation", "")
    return Choice(
        method if method in METHODS else "",
        invitation if invitation in Invitation.values else "",
    )


def _rows(change: MassChange, shown: str, actor: Actor) -> QuerySet[MassRow]:
    """The rows of one tab, of people who are still in sight."""
    rows = change.rows.order_by("line")
    if actor.is_bound_to_a_place:
        rows = rows.filter(employee_id__in=visible_to(actor).values("pk"))
    if shown in (RowState.REFUSED, RowState.KEPT):
        return rows.filter(state=shown)
    if shown in WhyNot.values:
        return rows.filter(key=shown)
    return rows.filter(outcome=Outcome.CHANGE)


def _tabs(tally: Tally, now: Progress) -> list[tuple[str, str, int]]:
    """Value, words and number of each tab; those with nobody are left out."""
    every = [
        ("", "Get an account", tally.accounts),
        (RowState.REFUSED.value, "Refused", now.refused),
        (RowState.KEPT.value, "Not undone", now.kept),
        *reasons(tally),
    ]
    return [tab for tab in every if tab[2]]


def _people(rows: list[MassRow]) -> list[dict[str, Any]]:
    """What the table shows of each; a person's row may be gone by now."""
    ids = [row.employee_id for row in rows if row.employee_id]
    people, accounts = Employee.objects.in_bulk(ids), Account.objects.in_bulk(ids)
    weather = Weather.today()
    methods: dict[str, str] = {value: str(label) for value, label in AuthMethod.choices}
    found = []
    for row in rows:
        person = people.get(row.employee_id or 0)
        each = {
            "row": row,
            "name": row.cells[0],
            "email": row.cells[1],
            "person": person,
            "method": methods.get(row.values.get("auth_method", ""), ""),
        }
        if row.state == RowState.DONE and person is not None:
            account = accounts.get(person.pk)
            now = standing(person, account, weather)
            each |= {"standing": now, "is_moving": is_moving(now, account)}
        found.append(each)
    return found
