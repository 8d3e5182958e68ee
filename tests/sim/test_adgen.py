from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from genhub.sim import AdGenSim, Clock, Scenario

Call = Callable[..., Awaitable[Any]]


def places(sim: AdGenSim) -> dict[str, object]:
    return {"projectId": sim.project_id, "productId": sim.product_id}


async def make(call: Call, sim: AdGenSim, what: str, **more: object) -> Any:
    needed: dict[str, dict[str, object]] = {
        "copy": {"platform": "meta", "format": "short", "tone": "bold"},
        "static-ad": {"style": "lifestyle"},
        "video": {"script": "Hey! You need to see this soup."},
    }
    body = {**places(sim), **needed[what], **more}
    return await call(sim, "POST", f"/api/generate/{what}", json=body)


async def status(call: Call, sim: AdGenSim, job_id: str) -> Any:
    return (await call(sim, "GET", "/api/generate/status", params={"jobId": job_id})).data


async def test_copy_is_answered_at_once_with_five_variants(ag: AdGenSim, call: Call) -> None:
    made = await make(call, ag, "copy", customInstructions="Focus on the summer sale")
    assert 200 == made.status
    assert ("completed", 1, 999) == tuple(made.data[x] for x in ("status", "creditsUsed", "creditsRemaining"))
    assert 5 == len(made.data["variants"])
    assert {"hook", "body", "cta", "hashtags"} == set(made.data["variants"][0])
    read = await status(call, ag, made.data["jobId"])
    assert ("copy", "completed", []) == (read["type"], read["status"], read["assets"])
    assert "variants" not in read


async def test_copy_fails_as_a_status_or_as_a_500(ag: AdGenSim, call: Call) -> None:
    ag.script(Scenario(outcome="failed", times=2))
    made = (await make(call, ag, "copy")).data
    assert ("failed", 1, []) == (made["status"], made["creditsUsed"], made["variants"])
    ag.copy_failure = "http"
    assert 500 == (await make(call, ag, "copy")).status
    assert (Decimal(1000), 4) == (ag.balance, len(ag.ledger))


async def test_a_static_ad_is_queued_and_read(ag: AdGenSim, clock: Clock, call: Call) -> None:
    ag.script(Scenario(queue=5, duration=20))
    made = (await make(call, ag, "static-ad", aspectRatio="4:5")).data
    assert ("queued", 3, 997) == (made["status"], made["creditsUsed"], made["creditsRemaining"])
    words = []
    for seconds in (0, 5, 20):
        clock.advance(seconds)
        read = await status(call, ag, made["jobId"])
        words.append(read["status"])
    assert ["queued", "processing", "completed"] == words
    assert (made["jobId"], "static_ad", "2026-03-01T00:00:00Z", "2026-03-01T00:00:25Z") == tuple(
        read[name] for name in ("id", "type", "createdAt", "completedAt")
    )
    (asset,) = read["assets"]
    assert "image" == asset["type"]
    assert (await call(ag, "GET", asset["url"], headers={})).raw.startswith(b"\x89PNG")
    assert Decimal(3) == ag.net(made["jobId"])


async def test_a_video_that_fails_is_given_back(ag: AdGenSim, call: Call) -> None:
    ag.script(Scenario(steps=("completed",)))
    ag.script(Scenario(steps=("failed",), error="lips were not in sync"))
    good, bad = [(await make(call, ag, "video")).data["jobId"] for _ in range(2)]
    read = await status(call, ag, good)
    assert ("ugc_video", "video") == (read["type"], read["assets"][0]["type"])
    assert b"ftyp" == (await call(ag, "GET", read["assets"][0]["url"], headers={})).raw[4:8]
    read = await status(call, ag, bad)
    assert ("failed", []) == (read["status"], read["assets"])
    assert not {"completedAt", "error"} & set(read)
    assert (Decimal(40), Decimal(0)) == (ag.net(good), ag.net(bad))


@pytest.mark.parametrize("refunded", [False, True])
async def test_canceled_and_expired_are_not_documented_so_a_switch(clock: Clock, call: Call, refunded: bool) -> None:
    async with AdGenSim(clock=clock, refund_canceled=refunded, refund_expired=refunded) as sim:
        first, second, third = [(await make(call, sim, "static-ad")).data["jobId"] for _ in range(3)]
        sim.cancel(first)
        sim.expire(second)
        sim.script(Scenario(outcome="expired"))
        assert ["canceled", "expired"] == [(await status(call, sim, x))["status"] for x in (first, second)]
        assert {Decimal(0 if refunded else 3)} == {sim.net(first), sim.net(second)}
        with pytest.raises(RuntimeError, match="canceled already"):
            sim.expire(first)
        with pytest.raises(RuntimeError, match="only failed and expired"):
            sim.revive(third)


@pytest.mark.parametrize("charged", [False, True])
async def test_a_revived_job_is_pending_again(clock: Clock, call: Call, charged: bool) -> None:
    async with AdGenSim(clock=clock, revive_charges=charged) as sim:
        sim.script(Scenario(outcome="failed", duration=1))
        job_id = (await make(call, sim, "static-ad")).data["jobId"]
        clock.advance(1)
        assert "failed" == (await status(call, sim, job_id))["status"]
        sim.revive(job_id)
        assert "pending" == (await status(call, sim, job_id))["status"]
        clock.advance(600)
        assert "completed" == (await status(call, sim, job_id))["status"]
        assert Decimal(3 if charged else 0) == sim.net(job_id)


async def test_a_key_buys_once_while_its_job_lives(ag: AdGenSim, clock: Clock, call: Call) -> None:
    ag.script(Scenario(duration=10))
    first = (await make(call, ag, "static-ad", idempotencyKey="k")).data
    again = await make(call, ag, "static-ad", idempotencyKey="k")
    assert {"jobId": first["jobId"], "creditsUsed": 0, "status": "reused"} == again.data
    # The key is the user's, not the endpoint's.
    other = await make(call, ag, "video", idempotencyKey="k")
    assert (first["jobId"], "reused") == (other.data["jobId"], other.data["status"])
    assert 1 == len(ag.creations)
    clock.advance(10)
    new = (await make(call, ag, "static-ad", idempotencyKey="k")).data
    assert ("queued", 3, 2) == (new["status"], new["creditsUsed"], len(ag.creations))


async def test_a_key_does_not_protect_copy(ag: AdGenSim, call: Call) -> None:
    for _ in range(2):
        assert 1 == (await make(call, ag, "copy", idempotencyKey="k")).data["creditsUsed"]
    assert Decimal(998) == ag.balance


async def test_the_key_has_switches(clock: Clock, call: Call) -> None:
    async with AdGenSim(clock=clock, key_scope="endpoint", key_of_finished="refuse", reused_says_remaining=True) as sim:
        sim.script(Scenario(duration=1))
        await make(call, sim, "static-ad", idempotencyKey="k")
        assert "queued" == (await make(call, sim, "video", idempotencyKey="k")).data["status"]
        assert 957 == (await make(call, sim, "video", idempotencyKey="k")).data["creditsRemaining"]
        clock.advance(1)
        assert 409 == (await make(call, sim, "static-ad", idempotencyKey="k")).status


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("copy", {"platform": None}),
        ("copy", {"platform": "x"}),
        ("copy", {"format": "tiny"}),
        ("copy", {"tone": "sad"}),
        ("copy", {"customInstructions": "x" * 501}),
        ("copy", {"idempotencyKey": "x" * 129}),
        ("copy", {"projectId": None}),
        ("copy", {"productId": "not-a-uuid"}),
        ("static-ad", {"style": "ugly"}),
        ("static-ad", {"aspectRatio": "2:3"}),
        ("static-ad", {"prompt": ""}),
        ("static-ad", {"prompt": "x" * 1001}),
        ("video", {"script": None}),
        ("video", {"script": "too short"}),
        ("video", {"aspectRatio": "4:5"}),
        ("video", {"avatarUrl": "me.jpg"}),
    ],
)
async def test_a_bad_body_is_refused(ag: AdGenSim, call: Call, what: str, change: dict[str, object]) -> None:
    reply = await make(call, ag, what, **change)
    assert (400, ["error"]) == (reply.status, list(reply.data))
    assert ([], []) == (ag.creations, ag.ledger)


async def test_other_refusals(ag: AdGenSim, call: Call) -> None:
    lost = await make(call, ag, "copy", productId="11111111-aaaa-4bbb-8ccc-00000000dead")
    assert 404 == lost.status
    ag.set_balance(39)
    assert 402 == (await make(call, ag, "video")).status
    path = "/api/generate/status"
    assert 400 == (await call(ag, "GET", path)).status
    assert 404 == (await call(ag, "GET", path, params={"jobId": "no"})).status
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Basic {ag.token}"}):
        assert 401 == (await call(ag, "GET", path, headers=headers)).status


@pytest.mark.parametrize(
    ("errors", "body"),
    [
        ("string", {"error": "jobId: is required"}),
        ("object", {"error": {"message": "jobId: is required", "code": "invalid_input"}}),
        ("message", {"message": "jobId: is required"}),
        ("zod", {"error": {"issues": [{"path": ["jobId"], "message": "jobId: is required"}]}}),
        ("text", None),
    ],
)
async def test_the_form_of_an_error_is_a_switch(clock: Clock, call: Call, errors: Any, body: Any) -> None:
    async with AdGenSim(clock=clock, errors=errors) as sim:
        reply = await call(sim, "GET", "/api/generate/status")
        assert 400 == reply.status
        assert b"jobId: is required" == reply.raw if body is None else body == reply.data


async def test_the_modern_style_is_a_switch(ag: AdGenSim, call: Call) -> None:
    assert 200 == (await make(call, ag, "static-ad", style="modern")).status
    ag.refuse_modern = True
    assert 400 == (await make(call, ag, "static-ad", style="modern")).status


async def test_the_status_has_switches(clock: Clock, call: Call) -> None:
    async with AdGenSim(
        clock=clock,
        empty_assets=False,
        completed_at_every_end=True,
        failure_field="errorMessage",
        copy_status_variants=True,
        video_type="video",
    ) as sim:
        sim.script(Scenario(outcome="failed", duration=1, error="no lips"))
        made = (await make(call, sim, "video")).data
        assert "assets" not in await status(call, sim, made["jobId"])
        clock.advance(1)
        read = await status(call, sim, made["jobId"])
        assert ("video", "2026-03-01T00:00:01Z", "no lips") == (
            read["type"],
            read["completedAt"],
            read["errorMessage"],
        )
        copy = (await make(call, sim, "copy")).data
        assert copy["variants"] == (await status(call, sim, copy["jobId"]))["variants"]


async def test_the_rest_of_the_api(ag: AdGenSim, call: Call) -> None:
    await make(call, ag, "video")
    balance = (await call(ag, "GET", "/api/credits/balance")).data
    assert {"balance": 960, "lifetime_purchased": 1000, "lifetime_used": 40} == balance
    assert "user" in (await call(ag, "GET", "/api/auth/me")).data
    made = await call(ag, "POST", "/api/products", json={"name": "Soup"})
    assert (201, "active") == (made.status, made.data["project"]["status"])
    project = made.data["project"]["id"]
    page = {"url": "https://soup.test/bowl", "projectId": project}
    product = await call(ag, "POST", "/api/products/ingest", json=page)
    assert (201, "https://soup.test/bowl") == (product.status, product.data["product"]["source_url"])
    shown = (await call(ag, "GET", "/api/products", params={"projectId": project})).data["products"]
    assert [product.data["product"]["id"]] == [x["id"] for x in shown]
    assert 2 == len((await call(ag, "GET", "/api/products")).data["projects"])
    mine = {"projectId": project, "productId": shown[0]["id"]}
    assert 200 == (await make(call, ag, "copy", **mine)).status

    assert 400 == (await call(ag, "POST", "/api/products", json={"name": ""})).status
    assert 400 == (await call(ag, "GET", "/api/products", params={"limit": "x"})).status
    assert 404 == (await call(ag, "GET", "/api/products", params={"projectId": "no"})).status
    bad, lost = {**page, "url": "soup"}, {**page, "projectId": "no"}
    assert 400 == (await call(ag, "POST", "/api/products/ingest", json=bad)).status
    assert 404 == (await call(ag, "POST", "/api/products/ingest", json=lost)).status


async def test_what_is_accepted_by_name_need_not_be_a_uuid(ag: AdGenSim, call: Call) -> None:
    ag.accept(token="mine", project_id="p", product_id="q", provider="adgen")
    mine = {"Authorization": "Bearer mine"}
    body = {"projectId": "p", "productId": "q", "prompt": "Soup in the sun"}
    assert 200 == (await call(ag, "POST", "/api/generate/static-ad", json=body, headers=mine)).status
    ag.accept()
    body = {**body, "projectId": "any"}
    anyone = {"Authorization": "Bearer any"}
    assert 200 == (await call(ag, "POST", "/api/generate/static-ad", json=body, headers=anyone)).status


async def test_a_reset_forgets_the_keys(ag: AdGenSim, call: Call) -> None:
    await make(call, ag, "video", idempotencyKey="k")
    ag.reset()
    assert "queued" == (await make(call, ag, "video", idempotencyKey="k")).data["status"]
    assert (1, Decimal(960)) == (len(ag.creations), ag.balance)
