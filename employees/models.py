"""The tables that the console shares with the Flask application, and one of its own.

The shared tables are unmanaged: they hold live data and other programs write them too. Rules live
in ``services``; what the Flask application does with each column is in docs/legacy-contract.md.
"""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from employees.fields import BlankIsNullField, LegacyDateTimeField
from employees.mass import models as mass_models  # noqa: F401  (so that Django finds them)


class AuthMethod(models.TextChoices):
    """How somebody signs in."""

    PIN = "pin", "PIN at the kiosk"
    AUTH0 = "auth0", "Auth0 account"
    HYBRID = "hybrid", "PIN and Auth0 account"


class SyncStatus(models.TextChoices):
    """How far the Auth0 account is; NULL means that none is wanted."""

    PENDING = "pending", "Waiting for the account"
    CREATED = "created", "Created, e-mail not verified"
    VERIFIED = "verified", "Verified"
    FAILED = "failed", "Needs attention"


class Auth0Role(models.TextChoices):
    """What somebody may do in the programs that Auth0 guards."""

    PRODUCTION_ASSOCIATE = "production_associate", "Production associate"
    TEAM_LEAD = "team_lead", "Team lead"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Administrator"
    FINANCE = "finance", "Finance"


class Workspace(models.TextChoices):
    """Where somebody works."""

    MS = "MS", "Mississippi"
    TX = "TX", "Texas"


class Invitation(models.TextChoices):
    """How somebody hears of their new account."""

    WORK = "work", "To the work e-mail"
    PERSONAL = "personal", "To the personal e-mail"
    AUTH0 = "auth0", "Auth0 sends its own verification mail"
    VERIFIED = "verified", "No mail: the e-mail is known to be theirs"
    NONE = "none", "Not yet"


class RoleConfig(models.Model):
    """A job on the shop floor and its production targets; kept by the Flask application."""

    id = models.AutoField(primary_key=True)
    role_name = models.CharField(max_length=50)
    role_type = models.CharField(
        max_length=10,
        choices=[("continuous", "Continuous"), ("batch", "Batch")],
        db_default="continuous",
    )
    multiplier = models.DecimalField(max_digits=4, decimal_places=2, db_default=Decimal("1.00"))
    expected_per_hour = models.IntegerField(null=True, blank=True)
    idle_threshold_minutes = models.IntegerField(null=True, blank=True)
    monthly_target = models.IntegerField(null=True, blank=True)
    seconds_per_item = models.IntegerField(null=True, blank=True)

    class Meta:
        managed = False
        db_table = "role_configs"
        verbose_name = "role"

    def __str__(self) -> str:
        return self.role_name


class Employee(models.Model):
    """A person. ``id`` is the number typed at the kiosk.

    ``workspace`` and ``auth0_role`` have no choices here: rows written by SQL may hold anything,
    and a form must be able to save the rest of such a row.
    """

    id = models.AutoField(primary_key=True, verbose_name="number")
    name = models.CharField(max_length=255)
    email = models.CharField("e-mail", max_length=255, null=True, blank=True, unique=True)
    personal_email = models.CharField("personal e-mail", max_length=255, null=True, blank=True)
    phone_number = models.CharField("phone", max_length=20, null=True, blank=True)
    role = models.ForeignKey(
        RoleConfig,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="employees",
    )
    department = models.CharField(max_length=100, null=True, blank=True)
    workspace = models.CharField(max_length=10, null=True, blank=True, db_default="MS")
    connecteam_user_id = models.CharField(max_length=50, null=True, blank=True)
    is_active = models.BooleanField("active", db_default=True)
    is_new_employee = models.BooleanField(db_default=False)
    is_contractor = models.BooleanField("contractor", db_default=False)
    hire_date = models.DateField(null=True, blank=True)
    grace_period_end = models.DateField(null=True, blank=True)
    notes = models.TextField(null=True, blank=True)
    current_streak = models.IntegerField(db_default=0)
    achievement_points = models.IntegerField(db_default=0)
    welcome_sent_at = LegacyDateTimeField(null=True, blank=True)
    archived_at = LegacyDateTimeField("archived", null=True, blank=True)
    created_at = models.DateTimeField("added", null=True, editable=False, db_default=Now())
    updated_at = models.DateTimeField("changed", null=True, editable=False, db_default=Now())

    # Ours, added beside the others; the datetimes are UTC.
    auth0_user_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    auth_method = models.CharField(
        "signs in with", max_length=10, choices=AuthMethod, db_default=AuthMethod.PIN
    )
    auth0_account_created_at = models.DateTimeField(null=True, blank=True)
    auth0_email_verified_at = models.DateTimeField(null=True, blank=True)
    auth0_sync_status = BlankIsNullField(
        max_length=10, choices=SyncStatus, null=True, blank=True, default=None
    )
    auth0_role = models.CharField(
        "Auth0 role", max_length=50, db_default=Auth0Role.PRODUCTION_ASSOCIATE
    )

    class Meta:
        managed = False
        db_table = "employees"

    def __str__(self) -> str:
        return f"{self.name} ({self.pk})"


class EmployeeAuth(models.Model):
    """The PIN and the kiosk session. Some installations hold two rows for one person.

    ``login_token`` is in clear because the Flask application compares it so. Nothing of this
    table is ever shown, listed or searched.
    """

    id = models.AutoField(primary_key=True)
    employee = models.ForeignKey(
        Employee, models.DO_NOTHING, db_constraint=False, related_name="auth_rows"
    )
    pin = models.CharField(max_length=255, null=True, blank=True)
    pin_plain = models.CharField(max_length=10, null=True, blank=True)
    pin_set_at = LegacyDateTimeField(null=True, blank=True)
    login_token = models.CharField(max_length=64, null=True, blank=True)
    token_expires = LegacyDateTimeField(null=True, blank=True)
    last_login = LegacyDateTimeField(null=True, blank=True)

    class Meta:
        managed = False
        db_table = "employee_auth"

    def __str__(self) -> str:
        return f"PIN of employee {self.employee_id}"


class PodFactoryMapping(models.Model):
    """Under which e-mail and name PodFactory knows a person; one row per production role."""

    id = models.AutoField(primary_key=True)
    employee = models.ForeignKey(
        Employee, models.DO_NOTHING, db_constraint=False, related_name="podfactory_mappings"
    )
    podfactory_email = models.CharField(max_length=255, null=True, blank=True)
    podfactory_name = models.CharField(max_length=255, null=True, blank=True)
    similarity_score = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    confidence_level = models.CharField(max_length=16, null=True, blank=True)
    is_verified = models.BooleanField("verified", db_default=False)
    created_at = models.DateTimeField(null=True, editable=False, db_default=Now())
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        managed = False
        db_table = "employee_podfactory_mapping_v2"
        verbose_name = "PodFactory mapping"

    def __str__(self) -> str:
        return self.podfactory_email or self.podfactory_name or f"PodFactory mapping {self.pk}"


class InvitationChoice(models.Model):
    """How somebody is invited, which the employee row has no column for; absent means work."""

    employee_id = models.IntegerField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Invitation, default=Invitation.WORK)

    class Meta:
        db_table = "employee_invitation"

    def __str__(self) -> str:
        return f"employee {self.employee_id}: {self.kind}"


class EmployeeUser(models.Model):
    """Which Django user an employee is; made at the first log-in with Auth0.

    role: what they act with at most, the lower of row and claim at the last log-in; the row's own
    role is read again at every request.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="employee_link"
    )
    employee = models.OneToOneField(
        Employee, models.DO_NOTHING, db_constraint=False, related_name="user_link"
    )
    role = models.CharField(max_length=50, default=Auth0Role.PRODUCTION_ASSOCIATE)
    signed_in_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "employee_user"

    def __str__(self) -> str:
        return f"user {self.user_id} is employee {self.employee_id}"


class ConsoleSession(models.Model):
    """One browser in which somebody is, or was until lately, signed in to the console.

    A note beside Django's own session row, which alone decides whether the session goes on: a note
    without one belongs to a session that is over, and is kept until its cookie has run out too.
    seen_at: the last use, to the minute. address, browser: of the last use, as far as known.
    """

    id = models.BigAutoField(primary_key=True)
    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="console_sessions"
    )
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    address = models.CharField(max_length=45)
    browser = models.CharField(max_length=60)

    class Meta:
        db_table = "console_sessions"
        indexes = [
            models.Index(fields=["-seen_at"], name="console_sessions_seen_at"),
            models.Index(fields=["started_at"], name="console_sessions_started_at"),
        ]

    def __str__(self) -> str:
        return f"session {self.pk} of user {self.user_id}"


class Change(models.Model):
    """One line of the history: who changed what of a person, and when.

    changes: column → [before, after]; never a PIN, a token or a password. batch: what was done at
    one click, so that it can be taken back together; "" for what stands alone.
    """

    class Source(models.TextChoices):
        ADMIN = "admin", "in the console"
        KIOSK = "kiosk", "at the kiosk"
        PROGRAM = "program", "by a command"
        PLAN = "plan", "as planned"
        IMPORT = "import", "by an import"
        ENROLMENT = "enrolment", "by an enrolment"
        SQL = "sql", "outside the console"

    id = models.BigAutoField(primary_key=True)
    employee_id = models.IntegerField()
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    action = models.CharField(max_length=30)
    changes = models.JSONField(default=dict)
    batch = models.CharField(max_length=32, blank=True)

    class Meta:
        db_table = "employee_changes"
        indexes = [
            models.Index(fields=["employee_id", "-id"], name="employee_changes_person"),
            models.Index(fields=["batch"], name="employee_changes_batch"),
            models.Index(fields=["source", "at"], name="employee_changes_latest"),
        ]
        verbose_name = "change"

    def __str__(self) -> str:
        return f"{self.action} of employee {self.employee_id}"


class Receipt(models.Model):
    """The proof that somebody who left was locked out; one for each time that they left.

    change: the line of the history with which it began: who did it, when and how. try_at: when what
    isn't proven yet is tried again; NULL when nothing is left to try, because all is closed or
    because they were brought back.
    """

    id = models.BigAutoField(primary_key=True)
    employee_id = models.IntegerField()
    change = models.OneToOneField(Change, models.CASCADE, related_name="receipt")
    began_at = models.DateTimeField(db_default=Now())
    try_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    brought_back_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "employee_receipts"
        indexes = [
            models.Index(fields=["employee_id", "-id"], name="employee_receipts_person"),
            models.Index(fields=["try_at"], name="employee_receipts_try_at"),
        ]
        verbose_name = "lock-out receipt"

    def __str__(self) -> str:
        return f"receipt {self.pk} of employee {self.employee_id}"


class ReceiptDoor(models.Model):
    """One way in, on the receipt of somebody who left: when it was closed, and then tried.

    name: one of those in ``receipts.titles``. live_until: until when what was handed out before
    still works in programs that don't ask.
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waits"
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"
        ABSENT = "absent", "There is none"
        NOT_IN_PLAN = "not_in_plan", "Not in this plan"
        LEFT_ALONE = "left_alone", "Left alone"

    id = models.BigAutoField(primary_key=True)
    receipt = models.ForeignKey(Receipt, models.CASCADE, related_name="doors")
    name = models.CharField(max_length=20)
    outcome = models.CharField(max_length=11, choices=Outcome.choices, default=Outcome.WAITING)
    closed_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    live_until = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "employee_receipt_doors"
        constraints = [
            models.UniqueConstraint(fields=["receipt", "name"], name="employee_receipt_door")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}"


class Snapshot(models.Model):
    """How a person's row was when the console last looked, so that SQL changes have a before."""

    employee_id = models.IntegerField(primary_key=True)
    values = models.JSONField()

    class Meta:
        db_table = "employee_snapshots"

    def __str__(self) -> str:
        return f"employee {self.employee_id} as last seen"


class PlannedMove(models.Model):
    """That somebody joins or leaves at a certain time (requirement M7).

    at: when, in UTC. zone: in whose clock it was said, that of the workspace at that time.
    is_newcomer: the row was made with the plan, so that it has never been active.
    planned_by, ended_by: who did it, as ``Actor.name``. note: why it ended otherwise than planned.
    """

    class Kind(models.TextChoices):
        JOIN = "join", "joining"
        LEAVE = "leave", "leaving"

    class State(models.TextChoices):
        OPEN = "open", "still to come"
        DONE = "done", "carried out"
        CANCELLED = "cancelled", "cancelled"
        DROPPED = "dropped", "there was nothing left to do"
        FAILED = "failed", "refused when its time had come"

    id = models.BigAutoField(primary_key=True)
    employee = models.ForeignKey(
        Employee, models.DO_NOTHING, db_constraint=False, related_name="planned_moves"
    )
    kind = models.CharField(max_length=5, choices=Kind)
    at = models.DateTimeField()
    zone = models.CharField(max_length=64)
    is_newcomer = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    planned_by = models.CharField(max_length=100)
    planned_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    ended_by = models.CharField(max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "employee_planned_moves"
        indexes = [models.Index(fields=["state", "at"], name="employee_planned_moves_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of employee {self.employee_id}, {self.state}"


class Review(models.Model):
    """Somebody whom another program added, and who waits for a person; the rules: ``reviews``.

    why: what has to be looked at, words of ``reviews.Why``. decided_by: as ``Actor.name``.
    note: the reason that was given. kept_id: who they are, when MERGED; batch: the lines of the
    history that the merge wrote; mapping_ids: the PodFactory mappings that moved with it.
    """

    class State(models.TextChoices):
        OPEN = "open", "waits"
        COMPLETED = "completed", "completed"
        MERGED = "merged", "merged into another row"
        LEFT = "left", "left as they are"
        AWAY = "away", "not working here"

    employee_id = models.IntegerField(primary_key=True)
    why = models.JSONField(default=list)
    since = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    decided_by = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    kept_id = models.IntegerField(null=True)
    batch = models.CharField(max_length=32, blank=True)
    mapping_ids = models.JSONField(default=list)

    class Meta:
        db_table = "employee_reviews"
        indexes = [
            models.Index(fields=["state", "since"], name="employee_reviews_state"),
            models.Index(fields=["kept_id"], name="employee_reviews_kept"),
        ]

    def __str__(self) -> str:
        return f"employee {self.employee_id}, {self.get_state_display()}"


class SearchKey(models.Model):
    """One way to recognise a person: a kind, ":" and the plain value (``rehire.keys_of``).

    ``name:``, ``phone:`` and ``e-mail:`` stand for the person; people who share a ``pair:``
    (``review_names.pairs_of``) only have names that may be alike.
    """

    id = models.BigAutoField(primary_key=True)
    employee_id = models.IntegerField()
    key = models.CharField(max_length=210)

    class Meta:
        db_table = "employee_search_keys"
        constraints = [
            models.UniqueConstraint(fields=["key", "employee_id"], name="employee_search_key")
        ]
        indexes = [models.Index(fields=["employee_id"], name="employee_search_person")]

    def __str__(self) -> str:
        return f"employee {self.employee_id}: {self.key}"


class SentForm(models.Model):
    """A form to add a person that was sent, so that a double click doesn't make two of them."""

    key = models.CharField(max_length=32, primary_key=True)
    employee_id = models.IntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "employee_sent_forms"
        indexes = [models.Index(fields=["at"], name="employee_sent_forms_at")]

    def __str__(self) -> str:
        return f"form that added employee {self.employee_id}"


class PinTries(models.Model):
    """Tries of PINs, counted by door: of one number, or of a place; the rules are in ``lockout``.

    scope: the door, or the place. number: whose PIN was tried, whether anybody has this number or
    not; 0 for the place itself. wrong: counted tries. wait_until: nothing is looked at before.
    forget_at: from then on the row means nothing.
    """

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=60)
    number = models.IntegerField()
    wrong = models.PositiveIntegerField()
    wait_until = models.DateTimeField(null=True)
    forget_at = models.DateTimeField()

    class Meta:
        db_table = "pin_budgets"
        constraints = [models.UniqueConstraint(fields=["number", "scope"], name="pin_budgets_door")]
        indexes = [models.Index(fields=["forget_at"], name="pin_budgets_forget_at")]

    def __str__(self) -> str:
        return f"{self.wrong} wrong PINs for number {self.number} at {self.scope}"


class Kiosk(models.Model):
    """A device of the shop floor on which people sign in with a PIN; the rules are in ``kiosks``.

    workspace: where it stands; "" for anywhere. helper: whom to ask there when no supervisor is
    near. code_hash, code_until: the single-use code that sets it up, while there is one. key_hash:
    of the key in the device's cookie; NULL while it isn't set up, or was signed out.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40, unique=True)
    workspace = models.CharField(max_length=10, blank=True, choices=Workspace)
    helper = models.CharField("who helps here", max_length=80, blank=True)
    code_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)
    code_until = models.DateTimeField(null=True, editable=False)
    key_hash = models.CharField(max_length=64, null=True, editable=False)
    enrolled_at = models.DateTimeField("set up", null=True, editable=False)
    seen_at = models.DateTimeField("last seen", null=True, editable=False)

    class Meta:
        db_table = "kiosks"
        verbose_name = "kiosk"

    def __str__(self) -> str:
        return self.name


class Counter(models.Model):
    """One total that never falls; ``counters`` alone writes here, and nothing removes rows.

    series: what is counted, with its labels, as ``counters`` spells it. It is the only key, so that
    an upsert locks one row of one index and no more.
    """

    series = models.CharField(max_length=190, primary_key=True)
    total = models.FloatField(default=0)

    class Meta:
        db_table = "console_counters"

    def __str__(self) -> str:
        return f"{self.series} {self.total:g}"


class Day(models.Model):
    """One day by the company's clock, and how far the totals were; ``days`` alone writes here.

    began: name → total, when the day began. latest: the same when they were last looked at.
    """

    day = models.DateField(primary_key=True)
    began = models.JSONField()
    latest = models.JSONField()

    class Meta:
        db_table = "console_days"

    def __str__(self) -> str:
        return f"{self.day}"
