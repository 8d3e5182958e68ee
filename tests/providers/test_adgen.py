"""CutX's adapter against its contract: exact wire forms, every documented answer, word, status and trap."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import define, field

import genhub
from genhub import (
    BadResponse,
    Effect,
    ImageRequest,
    InvalidRequest,
    JobError,
    Moment,
    Output,
    Ref,
    Request,
    SpeechRequest,
    Status,
    SubmissionUnknown,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
    capabilities,
)
from genhub._clock import SystemClock
from genhub.http import Http, Secret, Sessions
from genhub.sim import AdGenSim, Clock, Fault, Scenario
from genhub_adgen import AdGen
from genhub_adgen._tables import FIELDS, KINDS, STATUSES

_: type[genhub.Provider] = AdGen
__: tuple[type[genhub.SupportsBalance], type[genhub.SupportsReplay]] = (AdGen, AdGen)

TOKEN = "eyJ.do-not-print-me.sig"
PROJECT, PRODUCT = "11111111-aaaa-4bbb-8ccc-0000000000a1", "11111111-aaaa-4bbb-8ccc-0000000000b1"
JOB = "11111111-aaaa-4bbb-8ccc-000000000002"
REF = Ref(id=JOB, kind="static_ad")
SCRIPT = "Hey! You need to check out this amazing product..."
QUEUED = {"jobId": JOB, "status": "queued", "creditsUsed": 3, "creditsRemaining": 21}
#: The answer of the seed's copy.
COPY: dict[str, Any] = {
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
}


@define
class Vendor:
    """Answers what it is told to, and keeps what it was sent."""

    answers: list[tuple[int, Any]] = field(factory=list[tuple[int, Any]])
    seen: list[web.Request] = field(factory=list[web.Request])
    bodies: list[bytes] = field(factory=list[bytes])

    async def serve(self, request: web.Request) -> web.Response:
        self.seen.append(request)
        self.bodies.append(await request.read())
        status, body = self.answers.pop(0)
        if isinstance(body, (dict, list)):
            return web.json_response(body, status=status)
        return web.Response(status=status, text=body)

    @property
    def lines(self) -> list[str]:
        return [f"{each.method} {each.rel_url}" for each in self.seen]

    @property
    def tokens(self) -> list[str]:
        return [each.headers["Authorization"] for each in self.seen]


@define
class Desk:
    """An account, its way to the vendor, and the vendor."""

    adgen: AdGen
    http: Http
    vendor: Vendor

    def told(self, status: int, body: Any) -> Desk:
        self.vendor.answers.append((status, body))
        return self

    async def submit(self, request: Request, *, adjust: bool = False) -> genhub.Receipt:
        return await self.adgen.submit(self.http, self.adgen.prepare(request, "k1", adjust=adjust))


Open = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def open_desk() -> AsyncIterator[Open]:
    vendor = Vendor()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", vendor.serve)
    sessions = Sessions()
    async with TestServer(app) as server:

        async def opened(**settings: Any) -> Desk:
            ids = {"token": TOKEN, "project_id": PROJECT, "product_id": PRODUCT}
            adgen = AdGen(**{"base_url": str(server.make_url("/")), **ids, **settings})
            secrets = (adgen.token,) if isinstance(adgen.token, Secret) else ()
            http = Http(sessions, adgen, account="soup", clock=SystemClock(), secrets=secrets, timeout=2, retries=0)
            return Desk(adgen, http, vendor)

        yield opened
        await sessions.close()


@pytest.fixture
async def desk(open_desk: Open) -> Desk:
    return await open_desk()


def account(**settings: Any) -> AdGen:
    ids = {"token": TOKEN, "project_id": PROJECT, "product_id": PRODUCT}
    return AdGen(**{"base_url": "https://cutx.test", **ids, **settings})


class TestRequests:
    """What is sent, field for field."""

    async def test_a_copy(self, desk: Desk) -> None:
        """[seed] POST /api/generate/copy: its example (section 2.1); the key is the caller's here."""
        request = TextRequest(
            prompt="Focus on the summer sale",
            platforms="meta",
            length="short",
            tone="bold",
            extra={"adgen": {"projectId": "uuid", "productId": "uuid", "idempotencyKey": "user-session-abc123"}},
        )
        await desk.told(200, COPY).submit(request)

        sent = desk.vendor.seen[0]
        assert ["POST /api/generate/copy"] == desk.vendor.lines
        assert f"Bearer {TOKEN}" == sent.headers["Authorization"]
        assert "application/json" == sent.headers["Content-Type"]
        assert {
            "projectId": "uuid",
            "productId": "uuid",
            "platform": "meta",
            "format": "short",
            "tone": "bold",
            "customInstructions": "Focus on the summer sale",
            "idempotencyKey": "user-session-abc123",
        } == orjson.loads(desk.vendor.bodies[0])

    async def test_a_static_ad(self, desk: Desk) -> None:
        """[seed] POST /api/generate/static-ad: its example, with a style that is not in its list (trap 6)."""
        request = ImageRequest(
            prompt="Summer vibes, bright background",
            style="modern",
            aspect_ratio="1:1",
            extra={"adgen": {"projectId": "uuid", "productId": "uuid", "idempotencyKey": "static-abc123"}},
        )
        await desk.told(200, QUEUED).submit(request)

        assert ["POST /api/generate/static-ad"] == desk.vendor.lines
        assert {
            "projectId": "uuid",
            "productId": "uuid",
            "style": "modern",
            "aspectRatio": "1:1",
            "prompt": "Summer vibes, bright background",
            "idempotencyKey": "static-abc123",
        } == orjson.loads(desk.vendor.bodies[0])

    async def test_a_video(self, desk: Desk) -> None:
        """[seed] POST /api/generate/video: its example (section 2.3)."""
        request = VideoRequest(
            script=SCRIPT,
            avatar_url="https://example.com/avatar.jpg",
            voice="male-1",
            aspect_ratio="9:16",
            extra={"adgen": {"projectId": "uuid", "productId": "uuid", "idempotencyKey": "video-abc123"}},
        )
        await desk.told(200, QUEUED).submit(request)

        assert ["POST /api/generate/video"] == desk.vendor.lines
        assert {
            "projectId": "uuid",
            "productId": "uuid",
            "script": SCRIPT,
            "avatarUrl": "https://example.com/avatar.jpg",
            "voiceId": "male-1",
            "aspectRatio": "9:16",
            "idempotencyKey": "video-abc123",
        } == orjson.loads(desk.vendor.bodies[0])

    async def test_trap_3_the_status_takes_the_id_in_its_query(self, desk: Desk) -> None:
        """[seed] GET /api/generate/status?jobId=<uuid> (section 2.4)."""
        await desk.told(200, {"id": JOB, "status": "queued"}).adgen.poll(desk.http, REF)

        assert [f"GET /api/generate/status?jobId={JOB}"] == desk.vendor.lines

    @pytest.mark.parametrize(
        ("request_", "kind", "body"),
        [
            (TextRequest(), "copy", {"platform": "universal", "format": "short", "tone": "professional"}),
            (ImageRequest(), "static_ad", {}),
            (VideoRequest(script=SCRIPT), "video", {"script": SCRIPT}),
        ],
    )
    def test_trap_8_what_was_not_asked_for_is_absent(self, request_: Request, kind: str, body: dict[str, Any]) -> None:
        """Sections 2.1 to 2.3: beside what the vendor requires (design, section 8), nothing is sent; no empty text."""
        call = account().prepare(request_, "k1", adjust=False)

        ids = {"projectId": PROJECT, "productId": PRODUCT}
        assert {**ids, **body, "idempotencyKey": f"{kind}-k1"} == call.body
        assert (kind, ()) == (call.kind, call.adjustments)

    @pytest.mark.parametrize(
        ("platform", "word"),
        [
            ("meta", "meta"),
            ("tiktok", "tiktok"),
            ("google", "google"),
            ("linkedin", "linkedin"),
            ("pinterest", "pinterest"),
            ("universal", "universal"),
            ("instagram", "meta"),
            ("instagram:feed", "meta"),
            ("facebook", "meta"),
            ("facebook:post", "meta"),
            ("tiktok:video", "tiktok"),
            ("linkedin:post", "linkedin"),
        ],
    )
    def test_platforms_that_cutx_has_a_word_for(self, platform: str, word: str) -> None:
        """Section 2.1."""
        call = account().prepare(TextRequest(platforms=platform), "k1", adjust=False)

        assert (word, ()) == (call.body["platform"], call.adjustments)

    @pytest.mark.parametrize("length", ["short", "long"])
    def test_a_length_is_a_format(self, length: Any) -> None:
        assert length == account().prepare(TextRequest(length=length), "k1", adjust=False).body["format"]

    def test_options_are_the_vendors_to_judge(self) -> None:
        """Traps 6 and 7: no list and no length is enforced here."""
        copy = account().prepare(TextRequest(tone="sarcastic", prompt="x" * 900), "k1", adjust=False)
        video = account().prepare(VideoRequest(script="Hi", aspect_ratio="4:5"), "k1", adjust=False)

        assert ("sarcastic", 900) == (copy.body["tone"], len(copy.body["customInstructions"]))
        assert ("Hi", "4:5") == (video.body["script"], video.body["aspectRatio"])

    def test_extra_is_merged_last(self) -> None:
        extra: dict[str, dict[str, Any]] = {"adgen": {"format": "hook", "later": 1}, "genpro": {"x": 1}}
        body = account().prepare(TextRequest(length="long", extra=extra), "k1", adjust=False).body

        assert ("hook", 1) == (body["format"], body["later"])
        assert "x" not in body

    @pytest.mark.parametrize(
        ("request_", "body"),
        [
            (TextRequest(platforms=("x", "tiktok"), extra={"adgen": {"platform": "tiktok"}}), {"platform": "tiktok"}),
            (VideoRequest(extra={"adgen": {"script": SCRIPT}}), {"script": SCRIPT}),
        ],
    )
    def test_what_extra_says_is_not_ours_to_judge(self, request_: Request, body: dict[str, Any]) -> None:
        call = account().prepare(request_, "k1", adjust=False)

        assert body.items() <= call.body.items()
        assert () == call.adjustments

    def test_a_key_is_the_users_whatever_the_endpoint(self) -> None:
        """Section 5: the same key on another endpoint may return the other's job, so the kind is in front."""
        keys = {
            account().prepare(request, "k1", adjust=False).body["idempotencyKey"]
            for request in (TextRequest(), ImageRequest(), VideoRequest(script=SCRIPT))
        }

        assert {"copy-k1", "static_ad-k1", "video-k1"} == keys

    def test_a_long_key_fits(self) -> None:
        """Section 5: at most 128 characters; two long keys stay two."""
        keys = [
            account().prepare(ImageRequest(), "k" * 200 + end, adjust=False).body["idempotencyKey"]
            for end in ("a", "b")
        ]

        assert len(set(keys)) == 2
        assert all(len(key) <= 128 and key.startswith("static_ad-") for key in keys)

    @pytest.mark.parametrize("name", ["project_id", "product_id"])
    def test_a_missing_id_names_the_setting(self, name: str) -> None:
        with pytest.raises(UnsupportedRequest, match=name) as caught:
            account(**{name: None}).prepare(TextRequest(), "k1", adjust=True)

        assert name == caught.value.field

    async def test_supporting_reads(self, desk: Desk) -> None:
        """Section 2.5 (traps 16 and 17: snake_case, and projects are under /api/products)."""
        at = "2026-03-01T00:00:00Z"
        project = {
            "id": PROJECT,
            "name": "Soup",
            "description": None,
            "product_count": "3",
            "asset_count": "12",
            "created_at": at,
            "updated_at": at,
        }
        product = {
            "id": PRODUCT,
            "name": "Bowl",
            "description": "Deep",
            "price": "19.90",
            "currency": "EUR",
            "brand": None,
            "category": None,
            "source_url": "https://x.test",
            "image_url": None,
            "created_at": at,
        }
        user = {"id": "u", "email": "a@b.test", "name": "A", "role": "user", "email_verified": True, "created_at": at}
        desk.told(200, {"projects": [project]}).told(200, {"products": [product]}).told(200, {"user": user})

        (found,) = await desk.adgen.list_projects(desk.http, limit=20)
        (bowl,) = await desk.adgen.list_products(desk.http, limit=50)
        me = await desk.adgen.whoami(desk.http)

        assert [
            "GET /api/products?limit=20",
            f"GET /api/products?projectId={PROJECT}&limit=50",
            "GET /api/auth/me",
        ] == desk.vendor.lines
        day = datetime(2026, 3, 1, tzinfo=UTC)
        assert ("Soup", 3, 12, day) == (found.name, found.product_count, found.asset_count, found.created_at)
        assert ("Bowl", Decimal("19.90"), "EUR") == (bowl.name, bowl.price, bowl.currency)
        assert ("a@b.test", True) == (me.email, me.email_verified)

    async def test_products_of_no_project(self, open_desk: Open) -> None:
        desk = await open_desk(project_id=None)
        with pytest.raises(UnsupportedRequest, match="project"):
            await desk.adgen.list_products(desk.http)


class TestUnsupported:
    """What CutX can't take: refused when strict, changed and named under `adjust`."""

    @pytest.mark.parametrize(
        ("request_", "name"),
        [
            (TextRequest(platforms=("meta", "tiktok")), "platforms"),
            (TextRequest(platforms="x"), "platforms"),
            (TextRequest(platforms="youtube"), "platforms"),
            (TextRequest(platforms="instagram:reel"), "platforms"),
            (TextRequest(count=5), "count"),
            (TextRequest(language="German"), "language"),
            (TextRequest(sources="https://x.test"), "sources"),
            (TextRequest(media="7"), "media"),
            (ImageRequest(count=2), "count"),
            (ImageRequest(references="7"), "references"),
            (VideoRequest(script=SCRIPT, prompt="p"), "prompt"),
            (VideoRequest(script=SCRIPT, duration=8), "duration"),
            (VideoRequest(script=SCRIPT, audio=True), "audio"),
            (VideoRequest(script=SCRIPT, image="7"), "image"),
            (VideoRequest(), "script"),
            (SpeechRequest(script=SCRIPT), "kind"),
        ],
    )
    def test_strict_refuses_by_name(self, request_: Request, name: str) -> None:
        with pytest.raises(UnsupportedRequest) as caught:
            account().prepare(request_, "k1", adjust=False)

        assert (name, "adgen") == (caught.value.field, caught.value.provider)

    def test_every_field_of_every_request_is_sent_or_refused(self) -> None:
        """No field is ever dropped in silence: sections 2.1 to 2.3 have a name for it, or it is refused."""
        refused = {
            "text": {"count", "language", "sources", "media"},
            "image": {"count", "references"},
            "video": {"prompt", "duration", "audio", "image"},
        }
        books = {"label", "tags", "extra"}
        for ours, theirs in KINDS.items():
            request = genhub._requests.REQUESTS[ours]
            names = {each.name for each in request.__attrs_attrs__} - books
            assert names == set(FIELDS[theirs]) | refused[ours]

    @pytest.mark.parametrize(
        ("platforms", "word"),
        [
            (("instagram", "tiktok"), "universal"),
            (("x",), "universal"),
            (("youtube:short",), "universal"),
            (("instagram:reel",), "meta"),
        ],
    )
    def test_adjust_takes_the_nearest_platform(self, platforms: tuple[str, ...], word: str) -> None:
        call = account().prepare(TextRequest(platforms=platforms), "k1", adjust=True)

        assert word == call.body["platform"]
        assert [("platforms", platforms, word)] == [(each.field, each.asked, each.sent) for each in call.adjustments]

    @pytest.mark.parametrize(
        ("prompt", "said"), [("Sell soup", "Sell soup\n\nLanguage: German"), (None, "Language: German")]
    )
    def test_adjust_says_the_language_in_the_instructions(self, prompt: str | None, said: str) -> None:
        call = account().prepare(TextRequest(prompt=prompt, language="German"), "k1", adjust=True)

        assert said == call.body["customInstructions"]
        assert [("language", "Language: German")] == [(each.field, each.sent) for each in call.adjustments]

    def test_an_adjustment_never_claims_what_extra_replaced(self) -> None:
        request = TextRequest(language="German", extra={"adgen": {"customInstructions": "mine"}})
        call = account().prepare(request, "k1", adjust=True)

        assert "mine" == call.body["customInstructions"]
        assert [None] == [each.sent for each in call.adjustments]

    def test_adjust_drops_the_rest_aloud(self) -> None:
        """Trap 15: the vendor promises 5 variants and can't be told how many."""
        text = account().prepare(TextRequest(count=3, sources="https://x.test", media="7"), "k1", adjust=True)
        image = account().prepare(ImageRequest(count=4, references="7"), "k1", adjust=True)
        video = account().prepare(
            VideoRequest(script=SCRIPT, prompt="p", duration=8, audio=False, image="7"), "k1", adjust=True
        )

        assert {"count": None, "sources": None, "media": None} == {a.field: a.sent for a in text.adjustments}
        assert {"count": 1, "references": None} == {a.field: a.sent for a in image.adjustments}
        assert ["prompt", "duration", "audio", "image"] == [a.field for a in video.adjustments]

    def test_one_image_is_what_it_makes(self) -> None:
        assert () == account().prepare(ImageRequest(count=1), "k1", adjust=False).adjustments

    @pytest.mark.parametrize("request_", [VideoRequest(prompt="p"), SpeechRequest(script=SCRIPT)])
    def test_what_no_change_can_save(self, request_: Request) -> None:
        with pytest.raises(UnsupportedRequest):
            account().prepare(request_, "k1", adjust=True)


class TestSubmits:
    """What the answer to a submit says."""

    async def test_trap_2_a_copy_is_done_at_once(self, desk: Desk) -> None:
        """[seed] the copy's 200 (section 2.1); trap 15: as many variants as there are."""
        receipt = await desk.told(200, COPY).submit(TextRequest())

        assert Ref(id="uuid", kind="copy") == receipt.ref
        assert (Status.SUCCEEDED, "completed") == (receipt.status, receipt.raw_status)
        assert (Decimal(1), Decimal(24), False) == (receipt.charged, receipt.balance, receipt.reused)
        variant = COPY["variants"][0]
        assert (
            Output(
                kind="text",
                text="Summer just got hotter.\n\nOur best-selling widget is now 50% off...\n\nShop the Sale",
                hashtags=("#SummerSale", "#LimitedTime"),
                fields={name: variant[name] for name in ("hook", "body", "cta")},
                raw=variant,
            ),
        ) == receipt.outputs

    @pytest.mark.parametrize(("request_", "used"), [(ImageRequest(), 3), (VideoRequest(script=SCRIPT), 40)])
    async def test_the_others_are_queued(self, desk: Desk, request_: Request, used: int) -> None:
        """[seed] the 200 of static-ad and video (sections 2.2, 2.3; trap 18: what was used is what the answer says)."""
        receipt = await desk.told(200, {**QUEUED, "creditsUsed": used}).submit(request_)

        assert (JOB, Status.QUEUED, "queued") == (receipt.ref.id, receipt.status, receipt.raw_status)
        assert (Decimal(used), Decimal(21), ()) == (receipt.charged, receipt.balance, receipt.outputs)
        assert receipt.request_id is None

    async def test_trap_1_reused_is_no_state(self, desk: Desk) -> None:
        """[seed] the answer to a duplicate request (section 5): the job's real state has to be read."""
        receipt = await desk.told(200, {"jobId": "abc", "creditsUsed": 0, "status": "reused"}).submit(ImageRequest())

        assert ("abc", True) == (receipt.ref.id, receipt.reused)
        assert (Status.UNKNOWN, "reused", Decimal(0), None) == (
            receipt.status,
            receipt.raw_status,
            receipt.charged,
            receipt.balance,
        )

    async def test_trap_10_a_first_answer_without_status_and_balance(self, desk: Desk) -> None:
        """[seed] `{"jobId": "abc", "creditsUsed": 3}`: how it stands is not said, so it is not guessed."""
        receipt = await desk.told(200, {"jobId": "abc", "creditsUsed": 3}).submit(ImageRequest())

        assert (Status.UNKNOWN, "", Decimal(3), None, False) == (
            receipt.status,
            receipt.raw_status,
            receipt.charged,
            receipt.balance,
            receipt.reused,
        )

    async def test_texts_without_a_status_are_there_all_the_same(self, desk: Desk) -> None:
        """[seed] copy is synchronous and returns its results immediately."""
        receipt = await desk.told(200, {"jobId": "abc", "variants": COPY["variants"]}).submit(TextRequest())

        assert (Status.SUCCEEDED, 1) == (receipt.status, len(receipt.outputs))

    @pytest.mark.parametrize("request_", [TextRequest(), ImageRequest()])
    async def test_an_end_without_outputs_has_to_be_read(self, desk: Desk, request_: Request) -> None:
        receipt = await desk.told(200, {**QUEUED, "status": "completed"}).submit(request_)

        assert (Status.RUNNING, "completed") == (receipt.status, receipt.raw_status)

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("pending", Status.QUEUED),
            ("processing", Status.RUNNING),
            ("failed", Status.FAILED),
            ("canceled", Status.CANCELED),
            ("expired", Status.EXPIRED),
            ("marinating", Status.UNKNOWN),
        ],
    )
    async def test_any_other_word(self, desk: Desk, word: str, status: Status) -> None:
        receipt = await desk.told(200, {**QUEUED, "status": word}).submit(TextRequest())

        assert (status, word) == (receipt.status, receipt.raw_status)

    @pytest.mark.parametrize(
        ("odd", "texts"),
        [
            ({"status": 7}, 0),
            ({"creditsUsed": "lots"}, 0),
            ({"creditsRemaining": None}, 0),
            ({"variants": "none"}, 0),
            ({"variants": [{"hook": 1}, "x"]}, 2),
        ],
    )
    async def test_once_the_job_is_named_nothing_odd_casts_doubt_on_it(
        self, desk: Desk, odd: dict[str, Any], texts: int
    ) -> None:
        receipt = await desk.told(200, {**QUEUED, **odd}).submit(TextRequest())

        assert (JOB, texts) == (receipt.ref.id, len(receipt.outputs))

    async def test_a_variant_may_lack_parts(self, desk: Desk) -> None:
        receipt = await desk.told(200, {**COPY, "variants": [{"body": "Hot."}, {}]}).submit(TextRequest())

        assert ["Hot.", None] == [each.text for each in receipt.outputs]
        assert [{"body": "Hot."}, {}] == [each.fields for each in receipt.outputs]

    async def test_an_answer_that_names_no_job_is_bad(self, desk: Desk) -> None:
        with pytest.raises(BadResponse, match="jobId"):
            await desk.told(200, {"id": JOB, "status": "queued"}).submit(ImageRequest())


class TestPolls:
    async def test_the_seeds_status(self, desk: Desk) -> None:
        """[seed] GET status (section 2.4); trap 5: credits are not in it."""
        asset = {"id": "uuid", "type": "image", "url": "https://..."}
        answer = {
            "id": JOB,
            "type": "static_ad",
            "status": "completed",
            "assets": [asset],
            "createdAt": "2026-03-09T10:00:00Z",
            "completedAt": "2026-03-09T10:00:25Z",
        }
        seen = await desk.told(200, answer).adgen.poll(desk.http, REF)

        assert (REF, Status.SUCCEEDED, "completed") == (seen.ref, seen.status, seen.raw_status)
        assert (Output(kind="image", url="https://...", provider_id="uuid", raw=asset),) == seen.outputs
        assert (None, None, True) == (seen.cost, seen.error, seen.complete)

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("pending", Status.QUEUED),
            ("queued", Status.QUEUED),
            ("processing", Status.RUNNING),
            ("completed", Status.SUCCEEDED),
            ("failed", Status.FAILED),
            ("canceled", Status.CANCELED),
            ("expired", Status.EXPIRED),
            ("marinating", Status.UNKNOWN),
            ("reused", Status.UNKNOWN),
            ("cancelled", Status.UNKNOWN),
        ],
    )
    async def test_every_status_word(self, desk: Desk, word: str, status: Status) -> None:
        """Section 3 (traps 1, 12, 13), and words that nobody documented: never final."""
        seen = await desk.told(200, {"id": JOB, "status": word}).adgen.poll(desk.http, REF)

        assert (status, word, ()) == (seen.status, seen.raw_status, seen.outputs)

    def test_the_table_has_the_documented_words_and_no_others(self) -> None:
        words = {"pending", "queued", "processing", "completed", "failed", "canceled", "expired"}

        assert words == set(STATUSES.words)

    @pytest.mark.parametrize("assets", [None, []])
    async def test_assets_may_be_absent(self, desk: Desk, assets: Any) -> None:
        seen = await desk.told(200, {"id": JOB, "status": "queued", "assets": assets}).adgen.poll(desk.http, REF)

        assert () == seen.outputs

    @pytest.mark.parametrize(
        ("word", "kind"), [("video", "video"), ("AUDIO", "audio"), ("gif", "file"), (None, "file")]
    )
    async def test_kinds_of_assets(self, desk: Desk, word: str | None, kind: str) -> None:
        answer = {"id": JOB, "status": "completed", "assets": [{"type": word, "url": "u"}]}
        seen = await desk.told(200, answer).adgen.poll(desk.http, REF)

        assert [kind] == [each.kind for each in seen.outputs]

    @pytest.mark.parametrize(
        "said",
        [
            {"error": "No soup"},
            {"error": {"message": "No soup"}},
            {"errorMessage": "No soup"},
            {"error_message": "No soup"},
            {"message": "No soup"},
        ],
    )
    async def test_a_reason_wherever_it_is(self, desk: Desk, said: dict[str, Any]) -> None:
        """Section 2.4: a message is stored; its name in the answer is undocumented."""
        failed = await desk.told(200, {"id": JOB, "status": "failed", **said}).adgen.poll(desk.http, REF)
        expired = await desk.told(200, {"id": JOB, "status": "expired", **said}).adgen.poll(desk.http, REF)

        assert JobError(kind="vendor", message="No soup") == failed.error == expired.error

    async def test_a_failure_without_a_reason(self, desk: Desk) -> None:
        seen = await desk.told(200, {"id": JOB, "status": "failed", "error": {"x": 1}}).adgen.poll(desk.http, REF)

        assert JobError(kind="vendor", message="the vendor gave no reason") == seen.error

    async def test_trap_14_variants_in_a_status_are_read_if_they_are_there(self, desk: Desk) -> None:
        answer = {"id": JOB, "type": "copy", "status": "completed", "variants": COPY["variants"]}
        seen = await desk.told(200, answer).adgen.poll(desk.http, Ref(id=JOB, kind="copy"))

        assert ["text"] == [each.kind for each in seen.outputs]

    async def test_an_answer_without_a_status_is_bad(self, desk: Desk) -> None:
        with pytest.raises(BadResponse, match="status"):
            await desk.told(200, {"id": JOB}).adgen.poll(desk.http, REF)


class TestErrors:
    @pytest.mark.parametrize(
        ("http", "kind"),
        [
            (400, genhub.InvalidRequest),
            (401, genhub.AuthenticationError),
            (402, genhub.InsufficientCredits),
            (403, genhub.PermissionDenied),
            (404, genhub.NotFound),
            (429, genhub.RateLimited),
        ],
    )
    async def test_every_documented_refusal(self, desk: Desk, http: int, kind: type[genhub.ProviderError]) -> None:
        """Section 6: by the HTTP status, since no code is documented."""
        with pytest.raises(genhub.ProviderError) as caught:
            await desk.told(http, {"error": "No soup"}).submit(ImageRequest())

        error = caught.value
        assert kind is type(error)
        assert ("soup", "No soup", http, None) == (error.account, error.message, error.http_status, error.request_id)

    @pytest.mark.parametrize("http", [500, 503])
    async def test_a_servers_error_leaves_a_submit_in_doubt(self, desk: Desk, http: int) -> None:
        with pytest.raises(SubmissionUnknown):
            await desk.told(http, "<html>").submit(ImageRequest())
        with pytest.raises(genhub.ProviderUnavailable):
            await desk.told(http, "<html>").adgen.poll(desk.http, REF)

    @pytest.mark.parametrize("http", [201, 202, 302, 409])
    async def test_only_200_is_a_submit(self, desk: Desk, http: int) -> None:
        with pytest.raises(SubmissionUnknown):
            await desk.told(http, QUEUED).submit(ImageRequest())

    @pytest.mark.parametrize(
        ("body", "message", "code"),
        [
            ({"error": "No soup"}, "No soup", None),
            ({"error": {"message": "No soup", "code": "E1"}}, "No soup", "E1"),
            ({"message": "No soup"}, "No soup", None),
            ({"issues": [{"path": ["script"], "message": "too short"}]}, "script: too short", None),
            (
                {"error": {"issues": [{"path": ["a", 0], "message": "bad"}, {"message": "worse"}, "odd"]}},
                "a.0: bad; worse; odd",
                None,
            ),
            ({"error": {"issues": "?"}}, "HTTP 400", None),
            ({}, "HTTP 400", None),
            ("No soup", "No soup", None),
            ([], "HTTP 400", None),
        ],
    )
    async def test_any_form_of_an_error(self, desk: Desk, body: Any, message: str, code: str | None) -> None:
        """Section 6: the body of an error is not documented."""
        with pytest.raises(InvalidRequest) as caught:
            await desk.told(400, body).submit(ImageRequest())

        assert (message, code) == (caught.value.message, caught.value.code)


class TestMoney:
    def test_the_rules(self) -> None:
        """Section 4, each with its source; trap 4: canceled and expired are open."""
        effects = {rule.moment: rule.effect for rule in AdGen.billing.rules}

        assert {
            Moment.SUBMIT: Effect.CHARGE,
            Moment.REUSED: Effect.NOTHING,
            Moment.SUCCEEDED: Effect.NOTHING,
            Moment.FAILED: Effect.REFUND,
            Moment.CANCELED: Effect.UNKNOWN,
            Moment.EXPIRED: Effect.UNKNOWN,
        } == effects
        assert "not documented (contract section 4)" == AdGen.billing.rule(Moment.EXPIRED, "video").source
        assert {"copy": 1, "static_ad": 3, "video": 40} == AdGen.billing.prices

    async def test_the_balance(self, desk: Desk) -> None:
        """Section 2.5: GET /api/credits/balance."""
        answer = {"balance": 120, "lifetime_purchased": 250, "lifetime_used": 155}
        balance = await desk.told(200, answer).adgen.balance(desk.http)

        assert ["GET /api/credits/balance"] == desk.vendor.lines
        assert (Decimal(120), AdGen.billing.unit, answer) == (balance.amount, balance.unit, balance.raw)

    async def test_no_balance_is_no_zero(self, desk: Desk) -> None:
        with pytest.raises(BadResponse, match="balance"):
            await desk.told(200, {"balance": None}).adgen.balance(desk.http)

    @pytest.mark.parametrize(
        ("window", "safe"),
        [
            (None, {"copy": 0, "static_ad": 2, "video": 20}),
            (5, {"copy": 0, "static_ad": 5, "video": 5}),
            (0, {"copy": 0, "static_ad": 0, "video": 0}),
        ],
    )
    def test_how_long_a_replay_is_safe(self, window: float | None, safe: dict[str, float]) -> None:
        """Section 5: while the first job is live; a copy is over before its answer comes."""
        adgen = account(replay_window=window)
        calls = [
            adgen.prepare(request, "k1", adjust=False)
            for request in (TextRequest(), ImageRequest(), VideoRequest(script=SCRIPT))
        ]

        assert safe == {call.kind: adgen.replay_within(call) for call in calls}

    def test_without_a_key_no_replay_is_safe(self) -> None:
        request = ImageRequest(extra={"adgen": {"idempotencyKey": None}})

        assert 0 == account().replay_within(account().prepare(request, "k1", adjust=False))

    def test_a_window_below_zero_is_an_error(self) -> None:
        with pytest.raises(genhub.ConfigError, match="replay_window"):
            account(replay_window=-1)


class TestTokens:
    async def test_trap_11_a_token_is_renewed_in_mid_poll(self, open_desk: Open) -> None:
        asked = iter(["one", "two", "two"])

        async def token() -> str:
            return next(asked)

        desk = await open_desk(token=token)
        done = {"id": JOB, "status": "processing"}
        for status, body in ((200, done), (401, {"error": "expired"}), (200, done), (200, done)):
            desk.told(status, body)
        seen = [await desk.adgen.poll(desk.http, REF) for _ in range(3)]

        assert [Status.RUNNING] * 3 == [each.status for each in seen]
        assert ["Bearer one", "Bearer one", "Bearer two", "Bearer two"] == desk.vendor.tokens

    async def test_a_submit_is_sent_again_with_the_new_token(self, open_desk: Open) -> None:
        """A 401 made nothing."""
        asked = iter(["one", "two"])

        async def token() -> str:
            return next(asked)

        desk = await open_desk(token=token)
        await desk.told(401, {"error": "expired"}).told(200, QUEUED).submit(ImageRequest())

        assert ["Bearer one", "Bearer two"] == desk.vendor.tokens
        assert desk.vendor.bodies[0] == desk.vendor.bodies[1]

    async def test_a_token_that_stays_refused_is_an_error(self, desk: Desk) -> None:
        with pytest.raises(genhub.AuthenticationError):
            await desk.told(401, {"error": "no"}).adgen.poll(desk.http, REF)

        assert 1 == len(desk.vendor.seen)

    async def test_the_token_is_nowhere_to_be_seen(self, desk: Desk) -> None:
        with pytest.raises(genhub.AuthenticationError) as caught:
            await desk.told(401, {"error": f"bad token {TOKEN}"}).submit(ImageRequest())
        with pytest.raises(BadResponse) as bad:
            await desk.told(200, f"<html>{TOKEN}").adgen.poll(desk.http, REF)
        call = desk.adgen.prepare(ImageRequest(), "k1", adjust=False)

        shown = f"{desk.adgen!r} {caught.value} {caught.value.facts()} {bad.value} {bad.value.raw} {call!r}"
        assert TOKEN not in shown
        assert "***" in bad.value.raw

    async def test_a_fetched_token_is_nowhere_to_be_seen_either(self, open_desk: Open) -> None:
        """It is in no setting: what the headers carry is masked, too."""

        async def token() -> str:
            return TOKEN

        desk = await open_desk(token=token)
        with pytest.raises(InvalidRequest) as caught:
            await desk.told(400, {"error": f"bad token {TOKEN}"}).submit(ImageRequest())
        with pytest.raises(BadResponse) as bad:
            await desk.told(200, f"<html>{TOKEN}").adgen.poll(desk.http, REF)

        assert TOKEN not in f"{desk.adgen!r} {caught.value} {bad.value} {bad.value.raw}"

    def test_a_function_is_not_shown_either(self) -> None:
        """A partial or a bound method would show what it holds."""

        class Login:
            def __repr__(self) -> str:
                return f"Login({TOKEN})"

            async def token(self) -> str:
                return TOKEN

        assert TOKEN not in repr(account(token=Login().token))

    async def test_a_token_may_be_a_secret(self) -> None:
        assert account() == account(token=Secret(TOKEN))
        assert {"Authorization": f"Bearer {TOKEN}"} == await account().headers()


def test_what_it_can_do() -> None:
    """Section 13; trap 19: there is no cancel."""
    assert ("balance", "replay") == capabilities(AdGen)


def test_how_often_it_may_be_asked() -> None:
    """Section 9."""
    assert {"copy": 2.0, "static_ad": 2.0, "video": 5.0, "": 2.0} == AdGen.poll_every


class TestAgainstTheSimulator:
    @pytest.fixture
    async def sim(self) -> AsyncIterator[AdGenSim]:
        async with AdGenSim(clock=Clock.manual()) as sim:
            yield sim

    @pytest.fixture
    async def to_sim(self, sim: AdGenSim) -> AsyncIterator[tuple[AdGen, Http]]:
        sessions = Sessions()
        adgen = AdGen(**{"base_url": sim.url, **sim.credentials()})  # type: ignore[arg-type]
        yield adgen, Http(sessions, adgen, account="soup", clock=SystemClock(), timeout=1, retries=0)
        await sessions.close()

    async def test_a_copy(self, sim: AdGenSim, to_sim: tuple[AdGen, Http]) -> None:
        adgen, http = to_sim
        receipt = await adgen.submit(http, adgen.prepare(TextRequest(prompt="Soup"), "k1", adjust=False))

        assert (Status.SUCCEEDED, Decimal(1)) == (receipt.status, receipt.charged)
        assert receipt.outputs
        assert sim.balance == receipt.balance == (await adgen.balance(http)).amount

    @pytest.mark.parametrize(
        ("request_", "kind"),
        [(ImageRequest(prompt="Hot soup", style="modern"), "image"), (VideoRequest(script=SCRIPT), "video")],
    )
    async def test_a_life(self, sim: AdGenSim, to_sim: tuple[AdGen, Http], request_: Request, kind: str) -> None:
        adgen, http = to_sim
        sim.script(Scenario(queue=10, duration=20))
        receipt = await adgen.submit(http, adgen.prepare(request_, "k1", adjust=False))
        words = [(await adgen.poll(http, receipt.ref)).raw_status]
        for seconds in (15, 20):
            sim.clock.advance(seconds)  # type: ignore[attr-defined]
            words.append((await adgen.poll(http, receipt.ref)).raw_status)
        done = await adgen.poll(http, receipt.ref)

        assert ["queued", "processing", "completed"] == words
        assert [kind] == [each.kind for each in done.outputs]
        assert sim.net(receipt.ref.id) == receipt.charged

    @pytest.mark.parametrize("word", ["failed", "canceled", "expired"])
    async def test_other_ends(self, sim: AdGenSim, to_sim: tuple[AdGen, Http], word: str) -> None:
        adgen, http = to_sim
        sim.script(Scenario(queue=0, duration=0, outcome=word))
        receipt = await adgen.submit(http, adgen.prepare(ImageRequest(), "k1", adjust=False))
        sim.clock.advance(1)  # type: ignore[attr-defined]

        assert word == (await adgen.poll(http, receipt.ref)).status

    async def test_a_replay_attaches_to_the_live_job(self, sim: AdGenSim, to_sim: tuple[AdGen, Http]) -> None:
        adgen, http = to_sim
        call = adgen.prepare(VideoRequest(script=SCRIPT), "k1", adjust=False)
        sim.script(Scenario(fault=Fault.LOSE_ANSWER, queue=10, duration=20))
        with pytest.raises(SubmissionUnknown):
            await adgen.submit(http, call)
        receipt = await adgen.submit(http, call)

        assert [receipt.ref.id] == [job_id for job_id, _ in sim.creations]
        assert (True, Decimal(0)) == (receipt.reused, receipt.charged)

    @pytest.mark.parametrize("errors", ["string", "object", "message", "zod", "text"])
    async def test_every_form_of_refusal(self, errors: Any) -> None:
        async with AdGenSim(errors=errors, balance=0) as sim:
            sessions = Sessions()
            adgen = AdGen(**{"base_url": sim.url, **sim.credentials()})  # type: ignore[arg-type]
            http = Http(sessions, adgen, account="soup", clock=SystemClock(), timeout=1, retries=0)
            with pytest.raises(genhub.InsufficientCredits, match="Insufficient credits"):
                await adgen.submit(http, adgen.prepare(ImageRequest(), "k1", adjust=False))
            await sessions.close()

    async def test_the_vendors_own_verbs(self, sim: AdGenSim, to_sim: tuple[AdGen, Http]) -> None:
        adgen, http = to_sim

        assert [sim.project_id] == [each.id for each in await adgen.list_projects(http)]
        assert [sim.product_id] == [each.id for each in await adgen.list_products(http)]
        assert "Soup" == (await adgen.whoami(http)).name
