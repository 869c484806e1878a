"""A mass change, and one row for each person whom it is about.

Rows hold personal data, so that they are pruned (``changes.prune``), with what ``recognised`` has
of it (``Kind.personal``); the mass change stays, with its counts, since the history names it.
"""

from django.db import models
from django.db.models.functions import Now


class MassChange(models.Model):
    """One file, or one choice of people, and how far it is.

    title: what it is called on pages and in the history, such as the file's name. options: what
    its kind needs to prepare the rows; never anything secret. recognised: what the kind found out
    while preparing, for the page. summary: what the rows amount to, in numbers, once they are
    prepared. begun_by, confirmed_by, undone_by: ``Actor.name``. batch: of the changes in the
    history. version: rises with whatever changes what would be confirmed. failure: why nothing
    can be done with it, in a sentence. is_stale: the rows are of earlier options, and have to go
    first. lease, lease_until: of the process that works on it, so that one does at a time;
    woken_at: when the queue was last asked to.
    """

    class Kind(models.TextChoices):
        IMPORT = "import", "Import"
        ENROLMENT = "enrolment", "Enrolment"

    class State(models.TextChoices):
        READING = "reading", "is being read"
        PREVIEW = "preview", "waits to be confirmed"
        WORKING = "working", "is being carried out"
        DONE = "done", "carried out"
        UNDOING = "undoing", "is being undone"
        UNDONE = "undone", "undone"
        FAILED = "failed", "could not be read"
        DISCARDED = "discarded", "discarded"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=9, choices=State, default=State.READING)
    title = models.CharField(max_length=200)
    options = models.JSONField(default=dict)
    recognised = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    begun_by = models.CharField(max_length=100)
    begun_at = models.DateTimeField(db_default=Now())
    confirmed_by = models.CharField(max_length=100, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True)
    batch = models.CharField(max_length=32)
    undo_batch = models.CharField(max_length=32, blank=True)
    version = models.PositiveIntegerField(default=1)
    failure = models.CharField(max_length=500, blank=True)
    is_stale = models.BooleanField(default=False)
    pruned_at = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    woken_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "employees"
        db_table = "employee_mass_changes"
        indexes = [
            models.Index(fields=["state", "lease_until"], name="employee_mass_state"),
            models.Index(fields=["kind", "-id"], name="employee_mass_kind"),
        ]
        verbose_name = "import"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}: {self.title}"


class MassFile(models.Model):
    """What was uploaded, until it is confirmed or discarded; no longer."""

    change = models.OneToOneField(
        MassChange, models.CASCADE, primary_key=True, related_name="uploaded"
    )
    content = models.BinaryField()

    class Meta:
        app_label = "employees"
        db_table = "employee_mass_files"

    def __str__(self) -> str:
        return f"file of mass change {self.change_id}"


class MassRow(models.Model):
    """What a mass change does to one person: as foreseen (outcome) and as it went (state).

    line: of the file, or a plain number; rows are carried out in its order. cells: what stood
    there, as text. values: column → value to write, as JSON holds it: columns of ``employees``, and
    ``invitation`` and ``starts_on``. before: what these columns hold where the person exists;
    when that has changed at the time of carrying out, the row is refused. employee_id: whom it
    is about; of a newcomer, once added. key: what may be in one row of a mass change only, such as
    the e-mail. reason, field: why it is a problem, or a question, and about which column. asks:
    a person may choose the outcome among ``choices``. is_risky: it would count for the safety
    brake (e-mail, role, way of signing in). done_at: when it was carried out.
    """

    class Outcome(models.TextChoices):
        NEW = "new", "New"
        CHANGE = "change", "Change"
        BACK = "back", "Back"
        NOTHING = "nothing", "Nothing to do"
        QUESTION = "question", "Question"
        SKIP = "skip", "Left out"
        PROBLEM = "problem", "Problem"

    class State(models.TextChoices):
        WAITING = "waiting", "Not yet"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        UNDONE = "undone", "Undone"
        KEPT = "kept", "Not undone"

    id = models.BigAutoField(primary_key=True)
    change = models.ForeignKey(MassChange, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    values = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    outcome = models.CharField(max_length=8, choices=Outcome)
    asks = models.BooleanField(default=False)
    choices = models.JSONField(default=list)
    is_risky = models.BooleanField(default=False)
    employee_id = models.IntegerField(null=True)
    key = models.CharField(max_length=255, blank=True)
    field = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    done_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "employees"
        db_table = "employee_mass_rows"
        constraints = [
            models.UniqueConstraint(fields=["change", "line"], name="employee_mass_row_line")
        ]
        indexes = [
            models.Index(fields=["change", "outcome", "line"], name="employee_mass_row_outcome"),
            models.Index(fields=["change", "state", "outcome"], name="employee_mass_row_state"),
            models.Index(fields=["change", "key"], name="employee_mass_row_key"),
            models.Index(fields=["change", "employee_id"], name="employee_mass_row_person"),
        ]

    def __str__(self) -> str:
        return f"line {self.line} of mass change {self.change_id}"
