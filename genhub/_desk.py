"""What all verbs of a hub share: the accounts, the jobs in hand, and those who drive them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from genhub import _transitions as transitions
from genhub._account import Account
from genhub._agenda import AT_ONCE, Agenda
from genhub._bound import Bound, scope_of
from genhub._budget import Budgets
from genhub._clock import Clock, moment
from genhub._credits import Balance
from genhub._drive import Driver
from genhub._errors import ConfigError, JournalError, ProviderError, WrongState
from genhub._events import EventName, Listeners
from genhub._evolve import evolve
from genhub._hints import Hints
from genhub._jobs import Attempt, Job
from genhub._live import Live, Pursuit, Registry
from genhub._lookout import Lookout
from genhub._provider import Provider
from genhub._schedule import READ_PRICE
from genhub._status import Status
from genhub._submit import Recorder
from genhub._tracker import Tracker
from genhub.http import Sessions
from genhub.routing import Route, check
from genhub.stores import JobStore

log = logging.getLogger("genhub")

#: The tracker's lane of routed jobs that are to be looked at, beside those of the accounts.
ROUTES = ""
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
        routes: Mapping[str, Route] | None = None,
        listeners: Listeners | None = None,
        read_price: float = READ_PRICE,
    ) -> None:
        self.clock = clock
        self.routes = routes or {}
        self.listeners = listeners or Listeners()
        self.store = store
        self.read_only = read_only
        self.sessions = Sessions(connections=connections)
        self.accounts: dict[str, Bound] = {}
        places: dict[tuple[str, str], asyncio.Lock] = {}
        for name, each in accounts.items():
            account = Account.of(each)
            place = (account.provider.name, scope_of(account.provider))
            lock = places.setdefault(place, asyncio.Lock())
            self.accounts[name] = Bound(name, account, self.sessions, clock, lock, self._saw_balance)
        for name, route in self.routes.items():
            try:
                check(name, route, {each: bound.account for each, bound in self.accounts.items()})
            except ConfigError as error:
                raise ConfigError(error.message, where=f"route {name}", remedy=error.remedy) from None
        self.budgets = Budgets(
            {name: each.account for name, each in self.accounts.items()},
            store,
            clock,
            routes={name: route.budget for name, route in self.routes.items() if route.budget is not None},
        )
        self.hints = Hints(clock)  #: what webhooks said, and what they are worth
        self.agenda = Agenda(self.accounts, clock, self.hints, read_price, self._silent)
        self.lookout = Lookout(
            self.accounts,
            store,
            clock,
            self.budgets,
            self.listeners,
            self.agenda.timings,
            later=self._aside,
            readable=self._readable,
        )
        self.healths, self.learned = self.lookout.healths, self.lookout.learned
        self.registry = Registry(store, self._heard)
        self.recorder = Recorder(store, clock)
        self.driver = Driver(self.registry, self.accounts, clock, self.recorder.unwritten, self.healths, self.agenda)
        self.on_route: Callable[[Live], None] = lambda _: None  #: who is told that a routed job may have to go on
        self.wind_up: Callable[[], Awaitable[None]] = _nothing  #: what is to be done before reading ends
        self.before_close: Callable[[], Awaitable[None]] = _nothing  #: what is to be written once all sends are over
        self.tracker = Tracker(
            clock,
            self._look,
            batch=lambda name: name == ROUTES or self.accounts[name].can("poll_many"),
            most=lambda name: 1 if name == ROUTES else self.accounts[name].account.concurrency,
        )
        self.driver.flocks.remind = self.tracker.watch
        self.is_open = False
        self._closing = False
        self._sends: set[asyncio.Task[Any]] = set()
        self._loose: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        if self.tracker.closed:  # nothing would be read any more
            raise JournalError("this hub was closed: make a new one on the same journal")
        await self.store.open(read_only=self.read_only)
        try:
            if not self.read_only:
                await self.recorder.read_back()
            await self.lookout.open()
        except BaseException:
            await self.store.close()
            raise
        self.is_open = True

    async def close(self) -> None:
        """Stop reading, wait for the submits that are on their way, and let go of journal and sockets."""
        if not self.is_open or self._closing:
            return
        self._closing = True
        try:
            await self.wind_up()
        finally:
            self.is_open = self._closing = False
        await self.tracker.close()
        while self._sends:  # not by `gather`: from Python 3.12 on it lets nothing run where all of them are done
            await asyncio.wait(self._sends)
        await self.before_close()
        for task in self._loose:
            task.cancel()
        await asyncio.gather(*self._loose, return_exceptions=True)
        if not self.read_only:
            with suppress(JournalError):  # an estimate less
                await self.lookout.save()
        await self.sessions.close()
        await self.store.close()
        for live in self.registry.all():  # who waits learns that nothing more will come
            self.registry.ring(live)

    def _heard(self, live: Live, old: Attempt | None, new: Attempt, others: bool) -> None:
        """The journal has an attempt as it is now."""
        self.lookout.wrote(old, new, live.job, others=others)
        if not new.is_open:
            self._leave(live.pursue(new.number))
        if live.job.route is not None:
            self.on_route(live)

    def _readable(self, account: str) -> None:
        """Reads of an account go well again: those that waited for it are due, one after the other."""
        self._hurry(account, None)

    def _silent(self, account: str, kind: str) -> None:
        """Webhooks of a kind are not to be leant on any more: whoever waited for one is read."""
        self._hurry(account, kind)

    def _hurry(self, account: str, kind: str | None) -> None:
        """Read the open attempts of an account soon (of one kind, or all): not sooner than the vendor wants."""
        bound = self.accounts[account]
        waiting = [
            live.pursue(attempt.number)
            for live in self.registry.all()
            for attempt in live.job.attempts
            if attempt.account == account and attempt.is_open and kind in (None, attempt.kind)
        ]
        for hand in waiting:
            if hand.stuck or hand.sending is not None or self.tracker.reads(hand.attempt.id):
                continue
            within = bound.account.every(hand.attempt.kind) if len(waiting) > AT_ONCE else 0.0
            soonest = 0.0 if hand.attempt.status.in_doubt else self.agenda.soonest(bound, hand)
            self.tracker.watch(hand.attempt.id, account, soonest + self.agenda.spread(hand, within))

    def _look(self, account: str, ids: Sequence[str]) -> Awaitable[dict[str, float | None]]:
        """Drive what is due: attempts of an account, or routes."""
        return self._walk(ids) if account == ROUTES else self.driver.drive_many(account, ids)

    async def _walk(self, ids: Sequence[str]) -> dict[str, float | None]:
        for job_id in ids:
            live = self.registry.known(job_id)
            if live is not None:
                self.on_route(live)
        return {}

    def _saw_balance(self, account: str, balance: Balance) -> None:
        self.lookout.saw_balance(account, balance)

    def _aside(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something in the background, if this hub may write."""
        if self.is_open and not self.read_only:
            self.later(work)
        else:
            work.close()

    def later(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[Any]:
        """Do something for which nobody waits, and which `close` cuts off."""
        task = asyncio.get_running_loop().create_task(work)
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)
        return task

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

    @property
    def sends(self) -> frozenset[asyncio.Task[Any]]:
        """What charges and is on its way."""
        return frozenset(self._sends)

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

        self.later(write())

    def track(self, live: Live, *, within: float | None = None) -> None:
        """See to it that what is open of a job is driven; `within`: within so many seconds, else when it is due."""
        if self.read_only or not self.is_open:
            return
        for attempt in live.job.attempts:
            if not attempt.is_open:
                continue
            hand = live.pursue(attempt.number)
            bound = self.accounts.get(attempt.account)
            if bound is not None and hand.sending is None and not hand.stuck:
                if attempt.status.in_doubt or attempt.resuming_at is not None:
                    wait = 0.0
                elif within is not None:
                    wait = self.agenda.spread(hand, within)
                elif self.tracker.knows(attempt.id):
                    continue
                else:
                    wait = self._expected(bound, hand)
                self.tracker.watch(attempt.id, bound.name, wait)

    def _expected(self, bound: Bound, hand: Pursuit) -> float:
        """Return the seconds until the first read: whatever is odd about what was learned, a paid job is read."""
        try:
            return self.driver.flocks.expect(bound, hand)
        except Exception:
            log.exception("when to read %s could not be said", hand.attempt.id)
            return bound.account.every(hand.attempt.kind)

    def take_up(self, live: Live) -> None:
        """See to it that a job is driven, and that its route goes on."""
        self.track(live)
        if live.job.route is not None:
            self.on_route(live)

    async def end_route(self, live: Live, why: str) -> None:
        """A job's route tries nobody else. After a success there is nothing to write: that ends it too."""
        job, route = live.job, live.job.route
        if route is None:
            return
        if job.routing:
            job = await self.registry.reroute(live, evolve(route, ended=why))
        self.lookout.say(EventName.ROUTED, job.attempt, job, {"route": route.route, "why": why})

    def _leave(self, hand: Pursuit) -> None:
        """An attempt is read no more: neither alone nor with others."""
        self.agenda.leave(hand)
        self.driver.flocks.leave(hand)

    def untrack(self, live: Live) -> None:
        """Drive it no more."""
        for attempt in live.job.attempts:
            self.tracker.forget(attempt.id)
            self._leave(live.pursue(attempt.number))
        self.tracker.forget(live.job.id)
        self.registry.forget(live)

    async def doubt(self, live: Live) -> None:
        """What is `submitting` and is not being sent by this process was cut off: it is in doubt."""
        for attempt in live.job.attempts:
            idle = live.pursue(attempt.number).sending is None
            if attempt.status is Status.SUBMITTING and idle and not self.read_only:
                at = moment(self.clock)
                await self.registry.apply(live, attempt.number, partial(_cut_off, at=at))

    async def poll(self, job_id: str) -> Job:
        """Read the vendor once; for a job in doubt, look at the doubt once. All attempts that are open are read."""
        async with self.registry.using(job_id) as live:
            if not live.sending:
                self.must_write()
                await self.doubt(live)
                present = live.job.attempt.number
                for attempt in live.job.attempts:
                    if attempt.is_open and attempt.number != present:
                        with suppress(ProviderError):  # noted on what is in hand; the present one's is raised
                            await self.driver.read(live.pursue(attempt.number))
                await self.driver.read(live.pursue(present))
                self.track(live)
            return live.job


async def _nothing() -> None:
    pass


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
