"""Reading a request's body, whole or streamed past."""

import asyncio

import attrs
from aiohttp import BodyPartReader, web

from ._http import Upload

_LIMIT = 64 * 1024 * 1024


@attrs.frozen
class Body:
    """A body as it came, or what is worth knowing of an upload."""

    raw: bytes = b""
    upload: Upload | None = None


NO_BODY = Body()


async def read_body(request: web.BaseRequest) -> Body:
    """Read a request's body; a multipart one is streamed and only measured."""
    transport = request.transport
    if isinstance(transport, asyncio.Transport) and request.headers.get("Expect") == "100-continue":
        # aiohttp's low-level server leaves this to its user; the client waits for it.
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.content_type == "multipart/form-data":
        try:
            return Body(upload=await _measure(request))
        except (ValueError, AssertionError):  # no boundary, no parts: the handler misses its file
            return NO_BODY
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > _LIMIT:
            raise web.HTTPRequestEntityTooLarge(max_size=_LIMIT, actual_size=len(raw))
    return Body(raw=bytes(raw))


async def _measure(request: web.BaseRequest) -> Upload:
    fields: dict[str, str] = {}
    name: str | None = None
    kind, size = "", 0
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "file":
            name, kind = part.filename, part.headers.get("Content-Type", "application/octet-stream")
            while chunk := await part.read_chunk(65536):
                size += len(chunk)
        elif part.name:
            fields[part.name] = (await part.read(decode=True)).decode("utf-8", "replace")
    return Upload(fields=fields, file_name=name, mime_type=kind, size=size)
