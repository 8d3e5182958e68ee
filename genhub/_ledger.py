"""The ledger read as a book: its lines, and what they add up to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Literal

from attrs import frozen

from genhub._credits import Credits, Entry
from genhub._jobs import Attempt, Job

By = Literal["job", "account", "day", "label", "tag"]


@frozen(kw_only=True)
class LedgerLine:
    """One line, with the job and the attempt that it belongs to."""

    job: Job
    attempt: Attempt
    entry: Entry


@frozen(kw_only=True)
class Total:
    """What the jobs of one group cost: in each vendor's credits, and in money where prices are set."""

    group: str
    jobs: int
    credits: tuple[Credits, ...]  #: one for each unit
    money: tuple[Credits, ...]  #: one for each currency
    unpriced: bool  #: some of it has no price: the money is "at least"


async def lines(jobs: AsyncIterator[Job]) -> AsyncIterator[LedgerLine]:
    """Yield every line of these jobs, job by job, in the order in which they were written."""
    async for job in jobs:
        for attempt in job.attempts:
            for entry in attempt.entries:
                yield LedgerLine(job=job, attempt=attempt, entry=entry)


def totals(jobs: Iterable[Job], by: By, tag: str | None = None) -> list[Total]:
    """Add up jobs by a group. Credits of different vendors are never added; `tag` is the tag's name."""
    groups: dict[str, list[Job]] = {}
    attempts: dict[str, list[Attempt]] = {}
    for job in jobs:
        for attempt in job.attempts:
            name = _group(by, tag)(job, attempt)
            attempts.setdefault(name, []).append(attempt)
            known = groups.setdefault(name, [])
            if not known or known[-1] is not job:
                known.append(job)
    return [_total(name, len(groups[name]), attempts[name]) for name in groups]


def _group(by: By, tag: str | None) -> Callable[[Job, Attempt], str]:
    match by:
        case "job":
            return lambda job, _: job.id
        case "account":
            return lambda _, attempt: attempt.account
        case "day":
            return lambda _, attempt: attempt.created_at.date().isoformat()
        case "label":
            return lambda job, _: job.request.label or ""
        case "tag":
            return lambda job, _: job.request.tags.get(tag or "", "")


def _total(group: str, jobs: int, attempts: list[Attempt]) -> Total:
    units: dict[str, list[Credits]] = {}
    currencies: dict[str, list[Credits]] = {}
    unpriced = False
    for attempt in attempts:
        spent = attempt.credits
        units.setdefault(attempt.unit, []).append(spent)
        if attempt.price is not None:
            currencies.setdefault(attempt.price.currency, []).append(spent.at(attempt.price))
        elif not (spent.exact and spent.net == 0):
            unpriced = True
    return Total(
        group=group,
        jobs=jobs,
        credits=tuple(Credits.sum(parts) for parts in units.values()),
        money=tuple(Credits.sum(parts) for parts in currencies.values()),
        unpriced=unpriced,
    )
