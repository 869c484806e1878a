"""How alike two names are, and by which keys the alike ones are found. Pure rules.

Names come here plain (``rehire.plain_name``): without case, accents and punctuation, their words by
alphabet. So both orders of a name are one, in every script.
"""

import re
from collections.abc import Iterator
from itertools import permutations

from rapidfuzz import fuzz

WORDS_MOST = 5  # of a name; further ones are passed over
LEAST = 80  # of 100: less is no reason to think of somebody
SPELLING = 84  # of 100: two words as alike as this may be one that was mistyped
FURTHER_WORD = 7  # what each word that only one of the names has takes away
# Between the names of families; they stand for nobody.
PARTICLES = frozenset({"al", "da", "de", "del", "der", "di", "dos", "du", "el", "la", "van", "von"})
# Short forms that don't begin like the name, or that people are really called by.
SHORT_FORMS = {
    "alberto": "beto",
    "alejandro": "alex ale",
    "alexander": "alex sasha",
    "andrew": "andy drew",
    "anthony": "tony",
    "antonio": "tono tony",
    "catherine": "cathy kate katie",
    "charles": "charlie chuck",
    "christopher": "chris",
    "daniel": "dan danny",
    "david": "dave",
    "dolores": "lola",
    "edward": "ed eddie ted",
    "elizabeth": "beth betty liz",
    "enrique": "kike",
    "francisco": "paco pancho",
    "guadalupe": "lupe lupita",
    "guillermo": "memo",
    "ignacio": "nacho",
    "isabel": "chabela isa",
    "james": "jim jimmy",
    "jennifer": "jen jenny",
    "jesus": "chuy",
    "john": "jack johnny",
    "jonathan": "jon",
    "jose": "pepe",
    "joseph": "joe joey",
    "katherine": "kate kathy katie",
    "lawrence": "larry",
    "luis": "lucho",
    "margaret": "maggie meg peggy",
    "matthew": "matt",
    "michael": "mike mikey",
    "nicholas": "nick",
    "oleksandr": "sasha",
    "olga": "olya",
    "patricia": "pat patty trish",
    "rafael": "rafa",
    "richard": "dick rick",
    "robert": "bob bobby rob",
    "roberto": "beto",
    "rosario": "charo",
    "samuel": "sam",
    "steven": "steve",
    "susan": "sue susie",
    "teresa": "tere",
    "thomas": "tom tommy",
    "timothy": "tim",
    "victoria": "vicky",
    "william": "bill billy will",
}
_CALLED = {(short, long) for long, shorts in SHORT_FORMS.items() for short in shorts.split()}
_INITIAL = "an initial"


def words_of(plain: str) -> list[str]:
    """The words that stand for somebody, at most WORDS_MOST."""
    return [word for word in plain.split() if word not in PARTICLES][:WORDS_MOST]


def pairs_of(plain: str) -> set[str]:
    """Each word with the first letter of each other one: the keys that alike names share.

    An initial, a short form, a mistyped or a further word leaves at least one of them as it is, and
    few people share one: of 100,000 some dozens. A name of one word has none.
    """
    return {f"{word[:60]} {other[0]}" for word, other in _two_of(words_of(plain)) if len(word) > 1}


def pairs_alike(plain: str) -> set[str]:
    """The keys by which to look for ``plain``: also with each word's short and full forms."""
    found = set()
    for word, other in _two_of(words_of(plain)):
        for written in _forms(word):
            if len(written) > 1:
                found |= {f"{written[:60]} {begins[0]}" for begins in _forms(other)}
    return found


def names_in(local_part: str) -> set[str]:
    """The plain names that the part of an e-mail before the @ may stand for.

    john.smith is one, jsmith and smithj stand for J. Smith. Without a hint to two words: none.
    """
    words = [word for word in re.split(r"[\W\d_]+", local_part.lower()) if word]
    if len(words) > 1:
        return {" ".join(sorted(words))}
    if not words or len(words[0]) < 5:
        return set()
    (word,) = words
    return {" ".join(sorted(two)) for two in ((word[0], word[1:]), (word[-1], word[:-1]))}


def alike(one: str, other: str) -> tuple[int, str]:
    """How alike two plain names are, of 100, and how in words; (0, "") for less than LEAST."""
    if one == other:
        return (100, "the same name") if one else (0, "")
    short, long = sorted((words_of(one), words_of(other)), key=len)
    if len(short) < 2:
        return 0, ""
    score, is_sure, how = max(_matched(short, part) for part in permutations(long, len(short)))
    further = len(long) - len(short)
    score -= further * FURTHER_WORD
    if not is_sure or score < LEAST:
        return 0, ""
    ways = sorted({*how, *(["a further name"] if further else [])})
    return score, "nearly the same name: " + " and ".join(ways) if ways else "the same name"


def _matched(words: list[str], others: tuple[str, ...]) -> tuple[int, bool, list[str]]:
    """The score of these words, each beside its other; whether one of them is sure; and how."""
    score, is_sure, how = 100, False, []
    for word, other in zip(words, others, strict=True):
        lost, way = _word(word, other)
        score -= lost
        is_sure |= way != _INITIAL
        how += [way] if way else []
    return max(score, 0), is_sure, how


def _word(word: str, other: str) -> tuple[int, str]:
    """How much the difference of two words takes away, and what it is; "" for none."""
    if word == other:
        return 0, ""
    if 1 in (len(word), len(other)):
        return (9, _INITIAL) if word[0] == other[0] else (100, "")
    for short, long in ((word, other), (other, word)):
        is_begun = len(short) > 2 and len(long) > len(short) + 1 and long.startswith(short)
        if is_begun or (short, long) in _CALLED:
            return 5, f"{short.title()} for {long.title()}"
    likeness = round(fuzz.ratio(word, other))
    return (100 - likeness, "another spelling") if likeness >= SPELLING else (100, "")


def _forms(word: str) -> set[str]:
    """The word, its short forms and what it is short for."""
    return {word} | {a for pair in _CALLED if word in pair for a in pair}


def _two_of(words: list[str]) -> Iterator[tuple[str, str]]:
    yield from permutations(words, 2)
