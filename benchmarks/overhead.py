"""What genhub adds to a job's life, a submit and five polls: CPU against hand-written aiohttp, and against the field.

All speak to one server, in a process of its own, and poll at the same interval: genhub and the hand-written client
adgen's static ads, each of the field's clients its own service's dialect, in an environment and a process of its own
that lives through all rounds. Blocks of jobs alternate; a ratio is that of two blocks of one round, seconds apart, its
interval is a bootstrap's of their median. `--no-peers` leaves the field out.

Late reads: the server notes when each read of a job came. A read is due one interval after the one before it began, so
that what a client adds to its own schedule is the gap between two reads less the interval. The first read is left out:
its interval begins when the client has the submit's answer, which the server cannot see. The goal is for jobs that
start evenly over one interval. Of 1,000 that start at once each wave of reads is a queue for any client: to send it
takes HTTP alone a tenth of a second; that figure stands beside it.

Connections: new ones for polls that are two minutes apart, in virtual time.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Protocol

import aiohttp
import orjson
from attrs import define, evolve, field, frozen
from yarl import URL

from benchmarks import _connections
from benchmarks._job_server import READS, late
from benchmarks._peer_life import CAP
from benchmarks._peers import Block, Living, NotInstalled, Peer, chosen, install, versions_in
from benchmarks._report import Goal, Report, Table, arguments, finish, interval, versions
from benchmarks._route_cost import job_server
from genhub import Account, Hub, ImageRequest, Status

#: Between two polls of a job, in seconds, where a level says nothing else.
EVERY = 0.05
STORES = {"memory": 1.15, "sqlite": 1.30}  #: the journals, with the most that each may cost against `lean`
LEAN = "lean"
FIELD_MOST, LATE_MOST = 0.125, 5.0
REQUEST = ImageRequest(prompt="A bowl of soup, steaming")

#: Blocks of jobs that start evenly, for how late their reads are.
LATE_ROUNDS = 3
TITLES = {LEAN: "aiohttp and orjson by hand", **{store: f"genhub, {store} journal" for store in STORES}}

Job = Callable[[], Awaitable[None]]


@frozen(kw_only=True)
class Level:
    """So many jobs in flight."""

    in_flight: int
    each: int  #: jobs of a block for each in flight, one after the other
    every: float  #: between two polls of a job, in seconds
    one_in: int  #: of so many rounds that are asked for, this level has one
    theirs: int  #: the field takes part in each so many-th of its rounds

    def rounds(self, asked: int) -> int:
        """Return how many it has."""
        return max(1, asked // self.one_in)


#: With 1,000 in flight the polls are further apart: at 50 ms the loop would have more to do than it can.
LEVELS = (
    Level(in_flight=10, each=3, every=EVERY, one_in=1, theirs=4),
    Level(in_flight=100, each=1, every=EVERY, one_in=1, theirs=4),
    Level(in_flight=1000, each=1, every=0.5, one_in=3, theirs=3),
)


def bound(store: str, in_flight: int) -> str:
    """Return the name of a figure that has a goal: the ratio to `lean`."""
    return f"{store}, {in_flight} in flight, upper 95 % bound"


def beside(store: str, in_flight: int) -> str:
    """Return the name of another: the ratio to the cheapest of the field."""
    return f"{store}, {in_flight} in flight, against the cheapest of the field"


def lateness(name: str, in_flight: int, start: str = "evenly") -> str:
    """Return the name of a third: what is added to the client's own schedule."""
    return f"{name}, {in_flight} in flight, started {start}, ms that a read is late, 95th percentile"


def lean(session: aiohttp.ClientSession, origin: str, every: float | None = None) -> Job:
    """Return a job's life as one writes it by hand."""
    wait = EVERY if every is None else every
    read_head = {"Authorization": "Bearer token"}
    head = {**read_head, "Content-Type": "application/json"}
    project = {"projectId": "11111111-aaaa-4bbb-8ccc-0000000000a1", "productId": "11111111-aaaa-4bbb-8ccc-0000000000b1"}
    body = {**project, "prompt": REQUEST.prompt, "idempotencyKey": "static_ad-j019aab1c2d3e4f5a6b7c8.1"}
    url = URL(f"{origin}/api/generate/static-ad", encoded=True)

    async def job() -> None:
        async with session.post(url, data=orjson.dumps(body), headers=head) as answer:
            made = orjson.loads(await answer.read())
        read = URL(f"{origin}/api/generate/status?jobId={made['jobId']}", encoded=True)
        due = time.monotonic()
        status = ""
        while status != "completed":
            due += wait
            await asyncio.sleep(due - time.monotonic())
            async with session.get(read, headers=read_head) as answer:
                status = orjson.loads(await answer.read())["status"]

    return job


def plain() -> aiohttp.ClientSession:
    """Return a session for it, with nothing that it does not need."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100, keepalive_timeout=150.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )


def ours(hub: Hub) -> Job:
    """Return a job's life at genhub."""

    async def job() -> None:
        handle = await hub.submit(REQUEST)
        done = await handle.wait()
        assert done.status is Status.SUCCEEDED, done

    return job


def hub(origin: str, journal: str, every: float | None = None) -> Hub:
    """Return a hub at the server."""
    account = Account(
        provider=_connections.provider(origin), poll_every=EVERY if every is None else every, concurrency=100
    )
    return Hub({"ads": account}, journal=journal)


async def block(job: Job, in_flight: int, each: int) -> float:
    """Run a block of jobs; returns CPU microseconds a job, of all threads."""

    async def worker() -> None:
        for _ in range(each):
            await job()

    gc.collect()
    begun = time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time() - begun) * 1e6 / (in_flight * each)


#: Tells how late reads were since it was asked last: milliseconds, of 20 no more than one was later.
Late = Callable[[], Awaitable[float | None]]


class Member(Protocol):
    """A client of the field that is ready."""

    async def block(self, in_flight: int, each: int, every: float) -> Block: ...


@define(kw_only=True)
class Cost:
    """What a client's blocks of one level cost, by round."""

    us: dict[int, float] = field(factory=dict[int, float])
    late: dict[int, float] = field(factory=dict[int, float])  #: milliseconds, the 95th percentile
    whole: bool = True  #: else a block was cut off, and the figure is the least
    why: str = ""  #: there is no figure

    @property
    def open(self) -> bool:
        """Tell whether more blocks are of use."""
        return self.whole and not self.why

    def note(self, turn: int, block: Block, late: float | None) -> None:
        """Take a block of a round."""
        self.us[turn], self.whole = block.us, block.whole
        if block.whole and late is not None:
            self.late[turn] = late

    def to(self, other: Cost) -> list[float]:
        """Return the ratios of the rounds that both have."""
        return [value / other.us[turn] for turn, value in self.us.items() if turn in other.us]


def percentile(values: Sequence[float], share: float = 0.95) -> float:
    """Return the value that such a share of the values does not exceed."""
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


@asynccontextmanager
async def clients(origin: str, every: float) -> AsyncIterator[tuple[dict[str, Job], Late]]:
    """Open what runs in this process; gives a job of each, and how late reads are."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        session = await stack.enter_async_context(plain())
        journals = {"memory": "memory:", "sqlite": f"sqlite:///{folder / 'genhub.db'}"}
        hubs = {name: await stack.enter_async_context(hub(origin, journals[name], every)) for name in STORES}

        async def how_late() -> float | None:
            async with session.get(f"{origin}/times") as answer:
                jobs: list[list[float]] = orjson.loads(await answer.read())
            values = [value for times in jobs for value in late(times, every)]
            return percentile(values) * 1000 if values else None

        yield {LEAN: lean(session, origin, every), **{name: ours(it) for name, it in hubs.items()}}, how_late


async def play(level: Level, origin: str, rounds: int, field: Mapping[str, Member]) -> dict[str, Cost]:
    """Alternate the blocks of one level, each round in the other order; the field comes after ours."""
    cost = {name: Cost() for name in (*TITLES, *field)}
    async with clients(origin, level.every) as (jobs, how_late):
        for job in jobs.values():
            await block(job, level.in_flight, 1)
        await how_late()
        for turn in range(level.rounds(rounds)):
            theirs = [name for name in field if turn % level.theirs == 0 and cost[name].open]
            for name in [*(jobs if turn % 2 else reversed(jobs)), *theirs]:
                try:
                    if name in jobs:
                        said = Block(us=await block(jobs[name], level.in_flight, level.each), whole=True)
                    else:
                        said = await field[name].block(level.in_flight, level.each, level.every)
                except NotInstalled as error:
                    cost[name] = Cost(why=f"failed: {f'{error}'.rstrip(': ')}")
                else:
                    cost[name].note(turn, said, await how_late())
    return cost


async def spread(level: Level, origin: str, rounds: int) -> dict[str, float]:
    """Return by client how late reads of jobs are that start evenly over one interval: milliseconds, medians."""
    found: dict[str, list[float]] = {name: [] for name in TITLES}
    async with clients(origin, level.every) as (jobs, how_late):

        async def start(job: Job, number: int) -> None:
            await asyncio.sleep(number * level.every / level.in_flight)
            await job()

        for turn in range(rounds + 1):
            for name, job in jobs.items():
                gc.collect()
                await asyncio.gather(*(start(job, number) for number in range(level.in_flight)))
                delay = await how_late()
                if turn and delay is not None:  # the first one warms up
                    found[name].append(delay)
    return {name: median(delays) for name, delays in found.items()}


def goals(levels: Sequence[Level] = LEVELS) -> list[Goal]:
    """Return what has to be reached."""
    found = [Goal(figure=bound(name, each.in_flight), most=most) for each in levels for name, most in STORES.items()]
    found += [Goal(figure=beside("memory", each.in_flight), most=FIELD_MOST) for each in levels]
    return [*found, Goal(figure=lateness("memory", levels[-1].in_flight), most=LATE_MOST), _connections.GOAL]


def cheapest(cost: Mapping[str, Cost]) -> str | None:
    """Return the one of the field whose jobs cost least."""
    theirs = {name: median(each.to(cost[LEAN])) for name, each in cost.items() if name not in TITLES and each.us}
    return min(theirs, key=theirs.__getitem__, default=None)


def figures(level: Level, cost: Mapping[str, Cost]) -> dict[str, float]:
    """Return what two runs are compared by."""
    found: dict[str, float] = {}
    for name, each in cost.items():
        if each.us:
            found[f"{name}, {level.in_flight} in flight, us a job"] = median(each.us.values())
            found[f"{name}, {level.in_flight} in flight, ratio"] = median(each.to(cost[LEAN]))
        if each.late:
            found[lateness(name, level.in_flight, "at once")] = median(each.late.values())
    least = cheapest(cost)
    for store in STORES:
        found[bound(store, level.in_flight)] = interval(cost[store].to(cost[LEAN]))[1]
        if least is not None:
            found[beside(store, level.in_flight)] = median(cost[store].to(cost[least]))
    return found


def rows(level: Level, cost: Mapping[str, Cost]) -> list[Sequence[str]]:
    """Return the table's lines of one level."""
    return [(f"{level.in_flight:,}", *_row(name, each, cost)) for name, each in cost.items()]


def _row(name: str, mine: Cost, cost: Mapping[str, Cost]) -> Sequence[str]:
    title = TITLES.get(name, name)
    if not mine.us:
        return (title, mine.why or "-", "-", "-", "-")
    least = "" if mine.whole else ">= "
    ratios = mine.to(cost[LEAN])
    low, high = interval(ratios)
    said = "1" if name == LEAN else f"{median(ratios):.2f} ({low:.2f} to {high:.2f})"
    share = "-" if name in TITLES else f"{median(cost['memory'].to(mine)):.3f}"
    return (
        title,
        f"{least}{median(mine.us.values()):,.0f}",
        f"{least}{said}" if mine.whole else f"{least}{median(ratios):.0f}",
        share if mine.whole or share == "-" else f"<= {share}",
        f"{median(mine.late.values()):.1f}" if mine.late else "-",
    )


def table(lines: Sequence[Sequence[str]], levels: Sequence[Level], rounds: int) -> Table:
    """Return the lives."""
    apart = ", ".join(f"{each.every * 1000:g} ms at {each.in_flight:,}" for each in levels)
    counts = ", ".join(
        f"{each.rounds(rounds)} ({-(-each.rounds(rounds) // each.theirs)}) at {each.in_flight:,}" for each in levels
    )
    return Table(
        title=f"CPU of one job's life (submit, {READS} polls): medians of paired blocks",
        head=("in flight", "client", "us a job", "x by hand (95 %)", "genhub / it", "late, ms"),
        rows=lines,
        notes=(
            f"Rounds: {counts} in flight, in brackets those of the field. All threads of the client's process count.",
            f"Between two polls of a job: {apart} in flight, for all alike; with the former at 1,000 the client's loop "
            "would be full.",
            f"genhub / it: with the memory journal. >=: cut off after {CAP:g} s, and cost at least that.",
            "late: how long after it was due the server saw a read, the 95th percentile. All jobs start at once here.",
        ),
    )


def late_table(delays: Mapping[str, float], level: Level) -> Table:
    """Return how late the reads are of jobs that start evenly."""
    return Table(
        title=f"How late reads are: {level.in_flight:,} jobs that start evenly over {level.every * 1000:g} ms",
        head=("client", "95th percentile, ms"),
        rows=[(TITLES[name], f"{delay:.1f}") for name, delay in delays.items()],
        notes=(f"A read is due {level.every * 1000:g} ms after the one before it. Medians of {LATE_ROUNDS} rounds.",),
    )


@asynccontextmanager
async def ready(peers: Sequence[Peer], origin: str) -> AsyncIterator[tuple[dict[str, Living], dict[str, str]]]:
    """Start the field; gives those that run, with their versions, and why others do not run."""
    living: dict[str, Living] = {}
    said: dict[str, str] = {}
    try:
        for peer in peers:
            name = peer.distribution
            try:
                interpreter = await install(name, name)
                said |= await versions_in(interpreter, name)
                living[name] = await Living.start(next(iter(peer.calls)), interpreter, origin)
            except (NotInstalled, OSError) as error:
                said[name] = f"not run: {error}"
        yield living, said
    finally:
        for each in living.values():
            await each.stop()


async def lives(
    origin: str, rounds: int, field: Mapping[str, Member], said: Mapping[str, str], levels: Sequence[Level] = LEVELS
) -> Report:
    """Run all levels; `said` are the field's versions, or why one does not run."""
    found: dict[str, float] = {}
    lines: list[Sequence[str]] = []
    for level in levels:
        cost = await play(level, origin, rounds, field)
        found |= figures(level, cost)
        lines += rows(level, cost)
    lines += [("-", name, why, "-", "-", "-") for name, why in said.items() if name not in field]
    delays = await spread(levels[-1], origin, min(rounds, LATE_ROUNDS))
    found |= {lateness(name, levels[-1].in_flight): delay for name, delay in delays.items()}
    return Report(
        name="overhead",
        tables=[table(lines, levels, rounds), late_table(delays, levels[-1])],
        figures=found,
        goals=goals(levels),
        versions=versions("genhub-jobs", "aiohttp", "orjson") | {name: said[name] for name in field if name in said},
    )


async def _with_field(origin: str, rounds: int, peers: Sequence[Peer], levels: Sequence[Level]) -> Report:
    async with ready(peers, origin) as (field, said):
        return await lives(origin, rounds, field, said, levels)


def measure(rounds: int, peers: Sequence[Peer], levels: Sequence[Level] = LEVELS) -> Report:
    """Run it all."""
    connections, new = _connections.measure()
    with job_server() as origin:
        report = asyncio.run(_with_field(origin, rounds, peers, levels))
    return evolve(report, tables=[*report.tables, connections], figures={**report.figures, **new})


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=16)
    options, peers = chosen(parser)
    return finish(measure(options.rounds, peers), options)


if __name__ == "__main__":
    sys.exit(main())
