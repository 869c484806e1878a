"""The pages on which managers keep people.

``EmployeeAdmin`` is made to be extended: another app unregisters it and registers a subclass with
more columns, fieldsets and actions. PIN hashes, tokens and passwords are on no page.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from employees import services
from employees.actors import actor_of, visible_to
from employees.admin_base import ModelAdmin, ReadOnly
from employees.admin_people import PeopleInSight
from employees.admin_readiness import CannotWork
from employees.authority import Actor
from employees.emails import is_usable
from employees.errors import EmployeesError, UnknownEmployee
from employees.filters import (
    DepartmentFilter,
    MethodFilter,
    RoleFilter,
    StateFilter,
    WorkspaceFilter,
)
from employees.forms import EmployeeForm
from employees.models import AuthMethod, Employee, PodFactoryMapping, RoleConfig

REFUSED = "employees.refused"  # where a request keeps what a service refused


@admin.register(Employee)
class EmployeeAdmin(PeopleInSight, CannotWork, ModelAdmin[Employee]):
    """People: every write goes through ``services``; nobody is ever deleted."""

    form = EmployeeForm
    list_display: Any = (
        "id",
        "name",
        "department",
        "workspace",
        "shown_email",
        "auth_method",
        "is_active",
    )
    list_display_links = ("id", "name")
    list_filter: ClassVar[Any] = (
        StateFilter,
        DepartmentFilter,
        WorkspaceFilter,
        MethodFilter,
        RoleFilter,
    )
    list_select_related = ("role",)
    search_fields = ("name", "email", "personal_email")
    search_help_text = "Name, e-mail or employee number"
    ordering = ("-id",)  # by the key: the newest first, without sorting the table
    actions: Any = (
        "deactivate_selected",
        "reactivate_selected",
        "archive_selected",
        "restore_selected",
    )
    save_on_top = True
    readonly_fields: ClassVar[Any] = (
        "id",
        "is_active",
        "archived_at",
        "connecteam_user_id",
        "created_at",
        "updated_at",
    )
    add_fieldsets: ClassVar[Any] = (
        (None, {"fields": ("name", "email", "personal_email", "phone_number")}),
        ("Work", {"fields": ("department", "role", "workspace", "hire_date")}),
        ("Signing in", {"fields": ("auth_method", "invitation", "auth0_role")}),
    )
    fieldsets: ClassVar[Any] = (
        *add_fieldsets,
        ("Record", {"fields": readonly_fields}),
    )

    @admin.display(description="e-mail", ordering="email")
    def shown_email(self, employee: Employee) -> SafeString:
        """The e-mail, which may break before its @, or what is missing for the account."""
        name, at, domain = (employee.email or "").rpartition("@")
        email = format_html("{}<wbr>{}{}", name, at, domain) if at else escape(domain)
        if needs_email(employee):
            return format_html("{} <strong>needs an e-mail</strong>", email)
        return email or escape("–")

    @admin.action(description="Deactivate", permissions=["change"])
    def deactivate_selected(self, request: HttpRequest, people: QuerySet[Employee]) -> None:
        """Switch people off and end their kiosk sessions."""
        self._apply(request, people, services.deactivate, "deactivated")

    @admin.action(description="Reactivate", permissions=["change"])
    def reactivate_selected(self, request: HttpRequest, people: QuerySet[Employee]) -> None:
        """Switch people on, out of the archive too."""
        self._apply(request, people, services.reactivate, "reactivated")

    @admin.action(description="Archive", permissions=["change"])
    def archive_selected(self, request: HttpRequest, people: QuerySet[Employee]) -> None:
        """Put people away, deactivated."""
        self._apply(request, people, services.archive, "archived")

    @admin.action(description="Restore from the archive (stays inactive)", permissions=["change"])
    def restore_selected(self, request: HttpRequest, people: QuerySet[Employee]) -> None:
        """Take people out of the archive."""
        self._apply(request, people, services.restore, "restored")

    def _apply(
        self,
        request: HttpRequest,
        people: QuerySet[Employee],
        service: Callable[[int, Actor], bool],
        done: str,
    ) -> None:
        """Call a service for each person, a transaction each, and say how many it changed."""
        ids = list(people.order_by("pk").values_list("pk", flat=True))
        changed = sum(service(pk, actor_of(request)) for pk in ids)
        unchanged = len(ids) - changed
        note = f"; {unchanged} were so already" if unchanged else ""
        self.message_user(request, f"{changed} {done}{note}.", messages.SUCCESS)

    def get_fieldsets(self, request: HttpRequest, obj: Employee | None = None) -> Any:
        """A newcomer has no record yet."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Employee], search_term: str
    ) -> tuple[QuerySet[Employee], bool]:
        """A number finds the person with that employee number beside what the text finds."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        if search_term.strip().isdecimal():
            found = found | queryset.filter(pk=int(search_term))
        return found, duplicates

    def get_form(
        self, request: HttpRequest, obj: Employee | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, which shows what a service refused a moment ago."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if issubclass(form, EmployeeForm):
            form.refused = request.META.get(REFUSED)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page; what a service refuses after the form said yes stands beside its field.

        That happens when two managers save one e-mail at once. Nothing was saved then: the page's
        transaction was rolled back.
        """
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except UnknownEmployee as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:employees_employee_changelist"))
        except EmployeesError as error:
            request.META[REFUSED] = error
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(
        self, request: HttpRequest, obj: Employee, form: ModelForm[Employee], change: bool
    ) -> None:
        """Save through the services: only what this manager changed is written."""
        if not isinstance(form, EmployeeForm):
            raise TypeError("Employees are saved from an EmployeeForm, which knows what changed.")
        invitation = form.cleaned_data["invitation"]
        if change:
            chosen = invitation if "invitation" in form.changed_data else None
            services.change_employee(obj.pk, form.columns, actor_of(request), chosen)
        else:
            obj.pk = services.add_employee(form.columns, invitation, actor_of(request)).pk
        obj.refresh_from_db()
        if needs_email(obj):
            self.message_user(
                request,
                f"{obj.name} needs an e-mail: without one there is no Auth0 account.",
                messages.WARNING,
            )


def needs_email(employee: Employee) -> bool:
    """Whether an account is wanted that no e-mail is there for."""
    wanted = employee.is_active and employee.auth_method != AuthMethod.PIN
    return wanted and not is_usable(employee.email)


@admin.register(RoleConfig)
class RoleConfigAdmin(ReadOnly, ModelAdmin[RoleConfig]):
    """The jobs of the shop floor."""

    list_display = ("role_name", "role_type", "expected_per_hour", "monthly_target")
    ordering = ("role_name",)


@admin.register(PodFactoryMapping)
class PodFactoryMappingAdmin(ReadOnly, ModelAdmin[PodFactoryMapping]):
    """Under which e-mails PodFactory knows whom."""

    list_display = (
        "podfactory_email",
        "podfactory_name",
        "employee",
        "similarity_score",
        "confidence_level",
        "is_verified",
    )
    list_filter = ("is_verified",)
    list_select_related = ("employee",)
    search_fields = ("podfactory_email", "podfactory_name", "employee__name")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PodFactoryMapping]:
        """The mappings of the people whom this person may see."""
        mappings = super().get_queryset(request)
        actor = actor_of(request)
        return (
            mappings.filter(employee__in=visible_to(actor))
            if actor.is_bound_to_a_place
            else mappings
        )
