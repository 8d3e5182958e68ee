"""What a hub remembers of webhooks: bounded, and never more trusting than it should be."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genhub._hints import EARLY, IN_A_ROW, IN_TIME, LATELY, MOST, MOST_EARLY, REPEATED, Hints
from genhub.testing import FakeClock

IDS = st.sampled_from(["j1.1", "j2.1", "j3.1"])
WAITS = st.sampled_from([0.0, 0.5, 2.0, 59.0, 61.0, 1800.0, 3601.0])


def announced(hints: Hints, times: int = 1, *, account: str = "a", kind: str = "image") -> None:
    for number in range(times):
        hints.heard(account, kind, f"j{number}.1")
        assert hints.ended(account, kind, f"j{number}.1", 5.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def hints(clock: FakeClock) -> Hints:
    return Hints(clock)


# Whether polls may lean on them


def test_five_ends_in_a_row_are_enough(hints: Hints) -> None:
    """Four are not; and another account's, or another kind's, are not these."""
    assert not hints.alive("a", "image")
    announced(hints, IN_A_ROW - 1)
    assert not hints.alive("a", "image")
    announced(hints)
    assert hints.alive("a", "image")
    assert not hints.alive("a", "video")
    assert not hints.alive("b", "image")


def test_one_lost_webhook_ends_it(hints: Hints) -> None:
    """At once; and it takes five again, of this kind alone."""
    announced(hints, IN_A_ROW)
    announced(hints, IN_A_ROW, kind="captions")
    assert not hints.ended("a", "image", "j9.1", 5.0)
    assert not hints.alive("a", "image")
    assert hints.alive("a", "captions")
    announced(hints, IN_A_ROW - 1)
    assert not hints.alive("a", "image")
    announced(hints)
    assert hints.alive("a", "image")


def test_an_hour_of_silence_ends_it(hints: Hints, clock: FakeClock) -> None:
    """What was so an hour ago need not be so now."""
    announced(hints, IN_A_ROW)
    clock.advance(LATELY)
    assert hints.alive("a", "image")
    clock.advance(1)
    assert not hints.alive("a", "image")


def test_what_was_heard_long_before_the_end_announced_nothing(hints: Hints, clock: FakeClock) -> None:
    """It may have been forged, or about something else."""
    hints.heard("a", "image", "j1.1")
    clock.advance(IN_TIME + 1)
    assert not hints.ended("a", "image", "j1.1", 600.0)


def test_what_was_heard_before_it_was_sent_announced_nothing(hints: Hints, clock: FakeClock) -> None:
    """A job that was stopped and goes on has an end of its own."""
    hints.heard("a", "image", "j1.1")
    clock.advance(30)
    assert not hints.ended("a", "image", "j1.1", 20.0)


def test_one_webhook_announces_one_end(hints: Hints) -> None:
    """The same attempt, resumed, has to be announced again."""
    announced(hints)
    assert not hints.ended("a", "image", "j0.1", 5.0)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("heard"), IDS),
            st.tuples(st.just("ended"), IDS),
            st.tuples(st.just("wait"), WAITS),
            st.tuples(st.just("announced"), IDS),
        ),
        max_size=60,
    )
)
def test_never_alive_after_a_lost_one_until_five_were_announced(steps: list[tuple[str, str | float]]) -> None:
    """Whatever comes in whatever order: alive means that the last five ends were all announced, and not long ago."""
    clock = FakeClock()
    hints = Hints(clock)
    heard: dict[str | float, float] = {}
    ends: list[tuple[bool, float]] = []
    for word, about in steps:
        now = clock.monotonic()
        if word == "wait":
            clock.advance(float(about))
        elif word == "heard":
            hints.heard("a", "k", str(about))
            heard[about] = now
        else:
            if word == "announced":
                hints.heard("a", "k", str(about))
                heard[about] = now
            said = heard.pop(about, None)
            ends.append((said is not None and now - said <= IN_TIME, now))
            assert ends[-1][0] is hints.ended("a", "k", str(about), 1e6)
        last = ends[-IN_A_ROW:]
        expected = (
            len(last) == IN_A_ROW
            and all(announced for announced, _ in last)
            and clock.monotonic() - last[-1][1] <= LATELY
        )
        assert expected is hints.alive("a", "k")


# Which are news


def test_the_same_delivery_is_news_once(hints: Hints, clock: FakeClock) -> None:
    """For ten minutes, counted from the first; another account's, or another body, is another one."""
    assert hints.fresh("a", b"body")
    assert not hints.fresh("a", b"body")
    assert hints.fresh("b", b"body")
    assert hints.fresh("a", b"another")
    clock.advance(REPEATED)
    assert not hints.fresh("a", "body")
    clock.advance(1)
    assert hints.fresh("a", "body")


def test_what_is_said_too_early_is_kept_for_a_while(hints: Hints, clock: FakeClock) -> None:
    """Once, for five minutes, and for that account alone."""
    hints.unclaimed("a", "v1")
    assert not hints.early("b", "v1")
    assert not hints.early("a", "v2")
    assert hints.early("a", "v1")
    assert not hints.early("a", "v1")
    hints.unclaimed("a", "v1")
    clock.advance(EARLY + 1)
    assert not hints.early("a", "v1")


# What they may cost


@settings(deadline=None)
@given(st.lists(st.tuples(WAITS, IDS), max_size=60), st.sampled_from([0.0, 1.5, 10.0]))
def test_hints_cause_one_read_in_the_least_time(steps: list[tuple[float, str]], least: float) -> None:
    """However they come: reads are that far apart, and each hint has one that is not later than that."""
    clock = FakeClock()
    hints = Hints(clock)
    dues: defaultdict[str, list[float]] = defaultdict(list)
    for wait, attempt_id in steps:
        clock.advance(wait)
        delay = hints.allowed_in(attempt_id, least)
        assert 0 <= delay <= least
        due = clock.monotonic() + delay
        if not dues[attempt_id] or due != pytest.approx(dues[attempt_id][-1]):
            dues[attempt_id].append(due)
    for each in dues.values():
        assert all(later - earlier >= least - 1e-6 for earlier, later in pairwise(each))


def test_without_room_a_read_waits(hints: Hints, clock: FakeClock) -> None:
    """More attempts than are remembered get no more than one read each in that time either."""
    assert {0.0} == {hints.allowed_in(f"j{number}.1", 10.0) for number in range(MOST)}
    assert 10.0 == hints.allowed_in("one more", 10.0)
    clock.advance(10.0)
    assert 0.0 == hints.allowed_in("one more", 10.0)


def test_memory_is_bounded(hints: Hints) -> None:
    """A stranger may send what he likes: so much is remembered, in so many bytes."""
    for number in range(MOST + 500):
        hints.heard("a", f"k{number}", "j.1")
        hints.ended("a", f"k{number}", "j.1", 5.0)
        hints.heard("a", "k", f"j{number}.1")
        hints.fresh("a", f"body {number}")
        hints.allowed_in(f"j{number}.1", 10.0)
        hints.unclaimed("a", "v" * 1000 + str(number))
    assert 4 * MOST + MOST_EARLY == len(hints)
    assert hints.fresh("a", "body 0")
    assert not hints.early("a", "v" * 1000 + "0")
    assert hints.early("a", "v" * 1000 + str(MOST + 499))
