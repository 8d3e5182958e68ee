"""The benchmark of routes, small: that it runs, and counts what it says it counts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest

from benchmarks import _route_cost, _scores, routing
from benchmarks._afternoon import Outage, Trouble, in_turn, requests
from benchmarks._deployments import TROUBLES, Deployment, ask, deployments, happen
from benchmarks._peers import NotInstalled
from benchmarks._virtual import LoopClock, run
from genhub.sim import AdGenSim

QUIET = (Outage(account="powerpost", trouble=Trouble.CLOSED, begin=7200, end=7201),)
BODY = {"prompt": "soup"}


async def test_what_a_route_adds_is_measured() -> None:
    """One round of one submit each: direct, over one account, over three; without a wire, and over loopback."""
    rows, figures = await _route_cost.measure(1, each=1)

    names = list(_route_cost.ROUTES)
    assert [(wire, name) for wire in ("none", "loopback") for name in names] == [(row[0], row[1]) for row in rows]
    assert {goal.figure for goal in _route_cost.GOALS} <= set(figures)
    assert all("(" in line for line in _route_cost.table(rows, 1).plain().splitlines()[4:8])


async def test_both_sides_of_a_pair_submit_the_same() -> None:
    """A direct submit and a routed one go to the same account, and only the route differs."""
    async with _route_cost.hub(_route_cost.Wireless, "http://127.0.0.1:1") as hub:
        for to in ("first", *_route_cost.ROUTES):
            await _route_cost.submit(hub, to)()
        jobs = [job async for job in hub.jobs()]

    assert ["first", "first", "first"] == [job.account for job in jobs]
    assert [None, *_route_cost.ROUTES] == [None if job.route is None else job.route.route for job in jobs]
    assert [1, 1, 1] == [len(job.attempts) for job in jobs]


def test_a_quiet_afternoon() -> None:
    """Everything is done at once, nothing is wasted, and the money is what the vendor's books say."""
    (score,) = _scores.play({"order": _scores.route("order")}, 10, QUIET).values()

    assert (10, 10, 0, 0, 0) == (score.asked, score.done, score.doubts, score.twice, score.dead)
    assert (0.0, 1.0) == (score.wasted, score.attempts)
    assert pytest.approx(0.05 * (8 * 10 + 2 * 18)) == score.money  # 8 captions, 2 requests for two images
    assert 10 == len(score.times)
    assert score.times[0] <= score.mean <= score.late == score.times[-1]


def test_an_afternoon_is_scored() -> None:
    """A route gets further than an account alone, which meets its own outages; nothing is done twice."""
    scores = _scores.play({name: _scores.ARMS[name] for name in ("round_robin", "adgen alone")}, 60)
    both, alone = scores.values()

    assert alone.done < both.done <= 60
    assert 0 == both.twice == alone.twice
    assert 0 < both.dead
    assert 1.0 == alone.attempts < both.attempts
    figures = _scores.figures(scores)
    assert (0, 0) == (figures[_scores.TWICE], figures[_scores.UNDONE])
    (row, other) = _scores.table(scores).rows
    assert ("round_robin", "adgen alone") == (row[0], other[0])
    assert f"{both.done / 60:.1%}" == row[1]


def test_the_row_beside_litellm() -> None:
    """genhub on the outages that LiteLLM's router can express: nothing is billed twice."""
    row = routing.ours("order", 40, in_turn(TROUBLES))

    assert "genhub, order" == row[0]
    assert ("0", "1") == (row[4], row[5])
    assert row[0] in routing.beside([row]).markdown()


def test_what_is_billed_is_counted() -> None:
    """Requests billed more than once, and billed although the caller has nothing."""
    row = routing._row("a router", ["a", "b", "c", "d"], {"a", "b"}, 1, {"a": 1, "b": 3, "c": 2})

    assert ("a router", "50.0%", "1", "1.50", "2", "3", "2") == row


async def test_a_service_with_troubles() -> None:
    """It bills what it accepts and what it loses after that, and neither what it refuses nor what it only reads."""
    once = aiohttp.TCPConnector(force_close=True)  # a kept connection breaks off in another way than a refused one
    async with deployments(["one"]) as found, aiohttp.ClientSession(connector=once) as client:
        one = found["one"]

        async def post() -> int:
            async with client.post(f"{one.url}/v1/videos", json=BODY) as answer:
                await answer.read()
                return answer.status

        assert 200 == await post()
        for trouble in (Trouble.LIMITED, Trouble.BROKE):
            one.trouble = trouble
            assert 429 == await post()
        assert {"soup": 1} == one.billed
        one.trouble = Trouble.LOSES
        for billed in (2, 2):
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await post()
            assert {"soup": billed} == one.billed
        assert 500 == await post()
        assert {"soup": 3} == one.billed
        port = one.port
        await one.close()
        with pytest.raises(aiohttp.ClientConnectorError):
            await post()
        one.trouble = None
        await one.open()
        assert port == one.port
        assert 200 == await post()


def test_outages_happen_at_their_time() -> None:
    """A service is in trouble as long as the script says, so many times faster."""

    async def watch() -> list[Trouble | None]:
        service = Deployment("one")
        outage = Outage(account="one", trouble=Trouble.LIMITED, begin=60, end=180)
        task = asyncio.ensure_future(happen(outage, service, 60))
        seen: list[Trouble | None] = []
        for wait in (0.5, 1.0, 1.0, 1.0):
            await asyncio.sleep(wait)
            seen.append(service.trouble)
        await task
        return seen

    assert [None, Trouble.LIMITED, Trouble.LIMITED, None] == run(watch())


async def test_a_peer_that_is_not_there() -> None:
    """What its process says in the end is the reason why it was not run."""
    with pytest.raises(NotInstalled, match="litellm"):
        await ask(Path(sys.executable), "outages", {"urls": [], "way": "shuffle", "times": {}})


def test_hours_pass_in_no_time() -> None:
    """Sleeps end in their order, and a socket is served before time goes on."""

    async def live() -> tuple[list[float], float]:
        clock = LoopClock()
        woken: list[float] = []

        async def sleep(seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(clock.monotonic())

        async with AdGenSim(clock=clock) as sim, aiohttp.ClientSession() as client:
            await asyncio.gather(sleep(7200), sleep(60), sleep(3600))
            before = clock.time()
            async with client.get(f"{sim.url}/api/auth/me") as answer:
                assert 401 == answer.status
        return woken, clock.time() - before

    woken, taken = run(live())
    assert [60, 3600, 7200] == woken
    assert 0 == taken


def test_the_requests_are_the_same_for_all() -> None:
    """Drawn by a seed, in order, each with a mark of its own, from the first minute to the last."""
    asked = requests(50)

    assert asked == requests(50)
    assert asked != requests(50, seed=2)
    assert sorted(each.at for each in asked) == [each.at for each in asked]
    assert 50 == len({each.mark for each in asked})
    assert 10 == sum(each.request.kind == "image" for each in asked)
