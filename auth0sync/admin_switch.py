"""The page on which an administrator switches the link to Auth0 off, and on again."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from auth0sync import incidents, switch
from auth0sync.models import TenantState
from employees.actors import actor_of

REASON_MOST = 300  # characters


def switch_page(request: HttpRequest) -> HttpResponse:
    """How the switch stands, with the one button that turns it; for administrators."""
    actor = actor_of(request)
    if not actor.is_admin:
        raise PermissionDenied
    if request.method == "POST":
        return _turn(request, actor.name)
    state = TenantState.objects.filter(pk=1).first()
    context = {
        **admin.site.each_context(request),
        "title": "Link to Auth0",
        "off": switch.by_settings() or switch.by_state(state),
        "state": state,
        "by": switch.paused_by(state) if state and state.paused_at else "",
        "reason_most": REASON_MOST,
    }
    return TemplateResponse(request, "admin/auth0sync/switch.html", context)


def _turn(request: HttpRequest, actor: str) -> HttpResponse:
    reason = " ".join(request.POST.get("reason", "").split())[:REASON_MOST]
    if request.POST.get("turn") == "on":
        turned = switch.resume(actor, reason)
        said = "Auth0 is switched on; who waits is done now." if turned else "It was on already."
    elif not reason:
        messages.error(request, "Nothing was done: say why, for those who read it on every page.")
        return redirect("auth0_switch")
    else:
        turned = switch.pause(actor, reason)
        said = "Auth0 is switched off." if turned else "It was off already."
    incidents.look()
    messages.success(request, said)
    return redirect("auth0_switch")
