"""When an open attempt is read next: by what was learned of its kind, within the vendor's bounds.

An account with a `poll_every` of its own is read so often and no other way. All others share one price: the seconds of
delay that one read is worth. A vendor's limit on calls raises it for its account, and webhooks that can be leant on
leave reading as a backstop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from zlib import crc32

from genhub._bound import Bound
from genhub._clock import Clock
from genhub._hints import Hints
from genhub._jobs import Attempt
from genhub._live import Pursuit
from genhub._schedule import after_failures
from genhub.timing import Bounds, Prior, Timings, due

#: Every open attempt is read at least so often, in seconds.
MOST = 120.0
#: A kind of which nothing is documented is expected to take so many of the vendor's shortest intervals.
EXPECTED = 5.0
#: Beyond so many attempts that are to be read at once, they are spread over their intervals.
AT_ONCE = 32


class Agenda:
    """The appointments of a hub's open attempts."""

    def __init__(
        self,
        accounts: Mapping[str, Bound],
        clock: Clock,
        hints: Hints,
        price: float,
        silent: Callable[[str, str], None],
    ) -> None:
        """`silent` is called with account and kind when webhooks that were leant on failed to announce an end."""
        self.price = price
        self.timings = Timings(self._prior)
        self._silent = silent
        self._accounts = accounts
        self._clock = clock
        self._hints = hints
        self._wanted: dict[str, float] = {}  # reads a second that an account's appointments add up to

    def next(self, bound: Bound, hand: Pursuit, began: float | None = None, *, hint: float | None = None) -> float:
        """Return the seconds until the next read, from when the last one began (None: from now; there was none here).

        `hint` is the vendor's own word.
        """
        attempt = hand.attempt
        if bound.account.poll_every is not None:
            return bound.account.poll_every
        began = self._clock.monotonic() if began is None else began
        least = bound.account.every(attempt.kind)
        timing = self.timings.of(attempt.account, attempt.kind)
        wish = timing.next(self._age(attempt, began), self._running(hand, began), self.price)
        wish = min(max(wish, least), MOST)
        rate = 1.0 / wish if wish > 0 else 0.0
        self._wanted[hand.account] = max(0.0, self._wanted.get(hand.account, 0.0) - hand.rate) + rate
        hand.rate = rate
        if self._hints.alive(attempt.account, attempt.kind):
            wish = MOST
        found = due(wish * self._pressure(bound), Bounds(least=least, most=MOST), hint=hint)
        assert found is not None  # without a deadline there is always a next one
        return found

    def after_failure(self, bound: Bound, hand: Pursuit, retry_after: float | None) -> float:
        """Return the seconds until a read that failed is tried again."""
        return max(after_failures(bound.account.every(hand.attempt.kind), hand.failures), retry_after or 0.0)

    def ended(self, hand: Pursuit, attempt: Attempt, began: float) -> None:
        """A read saw an attempt end: what it took is learned. `began`: when that read did."""
        self.leave(hand)
        age = self._age(attempt, began)
        if attempt.status.is_final and attempt.resuming_at is None:
            unseen = age if hand.read_at is None else began - hand.read_at
            self.timings.took(attempt, unseen_for=max(0.0, min(unseen, age)), begun_unseen=hand.waited_unseen)
            key = attempt.account, attempt.kind
            leant = self._hints.alive(*key)
            announced = self._hints.ended(*key, attempt.id, self._age(attempt, self._clock.monotonic()))
            if leant and not announced:
                self._silent(*key)

    def saw_work(self, hand: Pursuit, began: float) -> None:
        """A read saw for the first time that the work has begun."""
        since = self._age(hand.attempt, began) if hand.read_at is None else began - hand.read_at
        hand.waited_unseen = max(0.0, since)

    def leave(self, hand: Pursuit) -> None:
        """It is read no more."""
        if hand.rate:
            self._wanted[hand.account] = max(0.0, self._wanted.get(hand.account, 0.0) - hand.rate)
            hand.rate = 0.0

    def soonest(self, bound: Bound, hand: Pursuit) -> float:
        """Return the seconds until an attempt may be read again without asking more often than the vendor wants."""
        last = hand.sent_at if hand.tried_at is None else hand.tried_at
        if last is None:
            return 0.0
        return max(0.0, last + bound.account.every(hand.attempt.kind) - self._clock.monotonic())

    def spread(self, hand: Pursuit, within: float) -> float:
        """Return a moment of an interval, another one for each attempt, so that many do not come at once."""
        return within * crc32(hand.attempt.id.encode()) / 2**32

    def hazard(self, hand: Pursuit, at: float) -> float:
        """Return how likely it is that an attempt ends in the second after `at` (on the monotonic clock)."""
        attempt = hand.attempt
        timing = self.timings.of(attempt.account, attempt.kind)
        return timing.hazard(self._age(attempt, at), self._running(hand, at))

    def _pressure(self, bound: Bound) -> float:
        """Return by how much an account's intervals are stretched so that its reads fit the vendor's limit.

        Intervals go with the square root of the price: stretching all alike is what a higher price for this account
        does.
        """
        allowed = bound.reads_allowed()
        wanted = self._wanted.get(bound.name, 0.0)
        if allowed is None or wanted <= allowed:
            return 1.0
        return min(wanted / allowed, 10.0) if allowed > 0 else 10.0

    def _age(self, attempt: Attempt, at: float) -> float:
        sent = attempt.submitted_at or attempt.created_at
        return max(0.0, self._wall(at) - sent.timestamp())

    def _running(self, hand: Pursuit, at: float) -> float | None:
        began = hand.attempt.running_at
        # It may have begun at any time since the read before the one that saw it.
        return None if began is None else max(0.0, self._wall(at) - began.timestamp() + hand.waited_unseen / 2)

    def _wall(self, at: float) -> float:
        return self._clock.time() - (self._clock.monotonic() - at)

    def _prior(self, account: str, kind: str) -> Prior:
        """Return what is expected of a kind before any was seen: as the vendor says, or a guess by its advice."""
        bound = self._accounts.get(account)
        if bound is None:
            return Prior(median=15.0, sigma=1.0)
        documented = getattr(bound.provider, "takes", {}).get(kind)
        if documented is None:
            return Prior(median=EXPECTED * bound.account.every(kind) or 1.0, sigma=1.0)
        shortest, longest = (max(each, 1e-3) for each in documented)
        return Prior(median=math.sqrt(shortest * longest), sigma=max(0.3, math.log(longest / shortest) / 2.5))
