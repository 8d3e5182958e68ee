from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from genhub.sim import Clock, Scenario, Simulators

Call = Callable[..., Awaitable[Any]]


async def test_all_that_are_installed_start_on_one_clock(clock: Clock, call: Call) -> None:
    async with Simulators(clock=clock, speed=10, seed=3, options={"adgen": {"refund_expired": True}}) as sims:
        assert {"powerpost", "genpro", "adgen"} <= set(sims)
        assert len(sims) == len(list(sims))
        assert sims["powerpost"] is sims.powerpost
        assert sims.powerpost.clock is sims.genpro.clock is sims.adgen.clock is clock
        assert sims.adgen.refund_expired
        assert (10, 3) == (sims.genpro.speed, sims.genpro.seed)
        assert f"http://127.0.0.1:{sims.powerpost.port}/api/v1" == sims.powerpost.url
        assert f"http://127.0.0.1:{sims.genpro.port}/v1" == sims.genpro.url
        assert f"http://127.0.0.1:{sims.adgen.port}" == sims.adgen.url
        for sim in (sims.powerpost, sims.genpro, sims.adgen):
            assert (sim.name, sim.url) == (sim.settings()["provider"], sim.settings()["base_url"])
        assert {"api_key", "workspace_id"} < set(sims.powerpost.settings())
        assert {"api_key", "agent_id", "sheet_id", "cell_id", "organization_id"} < set(sims.genpro.settings())
        assert {"token", "project_id", "product_id"} < set(sims.adgen.settings())
        assert 200 == (await call(sims.powerpost, "GET", "/account/credits")).status


async def test_only_some_may_start() -> None:
    async with Simulators(names=("genpro",)) as sims:
        assert (["genpro"], False) == (list(sims), "adgen" in sims)
        with pytest.raises(KeyError):
            _ = sims.adgen
    with pytest.raises(LookupError, match="no simulator named soup"):
        Simulators(names=("soup",))


async def test_a_port_may_be_chosen(clock: Clock) -> None:
    async with Simulators(names=("adgen",), clock=clock) as sims:
        port = sims.adgen.port
    async with Simulators(names=("adgen",), clock=clock, ports={"adgen": port}) as sims:
        assert port == sims.adgen.port


async def test_a_clock_in_a_hurry_needs_no_help(call: Call) -> None:
    async with Simulators(names=("powerpost",), clock=Clock(speed=1_000_000)) as sims:
        sims.powerpost.script(Scenario(duration=1, cost=Decimal(4)))
        body = {"prompt": "Soup", "post_types": ["x-post"], "research_mode": "regular"}
        made = (await call(sims.powerpost, "POST", "/content/generate", json=body)).data
        while True:
            read = await call(sims.powerpost, "GET", f"/content/generations/{made['generation_id']}")
            if read.data["status"] == "completed":
                break
