"""Times until ready, with runs that were given up before."""

from __future__ import annotations

import pytest

from genhub.compare._records import Observation, Outcome
from genhub.compare._summary import Interval
from genhub.compare._survival import Waits, curve
from tests.compare._seen import seen


def ready(*times: float) -> list[Observation]:
    return [seen("a", repetition=at, total=time) for at, time in enumerate(times, 1)]


def late(*times: float) -> list[Observation]:
    return [seen("a", "late", at, Outcome.TIMED_OUT, time, censored=True) for at, time in enumerate(times, 1)]


def failed(number: int) -> list[Observation]:
    return [seen("a", "failed", at, Outcome.FAILED, 1.0) for at in range(number)]


def test_a_median_of_all_is_the_usual_one() -> None:
    """The middle one, or the mean of the two; six are needed to bound it."""
    assert [2.0, 2.5] == [
        found.value for times in ([3, 1, 2], [4, 3, 1, 2]) if (found := Waits.of(ready(*times)).percentile(0.5, 0.95))
    ]
    five, six = (Waits.of(ready(*range(1, 1 + number))).percentile(0.5, 0.95) for number in (5, 6))
    assert Interval(value=3.0) == five
    assert Interval(value=3.5, low=1.0, high=6.0) == six


def test_the_95th_percentile_of_few_runs_has_no_upper_bound() -> None:
    """Of 20 runs the slowest says little of how slow it gets; 73 bound it."""
    twenty = Waits.of(ready(*range(1, 21))).percentile(0.95, 0.95)
    many = Waits.of(ready(*range(1, 74))).percentile(0.95, 0.95)

    assert Interval(value=19.5, low=17.0) == twenty
    assert many is not None
    assert (70.0, 73.0) == (many.value, many.high)


def test_timed_out_runs_are_longer_not_dropped() -> None:
    """They keep their place: without them the median would be 3."""
    assert Interval(value=5.0, low=2.0) == Waits.of([*ready(1, 2, 3, 4, 5), *late(*[20.0] * 4)]).percentile(0.5, 0.95)


def test_a_percentile_beyond_the_timeout_is_at_least_that() -> None:
    """More than half were not ready: the median is no less than the timeout."""
    found = Waits.of([*ready(1, 2, 3), *late(*[20.0] * 9)]).percentile(0.5, 0.95)

    assert Interval(value=20.0, low=3.0, at_least=True) == found


def test_runs_given_up_early_count_while_they_were_watched() -> None:
    """By Kaplan and Meier: 4/5, then 3 left of which one is ready: 8/15, then 4/15."""
    runs = [*ready(1, 3, 4), *late(2, 5)]

    assert [(1, 0.2), (3, 0.4667), (4, 0.7333)] == [(at, round(share, 4)) for at, share, _, _ in curve(runs, 0.95)]
    found = Waits.of(runs).percentile(0.5, 0.95)
    assert found is not None
    assert 4.0 == found.value


def test_failed_runs_are_no_times_but_never_ready() -> None:
    """They change no percentile; the curve ends at the share that succeeded."""
    runs = [*ready(2, 4, 6), *failed(1)]

    assert Waits.of(ready(2, 4, 6)).percentile(0.5, 0.95) == Waits.of(runs).percentile(0.5, 0.95)
    assert [(2, 0.25), (4, 0.5), (6, 0.75)] == [(at, round(share, 4)) for at, share, _, _ in curve(runs, 0.95)]


def test_a_failure_nobody_saw_end_is_no_time() -> None:
    """It is marked as longer than watched, but it will not be ready."""
    hidden = seen("a", outcome=Outcome.FAILED, total=50.0, censored=True)

    assert None is Waits.of([hidden]).percentile(0.5, 0.95)
    assert 1 == len(Waits.of([seen("a", total=5.0, censored=True)]).seconds)


def test_the_band_holds_the_curve() -> None:
    """Low, share and high are in their order; where the formula says nothing there is no band."""
    points = curve([*ready(*range(1, 11)), *failed(2)], 0.95)

    assert 10 == len(points)
    for _, share, low, high in points:
        assert low is not None
        assert high is not None
        assert 0 <= low < share < high <= 1
    assert (None, None) == curve(ready(1, 2), 0.95)[-1][2:]
    assert ((3.0, 1.0, None, None),) == curve(ready(3), 0.95)


@pytest.mark.parametrize("runs", [[], failed(3), late(9, 9)])
def test_nothing_ready_has_no_curve(runs: list[Observation]) -> None:
    """There is nothing to draw."""
    assert () == curve(runs, 0.95)
