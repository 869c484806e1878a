"""The system check beside ``check_tables``, which ``check --database`` and ``migrate`` run."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import ERROR, INFO, WARNING, CheckMessage, Tags, register
from django.db import connections

from employees.tables import findings, migrations_pending

# Only an error stops migrate: wrong data must never stand in the way of a new version.
LEVELS = {"E": ERROR, "W": WARNING, "N": INFO}


@register(Tags.database)
def check_shared_tables(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """What differs in the shared tables, as employees.E001, employees.W001 and so on.

    Silent while migrations of this app wait: Django checks before it migrates, and migrating is
    what mends most of it.
    """
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if migrations_pending(connection):
            continue
        messages.extend(
            CheckMessage(
                LEVELS[found.code[0]],
                f"{found.table}: {found.text}",
                hint=found.mend or None,
                id=f"employees.{found.code}",
            )
            for found in findings(connection)
        )
    return messages
