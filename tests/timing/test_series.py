"""What durations leave behind, and what is forgotten of them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub.timing import Prior, Series
from genhub.timing._series import HALF_LIFE
from tests.timing._made import durations, patient, priors

ends = st.lists(st.tuples(durations, durations), max_size=20)


def seen(*durations: float) -> Series:
    series = Series()
    for duration in durations:
        series.took(duration, 0.0)
    return series


def around(median: float, count: int, sigma: float = 0.3, seed: int = 7) -> list[float]:
    chance = random.Random(seed)
    return [median * math.exp(chance.gauss(0, sigma)) for _ in range(count)]


def median(series: Series, prior: Prior | None = None) -> float:
    return series.curve(prior or Prior()).quantile(0.5)


@pytest.mark.parametrize("prior", [Prior(median=0.001), Prior(median=7 * 86_400), Prior()])
def test_before_anything_was_seen_the_prior_is_believed(prior: Prior) -> None:
    """As far as the grid goes: it knows nothing shorter than a sixteenth of a second."""
    assert max(prior.median, 1 / 16) == pytest.approx(median(Series(), prior), rel=0.05)


@pytest.mark.parametrize("seconds", [1.0, 15.0, 3600.0])
@pytest.mark.parametrize("prior", [Prior(median=0.001), Prior(median=7 * 86_400)])
def test_what_is_seen_soon_outweighs_a_prior_that_is_wrong(prior: Prior, seconds: float) -> None:
    """After forty ends nothing is left of it."""
    assert seconds == pytest.approx(median(seen(*around(seconds, 40)), prior), rel=0.25)


def test_many_ends_are_known_as_they_are() -> None:
    """Two modes, and nothing between them."""
    series = seen(*(each for pair in zip(around(10, 150, 0.1), around(100, 150, 0.1), strict=True) for each in pair))
    curve = series.curve(Prior())

    assert 10 == pytest.approx(curve.quantile(0.25), rel=0.15)
    assert 100 == pytest.approx(curve.quantile(0.75), rel=0.15)
    assert curve.ended(20.0, 50.0) < 0.2


@pytest.mark.parametrize(("count", "basis"), [(0, "prior"), (3, "prior"), (10, "lognormal"), (60, "histogram")])
def test_it_says_what_it_rests_on(count: int, basis: str) -> None:
    """The prior, a lognormal, then what was counted."""
    assert basis == seen(*around(10, count)).basis


def test_when_an_end_was_not_seen_it_came_when_ends_come() -> None:
    """Reads far apart do not make jobs as long as the schedule: what is known by now says where in between."""
    series = Series()
    for duration in around(20, 100, 0.1):
        series.took(duration, 0.0)
    series.curve(Prior())
    for _ in range(100):
        series.took(40.0, 40.0)  # somewhere before the 40th second

    assert 20 == pytest.approx(median(series), rel=0.1)


def test_what_was_stopped_would_have_gone_on() -> None:
    """Jobs that a user ends at the median take longer than that."""
    stopped, done = seen(*around(20, 40)), seen(*around(20, 40))
    before = median(stopped)
    for _ in range(20):
        stopped.lasted(20.0, Prior())
        done.took(20.0, 0.0)

    assert median(stopped) > 1.05 * before
    assert median(stopped) > 1.05 * median(done)


@patient
@given(st.floats(min_value=1, max_value=1000), st.integers(min_value=10, max_value=60), st.floats(1, 5000))
def test_stops_never_make_jobs_look_shorter(seconds: float, count: int, later: float) -> None:
    """From the median on, and however much later: also beyond everything that is expected."""
    series = seen(*around(seconds, count))
    prior = Prior(median=seconds)
    before = median(series, prior)
    for _ in range(count):
        series.lasted(before * later, prior)

    assert median(series, prior) > before


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 4.0])
def test_when_durations_change_the_past_is_forgotten(factor: float) -> None:
    """After forty ends of the new kind it is the new kind."""
    series = seen(*around(20, 200))
    for duration in around(20 * factor, 40, seed=8):
        series.took(duration, 0.0)

    assert 20 * factor == pytest.approx(median(series), rel=0.25)


def test_what_is_always_alike_is_not_forgotten() -> None:
    """Its weight is what its half-life leaves of it, also when it has counted for very long."""
    series = seen(*around(20, 12_000))
    counts, weight, *_ = series.facts()

    assert 1 / (1 - 0.5 ** (1 / HALF_LIFE)) == pytest.approx(weight, rel=0.01)
    assert weight == pytest.approx(math.fsum(counts.values()), rel=1e-3)
    assert 20 == pytest.approx(median(series), rel=0.05)


@pytest.mark.parametrize("ends", [0, 199, 8_000])
def test_old_ends_count_less(ends: int) -> None:
    """By half after so many: so a mode that comes no more fades."""
    series = seen(*([10.0, 40.0] * 20), *([10.0] * ends))
    share = series.curve(Prior()).ended(20.0, 80.0) * (1 - series.curve(Prior()).ended(0.0, 20.0))

    assert {0: True, 199: False, 8_000: False}[ends] == (share > 0.3)
    assert {0: False, 199: False, 8_000: True}[ends] == (share < 0.05)


@patient
@given(ends, st.lists(durations, max_size=5), priors)
def test_facts_are_all_that_it_knows(took: list[tuple[float, float]], lasted: list[float], prior: Prior) -> None:
    """As JSON and back: the same answers, now and after more ends."""
    series = Series()
    for duration, unseen in took:
        series.took(duration, unseen)
    for duration in lasted:
        series.lasted(duration, prior)
    again = Series.of(json.loads(json.dumps(series.facts(), allow_nan=False)))

    assert again is not None
    series.curve(prior)
    again.curve(prior)
    for duration, unseen in [(0.0, 0.0), *took]:
        shares = (0.1, 0.5, 0.9)
        ours, theirs = series.curve(prior), again.curve(prior)
        assert [ours.quantile(each) for each in shares] == pytest.approx(
            [theirs.quantile(each) for each in shares], rel=1e-3
        )
        series.took(duration, unseen)
        again.took(duration, unseen)
    assert series.basis == again.basis


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts[:-1],
        lambda facts: [*facts, 1.0],
        lambda facts: [{}, *facts[1:]],
        lambda facts: [{**facts[0], "193": 0.0}, *facts[1:]],
        lambda facts: [{**facts[0], "-1": 0.0}, *facts[1:]],
        lambda facts: [{**facts[0], "5": -1.0}, *facts[1:]],
        lambda facts: [{**facts[0], "5": math.inf}, *facts[1:]],
        lambda facts: [{**facts[0], "5": 10**400}, *facts[1:]],
        lambda facts: [{"5": 1e308, "6": 1e308}, *facts[1:]],
        lambda facts: [facts[0], -1.0, *facts[2:]],
        lambda facts: [facts[0], math.nan, *facts[2:]],
        lambda facts: [*facts[:2], 1e300, *facts[3:]],
        lambda facts: [*facts[:3], 1e300, *facts[4:]],
        lambda facts: [*facts[:3], 0.0, *facts[4:]],
        lambda facts: [*facts[:4], 1e300, facts[5]],
        lambda facts: [*facts[:5], -1.0],
    ],
)
def test_facts_that_make_no_sense_are_refused(change: Callable[[list[Any]], list[Any]]) -> None:
    """Each of them alone, and not the ones that they were made of."""
    facts = seen(*around(20, 40)).facts()

    assert Series.of(facts) is not None
    assert Series.of(change(facts)) is None
