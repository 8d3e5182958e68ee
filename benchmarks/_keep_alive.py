"""A hand-made keep-alive server for benchmarks, so that it costs little beside the clients that are measured."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
#: Returns the body for a request's head, which came at this time; `None`: there is no such target.
Answer = Callable[[bytes, float], bytes | None]


class Connection(asyncio.Protocol):
    """One client; requests come one after the other."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length is not None else 0)
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            body = self._answer(head, now)
            status = b"200 OK" if body is not None else b"404 Not Found"
            self.transport.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(body or b"{}"), body or b"{}")
            )


async def listen(answer: Answer) -> asyncio.Server:
    """Serve at a free port."""
    return await asyncio.get_running_loop().create_server(lambda: Connection(answer), "127.0.0.1", 0, backlog=4096)


async def serve(answer: Answer) -> None:
    """Print a free port, and serve there."""
    server = await listen(answer)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
