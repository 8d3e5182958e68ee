"""What callers hold: jobs, their attempts, and what was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, Literal

from attrs import field, frozen

from genhub._billing import Money
from genhub._credits import Credits, Entry, Price
from genhub._empty import EMPTY
from genhub._evolve import evolve
from genhub._itinerary import Itinerary
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
    fields: Fields = EMPTY  #: the parts of a structured result
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
    """Why an attempt failed. `kind` is ours (`vendor`, `refused`, `not_sent`, `not_submitted`), `code` the vendor's."""

    kind: str
    message: str
    code: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    error: str | None = None  #: the name of the error's class, where a call was refused
    retry_after: float | None = None  #: seconds, as the vendor said
    retryable: bool = False  #: the same call may work later (a fact of the error's class)
    fallback: bool = True  #: another account may do better (likewise)


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
    query: Mapping[str, str] = EMPTY
    headers: Mapping[str, str] = EMPTY  #: beside the account's own; no secrets
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
    given_up: str | None = None  #: why its route goes on without it, or tries nobody else although it runs
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
    def is_open(self) -> bool:
        """True while something is still to come by itself."""
        return not self.status.is_final or self.resuming_at is not None

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
    route: Itinerary | None = None  #: how it goes from account to account; `None`: it has only one
    fingerprint: str | None = None  #: what it asks for and of whom, where an equal request may be given this job
    trace: str | None = None  #: the W3C `traceparent` of the process that began it

    @property
    def attempt(self) -> Attempt:
        """The present attempt: the one that succeeded, else the last that is under way, else the last.

        One in doubt counts as under way only where no other is: what a hedge lost does not hide what still runs.
        """
        attempts = self.attempts
        if len(attempts) == 1:
            return attempts[0]
        return attempts[present([(each.status, each.is_open, each.finished_at) for each in attempts])]

    @property
    def status(self) -> Status:
        """The present attempt's; `queued` while a route has yet to try another account."""
        status = self.attempt.status
        return standing(status, self.routing) if status.is_final else status

    @property
    def routing(self) -> bool:
        """True while its route may try another account: it was not ended, and no attempt has succeeded."""
        route = self.route
        return route is not None and goes_on(route.is_open, [each.status for each in self.attempts])

    @property
    def is_open(self) -> bool:
        """True while something is still to come by itself: an attempt's end, or another attempt."""
        for each in self.attempts:  # most often it is an attempt
            if each.is_open:
                return True
        return self.routing

    @property
    def is_over(self) -> bool:
        """True when whoever waits for it has waited enough; an attempt that lost a race may still be open."""
        return self.status.is_final and self.attempt.resuming_at is None

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


def standing(status: Status, routing: bool) -> Status:
    """Return a job's status by that of its present attempt: an end is none while a route goes on."""
    return Status.QUEUED if routing and status.is_final else status


def goes_on(is_open: bool, statuses: Iterable[Status]) -> bool:
    """True while a route may try another account: it was not ended, and no attempt has succeeded."""
    return is_open and Status.SUCCEEDED not in statuses


def present(attempts: Sequence[tuple[Status, bool, datetime | None]]) -> int:
    """Return which of a job's attempts is the present one: by status, whether it is open, and when it ended."""
    ends = [(ended is None, ended, at) for at, (status, _, ended) in enumerate(attempts) if status is Status.SUCCEEDED]
    if ends:
        return min(ends)[2]
    under_way = [at for at, (_, is_open, _) in enumerate(attempts) if is_open]
    sure = [at for at in under_way if not attempts[at][0].in_doubt]
    return (sure or under_way or [len(attempts) - 1])[-1]


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
