"""The jobs that a hub has in hand, and how news reaches the journal and those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from attrs import define, evolve, field

from genhub._errors import NotFound
from genhub._jobs import Attempt, Job
from genhub.stores import JobStore

Watcher = Callable[[Job], None]


@define(eq=False)
class Live:
    """A job in hand."""

    job: Job
    watchers: list[Watcher] = field(factory=list[Watcher])
    holders: int = 0  #: verbs that are acting on it
    sending: asyncio.Task[object] | None = None  #: its submit, on its way in this process
    stuck: bool = False  #: in doubt, and nothing more can be found out by itself
    looks: int = 0  #: how often a lost submit was looked for
    doubted_at: float | None = None  #: when this process first looked, on the monotonic clock
    sent_at: float | None = None  #: when this process sent it, on the monotonic clock
    failures: int = 0  #: reads that failed, one after the other
    failure: Exception | None = None  #: the last of them


class Registry:
    """Jobs in hand by id. Every change goes through `apply`: one compare-and-set in the journal."""

    def __init__(self, store: JobStore, heard: Callable[[Attempt], None] = lambda _: None) -> None:
        self.store = store
        self._heard = heard  # of every attempt as the journal has it now
        self._live: dict[str, Live] = {}

    def __len__(self) -> int:
        return len(self._live)

    def known(self, job_id: str) -> Live | None:
        return self._live.get(job_id)

    def all(self) -> list[Live]:
        return list(self._live.values())

    def hold(self, job: Job) -> Live:
        """Take a job in hand, or return it as it is in hand."""
        return self._live.setdefault(job.id, Live(job))

    async def load(self, job_id: str) -> Live:
        """Return a job in hand; reads the journal when it is not yet. Raises NotFound."""
        live = self._live.get(job_id)
        if live is None:
            job = await self.store.job(job_id)
            if job is None:
                raise NotFound(f"the journal {self.store.name} has no job {job_id!r}")
            live = self.hold(job)
        return live

    def drop(self, live: Live) -> None:
        """Let go of a job that is finished, and that nobody watches or acts on."""
        if not live.watchers and not live.holders and live.sending is None and not is_open(live.job):
            self._live.pop(live.job.id, None)

    @asynccontextmanager
    async def using(self, job_id: str) -> AsyncGenerator[Live]:
        """Have a job in hand for as long as a verb acts on it."""
        live = await self.load(job_id)
        live.holders += 1
        try:
            yield live
        finally:
            live.holders -= 1
            self.drop(live)

    def forget(self, live: Live) -> None:
        """Let go of a job that this hub can't drive."""
        self._live.pop(live.job.id, None)

    def news(self, live: Live, attempt: Attempt) -> Job:
        """The journal has this attempt now: tell those who watch."""
        live.job = with_attempt(live.job, attempt)
        self._heard(attempt)
        self.ring(live)
        return live.job

    def ring(self, live: Live) -> None:
        """Tell those who watch how the job stands."""
        for watcher in tuple(live.watchers):
            watcher(live.job)

    async def refresh(self, live: Live) -> Job:
        """Take over what the journal has, if that is newer; raises NotFound when it has nothing."""
        fresh = await self.store.job(live.job.id)
        if fresh is None:
            raise NotFound(f"the journal {self.store.name} lost the job {live.job.id!r}")
        ours = live.job.attempts
        newer = len(fresh.attempts) > len(ours) or any(
            theirs.version > our.version for theirs, our in zip(fresh.attempts, ours, strict=False)
        )
        if newer:
            live.job = fresh
            self._heard(fresh.attempt)
            self.ring(live)
        return live.job

    async def apply(self, live: Live, number: int, change: Callable[[Attempt], Attempt]) -> Job:
        """Change an attempt by compare-and-set; `change` is asked again when somebody was quicker."""
        while True:
            old = live.job.attempts[number - 1]
            new = change(old)
            if new is old:
                return live.job
            written = await self.store.advance(new)
            if written is not None:
                return self.news(live, written)
            await self.refresh(live)


def with_attempt(job: Job, attempt: Attempt) -> Job:
    """Return the job with this attempt in its place."""
    attempts = job.attempts
    if attempt.number > len(attempts):
        return evolve(job, attempts=(*attempts, attempt))
    return evolve(job, attempts=(*attempts[: attempt.number - 1], attempt, *attempts[attempt.number :]))


def is_open(job: Job) -> bool:
    """True while something is still to come by itself."""
    return not job.status.is_final or job.attempt.resuming_at is not None
