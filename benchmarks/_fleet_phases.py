"""Jobs that queue for long before the work begins, at a vendor that shows which: both are learned apart."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from benchmarks._detection import Jobs, PhasedJobs, at_mean
from benchmarks._durations import LOADED_QUEUE
from benchmarks._fleet_learn import Learner, Life
from benchmarks._fleet_polls import MANY, PRICES, TWO, spread
from benchmarks._policies import Learned
from benchmarks._report import Goal, Table

#: Jobs, played one by one.
JOBS = 2_000
APART = "loaded queue: times fewer requests than every 2 s, queue and work learned apart"
TOGETHER = "loaded queue: times fewer requests than every 2 s, one duration learned"
GOALS = (Goal(figure=APART, least=3.0),)


def lives(count: int, seed: str) -> list[Life]:
    """Draw so many jobs: seconds in the queue, and at work."""
    chance = random.Random(seed)
    queue, work = LOADED_QUEUE
    return [(queue.draw(chance), work.draw(chance)) for _ in range(count)]


def ratios(seed: int) -> dict[str, float]:
    """Return every ratio of one seed."""
    jobs, seen = lives(JOBS, f"jobs {seed}"), lives(MANY, f"seen {seed}")
    apart, together = (Learner("video", shows_phases=shown) for shown in (True, False))
    for life in seen:
        apart.see(life)
        together.see(life)
    ends = Jobs([queue + work for queue, work in jobs])
    fixed = ends.detect(TWO)
    _, both = at_mean(fixed.mean, lambda price: PhasedJobs(jobs).detect(Learned(apart.timing, price)), *PRICES)
    _, one = at_mean(fixed.mean, lambda price: ends.detect(Learned(together.timing, price)), *PRICES)
    return {APART: fixed.requests / both.requests, TOGETHER: fixed.requests / one.requests}


def table(runs: Sequence[Mapping[str, float]]) -> Table:
    """Return what it is worth to see the queue."""
    queue, work = LOADED_QUEUE
    return Table(
        title=f"A loaded queue: about {queue.mean:.0f} s of waiting, and {work.mean:.0f} s of work",
        head=("times fewer requests than every 2 s", "at its mean delay"),
        rows=[
            ("queue and work learned apart", spread(runs, APART)),
            ("one duration learned", spread(runs, TOGETHER)),
        ],
        notes=(f"Medians of {len(runs)} seeds, each with {JOBS:,} jobs and {MANY} seen before.",),
    )
