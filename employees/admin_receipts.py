"""The lock-out receipt on a person's page; whoever may see the person may see it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path

from employees.admin_base import Pages
from employees.models import Employee
from employees.receipt_words import shown
from employees.receipts import of_person


class ReceiptCard(Pages[Employee]):
    """Adds the card to the page, and the address from which receipts.js keeps it true."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The address of the card alone."""
        view = self.admin_site.admin_view(self.receipt_view)
        name = "employees_employee_receipt"
        return [path("<int:employee_id>/receipt/", view, name=name), *super().get_urls()]

    def receipt_view(self, request: HttpRequest, employee_id: int) -> JsonResponse:
        """What stands in the card at this moment, and whether more may come."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person = self.get_queryset(request).filter(pk=employee_id).first()
        if person is None:  # out of sight is like not there
            raise Http404
        receipts = shown(of_person(person.pk))
        card = render_to_string("admin/employees/receipts.html", {"receipts": receipts}, request)
        is_moving = bool(receipts and receipts[0].is_moving)
        return JsonResponse({"card": card, "is_moving": is_moving})

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Employee | None = None,
    ) -> HttpResponse:
        """The page, with the receipts of somebody who left."""
        if obj is not None:
            context["receipts"] = shown(of_person(obj.pk))
        return super().render_change_form(request, context, add, change, form_url, obj)
