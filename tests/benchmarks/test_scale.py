"""The benchmark of many jobs in flight, small: that what it measures is there, and what is counted is counted right."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from math import isnan, nan
from pathlib import Path

import pytest

from benchmarks import _hold_server, _scale_hub, _scale_start, _scale_tracker, scale
from benchmarks._apart import apart
from benchmarks._held import Lateness, slope, sockets
from benchmarks._journal_build import intent, job, journal
from benchmarks._keep_alive import listen
from genhub import Status
from genhub.stores import JobFilter
from genhub.stores._sqlite import SqliteStore


@asynccontextmanager
async def held_jobs() -> AsyncIterator[str]:
    """Run the server on this loop; gives its origin."""
    _hold_server.counts = _hold_server.Counts()
    server = await listen(_hold_server.answer)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_server_counts() -> None:
    """Submits and reads, from `begin` on; a job that was never made runs too, and other targets are not found."""
    async with held_jobs() as origin:
        said = await _scale_hub.held(origin, 30, 0.05, 0.3)
        assert said["polls"] > 0
        counts = await _hold_server.ask(origin, b"GET /begin")
        assert 0 == counts["submits"] and counts["polls"] > 0
        assert {"submits": 0, "polls": 0, "first_poll": None} == await _hold_server.ask(origin)
        before = time.time()
        job_id = "00000000-0000-4000-8000-0000000000ff"
        shown = await _hold_server.ask(origin, f"GET /api/generate/status?jobId={job_id}".encode())
        assert (job_id, "processing") == (shown["id"], shown["status"])
        assert before <= (await _hold_server.ask(origin))["first_poll"] <= time.time()
        for target in (b"GET /soup", b"GET /api/generate/status?jobId=7"):
            assert {} == await _hold_server.ask(origin, target)


async def test_jobs_in_flight() -> None:
    """They are submitted and read, and every figure is there; so it is by hand."""
    async with held_jobs() as origin:
        mine = await _scale_hub.held(origin, 30, 0.05, 0.2)
        await _hold_server.ask(origin, b"GET /begin")
        theirs = await _scale_hub.by_hand(origin, 20, 0.05, 0.2)
    assert set(theirs) | {"submits", "collection"} == set(mine)
    assert all(theirs[name] > 0 for name in ("polls", "us", "worst"))
    assert theirs["tasks"] >= 20 + _scale_hub.CONCURRENCY


async def test_a_burst() -> None:
    """All are submitted at once, and the stall is noted; so it is of tasks that do nothing, and of no task."""
    async with held_jobs() as origin:
        said = await _scale_hub.burst(origin, 150)
        assert 150 + _scale_hub.WARM == (await _hold_server.ask(origin))["submits"]
    assert {"worst", "p99", "seconds"} == set(said) == set(await _scale_hub.burst_of_nothing(50))
    assert {"worst", "p99"} == set(await _scale_hub.idle(0.05))


async def test_what_the_tracker_holds() -> None:
    """An attempt's appointment is not free, and takes no kilobyte."""
    said = await _scale_tracker.held(1000, traced=True)
    assert 50 < said["bytes"] < 1000
    assert {"bytes"} == set(await _scale_tracker.held(1000, traced=False))


async def test_what_a_job_holds() -> None:
    """Request, job and handle weigh more than the tracker's part."""
    assert 500 < (await _scale_hub.weighed(200))["bytes"] < 20_000


@pytest.mark.parametrize("work", [_scale_tracker.woken, _scale_tracker.slept])
async def test_wake_ups(work: Callable[[int, float, float], Awaitable[dict[str, float]]]) -> None:
    """Each job wakes once in its interval."""
    said = await work(50, 0.1, 0.2)
    assert said["us"] > 0
    assert 50 <= said["looks"] <= 150


def test_a_process_of_its_own() -> None:
    """The figures come back; a measurement that fails is an error here."""
    assert {"worst", "p99", "seconds"} == set(apart(_scale_hub.burst_of_nothing, jobs=3))
    with pytest.raises(RuntimeError, match="burst_of_nothing failed"):
        apart(_scale_hub.burst_of_nothing, soup=3)


def test_how_late_a_loop_is() -> None:
    """A stall of a second held up two hundred wake-ups; the median of moments lies within it."""
    late = Lateness([0.001] * 100 + [1.0])

    assert 1.0 == late.worst
    assert 0.33 == pytest.approx(late.percentile(0.5), abs=0.01) or late.percentile(0.5) > 0.2
    assert 0.001 == Lateness([0.001] * 1000).percentile(0.99)
    assert isnan(Lateness().worst) and isnan(Lateness().percentile(0.99))


def test_slope() -> None:
    """Least squares."""
    assert 2.0 == slope([(0, 1), (1, 3), (2, 5)])
    assert 0.0 == slope([(1, 1), (1, 9)])


async def test_sockets() -> None:
    """One more is one more, and closed it is gone."""
    before = sockets()
    async with held_jobs():
        assert before + 1 == sockets()
    assert before == sockets()


async def test_the_journal(tmp_path: Path) -> None:
    """It has the jobs that it should, as the store reads them; what a hub learned is taken out; it is made once."""
    path = await asyncio.to_thread(journal, 7, 3, tmp_path)
    store = SqliteStore(path)
    await store.open()
    assert [job(number, is_open=False) for number in range(7)] == [
        each async for each in store.jobs(JobFilter(status=frozenset({Status.SUCCEEDED})))
    ]
    assert [job(number, is_open=True) for number in range(7, 10)] == [each async for each in store.unfinished()]
    first = job(0, is_open=False)
    assert intent(first) == await store.intent(first.attempt.id)
    await store.put("soup", 1)
    await store.close()

    made = path.stat().st_ino
    assert path == await asyncio.to_thread(journal, 7, 3, tmp_path)
    assert made == path.stat().st_ino
    with closing(sqlite3.connect(path)) as db:
        assert [] == db.execute("SELECT * FROM facts").fetchall()
    assert path != await asyncio.to_thread(journal, 7, 2, tmp_path)


async def test_an_old_journal(tmp_path: Path) -> None:
    """One that another schema made is not kept beside the new one; those of other sizes are."""
    for name in ("0123456789ab-2-1.db", "0123456789ab-20-1.db"):
        (tmp_path / name).write_bytes(b"old")
    path = await asyncio.to_thread(journal, 2, 1, tmp_path)

    assert {path.name, "0123456789ab-20-1.db"} == {each.name for each in tmp_path.glob("*.db")}


async def test_a_start(tmp_path: Path) -> None:
    """A fresh process takes the open jobs in hand and reads one; the moments are in order."""
    path = await asyncio.to_thread(journal, 20, 3, tmp_path)
    async with held_jobs() as origin:
        said = await _scale_start.start(path, origin, 3)
        assert 0 < said["imported"] < said["opened"] < said["recovered"]
        assert said["opened"] < said["first poll"]
        with pytest.raises(RuntimeError, match="3 of 4 jobs"):
            await _scale_start.start(path, origin, 4)


def test_goals() -> None:
    """Those that were set, at the largest two levels; what the system does not tell is no figure."""
    found = {goal.figure: goal.most for goal in scale.goals(scale.FULL)}

    assert 8 + 6 == len(found)
    assert 512 == found["bytes a job, the tracker alone, allocated, 10,000 in flight"]
    assert 2048 == found["bytes a job, request, job and handle, resident, 100,000 in flight"]
    assert 4 == found["us a wake-up, 100,000 jobs"]
    assert 50 == found["worst stall, 10,000 submitted at once, ms"]
    assert 20 == found["loop lag, 99th percentile, 100,000 in flight and read, ms"]
    assert 1 == found["first poll of 10,000 open jobs, s from the process's start"]
    assert {"a": [1.0, 3.0]} == scale.gathered([{"a": 1.0, "b": nan}, {"a": 3.0, "b": nan}])
