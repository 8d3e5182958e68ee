"""After a crash: every open job of the journal is taken in hand again."""

from __future__ import annotations

import logging

from attrs import frozen

from genhub._desk import Desk
from genhub._jobs import Job

log = logging.getLogger("genhub.recover")


@frozen(kw_only=True)
class Recovery:
    """What `recover` found in the journal."""

    polling: tuple[Job, ...] = ()  #: accepted jobs that are read again
    settled: tuple[Job, ...] = ()  #: were in doubt, and are not any more
    in_doubt: tuple[Job, ...] = ()  #: still in doubt
    foreign: tuple[Job, ...] = ()  #: at accounts that this hub does not have


async def recover(desk: Desk) -> Recovery:
    """See `Hub.recover`."""
    desk.must_write()
    polling: list[Job] = []
    doubted: list[Job] = []
    settled: list[Job] = []
    foreign: list[Job] = []
    # All of them are in hand before the first doubt is looked into: each is a rival of the others.
    for live in [desk.registry.hold(job) async for job in desk.store.unfinished()]:
        job = live.job
        if live.sending is not None:
            continue
        if job.account not in desk.accounts:
            foreign.append(job)
            desk.registry.forget(live)
        elif job.status.in_doubt:
            await desk.doubt(live)
            try:
                await desk.driver.read(live)
            except Exception as error:
                log.warning("a look at the doubt of %s failed: %s", job.id, error)
            (doubted if live.job.status.in_doubt else settled).append(live.job)
            desk.track(live)
        else:
            polling.append(live.job)
            desk.track(live, soon=True)
    return Recovery(polling=tuple(polling), settled=tuple(settled), in_doubt=tuple(doubted), foreign=tuple(foreign))
