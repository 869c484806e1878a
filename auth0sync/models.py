"""The console's own tables about Auth0.

No foreign key points at ``employees``: a row deleted there by SQL must leave its account here, so
that the account can still be blocked.
"""

import secrets
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from django.db import models
from django.db.models.functions import Now

from auth0sync.account import PLAN_VERSION
from auth0sync.alert_models import Telling as Telling
from auth0sync.bulk_models import ImportJob as ImportJob
from auth0sync.events_models import AccountLook as AccountLook
from auth0sync.events_models import LogCheckpoint as LogCheckpoint
from auth0sync.events_models import TenantEvent as TenantEvent
from auth0sync.health_models import Look as Look
from auth0sync.reconcile_models import Comparison as Comparison
from auth0sync.reconcile_models import Difference as Difference

_Row = TypeVar("_Row", bound=models.Model)


class Origin(models.TextChoices):
    """How the console came by an account; blank as long as it has none of its own."""

    CREATED = "created", "created by the console"
    ADOPTED = "adopted", "found again by its marker"
    LINKED = "linked", "existed before, linked"


class InvitationState(models.TextChoices):
    """The invitation is a state of its own: a mail that fails never makes an account unclean."""

    NONE = "", "no mail"
    WANTED = "wanted", "to be sent"
    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"


class MailKind(models.TextChoices):
    """What the mail is for; both bring a link with which to set a password."""

    INVITATION = "invitation", "invitation"
    PASSWORD = "password", "new password"


class Priority(models.IntegerChoices):
    """What goes first when calls to Auth0 are scarce."""

    LEAVER = 0, "leaver"
    INTERACTIVE = 1, "changed by hand"
    BULK = 2, "changed by a program"


class Risk(models.TextChoices):
    """What the safety brake counts, the gravest first; and what a new plan may change."""

    BLOCK = "block", "blocks"
    EMAIL = "email", "e-mail changes"
    ROLE = "role", "role changes"
    CREATE = "create", "new accounts"
    PLAN = "plan", "changes by the new version"


def this_plan() -> int:
    """The version of the plan that runs here: a new row has never seen an older one."""
    return PLAN_VERSION


class StagedBatch(models.Model):
    """Changes that are held before their first call until a second person decides.

    causes: who asked for them, as ``Account.due_by``. version rises with every person who joins
    and with every row that moves, so that nobody approves what they haven't seen.
    renewed_at: when the threshold was last passed; for an hour from then all else is held too.
    people, forecast: what was decided on. carried_out_at: when the decision had reached everybody.
    """

    class Kind(models.TextChoices):
        CHANGES = "changes", "blocks, e-mails and roles"
        CREATIONS = "creations", "new accounts"
        PLAN = "plan", "new version of the console"

    class State(models.TextChoices):
        OPEN = "open", "waits for a second person"
        APPROVED = "approved", "approved"
        REJECTED = "rejected", "rejected"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    began_at = models.DateTimeField(db_default=Now())
    renewed_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=0)
    causes = models.JSONField(default=list)

    decided_by = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_alone = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    people = models.PositiveIntegerField(default=0)
    forecast = models.CharField(max_length=1000, blank=True)
    carried_out_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_staged_batches"
        verbose_name = "held change"
        verbose_name_plural = "held changes"
        indexes = [models.Index(fields=["state", "kind"], name="auth0_batch_state")]

    def __str__(self) -> str:
        return f"batch {self.pk}: {self.get_kind_display()}"


class BrakeCount(models.Model):
    """One person whom the safety brake has counted within the last hour; one row for each kind."""

    employee_id = models.IntegerField()
    kind = models.CharField(max_length=10, choices=StagedBatch.Kind.choices)
    risk = models.CharField(max_length=10, choices=Risk.choices)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "auth0_brake_counts"
        constraints = [
            models.UniqueConstraint(fields=["kind", "employee_id"], name="auth0_brake_once")
        ]

    def __str__(self) -> str:
        return f"employee {self.employee_id}: {self.risk}"


class Brake(models.Model):
    """The one row (id 1) whose lock makes counting and holding one thing for all processes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)

    class Meta:
        db_table = "auth0_brake"

    def __str__(self) -> str:
        return "the brake's lock"


# Accounts that have something planned. A range, since SQLite takes no index for IS NOT NULL.
PLANNED = models.Q(due_at__gt=datetime(2000, 1, 1, tzinfo=UTC))


class Attention(models.IntegerChoices):
    """Why a person has to look at an account, the most urgent first."""

    LEAVER = 1, "the account of somebody who left isn't shut"
    FAILED = 2, "the account isn't as the row wants it"
    MAIL = 3, "the mail wasn't sent"
    EMAIL = 4, "there is no e-mail to make an account for"
    ROW_GONE = 5, "the row was deleted, the account is shut"


class Account(models.Model):
    """What the console knows and intends about one employee's Auth0 account.

    There is one for every employee that was ever looked at, also without an account: the
    fingerprint tells the sweep whether the row has moved. Due means ``due_at`` is set and not in
    the future; clean means ``done_seq = due_seq``. Only :mod:`auth0sync.due` and
    :mod:`auth0sync.claim` write here; the columns of the safety brake, :mod:`auth0sync.brake` too.

    look_at: when the account has to be read before anything is concluded. doubt_until: until when a
    write whose answer was lost may still land; there is one more look after it.
    batch: where this person is held; nobody held is taken by a worker. held_for: why.
    let_through: for which row (its fingerprint) the brake lets this person pass uncounted.
    plan_version: of the plan with which the account was last brought up to date.
    job: the import job that makes this account; no worker takes its members.
    sent_for: what the job's file said of it, as a hash; '' for not sent yet.
    first_mail_at: when the first invitation to this account's e-mail was accepted by the mail
    server, or by Auth0. first_login_at: when its owner first signed in with it, here or in another
    program, as far as that is known (:mod:`auth0sync.arrivals` writes it).
    """

    employee_id = models.IntegerField(primary_key=True)
    user_id = models.CharField("Auth0 user id", max_length=255, blank=True)
    origin = models.CharField(max_length=8, choices=Origin.choices, blank=True)
    generation = models.PositiveIntegerField(default=1)

    due_seq = models.BigIntegerField(default=0)
    done_seq = models.BigIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    due_by = models.CharField("asked for by", max_length=100, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.BULK)
    look_at = models.DateTimeField(null=True)
    doubt_until = models.DateTimeField(null=True)

    lease = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    waits_for = models.CharField("paused capability", max_length=20, blank=True)

    fingerprint = models.CharField(max_length=64, blank=True)
    email_key = models.CharField(max_length=255, blank=True)
    seen = models.JSONField(null=True)
    seen_at = models.DateTimeField(null=True)

    error_code = models.CharField(max_length=50, blank=True)
    error = models.CharField(max_length=500, blank=True)
    error_field = models.CharField(max_length=50, blank=True)
    error_at = models.DateTimeField(null=True)
    found = models.JSONField("accounts that stand in the way", null=True)
    removal = models.BooleanField("to be deleted in Auth0, as a person said", default=False)
    link_to = models.CharField("account to link, as a person said", max_length=255, blank=True)
    attention = models.PositiveSmallIntegerField(choices=Attention.choices, null=True)
    attention_at = models.DateTimeField("needs attention since", null=True)

    mail_kind = models.CharField(
        max_length=10, choices=MailKind.choices, default=MailKind.INVITATION
    )
    invitation = models.CharField(max_length=8, choices=InvitationState.choices, blank=True)
    invitation_at = models.DateTimeField(null=True)
    invitation_attempts = models.PositiveIntegerField(default=0)
    invitation_sent_at = models.DateTimeField(null=True)
    first_mail_at = models.DateTimeField(null=True)
    invitation_error = models.CharField(max_length=500, blank=True)
    ticket_until = models.DateTimeField(null=True)
    notice_to = models.EmailField("old address to tell", blank=True)
    first_login_at = models.DateTimeField(null=True)

    batch = models.ForeignKey(StagedBatch, on_delete=models.SET_NULL, null=True)
    held_for = models.CharField(max_length=10, choices=Risk.choices, blank=True)
    let_through = models.CharField(max_length=64, blank=True)
    plan_version = models.PositiveIntegerField(default=this_plan, db_index=True)

    job = models.ForeignKey(ImportJob, on_delete=models.SET_NULL, null=True)
    sent_for = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "auth0_accounts"
        indexes = [
            models.Index(fields=["due_at"], name="auth0_account_due"),
            models.Index(
                fields=["priority", "waiting_since", "due_at"], name="auth0_account_order"
            ),
            models.Index(fields=["email_key"], name="auth0_account_email"),
            models.Index(fields=["user_id"], name="auth0_account_user"),
            models.Index(fields=["attention", "attention_at"], name="auth0_account_attention"),
        ]

    def __str__(self) -> str:
        return f"account of employee {self.employee_id}"

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to do for the row as it was last noted."""
        return self.done_seq == self.due_seq


class _AppendOnly(models.QuerySet[_Row]):
    """Refuses to change or remove rows; what is written stays written (requirement P4)."""

    def update(self, **values: Any) -> NoReturn:
        raise TypeError("The sync log is append-only.")

    def delete(self) -> NoReturn:
        raise TypeError("The sync log is append-only.")


class SyncLog(models.Model):
    """One row for every operation in Auth0, redacted: ids, field names and codes, never values."""

    class Status(models.TextChoices):
        SUCCESS = "success", "done"
        UNKNOWN = "unknown", "answer lost"
        WAITING = "waiting", "later"
        FAILED = "failed", "failed"

    id = models.BigAutoField(primary_key=True)
    employee_id = models.IntegerField(null=True)
    auth0_user_id = models.CharField(max_length=255, blank=True)
    action = models.CharField(max_length=50)
    status = models.CharField(max_length=10, choices=Status.choices)
    response_data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=100, blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=50, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects = models.Manager.from_queryset(_AppendOnly)()

    class Meta:
        db_table = "auth0_sync_logs"
        indexes = [
            models.Index(fields=["employee_id", "-id"], name="auth0_log_employee"),
            models.Index(fields=["status", "-id"], name="auth0_log_status"),
            models.Index(fields=["action", "-id"], name="auth0_log_action"),
            models.Index(fields=["request_id", "-id"], name="auth0_log_request"),
        ]
        verbose_name = "sync log entry"
        verbose_name_plural = "sync log"

    def __str__(self) -> str:
        return f"{self.action} {self.status} for employee {self.employee_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The sync log is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The sync log is append-only.")


def new_installation() -> str:
    """Ten random characters that tell this installation's accounts from any other's."""
    return secrets.token_hex(5)


class TenantState(models.Model):
    """The one row (id 1) of what all processes share about the tenant."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    installation = models.CharField(max_length=20, default=new_installation)

    domain = models.CharField("tenant of the accounts", max_length=255, blank=True)

    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=100, blank=True)
    paused_reason = models.CharField(max_length=300, blank=True)
    until_reconciled = models.BooleanField(default=False)

    token = models.TextField("machine token, encrypted", blank=True)
    token_at = models.DateTimeField(null=True)  # last replaced for a missing scope
    token_renew_at = models.DateTimeField(null=True)
    token_expires_at = models.DateTimeField(null=True)
    token_wait_until = models.DateTimeField(null=True)
    token_lease = models.CharField(max_length=32, blank=True)
    token_lease_until = models.DateTimeField(null=True)
    role_ids = models.JSONField(default=dict)

    failures_in_row = models.PositiveIntegerField(default=0)
    down_since = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    probe_wait_s = models.PositiveIntegerField(default=1)

    sweep_lease = models.CharField(max_length=32, blank=True)
    sweep_lease_until = models.DateTimeField(null=True)
    # When the sweep last looked for incidents, when a worker last answered, when a web server last
    # looked whether the sweep still does.
    looked_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(db_default=Now())
    watched_at = models.DateTimeField(db_default=Now())
    # An installation that is new, or new to this, waits for its first night.
    scrubbed_at = models.DateTimeField(db_default=Now())

    compare_lease = models.CharField(max_length=80, blank=True)
    compare_lease_until = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(db_default=Now())
    compare_policy = models.JSONField(default=dict)  # field or kind → reconcile_policy.Rule

    class Meta:
        db_table = "auth0_tenant_state"

    def __str__(self) -> str:
        return f"installation {self.installation}"


class Pause(models.Model):
    """Something that the tenant doesn't let the console do at the moment, until a probe succeeds.

    capability: as in errors.Misconfigured; ``token`` pauses everything. action: the call that was
    refused, blank for any.
    """

    capability = models.CharField(max_length=20, primary_key=True)
    since = models.DateTimeField(db_default=Now())
    code = models.CharField(max_length=50)
    error = models.CharField(max_length=500)
    missing = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=50, blank=True)
    probe_at = models.DateTimeField()

    class Meta:
        db_table = "auth0_pauses"

    def __str__(self) -> str:
        return f"{self.capability} is paused"


class Bucket(models.Model):
    """The pace: when the next call may go out, and what is known of the tenant's own limits.

    next_at: of all calls together, which AUTH0_RATE_LIMIT spaces. limits: rate.Limits as JSON. One
    row for both, so that a slot is one UPDATE. version rises with every change, for
    compare-and-set: a time can't be compared for equality, since SQLite stores what its own clock
    says with fewer digits than what Django writes.
    """

    name = models.CharField(max_length=30, primary_key=True)
    next_at = models.DateTimeField(db_default=Now())
    version = models.BigIntegerField(default=0)
    limits = models.JSONField(default=dict)

    class Meta:
        db_table = "auth0_buckets"

    def __str__(self) -> str:
        return f"{self.name}: next call at {self.next_at:%H:%M:%S.%f}"


class Incident(models.Model):
    """Something the operators were told of: once when it began, and once when it was over.

    gone_at: since when it isn't there, and isn't called over yet. returns: how often it came back
    in that time. log_from: the newest row of the sync log when it began.
    """

    key = models.CharField(max_length=100, primary_key=True)
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True, db_default="")
    began_at = models.DateTimeField(db_default=Now())
    gone_at = models.DateTimeField(null=True)
    returns = models.PositiveIntegerField(db_default=0)
    log_from = models.BigIntegerField(db_default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_incidents"

    def __str__(self) -> str:
        return f"{self.key}: {self.subject}"


class Heartbeat(models.Model):
    """The last sign of life of one ``qcluster``: queued by its parent, answered by a worker."""

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    queued_at = models.DateTimeField(null=True)
    beaten_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_heartbeats"

    def __str__(self) -> str:
        return f"{self.name}, last beat {self.beaten_at}"
