"""How news leaves this app."""

from django.dispatch import Signal

employee_changed = Signal()
"""Sent inside the transaction that changed a person: what listeners write commits with it or not.

``employee_changed.send(sender=Employee, employee_id=int, actor=str, fields=set, together=tuple,
confirmed=bool)``:
``actor`` says who did it, such as ``admin:7`` (a Django user's id) or ``load_sample_data``;
``fields`` are the columns that changed (all that were given, for somebody new); ``together`` has
the ids of all whom the same click or file concerns, and is empty for one person alone;
``confirmed`` says that this is part of a file or a crowd whose forecast somebody has confirmed.
"""
