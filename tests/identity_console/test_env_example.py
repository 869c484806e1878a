""".env.example lists every setting with its default, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LINE = re.compile(r"#?([A-Z][A-Z0-9_]+)=(.*)")


def example() -> dict[str, str]:
    """The names in .env.example with the values they stand with."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return {match[1]: match[2] for line in lines if (match := LINE.fullmatch(line))}


def settings() -> dict[str, str | None]:
    """What settings.py reads, with the default; None where it isn't written there as a value."""
    source = (ROOT / "identity_console" / "settings.py").read_text(encoding="utf-8")
    read: dict[str, str | None] = {}
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if not isinstance(call.func.value, ast.Name) or call.func.value.id != "env":
            continue
        name, *defaults = call.args or [ast.Constant(None)]
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isupper():
            default = defaults[0] if defaults else ast.Constant("")
            known = isinstance(default, ast.Constant)
            read[name.value] = in_words(ast.literal_eval(default)) if known else None
    return read


def in_words(value: object) -> str:
    """A default as it is written in the environment."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_setting_is_in_the_example() -> None:
    assert sorted(settings().keys() - example().keys()) == []


def test_the_example_holds_nothing_that_is_not_read() -> None:
    assert sorted(example().keys() - settings().keys()) == []


def test_the_example_shows_the_defaults() -> None:
    shown = example()

    wrong = {
        name: default
        for name, default in settings().items()
        if default is not None and name != "SECRET_KEY" and shown.get(name) != default
    }

    assert wrong == {}
