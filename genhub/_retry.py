"""How long to wait before something free is tried again. The only module that knows `backoff`."""

from __future__ import annotations

from collections.abc import Iterator

import backoff


def delays(base: float = 0.5, most: float = 30.0) -> Iterator[float]:
    """Yield waits in seconds: exponential from `base`, never above `most`, with full jitter."""
    waits = backoff.expo(base=2, factor=base, max_value=most)
    next(waits)  # the generator's first value only starts it
    for wait in waits:
        yield backoff.full_jitter(float(wait))
