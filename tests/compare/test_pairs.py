"""Differences of two targets, on the requests that both were given."""

from __future__ import annotations

import pytest

from genhub.compare._intervals import added, negated, share
from genhub.compare._pairs import Paired, needed, paired, shown
from genhub.compare._records import Observation, Outcome
from genhub.compare._summary import Interval
from tests.compare._seen import alike, seen


def compared(a: list[Observation], b: list[Observation], level: float = 0.95) -> Paired:
    return Paired(pairs=paired(a, b), level=level, draws=400, seed=1)


def timed(target: str, *times: float, resolution: float = 0.0) -> list[Observation]:
    return [seen(target, f"case {at}", total=time, resolution=resolution) for at, time in enumerate(times)]


def test_only_what_both_made_is_paired() -> None:
    """The same request and repetition, and both count."""
    a = [seen("a", "x", 1), seen("a", "x", 2), seen("a", "y", 1), seen("a", "z", 1)]
    b = [
        seen("b", "x", 1),
        seen("b", "y", 1, Outcome.UNSUPPORTED),
        seen("b", "z", 1, Outcome.FAILED),
        seen("b", "w", 1),
    ]

    assert [("x", 1, Outcome.SUCCEEDED), ("z", 1, Outcome.FAILED)] == [
        (mine.case, theirs.repetition, theirs.outcome) for mine, theirs in paired(a, b)
    ]


def test_how_many_pairs_it_takes() -> None:
    """As many as can all lie on one side by chance less often than the level allows; six at the least."""
    assert [6, 6, 7, 9] == [needed(level) for level in (0.5, 0.95, 1 - 0.05 / 3, 1 - 0.05 / 9)]


def test_the_same_request_is_compared_with_itself() -> None:
    """Requests differ by much, the targets by a second on each: that is shown."""
    times = [2, 9, 30, 4, 60, 100, 7, 15]
    found = compared(timed("a", *times), timed("b", *[each + 1 for each in times])).seconds()

    assert Interval(value=-1.0, low=-1.0, high=-1.0) == found
    assert found is not None
    assert "less" == shown(found)


def test_fewer_pairs_than_it_takes_claim_nothing() -> None:
    """However large the difference."""
    both = compared(timed("a", *[1] * 5), timed("b", *[99] * 5))

    assert Interval(value=-98.0) == both.seconds()
    assert [(None, None)] * 2 == [
        (found.low, found.high) for found in (both.price("money"), both.success(lambda each: each.usable)) if found
    ]


def test_a_difference_below_the_resolution_is_not_shown() -> None:
    """Each time may be less by two seconds: one second apart may be none."""
    found = compared(timed("a", *[5] * 9, resolution=2.0), timed("b", *[6] * 9, resolution=2.0)).seconds()

    assert Interval(value=-1.0, low=-3.0, high=1.0) == found


def test_who_was_given_up_took_longer() -> None:
    """At least so much longer; where both were given up, nothing is known."""
    late = [seen("a", f"case {at}", 1, Outcome.TIMED_OUT, 20.0, censored=True) for at in range(8)]
    also = [seen("b", f"case {at}", 1, Outcome.TIMED_OUT, 20.0, censored=True) for at in range(8)]

    assert Interval(value=15.0, low=15.0) == compared(late, timed("b", *[5] * 8)).seconds()
    assert Interval(value=-15.0, high=-15.0) == compared(timed("a", *[5] * 8), also).seconds()
    assert Interval(value=0.0) == compared(late, also).seconds()


def test_many_requests_speak_for_others() -> None:
    """From twelve requests on, the repetitions of one are one: a request that stands out is not five."""
    ends = {True: Outcome.FAILED, False: Outcome.SUCCEEDED}
    few = [seen(name, f"case {case:02}", at, outcome=ends[name == "a" and case < 3])
           for name in "ab" for case in range(11) for at in range(5)]  # fmt: skip
    many = [seen(name, f"case {case:02}", at, outcome=ends[name == "a" and case < 3])
            for name in "ab" for case in range(12) for at in range(5)]  # fmt: skip
    by_run = compared([each for each in few if each.target == "a"], [each for each in few if each.target == "b"])
    by_case = compared([each for each in many if each.target == "a"], [each for each in many if each.target == "b"])

    assert (55, 11) == (len(by_run.pairs), by_run.cases)
    these = by_run.success(lambda each: each.usable)
    assert these is not None
    assert "less" == shown(these)
    found = by_case.success(lambda each: each.usable)
    assert found is not None
    assert pytest.approx(-0.25) == found.value
    assert None is shown(found)


def test_shares_that_differ() -> None:
    """Wilson's intervals of both, put together: the example of Newcombe (1998), 56 of 70 less 48 of 80."""
    found = added(share(56, 70, 0.95), negated(share(48, 80, 0.95)))

    assert pytest.approx(0.2) == found.value
    assert pytest.approx(0.0524, abs=5e-5) == found.low
    assert pytest.approx(0.3339, abs=5e-5) == found.high


def test_prices_that_are_known_differ_by_what_they_do() -> None:
    """Failures that were paid back leave the price as it is; others make a result dearer."""
    a = [*alike("a", 20, cost="0.20"), *(seen("a", "x", at, Outcome.FAILED, cost="0") for at in range(20))]
    b = [*alike("b", 20, cost="0.50"), *(seen("b", "x", at, Outcome.FAILED, cost="0") for at in range(20))]
    found = compared(a, b).price("money")

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert pytest.approx(-0.3) == found.value
    assert "less" == shown(found)
    assert -0.36 < found.low < -0.3 < found.high < -0.24


def test_credits_of_two_vendors_are_not_compared() -> None:
    """They are different currencies; two accounts of one vendor share one."""
    a, b = list(alike("a", 9)), list(alike("b", 9))

    assert None is compared(a, b).price("credits")
    assert None is not compared(a, list(alike("a", 9))).price("credits")


def test_rounding_is_no_difference() -> None:
    """0.1 + 0.2 is not more than 0.3."""
    assert None is shown(Interval(value=0.1 + 0.2 - 0.3, low=5e-17, high=6e-17))
    assert "more" == shown(Interval(value=0.01, low=0.001, high=0.02))
