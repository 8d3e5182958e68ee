"""After a crash: every open job of the journal is taken in hand again."""

from __future__ import annotations

import logging

from attrs import frozen

from genhub._desk import Desk
from genhub._errors import GenhubError, JournalError
from genhub._jobs import Attempt, Job
from genhub._plain import from_dict

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
    await _read_spill(desk)
    polling: list[Job] = []
    doubted: list[Job] = []
    settled: list[Job] = []
    foreign: list[Job] = []
    async for job in desk.store.unfinished():
        live = desk.registry.hold(job)
        if live.sending is not None:
            continue
        if job.account not in desk.accounts:
            foreign.append(job)
            desk.registry.forget(live)
        elif job.status.in_doubt:
            await desk.doubt(live)
            try:
                await desk.driver.read(live)
            except GenhubError as error:
                log.warning("a look at the doubt of %s failed: %s", job.id, error)
            (doubted if live.job.status.in_doubt else settled).append(live.job)
            desk.track(live)
        else:
            polling.append(live.job)
            desk.track(live, soon=True)
    return Recovery(polling=tuple(polling), settled=tuple(settled), in_doubt=tuple(doubted), foreign=tuple(foreign))


async def _read_spill(desk: Desk) -> None:
    """Write the outcomes that an earlier process could not write, where the journal knows less."""
    spill = desk.store.spill
    if spill is None:
        return
    lines = spill.read()
    for line in lines:
        spilled = from_dict(Attempt, line)
        job = await desk.store.job(spilled.job_id)
        if job is None or spilled.number > len(job.attempts):
            raise JournalError(f"the spill file of {desk.store.name} knows {spilled.id}, which the journal lacks")
        if job.attempts[spilled.number - 1].status.in_doubt:
            await desk.store.record(spilled)
    if lines:
        spill.clear()
