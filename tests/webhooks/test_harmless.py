"""A lost, doubled, reordered or forged webhook changes no result."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from attrs import frozen
from hypothesis import event, given, settings
from hypothesis import strategies as st

from genhub import Account, Hub, Job, Status, TextRequest
from genhub.webhooks import receive
from tests.webhooks.conftest import Life, Scripted, call, settle, still

ACCOUNTS = ("a", "b")
#: Seconds from one look at the clock to the next; polls come every four of them.
TICK = 0.5
#: So many ticks, and every job is over.
TICKS = 60


@frozen
class Delivery:
    """A call: when, where to, how often at once."""

    tick: int
    account: str
    body: bytes
    times: int


@frozen
class Outcome:
    """What is left when all is over."""

    jobs: list[dict[str, Any]]
    reads: Counter[str]
    read_at: list[tuple[float, str]]


LIVES = st.lists(
    st.builds(
        Life, st.integers(0, 40).map(lambda half: half * TICK), st.sampled_from([Status.SUCCEEDED, Status.FAILED])
    ),
    min_size=1,
    max_size=3,
)
BODIES = st.one_of(
    st.builds(call, st.sampled_from(["a1", "b1", "a2"]), st.sampled_from(["done", "failed", "started"])),
    st.builds(call, st.sampled_from(["a3", "b2", "forged", ""])),
    st.binary(max_size=20),
)
DELIVERIES = st.lists(
    st.builds(Delivery, st.integers(0, TICKS - 1), st.sampled_from([*ACCOUNTS, "c"]), BODIES, st.integers(1, 3)),
    min_size=1,
    max_size=20,
)


async def run(lives: Sequence[Sequence[Life]], deliveries: Sequence[Delivery]) -> Outcome:
    """Live through it all."""
    clock = still()
    vendors = {name: Scripted(clock=clock, prefix=name, lives=each) for name, each in zip(ACCOUNTS, lives, strict=True)}
    accounts = {name: Account(provider=vendor, poll_every=4 * TICK) for name, vendor in vendors.items()}
    async with Hub(accounts, clock=clock) as hub:
        handles = [
            await hub.submit(TextRequest(prompt=f"{number}"), to=name)
            for name, vendor in vendors.items()
            for number in range(len(vendor.lives))
        ]
        for tick in range(TICKS):
            for each in (each for each in deliveries if each.tick == tick):
                for _ in range(each.times):
                    reply = await receive(hub, each.account, {}, each.body)
                    assert reply.status in (200, 400, 404)
            await settle()
            clock.advance(TICK)
            await settle()
        jobs = [await hub.store.job(handle.id) for handle in handles]
        books = [line async for line in hub.ledger()]
        assert 0 == len(hub._desk.tracker)
        assert 0 == len(hub._desk.registry)
    assert len(books) == sum(len(job.attempt.entries) for job in jobs if job is not None)
    reads = sum((each.reads for each in vendors.values()), Counter[str]())
    read_at = sorted(each for vendor in vendors.values() for each in vendor.read_at)
    return Outcome([facts(job) for job in jobs if job is not None], reads, read_at)


def facts(job: Job) -> dict[str, Any]:
    """Return what must be the same however the end was heard of: all but our ids and the times."""
    return {
        "account": job.account,
        "provider_id": job.provider_id,
        "status": job.status,
        "outputs": job.outputs,
        "error": job.error,
        "credits": job.credits,
        "attempts": len(job.attempts),
        "raw_status": job.attempt.raw_status,
        "notes": [note.text for note in job.attempt.notes],
        "entries": [(each.kind, each.amount, each.evidence, each.settles) for each in job.attempt.entries],
    }


@settings(deadline=None, max_examples=100)
@given(st.tuples(LIVES, LIVES), DELIVERIES)
def test_no_webhook_changes_a_result(lives: tuple[list[Life], list[Life]], deliveries: list[Delivery]) -> None:
    """Jobs, outputs and ledger are those of a life without webhooks, at the price of a read for each call at most."""
    without = asyncio.run(run(lives, ()))
    withal = asyncio.run(run(lives, deliveries))

    assert {Status.SUCCEEDED, Status.FAILED} >= {job["status"] for job in without.jobs}
    assert without.jobs == withal.jobs
    distinct = {(each.account, each.body) for each in deliveries}
    assert withal.reads.total() <= without.reads.total() + len(distinct)
    event("read at other times" if without.read_at != withal.read_at else "read as without")


def test_a_right_webhook_ends_it_sooner() -> None:
    """So that the promise above is not one about webhooks that do nothing."""
    lives = ([Life(1.5)], [Life(1.5)])
    told = asyncio.run(run(lives, [Delivery(3, "a", call("a1"), 2)]))

    assert Counter({"a1": 1, "b1": 1}) == told.reads
    early = asyncio.run(run(lives, [Delivery(1, "a", call("a1"), 2)]))
    assert Counter({"a1": 2, "b1": 1}) == early.reads
