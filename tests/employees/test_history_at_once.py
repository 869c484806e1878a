"""Several who look and write at the same moment: the history has every change once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from django.db import connections

from employees import services
from employees.history import notice_changes, values_of
from employees.models import Employee, Snapshot
from tests.builders import CommittedTestCase, boss, make_employee
from tests.employees.histories import by_sql, known, lines


class AtTheSameMomentTests(CommittedTestCase):
    def test_a_look_beside_a_service_writes_every_change_once(self) -> None:
        for number in range(5):
            ada = known(phone_number="1", department="Picking")
            by_sql(ada, department="Packing")

            at_once(
                partial(notice_changes, [ada.pk]),
                partial(services.change_employee, ada.pk, {"phone_number": "2"}, boss()),
                partial(notice_changes, [ada.pk]),
            )

            with self.subTest(number):
                self.assertCountEqual(
                    [(source, changes) for source, _, _, changes in lines(ada)],
                    [
                        ("sql", {"department": ["Picking", "Packing"]}),
                        ("admin", {"phone_number": ["1", "2"]}),
                    ],
                )
                self.is_in_step(ada)

    def test_two_who_look_at_once_write_a_newcomer_down_once(self) -> None:
        ada = make_employee()

        at_once(*[partial(notice_changes, [ada.pk])] * 4)

        self.assertEqual([action for _, _, action, _ in lines(ada)], ["added"])

    def test_two_who_look_at_once_write_a_deletion_down_once(self) -> None:
        ada = known()
        number = ada.pk
        Employee.objects.filter(pk=number).delete()

        at_once(*[partial(notice_changes, [number])] * 4)

        self.assertEqual([action for _, _, action, _ in lines(number)], ["deleted"])

    def test_two_services_at_once_have_befores_that_were_true(self) -> None:
        ada = known(phone_number="0")

        at_once(
            *(
                partial(services.change_employee, ada.pk, {"phone_number": new}, boss())
                for new in ("1", "2", "3")
            )
        )

        steps = [changes["phone_number"] for *_, changes in lines(ada)]
        self.assertEqual([before for before, _ in steps], ["0", *(after for _, after in steps[:2])])
        self.is_in_step(ada)

    def is_in_step(self, person: Employee) -> None:
        row = Employee.objects.get(pk=person.pk)
        self.assertEqual(Snapshot.objects.get(pk=person.pk).values, values_of(row))


def at_once(*calls: Callable[[], Any]) -> None:
    """Run the calls at the same moment, a connection each."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        start.wait(30)
        try:
            call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(run, calls))
