"""Many jobs in flight in one process: memory, CPU, stalls of the loop; and how soon a program that starts again reads.

A server in a process of its own holds the jobs: none ends while it is measured. Each measurement is a fresh process.

Memory: what the tracker alone holds for an attempt, and everything that is kept for a job, with its request and its
handle. *allocated* is what Python's allocator was asked for (no wire is in the way there), *resident* is by the system,
over HTTP. The submits come evenly over one interval of reads, so that the reads come evenly too.

Stalls: a task sleeps for 5 ms, again and again, and notes how late it wakes. A percentile is over all moments: a
stall of a second counts as the 200 wake-ups that it would have held up. Python's collector looks through all objects
now and then, the seldomer the more there are: what such a full collection takes is a figure of its own.

Wake-ups: a tracker whose look at a job is free, each job due every 5 s; beside it a task for each job that sleeps.

Start: a journal in SQLite with a million finished jobs and ten thousand open ones, made once and kept under .bench/.
Seconds are counted from before the process is started. `--quick` has smaller numbers, to try it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen

from benchmarks import _scale_hub, _scale_tracker
from benchmarks._apart import apart
from benchmarks._hold_server import hold_server
from benchmarks._journal_build import FOLDER, journal
from benchmarks._report import Goal, Report, Table, arguments, finish, paired_ratio, versions
from benchmarks._scale_start import start

ALONE, ALL = "the tracker alone", "request, job and handle"
ALLOCATED, RESIDENT = "allocated", "resident"
ALONE_MOST, ALL_MOST = 512.0, 2048.0
WAKE_MOST, WAKE_SHARE_MOST, STALL_MOST, STALL_SHARE_MOST, LAG_MOST, FIRST_MOST = 4.0, 0.4, 50.0, 0.1, 20.0, 1.0
#: A job wakes so often, in seconds.
WAKES_EVERY = 5.0


@frozen(kw_only=True)
class Size:
    """How much is measured."""

    levels: Sequence[int]  #: jobs in flight
    reads: float  #: of all jobs together, a second
    seconds: float  #: for which a loop is watched
    wakes: int  #: jobs whose wake-ups are counted
    wake_seconds: float  #: for which they are
    burst: int  #: jobs submitted at once
    finished: int  #: jobs of the journal of a start
    unfinished: int
    most_rounds: int  #: of the largest level


FULL = Size(
    levels=(1_000, 10_000, 100_000), reads=1500.0, seconds=15.0, wakes=100_000, wake_seconds=6.0, burst=10_000,
    finished=1_000_000, unfinished=10_000, most_rounds=1,
)  # fmt: skip
QUICK = Size(
    levels=(1_000, 10_000), reads=1500.0, seconds=2.0, wakes=20_000, wake_seconds=2.0, burst=1_000,
    finished=20_000, unfinished=500, most_rounds=1,
)  # fmt: skip

Measured = Mapping[str, Sequence[float]]


def bytes_of(what: str, how: str, jobs: int) -> str:
    """Return the name of a figure."""
    return f"bytes a job, {what}, {how}, {jobs:,} in flight"


def wake(jobs: int) -> str:
    """Return the name of another."""
    return f"us a wake-up, {jobs:,} jobs"


def wake_share(jobs: int) -> str:
    """Return the name of the share of it that a sleeping task costs."""
    return f"a wake-up against a task and a sleep, {jobs:,} jobs"


def stall(jobs: int) -> str:
    """Return the name of the worst stall."""
    return f"worst stall, {jobs:,} submitted at once, ms"


def stall_share(jobs: int) -> str:
    """Return the name of the share of it that a task for each job causes."""
    return f"worst stall against a task for each job, {jobs:,} at once"


def lag(jobs: int) -> str:
    """Return the name of how late the loop is."""
    return f"loop lag, 99th percentile, {jobs:,} in flight and read, ms"


def first_poll(jobs: int) -> str:
    """Return the name of how soon a start reads."""
    return f"first poll of {jobs:,} open jobs, s from the process's start"


def goals(size: Size) -> list[Goal]:
    """Return what has to be reached."""
    large = size.levels[1:]
    most = {ALONE: ALONE_MOST, ALL: ALL_MOST}
    found = [
        Goal(figure=bytes_of(what, how, jobs), most=most[what])
        for what in (ALONE, ALL)
        for how in (ALLOCATED, RESIDENT)
        for jobs in large
    ]
    return [
        *found,
        Goal(figure=wake(size.wakes), most=WAKE_MOST),
        Goal(figure=wake_share(size.wakes), most=WAKE_SHARE_MOST),
        Goal(figure=stall(size.burst), most=STALL_MOST),
        Goal(figure=stall_share(size.burst), most=STALL_SHARE_MOST),
        Goal(figure=lag(size.levels[-1]), most=LAG_MOST),
        Goal(figure=first_poll(size.unfinished), most=FIRST_MOST),
    ]


def gathered(rounds: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return the rounds' values by name; what the system does not tell is left out."""
    return {name: found for name in rounds[0] if (found := [each[name] for each in rounds if isfinite(each[name])])}


def many(rounds: int, work: Any, **what: Any) -> dict[str, list[float]]:
    """Measure so many times, each in a process of its own."""
    return gathered([apart(work, **what) for _ in range(rounds)])


def memory(size: Size, rounds: int) -> tuple[Table, dict[str, float], dict[int, Measured]]:
    """Weigh jobs, and watch loops with so many in flight; returns the last as measured too."""
    figures: dict[str, float] = {}
    lives: dict[int, Measured] = {}
    lines: list[Sequence[str]] = []
    for jobs in size.levels:
        some = min(rounds, size.most_rounds) if jobs == size.levels[-1] else rounds
        alone = {
            how: many(some, _scale_tracker.held, jobs=jobs, traced=how == ALLOCATED) for how in (ALLOCATED, RESIDENT)
        }
        with hold_server() as origin:
            lives[jobs] = many(
                some, _scale_hub.held, origin=origin, jobs=jobs, every=jobs / size.reads, seconds=size.seconds
            )
        whole = {ALLOCATED: many(1, _scale_hub.weighed, jobs=jobs), RESIDENT: lives[jobs]}
        for what, found in ((ALONE, alone), (ALL, whole)):
            for how, values in found.items():
                if "bytes" in values:
                    figures[bytes_of(what, how, jobs)] = median(values["bytes"])
        names = [bytes_of(what, how, jobs) for what in (ALONE, ALL) for how in (ALLOCATED, RESIDENT)]
        lines.append((f"{jobs:,}", *(f"{figures[name]:,.0f}" if name in figures else "-" for name in names)))
    head = ("in flight", *(f"{what}, {how}" for what in (ALONE, ALL) for how in (ALLOCATED, RESIDENT)))
    title = f"Memory, bytes a job: medians of {rounds} rounds, {min(rounds, size.most_rounds)} of the largest"
    notes = ("Resident memory comes in steps; with few jobs it says little. Allocated for all is measured once.",)
    return Table(title=title, head=head, rows=lines, notes=notes), figures, lives


def in_flight(lives: Mapping[int, Measured], size: Size) -> tuple[Table, dict[str, float]]:
    """Say what so many jobs in flight do to a process."""
    figures: dict[str, float] = {}
    lines: list[Sequence[str]] = []
    for jobs, found in lives.items():
        middle = {name: median(values) for name, values in found.items()}
        figures[lag(jobs)] = middle["p99"]
        figures[f"a full collection, {jobs:,} in flight, ms"] = middle["collection"]
        figures[f"us a read, {jobs:,} in flight"] = middle["us"]
        figures[f"submits a second, {jobs:,}"] = middle["submits"]
        lines.append(
            (f"{jobs:,}", f"{jobs / size.reads:.2g}", f"{middle['polls']:,.0f}", f"{middle['us']:,.0f}",
             f"{middle['p99']:.1f}", f"{middle['worst']:.0f}", f"{middle['collection']:.0f}",
             f"{middle['tasks']:.0f}", f"{middle['sockets']:.0f}")
        )  # fmt: skip
    idle = apart(_scale_hub.idle, seconds=size.seconds)
    figures["loop lag, 99th percentile, nothing to do, ms"] = idle["p99"]
    lines.append(("nothing", "-", "0", "-", f"{idle['p99']:.1f}", f"{idle['worst']:.0f}", "-", "-", "-"))
    table = Table(
        title=f"In flight and read, over HTTP, watched for {size.seconds:g} s",
        head=("in flight", "each read every, s", "reads a second", "us a read", "lag 99 %, ms", "worst, ms",
              "a full collection, ms", "tasks", "sockets"),
        rows=lines,
        notes=(
            "us a read: CPU of the whole process over the reads. tasks, sockets: the most there were.",
            "A full collection comes once a quarter more objects are there than at the last one: with few jobs in "
            "flight several times while it is watched, with the most perhaps not once.",
        ),
    )  # fmt: skip
    return table, figures


def wakes(size: Size, rounds: int) -> tuple[Table, dict[str, float]]:
    """Let jobs wake."""
    found: dict[str, list[float]] = {"genhub's tracker": [], "a task and a sleep for each": []}
    for _ in range(rounds):
        for name, work in zip(found, (_scale_tracker.woken, _scale_tracker.slept), strict=True):
            said = apart(work, jobs=size.wakes, every=WAKES_EVERY, seconds=size.wake_seconds)
            found[name].append(said["us"])
    mine, theirs = found.values()
    figures = {wake(size.wakes): median(mine), wake_share(size.wakes): paired_ratio(mine, theirs)}
    lines = [(name, f"{median(us):.1f}", f"{paired_ratio(us, theirs):.2f}") for name, us in found.items()]
    title = f"Wake-ups: {size.wakes:,} jobs, each every {WAKES_EVERY:g} s, nothing is asked"
    return Table(title=title, head=("who", "us", "x a task"), rows=lines), figures


def stalls(size: Size, rounds: int) -> tuple[Table, dict[str, float]]:
    """Submit many at once."""
    titles = ("genhub, so many submits", "a task for each job by hand, aiohttp", "tasks that do nothing, by turns")
    found: dict[str, list[dict[str, float]]] = {title: [] for title in titles}
    for _ in range(rounds):
        with hold_server() as origin:
            found[titles[0]].append(apart(_scale_hub.burst, origin=origin, jobs=size.burst))
        with hold_server() as origin:
            every = size.burst / size.reads
            said = apart(_scale_hub.by_hand, origin=origin, jobs=size.burst, every=every, seconds=2 * every)
            found[titles[1]].append(said)
        found[titles[2]].append(apart(_scale_hub.burst_of_nothing, jobs=size.burst))
    worst = {title: [each["worst"] for each in rounds_] for title, rounds_ in found.items()}
    mine, theirs = worst[titles[0]], worst[titles[1]]
    figures = {
        stall(size.burst): median(mine),
        stall_share(size.burst): paired_ratio(mine, theirs),
        f"worst stall of a task for each job, {size.burst:,} at once, ms": median(theirs),
        f"worst stall of tasks that do nothing, {size.burst:,} at once, ms": median(worst[titles[2]]),
    }
    lines: list[Sequence[str]] = []
    for title, rounds_ in found.items():
        middle = {name: median(values) for name, values in gathered(rounds_).items()}
        kept = f"{middle['bytes']:,.0f}" if "bytes" in middle else "-"
        us = f"{middle['us']:,.0f}" if "us" in middle else "-"
        lines.append((title, f"{middle['worst']:.0f}", f"{paired_ratio(worst[title], theirs):.2f}", kept, us))
    title = f"Worst stall of the loop, {size.burst:,} submitted at once: medians of {rounds} rounds"
    notes = (
        f"All are asked for in one turn of the loop; {_scale_hub.CONCURRENCY} are on their way at once. By hand the "
        f"jobs are then read every {size.burst / size.reads:.2g} s, which is watched for two such times.",
        "Tasks that do nothing take turns at a semaphore: so much asyncio takes by itself.",
    )
    head = ("who", "worst, ms", "x by hand", "bytes a job, resident", "us a read")
    return Table(title=title, head=head, rows=lines, notes=notes), figures


def starts(size: Size, rounds: int, folder: Path = FOLDER) -> tuple[Table, dict[str, float]]:
    """Start again on a large journal."""
    path = journal(size.finished, size.unfinished, folder, _say)
    with hold_server() as origin:
        found = gathered([asyncio.run(start(path, origin, size.unfinished)) for _ in range(rounds + 1)][1:])
    figures = {
        first_poll(size.unfinished): median(found["first poll"]),
        f"all {size.unfinished:,} in hand, s from the process's start": median(found["recovered"]),
        "hub open, s from the process's start": median(found["opened"]),
    }
    names = {"imported": "imported", "opened": "hub open", "recovered": "all in hand", "first poll": "first poll"}
    lines = [(title, f"{median(found[name]):.2f}", f"{max(found[name]):.2f}") for name, title in names.items()]
    large = path.stat().st_size / 1e6
    title = f"Start: {size.finished:,} finished jobs, {size.unfinished:,} open, SQLite of {large:,.0f} MB"
    notes = (
        f"Seconds from before the process is started, medians and the worst of {rounds} rounds after one that warms "
        "the file cache. all in hand: `hub.recover()` has returned. first poll: when the server saw it.",
    )
    return Table(title=title, head=("until", "s", "worst, s"), rows=lines, notes=notes), figures


def _say(done: int) -> None:
    if done % 100_000 == 0:
        print(f"the journal is being made: {done:,} jobs", file=sys.stderr)


def measure(size: Size, rounds: int) -> Report:
    """Run it all."""
    weights, figures, lives = memory(size, rounds)
    parts = [in_flight(lives, size), wakes(size, rounds), stalls(size, rounds), starts(size, rounds)]
    for _, more in parts:
        figures |= more
    return Report(
        name="scale",
        tables=[weights, *(table for table, _ in parts)],
        figures=figures,
        goals=goals(size),
        versions={**versions("genhub-jobs", "aiohttp"), "SQLite": sqlite3.sqlite_version},
    )


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="small numbers, to try it")
    options = parser.parse_args()
    logging.getLogger("genhub").setLevel(logging.CRITICAL)
    return finish(measure(QUICK if options.quick else FULL, options.rounds), options)


if __name__ == "__main__":
    sys.exit(main())
