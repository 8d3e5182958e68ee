"""A journal as one writes it by hand: sqlite3 in a thread, a commit for each write, each of them flushed."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self


class NaiveJournal:
    """Jobs in one table; `slower`: seconds that each commit takes more."""

    def __init__(self, path: Path, *, slower: float = 0.0) -> None:
        self.transactions = 0
        self._path = path
        self._slower = slower
        self._thread = ThreadPoolExecutor(1, "naive journal")

    async def __aenter__(self) -> Self:
        await self._do(self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._do(lambda: self._db.close())
        self._thread.shutdown()

    async def create(self, job_id: str, request: str) -> None:
        """Write a job before it is sent."""
        await self._write("INSERT INTO jobs (id, status, request) VALUES (?, 'submitting', ?)", job_id, request)

    async def record(self, job_id: str, provider_id: str, data: str) -> None:
        """Write what its vendor answered."""
        sql = "UPDATE jobs SET status = 'queued', provider_id = ?, data = ? WHERE id = ?"
        await self._write(sql, provider_id, data, job_id)

    async def advance(self, job_id: str, status: str, data: str) -> None:
        """Write how it stands now."""
        await self._write("UPDATE jobs SET status = ?, data = ? WHERE id = ?", status, data, job_id)

    async def _write(self, sql: str, *values: str) -> None:
        await self._do(lambda: self._commit(sql, values))

    async def _do(self, work: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(
            "CREATE TABLE jobs (id TEXT PRIMARY KEY, status TEXT, provider_id TEXT, request TEXT, data TEXT)"
        )

    def _commit(self, sql: str, values: tuple[str, ...]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(sql, values)
        if self._slower > 0:
            time.sleep(self._slower)
        self._db.execute("COMMIT")
        self.transactions += 1
