"""What can go wrong when a person is added or changed; each message can be shown to a manager."""


class EmployeesError(Exception):
    """Any refusal of this app. ``field`` is the column it belongs to, where there is one."""

    field: str | None = None


class UnknownEmployee(EmployeesError):
    """There is no row with this ``employees.id``."""

    def __init__(self, employee_id: int) -> None:
        super().__init__(f"There is no employee {employee_id}.")
        self.employee_id = employee_id


class InvalidValue(EmployeesError):
    """A value that its column must not hold; ``reason`` is a sentence in plain words."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class EmailTaken(EmployeesError):
    """Another person has this work e-mail.

    other_id, other_name: that person; ``None`` and ``""`` when the database refused the e-mail
    and the row that holds it was gone a moment later.
    """

    field = "email"

    def __init__(self, other_id: int | None, other_name: str) -> None:
        holder = f"{other_name} (number {other_id})" if other_id else "another person"
        super().__init__(f"This e-mail already belongs to {holder}.")
        self.other_id = other_id
        self.other_name = other_name


class NotAllowed(EmployeesError):
    """The actor may not do this to this person; the message says why, and whom to ask."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.field = field


class LastAdministrator(NotAllowed):
    """The change would leave nobody who may do everything."""

    def __init__(self, field: str | None = None) -> None:
        super().__init__(
            "This is the last administrator: make somebody else an administrator first.", field
        )


class Overtaken(EmployeesError):
    """Somebody else wrote this column after its new value was chosen; nothing was written."""

    def __init__(self, column: str) -> None:
        super().__init__("Somebody changed this while you were here: look again.")
        self.field = "role" if column == "role_id" else column


class AlreadyAdded(EmployeesError):
    """This form was sent before: a double click, or the back button."""

    def __init__(self, employee_id: int) -> None:
        super().__init__("This form was sent already, and the person was added once.")
        self.employee_id = employee_id


class AlreadyPlanned(EmployeesError):
    """The person joins, or leaves, at another time already.

    what: "joining" or "leaving". when: that time, in words.
    """

    field = "at"

    def __init__(self, what: str, when: str) -> None:
        super().__init__(f"The {what} is planned already, for {when}: cancel that first.")


class AlreadyDecided(EmployeesError):
    """Nobody has to look at this person any more: somebody else was quicker.

    how: what became of them, in words, or "" where they never waited, or are gone.
    """

    def __init__(self, how: str) -> None:
        said = f"Somebody decided this already: {how}." if how else "Nobody waits there any more."
        super().__init__(said)
