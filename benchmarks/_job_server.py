"""A lean job server in a process of its own: a job is done at its fifth read. Prints its port, and serves.

It speaks the `_dialects`, and remembers when each job's requests came: `GET /times` tells it of those that are done,
once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

from benchmarks._dialects import DIALECTS, Dialect
from benchmarks._keep_alive import serve

#: Reads of a job until it is done.
READS = 5
HOST = re.compile(rb"\r\nhost: *([^\r]+)", re.IGNORECASE)
JOB = re.compile(rb"[0-9a-f]{8}-0000-4000-8000-[0-9a-f]{12}")
TIMES = b"GET /times"

_reads: dict[bytes, list[float]] = {}  # of the jobs that are open: when each request for it came
_done: deque[list[float]] = deque(maxlen=10_000)
_ids = (b"00000000-0000-4000-8000-%012x" % number for number in itertools.count(1))
_submits = {each.submit: each for each in DIALECTS.values()}
_statuses = {each.status: each for each in DIALECTS.values()}
_more = {target: body for each in DIALECTS.values() for target, body in each.more.items()}


def late(times: Sequence[float], every: float) -> list[float]:
    """Return by how many seconds the reads of a job came after they were due; `times` are its submit's and its reads'.

    A read is due `every` after the one before it began. The first one is left out: it is due so long after the client
    had the submit's answer, which the server cannot see.
    """
    return [this - before - every for before, this in pairwise(times[1:])]


def answer(head: bytes, now: float) -> bytes | None:
    """Return the body for a request, which came now; `None`: there is no such target."""
    target = head.partition(b" HTTP/")[0]
    if (dialect := _submits.get(target)) is not None:
        job_id = next(_ids)
        _reads[job_id] = [now]
        return _say(dialect.made, job_id, head)
    if target == TIMES:
        told = json.dumps(list(_done)).encode()
        _done.clear()
        return told
    found = JOB.search(target)
    if found is None:
        return _more.get(target)
    target = target[: found.start()] + b"*" + target[found.end() :]
    dialect = _statuses.get(target) or _statuses.get(target.partition(b"?")[0])
    if dialect is not None:
        return _status(dialect, found[0], head, now)
    body = _more.get(target)
    return None if body is None else _say(body, found[0], head)


def _status(dialect: Dialect, job_id: bytes, head: bytes, now: float) -> bytes | None:
    times = _reads.get(job_id)
    if times is None:
        return None
    times.append(now)
    if len(times) <= READS:
        return _say(dialect.runs, job_id, head)
    _done.append(_reads.pop(job_id))
    return _say(dialect.done, job_id, head)


def _say(template: bytes, job_id: bytes, head: bytes) -> bytes:
    host = HOST.search(head) if b"%(host)s" in template else None
    return template % {b"id": job_id, b"host": b"" if host is None else host[1]}


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(answer))
