"""What a comparison has spent: the most that it may have cost, and what the next run may add."""

from __future__ import annotations

from decimal import Decimal

from attrs import define, field

from genhub._budget import counted, worth
from genhub._credits import ZERO, Price
from genhub._jobs import Job


@define
class Spend:
    """A comparison's cap, in money or in credits, and what counts against it, by the runs' keys."""

    cap: Price | Decimal | None = None
    _held: dict[str, Decimal] = field(factory=dict[str, Decimal])

    @property
    def total(self) -> Decimal:
        """The most that it may have cost so far, in the cap's unit; what has no price counts as nothing."""
        return sum(self._held.values(), ZERO)

    @property
    def left(self) -> Decimal | None:
        """What may still be spent; None without a cap."""
        if self.cap is None:
            return None
        return (self.cap.amount if isinstance(self.cap, Price) else self.cap) - self.total

    def room(self, key: str) -> Price | Decimal | None:
        """Return what one run, all its attempts together, may cost at most; None without a cap."""
        left = self.left
        if left is None:
            return None
        most = max(left, ZERO) + self._held.get(key, ZERO)
        return Price(amount=most, currency=self.cap.currency) if isinstance(self.cap, Price) else most

    def fits(self, estimate: Decimal | None) -> bool:
        """True when a run may be sent. What nobody can estimate is let in while anything is left."""
        left = self.left
        return left is None or (left > 0 if estimate is None else estimate <= left)

    def hold(self, key: str, estimate: Decimal | None) -> None:
        """Count a run by its estimate until its job says more."""
        self._held[key] = estimate or ZERO

    def settle(self, key: str, job: Job | None) -> None:
        """Count a run by its job; without one nothing was bought.

        An open job may cost what was held for it, or more where its books say so; so may one that was bought when its
        account had no price in the cap's currency.
        """
        if job is None:
            self._held.pop(key, None)
            return
        costs = [self._worth(job, number) for number in range(len(job.attempts))]
        said = sum((each for each in costs if each is not None), ZERO)
        certain = not job.is_open and None not in costs
        self._held[key] = said if certain else max(said, self._held.get(key, ZERO))

    def _worth(self, job: Job, number: int) -> Decimal | None:
        attempt = job.attempts[number]
        currency = self.cap.currency if isinstance(self.cap, Price) else None
        credits = counted(attempt)
        return worth(credits, attempt.price, currency) if credits else ZERO
