"""A disk whose every flush takes longer, for this process alone.

A write-ahead log with `synchronous = FULL` is flushed once for each commit. So the thread that commits sleeps right
before it: what waits for the disk waits as long, and what shares a commit shares the wait. The flushes of a checkpoint,
one in a thousand pages, are not slowed.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from sqlite3 import Connection
from unittest.mock import patch

from genhub.stores._transactions import transaction


@contextmanager
def slow_disk(seconds: float) -> Generator[None]:
    """Let each commit of a store take so many seconds more."""

    @contextmanager
    def slowed(db: Connection, begin: str = "BEGIN IMMEDIATE") -> Generator[None]:
        with transaction(db, begin):
            yield
            if begin == "BEGIN IMMEDIATE":  # the reader's has nothing to flush
                time.sleep(seconds)

    if seconds <= 0:
        yield
        return
    with patch("genhub.stores._worker.transaction", slowed):
        yield
