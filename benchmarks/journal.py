"""Durable submits a second: what the journal takes of a submit, alone and through the hub, beside one by hand.

A submit commits twice: the intent before anything is sent, the outcome after the answer. A job's life has one commit
more, its end. By hand means: sqlite3 in a thread, a table, a write-ahead log, a commit for each write, each flushed
(`synchronous = FULL`), as genhub's are. genhub groups what is written at the same time into one commit.

Places: the disk under .bench/ (or `--folder`), the memory file system where there is one, and the disk with every flush
5 ms slower, as on a network's disk: the writing thread, genhub's and that by hand alike, sleeps so long before each
commit, in this process alone. The hub's provider has no wire: it answers by itself.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from attrs import define, field, frozen

from benchmarks._journal_build import intent, job
from benchmarks._naive_journal import NaiveJournal
from benchmarks._report import ROOT, Goal, Report, Table, arguments, finish, paired_ratio, versions
from benchmarks._route_cost import NEVER, REQUEST, Wireless
from benchmarks._slow_disk import slow_disk
from genhub import Account, Attempt, Hub, Job, Status
from genhub._evolve import evolve
from genhub.stores import _rows as rows
from genhub.stores._sqlite import SqliteStore

#: By which each flush is slower on the slow disk, in seconds.
SLOWER = 0.005
MEMORY = Path("/dev/shm")
DISK, TMPFS, SLOW = "disk", "memory file system", "disk, flushes 5 ms slower"
HAND, STORE, HUB = "by hand: create, record", "store: create, record", "hub.submit"
HAND_LIFE, STORE_LIFE = "by hand: create, record, advance", "store: create, record, advance"
#: Each subject, and what it is measured against.
YARDSTICKS = {HAND: HAND, STORE: HAND, HUB: HAND, HAND_LIFE: HAND_LIFE, STORE_LIFE: HAND_LIFE}

_numbers = itertools.count(1)
Work = Callable[[], Awaitable[object]]


@frozen(kw_only=True)
class Place:
    """Where a journal lies."""

    name: str
    folder: Path
    slower: float = 0.0  #: seconds of each flush


@frozen(kw_only=True)
class Level:
    """So many submits in flight, and how many each of them makes in a block."""

    in_flight: int
    each: int
    each_slow: int  #: on the slow disk

    def many(self, place: Place) -> int:
        return self.each_slow if place.slower else self.each


LEVELS = (Level(in_flight=1, each=300, each_slow=20), Level(in_flight=64, each=20, each_slow=2))


@define
class Cost:
    """What the blocks of one subject took, round by round."""

    rate: list[float] = field(factory=list[float])  #: submits a second
    commits: list[float] = field(factory=list[float])  #: of one submit
    us: list[float] = field(factory=list[float])  #: CPU of one, all threads


def speed(subject: str, in_flight: int, place: str) -> str:
    """Return the name of a figure."""
    return f"{subject}, {in_flight} in flight, {place}, a second"


def ratio(subject: str, in_flight: int, place: str) -> str:
    """Return the name of another: how many times as many as by hand."""
    return f"{subject}, {in_flight} in flight, {place}, x by hand"


def commits(subject: str, in_flight: int, place: str) -> str:
    """Return the name of a third."""
    return f"{subject}, {in_flight} in flight, {place}, commits of one"


def goals(many: int) -> list[Goal]:
    """Return what has to be reached, alone and with many in flight: where a flush costs something."""
    return [
        Goal(figure=ratio(STORE, 1, SLOW), least=0.9),
        Goal(figure=ratio(STORE, many, SLOW), least=20.0),
        Goal(figure=ratio(HUB, many, SLOW), least=20.0),
        Goal(figure=commits(HUB, many, SLOW), most=0.1),
    ]


def places(folder: Path) -> list[Place]:
    """Return where it is measured: the memory file system only where there is one."""
    found = [Place(name=DISK, folder=folder)]
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        found.append(Place(name=TMPFS, folder=MEMORY))
    return [*found, Place(name=SLOW, folder=folder, slower=SLOWER)]


def parts() -> tuple[Job, Attempt, Attempt]:
    """Return a new job as it is before it is sent, its attempt once it is accepted, and at its end."""
    whole = job(next(_numbers), is_open=False)
    (ended,) = whole.attempts
    first = evolve(
        ended, status=Status.SUBMITTING, raw_status=None, ref=None, outputs=(), entries=(), submitted_at=None,
        running_at=None, finished_at=None, version=0,
    )  # fmt: skip
    accepted = evolve(
        ended, status=Status.QUEUED, raw_status="queued", outputs=(), running_at=None, finished_at=None, version=0
    )
    return evolve(whole, attempts=(first,)), accepted, evolve(ended, version=1)


async def by_store(store: SqliteStore, *, life: bool) -> None:
    """Do what a submit does to the journal."""
    new, accepted, ended = parts()
    await store.create(new, intent(new))
    await store.record(accepted)
    if life:
        assert await store.advance(ended) is not None


async def by_hand(naive: NaiveJournal, *, life: bool) -> None:
    """Write the same by hand: what a job holds is made by the same functions, so that it takes the same time."""
    new, accepted, ended = parts()
    text = rows.job_row(new)[9] + rows.attempt_row(new.attempt, intent(new))[6]
    await naive.create(new.id, text)
    await naive.record(new.id, accepted.provider_id or "", rows.outcome_row(accepted)[-1])
    if life:
        await naive.advance(new.id, str(ended.status), rows.outcome_row(ended)[-1])


@asynccontextmanager
async def subjects(
    folder: Path, place: Place, in_flight: int
) -> AsyncIterator[dict[str, tuple[Work, Callable[[], int]]]]:
    """Open a journal of each kind; gives by subject one submit, and what counts commits."""
    store, of_hub = SqliteStore(folder / "store.db"), SqliteStore(folder / "hub.db")
    account = Account(
        provider=Wireless(base_url="http://127.0.0.1:1", token="token", project_id="11", product_id="22"),
        poll_every=NEVER,
        concurrency=in_flight,
    )
    await store.open()
    try:
        async with (
            NaiveJournal(folder / "naive.db", slower=place.slower) as naive,
            Hub({"ads": account}, journal=of_hub) as hub,
        ):

            def by_naive() -> int:
                return naive.transactions

            def by_stores() -> int:
                return store.transactions

            yield {
                HAND: (lambda: by_hand(naive, life=False), by_naive),
                STORE: (lambda: by_store(store, life=False), by_stores),
                HUB: (lambda: hub.submit(REQUEST), lambda: of_hub.transactions),
                HAND_LIFE: (lambda: by_hand(naive, life=True), by_naive),
                STORE_LIFE: (lambda: by_store(store, life=True), by_stores),
            }
    finally:
        await store.close()


async def block(work: Work, in_flight: int, each: int) -> tuple[float, float]:
    """Do a block; returns how many a second, and the CPU of one in microseconds."""

    async def worker() -> None:
        for _ in range(each):
            await work()

    gc.collect()
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    count = in_flight * each
    return count / (time.perf_counter() - began), (time.process_time() - used) * 1e6 / count


async def play(place: Place, level: Level, rounds: int) -> dict[str, Cost]:
    """Alternate the blocks, each round in the other order."""
    found = {name: Cost() for name in YARDSTICKS}
    with TemporaryDirectory(dir=place.folder, prefix="journal-") as folder, slow_disk(place.slower):
        async with subjects(Path(folder), place, level.in_flight) as works:
            for turn in range(rounds + 1):
                for name in list(works) if turn % 2 else list(reversed(works)):
                    work, count = works[name]
                    before = count()
                    each = level.many(place) if turn else 1  # the first one warms up
                    rate, us = await block(work, level.in_flight, each)
                    if turn:
                        found[name].rate.append(rate)
                        found[name].us.append(us)
                        found[name].commits.append((count() - before) / (level.in_flight * each))
    return found


def figures(place: Place, level: Level, cost: Mapping[str, Cost]) -> dict[str, float]:
    """Return what two runs are compared by."""
    found: dict[str, float] = {}
    for name, each in cost.items():
        where = (name, level.in_flight, place.name)
        found[speed(*where)] = median(each.rate)
        found[commits(*where)] = median(each.commits)
        found[ratio(*where)] = paired_ratio(each.rate, cost[YARDSTICKS[name]].rate)
    return found


def lines(place: Place, level: Level, cost: Mapping[str, Cost]) -> list[Sequence[str]]:
    """Return the table's lines."""
    return [
        (place.name, f"{level.in_flight}", name, f"{median(each.rate):,.0f}", f"{min(each.rate):,.0f}",
         f"{paired_ratio(each.rate, cost[YARDSTICKS[name]].rate):.2f}", f"{median(each.commits):.3f}",
         f"{median(each.us):,.0f}")
        for name, each in cost.items()
    ]  # fmt: skip


async def measure(folder: Path, rounds: int, levels: Sequence[Level] = LEVELS) -> Report:
    """Run it all."""
    found: dict[str, float] = {}
    rows_: list[Sequence[str]] = []
    for place in places(folder):
        for level in levels:
            cost = await play(place, level, rounds)
            found |= figures(place, level, cost)
            rows_ += lines(place, level, cost)
    table = Table(
        title=f"Durable submits a second: medians of {rounds} rounds",
        head=("where", "in flight", "what", "a second", "least", "x by hand", "commits of one", "CPU us"),
        rows=rows_,
        notes=(
            "x by hand: against the same writes by hand, each with a commit of its own, in the same round.",
            "CPU: all threads; to make the records takes a part of it, the same for both.",
            f"Slower: the thread that writes sleeps {SLOWER * 1000:g} ms before each commit, not before a checkpoint.",
        ),
    )
    return Report(
        name="journal",
        tables=[table],
        figures=found,
        goals=goals(levels[-1].in_flight),
        versions={**versions("genhub-jobs"), "SQLite": sqlite3.sqlite_version},
    )


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="on the disk that is to be measured")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    logging.getLogger("genhub").setLevel(logging.CRITICAL)
    return finish(asyncio.run(measure(options.folder, options.rounds)), options)


if __name__ == "__main__":
    sys.exit(main())
