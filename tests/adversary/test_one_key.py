"""A key is one job's, whatever else its calls say."""

from __future__ import annotations

import asyncio

import pytest

from genhub import TextRequest
from tests.adversary.conftest import Gate, World

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok",))


async def test_one_key_is_one_job_also_beside_reuse(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled call's send goes on: its key is its job's, not also that of an equal request made earlier."""
    async with world.hub() as hub:
        earlier = await hub.generate(CAPTION, to="powerpost", reuse="1h")
        create = Gate(hub.store.create, after=False)
        monkeypatch.setattr(hub.store, "create", create)
        first = asyncio.create_task(hub.submit(CAPTION, to="powerpost", key="k"))
        await create.reached.wait()
        first.cancel()
        await asyncio.wait([first])
        asking = asyncio.create_task(hub.submit(CAPTION, to="powerpost", key="k", reuse="1h"))
        for _ in range(20):
            await asyncio.sleep(0)
        create.open.set()
        second = await asking
        third = await hub.submit(CAPTION, to="powerpost", key="k")

    assert earlier.id != second.id
    assert second.id == third.id
    assert 2 == len(world.powerpost.creations)
