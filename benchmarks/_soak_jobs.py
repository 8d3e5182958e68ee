"""What a soak asks for: one mix of jobs, over and over, at the three vendors."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from benchmarks._soak_vendors import CELLS, FIRST_CELL
from genhub import ImageRequest, Request, TextRequest, VideoRequest

Make = Callable[[str, int], Request]  #: from the mark of its life, and a number


@frozen(kw_only=True)
class Kind:
    """Jobs of one kind that live alike."""

    to: str
    make: Make
    share: int  #: of each `MIX`
    mark: str = ""  #: of what they live through
    stop: bool = False  #: it is stopped as soon as it is accepted


def _caption(mark: str, number: int) -> Request:
    return TextRequest(prompt=f"{mark} caption {number}", platforms=("tiktok",))


def _image(mark: str, number: int) -> Request:
    return ImageRequest(prompt=f"{mark} image {number}")


def _clip(mark: str, number: int) -> Request:
    return VideoRequest(prompt=f"{mark} clip {number}", duration=5)


def _cell(mark: str, number: int) -> Request:
    return TextRequest(prompt=f"{mark} text {number}", extra={"genpro": {"cell_id": FIRST_CELL + number % CELLS}})


def _copy(mark: str, number: int) -> Request:
    return TextRequest(prompt=f"{mark} copy {number}")


def _speaker(mark: str, number: int) -> Request:
    return VideoRequest(script=f"{mark} Hey, number {number}.")


MIX = (
    Kind(to="powerpost", make=_caption, share=20),
    Kind(to="powerpost", make=_caption, share=4, mark="[fails]"),
    Kind(to="powerpost", make=_caption, share=4, mark="[cheaper]"),
    Kind(to="powerpost", make=_caption, share=2, mark="[refused]"),
    Kind(to="powerpost", make=_image, share=8),
    Kind(to="powerpost", make=_clip, share=2),
    Kind(to="genpro", make=_cell, share=24),
    Kind(to="genpro", make=_cell, share=3, mark="[collapses]"),
    Kind(to="genpro", make=_cell, share=3, mark="[endless]", stop=True),
    Kind(to="adgen", make=_copy, share=14),
    Kind(to="adgen", make=_image, share=10),
    Kind(to="adgen", make=_image, share=2, mark="[bumpy]"),
    Kind(to="adgen", make=_speaker, share=2),
    Kind(to="adgen", make=_speaker, share=2, mark="[breaks]"),
)


def _spread() -> tuple[Kind, ...]:
    """Return one mix in an order in which each kind comes evenly."""
    places = [((at + 0.5) / kind.share, order, kind) for order, kind in enumerate(MIX) for at in range(kind.share)]
    return tuple(kind for _, _, kind in sorted(places, key=lambda place: place[:2]))


ORDER = _spread()
