"""The report's plots: time to ready, success, cost against time; each with what it shows in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from genhub.compare._drawing import DASHES, bars, colour, cross, short, svg
from genhub.compare._figures import between, figure
from genhub.compare._summary import Interval, Summary, TargetSummary


@frozen(kw_only=True)
class Plot:
    """A picture and what it shows, in words."""

    name: str
    title: str
    svg: str
    said: str  #: what a person reads who can't see it, and a hint how to read it
    note: str = ""  #: what is left out, and why


def plots(summary: Summary) -> tuple[Plot, ...]:
    """Return the plots that there is something to show in; raises ConfigError without the extra."""
    made = (_ready(summary), _success(summary), _cost(summary))
    return tuple(plot for plot in made if plot is not None)


def _ready(summary: Summary) -> Plot | None:
    shown = [(at, each) for at, each in enumerate(summary.targets) if each.curve]
    if not shown:
        return None
    last = max(each.curve[-1][0] for _, each in shown)
    scale, unit = (60.0, "minutes") if last > 300 else (1.0, "seconds")

    def draw(axes: Any) -> None:
        for at, each in shown:
            begin, end = (0.0, 0.0, None, None), each.curve[-1]
            # With nobody timed out nothing more can become ready: the line goes on to the edge.
            edge = () if each.timed_out else ((last * 1.03, end[1], end[2], end[3]),)
            points = [begin, *each.curve, *edge]
            times = [point[0] / scale for point in points]
            axes.step(times, [100 * point[1] for point in points], where="post", lw=2, label=short(each.target),
                      color=colour(at), ls=DASHES[at % len(DASHES)])  # fmt: skip
            known = [
                (t, p[2], p[3]) for t, p in zip(times, points, strict=True) if p[2] is not None and p[3] is not None
            ]
            if known:
                axes.fill_between([t for t, _, _ in known], [100 * low for _, low, _ in known],
                                  [100 * high for _, _, high in known], step="post", alpha=0.16, lw=0,
                                  color=colour(at))  # fmt: skip
        axes.set(xlim=(0, None), ylim=(0, 103), xlabel=f"{unit} from the call", ylabel="% ready")
        axes.legend(loc="lower right")

    halves = [
        f"{each.target}: half ready after {figure(half, 'seconds')}"
        if (half := next((point[0] for point in each.curve if point[1] >= 0.5), None)) is not None
        else f"{each.target}: fewer than half became ready"
        for _, each in shown
    ]
    said = (
        "Share of all runs (failed ones never) that are ready by a time; further left is faster, bands are intervals. "
        + "; ".join(halves)
    )
    if any(each.timed_out for _, each in shown):
        said += ". A line that ends early ends where runs timed out"
    missing = [each.target for each in summary.targets if not each.curve]
    return Plot(name="ready", title="How soon results are ready", svg=svg("ready", draw), said=f"{said}.",
                note=_left_out(missing, "nothing that was ready to time"))  # fmt: skip


def _success(summary: Summary) -> Plot | None:
    rows = [
        (at, each.target, each.success, f"{each.succeeded} of {each.counted}")
        for at, each in enumerate(summary.targets)
        if each.counted
    ]
    if not rows:
        return None
    said = "Share of runs that succeeded, with intervals; further right is better. " + "; ".join(
        f"{name}: {count}, {figure(interval.value, 'percent')} ({between(interval, 'percent')})"
        for _, name, interval, count in rows
    )
    missing = [each.target for each in summary.targets if not each.counted]
    return Plot(name="success", title="How often it succeeds", svg=svg("success", bars(rows, "% succeeded")),
                said=f"{said}.", note=_left_out(missing, "no run that counts"))  # fmt: skip


def shares(name: str, title: str, rows: Sequence[tuple[int, str, Interval, str]], said: str, label: str) -> Plot:
    """Return a plot of shares with intervals: (place of the target, its name, the share, what it is of)."""
    return Plot(name=name, title=title, svg=svg(name, bars(rows, label)), said=said)


def _cost(summary: Summary) -> Plot | None:
    kinds = [_price(each) for each in summary.targets if each.median is not None]
    units = sorted(
        {kind[0] for kind in kinds if kind}, key=lambda unit: -sum(k is not None and k[0] == unit for k in kinds)
    )
    if not units:
        return None
    unit = units[0]
    shown = [
        (at, each, each.median, price[1])
        for at, each in enumerate(summary.targets)
        if each.median is not None and (price := _price(each)) is not None and price[0] == unit
    ]

    def draw(axes: Any) -> None:
        for at, each, median, price in shown:
            axes.set_axisbelow(True)
            cross(axes, at, median, price, price.value, label=short(each.target))
        axes.set(xlabel="median seconds to ready", ylabel=f"{unit} per usable result")
        axes.set_xlim(0, axes.get_xlim()[1])
        axes.set_ylim(0, axes.get_ylim()[1] * 1.05)
        axes.legend(loc="best")

    said = "Cost of a usable result against time to ready, with intervals (an arrow: no bound); "
    said += "nearer to the lower left corner is better. "
    said += "; ".join(
        f"{each.target}: {figure(price.value, unit)}, {figure(median.value, 'seconds')}"
        for _, each, median, price in shown
    )
    missing = [each.target for each in summary.targets if each.target not in {row[1].target for row in shown}]
    return Plot(name="cost", title="What a usable result costs, and how long it takes", svg=svg("cost", draw),
                said=f"{said}.", note=_left_out(missing, f"no cost in {unit}, or no time"))  # fmt: skip


def _price(each: TargetSummary) -> tuple[str, Interval] | None:
    if each.cost_money is not None:
        return each.currency or "money", each.cost_money
    return None if each.cost_credits is None else (each.unit or "credits", each.cost_credits)


def _left_out(missing: Sequence[str], why: str) -> str:
    return f"Not shown: {', '.join(missing)} ({why})." if missing else ""
