"""The same end to end: a hub, the simulated PowerPost on real sockets, lives drawn from the mixtures, virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import ClassVar

from attrs import evolve, field, frozen

from benchmarks._detection import Detection
from benchmarks._durations import KINDS, Mixture
from benchmarks._fleet_learn import PRICE, learned
from benchmarks._fleet_lists import READINGS, RUNNING, captions, listed_at
from benchmarks._fleet_polls import MANY, TWO, at_price, works
from benchmarks._report import Goal, Table
from benchmarks._virtual import LoopClock, run
from genhub import Account, Hub, ImageRequest, Request, TextRequest, VideoRequest
from genhub.sim import Scenario
from genhub.sim._http import Seen
from genhub.sim.powerpost import PowerPostSim
from genhub_powerpost import PowerPost

REQUESTS: Mapping[str, Request] = {
    "captions": TextRequest(prompt="Dark mode is here", platforms=("instagram",)),
    "image": ImageRequest(prompt="A bowl of soup, steaming"),
    "video": VideoRequest(prompt="A bowl of soup, steaming", duration=5),
}
#: Jobs of a pair that count, at least.
COUNT = 300
#: So soon after a page of the list a read of a single job is for the outputs of one that it showed to have ended.
SOON = 0.02


@frozen(kw_only=True)
class Patient(PowerPost):
    """A PowerPost that does not mind being asked often: no shortest interval is in the way of equal delays."""

    poll_every: ClassVar[Mapping[str, float]] = {"": 0.05}


@frozen(kw_only=True)
class Single(Patient):
    """One without a list: whoever reads at a fixed interval by hand reads each job by a call of its own."""

    lists: ClassVar[Mapping[str, int]] = {}


@frozen(kw_only=True)
class Told:
    """What a hub asked of the vendor while jobs ended, and when it saw the ends."""

    pages: int  #: of the list
    reads: int  #: of single jobs
    outputs: int  #: reads of single jobs that the list had shown to have ended, for what was made
    delays: Sequence[float] = field(repr=False)  #: by the vendor's own end times, in seconds

    @classmethod
    def of(cls, asked: Iterable[Seen], delays: Sequence[float]) -> Told:
        """Take it from what the vendor was asked."""
        pages = reads = outputs = 0
        listed = -inf
        for each in asked:
            if each.method != "GET":
                continue
            if each.path.endswith("/generations"):
                pages, listed = pages + 1, each.at
            elif each.at - listed <= SOON:
                outputs += 1
            else:
                reads += 1
        return cls(pages=pages, reads=reads, outputs=outputs, delays=delays)

    @property
    def detection(self) -> Detection:
        """With all requests that bring news: submits and reads for outputs are left out."""
        return Detection(jobs=len(self.delays), requests=self.pages + self.reads, delays=self.delays)


@frozen(kw_only=True)
class Play:
    """Jobs of one kind that come at random times, and how a hub is to read them."""

    kind: str
    mixture: Mixture
    running: float  #: at once, on average
    seen: int  #: jobs that go before, which it learns from
    count: int  #: jobs that count
    every: float | None = None  #: a fixed interval; without it the hub goes by what it has learned
    price: float = PRICE  #: the hub's
    provider: type[PowerPost] = Patient
    seed: int = 1

    def told(self) -> Told:
        """Let a hub do it."""
        return run(self._told())

    async def _told(self) -> Told:
        clock, chance = LoopClock(), random.Random(self.seed)
        gap = self.mixture.mean / self.running
        jobs, at = list[tuple[float, float]](), 0.0
        for _ in range(self.seen + self.count):
            at += chance.expovariate(1 / gap)
            jobs.append((at, self.mixture.draw(chance)))
        begin = jobs[self.seen][0] if self.seen < len(jobs) else at
        ends = list[tuple[float, float]]()  # when it was seen, and the delay
        async with PowerPostSim(clock=clock, balance=10**9, keep_requests=10**6) as vendor:
            provider = self.provider(api_key=vendor.api_key, workspace_id=vendor.workspace_id, base_url=vendor.url)
            account = Account(provider=provider, poll_every=self.every, concurrency=100)
            async with Hub({"powerpost": account}, clock=clock, read_price=self.price) as hub:

                async def job(begins: float, life: float) -> None:
                    await clock.sleep(begins)
                    vendor.script(Scenario(duration=life))
                    done = await (await hub.submit(REQUESTS[self.kind])).wait()
                    assert done.attempt.finished_at is not None and done.provider_id is not None
                    seen = done.attempt.finished_at.timestamp()
                    ends.append((clock.monotonic(), seen - vendor.jobs[done.provider_id].ends_at))

                async with asyncio.TaskGroup() as group:
                    for begins, life in jobs:
                        group.create_task(job(begins, life))
            start = clock.time() - clock.monotonic()
            asked = [each for each in vendor.requests if begin <= each.at - start <= at]
        return Told.of(asked, [delay for when, delay in ends if begin <= when <= at])


@frozen(kw_only=True)
class Pair:
    """The same jobs, read each every 2 s, and by what the hub learned at a price at which that is as quick."""

    kind: str
    running: int  #: at once, on average
    price: float
    fixed: Told
    ours: Told

    @property
    def name(self) -> str:
        """The name of its figure."""
        return end_to_end(self.kind, self.running)

    @property
    def fewer(self) -> float:
        """How many times fewer requests at equal delay: delays that differ a little are made good in proportion."""
        fixed, ours = self.fixed.detection, self.ours.detection
        return fixed.each * fixed.mean / (ours.each * ours.mean)


def end_to_end(kind: str, running: int) -> str:
    """Return the name of a figure: fewer requests, by a hub."""
    return f"end to end, {kind}, {running:,} at once: times fewer requests than every 2 s"


GOALS = (
    *(Goal(figure=end_to_end(kind, 1), least=1.2) for kind in KINDS),
    *(Goal(figure=end_to_end("captions", running), least=least) for running, least in RUNNING.items()),
)


def measure() -> list[Pair]:
    """Play the pairs."""
    alone = [_pair(kind, 1, _price_alone(kind)) for kind in KINDS]
    return alone + [_pair("captions", running, _price_of_list(running)) for running in RUNNING]


def _price_alone(kind: str) -> float:
    """Return the price at which reading one by one is as quick as every 2 s, by the simulation."""
    work = works(0)[kind]
    timings = {kind: learned(kind, KINDS[kind], MANY, f"seen {kind} 0")}
    price, _ = work.at_mean(work.detect(lambda _: TWO).mean, at_price(timings))
    return price


def _price_of_list(running: int) -> float:
    """Return the price at which a list of what runs is as quick as every 2 s, by the simulation."""
    stream, alone = captions(running, 0)
    timing = learned("captions", KINDS["captions"], MANY, "seen captions 0")
    price, _ = listed_at(alone.mean, timing, stream, READINGS["only what runs"])
    return price


def _pair(kind: str, running: int, price: float) -> Pair:
    seen, count = max(MANY, 3 * running), max(COUNT, 4 * running)
    play = Play(kind=kind, mixture=KINDS[kind], running=running, seen=seen, count=count, price=price)
    by_hand = evolve(play, every=2.0, provider=Single)
    return Pair(kind=kind, running=running, price=price, fixed=by_hand.told(), ours=play.told())


def figures(pairs: Sequence[Pair]) -> dict[str, float]:
    """Return what two runs are compared by."""
    return {pair.name: pair.fewer for pair in pairs}


def table(pairs: Sequence[Pair]) -> Table:
    """Return what the vendor counted."""
    rows = list[Sequence[str]]()
    for pair in pairs:
        for name, told in (("every 2 s", pair.fixed), (f"learned, price {pair.price:.2g} s", pair.ours)):
            jobs, seen = len(told.delays), told.detection
            rows.append(
                (pair.kind, f"{pair.running:,}", name, f"{told.pages / jobs:.3f}", f"{told.reads / jobs:.3f}",
                 f"{told.outputs / jobs:.2f}", f"{seen.mean:.2f}", f"{seen.late:.2f}",
                 "1" if told is pair.fixed else f"{pair.fewer:.3g}")
            )  # fmt: skip
    return Table(
        title="End to end: a hub and the simulated PowerPost, on sockets, in virtual time",
        head=(
            "kind",
            "at once",
            "read",
            "pages a job",
            "GETs a job",
            "outputs",
            "mean s",
            "95 % s",
            "times fewer",
        ),
        rows=rows,
        notes=(
            f"{COUNT:,} jobs, or four for each at once, after {MANY}, or three for each at once, that are learned "
            "from. Counted by the vendor; delays by its own end times.",
            "The price is the one that made delays equal in the simulation. The vendor's shortest interval is set to "
            f"{Patient.poll_every['']:g} s, so that it does not decide. outputs: GETs of jobs that a list has just "
            "shown to have ended, for what was made.",
            "times fewer: requests, those for outputs left out, times the mean delay, against those of every 2 s; so a "
            "delay that is not quite equal counts.",
        ),
    )
