"""A hub with many jobs in flight at a server whose jobs never end; beside it a task for each job, by hand."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from yarl import URL

from benchmarks import _connections
from benchmarks._held import counted, lateness, rss, weight
from benchmarks._hold_server import ask
from benchmarks._route_cost import NEVER, Wireless
from genhub import Account, Handle, Hub, ImageRequest, Provider

#: Submits on their way at once, and connections.
CONCURRENCY = 100
#: Jobs that go before, so that what is made once is there: sessions, connections, code.
WARM = 2 * CONCURRENCY
#: Between two counts of tasks and sockets, in seconds.
COUNT_EVERY = 0.25


@asynccontextmanager
async def hub(provider: Provider, every: float) -> AsyncIterator[Hub]:
    """Open a hub on a journal in memory that reads each job so often, in seconds."""
    account = Account(provider=provider, poll_every=every, concurrency=CONCURRENCY)
    async with Hub({"ads": account}, connections=CONCURRENCY) as it:
        yield it


def request(number: int) -> ImageRequest:
    """Return a request of its own."""
    return ImageRequest(prompt=f"A bowl of soup, steaming, number {number}")


async def submitted(hub: Hub, jobs: int, within: float = 0.0) -> list[Handle]:
    """Submit so many jobs, evenly within so many seconds if it can be; returns their handles."""
    numbers, began = iter(range(jobs)), time.monotonic()
    handles: list[Handle] = []

    async def worker() -> None:
        for number in numbers:
            if (wait := began + within * number / jobs - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            handles.append(await hub.submit(request(number)))

    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return handles


async def weighed(jobs: int) -> dict[str, float]:
    """Return the bytes allocated for each job in flight: request, job, handle and all. No wire is in the way."""
    tracemalloc.start()
    provider = Wireless(base_url="http://127.0.0.1:1", token="token", project_id="11", product_id="22")
    async with hub(provider, NEVER) as it:
        warm = await submitted(it, WARM)
        before = weight()
        handles = await submitted(it, jobs)
        grown = weight() - before
        assert (WARM, jobs) == (len(warm), len(handles))
    tracemalloc.stop()
    return {"bytes": grown / jobs}


async def held(origin: str, jobs: int, every: float, seconds: float) -> dict[str, float]:
    """Have so many jobs in flight over HTTP, each read so often, and watch the loop for so many seconds.

    They are submitted evenly over one interval, so that their reads come evenly too. Times are in milliseconds, but for
    the CPU of a read, which is in microseconds.
    """
    async with hub(_connections.provider(origin), every) as it:
        warm = await submitted(it, WARM)
        for handle in warm[:CONCURRENCY]:  # so that the connections for reads are there
            await handle.poll()
        gc.collect()
        before, began = rss(), time.perf_counter()
        handles = await submitted(it, jobs, every)
        took = time.perf_counter() - began
        gc.collect()
        grown = rss() - before
        began = time.perf_counter()
        gc.collect()  # without garbage: so long the loop stands still whenever Python looks through everything
        collection = time.perf_counter() - began
        await ask(origin, b"GET /begin")
        async with counted(COUNT_EVERY) as (tasks, sockets), lateness() as late:
            used, began = time.process_time(), time.perf_counter()
            await asyncio.sleep(seconds)
            used, lasted = time.process_time() - used, time.perf_counter() - began
        polls = (await ask(origin))["polls"]
        assert len(handles) == jobs
    return {
        "bytes": grown / jobs,
        "submits": jobs / took,
        "collection": collection * 1000,
        "polls": polls / lasted,
        "us": used * 1e6 / max(polls, 1),
        "p99": late.percentile(0.99) * 1000,
        "worst": late.worst * 1000,
        "tasks": float(tasks.value),
        "sockets": float(sockets.value),
    }


async def idle(seconds: float) -> dict[str, float]:
    """Watch a loop that has nothing to do: what of a lag is the machine's."""
    async with lateness() as late:
        await asyncio.sleep(seconds)
    return {"p99": late.percentile(0.99) * 1000, "worst": late.worst * 1000}


async def _stall(work: Callable[[], Coroutine[Any, Any, object]]) -> dict[str, float]:
    gc.collect()
    began = time.perf_counter()
    async with lateness() as late:
        await work()
    return {"worst": late.worst * 1000, "p99": late.percentile(0.99) * 1000, "seconds": time.perf_counter() - began}


async def burst(origin: str, jobs: int) -> dict[str, float]:
    """Submit so many at once, all in one turn of the loop; returns the worst stall until all are submitted."""
    async with hub(_connections.provider(origin), 60.0) as it:
        await submitted(it, WARM)

        async def work() -> None:
            await asyncio.gather(*(it.submit(request(number)) for number in range(jobs)))

        return await _stall(work)


async def burst_of_nothing(jobs: int) -> dict[str, float]:
    """So many tasks at once that take turns at a semaphore and do nothing: what asyncio takes by itself."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def task() -> None:
        async with slots:
            await asyncio.sleep(0)

    async def work() -> None:
        await asyncio.gather(*(task() for _ in range(jobs)))

    return await _stall(work)


async def by_hand(origin: str, jobs: int, every: float, seconds: float) -> dict[str, float]:
    """A task for each job, as one writes it by hand: submit, then sleep and read. Watched for so many seconds."""
    head = {"Authorization": "Bearer token"}
    submit, body = URL(f"{origin}/api/generate/static-ad", encoded=True), orjson.dumps({"prompt": "A bowl of soup"})
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONCURRENCY, keepalive_timeout=150.0), cookie_jar=aiohttp.DummyCookieJar()
    )

    async def job() -> None:
        async with session.post(submit, data=body, headers=head) as answer:
            made = orjson.loads(await answer.read())
        read = URL(f"{origin}/api/generate/status?jobId={made['jobId']}", encoded=True)
        status = "queued"
        while status != "completed":
            await asyncio.sleep(every)
            async with session.get(read, headers=head) as answer:
                status = orjson.loads(await answer.read())["status"]

    async with session:
        warm = [asyncio.ensure_future(job()) for _ in range(CONCURRENCY)]
        await asyncio.sleep(0.2)
        gc.collect()
        before = rss()
        async with counted(COUNT_EVERY) as (tasks, sockets), lateness() as late:
            all_ = [asyncio.ensure_future(job()) for _ in range(jobs)]
            while (await ask(origin))["submits"] < jobs + CONCURRENCY:  # noqa: ASYNC110 (another process)
                await asyncio.sleep(COUNT_EVERY)
            await ask(origin, b"GET /begin")
            used, began = time.process_time(), time.perf_counter()
            await asyncio.sleep(seconds)
            used, lasted = time.process_time() - used, time.perf_counter() - began
            polls = (await ask(origin))["polls"]
        gc.collect()
        grown = rss() - before
        for task in (*warm, *all_):
            task.cancel()
        await asyncio.gather(*warm, *all_, return_exceptions=True)
    return {
        "bytes": grown / jobs,
        "polls": polls / lasted,
        "us": used * 1e6 / max(polls, 1),
        "p99": late.percentile(0.99) * 1000,
        "worst": late.worst * 1000,
        "tasks": float(tasks.value),
        "sockets": float(sockets.value),
    }
