"""One user of an import file: what is refused, what is stored (facts: import file)."""

from typing import Any

from devtenant.clock import hex_id, timestamp
from devtenant.errors import ApiError, invalid_body
from devtenant.profiles import check_metadata, check_size, check_username, profile_fields
from devtenant.schemas import Anything, Many, Record, Shape, Text
from devtenant.state import Tenant
from devtenant.users import new_user

FIELDS: dict[str, Shape] = {
    name: shape
    for name, shape in profile_fields(nullable=False).items()
    if name not in ("phone_number", "phone_verified", "verify_email", "password", "connection")
}
# Passwords come as hashes only; this tenant takes them and lets nobody in by one.
HASHES = ("password_hash", "custom_password_hash")
ROW = Record(
    {
        **FIELDS,
        "user_id": Text(0, 255, pattern=r"^\S*$"),
        "password_hash": Text(pattern=r"^\$2[ab]\$10\$[./A-Za-z0-9]{53}$"),
        "custom_password_hash": Anything(),
        "mfa_factors": Many(Anything(), low=1, high=10),
    },
    required=("email",),
)
UPSERTED = (
    *("email_verified", "given_name", "family_name", "name", "nickname", "picture"),
    *("app_metadata", "user_metadata"),
)
EXISTS = ("DUPLICATED_USER", "The user already exist and upsert parameter is false")
# How the validator of Auth0 calls what its messages say; the first words of the message.
CODES = (
    ("Object didn't pass validation for format", "INVALID_FORMAT"),
    ("Additional properties not allowed", "OBJECT_ADDITIONAL_PROPERTIES"),
    ("Missing required property", "OBJECT_REQUIRED"),
    ("Expected type", "INVALID_TYPE"),
    ("String is too short", "MIN_LENGTH"),
    ("String is too long", "MAX_LENGTH"),
    ("String does not match pattern", "PATTERN"),
    ("Array is too short", "ARRAY_LENGTH_SHORT"),
    ("Array is too long", "ARRAY_LENGTH_LONG"),
)


class RowError(ValueError):
    """A user that is not imported: what GET /jobs/{id}/errors says of them."""

    def __init__(self, code: str, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.shown = {"code": code, "message": message}
        if path:
            self.shown["path"] = path


def import_user(
    tenant: Tenant, connection: dict[str, Any], row: Any, *, upsert: bool, repeated: str | None
) -> str:
    """Store one user of a file without a password; returns ``inserted`` or ``updated``.

    repeated: the field in which the row is like an earlier one of the file. No mail goes out.
    Raises: RowError.
    Source: facts: import file.
    """
    check_row(connection, row)
    if repeated:
        message = f"A user with this {repeated} was already provided."
        raise RowError("DUPLICATED_USER", message)
    email = row["email"].lower()
    name = connection["name"]
    same = [
        user
        for user in tenant.users_with_email(email)
        if user["identities"][0]["connection"] == name
    ]
    if same and not upsert:
        raise RowError(*EXISTS)
    if same:
        store(tenant, updated(same[0], row))
        return "updated"
    bare_id = row.get("user_id") or hex_id()
    taken = f"auth0|{bare_id}" in tenant.users.rows
    if taken or ("username" in row and tenant.keys.with_username(row["username"].lower())):
        # Upsert looks for the e-mail alone.
        code = "CONFLICT" if upsert else EXISTS[0]
        raise RowError(code, EXISTS[1])
    store(tenant, new_user(row, name, bare_id))
    return "inserted"


def updated(user: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A user after an upsert: metadata is overwritten, who they are and a block stay."""
    changes = {field: row[field] for field in UPSERTED if field in row}
    changed = {**user, **changes, "updated_at": timestamp()}
    if not changed.get("app_metadata", True):
        del changed["app_metadata"]
    return changed


def store(tenant: Tenant, user: dict[str, Any]) -> None:
    """Store a user whose profile is not too large.

    Raises: RowError.
    """
    try:
        check_size(user)
    except ApiError as refusal:
        raise RowError("NOT_PASSED", refusal.body["message"]) from refusal
    tenant.save_user(user)


def check_row(connection: dict[str, Any], row: Any) -> None:
    """Refuse what the schema of an import file doesn't take.

    The lengths are those of POST /users (believed). A connection that wants user names takes
    users without one here (recorded).
    Raises: RowError.
    """
    try:
        ROW.check(row, "")
        check_metadata(row)
        if all(name in row for name in HASHES):
            raise invalid_body("password_hash and custom_password_hash are mutually exclusive")
        check_username(connection["options"], connection["name"], row.get("username"), False)
    except ApiError as refusal:
        raise in_words_of_a_job(refusal) from refusal


def in_words_of_a_job(refusal: ApiError) -> RowError:
    """The error of a row for what POST /users would have answered.

    Source: facts: import file (codes).
    """
    text = str(refusal.body["message"]).removeprefix("Payload validation error: ")
    problem, _, path = text.partition("' on property ")
    problem = problem.strip("'")
    code = next((code for words, code in CODES if problem.startswith(words)), "NOT_PASSED")
    message = f"Error in {path} property - {problem}" if path else problem
    return RowError(code, message, path)


def repeated_rows(rows: list[Any]) -> dict[str, str]:
    """Which rows of a file repeat an earlier one: position as text -> the field that is the same.

    Source: facts: import file ("a duplicated user entry in the import file will cause an error").
    """
    seen: set[tuple[str, str]] = set()
    found: dict[str, str] = {}
    for position, row in enumerate(rows):
        if not isinstance(row, dict):
            continue
        for field in ("email", "user_id", "username"):
            value = row.get(field)
            if not value or not isinstance(value, str):
                continue
            key = (field, value if field == "user_id" else value.lower())
            if key in seen:
                found.setdefault(str(position), field)
            seen.add(key)
    return found


def without_hashes(row: Any) -> Any:
    """A row as errors show it: hashes are stars."""
    if not isinstance(row, dict):
        return row
    shown = dict(row)
    if "password_hash" in row:
        shown["password_hash"] = "*****"  # noqa: S105 - this is no password any more
    custom = row.get("custom_password_hash")
    if isinstance(custom, dict):
        shown["custom_password_hash"] = {**custom, "hash": {"value": "*****"}}
    return shown
