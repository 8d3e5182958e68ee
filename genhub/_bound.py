"""An account that is ready for use: its provider, its way to the vendor, its slots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from genhub._account import Account
from genhub._clock import Clock
from genhub._credits import Balance
from genhub._errors import UnsupportedRequest
from genhub._provider import Provider, capabilities
from genhub.http import Http, Sessions


class Bound:
    """An account of a hub. Its provider's own verbs are called on it: `await bound.create_post(...)`."""

    def __init__(self, name: str, account: Account, sessions: Sessions, clock: Clock) -> None:
        self.name = name
        self.account = account
        self.provider: Provider = account.provider
        self.http = Http(
            sessions,
            account.provider,
            account=name,
            clock=clock,
            secrets=account.secrets(),
            timeout=account.timeout,
        )
        self.polls = self.http.once()
        self.balance_seen: Balance | None = None  # the last that the vendor said, in an answer or when asked
        self.slots = asyncio.Semaphore(max(1, account.concurrency))
        self.settling = asyncio.Lock()  # doubts of one account are settled one after the other: no job is adopted twice
        self._clock = clock
        self._can = frozenset(capabilities(account.provider))

    def __repr__(self) -> str:
        return f"<account {self.name!r}: {self.provider.name}>"

    def can(self, capability: str) -> bool:
        return capability in self._can

    def verb(self, capability: str) -> Any:
        """Return the provider's method for a capability; raises UnsupportedRequest when it has none."""
        if capability not in self._can:
            raise UnsupportedRequest(f"has no {capability}", provider=self.provider.name)
        return self.provider

    def vendor_time(self) -> datetime:
        """Return what the vendor's clock says now, as far as its answers told."""
        return datetime.fromtimestamp(self._clock.time() + self.http.skew, UTC)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        verb = getattr(type(self.provider), name, None)
        if not callable(verb):
            raise AttributeError(f"the provider {self.provider.name!r} of account {self.name!r} has no {name!r}")
        return partial(getattr(self.provider, name), self.http)
