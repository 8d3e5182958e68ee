"""What is known of how long one kind of call takes at one account, and when one is read next."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from attrs import frozen

from genhub.timing._curve import Curve
from genhub.timing._series import Basis

#: That the work has begun is worth so many times less delay than that it has ended: it only tells where to begin anew.
PATIENCE = 8.0
#: No schedule is asked for steps shorter than this, in seconds.
SHORTEST = 0.05


@frozen(kw_only=True, eq=False)
class Timing:
    """The times of one kind at one account."""

    whole: Curve  #: from the submit to the end
    queue: Curve  #: from the submit until a read first saw it in work
    work: Curve  #: from then on to the end
    apart: bool  #: the two phases are read by a schedule each: that pays
    seen: float  #: how many ends it rests on; old ones count less
    phases: float  #: of how many the phases were seen
    basis: Basis

    def hazard(self, age: float, running_for: float | None) -> float:
        """Return how likely its end is a second, for one that is so old, and was seen in work so long ago."""
        if self.apart and running_for is not None:
            return self.work.hazard(running_for)
        return self.whole.hazard(age)

    def next(self, age: float, running_for: float | None, price: float) -> float:
        """Return the seconds until the next read of one that is so old, and was seen in work so long ago.

        `price`: the seconds of delay that one read is worth. The schedule begins anew when the work does, where that
        pays.
        """
        if not self.apart:
            return self.whole.next(age, price)
        return self.queue.next(age, PATIENCE * price) if running_for is None else self.work.next(running_for, price)


def cost(timing: Timing, lives: Iterable[tuple[float, float]], price: float, *, apart: bool) -> float:
    """Return what reading these (queue, work) would have cost, in reads: each, and the delay at its price."""
    total = 0.0
    first = _Reads(timing.queue, PATIENCE * price) if apart else _Reads(timing.whole, price)
    then: dict[int, _Reads] = {}  # of the work, by the read that saw it begin
    for queue, work in lives:
        end = queue + work
        if end <= 0:
            continue
        reads, age = first.until(queue if apart else end)
        if age < end:
            begin = first.span(reads) / 2  # so long it is in work by then, as the hub takes it
            if reads not in then:
                then[reads] = _Reads(timing.work, price, begin)
            more, running = then[reads].until(end - age + begin)
            reads, age = reads + more, age + running - begin
        total += reads + (age - end) / price
    return total


class _Reads:
    """The ages at which one is read by a schedule, from some age on."""

    def __init__(self, curve: Curve, price: float, begin: float = 0.0) -> None:
        self._curve = curve
        self._price = price
        self._ages = [begin]

    def until(self, age: float) -> tuple[int, float]:
        """Return how many reads it takes to this age, one at least, and the age at the last of them."""
        ages = self._ages
        while len(ages) < 2 or ages[-1] < age:
            ages.append(ages[-1] + max(self._curve.next(ages[-1], self._price), SHORTEST))
        at = bisect_left(ages, age, 1)
        return at, ages[at]

    def span(self, at: int) -> float:
        """Return the seconds between a read and the one before."""
        return self._ages[at] - self._ages[at - 1]
