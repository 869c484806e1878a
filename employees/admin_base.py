"""What the admin pages of every room are made from: the theme's ModelAdmin, and read-only pages."""

from typing import TYPE_CHECKING

from django.db.models import Model
from django.http import HttpRequest

if TYPE_CHECKING:  # the theme has no types; its class is Django's with other templates
    from django.contrib.admin import ModelAdmin as ModelAdmin
else:
    from unfold.admin import ModelAdmin as ModelAdmin


class ReadOnly:
    """Shown, never changed here: the Flask application keeps these tables."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False
