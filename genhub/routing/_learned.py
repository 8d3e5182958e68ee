"""What finished jobs taught: what a usable result costs, and how long one takes, by account and kind of call.

Each attempt counts once, by its latest figures. The last `REMEMBERED` of a kind are held: what was learned ages with
them, and a correction takes the place of what it corrects.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

from genhub._credits import ZERO
from genhub._facts import Kept, items
from genhub._jobs import Attempt
from genhub._status import Status

#: So many attempts of one kind are remembered.
REMEMBERED = 200
#: Decimals of a figure, and what it must stay below: so many of them add up, and are taken away, without rounding.
PLACES, TOO_MUCH = 12, Decimal(10) ** 12
#: Products of floats are off by less: 20 samples are enough for 0.95, and 10 for 0.9.
SLACK = 1e-9


@frozen(kw_only=True)
class Cost:
    """What a usable result cost, in the account's credits."""

    per_result: Decimal  #: all that was paid, for failures too, divided by the results
    samples: int  #: attempts whose cost is known, or at least bounded
    success: float  #: the share of them that succeeded, from 0 to 1


@frozen
class _Part:
    """What one attempt adds."""

    succeeded: bool
    credits: Decimal | None  # None: nobody can say, not even at most
    seconds: float | None  # None: not measured


@define
class _Memory:
    """The parts of one kind, by attempt id, and what they add up to."""

    parts: dict[str, _Part] = field(factory=dict[str, _Part])  # the oldest first
    paid: Decimal = ZERO
    known: int = 0
    results: int = 0  # of those whose cost is known
    times: list[float] = field(factory=list[float])  # sorted

    def put(self, key: str, part: _Part) -> bool:
        """Count an attempt by this from now on; returns whether that is news."""
        before = self.parts.get(key)
        if before == part:
            return False
        if before is not None:
            self._count(before, -1)
        self.parts[key] = part  # a correction keeps its place: it is no younger
        self._count(part, 1)
        if len(self.parts) > REMEMBERED:
            self.drop(next(iter(self.parts)))
        return True

    def drop(self, key: str) -> bool:
        """Count it no more; returns whether that is news."""
        part = self.parts.pop(key, None)
        if part is not None:
            self._count(part, -1)
        return part is not None

    def _count(self, part: _Part, sign: int) -> None:
        if part.credits is not None:
            self.paid += sign * part.credits
            self.known += sign
            self.results += sign * part.succeeded
        if part.seconds is None:
            return
        if sign > 0:
            insort(self.times, part.seconds)
        else:
            del self.times[bisect_left(self.times, part.seconds)]


class Learned(Kept):
    """What every kind of call at every account was seen to cost and to take."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], _Memory] = {}

    def took(self, attempt: Attempt) -> None:
        """Take in a finished attempt as its books stand; told again, the latest counts.

        One that never reached the vendor teaches nothing; one that came back to life has nothing to teach yet.
        """
        if attempt.ref is None:
            return
        key = attempt.account, attempt.kind
        memory = self._kinds.get(key)
        if memory is None:
            memory = self._kinds[key] = _Memory()
        self._changes += memory.drop(attempt.id) if attempt.is_open else memory.put(attempt.id, _part(attempt))

    def cost(self, account: str, kind: str) -> Cost | None:
        """Return what a usable result costs there; None while none with a known cost was seen.

        What failed and was charged makes the others dearer. An attempt whose cost is only bounded counts by its upper
        bound, one without a bound is left out, as a result too.
        """
        memory = self._kinds.get((account, kind))
        if memory is None or not memory.results:
            return None
        return Cost(
            per_result=memory.paid / memory.results,
            samples=memory.known,
            success=memory.results / memory.known,
        )

    def seconds(self, account: str, kind: str, quantile: float = 0.5) -> float | None:
        """Return the seconds within which this share of the results was ready: a time that was seen (nearest rank).

        None without a sample. Above the median it takes so many that one at least can lie beyond it: 20 for 0.95, 100
        for 0.99, all that are remembered for 0.995. Raises ValueError for a quantile that is not above 0 and below 1.
        """
        if not 0 < quantile < 1:
            raise ValueError(f"a quantile lies between 0 and 1, not at {quantile}")
        memory = self._kinds.get((account, kind))
        if memory is None or not memory.times:
            return None
        many = len(memory.times)
        if quantile > 0.5 and many * (1 - quantile) < 1 - SLACK:
            return None
        return memory.times[max(math.ceil(many * quantile - SLACK), 1) - 1]

    def count(self, account: str, kind: str) -> int:
        """Return how many times `seconds` rests on."""
        memory = self._kinds.get((account, kind))
        return 0 if memory is None else len(memory.times)

    def facts(self) -> dict[str, Any]:
        """Return what is remembered as plain data: account, kind, and rows of id, success, credits, seconds."""
        self._handed_out = self._changes
        facts: dict[str, Any] = {}
        for (account, kind), memory in self._kinds.items():
            if memory.parts:
                rows = [
                    [key, part.succeeded, None if part.credits is None else str(part.credits), part.seconds]
                    for key, part in memory.parts.items()
                ]
                facts.setdefault(account, {})[kind] = rows
        return facts

    def restore(self, facts: Any) -> None:
        """Take in saved facts, as older than what is known already; what makes no sense among them is passed over."""
        for account, kinds in items(facts):
            for kind, rows in items(kinds):
                newer = self._kinds.get((account, kind), _Memory()).parts
                memory = _Memory()
                for key, part in (*((key, part) for key, part in _rows(rows) if key not in newer), *newer.items()):
                    memory.put(key, part)
                self._kinds[account, kind] = memory


def _part(attempt: Attempt) -> _Part:
    spent = attempt.credits
    succeeded = attempt.status is Status.SUCCEEDED
    return _Part(
        succeeded,
        _figure(spent.high if spent.net is None else spent.net),
        _seconds(attempt) if succeeded else None,
    )


def _seconds(attempt: Attempt) -> float | None:
    """Return how long it took to be ready; None where that was not measured: resumed, or the clock was set back."""
    sent, ended = attempt.submitted_at, attempt.finished_at
    if sent is None or ended is None or attempt.leg:
        return None
    if sent == ended:  # the result was the answer to the submit, and `submitted_at` is when that came
        sent = attempt.created_at
    taken = (ended - sent).total_seconds()
    return taken if taken >= 0 else None


def _figure(amount: Decimal | None) -> Decimal | None:
    """Return an amount that can be added up exactly; None for one that is not said, or absurd."""
    if amount is None or not amount.is_finite() or abs(amount) >= TOO_MUCH:
        return None
    return round(amount, PLACES) if -int(amount.as_tuple().exponent) > PLACES else amount


def _rows(facts: Any) -> Iterator[tuple[str, _Part]]:
    try:
        rows = list(facts)
    except TypeError:
        return
    for row in rows:
        try:
            key, succeeded, credits, seconds = row
            amount = None if credits is None else Decimal(credits)
            taken = None if seconds is None else float(seconds)
        except (TypeError, ValueError, ArithmeticError):
            continue
        if isinstance(key, str) and isinstance(succeeded, bool) and (taken is None or 0 <= taken < math.inf):
            yield key, _Part(succeeded, _figure(amount), taken)
