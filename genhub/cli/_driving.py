"""Hubs for commands: one that drives the journal, one that only reads it; and jobs by the beginning of their id."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from genhub._errors import ConfigError
from genhub._hub import Hub
from genhub._jobs import Job
from genhub.cli._session import Session

#: So many are shown of those that an id may mean.
SHOWN = 5


@asynccontextmanager
async def driving(session: Session) -> AsyncGenerator[Hub]:
    """Open the hub of the configuration."""
    config = session.settings()
    url, price = session.journal_url(config), config.read_price
    async with Hub(config.accounts, routes=config.routes, journal=url, read_price=price) as hub:
        yield hub


@asynccontextmanager
async def reading(session: Session) -> AsyncGenerator[Hub]:
    """Open the journal beside whoever drives it: no account, and so no secret, is needed."""
    url = session.journal_url()
    if (path := _missing(url)) is not None:
        remedy = "The first job makes one; --journal names another"
        raise ConfigError(f"there is no journal at {path} yet", remedy=remedy)
    async with Hub({}, journal=url, read_only=True) as hub:
        yield hub


@asynccontextmanager
async def knowing(session: Session) -> AsyncGenerator[Hub]:
    """Open a hub that writes nothing and knows of its accounts what the journal has; it need not be there yet."""
    config = session.settings()
    url = session.journal_url(config)
    if not is_there(url):
        yield Hub(config.accounts, routes=config.routes)  # it is not opened: there is nothing to read
        return
    async with Hub(config.accounts, routes=config.routes, journal=url, read_only=True) as hub:
        yield hub


def is_there(url: str) -> bool:
    """True when there is a journal to read."""
    return not url.startswith("memory:") and _missing(url) is None


def _missing(url: str) -> str | None:
    """Return the path of a journal's file that is not there."""
    path = url.removeprefix("sqlite:///")
    return path if path != url and not Path(path).exists() else None


async def job_of(hub: Hub, asked: str) -> Job:
    """Return the job whose id this is, or begins with this. Raises ConfigError."""
    found = await hub.store.job(asked)
    if found is not None:
        return found
    fits = [job async for job in hub.jobs(newest_first=True) if asked and job.id.startswith(asked)]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        remedy = "genhub jobs shows those there are"
        raise ConfigError(f"the journal {hub.store.name} has no job {asked!r}", remedy=remedy)
    some = ", ".join(job.id for job in fits[:SHOWN]) + (", …" if len(fits) > SHOWN else "")
    raise ConfigError(f"{asked!r} may be {len(fits)} jobs", remedy=f"Say more of it: {some}")


async def jobs_of(hub: Hub, asked: Collection[str]) -> list[Job]:
    return [await job_of(hub, each) for each in asked]
