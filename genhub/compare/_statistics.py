"""The figures of a comparison, from what was seen; pure, and the same whatever the order of the observations.

Figures of one target are of its own runs, on the requests of the suite. Differences are of paired runs (see
`_pairs`), and all of them together hold at the stated level: each one's interval is wider for it (Bonferroni), so that
a target compared with itself is called different no more often than stated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from attrs import frozen

from genhub.compare import _intervals, _prices, _words
from genhub.compare._caveats import caveats
from genhub.compare._extra import extra
from genhub.compare._pairs import Paired, needed, paired, scored, shown
from genhub.compare._prices import Bills, Coin
from genhub.compare._records import Observation, Outcome, Results
from genhub.compare._summary import Interval, PairSummary, Summary, TargetSummary
from genhub.compare._survival import Waits, curve
from genhub.compare._verdict import Judge

with extra():
    import numpy as np


def summarize(results: Results, *, level: float = 0.95, draws: int = 2000, seed: int = 1) -> Summary:
    """Return a comparison's figures, differences and verdict.

    `level` is that of the intervals; `draws` and `seed` are of the bootstrap. Raises ConfigError without the extra.
    """
    counted = [each for each in results.observations if each.outcome.counts]
    scorers = tuple(sorted({one.name for each in counted for one in each.checks if one.value is not None}))
    checked = any(each.usable != (each.outcome is Outcome.SUCCEEDED) for each in counted)
    duels = len(results.targets) * (len(results.targets) - 1) // 2
    # The kinds: success, cost (money and credits are one), time; what is usable where it is not the same; scores.
    comparisons = max(1, duels * (3 + checked + len(scorers)))
    sums = _Sums(level=level, strict=1 - (1 - level) / comparisons, draws=draws, seed=seed, scorers=scorers)
    targets = tuple(sums.target(name, results.of(name)) for name in results.targets)
    pairs = tuple(
        pair
        for a, b in combinations(results.targets, 2)
        for pair in sums.pairs(a, b, paired(results.of(a), results.of(b)), checked=checked)
    )
    judge = Judge(targets=targets, pairs=pairs, noun=_words.noun(each.request for each in results.cases),
                  takes=needed(sums.strict))  # fmt: skip
    said = caveats(results, targets, pairs)
    if duels:
        held = f"A difference is called shown only if it holds at {_words.percent(level)}"
        said = (*said, f"{held} with all {comparisons} comparisons taken together.")
    return Summary(targets=targets, pairs=pairs, verdict=judge.verdict(), caveats=said, level=level)


@frozen(kw_only=True)
class _Sums:
    """How figures are made: the levels, and the bootstrap's draws."""

    level: float
    strict: float  #: of differences
    draws: int
    seed: int
    scorers: tuple[str, ...]

    def target(self, name: str, seen: Sequence[Observation]) -> TargetSummary:
        counted = sorted((each for each in seen if each.outcome.counts), key=lambda each: (each.case, each.repetition))
        ready = [each for each in counted if each.outcome is Outcome.SUCCEEDED]
        ends = Counter(each.outcome for each in seen)
        usable = sum(each.usable for each in counted)
        waits = Waits.of(counted)
        money, currency = self._cost(counted, "money")
        credits, unit = self._cost(counted, "credits")
        return TargetSummary(
            target=name,
            runs=len(seen),
            counted=len(counted),
            succeeded=len(ready),
            usable=usable,
            success=_intervals.share(len(ready), len(counted), self.level),
            usable_share=_intervals.share(usable, len(counted), self.level),
            unsupported=ends[Outcome.UNSUPPORTED],
            in_doubt=ends[Outcome.IN_DOUBT],
            timed_out=ends[Outcome.TIMED_OUT],
            not_run=ends[Outcome.NOT_RUN],
            median=waits.percentile(0.5, self.level),
            p90=waits.percentile(0.9, self.level),
            p95=waits.percentile(0.95, self.level),
            queue=self._median(each.spans.queue for each in ready),
            run=self._median(each.spans.run for each in ready),
            download=self._median(each.spans.download for each in ready),
            resolution=max((each.spans.resolution for each in counted), default=0.0),
            curve=curve(counted, self.level),
            cost_credits=credits,
            unit=unit,
            cost_money=money,
            currency=currency,
            spent_money=_prices.spent(each for each in seen if each.outcome not in _UNSENT),
            failures=dict(
                sorted(Counter(_failure(each) for each in counted if each.outcome is not Outcome.SUCCEEDED).items())
            ),
            checks=_checks(ready),
            scores={name: found for name in self.scorers if (found := self._score(ready, name)) is not None},
        )

    def pairs(
        self, a: str, b: str, pairs: Sequence[tuple[Observation, Observation]], *, checked: bool
    ) -> tuple[PairSummary, ...]:
        """Return all that two targets can be compared in."""
        both = Paired(pairs=tuple(pairs), level=self.strict, draws=self.draws, seed=self.seed)
        if not pairs:
            return ()
        found: dict[str, Interval | None] = {"success": both.success(lambda each: each.outcome is Outcome.SUCCEEDED)}
        if checked:
            found["usable"] = both.success(lambda each: each.usable)
        found |= {"money": both.price("money"), "credits": both.price("credits"), "seconds": both.seconds()}
        found |= {name: both.score(name) for name in self.scorers}
        units = {name: _prices.unit([one for one, _ in pairs], coin) for name, coin in _COINS.items()}
        return tuple(
            self._pair(both, a, b, _words.Topic(what=what, unit=units.get(what)), difference)
            for what, difference in found.items()
            if difference is not None
        )

    def _pair(self, both: Paired, a: str, b: str, topic: _words.Topic, difference: Interval) -> PairSummary:
        way = shown(difference)
        more = None if way is None else way == "more"
        runs = len(both.pairs)
        return PairSummary(
            a=a,
            b=b,
            what=topic.what,
            cases=both.cases,
            runs=runs,
            difference=difference,
            level=self.strict,
            shown=way is not None,
            said=topic.said(a, b, difference, more=more, runs=runs, takes=needed(self.strict)),
        )

    def _cost(self, counted: Sequence[Observation], coin: Coin) -> tuple[Interval | None, str | None]:
        unit = _prices.unit(counted, coin)
        if not counted or unit is None:
            return None, unit
        bills = Bills.of(counted, coin)
        return _prices.per_usable(bills, level=self.level, draws=self.draws, seed=self.seed), unit

    def _median(self, spans: Iterable[float | None]) -> Interval | None:
        known = np.array(sorted(each for each in spans if each is not None), dtype=float)
        return Waits(seconds=known, censored=np.zeros(len(known), dtype=bool)).percentile(0.5, self.level)

    def _score(self, ready: Sequence[Observation], name: str) -> Interval | None:
        figures = [figure for each in ready if (figure := scored(each, name)) is not None]
        if not figures:
            return None
        return _intervals.mean(np.array(figures), level=self.level, draws=self.draws, seed=self.seed)


_COINS: dict[str, Coin] = {"money": "money", "credits": "credits"}
_UNSENT = (Outcome.UNSUPPORTED, Outcome.NOT_RUN)


def _failure(each: Observation) -> str:
    return each.failure or each.outcome.value


def _checks(ready: Sequence[Observation]) -> Mapping[str, tuple[int, int]]:
    """Return how many of each check passed, of those that could be made."""
    made = Counter(one.name for each in ready for one in each.checks if one.passed is not None)
    passed = Counter(one.name for each in ready for one in each.checks if one.passed)
    return {name: (passed[name], tried) for name, tried in sorted(made.items())}
