"""How the end of a phase is spread over its age: the hazard, and the reads that it is worth."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from genhub.timing._grid import BEGINS, COUNT, ENDS, cell

#: Where so little is left, nothing was learned: from here on the hazard falls with the age, as it does in heavy tails.
RARE = 0.01
#: A hazard is never taken for less than this share of one an age, so that everything stays finite.
LEAST = 1e-9


class Curve:
    """The hazard of an end, constant within each cell of the grid, and one an age beyond what is known."""

    __slots__ = ("_alive", "_hazards", "_reads")

    def __init__(self, masses: Sequence[float]) -> None:
        """`masses`: how likely an end is in each cell of the grid; they need not add up to 1."""
        total = math.fsum(masses)
        alive = [1.0 - gone / total for gone in accumulate(masses, initial=0.0)] if total > 0 else [1.0] * (COUNT + 1)
        hazards: list[float] = []
        for at in range(COUNT - 1):
            begin, end = BEGINS[at], ENDS[at]
            least = (1.0 if alive[at] < RARE else LEAST) / end
            if alive[at] < RARE or alive[at + 1] <= 0:
                hazards.append(least)
            else:
                hazards.append(max(math.log(alive[at] / alive[at + 1]) / (end - begin), least))
        self._hazards = hazards
        spans = (math.sqrt(each) * (ENDS[at] - BEGINS[at]) for at, each in enumerate(hazards))
        self._reads = list(accumulate(spans, initial=0.0))  # the integral of sqrt(hazard) up to each cell's begin
        self._alive = list(
            accumulate((each * (ENDS[at] - BEGINS[at]) for at, each in enumerate(hazards)), initial=0.0)
        )  # the integral of the hazard

    def hazard(self, age: float) -> float:
        """Return how likely an end is a second, for one that has not ended at this age."""
        at = cell(age)
        return 1.0 / age if at >= COUNT - 1 else self._hazards[at]

    def ended(self, age: float, later: float) -> float:
        """Return how likely it is that one that has not ended at `age` has at `later`."""
        return -math.expm1(min(0.0, self._gone(age) - self._gone(later)))

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
        hazards, reads = self._hazards, self._reads
        target = reads[at] + math.sqrt(hazards[at]) * (age - BEGINS[at]) + worth
        if target >= reads[-1]:
            return max(ENDS[-1] + _beyond(ENDS[-1], target - reads[-1]) - age, 0.0)
        there = bisect_right(reads, target, at) - 1
        return max(BEGINS[there] + (target - reads[there]) / math.sqrt(hazards[there]) - age, 0.0)

    def quantile(self, share: float) -> float:
        """Return the age at which this share has ended, in seconds."""
        target = -math.log1p(-share)
        there = bisect_right(self._alive, target) - 1
        if there >= COUNT - 1:
            return ENDS[-1]
        return BEGINS[there] + (target - self._alive[there]) / self._hazards[there]

    def _gone(self, age: float) -> float:
        at = cell(age)
        if at >= COUNT - 1:
            return self._alive[-1] + math.log(age / ENDS[-1])
        return self._alive[at] + self._hazards[at] * (max(age, 0.0) - BEGINS[at])


def _beyond(age: float, worth: float) -> float:
    """Return the seconds that a hazard of one an age takes for so much of the integral of its square root."""
    return (math.sqrt(age) + worth / 2.0) ** 2 - age
