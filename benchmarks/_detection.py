"""Jobs that end at times of their own, and what a policy makes of them: requests, and delays until the end is seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from math import log
from typing import Protocol

from attrs import field, frozen

from benchmarks._policies import Policy, ages


@frozen(kw_only=True, slots=False)
class Detection:
    """How the ends of some jobs were seen. A request is a read; submits are not counted."""

    jobs: int
    requests: int
    delays: Sequence[float] = field(repr=False)  #: seconds from a job's end to the read that showed it

    @classmethod
    def sum(cls, parts: Iterable[Detection]) -> Detection:
        """Return several as one."""
        found = list(parts)
        return cls(
            jobs=sum(each.jobs for each in found),
            requests=sum(each.requests for each in found),
            delays=[delay for each in found for delay in each.delays],
        )

    @property
    def each(self) -> float:
        """Requests a job."""
        return self.requests / self.jobs

    @cached_property
    def mean(self) -> float:
        """The mean of the delays."""
        return sum(self.delays) / len(self.delays)

    @property
    def late(self) -> float:
        """The 95th percentile of the delays."""
        return sorted(self.delays)[int(0.95 * (len(self.delays) - 1))]


#: A mean delay is found when it is so near, in at most so many steps.
NEAR, STEPS = 0.002, 18


class Fleet(Protocol):
    def detect(self, policy: Policy) -> Detection:
        """Return what a policy makes of these jobs."""
        ...


def _ascending(values: Iterable[float]) -> Sequence[float]:
    return tuple(sorted(values))


@frozen
class Jobs:
    """Jobs of a vendor that does not show when the work begins: all are read at the same ages."""

    ends: Sequence[float] = field(converter=_ascending)  #: ages at the end, in seconds

    def detect(self, policy: Policy) -> Detection:
        ends, count, seen, requests = self.ends, len(self.ends), 0, 0
        delays = list[float]()
        for age in ages(policy):
            requests += count - seen
            until = bisect_right(ends, age, seen)
            delays += [age - end for end in ends[seen:until]]
            seen = until
            if seen == count:
                break
        return Detection(jobs=count, requests=requests, delays=delays)


@frozen
class PhasedJobs:
    """Jobs that wait in a queue and are then worked on; a read shows which. Pairs of both, in seconds."""

    lives: Sequence[tuple[float, float]]

    def detect(self, policy: Policy) -> Detection:
        requests, delays = 0, list[float]()
        for queue, work in self.lives:
            age, began, end = 0.0, None, queue + work
            while age < end:
                before, age = age, age + policy.next(age, None if began is None else age - began)
                requests += 1
                if began is None and age >= queue:
                    began = (before + age) / 2  # as the hub takes it
            delays.append(age - end)
        return Detection(jobs=len(self.lives), requests=requests, delays=delays)


def at_mean(delay: float, measure: Callable[[float], Detection], low: float, high: float) -> tuple[float, Detection]:
    """Turn a knob, by which delays grow, until the mean delay is this; returns the setting, and what came of it.

    Raises ValueError when the knob's range does not reach so far.
    """
    lows, highs = measure(low).mean, measure(high).mean
    if not lows <= delay <= highs:
        raise ValueError(f"from {low:g} to {high:g} the mean delay is {lows:.3g} to {highs:.3g} s, never {delay:.3g} s")
    tried = list[tuple[float, float, Detection]]()
    for turn in range(STEPS):
        share = 0.5 if turn % 3 == 2 else log(delay / lows) / log(highs / lows)  # delays are about a power of the knob
        knob = low * (high / low) ** min(max(share, 0.02), 0.98)
        found = measure(knob)
        tried.append((abs(found.mean / delay - 1), knob, found))
        if tried[-1][0] < NEAR:
            break
        if found.mean < delay:
            low, lows = knob, found.mean
        else:
            high, highs = knob, found.mean
    _, knob, found = min(tried, key=lambda each: each[0])
    return knob, found
