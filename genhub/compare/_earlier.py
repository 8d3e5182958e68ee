"""What earlier processes sent of a suite: it counts, and what nobody watched meanwhile is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from genhub._clock import Clock, moment
from genhub._hub import Hub
from genhub._jobs import Job
from genhub.compare._observe import Gap, last_sign
from genhub.compare._progress import Progress
from genhub.routing import nothing_bought


async def find(hub: Hub, lines: Iterable[Progress]) -> list[Job]:
    """Give each line the job that the journal has for it; what was only refused is sent again."""
    jobs: list[Job] = []
    for each in lines:
        job = await hub.store.keyed(each.trial.key)
        if job is not None and not nothing_bought(job):
            each.job, each.earlier, each.word = job, True, str(job.status)
            jobs.append(job)
    return jobs


async def gaps_of(hub: Hub, name: str, jobs: Iterable[Job], clock: Clock, *, restarted: bool) -> Mapping[str, Gap]:
    """Return when nobody looked at jobs, by their id: those that are open now, and those of earlier calls.

    Whoever drove them was there when any of them was last written. `restarted`: their vendors are simulators, which
    began them again. To be called before anything is read: what has ended by then ended unseen.
    """
    several = [*jobs]
    known: dict[str, list[str]] = await hub.store.get(name) or {}
    last, now = last_sign(several), moment(clock)
    if last is not None:
        new = {job.id: [last.isoformat(), now.isoformat()] for job in several if not job.is_over}
        if new.keys() - known.keys():
            known = {**new, **known}
            await hub.store.put(name, known)
    return {job_id: _gap(said, restarted=restarted) for job_id, said in known.items()}


def _gap(said: list[str], *, restarted: bool) -> Gap:
    since, until = map(datetime.fromisoformat, said)
    return Gap(since=since, until=None if restarted else until)
