"""Time as an argument."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What genhub asks of time. Tests hand in their own."""

    def time(self) -> float:
        """Seconds since the epoch: data, never used to measure a delay."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def moment(clock: Clock) -> datetime:
    """Return the clock's time as an aware datetime in UTC."""
    return datetime.fromtimestamp(clock.time(), UTC)
