"""What gen.pro's refusals mean beyond their code."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from genhub import InvalidRequest, NotFound, ProviderError, WrongState

Error = TypeVar("Error", bound=ProviderError)


@contextmanager
def on_engine(engine: str) -> Generator[None]:
    """A 404 under the engine's path may also mean that the vendor renamed the path (trap 13): say so."""
    try:
        yield
    except NotFound as error:
        if error.http_status != 404 or error.code not in (None, "not_found"):
            raise
        hint = f"(or the path /{engine}/ was renamed: see the setting `engine`, for example 'vidsheet')"
        raise _again(error, NotFound, f"{error.message} {hint}") from None


@contextmanager
def state_errors() -> Generator[None]:
    """A 422 for stop or continue, which have no body, speaks of the job's state, by either of two codes (trap 6)."""
    try:
        yield
    except InvalidRequest as error:
        if error.http_status != 422 or error.code not in (None, "validation_error"):
            raise
        raise _again(error, WrongState, error.message) from None


def _again(error: ProviderError, kind: type[Error], message: str) -> Error:
    return kind(
        message,
        account=error.account,
        code=error.code,
        http_status=error.http_status,
        request_id=error.request_id,
        retry_after=error.retry_after,
    )
