"""What a store promises about jobs that go from account to account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from genhub._errors import JournalError
from genhub._jobs import Job
from genhub._status import Status
from genhub.stores import JobStore
from genhub.testing._store_reads import DAY, listed, unfinished
from genhub.testing._store_records import NOON, a_full_route, a_job, a_route, an_attempt, an_intent
from genhub.testing._store_writes import read, written

FAILED: dict[str, Any] = {"status": Status.FAILED}
RUNNING: dict[str, Any] = {"status": Status.RUNNING}
STOPPED: dict[str, Any] = {"status": Status.STOPPED}
LOST: dict[str, Any] = {"status": Status.UNCONFIRMED}
RESUMING: dict[str, Any] = {"status": Status.STOPPED, "resuming_at": NOON}
LATE: dict[str, Any] = {"status": Status.SUCCEEDED, "finished_at": NOON + timedelta(microseconds=1)}
EARLY: dict[str, Any] = {"status": Status.SUCCEEDED, "finished_at": NOON}
UNDATED: dict[str, Any] = {"status": Status.SUCCEEDED}
ENDED = a_route(ended="there is no further account")


async def tried(store: JobStore, attempts: Sequence[dict[str, Any]], **job: Any) -> Job:
    """Write a job with several attempts, each first as it is made; returns it as the journal has it."""
    made = await written(store, a_job(**job))
    for number in range(2, len(attempts) + 1):
        assert await store.add(an_attempt(job_id=made.id, number=number), an_intent())
    for attempt, changes in zip((await read(store, made)).attempts, attempts, strict=True):
        assert await store.advance(evolve(attempt, **changes)) is not None
    return await read(store, made)


async def stands(store: JobStore, job: Job) -> tuple[list[Status], bool]:
    """Return under which statuses lists have a job, and whether it is among the unfinished."""
    shown = [status for status in Status if job.id in await listed(store, status=frozenset({status}))]
    return shown, job.id in await unfinished(store)


class StoreRoutes:
    """The promises about jobs of several attempts, and about routes."""

    async def test_a_route_is_written_as_it_stands_now(self, store: JobStore) -> None:
        """A route that was ended, or begins again, takes the place of the one before; nothing else is touched."""
        job = await written(store, a_job(route=a_route(), fingerprint="f-1", trace="t-1"))

        for route in (a_full_route(), a_route(since=1), a_route(route="")):
            await store.reroute(job.id, route)
            assert evolve(job, route=route) == await read(store, job)
            assert [job.id] == await listed(store, route=route.route)

    async def test_a_job_without_a_route_can_be_given_one(self, store: JobStore) -> None:
        """A job that was made for one account can be let go on to others."""
        job, other = await written(store), await written(store)

        await store.reroute(job.id, a_route())

        assert evolve(job, route=a_route()) == await read(store, job)
        assert other == await read(store, other)

    async def test_a_route_needs_its_job(self, store: JobStore) -> None:
        """The route of a job that the journal does not have is an error."""
        with pytest.raises(JournalError):
            await store.reroute("no", a_route())

    async def test_a_job_is_open_while_its_route_is(self, store: JobStore) -> None:
        """An attempt's end is not the job's while another account may be tried; the end of the route is."""
        job = await written(store, a_job(route=a_route(), attempt=FAILED))
        assert ([Status.QUEUED], True) == await stands(store, job)

        await store.reroute(job.id, ENDED)
        assert ([Status.FAILED], False) == await stands(store, job)

        await store.reroute(job.id, a_route(since=1))
        assert ([Status.QUEUED], True) == await stands(store, job)

        for status in (Status.STOPPED, Status.RUNNING, Status.EXPIRED):
            await store.record(evolve(job.attempt, status=status))
            shown = Status.QUEUED if status.is_final else status
            assert ([shown], True) == await stands(store, job)

    @pytest.mark.parametrize("attempts", [[EARLY], [FAILED, EARLY], [UNDATED, FAILED], [LATE, EARLY]])
    async def test_a_success_ends_the_route(self, store: JobStore, attempts: list[dict[str, Any]]) -> None:
        """Nobody else is tried for a job that succeeded, though its route was not ended in writing."""
        job = await tried(store, attempts, route=a_route())
        assert ([Status.SUCCEEDED], False) == await stands(store, job)

        await store.reroute(job.id, a_route(since=1))
        assert ([Status.SUCCEEDED], False) == await stands(store, job)

        for attempt in job.attempts:
            await store.record(evolve(attempt, status=Status.FAILED))
        assert ([Status.QUEUED], True) == await stands(store, job)

    @pytest.mark.parametrize("route", [None, ENDED], ids=["no route", "ended"])
    @pytest.mark.parametrize(
        ("attempts", "present", "is_open"),
        [
            ([FAILED, STOPPED], 2, False),
            ([STOPPED, FAILED], 2, False),
            ([RUNNING, FAILED], 1, True),
            ([RUNNING, LOST], 1, True),
            ([LOST, RUNNING, FAILED], 2, True),
            ([LOST, FAILED, LOST], 3, True),
            ([LOST, FAILED], 1, True),
            ([RESUMING, FAILED], 1, True),
            ([UNDATED, RUNNING, FAILED], 1, True),
            ([FAILED, EARLY, FAILED], 2, False),
            ([LOST, EARLY], 2, True),
            ([LATE, EARLY, FAILED], 2, False),
            ([UNDATED, LATE, LATE], 2, False),
            ([UNDATED, UNDATED], 1, False),
        ],
    )
    async def test_several_attempts_may_be_open(
        self, store: JobStore, attempts: list[dict[str, Any]], present: int, is_open: bool, route: Any
    ) -> None:
        """The present attempt speaks for the job, wherever it stands; the job is unfinished while any is open."""
        job = await tried(store, attempts, route=route)
        assert present == job.attempt.number
        assert ([job.attempt.status], is_open) == await stands(store, job)

        for attempt in job.attempts:
            await store.record(evolve(attempt, status=Status.CANCELED, resuming_at=None))
        assert ([Status.CANCELED], False) == await stands(store, job)

        await store.record(evolve(job.attempts[0], status=Status.UNKNOWN))
        assert ([Status.UNKNOWN], True) == await stands(store, job)

    async def test_attempts_are_in_the_order_of_their_numbers(self, store: JobStore) -> None:
        """An attempt that was added late takes its place, and what is last goes by the number."""
        job = await written(store, a_job(attempt=FAILED))
        for number, status in ((4, Status.EXPIRED), (2, Status.STOPPED), (3, Status.CANCELED)):
            assert await store.add(an_attempt(job_id=job.id, number=number, status=status), an_intent())

        assert [1, 2, 3, 4] == [each.number for each in (await read(store, job)).attempts]
        assert ([Status.EXPIRED], False) == await stands(store, job)

    async def test_the_newest_of_those_alike_is_found(self, store: JobStore) -> None:
        """Of several with the fingerprint the one that was created last is given, by the id where two were at once."""
        for job_id, days, fingerprint in (
            ("b", 2, "f"),
            ("d", 1, "f"),
            ("c", 2, "f"),
            ("a", 2, "f"),
            ("z", 3, "other"),
        ):
            await written(store, a_job(id=job_id, created_at=NOON + days * DAY, fingerprint=fingerprint))
        await written(store, a_job(id="none", created_at=NOON + 4 * DAY))

        found = [await store.alike("f", since) for since in (NOON, NOON + 2 * DAY)]

        assert ["c", "c"] == [None if job is None else job.id for job in found]
        assert await store.job("c") == found[0]
        assert await store.alike("f", NOON + 2 * DAY + timedelta(microseconds=1)) is None
        assert await store.alike("no such", NOON) is None

    @pytest.mark.parametrize(
        ("attempts", "route", "counts"),
        [
            *(([{"status": status}], None, status is Status.SUCCEEDED or not status.is_final) for status in Status),
            ([FAILED], a_route(), True),
            ([FAILED], ENDED, False),
            ([FAILED, STOPPED], ENDED, False),
            ([RESUMING], None, False),
            ([EARLY, LOST], ENDED, True),
            ([RUNNING, FAILED], ENDED, True),
            ([RESUMING, LOST], ENDED, False),
        ],
    )
    async def test_only_what_came_to_something_is_given_again(
        self, store: JobStore, attempts: list[dict[str, Any]], route: Any, counts: bool
    ) -> None:
        """A job counts that succeeded or still may; one that ended otherwise does not, whatever of it is open."""
        older = await tried(store, [UNDATED], fingerprint="f", created_at=NOON - DAY)
        job = await tried(store, attempts, fingerprint="f", route=route)

        assert (job if counts else older) == await store.alike("f", NOON - DAY)
        assert (job if counts else None) == await store.alike("f", NOON)
