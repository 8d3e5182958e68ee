"""What a stop costs, by the billing profile and what the books say."""

from __future__ import annotations

from genhub._billing import BillingProfile, Effect, Moment, Money
from genhub._jobs import Job, StopVerdict
from genhub._status import Status

_MONEY = {
    Effect.REFUND: Money.FREE,
    Effect.PARTIAL: Money.PARTIAL,
    Effect.NOTHING: Money.CHARGED,
    Effect.CHARGE: Money.CHARGED,
    Effect.UNKNOWN: Money.UNKNOWN,
}


def forecast(job: Job, profile: BillingProfile) -> StopVerdict:
    """Say what a stop would do to the money, by the vendor's documents."""
    rule = profile.rule(Moment.STOPPED, job.attempt.kind)
    return StopVerdict(job=job, money=_MONEY[rule.effect], why=f"{rule.effect} of a stopped job: {rule.source}")


def verdict(job: Job, profile: BillingProfile) -> StopVerdict:
    """Judge a job that was asked to stop."""
    attempt = job.attempt
    spent = attempt.credits
    if job.status is Status.STOPPED:
        return forecast(job, profile)
    if spent.net == 0 and spent.exact:
        return StopVerdict(job=job, money=Money.FREE, why=f"{job.status}, and nothing is charged")
    money_now = Money.UNKNOWN if spent.net is None and not spent.exact and attempt.doubt else Money.CHARGED
    return StopVerdict(job=job, money=money_now, why=f"it was {job.status} before it could be stopped")
