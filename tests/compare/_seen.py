"""Observations of runs that never were: one at a time, or drawn from distributions that are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import exp, log
from typing import Any

import numpy as np
from attrs import frozen
from scipy import stats  # type: ignore[import-untyped,unused-ignore]

from genhub import TextRequest
from genhub._credits import Credits
from genhub.compare._records import Case, Check, Observation, Outcome, Results, Spans

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("x",))
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def credits(unit: str, low: Decimal | str, high: Decimal | str | None) -> Credits:
    """Return an amount that is known, or lies between two."""
    least, most = Decimal(low), None if high is None else Decimal(high)
    known = least if least == most else None
    return Credits(unit=unit, charged=known, net=known, low=least, high=most, exact=known is not None)


def seen(
    target: str,
    case: str = "dark mode",
    repetition: int = 1,
    outcome: Outcome = Outcome.SUCCEEDED,
    total: float | None = 6.0,
    *,
    cost: Decimal | str | None = "0.20",
    high: Decimal | str | None = "same",
    censored: bool = False,
    resolution: float = 0.0,
    checks: tuple[Check, ...] = (),
    **more: Any,
) -> Observation:
    """Return one run; a credit of each target is worth 0.10 USD."""
    spent = money = None
    if cost is not None:
        most = cost if high == "same" else high
        money = credits("USD", cost, most)
        spent = credits(f"{target} credits", Decimal(cost) * 10, None if most is None else Decimal(most) * 10)
    return Observation(
        case=case,
        target=target,
        repetition=repetition,
        position=1,
        key=f"{target} {case} {repetition}",
        outcome=outcome,
        spans=Spans(total=total, resolution=resolution),
        censored=censored,
        credits=spent,
        cost=money,
        attempts=1,
        checks=checks,
        **more,
    )


def results(observations: Iterable[Observation], targets: Sequence[str] = ("a", "b"), **more: Any) -> Results:
    """Return a comparison of captions."""
    runs = tuple(observations)
    return Results(
        suite="captions",
        fingerprint="f00d",
        targets=tuple(targets),
        cases=tuple(Case(name=name, request=CAPTION) for name in sorted({each.case for each in runs})),
        repetitions=max((each.repetition for each in runs), default=1),
        seed=1,
        began_at=BEGAN,
        timeout=20.0,
        observations=runs,
        **more,
    )


def alike(target: str, number: int, **what: Any) -> tuple[Observation, ...]:
    """Return so many runs of one request that are all the same."""
    return tuple(seen(target, repetition=at, **what) for at in range(1, number + 1))


@frozen(kw_only=True)
class Law:
    """How a target behaves: its lognormal times and costs, how often it does not fail, and what a failure keeps."""

    median: float = 7.0  #: seconds
    spread: float = 0.5  #: sigma of their logarithm
    works: float = 0.85
    price: float = 0.3  #: USD, the median
    keeps: float = 0.5  #: share of failures whose price is kept
    timeout: float = 20.0

    def percentile(self, p: float) -> float:
        return self.median * exp(self.spread * float(stats.norm.ppf(p)))

    @property
    def success(self) -> float:
        return self.works * float(stats.norm.cdf(log(self.timeout / self.median) / self.spread))

    @property
    def cost(self) -> float:
        """Per result: timed-out runs keep their price, as some failures do."""
        return self.price * exp(0.2**2 / 2) * (self.works + self.keeps * (1 - self.works)) / self.success

    def run(self, draw: np.random.Generator, target: str, case: str, repetition: int) -> Observation:
        """Draw one."""
        cost = Decimal(repr(round(self.price * exp(0.2 * draw.normal()), 6)))
        took = self.median * exp(self.spread * draw.normal())
        if draw.random() >= self.works:
            kept = cost if draw.random() < self.keeps else Decimal(0)
            return seen(target, case, repetition, Outcome.FAILED, 1.0, cost=kept)
        if took > self.timeout:
            return seen(target, case, repetition, Outcome.TIMED_OUT, self.timeout, cost=cost, censored=True)
        return seen(target, case, repetition, total=took, cost=cost)


def drawn(draw: np.random.Generator, laws: Mapping[str, Law], *, cases: int, repetitions: int) -> Results:
    """Draw a comparison."""
    runs = [
        law.run(draw, target, f"case {case:02}", repetition)
        for case in range(cases)
        for repetition in range(1, repetitions + 1)
        for target, law in laws.items()
    ]
    return results(runs, tuple(laws))
