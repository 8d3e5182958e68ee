"""How a fault looks on the wire."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import ClassVar, Protocol, cast

import attrs
from aiohttp import web

from ._clock import AnyClock
from ._door import slam
from ._faults import Fault
from ._http import Answer, Call, Refusal

_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"
_HUGE = 51 * 1024 * 1024


class Vendor(Protocol):
    """The part of a simulator that playing a call needs."""

    clock: AnyClock
    id_fields: ClassVar[tuple[str, ...]]
    amount_fields: ClassVar[tuple[str, ...]]

    @property
    def closing(self) -> asyncio.Event:
        """Set when the port closes: nothing hangs longer than that."""
        ...

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        ...

    def answer(self, call: Call) -> Answer:
        """Do what is asked."""
        ...

    def refuse(self, refusal: Refusal) -> Answer:
        """Say no in the vendor's form."""
        ...

    def refusal(self, status: int, code: str | None, *, retry_after: float | None = None) -> Refusal:
        """Return the documented refusal of a status."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return the headers of every answer."""
        ...


async def play(vendor: Vendor, request: web.BaseRequest, call: Call) -> web.StreamResponse:
    """Answer a call, with the fault that its scenario asks for."""
    scenario = call.scenario if call.script is not None and call.scenario.strikes else None
    fault = scenario.fault if scenario is not None else None
    if scenario is None:
        return respond(vendor, await _in_time(vendor, vendor.answer(call)))
    if fault is None:
        assert scenario.http is not None
        refusal = vendor.refusal(scenario.http, scenario.error, retry_after=scenario.retry_after)
        return respond(vendor, vendor.refuse(refusal))
    if not fault.creates:
        return await _nothing_made(vendor, request, call, fault)
    return await _after(vendor, request, call, fault, await _in_time(vendor, vendor.answer(call)))


async def _nothing_made(vendor: Vendor, request: web.BaseRequest, call: Call, fault: Fault) -> web.StreamResponse:
    scenario = call.scenario
    if fault is Fault.ERROR_500_BEFORE:
        return respond(vendor, vendor.refuse(vendor.refusal(scenario.http or 500, scenario.error)))
    if fault is Fault.RATE_LIMITED:
        refusal = vendor.refusal(429, scenario.error, retry_after=scenario.retry_after)
        return respond(vendor, vendor.refuse(refusal))
    if fault is Fault.REDIRECT:
        return _redirect(vendor, request, scenario.http or 307, scenario.location)
    if fault is Fault.HANG_BEFORE:
        return await _hang(vendor, request)
    # REFUSE and RESET_BEFORE_READ come here when only the whole request could tell that they were meant.
    return _drop(request, reset=fault is not Fault.REFUSE)


async def _after(
    vendor: Vendor, request: web.BaseRequest, call: Call, fault: Fault, answer: Answer
) -> web.StreamResponse:
    scenario = call.scenario
    match fault:
        case Fault.LOSE_ANSWER | Fault.RESET_ANSWER:
            return _drop(request, reset=fault is Fault.RESET_ANSWER)
        case Fault.HANG:
            return await _hang(vendor, request)
        case Fault.ERROR_500_AFTER:
            answer = vendor.refuse(vendor.refusal(scenario.http or 500, scenario.error))
        case Fault.BAD_GATEWAY_AFTER:
            answer = _html(scenario.http or 502, b"502 Bad Gateway")
        case Fault.GARBLED:
            content = answer.content
            answer = attrs.evolve(answer, raw=content[: len(content) * 2 // 3])
        case Fault.CUT:
            return _cut(vendor, request, answer)
        case Fault.HTML:
            answer = _html(scenario.http or 200, b"Just a moment...")
        case Fault.EMPTY_204:
            answer = Answer(status=204)
        case Fault.HUGE:
            return await _huge(vendor, request, answer)
        case Fault.NOT_UTF8:
            answer = attrs.evolve(answer, raw=b'{"note":"caf\xe9 \xff\xfe",' + answer.content[1:])
        case Fault.REDIRECT_AFTER:
            return _redirect(vendor, request, scenario.http or 302, scenario.location)
        case Fault.WRONG_STATUS:
            answer = attrs.evolve(answer, status=scenario.http or 202)
        case Fault.MISSING_ID:
            for record in _records(answer.data):
                for name in vendor.id_fields:
                    record.pop(name, None)
        case Fault.ODD_AMOUNT:
            for record in _records(answer.data):
                for name in vendor.amount_fields:
                    if name in record:
                        record[name] = scenario.amount
            # The standard library writes NaN, which JSON does not know; orjson would not.
            answer = attrs.evolve(answer, raw=json.dumps(answer.data).encode())
        case Fault.UNKNOWN_WORD:
            for record in _records(answer.data):
                if "status" in record:
                    record["status"] = scenario.word
        case Fault.EXTRA_FIELDS:
            for record in _records(answer.data):
                record |= {"_trace": {"region": "eu-1"}, "beta": None, "experiments": [1, "two", 3.5]}
        case Fault.SLOW:
            await _patience(vendor, scenario.delay)
        case _:  # those that make nothing are played above
            pass
    return respond(vendor, answer)


def respond(vendor: Vendor, answer: Answer) -> web.Response:
    """Turn an answer into aiohttp's."""
    headers = {**vendor.headers(), **answer.headers}
    if answer.status != 204:
        headers.setdefault("Content-Type", answer.content_type)
    return web.Response(status=answer.status, body=answer.content, headers=headers)


async def _in_time(vendor: Vendor, answer: Answer) -> Answer:
    """Wait for an answer that is still being made."""
    if answer.later is None:
        return answer
    await _patience(vendor, answer.delay)
    return answer.later()


async def _patience(vendor: Vendor, seconds: float) -> None:
    """Sleep on the clock, but not after the port has closed."""
    if seconds <= 0:
        return
    sleep = asyncio.ensure_future(vendor.clock.sleep(seconds))
    closing = asyncio.ensure_future(vendor.closing.wait())
    try:
        await asyncio.wait((sleep, closing), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleep.cancel()
        closing.cancel()


async def _hang(vendor: Vendor, request: web.BaseRequest) -> web.StreamResponse:
    # The server cancels this when the client leaves.
    await vendor.closing.wait()
    return _drop(request, reset=False)


def _drop(request: web.BaseRequest, *, reset: bool) -> web.StreamResponse:
    slam(request.transport, reset=reset)
    # Never sent: aiohttp finds the connection gone.
    return web.Response()


def _redirect(vendor: Vendor, request: web.BaseRequest, status: int, location: str | None) -> web.StreamResponse:
    target = location or f"{vendor.origin}/_moved{request.rel_url}"
    return respond(vendor, Answer(status=status, headers={"Location": target}))


def _html(status: int, title: bytes) -> Answer:
    return Answer(status=status, raw=_PAGE % (title, title), content_type="text/html; charset=utf-8")


def _cut(vendor: Vendor, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    content = answer.content
    head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: {answer.content_type}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in vendor.headers().items())
    head += f"Content-Length: {len(content)}\r\n\r\n"
    if isinstance(transport := request.transport, asyncio.Transport):
        transport.write(head.encode() + content[: len(content) * 2 // 3])
        transport.close()
    return web.Response()


async def _huge(vendor: Vendor, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, headers={**vendor.headers(), "Content-Type": answer.content_type}
    )
    await response.prepare(request)
    await response.write(answer.content[:-1] + b',"padding":"')
    chunk = b"x" * 65536
    for _ in range(_HUGE // len(chunk)):
        await response.write(chunk)
    await response.write(b'"}')
    return response


def _records(data: object) -> Iterator[dict[str, object]]:
    """Yield an answer's object, and the jobs inside it if it is a list of them."""
    if isinstance(data, list):
        for item in cast(list[object], data):
            yield from _records(item)
    elif isinstance(data, dict):
        record = cast(dict[str, object], data)
        yield record
        for name in ("data", "user_jobs", "available_credit"):
            yield from _records(record.get(name))
