"""What every kind of call at every account was seen to take: in the queue, in work, and in all."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from attrs import define, field

from genhub._facts import Kept, items
from genhub._jobs import Attempt
from genhub._status import Status
from genhub.timing._grid import ENDS
from genhub.timing._series import Prior, Series
from genhub.timing._timing import Timing, cost

#: The ends that a read finds; what somebody stopped would have gone on.
_ENDS = frozenset({Status.SUCCEEDED, Status.FAILED, Status.EXPIRED})
#: So many attempts are known by their ids, so that none counts twice.
KNOWN = 512
#: So many lives are kept to compare schedules by, and so many are needed to.
LIVES, ENOUGH = 64, 12
#: The other schedule has to be cheaper by this share.
CHEAPER = 0.05
#: At which price schedules are compared: the usual one.
PRICE = 0.5


@define(eq=False)
class _Kind:
    whole: Series = field(factory=Series)
    queue: Series = field(factory=Series)
    work: Series = field(factory=Series)
    lives: deque[tuple[float, float]] = field(factory=lambda: deque[tuple[float, float]](maxlen=LIVES))
    timing: Timing | None = None  # as of the last fit
    fresh: int = 0  # ends since then
    apart: bool = False


class Timings(Kept):
    """What was learned, by account and kind. `prior` says what is expected of a kind before anything was seen."""

    def __init__(self, prior: Callable[[str, str], Prior]) -> None:
        super().__init__()
        self._prior = prior
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._known: OrderedDict[str, None] = OrderedDict()

    def took(self, attempt: Attempt, *, unseen_for: float = 0.0, begun_unseen: float | None = None) -> None:
        """Take in an attempt that has ended, once.

        `unseen_for`: the seconds before the read that found it, in which it may have ended at any time; `begun_unseen`:
        the same of the read that first saw it in work. One that was stopped counts among those that took longer; one
        that was resumed, or never sent, does not count.
        """
        began, ended = attempt.submitted_at, attempt.finished_at
        if attempt.ref is None or began is None or ended is None or attempt.leg or attempt.id in self._known:
            return
        self._known[attempt.id] = None
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        if began == ended:  # the result was the answer to the submit
            began = attempt.created_at
        whole = min((ended - began).total_seconds(), ENDS[-1])
        if whole < 0:
            return
        key = attempt.account, attempt.kind
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Kind()
        kind.fresh += 1
        self._changes += 1
        if attempt.status not in _ENDS:
            kind.whole.lasted(whole, self._prior(*key))
            return
        unseen = min(max(unseen_for, 0.0), whole)
        kind.whole.took(whole, unseen)
        if attempt.running_at is None or attempt.running_at == began:  # a vendor that shows no queue, or one without
            return
        queue = (attempt.running_at - began).total_seconds()
        if 0 <= queue <= whole:
            gap = min(unseen if begun_unseen is None else max(begun_unseen, 0.0), queue)
            work = whole - queue + gap / 2  # it may have begun at any time since the read before
            kind.queue.took(queue, gap)
            kind.work.took(work, min(unseen, work))
            kind.lives.append((queue - gap / 2, work))

    def of(self, account: str, kind: str) -> Timing:
        """Return what is known of a kind; computed anew when there is a quarter more to know it by."""
        known = self._kinds.get((account, kind))
        if known is None:
            known = self._kinds[account, kind] = _Kind()
        if known.timing is None or known.fresh > known.timing.seen / 4:
            known.timing = self._fit(account, kind, known)
        return known.timing

    def keys(self) -> Iterator[tuple[str, str]]:
        """Yield the accounts and kinds of which something was seen."""
        yield from (key for key, known in self._kinds.items() if known.whole.weight > 0)

    def _fit(self, account: str, kind: str, known: _Kind) -> Timing:
        prior = self._prior(account, kind)
        known.fresh = 0
        timing = Timing(
            whole=known.whole.curve(prior),
            queue=known.queue.curve(Prior(median=prior.median / 4, sigma=1.2)),
            work=known.work.curve(prior),
            apart=known.apart,
            seen=known.whole.weight,
            phases=known.queue.weight,
            basis=known.whole.basis,
        )
        if len(known.lives) < ENOUGH:
            return timing
        by = {apart: cost(timing, known.lives, PRICE, apart=apart) for apart in (False, True)}
        if by[not known.apart] < by[known.apart] * (1 - CHEAPER):
            known.apart = not known.apart
            timing = Timing(
                whole=timing.whole, queue=timing.queue, work=timing.work, apart=known.apart, seen=timing.seen,
                phases=timing.phases, basis=timing.basis,
            )  # fmt: skip
        return timing

    # The journal.

    def facts(self) -> dict[str, Any]:
        """Return what is remembered as plain data, of a bounded size for each kind."""
        self._handed_out = self._changes
        facts: dict[str, Any] = {}
        for (account, kind), known in self._kinds.items():
            if known.whole.weight > 0:
                facts.setdefault(account, {})[kind] = {
                    "whole": known.whole.facts(),
                    "queue": known.queue.facts(),
                    "work": known.work.facts(),
                    "lives": [[round(each, 3) for each in life] for life in known.lives],
                    "apart": known.apart,
                }
        return facts

    def restore(self, facts: Any) -> None:
        """Take in saved facts, before any news; what makes no sense among them is passed over."""
        for account, kinds in items(facts):
            for kind, said in items(kinds):
                parts = dict(items(said))
                series = [Series.of(parts.get(name)) for name in ("whole", "queue", "work")]
                whole, queue, work = series
                if whole is None or queue is None or work is None:
                    continue
                known = _Kind(whole=whole, queue=queue, work=work, apart=parts.get("apart") is True)
                known.lives.extend(_lives(parts.get("lives")))
                self._kinds[account, kind] = known


def _lives(rows: Any) -> Iterable[tuple[float, float]]:
    for row in cast("Sequence[Any]", rows) if isinstance(rows, list) else ():
        try:
            queue, work = map(float, row)
        except (TypeError, ValueError, OverflowError):
            continue
        if 0 <= queue <= ENDS[-1] and 0 <= work <= ENDS[-1]:
            yield queue, work
