from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from genhub.sim import Clock, GenProSim, Scenario

Call = Callable[..., Awaitable[Any]]
CELL = "/autocontentengine/101/cells/3000"
AGENT = {"agent_id": "42"}


async def generate(call: Call, sim: GenProSim, place: str = CELL, **more: Any) -> Any:
    body = {"generation_type": more.pop("type", "text_generation"), "data": more.pop("data", {})}
    return await call(sim, "POST", f"{place}/generate", params=AGENT, json=body, **more)


def code(reply: Any) -> tuple[int, str | None]:
    assert isinstance(reply.data["error"], str)
    return reply.status, reply.data.get("error_code")


async def test_a_generation_is_charged_before_and_reconciled_after(gp: GenProSim, clock: Clock, call: Call) -> None:
    gp.script(Scenario(queue=2, duration=5, final_cost=Decimal("3.75")))
    made = await generate(call, gp)
    assert (201, {"generation_id": 9000, "status": "pending"}) == (made.status, made.data)
    assert Decimal("997.5") == gp.balance
    words = []
    for seconds in (0, 2, 5):
        clock.advance(seconds)
        read = (await call(gp, "GET", "/generations/9000")).data
        words.append((read["status"], read["execution_cost"]))
    assert [("pending", None), ("processing", None), ("completed", 3.75)] == words
    assert ("text_generation", None, []) == (
        read["user_job_type"],
        read["failed_reason"],
        read["output_resources"],
    )
    assert isinstance(read["result"], str)
    assert Decimal("3.75") == gp.net(9000)


@pytest.mark.parametrize(
    ("kind", "object_type", "head"),
    [
        ("image_from_text", "image", b"\x89PNG"),
        ("video_from_text", "video", b"\x00\x00\x00"),
        ("speech_from_text", "audio", b"RIFF"),
        ("audio_generation", "audio", b"RIFF"),
    ],
)
async def test_media_really_download(gp: GenProSim, call: Call, kind: str, object_type: str, head: bytes) -> None:
    gp.script(Scenario(steps=("completed",)))
    data = {"prompt": "Soup", "number_of_images": 2, "aspect_ratio": "1:1"}
    await generate(call, gp, type=kind, data=data)
    resources = (await call(gp, "GET", "/generations/9000")).data["output_resources"]
    assert (2 if object_type == "image" else 1) == len(resources)
    assert {(object_type, "output")} == {(x["object_type"], x["type"]) for x in resources}
    for resource in resources:
        assert (await call(gp, "GET", resource["url"], headers={})).raw.startswith(head)
        if "thumbnail_url" in resource:
            assert 200 == (await call(gp, "GET", resource["thumbnail_url"], headers={})).status


async def test_captions_are_an_object(gp: GenProSim, call: Call) -> None:
    gp.script(Scenario(steps=("completed",)))
    await generate(call, gp, type="captions", data={"model": "gemini", "source_resource_id": 1})
    result = (await call(gp, "GET", "/generations/9000")).data["result"]
    assert {"word", "start", "end"} == set(result["captions"][0])


async def test_a_failure_gives_everything_back(gp: GenProSim, call: Call) -> None:
    gp.script(Scenario(steps=("failed",), error="the model is down"))
    await generate(call, gp)
    read = (await call(gp, "GET", "/generations/9000")).data
    assert ("failed", "the model is down", None) == (
        read["status"],
        read["failed_reason"],
        read["execution_cost"],
    )
    assert (Decimal(0), Decimal(1000)) == (gp.net(9000), gp.balance)


async def test_stop_gives_back_and_continue_charges_again(gp: GenProSim, clock: Clock, call: Call) -> None:
    gp.script(Scenario(duration=60, final_cost=Decimal(2)))
    await generate(call, gp)
    clock.advance(10)
    stopped = await call(gp, "POST", "/generations/9000/stop")
    assert (200, 9000, "stopped") == (stopped.status, stopped.data["id"], stopped.data["status"])
    clock.advance(100)
    assert "stopped" == (await call(gp, "GET", "/generations/9000")).data["status"]
    assert Decimal(0) == gp.net(9000)
    assert (422, "validation_error") == code(await call(gp, "POST", "/generations/9000/stop"))

    again = await call(gp, "POST", "/generations/9000/continue")
    assert (200, "pending") == (again.status, again.data["status"])
    assert (422, "validation_error") == code(await call(gp, "POST", "/generations/9000/continue"))
    clock.advance(60)
    read = (await call(gp, "GET", "/generations/9000")).data
    assert ("completed", 2) == (read["status"], read["execution_cost"])
    assert [("charge", "2.5"), ("refund", "2.5"), ("charge", "2.5"), ("refund", "0.5")] == [
        (line.kind, str(line.amount)) for line in gp.ledger
    ]
    assert 1 == len(gp.creations)


async def test_a_stop_that_comes_too_late_changes_nothing(clock: Clock, call: Call) -> None:
    async with GenProSim(clock=clock, wrong_state_code="job_cannot_be_stopped") as sim:
        sim.script(Scenario(duration=1))
        await generate(call, sim)
        clock.advance(1)
        assert (422, "job_cannot_be_stopped") == code(await call(sim, "POST", "/generations/9000/stop"))
        assert Decimal("2.5") == sim.net(9000)


async def test_a_job_by_steps_can_be_stopped_and_goes_on(gp: GenProSim, call: Call) -> None:
    gp.script(Scenario(steps=("processing", "processing", "completed")))
    await generate(call, gp)
    await call(gp, "GET", "/generations/9000")
    await call(gp, "POST", "/generations/9000/stop")
    await call(gp, "POST", "/generations/9000/continue")
    words = [(await call(gp, "GET", "/generations/9000")).data["status"] for _ in range(3)]
    assert ["processing", "completed", "completed"] == words
    assert Decimal("2.5") == gp.net(9000)


async def test_steps_may_bring_a_stopped_job_back_and_it_is_charged(gp: GenProSim, call: Call) -> None:
    gp.script(Scenario(steps=("stopped", "processing", "completed")))
    await generate(call, gp)
    nets = []
    for _ in range(3):
        await call(gp, "GET", "/generations/9000")
        nets.append(gp.net(9000))
    assert [Decimal(0), Decimal("2.5"), Decimal("2.5")] == nets


async def test_the_dashboard_stops_and_continues(gp: GenProSim, clock: Clock, call: Call) -> None:
    gp.script(Scenario(duration=5))
    await generate(call, gp)
    with pytest.raises(RuntimeError, match="can not be continued"):
        await gp.dashboard_continue(9000)
    gp.dashboard_stop(9000)
    assert Decimal(0) == gp.net(9000)
    with pytest.raises(RuntimeError, match="can not be stopped"):
        gp.dashboard_stop(9000)
    await gp.dashboard_continue(9000)
    assert "processing" == (await call(gp, "GET", "/generations/9000")).data["status"]
    assert Decimal("2.5") == gp.net(9000)


async def test_a_refund_that_was_still_to_come_is_paid_before_the_next_leg(clock: Clock, call: Call) -> None:
    async with GenProSim(clock=clock, refund_delay=100) as sim:
        sim.script(Scenario(duration=5))
        await generate(call, sim)
        await call(sim, "POST", "/generations/9000/stop")
        assert Decimal("2.5") == sim.net(9000)
        await call(sim, "POST", "/generations/9000/continue")
        clock.advance(500)
        assert Decimal("2.5") == sim.net(9000)


async def test_what_is_silent_is_a_switch(clock: Clock, call: Call) -> None:
    async with GenProSim(
        clock=clock,
        ids="string",
        costs="string",
        credits="number",
        cost_before_end="estimate",
        cost_of_refunded="zero",
        short_answers=True,
        stop_pending=False,
        stop_refund=Decimal("0.5"),
        continue_failed=True,
        continue_cost=Decimal(4),
        cost_factor=Decimal(2),
    ) as sim:
        sim.script(Scenario(queue=1, duration=5))
        assert "9000" == (await generate(call, sim)).data["generation_id"]
        read = (await call(sim, "GET", "/generations/9000")).data
        assert ("9000", "2.5") == (read["id"], read["execution_cost"])
        assert 422 == (await call(sim, "POST", "/generations/9000/stop")).status
        clock.advance(1)
        stopped = await call(sim, "POST", "/generations/9000/stop")
        assert {"generation_id": "9000", "status": "stopped"} == stopped.data
        assert Decimal("1.25") == sim.net(9000)
        assert "0.0" == (await call(sim, "GET", "/generations/9000")).data["execution_cost"]
        again = await call(sim, "POST", "/generations/9000/continue")
        assert {"generation_id": "9000", "status": "pending"} == again.data
        assert Decimal("5.25") == sim.net(9000)
        clock.advance(6)
        assert "5.0" == (await call(sim, "GET", "/generations/9000")).data["execution_cost"]
        assert 995 == (await call(sim, "GET", "/organizations/5")).data["available_credit"]["generic"]

        sim.script(Scenario(steps=("failed",)))
        await generate(call, sim)
        await call(sim, "GET", "/generations/9001")
        assert 200 == (await call(sim, "POST", "/generations/9001/continue")).status


@pytest.mark.parametrize("how", ["zero", "absent"])
async def test_the_cost_before_the_end_is_a_switch(clock: Clock, call: Call, how: Any) -> None:
    async with GenProSim(clock=clock, cost_before_end=how) as sim:
        await generate(call, sim)
        read = (await call(sim, "GET", "/generations/9000")).data
        assert (0 if how == "zero" else "absent") == read.get("execution_cost", "absent")


async def test_the_history_of_a_cell_and_of_a_layer(clock: Clock, call: Call) -> None:
    async with GenProSim(clock=clock, newest_first=True) as sim:
        await generate(call, sim)
        await generate(call, sim)
        layer = f"{CELL}/layers/4001"
        await generate(call, sim, layer, type="audio_generation")
        cell = (await call(sim, "GET", CELL, params=AGENT)).data
        assert [9001, 9000] == [job["id"] for job in cell["user_jobs"]]
        assert 9001 == cell["default_user_job"]["id"]
        assert [[], [9002]] == [[job["id"] for job in x["user_jobs"]] for x in cell["video_layers"]]
        shown = (await call(sim, "GET", layer, params=AGENT)).data
        assert (4001, [9002]) == (shown["id"], [job["id"] for job in shown["user_jobs"]])
        other = (await call(sim, "GET", "/autocontentengine/101/cells/3001", params=AGENT)).data
        assert ([], None) == (other["user_jobs"], other["default_user_job"])
        sheet = (await call(sim, "GET", "/autocontentengine/101", params=AGENT)).data
        cells = sheet["rows"][0]["spreadsheet_cells"]
        assert (101, 10) == (sheet["id"], len(cells))
        assert "execution_cost" not in cells[0]
        costs = {**AGENT, "with_execution_cost": "true"}
        sheet = (await call(sim, "GET", "/autocontentengine/101", params=costs)).data
        assert 5 == sheet["rows"][0]["spreadsheet_cells"][0]["execution_cost"]


async def test_a_cell_can_be_written(gp: GenProSim, call: Call) -> None:
    change = {"spreadsheet_cell": {"value": "Soup", "additional_attributes": {"a": 1}}}
    written = await call(gp, "PATCH", CELL, params=AGENT, json=change)
    assert ("Soup", {"a": 1}) == (written.data["value"], written.data["additional_attributes"])
    assert "Soup" == (await call(gp, "GET", CELL, params=AGENT)).data["value"]
    assert (422, "validation_error") == code(await call(gp, "PATCH", CELL, params=AGENT, json={}))


async def test_a_render_is_a_generation(gp: GenProSim, call: Call) -> None:
    gp.script(Scenario(steps=("completed",)))
    made = await call(gp, "POST", f"{CELL}/render", params=AGENT)
    assert (201, 9000) == (made.status, made.data["generation_id"])
    read = (await call(gp, "GET", "/generations/9000")).data
    assert "video" == read["output_resources"][0]["object_type"]


async def test_agents_and_organizations_are_read(gp: GenProSim, call: Call) -> None:
    agent = (await call(gp, "GET", "/agents/42")).data
    assert (42, 5) == (agent["id"], agent["organization_id"])
    assert [agent] == (await call(gp, "GET", "/agents")).data
    organization = (await call(gp, "GET", "/organizations/5")).data
    assert ("1020.0", {"generic": "1000.0", "aura": "20.0"}) == (
        organization["credit"],
        organization["available_credit"],
    )
    assert [organization] == (await call(gp, "GET", "/organizations")).data
    assert (404, "organization_not_found") == code(await call(gp, "GET", "/organizations/6"))
    assert (404, "not_found") == code(await call(gp, "GET", "/agents/43"))


async def test_what_generate_refuses(gp: GenProSim, call: Call) -> None:
    path, good = f"{CELL}/generate", {"generation_type": "text_generation", "data": {}}
    bad: list[dict[str, object]] = [
        {"data": {}},
        {"generation_type": "text"},
        {**good, "data": []},
        {**good, "generation_type": 1},
    ]
    for body in bad:
        assert (422, "validation_error") == code(await call(gp, "POST", path, params=AGENT, json=body))
    for agent in ({}, {"agent_id": "43"}, {"agent_id": "x"}):
        assert (422, "agent_not_found") == code(await call(gp, "POST", path, params=agent, json=good))
    other = "/autocontentengine/102/cells/3000"
    assert (404, "spreadsheet_not_found") == code(await generate(call, gp, other))
    other = "/autocontentengine/101/cells/2999"
    assert (404, "not_found") == code(await generate(call, gp, other))
    assert (404, "not_found") == code(await generate(call, gp, f"{CELL}/layers/3999"))
    assert (401, "unauthorized") == code(await generate(call, gp, headers={"X-API-Key": "no"}))
    assert (404, "not_found") == code(await call(gp, "GET", "/generations/1"))
    assert ([], []) == (gp.creations, gp.ledger)


async def test_credits_run_out(gp: GenProSim, call: Call) -> None:
    await generate(call, gp)
    gp.set_balance(2)
    assert (422, "insufficient_credits_for_job") == code(await generate(call, gp))
    await call(gp, "POST", "/generations/9000/stop")
    gp.set_balance(2)
    again = await call(gp, "POST", "/generations/9000/continue")
    assert (422, "insufficient_credits_for_job") == code(again)
    assert "stopped" == gp.jobs["9000"].status
    gp.set_balance(0)
    assert (422, "usable_gen_credit_required") == code(await generate(call, gp))
    assert (422, "usable_gen_credit_required") == code(await call(gp, "GET", CELL, params=AGENT))
    assert 200 == (await call(gp, "GET", "/generations/9000")).status
    gp.reads_blocked_when_empty = True
    assert 422 == (await call(gp, "GET", "/generations/9000")).status


async def test_an_idempotency_key_buys_once_a_day(gp: GenProSim, clock: Clock, call: Call) -> None:
    key = {"X-API-Key": gp.api_key, "Idempotency-Key": "once"}
    first, second = await generate(call, gp, headers=key), await generate(call, gp, headers=key)
    assert (201, first.data) == (second.status, second.data)
    assert 1 == len(gp.creations)
    other = await generate(call, gp, headers=key, data={"prompt": "other"})
    assert (409, "idempotency_conflict") == code(other)
    for bad in ("   ", "k" * 256):
        assert 422 == (await generate(call, gp, headers={**key, "Idempotency-Key": bad})).status
    clock.advance(86400)
    assert 9001 == (await generate(call, gp, headers=key)).data["generation_id"]
    gp.idempotency = False
    assert 9002 == (await generate(call, gp, headers=key)).data["generation_id"]


async def test_the_engine_may_have_its_newer_name(clock: Clock, call: Call) -> None:
    async with GenProSim(clock=clock, engine_path="vidsheet") as sim:
        assert 201 == (await generate(call, sim, "/vidsheet/101/cells/3000")).status
        assert 404 == (await generate(call, sim)).status


async def test_any_places_may_be_served(gp: GenProSim, call: Call) -> None:
    gp.accept(api_key="mine", agent_id=7, sheet_id=8, cell_id=9, layer_id=10, base_url="ignored")
    mine: Any = {"headers": {"X-API-Key": "mine"}, "params": {"agent_id": "7"}}
    body: dict[str, object] = {"generation_type": "text", "data": {}}
    path = "/autocontentengine/8/cells/9/layers/10/generate"
    assert 201 == (await call(gp, "POST", path, json=body, **mine)).status
    gp.accept()
    path = "/autocontentengine/1/cells/2/layers/3/generate"
    anyone: Any = {"headers": {"X-API-Key": "x"}, "params": {"agent_id": "4"}}
    assert 201 == (await call(gp, "POST", path, json=body, **anyone)).status


async def test_a_reset_forgets_all_but_the_ids(gp: GenProSim, call: Call) -> None:
    key = {"X-API-Key": gp.api_key, "Idempotency-Key": "once"}
    await generate(call, gp, headers=key)
    gp.reset()
    assert [] == (await call(gp, "GET", CELL, params=AGENT)).data["user_jobs"]
    assert (9001, Decimal("997.5")) == (
        (await generate(call, gp, headers=key)).data["generation_id"],
        gp.balance,
    )
