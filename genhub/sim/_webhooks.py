"""PowerPost's webhooks: what it sends when a caption or an image job ends.

Signatures are not documented, so none is sent; nor is any event for videos.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import aiohttp
import orjson

from ._clock import AnyClock


class Courier:
    """Carries events to one address: one task for the deliveries, one that wakes at the next end of a job."""

    def __init__(self, url: str, clock: AnyClock, settle: Callable[[], float | None]) -> None:
        self.url = url
        self.clock = clock
        #: Brings the books up to date, and says when the next job will end.
        self.settle = settle
        self._letters: asyncio.Queue[bytes] = asyncio.Queue()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to watch and to carry."""
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._carry())]

    async def stop(self) -> None:
        """End both tasks; what was not delivered never is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def notice(self) -> None:
        """Hear that there is a job more to wait for."""
        self._news.set()

    def send(self, event: Mapping[str, object]) -> None:
        """Put an event on its way."""
        self._letters.put_nowait(orjson.dumps(event))

    async def _watch(self) -> None:
        while True:
            self._news.clear()
            due = self.settle()
            waits: list[asyncio.Task[bool]] = [asyncio.ensure_future(self._news.wait())]
            if due is not None:
                waits.append(asyncio.ensure_future(self._until(due)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    async def _until(self, due: float) -> bool:
        await self.clock.sleep(max(0.001, due - self.clock.time()))
        return True

    async def _carry(self) -> None:
        headers, patience = {"Content-Type": "application/json"}, aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=patience) as session:
            while True:
                letter = await self._letters.get()
                # How often the vendor tries again is not documented: once is all there is.
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.post(self.url, data=letter, headers=headers) as reply:
                        await reply.read()
