"""The other benchmarks, as small as they go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import aiohttp
import pytest

from benchmarks import _job_server, overhead
from benchmarks._fresh import Subject, importtime, rounds
from benchmarks._keep_alive import listen
from benchmarks._peers import NotInstalled, _reason, environment, run
from benchmarks.footprint import Measured
from genhub import Status

HERE = Path(sys.executable)


def test_fresh_interpreters() -> None:
    """What an import needs is measured beside the bare interpreter, round by round."""
    subjects = [Subject(name="python", interpreter=HERE, code="pass")]
    subjects += [Subject(name=name, interpreter=HERE, code=f"import {name}") for name in ("decimal", "aiohttp")]
    starts = rounds(subjects, 1, os.environ)

    assert starts["python"][0].modules < starts["decimal"][0].modules < starts["aiohttp"][0].modules
    assert 0 < starts["python"][0].rss < starts["aiohttp"][0].rss
    assert 0 < Measured(starts).shares("decimal")[0] < 1
    assert importtime(subjects[1], os.environ) > 0


def test_measured_processes_know_no_keys() -> None:
    """Nor proxies, nor who runs them."""
    assert {"PATH", "HOME", "LITELLM_LOCAL_MODEL_COST_MAP", "PYTHONWARNINGS"} == set(environment())


async def test_why_something_could_not_be_installed() -> None:
    """Is said in one line."""
    with pytest.raises(NotInstalled, match="ValueError: no soup"):
        await run(sys.executable, "-c", "raise ValueError('no soup')")
    assert "ERROR: No matching distribution" == _reason(["WARNING: slow", "ERROR: No matching distribution"], 1)
    assert "ended with 3" == _reason([], 3)


async def test_both_lives_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand and by genhub: a submit and five polls each."""
    monkeypatch.setattr(overhead, "EVERY", 0.0)
    server = await listen(_job_server.answer)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, aiohttp.ClientSession() as session, overhead.hub(origin, "memory:") as hub:
        assert await overhead.block(overhead.lean(session, origin), 2, 1) > 0
        assert await overhead.block(overhead.ours(hub), 2, 1) > 0
        assert [Status.SUCCEEDED] * 2 == [job.status async for job in hub.jobs()]
    assert {} == _job_server._reads
