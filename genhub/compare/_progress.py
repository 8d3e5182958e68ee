"""How far one run of a suite is, and the stage that a rehearsal plays on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from attrs import define, field

from genhub._hub import Hub
from genhub._jobs import Job
from genhub.compare._records import Observation, Trial


class Stage(Protocol):
    """The simulators that a rehearsal runs on."""

    @property
    def pace(self) -> float:
        """So many of the hub's seconds pass in one of the event loop's."""
        ...

    def send(self, trial: Trial) -> None:
        """Tell the simulator what is to happen to a run, before it is sent."""
        ...

    def here(self, job: Job) -> Job:
        """Return a job with its files where they can be fetched now."""
        ...

    async def bring_back(self, hub: Hub, trials: Iterable[Trial]) -> None:
        """Let simulators that are new have the open jobs of an earlier run again."""
        ...


@define(eq=False)
class Progress:
    """One trial on its way."""

    trial: Trial
    word: str = "waiting"
    job: Job | None = None
    seen: Observation | None = None  #: once it is over
    earlier: bool = False  #: an earlier process sent it
    notes: list[str] = field(factory=list[str])
