"""The HTTP seam: JSON over aiohttp, for adapters.

A call is a *read*, which may be sent again, or it *charges*, and is sent once. Where a failure happened is known from
aiohttp's own trace of the wire, never from an exception's name:

* no byte of the request was written: not submitted (`ProviderUnavailable`), may be tried again;
* the vendor refused with a status of `REFUSALS`: not submitted, a typed error;
* anything else that is not the documented success: in doubt (`SubmissionUnknown`).

Redirects are never followed, answers are bounded in size, and no secret leaves by an error.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from copy import copy
from email.utils import parsedate_to_datetime
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import orjson
from attrs import field, frozen

from genhub._clock import Clock
from genhub._errors import (
    AuthenticationError,
    BadResponse,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SubmissionUnknown,
)
from genhub._jobs import Call
from genhub._pacing import Pacer
from genhub._retry import delays
from genhub._secrets import Secret, redact
from genhub._wire import Id, NotUnderstood, amount, instant, parse

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("genhub.http")
T = TypeVar("T")

#: An answer with one of these says, whatever its body, that nothing was made.
REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 410, 413, 414, 415, 422, 429, 431, 451})
#: A read that got one of these may be sent again.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: InsufficientCredits,
    403: PermissionDenied,
    404: NotFound,
    410: NotFound,
    429: RateLimited,
}
#: The largest answer that is read, in bytes.
LARGEST = 8 * 1024 * 1024
#: How much of an answer that can't be read is kept, in characters.
KEPT = 600
#: A connection that was idle for longer than this, in seconds, carries no call that charges: a reset on it could
#: not be told from a lost answer.
FRESH = 1.0
#: A call of which nothing was sent is tried again so often, within so many seconds.
UNSENT_TRIES, UNSENT_WITHIN = 2, 10.0


class Phase(Enum):
    """How far a call got on the wire."""

    UNTOUCHED = "the call did not go through this seam"
    UNSENT = "no byte of the request was written"
    SENT = "the request was written, no answer came"
    ANSWERED = "an answer came"


class Wire:
    """What happened to one call, for the one who has to judge its failure."""

    __slots__ = ("phase", "refused", "request_id", "status")

    def __init__(self) -> None:
        self.phase = Phase.UNTOUCHED
        self.status: int | None = None
        self.request_id: str | None = None
        self.refused = False  # answered by a status that says that nothing was made

    @property
    def nothing_was_made(self) -> bool:
        return self.phase is Phase.UNSENT or self.refused


@frozen(kw_only=True)
class Complaint:
    """What the body of a refusal says."""

    message: str
    code: str | None = None
    retry_after: float | None = None  # seconds


@frozen(kw_only=True)
class Dialect:
    """How a vendor words its refusals."""

    complaint: Callable[[Any], Complaint]  #: reads the body (plain data, or text that is not JSON)
    codes: Mapping[str, type[ProviderError]]  #: the vendor's own codes, before the HTTP status is asked
    request_id: str | None = None  #: the header with the vendor's id of a request
    paces: bool = False  #: answers carry X-RateLimit headers


@frozen(kw_only=True)
class Answer:
    """A vendor's answer that has the documented status and is JSON."""

    status: int
    data: Any = field(repr=False)
    account: str
    request_id: str | None = None
    text: Callable[[], str] = field(repr=False, eq=False)  #: its beginning, redacted

    def into(self, record: type[T]) -> T:
        """Read it into an attrs record; raises BadResponse that names the fields."""
        try:
            return parse(record, self.data)
        except NotUnderstood as error:
            raise BadResponse(
                f"the answer is not what the vendor documents: {error}",
                raw=self.text(),
                account=self.account,
                http_status=self.status,
                request_id=self.request_id,
            ) from None


class Speaker(Protocol):
    """What the seam asks of a provider."""

    dialect: ClassVar[Dialect]

    @property
    def base_url(self) -> str: ...

    async def headers(self) -> Mapping[str, str]: ...


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
            skip_auto_headers=("User-Agent",),
            headers={"User-Agent": "genhub"},
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
        wire.phase = Phase.SENT


class _Known:
    """What an account's way to its vendor has learned; shared by its views."""

    __slots__ = ("date", "headers", "skew")

    def __init__(self) -> None:
        self.headers: Mapping[str, str] | None = None
        self.date: str | None = None
        self.skew: float | None = None


class Http:
    """One account's way to its vendor. Safe to share; holds no job's state."""

    def __init__(
        self,
        sessions: Sessions,
        speaker: Speaker,
        *,
        account: str,
        clock: Clock,
        secrets: Collection[Secret] = (),
        timeout: float = 60.0,
        retries: int = 3,
        pacer: Pacer | None = None,
    ) -> None:
        self.account = account
        self.clock = clock
        self.wire: Wire | None = None  #: where `charge` notes what happened; see `watched`
        self._sessions = sessions
        self._speaker = speaker
        self._dialect = speaker.dialect
        self._base = speaker.base_url.rstrip("/")
        self._secrets = tuple(secrets)
        self._timeout = timeout
        self._retries = retries
        self._pacer = pacer or Pacer(clock)
        self._known = _Known()

    @property
    def skew(self) -> float | None:
        """The seconds that the vendor's clock is ahead of ours, by its last `Date`; `None`: it said none yet."""
        return self._known.skew

    def once(self) -> Http:
        """Return the same way to the vendor, on which a read is not sent again: whoever polls comes again anyway."""
        view = copy(self)
        view._retries = 0
        return view

    def watched(self, wire: Wire) -> Http:
        """Return the same way to the vendor, whose `charge` notes on `wire` what happened."""
        view = copy(self)
        view.wire = wire
        return view

    async def ready(self, method: str, path: str) -> None:
        """Wait until the vendor's limits let such a call through."""
        while (wait := self._pacer.wait_for(_endpoint(method, path))) > 0:
            await self.clock.sleep(wait)

    async def read(self, path: str, *, query: Mapping[str, Any] | None = None, retries: int | None = None) -> Answer:
        """GET; sent again after a passing failure, with backoff, honouring what the vendor says about when.

        Raises ProviderUnavailable, RateLimited, BadResponse or what the vendor's code means.
        """
        waits = delays()
        left = self._retries if retries is None else retries
        while True:
            try:
                return await self._once("GET", path, query=query, ok=(200,), reads=True)
            except (ProviderUnavailable, RateLimited) as error:
                if left <= 0:
                    raise
                left -= 1
                await self.clock.sleep(max(next(waits), error.retry_after or 0.0))

    async def charge(
        self,
        call: Call,
        *,
        ok: Collection[int] = (200,),
        refusals: Collection[int] = REFUSALS,
    ) -> Answer:
        """POST a call that costs credits: once, unless it is certain that nothing was made.

        Raises a typed refusal, ProviderUnavailable (nothing was sent) or SubmissionUnknown (in doubt).
        """
        wire = self.wire or Wire()
        wire.phase = Phase.UNSENT
        waits = islice(delays(0.2, UNSENT_WITHIN / 4), UNSENT_TRIES)
        deadline = self.clock.monotonic() + UNSENT_WITHIN
        while True:
            try:
                return await self._once(
                    "POST", call.path, query=call.query, json=call.body or None, headers=call.headers, ok=ok, wire=wire,
                    refusals=refusals,
                )  # fmt: skip
            except ProviderUnavailable:
                wait = next(waits, None)
                if wire.phase is not Phase.UNSENT or wait is None or self.clock.monotonic() + wait > deadline:
                    raise
                await self.clock.sleep(wait)

    async def change(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        ok: Collection[int] = (200,),
        query: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send a call that changes something and costs nothing (a draft, an upload): once."""
        return await self._once(method, path, query=query, json=json, data=data, ok=ok, timeout=timeout)

    async def _once(
        self,
        method: str,
        path: str,
        *,
        ok: Collection[int],
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
        wire: Wire | None = None,
        refusals: Collection[int] = REFUSALS,
        timeout: float | None = None,
    ) -> Answer:
        """Send one request; a 401 is answered once with new headers, if the provider has other ones by then."""
        renewed = False
        while True:
            used = self._known.headers
            if used is None:
                used = self._known.headers = await self._speaker.headers()
            head = {**used, **headers} if headers else dict(used)
            body = data
            if json is not None:
                body = orjson.dumps(json)
                head["Content-Type"] = "application/json"
            try:
                return await self._exchange(method, path, query, body, head, ok, reads, wire, refusals, timeout)
            except AuthenticationError:
                fresh = await self._speaker.headers()
                if renewed or fresh == used or data is not None:
                    raise
                self._known.headers, renewed = fresh, True
                if wire is not None:  # a 401 made nothing: the next request is a new one
                    wire.phase, wire.refused = Phase.UNSENT, False

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        head: dict[str, str],
        ok: Collection[int],
        reads: bool,
        wire: Wire | None,
        refusals: Collection[int],
        timeout: float | None,
    ) -> Answer:
        import aiohttp

        endpoint = _endpoint(method, path)
        await self._pacer.start(endpoint)
        status: int | None = None
        request_id: str | None = None
        try:
            session = self._sessions.reads() if wire is None else self._sessions.charges()
            async with session.request(
                method,
                self._base + path,
                params=query or None,
                data=body,
                headers=head,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout or self._timeout),
                trace_request_ctx=wire,
            ) as response:
                status = response.status
                if self._dialect.request_id is not None:
                    request_id = response.headers.get(self._dialect.request_id)
                if wire is not None:
                    wire.phase, wire.status, wire.request_id = Phase.ANSWERED, status, request_id
                    wire.refused = status in refusals
                self._take_time(response.headers)
                if self._dialect.paces:
                    self._pacer.note(endpoint, response.headers, self.skew or 0.0)
                raw = await _bounded(response)
        except (aiohttp.ClientError, OSError, TimeoutError, _TooLarge, UnicodeError, ValueError) as error:
            raise self._broken(error, wire, status, request_id) from error
        finally:
            self._pacer.end(endpoint)
        if status in ok:
            try:
                found = _loads(raw)
            except ValueError:
                raise self._unread(raw, status, request_id, "not JSON", doubt=wire is not None) from None
            return Answer(
                status=status, data=found, account=self.account, request_id=request_id, text=lambda: self._cut(raw)
            )
        raise self._complain(raw, response, endpoint, reads, wire, refusals, request_id)

    def _broken(
        self, error: Exception, wire: Wire | None, status: int | None, request_id: str | None
    ) -> ProviderError | SubmissionUnknown:
        """The exchange broke off: what that means depends on how far it got."""
        what = self._clean(str(error)) or type(error).__name__
        if isinstance(error, TimeoutError):
            what = f"no answer within {self._timeout:g} s"
        if wire is not None and wire.phase is Phase.SENT:
            return SubmissionUnknown(f"{self.account}: {Phase.SENT.value}: {what}")
        if wire is not None and wire.phase is Phase.ANSWERED and not wire.refused:
            return SubmissionUnknown(f"{self.account}: an answer ({status}) came, but broke off: {what}")
        facts: dict[str, Any] = {"account": self.account, "http_status": status, "request_id": request_id}
        if status is not None and wire is not None:  # refused, and the body of the refusal got lost
            return BY_STATUS.get(status, InvalidRequest)(f"refused; {what}", **facts)
        if isinstance(error, _TooLarge):
            return BadResponse(what, **facts)
        return ProviderUnavailable(f"no answer: {what}", **facts)

    def _complain(
        self,
        raw: bytes,
        response: aiohttp.ClientResponse,
        endpoint: str,
        reads: bool,
        wire: Wire | None,
        refusals: Collection[int],
        request_id: str | None,
    ) -> ProviderError | SubmissionUnknown:
        """Turn an answer that is not the documented success into an error: by code, then by status."""
        status = response.status
        try:
            body: Any = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = raw[:KEPT].decode("utf-8", "replace")
        said = self._dialect.complaint(body)
        message = self._clean(said.message)[:KEPT] or f"HTTP {status}"
        retry_after = _header_seconds(response.headers) or said.retry_after
        if status == 429 or (status == 503 and retry_after):
            self._pacer.hold(endpoint, 1.0 if retry_after is None else retry_after)
        if wire is not None and status not in refusals:
            text = f"{self.account}: HTTP {status} does not say whether it was made: {message}"
            return SubmissionUnknown(text)
        facts: dict[str, Any] = {
            "account": self.account, "code": said.code, "http_status": status, "request_id": request_id,
            "retry_after": retry_after,
        }  # fmt: skip
        if 300 <= status < 400:
            return BadResponse("a redirect, which is never followed", raw=self._cut(raw), **facts)
        if 200 <= status < 300:
            return BadResponse("another status than documented", raw=self._cut(raw), **facts)
        by_code = self._dialect.codes.get(said.code or "")
        if by_code is not None:
            return by_code(message, **facts)
        if reads and status in PASSING and status != 429:
            return ProviderUnavailable(message, **facts)
        if status >= 500:
            return ProviderUnavailable(message, **facts)
        return BY_STATUS.get(status, InvalidRequest)(message, **facts)

    def _unread(
        self, raw: bytes, status: int, request_id: str | None, why: str, *, doubt: bool
    ) -> BadResponse | SubmissionUnknown:
        text = self._cut(raw)
        if doubt:
            return SubmissionUnknown(f"{self.account}: HTTP {status}, but the answer is {why}: {text[:120]!r}")
        return BadResponse(
            f"the answer is {why}", raw=text, account=self.account, http_status=status, request_id=request_id
        )

    def _cut(self, raw: bytes) -> str:
        return self._clean(raw[: KEPT * 4].decode("utf-8", "replace"))[:KEPT]

    def _clean(self, text: str) -> str:
        """Mask the account's secrets, and whatever its headers carry (a token that was fetched)."""
        carried = (Secret(value.rpartition(" ")[2]) for value in (self._known.headers or {}).values() if len(value) > 7)
        return redact(redact(text, self._secrets), carried)

    def _take_time(self, headers: Mapping[str, str]) -> None:
        date = headers.get("Date")
        if date is None or date == self._known.date:
            return
        self._known.date = date
        try:
            self._known.skew = parsedate_to_datetime(date).timestamp() - self.clock.time()
        except ValueError:
            log.debug("%s sent a Date that is not one", self.account)


def _endpoint(method: str, path: str) -> str:
    """Name what the vendor's limit counts: the path without its last part, which may be an id."""
    return f"{method} {path.rpartition('/')[0]}"


class _TooLarge(Exception):
    pass


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read the body, and stop where it gets too large to be an answer."""
    length = response.content_length
    if length is not None and length > LARGEST:
        response.close()
        raise _TooLarge(f"the answer is larger than {LARGEST} bytes")
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            response.close()
            raise _TooLarge(f"the answer is larger than {LARGEST} bytes")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _loads(raw: bytes) -> Any:
    """Read JSON; `NaN`, which is none, passes too: an amount that is not a number is a matter for the books."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def _header_seconds(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: seconds, or a date against the answer's own `Date`."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers["Date"])
        return max(0.0, (until - now).total_seconds())
    except (KeyError, ValueError):
        return None


__all__ = [
    "PASSING",
    "REFUSALS",
    "Answer",
    "Complaint",
    "Dialect",
    "Http",
    "Id",
    "NotUnderstood",
    "Phase",
    "Secret",
    "Sessions",
    "Wire",
    "amount",
    "instant",
    "parse",
]
