"""`genhub text|image|video|speech PROMPT`: one request, to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import click

from genhub._errors import ConfigError, JobFailed
from genhub._handle import Handle
from genhub._hub import Hub
from genhub._itinerary import Portability
from genhub._jobs import Job
from genhub._plain import to_dict
from genhub._requests import REQUESTS, Request
from genhub._status import Status
from genhub.cli._follow import within
from genhub.cli._loop import run
from genhub.cli._request import request_of, request_options, spoken
from genhub.cli._session import Session, as_url, options, pass_session
from genhub.cli._show import outputs_of, summary
from genhub.cli._types import DURATION


def _command(kind: str) -> click.Command:
    article = "an" if kind == "image" else "a"
    words = spoken(kind)

    @click.command(kind, help=f"Make {article} {kind} and wait for it.")
    @click.argument(words, metavar=words.upper(), required=False)
    @click.option("--to", metavar="ACCOUNT", help="Which account is to do it.")
    @request_options([kind])
    @click.option("--adjust", is_flag=True, help="Allow changes that the vendor needs; each is named.")
    @click.option("--key", help="Your own key: the same key is the same job, and is bought once.")
    @click.option("--timeout", type=DURATION, help="Stop waiting after so long; the job goes on.")
    @click.option("--no-wait", is_flag=True, help="End once the vendor has it.")
    @click.option("--sim", is_flag=True, help="Use the simulators of genhub: no key, no network, no costs.")
    @click.option("--sim-speed", type=float, default=10.0, show_default=True, help="How fast the simulators work.")
    @options
    @pass_session
    def command(session: Session, /, **given: Any) -> None:
        how = {name: given.pop(name) for name in ("to", "adjust", "key", "timeout", "no_wait", "sim", "sim_speed")}
        if how["sim"] and how["no_wait"]:
            raise click.UsageError("--no-wait and --sim: the simulators end with this command")
        request = request_of(kind, given.pop(words), given)
        doing = _Doing(session, request, how)
        run(doing.work(), session.out, goes_on=doing.goes_on)

    return command


class _Doing:
    """One request on its way."""

    def __init__(self, session: Session, request: Request, how: dict[str, Any]) -> None:
        self.session, self.request, self.how = session, request, how
        self.handle: Handle | None = None
        self.sending = False

    def goes_on(self) -> str:
        if self.how["sim"]:
            return "interrupted; the simulators are gone, and the job with them"
        if self.handle is not None and not self.handle.status.is_final:
            return f"interrupted; {self.handle.id} goes on: genhub watch {self.handle.id}"
        if self.sending:
            return "interrupted while it was being sent; what became of it is in the journal: genhub jobs"
        return "interrupted; nothing was sent"

    async def work(self) -> None:
        out, how = self.session.out, self.how
        async with _hub(self.session, sim=how["sim"], speed=how["sim_speed"]) as hub:
            await self._before(hub)
            self.sending = True
            portability: Portability = "adjust" if how["adjust"] else "strict"
            self.handle = await hub.submit(self.request, to=how["to"], key=how["key"], portability=portability)
            if not how["no_wait"]:
                await self._wait(self.handle)
            job = self.handle.job
        if not how["no_wait"] and job.status is not Status.SUCCEEDED and not out.json:
            outputs_of(out, job)  # what there is of it
            summary(out, job)
        if not how["no_wait"] and job.status is not Status.SUCCEEDED:
            why = f": {job.error.message}" if job.error is not None else ""
            raise JobFailed(f"{job.id} at {job.account} is {job.status}{why}", job)
        if out.json:
            out.data(to_dict(job))
        elif how["no_wait"]:
            out.line(f"{job.id} is {job.status} at {job.account}: genhub watch {job.id}")
        else:
            outputs_of(out, job)
            summary(out, job)

    async def _before(self, hub: Hub) -> None:
        """Hold the request against its account before anything is written."""
        names = hub.accounts()
        if self.how["to"] is None and len(names) != 1:
            raise ConfigError("which account is to do it is not said", remedy=f"Add --to, one of {', '.join(names)}")
        if self.how["to"] is not None:
            hub.account(self.how["to"])

    async def _wait(self, handle: Handle) -> None:
        out = self.session.out
        if not out.aside.is_terminal or out.json:
            await handle.wait(self.how["timeout"])
            return
        with out.aside.status(_doing(handle.job)) as status:

            async def follow() -> None:
                async for job in handle.updates():
                    status.update(_doing(job))

            await within(follow(), handle, self.how["timeout"])


def _doing(job: Job) -> str:
    return f"{job.status} at {job.account} ({job.id})"


@asynccontextmanager
async def _hub(session: Session, *, sim: bool, speed: float) -> AsyncGenerator[Hub]:
    """Open a hub on the configuration, or on simulators whose jobs nobody needs afterwards."""
    if not sim:
        config = session.settings()
        async with Hub(config.accounts, journal=session.journal_url(config)) as hub:
            yield hub
        return
    from genhub.cli._embedded import embedded

    journal = as_url(session.journal or "memory:")
    async with embedded(session.file(), speed) as served, Hub(served.accounts, journal=journal) as hub:
        yield hub


text, image, video, speech = (_command(kind) for kind in REQUESTS)
