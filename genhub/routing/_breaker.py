"""A breaker stops calls to an account whose calls fail, and lets one through now and then to see whether they still do.

A pure state machine. Times are epoch seconds that are handed in, for it is kept across restarts; a clock that was set
shuts nobody out for longer than the longest pause.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attrs import evolve, field, frozen
from attrs.validators import ge, gt, le

DAY = 86_400.0
_DOUBLINGS = 60  # more of them tell nothing new, and a float has an end
_SANE = range(1, 1_000_000)  # what a count in the journal may be
_FAR = 1e12  # no clock gets there


class BreakerState(StrEnum):
    CLOSED = "closed"  #: calls go through
    OPEN = "open"  #: none goes through until the pause is over
    HALF_OPEN = "half_open"  #: one call is out, to see


@frozen(kw_only=True)
class Tuning:
    """When a breaker opens, and for how long; times in seconds. Raises ValueError for what makes no sense."""

    failures: int = field(default=3, validator=ge(1))  #: so many in a row open it
    pause: float = field(default=30.0, validator=gt(0))  #: the first one; doubles each time that a probe fails
    longest: float = field(default=600.0, validator=[gt(0), le(DAY)])  #: no pause, and no wait for a probe, is longer
    probe: float = field(default=120.0, validator=gt(0))  #: a probe that says nothing for so long is given up


@frozen(kw_only=True)
class Breaker:
    """What is known of one kind of call to one account. Methods return the next one, itself where nothing changed."""

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0  #: in a row
    until: float = 0.0  #: of one that is open: when a probe may go
    trips: int = 0  #: how often it opened since it was last closed
    why: str = ""  #: the last failure that counted
    probe_until: float = 0.0  #: of one that is half open: when its probe is given up
    running: bool = False  #: of one that is half open: its probe was taken up, and tells how it went when it ends

    def wait(self, now: float, tuning: Tuning) -> float:
        """Return the seconds until a call is allowed; 0: now."""
        if self.state is BreakerState.CLOSED:
            return 0.0
        until = self.until if self.state is BreakerState.OPEN else self.probe_until
        # Further away than any pause is long: the clock was set back. It counts as come.
        return min(until - now, tuning.longest) if now < until <= now + tuning.longest else 0.0

    def allows(self, now: float, tuning: Tuning) -> bool:
        """Say whether a call may be made."""
        return self.wait(now, tuning) == 0

    def let_through(self, now: float, tuning: Tuning) -> Breaker:
        """A call is made: if it was allowed and the breaker is not closed, it is the one probe."""
        if self.state is BreakerState.CLOSED or not self.allows(now, tuning):
            return self
        given_up = now + min(tuning.probe, tuning.longest)
        until = min(self.until, now)
        return evolve(self, state=BreakerState.HALF_OPEN, until=until, probe_until=given_up, running=False)

    def runs(self, now: float, tuning: Tuning) -> Breaker:
        """The probe was taken up, and goes on: only its end, or that its time is over, lets another one go."""
        return evolve(self, running=True) if self.state is BreakerState.HALF_OPEN and not self.running else self

    def succeeded(self, now: float, tuning: Tuning) -> Breaker:
        """A call went well. While it is open that is news of a call from before, and closes nothing."""
        return self if self.state is BreakerState.OPEN or self == CLOSED else CLOSED

    def failed(self, now: float, why: str, tuning: Tuning) -> Breaker:
        """A call failed. While it is open that is no news: the pause stays as it is."""
        if self.state is BreakerState.OPEN:
            return self
        failures = self.failures + 1
        if self.state is BreakerState.CLOSED and failures < tuning.failures:
            return evolve(self, failures=failures, why=why)
        pause = min(tuning.pause * 2.0 ** min(self.trips, _DOUBLINGS), tuning.longest)
        state, trips = BreakerState.OPEN, self.trips + 1
        return Breaker(state=state, failures=failures, until=now + pause, trips=trips, why=why)

    def passed(self, now: float, tuning: Tuning) -> Breaker:
        """The probe told nothing, for the request itself was at fault: the next call may be one at once.

        Where the probe runs, it is another call of which this is said, and changes nothing.
        """
        if self.state is not BreakerState.HALF_OPEN or self.running:
            return self
        return evolve(self, state=BreakerState.OPEN, until=min(self.until, now), probe_until=0.0)

    def hurried(self, now: float, tuning: Tuning) -> Breaker:
        """Nobody else is left to ask: from now on it pauses for no longer than the first time."""
        if self.state is not BreakerState.OPEN or self.until <= now + tuning.pause:
            return self
        return evolve(self, until=now + tuning.pause)

    def believed(self, now: float, tuning: Tuning) -> Breaker:
        """Return the same with `now` in place of a time that a clock which was set made too far away."""
        far = now + tuning.longest
        if max(self.until, self.probe_until) <= far:
            return self
        until, probe_until = (now if each > far else each for each in (self.until, self.probe_until))
        return evolve(self, until=until, probe_until=probe_until)

    def said(self, now: float) -> str:
        """Say in words how it stands."""
        if not self.failures:
            return str(self.state)
        why = f" ({self.why})" if self.why else ""
        count = f"{self.failures} failure{'' if self.failures == 1 else 's'}"
        if self.state is BreakerState.CLOSED:
            return f"{count} in a row{why}"
        if self.state is BreakerState.HALF_OPEN and self.probe_until > now:
            return f"half open after {count}{why}: one call is out to see"
        if self.state is BreakerState.OPEN and self.until > now:
            return f"open until {datetime.fromtimestamp(self.until, UTC):%H:%M:%S} UTC after {count}{why}"
        return f"open after {count}{why}: the next call will see"

    def facts(self) -> dict[str, Any] | None:
        """Return it as plain data; None for one that is at rest."""
        if self.state is BreakerState.CLOSED:
            return {"state": "closed", "failures": self.failures, "why": self.why} if self.failures else None
        state, counts = self.state.value, {"failures": self.failures, "trips": self.trips}
        return {"state": state, "until": self.until, "why": self.why, **counts}

    @classmethod
    def of(cls, facts: Any, now: float, tuning: Tuning) -> Breaker | None:
        """Read what `facts` gave; None for anything else. A probe that was out is nobody's any more: it is due."""
        match facts:
            case {
                "state": "open" | "half_open" as state,
                "until": float(until) | int(until),
                "why": str(why),
                "failures": int(failures),
                "trips": int(trips),
            } if failures in _SANE and trips in _SANE and abs(until) < _FAR:
                due = min(until, now) if state == BreakerState.HALF_OPEN else until
                read = cls(state=BreakerState.OPEN, failures=failures, until=float(due), trips=trips, why=why)
                return read.believed(now, tuning)
            case {"state": "closed", "failures": int(failures), "why": str(why)} if failures in _SANE:
                return cls(failures=min(failures, tuning.failures - 1), why=why)  # a tuning may have changed since
            case _:
                return None


CLOSED = Breaker()
USUAL = Tuning()
