"""When a job is read next, within the bounds that its vendor and its user set: pure data, no clock."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Bounds:
    """What no schedule passes. Times are in seconds."""

    least: float  #: the vendor's shortest time between two reads
    most: float  #: every open job is read at least so often
    deadline: float | None = None  #: seconds until nobody wants it any more; no read comes after


def due(wish: float, bounds: Bounds, *, hint: float | None = None, retry_after: float | None = None) -> float | None:
    """Return the seconds until the next read; None: there is none before the deadline.

    A vendor's hint takes the place of the wish. What it said about when to come again (`retry_after`) is kept, also
    beyond `most`. A read that would come after the deadline is made at it, if that is not too soon.
    """
    asked = wish if hint is None or hint != hint else hint  # a NaN says nothing
    least = max(bounds.least, retry_after or 0.0)
    found = max(min(asked, bounds.most), least)
    if bounds.deadline is None or found <= bounds.deadline:
        return found
    return bounds.deadline if bounds.deadline >= least else None
