"""Suites for tests, and a hub on simulators on a loop where nobody waits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from benchmarks._virtual import LoopClock
from genhub import Account, Hub, Job
from genhub._config import account
from genhub.compare import OFTEN, Results, Suite, Trial, load_suite, run
from genhub.compare._rehearsal import Actor
from genhub.routing import Route
from genhub.sim import Scenario, Simulators

NAMES = ("powerpost", "adgen", "genpro")
TEXT = """\
name = "words"
targets = ["powerpost", "adgen", "genpro"]
repetitions = 2
seed = 7
timeout = "2m"
portability = "adjust"

[[request]]
kind = "text"
label = "Launch"
prompt = "A lantern for long evenings"
platforms = ["instagram"]

[[request]]
kind = "text"
label = "Shelf"
prompt = "One headline for a lantern"
"""


def suite_of(folder: Path, text: str = TEXT, **changes: Any) -> Suite:
    path = folder / "words.toml"
    path.write_text(text, "utf-8")
    return evolve(load_suite(path), **changes)


@define
class Stage:
    """The simulators, told by a suite's actors what to do with each trial."""

    sims: Simulators
    suite: Suite
    pace: float = 1.0

    def send(self, trial: Trial) -> None:
        actor = self.suite.actors.get(trial.target)
        if actor is not None and trial.target in self.sims:
            words = getattr(trial.request, "prompt", None)
            happens = actor.scenario(trial.key, self.suite.seed)
            self.sims[trial.target].script(Scenario.from_dict({"match": words, "times": 1, **happens}))

    def here(self, job: Job) -> Job:
        return job

    async def bring_back(self, hub: Hub, trials: Iterable[Trial]) -> None:
        """They are the same simulators, and have all jobs."""


@define
class World:
    """Simulators, and hubs at them."""

    clock: LoopClock
    sims: Simulators
    options: Mapping[str, Mapping[str, Any]] = field(factory=dict[str, Mapping[str, Any]])

    def accounts(self) -> dict[str, Account]:
        usual = {"timeout": 100, "price": "0.05 USD", "doubt_grace": 20}
        return {
            name: account(name, {**usual, **self.sims[name].settings(), **self.options.get(name, {})}, {})
            for name in NAMES
        }

    def hub(self, journal: Any = "memory:", **routes: Route) -> Hub:
        return Hub(self.accounts(), journal=journal, clock=self.clock, routes=routes, read_price=OFTEN)

    def made(self) -> dict[str, int]:
        """How many jobs each vendor made."""
        return {name: len(self.sims[name].creations) for name in NAMES}

    async def run(self, suite: Suite, folder: Path, hub: Hub, **more: Any) -> Results:
        stage = Stage(self.sims, suite) if suite.actors else None
        return await run(hub, suite, folder, clock=self.clock, stage=stage, **more)


@asynccontextmanager
async def world(**options: Mapping[str, Any]) -> AsyncGenerator[World]:
    """Open one; `options` are settings by account."""
    clock = LoopClock()
    async with Simulators(clock=clock) as sims:
        yield World(clock, sims, options)


def even(seconds: float, **more: Any) -> Actor:
    """A target that always takes as long."""
    return Actor(seconds=seconds, spread=0.0, **more)
