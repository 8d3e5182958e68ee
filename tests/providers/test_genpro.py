"""gen.pro's adapter against its contract: exact wire forms, every documented answer, word, code and trap."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import define, evolve, field

import genhub
from genhub import (
    BadResponse,
    Effect,
    ImageRequest,
    Intent,
    InvalidRequest,
    Moment,
    NotFound,
    Output,
    Ref,
    Request,
    SpeechRequest,
    Status,
    SubmissionUnknown,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
    WrongState,
    capabilities,
)
from genhub._clock import SystemClock
from genhub.http import Http, Secret, Sessions
from genhub.sim import Clock, Fault, GenProSim, Scenario
from genhub_genpro import GenPro
from genhub_genpro._tables import FIELDS, STATUSES, TYPES

_: type[genhub.Provider] = GenPro
__: tuple[type[genhub.SupportsStop], type[genhub.SupportsResume], type[genhub.SupportsBalance]] = (
    GenPro,
    GenPro,
    GenPro,
)
___: tuple[type[genhub.SupportsLookup], type[genhub.SupportsBaseline], type[genhub.SupportsReplay]] = (
    GenPro,
    GenPro,
    GenPro,
)

KEY = "gen_pat_do-not-print-me"
REF = Ref(id="9000", kind="text")
#: The generation of the seed's schema.
SEED: dict[str, Any] = {
    "id": 9000,
    "status": "completed",
    "user_job_type": "text_generation",
    "result": "Here is the generated script text...",
    "failed_reason": None,
    "output_resources": [
        {
            "id": 1500,
            "url": "https://cdn.gen.pro/outputs/abc123.mp4",
            "thumbnail_url": "https://cdn.gen.pro/thumbnails/abc123.jpg",
            "object_type": "video",
            "type": "output",
        }
    ],
    "execution_cost": 2.5,
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


@define
class Desk:
    """An account, its way to the vendor, and the vendor."""

    genpro: GenPro
    http: Http
    vendor: Vendor

    def told(self, status: int, body: Any) -> Desk:
        self.vendor.answers.append((status, body))
        return self

    async def submit(self, request: Request, *, adjust: bool = False) -> genhub.Receipt:
        return await self.genpro.submit(self.http, self.genpro.prepare(request, "k1", adjust=adjust))


Open = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def open_desk() -> AsyncIterator[Open]:
    vendor = Vendor()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", vendor.serve)
    sessions = Sessions()
    async with TestServer(app) as server:

        async def opened(**settings: Any) -> Desk:
            url = str(server.make_url("/v1"))
            places = {"agent_id": 42, "sheet_id": 101, "cell_id": 3000}
            genpro = GenPro(**{"api_key": KEY, "base_url": url, **places, **settings})
            http = Http(
                sessions, genpro, account="soup", clock=SystemClock(), secrets=(genpro.api_key,), timeout=2, retries=0
            )
            return Desk(genpro, http, vendor)

        yield opened
        await sessions.close()


@pytest.fixture
async def desk(open_desk: Open) -> Desk:
    return await open_desk()


def account(**settings: Any) -> GenPro:
    return GenPro(**{"api_key": KEY, "agent_id": 42, "sheet_id": 101, "cell_id": 3000, **settings})


def data_of(request: Request, *, adjust: bool = False, **settings: Any) -> dict[str, Any]:
    body = account(**settings).prepare(request, "k1", adjust=adjust).body
    return dict(body["data"])


class TestRequests:
    """What is sent, field for field."""

    async def test_a_generation_on_a_cell(self, desk: Desk) -> None:
        """[seed] Generate on cell: the curl example, with `data: {}` (section 2.1, trap 16)."""
        receipt = await desk.told(201, {"generation_id": 9000, "status": "pending"}).submit(TextRequest())

        sent = desk.vendor.seen[0]
        assert ["POST /v1/autocontentengine/101/cells/3000/generate?agent_id=42"] == desk.vendor.lines
        assert KEY == sent.headers["X-API-Key"]
        assert "application/json" == sent.headers["Content-Type"]
        assert "Idempotency-Key" not in sent.headers
        assert {"generation_type": "text_generation", "data": {}} == orjson.loads(desk.vendor.bodies[0])
        assert Ref(id="9000", kind="text") == receipt.ref
        assert (Status.QUEUED, "pending", None) == (receipt.status, receipt.raw_status, receipt.charged)
        assert receipt.request_id is None

    async def test_a_generation_on_a_layer(self, desk: Desk) -> None:
        """[seed] Generate on layer: the curl example (section 2.2)."""
        extra = {"genpro": {"layer_id": 4000, "generation_type": "audio_generation"}}
        receipt = await desk.told(201, {"generation_id": 9001, "status": "pending"}).submit(SpeechRequest(extra=extra))

        assert ["POST /v1/autocontentengine/101/cells/3000/layers/4000/generate?agent_id=42"] == desk.vendor.lines
        assert {"generation_type": "audio_generation", "data": {}} == orjson.loads(desk.vendor.bodies[0])
        assert "9001" == receipt.ref.id

    async def test_a_status_check(self, desk: Desk) -> None:
        """[seed] Check generation status: no agent_id there (section 1)."""
        await desk.told(200, SEED).genpro.poll(desk.http, REF)

        assert ["GET /v1/generations/9000"] == desk.vendor.lines
        assert KEY == desk.vendor.seen[0].headers["X-API-Key"]

    @pytest.mark.parametrize("verb", ["stop", "resume"])
    async def test_stop_and_continue_have_no_body(self, desk: Desk, verb: str) -> None:
        """[seed] Stop generation, Continue generation: the curl examples (sections 2.4, 2.5)."""
        await getattr(desk.told(200, SEED).genpro, verb)(desk.http, REF)

        path = {"stop": "stop", "resume": "continue"}[verb]
        assert [f"POST /v1/generations/9000/{path}"] == desk.vendor.lines
        assert [b""] == desk.vendor.bodies
        assert "Content-Type" not in desk.vendor.seen[0].headers or not desk.vendor.bodies[0]

    @pytest.mark.parametrize(
        ("request_", "kind", "data"),
        [
            (TextRequest(prompt="Soup"), "text_generation", {"prompt": "Soup"}),
            (
                ImageRequest(prompt="Soup", aspect_ratio="9:16", count=2, references=("7", "res_8")),
                "image_from_text",
                {
                    "prompt": "Soup",
                    "aspect_ratio": "9:16",
                    "number_of_images": 2,
                    "content_resource_ids": ["7", "res_8"],
                },
            ),
            (
                VideoRequest(prompt="Soup", aspect_ratio="16:9", duration=8.0),
                "video_from_text",
                {"prompt": "Soup", "aspect_ratio": "16:9", "duration": 8},
            ),
            (
                VideoRequest(prompt="Zoom", image="611", duration=2.5),
                "video_from_image",
                {"prompt": "Zoom", "image_resource_id": "611", "duration": 2.5},
            ),
            (
                SpeechRequest(script="Soup is on", language="en", speed=1.2),
                "speech_from_text",
                {"script": "Soup is on", "language": "en", "speed": 1.2},
            ),
        ],
    )
    def test_fields_of_each_type(self, request_: Request, kind: str, data: dict[str, Any]) -> None:
        """Section 2.6: the main `data` fields of each generation type."""
        call = account().prepare(request_, "k1", adjust=False)

        assert {"generation_type": kind, "data": data} == call.body
        assert request_.kind == call.kind
        assert () == call.adjustments

    def test_extra_is_merged_last_and_shallowly(self) -> None:
        """Section 2.6: `generation_type` and `data` are passed through; both spellings are the caller's."""
        extra = {"genpro": {"generation_type": "text", "data": {"prompt": "x", "model": "gpt_4o"}, "later": 1}}
        call = account().prepare(TextRequest(prompt="y", extra=extra), "k1", adjust=False)

        assert {"generation_type": "text", "data": {"prompt": "x", "model": "gpt_4o"}, "later": 1} == call.body

    def test_extra_of_other_providers_is_not_ours(self) -> None:
        call = account().prepare(TextRequest(extra={"adgen": {"platform": "meta"}}), "k1", adjust=False)

        assert {"generation_type": "text_generation", "data": {}} == call.body

    def test_places_come_from_extra_before_the_settings(self) -> None:
        """Design, section 8: `sheet_id`, `cell_id`, `layer_id`, `agent_id` are places, all else is body."""
        extra = {"genpro": {"sheet_id": 7, "cell_id": "8", "layer_id": 9, "agent_id": 10}}
        call = account().prepare(TextRequest(extra=extra), "k1", adjust=False)

        assert "/autocontentengine/7/cells/8/layers/9/generate" == call.path
        assert {"agent_id": "10"} == call.query
        assert {"generation_type": "text_generation", "data": {}} == call.body

    def test_a_layer_of_the_settings_belongs_to_their_cell(self) -> None:
        genpro = account(layer_id=4000)

        def path(**places: Any) -> str:
            return genpro.prepare(TextRequest(extra={"genpro": places}), "k1", adjust=False).path

        assert "/autocontentengine/101/cells/3000/layers/4000/generate" == path()
        assert "/autocontentengine/101/cells/8/generate" == path(cell_id=8)
        assert "/autocontentengine/101/cells/3000/generate" == path(layer_id=None)

    @pytest.mark.parametrize("name", ["agent_id", "sheet_id", "cell_id"])
    def test_a_missing_place_names_the_setting(self, name: str) -> None:
        with pytest.raises(UnsupportedRequest, match=name) as caught:
            account(**{name: None}).prepare(TextRequest(), "k1", adjust=True)

        assert name == caught.value.field

    @pytest.mark.parametrize("value", ["../1", "a/b", "a?b", "", 1.5, True])
    def test_a_place_that_is_no_id_is_refused(self, value: Any) -> None:
        with pytest.raises(UnsupportedRequest):
            account().prepare(TextRequest(extra={"genpro": {"cell_id": value}}), "k1", adjust=False)

    async def test_supporting_reads(self, desk: Desk) -> None:
        """Sections 4 and 4.1: a cell, a layer, a sheet (with costs), an organization."""
        cell = {
            "id": 3000,
            "value": "Welcome back to another episode...",
            "additional_attributes": {},
            "cell_role": "content",
            "created_at_ts": 1709294400000,
            "updated_at_ts": 1709380800000,
            "default_user_job": None,
            "user_jobs": [],
            "video_layers": [{"id": 4000, "name": "Music", "position": 1, "type": "audio", "user_jobs": []}],
            "execution_cost": None,
        }
        layer = {
            "id": 4000,
            "name": "Background Music",
            "position": 1,
            "type": "audio",
            "additional_attributes": {},
            "default_user_job": None,
            "user_jobs": [{"id": 9001, "status": "completed"}],
            "execution_cost": "1.5",
        }
        sheet = {"id": 101, "title": "March Campaign", "spreadsheet_columns": [], "spreadsheet_rows": []}
        organization = {"id": 5, "name": "Soup Co", "credit": "140.0", "available_credit": {"generic": "120.0"}}
        for answer in (cell, layer, sheet, organization):
            desk.told(200, answer)

        found = await desk.genpro.get_cell(desk.http)
        music = await desk.genpro.get_layer(desk.http, 4000, cell_id=3001)
        grid = await desk.genpro.get_sheet(desk.http, with_execution_cost=True)
        payer = await desk.genpro.get_organization(desk.http, 5)

        assert [
            "GET /v1/autocontentengine/101/cells/3000?agent_id=42",
            "GET /v1/autocontentengine/101/cells/3001/layers/4000?agent_id=42",
            "GET /v1/autocontentengine/101?agent_id=42&with_execution_cost=true",
            "GET /v1/organizations/5",
        ] == desk.vendor.lines
        assert ("3000", "Welcome back to another episode...", "content") == (found.id, found.value, found.cell_role)
        assert found.video_layers is not None
        assert "Music" == found.video_layers[0].name
        assert found.execution_cost is None
        assert music.user_jobs is not None
        assert ("9001", Decimal("1.5")) == (music.user_jobs[0].id, music.execution_cost)
        assert ("March Campaign", sheet) == (grid.title, grid.raw)
        assert (Decimal(140), "Soup Co") == (payer.credit, payer.name)

    async def test_a_layer_without_an_id_is_the_one_of_the_settings(self, open_desk: Open) -> None:
        desk = await open_desk(layer_id=4000)
        await desk.told(200, {"id": 4000}).genpro.get_layer(desk.http)

        assert ["GET /v1/autocontentengine/101/cells/3000/layers/4000?agent_id=42"] == desk.vendor.lines

    async def test_a_layer_that_is_not_said_is_refused(self, desk: Desk) -> None:
        with pytest.raises(UnsupportedRequest, match="layer_id"):
            await desk.genpro.get_layer(desk.http)


class TestUnsupported:
    """What gen.pro can't take: refused when strict, said in the prompt or dropped under `adjust`."""

    @pytest.mark.parametrize(
        ("request_", "name"),
        [
            (TextRequest(prompt="p", platforms="x"), "platforms"),
            (TextRequest(prompt="p", tone="bold"), "tone"),
            (TextRequest(prompt="p", length="short"), "length"),
            (TextRequest(prompt="p", count=3), "count"),
            (TextRequest(prompt="p", language="German"), "language"),
            (TextRequest(prompt="p", sources="https://x.test"), "sources"),
            (TextRequest(prompt="p", media="7"), "media"),
            (ImageRequest(prompt="p", style="flat"), "style"),
            (VideoRequest(prompt="p", script="Hello"), "script"),
            (VideoRequest(prompt="p", audio=False), "audio"),
            (VideoRequest(prompt="p", avatar_url="https://x.test/a.png"), "avatar_url"),
            (VideoRequest(prompt="p", voice="v"), "voice"),
            (SpeechRequest(script="s", voice="v"), "voice"),
        ],
    )
    def test_strict_refuses_by_name(self, request_: Request, name: str) -> None:
        with pytest.raises(UnsupportedRequest) as caught:
            account().prepare(request_, "k1", adjust=False)

        assert (name, "genpro") == (caught.value.field, caught.value.provider)

    def test_every_field_of_every_request_is_sent_or_refused(self) -> None:
        """No field is ever dropped in silence: section 2.6 has a name for it, or it is refused."""
        refused = {
            "text": {"platforms", "tone", "length", "count", "language", "sources", "media"},
            "image": {"style"},
            "video": {"script", "audio", "avatar_url", "voice"},
            "speech": {"voice"},
        }
        books = {"label", "tags", "extra"}
        for kind, request in genhub._requests.REQUESTS.items():
            names = {each.name for each in request.__attrs_attrs__} - books
            assert names == set(FIELDS[kind]) | refused[kind]
            assert kind in TYPES

    def test_adjust_says_it_in_the_prompt(self) -> None:
        """Design, section 8: written into the prompt and named as an `Adjustment`."""
        request = TextRequest(
            prompt="Dark mode is here",
            platforms=("tiktok", "instagram:reel"),
            tone="bold",
            length="short",
            count=3,
            language="German",
            sources="https://x.test/a",
            media="7",
        )
        call = account().prepare(request, "k1", adjust=True)

        assert (
            "Dark mode is here\n\nPlatforms: tiktok, instagram reel\nTone: bold\nLength: short\n"
            "Number of variants: 3\nLanguage: German\nSources: https://x.test/a"
        ) == call.body["data"]["prompt"]
        by_field = {each.field: each for each in call.adjustments}
        assert {"platforms", "tone", "length", "count", "language", "sources", "media"} == set(by_field)
        assert "Tone: bold" == by_field["tone"].sent
        assert "written into the prompt" in by_field["tone"].why
        assert (("7",), None) == (by_field["media"].asked, by_field["media"].sent)

    def test_without_a_prompt_the_cells_own_one_counts(self) -> None:
        call = account().prepare(TextRequest(tone="bold"), "k1", adjust=True)

        assert {} == call.body["data"]
        assert [("tone", None)] == [(each.field, each.sent) for each in call.adjustments]

    def test_an_adjustment_never_claims_what_extra_replaced(self) -> None:
        request = TextRequest(prompt="p", tone="bold", extra={"genpro": {"data": {"prompt": "mine"}}})
        call = account().prepare(request, "k1", adjust=True)

        assert {"prompt": "mine"} == call.body["data"]
        assert [None] == [each.sent for each in call.adjustments]

    def test_a_voice_is_the_callers_to_say_in_the_vendors_words(self) -> None:
        """Section 2.6: speech wants `voice_method` and that method's fields, which the contract does not name."""
        data = {"script": "s", "voice_method": "my_voices", "voice_id": "v"}
        request = SpeechRequest(script="s", voice="v", extra={"genpro": {"data": data}})
        call = account().prepare(request, "k1", adjust=False)

        assert data == call.body["data"]
        assert () == call.adjustments
        with pytest.raises(UnsupportedRequest, match="voice_method"):
            account().prepare(SpeechRequest(script="s", voice="v"), "k1", adjust=False)


class TestAnswers:
    """What is read, without loss."""

    async def test_the_seeds_generation(self, desk: Desk) -> None:
        """[seed] Generation schema (section 2.3; trap 17: a text job with a video; trap 2: an integer, a float)."""
        seen = await desk.told(200, SEED).genpro.poll(desk.http, REF)

        assert (Status.SUCCEEDED, "completed", Decimal("2.5"), None) == (
            seen.status,
            seen.raw_status,
            seen.cost,
            seen.error,
        )
        raw = SEED["output_resources"][0]
        assert (
            Output(kind="text", text=SEED["result"]),
            Output(kind="video", url=raw["url"], thumbnail_url=raw["thumbnail_url"], provider_id="1500", raw=raw),
        ) == seen.outputs
        assert seen.complete

    @pytest.mark.parametrize(
        ("result", "output"),
        [
            ("words", Output(kind="text", text="words")),
            (
                {"captions": [{"word": "Soup", "start": 0, "end": 0.4}]},
                Output(kind="text", fields={"captions": [{"word": "Soup", "start": 0, "end": 0.4}]}),
            ),
            ([1, 2], Output(kind="text", fields={"result": [1, 2]})),
            (None, None),
            ("", None),
        ],
    )
    async def test_trap_15_a_result_is_text_an_object_or_nothing(
        self, desk: Desk, result: Any, output: Output | None
    ) -> None:
        seen = await desk.told(200, {**SEED, "result": result, "output_resources": []}).genpro.poll(desk.http, REF)

        assert ((output,) if output else ()) == seen.outputs

    @pytest.mark.parametrize(
        ("word", "kind"),
        [
            ("video", "video"),
            ("Video", "video"),
            ("Image", "image"),
            ("AUDIO", "audio"),
            ("pdf", "file"),
            (None, "file"),
        ],
    )
    async def test_object_types_in_any_case(self, desk: Desk, word: str | None, kind: str) -> None:
        """Section 2.3: lower-case in [seed], capitalised in [W:openapi]."""
        answer = {"id": "9", "status": "completed", "output_resources": [{"url": "u", "object_type": word}]}
        seen = await desk.told(200, answer).genpro.poll(desk.http, REF)

        assert [kind] == [each.kind for each in seen.outputs]

    @pytest.mark.parametrize("cost", [3.75, "3.75", 3.750])
    async def test_trap_2_costs_and_ids_in_either_form(self, desk: Desk, cost: Any) -> None:
        answer = {**SEED, "id": "gen_9", "execution_cost": cost}
        seen = await desk.told(200, answer).genpro.poll(desk.http, REF)
        receipt = await desk.told(201, {"generation_id": "gen_9", "status": "pending"}).submit(TextRequest())

        assert Decimal("3.75") == seen.cost
        assert "gen_9" == receipt.ref.id

    @pytest.mark.parametrize("cost", [None, "lots", float("inf"), -1, {}])
    async def test_a_cost_that_is_none_is_not_said(self, desk: Desk, cost: Any) -> None:
        body = orjson.dumps({**SEED, "execution_cost": cost}).decode()
        seen = await desk.told(200, body).genpro.poll(desk.http, REF)

        assert (Status.SUCCEEDED, None) == (seen.status, seen.cost)

    @pytest.mark.parametrize("word", ["pending", "processing", "failed", "stopped", "marinating"])
    async def test_a_cost_counts_only_when_completed(self, desk: Desk, word: str) -> None:
        """Section 5: its value on any other state is undocumented."""
        seen = await desk.told(200, {**SEED, "status": word}).genpro.poll(desk.http, REF)

        assert seen.cost is None

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("pending", Status.QUEUED),
            ("processing", Status.RUNNING),
            ("completed", Status.SUCCEEDED),
            ("failed", Status.FAILED),
            ("stopped", Status.STOPPED),
            ("marinating", Status.UNKNOWN),
        ],
    )
    async def test_every_status_word(self, desk: Desk, word: str, status: Status) -> None:
        """Section 3, and a word that nobody documented: never final (trap 8: `stopped` can come back)."""
        seen = await desk.told(200, {"id": 9000, "status": word}).genpro.poll(desk.http, REF)

        assert (status, word) == (seen.status, seen.raw_status)
        assert status is STATUSES[word]

    def test_the_table_has_the_documented_words_and_no_others(self) -> None:
        assert {"pending", "processing", "completed", "failed", "stopped"} == set(STATUSES.words)

    @pytest.mark.parametrize(("reason", "message"), [("No soup", "No soup"), (None, "the vendor gave no reason")])
    async def test_a_failure_says_why(self, desk: Desk, reason: str | None, message: str) -> None:
        """Section 2.3: `failed_reason` is the only detail; there is no code."""
        answer = {"id": 9000, "status": "failed", "result": None, "failed_reason": reason, "output_resources": []}
        seen = await desk.told(200, answer).genpro.poll(desk.http, REF)

        assert seen.error is not None
        assert ("vendor", message, None) == (seen.error.kind, seen.error.message, seen.error.code)

    @pytest.mark.parametrize(
        ("verb", "word", "status"), [("stop", "stopped", "stopped"), ("resume", "pending", "queued")]
    )
    @pytest.mark.parametrize("short", [True, False])
    async def test_trap_5_stop_and_continue_answer_long_or_short(
        self, desk: Desk, verb: str, word: str, status: str, short: bool
    ) -> None:
        answer = {"generation_id": 9000, "status": word} if short else {**SEED, "status": word}
        seen = await getattr(desk.told(200, answer).genpro, verb)(desk.http, REF)

        assert (REF, status, word, None) == (seen.ref, seen.status, seen.raw_status, seen.cost)
        assert (not short) is seen.complete
        assert (not short) is bool(seen.outputs)

    async def test_an_answer_that_is_not_the_documented_one_is_bad(self, desk: Desk) -> None:
        with pytest.raises(BadResponse, match="status"):
            await desk.told(200, {"id": 9000}).genpro.poll(desk.http, REF)
        with pytest.raises(BadResponse, match="generation_id"):
            await desk.told(201, {"id": 9000, "status": "pending"}).submit(TextRequest())

    @pytest.mark.parametrize(
        ("answer", "status"),
        [({}, "unknown"), ({"status": "marinating"}, "unknown"), ({"status": "completed"}, "running")],
    )
    async def test_a_trigger_that_says_another_status(self, desk: Desk, answer: dict[str, Any], status: str) -> None:
        """A result is only in the read: an end that the trigger claims is not final."""
        receipt = await desk.told(201, {"generation_id": 1, **answer}).submit(TextRequest())

        assert status == receipt.status


class TestErrors:
    @pytest.mark.parametrize(
        ("http", "code", "kind"),
        [
            (401, "unauthorized", genhub.AuthenticationError),
            (403, "permission_denied", genhub.PermissionDenied),
            (403, "forbidden", genhub.PermissionDenied),
            (404, "not_found", genhub.NotFound),
            (404, "spreadsheet_not_found", genhub.NotFound),
            (404, "project_not_found", genhub.NotFound),
            (422, "validation_error", genhub.InvalidRequest),
            (422, "agent_not_found", genhub.NotFound),
            (422, "organization_not_found", genhub.NotFound),
            (422, "usable_gen_credit_required", genhub.InsufficientCredits),
            (422, "insufficient_credits_for_job", genhub.InsufficientCredits),
            (422, "no_active_credit_purchase", genhub.InsufficientCredits),
            (402, "payment_required", genhub.InsufficientCredits),
            (422, "idempotency_conflict", genhub.InvalidRequest),
            (429, "rate_limited", genhub.RateLimited),
            (429, "rate_limit_exceeded", genhub.RateLimited),
            (401, None, genhub.AuthenticationError),
            (403, None, genhub.PermissionDenied),
            (404, None, genhub.NotFound),
            (422, None, genhub.InvalidRequest),
            (429, None, genhub.RateLimited),
            (422, "an_invented_one", genhub.InvalidRequest),
        ],
    )
    async def test_every_documented_refusal(
        self, desk: Desk, http: int, code: str | None, kind: type[genhub.ProviderError]
    ) -> None:
        """Section 7, by code and then by status (traps 6, 7, 12: 422 where others say 409, 402 or 404)."""
        answer = {"error": "No soup"} if code is None else {"error": "No soup", "error_code": code}
        with pytest.raises(genhub.ProviderError) as caught:
            await desk.told(http, answer).submit(TextRequest())

        error = caught.value
        assert kind is type(error)
        assert ("soup", code, http, None) == (error.account, error.code, error.http_status, error.request_id)
        assert error.message.startswith("No soup")

    @pytest.mark.parametrize("http", [500, 502, 503])
    async def test_a_servers_error_leaves_a_submit_in_doubt(self, desk: Desk, http: int) -> None:
        """Section 7; trap 23: the vendor's advice to retry a 5xx would buy twice."""
        with pytest.raises(SubmissionUnknown):
            await desk.told(http, "<html>").submit(TextRequest())
        with pytest.raises(genhub.ProviderUnavailable):
            await desk.told(http, "<html>").genpro.poll(desk.http, REF)

        assert 2 == len(desk.vendor.seen)

    @pytest.mark.parametrize("http", [200, 202, 204, 302, 409, 428])
    async def test_trap_1_only_201_is_a_trigger(self, desk: Desk, http: int) -> None:
        with pytest.raises(SubmissionUnknown):
            await desk.told(http, {"generation_id": 9000, "status": "pending"}).submit(TextRequest())

    @pytest.mark.parametrize(
        ("answer", "message", "code"),
        [
            ({"error": "No", "error_code": "validation_error"}, "No", "validation_error"),
            ({"error": {"message": "No", "code": "validation_error"}}, "No", "validation_error"),
            ({"error": {"message": "No"}, "error_code": "validation_error"}, "No", "validation_error"),
            ({"error": "No"}, "No", None),
            ({"message": "No"}, "No", None),
            ({}, "HTTP 422", None),
            ("No", "No", None),
            (["No"], "['No']", None),
        ],
    )
    async def test_trap_20_an_error_is_a_string_or_an_object(
        self, desk: Desk, answer: Any, message: str, code: str | None
    ) -> None:
        with pytest.raises(InvalidRequest) as caught:
            await desk.told(422, answer).submit(TextRequest())

        assert (message, code) == (caught.value.message, caught.value.code)

    @pytest.mark.parametrize("verb", ["stop", "resume"])
    @pytest.mark.parametrize("code", ["validation_error", "job_cannot_be_stopped", None])
    async def test_traps_6_and_9_a_wrong_state(self, desk: Desk, verb: str, code: str | None) -> None:
        """[seed] 422 `validation_error`; [W:err] `job_cannot_be_stopped`: of these verbs it is the state."""
        answer = {"error": "Generation cannot be stopped", "error_code": code}
        with pytest.raises(WrongState) as caught:
            await getattr(desk.told(422, answer).genpro, verb)(desk.http, REF)

        error = caught.value
        assert ("soup", code, 422, "Generation cannot be stopped") == (
            error.account,
            error.code,
            error.http_status,
            error.message,
        )

    @pytest.mark.parametrize("verb", ["stop", "resume"])
    async def test_other_refusals_of_these_verbs_keep_their_class(self, desk: Desk, verb: str) -> None:
        """[seed] 404 `not_found`; a continue without credits (section 5)."""
        act = getattr(desk.genpro, verb)
        with pytest.raises(NotFound, match="Generation not found") as caught:
            await act(desk.told(404, {"error": "Generation not found", "error_code": "not_found"}).http, REF)
        with pytest.raises(genhub.InsufficientCredits):
            await act(desk.told(422, {"error": "x", "error_code": "insufficient_credits_for_job"}).http, REF)
        with pytest.raises(InvalidRequest):
            await act(desk.told(400, {"error": "x"}).http, REF)

        assert "engine" not in caught.value.message

    @pytest.mark.parametrize("answer", [{"error": "Not found", "error_code": "not_found"}, {"error": "x"}, "<html>"])
    async def test_trap_13_a_404_may_mean_a_renamed_path(self, desk: Desk, answer: Any) -> None:
        with pytest.raises(NotFound, match=r"/autocontentengine/ was renamed.*`engine`.*vidsheet"):
            await desk.told(404, answer).submit(TextRequest())
        with pytest.raises(NotFound, match="vidsheet"):
            await desk.told(404, answer).genpro.get_cell(desk.http)

    @pytest.mark.parametrize(("http", "code"), [(404, "spreadsheet_not_found"), (422, "agent_not_found")])
    async def test_a_named_thing_that_is_missing_needs_no_hint(self, desk: Desk, http: int, code: str) -> None:
        with pytest.raises(NotFound) as caught:
            await desk.told(http, {"error": "No soup", "error_code": code}).submit(TextRequest())

        assert "No soup" == caught.value.message

    async def test_the_engines_name_is_a_setting(self, open_desk: Open) -> None:
        """Section 0, version C: the newer name of the path."""
        desk = await open_desk(engine="vidsheet")
        await desk.told(201, {"generation_id": 1, "status": "pending"}).submit(TextRequest())

        assert ["POST /v1/vidsheet/101/cells/3000/generate?agent_id=42"] == desk.vendor.lines

    @pytest.mark.parametrize("setting", [{"engine": "a/b"}, {"engine": ".."}, {"sheet_id": "1/2"}, {"agent_id": ""}])
    def test_a_setting_that_can_not_stand_in_a_path(self, setting: dict[str, Any]) -> None:
        with pytest.raises(genhub.ConfigError, match=next(iter(setting))):
            account(**setting)


class TestMoney:
    def test_the_rules(self) -> None:
        """Section 5, each with its source."""
        effects = {rule.moment: rule.effect for rule in GenPro.billing.rules}

        assert {
            Moment.SUBMIT: Effect.CHARGE,
            Moment.REUSED: Effect.NOTHING,
            Moment.SUCCEEDED: Effect.NOTHING,
            Moment.FAILED: Effect.REFUND,
            Moment.STOPPED: Effect.REFUND,
            Moment.RESUMED: Effect.CHARGE,
        } == effects
        assert Effect.UNKNOWN is GenPro.billing.rule(Moment.EXPIRED, "text").effect
        assert all(rule.source for rule in GenPro.billing.rules)
        assert {} == GenPro.billing.prices

    @pytest.mark.parametrize("generic", ["120.0", 120])
    async def test_trap_18_the_balance_is_the_generic_part(self, open_desk: Open, generic: Any) -> None:
        """Section 4.1: the page's sample; decimal strings there, numbers in [W:openapi]."""
        desk = await open_desk(organization_id=5)
        answer = {
            "id": 5,
            "name": "Soup Co",
            "user_role": "owner",
            "credit": "140.0",
            "available_credit": {"generic": generic, "aura": "20.0"},
            "total_members": 1,
            "credit_plan": {"id": 1, "name": "Pro", "cycle": "MONTHLY"},
        }
        balance = await desk.told(200, answer).genpro.balance(desk.http)

        assert ["GET /v1/organizations/5"] == desk.vendor.lines
        assert (Decimal(120), GenPro.billing.unit, answer) == (balance.amount, balance.unit, balance.raw)

    async def test_the_organization_is_found_by_the_agent(self, desk: Desk) -> None:
        """Section 4.1: `organization_id` of `GET /agents/{id}`."""
        desk.told(200, {"id": 42, "name": "A", "organization_id": 5})
        balance = await desk.told(200, {"id": 5, "available_credit": {"generic": "7"}}).genpro.balance(desk.http)

        assert ["GET /v1/agents/42", "GET /v1/organizations/5"] == desk.vendor.lines
        assert Decimal(7) == balance.amount

    @pytest.mark.parametrize("credit", [{}, {"available_credit": None}, {"available_credit": {"generic": "lots"}}])
    async def test_no_balance_is_no_zero(self, open_desk: Open, credit: dict[str, Any]) -> None:
        desk = await open_desk(organization_id=5)
        with pytest.raises(BadResponse, match="generic"):
            await desk.told(200, {"id": 5, **credit}).genpro.balance(desk.http)

    async def test_without_agent_and_organization_there_is_no_balance(self, open_desk: Open) -> None:
        desk = await open_desk(agent_id=None)
        with pytest.raises(UnsupportedRequest, match="agent_id"):
            await desk.genpro.balance(desk.http)


class TestDoubt:
    """How a lost answer is settled (section 4: `user_jobs`; section 6: the key)."""

    def intent(self, *, before: frozenset[str] | None, layer: int | None = None) -> Intent:
        extra: dict[str, Mapping[str, Any]] = {"genpro": {"layer_id": layer}}
        at = datetime(2026, 3, 9, 10, tzinfo=UTC)
        call = account().prepare(TextRequest(extra=extra), "k1", adjust=False)
        return Intent(call=call, key="k1", sent_at=at, over_at=at, before=before)

    async def test_a_generation_that_was_not_there_before_is_ours(self, desk: Desk) -> None:
        history = [{"id": 1, "status": "completed"}, {"id": 2, "status": "pending", "user_job_type": "text_generation"}]
        found = await desk.told(200, {"id": 3000, "user_jobs": history}).genpro.lookup(
            desk.http, self.intent(before=frozenset({"1"}))
        )

        assert ["GET /v1/autocontentengine/101/cells/3000?agent_id=42"] == desk.vendor.lines
        assert (True, False) == (found.complete, found.by_content)
        assert [Ref(id="2", kind="text")] == [each.ref for each in found.candidates]
        assert "text_generation pending" == found.candidates[0].about
        assert found.candidates[0].charged is None

    async def test_a_layer_has_its_own_history(self, desk: Desk) -> None:
        intent = self.intent(before=frozenset(), layer=4000)
        found = await desk.told(200, {"id": 4000, "user_jobs": []}).genpro.lookup(desk.http, intent)

        assert ["GET /v1/autocontentengine/101/cells/3000/layers/4000?agent_id=42"] == desk.vendor.lines
        assert (True, ()) == (found.complete, found.candidates)

    async def test_what_was_there_before_is_not_known(self, desk: Desk) -> None:
        """Then times sort out what they can, and finding nothing proves nothing."""
        at = datetime(2026, 3, 9, 10, 0, 3, tzinfo=UTC)
        history = [
            {"id": 1, "created_at": "2026-03-09T09:00:00.000Z"},
            {"id": 2, "created_at_ts": at.timestamp() * 1000},
            {"id": 3},
            {"id": 4, "created_at_ts": 1e30},
            {"id": 5, "created_at_ts": at.timestamp()},
        ]
        found = await desk.told(200, {"user_jobs": history}).genpro.lookup(desk.http, self.intent(before=None))

        assert not found.complete
        assert [("2", at), ("3", None), ("4", None), ("5", None)] == [
            (each.ref.id, each.created_at) for each in found.candidates
        ]

    async def test_an_answer_without_a_history_proves_nothing(self, desk: Desk) -> None:
        intent = self.intent(before=frozenset())
        found = await desk.told(200, {"id": 3000}).genpro.lookup(desk.http, intent)
        before = await desk.told(200, {"id": 3000, "user_jobs": None}).genpro.baseline(desk.http, intent.call)

        assert (False, ()) == (found.complete, found.candidates)
        assert before is None

    async def test_the_baseline_is_the_history_before(self, desk: Desk) -> None:
        call = self.intent(before=None).call
        before = await desk.told(200, {"user_jobs": [{"id": 1}, {"id": "b"}]}).genpro.baseline(desk.http, call)

        assert frozenset({"1", "b"}) == before

    async def test_trap_19_a_history_without_credits_is_blocked(self, desk: Desk) -> None:
        answer = {"error": "Active credits are required", "error_code": "usable_gen_credit_required"}
        with pytest.raises(genhub.InsufficientCredits):
            await desk.told(422, answer).genpro.baseline(desk.http, self.intent(before=None).call)

    async def test_the_key_goes_along_only_if_the_settings_say_so(self, open_desk: Open) -> None:
        """Section 6: not in the seed, so it is opt-in; then the same key is safe for 24 h."""
        desk = await open_desk(idempotency=True)
        call = desk.genpro.prepare(TextRequest(), "k1", adjust=False)
        await desk.told(201, {"generation_id": 1, "status": "pending"}).genpro.submit(desk.http, call)

        assert "k1" == desk.vendor.seen[0].headers["Idempotency-Key"]
        assert 24 * 3600 == desk.genpro.replay_within(call)
        assert 0 == account().replay_within(account().prepare(TextRequest(), "k1", adjust=False))

    async def test_the_replay_is_the_same_call(self, desk: Desk) -> None:
        genpro = evolve(desk.genpro, idempotency=True)

        assert genpro.prepare(TextRequest(), "k1", adjust=False) == genpro.prepare(TextRequest(), "k1", adjust=False)


class TestSecrets:
    async def test_the_key_is_nowhere_to_be_seen(self, desk: Desk) -> None:
        with pytest.raises(genhub.AuthenticationError) as caught:
            await desk.told(401, {"error": f"bad key {KEY}", "error_code": "unauthorized"}).submit(TextRequest())
        with pytest.raises(BadResponse) as bad:
            await desk.told(200, f"<html>{KEY}").genpro.poll(desk.http, REF)
        call = desk.genpro.prepare(TextRequest(), "k1", adjust=False)

        shown = f"{desk.genpro!r} {caught.value} {caught.value.facts()} {bad.value} {bad.value.raw} {call!r}"
        assert KEY not in shown
        assert "***" in bad.value.raw

    def test_a_key_may_come_as_text_or_as_a_secret(self) -> None:
        assert account() == account(api_key=Secret(KEY))


def test_what_it_can_do() -> None:
    assert ("stop", "resume", "balance", "lookup", "baseline", "replay") == capabilities(GenPro)


def test_how_often_it_may_be_asked() -> None:
    """Section 10: 3 s; slower for videos."""
    assert {"text": 3.0, "image": 3.0, "speech": 3.0, "video": 5.0, "": 3.0} == GenPro.poll_every


class TestAgainstTheSimulator:
    @pytest.fixture
    async def sim(self) -> AsyncIterator[GenProSim]:
        async with GenProSim(clock=Clock.manual()) as sim:
            yield sim

    @pytest.fixture
    async def to_sim(self, sim: GenProSim) -> AsyncIterator[Callable[..., tuple[GenPro, Http]]]:
        sessions = Sessions()

        def opened(**settings: Any) -> tuple[GenPro, Http]:
            places = {name: value for name, value in sim.credentials().items() if name != "organization_id"}
            genpro = GenPro(**{"base_url": sim.url, **places, **settings})
            return genpro, Http(sessions, genpro, account="soup", clock=SystemClock(), timeout=1, retries=0)

        yield opened
        await sessions.close()

    @pytest.mark.parametrize(
        ("request_", "kinds"),
        [
            (TextRequest(prompt="Soup"), ["text"]),
            (ImageRequest(prompt="Soup", count=2), ["image", "image"]),
            (VideoRequest(prompt="Soup", duration=8), ["video"]),
            (SpeechRequest(script="Soup is on"), ["audio"]),
        ],
    )
    async def test_a_life(
        self,
        sim: GenProSim,
        to_sim: Callable[..., tuple[GenPro, Http]],
        request_: Request,
        kinds: list[str],
    ) -> None:
        genpro, http = to_sim()
        sim.script(Scenario(queue=10, duration=20))
        receipt = await genpro.submit(http, genpro.prepare(request_, "k1", adjust=False))
        words = [(await genpro.poll(http, receipt.ref)).raw_status]
        for seconds in (15, 20):
            sim.clock.advance(seconds)  # type: ignore[attr-defined]
            words.append((await genpro.poll(http, receipt.ref)).raw_status)
        done = await genpro.poll(http, receipt.ref)

        assert ["pending", "processing", "completed"] == words
        assert kinds == [each.kind for each in done.outputs]
        assert sim.net(receipt.ref.id) == done.cost
        assert sim.balance == (await genpro.balance(http)).amount

    async def test_stop_and_continue(self, sim: GenProSim, to_sim: Callable[..., tuple[GenPro, Http]]) -> None:
        genpro, http = to_sim()
        sim.script(Scenario(queue=0, duration=20))
        ref = (await genpro.submit(http, genpro.prepare(TextRequest(), "k1", adjust=False))).ref
        stopped = await genpro.stop(http, ref)
        with pytest.raises(WrongState):
            await genpro.stop(http, ref)
        again = await genpro.resume(http, ref)
        with pytest.raises(WrongState):
            await genpro.resume(http, ref)

        assert (Status.STOPPED, Status.QUEUED) == (stopped.status, again.status)
        assert ["charge", "refund", "charge"] == [line.kind for line in sim.ledger]

    @pytest.mark.parametrize("layer", [None, 4000])
    async def test_a_lost_answer_is_found(
        self, sim: GenProSim, to_sim: Callable[..., tuple[GenPro, Http]], layer: int | None
    ) -> None:
        genpro, http = to_sim(layer_id=layer)
        call = genpro.prepare(TextRequest(), "k1", adjust=False)
        await genpro.submit(http, call)
        before = await genpro.baseline(http, call)
        sim.script(Scenario(fault=Fault.LOSE_ANSWER))
        with pytest.raises(SubmissionUnknown):
            await genpro.submit(http, call)
        at = datetime.now(UTC)
        intent = Intent(call=call, key="k1", sent_at=at, over_at=at, before=before)
        found = await genpro.lookup(http, intent)

        assert found.complete
        assert [sim.creations[-1][0]] == [each.ref.id for each in found.candidates]

    async def test_a_replay_under_the_key_buys_nothing(
        self, sim: GenProSim, to_sim: Callable[..., tuple[GenPro, Http]]
    ) -> None:
        genpro, http = to_sim(idempotency=True)
        call = genpro.prepare(TextRequest(), "k1", adjust=False)
        sim.script(Scenario(fault=Fault.LOSE_ANSWER))
        with pytest.raises(SubmissionUnknown):
            await genpro.submit(http, call)
        receipt = await genpro.submit(http, call)

        assert [receipt.ref.id] == [job_id for job_id, _ in sim.creations]

    async def test_the_sheet_and_its_parts(self, sim: GenProSim, to_sim: Callable[..., tuple[GenPro, Http]]) -> None:
        genpro, http = to_sim(layer_id=4000)
        await genpro.submit(http, genpro.prepare(TextRequest(), "k1", adjust=False))

        cell, layer = await genpro.get_cell(http), await genpro.get_layer(http)
        assert (str(sim.cell_id), "4000") == (cell.id, layer.id)
        assert layer.user_jobs is not None
        assert 1 == len(layer.user_jobs)
        assert str(sim.sheet_id) == (await genpro.get_sheet(http, with_execution_cost=True)).id
        assert "Soup Co" == (await genpro.get_organization(http)).name
