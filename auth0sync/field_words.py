"""What the fields of an account are called on a page; pure."""

WORDS = {
    "email": "e-mail",
    "email_verified": "e-mail verified",
    "name": "name",
    "given_name": "first name",
    "family_name": "last name",
    "blocked": "blocked",
    "roles": "Auth0 role",
    "employee_id": "number",
    "full_name": "full name",
    "department": "department",
    "hire_date": "hire date",
    "phone_number": "phone number",
    "personal_email": "personal e-mail",
    "timezone": "time zone",
    "is_shop_floor": "on the shop floor",
    "podfactory_email": "PodFactory e-mail",
    "internal_id": "internal number",
    "installation": "installation",
    "created_by": "made by",
    "podfactory_enabled": "in PodFactory",
    "podfactory_sync_status": "PodFactory match",
    "connecteam_id": "Connecteam user id",
    "department_code": "department code",
    "role_code": "role code",
    "access_level": "access level",
    "workspace": "workspace",
    "previous_names": "earlier names",
}


def in_words(name: str) -> str:
    """A field as the form calls it, within a sentence; what has no word stays as it is.

    name: as Auth0 calls it; what is in the metadata with its group, such as
    ``user_metadata.hire_date``.
    """
    return WORDS.get(name.rpartition(".")[2], name)
