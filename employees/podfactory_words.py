"""What PodFactory would find, in sentences for a manager."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from employees.actors import may_be_named
from employees.authority import Actor
from employees.podfactory import SUFFIXES, Found, from_email, lowered
from employees.podfactory_losses import Loss, lost_by_joining, lost_by_renaming
from employees.podfactory_standing import KnownAs, Outcome, Row, Standing

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
    losses: list[Loss], number: int, new_name: str, seen: Container[int] | None = None
) -> list[str]:
    """What a name would break, a sentence for each who is found no more.

    number, new_name: who is to be called how. seen: as for :func:`reasons`.
    """
    return list(dict.fromkeys(_loss(loss, number, new_name, seen) for loss in losses))


def said_of_renaming(new_names: Mapping[int, str], actor: Actor) -> dict[int, list[str]]:
    """What would break if these people had these names, by their numbers; nothing for most.

    Nobody is named who is out of ``actor``'s sight.
    """
    return _said(lost_by_renaming(new_names), new_names, actor)


def said_of_joining(people: Sequence[Row], actor: Actor) -> list[tuple[str, list[str]]]:
    """The same if these people were added, or came back: the name of each, and what it would break.

    people: as for ``lost_by_joining``.
    """
    names = {row[0]: row[1] for row in people}
    said = _said(lost_by_joining(people), names, actor)
    return [(names[pk], found) for pk, found in said.items()]


def _said(
    lost: Mapping[int, list[Loss]], new_names: Mapping[int, str], actor: Actor
) -> dict[int, list[str]]:
    seen = may_be_named(actor, {pk for each in lost.values() for loss in each for pk in loss.names})
    return {pk: sentences(losses, pk, new_names[pk], seen) for pk, losses in lost.items()}


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


def _loss(loss: Loss, number: int, new_name: str, seen: Container[int] | None) -> str:
    named = _naming(loss.names, seen)
    is_own = loss.employee_id == number
    verb = "knows" if loss.known.is_mapped else "would know"
    knows = f"PodFactory {verb} {'them' if is_own else named(loss.employee_id)}"
    if is_own or seen is None or loss.employee_id in seen:
        knows += f" as “{loss.known}”"
    else:  # which may be an e-mail
        knows += " by this name, or a part of it"
    others = [named(pk) for pk in loss.found.employee_ids if pk not in (loss.employee_id, number)]
    if not is_own:
        others = [f"“{new_name}”", *others]
    if not loss.found.employee_ids:
        return f"{knows}: it would find nobody any more, and add them as somebody new."
    if loss.employee_id in loss.found.employee_ids:
        any_more = " any more" if loss.was_found else ""
        return f"{knows}: it couldn’t tell them from {_and(others)}{any_more}."
    return f"{knows}: it would take them for {_and(others)}."


def _and(parts: list[str]) -> str:
    """Those beyond the first few are counted: hundreds may have one first name."""
    if len(parts) > NAMED:
        parts = [*parts[: NAMED - 1], f"{len(parts) - NAMED + 1} others"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
