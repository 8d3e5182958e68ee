"""The journal that one writes by hand: one connection, one commit for each write, on the loop's own thread.

It is as durable as genhub's: a write-ahead log, and `synchronous = FULL`. It holds less: one row for a job, without
its tags, attempts and ledger, and no look at whether the key or the number is taken.
"""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path


class NaiveJournal:
    """Jobs in a SQLite file; each commit takes `slow` seconds more, as on a slower disk."""

    def __init__(self, path: Path, slow: float = 0.0) -> None:
        self._slow = slow
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, status TEXT, provider_id TEXT, data TEXT)")
        self.commits = 0

    def close(self) -> None:
        """Write the log back, and let go of the file."""
        self._db.close()

    def intend(self, job_id: str, data: object) -> None:
        """Write down what is about to be sent."""
        self._commit("INSERT INTO jobs VALUES (?, 'submitting', NULL, ?)", (job_id, json.dumps(data)))

    def outcome(self, job_id: str, provider_id: str) -> None:
        """Write down what the vendor made of it."""
        self._commit("UPDATE jobs SET status = 'queued', provider_id = ? WHERE id = ?", (provider_id, job_id))

    def _commit(self, statement: str, values: tuple[str, str]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(statement, values)
        if self._slow:
            time.sleep(self._slow)
        self._db.execute("COMMIT")
        self.commits += 1
