"""Full, failing and read-only disks."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from genhub import JournalError
from genhub._jobs import Ref
from genhub._status import Status
from genhub.stores._spill import SIZE, Spill
from genhub.stores._sqlite import SqliteStore
from genhub.testing._store_records import a_job, a_line, an_intent


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place], capture_output=True
    ).returncode
    if mounted != 0:
        pytest.skip("only root can mount a small disk")
    yield place
    if subprocess.run(["umount", place]).returncode != 0:
        subprocess.run(["umount", "--lazy", place], check=True)
        pytest.fail("a file of the small disk was left open")


def fill(place: Path) -> Path:
    """Take all the room that is left."""
    ballast = place / "ballast"
    with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * 4096)
    return ballast


def make_read_only(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)


def intact(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_full_disk_is_said_and_survived(small_disk: Path) -> None:
    """Nothing is half written, the spill file takes the outcome, and the store goes on once there is room."""
    path = small_disk / "genhub.db"
    async with SqliteStore(path) as store:
        job = a_job()
        await store.create(job, an_intent())
        ballast = fill(small_disk)
        paid = evolve(job.attempt, status=Status.QUEUED, ref=Ref(id="v-1", kind="captions"), entries=(a_line(),))
        large = evolve(paid, doubt="x" * 100_000)

        with pytest.raises(JournalError, match=r"genhub\.db: its disk is full .* Make room"):
            await store.record(large)
        assert store.spill is not None
        for n in range(200):
            store.spill.append({"id": paid.id, "provider_id": "v-1", "n": n})

        assert job == await store.job(job.id)
        ballast.unlink()
        assert 1 == (await store.record(large)).version
        assert list(range(200)) == [record["n"] for record in store.spill.read()]
    assert intact(path)


async def test_a_limit_on_files_is_said_and_survived(tmp_path: Path) -> None:
    """A quota is an I/O error to SQLite, and no less temporary than a full disk."""
    path = tmp_path / "genhub.db"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with SqliteStore(path) as store:
        await store.put("small", 1)
        log = path.with_name("genhub.db-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (log + 4096, hard))
        try:
            with pytest.raises(JournalError, match="its disk gave an error"):
                await store.put("large", "x" * 1_000_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await store.put("large", "x" * 1_000_000)
        assert 1_000_000 == len(await store.get("large"))
    assert intact(path)


async def test_a_read_only_disk_is_said_at_open(small_disk: Path) -> None:
    path = small_disk / "genhub.db"
    async with SqliteStore(path) as store:
        await store.put("fact", 1)
    make_read_only(small_disk)

    with pytest.raises(JournalError, match=r"genhub\.db: it can't be opened .*Read-only"):
        await SqliteStore(path).open()


async def test_a_disk_without_room_for_the_spill_is_said_at_open(small_disk: Path) -> None:
    """Room that can't be taken now would not be there when money is at stake."""
    fill(small_disk)
    with pytest.raises(JournalError, match="No space left"):
        await SqliteStore(small_disk / "genhub.db").open()


def test_a_spill_keeps_its_records(tmp_path: Path) -> None:
    path = tmp_path / "genhub.db.spill"
    with closing(Spill(path)) as spill:
        assert (SIZE, []) == (path.stat().st_size, spill.read())
        spill.append({"id": "a", "text": "two\nlines é"})
        spill.append({"id": "b", "amount": None, "lines": ({"n": 1},)})
    with closing(Spill(path)) as again:
        again.append({"id": "c"})
        kept: list[dict[str, object]] = [
            {"id": "a", "text": "two\nlines é"},
            {"id": "b", "amount": None, "lines": [{"n": 1}]},
            {"id": "c"},
        ]
        assert kept == again.read()

        again.clear()

        assert ([], SIZE) == (again.read(), path.stat().st_size)
        again.append({"id": "d"})
        assert [{"id": "d"}] == again.read()
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_spill_grows_where_it_can(tmp_path: Path) -> None:
    with closing(Spill(tmp_path / "spill")) as spill:
        for n in range(3):
            spill.append({"n": n, "text": "x" * 30_000})

        assert [0, 1, 2] == [record["n"] for record in spill.read()]
        assert SIZE < spill.path.stat().st_size


def test_a_spill_that_is_full_says_so(small_disk: Path) -> None:
    with closing(Spill(small_disk / "spill")) as spill:
        fill(small_disk)
        with pytest.raises(JournalError, match="the spill file can't take a record"):
            for n in range(100):
                spill.append({"n": n, "text": "x" * 1000})
        assert 60 < len(spill.read())


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "spill"
    with closing(Spill(path)) as spill:
        spill.append({"n": 1})
    with open(path, "rb+") as file:
        file.seek(len(b'{"n":1}\n'))
        file.write(b'{"n": 2, "pro')

    with closing(Spill(path)) as spill:
        assert [{"n": 1}] == spill.read()
        assert "can't be read" in caplog.text
        spill.append({"n": 3})
        assert [{"n": 1}, {"n": 3}] == spill.read()


def test_a_spill_that_cant_be_made_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No space"):
        Spill(tmp_path / "spill")
    assert before == len(os.listdir("/proc/self/fd"))
