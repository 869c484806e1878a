"""The table of what the doctor said last, for the page; :mod:`auth0sync.models` names it."""

from django.db import models


class Look(models.Model):
    """The one row (id 1): who asked the doctor to look, how far that is, and what was found.

    asked_by: ``Actor.name``. machine: of the worker that looked, since disk, clock and network are
    those of its machine. findings: as doctor_words.Finding.as_json; kept until the next is there.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    asked_at = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=100, blank=True)
    began_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    machine = models.CharField(max_length=100, blank=True)
    findings = models.JSONField(default=list)

    class Meta:
        db_table = "auth0_health"

    def __str__(self) -> str:
        return f"the doctor's last look, {self.finished_at}"
