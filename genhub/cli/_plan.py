"""`genhub plan`: what each account would do with a request, or with a file of them. Spends nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import click

from genhub._campaign import Campaign, Row, load, plan_of
from genhub._errors import JournalError
from genhub._hub import Hub
from genhub._itinerary import Portability
from genhub._plan import Plan
from genhub._requests import REQUESTS
from genhub.cli import _exits as exits
from genhub.cli import _report as reports
from genhub.cli._driving import knowing
from genhub.cli._loop import run
from genhub.cli._out import Out
from genhub.cli._request import request_of, request_options
from genhub.cli._session import Session, options, pass_session
from genhub.cli._target import TO, Target, check


@click.command()
@click.argument("what", metavar="KIND|FILE")
@click.argument("words_", metavar="[PROMPT]", required=False)
@click.option("--to", type=TO, help="Only this account, this route, or these accounts; else all accounts.")
@request_options(REQUESTS)
@click.option("--strict", is_flag=True, help="Allow no changes.")
@click.option("--adjust", is_flag=True, help="Allow changes, whatever the route says.")
@click.option("--sim", is_flag=True, help="With the accounts that --sim provides.")
@options
@pass_session
def plan(
    session: Session,
    /,
    what: str,
    words_: str | None,
    to: Target | None,
    strict: bool,
    adjust: bool,
    sim: bool,
    **given: Any,
) -> int:
    """Say what accounts would do with a request (KIND PROMPT) or with a campaign (FILE). Nothing is sent.

    With a route as --to: who would be tried, in which order, and why. What is known of costs, times and health is what
    the journal has; it is read beside whoever drives it.
    """
    if strict and adjust:
        raise click.UsageError("say one of --strict and --adjust")
    if what not in REQUESTS:
        if strict or adjust or words_ is not None or to is not None or any(v not in (None, ()) for v in given.values()):
            kinds = ", ".join(REQUESTS)
            raise click.UsageError(f"{what!r} is no kind ({kinds}); with a file there is nothing else to say")
        return _campaign(session, Path(what), sim=sim)
    request = request_of(what, words_, given)
    portability: Portability | None = "strict" if strict else "adjust" if adjust else None

    async def work() -> Plan:
        async with _hub(session, sim=sim) as hub:
            if to is not None:
                check(hub, to)
            return await hub.plan(request, to=to, portability=portability)

    found = run(work(), session.out)
    if session.out.json:
        session.out.data(reports.facts(found))
    else:
        reports.report(session.out, found)
    return exits.DONE if found.best is not None else exits.USAGE


def _campaign(session: Session, path: Path, *, sim: bool) -> int:
    async def work() -> tuple[Campaign, list[Plan]]:
        async with _hub(session, sim=sim) as hub:
            campaign = await load(path, hub)
            return campaign, [await plan_of(row, hub) for row in campaign.rows]

    campaign, plans = run(work(), session.out)
    rows = list(zip(campaign.rows, plans, strict=True))
    if session.out.json:
        shown = [{"row": row.name, "where": row.where, "to": row.to, **reports.facts(plan)} for row, plan in rows]
        session.out.data({"rows": shown})
    else:
        _rows(session.out, rows)
    return exits.DONE


def _rows(out: Out, rows: list[tuple[Row, Plan]]) -> None:
    """Print a line for each row and account, then what changes, what is impossible, and who is not well."""
    lines = [
        [row.name if not number else "", *reports.line(option)]
        for row, plan in rows
        for number, option in enumerate(plan.options)
    ]
    out.table(("request", *reports.HEADS), lines, right=reports.RIGHT)
    out.line()
    health: dict[str, list[tuple[str, str]]] = {}
    for row, plan in rows:
        for option in plan.options:
            health[option.account] = reports.standing(option)
            about = [each for each in reports.details(option) if each[0] in ("adjusted", "impossible")]
            for name, text in about:
                out.line(f"{row.name} at {option.account}: {name}: {text}")
    for account, said in health.items():
        for name, text in said:
            out.line(f"{account}: {name}: {text}")


@asynccontextmanager
async def _hub(session: Session, *, sim: bool) -> AsyncGenerator[Hub]:
    """A hub that sends and writes nothing; a journal that can't be read takes no plan with it."""
    async with AsyncExitStack() as stack:
        if sim:
            from genhub.cli._embedded import embedded

            served = await stack.enter_async_context(embedded(session.file(), 1.0))
            yield Hub(served.accounts, routes=served.routes)
            return
        try:
            hub = await stack.enter_async_context(knowing(session))
        except JournalError as error:
            session.out.say(f"{error}; what it knows of the accounts is left out")
            config = session.settings()
            hub = Hub(config.accounts, routes=config.routes)
        yield hub
