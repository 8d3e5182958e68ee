"""When an account may call again, by what its vendor says, and who goes first then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from math import inf

from attrs import frozen

from genhub._clock import Clock
from genhub._errors import LONGEST
from genhub._window import POLL, SUBMIT, Rank, Window

__all__ = ["Delay", "Pacer", "Rank", "Turn"]

#: A probe that has not ended after so many seconds of the event loop's time (as time-outs are) no longer stops others.
PATIENCE = 30.0
#: What is said of a wait that ends with another call's answer, in seconds.
A_MOMENT = 1.0
#: So many endpoints, and those are forgotten of which nothing is known any more.
MANY = 1000

Waiter = tuple[Rank, int, float, "asyncio.Future[Turn]"]  # rank, number, since


@frozen(kw_only=True)
class Delay:
    """What pacing has added to an endpoint's calls."""

    calls: int = 0  #: that waited and went
    total: float = 0.0  #: seconds
    longest: float = 0.0  #: seconds

    def plus(self, seconds: float) -> Delay:
        """Return it with one more call that waited so long."""
        return Delay(calls=self.calls + 1, total=self.total + seconds, longest=max(self.longest, seconds))


class Turn:
    """Leave to make one call; it counts as on its way until it has ended."""

    __slots__ = ("_line", "_lost", "_ramp", "endpoint")

    def __init__(self, endpoint: str, line: _Line) -> None:
        self.endpoint = endpoint
        self._line: _Line | None = line
        self._lost = line.window.lost
        self._ramp = line.window.take()

    def end(self) -> None:
        """The call is over, however it went; may be said twice."""
        line = self._line
        if line is not None:
            self._line = None
            line.window.end(self._ramp)
            if line.window.waiting:
                line.stir()  # soon, not now: whoever ends it may be about to say that it was refused

    def give_back(self) -> None:
        """The call was never made."""
        line = self._line
        if line is not None:
            self._line = None
            line.window.give_back(self._ramp)
            if line.window.waiting:
                line.stir()

    @property
    def over(self) -> bool:
        return self._line is None

    @property
    def lost_before(self) -> int:
        """How many calls had been lost when it began: an answer to it counts them."""
        return self._lost


class _Line:
    """Those who wait for one endpoint, and the one timer that they share."""

    __slots__ = ("_clock", "_number", "_queue", "_stirred", "_timer", "_timer_at", "delay", "endpoint", "window")

    def __init__(self, endpoint: str, clock: Clock) -> None:
        self.endpoint = endpoint
        self.window = Window()
        self.delay: Delay | None = None
        self._clock = clock
        self._number = 0
        self._queue: list[Waiter] = []
        self._stirred = False
        self._timer: asyncio.Task[None] | asyncio.TimerHandle | None = None
        self._timer_at = inf  # monotonic; inf: it waits for an answer, and its patience ends

    def due(self, rank: Rank, now: float) -> float:
        """Return when a newcomer may go; inf: once others have."""
        at = self.window.due(rank, now)
        head = self._head()
        return inf if at <= now and head is not None and head[0] <= rank else at

    def take(self, rank: Rank, now: float) -> Turn:
        if rank is POLL:
            self.window.spread(now)
        return Turn(self.endpoint, self)

    async def wait(self, rank: Rank) -> Turn:
        """Wait in line."""
        waiter: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._number += 1
        heappush(self._queue, (rank, self._number, self._clock.monotonic(), waiter))
        self.window.waiting += 1
        self._serve()
        try:
            return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():  # let go, and cancelled in the same moment
                if rank is POLL:
                    self.window.spread(None)
                waiter.result().give_back()
            else:
                waiter.cancel()
                self._left()
            raise

    def stir(self) -> None:
        """Look again soon who may go."""
        head = self._head()
        if head is not None and not self._stirred:
            self._stirred = True
            head[3].get_loop().call_soon(self._look)

    def _look(self) -> None:
        self._stirred = False
        self._serve()

    def _left(self) -> None:
        """One went away by itself."""
        self.window.waiting -= 1
        if len(self._queue) > 2 * self.window.waiting:
            self._queue = [each for each in self._queue if not each[3].done()]
            heapify(self._queue)
        if not self.window.waiting:
            self._disarm()

    def _serve(self) -> None:
        """Let go who may, and see to it that the others are looked at in time."""
        now = self._clock.monotonic()
        while (head := self._head()) is not None:
            rank, _, since, waiter = head
            at = self.window.due(rank, now)
            if at > now:
                self._arm(at, now)
                return
            self.window.waiting -= 1
            self.delay = (self.delay or Delay()).plus(now - since)
            waiter.set_result(self.take(rank, now))
        self._disarm()

    def _head(self) -> Waiter | None:
        while self._queue and self._queue[0][3].done():
            heappop(self._queue)
        return self._queue[0] if self._queue else None

    def _arm(self, at: float, now: float) -> None:
        if self._timer is not None and self._timer_at <= at:
            return  # it looks again, and goes on if it is too early
        self._disarm()
        self._timer_at = at
        loop = asyncio.get_running_loop()
        self._timer = loop.create_task(self._sleep(at - now)) if at < inf else loop.call_later(PATIENCE, self._tire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timer = None
        self._serve()

    def _tire(self) -> None:
        """Whoever was let go takes very long, or waits for one of those in line."""
        self._timer = None
        if self.window.ramp is not None:
            self.window.ramp.width += 1
        self._serve()


class Pacer:
    """Holds back calls as far as the vendor's counts and refusals ask for it.

    An endpoint is a method and a path without its last part (an id). Knows only what headers and refusals said:
    no vendor's numbers are copied here. While much is left a call goes at once. What is scarce is spread over the time
    to the reset for polls, and submits may use all of it. After a refusal, or a reset that was waited for, one call
    goes, then two, then four.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Line] = {}
        self._many = MANY

    def wait_for(self, endpoint: str, rank: Rank = SUBMIT) -> float:
        """Return the seconds until the endpoint may be called, as far as is known; 0: now."""
        line = self._windows.get(endpoint)
        if line is None or line.window.plenty:
            return 0.0
        now = self._clock.monotonic()
        at = line.due(rank, now)
        return A_MOMENT if at == inf else at - now

    async def turn(self, endpoint: str, rank: Rank = SUBMIT) -> Turn:
        """Wait until the endpoint may be called. Every turn is to be ended."""
        return self.turn_now(endpoint, rank) or await self._windows[endpoint].wait(rank)

    def turn_now(self, endpoint: str, rank: Rank = SUBMIT) -> Turn | None:
        """Take a turn if there is one without waiting."""
        line = self._windows.get(endpoint) or self._line(endpoint)
        window = line.window
        if rank is SUBMIT:
            window.submits = True
        if window.plenty:
            return Turn(endpoint, line)
        now = self._clock.monotonic()
        return line.take(rank, now) if line.due(rank, now) <= now else None

    def hold(self, endpoint: str, seconds: float) -> None:
        """Call the endpoint no more for so long: the vendor refused. A longer hold stays."""
        line = self._windows.get(endpoint) or self._line(endpoint)
        line.window.hold(self._clock.monotonic() + (min(seconds, LONGEST) if seconds > 0 else 0.0))

    def note(self, endpoint: str, headers: Mapping[str, str], now: float, turn: Turn | None = None) -> None:
        """Take in `X-RateLimit-Limit`, `-Remaining` and `-Reset` (Unix seconds; `now` is the vendor's clock's).

        `turn` is the call that was answered: what was lost before it is known to the vendor's count.
        """
        remaining = headers.get("X-RateLimit-Remaining")
        if remaining is None:
            return
        reset = headers.get("X-RateLimit-Reset")
        if reset is None:
            return
        line = self._windows.get(endpoint) or self._line(endpoint)
        window, lost = line.window, 0 if turn is None else turn.lost_before
        window.hear(remaining, headers.get("X-RateLimit-Limit"), reset, now, self._clock.monotonic(), lost)
        if window.waiting:
            line.stir()

    def allowance(self, endpoint: str) -> float | None:
        """Return the calls a second that the vendor's headers allow from now on; None: they say nothing.

        What is left over the time to the reset (0: nothing before it), or the limit over a window that was seen.
        """
        line = self._windows.get(endpoint)
        return None if line is None else line.window.allowance(self._clock.monotonic())

    def delays(self) -> Mapping[str, Delay]:
        """Return what pacing has added so far, by endpoint; those of which no call waited are left out."""
        return {endpoint: line.delay for endpoint, line in self._windows.items() if line.delay is not None}

    def waiting(self) -> int:
        """Return how many calls wait now."""
        return sum(line.window.waiting for line in self._windows.values())

    def _line(self, endpoint: str) -> _Line:
        if len(self._windows) >= self._many:
            now = self._clock.monotonic()
            for name, line in list(self._windows.items()):
                if line.delay is None and line.window.forgettable(now):
                    del self._windows[name]
            self._many = max(MANY, 2 * len(self._windows))
        line = self._windows[endpoint] = _Line(endpoint, self._clock)
        return line
