"""Cells of a log-spaced grid of ages: an eighth of an octave each, from a sixteenth of a second on."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from operator import sub

#: Where the first cell ends, in seconds, how many cells double an age, and how many there are: up to 12 days.
FIRST, OCTAVE, COUNT = 1 / 16, 8, 193
#: Where each cell ends; the last one has no end.
ENDS: tuple[float, ...] = tuple(FIRST * 2.0 ** (at / OCTAVE) for at in range(COUNT - 1))
BEGINS: tuple[float, ...] = (0.0, *ENDS)
WIDTHS: tuple[float, ...] = (*(end - begin for begin, end in zip(BEGINS, ENDS, strict=False)), ENDS[-1])
#: The logarithm of where each cell ends, and of its middle.
LOGS: tuple[float, ...] = tuple(map(math.log, ENDS))
MIDDLES: tuple[float, ...] = tuple(math.log(FIRST * 2.0 ** ((at - 0.5) / OCTAVE)) for at in range(COUNT))


def cell(age: float) -> int:
    """Return the cell of an age in seconds."""
    return bisect_right(ENDS, age) if age >= FIRST else 0  # a NaN is in the first


def over(begin: float, end: float) -> list[tuple[int, float]]:
    """Return the cells that a span of ages touches, each with its share of the span."""
    first, last = cell(begin), cell(end)
    if first == last:
        return [(first, 1.0)]
    length = end - begin
    shares = [(first, (ENDS[first] - begin) / length)]
    shares += [(at, (ENDS[at] - BEGINS[at]) / length) for at in range(first + 1, last)]
    return [*shares, (last, (end - BEGINS[last]) / length)]


def lognormal(mean: float, sigma: float) -> list[float]:
    """Return the mass of a lognormal in each cell."""
    scale = 1 / (sigma * math.sqrt(2))
    at = bisect_right(LOGS, mean)  # from here on by what is left, else far out nothing would be
    below = [0.5 * math.erfc((mean - log) * scale) for log in LOGS[:at]]
    above = [0.5 * math.erfc((log - mean) * scale) for log in LOGS[at:]]
    low = map(sub, below, [0.0, *below])
    high = map(sub, above, [*above[1:], 0.0])
    middle = 1.0 - (below[-1] if below else 0.0) - (above[0] if above else 0.0)
    return [*low, middle, *high]


def smoothed(counts: Sequence[float], times: int) -> Sequence[float]:
    """Spread what was counted over the cells beside: an eighth of an octave is less than what is known of a few."""
    for _ in range(times):
        counts = [(a + b + b + c) / 4 for a, b, c in zip([0.0, *counts], counts, [*counts[1:], 0.0], strict=False)]
    return counts
