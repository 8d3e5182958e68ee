"""Stop and continue beside each other, beside reads, and beside those who look at the job."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genhub import GenhubError, Hub, Status, TextRequest, VideoRequest
from genhub.sim import Scenario
from genhub_genpro import GenPro
from tests.adversary.conftest import NEVER, Gate, World, method

WAVES = VideoRequest(prompt="waves")


async def at_work(world: World, hub: Hub) -> Any:
    world.genpro.script(Scenario(steps=("processing",) * 500))
    handle = await hub.submit(WAVES, to="genpro")
    await handle.poll()
    assert Status.RUNNING is handle.status
    return handle


async def test_a_read_from_before_the_resume_does_not_stop_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read begun while it ran, answered "stopped", delivered after the resume: it is of the leg before."""
    async with world.hub(poll_every=NEVER) as hub:
        handle = await at_work(world, hub)
        updates = handle.updates()
        await anext(updates)  # somebody watches, slowly: the job stays in hand
        stop = Gate(GenPro.stop, after=True)
        monkeypatch.setattr(GenPro, "stop", method(stop))
        stopping = asyncio.create_task(handle.stop())
        await stop.reached.wait()  # the vendor has stopped it; its answer is on the way
        read = Gate(GenPro.poll, after=True)
        monkeypatch.setattr(GenPro, "poll", method(read))
        reading = asyncio.create_task(hub.poll(handle.id))  # begins while we think that it runs
        await read.reached.wait()
        stop.open.set()
        await stopping
        await hub.resume(handle.id)
        read.open.set()
        job = await reading
        await updates.aclose()

    assert not job.status.is_final
    assert job.credits.net is None


async def test_a_stops_late_answer_does_not_stop_what_was_resumed_since(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll saw the stop before its own answer came, and the job was resumed by then."""
    async with world.hub(poll_every=NEVER) as hub:
        handle = await at_work(world, hub)
        updates = handle.updates()
        await anext(updates)
        stop = Gate(GenPro.stop, after=True)
        monkeypatch.setattr(GenPro, "stop", method(stop))
        stopping = asyncio.create_task(hub.stop(handle.id))
        await stop.reached.wait()
        assert Status.STOPPED is (await hub.poll(handle.id)).status
        resumed = await hub.resume(handle.id)
        assert not resumed.status.is_final
        stop.open.set()
        with suppress(GenhubError):
            await stopping
        job = (await hub.get(handle.id)).job
        await updates.aclose()

    assert not job.status.is_final
    assert job.credits.net is None


async def test_a_resume_under_way_is_in_hand_for_everybody(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`get` while the intent of a resume is being written does not let go of the job: one continue, one charge."""
    async with world.hub(journal=f"sqlite:///{tmp_path}/genhub.db", poll_every=NEVER) as hub:
        handle = await at_work(world, hub)
        await handle.stop()
        advance = Gate(hub.store.advance, after=False)
        monkeypatch.setattr(hub.store, "advance", advance)
        resume = Gate(GenPro.resume, after=True)
        monkeypatch.setattr(GenPro, "resume", method(resume))
        one = asyncio.create_task(hub.resume(handle.id))
        await advance.reached.wait()
        await hub.get(handle.id)  # somebody looks at the job
        advance.open.set()
        await resume.reached.wait()  # the vendor has it; the answer is on its way
        await hub.poll(handle.id)  # somebody reads it
        resume.open.set()
        await one
        world.finish(handle.job)
        job = await hub.poll(handle.id)

    assert Status.SUCCEEDED is job.status
    assert (world.genpro.net(str(job.provider_id)), True) == (job.credits.net, job.credits.exact)


async def test_two_resumes_and_a_look_send_one_continue(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent once, whoever looks in between."""
    async with world.hub(journal=f"sqlite:///{tmp_path}/genhub.db", poll_every=NEVER) as hub:
        handle = await at_work(world, hub)
        await handle.stop()
        advance = Gate(hub.store.advance, after=False)
        monkeypatch.setattr(hub.store, "advance", advance)
        one = asyncio.create_task(hub.resume(handle.id))
        await advance.reached.wait()
        await hub.get(handle.id)
        two = asyncio.create_task(hub.resume(handle.id))
        for _ in range(50):
            await asyncio.sleep(0.002)
        advance.open.set()
        await asyncio.gather(one, two, return_exceptions=True)

    assert 1 == world.genpro.count("POST", f"/generations/{handle.job.provider_id}/continue")


async def test_two_reads_in_the_wrong_order_do_not_shake_the_books(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow read that said "processing" arrives after one that said "failed": stale, no revival."""
    async with world.hub(poll_every=NEVER) as hub:
        world.genpro.script(Scenario(steps=("processing",) * 50))
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        read = Gate(GenPro.poll, after=True)
        monkeypatch.setattr(GenPro, "poll", method(read))
        slow = asyncio.create_task(hub.poll(handle.id))
        await read.reached.wait()
        world.genpro.force(world.genpro.jobs[str(handle.job.provider_id)], "failed")
        quick = await hub.poll(handle.id)
        assert (Status.FAILED, Decimal(0), True) == (quick.status, quick.credits.net, quick.credits.exact)
        read.open.set()
        await slow
        job = (await hub.get(handle.id)).job

    assert (Decimal(0), True) == (job.credits.net, job.credits.exact)


async def test_a_resume_that_is_refused_because_it_runs_already_says_so(world: World) -> None:
    """Continued in the dashboard: the vendor's refusal is news, and the job that runs is not left as "stopped"."""
    async with world.hub(poll_every=NEVER) as hub:
        handle = await at_work(world, hub)
        await handle.stop()
        sim = world.genpro
        bound = hub.account("genpro")
        await bound.resume(handle.job.attempt.ref)  # behind the journal's back
        assert 1 == sim.count("POST", f"/generations/{handle.job.provider_id}/continue")
        with suppress(GenhubError):
            await handle.resume()
        job = (await hub.get(handle.id)).job

    assert Status.STOPPED is not job.status
