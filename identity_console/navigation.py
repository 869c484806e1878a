"""The way through the admin: only to pages that this person may open."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from auth0sync.models import ImportJob, StagedBatch, SyncLog, TenantEvent
from employees.actors import actor_of
from employees.mass.models import MassChange
from employees.models import Employee, Kiosk, PodFactoryMapping, RoleConfig

PEOPLE_FOUND = 20  # in the search; more are on the list, one click away

Item = dict[str, Any]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar's groups (``UNFOLD["SIDEBAR"]["navigation"]``); an empty group is left out."""
    groups = {
        "People": [
            *_list("People", "group", Employee, request),
            *_add("Add a person", "person_add", Employee, request),
            *_import(request),
            *_cannot_work(request),
            *_joiners(request),
            *_reviews(request),
            *_planned(request),
            *_enrolment(request),
            *_attention(request),
        ],
        "Auth0": [
            *_balance(request),
            *_list("Held changes", "front_hand", StagedBatch, request),
            *_list("Import jobs", "group_add", ImportJob, request),
            *_list("Sync log", "sync", SyncLog, request),
            *_list("Events in Auth0", "rss_feed", TenantEvent, request),
            *_health(request),
            *_switch(request),
        ],
        "Other programs": [
            *_outside(request),
            *_list("Jobs", "work", RoleConfig, request),
            *_podfactory(request),
            *_list("PodFactory names", "badge", PodFactoryMapping, request),
        ],
        "Console": [
            *_list("Kiosks", "tablet", Kiosk, request),
            *_sessions(request),
            *_alerts(request),
            *_users(request),
        ],
    }
    return [{"title": title, "items": items} for title, items in groups.items() if items]


def found(request: HttpRequest, term: str) -> list[SearchResult]:
    """What the search shows: pages whose title holds ``term``, then people, the newest first.

    Whoever has the number that was searched for stands before the others.
    """
    wanted = term.casefold()
    pages = [
        SearchResult(title=item["title"], description=group["title"], link=item["link"], icon=icon)
        for group in navigation(request)
        for item in group["items"]
        for icon in [item["icon"]]
        if wanted in item["title"].casefold()
    ]
    return pages + _people(request, term)


def _people(request: HttpRequest, term: str) -> list[SearchResult]:
    pages = admin.site.get_model_admin(Employee)
    if not pages.has_view_permission(request):
        return []
    people, _ = pages.get_search_results(request, pages.get_queryset(request), term)
    newest: list[Any] = list(people[:PEOPLE_FOUND])
    return [
        SearchResult(
            title=str(person),
            description=", ".join(filter(None, [person.department, person.workspace])) or "Person",
            link=reverse("admin:employees_employee_change", args=[person.pk]),
            icon="person",
        )
        for person in newest
    ]


def _list(title: str, icon: str, model: type[Model], request: HttpRequest) -> list[Item]:
    pages = admin.site.get_model_admin(model)
    if not pages.has_view_permission(request):
        return []
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    item = _item(title, icon, page, request)
    is_one_of_them = re.match(rf"{re.escape(page)}\d+/", request.path) is not None
    return [{**item, "active": item["active"] or is_one_of_them}]


def _add(title: str, icon: str, model: type[Model], request: HttpRequest) -> list[Item]:
    pages = admin.site.get_model_admin(model)
    if not pages.has_add_permission(request):
        return []
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    return [_item(title, icon, page, request)]


def _enrolment(request: HttpRequest) -> list[Item]:
    if not admin.site.get_model_admin(Employee).has_change_permission(request):
        return []
    page = reverse("admin:auth0sync_enrolment")
    item = _item("Give accounts", "how_to_reg", page, request)
    return [{**item, "active": request.path.startswith(page)}]


def _cannot_work(request: HttpRequest) -> list[Item]:
    pages: Any = admin.site.get_model_admin(Employee)
    if not pages.has_view_permission(request):
        return []
    page = reverse("admin:employees_employee_cannot_work")
    item = _item("Who can’t work today", "person_alert", page, request)
    return [_numbered(item, pages.count_not_ready(request))]


def _joiners(request: HttpRequest) -> list[Item]:
    if not admin.site.get_model_admin(Employee).has_view_permission(request):
        return []
    page = reverse("admin:auth0sync_joiners")
    return [_item("Ready by the first day", "event_available", page, request)]


def _reviews(request: HttpRequest) -> list[Item]:
    pages: Any = admin.site.get_model_admin(Employee)
    if not pages.has_view_permission(request):
        return []
    page = reverse("admin:employees_employee_reviews")
    item = _item("To be reviewed", "fact_check", page, request)
    return [_numbered(item, pages.count_in_review(request))]


def _outside(request: HttpRequest) -> list[Item]:
    if not admin.site.get_model_admin(Employee).has_view_permission(request):
        return []
    page = reverse("admin:employees_employee_outside")
    return [_item("Changed outside the console", "edit_note", page, request)]


def _planned(request: HttpRequest) -> list[Item]:
    if not admin.site.get_model_admin(Employee).has_view_permission(request):
        return []
    page = reverse("admin:employees_employee_planned")
    return [_item("Joining and leaving", "event_upcoming", page, request)]


def _attention(request: HttpRequest) -> list[Item]:
    pages: Any = admin.site.get_model_admin(Employee)
    if not pages.has_view_permission(request):
        return []
    page = reverse("admin:auth0sync_attention")
    item = _item("Needs attention", "assignment_late", page, request)
    return [_numbered(item, pages.count_needing_attention(request))]


def _podfactory(request: HttpRequest) -> list[Item]:
    if not admin.site.get_model_admin(Employee).has_view_permission(request):
        return []
    page = reverse("admin:employees_employee_podfactory")
    return [_item("Who PodFactory finds", "person_search", page, request)]


def _import(request: HttpRequest) -> list[Item]:
    pages: Any = admin.site.get_model_admin(MassChange)
    if not pages.has_view_permission(request):
        return []
    item = _item(
        "Import people", "upload_file", reverse("admin:employees_masschange_import"), request
    )
    every = reverse("admin:employees_masschange_changelist")
    return [{**item, "active": request.path.startswith(every)}]


def _balance(request: HttpRequest) -> list[Item]:
    if not admin.site.get_model_admin(Employee).has_view_permission(request):
        return []
    return [_item("Balance sheet", "balance", reverse("admin:auth0sync_balance"), request)]


def _numbered(item: Item, count: int) -> Item:
    return {**item, "badge": str(count), "badge_variant": "warning"} if count else item


def _switch(request: HttpRequest) -> list[Item]:
    if not actor_of(request).is_admin:
        return []
    return [_item("Link to Auth0", "power_settings_new", reverse("auth0_switch"), request)]


def _health(request: HttpRequest) -> list[Item]:
    if not actor_of(request).is_admin:
        return []
    return [_item("Health", "monitor_heart", reverse("auth0_health"), request)]


def _sessions(request: HttpRequest) -> list[Item]:
    if not actor_of(request).is_admin:
        return []
    page = reverse("admin:employees_employee_sessions")
    return [_item("Who is signed in", "devices", page, request)]


def _alerts(request: HttpRequest) -> list[Item]:
    if not actor_of(request).is_admin:
        return []
    return [_item("Alerts", "notifications", reverse("auth0_alerts"), request)]


def _users(request: HttpRequest) -> list[Item]:
    from django.contrib.auth.models import Group, User

    return [
        *_list("Sign-ins", "key", User, request),
        *_list("Groups", "groups", Group, request),
    ]


def _item(title: str, icon: str, page: str, request: HttpRequest) -> Item:
    """An entry; that of the page which is being asked for is marked."""
    return {"title": title, "icon": icon, "link": page, "active": request.path == page}
