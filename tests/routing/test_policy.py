"""How a route orders its accounts, and what it says of each."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genhub import ConfigError, Price, TextRequest
from genhub._requests import Request
from genhub.routing._learned import Cost
from genhub.routing._policy import POLICIES, Contender, Policy, arrange, number, ordinal

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("x",))
USD, EUR = Price.parse("0.05 USD"), Price.parse("0.02 EUR")


def candidate(account: str, position: int, **known: Any) -> Contender:
    return Contender(**{
        "account": account, "provider": account, "kind": "captions", "unit": f"{account} credits",
        "position": position, **known,
    })  # fmt: skip


def cost(per_result: str, samples: int = 12, success: float = 11 / 12) -> Cost:
    return Cost(per_result=Decimal(per_result), samples=samples, success=success)


def documented(credits: str, **known: Any) -> dict[str, Any]:
    return {"estimate_credits": Decimal(credits), "source": "documented", **known}


def said(
    policy: str | Policy, *candidates: Contender, seed: int = 0, turn: int = 0, request: Request = CAPTION
) -> list[tuple[str, str]]:
    stages = arrange(policy, request, candidates, chance=random.Random(seed), turn=turn)
    return [(stage.account, stage.why) for stage in stages]


def order(policy: str | Policy, candidates: Sequence[Contender], *, seed: int = 0, turn: int = 0) -> list[str]:
    return [account for account, _ in said(policy, *candidates, seed=seed, turn=turn)]


A, B, C = (candidate(name, position) for position, name in enumerate("abc"))

figures = st.none() | st.decimals(min_value=0, max_value=1000, places=3)


@st.composite
def routes(draw: st.DrawFn) -> list[Contender]:
    """Contenders as a route may have them, not always in their order."""
    made: list[Contender] = []
    for position in range(draw(st.integers(min_value=0, max_value=6))):
        per_result = draw(figures)
        seen = None if per_result is None else cost(str(per_result), draw(st.integers(min_value=1, max_value=6)))
        made.append(
            candidate(
                f"account{position}",
                position,
                unit=draw(st.sampled_from(["a credits", "b credits"])),
                weight=draw(st.sampled_from([0, 0, 1, 2, 0.5])),
                estimate_credits=draw(figures),
                cost_seen=seen,
                price=draw(st.sampled_from([None, USD, USD, EUR])),
                seconds=draw(st.none() | st.floats(min_value=0, max_value=1000)),
            )
        )
    return draw(st.permutations(made))


@settings(deadline=None)
@given(st.sampled_from(POLICIES), routes(), st.integers(), st.integers(min_value=0, max_value=100))
def test_every_candidate_has_one_place_and_a_reason(
    policy: str, candidates: list[Contender], seed: int, turn: int
) -> None:
    """An order leaves nobody out, and is the same for the same chance and turn."""
    stages = said(policy, *candidates, seed=seed, turn=turn)

    assert sorted(each.account for each in candidates) == sorted(account for account, _ in stages)
    assert all(why for _, why in stages)
    assert stages == said(policy, *reversed(candidates), seed=seed, turn=turn)


def test_the_routes_own_order() -> None:
    """By the place in the route, also where one that stood before can't do it."""
    assert [("b", "2nd of the route's order"), ("c", "3rd of the route's order")] == said("order", C, B)


def test_an_unknown_policy_is_refused() -> None:
    """The remedy names those that exist."""
    with pytest.raises(ConfigError, match=r"no policy 'cheap'.*order, cheapest, fastest, weighted, round_robin"):
        said("cheap", A)


def test_cheapest_says_what_a_result_costs() -> None:
    """In money, with the credits behind it and how they are known."""
    powerpost = candidate("powerpost", 1, price=USD, cost_seen=cost("10"), **documented("3"))
    genpro = candidate("genpro", 0, price=Price.parse("0.02 USD"), **documented("40"))

    assert [
        ("powerpost", "cheapest: 0.50 USD a result (10 powerpost credits, seen in 12 jobs, 92 % succeeded)"),
        ("genpro", "2nd: 0.80 USD (40 genpro credits, documented)"),
    ] == said("cheapest", genpro, powerpost)


def test_two_jobs_are_not_enough() -> None:
    """What they cost may be chance: the estimate counts."""
    a = evolve(A, price=USD, cost_seen=cost("1", samples=2), estimate_credits=Decimal(30), source="user")
    b = evolve(B, price=USD, cost_seen=cost("20", samples=3, success=1.0))

    assert [
        ("b", "cheapest: 1.00 USD a result (20 b credits, seen in 3 jobs, 100 % succeeded)"),
        ("a", "2nd: 1.50 USD (30 a credits, your estimate)"),
    ] == said("cheapest", a, b)


def test_credits_of_one_unit_are_compared_without_a_price() -> None:
    """Two accounts at one vendor; also where not both have a price, or in two currencies."""
    for first, second in ((None, None), (None, USD), (EUR, USD)):
        a = evolve(A, unit="acme credits", price=first, estimate_credits=Decimal("1E+2"), source="seen")
        b = evolve(B, unit="acme credits", price=second, cost_seen=cost("10.8696", success=0.999))
        assert [
            ("b", "cheapest: 10.87 acme credits a result (seen in 12 jobs, 99 % succeeded)"),
            ("a", "2nd: 100 acme credits (the dearest that was seen)"),
        ] == said("cheapest", a, b)


def test_what_cannot_be_compared_comes_last() -> None:
    """In the route's order, and it says why: credits of several vendors are several currencies."""
    unpriced = evolve(A, **documented("0.001"))
    euro = evolve(B, price=EUR, **documented("0.001"))
    unknown = evolve(C, price=USD)
    d, e = (candidate(name, at, price=USD, **documented(each)) for at, name, each in ((3, "d", "9"), (4, "e", "8")))

    assert [
        ("e", "cheapest: 0.40 USD (8 e credits, documented)"),
        ("d", "2nd: 0.45 USD (9 d credits, documented)"),
        ("a", "no price: it can't be compared"),
        ("b", "priced in EUR, not in USD: it can't be compared"),
        ("c", "what it costs is not known"),
    ] == said("cheapest", unpriced, euro, unknown, d, e)


def test_without_any_price_nothing_is_cheapest() -> None:
    """Different vendors' credits: the route's order stays."""
    why = "no price: it can't be compared"

    assert [("a", why), ("b", why)] == said(
        "cheapest", evolve(A, **documented("40")), evolve(B, cost_seen=cost("1"))
    )  # fmt: skip


def test_an_estimate_in_money_needs_no_price() -> None:
    """Where somebody said it in money at once."""
    a = evolve(A, estimate_money=Decimal("0.3"), currency="USD", source="user")
    b = evolve(B, price=USD, **documented("5"))

    assert [
        ("b", "cheapest: 0.25 USD (5 b credits, documented)"),
        ("a", "2nd: 0.30 USD (your estimate)"),
    ] == said("cheapest", a, b)


@settings(deadline=None)
@given(routes())
def test_cheapest_ascends(candidates: list[Contender]) -> None:
    """All in one currency: dearer ones later, equal ones by their place, unknown ones last."""
    priced = [evolve(each, price=USD) for each in candidates]

    def figure(each: Contender) -> Decimal | None:
        seen = each.cost_seen
        return seen.per_result if seen is not None and seen.samples >= 3 else each.estimate_credits

    known = [(figure(each), each.position, each.account) for each in priced if figure(each) is not None]
    unknown = [(each.position, each.account) for each in priced if figure(each) is None]
    expected = [account for _, _, account in sorted(known)] + [account for _, account in sorted(unknown)]

    assert expected == order("cheapest", priced)


@settings(deadline=None)
@given(routes())
def test_what_is_not_compared_keeps_the_routes_order(candidates: list[Contender]) -> None:
    """Whatever is priced or not: figures first, excuses after."""
    places = {each.account: each.position for each in candidates}
    stages = said("cheapest", *candidates)
    compared = [" (" in why for _, why in stages]
    rest = [places[account] for account, why in stages if " (" not in why]

    assert sorted(compared, reverse=True) == compared
    assert sorted(rest) == rest


def test_fastest_by_the_median() -> None:
    """What was not seen yet comes last, in the route's order."""
    a, b = evolve(A, seconds=12.34, samples=1), evolve(B, seconds=12.0, samples=34)
    d = candidate("d", 3)

    assert [
        ("b", "fastest: 12 s median of 34 jobs"),
        ("a", "2nd: 12.3 s median of 1 job"),
        ("c", "not seen yet"),
        ("d", "not seen yet"),
    ] == said("fastest", d, C, a, b)
    assert ["a", "b", "c"] == order("fastest", [C, B, A])


@settings(deadline=None)
@given(routes())
def test_fastest_ascends(candidates: list[Contender]) -> None:
    """By seconds, equal ones by their place."""
    known = sorted((each.seconds, each.position, each.account) for each in candidates if each.seconds is not None)
    unknown = sorted((each.position, each.account) for each in candidates if each.seconds is None)

    assert [each[-1] for each in (*known, *unknown)] == order("fastest", candidates)


def test_weights_are_odds() -> None:
    """3 to 1, and of what is left then; weight 0 is tried when all others are used up."""
    heavy, light, never = evolve(A, weight=3), evolve(B, weight=0.5), evolve(C, weight=0)
    drawn = {tuple(said("weighted", never, heavy, light, seed=seed)) for seed in range(50)}
    last = ("c", "weight 0: after all others")

    assert {
        (("a", "drawn by weight 3 of 3.5"), ("b", "drawn by weight 0.5 of 0.5"), last),
        (("b", "drawn by weight 0.5 of 3.5"), ("a", "drawn by weight 3 of 3"), last),
    } == drawn


def test_weights_become_frequencies() -> None:
    """Over 6000 draws, within five standard deviations, for the first place and for the second behind it."""
    candidates = [evolve(A, weight=3), evolve(B, weight=2), evolve(C, weight=1)]
    chance = random.Random(20261123)
    orders = [
        tuple(stage.account for stage in arrange("weighted", CAPTION, candidates, chance=chance, turn=0))
        for _ in range(6000)
    ]
    firsts, pairs = Counter(each[0] for each in orders), Counter(each[:2] for each in orders)

    def near(share: float, count: int, many: int) -> bool:
        return abs(count - share * many) <= 5 * math.sqrt(many * share * (1 - share))

    assert [True] * 3 == [near(share, firsts[name], 6000) for name, share in (("a", 1 / 2), ("b", 1 / 3), ("c", 1 / 6))]
    assert near(2 / 3, pairs["a", "b"], firsts["a"])
    assert near(3 / 4, pairs["b", "a"], firsts["b"])


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    """Nothing can be drawn by it."""
    with pytest.raises(ConfigError, match="weight must be 0 or more"):
        evolve(A, weight=weight)


def test_round_robin_says_whose_turn_it_is() -> None:
    """The others follow in the round."""
    assert [
        ("c", "its turn (round robin)"), ("a", "next in the round"), ("b", "next in the round"),
    ] == said("round_robin", A, B, C, turn=5)  # fmt: skip


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=7), st.integers(min_value=0, max_value=1000))
def test_round_robin_is_fair(many: int, begin: int) -> None:
    """In as many turns as there are accounts, each stands at each place once."""
    candidates = [candidate(f"account{at}", at) for at in range(many)]
    rounds = [order("round_robin", candidates, turn=begin + turn) for turn in range(many)]

    assert all(many == len(set(place)) for place in zip(*rounds, strict=True))


def test_a_users_own_policy() -> None:
    """It is given the request and the candidates, in the route's order; what it leaves out is not tried."""
    given: list[tuple[Request, Sequence[Contender]]] = []

    def by_letter(request: Request, candidates: Sequence[Contender]) -> list[Contender | str]:
        given.append((request, candidates))
        return ["c", candidates[0]]

    assert [("c", "1st by the policy by_letter"), ("a", "2nd by the policy by_letter")] == said(by_letter, C, A, B)
    assert [(CAPTION, (A, B, C))] == given
    assert [] == said(lambda request, candidates: (), A, B)


def test_a_users_own_policy_may_be_an_object() -> None:
    """It is called by the name of its class; a candidate counts by its account."""

    class Picky:
        def __call__(self, request: Request, candidates: Sequence[Contender]) -> list[Contender]:
            return [evolve(each, weight=7) for each in candidates[1:]]

    assert [("b", "1st by the policy Picky")] == said(Picky(), A, B)


async def _later(request: Request, candidates: Sequence[Contender]) -> list[str]:
    return ["a"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (lambda *_: ["a", "x"], "<lambda> chose 'x', which is not among the candidates. Contenders were: a, b"),
        (lambda *_: [None], "<lambda> chose None, which is not among the candidates. Contenders were: a, b"),
        (lambda _, candidates: ["b", candidates[1]], "<lambda> chose 'b' twice"),
        (lambda *_: "ab", "<lambda> returned 'ab'. It returns a list of candidates or names"),
        (lambda *_: None, "<lambda> returned None. It returns a list of candidates or names"),
        (_later, "_later returned <coroutine object"),
        (lambda *_: [1 / 0], "<lambda> failed: ZeroDivisionError: division by zero"),
        (lambda _, candidates: (each.nothing for each in candidates), "<lambda> failed: AttributeError: "),
        (lambda _, candidates: (each() for each in candidates), "<lambda> failed: TypeError: "),
        (lambda _: [], "<lambda> failed: TypeError: "),
    ],
)
def test_a_policy_that_does_wrong_is_told_so(policy: Any, message: str) -> None:
    """Which name, which policy, and what it should have done."""
    with pytest.raises(ConfigError) as caught:
        said(policy, A, B)

    assert str(caught.value).startswith(f"the policy {message}")


def test_what_a_policy_raised_is_the_cause() -> None:
    """Its own traceback is not lost, not even where it is one of ours."""
    mine = ConfigError("mine")

    def failing(request: Request, candidates: Sequence[Contender]) -> list[str]:
        raise mine

    with pytest.raises(ConfigError, match="the policy failing failed: ConfigError: mine") as caught:
        said(failing, A)
    assert mine is caught.value.__cause__


@pytest.mark.parametrize(
    ("value", "places", "cents", "text"),
    [
        ("1E+2", 2, 0, "100"), ("10.00", 2, 0, "10"), ("2.50", 2, 0, "2.5"), ("0", 2, 0, "0"), ("0", 4, 2, "0.00"),
        ("0.5", 4, 2, "0.50"), ("0.0125", 4, 2, "0.0125"), ("1E-7", 4, 2, "0.0000001"), ("0.00666666", 2, 0, "0.0067"),
        ("33.333333", 2, 0, "33.33"), ("9.999", 2, 0, "10"), ("-0.5", 4, 2, "-0.50"), ("1200000", 2, 0, "1200000"),
        ("12345678901234567890123456789012.5", 4, 2, "12345678901234567890123456789012.50"),
    ],
)  # fmt: skip
def test_numbers_are_written_plainly(value: str, places: int, cents: int, text: str) -> None:
    """No exponents, and no zeros beyond the cents."""
    assert text == number(Decimal(value), places, cents=cents)


def test_places_are_written_as_people_do() -> None:
    """The teens are an exception."""
    assert ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"] == [
        ordinal(place) for place in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)
    ]
