"""A job that was let go of while it was read, and is taken up again before the answer came."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from genhub import Status, TextRequest
from genhub.sim import Scenario
from tests.adversary.conftest import Gate, World, method

REQUESTS = {
    "powerpost": TextRequest(prompt="Dark mode is here", platforms=("tiktok",)),
    "genpro": TextRequest(prompt="Dark mode is here"),
}


@pytest.mark.parametrize("how", ["get", "key"])
@pytest.mark.parametrize("name", REQUESTS)
async def test_who_waits_again_is_told_although_a_read_was_on_its_way(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    """A job that was detached while it was read, and is asked for again, ends for whoever waits."""
    async with world.hub() as hub:
        provider: Any = type(hub.account(name).provider)
        world.sims[name].script(Scenario(duration=3600.0))
        gate = Gate(provider.poll, after=True)
        handle = await hub.submit(REQUESTS[name], to=name, key="k")
        world.finish(handle.job)
        monkeypatch.setattr(provider, "poll", method(gate))
        await gate.reached.wait()
        await handle.detach()
        again = await hub.get(handle.id) if how == "get" else await hub.submit(REQUESTS[name], to=name, key="k")
        waiting = asyncio.create_task(again.wait())
        for _ in range(20):
            await asyncio.sleep(0)
        gate.open.set()
        done, _ = await asyncio.wait([waiting], timeout=5)
        waiting.cancel()
        stored = await hub.store.job(handle.id)

    assert stored is not None
    assert Status.SUCCEEDED is stored.status
    assert {waiting} == done
