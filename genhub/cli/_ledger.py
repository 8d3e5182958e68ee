"""`genhub ledger`: every credit, line by line or added up."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import click
from attrs import evolve

from genhub._campaign import words
from genhub._jobs import Job
from genhub._ledger import By, LedgerLine, Total, totals
from genhub._plain import converter
from genhub.cli._driving import job_of, reading
from genhub.cli._loop import run
from genhub.cli._session import Session, options, pass_session
from genhub.cli._show import when
from genhub.cli._types import PAIR, SINCE

_LINE = ("at", "job", "label", "account", "attempt", "sequence", "kind", "amount", "whole", "unit", "evidence", "note")
_TOTAL = ("group", "jobs", "net", "low", "high", "exact", "unit", "money", "currency", "unpriced")


@click.command()
@click.option("--by", type=click.Choice(["job", "account", "day", "label", "tag"]), help="Add up by this.")
@click.option("--tag-name", help="With --by tag: which tag.")
@click.option("--job", help="Only this job's.")
@click.option("--account", help="Only of jobs at this account.")
@click.option("--since", type=SINCE, help="2026-11-23, or 7d: of jobs made since then.")
@click.option("--label", help="Only of jobs with this label.")
@click.option("--tag", type=PAIR, help="Only of jobs with this tag: team=growth.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV.")
@options
@pass_session
def ledger(
    session: Session,
    by: By | None,
    tag_name: str | None,
    job: str | None,
    account: str | None,
    since: datetime | None,
    label: str | None,
    tag: tuple[str, str] | None,
    as_csv: bool,
) -> None:
    """Show what was charged and refunded, and how that is known.

    Credits of different vendors are different currencies: they are never added up.
    """
    if (by == "tag") is (tag_name is None):
        raise click.UsageError("--by tag and --tag-name go together")

    async def work() -> tuple[list[LedgerLine], list[Job]]:
        async with reading(session) as hub:
            whose = None if job is None else (await job_of(hub, job)).id
            lines = [
                line
                async for line in hub.ledger(job=whose, account=account, since=since, label=label, tag=tag)
                if account is None or line.attempt.account == account
            ]
            if whose is not None:
                found = await hub.store.job(whose)
                return lines, [] if found is None else [found]
            jobs = hub.jobs(account=account, since=since, label=label, tag=tag)
            return lines, [each async for each in jobs]

    lines, jobs = run(work(), session.out)
    if account is not None:  # a job on a route has attempts at others too
        jobs = [evolve(job, attempts=tuple(a for a in job.attempts if a.account == account)) for job in jobs]
    if by is None:
        _lines(session, lines, as_csv=as_csv)
    else:
        _totals(session, by, totals(jobs, by, tag_name), as_csv)


def _lines(session: Session, lines: Sequence[LedgerLine], *, as_csv: bool) -> None:
    out = session.out
    rows = [_plain_line(line) for line in lines]
    if as_csv:
        _csv(_LINE, rows)
    elif out.json:
        out.data({"lines": rows})
    elif not rows:
        out.say("the ledger has no line that fits")
    else:
        heads = ("at", "job", "label", "account", "line", "amount", "unit", "evidence", "note")
        shown = [
            (
                when(line.entry.at),
                line.job.id,
                line.job.request.label or "",
                line.attempt.account,
                line.entry.kind,
                _amount(line),
                line.attempt.unit,
                line.entry.evidence,
                line.entry.note,
            )
            for line in lines
        ]
        out.table(heads, shown, right=("amount",))


def _amount(line: LedgerLine) -> str:
    entry = line.entry
    if entry.amount is not None:
        return words.number(entry.amount)
    return "all of it" if entry.whole else "not said"


def _plain_line(line: LedgerLine) -> dict[str, Any]:
    entry = line.entry
    return {
        "at": entry.at.isoformat(),
        "job": line.job.id,
        "label": line.job.request.label,
        "account": line.attempt.account,
        "attempt": line.attempt.number,
        "sequence": entry.sequence,
        "kind": str(entry.kind),
        "amount": None if entry.amount is None else words.number(entry.amount),
        "whole": entry.whole,
        "settles": entry.settles,
        "unit": line.attempt.unit,
        "evidence": str(entry.evidence),
        "note": entry.note,
    }


def _totals(session: Session, by: str, found: Sequence[Total], as_csv: bool) -> None:
    out = session.out
    if as_csv:
        _csv(_TOTAL, [row for total in found for row in _plain_totals(total)])
    elif out.json:
        out.data({"by": by, "totals": [cast("dict[str, Any]", converter.unstructure(total)) for total in found]})
    elif not found:
        out.say("the ledger has no line that fits")
    else:
        rows = [
            (
                total.group or "(none)",
                total.jobs,
                ", ".join(f"{words.amount(each)} {words.unit(each)} {words.sure(each)}" for each in total.credits),
                ", ".join(f"{words.amount(each)} {each.unit}" for each in total.money)
                + (" at least" if total.money and total.unpriced else ""),
            )
            for total in found
        ]
        out.table((by, "jobs", "credits", "money"), rows, right=("jobs",))


def _plain_totals(total: Total) -> list[dict[str, Any]]:
    """Return a line for each unit: what can't be added is not put into one cell."""
    money = total.money[0] if len(total.money) == 1 else None
    return [
        {
            "group": total.group,
            "jobs": total.jobs,
            "net": None if each.net is None else words.number(each.net),
            "low": words.number(each.low),
            "high": None if each.high is None else words.number(each.high),
            "exact": each.exact,
            "unit": each.unit,
            "money": None if money is None or money.net is None else words.number(money.net),
            "currency": None if money is None else money.unit,
            "unpriced": total.unpriced,
        }
        for each in total.credits
    ]


def _csv(heads: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, heads, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a quote in front."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
