"""A second OpenID Connect provider as a process of its own, to log in against.

It is django-oauth-toolkit, which knows nothing of Auth0, of the stand-in tenant or of the console:
a log-in that works with it and with the stand-in isn't fitted to either.
"""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.ports import free_port
from tests.processes import ROOT, wait_for

START_S = 60.0
STOP_S = 10.0


@dataclass(frozen=True)
class Person:
    """Somebody whom the provider knows.

    sub: the subject in her tokens; the console finds her by it in ``employees.auth0_user_id``.
    """

    sub: str
    email: str
    name: str
    password: str
    email_verified: bool = True
    nickname: str = ""

    def claims(self) -> dict[str, str | bool]:
        """What the provider says of her."""
        claims = asdict(self)
        del claims["password"]
        return claims | {"nickname": self.nickname or self.email.partition("@")[0]}


class RunningProvider:
    """``python -m tests.oidc_provider`` as a context manager.

    folder: where its database, key and log go. console: the root of the console that people log
    in to, such as ``http://127.0.0.1:8000``; the addresses below it that the provider may send
    people back to are ``/complete/auth0/`` and, after logging out, ``/`` and ``/login/``.
    ``console_settings`` is what that console is told, before it starts.
    """

    client_id = "console-login"
    client_secret = "not-a-secret"

    def __init__(self, folder: Path, console: str, people: list[Person]) -> None:
        self.folder = folder
        self.console = console
        self.people = people
        self.port = free_port()
        self.log = folder / "provider.log"
        self.process: subprocess.Popen[bytes] | None = None

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

    @property
    def domain(self) -> str:
        """Host and port, as AUTH0_DOMAIN wants them."""
        return f"127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """The root, as AUTH0_BASE_URL wants it; the issuer is this with a slash at its end."""
        return f"http://{self.domain}"

    @property
    def console_settings(self) -> dict[str, str]:
        """The settings of a console that takes this provider for its tenant.

        It can only be logged in against: accounts are made in a tenant, so syncing is off.
        """
        return {
            "AUTH0_DOMAIN": self.domain,
            "AUTH0_BASE_URL": self.base_url,
            "AUTH0_LOGIN_CLIENT_ID": self.client_id,
            "AUTH0_LOGIN_CLIENT_SECRET": self.client_secret,
            "AUTH0_SYNC_ENABLED": "false",
        }

    def start(self) -> None:
        """Start the process and wait until it answers. Raises: AssertionError, with its log."""
        (self.folder / "key.pem").write_bytes(new_key())
        people = [
            {"email": each.email, "password": each.password, "claims": each.claims()}
            for each in self.people
        ]
        told = {
            "PROVIDER_PORT": str(self.port),
            "PROVIDER_FOLDER": str(self.folder),
            "PROVIDER_PEOPLE": json.dumps(people),
            "PROVIDER_CONSOLE": self.console,
            "PROVIDER_CLIENT_ID": self.client_id,
            "PROVIDER_CLIENT_SECRET": self.client_secret,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.oidc_provider"],
                cwd=ROOT,
                env={**os.environ, **told},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_for(self.answers, START_S, "the provider answers")
        except BaseException:
            self.stop()
            raise

    def answers(self) -> bool:
        """Whether its discovery document can be had."""
        ended = self.process is None or self.process.poll() is not None
        assert not ended, self.log.read_text(encoding="utf-8", errors="replace")
        try:
            url = f"{self.base_url}/.well-known/openid-configuration"
            return httpx.get(url, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End it; nothing happens when it isn't running."""
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        process.kill()
        process.wait()


def new_key() -> bytes:
    """A private key to sign ID tokens with, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
