"""The list of import jobs: what is under way, how far it is, and what became of each."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from auth0sync.bulk_words import progress
from auth0sync.models import ImportJob
from employees.actors import actor_of
from employees.admin_base import ModelAdmin, ReadOnly
from employees.zones import moment


class ImportJobAdmin(ReadOnly, ModelAdmin[ImportJob]):
    """Every import job, newest first; open to administrators alone."""

    list_display = ("number", "how_far", "people", "inserted", "refused", "still_in_it", "ended")
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        *("number", "how_far", "people", "inserted", "refused", "still_in_it"),
        *("made", "sent", "ended", "auth0_id"),
    )

    class Media:
        css: ClassVar[Any] = {"all": ("auth0sync/admin.css",)}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        """With the number of those who are still in it, and the database's time."""
        jobs: QuerySet[ImportJob] = super().get_queryset(request)
        return jobs.annotate(members=Count("account"), now=Now())

    @admin.display(description="job", ordering="id")
    def number(self, job: ImportJob) -> str:
        """As the sync log and the step view call it."""
        return str(job).capitalize()

    @admin.display(description="how far")
    def how_far(self, job: ImportJob) -> str:
        """In a sentence."""
        said = progress(job, vars(job)["now"])
        return said[0].upper() + said[1:]

    @admin.display(description="still in it")
    def still_in_it(self, job: ImportJob) -> int:
        """People whose result isn't written down yet."""
        members: int = vars(job)["members"]
        return members

    @admin.display(description="made")
    def made(self, job: ImportJob) -> str:
        """When it was put together."""
        return moment(job.made_at)

    @admin.display(description="sent")
    def sent(self, job: ImportJob) -> str:
        """When Auth0 took the file."""
        return moment(job.sent_at) if job.sent_at else "–"

    @admin.display(description="over", ordering="over_at")
    def ended(self, job: ImportJob) -> str:
        """When nobody was in it any more."""
        return moment(job.over_at) if job.over_at else "–"
