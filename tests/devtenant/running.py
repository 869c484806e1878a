"""A stand-in tenant as a process of its own, for tests that talk to it over HTTP."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_S = 20.0  # seconds until a start has failed
STOP_S = 10.0


class RunningTenant:
    """``python -m devtenant`` as a context manager.

    plan: demo, free, essentials or enterprise. state: SQLite file, None = memory.
    smtp_port: 0 = no mailbox, None = a free port. consoles: where consoles answer, for ever.
    streams: where the log is sent, with stream_token.
    ``base_url`` is the root, such as ``http://127.0.0.1:40123``; ``domain`` is host and port.
    After ``stop`` or ``kill``, ``start`` takes the same ports and the same state file.
    """

    def __init__(
        self,
        plan: str = "demo",
        state: Path | None = None,
        *,
        empty: bool = False,
        smtp_port: int | None = 0,
        consoles: Sequence[str] = (),
        streams: Sequence[str] = (),
        stream_token: str = "",
    ) -> None:
        self.plan = plan
        self.state_path = state
        self.empty = empty
        self.consoles = consoles
        self.streams = streams
        self.stream_token = stream_token
        self.port = 0
        self.smtp_port = free_port() if smtp_port is None else smtp_port
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(timeout=30.0, trust_env=False)
        self.tokens: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.client.close()

    @property
    def domain(self) -> str:
        """Host and port, as AUTH0_DOMAIN wants them."""
        return f"127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """The root, as AUTH0_BASE_URL wants it."""
        return f"http://{self.domain}"

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises: RuntimeError with what it printed, when it does not start.
        """
        command = [sys.executable, "-m", "devtenant", "--port", str(self.port)]
        command += ["--plan", self.plan, "--smtp-port", str(self.smtp_port)]
        command += ["--state", str(self.state_path)] if self.state_path else []
        command += ["--empty"] if self.empty else []
        command += [f"--console={url}" for url in self.consoles]
        command += [f"--stream={url}" for url in self.streams]
        # A file, not a pipe: nobody reads on, and a full pipe would stop the process.
        with tempfile.TemporaryFile() as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={
                    **os.environ,
                    "PYTHONUNBUFFERED": "1",
                    "DEVTENANT_STREAM_TOKEN": self.stream_token,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            deadline = time.monotonic() + START_S
            while time.monotonic() < deadline:
                # Not seek and read: the process writes through the same file position.
                printed = os.pread(output.fileno(), 100_000, 0).decode()
                found = re.search(r"listening on http://127\.0\.0\.1:(\d+)\n", printed)
                if found:
                    self.port = int(found[1])
                    self.wait_until_it_answers()
                    return
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"devtenant did not start: {printed}")

    def wait_until_it_answers(self) -> None:
        """Wait for the first answer of the overview page."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if self.client.get(self.base_url).is_success:
                    return
            time.sleep(0.02)
        raise RuntimeError("devtenant does not answer")

    def stop(self) -> int:
        """End it by SIGTERM; returns the exit status. Nothing happens when it is not running."""
        return self.end(by_kill=False)

    def kill(self) -> int:
        """End it by SIGKILL."""
        return self.end(by_kill=True)

    def end(self, by_kill: bool) -> int:
        """End the process and wait for it."""
        process, self.process = self.process, None
        if process is None:
            return 0
        if by_kill:
            process.kill()
        else:
            process.terminate()
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait(STOP_S)

    # What is in the tenant

    def state(self) -> dict[str, Any]:
        """Everything: users, roles, tickets, calls, requests, control, faults."""
        found: dict[str, Any] = self.ask("GET", "/_state").json()
        return found

    def users(self) -> list[dict[str, Any]]:
        """Every user, with the names of their ``roles``."""
        found: list[dict[str, Any]] = self.state()["users"]
        return found

    def count(self) -> dict[str, Any]:
        """How many of each there are (users, jobs, mails, ...), and ``calls`` by their kind."""
        found: dict[str, Any] = self.ask("GET", "/_count").json()
        return found

    def user_by_email(self, email: str) -> dict[str, Any] | None:
        """The user with exactly this e-mail, or None."""
        return next((user for user in self.users() if user.get("email") == email), None)

    def outbox(self) -> list[dict[str, Any]]:
        """Every mail, the newest first."""
        found: list[dict[str, Any]] = self.ask("GET", "/_outbox").json()["messages"]
        return found

    def calls(
        self, method: str | None = None, path_regex: str | None = None
    ) -> list[dict[str, Any]]:
        """The last calls of the tenant's interface, oldest first; the regex must match it all.

        Each is ``{"at", "method", "path", "status"}``; status 0 means that no answer was sent.
        """
        return [
            call
            for call in self.state()["requests"]
            if (method is None or call["method"] == method)
            and (path_regex is None or re.fullmatch(path_regex, call["path"]))
        ]

    # What tests change in it

    def fault(self, **spec: Any) -> dict[str, Any]:
        """Set one fault, such as ``fault(kind="status", status=503, times=1)``."""
        added: dict[str, Any] = self.ask("POST", "/_faults", spec).json()["faults"][0]
        return added

    def faults(self) -> list[dict[str, Any]]:
        """The faults that are set, with how often each ``fired``."""
        found: list[dict[str, Any]] = self.ask("GET", "/_faults").json()["faults"]
        return found

    def clear_faults(self) -> None:
        """Remove every fault."""
        self.ask("DELETE", "/_faults")

    def control(self, **settings: Any) -> dict[str, Any]:
        """Change settings, such as ``control(plan="free", search_delay_s=0)``; returns all."""
        now: dict[str, Any] = self.ask("POST", "/_control", settings).json()
        return now

    def unlimited(self) -> None:
        """No rate limit, until the next reset: for tests about something else."""
        self.control(rate={"burst": 1_000_000, "per_second": 1_000_000})

    def reset(self, *, empty: bool | None = None) -> None:
        """Back to the initial state; tokens stay valid. empty: instead of as it was started."""
        self.ask("POST", "/_reset", None if empty is None else {"empty": empty})

    def clear_outbox(self) -> None:
        """Throw every mail away."""
        self.ask("DELETE", "/_outbox")

    def allow_console(self, url: str) -> None:
        """Let the log-in client go back to the console at ``url``, such as http://127.0.0.1:8000.

        Until the next reset; ``--console`` on the command line is for good.
        """
        root = url.rstrip("/")
        client = self.api("GET", "/clients/console-login").json()
        wanted = {
            "callbacks": [f"{root}/complete/auth0/"],
            "allowed_logout_urls": [f"{root}/", f"{root}/login/"],
        }
        lists = {name: list(dict.fromkeys([*client[name], *urls])) for name, urls in wanted.items()}
        assert self.api("PATCH", "/clients/console-login", lists).is_success

    def seed(self, users: int, **wanted: Any) -> None:
        """Store many accounts at once; for what can be wanted see devtenant.crowd.make_users."""
        self.ask("POST", "/_seed", {"users": users, **wanted})

    def login(self, user_id: str) -> None:
        """Mark a log-in of this user."""
        self.ask("POST", "/_login", {"user_id": user_id})

    def verify(self, user_id: str) -> None:
        """Mark this user's e-mail as verified."""
        self.ask("POST", "/_verify", {"user_id": user_id})

    def ask(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """One call of the controls.

        Raises: AssertionError with the answer when it is refused.
        """
        response = self.client.request(method, self.base_url + path, json=json)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response

    # The Management API

    def token(self, client_id: str = "other-m2m") -> str:
        """A new token of this client."""
        response = self.client.post(
            f"{self.base_url}/oauth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": "not-a-secret",
                "audience": f"https://{self.domain}/api/v2/",
            },
        )
        response.raise_for_status()
        token: str = response.json()["access_token"]
        return token

    def api(
        self, method: str, path: str, json: Any = None, *, client_id: str = "other-m2m"
    ) -> httpx.Response:
        """One Management API call; path as in ``/users`` or ``/api/v2/users``.

        It goes through the rate limit like any other call, and asks for a new token once on 401.
        """
        url = self.base_url + (path if path.startswith("/api/v2") else f"/api/v2{path}")
        response = self.send(method, url, json, client_id)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self.tokens.pop(client_id, None)
            response = self.send(method, url, json, client_id)
        return response

    def send(self, method: str, url: str, json: Any, client_id: str) -> httpx.Response:
        """One call with the kept token."""
        if client_id not in self.tokens:
            self.tokens[client_id] = self.token(client_id)
        headers = {"Authorization": f"Bearer {self.tokens[client_id]}"}
        return self.client.request(method, url, json=json, headers=headers)
