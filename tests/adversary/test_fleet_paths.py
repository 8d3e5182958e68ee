"""Jobs that are read together, for those who want one of them to be forgotten, or its outcome lost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import define, evolve, field

from genhub import (
    Account,
    Attempt,
    AuthenticationError,
    GenhubError,
    Hub,
    JournalError,
    Receipt,
    Ref,
    Snapshot,
    Status,
    SubmissionUnknown,
    TextRequest,
    WebhookHint,
)
from genhub._errors import ProviderUnavailable
from genhub._jobs import Call
from genhub._provider import Intent, Lookup
from genhub.http import Complaint, Dialect, Http, Sessions
from genhub.testing import FakeClock
from tests.timing._vendor import KIND, Life, Vendor

SOUP = TextRequest(prompt="soup")
#: Everything that is open is read at least so often (120 s), and twice that is long enough for any path.
LONG = 300.0


def still() -> FakeClock:
    """A clock that only `advance` moves."""
    return FakeClock(longest=0.0)


async def turns(times: int = 100) -> None:
    """Let everything run that waits for nothing but its turn."""
    for _ in range(times):
        await asyncio.sleep(0)


async def later(clock: FakeClock, seconds: float, step: float = 1.0) -> None:
    """Let so much time go by, in small steps, with a turn for everybody in each."""
    for _ in range(int(seconds / step)):
        clock.advance(step)
        await turns(20)


@define(eq=False, kw_only=True)
class Lister(Vendor):
    """A vendor with a list, with stops and resumes; what its list leaves out, or how it fails, is up to the test."""

    lists: ClassVar[Mapping[str, int]] = {KIND: 100}

    hidden: set[str] = field(factory=set[str])  #: not in the list
    asked: list[frozenset[str]] = field(factory=list[frozenset[str]])  #: of each look at the list
    list_fails: Exception | None = None
    list_hangs: bool = False
    lines_only: bool = False  #: the list shows no outputs
    lost: set[int] = field(factory=set[int])  #: the submits, by number, whose answers are lost
    down: bool = False  #: no read goes well
    held: dict[str, asyncio.Event] = field(factory=dict[str, asyncio.Event])  #: reads that wait
    resumes: asyncio.Event = field(factory=asyncio.Event)  #: resumes are answered
    stopped: set[str] = field(factory=set[str])

    async def submit(self, http: Http, call: Call) -> Receipt:
        receipt = await super().submit(http, call)
        if len(self.made) in self.lost:
            raise SubmissionUnknown("the answer was lost")
        return receipt

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        if self.down:
            raise ProviderUnavailable("down")
        if (held := self.held.get(ref.id)) is not None:
            await held.wait()
        if ref.id in self.stopped:
            return Snapshot(ref=ref, status=Status.STOPPED, raw_status="stopped")
        return await super().poll(http, ref)

    async def poll_many(self, http: Http, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        self.asked.append(frozenset(ref.id for ref in refs))
        if self.list_hangs:
            await asyncio.Event().wait()
        if self.list_fails is not None:
            raise self.list_fails
        if self.down:
            raise ProviderUnavailable("down")
        found: dict[Ref, Snapshot] = {}
        for ref in sorted(refs, key=lambda each: int(each.id[1:])):
            if ref.id not in self.hidden:
                shown = await super().poll(http, ref)
                found[ref] = evolve(shown, outputs=(), complete=False) if self.lines_only else shown
        return found

    async def stop(self, http: Http, ref: Ref) -> Snapshot:
        self.stopped.add(ref.id)
        return Snapshot(ref=ref, status=Status.STOPPED, raw_status="stopped")

    async def resume(self, http: Http, ref: Ref) -> Snapshot:
        await self.resumes.wait()
        self.stopped.discard(ref.id)
        return Snapshot(ref=ref, status=Status.RUNNING, raw_status="running")

    async def lookup(self, http: Http, intent: Intent) -> Lookup | None:
        return Lookup(how="a list that is not read to its end")

    def webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookHint:
        return WebhookHint(provider_ids=tuple(body.decode().split()), event="done")


def alone() -> type[Lister]:
    """A vendor whose list covers none of these kinds: it is read in batches, and each job by a call of its own."""
    return type("Alone", (Lister,), {"lists": {}})


def hub_of(vendor: Vendor, clock: FakeClock, **options: Any) -> Hub:
    return Hub({"ours": Account(provider=vendor, allow_unpriced=True, **options)}, journal="memory:", clock=clock)


async def status(hub: Hub, job_id: str) -> Status:
    job = await hub.store.job(job_id)
    assert job is not None
    return job.status


# Forgotten


async def test_what_is_settled_while_its_batch_is_still_read_is_read_on() -> None:
    """A person settles a doubt in the moment in which it is stuck; another job of the same batch is read slowly."""
    clock = still()
    vendor = alone()(clock=clock, lives=[Life(0.0, 500.0), Life(0.0, 500.0)], lost={2})
    async with hub_of(vendor, clock) as hub:
        slow = await hub.submit(SOUP)
        doubted = (await hub.submit(SOUP)).id
        await turns()
        vendor.held["v1"] = asyncio.Event()
        clock.advance(200.0)  # past the grace time, and past the first one's appointment
        await turns()
        live = hub.in_hand(doubted)
        assert live is not None and live.stuck
        await hub.settle(doubted, adopt="v2")
        await turns()
        vendor.held.pop("v1").set()
        await later(clock, 400.0 + LONG)

        assert (Status.SUCCEEDED, Status.SUCCEEDED) == (await status(hub, slow.id), await status(hub, doubted))


async def test_what_is_resumed_while_a_webhook_names_it_is_read_on() -> None:
    """A webhook names a job whose resume is on its way, and another one that is read slowly."""
    clock = still()
    vendor = alone()(clock=clock, lives=[Life(0.0, 300.0), Life(0.0, 300.0)])
    async with hub_of(vendor, clock) as hub:
        slow, again = await hub.submit(SOUP), await hub.submit(SOUP)
        clock.advance(5.0)
        await turns()
        await again.stop()
        resume = asyncio.create_task(hub.resume(again.id))
        await turns()
        vendor.held["v1"] = asyncio.Event()
        await hub.webhook("ours", {}, b"v1 v2")
        await later(clock, 5.0)
        vendor.resumes.set()
        await resume
        vendor.held.pop("v1").set()
        await later(clock, 300.0 + LONG)

        assert (Status.SUCCEEDED, Status.SUCCEEDED) == (await status(hub, slow.id), await status(hub, again.id))


async def test_one_jobs_row_is_not_the_others_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal takes no news of one job, which the list shows first: the others' news are written all the same."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 60.0)] * 8)
    async with hub_of(vendor, clock) as hub:
        handles = [await hub.submit(SOUP) for _ in range(8)]
        real = hub.store.advance

        async def advance(attempt: Attempt) -> Attempt | None:
            if attempt.job_id == handles[0].id:
                raise JournalError("not this row")
            return await real(attempt)

        monkeypatch.setattr(hub.store, "advance", advance)
        await later(clock, 60.0 + LONG)
        ends = [await status(hub, each.id) for each in handles[1:]]

        assert [Status.SUCCEEDED] * 7 == ends


@pytest.mark.parametrize("error", [ProviderUnavailable("no list today"), KeyError("items")], ids=["foreseen", "not"])
async def test_a_list_that_always_fails_forgets_nobody(error: Exception) -> None:
    """Each could be read by a call of its own, whatever the list raises."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 60.0)] * 8, list_fails=error)
    async with hub_of(vendor, clock) as hub:
        handles = [await hub.submit(SOUP) for _ in range(8)]
        await later(clock, 60.0 + 2 * LONG)
        assert vendor.asked
        ends = [await status(hub, each.id) for each in handles]

        assert [Status.SUCCEEDED] * 8 == ends


@pytest.mark.parametrize("after", [math.inf, 1e300, math.nan, -1e300])
async def test_what_no_wait_can_be_is_no_reason_to_forget_what_was_bought(after: float) -> None:
    """An adapter makes nonsense of when a vendor wants to be asked again: an hour is the longest that is believed."""
    clock = still()
    vendor = Vendor(clock=clock, lives=[Life(0.0, 60.0)], fails_every=2, retry_after=after)
    async with hub_of(vendor, clock, poll_every=40.0) as hub:
        job = await hub.submit(SOUP)
        await later(clock, 3700.0, step=10.0)
        end = await status(hub, job.id)

        assert Status.SUCCEEDED is end


async def test_a_list_that_shows_nothing_does_not_keep_an_account_shut() -> None:
    """Reads failed for a while. Then the list goes well and shows none of ours: each is read by itself."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 60.0)] * 8)
    async with hub_of(vendor, clock, poll_every=10.0) as hub:
        handles = [await hub.submit(SOUP) for _ in range(8)]
        vendor.down = True
        await later(clock, 60.0)
        vendor.down = False
        vendor.hidden.update(vendor.made)
        await later(clock, 2 * LONG)
        ends = [await status(hub, each.id) for each in handles]

        assert [Status.SUCCEEDED] * 8 == ends


async def test_a_range_from_nothing_up_is_no_reason_to_forget_what_was_bought() -> None:
    """A vendor documents that a job takes "up to a minute": from 0 to 60 seconds."""
    clock = still()
    kind = type("UpTo", (Lister,), {"takes": {KIND: (0.0, 60.0)}})
    vendor = kind(clock=clock, lives=[Life(0.0, 30.0)])
    async with hub_of(vendor, clock) as hub:
        handle = await hub.submit(SOUP)
        await later(clock, 30.0 + LONG)

        assert Status.SUCCEEDED is await status(hub, handle.id)


async def test_what_the_list_never_shows_is_read_alone() -> None:
    """Some lines of the list never come: those jobs end as soon as the others do, give or take a read."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 60.0)] * 16, hidden={"v1", "v8", "v16"})
    async with hub_of(vendor, clock) as hub:
        handles = [await hub.submit(SOUP) for _ in range(16)]
        await later(clock, 60.0 + 125.0)
        assert vendor.asked
        ends = [await status(hub, each.id) for each in handles]

        assert [Status.SUCCEEDED] * 16 == ends


async def test_jobs_that_come_and_go_put_nobody_off() -> None:
    """Submits and stops around a power of two plan the list again and again: those that are there end in time."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 60.0)] * 200)
    async with hub_of(vendor, clock) as hub:
        old = [await hub.submit(SOUP) for _ in range(7)]
        for _ in range(90):
            guest = await hub.submit(SOUP)
            await later(clock, 2.0)
            with suppress(GenhubError):
                await guest.stop()
        ends = [await status(hub, each.id) for each in old]

        assert [Status.SUCCEEDED] * 7 == ends


# Lost


async def test_the_outputs_of_an_end_that_a_list_shows_are_read() -> None:
    """ "complete=False: a line of a list, whose outputs have to be read apart"."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 60.0)] * 8, lines_only=True)
    async with hub_of(vendor, clock) as hub:
        handles = [await hub.submit(SOUP) for _ in range(8)]
        await later(clock, 60.0 + LONG)
        jobs = [await hub.store.job(each.id) for each in handles]

        assert vendor.asked
        assert [1] * 8 == [0 if job is None else len(job.outputs) for job in jobs]


# Let alone


async def test_a_job_that_was_detached_is_not_asked_for_any_more() -> None:
    """ "Read a job no more": neither alone nor by a list."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 1000.0)] * 8)
    async with hub_of(vendor, clock) as hub:
        handles = [await hub.submit(SOUP) for _ in range(8)]
        await later(clock, 100.0)
        await hub.detach(handles[7].id)
        seen, alone_ = len(vendor.asked), len(vendor.reads["v8"])
        await later(clock, LONG)

        assert len(vendor.asked) > seen
        assert [] == [each for each in vendor.asked[seen:] if "v8" in each]
        assert alone_ == len(vendor.reads["v8"])


async def test_what_was_stopped_does_not_slow_down_the_others() -> None:
    """Reads are stretched to fit a vendor's limit: those that were stopped are no reads any more."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 1000.0)] * 20)
    async with hub_of(vendor, clock) as hub:
        for _ in range(20):
            await (await hub.submit(SOUP)).stop()
        await later(clock, LONG)

        assert pytest.approx(0.0) == hub._desk.agenda._wanted.get("ours", 0.0)


async def test_a_job_that_is_detached_while_it_is_read_is_not_read_again() -> None:
    """ "Read a job no more": the read that is on its way makes no new appointment."""
    clock = still()
    vendor = alone()(clock=clock, lives=[Life(0.0, 1000.0)])
    async with hub_of(vendor, clock) as hub:
        handle = await hub.submit(SOUP)
        vendor.held["v1"] = asyncio.Event()
        await later(clock, 10.0)
        await hub.detach(handle.id)
        vendor.held.pop("v1").set()
        await turns()
        assert 1 == len(vendor.reads["v1"])
        await later(clock, LONG)

        assert 1 == len(vendor.reads["v1"])


async def test_a_job_that_was_detached_and_taken_up_again_ends() -> None:
    """Whoever comes back to a job finds it read on, alone or by the list."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 200.0)] * 8)
    async with hub_of(vendor, clock) as hub:
        handles = [await hub.submit(SOUP) for _ in range(8)]
        await later(clock, 60.0)
        await hub.detach(handles[7].id)
        await later(clock, 10.0)
        await hub.get(handles[7].id)
        await later(clock, 130.0 + LONG)
        assert vendor.asked

        assert [Status.SUCCEEDED] * 8 == [await status(hub, each.id) for each in handles]


async def test_a_job_that_was_stopped_and_goes_on_is_in_the_list_again() -> None:
    """It left those that the list is read for, and comes back."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 200.0)] * 8)
    vendor.resumes.set()
    async with hub_of(vendor, clock) as hub:
        handles = [await hub.submit(SOUP) for _ in range(8)]
        await later(clock, 60.0)
        await handles[3].stop()
        await later(clock, 30.0)
        await hub.resume(handles[3].id)
        await later(clock, 110.0 + LONG)
        assert vendor.asked

        assert [Status.SUCCEEDED] * 8 == [await status(hub, each.id) for each in handles]


async def test_a_hub_that_closes_during_a_look_ends() -> None:
    """The list hangs, and others wait for it: closing waits for nobody, and nothing of a job changes."""
    clock = still()
    vendor = Lister(clock=clock, lives=[Life(0.0, 60.0)] * 8, list_hangs=True)
    async with asyncio.timeout(20):
        async with hub_of(vendor, clock) as hub:
            handles = [await hub.submit(SOUP) for _ in range(8)]
            await later(clock, 20.0)
            open_ = [await status(hub, each.id) for each in handles]

    assert 1 == len(vendor.asked)
    assert [Status.QUEUED] * 8 == open_


# Keys that are renewed


@define(eq=False)
class Renewed:
    """A vendor's way in, whose key is another one each time that it is asked for."""

    dialect: ClassVar[Dialect] = Dialect(complaint=lambda _: Complaint(message=""), codes={})

    base_url: str
    keys: list[str]

    async def headers(self) -> Mapping[str, str]:
        return {"X-Key": self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]}


async def test_an_upload_that_was_refused_for_an_old_key_is_not_refused_for_ever() -> None:
    """Data can't be sent twice, but the next upload goes with the key of today; and no header of a body stays on."""
    seen: list[Mapping[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        await request.read()
        seen.append(dict(request.headers))
        return web.json_response({}, status=200 if request.headers["X-Key"] == "new-key-1" else 401)

    app = web.Application()
    app.router.add_route("*", "/{path}", take)
    async with TestServer(app) as server:
        sessions = Sessions(connections=4)
        speaker = Renewed(str(server.make_url("")), ["old-key-0", "new-key-1"])
        http = Http(sessions, speaker, account="ours", clock=FakeClock())
        try:
            with pytest.raises(AuthenticationError):
                await http.change("POST", "/files", data=b"a file")
            answer = await http.change("POST", "/files", data=b"a file")
            await http.read("/jobs")
        finally:
            await sessions.close()

    assert 200 == answer.status
    assert "Content-Length" not in seen[-1] and "Content-Type" not in seen[-1]
