"""What a vendor's odd answer may not do."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from genhub import Hub, ImageRequest, Status, TextRequest
from genhub.sim import Fault, Scenario
from tests.adversary.conftest import World, until

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok", "instagram"))


@pytest.mark.parametrize("date", ["Mon, 01 Jan 0001 00:00:00 -0000", "Mon, 01 Jan 0001 00:00:00 GMT", "soon"])
async def test_an_odd_date_does_not_cost_the_answer(world: World, monkeypatch: pytest.MonkeyPatch, date: str) -> None:
    """The id of what was bought is in the answer: a Date that is none is no reason to throw it away."""
    real = type(world.powerpost).headers
    monkeypatch.setattr(type(world.powerpost), "headers", lambda self: {**real(self), "Date": date})
    async with world.hub() as hub:
        handle = await hub.submit(ImageRequest(prompt="bowl of soup"), to="powerpost")

    assert handle.job.provider_id is not None


async def test_a_retry_after_of_years_does_not_end_the_polling(world: World) -> None:
    """A vendor's (or proxy's) number is bounded, as the pacer bounds it: a paid job is read again within hours."""
    world.adgen.script(Scenario(fault=Fault.RATE_LIMITED, on="poll", retry_after=10**9, times=2))
    async with world.hub() as hub:
        handle = await hub.submit(ImageRequest(prompt="bowl of soup"), to="adgen")
        await until(lambda: world.adgen.count("GET", "/api/generate/status") == 2)
        for _ in range(48):
            await asyncio.sleep(0.01)
            world.clock.advance(3600)
        job = await hub.store.job(handle.id)

    assert job is not None
    assert Status.SUCCEEDED is job.status


@pytest.mark.parametrize("amount", ["1e1000000", "-5", "NaN", float("nan"), "Infinity", True, {"a": 1}, "1e30"])
async def test_an_odd_amount_never_loses_the_job(world: World, amount: Any) -> None:
    """Whatever stands where the credits should be: the job is kept, its books can be read, the next hub opens."""
    world.adgen.script(Scenario(fault=Fault.ODD_AMOUNT, amount=amount))
    async with world.hub() as hub:
        handle = await hub.submit(ImageRequest(prompt="bowl of soup"), to="adgen")
        assert handle.job.provider_id is not None
        assert handle.job.credits.net is None or handle.job.credits.net >= Decimal(0)


async def test_a_list_that_is_broken_does_not_keep_jobs_from_being_read(world: World) -> None:
    """Twenty paid captions, a list that answers 500 for ever: each job can still be read by itself."""
    world.powerpost.script(Scenario(steps=("processing",) * 3 + ("completed",), times=None))
    world.powerpost.script(Scenario(http=500, on="list", times=None))
    async with world.hub() as hub:
        handles = await asyncio.gather(*(hub.submit(CAPTION, to="powerpost") for _ in range(20)))
        for _ in range(300):
            await asyncio.sleep(0.002)
        assert world.powerpost.count("GET", "/content/generations") > 2
        jobs = [await hub.store.job(handle.id) for handle in handles]

    assert {Status.SUCCEEDED} == {job.status for job in jobs if job is not None}


async def test_a_login_that_was_renewed_sends_once(world: World) -> None:
    """401, a new token, and the call again: one job, one charge."""
    settings = world.adgen.settings()
    tokens = ["outworn-token-0001", str(settings["token"]), str(settings["token"])]

    async def token() -> str:
        return tokens.pop(0) if len(tokens) > 1 else tokens[0]

    accounts = world.accounts()
    provider: Any = accounts["adgen"].provider
    accounts["adgen"] = evolve(accounts["adgen"], provider=evolve(provider, token=token))
    async with Hub(accounts, clock=world.clock) as hub:
        job = await hub.generate(ImageRequest(prompt="bowl of soup"), to="adgen")

    assert (1, Decimal(3)) == (len(world.adgen.creations), job.credits.net)
