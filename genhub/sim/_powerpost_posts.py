"""PowerPost's uploads and posts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from . import _powerpost_rules as rules
from ._fields import Invalid
from ._http import Answer, Broke, Call, Refusal, number

if TYPE_CHECKING:
    from .powerpost import PowerPostSim


@attrs.define(eq=False)
class Post:
    """A post and its items; publishing is worked out from the clock."""

    id: str
    workspace: str
    created_at: float
    items: list[dict[str, object]]
    published_at: float | None = None


class Posts:
    """What PowerPost keeps of uploads and posts."""

    def __init__(self, sim: PowerPostSim) -> None:
        self._sim = sim
        self._posts: dict[str, Post] = {}
        self._stored = 0

    def forget(self) -> None:
        """Drop them all."""
        self._posts.clear()
        self._stored = 0

    def upload(self, call: Call) -> Answer:
        """Take a file, measure it, keep its kind."""
        sim, upload = self._sim, call.upload
        if upload is None or upload.file_name is None:
            raise Invalid("file", "is required")
        kind = upload.fields.get("type", "")
        if kind not in rules.UPLOADS:
            raise Invalid("type", "must be image or video")
        if upload.mime_type not in rules.UPLOADS[kind]:
            raise Invalid("file", f"{upload.mime_type} is not a {kind} that is taken")
        if upload.size > (sim.image_limit if kind == "image" else sim.video_limit):
            raise Refusal(413, "FILE_TOO_LARGE", "Uploaded file exceeds size limit")
        if self._stored + upload.size > sim.storage_quota:
            raise Refusal(413, "STORAGE_QUOTA_EXCEEDED", "Account storage quota exceeded")
        self._stored += upload.size
        media_id = sim.new_uuid()
        sim.kinds(call)[media_id] = kind
        return Answer(
            data={
                "media_id": media_id,
                "type": kind,
                "file_name": upload.file_name,
                "file_size": upload.size,
                "mime_type": upload.mime_type,
                "created_at": sim.stamp(sim.clock.time()),
            }
        )

    def create(self, call: Call) -> Answer:
        """Make a draft."""
        sim, fields = self._sim, call.fields()
        source = fields.text("generation_id")
        job = sim.jobs.get(source or "")
        if source is not None and (job is None or job.place != (sim.workspace(call),)):
            raise Refusal(404, "NOT_FOUND", "Resource not found")
        items: list[dict[str, object]] = []
        for number_, item in enumerate(fields.mappings("items", low=1, high=12), 1):
            post_type = item.text("post_type", required=True, choices=rules.PLATFORMS) or ""
            platform = rules.PLATFORMS[post_type]
            content = item.text("content", required=source is None)
            if platform == "youtube":
                item.text("title", required=source is None)
            media_ids = item.texts("media_ids", high=10)
            if not set(media_ids) <= set(sim.kinds(call)):
                raise Refusal(404, "NOT_FOUND", "Resource not found")
            items.append(
                {
                    "item_id": f"item-{sim.new_number():06}-{number_}",
                    "post_type": post_type,
                    "platform": platform,
                    "content": content,
                    "media_ids": media_ids,
                    "status": "draft",
                }
            )
        post = Post(f"post-{sim.new_uuid()}", sim.workspace(call), sim.clock.time(), items)
        self._posts[post.id] = post
        return Answer(data=self._show(post))

    def read(self, call: Call) -> Answer:
        """Show a post as it is now."""
        return Answer(data=self._show(self._post(call)))

    def publish(self, call: Call) -> Answer:
        """Send a draft out: every platform must have an account, and each item is charged."""
        sim, post = self._sim, self._post(call)
        if post.published_at is not None:
            raise Refusal(409, "ALREADY_PUBLISHED", "Post has already been published")
        platforms = [str(item["platform"]) for item in post.items]
        missing = sorted(set(platforms) - sim.connected)
        if missing:
            raise Refusal(422, "PLATFORM_NOT_CONNECTED", f"Not connected: {', '.join(missing)}")
        prices = (sim.prices["publish_x" if platform == "x" else "publish"] for platform in platforms)
        cost = sum(prices, Decimal(0))
        if cost > sim.balance:
            raise Broke(cost)
        now = sim.clock.time()
        sim.charge(post.id, cost, now, "publish")
        post.published_at = now
        return Answer(
            data={
                "post_id": post.id,
                "status": "publishing",
                "credits_used": number(cost),
                "status_url": f"{sim.base_path}/posts/{post.id}",
            }
        )

    def _post(self, call: Call) -> Post:
        post = self._posts.get(call.params["id"])
        if post is None or post.workspace != self._sim.workspace(call):
            raise Refusal(404, "NOT_FOUND", "Resource not found")
        return post

    def _show(self, post: Post) -> dict[str, object]:
        sim = self._sim
        status, word = "draft", "draft"
        if post.published_at is not None:
            status, word = "publishing", "posting"
            if sim.clock.time() >= post.published_at + sim.publish_seconds / sim.speed:
                status, word = "published", "posted"
        items: list[dict[str, object]] = []
        for item in post.items:
            more: dict[str, object] = (
                {"platform_post_id": f"{item['platform']}-{item['item_id']}"} if word == "posted" else {}
            )
            items.append({**item, "status": word, **more})
        return {
            "post_id": post.id,
            "status": status,
            "created_at": sim.stamp(post.created_at),
            "items": items,
        }
