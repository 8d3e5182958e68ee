"""The owner's lock: one hub drives a journal, and the kernel knows which."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import orjson

from genhub.stores._failures import fail

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

#: How many bytes of the lock's file say who holds it.
ABOUT = 512


class OwnerLock:
    """Holds `flock` on `<journal>.lock`, so that it is free again however the process ends.

    The file stays behind: removing it would let two processes lock two files of the same name. What is in it
    is only for the message.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self.path = journal.with_name(journal.name + ".lock")
        self._file = -1

    def __enter__(self) -> Self:
        if fcntl is None:
            raise fail(
                self._journal,
                "this system has no file locks that end with the process (flock)",
                "Keep the journal on a POSIX system, in memory (memory:), or on a database server",
            )
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self._owner()
            self.__exit__()
            remedy = "Close that hub first, or open the journal read_only beside it"
            raise fail(self._journal, f"it is driven by {owner}", remedy) from None
        except BaseException:
            self.__exit__()
            raise
        about = orjson.dumps({"pid": os.getpid(), "host": os.uname().nodename, "since": datetime.now(UTC).isoformat()})
        with suppress(OSError):  # a full disk: the lock is ours all the same
            os.pwrite(self._file, about.ljust(ABOUT), 0)  # in place: a truncated file would need room anew
        _held.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _held.discard(self)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _owner(self) -> str:
        try:
            about = orjson.loads(os.pread(self._file, ABOUT, 0))
            pid, host, since = about["pid"], about["host"], datetime.fromisoformat(about["since"])
        except (OSError, ValueError, KeyError, TypeError):
            return "another hub"  # it has the lock, and has not written down yet who it is
        who = "another hub of this process" if (pid, host) == (os.getpid(), os.uname().nodename) else f"process {pid}"
        return f"{who} on {host} since {since:%Y-%m-%d %H:%M:%S} UTC"


_held: weakref.WeakSet[OwnerLock] = weakref.WeakSet()


def abandon() -> None:
    """Let go in a child of `fork`, which would otherwise hold the locks after its parent was killed."""
    for lock in list(_held):
        lock.__exit__()


if fcntl is not None:
    os.register_at_fork(after_in_child=abandon)
