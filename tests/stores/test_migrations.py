"""How a journal's schema grows up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genhub import JournalError
from genhub.stores._migrations import APPLICATION_ID, Migration, check, migrate, shipped, statements
from genhub.stores._sqlite import SqliteStore

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


async def test_the_shipped_make_a_sound_file(path: Path) -> None:
    async with SqliteStore(path):
        pass
    with closing(sqlite3.connect(path)) as db:
        assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
        assert shipped()[-1].number == version(db)
