"""The description of a tenant: what is checked in, and what is refused in which words."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from auth0sync.management.commands.auth0_setup import DESCRIPTION
from auth0sync.scopes import SCOPES
from auth0sync.setup_file import BadDescription, Surroundings, described
from auth0sync.setup_wanted import Wanted
from employees.permissions import APIS, BY_ROLE

pytestmark = pytest.mark.once

AROUND = Surroundings("log-in", "machine", "Staff", "https://own.example.com/roles", True)
TEXT = DESCRIPTION.read_text(encoding="utf-8")


def checked_in(environment: str = "production", around: Surroundings = AROUND) -> Wanted:
    return described(TEXT, environment, around)


def why_bad(old: str, new: str) -> str:
    """The refusal of the checked-in description with this one thing changed in it."""
    assert old in TEXT
    with pytest.raises(BadDescription) as refused:
        described(TEXT.replace(old, new, 1), "production", AROUND)
    return str(refused.value)


def test_the_apis_are_those_of_the_table_that_tokens_are_held_to() -> None:
    assert {api.name: tuple(api.permissions) for api in checked_in().apis} == dict(APIS)


def test_each_role_has_what_the_table_allows_it() -> None:
    """Less would refuse people what verify lets through, more would never count."""
    roles = {role.name: role.permissions for role in checked_in().roles}

    assert {name: {each for _api, each in held} for name, held in roles.items()} == dict(BY_ROLE)


@pytest.mark.parametrize("environment", ["dev", "demo", "staging", "production"])
def test_every_environment_has_addresses_of_its_own(environment: str) -> None:
    wanted = checked_in(environment)

    assert wanted.environment == environment
    assert len({api.identifier for api in wanted.apis}) == 3
    assert all(url.endswith("/complete/auth0/") for url in wanted.application.callbacks)
    assert all(url.endswith("/login/") for url in wanted.application.logout_urls)


def test_what_the_settings_say_is_taken_from_them() -> None:
    wanted = checked_in()

    assert wanted.application.client_id == "log-in"
    assert wanted.machine.client_id == "machine"
    assert wanted.connection.name == "Staff"
    assert '"https://own.example.com/roles"' in wanted.action.code


def test_the_log_stream_leads_to_the_first_console_with_https() -> None:
    around = replace(AROUND, webhook_token="t0ken")

    stream = checked_in(around=around).stream

    assert stream.endpoint == "https://console.example.com/webhooks/auth0"
    assert stream.authorization == "Bearer t0ken"
    assert "t0ken" not in f"{around}{stream}"
    assert not checked_in().stream.is_wanted
    assert not checked_in("dev", around).stream.is_wanted


def test_a_claims_name_cant_end_the_scripts_text() -> None:
    around = Surroundings("", "", "", 'https://a.example.com/"); evil("', True)

    assert r"/\"); evil(\"" in checked_in(around=around).action.code


def test_the_machine_needs_no_scopes_for_roles_where_none_are_given() -> None:
    without = checked_in(around=Surroundings("", "", "", "https://a.example.com/r", False))

    assert "create:role_members" in checked_in().machine.scopes
    assert "create:role_members" not in without.machine.scopes
    assert without.machine.scopes < {scope.name for scope in SCOPES}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("apis:", "apos:", "The description: apis isn't there."),
        ("roles_of_others: []", "colour: red", "The description: colour isn't known; there are"),
        ("name: Shop Floor", "nam: Shop Floor", "apis.shop_floor: name isn't there."),
        ("name: Shop Floor", "name: 7", "apis.shop_floor.name: it has to be a short text."),
        ("name: Shop Floor", "name: <b>", "apis.shop_floor.name: it has to be a short text."),
        ("description: Reads reports", "descr: x", "roles.finance: description isn't there."),
        ("  finance:", "  accounts:", "roles: finance isn't there, which the console gives."),
        (
            "manager_functions: [read:reports]",
            "manager_functions: [read:all]",
            "roles.finance.permissions.manager_functions: the API manager_functions has no "
            "permission read:all.",
        ),
        (
            "manager_functions: [read:reports]",
            "payroll: [read:reports]",
            "roles.finance.permissions.payroll: there is no API payroll.",
        ),
        (
            "manager_functions: [read:reports]",
            "manager_functions: [read:reports, read:reports]",
            "roles.finance.permissions.manager_functions: read:reports stands there twice.",
        ),
        ("roles_of_others: []", "roles_of_others: [admin]", "roles_of_others: admin stands under"),
        ("roles_of_others: []", "roles_of_others: intern", "roles_of_others: a list has to stand"),
        ("roles_of_others: []", "roles_of_others: [1]", "roles_of_others[0]: it has to be a short"),
        ("import_mode: false", "import_mode: sometimes", "connection.import_mode: it has to be tr"),
        (
            "production-tenant.us.auth0.com",
            "https://production-tenant.us.auth0.com/",
            "environments.production.domain: it has to be a host such as",
        ),
        ("[/login/]", "[login]", "log_in_application.logout_urls[0]: it has to be a path."),
        (
            '["https://console.example.com"]',
            '["console.example.com"]',
            "environments.production.consoles[0]: it has to be an address such as",
        ),
        ('["https://console.example.com"]', "[]", "environments.production.consoles: at least one"),
        (
            "https://shop-floor.example.com",
            "https://productivity-tracker.example.com",
            "environments.production.api_identifiers: each API needs an identifier of its own.",
        ),
        (
            "shop_floor: https://shop-floor.staging.example.com",
            "shop_flor: https://shop-floor.staging.example.com",
            "environments.staging.api_identifiers: shop_floor isn't there.",
        ),
        ("  staging:", "  7:", "environments: “7” is no name that can stand here."),
        ("shop_floor:\n    name", "productivity_tracker:\n    name", "productivity_tracker stands"),
        ("apis:\n", "apis: 'open\n", " is no YAML."),
        (
            'action:\n  name: "Identity console: roles in tokens"',
            "action: {}",
            "action: names and what belongs to them have to stand here.",
        ),
    ],
)
def test_what_isnt_understood_is_refused_with_its_place(old: str, new: str, why: str) -> None:
    assert why in why_bad(old, new)


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']",
        "apis: 2026-13-45",
        "apis: !!timestamp soon",
        "apis: !!int many",
        "apis: !!bool perhaps",
        "apis: 0b_",
        "[" * 5000,
        "? [a, b]\n: c",
        "\x00",
    ],
)
def test_what_yaml_cant_make_is_no_yaml(text: str) -> None:
    with pytest.raises(BadDescription, match="is no YAML"):
        described(text, "dev", AROUND)


def test_many_names_are_gone_through_once() -> None:
    """As many as this took a minute and a half when each was compared with each other."""
    text = "".join(f"k{number}: x\n" for number in range(20_000))

    began = time.process_time()
    with pytest.raises(BadDescription, match="apis isn't there"):
        described(text, "dev", AROUND)

    assert time.process_time() - began < 20


def test_an_empty_file_is_refused_too() -> None:
    with pytest.raises(BadDescription, match="The description: names and what belongs"):
        described("", "dev", AROUND)


def test_an_unknown_environment_is_told_those_there_are() -> None:
    with pytest.raises(BadDescription, match="one of dev, demo, staging, production"):
        checked_in("live")


def test_a_file_that_cant_be_read_or_understood_is_said_and_nothing_called(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "other.yaml"
    with pytest.raises(CommandError, match=re.escape(f"{path} can't be read (FileNotFoundError)")):
        call_command("auth0_setup", "--file", str(path))
    path.write_text("apis: {}")
    with pytest.raises(CommandError, match=r"other\.yaml: The description: roles isn't there"):
        call_command("auth0_setup", "--file", str(path))
