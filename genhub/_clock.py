"""Time as an argument."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
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


def alarm(clock: Clock, seconds: float, ring: Callable[[], None]) -> Callable[[], None]:
    """Call `ring` so many seconds later; returns what calls it off. The machine's own clock needs no task for it."""
    if isinstance(clock, SystemClock):
        return asyncio.get_running_loop().call_later(seconds, ring).cancel
    task = asyncio.get_running_loop().create_task(_ring_after(clock, seconds, ring), name="genhub timer")
    return partial(_call_off, task)


async def _ring_after(clock: Clock, seconds: float, ring: Callable[[], None]) -> None:
    await clock.sleep(seconds)
    ring()


def _call_off(task: asyncio.Task[None]) -> None:
    task.cancel()


def moment(clock: Clock) -> datetime:
    """Return the clock's time as an aware datetime in UTC."""
    return datetime.fromtimestamp(clock.time(), UTC)
