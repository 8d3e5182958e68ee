"""What genhub learns from jobs that it has read: it knows an end as exactly as the reads around it are near."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count as counted

from benchmarks._durations import Mixture
from benchmarks._virtual import START
from genhub import Attempt, Status
from genhub._jobs import Ref
from genhub.timing import Prior, Timing, Timings

#: The price of the reads that it learns from, in seconds of delay: a hub's own, unless somebody says another.
PRICE = 0.5
#: What a hub expects before it has seen anything, where nothing is documented: five of the vendor's intervals.
PRIORS: Mapping[str, Prior] = {
    "captions": Prior(median=10.0, sigma=1.0),
    "image": Prior(median=10.0, sigma=1.0),
    "video": Prior(median=50.0, sigma=1.0),
}
ACCOUNT, UNIT = "powerpost", "credits"
BEGIN = datetime.fromtimestamp(START, UTC)
#: Seconds in the queue, and at work.
Life = tuple[float, float]


class Learner:
    """Reads jobs of one kind as a hub does, by what it knows so far, and learns from each."""

    def __init__(self, kind: str, *, shows_phases: bool = False) -> None:
        self.kind = kind
        self._shows_phases = shows_phases
        self._timings = Timings(lambda account, kind: PRIORS[kind])
        self._ids = counted(1)

    @property
    def timing(self) -> Timing:
        """What it knows now."""
        return self._timings.of(ACCOUNT, self.kind)

    def see(self, life: Life) -> None:
        """Read one job until its end is seen."""
        queue, work = life
        age = before = gap = 0.0
        began: float | None = None
        timing = self.timing
        while age < queue + work:
            before = age
            age += timing.next(age, None if began is None else age - began + gap / 2, PRICE)
            if self._shows_phases and began is None and age >= queue:
                began, gap = age, age - before
        job = f"j{next(self._ids)}"
        attempt = Attempt(
            id=f"{job}.1",
            job_id=job,
            number=1,
            account=ACCOUNT,
            provider="powerpost",
            kind=self.kind,
            unit=UNIT,
            ref=Ref(id=job, kind=self.kind),
            created_at=BEGIN,
            submitted_at=BEGIN,
            status=Status.SUCCEEDED,
            running_at=None if began is None else BEGIN + timedelta(seconds=began),
            finished_at=BEGIN + timedelta(seconds=age),
        )
        self._timings.took(attempt, unseen_for=age - before, begun_unseen=gap)


def learned(kind: str, mixture: Mixture, count: int, seed: str, *, then: tuple[float, int] = (1.0, 0)) -> Timing:
    """Return what was learned from so many jobs, and `then` from more whose durations are so many times longer."""
    chance = random.Random(seed)
    learner = Learner(kind)
    for _ in range(count):
        learner.see((0.0, mixture.draw(chance)))
    factor, more = then
    for _ in range(more):
        learner.see((0.0, factor * mixture.draw(chance)))
    return learner.timing
