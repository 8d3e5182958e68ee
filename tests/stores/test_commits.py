"""How writes share commits, and what becomes of them when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Connection, Cursor, OperationalError, connect
from threading import Event
from typing import Any

import pytest
from attrs import evolve

from genhub import JournalError
from genhub._status import Status
from genhub.stores._sqlite import SqliteStore
from genhub.stores._worker import BATCH, Worker
from genhub.testing._store_records import a_job, a_line, an_attempt, an_intent


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(tmp_path / "genhub.db") as store:
        yield store


def worker_of(store: SqliteStore) -> Worker:
    worker = store._writer  # pyright: ignore[reportPrivateUsage]
    assert worker is not None
    return worker


class Hold:
    """Keeps the writer busy, so that what comes meanwhile shares the next commit."""

    def __init__(self, store: SqliteStore) -> None:
        self._began, self._free = Event(), Event()
        self._busy = worker_of(store).run(self._wait)
        self._began.wait()

    def _wait(self, _: Connection) -> None:
        self._began.set()
        self._free.wait()

    async def let_go(self) -> None:
        self._free.set()
        await self._busy


async def test_writes_share_commits(store: SqliteStore) -> None:
    """Many jobs under way need far fewer commits than writes."""
    jobs = [a_job() for _ in range(256)]
    before = store.transactions

    async def live(n: int) -> None:
        attempt = jobs[n].attempt
        assert await store.create(jobs[n], an_intent()) is None
        attempt = await store.record(evolve(attempt, status=Status.QUEUED, entries=(a_line(),)))
        assert await store.advance(evolve(attempt, status=Status.SUCCEEDED)) is not None

    await asyncio.gather(*map(live, range(256)))

    assert store.transactions - before <= 3 * 256 / 8


async def test_a_commit_carries_at_most_a_batch(store: SqliteStore) -> None:
    hold = Hold(store)
    before = store.transactions
    writes = [asyncio.ensure_future(store.put(f"fact {n}", n)) for n in range(3 * BATCH)]
    await asyncio.sleep(0)

    await hold.let_go()
    await asyncio.gather(*writes)

    assert 3 <= store.transactions - before <= 5


async def test_a_write_that_fails_fails_alone(store: SqliteStore) -> None:
    """Its neighbours in the same commit are written, and of itself nothing is."""
    hold = Hold(store)
    before = store.transactions
    good = [a_job() for _ in range(5)]
    bad = a_job(attempt={"id": good[0].attempt.id})  # its second statement fails
    writes = [store.create(job, an_intent()) for job in (good[0], good[1], bad, *good[2:])]
    answers = asyncio.gather(*writes, store.record(an_attempt()), return_exceptions=True)
    await asyncio.sleep(0)
    await hold.let_go()

    errors = [answer for answer in await answers if answer is not None]

    assert 2 >= store.transactions - before
    assert [JournalError, JournalError] == [type(error) for error in errors]
    assert "it refused a write (UNIQUE constraint failed: attempts.id)" in str(errors[0])
    assert good == [await store.job(job.id) for job in good]
    assert await store.job(bad.id) is None


async def test_a_full_disk_fails_only_what_does_not_fit(store: SqliteStore) -> None:
    """A record that fills the disk takes the whole commit with it; its neighbours are then written one by one."""
    pages = await worker_of(store).run(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await worker_of(store).run(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 20}").fetchone())
    hold = Hold(store)
    facts: list[Any] = [1, 2, "x" * 1_000_000, 4]
    answers = asyncio.gather(*(store.put(f"fact {n}", fact) for n, fact in enumerate(facts)), return_exceptions=True)
    await asyncio.sleep(0)
    await hold.let_go()

    first, second, large, last = await answers

    assert (None, None, None) == (first, second, last)
    assert isinstance(large, JournalError)
    assert "its disk is full" in str(large)
    assert [1, 2, None, 4] == [await store.get(f"fact {n}") for n in range(4)]

    await worker_of(store).run(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    await store.put("fact 2", facts[2])
    assert facts[2] == await store.get("fact 2")


async def test_an_error_in_an_operation_is_the_callers(store: SqliteStore) -> None:
    """The thread outlives whatever it is given, and leaves no transaction open."""

    def broken(db: Connection) -> None:
        db.execute("INSERT INTO facts VALUES ('half', '1')")
        raise ZeroDivisionError

    def rude(db: Connection) -> None:
        db.execute("INSERT INTO facts VALUES ('rude', '1')")
        db.execute("ROLLBACK")
        raise ZeroDivisionError

    for operation in (broken, rude):
        with pytest.raises(JournalError, match="ZeroDivisionError"):
            await worker_of(store).run(operation)

    await store.put("whole", 1)
    assert (None, None, 1) == (await store.get("half"), await store.get("rude"), await store.get("whole"))


async def test_a_commit_that_fails_is_tried_write_by_write(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk had a bad moment at the flush: nothing of the commit was kept, so all of it is written anew."""
    fails = iter([True, False, True, False, False])  # all four together, then each alone

    class Unlucky:
        def __init__(self, db: Connection) -> None:
            self._db = db

        def __getattr__(self, name: str) -> Any:
            return getattr(self._db, name)

        def execute(self, sql: str, *values: Any) -> Cursor:
            if sql == "COMMIT" and next(fails):
                raise OperationalError("disk I/O error")
            return self._db.execute(sql, *values)

    worker = worker_of(store)
    transact: Any = worker._transaction  # pyright: ignore[reportPrivateUsage]
    hold = Hold(store)
    monkeypatch.setattr(worker, "_transaction", lambda db, batch: transact(Unlucky(db), batch))  # pyright: ignore
    answers = asyncio.gather(*(store.put(f"fact {n}", n) for n in range(4)), return_exceptions=True)
    await asyncio.sleep(0)
    await hold.let_go()

    assert [type(None), JournalError, type(None), type(None)] == [type(answer) for answer in await answers]
    assert [0, None, 2, 3] == [await store.get(f"fact {n}") for n in range(4)]
    assert [] == list(fails)


async def test_a_session_that_ends_badly_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    @contextmanager
    def session() -> Generator[Connection]:
        with closing(connect(":memory:", isolation_level=None)) as db:
            yield db
        raise OSError("the disk is gone")

    worker = Worker("genhub journal", session, lambda error: error, begin="BEGIN")
    await worker.start()
    assert (1,) == await worker.run(lambda db: db.execute("SELECT 1").fetchone())
    await worker.stop()

    assert "the end of the genhub journal: the disk is gone" in caplog.text


async def test_a_failure_that_nobody_awaits_is_logged(store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    hold = Hold(store)
    task = asyncio.ensure_future(store.record(an_attempt()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()

    await hold.let_go()
    await store.put("later", 1)

    assert "a write failed whose caller had gone" in caplog.text


async def test_close_waits_for_what_is_queued(tmp_path: Path) -> None:
    """Also when whoever closes is cancelled: the writes are done, and the lock is free in the end."""
    store = SqliteStore(tmp_path / "genhub.db")
    await store.open()
    hold = Hold(store)
    writes = [asyncio.ensure_future(store.put(f"fact {n}", n)) for n in range(10)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(store.close())
    await asyncio.sleep(0)
    closing.cancel()
    await hold.let_go()
    await asyncio.gather(*writes)
    await asyncio.gather(closing, return_exceptions=True)
    with pytest.raises(JournalError, match="not open"):
        await store.put("too late", 1)


async def test_an_open_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "genhub.db")
    for _ in range(3):
        opening = asyncio.ensure_future(store.open())
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        assert opening.cancelled()

    async with store:
        await store.put("fact", 1)


def test_a_loop_that_ends_without_a_close_does_not_hang(tmp_path: Path) -> None:
    """What was begun is finished by the thread; nobody is told."""
    store = SqliteStore(tmp_path / "genhub.db")
    free = Event()
    worker: list[Worker] = []

    async def forgetful() -> None:
        await store.open()
        worker.append(worker_of(store))
        worker[0].run(lambda _: free.wait())

    asyncio.run(forgetful())
    free.set()

    for each in (*worker, store._reader):  # pyright: ignore[reportPrivateUsage]
        assert each is not None
        each._queue.put(None)  # pyright: ignore[reportPrivateUsage]
        each._thread.join()  # pyright: ignore[reportPrivateUsage]
    assert 1 <= worker[0].transactions
