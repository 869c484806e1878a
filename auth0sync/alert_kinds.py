"""Which alerts are urgent, and how long one has to be gone until it is over."""

from dataclasses import dataclass

FEW_MINUTES_S = 300
CALLS_WITHIN_S = 600  # whom calls are counted over


@dataclass(frozen=True)
class Kind:
    """What holds for all alerts whose key begins alike.

    urgent: told in quiet hours too. hold_s: for how many seconds it has to be gone until it is
    called over, so that what comes and goes is told once. 0 where it ends by somebody's decision.
    """

    urgent: bool = False
    hold_s: int = 0


# The first prefix that fits counts.
KINDS = {
    "switch:": Kind(urgent=True),
    "pause:token": Kind(urgent=True, hold_s=FEW_MINUTES_S),
    "pause:": Kind(hold_s=FEW_MINUTES_S),
    "outage": Kind(hold_s=FEW_MINUTES_S),
    "held": Kind(),
    "plans": Kind(),
    "door:": Kind(urgent=True),
    "unblocked": Kind(urgent=True),
    "comparison": Kind(),
    "failures": Kind(hold_s=1_800),
    "slow": Kind(hold_s=1_800),
    "throttled": Kind(hold_s=CALLS_WITHIN_S),
    "limit": Kind(hold_s=CALLS_WITHIN_S),
    "renewal": Kind(hold_s=FEW_MINUTES_S),
    "standstill": Kind(urgent=True, hold_s=FEW_MINUTES_S),
    "silent:": Kind(urgent=True, hold_s=FEW_MINUTES_S),
}
# By which they are counted: the key's first word.
NAMES = tuple(dict.fromkeys(prefix.partition(":")[0] for prefix in KINDS))
OTHER = "other"
# Something that was done, and is neither under way nor over, such as the emergency log-in.
ANY_OTHER = Kind(urgent=True)


def kind_of(key: str) -> Kind:
    """What holds for the alert of this key."""
    return next((kind for prefix, kind in KINDS.items() if key.startswith(prefix)), ANY_OTHER)


def name_of(key: str) -> str:
    """One of NAMES, or OTHER."""
    word = key.partition(":")[0]
    return word if word in NAMES else OTHER


def is_looked_after(key: str) -> bool:
    """Whether it is the look (incidents.py) that finds out when this one is over."""
    return key.startswith(tuple(KINDS))
