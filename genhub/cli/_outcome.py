"""How a campaign ended: the table, the totals, where the files are, and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from genhub._audit import Audit
from genhub._campaign import Progress, Results, Verdict, words
from genhub._errors import GenhubError
from genhub._ledger import Total, totals
from genhub._plain import converter
from genhub.cli import _exits as exits
from genhub.cli._audit import Found, verdict
from genhub.cli._out import Out, clean, status_text

_CODES = {
    Verdict.FINE: exits.DONE,
    Verdict.UNEXPECTED: exits.FAILED,
    Verdict.IN_DOUBT: exits.DOUBT,
    Verdict.TIMED_OUT: exits.TIMEOUT,
    Verdict.OPEN: exits.FAILED,
}


def code_for(rows: Sequence[Progress]) -> int:
    """Return the exit code: every row that ended as it was expected to is fine."""
    return exits.worst(_CODES[each.verdict] for each in rows)


def outcome(out: Out, rows: Sequence[Progress], results: Results, journal: str, books: Found) -> None:
    """Print the table, what each account cost, what its vendor says to that, and where everything is."""
    out.line()
    heads = ("request", "account", "status", "time", "credits", "", "outputs")
    out.table(heads, [_line(each) for each in rows], right=("time", "credits"))
    out.line()
    found = _totals(rows)
    columns = ["account", "jobs", "credits", "", *(["money"] if any(total.money for total in found) else [])]
    said = {name: _balance(each) for name, each in books}
    lines = [[*_total(total)[: len(columns)], *said.get(total.group, ["", ""])] for total in found]
    out.table([*columns, "balance", "the books"], lines, right=("jobs", "credits", "money", "balance"))
    out.line()
    for each in rows:
        if each.verdict is not Verdict.FINE:
            for line in _why(each):
                out.line(line, style="red")
    out.line(f"page     {results.page}")
    out.line(f"results  {results.lines}")
    out.line(f"journal  {shown(journal)}")


def shown(journal: str) -> str:
    """Return a journal's URL as a person writes it."""
    path = journal.removeprefix("sqlite:///")
    return str(Path(path)) if path != journal else journal


def _line(each: Progress) -> list[object]:
    job = each.job
    status = status_text(each.word)
    if each.verdict is Verdict.FINE and str(each.row.expect) != "succeeded":
        status.append(" as expected", style="dim")
    spent = ("", "") if job is None else words.cell(job)
    duration = "" if each.seconds is None else words.seconds(each.seconds)
    return [Text(clean(each.row.name), overflow="fold"), each.account, status, duration, *spent, _outputs(each)]


def _outputs(each: Progress) -> str:
    if each.job is None:
        return ""
    counts = Counter(output.kind for output in each.job.outputs)
    said = [f"{count} {kind}{'s' if count > 1 and kind != 'audio' else ''}" for kind, count in counts.items()]
    if len(each.job.attempts) > 1:
        said.append(f"{len(each.job.attempts)} attempts")
    if each.job.adjustments:
        said.append(f"{len(each.job.adjustments)} adjusted")
    return ", ".join(said)


def _totals(rows: Sequence[Progress]) -> list[Total]:
    return totals((each.job for each in rows if each.job is not None), "account")


def _balance(each: Audit | GenhubError) -> list[object]:
    """Return an account's balance after the run, and what it says of our books since before it."""
    if isinstance(each, GenhubError):
        return ["", "could not be asked"]
    moved = "" if each.actual is None else words.number(each.actual)
    return [moved, verdict(each)]


def _total(total: Total) -> list[object]:
    amounts = [f"{words.amount(each)} {words.unit(each)}" for each in total.credits]
    money = [f"{words.amount(each)} {each.unit}{' at least' if total.unpriced else ''}" for each in total.money]
    sure = ", ".join(words.sure(each) for each in total.credits)
    return [total.group, total.jobs, ", ".join(amounts), sure, ", ".join(money)]


def _why(each: Progress) -> list[str]:
    """Say why a row is not fine: in a line, and what each account said below it."""
    said = [each.lost] if each.lost is not None and each.error is None else each.failures
    expected = f" (expected {each.row.expect})" if each.job is not None and each.row.expect != "succeeded" else ""
    head = f"{each.row.where} {each.row.name}: {each.word}{expected}"
    if len(said) == 1:
        return [f"{head}: {said[0]}"]
    if each.error is not None:  # its first line is the whole of it
        head, said = f"{head}: {said[0]}", said[1:]
    return [head, *(f"  {line.strip()}" for line in said)]


def summary(rows: Sequence[Progress], results: Results, journal: str, code: int, books: Found) -> dict[str, Any]:
    """Return the same as plain data."""
    return {
        "event": "summary",
        "exit": code,
        "requests": len(rows),
        "verdicts": Counter(str(each.verdict) for each in rows),
        "accounts": [
            {
                "account": total.group,
                "jobs": total.jobs,
                "credits": converter.unstructure(total.credits),
                "money": converter.unstructure(total.money),
                "unpriced": total.unpriced,
            }
            for total in _totals(rows)
        ],
        "audits": [converter.unstructure(each) for _, each in books if isinstance(each, Audit)],
        "page": str(results.page),
        "results": str(results.lines),
        "journal": journal,
    }
