"""What a read is worth, and when one that failed is tried again: pure data, no clock."""

from __future__ import annotations

#: The seconds of delay that one read of a job is worth, unless a hub is told otherwise.
READ_PRICE = 0.5
#: A read that keeps failing is tried again after at most this, in seconds.
SLOWEST = 60.0


def after_failures(every: float, failures: int) -> float:
    """Return the seconds until a read that failed so often in a row is tried again."""
    grown = max(every, 0.5) * 2.0 ** min(failures - 1, 30)
    return max(every, min(SLOWEST, grown))
