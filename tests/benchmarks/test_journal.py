"""The benchmark of the journal, small: what is compared writes the same, and a slow disk is one for all."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from benchmarks import journal
from benchmarks._journal_build import job
from benchmarks._naive_journal import NaiveJournal
from benchmarks._slow_disk import slow_disk
from benchmarks.journal import HAND, HAND_LIFE, HUB, STORE, STORE_LIFE, Level, Place
from genhub.stores._sqlite import SqliteStore

TINY = (Level(in_flight=1, each=2, each_slow=1), Level(in_flight=8, each=1, each_slow=1))


async def test_all_is_measured(tmp_path: Path) -> None:
    """Everything that has a goal is a figure; by hand each write is a commit, and at once many share one."""
    report = await journal.measure(tmp_path, 1, TINY)

    assert {goal.figure for goal in report.goals} <= set(report.figures)
    for place in journal.places(tmp_path):
        for in_flight in (1, 8):
            count = {name: report.figures[journal.commits(name, in_flight, place.name)] for name in journal.YARDSTICKS}
            assert {HAND: 2.0, HAND_LIFE: 3.0} == {name: count[name] for name in (HAND, HAND_LIFE)}
            if in_flight == 1:
                assert {STORE: 2.0, HUB: 2.0, STORE_LIFE: 3.0} == {n: count[n] for n in (STORE, HUB, STORE_LIFE)}
            assert all(1.0 == report.figures[journal.ratio(name, in_flight, place.name)] for name in (HAND, HAND_LIFE))
    assert report.figures[journal.commits(STORE, 8, journal.SLOW)] < 2.0
    assert [] == list(tmp_path.iterdir())


async def test_the_same_is_written(tmp_path: Path) -> None:
    """A job by hand has the texts of the store's row, so that both have as much to write."""
    store = SqliteStore(tmp_path / "store.db")
    await store.open()
    await journal.by_store(store, life=True)
    await store.close()
    async with NaiveJournal(tmp_path / "naive.db") as naive:
        await journal.by_hand(naive, life=True)
        assert 3 == naive.transactions
    with closing(sqlite3.connect(tmp_path / "store.db")) as db:
        ((request, intent, data, status),) = db.execute(
            "SELECT request, intent, data, attempts.status FROM jobs JOIN attempts ON attempts.job_id = jobs.id"
        )
    with closing(sqlite3.connect(tmp_path / "naive.db")) as db:
        ((theirs, outcome, ended),) = db.execute("SELECT request, data, status FROM jobs")

    assert "succeeded" == status == ended
    assert len(request) + len(intent) == pytest.approx(len(theirs), abs=8)
    assert len(data) == pytest.approx(len(outcome), abs=8)


async def test_a_slow_disk(tmp_path: Path) -> None:
    """Each commit of the store waits in the thread that writes; reading does not, and afterwards nothing does."""
    slept = list[tuple[float, str]]()

    def sleep(seconds: float) -> None:
        slept.append((seconds, threading.current_thread().name))

    async def write() -> None:
        store = SqliteStore(tmp_path / f"{len(slept)}.db")
        await store.open()
        await journal.by_store(store, life=False)
        assert await store.job(job(0, is_open=False).id) is None
        await store.close()

    with patch("time.sleep", sleep):
        with slow_disk(0.005):
            await write()
        assert [(0.005, "genhub journal writer")] * 2 == slept
        await write()
        with slow_disk(0.0):
            await write()
        assert 2 == len(slept)
        async with NaiveJournal(tmp_path / "naive.db", slower=0.005) as naive:
            await journal.by_hand(naive, life=True)
    assert [0.005] * 5 == [seconds for seconds, _ in slept]


def test_levels() -> None:
    """On the slow disk fewer are enough."""
    level = Level(in_flight=64, each=20, each_slow=2)
    assert 20 == level.many(Place(name="disk", folder=Path()))
    assert 2 == level.many(Place(name="disk", folder=Path(), slower=0.005))
    assert [1, 64] == [each.in_flight for each in journal.LEVELS]
