"""One attempt: from a request and an account to a row of the journal that holds the submit's outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from genhub import _transitions as transitions
from genhub._account import Budget
from genhub._bound import Bound
from genhub._budget import Reservation
from genhub._clock import moment
from genhub._desk import Desk
from genhub._errors import GenhubError, ProviderUnavailable, RateLimited
from genhub._events import EventName
from genhub._evolve import evolve
from genhub._itinerary import Portability
from genhub._jobs import Attempt, Call, Job
from genhub._live import Live, Pursuit, with_attempt
from genhub._pacing import Turn
from genhub._provider import Intent
from genhub._submit import intend, send

To = str | Sequence[str] | None


@frozen(kw_only=True)
class Terms:
    """Under which terms an attempt may be made."""

    portability: Portability = "strict"
    most: Budget | None = None  #: caps what it may cost
    allow_unpriced: bool | None = None  #: `None`: as the account says
    waits: bool = True  #: for the vendor's limits; else they are a RateLimited, and nothing is written
    reason: str = "asked for"  #: why this attempt is made
    wanted: Callable[[Job], bool] | None = None  #: asked again once nothing stands in its way, and before it is sent
    news: tuple[EventName, Mapping[str, str]] | None = None  #: what its beginning means for its route


class Submitter:
    """Makes attempts: one request, one account, one send."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def attempt(self, job: Job, bound: Bound, terms: Terms) -> Job:
        """Make a job's next attempt; a job without one is new.

        Raises only when it is certain that nothing was bought.
        """
        desk, request = self.desk, job.request
        desk.must_write()
        number = len(job.attempts) + 1
        fresh = terms.waits and number == 1  # the job was made a moment ago: they are as old as each other
        attempt_id = f"{job.id}.{number}"
        call = bound.provider.prepare(request, attempt_id, adjust=terms.portability == "adjust")
        if not terms.waits and (wait := bound.http.wait_for(call.path)) > 0:
            raise RateLimited("the vendor's limit is reached; nothing was sent", account=bound.name, retry_after=wait)
        said = desk.budgets.estimate(bound.name, bound.account, call.kind, request.kind)
        unpriced = bound.account.allow_unpriced if terms.allow_unpriced is None else terms.allow_unpriced
        route = "" if job.route is None else job.route.route
        reserved = desk.budgets.reserve(
            bound.name, bound.account, said, most=terms.most, unpriced=unpriced, route=route
        )
        attempt = Attempt(
            id=attempt_id,
            job_id=job.id,
            number=number,
            account=bound.name,
            provider=bound.provider.name,
            kind=call.kind,
            unit=bound.provider.billing.unit,
            created_at=job.created_at if fresh else moment(desk.clock),
            adjustments=call.adjustments,
            price=bound.account.price,
            reserved=reserved.amount,
            reason=terms.reason,
            doubt=transitions.LOST,
        )
        try:
            await bound.slots.acquire()
        except BaseException:
            desk.budgets.release(reserved)
            raise
        turn: Turn | None = None
        try:
            turn = await bound.http.turn(call.path)  # the intent is written once nothing stands in its way
            desk.must_write()  # the hub may have been closed meanwhile
        except BaseException:
            if turn is not None:
                turn.end()
            bound.slots.release()
            desk.budgets.release(reserved)
            raise
        sending = self._protocol(bound, job, attempt, call, turn, reserved, terms)
        sent, error = await desk.unbroken(bound, sending)
        if error is not None:
            if isinstance(error, GenhubError):
                error.job = sent
            raise error
        return sent

    async def _protocol(
        self,
        bound: Bound,
        job: Job,
        attempt: Attempt,
        call: Call,
        turn: Turn,
        reserved: Reservation,
        terms: Terms,
    ) -> tuple[Job, Exception | None]:
        """Intent, send, outcome, for one attempt that holds its slot and its turn."""
        desk, number = self.desk, attempt.number
        begun = with_attempt(job, attempt)
        # In hand before it is in the journal: a look at another's doubt waits for this one's answer.
        if number == 1:
            live = desk.registry.hold(begun)
        else:  # it may have ended meanwhile, and been let go
            try:
                live = await desk.registry.load(job.id)
            except BaseException:
                desk.budgets.release(reserved)
                turn.end()
                raise
        said = terms.news
        hand = live.pursue(number, bound.name)
        if hand.sending is not None:  # the same key, cancelled and asked again
            desk.budgets.release(reserved)
            turn.end()
            await asyncio.wait([hand.sending])
            return live.job, None
        if not self._wanted(terms, live, number):
            desk.budgets.release(reserved)
            turn.end()
            if number > len(live.job.attempts):
                live.let_go(hand)
            desk.registry.drop(live)
            return live.job, None
        hand.sending = asyncio.current_task()
        try:
            try:
                intent = await intend(bound, call, attempt.id, desk.clock)
                sent_at = desk.clock.monotonic()
                if not self._wanted(terms, live, number):
                    desk.budgets.release(reserved)
                    self._not_begun(hand)
                    return live.job, None
                other = await self._commit(begun, attempt, intent)
            except BaseException:
                desk.budgets.release(reserved)
                self._not_begun(hand)
                raise
            if other is not None:  # the same key, in the same moment: the other one sends
                desk.budgets.release(reserved)
                self._not_begun(hand)
                if other.id == job.id and number > 1:  # the journal has it: so must we
                    await desk.registry.refresh(live)
                if other.is_open:
                    desk.take_up(desk.registry.hold(other))
                return other, None
            desk.budgets.keep(reserved, attempt)
            if live.job is not begun:
                live.job = with_attempt(live.job, attempt)
            if said is not None:
                desk.lookout.say(said[0], attempt, live.job, said[1])
            desk.lookout.tell(None, attempt, live.job)
            hand.sent_at = sent_at
            if wanted := self._wanted(terms, live, number):
                outcome, error = await send(bound, attempt, call, turn, desk.clock)
            else:
                unsent = ProviderUnavailable("nobody wants it any more; nothing was sent", account=bound.name)
                outcome, error = transitions.refused(attempt, unsent, moment(desk.clock)), None
            written = await desk.recorder.record(outcome)
        finally:
            turn.end()
            hand.sending = None
        if wanted:
            desk.lookout.sent(bound.name, written, error)
        else:
            desk.healths.passed(bound.name)
        desk.registry.news(live, written)
        vendor_id = written.provider_id
        if vendor_id is not None and desk.hints.early(bound.name, vendor_id):  # its webhook was quicker than its answer
            desk.hints.heard(bound.name, written.kind, written.id)
            hand.hinted = True
            desk.tracker.watch(written.id, bound.name, 0.0)
        if attempt.id in desk.recorder.unwritten:
            desk.write_later(live, written)
        desk.track(live)
        desk.registry.drop(live)
        return live.job, error

    @staticmethod
    def _wanted(terms: Terms, live: Live, number: int) -> bool:
        """Decide again: while an attempt waited, another may have done the work, or somebody stopped the job."""
        if number == 1 or terms.wanted is None:
            return True
        return terms.wanted(evolve(live.job, attempts=live.job.attempts[: number - 1]))

    def _not_begun(self, hand: Pursuit) -> None:
        """The journal does not have the attempt: nobody is to wait for it."""
        if hand.number == 1:
            self.desk.registry.forget(hand.live)
        else:
            hand.sending = None
            hand.live.let_go(hand)
            self.desk.registry.drop(hand.live)

    async def _commit(self, job: Job, attempt: Attempt, intent: Intent) -> Job | None:
        """Commit the intent; returns the job that somebody else is sending already."""
        store = self.desk.store
        if attempt.number == 1:
            return await store.create(job, intent)
        if await store.add(attempt, intent):
            return None
        return await store.job(job.id)
