"""The plain function: it never raises for what a stranger sends, and it waits for no vendor."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import pytest
from multidict import CIMultiDict

from genhub import Account, Hub, JournalError, Route, TextRequest
from genhub.testing import FakeClock
from genhub.webhooks import LIMIT, Reply, hmac_sha256, receive
from genhub_adgen import AdGen
from tests.webhooks.conftest import SELDOM, Life, Scripted, call, settle

WORDS = TextRequest(prompt="Soup")


@pytest.fixture
def vendor(clock: FakeClock) -> Scripted:
    return Scripted(clock=clock, lives=(Life(5.0), Life(60.0)))


@pytest.fixture
async def hub(clock: FakeClock, vendor: Scripted) -> AsyncIterator[Hub]:
    adgen = AdGen(base_url="https://ads.example", token="t", project_id="p", product_id="q")
    async with Hub({"a": Account(provider=vendor, poll_every=2.0), "ads": adgen}, clock=clock) as hub:
        yield hub


async def test_a_reply_says_what_was_named(hub: Hub) -> None:
    """Our jobs, and the vendor's word; an id of nobody's is taken like any other."""
    handle = await hub.submit(WORDS, to="a")

    assert Reply(status=200, jobs=(handle.id,), event="done") == await receive(hub, "a", {}, call("v1"))
    assert Reply(status=200, event="done") == await receive(hub, "a", {}, call("forged"))


async def test_it_waits_for_no_vendor(hub: Hub, vendor: Scripted, clock: FakeClock) -> None:
    """The answer is there while the read hangs."""
    vendor.answers.clear()
    handle = await hub.submit(WORDS, to="a")
    live = hub.in_hand(handle.id)
    assert live is not None
    clock.advance(1)
    assert 200 == (await receive(hub, "a", {}, call("v1"))).status
    await settle()
    assert 1 == vendor.reads["v1"]
    assert "queued" == live.job.status
    vendor.answers.set()
    await settle()
    assert "running" == live.job.status


async def test_what_it_can_not_take_has_a_status(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """Too long, no such account, a provider without webhooks, an adapter that raises: nothing is raised."""
    assert Reply(status=413) == await receive(hub, "a", {}, b" " * (LIMIT + 1))
    assert Reply(status=404) == await receive(hub, "b", {}, call("v1"))
    assert Reply(status=404) == await receive(hub, "ads", {}, call("v1"))
    assert Reply(status=400) == await receive(hub, "a", {}, b"no JSON")
    assert "a webhook could not be read: JSONDecodeError" in caplog.text


async def test_a_hub_that_writes_nothing_takes_no_webhook(vendor: Scripted, clock: FakeClock) -> None:
    """It would read for nobody: a JournalError, as with every other verb, and a 503."""
    closed = Hub({"a": vendor}, clock=clock)
    with pytest.raises(JournalError, match="not open"):
        await closed.webhook("a", {}, call("v1"))
    assert 503 == (await receive(closed, "a", {}, call("v1"))).status
    async with Hub({"a": vendor}, clock=clock, read_only=True) as reader:
        with pytest.raises(JournalError, match="only reads"):
            await reader.webhook("a", {}, call("v1"))
        assert 503 == (await receive(reader, "a", {}, call("v1"))).status


async def test_what_the_journal_could_not_take_is_news_when_it_is_repeated(
    hub: Hub, vendor: Scripted, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor tries again after a 503: that is no repetition."""
    await hub.submit(WORDS, to="a")

    async def full(*_: object) -> tuple[str, ...]:
        raise JournalError("locked")

    with monkeypatch.context() as broken:
        broken.setattr(hub.store, "find", full)
        assert 503 == (await receive(hub, "a", {}, call("v1"))).status
    assert 200 == (await receive(hub, "a", {}, call("v1"))).status
    await settle()

    assert 1 == vendor.reads["v1"]


async def test_a_repeated_delivery_is_one_read(hub: Hub, vendor: Scripted, clock: FakeClock) -> None:
    """Header or no header: what is repeated is what has the same body, at the same account."""
    await hub.submit(WORDS, to="a")
    for number in range(3):
        await receive(hub, "a", {"X-Delivery": str(number)}, call("v1"))
        await settle()
    assert 1 == vendor.reads["v1"]
    clock.advance(2)  # the poll that is due anyway
    await settle()
    clock.advance(1)
    await receive(hub, "a", {}, call("v1"))
    await settle()
    assert 2 == vendor.reads["v1"]
    await receive(hub, "a", {}, call("v1", "another"))
    await settle()
    assert 3 == vendor.reads["v1"]


async def test_an_id_that_two_accounts_know_is_the_one_that_was_called(clock: FakeClock) -> None:
    """Two attempts of one job, with the same id at two vendors: one of them is read."""
    one, two = (Scripted(clock=clock, lives=(Life(60.0),), answers=asyncio.Event()) for _ in range(2))
    route = Route(accounts=("a", "b"), hedge_after=1.0, max_spend=Decimal(10))
    accounts = {
        name: Account(provider=each, poll_every=SELDOM, estimate={"job": Decimal(3)})
        for name, each in {"a": one, "b": two}.items()
    }
    async with Hub(accounts, routes={"both": route}, clock=clock) as hub:
        handle = await hub.submit(WORDS, to="both")
        live = hub.in_hand(handle.id)
        assert live is not None
        await settle()
        clock.advance(1.5)
        await settle()
        assert ["v1", "v1"] == [attempt.provider_id for attempt in live.job.attempts]
        await receive(hub, "b", {}, call("v1"))
        await settle()

        assert ({}, {"v1": 1}) == (one.reads, two.reads)


async def test_reads_by_hints_are_as_far_apart_as_polls(hub: Hub, vendor: Scripted, clock: FakeClock) -> None:
    """A hundred calls that all differ, in ten seconds: six reads."""
    for _ in range(2):
        await hub.submit(WORDS, to="a")
    for number in range(100):
        await receive(hub, "a", {}, call("v2", f"word {number}"))
        await settle()
        clock.advance(0.1)
        await settle()

    assert vendor.reads["v2"] <= 6


async def test_who_polls_seldom_has_each_webhook_read_soon(clock: FakeClock) -> None:
    """Hints are as far apart as the vendor wants its reads, not as this account's polls are."""
    vendor = Scripted(clock=clock, lives=(Life(5.0),))
    async with Hub({"a": Account(provider=vendor, poll_every=SELDOM)}, clock=clock) as hub:
        handle = await hub.submit(WORDS, to="a")
        await receive(hub, "a", {}, call("v1", "started"))
        await settle()
        clock.advance(1.5)
        await receive(hub, "a", {}, call("v1", "half"))
        await settle()
        assert 1 == vendor.reads["v1"]
        clock.advance(0.5)
        await settle()
        assert 2 == vendor.reads["v1"]
        clock.advance(3)
        await receive(hub, "a", {}, call("v1", "done"))
        await settle()

        assert 3 == vendor.reads["v1"]
        assert hub.in_hand(handle.id) is None


async def test_a_webhook_that_outruns_the_answer_to_the_submit_is_remembered(hub: Hub) -> None:
    """Until the id is recorded; at its own account alone."""
    await receive(hub, "a", {}, call("v9"))

    assert not hub._desk.hints.early("ads", "v9")
    assert hub._desk.hints.early("a", "v9")
    await hub.submit(WORDS, to="a")
    await receive(hub, "a", {}, call("v1"))
    assert not hub._desk.hints.early("a", "v1")


async def test_a_call_about_an_end_that_is_known_is_forgotten(hub: Hub, vendor: Scripted, clock: FakeClock) -> None:
    """The job is not read, and not taken in hand."""
    handle = await hub.submit(WORDS, to="a")
    clock.advance(6)
    job = await handle.wait()
    before = vendor.reads["v1"]
    assert Reply(status=200, jobs=(job.id,), event="failed") == await receive(hub, "a", {}, call("v1", "failed"))
    await settle()

    assert before == vendor.reads["v1"]
    assert hub.in_hand(job.id) is None
    assert job == await hub.store.job(job.id)


# Verifiers


async def test_a_verifier_that_raises_says_no(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """A missing header is no crash; what it raised may hold a secret, and is not logged."""

    def verify(headers: Mapping[str, str], body: bytes, /) -> bool:
        raise KeyError("hush-hush")

    caplog.set_level(logging.DEBUG)
    assert Reply(status=401) == await receive(hub, "a", {}, call("v1"), verify=verify)
    assert "KeyError" in caplog.text
    assert "hush-hush" not in caplog.text


@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_an_hmac_of_the_body(encoding: str) -> None:
    """In hex or base64, below a header in any case; anything else is a no."""
    digest = hmac.new(b"k", b"body", hashlib.sha256).digest()
    signed = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    verify = hmac_sha256("k", "X-Sig", prefix="v1=", encoding=encoding)  # type: ignore[arg-type]

    assert verify({"x-sig": f"v1={signed}"}, b"body")
    assert verify(CIMultiDict({"X-Sig": f" v1={signed} "}), b"body")
    assert not verify({"X-Sig": f"v1={signed}"}, b"body!")
    assert not hmac_sha256("other", "X-Sig", prefix="v1=")({"X-Sig": f"v1={signed}"}, b"body")
    for wrong in ("", "v1=", signed, f"v2={signed}", f"v1={signed}0", f"v1={signed[:-1]}", "v1=ü\udc80"):
        assert not verify({"X-Sig": wrong}, b"body")
    assert not verify({}, b"body")
    assert not verify(CIMultiDict([("X-Sig", f"v1={signed}"), ("X-Sig", f"v1={signed}")]), b"body")
