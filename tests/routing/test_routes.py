"""Routed jobs, through the public API, against the simulators over real sockets."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from genhub import (
    AllAttemptsFailed,
    Attempt,
    BudgetExceeded,
    ConfigError,
    ImageRequest,
    InsufficientCredits,
    Intent,
    JobError,
    JournalError,
    Money,
    ProviderUnavailable,
    RateLimited,
    Status,
    StopVerdict,
    SubmissionUnknown,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
    WaitTimeout,
    WrongState,
)
from genhub._account import Budget
from genhub._control import Controller
from genhub._live import Live, Pursuit
from genhub._router import Router
from genhub.routing import BreakerState, Contender, Route, Via
from genhub.sim import Fault, Scenario
from genhub.stores import open_store
from tests.core.conftest import until
from tests.routing.conftest import NAMES, World, submits, ways

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok",))
PLAIN = TextRequest(prompt="Dark mode is here")
SLOW = Scenario(duration=600.0)


# Which account


async def test_the_first_account_of_the_order_does_it(world: World) -> None:
    """One attempt, at the first; its reason says why it went there; the others hear nothing."""
    async with world.hub() as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert [("powerpost", "succeeded")] == ways(job)
    assert "1st of the route's order" == job.attempts[0].reason
    assert ("captions",) == job.to
    assert {"powerpost": 1, "adgen": 0, "genpro": 0} == world.made()
    assert 0 == submits(world.adgen) == submits(world.genpro)


async def test_a_refusal_at_submit_goes_to_the_next(world: World) -> None:
    """The submit returns with the second account's job, the sum is exact, and the reason says who refused and why."""
    world.powerpost.set_balance(Decimal(0))
    async with world.hub() as hub:
        handle = await hub.submit(CAPTION, to="captions")
        job = await handle.wait()

    assert [("powerpost", "failed"), ("adgen", "succeeded")] == ways(job)
    assert "INSUFFICIENT_CREDITS" in job.attempts[1].reason and "powerpost: refused" in job.attempts[1].reason
    assert (Decimal(1), True) == (job.credits.net, job.credits.exact)
    assert world.spent(job) == job.credits.net


async def test_what_each_said_when_all_refuse(world: World) -> None:
    """AllAttemptsFailed holds each account's own error, and the job, whose books are exactly zero."""
    for name in NAMES:
        world.sims[name].set_balance(Decimal(0))
    async with world.hub() as hub:
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.submit(CAPTION, to="captions")

    failed = caught.value
    assert ["powerpost", "adgen", "genpro"] == [getattr(each, "account", None) for each in failed.said]
    assert all(isinstance(each, InsufficientCredits) for each in failed.said)
    assert failed.job is not None
    assert (Status.FAILED, Decimal(0), True) == (
        failed.job.status,
        failed.job.credits.net,
        failed.job.credits.exact,
    )
    assert "no account is left" in str(failed)
    assert ["InsufficientCredits"] * 3 == [each["type"] for each in failed.facts()["errors"]]


async def test_a_job_that_fails_in_work_goes_to_the_next_by_itself(world: World) -> None:
    """In the background, on a certain end only; the refund and the second charge are both in the books."""
    world.powerpost.script(Scenario(outcome="failed"))
    async with world.hub() as hub:
        handle = await hub.submit(CAPTION, to="captions")
        seen = [(job.account, str(job.status)) async for job in handle.updates()]
        job = handle.job

    assert [("powerpost", "failed"), ("adgen", "succeeded")] == ways(job)
    assert ("adgen", "succeeded") == seen[-1]
    assert ("powerpost", "failed") not in seen  # a route that goes on has no end to show
    assert ["charge", "refund", "charge"] == [str(entry.kind) for entry in job.entries]
    assert (world.spent(job), True) == (job.credits.net, job.credits.exact)


async def test_an_account_that_cannot_do_it_is_passed_by(world: World) -> None:
    """Unsupported is no attempt: nothing is written, nothing is sent."""
    async with world.hub(Route(accounts=("adgen", "genpro", "powerpost"))) as hub:
        request = TextRequest(prompt="a pun", platforms=("tiktok", "x"))
        job = await hub.generate(request, to="captions")  # strict: only powerpost

    assert "powerpost" == job.account
    assert 1 == len(job.attempts)
    assert 0 == submits(world.adgen)


async def test_nobody_can_do_it(world: World) -> None:
    """Then there is no job, and each account's reason is told."""
    async with world.hub(["genpro", "adgen"]) as hub:
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.submit(TextRequest(prompt="p", sources=("https://a.test",)), to="captions")
        jobs = [job async for job in hub.jobs()]

    assert [UnsupportedRequest] * 2 == [type(each) for each in caught.value.said]
    assert caught.value.job is None
    assert [] == jobs


async def test_conditions_keep_a_request_from_an_account_or_a_route(world: World) -> None:
    """By kind, platform and tag; why is said."""
    route = Route(
        accounts=(
            Via(account="adgen", kinds=("image",)),
            Via(account="genpro", tags={"tier": "gold"}),
            Via(account="powerpost", platforms=("tiktok", "x")),
        ),
        kinds=("text", "image"),
        portability="adjust",
    )
    async with world.hub(route) as hub:
        job = await hub.generate(CAPTION, to="captions")
        gold = await hub.generate(TextRequest(prompt="p", tags={"tier": "gold"}), to="captions")
        with pytest.raises(UnsupportedRequest, match="is for text or image, not for video"):
            await hub.submit(VideoRequest(prompt="steam"), to="captions")
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.submit(TextRequest(prompt="p", platforms=("facebook",)), to="captions")

    assert ("powerpost", "genpro") == (job.account, gold.account)
    assert "is for tiktok or x, not for facebook" in " ".join(str(each) for each in caught.value.said)


async def test_the_default_route_and_lists_of_accounts(world: World) -> None:
    """Without `to` the route `default`; a sequence of accounts is a route without a name."""
    world.adgen.set_balance(Decimal(0))
    routes = {"default": Route(accounts=("genpro",), portability="adjust")}
    async with world.hub(routes=routes) as hub:
        one = await hub.generate(CAPTION)
        two = await hub.generate(CAPTION, to=("adgen", "powerpost"), portability="adjust")
        with pytest.raises(ConfigError, match="no account and no route 'caption'"):
            await hub.submit(CAPTION, to="caption")
        with pytest.raises(ConfigError, match="no account 'captions'"):
            await hub.submit(CAPTION, to=("adgen", "captions"))

    assert ("genpro", ("default",)) == (one.account, one.to)
    assert [("adgen", "failed"), ("powerpost", "succeeded")] == ways(two)
    assert ("adgen", "powerpost") == two.to


async def test_a_route_that_cannot_be_is_refused_at_once(world: World) -> None:
    """Unknown accounts, a name that is an account's, a cap that can't be held against several currencies."""
    with pytest.raises(ConfigError, match="route captions: there is no account 'openai'"):
        world.hub(["openai"])
    with pytest.raises(ConfigError, match="the name of an account and of a route"):
        world.hub(routes={"adgen": Route(accounts=("genpro",))})
    with pytest.raises(ConfigError, match=r"max_spend is in credits.*several kinds"):
        world.hub(Route(accounts=NAMES, max_spend=20))
    with pytest.raises(ConfigError, match=r"budget is in EUR, and powerpost has no price in it"):
        world.hub(Route(accounts=NAMES, budget=Budget(amount=Decimal(5), currency="EUR")))


# Never twice


async def test_nothing_is_tried_while_an_attempt_is_in_doubt(world: World) -> None:
    """The answer of CutX copy is lost, and only a person can tell: no other account hears of it."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub(Route(accounts=("adgen", "powerpost"), portability="adjust")) as hub:
        handle = await hub.submit(CAPTION, to="captions")
        assert Status.UNCONFIRMED is handle.status
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
        for _ in range(3):
            await hub.recover()
        world.clock.advance(3600)
        with pytest.raises(SubmissionUnknown):
            await handle.wait()

    assert {"powerpost": 0, "adgen": 1, "genpro": 0} == world.made()
    assert 1 == submits(world.adgen)


async def test_a_doubt_that_turns_out_to_be_made_is_the_job(world: World) -> None:
    """A lost caption is found in the list: adopted, and no other account is asked."""
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with world.hub() as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert [("powerpost", "succeeded")] == ways(job)
    assert {"powerpost": 1, "adgen": 0, "genpro": 0} == world.made()


async def test_a_doubt_that_turns_out_not_to_be_made_goes_on(world: World) -> None:
    """Looked for over the grace time and not found: not submitted, and then the next account."""
    world.powerpost.script(Scenario(fault=Fault.RESET_AFTER_READ))
    async with world.hub() as hub:
        handle = await hub.submit(CAPTION, to="captions")
        assert Status.UNCONFIRMED is handle.status
        assert 0 == submits(world.adgen)
        job = await handle.wait()

    assert [("powerpost", "failed"), ("adgen", "succeeded")] == ways(job)
    assert "not submitted" in job.attempts[1].reason
    assert (Decimal(1), True) == (job.credits.net, job.credits.exact)


async def test_a_person_settles_and_the_route_goes_on(world: World) -> None:
    """`settle(not_submitted=True)` is a certain end."""
    world.adgen.script(Scenario(fault=Fault.RESET_AFTER_READ))
    async with world.hub(Route(accounts=("adgen", "genpro"), portability="adjust")) as hub:
        handle = await hub.submit(CAPTION, to="captions")
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
        await hub.settle(handle.id, not_submitted=True)
        job = await handle.wait()

    assert [("adgen", "failed"), ("genpro", "succeeded")] == ways(job)


async def test_who_says_pay_twice_may_pay_twice(world: World) -> None:
    """The risk has a name: once nothing more can be found out the next account does it, and the sum says that it may
    have cost more."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    route = Route(accounts=("adgen", "powerpost"), portability="adjust", on_unknown="pay_twice")
    async with world.hub(route) as hub:
        handle = await hub.submit(CAPTION, to="captions")
        job = await handle.wait()
        left = [each async for each in hub.store.unfinished()]

    assert [("adgen", "unconfirmed"), ("powerpost", "succeeded")] == ways(job)
    assert (Status.SUCCEEDED, "powerpost") == (job.status, job.account)
    assert "pay_twice" in job.attempts[1].reason
    assert not job.credits.exact
    assert [job.id] == [each.id for each in left]  # the doubt is not forgotten


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
async def test_a_caller_who_leaves_wants_nobody_else_to_begin(world: World, closed: bool) -> None:
    """Whenever it leaves before that: the send that has begun ends and is recorded, and nobody else is asked later."""
    world.powerpost.set_balance(Decimal(0))
    turns = 0
    while True:
        store = open_store("memory:")
        async with world.hub(journal=store) as hub:
            task = asyncio.ensure_future(hub.submit(CAPTION, to="captions"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            if not closed:
                await until(lambda hub=hub: not hub._desk.sends and not hub._desk._loose)  # type: ignore[misc]
        async with world.hub(journal=store) as hub:
            recovery = await hub.recover()
            jobs = [job async for job in hub.jobs()]
            if any(len(job.attempts) > 1 for job in jobs):  # it left too late: the second send had begun
                break
            for job in jobs:
                assert [("powerpost", "failed")] == ways(job), turns
                assert job.route is not None and "its caller left" in str(job.route.ended)
                assert Status.FAILED is job.status
            assert () == recovery.routed
        assert {"powerpost": 0, "adgen": 0, "genpro": 0} == world.made(), turns
        turns += 1

    assert turns > 20  # there were moments in which it was on its way


async def test_the_same_key_is_the_same_routed_job(world: World) -> None:
    """Also side by side; and one that everybody refused is tried again under the same key, once there are credits."""
    for name in NAMES:
        world.sims[name].set_balance(Decimal(0))
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust", patience=0)) as hub:
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.submit(CAPTION, to="captions", key="k")
        world.adgen.set_balance(Decimal(5))
        world.clock.advance(60)
        first, second = await asyncio.gather(*(hub.generate(CAPTION, to="captions", key="k") for _ in range(2)))

    assert caught.value.job is not None
    assert {caught.value.job.id} == {first.id, second.id}
    assert [("powerpost", "failed"), ("adgen", "failed"), ("adgen", "succeeded")] == ways(second)
    assert {"powerpost": 0, "adgen": 1, "genpro": 0} == world.made()


# How often, how long, how much


async def test_so_many_attempts_at_most(world: World) -> None:
    """`max_attempts` counts; why it ended is on the route."""
    for name in NAMES:
        world.sims[name].script(Scenario(outcome="failed"))
    route = Route(accounts=("powerpost", "genpro", "adgen"), portability="adjust", max_attempts=2)
    async with world.hub(route) as hub:
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.generate(CAPTION, to="captions")

    job = caught.value.job
    assert job is not None and job.route is not None
    assert [("powerpost", "failed"), ("genpro", "failed")] == ways(job)
    assert "2 attempts were made" in str(job.route.ended)
    assert 0 == submits(world.adgen)


async def test_a_route_goes_on_only_after_what_it_names(world: World) -> None:
    """`fallback_on` narrows it: by an error's class, or its base, or an end."""
    world.powerpost.set_balance(Decimal(0))
    narrow = Route(accounts=("powerpost", "adgen"), portability="adjust", fallback_on=("RateLimited", "failed"))
    wide = Route(accounts=("powerpost", "adgen"), portability="adjust", fallback_on=("ProviderError",))
    async with world.hub(routes={"narrow": narrow, "wide": wide}) as hub:
        with pytest.raises(AllAttemptsFailed, match="does not go on after that"):
            await hub.submit(CAPTION, to="narrow")
        assert 0 == submits(world.adgen)
        world.powerpost.set_balance(Decimal(0))
        job = await hub.generate(CAPTION, to="wide")

    assert "adgen" == job.account


async def test_a_deadline_stops_what_is_free_to_stop_and_goes_on(world: World) -> None:
    """gen.pro refunds a stop: the attempt is stopped, nothing is lost, the next account does it."""
    world.genpro.script(SLOW)
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", deadline=20)
    async with world.hub(route) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert [("genpro", "stopped"), ("powerpost", "succeeded")] == ways(job)
    assert "longer than the deadline of 20 s" in job.attempts[1].reason
    assert (Decimal(10), True) == (job.credits.net, job.credits.exact)
    assert world.spent(job) == job.credits.net
    assert 20 <= world.clock.monotonic() < 60


async def test_a_deadline_waits_where_a_stop_is_not_free(world: World) -> None:
    """PowerPost can't stop: the attempt is waited for, and nothing is bought beside it."""
    world.powerpost.script(Scenario(duration=100.0))
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust", deadline=20)) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert [("powerpost", "succeeded")] == ways(job)
    assert 0 == submits(world.adgen)


async def test_a_deadline_gives_up_where_the_route_says_so(world: World) -> None:
    """Whoever waits is told; the paid job goes on, is read on, and its result is there in the end."""
    world.powerpost.script(Scenario(duration=100.0))
    route = Route(accounts=("powerpost", "adgen"), portability="adjust", deadline=20, on_deadline="give_up")
    async with world.hub(route) as hub:
        handle = await hub.submit(CAPTION, to="captions")
        with pytest.raises(WaitTimeout, match=r"deadline of 20 s.*it goes on"):
            await handle.wait()
        assert Status.RUNNING is handle.status
        job = await handle.wait()

    assert [("powerpost", "succeeded")] == ways(job)
    assert 0 == submits(world.adgen)


async def test_a_stop_that_comes_too_late_is_no_reason_to_buy_again(world: World) -> None:
    """The job was done when its deadline's stop arrived: it is the result."""
    world.genpro.script(Scenario(steps=("processing", "completed")))
    world.genpro.script(Scenario(http=422, on="stop"))
    async with world.hub(Route(accounts=("genpro", "powerpost"), portability="adjust", deadline=0)) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert [("genpro", "succeeded")] == ways(job)
    assert {"powerpost": 0, "adgen": 0, "genpro": 1} == world.made()


async def test_a_cap_on_the_sum_of_all_attempts(world: World) -> None:
    """What earlier attempts may have cost counts; over the cap nobody else is asked."""
    world.adgen.script(Scenario(outcome="canceled"))  # not documented: it may be charged
    route = Route(accounts=("adgen", "powerpost"), portability="adjust", max_spend="0.55 USD")
    dearer = Route(accounts=("adgen", "powerpost"), portability="adjust", max_spend="0.50 USD")
    each = {"powerpost": {"estimate": {"captions": 10}}, "adgen": {"estimate": {"static_ad": 3}}}
    image = ImageRequest(prompt="a bowl of soup")
    async with world.hub(routes={"a": route, "b": dearer}, each=each) as hub:
        world.adgen.script(Scenario(outcome="canceled"))
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.generate(image, to="b")

    assert caught.value.job is not None
    assert [("adgen", "canceled")] == ways(caught.value.job)
    assert 0 == submits(world.powerpost)


async def test_a_budget_of_a_route_counts_all_its_jobs(world: World) -> None:
    """In money, over accounts of several vendors; over it nothing is sent."""
    each = {name: {"estimate": {"text": 10}} for name in NAMES}
    budget = Budget(amount=Decimal("1.20"), per="day", currency="USD")
    route = Route(accounts=("powerpost", "genpro"), portability="adjust", budget=budget)
    store = open_store("memory:")
    async with world.hub(route, each=each, journal=store) as hub:
        await hub.generate(CAPTION, to="captions")
        await hub.generate(CAPTION, to="captions")
    async with world.hub(route, each=each, journal=store) as hub:  # what counts already is in the journal
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.submit(CAPTION, to="captions")

    assert all(isinstance(each, BudgetExceeded) for each in caught.value.said)
    assert "route captions" in str(caught.value.said[0])
    assert {"powerpost": 2, "adgen": 0, "genpro": 0} == world.made()


# Health


async def test_a_dead_account_costs_one_refusal_and_then_nothing(world: World) -> None:
    """Done when 3: after three refused connections the breaker opens, and no call goes there."""
    await world.powerpost.close_port()
    async with world.hub() as hub:
        jobs = [await hub.generate(CAPTION, to="captions") for _ in range(6)]
        tries = [len(job.attempts) for job in jobs]
        shut = hub.health()["powerpost"]

    assert [2, 2, 2, 1, 1, 1] == tries
    assert BreakerState.OPEN is shut.submits.state
    assert "powerpost passed over: submits: open" in jobs[-1].attempts[0].reason
    assert {"powerpost": 0, "adgen": 6, "genpro": 0} == world.made()
    assert ["open"] == [each.detail["new"] for each in world.events if each.name == "breaker"]


async def test_one_call_sees_whether_it_is_well_again(world: World) -> None:
    """Once the pause is over one submit goes there; it closes the breaker."""
    await world.powerpost.close_port()
    async with world.hub() as hub:
        for _ in range(3):
            await hub.generate(CAPTION, to="captions")
        await world.powerpost.open_port()
        early = await hub.generate(CAPTION, to="captions")
        world.clock.advance(31)
        late = await hub.generate(CAPTION, to="captions")
        state = hub.health()["powerpost"].submits.state

    assert ("adgen", "powerpost") == (early.account, late.account)
    assert BreakerState.CLOSED is state


async def test_health_is_known_to_the_next_process(world: World) -> None:
    """An open breaker and an empty account are kept in the journal."""
    store = open_store("memory:")
    await world.powerpost.close_port()
    world.adgen.set_balance(Decimal(0))
    async with world.hub(journal=store) as hub:
        for _ in range(3):
            await hub.generate(CAPTION, to="captions")
    async with world.hub(journal=store) as hub:
        health = hub.health()
        before = len(world.adgen.requests)
        job = await hub.generate(CAPTION, to="captions")

    assert BreakerState.OPEN is health["powerpost"].submits.state
    assert health["adgen"].parked is not None
    assert [("genpro", "succeeded")] == ways(job)
    assert 0 == sum(seen.method == "POST" for seen in world.adgen.requests[before:])


async def test_an_empty_account_is_parked_until_its_balance_rises(world: World) -> None:
    """No submit goes there; its balance is looked at now and then, and a rise lets it work again."""
    world.powerpost.set_balance(Decimal(5))
    async with world.hub() as hub:
        await hub.generate(CAPTION, to="captions")
        refused = submits(world.powerpost)
        await hub.generate(CAPTION, to="captions")
        assert refused == submits(world.powerpost)
        world.powerpost.set_balance(Decimal(500))
        world.clock.advance(31)
        await hub.generate(CAPTION, to="captions")  # looks meanwhile
        await until(lambda: hub.health()["powerpost"].ok)
        job = await hub.generate(CAPTION, to="captions")

    assert "powerpost" == job.account


async def test_a_429_is_a_wait_and_no_failure(world: World) -> None:
    """Retry-After holds the account for routes; the next job goes elsewhere, and comes back when it is over."""
    world.powerpost.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=20))
    async with world.hub() as hub:
        first = await hub.generate(CAPTION, to="captions")
        second = await hub.generate(CAPTION, to="captions")
        world.clock.advance(21)
        third = await hub.generate(CAPTION, to="captions")
        failures = hub.health()["powerpost"].submits.failures

    assert [("powerpost", "failed"), ("adgen", "succeeded")] == ways(first)
    assert [("adgen", "succeeded")] == ways(second)
    assert "the vendor said to wait" in second.attempts[0].reason
    assert [("powerpost", "succeeded")] == ways(third)
    assert 0 == failures


async def test_rate_limit_headers_pass_a_job_on(world: World) -> None:
    """An account whose window is used up, as its headers say, is passed over without a call."""
    world.powerpost.rate_limit = (2, 60.0)  # its balance, and one submit
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust")) as hub:
        first, second = [await hub.submit(CAPTION, to="captions") for _ in range(2)]

    assert ("powerpost", "adgen") == (first.job.account, second.job.account)
    assert "the vendor's limit is reached" in second.job.attempts[0].reason
    assert 1 == submits(world.powerpost)


async def test_a_job_waits_for_an_account_that_is_held_back(world: World) -> None:
    """When nobody else is there, within the route's patience; beyond it the reason is told."""
    world.powerpost.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=20))
    patient = Route(accounts=("powerpost",), patience=30)
    hasty = Route(accounts=("powerpost",), patience=5)
    async with world.hub(routes={"patient": patient, "hasty": hasty}) as hub:
        job = await hub.generate(CAPTION, to="patient")
        world.powerpost.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=20))
        with pytest.raises(AllAttemptsFailed) as caught:
            await hub.submit(CAPTION, to="hasty")

    assert [("powerpost", "failed"), ("powerpost", "succeeded")] == ways(job)
    assert any(isinstance(each, RateLimited) for each in caught.value.said)
    assert any(isinstance(each, ProviderUnavailable) and each.retry_after for each in caught.value.said)


async def test_a_retired_account_is_passed_before_anything_is_paid(world: World) -> None:
    """From the day on; `plan` says it, and before that day when it will be."""
    gone = {"powerpost": {"retires_on": date(2026, 3, 1)}, "adgen": {"retires_on": date(2026, 4, 1)}}
    async with world.hub(each=gone) as hub:
        job = await hub.generate(CAPTION, to="captions")
        plan = await hub.plan(CAPTION, to="captions")

    assert [("adgen", "succeeded")] == ways(job)
    assert 0 == submits(world.powerpost)
    first, second, _ = plan.options
    assert first.shut is not None and "retired on 2026-03-01" in first.shut.why
    assert second.health is not None and "retires on 2026-04-01" in second.health.said
    assert plan.best is second


async def test_jobs_that_fail_in_work_open_a_breaker_too(world: World) -> None:
    """A vendor that takes every job and does none is no place for the next one."""
    world.powerpost.script(Scenario(outcome="failed", times=None))
    async with world.hub() as hub:
        jobs = [await hub.generate(CAPTION, to="captions") for _ in range(7)]

    assert [2, 2, 2, 2, 2, 1, 1] == [len(job.attempts) for job in jobs]
    assert 5 == len(world.powerpost.creations)


async def test_reads_that_fail_hold_back_reads_and_new_jobs(world: World) -> None:
    """The jobs that are there are not changed, and are read again once it is over."""
    world.powerpost.script(Scenario(fault=Fault.ERROR_500_BEFORE, on="poll", times=6))
    async with world.hub() as hub:
        handle = await hub.submit(CAPTION, to="captions")
        await until(lambda: hub.health()["powerpost"].polls.state is BreakerState.OPEN)
        other = await hub.generate(CAPTION, to="captions")
        job = await handle.wait()
        state = hub.health()["powerpost"].polls.state

    assert [("adgen", "succeeded")] == ways(other)
    assert "its jobs can't be read" in other.attempts[0].reason
    assert [("powerpost", "succeeded")] == ways(job)
    assert BreakerState.CLOSED is state


# Hedging


async def test_a_hedge_stops_the_loser_for_nothing(world: World) -> None:
    """gen.pro is slow and free to stop: a second account begins, wins, and the first is refunded."""
    world.genpro.script(SLOW)
    async with world.hub(Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after=10)) as hub:
        job = await hub.generate(CAPTION, to="captions")
        await until(lambda: not hub._desk._loose)
        job = (await hub.get(job.id)).job

    assert [("genpro", "stopped"), ("powerpost", "succeeded")] == ways(job)
    assert ("powerpost", Status.SUCCEEDED) == (job.account, job.status)
    assert "done first" in str(job.attempts[0].given_up)
    assert (Decimal(10), True) == (job.credits.net, job.credits.exact)
    assert world.spent(job) == job.credits.net
    assert "hedged" in world.names()


async def test_the_first_may_still_win_a_hedge(world: World) -> None:
    """Then the second is what it is: one that can't be stopped runs to its end, and is in the books."""
    world.genpro.script(Scenario(duration=30.0))
    world.powerpost.script(Scenario(duration=300.0))
    async with world.hub(Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after=10)) as hub:
        handle = await hub.submit(CAPTION, to="captions")
        job = await handle.wait()
        assert [("genpro", "succeeded"), ("powerpost", "running")] == ways(job)
        assert "genpro" == job.account
        assert job.cost is not None and world.spent(job) * Decimal("0.05") == job.cost.net
        await until(lambda: not hub._desk.registry.all())
        job = (await hub.get(job.id)).job

    assert [("genpro", "succeeded"), ("powerpost", "succeeded")] == ways(job)
    assert "genpro" == job.account  # who was first stays first
    assert job.cost is not None
    assert world.spent(job) * Decimal("0.05") == job.cost.net


async def test_no_hedge_beside_what_is_not_free_to_stop(world: World) -> None:
    """PowerPost can't be stopped: without a cap on what may be spent nobody else begins."""
    world.powerpost.script(Scenario(duration=100.0))
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust", hedge_after=10)) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert [("powerpost", "succeeded")] == ways(job)
    assert 0 == submits(world.adgen)


async def test_a_spend_cap_allows_a_hedge_and_bounds_it(world: World) -> None:
    """With `max_spend` it may pay for both, as far as that goes."""
    each = {"powerpost": {"estimate": {"text": 10}}}
    world.powerpost.script(Scenario(duration=100.0, times=2))
    roomy = Route(accounts=("powerpost", "adgen"), portability="adjust", hedge_after=10, max_spend="0.60 USD")
    tight = Route(accounts=("powerpost", "adgen"), portability="adjust", hedge_after=10, max_spend="0.50 USD")
    async with world.hub(routes={"roomy": roomy, "tight": tight}, each=each) as hub:
        hedged = await hub.generate(CAPTION, to="roomy")
        alone = await hub.generate(CAPTION, to="tight")

    assert ["powerpost", "adgen"] == [each.account for each in hedged.attempts]
    assert "max_spend allows it" in hedged.attempts[1].reason
    assert ["powerpost"] == [each.account for each in alone.attempts]


async def test_a_learned_hedge_needs_enough_to_learn_from(world: World) -> None:
    """`p95` of what was seen; before twenty results nothing is guessed."""
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after="p95")
    async with world.hub(route) as hub:
        world.genpro.script(Scenario(duration=40.0))
        first = await hub.generate(CAPTION, to="captions")
        for _ in range(20):
            world.genpro.script(Scenario(duration=4.0))
            await hub.generate(CAPTION, to="captions")
        world.genpro.script(SLOW)
        last = await hub.generate(CAPTION, to="captions")

    assert ["genpro"] == [each.account for each in first.attempts]
    assert ["genpro", "powerpost"] == [each.account for each in last.attempts]


# People and processes


async def test_a_stop_stops_the_route_too(world: World) -> None:
    """Nobody else begins with what its caller has stopped."""
    world.genpro.script(SLOW)
    async with world.hub(Route(accounts=("genpro", "powerpost"), portability="adjust")) as hub:
        handle = await hub.submit(CAPTION, to="captions")
        verdict = await handle.stop()
        job = await handle.wait()

    assert (Money.FREE, Status.STOPPED) == (verdict.money, job.status)
    assert job.route is not None and "stopped by its caller" == job.route.ended
    assert {"powerpost": 0, "adgen": 0, "genpro": 1} == world.made()


async def test_the_next_process_goes_on_where_the_route_stood(world: World) -> None:
    """Between two attempts: the job of a hub that was closed is taken up, and the next account does it."""
    world.powerpost.script(Scenario(steps=("processing", "failed"), times=1))
    store = open_store("memory:")
    async with world.hub(journal=store, each={"powerpost": {"poll_every": 1e9}}) as hub:
        handle = await hub.submit(CAPTION, to="captions")
    async with world.hub(journal=store) as hub:
        recovery = await hub.recover()
        job = await (await hub.get(handle.id)).wait()

    assert [handle.id] == [each.id for each in recovery.polling]
    assert [("powerpost", "failed"), ("adgen", "succeeded")] == ways(job)


async def test_a_job_between_two_attempts_is_no_end(world: World) -> None:
    """Its status is `queued`, it is among the unfinished, and `recover` names it."""
    world.powerpost.set_balance(Decimal(0))
    store = open_store("memory:")
    async with world.hub(journal=store) as hub:
        add = store.add

        async def full(attempt: Attempt, intent: Intent) -> bool:
            raise JournalError("the disk is full")

        store.add = full  # type: ignore[method-assign]
        handle = await hub.submit(CAPTION, to="captions")
        store.add = add  # type: ignore[method-assign]
        (job,) = [job async for job in hub.jobs()]
    assert Status.QUEUED is job.status is handle.status
    async with world.hub(journal=store) as hub:
        recovery = await hub.recover()
        job = await (await hub.get(job.id)).wait()

    assert [job.id] == [each.id for each in recovery.routed]
    assert [("powerpost", "failed"), ("adgen", "succeeded")] == ways(job)


# Results that are there already


async def test_an_equal_request_within_the_window_is_given_the_earlier_job(world: World) -> None:
    """And says so; later, or for something else, it is made anew."""
    route = Route(accounts=("powerpost",), reuse=3600)
    async with world.hub(route) as hub:
        first = await hub.submit(CAPTION, to="captions")
        job = await first.wait()
        labelled = TextRequest(prompt="Dark mode is here", platforms=("tiktok",), label="another book")
        second = await hub.submit(labelled, to="captions")
        other = await hub.submit(TextRequest(prompt="Light mode", platforms=("tiktok",)), to="captions")
        world.clock.advance(3700)
        third = await hub.submit(CAPTION, to="captions")

    assert (False, True, False, False) == (first.reused, second.reused, other.reused, third.reused)
    assert job == second.job
    assert 3 == len(world.powerpost.creations)
    assert 1 == world.names().count("reused")


async def test_equal_requests_at_the_same_time_are_one_job(world: World) -> None:
    """Single-flight: ten callers, one job; for accounts too, where the call asks for it."""
    async with world.hub() as hub:
        jobs = await asyncio.gather(*(hub.generate(CAPTION, to="powerpost", reuse="1h") for _ in range(10)))

    assert 1 == len({job.id for job in jobs})
    assert 1 == len(world.powerpost.creations)


async def test_what_failed_is_not_given_again(world: World) -> None:
    """A failed job is no result."""
    world.powerpost.script(Scenario(outcome="failed"))
    async with world.hub(Route(accounts=("powerpost",), reuse=3600)) as hub:
        with pytest.raises(AllAttemptsFailed):
            await hub.generate(CAPTION, to="captions")
        job = await hub.generate(CAPTION, to="captions")

    assert Status.SUCCEEDED is job.status


# Policies and the plan


async def test_the_plan_says_everything_and_sends_nothing(world: World) -> None:
    """Supported, adjusted, impossible, estimates with their source, times, health: in the order of the route."""
    async with world.hub() as hub:
        await hub.generate(CAPTION, to="powerpost")
        before = {name: len(world.sims[name].requests) for name in NAMES}
        plan = await hub.plan(CAPTION, to="captions")
        strict = await hub.plan(CAPTION, to="captions", portability="strict")
        after = {name: len(world.sims[name].requests) for name in NAMES}

    assert before == after
    powerpost, adgen, genpro = plan.options
    assert ("captions", "powerpost", "adgen", "genpro") == (
        plan.route,
        powerpost.account,
        adgen.account,
        genpro.account,
    )
    assert powerpost.estimate is not None and adgen.estimate is not None and genpro.estimate is not None
    assert (Decimal(10), "seen") == (powerpost.estimate.credits, powerpost.estimate.source)
    assert (Decimal("0.50"), "USD") == (powerpost.money, powerpost.currency)
    assert (Decimal(1), "documented") == (adgen.estimate.credits, adgen.estimate.source)
    assert "unknown" == genpro.estimate.source and genpro.money is None
    assert powerpost.seconds is not None and 1 == powerpost.samples and powerpost.slow is None
    assert ["platforms"] == [change.field for change in genpro.adjustments]
    assert powerpost.health is not None and "well" == powerpost.health.said
    assert "genpro" == strict.options[-1].account and not strict.options[-1].supported


async def test_the_cheapest_by_price_and_by_what_it_truly_cost(world: World) -> None:
    """adgen's copy is documented as 1 credit; at ten times the price PowerPost's 10 are cheaper; why is said."""
    each: dict[str, dict[str, Any]] = {"powerpost": {"estimate": {"text": 10}}, "adgen": {"price": "0.60 USD"}}
    route = Route(accounts=("adgen", "powerpost", "genpro"), policy="cheapest", portability="adjust")
    async with world.hub(route, each=each) as hub:
        job = await hub.generate(CAPTION, to="captions")
        plan = await hub.plan(CAPTION, to="captions")
    async with world.hub(route) as hub:
        cheap = await hub.generate(CAPTION, to="captions")

    assert ("powerpost", "adgen") == (job.account, cheap.account)
    assert "cheapest: 0.50 USD" in job.attempts[0].reason
    assert ["powerpost", "adgen", "genpro"] == [option.account for option in plan.options]


async def test_the_fastest_by_what_was_seen(world: World) -> None:
    """By the median time to ready; the next process knows it too."""
    route = Route(accounts=("powerpost", "genpro"), policy="fastest", portability="adjust")
    store = open_store("memory:")
    async with world.hub(route, journal=store) as hub:
        world.powerpost.script(Scenario(duration=50.0))
        world.genpro.script(Scenario(duration=1.0))
        await hub.generate(CAPTION, to="powerpost", portability="adjust")
        await hub.generate(CAPTION, to="genpro", portability="adjust")
    async with world.hub(route, journal=store) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert "genpro" == job.account
    assert "fastest" in job.attempts[0].reason


async def test_turns_and_a_policy_of_ones_own(world: World) -> None:
    """Round robin goes round; a function gives any order, and leaves out whom it will."""

    def dearest_last(request: object, candidates: object) -> list[Contender | str]:
        assert isinstance(candidates, (list, tuple))
        return sorted(candidates, key=lambda each: each.estimate_money or Decimal(99))[:2]

    routes = {
        "round": Route(accounts=NAMES, policy="round_robin", portability="adjust"),
        "own": Route(accounts=("genpro", "powerpost", "adgen"), policy=dearest_last, portability="adjust"),
    }
    async with world.hub(routes=routes) as hub:
        turns = [(await hub.generate(CAPTION, to="round")).account for _ in range(4)]
        own = await hub.generate(CAPTION, to="own")

    assert ["powerpost", "adgen", "genpro", "powerpost"] == turns
    assert "adgen" == own.account
    assert own.route is not None and 2 == len(own.route.stages)


async def test_a_routed_submit_reaches_the_second_account_in_one_refusal(world: World) -> None:
    """No wait stands between the refusal and the next account: on the clock nothing passes."""
    world.powerpost.set_balance(Decimal(0))
    async with world.hub() as hub:
        await hub.generate(CAPTION, to="captions")
        before = world.clock.monotonic()
        job = await hub.generate(PLAIN, to="captions")

    assert before == world.clock.monotonic()
    assert "adgen" == job.account


@pytest.mark.parametrize("how", ["hedge", "deadline"])
async def test_a_stop_that_was_never_sent_is_sent_by_the_next_process(
    world: World, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the decision and the stop: the one that is given up is stopped for nothing all the same."""
    world.genpro.script(SLOW)
    options: dict[str, Any] = {"hedge_after": 10} if how == "hedge" else {"deadline": 20}
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", **options)
    store = open_store("memory:")
    died = asyncio.Event()

    async def die(*_: object) -> None:
        died.set()
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr("genhub._control.Controller.stop_one", die)
        async with world.hub(route, journal=store) as hub:
            handle = await hub.submit(CAPTION, to="captions")
            await until(died.is_set)
            assert (await hub.store.job(handle.id) or handle.job).attempts[0].is_open
    async with world.hub(route, journal=store) as hub:
        await hub.recover()
        await until(lambda: not hub._desk.registry.all())
        job = (await hub.get(handle.id)).job

    assert [("genpro", "stopped"), ("powerpost", "succeeded")] == ways(job)
    assert Decimal(0) == world.genpro.net(str(job.attempts[0].provider_id))
    assert {"powerpost": 1, "adgen": 0, "genpro": 1} == world.made()


async def test_a_program_that_ends_with_its_result_leaves_no_loser_running(world: World) -> None:
    """`close` stops for nothing what lost the race: a script that makes one thing and ends pays for one."""
    world.genpro.script(SLOW)
    store = open_store("memory:")
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after=10)
    async with world.hub(route, journal=store) as hub:
        job = await hub.generate(CAPTION, to="captions")
    async with world.hub(route, journal=store, read_only=True) as hub:
        job = (await hub.get(job.id)).job

    assert [("genpro", "stopped"), ("powerpost", "succeeded")] == ways(job)
    assert Decimal(0) == world.genpro.net(str(job.attempts[0].provider_id))
    assert not job.is_open


async def test_of_two_doubts_a_person_says_which(world: World) -> None:
    """A route that may pay twice can have two: settling one leaves the other in doubt."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    world.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    route = Route(accounts=("adgen", "powerpost"), on_unknown="pay_twice")
    async with world.hub(route, each={"adgen": {"replay_window": 0}}) as hub:
        handle = await hub.submit(ImageRequest(prompt="a bowl of soup"), to="captions", key="k")
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
        doubts = [each.number for each in handle.job.attempts if each.status.in_doubt]
        with pytest.raises(WrongState, match="say which one is meant"):
            await hub.settle(handle.id, not_submitted=True)
        job = await hub.settle(handle.id, not_submitted=True, attempt=doubts[0])

    assert "not_submitted" == (job.attempts[doubts[0] - 1].error or JobError(kind="", message="")).kind
    assert doubts[1:] == [each.number for each in job.attempts if each.status.in_doubt]
    assert 2 == len(doubts)


async def test_a_hub_that_closes_waits_for_the_stop_that_is_on_its_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is told that something happened: the walk that stops the loser is not cut off."""
    kick, stop = Router.kick, Controller.stop_one

    def twice(self: Router, live: Live) -> None:
        kick(self, live)
        kick(self, live)

    async def slowly(self: Controller, hand: Pursuit) -> StopVerdict:
        for _ in range(50):
            await asyncio.sleep(0)
        return await stop(self, hand)

    monkeypatch.setattr(Router, "kick", twice)
    monkeypatch.setattr(Controller, "stop_one", slowly)
    world.genpro.script(SLOW)
    async with world.hub(Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after=10)) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert "powerpost" == job.account
    assert "stopped" == world.genpro.jobs[str(job.attempts[0].provider_id)].status
