"""An import changes nobody whom the L7 matrix keeps from who confirms it, and says so before."""

import csv
import io
import time
from typing import Any

import pytest

from employees.mass import changes
from employees.mass.models import MassChange, MassRow
from employees.mass.working import work
from employees.models import Employee
from tests.employees.l7_doors import column_changes
from tests.employees.l7_matrix import TABLE, rows_of
from tests.employees.l7_world import World, world_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]
WHO = ("manager", "admin", "break_glass")  # others may not import
WHATS = ("change", "move", "sign_in", "role")
MAY = {(row.who, row.whom): row.cells for row in rows_of(TABLE)}
Outcome = MassRow.Outcome


def imported(world: World, lines: list[dict[str, Any]]) -> MassChange:
    """The preview of a file with one column beside the number."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    change = changes.begin("import", "p.csv", world.actor, {}, text.getvalue().encode())
    work(change.pk, until=time.monotonic() + 30)
    change.refresh_from_db()
    return change


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("what", WHATS)
def test_the_matrix_holds_in_the_preview_and_when_it_is_carried_out(who: str, what: str) -> None:
    world = world_of(who, with_one_administrator=False)
    people = {
        pk: whom for whom, person in world.people.items() for pk in [person.pk] if whom != "self"
    }
    somebody = world.people["associate"]
    for index in range(len(column_changes(somebody)[what])):
        lines = []
        for pk in people:
            person = Employee.objects.get(pk=pk)
            ((column, value),) = column_changes(person)[what][index].items()
            value = f"{pk}-{value}" if "email" in column else value
            lines.append({"number": pk, column: value})
        change = imported(world, lines)

        rows = list(change.rows.all())
        offered = {
            row.employee_id: row.outcome == Outcome.CHANGE or Outcome.CHANGE in row.choices
            for row in rows
        }
        may = {pk: MAY[who, whom][what] == "yes" for pk, whom in people.items()}
        assert offered == may, (column, people)

        # Also where the preview says no more, as after a rise between preview and button.
        change.rows.update(outcome=Outcome.CHANGE)
        changes.confirm(change.pk, change.version, world.actor)
        work(change.pk, until=time.monotonic() + 30)
        done = {row.employee_id: row.state == MassRow.State.DONE for row in change.rows.all()}
        assert done == may, (column, people)
