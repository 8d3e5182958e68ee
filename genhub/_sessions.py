"""The hub's connections, and what happened to a call on its way over one of them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

    from genhub._pacing import Turn

#: A connection that was idle for longer than this, in seconds, carries no call that charges: a reset on it could
#: not be told from a lost answer.
FRESH = 1.0


class Phase(Enum):
    """How far a call got on the wire."""

    UNTOUCHED = "the call did not go through this seam"
    UNSENT = "no byte of the request was written"
    SENT = "the request was written, no answer came"
    ANSWERED = "an answer came"


class TooLate(Exception):
    """A call was kept back: its time was over before its first byte."""


class Wire:
    """What happened to one call, for the one who has to judge its failure."""

    __slots__ = ("late", "phase", "refused", "request_id", "status", "turn")

    def __init__(self, *, turn: Turn | None = None, late: Callable[[], bool] | None = None) -> None:
        self.phase = Phase.UNTOUCHED
        self.turn = turn  # the leave to call that its sender took before the intent was written
        self.late = late  # asked right before the first byte: True keeps it back
        self.status: int | None = None
        self.request_id: str | None = None
        self.refused = False  # answered by a status that says that nothing was made

    @property
    def nothing_was_made(self) -> bool:
        return self.phase is Phase.UNSENT or self.refused


class Sessions:
    """The hub's aiohttp sessions: one for reads, one whose connections are always fresh, for what charges."""

    def __init__(self, *, connections: int = 100) -> None:
        self._connections = connections
        self._reads: aiohttp.ClientSession | None = None
        self._charges: aiohttp.ClientSession | None = None

    def reads(self) -> aiohttp.ClientSession:
        if self._reads is None:
            self._reads = self._open(keepalive=150.0, limit=self._connections)
        return self._reads

    def charges(self) -> aiohttp.ClientSession:
        if self._charges is None:
            import aiohttp

            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_written)
            # Without a limit of its own: an attempt holds its account's slot before its intent is written.
            self._charges = self._open(keepalive=FRESH, limit=0, trace_configs=[trace])
        return self._charges

    def _open(self, *, keepalive: float, limit: int, **options: Any) -> aiohttp.ClientSession:
        import aiohttp

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit, keepalive_timeout=keepalive),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent",),  # ours comes with the account's
            requote_redirect_url=False,
            **options,
        )

    async def close(self) -> None:
        for session in (self._reads, self._charges):
            if session is not None:
                await session.close()
        self._reads = self._charges = None


async def _written(_: object, context: Any, __: object) -> None:
    """aiohttp calls this right before it writes the head: up to here no byte has left."""
    wire = context.trace_request_ctx
    if wire is not None:
        if wire.late is not None and wire.late():
            raise TooLate("it would have been sent too late")
        wire.phase = Phase.SENT
