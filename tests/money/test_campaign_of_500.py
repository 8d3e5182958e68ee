"""Five hundred jobs at three vendors, a wire that breaks anywhere, and twenty kills: nothing twice, nothing lost.

The vendors run here, over real sockets; the campaign runs in a child that is killed when they have seen so many calls,
and started again on the same journal with the same keys. `pytest -s` shows what came of it; `GENHUB_SEED` draws another
campaign.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import frozen

from genhub import GenhubError, Hub, Job, Status
from genhub._config import account
from genhub.sim import Fault, Scenario, Simulators
from tests.money._nursery import Nursery
from tests.money._requests import KINDS
from tests.money._truth import ACCOUNTS, made, mark, problems, total, why_unsaid

JOBS, KILLS = 500, 20
SEED = int(os.environ.get("GENHUB_SEED", "20261123"))
#: Small, so that nobody waits. What was sent before a kill may be made for `timeout` and ten seconds more.
QUICK = {"poll_every": 0.02, "doubt_grace": 0.1, "timeout": 1}
#: What a key at CutX protects lives until it is read, here.
REPLAY = 600
FAULTS = sorted(set(Fault) - {Fault.HUGE, Fault.SLOW, Fault.HANG_BEFORE})
READ_FAULTS = [Fault.ERROR_500_BEFORE, Fault.LOSE_ANSWER, Fault.GARBLED, Fault.HTML, Fault.UNKNOWN_WORD]
WORK = ("processing", "processing")
LIVES: dict[str, list[Scenario]] = {
    "captions": [Scenario(steps=(*WORK, "completed"), final_cost=Decimal(7))],
    "images": [Scenario(steps=("processing", "failed"), partial=1)],
    "text": [Scenario(steps=(*WORK, "completed"), final_cost=Decimal("3.25"))],
    "picture": [Scenario(steps=(*WORK, "completed"), final_cost=Decimal(1))],
    "ad": [Scenario(steps=("processing", "expired"))],
    "avatar": [Scenario(steps=("processing", "canceled"))],
}
EITHER = [Scenario(steps=(*WORK, "completed")), Scenario(steps=(*WORK, "failed"))]


@frozen
class Row:
    kind: str
    mark: str
    cell: int
    verb: str | None = None

    def plain(self) -> tuple[str, str, int, str | None]:
        return self.kind, self.mark, self.cell, self.verb


def rows(chance: random.Random, sims: Simulators) -> list[Row]:
    """Draw what is asked for, how each job will live, and where its wire breaks."""
    found: list[Row] = []
    for number in range(JOBS):
        kind = sorted(KINDS)[number % len(KINDS)]
        name, text = KINDS[kind][0], f"r{number:03}x"
        shape = chance.choice([*EITHER, EITHER[0], *LIVES.get(kind, [])])
        verb = chance.choice([None, None, None, "stop", "resume"]) if name == "genpro" else None
        if verb is not None:
            shape = Scenario(steps=("processing",) * 8 + ("completed",))
        life: dict[str, Any] = {"steps": shape.steps, "partial": shape.partial, "final_cost": shape.final_cost}
        breaks: dict[str, Any] = {}
        draw = chance.random()
        if draw < 0.45:
            breaks = {"fault": chance.choice(FAULTS), "retry_after": 0.05}
        elif draw < 0.6:
            breaks = {"fault": chance.choice(READ_FAULTS), "on": "poll", "after": chance.randint(0, 2)}
        elif verb == "resume":
            breaks = {"fault": chance.choice(READ_FAULTS[:3]), "on": "continue"}
        sims[name].script(Scenario(match=text, **life, **breaks))
        sims[name].script(Scenario(match=text, steps=EITHER[0].steps, times=None))  # of what is made later
        found.append(Row(kind, text, 3000 + number, verb))
    chance.shuffle(found)
    return found


def odd(sims: Simulators) -> set[str]:
    """Return the marks of what is answered by an amount that is none."""
    scenarios = [script.scenario for name in ACCOUNTS for script in sims[name].scripts]
    return {str(each.match) for each in scenarios if each.fault is Fault.ODD_AMOUNT}


def seen(sims: Simulators) -> int:
    """How many calls all vendors have seen."""
    return sum(len(sims[name].requests) for name in ACCOUNTS)


async def test_five_hundred_jobs_and_twenty_kills(births: Nursery, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    many: dict[str, Any] = {"balance": 1_000_000, "keep_requests": 1_000_000}
    options = {name: {**many, **({"cell_count": JOBS} if name == "genpro" else {})} for name in ACCOUNTS}
    async with Simulators(options=options) as sims:
        asked = rows(chance, sims)
        unsaid = odd(sims)
        accounts = {name: {**sims[name].settings(), **QUICK} for name in ACCOUNTS}
        accounts["adgen"]["replay_window"] = REPLAY
        life: dict[str, Any] = {
            "folder": str(tmp_path), "journal": str(tmp_path / "genhub.db"), "accounts": accounts, "work": "campaign",
            "rows": [row.plain() for row in asked], "at_once": 16,
        }  # fmt: skip
        kills = lives = 0
        while True:
            child = births.bear({**life, "side_by_side": lives % 2 == 1})
            lives += 1
            enough = seen(sims) + chance.randint(20, 220) if kills < KILLS else None
            while not child.ended and (enough is None or seen(sims) < enough):
                child.read()
                await asyncio.sleep(0.001)
            if not child.ended:
                child.send(signal.SIGKILL)
                kills += 1
            said = await child.end()
            assert not any("error" in each for each in said), said
            if kills == KILLS and any("done" in each for each in said):
                if not any("refused" in each for each in said):
                    break
                assert lives < KILLS + 10, "refused again and again"

        hub_accounts = {name: account(name, given, {}) for name, given in accounts.items()}
        async with Hub(hub_accounts, journal=f"sqlite:///{tmp_path}/genhub.db") as hub:
            for job in [job async for job in hub.jobs()]:
                if not job.status.in_doubt:
                    with suppress(GenhubError):
                        await hub.poll(job.id)
            jobs = [job async for job in hub.jobs()]
        _judge(asked, jobs, sims, unsaid, kills)


def _judge(asked: list[Row], jobs: list[Job], sims: Simulators, unsaid: set[str], kills: int) -> None:
    kinds = {row.mark: row.kind for row in asked}
    wrong = list(problems(jobs, sims, odd=unsaid, final=True))
    counts = {row.mark: len(made(sims[KINDS[row.kind][0]], row.mark)) for row in asked}
    exact = [job for job in jobs if job.credits.exact]
    reasons: Counter[str] = Counter()
    for job in jobs:
        for attempt in job.attempts:
            if not attempt.credits.exact:
                why = why_unsaid(job, attempt, odd=unsaid)
                reasons[f"{why}: {kinds[mark(job)]}" if why == "in doubt" else str(why)] += 1
    hits = sum(sum(sims[name].hits.values()) for name in ACCOUNTS)
    print(
        f"\n{len(jobs)} jobs, {kills} kills, {hits} faults, {seen(sims)} calls: {sum(counts.values())} made, "
        f"{sum(count > 1 for count in counts.values())} made twice, {len(asked) - len(jobs)} lost; "
        f"{len(exact)} exact ({sum(net(job) for job in exact)} credits), not exact: {dict(sorted(reasons.items()))}; "
        f"ends: {dict(sorted(Counter(str(job.status) for job in jobs).items()))}"
    )
    assert not wrong, "\n".join(wrong)
    assert (JOBS, KILLS) == (len(jobs), kills)
    assert {row.mark for row in asked} == {mark(job) for job in jobs} == {job.key for job in jobs}
    assert max(counts.values()) == 1
    assert all(job.status.is_final or job.status.in_doubt for job in jobs)
    # A replay under CutX's key can be lost as well: then nobody has said what became of a static ad or a video.
    silent = ("images", "clip", "copy", "ad", "avatar")
    strange = [job for job in jobs if job.status.in_doubt and kinds[mark(job)] not in silent]
    assert not strange, [(kinds[mark(job)], job.attempt.notes) for job in strange]
    allowed = {
        *(f"in doubt: {kind}" for kind in silent), "partial images",
        "canceled or expired, of which the documents are silent", "the answer named no amount",
    }  # fmt: skip
    assert set(reasons) <= allowed
    # What cost something, and is neither exact nor claimed, is what is in doubt.
    books = sum(net(job) for job in exact)
    theirs = sum(total(sims[name]) for name in ACCOUNTS)
    rest = sum(
        sims[job.account].net(each) for job in jobs if not job.credits.exact
        for each in made(sims[job.account], mark(job))
    )  # fmt: skip
    assert books + rest == theirs
    assert 100 < hits and 300 < len(exact)
    assert any(job.status is Status.STOPPED for job in jobs)


def net(job: Job) -> Decimal:
    assert job.credits.net is not None
    return job.credits.net
