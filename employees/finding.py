"""Finding people by what somebody typed, also among very many.

In a company of usual size every part of a name or e-mail is found. Where that would mean to read
everybody's row, an index answers (``employee_search_keys``, kept by the history's writer): each
word is the beginning of a word of the name, or of an e-mail; former names and e-mails count too.
Only what it doesn't find is looked for in the rows, where an "ollis" is part of a Hollis.
"""

from django.db.models import Q, QuerySet

from employees.counting import is_large
from employees.emails import normalise_email
from employees.models import Employee, SearchKey
from employees.rehire import EMAIL, NAME, PAIR, PHONE, plain_name, plain_phone

LAST = "\uffff"  # sorts behind every letter, whatever the database's collation
WORD_MOST = 60  # characters of a word of a name that its keys hold
READ_MOST = 20_000  # keys for one word; what more people have is found in the rows soon enough


def by_index(
    people: QuerySet[Employee], term: str, number: int | None
) -> QuerySet[Employee] | None:
    """Those of ``people`` whom an index finds; None where the rows themselves have to be asked.

    That is in a company of usual size, for a text that says nothing or that very many answer to,
    and when the index finds nobody. The numbers are read first: asked for together, MariaDB walks
    through everybody. number: the employee number that ``term`` is, if it is one.
    """
    words = {word: _conditions(word) for word in term.split()}
    if not any(words.values()) or not is_large():
        return None
    if number is not None:
        ((others,),) = words.values()
        digits = others | Q(key=f"{PHONE}{plain_phone(term) or '-'}")
        people = people.filter(pk__in={number, *(_having(digits) or ())})
    else:
        found: set[int] | None = None
        for word, conditions in words.items():
            for condition in conditions:
                having = _having(condition)
                if having is None:
                    people = people.filter(Q(name__icontains=word) | Q(email__icontains=word))
                else:
                    found = having if found is None else found & having
        if not found:
            return None
        people = people.filter(pk__in=found)
    return people if people.order_by().exists() else None


def _having(condition: Q) -> set[int] | None:
    """The numbers of those with such a key; None where it would be too many."""
    numbers = SearchKey.objects.filter(condition).values_list("employee_id", flat=True)
    read = list(numbers[:READ_MOST])
    return set(read) if len(read) < READ_MOST else None


def _conditions(word: str) -> list[Q]:
    """What a person's search keys have to answer to, each one; none for a word without a letter."""
    names = plain_name(word).split()
    email = _begins(EMAIL, normalise_email(word))
    if "@" in word:
        return [email]
    if len(names) == 1:
        return [_of_a_name(names[0]) | email]
    return [_of_a_name(name) for name in names]  # O'Brien-Ortiz is two words of a name


def _of_a_name(word: str) -> Q:
    # The whole name, too: its first word, and one that stands alone, may have no key of its own.
    return _begins(PAIR, word[:WORD_MOST]) | _begins(NAME, word)


def _begins(kind: str, text: str) -> Q:
    return Q(key__gte=f"{kind}{text}", key__lt=f"{kind}{text}{LAST}")
