"""What would happen to a request, before anything is spent."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from genhub._account import Account
from genhub._jobs import Adjustment
from genhub.routing import AccountHealth, Cost, Shut


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
    money: Decimal | None = None  #: the estimate in `currency`; `None`: no estimate, or no price
    currency: str | None = None
    seen: Cost | None = None  #: what a usable result of this kind cost so far, net of refunds
    seconds: float | None = None  #: the median time to ready that was seen
    slow: float | None = None  #: its 95th percentile
    samples: int = 0  #: how many times these rest on
    health: AccountHealth | None = None
    shut: Shut | None = None  #: why a route would pass it over now
    why: str = ""  #: why it stands at this place of its route
    tried: bool = True  #: False: its route's policy leaves it out

    @property
    def supported(self) -> bool:
        """True when it is possible, unchanged or adjusted."""
        return self.impossible is None


@frozen(kw_only=True)
class Plan:
    """Every account that was asked for, in order. Nothing was sent."""

    options: tuple[Option, ...]
    route: str | None = None  #: the route that gave the order

    @property
    def best(self) -> Option | None:
        """The first account that can do it, and that nothing keeps from it now; else the first that can."""
        able = [option for option in self.options if option.supported and option.tried]
        return next((option for option in able if option.shut is None), able[0] if able else None)


def impossible(account: str, provider: str, why: str, health: AccountHealth) -> Option:
    return Option(account=account, provider=provider, kind=None, impossible=why, health=health)


def estimate(account: Account, kind: str, request_kind: str) -> Estimate:
    """Say what a call may cost: the user's own figure (by the vendor's kind or ours), or the documented price."""
    billing = account.provider.billing
    own = account.estimate.get(kind, account.estimate.get(request_kind))
    if own is not None:
        return Estimate(credits=own, unit=billing.unit, source="user")
    documented = billing.prices.get(kind)
    source = "unknown" if documented is None else "documented"
    return Estimate(credits=documented, unit=billing.unit, source=source)
