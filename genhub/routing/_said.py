"""What each account of a route said, as errors: from the journal, so that a later process can say it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genhub._errors import AllAttemptsFailed, GenhubError, JobFailed, ProviderError
from genhub._jobs import Attempt, Job
from genhub._status import Status
from genhub.routing._route import errors
from genhub.routing._step import outcome


def all_failed(job: Job, others: Sequence[GenhubError] = ()) -> AllAttemptsFailed:
    """Return what ends a route on which nobody did the work.

    `others`: of accounts at which no attempt was made (passed over, or not able to do it).
    """
    route = job.route
    assert route is not None
    said = [error_of(each, job) for each in job.attempts[route.since :]]
    name = f"route {route.route!r}" if route.route else f"accounts {', '.join(route.accounts)}"
    why = f": {route.ended}" if route.ended else ""
    nobody = [GenhubError("no account was asked")]  # a group is never empty; a policy may choose nobody
    failed = AllAttemptsFailed(f"{name}: nobody did it{why}", [*said, *others] or nobody)
    failed.job = job if job.attempts else None
    return failed


def error_of(attempt: Attempt, job: Job) -> GenhubError:
    """Return how an attempt ended as the error that its account gave."""
    error = attempt.error
    if error is None or error.kind not in ("refused", "not_sent"):
        return JobFailed(f"{job.id}.{attempt.number}: {outcome(attempt)}", job)
    facts: dict[str, Any] = {
        "account": attempt.account,
        "code": error.code,
        "http_status": error.http_status,
        "request_id": error.request_id,
        "retry_after": error.retry_after,
    }
    kind = errors().get(error.error or "", ProviderError)
    again: GenhubError
    if issubclass(kind, ProviderError):
        try:
            again = kind(error.message, **facts)
        except Exception:  # a third party's own, with other facts
            again = ProviderError(error.message, **facts)
        else:  # whatever its constructor made of them
            ProviderError.__init__(again, error.message, **facts)
    else:
        again = GenhubError(f"{attempt.account}: {error.message}")
    again.job = job
    return again


def nothing_bought(job: Job) -> bool:
    """True when every attempt of a job was refused or never sent: the vendors made nothing."""
    return all(
        each.status is Status.FAILED and each.error is not None and each.error.kind in ("refused", "not_sent")
        for each in job.attempts
    )
