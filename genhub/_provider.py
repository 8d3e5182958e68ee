"""What an adapter is: a name, its money rules, and a few verbs over the HTTP seam.

What a provider can do is what it has: the presence of a method *is* the capability.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from attrs import frozen

from genhub._billing import BillingProfile
from genhub._credits import Balance
from genhub._jobs import Call, JobError, Output, Ref
from genhub._requests import Request
from genhub._status import Status

if TYPE_CHECKING:
    from genhub.http import Dialect, Http


@frozen(kw_only=True)
class Receipt:
    """What a vendor answered to a submit that it accepted."""

    ref: Ref
    status: Status
    raw_status: str
    charged: Decimal | None = None  #: in credits; `None`: not said
    reused: bool = False  #: an earlier live job was attached, nothing was charged
    balance: Decimal | None = None  #: after the charge, as far as the vendor said
    outputs: tuple[Output, ...] = ()  #: of a vendor that answers at once
    error: JobError | None = None  #: of a job that failed in the answer to its submit
    request_id: str | None = None


@frozen(kw_only=True)
class Snapshot:
    """What a vendor said about a job at one moment."""

    ref: Ref
    status: Status
    raw_status: str
    cost: Decimal | None = None  #: the whole cost of what ran since the last submit or resume; `None`: not said
    outputs: tuple[Output, ...] = ()
    error: JobError | None = None
    request_id: str | None = None
    complete: bool = True  #: False: a line of a list, whose outputs have to be read apart
    again: float | None = None  #: seconds until the next read is worth it, where the vendor says so


#: How far apart, in seconds, a vendor's times may be from what they should be, in the vendor's own clock.
TOLERANCE = timedelta(seconds=5)


@frozen(kw_only=True)
class Intent:
    """A submit as it was meant: what the journal keeps before the first byte leaves."""

    call: Call
    key: str
    sent_at: datetime  #: in the vendor's clock
    over_at: datetime  #: the latest moment at which the vendor may have made it, in its clock
    clock_known: bool = True  #: False: the vendor had not told its time yet, so these times may be off
    local_at: datetime | None = None  #: `sent_at` by our own clock
    scope: str = ""  #: where it was sent to: the provider's `scope`, else its `base_url`
    before: frozenset[str] | None = None  #: the vendor's ids at that place before the submit; `None`: not looked

    def covers(self, created_at: datetime | None) -> bool:
        """True when a job that the vendor made at this time may be ours (unknown times may be)."""
        return created_at is None or self.sent_at - TOLERANCE <= created_at <= self.over_at + TOLERANCE


@frozen(kw_only=True)
class Candidate:
    """A vendor's job that may be the one whose answer was lost."""

    ref: Ref
    created_at: datetime | None = None
    charged: Decimal | None = None  #: in credits, as far as the vendor says
    about: str = ""
    request: Request | None = None  #: what it fulfils, as far as the vendor says


@frozen(kw_only=True)
class Lookup:
    """What a look for a lost submit found.

    `candidates`: jobs that fit, claimed by another attempt or not. `complete`: had it been made and were it already
    to be seen, it would be among them.
    """

    candidates: tuple[Candidate, ...] = ()
    complete: bool = False
    by_content: bool = True  #: they were matched by what they hold; False: only by the place where they are
    how: str = ""


@frozen(kw_only=True)
class WebhookHint:
    """A vendor's call says that these jobs are worth a read now: a hint, never a verdict."""

    provider_ids: tuple[str, ...]
    event: str = ""


@runtime_checkable
class Provider(Protocol):
    """The least that an adapter has. A frozen attrs class whose fields are its settings.

    It may also have `takes`: by kind of call, from how many to how many seconds one takes, where the vendor says so.
    """

    name: ClassVar[str]
    billing: ClassVar[BillingProfile]
    dialect: ClassVar[Dialect]
    poll_every: ClassVar[Mapping[str, float]]  #: shortest seconds between two reads, by kind of call ("" = other)

    @property
    def base_url(self) -> str: ...

    async def headers(self) -> Mapping[str, str]:
        """Return the headers that identify the account; asked again after a 401."""
        ...

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        """Build the vendor's call; sends nothing.

        `key` is new for each attempt. Raises UnsupportedRequest for what the vendor can't honour, unless `adjust`
        allows a change, which is then named in `Call.adjustments`.
        """
        ...

    async def submit(self, http: Http, call: Call) -> Receipt:
        """Send the call, once, by `http.charge`."""
        ...

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        """Read the job."""
        ...


@runtime_checkable
class SupportsStop(Protocol):
    async def stop(self, http: Http, ref: Ref) -> Snapshot: ...


@runtime_checkable
class SupportsResume(Protocol):
    async def resume(self, http: Http, ref: Ref) -> Snapshot: ...


@runtime_checkable
class SupportsBalance(Protocol):
    async def balance(self, http: Http) -> Balance: ...


@runtime_checkable
class SupportsPollMany(Protocol):
    """Beside it a provider may have `lists`: the kinds of call that its list covers, each with the lines of a page.

    Without it, the list is taken to cover all kinds, 100 a page.
    """

    async def poll_many(self, http: Http, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read many jobs by few calls; a ref that was not found is left out."""
        ...


@runtime_checkable
class SupportsLookup(Protocol):
    async def lookup(self, http: Http, intent: Intent) -> Lookup | None:
        """Look for a submit whose answer was lost; `None`: there is nothing to look at for this kind of call."""
        ...


@runtime_checkable
class SupportsBaseline(Protocol):
    async def baseline(self, http: Http, call: Call) -> frozenset[str] | None:
        """Return the vendor's ids at the place of a call before it is sent; `None`: not needed for this call."""
        ...


@runtime_checkable
class SupportsInventory(Protocol):
    def inventory(self, http: Http) -> AsyncIterator[Candidate]:
        """Yield the vendor's jobs, as far as it lists them, with the request that each one fulfils where it says so."""
        ...


@runtime_checkable
class SupportsReplay(Protocol):
    """The vendor's own key makes the same call, sent again, harmless for a while."""

    def replay_within(self, call: Call) -> float:
        """Return for how many seconds after the first send a replay is safe; 0: never."""
        ...


@runtime_checkable
class SupportsWebhook(Protocol):
    def webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookHint: ...


#: Every capability beyond submit and poll, by the word that the docs and the command use for it.
CAPABILITIES: Mapping[str, type[Any]] = {
    "stop": SupportsStop,
    "resume": SupportsResume,
    "balance": SupportsBalance,
    "poll_many": SupportsPollMany,
    "lookup": SupportsLookup,
    "baseline": SupportsBaseline,
    "inventory": SupportsInventory,
    "replay": SupportsReplay,
    "webhook": SupportsWebhook,
}


def capabilities(provider: object) -> tuple[str, ...]:
    """Return what a provider (its class or an instance) can do beyond submit and poll."""
    return tuple(word for word, verb in CAPABILITIES.items() if _has(provider, verb))


def _has(provider: object, protocol: type[Any]) -> bool:
    return all(
        callable(getattr(provider, name, None))
        for name in vars(protocol)
        if not name.startswith("_") and callable(vars(protocol)[name])
    )
