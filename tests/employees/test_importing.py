"""The import of people: what a file would do, and what it does once it is confirmed."""

import time
from typing import Any

from django.test import TestCase

from employees.history import notice_changes
from employees.importing.cells import Cleaner
from employees.importing.days import Order
from employees.importing.foreseen import sentences
from employees.importing.judging import judge
from employees.mass import changes
from employees.mass.models import MassChange, MassFile, MassRow
from employees.mass.working import work
from employees.models import Auth0Role, Employee, EmployeeUser
from employees.planning import plan_joining
from employees.selectors import invitation_of
from tests.builders import boss, make_employee, make_mapping, make_role
from tests.employees.massing import a_user, work_off
from tests.employees.planned import in_days

Outcome, State = MassRow.Outcome, MassChange.State
HEAD = "Name,E-mail,Dept,Workspace\n"


class ImportCase(TestCase):
    def setUp(self) -> None:
        self.actor = boss(a_user().pk)

    def read(self, text: str | bytes, name: str = "people.csv", **options: Any) -> MassChange:
        """The file as it waits for somebody to confirm it."""
        content = text if isinstance(text, bytes) else text.encode()
        change = changes.begin("import", name, self.actor, options, content)
        work(change.pk, until=time.monotonic() + 10)
        change.refresh_from_db()
        return change

    def row(self, change: MassChange, line: int = 2) -> MassRow:
        return MassRow.objects.get(change=change, line=line)


class ReadingTests(ImportCase):
    def test_a_newcomer_an_old_hand_and_a_mistake_are_told_apart(self) -> None:
        make_employee(email="bob@example.com", name="Bob Marsh", department="Packing")
        change = self.read(
            HEAD
            + "Ada Quill,ada@example.com,Picking,TX\n"
            + "Bob Marsh,BOB@example.com,Shipping,\n"
            + "Cleo Ruiz,cleo@example,Picking,Texas\n"
        )

        self.assertEqual(change.state, State.PREVIEW)
        outcomes = list(change.rows.order_by("line").values_list("line", "outcome"))
        self.assertEqual(outcomes, [(2, "new"), (3, "change"), (4, "problem")])
        wrong = self.row(change, 4)
        self.assertEqual(wrong.field, "email")
        self.assertIn("doesn't look like an e-mail", wrong.reason)

    def test_what_it_would_do_is_said_beforehand(self) -> None:
        bob = make_employee(email="bob@example.com", name="Bob Marsh")
        change = self.read(
            f"No,Name,E-mail,Dept,Workspace\n,Ada Quill,ada@example.com,Office,TX\n"
            f",Cy Fox,,Office,MS\n{bob.pk},,robert@example.com,,\n"
        )

        said = sentences(change.summary)

        self.assertEqual(
            said,
            [
                "Adds 2 people (1 in Texas and 1 in Mississippi), changes 1 and blocks nobody.",
                "1 gets an Auth0 account; 1 invitation is mailed.",
                "1 without a usable e-mail: no account until there is one.",
                "1 e-mail changes.",
            ],
        )

    def test_the_same_file_once_more_does_nothing(self) -> None:
        text = HEAD + "Ada Quill,ada@example.com,Picking,TX\nCleo Ruiz,,Packing,MS\n"
        work_off(self.read(text), self.actor)

        again = self.read(text)

        self.assertEqual(set(again.rows.values_list("outcome", flat=True)), {"nothing"})

    def test_a_blank_cell_leaves_what_is_there(self) -> None:
        bob = make_employee(email="bob@example.com", department="Packing", phone_number="555-0100")
        change = self.read("E-mail,Dept,Phone\nbob@example.com,,555-0199\n")

        work_off(change, self.actor)

        bob.refresh_from_db()
        self.assertEqual((bob.department, bob.phone_number), ("Packing", "555-0199"))

    def test_defaults_are_for_newcomers_where_the_file_says_nothing(self) -> None:
        make_role("Heat Press")
        defaults = {"workspace": "TX", "invitation": "none", "auth_method": "pin"}
        change = self.read("Name,Role,Workspace\nAda,heat press,\nCy,,MS\n", defaults=defaults)

        work_off(change, self.actor)

        ada, cy = Employee.objects.get(name="Ada"), Employee.objects.get(name="Cy")
        self.assertEqual((ada.workspace, cy.workspace), ("TX", "MS"))
        self.assertEqual((ada.auth_method, invitation_of(ada.pk)), ("pin", "none"))
        self.assertEqual(ada.role and ada.role.role_name, "Heat Press")

    def test_two_rows_with_one_email_are_one_person_and_a_problem(self) -> None:
        change = self.read("Name,Mail\nAda,ada@example.com\nAda Q,ADA@example.com\n")

        second = self.row(change, 3)
        self.assertEqual(second.outcome, Outcome.PROBLEM)
        self.assertEqual(second.reason, "Line 2 has the same e-mail: leave one of them out.")

    def test_somebody_who_left_is_a_question(self) -> None:
        left = make_employee(name="Ana Ruiz", email=None, is_active=False)
        notice_changes([left.pk])
        change = self.read("Name,Mail,Dept\nAna Ruiz,ana@example.com,Packing\n")

        row = self.row(change)
        self.assertEqual(row.outcome, Outcome.QUESTION)
        self.assertEqual(row.choices, ["back", "new", "skip"])
        self.assertIn("the same name", row.reason)
        changes.answer(change.pk, change.version, {row.pk: "back"})
        change.refresh_from_db()
        work_off(change, self.actor)
        left.refresh_from_db()
        self.assertTrue(left.is_active)
        self.assertEqual((left.email, left.department), ("ana@example.com", "Packing"))

    def test_whoever_comes_back_on_a_later_day_is_let_in_on_none_before(self) -> None:
        left = make_employee(name="Ana Ruiz", email="ana@example.com", is_active=False)
        gone = make_employee(name="Eva Ruiz", email=None, is_active=False)
        notice_changes([left.pk, gone.pk])
        day = f"{in_days(9):%Y-%m-%d}"
        change = self.read(
            f"Name,Mail,Starts on\nAna Ruiz,ana@example.com,{day}\nEva Ruiz,e@example.com,{day}\n"
        )

        known, alike = self.row(change), self.row(change, 3)
        self.assertEqual((known.choices, alike.choices), (["skip"], ["new", "skip"]))
        for row in (known, alike):
            self.assertIn("can't be brought back on a later day here", row.reason)

    def test_a_list_that_was_loaded_twice_adds_nobody_twice(self) -> None:
        text = "Name,Phone\nAda Quill,662-555-0100\nCy Quill,662-555-0100\n"
        first, second = self.read(text), self.read(text)

        work_off(first, self.actor)
        work_off(second, self.actor)

        self.assertEqual(Employee.objects.filter(phone_number="662-555-0100").count(), 2)
        self.assertEqual(changes.counts(second.pk), {"new": {"refused": 2}})
        reason = self.row(second).reason
        self.assertIn("works here already: the same name and phone. Load this line once", reason)

    def test_somebody_else_of_the_same_name_is_added_where_that_was_answered(self) -> None:
        notice_changes([make_employee(name="Ana Ruiz").pk])
        change = self.read("Name,Phone\nAna Ruiz,662-555-0100\n")
        changes.answer(change.pk, change.version, {self.row(change).pk: "new"})
        change.refresh_from_db()

        work_off(change, self.actor)

        self.assertEqual(Employee.objects.filter(name="Ana Ruiz").count(), 2)

    def test_the_number_of_another_program_changes_nobody_unasked(self) -> None:
        bob = make_employee(name="Bob Marsh", email="bob@example.com")
        change = self.read(f"ID,Name,Mail\n{bob.pk},Ada Quill,ada@example.com\n")

        row = self.row(change)
        self.assertEqual((row.outcome, row.choices), (Outcome.QUESTION, ["change", "skip"]))
        self.assertEqual(row.reason, f"Number {bob.pk} is Bob Marsh here: is this the same person?")

    def test_a_newcomer_whose_workspace_nobody_knows_gets_none(self) -> None:
        work_off(self.read("Name\nAda\n", defaults={}), self.actor)

        self.assertIsNone(Employee.objects.get(name="Ada").workspace)

    def test_whoever_loses_an_account_by_it_is_counted_beforehand(self) -> None:
        make_employee(email="bob@example.com", auth_method="hybrid")
        change = self.read("Mail,Signs in with\nbob@example.com,PIN\n")

        self.assertEqual(
            sentences(change.summary),
            ["Changes 1 and blocks 1.", "1 way of signing in changes."],
        )

    def test_first_and_last_name_are_put_together(self) -> None:
        change = self.read("Nombre;Apellidos;Correo\nJosé;Núñez Ibáñez;j@example.com\n")

        self.assertEqual(self.row(change).values["name"], "José Núñez Ibáñez")

    def test_a_file_without_names_waits_for_the_columns_to_be_named(self) -> None:
        change = self.read("Who,Where\nAda,Picking\n")
        self.assertEqual((change.state, change.rows.count()), (State.PREVIEW, 0))

        chosen = {"mapping": ["name", "department"]}
        changes.begin_anew(change.pk, change.version, {"chosen": chosen})
        work(change.pk, until=time.monotonic() + 10)

        self.assertEqual(self.row(change).values, {"name": "Ada", "department": "Picking"})

    def test_a_manager_makes_no_administrator_and_reads_so_beforehand(self) -> None:
        make_employee(email="root@example.com", auth0_role=Auth0Role.ADMIN, auth_method="auth0")
        manager = make_employee(auth0_role=Auth0Role.MANAGER, auth_method="auth0")
        user = a_user()
        EmployeeUser.objects.create(user=user, employee=manager, role="manager")
        self.actor = boss(user.pk)
        change = self.read(
            "Name,Mail,Auth0 role,Phone\nAda,ada@example.com,Administrator,\n"
            ",root@example.com,manager,\n"
        )

        self.assertEqual(self.row(change).reason, "You can't give a role above your own.")
        self.assertIn("their role is as high as yours", self.row(change, 3).reason)

    def test_the_file_is_not_kept_once_it_is_confirmed(self) -> None:
        change = self.read(HEAD + "Ada,ada@example.com,,\n")
        self.assertTrue(MassFile.objects.exists())

        work_off(change, self.actor)

        self.assertFalse(MassFile.objects.exists())

    def test_what_stood_in_the_file_goes_with_the_rows(self) -> None:
        change = self.read(HEAD + "Ada,ada@example.com,,\n")
        self.assertIn("ada@example.com", change.recognised["examples"])
        MassChange.objects.filter(pk=change.pk).update(
            state=State.DONE, ended_at="2026-01-01T00:00:00Z"
        )

        changes.prune()

        change.refresh_from_db()
        self.assertEqual({"examples", "headings"} & set(change.recognised), set())
        self.assertEqual(change.recognised["mapping"][0], "name")

    def test_reading_goes_on_where_it_was_left_off(self) -> None:
        people = "".join(f"Person {n},p{n}@example.com,,\n" for n in range(450))
        change = changes.begin("import", "people.csv", self.actor, {}, (HEAD + people).encode())
        work(change.pk, until=time.monotonic() - 60)
        self.assertEqual(change.rows.count(), 200)

        work(change.pk, until=time.monotonic() + 10)

        self.assertEqual(change.rows.count(), 450)
        self.assertEqual(change.rows.filter(outcome="new").count(), 450)

    def test_a_page_of_rows_costs_as_many_queries_as_one_row(self) -> None:
        cleaner = Cleaner(["name", "email"], Order.MONTH_FIRST, {})
        change = MassChange.objects.create(kind="import", batch="b", begun_by=self.actor.name)
        with self.assertNumQueries(3):
            judge(change, [(2, ["Ada", "ada@example.com"])], cleaner, self.actor)
        many = [(n, [f"Person {n}", f"p{n}@example.com"]) for n in range(3, 203)]
        with self.assertNumQueries(3):
            judge(change, many, cleaner, self.actor)


class PodFactoryTests(ImportCase):
    def test_a_name_that_podfactory_would_miss_is_said_beforehand_and_written_all_the_same(
        self,
    ) -> None:
        bob = make_employee(email="bob@example.com", name="Bob Marsh")
        make_employee(email="cy@example.com", name="Cy Ross")
        make_mapping(bob, podfactory_name="bob.marsh", podfactory_email=None)
        change = self.read("Name,E-mail\nBob Ruiz,bob@example.com\nCy Rose,cy@example.com\n")

        warned = self.row(change)
        self.assertEqual((warned.outcome, warned.field), ("change", "name"))
        self.assertIn("PodFactory knows them as “bob.marsh”: it would find nobody", warned.reason)
        self.assertEqual(self.row(change, 3).reason, "")

        work_off(change, self.actor)

        bob.refresh_from_db()
        self.assertEqual((bob.name, self.row(change).reason), ("Bob Ruiz", ""))


class DaysTests(ImportCase):
    def test_the_order_of_days_is_found_and_said(self) -> None:
        change = self.read("Name,Hired\nAda,03/04/2025\nCy,31/12/2024\n")

        self.assertEqual(self.row(change).values["hire_date"], "2025-04-03")
        self.assertEqual(change.recognised["order"], "dmy")
        self.assertTrue(change.recognised["order_is_sure"])

    def test_a_file_whose_days_tell_nothing_says_how_they_are_read(self) -> None:
        change = self.read("Name,Hired\nAda,03/04/2025\n")

        found = change.recognised
        self.assertEqual((found["order"], found["order_is_sure"]), ("mdy", False))
        self.assertEqual(found["order_example"], "03/04/2025")


class ProblemTests(ImportCase):
    """What is wrong with a line is said in the form's words."""

    def reason(self, heading: str, cell: str) -> str:
        row = self.row(self.read(f"Name;{heading}\nAda;{cell}\n"))
        self.assertEqual(row.outcome, Outcome.PROBLEM)
        return row.reason

    def test_each_column_says_what_it_takes(self) -> None:
        for heading, cell, said in (
            ("Number", "4711", "There is no employee 4711: leave it empty for a newcomer."),
            ("Number", "A-12", "An employee number has digits alone."),
            ("Site", "Alaska", "“Alaska” isn't known: write one of MS, TX."),
            ("Job", "Astronaut", "There is no role “Astronaut”."),
            ("Hired", "soon", "Write the day as 2025-12-31."),
            ("Starts on", "2020-01-01", "That day has passed. Leave it empty for somebody who"),
            ("Dept", "x" * 1_001, "This is too long: is a quotation mark missing?"),
            ("Dept", "x;y", "There are more cells than headings"),
            ("Phone", "x" * 21, "The phone number has at most 20 characters."),
            ("Phone", "6.62555E+09", "The spreadsheet has shortened this number"),
            ("Dept", "#N/A", "The spreadsheet couldn't work this cell out"),
        ):
            with self.subTest(heading=heading, cell=cell[:10]):
                self.assertIn(said, self.reason(heading, cell))

    def test_a_letter_that_an_encoding_does_not_have_is_said_where_it_stands(self) -> None:
        content = "Name,Dept\nJosé,Packing\nAda,Packing\n".encode("cp1252")
        change = self.read(content, chosen={"encoding": "utf-8"})

        self.assertIn("choose another encoding", self.row(change).reason)
        self.assertEqual(self.row(change, 3).outcome, Outcome.NEW)

    def test_all_problems_of_a_line_are_said_at_once(self) -> None:
        row = self.row(self.read("Name,Mail,Hired\n,ada@,soon\n"))

        self.assertEqual(row.field, "email")
        self.assertIn("Hire date: Write the day as 2025-12-31.", row.reason)

    def test_a_line_without_a_name_adds_nobody(self) -> None:
        row = self.row(self.read("Name,Mail\n,ada@example.com\n"))

        self.assertEqual((row.field, row.reason), ("name", "The name must not be empty."))

    def test_an_email_that_somebody_else_has_names_them(self) -> None:
        bob, ada = make_employee(name="Bob", email="bob@example.com"), make_employee(name="Ada")
        change = self.read(f"Number,Name,Mail\n{ada.pk},Ada,bob@example.com\n")

        self.assertEqual(
            self.row(change).reason, f"This e-mail already belongs to Bob (number {bob.pk})."
        )

    def test_the_last_administrator_is_kept_in_the_preview(self) -> None:
        root = make_employee(auth0_role=Auth0Role.ADMIN, auth_method="auth0")
        change = self.read(f"Number,Auth0 role\n{root.pk},manager\n")

        self.assertIn("This is the last administrator", self.row(change).reason)

    def test_two_lines_about_one_person_or_with_one_name_are_noticed(self) -> None:
        bob = make_employee(name="Bob")
        change = self.read(f"Number,Name,Phone\n{bob.pk},,1\n{bob.pk},,2\n,Cy Fox,3\n,Cy Fox,4\n")

        self.assertEqual(
            self.row(change, 3).reason,
            "Line 2 is about the same person: leave one of them out.",
        )
        twin = self.row(change, 5)
        self.assertEqual((twin.outcome, twin.choices), (Outcome.QUESTION, ["new", "skip"]))
        self.assertEqual(twin.reason, "Line 4 has the same name.")

    def test_whoever_left_is_a_question_and_whoever_starts_soon_is_none(
        self,
    ) -> None:
        away = make_employee(email="ana@example.com", is_active=False)
        soon = make_employee(email="eva@example.com", is_active=False)
        plan_joining(soon.pk, in_days(9), self.actor)
        change = self.read("Mail,Dept\nana@example.com,Packing\neva@example.com,Packing\n")

        question = self.row(change)
        self.assertEqual(question.choices, ["back", "change", "skip"])
        self.assertEqual(question.reason, f"{away.name} (number {away.pk}) is switched off.")
        self.assertEqual(self.row(change, 3).outcome, Outcome.CHANGE)

    def test_an_email_that_another_program_wrote_in_capitals_is_the_same(self) -> None:
        bob = make_employee(name="Bob")
        Employee.objects.filter(pk=bob.pk).update(email="Bob@Example.com")

        row = self.row(self.read(f"Number,Mail\n{bob.pk},bob@example.com\n"))

        self.assertEqual(row.outcome, Outcome.NOTHING)


class ForecastTests(ImportCase):
    def test_a_large_file_is_counted_to_its_end(self) -> None:
        people = "".join(f"Person {n},PIN,2027-01-11\n" for n in range(501))
        change = self.read("Name,Signs in with,Starts on\n" + people)

        self.assertEqual(
            sentences(change.summary),
            [
                "Adds 501 people without a workspace and blocks nobody.",
                "501 sign in with a PIN alone.",
                "501 start on a later day; nobody can sign in as them before.",
            ],
        )

    def test_nothing_to_do_says_so(self) -> None:
        self.assertEqual(sentences({"nothing": 3}), ["Nobody would be added or changed."])

    def test_several_risky_changes_are_named(self) -> None:
        summary = {"change": 3, "changes:email": 2, "changes:auth0_role": 1, "problem": 2}

        self.assertEqual(
            sentences(summary),
            [
                "Changes 3 and blocks nobody.",
                "2 e-mails and 1 Auth0 role change.",
                "2 rows have a problem: left out.",
            ],
        )
