"""How two targets differ, on the requests that both were given.

Paired are the runs of the same request and repetition. With few requests, each pair of runs stands for itself and
what is shown holds for these requests; with more, all repetitions of a request are one, and it holds for others like
them. A difference is claimed from so many pairs as can show one at the level at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, log2
from typing import Literal

from attrs import frozen

from genhub.compare import _prices
from genhub.compare._extra import extra
from genhub.compare._intervals import Floats, added, bound, mean, negated, ordered, resampled, share, wider
from genhub.compare._prices import Bills, Coin
from genhub.compare._records import Observation
from genhub.compare._summary import Interval
from genhub.compare._survival import waited

with extra():
    import numpy as np
    from numpy.typing import NDArray


#: From so many requests on, what is shown is said of requests like them.
MANY = 12
#: Fewer pairs than this show nothing at any level.
FEWEST = 6

Pair = tuple[Observation, Observation]


def needed(level: float) -> int:
    """Return how many pairs it takes to show a difference: all of them to one side, at this level."""
    return max(FEWEST, ceil(log2(2 / (1 - level))))


def paired(a: Sequence[Observation], b: Sequence[Observation]) -> tuple[Pair, ...]:
    """Return the runs of the same request and repetition that count at both, in the order of their names."""
    others = {(each.case, each.repetition): each for each in b if each.outcome.counts}
    mine = {(each.case, each.repetition): each for each in a if each.outcome.counts}
    return tuple((mine[key], others[key]) for key in sorted(mine.keys() & others.keys()))


@frozen(kw_only=True)
class Paired:
    """Paired runs of two targets, and how sure a difference has to be."""

    pairs: tuple[Pair, ...]
    level: float
    draws: int
    seed: int

    @property
    def cases(self) -> int:
        return len({a.case for a, _ in self.pairs})

    def success(self, good: Callable[[Observation], bool]) -> Interval | None:
        """Return by how much the share differs that is good; Wilson's intervals of both, put together."""
        if not self.pairs:
            return None
        ours, theirs = [good(a) for a, _ in self.pairs], [good(b) for _, b in self.pairs]
        runs = len(self.pairs)
        found = added(share(sum(ours), runs, self.level), negated(share(sum(theirs), runs, self.level)))
        units = _units(self.pairs, self.level)
        if _enough(units, self.level) and len(set(units)) < runs:  # requests may differ more than runs of one do
            apart = _means(np.subtract(ours, theirs, dtype=float), units)
            found = wider(found, *resampled(np.mean, (apart,), level=self.level, draws=self.draws, seed=self.seed))
        return self._claimed(found, units)

    def seconds(self) -> Interval | None:
        """Return by how much the time until ready differs on the same request: the median of the differences.

        A run that was given up took longer than it was waited for, and a time may be less by its resolution: of each
        difference bounds are known, and the interval holds whatever lies within them.
        """
        timed = [(a, b) for a, b in self.pairs if waited(a) is not None and waited(b) is not None]
        if not timed:
            return None
        units = _units(timed, self.level)
        a, b = ([each[side] for each in timed] for side in (0, 1))
        least = _medians(_total(a), units) - _medians(_longest(b), units)
        most = _medians(_longest(a), units) - _medians(_total(b), units)
        soonest = _medians(_soonest(a), units) - _medians(_longest(b), units)
        latest = _medians(_longest(a), units) - _medians(_soonest(b), units)
        low, _ = ordered(soonest, 0.5, self.level)
        _, high = ordered(latest, 0.5, self.level)
        value = _between(float(np.median(least)), float(np.median(most)))
        return self._claimed(Interval(value=value, low=bound(low), high=bound(high)), units)

    def price(self, coin: Coin) -> Interval | None:
        """Return by how much the cost of a usable result differs; `None` without prices in one unit at both."""
        if not self.pairs or (units := self._coin(coin)) is None:
            return None
        bills = [Bills.of([each[side] for each in self.pairs], coin, units) for side in (0, 1)]
        if not _enough(units, self.level):
            usable = all(each.usable.any() for each in bills)
            return Interval(value=bills[0].each() - bills[1].each()) if usable else None
        return _prices.difference(*bills, level=self.level, draws=self.draws, seed=self.seed)

    def score(self, name: str) -> Interval | None:
        """Return by how much a scorer's figures differ, on average."""
        both = [(a, b) for a, b in self.pairs if scored(a, name) is not None and scored(b, name) is not None]
        if not both:
            return None
        units = _units(both, self.level)
        apart = _means(np.array([(scored(a, name) or 0.0) - (scored(b, name) or 0.0) for a, b in both]), units)
        return self._claimed(mean(apart, level=self.level, draws=self.draws, seed=self.seed), units)

    def _coin(self, coin: Coin) -> NDArray[np.intp] | None:
        units = {_prices.unit([each[side] for each in self.pairs], coin) for side in (0, 1)}
        return _units(self.pairs, self.level) if len(units) == 1 and None not in units else None

    def _claimed(self, found: Interval, units: NDArray[np.intp]) -> Interval:
        return found if _enough(units, self.level) else Interval(value=found.value)


def scored(observation: Observation, name: str) -> float | None:
    """Return a scorer's figure for a run: the mean over its outputs."""
    values = [each.value for each in observation.checks if each.name == name and each.value is not None]
    return sum(values) / len(values) if values else None


def shown(difference: Interval) -> Literal["more", "less"] | None:
    """Return which way a difference goes whose interval excludes zero (by more than rounding)."""
    least = 1e-9 * max(1.0, abs(difference.value))
    if difference.low is not None and difference.low > least:
        return "more"
    if difference.high is not None and difference.high < -least:
        return "less"
    return None


def _units(pairs: Sequence[Pair], level: float) -> NDArray[np.intp]:
    """Return, for each pair, which unit it belongs to: its request where there are many, else it is one itself."""
    names = sorted({a.case for a, _ in pairs})
    if len(names) < max(MANY, needed(level)):
        return np.arange(len(pairs))
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[a.case] for a, _ in pairs], dtype=np.intp)


def _enough(units: NDArray[np.intp], level: float) -> bool:
    return len(np.unique(units)) >= needed(level)


def _total(runs: Sequence[Observation]) -> Floats:
    return np.array([each.spans.total or 0.0 for each in runs])


def _soonest(runs: Sequence[Observation]) -> Floats:
    return np.array([(each.spans.total or 0.0) - each.spans.resolution for each in runs])


def _longest(runs: Sequence[Observation]) -> Floats:
    return np.array([float("inf") if each.censored else each.spans.total or 0.0 for each in runs])


def _medians(values: Floats, units: NDArray[np.intp]) -> Floats:
    if len(np.unique(units)) == len(values):
        return values
    return np.array([np.median(values[units == unit]) for unit in np.unique(units)])


def _means(values: Floats, units: NDArray[np.intp]) -> Floats:
    return np.bincount(units, weights=values) / np.bincount(units)


def _between(low: float, high: float) -> float:
    """Return the middle of what a median may be; the nearer end where the other is open, 0 where both are."""
    ends = [end for end in (low, high) if bound(end) is not None]
    return sum(ends) / len(ends) if ends else 0.0
