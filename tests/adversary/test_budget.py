"""Caps that hold."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genhub import Budget, BudgetExceeded, Hub, ImageRequest, VideoRequest
from genhub._budget import Purse
from genhub.sim import Fault, Scenario
from tests.adversary.conftest import NEVER, OffClock, World

AD = ImageRequest(prompt="summer vibes")


def capped(world: World, amount: int, per: Any = "ever", *, of: str = "adgen", **more: Any) -> dict[str, Any]:
    from attrs import evolve

    accounts = world.accounts()
    accounts[of] = evolve(accounts[of], budget=Budget(amount=Decimal(amount), per=per), **more)
    return accounts


async def test_fifty_at_once_never_pass_a_cap(world: World) -> None:
    """Reserved before anything is awaited."""
    async with Hub(capped(world, 10), clock=world.clock) as hub:
        ends = await asyncio.gather(*(hub.submit(AD, to="adgen") for _ in range(50)), return_exceptions=True)

    assert 47 == sum(isinstance(end, BudgetExceeded) for end in ends)
    assert 3 == len(world.adgen.creations)


async def test_a_clock_that_visits_tomorrow_does_not_forget_today(world: World) -> None:
    """What was spent today counts when the clock is set right again."""
    clock = OffClock(world.clock)
    async with Hub(capped(world, 3, "day"), clock=clock) as hub:
        await hub.submit(AD, to="adgen")
        clock.ahead = 86_400.0
        with pytest.raises(BudgetExceeded):
            await hub.submit(VideoRequest(script="Hey! You need this."), to="adgen")
        clock.ahead = 0.0
        with pytest.raises(BudgetExceeded):
            await hub.submit(AD, to="adgen")


async def test_what_is_resumed_today_counts_today_after_a_restart_too(world: World, tmp_path: Path) -> None:
    """A job of yesterday, stopped, and continued today: its charge is today's."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    accounts = capped(world, 10, "day", of="genpro", estimate={"video": Decimal(10)}, poll_every=NEVER)
    async with Hub(accounts, journal=journal, clock=world.clock) as hub:
        world.genpro.script(Scenario(steps=("processing",) * 50))
        handle = await hub.submit(VideoRequest(prompt="waves"), to="genpro")
        await handle.stop()
        world.clock.advance(86_400)
        await handle.resume()
        with pytest.raises(BudgetExceeded):
            await hub.submit(VideoRequest(prompt="more"), to="genpro")
    async with Hub(accounts, journal=journal, clock=world.clock) as hub:
        with pytest.raises(BudgetExceeded):
            await hub.submit(VideoRequest(prompt="more"), to="genpro")


async def test_a_doubt_keeps_its_reservation(world: World) -> None:
    """A lost answer may have been charged: it counts, also after a restart of the books."""
    world.adgen.script(Scenario(fault=Fault.HANG))
    accounts = capped(world, 5, timeout=0.2)
    async with Hub(accounts, clock=world.clock) as hub:
        sending = asyncio.create_task(hub.submit(AD, to="adgen"))
        await asyncio.sleep(0.05)
        world.clock.advance(30)
        await sending
        with pytest.raises(BudgetExceeded):
            await hub.submit(AD, to="adgen")


def test_a_refund_never_makes_room_below_nothing() -> None:
    """Release and hold in any order: never negative."""
    purse = Purse("p", Budget(amount=Decimal(5)), None)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    purse.hold("a", now, Decimal(3))
    purse.release("a")
    purse.release("a")
    purse.hold("a", now - timedelta(days=1), Decimal(0))
    assert Decimal(0) == purse.spent(now)
