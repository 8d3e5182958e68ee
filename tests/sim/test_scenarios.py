import math
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from genhub.sim import Clock, Fault, GenProSim, PowerPostSim, Scenario
from genhub.sim._http import Call as Wire

Call = Callable[..., Awaitable[Any]]


async def submit(call: Call, sim: PowerPostSim, prompt: str = "Soup") -> Any:
    body = {"prompt": prompt, "post_types": ["x-post"], "research_mode": "regular"}
    return await call(sim, "POST", "/content/generate", json=body)


async def read(call: Call, sim: PowerPostSim, index: int = -1) -> Any:
    return await call(sim, "GET", f"/content/generations/{sim.creations[index][0]}")


async def test_the_first_that_fits_is_taken_once(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(match="stew", cost=Decimal(1)))
    pp.script(Scenario(cost=Decimal(2), times=2))
    pp.script(Scenario(cost=Decimal(3), times=None))
    costs = [(await submit(call, pp, p)).data["credits_used"] for p in ("Soup", "stew", "Soup", "Soup", "stew")]
    assert [2, 1, 2, 3, 3] == costs


async def test_a_match_does_not_mind_how_json_is_escaped(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(match='the "crème"', cost=Decimal(1)))
    assert 1 == (await submit(call, pp, 'A soup with the "crème"')).data["credits_used"]


async def test_the_path_may_choose_too(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(path="/images", cost=Decimal(1)))
    assert 10 == (await submit(call, pp)).data["credits_used"]
    assert 1 == (await call(pp, "POST", "/images/generate", json={"prompt": "Soup"})).data["credits_used"]


async def test_a_refused_creation_leaves_the_scenario_to_the_next(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(cost=Decimal(1)))
    assert 400 == (await submit(call, pp, "no")).status
    assert 1 == (await submit(call, pp)).data["credits_used"]


async def test_a_fault_may_come_after_some_calls_and_stay(pp: PowerPostSim, call: Call) -> None:
    await submit(call, pp)
    pp.script(Scenario(on="poll", http=404, after=2, times=None))
    assert [200, 200, 404, 404] == [(await read(call, pp)).status for _ in range(4)]


async def test_every_call_may_be_meant(pp: PowerPostSim, call: Call) -> None:
    await submit(call, pp)
    pp.script(Scenario(on=None, http=503, times=2))
    assert [503, 503] == [(await submit(call, pp)).status, (await call(pp, "GET", "/account/credits")).status]


@pytest.mark.parametrize("kind", ["balance", "list", "stop", "continue", "download"])
async def test_each_kind_of_call_can_be_hit(pp: PowerPostSim, gp: GenProSim, call: Call, kind: Any) -> None:
    sim, method, path = {
        "balance": (pp, "GET", "/account/credits"),
        "list": (pp, "GET", "/content/generations"),
        "stop": (gp, "POST", "/generations/9000/stop"),
        "continue": (gp, "POST", "/generations/9000/continue"),
        "download": (pp, "GET", pp.origin + "/_media/a-0-8x8.png"),
    }[kind]
    sim.script(Scenario(on=kind, fault=Fault.ERROR_500_BEFORE))
    assert 500 == (await call(sim, method, path)).status
    assert 500 != (await call(sim, method, path)).status


async def test_a_read_is_matched_by_its_jobs_body(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(on="poll", match="stew", fault=Fault.HTML))
    for prompt in ("Soup", "stew"):
        await submit(call, pp, prompt)
    assert "application/json" == (await read(call, pp, 0)).headers["Content-Type"]
    assert "text/html; charset=utf-8" == (await read(call, pp, 1)).headers["Content-Type"]


async def test_a_job_can_carry_its_own_fault(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(steps=("processing", "completed"), fault=Fault.GARBLED, on="poll", after=1))
    await submit(call, pp)
    await submit(call, pp)
    raws = [(await read(call, pp, 0)).raw for _ in range(3)]
    assert [True, False, True] == [raw.endswith(b"}") for raw in raws]
    assert (await read(call, pp, 1)).raw.endswith(b"}")


async def test_steps_are_given_out_one_per_read(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(steps=("pending", "marinating", "completed")))
    await submit(call, pp)
    job = pp.jobs[pp.creations[0][0]]
    assert "processing" == job.status
    words = [(await read(call, pp)).data["status"] for _ in range(4)]
    assert ["pending", "marinating", "completed", "completed"] == words
    assert ("completed", 4) == (job.status, job.reads)


async def test_an_invented_outcome_stays(pp: PowerPostSim, clock: Clock, call: Call) -> None:
    pp.script(Scenario(outcome="marinating", duration=1))
    await submit(call, pp)
    clock.advance(1000)
    assert "marinating" == (await read(call, pp)).data["status"]
    assert Decimal(10) == pp.net(pp.creations[0][0])


async def test_a_job_may_never_end(pp: PowerPostSim, clock: Clock, call: Call) -> None:
    pp.script(Scenario(duration=math.inf))
    await submit(call, pp)
    clock.advance(1e7)
    assert "processing" == (await read(call, pp)).data["status"]


async def test_the_books_follow_the_clock_though_nobody_reads(pp: PowerPostSim, clock: Clock, call: Call) -> None:
    pp.script(Scenario(outcome="failed", queue=1, duration=2))
    await submit(call, pp)
    clock.advance(50)
    assert Decimal(1000) == pp.balance
    assert pp.creations[0][0] == pp.ledger[1].job_id
    assert 3 == pp.ledger[1].at - pp.ledger[0].at


async def test_lives_differ_by_seed_and_kind_and_shrink_with_speed(clock: Clock, call: Call) -> None:
    async def lives(**settings: Any) -> list[float]:
        async with PowerPostSim(clock=clock, balance=100_000, **settings) as sim:
            for _ in range(30):
                await submit(call, sim)
                body = {"prompt": "Soup", "duration": 5}
                await call(sim, "POST", "/videos/generate", json=body)
            return [job.queue + job.duration for job in sim.jobs.values()]

    first, same, other, fast = [await lives(**x) for x in ({}, {}, {"seed": 1}, {"speed": 10.0})]
    assert first == same != other
    assert pytest.approx([life / 10 for life in first]) == fast
    captions, videos = sorted(first[::2]), sorted(first[1::2])
    assert 2 < captions[15] < 8 < 30 < videos[15] < 120


def test_a_scenario_is_checked() -> None:
    with pytest.raises(ValueError, match="steps is empty"):
        Scenario(steps=())
    with pytest.raises(ValueError, match="none of"):
        Scenario(on="nowhere")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has no colour"):
        Scenario.from_dict({"colour": "red"})
    plain = {"fault": "hang", "cost": "2.5", "steps": ["a", "b"]}
    assert Scenario(fault=Fault.HANG, cost=Decimal("2.5"), steps=("a", "b")) == Scenario.from_dict(plain)


async def test_requests_are_kept_up_to_a_cap_and_counted_beyond(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, keep_requests=4) as sim:
        for index in range(9):
            await submit(call, sim, f"prompt {index}")
        assert len(sim.requests) <= 4
        last = sim.requests[-1]
        assert ("prompt 8", 200, sim.api_key) == (
            last.json["prompt"],
            last.status,
            last.headers["x-api-key"],
        )
        assert 9 == sim.count("POST", "/content/generate") == len(sim.creations)


async def test_nothing_prints_a_secret(pp: PowerPostSim, gp: GenProSim, call: Call) -> None:
    await submit(call, pp)
    shown = repr((pp, pp.requests, pp.jobs, gp))
    assert pp.api_key not in shown
    assert gp.api_key not in shown


async def test_ten_thousand_jobs_are_no_problem(pp: PowerPostSim, clock: Clock, call: Call) -> None:
    pp.set_balance(1_000_000)
    await submit(call, pp)
    seen, found = pp.requests[0], pp._find("POST", "/api/v1/content/generate")
    assert found is not None
    # Over the wire would only measure the wire.
    again = Wire(
        kind="submit",
        method="POST",
        path=seen.path,
        params={},
        query={},
        headers=seen.headers,
        raw=seen.body,
        handler=found[0].handler,
    )
    for _ in range(9_999):
        assert 200 == pp.answer(again).status
    clock.advance(1000)
    assert (10_000, Decimal(900_000)) == (len(pp.ledger), pp.balance)
    page = (await call(pp, "GET", "/content/generations", params={"limit": "100"})).data
    assert {"completed"} == {item["status"] for item in page["data"]}
