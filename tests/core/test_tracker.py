"""One timer for a hub, a queue of due jobs per account, never a task per job."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub._tracker import APART, BATCH, Tracker
from genhub.testing import FakeClock
from tests.core.conftest import until


class Reader:
    """Counts what it is asked to read."""

    def __init__(self, every: float | None = 1.0, *, hold: bool = False) -> None:
        self.every = every
        self.reads: Counter[str] = Counter()
        self.batches: list[int] = []
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        if not hold:
            self.gate.set()

    async def __call__(self, _: str, jobs: Sequence[str]) -> dict[str, float | None]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.batches.append(len(jobs))
        self.reads.update(jobs)
        await self.gate.wait()
        self.at_once -= 1
        return dict.fromkeys(jobs, self.every)


def tracker(reader: Reader, clock: FakeClock, *, batch: bool = False, most: int = 4) -> Tracker:
    return Tracker(clock, reader, batch=lambda _: batch, most=lambda _: most)


async def test_ten_thousand_jobs_are_a_handful_of_tasks() -> None:
    """Whatever is in flight: a timer, and at most so many workers per account."""
    reader, clock = Reader(every=None, hold=True), FakeClock()
    tracking = tracker(reader, clock, most=5)
    before = len(asyncio.all_tasks())
    for number in range(10_000):
        tracking.watch(f"j{number}", f"account {number % 2}", 1.0)
    assert len(asyncio.all_tasks()) - before <= 1
    await until(lambda: reader.at_once == 10)
    assert len(asyncio.all_tasks()) - before <= 11
    reader.gate.set()
    await until(lambda: len(reader.reads) == 10_000 and not len(tracking))
    await tracking.close()

    assert {1} == set(reader.reads.values())
    assert 10 == reader.most_at_once


async def test_due_jobs_of_an_account_are_read_together_where_that_helps() -> None:
    """A list covers many of them by one call."""
    reader, clock = Reader(every=None), FakeClock()
    tracking = tracker(reader, clock, batch=True)
    for number in range(250):
        tracking.watch(f"j{number}", "a", 1.0)
    await until(lambda: len(reader.reads) == 250)
    await tracking.close()

    assert [BATCH, BATCH, 50] == reader.batches


async def test_an_earlier_appointment_stays() -> None:
    """A hint to read now counts; a later date does not push back an earlier one."""
    reader, clock = Reader(every=None), FakeClock()
    tracking = tracker(reader, clock)
    tracking.watch("j", "a", 100.0)
    tracking.watch("j", "a", 5.0)
    tracking.watch("j", "a", 50.0)
    await until(lambda: reader.reads["j"] == 1)
    assert 5.0 <= clock.monotonic() < 50.0
    await tracking.close()

    assert 1 == reader.reads["j"]


async def test_a_hint_during_a_read_is_not_lost() -> None:
    """What comes while the vendor is being read makes it be read again."""
    reader, clock = Reader(every=None, hold=True), FakeClock()
    tracking = tracker(reader, clock)
    tracking.watch("j", "a", 0.0)
    await until(lambda: reader.reads["j"] == 1)
    tracking.watch("j", "a", 0.0)
    reader.gate.set()
    await until(lambda: reader.reads["j"] == 2)
    await tracking.close()


async def test_a_job_that_is_forgotten_is_not_read() -> None:
    """Detached jobs cost nothing."""
    reader, clock = Reader(every=None), FakeClock()
    tracking = tracker(reader, clock)
    tracking.watch("j", "a", 1.0)
    tracking.watch("k", "a", 2.0)
    tracking.forget("j")
    await until(lambda: reader.reads["k"] == 1)
    await tracking.close()

    assert 0 == reader.reads["j"]


async def test_a_slow_account_does_not_hold_up_another() -> None:
    """Each has its own workers."""
    reader, clock = Reader(every=None, hold=True), FakeClock()
    tracking = tracker(reader, clock, most=2)
    for number in range(20):
        tracking.watch(f"slow {number}", "slow", 0.0)
    tracking.watch("quick", "quick", 1.0)
    await until(lambda: reader.reads["quick"] == 1)
    assert 2 == sum(count for job, count in reader.reads.items() if job.startswith("slow"))
    await tracking.close()


async def test_what_goes_wrong_unforeseen_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in an adapter does not end the reading."""
    clock = FakeClock()
    calls: list[str] = []

    async def broken(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        calls.extend(jobs)
        if len(calls) == 1:
            raise KeyError("a bug")
        return dict.fromkeys(jobs)

    tracking = Tracker(clock, broken, batch=lambda _: False, most=lambda _: 1)
    with caplog.at_level(logging.ERROR):
        tracking.watch("j", "a", 0.0)
        await until(lambda: len(calls) == 2)
    await tracking.close()

    assert "unforeseen" in caplog.text


async def test_after_close_nothing_runs() -> None:
    """No task, no timer is left."""
    reader, clock = Reader(hold=True), FakeClock()
    before = asyncio.all_tasks()
    tracking = tracker(reader, clock)
    for number in range(10):
        tracking.watch(f"j{number}", "a", 0.0 if number % 2 else 1e9)
    await until(lambda: reader.at_once == 4)
    await tracking.close()
    tracking.watch("late", "a", 0.0)

    assert before == asyncio.all_tasks()


@given(st.lists(st.floats(min_value=0, max_value=20 * APART), min_size=1, max_size=40))
def test_a_job_is_read_when_it_is_due_or_a_moment_later(delays: list[float]) -> None:
    """What comes close together is handed out together: never before it is due, never more than a moment after."""
    clock = FakeClock()
    read: dict[str, float] = {}

    async def look(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        read.update(dict.fromkeys(jobs, clock.monotonic()))
        return {}

    async def run() -> None:
        tracking = Tracker(clock, look, batch=lambda _: False, most=lambda _: 100)
        for number, delay in enumerate(delays):
            tracking.watch(f"{number}", "a", delay)
        await until(lambda: len(read) == len(delays))
        await tracking.close()

    asyncio.run(run())

    late = [read[f"{number}"] - delay for number, delay in enumerate(delays)]
    assert 0 <= min(late)
    assert max(late) <= APART * 1.001
