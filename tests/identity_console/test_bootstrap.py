"""The set-up says in a sentence what is missing, and mends what an interrupted run left."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from identity_console import bootstrap

SOURCE = Path(bootstrap.__file__)
pytestmark = pytest.mark.once

PINNED = {
    "requirements-base.txt": "",
    "requirements-dev.txt": "-r requirements-base.txt\n",
    "requirements.txt": "-r requirements-base.txt\nmysqlclient==0.0.1 \\\n    --hash=sha256:00\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that needs no package but mysqlclient."""
    (tmp_path / "identity_console").mkdir()
    shutil.copy(SOURCE, tmp_path / "identity_console" / "bootstrap.py")
    for name, text in PINNED.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    return tmp_path


def programs(folder: Path, **scripts: str) -> Path:
    """A folder for PATH that holds nothing but these shell scripts."""
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
    return folder


def set_up(
    checkout: Path, path: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the set-up with nothing on PATH but ``path``."""
    return subprocess.run(
        [sys.executable, "identity_console/bootstrap.py", *options],
        cwd=checkout,
        env={"PATH": str(path), "HOME": str(checkout), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pretend_that_packages_are_there(checkout: Path) -> None:
    """Make a ``.venv`` that only mysqlclient is missing from, in no time."""
    setup = bootstrap.Setup(checkout)
    setup.python.parent.mkdir(parents=True)
    setup.python.symlink_to(sys.executable)
    setup.stamp("packages", bootstrap.PINNED)


def pretend_that_only_chromium_is_missing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, user: int, **scripts: str
) -> None:
    """A ``.venv`` that is done, with nothing but these programs on PATH, for the user number."""
    pretend_that_packages_are_there(checkout)
    bootstrap.Setup(checkout).stamp("mysqlclient", ("requirements.txt",))
    monkeypatch.setenv("PATH", str(programs(checkout / "bin", **scripts)))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_an_old_python_can_read_it_far_enough_to_be_refused() -> None:
    ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_it_needs_nothing_but_the_standard_library() -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).split(".")[0])

    assert imported <= sys.stdlib_module_names


def test_without_headers_it_names_what_to_install_and_still_succeeds(checkout: Path) -> None:
    pretend_that_packages_are_there(checkout)

    done = set_up(checkout, programs(checkout / "bin"))

    assert done.returncode == 0, done.stderr
    assert (
        "mysqlclient isn't installed, because neither pkg-config nor mariadb_config" in done.stdout
    )
    assert "`make setup` again. Until then only SQLite works." in done.stdout
    assert done.stderr == ""


def test_a_second_run_makes_nothing_again(checkout: Path) -> None:
    path = programs(checkout / "bin")
    first = set_up(checkout, path)

    second = set_up(checkout, path)

    assert [first.returncode, second.returncode] == [0, 0]
    assert first.stdout.startswith("Making .venv with Python")
    assert second.stdout.startswith("mysqlclient isn't installed")
    assert len(second.stdout.splitlines()) == 1


def test_what_an_interrupted_run_left_is_made_again(checkout: Path) -> None:
    path = programs(checkout / "bin")
    pretend_that_packages_are_there(checkout)
    (checkout / ".venv" / "unfinished").touch()
    (checkout / ".venv" / "half-written").touch()

    done = set_up(checkout, path)

    assert done.returncode == 0
    assert "the one here is incomplete" in done.stdout
    assert not (checkout / ".venv" / "half-written").exists()


def test_a_venv_that_was_moved_is_made_again(checkout: Path, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin")
    pretend_that_packages_are_there(checkout)
    (checkout / ".venv" / "bin" / "pip").write_text(f"#!{checkout}/.venv/bin/python", "ascii")
    moved = tmp_path / "moved"
    shutil.copytree(checkout / "identity_console", moved / "identity_console")
    shutil.move(checkout / ".venv", moved / ".venv")
    for name in PINNED:
        shutil.copy(checkout / name, moved / name)

    done = set_up(moved, path)

    assert done.returncode == 0
    assert "the one here is incomplete" in done.stdout
    assert str(moved) in (moved / ".venv" / "bin" / "pip").read_text(encoding="utf-8")


def test_an_index_out_of_reach_is_a_sentence_and_names_the_log(checkout: Path) -> None:
    (checkout / "requirements-dev.txt").write_text(
        "absent==1.0 --hash=sha256:" + "0" * 64, encoding="ascii"
    )

    done = set_up(
        checkout,
        programs(checkout / "bin"),
        PIP_INDEX_URL="http://127.0.0.1:1/",
        PIP_CONFIG_FILE=os.devnull,
        PIP_RETRIES="1",
    )

    assert done.returncode == 1
    assert done.stderr == (
        "The package index can't be reached, or doesn't know what is pinned: check the network; "
        f"pip's words are in {checkout / '.venv' / 'setup.log'}.\n"
    )
    assert (checkout / ".venv" / "setup.log").exists()
    assert not (checkout / ".venv" / "unfinished").exists()


def test_a_package_with_another_hash_is_not_installed(checkout: Path) -> None:
    package = checkout / "six_seven-1.0.tar.gz"
    package.write_bytes(b"not what was pinned")
    (checkout / "requirements-dev.txt").write_text(
        f"six-seven @ file://{package} --hash=sha256:{'0' * 64}", encoding="ascii"
    )

    done = set_up(checkout, programs(checkout / "bin"))

    assert done.returncode == 1
    assert "isn't the one whose hash is pinned" in done.stderr


def test_root_installs_the_headers_once_and_says_when_that_did_not_help(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = programs(checkout / "bin", apt_get=f'echo "$@" >> {checkout}/apt.log; exit 100')
    pretend_that_packages_are_there(checkout)
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    status = bootstrap.main(checkout), bootstrap.main(checkout)

    command = "install -y default-libmysqlclient-dev pkg-config build-essential python3-dev"
    assert status == (0, 0)
    assert (checkout / "apt.log").read_text().splitlines() == ["update -q", command]
    assert f"run `sudo apt-get {command}`, then `make setup` again." in capsys.readouterr().out


def test_a_user_with_sudo_installs_the_headers_through_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = programs(
        checkout / "bin", apt_get="exit 0", sudo=f'echo "sudo $*" >> {checkout}/sudo.log'
    )
    pretend_that_packages_are_there(checkout)
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    bootstrap.main(checkout)

    asked, update, install = (checkout / "sudo.log").read_text().splitlines()
    assert (asked, update) == ("sudo -n true", "sudo -n apt-get update -q")
    assert install.startswith("sudo -n apt-get install -y default-libmysqlclient-dev")


def test_a_user_without_sudo_is_told_the_command(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = programs(checkout / "bin", apt_get=f"touch {checkout}/called", sudo="exit 1")
    pretend_that_packages_are_there(checkout)
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    status = bootstrap.main(checkout)

    assert status == 0
    assert not (checkout / "called").exists()
    assert "run `sudo apt-get install -y default-libmysqlclient-dev" in capsys.readouterr().out


def test_mariadb_config_is_asked_where_there_is_no_pkg_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "case $1 in --cflags) echo -I/opt/maria;; --libs) echo -lmariadb;; esac"
    monkeypatch.setenv("PATH", str(programs(tmp_path / "bin", mariadb_config=script)))
    (tmp_path / "bin" / "mariadb-config").rename(tmp_path / "bin" / "mariadb_config")

    env = bootstrap.build_environment()

    assert env["MYSQLCLIENT_CFLAGS"] == "-I/opt/maria"
    assert env["MYSQLCLIENT_LDFLAGS"] == "-lmariadb"


def test_flags_that_the_user_gave_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYSQLCLIENT_CFLAGS", "-I/mine")
    monkeypatch.setenv("MYSQLCLIENT_LDFLAGS", "-lmine")

    env = bootstrap.build_environment()

    assert (env["MYSQLCLIENT_CFLAGS"], env["MYSQLCLIENT_LDFLAGS"]) == ("-I/mine", "-lmine")


def test_homebrew_is_never_run_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs(tmp_path / "bin", brew="exit 0")))
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    command = bootstrap.header_command()

    assert command == ("brew", "install", "mysql-client", "pkg-config")
    assert not bootstrap.may_install(command)


def test_a_missing_venv_module_is_a_sentence(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(programs(checkout / "bin")))
    monkeypatch.setattr(bootstrap, "has_venv_module", lambda: False)

    status = bootstrap.main(checkout)

    assert status == 1
    assert "`sudo apt-get install python3-venv`" in capsys.readouterr().err


# --- Chromium ---

INSTALL_CHROMIUM = "apt-get install -y chromium fonts-dejavu-core"


def test_root_installs_chromium_only_where_the_tests_ask_for_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = f'echo "apt-get $@" >> {checkout}/apt.log'
    pretend_that_only_chromium_is_missing(checkout, monkeypatch, 0, apt_get=apt)

    bootstrap.main(checkout)
    asked_without = (checkout / "apt.log").exists()
    bootstrap.main(checkout, browser=True)

    assert not asked_without
    assert (checkout / "apt.log").read_text().splitlines() == [
        "apt-get update -q",
        INSTALL_CHROMIUM,
    ]


def test_a_chromium_that_was_installed_is_found_and_nothing_more_is_said(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chromium = checkout / "bin" / "chromium"
    apt = f'echo >> {checkout}/apt.log; echo "#!" > {chromium}; /bin/chmod +x {chromium}'
    pretend_that_only_chromium_is_missing(checkout, monkeypatch, 0, apt_get=apt)

    status = bootstrap.main(checkout, browser=True), bootstrap.main(checkout, browser=True)

    assert status == (0, 0)
    assert capsys.readouterr().out == (
        f"Installing Chromium for the browser tests: {INSTALL_CHROMIUM}\n"
    )
    assert len((checkout / "apt.log").read_text().splitlines()) == 2  # update and install, once


def test_an_installation_that_did_not_help_is_not_tried_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    apt = f'echo "$1" >> {checkout}/apt.log; exit 100'
    pretend_that_only_chromium_is_missing(checkout, monkeypatch, 0, apt_get=apt)

    status = bootstrap.main(checkout, browser=True), bootstrap.main(checkout, browser=True)

    assert status == (0, 0)
    assert (checkout / "apt.log").read_text().splitlines() == ["update", "install"]
    assert capsys.readouterr().out.count("can't run, because Chromium is missing: run `sudo ") == 2


def test_a_user_without_sudo_is_told_how_to_get_chromium(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    apt = f"echo >> {checkout}/apt.log"
    pretend_that_only_chromium_is_missing(checkout, monkeypatch, 1000, apt_get=apt, sudo="exit 1")

    status = bootstrap.main(checkout, browser=True)

    assert status == 0
    assert not (checkout / "apt.log").exists()
    assert capsys.readouterr().out == (
        f"The browser tests can't run, because Chromium is missing: run `sudo {INSTALL_CHROMIUM}`, "
        "or name another: CHROMIUM=/PATH/TO/CHROMIUM make test.\n"
    )


def test_on_a_mac_a_browser_is_named_but_never_installed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brew = f"echo >> {checkout}/brew.log"
    pretend_that_only_chromium_is_missing(checkout, monkeypatch, 1000, brew=brew)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(bootstrap, "CHROMIUM_ON_A_MAC", ())

    bootstrap.main(checkout, browser=True)

    assert not (checkout / "brew.log").exists()
    assert "run `brew install --cask google-chrome`" in capsys.readouterr().out


def test_a_browser_in_the_applications_of_a_mac_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chrome = programs(tmp_path / "Chrome.app", chrome="exit 0") / "chrome"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(bootstrap, "CHROMIUM_ON_A_MAC", ("/absent", str(chrome)))

    assert bootstrap.find_chromium() == str(chrome)


def test_the_chromium_that_the_environment_names_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = programs(tmp_path / "mine", browser="exit 0") / "browser"
    monkeypatch.setenv("PATH", str(programs(tmp_path / "bin", chromium="exit 0")))
    monkeypatch.setenv("CHROMIUM", str(mine))

    assert bootstrap.find_chromium() == str(mine)


def test_a_chromium_that_the_environment_names_wrongly_is_said_and_not_replaced(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    apt = f"echo >> {checkout}/apt.log"
    pretend_that_only_chromium_is_missing(checkout, monkeypatch, 0, apt_get=apt, chromium="exit 0")
    monkeypatch.setenv("CHROMIUM", "/absent/chromium")

    bootstrap.main(checkout, browser=True)

    assert not (checkout / "apt.log").exists()
    assert capsys.readouterr().out == (
        "The browser tests can't run, because CHROMIUM names no program: correct its path, or "
        "leave it out.\n"
    )


def test_the_command_line_asks_for_the_browser(checkout: Path) -> None:
    pretend_that_packages_are_there(checkout)
    path = programs(checkout / "bin")

    without = set_up(checkout, path, CHROMIUM="/absent")
    asked = set_up(checkout, path, "--browser", CHROMIUM="/absent")

    assert "browser" not in without.stdout
    assert (asked.returncode, "CHROMIUM names no program" in asked.stdout) == (0, True)
