"""What happens to jobs and accounts, told to whoever listens: records without prompts, outputs or secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from attrs import evolve, field, frozen

from genhub._credits import Entry, EntryKind
from genhub._jobs import Attempt, Job
from genhub._requests import Request
from genhub._status import Status

log = logging.getLogger("genhub.events")


class EventName(StrEnum):
    """What happened, and what an event's `detail` says of it.

    A `detail` with `late` is news of an attempt that had ended before; one with `elsewhere` was written by another
    process, and only read by this one.
    """

    SUBMITTED = "submitted"  #: the vendor has it: `provider_id`, `raw_status`
    STATUS = "status"  #: an attempt's status changed: `old` (`None`: it is new), `new`, `raw_status`
    CHARGED = "charged"  #: a line of the ledger, by its own fields and `unit`; `amount` is text, `None`: not said
    REFUNDED = "refunded"  #: the same, of what came back
    FALLBACK = "fallback"  #: a route goes on: `old` and `new` (accounts), `why`, `route`
    HEDGED = "hedged"  #: a second account works beside the first: `old` and `new`, `why`, `route`
    REUSED = "reused"  #: a call was given a job that was there already: `why`
    BREAKER = "breaker"  #: an account's health changed: `what`, `old`, `new`, `why`
    DOUBT = "doubt"  #: something about an attempt's money is not known: `why`
    #: it is known now whether the vendor has it: `verdict` (`submitted`, `not_submitted`), `how`, `provider_id`
    SETTLED = "settled"
    ROUTED = "routed"  #: a route came to its end: `route`, `why`


@frozen(kw_only=True)
class Event:
    """Something that happened, once."""

    name: EventName
    at: datetime
    job: Job | None = field(default=None, repr=False)  #: as it is with it
    attempt: Attempt | None = field(default=None, repr=False)
    account: str
    provider: str = ""
    detail: Mapping[str, Any] = field(factory=dict[str, Any])

    def facts(self) -> dict[str, Any]:
        """Return the event as flat plain data, for logs and JSON: amounts as text, what is not known left out."""
        job, attempt = self.job, self.attempt
        known: dict[str, Any] = {"name": str(self.name), "at": self.at.isoformat(), "account": self.account}
        if self.provider:
            known["provider"] = self.provider
        if job is not None:
            known |= {"job": job.id, "kind": job.request.kind}
            if job.request.label is not None:
                known["label"] = job.request.label
            if job.attempts:
                known["status"] = str(job.status)
        if attempt is not None:
            known |= {"attempt": attempt.number, "status": str(attempt.status)}
        return known | {name: _plain(value) for name, value in self.detail.items() if name not in known}


def news(old: Attempt | None, new: Attempt, job: Job, at: datetime) -> Iterator[Event]:
    """Say what a write of an attempt's row means, given the row before it (`None`: there was none).

    `job` is the job with the new row. The same row twice says nothing. A change of status is said last: an attempt
    that has ended has then said everything.
    """
    changed = old is None or old.status is not new.status
    late: dict[str, Any] = {} if changed or new.is_open else {"late": True}

    def said(name: EventName, **detail: Any) -> Event:
        account, provider = new.account, new.provider
        return Event(name=name, at=at, job=job, attempt=new, account=account, provider=provider, detail=detail | late)

    if old is not None and _was_settled(old, new):
        verdict = "not_submitted" if new.ref is None else "submitted"
        how = new.notes[-1].text if new.notes else ""
        yield said(EventName.SETTLED, verdict=verdict, how=how, provider_id=new.provider_id)
    elif new.ref is not None and (old is None or old.ref is None):
        yield said(EventName.SUBMITTED, provider_id=new.ref.id, raw_status=new.raw_status)
    known = frozenset(line.sequence for line in old.entries) if old is not None else frozenset[int]()
    for line in new.entries:
        if line.sequence not in known:
            name = EventName.CHARGED if line.kind is EntryKind.CHARGE else EventName.REFUNDED
            yield said(name, **_of_line(line), unit=new.unit)
    why = _doubt(new)
    if why is not None and (_doubt(old) is None or (changed and new.status is Status.UNCONFIRMED)):
        yield said(EventName.DOUBT, why=why)
    if changed:
        before = None if old is None else str(old.status)
        yield said(EventName.STATUS, old=before, new=str(new.status), raw_status=new.raw_status)


def elsewhere(event: Event) -> Event:
    """Return the event as one that another process wrote, and tells too: not to be counted again."""
    return evolve(event, detail={**event.detail, "elsewhere": True})


Listener = Callable[[Event], None]


@runtime_checkable
class Tracer(Protocol):
    """What a listener may also be: one that gives a new job its place in a trace."""

    def begin(self, job_id: str, request: Request) -> str | None:
        """A job is about to be made; return the W3C `traceparent` that it keeps, None for none."""
        ...


class Listeners:
    """Those who listen. Empty, it is false: then there is nothing to be told."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self._listeners = tuple(listeners)
        self._failed: set[str] = set()  # whose failure was logged

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, listener: Listener) -> None:
        """Have it told of what happens from now on."""
        self._listeners += (listener,)

    def tell(self, event: Event) -> None:
        """Tell everybody. What a listener raises is logged, once for its class, and goes no further."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                self._note(listener, f"at {event.name}")

    def trace(self, job_id: str, request: Request) -> str | None:
        """Return the `traceparent` that a new job keeps: the first listener that can trace is asked."""
        for listener in self._listeners:
            if isinstance(listener, Tracer):
                try:
                    return listener.begin(job_id, request)
                except Exception:
                    self._note(listener, f"at the beginning of {job_id}")
                    return None
        return None

    def _note(self, listener: object, where: str) -> None:
        # A function's class says nothing: it has its own name.
        named: Any = listener if hasattr(listener, "__qualname__") else type(listener)
        name = f"{named.__module__}.{named.__qualname__}"
        if name not in self._failed:
            self._failed.add(name)
            log.exception("the listener %s failed %s; it is told on, and this is not logged again", name, where)


def _was_settled(old: Attempt, new: Attempt) -> bool:
    """True when a doubt whether the vendor has it is over. A submit that was cut off is settled with a note only."""
    if new.status.in_doubt:
        return False
    if old.status is Status.SUBMITTING:
        return len(new.notes) > len(old.notes)
    return old.status is Status.UNCONFIRMED


def _doubt(attempt: Attempt | None) -> str | None:
    """Return what is not known, beyond what every call that is on its way leaves open."""
    if attempt is None or attempt.status is Status.SUBMITTING or attempt.resuming_at is not None:
        return None
    if attempt.doubt is None and attempt.status is Status.UNCONFIRMED:
        return "it may have been made, and charged"
    return attempt.doubt


def _of_line(line: Entry) -> dict[str, Any]:
    return {
        "sequence": line.sequence,
        "amount": None if line.amount is None else str(line.amount),
        "whole": line.whole,
        "evidence": str(line.evidence),
        "settles": line.settles,
        "note": line.note,
    }


def _plain(value: Any) -> Any:
    """Return what JSON can carry; of a thing that nobody foresaw, its text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
