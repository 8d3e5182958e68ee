"""What a vendor said about when one endpoint may be called: its count, its reset, its refusals. Pure rules on times."""

from __future__ import annotations

from enum import IntEnum
from math import inf

from attrs import define

from genhub._errors import LONGEST

#: A count beyond this is read as this.
MOST = 10**9
#: So many at once, and a ramp is over.
WIDE = 64
#: What rounding may take from a time.
ABOUT = 1e-7


class Rank(IntEnum):
    """Who goes first where calls have to wait; within a rank it is first come, first served."""

    SUBMIT = 0  #: makes what somebody asked for
    VERB = 1  #: somebody waits for its answer
    POLL = 2  #: comes again anyway


SUBMIT, VERB, POLL = Rank


@define(eq=False)
class Ramp:
    """The way back after a refusal: one call, then two for each that ended without another refusal."""

    width: int = 1
    out: int = 0


@define(eq=False)
class Window:
    """The vendor's present count for one endpoint, and what we know that it may not."""

    left: float = inf  #: calls that the vendor said remain; inf: it has not said
    until: float = 0.0  #: monotonic: when that count ends
    limit: int = 0  #: calls in a whole window; 0: not said
    span: float = 0.0  #: seconds of the longest way to a reset that was seen: about a whole window
    scarce: int = 0  #: with so many left, or fewer, polls are spread
    held: float = 0.0  #: monotonic: refused until then. There is a ramp from then on, so none means not held
    ramp: Ramp | None = None
    flying: int = 0  #: calls that have not ended
    ahead: int = 0  #: calls, on their way or lost, that the vendor's count may not know
    lost: int = 0  #: calls so far that ended without a word about the count
    waiting: int = 0  #: calls that have not begun
    submits: bool = False  #: submits go here: something is kept back for them
    _heard: int = 0  # of those flying: the vendor's count has come
    _found: int = 0  # of those lost: the vendor's count surely knows them
    _polled: float | None = None  # monotonic: the last poll that was spread
    _assumed: bool = False  # this window follows from the last one, no header said it
    _limit_said: str | None = None
    _reset_said: str | None = None

    # What goes out and comes back

    def take(self) -> Ramp | None:
        """Count a call as on its way; returns the ramp on which it is."""
        self.flying += 1
        self.ahead += 1
        if self.ramp is not None:
            self.ramp.out += 1
        return self.ramp

    def end(self, ramp: Ramp | None) -> None:
        """Count a call as over; nobody refused it so far."""
        self.flying -= 1
        if self._heard:
            self._heard -= 1
        else:
            self.lost += 1
        if ramp is not None:
            ramp.out -= 1
            ramp.width += 1
            if ramp.width >= WIDE and ramp is self.ramp:
                self.ramp = None

    def give_back(self, ramp: Ramp | None) -> None:
        """Undo a `take`: the call was never made."""
        self.flying -= 1
        self.ahead = max(0, self.ahead - 1)
        if ramp is not None:
            ramp.out -= 1

    def spread(self, now: float | None) -> None:
        """Space the next poll from here; None: the last one did not go."""
        self._polled = now

    def hold(self, until: float) -> None:
        """Refused until then; a longer hold stays."""
        self.held = max(self.held, until)
        self.ramp = Ramp()

    def hear(self, remaining: str, limit: str | None, reset: str, vendor: float, now: float, lost: int) -> None:
        """Take in a count. `vendor` is the vendor's time, `lost` what was lost before the call that it answers.

        Within a window the lowest count holds: answers overtake each other.
        """
        try:
            left = min(max(int(remaining), 0), MOST)
            fresh = reset != self._reset_said
            if fresh:
                ahead = float(reset) - vendor
                if not 0 < ahead <= LONGEST:
                    return
                self._reset_said, self._assumed = reset, False
                self.until = now + ahead
                self.span = max(self.span, ahead)
        except ValueError:
            return
        if self._heard < self.flying:
            self._heard += 1
            self.ahead -= 1
        if lost > self._found:
            self.ahead -= lost - self._found
            self._found = lost
        if limit is not None and limit != self._limit_said:
            self._limit_said = limit
            self.limit = min(int(limit), MOST) if limit.isdecimal() and len(limit) < 20 else 0
            self.scarce = self.limit // 4
        if not self.limit:
            self.scarce = max(self.scarce, left // 4)
        if fresh or left < self.left:
            self.left = left

    # What may go

    @property
    def plenty(self) -> bool:
        """True when anybody may go at once: much is left, nobody waits, and nobody was refused."""
        return self.ramp is None and not self.waiting and self.left - self.ahead > self.scarce

    def due(self, rank: Rank, now: float) -> float:
        """Return the (monotonic) time at which a call may go: not after `now`: at once; inf: once another has ended."""
        if self.until <= now + ABOUT and self.left < inf:
            self._roll(now)
        at = max(self.held, self._spared(rank))
        if at > now + ABOUT:
            return at
        return inf if self.ramp is not None and self.ramp.out >= self.ramp.width else now

    def _spared(self, rank: Rank) -> float:
        """Return when the count has one for this rank."""
        spare = self.left - self.ahead
        if rank is POLL and spare > self.scarce:
            return 0.0
        if rank is not SUBMIT and self.submits:
            spare -= self.scarce // 2
        if spare < 1:
            return self.until
        if rank is not POLL or self._polled is None:
            return 0.0
        return self._polled + (self.until - self._polled) / (spare + 1)

    def _roll(self, now: float) -> None:
        """The window is over. The next one is taken to be like it, once: a vendor that fell silent holds nobody."""
        self._reset_said = None
        self._found = self.lost
        self.ahead = self.flying - self._heard
        if self._assumed or not self.limit:
            self.left, self._assumed = inf, False
            self.limit, self._limit_said, self.scarce, self.span = 0, None, 0, 0.0
        else:
            self.left, self.until, self._assumed = self.limit, now + self.span, True
        if self.waiting and self.ramp is None:
            self.ramp = Ramp()

    def allowance(self, now: float) -> float | None:
        """Return the calls a second that the headers allow from now on; None: they say nothing."""
        if self.left < inf and self.until > now:
            return max(0.0, self.left - self.ahead) / max(1.0, self.until - now)
        return self.limit / self.span if self.limit and self.span else None

    def forgettable(self, now: float) -> bool:
        """Nothing is known that still matters, and nobody is on the way."""
        return not (self.flying or self.waiting) and self.held <= now and (self.left == inf or self.until <= now)
