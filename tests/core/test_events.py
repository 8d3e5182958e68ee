"""Events: what a write of an attempt says, once and without secrets, and how it reaches those who listen."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from genhub import (
    Attempt,
    BillingProfile,
    Candidate,
    Effect,
    EntryKind,
    Job,
    Moment,
    Output,
    ProviderUnavailable,
    Receipt,
    Ref,
    Rule,
    Snapshot,
    Status,
    TextRequest,
    _transitions,
)
from genhub._events import Event, EventName, Listeners, elsewhere, news
from genhub._requests import Request

AT = datetime(2026, 11, 23, tzinfo=UTC)
REF = Ref(id="v1", kind="captions")
PROMPT = "a secret launch of ours"
REQUEST = TextRequest(prompt=PROMPT, label="spring", tags={"team": "a hidden tag"})
MADE = Output(kind="text", text="what was made")


def _rule(moment: Moment, effect: Effect) -> Rule:
    return Rule(moment=moment, effect=effect, source="test")


PROFILE = BillingProfile(
    unit="credits",
    checked="2026-11-23",
    prices={"captions": Decimal(3)},
    rules=(
        _rule(Moment.SUBMIT, Effect.CHARGE),
        _rule(Moment.REUSED, Effect.NOTHING),
        _rule(Moment.RESUMED, Effect.CHARGE),
        _rule(Moment.SUCCEEDED, Effect.NOTHING),
        _rule(Moment.FAILED, Effect.REFUND),
        _rule(Moment.STOPPED, Effect.REFUND),
        _rule(Moment.CANCELED, Effect.UNKNOWN),
        _rule(Moment.EXPIRED, Effect.UNKNOWN),
    ),
)
BEGUN = Attempt(
    id="j1.1",
    job_id="j1",
    number=1,
    account="main",
    provider="powerpost",
    kind="captions",
    unit="credits",
    created_at=AT,
    doubt=_transitions.LOST,
)


def job(attempt: Attempt) -> Job:
    return Job(id="j1", request=REQUEST, created_at=AT, attempts=(attempt,))


def told(old: Attempt | None, new: Attempt) -> list[Event]:
    return list(news(old, new, job(new), AT))


def names(events: Sequence[Event]) -> list[EventName]:
    return [event.name for event in events]


def accepted(now: Attempt = BEGUN, charged: Decimal | None = Decimal(10)) -> Attempt:
    receipt = Receipt(ref=REF, status=Status.RUNNING, raw_status="processing", charged=charged)
    return _transitions.accepted(now, receipt, PROFILE, AT)


def seen(now: Attempt, status: Status, cost: Decimal | None = None) -> Attempt:
    made = (MADE,) if status is Status.SUCCEEDED else ()
    news_ = Snapshot(ref=REF, status=status, raw_status=f"their {status}", cost=cost, outputs=made)
    return _transitions.seen(now, news_, PROFILE, AT)


# A walk: what may happen to an attempt, in any order that makes sense.


def step(now: Attempt, what: str, status: Status, amount: Decimal | None) -> Attempt:
    """Return the attempt after something happened to it; as it is when that can't happen to it."""
    match what:
        case "accept" if now.status.in_doubt:
            return accepted(_transitions.noted(now, "replayed", AT) if now.notes else now, amount)
        case "refuse" if now.status is Status.SUBMITTING:
            return _transitions.refused(now, ProviderUnavailable("no way there"), AT)
        case "doubt" if now.status is Status.SUBMITTING:
            return _transitions.doubted(now, "the line broke", AT)
        case "adopt" if now.status.in_doubt:
            found = Candidate(ref=REF, charged=amount)
            return _transitions.adopted(now, found, "found by a look", PROFILE, AT)
        case "deny" if now.status.in_doubt:
            return _transitions.not_submitted(now, "settled by a person", AT)
        case "see" if now.ref is not None:
            return seen(now, status, amount if status.is_final else None)
        case "resume" if now.status is Status.STOPPED and now.resuming_at is None:
            return _transitions.resuming(now, amount, AT)
        case "not resumed" if now.resuming_at is not None:
            return _transitions.not_resumed(now, "refused", AT)
        case _:
            return now


AMOUNTS = st.none() | st.integers(0, 9).map(Decimal)
ENDS = [Status.QUEUED, Status.RUNNING, Status.UNKNOWN, *(each for each in Status if each.is_final)]
WHAT = ["accept", "refuse", "doubt", "adopt", "deny", "see", "see", "see", "resume", "not resumed"]
STEPS = st.lists(st.tuples(st.sampled_from(WHAT), st.sampled_from(ENDS), AMOUNTS, st.booleans()), max_size=20)


@given(STEPS)
def test_every_line_and_every_change_of_status_is_told_once(
    steps: list[tuple[str, Status, Decimal | None, bool]],
) -> None:
    """Whatever happens, and however many versions of a row a reader skips."""
    now, read = BEGUN, [BEGUN]
    for what, status, amount, skipped in steps:
        now = evolve(step(now, what, status, amount), version=now.version + 1)
        if not skipped:
            read.append(now)
    read.append(now)
    each = [told(old, new) for old, new in zip([None, *read], read, strict=False)]
    events = [event for several in each for event in several]

    lines = [(event.name, event.detail["sequence"], event.detail["amount"]) for event in events if _is_line(event)]
    kinds = {EntryKind.CHARGE: EventName.CHARGED, EntryKind.REFUND: EventName.REFUNDED}
    assert lines == [(kinds[e.kind], e.sequence, None if e.amount is None else str(e.amount)) for e in now.entries]
    changes = [(event.detail["old"], event.detail["new"]) for event in events if event.name is EventName.STATUS]
    assert changes == [(old, new) for old, new in zip([None, *_statuses(read)], _statuses(read), strict=False)]
    assert all(EventName.STATUS not in names(several[:-1]) for several in each)
    assert [] == [event for new in read for event in told(new, new)]
    assert [] == [event for event in events if PROMPT in json.dumps(event.facts())]


def _is_line(event: Event) -> bool:
    return event.name in (EventName.CHARGED, EventName.REFUNDED)


def _statuses(read: Sequence[Attempt]) -> list[str]:
    """Return the statuses one after the other, each as long as it lasts."""
    found: list[str] = []
    for attempt in read:
        if not found or found[-1] != attempt.status:
            found.append(str(attempt.status))
    return found


# One write after the other.


def test_a_submit_is_told_with_what_the_vendor_said() -> None:
    """Its id and its word, then what it charged, then the status."""
    submitted, charged, status = told(BEGUN, accepted())

    assert (EventName.SUBMITTED, {"provider_id": "v1", "raw_status": "processing"}) == (
        submitted.name,
        submitted.detail,
    )
    assert EventName.CHARGED is charged.name
    assert {
        "sequence": 1,
        "amount": "10",
        "whole": False,
        "evidence": "reported",
        "settles": None,
        "note": "",
        "unit": "credits",
    } == charged.detail
    assert {"old": "submitting", "new": "running", "raw_status": "processing"} == status.detail


def test_what_is_on_its_way_is_no_doubt() -> None:
    """The journal holds a doubt for as long as a call is out: nobody needs to be warned of that."""
    stopped = seen(accepted(), Status.STOPPED)

    assert [EventName.STATUS] == names(told(None, BEGUN))
    assert [] == told(stopped, _transitions.resuming(stopped, None, AT))


def test_a_lost_answer_is_a_doubt_until_it_is_settled() -> None:
    """It is not told as submitted: the verdict says it."""
    lost = _transitions.doubted(BEGUN, "the line broke", AT)
    found = _transitions.adopted(lost, Candidate(ref=REF), "found by a look", PROFILE, AT)
    denied = _transitions.not_submitted(lost, "settled by a person", AT)

    doubt, status = told(BEGUN, lost)
    assert (EventName.DOUBT, {"why": _transitions.LOST}) == (doubt.name, doubt.detail)
    assert "unconfirmed" == status.detail["new"]
    assert [EventName.DOUBT, EventName.STATUS] == names(told(BEGUN, evolve(lost, doubt=None)))
    assert [EventName.SETTLED, EventName.CHARGED, EventName.STATUS] == names(told(lost, found))
    assert {"verdict": "submitted", "how": "found by a look", "provider_id": "v1"} == told(lost, found)[0].detail
    settled = {"verdict": "not_submitted", "how": "settled by a person", "provider_id": None}
    assert settled == told(lost, denied)[0].detail


def test_a_submit_that_was_cut_off_can_be_settled_at_once() -> None:
    """A person may settle what is still `submitting`; a refusal of the vendor's settles nothing."""
    denied = _transitions.not_submitted(BEGUN, "settled by a person", AT)
    refused = _transitions.refused(BEGUN, ProviderUnavailable("no way there"), AT)

    assert [EventName.SETTLED, EventName.STATUS] == names(told(BEGUN, denied))
    assert [EventName.STATUS] == names(told(BEGUN, refused))


def test_an_end_whose_price_nobody_knows_is_a_doubt() -> None:
    """The vendor has it, and what it cost is open."""
    doubt, status = told(accepted(), seen(accepted(), Status.CANCELED))

    assert {"why": "canceled: not documented whether the charge is kept"} == doubt.detail
    assert "canceled" == status.detail["new"]


def test_late_news_is_marked() -> None:
    """A refund that lands after the end is told as late; what comes before or with the end is not."""
    ended = seen(accepted(), Status.SUCCEEDED, Decimal(10))
    (refunded,) = told(ended, seen(ended, Status.SUCCEEDED, Decimal(4)))

    assert (EventName.REFUNDED, "6", True) == (refunded.name, refunded.detail["amount"], refunded.detail["late"])
    running = accepted()
    (more,) = told(evolve(running, entries=()), running)
    assert (EventName.CHARGED, False) == (more.name, "late" in more.detail)
    (at_once, _) = told(running, seen(running, Status.FAILED))
    assert (EventName.REFUNDED, False) == (at_once.name, "late" in at_once.detail)


# What an event says.


def test_facts_are_flat_plain_data() -> None:
    """They can be written as JSON as they are: amounts as text, what is not known left out."""
    charged = told(BEGUN, accepted(charged=Decimal("1.50")))[1]

    assert {
        "name": "charged",
        "at": "2026-11-23T00:00:00+00:00",
        "account": "main",
        "provider": "powerpost",
        "job": "j1",
        "kind": "text",
        "label": "spring",
        "attempt": 1,
        "status": "running",
        "sequence": 1,
        "amount": "1.50",
        "whole": False,
        "evidence": "reported",
        "settles": None,
        "note": "",
        "unit": "credits",
    } == json.loads(json.dumps(charged.facts()))


def test_facts_of_an_account_need_no_job() -> None:
    """Details that are no plain data are said as text, and none can take a known fact's place."""
    detail = {"why": Decimal("1.5"), "since": AT, "old": Status.QUEUED, "new": ("x",), "account": "another"}
    event = Event(name=EventName.BREAKER, at=AT, account="main", detail=detail)

    assert {
        "name": "breaker",
        "at": "2026-11-23T00:00:00+00:00",
        "account": "main",
        "why": "1.5",
        "since": "2026-11-23T00:00:00+00:00",
        "old": "queued",
        "new": "('x',)",
    } == event.facts()


def test_no_event_holds_what_was_asked_or_made() -> None:
    """Neither its facts nor its repr, although it carries the job."""
    done = seen(accepted(), Status.SUCCEEDED)
    (event,) = [each for each in told(accepted(), done) if each.name is EventName.STATUS]

    assert (done,) == (event.job.attempts if event.job is not None else ())
    for text in (PROMPT, "what was made", "a hidden tag"):
        assert text not in repr(event)
        assert text not in json.dumps(event.facts())


def test_what_another_process_wrote_is_marked() -> None:
    """Whoever counts leaves it out; the rest of the event is the same."""
    event = told(BEGUN, accepted())[0]
    marked = elsewhere(event)

    assert {**event.detail, "elsewhere": True} == marked.detail
    assert evolve(marked, detail=event.detail) == event


# Those who listen.


class Broken:
    """A listener that fails at whatever it is told."""

    def __init__(self) -> None:
        self.told = 0

    def __call__(self, event: Event) -> None:
        self.told += 1
        raise RuntimeError("no")

    def begin(self, job_id: str, request: Request) -> str | None:
        raise RuntimeError("no trace either")


class Tracing:
    """A listener that traces."""

    def __call__(self, event: Event) -> None: ...

    def begin(self, job_id: str, request: Request) -> str | None:
        return f"{job_id} {request.kind}"


EVENT = Event(name=EventName.BREAKER, at=AT, account="main")


def test_nobody_is_false() -> None:
    """So that a hub to which nobody listens does no work for it."""
    listeners = Listeners()
    assert not listeners
    listeners.add(lambda _: None)
    assert listeners


def test_everybody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A listener that fails keeps nothing from the others, is told on, and is logged once for its class."""
    heard: list[Event] = []
    several = (Broken(), Broken())
    listeners = Listeners([*several, heard.append])
    with caplog.at_level(logging.ERROR, "genhub.events"):
        listeners.tell(EVENT)
        listeners.tell(EVENT)

    assert [EVENT, EVENT] == heard
    assert [2, 2] == [each.told for each in several]
    assert 1 == len(caplog.records)
    assert "Broken failed at breaker" in caplog.text


def test_functions_fail_each_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    """They all have the same class: what tells them apart is their name."""

    def first(event: Event) -> None:
        raise RuntimeError("no")

    def second(event: Event) -> None:
        raise RuntimeError("no")

    listeners = Listeners([first, second])
    with caplog.at_level(logging.ERROR, "genhub.events"):
        listeners.tell(EVENT)
        listeners.tell(EVENT)

    assert 2 == len(caplog.records)


def test_the_first_that_traces_gives_a_job_its_place() -> None:
    """One that only listens is not asked."""
    assert "j1 text" == Listeners([lambda _: None, Tracing()]).trace("j1", REQUEST)
    assert Listeners([lambda _: None]).trace("j1", REQUEST) is None


def test_a_trace_that_fails_stops_no_job(caplog: pytest.LogCaptureFixture) -> None:
    """The job goes on without one."""
    assert Listeners([Broken()]).trace("j1", REQUEST) is None
    assert "Broken failed at the beginning of j1" in caplog.text
