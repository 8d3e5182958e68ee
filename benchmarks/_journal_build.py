"""A large journal, written once and kept under `.bench/`: jobs that are finished, and some that are open.

It is written by the store's own functions for rows and tables, into a file that a store has opened; one that another
schema or another version of this module made has another name.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks._report import ROOT
from genhub import Attempt, Call, ImageRequest, Job, Output, Ref, Status
from genhub._credits import Entry, EntryKind, Evidence
from genhub._evolve import evolve
from genhub._provider import Intent
from genhub.stores import _rows as rows
from genhub.stores import _tables as tables
from genhub.stores._migrations import shipped
from genhub.stores._sqlite import SqliteStore

FOLDER = ROOT / ".bench" / "journals"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = "ads"
#: Rows of one commit.
CHUNK = 20_000

Progress = Callable[[int], None]


def job(number: int, *, is_open: bool) -> Job:
    """Return the job of a number: a second later than the one before."""
    at = BEGIN + timedelta(seconds=number)
    job_id = f"j{round(at.timestamp() * 1000):011x}{number:010x}"
    ref = Ref(id=f"00000000-0000-4000-8000-{number:012x}", kind="static_ad")
    charge = Entry(
        kind=EntryKind.CHARGE, sequence=1, amount=Decimal(3), evidence=Evidence.REPORTED, at=at + timedelta(seconds=1)
    )
    attempt = Attempt(
        id=f"{job_id}.1",
        job_id=job_id,
        number=1,
        account=ACCOUNT,
        provider="adgen",
        kind="static_ad",
        unit="adgen credits",
        created_at=at,
        submitted_at=at + timedelta(seconds=1),
        running_at=at + timedelta(seconds=4),
        status=Status.RUNNING,
        raw_status="processing",
        ref=ref,
        entries=(charge,),
        version=3,
    )
    if not is_open:
        output = Output(kind="image", url=f"https://example.test/{ref.id}.png", provider_id=f"a-{ref.id}")
        end = at + timedelta(seconds=12)
        attempt = evolve(
            attempt, status=Status.SUCCEEDED, raw_status="completed", outputs=(output,), finished_at=end, version=4
        )
    request = ImageRequest(prompt=f"A bowl of soup, steaming, number {number}", label=f"soup {number % 100}")
    return Job(id=job_id, request=request, created_at=at, attempts=(attempt,), to=(ACCOUNT,))


def intent(job: Job) -> Intent:
    """Return what was meant to be sent for it."""
    (attempt,) = job.attempts
    body = {"projectId": "11", "productId": "22", "prompt": "A bowl of soup", "idempotencyKey": f"static_ad-{job.id}.1"}
    return Intent(
        call=Call(kind=attempt.kind, path="/api/generate/static-ad", body=body),
        key=attempt.id,
        sent_at=attempt.created_at,
        over_at=attempt.created_at + timedelta(seconds=70),
    )


def written(path: Path, finished: int, open_: int, progress: Progress = lambda _: None) -> None:
    """Write a journal with so many jobs, the open ones last. An interrupted one is no journal: it is written anew."""

    async def made() -> None:
        store = SqliteStore(path)
        await store.open()
        await store.close()

    asyncio.run(made())
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")  # nobody's money; the whole file is thrown away when this is cut off
        db.execute("PRAGMA cache_size = -262144")
        for start in range(0, finished + open_, CHUNK):
            db.execute("BEGIN")
            for number in range(start, min(start + CHUNK, finished + open_)):
                each = job(number, is_open=number >= finished)
                (attempt,) = each.attempts
                lines = [rows.entry_row(attempt, entry) for entry in attempt.entries]
                tables.create(db, rows.job_row(each), rows.tags(each), rows.attempt_row(attempt, intent(each)), lines)
            db.execute("COMMIT")
            progress(min(start + CHUNK, finished + open_))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def journal(finished: int, open_: int, folder: Path = FOLDER, progress: Progress = lambda _: None) -> Path:
    """Return the path of a journal with so many jobs, as it was written: what a run left in it is taken out."""
    path = folder / f"{_schema()}-{finished}-{open_}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
        part = path.with_suffix(".part")
        for each in (part, *folder.glob(f"*-{finished}-{open_}.db")):  # of an earlier schema: they are large
            remove(each)
        written(part, finished, open_, progress)
        part.rename(path)
        for each in _beside(part):
            each.unlink(missing_ok=True)
    fresh(path)
    return path


def fresh(path: Path) -> None:
    """Take out what a hub has learned: no run is to know of the one before."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM facts")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def remove(path: Path) -> None:
    """Remove a journal with all that is beside it."""
    for each in (path, *_beside(path)):
        each.unlink(missing_ok=True)


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", ".lock", ".spill")]


def _schema() -> str:
    """Return a name for what decides how a journal is written."""
    parts = [each.sql for each in shipped()]
    parts += [Path(str(module)).read_text("utf-8") for module in (__file__, rows.__file__, tables.__file__)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
