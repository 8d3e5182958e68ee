"""An event loop that Ctrl-C ends with care: what is on its way is recorded; a second Ctrl-C leaves at once."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from genhub.cli._exits import INTERRUPTED, Interrupted
from genhub.cli._out import Out

T = TypeVar("T")

#: Seconds after which it is said what is waited for.
PATIENCE = 1.0


def run(work: Coroutine[Any, Any, T], out: Out, *, goes_on: Callable[[], str] = lambda: "interrupted") -> T:
    """Run to the end; raises Interrupted (with what `goes_on` says) when Ctrl-C cut it short."""
    cut = threading.Event()

    async def guarded() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def cancel() -> None:
            task.cancel()
            loop.call_later(PATIENCE, out.say, "waiting for what is on its way; Ctrl-C again leaves at once")

        def interrupt(_: int, __: object) -> None:
            if cut.is_set():
                os._exit(INTERRUPTED)
            cut.set()
            loop.call_soon_threadsafe(cancel)

        if threading.current_thread() is not threading.main_thread():
            return await work
        earlier = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            return await work
        finally:
            for each, handler in earlier.items():
                signal.signal(each, handler)

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        if cut.is_set():
            raise Interrupted(goes_on()) from None
        raise
