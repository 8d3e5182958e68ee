"""`genhub audit` and `genhub adopt`: the ledger against the vendors' balances."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import click

from genhub._audit import Audit
from genhub._campaign import words
from genhub._errors import GenhubError, UnsupportedRequest
from genhub._hub import Hub
from genhub._jobs import Job
from genhub._plain import converter, to_dict
from genhub.cli import _exits as exits
from genhub.cli._driving import driving, reading
from genhub.cli._loop import run
from genhub.cli._out import Out
from genhub.cli._session import Session, options, pass_session
from genhub.cli._show import summary

Found = list[tuple[str, Audit | GenhubError]]


@click.command()
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--offline", is_flag=True, help="Only what the ledger expects; works beside a running hub.")
@options
@pass_session
def audit(session: Session, accounts: tuple[str, ...], offline: bool) -> int:
    """Hold the ledger against the vendors' balances, now and at the last audit.

    The first audit of an account only remembers its balance. Exit code 1: a difference is not explained.
    """

    async def work() -> Found:
        async with reading(session) if offline else driving(session) as hub:
            names = accounts or (await _of_journal(hub) if offline else hub.accounts())
            if not offline:
                for name in names:
                    hub.account(name)  # before anything is asked
            found = await asyncio.gather(*(audited(hub, name, offline=offline) for name in names))
            return [(name, each) for name, each in zip(names, found, strict=True) if accounts or _worth(each)]

    found = run(work(), session.out)
    if session.out.json:
        session.out.data(
            {
                "audits": [converter.unstructure(each) for _, each in found if isinstance(each, Audit)],
                "errors": [{"account": name, "error": e.facts()} for name, e in found if isinstance(e, GenhubError)],
            }
        )
    else:
        show(session.out, found)
    wrong = [exits.code_of(each) for _, each in found if isinstance(each, GenhubError)]
    unexplained = any(isinstance(each, Audit) and each.explained is False for _, each in found)
    return exits.worst([*wrong, exits.FAILED if unexplained else exits.DONE])


@click.command()
@click.argument("account")
@click.argument("vendor_id", metavar="ID")
@options
@pass_session
def adopt(session: Session, account: str, vendor_id: str) -> None:
    """Take a vendor's job that nobody claims (audit shows them) into the journal, as paid as it is."""

    async def work() -> Job:
        async with driving(session) as hub:
            return await hub.adopt(account, vendor_id)

    job = run(work(), session.out)
    if session.out.json:
        session.out.data(to_dict(job))
    else:
        summary(session.out, job)


async def audited(hub: Hub, name: str, *, offline: bool = False) -> Audit | GenhubError:
    """Return an audit, or why there is none."""
    try:
        return await hub.audit(name, offline=offline)
    except GenhubError as error:
        return error


def show(out: Out, found: Sequence[tuple[str, Audit | GenhubError]]) -> None:
    """Print audits: a line each, then what could explain a difference, and what is open."""
    audits = [each for _, each in found if isinstance(each, Audit)]
    if audits:
        heads = ("account", "balance", "expected", "difference", "", "since")
        out.table(heads, [_line(each) for each in audits], right=("balance", "expected", "difference"))
    for each in audits:
        _details(out, each)
    for name, error in found:
        if isinstance(error, GenhubError):
            out.fail(str(error) if name in str(error) else f"{name}: {error}")


def verdict(each: Audit) -> str:
    """Say in a few words what an audit came to."""
    if each.explained is None:
        return "not asked" if each.actual is None else "first audit: remembered"
    if not each.explained:
        return "NOT explained"
    uncertain = [suspect for suspect in each.candidates if suspect.less != 0 or suspect.more != 0]
    if not uncertain:
        return "explained to the last credit"
    if each.attributed is not None:
        return f"explained, {words.number(each.attributed[1])} of it by the balance alone"
    return f"explained, with {len(uncertain)} uncertain"


def _line(each: Audit) -> list[object]:
    amounts = (each.actual, each.expected, each.difference)
    shown = ["" if amount is None else words.number(amount) for amount in amounts]
    return [each.account, *shown, verdict(each), "" if each.since is None else _when(each.since)]


def _details(out: Out, each: Audit) -> None:
    if each.candidates:
        out.line(f"{each.account}: not certain in the ledger")
    for suspect in each.candidates:
        most = "any amount" if suspect.high is None else words.number(suspect.high)
        known = each.attributed
        left = f"; the balance leaves {words.number(known[1])} for it" if known and known[0] == suspect else ""
        out.line(f"  {suspect.job_id}  {words.number(suspect.low)} to {most} {each.unit}: {suspect.why}{left}")
    for suspect in each.refunds_due:
        amount = "all of it" if suspect.high is None else words.number(suspect.high)
        out.line(f"{each.account}: refund documented, not seen yet: {amount} of {suspect.job_id} ({suspect.why})")
    for candidate in each.unclaimed:
        paid = "" if candidate.charged is None else f", {words.number(candidate.charged)} {each.unit}"
        out.line(
            f"{each.account}: the vendor has {candidate.ref.id}, which no job claims ({candidate.about}{paid}); "
            f"to keep it: genhub adopt {each.account} {candidate.ref.id}"
        )


async def _of_journal(hub: Hub) -> tuple[str, ...]:
    """Return the accounts that the journal knows."""
    return tuple(dict.fromkeys([attempt.account async for job in hub.jobs() for attempt in job.attempts]))


def _worth(each: Audit | GenhubError) -> bool:
    """True unless nobody asked for this account, and its provider just has no balance."""
    return not isinstance(each, UnsupportedRequest)


def _when(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
