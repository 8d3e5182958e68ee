"""kill -9 in the middle of writing: what was acknowledged is there."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from genhub._status import Status
from genhub.stores._sqlite import SqliteStore
from genhub.testing._store_records import a_line

#: Lives many jobs at once and says aloud what it was told is written.
WRITER = """
import asyncio, sys
from attrs import evolve
from genhub._jobs import Ref
from genhub._status import Status
from genhub.stores._sqlite import SqliteStore
from genhub.testing._store_records import a_job, a_line, an_intent

async def live(store, life, worker):
    for n in range(1_000_000):
        job = a_job(id=f"{life}-{worker}-{n}", attempt={"id": f"a-{life}-{worker}-{n}"})
        await store.create(job, an_intent())
        print("created", job.id, flush=True)
        ref = Ref(id=f"v-{job.id}", kind="captions")
        await store.record(evolve(job.attempt, status=Status.QUEUED, ref=ref, entries=(a_line(),)))
        print("recorded", job.id, flush=True)

async def main(path, life):
    async with SqliteStore(path) as store:
        await asyncio.gather(*(live(store, life, worker) for worker in range(16)))

asyncio.run(main(*sys.argv[1:]))
"""


def killed_after(path: Path, life: int, heard: int) -> list[tuple[str, str]]:
    """Let a writer live until that many acknowledgements were heard; returns all that it gave."""
    command = [sys.executable, "-c", WRITER, str(path), str(life)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(heard)]
        writer.kill()
        lines += writer.stdout.readlines()  # said before the kill, heard after it
    words = (line.split() for line in lines if line.endswith("\n"))
    return [(word, job_id) for word, job_id in words]


async def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "genhub.db"
    chance = random.Random(2026)
    acknowledged: list[tuple[str, str]] = []
    for life in range(5):
        acknowledged += killed_after(path, life, chance.randint(1, 600))
        async with SqliteStore(path) as store:
            for word, job_id in acknowledged:
                job = await store.job(job_id)
                assert job is not None, job_id
                if word == "recorded":
                    attempt = job.attempt
                    assert (Status.QUEUED, f"v-{job_id}") == (attempt.status, attempt.provider_id)
                    assert (a_line(),) == attempt.entries
        with closing(sqlite3.connect(path)) as db:
            assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
    assert 100 < len(acknowledged)
