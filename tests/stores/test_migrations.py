"""How a journal's schema grows up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from genhub import JournalError
from genhub._jobs import JobError
from genhub._status import Status
from genhub.stores import JobFilter
from genhub.stores._migrations import APPLICATION_ID, Migration, check, migrate, shipped, statements
from genhub.stores._rows import micros
from genhub.stores._sqlite import SqliteStore
from genhub.testing._store_records import NOON, a_line, a_route

FIRST = Migration(1, "CREATE TABLE jobs (id TEXT);\nINSERT INTO jobs VALUES ('old; one');\n-- the end\n")
SECOND = Migration(2, "ALTER TABLE jobs ADD COLUMN key TEXT;\nUPDATE jobs SET key = 'k';\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "genhub.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def version(db: sqlite3.Connection) -> int:
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    return found


def test_the_shipped_are_numbered_without_gaps() -> None:
    assert list(range(1, len(shipped()) + 1)) == [each.number for each in shipped()]


def test_each_is_applied_once(db: sqlite3.Connection, path: Path) -> None:
    for _ in range(2):
        migrate(db, path, [FIRST, SECOND])

    assert [("old; one", "k")] == db.execute("SELECT * FROM jobs").fetchall()
    assert (2, (APPLICATION_ID,)) == (version(db), db.execute("PRAGMA application_id").fetchone())


def test_a_new_file_needs_no_copy(db: sqlite3.Connection, path: Path) -> None:
    migrate(db, path, [FIRST, SECOND])

    assert ["genhub.db"] == [each.name for each in path.parent.iterdir()]


def test_what_is_there_is_copied_first(db: sqlite3.Connection, path: Path) -> None:
    """Also over a copy, and half a copy, that an earlier try left behind."""
    migrate(db, path, [FIRST])
    copy = path.with_name("genhub.db.v1.bak")
    copy.write_text("an earlier try")
    copy.with_name("genhub.db.v1.bak.part").write_text("half of one")

    migrate(db, path, [FIRST, SECOND])

    with closing(sqlite3.connect(copy)) as old:
        assert [("old; one",)] == old.execute("SELECT * FROM jobs").fetchall()
        assert (1, (APPLICATION_ID,)) == (version(old), old.execute("PRAGMA application_id").fetchone())
    assert {"genhub.db", "genhub.db.v1.bak"} == {each.name for each in path.parent.iterdir()}


def test_a_migration_that_fails_changes_nothing(db: sqlite3.Connection, path: Path) -> None:
    migrate(db, path, [FIRST])
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, path, [FIRST, Migration(2, f"{SECOND.sql}INSERT INTO nowhere VALUES (1);")])

    assert not db.in_transaction
    assert (1, [("old; one",)]) == (version(db), db.execute("SELECT * FROM jobs").fetchall())
    migrate(db, path, [FIRST, SECOND])
    assert 2 == version(db)


def test_a_newer_journal_is_refused(db: sqlite3.Connection, path: Path) -> None:
    migrate(db, path, [FIRST, SECOND])
    for look in (migrate, check):
        with pytest.raises(JournalError, match=r"its schema 2 is newer .*Upgrade"):
            look(db, path, [FIRST])


def test_a_reader_migrates_nothing(db: sqlite3.Connection, path: Path) -> None:
    migrate(db, path, [FIRST])
    check(db, path, [FIRST])
    with pytest.raises(JournalError, match=r"its schema 1 is older .*without read_only"):
        check(db, path, [FIRST, SECOND])
    assert 1 == version(db)


def test_a_trigger_is_one_statement() -> None:
    """Split at the semicolons that end a statement, not at those inside."""
    trigger = "CREATE TRIGGER t BEFORE DELETE ON a\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n"

    assert ["-- a; b\nSELECT 1;\n", trigger] == list(statements(f"-- a; b\nSELECT 1;\n{trigger}-- last\n"))


def the_first(db: sqlite3.Connection, path: Path, jobs: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Make a journal as the first schema had it; of each job the (status, data) of its attempts."""
    migrate(db, path, shipped()[:1])
    for job_id, attempts in jobs.items():
        status, data = attempts[-1]
        shown = (status, int(not Status(status).is_final or '"resuming_at"' in data), len(attempts))
        asked = ("[]", '{"kind":"text","prompt":"Dark mode is here"}')
        job = (job_id, f"key-{job_id}", micros(NOON), "text", None, *shown, *asked)
        db.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", job)
        for number, (status, data) in enumerate(attempts, 1):
            intent = '{"call":{"kind":"captions","path":"/captions","body":{}},"key":"k-1"}'
            attempt = (f"{job_id}-{number}", job_id, number, "main", "acme", "v", status, 3, data, intent)
            db.execute("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", attempt)
            line = (attempt[0], 1, "charge", "10", 0, "reported", micros(NOON), None, "", "main", job_id)
            db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", line)


def outcome(*more: str) -> str:
    """Return an attempt's data as the first schema had it."""
    fields = (
        '"kind":"captions"',
        '"unit":"credits"',
        f'"created_at":"{NOON.isoformat()}"',
        '"ref":{"id":"v","kind":"captions"}',
    )
    return "{" + ",".join((*fields, *more)) + "}"


def ended(at: str) -> str:
    return f'"finished_at":"{at}"'


RESUMING = f'"resuming_at":"{NOON.isoformat()}"'
LATE, EARLY = ended("2026-11-20T12:00:09.999999+00:00"), ended("2026-11-20T14:00:09.000001+02:00")


async def test_a_journal_of_the_first_schema_is_read_whole(path: Path, db: sqlite3.Connection) -> None:
    """Old jobs are as they were, and their rows show what the jobs themselves say."""
    jobs: dict[str, list[tuple[str, str]]] = {
        "running": [("running", outcome('"raw_status":"busy"'))],
        "failed": [("failed", outcome('"error":{"kind":"vendor","message":"no"}', LATE))],
        "resuming": [("stopped", outcome(EARLY, RESUMING))],
        "resuming-before": [("stopped", outcome(RESUMING)), ("failed", outcome())],
        "lost": [("unconfirmed", outcome()), ("failed", outcome(LATE))],
        "lost-behind": [("running", outcome()), ("unconfirmed", outcome())],
        "late": [("succeeded", outcome(LATE)), ("succeeded", outcome(EARLY)), ("queued", outcome())],
        "undated": [("succeeded", outcome()), ("succeeded", outcome(LATE)), ("failed", outcome())],
        "no-fraction": [("expired", outcome(ended("2026-11-20T12:00:09+00:00")))],
        "odd": [("failed", outcome('"outputs":[{"kind":"file","raw":[NaN,1267650600228229401496703205376]}]', LATE))],
    }
    the_first(db, path, jobs)

    async with SqliteStore(path) as store:
        found = {job.id: job async for job in store.jobs(JobFilter())}
        unfinished = {job.id async for job in store.unfinished()}
        listed = {
            status: {job.id async for job in store.jobs(JobFilter(status=frozenset({status})))} for status in Status
        }
        assert found["lost"] == await store.keyed("key-lost")

    assert set(jobs) == set(found)
    assert {"running", "resuming", "resuming-before", "lost", "lost-behind", "late"} == unfinished
    assert unfinished == {job.id for job in found.values() if job.is_open}
    for status, ids in listed.items():
        assert {job.id for job in found.values() if job.status is status} == ids
    assert (2, 2) == (found["late"].attempt.number, found["undated"].attempt.number)
    assert {(None, None, None)} == {(job.route, job.fingerprint, job.trace) for job in found.values()}
    for job in found.values():
        assert [status for status, _ in jobs[job.id]] == [str(each.status) for each in job.attempts]
        assert {(3, "v", (a_line(),))} == {(each.version, each.provider_id, each.entries) for each in job.attempts}
    assert JobError(kind="vendor", message="no") == found["failed"].error
    columns = {
        each.id: (int(each.is_open), None if each.finished_at is None else micros(each.finished_at))
        for job in found.values()
        for each in job.attempts
    }
    columns["odd-1"] = (0, None)  # what SQLite takes for no JSON says nothing
    assert columns == {row[0]: row[1:] for row in db.execute("SELECT id, open, finished_at FROM attempts")}

    async with SqliteStore(path) as store:
        await store.record(evolve(found["lost"].attempts[0], status=Status.FAILED))
        await store.reroute("failed", a_route())
        assert (unfinished - {"lost"}) | {"failed"} == {job.id async for job in store.unfinished()}
        assert ["failed"] == [job.id async for job in store.jobs(JobFilter(route="cheap"))]


async def test_the_shipped_make_a_sound_file(path: Path) -> None:
    async with SqliteStore(path):
        pass
    with closing(sqlite3.connect(path)) as db:
        assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
        assert shipped()[-1].number == version(db)
