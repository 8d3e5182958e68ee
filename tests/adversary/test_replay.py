"""A replay is harmless only while the first job must still be live."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genhub import Hub, ImageRequest, RateLimited, SubmissionUnknown, VideoRequest
from genhub.sim import AdGenSim, Fault, Scenario
from tests.adversary.conftest import OffClock, World, until

LOST = ImageRequest(prompt="the lost one")


async def test_a_replay_that_has_to_wait_for_the_vendors_limit_is_not_sent(world: World) -> None:
    """The window is checked when the first byte leaves, not before the pacer's wait."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER, match="the lost one"))
    world.adgen.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=90, match="somebody else"))
    async with world.hub() as hub:

        async def refused() -> None:
            with suppress(RateLimited):
                await hub.submit(ImageRequest(prompt="somebody else"), to="adgen")

        handle, _ = await asyncio.gather(hub.submit(LOST, to="adgen"), refused())
        with suppress(SubmissionUnknown):
            await handle.wait()

    assert 1 == len(world.adgen.creations)


async def test_a_replay_over_a_slow_way_is_not_sent_late(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login token that takes its time counts too: the byte leaves after the window, so it must not leave."""
    from genhub_adgen import AdGen

    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    real = AdGen.submit
    calls = 0

    async def submit(self: Any, http: Any, call: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            http._known.headers = None  # another call's 401 made it forget
            world.clock.advance(60)  # ... and the login is slow
        return await real(self, http, call)

    monkeypatch.setattr(AdGen, "submit", submit)
    async with world.hub() as hub:
        handle = await hub.submit(LOST, to="adgen")
        with suppress(SubmissionUnknown):
            await handle.wait()

    assert 1 == len(world.adgen.creations)


async def test_learning_the_vendors_time_does_not_make_a_send_younger(world: World) -> None:
    """The first send was noted by a clock 30 s ahead; what is learned later must not reopen the window."""
    world.adgen.script(Scenario(fault=Fault.HANG))
    clock = OffClock(world.clock, ahead=30.0)
    async with Hub(world.accounts(timeout=0.2), clock=clock) as hub:
        sending = asyncio.create_task(hub.submit(LOST, to="adgen"))
        await until(lambda: bool(world.adgen.creations))
        await hub.balance("adgen")
        world.clock.advance(31)
        handle = await sending
        with suppress(SubmissionUnknown):
            await handle.wait()

    assert 1 == len(world.adgen.creations)


async def test_a_clock_set_back_does_not_reopen_the_window(world: World, tmp_path: Path) -> None:
    """After a restart the age of a send is what the wall clock says; set back, it must not say "young"."""
    world.adgen.script(Scenario(fault=Fault.HANG))
    journal = f"sqlite:///{tmp_path}/genhub.db"
    clock = OffClock(world.clock)
    async with Hub(world.accounts(timeout=0.2), journal=journal, clock=clock) as hub:
        sending = asyncio.create_task(hub.submit(VideoRequest(script="Hey! You need this."), to="adgen"))
        await until(lambda: bool(world.adgen.creations))
        world.clock.advance(600)
        handle = await sending
    clock.ahead = -595.0
    async with Hub(world.accounts(), journal=journal, clock=clock) as hub:
        await hub.recover()
        with suppress(SubmissionUnknown):
            await (await hub.get(handle.id)).wait()

    assert 1 == len(world.adgen.creations)


async def test_a_replay_that_meets_a_job_of_ours_charges_nothing(world: World) -> None:
    """A key of the user's own: the lost submit was attached to a job that the journal has, and cost nothing."""
    world.adgen.script(Scenario(steps=("queued",), times=None))
    mine = ImageRequest(prompt="summer vibes", extra={"adgen": {"idempotencyKey": "mine"}})
    async with world.hub() as hub:
        first = await hub.submit(mine, to="adgen")
        world.adgen.scripts.clear()
        world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
        second = await hub.submit(mine, to="adgen")
        for _ in range(3):
            await second.poll()
        nets = [(await hub.get(each.id)).job.credits.net for each in (first, second)]

    assert 1 == len(world.adgen.creations)
    assert Decimal(3) == sum(net for net in nets if net is not None)


async def test_a_replay_answered_without_a_status_is_not_free(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """adgen trap 10: a duplicate's answer may lack `status`; its `creditsUsed` 0 is the replay's, not the job's."""
    real: Any = AdGenSim._reused

    def reused(self: Any, fields: Any, kind: str) -> Any:
        answer = real(self, fields, kind)
        if answer is not None:
            del answer.data["status"]
        return answer

    monkeypatch.setattr(AdGenSim, "_reused", reused)
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub() as hub:
        job = await hub.generate(LOST, to="adgen")

    assert 1 == len(world.adgen.creations)
    assert world.adgen.net(str(job.provider_id)) == job.credits.net
