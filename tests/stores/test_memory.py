from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from genhub import JournalError, Ref, Status
from genhub.stores import JobStore, open_store
from genhub.stores._memory import MemoryStore
from genhub.testing import StoreContract
from genhub.testing._store_records import a_job, an_intent
from genhub.testing._store_writes import written


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def make_store(self) -> Callable[[], JobStore]:
        store = MemoryStore()
        return lambda: store


def test_its_url_is_memory() -> None:
    assert isinstance(open_store("memory:"), MemoryStore)
    assert "memory" == MemoryStore().name
    assert MemoryStore().spill is None


async def test_what_was_meant_to_be_sent_is_kept_while_anybody_may_ask() -> None:
    """An attempt in doubt keeps its call, to be looked for or replayed; one that the vendor has needs it no more."""
    async with MemoryStore() as store:
        lost, made = a_job(id="lost"), a_job(id="made")
        await written(store, lost)
        await written(store, made)
        await store.record(evolve(lost.attempt, status=Status.UNCONFIRMED))
        await store.record(evolve(made.attempt, status=Status.QUEUED, ref=Ref(id="v-1", kind="captions")))

        assert an_intent() == await store.intent(lost.attempt.id)
        assert await store.intent(made.attempt.id) is None
        with pytest.raises(JournalError, match="already"):
            await store.create(made, an_intent())


async def test_what_is_in_doubt_keeps_its_call_though_it_has_an_id() -> None:
    """A doubt is looked into by its call, whatever else is known of the attempt."""
    async with MemoryStore() as store:
        job = a_job()
        await written(store, job)
        await store.record(evolve(job.attempt, status=Status.UNCONFIRMED, ref=Ref(id="v-1", kind="captions")))

        assert an_intent() == await store.intent(job.attempt.id)
