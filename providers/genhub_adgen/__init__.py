"""CutX (the ad-generation API): ad copy, static ads, and videos of an avatar that speaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from genhub import (
    BadResponse,
    Balance,
    BillingProfile,
    Call,
    ConfigError,
    JobError,
    Receipt,
    Ref,
    Request,
    Secret,
    Snapshot,
    Status,
    UnsupportedRequest,
)
from genhub.http import Dialect, Http
from genhub_adgen._billing import BILLING
from genhub_adgen._body import build, key_of
from genhub_adgen._tables import DIALECT, KINDS, PATHS, REUSED, STATUSES
from genhub_adgen._wire import Credits, Job, Me, Product, Products, Project, Projects, Submitted, User, texts

Token = Callable[[], Awaitable[str]]

#: For how many seconds after a submit its job is surely still live, so that the key protects a replay. A copy is over
#: before its answer comes (section 5).
LIVE: Mapping[str, float] = {"static_ad": 2.0, "video": 20.0}


def _token(value: str | Secret | Token) -> Secret | Token:
    return Secret.of(value) if isinstance(value, (str, Secret)) else value


def _not_negative(_: object, at: Attribute[Any], value: float | None) -> None:
    if value is not None and value < 0:
        raise ConfigError(f"{at.name} is below 0: {value}", remedy="Use 0 for never, or leave it out")


@frozen(kw_only=True)
class AdGen:
    """An account at CutX. `base_url` is the origin of the service: its documents name none (section 1).

    `token` is the login token, or a function that is asked for one, and again when the service refuses it: tokens live
    for seven days (trap 11). `replay_window`: for how many seconds a lost submit may be sent again under its key.
    """

    name: ClassVar[str] = "adgen"
    billing: ClassVar[BillingProfile] = BILLING
    dialect: ClassVar[Dialect] = DIALECT
    poll_every: ClassVar[Mapping[str, float]] = {"copy": 2.0, "static_ad": 2.0, "video": 5.0, "": 2.0}

    base_url: str
    token: Secret | Token = field(converter=_token, repr=False)
    project_id: str | None = None
    product_id: str | None = None
    replay_window: float | None = field(default=None, validator=_not_negative)

    async def headers(self) -> Mapping[str, str]:
        token = self.token if isinstance(self.token, Secret) else Secret.of(await self.token())
        return {"Authorization": f"Bearer {token.reveal()}"}

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        kind = KINDS.get(request.kind)
        if kind is None:
            raise UnsupportedRequest(f"CutX makes no {request.kind}", field="kind", provider=self.name)
        extra = request.extra.get(self.name, {})
        built = build(request, extra, adjust=adjust)
        ids = {"projectId": self.project_id, "productId": self.product_id}
        body = {**ids, **built.body, "idempotencyKey": key_of(kind, key), **extra}
        needed = {"projectId": "project_id", "productId": "product_id"}
        if kind == "video":
            needed["script"] = "script"
        for name, ours in needed.items():
            if body.get(name) is None:
                why = f"{ours} is missing: CutX makes no {kind} without it"
                raise UnsupportedRequest(why, field=ours, provider=self.name)
        return Call(kind=kind, path=PATHS[kind], body=body, adjustments=built.adjustments)

    async def submit(self, http: Http, call: Call) -> Receipt:
        answer = await http.charge(call, ok=(200,))
        made = answer.into(Submitted)
        outputs = texts(made.variants)
        return Receipt(
            ref=Ref(id=made.jobId, kind=call.kind),
            status=_status(made, done=bool(outputs)),
            raw_status=made.word,
            charged=made.creditsUsed,
            reused=made.word == REUSED,
            balance=made.creditsRemaining,
            outputs=outputs,
            request_id=answer.request_id,
        )

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        answer = await http.read("/api/generate/status", query={"jobId": ref.id})
        job = answer.into(Job)
        status = STATUSES[job.status]
        error = None
        if status is Status.FAILED or (status.is_final and status is not Status.SUCCEEDED and job.reason):
            error = JobError(kind="vendor", message=job.reason or "the vendor gave no reason")
        outputs = job.outputs(answer.data.get("assets") or ())
        return Snapshot(ref=ref, status=status, raw_status=job.status, outputs=outputs, error=error)

    def replay_within(self, call: Call) -> float:
        live = LIVE.get(call.kind)
        if live is None or not call.body.get("idempotencyKey"):
            return 0.0
        return live if self.replay_window is None else self.replay_window

    async def balance(self, http: Http) -> Balance:
        answer = await http.read("/api/credits/balance")
        held = answer.into(Credits).balance
        if held is None:
            why = "the answer shows no balance"
            raise BadResponse(why, raw=answer.text(), account=http.account, http_status=answer.status)
        at = datetime.fromtimestamp(http.clock.time(), UTC)
        return Balance(amount=held, unit=self.billing.unit, at=at, raw=answer.data)

    async def list_projects(self, http: Http, *, limit: int | None = None) -> tuple[Project, ...]:
        """Return the account's projects."""
        return (await http.read("/api/products", query=_query(limit=limit))).into(Projects).projects

    async def list_products(
        self, http: Http, project_id: str | None = None, *, limit: int | None = None
    ) -> tuple[Product, ...]:
        """Return the products of a project; without an id, of the project of the settings."""
        project = project_id or self.project_id
        if project is None:
            raise UnsupportedRequest("of which project is not said", field="project_id", provider=self.name)
        answer = await http.read("/api/products", query=_query(projectId=project, limit=limit))
        return answer.into(Products).products

    async def whoami(self, http: Http) -> User:
        """Return whom the token belongs to: a check that costs nothing."""
        return (await http.read("/api/auth/me")).into(Me).user


def _status(made: Submitted, *, done: bool) -> Status:
    """Return how the job stands, by the answer to its submit.

    `reused` names an earlier job and not its state (trap 1); nor does an answer without a status (trap 10), unless it
    has the texts: a copy is made in the call itself. What is done and does not show its outputs has to be read.
    """
    if not made.word:
        return Status.SUCCEEDED if done else Status.UNKNOWN
    status = STATUSES[made.word]
    return Status.RUNNING if status is Status.SUCCEEDED and not done else status


def _query(**values: str | int | None) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


__all__ = ["AdGen", "Product", "Project", "User"]
