"""What learning saves, at equal mean delay: seeds are fixed, and nothing here is a matter of speed."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks._detection import Jobs, PhasedJobs, at_mean
from benchmarks._durations import KINDS
from benchmarks._fleet_learn import Learner, learned
from benchmarks._fleet_phases import lives as phased
from benchmarks._fleet_polls import PRICES, TWO, lives
from benchmarks._policies import Learned
from genhub.timing import Timing

SEEDS = (1, 2)
JOBS = 1500


def fewer(kind: str, timing: Timing, seed: int, factor: float = 1.0) -> float:
    """Return how many times fewer requests than every 2 seconds there are, at the same mean delay."""
    jobs = Jobs([factor * each for each in lives(KINDS[kind], JOBS, f"jobs {kind} {seed}")])
    fixed = jobs.detect(TWO)
    _, ours = at_mean(fixed.mean, lambda price: jobs.detect(Learned(timing, price)), *PRICES)
    assert ours.mean == pytest.approx(fixed.mean, rel=0.02)
    return fixed.requests / ours.requests


def mean(ratios: list[float]) -> float:
    return math.fsum(ratios) / len(ratios)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("seen", "least"), [(0, 0.55), (20, 0.9), (200, 1.35)])
def test_a_learned_schedule_needs_fewer_requests(kind: str, seen: int, least: float) -> None:
    """From 20 jobs on it is no worse than a fixed interval, and from 200 on it is better by a third."""
    ratios = [fewer(kind, learned(kind, KINDS[kind], seen, f"seen {kind} {seed}"), seed) for seed in SEEDS]
    assert mean(ratios) >= least


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("factor", [0.5, 2.0], ids=["halve", "double"])
def test_when_durations_change_it_learns_them_anew(kind: str, factor: float) -> None:
    """A hundred jobs after they halve or double it is better again."""
    ratios = [
        fewer(kind, learned(kind, KINDS[kind], 200, f"seen {kind} {seed}", then=(factor, 100)), seed, factor)
        for seed in SEEDS
    ]
    assert mean(ratios) >= 1.2


def test_a_loaded_queue_is_learned_by_phases() -> None:
    """A third of the requests of a fixed interval, where one duration for all would need more."""
    jobs = phased(600, "jobs")
    apart, together = (Learner("video", shows_phases=shown) for shown in (True, False))
    for life in phased(200, "seen"):
        apart.see(life)
        together.see(life)
    whole = Jobs([queue + work for queue, work in jobs])
    fixed = whole.detect(TWO)
    _, both = at_mean(fixed.mean, lambda price: PhasedJobs(jobs).detect(Learned(apart.timing, price)), *PRICES)
    _, one = at_mean(fixed.mean, lambda price: whole.detect(Learned(together.timing, price)), *PRICES)

    assert (True, False) == (apart.timing.apart, together.timing.apart)
    assert fixed.requests / both.requests >= 3.0
    assert both.requests < 0.8 * one.requests


def test_a_price_is_what_a_read_is_worth() -> None:
    """At each price, reads and their delay cost less by it than at a price that is much higher or lower."""
    chance = random.Random(5)
    jobs = Jobs([KINDS["image"].draw(chance) for _ in range(JOBS)])
    timing = learned("image", KINDS["image"], 200, "seen")
    for price in (0.05, 0.5, 5.0):
        costs = [(each := jobs.detect(Learned(timing, price * times))).each + each.mean / price
                 for times in (0.1, 1.0, 10.0)]  # fmt: skip
        assert min(costs) == costs[1]
