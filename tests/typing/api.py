"""The public API, used in every supported way: checked by mypy and pyright, never run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from aiohttp import web

import genhub
from genhub import (
    Account,
    AccountHealth,
    AllAttemptsFailed,
    Audit,
    Balance,
    BreakerState,
    Budget,
    Contender,
    Cost,
    Credits,
    Entry,
    Event,
    EventName,
    GenhubError,
    Handle,
    Hub,
    ImageRequest,
    Itinerary,
    Job,
    Listener,
    Option,
    Output,
    Parked,
    Plan,
    Policy,
    Price,
    Provider,
    Recovery,
    Request,
    Route,
    Shut,
    SpeechRequest,
    Stage,
    Status,
    StopVerdict,
    SupportsBalance,
    SupportsBaseline,
    SupportsInventory,
    SupportsLookup,
    SupportsPollMany,
    SupportsReplay,
    SupportsResume,
    SupportsStop,
    SupportsWebhook,
    TextRequest,
    Tracer,
    Via,
    VideoRequest,
    sync,
)
from genhub.logs import LogEvents
from genhub.otel import Telemetry
from genhub.stores import JobStore
from genhub.webhooks import Reply, Verifier, application, hmac_sha256, receive
from genhub_adgen import AdGen
from genhub_genpro import GenPro
from genhub_powerpost import PowerPost

powerpost = PowerPost(api_key="k", workspace_id="ws-1")
genpro = GenPro(api_key="k", agent_id=42, sheet_id=101, cell_id=3000)
adgen = AdGen(base_url="https://ads.example.test", token="t", project_id="p", product_id="q")

providers: list[Provider] = [powerpost, genpro, adgen]
classes: list[type[Provider]] = [PowerPost, GenPro, AdGen]
balances: list[SupportsBalance] = [powerpost, genpro, adgen]
stops: SupportsStop = genpro
resumes: SupportsResume = genpro
baseline: SupportsBaseline = genpro
lookups: list[SupportsLookup] = [powerpost, genpro]
lists: SupportsPollMany = powerpost
inventory: SupportsInventory = powerpost
hooks: SupportsWebhook = powerpost
replays: list[SupportsReplay] = [genpro, adgen]


async def token() -> str:
    return "fresh"


fetched = AdGen(base_url="https://ads.example.test", token=token)


async def use(store: JobStore) -> None:
    accounts: Mapping[str, Account | Provider] = {"a": powerpost, "b": Account(provider=genpro, poll_every=5.0)}
    async with Hub(accounts, journal="sqlite:///genhub.db") as hub:
        handle: Handle = await hub.submit(
            TextRequest(prompt="p", platforms=("x", "instagram:reel"), tone="bold", length="short", count=1),
            to="a",
            key="mine",
            portability="adjust",
            max_spend="2 USD",
        )
        async for change in handle.updates():
            status: Status = change.status
            assert status.is_final or not status.in_doubt
        job: Job = await handle.wait(timeout=300)
        job = await handle.poll()
        verdict: StopVerdict = await handle.stop(only_if_free=True)
        job = await handle.resume()
        job = await handle.detach()
        job = await hub.generate(ImageRequest(prompt="p", aspect_ratio="1:1", references=("m",)), to=["a"])
        job = await hub.generate(VideoRequest(script="s", duration=5, audio=True), to="b", timeout=60)
        job = await hub.generate(SpeechRequest(script="s", speed=1.1), to="b", max_spend=Decimal(5))
        handle = await hub.get(job.id)
        jobs: list[Job] = [
            each async for each in hub.jobs(status="failed", account="a", since=datetime.now().astimezone())
        ]
        jobs = [each async for each in hub.jobs(status={Status.QUEUED, Status.RUNNING}, tag=("team", "x"), limit=5)]
        plan: Plan = await hub.plan(TextRequest(prompt="p"), to=["a", "b"])
        balance: Balance = await hub.balance("a")
        report: Recovery = await hub.recover()
        audit: Audit = await hub.audit("a")
        job = await hub.settle(job.id, adopt="v1")
        job = await hub.settle(job.id, not_submitted=True)
        files = await hub.download(job, "out")
        entries: list[Entry] = [line.entry async for line in hub.ledger(account="a")]
        hint = await hub.webhook("a", {"X-Signature": "s"}, b"{}")
        credits: Credits = job.credits
        net: Decimal | None = credits.net
        output: Output = job.outputs[0]
        plain: dict[str, object] = genhub.to_dict(job)
        again: Job = genhub.from_dict(Job, plain)
        print(verdict.money, jobs, plan.best, balance.amount, report.in_doubt, audit.difference, files, entries, hint)
        print(net, output.url, again, len(job.attempts), job.attempts[0].provider_id)
    async with Hub.from_config("genhub.toml", read_only=True) as reader:
        print(reader.accounts())
    async with Hub.from_env(journal=store) as other:
        print(other.store.name)


def longest_last(request: Request, candidates: Sequence[Contender]) -> Sequence[Contender]:
    """A policy by candidates."""
    return sorted(candidates, key=lambda each: (each.seconds or 0.0, each.estimate_money or Decimal(0)))


def only_a(request: Request, candidates: Sequence[Contender]) -> list[str]:
    """A policy by names."""
    return ["a"] if request.kind == "text" else [each.account for each in candidates]


def both(request: Request, candidates: Sequence[Contender]) -> Sequence[Contender | str]:
    """A policy by either."""
    return [candidates[0], "b"]


policies: list[Policy] = [longest_last, only_a, both]
routes: Mapping[str, Route | list[str]] = {
    "plain": ["a", "b"],
    "default": Route(accounts=("a", "b")),
    "full": Route(
        accounts=("a", Via(account="b", weight=2.0, kinds=("image",), platforms="instagram", tags={"tier": "gold"})),
        policy="cheapest",
        portability="adjust",
        max_attempts=3,
        max_spend="2 USD",
        budget=Budget(amount=Decimal(50), per="day", currency="USD"),
        deadline=90.0,
        on_deadline="give_up",
        on_unknown="pay_twice",
        fallback_on=("ProviderError", "failed"),
        patience=5.0,
        hedge_after="p95",
        reuse=3600.0,
        allow_unpriced=True,
        kinds="text",
        platforms=("x", "instagram:reel"),
        tags={"team": "growth"},
    ),
    "own": Route(accounts=["a", "b"], policy=longest_last, max_spend=Price(amount=Decimal(2), currency="USD")),
    "names": Route(accounts=["a", "b"], policy=only_a, max_spend=Decimal(20), hedge_after=20.0, fallback_on="failed"),
}


def heard(event: Event) -> None:
    """A listener."""
    job: Job | None = event.job
    facts: dict[str, object] = event.facts()
    if event.name is EventName.FALLBACK and job is not None:
        print(event.account, event.provider, event.at.isoformat(), event.detail["old"], job.id, facts)


class Traces:
    """A listener that gives a new job its place in a trace."""

    def begin(self, job_id: str, request: Request) -> str | None:
        return None

    def __call__(self, event: Event) -> None:
        print(event.attempt)


tracer: Tracer = Traces()
logged = LogEvents(logging.getLogger("app"), levels={EventName.STATUS: logging.DEBUG})
listeners: list[Listener] = [heard, Traces(), logged, Telemetry()]


async def route() -> None:
    retiring = Account(provider=genpro, retires_on=date(2027, 1, 31))
    async with Hub({"a": powerpost, "b": retiring}, routes=routes, on_event=listeners) as hub:
        names: tuple[str, ...] = hub.routes()
        request = TextRequest(prompt="p", platforms=("x",))
        handle: Handle = await hub.submit(request, to="full", reuse="1h", allow_unpriced=True, portability=None)
        reused: bool = handle.reused
        job: Job = await hub.generate(request, to=("a", "b"), reuse=60.0, max_spend=5)
        itinerary: Itinerary | None = job.route
        stages: tuple[Stage, ...] = () if itinerary is None else itinerary.stages
        whys = [(stage.account, stage.why) for stage in stages]
        ends = [(each.reason, each.given_up, each.error and each.error.fallback) for each in job.attempts]
        print(names, reused, whys, ends, job.routing, job.is_open, job.is_over, job.attempt.account, job.trace)
        try:
            await hub.submit(request)
        except AllAttemptsFailed as error:
            said: tuple[GenhubError, ...] = error.said
            print(said, error.job)
        plan: Plan = await hub.plan(request, to="full")
        best: Option | None = plan.best
        for option in plan.options:
            seen: Cost | None = option.seen
            shut: Shut | None = option.shut
            money: Decimal | None = option.money
            print(option.why, money, option.currency, option.seconds, option.slow, option.samples, option.supported)
            print(seen and (seen.per_result, seen.samples, seen.success), shut and (shut.why, shut.retry_in))
        health: AccountHealth = hub.health()["a"]
        state: BreakerState = health.submits.state
        parked: Parked | None = health.parked
        print(best, plan.route, health.ok, health.said, health.words, health.retired, health.held_until, state, parked)
        jobs: list[Job] = [each async for each in hub.jobs(route="full", newest_first=True)]
        report: Recovery = await hub.recover()
        print(jobs, [each.id for each in report.routed])
    async with Hub.from_config("genhub.toml", routes={"captions": ["a", "b"]}, on_event=heard) as other:
        print(other.routes())


def signed(headers: Mapping[str, str], body: bytes) -> bool:
    """A verifier."""
    return headers.get("X-Signature") == str(len(body))


async def webhooks(hub: Hub) -> None:
    verifiers: dict[str, Verifier] = {"a": hmac_sha256("k", "X-Signature", prefix="v1=", encoding="base64")}
    reply: Reply = await receive(hub, "a", {"X-Signature": "s"}, b"{}", verify=signed)
    status: int = reply.status
    jobs: tuple[str, ...] = reply.jobs
    event: str = reply.event
    app = web.Application()
    app.add_subapp("/path", application(hub, secret="s"))
    app.add_subapp("/masked", application(hub, secret=genhub.Secret("s"), verify=signed))
    app.add_subapp("/each", application(hub, secret={"a": "s", "b": genhub.Secret("t")}, verify=verifiers))
    app.add_subapp("/signed", application(hub, verify=hmac_sha256(genhub.Secret("k"), "X-Signature")))
    print(status, jobs, event)


def scripts() -> None:
    with sync.Hub({"a": powerpost}) as hub:
        job: Job = hub.generate(TextRequest(prompt="p", platforms=("x",)), to="a")
        for each in hub.submit(TextRequest(prompt="p", platforms=("x",))).updates():
            print(each.status)
        print(job.credits.net, [each.id for each in hub.jobs()])
        handle = hub.submit(TextRequest(prompt="p"), to="captions", reuse="1h", max_spend="2 USD")
        health: Mapping[str, AccountHealth] = hub.health()
        print(handle.reused, hub.routes(), health["a"].ok)
