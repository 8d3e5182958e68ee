"""What is known of how long one kind of call takes at one account, and when one is read next."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from genhub.timing._curve import Curve
from genhub.timing._series import Basis


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

    def next(self, age: float, running_for: float | None, price: float) -> float:
        """Return the seconds until the next read of one that is so old, and was seen in work so long ago.

        `price`: the seconds of delay that one read is worth. The schedule begins anew when the work does, where that
        pays.
        """
        if not self.apart:
            return self.whole.next(age, price)
        return self.queue.next(age, price) if running_for is None else self.work.next(running_for, price)


def cost(timing: Timing, lives: Iterable[tuple[float, float]], price: float, *, apart: bool) -> float:
    """Return what reading these (queue, work) would have cost, in reads: each, and the delay at its price."""
    total = 0.0
    for queue, work in lives:
        end, age, began = queue + work, 0.0, None
        while age < end:
            if not apart:
                age += max(timing.whole.next(age, price), SHORTEST)
            elif began is None:
                age += max(timing.queue.next(age, price), SHORTEST)
                began = age if age >= queue else None
            else:
                age += max(timing.work.next(age - began, price), SHORTEST)
            total += 1
        total += (age - end) / price
    return total


#: No schedule is asked for steps shorter than this, in seconds.
SHORTEST = 0.05
