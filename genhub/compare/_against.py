"""Two runs of a comparison against each other: which of their figures can be compared, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean, median

from attrs import evolve, frozen

from genhub._credits import Credits
from genhub.compare._changes import Change, Changes, What, turn
from genhub.compare._matching import Runs, balanced, cases_of, caveats_of, chosen, comparable, gone, runs_of
from genhub.compare._noise import Means, Shares
from genhub.compare._records import Observation, Outcome, Results
from genhub.compare._summary import Summary
from genhub.compare._table import passed, score

_SHORTEST = 0.001  # seconds: a time of zero has no logarithm


@frozen(kw_only=True)
class _Found:
    """Something to compare, before it is known how many there are."""

    what: What
    name: str = ""
    unit: str = ""
    old: float
    new: float
    measure: Shares | Means


def against(old: Results, new: Results, summary: Summary, *, common: bool = False) -> Changes:
    """Return what changed from an old run to a new one (whose summary is given), beyond noise.

    Both have to ask for the same; `common`: if they do not, compare the requests that both have. Raises ConfigError
    when they have no request or no target in common, or other requests and `common` is not asked for.
    """
    cases = cases_of(old, new)
    comparable(old, new, cases, common=common)
    caveats = list(caveats_of(old, new, cases))
    both = [each for each in new.targets if each in old.targets]
    found: list[tuple[str, _Found]] = []
    lost: list[tuple[str, str]] = []
    for target in both:
        then, now = runs_of(old, target, cases), runs_of(new, target, {name: name for name in cases.values()})
        lost += [(target, case) for case in now if gone(then[case], now[case])]
        if not any(each.outcome.counts for runs in now.values() for each in runs):
            caveats.append(
                f"{target}: nothing to compare, as none of its runs of these requests counts in the new results"
            )
        found += [(target, each) for each in _measured(then, now, (old.timeout, new.timeout))]
        caveats += [f"{target}: {said}" for said in _minded(then, now)]
    several = max(sum(each.measure.able for _, each in found), 1)
    level = 1 - (1 - summary.level) / several
    return Changes(
        old=old.began_at,
        new=new.began_at,
        level=summary.level,
        cases=tuple(cases.values()),
        changes=tuple(_change(target, each, level, old, new) for target, each in found),
        came=tuple(each for each in new.targets if each not in old.targets),
        went=tuple(each for each in old.targets if each not in new.targets),
        lost=tuple(lost),
        caveats=tuple(caveats),
        verdict=summary.verdict.sentence,
    )


def _change(target: str, found: _Found, level: float, old: Results, new: Results) -> Change:
    between = found.measure.between(level)
    way = turn(found.what, found.measure.scale, between)
    if found.what == "seconds" and way in ("worse", "better"):
        # statuses that are asked for less often find every end later
        gap = abs(_resolution(old, target) - _resolution(new, target))
        way = "no change shown" if abs(found.new - found.old) <= gap else way
    return Change(
        target=target,
        what=found.what,
        name=found.name,
        unit=found.unit,
        old=found.old,
        new=found.new,
        difference=between,
        scale=found.measure.scale,
        level=level,
        turn=way,
    )


def _all(runs: Runs) -> list[Observation]:
    return [each for found in runs.values() for each in found]


# What of them


def _measured(then: Runs, now: Runs, timeouts: tuple[float | None, float | None]) -> Iterator[_Found]:
    counted = [chosen(side, lambda each: each.outcome.counts) for side in (then, now)]
    waited = math.inf if timeouts[0] == timeouts[1] else min(each for each in timeouts if each is not None)

    def in_time(each: Observation) -> bool:
        return each.outcome is Outcome.SUCCEEDED and (each.spans.total or 0.0) <= waited

    if share := _share(counted[0], counted[1], in_time):
        yield evolve(share, what="success")
    if time := _time(then, now, timeouts):
        yield time
    if credits := _cost(then, now, "credits", lambda each: each.credits):
        yield credits
    if money := _cost(then, now, "money", lambda each: each.cost):
        yield money
    checks = {check.name: check for side in (then, now) for each in _all(side) for check in each.checks}
    for name in checks:
        tried = [chosen(side, lambda each, name=name: passed(each, name) is not None) for side in (then, now)]  # type: ignore[misc]
        if share := _share(tried[0], tried[1], lambda each, name=name: bool(passed(each, name))):  # type: ignore[misc]
            yield evolve(share, name=name)
        values = [_values(side, lambda each, name=name: score(each, name)) for side in (then, now)]  # type: ignore[misc]
        if means := _means("score", values[0], values[1]):
            yield evolve(means, name=name)


def _share(then: Runs, now: Runs, good: Callable[[Observation], bool]) -> _Found | None:
    old, new = (_all(side) for side in balanced(then, now))
    if not old or not new:
        return None
    pairs = [(sum(map(good, side)), len(side)) for side in (old, new)]
    measure = Shares(old=pairs[0], new=pairs[1])
    return _Found(what="check", old=pairs[0][0] / pairs[0][1], new=pairs[1][0] / pairs[1][1], measure=measure)


def _values(runs: Runs, value: Callable[[Observation], float | None]) -> Mapping[str, Sequence[float]]:
    return {case: [v for each in found if (v := value(each)) is not None] for case, found in runs.items()}


def _means(what: What, then: Mapping[str, Sequence[float]], now: Mapping[str, Sequence[float]]) -> _Found | None:
    blocks = tuple((then[case], now[case]) for case in now if then[case] and now[case])
    if not blocks:
        return None
    old, new = (fmean(fmean(block[side]) for block in blocks) for side in (0, 1))
    return _Found(what=what, old=old, new=new, measure=Means(blocks=blocks, scale="difference"))


def _time(then: Runs, now: Runs, timeouts: tuple[float | None, float | None]) -> _Found | None:
    """Compare the times until ready, cut at what both runs waited for: a time-out counts as that long."""
    late = [each.spans.total for side in (then, now) for each in _all(side) if each.outcome is Outcome.TIMED_OUT]
    limit = min([each for each in (*timeouts, *late) if each is not None], default=math.inf)

    def seconds(each: Observation) -> float | None:
        total = limit if each.outcome is Outcome.TIMED_OUT else each.spans.total
        if each.outcome is Outcome.SUCCEEDED and each.censored:  # how long it took is not known
            return None
        if each.outcome not in (Outcome.SUCCEEDED, Outcome.TIMED_OUT) or total is None or math.isinf(min(total, limit)):
            return None
        return math.log(max(min(total, limit), _SHORTEST))

    means = _means("seconds", _values(then, seconds), _values(now, seconds))
    if means is None:
        return None
    measure = Means(blocks=means.measure.blocks, scale="ratio") if isinstance(means.measure, Means) else means.measure
    return evolve(means, unit="s", old=math.exp(means.old), new=math.exp(means.new), measure=measure)


def _cost(then: Runs, now: Runs, what: What, paid: Callable[[Observation], Credits | None]) -> _Found | None:
    """Compare what a usable result cost: all that was paid, over what came of it."""
    sides = balanced(*(chosen(side, lambda each: _known(each, paid(each))) for side in (then, now)))
    units = {_unit(paid(each)) for side in sides for each in _all(side)}
    if len(units) != 1:
        return None
    figures: list[float] = []
    parts: list[tuple[float, float]] = []  # the mean cost of a run, and the share that was usable
    for side in sides:
        runs = _all(side)
        if not any(each.usable for each in runs):
            return None
        parts.append((fmean(_net(paid(each)) for each in runs), fmean(each.usable for each in runs)))
        figures.append(parts[-1][0] / parts[-1][1])
    ratio = min(figures) > 0

    def pseudo(at: int) -> Callable[[Observation], float]:
        """Return each run's part in the ratio of means: their spread is its spread (the delta method)."""
        cost, usable = parts[at]
        figure = figures[at]
        if ratio:
            return lambda each: math.log(figure) + _net(paid(each)) / cost - each.usable / usable
        return lambda each: figure + (_net(paid(each)) - figure * each.usable) / usable

    old, new = (_values(side, pseudo(at)) for at, side in enumerate(sides))
    blocks = tuple((old[case], new[case]) for case in new if old[case] and new[case])
    measure = Means(blocks=blocks, scale="ratio" if ratio else "difference")
    return _Found(what=what, unit=units.pop(), old=figures[0], new=figures[1], measure=measure)


def _known(each: Observation, paid: Credits | None) -> bool:
    return _tried(each) and paid is not None and paid.net is not None


def _tried(each: Observation) -> bool:
    return each.outcome.counts or each.outcome is Outcome.IN_DOUBT


def _net(paid: Credits | None) -> float:
    return float(paid.net) if paid is not None and paid.net is not None else 0.0


def _unit(paid: Credits | None) -> str:
    return (paid.unit or "") if paid is not None else ""


# What to mind


def _minded(then: Runs, now: Runs) -> Iterator[str]:
    """Say what of a target could not be compared, and why."""
    for what, paid in (("credits", _credits), ("money", _money)):
        units = [sorted({_unit(p) for e in _all(s) if (p := paid(e)) and _known(e, p)}) for s in (then, now)]
        if all(units) and units[0] != units[1]:
            yield f"{what} are not compared: {', '.join(units[0])} then, {', '.join(units[1])} now"
        tried = [[each for each in _all(side) if _tried(each)] for side in (then, now)]
        told = [sum(_known(each, paid(each)) for each in side) for side in tried]
        if all(told) and any(known < len(side) for known, side in zip(told, tried, strict=True)):
            of = [f"{known} of {len(side)}" for known, side in zip(told, tried, strict=True)]
            yield f"{what} are of the runs that say what they cost: {of[0]} then, {of[1]} now"
        if all(told):
            without = [which for which, side in (("old", then), ("new", now)) if not any(e.usable for e in _all(side))]
            if without and what == "credits":
                yield f"no usable result in the {' and the '.join(without)} run: no cost of one is compared"


def _credits(each: Observation) -> Credits | None:
    return each.credits


def _money(each: Observation) -> Credits | None:
    return each.cost


def _resolution(results: Results, target: str) -> float:
    return median([each.spans.resolution for each in results.of(target) if each.outcome.counts] or [0.0])
