"""The other side of `_nursery`: forks, and lives a life with a hub on a journal, up to a named point.

A life is plain data: `journal`, `accounts` (settings by name), `routes` (settings by name), `work` (what to do), and
`kill`: at the `nth` call of the store's `op` (`any`: of whatever writes; `give_up`: a write of an attempt that its
route gave up), `before` it is made or `after` it came back, the process sends itself SIGKILL. `ahead`: so many seconds
its clock is ahead of the machine's.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

import aiohttp  # noqa: F401 - so that no child has to import it
from attrs import evolve

import genhub_adgen  # noqa: F401
import genhub_genpro  # noqa: F401
import genhub_powerpost  # noqa: F401
from genhub import AllAttemptsFailed, Attempt, GenhubError, Hub, Job, JournalError, Status, SubmissionUnknown
from genhub._clock import SystemClock
from genhub._config import account
from genhub._itinerary import Itinerary
from genhub._provider import Intent
from genhub.routing import Route
from genhub.stores._sqlite import SqliteStore
from tests.money._requests import KINDS, captions

PR_SET_PDEATHSIG = 1
T = TypeVar("T")
Say = Callable[..., None]


class Deadly(SqliteStore):
    """A journal that kills its process at a named point."""

    def __init__(self, path: str, kill: dict[str, Any] | None, say: Say) -> None:
        super().__init__(path)
        self._kill = kill
        self._say = say
        self._calls: Counter[str] = Counter()

    async def create(self, job: Job, intent: Intent) -> Job | None:
        return await self._deadly("create", lambda: super(Deadly, self).create(job, intent))

    async def add(self, attempt: Attempt, intent: Intent) -> bool:
        return await self._deadly("add", lambda: super(Deadly, self).add(attempt, intent))

    async def record(self, attempt: Attempt) -> Attempt:
        return await self._deadly("record", lambda: super(Deadly, self).record(attempt))

    async def advance(self, attempt: Attempt) -> Attempt | None:
        also = ("give_up",) if attempt.given_up is not None else ()
        return await self._deadly("advance", lambda: super(Deadly, self).advance(attempt), *also)

    async def reroute(self, job_id: str, route: Itinerary) -> None:
        await self._deadly("reroute", lambda: super(Deadly, self).reroute(job_id, route))

    async def _deadly(self, op: str, work: Callable[[], Awaitable[T]], *also: str) -> T:
        names = (op, "any", *also)
        self._calls.update(names)
        mine = self._kill is not None and any(
            (each, self._calls[each]) == (self._kill["op"], self._kill["nth"]) for each in names
        )
        if mine and self._kill is not None and self._kill["when"] == "before":
            self._die()
        result = await work()
        if mine:
            self._die()
        self._say(wrote=op)
        return result

    def _die(self) -> None:
        """Send itself a signal: SIGKILL, unless the life says another."""
        assert self._kill is not None
        os.kill(os.getpid(), self._kill.get("signal", signal.SIGKILL))


class Ahead(SystemClock):
    """The machine's clock, so many seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def time(self) -> float:
        return super().time() + self._seconds


async def live(life: dict[str, Any], say: Say) -> None:
    accounts = {name: account(name, given, {}) for name, given in life["accounts"].items()}
    routes = {name: Route(**given) for name, given in life.get("routes", {}).items()}
    store, clock = Deadly(life["journal"], life.get("kill"), say), Ahead(life.get("ahead", 0.0))
    try:
        async with Hub(accounts, journal=store, routes=routes, clock=clock) as hub:
            say(open=True)
            await WORKS[life["work"]](hub, life, say)
    except JournalError as error:
        say(refused=str(error))
    say(done=True)


async def one(hub: Hub, life: dict[str, Any], say: Say) -> None:
    """Submit one request, and drive it to its end."""
    name, make = KINDS[life["kind"]]
    handle = await hub.submit(make(life["mark"]), to=name, key=life.get("key"), portability="adjust")
    say(submitted=handle.id, status=str(handle.status))
    with suppress(SubmissionUnknown):
        job = await handle.wait()
        say(ended=job.id, status=str(job.status))


async def route(hub: Hub, life: dict[str, Any], say: Say) -> None:
    """Submit one request to a route, and drive it until nothing of it is open, of a race's losers either."""
    if life.get("recovers", True):
        await hub.recover()
    try:
        handle = await hub.submit(captions(life["mark"], life["cell"]), to=life["to"], key=life.get("key"))
    except AllAttemptsFailed as error:
        say(nobody=str(error))
        return
    say(submitted=handle.id, status=str(handle.status))
    with suppress(SubmissionUnknown):
        job = await handle.wait()
        # Nobody is told of the end of a race's losers.
        while (live := hub.in_hand(handle.id)) is not None and live.job.is_open:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        say(ended=job.id, status=str(job.status))


async def stop_and_go(hub: Hub, life: dict[str, Any], say: Say) -> None:
    """Submit, stop, resume, and drive to the end."""
    name, make = KINDS[life["kind"]]
    handle = await hub.submit(make(life["mark"]), to=name)
    say(submitted=handle.id)
    await handle.stop()
    say(stopped=handle.id)
    await handle.resume()
    say(resumed=handle.id)
    job = await handle.wait()
    say(ended=job.id, status=str(job.status))


async def hold(hub: Hub, life: dict[str, Any], say: Say) -> None:
    """Drive the journal until killed."""
    await asyncio.Event().wait()


async def campaign(hub: Hub, life: dict[str, Any], say: Say) -> None:
    """Recover, submit every row under its key, and drive all of it as far as it goes."""
    recovering = asyncio.create_task(hub.recover())
    if not life["side_by_side"]:
        await recovering
    gate = asyncio.Semaphore(life["at_once"])

    async def row(kind: str, mark: str, cell: int, verb: str | None) -> None:
        name, make = KINDS[kind]
        request = make(mark)
        if name == "genpro":
            request = evolve(request, extra={"genpro": {"cell_id": cell}})
        async with gate:
            try:
                handle = await hub.submit(request, to=name, key=mark, portability="adjust")
            except GenhubError as error:
                say(refused=mark, why=str(error))
                return
        with suppress(GenhubError):
            if verb is not None and handle.status is not Status.STOPPED:
                await handle.stop()
            if verb == "resume":
                await handle.resume()
        with suppress(GenhubError):
            await handle.wait()

    await asyncio.gather(*(row(*each) for each in life["rows"]))
    await recovering


WORKS: dict[str, Callable[[Hub, dict[str, Any], Say], Awaitable[None]]] = {
    "one": one, "route": route, "stop_and_go": stop_and_go, "hold": hold, "campaign": campaign,
}  # fmt: skip


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies: whoever is born here is waited for by nobody
    for line in sys.stdin:
        life = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        be_born(life)


def be_born(life: dict[str, Any]) -> NoReturn:
    """Live, in the child of the fork; nothing of the parent's goes on here, and its end is ours."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    pipe = os.open(life["fifo"], os.O_WRONLY)

    def say(**words: Any) -> None:
        os.write(pipe, json.dumps(words).encode() + b"\n")

    status = 1
    try:
        asyncio.run(live(life, say))
        status = 0
    except BaseException as error:
        say(error=f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
