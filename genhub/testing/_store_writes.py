"""What a store promises about its writes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve, fields

from genhub._credits import EntryKind
from genhub._errors import JournalError
from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job, JobError, Output, Ref
from genhub._status import Status
from genhub.stores import JobStore
from genhub.testing._store_records import (
    a_full_attempt,
    a_full_error,
    a_full_intent,
    a_full_job,
    a_full_output,
    a_full_route,
    a_job,
    a_line,
    an_attempt,
    an_intent,
)


async def written(store: JobStore, job: Job | None = None) -> Job:
    """Write a job, and return it as the journal has it."""
    job = a_job() if job is None else job
    assert await store.create(job, an_intent()) is None
    return job


async def read(store: JobStore, job: Job | Attempt) -> Job:
    found = await store.job(job.job_id if isinstance(job, Attempt) else job.id)
    assert found is not None
    return found


class StoreWrites:
    """The promises about writing."""

    @pytest.mark.parametrize(
        "full",
        [a_full_job(), a_full_route(), a_full_attempt(), a_full_error(), a_full_output()],
        ids=lambda full: type(full).__name__,
    )
    async def test_the_full_records_have_no_field_at_its_default(
        self, full: Job | Itinerary | Attempt | JobError | Output
    ) -> None:
        """A field that is added later has to join the round trip."""
        for each in fields(type(full)):
            make = getattr(each.default, "factory", None)
            assert (make() if make else each.default) != getattr(full, each.name), each.name

    async def test_a_job_is_read_back_as_it_was_written(self, store: JobStore) -> None:
        """Every field of a job, its route, its attempt, its lines and its outputs comes back without loss."""
        job = a_full_job()
        assert await store.create(job, a_full_intent()) is None

        found = await read(store, job)

        assert job == found
        assert [str(line.amount) for line in job.entries] == [str(line.amount) for line in found.entries]
        assert found.created_at.utcoffset() == timedelta(0)
        assert job == await store.keyed("mine")
        assert a_full_intent() == await store.intent(job.attempt.id)

    async def test_an_outcome_is_read_back_as_it_was_written(self, store: JobStore) -> None:
        """Every field that `record` and `advance` write comes back without loss."""
        job = await written(store)
        full = a_full_attempt(id=job.attempt.id, job_id=job.id)

        recorded = await store.record(full)

        assert evolve(full, version=1) == recorded == (await read(store, job)).attempt
        advanced = await store.advance(evolve(an_attempt(id=full.id, job_id=job.id), version=1, notes=full.notes))
        assert advanced is not None
        assert (full.entries, full.notes, 2) == (advanced.entries, advanced.notes, advanced.version)
        assert advanced == (await read(store, job)).attempt

    async def test_what_is_not_there_is_none(self, store: JobStore) -> None:
        """An unknown job, key, intent or fact is None, never an error."""
        assert (None, None) == (await store.job("no"), await store.keyed("no"))
        assert (None, None) == (await store.intent("no"), await store.get("no"))

    async def test_the_same_key_is_the_same_job(self, store: JobStore) -> None:
        """A second create with the caller's key returns the first job and writes nothing."""
        first = await written(store, a_job(key="mine"))
        second = a_job(key="mine")

        assert first == await store.create(second, an_intent())
        assert (None, None) == (await store.job(second.id), await store.intent(second.attempt.id))
        assert first == await store.create(first, an_intent())

    async def test_of_many_with_one_key_one_is_written(self, store: JobStore) -> None:
        """Creates with the same key at the same time: one is written, and all others are told which."""
        answers = await asyncio.gather(*(store.create(a_job(key="mine"), an_intent()) for _ in range(20)))

        assert 1 == answers.count(None)
        assert 19 == answers.count(await store.keyed("mine"))

    async def test_a_job_is_created_once(self, store: JobStore) -> None:
        """An id that is taken is an error, and the first job stays as it is."""
        job = await written(store)

        with pytest.raises(JournalError):
            await store.create(evolve(job, to=("other",)), an_intent())

        assert job == await read(store, job)

    async def test_a_further_attempt_is_the_present_one(self, store: JobStore) -> None:
        """After `add` the job shows the new attempt; both keep what they meant to send."""
        job = await written(store)
        second = an_attempt(job_id=job.id, number=2, account="spare", status=Status.QUEUED)

        assert await store.add(second, a_full_intent())
        assert evolve(job, attempts=(job.attempt, second)) == await read(store, job)
        assert (an_intent(), a_full_intent()) == (await store.intent(job.attempt.id), await store.intent(second.id))

    async def test_an_attempt_number_is_given_once(self, store: JobStore) -> None:
        """Of several adds of one number one is written: only its caller may send."""
        job = await written(store)
        rivals = [an_attempt(job_id=job.id, number=2) for _ in range(10)]

        answers = await asyncio.gather(*(store.add(rival, an_intent()) for rival in rivals))

        assert 1 == answers.count(True)
        assert rivals[answers.index(True)] == (await read(store, job)).attempt
        assert not await store.add(an_attempt(job_id=job.id, number=1), an_intent())

    async def test_an_attempt_needs_its_job(self, store: JobStore) -> None:
        """An attempt of a job that the journal does not have is an error."""
        with pytest.raises(JournalError):
            await store.add(an_attempt(number=2), an_intent())

    async def test_an_attempt_id_is_given_once(self, store: JobStore) -> None:
        """An attempt's id that is taken is an error, in the same job and in another."""
        job = await written(store)

        with pytest.raises(JournalError):
            await store.add(an_attempt(id=job.attempt.id, job_id=job.id, number=2), an_intent())
        with pytest.raises(JournalError):
            await store.create(a_job(id="j-other", attempt={"id": job.attempt.id}), an_intent())
        assert await store.job("j-other") is None

    async def test_record_asks_for_no_version(self, store: JobStore) -> None:
        """The outcome of a submit is written whatever became of the row, and counts as one more write."""
        job = await written(store)
        for _ in range(3):
            present = (await read(store, job)).attempt
            assert await store.advance(evolve(present, status=Status.UNCONFIRMED)) is not None

        late = await store.record(evolve(job.attempt, status=Status.QUEUED, ref=Ref(id="v-1", kind="captions")))

        assert (Status.QUEUED, "v-1", 4) == (late.status, late.provider_id, late.version)
        assert late == (await read(store, job)).attempt

    async def test_record_keeps_lines_it_does_not_know(self, store: JobStore) -> None:
        """The lines of the row and of the outcome are joined, in their order."""
        job = await written(store)
        await store.record(evolve(job.attempt, entries=(a_line(1), a_line(3))))

        joined = await store.record(evolve(job.attempt, entries=(a_line(2), a_line(1))))

        assert (a_line(1), a_line(2), a_line(3)) == joined.entries == (await read(store, job)).entries

    async def test_a_line_is_never_changed(self, store: JobStore) -> None:
        """A line that differs from the one with its sequence is an error, and nothing of that write is kept."""
        job = await written(store)
        before = await store.record(evolve(job.attempt, entries=(a_line(1),)))
        other_kind = a_line(1, kind=EntryKind.REFUND)
        for line in (a_line(1, amount=Decimal(11)), a_line(1, amount=None), other_kind, a_line(1, note="?")):
            changed = evolve(before, status=Status.FAILED, entries=(a_line(2), line))
            with pytest.raises(JournalError):
                await store.record(changed)
            with pytest.raises(JournalError):
                await store.advance(changed)

        assert before == (await read(store, job)).attempt
        with pytest.raises(JournalError):
            await store.add(an_attempt(job_id=job.id, number=2, entries=(a_line(1), other_kind)), an_intent())
        assert before == (await read(store, job)).attempt

    async def test_the_same_line_twice_is_one_line(self, store: JobStore) -> None:
        """Looking never charges: news that brings a line again adds nothing."""
        job = await written(store)
        attempt = evolve(job.attempt, entries=(a_line(1),))
        for _ in range(3):
            attempt = await store.record(attempt)

        assert (a_line(1),) == (await read(store, job)).entries

    async def test_a_row_that_is_not_there_is_an_error(self, store: JobStore) -> None:
        """A write that finds no row is never taken for a success."""
        with pytest.raises(JournalError):
            await store.record(an_attempt())
        with pytest.raises(JournalError):
            await store.advance(an_attempt())

    async def test_advance_asks_for_the_version(self, store: JobStore) -> None:
        """News about a version that is past changes nothing and returns None."""
        job = await written(store)
        queued = await store.advance(evolve(job.attempt, status=Status.QUEUED))

        assert queued is not None
        assert await store.advance(evolve(job.attempt, status=Status.FAILED, entries=(a_line(),))) is None
        assert evolve(job.attempt, status=Status.QUEUED, version=1) == queued == (await read(store, job)).attempt

    async def test_of_many_advances_one_wins(self, store: JobStore) -> None:
        """Of several that advance the same version exactly one is written, and its caller has what the row has."""
        job = await written(store)
        rivals = [evolve(job.attempt, raw_status=f"word {n}", entries=(a_line(1, note=str(n)),)) for n in range(20)]

        answers = await asyncio.gather(*(store.advance(rival) for rival in rivals))

        (winner,) = (answer for answer in answers if answer is not None)
        assert winner == (await read(store, job)).attempt

    async def test_an_attempt_that_ended_does_not_speak_for_the_job(self, store: JobStore) -> None:
        """Late news of an attempt that was given up is kept, and the job's status stays that of what still runs."""
        job = await written(store)
        await store.add(an_attempt(job_id=job.id, number=2, status=Status.RUNNING), an_intent())
        await store.record(evolve(job.attempt, status=Status.FAILED))

        found = await read(store, job)

        assert (Status.RUNNING, Status.FAILED) == (found.status, found.attempts[0].status)
        assert [found] == [each async for each in store.unfinished()]

    async def test_a_write_outlives_its_caller(self, store: JobStore) -> None:
        """Cancelling the task that awaits a write does not cancel the write."""
        job = await written(store)
        paid = evolve(job.attempt, status=Status.QUEUED, ref=Ref(id="v-1", kind="captions"), entries=(a_line(),))
        task = asyncio.create_task(store.record(paid))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        await store.close()
        await store.open()

        assert evolve(paid, version=1) == (await read(store, job)).attempt

    async def test_a_fact_takes_the_place_of_an_earlier_one(self, store: JobStore) -> None:
        """Facts are plain data by name; the last one counts, and what is done to it afterwards does not."""
        fact = {"amount": "10.50", "seen": [1, None, {"x": "é"}]}
        await store.put("balance", 1)
        await store.put("balance", fact)
        fact["seen"] = "changed by its owner"

        assert {"amount": "10.50", "seen": [1, None, {"x": "é"}]} == await store.get("balance")
