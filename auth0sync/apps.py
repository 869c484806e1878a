"""Listens to ``employee_changed``, so that *due* commits with the row or not at all.

And puts the doors that Auth0 opens on the lock-out receipts.
"""

from django.apps import AppConfig


class Auth0SyncConfig(AppConfig):
    name = "auth0sync"
    verbose_name = "Auth0 accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth0sync.due import listen
        from auth0sync.receipts import SIDE
        from employees.receipts import register

        listen()
        register(SIDE)
