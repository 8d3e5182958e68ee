"""Figures and their intervals as the report says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import floor, log10

from genhub.compare._summary import Interval
from genhub.compare._words import percent, price, seconds


def amount(value: float) -> str:
    """Say an amount with as many digits as tell something, never with an exponent."""
    if value == 0 or abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.2f}"
    return f"{value:.{2 - floor(log10(abs(value)))}f}".rstrip("0")


def figure(value: float | Decimal, kind: str) -> str:
    """Say a figure: `seconds`, `percent`, `amount` (a plain number), or else an amount of this currency or unit."""
    said = FIGURES[kind](float(value)) if kind in FIGURES else price(float(value), kind)
    return said.replace(" ", "\u00a0") if kind in FIGURES else said  # no line ends within one


def between(interval: Interval, kind: str) -> str:
    """Say an interval's bounds in the figure's own form."""
    match interval.low, interval.high:
        case None, None:
            return "no interval: too few runs"
        case None, float() | int() as high:
            return f"{figure(high, kind)} at most"
        case float() | int() as low, None:
            return f"{figure(low, kind)} at least"
        case low, high:
            unit = "\u00a0%" if kind == "percent" else f" {kind}"
            return f"{figure(low or 0, kind).removesuffix(unit)} to {figure(high or 0, kind)}"


FIGURES: Mapping[str, Callable[[float], str]] = {"seconds": seconds, "percent": percent, "amount": amount}
