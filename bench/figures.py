"""Medians and percentiles."""

import math
from collections.abc import Sequence

MEDIAN = 50
SLOWEST = 95


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which ``percent`` per cent of the values lie.

    Between two values it is interpolated in a straight line, so that 50 is the usual median.
    percent: 0 to 100. Raises ValueError when there are no values.
    """
    if not values:
        raise ValueError("There is no percentile of no values.")
    if not 0 <= percent <= 100:
        raise ValueError("percent must be between 0 and 100.")
    ranked = sorted(values)
    place = (len(ranked) - 1) * percent / 100
    below = math.floor(place)
    above = math.ceil(place)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """The value in the middle. Raises ValueError when there are no values."""
    return percentile(values, MEDIAN)


def slowest(values: Sequence[float]) -> float:
    """The 95th percentile. Raises ValueError when there are no values."""
    return percentile(values, SLOWEST)
