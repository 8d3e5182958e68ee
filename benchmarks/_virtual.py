"""A loop on which nobody waits, and sockets work: time goes on by itself once nothing else is left to do.

`FakeClock` lets time run while a call is in the air, so that a time measured on it says little. Here the loop's own
time stands still as long as a callback is ready or a socket has something to say, and jumps to the next timer then.
Everything is on it: the hub, the simulators, and the time-outs of aiohttp.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

#: Monday, 2 March 2026, 13:00 UTC.
START = 1772456400.0
#: What was written to a socket of this machine can be read at once on Linux; elsewhere so many seconds later.
DELIVERY = 0.0 if sys.platform == "linux" else 0.001
T = TypeVar("T")


class _Jumper(selectors.DefaultSelector):
    """Waits for no timer: the time is moved instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        idle = timeout is None or timeout > 0
        found: list[tuple[selectors.SelectorKey, int]] = super().select(DELIVERY if idle else 0)
        if found or not idle:
            return found
        if timeout is None:  # no timer either: only a thread or a child can bring news
            return super().select(None)
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with a time of its own."""

    def __init__(self) -> None:
        self._jumper = _Jumper()
        super().__init__(self._jumper)

    def time(self) -> float:
        """Return the seconds since it was made."""
        return self._jumper.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads as long as it takes: the limit that newer Pythons give would pass in a jump."""
        await super().shutdown_default_executor()


class LoopClock:
    """The running loop's time as a clock for hubs and simulators; it can be read when the loop is closed too."""

    def __init__(self, start: float = START) -> None:
        self._start = start
        self._loop = asyncio.get_running_loop()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return self._start + self.monotonic()

    def monotonic(self) -> float:
        """Return the loop's seconds."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Come back so many seconds later."""
        await asyncio.sleep(seconds)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end what would take hours."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
