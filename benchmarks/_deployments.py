"""OpenAI-compatible services on loopback that have outages in real time, and count what they were made to bill."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from attrs import define, field

from benchmarks._afternoon import LOST, Outage, Trouble
from benchmarks._peers import NotInstalled, environment
from genhub.sim import Fault

#: What such a service can have, and a client of it can notice.
TROUBLES = (Trouble.CLOSED, Trouble.LIMITED, Trouble.LOSES, Trouble.BROKE)
SCRIPT = Path(__file__).with_name("_router_peer.py")


@define(eq=False)
class Deployment:
    """One account at one such service."""

    name: str
    trouble: Trouble | None = None
    billed: Counter[str] = field(init=False, factory=Counter[str])  #: by prompt
    posts: int = field(init=False, default=0)  #: that were read whole
    port: int = field(init=False, default=0)
    _lost: itertools.cycle[Fault] = field(init=False, factory=lambda: itertools.cycle(LOST))
    _site: web.TCPSite | None = field(init=False, default=None)
    _runner: web.ServerRunner | None = field(init=False, default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen; again on the same port."""
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Refuse connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = json.loads(await request.read() or b"{}") if request.content_type == "application/json" else {}
        if not body:
            body = dict(await request.post())
        prompt = str(body.get("prompt") or "")
        self.posts += 1
        match self.trouble:
            case Trouble.LIMITED:
                return _refusal(429, "rate_limit_exceeded", {"Retry-After": "1"})
            case Trouble.BROKE:
                return _refusal(429, "insufficient_quota", {})
            case Trouble.LOSES:
                how = next(self._lost)
                self.billed[prompt] += how.creates
                if how is Fault.ERROR_500_AFTER:
                    return _refusal(500, "server_error", {})
                if request.transport is not None:
                    request.transport.close()
                return web.Response()  # never sent: the connection is gone
            case _:
                self.billed[prompt] += 1
                return web.json_response(_chat() if "chat" in request.path else _video(self.billed.total()))


def _refusal(status: int, code: str, headers: dict[str, str]) -> web.Response:
    error = {"message": code.replace("_", " "), "type": code, "code": code, "param": None}
    return web.json_response({"error": error}, status=status, headers=headers)


def _video(number: int) -> dict[str, Any]:
    return {
        "id": f"video_{number}", "object": "video", "status": "queued", "model": "sora-2", "progress": 0,
        "created_at": 1772456400, "seconds": "4", "size": "720x1280",
    }  # fmt: skip


def _chat() -> dict[str, Any]:
    message = {"role": "assistant", "content": "It does."}
    return {
        "id": "chat-1", "object": "chat.completion", "created": 1772456400, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11},
    }  # fmt: skip


@asynccontextmanager
async def deployments(names: Sequence[str]) -> AsyncIterator[dict[str, Deployment]]:
    """Run one for each account."""
    found = {name: Deployment(name) for name in names}
    try:
        for each in found.values():
            await each.open()
        yield found
    finally:
        for each in found.values():
            await each.close()


async def happen(outage: Outage, at: Deployment, faster: float) -> None:
    """Let an outage happen, so many times faster."""
    await asyncio.sleep(outage.begin / faster)
    at.trouble = outage.trouble
    if outage.trouble is Trouble.CLOSED:
        await at.close()
    await asyncio.sleep((outage.end - outage.begin) / faster)
    if outage.trouble is Trouble.CLOSED:
        await at.open()
    at.trouble = None


async def ask(interpreter: Path, what: str, asked: dict[str, Any], *, meanwhile: Sequence[Any] = ()) -> Any:
    """Let a peer do its work; what happens meanwhile begins with it. Raises NotInstalled."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(interpreter), str(SCRIPT), what, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, limit=2**24
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    errors = asyncio.ensure_future(process.stderr.read())
    things: list[asyncio.Future[Any]] = []
    try:
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        ready = await process.stdout.readline()
        things = [asyncio.ensure_future(each) for each in meanwhile]
        process.stdin.write(b"go\n")
        out = await process.stdout.read()
        await process.wait()
    finally:
        for each in things:
            each.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not ready:
        raise NotInstalled((await errors).decode("utf-8", "replace").strip().splitlines()[-1][:160])
    await asyncio.gather(*things, return_exceptions=True)
    return json.loads(out.splitlines()[-1])
