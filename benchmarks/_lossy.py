"""A server on loopback that reads every POST whole, counts it, and loses the answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Self

import aiohttp
from aiohttp import web
from attrs import define, field, frozen

#: What nginx says for a service behind it that broke off; some clients look for its name before they retry.
PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
#: Where clients write an idempotency key: a header, or a field of the body.
KEY_HEADERS = ("Idempotency-Key", "X-Idempotency-Key")
KEY_FIELD = "idempotencyKey"
#: Headers that belong to one connection.
HOP = frozenset({"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"})


class Loss(StrEnum):
    """How an answer is lost, after the request was read whole."""

    CLOSES = "closes the connection"
    HANGS = "never answers"
    BAD_GATEWAY = "answers 502"


@frozen
class Post:
    """One POST that was read whole."""

    path: str
    key: str | None  #: of idempotency, if the client sent one
    at: float  #: seconds, monotonic


@define(eq=False)
class LossyServer:
    """Loses the answer to every POST. With a vendor `behind` it, all is handed on, and reads are answered."""

    loss: Loss
    behind: str | None = None  #: the origin of a vendor (a simulator): it makes the job, and its answer is thrown away
    hung: Callable[[], object] | None = None  #: called when a client begins to wait for an answer that never comes
    posts: list[Post] = field(init=False, factory=list[Post])
    #: Set while answers are lost at once; cleared, every POST waits (for a test that kills its client meanwhile).
    go: asyncio.Event = field(init=False, factory=asyncio.Event)
    read: asyncio.Event = field(init=False, factory=asyncio.Event)  #: set once a POST was read whole
    origin: str = field(init=False, default="")
    _closing: asyncio.Event = field(init=False, factory=asyncio.Event)
    _runner: web.ServerRunner | None = field(init=False, default=None)
    _session: aiohttp.ClientSession | None = field(init=False, default=None)

    async def __aenter__(self) -> Self:
        self.go.set()
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.origin = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        self.go.set()
        assert self._runner is not None and self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    @property
    def distinct(self) -> int:
        """The POSTs that buy something at a vendor that honours keys: those without one, and the first of each."""
        keys = Counter(post.key for post in self.posts)
        return keys.pop(None, 0) + len(keys)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if request.method != "POST":
            return await self._hand_on(request, body)
        self.posts.append(Post(request.path, _key(request, body), time.monotonic()))
        made = await self._hand_on(request, body) if self.behind is not None else None
        self.read.set()
        await self.go.wait()
        if self.loss is Loss.BAD_GATEWAY:
            date = {} if made is None else {"Date": made.headers["Date"]}  # one clock for the vendor and its gateway
            return web.Response(status=502, text=PAGE, content_type="text/html", headers=date)
        if self.loss is Loss.HANGS:
            if self.hung is not None:
                self.hung()
            await self._closing.wait()
        if request.transport is not None:
            request.transport.close()
        return web.Response()  # never sent: the connection is gone

    async def _hand_on(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if self.behind is None:
            return web.json_response({"error": "nothing was made here"}, status=404)
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        target = self.behind + request.path_qs
        async with self._session.request(request.method, target, data=body, headers=headers) as answer:
            back = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=back)


def _key(request: web.BaseRequest, body: bytes) -> str | None:
    for name in KEY_HEADERS:
        if name in request.headers:
            return request.headers[name]
    try:
        said = json.loads(body)
    except ValueError:
        return None
    key = said.get(KEY_FIELD) if isinstance(said, dict) else None
    return key if isinstance(key, str) else None
