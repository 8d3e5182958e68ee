"""The journal: durable submits a second, beside the journal that one writes by hand, and the commits that one takes.

A submit is written down twice: what is about to be sent, before it is, and what the vendor made of it. genhub's store
does that alone, and under whole submits through a hub whose provider has no wire. The yardstick commits each write by
itself, with the same durability. All take turns on the same disk, block by block for the same time; a ratio is that of
two blocks of one round, and its interval is a bootstrap's of their median.

Disks: that of the temporary folder; the same where each commit takes 5 ms more, as a flush of a disk in a network does;
and one in memory, where a flush costs nothing. The 5 ms are slept in this process only, by whoever commits and before
the commit: genhub in its writer's thread, the yardstick on the loop. The flushes of a checkpoint are as they are.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from sqlite3 import Connection, sqlite_version
from statistics import median
from tempfile import TemporaryDirectory
from unittest.mock import patch

from attrs import evolve, field, frozen

from benchmarks._naive_journal import NaiveJournal
from benchmarks._report import Goal, Report, Table, arguments, finish, interval, versions
from benchmarks._route_cost import NEVER, REQUEST, Wireless
from genhub import Account, Hub, Ref, Status
from genhub.stores import _transactions, _worker
from genhub.stores._sqlite import SqliteStore
from genhub.testing._store_records import a_job, a_line, an_intent

STORE, HUB, NAIVE = "store", "hub", "naive"
TITLES = {STORE: "genhub's store alone", HUB: "whole submits through a hub", NAIVE: "one commit a write, by hand"}
IN_FLIGHT = (1, 64)
DISK, SLOW, MEMORY = "disk", "disk, 5 ms a flush", "memory"
RAM = Path("/dev/shm")
TIMES_LEAST, COMMITS_MOST = 10.0, 0.2

_ids = itertools.count(1)

#: One submit, written down twice.
Submit = Callable[[], Awaitable[None]]


@frozen(kw_only=True)
class Place:
    """Where the journals are."""

    name: str
    folder: Path | None  #: None: the temporary one
    slow: float = 0.0  #: seconds that each commit takes more


def places() -> list[Place]:
    """Return those that this machine has."""
    found = [Place(name=DISK, folder=None), Place(name=SLOW, folder=None, slow=0.005)]
    return [*found, Place(name=MEMORY, folder=RAM)] if RAM.is_dir() else found


@frozen(kw_only=True)
class Writer:
    """One that writes submits down."""

    submit: Submit
    commits: Callable[[], int]  #: so far


@frozen(kw_only=True)
class Block:
    """What was written in one block."""

    rate: float  #: submits a second
    commits: float  #: for each of them


@frozen(kw_only=True)
class Cell:
    """All blocks at one place, with so many in flight: by writer, in the order of the rounds."""

    place: str
    in_flight: int
    blocks: Mapping[str, list[Block]] = field(factory=lambda: {name: list[Block]() for name in TITLES})

    def name(self, writer: str, what: str) -> str:
        """Return the name of a figure."""
        return f"{writer}, {self.place}, {self.in_flight} in flight, {what}"

    def times(self, writer: str) -> list[float]:
        """Return how many times more a writer wrote than the one by hand, round by round."""
        pairs = zip(self.blocks[writer], self.blocks[NAIVE], strict=True)
        return [mine.rate / theirs.rate for mine, theirs in pairs]

    def figures(self) -> dict[str, float]:
        """Return what two runs are compared by."""
        found: dict[str, float] = {}
        for writer, blocks in self.blocks.items():
            found[self.name(writer, "submits a second")] = median(each.rate for each in blocks)
            found[self.name(writer, "commits a submit")] = median(each.commits for each in blocks)
            if writer != NAIVE:
                found[self.name(writer, "times by hand")] = median(self.times(writer))
                found[self.name(writer, "times by hand, lower 95 % bound")] = interval(self.times(writer))[0]
        return found

    def rows(self) -> list[Sequence[str]]:
        """Return its lines of the table."""
        return [(self.place, f"{self.in_flight}", TITLES[writer], *self._row(writer)) for writer in self.blocks]

    def _row(self, writer: str) -> Sequence[str]:
        blocks, ratios = self.blocks[writer], self.times(writer)
        low, high = interval(ratios)
        return (
            f"{median(each.rate for each in blocks):,.0f}",
            "1" if writer == NAIVE else f"{median(ratios):.2f} ({low:.2f} to {high:.2f})",
            f"{median(each.commits for each in blocks):.3g}",
        )


MANY = IN_FLIGHT[-1]
GOALS = (
    Goal(
        figure=Cell(place=SLOW, in_flight=MANY).name(HUB, "times by hand, lower 95 % bound"),
        least=TIMES_LEAST,
    ),
    Goal(figure=Cell(place=SLOW, in_flight=MANY).name(HUB, "commits a submit"), most=COMMITS_MOST),
    Goal(figure=Cell(place=DISK, in_flight=MANY).name(HUB, "commits a submit"), most=COMMITS_MOST),
)


@contextmanager
def slowed(seconds: float) -> Generator[None]:
    """Let each commit of genhub's writers take so many seconds more, in their thread."""
    whole = _transactions.transaction

    @contextmanager
    def transaction(db: Connection, begin: str) -> Generator[None]:
        with whole(db, begin):
            yield
            if begin == "BEGIN IMMEDIATE":  # a reader's has nothing to flush
                time.sleep(seconds)

    with patch.object(_worker, "transaction", transaction):
        yield


def at_store(store: SqliteStore) -> Writer:
    """Return what a submit has written, without a hub."""

    async def submit() -> None:
        job = a_job()
        await store.create(job, an_intent())
        ref = Ref(id=job.id, kind="captions")
        await store.record(evolve(job.attempt, status=Status.QUEUED, ref=ref, entries=(a_line(),)))

    return Writer(submit=submit, commits=lambda: store.transactions)


def through(hub: Hub, store: SqliteStore) -> Writer:
    """Return a whole submit."""

    async def submit() -> None:
        await hub.submit(REQUEST)

    return Writer(submit=submit, commits=lambda: store.transactions)


def by_hand(journal: NaiveJournal) -> Writer:
    """Return what one writes by hand."""
    intent = an_intent()
    data = {"kind": "image", "prompt": REQUEST.prompt, "sent_at": f"{intent.sent_at}", "key": intent.key}

    async def submit() -> None:
        job_id = f"j{next(_ids):022}"
        journal.intend(job_id, data)
        await asyncio.sleep(0)  # the call: who else is in flight comes in between
        journal.outcome(job_id, f"v{job_id}")

    return Writer(submit=submit, commits=lambda: journal.commits)


@asynccontextmanager
async def writers(place: Place, in_flight: int) -> AsyncIterator[dict[str, Writer]]:
    """Open new journals of all kinds."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=place.folder)))
        stack.enter_context(slowed(place.slow) if place.slow else nullcontext())
        store = await stack.enter_async_context(SqliteStore(folder / "store.db"))
        below = SqliteStore(folder / "hub.db")
        provider = Wireless(
            base_url="http://localhost",
            token="token",
            project_id="11111111-aaaa-4bbb-8ccc-0000000000a1",
            product_id="11111111-aaaa-4bbb-8ccc-0000000000b1",
        )
        account = Account(provider=provider, poll_every=NEVER, concurrency=in_flight)
        hub = await stack.enter_async_context(Hub({"ads": account}, journal=below))
        naive = NaiveJournal(folder / "naive.db", place.slow)
        stack.callback(naive.close)
        yield {STORE: at_store(store), HUB: through(hub, below), NAIVE: by_hand(naive)}


async def block(writer: Writer, in_flight: int, seconds: float) -> Block:
    """Write for about so many seconds: each that is in flight makes one submit at least."""
    gc.collect()
    done, committed = 0, writer.commits()
    begun = time.perf_counter()

    async def work() -> None:
        nonlocal done
        more = True
        while more:
            await writer.submit()
            done += 1
            more = time.perf_counter() - begun < seconds

    await asyncio.gather(*(work() for _ in range(in_flight)))
    took = time.perf_counter() - begun
    return Block(rate=done / took, commits=(writer.commits() - committed) / done)


async def measure(rounds: int, seconds: float, at: Sequence[Place]) -> Report:
    """Take turns, each round in the other order and on new files."""
    cells = [(place, Cell(place=place.name, in_flight=in_flight)) for place in at for in_flight in IN_FLIGHT]
    for turn in range(rounds):
        for place, cell in cells:
            async with writers(place, cell.in_flight) as found:
                for writer in found.values():
                    await block(writer, cell.in_flight, seconds / 10)  # warms up
                for name in list(found) if turn % 2 else list(reversed(found)):
                    cell.blocks[name].append(await block(found[name], cell.in_flight, seconds))
    all_cells = [cell for _, cell in cells]
    return Report(
        name="journal",
        tables=[table(all_cells, rounds, seconds)],
        figures={name: value for cell in all_cells for name, value in cell.figures().items()},
        goals=GOALS,
        versions={**versions("genhub-jobs"), "SQLite": sqlite_version},
    )


def table(cells: Sequence[Cell], rounds: int, seconds: float) -> Table:
    """Return all cells."""
    return Table(
        title=f"Durable submits a second: medians of {rounds} rounds of blocks of {seconds:g} s",
        head=("journals on", "in flight", "written by", "submits a second", "x by hand (95 %)", "commits a submit"),
        rows=[row for cell in cells for row in cell.rows()],
        notes=(
            "Each submit is two durable writes: the intent before the call, the outcome after it. WAL, synchronous = "
            "FULL for all. The provider has no wire: it answers at once.",
            "By hand: one connection on the loop's thread, one row a job, a commit for each of its two writes.",
            "5 ms a flush: slept before each commit, in this process only; genhub sleeps in its writer's thread, where "
            "its flushes are.",
        ),
    )


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="that each block takes")
    options = parser.parse_args()
    logging.getLogger("genhub").setLevel(logging.ERROR)
    return finish(asyncio.run(measure(options.rounds, options.seconds, places())), options)


if __name__ == "__main__":
    sys.exit(main())
