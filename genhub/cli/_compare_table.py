"""A comparison in print: its plan, and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genhub._campaign import words
from genhub._credits import ZERO, Price
from genhub._plain import converter
from genhub.cli import _report as reports
from genhub.cli._out import Out
from genhub.compare import _words
from genhub.compare._outlook import Offer, Outlook, amount
from genhub.compare._records import Results, Trial
from genhub.compare._suite import Suite

if TYPE_CHECKING:
    from genhub.compare._changes import Changes
    from genhub.compare._summary import Interval, Summary, TargetSummary


def plan(out: Out, suite: Suite, outlook: Outlook) -> None:
    """Print what would be sent, to whom, and what it may cost."""
    times = "once" if suite.repetitions == 1 else f"{suite.repetitions} times"
    count = f"{len(suite.cases)} request{'s' * (len(suite.cases) != 1)}"
    out.line(f"{suite.title or suite.name}: {count}, {times} each, at {', '.join(suite.targets)}", style="bold")
    rows = [_planned(target, suite, outlook) for target in suite.targets]
    out.table(("target", "runs", "to send", "can't do", "sent before", "credits", "money"), rows, right=_RIGHT)
    out.line()
    for (case, target), offer in outlook.offers.items():
        if offer.impossible is not None:
            out.line(f"{case} at {target}: impossible: {offer.impossible}")
        for change in offer.adjustments:
            out.line(f"{case} at {target}: adjusted: {reports.adjusted(change)}")
    ahead = outlook.ahead()
    out.line(f"{len(ahead)} of {len(outlook.trials)} runs would be sent: {_total(ahead)}")
    if suite.max_spend is not None:
        out.line(_cap(suite, ahead))
    out.line("nothing was sent")


_RIGHT = ("runs", "to send", "can't do", "sent before", "credits", "money")


def _planned(target: str, suite: Suite, outlook: Outlook) -> list[object]:
    mine = [each for each in outlook.trials if each.target == target]
    cannot = sum(outlook.offer(each).impossible is not None for each in mine)
    ahead = outlook.ahead(target)
    before = sum(each.key in outlook.bought for each in mine)
    credits, money = _credits(ahead), _money(ahead)
    return [target, len(mine), len(ahead), cannot or "", before or "", credits, money]


def _credits(ahead: Sequence[tuple[Trial, Offer]]) -> str:
    parts = [(offer.unit or "credits", offer.credits) for _, offer in ahead]
    return _sums(parts) if parts else "0"


def _money(ahead: Sequence[tuple[Trial, Offer]]) -> str:
    parts = [(offer.currency, offer.money) for _, offer in ahead if offer.currency is not None]
    return _sums(parts)


def _sums(parts: Sequence[tuple[str | None, Decimal | None]]) -> str:
    sums: dict[str, Decimal] = {}
    unknown = 0
    for unit, value in parts:
        unknown += value is None
        if unit is not None and value is not None:
            sums[unit] = sums.get(unit, ZERO) + value
    known = " + ".join(f"{words.number(value)} {unit}" for unit, value in sums.items())
    if not unknown:
        return known
    return f"{known}, {unknown} not known" if known else "not known"


def _total(ahead: Sequence[tuple[Trial, Offer]]) -> str:
    if not ahead:
        return "it costs nothing more"
    priced = all(offer.currency is not None for _, offer in ahead)
    return f"{(_money(ahead) if priced else _credits(ahead)) or 'not known'} by the estimates"


def _cap(suite: Suite, ahead: Sequence[tuple[Trial, Offer]]) -> str:
    cap = suite.max_spend
    costs = [offer.worth(cap) for _, offer in ahead]
    whole = sum((each for each in costs if each is not None), ZERO)
    limit = cap.amount if isinstance(cap, Price) else cap or ZERO
    said = f"the cap is {amount(limit, cap)}"
    return f"{said}: it would stop before the end" if whole > limit else said


def plan_facts(suite: Suite, outlook: Outlook) -> dict[str, Any]:
    """Return a plan as plain data."""
    ahead = outlook.ahead()
    return {
        "suite": suite.name,
        "targets": list(suite.targets),
        "runs": len(outlook.trials),
        "to_send": len(ahead),
        "sent_before": len(outlook.bought),
        "cost": _total(ahead),
        "offers": [converter.unstructure(each) for each in outlook.offers.values()],
        "trials": [
            {"position": each.position, "case": each.case, "target": each.target, "repetition": each.repetition}
            for each in outlook.trials
        ],
    }


def answer(out: Out, results: Results, summary: Summary, changes: Changes | None) -> None:
    """Print the sentence, the table, and what to mind."""
    out.line()
    out.line(summary.verdict.sentence, style="bold")
    for why in summary.verdict.why:
        out.line(f"  {why}")
    out.line()
    scores = sorted({name for each in summary.targets for name in each.scores})
    heads = ("target", "usable", "success", "median", "95 %", "cost of a usable result", "spent", "can't do", *scores)
    out.table(heads, [_line(each, scores) for each in summary.targets], right=heads[1:])
    said = [*dict.fromkeys((*summary.caveats, *results.notes))]
    if said:
        out.line()
    for each in said:
        out.line(f"note: {each}")
    for target in summary.targets:
        for failure, count in target.failures.items():
            out.line(f"{target.target}: {_words.count(count, 'time')} {failure}")
    if changes is not None:
        out.line()
        out.line(f"against {changes.old:%Y-%m-%d %H:%M} UTC", style="bold")
        for line in changes.said:
            out.line(f"  {line}")


def _line(each: TargetSummary, scores: Sequence[str]) -> list[object]:
    cost = money_figure(each.cost_money, each.currency)
    return [
        each.target,
        f"{each.usable} of {each.counted}",
        _share(each.success) if each.counted else "",
        _figure(each.median, " s"),
        _figure(each.p95, " s"),
        cost or _figure(each.cost_credits, f" {each.unit}"),
        "" if each.spent_money is None else f"{words.rounded(each.spent_money, cents=2)} {each.currency}",
        each.unsupported or "",
        *(_figure(each.scores.get(name)) for name in scores),
    ]


def _share(found: Interval) -> str:
    share = f"{found.value:.0%}"
    return share if found.low is None or found.high is None else f"{share} ({found.low:.0%} to {found.high:.0%})"


def _figure(found: Interval | None, unit: str = "") -> str:
    if found is None:
        return ""
    value = f"{found.value:.3g}{unit}"
    return value if found.low is None or found.high is None else f"{value} ({found.low:.3g} to {found.high:.3g})"


def money_figure(found: Interval | None, currency: str | None) -> str:
    """Return an amount with its interval, to the cent where there are cents."""
    if found is None or currency is None:
        return ""
    value = _words.price(found.value, currency)
    if found.low is None or found.high is None:
        return value
    low, high = (_words.price(each, currency).removesuffix(f" {currency}") for each in (found.low, found.high))
    return f"{value} ({low} to {high})"


def facts(
    results: Results,
    summary: Summary,
    changes: Changes | None,
    files: Mapping[str, Path],
    journal: str,
    code: int,
) -> dict[str, Any]:
    """Return the answer as plain data; what was made is in the files."""
    changed = None
    if changes is not None:
        changed = {**converter.unstructure(changes), "worse": changes.worse, "said": list(changes.said)}
    return {
        "suite": results.suite,
        "complete": results.complete,
        "simulated": results.simulated,
        "runs": len(results.observations),
        "summary": converter.unstructure(summary),
        "changes": changed,
        "notes": list(results.notes),
        "files": {name: str(path) for name, path in files.items()},
        "journal": journal,
        "code": code,
    }
