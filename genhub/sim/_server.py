"""What the three simulated vendors have in common: the port, the jobs, the books and the scenarios."""

import asyncio
import email.utils
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import attrs
from aiohttp import web

from . import _control
from ._desk import Desk
from ._door import Door
from ._faults import Fault, billable_faults
from ._fields import Invalid
from ._http import Answer, Broke, Call, Refusal, Route, Router, Seen
from ._intake import NO_BODY, read_body
from ._jobs import SimJob
from ._media import serve_media
from ._scenario import Scenario, Script
from ._wire import play


@attrs.define(eq=False, kw_only=True)
class Simulator(Desk):
    """One simulated vendor on one port. Every argument of the constructor is a switch."""

    #: The path that `url` adds to the origin, and that documented paths begin with.
    base_path: ClassVar[str] = ""
    id_fields: ClassVar[tuple[str, ...]]
    amount_fields: ClassVar[tuple[str, ...]]
    #: The vendor's code for each documented status.
    codes: ClassVar[Mapping[int, str]] = {}

    host: str = "127.0.0.1"
    port: int = 0
    #: So many requests in so many seconds; None is no limit.
    rate_limit: tuple[int, float] | None = (100_000, 60.0)
    #: Whether any key, workspace, project, sheet is served.
    any_credentials: bool = False
    #: How many requests are kept.
    keep_requests: int = 20_000

    #: What was asked, oldest first, the last `keep_requests` of them.
    requests: list[Seen] = attrs.field(init=False, factory=list[Seen], repr=False)
    closing: asyncio.Event = attrs.field(init=False, factory=asyncio.Event, repr=False)

    _router: Router = attrs.field(init=False, repr=False)
    _counts: Counter[tuple[str, str]] = attrs.field(init=False, factory=Counter[tuple[str, str]], repr=False)
    _window: tuple[float, int] = attrs.field(init=False, default=(0.0, 0), repr=False)
    _server: asyncio.Server | None = attrs.field(init=False, default=None, repr=False)
    _door: Door | None = attrs.field(init=False, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        Desk.__attrs_post_init__(self)
        self._router = Router(self.routes())

    # The port

    async def __aenter__(self) -> Self:
        await self.open_port()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close_port()

    async def open_port(self) -> None:
        """Listen; after a `close_port` on the same port as before."""
        if self._server is not None:
            return
        self.closing = asyncio.Event()
        door = Door(self._handle, self._doorkeeper, access_log=None, keepalive_timeout=75.0)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(door, self.host, self.port, reuse_address=True)
        self._door = door
        self.port = self._server.sockets[0].getsockname()[1]

    async def close_port(self) -> None:
        """Stop listening and drop every connection: from now on they are refused."""
        server, door = self._server, self._door
        if server is None or door is None:
            return
        self._server = self._door = None
        self.closing.set()
        server.close()
        door.pre_shutdown()
        await door.shutdown(0.5)
        await server.wait_closed()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The base_url of an account that uses this vendor."""
        return self.origin + self.base_path

    # What tests and apps look at

    @property
    def scripts(self) -> list[Script]:
        """The scenarios that are not used up."""
        return self.casting.scripts

    @property
    def hits(self) -> Counter[Fault]:
        """How often each fault struck."""
        return self.casting.hits

    def count(self, method: str, path: str) -> int:
        """Return how many requests came for a path: whole, without the base, or with {names} as documented."""
        return self._counts[method, path.removeprefix(self.base_path)]

    def counts(self) -> dict[str, int]:
        """Return how many requests came for each method and path."""
        return {f"{method} {path}": count for (method, path), count in self._counts.items()}

    def script(self, scenario: Scenario) -> Script:
        """Let something happen to calls to come; the first that fits and is not used up is taken."""
        script = Script(scenario)
        self.scripts.append(script)
        return script

    def billable_faults(self) -> tuple[Fault, ...]:
        """Return the faults after which a job exists and was charged."""
        return billable_faults()

    def accept(self, **credentials: object) -> None:
        """Serve these credentials too; without any, serve all there are."""
        if credentials:
            self.admit(credentials)
        else:
            self.any_credentials = True

    def settings(self) -> dict[str, Any]:
        """Return an account's settings, as genhub.toml has them."""
        return {"provider": self.name, "base_url": self.url, **self.credentials()}

    def reset(self) -> None:
        """Forget the jobs, the books, the requests and the scenarios; ids are not used again."""
        self.clear()
        self.casting.clear()
        self.requests.clear()
        self._counts.clear()
        self._window = (0.0, 0)
        self.forget()

    # What a vendor fills in

    def routes(self) -> Iterable[Route]:
        """Yield the documented endpoints."""
        raise NotImplementedError

    def credentials(self) -> Mapping[str, object]:
        """Return the settings that let an account in."""
        raise NotImplementedError

    def admit(self, credentials: Mapping[str, object]) -> None:
        """Let more settings in; those it does not know are not its business."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop the vendor's own records."""

    def refuse(self, refusal: Refusal) -> Answer:
        """Say no in the vendor's form."""
        raise NotImplementedError

    def invalid(self, error: Invalid) -> Refusal:
        """Return the refusal of a body that breaks the rules."""
        raise NotImplementedError

    def broke(self, error: Broke) -> Refusal:
        """Return the refusal for want of credits."""
        raise NotImplementedError

    def subject(self, call: Call) -> SimJob | None:
        """Return the job that a call is about."""
        return self.jobs.get(call.params.get("id", ""))

    def headers(self) -> dict[str, str]:
        """Return the headers of every answer."""
        date = email.utils.formatdate(self.now(), usegmt=True)
        return {"Date": date, "Server": f"{self.name}-sim"}

    # A call

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.removeprefix("/_moved")
        if path.startswith("/_sim/"):
            return await _control.serve(self, request)
        found = self._find(request.method, path)
        body = await read_body(request) if found is not None else NO_BODY
        route, params = found or (Route(request.method, path, "read", self._nowhere), {})
        call = Call(
            kind=route.kind,
            method=request.method,
            path=path,
            params=params,
            query=request.query,
            headers=request.headers,
            raw=body.raw,
            upload=body.upload,
            handler=route.handler,
        )
        seen = Seen(call.method, path, call.query, call.headers, call.raw, self.clock.time())
        self._note(seen, route.template)
        self.casting.pick(call, self.subject(call) if call.kind != "submit" else None)
        response = await play(self, request, call)
        if request.transport is not None and not request.transport.is_closing():
            seen.status = response.status
        return response

    def answer(self, call: Call) -> Answer:
        """Do what is asked, or say no."""
        try:
            if call.kind != "download":
                self._pace()
            self.settle()
            return call.handler(call)
        except Refusal as refusal:
            return self.refuse(refusal)
        except Invalid as error:
            return self.refuse(self.invalid(error))
        except Broke as error:
            return self.refuse(self.broke(error))

    def refusal(self, status: int, code: str | None, *, retry_after: float | None = None) -> Refusal:
        """Return the documented refusal of a status."""
        wait = retry_after if status == 429 else None
        return Refusal(status, code or self.codes.get(status), f"simulated {status}", retry_after=wait)

    def _find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        if path.startswith("/_media/") and method in ("GET", "HEAD"):
            return Route(method, "/_media/{name}", "download", serve_media), {"name": path[8:]}
        return self._router.find(method, path)

    def _doorkeeper(self, data: bytes | None) -> Fault | None:
        return self.casting.doorkeeper(data, self._find)

    def _nowhere(self, call: Call) -> Answer:
        raise Refusal(404, self.codes.get(404), f"there is no {call.method} {call.path}")

    def _note(self, seen: Seen, template: str) -> None:
        if len(self.requests) >= self.keep_requests:
            del self.requests[: max(1, self.keep_requests // 4)]
        self.requests.append(seen)
        for path in {seen.path.removeprefix(self.base_path), template.removeprefix(self.base_path)}:
            self._counts[seen.method, path] += 1

    def _pace(self) -> None:
        if self.rate_limit is None:
            return
        limit, seconds = self.rate_limit
        now = self.clock.time()
        start, used = self._window
        if now >= start + seconds:
            start, used = now, 0
        self._window = (start, used + 1)
        if used >= limit:
            raise Refusal(429, self.codes.get(429), "Rate limit exceeded", retry_after=math.ceil(start + seconds - now))

    def pace_left(self) -> tuple[int, int, int]:
        """Return the limit, what is left of it, and the second at which it starts again."""
        limit, seconds = self.rate_limit or (1_000_000, 60.0)
        start, used = self._window
        reset = (start or self.clock.time()) + seconds + self.skew
        return limit, max(0, limit - used), math.ceil(reset)
