"""The people and the tables that the console shares with the Flask application."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_save


class EmployeesConfig(AppConfig):
    """Registers the checks that compare the shared tables with what the console needs."""

    name = "employees"
    verbose_name = "People"
    default_auto_field = "django.db.models.AutoField"  # the shared tables' ids are INT

    def ready(self) -> None:
        from employees import (
            checks,  # noqa: F401  (importing registers them)
            doors,
            receipts,
        )
        from employees.failed_tasks import redact_before_saving
        from employees.groups import create_groups
        from employees.history import on_post_migrate
        from employees.importing.preparing import IMPORT
        from employees.mass import kinds
        from employees.mass.models import MassChange

        post_migrate.connect(create_groups, sender=self)
        post_migrate.connect(on_post_migrate, sender=self)
        pre_save.connect(redact_before_saving, sender="django_q.Task")
        receipts.register(doors.SIDE)
        kinds.register(MassChange.Kind.IMPORT, IMPORT)
