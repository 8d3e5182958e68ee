"""`genhub run FILE`: a campaign, to its table and its page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from attrs import define, field

from genhub._audit import Audit
from genhub._campaign import Campaign, Progress, Results, Row, Runner, check_keys, load
from genhub._campaign.page import page
from genhub._errors import GenhubError
from genhub._hub import Hub
from genhub._jobs import Job
from genhub._schedule import READ_PRICE
from genhub.cli import _exits as exits
from genhub.cli._audit import Found, audited
from genhub.cli._embedded import Embedded, embedded
from genhub.cli._loop import run as run_loop
from genhub.cli._outcome import code_for, outcome, summary
from genhub.cli._screen import Screen
from genhub.cli._session import Session, as_url, options, pass_session
from genhub.cli._types import DURATION
from genhub.cli._views import JsonLines, Lines, Shielded
from genhub.routing import Route


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", "folder", type=click.Path(path_type=Path), help="Where the outputs go; default: FILE's name-out."
)
@click.option("--at-once", type=click.IntRange(1), default=8, show_default=True, help="Submits on their way at once.")
@click.option("--tries", type=click.IntRange(1), default=5, show_default=True, help="For a vendor that says: wait.")
@click.option("--timeout", type=DURATION, help="Wait so long for each job; it goes on after that.")
@click.option("--sim", is_flag=True, help="Use the simulators of genhub: no key, no network, no costs.")
@click.option("--speed", type=float, default=10.0, show_default=True, help="How fast the simulators work.")
@options
@pass_session
def run(session: Session, /, **given: Any) -> int:
    """Run a campaign: every request of FILE (TOML, JSON Lines, CSV), to the end.

    The same FILE on the same journal goes on where it was and buys nothing again: --journal, or the configuration's;
    with --sim it is FILE's name.db beside the outputs.
    """
    going = _Campaign(session, **given)
    run_loop(going.work(), session.out, goes_on=going.goes_on)
    return going.code


@define(eq=False)
class _Campaign:
    """One run."""

    session: Session
    file: Path
    folder: Path | None
    at_once: int
    tries: int
    timeout: float | None
    sim: bool
    speed: float
    code: int = exits.DONE
    journal: str = ""
    routes: Mapping[str, Route] = field(factory=dict[str, Route])
    rows: list[Progress] = field(factory=list[Progress])
    books: Found = field(factory=list[tuple[str, Audit | GenhubError]])

    async def work(self) -> None:
        out = self.session.out
        folder = self.folder if self.folder is not None else Path(f"{self.file.stem}-out")
        async with self._ready(folder) as (hub, campaign, served):
            results = Results(folder, served.here if served is not None else None)
            results.begin()
            view = Shielded(Screen(out) if out.live else JsonLines(out) if out.json else Lines(out))
            runner = Runner(
                hub,
                campaign,
                results,
                changed=view.changed,
                send=served.register if served is not None else None,
                at_once=self.at_once,
                tries=self.tries,
                timeout=self.timeout,
            )
            self.rows = runner.progress
            await self._recover(hub, runner, served)
            if not self.sim and any(row.sim for row in campaign.rows):
                out.say("note: the sim tables of the file count with --sim only")
            names = dict.fromkeys(name for row in campaign.rows for name in self._accounts(row))
            used = [name for name in names if hub.account(name).can("balance")]
            await asyncio.gather(*(audited(hub, name) for name in used))  # remembers what the balances are before
            view.begin(runner.progress)
            try:
                await runner.run()
                self.books = [(name, await audited(hub, name)) for name in used]
            finally:
                view.end()
                title = f"Campaign {self.file.stem}"
                lost = results.finish(runner.progress, lambda: page(title, runner.progress, folder, datetime.now(UTC)))
                if lost is not None:
                    out.fail(lost)
        self.code = code_for(self.rows)
        with contextlib.suppress(BrokenPipeError):  # who reads has enough; how it ended stays as it is
            if out.json:
                out.data(summary(self.rows, results, self.journal, self.code, self.books))
            else:
                outcome(out, self.rows, results, self.journal, self.books)

    @asynccontextmanager
    async def _ready(self, folder: Path) -> AsyncGenerator[tuple[Hub, Campaign, Embedded | None]]:
        """Check the whole file, then open the journal: what is wrong leaves nothing behind."""
        async with contextlib.AsyncExitStack() as stack:
            served: Embedded | None = None
            if self.sim:
                served = await stack.enter_async_context(embedded(self.session.file(), self.speed))
                accounts, self.routes, price = served.accounts, served.routes, READ_PRICE
                beside = f"{folder.parent / self.file.stem}.db"
                self.journal = as_url(self.session.journal or beside)
            else:
                config = self.session.settings()
                accounts, self.routes, price = config.accounts, config.routes, config.read_price
                self.journal = self.session.journal_url(config)
            campaign = await load(self.file, Hub(accounts, routes=self.routes))
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise click.UsageError(f"--out {folder}: {error.strerror}") from None
            open_hub = Hub(accounts, routes=self.routes, journal=self.journal, read_price=price)
            hub = await stack.enter_async_context(open_hub)
            await check_keys(campaign, hub.store)
            yield hub, campaign, served

    def _accounts(self, row: Row) -> tuple[str, ...]:
        """Return all accounts that may do a row."""
        route = self.routes.get(row.to) if isinstance(row.to, str) else None
        return row.names if route is None else route.names

    async def _recover(self, hub: Hub, runner: Runner, served: Embedded | None) -> None:
        """Take up what an earlier run left open."""
        if served is not None:
            await served.bring_back(hub, {each.key: each.row for each in runner.progress})
        found = await hub.recover()
        told = [
            f"{len(jobs)} {what}"
            for jobs, what in (
                (found.polling, "open jobs of an earlier run are read again"),
                (found.settled, "doubts of an earlier run are settled"),
                (found.in_doubt, "jobs of an earlier run are in doubt"),
                (found.routed, "jobs of an earlier run go on along their routes"),
                (found.foreign, "open jobs belong to accounts that are not configured here"),
            )
            if jobs
        ]
        if told:
            self.session.out.say("; ".join(told))

    def goes_on(self) -> str:
        """Say what the journal has, once all that was on its way is written there."""
        jobs = asyncio.run(self._jobs())
        if not jobs:
            return "interrupted; nothing was sent"
        sent = [job for job in jobs if not job.status.is_final]
        again = f"genhub run {self.file}"
        if self.sim:
            again += " --sim"
        if self.session.config is not None:
            again += f" --config {self.session.config}"
        if self.session.journal is not None:
            again += f" --journal {self.session.journal}"
        return (
            f"interrupted: {len(jobs) - len(sent)} of {len(self.rows)} are over, {len(sent)} go on at their vendors; "
            f"continue, and buy nothing again: {again}"
        )

    async def _jobs(self) -> list[Job]:
        try:
            async with Hub({}, journal=self.journal, read_only=True) as hub:
                found = [await hub.store.keyed(each.key) for each in self.rows]
        except GenhubError:  # it was kept in memory, or not begun
            found = [each.job for each in self.rows]
        return [job for job in found if job is not None]
