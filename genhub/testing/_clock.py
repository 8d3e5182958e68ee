"""A clock for tests, on which nobody waits."""

from __future__ import annotations

import asyncio
import heapq
import itertools

#: Where it starts: 2026-03-01T00:00:00Z.
START = 1772323200.0
MONTH = 30 * 24 * 3600.0


class FakeClock:
    """Whoever sleeps on it wakes at once, and it is that much later. Good for a hub, and for simulators.

    Sleeps side by side overlap, as they do in life. One of more than `longest` seconds is no wait but a wish to be left
    alone: it ends only when somebody moves the clock past it (a hub whose `poll_every` is that long reads nothing by
    itself).
    """

    def __init__(self, start: float = START, *, longest: float = MONTH) -> None:
        self.longest = longest
        self.sleeps: list[float] = []  #: what was asked for, in seconds, in order
        self._start = start
        self._now = 0.0  # since then: a number so small that a very short sleep is not lost in it
        self._off = 0.0  # how wrong the clock on the wall is
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def __repr__(self) -> str:
        return f"<clock at {self._now:g} s>"

    def time(self) -> float:
        """Seconds since the epoch, as the clock on the wall says."""
        return self._start + self._now + self._off

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Let everybody else have a turn; it is so many seconds later then."""
        self.sleeps.append(seconds)
        until = self._now + max(0.0, seconds)
        if seconds > self.longest:
            await self._wait(until)
        else:
            await asyncio.sleep(0)
            self._set(until)

    def advance(self, seconds: float) -> None:
        """Make it so much later, and wake whoever slept less than that."""
        self._set(self._now + seconds)

    def jump(self, seconds: float) -> None:
        """Set the clock on the wall forward or back, as people and machines do; the monotonic one does not notice."""
        self._off += seconds

    def skip(self, seconds: float) -> None:
        """Make it later for the running event loop too: time-outs of asyncio and aiohttp strike now."""
        self.advance(seconds)
        loop = asyncio.get_running_loop()
        behind = loop.time
        loop.time = lambda: behind() + seconds  # type: ignore[method-assign]

    async def _wait(self, until: float) -> None:
        entry = (until, next(self._order), asyncio.get_running_loop().create_future())
        heapq.heappush(self._sleepers, entry)
        try:
            await entry[2]
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)
                heapq.heapify(self._sleepers)

    def _set(self, now: float) -> None:
        self._now = max(self._now, now)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            sleeper = heapq.heappop(self._sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)
