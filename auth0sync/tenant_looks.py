"""How the tenant is set up, as far as the doctor looks at it: each method is one call, and reads.

Source: facts, "Set-up endpoints".
"""

from collections.abc import Mapping
from typing import Any

from auth0sync.calls import Caller, Outgoing, get_json, sdk
from auth0sync.errors import Gone
from auth0sync.rate import Group

CAPABILITY = "doctor"  # a refusal of it pauses nothing: only the engine begins pauses
PAGE = 100
APPLICATION = "client_id,app_type,callbacks,allowed_logout_urls,grant_types,jwt_configuration"


class TenantLooks(Caller):
    """What the doctor asks of the tenant."""

    def connection(self, name: str) -> dict[str, Any] | None:
        """The connection of this name with its options; None when there is none."""
        send = sdk().connections.with_raw_response.list
        found = self.call(_outgoing("look at connection"), lambda: send(name=name))
        return next((dict(each) for each in found if each["name"] == name), None)

    def applications_of(self, connection_id: str) -> set[str]:
        """The ids of the applications that may use the connection; the first hundred."""
        send = sdk().connections.clients.get
        outgoing = _outgoing("look at connection's applications")
        return {each["client_id"] for each in self.call(outgoing, lambda: send(connection_id))}

    def role_names(self) -> set[str]:
        """The names of the tenant's roles; the first hundred."""
        send = sdk().roles.with_raw_response.list
        found = self.call(_outgoing("look at roles"), lambda: send(per_page=PAGE))
        return {str(role["name"]) for role in found}

    def application(self, client_id: str) -> Mapping[str, Any] | None:
        """The application without its secret; None when the tenant has none of this id."""
        send = sdk().clients.with_raw_response.get
        try:
            found: Mapping[str, Any] = self.call(
                _outgoing("look at application"),
                lambda: send(client_id, fields=APPLICATION, include_fields=True),
            )
        except Gone:
            return None
        return found

    def log_streams(self) -> list[Mapping[str, Any]]:
        """The tenant's log streams as Auth0 lists them. Their sinks hold tokens: tell none."""
        found = self.call(_outgoing("look at log streams"), lambda: get_json("/log-streams"))
        return [each for each in found if isinstance(each, Mapping)]


def _outgoing(action: str) -> Outgoing:
    return Outgoing(action, CAPABILITY, Group.REST)
