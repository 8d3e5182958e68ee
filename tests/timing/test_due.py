"""When a job is read next, within the bounds that its vendor and its user set."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub.timing import Bounds, due

seconds = st.floats(min_value=0, max_value=1e6)
wishes = seconds | st.just(math.inf)
hints = st.none() | st.floats()
asked = st.none() | seconds


@given(wishes, seconds, seconds, seconds, hints, asked)
def test_a_read_is_neither_too_soon_nor_too_late(
    wish: float, least: float, most: float, deadline: float, hint: float | None, retry_after: float | None
) -> None:
    """Not before the vendor's minimum or what it asked for, and not after the deadline."""
    found = due(wish, Bounds(least=least, most=most, deadline=deadline), hint=hint, retry_after=retry_after)

    if found is None:
        assert deadline < max(least, retry_after or 0.0)
    else:
        assert max(least, retry_after or 0.0) <= found <= deadline


@given(wishes, seconds, seconds, hints, asked)
def test_an_open_job_is_read_within_a_bound(
    wish: float, least: float, most: float, hint: float | None, retry_after: float | None
) -> None:
    """Without a deadline there is always a next read, whatever a vendor hints."""
    found = due(wish, Bounds(least=least, most=most), hint=hint, retry_after=retry_after)

    assert found is not None
    assert max(least, retry_after or 0.0) <= found <= max(least, most, retry_after or 0.0)


@given(wishes, seconds, seconds)
def test_within_the_bounds_a_wish_is_granted(wish: float, one: float, other: float) -> None:
    """Bounds are no schedule."""
    least, most = sorted((one, other))
    assert min(max(wish, least), most) == due(wish, Bounds(least=least, most=most))


def test_the_vendors_word_takes_the_place_of_the_wish() -> None:
    """Its hint counts within the bounds, and what it says of when to come again beyond them."""
    bounds = Bounds(least=2.0, most=120.0)

    assert (7.0, 2.0, 120.0) == tuple(due(30.0, bounds, hint=hint) for hint in (7.0, 0.5, 500.0))
    assert 300.0 == due(30.0, bounds, hint=7.0, retry_after=300.0)


@pytest.mark.parametrize("hint", [math.nan, None])
def test_a_hint_that_says_nothing_is_none(hint: float | None) -> None:
    """The wish stands."""
    assert 30.0 == due(30.0, Bounds(least=2.0, most=120.0), hint=hint)


def test_the_last_read_is_at_the_deadline() -> None:
    """One that would come after it is made then, unless that is too soon."""
    assert 10.0 == due(30.0, Bounds(least=2.0, most=120.0, deadline=10.0))
    assert due(30.0, Bounds(least=2.0, most=120.0, deadline=1.0)) is None
    assert due(30.0, Bounds(least=2.0, most=120.0, deadline=10.0), retry_after=11.0) is None
