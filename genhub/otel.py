"""OpenTelemetry: a span for each job and each attempt, and counters of what they cost.

Names are those of the conventions for generative AI (`gen_ai.*`, whose status is still "development") as far as they
have one. They have none for cost: `gen_ai.usage.cost.amount`, `.currency` and `.source` are a proposal that is open
(semantic-conventions-genai, pull request 443), so money, accounts and routes are named `genhub.*`. For a video
`gen_ai.output.type` is `video`, a word of ours: the conventions have only text, json, image and speech.

No prompt, no output and no free text is recorded: a vendor's message may quote the prompt.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import define, field

from genhub._clock import Clock, SystemClock, moment
from genhub._credits import Credits
from genhub._events import Event, EventName
from genhub._jobs import Attempt, Job
from genhub._requests import Request
from genhub._status import Status
from genhub._version import __version__

try:
    from opentelemetry import metrics, trace
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    raise ImportError("genhub.otel needs OpenTelemetry: pip install 'genhub-jobs[otel]'") from error

OPERATION = "generate_content"
#: So many jobs may have begun of which no event came. The oldest are given up then: they were not made after all.
MOST_SILENT = 10_000
#: The seconds of the conventions, and further on: what is made here takes minutes.
BUCKETS = tuple(0.01 * 2**power for power in range(19))

_W3C = TraceContextTextMapPropagator()
_ENDED_WELL = frozenset({Status.SUCCEEDED, Status.STOPPED})
_OF_ATTEMPTS = frozenset(
    {
        EventName.SUBMITTED,
        EventName.STATUS,
        EventName.CHARGED,
        EventName.REFUNDED,
        EventName.DOUBT,
        EventName.SETTLED,
    }
)
_FREE_TEXT = frozenset({"why", "how", "note"})
_Attributes = dict[str, str | bool | int | float]


@define(eq=False)
class _Trail:
    """The spans of one job in this process."""

    span: trace.Span
    began: datetime
    attempts: dict[int, trace.Span] = field(factory=dict[int, trace.Span])  # those that are under way
    over: bool = False  # the job's own span has ended; an attempt that lost a race may go on

    def leave(self, at: datetime) -> None:
        """End what has not ended."""
        for span in (*self.attempts.values(), *(() if self.over else (self.span,))):
            span.end(_nanoseconds(at))


class Telemetry:
    """A listener that traces and counts. Without providers it uses the global ones.

    A job's span begins where the job does, below the caller's span, and ends when the job is over. A process that hears
    of a job which it did not begin makes a span of its own that is linked to the first one: every job has one span in
    each process that works on it. What comes when the job's span has ended gets a short span, linked likewise.
    Counted is only what this process wrote into the journal, so that sums over all processes are right.

    `clock` is the hub's, where that is not the machine's. An instance keeps the spans of jobs that are under way.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("genhub", __version__, tracer_provider)
        self._counters = _Counters(metrics.get_meter("genhub", __version__, meter_provider))
        self._clock: Clock = SystemClock() if clock is None else clock
        self._begun: dict[str, _Trail] = {}  # no event came yet
        self._trails: dict[str, _Trail] = {}

    def begin(self, job_id: str, request: Request) -> str | None:
        """Begin a job's span below the present one; return its W3C `traceparent`, None when nobody traces."""
        while len(self._begun) >= MOST_SILENT:
            self._begun.pop(next(iter(self._begun))).leave(moment(self._clock))
        trail = self._begun[job_id] = self._start(job_id, request, moment(self._clock))
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(trail.span))
        return carrier.get("traceparent")

    def __call__(self, event: Event) -> None:
        elsewhere = bool(event.detail.get("elsewhere"))
        if not elsewhere:
            self._counters.count(event)
        job, attempt = event.job, event.attempt
        if job is None:
            return
        if event.name not in _OF_ATTEMPTS or event.detail.get("late"):
            attempt = None
        known = self._trails.get(job.id) or self._begun.pop(job.id, None)
        trail = known
        if trail is None or (attempt is None and trail.over):
            # Whoever wrote it traces it; and a success has ended its route already.
            if elsewhere or (event.name is EventName.ROUTED and job.status is Status.SUCCEEDED):
                return
            trail = self._start(job.id, job.request, event.at, job)
        self._trails.setdefault(job.id, known or trail)
        span = trail.span if attempt is None else self._attempt(trail, job, attempt)
        span.add_event(f"genhub.{event.name}", _of_event(event), _nanoseconds(event.at))
        if attempt is not None and event.name is EventName.STATUS and not attempt.is_open:
            _end(trail.attempts.pop(attempt.number), event.at, attempt)
        if attempt is None or event.name is EventName.STATUS:
            self._close(trail, job, event.at)

    def shutdown(self) -> None:
        """End the spans of all jobs that are under way: another process may go on with them."""
        for trail in (*self._begun.values(), *self._trails.values()):
            trail.leave(moment(self._clock))
        self._begun.clear()
        self._trails.clear()

    def _start(self, job_id: str, request: Request, at: datetime, known: Job | None = None) -> _Trail:
        """Begin a job's span; of a job that is `known` by the journal, one that is linked to where it began."""
        attributes = {**_of_request(request), "genhub.job.id": job_id}
        count: float | None = getattr(request, "count", None)
        if count is not None and count != 1:
            attributes["gen_ai.request.choice.count"] = int(count)
        span = self._tracer.start_span(
            f"{OPERATION} {request.kind}",
            # A known job does not belong to whatever happens to be under way when news of it comes.
            context=None if known is None else Context(),
            kind=trace.SpanKind.CLIENT,
            attributes=attributes,
            links=() if known is None else _links(known.trace),
            start_time=_nanoseconds(at),
        )
        return _Trail(span, at)

    def _attempt(self, trail: _Trail, job: Job, attempt: Attempt) -> trace.Span:
        """Return an attempt's span; begin it where there is none."""
        if attempt.number in trail.attempts:
            return trail.attempts[attempt.number]
        if not trail.over:
            trail.span.set_attributes(_of_place(job, attempt))
        span = trail.attempts[attempt.number] = self._tracer.start_span(
            f"attempt {attempt.account}",
            context=trace.set_span_in_context(trail.span, Context()),
            kind=trace.SpanKind.CLIENT,
            attributes={
                **_of_place(job, attempt),
                "genhub.job.id": job.id,
                "genhub.attempt.number": attempt.number,
                "genhub.attempt.kind": attempt.kind,
            },
            start_time=_nanoseconds(max(attempt.created_at, trail.began)),
        )
        return span

    def _close(self, trail: _Trail, job: Job, at: datetime) -> None:
        """End a job's span when the job is over, and let go of it when nothing of it is under way."""
        passing = self._trails[job.id] is not trail  # the job's own has ended: this one is for one event
        if not trail.over and job.is_over:
            trail.over = True
            trail.span.set_attributes({**_of_place(job, job.attempt), "genhub.attempts": len(job.attempts)})
            trail.span.set_attributes(_of_cost(job))
            _end(trail.span, at, job.attempt)
        if not passing and trail.over and not (trail.attempts and job.is_open):
            self._trails.pop(job.id).leave(at)


class _Counters:
    """What is counted and measured."""

    def __init__(self, meter: metrics.Meter) -> None:
        self._charged = meter.create_counter("genhub.credits", "{credit}", "What vendors charged, where they said it.")
        self._refunded = meter.create_counter("genhub.credits.refunded", "{credit}", "What came back of it.")
        self._fallbacks = meter.create_counter("genhub.fallbacks", "{fallback}", "Routes that went on to another.")
        self._doubts = meter.create_counter("genhub.doubts", "{doubt}", "Attempts whose money is not known.")
        self._breakers = meter.create_counter("genhub.breaker.changes", "{change}", "Changes of accounts' health.")
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "GenAI operation duration.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )

    def count(self, event: Event) -> None:
        attributes: _Attributes = {"genhub.account": event.account}
        if event.provider:
            attributes["gen_ai.provider.name"] = event.provider
        if event.job is not None:
            attributes |= _of_request(event.job.request)
        attempt = event.attempt
        match event.name:
            case EventName.CHARGED | EventName.REFUNDED if attempt is not None:
                amount = _amount(attempt, event.detail["sequence"])
                counter = self._charged if event.name is EventName.CHARGED else self._refunded
                if amount is not None:
                    counter.add(float(amount), {**attributes, "genhub.credits.unit": attempt.unit})
            case EventName.STATUS if attempt is not None and attempt.finished_at is not None and not attempt.leg:
                # What was stopped and resumed took a pause, too: that is no duration.
                took = attempt.finished_at - (attempt.submitted_at or attempt.created_at)
                if (error := _error(attempt)) is not None:
                    attributes["error.type"] = error
                self._duration.record(max(took.total_seconds(), 0.0), attributes)
            case EventName.FALLBACK:
                self._fallbacks.add(1, attributes)
            case EventName.DOUBT:
                self._doubts.add(1, attributes)
            case EventName.BREAKER:
                what, new = str(event.detail.get("what", "")), str(event.detail.get("new", ""))
                self._breakers.add(1, {**attributes, "genhub.breaker.what": what, "genhub.breaker.state": new})
            case _:
                pass


def _amount(attempt: Attempt, sequence: int) -> Decimal | None:
    """Return how much a line moved, as far as that is known: of a refund of the whole, the charges that were said."""
    line = next(each for each in attempt.entries if each.sequence == sequence)
    if line.amount is not None or not line.whole:
        return line.amount
    before = [each for each in attempt.entries if each.sequence < sequence and (each.whole or each.amount is not None)]
    return Credits.of(attempt.unit, before).net


def _error(attempt: Attempt) -> str | None:
    """Return a word for why an attempt ended badly: the error's class, else the vendor's code, else our own kind."""
    if not attempt.status.is_final or attempt.status in _ENDED_WELL:
        return None
    error = attempt.error
    return str(attempt.status) if error is None else error.error or error.code or error.kind


def _end(span: trace.Span, at: datetime, attempt: Attempt) -> None:
    """End the span of an attempt, or of the job whose present attempt it is."""
    span.set_attribute("genhub.status", str(attempt.status))
    if attempt.provider_id is not None:
        span.set_attribute("gen_ai.response.id", attempt.provider_id)
    error = _error(attempt)
    if error is not None:
        span.set_attribute("error.type", error)
        span.set_status(trace.StatusCode.ERROR)
    span.end(_nanoseconds(at))


def _of_request(request: Request) -> _Attributes:
    return {"gen_ai.operation.name": OPERATION, "gen_ai.output.type": request.kind}


def _of_place(job: Job, attempt: Attempt) -> _Attributes:
    place: _Attributes = {"gen_ai.provider.name": attempt.provider, "genhub.account": attempt.account}
    if job.route is not None and job.route.route:
        place["genhub.route"] = job.route.route
    return place


def _of_cost(job: Job) -> _Attributes:
    """Return what the job cost as far as that is known; `None` is left out, for it is not zero."""
    spent, cost = job.credits, job.cost
    found: _Attributes = {"genhub.credits.exact": spent.exact}
    if spent.net is not None and spent.unit is not None:
        found |= {"genhub.credits.net": float(spent.net), "genhub.credits.unit": spent.unit}
    if cost is not None and cost.net is not None and cost.unit is not None:
        found |= {"genhub.cost.amount": float(cost.net), "genhub.cost.currency": cost.unit}
    return found


def _of_event(event: Event) -> _Attributes:
    said: _Attributes = {"genhub.account": event.account}
    if event.attempt is not None:
        said["genhub.attempt.number"] = event.attempt.number
    for name, value in event.detail.items():
        if name not in _FREE_TEXT and isinstance(value, (str, bool, int, float)):
            said[f"genhub.{name}"] = value
    return said


def _links(traceparent: str | None) -> list[trace.Link]:
    if traceparent is None:
        return []
    began = trace.get_current_span(_W3C.extract({"traceparent": traceparent}, Context()))
    return [trace.Link(began.get_span_context())]


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1000  # a float holds no more than microseconds
