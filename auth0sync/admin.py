"""The Auth0 side of the admin: how each account is, its log, and the buttons that ask for more.

Nothing here talks to Auth0. A button only writes that somebody is due; a worker does the rest.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_q import admin as queue_admin
from social_django import admin as social_admin  # noqa: F401  (registers what is taken out below)
from social_django.models import Association, Nonce, UserSocialAuth

from auth0sync import brake
from auth0sync.admin_asking import Asking
from auth0sync.admin_attention import AttentionPage, case_of
from auth0sync.admin_balance import BalancePage
from auth0sync.admin_balance_deciding import DecidingPages
from auth0sync.admin_balance_rules import RulesPage
from auth0sync.admin_balance_together import TogetherPage
from auth0sync.admin_batches import StagedBatchAdmin
from auth0sync.admin_bulk import ImportJobAdmin
from auth0sync.admin_enrolment import EnrolmentPages
from auth0sync.admin_events import TenantEventAdmin
from auth0sync.admin_explain import StepView
from auth0sync.admin_joiners import JoinersPage
from auth0sync.admin_log import SyncLogAdmin
from auth0sync.admin_mass import MassChangePages
from auth0sync.admin_mending import MendingPages
from auth0sync.admin_podfactory import PodFactoryInAuth0
from auth0sync.admin_statuses import Statuses
from auth0sync.admin_three_way import ThreeWayView
from auth0sync.events_shown import lately
from auth0sync.models import Account, ImportJob, InvitationState, StagedBatch, SyncLog, TenantEvent
from auth0sync.status import (
    STANDINGS,
    Standing,
    Weather,
    account_block,
    is_moving,
    standing,
    why_no_invitation,
    why_no_sync,
)
from employees.actors import actor_of
from employees.admin import EmployeeAdmin
from employees.admin_readiness import Mending, missing_of
from employees.authority import Operation, why_not
from employees.filters import SelectFilter
from employees.forecast import Leaving
from employees.mass.models import MassChange
from employees.models import Employee
from employees.readiness import Missing
from employees.selectors import joining_days

# The queue's own pages let whoever may add a scheduled task run any function of the program.
QUEUE = (queue_admin.Schedule, queue_admin.OrmQ, queue_admin.Success, queue_admin.Failure)
# Whose account somebody signs in with is the row's to say, never a form's.
LOG_INS = (UserSocialAuth, Nonce, Association)
# Not all are there with every broker.
admin.site.unregister(filter(admin.site.is_registered, (*QUEUE, *LOG_INS)))

admin.site.unregister([Employee, MassChange])
admin.site.register(MassChange, MassChangePages)
admin.site.register(SyncLog, SyncLogAdmin)
admin.site.register(StagedBatch, StagedBatchAdmin)
admin.site.register(ImportJob, ImportJobAdmin)
admin.site.register(TenantEvent, TenantEventAdmin)


class StandingFilter(SelectFilter):
    """People whose accounts are in one state."""

    title = "Auth0 account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states, and those that a person should look at."""
        return [(name, title) for name, (title, _) in STANDINGS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Employee]
    ) -> QuerySet[Employee] | None:
        """The people in the chosen state."""
        chosen = STANDINGS.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


@admin.register(Employee)
class EmployeeWithAccountAdmin(
    Asking,
    AttentionPage,
    EnrolmentPages,
    JoinersPage,
    MendingPages,
    PodFactoryInAuth0,
    StepView,
    ThreeWayView,
    BalancePage,
    DecidingPages,
    RulesPage,
    TogetherPage,
    Statuses,
    EmployeeAdmin,
):
    """People, and beside each how the Auth0 account is."""

    list_display = (
        "id",
        "name",
        "account_status",
        "department",
        "workspace",
        "shown_email",
        "auth_method",
        "is_active",
    )
    list_filter: ClassVar[Any] = (StandingFilter, *EmployeeAdmin.list_filter)
    actions = ("sync_now", "send_invitation_again", "enrol_selected", *EmployeeAdmin.actions)
    change_form_template = "admin/auth0sync/employee_change_form.html"

    list_after_template = "admin/auth0sync/statuses.html"

    class Media:
        css: ClassVar[Any] = {
            "all": ("auth0sync/admin.css", "auth0sync/attention.css", "auth0sync/joiners.css")
        }
        js = ("employees/follow.js", "auth0sync/statuses.js")

    @admin.display(description="Auth0 account")
    def account_status(self, employee: Employee) -> SafeString:
        """The standing in a few words, its sentence when the pointer rests on it."""
        found: Standing = vars(employee)["standing"]
        return format_html(
            '<span class="standing standing-{}" title="{}" data-standing="{}" data-name="{}"{}>'
            "{}</span>",
            found.tone,
            found.detail,
            employee.pk,
            employee.name,
            " data-moving" if vars(employee)["is_moving"] else "",
            found.label,
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; the accounts of its page are fetched together."""
        changelist = super().get_changelist_instance(request)
        people = list(changelist.result_list)
        accounts = Account.objects.in_bulk([person.pk for person in people])
        weather, joins = Weather.today(), joining_days(people)
        for person in people:
            account = accounts.get(person.pk)
            found = standing(person, account, weather, joins.get(person.pk, ""))
            vars(person).update(standing=found, is_moving=is_moving(found, account))
        changelist.result_list = people
        return changelist

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Employee | None = None,
    ) -> HttpResponse:
        """The page, with what is known of the account."""
        if obj is not None:
            block = account_block(obj)
            form = context["adminform"].form
            field = block["account"].error_field if block["account"] else ""
            if field in form.fields:
                block["wrong_field"] = form[field]
            actor = actor_of(request)
            can_change = self.has_change_permission(request, obj)
            for name, operation in (
                ("can_sync", Operation.SYNC),
                ("can_invite", Operation.INVITE),
            ):
                block[name] &= can_change and not why_not(actor, operation, obj)
            account = block["account"]
            if account and account.attention:
                block["case"] = case_of(account, obj, actor)
            if self.admin_site.get_model_admin(SyncLog).has_view_permission(request):
                log = reverse("admin:auth0sync_synclog_changelist")
                block["log_url"] = f"{log}?q={obj.pk}"
            batch = block["account"] and block["account"].batch_id
            if batch and actor.is_admin:
                block["batch_url"] = reverse("admin:auth0sync_stagedbatch_change", args=[batch])
            block["lately"] = lately(obj.pk)
            block["joiner"] = self.line_of(obj, account, block["now"])
            invited = account is not None and account.invitation == InvitationState.SENT
            block["can_return"] = invited and block["can_invite"]
            context["auth0"] = block
        return super().render_change_form(request, context, add, change, form_url, obj)

    def how_soon(self) -> str:
        """Not now, while nothing moves for anybody; the band on the page says why."""
        stands_still = Weather.today().standstill()
        return "as soon as Auth0 can be reached again" if stands_still else super().how_soon()

    def brake_notice(self, way: Leaving, people: Sequence[Employee]) -> str:
        """How many of these accounts the safety brake would hold."""
        if not way.can_be_undone or len(people) < 2:
            return ""
        held = brake.would_hold([person.pk for person in people])
        if not held:
            return ""
        who = "1 of these accounts" if held == 1 else f"{held} of these accounts"
        return f"The safety brake holds {who} until a second person agrees."

    def mendings(self, request: HttpRequest, people: Sequence[Employee]) -> dict[int, Mending]:
        """For the accounts the buttons of the employee's page, with what stands in the way."""
        steps = super().mendings(request, people)
        accounts = Account.objects.in_bulk([person.pk for person in people])
        weather = Weather.today()
        for person in people:
            account = accounts.get(person.pk)
            if account and account.batch_id:
                page = reverse("admin:auth0sync_stagedbatch_change", args=[account.batch_id])
                detail = standing(person, account, weather).detail
                why = "" if actor_of(request).is_admin else "ask an administrator."
                steps[person.pk] = Mending("Look at what is held", page, False, detail, why)
                continue
            if missing_of(person) == Missing.ACCOUNT:
                name, why = "Sync now", why_no_sync(person, account)
                operation, view = Operation.SYNC, "auth0sync_sync_now"
            elif missing_of(person) == Missing.VERIFIED:
                name, why = "Send the invitation again", ""
                why = why_no_invitation(person, account, weather.now)
                operation, view = Operation.INVITE, "auth0sync_send_invitation_again"
            else:
                continue
            steps[person.pk] = Mending(
                name,
                reverse(f"admin:{view}", args=[person.pk]),
                posts=True,
                detail=standing(person, account, weather).detail,
                why_not=why_not(actor_of(request), operation, person) or why,
            )
        return steps
