"""kill -9 at every write of a routed job: one intention is paid for once at most, and nothing that was made is lost.

A life of `_child` dies before or after the Nth write of a kind, and the next process takes its journal over. In the end
all journals together are held against the books of all vendors.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen

from genhub import Hub, Job, Status
from genhub._config import account
from genhub.routing import Route
from genhub.sim import Fault, Scenario, Simulators
from tests.money._nursery import PATIENCE, Child, Nursery
from tests.money._requests import captions
from tests.money._truth import ACCOUNTS, bought_twice, made, mark, problems
from tests.money.test_kills import LIFE, Movable, clock_of, life, settings

#: Seconds after which no lost submit can still be made: its time is over, and that for sending what was not sent.
LATER = 15.0
#: So long that nothing here waits for it: what is not stopped is open at the end.
SLOW = Scenario(duration=3600)
#: Too few credits for any job. Of an account with none at all gen.pro does not even show what was there before.
FEW = Decimal("0.5")
WHEN = ("before", "after")


@frozen(kw_only=True)
class Course:
    """What comes of a route while nobody kills its process."""

    accounts: tuple[str, ...] = ("powerpost", "genpro", "adgen")
    odd: Mapping[str, Scenario] = field(factory=dict[str, Scenario])  #: vendors that do not just do it
    broke: tuple[str, ...] = ()  #: accounts without credits
    options: Mapping[str, float] = field(factory=dict[str, float])  #: of the route
    writes: Mapping[str, int]  #: how often each kind of write is made, at most

    @property
    def routes(self) -> dict[str, dict[str, Any]]:
        return {"r": {"accounts": self.accounts, "portability": "adjust", **self.options}}


COURSES: Mapping[str, Course] = {
    # Whoever turns out not to have got it is asked again, where nobody else is left.
    "the first refuses": Course(
        accounts=("powerpost", "genpro"),
        broke=("powerpost",),
        writes={"create": 1, "record": 2, "add": 1, "advance": 2, "reroute": 0},
    ),
    "the first fails in work": Course(
        odd={"powerpost": Scenario(steps=("processing", "failed"))},
        writes={"create": 1, "record": 2, "add": 1, "advance": 3, "reroute": 0},
    ),
    "the first's answer is lost": Course(
        odd={"powerpost": Scenario(steps=("processing", *LIFE), fault=Fault.LOSE_ANSWER)},
        writes={"create": 1, "record": 1, "add": 0, "advance": 3, "reroute": 0},
    ),
    "the first hears it and makes nothing": Course(
        odd={"powerpost": Scenario(fault=Fault.RESET_AFTER_READ)},
        writes={"create": 1, "record": 2, "add": 1, "advance": 3, "reroute": 0},
    ),
    "the second's answer is lost": Course(
        broke=("powerpost",),
        odd={"genpro": Scenario(steps=("processing", *LIFE), fault=Fault.LOSE_ANSWER)},
        writes={"create": 1, "record": 2, "add": 1, "advance": 3, "reroute": 0},
    ),
    # Who reads and who stops may both write what became of the first.
    "a hedge": Course(
        accounts=("genpro", "powerpost", "adgen"),
        odd={"genpro": SLOW},
        options={"hedge_after": 0.1},
        writes={"create": 1, "record": 2, "add": 1, "advance": 6, "reroute": 0},
    ),
    "a hedge whose answer is lost": Course(
        accounts=("genpro", "powerpost", "adgen"),
        odd={"genpro": SLOW, "powerpost": Scenario(steps=("processing", *LIFE), fault=Fault.LOSE_ANSWER)},
        options={"hedge_after": 0.1},
        writes={"create": 1, "record": 2, "add": 1, "advance": 8, "reroute": 0},
    ),
    "a deadline": Course(
        accounts=("genpro", "powerpost", "adgen"),
        odd={"genpro": SLOW},
        options={"deadline": 0.1},
        writes={"create": 1, "record": 2, "add": 1, "advance": 6, "reroute": 0},
    ),
}
#: The second is one of which nobody can find out what became of a lost submit.
BLIND = Course(
    accounts=("powerpost", "adgen", "genpro"),
    broke=("powerpost",),
    writes={"create": 1, "record": 2, "add": 1, "advance": 0, "reroute": 0},
)
#: Everybody refuses, and the route ends.
BROKE = Course(
    accounts=("powerpost", "genpro"),
    broke=("powerpost", "genpro"),
    writes={"create": 1, "record": 2, "add": 1, "advance": 0, "reroute": 1},
)


@frozen
class Case:
    """One life, in a journal and a cell of its own, and the point at which it dies."""

    cell: int
    folder: Path
    op: str
    when: str
    nth: int

    @property
    def mark(self) -> str:
        return f"case-{self.cell}"

    @property
    def point(self) -> str:
        return f"{self.when} {self.op} {self.nth}"

    @property
    def written(self) -> bool:
        """True when its journal has a job."""
        return (self.op, self.when, self.nth) != ("create", "before", 1)


def cases(course: Course, folder: Path, *, when: Iterable[str] = WHEN, beyond: int = 0) -> list[Case]:
    """Return a case for each write; `beyond`: and for so many more of each kind, at which nobody dies."""
    points = [
        (op, each, nth) for op, most in course.writes.items() for each in when for nth in range(1, most + beyond + 1)
    ]
    return [Case(cell, folder / str(cell), *point) for cell, point in enumerate(points, start=3000)]


@asynccontextmanager
async def stage(course: Course) -> AsyncIterator[Simulators]:
    """The vendors as a course has them, with cells enough."""
    async with Simulators(clock=Movable(), options={"genpro": {"cell_count": 64}}) as sims:
        for name in ACCOUNTS:
            sims[name].script(evolve(course.odd.get(name, Scenario(steps=LIFE)), times=None))
        for name in course.broke:
            sims[name].set_balance(FEW)
        yield sims


def begin(births: Nursery, case: Case, sims: Simulators, course: Course, **more: Any) -> Child:
    about = {"mark": case.mark, "cell": case.cell, "routes": course.routes, "to": "r"}
    return births.bear(life(case.folder, sims, work="route", **about, **more))


async def die(births: Nursery, some: Sequence[Case], sims: Simulators, course: Course, *, keyed: bool = False) -> None:
    """Let every case come to its point, side by side; then let so much time pass that no lost submit is on its way."""
    children: list[Child] = []
    for case in some:
        kill = {"op": case.op, "when": case.when, "nth": case.nth}
        children.append(begin(births, case, sims, course, kill=kill, key=case.mark if keyed else None))
    for case, child in zip(some, children, strict=True):
        said = await child.end()
        assert not any("error" in each for each in said), f"{case.point}: {said}"
        alive = any("done" in each for each in said)
        if case.nth > course.writes[case.op]:
            assert alive, f"{case.point}: there are more writes than are tried here: {said}"
        elif case.op != "advance":  # how many there are depends on who reads first
            assert not alive, f"it never came to {case.point}: {said}"
    clock_of(sims).advance(LATER)


@asynccontextmanager
async def opened(case: Case, sims: Simulators, course: Course, *, read_only: bool = False) -> AsyncIterator[Hub]:
    """A hub of this process on the journal that the dead left behind."""
    accounts = {name: account(name, given, {}) for name, given in settings(sims).items()}
    routes = {name: Route(**given) for name, given in course.routes.items()}
    journal, clock = f"sqlite:///{case.folder}/genhub.db", clock_of(sims)
    async with Hub(accounts, journal=journal, routes=routes, clock=clock, read_only=read_only) as hub:
        yield hub


async def recovered(case: Case, sims: Simulators, course: Course) -> list[Job]:
    """Recover, and do nothing else: what is open goes on by itself. Returns the jobs as they are then."""
    async with opened(case, sims, course) as hub:
        await hub.recover()
        return await at_rest(case, hub)


async def asked_again(case: Case, sims: Simulators, course: Course, recover: str) -> list[Job]:
    """Ask for the same under the same key, twice at once. Returns the jobs as they are once nothing goes on."""
    async with opened(case, sims, course) as hub:
        if recover == "recover":
            await hub.recover()
        request = captions(case.mark, case.cell)
        one, other = await asyncio.gather(*(hub.submit(request, to="r", key=case.mark) for _ in range(2)))
        assert one.id == other.id, case.point
        return await at_rest(case, hub)


async def at_rest(case: Case, hub: Hub) -> list[Job]:
    """Wait until nothing is open but what only a person can settle, and read every job once more."""
    over = time.monotonic() + PATIENCE
    while going := [job async for job in hub.store.unfinished() if not _stuck(hub, job)]:
        assert time.monotonic() < over, f"{case.point}: it does not end: {going}"
        await asyncio.sleep(0.005)
    return [job if job.status.in_doubt else await hub.poll(job.id) async for job in hub.jobs()]


def _stuck(hub: Hub, job: Job) -> bool:
    live = hub.in_hand(job.id)
    return live is not None and live.stuck


async def left(case: Case, sims: Simulators, course: Course) -> list[Job]:
    """Return the jobs as the last process left them."""
    async with opened(case, sims, course, read_only=True) as hub:
        return [job async for job in hub.jobs()]


def check(found: Mapping[Case, Sequence[Job]], sims: Simulators) -> None:
    """Hold all journals together against the books of all vendors."""
    points = {case.mark: case.point for case in found}
    jobs = [job for some in found.values() for job in some]
    wrong = [*problems(jobs, sims, final=True), *bought_twice(jobs, sims)]
    assert not wrong, f"{wrong}; {points}"
    for case, some in found.items():
        assert [case.mark] * len(some[:1]) == [mark(job) for job in some], f"{case.point}: {some}"


def check_done(case: Case, jobs: Sequence[Job], sims: Simulators) -> None:
    """There is one job, which succeeded and is over, and of all that was made for it one thing was paid for."""
    (job,) = jobs
    assert (Status.SUCCEEDED, False) == (job.status, job.is_open), f"{case.point}: {job}"
    nets = [sims[name].net(each) for name in ACCOUNTS for each in made(sims[name], case.mark)]
    assert ([job.credits.net], True) == ([net for net in nets if net != 0], job.credits.exact), f"{case.point}: {job}"


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("name", COURSES)
async def test_a_kill_at_a_write_of_a_route(births: Nursery, tmp_path: Path, name: str, when: str) -> None:
    """The next process recovers: one account does the job, once, and what its other attempts cost came back."""
    course = COURSES[name]
    some = cases(course, tmp_path, when=(when,), beyond=1)
    async with stage(course) as sims:
        await die(births, some, sims, course)
        each = await asyncio.gather(*(recovered(case, sims, course) for case in some))
        found = dict(zip(some, each, strict=True))
        check(found, sims)
        for case, jobs in found.items():
            if case.written:
                check_done(case, jobs, sims)
            else:
                assert [] == jobs
                assert [] == [each for sim in ACCOUNTS for each in made(sims[sim], case.mark)]


@pytest.mark.parametrize("recover", ["recover", "no recover"])
@pytest.mark.parametrize("name", COURSES)
async def test_the_key_of_a_life_that_was_killed(births: Nursery, tmp_path: Path, name: str, recover: str) -> None:
    """Whoever asks again under the same key gets the same job, and it goes on, whether or not anybody recovers."""
    course = COURSES[name]
    some = cases(course, tmp_path)
    async with stage(course) as sims:
        await die(births, some, sims, course, keyed=True)
        each = await asyncio.gather(*(asked_again(case, sims, course, recover) for case in some))
        found = dict(zip(some, each, strict=True))
        check(found, sims)
        for case, jobs in found.items():
            check_done(case, jobs, sims)


@pytest.mark.parametrize("name", COURSES)
async def test_a_second_kill(births: Nursery, tmp_path: Path, name: str) -> None:
    """The process that takes over dies too, at its own first, second or third write; the third one ends it."""
    course = COURSES[name]
    some = cases(course, tmp_path, when=("after",))
    async with stage(course) as sims:
        await die(births, some, sims, course, keyed=True)
        kills = [{"op": "any", "when": WHEN[number % 2], "nth": 1 + number % 3} for number in range(len(some))]
        children = [
            begin(births, case, sims, course, key=case.mark, ahead=LATER, kill=kill)
            for case, kill in zip(some, kills, strict=True)
        ]
        for case, child in zip(some, children, strict=True):
            said = await child.end()
            assert not any("error" in each for each in said), f"{case.point}: {said}"
        clock_of(sims).advance(LATER)
        each = await asyncio.gather(*(recovered(case, sims, course) for case in some))
        found = dict(zip(some, each, strict=True))
        check(found, sims)
        for case, jobs in found.items():
            check_done(case, jobs, sims)


@pytest.mark.parametrize("how", ["recover", "no recover", "nobody asks"])
@pytest.mark.parametrize("name", ["a hedge", "a deadline"])
async def test_a_stop_that_was_decided_and_never_sent(births: Nursery, tmp_path: Path, name: str, how: str) -> None:
    """The next process sends it: else it would run to its end, and be charged."""
    course, case = COURSES[name], Case(3000, tmp_path, "give_up", "after", 1)
    async with stage(course) as sims:
        accounts, kill = settings(sims), {"op": case.op, "when": case.when, "nth": case.nth}
        accounts["genpro"]["poll_every"] = 60  # no read writes in between
        child = begin(births, case, sims, course, accounts=accounts, kill=kill, key=case.mark)
        assert not any("done" in each for each in await child.end())
        (job,) = await left(case, sims, course)
        (slow,) = made(sims.genpro, case.mark)
        assert (True, "processing") == (job.attempts[0].given_up is not None, sims.genpro.jobs[slow].status)
        nobody = how == "nobody asks"
        jobs = await (recovered(case, sims, course) if nobody else asked_again(case, sims, course, how))
        assert "stopped" == sims.genpro.jobs[slow].status
        check({case: jobs}, sims)
        check_done(case, jobs, sims)


@pytest.mark.parametrize("when", WHEN)
async def test_a_kill_that_leaves_a_doubt_for_a_person(births: Nursery, tmp_path: Path, when: str) -> None:
    """No other account is tried while nobody can say whether the second made it."""
    some = cases(BLIND, tmp_path, when=(when,))
    async with stage(BLIND) as sims:
        await die(births, some, sims, BLIND)
        each = await asyncio.gather(*(recovered(case, sims, BLIND) for case in some))
        found = dict(zip(some, each, strict=True))
        check(found, sims)
        for case, jobs in found.items():
            if (case.op, when, case.nth) in (("add", "after", 1), ("record", "before", 2)):
                (job,) = jobs
                assert ("adgen", Status.UNCONFIRMED, True) == (job.account, job.status, job.is_open), case.point
                assert (case.op == "record", 0) == (len(made(sims.adgen, case.mark)), len(made(sims.genpro, case.mark)))
            elif case.written:
                check_done(case, jobs, sims)


@pytest.mark.parametrize("recovers", [True, False])
@pytest.mark.parametrize("when", WHEN)
async def test_a_kill_while_nobody_has_credits(births: Nursery, tmp_path: Path, when: str, recovers: bool) -> None:
    """Asked again by further processes once there are credits: one job is bought, by the second of them at last."""
    some = cases(BROKE, tmp_path, when=(when,), beyond=1)
    async with stage(BROKE) as sims:
        await die(births, some, sims, BROKE, keyed=True)
        assert [] == [each for name in ACCOUNTS for each in sims[name].creations]
        for name in BROKE.broke:
            sims[name].set_balance(1000)
        for _ in range(2):
            children = [
                begin(births, case, sims, BROKE, key=case.mark, ahead=LATER, recovers=recovers) for case in some
            ]
            for case, child in zip(some, children, strict=True):
                said = await child.end()
                assert any("done" in each for each in said), f"{case.point}: {said}"
        found = {case: await left(case, sims, BROKE) for case in some}
        check(found, sims)
        for case, jobs in found.items():
            check_done(case, jobs, sims)
