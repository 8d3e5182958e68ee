"""`genhub stop`, `resume`, `settle` and `recover`: what people do to jobs that are there."""

from __future__ import annotations

import click

from genhub._jobs import Job, StopVerdict
from genhub._plain import to_dict
from genhub._recover import Recovery
from genhub.cli import _exits as exits
from genhub.cli._driving import driving, job_of
from genhub.cli._loop import run
from genhub.cli._session import Session, options, pass_session
from genhub.cli._show import summary


@click.command()
@click.argument("job")
@click.option("--only-if-free", is_flag=True, help="Send nothing where the vendor does not promise all of it back.")
@options
@pass_session
def stop(session: Session, job: str, only_if_free: bool) -> None:
    """Ask the vendor to stop a job; says what that costs."""

    async def work() -> StopVerdict:
        async with driving(session) as hub:
            return await hub.stop((await job_of(hub, job)).id, only_if_free=only_if_free)

    verdict = run(work(), session.out)
    if session.out.json:
        session.out.data({"money": str(verdict.money), "why": verdict.why, "job": to_dict(verdict.job)})
        return
    summary(session.out, verdict.job)
    session.out.line(f"money: {verdict.money} ({verdict.why})")


@click.command()
@click.argument("job")
@options
@pass_session
def resume(session: Session, job: str) -> None:
    """Let a stopped job go on; it is charged again."""

    async def work() -> Job:
        async with driving(session) as hub:
            return await (await hub.get((await job_of(hub, job)).id)).resume()

    _told(session, run(work(), session.out))


@click.command()
@click.argument("job")
@click.option("--adopt", metavar="ID", help="The vendor has it, under this id.")
@click.option("--not-submitted", is_flag=True, help="The vendor never had it.")
@click.option("--attempt", type=int, metavar="N", help="Which attempt is meant, where several are in doubt.")
@options
@pass_session
def settle(session: Session, job: str, adopt: str | None, not_submitted: bool, attempt: int | None) -> None:
    """Settle a job in doubt: say what the vendor's own pages say about it."""
    if (adopt is None) is not not_submitted:
        raise click.UsageError("say one of --adopt ID and --not-submitted")

    async def work() -> Job:
        async with driving(session) as hub:
            found = await job_of(hub, job)
            return await hub.settle(found.id, adopt=adopt, not_submitted=not_submitted, attempt=attempt)

    _told(session, run(work(), session.out))


def _told(session: Session, job: Job) -> None:
    if session.out.json:
        session.out.data(to_dict(job))
        return
    summary(session.out, job)
    if not job.status.is_final:
        session.out.line(f"it goes on: genhub watch {job.id}")


@click.command()
@options
@pass_session
def recover(session: Session) -> int:
    """Look at what an interrupted process left: read open jobs, look at doubts. Nothing is sent twice."""

    async def work() -> Recovery:
        async with driving(session) as hub:
            return await hub.recover()

    found = run(work(), session.out)
    parts = {
        "polling": (found.polling, "open: genhub watch reads them to their end"),
        "settled": (found.settled, "settled: they were in doubt, and are not any more"),
        "in_doubt": (found.in_doubt, "in doubt: genhub watch looks on, genhub settle JOB ends it"),
        "routed": (found.routed, "between two attempts: genhub watch goes on along their routes"),
        "foreign": (found.foreign, "at accounts that are not configured here"),
    }
    if session.out.json:
        session.out.data({name: [to_dict(job) for job in jobs] for name, (jobs, _) in parts.items()})
    else:
        for jobs, about in parts.values():
            if jobs:
                session.out.line(f"{len(jobs)} {about}")
                for job in jobs:
                    summary(session.out, job)
                    if job.status.in_doubt:
                        session.out.line(f"  sent {job.attempt.created_at:%Y-%m-%d %H:%M:%S}: {job.request.asked()}")
                        for note in job.attempt.notes:
                            session.out.line(f"  {note.text}")
        if not any(jobs for jobs, _ in parts.values()):
            session.out.line("nothing was left open")
    return exits.DOUBT if found.in_doubt else exits.DONE
