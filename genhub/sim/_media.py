"""The files behind the output URLs: real PNG, MP4 and WAV, made from the URL alone."""

import array
import hashlib
import math
import re
import struct
import zlib
from functools import cache, lru_cache
from importlib.resources import files
from urllib.parse import quote

from ._http import Answer, Call

_NAME = re.compile(r"(?P<job>.+)-(?P<n>\d+)-(?P<w>\d{1,4})x(?P<h>\d{1,4})\.(?P<ext>png|mp4|wav)")
_TYPES = {"png": "image/png", "mp4": "video/mp4", "wav": "audio/wav"}
_CLIPS = {"16x9": 16 / 9, "9x16": 9 / 16, "1x1": 1.0}
_RATE = 8000


def media_path(job_id: str, n: int, width: int, height: int, ext: str) -> str:
    """Return the path under which a job's nth file is served."""
    return f"/_media/{quote(job_id, safe='')}-{n}-{width}x{height}.{ext}"


def media(name: str) -> tuple[bytes, str] | None:
    """Return a file's bytes and type, or None if no job can have made it."""
    if (match := _NAME.fullmatch(name)) is None:
        return None
    width, height, ext = int(match["w"]), int(match["h"]), match["ext"]
    seed = f"{match['job']}-{match['n']}"
    if ext == "png":
        if not (0 < width <= 4096 and 0 < height <= 4096):
            return None
        return png(seed, width, height), _TYPES[ext]
    return (mp4(seed, width, height) if ext == "mp4" else wav(seed)), _TYPES[ext]


@lru_cache(maxsize=64)
def png(seed: str, width: int, height: int) -> bytes:
    """Draw a gradient whose colours are the seed's own."""
    left = hashlib.sha256(seed.encode()).digest()
    right, step = left[3:6], [1 + byte % 3 for byte in left[6:9]]
    row = bytearray(b"\x00")
    for x in range(width):
        t = x / width
        row += bytes(int(a + (b - a) * t) for a, b in zip(left[:3], right, strict=True))
    # Down the picture a row is the one above plus a constant now and then: filter 2 says just that.
    same = b"\x02" + bytes(3 * width)
    next_ = b"\x02" + bytes(step) * width
    every = max(1, height // 48)
    rows = b"".join(next_ if y % every == 0 else same for y in range(1, height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(row) + rows, 1))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def mp4(seed: str, width: int, height: int) -> bytes:
    """Return the clip nearest in shape, with a free box that makes its bytes the seed's own."""
    ratio = width / max(1, height)
    name = min(_CLIPS, key=lambda clip: abs(math.log(_CLIPS[clip] / ratio)) if ratio else 0)
    note = seed.encode()
    return _clip(name) + struct.pack(">I", 8 + len(note)) + b"free" + note


@cache
def _clip(name: str) -> bytes:
    return (files("genhub.sim") / "media" / f"{name}.mp4").read_bytes()


@lru_cache(maxsize=64)
def wav(seed: str) -> bytes:
    """Return a second and a half of a tone of the seed's own pitch."""
    pitch = 220 + hashlib.sha256(seed.encode()).digest()[0] * 2
    count = _RATE * 3 // 2
    samples = array.array("h", (int(9000 * math.sin(math.tau * pitch * i / _RATE)) for i in range(count)))
    data = struct.pack(f"<{count}h", *samples)
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, _RATE * 2, 2, 16)
    body = b"WAVE" + fmt + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def serve_media(call: Call) -> Answer:
    """Answer a download, or the part of one that is asked for."""
    found = media(call.params["name"])
    if found is None:
        return Answer(status=404, raw=b"no such file", content_type="text/plain")
    content, kind = found
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "public, max-age=604800"}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("Range", ""))
    if asked is None:
        return Answer(raw=content, content_type=kind, headers=headers)
    first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
    if first >= len(content):
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Answer(status=416, raw=b"", content_type=kind, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Answer(status=206, raw=content[first : last + 1], content_type=kind, headers=headers)
