"""What the report's templates need beyond the records: outputs in rows, failures with the vendor's words, figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from genhub.compare._blind import told
from genhub.compare._records import Observation, Outcome, Results
from genhub.compare._shown import Part, parts

#: A mark that says the same as the colour, and the words.
MARKS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.SUCCEEDED: ("✓", "succeeded"),
    Outcome.FAILED: ("✕", "failed"),
    Outcome.REFUSED: ("✕", "refused"),
    Outcome.UNSUPPORTED: ("⊘", "can't do this; nothing was sent"),
    Outcome.IN_DOUBT: ("?", "in doubt: the answer was lost"),
    Outcome.TIMED_OUT: ("…", "timed out, still going on"),
    Outcome.STOPPED: ("■", "stopped"),
    Outcome.NOT_RUN: ("○", "not run"),
}
#: So many different words of a vendor are shown for a class of failure.
WORDS = 5


@frozen(kw_only=True)
class Run:
    """One run as a card."""

    seen: Observation
    at: int  #: the target's place
    mark: str
    words: str
    parts: tuple[Part, ...]


@frozen(kw_only=True)
class Row:
    """The same request and repetition, at all targets."""

    repetition: int
    runs: tuple[Run, ...]
    differs: bool  #: the targets did not all end alike, or different checks failed


@frozen(kw_only=True)
class Asked:
    """A request, and what became of it."""

    name: str
    asked: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


@frozen(kw_only=True)
class Failure:
    """A class of failure: how often at each target, and the vendor's words."""

    name: str
    counts: tuple[int, ...]  #: in the order of the targets
    words: tuple[tuple[str, int], ...]
    more: int  #: different words that are not shown


def cases(results: Results, folder: Path) -> tuple[Asked, ...]:
    """Return every request with its runs side by side."""
    runs: dict[tuple[str, int], list[Observation]] = defaultdict(list)
    for each in results.observations:
        runs[each.case, each.repetition].append(each)
    place = {name: at for at, name in enumerate(results.targets)}

    def row(repetition: int, seen: Sequence[Observation]) -> Row:
        ordered = sorted((each for each in seen if each.target in place), key=lambda each: place[each.target])
        cards = tuple(_run(each, place[each.target], folder) for each in ordered)
        return Row(repetition=repetition, runs=cards, differs=len({_end(each) for each in ordered}) > 1)

    return tuple(
        Asked(
            name=case.name,
            asked=told(case.request.asked()),
            rows=tuple(row(at[1], seen) for at, seen in sorted(runs.items()) if at[0] == case.name),
        )
        for case in results.cases
    )


def _run(seen: Observation, at: int, folder: Path) -> Run:
    mark, words = MARKS[seen.outcome]
    if seen.outcome is Outcome.SUCCEEDED and not seen.usable:
        mark, words = "!", "succeeded, but a check failed"
    return Run(seen=seen, at=at, mark=mark, words=words, parts=parts(seen, folder))


def _end(seen: Observation) -> tuple[Outcome, tuple[str, ...]]:
    return seen.outcome, tuple(sorted({check.name for check in seen.checks if check.passed is False}))


def failures(results: Results) -> tuple[Failure, ...]:
    """Return what went wrong by its class, the most frequent first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for each in results.observations:
        if each.outcome in (Outcome.SUCCEEDED, Outcome.NOT_RUN):
            continue
        name = each.failure or MARKS[each.outcome][1]
        counts[name][each.target] += 1
        if each.message:
            words[name][each.message] += 1
    found = [
        Failure(
            name=name,
            counts=tuple(count[target] for target in results.targets),
            words=tuple(words[name].most_common(WORDS)),
            more=max(0, len(words[name]) - WORDS),
        )
        for name, count in counts.items()
    ]
    return tuple(sorted(found, key=lambda each: (-sum(each.counts), each.name)))
