"""One account's way to its vendor: what is sent again, what is sent once, and what a failure means."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Collection, Iterator, Mapping
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from genhub._answer import KEPT, Answer, TooLarge, bounded, loads
from genhub._answer import retry_after as retry_after_of
from genhub._clock import Clock
from genhub._dialect import BY_STATUS, PASSING, REFUSALS, Speaker
from genhub._errors import (
    AuthenticationError,
    BadResponse,
    InvalidRequest,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SubmissionUnknown,
)
from genhub._jobs import Call
from genhub._pacing import Delay, Pacer, Turn
from genhub._retry import delays
from genhub._secrets import Secret, redact
from genhub._sessions import Phase, Sessions, TooLate, Wire
from genhub._window import Rank

if TYPE_CHECKING:
    import aiohttp
    from multidict import CIMultiDict
    from yarl import URL

log = logging.getLogger("genhub.http")

#: What stands in a path as it is.
PLAIN_PATH = re.compile(r"(/(?!\.+(/|$))[\w.~-]+)+", re.ASCII).fullmatch
#: So many paths that are asked with a query are kept as URLs.
PATHS = 64

#: What a read is answered with.
OK = (200,)
#: A call of which nothing was sent is tried again so often, within so many seconds.
UNSENT_TRIES, UNSENT_WITHIN = 2, 10.0


class _Known:
    """What an account's way to its vendor has learned; shared by its views."""

    __slots__ = ("ahead", "base", "date", "head", "headers", "limit", "read", "urls")

    def __init__(self) -> None:
        self.headers: Mapping[str, str] | None = None
        self.head: CIMultiDict[str] | None = None  # the same, as aiohttp takes them without a copy of its own
        self.base: URL | None = None  # the base URL, read
        self.urls: dict[str, URL] = {}  # by path, of those that are asked with a query
        self.limit: aiohttp.ClientTimeout | None = None
        self.read: str | None = None  # the endpoint that was read last
        self.date: str | None = None
        self.ahead: float | None = None  # the vendor's clock less our monotonic one, by its last `Date`


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
        self._rank = Rank.VERB  # of what costs nothing
        self._pacer = pacer or Pacer(clock)
        self._known = _Known()

    def vendor_time(self) -> float | None:
        """Return what the vendor's clock says now, by its last `Date`; `None`: it said none yet.

        Counted on by our monotonic clock: a wall clock that is wrong, or set right, makes no difference.
        """
        return None if self._known.ahead is None else self._known.ahead + self.clock.monotonic()

    def reads_allowed(self) -> float | None:
        """Return the calls a second that the vendor's limits leave for reads; None: it names none."""
        read = self._known.read
        return None if read is None else self._pacer.allowance(read)

    def delays(self) -> Mapping[str, Delay]:
        """Return what the vendor's limits have cost in waiting, by endpoint."""
        return self._pacer.delays()

    def once(self) -> Http:
        """Return the same way to the vendor, on which a read is not sent again: whoever polls comes again anyway."""
        view = self._view()
        view._retries, view._rank = 0, Rank.POLL
        return view

    def watched(self, wire: Wire) -> Http:
        """Return the same way to the vendor, whose `charge` notes on `wire` what happened."""
        view = self._view()
        view.wire = wire
        return view

    def _view(self) -> Http:
        """What `copy` would return, at an eighth of its cost: there is one for each submit."""
        view = object.__new__(Http)
        view.__dict__.update(self.__dict__)
        return view

    async def turn(self, path: str) -> Turn:
        """Wait until the vendor's limits let a POST through; it goes into the `Wire` of that call."""
        return await self._pacer.turn(_endpoint("POST", path))

    def wait_for(self, path: str) -> float:
        """Return the seconds until the vendor's limits let a POST through."""
        return self._pacer.wait_for(_endpoint("POST", path))

    def turn_now(self, path: str) -> Turn | None:
        """Return such a leave if there is one without waiting."""
        return self._pacer.turn_now(_endpoint("POST", path))

    def read(
        self, path: str, *, query: Mapping[str, Any] | None = None, retries: int | None = None
    ) -> Awaitable[Answer]:
        """GET; sent again after a passing failure, with backoff, honouring what the vendor says about when.

        Raises ProviderUnavailable, RateLimited, BadResponse or what the vendor's code means.
        """
        left = self._retries if retries is None else retries
        return self._once("GET", path, query=query, ok=OK, reads=True) if left <= 0 else self._again(path, query, left)

    async def _again(self, path: str, query: Mapping[str, Any] | None, left: int) -> Answer:
        waits: Iterator[float] | None = None
        while True:
            try:
                return await self._once("GET", path, query=query, ok=OK, reads=True)
            except (ProviderUnavailable, RateLimited) as error:
                if left <= 0:
                    raise
                left -= 1
                waits = waits or delays()
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
        if wire.phase in (Phase.SENT, Phase.ANSWERED) and not wire.refused:
            raise SubmissionUnknown(f"{self.account}: one submit may charge once; the second call was not sent")
        wire.phase, wire.refused = Phase.UNSENT, False
        waits: Iterator[float] | None = None
        deadline = self.clock.monotonic() + UNSENT_WITHIN
        while True:
            try:
                return await self._once(
                    "POST", call.path, query=call.query, json=call.body or None, headers=call.headers, ok=ok, wire=wire,
                    refusals=refusals,
                )  # fmt: skip
            except ProviderUnavailable:
                waits = waits or islice(delays(0.2, UNSENT_WITHIN / 4), UNSENT_TRIES)
                wait = next(waits, None)
                if wire.phase is not Phase.UNSENT or wait is None or self.clock.monotonic() + wait > deadline:
                    raise
                if wire.late is not None and wire.late():
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
        known, renewed = self._known, False
        while True:
            used, head = known.headers, known.head
            if used is None or head is None:
                used, head = self._identify(await self._speaker.headers())
            body = data
            if headers or json is not None:
                head = head.copy()
                head.update(headers or {})
                if json is not None:
                    body = orjson.dumps(json)
                    head["Content-Type"] = "application/json"
            try:
                return await self._exchange(method, path, query, body, head, ok, reads, wire, refusals, timeout)
            except AuthenticationError:
                fresh = await self._speaker.headers()
                if renewed or fresh == used:
                    raise
                self._identify(fresh)
                if data is not None:  # it may have been read up; whoever uploads again has the new headers
                    raise
                renewed = True
                if wire is not None:  # a 401 made nothing: the next request is a new one
                    wire.phase, wire.refused = Phase.UNSENT, False

    def _identify(self, headers: Mapping[str, str]) -> tuple[Mapping[str, str], CIMultiDict[str]]:
        """Keep the headers that identify the account, in the form that aiohttp takes as it is."""
        from multidict import CIMultiDict

        head = CIMultiDict({"User-Agent": "genhub"})
        head.update(headers)
        self._known.headers, self._known.head = headers, head
        return headers, head

    def _url(self, path: str, query: Mapping[str, Any] | None) -> URL:
        """Return where a call goes. What needs no quoting is not parsed for it, and no path with a query twice."""
        if not query:
            return self._place(path)
        urls = self._known.urls
        url = urls.get(path)
        if url is None:
            url = self._place(path)
            if url.raw_query_string:
                return url.update_query(query)
            if len(urls) < PATHS:
                urls[path] = url
        return url.with_query(query)

    def _place(self, path: str) -> URL:
        from yarl import URL

        if not PLAIN_PATH(path):
            return URL(self._base + path)
        base = self._known.base
        if base is None:
            base = self._known.base = URL(self._base)
        whole = base.raw_path.rstrip("/") + path
        return URL.build(scheme=base.scheme, authority=base.raw_authority, path=whole, encoded=True)

    def _limit(self, timeout: float | None) -> aiohttp.ClientTimeout:
        usual = self._known.limit
        if timeout is None and usual is not None:
            return usual
        import aiohttp

        if timeout is not None:
            return aiohttp.ClientTimeout(total=timeout)
        limit = self._known.limit = aiohttp.ClientTimeout(total=self._timeout)
        return limit

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        head: Mapping[str, str],
        ok: Collection[int],
        reads: bool,
        wire: Wire | None,
        refusals: Collection[int],
        timeout: float | None,
    ) -> Answer:
        endpoint = _endpoint(method, path)
        if reads:
            self._known.read = endpoint
        rank = self._rank if wire is None else Rank.SUBMIT
        turn = self._turn(endpoint, rank, wire) or await self._pacer.turn(endpoint, rank)
        response: aiohttp.ClientResponse | None = None
        raw: bytes | None = None
        status: int | None = None
        request_id: str | None = None
        try:
            session = self._sessions.reads() if wire is None else self._sessions.charges()
            response = await session.request(
                method,
                self._url(path, query),
                data=body,
                headers=head,
                allow_redirects=False,
                timeout=self._limit(timeout),
                trace_request_ctx=wire,
            )
            status = response.status
            if self._dialect.request_id is not None:
                request_id = response.headers.get(self._dialect.request_id)
            if wire is not None:
                wire.phase, wire.status, wire.request_id = Phase.ANSWERED, status, request_id
                wire.refused = status in refusals
            self._take_time(response.headers)
            if self._dialect.paces:
                self._pacer.note(endpoint, response.headers, self.vendor_time() or self.clock.time(), turn)
            raw = await bounded(response)
        except _broke() as error:
            raise self._broken(error, wire, status, request_id) from error
        finally:
            turn.end()
            if response is not None and raw is None:  # its rest is still to come
                response.close()
        assert response is not None  # else it was raised
        assert raw is not None
        assert status is not None
        if status in ok:
            try:
                found = loads(raw)
            except ValueError:
                raise self._unread(raw, status, request_id, "not JSON", doubt=wire is not None) from None
            return Answer(
                status=status, data=found, account=self.account, request_id=request_id, text=lambda: self._cut(raw)
            )
        raise self._complain(raw, status, response.headers, endpoint, reads, wire, refusals, request_id)

    def _turn(self, endpoint: str, rank: Rank, wire: Wire | None) -> Turn | None:
        """Take the turn that came with the call; one that is sent again must not wait with its intent written."""
        if wire is None or wire.turn is None:
            return self._pacer.turn_now(endpoint, rank)
        if not wire.turn.over:
            return wire.turn
        again = self._pacer.turn_now(endpoint)
        if again is None:
            raise ProviderUnavailable("nothing was sent, and the vendor's limit is reached", account=self.account)
        return again

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
        if isinstance(error, TooLarge):
            return BadResponse(what, **facts)
        how = "nothing was sent" if wire is not None and wire.phase is Phase.UNSENT else "no answer"
        return ProviderUnavailable(f"{how}: {what}", **facts)

    def _complain(
        self,
        raw: bytes,
        status: int,
        headers: Mapping[str, str],
        endpoint: str,
        reads: bool,
        wire: Wire | None,
        refusals: Collection[int],
        request_id: str | None,
    ) -> ProviderError | SubmissionUnknown:
        """Turn an answer that is not the documented success into an error: by code, then by status."""
        try:
            body: Any = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = raw[:KEPT].decode("utf-8", "replace")
        said = self._dialect.complaint(body)
        message = self._clean(said.message)[:KEPT] or f"HTTP {status}"
        retry_after = retry_after_of(headers)
        if retry_after is None:
            retry_after = said.retry_after
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
            self._known.ahead = parsedate_to_datetime(date).timestamp() - self.clock.monotonic()
        except (ValueError, OverflowError, OSError):
            log.debug("%s sent a Date that is not one", self.account)


def _broke() -> tuple[type[Exception], ...]:
    """Return what an exchange breaks off with."""
    import aiohttp

    return aiohttp.ClientError, OSError, TimeoutError, TooLarge, TooLate, UnicodeError, ValueError


def _endpoint(method: str, path: str) -> str:
    """Name what the vendor's limit counts: the path without its last part, which may be an id."""
    return f"{method} {path.rpartition('/')[0]}"
