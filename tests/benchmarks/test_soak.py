"""The soak, small: its books, its counts, and that it notices what is wrong."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path

from benchmarks import soak
from benchmarks._journal_build import written
from benchmarks._report import Report
from benchmarks._route_cost import Wireless
from benchmarks._soak_jobs import MIX, ORDER
from benchmarks._soak_vendors import LIVES, Books
from benchmarks.soak import Sample, Soak, tallied
from genhub import Hub
from genhub.stores._sqlite import SqliteStore


def missed(report: Report) -> set[str]:
    """Return what has a goal that was not reached."""
    return {goal.figure for goal in report.goals if goal.missed(report.figures)}


def test_three_hundred_jobs() -> None:
    """All end, each job's ledger is the vendor's, and nothing is left; memory says nothing with so few."""
    report = soak.measure(300, in_flight=60)

    assert not missed(report) - {soak.GROWN, soak.SWOLLEN, soak.MORE_TASKS, soak.MORE_SOCKETS}
    lines = {row[0]: row for row in report.tables[0].rows}
    assert {"powerpost": "120", "genpro": "90", "adgen": "90"} == {name: row[1] for name, row in lines.items()}
    assert "9" == lines["genpro"][4]
    assert ["18", "18", "6"] == [lines["powerpost"][3], lines["genpro"][5], lines["adgen"][5]]
    assert all(row[6] == row[7] and Decimal(row[6].replace(",", "")) > 0 for row in lines.values())
    assert {goal.figure for goal in report.goals} <= set(report.figures)


def test_the_mix() -> None:
    """Each hundred jobs are one mix, evenly; each mark has a life at the vendor where it is used."""
    assert 100 == len(ORDER) == sum(kind.share for kind in MIX)
    assert {kind: kind.share for kind in MIX} == Counter(ORDER)
    assert all(LIVES[kind.mark][0] == kind.to for kind in MIX if kind.mark)
    assert set(LIVES) == {kind.mark for kind in MIX} - {""}
    first = Counter(kind.to for kind in ORDER[:50])
    assert all(abs(first[name] - share) <= 3 for name, share in {"powerpost": 20, "genpro": 15, "adgen": 15}.items())


def held(jobs: int, **more: float) -> Sample:
    values = {"allocated": 1e6, "resident": 5e6, "tasks": 30, "sockets": 20} | more
    return Sample(
        jobs=jobs, allocated=values["allocated"], resident=values["resident"], tasks=int(values["tasks"]),
        sockets=int(values["sockets"]),
    )  # fmt: skip


def test_what_grows_is_seen() -> None:
    """A hundred bytes for each job of the second half are a slope; what came before it is not."""
    times = range(1, 201)
    flat = Soak(jobs=201_000, samples=[held(each * 1000, allocated=1e6 + min(each, 50) * 1e5) for each in times])
    leak = Soak(jobs=201_000, samples=[held(each * 1000, resident=each * 1e5, tasks=30 + each) for each in times])
    leak.samples.append(held(200_900, resident=9e9, sockets=100))

    assert 0.0 == flat.grown()[soak.GROWN]
    assert abs(9.9 - leak.grown()[soak.SWOLLEN]) < 1e-6
    assert abs(230 / 130 - 1 - leak.grown()[soak.MORE_TASKS]) < 1e-9
    assert 0.0 == leak.grown()[soak.MORE_SOCKETS]


async def test_what_does_not_balance_is_seen(tmp_path: Path) -> None:
    """A job that cost another sum by the vendor's books, one that it does not know, and one that is still open."""
    path = tmp_path / "journal.db"
    await asyncio.to_thread(written, path, 3, 1)
    ids = [f"00000000-0000-4000-8000-{number:012x}" for number in range(4)]
    nets = {ids[0]: Decimal(3), ids[1]: Decimal(0), ids[3]: Decimal(3), "another": Decimal(3)}
    nowhere = Wireless(base_url="http://127.0.0.1:1", token="token")
    async with Hub({"ads": nowhere}, journal=SqliteStore(path), read_only=True) as hub:
        (tally,) = (await tallied(hub, {"ads": Books(taken=Decimal(9), nets=nets)})).values()

    assert (2, 1, 0) == (tally.wrong, tally.open, tally.unsure)
    assert Decimal(12) == tally.sum
    assert {"another"} == nets.keys() - tally.claimed
    assert {ids[2]} == tally.claimed - nets.keys()
