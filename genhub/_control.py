"""Stop, resume and settle: what people do to a job that is there already."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal

from attrs import frozen

from genhub import _transitions as transitions
from genhub._billing import Money
from genhub._bound import Bound
from genhub._clock import moment
from genhub._desk import Desk, new_id, wrong_state
from genhub._errors import ConfigError, GenhubError, NotFound, ProviderError, UnsupportedRequest, WrongState
from genhub._jobs import Attempt, Call, Job, Ref, StopVerdict
from genhub._live import Live, is_open
from genhub._provider import Candidate, Intent
from genhub._requests import Request
from genhub._status import Status
from genhub._stop import forecast, verdict
from genhub.http import Wire

log = logging.getLogger("genhub.control")


@frozen
class Controller:
    """Acts on a desk's jobs."""

    desk: Desk

    async def stop(self, job_id: str, *, only_if_free: bool = False) -> StopVerdict:
        """See `Handle.stop`."""
        desk = self.desk
        desk.must_write()
        live = await desk.registry.load(job_id)
        bound, attempt, ref = self._ready(live, "stop")
        if attempt.status.is_final:
            job = await desk.poll(job_id)
            raise wrong_state(f"{job_id} is {job.status} already: nothing to stop, what it cost stays", job)
        if only_if_free and (would := forecast(live.job, bound.provider.billing)).money is not Money.FREE:
            return would
        try:
            snapshot = await bound.verb("stop").stop(bound.http, ref)
        except WrongState as error:
            error.job = await desk.poll(job_id)
            raise
        except ProviderError:
            # The answer may be lost although it was stopped: what a read says is the truth.
            job = await desk.poll(job_id)
            if job.status is Status.STOPPED:
                return verdict(job, bound.provider.billing)
            raise
        profile, at = bound.provider.billing, moment(desk.clock)
        job = await desk.registry.apply(live, attempt.number, lambda now: transitions.seen(now, snapshot, profile, at))
        if is_open(job):  # the vendor answered by another word than "stopped"
            job = await desk.poll(job_id)
        desk.registry.drop(live)
        return verdict(job, profile)

    async def resume(self, job_id: str) -> Job:
        """See `Handle.resume`."""
        desk = self.desk
        desk.must_write()
        live = await desk.registry.load(job_id)
        bound, attempt, ref = self._ready(live, "resume")
        if attempt.status is not Status.STOPPED or attempt.resuming_at is not None:
            job = await desk.poll(job_id)
            raise wrong_state(f"{job_id} is {job.status}: only a stopped job can be resumed", job)
        said = desk.budgets.estimate(bound.name, bound.account, attempt.kind, live.job.request.kind)
        reserved = desk.budgets.reserve(
            bound.name, bound.account, attempt.id, said, most=None, unpriced=bound.account.allow_unpriced
        )
        try:
            await bound.slots.acquire()
        except BaseException:
            desk.budgets.news(live.job.attempt)  # counts as before
            raise
        job, error = await desk.unbroken(bound, self._resume(bound, live, attempt.number, ref, reserved.amount))
        if error is not None:
            desk.budgets.news(job.attempt)
            error.job = job
            raise error
        return job

    async def _resume(
        self, bound: Bound, live: Live, number: int, ref: Ref, reserved: Decimal | None
    ) -> tuple[Job, GenhubError | None]:
        """The submit protocol for a resume: durable intent, sent once; in doubt, the next read decides."""
        desk, attempt = self.desk, live.job.attempt
        if live.sending is not None or attempt.resuming_at is not None or attempt.status is not Status.STOPPED:
            return live.job, wrong_state(f"{live.job.id} was resumed in the same moment", live.job)
        live.sending = asyncio.current_task()
        try:
            begun = moment(desk.clock)
            await desk.registry.apply(live, number, lambda now: transitions.resuming(now, reserved, begun))
            error = await self._send_resume(bound, live, number, ref)
            if error is not None:
                return live.job, error
        finally:
            live.sending = None
            desk.track(live)
        if live.job.attempt.resuming_at is not None:
            try:
                await desk.driver.read(live)
            except GenhubError as failure:
                log.warning("the read that decides on the resume of %s failed: %s", live.job.id, failure)
        return live.job, None

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

    def _ready(self, live: Live, capability: str) -> tuple[Bound, Attempt, Ref]:
        """Return what a verb acts on; refuses what can't be acted on."""
        job, attempt = live.job, live.job.attempt
        bound = self.desk.account(attempt.account)
        if not bound.can(capability):
            spent = attempt.credits
            cost = "unknown" if spent.net is None else f"{spent.net} {spent.unit}"
            goes_on = f"; the job goes on, its cost so far: {cost}" if is_open(job) else ""
            raise UnsupportedRequest(f"can't {capability} a job{goes_on}", provider=bound.provider.name)
        if attempt.status.in_doubt or live.sending is not None:
            raise wrong_state(f"{job.id} is {job.status}: it is not known yet whether the vendor has it", job)
        if attempt.ref is None:
            raise wrong_state(f"{job.id} never reached the vendor: there is nothing to {capability}", job)
        return bound, attempt, attempt.ref

    async def settle(self, job_id: str, adopt: str | None, not_submitted: bool) -> Job:
        """See `Hub.settle`."""
        desk = self.desk
        desk.must_write()
        if (adopt is None) is not not_submitted:
            raise ConfigError("settle takes either the vendor's id of the job, or not_submitted")
        live = await desk.registry.load(job_id)
        attempt = live.job.attempt
        bound = desk.account(attempt.account)
        async with bound.settling:
            if not attempt.status.in_doubt or live.sending is not None:
                raise wrong_state(f"{job_id} is {attempt.status}: there is no doubt to settle", live.job)
            if adopt is None:
                at = moment(desk.clock)
                job = await desk.registry.apply(
                    live, attempt.number, lambda now: transitions.not_submitted(now, "settled by a person", at)
                )
            else:
                job = await self._adopt(bound, live, attempt, adopt)
        live.stuck = False
        desk.track(live)
        return job

    async def adopt(self, account: str, vendor_id: str) -> Job:
        """See `Hub.adopt`."""
        desk = self.desk
        desk.must_write()
        bound = desk.account(account)
        async with bound.settling:
            claimed = await desk.store.claimed(account, [vendor_id])
            if vendor_id in claimed:
                error = WrongState(f"{vendor_id} belongs to {claimed[vendor_id]} already", account=account)
                raise error
            found = None
            async for each in bound.verb("inventory").inventory(bound.http):
                if each.ref.id == vendor_id:
                    found = each
                    break
            if found is None or found.request is None:
                raise NotFound(f"the vendor's list has no {vendor_id!r}", account=account)
            job = await self._take_over(bound, found, found.request)
        live = desk.registry.hold(job)
        desk.track(live, soon=True)
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
        claimed = await desk.store.claimed(bound.name, [vendor_id])
        if vendor_id in claimed:
            raise wrong_state(f"{vendor_id} belongs to {claimed[vendor_id]} already", live.job)
        snapshot = await bound.provider.poll(bound.http, Ref(id=vendor_id, kind=attempt.kind))  # NotFound contradicts
        found, at = Candidate(ref=snapshot.ref), moment(desk.clock)

        def change(now: Attempt) -> Attempt:
            if not now.status.in_doubt:
                return now
            ours = transitions.adopted(now, found, "settled by a person", profile, at, by_user=True)
            return transitions.seen(ours, snapshot, profile, at)

        return await desk.registry.apply(live, attempt.number, change)
