"""The pages of an import without a browser: who gets in, what a button does, and how often."""

import csv
import time
from io import BytesIO, StringIO
from typing import Any
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from employees.history import notice_changes
from employees.mass.models import MassChange
from employees.mass.working import work
from employees.models import Employee
from tests.builders import make_auth, make_employee, make_role
from tests.employees.massing import a_user

pytestmark = pytest.mark.once

LIST = reverse("admin:employees_masschange_changelist")
UPLOAD = reverse("admin:employees_masschange_import")
HEAD = "Name,Mail,Dept,Phone\n"


class PageCase(TestCase):
    def setUp(self) -> None:
        self.user = a_user()
        self.client.force_login(self.user)

    def uploaded(self, text: str, name: str = "people.csv", **fields: str) -> MassChange:
        """A file that was uploaded and read."""
        data = {"file": SimpleUploadedFile(name, text.encode()), "invitation": "work", **fields}
        self.assertEqual(self.client.post(UPLOAD, data).status_code, 302)
        change = MassChange.objects.latest("pk")
        work(change.pk, until=time.monotonic() + 10)
        change.refresh_from_db()
        return change

    def page(self, change: MassChange, query: str = "") -> str:
        answer = self.client.get(
            reverse("admin:employees_masschange_change", args=[change.pk]) + query
        )
        self.assertEqual(answer.status_code, 200)
        return str(answer.content.decode())

    def press(self, change: MassChange, button: str, **data: Any) -> str:
        """Press it, and read what is said; the queue then does its part."""
        url = reverse(f"admin:employees_masschange_{button}", args=[change.pk])
        answer = self.client.post(url, {"version": change.version, **data}, follow=True)
        said = " ".join(str(message) for message in answer.context["messages"])
        work(change.pk, until=time.monotonic() + 10)
        change.refresh_from_db()
        return said


class UploadTests(PageCase):
    def test_what_is_no_list_is_refused_on_the_form(self) -> None:
        picture = SimpleUploadedFile("people.csv", b"\x89PNG")

        answer = self.client.post(UPLOAD, {"file": picture, "invitation": "work"})

        self.assertContains(answer, "This is a picture")
        self.assertFalse(MassChange.objects.exists())

    def test_an_empty_file_and_none_at_all_are_refused(self) -> None:
        empty = {"file": SimpleUploadedFile("people.csv", b""), "invitation": "work"}
        self.assertContains(self.client.post(UPLOAD, empty), "This file is empty.")
        self.assertContains(self.client.post(UPLOAD, {}), "This field is required.")

    def test_what_goes_for_newcomers_is_kept_with_the_file(self) -> None:
        change = self.uploaded(HEAD + "Ada,,,\n", workspace="TX", department=" Picking ")

        self.assertEqual(
            change.options["defaults"],
            {"workspace": "TX", "department": "Picking", "invitation": "work"},
        )
        self.assertIn("Texas", self.page(change))

    def test_a_department_that_a_form_would_refuse_is_refused_here(self) -> None:
        data = {"file": SimpleUploadedFile("p.csv", b"Name\nA\n"), "invitation": "work"}

        answer = self.client.post(UPLOAD, {**data, "department": "x\u202ey"})

        self.assertContains(answer, "invisible character")

    def test_the_path_and_odd_characters_of_a_name_are_left_out(self) -> None:
        change = self.uploaded(HEAD + "Ada,,,\n", name="a\u202eb\n.csv")

        self.assertEqual(change.title, "ab.csv")

    def test_the_template_comes_in_both_forms(self) -> None:
        for form in ("csv", "xlsx"):
            answer = self.client.get(reverse(f"admin:employees_masschange_template_{form}"))
            self.assertIn(f'filename="people.{form}"', answer["Content-Disposition"])


class PreviewTests(PageCase):
    def test_it_shows_old_and_new_values_and_what_is_wrong(self) -> None:
        bob = make_employee(name="Bob", email="bob@example.com", department="Packing")
        change = self.uploaded(HEAD + "Bob,bob@example.com,Shipping,\nAda,ada@example,,\n")

        page = self.page(change)

        self.assertInHTML("<del>Packing</del>", page)
        self.assertInHTML("<ins>Shipping</ins>", page)
        self.assertIn("E-mail: This doesn&#x27;t look like an e-mail", page)
        self.assertIn(reverse("admin:employees_employee_change", args=[bob.pk]), page)

    def test_a_page_costs_as_many_queries_with_many_rows_as_with_few(self) -> None:
        few = self.uploaded(HEAD + "Ada,ada@example.com,,\n")
        people = "".join(f"Person {n},p{n}@example.com,Picking,\n" for n in range(120))
        many = self.uploaded(HEAD + people)
        self.page(few)
        with CaptureQueriesContext(connection) as for_few:
            self.page(few)
        with CaptureQueriesContext(connection) as for_many:
            self.page(many, "?p=2")

        self.assertEqual(len(for_few), len(for_many))

    def test_rows_can_be_chosen_by_what_happens_to_them(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\nCy,cy@example,,\n")

        url = reverse("admin:employees_masschange_change", args=[change.pk])
        shown = self.client.get(url, {"show": "problem"}).context["rows"]

        self.assertEqual([one.name for one in shown], ["Cy"])

    def test_columns_and_separator_can_be_corrected(self) -> None:
        change = self.uploaded("Who;Address\nAda;ada@example.com\n")
        self.assertIn("No column was recognised", self.page(change))

        said = self.press(
            change,
            "reading",
            **{
                "column-0": "name",
                "column-1": "email",
                "encoding": "utf-8",
                "delimiter": ";",
                "order": "mdy",
            },
        )

        self.assertEqual(said, "It is being read once more.")
        row = change.rows.get()
        self.assertEqual(row.values, {"name": "Ada", "email": "ada@example.com"})

    def test_another_separator_means_other_headings(self) -> None:
        change = self.uploaded("Name;Mail\nAda;ada@example.com\n")

        self.press(change, "reading", encoding="utf-8", delimiter=",", order="mdy")

        self.assertEqual(change.recognised["headings"], ["Name;Mail"])

    def test_one_column_for_two_headings_is_refused(self) -> None:
        change = self.uploaded("Name;Mail\nAda;ada@example.com\n")

        said = self.press(
            change,
            "reading",
            **{"column-0": "name", "column-1": "name", "encoding": "utf-8", "delimiter": ";"},
        )

        self.assertEqual(said, "“Name” is chosen for two columns.")

    def test_the_order_of_days_can_be_corrected(self) -> None:
        change = self.uploaded("Name,Hired\nAda,03/04/2025\n")
        self.assertIn("Days such as 03/04/2025 are read with the month first", self.page(change))

        self.press(
            change,
            "reading",
            **{
                "column-0": "name",
                "column-1": "hire_date",
                "encoding": "utf-8",
                "delimiter": ",",
                "order": "dmy",
                "order_is_meant": "1",
            },
        )

        self.assertEqual(change.rows.get().values["hire_date"], "2025-04-03")
        self.assertNotIn("Days such as", self.page(change))

    def test_questions_are_answered_one_by_one_or_all_at_once(self) -> None:
        for name in ("Ana Ruiz", "Eva Ruiz"):
            notice_changes([make_employee(name=name, is_active=False).pk])
        change = self.uploaded(HEAD + "Ana Ruiz,ana@example.com,,\nEva Ruiz,eva@example.com,,\n")
        ana, eva = change.rows.order_by("line")

        self.press(change, "answer", **{f"row-{ana.pk}": "back", "for_all": "skip"})

        outcomes = dict(change.rows.values_list("pk", "outcome"))
        self.assertEqual(outcomes, {ana.pk: "back", eva.pk: "skip"})
        self.assertIn("Brings 1 back and blocks nobody.", self.page(change))

    def test_an_answer_to_no_row_at_all_is_passed_over(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\n")

        self.press(change, "answer", **{f"row-{'9' * 5_000}": "new", "row-٣": "new", "row-x": "y"})

        self.assertEqual(change.rows.get().outcome, "new")

    def test_a_newcomer_who_was_refused_is_not_taken_for_who_looks_like_them(self) -> None:
        bob = make_employee(name="Bob")
        change = self.uploaded(HEAD + "Bob M,bob@example.com,,\n")
        change.rows.update(employee_id=bob.pk, state="refused", reason="Not today.")

        address = reverse("admin:employees_employee_change", args=[bob.pk])
        self.assertNotIn(address, self.page(change))

    def test_it_can_be_discarded_and_then_not_confirmed(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\n")

        self.assertIn("Discarded", self.press(change, "discard"))

        self.assertIn("It has moved on", self.press(change, "confirm"))
        self.assertFalse(Employee.objects.filter(name="Ada").exists())

    def test_a_button_by_get_does_nothing(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\n")
        for button in ("confirm", "discard", "answer", "retry", "reading"):
            url = reverse(f"admin:employees_masschange_{button}", args=[change.pk])
            self.assertContains(self.client.get(url, follow=True), "Nothing was done")


class AfterwardsTests(PageCase):
    def test_the_rows_to_mend_come_back_as_they_were_and_are_taken_again(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,+1 662\nCy,cy@example,Packing,+1 601\n")
        self.press(change, "confirm")

        answer: Any = self.client.get(
            reverse("admin:employees_masschange_mend_csv", args=[change.pk])
        )
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        rows = list(csv.reader(StringIO(text)))

        self.assertEqual(rows[0], ["Name", "Mail", "Dept", "Phone", "Problem"])
        self.assertEqual(rows[1][:4], ["Cy", "cy@example", "Packing", "'+1 601"])
        self.assertIn("Line 3, Mail: This doesn't look like an e-mail", rows[1][4])
        again = self.uploaded(text.replace("cy@example,", "cy@example.com,"))
        self.press(again, "confirm")
        still = self.uploaded(text)
        answer = self.client.get(reverse("admin:employees_masschange_mend_csv", args=[still.pk]))
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        self.assertEqual(text.splitlines()[0], "Name,Mail,Dept,Phone,Problem")
        cy = Employee.objects.get(email="cy@example.com")
        self.assertEqual((cy.phone_number, cy.department), ("+1 601", "Packing"))

    def test_the_result_says_what_was_done_and_what_can_be_tried_again(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\nCy,cy@example.com,,\n")
        holder = make_employee(email="cy@example.com")
        self.press(change, "confirm")
        self.assertIn("1 added.", self.page(change))
        self.assertIn("1 not carried out: see the problems.", self.page(change))
        self.assertIn("already belongs to", self.page(change, "?show=refused"))
        Employee.objects.filter(pk=holder.pk).update(email=None)

        self.press(change, "retry")

        self.assertIn("2 added.", self.page(change))

    def test_the_undo_says_beforehand_whom_it_leaves_alone(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\nCy,cy@example.com,,\n")
        self.press(change, "confirm")
        ada = Employee.objects.get(name="Ada")
        make_auth(ada, last_login="2099-01-01T00:00:00Z")

        url = reverse("admin:employees_masschange_undo", args=[change.pk])
        page = self.client.get(url)
        self.assertContains(page, "2 people who were added")
        self.assertContains(page, "They have signed in at the kiosk since.")
        self.press(change, "undo")

        self.assertIn("1 taken back.", self.page(change))
        self.assertIn("They have signed in at the kiosk since.", self.page(change, "?show=kept"))
        ada.refresh_from_db()
        self.assertTrue(ada.is_active)
        self.assertContains(self.client.get(url, follow=True), "There is nothing to take back.")

    def test_the_page_says_how_far_it_is_while_it_works(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\n")
        MassChange.objects.filter(pk=change.pk).update(state="working")

        found = self.client.get(reverse("admin:employees_masschange_progress", args=[change.pk]))

        self.assertEqual(found.json()["total"], 1)
        self.assertIn('value="0" max="1"', self.page(change))

    def test_the_history_of_a_person_names_the_file(self) -> None:
        change = self.uploaded(HEAD + "Ada,ada@example.com,,\n")
        self.press(change, "confirm")
        ada = Employee.objects.get(name="Ada")

        page = self.client.get(reverse("admin:employees_employee_history", args=[ada.pk]))

        self.assertContains(page, "by an import")
        self.assertContains(page, "people.csv")

    def test_the_list_shows_them_all(self) -> None:
        self.uploaded(HEAD + "Ada,ada@example.com,,\n", name="joiners.csv")

        self.assertContains(self.client.get(LIST), "joiners.csv")


class ExportTests(PageCase):
    def test_the_list_comes_as_a_file_with_its_filters_and_can_come_back(self) -> None:
        make_employee(
            name="=cmd|x", email="a@example.com", department="Packing", role=make_role("Heat Press")
        )
        make_employee(name="Not This One", department="Picking")
        url = reverse("admin:employees_employee_export_csv")

        answer: Any = self.client.get(url, {"q": "cmd"})

        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        headings, (*cells,) = list(csv.reader(StringIO(text)))
        self.assertEqual(headings[:3], ["Number", "Name", "E-mail"])
        self.assertEqual(cells[1:3], ["'=cmd|x", "a@example.com"])
        again = self.uploaded(text)
        self.assertEqual(list(again.rows.values_list("outcome", flat=True)), ["nothing"])

    def test_a_workbook_holds_the_same_as_text(self) -> None:
        person = make_employee(name="Ada Quill")

        answer: Any = self.client.get(reverse("admin:employees_employee_export_xlsx"))

        sheet: Any = load_workbook(BytesIO(b"".join(answer.streaming_content))).active
        self.assertEqual([cell.value for cell in sheet[2]][:2], [str(person.pk), "Ada Quill"])

    def test_too_many_for_a_workbook_are_led_to_the_csv_file(self) -> None:
        make_employee()
        with mock.patch("employees.importing.exporting.MOST_IN_A_WORKBOOK", 0):
            answer = self.client.get(reverse("admin:employees_employee_export_xlsx"), follow=True)

        self.assertContains(answer, "take the CSV file, or filter")
