"""What Auth0 says has happened, and which accounts are to be looked at because of it."""

from django.db import models
from django.db.models.functions import Now


class TenantEvent(models.Model):
    """One entry of Auth0's log, told by the stream or read by the poller; one row for each log id.

    Rows stay longer than Auth0 keeps its log (``pruning``), so that an event counts once however
    often it is delivered. Of the entry only what is needed is kept: its details hold whole
    requests, and links that are as good as passwords.

    at: when it happened, as Auth0 says. user_id, others: the accounts that it is about, until it
    is sorted; afterwards "" and NULL where they aren't those of people here. employee_id: whose
    account it is about; NULL for nobody here, or several. is_own: done by this console itself.
    is_of_roles: the roles have to be read, too. is_read: it was read in Auth0's own log, so nobody
    has made it up.
    """

    class State(models.IntegerChoices):
        NEW = 0, "not sorted yet"
        NOTED = 1, "reported by Auth0"
        LOOK = 2, "being looked at"
        CONFIRMED = 3, "confirmed by a look"
        REFUTED = 4, "not to be seen in the account"

    id = models.BigAutoField(primary_key=True)
    log_id = models.CharField(max_length=100, unique=True)
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    user_id = models.CharField("account in Auth0", max_length=255, blank=True)
    others = models.JSONField(null=True)
    employee_id = models.IntegerField(null=True)
    is_own = models.BooleanField("done by this console", default=False)
    is_of_roles = models.BooleanField(default=False)
    is_read = models.BooleanField("read in Auth0's log", default=False)
    state = models.PositiveSmallIntegerField(choices=State.choices, default=State.NEW)

    class Meta:
        db_table = "auth0_events"
        verbose_name = "event in Auth0"
        verbose_name_plural = "events in Auth0"
        indexes = [
            models.Index(fields=["state", "id"], name="auth0_event_state"),
            models.Index(fields=["employee_id", "-id"], name="auth0_event_employee"),
            models.Index(fields=["type", "-id"], name="auth0_event_type"),
        ]

    def __str__(self) -> str:
        return f"event {self.type} of {self.at:%Y-%m-%d %H:%M:%S}"


class AccountLook(models.Model):
    """An account that events ask to be looked at; one read for however many of them.

    asked: rises with each wish, so that one which comes during a look isn't lost. next_at: before
    that nobody looks. in_vain: looks in a row that found nothing new; each makes the next one wait
    twice as long, since whoever has the stream's token can make events up. tries: how often this
    look was put off. lease, lease_until: who looks just now.
    """

    employee_id = models.IntegerField(primary_key=True)
    wanted = models.BooleanField(default=False)
    asked = models.BigIntegerField(default=0)
    with_roles = models.BooleanField(default=False)
    next_at = models.DateTimeField(db_default=Now())
    in_vain = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_looks"
        indexes = [models.Index(fields=["wanted", "next_at"], name="auth0_look_due")]

    def __str__(self) -> str:
        return f"look at the account of employee {self.employee_id}"


class LogCheckpoint(models.Model):
    """The one row (id 1): how far Auth0's log has been read, and when it is read on."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    log_id = models.CharField(max_length=100, blank=True)
    next_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_log_checkpoint"

    def __str__(self) -> str:
        return f"read up to {self.log_id or 'nothing'}"
