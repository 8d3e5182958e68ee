"""One configured use of a provider: its settings, limits, prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

from attrs import Attribute, field, fields, frozen, has

from genhub._credits import Price
from genhub._errors import ConfigError
from genhub._provider import Provider
from genhub._secrets import Secret

Per = Literal["call", "hour", "day", "week", "month", "ever"]


@frozen(kw_only=True)
class Budget:
    """The most that may be spent: in the account's credits, or in money when it says a currency."""

    amount: Decimal
    per: Per = "ever"
    currency: str | None = None


def _https(provider: Provider) -> None:
    url = provider.base_url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(
            f"base_url is not a URL: {url!r}", remedy="It reads like 'https://api.example.com/v1', without a query"
        )
    if parts.username or parts.password:
        raise ConfigError("base_url holds a user or a password", remedy="Secrets go into settings of their own")


def _is_provider(_: object, __: Attribute[Any], value: Any) -> None:
    if not isinstance(value, Provider):
        raise ConfigError(f"{type(value).__name__} is not a provider", remedy="Hand in one, like PowerPost(...)")
    _https(value)


def _positive(_: object, at: Attribute[Any], value: Any) -> None:
    if value is not None and not value >= 0:
        raise ConfigError(f"{at.name} must be 0 or more, not {value}")


@frozen(kw_only=True)
class Account:
    """A provider with what genhub itself should know about its use. Times are in seconds."""

    provider: Provider = field(validator=_is_provider)
    poll_every: float | None = field(default=None, validator=_positive)  #: read each job so often; None: learned
    doubt_grace: float = field(default=60.0, validator=_positive)  #: how long a lost submit is looked for
    timeout: float = field(default=60.0, validator=_positive)  #: of one HTTP call
    concurrency: int = field(default=32, validator=_positive)  #: submits, and reads, on their way at once
    price: Price | None = None  #: of one credit
    budget: Budget | None = None
    estimate: Mapping[str, Decimal] = field(factory=dict[str, Decimal])  #: credits by kind, the user's own
    allow_unpriced: bool = False  #: a budget lets through what nobody can estimate
    retires_on: date | None = None  #: from this day on (in UTC) no route goes there

    @classmethod
    def of(cls, given: Account | Provider) -> Account:
        return given if isinstance(given, Account) else cls(provider=given)

    def every(self, kind: str) -> float:
        """Return the shortest time between two reads of a job of this kind."""
        if self.poll_every is not None:
            return self.poll_every
        documented = self.provider.poll_every
        return documented.get(kind, documented.get("", 3.0))

    def secrets(self) -> tuple[Secret, ...]:
        """Return all secrets among the provider's settings."""
        kind: type[Any] = type(self.provider)
        if not has(kind):
            return ()
        values = (getattr(self.provider, each.name) for each in fields(kind))
        return tuple(value for value in values if isinstance(value, Secret))
