"""A second look at what was mended: who lets go of a job too early, and who judges by what is stale."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from genhub import (
    Account,
    Budget,
    GenhubError,
    Hub,
    ImageRequest,
    JournalError,
    RateLimited,
    Status,
    TextRequest,
    VideoRequest,
)
from genhub._budget import counted
from genhub._config import account
from genhub._credits import Entry, EntryKind, Evidence
from genhub._jobs import Attempt
from genhub._transitions import resuming
from genhub.sim import Fault, Scenario
from genhub_adgen import AdGen
from genhub_genpro import GenPro
from tests.adversary.conftest import NEVER, Gate, World, method, until

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok", "instagram"))
IMAGE = ImageRequest(prompt="bowl of soup")
WAVES = VideoRequest(prompt="waves")


async def full(_: Any) -> Any:
    raise JournalError("the disk is full")


def at_adgen(world: World, **options: Any) -> Hub:
    """A hub whose adgen account may replay for ten minutes."""
    settings = {"timeout": 5, **world.adgen.settings(), "replay_window": 600, **options}
    return Hub({"adgen": account("adgen", settings, {})}, clock=world.clock)


async def test_a_refusal_that_the_journal_could_not_take_is_not_bought_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller was told "refused"; whoever looks at the job afterwards must not replay, and buy, it."""
    world.adgen.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=1))
    async with at_adgen(world, poll_every=NEVER) as hub:
        advance = Gate(full, after=False, times=1000)
        monkeypatch.setattr(hub.store, "record", full)
        monkeypatch.setattr(hub.store, "advance", advance)
        with pytest.raises(RateLimited) as refused:
            await hub.submit(IMAGE, to="adgen")
        monkeypatch.undo()
        world.clock.advance(5)
        assert refused.value.job is not None
        with suppress(GenhubError):
            await hub.poll(refused.value.job.id)

    assert not world.adgen.creations


async def test_detach_does_not_forget_an_outcome_that_is_unwritten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bought, the journal full, detached: the vendor's id is still known to whoever takes it up again."""
    async with world.hub(poll_every=NEVER) as hub:
        record, advance = hub.store.record, hub.store.advance
        monkeypatch.setattr(hub.store, "record", full)
        again = Gate(advance, after=False)
        monkeypatch.setattr(hub.store, "advance", again)
        handle = await hub.submit(IMAGE, to="powerpost")
        await again.reached.wait()
        await handle.detach()
        job = (await hub.get(handle.id)).job
        monkeypatch.setattr(hub.store, "record", record)
        with suppress(GenhubError):
            await hub.poll(handle.id)
        again.open.set()
        for _ in range(50):
            await asyncio.sleep(0)
        written = await hub.store.job(handle.id)

    assert handle.job.provider_id == job.provider_id
    assert written is not None
    assert handle.job.provider_id == written.provider_id


async def test_a_stale_look_at_the_key_does_not_buy_what_was_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled and asked again: the journal is read right before the refusal lands. Nothing is replayed."""
    world.adgen.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=1))
    async with at_adgen(world) as hub:
        send = Gate(AdGen.submit, after=False)
        monkeypatch.setattr(AdGen, "submit", method(send))
        first = asyncio.create_task(hub.submit(IMAGE, to="adgen", key="k"))
        await send.reached.wait()
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        keyed = Gate(hub.store.keyed, after=True)
        monkeypatch.setattr(hub.store, "keyed", keyed)
        second = asyncio.create_task(hub.submit(IMAGE, to="adgen", key="k"))
        await keyed.reached.wait()  # it read "submitting"
        send.open.set()
        await until(lambda: not hub._desk._sends)
        world.clock.advance(5)
        keyed.open.set()
        handle = await second
        for _ in range(100):
            await asyncio.sleep(0.002)
        job = await hub.store.job(handle.id)

    assert job is not None
    assert [job.provider_id] * len(world.adgen.creations) == [each for each, *_ in world.adgen.creations]


async def test_asked_again_while_it_is_sent_again_is_not_called_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused once, its second attempt under way and its caller gone: the next caller gets that attempt's job."""
    world.powerpost.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=1, times=1))
    async with world.hub(poll_every=NEVER) as hub:
        with pytest.raises(RateLimited):
            await hub.submit(CAPTION, to="powerpost", key="k")
        add = Gate(hub.store.add, after=False)
        monkeypatch.setattr(hub.store, "add", add)
        first = asyncio.create_task(hub.submit(CAPTION, to="powerpost", key="k"))
        await add.reached.wait()
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        second = asyncio.create_task(hub.submit(CAPTION, to="powerpost", key="k"))
        for _ in range(50):
            await asyncio.sleep(0)
        add.open.set()
        handle = await second

    assert 1 == len(world.powerpost.creations)
    assert Status.FAILED is not handle.status


async def test_a_stall_between_intent_and_send_does_not_lose_the_job(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk took 100 s for the intent, then the answer was lost: the caption is not called "never made"."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub(poll_every=NEVER) as hub:
        create = hub.store.create

        async def slow(*new: Any) -> Any:
            result = await create(*new)
            world.clock.advance(100)
            return result

        monkeypatch.setattr(hub.store, "create", slow)
        with suppress(GenhubError):
            handle = await hub.submit(CAPTION, to="powerpost")
            for _ in range(40):
                if (await handle.poll()).status is not Status.UNCONFIRMED:
                    break
                world.clock.advance(5)
        jobs = [job async for job in hub.jobs()]

    made = [each for each, *_ in world.powerpost.creations]
    assert [job.provider_id for job in jobs if job.error is None] == made


async def test_two_accounts_of_one_workspace_never_adopt_one_job(world: World) -> None:
    """By a person's word too: what one account bought is neither unclaimed nor to be adopted at the other."""
    accounts: dict[str, Account] = {
        name: account(name, {"provider": "powerpost", "timeout": 5, **world.powerpost.settings()}, {})
        for name in ("one", "two")
    }
    async with Hub(accounts, clock=world.clock) as hub:
        handle = await hub.submit(CAPTION, to="one")
        assert handle.job.provider_id is not None
        unclaimed = (await hub.audit("two")).unclaimed
        with suppress(GenhubError):
            await hub.adopt("two", handle.job.provider_id)
        jobs = [job async for job in hub.jobs()]

    assert (0, 1) == (len(unclaimed), len(jobs))


async def test_detach_during_a_stop_leaves_no_waiter_hanging(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb acts on it, somebody detaches it, another waits for it: the news reaches the one who waits."""
    world.genpro.script(Scenario(steps=("processing",) * 500))
    async with world.hub(poll_every=NEVER) as hub:
        handle = await hub.submit(WAVES, to="genpro")
        await handle.poll()
        stop = Gate(GenPro.stop, after=True)
        monkeypatch.setattr(GenPro, "stop", method(stop))
        stopping = asyncio.create_task(hub.stop(handle.id))
        await stop.reached.wait()
        await hub.detach(handle.id)
        waiting = asyncio.create_task((await hub.get(handle.id)).wait())
        for _ in range(20):
            await asyncio.sleep(0)
        stop.open.set()
        await stopping
        await hub.poll(handle.id)
        done, _ = await asyncio.wait([waiting], timeout=1)
        waiting.cancel()

    assert done


async def test_detach_between_two_resumes_sends_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two resumes wait for a slot; the job was detached in between: it is continued, and charged, once."""
    world.genpro.script(Scenario(steps=("processing",) * 500))
    async with world.hub(poll_every=NEVER, concurrency=1) as hub:
        handle = await hub.submit(WAVES, to="genpro")
        await handle.poll()
        await handle.stop()
        slots = hub.account("genpro").slots
        await slots.acquire()
        one = asyncio.create_task(hub.resume(handle.id))
        await until(lambda: bool(slots._waiters))
        await hub.detach(handle.id)
        two = asyncio.create_task(hub.resume(handle.id))
        await until(lambda: len(slots._waiters or ()) == 2)
        slots.release()
        await asyncio.gather(one, two, return_exceptions=True)

    assert 1 == world.genpro.count("POST", f"/generations/{handle.job.provider_id}/continue")


async def test_who_waits_at_an_account_that_is_gone_is_told(world: World) -> None:
    """The account is not in the hub any more: nobody reads the job, so `wait` says so instead of hanging."""
    world.genpro.script(Scenario(steps=("processing",) * 500))
    async with world.hub(poll_every=NEVER) as hub:
        handle = await hub.submit(WAVES, to="genpro")
        hub._desk.registry.forget(hub._desk.registry.all()[0])
        del hub._desk.accounts["genpro"]
        waiting = asyncio.create_task((await hub.get(handle.id)).wait())
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        waiting.cancel()

    assert done


async def test_who_waits_when_the_hub_closes_is_told(world: World) -> None:
    """Nobody reads the job any more: `wait` ends with an error instead of hanging for ever."""
    world.genpro.script(Scenario(steps=("processing",) * 500))
    async with world.hub(poll_every=NEVER) as hub:
        handle = await hub.submit(WAVES, to="genpro")
        waiting = asyncio.create_task(handle.wait())
        for _ in range(20):
            await asyncio.sleep(0)
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    waiting.cancel()

    assert done


async def test_a_replay_waits_for_no_slot(world: World) -> None:
    """All slots are taken for longer than a replay is harmless: the lost submit is settled all the same."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with at_adgen(world, concurrency=1, poll_every=NEVER) as hub:
        slots = hub.account("adgen").slots
        lost = asyncio.create_task(hub.submit(IMAGE, to="adgen"))
        await until(lambda: bool(world.adgen.creations))
        blocker = asyncio.create_task(slots.acquire())
        handle = await lost
        await blocker
        await until(lambda: (live := hub.in_hand(handle.id)) is not None and not live.job.status.in_doubt)
        slots.release()

    assert 1 == len(world.adgen.creations)


async def test_a_replay_that_the_vendor_put_off_comes_again(world: World) -> None:
    """A 429 made nothing: the replay is sent again while its window is open."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    world.adgen.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=1, times=3))
    async with at_adgen(world, poll_every=NEVER, replay_window=9) as hub:
        handle = await hub.submit(IMAGE, to="adgen")
        await until(lambda: (live := hub.in_hand(handle.id)) is not None and not live.job.status.in_doubt)

    assert 1 == len(world.adgen.creations)


async def test_a_replay_whose_answer_is_lost_too_does_not_come_again(world: World) -> None:
    """Two sends that got no answer are enough: what stands behind the key is the vendor's word alone."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER, times=4))
    async with at_adgen(world, poll_every=NEVER) as hub:
        handle = await hub.submit(IMAGE, to="adgen")
        await until(lambda: (live := hub.in_hand(handle.id)) is not None and live.present.stuck)
        await hub.poll(handle.id)

    assert 1 == len(world.adgen.creations)
    assert 2 == world.adgen.count("POST", "/api/generate/static-ad")


async def test_a_cancelled_resume_keeps_its_reservation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stops waiting for a resume does not make room in the budget: it is sent all the same."""
    world.genpro.script(Scenario(steps=("processing",) * 500))
    accounts = world.accounts(poll_every=NEVER)
    capped = evolve(
        accounts["genpro"], budget=Budget(amount=Decimal(100), per="month"), estimate={"video": Decimal(60)}
    )
    async with Hub({**accounts, "genpro": capped}, clock=world.clock) as hub:
        handle = await hub.submit(WAVES, to="genpro")
        await handle.poll()
        await handle.stop()
        advance = Gate(hub.store.advance, after=False)
        monkeypatch.setattr(hub.store, "advance", advance)
        resuming = asyncio.create_task(hub.resume(handle.id))
        await advance.reached.wait()
        resuming.cancel()
        with suppress(asyncio.CancelledError):
            await resuming
        with suppress(GenhubError):
            await hub.submit(WAVES, to="genpro")
        advance.open.set()
        await until(lambda: not hub._desk._sends)

    assert 1 == len(world.genpro.creations)


async def test_a_resume_in_doubt_counts_beside_what_was_kept() -> None:
    """A stop that kept 5 credits, a resume that may cost 60 more: the books do not say "5 at most"."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    kept = Entry(kind=EntryKind.CHARGE, sequence=1, amount=Decimal(5), evidence=Evidence.REPORTED, at=at)
    attempt = Attempt(
        id="j.1", job_id="j", number=1, account="genpro", provider="genpro", kind="video", unit="credits",
        created_at=at, status=Status.STOPPED, entries=(kept,),
    )  # fmt: skip
    again = resuming(attempt, Decimal(60), at)

    assert again.credits.high is None
    assert Decimal(65) <= counted(again)
