"""A request in neutral words, as PowerPost's body. Pure: nothing is sent.

The vendor's own limits (lengths, numbers of images, models' durations) are not checked: they changed twice already
(trap 15), and the vendor judges them before it charges.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from attrs import define, field

from genhub import (
    Adjustment,
    Call,
    ImageRequest,
    Request,
    SpeechRequest,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
)

from ._tables import BARE, IMAGE_SIZES, POST_TYPES, STARTS, VIDEO_SIZES

NAME = "powerpost"

#: What the vendor does not do without: the field in our words, the vendor's fields of which one is enough, a remedy.
REQUIRED = {
    "captions": (
        ("platforms", ("post_types",), "needs a platform at least: platforms=('instagram:reel', 'tiktok')"),
        ("prompt", ("prompt", "media_ids"), "needs a prompt or media"),
    ),
    "image": (("prompt", ("prompt", "generation_id"), "needs a prompt, or extra.powerpost.generation_id (post mode)"),),
    "video": (
        ("prompt", ("prompt",), "needs a prompt"),
        ("duration", ("duration",), "needs a duration, and which ones there are depends on its model: none is made up"),
    ),
}
#: A media id is an opaque word; these are not.
NOT_AN_ID = re.compile(r"[/\\]|^data:|\.(jpe?g|png|webp|gif|heic|mp4|mov|webm|m4v)$", re.IGNORECASE)
RATIO = re.compile(r"\s*(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)\s*")


def call_for(request: Request, *, adjust: bool) -> Call:
    """Return the vendor's call for a request; raises UnsupportedRequest that names the field."""
    draft = Draft(adjust=adjust, extra=request.extra.get(NAME, {}))
    match request:
        case TextRequest():
            kind = _captions(draft, request)
        case ImageRequest():
            kind = _image(draft, request)
        case VideoRequest():
            kind = _video(draft, request)
        case SpeechRequest():
            raise _unsupported("PowerPost makes captions, images and videos, no speech", None)
        case _:
            assert_never(request)
    body = {**draft.body, **draft.extra}
    for asked, names, remedy in REQUIRED[kind]:
        if not any(body.get(name) for name in names):
            raise _unsupported(remedy, asked)
    return Call(kind=kind, path=STARTS[kind], body=body, adjustments=tuple(draft.adjustments))


@define
class Draft:
    """A body in the making, and what had to be changed."""

    adjust: bool
    extra: Mapping[str, Any]
    body: dict[str, Any] = field(factory=dict[str, Any])
    adjustments: list[Adjustment] = field(factory=list[Adjustment])

    def put(self, name: str, value: Any) -> None:
        """Set what was asked for; what was not is left to the vendor's default."""
        if value not in (None, (), []):
            self.body[name] = value

    def takes(self, name: str) -> bool:
        """False: `extra` has the vendor's field itself, so that there is nothing to translate."""
        return name not in self.extra

    def change(self, name: str, asked: Any, sent: Any, why: str) -> None:
        """Name a change; raises UnsupportedRequest unless changes are allowed."""
        if not self.adjust:
            raise _unsupported(why, name)
        self.adjustments.append(Adjustment(field=name, asked=asked, sent=sent, why=why))

    def drop(self, **asked: Any) -> None:
        """Leave out what the vendor has no field for."""
        for name, value in asked.items():
            if value is not None:
                self.change(name, value, None, f"has no field for {name}")

    def size(self, asked: str | None, sizes: Mapping[str, str]) -> None:
        """Set the size for a ratio, or for the nearest one."""
        if asked is None or not self.takes("size"):
            return
        shape = _shape(asked)
        if shape is None:
            raise _unsupported(f"a ratio reads like '9:16', not {asked!r}", "aspect_ratio")
        away = {ratio: abs(_known(ratio) - shape) for ratio in sizes}
        nearest = min(away, key=away.__getitem__)
        if away[nearest] > 1e-9:
            self.change("aspect_ratio", asked, nearest, f"makes only {', '.join(sizes)}")
        self.body["size"] = sizes[nearest]


def _captions(draft: Draft, request: TextRequest) -> str:
    # One text for each platform is what the vendor makes: a count of one asks for nothing else.
    draft.drop(
        tone=request.tone,
        length=request.length,
        count=None if request.count == 1 else request.count,
        language=request.language,
    )
    draft.put("prompt", request.prompt)
    if draft.takes("media_ids"):
        draft.put("media_ids", _media("media", request.media))
    if draft.takes("post_types"):
        draft.put("post_types", list(dict.fromkeys(map(_post_type, request.platforms))))
    # Required by the tables, left out by an example on another page (trap 14): always sent.
    draft.body["research_mode"] = "regular"
    draft.put("source_urls", list(request.sources))
    return "captions"


def _image(draft: Draft, request: ImageRequest) -> str:
    draft.put("prompt", request.prompt)
    if request.style is not None:
        written = "\n\n".join(filter(None, (request.prompt, f"Style: {request.style}")))
        sent = written if draft.takes("prompt") else None
        draft.change("style", request.style, sent, "has no field for style; it can be written into the prompt")
        draft.put("prompt", sent)
    draft.size(request.aspect_ratio, IMAGE_SIZES)
    draft.put("quantity", request.count)
    if draft.takes("style_images"):
        draft.put("style_images", _media("references", request.references))
    return "image"


def _video(draft: Draft, request: VideoRequest) -> str:
    if request.script is not None:
        # Never dropped, not even where changes are allowed: it is what the video is about, and videos are dear.
        raise _unsupported("makes videos of a prompt; it speaks no script", "script")
    draft.drop(avatar_url=request.avatar_url, voice=request.voice)
    draft.put("prompt", request.prompt)
    if request.duration is not None and draft.takes("duration"):
        seconds = max(1, round(request.duration))
        if seconds != request.duration:
            draft.change("duration", request.duration, seconds, "takes whole seconds")
        draft.body["duration"] = seconds
    draft.size(request.aspect_ratio, VIDEO_SIZES)
    draft.put("has_audio", request.audio)
    if request.image is not None and draft.takes("source_image"):
        draft.put("source_image", _media("image", (request.image,))[0])
    return "video"


def _post_type(platform: str) -> str:
    """Return the post type of `instagram:reel` or of a bare `instagram`."""
    name, colon, form = platform.partition(":")
    found = f"{name}-{form}" if colon else BARE.get(name)
    if found not in POST_TYPES:
        forms = [word.partition("-")[2] for word, of in POST_TYPES.items() if of == name]
        known = [f"{name}:{form}" for form in forms] or list(BARE)
        raise _unsupported(
            f"has no platform {platform!r}; it has {', '.join(known)}; a newer one goes in extra.powerpost.post_types",
            "platforms",
        )
    return found


def _media(name: str, ids: Iterable[str]) -> list[str]:
    """Return media ids; a URL or a path is refused here, because the vendor's answer to it is not documented."""
    found = list(ids)
    for each in found:
        if NOT_AN_ID.search(each):
            raise _unsupported(
                f"takes the ids of uploaded media, not {each[:80]!r}: upload it with upload_media, use its media_id",
                name,
            )
    return found


def _shape(ratio: str) -> float | None:
    """Return how wide a ratio is, such that twice as wide and twice as high are equally far from square."""
    match = RATIO.fullmatch(ratio)
    if match is None:
        return None
    width, height = float(match[1]), float(match[2])
    return math.log(width / height) if width > 0 and height > 0 else None


def _known(ratio: str) -> float:
    return _shape(ratio) or 0.0


def _unsupported(why: str, name: str | None) -> UnsupportedRequest:
    return UnsupportedRequest(why, field=name, provider=NAME)
