"""gen.pro, simulated: generations on cells and layers; `contracts/genpro.md` is what it follows."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import ClassVar, Literal, cast

import attrs

from ._desk import money
from ._fields import Invalid
from ._genpro_sheets import Sheets
from ._http import Answer, Broke, Call, Handler, Refusal, Route, number
from ._jobs import SimJob, Words
from ._media import media_path
from ._prose import script_text
from ._scenario import CallKind
from ._server import Simulator

#: The documents' names of generation types, and the vendor's own for the same, which reads give back.
_INTERNAL: Mapping[str, str] = {
    "text": "text_generation",
    "image_from_text": "gemini_image_generation",
    "video_from_text": "video_generation",
    "video_from_image": "kling_image_video",
    "video_from_ingredients": "video_generation",
    "speech_from_text": "eleven_labs",
}
#: What a type makes, by a part of its name; the first that fits.
_FAMILIES = (
    ("caption", "captions"),
    ("video", "video"),
    ("kling", "video"),
    ("lipsync", "video"),
    ("render", "video"),
    ("image", "image"),
    ("midjourney", "image"),
    ("speech", "speech"),
    ("audio", "speech"),
    ("eleven", "speech"),
)
#: What is charged up front: the size of the seed's example, not of any price list.
PRICES: Mapping[str, Decimal] = {
    "text": Decimal("2.5"),
    "captions": Decimal(2),
    "image": Decimal(5),
    "speech": Decimal(3),
    "video": Decimal(25),
}
_SIZES = {
    "1:1": (1024, 1024),
    "9:16": (1080, 1920),
    "16:9": (1920, 1080),
    "4:3": (1024, 768),
    "3:4": (768, 1024),
}
_DAY = 86400


@attrs.define(eq=False, kw_only=True)
class GenProSim(Simulator):
    """gen.pro's API on a port; the constructor's arguments are what its documents leave open."""

    name: ClassVar[str] = "genpro"
    base_path: ClassVar[str] = "/v1"
    words: ClassVar[Words] = Words("pending", "pending", "processing")
    finals: ClassVar[frozenset[str]] = frozenset({"completed", "failed", "stopped"})
    id_fields: ClassVar[tuple[str, ...]] = ("generation_id", "id")
    # A submit names no amount: there ODD_AMOUNT has nothing to spoil.
    amount_fields: ClassVar[tuple[str, ...]] = ("execution_cost", "generic")
    codes: ClassVar[Mapping[int, str]] = {
        400: "validation_error",
        401: "unauthorized",
        402: "payment_required",
        403: "permission_denied",
        404: "not_found",
        422: "validation_error",
        429: "rate_limited",
    }

    api_key: str = attrs.field(default="gen_pat_sim", repr=False)
    agent_id: int = 42
    sheet_id: int = 101
    cell_id: int = 3000
    organization_id: int = 5
    #: Cells of the sheet from `cell_id` on, and layers of each: the first cell's are 4000, 4001.
    cell_count: int = 10
    layer_count: int = 2
    #: Since about June 2026 it is `vidsheet`, and the older name answers 404.
    engine_path: str = "autocontentengine"
    ids: Literal["int", "string"] = "int"
    #: How `execution_cost` is written.
    costs: Literal["number", "string"] = "number"
    #: How the organization's credits are written.
    credits: Literal["number", "string"] = "string"
    #: What `execution_cost` says before the end; `estimate` is what was charged up front.
    cost_before_end: Literal["null", "zero", "estimate", "absent"] = "null"
    #: What it says of a job whose charge was given back.
    cost_of_refunded: Literal["null", "zero", "estimate", "absent"] = "null"
    #: Whether stop and continue answer `{generation_id, status}` only.
    short_answers: bool = False
    #: The code of a stop or continue that the job's state does not allow.
    wrong_state_code: str = "validation_error"
    #: Whether a job that waits can be stopped, and not only one that runs.
    stop_pending: bool = True
    #: The part of the charge that a stop gives back.
    stop_refund: Decimal = attrs.field(default=Decimal(1), converter=money)
    #: Whether a failed job can be continued.
    continue_failed: bool = False
    #: What a continue charges; None is the estimate again.
    continue_cost: Decimal | None = attrs.field(default=None, converter=attrs.converters.optional(money))
    #: What a completed job cost, as a factor on the estimate.
    cost_factor: Decimal = attrs.field(default=Decimal(1), converter=money)
    #: Whether `Idempotency-Key` is honoured (wider documents; the seed knows no key).
    idempotency: bool = True
    conflict_status: int = 409
    #: Whether an empty balance blocks every engine endpoint, reads too; and generation reads as well.
    blocked_when_empty: bool = True
    reads_blocked_when_empty: bool = False
    #: Whether `user_jobs` begins with the newest.
    newest_first: bool = False
    #: Whether a 429 has a `Retry-After` header; nothing about it is documented.
    retry_after_header: bool = True
    #: Credits that do not pay for generations.
    aura: Decimal = attrs.field(default=Decimal(20), converter=money)
    prices: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(PRICES), repr=False)

    sheets: Sheets = attrs.field(init=False, factory=Sheets, repr=False)
    _keys: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    _agents: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    _organizations: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    #: Idempotency keys: when, the request, the answer.
    _replays: dict[str, tuple[float, bytes, Answer]] = attrs.field(
        init=False, factory=dict[str, tuple[float, bytes, Answer]], repr=False
    )

    def __attrs_post_init__(self) -> None:
        Simulator.__attrs_post_init__(self)
        self.admit(self.credentials())
        for index in range(self.cell_count):
            for layer in range(self.layer_count):
                number_ = 4000 + index * self.layer_count + layer
                self.sheets.add(str(self.sheet_id), str(self.cell_id + index), str(number_))

    def credentials(self) -> Mapping[str, object]:
        """Return the key and the places."""
        names = ("api_key", "agent_id", "sheet_id", "cell_id", "organization_id")
        return {name: getattr(self, name) for name in names}

    def admit(self, credentials: Mapping[str, object]) -> None:
        """Serve another key, agent, organization, sheet, cell or layer."""
        given = {name: str(value) for name, value in credentials.items() if value is not None}
        for name, known in (
            ("api_key", self._keys),
            ("agent_id", self._agents),
            ("organization_id", self._organizations),
        ):
            if name in given:
                known.add(given[name])
        if given.keys() & {"sheet_id", "cell_id", "layer_id"}:
            sheet = given.get("sheet_id", str(self.sheet_id))
            cell = given.get("cell_id") or (str(self.cell_id) if "layer_id" in given else None)
            self.sheets.add(sheet, cell, given.get("layer_id"))

    def forget(self) -> None:
        """Drop the histories and the idempotency keys."""
        self.sheets.forget()
        self._replays.clear()

    def routes(self) -> Iterable[Route]:
        """Yield the documented endpoints that generation needs."""
        engine = f"/{self.engine_path}/{{sheet}}"
        cell = f"{engine}/cells/{{cell}}"
        layer = f"{cell}/layers/{{layer}}"
        table: tuple[tuple[str, str, CallKind, Handler], ...] = (
            ("POST", f"{cell}/generate", "submit", self._engine(self._generate)),
            ("POST", f"{layer}/generate", "submit", self._engine(self._generate)),
            ("POST", f"{cell}/render", "submit", self._engine(self._render)),
            ("GET", engine, "list", self._engine(self._read_sheet)),
            ("GET", cell, "list", self._engine(self._read_cell)),
            ("PATCH", cell, "read", self._engine(self._patch_cell)),
            ("GET", layer, "list", self._engine(self._read_layer)),
            ("GET", "/generations/{id}", "poll", self._read_generation),
            ("POST", "/generations/{id}/stop", "stop", self._stop),
            ("POST", "/generations/{id}/continue", "continue", self._continue),
            ("GET", "/organizations/{organization}", "balance", self._organization),
            ("GET", "/organizations", "read", self._all_organizations),
            ("GET", "/agents/{agent}", "read", self._agent),
            ("GET", "/agents", "read", self._all_agents),
        )
        for method, template, kind, handler in table:
            yield Route(method, self.base_path + template, kind, self._guard(handler))

    # Who may

    def _guard(self, handler: Handler) -> Handler:
        def guarded(call: Call) -> Answer:
            key = call.headers.get("X-API-Key") or call.headers.get("Authorization", "").removeprefix("Bearer ")
            if not key or not (self.any_credentials or key in self._keys):
                raise Refusal(401, "unauthorized", "Invalid API key")
            self.sheets.any_place = self.any_credentials
            return handler(call)

        return guarded

    def _engine(self, handler: Handler) -> Handler:
        """Guard an endpoint under the engine path: an agent is named, credits are left, the place exists."""

        def guarded(call: Call) -> Answer:
            agent = call.query.get("agent_id", "")
            if not agent.isdecimal() or not (self.any_credentials or agent in self._agents):
                raise Refusal(422, "agent_not_found", "Agent not found")
            if self.blocked_when_empty and self._books.balance <= 0:
                raise Refusal(422, "usable_gen_credit_required", "Active credits are required")
            place = call.params
            self.sheets.sheet(place["sheet"])
            if "cell" in place:
                self.sheets.cell(place["sheet"], place["cell"])
            if "layer" in place:
                self.sheets.check_layer(place["sheet"], place["cell"], place["layer"])
            return handler(call)

        return guarded

    def refuse(self, refusal: Refusal) -> Answer:
        """Say no in gen.pro's flat envelope; a server's error has no code."""
        data: dict[str, object] = {"error": str(refusal)}
        if refusal.code is not None:
            data["error_code"] = refusal.code
        headers: dict[str, str] = {}
        if refusal.retry_after is not None and self.retry_after_header:
            headers["Retry-After"] = str(number(money(refusal.retry_after)))
        return Answer(status=refusal.status, data=data, headers=headers)

    def invalid(self, error: Invalid) -> Refusal:
        """Return the refusal of a bad body."""
        return Refusal(422, "validation_error", str(error))

    def broke(self, error: Broke) -> Refusal:
        """Return the refusal for want of credits."""
        return Refusal(422, "insufficient_credits_for_job", "Not enough credits for this job")

    # Writes

    def _generate(self, call: Call) -> Answer:
        fields = call.fields()
        kind = fields.text("generation_type", required=True, low=1) or ""
        data = fields.mapping("data", required=True) or {}
        return self._once(call, lambda: self._submit(call, kind, fields.data, data))

    def _render(self, call: Call) -> Answer:
        return self._once(call, lambda: self._submit(call, "render", {"generation_type": "render"}, {}))

    def _submit(self, call: Call, kind: str, body: dict[str, object], data: dict[str, object]) -> Answer:
        place = tuple(call.params[name] for name in ("sheet", "cell", "layer") if name in call.params)
        model = _family(kind)
        images = data.get("number_of_images")
        quantity = images if model == "image" and isinstance(images, int) and 0 < images < 20 else 1
        job_id = str(8999 + self.new_number())
        job = self.create(
            call,
            kind=kind,
            model=model,
            body=body,
            cost=self.prices[model] * quantity,
            job_id=job_id,
            place=place,
        )
        self.sheets.history(*place).append(job)
        return Answer(status=201, data={"generation_id": self._id(job.id), "status": "pending"})

    def _stop(self, call: Call) -> Answer:
        job = self._job(call)
        word = job.status
        if word in self.finals or job.final_word is not None or (word == "pending" and not self.stop_pending):
            raise Refusal(422, self.wrong_state_code, "Generation cannot be stopped in its current state")
        self.force(job, "stopped")
        return self._changed(job)

    def _continue(self, call: Call) -> Answer:
        job = self._job(call)

        def go_on() -> Answer:
            if job.status not in self._continuable:
                raise Refusal(422, self.wrong_state_code, "Generation cannot be continued in its current state")
            self.start_again(job)
            return self._changed(job)

        return self._once(call, go_on)

    @property
    def _continuable(self) -> tuple[str, ...]:
        return ("stopped", "failed") if self.continue_failed else ("stopped",)

    def revived(self, job: SimJob) -> None:
        """Charge again: somebody continued it."""
        cost = job.cost if self.continue_cost is None else self.continue_cost
        self.charge(job.id, cost, self.clock.time(), "continue")

    def dashboard_stop(self, job_id: str | int) -> None:
        """Stop a job as its user does in the dashboard."""
        job = self.jobs[str(job_id)]
        self.settle()
        if job.status in self.finals:
            raise RuntimeError(f"generation {job_id} is {job.status} and can not be stopped")
        self.force(job, "stopped")

    async def dashboard_continue(self, job_id: str | int) -> None:
        """Continue a stopped job as its user does in the dashboard: it is charged again."""
        job = self.jobs[str(job_id)]
        self.settle()
        if job.status not in self._continuable:
            raise RuntimeError(f"generation {job_id} is {job.status} and can not be continued")
        self.start_again(job)

    def _once(self, call: Call, act: Callable[[], Answer]) -> Answer:
        """Answer a repeated `Idempotency-Key` as the first time, for a day."""
        key = call.headers.get("Idempotency-Key")
        if key is None or not self.idempotency:
            return act()
        if not key.strip() or len(key) > 255:
            raise Invalid("Idempotency-Key", "must have 1 to 255 characters, not only spaces")
        now, request = self.clock.time(), call.path.encode() + b"\n" + call.raw
        first = self._replays.get(key)
        if first is not None and now < first[0] + _DAY:
            if first[1] != request:
                raise Refusal(self.conflict_status, "idempotency_conflict", "The key was used for another request")
            return first[2]
        answer = act()
        self._replays[key] = (now, request, answer)
        return answer

    # Reads

    def _read_generation(self, call: Call) -> Answer:
        if self.reads_blocked_when_empty and self._books.balance <= 0:
            raise Refusal(422, "usable_gen_credit_required", "Active credits are required")
        job = self._job(call)
        return Answer(data=self._show(job, self.read(job)))

    def _changed(self, job: SimJob) -> Answer:
        if self.short_answers:
            return Answer(data={"generation_id": self._id(job.id), "status": job.status})
        word = "pending" if job.forced is None else job.status
        return Answer(data=self._show(job, word))

    def _show(self, job: SimJob, word: str) -> dict[str, object]:
        family, done = _family(job.kind), word == "completed"
        data = cast(dict[str, object], job.body.get("data") or {})
        result: object = None
        if done and family == "text":
            result = script_text(data)
        if done and family == "captions":
            words = script_text(data).split()
            result = {"captions": [{"word": w, "start": i / 2, "end": i / 2 + 0.4} for i, w in enumerate(words)]}
        shown: dict[str, object] = {
            "id": self._id(job.id),
            "status": word,
            "user_job_type": _INTERNAL.get(job.kind, job.kind),
            "result": result,
            "failed_reason": (job.scenario.error or "The provider could not generate") if word == "failed" else None,
            "output_resources": self._resources(job, family, data) if done else [],
        }
        self._say_cost(shown, job, word)
        return shown

    def _say_cost(self, shown: dict[str, object], job: SimJob, word: str) -> None:
        if word == "completed":
            shown["execution_cost"] = self._amount(self._final_cost(job), self.costs)
            return
        how = self.cost_of_refunded if word in self.finals else self.cost_before_end
        if how != "absent":
            amount = {"null": None, "zero": Decimal(0), "estimate": job.cost}[how]
            shown["execution_cost"] = None if amount is None else self._amount(amount, self.costs)

    def _resources(self, job: SimJob, family: str, data: dict[str, object]) -> list[dict[str, object]]:
        if family not in ("image", "video", "speech"):
            return []
        ratio = data.get("aspect_ratio")
        width, height = _SIZES.get(ratio if isinstance(ratio, str) else "", _SIZES["9:16"])
        images = data.get("number_of_images")
        count = images if family == "image" and isinstance(images, int) and 0 < images < 20 else 1
        ext = {"image": "png", "video": "mp4", "speech": "wav"}[family]
        kind = "audio" if family == "speech" else family
        found: list[dict[str, object]] = []
        for index in range(count):
            resource: dict[str, object] = {
                "id": self._id(str(int(job.id) * 100 + index)),
                "url": self.origin + media_path(job.id, index, width, height, ext),
                "object_type": kind,
                "type": "output",
            }
            if family != "speech":
                thumb = media_path(job.id, index, width // 4, height // 4, "png")
                resource["thumbnail_url"] = self.origin + thumb
            found.append(resource)
        return found

    def _final_cost(self, job: SimJob) -> Decimal:
        return job.cost * self.cost_factor if job.scenario.final_cost is None else job.scenario.final_cost

    def reckon(self, job: SimJob, word: str, at: float) -> None:
        """Completed: the estimate gives way to the cost. Failed: all comes back. Stopped: what the switch says."""
        if word == "completed":
            self.finish_by(job, self._final_cost(job), at)
        elif word == "failed":
            self.refund(job, self.paid(job), at, "failed")
        else:
            self.refund(job, self.paid(job) * self.stop_refund, at, "stopped")

    def _read_sheet(self, call: Call) -> Answer:
        sheet = call.params["sheet"]
        cells = [self._show_cell(sheet, cell) for cell in self.sheets.sheet(sheet)]
        if call.query.get("with_execution_cost") != "true":
            for cell in cells:
                cell.pop("execution_cost", None)
        column = {"id": self._id("200"), "title": "Column", "type": "text", "position": 0}
        row = {"id": self._id("300"), "position": 0, "spreadsheet_cells": cells}
        return Answer(data={"id": self._id(sheet), "title": "Sheet", "columns": [column], "rows": [row]})

    def _read_cell(self, call: Call) -> Answer:
        return Answer(data=self._show_cell(call.params["sheet"], call.params["cell"]))

    def _patch_cell(self, call: Call) -> Answer:
        change = call.fields().mapping("spreadsheet_cell", required=True) or {}
        sheet, cell = call.params["sheet"], call.params["cell"]
        place = self.sheets.cell(sheet, cell)
        place.value = change.get("value", place.value)
        place.additional_attributes |= cast(dict[str, object], change.get("additional_attributes") or {})
        return Answer(data=self._show_cell(sheet, cell))

    def _read_layer(self, call: Call) -> Answer:
        place = call.params
        return Answer(data=self._show_layer(place["sheet"], place["cell"], place["layer"]))

    def _show_cell(self, sheet: str, cell: str) -> dict[str, object]:
        place = self.sheets.cell(sheet, cell)
        return {
            "id": self._id(cell),
            "value": place.value,
            "additional_attributes": place.additional_attributes,
            "cell_role": "default",
            **self._history(sheet, cell),
            "video_layers": [self._show_layer(sheet, cell, layer) for layer in sorted(place.layers)],
        }

    def _show_layer(self, sheet: str, cell: str, layer: str) -> dict[str, object]:
        return {
            "id": self._id(layer),
            "name": f"Layer {layer}",
            "position": 0,
            "type": "video",
            "additional_attributes": {},
            **self._history(sheet, cell, layer),
        }

    def _history(self, *place: str) -> dict[str, object]:
        jobs = self.sheets.history(*place)
        shown = [self._show(job, self.read(job)) for job in jobs]  # whoever lists has looked at the jobs
        if self.newest_first:
            shown.reverse()
        cost = sum((self.paid(job) for job in jobs), Decimal(0))
        current = shown[0 if self.newest_first else -1] if shown else None
        return {"default_user_job": current, "user_jobs": shown, "execution_cost": number(cost)}

    def _organization(self, call: Call) -> Answer:
        organization = call.params["organization"]
        if not (self.any_credentials or organization in self._organizations):
            raise Refusal(404, "organization_not_found", "Organization not found")
        return Answer(data=self._show_organization(organization))

    def _all_organizations(self, call: Call) -> Answer:
        return Answer(data=[self._show_organization(name) for name in sorted(self._organizations)])

    def _show_organization(self, organization: str) -> dict[str, object]:
        generic = self._books.balance
        return {
            "id": self._id(organization),
            "name": "Soup Co",
            "user_role": "owner",
            "credit": self._amount(generic + self.aura, self.credits),
            "available_credit": {
                "generic": self._amount(generic, self.credits),
                "aura": self._amount(self.aura, self.credits),
            },
            "total_members": 1,
            "credit_plan": {"id": 1, "name": "Pro", "cycle": "MONTHLY"},
        }

    def _agent(self, call: Call) -> Answer:
        agent = call.params["agent"]
        if not (self.any_credentials or agent in self._agents):
            raise Refusal(404, "not_found", "Agent not found")
        return Answer(data=self._show_agent(agent))

    def _all_agents(self, call: Call) -> Answer:
        return Answer(data=[self._show_agent(agent) for agent in sorted(self._agents)])

    def _show_agent(self, agent: str) -> dict[str, object]:
        return {
            "id": self._id(agent),
            "name": "Agent",
            "organization_id": self._id(str(self.organization_id)),
        }

    def _job(self, call: Call) -> SimJob:
        if job := self.jobs.get(call.params["id"]):
            return job
        raise Refusal(404, "not_found", "Generation not found")

    def _id(self, value: str) -> int | str:
        return int(value) if self.ids == "int" and value.isdecimal() else value

    def _amount(self, amount: Decimal, how: Literal["number", "string"]) -> float | str:
        return float(amount) if how == "number" else str(amount if "." in str(amount) else f"{amount}.0")


def _family(kind: str) -> str:
    return next((family for part, family in _FAMILIES if part in kind), "text")
