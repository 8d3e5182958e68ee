"""The best that can be done by whoever knows the true distribution: the exact optimum, by dynamic programming.

With S(t) the share of jobs that still run at t, the cost from t on is the least over the next read s of

    price S(t) + integral over t..s of (F(u) - F(t)) du + the cost from s on,

which for a fixed s is a line in F(t). So the whole recursion takes one pass over a grid: the lower hull of lines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from attrs import field, frozen

from benchmarks._policies import Planned

#: Points of the grid on which reads may lie.
POINTS = 12_000
#: The grid ends where fewer jobs than this are left.
TAIL = 1e-6


@frozen
class Truth:
    """A distribution of durations on a grid of equal steps."""

    step: float  #: seconds
    ended: Sequence[float] = field(repr=False)  #: the share of jobs that ended by each point, the first at 0

    @classmethod
    def of(cls, cdf: Callable[[float], float], points: int = POINTS) -> Truth:
        """Take it from a cumulative distribution function of seconds."""
        until = 1.0
        while 1 - cdf(until) > TAIL:
            until *= 1.25
        step = until / points
        return cls(step, [0.0, *(cdf(at * step) for at in range(1, points + 1))])

    def optimum(self, price: float) -> Planned:
        """Return the ages at which reads cost the least, a request being worth so many seconds of delay."""
        ended, step = self.ended, self.step
        area = [0.0, *accumulate((here + there) / 2 * step for here, there in pairwise(ended))]
        last = len(ended) - 1
        cost, then = price * (1 - ended[last]), [last] * (last + 1)
        hull = deque[tuple[float, float, int]]()  # value at F = 0, slope, which read
        for at in range(last - 1, -1, -1):
            _add(hull, (area[at + 1] + cost, -(at + 1) * step, at + 1))
            known = ended[at]
            while len(hull) > 1 and _value(hull[1], known) <= _value(hull[0], known):
                hull.popleft()
            cost = price * (1 - known) - area[at] + known * at * step + _value(hull[0], known)
            then[at] = hull[0][2]
        reads, at = list[float](), 0
        while at < last:
            at = then[at]
            reads.append(at * step)
        return Planned(reads, reads[-1] - reads[-2] if len(reads) > 1 else reads[0])


def _value(line: tuple[float, float, int], at: float) -> float:
    return line[0] + line[1] * at


def _add(hull: deque[tuple[float, float, int]], line: tuple[float, float, int]) -> None:
    """Add a line that is steeper than all before, and drop what lies nowhere lowest any more."""
    while len(hull) > 1:
        (low, slow, _), (high, quick, _) = hull[-2], hull[-1]
        # Where the new line and the last but one cross, the last is not below them.
        if (line[0] - low) * (quick - slow) >= (high - low) * (line[1] - slow):
            break
        hull.pop()
    hull.append(line)
