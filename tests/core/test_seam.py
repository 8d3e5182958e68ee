"""The HTTP seam: what is sent again, what is sent once, and what a failure means (design 4.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import field, frozen

from genhub import (
    AuthenticationError,
    BadResponse,
    Call,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Secret,
    SubmissionUnknown,
)
from genhub.http import LARGEST, REFUSALS, Complaint, Dialect, Http, Phase, Sessions, Wire
from genhub.testing._clock import FakeClock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = "sk-very-secret-0123456789"
CALL = Call(kind="k", path="/make", body={"prompt": "hi"})


def complain(body: Any) -> Complaint:
    error = body.get("error", {}) if isinstance(body, dict) else {}
    return Complaint(message=error.get("message", str(body)), code=error.get("code"), retry_after=error.get("wait"))


@frozen(kw_only=True)
class Speaker:
    dialect: ClassVar[Dialect] = Dialect(
        complaint=complain, codes={"NO_CREDIT": InsufficientCredits}, request_id="X-Request-Id", paces=True
    )
    base_url: str
    tokens: list[str] = field(factory=lambda: [KEY])

    async def headers(self) -> dict[str, str]:
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        return {"Authorization": f"Bearer {token}"}


class Bench:
    """A vendor whose answers are scripted, and a way to it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.seen: list[tuple[str, str, bytes, str]] = []
        self.answers: list[Handler] = []
        self.sessions = Sessions()
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self.server = TestServer(app)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            (request.method, request.path_qs, await request.read(), request.headers.get("Authorization", ""))
        )
        handler = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await handler(request)

    def http(self, **options: Any) -> Http:
        speaker = Speaker(base_url=str(self.server.make_url("/v1")), **options.pop("speaker", {}))
        return Http(
            self.sessions,
            speaker,
            account="acc",
            clock=self.clock,
            secrets=[Secret(KEY)],
            **{"timeout": 5.0, **options},
        )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench(FakeClock())
    await bench.server.start_server()
    try:
        yield bench
    finally:
        await bench.sessions.close()
        await bench.server.close()


def says(status: int, data: Any = None, **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(data, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


def text(body: bytes, status: int = 200, kind: str = "application/json") -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, content_type=kind)

    return answer


async def drops(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    await asyncio.sleep(0)
    raise ConnectionResetError


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_read_is_sent_again_after_passing_failures(bench: Bench) -> None:
    """502, then 429 with the vendor's own wait, then an answer."""
    bench.answers = [says(502), says(429, {"error": {"message": "slow", "wait": 30}}), says(200, {"a": 1})]
    answer = await bench.http().read("/thing/1", query={"page": 2})

    assert {"a": 1} == answer.data
    assert 3 == len(bench.seen)
    assert "/v1/thing/1?page=2" == bench.seen[0][1]
    assert sum(bench.clock.sleeps) >= 30


async def test_a_read_gives_up_and_says_why(bench: Bench) -> None:
    """Passing failures that do not pass are a ProviderUnavailable."""
    bench.answers = [says(503, {"error": {"message": "down"}}, X_Request_Id="r-9")]
    with pytest.raises(ProviderUnavailable, match=r"acc: down \(503, request r-9\)") as caught:
        await bench.http(retries=2).read("/thing/1")

    assert 3 == len(bench.seen)
    assert (503, "r-9") == (caught.value.http_status, caught.value.request_id)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {}, InvalidRequest),
        (401, {}, AuthenticationError),
        (402, {}, InsufficientCredits),
        (404, {}, NotFound),
        (422, {"error": {"code": "NO_CREDIT", "message": "m"}}, InsufficientCredits),
        (418, {}, InvalidRequest),
    ],
)
async def test_the_vendors_code_counts_before_the_status(
    bench: Bench, status: int, body: Any, kind: type[ProviderError]
) -> None:
    """And a refusal is not tried again."""
    bench.answers = [says(status, body)]
    with pytest.raises(kind):
        await bench.http().read("/thing/1")

    assert 1 == len(bench.seen)


@pytest.mark.parametrize("status", sorted(REFUSALS))
async def test_a_refused_charge_made_nothing(bench: Bench, status: int) -> None:
    """Section 8: whatever its body, such an answer is certain."""
    bench.answers = [text(b"<html>no</html>", status, "text/html")]
    wire = Wire()
    with pytest.raises(ProviderError):
        await bench.http().watched(wire).charge(CALL)

    assert wire.nothing_was_made
    assert 1 == len(bench.seen)


@pytest.mark.parametrize("status", [201, 202, 204, 301, 307, 408, 409, 418, 425, 500, 502, 503, 504, 599])
async def test_any_other_answer_to_a_charge_is_in_doubt(bench: Bench, status: int) -> None:
    """Section 8: 3xx, 408, 409, 425, 5xx, another 2xx. Never sent twice, whatever it says about coming again."""
    bench.answers = [text(b"{}", status) if status != 204 else text(b"", 204)]
    wire = Wire()
    with pytest.raises(SubmissionUnknown, match=str(status)):
        await bench.http().watched(wire).charge(CALL)

    assert not wire.nothing_was_made
    assert 1 == len(bench.seen)


@pytest.mark.parametrize("fault", [drops, text(b'{"a": '), text(b"\xff\xfe{}"), text(b"<html>", kind="text/html")])
async def test_an_answer_that_is_lost_or_garbled_is_in_doubt(bench: Bench, fault: Handler) -> None:
    """The request left; what became of it is not known."""
    bench.answers = [fault]
    wire = Wire()
    with pytest.raises(SubmissionUnknown):
        await bench.http().watched(wire).charge(CALL)

    assert not wire.nothing_was_made
    assert 1 == len(bench.seen)


async def test_an_answer_that_never_comes_is_in_doubt(bench: Bench) -> None:
    """A time-out after the first byte."""
    bench.answers = [hangs]
    wire = Wire()
    with pytest.raises(SubmissionUnknown, match=r"no answer within 0\.05 s"):
        await bench.http(timeout=0.05).watched(wire).charge(CALL)

    assert Phase.SENT is wire.phase


async def test_one_submit_charges_once_whatever_its_adapter_tries(bench: Bench) -> None:
    """An adapter that sends again what was not answered is stopped by the seam."""
    bench.answers = [drops]
    http = bench.http().watched(Wire())
    with pytest.raises(SubmissionUnknown):
        await http.charge(CALL)
    with pytest.raises(SubmissionUnknown, match="the second call was not sent"):
        await http.charge(CALL)

    assert 1 == len(bench.seen)


async def test_a_charge_of_which_nothing_was_sent_is_tried_twice_more(bench: Bench) -> None:
    """A refused connection: certain, and then ProviderUnavailable."""
    http = bench.http()
    bench.answers = [says(200, {})]
    await bench.server.close()
    wire = Wire()
    with pytest.raises(ProviderUnavailable):
        await http.watched(wire).charge(CALL)

    assert (Phase.UNSENT, True) == (wire.phase, wire.nothing_was_made)
    assert 2 == len(bench.clock.sleeps)
    assert sum(bench.clock.sleeps) <= 10


async def test_a_body_is_sent_as_it_is(bench: Bench) -> None:
    """JSON, with the account's headers and the call's own."""
    bench.answers = [says(200, {"ok": True}, X_Request_Id="r-1")]
    answer = await bench.http().charge(CALL)

    assert ("POST", "/v1/make", b'{"prompt":"hi"}', f"Bearer {KEY}") == bench.seen[0]
    assert "r-1" == answer.request_id


async def test_a_new_token_is_fetched_after_a_401(bench: Bench) -> None:
    """Tokens expire in mid-poll: the read goes on with the new one."""
    bench.answers = [says(401), says(200, {"ok": 1})]
    http = bench.http(speaker={"tokens": ["old-token-000", "new-token-111"]})
    answer = await http.read("/thing/1")

    assert {"ok": 1} == answer.data
    assert ["Bearer old-token-000", "Bearer new-token-111"] == [each[3] for each in bench.seen]


async def test_a_token_that_does_not_change_is_refused_once(bench: Bench) -> None:
    """Nothing is sent again with the same key."""
    bench.answers = [says(401)]
    with pytest.raises(AuthenticationError):
        await bench.http().read("/thing/1")

    assert 1 == len(bench.seen)


async def test_a_redirect_is_not_followed(bench: Bench) -> None:
    """The key does not travel to another host."""
    other = Bench(bench.clock)
    await other.server.start_server()
    other.answers = [says(200, {"stolen": True})]
    bench.answers = [says(302, None, Location=str(other.server.make_url("/take")))]
    with pytest.raises(BadResponse, match="redirect"):
        await bench.http().read("/thing/1")
    await other.server.close()

    assert [] == other.seen


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"<html>hi</html>", "not JSON"), (b"", "not JSON"), (b'{"a":', "not JSON"), (b"\xff\xfe\x00", "not JSON")],
)
async def test_a_read_that_is_not_json_is_a_bad_response(bench: Bench, body: bytes, why: str) -> None:
    """Its beginning is kept, for whoever looks into it."""
    bench.answers = [text(body)]
    with pytest.raises(BadResponse, match=why):
        await bench.http().read("/thing/1")


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_answer_that_is_too_large_is_cut_off(bench: Bench, chunked: bool) -> None:
    """50 MB do not fill the memory."""

    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if not chunked:
            response.content_length = LARGEST + 1
        await response.prepare(request)
        try:
            for _ in range(LARGEST // 65536 + 1):
                await response.write(b" " * 65536)
        except ConnectionError:
            pass
        return response

    bench.answers = [large]
    with pytest.raises(BadResponse, match="larger than"):
        await bench.http().read("/thing/1", retries=0)


async def test_no_secret_leaves_by_an_error(bench: Bench) -> None:
    """A vendor that repeats the key in its complaint, and one that answers with it in a page."""
    bench.answers = [says(400, {"error": {"message": f"bad key {KEY}"}})]
    with pytest.raises(InvalidRequest) as refused:
        await bench.http().read("/thing/1")
    bench.answers = [text(f"<p>{KEY}</p>".encode())]
    with pytest.raises(BadResponse) as garbled:
        await bench.http().read("/thing/1")
    with pytest.raises(SubmissionUnknown) as doubt:
        await bench.http().charge(CALL)
    bench.answers = [says(400, {"error": {"message": "bad token fetched-token-1"}})]
    with pytest.raises(InvalidRequest) as fetched:
        await bench.http(speaker={"tokens": ["fetched-token-1"]}).read("/thing/1")

    for error in (refused.value, garbled.value, doubt.value, fetched.value):
        shown = f"{error} {error!r} {error.facts()} {getattr(error, 'raw', '')} {error.__cause__!r}"
        assert KEY not in shown and "fetched-token-1" not in shown


@pytest.mark.parametrize("header", ["7", "Mon, 23 Nov 2026 00:00:07 GMT"])
async def test_retry_after_is_read_in_both_forms(bench: Bench, header: str) -> None:
    """Seconds, or a date against the answer's own date."""
    bench.answers = [says(429, {}, Retry_After=header, Date="Mon, 23 Nov 2026 00:00:00 GMT")]
    with pytest.raises(RateLimited) as caught:
        await bench.http().read("/thing/1", retries=0)

    assert 7.0 == caught.value.retry_after


async def test_a_refused_endpoint_is_left_alone_until_its_time(bench: Bench) -> None:
    """After a 429 the next call to the same endpoint waits; another endpoint does not."""
    bench.answers = [says(429, {"error": {"message": "slow", "wait": 20}}), says(200, {})]
    http = bench.http()
    with pytest.raises(RateLimited):
        await http.read("/thing/1", retries=0)
    await http.read("/other/1")
    assert [] == bench.clock.sleeps
    await http.read("/thing/2")

    assert 20 == pytest.approx(sum(bench.clock.sleeps))


async def test_what_the_headers_say_is_left_paces_the_account(bench: Bench) -> None:
    """X-RateLimit-Remaining 0 until X-RateLimit-Reset, in the vendor's clock."""
    reset = str(bench.clock.time() + 15)
    limits = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": reset}
    bench.answers = [says(200, {}, **limits, Date=_http_date(bench.clock.time())), says(200, {})]
    http = bench.http()
    await http.read("/thing/1")
    assert [] == bench.clock.sleeps
    await http.read("/thing/2")

    assert 14 <= sum(bench.clock.sleeps) <= 16


def _http_date(when: float) -> str:
    from email.utils import formatdate

    return formatdate(when, usegmt=True)


async def test_the_vendors_clock_is_known_from_its_date(bench: Bench) -> None:
    """Times are matched in the vendor's clock."""
    bench.answers = [says(200, {}, Date=_http_date(bench.clock.time() + 7200))]
    http = bench.http()
    await http.read("/thing/1")

    assert bench.clock.time() + 7200 == pytest.approx(http.vendor_time(), abs=1.5)
    bench.clock.jump(-3600)
    bench.clock.advance(10)
    assert bench.clock.time() + 3600 + 7200 == pytest.approx(http.vendor_time(), abs=1.5)


async def test_a_name_that_does_not_resolve_sends_nothing(bench: Bench) -> None:
    """DNS: certain that nothing was sent."""
    speaker = Speaker(base_url="http://no-such-host.invalid/v1")
    http = Http(bench.sessions, speaker, account="acc", clock=bench.clock)
    wire = Wire()
    with pytest.raises(ProviderUnavailable):
        await http.watched(wire).charge(CALL)

    assert wire.nothing_was_made
