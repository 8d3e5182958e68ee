"""Disks that are full, read-only, torn or without power, clocks that jump: nothing is lost, nothing bought again."""

from __future__ import annotations

import asyncio
import random
import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from genhub import Account, Hub, Job, JournalError, Status, SubmissionUnknown
from genhub._config import account
from genhub._jobs import Ref
from genhub.sim import Fault, Scenario, Simulators
from genhub.stores import JobFilter, _connections
from genhub.stores._sqlite import SqliteStore
from genhub.testing import FakeClock
from genhub.testing._store_records import a_job, a_line, an_intent
from tests.core.conftest import World
from tests.money._lives import Life, know_lives
from tests.money._requests import KINDS
from tests.money._truth import ACCOUNTS, made, problems
from tests.stores.test_disk import make_read_only, small_disk

__all__ = ["small_disk"]


def posts(world: World) -> int:
    return sum(seen.method == "POST" for name in ACCOUNTS for seen in world.sims[name].requests)


@contextmanager
def full(store: SqliteStore) -> Iterator[None]:
    """Let no file grow: to SQLite an error of the disk; the spill file has its room."""
    log = store.path.with_name(f"{store.path.name}-wal").stat().st_size
    assert log > 100_000
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_without_room_for_the_intent_nothing_is_sent(world: World, tmp_path: Path, kind: str) -> None:
    """And nothing is held back for it; with room again it is bought once."""
    name, make = KINDS[kind]
    store = SqliteStore(tmp_path / "genhub.db")
    options: dict[str, Any] = {"budget": {"amount": 50, "per": "ever"}, "estimate": {kind: 50 for kind in _kinds()}}
    async with world.hub(journal=store, **options) as hub:
        await store.put("ballast", "x" * 200_000)
        with full(store):
            for _ in range(2):
                with pytest.raises(JournalError, match="its disk"):
                    await hub.submit(make("m"), to=name, key="row", portability="adjust")
        assert (0, []) == (posts(world), [job async for job in hub.jobs()])
        job = await hub.generate(make("m"), to=name, key="row", portability="adjust")
    assert [job.provider_id] == made(world.sims[name], "m")


def _kinds() -> tuple[str, ...]:
    return ("captions", "image", "video", "text", "speech", "copy", "static_ad")


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_without_room_for_the_outcome_the_next_process_knows_it(world: World, tmp_path: Path, kind: str) -> None:
    """The id survives in memory and in the spill file; killed before there was room, the next process reads it."""
    know_lives(asyncio.get_running_loop())
    name, make = KINDS[kind]
    store = SqliteStore(tmp_path / "genhub.db")
    one = Life(world.accounts(poll_every=1e8), store, world.clock)
    await one.do(one.hub.__aenter__())
    await store.put("ballast", "x" * 200_000)
    limits: list[Any] = []
    record = store.record

    async def record_on_a_full_disk(attempt: Any) -> Any:
        limits.append(full(store))
        limits[0].__enter__()
        return await record(attempt)

    store.record = record_on_a_full_disk  # type: ignore[method-assign]
    try:
        handle = await one.do(one.hub.submit(make("m"), to=name, portability="adjust"))
    finally:
        limits[0].__exit__(None, None, None)
    (theirs,) = made(world.sims[name], "m")
    assert theirs == handle.job.provider_id
    image = await one.die(world.sims, tmp_path / "next")

    async with world.hub(journal=SqliteStore(image)) as hub:
        await hub.recover()
        job = await (await hub.get(handle.id)).wait()
        assert (Status.SUCCEEDED, theirs) == (job.status, job.provider_id)
        assert not list(problems([job], world.sims, final=True))
    assert [theirs] == made(world.sims[name], "m")


async def test_a_person_can_not_deny_what_the_spill_file_knows(world: World, tmp_path: Path) -> None:
    """An outcome that only the spill file has is not overruled by a settle of the next process."""
    know_lives(asyncio.get_running_loop())
    store = SqliteStore(tmp_path / "genhub.db")
    one = Life(world.accounts(poll_every=1e8), store, world.clock)
    await one.do(one.hub.__aenter__())

    async def broken(attempt: Any) -> Any:
        raise JournalError("the disk is full")

    store.record = broken  # type: ignore[method-assign]
    handle = await one.do(one.hub.submit(KINDS["images"][1]("m"), to="powerpost"))
    image = await one.die(world.sims, tmp_path / "next")
    async with world.hub(journal=SqliteStore(image)) as hub:
        try:
            await hub.settle(handle.id, not_submitted=True)
        except Exception as error:  # told so, or overruled: both are right
            assert "no doubt" in str(error)
        await hub.recover()
        job = (await hub.get(handle.id)).job
    assert made(world.powerpost, "m") == [job.provider_id]


async def test_a_read_only_disk_is_refused_before_anything_is_sent(world: World, small_disk: Path) -> None:
    async with world.hub(journal=SqliteStore(small_disk / "genhub.db")):
        pass
    make_read_only(small_disk)
    with pytest.raises(JournalError, match="Read-only"):
        async with world.hub(journal=SqliteStore(small_disk / "genhub.db")) as hub:
            await hub.submit(KINDS["images"][1]("m"), to="powerpost")
    assert 0 == posts(world)


# Clocks.


class Wall:
    """A machine's own clock, set to another time than the world's; `monotonic` only goes forward."""

    def __init__(self, world: FakeClock, ahead: float) -> None:
        self.world = world
        self.ahead = ahead

    def time(self) -> float:
        return self.world.time() + self.ahead

    def monotonic(self) -> float:
        return self.world.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.world.sleep(seconds)


HOURS = [0.0, 7200.0, -7200.0]


@frozen
class Times:
    """By how much clocks are off."""

    ours: float  #: when it is sent
    theirs: float
    jump: float  #: ours, between the submit and the look


EVERY = [Times(a, b, c) for a in HOURS for b in HOURS for c in HOURS]


def accounts(sims: Simulators, **options: Any) -> dict[str, Account]:
    return {name: account(name, {**sims[name].settings(), "timeout": 5, **options}, {}) for name in ACCOUNTS}


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.RESET_AFTER_READ])
@pytest.mark.parametrize("times", EVERY, ids=lambda t: f"{t.ours:+.0f}{t.theirs:+.0f}{t.jump:+.0f}")
async def test_a_clock_that_jumps_between_submit_and_look(times: Times, fault: Fault) -> None:
    """What was made is found, or stays in doubt; what was not is not taken for made; no grace is cut short."""
    true = FakeClock()
    skewed = {name: {"skew": times.theirs} for name in ACCOUNTS}
    async with Simulators(clock=true, options=skewed) as sims:
        wall = Wall(true, times.ours)
        async with Hub(accounts(sims), clock=wall) as hub:
            jobs: list[Job] = []
            for kind in ("captions", "text", "ad"):
                name, make = KINDS[kind]
                sims[name].script(Scenario(fault=fault, match="m"))
                sims[name].script(Scenario(fault=Fault.ERROR_500_BEFORE, on="list", times=1))
                handle = await hub.submit(make("m"), to=name)
                assert Status.UNCONFIRMED is handle.status
                sims[name].scripts.clear()
                wall.ahead += times.jump
                began = true.monotonic()
                try:
                    job = await handle.wait()
                except SubmissionUnknown:
                    job = handle.job
                wall.ahead -= times.jump
                jobs.append(job)
                there = made(sims[name], "m")
                denied = job.error is not None and job.error.kind == "not_submitted"
                assert not (there and denied), (kind, job)
                assert there == [] or job.status.in_doubt or there == [job.provider_id]
                if denied:
                    assert true.monotonic() - began >= 60
                if times.jump == 0:
                    assert not job.status.in_doubt, (kind, job)
            assert not list(problems(jobs, sims, final=True))


@pytest.mark.parametrize("kind", ["ad", "avatar", "captions", "text"])
@pytest.mark.parametrize("times", EVERY, ids=lambda t: f"{t.ours:+.0f}{t.theirs:+.0f}{t.jump:+.0f}")
async def test_a_clock_that_was_set_back_between_two_processes(tmp_path: Path, kind: str, times: Times) -> None:
    """Two hours later by the world's clock the job is over; whatever ours says, it must not be bought again."""
    true = FakeClock()
    name, make = KINDS[kind]
    skewed = {each: {"skew": times.theirs} for each in ACCOUNTS}
    journal = f"sqlite:///{tmp_path}/genhub.db"
    async with Simulators(clock=true, options=skewed) as sims:
        sims[name].script(Scenario(fault=Fault.LOSE_ANSWER, match="m"))
        for each in ("list", "balance"):
            sims[name].script(Scenario(fault=Fault.ERROR_500_BEFORE, on=each, after=0 if each == "list" else 1))
        async with Hub(accounts(sims, poll_every=1e8), journal=journal, clock=Wall(true, times.ours)) as hub:
            handle = await hub.submit(make("m"), to=name)
            if not handle.status.in_doubt or made(sims[name], "m") != [sims[name].creations[0][0]]:
                raise AssertionError("it was not lost")
            await hub.detach(handle.id)
        sims[name].scripts.clear()
        true.advance(7200)
        wall = Wall(true, times.ours + times.jump)
        async with Hub(accounts(sims), journal=journal, clock=wall) as hub:
            await hub.recover()
            try:
                job = await (await hub.get(handle.id)).wait()
            except SubmissionUnknown as error:
                assert error.job is not None
                job = error.job
        there = made(sims[name], "m")
        assert 1 == len(there)
        assert job.status.in_doubt or there == [job.provider_id], job


# What is left of a file.


async def test_a_torn_log_is_opened_or_refused_and_keeps_what_was_acknowledged_before(tmp_path: Path) -> None:
    """The log is cut at a random place, or has rubbish there: what was acknowledged before that place is there."""
    chance = random.Random(2026)
    path = tmp_path / "genhub.db"
    log = tmp_path / "genhub.db-wal"
    acknowledged: list[tuple[int, str]] = []  # the size of the log by then, and the job
    opened = 0
    async with SqliteStore(path) as store:
        for n in range(40):
            job = a_job(id=f"j{n}", attempt={"id": f"a{n}"})
            await store.create(job, an_intent())
            ref = Ref(id=f"v{n}", kind="captions")
            await store.record(evolve(job.attempt, status=Status.QUEUED, ref=ref, entries=(a_line(),)))
            acknowledged.append((log.stat().st_size, job.id))
        whole = log.read_bytes()
        base = path.read_bytes()
    for n in range(40):
        at = chance.randrange(len(whole))
        torn = tmp_path / f"torn-{n}"
        torn.mkdir()
        (torn / "genhub.db").write_bytes(base)
        rubbish = chance.randbytes(chance.randint(1, 5000)) if n % 2 else b""
        (torn / "genhub.db-wal").write_bytes(whole[:at] + rubbish)
        try:
            async with SqliteStore(torn / "genhub.db") as store:
                kept = {job.id: job async for job in store.jobs(JobFilter())}
        except JournalError:
            continue
        opened += 1
        for size, job_id in acknowledged:
            if size <= at:
                assert (f"v{job_id[1:]}", (a_line(),)) == (kept[job_id].provider_id, kept[job_id].entries)
        shutil.rmtree(torn)
    assert opened


@pytest.mark.parametrize(("mode", "loses"), [("FULL", False), ("NORMAL", True)])
async def test_power_that_fails_loses_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, loses: bool
) -> None:
    """`synchronous=FULL` is what holds it: with NORMAL the same disk loses what was acknowledged."""
    pytest.importorskip("apsw")
    from tests.money._powerless import Db, Powerless

    disk = Powerless(f"powerless-{mode}")

    class Mode(Db):
        def execute(self, sql: str, values: Any = ()) -> Any:
            return super().execute(sql.replace("synchronous = FULL", f"synchronous = {mode}"), values)

    chance = random.Random(7)
    acknowledged: dict[str, str | None] = {}
    lost = 0
    with monkeypatch.context() as patched:
        patched.setattr(_connections, "_connect", lambda path, mode: Mode(path, mode, disk.name))
        async with SqliteStore(tmp_path / "genhub.db") as store:
            for n in range(60):
                job = a_job(id=f"j{n}", attempt={"id": f"a{n}"})
                await store.create(job, an_intent())
                acknowledged[job.id] = None
                if n % 2:
                    ref = Ref(id=f"v{n}", kind="captions")
                    await store.record(evolve(job.attempt, status=Status.QUEUED, ref=ref, entries=(a_line(),)))
                    acknowledged[job.id] = ref.id
                if chance.random() < 0.2:
                    lost += await _lost(disk, tmp_path / f"dark-{n}", acknowledged)
            lost += await _lost(disk, tmp_path / "dark", acknowledged)
    assert loses is (lost > 0)


async def _lost(disk: Any, place: Path, acknowledged: dict[str, str | None]) -> int:
    """How many acknowledged jobs, or outcomes, are not there after the power went; read by another SQLite."""
    disk.cut(place)
    db = sqlite3.connect(place / "genhub.db")
    try:
        assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
        found = dict(db.execute("SELECT job_id, provider_id FROM attempts"))
        return sum(job_id not in found or found[job_id] != vendor_id for job_id, vendor_id in acknowledged.items())
    except sqlite3.OperationalError:
        return len(acknowledged)
    finally:
        db.close()
