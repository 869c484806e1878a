"""How news leaves this app."""

from django.dispatch import Signal

employee_changed = Signal()
"""Sent inside the transaction that changed a person: what listeners write commits with it or not.

``employee_changed.send(sender=Employee, employee_id=int, actor=str)``; ``actor`` says who did it,
such as ``admin:7`` (a Django user's id) or ``load_sample_data``.
"""
