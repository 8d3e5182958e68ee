"""The ad-generation API (CutX), simulated; `contracts/adgen.md` is what it follows."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import ClassVar, Literal, cast

import attrs

from ._desk import money
from ._fields import Fields, Invalid
from ._http import Answer, Broke, Call, Handler, Refusal, Route, number
from ._jobs import SimJob, Words, lifetime
from ._media import media_path
from ._prose import variants
from ._scenario import CallKind
from ._server import Simulator

PLATFORMS = ("meta", "tiktok", "google", "linkedin", "pinterest", "universal")
FORMATS = ("short", "long", "hook", "story")
TONES = ("professional", "casual", "urgent", "luxe", "playful", "bold")
STYLES = ("product_hero", "lifestyle", "minimal", "bold", "seasonal")
SIZES: Mapping[str, tuple[int, int]] = {
    "1:1": (1080, 1080),
    "9:16": (1080, 1920),
    "4:5": (1080, 1350),
    "16:9": (1920, 1080),
}
PRICES: Mapping[str, Decimal] = {"copy": Decimal(1), "static_ad": Decimal(3), "video": Decimal(40)}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MODELS = {"copy": "text", "static_ad": "image", "video": "video"}


@attrs.define(eq=False, kw_only=True)
class AdGenSim(Simulator):
    """CutX's API on a port; the constructor's arguments are what its documents leave open."""

    name: ClassVar[str] = "adgen"
    words: ClassVar[Words] = Words("queued", "queued", "processing")
    finals: ClassVar[frozenset[str]] = frozenset({"completed", "failed", "canceled", "expired"})
    id_fields: ClassVar[tuple[str, ...]] = ("jobId", "id")
    amount_fields: ClassVar[tuple[str, ...]] = ("creditsUsed", "balance")

    token: str = attrs.field(default="sim.jwt.token", repr=False)
    project_id: str = "11111111-aaaa-4bbb-8ccc-0000000000a1"
    product_id: str = "11111111-aaaa-4bbb-8ccc-0000000000b1"
    #: Whether a job that ends this way gets its charge back.
    refund_canceled: bool = False
    refund_expired: bool = False
    #: Whether `style: "modern"` of the documents' own example is refused, as their table has it.
    refuse_modern: bool = False
    #: What the key of a finished job does: a new job (the seed), or a refusal (the database page).
    key_of_finished: Literal["new", "refuse"] = "new"
    #: Whether a key is the user's, or the user's for one endpoint.
    key_scope: Literal["user", "endpoint"] = "user"
    #: Whether a reused answer says `creditsRemaining`.
    reused_says_remaining: bool = False
    #: Seconds that copy, which is synchronous, takes to answer; None: as the model of lives says.
    copy_seconds: float | None = 0.0
    #: How copy says that it failed: the job's answer with `failed`, or a 500.
    copy_failure: Literal["status", "http"] = "status"
    #: Whether the status of a copy job shows its variants.
    copy_status_variants: bool = False
    #: The type that a video's status shows.
    video_type: str = "ugc_video"
    #: Whether `assets` is there, and empty, before there are any.
    empty_assets: bool = True
    #: Whether `completedAt` is set at the other ends too.
    completed_at_every_end: bool = False
    #: The field of a failed job's reason; None: it is not shown.
    failure_field: str | None = None
    #: Whether a job that is revived after its refund is charged again.
    revive_charges: bool = False
    #: How refusals are written.
    errors: Literal["string", "object", "message", "zod", "text"] = "string"
    #: Whether a 429 has a `Retry-After` header; nothing about it is documented.
    retry_after_header: bool = True
    prices: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(PRICES), repr=False)

    _tokens: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    _projects: dict[str, set[str]] = attrs.field(init=False, factory=dict[str, set[str]], repr=False)
    _by_key: dict[str, SimJob] = attrs.field(init=False, factory=dict[str, SimJob], repr=False)

    def __attrs_post_init__(self) -> None:
        Simulator.__attrs_post_init__(self)
        self.admit(self.credentials())

    def credentials(self) -> Mapping[str, object]:
        """Return the token, the project and the product."""
        return {"token": self.token, "project_id": self.project_id, "product_id": self.product_id}

    def admit(self, credentials: Mapping[str, object]) -> None:
        """Serve another token, project or product."""
        given = {name: str(value) for name, value in credentials.items() if value is not None}
        if "token" in given:
            self._tokens.add(given["token"])
        if given.keys() & {"project_id", "product_id"}:
            products = self._projects.setdefault(given.get("project_id", self.project_id), set())
            if "product_id" in given:
                products.add(given["product_id"])

    def forget(self) -> None:
        """Drop the idempotency keys."""
        self._by_key.clear()

    def routes(self) -> Iterable[Route]:
        """Yield the documented endpoints that generation needs."""
        table: tuple[tuple[str, str, CallKind, Handler], ...] = (
            ("POST", "/api/generate/copy", "submit", self._copy),
            ("POST", "/api/generate/static-ad", "submit", self._static_ad),
            ("POST", "/api/generate/video", "submit", self._video),
            ("GET", "/api/generate/status", "poll", self._status),
            ("GET", "/api/credits/balance", "balance", self._balance),
            ("GET", "/api/auth/me", "read", self._me),
            ("GET", "/api/products", "read", self._products),
            ("POST", "/api/products", "read", self._make_project),
            ("POST", "/api/products/ingest", "read", self._ingest),
        )
        for method, template, kind, handler in table:
            yield Route(method, template, kind, self._guard(handler))

    # Who may

    def _guard(self, handler: Handler) -> Handler:
        def guarded(call: Call) -> Answer:
            scheme, _, token = call.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or not token or not (self.any_credentials or token in self._tokens):
                raise Refusal(401, "unauthorized", "Not authenticated")
            return handler(call)

        return guarded

    def refuse(self, refusal: Refusal) -> Answer:
        """Say no; how is not documented, so it is a switch."""
        message = str(refusal)
        issue = {"path": [(refusal.issues or ("body", ""))[0]], "message": message}
        data: dict[str, dict[str, object]] = {
            "string": {"error": message},
            "object": {"error": {"message": message, "code": refusal.code}},
            "message": {"message": message},
            "zod": {"error": {"issues": [issue]}},
        }
        headers: dict[str, str] = {}
        if refusal.retry_after is not None and self.retry_after_header:
            headers["Retry-After"] = str(number(money(refusal.retry_after)))
        if self.errors == "text":
            return Answer(status=refusal.status, raw=message.encode(), content_type="text/plain", headers=headers)
        return Answer(status=refusal.status, data=data[self.errors], headers=headers)

    def invalid(self, error: Invalid) -> Refusal:
        """Return the refusal of a bad body."""
        return Refusal(400, "invalid_input", str(error), issues=(error.field, error.problem))

    def broke(self, error: Broke) -> Refusal:
        """Return the refusal for want of credits."""
        return Refusal(402, "insufficient_credits", "Insufficient credits")

    # Submits

    def _copy(self, call: Call) -> Answer:
        fields = self._common(call)
        fields.text("platform", required=True, choices=PLATFORMS)
        fields.text("format", required=True, choices=FORMATS)
        fields.text("tone", required=True, choices=TONES)
        fields.text("customInstructions", high=500)
        if reused := self._reused(fields, "copy"):
            return reused
        seconds = self.copy_seconds
        job = self._make(call, fields, "copy", None if seconds is None else (0.0, seconds / self.speed))
        # The charge comes first, the work after: a client that leaves meanwhile has paid.
        remaining = number(self._books.balance)
        return Answer(delay=job.ends_at - self.clock.time(), later=lambda: self._copied(job, remaining))

    def _copied(self, job: SimJob, remaining: int | float) -> Answer:
        word = self.read(job)
        if word == "failed" and self.copy_failure == "http":
            return self.refuse(Refusal(500, "internal", job.scenario.error or "Copy generation failed"))
        made = variants(_text(job, "customInstructions")) if word == "completed" else []
        return Answer(
            data={
                "jobId": job.id,
                "status": word,
                "creditsUsed": number(job.cost),
                "creditsRemaining": remaining,
                "variants": made,
            }
        )

    def _static_ad(self, call: Call) -> Answer:
        fields = self._common(call)
        fields.text("style", choices=STYLES if self.refuse_modern else (*STYLES, "modern"))
        fields.text("aspectRatio", choices=SIZES)
        fields.text("prompt", low=5, high=1000)
        return self._reused(fields, "static_ad") or self._queued(self._make(call, fields, "static_ad"))

    def _video(self, call: Call) -> Answer:
        fields = self._common(call)
        fields.text("script", required=True, low=10, high=2000)
        avatar = fields.text("avatarUrl")
        if avatar is not None and not re.match(r"https?://[^/\s]+", avatar):
            raise Invalid("avatarUrl", "must be a URL")
        fields.text("voiceId", low=1)
        fields.text("aspectRatio", choices=("9:16", "1:1", "16:9"))
        return self._reused(fields, "video") or self._queued(self._make(call, fields, "video"))

    def _common(self, call: Call) -> Fields:
        fields = call.fields()
        project, product = (fields.text(name, required=True) or "" for name in ("projectId", "productId"))
        known = self.any_credentials or product in self._projects.get(project, ())
        for name, value in (("projectId", project), ("productId", product)):
            # What was let in by name is taken as it is.
            if not known and not _UUID.fullmatch(value):
                raise Invalid(name, "must be a UUID")
        fields.text("idempotencyKey", low=1, high=128)
        if not known:
            raise Refusal(404, "not_found", "Product or project not found")
        return fields

    def _key(self, fields: Fields, kind: str) -> str | None:
        key = fields.text("idempotencyKey")
        return key if key is None or self.key_scope == "user" else f"{kind}\n{key}"

    def _reused(self, fields: Fields, kind: str) -> Answer | None:
        """Answer a key whose job is alive with that job, for nothing."""
        key = self._key(fields, kind)
        job = self._by_key.get(key) if key is not None else None
        if job is None:
            return None
        if job.status in self.finals:
            if self.key_of_finished == "new":
                return None
            raise Refusal(409, "conflict", "The idempotency key was used before")
        data: dict[str, object] = {"jobId": job.id, "creditsUsed": 0, "status": "reused"}
        if self.reused_says_remaining:
            data["creditsRemaining"] = number(self._books.balance)
        return Answer(data=data)

    def _make(self, call: Call, fields: Fields, kind: str, life: tuple[float, float] | None = None) -> SimJob:
        key = self._key(fields, kind)
        job = self.create(
            call,
            kind=kind,
            model=_MODELS[kind],
            body=fields.data,
            cost=self.prices[kind],
            job_id=self.new_uuid(),
            key=key,
            life=life,
        )
        if key is not None:
            self._by_key[key] = job
        return job

    def _queued(self, job: SimJob) -> Answer:
        return Answer(
            data={
                "jobId": job.id,
                "status": "queued",
                "creditsUsed": number(job.cost),
                "creditsRemaining": number(self._books.balance),
            }
        )

    # Reads

    def subject(self, call: Call) -> SimJob | None:
        """Return the job that a call is about: it is in the query here."""
        return self.jobs.get(call.query.get("jobId", ""))

    def _status(self, call: Call) -> Answer:
        job_id = call.query.get("jobId")
        if not job_id:
            raise Invalid("jobId", "is required")
        job = self.jobs.get(job_id)
        if job is None:
            raise Refusal(404, "not_found", "Job not found")
        word = self.read(job)
        data: dict[str, object] = {
            "id": job.id,
            "type": self.video_type if job.kind == "video" else job.kind,
            "status": word,
            "createdAt": self.stamp(job.created_at),
        }
        assets = self._assets(job) if word == "completed" else []
        if assets or self.empty_assets:
            data["assets"] = assets
        if job.finished_at is not None and (word == "completed" or self.completed_at_every_end):
            data["completedAt"] = self.stamp(job.finished_at)
        if word == "failed" and self.failure_field is not None:
            data[self.failure_field] = job.scenario.error or "Generation failed"
        if job.kind == "copy" and word == "completed" and self.copy_status_variants:
            data["variants"] = variants(_text(job, "customInstructions"))
        return Answer(data=data)

    def _assets(self, job: SimJob) -> list[dict[str, object]]:
        if job.kind == "copy":
            return []
        video = job.kind == "video"
        width, height = SIZES[_text(job, "aspectRatio") or ("9:16" if video else "1:1")]
        path = media_path(job.id, 0, width, height, "mp4" if video else "png")
        asset_id = f"{job.id[:-4]}{int(job.id[-4:], 16) ^ 0xFFFF:04x}"
        return [{"id": asset_id, "type": "video" if video else "image", "url": self.origin + path}]

    def _balance(self, call: Call) -> Answer:
        used = self._books.opening - self._books.balance
        purchased, left = self._books.opening, self._books.balance
        return Answer(
            data={
                "balance": number(left),
                "lifetime_purchased": number(purchased),
                "lifetime_used": number(used),
            }
        )

    def _me(self, call: Call) -> Answer:
        user = {
            "id": "11111111-aaaa-4bbb-8ccc-0000000000c1",
            "email": "soup@example.test",
            "name": "Soup",
            "role": "user",
            "email_verified": True,
            "created_at": "2026-01-01T00:00:00Z",
        }
        return Answer(data={"user": user})

    def _products(self, call: Call) -> Answer:
        project = call.query.get("projectId")
        limit = call.query.get("limit", "20")
        if not limit.isdecimal():
            raise Invalid("limit", "must be a number")
        made = "2026-01-01T00:00:00Z"
        if project is None:
            shown = [
                {
                    "id": name,
                    "name": "Project",
                    "description": None,
                    "product_count": str(len(products)),
                    "asset_count": "0",
                    "created_at": made,
                    "updated_at": made,
                }
                for name, products in self._projects.items()
            ]
            return Answer(data={"projects": shown[: int(limit)]})
        if project not in self._projects:
            raise Refusal(404, "not_found", "Project not found")
        found = [self._product(product) for product in sorted(self._projects[project])]
        return Answer(data={"products": found[: int(limit)]})

    def _make_project(self, call: Call) -> Answer:
        fields = call.fields()
        name = fields.text("name", required=True, low=1, high=200)
        description = fields.text("description", high=1000)
        project = self.new_uuid()
        self._projects[project] = set()
        made = {"id": project, "name": name, "description": description, "status": "active"}
        return Answer(status=201, data={"project": made})

    def _ingest(self, call: Call) -> Answer:
        fields = call.fields()
        url = fields.text("url", required=True) or ""
        project = fields.text("projectId", required=True) or ""
        if not re.match(r"https?://[^/\s]+", url):
            raise Invalid("url", "must be a URL")
        if project not in self._projects:
            raise Refusal(404, "not_found", "Project not found")
        product = self.new_uuid()
        self._projects[project].add(product)
        made = {**self._product(product), "source_url": url, "features": list[str](), "images": list[str]()}
        return Answer(status=201, data={"product": made})

    def _product(self, product: str) -> dict[str, object]:
        return {
            "id": product,
            "name": "Soup bowl",
            "description": "Keeps heat for nine hours",
            "price": "19.00",
            "currency": "EUR",
            "brand": "Soup Co",
            "category": "kitchen",
            "source_url": None,
            "image_url": None,
            "created_at": "2026-01-01T00:00:00Z",
        }

    # What its user, its time-outs and its own retries do

    def cancel(self, job_id: str) -> None:
        """Cancel a job as a user or an admin does."""
        self._put_end(job_id, "canceled")

    def expire(self, job_id: str) -> None:
        """Let a job run out of time."""
        self._put_end(job_id, "expired")

    def revive(self, job_id: str) -> None:
        """Let the service try a failed or expired job again: it is pending once more."""
        job = self.jobs[job_id]
        self.settle()
        if job.status not in ("failed", "expired"):
            raise RuntimeError(f"job {job_id} is {job.status}: only failed and expired ones are tried again")
        job.words = attrs.evolve(job.words, first="pending", queued="pending")
        job.outcome = "completed"
        job.queue, job.duration = lifetime(_MODELS[job.kind], self._random, self.speed)
        self.start_again(job)

    def revived(self, job: SimJob) -> None:
        """Charge again if the switch says so."""
        if self.revive_charges and not self.paid(job):
            self.charge(job.id, job.cost, self.clock.time(), "revived")

    def _put_end(self, job_id: str, word: str) -> None:
        job = self.jobs[job_id]
        self.settle()
        if job.status in self.finals:
            raise RuntimeError(f"job {job_id} is {job.status} already")
        self.force(job, word)

    def reckon(self, job: SimJob, word: str, at: float) -> None:
        """Failed: all comes back. Canceled and expired: the switches say."""
        refunded = {"failed": True, "canceled": self.refund_canceled, "expired": self.refund_expired}
        if refunded.get(word, False):
            self.refund(job, self.paid(job), at, word)

    def stamp(self, at: float) -> str:
        """Return a time as CutX writes it, in its own clock."""
        return dt.datetime.fromtimestamp(at + self.skew, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(job: SimJob, name: str) -> str | None:
    return cast(str | None, job.body.get(name))
