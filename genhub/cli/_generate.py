"""`genhub text|image|video|speech PROMPT`: one request, to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import click

from genhub._errors import GenhubError, JobFailed
from genhub._events import Listener
from genhub._handle import Handle
from genhub._hub import Hub
from genhub._jobs import Job
from genhub._plain import to_dict
from genhub._requests import REQUESTS, Request
from genhub._status import Status
from genhub.cli._loop import run
from genhub.cli._request import request_of, request_options, spoken
from genhub.cli._session import Session, as_url, options, pass_session
from genhub.cli._show import outputs_of, summary, when
from genhub.cli._target import TO, check
from genhub.cli._types import DURATION
from genhub.cli._waiting import Waiting
from genhub.routing import all_failed

#: What is said of the call, beside the request's own fields.
HOW = ("to", "adjust", "max_spend", "allow_unpriced", "reuse", "key", "timeout", "no_wait", "sim", "sim_speed")


def _command(kind: str) -> click.Command:
    article = "an" if kind == "image" else "a"
    words = spoken(kind)

    @click.command(kind, help=f"Make {article} {kind} and wait for it.")
    @click.argument(words, metavar=words.upper(), required=False)
    @click.option("--to", type=TO, help="Who is to do it: an account, a route, or accounts in their order.")
    @request_options([kind])
    @click.option("--adjust", is_flag=True, help="Allow changes that a vendor needs, whatever the route says.")
    @click.option("--max-spend", metavar="AMOUNT", help="The most that all attempts may cost: 20 credits, or '2 USD'.")
    @click.option("--allow-unpriced", is_flag=True, help="With --max-spend: also what nobody can estimate.")
    @click.option("--reuse", type=DURATION, help="Take the job of an equal request of so long ago: 1h.")
    @click.option("--key", help="Your own key: the same key is the same job, and is bought once.")
    @click.option("--timeout", type=DURATION, help="Stop waiting after so long; the job goes on.")
    @click.option("--no-wait", is_flag=True, help="End once the vendor has it.")
    @click.option("--sim", is_flag=True, help="Use the simulators of genhub: no key, no network, no costs.")
    @click.option("--sim-speed", type=float, default=10.0, show_default=True, help="How fast the simulators work.")
    @options
    @pass_session
    def command(session: Session, /, **given: Any) -> None:
        how = {name: given.pop(name) for name in HOW}
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
        waiting = Waiting(out)
        async with _hub(self.session, waiting, sim=how["sim"], speed=how["sim_speed"]) as hub:
            check(hub, how["to"])
            self.sending = True
            with waiting.shown():
                self.handle = handle = await self._submit(hub)
                waiting.show(handle.job)
                if not how["no_wait"]:
                    await handle.wait(how["timeout"])
            job = handle.job
        failed = not how["no_wait"] and job.status is not Status.SUCCEEDED
        if failed and out.json:
            raise _failure(job)
        if out.json:
            out.data({**to_dict(job), **({"reused": True} if handle.reused else {})})
        elif how["no_wait"]:
            out.line(f"{job.id} is {job.status} at {job.account}: genhub watch {job.id}")
        else:
            outputs_of(out, job)  # of one that failed, what there is
            summary(out, job)
        if failed:
            raise _failure(job)

    async def _submit(self, hub: Hub) -> Handle:
        how = self.how
        handle = await hub.submit(
            self.request,
            to=how["to"],
            key=how["key"],
            portability="adjust" if how["adjust"] else None,
            max_spend=how["max_spend"],
            allow_unpriced=True if how["allow_unpriced"] else None,
            reuse=how["reuse"],
        )
        if handle.reused and not self.session.out.json:
            made = when(handle.job.created_at)
            self.session.out.say(f"this is the job of an equal request of {made}: nothing is bought for it")
        return handle


def _failure(job: Job) -> GenhubError:
    """Return why it did not succeed: what each account of its route said, where it has one."""
    if job.route is not None and job.status is not Status.STOPPED:
        return all_failed(job)
    why = f": {job.error.message}" if job.error is not None else ""
    return JobFailed(f"{job.id} at {job.account} is {job.status}{why}", job)


@asynccontextmanager
async def _hub(session: Session, listener: Listener, *, sim: bool, speed: float) -> AsyncGenerator[Hub]:
    """Open a hub on the configuration, or on simulators whose jobs nobody needs afterwards."""
    if not sim:
        config = session.settings()
        journal = session.journal_url(config)
        async with Hub(
            config.accounts, routes=config.routes, journal=journal, on_event=listener, read_price=config.read_price
        ) as hub:
            yield hub
        return
    from genhub.cli._embedded import embedded

    async with embedded(session.file(), speed) as served:
        journal = as_url(session.journal or "memory:")
        async with Hub(served.accounts, routes=served.routes, journal=journal, on_event=listener) as hub:
            yield hub


text, image, video, speech = (_command(kind) for kind in REQUESTS)
