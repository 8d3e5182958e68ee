"""A breaker's rules, one by one and as properties of any course of events (pure, on times that are handed in)."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from genhub.routing._breaker import USUAL, Breaker, BreakerState, Tuning

START = 1_772_323_200.0
CLOSED = Breaker()
A_BIT = 1e-3  # more than rounding takes from a time of this size
tunings = st.builds(
    Tuning,
    failures=st.integers(1, 5),
    pause=st.floats(0.5, 300),
    longest=st.floats(1, 1000),
    probe=st.floats(0.5, 300),
)


def opened(now: float = START, tuning: Tuning = USUAL) -> Breaker:
    breaker = CLOSED
    for _ in range(tuning.failures):
        breaker = breaker.failed(now, "connection refused", tuning)
    return breaker


def probing(now: float = START) -> Breaker:
    """A usual one whose probe went out as soon as it could."""
    return opened(now).let_through(now + USUAL.pause, USUAL)


def test_so_many_failures_in_a_row_open_it() -> None:
    """One fewer does not, and the failure that did it is named."""
    breaker = CLOSED.failed(START, "a", USUAL).failed(START, "b", USUAL)
    assert (BreakerState.CLOSED, 2, True) == (breaker.state, breaker.failures, breaker.allows(START, USUAL))

    breaker = breaker.failed(START + 1, "c", USUAL)
    assert Breaker(state=BreakerState.OPEN, failures=3, until=START + 31, trips=1, why="c") == breaker
    assert not breaker.allows(START + 30.9, USUAL)
    assert breaker.allows(START + 31, USUAL)


def test_a_success_resets_the_count() -> None:
    """Failures count in a row."""
    breaker = CLOSED.failed(START, "a", USUAL).failed(START, "b", USUAL).succeeded(START, USUAL)

    assert CLOSED == breaker
    assert BreakerState.CLOSED is breaker.failed(START, "c", USUAL).failed(START, "d", USUAL).state


def test_one_probe_is_let_through_when_the_pause_is_over() -> None:
    """Nobody else goes while it is out; when it says nothing for too long, another one may."""
    due = START + 30
    breaker = opened().let_through(due, USUAL)

    assert (BreakerState.HALF_OPEN, due + 120) == (breaker.state, breaker.probe_until)
    assert not breaker.allows(due + 119.9, USUAL)
    assert breaker.allows(due + 120, USUAL)
    again = breaker.let_through(due + 120, USUAL)
    assert (BreakerState.HALF_OPEN, due + 240) == (again.state, again.probe_until)


def test_a_probe_that_goes_well_closes_it() -> None:
    """All is forgotten, the length of the next pause too."""
    breaker = probing().succeeded(START + 40, USUAL)

    assert CLOSED == breaker
    assert START + 80 == opened(START + 50).until


def test_each_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    """From 30 s to 600 s, and never more."""
    now, breaker = START, opened()
    pauses: list[float] = []
    for _ in range(7):
        pauses.append(breaker.until - now)
        now = breaker.until
        breaker = breaker.let_through(now, USUAL).failed(now, "still", USUAL)

    assert [30, 60, 120, 240, 480, 600, 600] == pauses
    assert (8, 10) == (breaker.trips, breaker.failures)


def test_ten_thousand_trips_are_no_overflow() -> None:
    """An account that is dead for months keeps the longest pause."""
    breaker = evolve(probing(), trips=10_000).failed(START, "dead", USUAL)

    assert START + 600 == breaker.until


def test_news_of_calls_from_before_it_opened_changes_nothing() -> None:
    """Neither a late success nor a late failure: the same object."""
    breaker = opened()

    assert breaker is breaker.succeeded(START + 5, USUAL)
    assert breaker is breaker.failed(START + 5, "late", USUAL)
    assert breaker is breaker.failed(START + 500, "very late", USUAL)
    assert breaker is breaker.passed(START + 5, USUAL)


def test_a_probe_that_told_nothing_leaves_the_next_one_free() -> None:
    """Open again with the same pause, which is over: no trip, no new wait."""
    before = opened()
    breaker = probing().passed(START + 40, USUAL)

    assert before == breaker
    assert breaker.allows(START + 40, USUAL)


def test_a_probe_that_told_nothing_leaves_the_next_one_free_on_a_clock_that_was_set_back() -> None:
    """Even when the pause would lie ahead again."""
    assert probing().passed(START, USUAL).allows(START, USUAL)


def test_a_probe_that_runs_is_ended_by_its_news_alone() -> None:
    """That another call told nothing does not let a second one go beside it; its own end, or its time, does."""
    running = probing().runs(START + 31, USUAL)
    assert evolve(probing(), running=True) == running

    assert running is running.passed(START + 40, USUAL)
    assert not running.allows(START + 149.9, USUAL)
    assert CLOSED == running.succeeded(START + 40, USUAL)
    assert probing().failed(START + 40, "again", USUAL) == running.failed(START + 40, "again", USUAL)
    assert opened() == Breaker.of(running.facts(), START + 40, USUAL)


def test_the_probe_after_one_that_ran_does_not_run_yet() -> None:
    """When its request is at fault, the next one may go at once."""
    running = probing().runs(START + 31, USUAL)
    late = START + 150
    assert running.allows(late, USUAL)
    again = running.let_through(late, USUAL)

    assert (BreakerState.HALF_OPEN, False) == (again.state, again.running)
    assert again.passed(late + 1, USUAL).allows(late + 1, USUAL)


def test_what_changes_nothing_returns_the_same_object() -> None:
    """A caller sees by identity whether something happened."""
    once = CLOSED.failed(START, "a", USUAL)

    assert CLOSED is CLOSED.succeeded(START, USUAL)
    for breaker in (CLOSED, once):
        assert breaker is breaker.let_through(START, USUAL)
        assert breaker is breaker.passed(START, USUAL)
        assert breaker is breaker.runs(START, USUAL)
        assert breaker is breaker.believed(START, USUAL)
    due, running = opened(), probing().runs(START + 31, USUAL)
    assert due is due.runs(START + 40, USUAL)
    assert running is running.runs(START + 40, USUAL)
    assert opened() == opened().let_through(START + 29, USUAL)
    assert probing() == probing().let_through(START + 31, USUAL)


@pytest.mark.parametrize("breaker", [opened(), probing()], ids=lambda breaker: breaker.state)
def test_a_time_that_is_too_far_away_counts_as_come(breaker: Breaker) -> None:
    """A clock that was set back by a day locks nobody for a day."""
    yesterday = START - 86_400

    assert breaker.allows(yesterday, USUAL)
    believed = breaker.believed(yesterday, USUAL)
    assert {yesterday} >= {each for each in (believed.until, believed.probe_until) if each > 0}
    assert BreakerState.HALF_OPEN is breaker.let_through(yesterday, USUAL).state
    assert not breaker.let_through(yesterday, USUAL).allows(yesterday + 1, USUAL)


def test_a_probe_time_beyond_the_longest_pause_is_cut() -> None:
    """It would count as too far away, and two probes would be out at once."""
    tuning = Tuning(failures=1, pause=5, longest=10, probe=60)
    breaker = opened(tuning=tuning).let_through(START + 5, tuning)

    assert 10 == breaker.wait(START + 5, tuning)


@pytest.mark.parametrize(
    "nonsense",
    [{"failures": 0}, {"pause": 0}, {"pause": math.nan}, {"longest": -1}, {"longest": math.inf}, {"probe": 0}],
    ids=str,
)
def test_a_tuning_that_makes_no_sense_is_refused(nonsense: dict[str, Any]) -> None:
    """By ValueError, when it is made."""
    with pytest.raises(ValueError, match=next(iter(nonsense))):
        Tuning(**nonsense)


def test_it_says_how_it_stands() -> None:
    """In words for a person, with times of the day in UTC."""
    once = CLOSED.failed(START, "503", USUAL)

    assert "closed" == CLOSED.said(START)
    assert "1 failure in a row (503)" == once.said(START)
    assert "open until 00:00:30 UTC after 3 failures (connection refused)" == opened().said(START)
    assert "open after 3 failures (connection refused): the next call will see" == opened().said(START + 30)
    assert "half open after 3 failures (connection refused): one call is out to see" == probing().said(START + 30)
    assert "open after 3 failures (connection refused): the next call will see" == probing().said(START + 150)


@settings(deadline=None)
@given(tunings, st.floats(0, 1e6))
def test_it_stays_shut_until_the_pause_is_over(tuning: Tuning, later: float) -> None:
    """After so many failures in a row no call goes before, and one does after."""
    breaker = opened(tuning=tuning)
    pause = min(tuning.pause, tuning.longest)
    assume(abs(later - pause) > A_BIT)

    assert (later > pause) == breaker.allows(START + later, tuning)


@settings(deadline=None)
@given(tunings, st.lists(st.floats(0, 1e4)))
def test_successes_alone_never_open_it(tuning: Tuning, steps: list[float]) -> None:
    """Nor do they change it at all."""
    now, breaker = START, CLOSED
    for step in steps:
        now += step
        breaker = breaker.let_through(now, tuning).succeeded(now, tuning)
        assert breaker is CLOSED


@settings(deadline=None)
@given(tunings, st.lists(st.integers(0, 4)))
def test_failures_below_the_threshold_never_open_it(tuning: Tuning, runs: list[int]) -> None:
    """However many there are, as long as a success comes in between."""
    breaker = CLOSED
    for run in runs:
        for _ in range(min(run, tuning.failures - 1)):
            breaker = breaker.failed(START, "some", tuning)
            assert breaker.allows(START, tuning)
        breaker = breaker.succeeded(START, tuning)

    assert CLOSED == breaker


@settings(deadline=None)
@given(st.sampled_from(BreakerState), st.floats(), st.floats(), st.floats(-1e10, 1e10), tunings)
def test_no_lock_is_for_ever(state: BreakerState, until: float, probe: float, now: float, tuning: Tuning) -> None:
    """Whatever times it holds and whatever the clock says: whoever waits gets through within the longest pause."""
    breaker = Breaker(state=state, failures=3, until=until, trips=1, probe_until=probe)
    wait = breaker.wait(now, tuning)

    assert 0 <= wait <= tuning.longest
    assert (wait == 0) == breaker.allows(now, tuning)
    if wait > 0:
        assert breaker.allows(now + wait + A_BIT, tuning)


@settings(deadline=None)
@given(tunings, st.floats(-1e7, 1e7), st.floats(0, 1e7))
def test_a_time_that_was_not_believed_once_is_not_believed_later(tuning: Tuning, jump: float, later: float) -> None:
    """It does not come back into reach when nobody called in between."""
    breaker = opened(tuning=tuning).believed(START + jump, tuning)
    assume(breaker.allows(START + jump, tuning))

    assert breaker.allows(START + jump + later, tuning)


class Courses(RuleBasedStateMachine):
    """Calls, news of them early and late, time that passes and a clock that is set: against a model of the rules."""

    @initialize(tuning=tunings)
    def begin(self, tuning: Tuning) -> None:
        self.tuning = tuning
        self.breaker = CLOSED
        self.now = START
        self.row = 0  # failures in a row, while it is closed
        self.shut: float | None = None  # when it opened, if the clock was not set since
        self.probe: float | None = None  # when the one that is out was let through, if the clock was not set since

    @rule(seconds=st.floats(0, 700))
    def later(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.floats(-1e6, 1e6))
    def clock_is_set(self, seconds: float) -> None:
        self.now += seconds
        self.shut = self.probe = None

    @rule()
    def when_it_is_due(self) -> None:
        self.now += self.breaker.wait(self.now, self.tuning) + A_BIT
        assert self.breaker.allows(self.now, self.tuning)

    @precondition(lambda self: self.breaker.allows(self.now, self.tuning))
    @rule()
    def call(self) -> None:
        before = self.breaker
        self.breaker = before.let_through(self.now, self.tuning)
        if before.state is BreakerState.CLOSED:
            assert before is self.breaker
            return
        assert BreakerState.HALF_OPEN is self.breaker.state
        if self.shut is not None:
            assert self.now - self.shut >= min(self.tuning.pause, self.tuning.longest) - A_BIT
        if self.probe is not None:
            assert self.now - self.probe >= min(self.tuning.probe, self.tuning.longest) - A_BIT
        assert not self.breaker.running
        self.probe = self.now

    @precondition(lambda self: not self.breaker.allows(self.now, self.tuning))
    @rule()
    def a_call_that_was_not_allowed(self) -> None:
        assert self.breaker is self.breaker.let_through(self.now, self.tuning)

    @rule()
    def success(self) -> None:
        before, self.breaker = self.breaker, self.breaker.succeeded(self.now, self.tuning)
        if before.state is BreakerState.OPEN:
            assert before is self.breaker
        else:
            assert CLOSED == self.breaker
            self.row, self.probe, self.shut = 0, None, None

    @rule()
    def failure(self) -> None:
        before, self.breaker = self.breaker, self.breaker.failed(self.now, "why", self.tuning)
        if before.state is BreakerState.OPEN:
            assert before is self.breaker
            return
        self.row += 1
        opens = before.state is BreakerState.HALF_OPEN or self.row >= self.tuning.failures
        assert opens == (self.breaker.state is BreakerState.OPEN)
        if opens:
            doubled = min(self.tuning.pause * 2**before.trips, self.tuning.longest)
            assert abs(self.breaker.wait(self.now, self.tuning) - doubled) < A_BIT
            assert before.trips + 1 == self.breaker.trips
            self.probe, self.shut = None, self.now

    @rule()
    def the_probe_is_taken_up(self) -> None:
        before, self.breaker = self.breaker, self.breaker.runs(self.now, self.tuning)
        assert evolve(before, running=before.state is BreakerState.HALF_OPEN) == self.breaker

    @rule()
    def nothing_was_told(self) -> None:
        before, self.breaker = self.breaker, self.breaker.passed(self.now, self.tuning)
        if before.state is BreakerState.HALF_OPEN and not before.running:
            assert BreakerState.OPEN is self.breaker.state
            assert self.breaker.allows(self.now, self.tuning)
            assert before.trips == self.breaker.trips
            self.probe = None
        else:
            assert before is self.breaker

    @rule()
    def restart(self) -> None:
        kept = json.loads(json.dumps(self.breaker.facts()))
        before, self.breaker = self.breaker, Breaker.of(kept, self.now, self.tuning) or CLOSED
        assert (before.state is BreakerState.CLOSED) == (self.breaker.state is BreakerState.CLOSED)
        if before.state is BreakerState.CLOSED:
            assert before.failures == self.breaker.failures
        elif before.state is BreakerState.HALF_OPEN:
            assert self.breaker.allows(self.now, self.tuning)
            self.probe = None
        else:
            assert before.believed(self.now, self.tuning) == self.breaker

    @invariant()
    def nobody_is_locked_out_for_long(self) -> None:
        wait = self.breaker.wait(self.now, self.tuning)
        assert wait <= self.tuning.longest
        assert (wait == 0) == self.breaker.allows(self.now, self.tuning)

    @invariant()
    def only_a_probe_runs(self) -> None:
        assert self.breaker.state is BreakerState.HALF_OPEN or not self.breaker.running

    @invariant()
    def it_can_be_said(self) -> None:
        assert self.breaker.believed(self.now, self.tuning).said(self.now)


TestCourses = Courses.TestCase
TestCourses.settings = settings(deadline=None, max_examples=150, stateful_step_count=40)


def test_a_probe_that_was_out_is_due_after_a_restart() -> None:
    """On a clock that was set back too."""
    facts = probing().facts()

    assert opened() == Breaker.of(facts, START + 40, USUAL)
    back = Breaker.of(facts, START, USUAL)
    assert back is not None
    assert back.allows(START, USUAL)


@pytest.mark.parametrize(
    "junk",
    [
        None,
        [],
        "open",
        {"state": "ajar"},
        {"state": "closed", "why": "", "failures": 0},
        {"state": "closed", "why": None, "failures": 2},
        {"state": "open", "until": "soon", "why": "", "failures": 3, "trips": 1},
        {"state": "open", "until": math.nan, "why": "", "failures": 3, "trips": 1},
        {"state": "open", "until": 10**400, "why": "", "failures": 3, "trips": 1},
        {"state": "open", "until": 0.0, "why": "", "failures": 0, "trips": 1},
        {"state": "open", "until": 0.0, "why": "", "failures": 3, "trips": -1},
        {"state": "open", "until": 0.0, "why": 5, "failures": 3, "trips": 1},
    ],
    ids=str,
)
def test_what_is_no_breaker_is_not_read(junk: Any) -> None:
    """Nothing is raised for it."""
    assert Breaker.of(junk, START, USUAL) is None
