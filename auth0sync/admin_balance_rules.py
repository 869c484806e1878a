"""The page on which administrators choose which side wins by itself, field by field."""

from dataclasses import dataclass

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from auth0sync.difference_words import WORDS, field_named, heading
from auth0sync.reconcile_decisions import rules, set_rule
from auth0sync.reconcile_policy import Rule
from employees.actors import actor_of
from employees.admin_base import Pages
from employees.models import Employee


@dataclass(frozen=True)
class Choice:
    """What can be chosen for one field or kind. choices: value, words, whether it holds now."""

    name: str
    label: str
    choices: list[tuple[str, str, bool]]


class RulesPage(Pages[Employee]):
    """Adds the page to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """Its address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.rules_view)
        return [path("balance/rules/", view, name="auth0sync_balance_rules"), *super().get_urls()]

    def rules_view(self, request: HttpRequest) -> HttpResponse:
        """All rules in one form; what wasn't changed isn't written."""
        if not actor_of(request).is_admin:
            raise PermissionDenied
        if request.method == "POST":
            return self._save(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Which side wins by itself",
            "choices": [
                Choice(name, _label(name), [(r.value, r.words, r == rule) for r in may_be])
                for name, rule, may_be in rules()
            ],
            "back": reverse("admin:auth0sync_balance"),
        }
        return TemplateResponse(request, "admin/auth0sync/balance_rules.html", context)

    def _save(self, request: HttpRequest) -> HttpResponse:
        saved = 0
        for name, rule, may_be in rules():
            chosen = request.POST.get(name, rule.value)
            if chosen != rule.value and chosen in [each.value for each in may_be]:
                set_rule(name, Rule(chosen), actor_of(request))
                saved += 1
        text = "The next comparison goes by it." if saved else "Nothing was changed."
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:auth0sync_balance_rules"))


def _label(name: str) -> str:
    return heading(name) if name in WORDS else capfirst(field_named(name))
