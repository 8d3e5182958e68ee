"""Jobs that are read one by one: what each policy makes of them, and the goals for what genhub has learned."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from statistics import median

from attrs import field, frozen

from benchmarks._detection import Detection, Fleet, Jobs, at_mean
from benchmarks._durations import BROAD_VIDEO, KINDS, TIGHT_VIDEO, Mixture
from benchmarks._fleet_learn import PRICE, learned
from benchmarks._optimum import Truth
from benchmarks._policies import BACKOFF, FIELD, Every, Learned, Policy
from benchmarks._report import Goal, Table, interval
from genhub.timing import Timing

#: Jobs of a column of the tables, by seed.
JOBS = 20_000
MIXES: Mapping[str, Mapping[str, float]] = {
    "60/30/10 %": {"captions": 0.6, "image": 0.3, "video": 0.1},
    "a third each": dict.fromkeys(("captions", "image", "video"), 1 / 3),
}
TWO = Every(2.0)
#: Prices at which the table shows what was learned, in seconds of delay.
SHOWN = (0.1, 0.5, 2.0)
#: Between these a price is looked for.
PRICES = (1e-3, 1e3)
#: Jobs seen, at most and at least; and of the new durations, where these change.
MANY, FEW, FRESH = 200, 20, 100
OTHERS = {"tight video": TIGHT_VIDEO, "broad video": BROAD_VIDEO}
FACTORS = {"halve": 0.5, "double": 2.0}

Plan = Callable[[str], Policy]  #: the policy for each kind


@frozen
class Work:
    """What an application has made: jobs by kind."""

    parts: Mapping[str, Fleet] = field(repr=False)

    def detect(self, plan: Plan) -> Detection:
        return Detection.sum(fleet.detect(plan(kind)) for kind, fleet in self.parts.items())

    def at_mean(self, delay: float, plan: Callable[[float], Plan]) -> tuple[float, Detection]:
        """Return the price at which a plan has this mean delay, and what comes of it."""
        return at_mean(delay, lambda price: self.detect(plan(price)), *PRICES)

    def fewer(self, plan: Callable[[float], Plan], than: Policy) -> float:
        """Return how many times fewer requests a priced plan needs than a policy, at its mean delay."""
        theirs = self.detect(lambda kind: than)
        _, ours = self.at_mean(theirs.mean, plan)
        return theirs.requests / ours.requests


def at_price(timings: Mapping[str, Timing]) -> Callable[[float], Plan]:
    """Return, for a price, what genhub does by what it knows of each kind."""
    return lambda price: lambda kind: Learned(timings[kind], price)


def optimum(mixtures: Mapping[str, Mixture]) -> Callable[[float], Plan]:
    """Return, for a price, what whoever knows the true distribution of each kind does."""
    return lambda price: lambda kind: truth(mixtures[kind]).optimum(price)


@cache
def truth(mixture: Mixture) -> Truth:
    """Return a mixture as the optimum takes it."""
    return Truth.of(mixture.cdf)


def works(seed: int) -> dict[str, Work]:
    """Draw the columns of the tables."""
    ends = {kind: lives(mixture, JOBS, f"jobs {kind} {seed}") for kind, mixture in KINDS.items()}
    found = {kind: Work({kind: Jobs(ends[kind])}) for kind in KINDS}
    for name, shares in MIXES.items():
        found[name] = Work({kind: Jobs(ends[kind][: int(JOBS * share)]) for kind, share in shares.items()})
    return found


def lives(mixture: Mixture, count: int, seed: str) -> list[float]:
    """Draw so many durations, in seconds."""
    chance = random.Random(seed)
    return [mixture.draw(chance) for _ in range(count)]


#: The names of figures.
def fewer(what: str, seen: int = MANY) -> str:
    """Return the name of a figure: fewer requests than by a fixed interval, at equal mean delay."""
    return f"{what}: times fewer requests than every 2 s, {seen} jobs seen"


def than_backoff(what: str) -> str:
    """Return the name of a figure: fewer requests than by a backoff."""
    return f"{what}: times fewer requests than backoff, {MANY} jobs seen"


def over_optimum(what: str) -> str:
    """Return the name of a figure: requests over those of the exact optimum."""
    return f"{what}: requests over the exact optimum's, {MANY} jobs seen"


def ceiling(what: str) -> str:
    """Return the name of a figure: fewer requests than by a fixed interval, for whoever knows the distribution."""
    return f"{what}: times fewer requests than every 2 s, the exact optimum"


def drifted(what: str, word: str) -> str:
    """Return the name of a figure: fewer requests than by a fixed interval, when durations changed."""
    return f"{what}: times fewer requests than every 2 s, {FRESH} jobs after durations {word}"


GOALS = (
    *(Goal(figure=fewer(kind), least=1.35) for kind in KINDS),
    *(Goal(figure=fewer(mix), least=2.0) for mix in MIXES),
    *(Goal(figure=than_backoff(mix), least=2.4) for mix in MIXES),
    *(Goal(figure=over_optimum(kind), most=1.08) for kind in KINDS),
    *(Goal(figure=fewer(kind, FEW), least=0.9) for kind in KINDS),
    *(Goal(figure=drifted(kind, word), least=1.2) for word in FACTORS for kind in KINDS),
)
ROWS: Mapping[str, Callable[[str], str]] = {
    f"every 2 s / genhub, {MANY} jobs seen": fewer,
    f"every 2 s / genhub, {FEW} jobs seen": lambda name: fewer(name, FEW),
    f"backoff / genhub, {MANY} jobs seen": than_backoff,
    **{f"every 2 s / genhub, durations {word}": partial(drifted, word=word) for word in FACTORS},
    "every 2 s / the exact optimum": ceiling,
    f"genhub, {MANY} jobs seen / the exact optimum": over_optimum,
}


def policies(seeds: Sequence[int]) -> Table:
    """Return what every policy makes of every column: medians over the seeds."""
    runs = [_policies(seed) for seed in seeds]
    columns = [*KINDS, *MIXES]
    rows = [
        (row, *(cell([run[row, name] for run in runs]) for name in columns))
        for row in dict.fromkeys(row for row, _ in runs[0])
    ]
    return Table(
        title="Reads a job / mean delay s / 95th percentile of the delay s",
        head=("policy", *columns),
        rows=rows,
        notes=(
            f"{JOBS:,} jobs a column and seed, medians of {len(seeds)} seeds. A request is a read, the one that shows "
            "the end included; the submit is not counted. Neither are fal-client's first read, which comes at once, "
            "its GET for the result, and runway's jitter.",
            f"genhub: learned from {MANY} jobs of each kind that were read at a price of {PRICE:g} s. The price is "
            "what one request is worth, in seconds of delay.",
        ),
    )


def _policies(seed: int) -> dict[tuple[str, str], tuple[float, float, float]]:
    columns = works(seed)
    timings = {kind: learned(kind, mixture, MANY, f"seen {kind} {seed}") for kind, mixture in KINDS.items()}
    plans: dict[str, Plan] = {name: partial(_always, policy) for name, policy in FIELD.items()}
    plans |= {f"genhub, price {price:g} s": at_price(timings)(price) for price in SHOWN}
    plans[f"the exact optimum, price {PRICE:g} s"] = optimum(KINDS)(PRICE)
    found = {(row, name): work.detect(plan) for row, plan in plans.items() for name, work in columns.items()}
    return {at: (each.each, each.mean, each.late) for at, each in found.items()}


def _always(policy: Policy, kind: str) -> Policy:
    return policy


def cell(runs: Sequence[tuple[float, float, float]]) -> str:
    """Return the medians of the seeds."""
    return " / ".join(f"{median(each):.3g}" for each in zip(*runs, strict=True))


def settled(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure over the seeds."""
    return {name: median(run[name] for run in runs) for name in runs[0]}


def spread(runs: Sequence[Mapping[str, float]], name: str) -> str:
    """Return a figure's median over the seeds, with the interval of it."""
    if name not in runs[0]:
        return "-"
    values = [run[name] for run in runs]
    low, high = interval(values)
    return f"{median(values):.3g} ({low:.3g} to {high:.3g})"


def comparison(runs: Sequence[Mapping[str, float]]) -> Table:
    """Return the ratios, at equal mean delay."""
    columns = [*KINDS, *MIXES, *OTHERS]
    rows = [(row, *(spread(runs, name(column)) for column in columns)) for row, name in ROWS.items()]
    return Table(
        title="Requests at equal mean delay, as ratios",
        head=("requests of", *columns),
        rows=rows,
        notes=(
            f"Medians of {len(runs)} seeds, each with {JOBS:,} jobs a column and a history of its own, with the 95 % "
            "bootstrap interval of the median. The price is set so that the mean delay is that of the other policy; a "
            "mix has one interval, or one price, for all its kinds.",
            f"durations halve, double: {MANY} jobs seen before, {FRESH} after.",
        ),
    )


def ratios(seed: int) -> dict[str, float]:
    """Return every ratio of one seed: with jobs, and a history, of its own."""
    found: dict[str, float] = {}
    columns = works(seed)
    many = {kind: learned(kind, mixture, MANY, f"seen {kind} {seed}") for kind, mixture in KINDS.items()}
    few = {kind: learned(kind, mixture, FEW, f"seen {kind} {seed}") for kind, mixture in KINDS.items()}
    for name, work in columns.items():
        found[fewer(name)] = work.fewer(at_price(many), TWO)
        found[fewer(name, FEW)] = work.fewer(at_price(few), TWO)
        found[than_backoff(name)] = work.fewer(at_price(many), BACKOFF)
        found[ceiling(name)] = work.fewer(optimum(KINDS), TWO)
        found[over_optimum(name)] = found[ceiling(name)] / found[fewer(name)]
    for name, mixture in OTHERS.items():
        work = Work({"video": Jobs(lives(mixture, JOBS, f"jobs {name} {seed}"))})
        timing = learned("video", mixture, MANY, f"seen {name} {seed}")
        found[fewer(name)] = work.fewer(at_price({"video": timing}), TWO)
        found[ceiling(name)] = work.fewer(optimum({"video": mixture}), TWO)
    for word, factor in FACTORS.items():
        for kind, mixture in KINDS.items():
            ends = [factor * each for each in lives(mixture, JOBS, f"jobs {kind} {seed}")]
            timing = learned(kind, mixture, MANY, f"seen {kind} {seed}", then=(factor, FRESH))
            found[drifted(kind, word)] = Work({kind: Jobs(ends)}).fewer(at_price({kind: timing}), TWO)
    return found
