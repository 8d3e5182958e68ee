"""A lean job server in a process of its own whose jobs never end. Prints its port, and serves.

It speaks adgen's dialect, and remembers no job, so that a hundred thousand
cost it nothing. `GET /counts` tells what came, and when the first read did; `GET /begin` counts anew from there on.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from benchmarks._dialects import ADGEN
from benchmarks._job_server import JOB
from benchmarks._keep_alive import LENGTH, serve
from benchmarks._report import ROOT

POLL = ADGEN.status.partition(b"?")[0]
COUNTS, BEGIN = b"GET /counts", b"GET /begin"

_ids = (b"00000000-0000-4000-8000-%012x" % number for number in itertools.count(1))


class Counts:
    """What came since the last `begin`."""

    submits = polls = 0
    first_poll: float | None = None  #: in seconds since the epoch

    def plain(self) -> bytes:
        said = {"submits": self.submits, "polls": self.polls, "first_poll": self.first_poll}
        return json.dumps(said).encode()


counts = Counts()


def answer(head: bytes, now: float = 0.0) -> bytes | None:
    """Return the body for a request; `None`: there is no such target."""
    global counts
    target = head.partition(b" HTTP/")[0]
    if target.startswith(POLL):
        found = JOB.search(target)
        if found is None:
            return None
        counts.polls += 1
        if counts.first_poll is None:
            counts.first_poll = time.time()
        return ADGEN.runs % {b"id": found[0]}
    if target == ADGEN.submit:
        counts.submits += 1
        return ADGEN.made % {b"id": next(_ids)}
    if target in (COUNTS, BEGIN):
        said = counts.plain()
        if target == BEGIN:
            counts = Counts()
        return said
    return ADGEN.more.get(target)


async def ask(origin: str, target: bytes = COUNTS) -> Mapping[str, Any]:
    """Return what a server counted, over a connection that is closed again."""
    host, _, port = origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(target + b" HTTP/1.1\r\nHost: here\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = LENGTH.search(head)
    assert length is not None
    said: Mapping[str, Any] = json.loads(await reader.readexactly(int(length[1])))
    writer.close()
    await writer.wait_closed()
    return said


@contextmanager
def hold_server() -> Iterator[str]:
    """Run the server in a process of its own; gives its origin."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(answer))
