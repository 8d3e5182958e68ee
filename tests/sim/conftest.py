from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import attrs
import orjson
import pytest

from genhub.sim import AdGenSim, Clock, GenProSim, PowerPostSim, Simulator


@attrs.frozen
class Reply:
    status: int
    raw: bytes
    headers: Any

    @property
    def data(self) -> Any:
        return orjson.loads(self.raw)


def auth(sim: Simulator) -> dict[str, str]:
    settings = sim.settings()
    if sim.name == "powerpost":
        return {"x-api-key": settings["api_key"], "X-Workspace-Id": settings["workspace_id"]}
    if sim.name == "genpro":
        return {"X-API-Key": settings["api_key"]}
    return {"Authorization": f"Bearer {settings['token']}"}


@pytest.fixture
def clock() -> Clock:
    return Clock.manual()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    # A connection for each call: what one fault does to its connection is no other call's business.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


@pytest.fixture
def call(http: aiohttp.ClientSession) -> Callable[..., Awaitable[Reply]]:
    async def call(
        sim: Simulator, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> Reply:
        target = path if path.startswith("http") else sim.url + path
        used = auth(sim) if headers is None else headers
        async with http.request(method, target, headers=used, allow_redirects=False, **more) as response:
            return Reply(response.status, await response.read(), response.headers)

    return call


@pytest.fixture
async def pp(clock: Clock) -> AsyncIterator[PowerPostSim]:
    async with PowerPostSim(clock=clock) as sim:
        yield sim


@pytest.fixture
async def gp(clock: Clock) -> AsyncIterator[GenProSim]:
    async with GenProSim(clock=clock) as sim:
        yield sim


@pytest.fixture
async def ag(clock: Clock) -> AsyncIterator[AdGenSim]:
    async with AdGenSim(clock=clock) as sim:
        yield sim
