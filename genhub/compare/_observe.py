"""What a run's job says, as an observation: a pure function, so that another process sees the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from genhub._jobs import Attempt, Job
from genhub._status import Status
from genhub.compare._records import Observation, Outcome, Spans, Trial
from genhub.routing import nothing_bought


@frozen(kw_only=True)
class Gap:
    """A time in which nobody looked at a job: the process that watched it was gone."""

    since: datetime
    until: datetime | None = None  #: `None`: what was seen after it says nothing of the time either

    def hides(self, at: datetime, slack: float) -> bool:
        """True when what was seen then may have happened any time in the gap."""
        if at < self.since:
            return False
        return self.until is None or (at - self.until).total_seconds() <= slack


def observe(trial: Trial, job: Job, *, now: datetime, resolution: float = 0.0, gap: Gap | None = None) -> Observation:
    """Return what became of a run, by its job.

    `now` ends the waiting for one that is still open; `resolution`: the seconds between two reads. What ended in a
    `gap` took at least as long as it was watched before.
    """
    attempts = _attempts(job)
    present = job.attempt
    began = job.created_at if attempts[0].number == 1 else attempts[0].created_at
    outcome = _outcome(job)
    ended = present.finished_at if outcome not in (Outcome.TIMED_OUT, Outcome.IN_DOUBT) else None
    hidden = ended is not None and gap is not None and gap.hides(ended, 2 * resolution)
    total: float | None = None
    if hidden and gap is not None:
        total = _between(began, gap.since)
    elif outcome is not Outcome.IN_DOUBT:
        total = _between(began, ended or now)
    return Observation(
        case=trial.case,
        target=trial.target,
        repetition=trial.repetition,
        position=trial.position,
        key=trial.key,
        outcome=outcome,
        account=job.account,
        job=job.id,
        failure=_failure(outcome, job),
        message="" if job.error is None or outcome is Outcome.SUCCEEDED else job.error.message,
        at=began,
        spans=_spans(present, ended, total, resolution, gap),
        censored=outcome is Outcome.TIMED_OUT or hidden,
        credits=job.credits,
        cost=job.cost,
        attempts=len(attempts),
        outputs=job.outputs if outcome is Outcome.SUCCEEDED else (),
    )


def unmade(trial: Trial, outcome: Outcome, *, failure: str | None = None, message: str = "") -> Observation:
    """Return what became of a run without a job."""
    return Observation(
        case=trial.case,
        target=trial.target,
        repetition=trial.repetition,
        position=trial.position,
        key=trial.key,
        outcome=outcome,
        failure=failure,
        message=message,
    )


def last_sign(jobs: Sequence[Job]) -> datetime | None:
    """Return when jobs were last written: whoever drove them was there then, and read those that were open."""
    signs = [
        at
        for job in jobs
        for each in job.attempts
        for at in (each.created_at, each.submitted_at, each.running_at, each.finished_at)
        if at is not None
    ]
    return max(signs, default=None)


def _attempts(job: Job) -> tuple[Attempt, ...]:
    """Return the attempts of the present round: what was refused in an earlier one was asked again."""
    if job.route is not None:
        return job.attempts[job.route.since :] or job.attempts[-1:]
    return job.attempts[-1:]


def _outcome(job: Job) -> Outcome:
    match job.status:
        case Status.SUCCEEDED:
            return Outcome.SUCCEEDED
        case Status.FAILED:
            unsent = job.error is not None and job.error.kind == "not_submitted"
            return Outcome.REFUSED if unsent or nothing_bought(job) else Outcome.FAILED
        case Status.STOPPED | Status.CANCELED | Status.EXPIRED:
            return Outcome.STOPPED
        case Status.SUBMITTING | Status.UNCONFIRMED:
            return Outcome.IN_DOUBT
        case Status.QUEUED | Status.RUNNING | Status.UNKNOWN:
            return Outcome.TIMED_OUT


def _failure(outcome: Outcome, job: Job) -> str | None:
    """Return the class: of a refusal the error's, of a failed job the vendor's code."""
    error = job.error
    match outcome:
        case Outcome.REFUSED:
            return None if error is None else error.error or error.kind
        case Outcome.FAILED:
            return "failed" if error is None else error.code or "failed"
        case Outcome.STOPPED:
            return str(job.status)
        case Outcome.TIMED_OUT:
            return "timed out"
        case Outcome.IN_DOUBT:
            return "in doubt"
        case _:
            return None


def _spans(present: Attempt, ended: datetime | None, total: float | None, resolution: float, gap: Gap | None) -> Spans:
    def seen(at: datetime | None) -> datetime | None:
        """Return a time that was seen, not guessed."""
        return None if at is None or (gap is not None and gap.hides(at, 2 * resolution)) else at

    answered_done = ended is not None and ended == present.submitted_at
    running, end = seen(present.running_at), seen(ended)
    answered = present.submitted_at
    if answered is None and present.error is not None and present.error.kind == "refused":
        answered = ended
    return Spans(
        submit=_between(present.created_at, answered),
        queue=_between(present.submitted_at, running),
        run=_between(running, end),
        total=total,
        resolution=0.0 if answered_done else resolution,  # its end was in the answer to the submit
    )


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    return None if begin is None or end is None else max(0.0, (end - begin).total_seconds())
