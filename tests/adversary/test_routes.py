"""Routes, for those who want them to pay twice, to sell what nobody wants any more, or to forget what was paid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from genhub import (
    Attempt,
    BudgetExceeded,
    GenhubError,
    ImageRequest,
    Intent,
    Job,
    JournalError,
    Status,
    SubmissionUnknown,
    TextRequest,
)
from genhub._account import Budget
from genhub._events import Event
from genhub._hub import Hub
from genhub.routing import Route
from genhub.sim import Fault, Scenario, Simulators
from genhub.stores import open_store
from genhub.testing import FakeClock
from tests.adversary.conftest import Gate, until
from tests.routing.conftest import World, submits, ways

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("tiktok",))
IMAGE = ImageRequest(prompt="a bowl of soup")
FAILS = Scenario(outcome="failed")
SLOW = Scenario(duration=600.0)
LOST = Scenario(fault=Fault.LOSE_ANSWER)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = FakeClock()
    async with Simulators(clock=clock) as sims:
        yield World(clock, sims, [])


async def turns(times: int = 60) -> None:
    """Let the loop turn, for what must not happen: a send that begins here is waited for when the hub closes."""
    for _ in range(times):
        await asyncio.sleep(0)


def known(hub: Hub, job_id: str) -> Job:
    """A job as it is in hand."""
    live = hub.in_hand(job_id)
    assert live is not None
    return live.job


async def stored(hub: Hub, job_id: str) -> Job:
    """A job as the journal has it."""
    job = await hub.store.job(job_id)
    assert job is not None
    return job


def first_ended(hub: Hub, job_id: str) -> bool:
    return known(hub, job_id).attempts[0].status is Status.FAILED


# Bought twice


@pytest.mark.parametrize("to", ["captions", "powerpost"])
async def test_an_equal_call_after_one_that_was_cancelled_is_the_same_job(
    world: World, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a cancelled call has begun ends, and is given to the next equal call: "equal calls at the same time are one
    job"."""
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust")) as hub:
        create = Gate(hub.store.create, after=False)
        monkeypatch.setattr(hub.store, "create", create)
        first = asyncio.create_task(hub.submit(CAPTION, to=to, reuse="1h"))
        await create.reached.wait()
        first.cancel()
        await asyncio.wait([first])
        second = asyncio.create_task(hub.submit(CAPTION, to=to, reuse="1h"))
        await turns()
        create.open.set()
        await second

    assert {"powerpost": 1, "adgen": 0, "genpro": 0} == world.made()


async def test_a_hedge_that_waited_is_not_sent_after_the_success(world: World) -> None:
    """Nothing is tried after a success, although it was decided before: the second account was busy meanwhile."""
    world.genpro.script(Scenario(duration=30.0))
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after=10)
    async with world.hub(route, each={"powerpost": {"concurrency": 1}}) as hub:
        slots = hub.account("powerpost").slots
        await slots.acquire()
        job = await hub.generate(CAPTION, to="captions")
        assert [("genpro", "succeeded")] == ways(job)
        slots.release()
        await turns()

    assert {"powerpost": 0, "adgen": 0, "genpro": 1} == world.made()


async def test_pay_twice_does_not_pay_twice_once_it_is_known(world: World) -> None:
    """A person finds the lost job while the next account is busy: nobody else is asked any more."""
    world.adgen.script(LOST)
    route = Route(accounts=("adgen", "powerpost"), portability="adjust", on_unknown="pay_twice")
    async with world.hub(route, each={"powerpost": {"concurrency": 1}}) as hub:
        slots = hub.account("powerpost").slots
        await slots.acquire()
        handle = await hub.submit(CAPTION, to="captions")
        await until(lambda: hub._desk.registry.hold(handle.job).pursue(1).stuck)
        await turns()
        await hub.settle(handle.id, adopt=str(world.adgen.creations[0][0]))
        assert [("adgen", "succeeded")] == ways(await handle.wait())
        slots.release()
        await turns()

    assert {"powerpost": 0, "adgen": 1, "genpro": 0} == world.made()


async def test_what_came_back_to_life_is_not_bought_again(world: World) -> None:
    """It failed, was refunded, and is there after all before the next account is asked: it may be charged, and has
    outputs. Nothing is sent while that is open."""
    world.adgen.script(Scenario(steps=("processing", "failed", "completed")))
    route = Route(accounts=("adgen", "powerpost"), portability="adjust")
    async with world.hub(route, each={"powerpost": {"concurrency": 1}}) as hub:
        slots = hub.account("powerpost").slots
        await slots.acquire()
        handle = await hub.submit(IMAGE, to="captions")
        await until(lambda: first_ended(hub, handle.id))
        (revived,) = (await handle.poll()).attempts
        assert "revived after a refund" in str(revived.doubt) and revived.outputs
        slots.release()
        await turns()

    assert {"powerpost": 0, "adgen": 1, "genpro": 0} == world.made()


async def test_the_loser_of_a_hedge_is_stopped_although_the_hub_is_closed(world: World) -> None:
    """A program that ends when it has its result pays for one job, where a stop of the other is free."""
    world.genpro.script(SLOW)
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after=10)
    async with world.hub(route) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert "powerpost" == job.account
    assert Decimal(0) == world.genpro.net(str(job.attempts[0].provider_id))


# Bought after a stop, or although an error said that nothing was


@pytest.mark.parametrize("where", ["slot", "journal"])
async def test_nothing_is_bought_after_a_stop(world: World, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller stops a job between two attempts and is told that it is over, for nothing: it stays so."""
    world.powerpost.script(FAILS)
    route = Route(accounts=("powerpost", "adgen"), portability="adjust")
    async with world.hub(route, each={"adgen": {"concurrency": 1}}) as hub:
        add, slots = Gate(hub.store.add, after=False), hub.account("adgen").slots
        if where == "slot":
            await slots.acquire()
        else:
            monkeypatch.setattr(hub.store, "add", add)
        handle = await hub.submit(CAPTION, to="captions")
        await until(lambda: first_ended(hub, handle.id) and (where == "slot" or add.reached.is_set()))
        await turns()
        verdict = await handle.stop()
        assert (Status.FAILED, "free") == (verdict.job.status, verdict.money)
        slots.release()
        add.open.set()
        await turns()

    assert {"powerpost": 1, "adgen": 0, "genpro": 0} == world.made()


async def test_a_stopped_route_does_not_open_again(world: World) -> None:
    """Even if one attempt slips through: after it nobody else is asked, for the journal says that the route ended."""
    world.powerpost.script(FAILS)
    world.adgen.script(FAILS)
    route = Route(accounts=("powerpost", "adgen", "genpro"), portability="adjust")
    async with world.hub(route, each={"adgen": {"concurrency": 1}}) as hub:
        slots = hub.account("adgen").slots
        await slots.acquire()
        handle = await hub.submit(CAPTION, to="captions")
        await until(lambda: first_ended(hub, handle.id))
        await turns()
        await handle.stop()
        slots.release()
        with suppress(AssertionError):
            await until(lambda: world.made()["genpro"] > 0)

    assert 0 == world.made()["genpro"]


async def test_a_hub_that_closes_gives_what_was_bought(world: World) -> None:
    """A copy is bought and done while the hub closes: `submit` raises only where nothing was bought."""
    world.adgen.script(Scenario(fault=Fault.SLOW, delay=5))
    async with world.hub(Route(accounts=("adgen", "powerpost"), portability="adjust")) as hub:
        task = asyncio.create_task(hub.submit(CAPTION, to="captions"))
        await until(lambda: bool(world.adgen.creations))
        await hub.close()
        (result,) = await asyncio.gather(task, return_exceptions=True)

    assert 1 == world.made()["adgen"]
    assert not isinstance(result, BaseException)


async def test_submit_does_not_raise_once_something_was_bought(world: World) -> None:
    """A hedge can't be priced (a free account under a cap in money): the first attempt runs, and is the caller's."""
    route = Route(accounts=("powerpost", "adgen"), portability="adjust", hedge_after=0)
    each: dict[str, dict[str, Any]] = {"powerpost": {"estimate": {"text": 10}}, "adgen": {"price": "0 USD"}}
    async with world.hub(route, each=each) as hub:
        raised: GenhubError | None = None
        try:
            await hub.submit(CAPTION, to="captions", max_spend="1 USD")
        except GenhubError as error:
            raised = error

    assert 1 == world.made()["powerpost"]
    assert raised is None


async def test_the_same_key_at_an_account_ends_the_old_route(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that everybody refused is asked for again, of one account and under a cap: no other account is asked."""
    world.powerpost.set_balance(Decimal(0))
    store, route = open_store("memory:"), Route(accounts=("powerpost", "genpro"), portability="adjust")

    async def full(attempt: Attempt, intent: Intent) -> bool:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add", full)
        async with world.hub(route, journal=store) as hub:
            await hub.submit(CAPTION, to="captions", key="k")
    world.adgen.script(FAILS)
    async with world.hub(route, journal=store) as hub:
        handle = await hub.submit(CAPTION, to="adgen", key="k", max_spend="0.05 USD")
        with suppress(AssertionError):
            await until(lambda: world.made()["genpro"] > 0)
        job = await stored(hub, handle.id)

    assert [("powerpost", "failed"), ("adgen", "failed")] == ways(job)


async def test_the_same_key_is_the_same_job_also_where_it_was_given_again(world: World) -> None:
    """A key that was answered with an earlier job means that job from then on, also when the window is over."""
    async with world.hub(Route(accounts=("powerpost",))) as hub:
        await hub.generate(CAPTION, to="captions", key="a", reuse="1h")
        given = await hub.submit(CAPTION, to="captions", key="b", reuse="1h")
        world.clock.advance(3700)
        again = await hub.submit(CAPTION, to="captions", key="b", reuse="1h")

    assert given.reused
    assert given.id == again.id
    assert 1 == world.made()["powerpost"]


# Forgotten


async def test_who_left_does_not_take_the_job_from_who_comes_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keyed call is cancelled, and made again in the moment of its refusal: what is bought then is the second
    caller's."""
    world.powerpost.set_balance(Decimal(0))
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust")) as hub:
        record, keyed = Gate(hub.store.record, after=False), Gate(hub.store.keyed, after=True)

        def told(event: Event) -> None:
            if event.detail.get("new") == "failed":
                keyed.open.set()

        hub._desk.listeners.add(told)
        monkeypatch.setattr(hub.store, "record", record)
        first = asyncio.create_task(hub.submit(CAPTION, to="captions", key="k"))
        await record.reached.wait()
        first.cancel()
        await asyncio.wait([first])
        monkeypatch.setattr(hub.store, "keyed", keyed)
        second = asyncio.create_task(hub.generate(CAPTION, to="captions", key="k"))
        await keyed.reached.wait()
        record.open.set()
        await until(lambda: world.made()["adgen"] > 0)
        await turns(2000)
        there = second.done()
        second.cancel()

    assert there


# Caps


async def test_a_resume_counts_against_the_budget_of_its_route(world: World) -> None:
    """It is reserved for like a submit: what another job of the route has spent since is not there any more."""
    world.genpro.script(SLOW)
    route = Route(accounts=("genpro",), portability="adjust", budget=Budget(amount=Decimal(4)))
    async with world.hub(route, each={"genpro": {"estimate": {"text": 3}}}) as hub:
        handle = await hub.submit(CAPTION, to="captions")
        await handle.stop()
        await hub.generate(CAPTION, to="captions")  # 2.5 of 4
        with suppress(BudgetExceeded):
            await handle.resume()

    assert 4 >= sum(world.genpro.net(made) for made, _ in world.genpro.creations)


async def test_a_hedge_needs_a_cap_that_holds_both(world: World) -> None:
    """Beside an attempt that is not free to stop, nobody begins of whom nobody can say what it costs."""
    world.powerpost.script(Scenario(duration=100.0))
    route = Route(
        accounts=("powerpost", "genpro"),
        portability="adjust",
        hedge_after=10,
        max_spend="0.50 USD",
        allow_unpriced=True,
    )
    async with world.hub(route) as hub:
        await hub.generate(CAPTION, to="captions")

    assert {"powerpost": 1, "adgen": 0, "genpro": 0} == world.made()


# The journal


async def test_news_of_one_attempt_does_not_undo_the_outcome_of_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal could not take an outcome: that another attempt's row is newer there does not make it forgotten."""
    world.genpro.script(SLOW)
    world.powerpost.script(SLOW)
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", hedge_after=10)
    async with world.hub(route) as hub:
        record, advance = hub.store.record, hub.store.advance
        back = asyncio.Event()

        async def recording(attempt: Attempt) -> Attempt:
            if attempt.number == 1:
                raise JournalError("the disk is full")
            return await record(attempt)

        async def advancing(attempt: Attempt) -> Attempt | None:
            if attempt.number == 1 and not back.is_set():
                raise JournalError("the disk is full")
            return await advance(attempt)

        monkeypatch.setattr(hub.store, "record", recording)
        monkeypatch.setattr(hub.store, "advance", advancing)
        handle = await hub.submit(CAPTION, to="captions")
        await until(lambda: [each.status.in_doubt for each in known(hub, handle.id).attempts] == [False, False])
        live = hub._desk.registry.hold(handle.job)
        await record(evolve(live.job.attempts[1], request_id="written, and the answer was lost"))
        await hub._desk.registry.refresh(live)
        back.set()
        await until(lambda: not hub._desk.recorder.unwritten)
        job = await stored(hub, handle.id)

    assert world.genpro.creations[0][0] == job.attempts[0].provider_id


async def test_an_intent_that_was_written_after_all_is_a_doubt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal says that it could not add an attempt, and did: the next look finds it, and waits."""
    world.powerpost.set_balance(Decimal(0))
    calls = 0
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust")) as hub:
        add = hub.store.add

        async def flaky(attempt: Attempt, intent: Intent) -> bool:
            nonlocal calls
            calls += 1
            if calls > 20:
                raise JournalError("enough")
            added = await add(attempt, intent)
            if calls == 1:
                raise JournalError("disk I/O error")
            return added

        monkeypatch.setattr(hub.store, "add", flaky)
        handle = await hub.submit(CAPTION, to="captions")
        world.clock.advance(31)
        with suppress(AssertionError):
            await until(lambda: calls > 2)
        job = known(hub, handle.id)

    assert 2 == len(job.attempts) and job.attempts[1].status.in_doubt
    assert 2 >= calls


# What holds


@pytest.mark.parametrize("where", ["create", "record", "add"])
async def test_wherever_a_keyed_call_is_cut_off_its_key_buys_once(
    world: World, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled while the journal writes, and called again at once: one job, one purchase, and the caller has it."""
    world.powerpost.set_balance(Decimal(0))
    async with world.hub(Route(accounts=("powerpost", "adgen"), portability="adjust")) as hub:
        gate = Gate(getattr(hub.store, where), after=False)
        monkeypatch.setattr(hub.store, where, gate)
        first = asyncio.create_task(hub.submit(CAPTION, to="captions", key="k"))
        await gate.reached.wait()
        first.cancel()
        await asyncio.wait([first])
        second = asyncio.create_task(hub.generate(CAPTION, to="captions", key="k"))
        await turns()
        gate.open.set()
        job = await second
        jobs = [each async for each in hub.jobs()]

    assert [job] == jobs
    assert [("powerpost", "failed"), ("adgen", "succeeded")] == ways(job)
    assert {"powerpost": 0, "adgen": 1, "genpro": 0} == world.made()


async def test_two_walks_of_one_job_make_one_attempt(world: World) -> None:
    """A key that comes again with another target, while its first walk waits for a slot and was left: one buys."""
    world.powerpost.set_balance(Decimal(0))
    route = Route(accounts=("powerpost", "adgen"), portability="adjust")
    async with world.hub(route, each={"adgen": {"concurrency": 1}}) as hub:
        slots = hub.account("adgen").slots
        await slots.acquire()
        first = asyncio.create_task(hub.submit(CAPTION, to="captions", key="k"))
        await until(lambda: submits(world.powerpost) == 1)
        await turns()
        first.cancel()
        second = asyncio.create_task(hub.generate(CAPTION, to="genpro", key="k", portability="adjust"))
        await asyncio.wait([first, second])
        slots.release()
        await turns()

    assert {"powerpost": 0, "adgen": 0, "genpro": 1} == world.made()


async def test_a_doubt_stays_one_through_processes_that_differ(world: World, tmp_path: Path) -> None:
    """Another route, an account less, `recover` side by side, a wall clock set back: nobody else is asked."""
    world.adgen.script(LOST)
    journal = f"sqlite:///{tmp_path}/genhub.db"
    async with world.hub(Route(accounts=("adgen", "powerpost"), portability="adjust"), journal=journal) as hub:
        handle = await hub.submit(CAPTION, to="captions")
    world.clock.jump(-7200)
    async with world.hub(Route(accounts=("genpro",), on_unknown="pay_twice"), journal=journal) as hub:
        await asyncio.gather(*(hub.recover() for _ in range(3)))
        with pytest.raises(SubmissionUnknown):
            await (await hub.get(handle.id)).wait()
        await hub.detach(handle.id)
        await hub.recover()
        await turns()

    assert {"powerpost": 0, "adgen": 1, "genpro": 0} == world.made()


async def test_a_stop_whose_answer_is_lost_is_read_before_the_next_is_asked(world: World) -> None:
    """The deadline's stop went through, and nobody said so: a read decides, and the refund is in the books."""
    world.genpro.script(SLOW)
    world.genpro.script(Scenario(fault=Fault.LOSE_ANSWER, on="stop"))
    route = Route(accounts=("genpro", "powerpost"), portability="adjust", deadline=20)
    async with world.hub(route) as hub:
        job = await hub.generate(CAPTION, to="captions")

    assert [("genpro", "stopped"), ("powerpost", "succeeded")] == ways(job)
    assert (Decimal(10), True) == (job.credits.net, job.credits.exact)
    assert world.spent(job) == job.credits.net
