"""A value of an account as the form says it; pure."""

from datetime import date
from typing import Any

from auth0sync.sides import as_text
from employees.models import Auth0Role, Workspace

LABELS = {
    "roles": {str(value): str(label) for value, label in Auth0Role.choices},
    "app_metadata.workspace": {str(value): str(label) for value, label in Workspace.choices},
}


def said(name: str, value: Any) -> str:
    """A value as the form says it; "" for nothing. name: as Auth0 calls the field."""
    if name in LABELS:
        values = value if isinstance(value, list | tuple) else [value]
        return as_text([LABELS[name].get(str(each), each) for each in values if each])
    if name == "user_metadata.hire_date" and isinstance(value, str):
        try:
            return date.fromisoformat(value).strftime("%-d %b %Y")
        except ValueError:
            return value  # Auth0 takes any text
    return as_text(value)
