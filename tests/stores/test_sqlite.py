from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from attrs import evolve

from genhub import ConfigError, JournalError
from genhub._jobs import Job, Output
from genhub._status import Status
from genhub.stores import JobFilter, JobStore, _connections, _listing, _tables, open_store
from genhub.stores._sqlite import SqliteStore
from genhub.testing import StoreContract
from genhub.testing._store_records import NOON, a_job, a_line, an_attempt, an_intent


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Callable[[], JobStore]:
        return lambda: SqliteStore(tmp_path / "genhub.db")


class TestSqliteStoreInSmallStrides(StoreContract):
    """The same where each page of a list looks at few jobs."""

    @pytest.fixture
    def make_store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], JobStore]:
        monkeypatch.setattr(_listing, "STRIDE", 2)
        return lambda: SqliteStore(tmp_path / "genhub.db")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "genhub.db"


@pytest.fixture
def shell(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's connection to the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


async def refused(store: JobStore, **how: Any) -> str:
    with pytest.raises(JournalError) as caught:
        await store.open(**how)
    with pytest.raises(JournalError, match="not open"):
        await store.job("j")
    return str(caught.value)


async def write(store: JobStore, **fields: Any) -> Job:
    job = a_job(**fields)
    assert await store.create(job, an_intent()) is None
    return job


async def only(store: JobStore) -> Job:
    (job,) = [each async for each in store.jobs(JobFilter())]
    return job


def test_its_url_names_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    near, far = open_store("sqlite:///genhub.db"), open_store(f"sqlite:///{tmp_path}/odd name?#%41.db")

    assert isinstance(near, SqliteStore)
    assert isinstance(far, SqliteStore)
    assert ("genhub.db", tmp_path / "genhub.db") == (near.name, near.path)
    assert tmp_path / "odd name?#%41.db" == far.path


@pytest.mark.parametrize("url", ["genhub.db", "sqlite://genhub.db", "sqlite:///", "mysql:///x", "memory", ""])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"sqlite:///genhub\.db"):
        open_store(url)


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_file_needs_a_name(path: str) -> None:
    with pytest.raises(ConfigError, match="memory:"):
        SqliteStore(path)


async def test_an_odd_name_is_a_name(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / "odd name?#%41.db") as store:
        await write(store)

    assert {f"odd name?#%41.db{end}" for end in ("", ".lock", ".spill")} == {each.name for each in tmp_path.iterdir()}


async def test_it_says_what_is_wrong_with_a_place(tmp_path: Path) -> None:
    assert "this is a folder" in await refused(SqliteStore(tmp_path))
    assert "there is no folder" in await refused(SqliteStore(tmp_path / "no" / "genhub.db"))
    assert "there is no such file" in await refused(SqliteStore(tmp_path / "genhub.db"), read_only=True)
    assert [] == list(tmp_path.iterdir())


async def test_another_kind_of_file_is_not_touched(path: Path) -> None:
    path.write_text("my diary\n" * 1000)
    for how in ({}, {"read_only": True}):
        message = await refused(SqliteStore(path), **how)
        assert "it is not a SQLite file" in message
        assert str(path) in message

    assert "my diary\n" * 1000 == path.read_text()


async def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    async with SqliteStore(path) as store:
        await write(store)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996  # the root page of the schema
    path.write_bytes(content)

    assert "it is damaged" in await refused(SqliteStore(path))


async def test_another_programs_database_is_not_touched(path: Path, shell: sqlite3.Connection) -> None:
    shell.execute("CREATE TABLE recipes (name TEXT)")

    for how in ({}, {"read_only": True}):
        assert "the database of another program" in await refused(SqliteStore(path), **how)
    assert [("recipes",)] == shell.execute("SELECT name FROM sqlite_master").fetchall()


async def test_a_newer_journal_is_refused(path: Path, shell: sqlite3.Connection) -> None:
    async with SqliteStore(path):
        pass
    shell.execute("PRAGMA user_version = 99")

    for how in ({}, {"read_only": True}):
        message = await refused(SqliteStore(path), **how)
        assert "its schema 99 is newer" in message
        assert "Upgrade" in message


async def test_an_empty_file_is_a_journal_for_the_owner_only(path: Path) -> None:
    path.touch()

    assert "it is empty" in await refused(SqliteStore(path), read_only=True)
    async with SqliteStore(path) as store:
        await write(store)


async def test_another_programs_lock_is_named(
    path: Path, shell: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connections, "PATIENCE", 0)
    async with SqliteStore(path) as store:
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="another program holds it"):
            await write(store)
        shell.execute("ROLLBACK")
        await write(store)
    shell.execute("BEGIN EXCLUSIVE")
    assert "another program holds it" in await refused(SqliteStore(path))
    shell.execute("ROLLBACK")


async def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))

    assert "is too old" in await refused(SqliteStore(path))


async def test_a_disk_without_a_log_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Network(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return super().execute("SELECT 'delete'" if "journal_mode" in sql else sql, *values)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: real(*args, factory=Network, **options))

    assert "no write-ahead log (delete)" in await refused(SqliteStore(path))


async def test_readers_see_what_the_owner_writes(path: Path) -> None:
    async with SqliteStore(path) as owner:
        first = await write(owner)
        reader = SqliteStore(path)
        await reader.open(read_only=True)
        try:
            second = await write(owner)
            await owner.record(evolve(second.attempt, status=Status.FAILED, entries=(a_line(),)))

            assert first == await reader.job(first.id)
            assert await owner.job(second.id) == await reader.job(second.id)
            assert await owner.unfinished().__anext__() == await reader.unfinished().__anext__()
            assert (None, True) == (reader.spill, owner.spill is not None)
        finally:
            await reader.close()
    assert owner.spill is None


async def test_a_store_is_opened_once(path: Path) -> None:
    async with SqliteStore(path) as store:
        with pytest.raises(JournalError, match="open already"):
            await store.open()
        await write(store)


async def test_the_file_is_durable_at_each_commit(path: Path) -> None:
    """WAL with synchronous=FULL: NORMAL loses paid jobs when the power goes."""
    with _connections.driving(path) as db:
        assert ("wal",) == db.execute("PRAGMA journal_mode").fetchone()
        assert (2,) == db.execute("PRAGMA synchronous").fetchone()
        assert (1,) == db.execute("PRAGMA foreign_keys").fetchone()
        with _connections.reading(path) as reader:
            assert (0,) == reader.execute("PRAGMA wal_autocheckpoint").fetchone()
            with pytest.raises(sqlite3.OperationalError):
                reader.execute("DELETE FROM facts")


async def test_the_ledger_can_only_grow(path: Path, shell: sqlite3.Connection) -> None:
    """Not even somebody with a shell changes a line by mistake."""
    async with SqliteStore(path) as store:
        job = await write(store)
        await store.record(evolve(job.attempt, entries=(a_line(1), a_line(2))))

    shell.execute("PRAGMA foreign_keys = ON")
    for statement in ("UPDATE entries SET amount = '0'", "DELETE FROM entries WHERE sequence = 2"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            shell.execute(statement)
    for duplicate in ("kind", "'refund'"):
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            shell.execute(
                f"INSERT INTO entries SELECT attempt_id, sequence, {duplicate}, amount, whole, evidence, at, settles, "
                "note, account, job_id FROM entries"
            )
    assert (2,) == shell.execute("SELECT count(*) FROM entries").fetchone()


async def test_a_start_looks_only_at_what_is_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unfinished are read from their own small index, page by page."""
    plans: list[str] = []
    find_jobs = _tables.find_jobs

    def explained(db: sqlite3.Connection, condition: str, values: Any) -> Any:
        plans.extend(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM jobs {condition}", values))
        return find_jobs(db, condition, values)

    monkeypatch.setattr(_listing, "find_jobs", explained)
    monkeypatch.setattr("genhub.stores._sqlite.PAGE", 2)
    async with SqliteStore(path) as store:
        for n in range(5):
            await write(store, id=f"j{n}")
        assert ["j0", "j1", "j2", "j3", "j4"] == [job.id async for job in store.unfinished()]
        assert 3 == len(plans)
        assert all(plan.startswith(("SCAN", "SEARCH")) and "jobs_open" in plan for plan in plans)

        plans.clear()
        assert 5 == len([job async for job in store.jobs(JobFilter(newest_first=True))])
        assert all("jobs_in_order" in plan for plan in plans)


async def test_those_alike_are_found_by_their_own_index(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the history is, few jobs are looked at, the newest first."""
    plans: list[str] = []
    find_jobs = _tables.find_jobs

    def explained(db: sqlite3.Connection, condition: str, values: Any) -> Any:
        plans.extend(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM jobs {condition}", values))
        return find_jobs(db, condition, values)

    monkeypatch.setattr(_tables, "find_jobs", explained)
    async with SqliteStore(path) as store:
        job = await write(store, fingerprint="f-1")

        assert job == await store.alike("f-1", NOON)
    assert ["SEARCH jobs USING INDEX jobs_alike (fingerprint=? AND created_at>?)"] == plans


@pytest.mark.parametrize(("attempts", "looks"), [(1, 0), (2, 2)])
async def test_a_job_of_one_attempt_costs_no_look_at_others(path: Path, attempts: int, looks: int) -> None:
    """Most jobs have one attempt: what their row shows is known from the write itself."""
    said: list[str] = []
    async with SqliteStore(path) as store:
        job = await write(store)
        for number in range(2, attempts + 1):
            await store.add(an_attempt(job_id=job.id, number=number), an_intent())
        worker = store._writer  # pyright: ignore[reportPrivateUsage]
        assert worker is not None
        await worker.run(lambda db: db.set_trace_callback(said.append))

        recorded = await store.record(evolve(job.attempt, status=Status.RUNNING))
        assert await store.advance(evolve(recorded, status=Status.FAILED)) is not None

        await worker.run(lambda db: db.set_trace_callback(None))
        assert (Status.FAILED if attempts == 1 else Status.SUBMITTING) == (await only(store)).status
    assert looks == len([each for each in said if each.startswith("SELECT") and "FROM attempts" in each])
    assert 2 == len([each for each in said if "UPDATE attempts" in each])


async def test_a_page_looks_at_a_bounded_number_of_jobs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that few jobs meet does not become one long read."""
    monkeypatch.setattr(_listing, "STRIDE", 10)
    async with SqliteStore(path) as store:
        for n in range(25):
            await write(store, id=f"j{n:02}", request={"label": "rare" if n in (3, 24) else "usual"})
        with _connections.reading(path) as db:
            pages = [_listing.page(db, JobFilter(label="rare"), None, 200)]
            while pages[-1].after is not None:
                pages.append(_listing.page(db, JobFilter(label="rare"), pages[-1].after, 200))

    assert [["j03"], [], ["j24"]] == [[row[0] for row in page.found.jobs] for page in pages]


async def test_a_job_that_cant_be_read_is_named(path: Path, shell: sqlite3.Connection) -> None:
    async with SqliteStore(path) as store:
        job = await write(store)
        shell.execute("UPDATE attempts SET data = '{\"created_at\": 5}'")
        with pytest.raises(JournalError, match=f"job {job.id} in the journal can't be read"):
            await store.job(job.id)


async def test_what_json_has_no_word_for_never_loses_an_outcome(path: Path) -> None:
    """A vendor's raw answer may hold anything; the outcome is written, and the rest as near as can be."""
    raws: list[Any] = [{"b", "a"}, b"x", Decimal("1.5"), {1: MappingProxyType({"x": (1,)})}, NOON, range(2), int]
    odd: list[Any] = [2**70, "\ud800"]
    outputs = tuple(Output(kind="file", raw=raw) for raw in (*raws, *odd))
    async with SqliteStore(path) as store:
        job = await write(store)
        await store.record(evolve(job.attempt, status=Status.SUCCEEDED, outputs=outputs))
        found = await store.job(job.id)
    assert found is not None
    kept = [["a", "b"], "b'x'", "1.5", {"1": {"x": [1]}}, NOON.isoformat(), [0, 1], "<class 'int'>"]
    assert [*kept, *odd] == [output.raw for output in found.outputs]


@pytest.mark.parametrize(
    ("version", "bad"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 0), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
async def test_a_sqlite_with_the_reset_bug_is_warned_of_once(
    version: tuple[int, int, int],
    bad: bool,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert bad is _connections.may_lose_the_log(version)
    if version > (3, 35):
        _connections._warn_of_reset.cache_clear()  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        for _ in range(2):
            async with SqliteStore(path):
                pass
        assert int(bad) == len([record for record in caplog.records if "can damage a file" in record.message])
