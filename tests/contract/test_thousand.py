"""A thousand jobs at once over the three simulators: right ends, right credits, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from genhub import Account, Hub, ImageRequest, Job, Request, Status, TextRequest, VideoRequest
from genhub._registry import load
from genhub.sim import Fault, Scenario, Simulators
from genhub.testing import FakeClock

#: By which a hub reads nothing by itself, on a FakeClock.
NEVER = 1e8


@frozen(kw_only=True)
class Group:
    """Jobs that have the same life."""

    to: str
    count: int
    status: Status
    net: Decimal | None
    request: Callable[[str, int], Request]  #: from the mark that its scenario looks for, and a number
    scenario: Scenario | None = None
    stop: bool = False
    resume: bool = False


def text(mark: str, number: int) -> Request:
    return TextRequest(prompt=f"{mark} caption {number} of all")


def caption(mark: str, number: int) -> Request:
    return TextRequest(prompt=f"{mark} caption {number} of all", platforms=("tiktok",))


def image(mark: str, number: int) -> Request:
    return ImageRequest(prompt=f"{mark} image {number} of all")


def two_images(mark: str, number: int) -> Request:
    return ImageRequest(prompt=f"{mark} images {number} of all", count=2)


def speaker(mark: str, number: int) -> Request:
    return VideoRequest(script=f"{mark} video {number} of all")


def cell(mark: str, number: int) -> Request:
    """In one of ten cells, so that their histories stay short."""
    return TextRequest(prompt=f"{mark} text {number} of all", extra={"genpro": {"cell_id": 3000 + number % 10}})


def own_cell(mark: str, number: int) -> Request:
    return TextRequest(prompt=f"{mark} text {number} of all", extra={"genpro": {"cell_id": 3010 + number}})


WORK = ("processing", "processing")
GROUPS = {
    "captions": Group(to="powerpost", count=180, status=Status.SUCCEEDED, net=Decimal(10), request=caption),
    "captions-fail": Group(
        to="powerpost", count=40, status=Status.FAILED, net=Decimal(0), request=caption,
        scenario=Scenario(steps=(*WORK, "failed")),
    ),
    "captions-cheaper": Group(
        to="powerpost", count=30, status=Status.SUCCEEDED, net=Decimal(7), request=caption,
        scenario=Scenario(outcome="completed", final_cost=Decimal(7)),
    ),
    "captions-lost": Group(
        to="powerpost", count=20, status=Status.SUCCEEDED, net=Decimal(10), request=caption,
        scenario=Scenario(fault=Fault.LOSE_ANSWER),
    ),
    "images": Group(to="powerpost", count=44, status=Status.SUCCEEDED, net=Decimal(18), request=two_images),
    "images-partial": Group(
        to="powerpost", count=20, status=Status.FAILED, net=None, request=two_images, scenario=Scenario(partial=1)
    ),
    "texts": Group(to="genpro", count=180, status=Status.SUCCEEDED, net=Decimal("2.5"), request=cell),
    "texts-dearer": Group(
        to="genpro", count=40, status=Status.SUCCEEDED, net=Decimal("3.25"), request=cell,
        scenario=Scenario(steps=(*WORK, "completed"), final_cost=Decimal("3.25")),
    ),
    "texts-fail": Group(
        to="genpro", count=40, status=Status.FAILED, net=Decimal(0), request=cell, scenario=Scenario(outcome="failed")
    ),
    "texts-stopped": Group(
        to="genpro", count=30, status=Status.STOPPED, net=Decimal(0), request=cell, stop=True,
    ),
    "texts-resumed": Group(
        to="genpro", count=30, status=Status.SUCCEEDED, net=Decimal("2.5"), request=cell, stop=True, resume=True,
    ),
    "texts-lost": Group(
        to="genpro", count=13, status=Status.SUCCEEDED, net=Decimal("2.5"), request=own_cell,
        scenario=Scenario(fault=Fault.GARBLED),
    ),
    "copies": Group(to="adgen", count=130, status=Status.SUCCEEDED, net=Decimal(1), request=text),
    "ads": Group(to="adgen", count=120, status=Status.SUCCEEDED, net=Decimal(3), request=image),
    "ads-lost": Group(
        to="adgen", count=13, status=Status.SUCCEEDED, net=Decimal(3), request=image,
        scenario=Scenario(fault=Fault.RESET_ANSWER),
    ),
    "videos-fail": Group(
        to="adgen", count=40, status=Status.FAILED, net=Decimal(0), request=speaker,
        scenario=Scenario(steps=(*WORK, "failed")),
    ),
    "videos-expire": Group(
        to="adgen", count=30, status=Status.EXPIRED, net=None, request=speaker, scenario=Scenario(outcome="expired")
    ),
}  # fmt: skip


@frozen
class Left:
    """What a process holds."""

    tasks: int
    sockets: int

    @classmethod
    def now(cls) -> Left:
        return cls(len(asyncio.all_tasks()), sum(link.startswith("socket:") for link in _links()))

    @classmethod
    async def at_rest(cls, than: Left) -> Left:
        """Return what is held once all that is closing has closed."""
        left = cls.now()
        for _ in range(1000):
            left = cls.now()
            if left == than:
                break
            await asyncio.sleep(0)
        return left


def _links() -> Iterator[str]:
    for name in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # the one that listed them
            continue


def of_the_hub() -> list[asyncio.Task[Any]]:
    """Return the running tasks that are neither this test's nor a simulator's connections."""
    others = ("RequestHandler.", "_accept_connection")
    return [
        task
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task() and not any(name in repr(task.get_coro()) for name in others)
    ]


async def _some_turns() -> None:
    """Let what is due begin."""
    for _ in range(20):
        await asyncio.sleep(0)


class Campaign:
    """Jobs of all groups, at once."""

    def __init__(self, journal: str, *, part: int = 1) -> None:
        self.clock = FakeClock()
        self.journal = journal
        self.part = part  #: only one of so many of each group
        self.sims = Simulators(
            clock=self.clock,
            options={
                "powerpost": {"balance": 100_000},
                "genpro": {"balance": 100_000, "cell_count": 30},
                "adgen": {"balance": 100_000},
            },
        )
        self.most_tasks = 0

    async def run(self) -> None:
        async with self.sims:
            for mark, group in GROUPS.items():
                if group.scenario is not None and not group.scenario.strikes:
                    self._script(group.to, f"[{mark}]", group.scenario, None)
                elif group.scenario is not None:  # one for each job: what is sent again is not struck again
                    for number in range(self._count(group)):
                        words = group.request(f"[{mark}]", number).asked()["prompt"]
                        self._script(group.to, words, group.scenario, 1)
            accounts = {name: self._account(name) for name in self.sims}
            async with Hub(accounts, journal=self.journal, clock=self.clock) as hub:
                jobs = await self._submit(hub)
                await self._rest()
                assert [] == [job.id async for job in hub.jobs(status=Status.UNCONFIRMED)], "each doubt was settled"
                open_jobs = [job_id for job_id in jobs if hub.in_hand(job_id) is not None]
                assert len(open_jobs) > len(jobs) * 3 // 4, "most are in flight"
                assert len(of_the_hub()) == 1, f"one timer for all: {of_the_hub()}"
                await self._control(hub, jobs)
                await self._drive(hub, jobs)
                await self._check(hub, jobs)

    def _count(self, group: Group) -> int:
        return max(1, group.count // self.part)

    def _script(self, name: str, words: str, scenario: Scenario, times: int | None) -> None:
        values = {key: getattr(scenario, key) for key in ("steps", "outcome", "final_cost", "partial", "fault")}
        self.sims[name].script(Scenario(match=words, times=times, **values))

    def _account(self, name: str) -> Account:
        settings = self.sims[name].settings()
        settings.pop("provider")
        if name == "adgen":  # looks at others' doubts move the clock by seconds while replays are on their way
            settings["replay_window"] = NEVER
        return Account(provider=load(name)(**settings), poll_every=NEVER)

    async def _submit(self, hub: Hub) -> Mapping[str, Group]:
        asked = [
            (group, hub.submit(group.request(f"[{mark}]", number), to=group.to))
            for mark, group in GROUPS.items()
            for number in range(self._count(group))
        ]
        handles = await asyncio.gather(*(submit for _, submit in asked))
        return {handle.id: group for handle, (group, _) in zip(handles, asked, strict=True)}

    async def _rest(self) -> None:
        """Wait until the hub has nothing to do but to wait for its timer; note how busy it was."""
        while True:
            await _some_turns()
            busy = [task for task in of_the_hub() if task.get_name() != "genhub timer"]
            if not busy:
                return
            self.most_tasks = max(len(busy), self.most_tasks)
            await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)

    async def _control(self, hub: Hub, jobs: Mapping[str, Group]) -> None:
        stops = [job_id for job_id, group in jobs.items() if group.stop]
        verdicts = await asyncio.gather(*map(hub.stop, stops))
        assert {"free"} == {str(verdict.money) for verdict in verdicts}
        await asyncio.gather(*(hub.resume(job_id) for job_id in stops if jobs[job_id].resume))

    async def _drive(self, hub: Hub, jobs: Mapping[str, Group]) -> None:
        """Let the time come for a read of every open job, until there are none."""
        for _ in range(10):
            if not any(hub.in_hand(job_id) for job_id in jobs):
                return
            self.clock.advance(2 * NEVER)
            await self._rest()

    async def _check(self, hub: Hub, jobs: Mapping[str, Group]) -> None:
        seen: dict[str, Job] = {job.id: job async for job in hub.jobs()}
        assert seen.keys() == jobs.keys()
        for job_id, group in jobs.items():
            job = seen[job_id]
            assert group.status is job.status, f"{job.request.asked()}: {job.status} {job.error} {job.attempt.notes}"
            assert group.net == job.credits.net, f"{job.request.asked()}: {job.credits}"
            real = self.sims[group.to].net(job.provider_id or "")
            assert job.credits.exact is (group.net is not None)
            assert job.credits.low <= real
            assert job.credits.high is not None and real <= job.credits.high
            if group.net is not None:
                assert group.net == real
        for name in self.sims:
            sim = self.sims[name]
            made = [job_id for job_id, _ in sim.creations]
            assert sorted(made) == sorted(job.provider_id or "" for job in seen.values() if job.account == name)
            assert sim.opening_balance - sim.balance == sum(map(sim.net, made))


@pytest.mark.parametrize("journal", ["memory", "sqlite"])
async def test_a_thousand_jobs_end_as_they_should(journal: str, tmp_path: Path) -> None:
    """1,000 jobs at once: each has its status and its credits, by the simulators' ledgers; one task waits for all."""
    assert sum(group.count for group in GROUPS.values()) == 1000
    campaign = Campaign("memory:" if journal == "memory" else f"sqlite:///{tmp_path}/journal.db")
    await campaign.run()

    assert campaign.most_tasks < 180, "tasks while all are read are bounded by the accounts, not by the jobs"


async def test_a_thousand_jobs_leave_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Tasks, sockets and memory are what they were before, once the hub is closed."""
    caplog.set_level(100, "genhub")  # what is logged is kept by pytest, with all that hangs on it
    await Campaign("memory:", part=20).run()  # what is loaded and kept once is there
    before = Left.now()
    gc.collect()
    tracemalloc.start()
    try:
        held = tracemalloc.get_traced_memory()[0]
        await Campaign("memory:").run()
        assert before == await Left.at_rest(before)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - held
    finally:
        tracemalloc.stop()
    assert grown < 1_000_000, f"{grown} bytes are still held"
