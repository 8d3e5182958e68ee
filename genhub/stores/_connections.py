"""Connections to a journal's file: the one that drives it, and those that read it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from genhub.stores._failures import fail
from genhub.stores._migrations import check, migrate, shipped

log = logging.getLogger("genhub.journal")

#: Seconds to wait for another program's lock (a shell's, a backup's).
PATIENCE = 5.0


@contextmanager
def driving(path: Path) -> Generator[sqlite3.Connection]:
    """Open the file to read and write, with the present schema; it is made when it is missing."""
    _warn_of_reset()
    with closing(_connect(path, "rwc")) as db:
        mode: str = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise fail(path, f"its disk has no write-ahead log ({mode})", "Move it to a local disk")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        migrate(db, path, shipped())
        db.execute("BEGIN IMMEDIATE")  # a file that may not be written is noticed now, not when money is at stake
        db.execute("ROLLBACK")
        yield db


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """Open the file to read only, beside whoever drives it."""
    with closing(_connect(path, "ro")) as db:
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA wal_autocheckpoint = 0")  # only the driver's connection writes back: see `_warn_of_reset`
        check(db, path, shipped())
        yield db


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < (3, 35):
        raise fail(path, f"SQLite {sqlite3.sqlite_version} is too old", "Use a Python with SQLite 3.35 or newer")
    return sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=PATIENCE, isolation_level=None)


def may_lose_the_log(version: tuple[int, ...]) -> bool:
    """Return whether this SQLite has the WAL-reset bug (3.7.0 to 3.51.2, mended in 3.44.6 and 3.50.7).

    It strikes when two connections write or write back the log at the same instant: https://sqlite.org/wal.html
    """
    mended = (3, 44, 6) <= version < (3, 45) or (3, 50, 7) <= version < (3, 51)
    return (3, 7) <= version < (3, 51, 3) and not mended


@cache
def _warn_of_reset() -> None:
    if may_lose_the_log(sqlite3.sqlite_version_info):
        log.warning(
            "SQLite %s can damage a file that two programs write at the same instant (mended in 3.51.3). genhub writes "
            "by one connection and is safe; write to the journal with nothing else while a hub drives it",
            sqlite3.sqlite_version,
        )
