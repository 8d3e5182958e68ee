"""Takes a routed job from one account to the next until one has done it, or nobody is left.

What may come next is decided by `routing.next_step`, from what the journal holds; here it is done, recorded, and
decided again. Begun again at any point, in this process or in a later one, a walk goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from attrs import define, evolve, field, frozen

from genhub import _transitions as transitions
from genhub._account import Budget
from genhub._billing import Money
from genhub._budget import counted, worth
from genhub._clock import moment
from genhub._control import Controller
from genhub._credits import ZERO
from genhub._desk import ROUTES, Desk
from genhub._errors import GenhubError, InsufficientCredits, ProviderUnavailable, RateLimited, UnsupportedRequest
from genhub._events import EventName
from genhub._itinerary import Itinerary, Stage
from genhub._jobs import Attempt, Job
from genhub._live import Live
from genhub._stop import forecast
from genhub._submitter import Submitter, Terms
from genhub.routing import BreakerState, Drop, End, Leave, Outlook, Rest, Shut, Try, next_step

log = logging.getLogger("genhub.route")

#: An account that refused for now, and did not say until when, is asked again after so many seconds.
AGAIN = 1.0
FIRST = Try("asked for")
LEFT = "its caller left before any account had accepted it"


@define(eq=False)
class Walk:
    """One job on its route, in this process."""

    job: Job  #: as it was when something last happened to it; what is in hand is newer
    useless: dict[str, GenhubError] = field(factory=dict[str, GenhubError])  #: accounts that can't do it, and why
    shut: tuple[GenhubError, ...] = ()  #: why nobody else could be asked in the end
    waited: float = 0.0  #: seconds since the last attempt, for accounts that are held back
    walking: bool = False
    again: bool = False  #: something happened while it was walking
    hedged: bool = False  #: nobody could be found to work beside the one that runs
    over: bool = False  #: another walk took its place
    left: bool = False  #: the caller is gone, and nobody had accepted it
    task: asyncio.Task[object] | None = None  #: walks in the background


@frozen
class Walker:
    """Walks jobs; safe to call at any time, and for a job that walks already."""

    desk: Desk
    submitter: Submitter
    controller: Controller

    async def go(self, walk: Walk, *, waits: bool) -> None:
        """Do what there is to do for a job now. `waits`: stay until an account that is held back may be asked."""
        if walk.walking:
            walk.again = True
            return
        walk.walking = True
        try:
            while await self._step(walk, waits=waits):
                pass
        finally:
            walk.walking = False

    def now(self, walk: Walk) -> Job:
        """Return a walk's job as it is in hand."""
        live = self.desk.registry.known(walk.job.id)
        return walk.job if live is None else live.job

    async def _step(self, walk: Walk, *, waits: bool) -> bool:
        """Do one thing; returns whether there may be more to do at once."""
        walk.again = False
        job = self.now(walk)
        if job.route is None or not job.route.is_open or walk.over:
            return False
        if walk.left and not job.is_over:
            live = self.desk.registry.known(job.id)
            if live is not None and live.sending:  # its outcome comes first
                return False
            return await self._end(walk, job, LEFT)
        if not job.attempts:  # nothing stands against the first
            return await self._try(walk, job, FIRST, waits=waits)
        more = self._more(walk, job)
        step = next_step(job, moment(self.desk.clock), self._outlook(job), more=more, hedges=not walk.hedged)
        match step:
            case Rest(seconds):
                self._wake(job, seconds)
                return walk.again
            case Try():
                return await self._try(walk, job, step, waits=waits)
            case Drop(number, why):
                return await self._drop(job, number, why)
            case Leave(number, why):
                await self._give_up(job, number, why)
                return await self._end(walk, job, why)
            case End(why):
                return await self._end(walk, job, why)

    def _wake(self, job: Job, seconds: float | None) -> None:
        if seconds is not None:
            self.desk.tracker.watch(job.id, ROUTES, seconds)

    # What is known.

    def _outlook(self, job: Job) -> _Look:
        return _Look(self.desk, job)

    def _more(self, walk: Walk, job: Job) -> bool:
        """True when another account may be tried; beside one that runs, only one that can be asked now counts.

        What runs is not stopped for the sake of somebody who is out of credits.
        """
        left = self._candidates(walk, job)
        if not left or not any(each.is_open for each in job.attempts):
            return bool(left)
        return any(self._shut(job, stage.account) is None for stage in left)

    def _candidates(self, walk: Walk, job: Job) -> Sequence[Stage]:
        """Return who is left: those that were not tried; then those that refused for now, and may be asked again."""
        route = job.route
        assert route is not None
        if not job.attempts and not walk.useless:
            return route.stages
        tried = {each.account: each for each in job.attempts[route.since :]}
        stages = [stage for stage in route.stages if stage.account not in walk.useless]
        fresh = [stage for stage in stages if stage.account not in tried]
        return fresh or [stage for stage in stages if _for_now(tried[stage.account])]

    # What is done.

    async def _try(self, walk: Walk, job: Job, step: Try, *, waits: bool) -> bool:
        """Make an attempt at the first account that takes one."""
        desk = self.desk
        passed: dict[str, Shut] = {}
        for stage in self._candidates(walk, job):
            account = stage.account
            shut = self._shut(job, account)
            if shut is not None:
                passed[account] = shut
                continue
            bound = desk.accounts[account]
            desk.healths.let_through(account)
            try:
                sent = await self.submitter.attempt(job, bound, self._terms(walk, job, step, stage, passed))
            except Exception as error:
                if len(self.now(walk).attempts) > len(job.attempts):  # it was refused, as the journal says
                    if not isinstance(error, GenhubError):
                        log.exception("%s: the attempt at %s ended in an unforeseen way", job.id, account)
                    return self._tried(walk, job, passed)
                desk.healths.passed(account)
                if isinstance(error, RateLimited):
                    passed[account] = Shut(account=account, why=error.message, retry_in=error.retry_after or AGAIN)
                elif isinstance(error, GenhubError) and error.fallback:
                    walk.useless[account] = error.at(account) if isinstance(error, UnsupportedRequest) else error
                else:
                    raise
            except BaseException:
                desk.healths.passed(account)
                raise
            else:
                if sent.id != job.id:  # another process has the caller's key
                    walk.job = sent
                    return False
                walk.job = sent  # it may be in hand no more
                if len(sent.attempts) == len(job.attempts):  # it was not wanted any more
                    desk.healths.passed(account)
                return self._tried(walk, job, passed)
        if step.hedge:
            walk.hedged = True
            return True
        return await self._nobody(walk, job, passed, waits=waits)

    def _tried(self, walk: Walk, job: Job, passed: dict[str, Shut]) -> bool:
        """An attempt was made, however it went."""
        walk.waited = 0.0
        for name in passed:  # for the jobs to come
            if name in self.desk.accounts and self.desk.healths.wants_look(name):
                self.desk.later(self.desk.lookout.look_at_balance(name))
        live = self.desk.registry.known(job.id)
        return live is None or not nothing_to_do(live)

    def _terms(self, walk: Walk, job: Job, step: Try, stage: Stage, passed: dict[str, Shut]) -> Terms:
        route = job.route
        assert route is not None
        first = len(job.attempts) == route.since
        reason = stage.why if first else f"{step.why}; {stage.why}"
        if walk.useless or passed:
            reasons = {name: _bare(error, name) for name, error in walk.useless.items()}
            reasons |= {name: shut.why for name, shut in passed.items()}
            reason = "; ".join((reason, *(f"{name} passed over: {why}" for name, why in reasons.items())))
        most: Budget | None = None
        if route.max_spend is not None:
            spent = (worth(counted(each), each.price, route.currency) for each in job.attempts)
            rest = route.max_spend - sum((each for each in spent if each is not None), ZERO)
            most = Budget(amount=max(rest, ZERO), per="call", currency=route.currency)
        return Terms(
            portability=route.portability,
            most=most,
            allow_unpriced=False if step.hedge and most is not None else route.allow_unpriced,
            waits=False,
            reason=reason,
            wanted=lambda now: self._still(walk, now, step),
            news=None if first else _news(job, route, step, stage),
        )

    def _still(self, walk: Walk, job: Job, step: Try) -> bool:
        """True when what was decided would be decided again."""
        if job.route is None or not job.route.is_open:
            return False
        again = next_step(job, moment(self.desk.clock), self._outlook(job), more=True, hedges=not walk.hedged)
        return isinstance(again, Try) and again.hedge is step.hedge

    def _shut(self, job: Job, account: str) -> Shut | None:
        """Say why an account can't be asked now."""
        desk = self.desk
        if account not in desk.accounts:
            return Shut(account=account, why="there is no such account in this configuration")
        shut = desk.healths.refusal(account)
        if shut is not None or not job.attempts:
            return shut
        last = next((each for each in reversed(job.attempts) if each.account == account), None)
        if last is None or last.finished_at is None or last.error is None:
            return None
        due = last.finished_at + timedelta(seconds=max(AGAIN, last.error.retry_after or 0.0))
        wait = (due - moment(desk.clock)).total_seconds()
        return Shut(account=account, why="it refused a moment ago", retry_in=wait) if wait > 0 else None

    async def _nobody(self, walk: Walk, job: Job, passed: dict[str, Shut], *, waits: bool) -> bool:
        """Nobody takes it now: look at those that are out of credits, wait for those that are held back, or end."""
        desk, route = self.desk, job.route
        assert route is not None
        for account, shut in passed.items():
            if account not in desk.accounts or shut.retry_in is not None:
                continue
            if desk.lookout.wants_look(account):
                await desk.lookout.look_at_balance(account)
            if desk.healths.refusal(account) is None:
                return True
        wait = min((each for shut in passed.values() if (each := self._in(shut)) is not None), default=None)
        if wait is not None and walk.waited + wait <= route.patience:
            walk.waited += wait
            if not waits:
                self._wake(job, wait)
                return walk.again
            await desk.clock.sleep(wait)
            return True
        walk.shut = tuple(self._error_of(job, shut) for shut in passed.values())
        why = "; ".join(f"{account}: {shut.why}" for account, shut in passed.items())
        return await self._end(walk, job, f"no account is left ({why})" if why else "no account is left")

    def _in(self, shut: Shut) -> float | None:
        """Return when an account that was passed over may be asked, now that nobody else is left."""
        healths = self.desk.healths
        if shut.account not in self.desk.accounts or shut.retry_in is None:
            return shut.retry_in
        healths.hurry(shut.account)
        again = healths.refusal(shut.account)
        wait = shut.retry_in if again is None or again.retry_in is None else again.retry_in
        state = healths.state(shut.account)
        out = any(each.state is BreakerState.HALF_OPEN for each in (state.submits, state.work))
        return min(wait, AGAIN) if out else wait  # the call that is out may tell at any time

    def _error_of(self, job: Job, shut: Shut) -> GenhubError:
        """Return why an account was passed over, as an error; that it can't do it anyway comes first."""
        name, route, bound = shut.account, job.route, self.desk.accounts.get(shut.account)
        if bound is not None and route is not None:
            try:
                bound.provider.prepare(job.request, "look", adjust=route.portability == "adjust")
            except UnsupportedRequest as error:
                return error.at(name)
            except GenhubError as error:
                return error
            if self.desk.healths.state(name).parked is not None:
                return InsufficientCredits(f"passed over: {shut.why}", account=name)
        return ProviderUnavailable(f"passed over: {shut.why}", account=name, retry_after=shut.retry_in)

    async def _give_up(self, job: Job, number: int, why: str) -> None:
        desk, at = self.desk, moment(self.desk.clock)
        live = desk.registry.hold(job)
        await desk.registry.apply(live, number, lambda now: transitions.given_up(now, why, at) if now.is_open else now)

    async def _drop(self, job: Job, number: int, why: str) -> bool:
        """Ask the vendor to stop an attempt. What it answers decides, and a stop that fails is not asked for again."""
        await self._give_up(job, number, why)
        hand = self.desk.registry.hold(job).pursue(number)
        hand.asked = True
        if hand.attempt.is_open:
            try:
                await self.controller.stop_one(hand)
            except GenhubError as error:
                log.warning("%s.%d was not stopped (%s): %s", job.id, number, why, error)
        return True

    async def end(self, walk: Walk, why: str) -> None:
        """End a route that can't go on."""
        job = self.now(walk)
        if job.routing:
            await self._end(walk, job, why)

    async def _end(self, walk: Walk, job: Job, why: str) -> bool:
        """The route tries nobody else."""
        route = job.route
        assert route is not None
        if not job.attempts:
            walk.job = evolve(job, route=evolve(route, ended=why))
            return False
        live = self.desk.registry.hold(job)
        await self.desk.end_route(live, why)
        walk.job = live.job
        self.desk.registry.drop(live)
        return False


@frozen
class _Look:
    """What is known of a job's attempts under way, asked for when it matters."""

    desk: Desk
    job: Job

    def __call__(self, attempt: Attempt) -> Outlook:
        desk, route = self.desk, self.job.route
        assert route is not None
        bound = desk.accounts.get(attempt.account)
        if bound is None:
            return Outlook()
        live = desk.registry.known(self.job.id)
        free = bound.can("stop") and attempt.ref is not None
        if free:
            free = forecast(self.job, attempt, bound.provider.billing).money is Money.FREE
        after = route.hedge_after
        if route.hedge_quantile is not None:
            after = desk.learned.seconds(attempt.account, attempt.kind, route.hedge_quantile)
        hand = None if live is None else live.pursue(attempt.number)
        return Outlook(
            free=free,
            stuck=hand is not None and hand.stuck,
            asked=hand is not None and hand.asked,
            hedge_after=after,
        )


def _bare(error: GenhubError, name: str) -> str:
    return str(error).removeprefix(f"{name}: ")


def _news(job: Job, route: Itinerary, step: Try, stage: Stage) -> tuple[EventName, Mapping[str, str]]:
    """Return what another attempt means for its route."""
    detail = {"old": job.attempts[-1].account, "new": stage.account, "why": step.why, "route": route.route}
    return EventName.HEDGED if step.hedge else EventName.FALLBACK, detail


def nothing_to_do(live: Live) -> bool:
    """True when a look would end in waiting: one attempt is under way, and there is no time to keep."""
    job = live.job
    route = job.route
    if route is None or route.deadline is not None or route.hedge_after is not None or route.hedge_quantile is not None:
        return False
    under_way = [each for each in job.attempts if each.is_open]
    return len(under_way) == 1 and job.routing and not live.pursue(under_way[0].number).stuck


def _for_now(attempt: Attempt) -> bool:
    error = attempt.error
    if error is None:
        return False
    return error.kind == "not_submitted" or (error.retryable and error.kind in ("refused", "not_sent"))
