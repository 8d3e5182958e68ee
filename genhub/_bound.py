"""An account that is ready for use: its provider, its way to the vendor, its slots."""

from __future__ import annotations

import asyncio
import logging
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

log = logging.getLogger("genhub.account")


class Bound:
    """An account of a hub. Its provider's own verbs are called on it: `await bound.create_post(...)`."""

    def __init__(
        self,
        name: str,
        account: Account,
        sessions: Sessions,
        clock: Clock,
        settling: asyncio.Lock | None = None,
        heard: Callable[[str, Balance], None] = lambda _, __: None,
    ) -> None:
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
        self.to = (name,)  #: what its jobs say of where they were sent
        self.balance_seen: Balance | None = None  # the last that the vendor said, in an answer or when asked
        self._heard = heard  # of every balance that is seen
        self._asked_clock = False
        self._learning = asyncio.Lock()
        self.slots = asyncio.Semaphore(max(1, account.concurrency))
        # Doubts at one place of a vendor's are settled one after the other: no job is adopted twice.
        self.settling = settling or asyncio.Lock()
        self._clock = clock
        self._can = frozenset(capabilities(account.provider))

    def __repr__(self) -> str:
        return f"<account {self.name!r}: {self.provider.name}>"

    def saw_balance(self, balance: Balance) -> None:
        """The vendor said what the account holds."""
        self.balance_seen = balance
        self._heard(self.name, balance)

    def can(self, capability: str) -> bool:
        return capability in self._can

    def verb(self, capability: str) -> Any:
        """Return the provider's method for a capability; raises UnsupportedRequest when it has none."""
        if capability not in self._can:
            raise UnsupportedRequest(f"has no {capability}", provider=self.provider.name)
        return self.provider

    def reads_allowed(self) -> float | None:
        """Return the reads a second that the vendor's headers leave room for; None: it names no limit."""
        return self.polls.reads_allowed()

    def vendor_time(self) -> datetime | None:
        """Return what the vendor's clock says now, as far as its answers told."""
        seconds = self.http.vendor_time()
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    @property
    def scope(self) -> str:
        """What the vendor's lists and keys are scoped to: an intent of another scope can't be looked for here."""
        return scope_of(self.provider)

    async def know_clock(self) -> None:
        """Read something free, once, so that the vendor's clock is known before anything is sent.

        The balance is read: what it was before is a hint, should an answer get lost.
        """
        if self.http.vendor_time() is not None or self._asked_clock or not self.can("balance"):
            return
        async with self._learning:  # whoever comes meanwhile waits for the same answer
            if self.http.vendor_time() is not None or self._asked_clock:
                return
            try:
                self.saw_balance(await self.verb("balance").balance(self.polls))
            except Exception as error:  # a lost answer will have to be settled by a person then
                log.warning("%s: its clock could not be learned: %s", self.name, error)
            self._asked_clock = True

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        verb = getattr(type(self.provider), name, None)
        if not callable(verb):
            raise AttributeError(f"the provider {self.provider.name!r} of account {self.name!r} has no {name!r}")
        return partial(getattr(self.provider, name), self.http)


def scope_of(provider: Provider) -> str:
    """Return what a provider's lists and keys are scoped to: its `scope`, else its `base_url`."""
    scope: str = getattr(provider, "scope", provider.base_url)
    return scope
