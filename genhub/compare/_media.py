"""What is in a media file: its real size, length and sound, read by Pillow and PyAV (both in the extra `compare`)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, frozen

from genhub._errors import ConfigError
from genhub.compare._extra import extra

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from PIL.Image import Image

#: Bands that differ by less are one colour: what a lossy format makes of it.
_SPREAD = 2
_SIDEWAYS = frozenset({5, 6, 7, 8})  # EXIF's orientations that swap width and height
_ORIENTATION = 0x0112
#: A file is only ever read as itself: a playlist in a video's clothes opens nothing else.
_OPTIONS = {"protocol_whitelist": "file"}


class Unreadable(Exception):
    """The file can't be decoded; says why."""


@frozen(kw_only=True)
class Picture:
    """A still image."""

    width: int  #: as shown: turned as the file says
    height: int
    blank: bool  #: all of one colour, or wholly transparent


@frozen(kw_only=True)
class Clip:
    """A video, or sound alone."""

    width: int | None = None  #: as shown; `None`: it has no picture
    height: int | None = None
    seconds: float = 0.0  #: of what is really there, whatever the header says
    peak: float | None = None  #: the loudest sample, 1 is full scale; `None`: no sound track


def picture(path: Path) -> Picture:
    """Read a still image; raises Unreadable, and ConfigError without the extra."""
    with extra():
        from PIL import Image
    with _told(path), Image.open(path) as image:
        image.load()
        width, height = image.size
        if _sideways(image):
            width, height = height, width
        return Picture(width=width, height=height, blank=_blank(image))


def clip(path: Path) -> Clip:
    """Read a video: decodes its first frame and all of its sound. Raises as `picture`."""
    with extra():
        import av
    with _told(path):
        with av.open(str(path.resolve()), options=_OPTIONS) as container:
            if not container.streams.video:
                raise Unreadable("it has no video track")
            frame = next(container.decode(container.streams.video[0]), None)
            if frame is None:
                raise Unreadable("it has no frame")
            width, height = _shown(frame, container)
        with av.open(str(path.resolve()), options=_OPTIONS) as container:
            seconds, peak = _run(container)
        return Clip(width=width, height=height, seconds=seconds, peak=peak)


def sound(path: Path) -> Clip:
    """Read sound: decodes all of it. Raises as `picture`."""
    with extra():
        import av
    with _told(path), av.open(str(path.resolve()), options=_OPTIONS) as container:
        if not container.streams.audio:
            raise Unreadable("it has no sound track")
        seconds, peak = _run(container, picture=False)
        return Clip(seconds=seconds, peak=peak)


@contextmanager
def _told(path: Path) -> Generator[None]:
    """Turn whatever a decoder raises into Unreadable, without the folder's name."""
    try:
        if path.stat().st_size == 0:
            raise Unreadable("the file is empty")
        yield
    except (Unreadable, ConfigError):
        raise
    except Exception as error:  # decoders raise what they like
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        why = said.replace(str(path.resolve()), path.name).replace(str(path), path.name)
        raise Unreadable(why or type(error).__name__) from error


def _sideways(image: Image) -> bool:
    """True when the file says to turn it; what can't be read of that says nothing, and the picture is still good."""
    try:
        return image.getexif().get(_ORIENTATION) in _SIDEWAYS
    except Exception:
        return False


def _blank(image: Image) -> bool:
    """True when there is nothing to see."""
    if image.mode in ("P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    spread: dict[str, tuple[float, float]] = {}
    for band in image.getbands():
        low, high = image.getchannel(band).getextrema() if len(image.getbands()) > 1 else image.getextrema()
        assert not isinstance(low, tuple) and not isinstance(high, tuple)
        spread[band] = (low, high)
    if "A" in spread and spread["A"][1] == 0:
        return True
    return all(high - low <= _SPREAD for low, high in spread.values())


def _shown(frame: VideoFrame, container: InputContainer) -> tuple[int, int]:
    """Return width and height as a player shows them: with pixels that are not square, and turned."""
    width, height = frame.width, frame.height
    pixel = container.streams.video[0].sample_aspect_ratio
    if pixel:
        width = round(width * pixel)
    return (height, width) if frame.rotation % 180 else (width, height)


@define
class _Extent:
    """From where to where a track's packets reach, in seconds."""

    first: float | None = None
    last: float = 0.0

    def take(self, begin: float, length: float) -> None:
        self.first = begin if self.first is None else min(self.first, begin)
        self.last = max(self.last, begin + length)

    @property
    def seconds(self) -> float:
        return 0.0 if self.first is None else self.last - self.first


def _run(container: InputContainer, *, picture: bool = True) -> tuple[float, float | None]:
    """Go through a file once: its length by its packets, and its loudest sample."""
    with extra():
        import av
        import numpy
    audio = container.streams.audio[0] if container.streams.audio else None
    main = container.streams.video[0] if picture else audio
    even = av.AudioResampler(format="fltp")
    extent, peak = _Extent(), 0.0
    for packet in container.demux(*(each for each in (main, audio) if each is not None)):
        if packet.stream is main and packet.pts is not None:
            extent.take(float(packet.pts * packet.time_base), float((packet.duration or 0) * packet.time_base))
        if audio is not None and packet.stream is audio:
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                for part in even.resample(frame):
                    peak = max(peak, float(numpy.abs(part.to_ndarray()).max(initial=0.0)))
    return extent.seconds, None if audio is None else peak
