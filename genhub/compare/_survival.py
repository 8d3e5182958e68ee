"""How long until it is ready, where some runs were not waited for to their end (Kaplan-Meier, by scipy)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from attrs import frozen

from genhub.compare._extra import extra
from genhub.compare._intervals import Floats, bound, ordered
from genhub.compare._records import Observation, Outcome
from genhub.compare._summary import Interval

with extra():
    import numpy as np
    from numpy.typing import NDArray

    stats: Any = import_module("scipy.stats")  # scipy brings no types

Point = tuple[float, float, float | None, float | None]

_SAME = 1e-9  #: shares that differ by less are the same


def waited(run: Observation) -> float | None:
    """Return how long a run took until it was ready, or at least: `None` for one that never will be."""
    going = run.censored and run.outcome in (Outcome.TIMED_OUT, Outcome.STOPPED)
    return run.spans.total if going or run.outcome is Outcome.SUCCEEDED else None


@frozen(kw_only=True, eq=False)
class Waits:
    """Seconds until ready, and which of them are only known to be longer."""

    seconds: Floats
    censored: NDArray[np.bool_]

    @classmethod
    def of(cls, observations: Sequence[Observation]) -> Waits:
        """Take the runs that were ready, and those that went on when waiting ended; a failed run has no such time."""
        waits = sorted((wait, each.censored) for each in observations if (wait := waited(each)) is not None)
        return cls(
            seconds=np.array([seconds for seconds, _ in waits], dtype=float),
            censored=np.array([censored for _, censored in waits], dtype=bool),
        )

    @property
    def ready(self) -> int:
        return int(np.sum(~self.censored))

    def percentile(self, p: float, level: float) -> Interval | None:
        """Return a percentile with its interval; `at_least` where it lies beyond what was waited for.

        Runs given up only after the last that was ready (the usual timeout) have their place in the order though not
        their time: the exact interval holds. Others need the curve's own band (Brookmeyer and Crowley).
        """
        if len(self.seconds) == 0:
            return None
        value = self._reached(p)
        if len(self.seconds) == 1:
            alone = float(self.seconds[0])
            return Interval(value=alone, at_least=value is None)
        low, high = self._exact(p, level) if self._late() else self._banded(p, level)
        if value is None:
            return Interval(value=self._end(), low=bound(low), at_least=True)
        return Interval(value=value, low=bound(low), high=bound(high))

    def _late(self) -> bool:
        """True when nothing was given up before the last that was ready."""
        if self.ready == 0 or self.ready == len(self.seconds):
            return True
        return bool(self.seconds[self.censored].min() >= self.seconds[~self.censored].max())

    def _end(self) -> float:
        """Return what is known when a percentile was not reached: it is no less than the last that was ready."""
        return float(self.seconds.min() if self.ready == 0 else self._last())

    def _last(self) -> float:
        ready = self.seconds[~self.censored].max()
        later = self.seconds[self.censored & (self.seconds >= ready)]
        return float(later.min() if len(later) else ready)

    def _exact(self, p: float, level: float) -> tuple[float, float]:
        low, high = ordered(np.where(self.censored, np.inf, self.seconds), p, level)
        return (self._end() if low == float("inf") else low), high

    def _banded(self, p: float, level: float) -> tuple[float, float]:
        times, _, lows, highs = _curve(self.seconds, self.censored, level)
        first = np.flatnonzero(highs >= p)  # the band's upper edge of the share ready
        last = np.flatnonzero(lows >= p)
        return (
            float(times[first[0]]) if len(first) else float("nan"),
            float(times[last[0]]) if len(last) else float("nan"),
        )

    def _reached(self, p: float) -> float | None:
        """Return when the share that is ready reaches `p`: halfway to the next where it is there exactly."""
        if self.ready == 0:
            return None
        times, ready, _, _ = _curve(self.seconds, self.censored, None)
        there = np.flatnonzero(ready >= p - _SAME)
        if len(there) == 0:
            return None
        at = int(there[0])
        exact = abs(float(ready[at]) - p) < _SAME and at + 1 < len(times)
        return float((times[at] + times[at + 1]) / 2 if exact else times[at])


def curve(observations: Sequence[Observation], level: float) -> tuple[Point, ...]:
    """Return the share of all counted runs that were ready, at each time that one was; failed runs are never."""
    counted = [each for each in observations if each.outcome.counts]
    waits = Waits.of(counted)
    never = sum(each.outcome is not Outcome.SUCCEEDED and waited(each) is None for each in counted)
    if waits.ready == 0:
        return ()
    seconds = np.append(waits.seconds, np.full(never, waits.seconds.max() + 1.0))
    censored = np.append(waits.censored, np.full(never, True))
    alone = len(seconds) == 1
    points = zip(*_curve(seconds, censored, None if alone else level), strict=True)
    return tuple((float(at), float(part), bound(low), bound(high)) for at, part, low, high in points)


def _curve(seconds: Floats, censored: NDArray[np.bool_], level: float | None) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the times at which runs became ready, the share that was by then, and its band (nan without a level)."""
    estimate = stats.ecdf(stats.CensoredData.right_censored(seconds, censored)).cdf
    times: Floats = np.asarray(estimate.quantiles, dtype=float)
    part: Floats = np.asarray(estimate.probabilities, dtype=float)
    lows = highs = np.full(len(times), np.nan)
    if level is not None:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)  # the band is not defined where all are ready
            band = estimate.confidence_interval(level, method="log-log")
        lows, highs = np.asarray(band.low.probabilities), np.asarray(band.high.probabilities)
    rose = np.diff(part, prepend=0.0) > 0
    return times[rose], part[rose], lows[rose], highs[rose]
