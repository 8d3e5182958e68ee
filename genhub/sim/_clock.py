"""The time the simulators live in: real, faster than real, or moved by hand."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable
from typing import Protocol, Self

#: Where a clock that is moved by hand starts: 2026-03-01T00:00:00Z.
MANUAL_START = 1772323200.0


class AnyClock(Protocol):
    """What a simulator needs of a clock; any object of this shape will do."""

    def time(self) -> float:
        """Return the seconds since the epoch."""
        ...

    def sleep(self, seconds: float, /) -> Awaitable[object]:
        """Come back when so many seconds of this clock have passed."""
        ...


class Clock:
    """A clock that runs `speed` times as fast as the wall's; at speed 0 only `advance` moves it."""

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        if speed < 0:
            raise ValueError(f"a clock's speed is 0 (moved by hand) or more, not {speed}")
        self.speed = speed
        self._start = time.time() if start is None else start
        self._born = time.monotonic()
        self._jumped = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    @classmethod
    def manual(cls, start: float = MANUAL_START) -> Self:
        """Return a clock that stands still until `advance` is called."""
        return cls(speed=0, start=start)

    def time(self) -> float:
        """Return the seconds since the epoch on this clock."""
        return self._start + self._jumped + (time.monotonic() - self._born) * self.speed

    def advance(self, seconds: float) -> None:
        """Jump forward and wake whoever slept less than that."""
        self._jumped += seconds
        now = self.time()
        while self._sleepers and self._sleepers[0][0] <= now:
            _ring(heapq.heappop(self._sleepers)[2])

    async def sleep(self, seconds: float) -> None:
        """Come back when so many seconds have passed on this clock."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        entry = (self.time() + seconds, next(self._order), future)
        heapq.heappush(self._sleepers, entry)
        timer = loop.call_later(seconds / self.speed, _ring, future) if self.speed else None
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()
            if entry in self._sleepers:
                self._sleepers.remove(entry)
                heapq.heapify(self._sleepers)


def _ring(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
