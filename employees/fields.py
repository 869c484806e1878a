"""Columns whose stored form differs from what Django would write."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class LegacyDateTimeField(models.DateTimeField):  # type: ignore[type-arg]
    """A DATETIME that the Flask application writes from its host's local clock.

    Stored in LEGACY_TIME_ZONE (default UTC) without saying so; an aware UTC datetime in Python.
    The hour that a time zone repeats in autumn is read as its first occurrence: the column
    can't tell the two apart. Source: docs/legacy-contract.md, "PIN log-in".
    """

    def from_db_value(
        self, value: datetime | None, expression: Any, connection: BaseDatabaseWrapper
    ) -> datetime | None:
        """Take the wall clock that Django's backend marked as UTC for one in the legacy zone."""
        if value is None:
            return None
        return value.replace(tzinfo=settings.LEGACY_ZONE).astimezone(UTC)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        """Turn an aware datetime into the legacy zone's wall clock; leave expressions alone."""
        value = value if prepared else self.get_prep_value(value)
        if isinstance(value, datetime):
            # Marked as UTC because the backend shifts whatever else it gets.
            value = value.astimezone(settings.LEGACY_ZONE).replace(tzinfo=UTC)
        return connection.ops.adapt_datetimefield_value(value)


class BlankIsNullField(models.CharField):  # type: ignore[type-arg]
    """A nullable text whose ``''`` means NULL, in both directions.

    An ENUM that was given an unknown word outside strict mode holds ``''``.
    """

    def from_db_value(
        self, value: str | None, expression: Any, connection: BaseDatabaseWrapper
    ) -> str | None:
        """Read ``''`` as None."""
        return value or None

    def get_prep_value(self, value: Any) -> Any:
        """Write ``''`` as NULL."""
        return super().get_prep_value(value) or None
