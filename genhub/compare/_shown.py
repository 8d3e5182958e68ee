"""Outputs as a page may show them: nothing in them is trusted.

Texts pass as text; a picture becomes a data URI, a smaller one where it is large; other media are linked by a relative
path. Only http(s) addresses become links, and no file outside the results' folder is read.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import quote, urlsplit

from attrs import frozen

from genhub._jobs import Output
from genhub.compare._extra import extra
from genhub.compare._records import Observation

#: Bytes of a picture or a sound that go into the page as they are.
EMBED = 128 * 1024
#: Bytes of a picture that is still read to make a smaller one of it.
READ = 64 * 1024 * 1024
#: The longer side of the smaller one, in pixels.
SIDE = 720

_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
}
_INLINE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif);base64,([A-Za-z0-9+/]+=*)")


@frozen(kw_only=True)
class Part:
    """One thing to show."""

    kind: Literal["text", "image", "video", "audio", "file", "link"]
    text: str = ""  #: the text itself, or what to call the rest
    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()  #: hashtags, and the parts of a structured result
    src: str = ""  #: what the page itself loads: a data URI, or a relative path
    href: str = ""  #: where a link leads
    file: str = ""  #: the file's name in the results' folder


def address(url: str | None) -> str:
    """Return an address that a page may link to: http or https with a host, else nothing."""
    try:
        parts = urlsplit(url or "")
        return url or "" if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def picture(url: str | None) -> str:
    """Return a data URI of a picture that may stand in a page as it is, else nothing."""
    found = _INLINE.fullmatch(url or "")
    if found is None or len(found[0]) > EMBED * 4 // 3:
        return ""
    try:
        base64.b64decode(found[1], validate=True)
    except (binascii.Error, ValueError):
        return ""
    return found[0]


def parts(observation: Observation, folder: Path) -> tuple[Part, ...]:
    """Return what an observation's outputs have to show; what was downloaded stands in for its address."""
    texts = [part for place, output in enumerate(observation.outputs, 1) for part in _said(output, place)]
    media = [part for name in observation.files if (part := _kept(name, folder)) is not None]
    links = () if media else _links(observation.outputs)
    return (*texts, *media, *links)


def _said(output: Output, place: int) -> Sequence[Part]:
    shown: list[Part] = []
    facts = [("Hashtags", " ".join(output.hashtags))] if output.hashtags else []
    # Parts that the text is put together from are not said twice.
    parts = ((str(name), str(value)) for name, value in output.fields.items())
    facts += [(name, value) for name, value in parts if value.strip() not in (output.text or "")]
    if output.text or output.title or facts:
        shown.append(Part(kind="text", text=output.text or "", title=output.title or "", facts=tuple(facts)))
    if inline := picture(output.url):
        shown.append(Part(kind="image", text=f"output {place}", src=inline))
    return shown


def _links(outputs: Sequence[Output]) -> Sequence[Part]:
    return [
        Part(kind="link", text=f"{output.kind} {place} at the vendor", href=href)
        for place, output in enumerate(outputs, 1)
        if (href := address(output.url))
    ]


def relative(name: str) -> str:
    """Return a file's name as a link below the page; `./` in front keeps it from reading as another scheme."""
    return "./" + quote(PurePosixPath(name).as_posix().lstrip("/"))


def inside(name: str, folder: Path) -> Path | None:
    """Return the file when it is there, and in the folder."""
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


def _kept(name: str, folder: Path) -> Part | None:
    path = inside(name, folder)
    if path is None:
        return None
    mime = _TYPES.get(path.suffix.lower(), "")
    href, small = relative(name), path.stat().st_size <= EMBED
    match mime.partition("/")[0]:
        case "image":
            src = _embedded(path, mime) if small else _smaller(path)
            return Part(kind="image" if src else "file", text=path.name, src=src, href=href, file=name)
        case "video" | "audio" as kind:
            src = _embedded(path, mime) if small else href
            return Part(kind=kind, text=path.name, src=src, href=href, file=name)
        case _:
            return Part(kind="file", text=path.name, href=href, file=name)


def _embedded(path: Path, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _smaller(path: Path) -> str:
    """Return a picture in a size that a page can carry; nothing when it is no picture, or far too large."""
    with extra():
        from PIL import Image
    if path.stat().st_size > READ:
        return ""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (SIDE, SIDE))
            image.thumbnail((SIDE, SIDE))
            out = io.BytesIO()
            image.convert("RGB").save(out, "JPEG", quality=82)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
