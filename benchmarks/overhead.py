"""What genhub adds to a job's life: CPU of submit and five polls, against hand-written aiohttp with orjson.

Both speak adgen's static ads to the same server, in a second process, and poll at the same interval. Blocks of jobs
alternate within one process; a ratio is that of two neighbours, its interval is a bootstrap's of their median.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aiohttp
import orjson
from yarl import URL

from benchmarks._job_server import READS
from benchmarks._report import ROOT, Goal, Report, Table, arguments, finish, interval, versions
from genhub import Account, Hub, ImageRequest, Status
from genhub_adgen import AdGen

#: Between two polls of a job, in seconds.
EVERY = 0.05
#: Jobs in flight, and how many a block has for each of them.
LEVELS = {10: 8, 100: 2}
STORES = ("memory", "sqlite")
GOALS = {"memory": 1.15, "sqlite": 1.30}
REQUEST = ImageRequest(prompt="A bowl of soup, steaming")

Job = Callable[[], Awaitable[None]]


def bound(store: str, level: int) -> str:
    """Return the name of the figure that has a goal."""
    return f"{store}, {level} in flight, upper 95 % bound"


def lean(session: aiohttp.ClientSession, origin: str) -> Job:
    """Return a job's life as one writes it by hand."""
    head = {"Authorization": "Bearer token", "Content-Type": "application/json"}
    project = {"projectId": "11111111-aaaa-4bbb-8ccc-0000000000a1", "productId": "11111111-aaaa-4bbb-8ccc-0000000000b1"}
    body = {**project, "prompt": REQUEST.prompt, "idempotencyKey": "static_ad-j019aab1c2d3e4f5a6b7c8.1"}

    async def job() -> None:
        url = URL(f"{origin}/api/generate/static-ad", encoded=True)
        async with session.post(url, data=orjson.dumps(body), headers=head) as answer:
            made = orjson.loads(await answer.read())
        read = URL(f"{origin}/api/generate/status?jobId={made['jobId']}", encoded=True)
        due = time.monotonic()
        status = ""
        while status != "completed":
            due += EVERY
            await asyncio.sleep(due - time.monotonic())
            async with session.get(read, headers=head) as answer:
                status = orjson.loads(await answer.read())["status"]

    return job


def ours(hub: Hub) -> Job:
    """Return a job's life at genhub."""

    async def job() -> None:
        handle = await hub.submit(REQUEST)
        done = await handle.wait()
        assert done.status is Status.SUCCEEDED, done

    return job


def hub(origin: str, journal: str) -> Hub:
    """Return a hub at the server."""
    provider = AdGen(
        base_url=origin,
        token="token",
        project_id="11111111-aaaa-4bbb-8ccc-0000000000a1",
        product_id="11111111-aaaa-4bbb-8ccc-0000000000b1",
    )
    return Hub({"ads": Account(provider=provider, poll_every=EVERY, concurrency=100)}, journal=journal)


async def block(job: Job, in_flight: int, each: int) -> float:
    """Run a block of jobs; returns CPU microseconds a job, of all threads."""

    async def worker() -> None:
        for _ in range(each):
            await job()

    gc.collect()
    begun = time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time() - begun) * 1e6 / (in_flight * each)


async def measure(origin: str, rounds: int) -> Report:
    """Alternate the blocks."""
    figures: dict[str, float] = {}
    rows = []
    connector = aiohttp.TCPConnector(limit=100, keepalive_timeout=150.0)
    jar = aiohttp.DummyCookieJar()
    with TemporaryDirectory() as folder:
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=jar, skip_auto_headers=("User-Agent",)) as session,
            hub(origin, "memory:") as memory,
            hub(origin, f"sqlite:///{Path(folder) / 'genhub.db'}") as sqlite,
        ):
            jobs = {"lean": lean(session, origin), "memory": ours(memory), "sqlite": ours(sqlite)}
            for level, each in LEVELS.items():
                cost: dict[str, list[float]] = {name: [] for name in jobs}
                for job in jobs.values():
                    await block(job, level, 1)
                for turn in range(rounds):
                    names = list(jobs) if turn % 2 else list(reversed(jobs))
                    for name in names:
                        cost[name].append(await block(jobs[name], level, each))
                for name, values in cost.items():
                    ratios = [mine / floor for mine, floor in zip(values, cost["lean"], strict=True)]
                    low, high = interval(ratios)
                    figures[f"{name}, {level} in flight, us a job"] = median(values)
                    said = "1"
                    if name != "lean":
                        figures[f"{name}, {level} in flight, ratio"] = median(ratios)
                        figures[bound(name, level)] = high
                        said = f"{median(ratios):.2f} ({low:.2f} to {high:.2f})"
                    title = "aiohttp and orjson by hand" if name == "lean" else f"genhub, {name} journal"
                    rows.append((f"{level}", title, f"{median(values):,.0f}", said))
    table = Table(
        title=f"CPU of one job's life (submit, {READS} polls): medians of {rounds} paired blocks",
        head=("in flight", "client", "us a job", "x by hand (95 %)"),
        rows=rows,
        notes=(f"One read of a job each {EVERY * 1000:g} ms; all threads of the client's process count.",),
    )
    goals = [Goal(figure=bound(store, level), most=GOALS[store], later=True) for level in LEVELS for store in STORES]
    found = versions("genhub-jobs", "aiohttp", "orjson")
    return Report(name="overhead", tables=[table], figures=figures, goals=goals, versions=found)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=16)
    options = parser.parse_args()
    command = [sys.executable, "-m", "benchmarks._job_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            origin = f"http://127.0.0.1:{int(server.stdout.readline())}"
            report = asyncio.run(measure(origin, options.rounds))
        finally:
            server.terminate()
    return finish(report, options)


if __name__ == "__main__":
    sys.exit(main())
