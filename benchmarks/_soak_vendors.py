"""The three simulators of a soak, in a process of their own; they judge the journal too, batch by batch.

Here, since neither what they keep nor what it takes to compare is to be seen in the hub's memory. After each batch they
forget all: `reset`. The parent says where the journal is and since when a batch goes, one line of JSON each, and is
answered by a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import asdict, define, field

from benchmarks._soak_jobs import ACCOUNTS, CELLS, FIRST_CELL, KINDS, MARK, OWN_CELLS, kind, scenarios
from genhub import Job
from genhub.sim import Simulator, Simulators
from genhub.stores import JobFilter
from genhub.stores._sqlite import SqliteStore

#: So many problems are kept in words.
TOLD = 5


@define(kw_only=True)
class Verdict:
    """What the vendors' books say of ours, over one batch or several."""

    jobs: int = 0  #: in the journal
    requests: int = 0  #: that the vendors have seen
    spent: dict[str, Decimal] = field(factory=lambda: dict.fromkeys(ACCOUNTS, Decimal(0)))  #: by our ledger
    taken: dict[str, Decimal] = field(factory=lambda: dict.fromkeys(ACCOUNTS, Decimal(0)))  #: by the vendors' balances
    refunds: int = 0  #: lines of the vendors' books
    lost: int = 0  #: answers
    twice: int = 0  #: jobs for which a vendor made, and charged, more than one
    forgotten: int = 0  #: jobs of a vendor that no attempt, or more than one, claims
    wrong: int = 0  #: jobs that cost another sum by our books, or ended otherwise than they should
    told: list[str] = field(factory=list[str])

    @property
    def balanced(self) -> bool:
        """True when all books agree."""
        return self.spent == self.taken and not (self.twice or self.forgotten or self.wrong)

    def add(self, other: Verdict) -> None:
        """Take another batch in."""
        for name in ("jobs", "requests", "refunds", "lost", "twice", "forgotten", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ACCOUNTS:
            self.spent[name] += other.spent[name]
            self.taken[name] += other.taken[name]
        self.told = [*self.told, *other.told][:TOLD]

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def of_line(cls, line: str | bytes) -> Verdict:
        """Return what a line says."""
        data: dict[str, Any] = json.loads(line)
        for books in ("spent", "taken"):
            data[books] = {name: Decimal(amount) for name, amount in data[books].items()}
        return cls(**data)


def judge(jobs: list[Job], sims: Simulators) -> Verdict:
    """Hold all jobs of a batch against the vendors' books."""
    found = Verdict(jobs=len(jobs))
    claims = Counter((each.account, each.provider_id) for job in jobs for each in job.attempts)
    for name in ACCOUNTS:
        sim = sims[name]
        found.requests += len(sim.requests)
        found.refunds += sum(line.kind == "refund" for line in sim.ledger)
        found.lost += sum(sim.hits.values())
        found.taken[name] = sim.opening_balance - sim.balance
        made = Counter(MARK.findall(repr(body))[0] for _, body in sim.creations)
        found.twice += sum(count > 1 for count in made.values())
        for job_id, body in sim.creations:
            if claims[name, job_id] != 1:
                found.forgotten += 1
                found.told.append(f"{name} made {job_id}, which {claims[name, job_id]} attempts claim: {body}")
    for job in jobs:
        found.spent[job.account] += job.credits.net or 0
        if problems := "; ".join(_problems(job, sims[job.account])):
            found.wrong += 1
            found.told.append(f"{job.id} ({job.request.asked()}): {problems}")
    found.told = found.told[:TOLD]
    return found


def _problems(job: Job, sim: Simulator) -> Iterator[str]:
    due = KINDS[kind(int((job.request.label or "r0x")[1:-1]))].status
    if job.status is not due:
        yield f"is {job.status}, not {due}: {job.attempt.doubt or job.error}"
    if len(job.attempts) != 1:
        yield f"has {len(job.attempts)} attempts"
    theirs = sim.net(job.provider_id or "")
    if not job.credits.exact or job.credits.net != theirs:
        yield f"cost {job.credits.net} by our books, and {theirs} by {sim.name}'s"


def simulators(speed: float) -> Simulators:
    """Return the vendors, whose credit and patience do not end."""
    ample: dict[str, Any] = {"balance": 10**9, "rate_limit": None, "keep_requests": 10**9}
    options = {name: {**ample, **({"cell_count": CELLS + OWN_CELLS} if name == "genpro" else {})} for name in ACCOUNTS}
    options["genpro"] |= {"cell_id": FIRST_CELL, "layer_count": 1}
    return Simulators(ACCOUNTS, speed=speed, options=options)


def begin(sims: Simulators) -> None:
    """Forget what was, and say what is to happen."""
    for name in ACCOUNTS:
        sims[name].reset()
    for name, scenario in scenarios():
        sims[name].script(scenario)


async def serve(speed: float) -> None:
    """Say where the vendors are, then judge until nobody asks any more."""
    loop = asyncio.get_running_loop()
    async with simulators(speed) as sims:
        begin(sims)
        print(json.dumps({name: sims[name].settings() for name in ACCOUNTS}), flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            asked = json.loads(line)
            store = SqliteStore(Path(asked["journal"]))
            await store.open(read_only=True)
            try:
                since = datetime.fromisoformat(asked["since"])
                jobs = [job async for job in store.jobs(JobFilter(since=since))]
            finally:
                await store.close()
            print(judge(jobs, sims).line(), flush=True)
            begin(sims)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
