"""What lists say of jobs is what the jobs say of themselves, whatever was written and in whichever order."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genhub._jobs import Job
from genhub._status import Status
from genhub.stores import JobFilter, JobStore
from genhub.stores._memory import MemoryStore
from genhub.stores._sqlite import SqliteStore
from genhub.testing._store_records import NOON, a_job, a_route, an_attempt, an_intent

Write = Callable[[JobStore], Awaitable[Any]]

MOMENTS = [NOON + timedelta(microseconds=n) for n in range(3)]
IDS, NUMBERS, FINGERPRINTS = ["a", "b", "c"], [1, 2, 3, 4], ["f-1", "f-2"]

ROUTES = st.builds(a_route, ended=st.none() | st.just("asked to stop"))
TIMES = st.none() | st.sampled_from(MOMENTS)
OUTCOMES = st.fixed_dictionaries(
    {"status": st.sampled_from(Status)}, optional={"resuming_at": TIMES, "finished_at": TIMES}
)


def creates(job_id: str, outcome: dict[str, Any], **fields: Any) -> Write:
    async def write(store: JobStore) -> None:
        if await store.job(job_id) is None:
            job = a_job(id=job_id, attempt={"id": f"{job_id}-1", **outcome}, **fields)
            assert await store.create(job, an_intent()) is None

    return write


def adds(job_id: str, number: int, outcome: dict[str, Any]) -> Write:
    async def write(store: JobStore) -> None:
        if (job := await store.job(job_id)) is not None:
            attempt = an_attempt(id=f"{job_id}-{number}", job_id=job_id, number=number, **outcome)
            assert await store.add(attempt, an_intent()) is all(each.number != number for each in job.attempts)

    return write


def tells(job_id: str, number: int, outcome: dict[str, Any], behind: int | None) -> Write:
    """Return an advance from a version that is so many behind; `None`: a record."""

    async def write(store: JobStore) -> None:
        job = await store.job(job_id)
        for attempt in () if job is None else job.attempts:
            if attempt.number == number:
                news = evolve(attempt, **outcome)
                if behind is None:
                    await store.record(news)
                else:
                    written = await store.advance(evolve(news, version=news.version - behind))
                    assert (written is None) is (behind > 0)

    return write


def reroutes(job_id: str, route: Any) -> Write:
    async def write(store: JobStore) -> None:
        if await store.job(job_id) is not None:
            await store.reroute(job_id, route)

    return write


WRITES = st.one_of(
    st.builds(
        creates,
        st.sampled_from(IDS),
        OUTCOMES,
        route=st.none() | ROUTES,
        fingerprint=st.none() | st.sampled_from(FINGERPRINTS),
        created_at=st.sampled_from(MOMENTS),
    ),
    st.builds(adds, st.sampled_from(IDS), st.sampled_from(NUMBERS), OUTCOMES),
    st.builds(tells, st.sampled_from(IDS), st.sampled_from(NUMBERS), OUTCOMES, st.sampled_from([None, 0, 0, 1])),
    st.builds(reroutes, st.sampled_from(IDS), ROUTES),
)


async def say_the_same(store: JobStore) -> None:
    """Assert that each list has the jobs that belong there by their own word."""
    jobs = [job async for job in store.jobs(JobFilter())]
    for status in Status:
        listed = [job async for job in store.jobs(JobFilter(status=frozenset({status})))]
        assert [job for job in jobs if job.status is status] == listed
    assert [job for job in jobs if job.is_open] == [job async for job in store.unfinished()]
    for fingerprint in FINGERPRINTS:
        for since in MOMENTS:
            fits = [job for job in jobs if job.fingerprint == fingerprint and job.created_at >= since and counts(job)]
            assert (fits[-1] if fits else None) == await store.alike(fingerprint, since)


def counts(job: Job) -> bool:
    return job.status is Status.SUCCEEDED or (job.is_open and not job.status.is_final)


@pytest.mark.parametrize("make", [lambda _: MemoryStore(), SqliteStore], ids=["memory", "sqlite"])
@given(writes=st.lists(WRITES, max_size=20))
@settings(max_examples=100, deadline=None)
def test_lists_say_what_jobs_say(make: Callable[[str], JobStore], writes: Sequence[Write]) -> None:
    """Status, open and alike go by a job's own properties after any writes of any of its attempts and its route."""

    async def live(path: str) -> None:
        async with make(path) as store:
            for write in writes:
                await write(store)
            await say_the_same(store)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(f"{folder}/genhub.db"))
