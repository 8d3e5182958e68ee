"""What a reader has to know before the figures are believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genhub.compare import _prices, _words
from genhub.compare._pairs import MANY, shown
from genhub.compare._records import Observation, Outcome, Results
from genhub.compare._summary import PairSummary, TargetSummary


def caveats(results: Results, targets: Sequence[TargetSummary], pairs: Sequence[PairSummary]) -> tuple[str, ...]:
    """Return all that holds, the weightiest first."""
    return (
        *_whole(results, targets),
        *(said for each in targets for said in _target(each, results)),
        *(said for each in pairs for said in _pair(each, results)),
    )


def _whole(results: Results, targets: Sequence[TargetSummary]) -> Iterator[str]:
    if results.simulated:
        yield "These were simulators, not the real services: it says nothing of the vendors."
    if not results.complete:
        left = sum(each.not_run for each in targets)
        yield f"It is not complete: {_words.count(left, 'run')} {'was' if left == 1 else 'were'} not made."
    cases = len({each.case for each in results.observations if each.outcome.counts})
    if 0 < cases < MANY:
        told = "One request only" if cases == 1 else f"Only {cases} requests"
        yield f"{told}: what is shown holds for {'it' if cases == 1 else 'these'}, and others may differ."


def _target(each: TargetSummary, results: Results) -> Iterator[str]:
    name = each.target
    counted = [one for one in results.of(name) if one.outcome.counts]
    if each.unsupported:
        yield f"{name} can't do {each.unsupported} of {_words.count(each.runs, 'run')}: they count neither way."
    if each.counted == 0 and not each.unsupported:
        yield f"No run of {name} says anything yet."
    if each.counted == 1:
        yield f"{name} was run only once: nothing is claimed from one run."
    if each.counted and not each.succeeded:
        yield f"Nothing of {name} was ready: 0 of {_words.count(each.counted, 'run')} succeeded."
    elif each.counted and not each.usable:
        yield f"Nothing of {name} could be used: all {each.succeeded} that were ready failed a check."
    if each.timed_out:
        after = f" within {_words.seconds(results.timeout)}" if results.timeout else " when waiting ended"
        yield (
            f"{each.timed_out} of {_words.count(each.counted, 'run')} of {name} {_was(each.timed_out)} not ready"
            f"{after}: how long they take is only known to be longer."
        )
    stopped = sum(one.outcome is Outcome.STOPPED for one in counted)
    if stopped:
        yield f"{_words.count(stopped, 'run')} of {name} {_was(stopped)} stopped, and count as not ready."
    if each.in_doubt:
        yield (
            f"Of {_words.count(each.in_doubt, 'run')} of {name} it is not known whether the vendor took it: "
            "they are in no figure, and a person has to settle them."
        )
    yield from _cost(each, counted)


def _cost(each: TargetSummary, counted: Sequence[Observation]) -> Iterator[str]:
    if not counted:
        return
    money = [_prices.amount(one, "money") for one in counted]
    amounts = [amount or _prices.amount(one, "credits") for one, amount in zip(counted, money, strict=True)]
    if None in money:
        yield f"{each.target} has no price in money."
    elif each.usable and each.cost_money is None:
        yield f"What {each.target} costs is in several currencies, which are not added."
    vague = sum(one is not None and one.low != one.high for one in amounts)
    if vague:
        yield (
            f"What {_words.count(vague, 'run')} of {each.target} cost is not known exactly: "
            "its costs hold all that it may have been."
        )


def _pair(each: PairSummary, results: Results) -> Iterator[str]:
    if each.what != "seconds" or shown(each.difference):
        return
    coarse = max(
        (one.spans.resolution for one in results.observations if one.target in (each.a, each.b) and one.outcome.counts),
        default=0.0,
    )
    if abs(each.difference.value) < coarse:
        yield (
            f"The times of {each.a} and {each.b} are only known to {_words.seconds(coarse)}, "
            "which is more than they differ by."
        )


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
