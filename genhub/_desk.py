"""What all verbs of a hub share: the accounts, the jobs in hand, and those who drive them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from attrs import evolve

from genhub import _transitions as transitions
from genhub._account import Account
from genhub._bound import Bound, scope_of
from genhub._budget import Budgets
from genhub._clock import Clock, moment
from genhub._drive import Driver
from genhub._errors import ConfigError, GenhubError, JournalError, WrongState
from genhub._jobs import Attempt, Job
from genhub._live import Live, Registry, is_open
from genhub._plain import from_dict
from genhub._provider import Provider
from genhub._status import Status
from genhub._submit import Recorder
from genhub._tracker import Tracker
from genhub.http import Sessions
from genhub.stores import JobStore

log = logging.getLogger("genhub")
T = TypeVar("T")


class Desk:
    """A hub's workplace."""

    def __init__(
        self,
        accounts: Mapping[str, Account | Provider],
        store: JobStore,
        *,
        read_only: bool,
        clock: Clock,
        connections: int,
    ) -> None:
        self.clock = clock
        self.store = store
        self.read_only = read_only
        self.sessions = Sessions(connections=connections)
        self.accounts: dict[str, Bound] = {}
        places: dict[tuple[str, str], asyncio.Lock] = {}
        for name, each in accounts.items():
            account = Account.of(each)
            place = (account.provider.name, scope_of(account.provider))
            lock = places.setdefault(place, asyncio.Lock())
            self.accounts[name] = Bound(name, account, self.sessions, clock, lock)
        self.budgets = Budgets({name: each.account for name, each in self.accounts.items()}, store, clock)
        self.registry = Registry(store, self._heard)
        self.recorder = Recorder(store, clock)
        self.driver = Driver(self.registry, self.accounts, clock, self.recorder.unwritten)
        self.tracker = Tracker(
            clock,
            self.driver.drive_many,
            batch=lambda name: self.accounts[name].can("poll_many"),
            most=lambda name: self.accounts[name].account.concurrency,
        )
        self.is_open = False
        self._sends: set[asyncio.Task[Any]] = set()
        self._loose: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        await self.store.open(read_only=self.read_only)
        try:
            if not self.read_only:
                await self._read_spill()
            await self.budgets.open()
        except BaseException:
            await self.store.close()
            raise
        self.is_open = True

    async def _read_spill(self) -> None:
        """Write the outcomes that an earlier process could not write, where the journal knows less."""
        spill = self.store.spill
        lines = [] if spill is None else spill.read()
        strange = 0
        for line in lines:
            try:
                spilled = from_dict(Attempt, line)
                job = await self.store.job(spilled.job_id)
            except GenhubError as error:
                strange += 1
                log.critical("the spill file of %s has a line that can't be read: %s", self.store.name, error)
                continue
            if job is None or spilled.number > len(job.attempts):
                strange += 1
                log.critical("the spill file of %s knows %s, which the journal lacks", self.store.name, spilled.id)
            elif job.attempts[spilled.number - 1].ref is None:
                await self.store.record(spilled)
        if spill is not None and lines and not strange:
            spill.clear()

    async def close(self) -> None:
        """Stop reading, wait for the submits that are on their way, and let go of journal and sockets."""
        if not self.is_open:
            return
        self.is_open = False
        await self.tracker.close()
        while self._sends:
            await asyncio.gather(*self._sends, return_exceptions=True)
        for task in self._loose:
            task.cancel()
        await asyncio.gather(*self._loose, return_exceptions=True)
        if self.budgets.unsaved:
            with suppress(JournalError):  # an estimate less
                await self.budgets.save()
        await self.sessions.close()
        await self.store.close()
        for live in self.registry.all():  # who waits learns that nothing more will come
            self.registry.ring(live)

    def _heard(self, attempt: Attempt) -> None:
        self.budgets.news(attempt)

    def _later(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something for which nobody waits, and which `close` cuts off."""
        task = asyncio.get_running_loop().create_task(work)
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

    def must_write(self) -> None:
        """Raise JournalError unless this hub is open and drives its journal."""
        if not self.is_open:
            raise JournalError("the hub is not open: use it as `async with Hub(...) as hub`")
        if self.read_only:
            raise JournalError("this hub only reads its journal")

    def account(self, name: str) -> Bound:
        bound = self.accounts.get(name)
        if bound is None:
            known = ", ".join(self.accounts) or "none"
            raise ConfigError(f"there is no account {name!r}", remedy=f"Accounts are: {known}")
        return bound

    async def unbroken(self, bound: Bound, work: Coroutine[Any, Any, T]) -> T:
        """Do what charges, in a slot that the caller holds: whoever stops waiting does not stop it."""
        task = asyncio.get_running_loop().create_task(work)
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)
        task.add_done_callback(lambda _: bound.slots.release())
        return await asyncio.shield(task)

    def write_later(self, live: Live, attempt: Attempt) -> None:
        """The journal could not take an outcome: try on."""

        live.holders += 1  # nobody else knows what the journal does not

        async def write() -> None:
            try:
                written = await self.recorder.again(attempt, lambda: live.job.attempts[attempt.number - 1])
                if written.version > live.job.attempts[attempt.number - 1].version:
                    self.registry.news(live, written)
            finally:
                live.holders -= 1
                self.registry.drop(live)

        self._later(write())

    def track(self, live: Live, *, soon: bool = False) -> None:
        """See to it that an open job is driven."""
        if self.read_only or not self.is_open or not is_open(live.job) or live.sending is not None or live.stuck:
            return
        attempt = live.job.attempt
        bound = self.accounts.get(attempt.account)
        if bound is not None:
            at_once = soon or attempt.status.in_doubt or attempt.resuming_at is not None
            self.tracker.watch(live.job.id, bound.name, 0.0 if at_once else bound.account.every(attempt.kind))

    async def doubt(self, live: Live) -> None:
        """What is `submitting` and is not being sent by this process was cut off: it is in doubt."""
        if live.job.status is Status.SUBMITTING and live.sending is None and not self.read_only:
            at = moment(self.clock)
            await self.registry.apply(live, live.job.attempt.number, lambda now: _cut_off(now, at))

    async def poll(self, job_id: str) -> Job:
        """Read the vendor once; for a job in doubt, look at the doubt once."""
        async with self.registry.using(job_id) as live:
            if live.sending is None:
                self.must_write()
                await self.doubt(live)
                await self.driver.read(live)
                self.track(live)
            return live.job


def _cut_off(attempt: Attempt, at: datetime) -> Attempt:
    if attempt.status is not Status.SUBMITTING:
        return attempt
    doubted = transitions.doubted(attempt, "the process ended between the intent and the answer", at)
    return evolve(doubted, submitted_at=None)  # when it was sent, if it was, is not known


def wrong_state(message: str, job: Job) -> WrongState:
    """Return the error, with the job."""
    error = WrongState(message, account=job.account)
    error.job = job
    return error


def new_id(clock: Clock) -> str:
    """A job's id: sorted by time, and new in every process."""
    return f"j{int(clock.time() * 1000):011x}{secrets.token_hex(5)}"
