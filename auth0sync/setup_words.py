"""A plan as people read it: like a diff, with what is left to do by hand and how much it is."""

from collections.abc import Iterable, Iterator, Sequence

from auth0sync.setup_by_hand import ByHand
from auth0sync.setup_steps import Step

LEFT_ALONE = "   (left alone; --allow-delete removes it)"


def plan_lines(steps: Iterable[Step], *, allow_delete: bool) -> Iterator[str]:
    """The lines of all steps, each behind its sign."""
    for step in steps:
        spared = LEFT_ALONE if step.deletes and not allow_delete else ""
        for line in step.lines:
            yield f"{line.sign} {line.text}{spared}"


def hand_lines(items: Sequence[ByHand]) -> Iterator[str]:
    """What is to be done by hand, each with its click path; ! where it isn't as described."""
    if items:
        yield "By hand, in the tenant's dashboard:"
    for item in items:
        yield f"{'!' if item.differs else '?'} {item.text}"
        yield f"      → {item.where}"


def summary(steps: Sequence[Step], items: Sequence[ByHand], *, allow_delete: bool) -> str:
    """How many lines of each kind there are."""
    signs = [line.sign for step in steps for line in step.lines]
    counts = f"{signs.count('+')} to add, {signs.count('~')} to change"
    gone = signs.count("-")
    removals = (
        f"{gone} to remove" if allow_delete else f"{gone} left alone that --allow-delete removes"
    )
    faults = sum(item.differs for item in items)
    hand = f"{faults} to set by hand"
    return f"{counts}, {removals if gone else '0 to remove'}, {hand}."
