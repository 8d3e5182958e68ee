"""What every kind at every account was seen to take."""

from __future__ import annotations

import json
import math
import random
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._durations import LOADED_QUEUE
from genhub import Attempt, Status
from genhub._jobs import Ref
from genhub.timing import Prior, Timing, Timings
from genhub.timing._timing import cost
from genhub.timing._timings import ENOUGH, KNOWN
from tests.timing._made import NOON, WHERE, durations, ended, patient, priors, told

END = [Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED, Status.EXPIRED, Status.CANCELED, Status.STOPPED]


@st.composite
def finished(draw: st.DrawFn, number: int) -> Attempt:
    seconds = draw(durations)
    queue = draw(st.none() | st.floats(min_value=0, max_value=seconds))
    return ended(number, seconds, queue, draw(st.sampled_from(END)))


several = st.integers(min_value=0, max_value=25).flatmap(lambda many: st.tuples(*(finished(at) for at in range(many))))


def loaded(count: int, first: int = 0) -> list[Attempt]:
    """Jobs that wait for long before the work begins, as a read shows."""
    chance = random.Random(f"loaded {first}")
    queue, work = LOADED_QUEUE
    lives = [(queue.draw(chance), work.draw(chance)) for _ in range(count)]
    return [ended(at, waits + works, waits) for at, (waits, works) in enumerate(lives, first)]


def figures(timing: Timing) -> list[float]:
    """Everything that can be asked."""
    found: list[float] = []
    for curve in (timing.whole, timing.queue, timing.work):
        found += [curve.quantile(0.5), curve.quantile(0.9), curve.next(0.0, 0.5), curve.hazard(20.0)]
    return [*found, timing.next(5.0, None, 0.5), timing.next(50.0, 5.0, 0.5), timing.seen, timing.phases]


def test_what_was_seen_is_what_is_said() -> None:
    """Median and 90th percentile, of the whole and of both phases."""
    attempts = loaded(300)
    timing = told(attempts).of(*WHERE)
    queues = [(each.running_at - NOON).total_seconds() for each in attempts if each.running_at is not None]
    wholes = [(each.finished_at - NOON).total_seconds() for each in attempts if each.finished_at is not None]
    works = [whole - queue for whole, queue in zip(wholes, queues, strict=True)]

    for curve, truth in ((timing.whole, wholes), (timing.queue, queues), (timing.work, works)):
        assert median(truth) == pytest.approx(curve.quantile(0.5), rel=0.1)
        assert sorted(truth)[270] == pytest.approx(curve.quantile(0.9), rel=0.15)
    assert "histogram" == timing.basis


def test_what_is_expected_of_a_kind_is_said_before_anything_was_seen() -> None:
    """By its prior."""
    timing = told(prior=Prior(median=40.0)).of(*WHERE)

    assert 40 == pytest.approx(timing.whole.quantile(0.5), rel=0.05)
    assert (0.0, 0.0, "prior", False) == (timing.seen, timing.phases, timing.basis, timing.apart)
    assert [] == list(told().keys())


def test_accounts_and_kinds_are_apart() -> None:
    """What one learned says nothing of another."""
    others = [("ours", "image"), ("theirs", "video")]
    timings = told(ended(at, 100) for at in range(30))
    for at, where in enumerate(others):
        timings.took(ended(100 + at, 1, where=where))

    assert [WHERE, *others] == list(timings.keys())
    assert 100 == pytest.approx(timings.of(*WHERE).whole.quantile(0.5), rel=0.1)
    assert [1.0, 1.0] == [timings.of(*where).seen for where in others]


@pytest.mark.parametrize(
    "changes",
    [{"leg": 1}, {"ref": None}, {"submitted_at": None}, {"finished_at": None},
     {"finished_at": NOON - timedelta(seconds=5)}],
    ids=["resumed", "refused", "cut off", "not over", "the clock was set back"],
)  # fmt: skip
def test_a_time_that_was_not_measured_is_left_out(changes: dict[str, Any]) -> None:
    """It teaches nothing."""
    timings = told([evolve(ended(1), **changes)])

    assert ([], False, {}) == (list(timings.keys()), timings.unsaved, timings.facts())


def test_a_result_that_is_the_answer_took_as_long_as_the_call() -> None:
    """Submitted and finished in one moment: it took the second since it was created."""
    timing = told(ended(at, seconds=0) for at in range(100)).of(*WHERE)
    assert 1.0 == pytest.approx(timing.whole.quantile(0.5), rel=0.1)


def test_what_somebody_stopped_took_longer() -> None:
    """Canceled or stopped at 20 seconds is not ended at 20 seconds."""
    done = [ended(at, 20 + at % 7) for at in range(40)]
    for word in (Status.CANCELED, Status.STOPPED):
        stopped = told([*done, *(ended(100 + at, 20, status=word) for at in range(20))])
        over = told([*done, *(ended(100 + at, 20) for at in range(20))])
        assert stopped.of(*WHERE).whole.quantile(0.5) > 1.04 * over.of(*WHERE).whole.quantile(0.5)


def test_failures_and_successes_are_ends_alike() -> None:
    """A read has to find either."""
    words = (Status.SUCCEEDED, Status.FAILED, Status.EXPIRED)
    one, *others = [figures(told(ended(at, 10, 4, word) for at in range(30)).of(*WHERE)) for word in words]

    assert [one, one] == others


@patient
@given(several, st.data())
def test_told_twice_counts_once(attempts: tuple[Attempt, ...], data: st.DataObject) -> None:
    """Looking at the same books again teaches nothing new."""
    timings = told(attempts)
    before, facts = figures(timings.of(*WHERE)), timings.facts()
    timings.saved()
    for attempt in data.draw(st.lists(st.sampled_from(attempts)) if attempts else st.just([])):
        timings.took(attempt, unseen_for=3.0)

    assert (before, facts, False) == (figures(timings.of(*WHERE)), timings.facts(), timings.unsaved)


def test_what_is_kept_is_bounded() -> None:
    """However many ends there are."""
    timings = told(loaded(2 * KNOWN))
    size = len(json.dumps(timings.facts()))
    for attempt in loaded(2 * KNOWN, 2 * KNOWN):
        timings.took(attempt)

    assert len(json.dumps(timings.facts())) == pytest.approx(size, rel=0.2)
    assert size < 16_000


@patient
@given(several, priors)
def test_facts_pass_through_the_journal(attempts: tuple[Attempt, ...], prior: Prior) -> None:
    """As JSON and back: the same answers, and nothing to be saved."""
    timings, again = told(attempts, prior), told(prior=prior)
    again.restore(json.loads(json.dumps(timings.facts(), allow_nan=False)))

    assert (list(timings.keys()), False) == (list(again.keys()), again.unsaved)
    assert figures(timings.of(*WHERE)) == pytest.approx(figures(again.of(*WHERE)), rel=0.03, abs=1e-6)
    assert timings.of(*WHERE).basis == again.of(*WHERE).basis


def test_that_phases_pay_is_remembered() -> None:
    """And what both of them took."""
    timings, again = told(loaded(100)), told()
    assert timings.of(*WHERE).apart
    again.restore(json.loads(json.dumps(timings.facts())))

    assert again.of(*WHERE).apart
    assert figures(timings.of(*WHERE)) == pytest.approx(figures(again.of(*WHERE)), rel=1e-3)


def test_what_was_learned_while_facts_were_written_is_still_to_be_saved() -> None:
    """`saved` speaks of the facts that were handed out, not of later ones."""
    timings = told([ended(1)])
    assert timings.unsaved
    timings.facts()
    timings.took(ended(2))
    timings.saved()
    assert timings.unsaved
    timings.facts()
    timings.saved()
    assert not timings.unsaved


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
cells = st.dictionaries(st.integers(min_value=-2, max_value=200).map(str), st.floats() | junk, max_size=4)
series = st.tuples(cells, *[st.floats() | junk] * 5).map(list)
kinds = st.fixed_dictionaries(
    {},
    optional={
        "whole": series | junk, "queue": series | junk, "work": series | junk, "apart": junk,
        "lives": st.lists(st.tuples(st.floats(), st.floats()).map(list) | junk, max_size=4) | junk,
    },
)  # fmt: skip
facts = junk | st.dictionaries(st.just("ours") | st.text(), st.dictionaries(st.just("video"), kinds | junk) | junk)


@patient
@given(facts)
def test_facts_that_make_no_sense_are_passed_over(facts: Any) -> None:
    """Whatever is in the journal, the hub opens, is told, and can be asked."""
    timings = told()
    timings.restore(facts)
    timings.took(ended(1, 10, 4), unseen_for=2.0)

    assert all(map(math.isfinite, figures(timings.of(*WHERE))))
    json.dumps(timings.facts(), allow_nan=False)


@patient
@given(st.lists(st.tuples(st.floats(), st.floats()).map(list) | junk, max_size=30), st.data())
def test_lives_that_make_no_sense_are_passed_over(lives: list[Any], data: st.DataObject) -> None:
    """The good ones among them are compared, and none takes for ever."""
    saved: Any = told(loaded(20)).facts()
    account, kind = WHERE
    known = saved[account][kind]["lives"]
    saved[account][kind]["lives"] = data.draw(st.permutations([*known, *lives]))
    timings = told()
    timings.restore(saved)

    kept: Any = timings.facts()[account][kind]["lives"]
    assert all(life in kept for life in known) or len(kept) == 64
    assert all(map(math.isfinite, figures(timings.of(*WHERE))))


def test_one_bad_kind_does_not_spoil_the_others() -> None:
    """The good ones are read."""
    saved: Any = told([ended(1), ended(2, where=("ours", "image")), ended(3, where=("theirs", "video"))]).facts()
    saved["ours"]["image"]["queue"] = None
    saved["more"], saved["ours"]["text"] = 3, {"whole": []}
    timings = told()
    timings.restore(saved)

    assert [WHERE, ("theirs", "video")] == list(timings.keys())


def test_clocks_that_jumped_do_not_stop_the_hub() -> None:
    """Jobs that seem to have taken centuries: it is as if they had taken as long as anything is known of."""
    timings = told(ended(at, 3e9, 1e3) for at in range(64))
    timing = timings.of(*WHERE)

    assert timings.facts()["ours"]["video"]["lives"]
    assert all(map(math.isfinite, figures(timing)))
    assert 86_400 < timing.whole.quantile(0.5)


def test_a_loaded_queue_is_read_by_phases() -> None:
    """Where the vendor shows them, and they tell when the end will come; not before there is something to go by."""
    assert not told(loaded(ENOUGH - 1)).of(*WHERE).apart
    timing = told(loaded(200)).of(*WHERE)

    assert timing.apart
    assert timing.queue.next(0.0, 4.0) == timing.next(0.0, None, 0.5)
    assert timing.work.next(3.0, 0.5) == timing.next(40.0, 3.0, 0.5)


def test_jobs_without_a_queue_are_read_by_one_schedule() -> None:
    """No phases are shown, or the work begins at once: what is read for the queue is lost."""
    chance = random.Random(3)
    takes = [20 * math.exp(chance.gauss(0, 0.3)) for _ in range(200)]
    unseen = told(ended(at, seconds) for at, seconds in enumerate(takes)).of(*WHERE)
    at_once = told(ended(at, seconds, 0.05) for at, seconds in enumerate(takes)).of(*WHERE)

    assert (False, False) == (unseen.apart, at_once.apart)
    assert unseen.whole.next(7.0, 0.5) == unseen.next(7.0, 2.0, 0.5)


def test_a_queue_that_emptied_is_read_by_one_schedule_again() -> None:
    """What pays is asked anew."""
    chance = random.Random(3)
    timings = told(loaded(100))
    assert timings.of(*WHERE).apart
    for at in range(200):
        timings.took(ended(1000 + at, 20 * math.exp(chance.gauss(0, 0.3)), 0.05))
        timings.of(*WHERE)

    assert not timings.of(*WHERE).apart


lives = st.tuples(*[st.just(0.0) | st.floats(min_value=0, max_value=500)] * 2)


@patient
@given(st.lists(lives, max_size=12), several, st.sampled_from([0.05, 0.5, 5.0]), st.booleans())
def test_what_schedules_cost_is_counted(
    lives: list[tuple[float, float]], attempts: tuple[Attempt, ...], price: float, apart: bool
) -> None:
    """As reading each life by itself would."""
    timing = evolve(told(attempts).of(*WHERE), apart=apart)
    expected = 0.0
    for queue, work in lives:
        age = 0.0
        began: float | None = None
        while age < queue + work:
            running = None if began is None else age - began
            before, age = age, age + max(timing.next(age, running, price), 0.05)
            if began is None and age >= queue:
                began = (before + age) / 2
            expected += 1
        expected += (age - queue - work) / price

    assert expected == pytest.approx(cost(timing, lives, price, apart=apart), rel=1e-6)


def test_it_is_computed_anew_when_there_is_a_quarter_more_to_know_it_by() -> None:
    """Not with every end."""
    timings: Timings = told(loaded(100))
    before = timings.of(*WHERE)
    for attempt in loaded(10, 100):
        timings.took(attempt)
    assert before is timings.of(*WHERE)
    for attempt in loaded(30, 200):
        timings.took(attempt)

    assert before is not timings.of(*WHERE)
    assert 100 < timings.of(*WHERE).seen


def test_kinds_of_refs_are_not_looked_at() -> None:
    """An attempt's own kind counts."""
    timings = told([evolve(ended(1), ref=Ref(id="1", kind="other"))])
    assert [WHERE] == list(timings.keys())
