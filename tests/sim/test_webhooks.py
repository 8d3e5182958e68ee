import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from genhub.sim import Clock, PowerPostSim, Scenario

Call = Callable[..., Awaitable[Any]]
CAPTIONS = {"prompt": "Soup", "post_types": ["x-post"], "research_mode": "regular"}


async def test_ended_jobs_are_announced(clock: Clock, call: Call) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def listen(request: web.BaseRequest) -> web.Response:
        await heard.put(await request.json())
        return web.Response()

    door = web.Server(listen)
    server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with PowerPostSim(clock=clock, webhook_url=url) as sim:
        sim.script(Scenario(duration=5))
        sim.script(Scenario(duration=8, outcome="failed"))
        sim.script(Scenario(steps=("failed",), error="MODERATED"))
        await call(sim, "POST", "/content/generate", json=CAPTIONS)
        await call(sim, "POST", "/images/generate", json={"prompt": "Soup"})
        await call(sim, "POST", "/content/generate", json=CAPTIONS)
        await call(sim, "POST", "/videos/generate", json={"prompt": "Soup", "duration": 5})
        ids = [job_id for job_id, _ in sim.creations]

        clock.advance(5)
        event = await heard.get()
        assert ("generation.completed", "2026-03-01T00:00:05Z", "ws-1") == (
            event["event"],
            event["timestamp"],
            event["workspace_id"],
        )
        assert (ids[0], "completed", {"x"}) == (
            event["data"]["generation_id"],
            event["data"]["status"],
            set(event["data"]["outputs"]),
        )
        clock.advance(3)
        event = await heard.get()
        assert ("image_generation.failed", ids[1]) == (event["event"], event["data"]["image_generation_id"])
        await call(sim, "GET", f"/content/generations/{ids[2]}")
        event = await heard.get()
        assert ("generation.failed", "MODERATED") == (event["event"], event["data"]["error_code"])
        clock.advance(1000)
        assert heard.empty()
    server.close()
    await door.shutdown(1)
    await server.wait_closed()


async def test_nobody_has_to_listen(clock: Clock, call: Call) -> None:
    async with PowerPostSim(clock=clock, webhook_url="http://127.0.0.1:9/") as sim:
        sim.script(Scenario(steps=("completed",)))
        made = (await call(sim, "POST", "/content/generate", json=CAPTIONS)).data
        read = await call(sim, "GET", sim.origin + made["status_url"])
        assert "completed" == read.data["status"]
