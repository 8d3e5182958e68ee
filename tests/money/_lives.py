"""Hubs of one process that live and die: a kill that leaves behind what a kill -9 does, without the process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine, Mapping
from contextvars import Context, ContextVar, copy_context
from pathlib import Path
from sqlite3 import Connection
from typing import Any, TypeVar

from genhub import Account, Hub
from genhub.sim import Simulators
from genhub.stores import JobStore
from genhub.stores._sqlite import SqliteStore
from genhub.testing import FakeClock
from tests.core.conftest import until

T = TypeVar("T")

_LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


class Life:
    """One hub, and every task that it ever began."""

    def __init__(self, accounts: Mapping[str, Account], store: JobStore, clock: FakeClock) -> None:
        self.store = store
        self.hub = Hub(accounts, journal=store, clock=clock)
        self.tasks: set[asyncio.Task[Any]] = set()
        self._context = copy_context()
        self._context.run(_LIFE.set, self)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something with the hub; its tasks are known by their context."""
        return asyncio.get_running_loop().create_task(work, context=self._context)

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        return await self.start(work)

    async def die(self, sims: Simulators, into: Path) -> Path:
        """Stop everything at once, and return the journal as a kill would have left it: a copy, in a new folder."""
        assert isinstance(self.store, SqliteStore)
        while alive := [task for task in self.tasks if not task.done()]:
            for task in alive:
                task.cancel()
            await asyncio.gather(*alive, return_exceptions=True)
        path, image = self.store.path, into / self.store.path.name

        def copy(_: Connection) -> None:
            """In the writer's own thread: nothing is half written meanwhile; what was queued before is written."""
            for name in (path.name, f"{path.name}-wal", f"{path.name}.spill"):
                if (path.parent / name).exists():
                    shutil.copy(path.parent / name, into / name)

        into.mkdir()
        assert self.store._writer is not None
        await self.store._writer.run(copy)
        await self.hub._desk.sessions.close()
        await self.store.close()
        await quiet(sims)
        return image


async def quiet(sims: Simulators) -> None:
    """Wait until the simulators have dealt with all that hubs sent that are gone."""
    doors = [sims[name]._door for name in sims]
    await until(lambda: not any(door.connections for door in doors if door is not None))


def know_lives(loop: asyncio.AbstractEventLoop) -> None:
    """Let a loop note which tasks belong to which life."""

    def factory(
        loop: asyncio.AbstractEventLoop, work: Any, *, context: Context | None = None, **options: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context, **options)  # Python 3.14 has options
        life = _LIFE.get() if context is None else context.get(_LIFE)
        if life is not None:
            life.tasks.add(task)
            task.add_done_callback(life.tasks.discard)
        return task

    loop.set_task_factory(factory)
