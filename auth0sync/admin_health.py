"""The page "Health": what the doctor found last, and the button that has it look again."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from auth0sync.doctor_words import State
from auth0sync.health import Health, health, want
from auth0sync.models import Look
from auth0sync.moving import drain, in_one_line, silence
from auth0sync.status import Weather
from employees.actors import actor_of, names_of
from employees.errors import EmployeesError

TONES = {State.OK: "good", State.FAULT: "attention", State.UNKNOWN: "quiet"}
WORDS = {State.OK: "in order", State.FAULT: "to mend", State.UNKNOWN: "not seen"}


def health_page(request: HttpRequest) -> HttpResponse:
    """What was found, and at once, from the database, whether anything can move at all."""
    _refuse_all_but_administrators(request)
    weather, found = Weather.today(), health()
    context = {
        **admin.site.each_context(request),
        "title": "Health",
        "silence": silence(weather),
        "moving": in_one_line(weather),
        "drain": drain(weather),
        "health": found,
        "words": progress(found),
        "by": names_of([found.row.asked_by]).get(found.row.asked_by, "") if found.row else "",
        "lines": _lines(found.row),
        "counts": _counts(found.row),
    }
    return TemplateResponse(request, "admin/auth0sync/health.html", context)


def look_now(request: HttpRequest) -> HttpResponse:
    """The button; whoever comes without pressing it lands on the page."""
    _refuse_all_but_administrators(request)
    if request.method != "POST":
        messages.warning(request, "Nothing was done: press the button again.")
        return redirect("auth0_health")
    try:
        is_new = want(actor_of(request))
    except EmployeesError as error:
        messages.error(request, str(error))
    else:
        said = "The doctor looks." if is_new else "The doctor is looking already."
        messages.success(request, f"{said} What is found stands here in a moment.")
    return redirect("auth0_health")


def health_progress(request: HttpRequest) -> JsonResponse:
    """How far a look is, as JSON; ``words`` is "" when none is under way."""
    _refuse_all_but_administrators(request)
    return JsonResponse({"words": progress(health()), "percent": None})


def progress(found: Health) -> str:
    """What is said while a look is under way; "" when none is."""
    row = found.row
    if not found.is_under_way or row is None:
        return ""
    has_begun = row.began_at and row.asked_at and row.began_at >= row.asked_at
    return "The doctor is looking." if has_begun else "Waiting for a worker to look."


def _lines(row: Look | None) -> list[dict[str, str]]:
    """The findings, as they stood: what has to be mended first, each part in the doctor's order."""
    found: list[dict[str, str]] = row.findings if row else []
    order = [State.FAULT, State.UNKNOWN, State.OK]
    return [
        {**each, "tone": TONES[state], "label": WORDS[state]}
        for state in order
        for each in found
        if each["state"] == state
    ]


def _counts(row: Look | None) -> dict[str, Any]:
    states = [each["state"] for each in row.findings] if row else []
    return {
        "faults": states.count(State.FAULT),
        "unknown": states.count(State.UNKNOWN),
        "ok": states.count(State.OK),
    }


def _refuse_all_but_administrators(request: HttpRequest) -> None:
    if not actor_of(request).is_admin:
        raise PermissionDenied
