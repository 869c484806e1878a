"""One program that adds and changes people all the while, as a process of its own.

``python -m tests.chaos.writer services|sql NUMBER SEED PEOPLE SECONDS`` adds so many people over so
many seconds, and changes somebody between any two of them. By the services, as the console does,
or by plain SQL, as the other programs do, without a word to anybody. What fails because the
database is away is tried again, as a person would. The choices come from the seed.
"""

import json
import os
import random
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Any

DEPARTMENTS = ["Heat Press", "Picking", "Packing", "Labeling", "Film Matching", "Office"]
GIVEN = ["Ana", "Ben", "Chloé", "Dmitri", "Elif", "Femi", "Grete", "Hanoi", "José", "Zoë"]
FAMILY = ["Ortiz", "O'Brien", "van der Berg", "Łukasz", "Smith-Jones", "", "Ng", "Müller"]
ROLES = ["production_associate"] * 6 + ["team_lead", "manager", "finance", "admin"]
METHODS = ["auth0", "hybrid", "auth0", "hybrid", "pin"]
TRIES = 60  # a second apart: as long as a database may be away


class Writer(ABC):
    """Adds and changes people; ``done`` counts what it did."""

    def __init__(self, number: int, seed: str) -> None:
        self.number = number
        self.dice = random.Random(f"{seed} writer {number}")
        self.done: Counter[str] = Counter()
        self.made = 0

    def work(self, people: int, seconds: float) -> None:
        """Add so many people, evenly over the time, and change somebody after each."""
        began = time.monotonic()
        for n in range(people):
            self.insist(self.add)
            self.insist(self.change)
            time.sleep(max(0.0, began + seconds * (n + 1) / people - time.monotonic()))

    def insist(self, action: Callable[[], str]) -> None:
        """Do it, again and again while the database is away or busy."""
        from django.db import Error as DatabaseError
        from django.db import IntegrityError, close_old_connections

        for _ in range(TRIES):
            close_old_connections()
            try:
                self.done[action()] += 1
                return
            except IntegrityError:
                self.done["refused"] += 1
                return
            except DatabaseError:
                self.done["tried again"] += 1
                time.sleep(1)
        raise SystemExit("The database didn't come back.")

    def person(self) -> dict[str, Any]:
        """The columns of somebody new; the e-mail is nobody else's."""
        self.made += 1
        return {
            "name": self.name(),
            "email": f"w{self.number}n{self.made}@example.com",
            "department": self.dice.choice(DEPARTMENTS),
            "workspace": self.dice.choice(["MS", "TX"]),
            "phone_number": self.phone(),
            "auth_method": self.dice.choice(METHODS),
            "auth0_role": self.dice.choice(ROLES),
        }

    def name(self) -> str:
        return f"{self.dice.choice(GIVEN)} {self.dice.choice(FAMILY)}".strip()

    def phone(self) -> str:
        return f"+1 601 555 {self.dice.randrange(10_000):04d}"

    def anybody(self) -> int:
        """Somebody of the table."""
        from employees.models import Employee

        ids = list(Employee.objects.order_by("pk").values_list("pk", flat=True))
        return self.dice.choice(ids)

    def new_value(self) -> tuple[str, Any]:
        """A column and what shall stand in it."""
        self.made += 1
        return self.dice.choice(
            [
                ("name", self.name()),
                ("department", self.dice.choice(DEPARTMENTS)),
                ("workspace", self.dice.choice(["MS", "TX"])),
                ("phone_number", self.phone()),
                ("auth0_role", self.dice.choice(ROLES)),
                ("auth_method", self.dice.choice(METHODS)),
                ("email", f"w{self.number}n{self.made}@example.com"),
            ]
        )

    @abstractmethod
    def add(self) -> str:
        """Add somebody; says what it did."""

    @abstractmethod
    def change(self) -> str:
        """Change somebody; says what it did."""


class ServicesWriter(Writer):
    """What the pages of the console do."""

    def add(self) -> str:
        from employees.errors import EmailTaken
        from employees.services import add_employee
        from tests.builders import boss

        person = self.person()
        try:
            add_employee(person, "work", boss())
        except EmailTaken:
            return "was saved after all"  # the answer was lost, not the row
        return "added by services"

    def change(self) -> str:
        from employees import pin_services, services
        from employees.errors import EmployeesError
        from tests.builders import boss

        pk = self.anybody()
        kind = self.dice.choice(["change"] * 6 + ["deactivate", "reactivate", "archive", "PIN"])
        column, value = self.new_value()
        pin = f"{self.dice.randrange(10**6):06d}"
        try:
            match kind:
                case "change":
                    services.change_employee(pk, {column: value}, boss())
                case "PIN":
                    pin_services.set_pin(pk, pin, boss())
                    sys.stdout.write(f"PIN {pin}\n")
                case _:
                    getattr(services, kind)(pk, boss())
        except EmployeesError:
            return "refused"
        return f"{kind} by services"


class SqlWriter(Writer):
    """What other programs do: no service, no signal, no news."""

    def sql(self, statement: str, *params: Any) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement, params)

    def add(self) -> str:
        from employees.models import Employee

        person = self.person()
        if Employee.objects.filter(email=person["email"]).exists():
            return "was saved after all"
        columns = ", ".join(person)
        marks = ", ".join(["%s"] * len(person))
        self.sql(f"INSERT INTO employees ({columns}) VALUES ({marks})", *person.values())
        return "added by SQL"

    def change(self) -> str:
        pk = self.anybody()
        kinds = ["change"] * 6 + ["off", "on", "mapping", "delete"]
        kind = self.dice.choice(kinds)
        column, value = self.new_value()
        match kind:
            case "change":
                self.sql(f"UPDATE employees SET {column} = %s WHERE id = %s", value, pk)
            case "off" | "on":
                self.sql("UPDATE employees SET is_active = %s WHERE id = %s", kind == "on", pk)
            case "mapping":
                self.sql(
                    "INSERT INTO employee_podfactory_mapping_v2 "
                    "(employee_id, podfactory_email, is_verified, similarity_score) "
                    "VALUES (%s, %s, %s, 0.9)",
                    pk,
                    f"pod{self.number}n{self.made}@example.com",
                    self.dice.random() < 0.5,
                )
            case _:
                for table in ("employee_podfactory_mapping_v2", "employee_auth"):
                    self.sql(f"DELETE FROM {table} WHERE employee_id = %s", pk)
                self.sql("DELETE FROM employees WHERE id = %s", pk)
        return f"{kind} by SQL"


def main(kind: str, number: str, seed: str, people: str, seconds: str) -> None:
    """Do the work and print what was done as the last line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_console.settings")
    import django

    django.setup()
    writer = (ServicesWriter if kind == "services" else SqlWriter)(int(number), seed)
    writer.work(int(people), float(seconds))
    sys.stdout.write(json.dumps(writer.done) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
