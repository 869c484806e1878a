"""Auth0 in the console's words: the only place that knows its SDK.

Every method makes one call (two where a refused token is replaced), and either returns what the
engine needs or raises one of :mod:`auth0sync.errors`. The SDK's own retries are off: they repeat
POST, also on a 409 (facts: section 0, 1). Which answer means what: facts, "Error bodies".
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpx
from auth0.management import Auth0
from auth0.management.core.api_error import ApiError
from auth0.management.core.pagination import SyncPager
from auth0.management.core.parse_error import ParsingError
from django.conf import settings

from auth0sync.answers import Answer, meaning, no_connection
from auth0sync.errors import Misconfigured, SyncError, Unknown
from auth0sync.ownership import stored_id
from auth0sync.rate import Group
from auth0sync.token import drop_token, get_token
from employees.emails import normalise_email

PASSWORD_BYTES = 48  # of randomness; nobody ever knows or needs this password


@dataclass(frozen=True)
class Outgoing:
    """A call that is about to go out.

    capability: what it needs, as in errors.Misconfigured.
    """

    action: str
    capability: str
    group: Group


@dataclass(frozen=True)
class Call:
    """What happened in one call, for the log: names and codes, never values.

    headers: the answer's, with names in lower case; empty when there was none.
    """

    outgoing: Outgoing
    http_status: int | None
    duration_ms: int
    error: SyncError | None
    fields: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """What was done, in words."""
        return self.outgoing.action


GET_TOKEN = Outgoing("get token", "token", Group.REST)


@dataclass
class Tenant:
    """The tenant in the settings.

    before_call: called before every request goes out; raises to keep it from going out.
    after_call: told of every request that went out, before an error is raised.
    """

    before_call: Callable[[Outgoing], None]
    after_call: Callable[[Call], None]

    def read_user(self, user_id: str) -> dict[str, Any]:
        """The profile. Raises Gone when Auth0 has no such account."""
        send = _sdk().users.with_raw_response.get
        return _profile(
            self._call(Outgoing("read account", "read", Group.USER_READS), lambda: send(user_id)),
            user_id,
        )

    def find_by_email(self, email: str) -> list[dict[str, Any]]:
        """Every account with this e-mail, of all connections. email: normalised, as Auth0 asks."""
        send = _sdk().users.with_raw_response.list_users_by_email
        found = self._call(
            Outgoing("find by e-mail", "read", Group.USER_READS), lambda: send(email=email)
        )
        return [_profile(each) for each in found]

    def create_user(self, user_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make an account with a random password, and return its profile.

        user_id: without ``auth0|``, which Auth0 puts before it.
        Raises Conflict when the id or the e-mail is taken, Unknown when no answer came.
        """
        send = _sdk().users.with_raw_response.create
        return _profile(
            self._call(
                Outgoing("create account", "create", Group.USER_WRITES),
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
        send = _sdk().users.with_raw_response.update
        capability = "block" if "blocked" in changes else "update"
        action = "block account" if changes.get("blocked") else "update account"
        return _profile(
            self._call(
                Outgoing(action, capability, Group.USER_WRITES),
                lambda: send(user_id, **changes),
                writes=True,
                fields=sorted(changes),
            ),
            user_id,
        )

    def delete_user(self, user_id: str) -> None:
        """Delete the account for good; one that is gone already is no error (facts: users)."""
        send = _sdk().users.with_raw_response.delete
        self._call(
            Outgoing("delete account", "delete", Group.USER_DELETES),
            lambda: send(user_id),
            writes=True,
        )

    def replace_password(self, user_id: str) -> None:
        """Set a random password that nobody knows. It lifts a block (facts: section 0, 3)."""
        send = _sdk().users.with_raw_response.update
        answer = self._call(
            Outgoing("replace password", "update", Group.USER_WRITES),
            lambda: send(user_id, password=_random_password()),
            writes=True,
        )
        _profile(answer, user_id)

    def roles_of(self, user_id: str) -> tuple[str, ...]:
        """The names of the roles that the account holds."""
        send = _sdk().users.roles.with_raw_response.list
        found = self._call(
            Outgoing("read roles", "roles", Group.REST), lambda: send(user_id, per_page=100)
        )
        return tuple(str(role["name"]) for role in found)

    def role_id(self, name: str) -> str:
        """The tenant's id of a role. Raises Misconfigured when the tenant hasn't got it."""
        send = _sdk().roles.with_raw_response.list
        missing = Misconfigured(
            f"The role {name} doesn't exist in Auth0: make it there.",
            code="role_missing",
            capability="roles",
            missing=name,
        )
        found = self._call(
            Outgoing("find role", "roles", Group.REST),
            lambda: send(name_filter=name, per_page=100),
            # The filter is a contains-match (facts: GET /roles).
            judge=lambda roles: None if any(role["name"] == name for role in roles) else missing,
        )
        return next(str(role["id"]) for role in found if role["name"] == name)

    def find_connection(self) -> None:
        """Make sure that the connection in the settings exists. Raises Misconfigured."""
        send = _sdk().connections.with_raw_response.list
        name = settings.AUTH0_CONNECTION
        self._call(
            Outgoing("find connection", "create", Group.REST),
            lambda: send(name=name),
            judge=lambda found: (
                None if any(each["name"] == name for each in found) else no_connection()
            ),
        )

    def add_role(self, user_id: str, role_id: str) -> None:
        """Give a role; giving it twice is harmless (facts: POST /users/{id}/roles)."""
        send = _sdk().users.roles.with_raw_response.assign
        self._call(
            Outgoing("give role", "roles", Group.REST),
            lambda: send(user_id, roles=[role_id]),
            writes=True,
        )

    def remove_role(self, user_id: str, role_id: str) -> None:
        """Take a role away; a role that isn't held is no error."""
        send = _sdk().users.roles.with_raw_response.delete
        self._call(
            Outgoing("take role away", "roles", Group.REST),
            lambda: send(user_id, roles=[role_id]),
            writes=True,
        )

    def end_sessions(self, user_id: str) -> bool:
        """End the account's Auth0 sessions; False when the tenant's plan has no such call."""
        send = _sdk().users.sessions.with_raw_response.delete
        return self._if_in_plan("end sessions", lambda: send(user_id))

    def revoke_refresh_tokens(self, user_id: str) -> bool:
        """Revoke the account's refresh tokens; False when the tenant's plan has no such call."""
        send = _sdk().users.refresh_token.with_raw_response.delete
        return self._if_in_plan("revoke refresh tokens", lambda: send(user_id))

    def password_ticket(self, user_id: str, *, verifies_email: bool, hours: int) -> str:
        """A link with which to set a password. It is a credential: mail it, never store it.

        verifies_email: only for a link that is mailed to the account's own address.
        """
        send = _sdk().tickets.with_raw_response.change_password
        options = (
            {"client_id": settings.AUTH0_LOGIN_CLIENT_ID} if settings.AUTH0_LOGIN_CLIENT_ID else {}
        )
        answer = self._call(
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
        send = _sdk().jobs.verification_email.with_raw_response.create
        self._call(
            Outgoing("send verification mail", "tickets", Group.REST),
            lambda: send(user_id=user_id),
            writes=True,
        )

    def _if_in_plan(self, action: str, send: Callable[[], Any]) -> bool:
        try:
            self._call(Outgoing(action, "block", Group.REST), send, writes=True)
        except Misconfigured as error:
            # Any 403 here may be the plan's, whatever its code (facts: section 0, 7).
            if error.code.startswith("insufficient_"):
                return False
            raise
        return True

    def _call(
        self,
        outgoing: Outgoing,
        send: Callable[[], Any],
        *,
        writes: bool = False,
        fields: Sequence[str] = (),
        judge: Callable[[Any], SyncError | None] = lambda data: None,
    ) -> Any:
        """Send, tell ``after_call``, and return the answer's data or raise what it means.

        judge: what a good answer's data means, when it may be bad news all the same.
        A refused token (401), or one without a new scope (403), is replaced once.
        """
        replaced = False
        while True:
            self.before_call(outgoing)
            started = time.monotonic()
            token = _this.token = self._get_token(started)
            _this.headers = {}
            answer = _send(send)
            error = meaning(answer, outgoing.capability, writes=writes) or judge(answer.data)
            took_ms = _ms_since(started)
            self.after_call(Call(outgoing, answer.status, took_ms, error, fields, _this.headers))
            if error is None:
                return answer.data
            if replaced or error.code not in {"unauthorized", "insufficient_scope"}:
                raise error
            if not drop_token(token, for_scope=error.code == "insufficient_scope"):
                raise error
            replaced = True

    def _get_token(self, started: float) -> str:
        try:
            return get_token()
        except SyncError as error:
            self.after_call(Call(GET_TOKEN, None, _ms_since(started), error))
            raise


def _random_password() -> str:
    # Upper, lower, digit and special characters, for every password policy that Auth0 offers.
    return secrets.token_urlsafe(PASSWORD_BYTES) + "aA1!"


_this = threading.local()  # this thread's call: the token it sends, the headers it is answered with


def _sdk() -> Auth0:
    return _sdk_for(settings.AUTH0_BASE_URL, settings.AUTH0_TIMEOUT)


@lru_cache(maxsize=1)
def _sdk_for(base_url: str, timeout_s: int) -> Auth0:
    """One client and connection pool a process, made on first use: after the worker was forked."""
    return Auth0(
        base_url=f"{base_url}/api/v2",
        token=lambda: str(_this.token),
        max_retries=0,
        httpx_client=_Client(timeout=timeout_s),
    )


class _Client(httpx.Client):
    """Leaves no answer behind that refers to itself.

    httpx's do, through their stream, and would keep the request, with a password in it, in memory
    until the garbage collector comes by.
    """

    def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        response = super().send(request, stream=True, **options)
        try:
            response.read()
        finally:
            response.close()
            response.stream = httpx.ByteStream(b"")
        _this.headers = dict(response.headers)  # the SDK keeps those of a list to itself
        return response


def _send(send: Callable[[], Any]) -> Answer:
    """Send and bring back plain values only.

    The SDK's and httpx's errors hold the request, and with it a password: none of them, and no
    frame that saw one, leaves this function.
    """
    try:
        response = send()
        if isinstance(response, SyncPager):  # the SDK keeps the status of a list to itself
            failure = "unreadable_answer" if response.items is None else ""
            return Answer(httpx.codes.OK, data=_plain(response.items), failure=failure)
        return Answer(response.status_code, data=_plain(response.data))
    except ApiError as error:
        body = error.body if isinstance(error.body, dict) else {}
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        # The SDK also raises it for a good status with a body that is no JSON.
        failure = "unreadable_answer" if (error.status_code or 0) < 300 else ""
        return Answer(error.status_code, body=body, headers=headers, failure=failure)
    except ParsingError as error:
        return Answer(error.status_code, failure="unreadable_answer")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return Answer(failure=f"unreachable_{type(error).__name__}")
    except httpx.RequestError as error:
        return Answer(failure=f"lost_{type(error).__name__}")


def _plain(data: Any) -> Any:
    """The SDK's models as dictionaries."""
    if isinstance(data, list):
        return [_plain(item) for item in data]
    return data.dict() if hasattr(data, "dict") else data


def _profile(data: Mapping[str, Any], user_id: str = "") -> dict[str, Any]:
    """The profile with its e-mail normalised. Raises Unknown when it is somebody else's."""
    if user_id and data.get("user_id") != user_id:
        raise Unknown("Auth0's answer is about another account.", code="other_account")
    return {**data, "email": normalise_email(data.get("email"))}


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
