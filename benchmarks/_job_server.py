"""A lean job server in a process of its own: adgen's static ads, done at the fifth read. Prints its port, and serves.

Hand-made keep-alive HTTP, so that the server costs little beside the clients that are measured.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable
from contextlib import suppress

#: Reads of a job until it is done.
READS = 5
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
JOB = re.compile(rb"jobId=([\w-]+)")

_reads: dict[bytes, int] = {}
_ids = (b"00000000-0000-4000-8000-%012x" % number for number in itertools.count(1))


def submit(_: bytes) -> bytes:
    job_id = next(_ids)
    _reads[job_id] = 0
    return b'{"jobId":"%s","status":"queued","creditsUsed":3,"creditsRemaining":99997}' % job_id


def status(head: bytes) -> bytes:
    found = JOB.search(head)
    assert found is not None
    job_id = found[1]
    _reads[job_id] += 1
    about = b'"id":"%s","type":"static_ad","createdAt":"2026-11-01T12:00:00Z"' % job_id
    if _reads[job_id] < READS:
        return b'{%s,"status":"processing","assets":[]}' % about
    del _reads[job_id]
    asset = b'{"id":"a-%s","type":"image","url":"https://example.test/%s.png"}' % (job_id, job_id)
    return b'{%s,"status":"completed","assets":[%s],"completedAt":"2026-11-01T12:00:09Z"}' % (about, asset)


def balance(_: bytes) -> bytes:
    return b'{"balance":100000,"lifetime_purchased":100000,"lifetime_used":0}'


ANSWERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"POST /api/generate/static-ad": submit,
    b"GET /api/generate/status": status,
}


class Connection(asyncio.Protocol):
    """One client; requests come one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length is not None else 0)
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            target = head.partition(b" HTTP/")[0]
            answer = ANSWERS.get(target.partition(b"?")[0], balance)(target)
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(answer), answer)
            )


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve())
