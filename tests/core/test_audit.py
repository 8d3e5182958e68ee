"""The ledger against the vendor's balance, and the verdicts about money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from genhub import (
    Hub,
    ImageRequest,
    Money,
    NotFound,
    Status,
    SubmissionUnknown,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
    WrongState,
)
from genhub.sim import Fault, Scenario
from tests.core.conftest import World

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("x",))


async def test_books_that_agree_are_explained(world: World) -> None:
    """The first audit remembers; the next one finds what was spent since."""
    async with world.hub() as hub:
        first = await hub.audit("powerpost")
        assert (Decimal(1000), None, None) == (first.actual, first.difference, first.explained)
        await hub.generate(CAPTION, to="powerpost")
        world.powerpost.script(Scenario(outcome="failed"))
        await (await hub.submit(CAPTION, to="powerpost")).wait()
        second = await hub.audit("powerpost")

    assert (Decimal(990), Decimal(990), Decimal(0)) == (second.expected, second.actual, second.difference)
    assert (True, (), ()) == (second.explained, second.candidates, second.unclaimed)
    assert first.at == second.since


async def test_a_doubt_explains_what_it_may_have_cost(world: World) -> None:
    """A lost image: the difference is negative, and there is a job by which it could be."""
    async with world.hub() as hub:
        await hub.audit("powerpost")
        world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
        lost = await hub.submit(ImageRequest(prompt="soup"), to="powerpost")
        with pytest.raises(SubmissionUnknown):
            await lost.wait()
        audit = await hub.audit("powerpost")

    assert (Decimal(-9), True) == (audit.difference, audit.explained)
    assert [lost.id] == [each.job_id for each in audit.candidates]


async def test_what_somebody_else_spent_is_unexplained(world: World) -> None:
    """And the vendor's list shows what nobody claimed; it can be adopted."""
    async with world.hub() as hub:
        await hub.audit("powerpost")
        async with world.hub() as stranger:
            theirs = await stranger.generate(CAPTION, to="powerpost")
        audit = await hub.audit("powerpost")
        assert (Decimal(-10), False) == (audit.difference, audit.explained)
        assert [theirs.provider_id] == [each.ref.id for each in audit.unclaimed]

        ours = await hub.adopt("powerpost", str(theirs.provider_id))
        done = await (await hub.get(ours.id)).wait()
        assert (Status.SUCCEEDED, Decimal(10), theirs.outputs) == (done.status, done.credits.net, done.outputs)
        with pytest.raises(WrongState, match="belongs to"):
            await hub.adopt("powerpost", str(theirs.provider_id))
        with pytest.raises(NotFound):
            await hub.adopt("powerpost", "no-such-id")
        with pytest.raises(UnsupportedRequest, match="has no inventory"):
            await hub.adopt("adgen", "x")

    assert 1 == len(world.powerpost.creations)


async def test_an_undocumented_end_lies_within_its_bounds(world: World) -> None:
    """adgen expired: kept by this vendor today, refunded perhaps by tomorrow's."""
    world.adgen.script(Scenario(outcome="expired"))
    async with world.hub() as hub:
        await hub.audit("adgen")
        await (await hub.submit(ImageRequest(prompt="summer"), to="adgen")).wait()
        audit = await hub.audit("adgen")
        offline = await hub.audit("adgen", offline=True)

    assert (Decimal(-3), True) == (audit.difference, audit.explained)
    assert (None, None) == (offline.actual, offline.difference)


async def test_documented_refunds_are_due_until_they_are_seen(world: World) -> None:
    """The vendor's documents say so; the balance has to show it."""
    world.adgen.script(Scenario(outcome="failed"))
    async with world.hub() as hub:
        await hub.audit("adgen")
        job = await (await hub.submit(ImageRequest(prompt="summer"), to="adgen")).wait()
        offline = await hub.audit("adgen", offline=True)
        assert [(job.id, Decimal(3))] == [(each.job_id, each.high) for each in offline.refunds_due]
        seen = await hub.audit("adgen")

    assert (True, ()) == (seen.explained, seen.refunds_due)


async def test_a_person_gets_what_settling_needs(world: World) -> None:
    """The candidates, and the balance before and after."""
    async with world.hub() as hub:
        await hub.generate(ImageRequest(prompt="before"), to="powerpost")
        world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
        lost = await hub.submit(ImageRequest(prompt="soup"), to="powerpost")
        with pytest.raises(SubmissionUnknown):
            await lost.wait()
        job = (await hub.get(lost.id)).job

    hint = job.attempt.notes[-1].text
    assert "no candidates; balance before: 991 at" in hint and "now: 982" in hint


async def _running(hub: Hub, world: World, provider: str) -> str:
    world.sims[provider].script(Scenario(steps=("processing",) * 20))
    request = VideoRequest(prompt="steam", duration=5) if provider == "powerpost" else TextRequest(prompt="p")
    return (await hub.submit(request, to=provider)).id


async def test_a_stop_only_if_it_is_free(world: World) -> None:
    """gen.pro documents that a stop refunds."""
    async with world.hub() as hub:
        handle = await hub.get(await _running(hub, world, "genpro"))
        verdict = await handle.stop(only_if_free=True)

    assert (Money.FREE, Status.STOPPED) == (verdict.money, verdict.job.status)


async def test_detach_stops_the_reading_and_nothing_else(world: World) -> None:
    """The job goes on at the vendor, and can be taken up again."""
    async with world.hub() as hub:
        job_id = await _running(hub, world, "powerpost")
        handle = await hub.get(job_id)
        job = await handle.detach()
        assert not job.status.is_final
        world.finish(job)
        assert not (await anext(hub.jobs())).status.is_final
        assert Status.SUCCEEDED is (await (await hub.get(job_id)).wait()).status


async def test_what_runs_while_the_balance_is_taken_is_no_riddle_later(world: World) -> None:
    """gen.pro charges before it says how much: a balance taken meanwhile knows more than the ledger did."""
    world.genpro.script(Scenario(steps=("processing",) * 50))
    async with world.hub() as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        first = await hub.audit("genpro")
        assert first.actual == world.genpro.balance < 1000
        world.finish(handle.job)
        await handle.wait()
        second = await hub.audit("genpro")
        third = await hub.audit("genpro")

    assert (Decimal("2.5"), True, None) == (second.difference, second.explained, second.attributed)
    assert ["not certain at the last audit"] == [each.why for each in second.candidates]
    assert (Decimal(0), True, ()) == (third.difference, third.explained, third.candidates)


async def test_the_balance_says_what_one_open_job_cost(world: World) -> None:
    """PowerPost images with partial results: shown, never entered in the books."""
    world.powerpost.script(Scenario(partial=2, outcome="failed"))
    async with world.hub() as hub:
        await hub.audit("powerpost")
        job = await (await hub.submit(ImageRequest(prompt="bowl of soup", count=4), to="powerpost")).wait()
        audit = await hub.audit("powerpost")

    assert audit.attributed is not None
    suspect, cost = audit.attributed
    assert (job.id, world.powerpost.net(str(job.provider_id))) == (suspect.job_id, cost)
    assert job.credits.net is None
