"""What a stop costs, by the billing profile and what the books say."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from genhub._billing import BillingProfile, Effect, Moment, Money
from genhub._jobs import Attempt, Job, StopVerdict
from genhub._status import Status

_MONEY = {
    Effect.REFUND: Money.FREE,
    Effect.PARTIAL: Money.PARTIAL,
    Effect.NOTHING: Money.CHARGED,
    Effect.CHARGE: Money.CHARGED,
    Effect.UNKNOWN: Money.UNKNOWN,
}


def forecast(job: Job, attempt: Attempt, profile: BillingProfile) -> StopVerdict:
    """Say what a stop would do to the money, by the vendor's documents."""
    rule = profile.rule(Moment.STOPPED, attempt.kind)
    return StopVerdict(job=job, money=_MONEY[rule.effect], why=f"{rule.effect} of a stopped job: {rule.source}")


def verdict(job: Job, attempt: Attempt, profile: BillingProfile) -> StopVerdict:
    """Judge an attempt that was asked to stop."""
    spent = attempt.credits
    if attempt.status is Status.STOPPED:
        return forecast(job, attempt, profile)
    if spent.net == 0 and spent.exact:
        return StopVerdict(job=job, money=Money.FREE, why=f"{attempt.status}, and nothing is charged")
    money_now = Money.UNKNOWN if spent.net is None and not spent.exact and attempt.doubt else Money.CHARGED
    return StopVerdict(job=job, money=money_now, why=f"it was {attempt.status} before it could be stopped")


def worst(job: Job, verdicts: Sequence[StopVerdict]) -> StopVerdict:
    """Return what stopping several attempts of a job came to: the dearest of it."""
    dearest = max(verdicts, key=lambda each: _DEARER.index(each.money))
    return evolve(dearest, job=job)


#: From what costs nothing to what nobody knows.
_DEARER = (Money.FREE, Money.PARTIAL, Money.CHARGED, Money.UNKNOWN)
