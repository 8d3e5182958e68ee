"""kill -9 in the middle of a comparison: run again, it buys nothing twice, and its results are complete."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
from asyncio import AbstractEventLoop, new_event_loop, run_coroutine_threadsafe
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from genhub._plain import from_dict
from genhub.compare import Outcome, Results
from genhub.sim import Scenario, Simulators

SUITE = """\
name = "kill"
targets = ["powerpost", "adgen", "genpro", "any"]
repetitions = 6
concurrency = { target = 1, all = 4 }
portability = "adjust"
timeout = "60s"

[[request]]
kind = "text"
label = "Launch"
prompt = "A lantern for long evenings"
platforms = ["instagram"]

[[request]]
kind = "image"
label = "Hero"
prompt = "A lantern on a table"
"""
#: Lives in a process of its own: runs the suite, and writes its results when it gets so far.
LIFE = """
import asyncio, sys
from pathlib import Path
import orjson
from genhub import Hub
from genhub._config import account
from genhub._plain import to_dict
from genhub.compare import OFTEN, load_suite, run
from genhub.routing import Route

async def main(suite, folder, settings):
    accounts = {name: account(name, given, {}) for name, given in orjson.loads(settings).items()}
    routes = {"any": Route(accounts=("adgen", "powerpost"), portability="adjust")}
    folder = Path(folder)
    async with Hub(accounts, routes=routes, journal=f"sqlite:///{folder / 'kill.db'}", read_price=OFTEN) as hub:
        told = lambda each: print(each.trial.position, each.word, flush=True)
        results = await run(hub, load_suite(suite), folder / "out", changed=told)
    (folder / "results.json").write_bytes(orjson.dumps(to_dict(results)))

asyncio.run(main(*sys.argv[1:]))
"""
RUNS = 2 * 4 * 6


class Vendors:
    """The simulators, in a thread: they outlive the processes that buy from them."""

    def __init__(self, loop: AbstractEventLoop, sims: Simulators) -> None:
        self._loop, self.sims = loop, sims

    def do(self, work: Any) -> Any:
        async def there() -> Any:
            return work()

        return run_coroutine_threadsafe(there(), self._loop).result(20)

    def made(self) -> int:
        count: int = self.do(lambda: sum(len(self.sims[name].creations) for name in self.sims))
        return count

    def until_asked(self, words: str) -> None:
        """Wait until PowerPost has made something of these words, whether or not it has answered."""

        async def made() -> None:
            async with asyncio.timeout(60):
                while not any(words in str(body) for _, body in self.sims.powerpost.creations):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # the simulators ring no bell

        run_coroutine_threadsafe(made(), self._loop).result()

    def settings(self) -> bytes:
        quick = {"poll_every": 0.3, "doubt_grace": 1, "timeout": 10}
        return orjson.dumps({name: {**self.sims[name].settings(), **quick} for name in self.sims})


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    loop = new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    sims = Simulators(speed=40)
    run_coroutine_threadsafe(sims.__aenter__(), loop).result(20)
    try:
        yield Vendors(loop, sims)
    finally:
        run_coroutine_threadsafe(sims.__aexit__(None, None, None), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def begin(folder: Path, vendors: Vendors) -> subprocess.Popen[bytes]:
    (folder / "kill.toml").write_text(SUITE, "utf-8")
    command: list[Any] = [
        sys.executable,
        "-W",
        "error",
        "-c",
        LIFE,
        str(folder / "kill.toml"),
        str(folder),
        vendors.settings(),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_comparison_that_is_killed_and_run_again_buys_nothing_twice(tmp_path: Path, vendors: Vendors) -> None:
    """Killed at four places, whatever it was in the middle of; the last run has every trial, each with a job."""
    chance = random.Random(2026)
    killed: list[int] = []
    for words in (3, *(chance.randint(20, 60) for _ in range(3))):  # so many things were told before the end
        with begin(tmp_path, vendors) as process:
            assert process.stdout is not None and process.stderr is not None
            heard = [process.stdout.readline() for _ in range(words)]
            os.kill(process.pid, signal.SIGKILL)
            assert -signal.SIGKILL == process.wait(30), process.stderr.read().decode()[-2000:]
            assert all(heard)
        assert not (tmp_path / "results.json").exists()
        killed.append(vendors.made())
    with begin(tmp_path, vendors) as process:
        _, wrong = process.communicate(timeout=120)
    assert 0 == process.returncode, wrong.decode()[-2000:]

    results = from_dict(Results, json.loads((tmp_path / "results.json").read_bytes()))
    assert 0 < killed[1] < killed[-1] < RUNS
    assert results.complete
    assert RUNS == len(results.observations) == len({each.job for each in results.observations})
    # An answer that was lost with the process is settled where the vendor can tell, and else left to a person.
    doubts = sum(each.outcome is Outcome.IN_DOUBT for each in results.observations)
    assert {Outcome.SUCCEEDED} == {each.outcome for each in results.observations} - {Outcome.IN_DOUBT}
    assert doubts <= 4 * len(killed)
    assert RUNS - doubts <= vendors.made() <= RUNS
    assert any(each.censored for each in results.observations)  # what ended while nobody watched
    pictures = [each for each in results.observations if (each.case, each.outcome) == ("Hero", Outcome.SUCCEEDED)]
    assert all((tmp_path / "out" / name).is_file() for each in pictures for name in each.files)
    assert all(each.files and each.spans.download is not None for each in pictures)


def test_what_was_in_the_air_when_it_was_killed_is_found(tmp_path: Path, vendors: Vendors) -> None:
    """The vendor has it, and charged for it, and the process died before it heard that: it is not sent again."""
    vendors.do(lambda: vendors.sims.powerpost.script(Scenario(match="long evenings", fault="slow", delay=30, times=1)))
    with begin(tmp_path, vendors) as process:
        vendors.until_asked("long evenings")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    with begin(tmp_path, vendors) as process:
        _, wrong = process.communicate(timeout=120)
    assert 0 == process.returncode, wrong.decode()[-2000:]

    results = from_dict(Results, json.loads((tmp_path / "results.json").read_bytes()))
    asked = [each for each in results.of("powerpost") if each.case == "Launch"]
    made = vendors.do(lambda: sum("long evenings" in str(body) for _, body in vendors.sims.powerpost.creations))
    assert RUNS == len(results.observations)
    assert [Outcome.SUCCEEDED] * 6 == [each.outcome for each in asked]
    assert 6 == made
    assert vendors.made() <= RUNS
