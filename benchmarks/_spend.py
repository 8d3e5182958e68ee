"""What a hub makes of an afternoon of outages, beside the vendors' own books.

Some of what is lost nobody but a person can settle, who comes when the afternoon is over and reads it off those books.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from attrs import define, field

from benchmarks._afternoon import ACCOUNTS, FUNDS, OUTAGES, Asked, Outage, begin, requests
from benchmarks._virtual import LoopClock
from genhub import Attempt, GenhubError, Hub, Job, SubmissionUnknown, WaitTimeout
from genhub._config import account
from genhub._events import Event
from genhub.routing import Route
from genhub.sim import Simulator, Simulators

#: Of every account.
SETTINGS: Mapping[str, Any] = {"price": "0.05 USD", "timeout": 30}


@define(eq=False)
class Afternoon:
    """What became of everything."""

    asked: Sequence[Asked]
    sims: Simulators
    start: float  #: epoch seconds
    outages: Sequence[Outage] = OUTAGES
    events: list[Event] = field(factory=list[Event])
    refused: dict[str, GenhubError] = field(factory=dict[str, GenhubError])  #: by mark: what `submit` raised
    evening: dict[str, Job] = field(factory=dict[str, Job])  #: by mark: as it was when nothing more came by itself
    night: dict[str, Job] = field(factory=dict[str, Job])  #: after a person has settled what was in doubt
    books: dict[tuple[str, str], Decimal] = field(factory=dict[tuple[str, str], Decimal])  #: what each had cost by then

    @property
    def doubts(self) -> dict[str, Job]:
        """What only a person can settle."""
        return {mark: job for mark, job in self.evening.items() if job.status.in_doubt}

    def made(self, mark: str, *, by_evening: bool = False) -> list[tuple[str, str]]:
        """Return what was made, and charged, for a request: account and the vendor's id."""
        found = [
            (name, job_id) for name in self.sims for job_id, body in self.sims[name].creations if mark in repr(body)
        ]
        return [each for each in found if each in self.books] if by_evening else found

    def outage(self, attempt: Attempt) -> Outage | None:
        """Return the trouble that its account had when an attempt was made."""
        at = attempt.created_at.timestamp() - self.start
        return next((each for each in self.outages if each.account == attempt.account and each.covers(at)), None)


async def spend(route: Route | str, count: int = 300, *, outages: Sequence[Outage] = OUTAGES) -> Afternoon:
    """Spend an afternoon on a `VirtualLoop`; a route that is an account's name is that account alone."""
    clock = LoopClock()
    options = {name: {"balance": FUNDS} for name in ACCOUNTS}
    async with Simulators(ACCOUNTS, clock=clock, options=options) as sims:
        told = Afternoon(requests(count, outages), sims, clock.time(), outages)
        accounts = {name: account(name, {**SETTINGS, **sims[name].settings()}, {}) for name in ACCOUNTS}
        routes = {} if isinstance(route, str) else {"afternoon": route}
        async with Hub(accounts, clock=clock, routes=routes, on_event=told.events.append) as hub:
            to = route if isinstance(route, str) else "afternoon"
            async with asyncio.TaskGroup() as group:
                for outage in outages:
                    group.create_task(_happen(outage, sims[outage.account], clock))
                for each in told.asked:
                    group.create_task(_ask(told, hub, each, to, clock))
            await _rest(told, hub)
            for mark in told.evening:
                told.night[mark] = await _settled(told, hub, mark)
    return told


async def _happen(outage: Outage, sim: Simulator, clock: LoopClock) -> None:
    await clock.sleep(outage.begin)
    over = await begin(outage, sim)
    await clock.sleep(outage.end - outage.begin)
    await sim.open_port()
    over()


async def _ask(told: Afternoon, hub: Hub, asked: Asked, to: str, clock: LoopClock) -> None:
    """Ask for one thing, and wait for it as an app does."""
    await clock.sleep(asked.at)
    try:
        handle = await hub.submit(asked.request, to=to, portability="adjust")
    except GenhubError as error:
        told.refused[asked.mark] = error
        return
    with suppress(SubmissionUnknown, WaitTimeout):
        await handle.wait()


async def _rest(told: Afternoon, hub: Hub) -> None:
    """Take down how everything stands."""
    told.books = {(name, job_id): told.sims[name].net(job_id) for name in told.sims for job_id in told.sims[name].jobs}
    async for job in hub.jobs():
        assert job.request.label is not None
        told.evening[job.request.label] = job


async def _settled(told: Afternoon, hub: Hub, mark: str) -> Job:
    """Settle a job's doubts as a person does who reads the vendor's books, and wait for its end."""
    handle = await hub.get(told.evening[mark].id)
    while handle.job.status.in_doubt:
        attempt = handle.job.attempt
        known = {each.provider_id for each in handle.job.attempts}
        found = [each for name, each in told.made(mark) if name == attempt.account and each not in known]
        if found:
            await hub.settle(handle.id, adopt=found[0])
        else:
            await hub.settle(handle.id, not_submitted=True)
        handle = await hub.get(handle.id)
        with suppress(SubmissionUnknown):
            await handle.wait()
    return handle.job
