"""When to read a job next: what the field does, what vendors advise, and what genhub has learned."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from genhub.timing import Timing


class Policy(Protocol):
    def next(self, age: float, running_for: float | None) -> float:
        """Return the seconds until the next read of a job of that age, first seen at work so long ago (None: never)."""
        ...


@frozen
class Every:
    """A fixed interval, in seconds."""

    seconds: float

    def next(self, age: float, running_for: float | None) -> float:
        return self.seconds


@frozen
class Planned:
    """Reads at given ages of a job, in ascending order; after the last of them at an interval."""

    ages: Sequence[float]
    then: float

    def next(self, age: float, running_for: float | None) -> float:
        at = bisect_right(self.ages, age + 1e-9)  # ages are sums of floats
        return self.ages[at] - age if at < len(self.ages) else self.then


def backoff(first: float, factor: float, most: float) -> Planned:
    """Return waits that grow by a factor, up to the longest."""
    wait, age, ages = first, 0.0, list[float]()
    while wait < most:
        age += wait
        ages.append(age)
        wait *= factor
    return Planned(ages, most)


@frozen
class Learned:
    """genhub's own: by what was learned of the durations, at a price."""

    timing: Timing
    price: float  #: seconds of delay that one request is worth

    def next(self, age: float, running_for: float | None) -> float:
        return self.timing.next(age, running_for, self.price)


BACKOFF = backoff(1.0, 1.5, 10.0)
#: What is compared in the tables: the clients' own settings, and what vendors advise.
FIELD: Mapping[str, Policy] = {
    "fal's 0.1 s": Every(0.1),
    "replicate's 0.5 s": Every(0.5),
    "openai's 1 s, fixed 1 s": Every(1.0),
    "fixed 2 s": Every(2.0),
    "fixed 3 s": Every(3.0),
    "Vercel's 5 s, fixed 5 s": Every(5.0),
    "runway's 6 s": Every(6.0),
    "backoff 1 s x1.5, at most 10 s": BACKOFF,
}


def ages(policy: Policy) -> Iterator[float]:
    """Yield the ages at which a job is read that never ends and is never seen at work."""
    age = 0.0
    while True:
        age += policy.next(age, None)
        yield age
