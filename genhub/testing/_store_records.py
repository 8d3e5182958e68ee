"""Jobs, attempts and lines of the ledger as tests of a store need them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from attrs import evolve

from genhub._credits import Entry, EntryKind, Evidence, Price
from genhub._itinerary import Itinerary, Stage
from genhub._jobs import Adjustment, Attempt, Call, Job, JobError, Note, Output, Ref
from genhub._provider import Intent
from genhub._requests import TextRequest
from genhub._status import Status

#: When the tests take place: microseconds that a float can't hold.
NOON = datetime(2026, 11, 20, 12, 0, 0, 123457, tzinfo=UTC)

_numbers = count(1)


def an_attempt(**changes: Any) -> Attempt:
    """Return the first attempt of some job, about to be submitted."""
    name = f"a{next(_numbers):05}"
    attempt = Attempt(
        id=name,
        job_id=f"job-of-{name}",
        number=1,
        account="main",
        provider="acme",
        kind="captions",
        unit="credits",
        created_at=NOON,
    )
    return evolve(attempt, **changes)


def a_job(*, request: Mapping[str, Any] | None = None, attempt: Mapping[str, Any] | None = None, **changes: Any) -> Job:
    """Return a job with its first attempt; `request` and `attempt` are changes of those."""
    job = Job(
        id=f"j{next(_numbers):05}",
        request=evolve(TextRequest(prompt="Dark mode is here"), **(request or {})),
        created_at=NOON,
    )
    job = evolve(job, **changes)
    return evolve(job, attempts=(evolve(an_attempt(job_id=job.id), **(attempt or {})),))


def a_route(**changes: Any) -> Itinerary:
    """Return a route over two accounts that may try another one."""
    stages = (Stage(account="main", why="as listed"), Stage(account="spare", why="as listed"))
    return evolve(Itinerary(route="cheap", stages=stages, max_attempts=3), **changes)


def a_line(sequence: int = 1, **changes: Any) -> Entry:
    """Return a charge of ten credits that the vendor reported."""
    line = Entry(kind=EntryKind.CHARGE, sequence=sequence, amount=Decimal(10), evidence=Evidence.REPORTED, at=NOON)
    return evolve(line, **changes)


def an_intent(**changes: Any) -> Intent:
    """Return what some attempt means to send."""
    call = Call(kind="captions", path="/captions", body={"prompt": "Dark mode is here"})
    intent = Intent(call=call, key="k-1", sent_at=NOON, over_at=NOON + timedelta(minutes=1))
    return evolve(intent, **changes)


def a_full_output() -> Output:
    """Return an output with no field at its default."""
    return Output(
        kind="video",
        text="Zażółć\x00 \N{PARTY POPPER}",
        title="Launch",
        url="https://cdn.test/v.mp4",
        thumbnail_url="https://cdn.test/v.jpg",
        platform="tiktok",
        hashtags=("#dark", "#mode"),
        fields={"hook": "Look!", "timings": [{"at": 0.1, "word": None}]},
        provider_id="m-1",
        expires_at=NOON + timedelta(days=1),
        width=1080,
        height=1920,
        duration=7.25,
        raw={"id": 2**53 + 1, "nested": [[], {}, "", False, None, 1e-7]},
    )


def a_full_error() -> JobError:
    """Return an error with no field at its default."""
    return JobError(
        kind="refused",
        message="no",
        code="E7",
        http_status=429,
        request_id="r-2",
        error="RateLimited",
        retry_after=1.5,
        retryable=True,
        fallback=False,
    )


def a_full_attempt(**changes: Any) -> Attempt:
    """Return an attempt with no field at its default."""
    lines = (
        a_line(1, amount=Decimal("10.50")),
        a_line(2, amount=None, evidence=Evidence.DOCUMENTED, note="cost not said"),
        a_line(3, amount=Decimal("0.1"), evidence=Evidence.BALANCE, settles=2),
        a_line(4, kind=EntryKind.REFUND, amount=None, whole=True, evidence=Evidence.USER, at=NOON + timedelta(hours=1)),
    )
    attempt = an_attempt(
        status=Status.STOPPED,
        raw_status="halted",
        ref=Ref(id="v-full", kind="captions", path="/captions/v-full"),
        outputs=(a_full_output(), Output(kind="text", text="plain")),
        entries=lines,
        doubt="the vendor's documents do not say",
        error=a_full_error(),
        adjustments=(Adjustment(field="tone", asked={"a": [1]}, sent=None, why="no such field"),),
        notes=(Note(at=NOON, text="late news"), Note(at=NOON + timedelta(seconds=1), text="later")),
        reason="the first refused",
        given_up="it took longer than 90.5 s",
        request_id="r-1",
        price=Price(amount=Decimal("0.050"), currency="USD"),
        reserved=Decimal("40.00"),
        submitted_at=NOON + timedelta(seconds=1),
        resuming_at=NOON + timedelta(seconds=2),
        running_at=NOON + timedelta(seconds=3),
        finished_at=NOON + timedelta(microseconds=1),
        leg=1,
        version=7,
    )
    return evolve(attempt, **changes)


def a_full_route() -> Itinerary:
    """Return a route with no field at its default."""
    return a_route(
        portability="adjust",
        max_spend=Decimal("2.50"),
        currency="USD",
        allow_unpriced=False,
        fallback_on=("RateLimited", "expired"),
        deadline=90.5,
        on_deadline="give_up",
        on_unknown="pay_twice",
        patience=12.5,
        hedge_after=30.25,
        hedge_quantile=0.95,
        since=2,
        ended="there is no further account",
    )


def a_full_job() -> Job:
    """Return a job with no field at its default."""
    job = a_job(
        id="j-full",
        key="mine",
        to=("main", "spare"),
        request={"label": "launch", "tags": {"team": "growth"}, "platforms": ("x",), "extra": {"acme": {"n": 1}}},
        route=a_full_route(),
        fingerprint="f-1",
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return evolve(job, attempts=(a_full_attempt(job_id=job.id),))


def a_full_intent() -> Intent:
    """Return an intent with no field at its default."""
    call = Call(
        kind="static_ad",
        path="/api/ads",
        body={"prompt": "x", "n": 3, "deep": {"list": [1.5, None]}},
        query={"page": "1"},
        headers={"X-Trace": "t"},
        adjustments=(Adjustment(field="count", asked=9, sent=4, why="at most 4"),),
    )
    return an_intent(call=call, key="k-full", before=frozenset({"v-1", "v-2"}))
