"""What a store promises about its reads."""

from __future__ import annotations

import asyncio
from datetime import timedelta, timezone
from typing import Any

import pytest
from attrs import evolve

from genhub._jobs import Job, Ref
from genhub._status import Status
from genhub.stores import JobFilter, JobStore
from genhub.testing._store_records import NOON, a_job, a_route, an_attempt, an_intent
from genhub.testing._store_writes import read, written

DAY = timedelta(days=1)


async def listed(store: JobStore, **which: Any) -> list[str]:
    return [job.id async for job in store.jobs(JobFilter(**which))]


async def unfinished(store: JobStore) -> list[str]:
    return [job.id async for job in store.unfinished()]


async def several(store: JobStore) -> None:
    """Write jobs that differ in all that a filter can ask for, not in their order."""
    jobs = [
        a_job(id="d", created_at=NOON + 2 * DAY, request={"label": "launch", "tags": {"team": "ads", "x": "1"}}),
        a_job(
            id="a",
            created_at=NOON,
            request={"label": "launch", "tags": {"team": "growth"}},
            attempt={"status": Status.CANCELED},
        ),
        a_job(id="c", created_at=NOON + DAY, attempt={"account": "spare", "status": Status.RUNNING}, route=a_route()),
        a_job(id="b", created_at=NOON + DAY, request={"tags": {"other": "growth"}}, route=a_route(route="")),
    ]
    for job in jobs:
        await written(store, job)
    await store.add(an_attempt(job_id="a", number=2, account="spare", status=Status.FAILED), an_intent())


class StoreReads:
    """The promises about reading."""

    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            ({}, "abcd"),
            ({"newest_first": True}, "dcba"),
            ({"limit": 2}, "ab"),
            ({"limit": 2, "newest_first": True}, "dc"),
            ({"limit": 0}, ""),
            ({"limit": 9}, "abcd"),
            ({"status": frozenset({Status.SUBMITTING})}, "bd"),
            ({"status": frozenset({Status.FAILED, Status.RUNNING})}, "ac"),
            ({"status": frozenset[Status]()}, ""),
            ({"account": "main"}, "abd"),
            ({"account": "spare"}, "ac"),
            ({"account": "nobody"}, ""),
            ({"route": "cheap"}, "c"),
            ({"route": ""}, "b"),
            ({"route": "no such"}, ""),
            ({"since": NOON + DAY}, "bcd"),
            ({"until": NOON + DAY}, "a"),
            ({"since": NOON + DAY, "until": NOON + 2 * DAY}, "bc"),
            ({"since": (NOON + DAY).astimezone(timezone(timedelta(hours=9)))}, "bcd"),
            ({"since": NOON + DAY + timedelta(microseconds=1)}, "d"),
            ({"label": "launch"}, "ad"),
            ({"tag": ("team", "growth")}, "a"),
            ({"tag": ("x", "1")}, "d"),
            ({"tag": ("x", "None")}, ""),
            ({"label": "launch", "account": "main", "newest_first": True, "limit": 1}, "d"),
            ({"label": "launch", "status": frozenset({Status.FAILED}), "since": NOON}, "a"),
        ],
        ids=str,
    )
    async def test_a_list_has_what_its_filter_asks_for(
        self, store: JobStore, which: dict[str, Any], expected: str
    ) -> None:
        """Jobs come in the order of their creation; status is the present attempt's, account any attempt's."""
        await several(store)

        assert list(expected) == await listed(store, **which)

    @pytest.mark.parametrize("newest_first", [False, True])
    async def test_a_long_list_is_whole(self, store: JobStore, newest_first: bool) -> None:
        """A list of many pages has each job once, even where many were made at the same moment."""
        ids = [f"j{n:04}" for n in range(450)]
        jobs = [a_job(id=each, created_at=NOON + timedelta(seconds=n // 300)) for n, each in enumerate(ids)]
        await asyncio.gather(*(store.create(job, an_intent()) for job in reversed(jobs)))
        ids = ids[::-1] if newest_first else ids

        assert ids == await listed(store, newest_first=newest_first)
        assert ids[:401] == await listed(store, newest_first=newest_first, limit=401)
        assert sorted(ids) == await unfinished(store)

    async def test_a_list_does_not_hold_back_the_writers(self, store: JobStore) -> None:
        """Jobs can be written while a list is read, and a list can be left in the middle."""
        for n in range(3):
            await written(store, a_job(id=f"j{n}"))

        seen: list[Job] = []
        async for job in store.jobs(JobFilter()):
            assert await store.advance(evolve(job.attempt, status=Status.SUCCEEDED)) is not None
            seen.append(job)
            if len(seen) == 2:
                break

        assert ["j0", "j1"] == [job.id for job in seen]
        assert ["j2"] == await unfinished(store)

    @pytest.mark.parametrize("status", Status)
    async def test_what_is_not_final_is_unfinished(self, store: JobStore, status: Status) -> None:
        """A job is unfinished until its attempt is final, and again when it comes back to life."""
        job = await written(store)
        attempt = await store.record(evolve(job.attempt, status=status))
        assert ([] if status.is_final else [job.id]) == await unfinished(store)

        attempt = await store.record(evolve(attempt, status=Status.SUCCEEDED))
        assert [] == await unfinished(store)

        assert await store.advance(evolve(attempt, status=status)) is not None
        assert ([] if status.is_final else [job.id]) == await unfinished(store)

    async def test_a_resume_under_way_is_unfinished(self, store: JobStore) -> None:
        """A stopped job whose resume was sent and not answered is looked at after a crash."""
        job = await written(store)
        stopped = await store.record(evolve(job.attempt, status=Status.STOPPED))
        assert [] == await unfinished(store)

        resuming = await store.advance(evolve(stopped, resuming_at=NOON))

        assert resuming is not None
        assert [evolve(job, attempts=(resuming,))] == [each async for each in store.unfinished()]

    async def test_a_job_that_is_tried_again_is_unfinished(self, store: JobStore) -> None:
        """A further attempt puts a job that had failed back among the unfinished."""
        job = await written(store, a_job(attempt={"status": Status.FAILED}))
        assert [] == await unfinished(store)

        await store.add(an_attempt(job_id=job.id, number=2), an_intent())

        assert [job.id] == await unfinished(store)

    async def test_vendor_ids_are_claimed_by_account(self, store: JobStore) -> None:
        """A vendor's id belongs to the attempts of one account that have it, from the write that says so."""
        job, other = await written(store), await written(store, a_job(attempt={"account": "spare"}))
        assert {} == await store.claimed("main", ["v-1"])

        for each in (job, other):
            await store.record(evolve(each.attempt, ref=Ref(id="v-1", kind="captions")))

        assert {"v-1": job.attempt.id} == await store.claimed("main", ["v-1", "v-2"])
        assert {"v-1": other.attempt.id} == await store.claimed("spare", {"v-1"})
        assert ((job.id,), (other.id,)) == (await store.find("main", ["v-1"]), await store.find("spare", ["v-1"]))
        assert ({}, ()) == (await store.claimed("main", []), await store.find("main", []))

    async def test_a_claim_goes_with_the_id(self, store: JobStore) -> None:
        """An attempt whose vendor id was changed (a person settled it) claims the new one only."""
        job = await written(store)
        await store.record(evolve(job.attempt, ref=Ref(id="v-1", kind="captions")))
        await store.record(evolve(job.attempt, ref=Ref(id="v-2", kind="captions")))

        assert {"v-2": job.attempt.id} == await store.claimed("main", ["v-1", "v-2"])
        assert ((), (job.id,)) == (await store.find("main", ["v-1"]), await store.find("main", ["v-2"]))

    async def test_a_vendor_id_may_belong_to_several(self, store: JobStore) -> None:
        """All jobs with a vendor's id are found, in the order of their creation, each once."""
        ref = Ref(id="v-1", kind="captions")
        later = await written(store, a_job(created_at=NOON + DAY, attempt={"ref": ref}))
        first = await written(store, a_job(created_at=NOON, attempt={"ref": ref}))
        await store.add(an_attempt(job_id=first.id, number=2, ref=evolve(ref, id="v-2")), an_intent())

        assert (first.id, later.id) == await store.find("main", ["v-1", "v-2", "v-1"])
        assert {"v-1": min(first.attempt.id, later.attempt.id)}.items() <= (
            await store.claimed("main", ["v-1"])
        ).items()

    async def test_many_vendor_ids_can_be_asked_for(self, store: JobStore) -> None:
        """There is no limit to the number of ids in one question."""
        job = await written(store, a_job(attempt={"ref": Ref(id="v-1499", kind="captions")}))
        ids = [f"v-{n}" for n in range(1500)]

        assert {"v-1499": job.attempt.id} == await store.claimed("main", ids)
        assert (job.id,) == await store.find("main", ids)

    @pytest.mark.parametrize("before", [None, frozenset[str](), frozenset({"v-1"})], ids=["not looked", "none", "one"])
    async def test_not_looked_is_not_none_found(self, store: JobStore, before: frozenset[str] | None) -> None:
        """An intent keeps the difference between not having looked and having found nothing."""
        job = a_job()
        await store.create(job, an_intent(before=before))

        intent = await store.intent(job.attempt.id)

        assert intent is not None
        assert before == intent.before

    async def test_what_is_held_in_memory_is_what_is_read(self, store: JobStore) -> None:
        """A store that can hand out a job without reading hands out the job as it is written."""
        job = await written(store, a_job())
        attempt = await store.record(evolve(job.attempt, status=Status.QUEUED, ref=Ref(id="v-1", kind="captions")))

        held = store.held(job.id)

        assert held is None or (attempt,) == held.attempts
        assert held is None or await read(store, job) == held
        assert store.held("nobody") is None

    async def test_a_write_is_seen_by_the_next_read(self, store: JobStore) -> None:
        """Whoever awaited a write reads what it wrote, also among many others."""

        async def live(n: int) -> bool:
            job = await written(store, a_job(id=f"j{n:03}"))
            attempt = await store.record(evolve(job.attempt, status=Status.QUEUED))
            return attempt == (await read(store, job)).attempt

        assert all(await asyncio.gather(*map(live, range(100))))
