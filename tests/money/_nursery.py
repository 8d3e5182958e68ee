"""Child processes that live with a journal until they end or are killed.

One process that has imported everything forks a child for each life: a kill costs milliseconds, not an import.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

#: Seconds after which a child that says nothing is taken for hung.
PATIENCE = 60.0


class Child:
    """A life of its own; what it says are JSON objects, one a line."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid = pid
        self._pipe = pipe
        self._rest = b""
        self.said: list[Any] = []
        self.ended = False

    def read(self) -> None:
        """Take in what it has said so far."""
        while not self.ended and select.select([self._pipe], [], [], 0)[0]:
            more = os.read(self._pipe, 65536)
            self.ended = not more
            *lines, self._rest = (self._rest + more).split(b"\n")
            self.said += [json.loads(line) for line in lines]
        if self.ended:  # a session has many children: select takes no more than 1024 files
            self.close()

    async def says(self, word: str, times: int = 1) -> list[Any]:
        """Wait until it has said something so often; returns all of that."""
        over = time.monotonic() + PATIENCE
        while True:
            self.read()
            found = [each for each in self.said if word in each]
            if len(found) >= times:
                return found
            assert not self.ended, f"it ended and said {self.said}"
            assert time.monotonic() < over, f"it hangs, and said {self.said}"
            await asyncio.sleep(0.002)

    async def stops(self) -> None:
        """Wait until it has stopped itself."""
        over = time.monotonic() + PATIENCE
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < over, f"it goes on, and said {self.said}"
            await asyncio.sleep(0.002)

    async def end(self) -> list[Any]:
        """Wait until it has ended, however that came; returns all that it said."""
        over = time.monotonic() + PATIENCE
        while True:
            self.read()
            if self.ended:
                return self.said
            if time.monotonic() > over:
                self.send(signal.SIGKILL)
                raise AssertionError(f"it hangs, and said {self.said}")
            await asyncio.sleep(0.002)

    def send(self, which: signal.Signals) -> None:
        os.kill(self.pid, which)

    def close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


class Nursery:
    """The process that forks."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "error", "-m", "tests.money._child"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._children: list[Child] = []

    def bear(self, life: Mapping[str, Any]) -> Child:
        """Begin a life; see `_child`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        fifo = os.path.join(life["folder"], f"said-{len(self._children)}")
        os.mkfifo(fifo)
        pipe = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self._process.stdin.write(json.dumps({**life, "fifo": fifo}).encode() + b"\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        child = Child(pid, pipe)
        self._children.append(child)
        return child

    def close(self) -> None:
        for child in self._children:
            if not child.ended:
                with suppress(ProcessLookupError):
                    child.send(signal.SIGKILL)
            child.close()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.terminate()
        self._process.wait()


@contextmanager
def nursery() -> Iterator[Nursery]:
    it = Nursery()
    try:
        yield it
    finally:
        it.close()
