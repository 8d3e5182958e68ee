"""When an account may call again, and when a job is read: pure rules on a clock."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from genhub._pacing import LONGEST, Pacer
from genhub._retry import delays
from genhub._schedule import SLOWEST, Steady, after_failures
from genhub.testing import FakeClock

waits = st.floats(min_value=0, max_value=LONGEST)


@given(waits, waits, st.floats(min_value=0, max_value=LONGEST))
def test_a_longer_hold_stays(first: float, second: float, passed: float) -> None:
    """Whichever refusal said the later time counts, and no longer than that."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.hold("GET /x", first)
    pacer.hold("GET /x", second)
    clock.advance(passed)

    assert abs(max(0.0, max(first, second) - passed) - pacer.wait_for("GET /x")) < 1e-6
    assert 0.0 == pacer.wait_for("GET /y")


async def test_calls_on_their_way_count_against_what_is_left() -> None:
    """The vendor's count may not know them yet."""
    clock = FakeClock()
    pacer = Pacer(clock)
    reset = str(clock.time() + 10)
    pacer.note("GET /x", {"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": reset}, clock.time())
    turns = [await pacer.turn("GET /x"), await pacer.turn("GET /x")]
    assert [] == clock.sleeps
    assert pacer.turn_now("GET /x") is None
    turns.append(await pacer.turn("GET /x"))
    assert [10.0] == clock.sleeps
    for turn in turns:
        turn.end()
        turn.end()
    assert 0.0 == pacer.wait_for("GET /x")


@given(st.text(max_size=8), st.text(max_size=12))
def test_headers_that_make_no_sense_hold_nothing(remaining: str, reset: str) -> None:
    """A vendor's nonsense stops nobody for longer than the longest window."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.note("GET /x", {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset}, clock.time())

    assert 0.0 <= pacer.wait_for("GET /x") <= LONGEST


def test_a_reset_in_milliseconds_is_not_believed() -> None:
    """An account is not parked for fifty thousand years."""
    clock = FakeClock()
    pacer = Pacer(clock)
    reset = str(clock.time() * 1000)
    pacer.note("GET /x", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, clock.time())

    assert 0.0 == pacer.wait_for("GET /x")


def test_waits_between_tries_grow_and_are_bounded() -> None:
    """Full jitter: between nothing and an exponential that stops growing."""
    caps = [min(30.0, 0.5 * 2**n) for n in range(40)]

    assert all(0 <= wait <= cap for wait, cap in zip(islice(delays(0.5, 30.0), 40), caps, strict=True))


@given(st.floats(min_value=0.001, max_value=3600), st.integers(min_value=1, max_value=10_000))
def test_a_failing_read_slows_down_but_never_ends(every: float, failures: int) -> None:
    """Not faster than the vendor's own interval, not slower than a minute beyond it."""
    wait = after_failures(every, failures)

    assert every <= wait <= max(every, SLOWEST)


def test_a_steady_schedule_is_steady() -> None:
    """What vendors advise."""
    assert [2.0, 2.0] == [Steady(2.0).next(0.0, 0), Steady(2.0).next(1000.0, 500)]
