"""How news leaves this app."""

from django.dispatch import Signal

employee_changed = Signal()
"""Sent inside the transaction that changed a person: what listeners write commits with it or not.

``employee_changed.send(sender=Employee, employee_id=int, actor=str, fields=set, together=tuple,
mass=str)``:
``actor`` says who did it, such as ``admin:7`` (a Django user's id) or ``load_sample_data``;
``fields`` are the columns that changed (all that were given, for somebody new); ``together`` has
the ids of all whom the same click or file concerns, and is empty for one person alone; ``mass``
is the kind of the confirmed mass change that it is part of (``Actor.mass``), "" for none.
"""
