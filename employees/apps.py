"""The people and the tables that the console shares with the Flask application."""

from django.apps import AppConfig


class EmployeesConfig(AppConfig):
    """Registers the checks that compare the shared tables with what the console needs."""

    name = "employees"
    default_auto_field = "django.db.models.AutoField"  # the shared tables' ids are INT

    def ready(self) -> None:
        from employees import checks  # noqa: F401  (importing registers them)
