"""The jobs that a hub has in hand, and how news reaches the journal and those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from attrs import define

from genhub._errors import NotFound
from genhub._evolve import evolve
from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job
from genhub.stores import JobStore

Watcher = Callable[[Job], None]
#: Told of each row that the journal has: as it was, as it is, and whether another process wrote it.
Heard = Callable[["Live", Attempt | None, Attempt, bool], None]


@define(eq=False)
class Pursuit:
    """An attempt in hand: what this process knows of it beyond the journal."""

    live: Live
    number: int
    account: str
    sending: asyncio.Task[object] | None = None  #: its submit (or resume), on its way in this process
    stuck: bool = False  #: in doubt, and nothing more can be found out by itself
    replayed: bool = False  #: sent again in doubt, and not answered: there is no third time
    asked: bool = False  #: its route asked the vendor to stop it
    looks: int = 0  #: how often a lost submit was looked for
    doubted_at: float | None = None  #: when this process first looked, on the monotonic clock
    sent_at: float | None = None  #: when this process sent it, on the monotonic clock
    tried_at: float | None = None  #: when its last read began, however it went, on the monotonic clock
    read_at: float | None = None  #: when its last read that went well began, on the monotonic clock
    waited_unseen: float = 0.0  #: seconds before the read that first saw it in work, in which that may have begun
    hinted: bool = False  #: a webhook named it: it is read now, whatever else its account reads together
    rate: float = 0.0  #: the reads a second that its appointments come to
    failures: int = 0  #: reads that failed, one after the other
    failure: Exception | None = None  #: the last of them

    @property
    def job(self) -> Job:
        return self.live.job

    @property
    def attempt(self) -> Attempt:
        return self.live.job.attempts[self.number - 1]


@define(eq=False)
class Live:
    """A job in hand."""

    job: Job
    watchers: tuple[Watcher, ...] = ()
    holders: int = 0  #: verbs that are acting on it
    _hand: Pursuit | None = None  # most often the only one
    _others: tuple[Pursuit, ...] = ()

    @property
    def pursuits(self) -> tuple[Pursuit, ...]:
        """The attempts in hand."""
        return self._others if self._hand is None else (self._hand, *self._others)

    def pursue(self, number: int, account: str | None = None) -> Pursuit:
        """Return an attempt in hand; `account` for one that the journal does not have yet."""
        first = self._hand
        if first is not None and first.number == number:
            return first
        for hand in self._others:
            if hand.number == number:
                return hand
        where = self.job.attempts[number - 1].account if account is None else account
        hand = Pursuit(self, number, where)
        if first is None:
            self._hand = hand
        else:
            self._others = (*self._others, hand)
        return hand

    def let_go(self, hand: Pursuit) -> None:
        """The journal does not have an attempt, and will not."""
        if hand is self._hand:
            self._hand = None
        else:
            self._others = tuple(each for each in self._others if each is not hand)

    def watch(self, watcher: Watcher) -> None:
        """Tell somebody of every change from now on."""
        self.watchers = (*self.watchers, watcher)

    def leave(self, watcher: Watcher) -> None:
        """Tell them no more."""
        self.watchers = tuple(each for each in self.watchers if each is not watcher)

    @property
    def present(self) -> Pursuit:
        """The present attempt in hand."""
        return self.pursue(self.job.attempt.number)

    @property
    def sending(self) -> bool:
        """True while a submit or a resume of it is on its way in this process."""
        return any(hand.sending is not None for hand in self.pursuits)

    @property
    def stuck(self) -> bool:
        """True when it waits for a person: the present attempt is in doubt, and nothing more can be found out."""
        attempt = self.job.attempt
        return attempt.status.in_doubt and self.pursue(attempt.number).stuck


class Registry:
    """Jobs in hand by id. Every change goes through `apply`: one compare-and-set in the journal."""

    def __init__(self, store: JobStore, heard: Heard) -> None:
        self.store = store
        self._heard = heard  # of every attempt as the journal had it, and has it now
        self._live: dict[str, Live] = {}

    def __len__(self) -> int:
        return len(self._live)

    def known(self, job_id: str) -> Live | None:
        return self._live.get(job_id)

    def all(self) -> list[Live]:
        return list(self._live.values())

    def hold(self, job: Job) -> Live:
        """Take a job in hand, or return it as it is in hand."""
        live = self._live.get(job.id)
        if live is None:
            live = self._live[job.id] = Live(job)
        return live

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
        if not live.watchers and not live.holders and not live.sending and not live.job.is_open:
            self.forget(live)

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
        """Let go of a job that this hub can't drive; not of the same one that was taken in hand anew meanwhile."""
        if self._live.get(live.job.id) is live:
            del self._live[live.job.id]

    def news(self, live: Live, attempt: Attempt) -> Job:
        """The journal has this attempt now: tell those who watch."""
        known = live.job.attempts
        old = known[attempt.number - 1] if attempt.number <= len(known) else None
        live.job = self._same(live.job, attempt) or with_attempt(live.job, attempt)
        anew = self._live.get(live.job.id)
        if anew is not None and anew is not live:  # let go of, and taken in hand anew, while this was on its way
            if all(each.version <= attempt.version for each in anew.job.attempts[attempt.number - 1 : attempt.number]):
                anew.job = with_attempt(anew.job, attempt)
            live = anew
        self._heard(live, old, attempt, False)
        self.ring(live)
        return live.job

    def _same(self, job: Job, attempt: Attempt) -> Job | None:
        """Return the job of a journal in memory, where it is what ours becomes: one object will do."""
        held = self.store.held(job.id)
        same = held is not None and held.route is job.route and len(held.attempts) == 1 and held.attempts[0] is attempt
        return held if same else None

    def ring(self, live: Live) -> None:
        """Tell those who watch how the job stands."""
        for watcher in live.watchers:
            watcher(live.job)

    async def refresh(self, live: Live) -> Job:
        """Take over what the journal has, if that is newer; raises NotFound when it has nothing."""
        fresh = await self.store.job(live.job.id)
        if fresh is None:
            raise NotFound(f"the journal {self.store.name} lost the job {live.job.id!r}")
        ours = live.job.attempts
        newer = [
            each for each in fresh.attempts if each.number > len(ours) or each.version > ours[each.number - 1].version
        ]
        if newer:  # its route is ours alone to write
            job = live.job
            for each in newer:  # what only memory knows of the others stays
                job = with_attempt(job, each)
            live.job = evolve(job, route=job.route or fresh.route)
            for each in newer:
                self._heard(live, ours[each.number - 1] if each.number <= len(ours) else None, each, True)
            self.ring(live)
        return live.job

    async def reroute(self, live: Live, route: Itinerary) -> Job:
        """Write how a job's route stands now."""
        await self.store.reroute(live.job.id, route)
        live.job = evolve(live.job, route=route)
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
