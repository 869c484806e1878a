"""Totals over all processes, which never fall and never stand in anybody's way."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast, get_args
from unittest import mock

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import SimpleTestCase

from employees import counters
from employees.contention import DEADLOCK
from employees.counted import BUCKETS, COUNTERS, TIMES, Name, Timed
from employees.counters import count, counted, observe, record, timed, totals
from employees.lockout import FREE_TRIES
from employees.models import Counter
from employees.pins import hash_pin
from employees.signing_in import MustWait, Refused, sign_in
from tests.builders import DOOR, CommittedTestCase, make_auth, make_employee


def rows() -> dict[str, float]:
    return dict(Counter.objects.values_list("series", "total"))


class CountTests(CommittedTestCase):
    def test_what_is_counted_again_is_added_up(self) -> None:
        count("auth0_sweeps")
        count("auth0_sweeps", 4)

        self.assertEqual(rows(), {"auth0_sweeps{}": 5})

    def test_each_set_of_labels_is_a_total_of_its_own(self) -> None:
        for outcome in ("accepted", "accepted", "failed"):
            count("console_mails", kind="invitation", outcome=outcome)

        self.assertCountEqual(
            totals()["console_mails"],
            [
                ({"kind": "invitation", "outcome": "accepted"}, 2),
                ({"kind": "invitation", "outcome": "failed"}, 1),
            ],
        )

    def test_a_duration_falls_into_one_bucket_and_is_added_to_the_seconds(self) -> None:
        for seconds in (0.05, 4.0, 60.0):
            observe("auth0_api_response_time", seconds, capability="read")

        self.assertEqual(
            rows(),
            {
                "auth0_api_response_time{capability=read,le=0.05}": 1,
                "auth0_api_response_time{capability=read,le=5.0}": 1,
                "auth0_api_response_time{capability=read,le=+Inf}": 1,
                "auth0_api_response_time{capability=read,sum}": 64.05,
            },
        )

    def test_all_that_happens_at_once_is_one_statement(self) -> None:
        with self.assertNumQueries(1):
            record(
                timed("auth0_api_response_time", 0.2, capability="read"),
                counted("auth0_api_calls", action="read account", status="2xx"),
            )

        self.assertEqual(rows()["auth0_api_calls{action=read_account,status=2xx}"], 1)

    def test_nothing_happened_takes_no_statement(self) -> None:
        with self.assertNumQueries(0):
            count("auth0_sweeps", 0)

    def test_a_total_never_falls(self) -> None:
        count("auth0_sweeps", 2)
        count("auth0_sweeps", -1)

        self.assertEqual(rows(), {"auth0_sweeps{}": 2})

    def test_a_label_holds_no_e_mail_no_number_and_no_text(self) -> None:
        for reason in ("ada@example.com", "4711", "Ada Lovelace, 1815", "x" * 41, ""):
            count("console_login_refusals", door="auth0", reason=reason)
        count("console_mails", kind="birthday", outcome="accepted")

        self.assertEqual(
            rows(),
            {
                "console_login_refusals{door=auth0,reason=other}": 5,
                "console_mails{kind=other,outcome=accepted}": 1,
            },
        )

    def test_in_a_transaction_it_waits_for_the_commit(self) -> None:
        with transaction.atomic():
            count("auth0_sweeps")
            self.assertEqual(rows(), {})

        self.assertEqual(rows(), {"auth0_sweeps{}": 1})

    def test_what_was_rolled_back_did_not_happen(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            count("auth0_sweeps")
            raise ZeroDivisionError

        self.assertEqual(rows(), {})

    def test_many_at_once_lose_nothing_whatever_the_order_of_what_they_count(self) -> None:
        names: list[Name] = ["auth0_sweeps", "auth0_accounts_linked", "kiosk_logins"]

        def work(number: int) -> None:
            order = names if number % 2 else names[::-1]
            for _ in range(10):
                record(*(counted(name) for name in order))
            connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))

        self.assertEqual(rows(), {f"{name}{{}}": 40 for name in names})


class KioskTests(CommittedTestCase):
    def test_pins_that_let_somebody_in_and_pins_that_do_not_by_why(self) -> None:
        ada = make_employee(auth_method="pin")
        make_auth(ada, pin=hash_pin("4711"))

        sign_in(ada.pk, "4711", DOOR)
        for _ in range(FREE_TRIES + 1):
            with self.assertRaises((Refused, MustWait)):
                sign_in(ada.pk, "1234", DOOR)

        self.assertEqual(
            rows(),
            {
                "kiosk_logins{}": 1,
                "kiosk_refusals{reason=wrong_pin}": FREE_TRIES,
                "kiosk_refusals{reason=number_waits}": 1,
            },
        )


class TroubleTests(CommittedTestCase):
    """A failure to count is in the log and nowhere else."""

    def test_a_database_that_refuses_breaks_nothing(self) -> None:
        refuses = mock.patch.object(counters, "_upsert", side_effect=OperationalError(2006, "gone"))
        with refuses, self.assertLogs("employees.counters", "ERROR"):
            count("auth0_sweeps")

    def test_after_a_commit_it_breaks_nothing_either(self) -> None:
        refuses = mock.patch.object(counters, "_upsert", side_effect=OperationalError(2006, "gone"))
        with refuses, self.assertLogs("employees.counters", "ERROR"), transaction.atomic():
            count("auth0_sweeps")

    def test_a_statement_ended_for_a_deadlock_is_begun_again(self) -> None:
        cursor = connection.cursor
        deadlock = OperationalError(DEADLOCK, "Deadlock found when trying to get lock")
        with mock.patch.object(connection, "cursor", side_effect=[deadlock, cursor()]):
            count("auth0_sweeps")

        self.assertEqual(rows(), {"auth0_sweeps{}": 1})

    def test_a_name_or_label_that_nobody_declared_is_left_out(self) -> None:
        for name, labels in (("birthdays", {}), ("auth0_sweeps", {"who": "ada"})):
            with self.subTest(name), self.assertLogs("employees.counters", "ERROR"):
                count(cast(Name, name), **cast(Any, labels))

        self.assertEqual(rows(), {})


@pytest.mark.once
class DeclaredTests(SimpleTestCase):
    def test_every_name_says_what_it_counts(self) -> None:
        self.assertEqual(set(get_args(Name)), set(COUNTERS))
        self.assertEqual(set(get_args(Timed)), set(TIMES))

    def test_the_longest_key_has_room_in_its_column(self) -> None:
        room = Counter._meta.get_field("series").max_length or 0
        for name, what in (*COUNTERS.items(), *TIMES.items()):
            values = {
                label: max(known, key=len, default="x" * 40) for label, known in what.labels.items()
            }
            with self.subTest(name):
                self.assertLessEqual(len(counters._key(name, "le=0.25", values)), room)

    def test_a_bucket_ends_where_the_alert_about_slow_answers_begins(self) -> None:
        self.assertIn(5.0, BUCKETS)
