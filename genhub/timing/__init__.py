"""How long jobs take, learned from those that have ended, and when the next read of one is worth it."""

from __future__ import annotations

from genhub.timing._curve import Curve
from genhub.timing._due import Bounds, due
from genhub.timing._series import Prior, Series
from genhub.timing._timing import Timing
from genhub.timing._timings import Timings

__all__ = ["Bounds", "Curve", "Prior", "Series", "Timing", "Timings", "due"]
