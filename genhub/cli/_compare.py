"""`genhub compare FILE`: the same requests at several accounts, to a table, a sentence and a report."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shlex
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click
from attrs import define, evolve, field

from genhub._clock import SystemClock
from genhub._credits import Price
from genhub._errors import ConfigError, GenhubError
from genhub._hub import Hub
from genhub._jobs import Job
from genhub.cli import _compare_table as tables
from genhub.cli import _exits as exits
from genhub.cli._compare_view import Lines, Screen, Silent, View
from genhub.cli._driving import is_there, knowing
from genhub.cli._loop import run as run_loop
from genhub.cli._outcome import shown
from genhub.cli._session import Session, as_url, options, pass_session
from genhub.cli._types import DURATION
from genhub.compare._judge import judge_of
from genhub.compare._outlook import Outlook, look_ahead
from genhub.compare._records import Outcome, Results, Trial
from genhub.compare._runner import OFTEN, Runner
from genhub.compare._suite import Suite, load_suite
from genhub.compare._trials import trials_of
from genhub.routing import cap_of

if TYPE_CHECKING:
    from genhub.cli._rehearsal import Rehearsal
    from genhub.compare._changes import Changes

log = logging.getLogger("genhub.cli")


class Cap(click.ParamType[Price | Decimal]):
    """`5` credits, or `"5 USD"`."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Price | Decimal:
        try:
            cap = cap_of(value)
        except ConfigError as error:
            self.fail(error.message, param, ctx)
        assert cap is not None
        return cap


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", "folder", type=click.Path(path_type=Path), help="For all that is made; default: FILE's name-compare."
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and what it may cost; send nothing.")
@click.option("--repetitions", type=click.IntRange(1), help="In place of the suite's.")
@click.option("--seed", type=int, help="Of the order, in place of the suite's.")
@click.option("--max-spend", type=Cap(), help="20 (credits) or '5 USD', in place of the suite's.")
@click.option("--timeout", type=DURATION, help="Wait so long for each run, in place of the suite's.")
@click.option("--fresh", metavar="NAME", help="Begin anew under this name: what was bought before does not count.")
@click.option("--against", "old", type=click.Path(path_type=Path), help="Say what changed since these results.")
@click.option("--common", is_flag=True, help="Against results of other requests: compare those that both have.")
@click.option("--no-report", is_flag=True, help="Make no page.")
@click.option("--votes", type=click.Path(path_type=Path), help="Take in the votes that the blind page saved.")
@click.option("--sim", is_flag=True, help="Use the simulators of genhub: no key, no network, no costs.")
@click.option(
    "--sim-speed", type=click.FloatRange(0, 1000, min_open=True), default=50.0, show_default=True,
    help="How much faster than life the simulators' clock goes.",
)  # fmt: skip
@options
@pass_session
def compare(session: Session, /, **given: Any) -> int:
    """Compare accounts and routes: the requests of the suite FILE at each of them, several times, shuffled.

    The same FILE on the same journal goes on where it was and buys nothing again: --journal, or the configuration's;
    with --sim it is a file beside the results. Exit codes: 1 where a target had no success, or something got worse
    than --against beyond noise; 3 where a run is in doubt.
    """
    going = _Comparison(session, **given)
    run_loop(going.plan() if going.dry_run else going.work(), session.out, goes_on=going.goes_on)
    return going.code


@define(eq=False)
class _Tools:
    """What makes results of what was seen; found before anything is sent."""

    statistics: ModuleType
    exports: ModuleType
    report: ModuleType
    history: ModuleType

    @classmethod
    def find(cls) -> _Tools:
        """Import them; raises ConfigError that names the extra when one of its packages is missing."""
        from genhub.compare._extra import extra

        with extra():
            from genhub.compare import _exports, _history, _report, _statistics

        return cls(statistics=_statistics, exports=_exports, report=_report, history=_history)


@define(eq=False)
class _Comparison:
    """One run."""

    session: Session
    file: Path
    folder: Path | None
    dry_run: bool
    repetitions: int | None
    seed: int | None
    max_spend: Price | Decimal | None
    timeout: float | None
    fresh: str | None
    old: Path | None
    common: bool
    no_report: bool
    votes: Path | None
    sim: bool
    sim_speed: float
    code: int = exits.DONE
    journal: str = ""
    trials: tuple[Trial, ...] = field(default=())

    async def plan(self) -> None:
        """Print what would be sent."""
        suite, out = self._suite(), self.session.out
        async with self._looking(suite) as hub:
            outlook = await look_ahead(suite, hub, fresh=self.fresh)
        if out.json:
            out.data(tables.plan_facts(suite, outlook))
        else:
            tables.plan(out, suite, outlook)

    async def work(self) -> None:
        suite, out = self._suite(), self.session.out
        tools = _Tools.find()
        earlier = None if self.old is None else tools.history.read(self.old)
        if earlier and not self.common and all(each.fingerprint != suite.fingerprint for each in earlier):
            remedy = "Compare only the requests that both have (--common), or name results of the same ones"
            raise ConfigError(
                "these are results of other requests; nothing was sent", where=str(self.old), remedy=remedy
            )
        folder = self._folder()
        async with self._ready(suite, folder) as (hub, outlook, stage):
            judge = judge_of(suite)
            view: View = Screen(out) if out.live else Silent() if out.json else Lines(out)
            runner = Runner(
                hub,
                suite,
                folder,
                outlook,
                clock=SystemClock() if stage is None else stage.clock,
                fresh=self.fresh,
                changed=view.changed,
                stage=stage,
            )
            if not outlook.ahead():
                out.say("all runs were made before, and are only read; --fresh NAME begins anew")
            view.begin(runner.progress)
            try:
                results = await runner.run()
            finally:
                view.end()
            if any(each.outputs for each in results.observations):
                out.say("checking what was made")
                results = await runner.judge(judge)
        self._tell(suite, folder, tools, results, earlier)

    def _tell(self, suite: Suite, folder: Path, tools: _Tools, results: Results, earlier: list[Results] | None) -> None:
        """Write all down, and print the answer."""
        out = self.session.out
        summary = tools.statistics.summarize(results)
        files = dict(tools.exports.write(results, summary, folder))
        changes: Changes | None = None
        trouble: ConfigError | None = None  # what was seen is told all the same
        if self.votes is not None:
            from genhub.compare._rank import rank, said
            from genhub.compare._votes import keep_votes, read_votes

            try:
                out.say(said(rank(keep_votes(read_votes(self.votes, results), folder))))
            except ConfigError as error:
                trouble = error
        if not self.no_report:
            try:
                files["report"] = tools.report.write(results, summary, folder)
            except ConfigError:
                raise
            except Exception as error:  # a page that fails takes no result with it
                log.exception("the page could not be made")
                out.fail(f"the page could not be made ({type(error).__name__}: {error}); {folder} has all results")
        if earlier is not None:
            try:
                old = tools.history.latest(earlier, results)
                changes = tools.history.against(old, results, summary, common=self.common)
            except ConfigError as error:
                trouble = error
        history = folder / "history.jsonl"
        tools.history.append(results, summary, history)
        if trouble is not None and out.json:
            raise trouble
        self.code = _code(results, worse=changes is not None and changes.worse)
        with contextlib.suppress(BrokenPipeError):  # who reads has enough; how it ended stays as it is
            if out.json:
                out.data(
                    tables.facts(results, summary, changes, {**files, "history": history}, self.journal, self.code)
                )
            else:
                tables.answer(out, results, summary, changes)
                out.line()
                if "report" in files:
                    out.line(f"report   {files['report']}")
                out.line(f"results  {files.get('results.json', folder)}")
                out.line(f"history  {history}")
                out.line(f"journal  {shown(self.journal)}")
        if trouble is not None:
            raise trouble

    def _suite(self) -> Suite:
        """Read the suite, with what the command line says in its place."""
        suite = load_suite(self.file)
        said = {
            name: value
            for name in ("repetitions", "seed", "max_spend", "timeout")
            if (value := getattr(self, name)) is not None
        }
        suite = evolve(suite, **said)
        if "max_spend" in said:
            suite = evolve(suite, places={**suite.places, "max_spend": "--max-spend"})
        self.trials = trials_of(suite, fresh=self.fresh)
        return suite

    def _folder(self) -> Path:
        return self.folder if self.folder is not None else Path(f"{self.file.stem}-compare")

    def _sim_journal(self) -> str:
        folder = self._folder()
        return as_url(self.session.journal or str(folder.with_name(f"{folder.name}.db")))

    @asynccontextmanager
    async def _looking(self, suite: Suite) -> AsyncGenerator[Hub]:
        """A hub that writes nothing, and knows what the journal has, if there is one."""
        if not self.sim:
            async with knowing(self.session) as hub:
                yield hub
            return
        from genhub.cli._rehearsal import rehearsal

        self.journal = self._sim_journal()
        async with rehearsal(suite, self.session.file(), self.sim_speed, self.journal) as stage:
            if not is_there(self.journal):
                yield Hub(stage.accounts, routes=stage.routes)
                return
            async with Hub(stage.accounts, routes=stage.routes, journal=self.journal, read_only=True) as hub:
                yield hub

    @asynccontextmanager
    async def _ready(self, suite: Suite, folder: Path) -> AsyncGenerator[tuple[Hub, Outlook, Rehearsal | None]]:
        """Look ahead, then open the journal: what is wrong leaves nothing behind."""
        async with contextlib.AsyncExitStack() as stack:
            stage: Rehearsal | None = None
            extra: dict[str, Any] = {}
            if self.sim:
                from genhub.cli._rehearsal import rehearsal

                self.journal = self._sim_journal()
                stage = await stack.enter_async_context(
                    rehearsal(suite, self.session.file(), self.sim_speed, self.journal)
                )
                accounts, routes = stage.accounts, stage.routes
                extra["clock"] = stage.clock
            else:
                config = self.session.settings()
                accounts, routes = config.accounts, config.routes
                self.journal = self.session.journal_url(config)
            if not is_there(self.journal):
                await look_ahead(suite, Hub(accounts, routes=routes), fresh=self.fresh)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise click.UsageError(f"--out {folder}: {error.strerror}") from None
            hub = await stack.enter_async_context(
                Hub(accounts, routes=routes, journal=self.journal, read_price=OFTEN, **extra)
            )
            yield hub, await look_ahead(suite, hub, fresh=self.fresh), stage

    def goes_on(self) -> str:
        """Say what the journal has, once all that was on its way is written there."""
        jobs = asyncio.run(self._jobs())
        if not jobs:
            return "interrupted; nothing was sent"
        over = sum(job.status.is_final for job in jobs)
        again = f"genhub compare {shlex.quote(str(self.file))}"
        for name, value in (
            ("--sim", self.sim or None),
            ("--sim-speed", self.sim_speed if self.sim else None),
            ("--out", self.folder),
            ("--repetitions", self.repetitions),
            ("--seed", self.seed),
            ("--max-spend", self.max_spend),  # without it, it would buy more than it may
            ("--timeout", None if self.timeout is None else f"{self.timeout:g}s"),
            ("--fresh", self.fresh),
            ("--config", self.session.config),
            ("--journal", self.session.journal),
        ):
            if value is not None:
                again += f" {name}" if value is True else f" {name} {shlex.quote(str(value))}"
        return (
            f"interrupted: {over} of {len(self.trials)} runs are over, {len(jobs) - over} go on at their vendors; "
            f"continue, and buy nothing again: {again}"
        )

    async def _jobs(self) -> list[Job]:
        try:
            async with Hub({}, journal=self.journal, read_only=True) as hub:
                found = [await hub.store.keyed(each.key) for each in self.trials]
        except GenhubError:  # it was kept in memory, or not begun
            return []
        return [job for job in found if job is not None]


def _code(results: Results, *, worse: bool) -> int:
    """Return the exit code: a doubt needs a person; a target without any success is no choice."""
    if any(each.outcome is Outcome.IN_DOUBT for each in results.observations):
        return exits.DOUBT
    for target in results.targets:
        tried = [each for each in results.of(target) if each.outcome.counts]
        if tried and not any(each.outcome is Outcome.SUCCEEDED for each in tried):
            return exits.FAILED
    return exits.FAILED if worse else exits.DONE
