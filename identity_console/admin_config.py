"""The console's admin site takes the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    """Django's admin with the console's own site; its theme is installed as BasicAppConfig."""

    default = False
    default_site = "identity_console.admin_site.ConsoleSite"
