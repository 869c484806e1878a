"""The list of people as a file: whom the list shows, with its filters and its search."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from employees.admin_base import Pages
from employees.importing import exporting, results
from employees.models import Employee


class ExportPages(Pages[Employee]):
    """Adds an address for each format to the pages of people; the list's query goes with it."""

    admin_site: admin.AdminSite
    list_before_template = "admin/people/list_files.html"

    def get_urls(self) -> list[URLPattern]:
        """Before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.export_view)
        pages = [
            path(f"export.{form}", view, {"form": form}, f"employees_employee_export_{form}")
            for form in results.FORMATS
        ]
        return [*pages, *super().get_urls()]

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Everybody whom the list would show, on all its pages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_changelist_instance(request).queryset.order_by("pk")
        many = found[exporting.MOST_IN_A_WORKBOOK : exporting.MOST_IN_A_WORKBOOK + 1]
        if form == results.XLSX and many.exists():
            most = f"{exporting.MOST_IN_A_WORKBOOK:,}"
            messages.warning(
                request, f"These are more than {most} people: take the CSV file, or filter."
            )
            page = reverse("admin:employees_employee_changelist")
            return HttpResponseRedirect(f"{page}?{request.GET.urlencode()}")
        return results.download(exporting.people(found), "people", form)
