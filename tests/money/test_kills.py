"""kill -9 at every step of the journal, for every kind at every vendor: bought once at most, nothing lost, books true.

There are no hooks in the library: the child's store kills its process before or after the Nth write, or the parent does
while the vendor holds a call back.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from genhub import Hub, Job, JournalError, Status, SubmissionUnknown
from genhub._config import account
from genhub.sim import Clock, Fault, Scenario, Simulators
from tests.core.conftest import until
from tests.money._nursery import Child, Nursery
from tests.money._requests import KINDS
from tests.money._truth import ACCOUNTS, made, problems

#: Small, so that nobody waits: how long a lost submit is looked for, and how often a job is read.
QUICK = {"poll_every": 0.01, "doubt_grace": 0.05, "timeout": 2}
#: One word for each read, so that a job's life takes no time.
LIFE = ("processing", "processing", "completed")

#: Writes of the journal at which the process dies, for a submit that is driven to its end.
POINTS: Mapping[str, tuple[str, str, int]] = {
    "before the intent": ("create", "before", 1),
    "after the intent": ("create", "after", 1),
    "before the outcome": ("record", "before", 1),
    "after the outcome": ("record", "after", 1),
    "before the first news": ("advance", "before", 1),
    "after the first news": ("advance", "after", 1),
    "before the second news": ("advance", "before", 2),
    "after the second news": ("advance", "after", 2),
}
#: What becomes of the answer before that.
WIRES: Mapping[str, Scenario] = {
    "answered": Scenario(steps=LIFE),
    "lost": Scenario(steps=LIFE, fault=Fault.LOSE_ANSWER),
    "failing": Scenario(steps=("processing", "failed")),
}
#: Kinds for which a lost submit can be found, or replayed while its job lives.
FOUND = {"captions", "text", "picture", "speech", "ad", "avatar"}
#: Kinds that are sent again under the vendor's own key: what was never sent is sent then.
REPLAYED = {"ad", "avatar"}


class Movable(Clock):
    """The machine's own clock, which children have too; for the vendors and for those who recover it can jump ahead."""

    def monotonic(self) -> float:
        return self.time()


@asynccontextmanager
async def vendors() -> AsyncIterator[Simulators]:
    async with Simulators(clock=Movable()) as sims:
        yield sims


def clock_of(sims: Simulators) -> Movable:
    assert isinstance(sims.clock, Movable)
    return sims.clock


def settings(sims: Simulators, **options: Any) -> dict[str, dict[str, Any]]:
    return {name: {**sims[name].settings(), **QUICK, **options} for name in ACCOUNTS}


def life(folder: Path, sims: Simulators, **what: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    place = {"folder": str(folder), "journal": str(folder / "genhub.db")}
    return {**place, "accounts": settings(sims), "work": "one", **what}


def a_mark(kind: str) -> str:
    """Each kind at gen.pro in a cell of its own: they are found by their place."""
    wanted = sorted(KINDS).index(kind) % 3
    return next(each for each in (f"{kind}-{c}" for c in "abc") if sum(each.encode()) % 3 == wanted)


async def afterwards(folder: Path, sims: Simulators) -> list[Job]:
    """Open what the dead left behind, recover, drive everything to its end; returns the jobs as they are then."""
    accounts = {name: account(name, given, {}) for name, given in settings(sims).items()}
    async with Hub(accounts, journal=f"sqlite:///{folder}/genhub.db", clock=clock_of(sims)) as hub:
        await hub.recover()
        for job in [job async for job in hub.jobs()]:
            with suppress(SubmissionUnknown):
                await (await hub.get(job.id)).wait(timeout=60)
        return [job if job.status.in_doubt else await hub.poll(job.id) async for job in hub.jobs()]


async def both_ways(folders: Mapping[str, Path], sims: Simulators) -> dict[str, list[Job]]:
    """Recover every kind's journal: first what a key protects for a while, then, later, what a list shows."""
    jobs: dict[str, list[Job]] = {}
    for some in (REPLAYED, set(KINDS) - REPLAYED):
        kinds = sorted(some & set(folders))
        found = await asyncio.gather(*(afterwards(folders[kind], sims) for kind in kinds))
        jobs |= dict(zip(kinds, found, strict=True))
        clock_of(sims).advance(15)  # past the last moment at which a lost submit may have been made
    return jobs


def check(kind: str, jobs: list[Job], sims: Simulators) -> None:
    """Hold one kind's journal against its vendor: the others' jobs are not its business."""
    wrong = [each for each in problems(jobs, sims, final=True) if "knows nothing" not in each]
    assert not wrong, f"{kind}: {wrong}"


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_a_write(births: Nursery, tmp_path: Path, point: str, wire: str) -> None:
    """All kinds side by side, each in a life and a journal of its own."""
    op, when, nth = POINTS[point]
    async with vendors() as sims:
        children: dict[str, Child] = {}
        for kind, (name, _) in KINDS.items():
            sims[name].script(evolve(WIRES[wire], match=a_mark(kind)))
            kill = {"op": op, "when": when, "nth": nth}
            children[kind] = births.bear(life(tmp_path / kind, sims, kind=kind, mark=a_mark(kind), kill=kill))
        for kind, child in children.items():
            said = await child.end()
            # What ended in its first answer, or stays in doubt, has no news to write.
            assert not any("done" in each for each in said) or op == "advance", f"{kind} never came to {point!r}"
        for name in ACCOUNTS:
            sims[name].scripts.clear()
            sims[name].script(Scenario(steps=LIFE, times=None))  # of what a replay makes
        for kind, jobs in (await both_ways({kind: tmp_path / kind for kind in KINDS}, sims)).items():
            check(kind, jobs, sims)
            _came_to(kind, jobs, sims, point, wire)


def _came_to(kind: str, jobs: list[Job], sims: Simulators, point: str, wire: str) -> None:
    op, when, _ = POINTS[point]
    written = (op, when) != ("create", "before")
    sent = op != "create" or (written and kind in REPLAYED)
    assert (written, sent) == (len(jobs), len(made(sims[KINDS[kind][0]], a_mark(kind)))), kind
    for job in jobs:
        if not sent:
            assert _never(job) if kind in FOUND else job.status.in_doubt, job
        elif kind in FOUND or (wire != "lost" and (op, when) != ("record", "before")):
            fails = wire == "failing" and op != "create"
            assert (Status.FAILED if fails else Status.SUCCEEDED) is job.status, (kind, job)
            assert job.credits.exact, (kind, job)
        else:
            assert job.status.in_doubt, (kind, job)


def _never(job: Job) -> bool:
    return job.error is not None and job.error.kind == "not_submitted"


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_BEFORE])
async def test_a_kill_while_the_vendor_thinks(births: Nursery, tmp_path: Path, fault: Fault) -> None:
    """The request was read, and made or not; its sender is gone before the answer."""
    async with vendors() as sims:
        children: dict[str, Child] = {}
        for kind, (name, _) in KINDS.items():
            sims[name].script(Scenario(match=a_mark(kind), fault=fault, steps=LIFE))
            sims[name].script(Scenario(match=a_mark(kind), steps=LIFE))  # of what a replay makes
            children[kind] = births.bear(life(tmp_path / kind, sims, kind=kind, mark=a_mark(kind)))
        for kind, child in children.items():
            await until(lambda: sum(sims[name].hits[fault] for name in ACCOUNTS) == len(KINDS))
            child.send(signal.SIGKILL)
            assert ["create"] == [each["wrote"] for each in await child.end() if "wrote" in each], kind
        for kind, jobs in (await both_ways({kind: tmp_path / kind for kind in KINDS}, sims)).items():
            check(kind, jobs, sims)
            (job,) = jobs
            there = fault is Fault.HANG or kind in REPLAYED
            assert there == len(made(sims[KINDS[kind][0]], a_mark(kind)))
            if kind not in FOUND:
                assert job.status.in_doubt, job
            else:
                assert job.status is Status.SUCCEEDED if there else _never(job), job


def waiting_bytes(port: int) -> bool:
    """True when somebody wrote to a port what nobody has read: the vendor does not even look."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, queues, *_ = line.split()
        if int(local.split(":")[1], 16) == port and state == "01" and int(queues.split(":")[1], 16) > 0:
            return True
    return False


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux to look into sockets")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_kill_while_a_frozen_vendor_has_it_unread(births: Nursery, tmp_path: Path, kind: str) -> None:
    """The whole POST lies in the vendor's socket when its sender dies; the vendor may read it afterwards."""
    name = KINDS[kind][0]
    async with vendors() as sims:
        sims[name].script(Scenario(steps=LIFE, times=None))
        stop = {"op": "create", "when": "after", "nth": 1, "signal": signal.SIGSTOP}
        child = births.bear(life(tmp_path / kind, sims, kind=kind, mark=a_mark(kind), kill=stop))
        await child.stops()
        child.send(signal.SIGCONT)
        over = time.monotonic() + 30
        while not waiting_bytes(sims[name].port):  # the loop, and with it the vendor, stands still
            assert time.monotonic() < over
        child.send(signal.SIGKILL)
        await child.end()
        door = sims[name]._door
        await until(lambda: door is None or not door.connections)
        (jobs,) = (await both_ways({kind: tmp_path / kind}, sims)).values()
        check(kind, jobs, sims)
        assert len(made(sims[name], a_mark(kind))) <= 1


#: Writes of a job that is stopped and resumed: the stop, the intent to resume, its outcome, news.
@pytest.mark.parametrize("nth", range(1, 6))
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", [None, Fault.LOSE_ANSWER, Fault.RESET_AFTER_READ])
async def test_a_kill_between_stop_and_resume(
    births: Nursery, tmp_path: Path, when: str, nth: int, fault: Fault | None
) -> None:
    """Stopped once, resumed at most once, and each leg is in the books as the vendor has it."""
    async with vendors() as sims:
        kind, mark_ = "text", a_mark("text")
        sims.genpro.script(Scenario(match=mark_, steps=("processing", "processing", "processing", "completed")))
        if fault is not None:
            sims.genpro.script(Scenario(fault=fault, on="continue"))
        kill = {"op": "advance", "when": when, "nth": nth}
        child = births.bear(life(tmp_path / kind, sims, kind=kind, mark=mark_, work="stop_and_go", kill=kill))
        await child.end()
        (jobs,) = (await both_ways({kind: tmp_path / kind}, sims)).values()
        check(kind, jobs, sims)
        (job,) = jobs
        theirs = str(job.provider_id)
        assert [theirs] == made(sims.genpro, mark_)
        assert 1 >= sims.genpro.count("POST", f"/generations/{theirs}/continue")
        assert 1 >= sum(line.why == "continue" for line in sims.genpro.ledger)
        assert job.status in (Status.STOPPED, Status.SUCCEEDED)
        assert (sims.genpro.net(theirs), True) == (job.credits.net, job.credits.exact)


async def test_a_killed_owner_leaves_its_journal_to_the_next(births: Nursery, tmp_path: Path) -> None:
    """While it lives nobody else drives; killed, it is in nobody's way."""
    async with vendors() as sims:
        child = births.bear(life(tmp_path, sims, work="hold"))
        await child.says("open")
        second = births.bear(life(tmp_path, sims, work="hold"))
        refused = await second.says("refused")
        assert f"driven by process {child.pid} " in refused[0]["refused"]
        child.send(signal.SIGKILL)
        await child.end()
        assert [] == await afterwards(tmp_path, sims)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_frozen_owner_thaws(births: Nursery, tmp_path: Path, kind: str) -> None:
    """Frozen with a POST on its way it is still the owner; what it hears late lands on its attempt's row."""
    name, mark_ = KINDS[kind][0], a_mark(kind)
    async with vendors() as sims:
        sims[name].script(Scenario(match=mark_, fault=Fault.SLOW, delay=3600, steps=LIFE))
        own = life(tmp_path, sims, kind=kind, mark=mark_, accounts=settings(sims, timeout=50))
        child = births.bear(own)
        await until(lambda: bool(made(sims[name], mark_)))
        child.send(signal.SIGSTOP)
        try:
            accounts = {each: account(each, given, {}) for each, given in settings(sims).items()}
            with pytest.raises(JournalError, match=f"driven by process {child.pid} "):
                async with Hub(accounts, journal=f"sqlite:///{tmp_path}/genhub.db"):
                    pass
            async with Hub({}, journal=f"sqlite:///{tmp_path}/genhub.db", read_only=True) as reader:
                assert [Status.SUBMITTING] == [job.status async for job in reader.jobs()]
            clock_of(sims).advance(3601)
            await until(lambda: sims[name].requests[-1].status != 0)  # the answer is in its socket
        finally:
            child.send(signal.SIGCONT)
        await child.end()
        (job,) = await afterwards(tmp_path, sims)
        assert made(sims[name], mark_) == [job.provider_id]
        assert (Status.SUCCEEDED, ()) == (job.status, job.attempt.notes)
        check(kind, [job], sims)
