"""One run: sent once, or taken up where an earlier process left it, and watched to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from genhub._clock import Clock, moment
from genhub._errors import (
    BudgetExceeded,
    GenhubError,
    JournalError,
    ProviderError,
    RateLimited,
    SubmissionUnknown,
    UnsupportedRequest,
    WaitTimeout,
)
from genhub._handle import Handle
from genhub._hub import Hub
from genhub._jobs import Job
from genhub.compare._observe import Gap, observe, unmade
from genhub.compare._progress import Progress, Stage
from genhub.compare._records import Observation, Outcome, Trial
from genhub.compare._spend import Spend
from genhub.compare._suite import Suite

#: A vendor that says "wait" is asked so often, and not after longer waits than this, in seconds.
TRIES, LONGEST = 5, 60.0


class Watcher:
    """Sends and watches the runs of a suite, and counts what they cost. `gaps`: when nobody looked, by job."""

    def __init__(
        self,
        hub: Hub,
        suite: Suite,
        clock: Clock,
        spend: Spend,
        stage: Stage | None,
        changed: Callable[[Progress], None],
    ) -> None:
        self.suite, self.spend = suite, spend
        self.gaps: dict[str, Gap] = {}
        self._hub, self._clock, self._stage, self._changed = hub, clock, stage, changed

    async def watch(self, each: Progress) -> Observation:
        """Send a trial, or take up an earlier process's job, and wait for its end."""
        trial = each.trial
        try:
            handle = await self._handle(each)
            self._see(each, handle.job)
            await self._wait(each, handle)
        except UnsupportedRequest as error:
            self.spend.settle(trial.key, None)
            return unmade(trial, Outcome.UNSUPPORTED, failure="unsupported", message=str(error))
        except BudgetExceeded as error:  # a budget of our own: it says nothing of the vendor
            self.spend.settle(trial.key, None)
            return unmade(trial, Outcome.NOT_RUN, failure="BudgetExceeded", message=str(error))
        except (SubmissionUnknown, WaitTimeout) as error:
            each.job = error.job or each.job
        except JournalError:
            raise
        except GenhubError as error:
            each.job = await self._hub.store.keyed(trial.key) or error.job
            if each.job is None:
                self.spend.settle(trial.key, None)
                message = str(error)
                return unmade(trial, Outcome.REFUSED, failure=type(error).__name__, message=message)
        assert each.job is not None
        return self._observe(each.trial, each.job)

    async def unforeseen(self, each: Progress, error: Exception) -> Observation:
        """Return what is known of a run in which something went wrong that is not the vendor's."""
        each.job = each.job or await self._hub.store.keyed(each.trial.key)  # it may have been sent all the same
        if each.job is not None:
            each.notes.append(f"{type(error).__name__}: {error}")
            return self._observe(each.trial, each.job)
        self.spend.settle(each.trial.key, None)
        message = f"{type(error).__name__}: {error}"
        return unmade(each.trial, Outcome.NOT_RUN, failure=type(error).__name__, message=message)

    def _observe(self, trial: Trial, job: Job) -> Observation:
        self.spend.settle(trial.key, job)
        gap = self.gaps.get(job.id)
        return observe(trial, job, now=moment(self._clock), resolution=self._resolution(job), gap=gap)

    async def _handle(self, each: Progress) -> Handle:
        trial, hub = each.trial, self._hub
        if each.job is not None:
            each.word = "read again" if each.job.is_open else "already done"
            self._changed(each)
            return await hub.get(each.job.id)
        known = await hub.store.keyed(trial.key)  # refused before, under another label: the same intention
        request = trial.request if known is None else known.request
        if self._stage is not None:
            self._stage.send(trial)
        terms: dict[str, Any] = {}
        if trial.target in hub.routes():
            terms["reuse"] = 0  # each repetition is a run of its own
            if (room := self.spend.room(trial.key)) is not None:  # its later attempts are to keep the cap too
                terms |= {"max_spend": str(room), "allow_unpriced": True}
        for turn in range(1, TRIES + 1):
            try:
                self.say(each, "sending")
                return await hub.submit(
                    request, to=trial.target, key=trial.key, portability=self.suite.portability, **terms
                )
            except RateLimited as error:
                if turn == TRIES:
                    raise
                wait = error.retry_after if error.retry_after is not None else 2.0**turn
                self.say(each, "rate limited", f"asked to wait {wait:g} s")
            await self._clock.sleep(min(wait, LONGEST))
        raise AssertionError("the last turn returns or raises")

    async def _wait(self, each: Progress, handle: Handle) -> None:
        """Wait for the end; for an earlier process's job only as long as is left, but one read at least."""
        left = self.suite.timeout
        if left is not None and each.earlier and not handle.job.is_over:
            age = (moment(self._clock) - handle.job.created_at).total_seconds()
            left = max(0.0, left - age)
            if not left:
                try:
                    self._see(each, await handle.poll())
                except ProviderError as error:
                    each.notes.append(f"could not be read: {error}")
                return
        pace = 1.0 if self._stage is None else self._stage.pace
        try:
            async with asyncio.timeout(None if left is None else left / pace):
                async for job in handle.updates():
                    self._see(each, job)
        except TimeoutError:
            each.job = handle.job

    def _resolution(self, job: Job) -> float:
        """Return the seconds between two reads of a job."""
        attempt = job.attempt
        if attempt.account not in self._hub.accounts():
            return 0.0
        return self._hub.account(attempt.account).account.every(attempt.kind)

    def _see(self, each: Progress, job: Job) -> None:
        each.job, old = job, each.word
        self.spend.settle(each.trial.key, job)
        each.word = str(job.status)
        if each.word != old and not job.status.is_final:
            self._changed(each)

    def say(self, each: Progress, word: str, note: str | None = None) -> None:
        each.word = word
        if note is not None:
            each.notes.append(note)
        self._changed(each)
