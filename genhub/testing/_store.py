"""The contract of the journal as tests: what every store promises.

Inherit from `StoreContract` and override `make_store`:

    class TestMyStore(StoreContract):
        @pytest.fixture
        def make_store(self, tmp_path: Path) -> Callable[[], JobStore]:
            return lambda: MyStore(tmp_path / "jobs")

Each inherited test's docstring is a promise.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

try:
    import pytest
    import pytest_asyncio
except ImportError as error:
    raise ImportError("genhub.testing needs the test extra: pip install 'genhub-jobs[test]'") from error

pytest.register_assert_rewrite(
    "genhub.testing._store_reads", "genhub.testing._store_routes", "genhub.testing._store_writes"
)

# ruff: noqa: E402 - what is imported from here on, pytest is to explain
from genhub._errors import JournalError
from genhub.stores import JobFilter, JobStore
from genhub.testing._store_reads import StoreReads, unfinished
from genhub.testing._store_records import a_route, an_attempt, an_intent
from genhub.testing._store_routes import StoreRoutes
from genhub.testing._store_writes import StoreWrites, read, written


class StoreContract(StoreWrites, StoreReads, StoreRoutes):
    """What every store promises."""

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def make_store(self) -> Callable[[], JobStore]:
        """Return a maker of stores that all keep one journal, at first empty: to be overridden."""
        raise NotImplementedError

    @pytest_asyncio.fixture
    async def store(self, make_store: Callable[[], JobStore]) -> AsyncIterator[JobStore]:
        """The open store that the tests speak to."""
        store = make_store()
        await store.open()
        yield store
        await store.close()

    async def test_a_journal_outlives_its_store(self, store: JobStore, make_store: Callable[[], JobStore]) -> None:
        """What was written is there for the next one who opens the journal."""
        job = await written(store)
        await store.put("fact", 1)
        await store.close()

        async with make_store() as again:
            assert job == await read(again, job)
            assert [job.id] == await unfinished(again)
            assert 1 == await again.get("fact")

    async def test_one_hub_drives_a_journal(self, store: JobStore, make_store: Callable[[], JobStore]) -> None:
        """A second owner is refused, and the first one goes on."""
        second = make_store()
        with pytest.raises(JournalError, match="driven by"):
            await second.open()

        await written(store)

    async def test_a_closed_store_says_so(self, store: JobStore) -> None:
        """Close may be called twice; afterwards, and before open, every verb is a JournalError."""
        await store.close()
        await store.close()

        with pytest.raises(JournalError):
            await store.job("j")
        with pytest.raises(JournalError):
            await store.put("fact", 1)
        with pytest.raises(JournalError):
            await anext(store.jobs(JobFilter()))

    async def test_close_finishes_what_was_begun(self, store: JobStore, make_store: Callable[[], JobStore]) -> None:
        """A store that was closed can be opened again, by itself or by another."""
        job = await written(store)
        for _ in range(2):
            await store.close()
            await store.open()
        await store.close()
        async with make_store() as other:
            assert job == await read(other, job)

    async def test_a_reader_writes_nothing(self, store: JobStore, make_store: Callable[[], JobStore]) -> None:
        """A journal that was opened read-only can be read, and refuses every write."""
        job = await written(store)
        await store.close()

        reader = make_store()
        await reader.open(read_only=True)
        try:
            assert job == await read(reader, job)
            for write in (
                reader.create(job, an_intent()),
                reader.add(an_attempt(job_id=job.id, number=2), an_intent()),
                reader.record(job.attempt),
                reader.advance(job.attempt),
                reader.reroute(job.id, a_route()),
                reader.put("fact", 1),
            ):
                with pytest.raises(JournalError, match="read only"):
                    await write
            assert (job, None) == (await read(reader, job), await reader.get("fact"))
        finally:
            await reader.close()
