"""The hazard of an end, and reads as dense as its square root."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub.timing import Curve, Prior, Series
from genhub.timing._grid import BEGINS, COUNT, ENDS, cell, lognormal, over
from tests.timing._made import ages, curves, patient, prices


def integral(of: Callable[[float], float], begin: float, end: float) -> float:
    """Integrate what is constant within each cell of the grid and smooth beyond it, by midpoints."""
    inside = [begin, *(each for each in ENDS if begin < each < end), end]
    total = 0.0
    for low, high in pairwise(inside):
        steps = 1 if high <= ENDS[-1] else 2000
        ratio = (high / low) ** (1 / steps) if steps > 1 else 1.0
        edges = [low * ratio**at for at in range(steps)] if steps > 1 else [low]
        total += math.fsum((b - a) * of((a + b) / 2) for a, b in pairwise([*edges, high]))
    return total


@patient
@given(curves(), ages, prices)
def test_between_two_reads_their_density_adds_up_to_one(curve: Curve, age: float, price: float) -> None:
    """Keller's schedule: the integral of `sqrt(hazard / (2 * price))` from a read to the next is 1."""
    wait = curve.next(age, price)
    density = integral(lambda at: math.sqrt(curve.hazard(at) / (2 * price)), age, age + wait)

    # An age of decades and a wait of a moment add up to few digits.
    assert density == pytest.approx(1.0, rel=1e-3, abs=1e-14 * age / wait)


@patient
@given(curves(), ages, prices)
def test_every_wait_is_a_time(curve: Curve, age: float, price: float) -> None:
    """Whatever was learned, however old the job is, and whatever a read is worth."""
    assert 0 < curve.next(age, price) < math.inf
    assert 0 < curve.hazard(age) < math.inf


@patient
@given(curves(), ages, prices, st.floats(min_value=1, max_value=1e3))
def test_a_dearer_read_is_made_later(curve: Curve, age: float, price: float, times: float) -> None:
    """The wait grows with the price."""
    slack = 1e-14 * age
    assert curve.next(age, price) <= curve.next(age, price * times) * (1 + 1e-9) + slack
    assert curve.next(age, price) < curve.next(age, price * times * 4) + slack


@patient
@given(curves(), ages, ages, prices)
def test_no_job_overtakes_an_older_one(curve: Curve, one: float, other: float, price: float) -> None:
    """A job that was read later in its life is read again later in its life."""
    young, old = sorted((one, other))
    assert young + curve.next(young, price) <= (old + curve.next(old, price)) * (1 + 1e-9)


@patient
@given(curves(), ages, ages, ages)
def test_what_has_ended_is_what_the_hazard_says(curve: Curve, one: float, two: float, three: float) -> None:
    """A share from 0 to 1 that grows with the time, multiplies over two spans, and follows from the hazard."""
    low, middle, high = sorted((one, two, three))
    first, second, both = curve.ended(low, middle), curve.ended(middle, high), curve.ended(low, high)

    assert 0 == curve.ended(middle, middle) == curve.ended(high, min(low, high))
    assert 0 <= first <= both <= 1
    assert (1 - first) * (1 - second) == pytest.approx(1 - both, rel=1e-6, abs=1e-12)
    hazard = integral(curve.hazard, low, middle)
    assert -math.expm1(-hazard) == pytest.approx(first, rel=1e-3, abs=1e-9)


@patient
@given(curves(), st.floats(min_value=0.001, max_value=0.999), st.floats(min_value=0.001, max_value=0.999))
def test_a_quantile_is_the_age_at_which_that_share_has_ended(curve: Curve, one: float, other: float) -> None:
    """And more have ended later."""
    low, high = sorted((one, other))

    assert 0 <= curve.quantile(low) <= curve.quantile(high) < math.inf
    assert low == pytest.approx(curve.ended(0.0, curve.quantile(low)), rel=1e-6)


@pytest.mark.parametrize("at", [0, 1, 60, 150, COUNT - 2])
def test_an_end_that_is_certain_is_read_for_when_it_comes(at: int) -> None:
    """All ends within one cell: no read before it, one within, and half of them halfway."""
    curve = Curve([1.0 if each == at else 0.0 for each in range(COUNT)])

    assert BEGINS[at] <= curve.next(0.0, 0.5 * (ENDS[at] - BEGINS[at])) <= ENDS[at]
    assert BEGINS[at] < curve.quantile(0.5) < ENDS[at]
    assert 1 == pytest.approx(curve.ended(0.0, ENDS[at]))


@pytest.mark.parametrize("masses", [[0.0] * COUNT, [0.0] * (COUNT - 1) + [1.0]], ids=["nothing", "only very late"])
def test_a_curve_of_nothing_has_waits_all_the_same(masses: Sequence[float]) -> None:
    """It is read so seldom that others have to bound it."""
    curve = Curve(masses)

    assert ENDS[-1] / 2 < curve.next(0.0, 0.5) < math.inf
    assert ENDS[-1] <= curve.quantile(0.5) < math.inf


def test_reads_come_where_the_ends_do() -> None:
    """Of jobs that take a minute, and hardly more or less: one long wait, then short ones."""
    series = Series()
    for _ in range(100):
        series.took(60.0, 0.0)
    curve = series.curve(Prior())
    first = curve.next(0.0, 0.5)

    assert 40 < first < 60
    assert curve.next(60.0, 0.5) < first / 10


@given(st.floats(min_value=0, max_value=2.0**21) | st.sampled_from(ENDS))
def test_every_age_is_in_the_cell_that_it_is_in(age: float) -> None:
    """No rounding of a logarithm puts it next door."""
    at = cell(age)
    assert BEGINS[at] <= age
    assert at == COUNT - 1 or age < ENDS[at]


def test_what_is_no_age_is_in_the_first_cell() -> None:
    """A NaN, and what is below zero."""
    assert (0, 0, COUNT - 1) == (cell(math.nan), cell(-1.0), cell(math.inf))


@given(st.floats(min_value=0, max_value=2.0**21), st.floats(min_value=0, max_value=2.0**21))
def test_a_span_is_cut_into_shares(one: float, other: float) -> None:
    """None below zero, and all of it."""
    shares = over(*sorted((one, other)))

    assert all(share >= 0 for _, share in shares)
    assert 1 == pytest.approx(sum(share for _, share in shares))


@given(st.floats(min_value=-7, max_value=14), st.floats(min_value=0.06, max_value=6))
def test_a_lognormal_is_laid_out_on_the_grid(mean: float, sigma: float) -> None:
    """Masses add up to 1, and none is below zero, however far out."""
    masses = lognormal(mean, sigma)

    assert COUNT == len(masses)
    assert min(masses) >= 0
    assert 1 == pytest.approx(math.fsum(masses))
    half = math.fsum(masses[: cell(math.exp(mean)) + 1])
    assert half >= 0.5 - 1e-9
