"""Any course of appointments, hints and farewells: what is due is read, once, and neither early nor twice at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf, nan

import pytest
from attrs import define, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from genhub._tracker import APART, WIDTH, Tracker
from genhub.testing import FakeClock
from tests.core.conftest import until

ACCOUNTS = {"a": "one", "b": "one", "c": "many"}
#: What rounding may add to a time of this size.
A_BIT = 1e-6
delays = st.sampled_from([0.0, APART / 2, 2 * APART, 0.01, 0.03, 0.06, 0.1, WIDTH, 0.2, 1.0, 4000.0]) | st.floats(
    0, 0.2
)
jobs = st.sampled_from(tuple(ACCOUNTS))


@frozen
class Watch:
    job: str
    delay: float


@frozen
class Forget:
    job: str


@frozen
class Turns:
    """Of the loop, in which time goes on."""

    count: int


steps = st.lists(
    st.one_of(
        st.builds(Watch, jobs, delays),
        st.builds(Watch, jobs, delays),
        st.builds(Forget, jobs),
        st.builds(Turns, st.integers(1, 5)),
        st.builds(Turns, st.integers(1, 5)),
    ),
    min_size=15,
    max_size=60,
)
looks = st.lists(st.tuples(st.integers(0, 8), st.none() | delays), min_size=8, max_size=20)


@define
class Course:
    """A tracker, and what it should do."""

    looks: list[tuple[int, float | None]]  #: the turns that each look takes, the next delay that it tells; then 0, none
    slow: bool = False  #: looks that take turns take time too
    clock: FakeClock = field(factory=FakeClock)
    due: dict[str, float] = field(factory=dict[str, float])
    again: dict[str, float] = field(factory=dict[str, float])  #: asked for during a read
    left: set[str] = field(factory=set[str])  #: forgotten during a read
    flying: list[str] = field(factory=list[str])
    late: list[float] = field(factory=list[float])

    async def look(self, account: str, jobs: Sequence[str]) -> dict[str, float | None]:
        """Check that this read is one that is wanted now, and note when the next is."""
        began = self.clock.monotonic()
        takes, delay = self.looks.pop() if self.looks else (0, None)
        for job in jobs:
            assert account == ACCOUNTS[job]
            assert job not in self.flying, "never twice at a time"
            self.late.append(began - self.due.pop(job))
        self.flying.extend(jobs)
        for _ in range(takes):
            await (self.clock.sleep(0.02) if self.slow else asyncio.sleep(0))
        for job in jobs:
            self.flying.remove(job)
            nexts = [began + delay] if delay is not None and job not in self.left else []
            nexts += [self.again.pop(job)] if job in self.again else []
            self.left.discard(job)
            if nexts:
                self.due[job] = min(nexts)
        return dict.fromkeys(jobs, delay)

    def watch(self, tracking: Tracker, job: str, delay: float) -> None:
        book = self.again if tracking.reads(job) else self.due
        when = self.clock.monotonic() + delay
        book[job] = min(when, book.get(job, when))
        tracking.watch(job, ACCOUNTS[job], delay)
        assert tracking.knows(job)

    def forget(self, tracking: Tracker, job: str) -> None:
        if tracking.reads(job):
            self.again.pop(job, None)
            self.left.add(job)
        else:
            self.due.pop(job, None)
        tracking.forget(job)
        assert not tracking.knows(job)

    async def run(self, steps: Sequence[Watch | Forget | Turns]) -> None:
        before = asyncio.all_tasks()
        tracking = Tracker(
            self.clock, self.look, batch=lambda name: name == "many", most=lambda name: 1 if name == "one" else 3
        )
        for step in steps:
            match step:
                case Watch(job, delay):
                    self.watch(tracking, job, delay)
                case Forget(job):
                    self.forget(tracking, job)
                case Turns(count):
                    for _ in range(count):
                        await asyncio.sleep(0)
        await until(lambda: not len(tracking))
        assert ({}, {}, []) == (self.due, self.again, self.flying), "nothing that was wanted was left out"
        await tracking.close()
        await until(lambda: before == asyncio.all_tasks())  # a timer that was called off ends in its next turn


@settings(max_examples=300)
@given(steps, looks, st.booleans())
def test_whatever_comes_each_appointment_is_one_read(
    steps: list[Watch | Forget | Turns], looks: list[tuple[int, float | None]], slow: bool
) -> None:
    """The earliest appointment counts; what is forgotten is not read; a hint during a read is one read more."""
    course = Course(looks, slow)
    asyncio.run(course.run(steps))

    assert [] == [late for late in course.late if late < -A_BIT]


@settings(max_examples=300)
@given(steps, looks)
def test_what_waits_for_no_other_read_is_never_late(
    steps: list[Watch | Forget | Turns], looks: list[tuple[int, float | None]]
) -> None:
    """By a moment at the most, which what comes close together shares."""
    course = Course([(0, delay) for _, delay in looks])
    asyncio.run(course.run(steps))

    assert [] == [late for late in course.late if not -A_BIT <= late <= APART + A_BIT]


@given(st.lists(st.floats(0, 5 * WIDTH), min_size=1, max_size=60))
def test_one_worker_reads_in_the_order_of_the_appointments(delays: list[float]) -> None:
    """However they were made."""
    clock, read = FakeClock(), list[int]()

    async def look(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        read.extend(map(int, jobs))
        await asyncio.sleep(0)
        return {}

    async def run() -> None:
        tracking = Tracker(clock, look, batch=lambda _: False, most=lambda _: 1)
        for number, delay in enumerate(delays):
            tracking.watch(str(number), "a", delay)
        await until(lambda: not len(tracking))
        await tracking.close()

    asyncio.run(run())

    assert sorted(delays) == [delays[number] for number in read]


@pytest.mark.parametrize("delay", [inf, nan])
async def test_what_is_never_due_is_not_read(delay: float) -> None:
    """It is known, it may be hurried, and it does not keep others from being read."""
    clock, read = FakeClock(), list[str]()

    async def look(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        read.extend(jobs)
        return dict.fromkeys(jobs, delay)

    tracking = Tracker(clock, look, batch=lambda _: False, most=lambda _: 1)
    for job in "abc":
        tracking.watch(job, "a", delay)
    tracking.watch("b", "a", 5.0)
    await until(lambda: read == ["b"])
    clock.advance(1e9)
    for _ in range(20):
        await asyncio.sleep(0)
    assert ["b"] == read
    assert all(map(tracking.knows, "abc"))

    tracking.watch("b", "a", 1.0)
    await until(lambda: read == ["b", "b"])
    await tracking.close()


async def test_reads_that_end_at_once_take_one_worker_and_slow_ones_all() -> None:
    """A worker more is made only for what would have to wait for an answer."""
    names, gate = list[int](), asyncio.Event()

    async def look(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        names.append(sum(task.get_name() == "genhub reads a" for task in asyncio.all_tasks()))
        await gate.wait()
        return {}

    clock = FakeClock()
    tracking = Tracker(clock, look, batch=lambda _: False, most=lambda _: 4)
    for job in "abcdef":
        tracking.watch(job, "a", 1.0)
    await until(lambda: len(names) == 4)
    assert 1 == names[0]
    assert 4 == names[-1]
    gate.set()
    await until(lambda: not len(tracking))

    names.clear()
    for job in "abcdef":
        tracking.watch(job, "a", 1.0)
    await until(lambda: not len(tracking))
    await tracking.close()

    assert [1] * 6 == names


async def test_a_read_that_is_cut_off_leaves_its_job_free() -> None:
    """What a look awaits may be cancelled by others: the job can be watched anew, and a hint meanwhile counts."""
    clock, reads = FakeClock(), list[str]()
    inner: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def look(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        reads.extend(jobs)
        if len(reads) <= 2:
            await inner
        return {}

    tracking = Tracker(clock, look, batch=lambda _: False, most=lambda _: 2)
    tracking.watch("j", "a", 0.0)
    tracking.watch("k", "a", 0.0)
    await until(lambda: len(reads) == 2)
    tracking.watch("k", "a", 1.0)
    inner.cancel()
    await until(lambda: not tracking.reads("j"))
    assert not tracking.knows("j")
    tracking.watch("j", "a", 2.0)
    await until(lambda: len(reads) == 4)
    await tracking.close()

    assert ["j", "k", "k", "j"] == reads


async def test_what_waits_behind_a_read_that_is_cut_off_is_read() -> None:
    """The only worker ends with the read that was cut off: another one takes what is due, though nothing else is."""
    clock, reads = FakeClock(), list[str]()
    inner: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def look(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        reads.extend(jobs)
        if len(reads) == 1:
            await inner
        return {}

    tracking = Tracker(clock, look, batch=lambda _: False, most=lambda _: 1)
    tracking.watch("j", "a", 0.0)
    tracking.watch("k", "a", 0.0)
    await until(lambda: reads == ["j"])
    inner.cancel()
    await until(lambda: not len(tracking))
    await tracking.close()

    assert ["j", "k"] == reads


@pytest.mark.parametrize("turns", range(9))
async def test_it_may_be_closed_at_any_turn(turns: int) -> None:
    """Whatever was about to begin, and whatever was asked for during a read: no task is left, and none comes later."""
    clock, reads, before = FakeClock(), list[str](), asyncio.all_tasks()

    async def look(_: str, jobs: Sequence[str]) -> dict[str, float | None]:
        reads.extend(jobs)
        await asyncio.Event().wait()
        return {}

    tracking = Tracker(clock, look, batch=lambda _: False, most=lambda _: 4)
    for job in "abcdef":
        tracking.watch(job, "a", 0.0)
    for _ in range(turns):
        await asyncio.sleep(0)
    for job in reads:
        tracking.watch(job, "a", 1e9)
    await tracking.close()
    begun = list(reads)
    for _ in range(20):
        await asyncio.sleep(0)

    assert before == asyncio.all_tasks()
    assert begun == reads
    assert 0 == len(tracking)
    assert not any(map(tracking.knows, "abcdef"))
