"""A journal in a SQLite file: durable, grouped commits, one owner, any number of readers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection, Generator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Any, TypeVar

from genhub._errors import ConfigError, JournalError
from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job
from genhub._provider import Intent
from genhub.stores import _rows as rows
from genhub.stores import _tables as tables
from genhub.stores._base import JobFilter, JobStore
from genhub.stores._connections import driving, reading
from genhub.stores._failures import explain, fail
from genhub.stores._lines import merge
from genhub.stores._listing import PAGE, page
from genhub.stores._owner import OwnerLock
from genhub.stores._rows import Row
from genhub.stores._spill import Spill
from genhub.stores._worker import Worker

T = TypeVar("T")


class SqliteStore(JobStore):
    """Jobs in one file, beside it `.lock` (who drives it) and `.spill` (room for when the disk is full)."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if os.fspath(path) in ("", ":memory:"):
            raise ConfigError(f"{os.fspath(path)!r} is not a file", remedy="For a journal in memory write 'memory:'")
        self.name = os.fspath(path)
        self.path = Path(path).absolute()
        self._writer: Worker | None = None
        self._reader: Worker | None = None

    async def open(self, *, read_only: bool = False) -> None:
        if self._reader is not None:
            raise JournalError(f"the journal {self.name} is open already")
        try:
            if not read_only:
                self._writer = self._worker("writer", self._drive, "BEGIN IMMEDIATE")
                await self._writer.start()
            self._reader = self._worker("reader", self._read, "BEGIN")
            await self._reader.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        writer, self._writer = self._writer, None
        try:
            if reader is not None:
                await reader.stop()
        finally:
            if writer is not None:  # last: it writes the log back into the file
                await writer.stop()

    @property
    def transactions(self) -> int:
        """How often the open store has committed: each carries many writes when many are under way."""
        return 0 if self._writer is None else self._writer.transactions

    async def create(self, job: Job, intent: Intent) -> Job | None:
        (attempt,) = job.attempts
        new = rows.job_row(job), rows.tags(job), rows.attempt_row(attempt, intent), _lines(attempt)
        found = await self._write(lambda db: tables.create(db, *new))
        return None if found is None else found.first()

    async def add(self, attempt: Attempt, intent: Intent) -> bool:
        new = rows.attempt_row(attempt, intent), _lines(attempt)
        return await self._write(lambda db: tables.add(db, *new))

    async def record(self, attempt: Attempt) -> Attempt:
        outcome = rows.outcome_row(attempt)
        return await self._write(lambda db: tables.record(db, attempt, outcome))

    async def advance(self, attempt: Attempt) -> Attempt | None:
        outcome = rows.outcome_row(attempt)
        return await self._write(lambda db: tables.advance(db, attempt, outcome))

    async def reroute(self, job_id: str, route: Itinerary) -> None:
        row = rows.route_row(route)
        await self._write(lambda db: tables.reroute(db, job_id, row))

    async def job(self, job_id: str) -> Job | None:
        return (await self._look(lambda db: tables.find_jobs(db, "WHERE id = ?", (job_id,)))).first()

    async def keyed(self, key: str) -> Job | None:
        return (await self._look(lambda db: tables.find_jobs(db, "WHERE key = ?", (key,)))).first()

    async def alike(self, fingerprint: str, since: datetime) -> Job | None:
        begin = rows.micros(since)
        return (await self._look(lambda db: tables.alike(db, fingerprint, begin))).first()

    async def intent(self, attempt_id: str) -> Intent | None:
        text = await self._look(lambda db: tables.intent(db, attempt_id))
        return None if text is None else rows.to_intent(text)

    def jobs(self, which: JobFilter) -> AsyncIterator[Job]:
        return self._list(which)

    def unfinished(self) -> AsyncIterator[Job]:
        return self._list(JobFilter(), unfinished=True)

    async def claimed(self, account: str, provider_ids: Collection[str]) -> Mapping[str, str]:
        return await self._look(lambda db: tables.claimed(db, account, provider_ids))

    async def find(self, account: str, provider_ids: Collection[str]) -> tuple[str, ...]:
        return await self._look(lambda db: tables.find(db, account, provider_ids))

    async def get(self, name: str) -> Any:
        fact = await self._look(lambda db: tables.get(db, name))
        return None if fact is None else rows.loads(fact)

    async def put(self, name: str, fact: Any) -> None:
        text = rows.dumps(fact)
        await self._write(lambda db: tables.put(db, name, text))

    async def _list(self, which: JobFilter, *, unfinished: bool = False) -> AsyncIterator[Job]:
        left, after = which.limit, None
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            now = await self._look(partial(page, which=which, after=after, size=size, unfinished=unfinished))
            for row in now.found.jobs:
                yield now.found.job(row)
            left, after = None if left is None else left - len(now.found.jobs), now.after
            if after is None:
                return

    async def _write(self, operation: Callable[[Connection], T]) -> T:
        if self._writer is None:
            state = "not open" if self._reader is None else "opened to read only"
            raise JournalError(f"the journal {self.name} is {state}")
        return await self._writer.run(operation)

    async def _look(self, operation: Callable[[Connection], T]) -> T:
        if self._reader is None:
            raise JournalError(f"the journal {self.name} is not open")
        return await self._reader.run(operation)

    def _worker(self, role: str, session: Callable[[], AbstractContextManager[Connection]], begin: str) -> Worker:
        return Worker(f"genhub journal {role}", session, partial(explain, self.path), begin=begin)

    @contextmanager
    def _drive(self) -> Generator[Connection]:
        path = self._place()
        with OwnerLock(path), closing(Spill(path.with_name(path.name + ".spill"))) as spill, driving(path) as db:
            self.spill = spill
            try:
                yield db
            finally:
                self.spill = None

    @contextmanager
    def _read(self) -> Generator[Connection]:
        path = self._place()
        if not path.exists():
            raise fail(path, "there is no such file", "It is made when a hub opens it without read_only")
        with reading(path) as db:
            yield db

    def _place(self) -> Path:
        """Return where the file really is: two names of one file must find the same lock."""
        path = self.path.resolve()
        if path.is_dir():
            raise fail(path, "this is a folder", "Name a file in it: genhub.db")
        if not path.parent.is_dir():
            raise fail(path, f"there is no folder {path.parent}", "Make it first")
        return path


def _lines(attempt: Attempt) -> list[Row]:
    _, lines = merge(attempt.id, (), attempt.entries)
    return [rows.entry_row(attempt, entry) for entry in lines]
