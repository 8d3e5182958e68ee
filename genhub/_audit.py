"""The ledger against the vendor's balance.

An audit remembers what it saw. The next one expects the balance to have moved by what the ledger says was spent since;
what differs is explained by jobs whose cost is not certain, or it is not explained.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from genhub._bound import Bound
from genhub._clock import moment
from genhub._credits import ZERO, Balance, EntryKind, Evidence
from genhub._desk import Desk
from genhub._jobs import Attempt
from genhub._provider import Candidate
from genhub.stores import JobFilter

log = logging.getLogger("genhub.audit")
#: How often ledger and balance are read until nothing moved in between.
TRIES = 5


@frozen(kw_only=True)
class Suspect:
    """A job whose cost is not certain: what it may account for."""

    job_id: str
    attempt_id: str
    counted: Decimal  #: what the expectation took it to have cost
    low: Decimal
    high: Decimal | None  #: `None`: unbounded
    why: str
    less: Decimal | None = ZERO  #: how much less than expected it may have taken since the last audit; None: unbounded
    more: Decimal | None = ZERO  #: how much more


@frozen(kw_only=True)
class Audit:
    """What an account's ledger says, and what its vendor says.

    `difference` is actual minus expected: negative when more was spent than the ledger knows. The first audit of an
    account has nothing to compare with: `expected`, `difference` and `explained` are `None`.
    """

    account: str
    unit: str
    at: datetime
    actual: Decimal | None  #: the vendor's balance; `None`: an audit without the network
    expected: Decimal | None
    difference: Decimal | None
    since: datetime | None  #: the last audit
    candidates: tuple[Suspect, ...] = ()  #: jobs by which a difference could be explained
    explained: bool | None = None  #: the difference lies within what the candidates may have cost
    refunds_due: tuple[Suspect, ...] = ()  #: documented refunds since the last audit that nobody has seen yet
    unclaimed: tuple[Candidate, ...] = ()  #: the vendor's jobs that no attempt of this journal claims

    @property
    def attributed(self) -> tuple[Suspect, Decimal] | None:
        """What the balance leaves for the one job whose cost is open; None when several could share it."""
        open_ones = [each for each in self.candidates if each.less != ZERO or each.more != ZERO]
        if len(open_ones) != 1 or not self.explained or self.difference is None:
            return None
        (only,) = open_ones
        return None if only.low == only.high else (only, only.counted - self.difference)


@frozen
class _Seen:
    """What the last audit saw."""

    balance: Decimal
    counted: Decimal  # what the ledger's jobs were taken to have cost then
    at: datetime
    open: Mapping[str, tuple[Decimal | None, Decimal]]  # attempts that were not certain: how much less, more it may be


async def audit(desk: Desk, name: str, *, offline: bool = False) -> Audit:
    """See `Hub.audit`."""
    bound = None if offline else desk.account(name)
    before = _remembered(await desk.store.get(_fact(name)))
    balance: Balance | None = None
    attempts = await _attempts(desk, name)
    for _ in range(1 if offline else TRIES):
        if bound is not None:
            balance = await bound.verb("balance").balance(bound.http)
        earlier, attempts = attempts, await _attempts(desk, name)
        if earlier == attempts:  # nothing moved while the vendor was asked: both are of one moment
            break
    else:
        log.info("%s: the ledger moves all the time; this audit is of no single moment", name)
    was_open: Mapping[str, tuple[Decimal | None, Decimal]] = {} if before is None else before.open
    suspects = [
        _suspect(each, was_open.get(each.id)) for each in attempts if not each.credits.exact or each.id in was_open
    ]
    due = [suspect for each in attempts for suspect in _due(each, before)]
    total = sum((_counted(each) for each in attempts), ZERO)
    at = moment(desk.clock)
    actual = None if balance is None else balance.amount
    expected = None if before is None else before.balance - (total - before.counted)
    difference = None if actual is None or expected is None else actual - expected
    explained = None if difference is None else _explains(difference, suspects)
    if actual is not None and not desk.read_only:
        await desk.store.put(_fact(name), _fact_of(actual, total, at, attempts))
    return Audit(
        account=name,
        unit=attempts[-1].unit if attempts else "" if bound is None else bound.provider.billing.unit,
        at=at,
        actual=actual,
        expected=expected,
        difference=difference,
        since=None if before is None else before.at,
        candidates=tuple(suspects),
        explained=explained,
        refunds_due=() if explained and not suspects else tuple(due),
        unclaimed=() if bound is None else await _unclaimed(desk, bound),
    )


async def _attempts(desk: Desk, name: str) -> list[Attempt]:
    """Return the account's attempts that may have cost something."""
    return [
        attempt
        async for job in desk.store.jobs(JobFilter(account=name))
        for attempt in job.attempts
        if attempt.account == name and (attempt.entries or not attempt.credits.exact)
    ]


def _fact(name: str) -> str:
    return f"audit {name}"


def _remembered(fact: Mapping[str, Any] | None) -> _Seen | None:
    if fact is None:
        return None
    spans: Mapping[str, tuple[str | None, str]] = fact.get("open", {})
    was_open = {each: (None if more is None else Decimal(more), Decimal(less)) for each, (more, less) in spans.items()}
    return _Seen(Decimal(fact["balance"]), Decimal(fact["counted"]), datetime.fromisoformat(fact["at"]), was_open)


def _fact_of(balance: Decimal, total: Decimal, at: datetime, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """What the next audit has to know of this one: of what was not certain, how much more and less it may have been."""
    spans = {
        each.id: (None if high is None else str(high - counted), str(counted - each.credits.low))
        for each in attempts
        if not each.credits.exact
        for high, counted in [(each.credits.high, _counted(each))]
    }
    return {"balance": str(balance), "counted": str(total), "at": at.isoformat(), "open": spans}


def _counted(attempt: Attempt) -> Decimal:
    """What an attempt is taken to have cost: its net, or what is certain of it."""
    spent = attempt.credits
    return spent.low if spent.net is None else spent.net


def _suspect(attempt: Attempt, then: tuple[Decimal | None, Decimal] | None) -> Suspect:
    """What an attempt may account for: what is open now, and what was open when the last balance was taken."""
    spent, counted = attempt.credits, _counted(attempt)
    more_then, less_then = then or (ZERO, ZERO)
    why = attempt.doubt or f"{attempt.status}: the amount of a line was not said"
    return Suspect(
        job_id=attempt.job_id,
        attempt_id=attempt.id,
        counted=counted,
        low=spent.low,
        high=spent.high,
        why="not certain at the last audit" if spent.exact else why,
        # What the vendor had taken already by then is not taken again since.
        less=None if more_then is None else counted - spent.low + more_then,
        more=None if spent.high is None else spent.high - counted + less_then,
    )


def _due(attempt: Attempt, before: _Seen | None) -> list[Suspect]:
    """Documented refunds since the last audit: they happen by the vendor's documents, and were not seen to happen."""
    return [
        Suspect(
            job_id=attempt.job_id,
            attempt_id=attempt.id,
            counted=ZERO,
            low=ZERO,
            high=entry.amount,
            why=entry.note or "refund",
        )
        for entry in attempt.entries
        if entry.kind is EntryKind.REFUND
        and entry.evidence is Evidence.DOCUMENTED
        and (before is None or entry.at > before.at)
    ]


def _explains(difference: Decimal, suspects: list[Suspect]) -> bool:
    """True when the balance lies within what the uncertain jobs may have cost."""
    lower, higher = _bound(each.more for each in suspects), _bound(each.less for each in suspects)
    return (lower is None or -difference <= lower) and (higher is None or difference <= higher)


def _bound(parts: Iterable[Decimal | None]) -> Decimal | None:
    """Add up; None, unbounded, where a part is."""
    total = ZERO
    for part in parts:
        if part is None:
            return None
        total += part
    return total


async def _unclaimed(desk: Desk, bound: Bound) -> tuple[Candidate, ...]:
    """Return the vendor's jobs, as far as it lists them, that no attempt of the journal claims."""
    if not bound.can("inventory"):
        return ()
    listed: list[Candidate] = [each async for each in bound.verb("inventory").inventory(bound.http)]
    claimed = await desk.driver.place(bound).claimed([each.ref.id for each in listed])
    return tuple(each for each in listed if each.ref.id not in claimed and each.charged != ZERO)
