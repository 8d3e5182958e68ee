"""The vendors' own example calls, to the letter: URL, headers and body as their pages show them (`seeds/`)."""

# pyright: basic
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from aioresponses import aioresponses
from attrs import frozen
from yarl import URL

from genhub import Hub, ImageRequest, Request, Status, TextRequest, VideoRequest
from genhub_adgen import AdGen
from genhub_genpro import GenPro
from genhub_powerpost import PowerPost

POWERPOST = PowerPost(api_key="pp_live_sk_YOUR_KEY_HERE", workspace_id="YOUR_WORKSPACE_ID")
GENPRO = GenPro(api_key="your-api-key", agent_id=42, sheet_id=101, cell_id=3000)
ADGEN = AdGen(base_url="https://ads.example.test", token="the.jwt.token", project_id="uuid", product_id="uuid")
PP = {"x-api-key": "pp_live_sk_YOUR_KEY_HERE", "X-Workspace-Id": "YOUR_WORKSPACE_ID"}
GP = {"X-API-Key": "your-api-key"}
AD = {"Authorization": "Bearer the.jwt.token"}
GENERATION = "550e8400-e29b-41d4-a716-446655440000"


@frozen(kw_only=True)
class Example:
    """One documented call, the request that makes it, and the documented answer."""

    provider: Any
    request: Request
    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int = 200
    answer: dict[str, Any]
    ends: Status


EXAMPLES = {
    "PowerPost Quickstart, step 2": Example(
        provider=POWERPOST,
        request=TextRequest(prompt="We just launched dark mode for our app", platforms=("tiktok", "instagram:reel")),
        url="https://powerpost.ai/api/v1/content/generate",
        headers=PP,
        body={
            "prompt": "We just launched dark mode for our app",
            "post_types": ["tiktok-video", "instagram-reel"],
            "research_mode": "regular",
        },
        answer={
            "generation_id": GENERATION,
            "status": "processing",
            "credits_used": 10,
            "remaining_credits": 90,
            "status_url": f"/api/v1/content/generations/{GENERATION}",
        },
        ends=Status.RUNNING,
    ),
    "PowerPost Quickstart, step 4": Example(
        provider=POWERPOST,
        request=ImageRequest(aspect_ratio="9:16", count=1, extra={"powerpost": {"generation_id": GENERATION}}),
        url="https://powerpost.ai/api/v1/images/generate",
        headers=PP,
        body={"generation_id": GENERATION, "size": "portrait", "quantity": 1},
        answer={
            "image_generation_id": "7a8b9c0d-e1f2-3456-abcd-ef7890123456",
            "status": "processing",
            "credits_used": 9,
            "remaining_credits": 81,
            "status_url": "/api/v1/images/generations/7a8b9c0d-e1f2-3456-abcd-ef7890123456",
        },
        ends=Status.RUNNING,
    ),
    "gen.pro Generations, generate on cell": Example(
        provider=GENPRO,
        request=TextRequest(),
        url="https://api.gen.pro/v1/autocontentengine/101/cells/3000/generate?agent_id=42",
        headers=GP,
        body={"generation_type": "text_generation", "data": {}},
        status=201,
        answer={"generation_id": 9000, "status": "pending"},
        ends=Status.QUEUED,
    ),
    "gen.pro Generations, generate on layer": Example(
        provider=GENPRO,
        request=TextRequest(extra={"genpro": {"layer_id": 4000, "generation_type": "audio_generation"}}),
        url="https://api.gen.pro/v1/autocontentengine/101/cells/3000/layers/4000/generate?agent_id=42",
        headers=GP,
        body={"generation_type": "audio_generation", "data": {}},
        status=201,
        answer={"generation_id": 9001, "status": "pending"},
        ends=Status.QUEUED,
    ),
    "CutX AI Generation, copy": Example(
        provider=ADGEN,
        request=TextRequest(
            prompt="Focus on the summer sale",
            platforms=("meta",),
            tone="bold",
            length="short",
            extra={"adgen": {"idempotencyKey": "user-session-abc123"}},
        ),
        url="https://ads.example.test/api/generate/copy",
        headers=AD,
        body={
            "projectId": "uuid",
            "productId": "uuid",
            "platform": "meta",
            "format": "short",
            "tone": "bold",
            "customInstructions": "Focus on the summer sale",
            "idempotencyKey": "user-session-abc123",
        },
        answer={
            "jobId": "uuid",
            "status": "completed",
            "creditsUsed": 1,
            "creditsRemaining": 24,
            "variants": [
                {
                    "hook": "Summer just got hotter.",
                    "body": "Our best-selling widget is now 50% off...",
                    "cta": "Shop the Sale",
                    "hashtags": ["#SummerSale", "#LimitedTime"],
                }
            ],
        },
        ends=Status.SUCCEEDED,
    ),
    "CutX AI Generation, static ad": Example(
        provider=ADGEN,
        request=ImageRequest(
            prompt="Summer vibes, bright background",
            style="modern",
            aspect_ratio="1:1",
            extra={"adgen": {"idempotencyKey": "static-abc123"}},
        ),
        url="https://ads.example.test/api/generate/static-ad",
        headers=AD,
        body={
            "projectId": "uuid",
            "productId": "uuid",
            "style": "modern",
            "aspectRatio": "1:1",
            "prompt": "Summer vibes, bright background",
            "idempotencyKey": "static-abc123",
        },
        answer={"jobId": "uuid", "status": "queued", "creditsUsed": 3, "creditsRemaining": 21},
        ends=Status.QUEUED,
    ),
    "CutX AI Generation, video": Example(
        provider=ADGEN,
        request=VideoRequest(
            script="Hey! You need to check out this amazing product...",
            avatar_url="https://example.com/avatar.jpg",
            voice="male-1",
            aspect_ratio="9:16",
            extra={"adgen": {"idempotencyKey": "video-abc123"}},
        ),
        url="https://ads.example.test/api/generate/video",
        headers=AD,
        body={
            "projectId": "uuid",
            "productId": "uuid",
            "script": "Hey! You need to check out this amazing product...",
            "avatarUrl": "https://example.com/avatar.jpg",
            "voiceId": "male-1",
            "aspectRatio": "9:16",
            "idempotencyKey": "video-abc123",
        },
        answer={"jobId": "uuid", "status": "queued", "creditsUsed": 40, "creditsRemaining": 60},
        ends=Status.QUEUED,
    ),
}


@pytest.fixture
def faked() -> Iterator[aioresponses]:
    with aioresponses() as fake:
        yield fake


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
async def test_the_vendors_own_example_is_sent_to_the_letter(faked: aioresponses, example: Example) -> None:
    """Field for field, with the documented headers, to the documented URL, once."""
    faked.post(example.url, status=example.status, payload=example.answer)
    if example.provider is GENPRO:  # what is in the cell before, so that a lost answer could be found
        faked.get(URL("https://api.gen.pro/v1/autocontentengine/101/cells/3000?agent_id=42"), payload={"id": 3000})
        faked.get(
            URL("https://api.gen.pro/v1/autocontentengine/101/cells/3000/layers/4000?agent_id=42"), payload={"id": 4000}
        )
    async with Hub({"a": example.provider}) as hub:
        handle = await hub.submit(example.request)

    (call,) = faked.requests[("POST", URL(example.url))]
    assert example.body == orjson.loads(call.kwargs["data"])
    sent = {name: value for name, value in call.kwargs["headers"].items() if name in example.headers}
    assert example.headers == sent
    assert "application/json" == call.kwargs["headers"]["Content-Type"]
    assert call.kwargs["allow_redirects"] is False
    assert example.ends is handle.status
    assert str(next(iter(example.answer.values()))) == handle.job.provider_id


READS = {
    "PowerPost Generations": (
        POWERPOST,
        "captions",
        GENERATION,
        f"https://powerpost.ai/api/v1/content/generations/{GENERATION}",
        {"generation_id": GENERATION, "status": "processing", "credits_used": 10},
    ),
    "gen.pro Generations": (
        GENPRO,
        "text",
        "9000",
        "https://api.gen.pro/v1/generations/9000",
        {"id": 9000, "status": "processing", "result": None, "output_resources": []},
    ),
    "CutX AI Generation": (
        ADGEN,
        "static_ad",
        "uuid",
        "https://ads.example.test/api/generate/status?jobId=uuid",
        {"id": "uuid", "type": "static_ad", "status": "processing"},
    ),
}


@pytest.mark.parametrize(("provider", "kind", "ident", "url", "answer"), READS.values(), ids=READS)
async def test_a_read_goes_where_the_vendor_says(
    faked: aioresponses, provider: Any, kind: str, ident: str, url: str, answer: dict[str, Any]
) -> None:
    """The documented path, the account's headers, nothing else."""
    from genhub import Ref

    faked.get(url, payload=answer)
    async with Hub({"a": provider}) as hub:
        snapshot = await hub.account("a").poll(Ref(id=ident, kind=kind))

    assert Status.RUNNING is snapshot.status
    assert [("GET", URL(url))] == list(faked.requests)
