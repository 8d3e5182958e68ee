"""What a caller of `submit` holds: a job, and the verbs that go with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from genhub._errors import JournalError, SubmissionUnknown, WaitTimeout
from genhub._jobs import Job, StopVerdict
from genhub._live import Live
from genhub._status import Status

if TYPE_CHECKING:
    from genhub._hub import Hub


class Handle:
    """One job of a hub. `job` is what is known of it; the verbs learn more."""

    __slots__ = ("_hub", "job", "reused")

    def __init__(self, hub: Hub, job: Job, *, reused: bool = False) -> None:
        self._hub = hub
        self.job = job
        self.reused = reused  #: the call was given the job of an earlier, equal request: nothing was bought for it

    def __repr__(self) -> str:
        return f"<job {self.id} {self.job.status} at {self.job.account!r}>"

    @property
    def id(self) -> str:
        """The job's id, good in another process too: `hub.get(id)`."""
        return self.job.id

    @property
    def status(self) -> Status:
        return self.job.status

    @property
    def failures(self) -> int:
        """How many reads of the vendor failed, one after the other; they change nothing in the job."""
        live = self._hub.in_hand(self.id)
        return 0 if live is None else live.present.failures

    @property
    def failure(self) -> Exception | None:
        """What the last read failed with; None when it went well."""
        live = self._hub.in_hand(self.id)
        return None if live is None else live.present.failure

    async def poll(self) -> Job:
        """Read the vendor once. For a job in doubt: one look at the doubt.

        Raises ProviderError when the read fails; the job is as it was.
        """
        self.job = await self._hub.poll(self.id)
        return self.job

    async def wait(self, timeout: float | None = None) -> Job:
        """Wait for a final status and return the job.

        Raises WaitTimeout after `timeout` seconds: nothing changed, the job goes on. Raises SubmissionUnknown when the
        submit's answer was lost and what became of it can't be found out.
        """
        if timeout is not None:
            try:
                async with asyncio.timeout(timeout):
                    return await self.wait()
            except TimeoutError:
                raise WaitTimeout(
                    f"{self.id} is {self.job.status} after {timeout:g} s of waiting; it goes on", self.job
                ) from None
        ear = _Ear(self._hub, await self._hub.follow(self.id))
        try:
            while True:
                for job in ear.heard():
                    self.job = job
                    if job.is_over:
                        return job
                await ear.more()
        finally:
            ear.close()

    async def updates(self) -> AsyncIterator[Job]:
        """Yield the job as it is, and at every change of status, until a final one.

        Raises SubmissionUnknown like `wait`.
        """
        ear = _Ear(self._hub, await self._hub.follow(self.id))
        last: tuple[int, str] | None = None
        try:
            while True:
                for job in ear.heard():
                    self.job = job
                    if (job.attempt.number, job.status) != last:
                        last = (job.attempt.number, job.status)
                        yield job
                    if job.is_over:
                        return
                await ear.more()
        finally:
            ear.close()

    async def detach(self) -> Job:
        """Stop reading the job here, for those who only want to stop waiting. Nothing is said to the vendor.

        The job goes on and costs what it costs; `hub.get(id)` or `hub.recover()` takes it up again.
        """
        self.job = await self._hub.detach(self.id)
        return self.job

    async def stop(self, *, only_if_free: bool = False) -> StopVerdict:
        """Ask the vendor to stop the job; says what that costs.

        `only_if_free`: where the vendor's documents do not promise all of the charge back, nothing is sent, and the
        verdict says what a stop would do to the money; its job goes on.
        Raises UnsupportedRequest when the provider can't, WrongState (with the fresh job) when it is over already.
        """
        verdict = await self._hub.stop(self.id, only_if_free=only_if_free)
        self.job = verdict.job
        return verdict

    async def resume(self) -> Job:
        """Let a stopped job go on; it is charged again.

        Raises UnsupportedRequest, WrongState like `stop`. In doubt, the next read of the vendor decides.
        """
        self.job = await self._hub.resume(self.id)
        return self.job


class _Ear:
    """Hears of a job for somebody who waits: first how it stands, then every change."""

    __slots__ = ("_bell", "_given_up", "_hub", "_live", "_news")

    def __init__(self, hub: Hub, live: Live) -> None:
        job = live.job
        self._hub = hub
        self._live = live
        self._news = [job]
        self._bell: asyncio.Future[None] | None = None
        # Who begins to wait after its route has ended knows; while it is open, what was given up may still be stopped.
        self._given_up = None if job.routing else job.attempt.given_up
        live.watch(self)

    def __call__(self, job: Job) -> None:
        self._news.append(job)
        bell, self._bell = self._bell, None
        if bell is not None and not bell.done():  # whoever waited may be gone
            bell.set_result(None)

    def heard(self) -> Sequence[Job]:
        """Return what was heard and not returned yet, in order."""
        news, self._news = self._news, []
        return news

    def more(self) -> asyncio.Future[None]:
        """Return what to wait for until there is more to hear; raises what keeps that from coming."""
        bell = asyncio.get_running_loop().create_future()
        if self._news:  # it was heard while what was before it was taken in
            bell.set_result(None)
            return bell
        live = self._live
        job = live.job
        attempt = job.attempt
        if live.stuck and not _pays_twice(job):
            raise SubmissionUnknown(
                f"{job.id}: {attempt.doubt or 'the submit is in doubt'}; it is not sent again. "
                f"Settle it: genhub settle {job.id} --adopt ID | --not-submitted",
                job,
            )
        # A route can end while an attempt still runs: nobody else will do it, and whoever waits is told.
        why = attempt.given_up
        if why is not None and why != self._given_up and not job.routing:
            raise WaitTimeout(f"{job.id} is {job.status}: {why}; it goes on", job)
        if not self._hub.is_open:
            raise JournalError(f"the hub was closed; {job.id} is {job.status}, and goes on")
        self._bell = bell
        return bell

    def close(self) -> None:
        """Hear no more."""
        self._live.leave(self)
        self._hub.release(self._live)


def _pays_twice(job: Job) -> bool:
    """True where a doubt does not keep the route from going on."""
    route = job.route
    return route is not None and route.is_open and route.on_unknown == "pay_twice"
