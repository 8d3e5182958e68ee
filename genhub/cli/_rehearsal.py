"""A comparison on the embedded simulators: faster than life, on a clock of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from attrs import define, evolve

from genhub._account import Account
from genhub._campaign import Row
from genhub._config import Source
from genhub._hub import Hub
from genhub._jobs import Job
from genhub._requests import REQUESTS
from genhub.cli._driving import is_there
from genhub.cli._embedded import Embedded, embedded
from genhub.compare._observe import last_sign
from genhub.compare._records import Trial
from genhub.compare._suite import Suite
from genhub.routing import Route
from genhub.sim import Clock

#: How long a lost submit is looked for, in seconds of the simulators' clock.
GRACE = 60.0


class Hurried(Clock):
    """A simulators' clock that a hub can live on too."""

    def monotonic(self) -> float:
        return self.time() - self._start


@define(eq=False)
class Rehearsal:
    """The simulators as the stage of a suite. They take the time that vendors take; the clock is what hurries."""

    served: Embedded
    suite: Suite
    clock: Hurried

    @property
    def pace(self) -> float:
        return self.clock.speed

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The simulated accounts, with the prices of the suite."""
        return {name: self._priced(name, account) for name, account in self.served.accounts.items()}

    @property
    def routes(self) -> Mapping[str, Route]:
        return self.served.routes

    def send(self, trial: Trial) -> None:
        self.served.register(self._row(trial))

    def here(self, job: Job) -> Job:
        return self.served.here(job)

    async def bring_back(self, hub: Hub, trials: Iterable[Trial]) -> None:
        """Let the simulators have the open jobs of an earlier run again."""
        await self.served.bring_back(hub, {trial.key: self._row(trial) for trial in trials})

    def _row(self, trial: Trial) -> Row:
        actor = self.suite.actors.get(trial.target)
        return Row(
            where=self.suite.at(trial.case),
            number=trial.position,
            request=trial.request,
            to=trial.target,
            portability=self.suite.portability,
            key=trial.key,
            sim={} if actor is None else actor.scenario(trial.key, self.suite.seed),
        )

    def _priced(self, name: str, account: Account) -> Account:
        account = evolve(account, poll_every=None, doubt_grace=GRACE)  # as often as the vendor advises
        actor = self.suite.actors.get(name)
        if actor is None:
            return account
        own = {} if actor.estimate is None else dict.fromkeys(REQUESTS, actor.estimate)
        return evolve(account, price=actor.price or account.price, estimate={**account.estimate, **own})


@asynccontextmanager
async def rehearsal(
    suite: Suite, file: tuple[Mapping[str, Any], Source] | None, speed: float, journal: str
) -> AsyncGenerator[Rehearsal]:
    """Run the simulators for a suite; time goes on where the journal's ends."""
    clock = Hurried(speed)
    latest = await _latest(journal)
    if latest is not None and latest.timestamp() > clock.time():
        clock = Hurried(speed, start=latest.timestamp())
    async with embedded(file, 1.0, clock) as served:
        yield Rehearsal(served, suite, clock)


async def _latest(journal: str) -> datetime | None:
    """Return the last time in a journal: an earlier rehearsal was ahead of the wall's clock."""
    if not is_there(journal):
        return None
    async with Hub({}, journal=journal, read_only=True) as hub:
        return last_sign([job async for job in hub.jobs()])
