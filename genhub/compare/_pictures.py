"""Checks of images, videos and sound: does it decode, is it as wide, as long and as loud as was asked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from genhub._jobs import Output
from genhub._requests import ImageRequest, Request, SpeechRequest, VideoRequest
from genhub.compare._media import Unreadable, clip, picture, sound
from genhub.compare._records import Check

#: The shape may differ by this much: codecs want even sides, often multiples of 8.
ASPECT_TOLERANCE = 0.03
#: The length may differ by this many seconds, or by this share of what was asked, whichever is more.
DURATION_SECONDS = 0.5
DURATION_SHARE = 0.05
#: What never gets louder is silent: -60 dB of full scale.
SILENT = 0.001

_RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*(?:[:/x\u00d7]\s*(\d+(?:\.\d+)?))?", re.IGNORECASE)
_VENDOR = "by the vendor's word, there is no file"

_Read = TypeVar("_Read")
_Size = tuple[int, int]


def image_checks(request: Request, output: Output, file: Path | None, place: int) -> Iterator[Check]:
    """Check one image; `place` is from 1."""
    found, content = _read(picture, file, place)
    if found is not None:
        said = f"all of one colour, {found.width}x{found.height}" if found.blank else "it decodes, and is not blank"
        content = Check(name="content", passed=not found.blank, said=said, output=place)
    yield content
    size = None if found is None else (found.width, found.height)
    yield from _shape(request, output, size, content, place)


def video_checks(request: Request, output: Output, file: Path | None, place: int) -> Iterator[Check]:
    """Check one video."""
    found, content = _read(clip, file, place)
    yield content
    size = None if found is None or found.width is None or found.height is None else (found.width, found.height)
    yield from _shape(request, output, size, content, place)
    if not isinstance(request, VideoRequest):
        return
    if request.duration is not None:
        yield _duration(request.duration, output, None if found is None else found.seconds, content, place)
    wanted = True if request.audio is None and request.script is not None else request.audio
    if wanted is not None:
        asked = "it was asked to have sound" if wanted else "it was asked to have none"
        if found is None:
            yield Check(name="audio", passed=None, said=f"{_why(content)}; {asked}", output=place)
        else:
            heard = found.peak is not None and found.peak > SILENT
            yield Check(name="audio", passed=heard is wanted, said=f"{_level(found.peak)}; {asked}", output=place)


def sound_checks(request: Request, output: Output, file: Path | None, place: int) -> Iterator[Check]:
    """Check one sound."""
    found, content = _read(sound, file, place)
    yield content
    asked = "speech was asked for" if isinstance(request, SpeechRequest) else "sound was asked for"
    if found is None:
        said = "" if output.duration is None or file is not None else f"{output.duration:.1f} s {_VENDOR}; "
        yield Check(name="duration", passed=None, said=f"{said}{_why(content)}; {asked}", output=place)
        yield Check(name="audio", passed=None, said=f"{_why(content)}; {asked}", output=place)
        return
    yield Check(name="duration", passed=found.seconds > 0, said=f"{found.seconds:.1f} s; {asked}", output=place)
    heard = found.peak is not None and found.peak > SILENT
    yield Check(name="audio", passed=heard, said=f"{_level(found.peak)}; {asked}", output=place)


def ratio(asked: str) -> float | None:
    """Return width by height of `9:16`, `1080x1920`, `1.91` or `square`; `None`: not understood."""
    text = asked.strip().casefold()
    if text == "square":
        return 1.0
    found = _RATIO.fullmatch(text)
    if found is None:
        return None
    width, height = float(found[1]), float(found[2] or 1)
    return width / height if width > 0 and height > 0 else None


def _read(reader: Callable[[Path], _Read], file: Path | None, place: int) -> tuple[_Read | None, Check]:
    """Read a file, and say whether it decodes."""
    if file is None:
        return None, Check(name="content", passed=None, said="there is no file to look into", output=place)
    if not file.is_file():
        return None, Check(name="content", passed=None, said=f"the file {file.name} is not there", output=place)
    try:
        return reader(file), Check(name="content", passed=True, said="it decodes", output=place)
    except Unreadable as error:
        return None, Check(name="content", passed=False, said=f"can't be decoded: {error}", output=place)


def _why(content: Check) -> str:
    return "the file can't be decoded" if content.passed is False else content.said


def _shape(request: Request, output: Output, size: _Size | None, content: Check, place: int) -> Iterator[Check]:
    """Say how large it is, and check its shape where one was asked for."""
    source = ""
    if size is None and content.passed is None and output.width and output.height:
        size, source = (output.width, output.height), f" {_VENDOR}"
    asked = request.aspect_ratio if isinstance(request, (ImageRequest, VideoRequest)) else None
    found = _why(content) if size is None else f"{size[0]}x{size[1]}{source}"
    if asked is None:
        yield Check(name="size", passed=None, said=f"{found}; no size was asked for", output=place)
        return
    yield _aspect(asked, size, found, place)


def _aspect(asked: str, size: _Size | None, found: str, place: int) -> Check:
    if size is None:
        return Check(name="aspect", passed=None, said=f"{found}; {asked} was asked for", output=place)
    width, height = size
    match asked.strip().casefold():
        case "portrait":
            return Check(name="aspect", passed=height > width, said=f"{found}; portrait was asked for", output=place)
        case "landscape":
            return Check(name="aspect", passed=width > height, said=f"{found}; landscape was asked for", output=place)
        case _:
            wanted = ratio(asked)
    if wanted is None:
        return Check(name="aspect", passed=None, said=f"{found}; {asked!r} is not understood as a shape", output=place)
    off = abs(width / height / wanted - 1)
    near = f"{off:.1%} off {asked}, up to {ASPECT_TOLERANCE:.0%} passes" if off >= 0.0005 else f"{asked} as asked for"
    return Check(name="aspect", passed=off <= ASPECT_TOLERANCE, said=f"{found}: {near}", output=place)


def _duration(asked: float, output: Output, seconds: float | None, content: Check, place: int) -> Check:
    source = ""
    if seconds is None and content.passed is None and output.duration is not None:
        seconds, source = output.duration, f" {_VENDOR}"
    if seconds is None:
        return Check(name="duration", passed=None, said=f"{_why(content)}; {asked:g} s were asked for", output=place)
    within = max(DURATION_SECONDS, DURATION_SHARE * asked)
    said = f"{seconds:.1f} s{source}; {asked:g} s were asked for, up to {within:g} s off passes"
    return Check(name="duration", passed=abs(seconds - asked) <= within, said=said, output=place)


def _level(peak: float | None) -> str:
    """Say how loud it gets."""
    if peak is None:
        return "it has no sound track"
    if peak <= SILENT:
        return "its sound track is silent"
    return f"it has sound, up to {20 * math.log10(peak):.0f} dB of full scale"
