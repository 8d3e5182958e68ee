"""What an app does around one logical submit to genhub whose answer is lost, and what the vendor saw of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import field, frozen

from benchmarks._lossy import Loss, LossyServer
from benchmarks._offers import Offer
from benchmarks._report import ROOT
from genhub import Hub, Job, ProviderError, SubmissionUnknown
from genhub.sim import Simulator


@frozen(kw_only=True)
class Seen:
    """What came of one logical submit."""

    posts: int  #: read whole
    billable: int  #: jobs that the vendor made and charged
    said: str  #: what the client says of it in the end


@frozen(kw_only=True)
class Stage:
    """A vendor, the server that loses its answers, and how to reach it."""

    offer: Offer
    loss: Loss
    timeout: float | None  #: of one call, where answers never come
    clock: Any = None  #: of hub and vendor; None: real time
    hung: Callable[[], object] | None = None  #: see LossyServer
    vendors: list[Simulator] = field(factory=list[Simulator])
    fronts: list[LossyServer] = field(factory=list[LossyServer])
    stack: AsyncExitStack = field(factory=AsyncExitStack)

    async def front(self) -> LossyServer:
        """Open another vendor behind another server that loses its answers."""
        vendor = await self.stack.enter_async_context(self.offer.vendor(self.clock))
        front = await self.stack.enter_async_context(LossyServer(self.loss, vendor.origin, self.hung))
        self.vendors.append(vendor)
        self.fronts.append(front)
        return front

    async def hub(self, *names: str) -> Hub:
        """Open a hub with these accounts, each at a vendor of its own."""
        accounts = {}
        for name in names:
            front = await self.front()
            accounts[name] = self.offer.account(self.vendors[-1], front.origin, self.timeout)
        return await self.stack.enter_async_context(Hub(accounts, clock=self.clock))

    def seen(self, said: str) -> Seen:
        posts = sum(len(front.posts) for front in self.fronts)
        return Seen(posts=posts, billable=sum(len(vendor.creations) for vendor in self.vendors), said=said)


async def submit(stage: Stage) -> str:
    """Submit, and no more."""
    hub = await stage.hub("account")
    handle = await hub.submit(stage.offer.request, to="account")
    return _said(handle.job)


async def wait(stage: Stage) -> str:
    """Submit, and wait for the end, or for the word that it can't be found out."""
    hub = await stage.hub("account")
    handle = await hub.submit(stage.offer.request, to="account")
    try:
        return _said(await handle.wait(timeout=120))
    except SubmissionUnknown as error:
        return _said(error.job)


async def retry(stage: Stage) -> str:
    """Submit three times under the caller's own key, as an app does that does not trust the first answer."""
    hub = await stage.hub("account")
    handles = [await hub.submit(stage.offer.request, to="account", key="order-1") for _ in range(3)]
    return _said(handles[-1].job)


async def fallback(stage: Stage) -> str:
    """Go through a list of accounts by hand: the next one is asked when a submit says that nothing was bought."""
    hub = await stage.hub("first", "second")
    for name in hub.accounts():
        try:
            handle = await hub.submit(stage.offer.request, to=name)
        except ProviderError as error:
            if not error.fallback:
                raise
        else:
            return _said(handle.job)
    return "nobody took it"


async def kill(stage: Stage) -> str:
    """SIGKILL the process once the vendor has the whole POST; start again on the same journal and recover."""
    front = await stage.front()
    front.go.clear()
    settings = {**stage.vendors[0].settings(), "base_url": front.origin + stage.vendors[0].base_path}
    given = json.dumps({"settings": settings, "timeout": stage.timeout}).encode()
    with TemporaryDirectory() as folder:
        journal = str(Path(folder) / "genhub.db")
        doomed = await _start("submit", stage.offer.name, journal)
        assert doomed.stdin is not None
        doomed.stdin.write(given)
        doomed.stdin.close()
        ended, read = (asyncio.ensure_future(each) for each in (doomed.wait(), front.read.wait()))
        await asyncio.wait((ended, read), return_when=asyncio.FIRST_COMPLETED, timeout=60)
        if doomed.returncode is None:
            doomed.kill()
        _, errors = await doomed.communicate()
        await ended
        read.cancel()
        if doomed.returncode != -signal.SIGKILL:
            raise RuntimeError(f"the process to be killed ended by itself: {errors.decode()}")
        front.go.set()
        again = await _start("recover", stage.offer.name, journal)
        out, errors = await again.communicate(given)
    if again.returncode:
        raise RuntimeError(f"the process that recovers failed: {errors.decode()}")
    return out.decode().strip()


STORIES: dict[str, Callable[[Stage], Awaitable[str]]] = {
    "submit": submit,
    "then wait()": wait,
    "3 times by one key": retry,
    "fallback list": fallback,
    "SIGKILL, recover()": kill,
}


async def tell(story: str, stage: Stage) -> Seen:
    """Let one story happen, and return what the vendor saw."""
    async with stage.stack:
        said = await STORIES[story](stage)
        return stage.seen(said)


async def _start(verb: str, offer: str, journal: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "benchmarks._crash", verb, offer, journal)
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)


def _said(job: Job | None) -> str:
    if job is None:
        return "no job"
    return "in doubt" if job.status.in_doubt else str(job.status)
