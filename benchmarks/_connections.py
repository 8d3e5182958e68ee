"""Whether polls that are far apart find their connection again: new ones are counted, on a loop with virtual time.

On plain TCP: aiohttp keeps a TLS connection by the same rule, and each new one would be a handshake. The server closes
none. aiohttp looks at `time.monotonic` to tell how long a connection was idle; here it is told the loop's time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from unittest.mock import patch

import aiohttp
from attrs import define, field

from benchmarks._job_server import READS, answer
from benchmarks._keep_alive import Connection
from benchmarks._report import Goal, Table
from benchmarks._virtual import LoopClock, run
from genhub import Account, Hub, ImageRequest, Status
from genhub_adgen import AdGen

#: Between two polls, in seconds, and how many there are.
APART, POLLS = 120.0, 20
POLL = b"GET /api/generate/status?"
NEW = f"new connections for {POLLS} polls {APART / 60:g} minutes apart"
GOAL = Goal(figure=NEW, most=0.0)


@define(eq=False)
class Counted:
    """A server on the running loop that counts what was read of it."""

    origin: str = field(init=False, default="")
    polls: int = field(init=False, default=0)
    over: set[Connection] = field(init=False, factory=set[Connection])  #: the connections of the polls

    @property
    def new(self) -> int:
        """Return how many connections were made after that of the first poll."""
        return len(self.over) - 1


@asynccontextmanager
async def counted() -> AsyncIterator[Counted]:
    """Run such a server."""
    counts = Counted()

    class Watched(Connection):
        def data_received(self, data: bytes) -> None:
            if data.startswith(POLL):  # what charges has connections of its own, always fresh ones
                counts.polls += 1
                counts.over.add(self)
            super().data_received(data)

    server = await asyncio.get_running_loop().create_server(lambda: Watched(answer), "127.0.0.1", 0)
    counts.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with patch("aiohttp.connector.monotonic", asyncio.get_running_loop().time):
        async with server:
            yield counts


def provider(origin: str) -> AdGen:
    """Return an account's provider at a job server."""
    return AdGen(
        base_url=origin,
        token="token",
        project_id="11111111-aaaa-4bbb-8ccc-0000000000a1",
        product_id="11111111-aaaa-4bbb-8ccc-0000000000b1",
    )


async def ours(origin: str) -> None:
    """Let genhub wait for jobs, one after the other."""
    account = Account(provider=provider(origin), poll_every=APART)
    async with Hub({"ads": account}, clock=LoopClock()) as hub:
        for _ in range(POLLS // READS):
            handle = await hub.submit(ImageRequest(prompt="A bowl of soup, steaming"))
            done = await handle.wait()
            assert done.status is Status.SUCCEEDED, done


async def plain(origin: str) -> None:
    """Do the same with an aiohttp session as it comes."""
    async with aiohttp.ClientSession() as session:
        for _ in range(POLLS // READS):
            async with session.post(f"{origin}/api/generate/static-ad") as answer:
                job_id = (await answer.json())["jobId"]
            for _ in range(READS):
                await asyncio.sleep(APART)
                async with session.get(f"{origin}/api/generate/status?jobId={job_id}") as answer:
                    await answer.read()


async def count(polls: Callable[[str], Awaitable[None]]) -> int:
    """Return how many new connections the polls needed. Call it on a virtual loop."""
    async with counted() as counts:
        await polls(counts.origin)
    assert counts.polls == POLLS, counts.polls
    return counts.new


def measure() -> tuple[Table, dict[str, float]]:
    """Return the table, and the figure."""
    mine, theirs = run(count(ours)), run(count(plain))
    rows: Sequence[Sequence[str]] = (("aiohttp as it comes", f"{theirs}"), ("genhub", f"{mine}"))
    note = "In virtual time; the first poll's connection is not counted. Each new one would be a TLS handshake."
    table = Table(title=f"Connections of {POLLS} polls {APART / 60:g} minutes apart", head=("client", "new"), rows=rows,
                  notes=(note,))  # fmt: skip
    return table, {NEW: float(mine)}
