import asyncio
import time

import pytest

from genhub.sim import MANUAL_START, Clock


async def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = Clock.manual()
    assert MANUAL_START == clock.time() == clock.time()
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    tasks = [asyncio.ensure_future(sleeper(*x)) for x in (("late", 10), ("early", 5), ("gone", 1))]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.sleep(0)
    clock.advance(5)
    await asyncio.wait(tasks[1:2])
    assert ["early"] == woken
    clock.advance(5)
    await asyncio.wait(tasks)
    assert ["early", "late"] == woken
    await clock.sleep(0)


async def test_a_fast_clock_sleeps_less_than_it_says() -> None:
    clock = Clock(speed=1_000_000)
    before = clock.time()
    await clock.sleep(3600)
    assert clock.time() - before >= 3599


def test_a_real_clock_tells_the_time_and_can_jump() -> None:
    clock = Clock()
    assert abs(clock.time() - time.time()) < 60
    clock.advance(1000)
    assert clock.time() - time.time() > 900


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="speed"):
        Clock(speed=-1)
