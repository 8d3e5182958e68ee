"""The benchmark of the journal, as small as it goes: what it counts, and that a slower disk is one for all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import journal
from benchmarks._naive_journal import NaiveJournal
from benchmarks.journal import HUB, NAIVE, STORE, Block, Cell, Place, block, measure, slowed, writers
from genhub.stores._sqlite import SqliteStore


async def test_the_goals_name_figures() -> None:
    """Each goal is about something that is measured, and no row lacks a cell."""
    places = [each for each in journal.places() if each.name != journal.MEMORY]
    report = await measure(1, 0.0, places)

    assert set() == {goal.figure for goal in report.goals} - set(report.figures)
    (table,) = report.tables
    assert {len(table.head)} == {len(row) for row in table.rows}
    assert len(places) * len(journal.IN_FLIGHT) * len(journal.TITLES) == len(table.rows)


async def test_commits_are_counted(tmp_path: Path) -> None:
    """Alone, a submit takes two; with many in flight genhub's share them, and those by hand do not."""
    async with writers(Place(name="here", folder=tmp_path), 64) as found:
        alone = {name: await block(writer, 1, 0.0) for name, writer in found.items()}
        many = {name: await block(writer, 64, 0.0) for name, writer in found.items()}

    assert {STORE: 2, HUB: 2, NAIVE: 2} == {name: each.commits for name, each in alone.items()}
    assert 2 == many[NAIVE].commits
    assert many[STORE].commits < 1
    assert many[HUB].commits < 1


async def test_every_commit_is_slowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes sleeps as long for a commit, genhub's writer and the one by hand; a reader does not."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with slowed(0.005):
        async with SqliteStore(tmp_path / "genhub.db") as store:
            await store.put("fact", 1)
            assert 1 == await store.get("fact")
            assert [0.005] * store.transactions == slept
    naive = NaiveJournal(tmp_path / "naive.db", 0.007)
    naive.intend("j1", {})
    naive.outcome("j1", "v1")
    naive.close()

    assert [0.005, 0.007, 0.007] == slept
    async with SqliteStore(tmp_path / "genhub.db") as store:
        await store.put("fact", 2)
    assert 3 == len(slept), "only while it is asked for"


def test_a_ratio_is_of_one_round() -> None:
    """Each block is held against that of its own round."""
    cell = Cell(place="disk", in_flight=64)
    for ours, theirs in ((100.0, 10.0), (400.0, 20.0), (900.0, 30.0)):
        cell.blocks[HUB].append(Block(rate=ours, commits=0.03))
        cell.blocks[STORE].append(Block(rate=ours, commits=0.03))
        cell.blocks[NAIVE].append(Block(rate=theirs, commits=2.0))

    found = cell.figures()
    assert [10.0, 20.0, 30.0] == cell.times(HUB)
    assert (400.0, 20.0) == (found[cell.name(HUB, "submits a second")], found[cell.name(HUB, "times by hand")])
    assert 10.0 == found[cell.name(HUB, "times by hand, lower 95 % bound")]
    assert cell.name(NAIVE, "times by hand") not in found
