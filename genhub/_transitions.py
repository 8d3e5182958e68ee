"""What news does to an attempt: pure functions from (attempt, news) to the attempt that the journal gets next.

Each returns the same object when there is nothing new, so that looking writes nothing.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from genhub._billing import BillingProfile, Moment
from genhub._books import Lines, Page
from genhub._credits import EntryKind
from genhub._errors import ProviderError
from genhub._evolve import evolve
from genhub._jobs import Attempt, JobError, Note
from genhub._provider import Candidate, Receipt, Snapshot
from genhub._status import Status

LOST = "the answer to the submit was lost: it may have been made, and charged"
RESUME_LOST = "the answer to the resume was lost: it may run again, and be charged"
REVIVED = "revived after a refund"
TWICE = "ended twice"


def accepted(attempt: Attempt, receipt: Receipt, profile: BillingProfile, at: datetime) -> Attempt:
    """The vendor answered that it has the job."""
    page = Page(profile, attempt.kind, attempt.entries, at)
    booked = evolve(
        attempt,
        ref=receipt.ref,
        raw_status=receipt.raw_status,
        request_id=receipt.request_id,
        submitted_at=at,
        status=Status.QUEUED,
        doubt=None,
        entries=attempt.entries + page.submitted(receipt.charged, reused=receipt.reused),
    )
    if receipt.status is Status.QUEUED and not receipt.outputs:  # nothing that `seen` does not find there already
        return booked
    first = Snapshot(
        ref=receipt.ref,
        status=receipt.status,
        raw_status=receipt.raw_status,
        outputs=receipt.outputs,
        error=receipt.error,
        request_id=receipt.request_id,
    )
    return seen(booked, first, profile, at)


def refused(attempt: Attempt, error: Exception, at: datetime) -> Attempt:
    """It is certain that nothing was made: the vendor said so, or nothing was sent."""
    said = error if isinstance(error, ProviderError) else None
    return evolve(
        attempt,
        status=Status.FAILED,
        finished_at=at,
        doubt=None,
        reserved=None,
        error=JobError(
            kind="refused" if said is not None and said.http_status is not None else "not_sent",
            message=said.message if said is not None else str(error),
            code=said.code if said is not None else None,
            http_status=said.http_status if said is not None else None,
            request_id=said.request_id if said is not None else None,
            error=type(error).__name__,
            retry_after=said.retry_after if said is not None else None,
            retryable=getattr(error, "retryable", False),
            fallback=getattr(error, "fallback", False),
        ),
    )


def doubted(attempt: Attempt, why: str, at: datetime) -> Attempt:
    """The answer was lost or can't be read."""
    return evolve(
        noted(attempt, why, at),
        status=Status.UNCONFIRMED,
        doubt=LOST,
        submitted_at=attempt.submitted_at or at,
    )


def adopted(
    attempt: Attempt, found: Candidate, how: str, profile: BillingProfile, at: datetime, *, by_user: bool = False
) -> Attempt:
    """The vendor's job whose answer was lost was found."""
    page = Page(profile, attempt.kind, attempt.entries, at)
    return evolve(
        noted(attempt, how, at),
        ref=found.ref,
        status=Status.QUEUED,
        raw_status=None,
        doubt=None,
        entries=attempt.entries + page.adopted(found.charged, how, by_user=by_user),
    )


def not_submitted(attempt: Attempt, how: str, at: datetime) -> Attempt:
    """It turned out that the vendor never had it: nothing was charged."""
    return evolve(
        noted(attempt, how, at),
        status=Status.FAILED,
        finished_at=at,
        doubt=None,
        reserved=None,
        error=JobError(kind="not_submitted", message=how),
    )


def resuming(attempt: Attempt, reserved: Decimal | None, at: datetime) -> Attempt:
    """A resume is about to be sent: the intent, before the first byte leaves."""
    return evolve(attempt, resuming_at=at, reserved=reserved, doubt=RESUME_LOST)


def not_resumed(attempt: Attempt, how: str, at: datetime) -> Attempt:
    """It is certain that the resume did not happen: the attempt is stopped as before."""
    return evolve(noted(attempt, how, at), resuming_at=None, reserved=None, doubt=None)


def resumed(attempt: Attempt, snapshot: Snapshot, profile: BillingProfile, at: datetime, how: str = "") -> Attempt:
    """A stopped attempt runs again: charged again."""
    page = Page(profile, attempt.kind, attempt.entries, at)
    again = evolve(
        attempt,
        leg=len(attempt.entries),
        status=Status.QUEUED,
        resuming_at=None,
        finished_at=None,
        running_at=None,
        doubt=None,
        error=None,
        outputs=(),
        entries=attempt.entries + page.resumed(how),
    )
    return seen(again, snapshot, profile, at)


def told_nothing(attempt: Attempt, snapshot: Snapshot) -> bool:
    """True when a read says what is known of an attempt that goes on: `seen` would change nothing."""
    return (
        attempt.status is snapshot.status
        and not snapshot.status.is_final
        and attempt.raw_status == snapshot.raw_status
        and (attempt.running_at is not None or snapshot.status is not Status.RUNNING)
        and (not snapshot.outputs or snapshot.outputs == attempt.outputs)
    )


def seen(attempt: Attempt, snapshot: Snapshot, profile: BillingProfile, at: datetime) -> Attempt:
    """The vendor was read."""
    if attempt.status is Status.STOPPED and snapshot.status is not Status.STOPPED:
        how = "the answer to the resume was lost, and it runs" if attempt.resuming_at else "continued elsewhere"
        return resumed(attempt, snapshot, profile, at, how)
    if attempt.status is Status.STOPPED and attempt.resuming_at is not None:
        return not_resumed(attempt, "read after a lost answer to the resume: still stopped", at)
    if attempt.status.is_final:
        return _late(attempt, snapshot, profile, at)
    news: dict[str, Any] = {}
    if attempt.status is not snapshot.status or attempt.raw_status != snapshot.raw_status:
        news = {"status": snapshot.status, "raw_status": snapshot.raw_status}
    if snapshot.outputs and snapshot.outputs != attempt.outputs:
        news["outputs"] = snapshot.outputs
    if snapshot.status is Status.RUNNING and attempt.running_at is None:
        news["running_at"] = at
    if not snapshot.status.is_final:
        return evolve(attempt, **news) if news else attempt
    page = Page(profile, attempt.kind, attempt.entries, at, attempt.leg)
    outputs = bool(snapshot.outputs or attempt.outputs)
    lines, doubt = page.ended(Moment.end(snapshot.status), snapshot.cost, outputs=outputs)
    error = snapshot.error
    if error is None and snapshot.status is not Status.SUCCEEDED:
        error = JobError(kind="vendor", message=f"{snapshot.raw_status}: the vendor gave no reason")
    if snapshot.status in (Status.SUCCEEDED, Status.STOPPED):
        error = None
    news |= {"finished_at": at, "entries": attempt.entries + lines, "doubt": doubt, "error": error}
    return _settled(evolve(attempt, **news))


def _settled(attempt: Attempt) -> Attempt:
    """Nothing needs to be held back any more once the cost is bounded."""
    bounded = attempt.reserved is not None and attempt.credits.high is not None
    return evolve(attempt, reserved=None) if bounded else attempt


def _closing(attempt: Attempt, snapshot: Snapshot, profile: BillingProfile, at: datetime) -> tuple[Lines, str | None]:
    page = Page(profile, attempt.kind, attempt.entries, at, attempt.leg)
    return page.ended(Moment.end(snapshot.status), snapshot.cost, outputs=bool(attempt.outputs))


def _late(attempt: Attempt, snapshot: Snapshot, profile: BillingProfile, at: datetime) -> Attempt:
    """News of an attempt that has ended: recorded, never a revival."""
    news = attempt
    if snapshot.outputs and snapshot.outputs != attempt.outputs:
        news = evolve(news, outputs=snapshot.outputs)  # a URL made new, or a result that came after all
    if snapshot.cost is not None and snapshot.status.is_final:  # a refund that landed later
        lines, _ = _closing(news, snapshot, profile, at)
        news = evolve(news, entries=news.entries + lines) if lines else news
    known = news.doubt or ""
    if snapshot.status is attempt.status:  # the same end again, and with it what the documents say of it
        return evolve(news, doubt=None) if known.startswith(REVIVED) else news
    text = f"late news: the vendor says {snapshot.raw_status!r} of what was {attempt.raw_status!r}"
    if not any(note.text == text for note in news.notes):
        news = noted(news, text, at)
    if known.startswith((REVIVED, TWICE)):
        return news
    if any(line.kind is EntryKind.REFUND for line in attempt.entries):
        news = evolve(news, doubt=f"{REVIVED} ({snapshot.raw_status}): it may be charged again")
    elif snapshot.status.is_final:
        news = evolve(news, doubt=f"{TWICE}, the second time as {snapshot.raw_status}: what it cost is not clear")
    return news


def given_up(attempt: Attempt, why: str, at: datetime) -> Attempt:
    """Its route goes on without it, or tries nobody else although it runs: what the vendor does is another matter."""
    return attempt if attempt.given_up is not None else evolve(noted(attempt, why, at), given_up=why)


def noted(attempt: Attempt, text: str, at: datetime) -> Attempt:
    """Remember something of an attempt."""
    return evolve(attempt, notes=(*attempt.notes, Note(at=at, text=text)))
