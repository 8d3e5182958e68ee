"""The life of a job, through the public API, against the simulators over real sockets."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genhub import (
    ConfigError,
    Hub,
    ImageRequest,
    InsufficientCredits,
    JobFailed,
    JournalError,
    Money,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SpeechRequest,
    Status,
    SubmissionUnknown,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
    WaitTimeout,
    WrongState,
)
from genhub.sim import Fault, Scenario
from tests.core.conftest import World, until

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok", "instagram"))
FOREVER = Scenario(steps=("processing",), times=None)


async def test_one_caption_from_submit_to_its_charge(world: World) -> None:
    """The example of design 3: outputs there, ten credits, exact."""
    async with world.hub() as hub:
        job = await hub.generate(CAPTION, to="powerpost")

    assert Status.SUCCEEDED is job.status
    assert ["tiktok", "instagram"] == [each.platform for each in job.outputs]
    assert (Decimal(10), True) == (job.credits.net, job.credits.exact)
    assert world.powerpost.net(str(job.provider_id)) == job.credits.net


@pytest.mark.parametrize(
    ("account", "request_"),
    [
        ("powerpost", CAPTION),
        ("powerpost", ImageRequest(prompt="bowl of soup", aspect_ratio="9:16", count=2)),
        ("powerpost", VideoRequest(prompt="steam", duration=5)),
        ("genpro", TextRequest(prompt="an opening line")),
        ("genpro", ImageRequest(prompt="bowl of soup")),
        ("genpro", SpeechRequest(script="Hello.")),
        ("adgen", TextRequest(prompt="summer sale")),
        ("adgen", ImageRequest(prompt="summer vibes", aspect_ratio="1:1")),
        ("adgen", VideoRequest(script="Hey! You need this.")),
    ],
)
async def test_every_kind_at_every_provider(world: World, account: str, request_: Any) -> None:
    """One job model: the same words, whatever the vendor; the books as the vendor's own."""
    async with world.hub() as hub:
        job = await hub.generate(request_, to=account)

    sim = world.sims[account]
    assert (Status.SUCCEEDED, account) == (job.status, job.account)
    assert job.outputs
    assert (sim.net(str(job.provider_id)), True) == (job.credits.net, job.credits.exact)
    assert 1 == len(sim.creations)


async def test_every_change_of_status_is_seen_once(world: World) -> None:
    """`updates` begins with what is, and ends at a final status."""
    world.genpro.script(Scenario(steps=("pending", "processing", "processing", "completed")))
    async with world.hub() as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        seen = [str(job.status) async for job in handle.updates()]

    assert ["queued", "running", "succeeded"] == seen


async def test_who_watches_slowly_hears_all_before_the_close(world: World) -> None:
    """What happened while somebody was busy with the news before is told first; then that no more will come."""
    world.genpro.script(FOREVER)
    hub = world.hub(poll_every=1e6)
    async with hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        updates = handle.updates()
        first = await anext(updates)
        await hub.poll(handle.id)
    second = await anext(updates)
    with pytest.raises(JournalError, match="the hub was closed"):
        await anext(updates)

    assert ["queued", "running"] == [first.status, second.status]


async def test_who_stops_waiting_keeps_nobody_else_from_hearing(world: World) -> None:
    """Of two that wait for a job one is cancelled; the other hears of its end."""
    world.genpro.script(Scenario(steps=("processing", "completed")))
    async with world.hub(poll_every=1e6) as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        gone, stays = asyncio.create_task(handle.wait()), asyncio.create_task(handle.wait())
        await asyncio.sleep(0)
        await hub.poll(handle.id)
        gone.cancel()
        await hub.poll(handle.id)
        job = await stays

    assert gone.cancelled()
    assert Status.SUCCEEDED is job.status


async def test_a_word_that_nobody_knows_is_polled_on_and_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Unknown is a status, never an end."""
    world.genpro.script(Scenario(steps=("marinating", "marinating", "marinating", "completed"), times=2))
    async with world.hub() as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        seen = [(str(job.status), job.raw_status) async for job in handle.updates()]
        await hub.generate(TextRequest(prompt="p"), to="genpro")

    assert ("unknown", "marinating") in seen
    assert "succeeded" == seen[-1][0]
    assert 1 == sum("'marinating'" in record.getMessage() for record in caplog.records)


async def test_a_failed_job_raises_with_the_job_and_is_refunded(world: World) -> None:
    """`generate` raises, `wait` returns; the refund is in the books."""
    world.powerpost.script(Scenario(outcome="failed", times=2))
    async with world.hub() as hub:
        with pytest.raises(JobFailed) as caught:
            await hub.generate(CAPTION, to="powerpost")
        job = await (await hub.submit(CAPTION, to="powerpost")).wait()

    failed = caught.value.job
    assert failed is not None and failed.error is not None and failed.error.code
    assert (Status.FAILED, Decimal(0), True) == (job.status, job.credits.net, job.credits.exact)


async def test_a_stopped_job_is_let_go(world: World) -> None:
    """The read that was still due does not take it in hand again: memory does not grow with jobs that are over."""
    world.genpro.script(Scenario(steps=("processing",) * 50))
    async with world.hub() as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        await handle.stop()
        await until(lambda: len(hub._desk.tracker) == 0)

        assert hub.in_hand(handle.id) is None


async def test_a_wait_that_is_over_changes_nothing(world: World) -> None:
    """WaitTimeout carries the job; the job goes on and can be waited for again."""
    world.powerpost.script(FOREVER)
    async with world.hub() as hub:
        handle = await hub.submit(CAPTION, to="powerpost")
        with pytest.raises(WaitTimeout, match="goes on") as caught:
            await handle.wait(timeout=0)
        assert caught.value.job == handle.job
        assert "again" not in str(caught.value)
        world.finish(handle.job)
        assert Status.SUCCEEDED is (await handle.wait()).status


async def test_a_refusal_is_certain_and_stays_in_the_journal(world: World) -> None:
    """The error carries the job, whose books are exactly zero."""
    world.powerpost.set_balance(Decimal(0))
    async with world.hub() as hub:
        with pytest.raises(InsufficientCredits) as caught:
            await hub.submit(CAPTION, to="powerpost")
        jobs = [job async for job in hub.jobs()]

    assert caught.value.job == jobs[0]
    assert jobs[0].error is not None
    assert (Status.FAILED, "refused", "INSUFFICIENT_CREDITS") == (
        jobs[0].status,
        jobs[0].error.kind,
        jobs[0].error.code,
    )
    assert (Decimal(0), True) == (jobs[0].credits.net, jobs[0].credits.exact)


async def test_what_a_vendor_cannot_do_is_refused_before_anything_is_sent(world: World) -> None:
    """Not even a line in the journal."""
    async with world.hub() as hub:
        with pytest.raises(UnsupportedRequest) as caught:
            await hub.submit(TextRequest(prompt="dark mode", platforms=("x",), tone="bold"), to="powerpost")
        job = await hub.generate(
            TextRequest(prompt="dark mode", platforms=("x",), tone="bold"), to="powerpost", portability="adjust"
        )
        assert [job.id] == [each.id async for each in hub.jobs()]

    assert "tone" == caught.value.field
    assert ["tone"] == [each.field for each in job.adjustments]


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.RESET_ANSWER, Fault.ERROR_500_AFTER, Fault.GARBLED])
async def test_a_lost_image_stays_in_doubt_and_is_never_sent_again(world: World, fault: Fault) -> None:
    """PowerPost images have no list: `wait` raises SubmissionUnknown, with the remedy."""
    world.powerpost.script(Scenario(fault=fault))
    async with world.hub() as hub:
        handle = await hub.submit(ImageRequest(prompt="soup"), to="powerpost")
        assert Status.UNCONFIRMED is handle.status
        assert (None, False) == (handle.job.credits.net, handle.job.credits.exact)
        with pytest.raises(SubmissionUnknown, match=f"genhub settle {handle.id}") as caught:
            await handle.wait()
        assert caught.value.job == handle.job

    assert 1 == len(world.powerpost.creations)


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.RESET_ANSWER, Fault.BAD_GATEWAY_AFTER, Fault.CUT])
async def test_a_lost_caption_is_found_in_the_list(world: World, fault: Fault) -> None:
    """Section 4.2, PowerPost captions: one that fits is ours."""
    world.powerpost.script(Scenario(fault=fault))
    async with world.hub() as hub:
        job = await hub.generate(CAPTION, to="powerpost")

    assert (Status.SUCCEEDED, Decimal(10), True) == (job.status, job.credits.net, job.credits.exact)
    assert [job.provider_id] == [made for made, _ in world.powerpost.creations]
    assert any("found by a look" in note.text for note in job.attempt.notes)


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER_READ, Fault.ERROR_500_BEFORE])
async def test_a_caption_that_was_never_made_is_settled_so(world: World, fault: Fault) -> None:
    """Section 4.2: none, after several looks over the grace time."""
    world.powerpost.script(Scenario(fault=fault))
    async with world.hub() as hub:
        job = await (await hub.submit(CAPTION, to="powerpost")).wait()

    assert job.error is not None
    assert (Status.FAILED, "not_submitted") == (job.status, job.error.kind)
    assert (Decimal(0), True) == (job.credits.net, job.credits.exact)
    assert [] == world.powerpost.creations
    assert world.clock.monotonic() >= 60


async def test_several_that_fit_stay_in_doubt(world: World) -> None:
    """Section 4.2: somebody else asked for the same; nobody is told which is ours."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER, after=1))
    async with world.hub() as hub:
        async with world.hub() as stranger:
            await stranger.account("powerpost").submit(
                stranger.account("powerpost").provider.prepare(CAPTION, "k", adjust=False)
            )
        handle = await hub.submit(CAPTION, to="powerpost")
        with pytest.raises(SubmissionUnknown):
            await handle.wait()

    assert Status.UNCONFIRMED is handle.status
    assert 2 == len(world.powerpost.creations)


async def test_two_lost_twins_never_adopt_the_same_job(world: World) -> None:
    """The same prompt twice, both answers lost, one of them never made."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    world.powerpost.script(Scenario(fault=Fault.RESET_AFTER_READ))
    async with world.hub() as hub:
        one = await hub.submit(CAPTION, to="powerpost")
        two = await hub.submit(CAPTION, to="powerpost")
        ends = {(await one.wait()).status, (await two.wait()).status}

    assert {Status.SUCCEEDED, Status.FAILED} == ends
    assert 1 == len(world.powerpost.creations)


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.ERROR_500_AFTER, Fault.GARBLED, Fault.MISSING_ID])
async def test_a_lost_generation_is_found_in_the_cells_history(world: World, fault: Fault) -> None:
    """Section 4.2, gen.pro: an id that the journal does not know and that was not there before."""
    async with world.hub() as hub:
        await hub.generate(TextRequest(prompt="before"), to="genpro")
        world.genpro.script(Scenario(fault=fault))
        job = await hub.generate(TextRequest(prompt="lost"), to="genpro")

    assert Status.SUCCEEDED is job.status
    assert [job.provider_id] == [made for made, _ in world.genpro.creations[1:]]
    assert (world.genpro.net(str(job.provider_id)), True) == (job.credits.net, job.credits.exact)


async def test_a_generation_that_was_never_made_is_settled_so(world: World) -> None:
    """Section 8: the history without a new id after the grace time is proof."""
    world.genpro.script(Scenario(fault=Fault.RESET_AFTER_READ))
    async with world.hub() as hub:
        job = await (await hub.submit(TextRequest(prompt="p"), to="genpro")).wait()

    assert job.error is not None and "not_submitted" == job.error.kind
    assert [] == world.genpro.creations


@pytest.mark.parametrize("request_", [ImageRequest(prompt="summer"), VideoRequest(script="Hey! You need this.")])
async def test_a_lost_ad_is_replayed_under_its_key_while_it_must_live(world: World, request_: Any) -> None:
    """Section 4.2, adgen: `reused` adopts; the first one was charged its documented price."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub() as hub:
        job = await hub.generate(request_, to="adgen")

    assert 1 == len(world.adgen.creations)
    assert Status.SUCCEEDED is job.status
    assert (world.adgen.net(str(job.provider_id)), True) == (job.credits.net, job.credits.exact)
    assert any("replayed" in note.text for note in job.attempt.notes)


@pytest.mark.parametrize(
    ("request_", "options"), [(TextRequest(prompt="sale"), {}), (ImageRequest(prompt="summer"), {"replay_window": 0})]
)
async def test_what_a_key_does_not_protect_is_never_replayed(
    world: World, request_: Any, options: dict[str, Any]
) -> None:
    """adgen copy is finished when its answer is on its way; a window of 0 means never."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    accounts = world.accounts()
    from genhub._config import account

    accounts["adgen"] = account("adgen", {**world.adgen.settings(), **options}, {})
    async with Hub(accounts, clock=world.clock) as hub:
        handle = await hub.submit(request_, to="adgen")
        with pytest.raises(SubmissionUnknown):
            await handle.wait()

    assert 1 == len(world.adgen.creations)
    assert 1 == world.adgen.count("POST", "/api/generate/copy") + world.adgen.count("POST", "/api/generate/static-ad")


async def test_a_late_replay_is_not_sent(world: World) -> None:
    """After the window the job may be over, and a replay would buy a new one."""
    world.adgen.script(Scenario(fault=Fault.HANG))
    async with world.hub(timeout=0.05) as hub:
        sending = asyncio.create_task(hub.submit(ImageRequest(prompt="summer"), to="adgen"))
        await until(lambda: bool(world.adgen.creations))
        world.clock.advance(3)
        handle = await sending
        with pytest.raises(SubmissionUnknown):
            await handle.wait()

    assert 1 == world.adgen.count("POST", "/api/generate/static-ad")


async def test_stop_and_continue(world: World) -> None:
    """gen.pro: a stop is free, a continue is charged again; one attempt, one vendor's id."""
    world.genpro.script(Scenario(steps=("processing",) * 50))
    async with world.hub() as hub:
        handle = await hub.submit(VideoRequest(prompt="waves"), to="genpro")
        verdict = await handle.stop()
        assert (Money.FREE, Status.STOPPED) == (verdict.money, verdict.job.status)
        assert (Decimal(0), True) == (verdict.job.credits.net, verdict.job.credits.exact)
        assert Status.STOPPED is (await handle.wait()).status
        again = await handle.resume()
        assert (Status.QUEUED, False) == (again.status, again.credits.exact)
        world.finish(handle.job)
        job = await handle.wait()

    assert (Status.SUCCEEDED, 1) == (job.status, len(job.attempts))
    assert (world.genpro.net(str(job.provider_id)), True) == (job.credits.net, job.credits.exact)


async def test_a_stop_after_the_end_keeps_the_result_and_says_so(world: World) -> None:
    """WrongState carries the fresh job, whether we knew of the end or the vendor told us."""
    async with world.hub() as hub:
        done = await hub.generate(TextRequest(prompt="p"), to="genpro")
        with pytest.raises(WrongState, match="succeeded already") as known:
            await hub.stop(done.id)
        world.genpro.script(FOREVER)
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        world.finish(handle.job)
        with pytest.raises(WrongState) as told:
            await handle.stop()

    for error in (known.value, told.value):
        assert error.job is not None
        assert Status.SUCCEEDED is error.job.status
        assert error.job.outputs


@pytest.mark.parametrize("account", ["powerpost", "adgen"])
async def test_what_cannot_stop_says_that_the_job_goes_on_and_its_cost(world: World, account: str) -> None:
    """A typed refusal, and nothing of the job changes."""
    world.sims[account].script(FOREVER)
    async with world.hub() as hub:
        handle = await hub.submit(ImageRequest(prompt="summer"), to=account)
        with pytest.raises(UnsupportedRequest, match=r"can't stop .* goes on, its cost so far: \d+ "):
            await handle.stop()
        assert not handle.status.is_final


async def test_only_what_is_stopped_can_be_resumed(world: World) -> None:
    """Nothing is sent for a job that runs or has ended."""
    async with world.hub() as hub:
        job = await hub.generate(TextRequest(prompt="p"), to="genpro")
        with pytest.raises(WrongState, match="only a stopped job"):
            await hub.resume(job.id)

    assert 0 == world.genpro.count("POST", f"/generations/{job.provider_id}/continue")


@pytest.mark.parametrize(
    ("fault", "runs"),
    [(Fault.LOSE_ANSWER, True), (Fault.ERROR_500_AFTER, True), (Fault.GARBLED, True), (Fault.RESET_AFTER_READ, False)],
)
async def test_a_lost_answer_to_a_continue_is_decided_by_the_next_read(world: World, fault: Fault, runs: bool) -> None:
    """Sent once; still stopped: not resumed; anything else: resumed and charged."""
    world.genpro.script(Scenario(steps=("processing",) * 50))
    async with world.hub() as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        await handle.stop()
        world.genpro.script(Scenario(fault=fault, on="continue"))
        job = await handle.resume()
        assert runs is not job.status.is_final
        assert job.attempt.resuming_at is None
        path = f"/generations/{job.provider_id}/continue"
        assert 1 == world.genpro.count("POST", path)


async def test_a_read_from_before_a_stop_does_not_revive(world: World) -> None:
    """An answer that was on its way when the stop came says nothing about after it."""
    world.genpro.script(Scenario(steps=("processing",) * 50))
    async with world.hub() as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        live = await hub.follow(handle.id)
        before = live.job.attempt
        snapshot = await hub.account("genpro").poll(before.ref)
        await handle.stop()
        await hub._desk.driver._take(hub.account("genpro"), live.present, before, snapshot, 0.0)
        job = (await hub.get(handle.id)).job

    assert Status.STOPPED is job.status
    assert 2 == len(job.entries)


async def test_the_dashboards_continue_is_followed(world: World) -> None:
    """Section 8: only `stopped` follows the vendor back to life, with a new charge."""
    world.genpro.script(Scenario(steps=("processing",) * 50))
    async with world.hub() as hub:
        handle = await hub.submit(TextRequest(prompt="p"), to="genpro")
        await handle.stop()
        await world.genpro.dashboard_continue(str(handle.job.provider_id))
        job = await handle.poll()
        assert (False, 3) == (job.status.is_final, len(job.entries))


@pytest.mark.parametrize("word", ["canceled", "expired"])
async def test_an_end_whose_price_nobody_documents(world: World, word: str) -> None:
    """adgen: neither kept nor refunded is claimed."""
    world.adgen.script(Scenario(outcome=word))
    async with world.hub() as hub:
        job = await (await hub.submit(ImageRequest(prompt="summer"), to="adgen")).wait()

    assert word == job.status
    assert (None, False, Decimal(0), Decimal(3)) == (
        job.credits.net,
        job.credits.exact,
        job.credits.low,
        job.credits.high,
    )


async def test_reused_is_attached_and_costs_nothing(world: World) -> None:
    """adgen: two intentions with one key of the user's own are one vendor job."""
    world.adgen.script(Scenario(steps=("queued", "processing", "processing", "completed")))
    request = ImageRequest(prompt="summer", extra={"adgen": {"idempotencyKey": "mine"}})
    async with world.hub() as hub:
        first = await hub.submit(request, to="adgen")
        second = await hub.submit(request, to="adgen")
        assert (Status.UNKNOWN, "reused") == (second.status, second.job.raw_status)
        one, two = await first.wait(), await second.wait()

    assert one.provider_id == two.provider_id
    assert (Decimal(3), Decimal(0)) == (one.credits.net, two.credits.net)
    assert 1 == len(world.adgen.creations)


@pytest.mark.parametrize("fault", [Fault.ERROR_500_BEFORE, Fault.HTML, Fault.CUT, Fault.EMPTY_204, Fault.NOT_UTF8])
async def test_a_failed_read_changes_nothing_and_is_counted(world: World, fault: Fault) -> None:
    """A blip of the vendor's reads never fails a paid job."""
    world.powerpost.script(Scenario(fault=fault, on="poll", times=None))
    async with world.hub() as hub:
        handle = await hub.submit(VideoRequest(prompt="steam", duration=5), to="powerpost")
        before, counted = handle.job, 0
        for _ in range(3):
            with pytest.raises(ProviderError):
                await handle.poll()
            assert handle.failures > counted
            assert isinstance(handle.failure, ProviderError)
            counted = handle.failures
        assert before == (await hub.get(handle.id)).job
        world.powerpost.scripts.clear()
        world.finish(handle.job)
        await handle.poll()

    assert Status.SUCCEEDED is handle.status
    assert (0, None) == (handle.failures, handle.failure)


async def test_the_tracker_goes_on_after_failed_reads(world: World) -> None:
    """Five in a row, of different kinds, and then the result."""
    world.powerpost.script(Scenario(fault=Fault.ERROR_500_BEFORE, on="poll", times=3))
    world.powerpost.script(Scenario(fault=Fault.HTML, on="poll", times=2))
    async with world.hub() as hub:
        job = await hub.generate(VideoRequest(prompt="steam", duration=5), to="powerpost")

    assert Status.SUCCEEDED is job.status


async def test_a_404_on_a_bought_job_changes_nothing(world: World) -> None:
    """Section 8, "Reads"."""
    world.powerpost.script(Scenario(fault=None, http=404, on="poll"))
    async with world.hub() as hub:
        handle = await hub.submit(VideoRequest(prompt="steam", duration=5), to="powerpost")
        with pytest.raises(NotFound):
            await handle.poll()
        assert Status.SUCCEEDED is (await handle.wait()).status


async def test_cancelling_the_caller_does_not_cancel_the_send(world: World) -> None:
    """Section 8: it ends, is recorded, and the hub waits for it when it closes."""
    world.powerpost.script(Scenario(fault=Fault.SLOW, delay=5))
    async with world.hub() as hub:
        sending = asyncio.create_task(hub.submit(CAPTION, to="powerpost"))
        await until(lambda: bool(world.powerpost.creations))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        journal = hub.store
        await hub.close()
        await journal.open()
        jobs = [job async for job in hub.jobs()]
        await journal.close()

    assert [Status.RUNNING] == [job.status for job in jobs]
    assert jobs[0].provider_id in world.powerpost.jobs


async def test_the_same_key_is_the_same_job(world: World) -> None:
    """Bought once, in whatever order and however often it is asked for."""
    async with world.hub() as hub:
        handles = await asyncio.gather(*(hub.submit(CAPTION, to="powerpost", key="row-1") for _ in range(5)))
        job = await hub.generate(CAPTION, to="powerpost", key="row-1")
        with pytest.raises(ConfigError, match="belongs to another request"):
            await hub.submit(TextRequest(prompt="other", platforms="x"), to="powerpost", key="row-1")

    assert {job.id} == {handle.id for handle in handles}
    assert 1 == len(world.powerpost.creations)


async def test_a_key_whose_job_was_refused_is_tried_again(world: World) -> None:
    """Nothing had been bought: the next attempt belongs to the same job."""
    world.powerpost.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=30))
    async with world.hub() as hub:
        with pytest.raises(RateLimited) as caught:
            await hub.submit(CAPTION, to="powerpost", key="row-1")
        assert 30 == caught.value.retry_after
        job = await hub.generate(CAPTION, to="powerpost", key="row-1")

    assert [Status.FAILED, Status.SUCCEEDED] == [attempt.status for attempt in job.attempts]
    assert (Decimal(10), True) == (job.credits.net, job.credits.exact)
    assert world.clock.monotonic() >= 30  # the account waited for as long as the vendor said


async def test_a_refused_connection_is_certain(world: World) -> None:
    """Nothing was sent: ProviderUnavailable, a failed attempt, nothing charged."""
    await world.powerpost.close_port()
    async with world.hub() as hub:
        with pytest.raises(ProviderUnavailable) as caught:
            await hub.submit(CAPTION, to="powerpost")

    job = caught.value.job
    assert job is not None and job.error is not None
    assert ("not_sent", Decimal(0)) == (job.error.kind, job.credits.net)


async def test_settle_by_a_person(world: World) -> None:
    """The vendor's id is checked with the vendor; a wrong one changes nothing."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER, times=2))
    async with world.hub() as hub:
        handle = await hub.submit(ImageRequest(prompt="soup"), to="powerpost")
        made = world.powerpost.creations[0][0]
        with pytest.raises(NotFound):
            await hub.settle(handle.id, adopt="no-such-id")
        with pytest.raises(ConfigError):
            await hub.settle(handle.id)
        assert Status.UNCONFIRMED is (await hub.get(handle.id)).status
        await hub.settle(handle.id, adopt=made)
        job = await handle.wait()
        assert (Status.SUCCEEDED, made) == (job.status, job.provider_id)

        other = await hub.submit(ImageRequest(prompt="soup"), to="powerpost")
        with pytest.raises(WrongState, match="belongs to"):
            await hub.settle(other.id, adopt=made)
        gone = await hub.settle(other.id, not_submitted=True)
        assert gone.error is not None and "not_submitted" == gone.error.kind
        with pytest.raises(WrongState, match="no doubt"):
            await hub.settle(other.id, not_submitted=True)


async def test_a_webhook_is_a_hint_to_read_now(world: World) -> None:
    """It costs one read; a forged one costs nothing."""
    body = b'{"event": "generation.completed", "data": {"generation_id": "%s", "status": "completed"}}'
    async with world.hub(poll_every=10_000) as hub:
        handle = await hub.submit(CAPTION, to="powerpost")
        world.clock.advance(60)
        before = world.clock.monotonic()
        await hub.webhook("powerpost", {}, body % str(handle.job.provider_id).encode())
        await hub.webhook("powerpost", {}, body % b"forged")
        await hub.webhook("powerpost", {}, b"garbage")
        assert Status.SUCCEEDED is (await handle.wait()).status
        assert world.clock.monotonic() - before < 10_000


async def test_many_captions_are_read_by_their_list(world: World) -> None:
    """One call for many jobs, and one more for each that is finished."""
    world.powerpost.script(Scenario(steps=("processing",) * 3 + ("completed",), times=None))
    async with world.hub() as hub:
        handles = await asyncio.gather(*(hub.submit(CAPTION, to="powerpost") for _ in range(20)))
        jobs = [await handle.wait() for handle in handles]

    assert {Status.SUCCEEDED} == {job.status for job in jobs}
    singles = sum(world.powerpost.count("GET", f"/content/generations/{job.provider_id}") for job in jobs)
    assert 20 <= singles < 40


async def test_what_was_learned_is_there_for_the_next_hub(world: World, tmp_path: Path) -> None:
    """By account and kind, from the ends that reads found; closing keeps it."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    world.powerpost.script(Scenario(duration=30, times=None))
    async with world.hub(journal=journal) as hub:
        assert {} == hub.timings()
        for _ in range(4):
            await (await hub.submit(CAPTION, to="powerpost")).wait()
        first = hub.timings()["powerpost", "captions"].whole.quantile(0.5)
    async with world.hub(journal=journal) as hub:
        known = hub.timings()
        again = known["powerpost", "captions"]

    assert [("powerpost", "captions")] == [*known]
    assert 3.9 < again.seen <= 4
    assert first == pytest.approx(again.whole.quantile(0.5), rel=0.1)
    assert 15 < again.whole.quantile(0.5) < 45


async def test_what_waiting_for_a_limit_took_is_shown(world: World) -> None:
    """By account and endpoint: how many calls waited, and for how long."""
    async with world.hub(concurrency=1) as hub:
        assert {} == hub.pacing()
        world.powerpost.script(Scenario(http=429, retry_after=30))
        with pytest.raises(RateLimited):
            await hub.submit(CAPTION, to="powerpost")
        await hub.submit(CAPTION, to="powerpost")
        waited = hub.pacing()["powerpost"]["POST /content"]

    assert 1 == waited.calls
    assert 29 < waited.longest == waited.total < 31


async def test_a_restart_goes_on_where_it_stood(world: World, tmp_path: Path) -> None:
    """Another process on the same journal finds every job, and buys nothing."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER, match="soup"))
    world.powerpost.script(Scenario(steps=("processing",), match="steam"))
    async with world.hub(journal=journal) as hub:
        video = await hub.submit(VideoRequest(prompt="steam", duration=5), to="powerpost")
        lost = await hub.submit(ImageRequest(prompt="soup"), to="powerpost")
        assert Status.UNCONFIRMED is lost.status
    async with world.hub(journal=journal) as hub:
        report = await hub.recover()
        assert ([video.id], [lost.id]) == ([j.id for j in report.polling], [j.id for j in report.in_doubt])
        world.finish(video.job)
        assert Status.SUCCEEDED is (await (await hub.get(video.id)).wait()).status
        with pytest.raises(SubmissionUnknown):
            await (await hub.get(lost.id)).wait()

    assert 2 == len(world.powerpost.creations)


async def test_a_second_hub_reads_beside_the_first(world: World, tmp_path: Path) -> None:
    """One hub drives a journal; another one is told who does, or only reads."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    async with world.hub(journal=journal) as hub:
        job = await hub.generate(CAPTION, to="powerpost")
        with pytest.raises(JournalError, match="driven by another hub of this process"):
            async with world.hub(journal=journal):
                pass
        async with Hub({}, journal=journal, read_only=True, clock=world.clock) as reader:
            assert [job] == [each async for each in reader.jobs()]
            assert [Decimal(10)] == [line.entry.amount async for line in reader.ledger(account="powerpost")]
            with pytest.raises(JournalError, match="only reads"):
                await reader.submit(CAPTION)


async def test_plan_sends_nothing(world: World) -> None:
    """Supported, adjusted, impossible, and the estimate with its source."""
    async with world.hub() as hub:
        plan = await hub.plan(ImageRequest(prompt="p", aspect_ratio="1:1"))
        spoken = await hub.plan(SpeechRequest(script="Hello."))

    by = {option.account: option for option in plan.options}
    assert by["adgen"].estimate is not None
    assert (Decimal(3), "documented") == (by["adgen"].estimate.credits, by["adgen"].estimate.source)
    assert ["genpro"] == [option.account for option in spoken.options if option.supported]
    assert not any(sim.requests for sim in (world.powerpost, world.genpro, world.adgen))


async def test_unknown_names_are_named(world: World) -> None:
    """Accounts, jobs, and a hub that is not open."""
    hub = world.hub()
    with pytest.raises(JournalError, match="not open"):
        await hub.submit(CAPTION, to="powerpost")
    async with hub:
        with pytest.raises(ConfigError, match=r"no account 'powerpots'.*powerpost"):
            await hub.submit(CAPTION, to="powerpots")
        with pytest.raises(ConfigError, match="say which account"):
            await hub.submit(CAPTION)
        with pytest.raises(NotFound, match="no job 'j0'"):
            await hub.get("j0")
        with pytest.raises(UnsupportedRequest, match="has no webhook"):
            await hub.webhook("adgen", {}, b"")


async def test_an_outcome_that_the_journal_cannot_take_is_not_lost(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk full after the answer: kept in memory, CRITICAL, spilled, and read by the next process."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    async with world.hub(journal=journal) as hub:

        async def full(_: Any) -> Any:
            raise JournalError("the disk is full")

        monkeypatch.setattr(hub.store, "record", full)
        monkeypatch.setattr(hub.store, "advance", full)
        with caplog.at_level(logging.CRITICAL):
            handle = await hub.submit(VideoRequest(prompt="steam", duration=5), to="powerpost")
        assert Status.RUNNING is handle.status
        assert any("can't take the outcome" in record.message for record in caplog.records)
    monkeypatch.undo()
    async with world.hub(journal=journal) as hub:
        assert handle.job.provider_id == (await anext(hub.jobs())).provider_id
        await hub.recover()
        job = await (await hub.get(handle.id)).wait()

    assert (Status.SUCCEEDED, handle.job.provider_id) == (job.status, job.provider_id)
    assert 1 == len(world.powerpost.creations)


async def test_no_secret_is_in_what_a_hub_shows(world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a repr, a job, a log, or the journal's files."""
    caplog.set_level(logging.DEBUG)
    world.powerpost.script(Scenario(http=401))
    keys = [world.powerpost.settings()["api_key"], world.genpro.settings()["api_key"], world.adgen.settings()["token"]]
    journal = f"sqlite:///{tmp_path}/genhub.db"
    shown = ""
    async with world.hub(journal=journal) as hub:
        with pytest.raises(Exception) as refused:
            await hub.submit(CAPTION, to="powerpost")
        for account, request in (("powerpost", CAPTION), ("genpro", TextRequest(prompt="p")), ("adgen", CAPTION)):
            portability: Any = "adjust"
            job = await hub.generate(request, to=account, portability=portability)
            shown += repr(job) + repr(hub.account(account)) + repr(hub.account(account).account)
        shown += repr(refused.value) + str(refused.value) + repr(hub)
    shown += caplog.text + "".join(path.read_bytes().decode("latin-1") for path in tmp_path.iterdir())

    for key in keys:
        assert str(key) not in shown


@pytest.mark.parametrize("hours", [2, -2])
async def test_a_clock_that_is_wrong_does_not_hide_a_lost_job(world: World, hours: float) -> None:
    """Times are matched in the vendor's clock, which is learned before anything is sent."""
    world.clock.jump(hours * 3600)
    world.powerpost.skew = -hours * 3600
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub() as hub:
        job = await hub.generate(CAPTION, to="powerpost")

    assert (Status.SUCCEEDED, 1) == (job.status, len(world.powerpost.creations))


async def test_without_the_vendors_time_nothing_is_settled(world: World) -> None:
    """A vendor whose clock could not be learned: a person is shown what there is."""
    world.powerpost.script(Scenario(fault=Fault.REFUSE, on="balance", times=2))
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub() as hub:
        handle = await hub.submit(CAPTION, to="powerpost")
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
        assert world.powerpost.creations[0][0] in (await hub.get(handle.id)).job.attempt.notes[-1].text


async def test_a_clock_that_went_back_proves_nothing_for_a_replay(world: World) -> None:
    """The window is over by the clock that only goes forward."""
    world.adgen.script(Scenario(fault=Fault.HANG))
    async with world.hub(timeout=0.05) as hub:
        sending = asyncio.create_task(hub.submit(ImageRequest(prompt="summer"), to="adgen"))
        await until(lambda: bool(world.adgen.creations))
        world.clock.advance(30)
        world.clock.jump(-29)
        handle = await sending
        with pytest.raises(SubmissionUnknown):
            await handle.wait()

    assert 1 == world.adgen.count("POST", "/api/generate/static-ad")


async def test_a_replay_that_the_vendors_limit_holds_back_comes_when_it_ends(world: World) -> None:
    """A short refusal of a neighbour's call does not leave the doubt to a person."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER, match="the lost one"))
    world.adgen.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=0.5, match="somebody else"))
    async with world.hub() as hub:
        lost, _ = await asyncio.gather(
            hub.submit(ImageRequest(prompt="the lost one"), to="adgen"),
            hub.submit(ImageRequest(prompt="somebody else"), to="adgen"),
            return_exceptions=True,
        )
        assert not isinstance(lost, BaseException)
        assert Status.SUCCEEDED is (await lost.wait()).status

    assert 1 == len(world.adgen.creations)
