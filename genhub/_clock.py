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


def alarm(clock: Clock, at: float, ring: Callable[[], None]) -> Callable[[], None]:
    """Call `ring` when the monotonic clock says so; returns what calls it off.

    The machine's own clock needs no task for it.
    """
    loop = asyncio.get_running_loop()
    if isinstance(clock, SystemClock):
        return loop.call_later(max(0.0, at - clock.monotonic()), ring).cancel
    return partial(_call_off, loop.create_task(_ring_at(clock, at, ring), name="genhub timer"))


async def _ring_at(clock: Clock, at: float, ring: Callable[[], None]) -> None:
    await clock.sleep(max(0.0, at - clock.monotonic()))
    ring()


def _call_off(task: asyncio.Task[None]) -> None:
    task.cancel()


def moment(clock: Clock) -> datetime:
    """Return the clock's time as an aware datetime in UTC."""
    return datetime.fromtimestamp(clock.time(), UTC)
