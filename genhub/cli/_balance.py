"""`genhub balance`: what the accounts hold, as their vendors say now."""

from __future__ import annotations

import asyncio

import click

from genhub._campaign import words
from genhub._credits import Balance
from genhub._errors import GenhubError, UnsupportedRequest
from genhub._hub import Hub
from genhub._plain import converter
from genhub.cli import _exits as exits
from genhub.cli._loop import run
from genhub.cli._session import Session, options, pass_session


@click.command()
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@options
@pass_session
def balance(session: Session, accounts: tuple[str, ...]) -> int:
    """Ask the vendors what the accounts hold; without any, all of them."""

    async def work() -> list[tuple[str, Balance | GenhubError]]:
        config = session.settings()
        async with Hub(config.accounts) as hub:
            names = accounts or hub.accounts()
            for name in names:
                hub.account(name)  # before anything is asked
            return list(zip(names, await asyncio.gather(*(_ask(hub, name) for name in names)), strict=True))

    found = run(work(), session.out)
    out = session.out
    wrong = [(name, error) for name, error in found if isinstance(error, GenhubError)]
    held = [(name, each) for name, each in found if isinstance(each, Balance)]
    if out.json:
        shown = [{"account": name, "amount": str(each.amount), "unit": each.unit, "at": each.at} for name, each in held]
        errors = [{"account": name, "error": error.facts()} for name, error in wrong]
        out.data({"balances": converter.unstructure(shown), "errors": errors})
    else:
        if held:
            rows = [(name, words.number(each.amount), each.unit) for name, each in held]
            out.table(("account", "balance", "unit"), rows, right=("balance",))
        for name, error in wrong:
            out.fail(str(error) if name in str(error) else f"{name}: {error}")
    if accounts:
        return exits.worst(exits.code_of(error) for _, error in wrong) if wrong else exits.DONE
    hard = [error for _, error in wrong if not isinstance(error, UnsupportedRequest)]
    return exits.FAILED if hard else exits.DONE


async def _ask(hub: Hub, name: str) -> Balance | GenhubError:
    try:
        return await hub.balance(name)
    except GenhubError as error:
        return error
