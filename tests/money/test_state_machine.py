"""Hub, vendors, faults, stops, resumes, webhooks, kills and recoveries in random order: the books stay true.

A longer search: `GENHUB_SEARCH=2000 pytest tests/money/test_state_machine.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from genhub import Budget, BudgetExceeded, Entry, GenhubError, Handle, Hub, Job, JournalError, Money, Status
from genhub._config import account
from genhub.sim import Fault, Scenario, Simulators
from genhub.stores import JobFilter, JobStore
from genhub.stores._memory import MemoryStore
from genhub.stores._sqlite import SqliteStore
from genhub.testing import FakeClock
from tests.money._lives import Life, know_lives, quiet
from tests.money._requests import KINDS
from tests.money._truth import ACCOUNTS, made, mark, problems, total, unclaimed

SEARCH = int(os.environ.get("GENHUB_SEARCH", "0"))
#: Longer than a FakeClock lets anybody sleep: the hub reads only when it is told to.
NEVER = 1e8
#: Of one call. On a clock that whoever sleeps moves forward, much time passes while a call is on its way.
TIMEOUT = 3600
CAP = Decimal(100)  # of the account at adgen, where prices are documented
HANGS = frozenset({Fault.HANG, Fault.HANG_BEFORE})
#: All points of the wire; one of them takes 50 MB.
SUBMIT_FAULTS = sorted(set(Fault) - {Fault.HUGE, Fault.SLOW})
READ_FAULTS = [Fault.ERROR_500_BEFORE, Fault.GARBLED, Fault.LOSE_ANSWER, Fault.UNKNOWN_WORD, Fault.RATE_LIMITED]
ACT_FAULTS = [Fault.LOSE_ANSWER, Fault.RESET_AFTER_READ, Fault.ERROR_500_AFTER, Fault.ERROR_500_BEFORE, Fault.GARBLED]
#: Words that nobody knows come and go.
WORK = ("processing", "marinating", "processing")
LIVES: dict[str, list[Scenario]] = {
    "powerpost": [
        Scenario(steps=(*WORK, "completed")),
        Scenario(steps=(*WORK, "failed")),
        Scenario(outcome="completed", final_cost=Decimal(7)),
        Scenario(partial=1, steps=("processing", "failed")),
        Scenario(outcome="failed"),
    ],
    "genpro": [
        Scenario(steps=(*WORK, "completed"), final_cost=Decimal("3.25")),
        Scenario(steps=(*WORK, "failed")),
        Scenario(steps=("processing",) * 30),
        Scenario(outcome="completed", final_cost=Decimal(1)),
    ],
    "adgen": [
        Scenario(steps=(*WORK, "completed")),
        Scenario(steps=(*WORK, "failed")),
        Scenario(steps=("processing", "expired")),
        Scenario(steps=("processing", "canceled")),
    ],
}
PICK = st.integers(0, 999)


class Lives(RuleBasedStateMachine):
    """One journal, its hubs one after the other, and the three vendors."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        know_lives(self.runner.get_loop())
        self.folder = Path(tempfile.mkdtemp(prefix="genhub-money-"))
        self.clock = FakeClock()
        self.sims = Simulators(clock=self.clock)
        self.lives = 0
        self.life: Life | None = None
        self.marks = 0
        self.asked: list[tuple[str, str, str | None]] = []  # kind, mark, key
        self.known: dict[str, str] = {}  # the caller's key to the job's id
        self.handles: dict[str, None] = {}  # every job that a caller was ever told of
        self.flying: list[asyncio.Task[Any]] = []
        self.books: dict[str, tuple[Entry, ...]] = {}  # of every attempt, as last seen
        self.odd: set[str] = set()
        self.run(self.sims.__aenter__())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize(durable=st.booleans(), reads=st.sampled_from([NEVER, NEVER, None]))
    def begin(self, durable: bool, reads: float | None) -> None:
        self.durable, self.reads = durable, reads
        self.store: JobStore = self._sqlite(self.folder / "life-0") if durable else MemoryStore()
        self.run(self._open())

    def _sqlite(self, folder: Path) -> SqliteStore:
        folder.mkdir(exist_ok=True)
        return SqliteStore(folder / "genhub.db")

    async def _open(self) -> None:
        accounts = {}
        for name in ACCOUNTS:
            given = {"timeout": TIMEOUT, **self.sims[name].settings()}
            if self.reads is not None:
                given["poll_every"] = self.reads
            accounts[name] = account(name, given, {})
        accounts["adgen"] = account(
            "adgen",
            {**self.sims.adgen.settings(), "timeout": TIMEOUT, "budget": {"amount": int(CAP), "per": "ever"}},
            {},
        )
        assert accounts["adgen"].budget == Budget(amount=CAP, per="ever")
        self.life = Life(accounts, self.store, self.clock)
        await self.life.do(self.life.hub.__aenter__())

    @property
    def hub(self) -> Hub:
        assert self.life is not None
        return self.life.hub

    # What callers do

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something; whatever the vendor says to it, the books stay true."""

        async def step() -> Any:
            assert self.life is not None
            result = None
            try:
                result = await self._patiently(self.life.start(work))
            except JournalError:
                raise
            except GenhubError as error:
                result = error
            await self._check()
            return result

        return self.run(step())

    async def _patiently(self, task: asyncio.Task[Any]) -> Any:
        """Wait for something; what hangs on the wire is given up."""
        while not (await asyncio.wait({task}, timeout=0.5))[0]:
            self.clock.skip(TIMEOUT + 1)
        return task.result()

    @rule(
        kind=st.sampled_from(sorted(KINDS)),
        twin=st.booleans(),
        keyed=st.booleans(),
        fault=st.none() | st.sampled_from(SUBMIT_FAULTS),
        life=st.none() | PICK,
        how=st.sampled_from(["wait", "wait", "wait", "leave", "cancel"]),
        turns=st.integers(0, 40),
    )
    def submit(
        self, kind: str, twin: bool, keyed: bool, fault: Fault | None, life: int | None, how: str, turns: int
    ) -> None:
        """Ask for something: new, or what was asked for before, under a key or not; the wire may break at any point."""
        name, make = KINDS[kind]
        older = [asked for asked in self.asked if asked[0] == kind]
        if twin and older:
            text, key = older[-1][1], older[-1][2] if keyed else None
        else:
            self.marks += 1
            text, key = f"m{self.marks:03}x", f"key-{self.marks}" if keyed else None
        self.asked.append((kind, text, key))
        self._script(kind, text, fault, life)
        if fault is Fault.ODD_AMOUNT:
            self.odd.add(text)

        def work() -> Coroutine[Any, Any, Handle]:
            return self.hub.submit(make(text), to=name, key=key, portability="adjust")

        if fault in HANGS and how == "wait":
            how = "leave"
        self._do(self._submit(work, key, how, turns))

    def _script(self, kind: str, text: str, fault: Fault | None, life: int | None) -> None:
        name = KINDS[kind][0]
        sim = self.sims[name]
        sim.scripts[:] = [each for each in sim.scripts if each.scenario.match != text]
        shape: dict[str, Any] = {}
        if name == "adgen" and kind != "copy":  # lives until it is read: time leaps while a replay is on its way
            shape = {"steps": ("processing", "completed")}
        if life is not None:
            scenario = LIVES[name][life % len(LIVES[name])]
            shape = {
                "steps": scenario.steps, "outcome": scenario.outcome, "final_cost": scenario.final_cost,
                "partial": scenario.partial,
            }  # fmt: skip
            if kind in ("images", "clip"):  # of which PowerPost says no cost but that of the submit
                shape["final_cost"] = None
        sim.script(Scenario(match=text, fault=fault, retry_after=2.0, **shape))
        if fault is not None and shape:
            sim.script(Scenario(match=text, times=None, **shape))  # of what is made later, by a replay

    async def _submit(
        self, work: Callable[[], Coroutine[Any, Any, Handle]], key: str | None, how: str, turns: int
    ) -> None:
        assert self.life is not None
        task = self.life.start(self._remember(work, key))
        if how == "wait":
            await task
            return
        for _ in range(turns):
            await asyncio.sleep(0)
        if how == "cancel":
            task.cancel()
        self.flying.append(task)

    async def _remember(self, work: Callable[[], Coroutine[Any, Any, Handle]], key: str | None) -> None:
        handle = await work()
        self.handles[handle.id] = None
        if key is not None:
            assert handle.id == self.known.setdefault(key, handle.id), f"another job for {key}"

    @rule(most=st.integers(0, 39))
    def submit_over_the_cap(self, most: int) -> None:
        """A call's own cap: nothing is sent, nothing is written."""

        async def over() -> None:
            before = self._posts()
            jobs = len(await self._jobs())
            with suppress(BudgetExceeded):
                await self.hub.submit(KINDS["avatar"][1]("never"), to="adgen", max_spend=most)
                raise AssertionError("it was let through")
            assert (before, jobs) == (self._posts(), len(await self._jobs()))

        if self.reads is not None and not self.flying:
            self._do(over())

    def _posts(self) -> int:
        return sum(seen.method == "POST" for seen in self.sims.adgen.requests)

    def _some(self, pick: int) -> str | None:
        ids = list(self.handles)
        return ids[pick % len(ids)] if ids else None

    @precondition(lambda self: self.asked)
    @rule(pick=PICK, fault=st.none() | st.sampled_from(READ_FAULTS))
    def poll(self, pick: int, fault: Fault | None) -> None:
        """Read one, over a wire that may break."""
        if job_id := self._some(pick):
            self._do(self._with(job_id, fault, ("poll", "list"), lambda: self.hub.poll(job_id)))

    @precondition(lambda self: self.asked)
    @rule(pick=PICK, fault=st.none() | st.sampled_from(ACT_FAULTS), only_if_free=st.booleans())
    def stop(self, pick: int, fault: Fault | None, only_if_free: bool) -> None:
        """Stop one; the verdict is what the books say."""
        job_id = self._some(pick)
        if job_id is None:
            return

        async def act() -> None:
            verdict = await self.hub.stop(job_id, only_if_free=only_if_free)
            attempt = verdict.job.attempt
            if verdict.job.status is Status.STOPPED:
                assert (Money.FREE, Decimal(0)) == (verdict.money, attempt.credits.net)

        self._do(self._with(job_id, fault, ("stop",), act))

    @precondition(lambda self: self.asked)
    @rule(pick=PICK, fault=st.none() | st.sampled_from(ACT_FAULTS), twice=st.booleans())
    def resume(self, pick: int, fault: Fault | None, twice: bool) -> None:
        """Let a stopped one go on, once or by two callers at the same moment."""
        job_id = self._some(pick)
        if job_id is None:
            return

        async def act() -> None:
            both = [self.life.start(self.hub.resume(job_id)) for _ in range(1 + twice)] if self.life else []
            done = await asyncio.gather(*both, return_exceptions=True)
            for error in done:
                if isinstance(error, BaseException) and (
                    not isinstance(error, GenhubError) or isinstance(error, JournalError)
                ):
                    raise error

        self._do(self._with(job_id, fault, ("continue",), act))

    async def _with(
        self, job_id: str, fault: Fault | None, calls: tuple[Any, ...], work: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Break the next call of these kinds, and no later one."""
        job = await self.hub.store.job(job_id)
        assert job is not None
        sim = self.sims[job.account]
        scripts = [] if fault is None else [sim.script(Scenario(fault=fault, on=on)) for on in calls]
        try:
            return await work()
        finally:
            sim.scripts[:] = [each for each in sim.scripts if each not in scripts]

    @precondition(lambda self: self.asked)
    @rule(pick=PICK)
    def wait_no_longer(self, pick: int) -> None:
        """A wait that is over changes nothing."""
        if job_id := self._some(pick):
            self._do(self._wait(job_id))

    async def _wait(self, job_id: str) -> None:
        await (await self.hub.get(job_id)).wait(timeout=0)

    @precondition(lambda self: self.asked)
    @rule(pick=PICK)
    def detach(self, pick: int) -> None:
        if job_id := self._some(pick):
            self._do(self.hub.detach(job_id))

    @precondition(lambda self: self.asked)
    @rule(pick=PICK)
    def stop_waiting_for_a_submit(self, pick: int) -> None:
        """Cancelling an await never stops, loses or doubles a job."""
        if self.flying:
            self.flying[pick % len(self.flying)].cancel()
        self._do(self._turn(3))

    @precondition(lambda self: self.asked)
    @rule(pick=PICK, word=st.sampled_from(["completed", "failed", "eaten"]), times=st.integers(1, 3))
    def webhook(self, pick: int, word: str, times: int) -> None:
        """Right, wrong, of something else, and more than once."""
        job_id = self._some(pick)
        if job_id is None:
            return

        async def ring() -> None:
            job = await self.hub.store.job(job_id)
            assert job is not None
            data = {"generation_id": job.provider_id or "forged", "status": word}
            body = json.dumps({"event": f"generation.{word}", "data": data}).encode()
            for _ in range(times):
                await self.hub.webhook("powerpost", {}, body)
            await self.hub.webhook("powerpost", {}, body[:-3])

        self._do(ring())

    @precondition(lambda self: self.asked)
    @rule(pick=PICK, wrong=st.booleans())
    def settle(self, pick: int, wrong: bool) -> None:
        """A person looks into the dashboard and says what is true, or tries what can't be."""
        job_id = self._some(pick)
        if job_id is None:
            return

        async def act() -> None:
            job = await self.hub.store.job(job_id)
            live = self.hub.in_hand(job_id)
            if job is None or not job.status.in_doubt or (live is not None and live.sending):
                return
            sim = self.sims[job.account]
            free = unclaimed(sim, mark(job), await self._jobs())
            twins = [each for each in await self._jobs() if each.status.in_doubt and mark(each) == mark(job)]
            if wrong:
                await self.hub.settle(job_id, adopt="no-such-job")
                raise AssertionError("a job that nobody knows was adopted")
            if free:
                self.odd.add(mark(job))
                await self.hub.settle(job_id, adopt=free[0])
            elif len(twins) == 1:
                await self.hub.settle(job_id, not_submitted=True)

        self._do(act())

    # What time and vendors do

    async def _turn(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    @rule(turns=st.integers(1, 200), seconds=st.sampled_from([0.0, 1.0, 30.0, 100.0]))
    def time_passes(self, turns: int, seconds: float) -> None:
        self.clock.advance(seconds)
        self._do(self._turn(turns))

    @precondition(lambda self: self.asked)
    @rule()
    def patience_ends(self) -> None:
        """Whatever hangs on the wire is given up."""
        self._do(self._land())

    async def _land(self) -> None:
        sends = self.hub._desk._sends  # of callers who have gone, too
        while self.flying or sends:
            await self._turn(50)
            waiting = {task for task in (*self.flying, *sends) if not task.done()}
            if waiting and any(self.sims[name].hits[each] for name in ACCOUNTS for each in HANGS):
                self.clock.skip(TIMEOUT + 1)
            if waiting:
                await asyncio.wait(waiting, timeout=0.05)
            for task in self.flying:
                if task.done() and not task.cancelled():
                    error = task.exception()
                    if error is not None and (not isinstance(error, GenhubError) or isinstance(error, JournalError)):
                        raise error
            self.flying = [task for task in self.flying if not task.done()]

    @precondition(lambda self: self.asked)
    @rule(pick=PICK, what=st.sampled_from(["cancel", "expire", "revive", "dashboard_stop", "dashboard_continue"]))
    def vendor(self, pick: int, what: str) -> None:
        """What its user does in the dashboard, and what it does by itself."""
        job_id = self._some(pick)
        if job_id is None:
            return

        async def act() -> None:
            job = await self.hub.store.job(job_id)
            assert job is not None
            act = getattr(self.sims[job.account], what, None)
            if act is None or job.provider_id is None:
                return
            with suppress(RuntimeError):  # not in its state
                done = act(job.provider_id)
                if done is not None:
                    await done

        self._do(act())

    # Ends and beginnings

    @rule()
    def recover(self) -> None:
        self._do(self.hub.recover())

    @rule(recover=st.booleans())
    def close_and_open(self, recover: bool) -> None:
        async def act() -> None:
            await self._land()
            assert self.life is not None
            await self.life.do(self.hub.close())
            await quiet(self.sims)
            await self._open()

        self.run(act())
        self._do(self.hub.recover() if recover else self._turn(1))

    @precondition(lambda self: self.durable)
    @rule(recover=st.booleans(), turns=st.integers(0, 20))
    def kill(self, recover: bool, turns: int) -> None:
        async def act() -> None:
            assert self.life is not None
            await self._turn(turns)
            self.lives += 1
            image = await self.life.die(self.sims, self.folder / f"life-{self.lives}")
            self.flying.clear()
            self.store = SqliteStore(image)
            await self._open()

        self.run(act())
        self._do(self.hub.recover() if recover else self._turn(1))

    # The books

    async def _jobs(self) -> list[Job]:
        return [job async for job in self.hub.store.jobs(JobFilter())]

    async def _check(self, *, final: bool = False) -> None:
        jobs = await self._jobs()
        assert set(self.handles) <= {job.id for job in jobs}, "a job was lost"
        for job in jobs:
            for attempt in job.attempts:
                before = self.books.get(attempt.id, ())
                assert before == attempt.entries[: len(before)], f"{attempt.id}: lines were changed"
                self.books[attempt.id] = attempt.entries
        if self.flying and not final:  # a submit is on its way: what it made is claimed when its answer is there
            jobs = [each for each in jobs if not self._sending(each)]
            wrong = [each for each in problems(jobs, self.sims, odd=self.odd) if "nothing" not in each]
            wrong = [each for each in wrong if not ("forgotten" in each or "made" in each)]
        else:
            wrong = list(problems(jobs, self.sims, odd=self.odd, final=final))
        assert not wrong, "\n".join(wrong)
        assert total(self.sims.adgen) <= CAP, "over the budget"

    def _sending(self, job: Job) -> bool:
        live = self.hub.in_hand(job.id)
        return live is not None and live.sending

    async def _finish(self) -> None:
        """Mend the wire, drive everything to its end, and hold the books against the vendors' once more."""
        for name in ACCOUNTS:
            self.sims[name].scripts.clear()
        await self._land()
        assert self.life is not None
        await self.life.do(self.hub.recover())
        for job in await self._jobs():
            await self.life.do(self.hub.poll(job.id))  # what was continued elsewhere
        for round_ in range(60):
            self.clock.advance(TIMEOUT)
            left = False
            if round_ == 40:  # what is still at work has worked enough
                for name in ACCOUNTS:
                    for theirs in self.sims[name].jobs.values():
                        if theirs.status not in self.sims[name].finals:
                            self.sims[name].force(theirs, "completed")
            for job in await self._jobs():
                live = self.hub.in_hand(job.id)
                if job.status.is_final or (job.status.in_doubt and live is not None and live.stuck):
                    continue
                left = True
                with suppress(GenhubError):
                    await self.life.do(self.hub.poll(job.id))
            if not left:
                break
        for job in await self._jobs():
            await self.life.do(self.hub.poll(job.id))  # once more: late news
        for job in await self._jobs():
            assert job.status.is_final or job.status.in_doubt, f"{job.id} never ends: {job.status} {job.raw_status}"
        await self._check(final=True)
        for job in await self._jobs():
            for attempt in job.attempts:
                if attempt.status.in_doubt and attempt.kind in ("captions",):
                    several = made(self.sims.powerpost, mark(job))
                    assert len(several) > 1, f"{attempt.id} could be settled and was not: {attempt.notes}"

    def teardown(self) -> None:
        try:
            if self.life is not None:
                self.run(self._finish())
        finally:
            self.run(self._away())
            self.runner.close()
            shutil.rmtree(self.folder)

    async def _away(self) -> None:
        for task in self.flying:
            task.cancel()
        if self.life is not None:
            await self.life.do(self.hub.close())
        await self.sims.__aexit__()


TestMoney = Lives.TestCase
TestMoney.settings = settings(
    max_examples=SEARCH or 100,
    stateful_step_count=30,
    deadline=None,
    derandomize=not SEARCH,
    database=None,
    suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
)
