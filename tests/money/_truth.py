"""Our journal held against the simulators' own books.

Every request of these tests carries a mark, as its label and inside its text, by which a vendor's job is known again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

from genhub import Attempt, Job, Status
from genhub.sim import SimJob, Simulator, Simulators

ACCOUNTS = ("powerpost", "genpro", "adgen")


def mark(job: Job) -> str:
    assert job.request.label is not None
    return job.request.label


def made(sim: Simulator, mark: str) -> list[str]:
    """Return the ids of what a vendor made, and charged, for a mark."""
    return [job_id for job_id, body in sim.creations if mark in repr(body)]


def unclaimed(sim: Simulator, mark: str, jobs: Iterable[Job]) -> list[str]:
    """Return what a vendor made for a mark that no attempt of its account claims."""
    claimed = {each.provider_id for job in jobs for each in job.attempts if each.account == sim.name}
    return [job_id for job_id in made(sim, mark) if job_id not in claimed]


def in_step(attempt: Attempt, theirs: SimJob, sim: Simulator) -> bool:
    """True when the vendor has not moved on since we read it."""
    if attempt.status.is_final:
        return theirs.status == attempt.raw_status
    return theirs.status not in sim.finals and theirs.final_word is None


def why_unsaid(job: Job, attempt: Attempt, *, odd: Collection[str] = ()) -> str | None:
    """Say why a vendor has not said what an attempt cost; None: it has, or it should have.

    `odd`: the marks of requests whose submit was answered by an amount that is none, or that a person settled.
    """
    if attempt.status.in_doubt:
        return "in doubt"
    if attempt.provider == "adgen" and attempt.status in (Status.CANCELED, Status.EXPIRED):
        return "canceled or expired, of which the documents are silent"
    if attempt.provider == "powerpost" and attempt.status is Status.FAILED and attempt.outputs:
        return "partial images"
    if attempt.provider == "genpro" and (not attempt.status.is_final or attempt.resuming_at is not None):
        return "gen.pro says the cost at the end"
    if attempt.doubt is not None and "revived" in attempt.doubt:
        return "revived after a refund"
    if mark(job) in odd:
        return "the answer named no amount"
    return None


def problems(
    jobs: Collection[Job], sims: Simulators, *, odd: Collection[str] = (), final: bool = False
) -> Iterator[str]:
    """Yield whatever is not as it must be; `final`: everything was read, and nothing is on its way."""
    # A job that a route took to several accounts may be made at each of them, once.
    marks = Counter((name, mark(job)) for job in jobs for name in {each.account for each in job.attempts})
    doubts = Counter((each.account, mark(job)) for job in jobs for each in job.attempts if each.status.in_doubt)
    for name in ACCOUNTS:
        sim = sims[name]
        yield from _claims(jobs, sim)
        for _, body in sim.creations:
            if not any(each in repr(body) for account, each in marks if account == name):
                yield f"{name} made something of which the journal knows nothing: {body}"
    for (account, each), count in marks.items():
        sim = sims[account]
        if (number := len(made(sim, each))) > count:
            yield f"{each}: made {number} times at {account} for {count} jobs"
        if len(lost := unclaimed(sim, each, jobs)) > doubts[account, each]:
            known = [attempt for job in jobs if mark(job) == each for attempt in job.attempts]
            yield f"{each}: paid and forgotten at {account}: {lost}; known are {known}"
    for job in jobs:
        for attempt in job.attempts:
            yield from _books(job, attempt, sims[attempt.account], odd, final)


def _claims(jobs: Collection[Job], sim: Simulator) -> Iterator[str]:
    claims: dict[str, str] = {}
    for job in jobs:
        for attempt in job.attempts:
            vendor_id = attempt.provider_id
            if attempt.account != sim.name or vendor_id is None:
                continue
            if vendor_id not in sim.jobs:
                yield f"{attempt.id} claims {vendor_id}, which {sim.name} does not know"
            elif mark(job) not in repr(sim.jobs[vendor_id].body):
                yield f"{attempt.id} ({mark(job)}) claims the job of somebody else: {sim.jobs[vendor_id].body}"
            if vendor_id in claims:
                yield f"{attempt.id} and {claims[vendor_id]} both claim {vendor_id}"
            claims[vendor_id] = attempt.id


def _books(job: Job, attempt: Attempt, sim: Simulator, odd: Collection[str], final: bool) -> Iterator[str]:
    spent = attempt.credits
    sequences = [line.sequence for line in attempt.entries]
    if sequences != sorted(set(sequences)):
        yield f"{attempt.id}: lines out of order: {sequences}"
    about = f"{attempt.id} ({mark(job)}, {attempt.kind}, {attempt.status})"
    if attempt.provider_id is None:
        if spent.exact and spent.net != 0:
            yield f"{about} was never made and cost {spent.net}"
        if not spent.exact and not attempt.status.in_doubt:
            yield f"{about} was never made, and its cost is not certain"
        return
    theirs = sim.jobs.get(attempt.provider_id)
    if theirs is None:
        return  # said above
    if sim.name == "adgen" and theirs.leg > 1:
        return  # failed, was refunded and tried again, free of charge, maybe between two reads: nobody can see that
    moved = not in_step(attempt, theirs, sim)
    net = sim.net(attempt.provider_id)
    if spent.exact and not moved and spent.net != net:
        yield f"{about} cost {spent.net} by our books and {net} by {sim.name}'s: {attempt.entries}"
    if not moved and (net < spent.low or (spent.high is not None and net > spent.high)):
        yield f"{about} cost {net} by {sim.name}'s books, outside of {spent.low} to {spent.high}"
    if not spent.exact and why_unsaid(job, attempt, odd=odd) is None and (final or not moved):
        yield f"{about} is not exact although the vendor has said: {attempt.entries} {attempt.doubt}"
    if final and moved and not _may_move(attempt):
        yield f"{about} is {attempt.raw_status} by our journal and {theirs.status} at {sim.name}"


def _may_move(attempt: Attempt) -> bool:
    """A final status other than `stopped` is not revived by a plain read."""
    return attempt.status.is_final and attempt.status is not Status.STOPPED


def bought_twice(jobs: Iterable[Job], sims: Simulators) -> Iterator[str]:
    """Yield each intention that was paid for more than once, and each job whose sum is not what the vendors took.

    What a hedge's loser cost was given back.
    """
    for job in jobs:
        nets = {(name, each): sims[name].net(each) for name in ACCOUNTS for each in made(sims[name], mark(job))}
        paid = {each: net for each, net in nets.items() if net != 0}
        if len(paid) > 1:
            yield f"{job.id} ({mark(job)}) was paid for more than once: {paid}"
        if job.credits.exact and job.credits.net != sum(nets.values()):
            yield f"{job.id} ({mark(job)}) cost {job.credits.net} by our books, and by theirs {nets}"


def total(sim: Simulator) -> Decimal:
    """What all jobs of a vendor cost together."""
    return sum((sim.net(job_id) for job_id in sim.jobs), Decimal(0))
