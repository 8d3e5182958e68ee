"""Many jobs of one account that are read together by a list: how often, how many pages, and how late ends are seen.

Jobs come at random times, so that so many run at once on average. The next list is due when the rate of lists that
the hazards of all that run make worth their price has added up to one: about sqrt(2 price pages / sum of hazards)
seconds later. One that costs many pages waits until more has ended.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import ceil, sqrt
from statistics import fmean
from typing import Protocol

from attrs import field, frozen

from benchmarks._detection import Detection

#: Lines of a page, the vendor's most.
PAGE = 100
#: The rate of lists is looked at so often in the life of an average job.
LOOKS = 30

Hazard = Callable[[float], float]  #: of an age, in ends a second


class Reading(Protocol):
    def pages(self, made: int, oldest: int, open_: int) -> int:
        """Return the pages of one list: of so many jobs made, the oldest awaited, and how many still run."""
        ...


@frozen
class Newest:
    """All jobs, the newest first, until the oldest that is awaited."""

    def pages(self, made: int, oldest: int, open_: int) -> int:
        return max(1, ceil((made - oldest) / PAGE))


@frozen
class OnlyOpen:
    """Only what still runs, by the list's own filter; what is missing there has ended."""

    def pages(self, made: int, oldest: int, open_: int) -> int:
        return max(1, ceil(open_ / PAGE))


class Rhythm(Protocol):
    def rate(self, submits: Sequence[float], now: float, pages: int) -> float:
        """Return the lists a second that are worth it: with jobs awaited that were submitted then, at so many pages."""
        ...


@frozen
class Worth:
    """As many lists as they are worth."""

    hazard: Hazard
    price: float  #: seconds of delay that one request is worth

    def rate(self, submits: Sequence[float], now: float, pages: int) -> float:
        """Return the square root of the ends a second, over twice the price of a list."""
        hazard = self.hazard
        return sqrt(sum([hazard(now - at) for at in submits]) / (2 * self.price * pages))


@frozen
class Steadily:
    """A list every so many seconds."""

    seconds: float

    def rate(self, submits: Sequence[float], now: float, pages: int) -> float:
        return 1 / self.seconds


@frozen
class Stream:
    """Jobs as they come: when each was submitted, and when it ended, in seconds; ascending."""

    jobs: Sequence[tuple[float, float]] = field(repr=False)
    step: float  #: the rate of lists is looked at so often

    @classmethod
    def of(cls, draw: Callable[[random.Random], float], running: float, count: int, chance: random.Random) -> Stream:
        """Draw so many jobs, of which so many run at once on average once the line is filled."""
        lives = [draw(chance) for _ in range(count)]
        mean = fmean(lives)
        at, jobs = 0.0, list[tuple[float, float]]()
        for life in lives:
            at += chance.expovariate(running / mean)
            jobs.append((at, at + life))
        return cls(jobs, mean / LOOKS)

    def detect(self, rhythm: Rhythm, reading: Reading) -> Detection:
        """Return how the ends were seen; the first fifth of the time fills the line and does not count."""
        jobs, until = self.jobs, self.jobs[-1][0]
        now, made, lists, pages = 0.0, 0, 0, 1
        awaited, delays = list[int](), list[float]()
        while now < until:
            left = 1.0
            while left > 0 and now < until:
                rate = rhythm.rate([jobs[at][0] for at in awaited], now + self.step / 2, pages)
                soon = rate * self.step > left
                now += left / rate if soon else self.step
                left = 0.0 if soon else left - rate * self.step
                fresh = made
                while made < len(jobs) and jobs[made][0] <= now:
                    made += 1
                awaited += range(fresh, made)
            if not awaited:
                continue
            running = [at for at in awaited if jobs[at][1] > now]
            pages = reading.pages(made, awaited[0], len(running))
            if now >= until / 5:
                lists += pages
                delays += [now - jobs[at][1] for at in awaited if jobs[at][1] <= now]
            awaited = running
        return Detection(jobs=len(delays), requests=lists, delays=delays)


def looked_up(hazard: Hazard, until: float, points: int = 4000) -> Hazard:
    """Return a hazard that is looked up, by its values at so many ages."""
    step = until / points
    values = [hazard((at + 0.5) * step) for at in range(points)]

    def found(age: float) -> float:
        return values[min(int(age / step), points - 1)] if age > 0 else 0.0

    return found
