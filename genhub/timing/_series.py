"""The durations of one phase that were seen: a lognormal at first, a log-spaced histogram when there are more.

Both forget: what was seen `HALF_LIFE` ends ago counts half, and less when the latest durations differ from all others
by more than chance explains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, cast

from attrs import frozen

from genhub.timing._curve import Curve
from genhub.timing._grid import BEGINS, COUNT, ENDS, MIDDLES, WIDTHS, cell, lognormal, over, smoothed

Basis = Literal["prior", "lognormal", "histogram"]

#: So many ends later a duration counts half.
HALF_LIFE = 200.0
#: The latest ends alone: so many of them later one counts half.
LATEST = 6.0
#: The latest mean is this many of its own standard errors away: durations have changed, and the past counts less.
CHANGED, FORGET = 3.5, 0.75
#: The prior counts as much as so many ends.
PRIOR = 4.0
#: With so many ends the histogram counts as much as the lognormal.
EVEN = 30.0
#: What the lognormal has at least: where nothing was seen is not where nothing ends.
FLOOR = 0.02
#: The least spread of the log that is believed.
TIGHTEST = 0.06
#: What one end counts in the counts' own unit, at most.
LARGEST = 1e12
#: No log of a duration on the grid is larger.
WIDEST = MIDDLES[-1] + 1
_KEEP, _KEEP_LATEST = 0.5 ** (1 / HALF_LIFE), 0.5 ** (1 / LATEST)


@frozen(kw_only=True)
class Prior:
    """What is expected of a duration before any was seen: a lognormal."""

    median: float = 15.0  #: seconds
    sigma: float = 0.8  #: of the log


class Series:
    """Durations, by what they leave behind: counts by cell, and the moments of their logs."""

    def __init__(self) -> None:
        self.weight = 0.0  # how many ends it rests on; old ones count less
        self._counts = [0.0] * COUNT  # in a unit of their own: not they shrink when time passes, but what comes grows
        self._unit = 1.0
        self._sum = self._squares = 0.0
        self._known: Sequence[float] | None = None  # how likely an end is in each cell, as of the last fit
        self._latest = 0.0  # the mean of the latest logs
        self._fresh = 0.0  # and their weight

    def took(self, duration: float, unseen: float) -> None:
        """One ended at most so many seconds after its phase began, and at least `unseen` seconds less.

        When in between is as likely as what is known by now says: else schedules would learn their own reads.
        """
        begin, end = min(max(0.0, duration - unseen), ENDS[-1]), min(duration, ENDS[-1])
        at = cell(end)
        if cell(begin) == at:
            log = math.log(max((begin + end) / 2, BEGINS[1]))
            square = log * log
            self._age(log)
            self._counts[at] += self._unit
        else:
            parts = self._likely(over(begin, end))
            log = sum(share * MIDDLES[at] for at, share in parts)
            square = sum(share * MIDDLES[at] ** 2 for at, share in parts)
            self._age(log)
            for at, share in parts:
                self._counts[at] += share * self._unit
        self._add(log, square)
        kept = self._fresh * _KEEP_LATEST
        self._fresh = kept + 1
        self._latest = (self._latest * kept + log) / self._fresh

    def lasted(self, duration: float, prior: Prior) -> None:
        """One had not ended after so many seconds, when somebody ended it: it counts where the longer ones do."""
        first = cell(duration)
        if self._known is None:
            self._known = self._masses(prior)
        beyond = self._known[first:]
        total = math.fsum(beyond)
        self._age(None)
        if total <= 0:  # longer than anything that is expected
            beyond, total = [1.0, *([0.0] * (COUNT - 1 - first))], 1.0
        shares = [mass / total for mass in beyond]
        for at, share in enumerate(shares, first):
            self._counts[at] += share * self._unit
        logs = MIDDLES[first:]
        mean = math.fsum(share * log for share, log in zip(shares, logs, strict=True))
        self._add(mean, math.fsum(share * log * log for share, log in zip(shares, logs, strict=True)))

    def curve(self, prior: Prior) -> Curve:
        """Return what is known of it."""
        self._known = self._masses(prior)
        return Curve(self._known)

    @property
    def basis(self) -> Basis:
        """What it mostly rests on."""
        if self.weight < PRIOR:
            return "prior"
        return "lognormal" if self.weight < EVEN else "histogram"

    def facts(self) -> list[Any]:
        """Return it as plain data."""
        counts = {str(at): round(count / self._unit, 6) for at, count in enumerate(self._counts)}
        some = {at: count for at, count in counts.items() if count > 0}
        return [some, self.weight, self._sum, self._squares, self._latest, self._fresh]

    @classmethod
    def of(cls, facts: Any) -> Series | None:
        """Read what `facts` gave; None for anything else."""
        try:
            counts, *numbers = cast("Sequence[Any]", facts)
            weight, total, squares, latest, fresh = map(float, numbers)
            read = {int(at): float(count) for at, count in counts.items()}
        except (TypeError, ValueError, AttributeError, OverflowError):
            return None
        figures = (weight, total, squares, latest, fresh, *read.values())
        if not all(map(math.isfinite, figures)) or min(fresh, *read.values(), 0.0) < 0 or not 0 <= weight <= 1e6:
            return None
        if any(not 0 <= at < COUNT for at in read) or abs(sum(read.values()) - weight) > 1e-3 * (1 + weight):
            return None
        if max(abs(total / (weight or 1.0)), abs(latest)) > WIDEST:
            return None
        if not total * total * (1 - 1e-6) <= squares * weight <= (WIDEST * weight) ** 2:
            return None
        made = cls()
        for at, count in read.items():
            made._counts[at] = count
        made.weight, made._sum, made._squares, made._latest, made._fresh = weight, total, squares, latest, fresh
        return made

    def _likely(self, parts: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """Return the parts of a span weighted by how likely an end is in each."""
        known = self._known
        if known is None or len(parts) == 1:
            return parts
        dense = [(at, share * known[at] / WIDTHS[at]) for at, share in parts]
        total = math.fsum(share for _, share in dense)
        return [(at, share / total) for at, share in dense] if total > 0 else parts

    def _age(self, log: float | None) -> None:
        """What is there counts a little less; much less when the latest are of another kind."""
        keep = _KEEP
        if log is not None and self._fresh > LATEST and self.weight > 2 * LATEST:
            mean = self._sum / self.weight
            spread = max(math.sqrt(max(self._squares / self.weight - mean * mean, 0.0)), TIGHTEST)
            if abs(self._latest - mean) > CHANGED * spread / math.sqrt(2 * self._fresh):
                keep = FORGET
        self._unit /= keep
        if self._unit > LARGEST:
            self._counts = [count / self._unit for count in self._counts]
            self._unit = 1.0
        self.weight *= keep
        self._sum *= keep
        self._squares *= keep

    def _add(self, log: float, square: float) -> None:
        self.weight += 1.0
        self._sum += log
        self._squares += square

    def _masses(self, prior: Prior) -> list[float]:
        """Return how likely an end is in each cell: a mixture of the lognormal and what was counted."""
        mean, sigma = self._fit(prior)
        bell = lognormal(mean, sigma)
        wide = lognormal(mean, 2 * sigma)
        trust = self.weight / (self.weight + EVEN) * (1 - 2 * FLOOR)
        masses = [(1 - trust - FLOOR) * one + FLOOR * other for one, other in zip(bell, wide, strict=True)]
        if trust <= 0:
            return masses
        smooth = smoothed(self._counts, 2 if self.weight < 60 else 1)
        total = math.fsum(smooth)
        return [mass + trust * count / total for mass, count in zip(masses, smooth, strict=True)]

    def _fit(self, prior: Prior) -> tuple[float, float]:
        """Return mean and spread of the log: of what was seen, and of the prior as of some ends more."""
        expected = math.log(max(prior.median, BEGINS[1]))
        believed = PRIOR if self.weight == 0 else PRIOR / (1 + self.weight / 4)  # it only helps at the beginning
        weight = self.weight + believed
        mean = (self._sum + believed * expected) / weight
        squares = self._squares + believed * (expected * expected + prior.sigma**2)
        return mean, max(math.sqrt(max(squares / weight - mean * mean, 0.0)), TIGHTEST)
