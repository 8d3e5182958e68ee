"""The parts of gen.pro's answers that genhub reads.

Ids are integers in [seed] and strings in [W:openapi]: texts here (trap 2). Costs are numbers, decimal strings or
null: `Decimal | None`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from attrs import field, frozen

from genhub import JobError, Output, Ref, Snapshot, Status
from genhub.http import Answer, Id
from genhub_genpro._tables import OUTPUTS, STATUSES

#: The vendor is younger than this.
FIRST_YEAR = 2020


@frozen(kw_only=True)
class Triggered:
    """The answer to a trigger."""

    generation_id: Id  # called `id` when it is read (trap 3)
    status: str | None = None


@frozen(kw_only=True)
class Resource:
    """One file that a generation made."""

    id: Id | None = None
    url: str | None = None
    thumbnail_url: str | None = None
    object_type: str | None = None
    type: str | None = None

    def output(self, raw: object) -> Output:
        kind = OUTPUTS.get((self.object_type or "").lower(), "file")
        return Output(kind=kind, url=self.url, thumbnail_url=self.thumbnail_url, provider_id=self.id, raw=raw)


@frozen(kw_only=True)
class Generation:
    """A generation, read; stop and continue answer with it, or with its id and status alone (trap 5)."""

    status: str
    id: Id | None = None
    user_job_type: str | None = None  # need not be the generation_type that was sent (trap 14)
    result: Any = None
    failed_reason: str | None = None
    output_resources: tuple[Resource, ...] | None = None
    execution_cost: Decimal | None = None

    def outputs(self, data: Mapping[str, Any]) -> tuple[Output, ...]:
        """Return the text, if there is one, and then the files: kinds may be mixed (trap 17)."""
        raw = cast("list[Any]", data.get("output_resources") or [])
        files = [each.output(item) for each, item in zip(self.output_resources or (), raw, strict=True)]
        result: Any = self.result
        if result in (None, "", {}, []):
            return tuple(files)
        if isinstance(result, str):
            return (Output(kind="text", text=result), *files)
        # An object is what captions give; what is neither is not thrown away (trap 15).
        parts = cast("dict[str, Any]", result) if isinstance(result, dict) else {"result": result}
        return (Output(kind="text", fields=parts), *files)


def snapshot(ref: Ref, answer: Answer) -> Snapshot:
    """Read what a poll, a stop or a continue answered."""
    read = answer.into(Generation)
    status = STATUSES[read.status]
    error = None
    if status is Status.FAILED:
        error = JobError(kind="vendor", message=read.failed_reason or "the vendor gave no reason")
    return Snapshot(
        ref=ref,
        status=status,
        raw_status=read.status,
        # What it shows of a job that is not completed is not documented (section 5).
        cost=read.execution_cost if status is Status.SUCCEEDED else None,
        outputs=read.outputs(answer.data),
        error=error,
        request_id=answer.request_id,
        complete=read.id is not None,  # the short form of stop and continue has `generation_id` alone (trap 5)
    )


@frozen(kw_only=True)
class UserJob:
    """One line of the history of a cell or layer: a generation."""

    id: Id
    status: str | None = None
    user_job_type: str | None = None
    created_at: datetime | None = None
    created_at_ts: Decimal | None = None  # Unix milliseconds

    @property
    def created(self) -> datetime | None:
        """When it was made; a time in another unit than documented is none, for it would rule out our own job."""
        when = self.created_at
        if when is None and self.created_at_ts is not None:
            try:
                when = datetime.fromtimestamp(float(self.created_at_ts) / 1000, UTC)
            except (OverflowError, OSError, ValueError):
                return None
        return when if when is not None and when.year >= FIRST_YEAR else None


@frozen(kw_only=True)
class History:
    """The generations of a place; the only documented way to list them (section 4)."""

    user_jobs: tuple[UserJob, ...] | None = None


@frozen(kw_only=True)
class Layer(History):
    """A layer of a cell."""

    id: Id
    name: str | None = None
    position: int | None = None
    type: str | None = None
    additional_attributes: Mapping[str, Any] | None = None
    execution_cost: Decimal | None = None


@frozen(kw_only=True)
class Cell(History):
    """A cell of a sheet: what it holds, its layers, and the history of its generations."""

    id: Id
    value: Any = None
    cell_role: str | None = None
    additional_attributes: Mapping[str, Any] | None = None
    video_layers: tuple[Layer, ...] | None = None
    execution_cost: Decimal | None = None


@frozen(kw_only=True)
class Sheet:
    """A sheet (the vendor also says engine); `raw` is all of it, with columns, rows, cells and layers."""

    id: Id
    title: str | None = None
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)


@frozen(kw_only=True)
class Organization:
    """Who pays. Only the `generic` credits pay for generations, `aura` ones don't (trap 18)."""

    id: Id
    name: str | None = None
    credit: Decimal | None = None
    available_credit: Mapping[str, Any] | None = None


@frozen(kw_only=True)
class Agent:
    """The part of an agent that says who pays for it."""

    organization_id: Id
