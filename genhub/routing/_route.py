"""A route: a named list of accounts, and what decides among them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from attrs import Attribute, field, frozen
from attrs.converters import optional

from genhub._account import Account, Budget
from genhub._credits import Price
from genhub._errors import ConfigError, GenhubError
from genhub._itinerary import OnDeadline, OnUnknown, Portability
from genhub._requests import REQUESTS, Request
from genhub.routing._policy import POLICIES, Policy

#: What ends an attempt so that a route may go on, beside the names of errors.
ENDS = ("failed", "expired", "canceled", "not_submitted")
_QUANTILE = re.compile(r"^p(\d{1,2}(?:\.\d+)?)$")


def _words(value: Iterable[str] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _one_of(*known: str) -> Any:
    def check(_: object, at: Attribute[Any], value: Any) -> None:
        if value not in known:
            raise ConfigError(f"{at.name} is one of {', '.join(map(repr, known))}, not {value!r}")

    return check


def _not_negative(_: object, at: Attribute[Any], value: Any) -> None:
    if value is not None and not _is_amount(value):
        raise ConfigError(f"{at.name} must be a number of 0 or more, not {value!r}")


def _is_amount(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _kinds(_: object, at: Attribute[Any], value: tuple[str, ...]) -> None:
    for kind in value:
        if kind not in REQUESTS:
            raise ConfigError(f"{at.name} are of {', '.join(REQUESTS)}, not {kind!r}")


@frozen(kw_only=True)
class Conditions:
    """Which requests something is for; empty: for all."""

    kinds: tuple[str, ...] = field(default=(), converter=_words, validator=_kinds)  #: `text`, `image`, …; empty: any
    #: All that a request asks for must be among them: `instagram` is all of it, `instagram:reel` only that.
    platforms: tuple[str, ...] = field(default=(), converter=_words)
    tags: Mapping[str, str] = field(factory=dict[str, str])  #: that a request must have

    def against(self, request: Request) -> str | None:
        """Return why a request does not fit; `None`: it fits."""
        if self.kinds and request.kind not in self.kinds:
            return f"is for {_or(self.kinds)}, not for {request.kind}"
        if self.platforms:
            asked: tuple[str, ...] = getattr(request, "platforms", ())
            other = [each for each in asked if not {each, each.partition(":")[0]} & {*self.platforms}]
            if other or not asked:
                return f"is for {_or(self.platforms)}, not for {_or(other) or 'a request without platforms'}"
        for name, value in self.tags.items():
            if request.tags.get(name) != value:
                return f"is for requests with the tag {name}={value}"
        return None


@frozen(kw_only=True)
class Via(Conditions):
    """One account of a route, with its weight and with what it is used for."""

    account: str
    weight: float = field(default=1.0, validator=_not_negative)  #: for `policy = "weighted"`


def _vias(value: Iterable[str | Via | Mapping[str, Any]] | str) -> tuple[Via, ...]:
    several = (value,) if isinstance(value, str) else value
    try:
        return tuple(
            each if isinstance(each, Via) else Via(account=each) if isinstance(each, str) else Via(**each)
            for each in several
        )
    except TypeError as error:
        raise ConfigError(f"accounts: {error}") from None


def cap_of(value: Price | Decimal | str | int | None) -> Price | Decimal | None:
    """Read a cap: `5` credits, or `"2 USD"`. Raises ConfigError."""
    if value is None or isinstance(value, Price):
        return value
    if isinstance(value, str) and " " in value.strip():
        try:
            return Price.parse(value)
        except ValueError:
            raise ConfigError(f"max_spend reads like 20 (credits) or '2 USD', not {value!r}") from None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise ConfigError(f"max_spend reads like 20 (credits) or '2 USD', not {value!r}")
    return number


def _patience(value: float | str | None) -> float | str | None:
    """Read what a hedge waits for: seconds, or a quantile of what was learned."""
    if value is None:
        return None
    if isinstance(value, str):
        match = _QUANTILE.match(value)
        if match is None or not 0 < float(match[1]) < 100:
            raise ConfigError(f"hedge_after is seconds, or a quantile like 'p95', not {value!r}")
        return value
    if not _is_amount(value):
        raise ConfigError(f"hedge_after must be a number of 0 or more, not {value!r}")
    return value


@frozen(kw_only=True)
class Route(Conditions):
    """Accounts in order, and how the work goes from one to the next. Times are in seconds.

    Raises ConfigError that names the field.
    """

    #: Names of accounts, or `Via`s (in a file: tables) that name one and say more.
    accounts: tuple[Via, ...] = field(converter=_vias)
    policy: str | Policy = "order"  #: how they are ordered: a name, or a function of request and candidates
    #: `adjust`: an account may change what it can't honour. A call may say otherwise.
    portability: Portability = field(default="strict", validator=_one_of("strict", "adjust"))
    max_attempts: int | None = None  #: at most; `None`: twice the accounts. Only who refused for now is asked again
    max_spend: Price | Decimal | None = field(default=None, converter=cap_of)  #: caps the sum of a job's attempts
    budget: Budget | None = None  #: caps what all jobs of the route may spend
    deadline: float | None = field(default=None, validator=_not_negative)  #: the time that one attempt may take
    #: Where a stop is not free: `wait` on, or `give_up`: tell whoever waits, and try nobody else.
    on_deadline: OnDeadline = field(default="wait", validator=_one_of("wait", "give_up"))
    #: While an attempt is in doubt: `wait`, or `pay_twice`: go on once nothing more can be found out.
    on_unknown: OnUnknown = field(default="wait", validator=_one_of("wait", "pay_twice"))
    #: Errors (of a class, or of one derived from it) and ends after which it goes on; `None`: all that may.
    fallback_on: tuple[str, ...] | None = field(default=None, converter=optional(_words))
    patience: float = field(default=30.0, validator=_not_negative)  #: waits so long for an account that is held back
    #: When a second attempt begins beside a slow one: a time, or a quantile of what was learned, `"p95"`.
    hedge_after: float | str | None = field(default=None, converter=_patience)
    #: For so long an equal request is given the job of the earlier one.
    reuse: float | None = field(default=None, validator=_not_negative)
    allow_unpriced: bool | None = None  #: under a cap, lets through what nobody can estimate; `None`: as accounts say

    def __attrs_post_init__(self) -> None:
        names = self.names
        if not names:
            raise ConfigError("accounts is empty", remedy='Write accounts = ["...", "..."]')
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise ConfigError(f"accounts has {', '.join(double)} twice")
        if self.policy not in POLICIES and not callable(self.policy):
            raise ConfigError(f"policy is one of {', '.join(POLICIES)}, not {self.policy!r}")
        if self.max_attempts is not None and self.max_attempts < 1:
            raise ConfigError(f"max_attempts must be 1 or more, not {self.max_attempts}")
        if self.policy == "weighted" and not any(each.weight for each in self.accounts):
            raise ConfigError("policy is weighted, and no account has a weight above 0")
        for word in self.fallback_on or ():
            if word not in _grounds():
                what = "is no end and no error" if word not in errors() else "never lets a route go on"
                remedy = f"Known are: {', '.join(_grounds())}"
                raise ConfigError(f"fallback_on has {word!r}, which {what}", remedy=remedy)

    @classmethod
    def of(cls, given: Route | Iterable[str | Via]) -> Route:
        return given if isinstance(given, Route) else cls(accounts=given)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its accounts."""
        return tuple(each.account for each in self.accounts)

    @property
    def quantile(self) -> float | None:
        """What `hedge_after = "p95"` means: 0.95."""
        return float(self.hedge_after[1:]) / 100 if isinstance(self.hedge_after, str) else None


def check(name: str, route: Route, accounts: Mapping[str, Account]) -> None:
    """Hold a route against the accounts that there are; raises ConfigError."""
    if name in accounts:
        raise ConfigError(f"{name!r} is the name of an account and of a route", remedy="Give the route another name")
    for each in route.names:
        if each not in accounts:
            known = ", ".join(accounts) or "none"
            raise ConfigError(f"there is no account {each!r}", remedy=f"Accounts are: {known}")
    ours = {each: accounts[each] for each in route.names}
    if route.max_spend is not None:
        comparable("max_spend", route.max_spend, ours)
    if route.budget is not None:
        comparable("budget", route.budget, ours)


def comparable(setting: str, cap: Price | Budget | Decimal, accounts: Mapping[str, Account]) -> None:
    """Raise ConfigError unless what all these accounts charge can be held against one cap."""
    currency = None if isinstance(cap, Decimal) else cap.currency
    if currency is None:
        units = {each.provider.billing.unit for each in accounts.values()}
        if len(units) > 1:
            raise ConfigError(
                f"{setting} is in credits, and the accounts have several kinds: {', '.join(sorted(units))}",
                remedy='Write it in money ("2 USD"), and a price on each account',
            )
        return
    for name, account in accounts.items():
        if account.price is None or account.price.currency != currency.upper():
            raise ConfigError(
                f"{setting} is in {currency}, and {name} has no price in it",
                remedy=f'Set price = "0.05 {currency.upper()}" on the account {name}',
            )


def errors() -> Mapping[str, type[GenhubError]]:
    """Return every class of error by its name, third parties' among them; a name that we have too is ours."""
    found: dict[str, type[GenhubError]] = {}
    waiting: list[type[GenhubError]] = [GenhubError]
    while waiting:
        kind = waiting.pop()
        if kind.__name__ not in found or kind.__module__ == GenhubError.__module__:
            found[kind.__name__] = kind
        waiting += kind.__subclasses__()
    return found


def _grounds() -> tuple[str, ...]:
    """Return what may let a route go on: ends, errors that say so, and what those derive from."""
    kinds = [kind for kind in errors().values() if kind.fallback]
    bases = (each.__name__ for kind in kinds for each in kind.__mro__ if issubclass(each, GenhubError))
    return tuple(dict.fromkeys((*ENDS, *(kind.__name__ for kind in kinds), *bases)))


def _or(words: Collection[str]) -> str:
    return " or ".join(words)
