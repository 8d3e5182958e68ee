"""The benchmark of reads, small: its policies and its counting against what can be worked out by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice, pairwise
from math import exp, sqrt

import pytest

from benchmarks import _fleet_hub, _fleet_lists, _fleet_phases, _fleet_polls
from benchmarks._detection import Detection, Jobs, PhasedJobs, at_mean
from benchmarks._durations import KINDS, Mixture
from benchmarks._fleet_hub import Pair, Play, Told
from benchmarks._fleet_learn import Learner, learned
from benchmarks._listing import Newest, OnlyOpen, Steadily, Stream, Worth
from benchmarks._optimum import Truth
from benchmarks._policies import BACKOFF, Every, Learned, Planned, Policy, ages
from benchmarks._report import Goal
from genhub.sim._http import Seen


def uniform(until: float) -> Callable[[random.Random], float]:
    return lambda chance: chance.uniform(0, until)


def memoryless(mean: float) -> Callable[[float], float]:
    return lambda age: 1 - exp(-age / mean)


def cost(policy: Policy, cdf: Callable[[float], float], price: float, mean: float, until: float) -> float:
    """Work out what a policy costs a job, on average: its delay, and a price for each request."""
    total, before = -mean, 0.0
    for age in ages(policy):
        total += price * (1 - cdf(before)) + age * (cdf(age) - cdf(before))
        before = age
        if age > until:
            return total
    raise AssertionError


def test_policies() -> None:
    """A fixed interval, waits that grow up to the longest, and reads at given ages."""
    assert [2.0, 4.0, 6.0] == list(islice(ages(Every(2.0)), 3))
    reads = [0.0, *islice(ages(BACKOFF), 9)]
    assert [1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10, 10, 10] == pytest.approx([b - a for a, b in pairwise(reads)])
    assert [1, 5, 8, 11] == list(islice(ages(Planned([1, 5], 3)), 4))
    assert 2.5 == Planned([1, 5], 3).next(2.5, None)


def test_what_a_fixed_interval_costs() -> None:
    """Half an interval of delay, and half a request more than fit into a job's life."""
    chance = random.Random(1)
    seen = Jobs([chance.uniform(10, 50) for _ in range(20_000)]).detect(Every(2.0))

    assert pytest.approx(30 / 2 + 0.5, rel=0.01) == seen.each
    assert pytest.approx(1.0, rel=0.01) == seen.mean
    assert pytest.approx(1.9, rel=0.01) == seen.late


def test_few_jobs_are_counted_one_by_one() -> None:
    """A read at the very end shows it; a job that ended before the first read needs one."""
    seen = Jobs([4.0, 0.5, 5.0]).detect(Every(2.0))

    assert (3, 1 + 2 + 3) == (seen.jobs, seen.requests)
    assert [0.0, 1.0, 1.5] == sorted(seen.delays)
    both = Detection.sum([seen, Jobs([2.0]).detect(Every(2.0))])
    assert (4, 7, 1.75) == (both.jobs, both.requests, both.each)


def test_jobs_with_phases() -> None:
    """The policy is told since when the work is thought to go on: halfway between two reads."""
    asked = list[tuple[float, float | None]]()

    class Watching:
        def next(self, age: float, running_for: float | None) -> float:
            asked.append((age, running_for))
            return 2.0

    seen = PhasedJobs([(3.0, 4.0)]).detect(Watching())

    assert [(0.0, None), (2.0, None), (4.0, 1.0), (6.0, 3.0)] == asked
    assert (1, 4, [1.0]) == (seen.jobs, seen.requests, seen.delays)


def test_both_ways_of_counting_agree() -> None:
    """Jobs played one by one, and all at once."""
    chance = random.Random(2)
    lives = [(chance.uniform(0, 5), chance.uniform(0, 30)) for _ in range(200)]
    one, all_ = PhasedJobs(lives).detect(BACKOFF), Jobs([queue + work for queue, work in lives]).detect(BACKOFF)

    assert one.requests == all_.requests
    assert pytest.approx(sorted(all_.delays)) == sorted(one.delays)


def test_equal_mean_delay() -> None:
    """The interval is found that has a mean delay; one that is out of reach is said to be."""
    chance = random.Random(3)
    jobs = Jobs([chance.uniform(10, 50) for _ in range(5000)])
    interval, seen = at_mean(1.5, lambda seconds: jobs.detect(Every(seconds)), 0.1, 20.0)

    assert pytest.approx(3.0, rel=0.02) == interval
    assert pytest.approx(1.5, rel=0.005) == seen.mean
    with pytest.raises(ValueError, match="never 15 s"):
        at_mean(15, lambda seconds: jobs.detect(Every(seconds)), 0.1, 20.0)


def test_the_optimum_where_it_is_known() -> None:
    """Without a memory nothing beats a fixed interval, of about sqrt(2 price mean); a sure end is read once."""
    plan = Truth.of(memoryless(100.0), points=20_000).optimum(0.5)
    waits = [later - sooner for sooner, later in pairwise([0.0, *plan.ages])][:20]

    assert pytest.approx([sqrt(2 * 0.5 * 100)] * 20, rel=0.1) == waits
    sure = Truth.of(lambda age: float(age >= 30.0)).optimum(0.5)
    assert pytest.approx(30.0, abs=0.02) == sure.ages[0]


def test_the_optimum_is_that_of_all_schedules() -> None:
    """One pass over lines finds what trying every next read finds."""
    truth = Truth.of(lambda age: min(1.0, (age / 9) ** 2), points=60)
    step, ended = truth.step, truth.ended
    for price in (0.05, 0.4, 3.0):
        best = [price * (1 - ended[-1])] * len(ended)
        for at in range(len(ended) - 2, -1, -1):
            area, options = 0.0, list[float]()
            for later in range(at + 1, len(ended)):
                area += ((ended[later] + ended[later - 1]) / 2 - ended[at]) * step
                options.append(price * (1 - ended[at]) + area + best[later])
            best[at] = min(options)
        here, paid = 0, 0.0
        for age in truth.optimum(price).ages:
            read = round(age / step)
            paid += price * (1 - ended[here])
            paid += sum(((ended[k] + ended[k - 1]) / 2 - ended[here]) * step for k in range(here + 1, read + 1))
            here = read
        assert pytest.approx(best[0], rel=1e-3) == paid + price * (1 - ended[-1])


@pytest.mark.parametrize("price", [0.1, 1.0, 10.0])
def test_no_policy_beats_the_optimum(price: float) -> None:
    """Neither a fixed interval, whatever it is, nor a backoff."""

    def cdf(age: float) -> float:  # a hump at 20 s
        return 1 - exp(-((age / 20.0) ** 4))

    mean = sum((1 - cdf(at / 100)) / 100 for at in range(10_000))
    plan = Truth.of(cdf).optimum(price)
    best = cost(plan, cdf, price, mean, 100.0)

    assert 0 < best
    others: list[Policy] = [BACKOFF, *(Every(seconds) for seconds in (0.5, 1, 2, 3, 5, 8, 13, 21, 34))]
    for other in others:
        assert best <= cost(other, cdf, price, mean, 100.0) + 1e-3


def test_a_list_of_few() -> None:
    """A list every 2 s sees an end a second late on average, and one page is one request."""
    stream = Stream.of(uniform(10.0), 10, 4000, random.Random(4))
    seen = stream.detect(Steadily(2.0), Newest())

    assert pytest.approx(1.0, rel=0.05) == seen.mean
    assert pytest.approx(1 / (2 * 10 / 5), rel=0.05) == seen.each  # 2 jobs a second: 4 end between two lists


def test_what_is_awaited_long_costs_pages() -> None:
    """All jobs down to the oldest are read, or only those that still run."""
    assert (1, 3) == (Newest().pages(50, 0, 7), Newest().pages(1000, 720, 7))
    assert (1, 1, 4) == (OnlyOpen().pages(1000, 720, 0), OnlyOpen().pages(1000, 720, 7), OnlyOpen().pages(999, 0, 301))


def test_a_list_when_it_is_worth_it() -> None:
    """The square root of the ends a second, over twice the price of its pages."""
    rhythm = Worth(lambda age: 0.1, 0.5)

    assert pytest.approx(sqrt(0.2)) == rhythm.rate([0.0, 1.0], 5.0, 1)
    assert pytest.approx(sqrt(0.2 / 4)) == rhythm.rate([0.0, 1.0], 5.0, 4)
    assert 0 == rhythm.rate([], 5.0, 1)


def test_a_goal_that_is_a_least() -> None:
    """Less than it is a miss, and says so."""
    goal = Goal(figure="times fewer", least=1.35)

    assert goal.missed({"times fewer": 1.3})
    assert goal.missed({"times fewer": float("nan")})
    assert not goal.missed({"times fewer": 1.35}) and not goal.missed({})
    assert "times fewer: 1.3, goal at least 1.35: MISSED" == goal.verdict({"times fewer": 1.3})
    assert "times fewer: not measured (goal: at least 1.35)" == goal.verdict({})


def test_a_history_teaches() -> None:
    """What takes 60 s each time is hardly read before; phases are learned of where the vendor shows them."""
    sure = Mixture(((1.0, 60.0, 0.02),))
    before, after = (learned("video", sure, count, "seen") for count in (0, 200))
    jobs = Jobs([sure.draw(random.Random(seed)) for seed in range(200)])

    assert 2 * jobs.detect(Learned(after, 0.5)).requests < jobs.detect(Learned(before, 0.5)).requests
    shown, hidden = Learner("video", shows_phases=True), Learner("video")
    for learner in (shown, hidden):
        for _ in range(20):
            learner.see((30.0, 60.0))
    assert 15 < shown.timing.phases <= shown.timing.seen <= 20
    assert 0 == hidden.timing.phases < hidden.timing.seen


def test_goals_name_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goal is about something that is measured, and no table lacks a cell."""
    monkeypatch.setattr(_fleet_polls, "JOBS", 400)
    monkeypatch.setattr(_fleet_phases, "JOBS", 50)
    monkeypatch.setattr(_fleet_lists, "JOBS", 400)
    monkeypatch.setattr(_fleet_lists, "LEAST", 400)
    monkeypatch.setattr(_fleet_lists, "EACH", 3)
    polls, phases, lists = [_fleet_polls.ratios(0)], [_fleet_phases.ratios(0)], [_fleet_lists.ratios(0)]
    found = polls[0] | phases[0] | lists[0]

    goals = (*_fleet_polls.GOALS, *_fleet_phases.GOALS, *_fleet_lists.GOALS)
    assert set() == {goal.figure for goal in goals} - set(found)
    for table in (_fleet_polls.comparison(polls), _fleet_phases.table(phases), *_fleet_lists.tables(lists)):
        assert {len(table.head)} == {len(row) for row in table.rows}


def test_what_a_vendor_was_asked() -> None:
    """Pages and single reads are told apart, and reads right after a page are for outputs."""
    base = "/api/v1/content/generations"
    asked = [("POST", f"{base}", 0.0), ("GET", f"{base}/a", 2.0), ("GET", base, 4.0), ("GET", f"{base}/a", 4.0)]
    told = Told.of([Seen(method, path, {}, {}, b"", at) for method, path, at in asked], [0.5])

    assert (1, 1, 1) == (told.pages, told.reads, told.outputs)
    assert (2, [0.5]) == (told.detection.requests, told.detection.delays)


def test_end_to_end() -> None:
    """A hub that reads every 2 s, in virtual time: as many reads, and delays, as the simulation says."""
    play = Play(kind="captions", mixture=KINDS["captions"], running=1, seen=5, count=60, every=2.0)
    told = play.told()

    assert 50 <= len(told.delays) <= 65
    assert (0, 0) == (told.pages, told.outputs)
    assert 2.2 < told.detection.each < 3.5
    assert 0.7 < told.detection.mean < 1.3 and max(told.delays) <= 2.001
    pair = Pair(kind="captions", running=1, price=0.5, fixed=told, ours=told)
    assert {pair.name: 1.0} == _fleet_hub.figures([pair])
    assert {goal.figure for goal in _fleet_hub.GOALS} >= {pair.name}
    table = _fleet_hub.table([pair])
    assert {len(table.head)} == {len(row) for row in table.rows}
