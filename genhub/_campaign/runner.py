"""Runs a campaign: every row is sent once, watched to its end, stopped and continued where asked, and kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from genhub._campaign import words
from genhub._campaign.campaign import Campaign
from genhub._campaign.progress import Progress
from genhub._campaign.results import Results
from genhub._campaign.row import Row
from genhub._credits import EntryKind
from genhub._errors import (
    GenhubError,
    ProviderError,
    RateLimited,
    SubmissionUnknown,
    UnsupportedRequest,
    WaitTimeout,
)
from genhub._handle import Handle
from genhub._hub import Hub
from genhub._jobs import Job
from genhub._status import Status
from genhub.routing import nothing_bought

log = logging.getLogger("genhub.campaign")

#: Outputs of so many jobs are fetched at once.
FETCHES = 4


class Runner:
    """One run of a campaign on an open hub. `progress` has a line for each row, which `changed` is called with.

    `send` is called with a row before it is sent for the first time: the simulators learn there what to do with it.
    """

    def __init__(
        self,
        hub: Hub,
        campaign: Campaign,
        results: Results,
        *,
        changed: Callable[[Progress], None],
        send: Callable[[Row], None] | None = None,
        at_once: int = 8,
        tries: int = 5,
        timeout: float | None = None,
    ) -> None:
        self._hub = hub
        self._results = results
        self._changed = changed
        self._send = send
        self._tries = max(1, tries)
        self._timeout = timeout
        self._slots = asyncio.Semaphore(max(1, at_once))
        self._fetches = asyncio.Semaphore(FETCHES)
        keys = campaign.keys()
        self.progress = [Progress(row=row, key=keys[row.number]) for row in campaign.rows]
        self._accepted = {each.row.request.label: asyncio.Event() for each in self.progress if each.row.request.label}

    async def run(self) -> None:
        """Bring every row to its end. What goes wrong with one row is noted there and stops no other."""
        async with asyncio.TaskGroup() as group:
            for each in self.progress:
                group.create_task(self._row(each))

    async def _row(self, each: Progress) -> None:
        try:
            handle = await self._submit(each)
            self._let_go(each)
            await self._to_the_end(each, handle)
        except GenhubError as error:
            self._wrong(each, error)
        except Exception as error:  # one row's trouble is not another's
            self._unforeseen(each, error)
        finally:
            self._let_go(each)
        try:
            await self._keep(each)
        except Exception as error:
            self._unforeseen(each, error)
        each.over = each.error is None or not isinstance(each.error, (SubmissionUnknown, WaitTimeout))
        await asyncio.to_thread(self._results.append, each)
        self._changed(each)

    def _unforeseen(self, each: Progress, error: Exception) -> None:
        log.exception("%s: an unforeseen %s", each.row.where, type(error).__name__)
        each.word = "refused" if each.job is None else str(each.job.status)
        each.lost = f"{type(error).__name__}: {error}"
        self._note(each, each.lost)

    def _wrong(self, each: Progress, error: GenhubError) -> None:
        each.error = error
        each.job = error.job or each.job
        match error:
            case SubmissionUnknown():
                each.word = "in doubt"
            case WaitTimeout():
                each.word = "goes on"
            case _:
                each.word = "refused" if each.job is None or each.job.status is Status.FAILED else str(each.job.status)
        lines = words.told(error)
        each.note = lines[0]
        each.notes += lines

    async def _submit(self, each: Progress) -> Handle:
        """Return the row's job: an earlier run's, or a new one."""
        row = each.row
        if row.after is not None:
            self._say(each, "waiting", f"for {row.after}")
            await self._accepted[row.after].wait()
        request = row.request
        earlier = await self._hub.store.keyed(each.key)
        if earlier is not None:
            request = earlier.request  # another label, other tags: the same intention
            each.job = earlier
            each.earlier = earlier.status.is_final and not nothing_bought(earlier)
        fresh = earlier is None or nothing_bought(earlier)
        if fresh and self._send is not None:
            self._send(row)
        for turn in range(1, self._tries + 1):
            try:
                async with self._slots:
                    if fresh:
                        self._say(each, "sending")
                    return await self._hub.submit(request, to=row.to, key=each.key, portability=row.portability)
            except RateLimited as error:
                if turn == self._tries:
                    raise
                wait = error.retry_after if error.retry_after is not None else min(2.0**turn, 30.0)
                self._say(each, "rate limited", f"{each.account} asks to wait {wait:g} s")
            await asyncio.sleep(wait)
        raise AssertionError("the last turn returns or raises")

    def _let_go(self, each: Progress) -> None:
        """Whoever waits for this row may go on."""
        if each.row.request.label:
            self._accepted[each.row.request.label].set()

    async def _to_the_end(self, each: Progress, handle: Handle) -> None:
        row = each.row
        try:
            async with asyncio.timeout(self._timeout):
                if row.stop_after is not None and not _was_stopped(handle.job):
                    try:
                        async with asyncio.timeout(row.stop_after):
                            await self._follow(each, handle)
                    except TimeoutError:
                        await self._stop(each, handle)
                await self._follow(each, handle)
                if row.resume_after is not None and handle.job.status is Status.STOPPED:
                    each.earlier = False
                    self._say(each, "stopped", f"goes on in {row.resume_after:g} s")
                    await asyncio.sleep(row.resume_after)
                    self._see(each, await handle.resume())
                    await self._follow(each, handle)
        except TimeoutError:
            raise WaitTimeout(
                f"{handle.id} is {handle.status} after {self._timeout:g} s; it goes on", handle.job
            ) from None

    async def _follow(self, each: Progress, handle: Handle) -> None:
        async for job in handle.updates():
            self._attempts(each, job)
            self._see(each, job)

    def _attempts(self, each: Progress, job: Job) -> None:
        """Tell of the attempts that were not to be expected; of one that an earlier run left open too."""
        new, each.told = job.attempts[each.told :], len(job.attempts)
        for attempt in new:
            why = None if each.earlier else words.detour(job, attempt)
            if why is not None:
                each.job, each.word, each.note = job, "next attempt", why
                each.notes.append(f"attempt {attempt.number} at {attempt.account}: {why}")
                self._changed(each)

    async def _stop(self, each: Progress, handle: Handle) -> None:
        try:
            verdict = await handle.stop()
        except (ProviderError, UnsupportedRequest) as error:  # it goes on, or is over: the next read says
            self._note(each, f"not stopped: {error}")
            return
        self._see(each, verdict.job)
        self._note(each, f"stopped: {verdict.money}")

    async def _keep(self, each: Progress) -> None:
        """Write down what was made; what can't be is noted, and costs nothing to fetch again."""
        if each.job is None or not each.job.outputs:
            return
        async with self._fetches:
            await self._results.keep(self._hub, each)
        if each.lost is not None:
            self._note(each, each.lost)

    def _see(self, each: Progress, job: Job) -> None:
        old, each.job = each.word, job
        each.word = "already done" if each.earlier else str(job.status)
        if each.word != old and not job.status.is_final:  # an end is told once everything is on disk
            self._changed(each)

    def _say(self, each: Progress, word: str, note: str = "") -> None:
        each.word = word
        if note:
            self._note(each, note)
        self._changed(each)

    @staticmethod
    def _note(each: Progress, note: str) -> None:
        each.note = note
        each.notes.append(note)


def _was_stopped(job: Job) -> bool:
    """True when an earlier run stopped it: what is being continued is not stopped again."""
    return job.status is Status.STOPPED or any(entry.kind is EntryKind.REFUND for entry in job.attempt.entries)
