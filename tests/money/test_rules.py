"""Every cell of the ledger's table and every way to settle a doubt, end to end against the simulators.

The tables below are design 4.3 and 4.2: a cell is a moment and a vendor, and what each of its jobs must leave in the
books. `test_no_cell_is_missing` holds them complete.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, field, frozen

from genhub import (
    ConfigError,
    Entry,
    EntryKind,
    Evidence,
    GenhubError,
    Hub,
    Job,
    Money,
    Request,
    Status,
    SubmissionUnknown,
    UnsupportedRequest,
    WrongState,
)
from genhub._config import account
from genhub.sim import Fault, Scenario
from tests.core.conftest import World, until
from tests.money._requests import KINDS

CHARGE, REFUND = EntryKind.CHARGE, EntryKind.REFUND
REPORTED, DOCUMENTED = Evidence.REPORTED, Evidence.DOCUMENTED
UNSAID = None
FOREVER = ("processing",) * 1000
FULL = {"captions": 10, "images": 18, "clip": 40, "copy": 1, "ad": 3, "avatar": 40}

VENDORS = ("powerpost", "genpro", "adgen")
MOMENTS = ("submit", "succeeded", "failed", "stopped", "resumed", "canceled, expired")


def line(kind: EntryKind, amount: Any, evidence: Evidence, *, whole: bool = False) -> tuple[Any, ...]:
    return kind, None if amount is None else Decimal(amount), evidence, whole


def short(entries: tuple[Entry, ...]) -> list[tuple[Any, ...]]:
    return [(each.kind, each.amount, each.evidence, each.whole) for each in entries]


@frozen(kw_only=True)
class Cell:
    """What one kind of job does at one moment, and the lines that it has then."""

    moment: str
    kind: str
    life: Scenario = field(factory=Scenario)
    do: str = ""
    status: Status
    lines: list[tuple[Any, ...]]
    net: Any  #: None: not said
    exact: bool = True

    @property
    def vendor(self) -> str:
        return KINDS[self.kind][0]


def submitted(kind: str, *later: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if KINDS[kind][0] == "genpro":
        return [line(CHARGE, UNSAID, DOCUMENTED), *later]
    return [line(CHARGE, FULL[kind], REPORTED), *later]


ALL_BACK = line(REFUND, UNSAID, DOCUMENTED, whole=True)
GENPRO = {"text": "2.5", "picture": 5, "speech": 3}

CELLS = [
    # submit: PowerPost and CutX say the charge; gen.pro says none; an amount that is none is a charge not said
    *(
        Cell(moment="submit", kind=kind, do="submit", life=Scenario(steps=FOREVER), status=Status.RUNNING,
             lines=submitted(kind), net=FULL[kind])
        for kind in ("captions", "images", "clip")
    ),
    *(
        Cell(moment="submit", kind=kind, do="submit", life=Scenario(steps=FOREVER), status=Status.QUEUED,
             lines=submitted(kind), net=None, exact=False)
        for kind in GENPRO
    ),
    *(
        Cell(moment="submit", kind=kind, do="submit", life=Scenario(steps=FOREVER), status=Status.QUEUED,
             lines=submitted(kind), net=FULL[kind])
        for kind in ("ad", "avatar")
    ),
    Cell(moment="submit", kind="copy", do="submit", status=Status.SUCCEEDED, lines=submitted("copy"), net=1),
    *(
        Cell(moment="submit", kind=kind, do="submit", life=Scenario(steps=FOREVER, fault=Fault.ODD_AMOUNT),
             status=Status.RUNNING if KINDS[kind][0] == "powerpost" else Status.QUEUED,
             lines=[line(CHARGE, UNSAID, DOCUMENTED)], net=None, exact=False)
        for kind in ("captions", "images", "clip", "ad", "avatar")
    ),
    # succeeded: PowerPost's captions say what they cost in the end; gen.pro says the whole; CutX nothing new
    *(
        Cell(moment="succeeded", kind=kind, status=Status.SUCCEEDED, lines=submitted(kind), net=FULL[kind])
        for kind in FULL
    ),
    Cell(moment="succeeded", kind="captions", life=Scenario(outcome="completed", final_cost=7), status=Status.SUCCEEDED,
         lines=submitted("captions", line(REFUND, 3, REPORTED)), net=7),
    Cell(moment="succeeded", kind="captions", life=Scenario(outcome="completed", final_cost=12),
         status=Status.SUCCEEDED, lines=submitted("captions", line(CHARGE, 2, REPORTED)), net=12),
    *(
        Cell(moment="succeeded", kind=kind, status=Status.SUCCEEDED,
             lines=submitted(kind, line(CHARGE, cost, REPORTED)), net=cost)
        for kind, cost in GENPRO.items()
    ),
    *(
        Cell(moment="succeeded", kind="text", life=Scenario(outcome="completed", final_cost=Decimal(cost)),
             status=Status.SUCCEEDED, lines=submitted("text", line(CHARGE, cost, REPORTED)), net=cost)
        for cost in ("3.25", "0.5", "0")
    ),
    # failed
    # (captions whose last answer names no amount: as documented)
    Cell(
        moment="failed", kind="captions", status=Status.FAILED,
        life=Scenario(steps=("failed",), fault=Fault.ODD_AMOUNT, on="poll"),
        lines=submitted("captions", line(REFUND, 10, DOCUMENTED)), net=0,
    ),
    Cell(moment="failed", kind="captions", life=Scenario(outcome="failed"), status=Status.FAILED,
         lines=submitted("captions", line(REFUND, 10, REPORTED)), net=0),
    Cell(moment="failed", kind="clip", life=Scenario(outcome="failed"), status=Status.FAILED,
         lines=submitted("clip", line(REFUND, 40, DOCUMENTED)), net=0),
    Cell(moment="failed", kind="images", life=Scenario(outcome="failed"), status=Status.FAILED,
         lines=submitted("images", line(REFUND, 18, DOCUMENTED)), net=0),
    Cell(moment="failed", kind="images", life=Scenario(partial=1), status=Status.FAILED,
         lines=submitted("images", line(REFUND, UNSAID, DOCUMENTED)), net=None, exact=False),
    *(
        Cell(moment="failed", kind=kind, life=Scenario(outcome="failed"), status=Status.FAILED,
             lines=submitted(kind, ALL_BACK), net=0)
        for kind in GENPRO
    ),
    *(
        Cell(moment="failed", kind=kind, life=Scenario(outcome="failed"), status=Status.FAILED,
             lines=submitted(kind, line(REFUND, FULL[kind], DOCUMENTED)), net=0)
        for kind in ("copy", "ad", "avatar")
    ),
    Cell(moment="failed", kind="ad", life=Scenario(outcome="failed", fault=Fault.ODD_AMOUNT), status=Status.FAILED,
         lines=[line(CHARGE, UNSAID, DOCUMENTED), ALL_BACK], net=0),
    # stopped: gen.pro gives all of it back; the others can't
    *(
        Cell(moment="stopped", kind=kind, life=Scenario(steps=FOREVER), do="stop", status=Status.STOPPED,
             lines=submitted(kind, ALL_BACK), net=0)
        for kind in GENPRO
    ),
    *(
        Cell(moment="stopped", kind=kind, life=Scenario(steps=FOREVER), do="can't stop", status=Status.RUNNING,
             lines=submitted(kind), net=FULL[kind])
        for kind in ("captions", "images", "clip", "ad", "avatar")
    ),
    # resumed: gen.pro charges again, and says how much at the end of that leg; the others can't
    *(
        Cell(moment="resumed", kind=kind, life=Scenario(steps=("processing",) * 5), do="resume", status=Status.RUNNING,
             lines=submitted(kind, ALL_BACK, line(CHARGE, UNSAID, DOCUMENTED)), net=None, exact=False)
        for kind in GENPRO
    ),
    Cell(moment="resumed", kind="text", life=Scenario(steps=("processing",) * 3 + ("completed",), final_cost=4),
         do="resume to the end", status=Status.SUCCEEDED,
         lines=submitted("text", ALL_BACK, line(CHARGE, UNSAID, DOCUMENTED), line(CHARGE, 4, REPORTED)), net=4),
    Cell(moment="resumed", kind="text", life=Scenario(steps=("processing",) * 3 + ("failed",)), do="resume to the end",
         status=Status.FAILED, lines=submitted("text", ALL_BACK, line(CHARGE, UNSAID, DOCUMENTED), ALL_BACK), net=0),
    *(
        Cell(moment="resumed", kind=kind, life=Scenario(steps=FOREVER), do="can't resume", status=Status.RUNNING,
             lines=submitted(kind), net=FULL[kind])
        for kind in ("captions", "images", "clip", "ad", "avatar")
    ),
    # canceled, expired: CutX has them, and its documents are silent; to the others they are words that nobody knows
    *(
        Cell(moment="canceled, expired", kind=kind, life=Scenario(outcome=word), status=Status(word),
             lines=submitted(kind), net=None, exact=False)
        for kind in ("ad", "avatar") for word in ("canceled", "expired")
    ),
    *(
        Cell(moment="canceled, expired", kind=kind, life=Scenario(steps=("processing", word)), do="poll twice",
             status=Status.UNKNOWN, lines=submitted(kind), net=FULL.get(kind), exact=kind in FULL)
        for kind in ("captions", "images", "clip", *GENPRO) for word in ("canceled", "expired")
    ),
]  # fmt: skip


def _name(cell: Cell) -> str:
    return f"{cell.moment}-{cell.vendor}-{cell.kind}-{cell.do or 'wait'}"


@pytest.mark.parametrize("cell", CELLS, ids=_name)
async def test_a_cell_of_the_table(world: World, cell: Cell) -> None:
    """The lines, their evidence, their sum; the vendor's own books where it is exact; and looking adds nothing."""
    sim = world.sims[cell.vendor]
    sim.script(cell.life)
    async with world.hub(poll_every=1e8 if cell.do else 1) as hub:
        handle = await hub.submit(KINDS[cell.kind][1]("m"), to=cell.vendor, portability="adjust")
        await _do(cell, hub, handle)
        job = handle.job
        before = job.entries
        spent = job.credits
        assert cell.status is job.status
        assert cell.lines == short(job.entries)
        assert (None if cell.net is None else Decimal(cell.net), cell.exact) == (spent.net, spent.exact)
        theirs = sim.net(str(job.provider_id))
        assert not cell.exact or theirs == spent.net
        assert spent.low <= theirs and (spent.high is None or theirs <= spent.high)
        if cell.status.is_final:
            for _ in range(3):
                assert before == (await hub.poll(job.id)).entries
        assert before == tuple([each.entry async for each in hub.ledger(job=job.id)])
    assert 1 == len(sim.creations)


async def _do(cell: Cell, hub: Hub, handle: Any) -> None:
    match cell.do:
        case "":
            await handle.wait()
        case "submit":
            pass
        case "poll twice":
            await handle.poll()
            await handle.poll()
        case "stop":
            assert Money.FREE is (await handle.stop()).money
        case "can't stop":
            await handle.poll()
            with pytest.raises(UnsupportedRequest, match=f"can't stop a job; the job goes on.* {FULL[cell.kind]} "):
                await handle.stop()
        case "can't resume":
            await handle.poll()
            with pytest.raises(UnsupportedRequest, match="can't resume"):
                await handle.resume()
        case "resume":
            await handle.stop()
            await handle.resume()
            await handle.poll()
        case "resume to the end":
            await handle.stop()
            await handle.resume()
            while not handle.status.is_final:
                await handle.poll()
        case _:
            raise AssertionError(cell.do)


async def test_what_is_reused_costs_nothing(world: World) -> None:
    """The cell "submit, CutX" has a second half."""
    world.adgen.script(Scenario(steps=FOREVER))
    extra = {"adgen": {"idempotencyKey": "mine"}}
    make = [KINDS["ad"][1]("m") for _ in range(2)]
    async with world.hub(poll_every=1e8) as hub:
        one, two = [await hub.submit(evolve(each, extra=extra), to="adgen") for each in make]
        assert ([line(CHARGE, 3, REPORTED)], []) == (short(one.job.entries), short(two.job.entries))
        assert (Decimal(0), True) == (two.job.credits.net, two.job.credits.exact)
    assert 1 == len(world.adgen.creations)


@pytest.mark.parametrize("refunds", [True, False])
@pytest.mark.parametrize("word", ["canceled", "expired"])
async def test_silent_documents_are_right_either_way(world: World, word: str, refunds: bool) -> None:
    """Whether CutX keeps the charge of a canceled or expired job or not, the books have not claimed otherwise."""
    world.adgen.refund_canceled = world.adgen.refund_expired = refunds
    world.adgen.script(Scenario(outcome=word))
    async with world.hub() as hub:
        job = await (await hub.submit(KINDS["ad"][1]("m"), to="adgen")).wait()
    spent = job.credits
    assert Decimal(0 if refunds else 3) == world.adgen.net(str(job.provider_id))
    assert (None, False, Decimal(0), Decimal(3)) == (spent.net, spent.exact, spent.low, spent.high)


def test_no_cell_is_missing() -> None:
    """Every moment at every vendor, and at each every kind of job that it has."""
    there = {(cell.moment, cell.kind) for cell in CELLS}
    wanted = {(moment, kind) for moment in MOMENTS for kind in KINDS}
    # A copy is over before its answer comes: it can be neither stopped, resumed, canceled nor seen to expire.
    over = {("stopped", "copy"), ("resumed", "copy"), ("canceled, expired", "copy")}
    assert wanted - over <= there
    assert {(moment, vendor) for moment in MOMENTS for vendor in VENDORS} == {(c.moment, c.vendor) for c in CELLS}


# Settling a doubt: design 4.2, row by row.


def ask(kind: str, mark: str = "m") -> tuple[Request, str]:
    return KINDS[kind][1](mark), KINDS[kind][0]


async def lose(world: World, hub: Hub, kind: str, fault: Fault = Fault.LOSE_ANSWER, mark: str = "m") -> Any:
    request, name = ask(kind, mark)
    world.sims[name].script(Scenario(fault=fault, match=mark))
    handle = await hub.submit(request, to=name, portability="adjust")
    assert Status.UNCONFIRMED is handle.status
    return handle


def says(job: Job, words: str) -> bool:
    return any(words in note.text for note in job.attempt.notes)


async def test_captions_one_that_fits_is_adopted(world: World) -> None:
    """Same prompt, made since the intent, nobody else's: neither an older one nor a claimed one is taken."""
    async with world.hub() as hub:
        earlier = await hub.generate(ask("captions")[0], to="powerpost")
        async with world.hub() as stranger:  # somebody else's, of long ago
            bound = stranger.account("powerpost")
            await bound.submit(bound.provider.prepare(ask("captions")[0], "k", adjust=False))
        world.clock.advance(600)
        twin = await hub.submit(ask("captions")[0], to="powerpost")  # of the same moment, and claimed
        handle = await lose(world, hub, "captions")
        job = await handle.wait()
    ours = world.powerpost.creations[-1][0]
    assert twin.job.provider_id != ours
    assert (Status.SUCCEEDED, ours) == (job.status, job.provider_id)
    assert earlier.provider_id != ours
    assert says(job, "found by a look")
    assert [line(CHARGE, 10, REPORTED)] == short(job.entries)
    assert 4 == len(world.powerpost.creations)


async def test_captions_none_is_not_submitted_only_after_several_looks_over_the_grace(world: World) -> None:
    async with world.hub() as hub:
        handle = await lose(world, hub, "captions", Fault.RESET_AFTER_READ)
        began = world.clock.monotonic()
        job = await handle.wait()
    assert world.clock.monotonic() - began >= 60
    assert world.powerpost.count("GET", "/content/generations") >= 3
    assert job.error is not None and "not_submitted" == job.error.kind
    assert says(job, "found none")
    assert ([], Decimal(0), True) == (short(job.entries), job.credits.net, job.credits.exact)


async def test_captions_one_look_is_no_proof_however_late_it_is(world: World) -> None:
    """The grace time is over, and it is looked for again all the same."""
    async with world.hub() as hub:
        handle = await lose(world, hub, "captions", Fault.RESET_AFTER_READ)
        await handle.detach()
        for _ in range(2):
            world.clock.advance(1000)
            await handle.poll()
        job = await handle.wait()
    assert job.error is not None and "not_submitted" == job.error.kind
    (looks,) = [int(each.text.split()[0]) for each in job.attempt.notes if "looks, the last after" in each.text]
    assert looks >= 3


async def test_captions_several_stay_in_doubt_and_are_shown(world: World) -> None:
    async with world.hub() as hub:
        async with world.hub() as stranger:
            bound = stranger.account("powerpost")
            await bound.submit(bound.provider.prepare(ask("captions")[0], "k", adjust=False))
        handle = await lose(world, hub, "captions")
        with pytest.raises(SubmissionUnknown) as caught:
            await handle.wait()
    job = caught.value.job
    assert job is not None and Status.UNCONFIRMED is job.status
    assert all(says(job, made) for made, _ in world.powerpost.creations)


async def test_captions_a_look_that_fails_settles_nothing(world: World) -> None:
    """A list that can't be read is no proof of anything."""
    world.powerpost.script(Scenario(fault=Fault.ERROR_500_BEFORE, on="list", times=None))
    async with world.hub() as hub:
        handle = await lose(world, hub, "captions", Fault.RESET_AFTER_READ)
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
        world.powerpost.scripts.clear()
        for _ in range(5):
            await handle.poll()
        job = handle.job
    assert job.error is not None and "not_submitted" == job.error.kind


@pytest.mark.parametrize("kind", ["images", "clip", "copy"])
async def test_what_has_no_list_stays_in_doubt_with_the_balance_as_a_hint(world: World, kind: str) -> None:
    """PowerPost's images and videos, CutX's copy: never sent again, and a person gets what there is to know."""
    name = KINDS[kind][0]
    async with world.hub() as hub:
        await hub.balance(name)
        handle = await lose(world, hub, kind)
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
        job = await handle.poll()
    assert Status.UNCONFIRMED is job.status
    assert says(job, "balance before: 1000") and says(job, f"now: {1000 - FULL[kind]}")
    assert (None, False, Decimal(0)) == (job.credits.net, job.credits.exact, job.credits.low)
    assert 1 == len(world.sims[name].creations)
    assert 1 == sum(seen.method == "POST" for seen in world.sims[name].requests)


@pytest.mark.parametrize("kind", sorted(GENPRO))
async def test_genpro_a_new_id_at_the_place_is_adopted(world: World, kind: str) -> None:
    """One that was there before is not, nor one that the journal knows."""
    async with world.hub() as hub:
        other = await hub.generate(ask(kind)[0], to="genpro")
        async with world.hub() as stranger:  # somebody else's, at the same place
            bound = stranger.account("genpro")
            await bound.submit(bound.provider.prepare(ask(kind)[0], "k", adjust=False))
        handle = await lose(world, hub, kind)
        job = await handle.wait()
    ours = world.genpro.creations[-1][0]
    assert (Status.SUCCEEDED, ours) == (job.status, job.provider_id) != (other.status, other.provider_id)
    assert says(job, "found by a look")
    assert (world.genpro.net(ours), True) == (job.credits.net, job.credits.exact)
    assert 3 == sum(seen.method == "POST" for seen in world.genpro.requests) == len(world.genpro.creations)


async def test_genpro_no_new_id_after_the_grace_is_not_submitted(world: World) -> None:
    async with world.hub() as hub:
        handle = await lose(world, hub, "text", Fault.RESET_AFTER_READ)
        began = world.clock.monotonic()
        job = await handle.wait()
    assert world.clock.monotonic() - began >= 60
    assert job.error is not None and "not_submitted" == job.error.kind


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.RESET_AFTER_READ])
async def test_genpro_with_idempotency_is_replayed_under_its_key(world: World, fault: Fault) -> None:
    """Made or not, there is one afterwards; where the history can be read it says so first."""
    world.genpro.script(Scenario(fault=Fault.ERROR_500_BEFORE, on="list", times=None))
    async with world.hub() as hub:
        accounts = {"genpro": account("genpro", {**world.genpro.settings(), "idempotency": True, "timeout": 5}, {})}
        async with Hub(accounts, clock=world.clock) as hub:
            handle = await lose(world, hub, "text", fault)
            world.genpro.script(Scenario(steps=("completed",)))
            job = await handle.wait()
    posts = [seen for seen in world.genpro.requests if seen.method == "POST"]
    assert 2 == len(posts)
    assert 1 == len({(seen.path, seen.body, seen.headers["Idempotency-Key"]) for seen in posts})
    assert 1 == len(world.genpro.creations)
    assert Status.SUCCEEDED is job.status and says(job, "replayed under the same key")
    assert (world.genpro.net(str(job.provider_id)), True) == (job.credits.net, job.credits.exact)


@pytest.mark.parametrize("kind", ["ad", "avatar"])
async def test_cutx_is_replayed_byte_for_byte_while_it_must_be_alive(world: World, kind: str) -> None:
    """`reused` adopts: the first one was charged its documented price."""
    async with world.hub() as hub:
        handle = await lose(world, hub, kind)
        job = await handle.wait()
    posts = [seen for seen in world.adgen.requests if seen.method == "POST"]
    assert 2 == len(posts) and 1 == len({(seen.path, seen.body) for seen in posts})
    assert 1 == len(world.adgen.creations)
    assert Status.SUCCEEDED is job.status and says(job, "replayed under the same key: the vendor has the job")
    assert [line(CHARGE, FULL[kind], DOCUMENTED)] == short(job.entries)
    assert (world.adgen.net(str(job.provider_id)), True) == (job.credits.net, job.credits.exact)


@pytest.mark.parametrize(("kind", "window"), [("ad", 2), ("avatar", 20)])
@pytest.mark.parametrize("late", [True, False])
async def test_cutx_is_not_replayed_after_its_window(world: World, kind: str, window: int, late: bool) -> None:
    """2 s for static ads, 20 s for videos: a moment later the job may be over, and a replay would buy another."""
    world.adgen.script(Scenario(fault=Fault.HANG, match="m"))
    request, _ = ask(kind)
    async with world.hub(timeout=5) as hub:
        sending = asyncio.create_task(hub.submit(request, to="adgen"))
        await until(lambda: bool(world.adgen.creations))
        world.clock.advance(window + 0.5 if late else window - 1.5)
        await world.adgen.close_port()  # whatever hangs is cut off
        await world.adgen.open_port()
        handle = await sending
        if late:
            with pytest.raises(SubmissionUnknown):
                await handle.wait()
        else:
            await handle.wait()
    assert 1 == len(world.adgen.creations)
    assert (1 if late else 2) == sum(seen.method == "POST" for seen in world.adgen.requests)


@pytest.mark.parametrize("kind", ["ad", "avatar"])
async def test_cutx_with_a_window_of_nothing_is_never_replayed(world: World, kind: str) -> None:
    accounts = {"adgen": account("adgen", {**world.adgen.settings(), "replay_window": 0, "timeout": 5}, {})}
    async with Hub(accounts, clock=world.clock) as hub:
        handle = await lose(world, hub, kind)
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
    assert 1 == sum(seen.method == "POST" for seen in world.adgen.requests)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_person_settles_the_rest(world: World, kind: str) -> None:
    """By the vendor's id, which the vendor must know and nobody else may have; or by saying that there is none."""
    name = KINDS[kind][0]
    settings = {**world.sims[name].settings(), "timeout": 5, "poll_every": 1e8}
    if name == "adgen":
        settings["replay_window"] = 0
    async with Hub({name: account(name, settings, {})}, clock=world.clock) as hub:
        other = await hub.submit(ask(kind, "other")[0], to=name, portability="adjust")
        world.sims[name].script(Scenario(fault=Fault.ERROR_500_BEFORE, on="list", times=None))
        world.sims[name].script(Scenario(fault=Fault.ERROR_500_BEFORE, on="read", times=None))
        handle = await lose(world, hub, kind)
        ours = world.sims[name].creations[-1][0]
        for wrong in (str(other.job.provider_id), "987654321"):
            with pytest.raises(GenhubError, match=r"belongs to|404"):
                await hub.settle(handle.id, adopt=wrong)
        with pytest.raises(ConfigError):
            await hub.settle(handle.id, adopt=ours, not_submitted=True)
        assert Status.UNCONFIRMED is (await hub.get(handle.id)).status
        job = await hub.settle(handle.id, adopt=ours)
        assert (ours, False) == (job.provider_id, job.status.in_doubt)
        assert says(job, "settled by a person")
        assert DOCUMENTED is job.entries[0].evidence
        with pytest.raises(WrongState, match="no doubt"):
            await hub.settle(handle.id, not_submitted=True)

        gone = await lose(world, hub, kind, Fault.RESET_AFTER_READ, mark="gone")
        job = await hub.settle(gone.id, not_submitted=True)
        assert job.error is not None and "not_submitted" == job.error.kind
        assert ([], Decimal(0), True) == (short(job.entries), job.credits.net, job.credits.exact)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_nothing_is_sent_again_while_it_is_in_doubt(world: World, kind: str) -> None:
    """Asked for again under its key, waited for, read, recovered: nothing but a harmless replay is sent."""
    name = KINDS[kind][0]
    request, _ = ask(kind)
    settings = {**world.sims[name].settings(), "timeout": 5, "replay_window": 0}
    if name != "adgen":
        del settings["replay_window"]
    async with Hub({name: account(name, settings, {})}, clock=world.clock) as hub:
        world.sims[name].script(Scenario(fault=Fault.ERROR_500_BEFORE, on="list", times=None))
        world.sims[name].script(Scenario(fault=Fault.LOSE_ANSWER, match="m"))
        handle = await hub.submit(request, to=name, key="row", portability="adjust")
        assert handle.id == (await hub.submit(request, to=name, key="row", portability="adjust")).id
        with pytest.raises(SubmissionUnknown):
            await handle.wait()
        await handle.poll()
        assert [handle.id] == [job.id for job in (await hub.recover()).in_doubt]
        assert handle.id == (await hub.submit(request, to=name, key="row", portability="adjust")).id
    assert 1 == sum(seen.method == "POST" for seen in world.sims[name].requests)


# Late news of what has ended.


async def test_a_word_that_nobody_knows_of_a_refunded_job_is_doubt_until_it_says_its_end_again(world: World) -> None:
    """One odd answer does not spoil the books for good: "failed" again is "refunded" again."""
    world.genpro.script(Scenario(outcome="failed"))
    async with world.hub() as hub:
        job = await (await hub.submit(ask("text")[0], to="genpro")).wait()
        before = job.entries
        world.genpro.script(Scenario(fault=Fault.UNKNOWN_WORD, on="poll"))
        job = await hub.poll(job.id)
        assert (Status.FAILED, False) == (job.status, job.credits.exact)
        job = await hub.poll(job.id)
    assert (Status.FAILED, Decimal(0), True) == (job.status, job.credits.net, job.credits.exact)
    assert before == job.entries


async def test_a_refunded_job_that_is_revived_is_not_exact_any_more(world: World) -> None:
    """Section 8: the lines stay; it may be charged again, and no document says whether."""
    world.adgen.script(Scenario(outcome="failed"))
    async with world.hub() as hub:
        job = await (await hub.submit(ask("ad")[0], to="adgen")).wait()
        before = job.entries
        assert (Decimal(0), True) == (job.credits.net, job.credits.exact)
        world.adgen.revive(str(job.provider_id))
        for _ in range(3):
            world.clock.advance(30)
            job = await hub.poll(job.id)
    assert (Status.FAILED, False, before) == (job.status, job.credits.exact, job.entries)
