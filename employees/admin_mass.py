"""The pages of a mass change: its preview, its progress, what became of it, and its undo.

``ImportPages`` adds what imports have of their own, and auth0sync what there is to say of accounts.
Nothing here changes a person: a button moves the mass change on, and the queue does the rest.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from employees.actors import actor_of, names_of, visible_to
from employees.admin_base import ModelAdmin, NamesActors, ReadOnly, number_in
from employees.authority import Operation, why_not
from employees.importing import foreseen
from employees.mass import changes
from employees.mass.models import MassChange, MassRow
from employees.mass.undoing import signed_in
from employees.mass.words import progress, shown, what_became
from employees.zones import moment

ROWS = 50  # on one page
NAMES = 50  # of those who have signed in since
TABS = (
    ("", "All"),
    ("new", "New"),
    ("change", "Changes"),
    ("back", "Brought back"),
    ("question", "Questions"),
    ("problem", "Problems"),
    ("skip", "Left out"),
    ("nothing", "Nothing to do"),
    ("refused", "Refused"),
    ("kept", "Not undone"),
)
Counts = Mapping[str, Mapping[str, int]]
State = MassChange.State
PAGE = "admin:employees_masschange_change"


class MassChangeAdmin(NamesActors[MassChange], ReadOnly, ModelAdmin[MassChange]):
    """Those still to be confirmed, and what became of the others."""

    kind: ClassVar[str]
    list_display = ("called", "state", "begun", "by")
    list_display_links = ("called",)
    ordering = ("-id",)

    @admin.display(description="what")
    def called(self, change: MassChange) -> str:
        """Its title, which is the link."""
        return change.title

    @admin.display(description="begun", ordering="begun_at")
    def begun(self, change: MassChange) -> str:
        """As all other pages say times."""
        return moment(change.begun_at)

    @admin.display(description="by")
    def by(self, change: MassChange) -> str:
        """The name of whoever confirmed it, or began it."""
        return self.actor_name(change)

    def actor_in(self, change: MassChange) -> str:
        """Who confirmed it, or began it."""
        return change.confirmed_by or change.begun_by

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As for the pages."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may add people sees all imports."""
        may_add = not why_not(actor_of(request), Operation.ADD)
        return may_add and super().has_view_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MassChange]:
        """Those of this kind; others have pages of their own."""
        found: QuerySet[MassChange] = super().get_queryset(request)
        return found.filter(kind=self.kind)

    def get_urls(self) -> list[URLPattern]:
        """The buttons' addresses, and that which the page asks while something moves."""
        view, name = self.admin_site.admin_view, "employees_masschange_"
        buttons = {
            "confirm": self.confirm_view,
            "answer": self.answer_view,
            "discard": self.discard_view,
            "retry": self.retry_view,
            "undo": self.undo_view,
            "progress": never_cache(self.progress_view),
        }
        return [
            *(
                path(f"<int:change_id>/{word}/", view(button), name=f"{name}{word}")
                for word, button in buttons.items()
            ),
            *super().get_urls(),
        ]

    # What subclasses have more to say of.

    def sentences(self, change: MassChange) -> list[str]:
        """What confirming would do, in sentences."""
        return foreseen.sentences(change.summary)

    def notices(self, change: MassChange) -> list[str]:
        """What would hold it up after the button: the safety brake."""
        return []

    def holdups(self) -> list[str]:
        """Why nothing moves, while something should."""
        return []

    def undo_notices(self, change: MassChange) -> list[str]:
        """The same for taking it back."""
        return []

    def more_context(self, request: HttpRequest, change: MassChange) -> dict[str, Any]:
        """What a kind shows beside the rest, and its template."""
        return {}

    # The pages.

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Where it stands, and what can be done with it."""
        if request.method == "POST":
            raise PermissionDenied
        change = self.found(request, number_in(object_id) or 0)
        counts = changes.counts(change.pk)
        through, total = progress(change, counts)
        names = names_of([change.begun_by, change.confirmed_by, change.undone_by])
        is_preview, is_busy = change.state == State.PREVIEW, change.state in changes.BUSY
        context = {
            **self.admin_site.each_context(request),
            "title": f"{change.get_kind_display()}: {change.title}",
            "change": change,
            "is_busy": is_busy,
            "holdups": self.holdups() if is_busy else [],
            "is_preview": is_preview,
            "through": through,
            "total": total,
            "said": self.sentences(change) if is_preview else what_became(counts),
            "notices": self.notices(change) if is_preview else [],
            "to_do": sum(sum(counts.get(outcome, {}).values()) for outcome in changes.DEEDS),
            "refused": sum(states.get("refused", 0) for states in counts.values()),
            "to_mend": _to_mend(counts),
            "can_undo": change.state == State.DONE and _has(counts, "done"),
            "kept_until": moment(change.ended_at + changes.KEPT_ROWS) if change.ended_at else "",
            "confirmed_by": names.get(change.confirmed_by, change.confirmed_by),
            "undone_by": names.get(change.undone_by, change.undone_by),
            **self._rows(request, change, counts),
            **self.more_context(request, change),
        }
        return TemplateResponse(request, "admin/mass/change.html", context)

    def progress_view(self, request: HttpRequest, change_id: int) -> JsonResponse:
        """How far it is, for the page that shows it."""
        change = self.found(request, change_id)
        through, total = progress(change, changes.counts(change.pk))
        holdups = " ".join(self.holdups()) if change.state in changes.BUSY else ""
        found = {"state": change.state, "through": through, "total": total, "holdups": holdups}
        return JsonResponse(found)

    def confirm_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """The button under the preview."""
        return self._pressed(
            request,
            change_id,
            lambda change, version: changes.confirm(change.pk, version, actor_of(request)),
            "It is being carried out.",
        )

    def discard_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """Nothing was written, and nothing will be."""
        return self._pressed(
            request,
            change_id,
            lambda change, version: changes.discard(change.pk, version),
            "Discarded: nothing was written.",
        )

    def retry_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """Once more those that were refused."""
        return self._pressed(
            request,
            change_id,
            lambda change, version: changes.retry(change.pk, version, actor_of(request)),
            "Those that were refused are tried again.",
        )

    def answer_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """What was chosen for questions, one by one, or one answer for all that are left."""
        answers = {
            number: str(value)
            for name, value in request.POST.items()
            if name.startswith("row-") and value and (number := number_in(name[4:])) is not None
        }

        def answer(change: MassChange, version: int) -> bool:
            for_all = str(request.POST.get("for_all") or "")
            return changes.answer(change.pk, version, answers, for_all)

        return self._pressed(request, change_id, answer, "Your answers are kept.")

    def undo_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """The page that says what would be taken back, and its button."""
        change = self.found(request, change_id)
        if request.method == "POST":
            return self._pressed(
                request,
                change_id,
                lambda change, version: changes.undo(change.pk, version, actor_of(request)),
                "It is being taken back.",
            )
        if change.state != State.DONE:
            messages.warning(request, "There is nothing to take back.")
            return HttpResponseRedirect(reverse(PAGE, args=[change.pk]))
        counts = changes.counts(change.pk)
        stay, more = signed_in(change, NAMES)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Undo: {change.title}",
            "change": change,
            "added": counts.get("new", {}).get("done", 0),
            "changed": counts.get("change", {}).get("done", 0),
            "back": counts.get("back", {}).get("done", 0),
            "stay": stay,
            "stay_more": more,
            "notices": self.undo_notices(change),
        }
        return TemplateResponse(request, "admin/mass/undo.html", context)

    def found(self, request: HttpRequest, change_id: int) -> MassChange:
        """The mass change of this page. Raises: Http404, PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        change = MassChange.objects.filter(pk=change_id, kind=self.kind).first()
        if change is None:
            raise Http404
        return change

    def _pressed(
        self,
        request: HttpRequest,
        change_id: int,
        do: Callable[[MassChange, int], bool],
        done: str,
    ) -> HttpResponse:
        """What a button does, once; whoever comes by GET lands on the page."""
        change = self.found(request, change_id)
        page = HttpResponseRedirect(reverse(PAGE, args=[change.pk]))
        version = number_in(request.POST.get("version", ""))
        if request.method != "POST" or version is None:
            messages.warning(request, "Nothing was done: press the button again.")
        elif do(change, version):
            messages.success(request, done)
        else:
            messages.warning(
                request, "It has moved on since this page was shown: look at it as it is now."
            )
        return page

    def _rows(self, request: HttpRequest, change: MassChange, counts: Counts) -> dict[str, Any]:
        """A page of the rows, and the tabs; queries don't grow with the rows."""
        chosen = request.GET.get("show", "")
        rows = MassRow.objects.filter(change=change).order_by("line")
        if chosen in MassRow.Outcome.values:
            rows = rows.filter(outcome=chosen)
        elif chosen in (MassRow.State.REFUSED, MassRow.State.KEPT):
            rows = rows.filter(state=chosen)
        page = Paginator(rows, ROWS).get_page(request.GET.get("p"))
        zone = timezone.get_current_timezone()
        actor = actor_of(request)
        tabs = [(value, label, _number(counts, value)) for value, label in TABS]
        return {
            "page": page,
            "chosen": chosen,
            "tabs": [tab for tab in tabs if tab[2] or not tab[0]],
            "rows": shown(change, list(page.object_list), lambda: visible_to(actor), zone),
            "asks": any(row.asks for row in page.object_list),
        }


def _number(counts: Counts, tab: str) -> int:
    if not tab:
        return sum(sum(states.values()) for states in counts.values())
    if tab in (MassRow.State.REFUSED, MassRow.State.KEPT):
        return sum(states.get(tab, 0) for states in counts.values())
    return sum(counts.get(tab, {}).values())


def _to_mend(counts: Counts) -> int:
    left_out = [counts.get(outcome, {}) for outcome in ("problem", "question")]
    refused = sum(counts.get(outcome, {}).get("refused", 0) for outcome in changes.DEEDS)
    return refused + sum(sum(states.values()) for states in left_out)


def _has(counts: Counts, state: str) -> bool:
    return any(states.get(state) for states in counts.values())
