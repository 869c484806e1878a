from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any
from unittest import mock

import pytest
from django.db import connections
from django.test import TestCase

from employees import signing_in
from employees.lockout import (
    FREE_TRIES,
    MEMORY,
    Door,
    Wait,
    charge,
    kiosk_door,
    outside_door,
    refund,
    refund_place,
    sweep,
    unlock,
    wait_after,
    waiting,
)
from employees.models import PinTries
from employees.pins import hash_pin
from employees.signing_in import MustWait, Refused, sign_in
from tests.builders import DOOR, CommittedTestCase, make_auth, make_employee

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NUMBER = 4711
KIOSK = kiosk_door(7)


def at(moment: datetime) -> Any:
    """The clock stands still at this moment."""
    return mock.patch("django.utils.timezone.now", return_value=moment)


class PersonBudgetTests(TestCase):
    """How long one number has to wait at one door."""

    def charge_at(self, moment: datetime, times: int = 1, door: Door = KIOSK) -> int:
        """What is left to wait, in seconds, after the last of so many tries at this moment."""
        with at(moment):
            waits = [charge(door, NUMBER) for _ in range(times)]
        return waits[-1].seconds if waits[-1] else 0

    def test_five_tries_go_through_and_the_sixth_waits_a_minute(self) -> None:
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

    def test_whoever_had_to_wait_is_remembered_for_a_day(self) -> None:
        self.charge_at(NOON, FREE_TRIES)
        later = NOON + timedelta(hours=23)

        self.assertEqual(self.charge_at(later), 0)
        self.assertEqual(self.charge_at(later), 120)

    def test_that_day_begins_when_the_wait_is_over(self) -> None:
        self.charge_at(NOON, FREE_TRIES)
        later = NOON + MEMORY + timedelta(seconds=30)

        self.assertEqual(self.charge_at(later), 0)
        self.assertEqual(self.charge_at(later), 120)

    def test_whose_wait_is_over_waits_nowhere(self) -> None:
        self.charge_at(NOON, FREE_TRIES)

        with at(NOON + timedelta(seconds=59)):
            self.assertEqual([row.scope for row in waiting(NUMBER)], [KIOSK.scope])
        with at(NOON + timedelta(seconds=60)):
            self.assertEqual(waiting(NUMBER), [])

    def test_a_day_without_a_try_forgets_all(self) -> None:
        self.charge_at(NOON, FREE_TRIES)
        later = NOON + timedelta(minutes=1) + MEMORY

        self.assertEqual(self.charge_at(later, FREE_TRIES), 0)

    def test_tries_from_elsewhere_never_keep_anybody_out_at_a_kiosk(self) -> None:
        for address in ("203.0.113.9", "2001:db8::1", "nonsense"):
            self.charge_at(NOON, 2 * FREE_TRIES, outside_door(address))

        self.assertEqual(self.charge_at(NOON, FREE_TRIES), 0)

    def test_a_kiosk_keeps_nobody_out_at_another_kiosk_nor_elsewhere(self) -> None:
        self.charge_at(NOON, 2 * FREE_TRIES)

        self.assertEqual(self.charge_at(NOON, FREE_TRIES, kiosk_door(8)), 0)
        self.assertEqual(self.charge_at(NOON, FREE_TRIES, DOOR), 0)

    def test_all_addresses_together_have_one_budget_for_a_number(self) -> None:
        for n in range(FREE_TRIES):
            self.assertEqual(self.charge_at(NOON, door=outside_door(f"198.51.100.{n}")), 0)

        self.assertEqual(self.charge_at(NOON, door=outside_door("203.0.113.9")), 60)

    def test_a_right_pin_forgets_the_tries_at_its_own_door_alone(self) -> None:
        self.charge_at(NOON, FREE_TRIES)
        self.charge_at(NOON, FREE_TRIES, DOOR)

        refund(KIOSK, NUMBER)

        self.assertEqual(self.charge_at(NOON), 0)
        self.assertEqual(self.charge_at(NOON, door=DOOR), 60)

    def test_unlocking_forgets_the_tries_at_every_door(self) -> None:
        self.charge_at(NOON, FREE_TRIES)
        self.charge_at(NOON, FREE_TRIES, DOOR)
        with at(NOON):
            self.assertEqual([row.scope for row in waiting(NUMBER)], ["kiosk:7", "outside"])

        unlock(NUMBER)

        with at(NOON):
            self.assertEqual(waiting(NUMBER), [])
        self.assertEqual(self.charge_at(NOON), 0)
        self.assertEqual(self.charge_at(NOON, door=DOOR), 0)

    def test_one_number_does_not_wait_for_another(self) -> None:
        self.charge_at(NOON, FREE_TRIES)

        with at(NOON):
            self.assertIsNone(charge(KIOSK, NUMBER + 1))

    def test_a_try_that_is_counted_between_read_and_write_is_not_lost(self) -> None:
        self.charge_at(NOON)
        others = [partial(charge, KIOSK, NUMBER)]

        def meanwhile(wrong: int) -> timedelta:
            while others:
                others.pop()()
            return wait_after(wrong)

        with mock.patch("employees.lockout.wait_after", meanwhile):
            self.charge_at(NOON)

        self.assertEqual(PinTries.objects.get(number=NUMBER).wrong, 3)


class PlaceBudgetTests(TestCase):
    """How many numbers one place may try."""

    def tried(self, door: Door, moment: datetime, numbers: range) -> list[int]:
        """Which numbers got through at this moment, each tried once."""
        with at(moment):
            return [number for number in numbers if charge(door, number) is None]

    def test_a_kiosk_tries_thirty_numbers_and_then_one_a_minute(self) -> None:
        self.assertEqual(self.tried(KIOSK, NOON, range(1, 100)), [*range(1, 31)])
        with at(NOON):
            self.assertEqual(charge(KIOSK, NUMBER), Wait(60, is_here=True))

        a_minute_later = self.tried(KIOSK, NOON + timedelta(seconds=60), range(100, 200))
        self.assertEqual(a_minute_later, [100])

    def test_an_address_tries_sixty_and_then_one_every_twenty_seconds(self) -> None:
        self.assertEqual(len(self.tried(DOOR, NOON, range(1, 100))), 60)
        later = self.tried(DOOR, NOON + timedelta(seconds=60), range(100, 200))
        self.assertEqual(len(later), 3)

    def test_a_place_that_rested_has_no_more_tries_than_at_first(self) -> None:
        self.tried(KIOSK, NOON, range(1, 2))

        later = self.tried(KIOSK, NOON + timedelta(days=3), range(1, 100))

        self.assertEqual(len(later), 30)

    def test_a_place_that_is_out_of_tries_raises_nobodys_count(self) -> None:
        self.tried(KIOSK, NOON, range(1, 31))

        self.assertEqual(self.tried(KIOSK, NOON, range(500, 600)), [])

        self.assertFalse(PinTries.objects.filter(number__gte=500).exists())

    def test_right_pins_use_nothing_up(self) -> None:
        for number in range(1, 100):
            self.assertEqual(self.tried(KIOSK, NOON, range(number, number + 1)), [number])
            refund(KIOSK, number)

    def test_tries_at_a_number_that_has_to_wait_use_nothing_up(self) -> None:
        with at(NOON):
            for _ in range(200):
                charge(KIOSK, NUMBER)

        self.assertEqual(len(self.tried(KIOSK, NOON, range(1, 100))), 30 - FREE_TRIES)

    def test_one_place_does_not_wait_for_another(self) -> None:
        self.tried(KIOSK, NOON, range(1, 100))

        self.assertEqual(self.tried(kiosk_door(8), NOON, range(200, 202)), [200, 201])
        self.assertEqual(self.tried(DOOR, NOON, range(200, 202)), [200, 201])

    def test_one_ipv6_network_is_one_place(self) -> None:
        places = {outside_door(f"2001:db8:1:2::{n}").place for n in range(1, 5)}

        self.assertEqual(places, {"address:2001:db8:1:2::/64"})
        self.assertNotEqual(outside_door("2001:db8:1:3::1").place, places.pop())

    def test_what_can_be_no_number_is_a_try_of_the_place(self) -> None:
        with at(NOON):
            answers = [charge(KIOSK, None) for _ in range(31)]

        self.assertEqual(answers, [None] * 30 + [Wait(60, is_here=True)])


class SweepTests(TestCase):
    def test_rows_that_mean_nothing_any_more_are_swept_away(self) -> None:
        with at(NOON):
            for number in range(1, 8):
                charge(KIOSK, number)
        later = NOON + MEMORY

        with at(later):
            charge(DOOR, NUMBER)
            sweep()

        self.assertEqual(
            set(PinTries.objects.values_list("scope", "number")),
            {(DOOR.place, 0), ("outside", NUMBER)},
        )

    def test_a_row_that_still_counts_is_not_swept_away(self) -> None:
        with at(NOON):
            for _ in range(FREE_TRIES):
                charge(KIOSK, NUMBER)

        with at(NOON + timedelta(hours=23)):
            sweep()

        self.assertEqual(PinTries.objects.get().number, NUMBER)

    def test_a_refused_try_sweeps(self) -> None:
        with at(NOON):
            charge(KIOSK, NUMBER)

        with at(NOON + MEMORY), self.assertRaises(Refused):
            sign_in(NUMBER + 1, "7391", DOOR)

        self.assertFalse(PinTries.objects.filter(number=NUMBER).exists())


def all_at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
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


@pytest.mark.real_pins  # a check takes its time, so that the guesses meet
class ParallelGuessesTests(CommittedTestCase):
    def test_thirty_guesses_at_once_are_five_guesses(self) -> None:
        employee = make_employee()
        make_auth(employee, pin=hash_pin("7391"))
        looked_at: list[str] = []

        def look(pin: str, stored: str | None) -> bool:
            if stored is not None:
                looked_at.append(pin)
            return False

        with mock.patch.object(signing_in, "check_pin", look):
            guesses = [partial(sign_in, employee.pk, f"{5000 + n}", DOOR) for n in range(30)]
            answers = all_at_once(guesses)

        self.assertEqual(len(looked_at), FREE_TRIES)
        self.assertEqual(sum(isinstance(answer, MustWait) for answer in answers), 25)

    def test_guesses_at_a_number_that_nobody_has_fare_alike(self) -> None:
        answers = all_at_once([lambda: sign_in(987_654, "7391", DOOR)] * 30)

        self.assertEqual(sum(isinstance(answer, Refused) for answer in answers), FREE_TRIES)
        self.assertEqual(sum(isinstance(answer, MustWait) for answer in answers), 25)

    def test_right_and_wrong_ones_unlocking_and_sweeping_at_once_disturb_nobody(self) -> None:
        def wrong() -> None:
            if charge(DOOR, NUMBER) is not None:
                sweep()
            else:
                refund_place(DOOR)

        def right() -> None:
            charge(DOOR, NUMBER)
            refund(DOOR, NUMBER)

        def old() -> None:
            PinTries.objects.filter(number=NUMBER).update(forget_at=NOON)
            sweep()

        for _ in range(2):
            all_at_once([wrong, wrong, right, wrong, partial(unlock, NUMBER), old] * 5)

        self.assertLessEqual(PinTries.objects.count(), 2)

    def test_a_refund_beside_a_try_is_not_lost(self) -> None:
        for _ in range(10):
            charge(DOOR, None)
        before = PinTries.objects.get().forget_at

        all_at_once([partial(charge, DOOR, None), partial(refund_place, DOOR)] * 10)

        self.assertEqual(PinTries.objects.get().forget_at, before)

    def test_a_try_is_counted_before_its_pin_is_looked_at(self) -> None:
        employee = make_employee()
        make_auth(employee, pin=hash_pin("7391"))

        def look(pin: str, stored: str | None) -> bool:
            self.assertEqual(PinTries.objects.get(number=employee.pk).wrong, 1)
            raise KeyboardInterrupt

        with (
            mock.patch.object(signing_in, "check_pin", look),
            self.assertRaises(KeyboardInterrupt),
        ):
            sign_in(employee.pk, "7391", DOOR)

        self.assertEqual(PinTries.objects.get(number=employee.pk).wrong, 1)
