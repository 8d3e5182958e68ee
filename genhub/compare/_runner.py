"""Runs a suite: every trial is sent once, watched to its end, and observed. It goes on where an earlier process was."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

from attrs import evolve

from genhub._clock import Clock, SystemClock, moment
from genhub._credits import Price
from genhub._errors import JournalError
from genhub._hub import Hub
from genhub._jobs import Job
from genhub._version import __version__
from genhub.compare._earlier import find, gaps_of
from genhub.compare._fetch import Fetches
from genhub.compare._judge import Judge
from genhub.compare._observe import unmade
from genhub.compare._outlook import Outlook, amount, look_ahead
from genhub.compare._progress import Progress, Stage
from genhub.compare._records import Observation, Outcome, Results
from genhub.compare._spend import Spend
from genhub.compare._suite import Suite
from genhub.compare._trials import blocks_of, prefix
from genhub.compare._watch import Watcher

log = logging.getLogger("genhub.compare")

#: The `read_price` of a hub that compares: jobs are read as often as their vendors allow, so that times are near.
OFTEN = 1e-6


class Runner:
    """One run of a suite on an open hub. `changed` is called with each line of `progress` that changes."""

    def __init__(
        self,
        hub: Hub,
        suite: Suite,
        folder: Path,
        outlook: Outlook,
        *,
        clock: Clock,
        fresh: str | None = None,
        changed: Callable[[Progress], None] | None = None,
        stage: Stage | None = None,
    ) -> None:
        self.suite, self.outlook = suite, outlook
        self.spend = Spend(suite.max_spend)
        self.progress = [Progress(trial=trial) for trial in outlook.trials]
        self.stopped: str | None = None  #: why no more is sent
        self._hub, self._folder, self._clock, self._fresh = hub, folder, clock, fresh
        self._changed = _Told(changed)
        self._stage = stage
        self._places: dict[str, tuple[Path | None, ...]] = {}  # where outputs are, by the runs' keys
        self._lines = {each.trial.key: each for each in self.progress}
        self._fetches = Fetches(hub, folder, clock)
        self._watcher = Watcher(hub, suite, clock, self.spend, stage, self._changed)
        self._flight = asyncio.Semaphore(suite.at_once)
        self._began = moment(clock)

    async def run(self) -> Results:
        """Bring every trial to its end, or to where the cap stops it. One trial's trouble is not another's."""
        await self._look_back()
        running: set[asyncio.Task[None]] = set()
        slots = asyncio.Semaphore(self.suite.at_target)  # a block has each target once
        try:
            async with asyncio.TaskGroup() as group:
                for block in blocks_of(self.outlook.trials):
                    await slots.acquire()
                    sent: list[asyncio.Task[None]] = []
                    for trial in block:
                        each = self._lines[trial.key]
                        if await self._may_start(each, running):
                            task = group.create_task(self._trial(each))
                            running.add(task)
                            task.add_done_callback(running.discard)
                            sent.append(task)
                        else:
                            self._leave_out(each)
                    group.create_task(_release(slots, sent))
        except* JournalError as group_error:  # nothing can be sent without it
            raise group_error.exceptions[0] from None
        return self.results()

    async def judge(self, judge: Judge) -> Results:
        """Let what was made be judged, once nothing is timed any more: that takes the machine's whole strength."""
        for each in self.progress:
            if each.job is not None and each.seen is not None and each.seen.outputs:
                places = self._places.get(each.trial.key, ())
                try:
                    checks = await judge(each.trial.request, each.seen.outputs, places)
                except Exception as error:  # somebody else's code, or a file that nobody foresaw
                    log.exception("%s at %s: the checks failed", each.trial.case, each.trial.target)
                    each.notes.append(f"not checked: {type(error).__name__}: {error}")
                    continue
                each.seen = evolve(each.seen, checks=checks)
        return self.results()

    def results(self) -> Results:
        """Return what was seen so far; what was not run is said."""
        seen = [each.seen or unmade(each.trial, Outcome.NOT_RUN, message="interrupted") for each in self.progress]
        missing = sum(each.outcome is Outcome.NOT_RUN for each in seen)
        times = [each.at for each in seen if each.at is not None]
        suite, cap = self.suite, self.suite.max_spend
        return Results(
            suite=suite.name,
            title=suite.title,
            fingerprint=suite.fingerprint,
            targets=suite.targets,
            cases=suite.cases,
            repetitions=suite.repetitions,
            seed=suite.seed,
            began_at=min(times, default=self._began),  # of the first process, whichever this is
            ended_at=moment(self._clock),
            timeout=suite.timeout,
            max_spend=None if cap is None else str(cap) if isinstance(cap, Price) else f"{cap:f}",
            simulated=self._stage is not None,
            complete=not missing,
            versions={"genhub": __version__, "python": platform.python_version()},
            observations=tuple(seen),
            notes=tuple(self._notes(missing)),
        )

    def _notes(self, missing: int) -> Iterable[str]:
        if self.stopped is not None:
            yield f"{self.stopped}: {missing} of {len(self.progress)} runs were not made"
        elif missing:
            yield f"{missing} of {len(self.progress)} runs were not made"
        for target in self.suite.targets:
            offers = [offer for (_, name), offer in self.outlook.offers.items() if name == target]
            if all(each.currency is None for each in offers if each.impossible is None):
                yield f"{target} has no price: what it cost is known in credits only"
        if self.suite.max_spend is not None and self.suite.allow_unpriced:
            yield "the cap counts only what has an estimate or a price"

    async def _look_back(self) -> None:
        """Count what earlier processes sent, and read all that is open from now on: its end is not to be seen late."""
        jobs = await find(self._hub, self.progress)
        for each in self.progress:
            if each.job is not None:
                self.spend.hold(each.trial.key, self.outlook.offer(each.trial).worth(self.suite.max_spend))
                self.spend.settle(each.trial.key, each.job)
        name = " ".join(prefix(self.suite, self._fresh))
        restarted = self._stage is not None
        self._watcher.gaps |= await gaps_of(self._hub, name, jobs, self._clock, restarted=restarted)
        if self._stage is not None:
            await self._stage.bring_back(self._hub, self.outlook.trials)
        for job in jobs:
            if job.is_open:
                await self._hub.get(job.id)

    async def _may_start(self, each: Progress, running: set[asyncio.Task[None]]) -> bool:
        """True when a trial costs nothing more, or the cap leaves room for it; what is under way may end cheaper."""
        offer = self.outlook.offer(each.trial)
        if each.earlier or offer.impossible is not None:
            return True
        estimate = offer.worth(self.suite.max_spend)
        while self.stopped is None and not self.spend.fits(estimate):
            if not running:
                cap = self.suite.max_spend
                spent = amount(self.spend.total, cap, offer.unit)
                more = "" if estimate is None else f", and the next run may cost {amount(estimate, cap, offer.unit)}"
                whole = cap.amount if isinstance(cap, Price) else cap or Decimal(0)
                self.stopped = f"the cap of {amount(whole, cap, offer.unit)} stopped it ({spent} are counted{more})"
                break
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if self.stopped is not None:
            return False
        self.spend.hold(each.trial.key, estimate)
        return True

    def _leave_out(self, each: Progress) -> None:
        message = self.stopped or ""
        self._end(each, unmade(each.trial, Outcome.NOT_RUN, failure="max_spend", message=message))

    async def _trial(self, each: Progress) -> None:
        impossible = self.outlook.offer(each.trial).impossible
        if impossible is not None and not each.earlier:
            self._end(each, unmade(each.trial, Outcome.UNSUPPORTED, failure="unsupported", message=impossible))
            return
        seen: Observation
        try:
            async with self._flight:
                seen = await self._watcher.watch(each)
            if each.job is not None and seen.outputs:
                seen = await self._keep(each, each.job, seen)
        except JournalError:
            raise
        except Exception as error:
            log.exception("%s at %s: an unforeseen %s", each.trial.case, each.trial.target, type(error).__name__)
            seen = await self._watcher.unforeseen(each, error)
        self._end(each, seen)

    async def _keep(self, each: Progress, job: Job, seen: Observation) -> Observation:
        """Fetch what was made, timed apart."""
        self._watcher.say(each, "fetching")
        job = job if self._stage is None else self._stage.here(job)
        fetched = await self._fetches.fetch(job)
        if fetched.lost is not None:
            each.notes.append(fetched.lost)
        self._places[each.trial.key] = fetched.places
        return evolve(seen, files=fetched.files, spans=evolve(seen.spans, download=fetched.seconds))

    def _end(self, each: Progress, seen: Observation) -> None:
        each.seen, each.word = seen, str(seen.outcome)
        self._changed(each)


class _Told:
    """Whoever looks on; what goes wrong there takes no run with it."""

    def __init__(self, changed: Callable[[Progress], None] | None) -> None:
        self._changed = changed

    def __call__(self, each: Progress) -> None:
        if self._changed is None:
            return
        try:
            self._changed(each)
        except Exception:
            log.exception("whoever looks on is told no more")
            self._changed = None


async def _release(slots: asyncio.Semaphore, sent: list[asyncio.Task[None]]) -> None:
    """Let the next block in once this one is over."""
    try:
        if sent:
            await asyncio.wait(sent)
    finally:
        slots.release()


async def run(
    hub: Hub,
    suite: Suite,
    folder: str | Path,
    *,
    clock: Clock | None = None,
    fresh: str | None = None,
    changed: Callable[[Progress], None] | None = None,
    judge: Judge | None = None,
    stage: Stage | None = None,
) -> Results:
    """Run a suite on an open hub; what it makes goes into `folder`.

    The same suite on the same journal goes on where it was, buys nothing twice, and gives complete results; `fresh`
    names a run that begins anew. Call it before `hub.recover()`: it takes up its own jobs, and what ended before it
    looked is known to have ended unseen. `clock` is the hub's. `judge` looks at what was made.

    Raises Problems before anything is sent when the suite can't be run as it is, JournalError when the journal fails.
    """
    outlook = await look_ahead(suite, hub, fresh=fresh)
    runner = Runner(
        hub,
        suite,
        Path(folder),
        outlook,
        clock=clock or SystemClock(),
        fresh=fresh,
        changed=changed,
        stage=stage,
    )
    results = await runner.run()
    return results if judge is None else await runner.judge(judge)
