"""What is decided about a difference: by one person, by a rule, and for a crowd."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from auth0sync import reconcile_crowds, reconcile_decisions, reconcile_follow
from auth0sync.due import mark_due
from auth0sync.engine import sync
from auth0sync.models import Account, Comparison, Difference, StagedBatch, SyncLog, TenantState
from auth0sync.reconcile_decisions import Decision
from auth0sync.reconcile_follow import carry_out, decide_by_rule, follow
from auth0sync.reconcile_policy import Rule
from employees.authority import Actor
from employees.errors import NotAllowed
from employees.history import last_writer
from employees.models import Auth0Role, Change, Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.comparing import (
    balanced,
    delete,
    edit,
    found,
    installation,
    profile_of,
    settled,
    the_one,
    work_off,
)
from tests.auth0sync.people import account_of, add, row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db

LEAD = Actor("admin:9", Auth0Role.TEAM_LEAD, department="Picking", workspace="TX")


def drifted(tenant: RunningTenant, **changes: object) -> tuple[Employee, Difference]:
    """Somebody whose account was edited in Auth0, and the difference that is known by now."""
    employee = settled(phone_number="555-0100", auth0_role="team_lead")
    edit(tenant, employee, **(changes or {"user_metadata": {"phone_number": "555-0199"}}))
    balanced(tenant)
    return employee, the_one()


def role_in_auth0(tenant: RunningTenant, employee: Employee, *names: str) -> None:
    """Somebody gives and takes roles in Auth0's own dashboard."""
    ids = {role["name"]: role["id"] for role in tenant.api("GET", "/roles").json()}
    path = f"/users/{account_of(employee).user_id}/roles"
    held = [role["id"] for role in tenant.api("GET", path).json()]
    tenant.api("DELETE", path, {"roles": held})
    if names:
        tenant.api("POST", path, {"roles": [ids[name] for name in names]})


@pytest.mark.once
class TestFixing:
    def test_the_rows_value_is_put_back_with_one_call(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        before = len(tenant.calls("PATCH"))

        reconcile_decisions.fix(difference.pk, boss(), version=difference.version)
        work_off()

        assert profile_of(tenant, employee)["user_metadata"]["phone_number"] == "555-0100"
        assert len(tenant.calls("PATCH")) == before + 1
        assert found() == []
        difference.refresh_from_db()
        assert (difference.state, difference.outcome) == ("closed", "brought in line")
        assert (difference.decided_by, difference.owner) == ("admin:1", "admin:1")

    def test_with_one_field_the_whole_account_comes_in_line(self, tenant: RunningTenant) -> None:
        employee = settled(phone_number="555-0100", department="Picking")
        drift = {"phone_number": "555-0199", "department": "Packing"}
        edit(tenant, employee, user_metadata=drift)
        balanced(tenant)
        difference = the_one(field="user_metadata.phone_number")

        reconcile_decisions.fix(difference.pk, boss(), version=0)
        work_off()

        assert profile_of(tenant, employee)["user_metadata"]["department"] == "Picking"
        assert found() == []

    def test_a_leavers_account_is_shut_again(self, tenant: RunningTenant) -> None:
        employee = settled()
        deactivate(employee.pk, boss())
        sync(employee.pk)
        edit(tenant, employee, blocked=False)
        balanced(tenant)

        reconcile_decisions.fix(the_one().pk, boss(), version=0)
        work_off()

        assert profile_of(tenant, employee)["blocked"] is True
        assert found() == []

    def test_somebody_shut_out_in_auth0_is_let_in_again(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant, blocked=True)

        reconcile_decisions.fix(difference.pk, boss(), version=0)
        work_off()

        assert profile_of(tenant, employee)["blocked"] is False

    def test_roles_are_as_the_row_says_again(self, tenant: RunningTenant) -> None:
        employee = settled(auth0_role="team_lead")
        role_in_auth0(tenant, employee, "admin")
        balanced(tenant)

        reconcile_decisions.fix(the_one().pk, boss(), version=0)
        work_off()

        (user,) = tenant.users()
        assert user["roles"] == ["team_lead"]

    def test_a_deleted_account_is_made_anew_when_a_person_says_so(
        self, tenant: RunningTenant
    ) -> None:
        employee = settled()
        old = account_of(employee).user_id
        delete(tenant, employee)
        balanced(tenant)

        reconcile_decisions.fix(the_one().pk, boss(), version=0)
        work_off()

        (user,) = tenant.users()
        assert user["user_id"] == account_of(employee).user_id != old
        assert row_of(employee).auth0_user_id == user["user_id"]
        assert account_of(employee).is_clean
        assert found() == []

    def test_an_account_whose_row_is_gone_is_shut(self, tenant: RunningTenant) -> None:
        marker = {"employee_id": 4711, "installation": installation()}
        tenant.seed(1, user={"app_metadata": marker})
        balanced(tenant)

        reconcile_decisions.fix(the_one().pk, boss(), version=0)
        work_off()

        (user,) = tenant.users()
        assert user["blocked"] is True
        assert balanced(tenant).rows_shut == 1
        assert found() == []

    def test_a_stray_account_becomes_that_of_somebody_who_has_none(
        self, tenant: RunningTenant
    ) -> None:
        employee = make_employee(auth_method="pin")
        marker = {"employee_id": employee.pk, "installation": installation()}
        tenant.seed(1, user={"app_metadata": marker})
        balanced(tenant)
        difference = the_one(kind="double")

        reconcile_decisions.fix(difference.pk, boss(), version=0)
        work_off()

        (user,) = tenant.users()
        assert (user["blocked"], account_of(employee).origin) == (True, "adopted")

    def test_what_failed_is_tried_again(self, tenant: RunningTenant) -> None:
        tenant.seed(1, user={"email": "ana@example.com", "email_verified": False})
        tenant.login("auth0|crowd-1")
        employee = add("none")
        sync(employee.pk)
        balanced(tenant)
        tenant.api("DELETE", "/users/auth0|crowd-1")

        reconcile_decisions.fix(the_one(kind="no_account").pk, boss(), version=0)
        work_off()

        assert account_of(employee).origin == "created"

    def test_what_fails_again_is_to_be_decided_again_and_says_why(
        self, tenant: RunningTenant
    ) -> None:
        employee, difference = drifted(tenant)
        tenant.fault(match={"method": "PATCH"}, kind="status", status=400, times=1)

        reconcile_decisions.fix(difference.pk, boss(), version=0)
        work_off()

        assert the_one().state == Difference.State.OPEN
        assert the_one().error == account_of(employee).error != ""


class TestTakingOver:
    def test_auth0s_value_stands_in_the_row_and_nothing_is_called(
        self, tenant: RunningTenant
    ) -> None:
        employee, difference = drifted(tenant)
        before = len(tenant.calls("PATCH"))

        reconcile_decisions.take_over(difference.pk, boss(), version=0)
        work_off()

        assert row_of(employee).phone_number == "555-0199"
        assert len(tenant.calls("PATCH")) == before
        assert (found(), account_of(employee).is_clean) == ([], True)

    def test_the_history_says_where_it_came_from(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)

        reconcile_decisions.take_over(difference.pk, boss(), version=0)

        changed, event = Change.objects.filter(employee_id=employee.pk).order_by("-id")[:2]
        assert (event.action, event.actor) == ("taken over from Auth0", "admin:1")
        assert changed.changes == {"phone_number": ["555-0100", "555-0199"]}

    def test_an_email_comes_with_whether_it_is_verified(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant, email="ana2@example.com", email_verified=True)
        before = len(tenant.calls("PATCH"))

        reconcile_decisions.take_over(difference.pk, boss(), version=0)
        work_off()

        assert row_of(employee).email == "ana2@example.com"
        assert row_of(employee).auth0_sync_status == "verified"
        assert len(tenant.calls("PATCH")) == before

    def test_a_role_is_taken_over(self, tenant: RunningTenant) -> None:
        employee = settled(auth0_role="team_lead")
        role_in_auth0(tenant, employee, "manager")
        balanced(tenant)

        reconcile_decisions.take_over(the_one().pk, boss(), version=0)

        assert row_of(employee).auth0_role == "manager"

    def test_two_roles_cant_be_taken_over(self, tenant: RunningTenant) -> None:
        employee = settled(auth0_role="team_lead")
        role_in_auth0(tenant, employee, "manager", "finance")
        balanced(tenant)

        assert Decision.TAKE_OVER not in reconcile_decisions.offers(the_one())

    def test_who_was_blocked_in_auth0_is_deactivated(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant, blocked=True)

        reconcile_decisions.take_over(difference.pk, boss(), version=0)

        assert row_of(employee).is_active is False

    def test_a_verified_email_is_noted(self, tenant: RunningTenant) -> None:
        employee = settled()
        tenant.verify(account_of(employee).user_id)
        balanced(tenant)

        reconcile_decisions.take_over(the_one().pk, boss(), version=0)

        assert row_of(employee).auth0_sync_status == "verified"
        assert row_of(employee).auth0_email_verified_at is not None
        assert balanced(tenant).differing == 0

    def test_a_status_that_says_something_else_stays(self, tenant: RunningTenant) -> None:
        employee = settled()
        tenant.verify(account_of(employee).user_id)
        balanced(tenant)
        Employee.objects.filter(pk=employee.pk).update(auth0_sync_status="failed")

        reconcile_decisions.take_over(the_one().pk, boss(), version=0)

        assert row_of(employee).auth0_sync_status == "failed"
        assert "'email_verified': True" in str(account_of(employee).seen)

    def test_a_value_that_the_column_refuses_changes_nothing(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant, user_metadata={"phone_number": "5" * 30})

        with pytest.raises(Exception, match="at most 20 characters"):
            reconcile_decisions.take_over(difference.pk, boss(), version=0)

        assert "555-0100" in str(account_of(employee).seen)
        assert the_one().state == Difference.State.OPEN


@pytest.mark.once
class TestRefusals:
    def test_what_changed_since_it_was_shown_is_to_be_looked_at_again(
        self, tenant: RunningTenant
    ) -> None:
        _, difference = drifted(tenant)
        reconcile_decisions.look_after(difference.pk, boss(), version=0)

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.fix(difference.pk, boss(), version=0)

    def test_a_row_that_moved_meanwhile_is_not_decided_about(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        change_employee(employee.pk, {"phone_number": "555-0111"}, boss())

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.take_over(difference.pk, boss(), version=0)

    def test_a_second_click_finds_it_under_way(self, tenant: RunningTenant) -> None:
        _, difference = drifted(tenant)
        reconcile_decisions.fix(difference.pk, boss(), version=0)

        with pytest.raises(NotAllowed, match="being changed"):
            reconcile_decisions.fix(difference.pk, boss(), version=1)

    def test_an_account_that_a_worker_has_is_left_to_it(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        Account.objects.filter(pk=employee.pk).update(lease="somebody", lease_until=Now())

        with pytest.raises(NotAllowed, match="being changed"):
            reconcile_decisions.fix(difference.pk, boss(), version=0)

    def test_an_account_that_was_let_go_meanwhile_is_not_decided_about(
        self, tenant: RunningTenant
    ) -> None:
        employee, difference = drifted(tenant)
        Account.objects.filter(pk=employee.pk).update(origin="", seen=None)

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.take_over(difference.pk, boss(), version=0)

    def test_a_row_that_asks_for_what_cant_be_says_why(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        Employee.objects.filter(pk=employee.pk).update(auth0_role="boss")

        with pytest.raises(NotAllowed, match="none of production_associate"):
            reconcile_decisions.take_over(difference.pk, boss(), version=0)

    def test_a_flag_that_was_seen_meanwhile_is_not_taken_over(self, tenant: RunningTenant) -> None:
        employee = settled()
        tenant.verify(account_of(employee).user_id)
        balanced(tenant)
        mark_due([employee.pk], actor="admin:1", look=True)
        sync(employee.pk)

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.take_over(the_one().pk, boss(), version=0)

    def test_a_stray_account_is_not_given_to_who_has_got_one_meanwhile(
        self, tenant: RunningTenant
    ) -> None:
        employee = make_employee(auth_method="pin")
        marker = {"employee_id": employee.pk, "installation": installation()}
        tenant.seed(1, user={"app_metadata": marker})
        balanced(tenant)
        Account.objects.create(pk=employee.pk, origin="linked", user_id="auth0|x")

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.fix(the_one(kind="double").pk, boss(), version=0)

    def test_an_account_that_was_made_anew_meanwhile_is_not_forgotten(
        self, tenant: RunningTenant
    ) -> None:
        employee = settled()
        delete(tenant, employee)
        balanced(tenant)
        Account.objects.filter(pk=employee.pk).update(user_id="auth0|newer")

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.fix(the_one().pk, boss(), version=0)

        assert account_of(employee).user_id == "auth0|newer"

    def test_the_account_of_a_deleted_row_is_not_given_to_who_has_its_number_now(
        self, tenant: RunningTenant
    ) -> None:
        marker = {"employee_id": 4711, "installation": installation()}
        tenant.seed(1, user={"app_metadata": marker})
        balanced(tenant)
        make_employee(pk=4711, auth_method="auth0")

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.fix(the_one().pk, boss(), version=0)

    @pytest.mark.parametrize("by_row", [True, False])
    def test_a_stray_account_that_is_another_persons_by_now_is_left_to_them(
        self, tenant: RunningTenant, by_row: bool
    ) -> None:
        employee = make_employee(auth_method="pin")
        marker = {"employee_id": employee.pk, "installation": installation()}
        tenant.seed(1, user={"app_metadata": marker})
        balanced(tenant)
        if by_row:
            make_employee(auth0_user_id="auth0|crowd-1")
        else:
            Account.objects.create(pk=make_employee().pk, user_id="auth0|crowd-1")

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.fix(the_one(kind="double").pk, boss(), version=0)

    def test_no_click_lets_somebody_through_whom_the_brake_holds(
        self, tenant: RunningTenant
    ) -> None:
        employee, difference = drifted(tenant)
        batch = StagedBatch.objects.create(kind="changes")
        Account.objects.filter(pk=employee.pk).update(batch=batch)

        with pytest.raises(NotAllowed, match="safety brake holds"):
            reconcile_decisions.fix(difference.pk, boss(), version=0)

        assert account_of(employee).batch == batch

    @pytest.mark.parametrize("odd", [5550199, ["555-0199"], True])
    def test_what_is_no_text_isnt_taken_over(self, tenant: RunningTenant, odd: object) -> None:
        _, difference = drifted(tenant, user_metadata={"phone_number": odd})

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.take_over(difference.pk, boss(), version=0)

    def test_what_is_over_is_over(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        edit(tenant, employee, user_metadata={"phone_number": "555-0100"})
        balanced(tenant)

        with pytest.raises(NotAllowed, match="is over"):
            reconcile_decisions.fix(difference.pk, boss(), version=0)
        difference.refresh_from_db()
        assert difference.outcome == "not there any more"
        assert reconcile_decisions.offers(difference) == []

    def test_who_may_not_change_an_email_may_not_take_one_over(self, tenant: RunningTenant) -> None:
        _, difference = drifted(tenant, email="ana2@example.com")
        manager = Actor("admin:5", Auth0Role.TEAM_LEAD, department="Packing", workspace="TX")

        with pytest.raises(NotAllowed, match="ask a manager"):
            reconcile_decisions.take_over(difference.pk, manager, version=0)

    def test_only_administrators_decide_about_nobodys_accounts(self, tenant: RunningTenant) -> None:
        tenant.seed(1)
        balanced(tenant)
        manager = Actor("admin:5", Auth0Role.MANAGER)

        assert "Only administrators" in reconcile_decisions.why_not(manager, the_one(), None, None)
        assert reconcile_decisions.why_not(boss(), the_one(), None, None) == ""

    def test_what_isnt_offered_cant_be_decided(self, tenant: RunningTenant) -> None:
        _, difference = drifted(tenant, given_name="Anna")

        with pytest.raises(NotAllowed, match="look at it again"):
            reconcile_decisions.list_for_deletion(difference.pk, boss(), version=0, reason="x")


@pytest.mark.once
class TestLeavingItAsItIs:
    def test_it_is_open_again_on_its_day(self, tenant: RunningTenant) -> None:
        _, difference = drifted(tenant)
        tomorrow = timezone.localdate() + timedelta(days=1)
        reconcile_decisions.ignore(
            difference.pk, boss(), version=0, reason="Her own phone", until=tomorrow
        )
        assert (balanced(tenant).ignored, the_one().state) == (1, Difference.State.IGNORED)
        Difference.objects.update(until=timezone.localdate())

        row = balanced(tenant)

        assert (row.ignored, row.kinds, the_one().state) == (0, {"field": 1}, "open")

    def test_it_is_open_again_when_auth0_moves(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        reconcile_decisions.ignore(difference.pk, boss(), version=0, reason="Hers", until=None)
        edit(tenant, employee, user_metadata={"phone_number": "555-0177"})

        balanced(tenant)

        assert (the_one().state, the_one().auth0) == ("open", "555-0177")

    def test_it_stays_so_when_somebody_signs_in(self, tenant: RunningTenant) -> None:
        tenant.seed(1)
        balanced(tenant)
        reconcile_decisions.ignore(the_one().pk, boss(), version=0, reason="A guest", until=None)
        tenant.login("auth0|crowd-1")

        balanced(tenant)

        assert (the_one().state, the_one().about["logins_count"]) == ("ignored", 1)

    def test_a_reason_and_a_day_to_come_are_asked_for(self, tenant: RunningTenant) -> None:
        _, difference = drifted(tenant)
        today = timezone.localdate()

        with pytest.raises(NotAllowed, match="Say why"):
            reconcile_decisions.ignore(difference.pk, boss(), version=0, reason=" ", until=None)
        with pytest.raises(NotAllowed, match="in the future"):
            reconcile_decisions.ignore(difference.pk, boss(), version=0, reason="x", until=today)

    def test_it_can_be_taken_back(self, tenant: RunningTenant) -> None:
        _, difference = drifted(tenant)
        reconcile_decisions.ignore(difference.pk, boss(), version=0, reason="Hers", until=None)

        reconcile_decisions.reopen(difference.pk, boss(), version=1)

        assert (the_one().state, the_one().reason, the_one().owner) == ("open", "", "admin:1")


class TestNobodysAccounts:
    def test_one_is_linked_to_the_person_it_belongs_to(self, tenant: RunningTenant) -> None:
        tenant.seed(1, user={"email": "ana@example.com", "email_verified": False})
        tenant.login("auth0|crowd-1")
        employee = add("none")
        sync(employee.pk)
        balanced(tenant)

        reconcile_decisions.link(the_one(kind="unknown").pk, employee.pk, boss(), version=0)
        work_off()

        assert (account_of(employee).user_id, account_of(employee).origin) == (
            "auth0|crowd-1",
            "linked",
        )
        assert found(kind="unknown") == []

    def test_one_that_cant_be_linked_after_all_is_nobodys_again(
        self, tenant: RunningTenant
    ) -> None:
        tenant.seed(1, user={"email": "other@example.com"})
        balanced(tenant)
        employee = add("none")
        tenant.api("DELETE", "/users/auth0|crowd-1")

        reconcile_decisions.link(the_one().pk, employee.pk, boss(), version=0)
        work_off()

        assert (the_one().employee_id, the_one().state) == (None, "open")
        assert "isn't in Auth0 any more" in the_one().error

    def test_somebody_who_has_an_account_gets_no_second(self, tenant: RunningTenant) -> None:
        tenant.seed(1)
        employee = settled()
        balanced(tenant)

        with pytest.raises(NotAllowed, match="has an account already"):
            reconcile_decisions.link(the_one().pk, employee.pk, boss(), version=0)
        with pytest.raises(NotAllowed, match="ask a manager"):
            reconcile_decisions.link(the_one().pk, employee.pk, LEAD, version=0)
        with pytest.raises(NotAllowed, match="no employee 999"):
            reconcile_decisions.link(the_one().pk, 999, boss(), version=0)

    @pytest.mark.parametrize("columns", [{"auth_method": "pin"}, {"is_active": False}])
    def test_none_is_linked_to_who_should_have_no_account(
        self, tenant: RunningTenant, columns: dict[str, object]
    ) -> None:
        tenant.seed(1)
        balanced(tenant)
        person = make_employee(**{"auth_method": "auth0", **columns})
        Account.objects.create(pk=person.pk)

        with pytest.raises(NotAllowed, match="can't have an account"):
            reconcile_decisions.link(the_one().pk, person.pk, boss(), version=0)

        assert account_of(person).link_to == ""

    def test_one_to_be_deleted_stays_on_the_list_until_it_is_gone(
        self, tenant: RunningTenant
    ) -> None:
        tenant.seed(1)
        balanced(tenant)
        reconcile_decisions.list_for_deletion(the_one().pk, boss(), version=0, reason="A test")

        assert (balanced(tenant).kinds, the_one().state) == ({"unknown": 1}, "listed")
        tenant.api("DELETE", "/users/auth0|crowd-1")
        balanced(tenant)

        assert found() == []


class TestRules:
    def test_a_verified_email_is_taken_over_by_itself(self, tenant: RunningTenant) -> None:
        employee = settled()
        tenant.verify(account_of(employee).user_id)
        row = balanced(tenant)

        decide_by_rule(row.pk, fix=False)
        work_off()

        assert row_of(employee).auth0_sync_status == "verified"

    def test_by_default_everything_else_is_only_reported(self, tenant: RunningTenant) -> None:
        _, difference = drifted(tenant)

        assert decide_by_rule(difference.comparison_id, fix=False) == 0
        assert the_one().state == Difference.State.OPEN

    def test_a_field_that_auth0_owns_comes_into_the_row(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        reconcile_decisions.set_rule("user_metadata.phone_number", Rule.AUTH0, boss())

        decide_by_rule(difference.comparison_id, fix=True)
        work_off()

        assert row_of(employee).phone_number == "555-0199"
        line = Change.objects.filter(employee_id=employee.pk).order_by("-id").first()
        assert line is not None and line.actor == "auth0_reconcile"

    def test_a_field_that_the_row_owns_is_put_back_by_itself(self, tenant: RunningTenant) -> None:
        employee, difference = drifted(tenant)
        reconcile_decisions.set_rule("user_metadata.phone_number", Rule.ROW, boss())

        decide_by_rule(difference.comparison_id, fix=False)
        work_off()

        assert profile_of(tenant, employee)["user_metadata"]["phone_number"] == "555-0100"

    def test_who_somebody_is_and_how_they_sign_in_is_never_taken_by_itself(self) -> None:
        with pytest.raises(NotAllowed, match="can't be chosen"):
            reconcile_decisions.set_rule("email", Rule.AUTH0, boss())
        with pytest.raises(NotAllowed, match="Only administrators"):
            reconcile_decisions.set_rule("email", Rule.ROW, LEAD)

    def test_every_rule_says_what_can_be_chosen(self, state: TenantState) -> None:
        rules = {name: (rule, may_be) for name, rule, may_be in reconcile_decisions.rules()}

        assert rules["verified"] == (Rule.AUTH0, (Rule.AUTH0, Rule.REPORT))
        assert rules["user_metadata.hire_date"][1] == (Rule.REPORT, Rule.ROW, Rule.AUTH0)
        assert all(rule in may_be and rule.words for rule, may_be in rules.values())

    def test_fixing_all_tries_again_what_failed(self, tenant: RunningTenant) -> None:
        employee = settled()
        Account.objects.filter(pk=employee.pk).update(error="Too long.", attention=2)
        row = balanced(tenant)

        assert decide_by_rule(row.pk, fix=True) == 1
        work_off()

        assert (account_of(employee).error, found()) == ("", [])

    def test_what_cant_be_taken_over_by_itself_is_left_to_a_person(
        self, tenant: RunningTenant
    ) -> None:
        employee = settled()
        tenant.verify(account_of(employee).user_id)
        row = balanced(tenant)
        decide_by_rule(row.pk, fix=False)
        Account.objects.filter(pk=employee.pk).update(lease="somebody", lease_until=Now())

        assert carry_out()

        assert (the_one().state, "being changed" in the_one().error) == ("open", True)

    def test_many_are_worked_off_slice_by_slice(
        self, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("ana", "bo"):
            edit(tenant, settled(email=f"{name}@example.com"), name="Somebody")
        row = balanced(tenant)
        monkeypatch.setattr("auth0sync.reconcile_follow.PEOPLE_AT_ONCE", 1)
        decide_by_rule(row.pk, fix=True)

        assert carry_out()
        assert Difference.objects.filter(applied_at=None).count() == 1
        work_off()
        assert found() == []

    @pytest.mark.parametrize("odd", [None, "", 5550199])
    def test_no_rule_empties_a_column_or_takes_what_it_cant_hold(
        self, tenant: RunningTenant, odd: object
    ) -> None:
        employee, difference = drifted(tenant, user_metadata={"phone_number": odd})
        reconcile_decisions.set_rule("user_metadata.phone_number", Rule.AUTH0, boss())

        assert decide_by_rule(difference.comparison_id, fix=False) == 0
        work_off()

        assert row_of(employee).phone_number == "555-0100"
        assert the_one().state == Difference.State.OPEN

    def test_two_who_carry_out_at_once_do_it_once(
        self, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        employee, difference = drifted(tenant)
        decide_by_rule(difference.comparison_id, fix=True)
        real = reconcile_follow._fixed_together

        def after_the_other(employee_id: int, ids: list[int]) -> list[int]:
            real(employee_id, ids)  # the command, say, between the sweep's look and its work
            return real(employee_id, ids)

        monkeypatch.setattr(reconcile_follow, "_fixed_together", after_the_other)
        carry_out()

        difference.refresh_from_db()
        assert (difference.state, difference.error) == ("fixing", "")
        assert difference.applied_at is not None

    def test_what_is_under_way_is_followed_slice_by_slice(
        self, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("ana", "bo"):
            edit(tenant, settled(email=f"{name}@example.com"), name="Somebody")
        decide_by_rule(balanced(tenant).pk, fix=True)
        monkeypatch.setattr(reconcile_follow, "LOOKED_AT_ONCE", 1)
        work_off()
        (rest,) = found()

        after = follow(0)

        assert (after, found()) == (rest.employee_id, [])
        assert follow(after) == 0

    def test_who_chose_a_rule_is_logged(self, state: TenantState) -> None:
        reconcile_decisions.set_rule("email", Rule.ROW, boss())

        line = SyncLog.objects.get(action="comparison rule set")
        assert (line.actor, line.response_data) == ("admin:1", {"rule": "row", "of": "email"})

    def test_fixing_all_leaves_alone_what_needs_somebodys_word(self, tenant: RunningTenant) -> None:
        tenant.seed(1)
        row = balanced(tenant)

        assert decide_by_rule(row.pk, fix=True) == 0


def preview_of(actor: Actor, decision: str = Decision.FIX) -> reconcile_crowds.Preview:
    """What deciding everything so would do."""
    return reconcile_crowds.preview(Difference.objects.all(), actor, Decision(decision))


class TestCrowds:
    @pytest.fixture
    def crowd(self, tenant: RunningTenant, settings: Settings) -> Comparison:
        """Three people whose role was changed in Auth0, where two pass the brake."""
        settings.AUTH0_SAFETY_THRESHOLD = (2, 0)
        for name in ("ana", "bo", "cy"):
            employee = settled(email=f"{name}@example.com", auth0_role="team_lead")
            role_in_auth0(tenant, employee)
        return balanced(tenant)

    def test_a_preview_says_what_would_be_done_and_held(self, crowd: Comparison) -> None:
        preview = preview_of(boss())

        assert (preview.differences, preview.people, preview.held) == (3, 3, 3)
        assert preview.others == 0

    def test_a_crowd_is_held_as_a_whole(self, crowd: Comparison, tenant: RunningTenant) -> None:
        calls = len(tenant.calls("POST", ".*/roles"))

        assert reconcile_crowds.fix_all(preview_of(boss()), boss()) == 3
        work_off()

        assert Account.objects.exclude(batch=None).count() == 3
        assert len(tenant.calls("POST", ".*/roles")) == calls
        assert [row.state for row in found()] == ["fixing"] * 3

    def test_the_command_is_held_as_a_whole_too(self, crowd: Comparison) -> None:
        decide_by_rule(crowd.pk, fix=True)
        work_off()

        assert Account.objects.exclude(batch=None).count() == 3

    def test_a_small_one_goes_out(
        self, crowd: Comparison, settings: Settings, tenant: RunningTenant
    ) -> None:
        settings.AUTH0_SAFETY_THRESHOLD = (3, 0)

        reconcile_crowds.fix_all(preview_of(boss()), boss())
        work_off()

        assert [user["roles"] for user in tenant.users()] == [["team_lead"]] * 3
        assert found() == []

    def test_without_a_brake_nobody_is_held(self, crowd: Comparison, settings: Settings) -> None:
        settings.AUTH0_SAFETY_THRESHOLD = (0, 0)

        assert preview_of(boss()).held == 0

    def test_who_isnt_theirs_is_left_out(self, crowd: Comparison) -> None:
        preview = preview_of(LEAD)

        assert (preview.differences, preview.others) == (0, 3)
        assert reconcile_crowds.fix_all(preview, LEAD) == 0

    def test_what_is_taken_over_is_written_by_whom_decided_and_sends_nothing(
        self, tenant: RunningTenant
    ) -> None:
        people = [settled(email=f"{name}@example.com") for name in ("ana", "bo")]
        for person in people:
            edit(tenant, person, user_metadata={"phone_number": "555-0199"})
        balanced(tenant)
        _, admin = signed_in("admin")
        actor = Actor(f"admin:{admin.user_link.pk}", Auth0Role.ADMIN, admin.pk)
        calls = len(tenant.calls("PATCH"))

        assert reconcile_crowds.take_all(preview_of(actor, Decision.TAKE_OVER), actor) == 2
        work_off()

        for person in people:
            assert row_of(person).phone_number == "555-0199"
            assert last_writer(person.pk, "phone_number") == actor.name
        assert len(tenant.calls("PATCH")) == calls
        assert found() == []

    def test_what_has_moved_since_the_preview_isnt_decided(self, crowd: Comparison) -> None:
        preview = preview_of(boss())
        moved = found()[0]
        Difference.objects.filter(pk=moved.pk).update(version=5)

        assert reconcile_crowds.fix_all(preview, boss()) == 2

        moved.refresh_from_db()
        assert moved.state == Difference.State.OPEN

    def test_one_that_changed_meanwhile_is_to_be_decided_again(
        self, crowd: Comparison, settings: Settings
    ) -> None:
        settings.AUTH0_SAFETY_THRESHOLD = (0, 0)
        reconcile_crowds.fix_all(preview_of(boss()), boss())
        moved = found()[0]
        account = Account.objects.filter(employee_id=moved.employee_id or 0)
        account.update(lease="somebody", lease_until=Now())

        assert carry_out()
        follow()

        moved.refresh_from_db()
        assert (moved.state, "being changed" in moved.error) == ("open", True)
