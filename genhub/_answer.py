"""A vendor's answer: read in bounds, and into records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from attrs import field, frozen

from genhub._errors import BadResponse
from genhub._wire import NotUnderstood, parse

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

#: The largest answer that is read, in bytes.
LARGEST = 8 * 1024 * 1024
#: How much of an answer that can't be read is kept, in characters.
KEPT = 600


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


class TooLarge(Exception):
    """More than an answer can be."""


async def bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read the body, and stop where it gets too large to be an answer."""
    length = response.content_length
    if length is not None and length > LARGEST:
        response.close()
        raise TooLarge(f"the answer is larger than {LARGEST} bytes")
    if length is not None and "Content-Encoding" not in response.headers:  # what is packed may unpack to any size
        return await response.read()
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            response.close()
            raise TooLarge(f"the answer is larger than {LARGEST} bytes")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def loads(raw: bytes) -> Any:
    """Read JSON; `NaN`, which is none, passes too: an amount that is not a number is a matter for the books."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def retry_after(headers: Mapping[str, str]) -> float | None:
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
    except (KeyError, TypeError, ValueError):
        return None
