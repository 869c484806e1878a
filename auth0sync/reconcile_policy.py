"""Which side wins by itself, field by field; pure.

The row is the truth, so by default nothing is ever taken from Auth0 but whether an e-mail was
verified, which only Auth0 can know. What an administrator may choose beside that is in ``MAY``:
nothing that decides who somebody is, how they sign in, or whether they may.
Source: docs/architecture.md, "Comparison".
"""

from collections.abc import Mapping
from enum import StrEnum

from auth0sync.sides import COLUMNS


class Rule(StrEnum):
    """What the nightly comparison does about a difference."""

    REPORT = "report"
    ROW = "row"
    AUTH0 = "auth0"

    @property
    def words(self) -> str:
        """As a page says it."""
        return {
            "report": "a person decides",
            "row": "the console's value is put back in Auth0",
            "auth0": "Auth0's value is taken over",
        }[self.value]


# Fields of one column each, whose value can be written into the row as it is.
TAKEABLE: Mapping[str, str] = {
    name: COLUMNS[name][0]
    for name in (
        "email",
        "name",
        "roles",
        "user_metadata.full_name",
        "user_metadata.department",
        "user_metadata.hire_date",
        "user_metadata.phone_number",
        "user_metadata.personal_email",
        "app_metadata.workspace",
    )
}
HARMLESS = ("user_metadata.phone_number", "user_metadata.hire_date")
BY_KIND = ("open", "shut", "role", "missing", "no_account", "verified")
DEFAULT: Mapping[str, Rule] = {"verified": Rule.AUTH0}


def may_be(name: str) -> tuple[Rule, ...]:
    """The rules that can be chosen for a field or kind; only REPORT for what a person decides."""
    if name == "verified":
        return (Rule.AUTH0, Rule.REPORT)
    if name in HARMLESS:
        return (Rule.REPORT, Rule.ROW, Rule.AUTH0)
    if name in BY_KIND or "." in name or name in COLUMNS:
        return (Rule.REPORT, Rule.ROW)
    return (Rule.REPORT,)


def rule_of(name: str, chosen: Mapping[str, str]) -> Rule:
    """The rule for a field or kind. chosen: as in ``TenantState.compare_policy``."""
    rule = chosen.get(name, "")
    return Rule(rule) if rule in may_be(name) else DEFAULT.get(name, Rule.REPORT)


def names() -> tuple[str, ...]:
    """Everything that has a rule to be chosen, in the order of a page."""
    fields = [name for name in COLUMNS if name not in ("blocked", "roles")]
    return (*BY_KIND, *fields)
