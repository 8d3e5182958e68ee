"""PowerPost's adapter against its contract: sections and traps (section 12) are named where they are held."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import define, evolve, field, frozen
from attrs.exceptions import FrozenInstanceError

from genhub import (
    Adjustment,
    AuthenticationError,
    BadResponse,
    Call,
    ConfigError,
    Effect,
    GenhubError,
    ImageRequest,
    InsufficientCredits,
    Intent,
    InvalidRequest,
    JobError,
    Lookup,
    Moment,
    NotFound,
    Output,
    PermissionDenied,
    Provider,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Receipt,
    Ref,
    Request,
    Snapshot,
    SpeechRequest,
    Status,
    SubmissionUnknown,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
    WebhookHint,
    WrongState,
    capabilities,
)
from genhub._clock import SystemClock
from genhub._registry import load
from genhub.http import Http, Phase, Sessions, Wire
from genhub.sim import Fault, PowerPostSim, Scenario
from genhub_powerpost import Generation, Media, PostItem, PowerPost, Publication

_: type[Provider] = PowerPost

KEY = "pp_live_sk_YOUR_KEY_HERE"
WORKSPACE = "YOUR_WORKSPACE_ID"
ID = "550e8400-e29b-41d4-a716-446655440000"
IMAGE_ID = "7a8b9c0d-e1f2-3456-abcd-ef7890123456"
CAPTIONS = Ref(id=ID, kind="captions", path=f"/content/generations/{ID}")
NOON = datetime(2026, 1, 10, 18, 30, tzinfo=UTC)

STARTED = {
    "generation_id": ID,
    "status": "processing",
    "credits_used": 10,
    "remaining_credits": 90,
    "status_url": f"/api/v1/content/generations/{ID}",
}
RUNNING = {
    "generation_id": ID,
    "status": "processing",
    "prompt": "We just shipped dark mode",
    "platforms": ["tiktok", "instagram"],
    "research_mode": "regular",
    "credits_used": 10,
    "created_at": "2026-01-10T18:30:00Z",
}
TIKTOK = "🌙 Dark mode activated! POV: your eyes at 2am finally getting some relief... #darkmode #tech #appupdate"
INSTAGRAM = "✨ Dark mode is here!\n\nYour late-night scrolling just got easier on the eyes... #DarkMode #ProductUpdate"
DONE = {**RUNNING, "status": "completed", "outputs": {"tiktok": TIKTOK, "instagram": INSTAGRAM}}
FAILED = {
    **RUNNING,
    "status": "failed",
    "credits_used": 0,
    "error": {"code": "GENERATION_FAILED", "message": "Failed to generate content. Please try again."},
}
IMAGES = {
    "image_generation_id": "9a8b",
    "status": "completed",
    "prompt": "bowl of soup, window light",
    "size": "square",
    "quantity": 2,
    "created_at": "2026-02-03T04:06:00Z",
    "images": [
        {
            "media_id": "img-7f-01",
            "url": "https://powerpost.ai/storage/images/img-7f-01.webp",
            "thumbnail_url": "https://powerpost.ai/storage/images/img-7f-01-thumb.jpg",
            "width": 1024,
            "height": 1024,
        }
    ],
}
VIDEO = {
    "video_generation_id": "v-1",
    "status": "completed",
    "prompt": "soup",
    "size": "landscape",
    "duration": 5,
    "has_audio": True,
    "model": "kling-3.0-pro",
    "created_at": "2026-02-03T04:06:00Z",
    "video": {
        "media_id": "vid-1",
        "url": "https://powerpost.ai/storage/v.mp4",
        "thumbnail_url": "https://powerpost.ai/storage/v.jpg",
        "width": 1920,
        "height": 1080,
        "duration": 5,
    },
}


@define
class Still:
    """A clock that moves only by sleeping."""

    now: float = 1_768_069_800.0
    slept: list[float] = field(factory=list[float])

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@frozen
class Asked:
    """A request as it came over the wire."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@define
class Vendor:
    """A server that answers as told, and remembers what it was asked."""

    url: str = ""
    asked: list[Asked] = field(factory=list[Asked])
    queue: deque[web.Response] = field(factory=deque[web.Response])
    at: dict[str, Any] = field(factory=dict[str, Any])

    def says(self, data: Any, status: int = 200, **headers: str) -> None:
        body = data if isinstance(data, bytes) else orjson.dumps(data)
        head = {name.replace("_", "-"): value for name, value in headers.items()}
        self.queue.append(web.Response(status=status, body=body, headers={"X-Request-Id": "req-7", **head}))

    async def handle(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/api/v1")
        self.asked.append(Asked(request.method, path, dict(request.query), request.headers, await request.read()))
        if path in self.at:
            return web.json_response(self.at[path])
        return self.queue.popleft()

    @property
    def only(self) -> Asked:
        (asked,) = self.asked
        return asked


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", vendor.handle)
    async with TestServer(app) as server:
        vendor.url = str(server.make_url("/api/v1"))
        yield vendor


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
def powerpost(vendor: Vendor) -> PowerPost:
    return PowerPost(api_key=KEY, workspace_id=WORKSPACE, base_url=vendor.url)


@pytest.fixture
async def http(powerpost: PowerPost, clock: Still) -> AsyncIterator[Http]:
    sessions = Sessions()
    yield Http(sessions, powerpost, account="main", clock=clock, secrets=(powerpost.api_key,), retries=1)
    await sessions.close()


def prepare(request: Request, *, adjust: bool = False) -> Call:
    return PowerPost(api_key=KEY, workspace_id=WORKSPACE).prepare(request, "key-1", adjust=adjust)


def refusal(request: Request, *, adjust: bool = False) -> UnsupportedRequest:
    with pytest.raises(UnsupportedRequest) as caught:
        prepare(request, adjust=adjust)
    assert "powerpost" == caught.value.provider
    return caught.value


def text(**more: Any) -> TextRequest:
    return TextRequest(**{"prompt": "Dark mode is here", "platforms": ("x",), **more})


def error(code: str, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, **more}}


class TestSettings:
    def test_it_is_found_by_its_entry_point(self) -> None:
        """The core loads it by name, as it would a third party's."""
        assert PowerPost is load("powerpost")

    def test_can_do_what_its_contract_has(self) -> None:
        """Sections 3, 5 and 13: no stop, no resume, no replay; a list, a balance, webhooks."""
        assert ("balance", "poll_many", "lookup", "inventory", "webhook") == capabilities(PowerPost)

    def test_is_frozen(self, powerpost: PowerPost) -> None:
        """Settings do not change under a running job."""
        with pytest.raises(FrozenInstanceError):
            powerpost.workspace_id = "other"  # type: ignore[misc]

    def test_default_address(self) -> None:
        """Section 1: the base with its version."""
        assert "https://powerpost.ai/api/v1" == PowerPost(api_key=KEY, workspace_id=WORKSPACE).base_url

    def test_the_key_does_not_show(self, powerpost: PowerPost) -> None:
        """Neither in the repr nor in text."""
        assert KEY not in f"{powerpost!r} {powerpost}"

    @pytest.mark.parametrize("empty", [{"api_key": " "}, {"workspace_id": ""}])
    def test_an_empty_setting_is_named(self, empty: dict[str, str]) -> None:
        """Section 1: both are needed for every content endpoint."""
        with pytest.raises(ConfigError) as caught:
            PowerPost(**{"api_key": KEY, "workspace_id": WORKSPACE, **empty})

        assert list(empty) == [caught.value.where]

    def test_reads_as_seldom_as_advised(self) -> None:
        """Section 10: captions and images every 2 s, videos every 10 s."""
        assert {"captions": 2.0, "image": 2.0, "video": 10.0} == PowerPost.poll_every


class TestBilling:
    @pytest.mark.parametrize(
        ("moment", "kind", "outputs", "effect"),
        [
            (Moment.SUBMIT, "captions", False, Effect.CHARGE),
            (Moment.SUBMIT, "video", False, Effect.CHARGE),
            (Moment.SUCCEEDED, "image", True, Effect.NOTHING),
            (Moment.FAILED, "captions", False, Effect.REFUND),
            (Moment.FAILED, "video", False, Effect.REFUND),
            (Moment.FAILED, "image", True, Effect.PARTIAL),
            (Moment.FAILED, "image", False, Effect.REFUND),
            (Moment.CANCELED, "captions", False, Effect.UNKNOWN),
            (Moment.STOPPED, "video", False, Effect.UNKNOWN),
        ],
    )
    def test_rules(self, moment: Moment, kind: str, outputs: bool, effect: Effect) -> None:
        """Section 4, moment by moment; what has no word in section 3 has no rule."""
        assert effect is PowerPost.billing.rule(moment, kind, outputs=outputs).effect

    def test_every_rule_has_its_source(self) -> None:
        """Section 4: no price is a fact, every rule is."""
        assert {} == PowerPost.billing.prices
        assert "2026-11-23" == PowerPost.billing.checked
        assert all("contract 4" in rule.source for rule in PowerPost.billing.rules)

    def test_no_idempotency(self) -> None:
        """Section 5 and trap 20: none is documented, and the profile says so."""
        assert PowerPost.billing.idempotency.startswith("none")


class TestCaptionsCall:
    def test_quickstart(self) -> None:
        """Section 2.1, the Quickstart's own example, field for field."""
        request = TextRequest(
            prompt="We just launched dark mode for our app", platforms=("tiktok:video", "instagram:reel")
        )

        assert prepare(request) == Call(
            kind="captions",
            path="/content/generate",
            body={
                "prompt": "We just launched dark mode for our app",
                "post_types": ["tiktok-video", "instagram-reel"],
                "research_mode": "regular",
            },
        )

    def test_everything(self) -> None:
        """Section 2.1: all fields that there are, those without a neutral name by `extra`."""
        request = text(
            sources=("https://example.com/a",),
            media=("img-001-abcd-efgh",),
            extra={
                "powerpost": {"research_mode": "deep", "writing_style_id": "ws-9", "cta_text": "Go"},
                "genpro": {"cell_id": 3},
            },
        )

        assert {
            "prompt": "Dark mode is here",
            "media_ids": ["img-001-abcd-efgh"],
            "post_types": ["x-post"],
            "research_mode": "deep",
            "source_urls": ["https://example.com/a"],
            "writing_style_id": "ws-9",
            "cta_text": "Go",
        } == prepare(request).body

    def test_research_mode_is_always_sent(self) -> None:
        """Trap 14: required, though one of the vendor's examples leaves it out."""
        assert "regular" == prepare(TextRequest(media=("m1",), platforms="x")).body["research_mode"]

    @pytest.mark.parametrize(
        ("platform", "post_type"),
        [
            ("instagram", "instagram-feed"),
            ("instagram:feed", "instagram-feed"),
            ("instagram:reel", "instagram-reel"),
            ("instagram:story", "instagram-story"),
            ("tiktok", "tiktok-video"),
            ("tiktok:video", "tiktok-video"),
            ("tiktok:photos", "tiktok-photos"),
            ("youtube", "youtube-video"),
            ("youtube:video", "youtube-video"),
            ("youtube:short", "youtube-short"),
            ("x", "x-post"),
            ("x:post", "x-post"),
            ("facebook", "facebook-post"),
            ("facebook:post", "facebook-post"),
            ("facebook:reel", "facebook-reel"),
            ("facebook:story", "facebook-story"),
            ("linkedin", "linkedin-post"),
            ("linkedin:post", "linkedin-post"),
        ],
    )
    def test_platforms(self, platform: str, post_type: str) -> None:
        """Section 2.1 and trap 7: post types are sent, platforms are what one asks for."""
        assert [post_type] == prepare(text(platforms=platform)).body["post_types"]

    def test_a_post_type_is_asked_for_once(self) -> None:
        """Two names of one thing are one."""
        assert ["x-post", "tiktok-video"] == prepare(text(platforms=("x", "tiktok", "x:post"))).body["post_types"]

    @pytest.mark.parametrize("platform", ["threads", "x:reel", "instagram:", "instagram-reel", "Instagram", ":"])
    @pytest.mark.parametrize("adjust", [False, True])
    def test_an_unknown_platform_is_refused(self, platform: str, adjust: bool) -> None:
        """Never dropped: the text for it would be missing."""
        said = refusal(text(platforms=("x", platform)), adjust=adjust)

        assert "platforms" == said.field
        assert repr(platform) in str(said)

    def test_without_platforms(self) -> None:
        """Section 2.1: at least one post type is required."""
        assert "platforms" == refusal(TextRequest(prompt="hello")).field

    def test_extra_post_types_do_instead(self) -> None:
        """The vendor's own words pass as they are, even for platforms that we do not know."""
        extra = {"powerpost": {"post_types": ["instagram-reel", "threads-post"]}}

        assert ["instagram-reel", "threads-post"] == prepare(TextRequest(prompt="hi", extra=extra)).body["post_types"]
        assert ["instagram-reel", "threads-post"] == prepare(text(platforms="threads", extra=extra)).body["post_types"]

    def test_prompt_or_media(self) -> None:
        """Section 2.1: one of the two must be there."""
        assert "prompt" == refusal(TextRequest(platforms=("x",))).field
        assert "prompt" not in prepare(TextRequest(platforms=("x",), media=("m1",))).body

    @pytest.mark.parametrize(
        ("name", "value"), [("tone", "bold"), ("length", "short"), ("count", 3), ("language", "de")]
    )
    def test_what_it_has_no_field_for(self, name: str, value: Any) -> None:
        """Refused when strict, dropped and named when changes are allowed."""
        request = text(**{name: value})

        assert name == refusal(request).field
        call = prepare(request, adjust=True)
        assert prepare(text()).body == call.body
        assert (Adjustment(field=name, asked=value, sent=None, why=f"has no field for {name}"),) == call.adjustments

    def test_a_count_of_one_is_what_it_does(self) -> None:
        """One text for each platform."""
        assert prepare(text()) == prepare(text(count=1))

    @pytest.mark.parametrize("media", ["https://example.com/a.jpg", "./a.jpg", "a.png", "data:image/png;base64,x"])
    @pytest.mark.parametrize("adjust", [False, True])
    def test_media_are_ids(self, media: str, adjust: bool) -> None:
        """Section 2.7: a file has to be uploaded first, and the refusal says how."""
        for request, name in (
            (text(media=(media,)), "media"),
            (ImageRequest(prompt="p", references=(media,)), "references"),
            (VideoRequest(prompt="p", duration=5, image=media), "image"),
        ):
            said = refusal(request, adjust=adjust)
            assert name == said.field
            assert "upload_media" in str(said)

    def test_extra_media_do_instead(self) -> None:
        """The vendor's own fields pass as they are."""
        of_text = text(media=("./a.jpg",), extra={"powerpost": {"media_ids": ["m1"]}})
        of_image = ImageRequest(prompt="p", references=("./a.jpg",), extra={"powerpost": {"style_images": ["m2"]}})

        assert ["m1"] == prepare(of_text).body["media_ids"]
        assert ["m2"] == prepare(of_image).body["style_images"]

    def test_no_limit_of_the_vendors_is_copied(self) -> None:
        """Trap 15: the prompt's limit was 500, then 2,000; the vendor judges."""
        assert 9000 == len(prepare(text(prompt="x" * 9000)).body["prompt"])
        assert 99 == prepare(ImageRequest(prompt="p", count=99)).body["quantity"]

    def test_an_image_may_go_to_a_video_format(self) -> None:
        """Trap 16: the Quickstart does that; nothing here objects."""
        assert ["img-1"] == prepare(text(platforms=("instagram:reel", "tiktok"), media=("img-1",))).body["media_ids"]

    def test_the_key_goes_nowhere(self) -> None:
        """Trap 20: there is no idempotency, in no header and in no field."""
        call = prepare(text())

        assert {} == call.headers
        assert "key-1" not in repr(call)


class TestImageCall:
    def test_quickstart(self) -> None:
        """Section 2.4, the Quickstart's own example: post mode, without a prompt."""
        request = ImageRequest(aspect_ratio="9:16", count=1, extra={"powerpost": {"generation_id": ID}})

        assert prepare(request) == Call(
            kind="image", path="/images/generate", body={"generation_id": ID, "size": "portrait", "quantity": 1}
        )

    def test_reference_mode(self) -> None:
        """Section 2.4: a prompt and media ids of a style."""
        request = ImageRequest(prompt="soup", references=("m1", "m2"), extra={"powerpost": {"model": "ideogram-3"}})

        assert {"prompt": "soup", "style_images": ["m1", "m2"], "model": "ideogram-3"} == prepare(request).body

    @pytest.mark.parametrize(
        ("ratio", "size"),
        [("1:1", "square"), ("4:5", "feed"), ("9:16", "portrait"), ("16:9", "landscape"), ("1920:1080", "landscape")],
    )
    def test_sizes(self, ratio: str, size: str) -> None:
        """Section 2.4: four sizes, each a ratio."""
        assert prepare(ImageRequest(prompt="p", aspect_ratio=ratio)) == Call(
            kind="image", path="/images/generate", body={"prompt": "p", "size": size}
        )

    @pytest.mark.parametrize(
        ("ratio", "sent", "size"),
        [("3:2", "16:9", "landscape"), ("2:3", "9:16", "portrait"), ("3:4", "4:5", "feed"), ("21:20", "1:1", "square")],
    )
    def test_the_nearest_size(self, ratio: str, sent: str, size: str) -> None:
        """Another ratio is refused; where changes are allowed, the nearest is sent and named."""
        request = ImageRequest(prompt="p", aspect_ratio=ratio)

        assert "aspect_ratio" == refusal(request).field
        call = prepare(request, adjust=True)
        assert size == call.body["size"]
        (change,) = call.adjustments
        assert ("aspect_ratio", ratio, sent) == (change.field, change.asked, change.sent)

    @pytest.mark.parametrize("ratio", ["wide", "1:0", "0:1", "16/9", "1:1:1"])
    def test_what_is_no_ratio(self, ratio: str) -> None:
        """Nothing is near to that."""
        assert "aspect_ratio" == refusal(ImageRequest(prompt="p", aspect_ratio=ratio), adjust=True).field

    def test_extra_size_does_instead(self) -> None:
        """The vendor's own field is not translated."""
        request = ImageRequest(prompt="p", aspect_ratio="3:2", extra={"powerpost": {"size": "panorama"}})

        assert {"prompt": "p", "size": "panorama"} == prepare(request).body

    def test_style(self) -> None:
        """Section 2.4 has no field for it: refused, or written into the prompt and named."""
        request = ImageRequest(prompt="soup", style="watercolour")

        assert "style" == refusal(request).field
        call = prepare(request, adjust=True)
        assert "soup\n\nStyle: watercolour" == call.body["prompt"]
        (change,) = call.adjustments
        assert ("style", "watercolour", call.body["prompt"]) == (change.field, change.asked, change.sent)

    def test_style_in_post_mode(self) -> None:
        """A prompt is optional there: the style alone becomes one; the vendor's own prompt is left alone."""
        extra: dict[str, Any] = {"generation_id": ID}
        request = ImageRequest(style="ink", extra={"powerpost": extra})

        assert "Style: ink" == prepare(request, adjust=True).body["prompt"]
        call = prepare(evolve(request, extra={"powerpost": {**extra, "prompt": "mine"}}), adjust=True)
        assert "mine" == call.body["prompt"]
        assert [None] == [change.sent for change in call.adjustments]

    def test_prompt_is_needed(self) -> None:
        """Section 2.4: except in post mode."""
        assert "prompt" == refusal(ImageRequest(count=1)).field


class TestVideoCall:
    def test_everything(self) -> None:
        """Section 2.6, field for field."""
        request = VideoRequest(
            prompt="soup",
            duration=5,
            aspect_ratio="9:16",
            audio=True,
            image="m1",
            extra={"powerpost": {"model": "veo-3.1", "enhance_prompt": True}},
        )

        assert prepare(request) == Call(
            kind="video",
            path="/videos/generate",
            body={
                "prompt": "soup",
                "duration": 5,
                "size": "portrait",
                "has_audio": True,
                "source_image": "m1",
                "model": "veo-3.1",
                "enhance_prompt": True,
            },
        )

    def test_duration_is_a_whole_number_on_the_wire(self) -> None:
        """Section 2.6: integer seconds."""
        body = prepare(VideoRequest(prompt="p", duration=5.0)).body

        assert b'{"prompt":"p","duration":5}' == orjson.dumps(body)

    def test_duration_is_not_made_up(self) -> None:
        """Section 2.6: required, and which there are depends on the model; `extra` may say it."""
        assert "duration" == refusal(VideoRequest(prompt="p"), adjust=True).field
        assert 8 == prepare(VideoRequest(prompt="p", extra={"powerpost": {"duration": 8}})).body["duration"]

    def test_parts_of_seconds(self) -> None:
        """Refused, or rounded and named."""
        request = VideoRequest(prompt="p", duration=7.6)

        assert "duration" == refusal(request).field
        call = prepare(request, adjust=True)
        assert (8, 7.6, 8) == (call.body["duration"], call.adjustments[0].asked, call.adjustments[0].sent)
        assert 1 == prepare(evolve(request, duration=0.2), adjust=True).body["duration"]

    def test_silence_is_asked_for(self) -> None:
        """`audio=False` is not "not asked for"."""
        assert prepare(VideoRequest(prompt="p", duration=5, audio=False)).body["has_audio"] is False

    @pytest.mark.parametrize("ratio", ["1:1", "4:5", "21:9"])
    def test_two_sizes_only(self, ratio: str) -> None:
        """Section 2.6: landscape and portrait."""
        request = VideoRequest(prompt="p", duration=5, aspect_ratio=ratio)

        assert "aspect_ratio" == refusal(request).field
        expected = "portrait" if ratio == "4:5" else "landscape"
        assert expected == prepare(request, adjust=True).body["size"]

    @pytest.mark.parametrize("adjust", [False, True])
    def test_a_script_is_never_dropped(self, adjust: bool) -> None:
        """It is what the video is about."""
        request = VideoRequest(prompt="p", script="Hello there", duration=5)

        assert "script" == refusal(request, adjust=adjust).field

    @pytest.mark.parametrize("name", ["avatar_url", "voice"])
    def test_what_it_has_no_field_for(self, name: str) -> None:
        """Section 2.6."""
        request = VideoRequest(prompt="p", duration=5, **{name: "v"})  # type: ignore[arg-type]

        assert name == refusal(request).field
        call = prepare(request, adjust=True)
        assert {"prompt": "p", "duration": 5} == call.body
        assert [(name, "v", None)] == [(each.field, each.asked, each.sent) for each in call.adjustments]

    def test_prompt_is_needed(self) -> None:
        """Section 2.6."""
        assert "prompt" == refusal(VideoRequest(duration=5)).field

    def test_no_speech(self) -> None:
        """Section 2 has no such endpoint."""
        assert "speech" in str(refusal(SpeechRequest(script="hi"), adjust=True))


class TestSubmit:
    async def test_on_the_wire(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.1, the Quickstart's curl: method, path, headers, body."""
        vendor.says(STARTED)
        request = TextRequest(
            prompt="We just launched dark mode for our app", platforms=("tiktok:video", "instagram:reel")
        )

        await powerpost.submit(http, powerpost.prepare(request, "key-1", adjust=False))

        asked = vendor.only
        assert ("POST", "/content/generate", {}) == (asked.method, asked.path, asked.query)
        assert (KEY, WORKSPACE) == (asked.headers["x-api-key"], asked.headers["X-Workspace-Id"])
        assert "application/json" == asked.headers["Content-Type"]
        assert {
            "prompt": "We just launched dark mode for our app",
            "post_types": ["tiktok-video", "instagram-reel"],
            "research_mode": "regular",
        } == asked.json

    async def test_captions_receipt(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Sections 2.1 and 4, trap 1: `processing` at once, charged at once; section 8: the request's id."""
        vendor.says(STARTED)

        receipt = await powerpost.submit(http, prepare(text()))

        assert CAPTIONS == receipt.ref
        assert (Status.RUNNING, "processing") == (receipt.status, receipt.raw_status)
        assert (Decimal(10), Decimal(90)) == (receipt.charged, receipt.balance)
        assert ("req-7", False, ()) == (receipt.request_id, receipt.reused, receipt.outputs)

    @pytest.mark.parametrize(
        ("request_", "field_", "path"),
        [
            (text(), "generation_id", "/content/generations/a"),
            (ImageRequest(prompt="p"), "image_generation_id", "/images/generations/a"),
            (VideoRequest(prompt="p", duration=5), "video_generation_id", "/videos/generations/a"),
        ],
        ids=["captions", "image", "video"],
    )
    async def test_three_names_of_an_id(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, request_: Request, field_: str, path: str
    ) -> None:
        """Trap 17: three id fields and three read paths; the wrong field's id is not taken."""
        vendor.says({**STARTED, "generation_id": "another", field_: "a"})

        receipt = await powerpost.submit(http, prepare(request_))

        assert ("a", path) == (receipt.ref.id, receipt.ref.path)

    async def test_the_status_url_is_not_followed(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 8: it is relative to the origin and repeats `/api/v1`; the path comes from kind and id."""
        vendor.says({**STARTED, "status_url": "/api/v1/elsewhere"})
        receipt = await powerpost.submit(http, prepare(text()))
        vendor.says(DONE)

        await powerpost.poll(http, receipt.ref)

        assert f"/content/generations/{ID}" == vendor.asked[1].path

    @pytest.mark.parametrize("amount", [None, "lots", -3, True, [], {"a": 1}])
    async def test_an_odd_charge_is_a_submitted_job(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, amount: Any
    ) -> None:
        """What can't be read as an amount was charged all the same: not said, never zero."""
        vendor.says({**STARTED, "credits_used": amount, "remaining_credits": amount})

        receipt = await powerpost.submit(http, prepare(text()))

        assert (ID, None, None) == (receipt.ref.id, receipt.charged, receipt.balance)

    @pytest.mark.parametrize(("word", "raw"), [("marinating", "marinating"), (None, ""), (7, "")])
    async def test_an_odd_status_is_a_submitted_job(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, word: Any, raw: str
    ) -> None:
        """The id is what counts: nothing that was bought is lost for a word."""
        vendor.says({**STARTED, "status": word})

        receipt = await powerpost.submit(http, prepare(text()))

        assert (Status.UNKNOWN, raw) == (receipt.status, receipt.raw_status)

    async def test_unknown_fields_never_hurt(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """The vendor adds fields as it goes (section 0)."""
        vendor.says({**STARTED, "eta": 3, "trace": {"region": "eu"}})

        assert ID == (await powerpost.submit(http, prepare(text()))).ref.id

    @pytest.mark.parametrize("data", [{"status": "processing"}, {**STARTED, "generation_id": None}, [], "ok", None])
    async def test_an_answer_without_an_id_is_no_receipt(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, data: Any
    ) -> None:
        """BadResponse after the bytes left: the core keeps it in doubt."""
        vendor.says(data)
        wire = Wire()

        with pytest.raises(BadResponse) as caught:
            await powerpost.submit(http.watched(wire), prepare(text()))

        assert orjson.dumps(data).decode() == caught.value.raw
        assert (Phase.ANSWERED, False) == (wire.phase, wire.nothing_was_made)

    @pytest.mark.parametrize("status", [201, 202, 204])
    async def test_only_200_is_a_success(self, vendor: Vendor, powerpost: PowerPost, http: Http, status: int) -> None:
        """Trap 11: everything succeeds with 200; another 2xx is in doubt."""
        vendor.says(STARTED if status != 204 else b"", status)

        with pytest.raises(SubmissionUnknown):
            await powerpost.submit(http, prepare(text()))

    async def test_it_is_sent_once(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 20: a 500 says nothing about the charge; nothing is sent again."""
        vendor.says(error("INTERNAL_ERROR"), 500)

        with pytest.raises(SubmissionUnknown):
            await powerpost.submit(http, prepare(text()))

        assert 1 == len(vendor.asked)


CODES: list[tuple[int, str, type[ProviderError]]] = [
    (400, "VALIDATION_ERROR", InvalidRequest),
    (401, "INVALID_API_KEY", AuthenticationError),
    (402, "INSUFFICIENT_CREDITS", InsufficientCredits),
    (403, "FORBIDDEN", PermissionDenied),
    (403, "INSUFFICIENT_SCOPE", PermissionDenied),
    (404, "NOT_FOUND", NotFound),
    (409, "ALREADY_PUBLISHED", WrongState),
    (413, "FILE_TOO_LARGE", InvalidRequest),
    (413, "STORAGE_QUOTA_EXCEEDED", InvalidRequest),
    (422, "PLATFORM_NOT_CONNECTED", InvalidRequest),
    (429, "RATE_LIMIT_EXCEEDED", RateLimited),
    (500, "INTERNAL_ERROR", ProviderUnavailable),
]


class TestErrors:
    @pytest.mark.parametrize(("status", "code", "kind"), CODES, ids=[code for _, code, _ in CODES])
    async def test_codes(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, status: int, code: str, kind: type[ProviderError]
    ) -> None:
        """Section 6, and trap 13 for the 401 and the 403s: by the vendor's code, with its message and request id."""
        for _ in range(2):  # a read may be sent again
            vendor.says(error(code, f"Because {code}"), status)

        with pytest.raises(ProviderError) as caught:
            await powerpost.poll(http, CAPTIONS)

        said = caught.value
        assert (kind, code, status, "req-7", "main") == (
            type(said), said.code, said.http_status, said.request_id, said.account,
        )  # fmt: skip
        assert f"Because {code}" == said.message

    def test_every_code_is_tested(self) -> None:
        """The table here and the adapter's say the same."""
        assert {code: kind for _, code, kind in CODES} == PowerPost.dialect.codes

    async def test_the_wait_is_in_the_body(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, clock: Still
    ) -> None:
        """Section 7 and trap 10: `error.retryAfter`, camelCase, seconds; a read waits for it and goes on."""
        vendor.says(error("RATE_LIMIT_EXCEEDED", "Rate limit exceeded", retryAfter=45), 429)
        vendor.says(DONE)

        await powerpost.poll(http, CAPTIONS)

        assert 45 <= sum(clock.slept) < 60

    async def test_the_header_wins(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 7: an undocumented `Retry-After` is honoured when it is there."""
        vendor.says(error("RATE_LIMIT_EXCEEDED", retryAfter=45), 429, Retry_After="7")

        with pytest.raises(RateLimited) as caught:
            await powerpost.submit(http, prepare(text()))

        assert 7 == caught.value.retry_after

    async def test_it_paces_by_the_headers(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, clock: Still
    ) -> None:
        """Section 7: when none remain, the next call waits until the reset."""
        date, reset = formatdate(clock.now, usegmt=True), str(int(clock.now) + 20)
        vendor.says(RUNNING, X_RateLimit_Limit="30", X_RateLimit_Remaining="0", X_RateLimit_Reset=reset, Date=date)
        vendor.says(DONE)

        await powerpost.poll(http, CAPTIONS)
        await powerpost.poll(http, CAPTIONS)

        assert 15 <= sum(clock.slept) <= 21

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
            (b"", "HTTP 404"),
            (b'{"error":"nope"}', "nope"),
            (b'{"message":"nope"}', "nope"),
            (b'{"error":{"code":7,"message":null,"retryAfter":"soon"}}', "HTTP 404"),
            (b"[1]", "HTTP 404"),
            (b"null", "HTTP 404"),
        ],
    )
    async def test_other_forms(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, body: bytes, message: str
    ) -> None:
        """A proxy in between does not know the envelope of section 6: then the status decides."""
        vendor.says(body, 404)

        with pytest.raises(NotFound) as caught:
            await powerpost.poll(http, CAPTIONS)

        assert message == caught.value.message

    async def test_secrets_stay(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """A key that the vendor repeats in an answer is masked in errors and raw texts."""
        vendor.says(error("INVALID_API_KEY", f"Invalid key {KEY}"), 401)
        vendor.says({"status": 7, "key": KEY})
        vendor.says([KEY])
        caught: list[GenhubError] = []
        for ref in (CAPTIONS, CAPTIONS, evolve(CAPTIONS, kind="image")):
            with pytest.raises(GenhubError) as info:
                await powerpost.poll(http, ref)
            caught.append(info.value)

        everything = " ".join(f"{each} {each!r} {each.facts()} {getattr(each, 'raw', '')}" for each in caught)
        assert 3 == len(caught)
        assert KEY not in everything
        assert "***" in everything


class TestPoll:
    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("pending", Status.QUEUED),
            ("processing", Status.RUNNING),
            ("completed", Status.SUCCEEDED),
            ("failed", Status.FAILED),
            ("cancelled", Status.UNKNOWN),
            ("marinating", Status.UNKNOWN),
            ("Completed", Status.UNKNOWN),
        ],
    )
    @pytest.mark.parametrize("kind", ["captions", "image", "video"])
    async def test_every_word(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, kind: str, word: str, status: Status
    ) -> None:
        """Section 3, all three kinds; an invented word is unknown, not final, and kept."""
        vendor.says({"status": word})

        snapshot = await powerpost.poll(http, evolve(CAPTIONS, kind=kind))

        assert (status, word) == (snapshot.status, snapshot.raw_status)
        assert snapshot.complete

    async def test_pending_after_processing(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 1: the submit says `processing`, a later read may say `pending`."""
        vendor.says(STARTED)
        receipt = await powerpost.submit(http, prepare(text()))
        vendor.says({**RUNNING, "status": "pending"})

        snapshot = await powerpost.poll(http, receipt.ref)

        assert (Status.RUNNING, Status.QUEUED) == (receipt.status, snapshot.status)

    async def test_on_the_wire(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.3, the Generations page's curl."""
        vendor.says(RUNNING)

        snapshot = await powerpost.poll(http, CAPTIONS)

        asked = vendor.only
        assert ("GET", f"/content/generations/{ID}", {}, b"") == (asked.method, asked.path, asked.query, asked.body)
        assert (KEY, WORKSPACE) == (asked.headers["x-api-key"], asked.headers["X-Workspace-Id"])
        assert (CAPTIONS, None, (), None) == (snapshot.ref, snapshot.cost, snapshot.outputs, snapshot.error)

    async def test_captions(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.3 completed, field for field; the hashtags stay in the text."""
        vendor.says(DONE)

        snapshot = await powerpost.poll(http, CAPTIONS)

        assert (
            Output(kind="text", platform="tiktok", text=TIKTOK),
            Output(kind="text", platform="instagram", text=INSTAGRAM),
        ) == snapshot.outputs
        assert (Decimal(10), None, "req-7") == (snapshot.cost, snapshot.error, snapshot.request_id)

    async def test_youtube_is_an_object(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 6: a title and a description, where the others are strings."""
        parts = {"title": "We Just Shipped Dark Mode", "description": "Dark mode is finally here... #darkmode"}
        vendor.says({**DONE, "outputs": {"youtube": parts}})

        (output,) = (await powerpost.poll(http, CAPTIONS)).outputs

        assert ("youtube", parts["title"], parts["description"]) == (output.platform, output.title, output.text)
        assert ({}, parts) == (output.fields, output.raw)

    async def test_other_shapes(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 7: keyed by platform; a platform and a shape that we do not know are shown as they came."""
        vendor.says(
            {
                **DONE,
                "outputs": {"threads": "hi", "x": {"title": "t", "thread": ["a", "b"]}, "tiktok": ["a"], "q": None},
            }
        )

        outputs = {each.platform: each for each in (await powerpost.poll(http, CAPTIONS)).outputs}

        assert "hi" == outputs["threads"].text
        assert ("t", None, {"thread": ["a", "b"]}) == (outputs["x"].title, outputs["x"].text, outputs["x"].fields)
        assert (None, ["a"]) == (outputs["tiktok"].text, outputs["tiktok"].raw)
        assert (None, None) == (outputs["q"].text, outputs["q"].raw)

    @pytest.mark.parametrize(("outputs", "raws"), [(None, []), ([], [[]]), ("text", ["text"])])
    async def test_odd_outputs(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, outputs: Any, raws: list[Any]
    ) -> None:
        """A job that is done is done, whatever it shows."""
        vendor.says({**DONE, "outputs": outputs})

        snapshot = await powerpost.poll(http, CAPTIONS)

        assert Status.SUCCEEDED is snapshot.status
        assert raws == [each.raw for each in snapshot.outputs]

    async def test_failed(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.3 failed. Trap 2: `credits_used` 0 is the final cost. Trap 12: a 200 with an `error`."""
        vendor.says(FAILED)

        snapshot = await powerpost.poll(http, CAPTIONS)

        assert (Status.FAILED, Decimal(0), ()) == (snapshot.status, snapshot.cost, snapshot.outputs)
        assert (
            JobError(
                kind="vendor",
                code="GENERATION_FAILED",
                message="Failed to generate content. Please try again.",
                request_id="req-7",
            )
            == snapshot.error
        )

    @pytest.mark.parametrize(
        ("said", "code", "message"),
        [
            (None, None, "failed; PowerPost gave no reason"),
            ({}, None, "failed; PowerPost gave no reason"),
            ("out of ideas", None, "out of ideas"),
            ({"code": "X"}, "X", "failed; PowerPost gave no reason"),
        ],
    )
    async def test_failed_without_a_reason(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, said: Any, code: str | None, message: str
    ) -> None:
        """Section 2.5: whether images say `error` is not documented."""
        vendor.says({**FAILED, "error": said})

        found = (await powerpost.poll(http, CAPTIONS)).error

        assert found is not None
        assert (code, message) == (found.code, found.message)

    async def test_an_error_beside_a_job_that_goes_on(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 12, vice versa: the status decides, not an `error` key."""
        vendor.says({**RUNNING, "error": {"code": "SCRAPE_FAILED", "message": "one source"}})

        snapshot = await powerpost.poll(http, CAPTIONS)

        assert (Status.RUNNING, None) == (snapshot.status, snapshot.error)

    async def test_cheaper_in_the_end(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 3: a success may cost less than the submit said; before the end no cost is reported."""
        vendor.says({**RUNNING, "credits_used": 10})
        vendor.says({**DONE, "credits_used": 8})

        costs = [(await powerpost.poll(http, CAPTIONS)).cost for _ in range(2)]

        assert [None, Decimal(8)] == costs

    async def test_images(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.5, field for field. Trap 18: the id stays, and no date of death is made up for the URL."""
        vendor.says(IMAGES)

        snapshot = await powerpost.poll(http, Ref(id="9a8b", kind="image"))

        assert "/images/generations/9a8b" == vendor.only.path
        assert (
            Output(
                kind="image",
                provider_id="img-7f-01",
                url="https://powerpost.ai/storage/images/img-7f-01.webp",
                thumbnail_url="https://powerpost.ai/storage/images/img-7f-01-thumb.jpg",
                width=1024,
                height=1024,
                raw=IMAGES["images"][0],  # type: ignore[index]
            ),
        ) == snapshot.outputs
        assert (Status.SUCCEEDED, None) == (snapshot.status, snapshot.cost)

    async def test_partial_images(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 4: failed, and images all the same; the cost only if it is said."""
        vendor.says({**IMAGES, "status": "failed"})
        vendor.says({**IMAGES, "status": "failed", "credits_used": 9})

        ref = Ref(id="9a8b", kind="image")
        silent, said = await powerpost.poll(http, ref), await powerpost.poll(http, ref)

        assert (Status.FAILED, ["img-7f-01"]) == (silent.status, [each.provider_id for each in silent.outputs])
        assert (None, Decimal(9)) == (silent.cost, said.cost)
        assert silent.error is not None

    async def test_odd_images(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """One picture that is not as documented does not hide the others, nor itself."""
        images = [{"url": "https://a"}, "https://b", {"url": ["c"]}, {"media_id": 7, "width": None}]
        vendor.says({"image_generation_id": "9a8b", "status": "completed", "images": images})
        vendor.says({"image_generation_id": "9a8b", "status": "completed", "images": None})

        ref = Ref(id="9a8b", kind="image")
        outputs = (await powerpost.poll(http, ref)).outputs

        assert ["https://a", None, None, None] == [each.url for each in outputs]
        assert images == [each.raw for each in outputs]
        assert "7" == outputs[3].provider_id
        assert () == (await powerpost.poll(http, ref)).outputs

    async def test_no_images_before_the_end(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.5: outputs count when the job is done."""
        vendor.says({**IMAGES, "status": "processing"})

        assert () == (await powerpost.poll(http, Ref(id="9a8b", kind="image"))).outputs

    async def test_video(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.6, field for field."""
        vendor.says(VIDEO)

        snapshot = await powerpost.poll(http, Ref(id="v-1", kind="video"))

        assert "/videos/generations/v-1" == vendor.only.path
        assert (
            Output(
                kind="video",
                provider_id="vid-1",
                url="https://powerpost.ai/storage/v.mp4",
                thumbnail_url="https://powerpost.ai/storage/v.jpg",
                width=1920,
                height=1080,
                duration=5.0,
                raw=VIDEO["video"],
            ),
        ) == snapshot.outputs

    async def test_failed_video(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.6: its own code; a video that is not there is no output."""
        vendor.says({"video_generation_id": "v-1", "status": "failed", **error("VIDEO_GENERATION_FAILED")})
        vendor.says({"video_generation_id": "v-1", "status": "completed"})

        ref = Ref(id="v-1", kind="video")
        snapshot = await powerpost.poll(http, ref)

        assert snapshot.error is not None
        assert ("VIDEO_GENERATION_FAILED", ()) == (snapshot.error.code, snapshot.outputs)
        assert () == (await powerpost.poll(http, ref)).outputs

    @pytest.mark.parametrize("data", [[], {}, {"status": None}, {"status": 1}, "completed", None])
    async def test_what_is_no_job(self, vendor: Vendor, powerpost: PowerPost, http: Http, data: Any) -> None:
        """A read that can't be understood changes nothing."""
        vendor.says(data)

        with pytest.raises(BadResponse):
            await powerpost.poll(http, CAPTIONS)

    async def test_another_job(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """An answer about another job is never booked on this one."""
        vendor.says({**DONE, "generation_id": "another"})

        with pytest.raises(BadResponse, match="another") as caught:
            await powerpost.poll(http, CAPTIONS)

        assert "main" == caught.value.account

    async def test_an_id_is_not_a_path(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 1: ids are opaque, and stay in their place."""
        vendor.says({"status": "pending"})

        await powerpost.poll(http, Ref(id="a/b?c=d#é", kind="captions"))

        assert ("/content/generations/a/b?c=d#é", {}) == (vendor.only.path, vendor.only.query)  # decoded by the server

    async def test_an_unknown_kind(self, powerpost: PowerPost, http: Http) -> None:
        """Trap 17: a bare id is not enough."""
        with pytest.raises(UnsupportedRequest):
            await powerpost.poll(http, Ref(id=ID, kind="speech"))


def line(id: str, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {**RUNNING, "generation_id": id, "status": status, **more}


def page(*lines: Any, cursor: str | None = None) -> dict[str, Any]:
    return {"data": list(lines), "next_cursor": cursor, "has_more": cursor is not None}


class TestList:
    SEED: Mapping[str, Any] = {
        "data": [
            line(ID),
            {
                "generation_id": "661f9511-f3ac-52e5-b827-557766551111",
                "status": "completed",
                "prompt": "New feature: AI-powered search",
                "platforms": ["x", "facebook"],
                "research_mode": "deep",
                "credits_used": 15,
                "created_at": "2026-01-09T12:00:00Z",
            },
        ],
        "next_cursor": "gen_cursor_abc123",
        "has_more": True,
    }

    async def test_on_the_wire(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.2, the Generations page's curl and answer, without loss."""
        vendor.says(self.SEED)

        found = await powerpost.list_generations(http, status="completed", limit=10)

        asked = vendor.only
        assert ("GET", "/content/generations") == (asked.method, asked.path)
        assert {"status": "completed", "limit": "10"} == asked.query
        assert ("gen_cursor_abc123", True, 0) == (found.next_cursor, found.has_more, found.unread)
        assert (
            Generation(
                generation_id="661f9511-f3ac-52e5-b827-557766551111",  # type: ignore[arg-type]
                status="completed",
                prompt="New feature: AI-powered search",
                platforms=("x", "facebook"),
                research_mode="deep",
                credits_used=Decimal(15),
                created_at=datetime(2026, 1, 9, 12, tzinfo=UTC),
            )
            == found.items[1]
        )

    async def test_without_a_filter(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.2: the vendor's defaults are the vendor's."""
        vendor.says(page())

        assert () == (await powerpost.list_generations(http)).items
        assert {} == vendor.only.query

    async def test_all_pages(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 11: on while `has_more`, with the cursor; an absent `next_cursor` ends it too."""
        vendor.says(page(line("a"), line("b"), cursor="c1"))
        vendor.says(page(line("c"), cursor="c2"))
        vendor.says({"data": [line("d")], "has_more": True})

        found = [each.generation_id async for each in powerpost.iter_generations(http, status="failed")]

        assert ["a", "b", "c", "d"] == found
        assert [None, "c1", "c2"] == [asked.query.get("cursor") for asked in vendor.asked]
        assert {"failed"} == {asked.query["status"] for asked in vendor.asked}

    async def test_a_cursor_that_repeats(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 11: nothing goes round for ever."""
        for _ in range(2):
            vendor.says(page(line("a"), cursor="c1"))

        assert 2 == len([each async for each in powerpost.iter_generations(http)])

    async def test_lines_that_can_not_be_read(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """They are counted, and hide nothing else."""
        vendor.says(page({"status": "completed"}, "x", None, line("a")))

        found = await powerpost.list_generations(http)

        assert (["a"], 3) == ([each.generation_id for each in found.items], found.unread)

    @pytest.mark.parametrize("data", [[], {"has_more": False}, {"data": None}, {"data": "x", "has_more": "no"}])
    async def test_what_is_no_list(self, vendor: Vendor, powerpost: PowerPost, http: Http, data: Any) -> None:
        """Section 2.2."""
        vendor.says(data)

        with pytest.raises(BadResponse):
            await powerpost.list_generations(http)


class TestPollMany:
    async def test_one_list_for_those_at_work(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 5: the list has no outputs; what ended is read by itself, what did not is not."""
        refs = [Ref(id=each, kind="captions") for each in ("a", "b", "c")]
        vendor.at = {
            "/content/generations": page(line("a", "processing"), line("b"), line("c", "failed"), line("z")),
            "/content/generations/b": {**DONE, "generation_id": "b"},
            "/content/generations/c": {**FAILED, "generation_id": "c"},
        }

        found = await powerpost.poll_many(http, refs)

        assert {"100"} == {asked.query["limit"] for asked in vendor.asked if asked.query}
        assert 3 == len(vendor.asked)
        assert [Status.RUNNING, Status.SUCCEEDED, Status.FAILED] == [found[ref].status for ref in refs]
        assert [None, Decimal(10), Decimal(0)] == [found[ref].cost for ref in refs]
        assert [0, 2, 0] == [len(found[ref].outputs) for ref in refs]
        assert [False, True, True] == [found[ref].complete for ref in refs]

    async def test_a_single_one_is_read_directly(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """A list of a hundred says less about it than its own page."""
        vendor.says(RUNNING)

        found = await powerpost.poll_many(http, [CAPTIONS])

        assert [f"/content/generations/{ID}"] == [asked.path for asked in vendor.asked]
        assert Status.RUNNING is found[CAPTIONS].status

    async def test_no_more_pages_than_jobs(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Those that are not near the beginning of the list are read one by one: that costs no more."""
        for cursor in ("c1", "c2"):
            vendor.says(page(line(f"x{cursor}", "processing"), cursor=cursor))
        vendor.at = {f"/content/generations/{each}": {**RUNNING, "generation_id": each} for each in "ab"}

        found = await powerpost.poll_many(http, [Ref(id=each, kind="captions") for each in "ab"])

        assert {"a": Status.RUNNING, "b": Status.RUNNING} == {ref.id: each.status for ref, each in found.items()}
        assert ["processing", "processing", None, None] == [asked.query.get("status") for asked in vendor.asked]

    async def test_it_stops_when_all_are_seen(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 11: a next page is asked for only when it is needed."""
        vendor.says(page(line("b", "pending"), line("a", "pending"), cursor="c1"))

        assert 2 == len(await powerpost.poll_many(http, [Ref(id=each, kind="captions") for each in ("a", "b")]))
        assert 1 == len(vendor.asked)

    async def test_other_kinds_have_no_list(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.5: left out, without a call."""
        assert {} == await powerpost.poll_many(http, [Ref(id="i", kind="image"), Ref(id="v", kind="video")])
        assert {} == await powerpost.poll_many(http, [])
        assert [] == vendor.asked

    async def test_one_that_can_not_be_read(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """It is left out, the others are not; a word that we do not know is not final."""
        vendor.at = {
            "/content/generations": page(line("a"), line("b"), line("c", "marinating"), {"generation_id": "d"}),
            "/content/generations/a": {"status": 7},
            "/content/generations/b": {**DONE, "generation_id": "b"},
        }

        found = await powerpost.poll_many(http, [Ref(id=each, kind="captions") for each in "abcd"])

        assert {"b": Status.SUCCEEDED, "c": Status.UNKNOWN} == {ref.id: each.status for ref, each in found.items()}

    async def test_a_list_that_fails_is_said(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """It is not "none of them was found"."""
        vendor.says(error("FORBIDDEN"), 403)

        with pytest.raises(PermissionDenied):
            await powerpost.poll_many(http, [Ref(id=each, kind="captions") for each in ("a", "b")])


PROMPT = "We just shipped dark mode"
DARK = TextRequest(prompt=PROMPT, platforms=("tiktok", "instagram"))


def intent(request: Request = DARK, **more: Any) -> Intent:
    return Intent(
        **{"call": prepare(request), "key": "k", "sent_at": NOON, "over_at": NOON + timedelta(seconds=70), **more}
    )


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


class TestLookup:
    async def look(self, powerpost: PowerPost, http: Http, about: Intent | None = None) -> Lookup:
        found = await powerpost.lookup(http, about or intent())
        assert found is not None
        return found

    async def test_it_finds_ours(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 5: the same prompt, platforms and mode, made since."""
        vendor.says(page(line("new", created_at=at(900)), line("ours", "processing"), line("old", created_at=at(-60))))

        found = await self.look(powerpost, http)

        (ours,) = found.candidates
        assert (Ref(id="ours", kind="captions", path="/content/generations/ours"), NOON) == (ours.ref, ours.created_at)
        assert (Decimal(10), "processing, tiktok, instagram") == (ours.charged, ours.about)
        assert found.complete
        assert "1 with this prompt" in found.how

    @pytest.mark.parametrize(
        "other",
        [
            {"prompt": "Something else"},
            {"prompt": "", "created_at": at(0)},
            {"prompt": None, "platforms": ["tiktok"]},
            {"platforms": ["tiktok"]},
            {"platforms": ["tiktok", "instagram", "x"]},
            {"research_mode": "deep"},
            {"created_at": at(-6)},
            {"created_at": at(76)},
        ],
        ids=str,
    )
    async def test_what_is_not_ours(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, other: dict[str, Any]
    ) -> None:
        """Another prompt, other platforms, another mode, another time (give or take 5 s)."""
        vendor.says(page(line("a", **other)))

        found = await self.look(powerpost, http)

        assert ((), True) == (found.candidates, found.complete)

    @pytest.mark.parametrize(
        "odd",
        [
            {"prompt": f"  {PROMPT.replace(' ', '  ')}\n"},
            {"platforms": ["instagram", "tiktok"]},
            {"platforms": None},
            {"platforms": []},
            {"platforms": ["tiktok", "ig"]},
            {"research_mode": None},
            {"research_mode": "standard"},
            {"created_at": None},
            {"created_at": at(-5)},
            {"created_at": at(75)},
            {"status": "marinating"},
        ],
        ids=str,
    )
    async def test_what_may_be_ours(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, odd: dict[str, Any]
    ) -> None:
        """Trap 7 and trap 20: what the vendor leaves out or words otherwise does not speak against it."""
        vendor.says(page({**line("a"), **odd}))

        assert ["a"] == [each.ref.id for each in (await self.look(powerpost, http)).candidates]

    async def test_several(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """All that fit are shown, each once, claimed or not."""
        vendor.says(page(line("a"), line("b"), cursor="c1"))
        vendor.says(page(line("b"), line("c")))

        assert ["a", "b", "c"] == [each.ref.id for each in (await self.look(powerpost, http)).candidates]

    async def test_a_failed_one_says_no_charge(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 2: its 0 is the cost after the refund, not what the submit charged."""
        vendor.says(page(line("a", "failed", credits_used=0)))

        (ours,) = (await self.look(powerpost, http)).candidates

        assert ours.charged is None

    async def test_it_stops_at_what_is_older(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.2: newest first, as far as was seen: what comes after an older one is older still."""
        vendor.says(page(line("a", created_at=at(90)), line("b", created_at=at(-6)), cursor="c1"))

        assert (await self.look(powerpost, http)).complete
        assert 1 == len(vendor.asked)

    async def test_not_older_enough(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Within the tolerance the next page is read."""
        vendor.says(page(line("a", created_at=at(-4)), cursor="c1"))
        vendor.says(page(line("b", created_at=at(-9))))

        assert ["a"] == [each.ref.id for each in (await self.look(powerpost, http)).candidates]
        assert 2 == len(vendor.asked)

    async def test_another_order(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.2: the order is not documented; if it is not newest first, the list is read to its end."""
        vendor.says(page(line("a", created_at=at(-90)), line("b", created_at=at(-80)), cursor="c1"))
        vendor.says(page(line("c", created_at=at(1)), line("d", created_at=at(90))))

        found = await self.look(powerpost, http)

        assert (["c"], True) == ([each.ref.id for each in found.candidates], found.complete)

    async def test_no_end(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """A list that was not read as far as needed proves nothing: no cursor, an endless list, no `has_more`."""
        vendor.says({"data": [line("a", created_at=at(90))], "has_more": True})
        assert not (await self.look(powerpost, http)).complete

        vendor.says({"data": [line("a", created_at=at(90))]})
        assert not (await self.look(powerpost, http)).complete

        vendor.asked.clear()
        for number in range(30):
            vendor.says(page(line(f"x{number}", created_at=at(900 - number)), cursor=f"c{number}"))
        found = await self.look(powerpost, http)
        assert (False, 20) == (found.complete, len(vendor.asked))
        assert "not read as far" in found.how

    async def test_a_line_that_can_not_be_read(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """It may be ours: nothing is proved."""
        vendor.says(page({"prompt": PROMPT, "status": "processing"}))

        assert not (await self.look(powerpost, http)).complete

    async def test_a_line_without_a_prompt(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.3: always there; a line that lacks it, and else fits, is not taken for ours nor for another's."""
        vendor.says(page(line("a", prompt=None)))

        found = await self.look(powerpost, http)

        assert ((), False) == (found.candidates, found.complete)

    async def test_without_a_prompt(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.3: what the prompt of a call of media alone is, is not documented."""
        found = await self.look(powerpost, http, intent(TextRequest(media=("m1",), platforms="x")))

        assert ((), False) == (found.candidates, found.complete)
        assert "prompt" in found.how
        assert [] == vendor.asked

    async def test_post_types_we_do_not_know(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 7: their platform can't be compared."""
        vendor.says(page(line("a")))
        request = evolve(DARK, extra={"powerpost": {"post_types": ["threads-post"]}})

        assert ["a"] == [each.ref.id for each in (await self.look(powerpost, http, intent(request))).candidates]

    @pytest.mark.parametrize("request_", [ImageRequest(prompt="p"), VideoRequest(prompt="p", duration=5)])
    async def test_other_kinds(self, vendor: Vendor, powerpost: PowerPost, http: Http, request_: Request) -> None:
        """Section 5: images and videos have no list; the doubt stays."""
        assert await powerpost.lookup(http, intent(request_)) is None
        assert [] == vendor.asked

    async def test_a_look_that_fails(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """It settles nothing, and says so."""
        vendor.says(error("FORBIDDEN"), 403)

        with pytest.raises(PermissionDenied):
            await powerpost.lookup(http, intent())


class TestBalance:
    async def test_on_the_wire(self, vendor: Vendor, powerpost: PowerPost, http: Http, clock: Still) -> None:
        """Section 2.9."""
        vendor.says({"balance": 188})

        balance = await powerpost.balance(http)

        assert ("GET", "/account/credits") == (vendor.only.method, vendor.only.path)
        assert (Decimal(188), "powerpost credits") == (balance.amount, balance.unit)
        assert clock.now == balance.at.timestamp()

    @pytest.mark.parametrize("data", [{}, {"balance": None}, {"balance": "lots"}, []])
    async def test_no_number_is_no_balance(self, vendor: Vendor, powerpost: PowerPost, http: Http, data: Any) -> None:
        """Never a zero."""
        vendor.says(data)

        with pytest.raises(BadResponse):
            await powerpost.balance(http)

    async def test_a_receipt_shows_the_accounts_balance(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Trap 19: a look at what all workspaces share, not "what was there minus the cost"."""
        vendor.says({**STARTED, "credits_used": 10, "remaining_credits": 3})

        receipt = await powerpost.submit(http, prepare(text()))

        assert (Decimal(10), Decimal(3)) == (receipt.charged, receipt.balance)


class TestWebhook:
    def hint(self, data: Any) -> WebhookHint:
        powerpost = PowerPost(api_key=KEY, workspace_id=WORKSPACE)
        return powerpost.webhook({}, data if isinstance(data, bytes) else orjson.dumps(data))

    @pytest.mark.parametrize(
        ("event", "name"),
        [
            ("generation.completed", "generation_id"),
            ("generation.failed", "generation_id"),
            ("image_generation.completed", "image_generation_id"),
            ("image_generation.failed", "image_generation_id"),
            ("video_generation.completed", "video_generation_id"),
            ("video_generation.failed", "video_generation_id"),
        ],
    )
    def test_events(self, event: str, name: str) -> None:
        """Section 9: an event names one job, by the id of its kind; nothing else of it is believed."""
        data = {"event": event, "timestamp": at(0), "workspace_id": "ws-1", "data": {"generation_id": "g", name: "a"}}

        assert WebhookHint(provider_ids=("a",), event=event) == self.hint(data)

    def test_a_flat_failure(self) -> None:
        """Trap 9: `error_code` and `error_message` stand flat here; the job is read again instead."""
        data = {"generation_id": "0b1c", "status": "failed", "error_code": "GENERATION_FAILED", "error_message": "…"}

        assert ("0b1c",) == self.hint({"event": "generation.failed", "data": data}).provider_ids

    @pytest.mark.parametrize("event", ["post.published", "post.failed", "generation.paused", "", None, 7])
    def test_events_about_no_job(self, event: Any) -> None:
        """Section 9: posts are no jobs, and what is not documented is no hint."""
        assert () == self.hint({"event": event, "data": {"generation_id": "a"}}).provider_ids

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"[]",
            b"null",
            b"7",
            b'{"event":"generation.failed"}',
            b'{"event":"generation.failed","data":[]}',
            b'{"event":"generation.failed","data":{"generation_id":null}}',
            b"[" * 100_000,
        ],
        ids=lambda body: repr(body[:40]),
    )
    def test_garbage(self, body: bytes) -> None:
        """Anyone may call a webhook: it never raises."""
        assert () == self.hint(body).provider_ids


class TestMedia:
    ANSWER: Mapping[str, Any] = {
        "media_id": "m-1",
        "type": "image",
        "file_name": "cover.png",
        "file_size": 5,
        "mime_type": "image/png",
        "created_at": "2026-01-10T18:30:00Z",
    }

    @pytest.mark.parametrize("form", ["path", "text", "bytes", "stream"])
    async def test_on_the_wire(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, tmp_path: Path, form: str
    ) -> None:
        """Section 2.7: multipart, `file` and `type`; from a path, bytes or a stream."""
        path = tmp_path / "cover.png"
        path.write_bytes(b"\x89PNG\n")

        async def parts() -> AsyncIterator[bytes]:
            yield b"\x89PN"
            yield b"G\n"

        files: dict[str, Any] = {"path": path, "text": str(path), "bytes": b"\x89PNG\n", "stream": parts()}
        vendor.says(self.ANSWER)

        media = await powerpost.upload_media(
            http, files[form], type="image", file_name=None if form in ("path", "text") else "cover.png"
        )

        asked = vendor.only
        assert ("POST", "/media/upload") == (asked.method, asked.path)
        assert (KEY, WORKSPACE) == (asked.headers["x-api-key"], asked.headers["X-Workspace-Id"])
        kind, _, boundary = asked.headers["Content-Type"].partition("; boundary=")
        assert "multipart/form-data" == kind
        first, second = asked.body.split(f"--{boundary}".encode())[1:3]
        assert first.endswith(b'name="type"\r\n\r\nimage\r\n')
        assert b'name="file"; filename="cover.png"' in second
        assert b"Content-Type: image/png" in second
        assert second.endswith(b"\r\n\r\n\x89PNG\n\r\n")
        assert (
            Media(
                media_id="m-1",  # type: ignore[arg-type]
                type="image",
                file_name="cover.png",
                file_size=5,
                mime_type="image/png",
                created_at=NOON,
            )
            == media
        )

    async def test_nothing_to_send(self, vendor: Vendor, powerpost: PowerPost, http: Http, tmp_path: Path) -> None:
        """A file that is not there, bytes without a name: said before anything is sent."""
        with pytest.raises(InvalidRequest, match=r"none\.png"):
            await powerpost.upload_media(http, tmp_path / "none.png", type="image")
        with pytest.raises(InvalidRequest, match="file_name"):
            await powerpost.upload_media(http, b"x", type="image")

        assert [] == vendor.asked

    @pytest.mark.parametrize("code", ["FILE_TOO_LARGE", "STORAGE_QUOTA_EXCEEDED"])
    async def test_too_large(self, vendor: Vendor, powerpost: PowerPost, http: Http, code: str) -> None:
        """Section 6: 413, for two reasons."""
        vendor.says(error(code), 413)

        with pytest.raises(InvalidRequest) as caught:
            await powerpost.upload_media(http, b"x", type="video", file_name="clip.unknown")

        assert code == caught.value.code
        assert b"application/octet-stream" in vendor.only.body


POST: Mapping[str, Any] = {
    "post_id": f"post-{ID}",
    "status": "draft",
    "created_at": "2026-01-10T18:30:00Z",
    "items": [
        {
            "item_id": "it-1",
            "post_type": "instagram-reel",
            "platform": "instagram",
            "content": "hi",
            "media_ids": ["img-001-abcd-efgh"],
            "status": "draft",
        }
    ],
}


class TestPosts:
    async def test_create(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.8, the Quickstart's curl. Trap 16: an image id goes to reels and videos."""
        vendor.says(POST)

        post = await powerpost.create_post(
            http,
            generation_id=ID,
            items=[
                {"post_type": "instagram-reel", "media_ids": ["img-001-abcd-efgh"]},
                {"post_type": "tiktok-video", "media_ids": ["img-001-abcd-efgh"]},
            ],
        )

        asked = vendor.only
        assert ("POST", "/posts") == (asked.method, asked.path)
        assert {
            "generation_id": ID,
            "items": [
                {"post_type": "instagram-reel", "media_ids": ["img-001-abcd-efgh"]},
                {"post_type": "tiktok-video", "media_ids": ["img-001-abcd-efgh"]},
            ],
        } == asked.json
        assert (f"post-{ID}", "draft", NOON) == (post.post_id, post.status, post.created_at)
        assert (
            PostItem(
                item_id="it-1",  # type: ignore[arg-type]
                post_type="instagram-reel",
                platform="instagram",
                content="hi",
                media_ids=("img-001-abcd-efgh",),  # type: ignore[arg-type]
                status="draft",
            ),
        ) == post.items

    async def test_create_without_captions(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.8: `generation_id` is optional."""
        vendor.says(POST)

        await powerpost.create_post(http, items=[{"post_type": "x-post", "content": "hi"}])

        assert {"items": [{"post_type": "x-post", "content": "hi"}]} == vendor.only.json

    async def test_read(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.8: items have a status of their own after a publish."""
        items = [{**POST["items"][0], "status": "posted", "platform_post_id": 178}, {"status": "failed"}]
        vendor.says({**POST, "status": "published", "items": items})

        post = await powerpost.get_post(http, f"post-{ID}")

        assert ("GET", f"/posts/post-{ID}") == (vendor.only.method, vendor.only.path)
        assert [("posted", "178"), ("failed", None)] == [(each.status, each.platform_post_id) for each in post.items]

    async def test_publish(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Section 2.8, the Quickstart's curl: a POST without a body."""
        vendor.says({"post_id": f"post-{ID}", "status": "publishing", "credits_used": 4, "status_url": "/api/v1/x"})

        done = await powerpost.publish_post(http, f"post-{ID}")

        asked = vendor.only
        assert ("POST", f"/posts/post-{ID}/publish", b"") == (asked.method, asked.path, asked.body)
        assert (KEY, WORKSPACE) == (asked.headers["x-api-key"], asked.headers["X-Workspace-Id"])
        expected = Publication(
            post_id=f"post-{ID}",  # type: ignore[arg-type]
            status="publishing",
            credits_used=Decimal(4),
            request_id="req-7",
        )
        assert expected == done

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (409, "ALREADY_PUBLISHED", WrongState),
            (422, "PLATFORM_NOT_CONNECTED", InvalidRequest),
            (403, "INSUFFICIENT_SCOPE", PermissionDenied),
            (402, "INSUFFICIENT_CREDITS", InsufficientCredits),
        ],
    )
    async def test_publish_refused(
        self, vendor: Vendor, powerpost: PowerPost, http: Http, status: int, code: str, kind: type[ProviderError]
    ) -> None:
        """Sections 2.8 and 6, trap 13: refused is refused, also by the 409 that a submit would not believe."""
        vendor.says(error(code), status)

        with pytest.raises(kind):
            await powerpost.publish_post(http, f"post-{ID}")

    async def test_publish_in_doubt(self, vendor: Vendor, powerpost: PowerPost, http: Http) -> None:
        """Publishing charges: a lost or unreadable answer is in doubt, and is not sent again."""
        vendor.says(error("INTERNAL_ERROR"), 500)
        vendor.says([])
        for _ in range(2):
            with pytest.raises(SubmissionUnknown):
                await powerpost.publish_post(http, f"post-{ID}")

        assert 2 == len(vendor.asked)


@pytest.fixture
async def sim() -> AsyncIterator[PowerPostSim]:
    async with PowerPostSim() as sim:
        yield sim


@define
class Account:
    """An account at the simulator."""

    sim: PowerPostSim
    powerpost: PowerPost
    http: Http

    async def submit(self, request: Request) -> Receipt:
        return await self.powerpost.submit(self.http, self.powerpost.prepare(request, "k", adjust=False))

    async def poll(self, receipt: Receipt) -> Snapshot:
        return await self.powerpost.poll(self.http, receipt.ref)


@pytest.fixture
async def account(sim: PowerPostSim) -> AsyncIterator[Account]:
    settings = sim.settings()
    assert "powerpost" == settings.pop("provider")
    powerpost = PowerPost(**settings)
    sessions = Sessions()
    yield Account(sim, powerpost, Http(sessions, powerpost, account="main", clock=SystemClock(), retries=0, timeout=5))
    await sessions.close()


KINDS: Mapping[str, Request] = {
    "captions": TextRequest(prompt="Dark mode is here", platforms=("tiktok", "youtube:short")),
    "image": ImageRequest(prompt="soup", aspect_ratio="9:16", count=2),
    "video": VideoRequest(prompt="soup", duration=5, aspect_ratio="16:9"),
}


class TestAgainstTheSimulator:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_whole_life(self, account: Account, kind: str) -> None:
        """Sections 2.1 to 2.6 on real sockets: submit, every word, outputs, and the books agree."""
        account.sim.script(Scenario(steps=("pending", "processing", "completed")))

        receipt = await account.submit(KINDS[kind])
        shots = [await account.poll(receipt) for _ in range(3)]

        assert [Status.QUEUED, Status.RUNNING, Status.SUCCEEDED] == [each.status for each in shots]
        assert [0, 0] == [len(each.outputs) for each in shots[:2]]
        assert {"captions": 2, "image": 2, "video": 1}[kind] == len(shots[2].outputs)
        assert receipt.charged == account.sim.net(receipt.ref.id)
        assert receipt.balance == account.sim.balance == (await account.powerpost.balance(account.http)).amount
        assert receipt.request_id is not None

    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_failure(self, account: Account, kind: str) -> None:
        """Section 4 and trap 2: refunded; captions say so with a final cost of 0."""
        account.sim.script(Scenario(steps=("failed",)))

        receipt = await account.submit(KINDS[kind])
        snapshot = await account.poll(receipt)

        assert (Status.FAILED, Decimal(0)) == (snapshot.status, account.sim.net(receipt.ref.id))
        assert (Decimal(0) if kind == "captions" else None) == snapshot.cost
        assert snapshot.error is not None

    async def test_partial_images(self, account: Account) -> None:
        """Trap 4."""
        account.sim.script(Scenario(steps=("failed",), partial=1))

        snapshot = await account.poll(await account.submit(KINDS["image"]))

        assert (Status.FAILED, 1, None) == (snapshot.status, len(snapshot.outputs), snapshot.cost)

    async def test_cheaper_in_the_end(self, account: Account) -> None:
        """Trap 3."""
        account.sim.script(Scenario(steps=("completed",), final_cost=Decimal(7)))

        receipt = await account.submit(KINDS["captions"])
        snapshot = await account.poll(receipt)

        assert (Decimal(10), Decimal(7)) == (receipt.charged, snapshot.cost)
        assert snapshot.cost == account.sim.net(receipt.ref.id)

    @pytest.mark.parametrize("fault", Fault)
    async def test_every_fault_of_a_submit(self, account: Account, fault: Fault) -> None:
        """Trap 20: one send at most makes something; "not submitted" is said only when that is true."""
        http = account.http
        account.http = Http(http._sessions, account.powerpost, account="main", clock=Still(), timeout=0.3, retries=0)
        account.sim.script(Scenario(fault=fault, delay=0.01))
        wire = Wire()
        made: Receipt | None = None
        try:
            made = await account.powerpost.submit(account.http.watched(wire), prepare(KINDS["captions"]))
        except GenhubError as error:
            in_doubt = isinstance(error, SubmissionUnknown) or not wire.nothing_was_made
            assert in_doubt or not account.sim.creations, error

        assert len(account.sim.creations) <= 1
        if made is not None:
            assert [made.ref.id] == [id for id, _ in account.sim.creations]

    @pytest.mark.parametrize(
        "fault", [Fault.LOSE_ANSWER, Fault.RESET_ANSWER, Fault.GARBLED, Fault.ERROR_500_AFTER, Fault.MISSING_ID]
    )
    async def test_a_lost_one_is_found(self, account: Account, fault: Fault) -> None:
        """Section 5: by its prompt, platforms and time, among others that are not it."""
        call = prepare(KINDS["captions"])
        await account.submit(text(platforms="x"))
        account.sim.script(Scenario(fault=fault, steps=("processing",)))
        sent_at = datetime.fromtimestamp(account.sim.clock.time(), UTC)
        with pytest.raises(GenhubError):
            await account.powerpost.submit(account.http, call)
        await account.submit(text(platforms="linkedin"))

        over_at = sent_at + timedelta(seconds=5)
        found = await account.powerpost.lookup(
            account.http, Intent(call=call, key="k", sent_at=sent_at, over_at=over_at)
        )

        assert found is not None
        (ours,) = found.candidates
        assert account.sim.creations[1][0] == ours.ref.id
        assert (True, Decimal(10)) == (found.complete, ours.charged)
        assert Status.RUNNING is (await account.powerpost.poll(account.http, ours.ref)).status

    async def test_one_that_was_not_made(self, account: Account) -> None:
        """Section 5: none in the whole list."""
        call = prepare(KINDS["captions"])
        await account.submit(text(platforms="x"))
        account.sim.script(Scenario(fault=Fault.ERROR_500_BEFORE))
        with pytest.raises(SubmissionUnknown):
            await account.powerpost.submit(account.http, call)

        now = datetime.fromtimestamp(account.sim.clock.time(), UTC)
        found = await account.powerpost.lookup(account.http, Intent(call=call, key="k", sent_at=now, over_at=now))

        assert found is not None
        assert ((), True) == (found.candidates, found.complete)

    async def test_many_at_once(self, account: Account) -> None:
        """Trap 5: 120 jobs by two pages of the list, and a read for each that ended."""
        account.sim.set_balance(5000)
        account.sim.script(Scenario(steps=("processing", "completed"), times=None))
        receipts = [await account.submit(text(prompt=f"number {number}")) for number in range(120)]

        found = await account.powerpost.poll_many(account.http, [each.ref for each in receipts])

        assert {Status.RUNNING} == {each.status for each in found.values()}
        assert (120, 2) == (len(found), account.sim.count("GET", "/content/generations"))
        again = await account.powerpost.poll_many(account.http, [each.ref for each in receipts])
        assert {(Status.SUCCEEDED, 1)} == {(each.status, len(each.outputs)) for each in again.values()}
        assert 120 == account.sim.count("GET", "/content/generations/{id}")

    async def test_from_a_prompt_to_a_post(self, account: Account, tmp_path: Path) -> None:
        """The whole Quickstart: captions, an upload, an image in post mode, a post, published once."""
        powerpost, http = account.powerpost, account.http
        account.sim.script(Scenario(steps=("completed",), times=None))
        path = tmp_path / "cover.png"
        path.write_bytes(b"x" * 100_000)
        media = await powerpost.upload_media(http, path, type="image")
        captions = await account.submit(TextRequest(platforms=("instagram:reel", "tiktok"), media=(media.media_id,)))
        image = await account.submit(ImageRequest(extra={"powerpost": {"generation_id": captions.ref.id}}))
        (picture,) = (await account.poll(image)).outputs

        post = await powerpost.create_post(
            http,
            generation_id=captions.ref.id,
            items=[{"post_type": "instagram-reel", "media_ids": [picture.provider_id]}],
        )
        published = await powerpost.publish_post(http, post.post_id)
        with pytest.raises(WrongState):
            await powerpost.publish_post(http, post.post_id)

        assert (100_000, "image") == (media.file_size, media.type)
        assert ("publishing", Decimal(1)) == (published.status, published.credits_used)
        assert "draft" != (await powerpost.get_post(http, post.post_id)).status

    async def test_a_workspace_that_is_not_ours(self, account: Account) -> None:
        """Section 1 and trap 13: a 403 of the workspace, a 401 of the key, a 403 of a scope."""
        for change, kind in (({"workspace_id": "ws-2"}, PermissionDenied), ({"api_key": "bad"}, AuthenticationError)):
            other = evolve(account.powerpost, **change)
            with pytest.raises(kind):
                await other.submit(
                    Http(account.http._sessions, other, account="main", clock=SystemClock()), prepare(text())
                )
        account.sim.scopes = frozenset({"content:read"})
        with pytest.raises(PermissionDenied) as caught:
            await account.submit(text())

        assert "INSUFFICIENT_SCOPE" == caught.value.code
        assert [] == account.sim.creations


def test_every_trap_has_a_test() -> None:
    """Section 12: each trap is named by a test that holds it."""
    source = Path(__file__).read_text()
    named = {int(number) for number in re.findall(r"[Tt]rap (\d+)", source)}

    assert set(range(1, 21)) == named
