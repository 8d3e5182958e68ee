"""When an account may call again, by what its vendor says."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define

from genhub._clock import Clock

#: A window that is said to end later than this is not believed (a vendor's clock that is off, another unit).
LONGEST = 3600.0


@define
class _Window:
    left: int | None = None  # calls that the vendor said remain; None: it has not said
    until: float = 0.0  # monotonic: when that count ends
    held: float = 0.0  # monotonic: refused until then
    flying: int = 0  # calls whose answer is not there: the vendor's count may not know them


class Turn:
    """Leave to make one call; it counts as on its way until it has ended."""

    __slots__ = ("_window", "endpoint")

    def __init__(self, endpoint: str, window: _Window) -> None:
        self.endpoint = endpoint
        self._window: _Window | None = window
        window.flying += 1

    def end(self) -> None:
        """The call is over, however it went; may be said twice."""
        if self._window is not None:
            self._window.flying -= 1
            self._window = None

    @property
    def over(self) -> bool:
        return self._window is None


class Pacer:
    """Holds back the calls to endpoints that the vendor said are used up.

    An endpoint is a method and a path without its last part (an id). Knows only what headers and refusals said:
    no vendor's numbers are copied here.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def wait_for(self, endpoint: str) -> float:
        """Return the seconds until the endpoint may be called; 0: now."""
        window = self._windows.get(endpoint)
        if window is None:
            return 0.0
        now = self._clock.monotonic()
        wait = window.held - now
        if window.left is not None:
            if window.until <= now:
                window.left = None
            elif window.left <= window.flying:
                wait = max(wait, window.until - now)
        return max(0.0, wait)

    async def turn(self, endpoint: str) -> Turn:
        """Wait until the endpoint may be called. Every turn is to be ended."""
        while (wait := self.wait_for(endpoint)) > 0:
            await self._clock.sleep(wait)
        return self._take(endpoint)

    def turn_now(self, endpoint: str) -> Turn | None:
        """Take a turn if there is one without waiting."""
        return None if self.wait_for(endpoint) > 0 else self._take(endpoint)

    def _take(self, endpoint: str) -> Turn:
        return Turn(endpoint, self._windows.setdefault(endpoint, _Window()))

    def hold(self, endpoint: str, seconds: float) -> None:
        """Call the endpoint no more for so long: the vendor refused. A longer hold stays."""
        window = self._windows.setdefault(endpoint, _Window())
        window.held = max(window.held, self._clock.monotonic() + min(seconds, LONGEST))

    def note(self, endpoint: str, headers: Mapping[str, str], now: float) -> None:
        """Take in `X-RateLimit-Remaining` and `-Reset` (Unix seconds; `now` is the vendor's clock's)."""
        remaining = headers.get("X-RateLimit-Remaining")
        if remaining is None:
            return
        try:
            left, reset = int(remaining), float(headers["X-RateLimit-Reset"])
        except (KeyError, ValueError):
            return
        ahead = reset - now
        if 0 < ahead <= LONGEST:
            window = self._windows.setdefault(endpoint, _Window())
            window.left, window.until = left, self._clock.monotonic() + ahead
