"""The benchmark of a job's life, as small as it goes: all speak to the server, and it says what it measured."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from benchmarks import _connections, _job_server, overhead
from benchmarks._dialects import DIALECTS
from benchmarks._keep_alive import listen
from benchmarks._peers import FOLDER, PEERS, Block, Living, NotInstalled, Peer, python
from benchmarks._report import Report
from benchmarks._virtual import run

#: What each client looks at: the id in the first answer, where the status stands, and its words for running and done.
WORDS = {
    "adgen": ("jobId", "processing", "completed"),
    "fal": ("request_id", "IN_PROGRESS", "COMPLETED"),
    "replicate": ("id", "processing", "succeeded"),
    "runway": ("id", "RUNNING", "SUCCEEDED"),
    "openai": ("id", "in_progress", "completed"),
}
TINY = (overhead.Level(in_flight=2, each=1, every=0.0, one_in=1, theirs=1),)


@asynccontextmanager
async def job_server() -> AsyncIterator[str]:
    """Run the server on this loop; gives its origin."""
    server = await listen(_job_server.answer)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class Stub:
    """A client of the field: costs what it is told to cost, or fails."""

    def __init__(self, us: float, *, whole: bool = True, why: str = "") -> None:
        self.block_, self.why, self.asked = Block(us=us, whole=whole), why, 0

    async def block(self, in_flight: int, each: int, every: float) -> Block:
        self.asked += 1
        if self.why:
            raise NotInstalled(self.why)
        return self.block_


@pytest.mark.parametrize("name", DIALECTS)
async def test_each_dialect_is_spoken(name: str) -> None:
    """A job runs for four reads and is done at the fifth, in the service's own words; then it is forgotten."""
    dialect = DIALECTS[name]
    field, running, done = WORDS[name]
    post, status = (target.decode().split(" ")[1] for target in (dialect.submit, dialect.status))
    async with job_server() as origin, aiohttp.ClientSession() as session:

        async def get(url: str) -> tuple[int, dict[str, str]]:
            async with session.get(url) as answer:
                return answer.status, json.loads(await answer.read())

        async with session.post(f"{origin}{post}", data=b"x" * 100_000) as answer:
            made = await answer.json()
        url = f"{origin}{status.replace('*', made[field].removeprefix('video_'))}"
        seen = [await get(url) for _ in range(6)]

        assert [(200, running)] * 4 + [(200, done)] == [(code, said["status"]) for code, said in seen[:5]]
        assert (404, {}) == seen[5]
        if name == "fal":
            assert url == made["status_url"]
            assert (200, {"video"}) == ((got := await get(made["response_url"]))[0], set(got[1]))
            assert (404, {}) == await get(f"{url}?logs=false")
    assert {} == _job_server._reads


async def test_a_query_belongs_to_no_target() -> None:
    """fal-client asks for the status with a query; what the server doesn't know is not found."""
    async with job_server() as origin, aiohttp.ClientSession() as session:
        async with session.post(f"{origin}/fal-ai/any-video") as answer:
            url = (await answer.json())["status_url"]
        for code, asked in ((200, f"{url}?logs=false"), (404, f"{url}es"), (404, f"{origin}/soup")):
            async with session.get(asked) as answer:
                assert code == answer.status
        for _ in range(4):
            async with session.get(url) as answer:
                assert 200 == answer.status


async def test_the_server_knows_when_reads_came() -> None:
    """It tells the times of a job that is done, once: the submit's and the five reads', in order."""
    async with job_server() as origin, aiohttp.ClientSession() as session:
        async with session.get(f"{origin}/times") as answer:  # of other tests
            await answer.read()
        await overhead.lean(session, origin, 0.0)()
        for jobs in (1, 0):
            async with session.get(f"{origin}/times") as answer:
                told = json.loads(await answer.read())
            assert jobs == len(told)
            assert all(times == sorted(times) and 6 == len(times) for times in told)


def test_how_late_reads_are() -> None:
    """Each is due one interval after the one before it, so that delays do not add up; the first one is left out."""
    times = [100.0, 100.9, 101.4, 102.0, 102.5, 103.25]

    assert pytest.approx([0.0, 0.1, 0.0, 0.25]) == _job_server.late(times, 0.5)
    assert [] == _job_server.late([100.0, 100.9], 0.5)
    values = [float(number) for number in range(100, 0, -1)]
    assert (95.0, 50.0, 100.0) == tuple(overhead.percentile(values, share) for share in (0.95, 0.5, 1.0))
    assert 7.0 == overhead.percentile([7.0])


async def play(**field: Stub) -> Report:
    async with job_server() as origin:
        return await overhead.lives(origin, 2, field, {name: "1.0" for name in field} | {"gone": "not run: no"}, TINY)


async def test_the_goals_name_figures() -> None:
    """Of one run everything that has a goal is measured, but for the connections, which are counted apart."""
    report = await play(fal=Stub(1e9))

    goals = {goal.figure for goal in report.goals}
    assert {_connections.NEW} == goals - set(report.figures)
    assert not any(goal.later for goal in report.goals)
    assert {1.15, 1.30, 0.125, 5.0, 0.0} == {goal.most for goal in report.goals}
    assert {10, 100, 1000} == {level.in_flight for level in overhead.LEVELS}
    assert 3 * 3 + 2 == len(overhead.goals())


async def test_what_the_table_says_of_the_field() -> None:
    """The cheapest is what counts; one that was cut off costs at least its figure, and is asked no more."""
    field = {"fal": Stub(2e9), "openai": Stub(1e9), "slow": Stub(9e9, whole=False), "bad": Stub(1.0, why="PoolTimeout")}
    report = await play(**field)

    assert [2, 2, 1, 1] == [stub.asked for stub in field.values()]
    mine = report.figures["memory, 2 in flight, us a job"]
    assert pytest.approx(mine / 1e9, rel=1e-6) == report.figures[overhead.beside("memory", 2)]
    rows = {row[1]: row for row in report.tables[0].rows}
    assert [*overhead.TITLES.values(), *field, "gone"] == list(rows)
    assert "1,000,000,000" == rows["openai"][2]
    assert ">= 9,000,000,000" == rows["slow"][2]
    assert rows["slow"][3].startswith(">= ")
    assert rows["slow"][4].startswith("<= ")
    assert ("2", "bad", "failed: PoolTimeout", "-", "-", "-") == tuple(rows["bad"])
    assert ("-", "gone", "not run: no", "-", "-", "-") == tuple(rows["gone"])
    assert {"fal": "1.0"}.items() <= report.versions.items()
    assert "1" == rows[overhead.TITLES["lean"]][3]


async def test_no_goal_of_the_field_without_it() -> None:
    """It is said not to be measured, and is no failure."""
    report = await play()

    (goal,) = [each for each in report.goals if each.figure == overhead.beside("memory", 2)]
    assert not goal.missed(report.figures)
    assert "not measured" in goal.verdict(report.figures)


def test_new_connections_are_counted() -> None:
    """genhub needs none for polls two minutes apart; aiohttp as it comes makes one for each."""
    assert 0 == run(_connections.count(_connections.ours))
    assert 19 == run(_connections.count(_connections.plain))


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.distribution)
async def test_the_field_speaks_to_the_server(peer: Peer) -> None:
    """Where a client is installed: its jobs end, and each of them is read five times."""
    if not (FOLDER / peer.distribution / ".ready").exists():
        pytest.skip(f"{peer.distribution} is not installed under .bench")
    _job_server._done.clear()
    async with job_server() as origin:
        living = await Living.start(next(iter(peer.calls)), python(peer.distribution), origin)
        try:
            said = await living.block(3, 2, 0.0)
        finally:
            await living.stop()
    assert said.whole
    assert said.us > 0
    assert 20 + 6 == len(_job_server._done)
    assert {} == _job_server._reads


async def test_a_client_that_can_not_start() -> None:
    """Why is what its process said last."""
    with pytest.raises(NotInstalled, match="fal_client"):
        await Living.start("fal", Path(sys.executable), "http://127.0.0.1:1")
