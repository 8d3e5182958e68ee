"""What is said: in words that anybody gets at once, and no more than was shown."""

from __future__ import annotations

import re

import numpy as np
import pytest

from genhub import ImageRequest, TextRequest
from genhub._requests import Request
from genhub.compare import _words
from genhub.compare._records import Observation, Outcome
from genhub.compare._statistics import summarize
from genhub.compare._summary import Interval, Summary
from tests.compare._seen import Law, alike, drawn, results, seen

JARGON = re.compile(
    r"median|percentile|interval|significan|censor|bootstrap|quantile|p-value|confidence|null|nan\b|inf\b|None", re.I
)


def some(target: str, good: int, of: int, *, total: float = 6.0, cost: str = "0.20") -> list[Observation]:
    """Return runs of which the first failed, at no cost."""
    return [
        seen(target, repetition=at, total=total, cost=cost) if at > of - good
        else seen(target, repetition=at, outcome=Outcome.FAILED, cost="0")
        for at in range(1, of + 1)
    ]  # fmt: skip


def summary(*runs: list[Observation]) -> Summary:
    return summarize(results([each for some in runs for each in some], [some[0].target for some in runs]), draws=200)


@pytest.mark.parametrize(
    ("said", "figure"),
    [
        ("0.4 s", 0.4),
        ("6.1 s", 6.12),
        ("6 s", 6.0),
        ("45 s", 45.3),
        ("2 min", 119.6),
        ("3 min 20 s", 200.0),
        ("119 min", 7140.0),
        ("2 h 5 min", 7500.0),
        ("3 h", 10800.0),
    ],
)
def test_seconds(said: str, figure: float) -> None:
    """Two digits that count, then minutes, then hours."""
    assert said == _words.seconds(figure)


def test_prices_and_shares() -> None:
    """Money to the cent where there are cents; only all is 100 %."""
    assert [
        "0.40 USD",
        "0.10 USD",
        "0.10 USD",
        "0.099 USD",
        "0.0032 USD",
        "12.35 EUR",
        "3 adgen credits",
        "2.5 adgen credits",
    ] == [
        _words.price(amount, unit)
        for amount, unit in [
            (0.4, "USD"),
            (0.1, "USD"),
            (0.09999999999999999, "USD"),
            (0.099, "USD"),
            (0.0032, "USD"),
            (12.345678, "EUR"),
            (3, "adgen credits"),
            (2.5, "adgen credits"),
        ]
    ]
    assert ["96 %", "100 %", "over 99 %", "0 %", "under 1 %"] == [
        _words.percent(part) for part in (0.96, 1, 0.999, 0, 0.001)
    ]


def test_lists_and_nouns() -> None:
    """As one would say them."""
    assert ["a", "a and b", "a, b and c"] == [_words.several(names) for names in ("a", "ab", "abc")]
    caption, text, image = TextRequest(prompt="x", platforms=("x",)), TextRequest(prompt="x"), ImageRequest(prompt="x")
    made: list[list[Request]] = [[caption, caption], [text], [image], [image, text]]
    assert ["captions", "texts", "images", "results"] == [_words.noun(each) for each in made]


def test_who_succeeds_more_often_is_chosen() -> None:
    """Though the other is cheaper: that is said beside it."""
    verdict = summary(some("powerpost", 29, 30, cost="0.60"), some("adgen", 15, 30, cost="0.10")).verdict

    assert ("powerpost", "shown") == (verdict.best, verdict.sure)
    assert (
        "Choose powerpost: 97 % of its captions were ready (adgen 50 %), half of them within 6 s; "
        "adgen is cheaper than powerpost by 0.50 USD a result, but fails more often."
    ) == verdict.sentence


def test_who_is_cheaper_is_chosen_where_success_is_alike() -> None:
    """And what was not shown is said, too."""
    verdict = summary(some("a", 28, 30, cost="0.60"), some("b", 29, 30, cost="0.10")).verdict

    assert ("b", "shown") == (verdict.best, verdict.sure)
    assert (
        "Choose b: 97 % of its captions were ready, half of them within 6 s; "
        "b is cheaper than a by 0.50 USD a result, and no difference is shown in how often they succeed."
    ) == verdict.sentence


def test_cheaper_or_faster_is_for_the_reader_to_choose() -> None:
    """Nobody is best: it depends on what matters."""
    verdict = summary(some("a", 30, 30, total=3.0, cost="0.60"), some("b", 30, 30, total=9.0, cost="0.10")).verdict

    assert (None, "shown") == (verdict.best, verdict.sure)
    assert (
        "Choose by what matters to you: b is cheaper than a by 0.50 USD a result and a is faster than b by 6 s."
    ) == verdict.sentence


def test_no_difference_is_said_so() -> None:
    """In the first words, with how many runs tell it."""
    verdict = summary(some("a", 12, 12), some("b", 11, 12)).verdict

    assert (None, "not shown") == (verdict.best, verdict.sure)
    assert verdict.sentence.startswith("No difference is shown between a and b in 12 paired runs: run more")
    assert any("No difference is shown in the speed of a and b" in why for why in verdict.why)


def test_too_few_says_how_many_it_takes() -> None:
    """However clear it looks."""
    verdict = summary(some("a", 3, 3, total=1.0), some("b", 1, 3, total=90.0)).verdict

    assert (None, "too few") == (verdict.best, verdict.sure)
    assert verdict.sentence.startswith("Too few runs to say: 3 paired runs, and it takes 7 to show a difference.")


def test_three_of_which_one_is_worse() -> None:
    """Between the others no difference is shown: neither is chosen, and the third is named."""
    verdict = summary(some("a", 30, 30), some("b", 30, 30), some("c", 5, 30)).verdict

    assert (None, "not shown") == (verdict.best, verdict.sure)
    assert verdict.sentence.startswith("No difference is shown between a and b in 30 paired runs")
    assert "c did worse." in verdict.sentence


def test_of_three_the_best_is_chosen_in_two_lines() -> None:
    """With fewer words, and the sizes where they fit: what is left out is in the reasons."""
    rivals = some("powerpost", 29, 30, total=12.0, cost="0.60"), some("genpro", 28, 30, total=17.0, cost="0.20")
    fast = summary(some("adgen", 29, 30, total=3.0, cost="0.20"), *rivals).verdict
    both = summary(some("adgen", 29, 30, total=3.0, cost="0.10"), *rivals).verdict

    assert "adgen" == fast.best == both.best
    assert (
        "Choose adgen: 97 % were ready, half within 3 s. It is cheaper than powerpost (0.40 USD a result), "
        "and faster than powerpost (9 s) and genpro (14 s). No difference in success is shown."
    ) == fast.sentence
    assert (
        "Choose adgen: 97 % were ready, half within 3 s. It is cheaper than powerpost and genpro, "
        "and faster than powerpost and genpro. No difference in success is shown."
    ) == both.sentence
    assert any("0.50 USD" in why for why in both.why)


@pytest.mark.parametrize("number", [3, 30])
def test_three_without_a_best_take_two_lines_too(number: int) -> None:
    """Whether nothing is shown, too little is known, or it depends."""
    alike = summary(*(some(name, number, number) for name in ("powerpost", "adgen", "genpro"))).verdict
    apart = summary(
        some("powerpost", number, number, total=3.0, cost="0.60"),
        some("adgen", number, number, total=6.0, cost="0.30"),
        some("genpro", number, number, total=9.0, cost="0.10"),
    ).verdict

    for verdict in (alike, apart):
        assert None is verdict.best
        assert 60 < len(verdict.sentence) <= 200
        assert verdict.sentence.endswith(".")


def test_one_that_cannot_is_no_rival() -> None:
    """The other is chosen, not because it was faster."""
    unable = alike("b", 8, outcome=Outcome.UNSUPPORTED, total=None, cost=None)
    verdict = summary(some("a", 8, 8), list(unable)).verdict

    assert ("a", "shown") == (verdict.best, verdict.sure)
    assert verdict.sentence.startswith("Choose a: b can't do these requests. 100 % of its captions were ready")


def test_the_best_that_cannot_do_all_says_so() -> None:
    """It was compared on what it can do."""
    unable = [seen("a", "long", at, Outcome.UNSUPPORTED, None, cost=None) for at in range(1, 4)]
    verdict = summary([*some("a", 30, 30, cost="0.10"), *unable], some("b", 30, 30, cost="0.60")).verdict

    assert "a" == verdict.best
    assert verdict.sentence.endswith("No difference in success is shown. It can't do 3 of 33 runs.")


def test_nobody_can() -> None:
    """It is not "slow"."""
    both = [list(alike(name, 2, outcome=Outcome.UNSUPPORTED, total=None, cost=None)) for name in "ab"]

    assert "Nothing to choose from: a and b can't do any of these requests." == summary(*both).verdict.sentence


def test_one_target_has_nobody_to_be_compared_with() -> None:
    """Its figures are told, no more."""
    verdict = summary(some("a", 8, 8)).verdict

    assert None is verdict.best
    assert (
        "Only a was run, so there is nothing to compare: 100 % of its captions were ready, half of them within 6 s, "
        "at 0.20 USD each."
    ) == verdict.sentence


def test_differences_in_words() -> None:
    """Who is better, by how much, and between what; of one bound, "at least"."""
    faster = _words.Topic(what="seconds")
    cheaper = _words.Topic(what="money", unit="USD")
    often = _words.Topic(what="success")
    three = Interval(value=3.0, low=1.0, high=5.1)

    assert "b was faster than a, by 3 s (1 s to 5.1 s)." == faster.said("a", "b", three, more=True, runs=9, takes=7)
    assert "a was faster than b, by 15 s (at least 14 s)." == faster.said(
        "a", "b", Interval(value=-15.0, high=-14.0), more=False, runs=9, takes=7
    )
    assert "a was cheaper than b, by 0.40 USD a usable result (0.31 USD to 0.48 USD)." == cheaper.said(
        "a", "b", Interval(value=-0.4, low=-0.48, high=-0.31), more=False, runs=9, takes=7
    )
    assert "a succeeded more often than b, by 25 runs in 100 (10 to 40)." == often.said(
        "a", "b", Interval(value=0.25, low=0.1, high=0.4), more=True, runs=9, takes=7
    )
    assert (
        "No difference is shown in the speed of a and b in 9 paired runs: for a it is between 1 s less and 2 s more."
    ) == faster.said("a", "b", Interval(value=0.1, low=-1.0, high=2.0), more=None, runs=9, takes=7)
    assert "Too few runs to compare the cost of a and b: 1 paired run, and it takes 7." == cheaper.said(
        "a", "b", Interval(value=0.1), more=None, runs=1, takes=7
    )


def test_no_sentence_holds_jargon() -> None:
    """Nor anything that is no number; each one ends."""
    draw = np.random.default_rng(5)
    for works in (0.05, 0.5, 0.95):
        for number in (1, 2, 9):
            laws = {"a": Law(works=works), "b": Law(median=30.0), "c": Law(price=0.001)}
            made = summarize(drawn(draw, laws, cases=number, repetitions=2), draws=100)
            for said in (made.verdict.sentence, *made.verdict.why, *made.caveats, *(each.said for each in made.pairs)):
                assert not JARGON.search(said), said
                assert said.endswith("."), said
