"""`genhub providers`: what is installed, what it can do, its rules about money with their sources, its health,
what was learned of its times."""

from __future__ import annotations

import sys
from typing import Any

import click

from genhub._billing import BillingProfile
from genhub._campaign import words
from genhub._plain import converter
from genhub._provider import capabilities
from genhub._registry import load
from genhub._registry import providers as installed
from genhub._status import StatusTable
from genhub.cli._session import Session, options, pass_session


@click.command()
@click.argument("name", required=False)
@click.option("--health", is_flag=True, help="How the configuration's accounts stand, as the journal last knew it.")
@click.option("--timing", is_flag=True, help="How long jobs take there, and when they are read, as it was learned.")
@options
@pass_session
def providers(session: Session, name: str | None, health: bool, timing: bool) -> None:
    """List the installed providers; of one: what it can do, its words, its rules about money."""
    out = session.out
    if health and timing:
        raise click.UsageError("--health and --timing are two tables: ask for one")
    if timing:
        from genhub.cli._timing import show as show_timing

        show_timing(session, name)
        return
    if health:
        from genhub.cli._health import show

        show(session, name)
        return
    if name is not None:
        kind = load(name)
        if out.json:
            out.data(_facts(name, kind))
        else:
            _show(session, name, kind)
        return
    kinds = [(each, load(each)) for each in installed()]
    if out.json:
        out.data({"providers": [_facts(each, kind) for each, kind in kinds]})
        return
    rows = [(each, kind.billing.unit, ", ".join(("submit", "poll", *capabilities(kind)))) for each, kind in kinds]
    out.table(("provider", "credits", "can"), rows)


def _facts(name: str, kind: type[Any]) -> dict[str, Any]:
    table = _statuses(kind)
    return {
        "name": name,
        "can": ["submit", "poll", *capabilities(kind)],
        "billing": converter.unstructure(kind.billing),
        "statuses": None if table is None else {word: str(status) for word, status in table.words.items()},
        "poll_every": dict(kind.poll_every),
    }


def _show(session: Session, name: str, kind: type[Any]) -> None:
    out, billing = session.out, kind.billing
    assert isinstance(billing, BillingProfile)
    out.line(name, style="bold")
    if kind.__module__ in sys.modules and (said := sys.modules[kind.__module__].__doc__):
        out.line(said.strip().splitlines()[0])
    out.line(f"can: {', '.join(('submit', 'poll', *capabilities(kind)))}")
    out.line()
    out.line(f"Money, in {billing.unit} (checked {billing.checked})", style="bold")
    rows = [
        (rule.moment, _about(rule.kind, rule.outputs), rule.effect, rule.note, rule.source) for rule in billing.rules
    ]
    out.table(("when", "of", "effect", "note", "source"), rows)
    if billing.prices:
        prices = ", ".join(f"{each} {words.number(price)}" for each, price in billing.prices.items())
        out.line(f"documented prices: {prices}")
    out.line(f"said in: {billing.cost_in or 'nowhere'}")
    out.line(f"repeated submits: {billing.idempotency}")
    for source in billing.sources:
        out.line(f"source: {source}")
    table = _statuses(kind)
    if table is not None:
        out.line()
        out.line("Statuses", style="bold")
        out.table(("theirs", "ours"), list(table.words.items()))


def _about(kind: str | None, outputs: bool | None) -> str:
    made = {True: "with outputs", False: "without outputs", None: ""}[outputs]
    return " ".join(part for part in (kind or "", made) if part) or "all"


def _statuses(kind: type[Any]) -> StatusTable | None:
    """Return the adapter's table of statuses, if its module has one."""
    module = sys.modules.get(kind.__module__)
    return next((each for each in vars(module).values() if isinstance(each, StatusTable)), None) if module else None
