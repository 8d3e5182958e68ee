"""`genhub jobs` and `genhub show`: the journal, read beside whoever drives it."""

from __future__ import annotations

from datetime import datetime

import click

from genhub._campaign import words
from genhub._jobs import Job
from genhub._plain import to_dict
from genhub._status import Status
from genhub.cli._driving import job_of, reading
from genhub.cli._loop import run
from genhub.cli._out import status_text
from genhub.cli._session import Session, options, pass_session
from genhub.cli._show import when, whole
from genhub.cli._types import PAIR, SINCE


@click.command()
@click.option("--status", multiple=True, type=click.Choice([str(each) for each in Status]), help="Only these.")
@click.option("--account", help="Only those that an attempt was made for at this account.")
@click.option("--route", help="Only those on this route.")
@click.option("--since", type=SINCE, help="2026-11-23, or 7d: made since then.")
@click.option("--label", help="Only with this label.")
@click.option("--tag", type=PAIR, help="Only with this tag: team=growth.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@options
@pass_session
def jobs(
    session: Session,
    status: tuple[str, ...],
    account: str | None,
    route: str | None,
    since: datetime | None,
    label: str | None,
    tag: tuple[str, str] | None,
    limit: int,
) -> None:
    """List the journal's jobs, newest first."""

    async def work() -> list[Job]:
        async with reading(session) as hub:
            found = hub.jobs(
                status=status or None,
                account=account,
                route=route,
                since=since,
                label=label,
                tag=tag,
                newest_first=True,
                limit=limit,
            )
            return [job async for job in found]

    found = run(work(), session.out)
    out = session.out
    if out.json:
        out.data({"jobs": [to_dict(job) for job in found]})
        return
    if not found:
        out.say("no job fits")
        return
    routed = any(job.route is not None for job in found)
    heads = ("job", "request", "account", *(["route"] if routed else []), "status", "made", "credits", "", "outputs")
    out.table(heads, [_line(job, routed=routed) for job in found], right=("credits", "outputs"))
    if len(found) == limit:
        out.say(f"the newest {limit}; --limit shows more")


def _line(job: Job, *, routed: bool) -> list[object]:
    said = getattr(job.request, "prompt", None) or getattr(job.request, "script", None) or ""
    about = job.request.label or (said if len(said) <= 40 else f"{said[:39]}…")
    return [
        job.id,
        f"{job.request.kind} {about}",
        job.account,
        *([_route(job)] if routed else []),
        status_text(str(job.status)),
        when(job.created_at),
        *words.cell(job),
        len(job.outputs) or "",
    ]


def _route(job: Job) -> str:
    """Return the route that a job goes along, and which attempt the present one is, after the first."""
    if job.route is None:
        return ""
    count = f" (attempt {job.attempt.number})" if len(job.attempts) > 1 else ""
    return (job.route.route or ", ".join(job.route.accounts)) + count


@click.command()
@click.argument("job")
@options
@pass_session
def show(session: Session, job: str) -> None:
    """Show all that is known of a job. The beginning of its id is enough."""

    async def work() -> Job:
        async with reading(session) as hub:
            return await job_of(hub, job)

    found = run(work(), session.out)
    if session.out.json:
        session.out.data(to_dict(found))
    else:
        whole(session.out, found)
