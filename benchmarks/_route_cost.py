"""What a route adds to a submit: CPU of a routed one over a direct one to the same account, in paired blocks."""

from __future__ import annotations

import asyncio
import gc
import itertools
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from typing import Any

from attrs import frozen

from benchmarks._report import ROOT, Goal, Table, interval
from genhub import Account, Balance, Call, Hub, ImageRequest, Receipt, Ref, Request, Status
from genhub.http import Http
from genhub_adgen import AdGen

REQUEST = ImageRequest(prompt="A bowl of soup, steaming")
ACCOUNTS = ("first", "second", "third")
#: What is compared, by its name: where the submits go to. `direct` is the floor.
ROUTES: Mapping[str, Sequence[str]] = {"a route of 1 account": ACCOUNTS[:1], "a route of 3 accounts": ACCOUNTS}
#: In flight at once, and how many submits each of them makes in a block.
IN_FLIGHT, EACH = 10, 20
#: No job is read while submits are measured.
NEVER = 1e6
NO_WIRE, LOOPBACK = "none", "loopback"
_ids = itertools.count(1)


def added(name: str, where: str) -> str:
    """Return the name of the figure that has a goal."""
    return f"us that {name} adds to a submit, wire {where}"


@frozen(kw_only=True)
class Wireless(AdGen):
    """The ad-generation API without its wire: every submit is answered at once, so that little hides what is added."""

    async def submit(self, http: Http, call: Call) -> Receipt:
        ref = Ref(id=f"00000000-0000-4000-8000-{next(_ids):012x}", kind=call.kind)
        return Receipt(ref=ref, status=Status.QUEUED, raw_status="queued", charged=Decimal(3), balance=Decimal(99997))

    async def balance(self, http: Http) -> Balance:
        return Balance(amount=Decimal(100_000), unit=self.billing.unit, at=datetime.fromtimestamp(0, UTC))


@asynccontextmanager
async def hub(kind: type[AdGen], origin: str) -> AsyncIterator[Hub]:
    """Open a hub with three accounts and a route of each length, on a journal in memory."""
    provider = kind(
        base_url=origin,
        token="token",
        project_id="11111111-aaaa-4bbb-8ccc-0000000000a1",
        product_id="11111111-aaaa-4bbb-8ccc-0000000000b1",
    )
    account = Account(provider=provider, poll_every=NEVER, concurrency=IN_FLIGHT)
    async with Hub(dict.fromkeys(ACCOUNTS, account), routes={name: list(each) for name, each in ROUTES.items()}) as it:
        yield it


def submit(hub: Hub, to: str, request: Request = REQUEST) -> Callable[[], Awaitable[Any]]:
    """Return one submit."""
    return lambda: hub.submit(request, to=to)


async def block(work: Callable[[], Awaitable[Any]], each: int) -> float:
    """Do a block of the same; returns CPU microseconds of one, of all threads."""

    async def worker() -> None:
        for _ in range(each):
            await work()

    gc.collect()
    begun = time.process_time()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return (time.process_time() - begun) * 1e6 / (IN_FLIGHT * each)


async def pairs(kind: type[AdGen], origin: str, rounds: int, each: int) -> dict[str, list[float]]:
    """Alternate the blocks, each round in the other order; a fresh hub forgets the jobs of the round before."""
    cost: dict[str, list[float]] = {"direct": [], **{name: [] for name in ROUTES}}
    for turn in range(rounds + 1):
        async with hub(kind, origin) as it:
            works = {"direct": submit(it, ACCOUNTS[0]), **{name: submit(it, name) for name in ROUTES}}
            for work in works.values():
                await block(work, 1)
            for name in list(works) if turn % 2 else list(reversed(works)):
                used = await block(works[name], each)
                if turn:  # the first one warms up
                    cost[name].append(used)
    return cost


@contextmanager
def job_server() -> Iterator[str]:
    """Run the lean job server in a process of its own; gives its origin."""
    command = [sys.executable, "-m", "benchmarks._job_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


async def measure(rounds: int, each: int = EACH) -> tuple[list[Sequence[str]], dict[str, float]]:
    """Return the rows of the table, and the figures."""
    rows: list[Sequence[str]] = []
    figures: dict[str, float] = {}
    with job_server() as origin:
        for where, kind in ((NO_WIRE, Wireless), (LOOPBACK, AdGen)):
            cost = await pairs(kind, origin, rounds, each)
            direct = cost.pop("direct")
            figures[f"us of a direct submit, wire {where}"] = median(direct)
            for name, values in cost.items():
                more = [mine - floor for mine, floor in zip(values, direct, strict=True)]
                low, high = interval(more)
                figures[added(name, where)] = median(more)
                said = f"{median(more):+,.0f} ({low:+,.0f} to {high:+,.0f})"
                rows.append((where, name, f"{median(direct):,.0f}", said))
    return rows, figures


def table(rows: Sequence[Sequence[str]], rounds: int) -> Table:
    """Return what is added to a submit."""
    return Table(
        title=f"What a route adds to a submit: CPU, medians of {rounds} paired blocks",
        head=("wire", "by", "us direct", "us more (95 %)"),
        rows=rows,
        notes=(
            f"{IN_FLIGHT} in flight, journal in memory; all threads of the client's process; nothing is read.",
            "wire none: the adapter answers by itself; what is direct and what is routed differ by the route alone.",
        ),
    )


GOALS = tuple(Goal(figure=added(name, NO_WIRE), most=10.0) for name in ROUTES)
