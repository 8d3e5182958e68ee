"""What callers hold: jobs, their attempts, and what was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, Literal

from attrs import evolve, field, frozen

from genhub._billing import Money
from genhub._credits import Credits, Entry, Price
from genhub._requests import Request
from genhub._status import Status

Fields = Mapping[str, Any]
OutputKind = Literal["text", "image", "video", "audio", "file"]


@frozen(kw_only=True)
class Output:
    """One thing that was made, with only what the vendor gave."""

    kind: OutputKind
    text: str | None = None
    title: str | None = None
    url: str | None = None
    thumbnail_url: str | None = None
    platform: str | None = None
    hashtags: tuple[str, ...] = ()
    fields: Fields = field(factory=dict[str, Any])  #: the parts of a structured result
    provider_id: str | None = None  #: the vendor's id of this output (a media id)
    expires_at: datetime | None = None  #: when the URL dies
    width: int | None = None
    height: int | None = None
    duration: float | None = None  #: seconds
    raw: Any = field(default=None, repr=False)


@frozen(kw_only=True)
class Adjustment:
    """A field that was changed so that the vendor can take it."""

    field: str
    asked: Any
    sent: Any
    why: str


@frozen(kw_only=True)
class JobError:
    """Why an attempt failed. `kind` is ours (`vendor`, `refused`, `not_submitted`), `code` the vendor's."""

    kind: str
    message: str
    code: str | None = None
    http_status: int | None = None
    request_id: str | None = None


@frozen(kw_only=True)
class Ref:
    """What is needed to read a vendor's job again: plain data, without secrets."""

    id: str
    kind: str  #: the provider's own kind of call (`captions`, `static_ad`)
    path: str = ""  #: where the vendor said that it is, if that differs by kind


@frozen(kw_only=True)
class Call:
    """A vendor's call, built and checked, before it is sent: the intent that the journal keeps."""

    kind: str
    path: str
    body: Mapping[str, Any]
    query: Mapping[str, str] = field(factory=dict[str, str])
    headers: Mapping[str, str] = field(factory=dict[str, str])  #: beside the account's own; no secrets
    adjustments: tuple[Adjustment, ...] = ()


@frozen(kw_only=True)
class Note:
    """Something that is worth remembering of an attempt: late news, how a doubt was settled."""

    at: datetime
    text: str


@frozen(kw_only=True)
class Attempt:
    """One submission of a job to one account. The vendor's id belongs here, never to the job."""

    id: str
    job_id: str
    number: int  #: from 1
    account: str
    provider: str
    kind: str  #: the provider's own kind of call
    unit: str  #: of the credits
    created_at: datetime
    status: Status = Status.SUBMITTING
    raw_status: str | None = None  #: the vendor's word
    ref: Ref | None = None
    outputs: tuple[Output, ...] = ()
    entries: tuple[Entry, ...] = ()
    leg: int = 0  #: how many lines were there when it was last resumed: what the vendor says of cost begins there
    doubt: str | None = None  #: what is not known about this attempt's money, in words
    error: JobError | None = None
    adjustments: tuple[Adjustment, ...] = ()
    notes: tuple[Note, ...] = ()
    reason: str = "asked for"  #: why this attempt was made
    request_id: str | None = None  #: the vendor's, of the submit
    price: Price | None = None
    reserved: Decimal | None = None  #: held by a budget until the money is settled
    submitted_at: datetime | None = None
    resuming_at: datetime | None = None  #: a resume was sent and its answer is not there yet
    running_at: datetime | None = None  #: when a poll first saw the work begin
    finished_at: datetime | None = None
    version: int = 0  #: counts the journal's writes of this row

    @property
    def provider_id(self) -> str | None:
        """The vendor's id of the job."""
        return None if self.ref is None else self.ref.id

    @property
    def credits(self) -> Credits:
        """What this attempt cost."""
        spent = Credits.of(self.unit, self.entries, doubt=self.doubt is not None)
        if self.resuming_at is not None:  # it may be charged again
            spent = evolve(spent, high=None)
        return spent if self.reserved is None else evolve(spent, reserved=self.reserved)


@frozen(kw_only=True)
class Job:
    """One request being fulfilled, as the journal has it at one moment."""

    id: str
    request: Request
    created_at: datetime
    attempts: tuple[Attempt, ...] = ()
    key: str | None = None  #: the caller's own: the same key is the same job
    to: tuple[str, ...] = ()  #: the accounts that were asked for

    @property
    def attempt(self) -> Attempt:
        """The present (last) attempt."""
        return self.attempts[-1]

    @property
    def status(self) -> Status:
        return self.attempt.status

    @property
    def raw_status(self) -> str | None:
        return self.attempt.raw_status

    @property
    def account(self) -> str:
        return self.attempt.account

    @property
    def provider_id(self) -> str | None:
        return self.attempt.provider_id

    @property
    def outputs(self) -> tuple[Output, ...]:
        return self.attempt.outputs

    @property
    def error(self) -> JobError | None:
        return self.attempt.error

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        return self.attempt.adjustments

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines of all attempts."""
        return tuple(chain.from_iterable(attempt.entries for attempt in self.attempts))

    @property
    def credits(self) -> Credits:
        """What the job cost: the sum over all its attempts.

        Attempts at different vendors are added only in money, and only where each has a price.
        """
        parts = [attempt.credits for attempt in self.attempts]
        total = Credits.sum(parts)
        return total if total.unit is not None else (_in_money(self.attempts) or total)

    @property
    def cost(self) -> Credits | None:
        """The same in money; `None` when an account has no price, or the currencies differ."""
        return _in_money(self.attempts)


def _in_money(attempts: Iterable[Attempt]) -> Credits | None:
    parts: list[Credits] = []
    for attempt in attempts:
        spent = attempt.credits
        if attempt.price is not None:
            parts.append(spent.at(attempt.price))
        elif not (spent.exact and spent.net == 0):
            return None
    total = Credits.sum(parts)
    return total if total.unit is not None else None


@frozen(kw_only=True)
class StopVerdict:
    """What a stop did, and what it costs."""

    job: Job
    money: Money
    why: str = ""
