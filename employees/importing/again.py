"""What is looked at again when a newcomer of a file is added: who has come since the preview."""

from employees.authority import Actor
from employees.mass.deeds import columns_of, merged
from employees.mass.models import MassChange, MassRow
from employees.models import SearchKey
from employees.rehire import keys_of, look_alikes, said_of


def look_again(row: MassRow, change: MassChange, actor: Actor) -> str:
    """Who may be this newcomer and wasn't here at the preview, in a sentence; "" for nobody.

    So a list that was loaded twice, or by two managers, adds nobody twice, also without an e-mail.
    Whoever was asked about a look-alike has answered already; two of one file were compared then.
    """
    if row.outcome != MassRow.Outcome.NEW or row.asks:
        return ""
    columns = columns_of(merged(row, change))
    wanted = keys_of(columns)
    found = SearchKey.objects.filter(key__in=wanted).values_list("employee_id", "key")
    # MariaDB finds josé for jose; the keys were made by one function, so compare exactly.
    ids = {pk for pk, key in found if key in wanted}
    if not ids:
        return ""
    ids -= set(
        change.rows.filter(
            employee_id__in=ids, outcome=MassRow.Outcome.NEW, state=MassRow.State.DONE
        ).values_list("employee_id", flat=True)
    )
    alike = [one for one in look_alikes(columns, actor) if one.employee.pk in ids]
    return f"{said_of(alike[0])} Load this line once more, and answer then." if alike else ""
