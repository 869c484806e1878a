"""What the documentation names exists: commands with their options, targets, settings, sections."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.identity_console.test_env_example import example

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
CODE = re.compile(r"```\w*\n(.*?)```|`([^`]+)`", re.DOTALL)
CALL = re.compile(r"manage\.py (?P<name>[a-z][a-z0-9_]*)(?P<rest>[^\n|&;)#]*)")
OURS = re.compile(r"(?<![\w./])(?P<name>auth0_[a-z]+|scrub_plaintext) (?P<rest>--[^\n|&;)#]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SETTING = re.compile(r"(?<![A-Za-z0-9_.$])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![A-Za-z0-9_(])")
# Names in capitals that are no settings: of the demo and the tests, of the code, and of Auth0.
OTHERS = {
    *("CONSOLE_PORT", "TENANT_PORT", "SMTP_PORT", "DEMO_ON_A_COPY", "DEVTENANT_STREAM_TOKEN"),
    *("TEST_DATABASE_URL", "TEST_REDIS_URL", "REQUIRE_SUITES"),
    *("DJANGO_SETTINGS_MODULE", "INSTALLED_APPS", "ENV_FILE", "NAME_FILE", "TYPE_CHECKING"),
    *("PLAN_VERSION", "DUPLICATED_USER", "INVALID_FORMAT"),
}


def code(page: Path) -> Iterator[str]:
    """Everything that stands as code: of a block as it is, in a line with its wrapping undone."""
    for block, inline in CODE.findall(page.read_text(encoding="utf-8")):
        yield block.replace("\\\n", " ") if block else " ".join(inline.split())


@cache
def options_of(name: str) -> frozenset[str]:
    """All options of a command, Django's own among them."""
    app = get_commands()[name]
    command = load_command_class(str(app), name)
    return frozenset(command.create_parser("manage.py", name)._option_string_actions)


def headings(page: Path) -> list[str]:
    """The sections of a page, as written."""
    text = CODE.sub("", page.read_text(encoding="utf-8")) if page.suffix == ".md" else ""
    return re.findall(r"^#{1,4} (.+)$", text, re.MULTILINE)


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_only_commands_and_options_that_there_are(name: str) -> None:
    unknown = []
    for text in code(ROOT / name):
        for call in [*CALL.finditer(text), *OURS.finditer(text)]:
            command = call["name"]
            if command not in get_commands():
                unknown.append(command)
                continue
            asked = set(OPTION.findall(call["rest"]))
            unknown += [f"{command} {option}" for option in asked - options_of(command)]

    assert unknown == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_only_targets_that_there_are(name: str) -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = {
        target for text in code(ROOT / name) for target in re.findall(r"^make ([a-z-]+)", text)
    }

    assert named - there == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_only_settings_that_there_are(name: str) -> None:
    there = {each for setting in example() for each in (setting, f"{setting}_FILE")} | OTHERS

    named = set(SETTING.findall((ROOT / name).read_text(encoding="utf-8")))

    assert named - there == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_leads_only_to_files_and_sections_that_there_are(name: str) -> None:
    page = ROOT / name
    wrong = []
    for target, mark in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text("utf-8")):
        leads_to = (page.parent / target).resolve() if target else page
        if not leads_to.exists():
            wrong.append(target)
        elif mark and mark not in map(anchor, headings(leads_to)):
            wrong.append(f"{target}#{mark}")

    assert wrong == []


def test_the_runbook_has_each_section_once() -> None:
    found = headings(ROOT / "docs" / "runbook.md")

    assert sorted(found) == sorted(set(found))


def test_the_runbooks_first_page_leads_to_every_other_section() -> None:
    page = ROOT / "docs" / "runbook.md"
    text = page.read_text(encoding="utf-8")
    first, _, rest = text.partition("## Ask for help")

    unseen = [
        section
        for section in re.findall(r"^## (.+)$", rest, re.MULTILINE)
        if f"(#{anchor(section)})" not in first
    ]

    assert unseen == []


def test_every_section_of_the_runbook_that_is_named_elsewhere_is_there() -> None:
    there = headings(ROOT / "docs" / "runbook.md")
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    for folder in ("auth0sync", "employees", "identity_console"):
        texts += [file.read_text(encoding="utf-8") for file in (ROOT / folder).rglob("*.py")]
    named = [
        section
        for text in texts
        for list_of_them in re.findall(r"runbook: ((?:“[^”]+”(?:, )?)+)", " ".join(text.split()))
        for section in re.findall("“([^”]+)”", list_of_them)
    ]

    assert named
    assert [section for section in named if section not in there] == []
