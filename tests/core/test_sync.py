"""The same verbs without `await`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

from genhub import Status, TextRequest, sync
from genhub._config import account
from genhub.sim import Simulators

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("x",))


@pytest.fixture
def served() -> Iterator[Simulators]:
    """Simulators in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sims = Simulators(speed=1000)
    asyncio.run_coroutine_threadsafe(sims.__aenter__(), loop).result()
    yield sims
    asyncio.run_coroutine_threadsafe(sims.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def hub(sims: Simulators) -> sync.Hub:
    names = ("powerpost", "genpro", "adgen")
    return sync.Hub({name: account(name, {**sims[name].settings(), "poll_every": 0.01}, {}) for name in names})


def test_a_script_needs_no_await(served: Simulators) -> None:
    """Submit, watch, stop, resume, list, balance."""
    with hub(served) as plain:
        job = plain.generate(CAPTION, to="powerpost")
        assert (Status.SUCCEEDED, Decimal(10)) == (job.status, job.credits.net)
        handle = plain.submit(TextRequest(prompt="p"), to="genpro")
        assert Status.SUCCEEDED is [each.status for each in handle.updates()][-1]
        assert [job.id, handle.id] == [each.id for each in plain.jobs()]
        assert Decimal(990) == plain.balance("powerpost").amount
        assert handle.job == plain.get(handle.id).job
        assert 3 == len(plain.plan(CAPTION).options)


async def test_it_works_inside_a_running_loop(served: Simulators) -> None:
    """A notebook has a loop already."""
    with hub(served) as plain:
        assert Status.SUCCEEDED is plain.generate(CAPTION, to="powerpost").status


def test_a_hub_that_is_not_open_says_so(served: Simulators) -> None:
    """And leaves no thread behind."""
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="not open"):
        hub(served).generate(CAPTION, to="powerpost")

    assert before == threading.active_count()
