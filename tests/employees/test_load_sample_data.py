from io import StringIO
from typing import Any

import bcrypt
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import SimpleTestCase, TestCase

from employees.emails import is_placeholder, is_usable
from employees.history import notice_changes
from employees.models import Change, Employee, EmployeeAuth, PodFactoryMapping, RoleConfig
from employees.podfactory import Directory
from employees.sample import AWKWARD, DEPARTMENTS, sample_person
from employees.sample_legacy import legacy_people
from employees.sample_loading import load_people
from employees.signals import employee_changed
from employees.tables import findings
from tests.builders import make_employee
from tests.employees.test_services import Heard


def load(**options: Any) -> str:
    out = StringIO()
    call_command("load_sample_data", fast_pins=True, stdout=out, **options)
    return out.getvalue()


class SamplePersonTests(SimpleTestCase):
    def test_a_person_is_the_same_every_time(self) -> None:
        self.assertEqual(sample_person(7, "company.com"), sample_person(7, "company.com"))

    def test_every_email_is_usable_missing_or_a_placeholder(self) -> None:
        emails = [sample_person(number, "company.com").email for number in range(1, 2001)]
        known = [email for email in emails if email]
        self.assertEqual(len(known), len(set(known)))
        self.assertTrue(all(is_usable(email) or is_placeholder(email) for email in known))


class LoadSampleDataTests(TestCase):
    def test_eighty_people_show_every_case(self) -> None:
        load()

        people = Employee.objects.all()
        self.assertEqual(people.count(), 80)
        self.assertEqual(set(people.values_list("workspace", flat=True)), {"MS", "TX"})
        self.assertEqual(set(people.values_list("department", flat=True)), set(DEPARTMENTS))
        self.assertEqual(
            set(people.values_list("auth_method", flat=True)), {"pin", "hybrid", "auth0"}
        )
        self.assertGreater(people.filter(auth_method="pin").count(), 40)
        self.assertTrue(people.filter(archived_at__isnull=False).exists())
        self.assertTrue(people.filter(is_active=False, archived_at=None).exists())
        self.assertTrue(people.filter(is_contractor=True).exists())
        self.assertTrue(people.filter(email=None).exists())
        self.assertTrue(people.filter(email__endswith="@company.com").exists())
        self.assertEqual(people.filter(name__in=AWKWARD).count(), len(AWKWARD))
        self.assertEqual(
            set(people.values_list("auth0_role", flat=True)),
            {"production_associate", "team_lead", "manager", "admin", "finance"},
        )
        mappings = PodFactoryMapping.objects
        self.assertTrue(mappings.filter(is_verified=True).exists())
        self.assertTrue(mappings.filter(is_verified=False).exists())
        self.assertGreater(mappings.count(), mappings.values("employee_id").distinct().count())

    def test_a_second_run_adds_nobody_and_a_larger_one_only_the_rest(self) -> None:
        load(people=5)

        self.assertIn("0 sample people added, 5 were there.", load(people=5))
        self.assertIn("2 sample people added, 5 were there.", load(people=7))
        self.assertEqual((Employee.objects.count(), RoleConfig.objects.count()), (7, 6))

    def test_the_pins_it_prints_open_the_kiosk_and_none_is_stored_in_clear(self) -> None:
        added = load_people(3, pin_cost=4)

        for employee_id, pin in added:
            row = EmployeeAuth.objects.get(employee_id=employee_id)
            assert row.pin is not None
            self.assertTrue(row.pin.startswith("$2b$"))
            self.assertTrue(bcrypt.checkpw(pin.encode(), row.pin.encode()))
            self.assertIsNone(row.pin_plain)

    def test_everybody_is_announced(self) -> None:
        heard = Heard(self)

        load(people=3)

        expected = [
            (pk, "load_sample_data") for pk in Employee.objects.values_list("pk", flat=True)
        ]
        self.assertEqual(sorted(heard.calls), sorted(expected))
        self.assertTrue(employee_changed.has_listeners())

    def test_it_keeps_away_from_real_people_unless_forced(self) -> None:
        make_employee()

        with self.assertRaisesMessage(CommandError, "1 people that are no sample data"):
            load(people=2)
        self.assertEqual(Employee.objects.count(), 1)

        load(people=2, force=True)
        self.assertEqual(Employee.objects.count(), 3)

    def test_nonsense_is_refused(self) -> None:
        with self.assertRaises(CommandError):
            load(people=0)

    def test_the_sample_passes_the_check_of_the_tables(self) -> None:
        load()
        self.assertEqual(findings(connection), [])


class LegacyCompanyTests(TestCase):
    def test_podfactory_finds_everybody_in_every_way_in_which_it_knows_them(self) -> None:
        load(legacy=True)
        rows = Employee.objects.values_list("pk", "name")
        directory = Directory(rows)

        known = PodFactoryMapping.objects.values_list(
            "employee_id", "podfactory_name", "podfactory_email"
        )
        by_name = [(pk, name, None) for pk, name in rows]
        found = [(pk, directory.find(name, email)) for pk, name, email in [*known, *by_name]]

        self.assertEqual(len(rows), 83)
        self.assertEqual([(pk, one) for pk, one in found if not one.is_only(pk)], [])
        self.assertGreaterEqual(len({one.how for _, one in found}), 6)

    def test_its_rows_are_as_they_were_before_the_console(self) -> None:
        load(legacy=True)

        people = Employee.objects.all()
        self.assertEqual(set(people.values_list("auth_method", flat=True)), {"pin"})
        self.assertEqual(
            set(people.values_list("auth0_user_id", "auth0_sync_status")), {(None,) * 2}
        )
        self.assertEqual(people.filter(is_active=True, archived_at=None).count(), 83)
        self.assertFalse(EmployeeAuth.objects.filter(pin_plain=None).exists())
        self.assertEqual(
            set(PodFactoryMapping.objects.values_list("is_verified", flat=True)), {True, False}
        )

    def test_the_console_takes_them_for_people_who_were_always_there(self) -> None:
        heard = Heard(self)

        load(legacy=True)

        self.assertEqual(notice_changes(Employee.objects.values_list("pk", flat=True)), [])
        self.assertEqual((Change.objects.count(), heard.calls), (0, []))

    def test_everybody_has_an_e_mail_for_an_account(self) -> None:
        emails = [person.email for person in legacy_people()]

        self.assertEqual(len(set(emails)), 83)
        self.assertTrue(all(is_usable(email) for email in emails))

    def test_a_second_run_adds_nobody_and_the_other_people_fit_beside_them(self) -> None:
        load(legacy=True)

        self.assertIn("0 sample people added, 83 were there.", load(legacy=True))
        self.assertIn("83 sample people added, 0 were there.", load(people=83))

    def test_it_is_one_or_the_other(self) -> None:
        with self.assertRaisesMessage(CommandError, "not allowed with"):
            call_command("load_sample_data", "--legacy", "--people", "5")
