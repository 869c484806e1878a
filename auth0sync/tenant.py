"""Auth0 in the console's words: what is asked about one account.

Every method makes one call (two where a refused token is replaced, :mod:`auth0sync.calls`), and
either returns what the engine needs or raises one of :mod:`auth0sync.errors`.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from auth0sync.answers import no_connection
from auth0sync.calls import CREATE, Caller, Outgoing, sdk
from auth0sync.errors import Misconfigured, Unknown
from auth0sync.ownership import stored_id
from auth0sync.rate import Group
from employees.emails import normalise_email

PASSWORD_BYTES = 48  # of randomness; nobody ever knows or needs this password


class Tenant(Caller):
    """What the engine asks of the tenant: about one account at a time."""

    def read_user(self, user_id: str) -> dict[str, Any]:
        """The profile. Raises Gone when Auth0 has no such account."""
        send = sdk().users.with_raw_response.get
        return _profile(
            self.call(Outgoing("read account", "read", Group.USER_READS), lambda: send(user_id)),
            user_id,
        )

    def find_by_email(self, email: str) -> list[dict[str, Any]]:
        """Every account with this e-mail, of all connections. email: normalised, as Auth0 asks."""
        send = sdk().users.with_raw_response.list_users_by_email
        found = self.call(
            Outgoing("find by e-mail", "read", Group.USER_READS), lambda: send(email=email)
        )
        return [_profile(each) for each in found]

    def create_user(self, user_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make an account with a random password, and return its profile.

        user_id: without ``auth0|``, which Auth0 puts before it.
        Raises Conflict when the id or the e-mail is taken, Unknown when no answer came.
        """
        send = sdk().users.with_raw_response.create
        return _profile(
            self.call(
                Outgoing(CREATE, "create", Group.USER_WRITES),
                # The password is made here and nowhere kept: Auth0 asks for one (facts: users).
                lambda: send(
                    connection=settings.AUTH0_CONNECTION,
                    user_id=user_id,
                    password=_random_password(),
                    **body,
                ),
                writes=True,
                fields=sorted(body),
            ),
            stored_id(user_id),
        )

    def update_user(self, user_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change these fields and return the profile; None unsets one. Raises Gone, Conflict."""
        send = sdk().users.with_raw_response.update
        capability = "block" if "blocked" in changes else "update"
        action = "block account" if changes.get("blocked") else "update account"
        return _profile(
            self.call(
                Outgoing(action, capability, Group.USER_WRITES),
                lambda: send(user_id, **changes),
                writes=True,
                fields=sorted(changes),
            ),
            user_id,
        )

    def delete_user(self, user_id: str) -> None:
        """Delete the account for good; one that is gone already is no error (facts: users)."""
        send = sdk().users.with_raw_response.delete
        self.call(
            Outgoing("delete account", "delete", Group.USER_DELETES),
            lambda: send(user_id),
            writes=True,
        )

    def replace_password(self, user_id: str) -> None:
        """Set a random password that nobody knows. It lifts a block (facts: section 0, 3)."""
        send = sdk().users.with_raw_response.update
        answer = self.call(
            Outgoing("replace password", "update", Group.USER_WRITES),
            lambda: send(user_id, password=_random_password()),
            writes=True,
        )
        _profile(answer, user_id)

    def roles_of(self, user_id: str) -> tuple[str, ...]:
        """The names of the roles that the account holds."""
        send = sdk().users.roles.with_raw_response.list
        found = self.call(
            Outgoing("read roles", "roles", Group.REST), lambda: send(user_id, per_page=100)
        )
        return tuple(str(role["name"]) for role in found)

    def role_id(self, name: str) -> str:
        """The tenant's id of a role. Raises Misconfigured when the tenant hasn't got it."""
        send = sdk().roles.with_raw_response.list
        missing = Misconfigured(
            f"The role {name} doesn't exist in Auth0: make it there.",
            code="role_missing",
            capability="roles",
            missing=name,
        )
        found = self.call(
            Outgoing("find role", "roles", Group.REST),
            lambda: send(name_filter=name, per_page=100),
            # The filter is a contains-match (facts: GET /roles).
            judge=lambda roles: None if any(role["name"] == name for role in roles) else missing,
        )
        return next(str(role["id"]) for role in found if role["name"] == name)

    def find_connection(self) -> None:
        """Make sure that the connection in the settings exists. Raises Misconfigured."""
        send = sdk().connections.with_raw_response.list
        name = settings.AUTH0_CONNECTION
        self.call(
            Outgoing("find connection", "create", Group.REST),
            lambda: send(name=name),
            judge=lambda found: (
                None if any(each["name"] == name for each in found) else no_connection()
            ),
        )

    def add_role(self, user_id: str, role_id: str) -> None:
        """Give a role; giving it twice is harmless (facts: POST /users/{id}/roles)."""
        send = sdk().users.roles.with_raw_response.assign
        self.call(
            Outgoing("give role", "roles", Group.REST),
            lambda: send(user_id, roles=[role_id]),
            writes=True,
        )

    def remove_role(self, user_id: str, role_id: str) -> None:
        """Take a role away; a role that isn't held is no error."""
        send = sdk().users.roles.with_raw_response.delete
        self.call(
            Outgoing("take role away", "roles", Group.REST),
            lambda: send(user_id, roles=[role_id]),
            writes=True,
        )

    def end_sessions(self, user_id: str) -> bool:
        """End the account's Auth0 sessions; False when the tenant's plan has no such call."""
        send = sdk().users.sessions.with_raw_response.delete
        return self._if_in_plan("end sessions", lambda: send(user_id))

    def revoke_refresh_tokens(self, user_id: str) -> bool:
        """Revoke the account's refresh tokens; False when the tenant's plan has no such call."""
        send = sdk().users.refresh_token.with_raw_response.delete
        return self._if_in_plan("revoke refresh tokens", lambda: send(user_id))

    def password_ticket(self, user_id: str, *, verifies_email: bool, hours: int) -> str:
        """A link with which to set a password. It is a credential: mail it, never store it.

        verifies_email: only for a link that is mailed to the account's own address.
        """
        send = sdk().tickets.with_raw_response.change_password
        options = (
            {"client_id": settings.AUTH0_LOGIN_CLIENT_ID} if settings.AUTH0_LOGIN_CLIENT_ID else {}
        )
        answer = self.call(
            Outgoing("make password ticket", "tickets", Group.REST),
            lambda: send(
                user_id=user_id,
                ttl_sec=hours * 3600,
                mark_email_as_verified=verifies_email,
                **options,
            ),
            writes=True,
        )
        return str(answer["ticket"])

    def send_verification_mail(self, user_id: str) -> None:
        """Have Auth0 send its own verification mail."""
        send = sdk().jobs.verification_email.with_raw_response.create
        self.call(
            Outgoing("send verification mail", "tickets", Group.REST),
            lambda: send(user_id=user_id),
            writes=True,
        )

    def _if_in_plan(self, action: str, send: Callable[[], Any]) -> bool:
        try:
            self.call(Outgoing(action, "block", Group.REST), send, writes=True)
        except Misconfigured as error:
            # Any 403 here may be the plan's, whatever its code (facts: section 0, 7).
            if error.code.startswith("insufficient_"):
                return False
            raise
        return True


def _random_password() -> str:
    # Upper, lower, digit and special characters, for every password policy that Auth0 offers.
    return secrets.token_urlsafe(PASSWORD_BYTES) + "aA1!"


def _profile(data: Mapping[str, Any], user_id: str = "") -> dict[str, Any]:
    """The profile with its e-mail normalised. Raises Unknown when it is somebody else's."""
    if user_id and data.get("user_id") != user_id:
        raise Unknown("Auth0's answer is about another account.", code="other_account")
    return {**data, "email": normalise_email(data.get("email"))}
