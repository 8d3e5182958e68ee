"""A job for people to read: what was made, what it cost, how it came about."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from genhub._campaign import words
from genhub._campaign.results import words_of
from genhub._jobs import Attempt, Job, Output
from genhub._plain import to_dict
from genhub.cli._out import Out, clean, status_text


def outputs_of(out: Out, job: Job) -> None:
    """Print a job's outputs."""
    for number, output in enumerate(job.outputs, 1):
        if output.kind == "text":
            _text(out, output, number, len(job.outputs))
        else:
            _file(out, output)


def _text(out: Out, output: Output, number: int, count: int) -> None:
    head = output.platform or (f"Variant {number}" if count > 1 else None)
    if head:
        out.line(head, style="bold")
    for part in words_of(output):
        out.show(Text(clean(part.removeprefix("**").removesuffix("**") if part.startswith("**") else part)))
    out.line()


def _file(out: Out, output: Output) -> None:
    about: list[str] = [output.kind]
    if output.width and output.height:
        about.append(f"{output.width} x {output.height}")
    if output.duration:
        about.append(words.seconds(output.duration))
    if output.expires_at is not None:
        about.append(f"until {when(output.expires_at)}")
    out.line(f"{', '.join(about)}: {output.url or output.provider_id or '(no address)'}")


def summary(out: Out, job: Job) -> None:
    """Print in a few lines how a job stands and what it cost, all its attempts together."""
    for change in job.adjustments:
        out.line(f"adjusted: {words.adjusted(change)}", style="yellow")
    line = status_text(str(job.status))
    line.append(f" at {clean(job.account)}, {words.bill(job)}", style="default")
    money = words.money(job)
    if money:
        line.append(f" ({money})")
    if len(job.attempts) > 1:
        line.append(f", {len(job.attempts)} attempts")
    line.append(f", job {job.id}")
    out.console.print(line, soft_wrap=True)
    for attempt in job.attempts:
        if attempt.doubt is not None:
            where = "" if len(job.attempts) == 1 else f" at {attempt.account}"
            out.line(f"in doubt{where}: {attempt.doubt}")


def when(at: datetime | None) -> str:
    """Return a time in the reader's own zone."""
    return "" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def whole(out: Out, job: Job) -> None:
    """Print all that is known of a job."""
    request = to_dict(job.request)
    out.line(f"{job.id}  {job.request.label or ''}".rstrip(), style="bold")
    said = (f"{name} {words.plain(value)}" for name, value in request.items() if name not in ("kind", "label"))
    lines = [("kind", job.request.kind), ("asked", "; ".join(said)), ("created", when(job.created_at))]
    if job.key is not None:
        lines.append(("key", job.key))
    lines += _route(job)
    out.table(("", ""), lines)
    for attempt in job.attempts:
        out.line()
        _attempt(out, attempt)
    out.line()
    outputs_of(out, job)
    summary(out, job)


def _route(job: Job) -> list[tuple[str, str]]:
    """Say along which accounts it goes, who is left, and why it went no further."""
    route = job.route
    if route is None:
        return [("to", ", ".join(job.to))] if job.to else []
    names = ", ".join(route.accounts)
    lines = [("route", f"{route.route}: {names}" if route.route else f"accounts of the call: {names}")]
    terms = [f"changes are {'allowed' if route.portability == 'adjust' else 'not allowed'}"]
    if route.max_spend is not None:
        terms.append(f"at most {words.number(route.max_spend)} {route.currency or 'credits'}")
    if route.deadline is not None:
        terms.append(f"{words.seconds(route.deadline)} an attempt, then {route.on_deadline}")
    lines.append(("terms", ", ".join(terms)))
    tried = {attempt.account for attempt in job.attempts[route.since :]}
    left = [stage for stage in route.stages if stage.account not in tried]
    if job.routing:
        lines.append(("left", ", ".join(f"{stage.account} ({stage.why})" for stage in left) or "nobody"))
        return lines
    if left:
        lines.append(("not tried", ", ".join(stage.account for stage in left)))
    return [*lines, ("ended", route.ended or "a result is there")]


def _attempt(out: Out, attempt: Attempt) -> None:
    head = Text(f"attempt {attempt.number} at {clean(attempt.account)} ", style="bold")
    out.console.print(head + status_text(str(attempt.status)), soft_wrap=True)
    lines = [
        ("provider", f"{attempt.provider}, {attempt.kind}"),
        ("their id", attempt.provider_id),
        ("their word", attempt.raw_status),
        ("their request", attempt.request_id),
        ("why", attempt.reason),
        ("given up", attempt.given_up),
        ("sent", when(attempt.submitted_at)),
        ("ended", when(attempt.finished_at)),
        ("in doubt", attempt.doubt),
        ("error", words.failure(attempt.error) if attempt.error is not None else None),
        ("cost", words.spent(attempt.credits) + _priced(attempt)),
        *(("adjusted", words.adjusted(change)) for change in attempt.adjustments),
        *((f"note {when(note.at)}", note.text) for note in attempt.notes),
    ]
    out.table(("", ""), [(name, text) for name, text in lines if text])
    if attempt.entries:
        rows = [
            (
                entry.sequence,
                entry.kind,
                "all of it" if entry.whole else "not said" if entry.amount is None else words.number(entry.amount),
                entry.evidence,
                when(entry.at),
                entry.note,
            )
            for entry in attempt.entries
        ]
        out.table(("#", "line", attempt.unit, "evidence", "at", "note"), rows, right=("#", attempt.unit))


def _priced(attempt: Attempt) -> str:
    return "" if attempt.price is None else f" ({words.spent(attempt.credits.at(attempt.price))})"
