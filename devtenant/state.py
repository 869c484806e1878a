"""Everything the tenant knows, behind one lock, written through on every change."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from devtenant.buckets import Bucket, Buckets
from devtenant.faults import Faults
from devtenant.index import SearchIndex
from devtenant.keys import Keys
from devtenant.store import Store

REQUESTS_KEPT = 5000


class Table:
    """Records of one kind by id, in order of creation."""

    def __init__(self, kind: str, store: Store) -> None:
        self.kind = kind
        self.store = store
        self.rows: dict[str, Any] = {}

    def put(self, key: str, row: Any) -> None:
        """Insert or replace. A row changed in place must be put again, or a restart loses it."""
        self.rows[key] = row
        self.store.put(self.kind, key, row)

    def remove(self, key: str) -> None:
        """Delete; nothing happens when it is not there."""
        if self.rows.pop(key, None) is not None:
            self.store.remove(self.kind, key)


@dataclass
class Settings:
    """What the control interface can change. Times in seconds."""

    plan: str = "demo"
    search_delay_s: float = 2.0
    retry_after_header: bool = False
    latency_s: float = 0.0
    # (burst, calls a second) instead of the plan's limits
    rate: tuple[int, float] | None = None
    # how long Auth0 takes to build an Action
    build_s: float = 0.2
    # the speed of each import job, and how long an export takes
    import_users_per_second: float = 200.0
    export_s: float = 0.5
    # False: the plan has no jobs for imports and exports
    bulk_jobs: bool = True
    # how long the log is kept; None: as long as the plan does
    log_retention_s: float | None = None


@dataclass
class Traffic:
    """Counters of calls since the start or the last reset; not kept over a restart."""

    calls: Counter[str] = field(default_factory=Counter)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))


class Tenant:
    """The one object that every part of the program shares.

    Hold the lock (``change`` or ``lock``) around every read and write, and never sleep in it.
    """

    def __init__(
        self,
        plan: str = "demo",
        path: Path | None = None,
        empty: bool = False,
        consoles: Iterable[str] = (),
    ) -> None:
        """path: SQLite file that keeps the state, or None. empty: start without roles.

        consoles: where consoles answer, such as ``http://127.0.0.1:8000``; the log-in client may
        be sent back to them.

        Raises: sqlite3.Error when the file cannot be used.
        """
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.first_plan = plan
        self.empty = empty
        self.store = Store(path)
        kinds = [
            "users",
            "secrets",
            "memberships",
            "grants",
            "roles",
            "resource_servers",
            "connections",
            "clients",
            "client_grants",
            "actions",
            "bindings",
            "tickets",
            "jobs",
            "job_files",
            "job_errors",
            "mails",
            "logs",
            "log_streams",
            "settings",
        ]
        self.tables = {kind: Table(kind, self.store) for kind in kinds}
        self.users = self.tables["users"]
        # Passwords and brute-force blocks, apart from what the interface shows.
        self.secrets = self.tables["secrets"]
        self.memberships = self.tables["memberships"]  # user_id: [role ids]
        self.grants = self.tables["grants"]  # user_id: direct permissions
        self.roles = self.tables["roles"]
        self.resource_servers = self.tables["resource_servers"]
        self.connections = self.tables["connections"]
        self.clients = self.tables["clients"]
        self.client_grants = self.tables["client_grants"]
        self.actions = self.tables["actions"]
        self.bindings = self.tables["bindings"]  # trigger: [bindings in their order]
        self.tickets = self.tables["tickets"]
        self.jobs = self.tables["jobs"]
        # What was sent to a job and what it found, apart: a job's own row is written at every step.
        self.job_files = self.tables["job_files"]
        self.job_errors = self.tables["job_errors"]
        self.job_waits = threading.Event()  # there is a job to be worked off
        self.snapshots: dict[str, list[dict[str, Any]]] = {}  # job_id: whom an export holds
        self.mails = self.tables["mails"]
        # The tenant's log, oldest first (tenant_log.py).
        self.logs = self.tables["logs"]
        self.log_streams = self.tables["log_streams"]
        self.log_number = 0
        self.log_at = 0.0  # seconds since the epoch
        # Tells the streams' threads that a record or a stream came; behind the lock like all else.
        self.log_grew = threading.Condition(self.lock)
        self.limits_noted: dict[tuple[str, str], float] = {}  # when each was logged last
        self.kept = self.tables["settings"]
        self.mail_count = 0
        # Who is signed in and what was handed out; a restart ends all of it.
        self.logins: dict[str, Any] = {}  # cookie: signing_in.Session
        self.codes: dict[str, Any] = {}  # authorization code: oidc.Code
        self.access_tokens: dict[str, tuple[str, str, float]] = {}  # token: user_id, scope, end
        self.consoles = list(consoles)
        self.streams: list[tuple[str, str]] = []  # of the command line: address, authorization
        self.index = SearchIndex()
        self.keys = Keys()
        self.faults = Faults()
        self.traffic = Traffic()
        self.settings = Settings(plan=plan)
        self.buckets = Buckets(plan)
        self.reset_buckets: dict[str, Bucket] = {}  # by IP and e-mail
        self.load()

    def load(self) -> None:
        """Take over what the state file holds. The plan of the command line wins."""
        for kind, key, row in self.store.load():
            if kind in self.tables:
                self.tables[kind].rows[key] = row
        saved = self.kept.rows.get("settings")
        if saved:
            # A state file of another version may hold settings that aren't any more.
            known = {each.name for each in fields(Settings)}
            kept = {name: value for name, value in saved.items() if name in known}
            self.settings = Settings(**{**kept, "plan": self.first_plan})
        self.apply_settings()
        self.mail_count = max((int(key) for key in self.mails.rows), default=0)
        if self.logs.rows:
            last = next(reversed(self.logs.rows.values()))
            self.log_number = int(last["log_id"][-36:])
            self.log_at = datetime.fromisoformat(last["date"]).timestamp()
        for key, row in self.users.rows.items():
            self.index.now(key, row)
            self.keys.move_user(None, row)
        for key, held in self.memberships.rows.items():
            self.keys.move_roles(key, [], held)
        self.job_waits.set()

    def apply_settings(self) -> None:
        """Make the buckets follow the settings, full."""
        rate = self.settings.rate
        own_rate = (int(rate[0]), float(rate[1])) if rate else None
        self.buckets.use(self.settings.plan, own_rate)

    def save_settings(self) -> None:
        """Keep the settings over a restart."""
        self.kept.put("settings", asdict(self.settings))

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock; what was changed is in the state file when it is given back."""
        with self.lock:
            try:
                yield
            finally:
                self.store.commit()

    def save_user(self, user: dict[str, Any]) -> None:
        """Store a user; the search finds the change only after its delay.

        A stored user is never changed in place: the search and exports hold the record itself.
        """
        self.keys.move_user(self.users.rows.get(user["user_id"]), user)
        self.users.put(user["user_id"], user)
        self.index.later(user["user_id"], user, time.time() + self.settings.search_delay_s)

    def users_with_email(self, email: str) -> list[dict[str, Any]]:
        """The users of every connection with exactly this e-mail."""
        return [self.users.rows[user_id] for user_id in self.keys.with_email(email)]

    def set_roles(self, user_id: str, role_ids: list[str]) -> None:
        """Store which roles a user has."""
        self.keys.move_roles(user_id, self.memberships.rows.get(user_id, []), role_ids)
        self.memberships.put(user_id, role_ids)

    def remove_user(self, user_id: str) -> None:
        """Forget a user and all that hangs on them."""
        self.keys.move_user(self.users.rows.get(user_id), None)
        self.keys.move_roles(user_id, self.memberships.rows.get(user_id, []), [])
        for table in (self.users, self.secrets, self.memberships, self.grants):
            table.remove(user_id)
        # Somebody else may get the same id later.
        self.end_logins(user_id)
        tokens = self.access_tokens.items()
        self.access_tokens = {key: token for key, token in tokens if token[0] != user_id}
        self.index.later(user_id, None, time.time() + self.settings.search_delay_s)

    def end_logins(self, user_id: str, sid: str | None = None) -> None:
        """End a user's sessions and codes, or those of one session; tokens live until they end."""
        for kept in (self.logins, self.codes):
            for key, row in list(kept.items()):
                if row.user_id == user_id and sid in (None, row.sid):
                    del kept[key]

    def clear(self) -> None:
        """Empty everything but the signing key and the age of tokens, which no tenant rewinds."""
        for name, table in self.tables.items():
            if name == "settings":
                table.remove("settings")
            else:
                table.rows.clear()
        signing = dict(self.kept.rows)
        self.store.clear()
        for key, row in signing.items():
            self.kept.put(key, row)
        self.index = SearchIndex()
        self.keys = Keys()
        self.snapshots.clear()
        self.faults.clear()
        self.traffic = Traffic()
        self.settings = Settings(plan=self.first_plan)
        self.apply_settings()
        self.reset_buckets = {}
        self.limits_noted.clear()
        self.logins.clear()
        self.codes.clear()
        self.access_tokens.clear()
        self.mail_count = 0
        self.log_grew.notify_all()
