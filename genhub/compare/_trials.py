"""The runs of a suite, in the order in which they are sent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import groupby

from genhub.compare._records import Trial
from genhub.compare._suite import Suite
from genhub.routing import fingerprint


def trials_of(suite: Suite, *, fresh: str | None = None) -> tuple[Trial, ...]:
    """Return every run: cases times targets times repetitions, shuffled by the suite's seed.

    One repetition of one case is a block, in which all targets stand next to each other in random order: what drifts
    in an hour hits all alike. All cases come once before any comes again, so that whoever stops early has all of them.
    `fresh` names a run whose keys are its own: what an earlier one bought does not count for it.
    """
    found: list[Trial] = []
    for repetition in range(1, suite.repetitions + 1):
        chance = random.Random(f"{suite.seed}:{repetition}")  # more repetitions leave the earlier ones as they were
        for case in chance.sample(suite.cases, len(suite.cases)):
            for target in chance.sample(suite.targets, len(suite.targets)):
                mark = fingerprint(case.request, suite.portability)
                parts = (*prefix(suite, fresh), mark, target, str(repetition))
                found.append(
                    Trial(
                        case=case.name,
                        request=case.request,
                        target=target,
                        repetition=repetition,
                        key=":".join(parts),
                        position=len(found) + 1,
                    )
                )
    return tuple(found)


def prefix(suite: Suite, fresh: str | None) -> tuple[str, ...]:
    """Return what the keys of a suite's runs begin with."""
    return ("compare", suite.name) if fresh is None else ("compare", suite.name, fresh)


def blocks_of(trials: Sequence[Trial]) -> list[tuple[Trial, ...]]:
    """Return the blocks of the order."""
    return [tuple(block) for _, block in groupby(trials, key=lambda trial: (trial.case, trial.repetition))]
