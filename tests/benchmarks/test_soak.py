"""The soak, as small as it goes; and that what leaks, is bought twice, or does not add up is noticed."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from benchmarks import soak
from benchmarks._soak_held import Held, slope
from benchmarks._soak_jobs import KINDS, ORDER, kind, mark, request, scenarios
from benchmarks._soak_vendors import Verdict, begin, judge, simulators
from benchmarks.soak import Soaked, batch, report
from genhub import Hub, Job, Status
from genhub.sim import Simulators

NOTHING = Held(jobs=0, tasks=1, sockets=2, rss=50_000_000, blocks=200_000, in_hand=0)


async def test_two_hundred_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """All end as they should, all books balance, and nothing is left; growth is not judged by so few."""
    monkeypatch.setattr(soak, "REST", 0.0)
    seen = await soak.soak(200, 50, 100)
    said = report(seen)

    figures = said.figures
    assert dict.fromkeys(soak.NONE, 0) == {name: figures[name] for name in soak.NONE if name in figures}
    assert {soak.RSS, soak.BLOCKS} == {goal.figure for goal in said.goals if goal.figure in (soak.RSS, soak.BLOCKS)}
    assert figures.keys().isdisjoint({soak.RSS, soak.BLOCKS})
    assert (200, [100, 200]) == (seen.verdict.jobs, [each.jobs for each in seen.rests])
    assert (4, 36) == (seen.verdict.lost, seen.verdict.refunds - 4), "36 fail or are stopped, 4 cost less"
    assert all(seen.verdict.taken.values())
    for table in said.tables:
        assert {len(table.head)} == {len(row) for row in table.rows}


async def _batch(sims: Simulators, count: int = 100) -> list[Job]:
    accounts = {name: soak.account(sims[name].settings()) for name in sims}
    async with Hub(accounts) as hub:
        seen = Soaked(asked=count, before=NOTHING, after=NOTHING)
        await batch(hub, iter(range(count)), 20, seen)
        assert [] == seen.errors
        return [job async for job in hub.jobs()]


async def test_the_books_are_held_against_each_other() -> None:
    """What was bought twice, forgotten, ended otherwise or cost another sum is found, each by itself."""
    async with simulators(1000.0) as sims:
        begin(sims)
        jobs = await _batch(sims)
        fair = judge(jobs, sims)
        assert fair.balanced
        assert (100, []) == (fair.jobs, fair.told)

        stray = judge(jobs[1:], sims)
        assert (1, 0, False) == (stray.forgotten, stray.twice, stray.balanced)
        wrong = judge([evolve(jobs[0], attempts=(evolve(jobs[0].attempt, entries=()),)), *jobs[1:]], sims)
        assert (1, 0, False) == (wrong.wrong, wrong.forgotten, wrong.balanced)
        ended = judge([evolve(jobs[0], attempts=(evolve(jobs[0].attempt, status=Status.EXPIRED),)), *jobs[1:]], sims)
        assert 1 == ended.wrong
        sim = sims[jobs[0].account]
        sim.creations.append(next(each for each in sim.creations if each[0] == jobs[0].provider_id))
        assert 1 == judge(jobs, sims).twice
        sim.set_balance(sim.balance)
        begin(sims)
        assert (0, [], False) == (len(sim.jobs), sim.creations, judge(jobs, sims).balanced)


def test_verdicts_add_up() -> None:
    """A batch's comes as a line, and all are added; a difference that another one hides is no balance of either."""
    first = Verdict(jobs=2, lost=1, spent={"powerpost": Decimal("2.50"), "genpro": Decimal(0), "adgen": Decimal(0)})
    again = Verdict.of_line(first.line())
    assert first == again
    again.add(Verdict(jobs=3, twice=1, told=[f"{number}" for number in range(9)]))

    assert (5, 1, 1, Decimal("2.50")) == (again.jobs, again.lost, again.twice, again.spent["powerpost"])
    assert ["0", "1", "2", "3", "4"] == again.told
    assert not first.balanced
    assert Verdict().balanced


def _grown(rss: float, blocks: float) -> dict[str, float]:
    rests = [
        evolve(NOTHING, jobs=jobs, rss=round(50e6 + rss * jobs), blocks=round(2e5 + blocks * jobs), sockets=102)
        for jobs in range(4000, 200_001, 4000)
    ]
    seen = Soaked(asked=200_000, before=NOTHING, after=NOTHING, rests=rests, seconds=1.0)
    seen.verdict.jobs = 200_000
    return seen.figures()


def test_growth_is_noticed() -> None:
    """One entry of a dict a job misses both goals of memory; nothing misses none, and all have their figures."""
    leaking, sound = _grown(200.0, 1.0), _grown(0.0, 0.0)

    assert pytest.approx(200, abs=0.1) == leaking[soak.RSS]
    assert pytest.approx(1, abs=0.01) == leaking[soak.BLOCKS]
    assert {soak.RSS, soak.BLOCKS} == {goal.figure for goal in soak.GOALS if goal.missed(leaking)}
    assert set() == {goal.figure for goal in soak.GOALS if goal.missed(sound)}
    assert set(sound) >= {goal.figure for goal in soak.GOALS}
    assert pytest.approx(2.0) == slope([(0, 1), (1, 3), (2, 5)])


async def test_what_is_held_is_seen() -> None:
    """A task, a socket and many objects more are counted."""
    before = Held.now(0)
    task = asyncio.create_task(asyncio.sleep(3600))
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    kept = [[number] for number in range(10_000)]
    after = Held.now(1)
    server.close()
    await server.wait_closed()
    task.cancel()

    assert (1, 10_000) == (after.tasks - before.tasks, len(kept))
    assert after.blocks - before.blocks >= 10_000
    if Path("/proc/self/fd").is_dir():
        assert before.sockets is not None
        assert before.sockets + 1 == after.sockets


def test_the_jobs_of_a_hundred() -> None:
    """Each kind has its share in every hundred, is known by its mark, and is told apart by its scenario's match."""
    assert 100 == len(ORDER) == sum(each.of_100 for each in KINDS.values())
    assert {name: each.of_100 for name, each in KINDS.items()} == {name: ORDER.count(name) for name in KINDS}
    assert kind(7) == kind(107)
    texts = [str(request(number).asked()) for number in range(100)]
    for _, scenario in scenarios():
        assert scenario.match is not None
        name = scenario.match[1:-1]
        assert KINDS[name].of_100 == sum(scenario.match in text for text in texts)
    assert all(mark(number) in text for number, text in enumerate(texts))
