"""After a crash: every open job of the journal is taken in hand again."""

from __future__ import annotations

import logging

from attrs import frozen

from genhub._agenda import AT_ONCE
from genhub._desk import Desk
from genhub._jobs import Job

#: Many jobs are read within so many seconds of a start, each at another moment.
SPREAD = 5.0

log = logging.getLogger("genhub.recover")


@frozen(kw_only=True)
class Recovery:
    """What `recover` found in the journal."""

    polling: tuple[Job, ...] = ()  #: accepted jobs that are read again
    settled: tuple[Job, ...] = ()  #: were in doubt, and are not any more
    in_doubt: tuple[Job, ...] = ()  #: still in doubt
    foreign: tuple[Job, ...] = ()  #: at accounts that this hub does not have
    routed: tuple[Job, ...] = ()  #: between two attempts: their routes go on


async def recover(desk: Desk) -> Recovery:
    """See `Hub.recover`."""
    desk.must_write()
    polling: list[Job] = []
    doubted: list[Job] = []
    settled: list[Job] = []
    foreign: list[Job] = []
    routed: list[Job] = []
    # All of them are in hand before the first doubt is looked into: each is a rival of the others.
    found = [desk.registry.hold(job) async for job in desk.store.unfinished()]
    within = SPREAD if len(found) > AT_ONCE else 0.0
    for live in found:
        if live.sending:
            continue
        under_way = [each.account for each in live.job.attempts if each.is_open]
        if under_way and not any(name in desk.accounts for name in under_way):
            foreign.append(live.job)
            desk.registry.forget(live)
            continue
        if not under_way:
            routed.append(live.job)
            desk.take_up(live)
            continue
        await desk.doubt(live)
        was_in_doubt = any(each.status.in_doubt for each in live.job.attempts)
        for attempt in live.job.attempts:
            if attempt.status.in_doubt and attempt.account in desk.accounts:
                try:
                    await desk.driver.read(live.pursue(attempt.number))
                except Exception as error:
                    log.warning("a look at the doubt of %s failed: %s", attempt.id, error)
        if any(each.status.in_doubt for each in live.job.attempts):
            doubted.append(live.job)
        else:
            (settled if was_in_doubt else polling).append(live.job)
        desk.track(live, within=None if was_in_doubt else within)
        desk.take_up(live)
    return Recovery(
        polling=tuple(polling),
        settled=tuple(settled),
        in_doubt=tuple(doubted),
        foreign=tuple(foreign),
        routed=tuple(routed),
    )
