"""A routed job that is stopped while its next account is waited for; and a hub that is opened again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attrs import evolve

from genhub import Hub, JournalError, Route, Status, TextRequest
from genhub.sim import Scenario
from tests.adversary.conftest import World, until

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok",))
ROUTE = Route(accounts=("powerpost", "adgen"), portability="adjust")


def routed(world: World) -> Hub:
    accounts = world.accounts()
    accounts["adgen"] = evolve(accounts["adgen"], concurrency=1)
    return Hub(accounts, routes={"captions": ROUTE}, clock=world.clock)


async def test_a_job_that_is_stopped_between_two_accounts_comes_to_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its walk does not ask the next account again and again."""
    world.powerpost.script(Scenario(outcome="failed", duration=1.0))
    async with routed(world) as hub:
        adgen = hub.account("adgen")
        await adgen.slots.acquire()  # another job's submit holds it
        asked, turn = list[str](), adgen.http.turn

        async def counted(path: str) -> Any:
            asked.append(path)
            return await turn(path)

        monkeypatch.setattr(adgen.http, "turn", counted)
        handle = await hub.submit(CAPTION, to="captions")
        await until(lambda: bool(adgen.slots._waiters))  # the first has failed, and the second waits
        await handle.stop()
        adgen.slots.release()
        for _ in range(2000):
            await asyncio.sleep(0)
        job = await hub.store.job(handle.id)

    assert job is not None
    assert [("powerpost", Status.FAILED)] == [(each.account, each.status) for each in job.attempts]
    assert len(asked) <= 1


async def test_a_caller_whose_job_was_stopped_between_two_accounts_is_told(world: World) -> None:
    """Refused by the first, waiting for the second, and stopped by somebody else: the call of submit returns."""
    world.powerpost.script(Scenario(http=402))
    async with routed(world) as hub:
        slots = hub.account("adgen").slots
        await slots.acquire()  # another job's submit holds it
        calling = asyncio.create_task(hub.submit(CAPTION, to="captions"))
        await until(lambda: bool(slots._waiters))
        (job,) = [each async for each in hub.jobs()]
        await hub.stop(job.id)
        slots.release()
        done, _ = await asyncio.wait([calling], timeout=5)
        calling.cancel()

    assert {calling} == done


async def test_a_hub_that_was_closed_is_not_opened_again(world: World) -> None:
    """It would buy, and read nothing: it says so instead."""
    hub = world.hub()
    async with hub:
        await hub.generate(CAPTION, to="powerpost")
    with pytest.raises(JournalError, match="make a new one"):
        await hub.__aenter__()
