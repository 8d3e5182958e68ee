"""gen.pro: texts, images, videos and speech, made in the cells of a sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from attrs import Attribute, field, frozen

from genhub import (
    BadResponse,
    Balance,
    BillingProfile,
    Call,
    Candidate,
    ConfigError,
    Intent,
    Lookup,
    Receipt,
    Ref,
    Request,
    Secret,
    Snapshot,
    Status,
    UnsupportedRequest,
)
from genhub.http import Answer, Dialect, Http, amount
from genhub_genpro._billing import BILLING
from genhub_genpro._data import build
from genhub_genpro._errors import on_engine, state_errors
from genhub_genpro._tables import DIALECT, STATUSES
from genhub_genpro._wire import Agent, Cell, History, Layer, Organization, Sheet, Triggered, UserJob, snapshot

#: A generation belongs to one of these; in `extra.genpro` they are places, all else is body.
PLACES = ("agent_id", "sheet_id", "cell_id", "layer_id")
#: An id or a name that can stand in a path as it is.
SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
DAY = 24 * 3600.0


def _is_segment(value: object) -> bool:
    return SEGMENT.fullmatch(str(value)) is not None and not isinstance(value, bool)


def _segment(_: object, at: Attribute[Any], value: str | None) -> None:
    if value is not None and not _is_segment(value):
        raise ConfigError(f"{at.name} can't stand in a path: {value!r}", remedy="Take it as the dashboard shows it")


def _secret(value: str | Secret) -> Secret:
    return Secret.of(value)


def _id(value: str | int | None) -> str | None:
    return None if value is None else str(value)


@frozen(kw_only=True)
class GenPro:
    """An account at gen.pro. The ids are where to generate by default; a request may say otherwise in `extra.genpro`.

    `idempotency` sends the attempt's key as `Idempotency-Key`: documented in the vendor's wider pages only.
    """

    name: ClassVar[str] = "genpro"
    billing: ClassVar[BillingProfile] = BILLING
    dialect: ClassVar[Dialect] = DIALECT
    poll_every: ClassVar[Mapping[str, float]] = {"text": 3.0, "image": 3.0, "speech": 3.0, "video": 5.0, "": 3.0}
    takes: ClassVar[Mapping[str, tuple[float, float]]] = {"video": (30.0, 120.0)}  # section 10

    api_key: Secret = field(converter=_secret)
    agent_id: str | None = field(default=None, converter=_id, validator=_segment)
    sheet_id: str | None = field(default=None, converter=_id, validator=_segment)
    cell_id: str | None = field(default=None, converter=_id, validator=_segment)
    layer_id: str | None = field(default=None, converter=_id, validator=_segment)
    organization_id: str | None = field(default=None, converter=_id, validator=_segment)  #: for the balance
    base_url: str = "https://api.gen.pro/v1"
    #: The first part of the path, "vidsheet" in newer versions of the API (trap 13).
    engine: str = field(default="autocontentengine", validator=_segment)
    idempotency: bool = False

    async def headers(self) -> Mapping[str, str]:
        return {"X-API-Key": self.api_key.reveal()}

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        extra = dict(request.extra.get(self.name, {}))
        place = {name: extra.pop(name) for name in PLACES if name in extra}
        built = build(request, extra.get("data"), adjust=adjust)
        # `data` is required even when it is empty (trap 16)
        body = {"generation_type": built.generation_type, "data": built.data, **extra}
        return Call(
            kind=request.kind,
            path=f"{self._at(**place)}/generate",
            query=self._agent(place),
            body=body,
            headers={"Idempotency-Key": key} if self.idempotency else {},
            adjustments=built.adjustments,
        )

    async def submit(self, http: Http, call: Call) -> Receipt:
        with on_engine(self.engine):
            answer = await http.charge(call, ok=(201,))
        made = answer.into(Triggered)
        word = made.status or ""
        # what it cost is not said here (section 5); a result neither: an end has to be read
        status = Status.RUNNING if STATUSES[word].is_final else STATUSES[word]
        ref = Ref(id=made.generation_id, kind=call.kind)
        return Receipt(ref=ref, status=status, raw_status=word, request_id=answer.request_id)

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        return snapshot(ref, await http.read(_generation(ref)))

    async def stop(self, http: Http, ref: Ref) -> Snapshot:
        with state_errors():
            return snapshot(ref, await http.change("POST", f"{_generation(ref)}/stop"))

    async def resume(self, http: Http, ref: Ref) -> Snapshot:
        """Continue what was stopped; charged again, so it is sent as what charges."""
        with state_errors():
            answer = await http.charge(Call(kind=ref.kind, path=f"{_generation(ref)}/continue", body={}), ok=(200,))
        return snapshot(ref, answer)

    async def balance(self, http: Http) -> Balance:
        """Return the organization's generic credits: the others don't pay for generations (trap 18)."""
        answer = await self._organization(http, None)
        credits = answer.into(Organization).available_credit or {}
        generic = amount(credits.get("generic"))
        if generic is None:
            why = "the organization shows no available_credit.generic"
            raise BadResponse(why, raw=answer.text(), account=http.account, http_status=answer.status)
        at = datetime.fromtimestamp(http.clock.time(), UTC)
        return Balance(amount=generic, unit=self.billing.unit, at=at, raw=answer.data)

    async def baseline(self, http: Http, call: Call) -> frozenset[str] | None:
        """Return the generations that are at the place of a call."""
        history = await self._history(http, call)
        return None if history is None else frozenset(each.id for each in history)

    async def lookup(self, http: Http, intent: Intent) -> Lookup:
        """Look into the history of the cell or layer: a generation that was not there before may be ours."""
        history, before, kind = await self._history(http, intent.call), intent.before, intent.call.kind
        if history is None:
            return Lookup(by_content=False, how="the cell's (layer's) answer shows no user_jobs")
        found = tuple(
            Candidate(
                ref=Ref(id=each.id, kind=kind),
                created_at=each.created,
                about=" ".join(filter(None, (each.user_job_type, each.status))),
            )
            for each in history
            # Which ids are new decides; their times only where it is not known what was there before.
            if (each.id not in before if before is not None else intent.covers(each.created))
        )
        how = "the cell's (layer's) user_jobs"
        return Lookup(candidates=found, complete=before is not None, by_content=False, how=how)

    def replay_within(self, call: Call) -> float:
        return DAY if "Idempotency-Key" in call.headers else 0.0

    async def get_cell(self, http: Http, cell_id: str | int | None = None, sheet_id: str | int | None = None) -> Cell:
        """Read a cell, with the history of its generations; without ids, the one of the settings."""
        path = self._at(cell_id=cell_id or self.cell_id, sheet_id=sheet_id or self.sheet_id, layer_id=None)
        return (await self._read(http, path)).into(Cell)

    async def get_layer(
        self,
        http: Http,
        layer_id: str | int | None = None,
        cell_id: str | int | None = None,
        sheet_id: str | int | None = None,
    ) -> Layer:
        """Read a layer of a cell, with the history of its generations; without ids, the one of the settings."""
        layer_id = layer_id or self._place("layer_id", {})
        path = self._at(layer_id=layer_id, cell_id=cell_id or self.cell_id, sheet_id=sheet_id or self.sheet_id)
        return (await self._read(http, path)).into(Layer)

    async def get_sheet(
        self, http: Http, sheet_id: str | int | None = None, *, with_execution_cost: bool = False
    ) -> Sheet:
        """Read a sheet whole; with `with_execution_cost` its cells and layers say what they cost."""
        sheet = self._place("sheet_id", {"sheet_id": sheet_id or self.sheet_id})
        query = {"with_execution_cost": "true"} if with_execution_cost else {}
        answer = await self._read(http, f"/{self.engine}/{sheet}", query)
        found = answer.into(Sheet)
        return Sheet(id=found.id, title=found.title, raw=answer.data)

    async def get_organization(self, http: Http, organization_id: str | int | None = None) -> Organization:
        """Read who pays; without an id, the one of the settings, or the agent's."""
        return (await self._organization(http, organization_id)).into(Organization)

    async def _organization(self, http: Http, organization_id: str | int | None) -> Answer:
        found = _id(organization_id) or self.organization_id
        if found is None:
            answer = await http.read(f"/agents/{self._place('agent_id', {})}")
            found = answer.into(Agent).organization_id
        return await http.read(f"/organizations/{quote(found, safe='')}")

    async def _history(self, http: Http, call: Call) -> tuple[UserJob, ...] | None:
        with on_engine(self.engine):
            answer = await http.read(call.path.removesuffix("/generate"), query=call.query)
        return answer.into(History).user_jobs

    async def _read(self, http: Http, path: str, query: Mapping[str, str] | None = None) -> Answer:
        with on_engine(self.engine):
            return await http.read(path, query={**self._agent({}), **(query or {})})

    def _agent(self, place: Mapping[str, Any]) -> dict[str, str]:
        return {"agent_id": self._place("agent_id", place)}

    def _at(self, **place: Any) -> str:
        """Return the path of a cell, or of a layer of it."""
        path = f"/{self.engine}/{self._place('sheet_id', place)}/cells/{self._place('cell_id', place)}"
        elsewhere = "cell_id" in place or "sheet_id" in place  # the layer of the settings belongs to their cell
        layer = place.get("layer_id", None if elsewhere else self.layer_id)
        return path if layer is None else f"{path}/layers/{self._place('layer_id', {'layer_id': layer})}"

    def _place(self, name: str, given: Mapping[str, Any]) -> str:
        value = given.get(name, getattr(self, name))
        if value is None:
            why = f"where to generate is not said: {name} is missing in the settings, and in extra.genpro"
            raise UnsupportedRequest(why, field=name, provider=self.name)
        if not isinstance(value, (str, int)) or not _is_segment(value):
            raise UnsupportedRequest(f"{name} is not an id: {value!r}", field=name, provider=self.name)
        return str(value)


def _generation(ref: Ref) -> str:
    return f"/generations/{quote(ref.id, safe='')}"


__all__ = ["Agent", "Cell", "GenPro", "Layer", "Organization", "Sheet", "UserJob"]
