"""Who changed what, and when: by the console, and by SQL, which says nothing of itself."""

import json
from datetime import date
from unittest import mock

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from auth0sync.sweep import look_at_all
from employees import services
from employees.authority import Actor, program
from employees.errors import NotAllowed
from employees.history import (
    known_between,
    notice_changes,
    on_post_migrate,
    record_event,
    take_baseline,
)
from employees.models import Change, Employee, EmployeeAuth, Snapshot
from employees.pin_services import set_pin
from tests.builders import boss, make_auth, make_employee, make_role
from tests.employees.histories import by_sql, known, lines


class ServicesTests(TestCase):
    def test_a_newcomer_has_one_line_with_what_was_given(self) -> None:
        ada = services.add_employee(
            {"name": "Ada Quill", "hire_date": date(2025, 3, 1)}, "work", boss(7)
        )

        ((source, actor, action, changes),) = lines(ada)
        self.assertEqual((source, actor, action), ("admin", "admin:7", "added"))
        self.assertEqual(changes["name"], [None, "Ada Quill"])
        self.assertEqual(changes["hire_date"], [None, "2025-03-01"])
        self.assertNotIn("email", changes)

    def test_a_change_keeps_before_and_after_of_what_differs(self) -> None:
        ada = known(name="Ada Quill", phone_number="1", department="Picking")

        services.change_employee(ada.pk, {"phone_number": "2", "department": "Picking"}, boss(7))

        self.assertEqual(
            lines(ada), [("admin", "admin:7", "changed", {"phone_number": ["1", "2"]})]
        )

    def test_what_changes_nothing_is_not_written_down(self) -> None:
        ada = known(phone_number="1")

        services.change_employee(ada.pk, {"phone_number": "1"}, boss(), "work")
        services.reactivate(ada.pk, boss())

        self.assertEqual(lines(ada), [])

    def test_the_invitation_which_no_column_holds_is_written_down_too(self) -> None:
        ada = known()

        services.change_employee(ada.pk, {}, boss(7), "personal")

        expected = {"invitation": ["work", "personal"]}
        self.assertEqual(lines(ada), [("admin", "admin:7", "changed", expected)])

    def test_the_job_is_kept_by_its_number(self) -> None:
        ada, job = known(), make_role()

        services.change_employee(ada.pk, {"role": job}, boss(7))

        self.assertEqual(lines(ada)[0][3], {"role_id": [None, job.pk]})

    def test_each_way_of_going_and_coming_has_its_name(self) -> None:
        ada = known()

        for service in (
            services.deactivate,
            services.reactivate,
            services.archive,
            services.restore,
        ):
            service(ada.pk, boss())

        actions = [action for _source, _actor, action, _changes in lines(ada)]
        self.assertEqual(actions, ["deactivated", "reactivated", "archived", "restored"])

    def test_what_was_refused_leaves_no_line(self) -> None:
        ada = known(auth0_role="admin")
        manager = Actor("admin:7", "manager", 10**6)

        with self.assertRaises(NotAllowed):
            services.change_employee(ada.pk, {"name": "New", "email": "x@example.com"}, manager)

        self.assertEqual(lines(ada), [])

    def test_lines_of_one_click_share_a_batch(self) -> None:
        ada, ben = known(), known()
        for person in (ada, ben):
            services.deactivate(person.pk, boss(), "b" * 32)

        batches = set(Change.objects.values_list("batch", flat=True))
        self.assertEqual(batches, {"b" * 32})

    def test_the_door_is_told_from_who_came_through_it(self) -> None:
        ada = known()
        actors = (boss(7), Actor("kiosk:42", "admin"), program("import"))
        for number, actor in enumerate(actors):
            services.change_employee(ada.pk, {"phone_number": str(number)}, actor)

        doors = [(source, actor) for source, actor, _action, _changes in lines(ada)]
        self.assertEqual(
            doors, [("admin", "admin:7"), ("kiosk", "kiosk:42"), ("program", "import")]
        )

    def test_an_event_without_a_column_is_a_line_without_values(self) -> None:
        ada = known()

        record_event(ada.pk, Actor("kiosk:42"), "PIN set")

        self.assertEqual(lines(ada), [("kiosk", "kiosk:42", "PIN set", {})])


class SqlTests(TestCase):
    def test_looking_finds_what_sql_changed_with_its_before(self) -> None:
        ada = known(name="Ada Quill", hire_date=date(2024, 3, 1))
        by_sql(ada, name="Ada Ash", hire_date=date(2025, 3, 1))

        moved = notice_changes([ada.pk])

        self.assertEqual(moved, [ada.pk])
        changes = {
            "name": ["Ada Quill", "Ada Ash"],
            "hire_date": ["2024-03-01", "2025-03-01"],
        }
        self.assertEqual(lines(ada), [("sql", "sql", "changed", changes)])

    def test_looking_again_finds_nothing(self) -> None:
        ada = known()
        by_sql(ada, name="Ada Ash")
        notice_changes([ada.pk])

        self.assertEqual(notice_changes([ada.pk]), [])
        self.assertEqual(len(lines(ada)), 1)

    def test_a_service_that_writes_next_tells_them_apart(self) -> None:
        ada = known(phone_number="1", department="Picking")
        by_sql(ada, department="Packing")

        services.change_employee(ada.pk, {"phone_number": "2"}, boss(7))

        self.assertEqual(
            lines(ada),
            [
                ("sql", "sql", "changed", {"department": ["Picking", "Packing"]}),
                ("admin", "admin:7", "changed", {"phone_number": ["1", "2"]}),
            ],
        )
        self.assertEqual(notice_changes([ada.pk]), [])

    def test_the_same_column_changed_by_both_has_two_lines(self) -> None:
        ada = known(phone_number="1")
        by_sql(ada, phone_number="2")

        services.change_employee(ada.pk, {"phone_number": "3"}, boss(7))

        steps = [changes["phone_number"] for *_, changes in lines(ada)]
        self.assertEqual(steps, [["1", "2"], ["2", "3"]])

    def test_a_row_that_sql_added_is_a_newcomer(self) -> None:
        ada = make_employee(name="Ada Quill")

        self.assertEqual(notice_changes([ada.pk]), [ada.pk])

        ((source, _actor, action, changes),) = lines(ada)
        self.assertEqual((source, action, changes["name"]), ("sql", "added", [None, "Ada Quill"]))

    def test_a_row_that_sql_deleted_keeps_what_it_was(self) -> None:
        ada = known(name="Ada Quill")
        number = ada.pk
        Employee.objects.filter(pk=number).delete()

        self.assertEqual(notice_changes([number]), [number])
        self.assertEqual(notice_changes([number]), [])

        ((source, _actor, action, changes),) = lines(number)
        self.assertEqual((source, action, changes["name"]), ("sql", "deleted", ["Ada Quill", None]))
        self.assertFalse(Snapshot.objects.filter(pk=number).exists())

    def test_the_sweep_finds_changed_added_and_deleted_rows(self) -> None:
        changed, deleted = known(name="A"), known(name="B")
        number = deleted.pk
        by_sql(changed, name="A2")
        Employee.objects.filter(pk=number).delete()
        added = make_employee(name="C")

        for _ in look_at_all():
            pass

        actions = {pk: lines(pk)[0][2] for pk in (changed.pk, number, added.pk)}
        self.assertEqual(actions, {changed.pk: "changed", number: "deleted", added.pk: "added"})

    def test_what_programs_count_all_day_is_no_change(self) -> None:
        ada = known()
        by_sql(ada, current_streak=5, achievement_points=9, auth0_sync_status="created")

        self.assertEqual(notice_changes([ada.pk]), [])

    def test_a_column_that_an_older_snapshot_lacks_is_no_change(self) -> None:
        ada = known()
        snapshot = Snapshot.objects.get(pk=ada.pk)
        del snapshot.values["notes"]
        snapshot.save()

        self.assertEqual(notice_changes([ada.pk]), [])
        self.assertIn("notes", Snapshot.objects.get(pk=ada.pk).values)

    def test_more_people_cost_no_more_queries_while_nothing_moved(self) -> None:
        first = known()
        with CaptureQueriesContext(connection) as with_one:
            notice_changes([first.pk])
        ids = [known().pk for _ in range(10)]

        with self.assertNumQueries(len(with_one)):
            notice_changes(ids)

    def test_an_id_that_nobody_ever_had_is_passed_over(self) -> None:
        self.assertEqual(notice_changes([2_000_000_000]), [])


class BaselineTests(TestCase):
    def test_who_was_there_before_the_console_is_no_newcomer(self) -> None:
        people = [make_employee() for _ in range(3)]

        on_post_migrate()

        self.assertEqual(notice_changes([person.pk for person in people]), [])
        self.assertEqual(Change.objects.count(), 0)
        self.assertEqual(
            list(known_between(people[0].pk, people[1].pk)),
            [
                people[0].pk,
                people[1].pk,
            ],
        )

    def test_another_migration_swallows_no_change_by_sql(self) -> None:
        ada = make_employee(name="Ada")
        take_baseline()
        by_sql(ada, name="Ada Ash")
        ben = make_employee()

        take_baseline()

        self.assertEqual(notice_changes([ada.pk, ben.pk]), [ada.pk, ben.pk])

    def test_a_baseline_that_was_interrupted_is_taken_anew(self) -> None:
        people = [make_employee() for _ in range(3)]
        with (
            mock.patch("employees.history.PAGE", 1),
            mock.patch("employees.history.add_keys", side_effect=[None, KeyboardInterrupt]),
            self.assertRaises(KeyboardInterrupt),
        ):
            take_baseline()

        take_baseline()

        self.assertEqual(notice_changes([person.pk for person in people]), [])
        self.assertEqual(Change.objects.count(), 0)

    def test_a_service_that_writes_before_anybody_looked_tells_of_the_newcomer_first(self) -> None:
        take_baseline()
        ada = make_employee(phone_number="1")

        services.change_employee(ada.pk, {"phone_number": "2"}, boss())

        told = [(source, action) for source, _, action, _ in lines(ada)]
        self.assertEqual(told, [("sql", "added"), ("admin", "changed")])
        self.assertEqual(lines(ada)[0][3]["phone_number"], [None, "1"])


class SecretsTests(TestCase):
    def test_neither_pin_nor_token_gets_into_history_or_snapshot(self) -> None:
        ada = known(auth_method="hybrid")
        make_auth(ada, pin_plain="8264", login_token="token-" * 7)

        set_pin(ada.pk, "7391", boss())
        hashed = EmployeeAuth.objects.get(employee=ada).pin or ""
        services.change_employee(ada.pk, {"name": "Ada Ash"}, boss())
        services.deactivate(ada.pk, boss())

        kept = json.dumps(
            [
                *Change.objects.values("actor", "action", "changes", "batch"),
                *Snapshot.objects.values("values"),
            ]
        )
        self.assertEqual(len(lines(ada)), 3)
        for secret in ("7391", "8264", "token-", hashed):
            self.assertNotIn(secret, kept)
