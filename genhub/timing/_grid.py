"""Cells of a log-spaced grid of ages: an eighth of an octave each, from a sixteenth of a second on."""

from __future__ import annotations

import math

#: Where the first cell ends, in seconds, how many cells double an age, and how many there are: up to 12 days.
FIRST, OCTAVE, COUNT = 1 / 16, 8, 193
#: Where each cell ends; the last one has no end.
ENDS: tuple[float, ...] = tuple(FIRST * 2.0 ** (at / OCTAVE) for at in range(COUNT - 1))
BEGINS: tuple[float, ...] = (0.0, *ENDS)
WIDTHS: tuple[float, ...] = (*(end - begin for begin, end in zip(BEGINS, ENDS, strict=False)), ENDS[-1])
#: The logarithm of the middle of each cell.
MIDDLES: tuple[float, ...] = tuple(math.log(FIRST * 2.0 ** ((at - 0.5) / OCTAVE)) for at in range(COUNT))
_SCALE = OCTAVE / math.log(2)


def cell(age: float) -> int:
    """Return the cell of an age in seconds."""
    if not age > FIRST:  # a NaN too
        return 0
    if age >= ENDS[-1]:
        return COUNT - 1
    return int(math.log(age / FIRST) * _SCALE) + 1


def over(begin: float, end: float) -> list[tuple[int, float]]:
    """Return the cells that a span of ages touches, each with its share of the span."""
    first, last = cell(begin), cell(end)
    if first == last:
        return [(first, 1.0)]
    length = end - begin
    shares = [(first, (ENDS[first] - begin) / length)]
    shares += [(at, (ENDS[at] - BEGINS[at]) / length) for at in range(first + 1, last)]
    return [*shares, (last, (end - BEGINS[last]) / length)]
