"""`genhub plan`: what each account would do with a request, or with a file of them. Spends nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from genhub._campaign import Campaign, load, words
from genhub._hub import Hub
from genhub._plain import converter
from genhub._plan import Option, Plan
from genhub._requests import REQUESTS
from genhub.cli import _exits as exits
from genhub.cli._loop import run
from genhub.cli._request import request_of, request_options
from genhub.cli._session import Session, options, pass_session


@click.command()
@click.argument("what", metavar="KIND|FILE")
@click.argument("words_", metavar="[PROMPT]", required=False)
@click.option("--to", metavar="ACCOUNT", help="Only this account; else all of them.")
@request_options(REQUESTS)
@click.option("--strict", is_flag=True, help="Allow no changes.")
@click.option("--sim", is_flag=True, help="With the accounts that --sim provides.")
@options
@pass_session
def plan(
    session: Session, /, what: str, words_: str | None, to: str | None, strict: bool, sim: bool, **given: Any
) -> int:
    """Say what accounts would do with a request (KIND PROMPT) or with a campaign (FILE). Nothing is sent."""
    if what not in REQUESTS:
        if words_ is not None or to is not None or any(value not in (None, ()) for value in given.values()):
            kinds = ", ".join(REQUESTS)
            raise click.UsageError(f"{what!r} is no kind ({kinds}); with a file there is nothing else to say")
        return _campaign(session, Path(what), sim=sim)
    request = request_of(what, words_, given)

    async def work() -> Plan:
        async with _hub(session, sim=sim) as hub:
            return await hub.plan(request, to=to, portability="strict" if strict else "adjust")

    found = run(work(), session.out)
    if session.out.json:
        session.out.data(converter.unstructure(found))
    else:
        session.out.table(("account", "call", "estimate", "about"), [_line(option) for option in found.options])
    return exits.DONE if found.best is not None else exits.USAGE


def _line(option: Option) -> list[object]:
    about = option.impossible or "; ".join(words.adjusted(change) for change in option.adjustments) or "as asked"
    return [option.account, option.kind or "impossible", _estimate(option), about]


def _estimate(option: Option) -> str:
    estimate = option.estimate
    if estimate is None:
        return ""
    if estimate.credits is None:
        return "not known"
    return f"{words.number(estimate.credits)} {estimate.unit} ({estimate.source})"


def _campaign(session: Session, path: Path, *, sim: bool) -> int:
    async def work() -> tuple[Campaign, list[Plan]]:
        async with _hub(session, sim=sim) as hub:
            campaign = await load(path, hub)
            plans = [await hub.plan(row.request, to=row.to, portability=row.portability) for row in campaign.rows]
            return campaign, plans

    campaign, plans = run(work(), session.out)
    options = [plan.options[0] for plan in plans]
    out = session.out
    if out.json:
        rows = [
            {"row": row.name, "where": row.where, "option": converter.unstructure(option)}
            for row, option in zip(campaign.rows, options, strict=True)
        ]
        out.data({"rows": rows})
        return exits.DONE
    heads = ("request", "account", "call", "estimate", "about")
    out.table(heads, [[row.name, *_line(option)] for row, option in zip(campaign.rows, options, strict=True)])
    return exits.DONE


@asynccontextmanager
async def _hub(session: Session, *, sim: bool) -> AsyncGenerator[Hub]:
    """A hub that is not opened: a plan needs no journal."""
    if not sim:
        yield Hub(session.settings().accounts)
        return
    from genhub.cli._embedded import embedded

    async with embedded(session.file(), 1.0) as served:
        yield Hub(served.accounts)
