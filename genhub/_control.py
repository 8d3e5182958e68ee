"""Stop, resume and settle: what people do to a job that is there already."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal

from attrs import frozen

from genhub import _transitions as transitions
from genhub._billing import Money
from genhub._bound import Bound
from genhub._budget import Reservation
from genhub._clock import moment
from genhub._desk import Desk, new_id, wrong_state
from genhub._errors import (
    ConfigError,
    GenhubError,
    JournalError,
    NotFound,
    ProviderError,
    UnsupportedRequest,
    WrongState,
)
from genhub._jobs import Attempt, Call, Job, Ref, StopVerdict
from genhub._live import Live, Pursuit
from genhub._provider import Candidate, Intent
from genhub._requests import Request
from genhub._status import Status
from genhub._stop import forecast, verdict, worst
from genhub.http import Wire

log = logging.getLogger("genhub.control")


@frozen
class Controller:
    """Acts on a desk's jobs."""

    desk: Desk

    async def stop(self, job_id: str, *, only_if_free: bool = False) -> StopVerdict:
        """See `Handle.stop`."""
        self.desk.must_write()
        async with self.desk.registry.using(job_id) as live:
            return await self._stop(live, only_if_free)

    async def _stop(self, live: Live, only_if_free: bool) -> StopVerdict:
        if only_if_free:
            for hand in self._running(live):
                bound, _, _ = self._ready(hand, "stop")
                if (would := forecast(live.job, hand.attempt, bound.provider.billing)).money is not Money.FREE:
                    return would
        ended = await self._end_route(live)
        several = self._running(live)
        if ended and live.job.is_over:  # it was between two attempts
            return verdict(live.job, live.job.attempt, self.desk.account(live.job.account).provider.billing)
        verdicts: list[StopVerdict] = []
        errors: list[GenhubError] = []
        for hand in several or [live.present]:
            try:
                verdicts.append(await self.stop_one(hand))
            except GenhubError as error:  # the others are to be stopped all the same
                errors.append(error)
        if errors:
            raise errors[0]
        return worst(live.job, verdicts)

    def _running(self, live: Live) -> list[Pursuit]:
        """Return the attempts that can be asked to stop."""
        return [live.pursue(each.number) for each in live.job.attempts if each.is_open and not each.status.in_doubt]

    async def _end_route(self, live: Live) -> bool:
        """Whoever stops a job wants no other account to begin with it; returns whether there was one to come."""
        if not live.job.routing:
            return False
        await self.desk.end_route(live, "stopped by its caller")
        return True

    async def stop_one(self, hand: Pursuit) -> StopVerdict:
        """Ask the vendor to stop one attempt."""
        desk, live = self.desk, hand.live
        bound, attempt, ref = self._ready(hand, "stop")
        profile, number = bound.provider.billing, hand.number
        if attempt.status.is_final:
            job = await desk.poll(live.job.id)
            raise wrong_state(f"{job.id} is {job.status} already: nothing to stop, what it cost stays", job)
        try:
            snapshot = await bound.verb("stop").stop(bound.http, ref)
        except WrongState as error:
            error.job = await desk.poll(live.job.id)
            raise
        except ProviderError:
            # The answer may be lost although it was stopped: what a read says is the truth.
            job = await desk.poll(live.job.id)
            if hand.attempt.status is Status.STOPPED:
                return verdict(job, hand.attempt, profile)
            raise
        at = moment(desk.clock)

        def stopped(now: Attempt) -> Attempt:
            # Resumed since: the answer is about what ran before.
            stale = now.leg != attempt.leg or now.resuming_at is not None
            return now if stale else transitions.seen(now, snapshot, profile, at)

        job = await desk.registry.apply(live, number, stopped)
        if hand.attempt.is_open:  # the vendor answered by another word than "stopped"
            job = await desk.poll(live.job.id)
        return verdict(job, hand.attempt, profile)

    async def resume(self, job_id: str) -> Job:
        """See `Handle.resume`."""
        self.desk.must_write()
        async with self.desk.registry.using(job_id) as live:
            return await self._resume(live)

    async def _resume(self, live: Live) -> Job:
        desk, job_id = self.desk, live.job.id
        bound, attempt, ref = self._ready(live.present, "resume")
        if live.job.status is not Status.STOPPED or attempt.resuming_at is not None:
            job = await desk.poll(job_id)
            raise wrong_state(f"{job_id} is {job.status}: only a stopped job can be resumed", job)
        said = desk.budgets.estimate(bound.name, bound.account, attempt.kind, live.job.request.kind)
        reserved = desk.budgets.reserve(
            bound.name,
            bound.account,
            said,
            most=None,
            unpriced=bound.account.allow_unpriced,
            route="" if live.job.route is None else live.job.route.route,
        )
        try:
            await bound.slots.acquire()
        except BaseException:
            desk.budgets.release(reserved)
            raise
        error = await desk.unbroken(bound, self._continue(bound, live, attempt.number, ref, reserved))
        if error is not None:
            error.job = live.job
            raise error
        return live.job

    async def _continue(
        self, bound: Bound, live: Live, number: int, ref: Ref, reserved: Reservation
    ) -> GenhubError | None:
        """The submit protocol for a resume: durable intent, sent once; in doubt, the next read decides."""
        try:
            return await self._go_on(bound, live, number, ref, reserved.amount)
        finally:
            self.desk.budgets.release(reserved)  # the attempt itself counts, if it came to that

    async def _go_on(
        self, bound: Bound, live: Live, number: int, ref: Ref, reserved: Decimal | None
    ) -> GenhubError | None:
        desk, hand = self.desk, live.pursue(number)
        attempt = hand.attempt
        if not desk.is_open:
            return JournalError("the hub was closed before the resume was sent")
        if hand.sending is not None or attempt.resuming_at is not None or attempt.status is not Status.STOPPED:
            return wrong_state(f"{live.job.id} was resumed in the same moment", live.job)
        hand.sending = asyncio.current_task()
        try:
            begun = moment(desk.clock)

            def begin(now: Attempt) -> Attempt:
                free = now.status is Status.STOPPED and now.resuming_at is None
                return transitions.resuming(now, reserved, begun) if free else now

            job = await desk.registry.apply(live, number, begin)
            if hand.attempt.resuming_at != begun:
                return wrong_state(f"{job.id} was resumed in the same moment", job)
            error = await self._send_resume(bound, live, number, ref)
        finally:
            hand.sending = None
            desk.track(live)
        if hand.attempt.resuming_at is not None or isinstance(error, WrongState):
            try:  # in doubt, or the vendor says that it is not stopped: what a read says is the truth
                await desk.driver.read(hand)
            except GenhubError as failure:
                log.warning("the read that decides on the resume of %s failed: %s", live.job.id, failure)
            desk.track(live)
        return error

    async def _send_resume(self, bound: Bound, live: Live, number: int, ref: Ref) -> GenhubError | None:
        desk, wire = self.desk, Wire()
        try:
            snapshot = await bound.verb("resume").resume(bound.http.watched(wire), ref)
        except Exception as error:
            if isinstance(error, GenhubError) and wire.nothing_was_made:
                why, at = f"not resumed: {error}", moment(desk.clock)
                await desk.registry.apply(live, number, lambda now: transitions.not_resumed(now, why, at))
                return error
            log.warning("the resume of %s is in doubt: %s", live.job.id, error)
            return None
        profile, at = bound.provider.billing, moment(desk.clock)
        await desk.registry.apply(live, number, lambda now: transitions.resumed(now, snapshot, profile, at))
        return None

    def _ready(self, hand: Pursuit, capability: str) -> tuple[Bound, Attempt, Ref]:
        """Return what a verb acts on; refuses what can't be acted on."""
        job, attempt = hand.job, hand.attempt
        bound = self.desk.account(attempt.account)
        if not bound.can(capability):
            spent = attempt.credits
            cost = "unknown" if spent.net is None else f"{spent.net} {spent.unit}"
            goes_on = f"; the job goes on, its cost so far: {cost}" if attempt.is_open else ""
            raise UnsupportedRequest(f"can't {capability} a job{goes_on}", provider=bound.provider.name)
        if attempt.status.in_doubt or hand.sending is not None:
            raise wrong_state(f"{job.id} is {attempt.status}: it is not known yet whether the vendor has it", job)
        if attempt.ref is None:
            raise wrong_state(f"{job.id} never reached the vendor: there is nothing to {capability}", job)
        return bound, attempt, attempt.ref

    async def settle(self, job_id: str, adopt: str | None, not_submitted: bool, number: int | None = None) -> Job:
        """See `Hub.settle`."""
        desk = self.desk
        desk.must_write()
        if (adopt is None) is not not_submitted:
            raise ConfigError("settle takes either the vendor's id of the job, or not_submitted")
        async with desk.registry.using(job_id) as live:
            return await self._settle(live, adopt, number)

    async def _settle(self, live: Live, adopt: str | None, number: int | None) -> Job:
        desk, job_id = self.desk, live.job.id
        hand = self._doubted(live, number)
        bound = desk.account(hand.account)
        async with bound.settling:
            attempt = hand.attempt
            if not attempt.status.in_doubt or hand.sending is not None:
                raise wrong_state(f"{job_id} is {attempt.status}: there is no doubt to settle", live.job)
            if adopt is None:
                job = await self._deny(live, attempt.number)
            else:
                job = await self._adopt(bound, live, attempt, adopt)
        hand.stuck = False
        desk.track(live)
        return job

    def _doubted(self, live: Live, number: int | None) -> Pursuit:
        """Return the attempt that a person speaks of."""
        job = live.job
        doubts = [each.number for each in job.attempts if each.status.in_doubt]
        if number is None and len(doubts) > 1:
            said = " and ".join(f"{each} at {job.attempts[each - 1].account}" for each in doubts)
            raise wrong_state(f"{job.id}: attempts {said} are in doubt; say which one is meant", job)
        if number is not None and not 0 < number <= len(job.attempts):
            raise wrong_state(f"{job.id} has no attempt {number}", job)
        return live.pursue(number or (doubts[-1] if doubts else job.attempt.number))

    async def _deny(self, live: Live, number: int) -> Job:
        """A person says that it was never made."""
        at = moment(self.desk.clock)

        def deny(now: Attempt) -> Attempt:
            return transitions.not_submitted(now, "settled by a person", at) if now.status.in_doubt else now

        job = await self.desk.registry.apply(live, number, deny)
        attempt = job.attempts[number - 1]
        if attempt.error is None or attempt.error.kind != "not_submitted":
            raise wrong_state(f"{job.id} is {attempt.status} by news that came meanwhile", job)
        return job

    async def adopt(self, account: str, vendor_id: str) -> Job:
        """See `Hub.adopt`."""
        desk = self.desk
        desk.must_write()
        bound = desk.account(account)
        async with bound.settling:
            place = desk.driver.place(bound)
            if await place.claimed([vendor_id]):
                raise WrongState(f"{vendor_id} belongs to another job already", account=account)
            async for job in desk.store.unfinished():
                if any(each.account in place.names and each.status.in_doubt for each in job.attempts):  # it may be it
                    raise wrong_state(
                        f"{job.id} is in doubt and may be {vendor_id}: settle it first, by settle({job.id!r}, ...)", job
                    )
            found = None
            async for each in bound.verb("inventory").inventory(bound.http):
                if each.ref.id == vendor_id:
                    found = each
                    break
            if found is None or found.request is None:
                raise NotFound(f"the vendor's list has no {vendor_id!r}", account=account)
            job = await self._take_over(bound, found, found.request)
        live = desk.registry.hold(job)
        desk.track(live, within=0.0)
        return job

    async def _take_over(self, bound: Bound, found: Candidate, request: Request) -> Job:
        """Write a job that was bought elsewhere: its attempt begins adopted."""
        desk, profile, at = self.desk, bound.provider.billing, moment(self.desk.clock)
        job_id = new_id(desk.clock)
        blank = Attempt(
            id=f"{job_id}.1",
            job_id=job_id,
            number=1,
            account=bound.name,
            provider=bound.provider.name,
            kind=found.ref.kind,
            unit=profile.unit,
            created_at=found.created_at or at,
            submitted_at=found.created_at,
            price=bound.account.price,
            reason="adopted from the vendor's list",
        )
        attempt = transitions.adopted(blank, found, "adopted from the vendor's list", profile, at)
        job = Job(id=job_id, request=request, created_at=at, attempts=(attempt,), to=(bound.name,))
        call = Call(kind=found.ref.kind, path="", body={})
        intent = Intent(call=call, key=attempt.id, sent_at=blank.created_at, over_at=at)
        await desk.store.create(job, intent)
        return await desk.store.job(job_id) or job

    async def _adopt(self, bound: Bound, live: Live, attempt: Attempt, vendor_id: str) -> Job:
        desk, profile = self.desk, bound.provider.billing
        if await desk.driver.place(bound).claimed([vendor_id]):
            raise wrong_state(f"{vendor_id} belongs to another job already", live.job)
        snapshot = await bound.provider.poll(bound.http, Ref(id=vendor_id, kind=attempt.kind))  # NotFound contradicts
        found, at = Candidate(ref=snapshot.ref), moment(desk.clock)

        def change(now: Attempt) -> Attempt:
            if not now.status.in_doubt:
                return now
            ours = transitions.adopted(now, found, "settled by a person", profile, at, by_user=True)
            return transitions.seen(ours, snapshot, profile, at)

        return await desk.registry.apply(live, attempt.number, change)
