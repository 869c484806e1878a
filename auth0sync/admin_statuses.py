"""One address that says how accounts are at this moment, for pages that are being looked at."""

import re

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path

from auth0sync.models import Account, Bucket, TenantState
from auth0sync.pace import BUCKET, room_at
from auth0sync.status import Standing, Weather, is_moving, standing
from employees.admin_base import Pages
from employees.models import Employee
from employees.selectors import joining_days

_NUMBER = re.compile(r"[0-9]{1,10}")
MOST_PEOPLE = 200  # as many as the longest list shows
_STATE = ("domain", *("paused_at", "paused_by", "paused_reason", "until_reconciled"), "down_since")
_ACCOUNT = [field.attname for field in Account._meta.concrete_fields]


class Statuses(Pages[Employee]):
    """Adds the address to the pages of people; statuses.js asks it."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.statuses_view)
        return [path("statuses/", view, name="auth0sync_statuses"), *super().get_urls()]

    def statuses_view(self, request: HttpRequest) -> JsonResponse:
        """``?ids=1,2,3`` as JSON: number -> label, detail, tone, moving; nobody out of sight."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        words = [word for word in request.GET.get("ids", "").split(",") if word]
        if len(words) > MOST_PEOPLE or not all(_NUMBER.fullmatch(word) for word in words):
            problem = f"ids must be at most {MOST_PEOPLE} employee numbers, parted by commas."
            return JsonResponse({"error": problem}, status=400)
        people = self.get_queryset(request).filter(pk__in=[int(word) for word in words])
        return JsonResponse(
            {
                str(pk): {
                    "label": found.label,
                    "detail": found.detail,
                    "tone": found.tone,
                    "moving": moving,
                }
                for pk, found, moving in standings(people)
            }
        )


def standings(people: QuerySet[Employee]) -> list[tuple[int, Standing, bool]]:
    """Number, standing and whether it is moving, for each of ``people``.

    One query for all, and another where some of them don't work here: when they start.
    """
    account = Account.objects.filter(pk=OuterRef("pk"))
    state, bucket = TenantState.objects.filter(pk=1), Bucket.objects.filter(pk=BUCKET)
    columns = {f"account_{name}": Subquery(account.values(name)) for name in _ACCOUNT}
    columns |= {f"state_{name}": Subquery(state.values(name)) for name in _STATE}
    rows = people.order_by("pk").annotate(
        clock=Now(),
        next_at=Subquery(bucket.values("next_at")),
        limits=Subquery(bucket.values("limits")),
        **columns,
    )
    found = []
    weather = None
    joins = joining_days(rows)
    for person in rows:
        row = vars(person)
        known = _account(row)
        if weather is None:  # the same for everybody
            shared = TenantState(**{name: row[f"state_{name}"] for name in _STATE})
            pace = Bucket(next_at=row["next_at"], limits=row["limits"])
            weather = Weather.at(row["clock"], shared, room_at(pace))
        now = standing(person, known, weather, joins.get(person.pk, ""))
        found.append((person.pk, now, is_moving(now, known)))
    return found


def _account(row: dict[str, object]) -> Account | None:
    values = [row[f"account_{name}"] for name in _ACCOUNT]
    if row[f"account_{Account._meta.pk.attname}"] is None:
        return None
    return Account.from_db("default", _ACCOUNT, values)
