"""What a comparison comes to: figures with intervals, differences, and one sentence.

Seconds and shares are floats, and so is money here: it is an estimate. Nothing is infinite or not-a-number, so that
JSON can carry all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from attrs import field, frozen

#: How sure a verdict is: differences were shown, none were, or there are too few runs to tell.
Sure = Literal["shown", "not shown", "too few"]


@frozen(kw_only=True)
class Interval:
    """A figure, and the bounds that hold it at the stated level."""

    value: float
    low: float | None = None  #: `None`: there is too little to bound it from below
    high: float | None = None  #: `None`: there is too little to bound it from above
    at_least: bool = False  #: `value` is only a lower bound itself: runs timed out before it was reached

    @property
    def claimed(self) -> bool:
        """True when it is bounded on both sides."""
        return self.low is not None and self.high is not None


@frozen(kw_only=True)
class TargetSummary:
    """How one account or route did, for the requests of the suite."""

    target: str
    runs: int  #: all that were planned and have an observation, whatever became of them
    counted: int  #: of these, the runs that say something of the target
    succeeded: int
    usable: int  #: succeeded, and no check failed
    success: Interval  #: share of the counted that succeeded (Wilson); 0 without bounds where nothing counted
    usable_share: Interval  #: share of the counted that were usable (Wilson)
    unsupported: int = 0
    in_doubt: int = 0
    timed_out: int = 0
    not_run: int = 0
    median: Interval | None = None  #: seconds until ready, of the runs that did not fail; timed-out ones included
    p90: Interval | None = None
    p95: Interval | None = None
    queue: Interval | None = None  #: median seconds, of the runs that succeeded
    run: Interval | None = None
    download: Interval | None = None
    resolution: float = 0.0  #: seconds by which a time may be off
    #: (seconds, share of all counted runs that were ready by then, low, high). A failed run is never ready, so the
    #: curve ends at the share that succeeded.
    curve: tuple[tuple[float, float, float | None, float | None], ...] = ()
    cost_credits: Interval | None = None  #: per usable result, refunds counted; `None`: not known, or nothing usable
    unit: str | None = None
    cost_money: Interval | None = None
    currency: str | None = None
    spent_money: Decimal | None = None  #: the most that all runs may have cost; `None`: no price, or no bound
    failures: Mapping[str, int] = field(factory=dict[str, int])  #: by class, of the counted that did not succeed
    checks: Mapping[str, tuple[int, int]] = field(factory=dict[str, tuple[int, int]])  #: passed, tried
    scores: Mapping[str, Interval] = field(factory=dict[str, Interval])  #: mean of each scorer's figures


@frozen(kw_only=True)
class PairSummary:
    """How two targets differ in one thing, on the runs that both made."""

    a: str
    b: str
    what: str  #: `seconds`, `money`, `credits`, `success`, `usable` (where checks failed), or a scorer's name
    cases: int  #: different requests
    runs: int  #: paired runs: the same request and repetition at both
    difference: Interval  #: a minus b
    level: float  #: of the interval: higher than the summary's, since all comparisons together have to keep that
    shown: bool  #: the interval excludes zero
    said: str

    @property
    def more(self) -> str | None:
        """The one that is shown to have more of it: of `seconds` and costs, the worse one."""
        if not self.shown:
            return None
        return self.a if self.difference.low is not None and self.difference.low > 0 else self.b


@frozen(kw_only=True)
class Verdict:
    """Which to choose."""

    best: str | None  #: `None`: nobody was shown to be the better choice
    sentence: str
    sure: Sure
    why: tuple[str, ...] = ()


@frozen(kw_only=True)
class Summary:
    """All of a comparison's figures."""

    targets: tuple[TargetSummary, ...]
    pairs: tuple[PairSummary, ...]
    verdict: Verdict
    caveats: tuple[str, ...] = ()
    level: float = 0.95  #: at which all intervals of a kind hold
