"""Waiting with an end: for one job, and for a job that another process drives."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from genhub._errors import WaitTimeout
from genhub._handle import Handle


async def within(work: Coroutine[Any, Any, None], handle: Handle, timeout: float | None) -> None:
    """Do it within so many seconds; raises WaitTimeout, which changes nothing."""
    try:
        async with asyncio.timeout(timeout):
            await work
    except TimeoutError:
        raise WaitTimeout(
            f"{handle.id} is {handle.status} after {timeout:g} s of waiting; it goes on", handle.job
        ) from None
