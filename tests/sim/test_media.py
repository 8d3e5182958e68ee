import struct
import wave
import zlib
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest

from genhub.sim import PowerPostSim
from genhub.sim._media import media, media_path

Call = Callable[..., Awaitable[Any]]


def made(job: str, n: int, width: int, height: int, ext: str) -> tuple[bytes, str]:
    found = media(media_path(job, n, width, height, ext).removeprefix("/_media/"))
    assert found is not None
    return found


def chunks(png: bytes) -> dict[bytes, bytes]:
    assert b"\x89PNG\r\n\x1a\n" == png[:8]
    found, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert zlib.crc32(kind + data) == int.from_bytes(png[at + 8 + size : at + 12 + size])
        found[kind] = data
        at += 12 + size
    return found


@pytest.mark.parametrize(("width", "height"), [(1, 1), (64, 64), (1080, 1920)])
def test_a_picture_has_the_size_that_was_asked(width: int, height: int) -> None:
    png, kind = made("job", 0, width, height, "png")
    parts = chunks(png)
    assert "image/png" == kind
    assert (width, height, 8, 2) == struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert height * (1 + 3 * width) == len(zlib.decompress(parts[b"IDAT"]))


def test_each_file_is_its_jobs_own_and_always_the_same() -> None:
    for ext in ("png", "mp4", "wav"):
        files = {made(job, n, 64, 64, ext)[0] for job in "ab" for n in (0, 1)}
        assert 4 == len(files)
        assert made("a", 0, 64, 64, ext) == made("a", 0, 64, 64, ext)


def test_a_clip_has_the_nearest_shape() -> None:
    sizes = [len(made("job", 0, w, h, "mp4")[0]) for w, h in ((1920, 1080), (1080, 1920), (1080, 1080))]
    assert 3 == len(set(sizes))
    clip, kind = made("job", 0, 1080, 1350, "mp4")
    assert ("video/mp4", b"ftyp") == (kind, clip[4:8])
    assert b"avc1" in clip
    assert b"mp4a" in clip


def test_a_sound_can_be_played() -> None:
    sound, kind = made("job", 0, 1, 1, "wav")
    with wave.open(BytesIO(sound)) as opened:
        assert ("audio/wav", 1, 2, 12000) == (
            kind,
            opened.getnchannels(),
            opened.getsampwidth(),
            opened.getnframes(),
        )


@pytest.mark.parametrize("name", ["x", "a-0-0x5.png", "a-0-9999x9999.png", "a-0-8x8.gif"])
def test_no_other_file_is_there(name: str) -> None:
    assert media(name) is None


async def test_a_download_can_go_on_where_it_stopped(pp: PowerPostSim, call: Call) -> None:
    url = pp.origin + media_path("job", 0, 64, 64, "png")
    whole = await call(pp, "GET", url, headers={})
    size = len(whole.raw)
    assert (200, "bytes", "image/png") == (
        whole.status,
        whole.headers["Accept-Ranges"],
        whole.headers["Content-Type"],
    )
    rest = await call(pp, "GET", url, headers={"Range": "bytes=10-"})
    assert (206, f"bytes 10-{size - 1}/{size}") == (rest.status, rest.headers["Content-Range"])
    assert whole.raw == whole.raw[:10] + rest.raw
    assert whole.raw[5:8] == (await call(pp, "GET", url, headers={"Range": "bytes=5-7"})).raw
    assert 416 == (await call(pp, "GET", url, headers={"Range": f"bytes={size}-"})).status
    head = await call(pp, "HEAD", url, headers={})
    assert (200, b"", str(size)) == (head.status, head.raw, head.headers["Content-Length"])
    assert 404 == (await call(pp, "GET", pp.origin + "/_media/x", headers={})).status
