"""What a difference between console and Auth0 is called, how it can come to be, and what each way
out does; in the words of somebody who looks after people.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auth0sync.field_words import in_words
from auth0sync.reconcile_models import Difference
from auth0sync.three_way import is_same
from auth0sync.value_words import said

Kind = Difference.Kind
FIELD = "field:"  # before the field's name, in the name of a group
MARKS = {  # what is yes or no, or a word of the console's own, is no “another on the shop floor”
    "user_metadata.is_shop_floor",
    "app_metadata.podfactory_enabled",
    "app_metadata.podfactory_sync_status",
    "app_metadata.created_by",
    "app_metadata.installation",
}


@dataclass(frozen=True)
class Words:
    """One kind in words, within a sentence.

    group: as a heading. happened: with ``{who}`` for the person, ``{field}`` and ``{account}``.
    why: how it can come to be, and what to think of. fix, take: what the two ways out do.
    """

    group: str
    happened: str
    why: str
    fix: str = ""
    take: str = ""


WORDS: Mapping[str, Words] = {
    Kind.OPEN: Words(
        "Can still sign in",
        "The account in Auth0 is open, though {who} is switched off here",
        "Somebody has lifted the block in Auth0, or a link for a new password did.",
        fix="Block the account again",
    ),
    Kind.MISSING: Words(
        "Deleted in Auth0",
        "The account of {who} was deleted in Auth0",
        "Nobody can sign in with it. A new one begins without a password, so an invitation goes "
        "out with it.",
        fix="Make a new account",
    ),
    Kind.SHUT: Words(
        "Blocked in Auth0",
        "The account of {who} is blocked in Auth0, though it is open here",
        "Somebody blocked it in Auth0, perhaps for a reason: ask before you open it.",
        fix="Open the account again",
        take="Deactivate {who} here too",
    ),
    Kind.FOREIGN: Words(
        "Marked as somebody else’s",
        "The account of {who} carries the mark of another person or installation",
        "Somebody has changed the mark in Auth0, or another console works with the same tenant. "
        "The console leaves such an account alone.",
    ),
    Kind.DOUBLE: Words(
        "A second account",
        "Auth0 has a second account that is marked as {who}’s",
        "The console uses the other one. This one can be signed in with, and nobody shuts it when "
        "{who} leaves.",
        fix="Make it the account of {who}",
    ),
    Kind.ROLE: Words(
        "Another role",
        "{who} has another role in Auth0 than in the console",
        "Somebody has given or taken a role in Auth0. What it allows counts at once.",
        fix="Give the console’s role in Auth0",
        take="Take Auth0’s role over into the console",
    ),
    Kind.FIELD: Words(
        "Another detail",
        "Auth0 has another {field} for {who} than the console",
        "Somebody has changed it in Auth0.",
        fix="Put the console’s {field} into Auth0",
        take="Take Auth0’s {field} over into the console",
    ),
    Kind.NO_ACCOUNT: Words(
        "No account",
        "{who} should have an account, and Auth0 has none",
        "It wasn’t made yet, or it can’t be.",
        fix="Try to make the account",
    ),
    Kind.STUCK: Words(
        "Can’t be done as it is",
        "What the console has for {who} can’t be put into Auth0",
        "The row has to be mended first.",
        fix="Try again",
    ),
    Kind.NO_ROW: Words(
        "Deleted here",
        "Auth0 has an account of {who}, whose row was deleted here",
        "Another program has deleted the row. The account stays until somebody shuts it.",
        fix="Block the account",
    ),
    Kind.EMAIL_DOUBLE: Words(
        "One e-mail, several accounts",
        "Several accounts in Auth0 have the e-mail of {who}",
        "Whoever signs in with it may get into the wrong one.",
    ),
    Kind.UNKNOWN: Words(
        "Belongs to nobody here",
        "Auth0 has an account that belongs to nobody here: {account}",
        "It was made in Auth0 or by another program. If it is somebody’s here, link it; if nobody "
        "needs it, delete it in Auth0.",
    ),
    Kind.NOT_OURS: Words(
        "Not the console’s to touch",
        "{who} has an account that the console didn’t make, and signs in with the PIN here",
        "The row came with it. It is neither changed nor blocked, also when {who} leaves. Let them "
        "sign in with Auth0 here, and the console looks after it.",
    ),
    Kind.VERIFIED: Words(
        "E-mail proven on one side",
        "Auth0 and the console disagree on whether {who} has proven the e-mail",
        "Only Auth0 can know, so the console takes it over by itself.",
        take="Take over what Auth0 says",
    ),
}


def group_of(difference: Difference) -> str:
    """The name of the group that it stands in; fields have one each, since each is a matter of
    its own."""
    return group_named(difference.kind, difference.field)


def group_named(kind: str, field: str) -> str:
    """The same, of a kind and a field."""
    return f"{FIELD}{field}" if kind == Kind.FIELD else kind


def parts_of(group: str) -> tuple[str, str]:
    """Kind and field of a group's name; the kind is "" for no group's name."""
    if group.startswith(FIELD):
        return Kind.FIELD, group.removeprefix(FIELD)
    return (group if group in WORDS else ""), ""


def heading(group: str) -> str:
    """What a group is called."""
    kind, field = parts_of(group)
    return f"Another {field_named(field)}" if field else WORDS[kind].group


def field_named(field: str) -> str:
    """A field as it is called after "another" or "the"."""
    return f"mark “{in_words(field)}”" if field in MARKS else in_words(field)


def happened(difference: Difference, who: str) -> str:
    """What is the matter, in a sentence. who: the person's name."""
    return _fill(WORDS[difference.kind].happened, difference, who) + "."


def why(difference: Difference, who: str) -> str:
    """How it can come to be, and what to think of; a reason of the console's own comes first."""
    told = difference.about.get("error", "")
    text = _fill(WORDS[difference.kind].why, difference, who)
    return f"{told} {text}" if told else text


def values(difference: Difference) -> list[tuple[str, str]]:
    """The sides beside each other, where there is a value to compare: label, value."""
    if difference.kind not in (Kind.FIELD, Kind.ROLE):
        return []  # the sentence says it all
    sides = (("Console", difference.wanted), ("Auth0", difference.auth0))
    shown = [(label, said(difference.field, value) or "nothing") for label, value in sides]
    if not any(is_same(difference.field, difference.seen, value) for _, value in sides):
        shown.append(("Last seen in Auth0", said(difference.field, difference.seen) or "nothing"))
    return shown


def way_out(difference: Difference, decision: str, who: str) -> str:
    """What a decision does, as the words on its button. who: the person's name."""
    words = WORDS[difference.kind]
    label = {
        Difference.Decision.FIX: words.fix,
        Difference.Decision.TAKE_OVER: words.take,
        Difference.Decision.LINK: "Link it to a person here",
        Difference.Decision.DELETE: "List it for deletion by hand",
        Difference.Decision.IGNORE: "Leave it as it is",
    }[Difference.Decision(decision)]
    return _fill(label, difference, who)


def _fill(text: str, difference: Difference, who: str) -> str:
    account = difference.about.get("email") or difference.user_id
    return text.format(who=who, field=field_named(difference.field), account=account)
