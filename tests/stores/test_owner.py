"""Who drives a journal."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from genhub import JournalError
from genhub.stores._owner import OwnerLock, abandon
from genhub.stores._sqlite import SqliteStore

#: Drives the journal until its input ends; with `fork` its child does so, too, and outlives it.
DRIVER = """
import asyncio, os, sys
from genhub.stores._sqlite import SqliteStore

async def drive():
    async with SqliteStore(sys.argv[1]):
        if sys.argv[2:] == ["fork"] and os.fork() == 0:
            print(os.getpid(), flush=True)
            os.read(0, 1)
            os._exit(0)
        if not sys.argv[2:]:
            print(os.getpid(), flush=True)
        os.read(0, 1)

asyncio.run(drive())
"""


@contextmanager
def driver(path: Path, *how: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", DRIVER, str(path), *how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        yield process
        process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "genhub.db"


async def test_an_owner_in_another_process_is_named(path: Path) -> None:
    with driver(path) as process:
        with pytest.raises(JournalError) as caught:
            await SqliteStore(path).open()
        assert f"driven by process {process.pid} on {os.uname().nodename} since 20" in str(caught.value)
        assert "read_only" in str(caught.value)

        reader = SqliteStore(path)
        await reader.open(read_only=True)
        assert [] == [job async for job in reader.unfinished()]
        await reader.close()


async def test_a_killed_owner_leaves_no_lock(path: Path) -> None:
    with driver(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        async with SqliteStore(path) as store:
            await store.put("mine", 1)


async def test_a_forked_child_holds_no_lock(path: Path) -> None:
    """A worker that a program forks for something else must not keep the journal of a hub that was killed."""
    with driver(path, "fork") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()  # its child goes on, until the pipe is closed
        async with SqliteStore(path) as store:
            await store.put("mine", 1)


async def test_an_owner_in_this_process_is_named(path: Path) -> None:
    async with SqliteStore(path):
        with pytest.raises(JournalError, match="another hub of this process"):
            await SqliteStore(path).open()


async def test_two_names_of_one_file_are_one_journal(path: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    alias = tmp_path / "folder" / "alias.db"
    alias.symlink_to(path)
    async with SqliteStore(path):
        with pytest.raises(JournalError, match="driven by"):
            await SqliteStore(alias).open()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"pid": 1, "host": "h", "since": 5}', b"\xff"])
async def test_an_owner_that_has_not_said_who_it_is(path: Path, content: bytes) -> None:
    async with SqliteStore(path):
        path.with_name("genhub.db.lock").write_bytes(content)
        with pytest.raises(JournalError, match="driven by another hub"):
            await SqliteStore(path).open()


async def test_a_child_lets_go_of_all_locks(path: Path) -> None:
    """What runs in the child of a fork; its own end of the `with` then finds nothing to do."""
    with OwnerLock(path):
        abandon()
        with OwnerLock(path):
            pass


def test_a_system_without_locks_is_refused(path: Path) -> None:
    script = "import sys; sys.modules['fcntl'] = None\n" + DRIVER
    answer = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)

    assert 1 == answer.returncode
    assert "JournalError" in answer.stderr
    assert "no file locks that end with the process" in answer.stderr
    assert "memory:" in answer.stderr


async def test_a_disk_without_locks_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(JournalError, match=r"it can't be opened .*No locks available"):
        await SqliteStore(path).open()


async def test_a_failed_open_lets_go_of_the_lock(path: Path) -> None:
    path.write_text("my diary\n" * 1000)
    with pytest.raises(JournalError):
        await SqliteStore(path).open()
    path.unlink()
    async with SqliteStore(path) as store:
        await store.put("mine", 1)
