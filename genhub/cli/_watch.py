"""`genhub watch`: jobs to their end, driven here or by another process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Any

import click
from attrs import define, field

from genhub._campaign import words
from genhub._errors import GenhubError, JournalError, SubmissionUnknown, WaitTimeout
from genhub._hub import Hub
from genhub._jobs import Job
from genhub._plain import to_dict
from genhub._status import Status
from genhub.cli import _exits as exits
from genhub.cli._driving import driving, jobs_of, reading
from genhub.cli._loop import run
from genhub.cli._session import Session, options, pass_session
from genhub.cli._types import DURATION

#: Seconds between two looks into a journal that another process drives.
LOOK = 0.5


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--timeout", type=DURATION, help="Stop watching after so long; the jobs go on.")
@options
@pass_session
def watch(session: Session, jobs: tuple[str, ...], timeout: float | None) -> int:
    """Watch jobs to their end; without any, all that are open."""
    watching = _Watching(session, jobs, timeout)
    run(watching.work(), session.out, goes_on=watching.goes_on)
    return watching.code


@define(eq=False)
class _Watching:
    session: Session
    asked: Collection[str]
    timeout: float | None
    code: int = exits.DONE
    open: dict[str, Job] = field(factory=dict[str, Job])

    def goes_on(self) -> str:
        return f"interrupted; {len(self.open)} jobs go on: genhub watch"

    async def work(self) -> None:
        async with self._hub() as (hub, ours):
            if self.asked:
                found = await jobs_of(hub, self.asked)
            else:
                found = [job async for job in hub.jobs() if job.is_open]
            if not found and not self.session.out.json:
                self.session.out.say("no job is open")
            self.open = {job.id: job for job in found}
            one = self._drive if ours else self._look
            codes = await asyncio.gather(*(self._guard(one, hub, job) for job in found))
        self.code = exits.worst(codes)

    @asynccontextmanager
    async def _hub(self) -> AsyncGenerator[tuple[Hub, bool]]:
        """Drive the journal; when another process does, read what it writes."""
        try:
            async with driving(self.session) as hub:
                yield hub, True
                return
        except JournalError as driven:
            if "is driven by" not in str(driven):
                raise
            self.session.out.say(str(driven).partition(". ")[0] + "; this is what it writes")
        async with reading(self.session) as hub:
            yield hub, False

    async def _guard(self, one: Any, hub: Hub, job: Job) -> int:
        try:
            async with asyncio.timeout(self.timeout):
                await one(hub, job)
        except TimeoutError:
            now = self.open[job.id]
            error: GenhubError = WaitTimeout(f"{job.id} is {now.status} after {self.timeout:g} s; it goes on", now)
            return self._wrong(error)
        except (SubmissionUnknown, WaitTimeout) as error:
            return self._wrong(error)
        end = self.open.pop(job.id)
        return exits.DONE if end.status is Status.SUCCEEDED else exits.FAILED

    async def _drive(self, hub: Hub, job: Job) -> None:
        handle = await hub.get(job.id)
        async for now in handle.updates():
            self._tell(now)

    async def _look(self, hub: Hub, job: Job) -> None:
        last: tuple[int, str] | None = None
        while True:
            now = await hub.store.job(job.id) or job
            if (now.attempt.number, now.status) != last:
                last = (now.attempt.number, now.status)
                self._tell(now)
            if now.is_over:
                return
            await asyncio.sleep(LOOK)

    def _tell(self, job: Job) -> None:
        new = job.attempts[len(self.open[job.id].attempts) :]
        self.open[job.id] = job
        out = self.session.out
        if out.json:
            out.data({"event": "change", "job": to_dict(job)})
            return
        name = job.request.label or job.request.kind
        for attempt in new:
            if (why := words.detour(job, attempt)) is not None:
                out.line(f"{'next attempt':<12}  {job.id}  {name} ({attempt.account})  {why}")
        spent = f"  {words.bill(job)}" if job.status.is_final else ""
        error = words.failures(job) if job.status.is_final else []
        one = f"  {error[0]}" if len(error) == 1 else ""
        out.line(f"{job.status:<12}  {job.id}  {name} ({job.account}){spent}{one}")
        for line in error if len(error) > 1 else []:
            out.line(f"  {line}")

    def _wrong(self, error: GenhubError) -> int:
        if self.session.out.json:
            self.session.out.data({"error": error.facts()})
        else:
            self.session.out.fail(str(error))
        return exits.code_of(error)
