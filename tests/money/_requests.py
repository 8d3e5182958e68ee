"""What is asked for: one request of every kind at every vendor, with a mark by which its job is known again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from genhub import ImageRequest, Request, SpeechRequest, TextRequest, VideoRequest

Make = Callable[[str], Request]


def _cell(mark: str) -> Mapping[str, Mapping[str, int]]:
    """gen.pro's cells: some have many generations."""
    return {"genpro": {"cell_id": 3000 + sum(mark.encode()) % 3}}


def captions(mark: str, cell: int) -> TextRequest:
    """Something that every vendor can make, at gen.pro in a cell of its own: who uses one alone is found there."""
    extra = {"genpro": {"cell_id": cell}}
    return TextRequest(prompt=f"say {mark}", platforms=("tiktok",), label=mark, extra=extra)


KINDS: Mapping[str, tuple[str, Make]] = {
    "captions": ("powerpost", lambda m: TextRequest(prompt=f"say {m}", platforms=("tiktok",), label=m)),
    "images": ("powerpost", lambda m: ImageRequest(prompt=f"soup {m}", count=2, label=m)),
    "clip": ("powerpost", lambda m: VideoRequest(prompt=f"steam {m}", duration=5, label=m)),
    "text": ("genpro", lambda m: TextRequest(prompt=f"line {m}", label=m, extra=_cell(m))),
    "picture": ("genpro", lambda m: ImageRequest(prompt=f"bowl {m}", label=m, extra=_cell(m))),
    "speech": ("genpro", lambda m: SpeechRequest(script=f"Hello {m}.", label=m, extra=_cell(m))),
    "copy": ("adgen", lambda m: TextRequest(prompt=f"sale {m}", label=m)),
    "ad": ("adgen", lambda m: ImageRequest(prompt=f"summer {m}", aspect_ratio="1:1", label=m)),
    "avatar": ("adgen", lambda m: VideoRequest(script=f"Hey! You need {m}.", label=m)),
}
