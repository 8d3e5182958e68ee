"""A hub with routes over the three simulators, on a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from typing import Any

import pytest
from attrs import define

from genhub import Account, Hub, Job
from genhub._config import account
from genhub._events import Event
from genhub.routing import Route
from genhub.sim import AdGenSim, GenProSim, PowerPostSim, Simulator, Simulators
from genhub.testing import FakeClock

NAMES = ("powerpost", "adgen", "genpro")


@define
class World:
    """Everything that a test of routes needs."""

    clock: FakeClock
    sims: Simulators
    events: list[Event]

    @property
    def powerpost(self) -> PowerPostSim:
        return self.sims.powerpost

    @property
    def genpro(self) -> GenProSim:
        return self.sims.genpro

    @property
    def adgen(self) -> AdGenSim:
        return self.sims.adgen

    def accounts(self, **each: dict[str, Any]) -> dict[str, Account]:
        """The three accounts; by name, what is different about one."""
        usual = {"timeout": 5, "price": "0.05 USD"}
        return {
            name: account(name, {**usual, **self.sims[name].settings(), **each.get(name, {})}, {}) for name in NAMES
        }

    def hub(
        self,
        route: Route | Iterable[str] | None = None,
        *,
        journal: Any = "memory:",
        routes: dict[str, Route] | None = None,
        each: dict[str, dict[str, Any]] | None = None,
        **options: Any,
    ) -> Hub:
        """A hub with one route, `captions`: by default the three accounts in order, with changes allowed."""
        if route is None:
            route = Route(accounts=NAMES, portability="adjust")
        return Hub(
            self.accounts(**(each or {})),
            journal=journal,
            clock=self.clock,
            routes=routes if routes is not None else {"captions": Route.of(route)},
            on_event=self.events.append,
            **options,
        )

    def names(self) -> list[str]:
        """What was told, by name."""
        return [str(event.name) for event in self.events]

    def made(self) -> dict[str, int]:
        """How many jobs each vendor made."""
        return {name: len(self.sims[name].creations) for name in NAMES}

    def spent(self, job: Job) -> Decimal:
        """What a job's attempts cost by the vendors' own books, in credits (of whatever vendor)."""
        return sum(
            (self.sims[each.account].net(each.provider_id) for each in job.attempts if each.provider_id is not None),
            Decimal(0),
        )


def submits(sim: Simulator) -> int:
    """How many calls that could buy something reached a vendor."""
    return sum(1 for seen in sim.requests if seen.method == "POST" and "generate" in seen.path)


def ways(job: Job) -> list[tuple[str, str]]:
    """A job's attempts: where, and how they ended."""
    return [(each.account, str(each.status)) for each in job.attempts]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = FakeClock()
    async with Simulators(clock=clock) as sims:
        yield World(clock, sims, [])
