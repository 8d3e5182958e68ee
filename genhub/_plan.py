"""What would happen to a request, before anything is spent."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from genhub._account import Account
from genhub._errors import GenhubError
from genhub._jobs import Adjustment


@frozen(kw_only=True)
class Estimate:
    """What a request may cost, and how that is known."""

    credits: Decimal | None  #: `None`: nobody can say
    unit: str
    source: str  #: `user`, `documented`, `seen` or `unknown`


@frozen(kw_only=True)
class Option:
    """What one account would do with the request."""

    account: str
    provider: str
    kind: str | None  #: the provider's own kind of call; None: impossible
    adjustments: tuple[Adjustment, ...] = ()
    impossible: str | None = None  #: why not
    estimate: Estimate | None = None

    @property
    def supported(self) -> bool:
        """True when it is possible, unchanged or adjusted."""
        return self.impossible is None


@frozen(kw_only=True)
class Plan:
    """Every account that was asked for, in order. Nothing was sent."""

    options: tuple[Option, ...]

    @property
    def best(self) -> Option | None:
        """The first account that can do it."""
        return next((option for option in self.options if option.supported), None)


def impossible(account: str, provider: str, error: GenhubError) -> Option:
    return Option(account=account, provider=provider, kind=None, impossible=str(error))


def estimate(account: Account, kind: str, request_kind: str) -> Estimate:
    """Say what a call may cost: the user's own figure (by the vendor's kind or ours), or the documented price."""
    billing = account.provider.billing
    own = account.estimate.get(kind, account.estimate.get(request_kind))
    if own is not None:
        return Estimate(credits=own, unit=billing.unit, source="user")
    documented = billing.prices.get(kind)
    source = "unknown" if documented is None else "documented"
    return Estimate(credits=documented, unit=billing.unit, source=source)
