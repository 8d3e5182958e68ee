"""What the simulators do in a suite's rehearsal: how long a target takes, how often it fails, and what it costs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from attrs import fields, frozen

from genhub._campaign.problems import meant
from genhub._credits import Price


@frozen(kw_only=True)
class Actor:
    """How a simulated target behaves. Shares are from 0 to 1."""

    seconds: float | None = None  #: to ready, in the middle; `None`: as its simulator has it
    spread: float = 0.25  #: the sigma of the lognormal that a run's time is drawn from
    queue: float = 0.15  #: this share of it is spent in the queue
    failures: float = 0.0  #: so many jobs fail
    error: str | None = None  #: with this code or reason
    refusals: float = 0.0  #: so many submits are refused, with 422
    price: Price | None = None  #: of one credit
    estimate: Decimal | None = None  #: credits a run

    def scenario(self, key: str, seed: int) -> dict[str, Any]:
        """Return what happens to one run: drawn anew for each, and the same whenever it is asked."""
        chance = random.Random(f"{seed}:{key}")
        drawn = chance.lognormvariate(0.0, self.spread)
        if chance.random() < self.refusals:
            return {"http": 422}
        happens: dict[str, Any] = {}
        if self.seconds is not None:
            total = self.seconds * drawn
            happens |= {"queue": total * self.queue, "duration": total * (1.0 - self.queue)}
        if chance.random() < self.failures:
            happens["outcome"] = "failed"
            if self.error is not None:
                happens["error"] = self.error
        return happens


def actor_of(given: Any) -> Actor:
    """Read a table of `[sim]`; raises ValueError that begins with the field's name."""
    if not isinstance(given, Mapping):
        raise ValueError(f"must be a table, not {given!r}")
    table = cast("Mapping[str, Any]", given)
    known = [each.name for each in fields(Actor)]
    found: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise ValueError(f"{name}: there is no such setting. {meant(name, known)}")
        try:
            found[name] = _HOW.get(name, _share)(value)
        except (ValueError, ArithmeticError) as error:
            raise ValueError(f"{name}: {error}") from None
    return Actor(**found)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise ValueError(f"must be a number of 0 or more, not {value!r}")
    return float(value)


def _share(value: Any) -> float:
    share = _number(value)
    if share > 1:
        raise ValueError(f"must be a share from 0 to 1, not {value!r}")
    return share


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {value!r}")
    return value


def _price(value: Any) -> Price:
    return Price.parse(_text(value))


def _credits(value: Any) -> Decimal:
    return Decimal(str(_number(value)))


_HOW: Mapping[str, Any] = {
    "seconds": _number,
    "spread": _number,
    "error": _text,
    "price": _price,
    "estimate": _credits,
}
