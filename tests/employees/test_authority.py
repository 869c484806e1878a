"""The rules of L7, one by one; every pairing of them stands in docs/who-may-do-what.md."""

from dataclasses import dataclass

from django.test import SimpleTestCase

from employees.authority import (
    Actor,
    Operation,
    lower_role,
    operation_of,
    program,
    rank_of,
    why_not,
    why_not_grant,
)

OF_THE_SIGN_IN = ("email", "personal_email", "auth_method", "auth0_role", "invitation")
GUARDED = (
    Operation.CHANGE_SIGN_IN,
    Operation.SET_PIN,
    Operation.INVITE,
    Operation.DEACTIVATE,
    Operation.REACTIVATE,
    Operation.ARCHIVE,
    Operation.RESTORE,
)
GRANT_REFUSED = "You can't give a role above your own."
OPEN_TO_EQUALS = (Operation.VIEW, Operation.CHANGE, Operation.MOVE, Operation.SYNC)


@dataclass(frozen=True)
class Somebody:
    """As much of a row as the rules look at."""

    auth0_role: str = "production_associate"
    pk: int = 1
    department: str | None = "Picking"
    workspace: str | None = "MS"


def who(role: str, employee_id: int | None = 99) -> Actor:
    """Somebody signed in with this role, whose own place is Picking in Mississippi."""
    return Actor(f"admin:{employee_id}", role, employee_id, "Picking", "MS")


class RankTests(SimpleTestCase):
    def test_roles_go_from_the_associate_up_to_the_administrator(self) -> None:
        order = ("production_associate", "team_lead", "finance", "manager", "admin")
        self.assertEqual(sorted(order, key=rank_of), list(order))
        self.assertEqual(len({rank_of(role) for role in order}), 5)

    def test_a_role_that_nobody_knows_ranks_with_administrators(self) -> None:
        for role in ("owner", "", "Admin"):
            with self.subTest(role):
                self.assertEqual(rank_of(role), rank_of("admin"))


class LowerRoleTests(SimpleTestCase):
    def test_a_claim_that_says_less_counts(self) -> None:
        self.assertEqual(lower_role("admin", ["team_lead"]), "team_lead")

    def test_a_claim_that_says_more_does_not(self) -> None:
        self.assertEqual(lower_role("team_lead", ["admin"]), "team_lead")

    def test_a_claim_that_says_the_same_changes_nothing(self) -> None:
        self.assertEqual(lower_role("manager", ["manager"]), "manager")

    def test_without_a_known_role_in_the_claim_the_least_counts(self) -> None:
        for claimed in ([], ["owner"], [""]):
            with self.subTest(claimed):
                self.assertEqual(lower_role("admin", claimed), "production_associate")

    def test_a_row_with_an_unknown_role_gives_the_least(self) -> None:
        self.assertEqual(lower_role("owner", ["admin"]), "production_associate")

    def test_names_that_are_no_role_stand_beside_one_that_is(self) -> None:
        self.assertEqual(lower_role("admin", ["owner", "manager"]), "manager")


class SightTests(SimpleTestCase):
    def test_everybody_sees_themselves(self) -> None:
        for role in ("production_associate", "team_lead", "finance", "manager", "admin"):
            me = Somebody(role, pk=99, department="Packing", workspace="TX")
            with self.subTest(role):
                self.assertEqual(why_not(who(role), Operation.VIEW, me), "")

    def test_an_associate_sees_nobody_else(self) -> None:
        reason = why_not(who("production_associate"), Operation.VIEW, Somebody())
        self.assertEqual(reason, "This person isn't one of yours.")

    def test_a_team_lead_sees_her_department_at_her_workspace(self) -> None:
        lead = who("team_lead")
        self.assertEqual(why_not(lead, Operation.VIEW, Somebody("admin")), "")
        for place in (("Packing", "MS"), ("Picking", "TX"), (None, "MS"), ("Picking", None)):
            with self.subTest(place):
                person = Somebody(department=place[0], workspace=place[1])
                self.assertNotEqual(why_not(lead, Operation.VIEW, person), "")

    def test_a_team_lead_without_a_place_does_not_lead_those_without_one(self) -> None:
        for department, workspace in (("", ""), ("Picking", ""), ("", "MS")):
            lead = Actor("admin:9", "team_lead", 9, department, workspace)
            person = Somebody(department=department or None, workspace=workspace or None)
            with self.subTest((department, workspace)):
                self.assertNotEqual(why_not(lead, Operation.VIEW, person), "")

    def test_finance_and_managers_see_everybody(self) -> None:
        elsewhere = Somebody("admin", department=None, workspace="TX")
        for role in ("finance", "manager", "admin"):
            with self.subTest(role):
                self.assertEqual(why_not(who(role), Operation.VIEW, elsewhere), "")


class RankedOperationsTests(SimpleTestCase):
    def test_nobody_but_an_administrator_touches_the_sign_in_of_an_equal(self) -> None:
        for operation in GUARDED:
            with self.subTest(operation):
                reason = why_not(who("manager"), operation, Somebody("manager"))
                self.assertIn(operation.value, reason)
                self.assertIn("as high as yours, or higher", reason)
                self.assertEqual(why_not(who("admin"), operation, Somebody("admin")), "")

    def test_nobody_touches_the_sign_in_of_somebody_higher(self) -> None:
        for operation in GUARDED:
            with self.subTest(operation):
                self.assertNotEqual(why_not(who("manager"), operation, Somebody("admin")), "")

    def test_somebody_lower_is_within_reach(self) -> None:
        for operation in GUARDED:
            with self.subTest(operation):
                self.assertEqual(why_not(who("manager"), operation, Somebody("finance")), "")
                self.assertEqual(why_not(who("team_lead"), operation, Somebody()), "")

    def test_a_role_that_nobody_knows_is_within_reach_of_administrators_alone(self) -> None:
        for operation in GUARDED:
            with self.subTest(operation):
                self.assertNotEqual(why_not(who("manager"), operation, Somebody("owner")), "")
                self.assertEqual(why_not(who("admin"), operation, Somebody("owner")), "")

    def test_a_manager_changes_what_else_there_is_of_equals_and_betters(self) -> None:
        for operation in OPEN_TO_EQUALS:
            with self.subTest(operation):
                self.assertEqual(why_not(who("manager"), operation, Somebody("admin")), "")

    def test_a_team_lead_changes_nothing_of_equals(self) -> None:
        for operation in (Operation.CHANGE, Operation.SYNC, *GUARDED):
            with self.subTest(operation):
                self.assertNotEqual(why_not(who("team_lead"), operation, Somebody("team_lead")), "")

    def test_a_team_lead_moves_nobody(self) -> None:
        self.assertNotEqual(why_not(who("team_lead"), Operation.MOVE, Somebody()), "")

    def test_a_team_lead_does_nothing_to_people_of_another_place(self) -> None:
        for operation in Operation:
            if operation != Operation.ADD:
                with self.subTest(operation):
                    person = Somebody(workspace="TX")
                    self.assertNotEqual(why_not(who("team_lead"), operation, person), "")

    def test_finance_reads_and_that_is_all(self) -> None:
        for operation in set(Operation) - {Operation.VIEW}:
            with self.subTest(operation):
                self.assertNotEqual(why_not(who("finance"), operation, Somebody()), "")

    def test_nobody_in_particular_does_nothing_at_all(self) -> None:
        for actor in (Actor("nobody"), who("owner"), who("production_associate")):
            for operation in Operation:
                with self.subTest((actor.role, operation)):
                    self.assertNotEqual(why_not(actor, operation, Somebody()), "")


class OneselfTests(SimpleTestCase):
    def test_nobody_switches_themselves_off_not_even_an_administrator(self) -> None:
        for role in ("manager", "admin"):
            for operation in (Operation.DEACTIVATE, Operation.ARCHIVE):
                with self.subTest((role, operation)):
                    reason = why_not(who(role), operation, Somebody(role, pk=99))
                    self.assertIn("yourself", reason)

    def test_a_manager_changes_her_own_name_but_not_how_she_signs_in(self) -> None:
        me = Somebody("manager", pk=99)
        self.assertEqual(why_not(who("manager"), Operation.CHANGE, me), "")
        for operation in (Operation.CHANGE_SIGN_IN, Operation.SET_PIN, Operation.INVITE):
            with self.subTest(operation):
                self.assertIn("since it is you", why_not(who("manager"), operation, me))

    def test_an_administrator_changes_how_she_signs_in(self) -> None:
        me = Somebody("admin", pk=99)
        for operation in (Operation.CHANGE_SIGN_IN, Operation.SET_PIN, Operation.INVITE):
            with self.subTest(operation):
                self.assertEqual(why_not(who("admin"), operation, me), "")

    def test_nobody_changes_their_own_role_be_it_down(self) -> None:
        for role in ("production_associate", "admin"):
            with self.subTest(role):
                self.assertIn("own role", why_not_grant(who("admin"), 99, role))


class GrantTests(SimpleTestCase):
    def test_nobody_gives_a_role_above_their_own(self) -> None:
        self.assertEqual(why_not_grant(who("manager"), 1, "admin"), GRANT_REFUSED)
        self.assertEqual(why_not_grant(who("team_lead"), 1, "finance"), GRANT_REFUSED)

    def test_ones_own_role_and_lower_ones_can_be_given(self) -> None:
        for role in ("production_associate", "team_lead", "finance", "manager"):
            with self.subTest(role):
                self.assertEqual(why_not_grant(who("manager"), 1, role), "")

    def test_it_holds_for_somebody_who_is_being_added_too(self) -> None:
        self.assertEqual(why_not_grant(who("manager"), None, "admin"), GRANT_REFUSED)
        self.assertEqual(why_not_grant(who("admin", None), None, "admin"), "")

    def test_a_role_that_nobody_knows_is_given_by_administrators_alone(self) -> None:
        self.assertEqual(why_not_grant(who("manager"), 1, "owner"), GRANT_REFUSED)


class AddTests(SimpleTestCase):
    def test_managers_and_administrators_add_people(self) -> None:
        allowed = {
            role: why_not(who(role), Operation.ADD) == ""
            for role in ("production_associate", "team_lead", "finance", "manager", "admin")
        }
        self.assertEqual([role for role, may in allowed.items() if may], ["manager", "admin"])


class ProgramTests(SimpleTestCase):
    def test_a_command_of_the_operator_is_held_back_by_no_role(self) -> None:
        for operation in Operation:
            with self.subTest(operation):
                self.assertEqual(why_not(program("import"), operation, Somebody("admin")), "")
        self.assertEqual(why_not_grant(program("import"), 1, "admin"), "")


class ColumnTests(SimpleTestCase):
    def test_the_columns_of_the_sign_in_are_an_operation_of_their_own(self) -> None:
        for column in OF_THE_SIGN_IN:
            with self.subTest(column):
                self.assertEqual(operation_of(column), Operation.CHANGE_SIGN_IN)

    def test_department_and_workspace_are_a_move(self) -> None:
        for column in ("department", "workspace"):
            with self.subTest(column):
                self.assertEqual(operation_of(column), Operation.MOVE)

    def test_everything_else_is_a_change(self) -> None:
        for column in ("name", "phone_number", "hire_date", "role_id", "notes"):
            with self.subTest(column):
                self.assertEqual(operation_of(column), Operation.CHANGE)

    def test_a_question_about_a_person_needs_one(self) -> None:
        with self.assertRaisesRegex(ValueError, "needs a person"):
            why_not(who("manager"), Operation.CHANGE)
