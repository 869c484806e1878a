"""The demo's sentences and its folder; its processes are in test_demo_processes.py."""

import os
import socket
import stat
from pathlib import Path
from unittest import mock

import pytest

from identity_console import demo
from identity_console.demo import Demo
from identity_console.demo_processes import Refused


def test_a_port_in_use_is_named_with_who_uses_it_and_another_way(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        with pytest.raises(Refused) as refusal:
            Demo(tmp_path, {"CONSOLE_PORT": str(port)}).check_ports()

    assert str(refusal.value).startswith(f"Port {port} is in use by ")
    assert f"(process {os.getpid()})" in str(refusal.value)
    assert str(refusal.value).endswith("choose another with `make demo CONSOLE_PORT=NUMBER`.")


def test_a_port_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="TENANT_PORT must be a number from 1 to 65535"):
        Demo(tmp_path, {"TENANT_PORT": "eighty"})


def test_a_second_demo_of_the_checkout_is_told_which_one_runs(tmp_path: Path) -> None:
    first, second = Demo(tmp_path, {}), Demo(tmp_path, {})

    with first.alone(), pytest.raises(Refused, match=f"process {os.getpid()}"), second.alone():
        pass


def test_the_secret_key_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    first = Demo(tmp_path, {}).secret_key()
    Demo(tmp_path, {}).make_folder(first)

    path = tmp_path / ".demo" / "secret_key"

    assert Demo(tmp_path, {}).secret_key() == path.read_text() == first
    assert len(first) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_kept_before_the_database_was_looked_at(tmp_path: Path) -> None:
    Demo(tmp_path, {"DATABASE_URL": "mysql://h/d"}).secret_key()

    assert list(tmp_path.iterdir()) == []


def test_another_database_has_a_tenant_of_its_own(tmp_path: Path) -> None:
    sqlite = Demo(tmp_path, {}).environment()
    server = Demo(tmp_path, {"DATABASE_URL": "mysql://root@127.0.0.1/demo"}).environment()

    assert server["DATABASE_URL"] == "mysql://root@127.0.0.1/demo"
    assert sqlite["DATABASE_URL"] == f"sqlite:///{tmp_path}/.demo/db.sqlite3"
    assert server["TENANT_STATE"] != sqlite["TENANT_STATE"]


def test_nothing_of_the_developers_own_settings_reaches_the_demo(tmp_path: Path) -> None:
    theirs = {
        "AUTH0_DOMAIN": "real.us.auth0.com",
        "AUTH0_CLIENT_SECRET_FILE": "/run/secrets/real",
        "AUTH0_CUSTOM_DOMAIN": "login.example.com",
        "EMAIL_URL_FILE": "/run/secrets/mail",
        "SECRET_KEY": "real",
        "ENV_FILE": "/srv/real.env",
    }

    environment = Demo(tmp_path, theirs).environment()

    assert environment["AUTH0_DOMAIN"] == "127.0.0.1:8001"
    assert environment["ENV_FILE"] == os.devnull
    assert not any("real" in value or "/run/" in value for value in environment.values())
    assert "AUTH0_CUSTOM_DOMAIN" not in environment


def test_a_strangers_people_are_not_touched(tmp_path: Path) -> None:
    first_time = Demo(tmp_path, {"DATABASE_URL": "mysql://h/d"})

    with (
        mock.patch.object(demo, "employees_exist", return_value=True),
        pytest.raises(Refused, match="employees in it that the demo didn't put there"),
    ):
        first_time.refuse_strangers_people()


@pytest.mark.parametrize("environ", [{}, {"DATABASE_URL": "mysql://h/d", "DEMO_ON_A_COPY": "true"}])
def test_its_own_people_and_those_of_a_copy_are_taken(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    with mock.patch.object(demo, "employees_exist", return_value=True):
        Demo(tmp_path, environ).refuse_strangers_people()


def test_a_database_that_the_demo_filled_before_is_taken_again(tmp_path: Path) -> None:
    again = Demo(tmp_path, {"DATABASE_URL": "mysql://h/d"})
    again.folder.mkdir(parents=True)

    with mock.patch.object(demo, "employees_exist", return_value=True):
        again.refuse_strangers_people()


def test_reset_forgets_both_sides_and_no_other_database(tmp_path: Path) -> None:
    folder = tmp_path / ".demo"
    (folder / "database-12345678").mkdir(parents=True)
    for name in ("db.sqlite3", "db.sqlite3-wal", "tenant.sqlite3", "secret_key"):
        (folder / name).touch()

    Demo(tmp_path, {}).reset()

    assert [path.name for path in folder.iterdir()] == ["database-12345678"]


def test_reset_removes_nothing_for_a_database_of_the_users_own(tmp_path: Path) -> None:
    own = Demo(tmp_path, {"DATABASE_URL": "mysql://root@127.0.0.1/demo"})
    own.folder.mkdir(parents=True)

    with pytest.raises(Refused, match="names a database of yours, where the demo removes nothing"):
        own.reset()

    assert own.folder.is_dir()


@pytest.mark.django_db
def test_the_administrator_keeps_the_password_over_runs(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()

    lines = [Demo(tmp_path, {}).log_in() for _ in range(2)]

    assert lines[0].startswith("admin, password ")
    assert lines[0] == lines[1]


@pytest.mark.django_db
def test_another_password_of_the_administrator_is_not_changed_or_shown(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    Demo(tmp_path, {}).log_in()
    (tmp_path / ".demo" / "admin_password").write_text("another")

    assert Demo(tmp_path, {}).log_in() == "admin, with the password that was given to it"
