"""Saying that two rows are one person's: first a page that shows what would happen, then a button.

Taking it back is a page too; both say what is refused, and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from employees.actors import actor_of, may_be_named
from employees.admin_base import Pages, number_in
from employees.admin_history import LABELS, in_words
from employees.authority import Actor
from employees.errors import AlreadyDecided, EmployeesError
from employees.history import notice_changes, values_of
from employees.models import Employee, Review, RoleConfig
from employees.podfactory_losses import lost_by_renaming
from employees.podfactory_words import sentences
from employees.review_merging import merge, undo_merge, why_not_undo
from employees.review_preview import BRINGS_BACK, Preview, preview
from employees.reviews import State, waiting
from employees.zones import zone_of

PAGE = "admin:employees_employee_change"
TAKE = "take_"  # before a column, in the names of the form


@dataclass(frozen=True)
class ShownChoice:
    """A field in which the two rows differ, in words. why_not: as in ``review_preview.Choice``."""

    column: str
    label: str
    kept: str
    other: str
    takes_other: bool
    why_not: str


class MergePages(Pages[Employee]):
    """Adds the two pages to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """Their addresses; both are those of the row that goes."""
        view = self.admin_site.admin_view
        return [
            path(
                "<int:employee_id>/merge/", view(self.merge_view), name="employees_employee_merge"
            ),
            path(
                "<int:employee_id>/undo-merge/",
                view(self.undo_merge_view),
                name="employees_employee_undo_merge",
            ),
            *super().get_urls(),
        ]

    def merge_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """What merging this row into ``?with=`` would do; by POST it is done."""
        sent = request.POST if request.method == "POST" else request.GET
        other = self._to_change(request, employee_id)
        number, refused = number_in(sent.get("with", "")), ""
        kept = self._to_change(request, number) if number else None
        if kept is not None and request.method == "POST":
            takes = {name.removeprefix(TAKE) for name, value in sent.items() if value == "other"}
            try:
                merge(other.pk, kept.pk, takes, actor_of(request), sent.get("token", ""))
            except EmployeesError as error:
                refused = str(error)
            else:
                self._say_merged(request, other, kept)
                return HttpResponseRedirect(reverse(PAGE, args=[kept.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Merge number {other.pk} into {kept.name if kept else 'another row'}",
            "other": other,
            "take": TAKE,
            **self._shown_merge(request, other, kept, refused),
        }
        return TemplateResponse(request, "admin/reviews/merge.html", context)

    def _shown_merge(
        self, request: HttpRequest, other: Employee, kept: Employee | None, refused: str
    ) -> dict[str, Any]:
        """What the page shows of both rows as they are now. refused: why it wasn't done."""
        if kept is None:
            return {"refused": "Choose on the page of this row whose it is.", "can_merge": False}
        notice_changes([other.pk, kept.pk])
        other, kept = self._to_change(request, other.pk), self._to_change(request, kept.pk)
        found = preview(other, kept, actor_of(request))
        why_not = found.why_not
        try:
            waiting(other.pk)
        except AlreadyDecided as error:
            why_not = str(error)
        return {
            "found": found,
            "choices": shown(found),
            "lost": lost_by_name(found, actor_of(request)),
            "refused": refused or why_not,
            "can_merge": not why_not,
        }

    def undo_merge_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """What taking the merge of this row back would do; by POST it is done."""
        other = self._to_change(request, employee_id)
        review = Review.objects.filter(pk=other.pk, state=State.MERGED).first()
        kept = self._to_change(request, review.kept_id) if review else None
        refused = why_not_undo(review)
        if kept is not None and request.method == "POST":
            try:
                undo_merge(other.pk, actor_of(request), request.POST.get("batch", ""))
            except EmployeesError as error:
                refused = str(error)
            else:
                said = f"{other.name} (number {other.pk}) is a row of its own again."
                self.message_user(request, said, messages.SUCCESS)
                page = reverse("admin:employees_employee_review", args=[other.pk])
                return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Undo merging number {other.pk}",
            "other": other,
            "kept": kept,
            "review": review,
            "mappings": len(review.mapping_ids) if review else 0,
            "refused": refused,
        }
        return TemplateResponse(request, "admin/reviews/undo.html", context)

    def _to_change(self, request: HttpRequest, number: int | None) -> Employee:
        """Raises: Http404 for somebody out of sight, PermissionDenied for who changes nobody."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        person = self.get_queryset(request).filter(pk=number).first() if number else None
        if person is None:
            raise Http404
        return person

    def _say_merged(self, request: HttpRequest, other: Employee, kept: Employee) -> None:
        undo = reverse("admin:employees_employee_undo_merge", args=[other.pk])
        said = format_html(
            'Number {} is merged into {} (number {}). <a href="{}">Undo</a>',
            other.pk,
            kept.name,
            kept.pk,
            undo,
        )
        self.message_user(request, said, messages.SUCCESS)


def shown(found: Preview) -> list[ShownChoice]:
    """The choices of a preview in words; one query."""
    ids = [pk for pk in (found.kept.role_id, found.other.role_id) if pk is not None]
    roles = dict(RoleConfig.objects.filter(pk__in=ids).values_list("pk", "role_name"))
    kept, other = values_of(found.kept), values_of(found.other)
    choices = [
        ShownChoice(
            column=each.column,
            label=LABELS[each.column],
            kept=_word(found.kept, each.column, kept, roles),
            other=_word(found.other, each.column, other, roles),
            takes_other=each.takes_other,
            why_not=each.why_not,
        )
        for each in found.choices
    ]
    back = found.brings_back
    if back is None:
        return choices
    words = ("Works here", "stays switched off", "comes back")
    return [*choices, ShownChoice(BRINGS_BACK, *words, back.takes_other, back.why_not)]


def lost_by_name(found: Preview, actor: Actor) -> list[str]:
    """What PodFactory would miss if the kept row took the other's name, in sentences.

    The other row is out of its sight from then on.
    """
    if "name" not in [each.column for each in found.choices]:
        return []
    kept, other = found.kept.pk, found.other.pk
    losses = [
        loss
        for loss in lost_by_renaming({kept: found.other.name}).get(kept, [])
        if loss.employee_id != other
        and set(loss.found.employee_ids) - {other} != {loss.employee_id}
    ]
    seen = may_be_named(actor, {pk for loss in losses for pk in loss.names})
    return sentences(losses, kept, found.other.name, seen)


def _word(
    person: Employee, column: str, values: Mapping[str, Any], roles: Mapping[int, str]
) -> str:
    return in_words(column, values[column], zone_of(person.workspace), roles)
