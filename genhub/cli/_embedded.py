"""The simulators inside the command: `--sim`. Nothing of it reaches a vendor, and no secret leaves its variable."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from attrs import define, evolve

from genhub._account import Account
from genhub._campaign import Row
from genhub._config import Source, account
from genhub._config import route as route_of
from genhub._errors import GenhubError
from genhub._hub import Hub
from genhub._jobs import Attempt, Job, Output
from genhub._status import Status
from genhub.cli._tables import accounts_in, routes_in, tables_of
from genhub.routing import Route

if TYPE_CHECKING:
    from genhub.sim import Simulator, Simulators
    from genhub.sim._clock import AnyClock

log = logging.getLogger("genhub.cli")

#: What every simulated account is set to: they answer at once, and so are asked often.
EAGER = {"poll_every": 0.2, "doubt_grace": 3.0}


class _Dummies(Mapping[str, str]):
    """Stands in for the environment: every variable is set, none to what it really holds."""

    def __getitem__(self, name: str) -> str:
        return "simulated"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@define
class Embedded:
    """Simulators that run in this process, the accounts that they serve, and the routes over these."""

    sims: Simulators
    accounts: Mapping[str, Account]
    routes: Mapping[str, Route]

    def register(self, row: Row) -> None:
        """Tell the row's simulator what to do with it: the one of the first account that its route names."""
        from genhub.sim import Scenario

        sim = self._of(self._first(row))
        if row.sim and sim is not None:
            sim.script(Scenario.from_dict({"match": self._as_sent(row), "times": 1, **row.sim}))

    def here(self, job: Job) -> Job:
        """Return a job with its files at the simulators of this run: they make them from their names alone."""
        return evolve(job, attempts=tuple(map(self._here, job.attempts)))

    def _here(self, attempt: Attempt) -> Attempt:
        sim = self._of(attempt.account)
        return attempt if sim is None else evolve(attempt, outputs=tuple(_moved(each, sim) for each in attempt.outputs))

    async def bring_back(self, hub: Hub, rows: Mapping[str, Row]) -> int:
        """Let the simulators have the open jobs of an earlier run again, whose simulators ended with it.

        `rows` by the hub's key. Returns how many; books and creations of the simulators begin anew.
        """
        jobs = [job async for job in hub.jobs()]
        ids = [int(found) for job in jobs for each in job.attempts if (found := each.provider_id or "").isdecimal()]
        for name in self.sims:
            for _ in range(max(ids, default=0)):  # numbers are not given twice
                self.sims[name].new_number()
        count = 0
        for job in jobs:
            row = rows.get(job.key or "")
            stopped = job.status is Status.STOPPED and row is not None and row.resume_after is not None
            for attempt in job.attempts:
                sim, again = self._of(attempt.account), stopped and attempt is job.attempt
                if sim is not None and not attempt.status.in_doubt and (again or attempt.is_open):
                    count += await self._begin_again(hub, attempt, sim, row)
        return count

    async def _begin_again(self, hub: Hub, attempt: Attempt, sim: Simulator, row: Row | None) -> bool:
        bound = hub.account(attempt.account)
        intent = await hub.store.intent(attempt.id)
        if intent is None or attempt.ref is None:
            return False
        if row is not None and "fault" not in row.sim and self._first(row) == attempt.account:
            self.register(row)
        try:
            receipt = await bound.provider.submit(bound.http, intent.call)
        except GenhubError as error:
            log.warning("the simulators do not take %s back: %s", attempt.id, error)
            return False
        made = sim.jobs.pop(receipt.ref.id)
        made.id = attempt.ref.id
        sim.jobs[made.id] = made
        if attempt.status is Status.STOPPED:
            sim.force(made, "stopped")
        return True

    def _first(self, row: Row) -> str | None:
        if isinstance(row.to, str) and row.to in self.routes:
            return self.routes[row.to].names[0]
        return next(iter(row.names), None)

    def _as_sent(self, row: Row) -> str | None:
        """Return the row's words as its body has them: whole, unless a change may add to them."""
        route = self.routes.get(row.to) if isinstance(row.to, str) else None
        portability = row.portability or (None if route is None else route.portability)
        if row.words is None or portability == "adjust":
            return row.words
        return orjson.dumps(row.words).decode()

    def _of(self, name: str | None) -> Simulator | None:
        found = self.accounts.get(name or "")
        return None if found is None else self.sims[found.provider.name]


@asynccontextmanager
async def embedded(
    file: tuple[Mapping[str, Any], Source] | None, speed: float, clock: AnyClock | None = None
) -> AsyncGenerator[Embedded]:
    """Run the simulators, with an account for each; accounts and routes of the file are served by them too."""
    from genhub.sim import Simulators

    # Other ids in every run: what an earlier one bought is not mixed up with what this one buys.
    async with Simulators(speed=speed, seed=secrets.randbits(32), clock=clock) as sims:
        for name in sims:
            sims[name].accept()
        tables: dict[str, Any] = {name: dict(sims[name].settings()) for name in sims}
        source = file[1] if file is not None else Source()
        theirs = tables_of(file[0].get("accounts") if file is not None else None)
        for name, table in theirs.items():
            if table.get("provider") in sims:
                tables[name] = _served(table, sims[table["provider"]].settings())
        accounts = {
            name: account(name, {**table, **EAGER}, _Dummies(), source if name in theirs else Source())
            for name, table in tables.items()
        }
        routes: dict[str, Route] = {}
        for name, given in routes_in(file[0] if file is not None else {}).items():
            if missing := [each for each in accounts_in(given) if each in theirs and each not in accounts]:
                log.warning("the route %s is left out: there is no simulator for %s", name, ", ".join(missing))
            else:
                routes[name] = route_of(name, given, accounts, source)
        yield Embedded(sims=sims, accounts=accounts, routes=routes)


def _served(table: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account's table with the simulator's address, and its credentials for those in variables."""
    hidden = {name for name, value in table.items() if isinstance(value, str) and value.startswith("$")}
    return {
        **settings,
        **table,
        **{name: settings[name] for name in hidden if name in settings},
        "base_url": settings["base_url"],
    }


def _moved(output: Output, sim: Simulator) -> Output:
    def move(url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url is None or not parts.path.startswith("/_media/"):
            return url
        return urlunsplit(parts._replace(scheme="http", netloc=f"{sim.host}:{sim.port}"))

    return evolve(output, url=move(output.url), thumbnail_url=move(output.thumbnail_url))
