"""The page "PodFactory": whom it would find and whom it wouldn't; and the same on a person's page.

At most LOOKED_AT people are looked at for one view of the page, and the next ones by a link, so
that it takes as long for 100,000 people as for a few thousand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from employees.actors import actor_of, may_be_named
from employees.admin_base import Pages, number_in
from employees.authority import Actor
from employees.filters import departments_for, workspaces_for
from employees.models import Employee
from employees.podfactory_standing import (
    PAGE,
    Outcome,
    Standing,
    all_standings,
    known_to_podfactory,
    standings,
)
from employees.podfactory_words import MENDS, others_in, reasons

LOOKED_AT = 2000  # people for one page
ROWS = 50  # on one page
TONES = {
    Outcome.FOUND: "good",
    Outcome.LEFT: "quiet",
    Outcome.SEVERAL: "attention",
    Outcome.NOBODY: "attention",
    Outcome.OTHER: "attention",
}


@dataclass(frozen=True)
class Shown:
    """One person with what the page says of them. in_auth0: whether Auth0 has what is looked up."""

    standing: Standing
    reasons: list[str]
    in_auth0: str

    @property
    def tone(self) -> str:
        """How the outcome is coloured."""
        return TONES[self.standing.outcome]

    @property
    def mend(self) -> str:
        """What has to be done so that they are found; "" for nothing."""
        return MENDS[self.standing.outcome]


@dataclass
class Look:
    """What was seen when people were looked at, by number.

    people, found: how many were looked at, and how many of them PodFactory finds. rows: those to be
    shown. after: the number of the last one, where more follow; else None.
    """

    people: int = 0
    found: int = 0
    rows: list[Standing] = field(default_factory=list)
    after: int | None = None


class PodFactoryPages(Pages[Employee]):
    """Adds the page to the pages of people, and the card to the page of a person."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The page's address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.podfactory_view)
        return [
            path("podfactory/", view, name="employees_employee_podfactory"),
            *super().get_urls(),
        ]

    def podfactory_view(self, request: HttpRequest) -> HttpResponse:
        """Who isn't found; ``?show=`` all or left; ``?after=`` the number to go on behind."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        asked = {name: request.GET.get(name, "") for name in ("show", "department", "workspace")}
        places = {name: asked[name] for name in ("department", "workspace") if asked[name]}
        after = number_in(request.GET.get("after", "")) or 0
        people = known_to_podfactory(self.get_queryset(request).filter(**places))
        people = people.filter(is_active=asked["show"] != "left")
        look = look_at(people, after, only_missed=not asked["show"])
        rows = self._shown(actor, look.rows)
        context = {
            **self.admin_site.each_context(request),
            "title": "PodFactory",
            "asked": asked,
            "begins": not after,
            "look": look,
            "rows": rows,
            "has_auth0": any(row.in_auth0 for row in rows),
            "departments": departments_for(actor),
            "workspaces": workspaces_for(actor),
        }
        return TemplateResponse(request, "admin/people/podfactory.html", context)

    def in_auth0(self, found: Sequence[Standing]) -> Mapping[int, str]:
        """By number: whether Auth0 has the name and e-mail that PodFactory looks up there.

        Nothing is known of Auth0 here; another app may know.
        """
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Employee | None = None,
    ) -> HttpResponse:
        """The page, with how PodFactory finds this person."""
        if obj is not None:
            # A form that was refused has written what was typed into ``obj``.
            as_saved = Employee.objects.filter(pk=obj.pk) if request.method == "POST" else [obj]
            found = [one for one in standings(list(as_saved)) if one.is_active or one.is_mapped]
            context["podfactory"] = next(iter(self._shown(actor_of(request), found)), None)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _shown(self, actor: Actor, found: list[Standing]) -> list[Shown]:
        seen = may_be_named(actor, others_in(found))
        in_auth0 = self.in_auth0(found)
        return [
            Shown(standing, reasons(standing, seen), in_auth0.get(standing.employee_id, ""))
            for standing in found
        ]


def look_at(people: QuerySet[Employee], after: int, *, only_missed: bool) -> Look:
    """Look at people until a page is full, or LOOKED_AT of them were looked at.

    people: by number; those up to ``after`` are passed over. only_missed: show those alone whom
    PodFactory doesn't find.
    """
    look, most = Look(), LOOKED_AT if only_missed else ROWS
    for standing in all_standings(people, after, together=min(PAGE, most)):
        is_found = standing.outcome == Outcome.FOUND
        look.people += 1
        look.found += is_found
        if not (only_missed and is_found):
            look.rows.append(standing)
        if look.people == most or len(look.rows) == ROWS:
            is_last = not people.filter(pk__gt=standing.employee_id).exists()
            look.after = None if is_last else standing.employee_id
            break
    return look
