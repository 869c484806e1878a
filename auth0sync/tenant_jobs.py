"""What is asked of the tenant about many accounts at once: jobs, and the members of a role.

Source: facts, "Other endpoints" (jobs, roles) and "Import file". One call a method, as in
:mod:`auth0sync.tenant`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from auth0sync.answers import no_connection
from auth0sync.calls import Caller, Outgoing, sdk, whole
from auth0sync.rate import Group

# Capabilities: none of them keeps the engine from its work.
IMPORTS, RESULTS, EXPORTS = "imports", "import results", "exports"
MEMBERS_MOST = 100  # a page of a role's members


@dataclass(frozen=True)
class Job:
    """How far a job is.

    status: pending, processing, completed or failed. summary: how many users were inserted,
    failed and so on, once it is over. location: where an export can be downloaded; it is signed,
    so it is a credential. left_s: how much longer Auth0 says that it takes; None where
    it doesn't say.
    """

    status: str
    summary: Mapping[str, int]
    location: str
    left_s: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in {"completed", "failed"}


class TenantJobs(Caller):
    """What import jobs and the comparison ask of the tenant."""

    def connection_id(self, capability: str) -> str:
        """The id of the connection in the settings. Raises Misconfigured when there is none."""
        send = sdk().connections.with_raw_response.list
        name = settings.AUTH0_CONNECTION
        found = self.call(
            Outgoing("find connection", capability, Group.REST),
            lambda: send(name=name),
            judge=lambda found: (
                None if any(each["name"] == name for each in found) else no_connection()
            ),
        )
        return next(str(each["id"]) for each in found if each["name"] == name)

    def import_users(self, connection_id: str, file: bytes, external_id: str) -> str:
        """Begin a job that makes the accounts in ``file``, and return its id.

        file: a JSON array of at most 512,000 bytes. Accounts that exist are left alone, and nobody
        is mailed. Raises Unknown when no answer came: the job may run or not.
        """
        send = sdk().jobs.users_imports.with_raw_response.create
        answer = self.call(
            Outgoing("import accounts", IMPORTS, Group.REST),
            lambda: send(
                users=("users.json", file, "application/json"),
                connection_id=connection_id,
                upsert=False,
                external_id=external_id,
                send_completion_email=False,  # else all owners of the tenant are mailed
            ),
            writes=True,
        )
        return str(answer["id"])

    def export_users(self, fields: Sequence[str]) -> str:
        """Begin a job that lists all accounts of all connections, and return its id.

        fields: names of profile fields; a user without one comes without it, and metadata comes
        whole (facts: exports).
        """
        send = sdk().jobs.users_exports.with_raw_response.create
        answer = self.call(
            Outgoing("export accounts", EXPORTS, Group.REST),
            lambda: send(format="json", fields=[{"name": name} for name in fields]),
        )
        return str(answer["id"])

    def read_job(self, job_id: str, capability: str) -> Job:
        """How far the job is. Raises Gone a day after it was made: its data is deleted."""
        send = sdk().jobs.with_raw_response.get
        answer = self.call(Outgoing("read job", capability, Group.REST), lambda: send(job_id))
        return Job(
            status=str(answer["status"]),
            summary=answer.get("summary") or {},
            location=str(answer.get("location") or ""),
            left_s=answer.get("time_left_seconds"),
        )

    def job_errors(self, job_id: str) -> list[dict[str, Any]]:
        """The users that an import job refused, each with its ``errors``. Raises Gone."""
        send = sdk().jobs.errors.with_raw_response.get
        return (
            self.call(Outgoing("read job errors", RESULTS, Group.REST), lambda: send(job_id)) or []
        )

    def give_role(self, role_id: str, user_ids: Sequence[str]) -> None:
        """Give a role to up to 50 accounts. Raises Gone when one of them doesn't exist."""
        send = sdk().roles.users.with_raw_response.assign
        self.call(
            Outgoing("give role to many", "roles", Group.REST),
            lambda: send(role_id, users=list(user_ids)),
            writes=True,
        )

    def members_of_role(self, role_id: str, after: str | None = None) -> tuple[list[str], str]:
        """A page of the ids of the accounts that hold a role, and what leads to the next.

        after: what came with the page before; None for the first. "" came with the last.
        """
        send = sdk().roles.users.list
        page = self.call(
            Outgoing("read role members", EXPORTS, Group.REST),
            lambda: whole(send(role_id, from_=after, take=MEMBERS_MOST)),
        )
        return [str(user["user_id"]) for user in page["users"]], str(page.get("next") or "")
