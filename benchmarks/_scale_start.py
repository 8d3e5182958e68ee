"""How soon a program that starts again on a large journal reads its open jobs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

from benchmarks._hold_server import ask
from benchmarks._journal_build import fresh
from benchmarks._report import ROOT

#: So long a start may take, in seconds.
CAP = 120.0


async def start(journal: Path, origin: str, jobs: int) -> dict[str, float]:
    """Start a process on a journal with so many open jobs; returns seconds from then on, by what was reached.

    Raises RuntimeError when it took other jobs in hand, or reads none.
    """
    fresh(journal)
    await ask(origin, b"GET /begin")
    command = [sys.executable, "-m", "benchmarks._start_child", str(journal), origin]
    began = time.time()
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert child.stdout is not None
    said = json.loads(await child.stdout.readline())
    first = (await ask(origin))["first_poll"]
    while first is None and time.time() < began + CAP:
        await asyncio.sleep(0.02)
        first = (await ask(origin))["first_poll"]
    await child.communicate(b"over\n")
    polling = said.pop("polling")
    if polling != jobs or first is None:
        raise RuntimeError(f"{polling} of {jobs} jobs were taken in hand; the first poll came at {first}")
    return {name: at - began for name, at in {**said, "first poll": first}.items()}
