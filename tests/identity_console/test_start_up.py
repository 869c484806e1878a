"""What is wrong in the environment is said in one sentence, without a traceback or the value."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "hunter2-must-not-be-seen"
GOOD = {"ENV_FILE": os.devnull, "SECRET_KEY": SECRET * 3, "PATH": os.environ["PATH"]}
CREDENTIALS = {"AUTH0_CLIENT_ID": "console-m2m", "AUTH0_CLIENT_SECRET": "not-a-secret"}


def manage(**environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` with nothing in its environment but a good one and the given names."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={name: value for name, value in (GOOD | environment).items() if value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SENTENCES = [
    ({"SECRET_KEY": ""}, "SECRET_KEY is missing: set it, or SECRET_KEY_FILE, to at least 50"),
    (
        {"SECRET_KEY_FILE": "/nonexistent"},
        "SECRET_KEY_FILE names a file that can't be read (No such",
    ),
    ({"SECRET_KEY_FILE": "/"}, "SECRET_KEY_FILE names a file that can't be read (Is a directory)"),
    ({"AUTH0_CLIENT_SECRET_FILE": "/nonexistent"}, "AUTH0_CLIENT_SECRET_FILE names a file that"),
    ({"DEBUG": SECRET}, "DEBUG must be true or false."),
    ({"QUEUE_WORKERS": SECRET}, "QUEUE_WORKERS must be a whole number of at least 1."),
    ({"QUEUE_WORKERS": "0"}, "QUEUE_WORKERS must be a whole number of at least 1."),
    ({"AUTH0_TIMEOUT": "1.5"}, "AUTH0_TIMEOUT must be a whole number of at least 1."),
    ({"AUTH0_RATE_LIMIT": SECRET}, "AUTH0_RATE_LIMIT must be a number of at least 0.1."),
    ({"AUTH0_RATE_LIMIT": "nan"}, "AUTH0_RATE_LIMIT must be a number of at least 0.1."),
    (
        {"AUTH0_LEASE_SECONDS": "29"},
        "AUTH0_LEASE_SECONDS must be at least three times AUTH0_TIMEOUT",
    ),
    (
        {"DATABASE_URL": f"mysql://root:{SECRET}@"},
        "DATABASE_URL can't be understood: write mysql://",
    ),
    ({"DATABASE_URL": f"mysql://u:{SECRET}@h:x/d"}, "DATABASE_URL can't be understood"),
    ({"DATABASE_URL": f"postgres://u:{SECRET}@h/d"}, "DATABASE_URL can't be understood"),
    ({"DATABASE_URL": f"mysql://u:{SECRET}/@h/d"}, "DATABASE_URL can't be understood"),
    ({"DATABASE_URL": SECRET}, "DATABASE_URL can't be understood"),
    ({"EMAIL_URL": f"post://u:{SECRET}@h"}, "EMAIL_URL can't be understood: write smtp+tls://"),
    (
        {"AUTH0_BASE_URL": "http://auth.example.com"},
        "AUTH0_BASE_URL is plain http to another machine",
    ),
    ({"AUTH0_BASE_URL": "http://10.0.0.7:8001"}, "AUTH0_BASE_URL is plain http to another machine"),
    ({"AUTH0_BASE_URL": "http://localhost.example.com"}, "AUTH0_BASE_URL is plain http to another"),
    ({"AUTH0_BASE_URL": f"https://u:{SECRET}@h"}, "AUTH0_BASE_URL must look like https://HOST"),
    ({"AUTH0_BASE_URL": f"http://[{SECRET}"}, "AUTH0_BASE_URL must look like https://HOST"),
    (
        {"AUTH0_DOMAIN": "https://example.us.auth0.com", **CREDENTIALS},
        "AUTH0_DOMAIN must be a host name only",
    ),
    ({"AUTH0_DOMAIN": f"[{SECRET}", **CREDENTIALS}, "AUTH0_DOMAIN must be a host name only"),
    ({"AUTH0_DOMAIN": "example.us.auth0.com"}, "AUTH0_DOMAIN is set, but AUTH0_CLIENT_ID or"),
    (
        {
            "AUTH0_API_AUDIENCE": SECRET,
            "AUTH0_LOGIN_CLIENT_ID": SECRET,
            "AUTH0_LOGIN_CLIENT_SECRET": "x",
        },
        "AUTH0_API_AUDIENCE is the id of the web application",
    ),
    ({"AUTH0_DELETED_POLICY": SECRET}, "AUTH0_DELETED_POLICY must be ask or recreate."),
    (
        {"AUTH0_SAFETY_THRESHOLD": SECRET},
        "AUTH0_SAFETY_THRESHOLD must be a number of people, per cent of them, or both, such as "
        "5,10%; 0 is off.",
    ),
    ({"AUTH0_SAFETY_THRESHOLD": "101%"}, "AUTH0_SAFETY_THRESHOLD must be a number of people"),
    *(
        ({"ALERT_QUIET_HOURS": wrong}, "ALERT_QUIET_HOURS must be two different times and a time")
        for wrong in (SECRET, "22:00-06:00", "22:00-06:00 Chicago", "06:00-06:00 UTC", "22-6 UTC")
    ),
    ({"TRUSTED_PROXIES": SECRET}, "TRUSTED_PROXIES must hold addresses or networks"),
    ({"QUEUE_BROKER": SECRET}, "QUEUE_BROKER must be orm or redis."),
    ({"QUEUE_BROKER": "redis"}, "QUEUE_BROKER is redis, but REDIS_URL is missing."),
    ({"REDIS_URL": SECRET}, "REDIS_URL must look like redis://HOST:6379/0"),
    ({"LEGACY_TIME_ZONE": SECRET}, "LEGACY_TIME_ZONE names an unknown time zone"),
    ({"WORKSPACE_TIME_ZONES": SECRET}, "WORKSPACE_TIME_ZONES must look like MS=America/Chicago"),
    ({"SHOP_FLOOR_URL": "http://tracker.example.com"}, "SHOP_FLOOR_URL is plain http to another"),
    ({"SHOP_FLOOR_URL": f"https://tracker.example.com/?k={SECRET}"}, "SHOP_FLOOR_URL must look"),
    ({"ENV_FILE": "/nonexistent"}, "/nonexistent can't be read (No such file or directory)"),
]


# Settings that are looked at together: two mistakes in them could hide each other.
TOPICS = {
    "SECRET_KEY_FILE": "SECRET_KEY",
    "REDIS_URL": "QUEUE_BROKER",
    "AUTH0_TIMEOUT": "AUTH0_LEASE_SECONDS",
    **dict.fromkeys(["AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"], "AUTH0_DOMAIN"),
    "AUTH0_CLIENT_SECRET_FILE": "AUTH0_DOMAIN",
}


def starts() -> list[tuple[dict[str, str], list[str]]]:
    """Environments with as many mistakes as can be told apart, since each start takes a second."""
    found: list[tuple[dict[str, str], list[str], set[str]]] = []
    for environment, sentence in SENTENCES:
        about = {TOPICS.get(name, name) for name in environment}
        for mistakes, sentences, topics in found:
            if not about & topics:
                mistakes.update(environment)
                sentences.append(sentence)
                topics |= about
                break
        else:
            found.append((dict(environment), [sentence], about))
    return [(mistakes, sentences) for mistakes, sentences, _topics in found]


@pytest.mark.parametrize(("environment", "sentences"), starts())
def test_start_up_refuses_with_a_sentence_for_each_mistake(
    environment: dict[str, str], sentences: list[str]
) -> None:
    done = manage(**environment)

    first, *lines = done.stderr.splitlines()
    assert done.returncode == 3
    assert first == "The identity console can't start:"
    for sentence in sentences:
        assert len([line for line in lines if sentence in line]) == 1, sentence
    assert all(line.startswith("  - ") for line in lines)
    assert len(lines) == len(sentences)
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_all_problems_are_said_at_once() -> None:
    done = manage(DEBUG="perhaps", QUEUE_WORKERS="many")

    assert "DEBUG must be" in done.stderr
    assert "QUEUE_WORKERS must be" in done.stderr


def test_a_good_environment_starts() -> None:
    done = manage()

    assert done.returncode == 0, done.stderr


def test_no_secret_key_is_needed_with_debug_on() -> None:
    done = manage(SECRET_KEY="", DEBUG="true")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_plain_http_to_this_machine_is_accepted_also_with_debug_off(host: str) -> None:
    done = manage(
        AUTH0_DOMAIN=f"{host}:8001",
        AUTH0_BASE_URL=f"http://{host}:8001",
        **CREDENTIALS,
    )

    assert done.returncode == 0, done.stderr


def test_a_secret_is_read_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text("from-the-file\n", encoding="utf-8")
    show = "from django.conf import settings; print(repr(settings.SECRET_KEY))"

    done = subprocess.run(
        [sys.executable, "-c", show],
        cwd=ROOT,
        env=GOOD
        | {"SECRET_KEY_FILE": str(path), "DJANGO_SETTINGS_MODULE": "identity_console.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout == "'from-the-file'\n"


def test_a_secret_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_bytes(b"\xff\xfe")

    done = manage(SECRET_KEY_FILE=str(path))

    assert "SECRET_KEY_FILE names a file that can't be read (it is not UTF-8 text)" in done.stderr


def test_a_line_of_the_env_file_that_is_no_setting_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text(f"# comment\nDEBUG=true\nSECRET KEY={SECRET}\n", encoding="utf-8")

    done = manage(ENV_FILE=str(path))

    assert f"Line 3 of {path} isn't of the form NAME=value." in done.stderr
    assert SECRET not in done.stderr


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("\nexport QUEUE_WORKERS=none\n", encoding="utf-8")

    from_file, from_environment = (
        manage(ENV_FILE=str(path)),
        manage(ENV_FILE=str(path), QUEUE_WORKERS="3"),
    )

    assert "QUEUE_WORKERS must be" in from_file.stderr
    assert from_environment.returncode == 0, from_environment.stderr


@pytest.mark.process
def test_gunicorn_stops_with_the_sentence_instead_of_starting_again() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "identity_console.wsgi"],
        cwd=ROOT,
        env=GOOD | {"SECRET_KEY": ""},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 3
    assert "  - SECRET_KEY is missing: set it, or SECRET_KEY_FILE" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.process
def test_gunicorn_answers_healthz_without_https_and_sends_the_rest_to_https(
    tmp_path: Path,
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "identity_console.wsgi"],
        cwd=ROOT,
        env=GOOD | {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert get(port, "/healthz") == (200, "")
        assert get(port, "/readyz") == (200, "")
        assert get(port, "/admin/") == (301, f"https://127.0.0.1:{port}/admin/")
    finally:
        server.terminate()
        server.wait(timeout=20)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def get(port: int, path: str) -> tuple[int, str]:
    """Status and Location of a page, as soon as the server answers."""
    opener = urllib.request.build_opener(NoRedirect)
    deadline = time.monotonic() + 20
    while True:
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers["Location"] or ""
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
