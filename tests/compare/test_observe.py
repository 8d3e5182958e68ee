"""What a job says of a run: pure, so that another process sees the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from genhub import (
    Attempt,
    Entry,
    EntryKind,
    Evidence,
    Itinerary,
    Job,
    JobError,
    Output,
    Price,
    Stage,
    Status,
    TextRequest,
)
from genhub.compare import Outcome, Spans, Trial
from genhub.compare._observe import Gap, last_sign, observe

BEGAN = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)
REQUEST = TextRequest(prompt="A lantern")
TRIAL = Trial(case="Launch", request=REQUEST, target="powerpost", repetition=2, key="k", position=5)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def an_attempt(number: int = 1, **changes: Any) -> Attempt:
    usual: dict[str, Any] = {
        "id": f"j1.{number}",
        "job_id": "j1",
        "number": number,
        "account": "powerpost",
        "provider": "powerpost",
        "kind": "captions",
        "unit": "powerpost credits",
        "created_at": at(0),
        "submitted_at": at(0.5),
        "running_at": at(3),
        "finished_at": at(9),
        "status": Status.SUCCEEDED,
    }
    return Attempt(**{**usual, **changes})


def a_job(*attempts: Attempt, **changes: Any) -> Job:
    return Job(id="j1", request=REQUEST, created_at=BEGAN, attempts=attempts or (an_attempt(),), **changes)


def a_charge(amount: str) -> Entry:
    return Entry(
        kind=EntryKind.CHARGE, sequence=1, amount=Decimal(amount), evidence=Evidence.REPORTED, at=BEGAN
    )  # fmt: skip


def test_the_parts_of_a_run_are_told_apart() -> None:
    """From the call to the answer, to the beginning of the work, to its end; and how exact that is."""
    seen = observe(TRIAL, a_job(), now=NOW, resolution=2.0)

    assert Spans(submit=0.5, queue=2.5, run=6.0, total=9.0, resolution=2.0) == seen.spans
    assert (Outcome.SUCCEEDED, False, None, "", 1) == (
        seen.outcome, seen.censored, seen.failure, seen.message, seen.attempts,
    )  # fmt: skip
    assert ("Launch", "powerpost", 2, 5, "k") == (seen.case, seen.target, seen.repetition, seen.position, seen.key)
    assert ("j1", "powerpost", BEGAN) == (seen.job, seen.account, seen.at)


def test_work_that_nobody_saw_begin_has_no_parts() -> None:
    """It was queued at one read and done at the next: no zero is made up."""
    seen = observe(TRIAL, a_job(an_attempt(running_at=None)), now=NOW, resolution=2.0)

    assert (None, None, 9.0) == (seen.spans.queue, seen.spans.run, seen.spans.total)


def test_an_end_in_the_answer_to_the_submit_is_exact() -> None:
    """Nothing was asked for again and again: there is no resolution."""
    seen = observe(
        TRIAL, a_job(an_attempt(submitted_at=at(4), running_at=None, finished_at=at(4))), now=NOW, resolution=2
    )

    assert (4.0, 4.0, 0.0) == (seen.spans.submit, seen.spans.total, seen.spans.resolution)


@pytest.mark.parametrize(
    ("status", "error", "outcome", "failure"),
    [
        (Status.FAILED, JobError(kind="vendor", message="no", code="policy"), Outcome.FAILED, "policy"),
        (Status.FAILED, JobError(kind="vendor", message="no"), Outcome.FAILED, "failed"),
        (Status.FAILED, JobError(kind="refused", message="no", error="RateLimited"), Outcome.REFUSED, "RateLimited"),
        (Status.FAILED, JobError(kind="not_sent", message="no"), Outcome.REFUSED, "not_sent"),
        (Status.FAILED, JobError(kind="not_submitted", message="no"), Outcome.REFUSED, "not_submitted"),
        (Status.CANCELED, JobError(kind="vendor", message="no"), Outcome.STOPPED, "canceled"),
        (Status.EXPIRED, JobError(kind="vendor", message="no"), Outcome.STOPPED, "expired"),
    ],
)
def test_failures_have_a_class(status: Status, error: JobError, outcome: Outcome, failure: str) -> None:
    """The vendor's code, or the name of what a refusal was; and the vendor's words."""
    outputs = (Output(kind="text", text="a part"),)

    seen = observe(TRIAL, a_job(an_attempt(status=status, error=error, outputs=outputs)), now=NOW)

    assert (outcome, failure, "no", 9.0, ()) == (
        seen.outcome, seen.failure, seen.message, seen.spans.total, seen.outputs,
    )  # fmt: skip


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.UNKNOWN])
def test_a_job_that_goes_on_took_longer_than_was_waited(status: Status) -> None:
    """It is censored, and no row that is dropped."""
    seen = observe(TRIAL, a_job(an_attempt(status=status, finished_at=None)), now=at(120), resolution=2.0)

    assert (Outcome.TIMED_OUT, True, "timed out") == (seen.outcome, seen.censored, seen.failure)
    assert (120.0, 2.5, None) == (seen.spans.total, seen.spans.queue, seen.spans.run)


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.UNCONFIRMED])
def test_a_job_in_doubt_says_nothing_of_the_time(status: Status) -> None:
    """Nobody knows whether the vendor has it."""
    attempt = an_attempt(status=status, submitted_at=None, running_at=None, finished_at=None, doubt="lost")

    seen = observe(TRIAL, a_job(attempt), now=NOW)

    assert (Outcome.IN_DOUBT, False, "in doubt", Spans()) == (seen.outcome, seen.censored, seen.failure, seen.spans)


def test_what_it_cost_is_the_sum_over_all_attempts() -> None:
    """In credits and in money, refunds counted."""
    price = Price.parse("0.05 USD")
    refund = evolve(a_charge("10"), kind=EntryKind.REFUND, sequence=2)
    lost = an_attempt(status=Status.FAILED, price=price, entries=(a_charge("10"), refund))
    done = an_attempt(2, price=price, entries=(a_charge("12"),))
    route = Itinerary(route="r", stages=(Stage(account="powerpost", why=""),), max_attempts=2)

    seen = observe(TRIAL, a_job(lost, done, route=route), now=NOW)

    assert seen.credits is not None and seen.cost is not None
    assert (Decimal(12), Decimal("0.60"), "USD", 2) == (
        seen.credits.net, seen.cost.net, seen.cost.unit, seen.attempts,
    )  # fmt: skip


def test_what_was_refused_and_asked_again_is_timed_from_then() -> None:
    """Waiting because a vendor said so is no time of the job; on a route the first attempt counts."""
    refused = an_attempt(
        status=Status.FAILED, running_at=None, finished_at=at(0.5), submitted_at=None,
        error=JobError(kind="refused", message="wait", error="RateLimited"),
    )  # fmt: skip
    again = an_attempt(2, created_at=at(60), submitted_at=at(60.5), running_at=at(62), finished_at=at(65))

    seen = observe(TRIAL, a_job(refused, again), now=NOW)

    assert (5.0, 0.5, at(60), 1) == (seen.spans.total, seen.spans.submit, seen.at, seen.attempts)


# Gaps in which nobody looked


def test_an_end_that_nobody_watched_is_a_lower_bound() -> None:
    """The process was killed after 4 s, and the next one found it done: it took 4 s at least."""
    gap = Gap(since=at(4), until=at(3600))
    job = a_job(an_attempt(finished_at=at(3601)))

    seen = observe(TRIAL, job, now=at(4000), resolution=2.0, gap=gap)

    assert (Outcome.SUCCEEDED, True, 4.0) == (seen.outcome, seen.censored, seen.spans.total)
    assert (2.5, None) == (seen.spans.queue, seen.spans.run)


def test_an_end_that_was_watched_again_is_exact() -> None:
    """It was still open when the next process looked, and ended while that watched; its beginning is not known."""
    gap = Gap(since=at(1), until=at(10))
    job = a_job(an_attempt(running_at=at(11), finished_at=at(60)))

    seen = observe(TRIAL, job, now=NOW, resolution=2.0, gap=gap)

    assert (False, 60.0) == (seen.censored, seen.spans.total)
    assert (None, None) == (seen.spans.queue, seen.spans.run)


def test_a_simulator_that_began_again_makes_any_later_end_a_lower_bound() -> None:
    """It does not know what the one before it had done already."""
    gap = Gap(since=at(4))

    seen = observe(TRIAL, a_job(an_attempt(finished_at=at(500))), now=NOW, resolution=2.0, gap=gap)

    assert (True, 4.0) == (seen.censored, seen.spans.total)


def test_the_last_sign_is_the_latest_time_of_all_jobs() -> None:
    """Whoever wrote it was there then."""
    early = a_job(an_attempt(finished_at=None, status=Status.RUNNING))
    late = a_job(an_attempt(created_at=at(7), submitted_at=None, running_at=None, finished_at=None))

    assert at(7) == last_sign([early, late])
    assert last_sign([]) is None
