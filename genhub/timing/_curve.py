"""How the end of a phase is spread over its age: the hazard, and the reads that it is worth."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import mul

from genhub.timing._grid import BEGINS, COUNT, ENDS, WIDTHS, cell

#: Where so little is left, nothing was learned: from here on the hazard falls with the age, as it does in heavy tails.
RARE = 0.01
#: A hazard is never taken for less than this share of one an age, so that everything stays finite.
LEAST = 1e-9


class Curve:
    """The hazard of an end, constant within each cell of the grid, and one an age beyond what is known."""

    __slots__ = ("_dense", "_gone", "_hazards", "_reads")

    def __init__(self, masses: Sequence[float]) -> None:
        """`masses`: how likely an end is in each cell of the grid; they need not add up to 1."""
        total = math.fsum(masses)
        alive = [1.0 - gone / total for gone in accumulate(masses, initial=0.0)] if total > 0 else [1.0] * (COUNT + 1)
        hazards: list[float] = []
        for (left, then), end, width in zip(pairwise(alive), ENDS, WIDTHS, strict=False):
            if left < RARE:
                hazards.append(1.0 / end)
            else:
                hazards.append(max(math.log(left / max(then, left * LEAST)) / width, LEAST / end))
        self._hazards = hazards
        self._dense = dense = [math.sqrt(each) for each in hazards]
        # Up to where each cell begins: the integral of the hazard's square root, and of the hazard.
        self._reads: list[float] = list(accumulate(map(mul, dense, WIDTHS), initial=0.0))
        self._gone: list[float] = list(accumulate(map(mul, hazards, WIDTHS), initial=0.0))

    def hazard(self, age: float) -> float:
        """Return how likely an end is a second, for one that has not ended at this age."""
        at = cell(age)
        return 1.0 / age if at >= COUNT - 1 else self._hazards[at]

    def ended(self, age: float, later: float) -> float:
        """Return how likely it is that one that has not ended at `age` has at `later`."""
        return -math.expm1(min(0.0, self._integral(age) - self._integral(later)))

    def next(self, age: float, price: float) -> float:
        """Return the seconds until the next read of one that has not ended at this age.

        Reads are as dense as the square root of `hazard / (2 * price)` (Keller, Optimum checking schedules for systems
        subject to random failure, 1974): the integral of that over the time until the next one is 1.
        """
        age = max(age, 0.0)
        worth = math.sqrt(2.0 * price)
        at = cell(age)
        if at >= COUNT - 1:
            return _beyond(age, worth)
        dense, reads = self._dense, self._reads
        step = worth / dense[at]
        if age + step <= ENDS[at]:
            return step
        target = reads[at] + dense[at] * (age - BEGINS[at]) + worth
        if target >= reads[-1]:
            return ENDS[-1] - age + _beyond(ENDS[-1], target - reads[-1])
        there = bisect_right(reads, target, at) - 1
        return BEGINS[there] + (target - reads[there]) / dense[there] - age

    def quantile(self, share: float) -> float:
        """Return the age at which this share (between 0 and 1) has ended, in seconds."""
        target = -math.log1p(-share)
        there = bisect_right(self._gone, target) - 1
        if there >= COUNT - 1:
            return ENDS[-1] * math.exp(target - self._gone[-1])
        return BEGINS[there] + (target - self._gone[there]) / self._hazards[there]

    def _integral(self, age: float) -> float:
        """Return the integral of the hazard up to an age."""
        at = cell(age)
        if at >= COUNT - 1:
            return self._gone[-1] + math.log(age / ENDS[-1])
        return self._gone[at] + self._hazards[at] * (max(age, 0.0) - BEGINS[at])


def _beyond(age: float, worth: float) -> float:
    """Return the seconds that a hazard of one an age takes for so much of the integral of its square root."""
    return worth * (math.sqrt(age) + worth / 4.0)
