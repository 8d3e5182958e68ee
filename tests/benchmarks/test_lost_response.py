"""genhub's cells of the table: one job made and charged, whatever becomes of the answer."""

from __future__ import annotations

import aiohttp
import pytest

from benchmarks._lossy import Loss, LossyServer
from benchmarks._offers import OFFERS, Offer
from benchmarks._peers import PEERS, Lost
from benchmarks._stories import STORIES, Stage, tell
from benchmarks.lost_response import our_table, said_table, their_table
from genhub.testing import FakeClock

KILL = "SIGKILL, recover()"
QUICK = [story for story in STORIES if story != KILL]


@pytest.mark.parametrize("story", QUICK)
@pytest.mark.parametrize("loss", Loss)
@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.name)
async def test_one_submit_makes_one_job(offer: Offer, loss: Loss, story: str) -> None:
    """A POST is seen, one job is charged, and genhub never says that nothing was bought."""
    clock = FakeClock()
    seen = await tell(story, Stage(offer=offer, loss=loss, timeout=None, clock=clock, hung=lambda: clock.skip(61)))

    assert 1 == seen.billable
    assert seen.posts in ((1, 2) if offer.name in ("adgen static ad", "adgen video") else (1,))
    assert seen.said in ("in doubt", "succeeded")


@pytest.mark.parametrize("name", ["powerpost captions", "powerpost image", "genpro cell", "adgen static ad"])
async def test_a_kill_makes_no_second_job(name: str) -> None:
    """SIGKILL while the vendor has the POST; a new process recovers: by list, not at all, by history, by key."""
    offer = next(each for each in OFFERS if each.name == name)
    seen = await tell(KILL, Stage(offer=offer, loss=Loss.CLOSES, timeout=None))

    assert 1 == seen.billable
    assert seen.said in ("in doubt", "found")


async def test_the_server_counts_what_it_read_whole() -> None:
    """Every POST, and apart those that a key makes the same."""
    async with LossyServer(Loss.BAD_GATEWAY) as server, aiohttp.ClientSession() as client:
        for headers, body in (({}, {}), ({"Idempotency-Key": "a"}, {}), ({}, {"idempotencyKey": "a"}), ({}, {})):
            async with client.post(f"{server.origin}/jobs", headers=headers, json=body) as answer:
                assert 502 == answer.status
        async with client.get(f"{server.origin}/jobs") as answer:
            assert 404 == answer.status

    assert [None, "a", "a", None] == [post.key for post in server.posts]
    assert 3 == server.distinct


async def test_the_server_loses_answers() -> None:
    """The client sees a connection that was closed after its request was read."""
    async with LossyServer(Loss.CLOSES) as server, aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.post(f"{server.origin}/jobs", json={"a": 1})

    assert ["/jobs"] == [post.path for post in server.posts]


async def test_the_tables() -> None:
    """What they say of POSTs beside jobs, of peers that were ended, and of those that were not run."""
    clock = FakeClock()
    stage = {
        loss: Stage(offer=OFFERS[5], loss=loss, timeout=None, clock=clock) for loss in (Loss.CLOSES, Loss.BAD_GATEWAY)
    }
    twice = await tell("then wait()", stage[Loss.CLOSES])
    seen = {(OFFERS[5].name, loss, story): twice for loss in Loss for story in STORIES}
    assert ("adgen static ad", *["1 (2) / 1 (2) / 1 (2)"] * 5) == our_table(seen).rows[0]
    assert ("adgen static ad", *["in doubt"] * 5) == said_table(seen).rows[0]

    lost = Lost(posts=10, distinct=10, keyed=False, seconds=28.2, said="ReadTimeout")
    waits = Lost(posts=1, distinct=1, keyed=False, seconds=0.0, said="still trying")
    table = their_table(
        {
            ("replicate", Loss.CLOSES): lost,
            ("replicate", Loss.HANGS): waits,
            ("replicate", Loss.BAD_GATEWAY): "not run: no",
        },
        {"replicate": "1.0"},
        [peer for peer in PEERS if peer.distribution == "replicate"],
    )
    assert ("1.0", "10 in 28 s", "1, ended after 90 s", "not run: no", "none") == tuple(table.rows[0][1:])
    assert "| 10 in 28 s |" in table.markdown()
