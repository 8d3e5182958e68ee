"""How a route chooses the order in which its accounts are tried, and why each stands where it does.

A policy only orders: it spends nothing, and the same candidates, chance and turn give the same order.
"""

from __future__ import annotations

import inspect
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import Attribute, field, frozen

from genhub._credits import Price
from genhub._errors import ConfigError
from genhub._itinerary import Stage
from genhub._requests import Request
from genhub.routing._learned import Cost

#: The names of the policies that are built in.
POLICIES = ("order", "cheapest", "fastest", "weighted", "round_robin")
#: So many jobs must have been seen before what they cost counts more than an estimate.
ENOUGH = 3


def _weight(_: object, at: Attribute[float], value: float) -> None:
    if not 0 <= value < math.inf:
        raise ConfigError(f"{at.name} must be 0 or more, not {value}")


@frozen(kw_only=True)
class Contender:
    """One account that can do the request, with what is known of it. `None` is "not known"."""

    account: str
    provider: str
    kind: str | None  #: the provider's own kind of call
    weight: float = field(default=1.0, validator=_weight)
    estimate_money: Decimal | None = None  #: what it may cost, in `currency`
    currency: str | None = None
    estimate_credits: Decimal | None = None  #: the same in `unit`
    unit: str
    source: str = "unknown"  #: of the estimate: `user`, `documented`, `seen` or `unknown`
    cost_seen: Cost | None = None  #: what its jobs of this kind did cost
    price: Price | None = None  #: of one credit
    seconds: float | None = None  #: the median time to ready
    samples: int = 0  #: how many times that rests on
    position: int  #: its place in the route, from 0
    adjustments: int = 0  #: how many fields of the request it would change


#: A user's own: returns the order, by candidate or by account name. What it leaves out is not tried.
Policy = Callable[[Request, Sequence[Contender]], Sequence[Contender | str]]


def arrange(
    policy: str | Policy, request: Request, candidates: Sequence[Contender], *, chance: random.Random, turn: int
) -> tuple[Stage, ...]:
    """Return the order in which the candidates are tried.

    `chance` is what `weighted` draws from, `turn` counts the times that the route was asked. Raises ConfigError for a
    policy that does not exist, and for one of the user's that fails or names what is not there.
    """
    in_order = sorted(candidates, key=lambda each: each.position)
    if not isinstance(policy, str):
        return _own(policy, request, in_order)
    match policy:
        case "order":
            return tuple(_stage(each, f"{ordinal(each.position + 1)} of the route's order") for each in in_order)
        case "cheapest":
            return _cheapest(in_order)
        case "fastest":
            return _fastest(in_order)
        case "weighted":
            return _weighted(in_order, chance)
        case "round_robin":
            return _round_robin(in_order, turn)
        case _:
            raise ConfigError(f"there is no policy {policy!r}", remedy=f"Policies are: {', '.join(POLICIES)}")


def _stage(candidate: Contender, why: str) -> Stage:
    return Stage(account=candidate.account, why=why)


def _own(policy: Policy, request: Request, candidates: Sequence[Contender]) -> tuple[Stage, ...]:
    name = getattr(policy, "__name__", type(policy).__name__)
    try:
        order = policy(request, tuple(candidates))
        chosen = None if isinstance(order, str) else _listed(order)
    except Exception as error:
        raise ConfigError(f"the policy {name} failed: {type(error).__name__}: {error}") from error
    if chosen is None:
        raise ConfigError(f"the policy {name} returned {order!r}", remedy="It returns a list of candidates or names")
    known = [each.account for each in candidates]
    stages: dict[str, Stage] = {}
    for each in chosen:
        account = each.account if isinstance(each, Contender) else each
        if account not in known:
            raise ConfigError(
                f"the policy {name} chose {account!r}, which is not among the candidates",
                remedy=f"Contenders were: {', '.join(known) or 'none'}",
            )
        if account in stages:
            raise ConfigError(f"the policy {name} chose {account!r} twice")
        stages[account] = Stage(account=account, why=f"{ordinal(len(stages) + 1)} by the policy {name}")
    return tuple(stages.values())


def _listed(order: Any) -> list[Any] | None:
    if inspect.iscoroutine(order):
        order.close()  # nobody will await it
        return None
    return [*order] if hasattr(order, "__iter__") else None


@frozen
class _Figure:
    """What a usable result of a candidate costs, in credits and, where there is a price, in money."""

    of: Contender
    seen: Cost | None  # where it rests on enough jobs
    credits: Decimal | None
    money: Decimal | None
    currency: str | None

    @classmethod
    def read(cls, of: Contender) -> _Figure:
        seen = of.cost_seen if of.cost_seen is not None and of.cost_seen.samples >= ENOUGH else None
        credits = of.estimate_credits if seen is None else seen.per_result
        if seen is None and of.estimate_money is not None and of.currency is not None:
            return cls(of, seen, credits, of.estimate_money, of.currency)
        if credits is None or of.price is None:
            return cls(of, seen, credits, None, None)
        return cls(of, seen, credits, credits * of.price.amount, of.price.currency)

    @property
    def known(self) -> bool:
        return self.credits is not None or self.money is not None

    def at(self, basis: str | None) -> Decimal | None:
        """Return the figure in this currency, or unit of credits."""
        if basis is None:
            return None
        return self.money if self.currency == basis else self.credits if self.of.unit == basis else None

    def words(self, head: str, basis: str, figure: Decimal) -> str:
        how = _SOURCES.get(self.of.source, self.of.source)
        if self.seen is not None:
            how = f"seen in {self.seen.samples} jobs, {_percent(self.seen.success)} succeeded"
        result = "" if self.seen is None else " a result"
        if self.currency != basis:
            return f"{head}: {number(figure, 2)} {basis}{result} ({how})"
        credits = "" if self.credits is None else f"{number(self.credits, 2)} {self.of.unit}, "
        return f"{head}: {number(figure, 4, cents=2)} {basis}{result} ({credits}{how})"

    def excuse(self, basis: str | None) -> str:
        if not self.known:
            return "what it costs is not known"
        if self.currency is None:
            return "no price: it can't be compared"
        return f"priced in {self.currency}, not in {basis}: it can't be compared"


_SOURCES: Mapping[str, str] = {"user": "your estimate", "seen": "the dearest that was seen"}


def _basis(figures: Sequence[_Figure]) -> str | None:
    """Return what they are compared in: a currency that all have, else their one unit, else what most are priced in."""
    known = [each for each in figures if each.known]
    currencies = Counter(each.currency for each in known if each.currency is not None)
    common, many = currencies.most_common(1)[0] if currencies else (None, 0)
    units = {each.of.unit for each in known}
    if many < len(known) and len(units) == 1 and all(each.credits is not None for each in known):
        return units.pop()
    return common


def _cheapest(candidates: Sequence[Contender]) -> tuple[Stage, ...]:
    figures = [_Figure.read(each) for each in candidates]
    basis = _basis(figures)
    compared = [(figure, each) for each in figures if (figure := each.at(basis)) is not None]
    stages = [
        _stage(each.of, each.words(_head("cheapest", rank), str(basis), figure))
        for rank, (figure, each) in enumerate(sorted(compared, key=lambda pair: pair[0]), 1)
    ]
    return (*stages, *(_stage(each.of, each.excuse(basis)) for each in figures if each.at(basis) is None))


def _fastest(candidates: Sequence[Contender]) -> tuple[Stage, ...]:
    seen = [(each.seconds, each) for each in candidates if each.seconds is not None]
    stages: list[Stage] = []
    for rank, (seconds, each) in enumerate(sorted(seen, key=lambda pair: pair[0]), 1):
        jobs = "1 job" if each.samples == 1 else f"{each.samples} jobs"
        median = f"{number(Decimal(repr(seconds)), 1)} s median of {jobs}"
        stages.append(_stage(each, f"{_head('fastest', rank)}: {median}"))
    return (*stages, *(_stage(each, "not seen yet") for each in candidates if each.seconds is None))


def _weighted(candidates: Sequence[Contender], chance: random.Random) -> tuple[Stage, ...]:
    """Drawn one after the other, without putting back."""
    left = [each for each in candidates if each.weight > 0]
    stages: list[Stage] = []
    while left:
        weights = [each.weight for each in left]
        drawn = chance.choices(range(len(left)), weights)[0]
        odds = " of ".join(number(Decimal(repr(weight)), 2) for weight in (weights[drawn], math.fsum(weights)))
        stages.append(_stage(left.pop(drawn), f"drawn by weight {odds}"))
    return (*stages, *(_stage(each, "weight 0: after all others") for each in candidates if not each.weight))


def _round_robin(candidates: Sequence[Contender], turn: int) -> tuple[Stage, ...]:
    begin = turn % (len(candidates) or 1)
    turned = [*candidates[begin:], *candidates[:begin]]
    whys = ("its turn (round robin)", *("next in the round" for _ in turned[1:]))
    return tuple(_stage(each, why) for each, why in zip(turned, whys, strict=False))


def _head(best: str, rank: int) -> str:
    return best if rank == 1 else ordinal(rank)


def _percent(share: float) -> str:
    """All and nothing are said only where they are true."""
    return f"{share if share in (0, 1) else min(max(share, 0.01), 0.99):.0%}".replace("%", " %")


def ordinal(place: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `11th`."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def number(value: Decimal, places: int, *, cents: int = 0) -> str:
    """Write a number plainly: rounded to so many decimals, or two digits if it is small; never `1E+2`, nor `10.00`.

    `cents` is how many decimals are written even where they are zero.
    """
    if value:
        places = max(places, 1 - value.adjusted())
    whole, _, rest = f"{value:.{places}f}".partition(".")
    rest = rest.rstrip("0").ljust(cents, "0")
    return f"{whole}.{rest}" if rest else whole
