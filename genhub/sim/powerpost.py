"""PowerPost, simulated: captions, images and videos; `contracts/powerpost.md` is what it follows."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import ClassVar, cast

import attrs

from . import _powerpost_rules as rules
from ._fields import Invalid
from ._http import Answer, Broke, Call, Handler, Refusal, Route, number
from ._jobs import SimJob, Words
from ._media import media_path
from ._powerpost_posts import Posts
from ._prose import caption
from ._scenario import CallKind
from ._server import Simulator
from ._webhooks import Courier

#: Caption, image and video jobs differ in the name of their id and in where they are read.
_ID: Mapping[str, str] = {
    "captions": "generation_id",
    "image": "image_generation_id",
    "video": "video_generation_id",
}
_CENT = Decimal("0.01")
_READ: Mapping[str, str] = {"captions": "content", "image": "images", "video": "videos"}


@attrs.define(eq=False, kw_only=True)
class PowerPostSim(Simulator):
    """PowerPost's API on a port; the constructor's arguments are what its documents leave open."""

    name: ClassVar[str] = "powerpost"
    base_path: ClassVar[str] = "/api/v1"
    words: ClassVar[Words] = Words("processing", "pending", "processing")
    finals: ClassVar[frozenset[str]] = frozenset({"completed", "failed"})
    # Its status_url holds the id as well.
    id_fields: ClassVar[tuple[str, ...]] = (*_ID.values(), "status_url")
    amount_fields: ClassVar[tuple[str, ...]] = ("credits_used", "balance")
    codes: ClassVar[Mapping[int, str]] = {
        400: "VALIDATION_ERROR",
        401: "INVALID_API_KEY",
        402: "INSUFFICIENT_CREDITS",
        403: "FORBIDDEN",
        404: "NOT_FOUND",
        409: "ALREADY_PUBLISHED",
        413: "FILE_TOO_LARGE",
        422: "PLATFORM_NOT_CONNECTED",
        429: "RATE_LIMIT_EXCEEDED",
        500: "INTERNAL_ERROR",
    }

    api_key: str = attrs.field(default="pp_live_sk_sim", repr=False)
    workspace_id: str = "ws-1"
    #: What the key may do; None is everything.
    scopes: frozenset[str] | None = None
    #: Older documents say 500.
    prompt_limit: int = 2000
    prices: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(rules.PRICES), repr=False)
    #: Whether a failed caption job says `credits_used: 0` at once, or only when the refund has landed.
    failed_zero_at_once: bool = True
    #: Whether images and videos say `credits_used` when read.
    media_credits: bool = False
    #: The code of a failed image job; None: it says no `error` at all.
    image_error: str | None = None
    #: Whether a failed job in the list says its `error`.
    list_errors: bool = False
    #: Whether the last page says `next_cursor: null`, or nothing.
    last_cursor_null: bool = True
    #: Whether a 429 has a `Retry-After` header beside the body's `retryAfter`.
    retry_after_header: bool = False
    image_limit: int = 10 * 1024**2
    video_limit: int = 500 * 1024**2
    storage_quota: int = 10 * 1024**3
    #: The platforms that have an account to publish to.
    connected: frozenset[str] = frozenset(rules.PLATFORMS.values())
    #: Seconds from publishing to published, divided by `speed`.
    publish_seconds: float = 3.0

    #: Where events of ended caption and image jobs are sent to; None: nowhere.
    webhook_url: str | None = None

    #: Media ids and their kind, image or video; by workspace.
    media_kinds: dict[str, dict[str, str]] = attrs.field(init=False, factory=dict[str, dict[str, str]], repr=False)
    _keys: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    _workspaces: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    _captions: list[SimJob] = attrs.field(init=False, factory=list[SimJob], repr=False)
    _courier: Courier | None = attrs.field(init=False, default=None, repr=False)
    _posts: Posts = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._posts = Posts(self)
        super().__attrs_post_init__()
        self.admit({"api_key": self.api_key, "workspace_id": self.workspace_id})

    async def open_port(self) -> None:
        """Listen, and carry webhooks if there is somewhere to carry them."""
        await Simulator.open_port(self)
        if self.webhook_url is not None and self._courier is None:
            self._courier = Courier(self.webhook_url, self.clock, self._next_end)
            self._courier.start()

    async def close_port(self) -> None:
        """Stop listening; webhooks stop as well."""
        courier, self._courier = self._courier, None
        if courier is not None:
            await courier.stop()
        await Simulator.close_port(self)

    def credentials(self) -> Mapping[str, object]:
        """Return the key and the workspace."""
        return {"api_key": self.api_key, "workspace_id": self.workspace_id}

    def admit(self, credentials: Mapping[str, object]) -> None:
        """Serve another key or workspace."""
        for name, known in (("api_key", self._keys), ("workspace_id", self._workspaces)):
            if credentials.get(name) is not None:
                known.add(str(credentials[name]))

    def forget(self) -> None:
        """Drop posts, media and the list."""
        self._captions.clear()
        self.media_kinds.clear()
        self._posts.forget()

    def routes(self) -> Iterable[Route]:
        """Yield the documented endpoints."""
        posts = self._posts
        table: tuple[tuple[str, str, CallKind, Handler], ...] = (
            ("POST", "/content/generate", "submit", self._captions_submit),
            ("GET", "/content/generations", "list", self._captions_list),
            ("GET", "/content/generations/{id}", "poll", self._read_captions),
            ("POST", "/images/generate", "submit", self._image_submit),
            ("GET", "/images/generations/{id}", "poll", self._read_image),
            ("POST", "/videos/generate", "submit", self._video_submit),
            ("GET", "/videos/generations/{id}", "poll", self._read_video),
            ("POST", "/media/upload", "upload", posts.upload),
            ("POST", "/posts", "read", posts.create),
            ("GET", "/posts/{id}", "read", posts.read),
            ("POST", "/posts/{id}/publish", "publish", posts.publish),
            ("GET", "/account/credits", "balance", self._credits),
        )
        for method, template, kind, handler in table:
            guarded = self._guard(handler, rules.SCOPES[method, template])
            yield Route(method, self.base_path + template, kind, guarded)

    # Who may

    def _guard(self, handler: Handler, scope: str) -> Handler:
        def guarded(call: Call) -> Answer:
            self._admit_call(call, scope)
            return handler(call)

        return guarded

    def _admit_call(self, call: Call, scope: str) -> None:
        key = call.headers.get("x-api-key") or call.headers.get("Authorization", "").removeprefix("Bearer ")
        if not key or not (self.any_credentials or key in self._keys):
            raise Refusal(401, "INVALID_API_KEY", "Missing or invalid API key")
        if self.scopes is not None and scope not in self.scopes:
            raise Refusal(403, "INSUFFICIENT_SCOPE", f"The key lacks the scope {scope}")
        if scope == "account:read":
            return
        workspace = call.headers.get("X-Workspace-Id")
        if not workspace:
            raise Refusal(400, "VALIDATION_ERROR", "X-Workspace-Id is required")
        if not (self.any_credentials or workspace in self._workspaces):
            raise Refusal(403, "FORBIDDEN", "You don't have access to this workspace")

    def refuse(self, refusal: Refusal) -> Answer:
        """Say no in PowerPost's envelope; the wait of a 429 is in the body."""
        code = refusal.code or self.codes.get(refusal.status, "INTERNAL_ERROR")
        error: dict[str, object] = {"message": str(refusal), "code": code}
        headers: dict[str, str] = {}
        if refusal.retry_after is not None:
            wait = Decimal(str(refusal.retry_after))
            error["retryAfter"] = number(wait)
            if self.retry_after_header:
                headers["Retry-After"] = str(number(wait))
        return Answer(status=refusal.status, data={"error": error}, headers=headers)

    def invalid(self, error: Invalid) -> Refusal:
        """Return the refusal of a bad body."""
        return Refusal(400, "VALIDATION_ERROR", str(error))

    def broke(self, error: Broke) -> Refusal:
        """Return the refusal for want of credits."""
        return Refusal(402, "INSUFFICIENT_CREDITS", "Not enough credits for this operation")

    def headers(self) -> dict[str, str]:
        """Return what every answer carries: the rate limit and the request's id."""
        limit, left, reset = self.pace_left()
        return {
            **Simulator.headers(self),
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(reset),
            "X-Request-Id": f"req-{self.new_number():08x}",
        }

    # Submits

    def _captions_submit(self, call: Call) -> Answer:
        fields = call.fields()
        post_types, extra = rules.check_captions(fields, self.prompt_limit, self.kinds(call))
        mode = str(fields.data["research_mode"])
        body = {**fields.data, "platforms": rules.platforms(post_types)}
        job = self._make(call, "captions", "captions", fields.data, self.prices[mode] + extra)
        job.body = body
        self._captions.append(job)
        return self._submitted(job)

    def _image_submit(self, call: Call) -> Answer:
        fields = call.fields()
        size, quantity = rules.check_image(fields)
        source, workspace = fields.data.get("generation_id"), self.workspace(call)
        if source is not None and self._owned(str(source), "captions", workspace) is None:
            raise Refusal(404, "NOT_FOUND", "Resource not found")
        if not set(fields.texts("style_images", high=4)) <= set(self.kinds(call)):
            raise Refusal(404, "NOT_FOUND", "Resource not found")
        job = self._make(call, "image", "image", fields.data, self.prices["image"] * quantity)
        job.body = {**fields.data, "size": size, "quantity": quantity}
        for index in range(quantity):
            self.kinds(call)[_media_id(job, index)] = "image"
        return self._submitted(job)

    def _video_submit(self, call: Call) -> Answer:
        fields = call.fields()
        shape = rules.check_video(fields)
        source = fields.text("source_image")
        if source is not None and self.kinds(call).get(source) != "image":
            raise Refusal(404, "NOT_FOUND", "Resource not found")
        cost = self.prices["video_second"] * cast(int, shape["duration"])
        job = self._make(call, "video", "video", fields.data, cost)
        job.body = {**fields.data, **shape}
        self.kinds(call)[_media_id(job, 0)] = "video"
        return self._submitted(job)

    def _make(self, call: Call, kind: str, model: str, body: dict[str, object], cost: Decimal) -> SimJob:
        return self.create(
            call,
            kind=kind,
            model=model,
            body=body,
            cost=cost,
            job_id=self.new_uuid(),
            place=(self.workspace(call),),
        )

    def _submitted(self, job: SimJob) -> Answer:
        return Answer(
            data={
                _ID[job.kind]: job.id,
                "status": self.words.first,
                "credits_used": number(job.cost),
                "remaining_credits": number(self._books.balance),
                "status_url": f"{self.base_path}/{_READ[job.kind]}/generations/{job.id}",
            }
        )

    # Reads

    def _read_captions(self, call: Call) -> Answer:
        job = self._job(call, "captions")
        word = self.read(job)
        data = self._summary(job, word)
        if word == "completed":
            data["outputs"] = self._outputs(job)
        if word == "failed":
            data["error"] = self._failure(job, "GENERATION_FAILED")
        return Answer(data=data)

    def _read_image(self, call: Call) -> Answer:
        job = self._job(call, "image")
        word = self.read(job)
        data = self._about(job, word, "prompt", "size", "quantity")
        made = cast(int, job.body["quantity"])
        if word == "failed":
            made = min(job.scenario.partial or 0, made)
            if self.image_error is not None:
                data["error"] = self._failure(job, self.image_error)
        if word == "completed" or (word == "failed" and made):
            data["images"] = [self._image(job, index) for index in range(made)]
        return Answer(data=data)

    def _read_video(self, call: Call) -> Answer:
        job = self._job(call, "video")
        word = self.read(job)
        data = self._about(job, word, "prompt", "size", "duration", "has_audio", "model")
        if word == "completed":
            width, height = rules.SIZES[str(job.body["size"])]
            data["video"] = {
                "media_id": _media_id(job, 0),
                "url": self.origin + media_path(job.id, 0, width, height, "mp4"),
                "thumbnail_url": self.origin + media_path(job.id, 0, width // 4, height // 4, "png"),
                "width": width,
                "height": height,
                "duration": job.body["duration"],
            }
        if word == "failed":
            data["error"] = self._failure(job, "VIDEO_GENERATION_FAILED")
        return Answer(data=data)

    def _captions_list(self, call: Call) -> Answer:
        status = call.query.get("status")
        if status is not None and status not in rules.STATUSES:
            raise Invalid("status", f"must be one of {', '.join(rules.STATUSES)}")
        limit = call.query.get("limit", "20")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            raise Invalid("limit", "must be a number from 1 to 100")
        cursor = call.query.get("cursor")
        if cursor is not None and not cursor.removeprefix("cur_").isdecimal():
            raise Invalid("cursor", "is not one of ours")
        end = len(self._captions) if cursor is None else int(cursor.removeprefix("cur_"))
        workspace = self.workspace(call)
        items: list[dict[str, object]] = []
        for index in range(min(end, len(self._captions)) - 1, -1, -1):
            job = self._captions[index]
            if job.place != (workspace,):
                continue
            if len(items) == int(limit):
                # The cursor counts from the oldest: what is made meanwhile does not move it.
                return Answer(data={"data": items, "next_cursor": f"cur_{index + 1}", "has_more": True})
            word = self.read(job)  # whoever lists has looked at the job
            if status in (None, word):
                item = self._summary(job, word)
                if word == "failed" and self.list_errors:
                    item["error"] = self._failure(job, "GENERATION_FAILED")
                items.append(item)
        end_of_list: dict[str, object] = {"next_cursor": None} if self.last_cursor_null else {}
        return Answer(data={"data": items, **end_of_list, "has_more": False})

    def _credits(self, call: Call) -> Answer:
        return Answer(data={"balance": number(self._books.balance)})

    def _summary(self, job: SimJob, word: str) -> dict[str, object]:
        return {
            "generation_id": job.id,
            "status": word,
            "prompt": job.body.get("prompt"),
            "platforms": job.body["platforms"],
            "research_mode": job.body["research_mode"],
            "credits_used": number(self._credits_used(job, word)),
            "created_at": self.stamp(job.created_at),
        }

    def _about(self, job: SimJob, word: str, *names: str) -> dict[str, object]:
        data: dict[str, object] = {_ID[job.kind]: job.id, "status": word}
        data |= {name: job.body.get(name) for name in names}
        if self.media_credits:
            data["credits_used"] = number(self._credits_used(job, word))
        data["created_at"] = self.stamp(job.created_at)
        return data

    def _credits_used(self, job: SimJob, word: str) -> Decimal:
        if word not in self.finals or not (job.settled or self.failed_zero_at_once):
            return job.cost
        return self._final_cost(job, word)

    def _final_cost(self, job: SimJob, word: str) -> Decimal:
        scenario = job.scenario
        if word == "completed":
            return job.cost if scenario.final_cost is None else scenario.final_cost
        if job.kind == "image" and scenario.partial:
            quantity = cast(int, job.body["quantity"])
            share = job.cost * min(scenario.partial, quantity) / quantity
            return share.quantize(_CENT)
        return Decimal(0)

    def reckon(self, job: SimJob, word: str, at: float) -> None:
        """Give back what a failure, or an end cheaper than expected, has left over."""
        final = self._final_cost(job, word)
        if word == "failed":
            self.refund(job, self.paid(job) - final, at, "failed")
        else:
            self.finish_by(job, final, at)

    def _next_end(self) -> float | None:
        self.settle()
        return self._ends[0][0] if self._ends else None

    def made(self, job: SimJob) -> None:
        """Let the courier look for its end."""
        if self._courier is not None:
            self._courier.notice()

    def ended(self, job: SimJob, word: str) -> None:
        """Send the event of a caption or image job; failures are flat here, unlike in the API."""
        if self._courier is None or job.kind == "video":
            return
        data: dict[str, object] = {_ID[job.kind]: job.id, "status": word}
        if word == "completed" and job.kind == "captions":
            data["outputs"] = self._outputs(job)
        if word == "failed":
            error = self._failure(job, "GENERATION_FAILED")
            data |= {"error_code": error["code"], "error_message": error["message"]}
        self._courier.send(
            {
                "event": f"{'image_' if job.kind == 'image' else ''}generation.{word}",
                "timestamp": self.stamp(self.clock.time()),
                "workspace_id": job.place[0],
                "data": data,
            }
        )

    def _outputs(self, job: SimJob) -> dict[str, object]:
        prompt = cast(str | None, job.body.get("prompt"))
        return {name: caption(name, prompt) for name in cast(list[str], job.body["platforms"])}

    def _image(self, job: SimJob, index: int) -> dict[str, object]:
        width, height = rules.SIZES[str(job.body["size"])]
        return {
            "media_id": _media_id(job, index),
            "url": self.origin + media_path(job.id, index, width, height, "png"),
            "thumbnail_url": self.origin + media_path(job.id, index, width // 4, height // 4, "png"),
            "width": width,
            "height": height,
        }

    def _failure(self, job: SimJob, code: str) -> dict[str, object]:
        return {
            "code": job.scenario.error or code,
            "message": "Failed to generate content. Please try again.",
        }

    def _job(self, call: Call, kind: str) -> SimJob:
        if job := self._owned(call.params["id"], kind, self.workspace(call)):
            return job
        raise Refusal(404, "NOT_FOUND", "Resource not found")

    def _owned(self, job_id: str, kind: str, workspace: str) -> SimJob | None:
        job = self.jobs.get(job_id)
        return job if job is not None and job.kind == kind and job.place == (workspace,) else None

    def workspace(self, call: Call) -> str:
        """Return the workspace that a call is about."""
        return call.headers.get("X-Workspace-Id", "")

    def kinds(self, call: Call) -> dict[str, str]:
        """Return the media of a call's workspace."""
        return self.media_kinds.setdefault(self.workspace(call), {})

    def stamp(self, at: float) -> str:
        """Return a time as PowerPost writes it, in its own clock."""
        return dt.datetime.fromtimestamp(at + self.skew, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _media_id(job: SimJob, index: int) -> str:
    return f"{job.kind[:3]}-{job.id[:13]}-{index + 1:02}"
