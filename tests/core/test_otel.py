"""Traces and metrics: one span for each job and process, one for each attempt, and sums that are right."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import define, evolve, field

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genhub import Attempt, ImageRequest, Job, JobError, Output, Price, Ref, Request, Status, VideoRequest, _transitions
from genhub._clock import moment
from genhub._credits import Entry, EntryKind, Evidence
from genhub._events import Event, EventName, elsewhere, news
from genhub._itinerary import Itinerary, Stage
from genhub.otel import MOST_SILENT, Telemetry
from genhub.testing import FakeClock

PROMPT, KEY, ANSWER = "a launch that nobody knows of", "sk-the-key", "https://cdn.example.test/made.png?sig=abc"
REQUEST = ImageRequest(prompt=PROMPT, count=2, label="spring", tags={"team": PROMPT})
STAGES = (Stage(account="main", why="first"), Stage(account="other", why="second"))
ROUTE = Itinerary(route="best", stages=STAGES, max_attempts=2)


@define
class Process:
    """What a process does with jobs, and what its telemetry hears of it."""

    exporter: InMemorySpanExporter
    clock: FakeClock
    reader: InMemoryMetricReader = field(factory=InMemoryMetricReader)
    tracers: TracerProvider = field(factory=TracerProvider)
    telemetry: Telemetry = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        meters = MeterProvider(metric_readers=[self.reader])
        self.telemetry = Telemetry(self.tracers, meters, clock=self.clock)

    def begin(self, request: Request = REQUEST, route: Itinerary | None = None, name: str = "j1") -> Job:
        traceparent = self.telemetry.begin(name, request)
        return Job(id=name, request=request, created_at=moment(self.clock), trace=traceparent, route=route)

    def write(self, job: Job, attempt: Attempt, *, by_another: bool = False) -> Job:
        """Take an attempt's row into the job, and tell of it."""
        old = next((each for each in job.attempts if each.number == attempt.number), None)
        rest = tuple(each for each in job.attempts if each is not old)
        job = evolve(job, attempts=tuple(sorted((*rest, attempt), key=lambda each: each.number)))
        for event in news(old, attempt, job, moment(self.clock)):
            self.telemetry(elsewhere(event) if by_another else event)
        return job

    def say(self, name: EventName, job: Job | None, **detail: Any) -> None:
        self.telemetry(Event(name=name, at=moment(self.clock), job=job, account="main", detail=detail))

    def spans(self, prefix: str = "") -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name.startswith(prefix)]

    def numbers(self, name: str) -> list[tuple[float, dict[str, Any]]]:
        """Return a counter's values, or a histogram's sums, with their attributes."""
        found: list[tuple[float, dict[str, Any]]] = []
        data = self.reader.get_metrics_data()
        for resource in () if data is None else data.resource_metrics:
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in metric.data.data_points if metric.name == name else ():
                    assert isinstance(point, (NumberDataPoint, HistogramDataPoint))
                    value = point.value if isinstance(point, NumberDataPoint) else point.sum
                    found.append((value, dict(point.attributes or {})))
        return found

    def sums(self, name: str) -> list[float]:
        return [value for value, _ in self.numbers(name)]


@pytest.fixture
def exporter(caplog: pytest.LogCaptureFixture) -> Iterator[InMemorySpanExporter]:
    """The backend, which all processes share. The SDK must have found nothing to complain of."""
    yield InMemorySpanExporter()
    said = caplog.get_records("call")
    assert [] == [record.getMessage() for record in said if record.name.startswith("opentelemetry")]


@pytest.fixture
def process(exporter: InMemorySpanExporter) -> Process:
    return Process(exporter, FakeClock())


def begun(process: Process, number: int = 1, account: str = "main") -> Attempt:
    return Attempt(
        id=f"j1.{number}", job_id="j1", number=number, account=account, provider="adgen", kind="static_ad",
        unit="adgen credits", created_at=moment(process.clock), doubt=_transitions.LOST,
        price=Price.parse("0.50 USD"),
    )  # fmt: skip


def charge(attempt: Attempt, amount: str | None, kind: EntryKind = EntryKind.CHARGE, *, whole: bool = False) -> Entry:
    return Entry(
        kind=kind,
        sequence=len(attempt.entries) + 1,
        amount=None if amount is None else Decimal(amount),
        evidence=Evidence.REPORTED,
        at=attempt.created_at,
        whole=whole,
    )


def running(process: Process, attempt: Attempt, amount: str | None = "3") -> Attempt:
    at = moment(process.clock)
    ref = Ref(id=f"v{attempt.number}", kind="static_ad")
    entries = (charge(attempt, amount),)
    return evolve(attempt, status=Status.RUNNING, ref=ref, doubt=None, submitted_at=at, entries=entries)


def ended(process: Process, attempt: Attempt, status: Status = Status.SUCCEEDED, **facts: Any) -> Attempt:
    facts = {"doubt": None, "raw_status": f"their {status}", **facts}
    return evolve(attempt, status=status, finished_at=moment(process.clock), **facts)


def run(process: Process, job: Job) -> Job:
    """A job that is sent, takes 90 seconds and succeeds."""
    first = begun(process)
    job = process.write(job, first)
    process.clock.advance(1)
    job = process.write(job, running(process, first))
    process.clock.advance(90)
    made = (Output(kind="image", url=ANSWER, text=PROMPT),)
    return process.write(job, ended(process, job.attempts[0], outputs=made))


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def events(span: ReadableSpan) -> list[str]:
    return [event.name.removeprefix("genhub.") for event in span.events]


def ids(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


def parent(span: ReadableSpan) -> tuple[int, int] | None:
    return None if span.parent is None else (span.parent.trace_id, span.parent.span_id)


def links(span: ReadableSpan) -> list[tuple[int, int]]:
    return [(link.context.trace_id, link.context.span_id) for link in span.links]


def nanoseconds(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000


# Spans.


def test_a_job_is_one_trace_below_the_callers(process: Process) -> None:
    """Caller, job, attempt; and the job keeps where it began."""
    with process.tracers.get_tracer("app").start_as_current_span("the caller's"):
        job = process.begin()
    run(process, job)
    (caller,), (whole,), (attempt,) = process.spans("the"), process.spans("generate"), process.spans("attempt")

    assert ids(caller) == parent(whole)
    assert ids(whole) == parent(attempt)
    trace_id, span_id = ids(whole)
    assert ["00", f"{trace_id:032x}", f"{span_id:016x}"] == (job.trace or "").split("-")[:3]
    assert ["status", "submitted", "charged", "status", "status"] == events(attempt)
    assert [] == events(whole)
    assert [trace.SpanKind.CLIENT] * 2 == [whole.kind, attempt.kind]
    assert [trace.StatusCode.UNSET] * 2 == [whole.status.status_code, attempt.status.status_code]


def test_spans_have_the_names_of_the_conventions(process: Process) -> None:
    """`gen_ai.*` as far as there are such names, ours for the rest; money as it is known."""
    run(process, process.begin())
    (whole,), (attempt,) = process.spans("generate"), process.spans("attempt")

    assert ("generate_content image", "attempt main") == (whole.name, attempt.name)
    assert {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "image",
        "gen_ai.request.choice.count": 2,
        "gen_ai.provider.name": "adgen",
        "gen_ai.response.id": "v1",
        "genhub.job.id": "j1",
        "genhub.account": "main",
        "genhub.status": "succeeded",
        "genhub.attempts": 1,
        "genhub.credits.exact": True,
        "genhub.credits.net": 3.0,
        "genhub.credits.unit": "adgen credits",
        "genhub.cost.amount": 1.5,
        "genhub.cost.currency": "USD",
    } == attributes(whole)
    assert {
        "gen_ai.provider.name": "adgen",
        "gen_ai.response.id": "v1",
        "genhub.job.id": "j1",
        "genhub.account": "main",
        "genhub.attempt.number": 1,
        "genhub.attempt.kind": "static_ad",
        "genhub.status": "succeeded",
    } == attributes(attempt)


def test_spans_have_the_times_of_the_hub(process: Process) -> None:
    """From where the job began to where it was over, on the hub's clock."""
    start = moment(process.clock)
    run(process, process.begin())

    for span in process.spans():
        assert (nanoseconds(start), nanoseconds(start + timedelta(seconds=91))) == (span.start_time, span.end_time)


def test_what_is_not_known_of_the_cost_is_left_out(process: Process) -> None:
    """It is not zero."""
    job, first = process.begin(VideoRequest(prompt=PROMPT)), begun(process)
    job = process.write(job, running(process, first, None))
    process.write(job, ended(process, job.attempts[0]))
    (whole,) = process.spans("generate")

    assert "generate_content video" == whole.name
    assert {"genhub.credits.exact": False} == {
        name: value for name, value in attributes(whole).items() if "credits" in name or "cost" in name
    }


def test_another_process_is_linked(exporter: InMemorySpanExporter) -> None:
    """What goes on elsewhere has a trace of its own that leads back to where the job began."""
    clock = FakeClock()
    first, second = Process(exporter, clock), Process(exporter, clock)
    job, attempt = first.begin(), begun(first)
    job = first.write(job, running(first, attempt))
    first.telemetry.shutdown()
    clock.advance(5)
    came = moment(clock)
    with second.tracers.get_tracer("app").start_as_current_span("something else"):
        second.write(job, ended(second, job.attempts[0]))
    (began, went_on), (_, last) = first.spans("generate"), first.spans("attempt")

    assert [ids(began)] == links(went_on)
    assert (None, ids(went_on)) == (parent(went_on), parent(last))
    assert ids(began)[0] != ids(went_on)[0]
    assert nanoseconds(came) == went_on.start_time == last.start_time
    assert "succeeded" == attributes(went_on)["genhub.status"]
    assert "genhub.status" not in attributes(began)


@pytest.mark.parametrize("kept", [None, "nonsense", "00-0-0-00"])
def test_without_a_beginning_there_is_no_link(process: Process, kept: str | None) -> None:
    """A job may have begun where nobody traced."""
    run(process, evolve(process.begin(), id="j2", trace=kept))
    (whole,) = process.spans("generate")

    assert [] == links(whole)


def test_who_only_reads_news_traces_and_counts_nothing_twice(exporter: InMemorySpanExporter) -> None:
    """The end that another process wrote ends the span of the first; only the writer counts."""
    clock = FakeClock()
    first, second, third = Process(exporter, clock), Process(exporter, clock), Process(exporter, clock)
    job = first.write(first.begin(), begun(first))
    known = job
    job = second.write(job, running(second, job.attempts[0]))
    first.write(known, job.attempts[0], by_another=True)
    last = ended(second, job.attempts[0])
    for each, by_another in ((second, False), (first, True), (third, True)):
        each.write(job, last, by_another=by_another)

    assert 2 == len(first.spans("generate"))
    assert [[], [3.0], []] == [each.sums("genhub.credits") for each in (first, second, third)]
    assert [0, 1, 0] == [len(each.sums("gen_ai.client.operation.duration")) for each in (first, second, third)]


def test_a_route_is_one_span_with_its_attempts(process: Process) -> None:
    """A failed attempt ends in error, the job does not; the decision stands on the job's span."""
    job, first, second = process.begin(route=ROUTE), begun(process), begun(process, 2, "other")
    error = JobError(kind="refused", message=f"no: {PROMPT}", error="RateLimited", code="slow_down")
    job = process.write(job, ended(process, first, Status.FAILED, error=error))
    process.say(EventName.FALLBACK, job, old="main", new="other", why=f"no: {PROMPT}")
    assert [] == process.spans("generate")
    job = process.write(job, running(process, second))
    job = process.write(job, ended(process, job.attempts[1]))
    process.say(EventName.ROUTED, evolve(job, route=evolve(ROUTE, ended="done")), route="best")
    (whole,), (failed, done) = process.spans("generate"), process.spans("attempt")

    assert [ids(whole)] * 2 == [parent(failed), parent(done)]
    assert ["attempt main", "attempt other"] == [failed.name, done.name]
    assert ["fallback"] == events(whole)
    statuses = [trace.StatusCode.ERROR, trace.StatusCode.UNSET, trace.StatusCode.UNSET]
    assert statuses == [each.status.status_code for each in (failed, done, whole)]
    assert "RateLimited" == attributes(failed)["error.type"]
    assert ("best", 2, "other") == tuple(
        attributes(whole)[name] for name in ("genhub.route", "genhub.attempts", "genhub.account")
    )
    assert 1.0 == sum(process.sums("genhub.fallbacks"))


def test_a_route_that_finds_nobody_ends_the_job(process: Process) -> None:
    """The last attempt's end does not: it is over when nobody else is tried."""
    job = process.begin(route=ROUTE)
    job = process.write(job, ended(process, begun(process), Status.FAILED))
    process.clock.advance(5)
    assert [] == process.spans("generate")
    process.say(EventName.ROUTED, evolve(job, route=evolve(ROUTE, ended="no account is left")), route="best")
    (whole,), (failed,) = process.spans("generate"), process.spans("attempt")

    assert ["routed"] == events(whole)
    assert ("failed", trace.StatusCode.ERROR) == (attributes(whole)["genhub.status"], whole.status.status_code)
    assert 5 * 10**9 == (whole.end_time or 0) - (failed.end_time or 0)


def test_what_lost_a_race_ends_later(process: Process) -> None:
    """The job's span ends when the job is over; the other attempt's when that is."""
    job = process.begin()
    for number in (1, 2):
        job = process.write(job, running(process, begun(process, number, f"a{number}")))
    process.clock.advance(10)
    job = process.write(job, ended(process, job.attempts[1]))
    (whole,) = process.spans("generate")
    process.clock.advance(10)
    process.write(job, ended(process, job.attempts[0], Status.CANCELED))
    process.telemetry.shutdown()
    winner, loser = process.spans("attempt")

    assert ["attempt a2", "attempt a1"] == [winner.name, loser.name]
    assert ids(whole) == parent(loser)
    assert 10 * 10**9 == (loser.end_time or 0) - (whole.end_time or 0)
    assert 3 == len(process.spans())


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (Status.FAILED, JobError(kind="vendor", message=PROMPT), "vendor"),
        (Status.FAILED, JobError(kind="refused", message=PROMPT, code="nsfw"), "nsfw"),
        (Status.EXPIRED, None, "expired"),
        (Status.STOPPED, None, None),
    ],
)
def test_a_job_that_failed_says_so(process: Process, status: Status, error: JobError | None, kind: str | None) -> None:
    """By a word of low variety, never by a vendor's message; what was stopped on request has not failed."""
    job = process.write(process.begin(), ended(process, begun(process), status, error=error))
    expected = trace.StatusCode.UNSET if kind is None else trace.StatusCode.ERROR

    assert [(expected, None)] * 2 == [(s.status.status_code, s.status.description) for s in process.spans()]
    assert [kind] * 2 == [attributes(span).get("error.type") for span in process.spans()]
    ((_, measured),) = process.numbers("gen_ai.client.operation.duration")
    assert kind == measured.get("error.type")
    assert job.attempt.status is status


def test_late_news_has_a_span_of_its_own(process: Process) -> None:
    """It is linked to the job, says what came, and is over at once."""
    job = run(process, process.begin())
    late = job.attempts[0]
    late = evolve(late, entries=(*late.entries, charge(late, "1", EntryKind.REFUND)))
    process.write(job, late)
    process.say(EventName.REUSED, job, why="an equal request")
    first, refund, reused = process.spans("generate")

    assert [[ids(first)], [ids(first)]] == [links(refund), links(reused)]
    assert (["refunded"], ["reused"]) == (events(refund), events(reused))
    assert 1 == len(process.spans("attempt"))
    assert [1.0] == process.sums("genhub.credits.refunded")
    process.telemetry.shutdown()
    assert 4 == len(process.spans())


def test_late_news_of_one_attempt_stands_on_the_jobs_span(process: Process) -> None:
    """As long as the job goes on."""
    job, first = process.begin(route=ROUTE), running(process, begun(process))
    job = process.write(job, ended(process, first, Status.FAILED))
    first = job.attempts[0]
    process.write(job, evolve(first, entries=(*first.entries, charge(first, "3", EntryKind.REFUND))))
    process.telemetry.shutdown()
    (whole,) = process.spans("generate")

    assert ["refunded"] == events(whole)


def test_news_beside_what_lost_a_race(process: Process) -> None:
    """The job's span has ended and the other attempt's has not: what is said of the job stands by itself."""
    job = process.begin()
    for number in (1, 2):
        job = process.write(job, running(process, begun(process, number, f"a{number}")))
    job = process.write(job, ended(process, job.attempts[1]))
    process.say(EventName.REUSED, job)
    process.write(job, ended(process, job.attempts[0]))
    first, reused = process.spans("generate")

    assert ([ids(first)], ["reused"]) == (links(reused), events(reused))
    assert {ids(first)} == {parent(span) for span in process.spans("attempt")}


def test_an_attempt_that_is_first_heard_of_after_the_race_is_below_the_job(process: Process) -> None:
    """It belongs to the job's span although that has ended."""
    job = process.begin()
    for number in (1, 2):
        job = process.write(job, running(process, begun(process, number, f"a{number}")))
    job = process.write(job, ended(process, job.attempts[1]))
    job = process.write(job, running(process, begun(process, 3, "a3")))
    for number in (1, 3):
        job = process.write(job, ended(process, job.attempts[number - 1], Status.CANCELED))
    (whole,), spans = process.spans("generate"), process.spans("attempt")

    assert ["attempt a2", "attempt a1", "attempt a3"] == [span.name for span in spans]
    assert [ids(whole)] * 3 == [parent(span) for span in spans]


def test_an_end_that_nobody_told_leaves_nothing_behind(process: Process) -> None:
    """When nothing of the job is under way, none of its spans is."""
    job = process.begin()
    for number in (1, 2):
        job = process.write(job, running(process, begun(process, number, f"a{number}")))
    canceled = ended(process, job.attempts[0], Status.CANCELED)
    process.write(evolve(job, attempts=(canceled, job.attempts[1])), ended(process, job.attempts[1]))

    assert 3 == len(process.spans())


def test_a_resumed_job_has_a_second_span(process: Process) -> None:
    """The first one ended when it was stopped; how long it took with the pause is not measured."""
    job = process.write(process.begin(), running(process, begun(process)))
    job = process.write(job, ended(process, job.attempts[0], Status.STOPPED))
    process.clock.advance(1000)
    stopped = job.attempts[0]
    entries = (*stopped.entries, charge(stopped, "2"))
    job = process.write(job, evolve(stopped, status=Status.QUEUED, leg=1, finished_at=None, entries=entries))
    process.write(job, ended(process, job.attempts[0]))
    first, second = process.spans("generate")

    assert [ids(first)] == links(second)
    assert ["stopped", "succeeded"] == [attributes(span)["genhub.status"] for span in (first, second)]
    assert [5.0] == process.sums("genhub.credits")
    assert [0.0] == process.sums("gen_ai.client.operation.duration")


def test_a_doubt_is_seen(process: Process) -> None:
    """It and how it was settled are on the attempt's span; a doubt is counted."""
    at = moment(process.clock)
    job = process.write(process.begin(), begun(process))
    job = process.write(job, _transitions.doubted(job.attempts[0], "the line broke", at))
    process.write(job, _transitions.not_submitted(job.attempts[0], "settled by a person", at))
    (attempt,) = process.spans("attempt")

    assert ["status", "doubt", "status", "settled", "status"] == events(attempt)
    assert "not_submitted" == dict(attempt.events[3].attributes or {})["genhub.verdict"]
    assert "not_submitted" == attributes(attempt)["error.type"]
    assert [1] == process.sums("genhub.doubts")


# What is kept.


def test_nothing_secret_is_recorded(process: Process) -> None:
    """No prompt, no output, no free text of a vendor's, wherever it stands."""
    job = process.begin(evolve(REQUEST, extra={"adgen": {"key": KEY}}), route=ROUTE)
    lost = _transitions.doubted(begun(process), f"{PROMPT}: {KEY}", moment(process.clock))
    job = process.write(job, lost)
    job = process.write(job, _transitions.not_submitted(lost, f"{PROMPT}: {KEY}", moment(process.clock)))
    process.say(EventName.FALLBACK, job, old="main", new="other", why=f"{PROMPT}: {KEY}")
    process.say(EventName.BREAKER, None, what="submits", old="closed", new="open", why=f"{PROMPT}: {KEY}")
    second = running(process, begun(process, 2, "other"))
    entries = tuple(evolve(line, note=PROMPT) for line in second.entries)
    job = process.write(job, evolve(second, entries=entries))
    process.write(job, ended(process, job.attempts[1], outputs=(Output(kind="image", url=ANSWER, text=PROMPT),)))
    process.telemetry.shutdown()
    everything = "".join(span.to_json() for span in process.spans())
    data = process.reader.get_metrics_data()
    assert data is not None
    everything += data.to_json()

    assert "genhub.breaker.changes" in everything
    assert [] == [text for text in (PROMPT, KEY, ANSWER, "spring") if text in everything]


def test_shutdown_ends_what_is_open(process: Process) -> None:
    """Jobs that go on elsewhere, and those that had only begun; nothing is ended twice."""
    process.begin(name="j2")
    process.write(process.begin(), running(process, begun(process)))
    assert [] == process.spans()
    process.telemetry.shutdown()
    process.telemetry.shutdown()

    assert 2 == len(process.spans("generate"))
    assert 1 == len(process.spans("attempt"))


def test_jobs_of_which_nothing_is_heard_are_given_up(process: Process) -> None:
    """A job that was refused before it was made tells nothing: such spans do not pile up."""
    for number in range(MOST_SILENT + 3):
        process.begin(name=f"j{number}")

    assert ["j0", "j1", "j2"] == [attributes(span)["genhub.job.id"] for span in process.spans()]


def test_where_nobody_traces_there_is_no_traceparent() -> None:
    """The API alone, without an SDK, does nothing."""
    assert Telemetry(trace.NoOpTracerProvider(), clock=FakeClock()).begin("j1", REQUEST) is None


# Metrics.


def test_charges_and_refunds_are_counted_apart(process: Process) -> None:
    """By unit; an amount that was not said adds nothing, and a refund of the whole what was said of it."""
    job, first = process.begin(), running(process, begun(process), "10")
    job = process.write(job, evolve(first, entries=(*first.entries, charge(first, None))))
    again = job.attempts[0]
    again = evolve(again, entries=(*again.entries, charge(again, None, EntryKind.REFUND, whole=True)))
    again = evolve(again, entries=(*again.entries, charge(again, "4")))
    again = evolve(again, entries=(*again.entries, charge(again, None, EntryKind.REFUND, whole=True)))
    process.write(job, ended(process, again, Status.FAILED))
    labels = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "image",
        "gen_ai.provider.name": "adgen",
        "genhub.account": "main",
        "genhub.credits.unit": "adgen credits",
    }

    assert [(14.0, labels)] == process.numbers("genhub.credits")
    assert [(14.0, labels)] == process.numbers("genhub.credits.refunded")


def test_the_duration_is_that_of_the_attempt(process: Process) -> None:
    """From the vendor's answer to the end, in seconds; minutes have buckets too."""
    run(process, process.begin())
    ((took, labels),) = process.numbers("gen_ai.client.operation.duration")
    data = process.reader.get_metrics_data()
    assert data is not None
    points = [
        point
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint)
    ]

    assert 90.0 == took
    assert {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "image",
        "gen_ai.provider.name": "adgen",
        "genhub.account": "main",
    } == labels
    assert [0.01, 81.92, 2621.44] == [points[0].explicit_bounds[at] for at in (0, 13, 18)]


def test_changes_of_health_are_counted(process: Process) -> None:
    """They belong to no job, and make no span."""
    process.say(EventName.BREAKER, None, what="submits", old="closed", new="open", why="503")
    process.say(EventName.BREAKER, None, what="submits", old="half_open", new="open", why="503")

    expected = {"genhub.account": "main", "genhub.breaker.what": "submits", "genhub.breaker.state": "open"}
    assert [(2, expected)] == process.numbers("genhub.breaker.changes")
    process.telemetry.shutdown()
    assert [] == process.spans()


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever imports it without OpenTelemetry is told what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "genhub.otel")
    with pytest.raises(ImportError, match=r"pip install 'genhub-jobs\[otel\]'"):
        importlib.import_module("genhub.otel")
