"""A transaction that is either whole or not there at all."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from sqlite3 import Connection, Error


@contextmanager
def transaction(db: Connection, begin: str = "BEGIN IMMEDIATE") -> Generator[None]:
    """Commit what is done inside; undo it when that, or the commit itself, fails."""
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk and the like end it on SQLite's side
            with suppress(Error):
                db.execute("ROLLBACK")
        raise
