"""The list of people as a file, with the columns that an import knows, so that it can come back."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import ModelResource

from employees.importing.columns import BY_NAME
from employees.models import Employee, Invitation, InvitationChoice

PAGE = 500  # people
MOST_IN_A_WORKBOOK = 20_000  # people; it is made before it is sent, and nobody waits that long


def _column(name: str, attribute: str = "") -> Any:
    return Field(attribute=attribute or name, column_name=BY_NAME[name].label)


class PeopleResource(ModelResource):  # type: ignore[misc]  # the library has no types
    """What is exported of a person, and as which text; never a PIN, a token or a hash."""

    id = _column("id")
    name = _column("name")
    email = _column("email")
    personal_email = _column("personal_email")
    phone_number = _column("phone_number")
    department = _column("department")
    role = _column("role", "role__role_name")
    workspace = _column("workspace")
    hire_date = _column("hire_date")
    auth_method = _column("auth_method")
    invitation = _column("invitation")
    auth0_role = _column("auth0_role")
    is_active = Field(column_name="Active")

    class Meta:
        model = Employee
        fields = (
            "id",
            "name",
            "email",
            "personal_email",
            "phone_number",
            "department",
            "role",
            "workspace",
            "hire_date",
            "auth_method",
            "invitation",
            "auth0_role",
            "is_active",
        )
        export_order = fields

    def dehydrate_hire_date(self, employee: Employee) -> str:
        """In ISO form, which every reader understands."""
        return employee.hire_date.isoformat() if employee.hire_date else ""

    def dehydrate_invitation(self, employee: Employee) -> str:
        """From the table of its own; read for a page at once (:func:`people`)."""
        return str(vars(employee)["invited"])

    def dehydrate_is_active(self, employee: Employee) -> str:
        """Yes, no, or in the archive."""
        return "archived" if employee.archived_at else "yes" if employee.is_active else "no"


def people(found: QuerySet[Employee]) -> Iterator[Sequence[str]]:
    """The headings, then everybody in ``found`` by number; a page at a time, two queries each."""
    resource = PeopleResource()
    yield [str(heading) for heading in resource.get_export_headers()]
    last = 0
    while True:
        rows = found.filter(pk__gt=last).select_related("role").order_by("pk")
        page = list(rows[:PAGE])
        choices = InvitationChoice.objects.filter(pk__in=[person.pk for person in page])
        invitations = dict(choices.values_list("pk", "kind"))
        for person in page:
            vars(person)["invited"] = invitations.get(person.pk, Invitation.WORK.value)
            yield ["" if cell is None else str(cell) for cell in resource.export_resource(person)]
        if len(page) < PAGE:
            return
        last = page[-1].pk
