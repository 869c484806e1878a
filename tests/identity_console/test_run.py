"""What `make test` runs, and what it may leave out."""

import sys
from pathlib import Path

import pytest

from tests import run

SERVERS = {"mariadb": "mysql://root@127.0.0.1/x", "redis": "redis://127.0.0.1/9"}


def test_every_kind_of_test_runs_on_both_databases() -> None:
    names = [step.name for step in run.test_steps(SERVERS, strict=False, browser=True)]

    assert names == [
        "tests on SQLite",
        "tests on MariaDB",
        "browser tests on SQLite",
        "browser tests on MariaDB",
    ]


def test_sqlite_is_tested_without_any_server() -> None:
    steps = run.test_steps({}, strict=False, browser=False)

    assert [step.env for step in steps] == [{"TEST_DATABASE_URL": None, "TEST_REDIS_URL": None}]


def test_skips_are_failures_only_where_suites_are_required() -> None:
    strict, lax = (run.test_steps(SERVERS, strict=each, browser=True) for each in (True, False))

    assert all("--fail-on-skip" in step.command for step in strict)
    assert not any("--fail-on-skip" in step.command for step in lax)


def test_nothing_is_tested_in_a_browser_where_there_is_none() -> None:
    steps = run.test_steps(SERVERS, strict=True, browser=False)

    assert not any(step.name.startswith("browser") for step in steps)
    assert all("not browser" in step.command[step.command.index("-m", 3) + 1] for step in steps)


def test_only_what_goes_through_all_parts_is_tested_in_a_browser_on_mariadb_too() -> None:
    steps = {step.name: step for step in run.test_steps(SERVERS, strict=False, browser=True)}

    assert "browser" in steps["browser tests on SQLite"].command
    assert "browser and both_databases" in steps["browser tests on MariaDB"].command


def test_a_browser_that_is_not_there_is_said_by_the_name_of_its_suite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHROMIUM", "/absent/chromium")

    _servers, absent = run.look_around({"TEST_DATABASE_URL": "sqlite://"})

    assert absent["browser"] == "CHROMIUM names no program"


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    why = run.why_no_mariadb("mysql://root:hunter2@127.0.0.1:1/x")

    assert why in {
        "127.0.0.1:1 doesn't answer",
        "mysqlclient isn't installed (`make setup` says why)",
    }


def test_a_redis_that_does_not_answer_is_named() -> None:
    assert run.why_no_redis("redis://127.0.0.1:1/9") == "127.0.0.1:1 doesn't answer"


@pytest.mark.parametrize(
    ("environment", "required"),
    [
        ({}, set()),
        ({"CI": "true"}, {"mariadb", "redis", "recordings", "browser"}),
        ({"CI": "true", "REQUIRE_SUITES": ""}, set()),
        ({"REQUIRE_SUITES": "mariadb, recordings"}, {"mariadb", "recordings"}),
    ],
)
def test_ci_requires_every_suite_unless_told_otherwise(
    environment: dict[str, str], required: set[str]
) -> None:
    assert run.required_suites(environment) == required


def test_a_misspelt_suite_is_refused() -> None:
    with pytest.raises(SystemExit, match="REQUIRE_SUITES may name"):
        run.required_suites({"REQUIRE_SUITES": "maria"})


def test_the_server_of_the_environment_is_taken_as_it_is() -> None:
    url = "mysql://tester@db.example.com/tests"

    assert run.database_url({"TEST_DATABASE_URL": url}) == url
    assert run.database_url({}).startswith("mysql://root@127.0.0.1:3306/identity_console_")


def test_the_short_form_of_the_chaos_is_one_of_the_steps() -> None:
    assert run.chaos_step().command[-3:] == ["-m", "tests.chaos", "--short"]


def test_coverage_measures_the_tests_of_auth0sync_on_both_databases_and_reports_at_the_end() -> (
    None
):
    steps = run.coverage_steps(SERVERS, strict=False)

    assert [step.name for step in steps] == [
        "forget the last coverage",
        "tests on SQLite",
        "tests on MariaDB",
        "combine what was measured",
        "coverage of auth0sync",
    ]
    measured = [step for step in steps if "COVERAGE_PROCESS_START" in step.env]
    assert [step.name for step in measured] == [step.name for step in steps[1:3]]
    assert all("tests/auth0sync" in step.command for step in measured)


def test_steps_side_by_side_print_one_after_the_other_and_each_failure_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def step(name: str, code: str) -> run.Step:
        return run.Step(name, [sys.executable, "-c", code])

    slow = step("slow", "import time; print('slow begins', flush=True); time.sleep(1); 1 / 0")
    quick = step("quick", "print('quick is done')")
    wrong = step("wrong", "raise SystemExit(3)")

    failed = run.run_together([slow, quick, wrong], str(tmp_path))

    assert failed == ["slow", "wrong"]
    printed = capsys.readouterr().out
    words = ["=== slow", "slow begins", "ZeroDivisionError", "--- slow", "quick is done"]
    assert sorted(words, key=printed.index) == words
