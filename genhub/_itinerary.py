"""How a routed job goes from account to account: the route as it was when the job began, as the journal keeps it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from attrs import frozen

Portability = Literal["strict", "adjust"]
#: What a route does while nobody knows whether an attempt was made: it waits, or goes on and may pay twice.
OnUnknown = Literal["wait", "pay_twice"]
#: What a route does when an attempt took too long and a stop is not free: it waits on, or tries nobody else.
OnDeadline = Literal["wait", "give_up"]


@frozen(kw_only=True)
class Stage:
    """One account of a route, at the place that the policy gave it."""

    account: str
    why: str  #: why it stands at this place


@frozen(kw_only=True)
class Itinerary:
    """A route as it was when the job began. A later process goes on with this, whatever its configuration says."""

    route: str = ""  #: the route's name; empty: accounts that the call named
    stages: tuple[Stage, ...]  #: in the order in which they are tried
    portability: Portability = "strict"
    max_attempts: int  #: so many attempts at most
    max_spend: Decimal | None = None  #: caps the sum of all attempts
    currency: str | None = None  #: of `max_spend`; `None`: credits
    allow_unpriced: bool | None = None  #: `None`: as each account says
    fallback_on: tuple[str, ...] | None = None  #: what lets it go on: names of errors, ends; `None`: all that may
    deadline: float | None = None  #: the seconds that one attempt may take
    on_deadline: OnDeadline = "wait"
    on_unknown: OnUnknown = "wait"
    patience: float = 30.0  #: the seconds that it waits for an account that is held back
    hedge_after: float | None = None  #: the seconds after which a second account is started
    hedge_quantile: float | None = None  #: the same, as a quantile of what was learned
    since: int = 0  #: attempts that belong to an earlier walk of the route
    ended: str | None = None  #: why the route tries nobody else; `None`: it may

    @property
    def is_open(self) -> bool:
        """True while another account may be tried."""
        return self.ended is None

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(stage.account for stage in self.stages)
