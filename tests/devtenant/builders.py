"""Accounts and other things that tests need in the tenant."""

from typing import Any

from tests.devtenant.running import RunningTenant

CONNECTION = "Username-Password-Authentication"
PASSWORD = "Corr3ct-horse"


def new_user(email: str = "ada@example.com", **fields: Any) -> dict[str, Any]:
    """The body of POST /users; None leaves a field out."""
    body = {"connection": CONNECTION, "email": email, "password": PASSWORD, **fields}
    return {key: value for key, value in body.items() if value is not None}


def make_user(tenant: RunningTenant, email: str = "ada@example.com", **fields: Any) -> str:
    """Create a user and return the user_id."""
    response = tenant.api("POST", "/users", new_user(email, **fields))
    assert response.status_code == 201, response.text
    user_id: str = response.json()["user_id"]
    return user_id


def role_id(tenant: RunningTenant, name: str) -> str:
    """The id of a role that is there from the start."""
    found: dict[str, str] = {
        role["name"]: role["id"] for role in tenant.api("GET", "/roles").json()
    }
    return found[name]


def make_api(
    tenant: RunningTenant, identifier: str = "https://api.example.com/", *scopes: str
) -> str:
    """Create a resource server with these scopes and return its id."""
    listed = [{"value": value, "description": f"Can {value}"} for value in scopes]
    body = {"identifier": identifier, "name": "Some API", "scopes": listed}
    response = tenant.api("POST", "/resource-servers", body)
    assert response.status_code == 201, response.text
    key: str = response.json()["id"]
    return key


def permission(name: str, identifier: str = "https://api.example.com/") -> dict[str, str]:
    """One item of a list of permissions."""
    return {"resource_server_identifier": identifier, "permission_name": name}
