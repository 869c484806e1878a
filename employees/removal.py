"""Whether an addition can be taken back, so that the row goes.

Whoever has worked, signed in or is known to another program stays, and is archived instead
(requirement P2): the Flask application keeps pointing to them. Reads only; ``services`` writes.
"""

from collections.abc import Iterator

from django.db import connection

from employees.history import notice_changes
from employees.models import Change, Employee, EmployeeAuth, EmployeeUser

POINTS_BY_NAME = "employee_id"  # a column of this name points to a person, also without a key


def why_not_remove(employee: Employee) -> str:
    """Why the row of this person has to stay; "" when nobody and nothing has used it yet."""
    notice_changes([employee.pk])  # what SQL did a moment ago counts
    first = Change.objects.filter(employee_id=employee.pk).order_by("pk").first()
    by_us = (Change.Source.ADMIN, Change.Source.IMPORT)
    if first is None or first.action != "added" or first.source not in by_us:
        return "This person wasn’t added in the console."
    if employee.current_streak or employee.achievement_points or employee.welcome_sent_at:
        return "This person has begun to work already."
    if employee.connecteam_user_id:
        return "Connecteam knows this person already."
    auth_rows = EmployeeAuth.objects.filter(employee_id=employee.pk)
    if auth_rows.exclude(last_login=None).exists():
        return "This person has signed in at the kiosk."
    if EmployeeUser.objects.filter(employee_id=employee.pk).exists():
        return "This person has signed in to the console."
    if table := next(tables_pointing_to(employee.pk), ""):
        return f"Another program has noted something of this person ({table})."
    return ""


def tables_pointing_to(employee_id: int) -> Iterator[str]:
    """The tables of other programs in which this person stands, found as they are now."""
    look = connection.introspection
    ours = {*look.django_table_names(), Employee._meta.db_table, EmployeeAuth._meta.db_table}
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in sorted(set(look.table_names(cursor)) - ours):
            keys = look.get_relations(cursor, table).items()
            columns = {name for name, (_, other) in keys if other == Employee._meta.db_table}
            columns |= {
                column.name
                for column in look.get_table_description(cursor, table)
                if column.name.lower() == POINTS_BY_NAME
            }
            for column in sorted(columns):
                cursor.execute(
                    f"SELECT 1 FROM {quote(table)} WHERE {quote(column)} = %s LIMIT 1",  # noqa: S608
                    [employee_id],
                )
                if cursor.fetchone():
                    yield table
