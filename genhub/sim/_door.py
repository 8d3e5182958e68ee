"""Where connections come in: the faults that strike before a request is read."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ._faults import Fault

#: Asked with the first bytes of a request, or with None for a connection that has sent nothing yet.
Doorkeeper = Callable[[bytes | None], Fault | None]


class Door(web.Server):
    """aiohttp's low-level server, whose connections ask the doorkeeper before they read."""

    def __init__(self, handler: Any, doorkeeper: Doorkeeper, **options: Any) -> None:
        super().__init__(handler, handler_cancellation=True)
        self.doorkeeper = doorkeeper
        self._options = options

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of one connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), **self._options)


class _Connection(web.RequestHandler):
    __slots__ = ("_doorkeeper",)

    def __init__(self, door: Door, *, loop: asyncio.AbstractEventLoop, **options: Any) -> None:
        super().__init__(door, loop=loop, **options)
        self._doorkeeper = door.doorkeeper

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if fault := self._doorkeeper(None):
            slam(transport, reset=fault is Fault.RESET_BEFORE_READ)

    def data_received(self, data: bytes) -> None:
        # The bytes are out of the kernel, but no parser has seen them: so a close is a FIN, not always a RST.
        if (fault := self._doorkeeper(data)) is None:
            super().data_received(data)
        elif self.transport is not None:
            slam(self.transport, reset=fault is Fault.RESET_BEFORE_READ)


def slam(transport: asyncio.BaseTransport | None, *, reset: bool) -> None:
    """Drop a connection: with a RST, or with a FIN."""
    if transport is None:
        return
    if reset and (sock := transport.get_extra_info("socket")) is not None:
        # Linger for no time at all: the kernel then says RST.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.Transport):
        transport.abort()
    else:
        transport.close()
