"""Whether an account's due attempts are read by its list or one by one, and when a list is read next.

By the expected requests: one that is read alone every `sqrt(2 * price / h)` costs `sqrt(2 * h / price)` a second, in
reads and in the delay that they are worth; a list of `pages` requests that covers all of them costs
`sqrt(2 * pages * H / price)`, where `H` is the sum of their hazards, and one read for the outputs of each that ends.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Iterable, Mapping

from attrs import define, field

from genhub._bound import Bound
from genhub._live import Pursuit

#: So many attempts are asked for by one look at a list; the others wait for the next.
LONGEST = 1000
#: An attempt alone is asked directly, and two as well: a list reads more of the vendor than both.
FEWEST = 3


@define(eq=False)
class Flock:
    """The open attempts of an account that its list covers, as far as they have come due once."""

    members: dict[str, Pursuit] = field(factory=dict[str, Pursuit])  #: by attempt
    looking: asyncio.Future[None] | None = None  #: a look at the list that is on its way
    next_at: float = 0.0  #: on the monotonic clock: none of them is read before, unless somebody asks

    def join(self, hands: Mapping[str, Pursuit]) -> None:
        self.members |= hands

    def leave(self, attempt_ids: Iterable[str]) -> None:
        for attempt_id in attempt_ids:
            self.members.pop(attempt_id, None)

    def chosen(self, due: Collection[str]) -> dict[str, Pursuit]:
        """Return those that a look at the list asks for: what is due, and the youngest of the others."""
        asked = {each: self.members[each] for each in due if each in self.members}
        for each in reversed(self.members):
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


def pays(hazards: Collection[float], price: float, page: int) -> bool:
    """Say whether reading these by a list costs less than reading each alone."""
    if len(hazards) < FEWEST:
        return False
    alone = sum(math.sqrt(2 * each / price) for each in hazards)
    total = sum(hazards)
    return math.sqrt(2 * _pages(len(hazards), page) * total / price) + total < alone


def interval(hazards: Collection[float], price: float, page: int) -> float:
    """Return the seconds after which the list is worth its requests again."""
    total = sum(hazards)
    return math.sqrt(2 * price * _pages(len(hazards), page) / total) if total > 0 else math.inf


def _pages(count: int, page: int) -> int:
    return max(1, math.ceil(count / page))
