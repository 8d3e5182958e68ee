"""A simulated job: its status is worked out when somebody looks, from the clock or from the reads."""

import random
from collections.abc import Mapping
from decimal import Decimal

import attrs

from ._clock import AnyClock
from ._scenario import Scenario

#: Sums of seconds since the epoch are not exact: what is so near is now.
BLINK = 1e-6


@attrs.frozen
class Words:
    """A vendor's words for the stages of a job."""

    first: str  #: what the submit answers
    queued: str
    running: str
    done: str = "completed"


@attrs.define(eq=False, kw_only=True)
class SimJob:
    """One job at a simulated vendor."""

    id: str
    kind: str
    body: dict[str, object]
    #: Where it lives: PowerPost's workspace, gen.pro's sheet, cell and layer.
    place: tuple[str, ...] = ()
    created_at: float
    scenario: Scenario
    words: Words
    clock: AnyClock = attrs.field(repr=False)
    queue: float
    duration: float
    outcome: str
    #: What was charged up front.
    cost: Decimal
    key: str | None = None

    steps: tuple[str, ...] | None = None
    reads: int = 0
    #: A job that is continued or revived runs another leg.
    leg: int = 1
    leg_started_at: float = 0.0
    #: The word that somebody put an end with: stopped, canceled, expired.
    forced: str | None = None
    #: The word it ended with, and when; None while it is alive.
    final_word: str | None = None
    finished_at: float | None = None
    #: Whether the books know of that end.
    settled: bool = False
    #: For faults that are tied to this job.
    fault_seen: int = 0
    fault_used: bool = False

    @property
    def status(self) -> str:
        """The vendor's word now; looking here is not a read."""
        if self.forced is not None:
            return self.forced
        if self.steps is not None:
            return self.steps[min(self.reads, len(self.steps)) - 1] if self.reads else self.words.first
        age = self.clock.time() - self.leg_started_at + BLINK
        if age < self.queue:
            return self.words.queued
        return self.words.running if age < self.queue + self.duration else self.outcome

    def read(self) -> str:
        """Return the vendor's word to somebody who asked over the wire."""
        if self.forced is None and self.steps is not None:
            self.reads += 1
        return self.status

    @property
    def ends_at(self) -> float:
        """When the clock ends this leg."""
        return self.leg_started_at + self.queue + self.duration

    def begin_leg(self, now: float) -> None:
        """Start again: a stopped job was continued, a failed one revived."""
        self.leg += 1
        self.leg_started_at = now
        self.forced = self.final_word = self.finished_at = None
        self.settled = False
        if self.steps is not None:
            # The words go on where they were, after the end that was just undone.
            self.steps = self.steps[self.reads :] or (self.words.running, self.words.done)
            self.reads = 0


#: Seconds that a job of each kind takes, in the middle.
MEDIANS: Mapping[str, float] = {"captions": 4, "image": 12, "video": 60, "text": 5, "speech": 8}


def lifetime(kind: str, rng: random.Random, speed: float) -> tuple[float, float]:
    """Draw how long a job queues and works: a lognormal around its kind's median."""
    median = MEDIANS.get(kind, MEDIANS["text"])
    drawn = median * rng.lognormvariate(0, 0.35) / speed
    return drawn * 0.1, drawn * 0.9
