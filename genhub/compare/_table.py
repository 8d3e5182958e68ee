"""A comparison as CSV: a row a trial, in flat columns that a spreadsheet can take without harm."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import PurePath

from genhub.compare._records import Observation, Outcome, Results

_FORMULA = re.compile(r"(^|;\s*)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])")  # some spreadsheets take the wide ones too
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_LARGEST = 1e100  # a figure beyond it can't be reckoned with: it is no figure
_SAID = {True: "passed", False: "failed", None: ""}


def table(results: Results) -> str:
    """Return a row a trial as CSV; amounts and times are plain numbers, times in seconds, what is not said is empty.

    Texts stand in one line each, and none is taken for a formula by a spreadsheet: one that would be gets a `'`.
    """
    names = sorted({check.name for each in results.observations for check in each.checks})
    valued = {c.name for each in results.observations for c in each.checks if c.value is not None}
    heads = list(_HEADS)
    for name in names:
        heads += [f"check {name}", *([f"value {name}"] if name in valued else [])]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(head) for head in heads])
    for each in results.observations:
        cells = list(_row(each).values())
        for name in names:
            cells += [_SAID[passed(each, name)], *([_number(score(each, name))] if name in valued else [])]
        writer.writerow(cells)
    return out.getvalue()


def passed(observation: Observation, name: str) -> bool | None:
    """Return whether a check passed in all of a run's outputs; `None`: in none it could be checked."""
    found = [check.passed for check in observation.checks if check.name == name and check.passed is not None]
    return all(found) if found else None


def score(observation: Observation, name: str) -> float | None:
    """Return a scorer's figure: the mean over a run's outputs; `None`: it gave none."""
    values = [check.value for check in observation.checks if check.name == name]
    found = [value for value in values if value is not None and abs(value) < _LARGEST]
    return sum(found) / len(found) if found else None


def harmless(value: str) -> str:
    """Return a text in one line that no spreadsheet takes for a formula, also where `;` is what parts its cells."""
    line = _BLANK.sub(" ", value).strip()
    return _FORMULA.sub(r"\1'", line)


def far(name: str) -> bool:
    """Return whether a file's name leads out of the results' folder: it means nothing on another machine."""
    path = PurePath(name)
    return path.is_absolute() or ".." in path.parts


def _number(value: float | None) -> str:
    return "" if value is None else str(round(value, 6))


def _amount(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _truth(value: bool) -> str:
    return str(value).lower()


def _row(each: Observation) -> dict[str, str]:
    """Return a run's cells by their columns: what every comparison has."""
    spans, credits, cost = each.spans, each.credits, each.cost
    failed = [f"{check.name}: {check.said}" for check in each.checks if check.passed is False]
    return {
        "case": harmless(each.case),
        "target": harmless(each.target),
        "repetition": str(each.repetition),
        "position": str(each.position),
        "outcome": str(each.outcome),
        "usable": _truth(each.usable),
        "account": harmless(each.account),
        "job": harmless(each.job or ""),
        "key": harmless(each.key),
        "failure": harmless(each.failure or ""),
        "message": harmless(each.message),
        "sent_at": "" if each.at is None else each.at.isoformat(),
        "submit_seconds": _number(spans.submit),
        "queue_seconds": _number(spans.queue),
        "run_seconds": _number(spans.run),
        "total_seconds": _number(spans.total),
        "censored": _truth(each.censored),
        "download_seconds": _number(spans.download),
        "resolution_seconds": _number(spans.resolution),
        "credits": "" if credits is None else _amount(credits.net),
        "credits_low": "" if credits is None else _amount(credits.low),
        "credits_high": "" if credits is None else _amount(credits.high),
        "credits_unit": "" if credits is None else harmless(credits.unit or ""),
        "credits_exact": "" if credits is None else _truth(credits.exact),
        "money": "" if cost is None else _amount(cost.net),
        "currency": "" if cost is None else harmless(cost.unit or ""),
        "attempts": str(each.attempts),
        "outputs": str(len(each.outputs)),
        "text": harmless(" / ".join(output.text for output in each.outputs if output.text)),
        "files": harmless(" ".join(name for name in each.files if not far(name))),
        "failed_checks": harmless("; ".join(failed)),
    }


_HEADS = tuple(_row(Observation(case="", target="", repetition=1, position=1, key="", outcome=Outcome.NOT_RUN)))
