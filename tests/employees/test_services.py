from datetime import UTC, date, datetime
from unittest import mock

from django.db import connection
from django.test import TestCase

from employees import services
from employees.errors import EmailTaken, InvalidValue, Overtaken, UnknownEmployee
from employees.models import Employee, EmployeeAuth, InvitationChoice
from employees.selectors import invitation_of
from employees.signals import employee_changed
from tests.builders import boss, make_auth, make_employee, make_role

TOKEN = "t" * 43
SOON = datetime(2030, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Heard:
    """Collects what ``employee_changed`` says."""

    def __init__(self, test: TestCase) -> None:
        self.calls: list[tuple[int, str]] = []
        self.inside: list[bool] = []
        employee_changed.connect(self.listen)
        test.addCleanup(employee_changed.disconnect, self.listen)

    def listen(self, sender: object, employee_id: int, actor: str, **kwargs: object) -> None:
        self.calls.append((employee_id, actor))
        self.inside.append(connection.in_atomic_block)


class AddEmployeeTests(TestCase):
    def test_it_stores_what_was_given_and_leaves_the_rest_to_the_database(self) -> None:
        role = make_role("Packing")

        ada = services.add_employee(
            {"name": " Ada Quill ", "email": " Ada@Example.com", "role": role}, "work", boss()
        )

        self.assertEqual((ada.name, ada.email, ada.role), ("Ada Quill", "ada@example.com", role))
        self.assertEqual((ada.workspace, ada.is_active), ("MS", True))
        self.assertEqual(ada.auth0_role, "production_associate")
        self.assertIsInstance(ada.created_at, datetime)

    def test_it_says_so_once_and_inside_the_transaction(self) -> None:
        heard = Heard(self)

        ada = services.add_employee({"name": "Ada Quill"}, "work", boss(7))

        self.assertEqual((heard.calls, heard.inside), ([(ada.pk, "admin:7")], [True]))

    def test_the_shop_floor_signs_in_both_ways_unless_told_otherwise(self) -> None:
        floor = services.add_employee({"name": "A", "department": "heat press"}, "", boss())
        office = services.add_employee({"name": "B", "department": "Accounts"}, "", boss())
        told = services.add_employee({"name": "C", "auth_method": "pin"}, "", boss())

        self.assertEqual(
            (floor.auth_method, office.auth_method, told.auth_method), ("hybrid", "auth0", "pin")
        )

    def test_a_new_role_counts_as_shop_floor(self) -> None:
        make_role("Embroidery")

        ada = services.add_employee({"name": "Ada", "department": "Embroidery"}, "", boss())

        self.assertEqual(ada.auth_method, "hybrid")

    def test_a_blank_email_becomes_null_so_that_many_people_may_have_none(self) -> None:
        for name in ("Ada", "Ben"):
            self.assertIsNone(services.add_employee({"name": name, "email": " "}, "", boss()).email)

    def test_a_taken_email_names_its_holder(self) -> None:
        ben = make_employee(name="Ben Ash", email="Ben@Example.com")

        with self.assertRaises(EmailTaken) as caught:
            services.add_employee({"name": "Ada", "email": "ben@example.com"}, "", boss())

        self.assertEqual(
            (caught.exception.other_id, caught.exception.other_name), (ben.pk, "Ben Ash")
        )

    def test_a_race_for_one_email_ends_in_the_same_error(self) -> None:
        ben = make_employee(name="Ben Ash", email="ben@example.com")

        with (
            mock.patch("employees.services.holder_of", return_value=None),
            self.assertRaises(EmailTaken) as caught,
        ):
            services.add_employee({"name": "Ada", "email": "ben@example.com"}, "", boss())

        self.assertEqual(caught.exception.other_id, ben.pk)

    def test_an_email_that_only_the_database_takes_for_another_names_its_holder(self) -> None:
        jose = make_employee(name="José Ash", email="josé@example.com")
        if connection.vendor != "mysql":
            self.skipTest("only MariaDB's and MySQL's collations take é for e")

        with self.assertRaises(EmailTaken) as caught:
            services.add_employee({"name": "Jo", "email": "jose@example.com"}, "", boss())

        self.assertEqual(caught.exception.other_id, jose.pk)

    def test_a_name_is_required(self) -> None:
        with self.assertRaises(InvalidValue) as caught:
            services.add_employee({"name": "  "}, "work", boss())
        self.assertEqual(caught.exception.field, "name")

    def test_columns_that_people_do_not_write_are_refused(self) -> None:
        for column in ("auth0_user_id", "is_active", "current_streak", "pin"):
            with self.subTest(column), self.assertRaises(InvalidValue):
                services.add_employee({"name": "Ada", column: "x"}, "work", boss())

    def test_a_refused_invitation_leaves_no_row(self) -> None:
        with self.assertRaises(InvalidValue):
            services.add_employee({"name": "Ada Quill"}, "by pigeon", boss())
        self.assertFalse(Employee.objects.filter(name="Ada Quill").exists())


class ChangeEmployeeTests(TestCase):
    def test_a_column_that_another_wrote_meanwhile_is_not_overwritten(self) -> None:
        ada = make_employee(phone_number="2", department="Picking", role=make_role())
        for column, seen in (("phone_number", "1"), ("department", None), ("role_id", None)):
            with self.subTest(column), self.assertRaises(Overtaken) as caught:
                new = {"role_id": make_role("Packing").pk}.get(column, "3")
                services.change_employee(ada.pk, {column: new}, boss(), seen={column: seen})
            self.assertEqual(caught.exception.field, column.removesuffix("_id"))

        row = Employee.objects.get(pk=ada.pk)
        self.assertEqual((row.phone_number, row.department, row.role), ("2", "Picking", ada.role))

    def test_a_column_that_is_as_it_was_seen_is_written(self) -> None:
        ada = make_employee(phone_number="1")

        services.change_employee(
            ada.pk, {"phone_number": "2"}, boss(), seen={"phone_number": "1", "department": "?"}
        )

        ada.refresh_from_db()
        self.assertEqual(ada.phone_number, "2")

    def test_what_another_wrote_alike_meanwhile_is_no_conflict(self) -> None:
        ada = make_employee(phone_number="2")
        same = {"phone_number": "2"}
        self.assertEqual(
            services.change_employee(ada.pk, same, boss(), seen={"phone_number": "1"}), set()
        )

    def test_it_returns_and_writes_only_what_differs(self) -> None:
        ada = make_employee(name="Ada Quill", phone_number="1")

        changed = services.change_employee(
            ada.pk, {"name": "Ada Quill", "phone_number": "2"}, boss(7)
        )

        ada.refresh_from_db()
        self.assertEqual((changed, ada.phone_number), ({"phone_number"}, "2"))

    def test_it_leaves_columns_that_somebody_else_changed_meanwhile(self) -> None:
        ada = make_employee(department="Picking")
        Employee.objects.filter(pk=ada.pk).update(department="Packing")

        services.change_employee(ada.pk, {"phone_number": "2"}, boss(7))

        ada.refresh_from_db()
        self.assertEqual((ada.department, ada.phone_number), ("Packing", "2"))

    def test_nothing_changed_says_nothing(self) -> None:
        ada = make_employee()
        heard = Heard(self)

        self.assertEqual(services.change_employee(ada.pk, {"name": ada.name}, boss()), set())
        self.assertEqual(heard.calls, [])

    def test_an_email_in_another_case_is_no_conflict_with_oneself(self) -> None:
        ada = make_employee(email="Ada@Example.com")

        services.change_employee(ada.pk, {"email": "ada@example.com"}, boss())

        ada.refresh_from_db()
        self.assertEqual(ada.email, "ada@example.com")

    def test_a_taken_email_changes_nothing(self) -> None:
        make_employee(email="ben@example.com")
        ada = make_employee(phone_number="1")

        with self.assertRaises(EmailTaken):
            services.change_employee(
                ada.pk, {"email": "ben@example.com", "phone_number": "2"}, boss()
            )

        ada.refresh_from_db()
        self.assertEqual(ada.phone_number, "1")

    def test_an_unusable_value_that_is_not_touched_does_not_stand_in_the_way(self) -> None:
        ada = make_employee(email="not an address", workspace="AL")
        self.assertEqual(services.change_employee(ada.pk, {"name": "Ada"}, boss()), {"name"})

    def test_the_invitation_is_kept_beside_the_row(self) -> None:
        ada = make_employee()
        heard = Heard(self)

        changed = services.change_employee(ada.pk, {}, boss(7), invitation="personal")

        self.assertEqual((changed, invitation_of(ada.pk)), ({"invitation"}, "personal"))
        self.assertEqual(heard.calls, [(ada.pk, "admin:7")])

    def test_work_is_kept_as_no_invitation_row(self) -> None:
        ada = make_employee()
        services.change_employee(ada.pk, {}, boss(), invitation="none")

        services.change_employee(ada.pk, {}, boss(), invitation="work")

        self.assertFalse(InvitationChoice.objects.exists())
        self.assertEqual(invitation_of(ada.pk), "work")

    def test_wrong_values_name_their_column(self) -> None:
        ada = make_employee()
        wrong = {
            "name": "x" * 256,
            "email": "nobody",
            "personal_email": "a@b",
            "phone_number": "1" * 21,
            "department": "line\nbreak",
            "workspace": "ZZ",
            "role_id": 999_999,
            "hire_date": "yesterday",
            "auth_method": "badge",
            "auth0_role": "king",
        }
        for column, value in wrong.items():
            with self.subTest(column), self.assertRaises(InvalidValue) as caught:
                services.change_employee(ada.pk, {column: value}, boss())
            self.assertEqual(caught.exception.field, column)

    def test_a_year_of_two_digits_is_no_day(self) -> None:
        ada = make_employee()
        for day in (date(25, 12, 31), "0025-12-31", date(9999, 12, 31)):
            with self.subTest(day), self.assertRaises(InvalidValue) as caught:
                services.change_employee(ada.pk, {"hire_date": day}, boss())
            self.assertIn("four digits", caught.exception.reason)

    def test_a_name_holds_nothing_that_turns_the_text_after_it_around(self) -> None:
        ada = make_employee()

        with self.assertRaises(InvalidValue):
            services.change_employee(ada.pk, {"name": "Ada \u202eQuill"}, boss())

        services.change_employee(ada.pk, {"name": "ليلى الصبّاغ"}, boss())
        ada.refresh_from_db()
        self.assertEqual(ada.name, "ليلى الصبّاغ")

    def test_an_unknown_number_is_refused_by_every_service(self) -> None:
        for service in ("deactivate", "reactivate", "archive", "restore"):
            with self.subTest(service), self.assertRaises(UnknownEmployee):
                getattr(services, service)(999_999, boss())
        with self.assertRaises(UnknownEmployee):
            services.change_employee(999_999, {}, boss())


class LeavingTests(TestCase):
    def test_deactivating_ends_the_kiosk_session(self) -> None:
        ada = make_employee()
        make_auth(ada, login_token=TOKEN, token_expires=SOON)

        self.assertTrue(services.deactivate(ada.pk, boss()))

        ada.refresh_from_db()
        row = EmployeeAuth.objects.get()
        self.assertEqual((ada.is_active, row.login_token, row.token_expires), (False, None, None))

    def test_deactivating_twice_is_said_once_but_still_ends_a_session(self) -> None:
        ada = make_employee(is_active=False)
        make_auth(ada, login_token=TOKEN)
        heard = Heard(self)

        self.assertFalse(services.deactivate(ada.pk, boss()))

        self.assertEqual(heard.calls, [])
        self.assertIsNone(EmployeeAuth.objects.get().login_token)

    def test_archiving_deactivates_too(self) -> None:
        ada = make_employee()

        self.assertTrue(services.archive(ada.pk, boss()))
        self.assertFalse(services.archive(ada.pk, boss()))

        ada.refresh_from_db()
        self.assertFalse(ada.is_active)
        self.assertIsNotNone(ada.archived_at)

    def test_archiving_again_keeps_the_first_day(self) -> None:
        ada = make_employee(archived_at=LONG_AGO)

        self.assertTrue(services.archive(ada.pk, boss()))

        ada.refresh_from_db()
        self.assertEqual((ada.is_active, ada.archived_at), (False, LONG_AGO))

    def test_restoring_leaves_a_person_inactive(self) -> None:
        ada = make_employee(is_active=False, archived_at=LONG_AGO)

        self.assertTrue(services.restore(ada.pk, boss()))
        self.assertFalse(services.restore(ada.pk, boss()))

        ada.refresh_from_db()
        self.assertEqual((ada.is_active, ada.archived_at), (False, None))

    def test_restoring_lets_nobody_in_whom_another_program_has_switched_on(self) -> None:
        ada = make_employee(is_active=True, archived_at=LONG_AGO)

        self.assertTrue(services.restore(ada.pk, boss()))

        ada.refresh_from_db()
        self.assertEqual((ada.is_active, ada.archived_at), (False, None))

    def test_reactivating_brings_back_from_the_archive(self) -> None:
        ada = make_employee(is_active=False, archived_at=LONG_AGO)

        self.assertTrue(services.reactivate(ada.pk, boss()))
        self.assertFalse(services.reactivate(ada.pk, boss()))

        ada.refresh_from_db()
        self.assertEqual((ada.is_active, ada.archived_at), (True, None))


class ClearTokensTests(TestCase):
    def test_it_ends_only_the_sessions_of_inactive_and_archived_people(self) -> None:
        here = make_employee()
        make_auth(here, login_token=TOKEN)
        for over in ({"is_active": False}, {"archived_at": LONG_AGO}):
            make_auth(make_employee(**over), login_token=TOKEN, token_expires=SOON)

        self.assertEqual(services.clear_tokens_of_refused(), 2)

        left = EmployeeAuth.objects.exclude(login_token=None).values_list("employee_id", flat=True)
        self.assertEqual(list(left), [here.pk])

    def test_with_nothing_to_do_it_only_reads(self) -> None:
        make_auth(make_employee(is_active=False))
        with self.assertNumQueries(1):
            self.assertEqual(services.clear_tokens_of_refused(), 0)

    def test_it_never_moves_updated_at(self) -> None:
        ada = make_employee(is_active=False, updated_at=LONG_AGO)
        make_auth(ada, login_token=TOKEN)

        services.clear_tokens_of_refused()

        ada.refresh_from_db()
        self.assertEqual(ada.updated_at, LONG_AGO)
