"""What a usable result costs: all that was spent, refunds counted, over what can be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from attrs import evolve, frozen

from genhub._credits import Credits
from genhub.compare._extra import extra
from genhub.compare._intervals import Floats, added, mean, negated, resampled, share, wider
from genhub.compare._records import Observation
from genhub.compare._summary import Interval

with extra():
    import numpy as np
    from numpy.typing import NDArray

Coin = Literal["money", "credits"]


def amount(observation: Observation, coin: Coin) -> Credits | None:
    """Return what a run cost; nothing where nothing was sent, `None` where it has no price."""
    if observation.attempts == 0 and observation.credits is None and observation.cost is None:
        return Credits(unit=None)
    return observation.cost if coin == "money" else observation.credits


def unit(observations: Iterable[Observation], coin: Coin) -> str | None:
    """Return the one unit of all that was spent; `None` where there are several, or a run has no price."""
    amounts = [amount(each, coin) for each in observations]
    if None in amounts:
        return None
    named = [each for each in amounts if each is not None]
    spent = {each.unit for each in named if each.high is None or each.high > 0}
    units = spent or {each.unit for each in named if each.unit is not None}
    return units.pop() if len(units) == 1 else None


def spent(observations: Iterable[Observation]) -> Decimal | None:
    """Return the most that runs may have cost in money; `None` where one has no price or no bound."""
    total = Decimal(0)
    for each in observations:
        money = amount(each, "money")
        if money is None or money.high is None:
            return None
        total += money.high
    return total


@frozen(kw_only=True, eq=False)
class Bills:
    """What each of some runs cost at least and at most, and which gave something usable."""

    low: Floats
    high: Floats  #: infinite: not bounded
    usable: NDArray[np.bool_]
    units: NDArray[np.intp]  #: which runs belong together when they are drawn again: all of a request, or one each

    @classmethod
    def of(cls, observations: Sequence[Observation], coin: Coin, units: NDArray[np.intp] | None = None) -> Bills:
        """Take runs that all have a price."""
        amounts = [amount(each, coin) or Credits(unit=None) for each in observations]
        return cls(
            low=np.array([float(each.low) for each in amounts]),
            high=np.array([float("inf") if each.high is None else float(each.high) for each in amounts]),
            usable=np.array([each.usable for each in observations], dtype=bool),
            units=np.arange(len(amounts)) if units is None else units,
        )

    @property
    def known(self) -> bool:
        """True when no amount is open."""
        return bool(np.array_equal(self.low, self.high))

    def at(self, costs: Floats) -> Bills:
        """Return the same as if these were the costs, exactly."""
        return evolve(self, low=costs, high=costs)

    def each(self) -> float:
        """Return what a usable result costs; open amounts count halfway, unbounded ones at the least."""
        middle = np.where(np.isinf(self.high), self.low, (self.low + np.where(np.isinf(self.high), 0, self.high)) / 2)
        return float(middle.sum() / self.usable.sum())

    def columns(self, costs: Floats) -> tuple[Floats, Floats]:
        """Return, for each unit, the sum of these costs, and how many of its runs can be used."""
        places = np.unique(self.units)
        if len(places) == len(self.units):
            return costs, self.usable.astype(float)
        spent = [costs[self.units == place].sum() for place in places]
        usable = [self.usable[self.units == place].sum() for place in places]
        return np.array(spent, dtype=float), np.array(usable, dtype=float)

    @property
    def used(self) -> Floats:
        """The costs of what can be used; the rest is wasted."""
        return np.where(self.usable, self.low, 0.0)

    def wasted(self, level: float) -> Interval:
        """Return what the runs that gave nothing add to a usable result, by Wilson's interval of their share.

        What such a run keeps of its price is seldom seen: the bounds are as if one more had kept nothing, or as much
        as a usable one costs.
        """
        lost, full = self.low[~self.usable], float(self.low[self.usable].mean())
        part = share(int(self.usable.sum()), len(self.usable), level)
        value = float(lost.sum() / self.usable.sum())
        if part.low is None or part.high is None:
            return Interval(value=value)
        least, most = float(lost.sum()) / (len(lost) + 1), (float(lost.sum()) + full) / (len(lost) + 1)
        low, high = least * _odds(part.high), most * _odds(part.low)
        return Interval(value=value, low=min(low, value), high=max(high, value))


def per_usable(bills: Bills, *, level: float, draws: int, seed: int) -> Interval | None:
    """Return what a usable result costs; `None` where nothing is usable.

    It is put together of what usable runs cost, drawn again, and of what the others waste: drawn again, runs that all
    succeeded would know no failure. The interval holds the bounds of amounts that are open.
    """
    if not bills.usable.any():
        return None
    value = bills.each()
    if len(bills.usable) == 1:
        return Interval(value=value)

    def bounds(costs: Floats) -> Interval:
        as_if = bills.at(costs)
        return added(mean(costs[bills.usable], level=level, draws=draws, seed=seed), as_if.wasted(level))

    least = bounds(bills.low)
    most = least if bills.known else None if np.isinf(bills.high).any() else bounds(bills.high)
    return Interval(value=value, low=least.low, high=most.high if most else None)


def difference(a: Bills, b: Bills, *, level: float, draws: int, seed: int) -> Interval | None:
    """Return how much more a usable result of `a` costs than one of `b`, on paired runs; see `per_usable`."""
    if not (a.usable.any() and b.usable.any()):
        return None

    def drawn(mine: Floats, theirs: Floats) -> tuple[float, float]:
        columns = (*a.columns(mine), *b.columns(theirs))
        return resampled(_apart, columns, level=level, draws=draws, seed=seed)

    def bounds(costs: Floats, others: Floats) -> Interval | None:
        if np.isinf(costs).any() or np.isinf(others).any():
            return None
        mine, theirs = a.at(costs), b.at(others)
        used = float(mine.used.sum() / a.usable.sum() - theirs.used.sum() / b.usable.sum())
        low, high = drawn(mine.used, theirs.used)
        found = wider(Interval(value=used, low=used, high=used), low, high)
        found = added(added(found, mine.wasted(level)), negated(theirs.wasted(level)))
        grouped = len(np.unique(a.units)) < len(a.units)  # requests may differ more than runs of one do
        return wider(found, *drawn(costs, others)) if grouped else found

    least = bounds(a.low, b.high)
    most = least if a.known and b.known else bounds(a.high, b.low)
    return Interval(value=a.each() - b.each(), low=least.low if least else None, high=most.high if most else None)


def _odds(part: float) -> float:
    return (1 - part) / part


def _apart(spent: Any, usable: Any, others: Any, others_usable: Any, axis: int) -> Any:
    # A draw in which nothing is usable counts half a result: it has to stay a number.
    ours = spent.sum(axis) / np.maximum(usable.sum(axis), 0.5)
    return ours - others.sum(axis) / np.maximum(others_usable.sum(axis), 0.5)
