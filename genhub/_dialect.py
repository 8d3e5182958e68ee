"""How a vendor words its refusals, and what a status means where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from attrs import frozen

from genhub._errors import (
    AuthenticationError,
    InsufficientCredits,
    NotFound,
    PermissionDenied,
    ProviderError,
    RateLimited,
)

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


class Speaker(Protocol):
    """What the seam asks of a provider."""

    dialect: ClassVar[Dialect]

    @property
    def base_url(self) -> str: ...

    async def headers(self) -> Mapping[str, str]: ...
