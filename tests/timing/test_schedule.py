"""What a vendor sees of a hub that has learned: no read too soon, none of what is over, and none missing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks._virtual import LoopClock, run
from genhub import Account, Hub, Status, TextRequest
from genhub._agenda import MOST
from genhub._bound import Bound
from genhub._schedule import SLOWEST
from genhub._tracker import APART
from genhub.stores._memory import MemoryStore
from tests.timing._vendor import KIND, Life, Vendor, documents

#: Sums of floats.
SLACK = 1e-6
#: The seconds from a webhook until the read that it causes, at most.
SOON = 1e-3
seconds = st.floats(min_value=0, max_value=30) | st.floats(min_value=0, max_value=2000)
lives = st.lists(
    st.builds(Life, seconds, seconds, st.none() | st.floats(min_value=-1, max_value=1e4)), min_size=1, max_size=12
)


async def play(
    vendor: Vendor, hub: Hub, clock: LoopClock, apart: float, *, webhooks: int = 0
) -> dict[str, list[float]]:
    """Submit every life, `apart` seconds one after the other, and wait for all; returns when webhooks named each.

    `webhooks`: so many jobs are announced when they end, and no more.
    """
    named: dict[str, list[float]] = {}
    calls: list[asyncio.Task[None]] = []

    async def announce(job_id: str, after: float) -> None:
        await clock.sleep(after + SOON)
        named.setdefault(job_id, []).append(clock.monotonic())
        await hub.webhook("ours", {}, job_id.encode())

    def made(job_id: str, after: float) -> None:
        if len(vendor.made) <= webhooks:
            calls.append(asyncio.get_running_loop().create_task(announce(job_id, after)))

    async def job(begins: float) -> None:
        await clock.sleep(begins)
        done = await (await hub.submit(TextRequest(prompt="soup"))).wait()
        assert Status.SUCCEEDED == done.status

    vendor.ends = made
    async with asyncio.TaskGroup() as group:
        for number in range(len(vendor.lives)):
            group.create_task(job(number * apart))
    await asyncio.gather(*calls)
    await clock.sleep(2 * MOST)  # whoever would read on does
    return named


def check(vendor: Vendor, least: float, most: float, named: dict[str, list[float]]) -> None:
    """Every gap between two reads is within its bounds, and nothing that was over was read."""
    assert 0 == vendor.late
    for job_id, (begin, life) in vendor.made.items():
        moments = [begin, *(each.at for each in vendor.reads[job_id])]
        assert moments[-1] >= begin + life.queue + life.work - SLACK
        for before, after in pairwise(moments):
            hinted = any(each <= after <= each + SOON for each in named.get(job_id, ()))
            assert after - before <= most + APART + SLACK
            assert after - before >= least - SLACK or hinted


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    lives=lives,
    least=st.sampled_from([0.5, 2.0, 30.0, 200.0]),
    apart=st.sampled_from([0.0, 1.0, 50.0]),
    fails_every=st.none() | st.integers(min_value=2, max_value=9),
    retry_after=st.none() | st.floats(min_value=0, max_value=400),
    allowed=st.none() | st.floats(min_value=0.01, max_value=5),
    webhooks=st.sampled_from([0, 0, 6, 100]),
    price=st.sampled_from([0.01, 0.5, 50.0]),
)
def test_no_read_is_too_soon_or_too_late_or_in_vain(
    lives: Sequence[Life],
    least: float,
    apart: float,
    fails_every: int | None,
    retry_after: float | None,
    allowed: float | None,
    webhooks: int,
    price: float,
) -> None:
    """Whatever jobs take, hint, and announce, whatever fails, and however little a vendor allows.

    No job is asked for before the vendor's minimum (but for a webhook's sake), none beyond a bound, and none that is
    known to have ended.
    """

    async def all_of_it() -> None:
        clock = LoopClock()
        kind = documents(least)
        vendor = kind(clock=clock, lives=lives, fails_every=fails_every, retry_after=retry_after)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Bound, "reads_allowed", lambda bound: allowed)
            async with Hub({"ours": Account(provider=vendor)}, journal="memory:", clock=clock, read_price=price) as hub:
                named = await play(vendor, hub, clock, apart, webhooks=webhooks)
        check(vendor, least, max(least, MOST, SLOWEST, retry_after or 0.0), named)

    run(all_of_it())


def reads_of(lives: Sequence[Life], *, webhooks: int = 0) -> list[int]:
    """Let a hub do them, one after the other; returns how often each was read."""

    async def all_of_it() -> list[int]:
        clock = LoopClock()
        vendor = Vendor(clock=clock, lives=lives)
        async with Hub({"ours": Account(provider=vendor)}, journal="memory:", clock=clock) as hub:
            named = await play(vendor, hub, clock, 200.0, webhooks=webhooks)
        check(vendor, 2.0, MOST, named)
        return [len(each) for each in vendor.reads.values()]

    return run(all_of_it())


def test_a_hub_learns_while_it_reads() -> None:
    """The first jobs of a kind are read more often than those that come when it is known."""
    reads = reads_of([Life(0.0, 60 + number % 5) for number in range(40)])
    assert sum(reads[-10:]) < 0.7 * sum(reads[:5]) * 2


def test_webhooks_that_are_leant_on_leave_a_read_a_job() -> None:
    """The one that finds what was announced."""
    assert [1] * 10 == reads_of([Life(0.0, 60 + number % 5) for number in range(20)], webhooks=100)[-10:]


def test_webhooks_that_fall_silent_make_no_read_too_soon() -> None:
    """One end that nobody announced: the others are read soon, but not sooner than the vendor wants."""

    async def all_of_it() -> None:
        clock = LoopClock()
        vendor = Vendor(clock=clock, lives=[*([Life(0.0, 10.0)] * 8), *([Life(0.0, 400.0), Life(0.0, 200.0)] * 3)])
        async with Hub({"ours": Account(provider=vendor)}, journal="memory:", clock=clock) as hub:
            named = await play(vendor, hub, clock, 0.7, webhooks=8)
        check(vendor, 2.0, MOST, named)

    run(all_of_it())


def test_a_read_that_failed_was_a_read() -> None:
    """Webhooks that fall silent in the moment after one do not make it two."""

    async def all_of_it() -> None:
        clock = LoopClock()
        vendor = documents(30.0)(clock=clock, lives=[Life(0.0, 0.0)] * 9, fails_every=2)
        async with Hub({"ours": Account(provider=vendor)}, journal="memory:", clock=clock) as hub:
            named = await play(vendor, hub, clock, 0.0, webhooks=9)
        check(vendor, 30.0, MOST, named)

    run(all_of_it())


def test_what_was_learned_outlives_the_hub() -> None:
    """The journal has it: the next one makes the same appointments."""

    async def all_of_it() -> tuple[float, float]:
        clock, journal = LoopClock(), MemoryStore()
        vendor = Vendor(clock=clock, lives=[Life(5.0, 60.0)] * 20)
        async with Hub({"ours": Account(provider=vendor)}, journal=journal, clock=clock) as hub:
            await play(vendor, hub, clock, 200.0)
            before = hub.timings()["ours", KIND]
        async with Hub({"ours": Account(provider=vendor)}, journal=journal, clock=clock) as hub:
            after = hub.timings()["ours", KIND]
        assert before.basis == after.basis
        return before.whole.quantile(0.5), after.whole.quantile(0.5)

    before, after = run(all_of_it())
    assert before == pytest.approx(after, rel=0.03)
    assert 65 == pytest.approx(after, rel=0.1)
