"""The page before all differences of one kind are fixed: what it would do, and to whom."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.balance import differences, in_group
from auth0sync.difference_words import heading, parts_of
from auth0sync.models import Difference
from auth0sync.reconcile_decisions import Preview, fix_all, preview
from employees.actors import actor_of, visible_to
from employees.admin_base import Pages, number_in
from employees.models import Employee
from employees.selectors import among

NAMES = 30  # shown; the rest is a number


class TogetherPage(Pages[Employee]):
    """Adds the page to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """Its address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.together_view)
        return [path("balance/together/", view, name="auth0sync_together"), *super().get_urls()]

    def together_view(self, request: HttpRequest) -> HttpResponse:
        """``?group=``: what fixing all of them would do; its button does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        group = request.POST.get("group") or request.GET.get("group", "")
        back = reverse("admin:auth0sync_balance")
        if not parts_of(group)[0]:
            self.message_user(request, "Choose what is to be fixed first.", messages.WARNING)
            return HttpResponseRedirect(back)
        rows = in_group(differences(actor), group).filter(state=Difference.State.OPEN)
        found = preview(rows, actor)
        if request.method == "POST":
            if number_in(request.POST.get("differences", "")) == found.differences:
                number = fix_all(rows, actor)
                self.message_user(request, _what_happens(number, found), messages.SUCCESS)
                return HttpResponseRedirect(f"{back}?state=fixing")
            text = "Nothing was done: there are others now than you saw. Look again."
            self.message_user(request, text, messages.WARNING)
        ids = rows.order_by("rank", "pk").values_list("employee_id", flat=True)[:NAMES]
        some = {pk for pk in ids if pk is not None}
        context = {
            **self.admin_site.each_context(request),
            "title": f"Fix all in Auth0: {heading(group)}",
            "found": found,
            "group": group,
            "people": list(visible_to(actor).filter(among(some)).order_by("pk")),
            "more": max(0, found.people - len(some)),
            "back": f"{back}?group={group}",
        }
        return TemplateResponse(request, "admin/auth0sync/together.html", context)


def _what_happens(number: int, found: Preview) -> str:
    """What was asked for, in a sentence."""
    if not number:
        return "Nothing was left to fix."
    which = "1 difference is" if number == 1 else f"{number} differences are"
    held = (
        f" The safety brake holds {found.held} until a second person agrees." if found.held else ""
    )
    return f"{which} being brought in line in Auth0.{held}"
