"""The tables of the comparison of the whole tenant with the table of employees.

:mod:`auth0sync.models` names them, so that Django knows them. Only the modules ``reconcile…``
write here.
"""

from django.db import models
from django.db.models.functions import Now


class Comparison(models.Model):
    """One comparison: the balance sheet of one night. Kept as history for LOG_RETENTION_DAYS.

    One that failed keeps its reason and leaves the last good one as it is: the newest ``DONE`` one
    is the balance sheet. stage, looked_at, to_look_at: how far it is; people.
    asked_by: ``Actor.name``, "night" or the command's name. export_at: of when the list of accounts
    is, at the earliest. attempts: how often it was begun, since whoever makes it may be killed.

    The sheet: ``rows`` = paired + alone, and accounts = paired + foreign + leftover. ``rows`` are
    rows_wanted (people who ask for an account), rows_shut (people, also without a row, whose
    account has to be shut) and rows_untouched (people with an account that isn't the console's to
    touch). accounts: how many Auth0 has in the console's connection. paired: accounts that are some
    person's. alone: people without one. foreign: accounts of other installations. leftover:
    accounts of nobody here; each is a difference, or moving. elsewhere: accounts in other
    connections, which are no business of the console's, beside all that.
    unexplained: by how many it doesn't add up; ``notes`` says which, and what else to know.
    Of the people, ``equal`` don't differ, ``moving`` are being changed just now, so that nothing is
    said of them, and ``differing`` have at least one difference. kinds: kind → how many
    differences of it stand open (``Difference.Kind``); ignored: how many are, beside these.
    """

    class State(models.TextChoices):
        WANTED = "wanted", "wanted"
        RUNNING = "running", "under way"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    class Stage(models.TextChoices):
        BEGIN = "", "not begun"
        ROLES = "roles", "reading who holds which role"
        EXPORT = "export", "waiting for Auth0's list of accounts"
        DOWNLOAD = "download", "reading the list of accounts"
        COMPARE = "compare", "comparing"

    state = models.CharField(max_length=8, choices=State.choices, default=State.WANTED)
    stage = models.CharField(max_length=10, choices=Stage.choices, blank=True)
    asked_by = models.CharField(max_length=100, blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    began_at = models.DateTimeField(null=True)
    export_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    to_look_at = models.PositiveIntegerField(default=0)

    rows_wanted = models.PositiveIntegerField(default=0)
    rows_shut = models.PositiveIntegerField(default=0)
    rows_untouched = models.PositiveIntegerField(default=0)
    accounts = models.PositiveIntegerField(default=0)
    paired = models.PositiveIntegerField(default=0)
    alone = models.PositiveIntegerField(default=0)
    foreign = models.PositiveIntegerField(default=0)
    leftover = models.PositiveIntegerField(default=0)
    elsewhere = models.PositiveIntegerField(default=0)
    equal = models.PositiveIntegerField(default=0)
    moving = models.PositiveIntegerField(default=0)
    differing = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0)
    unexplained = models.PositiveIntegerField(default=0)
    kinds = models.JSONField(default=dict)
    notes = models.JSONField(default=list)

    error_code = models.CharField(max_length=50, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "auth0_comparisons"
        verbose_name = "comparison"
        indexes = [models.Index(fields=["state", "finished_at"], name="auth0_comparison_state")]

    def __str__(self) -> str:
        return f"comparison {self.pk}: {self.get_state_display()}"

    @property
    def rows(self) -> int:
        """The people's side of the sheet."""
        return self.rows_wanted + self.rows_shut + self.rows_untouched


class Difference(models.Model):
    """One thing in which Auth0 and the table differ; open from when it was first seen until it is
    gone. There is one open row for each kind, person, account and field.

    employee_id: whom it is about, also when their row is gone; None for an account of nobody's.
    user_id: the account in Auth0; "" when there is none. field: as Auth0 calls it, with its group
    (``user_metadata.phone_number``), for ``FIELD``; "roles", "blocked" or "email_verified" for
    their kinds; else "". auth0, wanted, seen: the field's value in Auth0, as the row wants it, and
    as the console last saw it, before; of ``EMAIL_DOUBLE`` the user ids that share the e-mail.
    about: of an account without a row, what a manager may see of it (``ownership.shown``).
    read_at: of when Auth0's side is; is_read_again: whether it was read by name since the list.
    risk: what the safety brake counts when it is fixed (``models.Risk``); "" for nothing.
    rank: the order in which people should look, the most urgent first. version rises with
    everything that a person would want to see before deciding.
    owner: who looks after it; "" as long as nobody does. until: of an ignored one, the day on which
    it comes back; None for never. applied_at: when the decision on one that is ``FIXING`` had
    become a due mark; it is closed when the account is clean again. error: why that wasn't so.
    outcome, closed_at: how and when it ended.
    """

    class Kind(models.TextChoices):
        OPEN = "open", "can still sign in, though the console says no"
        MISSING = "missing", "the account was deleted in Auth0"
        SHUT = "shut", "blocked in Auth0, though the console says open"
        FOREIGN = "foreign", "marked in Auth0 as somebody else's"
        DOUBLE = "double", "a second account of one person"
        ROLE = "role", "another role in Auth0"
        FIELD = "field", "another value in Auth0"
        NO_ACCOUNT = "no_account", "an account is wanted, and there is none"
        STUCK = "stuck", "the console can't do what the row wants"
        NO_ROW = "no_row", "an account of somebody whose row was deleted"
        EMAIL_DOUBLE = "email_double", "several accounts with one e-mail"
        UNKNOWN = "unknown", "an account that belongs to nobody here"
        NOT_OURS = "not_ours", "an account that the console may not touch"
        VERIFIED = "verified", "verified in one place only"

    class State(models.TextChoices):
        OPEN = "open", "to be decided"
        FIXING = "fixing", "being brought in line in Auth0"
        IGNORED = "ignored", "left as it is until a date"
        LISTED = "listed", "to be deleted in Auth0 by hand"
        CLOSED = "closed", "over"

    class Decision(models.TextChoices):
        FIX = "fix", "bring Auth0 in line with the console"
        TAKE_OVER = "take", "take Auth0's value over"
        IGNORE = "ignore", "leave as it is"
        LINK = "link", "the account of a person here"
        DELETE = "delete", "to be deleted in Auth0 by hand"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    rank = models.PositiveSmallIntegerField(default=0)
    employee_id = models.IntegerField(null=True)
    user_id = models.CharField("account in Auth0", max_length=255, blank=True)
    field = models.CharField(max_length=60, blank=True)
    # NULL once it is closed; a unique column holds any number of those.
    open_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001

    auth0 = models.JSONField("in Auth0", null=True)
    wanted = models.JSONField("in the console", null=True)
    seen = models.JSONField("last seen", null=True)
    about = models.JSONField(default=dict)
    risk = models.CharField(max_length=10, blank=True)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    is_read_again = models.BooleanField(default=False)
    comparison_id = models.IntegerField(default=0)  # the last one that found it
    version = models.PositiveIntegerField(default=0)

    owner = models.CharField(max_length=100, blank=True)
    decision = models.CharField(max_length=8, choices=Decision.choices, blank=True)
    decided_by = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    until = models.DateField(null=True)
    error = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=100, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_differences"
        verbose_name = "difference"
        indexes = [
            models.Index(fields=["state", "rank", "id"], name="auth0_difference_order"),
            models.Index(fields=["employee_id", "state"], name="auth0_difference_person"),
            models.Index(fields=["state", "comparison_id"], name="auth0_difference_run"),
            models.Index(fields=["closed_at"], name="auth0_difference_closed"),
            # For the numbers on a page, and for the sweep: read from the index alone.
            models.Index(
                fields=["state", "kind", "field", "id", "employee_id"],
                name="auth0_difference_group",
            ),
            models.Index(
                fields=["state", "employee_id", "applied_at"], name="auth0_difference_sweep"
            ),
        ]

    def __str__(self) -> str:
        return f"difference {self.pk}: {self.get_kind_display()}"
