"""What was made, and why it was not, from a job as PowerPost shows it."""

from __future__ import annotations

from typing import Any, Literal

from genhub import JobError, Output, Ref, Snapshot, Status
from genhub.http import Answer

from ._tables import STATUSES
from ._wire import Job, Picture, part, several, table, words


def snapshot(answer: Answer, job: Job, ref: Ref) -> Snapshot:
    """Return what a read of one job says."""
    status = STATUSES[job.status]
    return Snapshot(
        ref=ref,
        status=status,
        raw_status=job.status,
        # Before the end it repeats the charge of the submit, which is in the books already. At the end it is the cost:
        # 0 for captions that failed, and possibly less than the charge for those that did not (traps 2 and 3).
        cost=job.credits_used if status.is_final else None,
        outputs=_made(answer, job, ref.kind, status),
        error=_why(job, answer.request_id) if status is Status.FAILED else None,
        request_id=answer.request_id,
    )


def _made(answer: Answer, job: Job, kind: str, status: Status) -> tuple[Output, ...]:
    if kind == "image" and status.is_final:  # a failed job may hold the images that were made (trap 4)
        return tuple(_picture(answer, "image", each) for each in several(job.images))
    if status is not Status.SUCCEEDED:
        return ()
    if kind == "video":
        return () if job.video is None else (_picture(answer, "video", job.video),)
    texts = table(job.outputs)
    if texts is None:  # not documented: shown as it came
        return () if job.outputs is None else (Output(kind="text", raw=job.outputs),)
    return tuple(_caption(platform, value) for platform, value in texts.items())


def _caption(platform: str, value: Any) -> Output:
    """Return one platform's text. YouTube's is an object, the others are strings with their hashtags (trap 6)."""
    if isinstance(value, str):
        return Output(kind="text", platform=platform, text=value)
    parts = table(value)
    if parts is None:
        return Output(kind="text", platform=platform, raw=value)
    rest = {name: each for name, each in parts.items() if name not in ("title", "description")}
    return Output(
        kind="text",
        platform=platform,
        title=words(parts.get("title")),
        text=words(parts.get("description")),
        fields=rest,
        raw=value,
    )


def _picture(answer: Answer, kind: Literal["image", "video"], value: Any) -> Output:
    """Return an image or a video. Its URL is a preview that dies after seven days; the media id stays (trap 18).

    The vendor does not say from when the seven days count: no `expires_at` is made up.
    """
    found = part(answer, value, Picture)
    if found is None:
        return Output(kind=kind, raw=value)
    return Output(
        kind=kind,
        provider_id=found.media_id,
        url=found.url,
        thumbnail_url=found.thumbnail_url,
        width=found.width,
        height=found.height,
        duration=found.duration,
        raw=value,
    )


def _why(job: Job, request_id: str | None) -> JobError:
    """Read the job's own error, which stands beside its fields in a 200 (trap 12)."""
    said = table(job.error) or {}
    return JobError(
        kind="vendor",
        code=words(said.get("code")),
        message=words(said.get("message")) or words(job.error) or "failed; PowerPost gave no reason",
        request_id=request_id,
    )
