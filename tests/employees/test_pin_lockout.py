from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any
from unittest import mock

from django.db import connections
from django.test import TestCase

from employees import signing_in
from employees.lockout import FREE_TRIES, MEMORY, QUIET, charge, forgive, sweep, wait_after
from employees.models import PinTries
from employees.pins import hash_pin
from employees.signing_in import MustWait, Refused, sign_in
from tests.builders import CommittedTestCase, make_auth, make_employee

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NUMBER = 4711


def at(moment: datetime) -> Any:
    """The clock stands still at this moment."""
    return mock.patch("django.utils.timezone.now", return_value=moment)


class LockoutTests(TestCase):
    def charge_at(self, moment: datetime, times: int = 1) -> int:
        """The answer to the last of so many tries at this moment."""
        with at(moment):
            return [charge(NUMBER) for _ in range(times)][-1]

    def test_ten_tries_go_through_and_the_eleventh_waits_a_minute(self) -> None:
        self.assertEqual(self.charge_at(NOON, FREE_TRIES), 0)
        self.assertEqual(self.charge_at(NOON), 60)

    def test_each_wait_is_twice_as_long_as_the_one_before_up_to_an_hour(self) -> None:
        waits = [wait_after(FREE_TRIES + n) // timedelta(minutes=1) for n in range(-1, 8)]

        self.assertEqual(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60])
        self.assertEqual(wait_after(1_000_000), timedelta(hours=1))

    def test_after_a_wait_one_try_goes_through_and_brings_the_next(self) -> None:
        self.charge_at(NOON, FREE_TRIES)

        self.assertEqual(self.charge_at(NOON + timedelta(seconds=60)), 0)
        self.assertEqual(self.charge_at(NOON + timedelta(seconds=61)), 119)

    def test_tries_while_waiting_make_the_wait_no_longer(self) -> None:
        self.charge_at(NOON, FREE_TRIES + 50)

        self.assertEqual(self.charge_at(NOON + timedelta(seconds=60)), 0)

    def test_a_quarter_of_an_hour_without_a_try_forgets_fewer_than_ten(self) -> None:
        self.charge_at(NOON, FREE_TRIES - 1)

        self.assertEqual(self.charge_at(NOON + QUIET, FREE_TRIES - 1), 0)
        self.assertEqual(self.charge_at(NOON + QUIET), 0)
        self.assertGreater(self.charge_at(NOON + QUIET), 0)

    def test_whoever_had_to_wait_is_remembered_for_a_day(self) -> None:
        self.charge_at(NOON, FREE_TRIES)
        later = NOON + timedelta(hours=23)

        self.assertEqual(self.charge_at(later), 0)
        self.assertEqual(self.charge_at(later), 120)

    def test_a_day_after_the_wait_all_is_forgotten(self) -> None:
        self.charge_at(NOON, FREE_TRIES)
        later = NOON + timedelta(minutes=1) + MEMORY

        self.assertEqual(self.charge_at(later, FREE_TRIES), 0)

    def test_forgiving_begins_anew(self) -> None:
        self.charge_at(NOON, FREE_TRIES)

        forgive(NUMBER)

        self.assertEqual(self.charge_at(NOON, FREE_TRIES), 0)

    def test_one_number_does_not_wait_for_another(self) -> None:
        self.charge_at(NOON, FREE_TRIES)

        with at(NOON):
            self.assertEqual(charge(NUMBER + 1), 0)

    def test_rows_that_mean_nothing_any_more_are_swept_away(self) -> None:
        with at(NOON):
            for number in range(1, 8):
                charge(number)

        self.charge_at(NOON + QUIET)
        with at(NOON + QUIET):
            sweep()

        self.assertEqual(list(PinTries.objects.values_list("number", flat=True)), [NUMBER])

    def test_a_row_that_still_counts_is_not_swept_away(self) -> None:
        self.charge_at(NOON, FREE_TRIES)

        with at(NOON + QUIET):
            sweep()

        self.assertEqual(PinTries.objects.count(), 1)

    def test_a_refused_try_sweeps(self) -> None:
        with at(NOON):
            charge(NUMBER)

        with at(NOON + QUIET), self.assertRaises(Refused):
            sign_in(NUMBER + 1, "7391")

        self.assertEqual(list(PinTries.objects.values_list("number", flat=True)), [NUMBER + 1])


def all_at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run the calls at the same moment, a connection each; what a call refuses is its result."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(30)
        try:
            return call()
        except (Refused, MustWait) as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class ParallelGuessesTests(CommittedTestCase):
    def test_thirty_guesses_at_once_are_ten_guesses(self) -> None:
        employee = make_employee()
        make_auth(employee, pin=hash_pin("7391"))
        looked_at: list[str] = []

        def look(pin: str, stored: str | None) -> bool:
            if stored is not None:
                looked_at.append(pin)
            return False

        with mock.patch.object(signing_in, "check_pin", look):
            answers = all_at_once([partial(sign_in, employee.pk, f"{5000 + n}") for n in range(30)])

        self.assertEqual(len(looked_at), FREE_TRIES)
        self.assertEqual(sum(isinstance(answer, MustWait) for answer in answers), 20)

    def test_guesses_at_a_number_that_nobody_has_fare_alike(self) -> None:
        answers = all_at_once([lambda: sign_in(987_654, "7391")] * 30)

        self.assertEqual(sum(isinstance(answer, Refused) for answer in answers), FREE_TRIES)
        self.assertEqual(sum(isinstance(answer, MustWait) for answer in answers), 20)

    def test_a_try_is_counted_before_its_pin_is_looked_at(self) -> None:
        employee = make_employee()
        make_auth(employee, pin=hash_pin("7391"))

        def look(pin: str, stored: str | None) -> bool:
            self.assertEqual(PinTries.objects.get(pk=employee.pk).wrong, 1)
            raise KeyboardInterrupt

        with (
            mock.patch.object(signing_in, "check_pin", look),
            self.assertRaises(KeyboardInterrupt),
        ):
            sign_in(employee.pk, "7391")

        self.assertEqual(PinTries.objects.get(pk=employee.pk).wrong, 1)
