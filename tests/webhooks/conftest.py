"""A vendor in this process that lives by a clock which only the test moves, and a door for calls over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, ClassVar

import aiohttp
import pytest
from aiohttp import web
from attrs import define, field, frozen

from genhub import (
    BillingProfile,
    Call,
    Effect,
    Hub,
    JobError,
    Moment,
    Output,
    Receipt,
    Ref,
    Request,
    Rule,
    Snapshot,
    Status,
    WebhookHint,
)
from genhub._config import account
from genhub.http import Complaint, Dialect, Http
from genhub.sim import PowerPostSim
from genhub.testing import FakeClock
from genhub.webhooks import application

SECRET = "c29tZS1zZWNyZXQtd29yZHM"
#: Seconds between two polls by which a hub reads nothing by itself in a test.
SELDOM = 10_000.0
#: So long a test may take in real time before it counts as broken, in seconds.
PATIENCE = 60.0


def still() -> FakeClock:
    """Return a clock that only `advance` moves."""
    return FakeClock(longest=0.0)


async def settle() -> None:
    """Let everything run that waits for nothing but its turn."""
    for _ in range(40):
        await asyncio.sleep(0)


def rule(when: Moment, effect: Effect) -> Rule:
    return Rule(moment=when, effect=effect, source="https://fake.example/money")


@frozen
class Life:
    """How long a job works, and how it ends."""

    seconds: float
    ends: Status = Status.SUCCEEDED


@define(eq=False, kw_only=True)
class Scripted:
    """A provider without a wire: each submit takes the next life."""

    name: ClassVar[str] = "scripted"
    billing: ClassVar[BillingProfile] = BillingProfile(
        unit="credits",
        checked="2026-03-01",
        sources=("https://fake.example",),
        rules=(rule(Moment.SUBMIT, Effect.CHARGE), rule(Moment.FAILED, Effect.REFUND)),
    )
    dialect: ClassVar[Dialect] = Dialect(complaint=lambda _: Complaint(message=""), codes={})
    poll_every: ClassVar[Mapping[str, float]] = {"": 2.0}

    clock: FakeClock
    prefix: str = "v"
    base_url: str = "https://fake.example"
    lives: Sequence[Life] = ()
    made: dict[str, tuple[float, Life]] = field(factory=dict[str, tuple[float, Life]])
    reads: Counter[str] = field(factory=Counter[str])
    read_at: list[tuple[float, str]] = field(factory=list[tuple[float, str]])
    answers: asyncio.Event = field(factory=asyncio.Event)  #: reads are answered

    def __attrs_post_init__(self) -> None:
        self.answers.set()

    async def headers(self) -> Mapping[str, str]:
        return {}

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        return Call(kind="job", path="/jobs", body={})

    async def submit(self, http: Http, call: Call) -> Receipt:
        life = self.lives[len(self.made)]
        job_id = f"{self.prefix}{len(self.made) + 1}"
        self.made[job_id] = (self.clock.monotonic() + life.seconds, life)
        return Receipt(
            ref=Ref(id=job_id, kind=call.kind), status=Status.QUEUED, raw_status="queued", charged=Decimal(3)
        )

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        self.reads[ref.id] += 1
        self.read_at.append((self.clock.monotonic(), ref.id))
        await self.answers.wait()
        until, life = self.made[ref.id]
        if self.clock.monotonic() < until:
            return Snapshot(ref=ref, status=Status.RUNNING, raw_status="running")
        failed = life.ends is Status.FAILED
        return Snapshot(
            ref=ref,
            status=life.ends,
            raw_status=str(life.ends),
            outputs=() if failed else (Output(kind="text", text=f"what {ref.id} made"),),
            error=JobError(kind="vendor", message="no ink") if failed else None,
        )

    def webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookHint:
        said: Any = json.loads(body)  # a careless adapter: it raises for what is no JSON
        return WebhookHint(provider_ids=(said["id"],), event=said["event"])


def call(job_id: str, word: str = "done") -> bytes:
    """Return what a vendor would send."""
    return json.dumps({"event": word, "id": job_id}).encode()


@define
class Place:
    """PowerPost, a hub, and an application that takes PowerPost's calls; one clock for all."""

    clock: FakeClock
    sim: PowerPostSim
    hub: Hub
    url: str  #: of the application
    http: aiohttp.ClientSession
    answers: asyncio.Queue[int]  #: to every call that came, PowerPost's own and the test's

    async def post(self, path: str, body: Any = b"{}", **more: Any) -> int:
        """Call the application; returns the status."""
        async with self.http.post(self.url + path, data=body, **more) as response:
            await response.read()
            return response.status

    def reads(self) -> int:
        """Return how often jobs were read."""
        return self.sim.count("GET", "/content/generations/{id}")


@asynccontextmanager
async def place(
    hook: str = f"/powerpost/{SECRET}", *, poll_every: float = SELDOM, **doors: Any
) -> AsyncIterator[Place]:
    """Open everything. `hook` is where PowerPost sends its calls; `doors` is what `application` is given."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/hooks"
    clock, answers = still(), asyncio.Queue[int]()

    @web.middleware
    async def noted(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handler(request)
        except web.HTTPException as error:
            answers.put_nowait(error.status)
            raise
        answers.put_nowait(response.status)
        return response

    outer = web.Application(middlewares=[noted], client_max_size=10**9)
    runner = web.AppRunner(outer, access_log=None, shutdown_timeout=0.05)
    try:
        async with PowerPostSim(clock=clock, webhook_url=url + hook) as sim:
            options = {**sim.settings(), "timeout": 5, "poll_every": poll_every}
            accounts = {name: account("powerpost", options, {}) for name in ("powerpost", "second")}
            async with asyncio.timeout(PATIENCE), Hub(accounts, clock=clock) as hub, aiohttp.ClientSession() as http:
                outer.add_subapp("/hooks", application(hub, **(doors or {"secret": SECRET})))
                await runner.setup()
                await web.SockSite(runner, listener).start()
                yield Place(clock, sim, hub, url, http, answers)
    finally:  # after PowerPost, which may just be calling
        await runner.cleanup()


@pytest.fixture
def clock() -> FakeClock:
    return still()
