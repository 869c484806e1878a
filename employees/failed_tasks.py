"""The queue keeps the traceback of a task that failed in its table: without anything secret."""

from typing import Any

from employees.redaction import redact


def redact_before_saving(sender: object, instance: Any, **kwargs: object) -> None:
    """A receiver of ``pre_save`` of django_q's Task, whoever writes it."""
    if not instance.success:
        instance.result = redact(instance.result)
