"""The durations of one phase that were seen: a lognormal at first, a log-spaced histogram when there are more.

Both forget: what was seen `HALF_LIFE` ends ago counts half, and less when the latest durations differ from all others
by more than chance explains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, cast

from attrs import frozen

from genhub.timing._curve import Curve
from genhub.timing._grid import BEGINS, COUNT, ENDS, MIDDLES, WIDTHS, cell, over

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


@frozen(kw_only=True)
class Prior:
    """What is expected of a duration before any was seen: a lognormal."""

    median: float = 15.0  #: seconds
    sigma: float = 0.8  #: of the log


class Series:
    """Durations, by what they leave behind: counts by cell, and the moments of their logs."""

    def __init__(self) -> None:
        self.counts = [0.0] * COUNT
        self.weight = 0.0
        self._sum = self._squares = 0.0
        self._known: Sequence[float] | None = None  # how likely an end is in each cell, as of the last fit
        self._latest = 0.0  # the mean of the latest logs
        self._fresh = 0.0  # and their weight

    def took(self, duration: float, unseen: float) -> None:
        """One ended at most so many seconds after its phase began, and at least `unseen` seconds less.

        When in between is as likely as what is known by now says: else schedules would learn their own reads.
        """
        begin = max(0.0, duration - unseen)
        parts = self._likely(over(begin, duration))
        log = math.log(max((begin + duration) / 2, BEGINS[1]))
        square = log * log
        if len(parts) > 1:
            log = sum(share * MIDDLES[at] for at, share in parts)
            square = sum(share * MIDDLES[at] ** 2 for at, share in parts)
        self._age(log)
        for at, share in parts:
            self.counts[at] += share
        self._add(log, square, 1.0)
        keep = 0.5 ** (1 / LATEST)
        self._latest = (self._latest * self._fresh * keep + log) / (self._fresh * keep + 1)
        self._fresh = self._fresh * keep + 1

    def lasted(self, duration: float, prior: Prior) -> None:
        """One had not ended after so many seconds, when somebody ended it: it counts where the longer ones do."""
        masses = self._masses(prior)
        first = cell(duration)
        beyond = math.fsum(masses[first:])
        self._age(None)
        if beyond <= 0:
            return
        share = [mass / beyond for mass in masses[first:]]
        for at, part in enumerate(share, first):
            self.counts[at] += part
        logs = MIDDLES[first:]
        mean = math.fsum(part * log for part, log in zip(share, logs, strict=True))
        self._add(mean, math.fsum(part * log * log for part, log in zip(share, logs, strict=True)), 1.0)

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
        counts = {str(at): round(count, 6) for at, count in enumerate(self.counts) if count > 1e-6}
        return [counts, self.weight, self._sum, self._squares, self._latest, self._fresh]

    @classmethod
    def of(cls, facts: Any) -> Series | None:
        """Read what `facts` gave; None for anything else."""
        try:
            counts, *numbers = cast("Sequence[Any]", facts)
            weight, total, squares, latest, fresh = map(float, numbers)
            read = {int(at): float(count) for at, count in counts.items()}
        except (TypeError, ValueError, AttributeError):
            return None
        figures = (weight, total, squares, latest, fresh, *read.values())
        if not all(map(math.isfinite, figures)) or min(weight, fresh, *read.values(), 0.0) < 0:
            return None
        if any(not 0 <= at < COUNT for at in read) or squares * weight < total * total * (1 - 1e-6) or weight > 1e6:
            return None
        made = cls()
        for at, count in read.items():
            made.counts[at] = count
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
        keep = 0.5 ** (1 / HALF_LIFE)
        if log is not None and self._fresh > LATEST and self.weight > 2 * LATEST:
            mean = self._sum / self.weight
            spread = max(math.sqrt(max(self._squares / self.weight - mean * mean, 0.0)), TIGHTEST)
            if abs(self._latest - mean) > CHANGED * spread / math.sqrt(2 * self._fresh):
                keep = FORGET
        self.counts = [count * keep for count in self.counts]
        self.weight *= keep
        self._sum *= keep
        self._squares *= keep

    def _add(self, log: float, square: float, weight: float) -> None:
        self.weight += weight
        self._sum += log * weight
        self._squares += square * weight

    def _masses(self, prior: Prior) -> list[float]:
        """Return how likely an end is in each cell: a mixture of the lognormal and what was counted."""
        mean, sigma = self._fit(prior)
        bell = _lognormal(mean, sigma)
        wide = _lognormal(mean, 2 * sigma)
        trust = self.weight / (self.weight + EVEN) * (1 - 2 * FLOOR)
        masses = [(1 - trust - FLOOR) * one + FLOOR * other for one, other in zip(bell, wide, strict=True)]
        if trust <= 0:
            return masses
        smooth = _smooth(self.counts, 2 if self.weight < 60 else 1)
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


def _lognormal(mean: float, sigma: float) -> list[float]:
    """Return the mass of a lognormal in each cell."""
    scale = 1 / (sigma * math.sqrt(2))
    below = [0.5 * math.erfc((mean - math.log(end)) * scale) for end in ENDS]
    return [below[0], *(high - low for low, high in pairwise(below)), 1 - below[-1]]


def _smooth(counts: Sequence[float], times: int) -> Sequence[float]:
    """Spread what was counted over the cells beside: an eighth of an octave is less than what is known of a few."""
    for _ in range(times):
        padded = [0.0, *counts, 0.0]
        counts = [(padded[at - 1] + 2 * padded[at] + padded[at + 1]) / 4 for at in range(1, len(padded) - 1)]
    return counts
