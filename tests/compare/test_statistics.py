"""A comparison's figures: what counts, what is claimed, and what is never made up."""

from __future__ import annotations

import json
import random
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genhub._plain import from_dict, to_dict
from genhub.compare._records import Check, Observation, Outcome
from genhub.compare._statistics import summarize
from genhub.compare._summary import Interval, Summary
from tests.compare._seen import Law, alike, credits, drawn, results, seen

numbers = st.floats(0, 1e6) | st.sampled_from([0.0, 6.0])
amounts = st.decimals(0, 100, places=2)
checks = st.builds(
    Check,
    name=st.sampled_from(["length", "taste"]),
    passed=st.none() | st.booleans(),
    value=st.none() | st.floats(-10, 10),
)


@st.composite
def observations(draw: st.DrawFn) -> list[Observation]:
    """Whatever may come: all outcomes, unknown times, open amounts, several units."""
    several = st.tuples(st.sampled_from("abc"), st.integers(1, 14), st.integers(1, 2))
    keys = draw(st.sets(several, min_size=draw(st.sampled_from([0, 20, 40])), max_size=84))
    runs: list[Observation] = []
    same = draw(st.booleans())
    for target, case, repetition in sorted(keys):
        outcome = Outcome.SUCCEEDED if same else draw(st.sampled_from(Outcome))
        low = Decimal("0.20") if same else draw(amounts)
        run = seen(
            target,
            f"case {case}",
            repetition,
            outcome,
            6.0 if same else draw(st.none() | numbers),
            cost=None if not same and draw(st.integers(0, 9)) == 0 else low,
            high="same" if same else draw(st.sampled_from(["same", None, low + 7])),
            censored=outcome is Outcome.TIMED_OUT or (not same and draw(st.booleans())),
            resolution=0.0 if same else draw(st.sampled_from([0.0, 2.0])),
            checks=() if same else tuple(draw(st.lists(checks, max_size=2))),
        )
        runs.append(run)
    return runs


def intervals(summary: Summary) -> list[Interval]:
    of_targets = [
        each
        for target in summary.targets
        for each in (target.success, target.usable_share, target.median, target.p90, target.p95, target.queue,
                     target.run, target.download, target.cost_credits, target.cost_money, *target.scores.values())
        if each is not None
    ]  # fmt: skip
    return [*of_targets, *(each.difference for each in summary.pairs)]


@settings(max_examples=60, deadline=None)
@given(observations(), st.randoms(use_true_random=False))
def test_whatever_was_seen_has_figures(runs: list[Observation], order: random.Random) -> None:
    """No crash, no warning, no infinity; every figure lies in its interval; the order of the runs does not matter."""
    summary = summarize(results(runs, "abc"), draws=50)

    json.dumps(to_dict(summary), allow_nan=False)
    assert summary == from_dict(Summary, to_dict(summary))
    for each in intervals(summary):
        assert each.low is None or each.low <= each.value + 1e-6
        assert each.high is None or each.value <= each.high + 1e-6
    shuffled = list(runs)
    order.shuffle(shuffled)
    assert summary == summarize(results(shuffled, "abc"), draws=50)


@settings(max_examples=25, deadline=None)
@given(observations(), st.sampled_from([Outcome.UNSUPPORTED, Outcome.NOT_RUN]))
def test_what_was_not_tried_never_counts(runs: list[Observation], outcome: Outcome) -> None:
    """Unsupported requests and runs that were not made change no figure, whatever else they hold."""
    runs = [each for each in runs if each.outcome not in (Outcome.UNSUPPORTED, Outcome.NOT_RUN)]
    extra = [seen(target, "case 1", 9, outcome, 0.5, cost="90") for target in "abc"]
    without, with_them = (summarize(results(each, "abc"), draws=50) for each in (runs, [*runs, *extra]))

    assert without.pairs == with_them.pairs
    for before, after in zip(without.targets, with_them.targets, strict=True):
        assert 1 == (after.unsupported if outcome is Outcome.UNSUPPORTED else after.not_run)
        assert before == evolve(after, runs=after.runs - 1, unsupported=0, not_run=0)


def test_one_run_claims_nothing() -> None:
    """Values only, no intervals, and it is said."""
    summary = summarize(results([seen("a", total=4.0), seen("b", total=9.0)]))

    assert not [each for each in intervals(summary) if each.low is not None or each.high is not None]
    assert (None, "too few") == (summary.verdict.best, summary.verdict.sure)
    assert summary.verdict.sentence.startswith("Too few runs to say: 1 paired run")
    assert "a was run only once: nothing is claimed from one run." in summary.caveats
    median = summary.targets[0].median
    assert median is not None
    assert 4.0 == median.value


def test_all_the_same_has_no_width() -> None:
    """Equal times and costs give equal bounds; the share that succeeds is still uncertain, and so is what it costs."""
    summary = summarize(results([*alike("a", 20), *alike("b", 20)]))

    a = summary.targets[0]
    assert Interval(value=6.0, low=6.0, high=6.0) == a.median
    assert a.success.low is not None
    assert (1.0, True) == (a.success.value, 0.8 < a.success.low < 0.9)
    assert a.cost_money is not None
    assert a.cost_money.high is not None
    assert [pytest.approx(0.2)] * 2 == [a.cost_money.value, a.cost_money.low]
    assert 0.2 < a.cost_money.high < 0.25
    assert {"not shown"} == {summary.verdict.sure}
    assert not any(each.shown for each in summary.pairs)


def test_nothing_succeeded() -> None:
    """No times and no cost of a result, but a bound on the share, what was spent, and a word about it."""
    failed = alike("b", 12, outcome=Outcome.FAILED, failure="content_policy", cost="0.10")
    summary = summarize(results([*alike("a", 12), *failed]))

    b = summary.targets[1]
    assert (0.0, None, None, ()) == (b.success.value, b.median, b.cost_money, b.curve)
    assert b.success.high is not None
    assert 0.2 < b.success.high < 0.3
    assert Decimal("1.20") == b.spent_money
    assert {"content_policy": 12} == b.failures
    assert "Nothing of b was ready: 0 of 12 runs succeeded." in summary.caveats
    assert "a" == summary.verdict.best


def test_nobody_succeeded() -> None:
    """Nobody is chosen."""
    runs = [each for name in "ab" for each in alike(name, 12, outcome=Outcome.FAILED)]
    verdict = summarize(results(runs)).verdict

    assert (None, "not shown") == (verdict.best, verdict.sure)
    assert "Choose none of them: nothing could be used, 0 of 12 runs of a and 0 of 12 runs of b." == verdict.sentence


def test_all_timed_out() -> None:
    """It is only known to be longer."""
    late = alike("a", 12, outcome=Outcome.TIMED_OUT, total=20.0, censored=True)
    summary = summarize(results([*late, *alike("b", 12)]))

    a = summary.targets[0]
    assert Interval(value=20.0, low=20.0, at_least=True) == a.median
    assert 12 == a.timed_out
    seconds = next(each for each in summary.pairs if each.what == "seconds")
    assert (14.0, 14.0, None, True) == (
        seconds.difference.value, seconds.difference.low, seconds.difference.high, seconds.shown,
    )  # fmt: skip
    assert any(said.startswith("12 of 12 runs of a were not ready within 20 s") for said in summary.caveats)


def test_refunds_are_counted() -> None:
    """Failures that were paid back cost nothing; those that were not are paid by the results that can be used."""
    back = [*alike("a", 8), *(seen("a", "b", at, Outcome.FAILED, cost="0") for at in range(1, 9))]
    kept = [*alike("b", 8), *(seen("b", "b", at, Outcome.FAILED) for at in range(1, 9))]
    a, b = summarize(results([*back, *kept])).targets

    assert a.cost_money is not None
    assert b.cost_money is not None
    assert b.cost_credits is not None
    assert [pytest.approx(0.2), pytest.approx(0.4)] == [a.cost_money.value, b.cost_money.value]
    assert ("USD", "b credits") == (b.currency, b.unit)
    assert pytest.approx(4) == b.cost_credits.value
    assert a.cost_money.high is not None
    assert b.cost_money.low is not None
    assert a.cost_money.high < 0.26 < b.cost_money.low
    assert Decimal("3.20") == b.spent_money


def test_open_amounts_are_bounded() -> None:
    """What may have been charged is inside of the interval, and an amount without a bound has none above."""
    known = summarize(results(alike("a", 20), "a")).targets[0].cost_money
    bounded = summarize(results([*alike("a", 15), *alike("a", 20, high="0.60")[15:]], "a"))
    without = summarize(results([*alike("a", 19), *alike("a", 20, high=None)[19:]], "a")).targets[0]

    assert known is not None
    assert known.high is not None
    cost = bounded.targets[0].cost_money
    assert cost is not None
    assert cost.high is not None
    assert pytest.approx(0.2) == cost.low
    assert max(0.3, known.high) < cost.high
    assert any(said.startswith("What 5 runs of a cost is not known exactly") for said in bounded.caveats)
    assert without.cost_money is not None
    assert (None, None) == (without.cost_money.high, without.spent_money)


def test_a_run_without_a_price_leaves_none() -> None:
    """Unknown is not zero: there is no cost in money, and it is said; credits are still there."""
    runs = [evolve(each, cost=None) for each in alike("a", 8)]
    summary = summarize(results([*runs, *alike("b", 8)]))

    a = summary.targets[0]
    assert (None, None, None) == (a.cost_money, a.currency, a.spent_money)
    assert a.cost_credits is not None
    assert "a has no price in money." in summary.caveats
    assert {"success", "seconds"} == {each.what for each in summary.pairs}


def test_credits_of_several_units_are_not_added() -> None:
    """A route's accounts have credits of their own; money is what they share."""
    runs = [
        *alike("a", 8),
        *(evolve(each, credits=credits("other credits", "1", "1"), case="b") for each in alike("a", 8)),
    ]
    a = summarize(results(runs, "a")).targets[0]

    assert (None, None) == (a.cost_credits, a.unit)
    assert a.cost_money is not None


def test_a_failed_check_makes_it_unusable() -> None:
    """It succeeded, and yet cannot be used: what can be used decides, and is paid by all."""
    long = (Check(name="length", passed=False),)
    short = (Check(name="length", passed=True), Check(name="language", passed=None))
    summary = summarize(results([*alike("a", 15, checks=long), *alike("b", 15, checks=short)]))

    a, b = summary.targets
    assert (15, 0, {"length": (0, 15)}) == (a.succeeded, a.usable, a.checks)
    assert (15, {"length": (15, 15)}) == (b.usable, b.checks)
    assert {"success": False, "usable": True} == {
        each.what: each.shown for each in summary.pairs if each.what in ("success", "usable")
    }
    assert "b" == summary.verdict.best
    assert "100 % of its captions could be used (a 0 %)" in summary.verdict.sentence.replace(
        "were ready", "could be used"
    )
    assert "Nothing of a could be used: all 15 that were ready failed a check." in summary.caveats


def test_scores_are_averaged_and_compared() -> None:
    """A scorer's figures, over a run's outputs, then over the runs, then between the targets."""
    both = (
        Check(name="taste", passed=None, value=1.0, output=1),
        Check(name="taste", passed=None, value=3.0, output=2),
    )
    one = (Check(name="taste", passed=None, value=5.0),)
    summary = summarize(results([*alike("a", 10, checks=both), *alike("b", 10, checks=one)]))

    assert [{"taste": Interval(value=2.0, low=2.0, high=2.0)}, {"taste": Interval(value=5.0, low=5.0, high=5.0)}] == [
        each.scores for each in summary.targets
    ]
    taste = next(each for each in summary.pairs if each.what == "taste")
    assert (True, "b", Interval(value=-3.0, low=-3.0, high=-3.0)) == (taste.shown, taste.more, taste.difference)
    assert "b scored higher in taste than a, by 3." == taste.said


def test_runs_in_doubt_are_spent_and_not_judged() -> None:
    """Nobody knows how they ended: they are no failure, but the money may be gone."""
    doubt = alike("a", 12, outcome=Outcome.IN_DOUBT, total=None, high="0.30")[11:]
    summary = summarize(results([*alike("a", 11), *doubt], "a"))

    a = summary.targets[0]
    assert (12, 11, 1, 1.0) == (a.runs, a.counted, a.in_doubt, a.success.value)
    assert Decimal("2.50") == a.spent_money
    assert any(said.startswith("Of 1 run of a it is not known") for said in summary.caveats)


def test_more_targets_make_more_comparisons() -> None:
    """All differences together hold at the level: each one's is stricter, and it is said."""
    three = [each for name in "abc" for each in alike(name, 12)]
    two = summarize(results(three[:24], "ab"))
    summary = summarize(results(three, "abc"))

    assert {1 - 0.05 / 3} == {each.level for each in two.pairs}
    assert {1 - 0.05 / 9} == {each.level for each in summary.pairs}
    assert "with all 9 comparisons taken together" in summary.caveats[-1]


def test_the_caveats_of_a_comparison() -> None:
    """Simulators, a stop before the end, few requests, coarse times: each is said."""
    runs = [*alike("a", 12, resolution=2.0), *alike("b", 12, total=6.5, resolution=2.0)]
    left = [seen("b", "more", 1, Outcome.NOT_RUN, None, cost=None), seen("a", "more", 1, Outcome.UNSUPPORTED, None)]
    summary = summarize(results([*runs, *left], simulated=True, complete=False))

    assert (
        "These were simulators, not the real services: it says nothing of the vendors.",
        "It is not complete: 1 run was not made.",
        "One request only: what is shown holds for it, and others may differ.",
        "a can't do 1 of 13 runs: they count neither way.",
        "The times of a and b are only known to 2 s, which is more than they differ by.",
        "A difference is called shown only if it holds at 95 % with all 3 comparisons taken together.",
    ) == summary.caveats


def test_the_same_seed_gives_the_same_figures() -> None:
    """And another one nearly the same."""
    made = drawn(np.random.default_rng(1), {"a": Law(), "b": Law()}, cases=4, repetitions=5)
    first, again, other = (summarize(made, seed=seed) for seed in (1, 1, 2))

    assert first == again
    ours, theirs = first.targets[0].cost_money, other.targets[0].cost_money
    assert ours is not None
    assert theirs is not None
    assert ours != theirs
    assert pytest.approx(theirs.low, rel=0.05) == ours.low


def test_nothing_at_all() -> None:
    """No observations: there is nothing to choose from."""
    summary = summarize(results([]))

    assert ("Nothing to choose from: no run says anything yet.", "too few") == (
        summary.verdict.sentence,
        summary.verdict.sure,
    )
    assert () == summary.pairs
