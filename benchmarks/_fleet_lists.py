"""Jobs that are read by a list, and what fits under a limit of requests."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from benchmarks._detection import Detection, Jobs, at_mean
from benchmarks._durations import KINDS
from benchmarks._fleet_learn import learned
from benchmarks._fleet_polls import JOBS, MANY, PRICES, TWO, Work, at_price, lives, spread
from benchmarks._listing import PAGE, Newest, OnlyOpen, Reading, Stream, Worth, looked_up
from benchmarks._policies import Every
from benchmarks._report import Goal, Table
from genhub.timing import Timing

READINGS: Mapping[str, Reading] = {"all, newest first": Newest(), "only what runs": OnlyOpen()}
#: Captions that run at once, and how many times fewer requests a list shall need.
RUNNING = {10: 10.0, 100: 50.0, 1000: 80.0}
#: Jobs of a stream: at least, and for each that runs at once.
LEAST, EACH = 4000, 16
#: A limit, in requests a minute, and the mean delay that is allowed under it, in seconds.
LIMIT, DELAY = 30.0, 5.0
FIXED, ALONE, LISTED = WAYS = ("at a fixed interval", "learned, one by one", "learned, by a list")
#: So many times more jobs shall fit; the one read of a caption can't be spared, and 1 % is noise.
LIMITED = {"captions": 0.99, "image": 1.25, "video": 4.0}


def by_list(running: int, reading: str) -> str:
    """Return the name of a figure: fewer requests by a list."""
    return f"captions, {running:,} at once: times fewer requests than each every 2 s, list of {reading}"


def with_outputs(running: int, reading: str) -> str:
    """Return the name of a figure: the same, and one read of each job that ended, for what was made."""
    return f"{by_list(running, reading)}, and a GET a job for its outputs"


def under_limit(kind: str) -> str:
    """Return the name of a figure: more jobs under a limit."""
    return f"{kind}: times more jobs a minute than at a fixed interval, {LIMIT:g} requests a minute"


def fits(kind: str, way: str) -> str:
    """Return the name of a figure: how many jobs fit under the limit."""
    return f"{kind}: jobs a minute under {LIMIT:g} requests a minute, {way}"


GOALS = (
    *(Goal(figure=by_list(running, "only what runs"), least=least) for running, least in RUNNING.items()),
    *(Goal(figure=under_limit(kind), least=least) for kind, least in LIMITED.items()),
)


def ratios(seed: int) -> dict[str, float]:
    """Return every ratio of one seed."""
    timings = {kind: learned(kind, mixture, MANY, f"seen {kind} {seed}") for kind, mixture in KINDS.items()}
    return _lists(timings["captions"], seed) | _limits(timings, seed)


def captions(running: int, seed: int) -> tuple[Stream, Detection]:
    """Draw captions of which so many run at once; with what comes of reading each every 2 s."""
    count, chance = max(LEAST, EACH * running), random.Random(f"{running} {seed}")
    stream = Stream.of(KINDS["captions"].draw, running, count, chance)
    return stream, Jobs([end - begin for begin, end in stream.jobs]).detect(TWO)


def listed_at(delay: float, timing: Timing, stream: Stream, reading: Reading) -> tuple[float, Detection]:
    """Return the price at which a list has this mean delay, and what comes of it."""
    hazard = looked_up(timing.whole.hazard, max(end - begin for begin, end in stream.jobs))
    return at_mean(delay, lambda price: stream.detect(Worth(hazard, price), reading), *PRICES)


def _lists(timing: Timing, seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for running in RUNNING:
        stream, alone = captions(running, seed)
        for name, reading in READINGS.items():
            _, listed = listed_at(alone.mean, timing, stream, reading)
            found[by_list(running, name)] = alone.each / listed.each
            found[with_outputs(running, name)] = alone.each / (listed.each + 1)
    return found


def _limits(timings: Mapping[str, Timing], seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, mixture in KINDS.items():
        work = Work({kind: Jobs(lives(mixture, JOBS, f"jobs {kind} {seed}"))})
        _, fixed = work.at_mean(DELAY, lambda seconds: lambda kind: Every(seconds))  # the interval is the knob
        _, alone = work.at_mean(DELAY, at_price(timings))
        each = {
            FIXED: LIMIT / (1 + fixed.each),
            ALONE: LIMIT / (1 + alone.each),
            LISTED: _fits(kind, timings[kind], seed),
        }
        found |= {fits(kind, way): count for way, count in each.items()}
        found[under_limit(kind)] = max(each[ALONE], each[LISTED]) / each[FIXED]
    return found


def _fits(kind: str, timing: Timing, seed: int) -> float:
    """Return the jobs a minute that a list, a submit and a GET for each one's outputs leave room for."""
    mixture, count = KINDS[kind], LIMIT / 2.5
    for _ in range(3):  # how many run at once depends on how many fit
        stream = Stream.of(mixture.draw, count / 60 * mixture.mean, 1000, random.Random(f"{kind} {seed}"))
        _, listed = listed_at(DELAY, timing, stream, Newest())
        count = LIMIT / (2 + listed.each)
    return count


def tables(runs: Sequence[Mapping[str, float]]) -> tuple[Table, Table]:
    """Return what lists save, and what fits under a limit."""
    return _saved(runs), _fitting(runs)


def _saved(runs: Sequence[Mapping[str, float]]) -> Table:
    rows = [
        (f"{running:,}", reading, spread(runs, by_list(running, reading)), spread(runs, with_outputs(running, reading)))
        for running in RUNNING
        for reading in READINGS
    ]
    return Table(
        title="Captions read by a list: times fewer requests than each read every 2 s, at its mean delay",
        head=("at once", "list of", "lists alone", "lists, and a GET a job for its outputs"),
        rows=rows,
        notes=(
            f"Medians of {len(runs)} seeds. Jobs come at random times, so many run at once on average. Each page "
            f"of {PAGE} is a request. The next list is due by what {MANY} jobs have taught, summed over what runs.",
            "all, newest first: page after page until the oldest job that is awaited. only what runs: by the list's "
            "filter of a status; what is missing there has ended.",
        ),
    )


def _fitting(runs: Sequence[Mapping[str, float]]) -> Table:
    rows = [(kind, *(spread(runs, fits(kind, way)) for way in WAYS), spread(runs, under_limit(kind))) for kind in KINDS]
    return Table(
        title=f"Jobs a minute under {LIMIT:g} requests a minute, submits included, at a mean delay of {DELAY:g} s",
        head=("", *WAYS, "the better of both / fixed"),
        rows=rows,
        notes=(
            "by a list: with a GET a job for its outputs. Of the three vendors PowerPost alone has one, of captions; "
            "for the other kinds it is what a vendor with a list would allow.",
        ),
    )
