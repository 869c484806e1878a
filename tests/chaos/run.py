"""One run: start everything, make trouble, let it calm down, and look what came of it."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.machine import Machine
from tests.chaos.trouble import Trouble
from tests.devtenant.running import RunningTenant
from tests.processes import ROOT, wait_for
from tests.servers import MariaDB, Redis

if TYPE_CHECKING:
    from tests.chaos.verdict import Verdict

LIMIT = 10  # calls a second, here and in the tenant
IMPORTS = "/api/v2/jobs/users-imports"
CLIENT_SECRET = "not-a-secret"
TICK_S = 0.2
START_S = 60.0
LOOK_EVERY_S = 5.0
STATE_EVERY_S = 20.0


@dataclass(frozen=True)
class Plan:
    """What is asked for; the rest follows."""

    seed: int
    broker: str
    database: str
    people: int
    short: bool

    @property
    def writing_s(self) -> float:
        """How long people are added and changed."""
        return self.people * (0.3 if self.short else 0.4)

    @property
    def calm_within_s(self) -> float:
        """How long it may take after the last trouble; far more than it needs."""
        return 40.0 if self.short else 300.0 + self.people

    @property
    def every_s(self) -> dict[str, float]:
        """Seconds between two troubles of a kind."""
        if self.short:
            return {"fault": 2.0, "kill": 5.0, "flush": 8.0}
        return {"fault": 3.0, "kill": 12.0, "flush": 25.0, "restart": 50.0}

    def __str__(self) -> str:
        short = " --short" if self.short else ""
        return (
            f"--seed {self.seed} --broker {self.broker} --database {self.database} "
            f"--people {self.people}{short}"
        )


@dataclass
class Run:
    """The whole of it. folder: where its files go, and what the programs printed."""

    plan: Plan
    folder: Path
    calls: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)

    def run(self) -> list[str]:
        """Do it all and print the figures; returns what is not as it has to be."""
        say(f"python -m tests.chaos {self.plan}")
        with contextlib.ExitStack() as stack:
            tenant = stack.enter_context(
                RunningTenant("demo", self.folder / "tenant.sqlite3", smtp_port=None)
            )
            mariadb = redis = None
            if self.plan.database == "mariadb":
                mariadb = stack.enter_context(MariaDB(self.folder / "mariadb"))
            if self.plan.broker == "redis":
                redis = stack.enter_context(Redis(self.folder / "redis"))
            env = self._environment(tenant, mariadb, redis)
            self._manage("migrate", env)
            machines = [
                Machine(self.folder / f"machine{n}.out", env, impatient=self.plan.short)
                for n in (1, 2)
            ]
            for machine in machines:
                stack.callback(machine.stop)
            trouble = Trouble(
                str(self.plan.seed), tenant, machines, mariadb, redis, self.plan.every_s
            )
            for machine in machines:
                machine.supervise()
                wait_for(machine.is_up, START_S)
            writers = self._start_writers(env)
            for writer in writers:
                stack.callback(writer.kill)
            began = time.monotonic()
            self._make_trouble(began, tenant, machines, trouble, writers)
            trouble.note_fired()
            tenant.clear_faults()
            calm = time.monotonic()
            verdict = self._let_it_calm_down(tenant, machines, env)
            calm_s = time.monotonic() - calm
            self._note_calls(tenant)
            stopped_s = max([machine.stop() for machine in machines])
            return self._report(tenant, writers, trouble, verdict, calm - began, calm_s, stopped_s)

    def _environment(
        self, tenant: RunningTenant, mariadb: MariaDB | None, redis: Redis | None
    ) -> dict[str, str]:
        database = mariadb.url if mariadb else f"sqlite:///{self.folder / 'console.sqlite3'}"
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "identity_console.settings",
            "ENV_FILE": os.devnull,
            "PYTHONUNBUFFERED": "1",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "localhost",
            "DATABASE_URL": database,
            "CREATE_SHARED_TABLES": "true",
            "QUEUE_BROKER": self.plan.broker,
            **({"REDIS_URL": redis.url} if redis else {}),
            "EMAIL_URL": f"smtp://127.0.0.1:{tenant.smtp_port}",
            "AUTH0_DOMAIN": tenant.domain,
            "AUTH0_BASE_URL": tenant.base_url,
            "AUTH0_CLIENT_ID": "console-m2m",
            "AUTH0_CLIENT_SECRET": CLIENT_SECRET,
            "AUTH0_RATE_LIMIT": str(LIMIT),
            "AUTH0_TIMEOUT": "3",
            "AUTH0_LEASE_SECONDS": "9",
            "AUTH0_SWEEP_SECONDS": "2",
            "AUTH0_SAFETY_THRESHOLD": "0",
            # Of every other seed import jobs make the accounts while things break.
            "AUTH0_BULK_MIN": "5" if self.plan.seed % 2 else "100",
        }

    def _manage(self, command: str, env: dict[str, str]) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", command, "-v0"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)

    def _start_writers(self, env: dict[str, str]) -> list["subprocess.Popen[bytes]"]:
        """Three by services and one by SQL, a quarter of the people each."""
        writers = []
        for number, kind in enumerate(["services", "services", "services", "sql"]):
            people = self.plan.people // 4 + (number < self.plan.people % 4)
            told = [str(value) for value in (number, self.plan.seed, people, self.plan.writing_s)]
            with self._output(number).open("wb") as output:
                writers.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "tests.chaos.writer", kind, *told],
                        cwd=ROOT,
                        env=env,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                    )
                )
        return writers

    def _output(self, number: int) -> Path:
        # Not among the outputs that may hold no secret: a writer prints the PINs that it sets.
        return self.folder / f"writer{number}.txt"

    def _make_trouble(
        self,
        began: float,
        tenant: RunningTenant,
        machines: list[Machine],
        trouble: Trouble,
        writers: list["subprocess.Popen[bytes]"],
    ) -> None:
        """Until the writers are done."""
        noted = began
        while any(writer.poll() is None for writer in writers):
            for machine in machines:
                machine.supervise()
            trouble.step(time.monotonic() - began)
            if time.monotonic() > noted + STATE_EVERY_S:
                noted = time.monotonic()
                self._note_calls(tenant)
            time.sleep(TICK_S)

    def _let_it_calm_down(
        self, tenant: RunningTenant, machines: list[Machine], env: dict[str, str]
    ) -> "Verdict":
        """Until nothing is wrong or pending, or the time is over."""
        os.environ.update(env)
        import django

        django.setup()
        from django.db import close_old_connections

        from tests.chaos.verdict import judge

        ends = time.monotonic() + self.plan.calm_within_s
        look_at = 0.0
        while True:
            for machine in machines:
                machine.supervise()
            if time.monotonic() >= look_at:
                close_old_connections()
                verdict = judge(tenant.users())
                if not verdict or time.monotonic() > ends:
                    return verdict
                look_at = time.monotonic() + (1 if self.plan.short else LOOK_EVERY_S)
            time.sleep(TICK_S)

    def _note_calls(self, tenant: RunningTenant) -> None:
        """The tenant keeps its last calls only."""
        for call in tenant.calls():
            self.calls[(call["at"], call["method"], call["path"])] = call

    def _report(
        self,
        tenant: RunningTenant,
        writers: list["subprocess.Popen[bytes]"],
        trouble: Trouble,
        verdict: "Verdict",
        trouble_s: float,
        calm_s: float,
        stopped_s: float,
    ) -> list[str]:
        from auth0sync.models import ImportJob
        from employees.models import Employee
        from tests.chaos.verdict import all_logs, all_rows, secrets_in

        done: Counter[str] = Counter()
        pins = []
        for number, _ in enumerate(writers):
            *lines, last = self._output(number).read_text().splitlines() or [""]
            pins += [line.removeprefix("PIN ") for line in lines if line.startswith("PIN ")]
            with contextlib.suppress(json.JSONDecodeError):
                done.update(json.loads(last))
        calls = [call for call in self.calls.values() if call["path"].startswith("/api/v2/")]
        refused = [call for call in calls if call["status"] == 429 and "fault" not in call]
        over = [call for call in refused if call["path"] != IMPORTS]  # where a third job is, too
        problems = [*verdict.lost, *verdict.doubled, *verdict.wrong, *verdict.pending]
        problems += [f"writer {n} failed" for n, w in enumerate(writers) if w.returncode]
        problems += [f"a call over the limit: {call['method']} {call['path']}" for call in over]
        problems += secrets_in(
            {**all_logs(self.folder), **all_rows()},
            [CLIENT_SECRET, os.environ["SECRET_KEY"]],
            pins,
        )
        people = done["added by services"] + done["added by SQL"] + done["was saved after all"]
        kills = {name: n for name, n in trouble.counts.items() if not name.startswith("fault")}
        say(f"done by the writers: {dict(sorted(done.items()))}")
        say(f"faults chosen: {sorted(n for n in trouble.counts.items() if 'fault' in n[0])}")
        say(f"killed, flushed, restarted: {dict(sorted(kills.items()))}")
        figures = {
            "employees added": people,
            "rows at the end": Employee.objects.count(),
            "accounts": len(tenant.users()),
            "made by import jobs": sum(ImportJob.objects.values_list("inserted", flat=True)),
            "faults": trouble.fired,
            "kills": sum(n for name, n in kills.items() if name.startswith("kill")),
            "flushed or restarted": sum(n for k, n in kills.items() if not k.startswith("kill")),
            "lost": len(verdict.lost),
            "doubled": len(verdict.doubled),
            "wrong": len(verdict.wrong),
            "not settled": len(verdict.pending),
            "calls": len(calls),
            "calls per employee": round(len(calls) / max(people, 1), 1),
            "most calls in any second": busiest(call["at"] for call in calls),
            "429s for the limit": len(over),
            "429s by fault": sum(c["status"] == 429 and "fault" in c for c in calls),
            "seconds of trouble": round(trouble_s),
            "seconds to converge": round(calm_s, 1),
            "seconds to stop": round(stopped_s, 1),
        }
        for name, value in figures.items():
            say(f"{name:>28}: {value}")
        for problem in problems[:40]:
            say(f"WRONG: {problem}")
        say(
            "Nothing lost, nothing doubled, nothing wrong."
            if not problems
            else f"FAILED: run {self.plan}"
        )
        return problems


def busiest(moments: Any) -> int:
    """The most calls in any second, wherever it begins."""
    times = sorted(moments)
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
