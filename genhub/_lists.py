"""Whether an account's due attempts are read by its list or one by one, and when a list is read next.

By what a second costs, in requests: the reads, and the delay at the price of a read, of jobs whose hazards are `h`, and
`H` in all. One that is read alone every `sqrt(2 * price / h)` costs `sqrt(2 * h / price)`, and half a read more for its
end; at least it costs the one read that finds its end, and the delay of that. A list of `pages` requests costs
`sqrt(2 * pages * H / price)`, and one read of each that ends, for its outputs.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice

from attrs import define, field

from genhub._bound import Bound
from genhub._live import Pursuit

#: So many attempts are asked for by one look at a list; the others wait for the next.
LONGEST = 5000
#: So many members stand for all when their hazards are added up, and so often the sum is taken.
SAMPLE, STEPS = 48, 10
#: A list that is read already is read on until it costs so many times what reading one by one does.
LOYAL = 1.5
#: An attempt alone is asked directly, and two as well: a list reads more of the vendor than both.
FEWEST = 3


@define(eq=False)
class Flock:
    """The open attempts of an account that its list covers, as far as they have come due once."""

    members: dict[str, Pursuit] = field(factory=dict[str, Pursuit])  #: by attempt
    apart: set[str] = field(factory=set[str])  #: those that it was seen not to show, although they were not over
    looking: asyncio.Future[None] | None = None  #: a look at the list that is on its way
    next_at: float = 0.0  #: on the monotonic clock: none of them is read before, unless somebody asks

    def join(self, hands: Mapping[str, Pursuit]) -> None:
        self.members |= hands

    def leave(self, attempt_ids: Iterable[str]) -> None:
        for attempt_id in attempt_ids:
            self.members.pop(attempt_id, None)
            self.apart.discard(attempt_id)

    def sample(self) -> tuple[list[Pursuit], float]:
        """Return some of those that the list shows, and how many each stands for."""
        step = max(1, len(self.members) // SAMPLE)
        some = [hand for key, hand in islice(self.members.items(), 0, None, step) if key not in self.apart]
        return some, (len(self.members) - len(self.apart)) / len(some) if some else 0.0

    def chosen(self, due: Collection[str]) -> dict[str, Pursuit]:
        """Return those that a look at the list asks for: what is due, and the oldest of the others."""
        asked = {each: self.members[each] for each in due if each in self.members}
        for each in self.members:
            if len(asked) >= LONGEST:
                break
            asked.setdefault(each, self.members[each])
        return asked


def pages_of(bound: Bound, kind: str) -> int | None:
    """Return how many lines a page of the account's list has; None: attempts of this kind are not in a list."""
    if not bound.can("poll_many"):
        return None
    known: Mapping[str, int] | None = getattr(bound.provider, "lists", None)
    return 100 if known is None else known.get(kind)


def pays(hazards: Collection[float], price: float, page: int, *, each: float = 1.0, margin: float = 1.0) -> bool:
    """Say whether reading these by a list costs less than reading one by one, or at most `margin` times as much.

    Each of them stands for `each`.
    """
    count = round(each * len(hazards))
    if count < FEWEST:
        return False
    alone = each * sum(_alone(hazard, price) for hazard in hazards)
    total = each * sum(hazards)
    return math.sqrt(2 * _pages(count, page) * total / price) + total < alone * margin


def interval(hazard: Callable[[float], float], count: int, price: float, page: int, least: float, most: float) -> float:
    """Return the seconds after which a list of so many is worth its requests again.

    `hazard`: the sum of their hazards so many seconds from now. What it is halfway stands for the time until then.
    """
    worth = 2 * price * _pages(count, page)
    low, high = least, most
    for _ in range(STEPS):
        middle = (low + high) / 2
        if middle * middle * hazard(middle / 2) < worth:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _alone(hazard: float, price: float) -> float:
    often = math.sqrt(2 * hazard / price)
    return max(often + hazard / 2, hazard + often / 2)


def _pages(count: int, page: int) -> int:
    return max(1, math.ceil(count / page))
