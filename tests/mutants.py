"""Whether the tests notice a wrong plan or engine: ``python -m tests.mutants [plan|engine]``.

cosmic-ray changes one thing at a time (a condition, a comparison, a number, an exception) in a copy
of the project, and runs the tests until one fails. What no test fails for is printed at the end, to
be looked at one by one: docs/architecture.md says which of them change nothing that matters. It
takes an hour for each of the two. uv fetches cosmic-ray; nothing else needs it.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COSMIC_RAY = "cosmic-ray==8.7.0"
QUICK = {"plan": ["plan"], "engine": ["outage", "following"]}  # those that notice most, first
TESTS = [
    "creating",
    "pauses",
    "undo_addition",
    "attention",
    "odd_answers",
    "taken_email",
    "claim",
    "brake",
    "switch",
    "existing_accounts",
    "invitations",
    "tasks",
    "restored",
    "status",
    "mending",
    "explain",
    "batches",
    "meanwhile",
]
CONFIG = """
[cosmic-ray]
module-path = ["auth0sync/{module}.py"]
timeout = 300.0
test-command = "{python} -m tests.mutants {module} --test"

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = [
  "core/RemoveDecorator",
  "core/ReplaceBinaryOperator_(?!(Add_Sub|Sub_Add|Mul_Div|Pow_Mul)$)",
  "core/ReplaceComparisonOperator_(?!(Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)$|(Lt|Gt|LtE)_)",
  "core/ReplaceComparisonOperator_(Lt_(?!LtE$|Gt$)|Gt_(?!GtE$|Lt$)|LtE_(?!Lt$|Gt$))",
]
"""


def test(module: str) -> int:
    """Run the tests on a mutant, the likeliest first, until one fails; returns its status."""
    of_module = QUICK[module]
    for names in (of_module, [name for name in TESTS if name not in of_module]):
        paths = [f"tests/auth0sync/test_{name}.py" for name in names]
        options = ["-x", "-q", "-m", "not process", "-p", "no:cacheprovider"]
        # pytest-django moves tests with a database to the front, so each step is a run of its own.
        status = subprocess.call([sys.executable, "-B", "-m", "pytest", *options, *paths])
        if status:
            return status
    return 0


def look_at(module: str) -> None:
    """Print how many mutants of this module survive, and what they are."""
    with tempfile.TemporaryDirectory(prefix="identity-console-mutants-") as temporary:
        copy, session, config = (
            Path(temporary) / name for name in ("copy", "session.sqlite", "mutants.toml")
        )
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.check_output(listed, cwd=ROOT, text=True).splitlines():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        config.write_text(CONFIG.format(module=module, python=sys.executable))
        uv = [str(Path(sys.executable).with_name("uv")), "tool", "run", "--from", COSMIC_RAY]
        for command in (
            ["cosmic-ray", "baseline", str(config)],  # without a mutant nothing may fail
            ["cosmic-ray", "init", str(config), str(session)],
            ["cr-filter-operators", str(session), str(config)],
            ["cosmic-ray", "exec", str(config), str(session)],
            ["cr-report", "--surviving-only", "--show-diff", str(session)],
        ):
            subprocess.run([*uv, *command], cwd=copy, check=True)


def main() -> int:
    """Look at what was asked for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("module", nargs="?", choices=sorted(QUICK), help="default: both")
    parser.add_argument("--test", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.test:
        return test(options.module)
    for module in [options.module] if options.module else QUICK:
        look_at(module)
    return 0


if __name__ == "__main__":
    sys.exit(main())
