"""Media and posts: what PowerPost can do beyond generating."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from attrs import frozen

from genhub import BadResponse, Call, InvalidRequest, SubmissionUnknown
from genhub.http import REFUSALS, Http, Id

from ._wire import Media, Post, Publication, words

#: By a file's ending: what the vendor takes. It checks the content itself.
TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
}
File = str | os.PathLike[str] | bytes | AsyncIterable[bytes]


class Posts:
    """PowerPost's own verbs about media and posts."""

    __slots__ = ()

    async def upload_media(
        self,
        http: Http,
        file: File,
        *,
        type: Literal["image", "video"],
        file_name: str | None = None,
        mime_type: str | None = None,
        timeout: float = 900.0,
    ) -> Media:
        """Upload an image or a video: a path, bytes, or parts as they come. It is streamed, and costs nothing."""
        import aiohttp  # heavy, and only this needs it

        opened = None
        if isinstance(file, str | os.PathLike):
            path = Path(file)
            file_name = file_name or path.name
            try:
                opened = await asyncio.to_thread(path.open, "rb")
            except OSError as error:
                raise InvalidRequest(f"{path} can't be read: {error.strerror}", code="invalid_file") from error
        elif file_name is None:
            raise InvalidRequest("bytes have no name: say file_name='cover.png'", code="invalid_file_name")
        guess = TYPES.get(Path(file_name).suffix.lower(), "application/octet-stream")
        form = aiohttp.FormData()
        form.add_field("type", type)
        form.add_field("file", opened or file, filename=file_name, content_type=mime_type or guess)
        try:
            answer = await http.change("POST", "/media/upload", data=form, timeout=timeout)
        finally:
            if opened is not None:
                opened.close()
        return answer.into(Media)

    async def create_post(
        self, http: Http, *, items: Iterable[Mapping[str, Any]], generation_id: str | None = None
    ) -> Post:
        """Make a draft; costs nothing. An item has `post_type`, and `content`, `title`, `media_ids` as it needs them.

        With `generation_id` the texts come from those captions.
        """
        body: dict[str, Any] = {} if generation_id is None else {"generation_id": generation_id}
        body["items"] = [dict(item) for item in items]
        answer = await http.change("POST", "/posts", json=body)
        return answer.into(Post)

    async def get_post(self, http: Http, post_id: str) -> Post:
        """Read a post; after a publish each item has a status of its own."""
        answer = await http.read(_at(post_id))
        return answer.into(Post)

    async def publish_post(self, http: Http, post_id: str) -> Publication:
        """Publish a draft, once; only items that are published are charged. Read the post to see how it went.

        Raises WrongState for a post that is out already, InvalidRequest for a platform that is not connected, and
        SubmissionUnknown when the answer is lost: publishing again is then safe, the vendor refuses the second time.
        """
        # A 409 says here that nothing was done; at a generation no 409 is documented, and none is believed.
        call = Call(kind="publish", path=f"{_at(post_id)}/publish", body={})
        answer = await http.charge(call, refusals=REFUSALS | {409})
        try:
            said = answer.into(_Published)
        except BadResponse as error:
            raise SubmissionUnknown(f"{http.account}: the answer to the publish can't be read: {error}") from error
        return Publication(
            post_id=Id(post_id),
            status=words(said.status),
            credits_used=said.credits_used,
            request_id=answer.request_id,
        )


@frozen(kw_only=True)
class _Published:
    status: Any = None
    credits_used: Decimal | None = None


def _at(post_id: str) -> str:
    return f"/posts/{quote(post_id, safe='')}"
