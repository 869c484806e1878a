"""The program itself: start, end, state file, ports, who may ask."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import httpx
import jwt
import pytest

from tests.devtenant.builders import CONNECTION, make_user, role_id
from tests.devtenant.logging_in import CLIENT, Person, sent_back
from tests.devtenant.running import ROOT, RunningTenant
from tests.ports import free_port

pytestmark = [pytest.mark.process, pytest.mark.once]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "devtenant", "--smtp-port", "0", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_nothing_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    with RunningTenant(state=tmp_path / "tenant.sqlite3") as tenant:
        tenant.unlimited()
        token = tenant.token()
        user_id = make_user(tenant, user_id="emp-1", app_metadata={"employee_id": 1})
        tenant.api("POST", f"/users/{user_id}/roles", {"roles": [role_id(tenant, "admin")]})
        link = tenant.api("POST", "/tickets/password-change", {"user_id": user_id}).json()
        before = tenant.state()

        tenant.kill()
        tenant.start()

        after = tenant.state()
        for part in ("users", "roles", "tickets", "connections", "control"):
            assert after[part] == before[part], part
        assert [mail["id"] for mail in tenant.outbox()] == ["1"]
        assert tenant.client.get(link["ticket"]).status_code == 200
        headers = {"Authorization": f"Bearer {token}"}
        assert tenant.client.get(f"{tenant.base_url}/api/v2/users", headers=headers).is_success


def test_a_restart_keeps_passwords_and_key_but_nobody_signed_in(tmp_path: Path) -> None:
    with (
        RunningTenant(state=tmp_path / "tenant.sqlite3") as tenant,
        closing(Person(tenant)) as person,
    ):
        make_user(tenant)
        id_token = person.tokens()["id_token"]

        tenant.kill()
        tenant.start()

        keys = jwt.PyJWKClient(f"{tenant.base_url}/.well-known/jwks.json")
        key = keys.get_signing_key_from_jwt(id_token)
        assert jwt.decode(id_token, key, algorithms=["RS256"], audience=CLIENT)
        assert person.arrive().status_code == 200, "asked for the password"
        assert "code" in sent_back(person.submit())


def test_wrong_passwords_are_counted_over_a_restart(tmp_path: Path) -> None:
    with (
        RunningTenant(state=tmp_path / "tenant.sqlite3") as tenant,
        closing(Person(tenant)) as person,
    ):
        make_user(tenant)
        for _ in range(9):
            person.submit(password="Wrong-pass1")

        tenant.kill()
        tenant.start()
        person.submit(password="Wrong-pass1")

        assert "consecutive login attempts" in person.submit().text


def test_a_console_of_the_command_line_is_added_to_what_the_state_file_has(tmp_path: Path) -> None:
    state = tmp_path / "tenant.sqlite3"
    with RunningTenant(state=state) as tenant:
        tenant.allow_console("http://127.0.0.1:9001")

    with RunningTenant(state=state, consoles=["http://127.0.0.1:9002/"]) as tenant:
        client = tenant.api("GET", "/clients/console-login").json()

    for port in (8000, 9001, 9002):
        assert f"http://127.0.0.1:{port}/complete/auth0/" in client["callbacks"]
        assert f"http://127.0.0.1:{port}/login/" in client["allowed_logout_urls"]


def test_a_console_of_the_command_line_outlives_a_reset() -> None:
    with RunningTenant(consoles=["http://127.0.0.1:9002"]) as tenant:
        tenant.reset()

        client = tenant.api("GET", "/clients/console-login").json()
        assert client["callbacks"] == ["http://127.0.0.1:9002/complete/auth0/"]


def test_a_console_that_is_no_address_is_refused_in_words() -> None:
    ended = run("--port", "0", "--console", "localhost:8000/x")

    assert ended.returncode == 2
    assert "is no address such as http://127.0.0.1:8000" in ended.stderr


def test_a_reset_empties_the_state_file_too(tmp_path: Path) -> None:
    with RunningTenant(state=tmp_path / "tenant.sqlite3") as tenant:
        make_user(tenant)
        tenant.reset()

        tenant.kill()
        tenant.start()

        assert tenant.users() == []
        assert len(tenant.state()["roles"]) == 5


def test_without_a_state_file_a_restart_forgets_everybody() -> None:
    with RunningTenant() as tenant:
        make_user(tenant)

        tenant.stop()
        tenant.start()

        assert tenant.users() == []


def test_an_empty_tenant_has_no_roles_but_its_connection() -> None:
    with RunningTenant(empty=True) as tenant:
        assert tenant.api("GET", "/roles").json() == []
        assert tenant.api("GET", "/actions/actions").json()["actions"] == []
        assert tenant.state()["connections"][0]["name"] == CONNECTION


def test_a_state_file_that_is_none_is_said_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear tenant, " * 100)

    ended = run("--port", "0", "--state", str(path))

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "cannot be used" in ended.stderr


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with RunningTenant() as tenant:
        ended = run("--port", str(tenant.port))

    assert ended.returncode == 1
    assert ended.stderr == f"Port {tenant.port} is in use by another program.\n"


def test_an_smtp_port_in_use_is_said_in_one_sentence() -> None:
    with RunningTenant() as tenant:
        ended = run("--port", "0", "--smtp-port", str(tenant.port))

    assert ended.returncode == 1
    assert ended.stderr == f"Port {tenant.port} is in use by another program.\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    with RunningTenant(smtp_port=None) as tenant:
        assert tenant.process is not None

        os.kill(tenant.process.pid, number)

        assert tenant.process.wait(10) == 0


def test_a_hanging_call_does_not_hold_up_the_end() -> None:
    with RunningTenant() as tenant:
        token = tenant.token()
        tenant.fault(kind="hang", delay_s=60)
        errors: list[Exception] = []

        def hang() -> None:
            try:
                httpx.get(
                    f"{tenant.base_url}/api/v2/roles",
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=30,
                    trust_env=False,
                )
            except httpx.TransportError as error:
                errors.append(error)

        thread = threading.Thread(target=hang)
        thread.start()
        while not tenant.faults()[0]["fired"]:
            time.sleep(0.02)
        started = time.monotonic()

        assert tenant.stop() == 0
        thread.join(10)

        assert time.monotonic() - started < 5
        assert len(errors) == 1


def test_it_starts_again_on_the_same_port(tmp_path: Path) -> None:
    with RunningTenant(smtp_port=None) as tenant:
        base_url, smtp_port = tenant.base_url, tenant.smtp_port

        tenant.kill()
        tenant.start()

        assert (tenant.base_url, tenant.smtp_port) == (base_url, smtp_port)


def test_it_listens_on_the_loopback_address_alone() -> None:
    port = free_port()
    with RunningTenant() as tenant:
        tenant.stop()
        tenant.port = port
        tenant.start()
        listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""

    if not listening:
        pytest.skip("this system does not list its sockets in /proc/net/tcp")
    addresses = [line.split()[1] for line in listening.splitlines()[1:] if line.split()[3] == "0A"]
    assert [address for address in addresses if address.endswith(f":{port:04X}")] == [
        f"0100007F:{port:04X}"
    ]


@pytest.mark.parametrize("path", ["/", "/_state", "/_outbox", "/outbox", "/oauth/token"])
def test_a_name_that_is_not_this_machine_is_refused(tenant: RunningTenant, path: str) -> None:
    answer = tenant.client.get(tenant.base_url + path, headers={"Host": "evil.example:8001"})

    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_names_of_this_machine_are_answered(tenant: RunningTenant, host: str) -> None:
    headers = {"Host": f"{host}:{tenant.port}"}

    assert tenant.client.get(tenant.base_url, headers=headers).status_code == 200


def test_another_page_cannot_use_the_controls(tenant: RunningTenant) -> None:
    make_user(tenant)
    url = f"{tenant.base_url}/_reset"

    answer = tenant.client.post(url, headers={"Origin": "https://evil.example"})
    form = tenant.client.post(f"{tenant.base_url}/_control", data={"plan": "free"})

    assert (answer.status_code, form.status_code) == (403, 415)
    assert len(tenant.users()) == 1


def test_a_connection_is_kept_for_the_next_call(tenant: RunningTenant) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", tenant.port, timeout=10)
    try:
        connection.request("POST", "/_control", json.dumps({}), {"Content-Type": "text/plain"})
        first = connection.getresponse()
        first.read()
        kept = connection.sock
        connection.request("GET", "/_state")
        second = connection.getresponse()
        second.read()

        assert (first.status, second.status) == (415, 200)
        assert kept is not None
        assert connection.sock is kept
    finally:
        connection.close()


def test_it_answers_quickly(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    started = time.monotonic()

    for _ in range(300):
        tenant.api("GET", "/users/auth0%7Cemp-1")

    # Some 900 calls a second where nothing else runs; this only catches a delay per call.
    assert time.monotonic() - started < 6
