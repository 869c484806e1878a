"""The table of import jobs.

:mod:`auth0sync.models` names it, so that Django knows it. Only the modules ``bulk…`` write here;
jobs that are over go with the log (:mod:`auth0sync.pruning`).
"""

from django.db import models
from django.db.models.functions import Now


class ImportJob(models.Model):
    """Many new accounts that are made by one import job of Auth0, followed to its end.

    Its members are the accounts whose ``job`` it is; nothing personal stands here. The file is
    written anew from their rows each time it is sent. Source: docs/architecture.md, "Import jobs".
    auth0_id: of the job in Auth0. people, inserted, refused: of the file, as sent and as told.
    doubtful: an answer was lost, so an earlier file may have been taken too. attempts: in a row
    without success. next_at: when there is something to do. lease: as of Account.
    ended_at: when Auth0 had finished. over_at: when nobody was a member any more.
    """

    class State(models.TextChoices):
        ASSEMBLED = "assembled", "to be sent"
        SENDING = "sending", "being sent"
        SENT = "sent", "being worked off by Auth0"
        SETTLING = "settling", "result being written down"
        ROLES = "roles", "roles being given"
        OVER = "over", "over"

    state = models.CharField(max_length=10, choices=State.choices, default=State.ASSEMBLED)
    auth0_id = models.CharField("id in Auth0", max_length=100, blank=True)
    people = models.PositiveIntegerField("accounts", default=0)
    inserted = models.PositiveIntegerField("made", default=0)
    refused = models.PositiveIntegerField("refused", default=0)
    doubtful = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    lease = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(db_default=Now())

    made_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField("finished in Auth0", null=True)
    over_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_import_jobs"
        verbose_name = "import job"
        indexes = [models.Index(fields=["state", "next_at"], name="auth0_import_state")]

    def __str__(self) -> str:
        return f"import job {self.pk}"
