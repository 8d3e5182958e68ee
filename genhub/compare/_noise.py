"""What lies beyond noise between two runs of the same requests: shares, means and ratios, each with an interval.

The runs are independent of each other, and paired by request: what a request adds by itself (a long video, a dear
one) is taken out before anything is compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from attrs import frozen

from genhub.compare._extra import extra
from genhub.compare._summary import Interval

Scale = Literal["difference", "ratio"]
#: The values of one request, then and now.
Block = tuple[Sequence[float], Sequence[float]]

_NOTHING = 1e-9  # beside the values: a figure below it is what floats leave over


@frozen(kw_only=True)
class Shares:
    """How many of how many, then and now."""

    old: tuple[int, int]
    new: tuple[int, int]
    scale: Scale = "difference"

    @property
    def able(self) -> bool:
        """True when an interval can be claimed: a single run allows none."""
        return min(self.old[1], self.new[1]) >= 2

    def between(self, level: float) -> Interval:
        """Return the new share minus the old one (Newcombe's hybrid of two Wilson intervals)."""
        with extra():
            from genhub.compare._intervals import added, negated, share
        found = added(share(*self.new, level), negated(share(*self.old, level)))
        return found if self.able else Interval(value=found.value)


@frozen(kw_only=True)
class Means:
    """Values of each request, then and now; for a ratio they are logarithms."""

    blocks: tuple[Block, ...]  #: those with a value on both sides
    scale: Scale

    @property
    def able(self) -> bool:
        """True when an interval can be claimed: both sides have several values, and there is something over for noise.

        Values that never vary (a fixed price) are no measure of noise: there have to be so many of them that chance
        alone would not part them like this.
        """
        return self._old >= 2 and self._new >= 2 and self._freedom >= 1

    @property
    def _old(self) -> int:
        return sum(len(old) for old, _ in self.blocks)

    @property
    def _new(self) -> int:
        return sum(len(new) for _, new in self.blocks)

    @property
    def _freedom(self) -> int:
        return self._old + self._new - len(self.blocks) - 1

    def between(self, level: float) -> Interval:
        """Return what the new run adds (or by how much it multiplies), in a linear model with a mean for each request.

        With one repetition this is the paired t interval, with one request the two-sample one.
        """
        with extra():
            from genhub.compare._intervals import stats
        pairs = [pair for block in self.blocks for pair in _centred(block)]
        spread = math.fsum(side * side for side, _ in pairs)
        shift = math.fsum(side * value for side, value in pairs) / spread
        size = max(1.0, *(abs(value) for old, new in self.blocks for value in (*old, *new)))
        if abs(shift) < _NOTHING * size:
            shift = 0.0
        if not self.able:
            return self._scaled(shift)
        rest = math.fsum((value - shift * side) ** 2 for side, value in pairs)
        error = math.sqrt(rest / self._freedom / spread)
        if error < _NOTHING * size:
            error = 0.0
            if shift and 2 / self._relabellings > 1 - level:
                return self._scaled(shift)
        reach = error * float(stats.t.ppf((1 + level) / 2, self._freedom))
        return self._scaled(shift, reach)

    @property
    def _relabellings(self) -> int:
        """In so many ways the values could be dealt to the two runs."""
        return math.prod(math.comb(len(old) + len(new), len(old)) for old, new in self.blocks)

    def _scaled(self, shift: float, reach: float | None = None) -> Interval:
        bounds = (None, None) if reach is None else (shift - reach, shift + reach)
        if self.scale == "difference":
            return Interval(value=shift, low=bounds[0], high=bounds[1])
        low, high = (None if each is None else _exp(each) for each in bounds)
        return Interval(value=_exp(shift), low=low, high=high)


def _centred(block: Block) -> Iterator[tuple[float, float]]:
    """Return which run a value is of, and the value, without what is common to the request."""
    old, new = block
    share, mean = len(new) / (len(old) + len(new)), math.fsum((*old, *new)) / (len(old) + len(new))
    yield from ((-share, value - mean) for value in old)
    yield from ((1 - share, value - mean) for value in new)


def _exp(value: float) -> float:
    """Return a finite power: an interval of two values may reach far."""
    return math.exp(min(max(value, -600.0), 600.0))
