from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from genhub.sim import AdGenSim, Clock, GenProSim, PowerPostSim

Call = Callable[..., Awaitable[Any]]


async def control(call: Call, sim: Any, path: str, data: object = None) -> Any:
    return await call(sim, "POST", f"{sim.origin}/_sim/{path}", json=data, headers={})


async def submit(call: Call, sim: PowerPostSim) -> Any:
    body = {"prompt": "Soup", "post_types": ["x-post"], "research_mode": "regular"}
    return await call(sim, "POST", "/content/generate", json=body)


async def test_an_app_in_any_language_can_steer(pp: PowerPostSim, clock: Clock, call: Call) -> None:
    scenarios = [{"http": 402}, {"outcome": "failed", "duration": 5, "cost": "7.5"}]
    assert 200 == (await control(call, pp, "scenarios", scenarios)).status
    assert [402, 200] == [(await submit(call, pp)).status for _ in range(2)]
    moved = await control(call, pp, "clock", {"advance": 5})
    assert (1772323205.0, "1000") == (moved.data["now"], Decimal(moved.data["balance"]).to_eng_string()[:4])

    state = (await call(pp, "GET", f"{pp.origin}/_sim/state", headers={})).data
    job_id = state["creations"][0]
    job = state["jobs"][job_id]
    assert ("captions", "failed", "7.5", "Soup") == (
        job["kind"],
        job["status"],
        job["cost"],
        job["body"]["prompt"],
    )
    assert Decimal(0) == Decimal(job["net"])
    assert ["charge", "refund"] == [line["kind"] for line in state["ledger"]]
    assert 2 == state["requests"]["POST /content/generate"]
    assert pp.api_key not in str(state)
    # The control API is no request of the vendor's, and no read.
    assert 2 == len(pp.requests)

    assert "5" == (await control(call, pp, "balance", {"balance": 5})).data["balance"]
    assert 402 == (await submit(call, pp)).status
    await control(call, pp, "reset")
    assert ({}, [], [], Decimal(1000)) == (pp.jobs, pp.ledger, pp.requests, pp.balance)
    assert job_id != (await submit(call, pp)).data["generation_id"]


async def test_jobs_are_ended_and_brought_back(ag: AdGenSim, gp: GenProSim, call: Call) -> None:
    ad = {"projectId": ag.project_id, "productId": ag.product_id}
    first, second = [(await call(ag, "POST", "/api/generate/static-ad", json=ad)).data["jobId"] for _ in range(2)]
    assert 200 == (await control(call, ag, f"jobs/{first}/cancel")).status
    assert 200 == (await control(call, ag, f"jobs/{second}/expire")).status
    assert ["canceled", "expired"] == [ag.jobs[x].status for x in (first, second)]
    assert 200 == (await control(call, ag, f"jobs/{second}/revive")).status
    assert "pending" == ag.jobs[second].status
    assert 409 == (await control(call, ag, f"jobs/{first}/revive")).status

    cell = "/autocontentengine/101/cells/3000/generate?agent_id=42"
    await call(gp, "POST", cell, json={"generation_type": "text", "data": {}})
    assert 200 == (await control(call, gp, "jobs/9000/stop")).status
    assert "stopped" == gp.jobs["9000"].status
    assert 200 == (await control(call, gp, "jobs/9000/continue")).status
    assert "pending" == gp.jobs["9000"].status
    assert 409 == (await control(call, gp, "jobs/9000/continue")).status
    await control(call, gp, "jobs/9000/stop")
    gp.set_balance(1)
    assert 409 == (await control(call, gp, "jobs/9000/continue")).status


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("scenarios", {"colour": "red"}, 400),
        ("scenarios", {"fault": "flood"}, 400),
        ("balance", {"balance": "lots"}, 400),
        ("balance", {}, 400),
        ("balance", [], 400),
        ("jobs/no/cancel", None, 404),
        ("jobs/no/eat", None, 404),
        ("nothing", None, 404),
    ],
)
async def test_what_is_wrong_is_said(pp: PowerPostSim, call: Call, path: str, data: object, status: int) -> None:
    reply = await control(call, pp, path, data)
    assert (status, ["error"]) == (reply.status, list(reply.data))


async def test_a_vendor_is_asked_only_for_what_it_can(pp: PowerPostSim, call: Call) -> None:
    job_id = (await submit(call, pp)).data["generation_id"]
    assert 404 == (await control(call, pp, f"jobs/{job_id}/cancel")).status


async def test_a_clock_that_cannot_be_moved_is_named(call: Call) -> None:
    class Stone:
        def time(self) -> float:
            return 5.0

        async def sleep(self, seconds: float) -> None: ...

    async with PowerPostSim(clock=Stone()) as sim:
        assert 409 == (await control(call, sim, "clock", {"advance": 1})).status
        assert 200 == (await submit(call, sim)).status
