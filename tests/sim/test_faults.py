import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import aiohttp
import orjson
import pytest

from genhub.sim import AdGenSim, Clock, Fault, GenProSim, PowerPostSim, Scenario, Simulator, billable_faults

Call = Callable[..., Awaitable[Any]]
SUBMITS: dict[str, tuple[str, dict[str, object]]] = {
    "powerpost": (
        "/content/generate",
        {"prompt": "Soup", "post_types": ["x-post"], "research_mode": "regular"},
    ),
    "genpro": (
        "/autocontentengine/101/cells/3000/generate?agent_id=42",
        {"generation_type": "text_generation", "data": {"prompt": "Soup"}},
    ),
    "adgen": (
        "/api/generate/static-ad",
        {
            "projectId": "11111111-aaaa-4bbb-8ccc-0000000000a1",
            "productId": "11111111-aaaa-4bbb-8ccc-0000000000b1",
            "prompt": "Soup in the sun",
        },
    ),
}
READS = {
    "powerpost": "/content/generations/{}",
    "genpro": "/generations/{}",
    "adgen": "/api/generate/status?jobId={}",
}
DROPPED = {
    Fault.REFUSE: aiohttp.ServerDisconnectedError,
    Fault.RESET_BEFORE_READ: aiohttp.ClientOSError,
    Fault.RESET_AFTER_READ: aiohttp.ClientOSError,
    Fault.LOSE_ANSWER: aiohttp.ServerDisconnectedError,
    Fault.RESET_ANSWER: aiohttp.ClientOSError,
    Fault.CUT: aiohttp.ClientPayloadError,
}
HANGING = (Fault.HANG, Fault.HANG_BEFORE)
STATUSES = {
    Fault.ERROR_500_AFTER: 500,
    Fault.ERROR_500_BEFORE: 500,
    Fault.BAD_GATEWAY_AFTER: 502,
    Fault.RATE_LIMITED: 429,
    Fault.EMPTY_204: 204,
    Fault.REDIRECT: 307,
    Fault.REDIRECT_AFTER: 302,
    Fault.WRONG_STATUS: 202,
    Fault.HTML: 200,
}
IDS = {"generation_id", "id", "jobId"}


@pytest.fixture(params=[PowerPostSim, GenProSim, AdGenSim])
async def sim(request: Any, clock: Clock) -> Any:
    async with request.param(clock=clock) as sim:
        yield sim


async def until(happened: Callable[[], object]) -> None:
    while not happened():  # noqa: ASYNC110 - the simulators say nothing when they are asked
        await asyncio.sleep(0)


async def submit(call: Call, sim: Simulator) -> Any:
    path, body = SUBMITS[sim.name]
    return await call(sim, "POST", path, json=body)


async def observe(sim: Simulator, clock: Clock, fault: Fault, sent: Awaitable[Any]) -> Any:
    """Check that a call went wrong as it should; return the answer if there was one."""
    task = asyncio.ensure_future(sent)
    if fault in HANGING:
        await until(lambda: sim.hits[fault])
        for _ in range(20):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return None
    if fault is Fault.SLOW:
        await until(lambda: sim.hits[fault])
        for _ in range(20):
            await asyncio.sleep(0)
        assert not task.done()
        while not task.done():
            clock.advance(1)
            await asyncio.sleep(0)
    if fault in DROPPED:
        with pytest.raises(DROPPED[fault]):
            await task
        return None
    return await task


def spoiled(sim: Simulator, fault: Fault, reply: Any, right: int) -> None:
    """Check what the answer of a fault looks like."""
    assert STATUSES.get(fault, right) == reply.status
    match fault:
        case Fault.ERROR_500_AFTER | Fault.ERROR_500_BEFORE | Fault.RATE_LIMITED:
            assert "error" in reply.data
        case Fault.GARBLED | Fault.NOT_UTF8 | Fault.HTML | Fault.BAD_GATEWAY_AFTER | Fault.EMPTY_204:
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(reply.raw)
        case Fault.HUGE:
            assert len(reply.raw) > 50 * 1024 * 1024
        case Fault.REDIRECT | Fault.REDIRECT_AFTER:
            assert reply.headers["Location"].startswith(f"{sim.origin}/_moved/")
        case Fault.MISSING_ID:
            assert not IDS & set(reply.data)
        case Fault.UNKNOWN_WORD:
            assert "marinating" == reply.data["status"]
        case Fault.EXTRA_FIELDS:
            assert "_trace" in reply.data
            assert IDS & set(reply.data)
        case _:
            assert IDS & set(reply.data)


@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_on_submit(sim: Simulator, clock: Clock, call: Call, fault: Fault) -> None:
    script = sim.script(Scenario(fault=fault))
    reply = await observe(sim, clock, fault, submit(call, sim))
    if reply is not None:
        spoiled(sim, fault, reply, 201 if sim.name == "genpro" else 200)
    assert int(fault.creates) == len(sim.creations) == len(sim.ledger)
    assert (1, True) == (sim.hits[fault], script.spent)
    # Once only: the next call is well.
    assert (await submit(call, sim)).status in (200, 201)
    assert 1 + fault.creates == len(sim.creations)


@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_on_a_read(sim: Simulator, clock: Clock, call: Call, fault: Fault) -> None:
    await submit(call, sim)
    path = READS[sim.name].format(sim.creations[0][0])
    # aiohttp's client sends a GET again, by itself, when its connection was dropped.
    sim.script(Scenario(fault=fault, on="poll", times=None if fault in DROPPED else 1))
    reply = await observe(sim, clock, fault, call(sim, "GET", path))
    if reply is not None:
        spoiled(sim, fault, reply, 200)
    sim.scripts.clear()
    assert 200 == (await call(sim, "GET", path)).status
    assert 1 == len(sim.creations)


async def test_the_faults_that_buy_are_named(sim: Simulator) -> None:
    assert set(billable_faults()) == {fault for fault in Fault if fault.creates}
    assert billable_faults() == sim.billable_faults()
    assert Fault.HANG in billable_faults()
    assert Fault.RATE_LIMITED not in billable_faults()


@pytest.mark.parametrize(
    ("fault", "amount"),
    [("submit", "lots"), ("submit", float("nan")), ("submit", -5.0), ("submit", None), ("poll", "lots")],
)
async def test_an_odd_amount(call: Call, clock: Clock, fault: Any, amount: Any) -> None:
    async with PowerPostSim(clock=clock) as sim:
        sim.script(Scenario(fault=Fault.ODD_AMOUNT, on=fault, amount=amount))
        reply = await submit(call, sim)
        if fault == "poll":
            reply = await call(sim, "GET", READS["powerpost"].format(sim.creations[0][0]))
        wanted = {"lots": b'"lots"', -5.0: b"-5.0", None: b"null"}.get(amount, b"NaN")
        assert b'"credits_used": ' + wanted in reply.raw
        assert 1 == len(sim.creations)


async def test_an_odd_amount_of_gen_pro_is_in_the_read(gp: GenProSim, call: Call) -> None:
    gp.script(Scenario(steps=("completed",), fault=Fault.ODD_AMOUNT, on="poll"))
    await submit(call, gp)
    reads = [(await call(gp, "GET", "/generations/9000")).data["execution_cost"] for _ in range(2)]
    assert ["lots", 2.5] == reads


async def test_a_redirect_that_is_followed_would_buy(sim: Simulator, call: Call) -> None:
    for fault, bought in ((Fault.REDIRECT, 0), (Fault.REDIRECT_AFTER, 1)):
        before = len(sim.creations)
        sim.script(Scenario(fault=fault))
        reply = await submit(call, sim)
        assert before + bought == len(sim.creations)
        await call(sim, "POST", reply.headers["Location"], json=SUBMITS[sim.name][1])
        assert before + bought + 1 == len(sim.creations)
    sim.script(Scenario(fault=Fault.REDIRECT, location="http://127.0.0.1:9/there"))
    assert "http://127.0.0.1:9/there" == (await submit(call, sim)).headers["Location"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 503])
async def test_a_refusal_of_any_status(sim: Simulator, call: Call, status: int) -> None:
    sim.script(Scenario(http=status, error="SOME_CODE"))
    reply = await submit(call, sim)
    assert (status, []) == (reply.status, sim.creations)
    if sim.name != "adgen":
        assert b"SOME_CODE" in reply.raw


@pytest.mark.parametrize(
    ("status", "code"), [(400, "VALIDATION_ERROR"), (402, "INSUFFICIENT_CREDITS"), (403, "FORBIDDEN")]
)
async def test_a_refusal_has_the_documented_code(pp: PowerPostSim, call: Call, status: int, code: str) -> None:
    pp.script(Scenario(http=status))
    assert code == (await submit(call, pp)).data["error"]["code"]


async def test_each_vendor_says_429_its_own_way(pp: PowerPostSim, gp: GenProSim, ag: AdGenSim, call: Call) -> None:
    replies = []
    for sim in (pp, gp, ag):
        sim.script(Scenario(fault=Fault.RATE_LIMITED, retry_after=30))
        replies.append(await submit(call, sim))
    assert {429} == {reply.status for reply in replies}
    assert {"message": "simulated 429", "code": "RATE_LIMIT_EXCEEDED", "retryAfter": 30} == replies[0].data["error"]
    assert "Retry-After" not in replies[0].headers
    assert "rate_limited" == replies[1].data["error_code"]
    assert ["30", "30"] == [reply.headers["Retry-After"] for reply in replies[1:]]


async def test_a_hanging_call_ends_when_the_port_closes(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(fault=Fault.HANG))
    task = asyncio.ensure_future(submit(call, pp))
    await until(lambda: pp.hits[Fault.HANG])
    await pp.close_port()
    with pytest.raises(aiohttp.ClientError):
        await task
    assert 1 == len(pp.creations)


async def test_a_closed_port_refuses_and_opens_again_in_the_same_place(pp: PowerPostSim, call: Call) -> None:
    before = pp.url
    await pp.close_port()
    await pp.close_port()
    with pytest.raises(aiohttp.ClientConnectorError):
        await submit(call, pp)
    assert ([], []) == (pp.creations, pp.requests)
    await pp.open_port()
    await pp.open_port()
    assert before == pp.url
    assert 200 == (await submit(call, pp)).status


async def test_a_kept_connection_is_dropped_with_the_port(pp: PowerPostSim) -> None:
    headers = {"x-api-key": pp.api_key}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{pp.url}/account/credits", headers=headers) as reply:
            await reply.read()
        await pp.close_port()
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{pp.url}/account/credits", headers=headers)


async def test_a_kept_connection_meets_the_door_too(pp: PowerPostSim) -> None:
    headers = {"x-api-key": pp.api_key, "X-Workspace-Id": "ws-1"}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{pp.url}/account/credits", headers=headers) as reply:
            await reply.read()
        pp.script(Scenario(fault=Fault.RESET_BEFORE_READ))
        seen = len(pp.requests)
        with pytest.raises(aiohttp.ClientOSError):
            await session.post(pp.url + "/content/generate", json=SUBMITS["powerpost"][1], headers=headers)
        assert seen == len(pp.requests)


async def raw(sim: Simulator, request: bytes) -> tuple[bytes, type[Exception] | None]:
    """Send bytes on a bare socket; return what came back, and how it ended."""
    reader, writer = await asyncio.open_connection(sim.host, sim.port)
    try:
        if request:
            writer.write(request)
            await writer.drain()
        return await reader.read(), None
    except OSError as error:
        return b"", type(error)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_on_the_wire_a_reset_is_a_rst_and_a_close_is_a_fin(pp: PowerPostSim) -> None:
    request = b"POST /api/v1/content/generate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    pp.script(Scenario(fault=Fault.RESET_BEFORE_READ))
    assert (b"", ConnectionResetError) == await raw(pp, request)
    pp.script(Scenario(fault=Fault.REFUSE))
    assert (b"", None) == await raw(pp, request)
    # With no call named, not a byte is waited for.
    pp.script(Scenario(fault=Fault.RESET_BEFORE_READ, on=None))
    assert (b"", ConnectionResetError) == await raw(pp, b"")
    pp.script(Scenario(fault=Fault.REFUSE, on=None))
    assert (b"", None) == await raw(pp, b"")
    assert [] == pp.requests


async def test_the_door_lets_other_calls_in(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(fault=Fault.REFUSE, match="stew", after=1))
    assert 200 == (await call(pp, "GET", "/account/credits")).status
    assert 200 == (await submit(call, pp)).status
    stew = {**SUBMITS["powerpost"][1], "prompt": "A stew"}
    assert 200 == (await call(pp, "POST", "/content/generate", json=stew)).status
    with pytest.raises(aiohttp.ClientError):
        await call(pp, "POST", "/content/generate", json=stew)
    assert 2 == len(pp.creations)


async def test_a_client_that_leaves_in_mid_request_makes_nothing(pp: PowerPostSim, call: Call) -> None:
    sock = socket.create_connection((pp.host, pp.port))
    sock.sendall(b"POST /api/v1/content/generate HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n{")
    sock.close()
    assert 200 == (await submit(call, pp)).status
    assert 1 == len(pp.creations)


async def test_a_client_may_wait_for_100_continue(pp: PowerPostSim) -> None:
    body = orjson.dumps(SUBMITS["powerpost"][1])
    head = (
        "POST /api/v1/content/generate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
        f"x-api-key: {pp.api_key}\r\nX-Workspace-Id: ws-1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(pp.host, pp.port)
    writer.write(head.encode())
    assert b"HTTP/1.1 100 Continue\r\n" == await reader.readline()
    writer.write(body)
    assert b"HTTP/1.1 200 OK" in await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_slow_copy_is_charged_even_if_nobody_waits(clock: Clock, call: Call) -> None:
    async with AdGenSim(clock=clock, copy_seconds=None) as sim:
        words = {"platform": "meta", "format": "short", "tone": "bold", "idempotencyKey": "k"}
        body = {**SUBMITS["adgen"][1], **words}
        task = asyncio.ensure_future(call(sim, "POST", "/api/generate/copy", json=body))
        await until(lambda: sim.creations)
        # Until it is answered, the key protects it.
        again = await call(sim, "POST", "/api/generate/copy", json=body)
        assert "reused" == again.data["status"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        clock.advance(60)
        assert ("completed", Decimal(1)) == (
            sim.jobs[sim.creations[0][0]].status,
            sim.net(sim.creations[0][0]),
        )

        task = asyncio.ensure_future(call(sim, "POST", "/api/generate/copy", json=body))
        await until(lambda: len(sim.creations) == 2)
        while not task.done():
            clock.advance(1)
            await asyncio.sleep(0)
        assert 5 == len((await task).data["variants"])
