"""The pages on which managers keep people.

``EmployeeAdmin`` is made to be extended: another app unregisters it and registers a subclass with
more columns, fieldsets and actions. PIN hashes, tokens and passwords are on no page.
"""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, When
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.urls import URLPattern, path, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from employees import planning, services
from employees.actors import actor_of, visible_to
from employees.admin_actions import LeavingActions
from employees.admin_base import ModelAdmin, ReadOnly, number_in
from employees.admin_export import ExportPages
from employees.admin_history import HistoryPage
from employees.admin_importing import ImportPages
from employees.admin_kiosks import KioskAdmin
from employees.admin_people import PeopleInSight
from employees.admin_pins import SLIPS_ACTION, PinActions
from employees.admin_planning import PlanningPages
from employees.admin_podfactory import PodFactoryPages
from employees.admin_readiness import CannotWork
from employees.admin_receipts import ReceiptCard
from employees.admin_rehire import Rehiring, described
from employees.admin_review_merge import MergePages
from employees.admin_review_outside import OutsidePage
from employees.admin_reviews import ReviewPages
from employees.admin_sessions import WhoIsSignedIn
from employees.authority import Actor
from employees.emails import is_usable
from employees.errors import AlreadyAdded, EmployeesError, UnknownEmployee
from employees.filters import (
    DepartmentFilter,
    MethodFilter,
    RoleFilter,
    StateFilter,
    WorkspaceFilter,
)
from employees.finding import by_index
from employees.forms import EmployeeForm
from employees.mass.models import MassChange
from employees.models import (
    AuthMethod,
    Employee,
    Invitation,
    Kiosk,
    PodFactoryMapping,
    RoleConfig,
)
from employees.zones import in_full, moment, zone_of

KEPT_FOR_THE_NEXT = (
    "department",
    "role",
    "workspace",
    "hire_date",
    "starts_on",
    "auth_method",
    "invitation",
)
REFUSED = "employees.refused"  # where a request keeps what a service refused


@admin.register(Employee)
class EmployeeAdmin(
    PeopleInSight,
    LeavingActions,
    PlanningPages,
    PinActions,
    HistoryPage,
    Rehiring,
    CannotWork,
    ReviewPages,
    MergePages,
    OutsidePage,
    PodFactoryPages,
    WhoIsSignedIn,
    ReceiptCard,
    ExportPages,
    ModelAdmin[Employee],
):
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
    actions: Any = (*LeavingActions.leaving_actions, SLIPS_ACTION)
    change_form_template = "admin/employees/employee_change_form.html"
    save_on_top = True
    readonly_fields: ClassVar[Any] = (
        "id",
        "is_active",
        "archived",
        "connecteam_user_id",
        "added",
        "changed",
    )
    person_fields: ClassVar[Any] = (
        "Person",
        {"fields": ("name", "email", "personal_email", "phone_number")},
    )
    work_fields = ("department", "role", "workspace", "hire_date")
    sign_in_fields: ClassVar[Any] = (
        "Sign-in",
        {"fields": ("auth_method", "invitation", "auth0_role")},
    )
    add_fieldsets: ClassVar[Any] = (
        person_fields,
        ("Work", {"fields": (*work_fields, "starts_on")}),
        sign_in_fields,
    )
    fieldsets: ClassVar[Any] = (
        person_fields,
        ("Work", {"fields": work_fields}),
        sign_in_fields,
        ("Record", {"fields": readonly_fields}),
    )

    def get_urls(self) -> list[URLPattern]:
        """Beside the others, the address that the form asks before it is sent."""
        view = self.admin_site.admin_view(self.signed_in_view)
        return [path("signed-in/", view, name="employees_employee_signed_in"), *super().get_urls()]

    def signed_in_view(self, request: HttpRequest) -> JsonResponse:
        """That the session goes on, and the token for the form, which a new log-in changes."""
        return JsonResponse({"token": get_token(request)})

    @admin.display(description="e-mail", ordering="email")
    def shown_email(self, employee: Employee) -> SafeString:
        """The e-mail, which may break before its @, or what is missing for the account."""
        name, at, domain = (employee.email or "").rpartition("@")
        email = format_html("{}<wbr>{}{}", name, at, domain) if at else escape(domain)
        if needs_email(employee):
            return format_html("{} <strong>needs an e-mail</strong>", email)
        return email or escape("–")

    @admin.display(description="archived")
    def archived(self, employee: Employee) -> str:
        """Since when they are in the archive."""
        return moment(employee.archived_at)

    @admin.display(description="added")
    def added(self, employee: Employee) -> str:
        """When the row was made."""
        return moment(employee.created_at)

    @admin.display(description="changed")
    def changed(self, employee: Employee) -> str:
        """When the row was written last."""
        return moment(employee.updated_at)

    def get_fieldsets(self, request: HttpRequest, obj: Employee | None = None) -> Any:
        """A newcomer has no record yet."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Employee], search_term: str
    ) -> tuple[QuerySet[Employee], bool]:
        """A number finds the person with that employee number first, then what the text finds."""
        number = number_in(search_term)
        indexed = by_index(queryset, search_term, number)
        if indexed is not None:
            return self._number_first(indexed, number), False
        found, duplicates = super().get_search_results(request, queryset, search_term)
        # A phone types ’ where the row has ', and the other way round.
        for is_typed, is_meant in ("’'", "'’"):
            if is_typed in search_term:
                term = search_term.replace(is_typed, is_meant)
                found = found | super().get_search_results(request, queryset, term)[0]
        if number is not None:
            found = found | queryset.filter(pk=number)
        return self._number_first(found, number), duplicates

    def _number_first(self, found: QuerySet[Employee], number: int | None) -> QuerySet[Employee]:
        """Many e-mails hold a 5, so number 5 would be the last of them all."""
        if number is None:
            return found
        is_another = Case(When(pk=number, then=0), default=1)
        return found.order_by(is_another, *found.query.order_by)

    def get_form(
        self, request: HttpRequest, obj: Employee | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, which shows what a service refused a moment ago."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if issubclass(form, EmployeeForm):
            form.refused = request.META.get(REFUSED)
            form.actor = actor_of(request)
        return form

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Employee | None = None,
    ) -> HttpResponse:
        """The page, with the ways in which this person may go or come back."""
        if obj is not None and self.has_change_permission(request, obj):
            context["leaving"] = self.leaving_of(request, obj)
        if obj is not None:
            context["plans"] = self.plans_of(request, obj)
        if obj is None:
            found = context["adminform"].form.look_alikes
            context["look_alikes"] = [described(one, actor_of(request)) for one in found]
        return super().render_change_form(request, context, add, change, form_url, obj)

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
        except AlreadyAdded as error:
            self.message_user(request, str(error), messages.WARNING)
            page = reverse("admin:employees_employee_change", args=[error.employee_id])
            return HttpResponseRedirect(page)
        except UnknownEmployee as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:employees_employee_changelist"))
        except EmployeesError as error:
            request.META[REFUSED] = error
            return super().changeform_view(request, object_id, form_url, extra_context)

    def response_add(
        self, request: HttpRequest, obj: Employee, post_url_continue: str | None = None
    ) -> HttpResponse:
        """After "Save and add another" the next person starts with what the last one had."""
        response = super().response_add(request, obj, post_url_continue)
        if "_addanother" not in request.POST:
            return response
        kept = {name: request.POST.get(name, "") for name in KEPT_FOR_THE_NEXT}
        add = reverse("admin:employees_employee_add")
        return HttpResponseRedirect(f"{add}?{urlencode({k: v for k, v in kept.items() if v})}")

    def save_model(
        self, request: HttpRequest, obj: Employee, form: ModelForm[Employee], change: bool
    ) -> None:
        """Save through the services: only what this manager changed is written."""
        if not isinstance(form, EmployeeForm):
            raise TypeError("Employees are saved from an EmployeeForm, which knows what changed.")
        invitation = form.cleaned_data["invitation"]
        if change:
            chosen = invitation if "invitation" in form.changed_data else None
            actor = actor_of(request)
            services.change_employee(obj.pk, form.columns, actor, chosen, seen=form.seen)
        else:
            obj.pk = self._add(form, invitation, actor_of(request)).pk
        obj.refresh_from_db()
        if not change:
            said = what_happens_next(obj, invitation, "then" if form.starts_at else self.how_soon())
            if form.starts_at:
                starts = in_full(form.starts_at, zone_of(obj.workspace))
                said = f"{obj.name} starts on {starts}; nobody can sign in as them before. {said}"
            self.message_user(request, said, messages.INFO)
        if needs_email(obj):
            self.message_user(
                request,
                f"{obj.name} needs an e-mail: without one there is no Auth0 account.",
                messages.WARNING,
            )

    def _add(self, form: EmployeeForm, invitation: str, actor: Actor) -> Employee:
        """Add the person, for now or for the day on which they start."""
        columns, key = form.columns, form.form_key
        if form.starts_at is None:
            return services.add_employee(columns, invitation, actor, key)
        return planning.add_joining(columns, invitation, actor, form.starts_at, key)

    def how_soon(self) -> str:
        """When somebody who was added has an account."""
        return "within seconds"


def what_happens_next(employee: Employee, invitation: str, how_soon: str) -> str:
    """What a manager may expect after adding somebody, in a sentence."""
    kiosk = f"At the kiosk the number is {employee.pk}; a PIN has to be set."
    if employee.auth_method == AuthMethod.PIN:
        return f"{employee.name} signs in with a PIN. {kiosk}"
    if not is_usable(employee.email):
        return f"{employee.name} gets an Auth0 account as soon as there is an e-mail."
    goes_to = {
        Invitation.WORK: f"the invitation goes to {employee.email}",
        Invitation.PERSONAL: (
            f"the invitation goes to {employee.personal_email}"
            if employee.personal_email
            else "the invitation waits for a personal e-mail"
        ),
        Invitation.AUTH0: f"Auth0 mails {employee.email}",
        Invitation.VERIFIED: "no mail is sent",
        Invitation.NONE: "no mail is sent until you send the invitation",
    }[Invitation(invitation)]
    account = f"{employee.name} gets an Auth0 account {how_soon}; {goes_to}."
    return f"{account} {kiosk}" if employee.auth_method == AuthMethod.HYBRID else account


def needs_email(employee: Employee) -> bool:
    """Whether an account is wanted that no e-mail is there for."""
    wanted = employee.is_active and employee.auth_method != AuthMethod.PIN
    return wanted and not is_usable(employee.email)


admin.site.register(Kiosk, KioskAdmin)
admin.site.register(MassChange, ImportPages)


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
