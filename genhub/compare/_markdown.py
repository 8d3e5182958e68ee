"""A comparison's answer as Markdown for a pull request: the sentence, a table, the caveats; short."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from genhub.compare._records import Results

if TYPE_CHECKING:
    from genhub.compare._summary import Interval, Summary, TargetSummary

#: So many caveats stand below the table; the report has them all.
CAVEATS = 5
_LONGEST = 600  # signs of one text: a sentence passes whole

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_MARKS = re.compile(r"([\\`*_\[\]<>|#~!$@&])")


def markdown(results: Results, summary: Summary) -> str:
    """Return the answer in a sentence, a table of the targets and the caveats, as Markdown."""
    scored = sorted({name for each in summary.targets for name in each.scores})
    heads = ["Target", "Usable", "Success", "Median", "95th percentile", "Credits a usable result"]
    heads += ["Money a usable result", "Spent", *map(marked, scored)]
    lines = [f"**{marked(summary.verdict.sentence)}**", ""]
    lines += [_row(heads), _row(["---", *["---:"] * (len(heads) - 1)])]
    lines += [_row([*_cells(each), *(_figure(each.scores.get(name)) for name in scored)]) for each in summary.targets]
    said = [f"- {marked(each)}" for each in summary.caveats[:CAVEATS]]
    if (more := len(summary.caveats) - CAVEATS) > 0:
        said.append(f"- … and {more} more: see the report")
    times = "once" if results.repetitions == 1 else f"{results.repetitions} times"
    of = f"{len(results.cases)} request{'s' * (len(results.cases) != 1)}"
    name = marked(results.title or results.suite)
    began = f"{results.began_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    foot = f"{name}: {of}, {times} each, {began}, requests {marked(results.fingerprint[:12])}"
    if results.simulated:
        foot += ", at simulators"
    return "\n".join([*lines, *([""] * bool(said)), *said, "", f"<sub>{foot}</sub>", ""])


def marked(value: str) -> str:
    """Return a text that Markdown shows as it is, in one line, cut where it is too long."""
    line = _BLANK.sub(" ", value).strip()
    line = line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
    return _MARKS.sub(lambda found: f"&#{ord(found[0])};", line)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(target: TargetSummary) -> list[str]:
    return [
        marked(target.target),
        f"{target.usable} of {target.counted}",
        _figure(target.success if target.counted else None, scale=100, unit="%"),
        _figure(target.median, unit="s"),
        _figure(target.p95, unit="s"),
        _figure(target.cost_credits, unit=target.unit or ""),
        _figure(target.cost_money, unit=target.currency or ""),
        "" if target.spent_money is None else f"{target.spent_money:f} {marked(target.currency or '')}".rstrip(),
    ]


def _figure(found: Interval | None, *, scale: float = 1, unit: str = "") -> str:
    if found is None or not math.isfinite(found.value):
        return ""
    value = f"{'at least ' if found.at_least else ''}{shown(found.value * scale)} {marked(unit)}".rstrip()
    if found.low is None and found.high is None:
        return value
    low = "…" if found.low is None else shown(found.low * scale)
    high = "…" if found.high is None else shown(found.high * scale)
    return f"{value} ({low} to {high})"


def shown(value: float) -> str:
    """Return a figure in three digits that count, without an exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = max(2 - math.floor(math.log10(abs(value))), 0)
    number = f"{value:.{min(places, 12)}f}"
    return number.rstrip("0").rstrip(".") if "." in number else number
