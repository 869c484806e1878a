"""What the operators are told, as rows: a mail server that is away loses none of it."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Telling(models.Model):
    """One thing to say by one channel; gone out when ``sent_at`` is set, at least once.

    key: of the incident, or what it is about. urgent: goes out in quiet hours too. held: waits for
    the end of the quiet hours. due_at: when it is tried next; claim: by whom it is tried now.
    error: why the last try failed, without an address.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", "e-mail"
        WEBHOOK = "webhook", "webhook"

    class State(models.TextChoices):
        BEGUN = "begun", "begun"
        OVER = "over", "over"

    channel = models.CharField(max_length=10, choices=Channel.choices)
    key = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    written_at = models.DateTimeField(db_default=Now())
    held = models.BooleanField(default=False)

    due_at = models.DateTimeField(db_default=Now())
    claim = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "auth0_tellings"
        indexes: ClassVar = [models.Index(fields=["sent_at", "due_at"], name="auth0_telling_due")]

    def __str__(self) -> str:
        return f"{self.key} {self.state}, by {self.get_channel_display()}"
