"""A long run at full speed: memory, tasks and sockets have to stay flat, and the books have to balance.

Jobs of many kinds at the three simulators, which live in a process of their own, over real sockets, on a clock that is
faster: some fail and are refunded, some are stopped, some are refused, some reads go wrong. The journal is SQLite, so
that a finished job leaves memory.

Memory is what is allocated (by tracemalloc, which makes all of it slower) and what is resident (by the system), each
once garbage is gone, a hundred times; how it grows over the second half is the slope of a line through these. At the
end each job's ledger is held against the vendor's own books, and the sum of each account against its balance.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field, frozen

from benchmarks._held import rss, slope, sockets, weight
from benchmarks._report import Goal, Report, Table, arguments, finish, versions
from benchmarks._soak_jobs import ORDER
from benchmarks._soak_vendors import Books, Vendors, vendors
from genhub import Account, Hub, ProviderError, Status
from genhub._registry import load

#: The vendors' clock is so many times faster.
SPEED = 100.0
#: Each job is read so often, in seconds.
EVERY = 0.1
#: Jobs in flight.
IN_FLIGHT = 200
SAMPLES = 100
#: By so much memory may grow over the second half, in MB; tasks and sockets by such a share of the first half's most.
ALLOCATED_MOST, RESIDENT_MOST, MORE_MOST = 1.0, 4.0, 0.25
MB = 1_000_000

GROWN, SWOLLEN = "MB allocated more over the second half", "MB resident more over the second half"
MORE_TASKS, MORE_SOCKETS = "tasks, most of the second half over the first", "sockets, the same"
LEFT_TASKS, LEFT_SOCKETS = "tasks left at the end", "sockets left at the end"
WRONG = "jobs whose ledger is not the vendor's"
APART = "credits between the accounts' ledgers and balances"
UNSURE, OPEN, UNKNOWN = "jobs whose cost is not exact", "jobs that have not ended", "vendor's jobs that nobody claims"
RATE = "jobs a second"
GOALS = (
    Goal(figure=GROWN, most=ALLOCATED_MOST),
    Goal(figure=SWOLLEN, most=RESIDENT_MOST),
    Goal(figure=MORE_TASKS, most=MORE_MOST),
    Goal(figure=MORE_SOCKETS, most=MORE_MOST),
    *(Goal(figure=name, most=0.0) for name in (LEFT_TASKS, LEFT_SOCKETS, WRONG, APART, UNSURE, OPEN, UNKNOWN)),
)


@frozen(kw_only=True)
class Sample:
    """What the process held once so many jobs had ended."""

    jobs: int
    allocated: float
    resident: float
    tasks: int
    sockets: int


@define
class Soak:
    """One run."""

    jobs: int
    in_flight: int = IN_FLIGHT
    samples: list[Sample] = field(factory=list[Sample])
    ended: int = 0

    async def run(self, hub: Hub) -> float:
        """Do all jobs; returns the seconds that it took."""
        began = time.perf_counter()
        numbers = iter(range(self.jobs))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.in_flight, self.jobs)):
                group.create_task(self._work(hub, numbers))
        return time.perf_counter() - began

    async def _work(self, hub: Hub, numbers: Iterator[int]) -> None:
        for number in numbers:
            kind = ORDER[number % len(ORDER)]
            try:
                handle = await hub.submit(kind.make(kind.mark, number), to=kind.to)
            except ProviderError:
                assert kind.mark == "[refused]", kind
            else:
                if kind.stop:
                    await handle.stop()
                await handle.wait()
            self.ended += 1
            if self.ended % max(25, self.jobs // SAMPLES) == 0:
                self.sample()

    def sample(self) -> None:
        """Note what the process holds."""
        allocated = weight()
        self.samples.append(
            Sample(
                jobs=self.ended, allocated=allocated, resident=rss(), tasks=len(asyncio.all_tasks()), sockets=sockets()
            )
        )

    def grown(self) -> dict[str, float]:
        """Return by how much memory grew over the second half, and tasks and sockets beyond the first.

        While the last jobs end there are fewer in flight: that is left out.
        """
        steady = [each for each in self.samples if each.jobs <= self.jobs - self.in_flight]
        first, second = steady[: len(steady) // 2], steady[len(steady) // 2 :]
        span = (second[-1].jobs - second[0].jobs) / MB
        found = {
            GROWN: slope([(each.jobs, each.allocated) for each in second]) * span,
            SWOLLEN: slope([(each.jobs, each.resident) for each in second]) * span,
            MORE_TASKS: max(each.tasks for each in second) / max(each.tasks for each in first) - 1,
            MORE_SOCKETS: max(each.sockets for each in second) / max(each.sockets for each in first) - 1,
        }
        return {name: value for name, value in found.items() if isfinite(value)}


@define
class Tally:
    """An account's jobs, as the journal has them."""

    sum: Decimal = Decimal(0)
    statuses: Counter[str] = field(factory=Counter[str])
    wrong: int = 0
    unsure: int = 0
    open: int = 0
    refunded: int = 0
    claimed: set[str] = field(factory=set[str])


async def tallied(hub: Hub, books: Mapping[str, Books]) -> dict[str, Tally]:
    """Hold each job of the journal against the vendors' books."""
    found = {name: Tally() for name in hub.accounts()}
    async for job in hub.jobs():
        tally, spent = found[job.account], job.credits
        tally.statuses[job.status] += 1
        tally.open += job.is_open
        tally.unsure += not spent.exact
        tally.sum += spent.net or 0
        theirs = Decimal(0)
        if job.provider_id is not None:
            tally.claimed.add(job.provider_id)
            theirs = books[job.account].nets.get(job.provider_id, Decimal("NaN"))
        tally.wrong += spent.net != theirs
        tally.refunded += any(line.kind == "refund" for line in job.entries)
    return found


def account(name: str, vendors: Vendors) -> Account:
    """Return an account at a simulated vendor."""
    settings = {key: value for key, value in vendors.settings[name].items() if key != "provider"}
    return Account(provider=load(name)(**settings), poll_every=EVERY, concurrency=64)


async def soak(jobs: int, in_flight: int, folder: Path, vendors: Vendors) -> Report:
    """Run it; tasks and sockets are counted before the hub is opened, and once it is closed."""
    run = Soak(jobs, in_flight)
    before = len(asyncio.all_tasks()), sockets()
    async with Hub(
        {name: account(name, vendors) for name in vendors.settings}, journal=f"sqlite:///{folder}/soak.db"
    ) as hub:
        took = await run.run(hub)
        books = await vendors.books(folder / "books.json")
        tallies = await tallied(hub, books)
    for _ in range(100):  # what is closing closes
        await asyncio.sleep(0)
    figures = {
        **run.grown(),
        LEFT_TASKS: float(len(asyncio.all_tasks()) - before[0]),
        LEFT_SOCKETS: float(sockets() - before[1]),
        WRONG: float(sum(each.wrong for each in tallies.values())),
        APART: float(sum(abs(each.sum - books[name].taken) for name, each in tallies.items())),
        UNSURE: float(sum(each.unsure for each in tallies.values())),
        OPEN: float(sum(each.open for each in tallies.values())),
        UNKNOWN: float(sum(len(books[name].nets.keys() - each.claimed) for name, each in tallies.items())),
        RATE: jobs / took,
    }
    return Report(
        name="soak",
        tables=[accounts(tallies, books), over_time(run, took)],
        figures=figures,
        goals=GOALS,
        versions={**versions("genhub-jobs", "aiohttp"), "SQLite": sqlite3.sqlite_version},
    )


def accounts(tallies: Mapping[str, Tally], books: Mapping[str, Books]) -> Table:
    """Return what became of the jobs, and the books."""
    words = (Status.SUCCEEDED, Status.FAILED, Status.STOPPED)
    lines = [
        (name, f"{each.statuses.total():,}", *(f"{each.statuses[word]:,}" for word in words), f"{each.refunded:,}",
         f"{each.sum:,}", f"{books[name].taken:,}", f"{each.wrong:,}")
        for name, each in tallies.items()
    ]  # fmt: skip
    head = ("account", "jobs", *(f"{word}" for word in words), "refunded", "our ledger", "their books", "wrong")
    notes = ("failed: those that were refused are among them. wrong: jobs whose cost is another one by their books.",)
    return Table(title="Jobs and credits", head=head, rows=lines, notes=notes)


def over_time(run: Soak, took: float) -> Table:
    """Return what the process held in the course of it."""
    tenths = (
        [run.samples[len(run.samples) * each // 10 - 1] for each in range(1, 11)]
        if len(run.samples) >= 10
        else run.samples
    )
    return Table(
        title=f"{run.in_flight} jobs in flight: {took:,.0f} s, {run.jobs / took:,.0f} jobs a second; what is held",
        head=("jobs ended", "allocated, MB", "resident, MB", "tasks", "sockets"),
        rows=[
            (
                f"{each.jobs:,}",
                f"{each.allocated / MB:.2f}",
                f"{each.resident / MB:.1f}",
                f"{each.tasks}",
                f"{each.sockets}",
            )
            for each in tenths
        ],
    )


def measure(jobs: int, in_flight: int = IN_FLIGHT) -> Report:
    """Run it all."""
    tracemalloc.start()
    try:
        with TemporaryDirectory(prefix="genhub-soak-") as folder, vendors(SPEED) as theirs:
            return asyncio.run(soak(jobs, in_flight, Path(folder), theirs))
    finally:
        tracemalloc.stop()


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--jobs", type=int, default=200_000)
    options = parser.parse_args()
    logging.getLogger("genhub").setLevel(logging.CRITICAL)
    return finish(measure(options.jobs), options)


if __name__ == "__main__":
    sys.exit(main())
