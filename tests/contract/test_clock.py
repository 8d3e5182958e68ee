"""The clock for tests: nobody waits on it."""

from __future__ import annotations

import asyncio

import pytest

from genhub._clock import Clock
from genhub.sim import AnyClock
from genhub.testing import FakeClock


async def test_a_sleep_takes_its_own_time_and_none_of_ours() -> None:
    clock = FakeClock()
    hub_clock: Clock = clock
    sim_clock: AnyClock = clock
    before = clock.time()
    await hub_clock.sleep(3600)
    await sim_clock.sleep(0.5)

    assert clock.time() - before == clock.monotonic() == 3600.5
    assert clock.sleeps == [3600, 0.5]


async def test_sleeps_side_by_side_overlap() -> None:
    clock = FakeClock()
    await asyncio.gather(*(clock.sleep(seconds) for seconds in (5, 100, 1)))

    assert clock.monotonic() == 100


async def test_a_sleep_lets_the_others_have_a_turn() -> None:
    clock, turns = FakeClock(), list[str]()

    async def other() -> None:
        turns.append("other")

    task = asyncio.create_task(other())
    await clock.sleep(0)
    turns.append("sleeper")
    await task

    assert turns == ["other", "sleeper"]


async def test_who_sleeps_for_very_long_is_woken_by_nobody_but_the_time() -> None:
    clock = FakeClock(longest=100)
    task = asyncio.create_task(clock.sleep(101))
    await clock.sleep(100)
    await asyncio.sleep(0)
    assert not task.done()

    clock.advance(1)
    await task


async def test_a_long_sleep_can_be_cancelled() -> None:
    clock = FakeClock(longest=1)
    task = asyncio.create_task(clock.sleep(2))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    clock.advance(5)


async def test_a_skip_strikes_the_time_outs_of_the_loop() -> None:
    clock = FakeClock()
    before = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            clock.skip(3601)
            await asyncio.Event().wait()

    assert clock.monotonic() == 3601
    assert 3601 <= asyncio.get_running_loop().time() - before < 3700
