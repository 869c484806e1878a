"""The people and the tables that the console shares with the Flask application."""

from django.apps import AppConfig


class EmployeesConfig(AppConfig):
    """The console's people; nothing here knows of Auth0 accounts."""

    name = "employees"
    default_auto_field = "django.db.models.AutoField"  # the shared tables' ids are INT
