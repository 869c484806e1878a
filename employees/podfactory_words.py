"""What PodFactory would find, in sentences for a manager."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from employees.podfactory import SUFFIXES, Found, from_email, lowered
from employees.podfactory_standing import KnownAs, Loss, Outcome, Standing

NAMED = 4  # people in a sentence

MENDS = {
    Outcome.FOUND: "",
    Outcome.LEFT: "Nothing, unless they still work: PodFactory would add them as somebody new.",
    Outcome.SEVERAL: "Another name for one of them, here and in PodFactory.",
    Outcome.NOBODY: "The same name here and in PodFactory.",
    Outcome.OTHER: "The same name here and in PodFactory, and no other person with it.",
}

Named = Callable[[int], str]


def reasons(standing: Standing, seen: Container[int] | None = None) -> list[str]:
    """Why PodFactory finds this person, or doesn't: a sentence for each way it knows them.

    seen: the numbers of those who may be named; None for everybody.
    """
    named = _naming(standing.names, seen)
    return list(dict.fromkeys(_reason(standing, *answer, named) for answer in standing.answers))


def sentences(
    losses: list[Loss], renamed: int, new_name: str, seen: Container[int] | None = None
) -> list[str]:
    """What a renaming would break, a sentence for each who is found no more.

    renamed, new_name: who is to be called how. seen: as for :func:`reasons`.
    """
    return list(dict.fromkeys(_loss(loss, renamed, new_name, seen) for loss in losses))


def others_in(standings: Iterable[Standing]) -> set[int]:
    """Who is spoken of in the reasons, beside the people themselves."""
    return {
        pk
        for standing in standings
        for _known, found in standing.answers
        for pk in (*found.employee_ids, *found.nearly)
    }


def _naming(names: Mapping[int, str], seen: Container[int] | None) -> Named:
    def named(pk: int) -> str:
        return f"{names[pk]} ({pk})" if seen is None or pk in seen else "somebody else"

    return named


def _reason(standing: Standing, known: KnownAs, found: Found, named: Named) -> str:
    outcome = standing.outcome_of(found)
    if outcome == Outcome.FOUND:
        return f"By {found.how}: “{found.asked[-1]}”."
    if outcome == Outcome.SEVERAL:
        others = [named(pk) for pk in found.employee_ids if pk != standing.employee_id]
        answer = "answers" if len(others) == 1 else "answer"
        return (
            f"{_and(others)} {answer} to “{found.asked[-1]}” as well ({found.how}): PodFactory "
            "takes one of them, and nothing says which."
        )
    if found.employee_ids:
        whom = _and([named(pk) for pk in found.employee_ids])
        return f"“{found.asked[-1]}” is {whom} to PodFactory, by {found.how}."
    return " ".join(_nobody(known, found, named))


def _nobody(known: KnownAs, found: Found, named: Named) -> Iterator[str]:
    if not found.asked:
        yield "PodFactory has neither a name nor an e-mail of them."
        return
    texts = " or ".join(f"“{text}”" for text in dict.fromkeys(found.asked))
    yield f"Nobody active answers to {texts}."
    yield from _cut_wrongly(known.email)
    if found.nearly:
        whom = _and([named(pk) for pk in found.nearly])
        yield f"{whom} would, but for an accent, a space or a sign that doesn’t show."


def _cut_wrongly(email: str | None) -> Iterator[str]:
    """jo.hollishp: PodFactory takes shp away, where hp is meant."""
    local = lowered(email).partition("@")[0]
    fitting = [suffix for suffix in SUFFIXES if local.endswith(suffix)]
    if len(fitting) > 1:
        yield f"Of {local} it takes “{fitting[0]}” away, which leaves “{from_email(email)}”."


def _loss(loss: Loss, renamed: int, new_name: str, seen: Container[int] | None) -> str:
    named = _naming(loss.names, seen)
    is_own = loss.employee_id == renamed
    who = "them" if is_own else named(loss.employee_id)
    knows = "knows" if loss.known.is_mapped else "would know"
    knows = f"PodFactory {knows} {who} as “{loss.known}”"
    others = [named(pk) for pk in loss.found.employee_ids if pk not in (loss.employee_id, renamed)]
    if not is_own:
        others = [f"“{new_name}”", *others]
    if not loss.found.employee_ids:
        return f"{knows}: it would find nobody any more, and add them as somebody new."
    if loss.employee_id in loss.found.employee_ids:
        return f"{knows}: it couldn’t tell them from {_and(others)} any more."
    return f"{knows}: it would take them for {_and(others)}."


def _and(parts: list[str]) -> str:
    """Those beyond the first few are counted: hundreds may have one first name."""
    if len(parts) > NAMED:
        parts = [*parts[: NAMED - 1], f"{len(parts) - NAMED + 1} others"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
