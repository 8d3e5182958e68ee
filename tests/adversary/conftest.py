"""The hub's world, for those who want it to pay twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define

from genhub.testing import FakeClock
from tests.core.conftest import World, until, world

__all__ = ["NEVER", "Gate", "OffClock", "World", "method", "until", "world"]

#: A `poll_every` at which the tracker reads nothing by itself (see `FakeClock`).
NEVER = 1e8


@define
class OffClock:
    """A machine whose wall clock is off from the vendor's, by as much as `ahead` says now."""

    inner: FakeClock
    ahead: float = 0.0

    def time(self) -> float:
        return self.inner.time() + self.ahead

    def monotonic(self) -> float:
        return self.inner.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.inner.sleep(seconds)


class Gate:
    """Holds a call back, before or after it was made, until it is opened."""

    def __init__(self, call: Callable[..., Awaitable[Any]], *, after: bool, times: int = 1) -> None:
        self._call, self._after, self._times = call, after, times
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, *args: Any, **named: Any) -> Any:
        held = self._times > 0
        self._times -= 1
        if held and not self._after:
            self.reached.set()
            await self.open.wait()
        result = await self._call(*args, **named)
        if held and self._after:
            self.reached.set()
            await self.open.wait()
        return result


def method(gate: Gate) -> Callable[..., Awaitable[Any]]:
    """A gate as a method of a class."""

    async def call(self: Any, *args: Any, **named: Any) -> Any:
        return await gate(self, *args, **named)

    return call
