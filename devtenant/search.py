"""A small part of the Lucene syntax that Auth0's user search takes.

``field:value``, ``field:"value"``, ``field:val*``, ``_exists_:field``, ``field:[a TO b]``,
AND, OR, NOT, ``-`` and brackets. Fields may be nested: ``app_metadata.employee_id``.
"""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

Document = dict[str, Any]
Match = Callable[[Document], bool]

# Auth0 compares these without regard to capitals; metadata and ids exactly.
FOLDED = {"email", "name", "given_name", "family_name", "nickname", "username"}
TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])|(?P<minus>-(?=\S))|(?P<range>[\w.]+:[\[{][^\]}]*[\]}])"""
    r"""|(?P<term>(?:[\w.|@+*-]+:)?(?:"(?:[^"\\]|\\.)*"|[^\s()"]+)))"""
)


class BadQuery(ValueError):
    """A query that cannot be read; the text says where."""


def matcher(query: str) -> Match:
    """A function that says whether a user matches ``query``; "" matches everybody.

    Raises: BadQuery.
    Source: facts: GET /users?q=.
    """
    if not query.strip():
        return lambda document: True
    parser = Parser(list(tokens(query)))
    match = parser.either()
    if parser.position < len(parser.tokens):
        raise BadQuery(f"Cannot read the query at: {parser.tokens[parser.position]}")
    return match


def tokens(query: str) -> Iterator[str]:
    """The words of a query."""
    position = 0
    query = query.rstrip()
    while position < len(query):
        found = TOKEN.match(query, position)
        if not found or found.end() == position:
            raise BadQuery(f"Cannot read the query at: {query[position:]}")
        yield found.group().strip()
        position = found.end()


class Parser:
    """Recursive descent: either, both, one."""

    def __init__(self, words: list[str]) -> None:
        self.tokens = words
        self.position = 0

    def peek(self) -> str | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self) -> str:
        word = self.peek()
        if word is None:
            raise BadQuery("The query ends too early.")
        self.position += 1
        return word

    def either(self) -> Match:
        parts = [self.both()]
        while self.peek() == "OR":
            self.take()
            parts.append(self.both())
        return lambda document: any(part(document) for part in parts)

    def both(self) -> Match:
        parts = [self.one()]
        while self.peek() not in (None, "OR", ")"):
            if self.peek() == "AND":
                self.take()
            parts.append(self.one())
        return lambda document: all(part(document) for part in parts)

    def one(self) -> Match:
        word = self.take()
        if word in ("NOT", "-"):
            inner = self.one()
            return lambda document: not inner(document)
        if word == "(":
            inner = self.either()
            if self.take() != ")":
                raise BadQuery("A bracket is not closed.")
            return inner
        if word in (")", "AND", "OR"):
            raise BadQuery(f"Cannot read the query at: {word}")
        return term(word)


def term(word: str) -> Match:
    """The match for one ``field:value`` or bare word."""
    name, colon, raw = word.partition(":")
    if not colon or word.startswith('"'):
        value = unquoted(word).lower()
        return lambda document: any(
            value == str(document.get(field, "")).lower() for field in FOLDED
        )
    if name == "_exists_":
        return lambda document: bool(values_of(document, raw.split(".")))
    if raw[:1] in ("[", "{"):
        return between(name, raw)
    wanted, quoted = unquoted(raw), raw.startswith('"')
    folded = name in FOLDED
    if folded:
        wanted = wanted.lower()
    wild = not quoted and "*" in wanted

    def matches(document: Document) -> bool:
        for value in values_of(document, name.split(".")):
            text = as_text(value)
            text = text.lower() if folded else text
            if fnmatchcase(text, wanted.replace("[", "[[]")) if wild else text == wanted:
                return True
        return False

    return matches


def between(name: str, raw: str) -> Match:
    """The match for ``field:[low TO high]``; braces leave the ends out, ``*`` is open."""
    low, separator, high = raw[1:-1].partition(" TO ")
    if not separator:
        raise BadQuery(f"Cannot read the range: {raw}")
    low, high = low.strip(), high.strip()

    def matches(document: Document) -> bool:
        for value in values_of(document, name.split(".")):
            text = as_text(value)
            above = low == "*" or text > low or (raw[0] == "[" and text == low)
            below = high == "*" or text < high or (raw[-1] == "]" and text == high)
            if above and below:
                return True
        return False

    return matches


def unquoted(text: str) -> str:
    """A value without its quotation marks and escapes."""
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    return re.sub(r"\\(.)", r"\1", text)


def values_of(value: Any, path: list[str]) -> list[Any]:
    """The values at a dotted path; lists on the way are looked through."""
    if isinstance(value, list):
        return [found for item in value for found in values_of(item, path)]
    if not path:
        return [] if value is None else [value]
    if isinstance(value, dict) and path[0] in value:
        return values_of(value[path[0]], path[1:])
    return []


def as_text(value: Any) -> str:
    """A value as a query writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def ordered(rows: list[Document], sort: str) -> list[Document]:
    """Sort by ``field:1`` or ``field:-1``; "" keeps the order of creation.

    Raises: BadQuery.
    """
    if not sort:
        return rows
    name, _, direction = sort.rpartition(":")
    if direction not in ("1", "-1") or not name:
        raise BadQuery(f"Cannot read sort: {sort}")

    def key(row: Document) -> str:
        found = values_of(row, name.split("."))
        return as_text(found[0]) if found else ""

    return sorted(rows, key=key, reverse=direction == "-1")
