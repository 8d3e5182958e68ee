"""Budgets: reserved before the POST, settled after, never passed (design 4.1, 8)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from genhub import (
    BudgetExceeded,
    ConfigError,
    Hub,
    ImageRequest,
    Job,
    JobFailed,
    JournalError,
    Status,
    TextRequest,
    VideoRequest,
)
from genhub._config import account
from genhub.sim import Fault, Scenario
from tests.core.conftest import World

AD = ImageRequest(prompt="summer sale")
CAPTION = TextRequest(prompt="Dark mode is here", platforms=("x",))


def hub(world: World, provider: str = "adgen", *, journal: Any = "memory:", **options: Any) -> Hub:
    settings = {"timeout": 5, **world.sims[provider].settings(), **options}
    return Hub({provider: account(provider, settings, {})}, journal=journal, clock=world.clock)


async def test_two_hundred_at_once_never_pass_the_cap(world: World) -> None:
    """No overshoot under concurrency: 33 ads of 3 credits fit into 100."""
    async with hub(world, budget={"amount": 100}) as capped:
        done = await asyncio.gather(*(capped.submit(AD) for _ in range(200)), return_exceptions=True)

    assert 33 == sum(not isinstance(each, BaseException) for each in done)
    assert {BudgetExceeded} == {type(each) for each in done if isinstance(each, BaseException)}
    assert 33 == len(world.adgen.creations)
    assert 33 == sum(1 for each in world.adgen.requests if each.method == "POST")


async def test_what_came_back_can_be_spent_again(world: World) -> None:
    """A refund makes room; a refusal takes none."""
    world.adgen.script(Scenario(outcome="failed"))
    async with hub(world, budget={"amount": 3}) as capped:
        with pytest.raises(JobFailed):
            await capped.generate(AD)
        world.adgen.script(Scenario(http=402))
        with pytest.raises(Exception, match="402"):
            await capped.submit(AD)
        await capped.generate(AD)
        with pytest.raises(BudgetExceeded, match="3 more would pass the budget of 3 credits"):
            await capped.submit(AD)


async def test_a_doubt_keeps_its_reservation(world: World) -> None:
    """It may have been charged: it counts until it is settled."""
    world.adgen.script(Scenario(fault=Fault.LOSE_ANSWER))
    async with hub(world, budget={"amount": 1}) as capped:
        lost = await capped.submit(TextRequest(prompt="sale"))
        assert (Status.UNCONFIRMED, Decimal(1)) == (lost.status, lost.job.credits.reserved)
        with pytest.raises(BudgetExceeded):
            await capped.submit(TextRequest(prompt="sale"))
        settled = await capped.settle(lost.id, not_submitted=True)
        assert settled.credits.reserved is None
        await capped.submit(TextRequest(prompt="sale"))


async def test_what_nobody_can_estimate_fails_closed(world: World) -> None:
    """Unless the caller allows it, or somebody says what it costs."""
    async with hub(world, "powerpost", budget={"amount": 25}) as capped:
        with pytest.raises(BudgetExceeded, match="nobody can say what this costs"):
            await capped.submit(CAPTION)
        assert 0 == len(world.powerpost.requests)
        await capped.generate(CAPTION, allow_unpriced=True)
        # From here on the dearest charge that was seen is the estimate.
        plan = await capped.plan(CAPTION)
        assert plan.options[0].estimate is not None
        assert (Decimal(10), "seen") == (plan.options[0].estimate.credits, plan.options[0].estimate.source)
        await capped.generate(CAPTION)
        with pytest.raises(BudgetExceeded, match="20 are counted already"):
            await capped.submit(CAPTION)


async def test_the_users_own_estimate_counts_first(world: World) -> None:
    """By the vendor's kind of call, or by ours."""
    async with hub(world, "powerpost", budget={"amount": 25}, estimate={"captions": 26, "video": 5}) as capped:
        with pytest.raises(BudgetExceeded, match="26 more"):
            await capped.submit(CAPTION)
        await capped.submit(VideoRequest(prompt="steam", duration=5))


async def test_a_calls_own_cap(world: World) -> None:
    """In credits, or in money by the account's price."""
    async with hub(world, price="0.50 USD") as capped:
        with pytest.raises(BudgetExceeded, match="budget of 2 credits"):
            await capped.submit(AD, max_spend=2)
        with pytest.raises(BudgetExceeded):
            await capped.submit(AD, max_spend="1.49 usd")
        with pytest.raises(ConfigError, match="needs a price in EUR"):
            await capped.submit(AD, max_spend="5 EUR")
        await capped.generate(AD, max_spend="1.50 USD")

    assert 1 == len(world.adgen.creations)


async def test_a_budget_in_money_needs_a_price(world: World) -> None:
    """Said when the hub is built, not when it is used."""
    with pytest.raises(ConfigError, match="needs a price in USD"):
        hub(world, budget={"amount": 5, "currency": "USD"})
    async with hub(world, budget={"amount": 5, "currency": "USD"}, price="1 USD") as capped:
        await capped.generate(AD)
        with pytest.raises(BudgetExceeded):
            await capped.submit(AD)


async def test_a_period_begins_anew(world: World) -> None:
    """Per day, in UTC."""
    async with hub(world, budget={"amount": 3, "per": "day"}) as capped:
        await capped.generate(AD)
        with pytest.raises(BudgetExceeded, match="3 credits per day"):
            await capped.submit(AD)
        world.clock.advance(86_400)
        await capped.generate(AD)


async def test_a_restart_knows_what_was_spent(world: World, tmp_path: Any) -> None:
    """The cap is kept across processes by the journal."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    async with hub(world, "powerpost", journal=journal, budget={"amount": 15}) as capped:
        job: Job = await capped.generate(CAPTION, allow_unpriced=True)
        assert Decimal(10) == job.credits.net
    async with hub(world, "powerpost", journal=journal, budget={"amount": 15}) as capped:
        with pytest.raises(BudgetExceeded, match=r"10 more would pass .*\(10 are counted"):
            await capped.submit(CAPTION)


async def test_a_resume_counts_too(world: World) -> None:
    """It is charged again: what it may cost is set aside first."""
    world.genpro.script(Scenario(steps=("processing",) * 50))
    async with hub(world, "genpro", budget={"amount": 4}, estimate={"text": 3}) as capped:
        handle = await capped.submit(TextRequest(prompt="p"))
        await handle.stop()
        other = await capped.submit(TextRequest(prompt="p"))
        with pytest.raises(BudgetExceeded):
            await handle.resume()
        assert 0 == world.genpro.count("POST", f"/generations/{handle.job.provider_id}/continue")
        await other.wait()
        assert Decimal("2.5") == other.job.credits.net
        with pytest.raises(BudgetExceeded, match=r"2\.5 are counted"):
            await handle.resume()


async def test_what_only_the_spill_file_knows_counts_after_a_restart(
    world: World, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome that a full journal could not take is read before the cap is."""
    journal = f"sqlite:///{tmp_path}/genhub.db"
    world.powerpost.script(Scenario(steps=("processing",)))
    async with hub(world, "powerpost", journal=journal, budget={"amount": 15}) as capped:

        async def full(_: Any) -> Any:
            raise JournalError("the disk is full")

        monkeypatch.setattr(capped.store, "record", full)
        monkeypatch.setattr(capped.store, "advance", full)
        await capped.submit(CAPTION, allow_unpriced=True)
    monkeypatch.undo()
    async with hub(world, "powerpost", journal=journal, budget={"amount": 15}, estimate={"captions": 10}) as capped:
        with pytest.raises(BudgetExceeded, match=r"\(10 are counted"):
            await capped.submit(CAPTION)
