"""The place where an adapter is tried: a hub, the vendor on a real socket, one clock for both."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeVar

from attrs import frozen

from genhub import Account, GenhubError, Hub, Job, Provider, Request, Status, StatusTable, capabilities
from genhub._billing import Rule
from genhub.sim import Fault, Scenario, Simulator
from genhub.testing._clock import FakeClock

E = TypeVar("E", bound=GenhubError)
T = TypeVar("T")

NAME = "account"
#: Of one HTTP call, in seconds of a time that is skipped.
TIMEOUT = 10.0
#: So long a promise may take in real time before it counts as broken, in seconds.
PATIENCE = 60.0
#: A poll_every by which a hub reads nothing by itself, on a FakeClock.
NEVER = 1e8


async def raised(kind: type[E], work: Awaitable[Any]) -> E:
    """Return the error that awaiting this raises."""
    try:
        found = await work
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was to be raised, but this came: {found!r}")


class Strikes(Counter[Fault]):
    """How often each fault struck; rings at each."""

    def __init__(self) -> None:
        super().__init__()
        self.rang = asyncio.Event()

    def __setitem__(self, fault: Fault, count: int) -> None:
        super().__setitem__(fault, count)
        self.rang.set()

    @property
    def hangs(self) -> int:
        return self[Fault.HANG] + self[Fault.HANG_BEFORE]


@frozen
class Bench:
    """An adapter at work."""

    hub: Hub
    vendor: Simulator
    clock: FakeClock
    strikes: Strikes

    @property
    def made(self) -> list[str]:
        """The vendor's ids of what it made and charged, oldest first."""
        return [job_id for job_id, _ in self.vendor.creations]

    async def patiently(self, work: Coroutine[Any, Any, T]) -> T:
        """Await it; whenever the vendor holds back an answer, skip the time until the caller gives up."""
        task = asyncio.get_running_loop().create_task(work)
        given_up = self.strikes.hangs
        while not task.done():
            self.strikes.rang.clear()
            bell = asyncio.get_running_loop().create_task(self.strikes.rang.wait())
            await asyncio.wait((task, bell), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if not bell.done() and not task.done():
                task.cancel()
                raise AssertionError(f"no end after {PATIENCE:g} s")
            bell.cancel()
            if self.strikes.hangs > given_up:
                given_up += 1
                self.clock.skip(TIMEOUT + 1)
        return task.result()

    async def submit(self, request: Request) -> tuple[Job, GenhubError | None]:
        """Submit a request; returns the job as the journal has it, and what `hub.submit` raised."""
        error: GenhubError | None = None
        try:
            job = (await self.patiently(self.hub.submit(request, to=NAME))).job
        except GenhubError as failure:
            assert failure.job is not None, f"an error of submit without its job: {failure!r}"
            error, job = failure, failure.job
        return await self.journal(job.id), error

    async def journal(self, job_id: str) -> Job:
        """Return the job as the journal has it."""
        job = await self.hub.store.job(job_id)
        assert job is not None, f"the journal lost {job_id}"
        return job

    async def read(self, job_id: str) -> Job:
        """Read the vendor once, whatever is due."""
        return await self.patiently(self.hub.poll(job_id))

    async def end(self, job_id: str, *, reads: int = 60) -> Job:
        """Read a job, or look at its doubt, until it ends or nothing more can be found out."""
        job = await self.journal(job_id)
        for _ in range(reads):
            live = self.hub.in_hand(job_id)
            if job.status.is_final or (live is not None and live.stuck):
                return job
            job = await self.read(job_id)
            self.clock.advance(5.0)
        return job


class Statement:
    """What an author states about an adapter; the promises are held against it."""

    adapter: ClassVar[type[Any]]
    #: The adapter's table.
    statuses: ClassVar[StatusTable]
    #: Every word for a job's state that the vendor documents, and what it means.
    documented: ClassVar[Mapping[str, Status]]
    #: A request for every kind of call, small and plain.
    requests: ClassVar[Mapping[str, Request]]
    #: What `provider` is given that nobody may see.
    secrets: ClassVar[Collection[str]]
    #: Kind of call to a request that, sent twice, the vendor answers with the job of the first (`Receipt.reused`).
    repeats: ClassVar[Mapping[str, Request]] = {}
    #: A word that no vendor uses.
    invented: ClassVar[str] = "marinating"

    def vendor(self, clock: FakeClock) -> Simulator:
        """Return the vendor: a simulator, or a FakeVendor, that lives by this clock."""
        raise NotImplementedError

    def provider(self, vendor: Simulator) -> Provider:
        """Return the adapter with settings that this vendor lets in."""
        raise NotImplementedError

    def life(self, kind: str, rule: Rule, words: tuple[str, ...]) -> Scenario:
        """Return the life of a job that ends where a money rule counts; `words` are said to its reads in turn."""
        return Scenario(steps=words)

    # What the promises use

    def word(self, status: Status) -> str | None:
        """Return the vendor's word for a status; None: it has none."""
        return next((word for word, means in self.documented.items() if means is status), None)

    @property
    def working(self) -> str:
        """The vendor's word for a job that has not ended."""
        word = self.word(Status.RUNNING) or self.word(Status.QUEUED)
        assert word is not None, "the vendor documents no word for a job in work"
        return word

    @property
    def done(self) -> str:
        """The vendor's word for a job that succeeded."""
        word = self.word(Status.SUCCEEDED)
        assert word is not None, "the vendor documents no word for success"
        return word

    def can(self, capability: str) -> bool:
        return capability in capabilities(self.adapter)

    @asynccontextmanager
    async def bench(self, *, journal: str = "memory:") -> AsyncGenerator[Bench]:
        """Open the vendor and a hub whose tracker leaves jobs alone: what is read is read by the promise."""
        clock = FakeClock()
        async with self.vendor(clock) as vendor:
            vendor.casting.hits = strikes = Strikes()
            provider = self.provider(vendor)
            account = Account(provider=provider, timeout=TIMEOUT, poll_every=NEVER)
            async with Hub({NAME: account}, journal=journal, clock=clock) as hub:
                yield Bench(hub, vendor, clock, strikes)
