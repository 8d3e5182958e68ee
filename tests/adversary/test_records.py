"""The journal's two ways to write, against each other; the spill file; what a closing hub does."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from genhub import GenhubError, ImageRequest, JournalError, Status, TextRequest, VideoRequest
from genhub.sim import Fault, Scenario
from genhub.stores import JobFilter
from tests.adversary.conftest import NEVER, Gate, World, method, until

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok", "instagram"))
IMAGE = ImageRequest(prompt="bowl of soup")


async def test_a_late_write_of_an_outcome_does_not_undo_what_was_read_since(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is back: the outcome's second try and a poll's news race; the newer one stays."""
    async with world.hub(poll_every=NEVER) as hub:
        record, advance = hub.store.record, hub.store.advance

        async def full(_: Any) -> Any:
            raise JournalError("the disk is full")

        monkeypatch.setattr(hub.store, "record", full)
        monkeypatch.setattr(hub.store, "advance", full)
        handle = await hub.submit(IMAGE, to="powerpost")
        monkeypatch.setattr(hub.store, "record", record)
        again = Gate(advance, after=False)
        monkeypatch.setattr(hub.store, "advance", again)
        await again.reached.wait()
        world.finish(handle.job)
        assert Status.SUCCEEDED is (await hub.poll(handle.id)).status
        again.open.set()
        await until(lambda: not hub._desk.recorder.unwritten)
        job = await hub.store.job(handle.id)

    assert job is not None
    assert Status.SUCCEEDED is job.status


async def test_the_spill_is_read_before_a_doubt_is_judged(world: World, tmp_path: Path) -> None:
    """The next hub knows what the spill file knows, whether or not `recover` was called first."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    async with world.hub(journal=journal) as hub:
        with pytest.MonkeyPatch.context() as patch:

            async def full(_: Any) -> Any:
                raise JournalError("the disk is full")

            patch.setattr(hub.store, "record", full)
            patch.setattr(hub.store, "advance", full)
            handle = await hub.submit(IMAGE, to="powerpost")
            await hub.close()
    async with world.hub(journal=journal) as hub:
        with suppress(GenhubError):
            await (await hub.get(handle.id)).wait()
        with suppress(GenhubError):
            await hub.settle(handle.id, not_submitted=True)
        await hub.recover()
        job = (await hub.get(handle.id)).job

    assert handle.job.provider_id == job.provider_id


async def test_settle_does_not_write_over_an_outcome_that_came_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person says "not submitted" in the moment in which the outcome gets through: the outcome stays."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub(poll_every=NEVER) as hub:
        handle = await hub.submit(IMAGE, to="powerpost")
        with suppress(GenhubError):
            await handle.wait()
        made = world.powerpost.creations[0][0]
        other = await hub.submit(ImageRequest(prompt="another"), to="powerpost")
        assert other.job.attempt.ref is not None
        outcome = evolve(
            handle.job.attempt,
            ref=evolve(other.job.attempt.ref, id=made),
            status=Status.RUNNING,
            doubt=None,
            entries=other.job.attempt.entries,
        )
        real = hub.store.advance

        async def advance(attempt: Any) -> Any:
            monkeypatch.setattr(hub.store, "advance", real)
            await hub.store.record(outcome)
            return await real(attempt)

        monkeypatch.setattr(hub.store, "advance", advance)
        with suppress(GenhubError):
            await hub.settle(handle.id, not_submitted=True)
        job = await hub.store.job(handle.id)

    assert job is not None
    assert Status.RUNNING is job.status


async def test_a_closing_hub_begins_nothing(world: World) -> None:
    """Who waited for a slot when the hub closed is told so; nothing is sent whose outcome can't be written."""
    world.powerpost.script(Scenario(fault=Fault.SLOW, delay=5))
    async with world.hub(concurrency=1) as hub:
        first = asyncio.create_task(hub.submit(CAPTION, to="powerpost"))
        await until(lambda: bool(world.powerpost.creations))
        second = asyncio.create_task(hub.submit(IMAGE, to="powerpost"))
        for _ in range(5):
            await asyncio.sleep(0)
        await hub.close()
        results = await asyncio.gather(first, second, return_exceptions=True)
        for _ in range(200):
            await asyncio.sleep(0.001)
        store = hub.store
        await store.open()
        jobs = [job async for job in store.jobs(JobFilter())]
        await store.close()

    known = {job.provider_id for job in jobs}
    assert {made for made, _ in world.powerpost.creations} <= known, results


async def test_news_that_contradicts_a_success_reaches_the_books(world: World) -> None:
    """A job that succeeded is said to have failed and to have cost 0: ten exact credits is not what is known."""
    async with world.hub() as hub:
        job = await hub.generate(CAPTION, to="powerpost")
        sim = world.powerpost
        sim.force(sim.jobs[str(job.provider_id)], "failed")
        job = await hub.poll(job.id)

    assert not job.credits.exact or job.credits.net == sim.net(str(job.provider_id))


async def test_a_charge_reported_by_a_job_that_was_lost_is_booked_once(world: World, tmp_path: Path) -> None:
    """Kill, recover, recover again, poll: one line."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub(journal=journal) as hub:
        handle = await hub.submit(CAPTION, to="powerpost")
    job = handle.job
    for _ in range(3):
        async with world.hub(journal=journal) as hub:
            await hub.recover()
            job = await (await hub.get(handle.id)).wait()
            job = await hub.poll(job.id)

    assert [Decimal(10)] == [entry.amount for entry in job.entries]


async def test_keys_are_held_over_cancellation(world: World) -> None:
    """Cancelled callers with one key, ten at a time: one purchase."""
    async with world.hub() as hub:
        for _ in range(10):
            tasks = [
                asyncio.create_task(hub.submit(VideoRequest(prompt="v", duration=5), to="powerpost", key="k"))
                for _ in range(3)
            ]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        job = await hub.submit(VideoRequest(prompt="v", duration=5), to="powerpost", key="k")
        with suppress(GenhubError):
            await job.wait()

    assert 1 == len(world.powerpost.creations)


async def test_an_audit_beside_a_submit_does_not_lie_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The balance was read before a job was bought, the ledger after: the next audit still adds up."""
    from genhub_adgen import AdGen

    async with world.hub(poll_every=NEVER) as hub:
        await hub.audit("adgen")
        gate = Gate(AdGen.balance, after=True)
        monkeypatch.setattr(AdGen, "balance", method(gate))
        auditing = asyncio.create_task(hub.audit("adgen"))
        await gate.reached.wait()
        job = (await hub.submit(ImageRequest(prompt="summer vibes"), to="adgen")).job
        world.finish(job)
        await hub.poll(job.id)
        gate.open.set()
        during = await auditing
        after = await hub.audit("adgen")

    assert (True, True) == (during.explained, after.explained)
