"""The way in: which job a call gets (one that is there already, or a new one), and who begins with it.

Calls with the same key, or for the same thing where results may be used again, are let in one after the other: whoever
comes second finds the first one's job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from weakref import WeakValueDictionary

import orjson
from attrs import frozen

from genhub._bound import Bound
from genhub._clock import moment
from genhub._control import Controller
from genhub._credits import Price
from genhub._desk import ROUTES, Desk, new_id
from genhub._errors import ConfigError, GenhubError, JournalError
from genhub._events import EventName
from genhub._gate import Gate
from genhub._itinerary import Itinerary, Portability
from genhub._jobs import Job
from genhub._live import Live
from genhub._plain import to_dict
from genhub._planner import Named, Planner, To, budget_of
from genhub._requests import Request
from genhub._status import Status
from genhub._submitter import Submitter, Terms
from genhub._walk import LEFT, Walk, Walker, nothing_to_do
from genhub.routing import all_failed, fingerprint, nothing_bought

log = logging.getLogger("genhub.route")

#: The seconds after which a walk that the journal held up is begun again.
LATER = 30.0
#: So many calls begin in one turn of the event loop.
IN_A_TURN = 50


@frozen(kw_only=True)
class Ask:
    """What a caller of `submit` asks for."""

    request: Request
    to: To = None
    key: str | None = None
    portability: Portability | None = None
    max_spend: Price | Decimal | None = None
    allow_unpriced: bool | None = None
    reuse: float | None = None  #: seconds


class Router:
    """Lets calls in, and keeps routed jobs walking."""

    def __init__(self, desk: Desk, submitter: Submitter, controller: Controller, planner: Planner) -> None:
        self.desk = desk
        self.planner = planner
        self._submitter = submitter
        self._walker = Walker(desk, submitter, controller)
        self._walks: dict[str, Walk] = {}  # by job
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.gate = Gate(IN_A_TURN)  #: where calls of `submit` begin
        desk.on_route = self.kick
        desk.wind_up = self._wind_up
        desk.before_close = self._leave

    async def submit(self, ask: Ask) -> tuple[Job, bool]:
        """See `Hub.submit`. Returns the job, and whether it was given again for an equal request."""
        self.desk.must_write()
        target = self.planner.target(ask.to)
        reuse = ask.reuse
        if reuse is None and isinstance(target, Named):
            reuse = target.route.reuse
        if ask.key is None and not reuse:
            return await self._begin(ask, target, None, None), False
        mark = None if not reuse else fingerprint(ask.request, *_of_whom(target), ask.portability)
        async with self._turn(None if ask.key is None else f"key {ask.key}"):
            if ask.key is not None and reuse:  # else another's job would be given for a key that has one
                await self._landed(lambda job: job.key == ask.key)
            earlier = await self._earlier(ask.key, ask.request)
            if earlier is not None and not self._may_begin_again(earlier):
                return self._joined(earlier), False
            async with self._turn(mark):
                if mark is not None and reuse and (same := await self._again(mark, reuse)) is not None:
                    if ask.key is not None:  # the key is that job's from now on, also when the window is over
                        await self.desk.store.put(_given(ask.key), same.id)
                    return self._joined(same), True
                return await self._begin(ask, target, earlier, mark), False

    def _may_begin_again(self, job: Job) -> bool:
        """True for a job that everybody refused, and with which nobody goes on."""
        walk = self._walks.get(job.id)
        return nothing_bought(job) and (walk is None or not walk.walking)

    def _joined(self, job: Job) -> Job:
        """Somebody waits for a job again: its route goes on, although its first caller may have left."""
        walk = self._walks.get(job.id)
        if walk is not None:
            walk.left = False
        if job.is_open:
            self.desk.take_up(self.desk.registry.hold(job))
        return job

    @asynccontextmanager
    async def _turn(self, name: str | None) -> AsyncGenerator[None]:
        if name is None:
            yield
            return
        turn = self._turns.get(name) or self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            yield

    async def _earlier(self, key: str | None, request: Request) -> Job | None:
        """Return the job that has the caller's key."""
        if key is None:
            return None
        earlier = await self.desk.store.keyed(key)
        if earlier is None and (given := await self.desk.store.get(_given(key))) is not None:
            earlier = await self.desk.store.job(given)
        if earlier is None:
            return None
        if orjson.loads(orjson.dumps(to_dict(earlier.request))) != orjson.loads(orjson.dumps(to_dict(request))):
            raise ConfigError(
                f"the key {key!r} belongs to another request ({earlier.id})", remedy="A new request needs a new key"
            )
        live = self.desk.registry.known(earlier.id)
        return earlier if live is None else live.job

    async def _landed(self, which: Callable[[Job], bool]) -> None:
        """Wait for the submits of such jobs: whoever began one may have left before the journal had it."""
        lives = [live for live in self.desk.registry.all() if which(live.job)]
        flights = [hand.sending for live in lives for hand in live.pursuits if hand.sending is not None]
        if flights:
            await asyncio.wait(flights)

    async def _again(self, mark: str, reuse: float) -> Job | None:
        """Return the job that an equal request was given within so many seconds, if its results are still there."""
        desk, now = self.desk, moment(self.desk.clock)
        await self._landed(lambda job: job.fingerprint == mark)
        job = await desk.store.alike(mark, now - timedelta(seconds=reuse))
        if job is None:
            return None
        live = desk.registry.known(job.id)
        job = job if live is None else live.job
        if any(each.expires_at is not None and each.expires_at <= now for each in job.outputs):
            return None
        why = f"an equal request of {job.created_at:%Y-%m-%d %H:%M:%S} UTC"
        desk.lookout.say(EventName.REUSED, job.attempt, job, {"why": why})
        return job

    def _begin(self, ask: Ask, target: Bound | Named, earlier: Job | None, mark: str | None) -> Awaitable[Job]:
        if isinstance(target, Bound):
            return self._directly(ask, target, earlier or self._new(ask, mark, target.to))
        return self._routed(ask, target, earlier, mark)

    def _new(self, ask: Ask, mark: str | None, to: tuple[str, ...], route: Itinerary | None = None) -> Job:
        desk = self.desk
        job_id = new_id(desk.clock)
        return Job(
            id=job_id,
            request=ask.request,
            created_at=moment(desk.clock),
            key=ask.key,
            to=to,
            route=route,
            fingerprint=mark,
            trace=desk.listeners.trace(job_id, ask.request) if desk.listeners else None,
        )

    async def _directly(self, ask: Ask, bound: Bound, job: Job) -> Job:
        again = bool(job.attempts)
        terms = Terms(
            portability=ask.portability or "strict",
            most=budget_of(ask.max_spend),
            allow_unpriced=ask.allow_unpriced,
            reason="asked for again: the attempt before was refused" if again else "asked for",
        )
        if job.routing:  # the caller wants this account now, and no other
            live = self.desk.registry.hold(job)
            await self.desk.end_route(live, f"asked for again, of {bound.name}")
            job = live.job
        self.desk.healths.let_through(bound.name)
        try:
            return await self._submitter.attempt(job, bound, terms)
        except BaseException:
            self.desk.healths.passed(bound.name)  # says nothing where the outcome has said something already
            raise

    async def _routed(self, ask: Ask, named: Named, earlier: Job | None, mark: str | None) -> Job:
        desk = self.desk
        itinerary, others = self.planner.itinerary(
            named,
            ask.request,
            portability=ask.portability,
            max_spend=ask.max_spend,
            allow_unpriced=ask.allow_unpriced,
            since=0 if earlier is None else len(earlier.attempts),
        )
        if earlier is None:
            job = self._new(ask, mark, named.to or itinerary.accounts, itinerary)
        else:  # refused by everybody the last time
            job = await desk.registry.reroute(desk.registry.hold(earlier), itinerary)
        if (old := self._walks.get(job.id)) is not None:
            old.over = True  # who left has no say in what others want
        walk = self._walks[job.id] = Walk(job, useless=others)
        try:
            await self._walker.go(walk, waits=True)
        except asyncio.CancelledError:
            walk.left = True  # whoever leaves before anybody has accepted wants nobody else to
            if desk.is_open:
                desk.later(self._left(walk))
            raise
        except JournalError as error:
            if not self._walker.now(walk).attempts:
                raise
            log.error("the route of %s is held up by the journal: %s", job.id, error)  # it goes on once it can
            desk.tracker.watch(job.id, ROUTES, LATER)
        except Exception as error:
            with suppress(JournalError):  # whoever is told of an error is not to be sold anything later
                await self._walker.end(walk, str(error))
            if nothing_bought(self._walker.now(walk)):
                raise
            log.error("the route of %s can't go on: %s", job.id, error)
        finally:
            job = self._walker.now(walk)
            over = not job.attempts or not job.is_open
            if over and not walk.left:
                self._forget(walk)
        if over and nothing_bought(job):
            raise all_failed(job, [*walk.useless.values(), *walk.shut])
        return job

    def kick(self, live: Live) -> None:
        """Something happened to a routed job: see whether it has to go on."""
        desk, job = self.desk, live.job
        walk = self._walks.get(job.id)
        if walk is not None:
            walk.job = job
        if job.route is None or not desk.is_open or desk.read_only:
            return
        if walk is not None and (walk.walking or (walk.task is not None and not walk.task.done())):
            walk.again = True  # one task for a walk: whoever closes waits for it
            return
        if walk is None:
            if not job.is_open:
                return
            walk = self._walks[job.id] = Walk(job)
        if nothing_to_do(live) and not walk.left:
            return
        walk.task = desk.later(self._go_on(walk))

    async def _go_on(self, walk: Walk) -> None:
        """Walk where nobody waits: what goes wrong is logged, and tried again where it may pass."""
        desk, job_id = self.desk, walk.job.id
        try:
            await self._walker.go(walk, waits=False)
        except JournalError as error:
            log.error("the route of %s is held up by the journal: %s", job_id, error)
            desk.tracker.watch(job_id, ROUTES, LATER)
        except GenhubError as error:
            log.error("the route of %s can't go on: %s", job_id, error)
            try:
                await self._walker.end(walk, str(error))
            except JournalError:
                desk.tracker.watch(job_id, ROUTES, LATER)
        except Exception:
            log.exception("the route of %s went wrong in an unforeseen way", job_id)
            desk.tracker.watch(job_id, ROUTES, LATER)
        finally:
            self._tidy(walk)

    async def _left(self, walk: Walk) -> None:
        """The caller of a walk is gone: once what is on its way has its outcome, nobody else is asked."""
        if self.desk.sends:
            await asyncio.wait(self.desk.sends)
        if self._walker.now(walk).attempts:
            await self._go_on(walk)
        self._tidy(walk)

    async def _wind_up(self) -> None:
        """The hub is being closed: what lost a race is not left running, and paid, for want of a stop."""
        for walk in tuple(self._walks.values()):
            job = self._walker.now(walk)
            if job.status is not Status.SUCCEEDED or not job.is_open:
                continue
            if walk.task is not None:
                await asyncio.wait([walk.task])
            await self._go_on(walk)

    async def _leave(self) -> None:
        """The hub is being closed: what nobody waited for any more is not to be bought by the next process."""
        for walk in [each for each in self._walks.values() if each.left]:
            try:
                await self._walker.end(walk, LEFT)
            except JournalError as error:
                log.error("that the caller of %s has left can't be written: %s", walk.job.id, error)

    def _tidy(self, walk: Walk) -> None:
        """Forget a walk that is over."""
        job = self._walker.now(walk)
        if not job.attempts or not job.is_open:
            self._forget(walk)

    def _forget(self, walk: Walk) -> None:
        job_id = walk.job.id
        if self._walks.get(job_id) is walk:
            del self._walks[job_id]
            self.desk.tracker.forget(job_id)


def _given(key: str) -> str:
    """Return what the journal's fact is called that says which job was given for a key."""
    return f"key {key}"


def _of_whom(target: Bound | Named) -> tuple[str, ...]:
    """Return what of a target makes two calls the same."""
    if isinstance(target, Bound):
        return ("account", target.name)
    return ("route", target.name, *(() if target.name else target.route.names))
