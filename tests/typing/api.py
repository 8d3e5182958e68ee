"""The public API, used in every supported way: checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import genhub
from genhub import (
    Account,
    Audit,
    Balance,
    Credits,
    Entry,
    Handle,
    Hub,
    ImageRequest,
    Job,
    Output,
    Plan,
    Provider,
    Recovery,
    SpeechRequest,
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
    VideoRequest,
    sync,
)
from genhub.stores import JobStore
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


def scripts() -> None:
    with sync.Hub({"a": powerpost}) as hub:
        job: Job = hub.generate(TextRequest(prompt="p", platforms=("x",)), to="a")
        for each in hub.submit(TextRequest(prompt="p", platforms=("x",))).updates():
            print(each.status)
        print(job.credits.net, [each.id for each in hub.jobs()])
