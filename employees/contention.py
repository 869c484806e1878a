"""When the database ends a statement so that another can go on: MariaDB and MySQL may, any time.

Two statements on one row may take the row and its indexes in opposite order, and two that insert
the same key wait for each other when somebody else has just deleted it: no order of our own
prevents that. What was ended has changed nothing, and is simply begun again.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

DEADLOCK = 1213  # MariaDB's and MySQL's ER_LOCK_DEADLOCK
LOCK_WAIT_TIMEOUT = 1205
# ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_CANT_AGGREGATE_2COLLATIONS, ER_CANNOT_CONVERT_STRING: a
# text holds what the character set of a column doesn't.
OF_A_VALUE = {(1366,), (1267,), (3988,)}
TRIES = 20

P = ParamSpec("P")
R = TypeVar("R")


def again_after_deadlock(call: Callable[P, R]) -> Callable[P, R]:
    """Call again when the database ended a statement of it for a deadlock.

    For what may be begun again: each statement a transaction of its own, or all in one. Inside a
    larger transaction the deadlock is raised as it is, because all of that was rolled back.
    Raises: OperationalError, after TRIES deadlocks in a row.
    """

    @wraps(call)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            try:
                return call(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not is_deadlock(error):
                    raise
        return call(*args, **kwargs)

    return again


def gave_way(error: BaseException) -> bool:
    """Whether a statement was ended for another's sake, so that there is no fault to be mended."""
    if not isinstance(error, OperationalError):
        return False
    if connection.vendor == "sqlite":
        return "locked" in str(error)
    return error.args[:1] in {(DEADLOCK,), (LOCK_WAIT_TIMEOUT,)}


def is_deadlock(error: BaseException) -> bool:
    """Whether it was ended at once, so that to begin again at once is right."""
    return isinstance(error, OperationalError) and error.args[:1] == (DEADLOCK,)


def is_of_a_value(error: OperationalError) -> bool:
    """Whether the database refuses what is to be written, and would the next time too.

    MariaDB and MySQL call it operational all the same: an emoji in a column of utf8mb3, or a Polish
    letter in one of latin1.
    """
    return error.args[:1] in OF_A_VALUE
