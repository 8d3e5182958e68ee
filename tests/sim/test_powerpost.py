import datetime as dt
import email.utils
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from genhub.sim import Clock, PowerPostSim, Scenario

Call = Callable[..., Awaitable[Any]]
CAPTIONS = {
    "prompt": "We just shipped dark mode",
    "post_types": ["tiktok-video", "instagram-reel", "instagram-feed"],
    "research_mode": "regular",
}


async def captions(call: Call, sim: PowerPostSim, **more: object) -> Any:
    reply = await call(sim, "POST", "/content/generate", json={**CAPTIONS, **more})
    assert 200 == reply.status, reply.raw
    return reply.data


def code(reply: Any) -> tuple[int, str]:
    assert {"error"} == set(reply.data)
    assert isinstance(reply.data["error"]["message"], str)
    return reply.status, reply.data["error"]["code"]


async def test_a_caption_job_is_charged_up_front_and_read_until_it_is_done(
    pp: PowerPostSim, clock: Clock, call: Call
) -> None:
    pp.script(Scenario(queue=1, duration=4))
    made = await captions(call, pp)
    job_id = made["generation_id"]
    assert {
        "generation_id": job_id,
        "status": "processing",
        "credits_used": 10,
        "remaining_credits": 990,
        "status_url": f"/api/v1/content/generations/{job_id}",
    } == made

    words: list[str] = []
    read: Any = None
    for seconds in (0, 1, 3, 1):
        clock.advance(seconds)
        read = await call(pp, "GET", pp.origin + made["status_url"])
        words.append(read.data["status"])
    assert ["pending", "processing", "processing", "completed"] == words
    assert {
        "generation_id": job_id,
        "status": "completed",
        "prompt": "We just shipped dark mode",
        "platforms": ["tiktok", "instagram"],
        "research_mode": "regular",
        "credits_used": 10,
        "created_at": "2026-03-01T00:00:00Z",
    } == {name: value for name, value in read.data.items() if name != "outputs"}
    assert {"tiktok", "instagram"} == set(read.data["outputs"])
    assert [(job_id, CAPTIONS)] == pp.creations
    assert Decimal(990) == pp.balance
    assert 1 == pp.count("POST", "/content/generate")
    assert 4 == pp.count("GET", "/content/generations/{id}")
    assert 4 == pp.count("GET", f"/api/v1/content/generations/{job_id}")


async def test_youtube_has_a_title_and_a_description(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(steps=("completed",)))
    made = await captions(call, pp, post_types=["youtube-short", "x-post"])
    read = await call(pp, "GET", f"/content/generations/{made['generation_id']}")
    assert {"title", "description"} == set(read.data["outputs"]["youtube"])
    assert isinstance(read.data["outputs"]["x"], str)


async def test_a_failed_caption_job_costs_nothing(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(steps=("pending", "failed"), error="MODERATED"))
    made = await captions(call, pp)
    job_id = made["generation_id"]
    await call(pp, "GET", f"/content/generations/{job_id}")
    assert Decimal(10) == pp.net(job_id)
    read = await call(pp, "GET", f"/content/generations/{job_id}")
    assert (200, 0, "MODERATED") == (read.status, read.data["credits_used"], read.data["error"]["code"])
    assert "outputs" not in read.data
    assert [("charge", Decimal(10)), ("refund", Decimal(10))] == [(x.kind, x.amount) for x in pp.ledger]
    assert Decimal(1000) == pp.balance


async def test_a_refund_may_land_later_than_the_failure(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, refund_delay=30, failed_zero_at_once=False) as sim:
        sim.script(Scenario(outcome="failed", duration=4))
        job_id = (await captions(call, sim))["generation_id"]
        clock.advance(4)
        read = await call(sim, "GET", f"/content/generations/{job_id}")
        assert ("failed", 10) == (read.data["status"], read.data["credits_used"])
        assert Decimal(990) == sim.balance
        clock.advance(30)
        assert Decimal(1000) == sim.balance
        read = await call(sim, "GET", f"/content/generations/{job_id}")
        assert 0 == read.data["credits_used"]


async def test_a_success_may_end_cheaper_than_it_began(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(steps=("completed",), cost=Decimal(12), final_cost=Decimal("10.5")))
    made = await captions(call, pp, source_urls=["https://example.test/a"])
    assert 12 == made["credits_used"]
    read = await call(pp, "GET", f"/content/generations/{made['generation_id']}")
    assert 10.5 == read.data["credits_used"]
    assert Decimal("10.5") == pp.net(made["generation_id"])


async def test_sources_and_deep_research_cost_more(pp: PowerPostSim, call: Call) -> None:
    made = await captions(call, pp, research_mode="deep", source_urls=["https://a.test", "https://b.test"])
    assert 17 == made["credits_used"]


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": None},
        {"prompt": "no"},
        {"prompt": "x" * 2001},
        {"prompt": 7},
        {"post_types": None},
        {"post_types": []},
        {"post_types": ["instagram"]},
        {"post_types": "x-post"},
        {"research_mode": None},
        {"research_mode": "quick"},
        {"cta_text": "x" * 101},
        {"source_urls": ["http://example.test"]},
        {"source_urls": ["https://example.test"] * 11},
    ],
)
async def test_a_bad_body_is_refused_and_costs_nothing(pp: PowerPostSim, call: Call, change: dict[str, object]) -> None:
    reply = await call(pp, "POST", "/content/generate", json={**CAPTIONS, **change})
    assert (400, "VALIDATION_ERROR") == code(reply)
    assert ([], [], {}) == (pp.creations, pp.ledger, pp.jobs)


async def test_a_body_must_be_a_json_object_that_says_so(pp: PowerPostSim, call: Call) -> None:
    headers = {"x-api-key": pp.api_key, "X-Workspace-Id": "ws-1"}
    for body, kind in ((b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")):
        used = {**headers, "Content-Type": kind}
        assert (400, "VALIDATION_ERROR") == code(await call(pp, "POST", "/content/generate", data=body, headers=used))


async def test_who_may_not_come_in(clock: Clock, call: Call) -> None:
    key, space = {"x-api-key": "pp_live_sk_sim"}, {"X-Workspace-Id": "ws-1"}
    async with PowerPostSim(clock=clock, scopes=frozenset({"content:read", "account:read"})) as sim:
        path = "/content/generations"
        assert (401, "INVALID_API_KEY") == code(await call(sim, "GET", path, headers=space))
        assert (401, "INVALID_API_KEY") == code(await call(sim, "GET", path, headers={"x-api-key": "no"}))
        assert (400, "VALIDATION_ERROR") == code(await call(sim, "GET", path, headers=key))
        other = {**key, "X-Workspace-Id": "ws-2"}
        assert (403, "FORBIDDEN") == code(await call(sim, "GET", path, headers=other))
        made = await call(sim, "POST", "/content/generate", json=CAPTIONS)
        assert (403, "INSUFFICIENT_SCOPE") == code(made)
        assert "content:generate" in made.data["error"]["message"]
        bearer = {"Authorization": "Bearer pp_live_sk_sim", **space}
        assert 200 == (await call(sim, "GET", path, headers=bearer)).status
        assert 200 == (await call(sim, "GET", "/account/credits", headers=key)).status

        sim.accept(api_key="mine", workspace_id="ws-2")
        mine = {"x-api-key": "mine", "X-Workspace-Id": "ws-2"}
        assert 200 == (await call(sim, "GET", path, headers=mine)).status
        sim.accept()
        anyone = {"x-api-key": "any", "X-Workspace-Id": "where"}
        assert 200 == (await call(sim, "GET", path, headers=anyone)).status


async def test_a_job_is_invisible_from_another_workspace(pp: PowerPostSim, call: Call) -> None:
    pp.accept(workspace_id="ws-2")
    job_id = (await captions(call, pp))["generation_id"]
    there = {"x-api-key": pp.api_key, "X-Workspace-Id": "ws-2"}
    path = f"/content/generations/{job_id}"
    assert (404, "NOT_FOUND") == code(await call(pp, "GET", path, headers=there))
    assert [] == (await call(pp, "GET", "/content/generations", headers=there)).data["data"]
    assert (404, "NOT_FOUND") == code(await call(pp, "GET", f"/images/generations/{job_id}"))


async def test_without_credits_nothing_is_made(pp: PowerPostSim, call: Call) -> None:
    pp.set_balance(9)
    reply = await call(pp, "POST", "/content/generate", json=CAPTIONS)
    assert (402, "INSUFFICIENT_CREDITS") == code(reply)
    assert ([], Decimal(9)) == (pp.creations, pp.balance)
    assert {"balance": 9} == (await call(pp, "GET", "/account/credits")).data


async def test_the_list_is_newest_first_in_pages(pp: PowerPostSim, clock: Clock, call: Call) -> None:
    ids = []
    for index in range(5):
        pp.script(Scenario(duration=100 if index % 2 else 1))
        ids.append((await captions(call, pp, prompt=f"prompt {index}"))["generation_id"])
    clock.advance(2)
    first = (await call(pp, "GET", "/content/generations", params={"limit": "2"})).data
    assert ([ids[4], ids[3]], True) == ([x["generation_id"] for x in first["data"]], first["has_more"])
    assert all("outputs" not in item for item in first["data"])

    await captions(call, pp, prompt="made while somebody pages")
    second = {"limit": "2", "cursor": first["next_cursor"]}
    page = (await call(pp, "GET", "/content/generations", params=second)).data
    assert [ids[2], ids[1]] == [x["generation_id"] for x in page["data"]]
    third = {"limit": "2", "cursor": page["next_cursor"]}
    last = (await call(pp, "GET", "/content/generations", params=third)).data
    assert ([ids[0]], None, False) == (
        [x["generation_id"] for x in last["data"]],
        last["next_cursor"],
        last["has_more"],
    )
    done = (await call(pp, "GET", "/content/generations", params={"status": "completed"})).data
    assert [ids[4], ids[2], ids[0]] == [x["generation_id"] for x in done["data"]]


@pytest.mark.parametrize(
    "query", [{"status": "done"}, {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "what"}]
)
async def test_a_bad_list_query_is_refused(pp: PowerPostSim, call: Call, query: dict[str, str]) -> None:
    assert (400, "VALIDATION_ERROR") == code(await call(pp, "GET", "/content/generations", params=query))


async def test_the_list_reads_the_jobs_it_shows(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, list_errors=True, last_cursor_null=False) as sim:
        sim.script(Scenario(steps=("processing", "failed")))
        await captions(call, sim)
        pages = [(await call(sim, "GET", "/content/generations")).data for _ in range(2)]
        assert ["processing", "failed"] == [page["data"][0]["status"] for page in pages]
        assert "GENERATION_FAILED" == pages[1]["data"][0]["error"]["code"]
        assert "next_cursor" not in pages[1]
        assert Decimal(1000) == sim.balance


async def test_images_really_download(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(steps=("completed",)))
    body = {"prompt": "A bowl of soup", "size": "portrait", "quantity": 2}
    made = (await call(pp, "POST", "/images/generate", json=body)).data
    assert (18, 982) == (made["credits_used"], made["remaining_credits"])
    read = (await call(pp, "GET", pp.origin + made["status_url"])).data
    assert ("completed", "portrait", 2) == (read["status"], read["size"], read["quantity"])
    assert not {"credits_used", "model", "error"} & set(read)
    first, second = read["images"]
    assert (1080, 1920) == (first["width"], first["height"])
    files = [(await call(pp, "GET", image["url"], headers={})).raw for image in (first, second)]
    assert files[0] != files[1]
    assert all(file.startswith(b"\x89PNG") for file in files)


async def test_an_image_job_may_fail_in_part(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(partial=1, steps=("failed",)))
    made = (await call(pp, "POST", "/images/generate", json={"prompt": "Soup", "quantity": 3})).data
    read = (await call(pp, "GET", pp.origin + made["status_url"])).data
    assert ("failed", 1) == (read["status"], len(read["images"]))
    assert Decimal(9) == pp.net(made["image_generation_id"])


async def test_an_image_job_that_made_nothing_costs_nothing(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, media_credits=True, image_error="IMAGE_GENERATION_FAILED") as sim:
        sim.script(Scenario(outcome="failed", duration=1))
        made = (await call(sim, "POST", "/images/generate", json={"prompt": "Soup"})).data
        clock.advance(1)
        read = (await call(sim, "GET", sim.origin + made["status_url"])).data
        assert (0, "IMAGE_GENERATION_FAILED") == (read["credits_used"], read["error"]["code"])
        assert "images" not in read
        assert Decimal(0) == sim.net(made["image_generation_id"])


async def test_an_image_may_be_made_for_a_post_or_after_a_style(pp: PowerPostSim, call: Call) -> None:
    source = (await captions(call, pp))["generation_id"]
    post = {"generation_id": source, "source_post_type": "tiktok-video"}
    assert 200 == (await call(pp, "POST", "/images/generate", json=post)).status
    known = next(iter(pp.media_kinds["ws-1"]))
    styled = {"prompt": "Soup", "style_images": [known]}
    assert 200 == (await call(pp, "POST", "/images/generate", json=styled)).status
    for body in ({"generation_id": "no"}, {"prompt": "Soup", "style_images": ["no"]}):
        assert (404, "NOT_FOUND") == code(await call(pp, "POST", "/images/generate", json=body))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": "x" * 2001},
        {"prompt": "Soup", "size": "wide"},
        {"prompt": "Soup", "quantity": 5},
        {"prompt": "Soup", "quantity": True},
        {"prompt": "Soup", "model": "dall-e"},
        {"prompt": "Soup", "model": "gpt-image-1.5", "size": "feed"},
        {"prompt": "Soup", "enhance_prompt": "yes"},
        {"prompt": "Soup", "source_post_type": "x-post"},
    ],
)
async def test_a_bad_image_body_is_refused(pp: PowerPostSim, call: Call, body: dict[str, object]) -> None:
    assert (400, "VALIDATION_ERROR") == code(await call(pp, "POST", "/images/generate", json=body))


async def test_a_video_is_made_and_a_failed_one_given_back(pp: PowerPostSim, call: Call) -> None:
    pp.script(Scenario(steps=("processing", "completed")))
    pp.script(Scenario(steps=("failed",)))
    body = {"prompt": "Soup", "duration": 5, "size": "portrait", "has_audio": True}
    made, failed = [(await call(pp, "POST", "/videos/generate", json=body)).data for _ in range(2)]
    _, read = [(await call(pp, "GET", pp.origin + made["status_url"])).data for _ in range(2)]
    assert ("kling-3.0-pro", True, 5) == (read["model"], read["has_audio"], read["video"]["duration"])
    clip = (await call(pp, "GET", read["video"]["url"], headers={})).raw
    assert b"ftyp" == clip[4:8]
    assert Decimal(40) == pp.net(made["video_generation_id"])

    read = (await call(pp, "GET", pp.origin + failed["status_url"])).data
    assert "VIDEO_GENERATION_FAILED" == read["error"]["code"]
    assert Decimal(0) == pp.net(failed["video_generation_id"])

    bad: list[dict[str, object]] = [
        {"duration": 5},
        {"prompt": "Soup"},
        {"prompt": "Soup", "duration": 7},
        {"prompt": "Soup", "duration": 5, "size": "square"},
        {"prompt": "Soup", "duration": 5, "model": "sora"},
        {"prompt": "Soup", "duration": 5, "model": "runway-gen-4.5", "has_audio": True},
    ]
    for wrong in bad:
        assert (400, "VALIDATION_ERROR") == code(await call(pp, "POST", "/videos/generate", json=wrong))
    lost = {**body, "source_image": "no"}
    assert (404, "NOT_FOUND") == code(await call(pp, "POST", "/videos/generate", json=lost))


def form(content: bytes, mime: str, kind: str | None) -> aiohttp.FormData:
    data = aiohttp.FormData()
    if kind is not None:
        data.add_field("type", kind)
    data.add_field("file", content, filename="a.bin", content_type=mime)
    return data


async def test_an_upload_can_be_captioned(pp: PowerPostSim, call: Call) -> None:
    image = (await call(pp, "POST", "/media/upload", data=form(b"x" * 2000, "image/png", "image"))).data
    assert ("image", "a.bin", 2000, "image/png") == tuple(
        image[name] for name in ("type", "file_name", "file_size", "mime_type")
    )
    video = (await call(pp, "POST", "/media/upload", data=form(b"x", "video/mp4", "video"))).data
    only_media = {"media_ids": [image["media_id"]], "prompt": None}
    assert 200 == (await call(pp, "POST", "/content/generate", json={**CAPTIONS, **only_media})).status
    both = {**CAPTIONS, "media_ids": [image["media_id"], video["media_id"]]}
    assert (400, "VALIDATION_ERROR") == code(await call(pp, "POST", "/content/generate", json=both))
    lost = {**CAPTIONS, "media_ids": ["no"]}
    assert (404, "NOT_FOUND") == code(await call(pp, "POST", "/content/generate", json=lost))


async def test_an_upload_has_limits(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, image_limit=1000, storage_quota=1500) as sim:
        path = "/media/upload"
        too_large = await call(sim, "POST", path, data=form(b"x" * 1001, "image/png", "image"))
        assert (413, "FILE_TOO_LARGE") == code(too_large)
        assert 200 == (await call(sim, "POST", path, data=form(b"x" * 1000, "image/png", "image"))).status
        full = await call(sim, "POST", path, data=form(b"x" * 501, "image/png", "image"))
        assert (413, "STORAGE_QUOTA_EXCEEDED") == code(full)
        for mime, kind in (("image/gif", "image"), ("image/png", "video"), ("image/png", None)):
            wrong = await call(sim, "POST", path, data=form(b"x", mime, kind))
            assert (400, "VALIDATION_ERROR") == code(wrong)
        assert (400, "VALIDATION_ERROR") == code(await call(sim, "POST", path, json={}))
        for kind in ("multipart/form-data", "multipart/form-data; boundary=b"):
            headers = {"x-api-key": sim.api_key, "X-Workspace-Id": "ws-1", "Content-Type": kind}
            broken = await call(sim, "POST", path, data=b"what", headers=headers)
            assert (400, "VALIDATION_ERROR") == code(broken)


async def test_a_post_is_drafted_published_once_and_charged(pp: PowerPostSim, clock: Clock, call: Call) -> None:
    source = (await captions(call, pp))["generation_id"]
    items = [{"post_type": "instagram-reel"}, {"post_type": "x-post", "content": "Soup"}]
    made = (await call(pp, "POST", "/posts", json={"generation_id": source, "items": items})).data
    assert made["post_id"].startswith("post-")
    assert ("draft", "draft") == (made["status"], made["items"][0]["status"])
    path = f"/posts/{made['post_id']}"
    out = (await call(pp, "POST", f"{path}/publish")).data
    assert ("publishing", 5) == (out["status"], out["credits_used"])
    assert Decimal(985) == pp.balance
    assert (409, "ALREADY_PUBLISHED") == code(await call(pp, "POST", f"{path}/publish"))
    assert "publishing" == (await call(pp, "GET", path)).data["status"]
    clock.advance(3)
    read = (await call(pp, "GET", path)).data
    assert ("published", "posted") == (read["status"], read["items"][1]["status"])
    assert "platform_post_id" in read["items"][1]


async def test_what_posts_refuse(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, connected=frozenset({"x"}), balance=Decimal(3)) as sim:

        async def draft(*items: object, **more: object) -> Any:
            return await call(sim, "POST", "/posts", json={"items": items, **more})

        assert (400, "VALIDATION_ERROR") == code(await draft())
        assert (400, "VALIDATION_ERROR") == code(await draft("x"))
        assert (400, "VALIDATION_ERROR") == code(await draft({"post_type": "x-post"}))
        untitled = {"post_type": "youtube-video", "content": "Soup"}
        assert (400, "VALIDATION_ERROR") == code(await draft(untitled))
        item = {"post_type": "x-post", "content": "Soup"}
        assert (404, "NOT_FOUND") == code(await draft(item, generation_id="no"))
        assert (404, "NOT_FOUND") == code(await draft({**item, "media_ids": ["no"]}))
        assert (404, "NOT_FOUND") == code(await call(sim, "GET", "/posts/no"))
        assert (404, "NOT_FOUND") == code(await call(sim, "POST", "/posts/no/publish"))
        unconnected = (await draft({**item, "post_type": "facebook-post"})).data["post_id"]
        reply = await call(sim, "POST", f"/posts/{unconnected}/publish")
        assert (422, "PLATFORM_NOT_CONNECTED") == code(reply)
        dear = (await draft(item)).data["post_id"]
        reply = await call(sim, "POST", f"/posts/{dear}/publish")
        assert (402, "INSUFFICIENT_CREDITS") == code(reply)


async def test_every_answer_says_the_rate_limit_and_its_id(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, rate_limit=(2, 60)) as sim:
        good = await call(sim, "GET", "/account/credits")
        missing = await call(sim, "GET", "/content/generations/no")
        limited = await call(sim, "GET", "/account/credits")
        assert ["1", "0", "0"] == [x.headers["X-RateLimit-Remaining"] for x in (good, missing, limited)]
        assert all("2" == x.headers["X-RateLimit-Limit"] for x in (good, missing, limited))
        assert str(int(clock.time()) + 60) == limited.headers["X-RateLimit-Reset"]
        assert 3 == len({x.headers["X-Request-Id"] for x in (good, missing, limited)})
        assert (429, "RATE_LIMIT_EXCEEDED") == code(limited)
        assert 60 == limited.data["error"]["retryAfter"]
        assert "Retry-After" not in limited.headers
        clock.advance(60)
        assert 200 == (await call(sim, "GET", "/account/credits")).status


async def test_the_vendors_clock_may_be_ahead(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, skew=90) as sim:
        sim.script(Scenario(duration=5))
        reply = await call(sim, "POST", "/content/generate", json=CAPTIONS)
        date = email.utils.parsedate_to_datetime(reply.headers["Date"])
        assert date == dt.datetime.fromtimestamp(clock.time() + 90, dt.UTC)
        read = await call(sim, "GET", f"/content/generations/{reply.data['generation_id']}")
        assert ("processing", "2026-03-01T00:01:30Z") == (read.data["status"], read.data["created_at"])


async def test_an_unknown_path_is_not_found(pp: PowerPostSim, call: Call) -> None:
    assert (404, "NOT_FOUND") == code(await call(pp, "GET", "/nothing"))
    assert (404, "NOT_FOUND") == code(await call(pp, "DELETE", "/content/generate"))
