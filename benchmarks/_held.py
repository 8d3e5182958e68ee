"""What this process holds: memory, sockets, tasks; and how late its loop is."""

from __future__ import annotations

import asyncio
import gc
import os
import stat
import tracemalloc
from asyncio import get_running_loop
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from math import nan

from attrs import field, frozen

#: Between two looks of the probe, in seconds.
TICK = 0.005


def rss() -> float:
    """Return the bytes of memory in use as the system counts them; nan where it does not say."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024.0 for line in file if line.startswith("VmRSS"))
    except OSError:
        return nan


def weight() -> float:
    """Return the bytes in use once garbage is gone: as allocated while they are traced, else as the system counts."""
    gc.collect()
    return float(tracemalloc.get_traced_memory()[0]) if tracemalloc.is_tracing() else rss()


def sockets() -> int:
    """Return how many sockets are open."""
    found = 0
    for name in os.listdir("/dev/fd"):
        try:
            found += stat.S_ISSOCK(os.fstat(int(name)).st_mode)
        except OSError:  # the one that listed them
            continue
    return found


@frozen
class Lateness:
    """By how much a task that sleeps woke too late, each time: seconds."""

    lags: list[float] = field(factory=list[float])

    @property
    def worst(self) -> float:
        """The longest stall."""
        return max(self.lags, default=nan)

    def percentile(self, share: float) -> float:
        """Return what such a share of wake-ups at any moment does not exceed.

        A long stall lets one wake-up of the probe be late, and many that would have come meanwhile: they count.
        """
        met = sorted(lag - TICK * missed for lag in self.lags for missed in range(max(1, int(lag / TICK) + 1)))
        return met[max(0, -int(-share * len(met) // 1) - 1)] if met else nan


@frozen
class Most:
    """The largest that was seen."""

    seen: list[int]

    @property
    def value(self) -> int:
        return max(self.seen, default=0)


@asynccontextmanager
async def lateness() -> AsyncGenerator[Lateness]:
    """Watch how late the running loop is."""
    loop, seen = get_running_loop(), Lateness()

    async def probe() -> None:
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            seen.lags.append(loop.time() - due)

    task = loop.create_task(probe())
    await asyncio.sleep(2 * TICK)
    seen.lags.clear()
    try:
        yield seen
        await asyncio.sleep(2 * TICK)  # what is late now is seen
    finally:
        task.cancel()


@asynccontextmanager
async def counted(every: float) -> AsyncGenerator[tuple[Most, Most]]:
    """Count tasks, and sockets, so often in seconds."""
    tasks, open_ = Most([]), Most([])

    def look() -> None:
        tasks.seen.append(len(asyncio.all_tasks()) - 1)  # without the one that counts
        open_.seen.append(sockets())

    async def count() -> None:
        while True:
            look()
            await asyncio.sleep(every)

    task = get_running_loop().create_task(count())
    try:
        yield tasks, open_
        look()
    finally:
        task.cancel()


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second of each pair grows with the first, by least squares."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0
