"""Whether a list pays, and when it is read next: by the requests that are to be expected."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub._lists import FEWEST, interval, pays

hazards = st.lists(st.floats(min_value=1e-6, max_value=100), min_size=1, max_size=40)
prices = st.floats(min_value=1e-3, max_value=1e3)
pages = st.integers(min_value=1, max_value=200)
#: Intervals that somebody could try, in seconds; the bounds of a list's, and how exact it is.
TRIED = [1.05**at for at in range(-400, 400)]
LEAST, MOST = 2.0, 120.0
NEAR = (MOST - LEAST) / 1000


def alone(hazard: float, price: float) -> float:
    """Return what one costs a second whose end is as likely at any age, at the best interval: reads, and delay."""
    found = math.inf
    for every in TRIED:
        reads = -1 / math.expm1(-hazard * every)  # until its end is seen
        found = min(found, hazard * (reads + (every * reads - 1 / hazard) / price))
    return found


def listed(every: float, count: int, page: int, hazard: float, price: float) -> float:
    """Return what a list costs a second: its pages, and the delay."""
    return math.ceil(count / page) / every + hazard * every / 2 / price


@given(st.integers(1, 1000), st.floats(min_value=1e-6, max_value=100), prices, pages)
def test_the_interval_is_the_cheapest_within_the_bounds(count: int, hazard: float, price: float, page: int) -> None:
    """No other that is allowed costs less, as far as the interval is exact."""
    found = interval(lambda ahead: hazard, count, price, page, LEAST, MOST)

    assert LEAST <= found <= MOST
    best = min((each for each in [LEAST, *TRIED, MOST] if LEAST <= each <= MOST),
               key=lambda each: listed(each, count, page, hazard, price))  # fmt: skip
    assert best == pytest.approx(found, rel=0.06, abs=NEAR)


@given(st.floats(min_value=1e-4, max_value=10), st.floats(min_value=0, max_value=1), prices, pages)
def test_what_is_about_to_end_is_read_sooner(hazard: float, rise: float, price: float, page: int) -> None:
    """A sum of hazards that grows while it is waited for shortens the wait."""
    steady = interval(lambda ahead: hazard, 10, price, page, LEAST, MOST)
    rising = interval(lambda ahead: hazard + rise * ahead, 10, price, page, LEAST, MOST)

    assert LEAST <= rising <= steady


@given(st.integers(0, 1000), prices, pages)
def test_a_list_of_what_does_not_end_is_read_at_the_bound(count: int, price: float, page: int) -> None:
    """There is nothing to be seen, and it is looked for all the same."""
    assert pytest.approx(interval(lambda ahead: 0.0, count, price, page, LEAST, MOST), abs=NEAR) == MOST


@given(hazards, prices, pages)
def test_a_list_is_read_where_it_costs_less(hazards: list[float], price: float, page: int) -> None:
    """Than each alone at its own best interval; each that ends costs a read for its outputs."""
    total = math.fsum(hazards)
    one_by_one = math.fsum(alone(each, price) for each in hazards)
    together = min(listed(each, len(hazards), page, total, price) for each in TRIED) + total
    paid = pays(hazards, price, page)

    if len(hazards) >= FEWEST and together < 0.7 * one_by_one:
        assert paid
    if together > 1.4 * one_by_one:
        assert not paid


@given(st.floats(min_value=1e-6, max_value=100), prices, pages)
def test_one_alone_is_never_read_by_a_list(hazard: float, price: float, page: int) -> None:
    """Nor are two."""
    assert not pays([], price, page)
    assert not pays([hazard], price, page)
    assert not pays([hazard] * (FEWEST - 1), price, page)
    assert not pays([hazard], price, page, margin=100.0)


@given(hazards, prices, pages, st.floats(min_value=1, max_value=3))
def test_a_list_that_is_read_already_is_read_on(hazards: list[float], price: float, page: int, margin: float) -> None:
    """A margin keeps from changing to and fro: it lets more pass, never less."""
    assert pays(hazards, price, page, margin=margin) >= pays(hazards, price, page)


@pytest.mark.parametrize(
    ("count", "hazard", "page", "paid"),
    [(100, 0.01, 100, True), (3, 0.01, 100, True), (100, 0.01, 1, False), (3, 0.01, 1, False)],
    ids=["many", "a few", "many, a page each", "a few, a page each"],
)
def test_jobs_that_share_a_page_are_read_by_a_list(count: int, hazard: float, page: int, paid: bool) -> None:
    """What needs a page each is better read alone."""
    assert paid == pays([hazard] * count, 0.5, page)
