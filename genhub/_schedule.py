"""When to read a job next: pure data, no clock."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


class Schedule(Protocol):
    def next(self, age: float, polls: int) -> float:
        """Return the seconds until the next read of a job that is `age` seconds old and was read `polls` times."""
        ...


@frozen
class Steady:
    """Every so many seconds: what vendors advise."""

    every: float

    def next(self, age: float, polls: int) -> float:
        return self.every


#: A read that keeps failing is tried again after at most this, in seconds.
SLOWEST = 60.0


def after_failures(every: float, failures: int) -> float:
    """Return the seconds until a read that failed so often in a row is tried again."""
    grown = max(every, 0.5) * 2.0 ** min(failures - 1, 30)
    return max(every, min(SLOWEST, grown))
