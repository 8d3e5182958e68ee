"""What the tracker alone takes: memory for each attempt that it watches, CPU for each that it wakes for."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Sequence

from benchmarks._held import weight
from genhub._clock import SystemClock
from genhub._tracker import Look, Tracker

ACCOUNT = "ads"
#: Nothing is due while memory is weighed: seconds.
LATER = 3600.0
#: How many are being read at once, at most.
WORKERS = 100


def ids(jobs: int) -> list[str]:
    """Return ids of attempts; in a hub they belong to the attempts."""
    return [f"j019aab1c2d3e{number:010x}.1" for number in range(jobs)]


def tracker(look: Look) -> Tracker:
    """Return one for a single account."""
    return Tracker(SystemClock(), look, batch=lambda _: False, most=lambda _: WORKERS)


async def held(jobs: int, *, traced: bool) -> dict[str, float]:
    """Return the bytes that the tracker holds for each attempt: as allocated, or as the system counts."""

    async def look(account: str, due: Sequence[str]) -> dict[str, float | None]:
        raise AssertionError("nothing is due")

    if traced:
        tracemalloc.start()
    known, watching = ids(jobs), tracker(look)
    before = weight()
    for number, each in enumerate(known):
        watching.watch(each, ACCOUNT, LATER + number / jobs)
    grown = weight() - before
    assert len(watching) == jobs
    await watching.close()
    tracemalloc.stop()
    return {"bytes": grown / jobs}


async def woken(jobs: int, every: float, seconds: float) -> dict[str, float]:
    """Return the CPU of one wake-up, in microseconds: attempts that are each due so often, and a look that is free."""
    looks = 0

    async def look(account: str, due: Sequence[str]) -> dict[str, float | None]:
        nonlocal looks
        looks += len(due)
        return dict.fromkeys(due, every)

    watching = tracker(look)
    for number, each in enumerate(ids(jobs)):
        watching.watch(each, ACCOUNT, every * number / jobs)
    gc.collect()
    await asyncio.sleep(every / 2)
    looks, began = 0, time.process_time()
    await asyncio.sleep(seconds)
    used = time.process_time() - began
    await watching.close()
    return {"us": used * 1e6 / looks, "looks": float(looks)}


async def slept(jobs: int, every: float, seconds: float) -> dict[str, float]:
    """Return the same of a task for each, which sleeps."""
    looks = 0

    async def job(first: float) -> None:
        nonlocal looks
        await asyncio.sleep(first)
        while True:
            looks += 1
            await asyncio.sleep(every)

    tasks = [asyncio.ensure_future(job(every * number / jobs)) for number in range(jobs)]
    await asyncio.sleep(every / 2)
    gc.collect()
    looks, began = 0, time.process_time()
    await asyncio.sleep(seconds)
    used = time.process_time() - began
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {"us": used * 1e6 / looks, "looks": float(looks)}
