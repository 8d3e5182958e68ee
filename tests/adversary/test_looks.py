"""A look must neither miss what was bought nor adopt what is another's."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from genhub import GenhubError, Hub, JournalError, Status, SubmissionUnknown, TextRequest, VideoRequest
from genhub._config import account
from genhub.sim import Fault, GenProSim, Scenario, Simulators
from tests.adversary.conftest import NEVER, OffClock, World

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok", "instagram"))


@pytest.mark.parametrize("ahead", [30.0, -120.0])
async def test_a_machine_whose_clock_is_off_finds_its_first_lost_caption(world: World, ahead: float) -> None:
    """Nothing of the vendor's time is known before its first answer: a lost first submit is found all the same."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with Hub(world.accounts(), clock=OffClock(world.clock, ahead=ahead)) as hub:
        job = await (await hub.submit(CAPTION, to="powerpost")).wait()

    assert 1 == len(world.powerpost.creations)
    assert Status.SUCCEEDED is job.status


async def test_a_caption_that_waited_for_the_vendors_limit_is_found(world: World) -> None:
    """Two submits, one call left in the vendor's window: the second leaves when it ends, and its answer is lost."""
    world.powerpost.rate_limit = (2, 300.0)
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER, match="second"))
    async with world.hub(poll_every=NEVER) as hub:
        await hub.balance("powerpost")
        await hub.submit(TextRequest(prompt="first", platforms=("x",)), to="powerpost")
        world.powerpost.rate_limit = (4, 300.0)
        accounts = hub.account("powerpost")
        accounts.http._pacer._windows.clear()
        accounts.http._pacer.note(
            "POST /content",
            {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": str(world.clock.time() + 300)},
            0.0,
        )
        _, two = await asyncio.gather(
            hub.submit(TextRequest(prompt="third", platforms=("x",)), to="powerpost"),
            hub.submit(TextRequest(prompt="second", platforms=("x",)), to="powerpost"),
        )
        world.powerpost.rate_limit = None
        job = two.job
        for _ in range(200):
            job = await two.poll()
            if job.status is not Status.UNCONFIRMED:
                break
            world.clock.advance(5)

    assert 3 == len(world.powerpost.creations)
    assert job.error is None
    assert job.provider_id == world.powerpost.creations[-1][0]


async def test_a_new_id_in_the_cell_is_ours_whatever_its_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """gen.pro: which ids are new decides; a time in another clock or zone does not rule our own job out."""
    real = GenProSim._show

    def show(*args: Any) -> Any:
        shown = dict(real(*args))
        shown["created_at"] = "2026-02-28T19:00:00.000"  # the vendor's local time, without a zone
        return shown

    monkeypatch.setattr(GenProSim, "_show", show)
    world.genpro.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub() as hub:
        job = await (await hub.submit(TextRequest(prompt="p"), to="genpro")).wait()

    assert 1 == len(world.genpro.creations)
    assert Status.SUCCEEDED is job.status


async def test_a_wall_clock_set_forward_does_not_end_the_grace_time(world: World) -> None:
    """The grace time is for the vendor's list to show the job: a clock that jumps does not shorten it."""
    clock = OffClock(world.clock)
    world.powerpost.script(Scenario(fault=Fault.RESET_AFTER_READ))
    async with Hub(world.accounts(), clock=clock) as hub:
        handle = await hub.submit(CAPTION, to="powerpost")
        began = world.clock.monotonic()
        clock.ahead = 3600.0
        job = await handle.wait()

    assert job.error is not None and "not_submitted" == job.error.kind
    assert world.clock.monotonic() - began >= 60


async def test_after_a_restart_a_rival_is_seen_before_it_is_in_hand(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lost submits to one cell, one of them made: `recover` gives it to neither of them by itself."""
    ids = iter(("j1", "j2"))
    monkeypatch.setattr("genhub._router.new_id", lambda _: next(ids))
    journal = f"sqlite:///{tmp_path}/genhub.db"
    world.genpro.script(Scenario(fault=Fault.RESET_AFTER_READ, match="never made"))
    world.genpro.script(Scenario(fault=Fault.LOSE_ANSWER, match="made indeed"))
    async with world.hub(journal=journal, poll_every=NEVER) as hub:
        one, two = await asyncio.gather(
            hub.submit(TextRequest(prompt="never made"), to="genpro"),
            hub.submit(TextRequest(prompt="made indeed"), to="genpro"),
        )
        assert {Status.UNCONFIRMED} == {one.status, two.status}
    async with world.hub(journal=journal) as hub:
        await hub.recover()
        wrong = (await hub.get(one.id)).job

    assert 1 == len(world.genpro.creations)
    assert wrong.provider_id is None


async def test_a_job_whose_outcome_is_unwritten_is_nobody_elses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal could not take the first one's id: a lost twin that was never made does not adopt it."""
    world.powerpost.script(Scenario(steps=("processing",), times=None))
    async with world.hub() as hub:
        record = hub.store.record

        async def full(_: Any) -> Any:
            raise JournalError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(hub.store, "record", full)
            patch.setattr(hub.store, "advance", full)
            first = await hub.submit(CAPTION, to="powerpost")
            patch.undo()
        assert first.job.provider_id is not None

        async def still_full(attempt: Any) -> Any:
            if attempt.id == first.job.attempt.id:
                raise JournalError("the disk is full")
            return await record(attempt)

        monkeypatch.setattr(hub.store, "record", still_full)
        world.powerpost.scripts.clear()
        world.powerpost.script(Scenario(fault=Fault.RESET_AFTER_READ))
        second = await hub.submit(CAPTION, to="powerpost")
        assert Status.UNCONFIRMED is second.status
        job = await second.poll()

    assert 1 == len(world.powerpost.creations)
    assert first.job.provider_id != job.provider_id


async def test_two_accounts_of_one_workspace_never_claim_one_job(world: World) -> None:
    """Two teams' accounts, one vendor's list: what one of them has in the journal is not free for the other."""
    settings = {"timeout": 5, **world.powerpost.settings()}
    accounts = {name: account(name, {"provider": "powerpost", **settings}, {}) for name in ("team-a", "team-b")}
    async with Hub(accounts, clock=world.clock) as hub:
        world.powerpost.script(Scenario(fault=Fault.RESET_AFTER_READ, after=1))
        first = await hub.submit(CAPTION, to="team-a")
        second = await hub.submit(CAPTION, to="team-b")
        assert Status.UNCONFIRMED is second.status
        one, two = await first.wait(), await second.wait()

    assert 1 == len(world.powerpost.creations)
    assert one.provider_id != two.provider_id


async def test_another_address_proves_nothing(world: World, tmp_path: Path) -> None:
    """A journal reopened with the account pointing elsewhere (simulators, another workspace): the doubt stays."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub(journal=journal, doubt_grace=600) as hub:
        handle = await hub.submit(CAPTION, to="powerpost")
        await hub.detach(handle.id)
    async with Simulators(clock=world.clock) as elsewhere:
        moved = {"powerpost": account("powerpost", {"timeout": 5, **elsewhere.powerpost.settings()}, {})}
        async with Hub(moved, journal=journal, clock=world.clock) as hub:
            await hub.recover()
            job = handle.job
            for _ in range(20):
                job = await hub.poll(handle.id)
                world.clock.advance(60)

    assert job.error is None
    assert Status.UNCONFIRMED is job.status


async def test_a_date_that_was_wrong_once_hides_nothing(world: World) -> None:
    """One answer of a gateway whose clock is an hour ahead: the lost submit after it is not called "never made"."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub() as hub:
        world.powerpost.skew = 3600.0
        await hub.balance("powerpost")
        world.powerpost.skew = 0.0
        handle = await hub.submit(CAPTION, to="powerpost")
        with suppress(SubmissionUnknown):
            await handle.wait()

    assert 1 == len(world.powerpost.creations)
    assert handle.job.error is None


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_wall_clock_that_jumped_before_the_submit_hides_nothing(world: World, jump: float) -> None:
    """The vendor's time was learned before the jump: what is submitted after it and lost is found, or in doubt."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    clock = OffClock(world.clock)
    async with Hub(world.accounts(), clock=clock) as hub:
        await hub.balance("powerpost")
        clock.ahead = jump
        handle = await hub.submit(CAPTION, to="powerpost")
        with suppress(SubmissionUnknown):
            await handle.wait()

    assert 1 == len(world.powerpost.creations)
    assert handle.job.error is None


async def test_a_lost_job_that_a_person_adopted_as_another_is_not_called_never_made(world: World) -> None:
    """`Audit.unclaimed` shows what was lost; adopted as a new job it must not prove that the old one never was."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub(poll_every=NEVER) as hub:
        handle = await hub.submit(CAPTION, to="powerpost")
        await handle.detach()
        with suppress(GenhubError):
            await hub.adopt("powerpost", world.powerpost.creations[0][0])
        job = handle.job
        for _ in range(30):
            job = await hub.poll(handle.id)
            world.clock.advance(10)

    assert job.error is None


async def test_an_odd_error_in_one_look_does_not_end_the_recovery(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter's KeyError at one doubt: the other jobs of the journal are taken in hand all the same."""
    from genhub_powerpost import PowerPost

    async def lookup(*_: Any) -> Any:
        raise KeyError("generation_id")

    journal = f"sqlite:///{tmp_path}/genhub.db"
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    world.powerpost.script(Scenario(steps=("processing", "completed")))
    monkeypatch.setattr(PowerPost, "lookup", lookup)
    async with world.hub(journal=journal, poll_every=NEVER) as hub:
        lost = await hub.submit(CAPTION, to="powerpost")
        world.clock.advance(1)
        paid = await hub.submit(VideoRequest(prompt="steam", duration=5), to="powerpost")
    async with world.hub(journal=journal, poll_every=NEVER) as hub:
        report = await hub.recover()

    assert [paid.id] == [job.id for job in report.polling]
    assert [lost.id] == [job.id for job in report.in_doubt]


async def test_not_submitted_is_not_sent_again_by_its_key(world: World) -> None:
    """Settled as never made: the same key is the same job; nobody sends it again by himself."""
    world.powerpost.script(Scenario(fault=Fault.RESET_AFTER_READ))
    async with world.hub() as hub:
        first = await (await hub.submit(CAPTION, to="powerpost", key="k")).wait()
        again = await hub.submit(CAPTION, to="powerpost", key="k")

    assert first.error is not None and "not_submitted" == first.error.kind
    assert (first.id, []) == (again.id, world.powerpost.creations)
