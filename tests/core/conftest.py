"""A hub over the three simulators, on a clock that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from attrs import define

from genhub import Account, Hub, Job
from genhub._config import account
from genhub.sim import AdGenSim, GenProSim, PowerPostSim, Simulators
from genhub.testing import FakeClock


@define
class World:
    """Everything that a test of the hub needs."""

    clock: FakeClock
    sims: Simulators

    @property
    def powerpost(self) -> PowerPostSim:
        return self.sims.powerpost

    @property
    def genpro(self) -> GenProSim:
        return self.sims.genpro

    @property
    def adgen(self) -> AdGenSim:
        return self.sims.adgen

    def finish(self, job: Job) -> None:
        """Let the vendor complete a job now."""
        sim = self.sims[job.account]
        sim.force(sim.jobs[str(job.provider_id)], "completed")

    def accounts(self, **options: Any) -> dict[str, Account]:
        return {
            name: account(name, {"timeout": 5, **self.sims[name].settings(), **options}, {})
            for name in ("powerpost", "genpro", "adgen")
        }

    def hub(self, *, journal: Any = "memory:", read_only: bool = False, **options: Any) -> Hub:
        return Hub(self.accounts(**options), journal=journal, clock=self.clock, read_only=read_only)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = FakeClock()
    async with Simulators(clock=clock) as sims:
        yield World(clock, sims)


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something that is under way has happened."""
    for _ in range(100_000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not happen")
