"""Listens to ``employee_changed``, so that *due* commits with the row or not at all.

And puts the doors that Auth0 opens on the lock-out receipts, and says how an enrolment is prepared.
"""

from django.apps import AppConfig


class Auth0SyncConfig(AppConfig):
    name = "auth0sync"
    verbose_name = "Auth0 accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth0sync.due import listen
        from auth0sync.enrolling import KIND, signed_in_since
        from auth0sync.receipts import SIDE
        from employees import receipts
        from employees.mass import kinds, undoing
        from employees.mass.models import MassChange

        listen()
        receipts.register(SIDE)
        kinds.register(MassChange.Kind.ENROLMENT, KIND)
        undoing.register(signed_in_since)
