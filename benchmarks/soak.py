"""A soak: 200,000 jobs at the three simulators, at full speed; nothing may grow, and all books must balance.

One hub on a SQLite journal, over real sockets, in real time; the simulators have a process of their own, so that what
they keep is not in the figures, and their jobs take a two-hundredth of the time. The jobs are of all kinds that the
three accounts have, with failures and refunds, other prices than were estimated, stops, and answers that get lost.

They go in batches, 500 in flight. After each the hub is at rest, and what it holds is noted: memory, tasks, sockets,
jobs in hand. Then the vendors' books are held against the journal, job by job and in sum, and the vendors forget.

Memory is judged by the second half, by the lines of least squares through what was held at rest: the resident set, once
the C library gave back the pages that it kept for later, and the blocks that the interpreter has handed out. The least
that could be left of a job, its id as the key of a dict, is one block, and some 90 bytes with its place in the dict.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import sqlite_version
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, field

from benchmarks._report import ROOT, Goal, Report, Table, arguments, finish, versions
from benchmarks._soak_held import Held, slope, sockets
from benchmarks._soak_jobs import ACCOUNTS, KINDS, kind, mark, request
from benchmarks._soak_vendors import Verdict
from genhub import Account, GenhubError, Hub
from genhub._registry import load

log = logging.getLogger("benchmarks")

JOBS, IN_FLIGHT, BATCH = 200_000, 500, 4_000
#: So many times faster do the vendors work, and the shortest time between two reads of a job, in seconds.
SPEED, EVERY = 200.0, 0.05
#: For reads, at once; so many at each vendor may be kept when nothing is read.
CONNECTIONS = 100
#: Seconds of rest after each batch: connections for what charges are let go of meanwhile.
REST = 2.0
#: Growth is judged over so many batches and jobs at least.
LEAST_BATCHES, LEAST_JOBS = 8, 10_000
#: Lines of the table of what was held, at most, and problems that are told in words.
LINES, TOLD = 11, 5

RSS, BLOCKS = "bytes of the resident set that a job leaves", "memory blocks that a job leaves"
TASKS, SOCKETS = "tasks at rest, more than before", "sockets at rest, more than the hub may keep"
MORE_SOCKETS = "sockets at rest, more in the second half than in the first"
TASKS_LEFT, SOCKETS_LEFT = "tasks that the closed hub leaves", "sockets that the closed hub leaves"
IN_HAND, ERRORS = "jobs in hand at rest", "errors that callers saw"
MISSING, TWICE, FORGOTTEN = "jobs that the journal lacks", "jobs bought twice", "vendors' jobs that nobody claims"
WRONG, APART = "jobs with another end or cost than the vendor's", "credits by which the sums differ"
NONE = (TASKS, SOCKETS, TASKS_LEFT, SOCKETS_LEFT, IN_HAND, ERRORS, MISSING, TWICE, FORGOTTEN, WRONG, APART)
#: 20 bytes a job are 2 MB over the second half, about what the resident set varies by; an id left is four times that.
GOALS = (
    Goal(figure=RSS, most=20.0),
    Goal(figure=BLOCKS, most=0.02),
    Goal(figure=MORE_SOCKETS, most=10.0),  # the most that were ever needed at once rises by chance, ever more seldom
    *(Goal(figure=name, most=0.0) for name in NONE),
)


@define(kw_only=True)
class Soaked:
    """What was seen."""

    asked: int
    before: Held
    after: Held
    rests: list[Held] = field(factory=list[Held])  #: after each batch
    verdict: Verdict = field(factory=Verdict)
    errors: list[str] = field(factory=list[str])
    seconds: float = 0.0  #: at work
    cpu: float = 0.0  #: seconds of the hub's process at work
    most_tasks: int = 0
    most_sockets: int = 0
    journal: int = 0  #: bytes

    @property
    def late(self) -> Sequence[Held]:
        """What was held over the second half."""
        return [each for each in self.rests if each.jobs * 2 >= self.asked]

    @property
    def judged(self) -> bool:
        """True when there is enough to tell growth from noise."""
        late = self.late
        return len(late) >= LEAST_BATCHES and late[-1].jobs - late[0].jobs >= LEAST_JOBS

    def figures(self) -> dict[str, float]:
        """Return what is judged, and what two runs are compared by."""
        verdict = self.verdict
        found = {
            "jobs a second": self.asked / self.seconds,
            "ms of CPU a job, the hub's process": self.cpu * 1000 / self.asked,
            "requests a job": verdict.requests / self.asked,
            TASKS: max(each.tasks for each in self.rests) - self.before.tasks,
            TASKS_LEFT: self.after.tasks - self.before.tasks,
            IN_HAND: max(each.in_hand for each in self.rests),
            ERRORS: len(self.errors),
            MISSING: self.asked - verdict.jobs,
            TWICE: verdict.twice,
            FORGOTTEN: verdict.forgotten,
            WRONG: verdict.wrong,
            APART: float(sum(abs(verdict.spent[name] - verdict.taken[name]) for name in ACCOUNTS)),
        }
        held = [each.sockets for each in self.rests if each.sockets is not None]
        if held and self.before.sockets is not None and self.after.sockets is not None:
            found[SOCKETS] = max(0, max(held) - self.before.sockets - CONNECTIONS * len(ACCOUNTS))
            found[SOCKETS_LEFT] = self.after.sockets - self.before.sockets
        if self.judged:
            late = len(self.late)
            if held:
                found[MORE_SOCKETS] = max(0, max(held[-late:]) - max(held[:-late]))
            found[BLOCKS] = slope([(each.jobs, each.blocks) for each in self.late])
            memory = [(each.jobs, each.rss) for each in self.late if each.rss is not None]
            if memory:
                found[RSS] = slope(memory)
        return found


@asynccontextmanager
async def vendors() -> AsyncIterator[tuple[Process, Mapping[str, Mapping[str, Any]]]]:
    """Start the simulators; gives their process, and the settings of the accounts."""
    command = (sys.executable, "-m", "benchmarks._soak_vendors", f"{SPEED}")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def judge(process: Process, journal: Path, since: datetime) -> Verdict:
    """Let the vendors judge what the journal has since then."""
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdin.write(json.dumps({"journal": f"{journal}", "since": since.isoformat()}).encode() + b"\n")
    return Verdict.of_line(await process.stdout.readline())


def account(settings: Mapping[str, Any]) -> Account:
    """Return an account at a vendor."""
    given = dict(settings)
    return Account(provider=load(given.pop("provider"))(**given), poll_every=EVERY)


async def live(hub: Hub, number: int) -> str:
    """Have one job done; returns its id."""
    each = KINDS[kind(number)]
    handle = await hub.submit(request(number), to=each.to, key=mark(number))
    if each.stop:
        await handle.stop()
    await handle.wait()
    return handle.id


async def batch(hub: Hub, numbers: Iterator[int], in_flight: int, seen: Soaked) -> list[str]:
    """Do all of them; returns their ids."""
    done: list[str] = []

    async def work() -> None:
        for number in numbers:
            try:
                done.append(await live(hub, number))
            except GenhubError as error:
                seen.errors.append(f"{request(number).asked()}: {error!r}")
            if number % 50 == 0:
                seen.most_tasks = max(seen.most_tasks, len(asyncio.all_tasks()))
                seen.most_sockets = max(seen.most_sockets, sockets() or 0)

    begun, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    seen.seconds += time.perf_counter() - begun
    seen.cpu += time.process_time() - used
    return done


async def closed(before: Held, jobs: int) -> Held:
    """Return what is held once all that is closing has closed."""
    for _ in range(100):
        if (len(asyncio.all_tasks()), sockets()) == (before.tasks, before.sockets):
            break
        await asyncio.sleep(0.01)
    return Held.now(jobs)


async def soak(jobs: int, in_flight: int, size: int) -> Soaked:
    """Do it."""
    with TemporaryDirectory() as folder:
        journal = Path(folder) / "genhub.db"
        async with vendors() as (process, settings):
            before = Held.now(0)
            seen = Soaked(asked=jobs, before=before, after=before)
            accounts = {name: account(settings[name]) for name in ACCOUNTS}
            async with Hub(accounts, journal=f"sqlite:///{journal}", connections=CONNECTIONS) as hub:
                for start in range(0, jobs, size):
                    end, since = min(start + size, jobs), datetime.now(UTC)
                    done = await batch(hub, iter(range(start, end)), in_flight, seen)
                    seen.verdict.add(await judge(process, journal, since))
                    await asyncio.sleep(REST)
                    seen.rests.append(Held.now(end, sum(hub.in_hand(job_id) is not None for job_id in done)))
                    log.info("%s", "  ".join(_cells(seen.rests[-1])))
            seen.journal = journal.stat().st_size
            seen.after = await closed(before, jobs)
    return seen


def held(seen: Soaked) -> Table:
    """Return what the hub's process held."""
    step = -(-len(seen.rests) // LINES)
    shown = [*reversed(seen.rests[::-1][::step])]
    return Table(
        title="What the hub's process holds at rest",
        head=("jobs done", "RSS, MiB", "memory blocks", "tasks", "sockets", "jobs in hand"),
        rows=[*(_cells(each) for each in shown), ("hub closed", *_cells(seen.after)[1:])],
        notes=(
            f"While at work: {seen.most_tasks:,} tasks and {seen.most_sockets:,} sockets at the most.",
            f"Before the hub was made: {', '.join(_cells(seen.before)[1:5])}. Sockets: up to {CONNECTIONS} connections "
            "for reads are kept for each vendor; those for what charges go after a second.",
        ),
    )


def _cells(each: Held) -> Sequence[str]:
    memory = "-" if each.rss is None else f"{each.rss / 2**20:.1f}"
    count = "-" if each.sockets is None else f"{each.sockets}"
    return (f"{each.jobs:,}", memory, f"{each.blocks:,}", f"{each.tasks}", count, f"{each.in_hand}")


def books(seen: Soaked) -> Table:
    """Return what was paid, by both sides' books."""
    verdict = seen.verdict
    rows = [
        (name, f"{verdict.spent[name]:,}", f"{verdict.taken[name]:,}", f"{verdict.spent[name] - verdict.taken[name]:,}")
        for name in ACCOUNTS
    ]
    return Table(
        title="Credits: our ledger's sums, and what is gone from the vendors' balances",
        head=("account", "by our ledger", "by the vendor", "difference"),
        rows=rows,
        notes=(
            f"{verdict.jobs:,} jobs, {verdict.refunds:,} refunds, {verdict.lost:,} answers lost. Each job's end and "
            "cost was compared too, and each job that a vendor has made was looked for among ours.",
            f"{seen.asked / seen.seconds:,.0f} jobs a second, {verdict.requests / seen.asked:.2f} requests a job, "
            f"{seen.cpu * 1000 / seen.asked:.2f} ms of CPU a job in the hub's process; the journal has "
            f"{seen.journal / 1e6:,.0f} MB.",
            *verdict.told[:TOLD],
            *seen.errors[:TOLD],
        ),
    )


def report(seen: Soaked) -> Report:
    """Return all that is said of it."""
    return Report(
        name="soak",
        tables=[held(seen), books(seen)],
        figures=seen.figures(),
        goals=GOALS,
        versions={**versions("genhub-jobs", "aiohttp"), "SQLite": sqlite_version},
    )


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT)
    parser.add_argument("--batch", type=int, default=BATCH, help="jobs between two rests")
    options = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    log.setLevel(logging.INFO)
    logging.getLogger("genhub").setLevel(logging.ERROR)  # lost answers are expected here
    return finish(report(asyncio.run(soak(options.jobs, options.in_flight, options.batch))), options)


if __name__ == "__main__":
    sys.exit(main())
