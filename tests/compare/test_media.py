"""Checks of images, videos and sound, on real small files: drawn, encoded, cut short, and as a hub downloads them."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
import pytest
from PIL import Image

from genhub import ConfigError, ImageRequest, SpeechRequest, TextRequest, VideoRequest
from genhub._jobs import Output
from genhub._requests import Request
from genhub.compare._checks import check
from genhub.compare._media import Unreadable, clip, picture, sound
from genhub.compare._pictures import ratio
from genhub.compare._records import Check
from tests.core.conftest import World
from tests.core.conftest import world as world

IMAGE = Output(kind="image")
VIDEO = Output(kind="video")
SOUND = Output(kind="audio")


def drawn(path: Path, width: int = 64, height: int = 64, **options: Any) -> Path:
    """A gradient."""
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(path, **options)
    return path


def tone(rate: int, seconds: float, level: float) -> Any:
    return (level * numpy.sin(2 * math.pi * 440 * numpy.arange(int(rate * seconds)) / rate)).astype(numpy.float32)


def filmed(
    path: Path, *, width: int = 64, height: int = 36, seconds: float = 2.0, level: float | None = None, turned: int = 0
) -> Path:
    """A video of ten frames a second, with a tone of this level (`None`: without a sound track)."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = Fraction(1, 10)
        audio = None if level is None else out.add_stream("aac", rate=16_000, layout="mono")
        for at in range(round(seconds * 10)):
            shade = numpy.full((height, width, 3), (at * 20) % 256, dtype=numpy.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
            frame.pts = at
            out.mux(video.encode(frame))
        out.mux(video.encode())
        if audio is not None and level is not None:
            samples = tone(16_000, seconds, level)
            sounding = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
            sounding.sample_rate, sounding.pts = 16_000, 0
            out.mux(audio.encode(sounding))
            out.mux(audio.encode())
    return path


def spoken(path: Path, *, seconds: float = 1.0, level: float = 0.5) -> Path:
    """A WAV of a tone."""
    with av.open(str(path), "w") as out:
        audio = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = (tone(8000, seconds, level) * 32767).astype(numpy.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        out.mux(audio.encode(frame))
        out.mux(audio.encode())
    return path


def by_name(request: Request, output: Output, file: Path | None) -> dict[str, Check]:
    return {each.name: each for each in check(request, [output], [file])}


def test_an_image_is_as_large_as_its_file(tmp_path: Path) -> None:
    """Whatever the vendor says of it."""
    file = drawn(tmp_path / "a.png", 90, 160)

    found = by_name(ImageRequest(prompt="p", aspect_ratio="9:16"), Output(kind="image", width=5, height=5), file)

    assert {"content", "aspect"} == set(found)
    assert (True, "it decodes, and is not blank") == (found["content"].passed, found["content"].said)
    assert (True, "90x160: 9:16 as asked for") == (found["aspect"].passed, found["aspect"].said)


@pytest.mark.parametrize(
    ("asked", "width", "height", "passed"),
    [
        ("16:9", 192, 108, True),
        ("16:9", 1920, 1088, True),
        ("16:9", 108, 192, False),
        ("4:5", 75, 100, False),
        ("1080x1920", 90, 160, True),
        ("1.91:1", 191, 100, True),
        ("square", 100, 102, True),
        ("square", 100, 104, False),
        ("Portrait", 100, 101, True),
        ("landscape", 100, 101, False),
        ("tall", 100, 200, None),
        ("0:1", 100, 200, None),
    ],
)
def test_a_shape_is_held_against_what_was_asked(asked: str, width: int, height: int, passed: bool | None) -> None:
    """With a tolerance; a word that is not understood is no failure. Without a file it is the vendor's word."""
    said = Output(kind="image", width=width, height=height)

    found = by_name(ImageRequest(prompt="p", aspect_ratio=asked), said, None)["aspect"]

    assert passed is found.passed, found.said
    assert found.said.startswith(f"{width}x{height} by the vendor's word, there is no file")
    assert asked.lower() in found.said.lower()


def test_a_tolerance_is_said() -> None:
    """What is off, and what passes."""
    found = by_name(ImageRequest(prompt="p", aspect_ratio="4:5"), Output(kind="image", width=75, height=100), None)

    assert found["aspect"].said.endswith(": 6.2% off 4:5, up to 3% passes")


def test_nothing_known_is_no_shape() -> None:
    """No file and no word of the vendor's: not checked."""
    found = by_name(ImageRequest(prompt="p", aspect_ratio="1:1"), IMAGE, None)

    assert {"content": None, "aspect": None} == {name: each.passed for name, each in found.items()}
    assert "there is no file to look into; 1:1 was asked for" == found["aspect"].said


def test_a_size_that_nobody_asked_for_is_only_said(tmp_path: Path) -> None:
    """It can neither pass nor fail."""
    found = by_name(ImageRequest(prompt="p"), IMAGE, drawn(tmp_path / "a.png", 30, 20))["size"]

    assert (None, "30x20; no size was asked for") == (found.passed, found.said)


def test_a_photo_on_its_side_is_turned(tmp_path: Path) -> None:
    """As every viewer does."""
    exif = Image.Exif()
    exif[0x0112] = 6

    found = picture(drawn(tmp_path / "a.jpg", 40, 20, exif=exif))

    assert (20, 40) == (found.width, found.height)


@pytest.mark.parametrize(
    ("image", "blank"),
    [
        (Image.new("RGB", (8, 8), (10, 20, 30)), True),
        (Image.new("L", (8, 8), 255), True),
        (Image.new("P", (8, 8), 3), True),
        (Image.new("I;16", (8, 8), 900), True),
        (Image.new("RGBA", (8, 8), (10, 20, 30, 0)), True),
        (Image.linear_gradient("L"), False),
        (Image.linear_gradient("L").convert("P"), False),
        (Image.merge("LA", (Image.new("L", (256, 256), 0), Image.linear_gradient("L"))), False),
        (Image.merge("LA", (Image.linear_gradient("L"), Image.new("L", (256, 256), 0))), True),
    ],
)
def test_a_blank_image_is_no_content(tmp_path: Path, image: Image.Image, blank: bool) -> None:
    """All of one colour, or wholly transparent, in every mode."""
    image.save(tmp_path / "a.png")

    found = by_name(ImageRequest(prompt="p"), IMAGE, tmp_path / "a.png")["content"]

    assert blank is not found.passed, found.said
    assert blank is found.said.startswith("all of one colour")


def test_a_lossy_blank_is_blank(tmp_path: Path) -> None:
    """The noise of a JPEG is no picture."""
    Image.new("RGB", (64, 64), (200, 30, 90)).save(tmp_path / "a.jpg", quality=50)

    assert picture(tmp_path / "a.jpg").blank


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5])
def test_a_broken_image_fails_and_raises_nothing(tmp_path: Path, name: str, kept: float) -> None:
    """The vendor's word on its size is not taken instead."""
    whole = drawn(tmp_path / name, 200, 200).read_bytes()
    file = tmp_path / f"cut-{name}"
    file.write_bytes(whole[: int(len(whole) * kept)])

    found = by_name(ImageRequest(prompt="p", aspect_ratio="1:1"), Output(kind="image", width=200, height=200), file)

    assert found["content"].passed is False
    assert found["content"].said.startswith("can't be decoded: ")
    assert str(tmp_path) not in found["content"].said
    assert (None, "the file can't be decoded; 1:1 was asked for") == (found["aspect"].passed, found["aspect"].said)


@pytest.mark.parametrize("output", [IMAGE, VIDEO, SOUND])
@pytest.mark.parametrize("body", [b"<html>expired</html>", b"\x00" * 4096, b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"])
def test_what_is_no_media_fails_and_raises_nothing(tmp_path: Path, output: Output, body: bytes) -> None:
    """An error page where a file should be; a playlist opens nothing else."""
    file = tmp_path / "a.mp4"
    file.write_bytes(body)

    assert by_name(VideoRequest(prompt="p"), output, file)["content"].passed is False


@pytest.mark.parametrize("output", [IMAGE, VIDEO, SOUND])
def test_a_file_that_is_gone_is_not_the_vendors_fault(tmp_path: Path, output: Output) -> None:
    """It is not checked."""
    found = by_name(SpeechRequest(script="s"), output, tmp_path / "gone.bin")

    assert {None} == {each.passed for each in found.values()}
    assert "the file gone.bin is not there" == found["content"].said


def test_a_video_is_what_was_asked(tmp_path: Path) -> None:
    """Its first frame decodes, it is as long, as wide and as loud as it should be."""
    file = filmed(tmp_path / "a.mp4", seconds=3.0, level=0.5)

    found = by_name(VideoRequest(prompt="p", duration=3, aspect_ratio="16:9", audio=True), VIDEO, file)

    assert {"content": True, "aspect": True, "duration": True, "audio": True} == {
        name: each.passed for name, each in found.items()
    }
    assert "3.0 s; 3 s were asked for, up to 0.5 s off passes" == found["duration"].said
    assert found["audio"].said.endswith("dB of full scale; it was asked to have sound")


@pytest.mark.parametrize(("asked", "passed"), [(2.0, True), (2.5, True), (2.6, False), (1.4, False), (5.0, False)])
def test_a_length_is_held_against_what_was_asked(tmp_path: Path, asked: float, passed: bool) -> None:
    """With a tolerance, both ways; the vendor's word counts only where there is no file."""
    request, word = VideoRequest(prompt="p", duration=asked), Output(kind="video", duration=asked)

    filed = by_name(request, word, filmed(tmp_path / "a.mp4", seconds=2.0))["duration"]
    unfiled = by_name(request, word, None)["duration"]
    unknown = by_name(request, VIDEO, None)["duration"]

    assert (passed, True, None) == (filed.passed, unfiled.passed, unknown.passed)
    assert f"{asked:.1f} s by the vendor's word, there is no file" in unfiled.said
    assert f"there is no file to look into; {asked:g} s were asked for" == unknown.said


def test_a_long_video_has_a_wider_tolerance() -> None:
    """Five in a hundred."""
    near, far = (Output(kind="video", duration=each) for each in (57.0, 56.9))

    assert by_name(VideoRequest(prompt="p", duration=60), near, None)["duration"].passed is True
    assert by_name(VideoRequest(prompt="p", duration=60), far, None)["duration"].passed is False


@pytest.mark.parametrize(
    ("level", "audio", "script", "passed", "said"),
    [
        (None, True, None, False, "it has no sound track"),
        (0.0, True, None, False, "its sound track is silent"),
        (0.5, True, None, True, "it has sound"),
        (None, False, None, True, "it has no sound track"),
        (0.0, False, None, True, "its sound track is silent"),
        (0.5, False, None, False, "it has sound"),
        (None, None, "Hello", False, "it has no sound track"),
        (0.5, None, "Hello", True, "it has sound"),
    ],
)
def test_sound_is_there_when_it_was_asked_for(
    tmp_path: Path, level: float | None, audio: bool | None, script: str | None, passed: bool, said: str
) -> None:
    """And not when it was asked not to be; a script is there to be heard."""
    file = filmed(tmp_path / "a.mp4", level=level)

    found = by_name(VideoRequest(prompt="p", script=script, audio=audio), VIDEO, file)["audio"]

    assert passed is found.passed
    assert found.said.startswith(said)


def test_sound_that_nobody_asked_about_is_not_checked(tmp_path: Path) -> None:
    """Nor is a length."""
    found = by_name(VideoRequest(prompt="p"), VIDEO, filmed(tmp_path / "a.mp4"))

    assert {"content", "size"} == set(found)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9])
def test_a_video_that_breaks_off_fails_and_raises_nothing(tmp_path: Path, kept: float) -> None:
    """The rest is not checked: nothing can be said of it."""
    whole = filmed(tmp_path / "a.mp4", level=0.5).read_bytes()
    file = tmp_path / "cut.mp4"
    file.write_bytes(whole[: int(len(whole) * kept)])

    word = Output(kind="video", width=64, height=36, duration=2.0)
    found = by_name(VideoRequest(prompt="p", duration=2, aspect_ratio="16:9", audio=True), word, file)

    assert found["content"].passed is False
    assert found["content"].said.startswith("can't be decoded: ")
    assert {None} == {found[name].passed for name in ("aspect", "duration", "audio")}


def test_a_header_that_promises_more_than_there_is_does_not_count(tmp_path: Path) -> None:
    """The length is that of what is there: a transport stream that breaks off is shorter, not broken."""
    whole = filmed(tmp_path / "a.ts", seconds=4.0).read_bytes()
    file = tmp_path / "cut.ts"
    file.write_bytes(whole[: len(whole) // 2 // 188 * 188])

    found = by_name(VideoRequest(prompt="p", duration=4), Output(kind="video", duration=4.0), file)

    assert found["duration"].passed is False, found["duration"].said


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    """And a video without a sound track is no speech."""
    with pytest.raises(Unreadable, match="no video track"):
        clip(spoken(tmp_path / "a.wav"))
    with pytest.raises(Unreadable, match="no sound track"):
        sound(filmed(tmp_path / "a.mp4"))


def test_speech_is_heard(tmp_path: Path) -> None:
    """It has a length, and is not silent."""
    loud = by_name(SpeechRequest(script="s"), SOUND, spoken(tmp_path / "a.wav", seconds=1.5))
    silent = by_name(SpeechRequest(script="s"), SOUND, spoken(tmp_path / "b.wav", level=0.0))

    assert {"content": True, "duration": True, "audio": True} == {name: each.passed for name, each in loud.items()}
    assert ("1.5 s; speech was asked for", "it has sound, up to -6 dB of full scale; speech was asked for") == (
        loud["duration"].said,
        loud["audio"].said,
    )
    assert {"content": True, "duration": True, "audio": False} == {name: each.passed for name, each in silent.items()}


def test_speech_without_a_file_is_not_checked() -> None:
    """The vendor's length is passed on, but proves nothing."""
    found = by_name(SpeechRequest(script="s"), Output(kind="audio", duration=3.0), None)

    assert {None} == {each.passed for each in found.values()}
    assert found["duration"].said.startswith("3.0 s by the vendor's word")


def test_speech_of_no_length_fails(tmp_path: Path) -> None:
    """A header without samples."""
    file = spoken(tmp_path / "a.wav")
    file.write_bytes(file.read_bytes()[:44])

    found = by_name(SpeechRequest(script="s"), SOUND, file)

    assert False in {each.passed for each in found.values()}
    assert True not in {found["duration"].passed, found["audio"].passed}


@pytest.mark.parametrize(
    ("asked", "value"), [("16:9", 16 / 9), ("2/3", 2 / 3), (" 1.91 ", 1.91), ("square", 1.0), ("big", None), ("", None)]
)
def test_a_ratio_is_read(asked: str, value: float | None) -> None:
    """In the forms that people write."""
    assert value == ratio(asked)


async def test_what_the_simulators_draw_passes(world: World, tmp_path: Path) -> None:
    """Through files as a hub downloads them; a picture beside its text is judged as what it is."""
    async with world.hub() as hub:
        pictures = await hub.generate(ImageRequest(prompt="soup", count=2, aspect_ratio="9:16"), to="powerpost")
        drawn_files = await hub.download(pictures, tmp_path)
        film = await hub.generate(VideoRequest(script="Hey! You need this.", aspect_ratio="9:16"), to="adgen")
        filmed_files = await hub.download(film, tmp_path)
        speech = await hub.generate(SpeechRequest(script="Hello there"), to="genpro")
        spoken_files = await hub.download(speech, tmp_path)

    of_pictures = check(pictures.request, pictures.outputs, [each.path for each in drawn_files])
    of_film = check(film.request, film.outputs, [each.path for each in filmed_files])
    of_speech = check(speech.request, speech.outputs, [each.path for each in spoken_files])
    assert [("count", None), ("content", 1), ("aspect", 1), ("content", 2), ("aspect", 2)] == [
        (each.name, each.output) for each in of_pictures
    ]
    assert {True} == {each.passed for each in (*of_pictures, *of_film, *of_speech)}
    assert {"content", "aspect", "audio"} == {each.name for each in of_film}
    assert {"content", "duration", "audio"} == {each.name for each in of_speech}


@pytest.mark.parametrize(("output", "module"), [(IMAGE, "PIL"), (VIDEO, "av"), (SOUND, "av"), (SOUND, "numpy")])
def test_without_the_extra_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: Output, module: str
) -> None:
    """A package that is missing is no broken file."""
    file = spoken(tmp_path / "a.wav")
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ConfigError, match=r"genhub-jobs\[compare\]"):
        check(VideoRequest(prompt="p"), [output], [file])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_picture_with_broken_notes_is_still_a_picture(tmp_path: Path) -> None:
    """EXIF that can't be read says nothing of which way is up."""
    file = drawn(tmp_path / "a.jpg", 40, 20, exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff broken")

    assert (40, 20) == (picture(file).width, picture(file).height)


def test_fewer_files_than_outputs_is_no_error(tmp_path: Path) -> None:
    """What has none is not looked into."""
    found = check(TextRequest(prompt="p"), [IMAGE, IMAGE], [drawn(tmp_path / "a.png")])

    assert [True, None] == [each.passed for each in found if each.name == "content"]
