"""The parts of PowerPost's answers that genhub reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast
from urllib.parse import quote

from attrs import evolve, frozen

from genhub import BadResponse, Ref
from genhub.http import Answer, Complaint, Http, Id, amount

from ._tables import IDS, READS

T = TypeVar("T")


@frozen(kw_only=True)
class Started:
    """The answer to a submit. What was bought is known by its id: nothing else is needed to keep it."""

    id: Id
    status: Any = None
    credits_used: Decimal | None = None
    remaining_credits: Decimal | None = None


@frozen(kw_only=True)
class Job:
    """One generation, of any kind."""

    status: str
    id: Id | None = None
    credits_used: Decimal | None = None
    outputs: Any = None  # captions: by platform
    images: Any = None
    video: Any = None
    error: Any = None


@frozen(kw_only=True)
class Picture:
    """An image or a video."""

    media_id: Id | None = None
    url: str | None = None
    thumbnail_url: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None


@frozen(kw_only=True)
class Listed:
    """One page of the list of caption generations."""

    data: tuple[Any, ...]
    next_cursor: str | None = None
    has_more: bool | None = None


@frozen(kw_only=True)
class Holding:
    """What the account holds."""

    balance: Decimal | None


def ref_of(kind: str, id: str) -> Ref:
    """Return what is needed to read a job again.

    The path is built from kind and id: the vendor's `status_url` is relative to its origin and repeats `/api/v1`
    (trap 8), and an id is not a path.
    """
    return Ref(id=id, kind=kind, path=f"{READS[kind]}/{quote(id, safe='')}")


def about(answer: Answer, kind: str, record: type[T]) -> T:
    """Read an answer about one job, whose id has another name for each kind (trap 17)."""
    data = table(answer.data)
    if data is not None and IDS[kind] in data:
        return evolve(answer, data={**data, "id": data[IDS[kind]]}).into(record)
    return answer.into(record)


def unread(http: Http, answer: Answer, why: str) -> BadResponse:
    """Return the error for an answer that has the documented form and makes no sense."""
    return BadResponse(
        why,
        account=http.account,
        raw=answer.text(),
        http_status=answer.status,
        request_id=answer.request_id,
    )


def part(answer: Answer, data: Any, record: type[T]) -> T | None:
    """Read a part of an answer; `None`: it is not what the vendor documents."""
    try:
        return evolve(answer, data=data).into(record)
    except BadResponse:
        return None


def table(data: Any) -> Mapping[str, Any] | None:
    """Return a JSON object; `None` for anything else."""
    return cast("Mapping[str, Any]", data) if isinstance(data, dict) else None


def several(data: Any) -> tuple[Any, ...]:
    """Return the items of a JSON array; none for anything else."""
    return tuple(cast("Iterable[Any]", data)) if isinstance(data, list | tuple) else ()


def words(value: Any) -> str | None:
    """Return a text that is not empty; `None` for anything else."""
    return value if isinstance(value, str) and value.strip() else None


def complaint(body: Any) -> Complaint:
    """Read `{"error": {"message", "code", "retryAfter"}}`, or what a proxy says instead.

    `retryAfter` is camelCase in an API that is snake_case everywhere else, and in the body (trap 10).
    """
    whole = table(body)
    error = None if whole is None else table(whole.get("error"))
    if error is None:
        said = body if whole is None else whole.get("error") or whole.get("message")
        return Complaint(message=words(said) or "")
    wait = amount(error.get("retryAfter"))
    return Complaint(
        message=words(error.get("message")) or "",
        code=words(error.get("code")),
        retry_after=None if wait is None else float(wait),
    )


@frozen(kw_only=True)
class Generation:
    """A line of the list of caption generations: without its outputs, which are read one by one (trap 5)."""

    generation_id: Id
    status: str  #: the vendor's word
    prompt: str | None = None
    platforms: tuple[str, ...] | None = None
    research_mode: str | None = None
    credits_used: Decimal | None = None
    created_at: datetime | None = None


@frozen(kw_only=True)
class Media:
    """A file that was uploaded; `media_id` is what requests and posts take."""

    media_id: Id
    type: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    mime_type: str | None = None
    created_at: datetime | None = None


@frozen(kw_only=True)
class PostItem:
    """One platform's part of a post. `status`: draft, posting, posted or failed."""

    item_id: Id | None = None
    post_type: str | None = None
    platform: str | None = None
    title: str | None = None
    content: str | None = None
    media_ids: tuple[Id, ...] | None = None
    status: str | None = None
    platform_post_id: Id | None = None  #: on the platform, when it is out


@frozen(kw_only=True)
class Post:
    """A post as the vendor has it. `status`: draft, publishing, published or failed."""

    post_id: Id
    status: str
    created_at: datetime | None = None
    items: tuple[PostItem, ...] = ()


@frozen(kw_only=True)
class Publication:
    """What the vendor answered to a publish."""

    post_id: Id
    status: str | None = None
    credits_used: Decimal | None = None  #: only the items that are published are charged
    request_id: str | None = None
