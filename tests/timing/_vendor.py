"""A vendor without a wire: jobs that queue and work for given times, and reads that are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from attrs import define, field, frozen

from genhub import BillingProfile, Call, Effect, Moment, Output, Receipt, Ref, Request, Rule, Snapshot, Status
from genhub._clock import Clock
from genhub._errors import ProviderError, ProviderUnavailable, RateLimited
from genhub._provider import WebhookHint
from genhub.http import Complaint, Dialect, Http

KIND = "video"


@frozen
class Life:
    """How long a job queues and works, in seconds, and what its reads hint."""

    queue: float
    work: float
    hint: float | None = None


@frozen
class Read:
    """One read of a job."""

    at: float  #: on the clock
    failed: bool


@define(eq=False, kw_only=True)
class Vendor:
    """Each submit takes the next life; every so many reads one fails, and asks for patience or not."""

    name: ClassVar[str] = "scripted"
    billing: ClassVar[BillingProfile] = BillingProfile(
        unit="credits",
        checked="2026-03-01",
        sources=("https://fake.example",),
        rules=(Rule(moment=Moment.SUBMIT, effect=Effect.CHARGE, source="https://fake.example"),),
    )
    dialect: ClassVar[Dialect] = Dialect(complaint=lambda _: Complaint(message=""), codes={})
    poll_every: ClassVar[Mapping[str, float]] = {KIND: 2.0}
    takes: ClassVar[Mapping[str, tuple[float, float]]] = {}

    clock: Clock
    base_url: str = "https://fake.example"
    lives: Sequence[Life] = ()
    fails_every: int | None = None
    retry_after: float | None = None
    ends: Callable[[str, float], None] = lambda job_id, seconds: None  #: told of each job that is made, and its end
    made: dict[str, tuple[float, Life]] = field(factory=dict[str, tuple[float, Life]])
    reads: dict[str, list[Read]] = field(factory=dict[str, list[Read]])
    late: int = 0  #: reads of jobs that a read has shown to have ended

    async def headers(self) -> Mapping[str, str]:
        return {}

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        return Call(kind=KIND, path="/jobs", body={})

    async def submit(self, http: Http, call: Call) -> Receipt:
        life = self.lives[len(self.made)]
        job_id = f"v{len(self.made) + 1}"
        self.made[job_id] = (self.clock.monotonic(), life)
        self.reads[job_id] = []
        self.ends(job_id, life.queue + life.work)
        return Receipt(
            ref=Ref(id=job_id, kind=call.kind), status=Status.QUEUED, raw_status="queued", charged=Decimal(3)
        )

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        now, (begin, life) = self.clock.monotonic(), self.made[ref.id]
        reads = self.reads[ref.id]
        self.late += bool(reads and not reads[-1].failed and reads[-1].at >= begin + life.queue + life.work)
        failed = self.fails_every is not None and sum(map(len, self.reads.values())) % self.fails_every == 0
        reads.append(Read(now, failed))
        if failed:
            raise self._trouble()
        if now >= begin + life.queue + life.work:
            outputs = (Output(kind="text", text="done"),)
            return Snapshot(ref=ref, status=Status.SUCCEEDED, raw_status="done", outputs=outputs)
        status = Status.QUEUED if now < begin + life.queue else Status.RUNNING
        return Snapshot(ref=ref, status=status, raw_status=str(status), again=life.hint)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookHint:
        return WebhookHint(provider_ids=(body.decode(),), event="done")

    def _trouble(self) -> ProviderError:
        if self.retry_after is None:
            return ProviderUnavailable("not now")
        return RateLimited("slower", retry_after=self.retry_after)


def documents(least: float, takes: tuple[float, float] | None = None) -> type[Vendor]:
    """Return a vendor that wants so many seconds between two reads, and says how long its jobs take."""
    said = {} if takes is None else {KIND: takes}
    return type("Documented", (Vendor,), {"poll_every": {KIND: least}, "takes": said})
