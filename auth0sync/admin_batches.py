"""The pages on which a second person decides about what the safety brake holds."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync import brake
from auth0sync.batches import NotDecided, decide, forecast, why_not
from auth0sync.models import Account, StagedBatch, TenantState
from auth0sync.rows import read_facts
from employees.actors import actor_of, names_of
from employees.admin_base import ModelAdmin, NamesActors, ReadOnly, number_in
from employees.models import Employee
from employees.zones import moment

PAGE = 50  # people
DECISIONS = {"approve": StagedBatch.State.APPROVED, "reject": StagedBatch.State.REJECTED}


class StagedBatchAdmin(NamesActors[StagedBatch], ReadOnly, ModelAdmin[StagedBatch]):
    """What is held, and what became of it; open to administrators alone."""

    list_display = ("held_since", "kind", "held_people", "state", "by")
    ordering = ("-id",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def get_queryset(self, request: HttpRequest) -> QuerySet[StagedBatch]:
        """With the number of those who are held."""
        batches: QuerySet[StagedBatch] = super().get_queryset(request)
        return batches.annotate(held=Count("account"))

    @admin.display(description="held since", ordering="began_at")
    def held_since(self, batch: StagedBatch) -> str:
        """As all other pages say times."""
        return moment(batch.began_at)

    @admin.display(description="people")
    def held_people(self, batch: StagedBatch) -> int:
        """Those who are held; after the decision, those it was about."""
        held: int = vars(batch)["held"]
        return held if batch.state == StagedBatch.State.OPEN else batch.people

    @admin.display(description="decided by")
    def by(self, batch: StagedBatch) -> str:
        """The name of whoever decided."""
        return self.actor_name(batch)

    def actor_in(self, batch: StagedBatch) -> str:
        """Who decided."""
        return batch.decided_by

    def get_urls(self) -> list[URLPattern]:
        """The button's address, beside what Django's admin has."""
        return [
            path(
                "<int:batch_id>/decide/",
                self.admin_site.admin_view(self.decide_view),
                name="auth0sync_stagedbatch_decide",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One batch: what it would do, person by person, and the two buttons."""
        if not self.has_view_permission(request) or request.method == "POST":
            raise PermissionDenied
        batch = StagedBatch.objects.filter(pk=number_in(object_id) or 0).first()
        if batch is None:
            raise Http404
        is_open = batch.state == StagedBatch.State.OPEN
        held = Account.objects.filter(batch=batch).order_by("pk")
        page = Paginator(held, PAGE).get_page(request.GET.get("p"))
        names = names_of([*batch.causes, batch.decided_by])
        sentences = forecast(batch) if is_open else list(filter(None, [batch.forecast]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Held changes: {batch.get_kind_display()}",
            "batch": batch,
            "is_open": is_open,
            "forecast": sentences,
            "page": page,
            "rows": _rows(list(page.object_list)),
            "causes": [names.get(name, _program(name)) for name in batch.causes],
            "by": names.get(batch.decided_by, batch.decided_by),
            "why_not": why_not(batch, actor_of(request), reason="-") if is_open else "",
            "needs_reason": actor_of(request).name in batch.causes,
        }
        return TemplateResponse(request, "admin/auth0sync/batch.html", context)

    def decide_view(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        """The buttons; whoever comes without pressing one lands on the page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not StagedBatch.objects.filter(pk=batch_id).exists():
            raise Http404
        state = DECISIONS.get(request.POST.get("decision", ""))
        version = number_in(request.POST.get("version", ""))
        if state is None or version is None:
            messages.warning(request, "Nothing was done: press the button again.")
        else:
            try:
                batch = decide(
                    batch_id,
                    state,
                    actor_of(request),
                    version=version,
                    reason=request.POST.get("reason", ""),
                )
            except NotDecided as refusal:
                messages.warning(request, str(refusal))
            else:
                what = str(batch.get_state_display()).capitalize()
                who = "1 person" if batch.people == 1 else f"{batch.people} people"
                messages.success(request, f"{what} for {who}.")
        page = reverse("admin:auth0sync_stagedbatch_change", args=[batch_id])
        return HttpResponseRedirect(page)


def _rows(accounts: list[Account]) -> list[tuple[int, Employee | None, Account, str]]:
    """Number, row, account, and what would be done, for each of these people."""
    ids = [account.pk for account in accounts]
    people, facts = Employee.objects.in_bulk(ids), read_facts(ids)
    installation = TenantState.objects.get(pk=1).installation
    found = []
    for account in accounts:
        steps = brake.steps_ahead(facts.get(account.pk), account, installation)
        what = "; ".join(str(step) for step in steps) or account.get_held_for_display()
        found.append((account.pk, people.get(account.pk), account, what[:1].upper() + what[1:]))
    return found


def _program(name: str) -> str:
    return "a change by SQL" if name == "sql" else name
