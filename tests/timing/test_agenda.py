"""Appointments: by what was learned, within the vendor's bounds."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from genhub import Account, Attempt, Job, Status, TextRequest
from genhub._agenda import MOST, Agenda
from genhub._bound import Bound
from genhub._hints import Hints
from genhub._live import Live, Pursuit
from genhub._schedule import SLOWEST
from genhub.http import Sessions
from genhub.testing import FakeClock
from tests.timing._made import WHERE, durations, ended, patient
from tests.timing._vendor import documents

NAME, KIND = WHERE
EVERY = st.floats(min_value=0, max_value=300)


class Limited(Bound):
    """An account whose vendor names a limit of reads."""

    allowed: float | None = None

    def reads_allowed(self) -> float | None:
        return self.allowed


class Desk:
    """An agenda, and one attempt after the other in hand."""

    def __init__(
        self,
        *,
        least: float = 2.0,
        price: float = 0.5,
        poll_every: float | None = None,
        takes: tuple[float, float] | None = None,
    ) -> None:
        self.clock = FakeClock()
        vendor = documents(least, takes)(clock=self.clock)
        account = Account(provider=vendor, poll_every=poll_every)
        self.bound = Limited(NAME, account, Sessions(connections=1), self.clock)
        self.hints = Hints(self.clock)
        self.silent: list[tuple[str, str]] = []
        self.agenda = Agenda({NAME: self.bound}, self.clock, self.hints, price,
                             lambda account, kind: self.silent.append((account, kind)))  # fmt: skip
        self._count = 0

    def open(self, *, age: float = 0.0, running_for: float | None = None) -> Pursuit:
        """Take one in hand that was sent so many seconds ago."""
        self._count += 1
        now = datetime.fromtimestamp(self.clock.time(), UTC)
        attempt = evolve(
            ended(self._count),
            status=Status.RUNNING,
            created_at=now - timedelta(seconds=age),
            submitted_at=now - timedelta(seconds=age),
            running_at=None if running_for is None else now - timedelta(seconds=running_for),
            finished_at=None,
        )
        return self.hand(attempt)

    def hand(self, attempt: Attempt) -> Pursuit:
        job = Job(id=attempt.job_id, request=TextRequest(prompt="x"), created_at=attempt.created_at,
                  attempts=(attempt,))  # fmt: skip
        return Live(job).pursue(1)

    def finish(self, hand: Pursuit) -> None:
        """A read sees it end now."""
        now = datetime.fromtimestamp(self.clock.time(), UTC)
        attempt = evolve(hand.attempt, status=Status.SUCCEEDED, finished_at=now)
        self.agenda.ended(hand, attempt, self.clock.monotonic())

    def learn(self, seconds: float, count: int = 1) -> None:
        """See so many of them end, each as old as that, and read a moment before."""
        for _ in range(count):
            hand = self.open(age=seconds)
            hand.read_at = self.clock.monotonic() - min(0.1, seconds)
            self.finish(hand)

    def announced(self, count: int = 6) -> None:
        """See webhooks announce so many ends."""
        for _ in range(count):
            hand = self.open()
            self.clock.advance(20.0)
            self.hints.heard(NAME, KIND, hand.attempt.id)
            self.finish(hand)


@patient
@given(
    seen=st.lists(durations, max_size=8),
    least=EVERY,
    price=st.floats(min_value=1e-6, max_value=1e6),
    age=durations,
    running=st.none() | durations,
    hint=st.none() | st.floats(),
    allowed=st.none() | st.floats(min_value=0, max_value=10),
    others=st.integers(min_value=0, max_value=20),
    leant=st.booleans(),
)
def test_an_open_attempt_is_read_within_its_bounds(
    seen: list[float], least: float, price: float, age: float, running: float | None, hint: float | None,
    allowed: float | None, others: int, leant: bool,
) -> None:  # fmt: skip
    """Never before the vendor's minimum and never after the longest wait: whatever is known, hinted and allowed."""
    desk = Desk(least=least, price=price)
    for seconds in seen:
        desk.learn(seconds)
    if leant:
        desk.announced()
    desk.bound.allowed = allowed
    for _ in range(others):
        desk.agenda.next(desk.bound, desk.open())
    hand = desk.open(age=age, running_for=running)
    first = desk.agenda.next(desk.bound, hand)
    then = desk.agenda.next(desk.bound, hand, desk.clock.monotonic(), hint=hint)

    for wait in (first, then):
        assert least <= wait <= max(least, MOST)
    assert 0 < desk.agenda.hazard(hand, desk.clock.monotonic()) < math.inf


@patient
@given(EVERY, st.integers(min_value=1, max_value=10_000), st.none() | st.floats(min_value=0, max_value=1e5))
def test_a_read_that_failed_is_tried_again_within_a_bound(every: float, failures: int, retry: float | None) -> None:
    """Not before the vendor's minimum or what it asked for."""
    desk = Desk(least=every)
    hand = desk.open()
    hand.failures = failures
    wait = desk.agenda.after_failure(desk.bound, hand, retry)

    assert max(every, retry or 0.0) <= wait <= max(every, retry or 0.0, SLOWEST)


def test_a_users_own_interval_is_kept() -> None:
    """Nothing is learned that changes it, and no hint or limit does."""
    desk = Desk(poll_every=7.0)
    desk.learn(60.0, 40)
    desk.announced()
    desk.bound.allowed = 0.001
    hand = desk.open(age=30.0)

    assert 7.0 == desk.agenda.next(desk.bound, hand)
    assert 7.0 == desk.agenda.next(desk.bound, hand, desk.clock.monotonic(), hint=1.0)


def test_what_was_learned_makes_the_appointments() -> None:
    """Of jobs that take a minute: a long wait first, short ones at the end."""
    desk = Desk()
    desk.learn(60.0, 60)
    young, old = desk.open(), desk.open(age=60.0)

    assert 30 < desk.agenda.next(desk.bound, young) < 60
    assert desk.agenda.next(desk.bound, old) < 10


def test_what_the_vendor_documents_is_expected() -> None:
    """Before anything was seen: between its shortest and its longest time."""
    documented, guessed = Desk(takes=(50.0, 200.0)), Desk()

    assert 100 == pytest.approx(documented.agenda.timings.of(NAME, KIND).whole.quantile(0.5), rel=0.05)
    assert 10 == pytest.approx(guessed.agenda.timings.of(NAME, KIND).whole.quantile(0.5), rel=0.05)


def test_a_limit_stretches_intervals_until_they_fit() -> None:
    """All alike; and no more once others are over."""
    desk = Desk()
    desk.learn(60.0, 60)
    hand, others = desk.open(age=55.0), [desk.open(age=55.0) for _ in range(9)]
    free = desk.agenda.next(desk.bound, hand)
    desk.bound.allowed = 1 / free
    alone = desk.agenda.next(desk.bound, hand)
    for other in others:
        desk.agenda.next(desk.bound, other)
    crowded = desk.agenda.next(desk.bound, hand)
    for other in others:
        desk.agenda.leave(other)

    assert free == pytest.approx(alone)
    assert 9 * free < crowded < 11 * free
    assert free == pytest.approx(desk.agenda.next(desk.bound, hand))


def test_where_webhooks_announce_ends_reading_is_a_backstop() -> None:
    """Until one is not announced: then it is said, once, that they are silent."""
    desk = Desk()
    desk.announced()
    assert MOST == desk.agenda.next(desk.bound, desk.open())
    assert [] == desk.silent
    desk.learn(20.0)
    assert [WHERE] == desk.silent
    desk.learn(20.0)

    assert [WHERE] == desk.silent
    assert MOST > desk.agenda.next(desk.bound, desk.open())


def test_an_end_is_known_as_exactly_as_reads_are_near() -> None:
    """Between the read before and the one that saw it, and never later."""
    desk = Desk()
    for _ in range(60):
        hand = desk.open()
        desk.clock.advance(30.0)
        hand.read_at = desk.clock.monotonic()
        desk.clock.advance(1.0)
        desk.finish(hand)
    curve = desk.agenda.timings.of(NAME, KIND).whole

    assert 30 == pytest.approx(curve.quantile(0.5), rel=0.05)


def test_what_is_to_be_resumed_has_not_ended() -> None:
    """It teaches nothing yet."""
    desk = Desk()
    hand = desk.open(age=10.0)
    now = datetime.fromtimestamp(desk.clock.time(), UTC)
    stopped = evolve(hand.attempt, status=Status.STOPPED, finished_at=now, resuming_at=now)
    desk.agenda.ended(hand, stopped, desk.clock.monotonic())

    assert [] == list(desk.agenda.timings.keys())


@given(st.just(0.0) | st.floats(min_value=0.01, max_value=600))
def test_many_are_spread_over_their_interval(within: float) -> None:
    """Each has a moment of its own, and always the same."""
    desk = Desk()
    hands = [desk.open() for _ in range(50)]
    moments = [desk.agenda.spread(hand, within) for hand in hands]

    assert all(0 <= each <= within for each in moments)
    assert moments == [desk.agenda.spread(hand, within) for hand in hands]
    assert within == 0 or len(set(moments)) > 40
