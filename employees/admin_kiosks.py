"""Kiosks in the admin: which there are, a code that sets one up, and signing one out.

For administrators. A code stands in the answer to the one request that made it.
"""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Model
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from employees import kiosks
from employees.actors import actor_of
from employees.admin_base import ModelAdmin, detail_button, kept_nowhere
from employees.models import Kiosk
from employees.zones import moment

CODE_MADE = "Made a code."
SIGNED_OUT = "Signed out."


class KioskAdmin(ModelAdmin[Kiosk]):
    """The devices of the shop floor."""

    list_display = ("name", "workspace", "how_it_is", "last_seen")
    search_fields = ("name",)
    ordering = ("name",)
    fields: ClassVar[Any] = ("name", "workspace", "helper")
    actions_detail: ClassVar[Any] = ("make_code", "sign_out")

    def get_form(self, *args: Any, **kwargs: Any) -> type[ModelForm[Kiosk]]:
        """What each field is for, in its place."""
        helps = {
            "name": "As people call it: “Line 3”. It stands on its screen.",
            "workspace": "Supervisors help the people of this workspace there; empty: of any.",
            "helper": "Shown there when somebody can’t sign in and no supervisor is near: "
            "“Call the office, 4711”.",
        }
        return super().get_form(*args, help_texts=helps, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: a kiosk that isn't used any more is signed out, and its history stays."""
        return False

    @admin.display(description="state")
    def how_it_is(self, kiosk: Kiosk) -> str:
        """Whether a device is this kiosk, or is about to be."""
        if kiosk.code_until is not None and kiosk.code_until > timezone.now():
            return f"Waits for its code until {moment(kiosk.code_until)}"
        return "In use" if kiosk.key_hash else "Not set up"

    @admin.display(description="last seen", ordering="seen_at")
    def last_seen(self, kiosk: Kiosk) -> str:
        """When the device last asked for a page."""
        return moment(kiosk.seen_at) if kiosk.seen_at else "–"

    def response_add(
        self, request: HttpRequest, obj: Kiosk, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the code, which is what a new kiosk needs next."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(_address("make_code", obj))

    @detail_button("Make a code to set it up")
    def make_code(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say what to do; then the code, this once."""
        kiosk = self._kiosk(request, object_id)
        code = ""
        if request.method == "POST":
            code = kiosks.new_code(kiosk.pk, actor_of(request))
            self.log_change(request, kiosk, CODE_MADE)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Set up {kiosk.name}",
            "kiosk": kiosk,
            "code": f"{code[:5]} {code[5:]}".strip(),
            "minutes": int(kiosks.CODE_LASTS.total_seconds() // 60),
            "address": request.build_absolute_uri(reverse("kiosk-enrol")),
            "back": _address("change", kiosk),
        }
        return kept_nowhere(TemplateResponse(request, "admin/kiosks/code.html", context))

    @detail_button("Sign it out")
    def sign_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask; then the device is no kiosk any more."""
        kiosk = self._kiosk(request, object_id)
        if request.method == "POST":
            if kiosks.sign_out(kiosk.pk, actor_of(request)):
                self.log_change(request, kiosk, SIGNED_OUT)
            self.message_user(request, f"{kiosk.name} is signed out.", messages.SUCCESS)
            return HttpResponseRedirect(_address("change", kiosk))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Sign {kiosk.name} out",
            "kiosk": kiosk,
            "back": _address("change", kiosk),
        }
        return TemplateResponse(request, "admin/kiosks/sign_out.html", context)

    def _kiosk(self, request: HttpRequest, object_id: str) -> Kiosk:
        """Raises: Http404, also for whoever may not see it."""
        known = object_id.isascii() and object_id.isdigit() and len(object_id) <= 18
        found = Kiosk.objects.filter(pk=int(object_id)).first() if known else None
        if found is None or not self.has_change_permission(request):
            raise Http404
        return found


def _address(page: str, kiosk: Kiosk) -> str:
    return reverse(f"admin:employees_kiosk_{page}", args=[kiosk.pk])
